// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Rings of mycelium/ring_place.h: an owner and guests, all on one thread.
#include <mycelium/ring_place.h>

#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/file.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/process.h>
#include <mycelium/interface/shm.h>

#include "contract/suites.h"

enum { CAPACITY = 16384, SEATS = 2, TYPE = 7, COPY_BYTES = CAPACITY / 4 };

#define CASES_FOR_BOTH_KINDS(behaviour)                                                            \
    static void case_named_##behaviour(struct contract_env *env)                                   \
    {                                                                                              \
        behaviour(env, MYC_PLACE_NAMED);                                                           \
    }                                                                                              \
    static void case_file_##behaviour(struct contract_env *env)                                    \
    {                                                                                              \
        behaviour(env, MYC_PLACE_FILE);                                                            \
    }

/* What a guest read. */
struct heard {
    uint64_t count;
    uint64_t last; /* sequence */
    uint64_t lost;
    bool is_wrong;
};

/* The stage of a case. In memory of the platform: it is too large for a fiber's stack. */
struct stage {
    struct myc_ring_owner owner;
    struct myc_ring_guest guests[SEATS + 1];
    struct heard heard[SEATS + 1];
    struct myc_ring_owner_options options;
    char path[CONTRACT_PATH_BYTES];
    const char *name;
    _Alignas(8) unsigned char copy[COPY_BYTES];
};

static struct stage *begin(struct contract_env *env, enum myc_place_kind kind)
{
    struct stage *stage = myc_memory_allocate(env->platform->memory, sizeof(*stage), 64);
    if (stage == NULL || !contract_path(env, "ring", stage->path)) {
        return NULL;
    }
    stage->name = stage->path;
    if (kind == MYC_PLACE_NAMED) {
        const char *last = env->directory;
        for (const char *at = env->directory; *at != '\0'; at++) {
            last = *at == '/' ? at + 1 : last;
        }
        memcpy(stage->path, "/dev/shm/", 9);
        memcpy(stage->path + 9, last, strlen(last) + 1);
        stage->name = stage->path + 9;
    }
    stage->options = (struct myc_ring_owner_options){
        .kind = kind,
        .name = stage->name,
        .is_kept = true,
        .ring =
            {.capacity_bytes = CAPACITY,
             .readers_max = SEATS,
             .readers_may_sleep = true,
             .writer_may_sleep = true},
    };
    return stage;
}

static void end(struct contract_env *env, struct stage *stage)
{
    for (int i = 0; i <= SEATS; i++) {
        myc_ring_guest_leave(&stage->guests[i]);
    }
    myc_place_keep(&stage->owner.place, false);
    myc_ring_owner_close(&stage->owner);
    myc_memory_release(env->platform->memory, stage, sizeof(*stage));
}

static enum myc_status
open_ring(struct contract_env *env, struct stage *stage, enum myc_place_existing existing)
{
    stage->options.existing = existing;
    return myc_ring_owner_open(&stage->owner, env->platform, &stage->options, NULL);
}

/* What is left of an owner that was killed. */
static void abandon(struct contract_env *env, struct stage *stage)
{
    struct myc_place *place = &stage->owner.place;
    myc_shm_unmap(env->platform->shm, place->memory, place->memory_bytes);
    myc_shm_close(env->platform->shm, place->handle);
    memset(&stage->owner, 0, sizeof(stage->owner));
}

static enum myc_status
ask(struct contract_env *env, struct stage *stage, int index, struct myc_ring_wish wish)
{
    stage->heard[index] = (struct heard){0};
    return myc_ring_guest_ask(
        &stage->guests[index], env->platform, stage->options.kind, stage->name, &wish, NULL);
}

static bool
let_in(struct contract_env *env, struct stage *stage, int index, struct myc_ring_wish wish)
{
    return ask(env, stage, index, wish) == MYC_OK && myc_ring_owner_serve(&stage->owner) > 0
           && myc_ring_guest_await(&stage->guests[index], 0, NULL) == MYC_OK;
}

