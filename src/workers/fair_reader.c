// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Turns over the members' bits: who comes next is the lowest bit behind the last one, going round.
 */
#include <mycelium/fair_reader.h>

#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/simulation.h>

#include "core/bits.h"

_Static_assert(MYC_FAIR_MEMBERS_MAX == 64, "one bit a member");

// What a ring's own poll is given: whose record it is.
struct delivery {
    struct myc_fair_reader *fair;
    uint32_t member;
};

static uint64_t bit(uint32_t member)
{
    return UINT64_C(1) << member;
}

static bool is_member(const struct myc_fair_reader *fair, uint32_t member)
{
    return member < MYC_FAIR_MEMBERS_MAX && (fair->members & bit(member)) != 0;
}

enum myc_status myc_fair_init(struct myc_fair_reader *fair, const struct myc_fair_options *options)
{
    if (options->record == NULL) {
        return MYC_INVALID;
    }
    memset(fair, 0, sizeof *fair);
    fair->budget = options->budget != 0 ? options->budget : MYC_FAIR_BUDGET_DEFAULT;
    fair->turn = MYC_FAIR_MEMBERS_MAX - 1; // number 0 is the first
    fair->record = options->record;
    fair->end = options->end;
    fair->context = options->context;
    return MYC_OK;
}

// ---- Members ----

enum myc_status myc_fair_add_source(
    struct myc_fair_reader *fair, const struct myc_fair_source *source, uint32_t *out_member)
{
    if (source->ring == NULL || (source->poll == NULL) != (source->status == NULL)) {
        return MYC_INVALID;
    }
    for (uint64_t rest = fair->members; rest != 0; rest &= rest - 1) {
        if (fair->sources[myc__lowest_bit(rest)].ring == source->ring) {
            return MYC_EXISTS;
        }
    }
    if (fair->members == UINT64_MAX) {
        return MYC_LIMIT;
    }
    uint32_t member = myc__lowest_bit(~fair->members);
    fair->sources[member] = *source;
    fair->members |= bit(member);
    fair->ended &= ~bit(member);
    fair->polled &= ~bit(member);
    *out_member = member;
    return MYC_OK;
}

enum myc_status
myc_fair_add(struct myc_fair_reader *fair, struct myc_ring_reader *ring, uint32_t *out_member)
{
    struct myc_fair_source source = {.ring = ring};
    return myc_fair_add_source(fair, &source, out_member);
}

static void take_out(struct myc_fair_reader *fair, uint32_t member)
{
    fair->members &= ~bit(member);
    fair->ended &= ~bit(member);
    fair->polled &= ~bit(member);
    memset(&fair->sources[member], 0, sizeof fair->sources[member]);
    if (fair->turn == member) {
        fair->left = 0;
    }
}

void myc_fair_remove(struct myc_fair_reader *fair, uint32_t member)
{
    if (!is_member(fair, member)) {
        return;
    }
    if (fair->is_polling && fair->turn == member) {
        MYC_REACHED("fair.removed-in-its-turn");
        fair->is_leaving = true; // The ring's poll is still in it.
        return;
    }
    take_out(fair, member);
}

uint32_t myc_fair_members(const struct myc_fair_reader *fair)
{
    uint32_t count = 0;
    for (uint64_t rest = fair->members; rest != 0; rest &= rest - 1) {
        count++;
    }
    return count;
}

struct myc_ring_reader *myc_fair_ring(const struct myc_fair_reader *fair, uint32_t member)
{
    return is_member(fair, member) ? fair->sources[member].ring : NULL;
}

static enum myc_status status_of(const struct myc_fair_source *source)
{
    return source->status != NULL ? source->status(source->source)
                                  : myc_ring_reader_status(source->ring);
}

enum myc_status myc_fair_status(const struct myc_fair_reader *fair, uint32_t member)
{
    return is_member(fair, member) ? status_of(&fair->sources[member]) : MYC_NOT_FOUND;
}

// ---- Turns ----

// The member behind this number, going round; `members` is not empty.
static uint32_t next_member(uint64_t members, uint32_t after)
{
    uint64_t behind = after + 1 < MYC_FAIR_MEMBERS_MAX ? members & ~(bit(after + 1) - 1) : 0;
    return myc__lowest_bit(behind != 0 ? behind : members);
}