static bool publish(struct stage *stage, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number = myc_ring_committed(&stage->owner.writer) + 1;
        if (myc_ring_publish(&stage->owner.writer, TYPE, 1, &number, sizeof(number)) != MYC_OK) {
            return false;
        }
    }
    myc_ring_owner_wake(&stage->owner);
    return true;
}

static void on_record(const struct myc_record *record, void *context)
{
    struct heard *heard = context;
    uint64_t number = 0;
    if (record->type == MYC_RECORD_GAP) {
        struct myc_gap gap;
        memcpy(&gap, record->payload, sizeof(gap));
        heard->lost += gap.count;
        heard->last = record->sequence;
        return;
    }
    heard->is_wrong |= record->size != sizeof(number) || record->type != TYPE;
    memcpy(&number, record->payload, record->size < sizeof(number) ? record->size : sizeof(number));
    heard->is_wrong |= number != record->sequence;
    heard->is_wrong |= heard->count > 0 && record->sequence != heard->last + 1;
    heard->last = record->sequence;
    heard->count++;
}

static void listen(struct stage *stage, int index)
{
    while (myc_ring_guest_poll(&stage->guests[index], on_record, &stage->heard[index], 64) > 0) {
    }
}

// ---- One owner ----

// [OWNER-1] [OWNER-2] [GUEST-1] [GUEST-2] [GUEST-3] [GUEST-6] [GUEST-7] A guest needs the name
// alone; it is in once the owner served it, and its seat is free again once the owner served its
// leaving.
static void guests_come_and_go(struct contract_env *env, enum myc_place_kind kind)
{
    const struct myc_ring_wish live = {.start = MYC_RING_LIVE};
    struct stage *stage = begin(env, kind);
    CONTRACT_CHECK(env, stage != NULL);
    CONTRACT_CHECK(env, ask(env, stage, 0, live) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_REFUSE) == MYC_OK);
    CONTRACT_CHECK(env, ask(env, stage, 0, live) == MYC_OK);
    CONTRACT_CHECK(env, myc_ring_guest_await(&stage->guests[0], 0, NULL) == MYC_TIMEOUT);
    CONTRACT_CHECK(env, myc_ring_owner_serve(&stage->owner) == 1);
    CONTRACT_CHECK(env, myc_ring_owner_serve(&stage->owner) == 0);
    CONTRACT_CHECK(env, myc_ring_guest_await(&stage->guests[0], 0, NULL) == MYC_OK);
    CONTRACT_CHECK(env, publish(stage, 3));
    listen(stage, 0);
    CONTRACT_CHECK(env, stage->heard[0].count == 3 && !stage->heard[0].is_wrong);
    CONTRACT_CHECK(env, myc_ring_guest_status(&stage->guests[0]) == MYC_OK);
    CONTRACT_CHECK(env, let_in(env, stage, 1, live));
    CONTRACT_CHECK(env, ask(env, stage, 2, live) == MYC_LIMIT);
    CONTRACT_CHECK(env, myc_ring_readers(&stage->owner.writer) == 2);
    struct myc_process_identity self;
    struct myc_ring_seat seat;
    CONTRACT_CHECK(env, myc_process_identify(env->platform->process, &self) == MYC_OK);
    CONTRACT_CHECK(env, myc_ring_place_seat(&stage->guests[0].place, 1, &seat) == MYC_OK);
    CONTRACT_CHECK(env, seat.is_taken && seat.pid == self.pid);
    CONTRACT_CHECK(env, seat.start_time == self.start_time);
    CONTRACT_CHECK(env, myc_ring_place_seat(&stage->owner.place, SEATS, &seat) == MYC_NOT_FOUND);
    myc_ring_guest_leave(&stage->guests[0]);
    CONTRACT_CHECK(env, myc_ring_owner_serve(&stage->owner) == 1);
    CONTRACT_CHECK(env, myc_ring_readers(&stage->owner.writer) == 1);
    const struct myc_ring_wish earliest = {.start = MYC_RING_EARLIEST};
    CONTRACT_CHECK(env, let_in(env, stage, 2, earliest));
    listen(stage, 2);
    CONTRACT_CHECK(env, stage->heard[2].count == 3 && stage->heard[2].last == 3);
    const struct myc_ring_wish at = {.is_at_sequence = true, .sequence = 2};
    myc_ring_guest_leave(&stage->guests[2]);
    CONTRACT_CHECK(env, myc_ring_owner_serve(&stage->owner) == 1);
    CONTRACT_CHECK(env, let_in(env, stage, 2, at));
    listen(stage, 2);
    CONTRACT_CHECK(env, stage->heard[2].count == 1 && stage->heard[2].last == 3);
    end(env, stage);
}

// [OWNER-6] [GUEST-5] An owner that ends its ring is read to the end, and the name is gone.
static void the_end_is_read(struct contract_env *env, enum myc_place_kind kind)
{
    const struct myc_ring_wish live = {.start = MYC_RING_LIVE};
    struct stage *stage = begin(env, kind);
    CONTRACT_CHECK(env, stage != NULL);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_REFUSE) == MYC_OK);
    CONTRACT_CHECK(env, let_in(env, stage, 0, live));
    CONTRACT_CHECK(env, publish(stage, 5));
    myc_place_keep(&stage->owner.place, false);
    myc_ring_owner_close(&stage->owner);
    listen(stage, 0);
    CONTRACT_CHECK(env, stage->heard[0].count == 5);
    CONTRACT_CHECK(env, myc_ring_guest_status(&stage->guests[0]) == MYC_CLOSED);
    CONTRACT_CHECK(env, ask(env, stage, 1, live) == MYC_NOT_FOUND);
    end(env, stage);
}

// [OWNER-4] [OWNER-5] [GUEST-4] Who waits for room sleeps until the guest made some; who waits for
// records, until there are any.
static void room_is_waited_for(struct contract_env *env, enum myc_place_kind kind)
{
    const struct myc_ring_wish live = {.start = MYC_RING_LIVE};
    struct myc_clock *clock = env->platform->clock;
    struct stage *stage = begin(env, kind);
    CONTRACT_CHECK(env, stage != NULL);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_REFUSE) == MYC_OK);
    CONTRACT_CHECK(env, let_in(env, stage, 0, live));
    uint64_t soon_ns = myc_clock_monotonic_ns(clock) + 1000000;
    while (myc_ring_guest_wait(&stage->guests[0], soon_ns) == MYC_OK) {
    }
    CONTRACT_CHECK(env, myc_clock_monotonic_ns(clock) >= soon_ns);
    uint64_t published = 0;
    while (publish(stage, 1)) {
        published++;
    }
    CONTRACT_CHECK(env, published == CAPACITY / 16 - 1);
    CONTRACT_CHECK(env, myc_ring_guest_wait(&stage->guests[0], MYC_NEVER) == MYC_OK);
    soon_ns = myc_clock_monotonic_ns(clock) + 1000000;
    while (myc_ring_owner_wait(&stage->owner, 8, soon_ns) == MYC_OK) {
        (void)myc_ring_owner_serve(&stage->owner);
    }
    CONTRACT_CHECK(env, myc_clock_monotonic_ns(clock) >= soon_ns);
    listen(stage, 0);
    CONTRACT_CHECK(env, stage->heard[0].count == published && !stage->heard[0].is_wrong);
    CONTRACT_CHECK(env, myc_ring_owner_wait(&stage->owner, 8, MYC_NEVER) == MYC_OK);
    CONTRACT_CHECK(env, publish(stage, 1));
    end(env, stage);
}

// ---- One owner after the other ----