static void hand_over(const struct myc_record *record, void *context)
{
    const struct delivery *delivery = context;
    delivery->fair->record(delivery->member, record, delivery->fair->context);
}

// Tells of the end of whose turn it is, if it ended.
static void look_for_end(struct myc_fair_reader *fair, uint32_t member)
{
    enum myc_status status = status_of(&fair->sources[member]);
    if (status == MYC_OK) {
        return;
    }
    MYC_SOMETIMES(status == MYC_CLOSED, "fair.member-closed");
    fair->ended |= bit(member);
    if (fair->end != NULL) {
        fair->end(member, status, fair->context);
    }
}

// One turn, or what a poll before left of it. Returns: how many records.
static size_t take_turn(struct myc_fair_reader *fair, size_t records_max)
{
    uint32_t member = fair->turn;
    struct myc_fair_source *source = &fair->sources[member];
    struct delivery delivery = {fair, member};
    size_t wanted = fair->left < records_max ? fair->left : records_max;
    fair->is_polling = true;
    size_t count = source->poll != NULL ? source->poll(source->source, wanted)
                                        : myc_ring_poll(source->ring, hand_over, &delivery, wanted);
    fair->polled |= bit(member);
    // Who was given less than it may have has nothing more, or broke.
    fair->left = count < wanted ? 0 : fair->left - (uint32_t)count;
    if (count < wanted && !fair->is_leaving) {
        look_for_end(fair, member);
    }
    fair->is_polling = false;
    if (fair->is_leaving) {
        fair->is_leaving = false;
        take_out(fair, member);
    }
    return count;
}

size_t myc_fair_poll(struct myc_fair_reader *fair, size_t records_max)
{
    size_t handled = 0;
    uint64_t idle = 0; // members that had nothing since any other had something
    while (handled < records_max) {
        uint64_t members = fair->members & ~fair->ended;
        if ((members & ~idle) == 0) {
            break;
        }
        if (fair->left == 0 || (members & bit(fair->turn)) == 0) {
            fair->turn = next_member(members, fair->turn);
            fair->left = fair->budget;
        }
        uint64_t turn = bit(fair->turn);
        size_t count = take_turn(fair, records_max - handled);
        MYC_SOMETIMES(fair->left != 0, "fair.turn-interrupted");
        handled += count;
        idle = count == 0 ? idle | turn : 0;
    }
    return handled;
}

// ---- Sleeping ----

bool myc_fair_is_empty(const struct myc_fair_reader *fair)
{
    for (uint64_t rest = fair->members & ~fair->ended; rest != 0; rest &= rest - 1) {
        const struct myc_fair_source *source = &fair->sources[myc__lowest_bit(rest)];
        if (!myc_ring_is_empty(source->ring) || status_of(source) != MYC_OK) {
            return false;
        }
    }
    return true;
}

bool myc_fair_arm(struct myc_fair_reader *fair)
{
    for (uint64_t rest = fair->members & ~fair->ended; rest != 0; rest &= rest - 1) {
        myc_ring_reader_arm(fair->sources[myc__lowest_bit(rest)].ring);
    }
    // Pairs with the fence of myc_ring_sleepers(): it sees us armed, or we see what it committed.
    myc_fence_seq_cst();
    return myc_fair_is_empty(fair);
}

void myc_fair_disarm(struct myc_fair_reader *fair)
{
    for (uint64_t rest = fair->members; rest != 0; rest &= rest - 1) {
        myc_ring_reader_disarm(fair->sources[myc__lowest_bit(rest)].ring);
    }
}

uint64_t myc_fair_writers(struct myc_fair_reader *fair)
{
    uint64_t sleeping = 0;
    for (uint64_t rest = fair->polled; rest != 0; rest &= rest - 1) {
        uint32_t member = myc__lowest_bit(rest);
        if (myc_ring_reader_should_wake_writer(fair->sources[member].ring)) {
            sleeping |= bit(member);
        }
    }
    fair->polled = 0;
    return sleeping;
}