// [OWNER-1] [RING-35] The next owner counts on where the last one ended; guests read on, and new
// ones find what it had published.
static void the_next_owner_goes_on(struct contract_env *env, enum myc_place_kind kind)
{
    const struct myc_ring_wish live = {.start = MYC_RING_LIVE};
    const struct myc_ring_wish earliest = {.start = MYC_RING_EARLIEST};
    struct stage *stage = begin(env, kind);
    CONTRACT_CHECK(env, stage != NULL);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_TAKE_OVER) == MYC_OK);
    CONTRACT_CHECK(env, !myc_place_was_taken_over(&stage->owner.place));
    CONTRACT_CHECK(env, let_in(env, stage, 0, live));
    for (uint64_t round = 1; round <= 4; round++) {
        CONTRACT_CHECK(env, publish(stage, 300));
        listen(stage, 0);
        CONTRACT_CHECK(env, publish(stage, 100));
        if (round % 2 == 0) {
            abandon(env, stage);
        } else {
            myc_ring_owner_close(&stage->owner);
        }
        CONTRACT_CHECK(env, myc_ring_guest_status(&stage->guests[0]) == MYC_PEER_DIED);
        listen(stage, 0);
        CONTRACT_CHECK(env, stage->heard[0].count == 400 * round);
        CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_REFUSE) == MYC_EXISTS);
        CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_TAKE_OVER) == MYC_OK);
        CONTRACT_CHECK(env, myc_place_was_taken_over(&stage->owner.place));
        CONTRACT_CHECK(env, myc_ring_is_valid(&stage->owner.writer));
        CONTRACT_CHECK(env, myc_ring_committed(&stage->owner.writer) == 400 * round);
        CONTRACT_CHECK(env, myc_ring_guest_status(&stage->guests[0]) == MYC_OK);
    }
    CONTRACT_CHECK(env, let_in(env, stage, 1, earliest));
    listen(stage, 1);
    CONTRACT_CHECK(env, stage->heard[1].last == 1600 && stage->heard[1].count >= 500);
    CONTRACT_CHECK(env, publish(stage, 2));
    listen(stage, 0);
    CONTRACT_CHECK(env, stage->heard[0].count == 1602 && !stage->heard[0].is_wrong);
    end(env, stage);
}

// [OWNER-1] Options that are not the ring's are a mismatch, and the ring stays to be gone on with;
// so does one that was closed, which is not.
static void other_options_are_refused(struct contract_env *env, enum myc_place_kind kind)
{
    struct stage *stage = begin(env, kind);
    CONTRACT_CHECK(env, stage != NULL);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_REFUSE) == MYC_OK);
    CONTRACT_CHECK(env, publish(stage, 9));
    myc_ring_owner_close(&stage->owner);
    stage->options.ring.capacity_bytes = 2 * (uint64_t)CAPACITY;
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_TAKE_OVER) == MYC_MISMATCH);
    stage->options.ring.capacity_bytes = CAPACITY;
    stage->options.ring.readers_may_sleep = false;
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_TAKE_OVER) == MYC_MISMATCH);
    stage->options.ring.readers_may_sleep = true;
    stage->options.ring.contract_digest[3] = 1;
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_TAKE_OVER) == MYC_MISMATCH);
    stage->options.ring.contract_digest[3] = 0;
    stage->options.ring.first_position = 3;
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_RECREATE) == MYC_INVALID);
    stage->options.ring.first_position = 0;
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_TAKE_OVER) == MYC_OK);
    CONTRACT_CHECK(env, myc_ring_committed(&stage->owner.writer) == 9);
    myc_ring_writer_close(&stage->owner.writer);
    abandon(env, stage);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_TAKE_OVER) == MYC_CLOSED);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_RECREATE) == MYC_OK);
    CONTRACT_CHECK(env, myc_ring_committed(&stage->owner.writer) == 0);
    end(env, stage);
}

// [OWNER-1] [GUEST-5] Another ring under the name: guests of the old one read it to its end.
static void the_old_ring_is_read(struct contract_env *env, enum myc_place_kind kind)
{
    const struct myc_ring_wish live = {.start = MYC_RING_LIVE};
    struct stage *stage = begin(env, kind);
    CONTRACT_CHECK(env, stage != NULL);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_REFUSE) == MYC_OK);
    CONTRACT_CHECK(env, let_in(env, stage, 0, live));
    CONTRACT_CHECK(env, publish(stage, 6));
    abandon(env, stage);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_RECREATE) == MYC_OK);
    CONTRACT_CHECK(env, publish(stage, 2));
    CONTRACT_CHECK(env, myc_ring_guest_status(&stage->guests[0]) == MYC_STALE);
    listen(stage, 0);
    CONTRACT_CHECK(env, stage->heard[0].count == 6 && !stage->heard[0].is_wrong);
    myc_ring_guest_leave(&stage->guests[0]);
    CONTRACT_CHECK(env, let_in(env, stage, 0, live));
    CONTRACT_CHECK(env, publish(stage, 1));
    listen(stage, 0);
    CONTRACT_CHECK(env, stage->heard[0].count == 1 && stage->heard[0].last == 3);
    end(env, stage);
}

CASES_FOR_BOTH_KINDS(guests_come_and_go)
CASES_FOR_BOTH_KINDS(the_end_is_read)
CASES_FOR_BOTH_KINDS(room_is_waited_for)
CASES_FOR_BOTH_KINDS(the_next_owner_goes_on)
CASES_FOR_BOTH_KINDS(other_options_are_refused)
CASES_FOR_BOTH_KINDS(the_old_ring_is_read)

// ---- What cannot be ----

// [GUEST-2] [OWNER-3] A wish that this ring cannot fulfil is answered with a status; the guest only
// leaves.
static void case_impossible_wishes(struct contract_env *env)
{
    struct stage *stage = begin(env, MYC_PLACE_NAMED);
    CONTRACT_CHECK(env, stage != NULL);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_REFUSE) == MYC_OK);
    const struct myc_ring_wish lapping = {
        .is_lapping = true, .copy = {stage->copy, sizeof(stage->copy)}};
    const struct myc_ring_wish future = {.is_at_sequence = true, .sequence = 5};
    CONTRACT_CHECK(env, ask(env, stage, 0, lapping) == MYC_OK);
    CONTRACT_CHECK(env, ask(env, stage, 1, future) == MYC_OK);
    CONTRACT_CHECK(env, myc_ring_owner_serve(&stage->owner) == 2);
    CONTRACT_CHECK(env, myc_ring_guest_await(&stage->guests[0], 0, NULL) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_ring_guest_await(&stage->guests[1], 0, NULL) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, myc_ring_readers(&stage->owner.writer) == 0);
    myc_ring_guest_leave(&stage->guests[0]);
    myc_ring_guest_leave(&stage->guests[1]);
    CONTRACT_CHECK(env, myc_ring_owner_serve(&stage->owner) == 2);
    const struct myc_ring_wish live = {.start = MYC_RING_LIVE};
    CONTRACT_CHECK(env, let_in(env, stage, 0, live));
    // Nobody is swept who lives.
    CONTRACT_CHECK(env, myc_ring_owner_sweep(&stage->owner) == 0);
    end(env, stage);
}

// [OWNER-2] A guest that is not waited for is overtaken, told what it lost, and goes on under the
// next owner.
static void case_lapping_guest(struct contract_env *env)
{
    struct stage *stage = begin(env, MYC_PLACE_FILE);
    CONTRACT_CHECK(env, stage != NULL);
    stage->options.ring.readers_may_be_lapped = true;
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_REFUSE) == MYC_OK);
    const struct myc_ring_wish lapping = {
        .is_lapping = true,
        .resume = MYC_RING_LATEST,
        .copy = {stage->copy, sizeof(stage->copy)},
    };
    CONTRACT_CHECK(env, let_in(env, stage, 0, lapping));
    CONTRACT_CHECK(env, publish(stage, 3000));
    listen(stage, 0);
    abandon(env, stage);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_TAKE_OVER) == MYC_OK);
    CONTRACT_CHECK(env, myc_ring_readers(&stage->owner.writer) == 1);
    CONTRACT_CHECK(env, publish(stage, 3000));
    listen(stage, 0);
    CONTRACT_CHECK(env, publish(stage, 1));
    listen(stage, 0);
    CONTRACT_CHECK(env, stage->heard[0].last == 6001 && !stage->heard[0].is_wrong);
    CONTRACT_CHECK(env, stage->heard[0].lost > 0);
    CONTRACT_CHECK(env, stage->heard[0].count + stage->heard[0].lost == 6001);
    end(env, stage);
}

// [OWNER-1] [GUEST-1] A place that holds no ring, or a damaged one, lets nobody in and stays as it
// is; a record too large for the ring changes nothing.
static void case_no_ring(struct contract_env *env)
{
    const struct myc_ring_wish live = {.start = MYC_RING_LIVE};
    struct myc_file *file = env->platform->file;
    struct stage *stage = begin(env, MYC_PLACE_FILE);
    struct myc_handle handle = {0};
    struct myc_place other;
    CONTRACT_CHECK(env, stage != NULL);
    const struct myc_place_options options = {
        .kind = MYC_PLACE_FILE,
        .name = stage->name,
        .bytes = myc_ring_memory_size(&stage->options.ring),
        .content = MYC_PLACE_CONTENT_USER_MIN,
        .page_count = SEATS + 1,
        .is_kept = true,
    };
    CONTRACT_CHECK(env, myc_place_create(&other, env->platform, &options, NULL) == MYC_OK);
    myc_place_publish(&other);
    CONTRACT_CHECK(env, ask(env, stage, 0, live) == MYC_MISMATCH);
    myc_place_close(&other);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_TAKE_OVER) == MYC_MISMATCH);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_RECREATE) == MYC_OK);
    CONTRACT_CHECK(env, publish(stage, 4));
    CONTRACT_CHECK(
        env,
        myc_ring_publish(&stage->owner.writer, TYPE, 1, stage->copy, COPY_BYTES - 7)
            == MYC_TOO_BIG);
    CONTRACT_CHECK(env, myc_ring_committed(&stage->owner.writer) == 4);
    CONTRACT_CHECK(env, myc_ring_is_valid(&stage->owner.writer));
    myc_ring_owner_close(&stage->owner);
    // The ring's own header, and the word of its first record.
    static const struct {
        uint64_t offset;
        enum myc_status guest;
    } bytes[] = {{(uint64_t)4096 * (SEATS + 2) + 8, MYC_CORRUPT}};
    unsigned char changed = 99;
    unsigned char old = 3;
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        const struct myc_const_span one = {&changed, 1};
        const struct myc_const_span back = {&old, 1};
        size_t count = 0;
        const struct myc_span in = {&old, 1};
        CONTRACT_CHECK(
            env, myc_file_open(file, stage->name, MYC_FILE_WRITE, &handle, NULL) == MYC_OK);
        CONTRACT_CHECK(env, myc_file_read(file, handle, bytes[i].offset, in, &count) == MYC_OK);
        CONTRACT_CHECK(env, myc_file_write(file, handle, bytes[i].offset, one) == MYC_OK);
        CONTRACT_CHECK(env, ask(env, stage, 0, live) == bytes[i].guest);
        CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_TAKE_OVER) == MYC_CORRUPT);
        CONTRACT_CHECK(env, myc_file_write(file, handle, bytes[i].offset, back) == MYC_OK);
        myc_file_close(file, handle);
    }
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_TAKE_OVER) == MYC_OK);
    CONTRACT_CHECK(env, myc_ring_committed(&stage->owner.writer) == 4);
    end(env, stage);
}

// [OWNER-2] A guest that says it sits elsewhere, or nowhere, leaves its own slot and nobody else's.
static void case_a_seat_is_not_believed(struct contract_env *env)
{
    const struct myc_ring_wish live = {.start = MYC_RING_LIVE};
    struct stage *stage = begin(env, MYC_PLACE_NAMED);
    CONTRACT_CHECK(env, stage != NULL);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_REFUSE) == MYC_OK);
    for (uint64_t lie = 0; lie < 2; lie++) {
        CONTRACT_CHECK(env, let_in(env, stage, 0, live));
        CONTRACT_CHECK(env, let_in(env, stage, 1, live));
        uintptr_t mine = (uintptr_t)stage->guests[0].page;
        uintptr_t other = (uintptr_t)stage->guests[1].page;
        // Slot and generation, as pinned in seat.h.
        for (uintptr_t at = 656; at <= 664; at += 8) {
            uint64_t word = myc_load_relaxed_u64((struct myc_atomic_u64 *)(other + at));
            myc_store_relaxed_u64((struct myc_atomic_u64 *)(mine + at), lie == 0 ? word : 99);
        }
        myc_ring_guest_leave(&stage->guests[0]);
        CONTRACT_CHECK(env, myc_ring_owner_serve(&stage->owner) == 1);
        CONTRACT_CHECK(env, myc_ring_readers(&stage->owner.writer) == 1);
        CONTRACT_CHECK(env, myc_ring_guest_status(&stage->guests[1]) == MYC_OK);
        // Nobody holds the owner up who is not there.
        for (uint64_t i = 0; i < CAPACITY; i++) {
            CONTRACT_CHECK(env, publish(stage, 1));
            listen(stage, 1);
        }
        CONTRACT_CHECK(env, stage->heard[1].count == CAPACITY && !stage->heard[1].is_wrong);
        myc_ring_guest_leave(&stage->guests[1]);
        CONTRACT_CHECK(env, myc_ring_owner_serve(&stage->owner) == 1);
    }
    end(env, stage);
}

// [OWNER-1] Whoever sits where another says that it sits, is not believed either by the next owner:
// it is taken out, and knows, rather than that its records are overwritten under its hands.
static void case_two_in_one_slot(struct contract_env *env)
{
    const struct myc_ring_wish live = {.start = MYC_RING_LIVE};
    struct stage *stage = begin(env, MYC_PLACE_NAMED);
    CONTRACT_CHECK(env, stage != NULL);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_REFUSE) == MYC_OK);
    CONTRACT_CHECK(env, let_in(env, stage, 0, live));
    CONTRACT_CHECK(env, let_in(env, stage, 1, live));
    CONTRACT_CHECK(env, publish(stage, 3));
    uintptr_t first = (uintptr_t)stage->guests[0].page;
    uintptr_t second = (uintptr_t)stage->guests[1].page;
    // Slot and generation, as pinned in seat.h.
    for (uintptr_t at = 656; at <= 664; at += 8) {
        uint64_t word = myc_load_relaxed_u64((struct myc_atomic_u64 *)(first + at));
        myc_store_relaxed_u64((struct myc_atomic_u64 *)(second + at), word);
    }
    listen(stage, 1);
    abandon(env, stage);
    CONTRACT_CHECK(env, open_ring(env, stage, MYC_PLACE_TAKE_OVER) == MYC_OK);
    for (int i = 0; i < CAPACITY && publish(stage, 1); i++) {
        listen(stage, 1);
    }
    listen(stage, 0); // What it may be handed of a batch it is told not to believe.
    CONTRACT_CHECK(env, myc_ring_guest_status(&stage->guests[0]) == MYC_FENCED);
    end(env, stage);
}

static const struct contract_case cases[] = {
    {"named_guests_come_and_go", case_named_guests_come_and_go},
    {"file_guests_come_and_go", case_file_guests_come_and_go},
    {"named_the_end_is_read", case_named_the_end_is_read},
    {"file_the_end_is_read", case_file_the_end_is_read},
    {"named_room_is_waited_for", case_named_room_is_waited_for},
    {"file_room_is_waited_for", case_file_room_is_waited_for},
    {"named_the_next_owner_goes_on", case_named_the_next_owner_goes_on},
    {"file_the_next_owner_goes_on", case_file_the_next_owner_goes_on},
    {"named_other_options_are_refused", case_named_other_options_are_refused},
    {"file_other_options_are_refused", case_file_other_options_are_refused},
    {"named_the_old_ring_is_read", case_named_the_old_ring_is_read},
    {"file_the_old_ring_is_read", case_file_the_old_ring_is_read},
    {"impossible_wishes", case_impossible_wishes},
    {"lapping_guest", case_lapping_guest},
    {"no_ring", case_no_ring},
    {"a_seat_is_not_believed", case_a_seat_is_not_believed},
    {"two_in_one_slot", case_two_in_one_slot},
};

CONTRACT_SUITE(contract_ring_place, "ring-place", cases);
