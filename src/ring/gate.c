// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Readers behind readers.
 *
 * The writer's process keeps who is gated on whom in the slots, one bit a slot, so that it can look
 * for circles; allowing comes one at a time, like joining. A gated reader takes the lowest head of
 * those in front for the end of the ring. That head is foreign: it can only hide records.
 */
#include <mycelium/ring_gate.h>

#include <string.h>

#include <mycelium/simulation.h>

#include "ring/look.h"
#include "ring/reader.h"
#include "ring/writer.h"

// ---- The writer's process ----

static bool is_in_ring(const struct myc_ring_writer *writer, const struct myc_ring_ticket *ticket)
{
    // Nothing is read on the strength of it.
    return ticket->slot < writer->readers_max
           && myc_load_relaxed_u32(&writer->slots[ticket->slot].state)
                  == myc__ring_state_word(ticket->generation, MYC__RING_ACTIVE);
}

static uint64_t gates_of(const struct myc_ring_writer *writer, uint32_t slot)
{
    return myc_load_relaxed_u64(&writer->slots[slot].gates);
}

static uint32_t lowest_bit(uint64_t mask)
{
    return (uint32_t)__builtin_ctzll(mask);
}

// Finds a way from `slot` to `target` along the gates. Returns: its length in slots, `target` not
// counted; 0 if there is none.
static uint32_t find_way(
    const struct myc_ring_writer *writer,
    uint32_t slot,
    uint32_t target,
    uint32_t way[MYC_RING_READERS_MAX])
{
    uint64_t seen = UINT64_C(1) << slot;
    uint64_t left[MYC_RING_READERS_MAX]; // of each slot on the way, where it was not gone yet
    uint32_t depth = 1;
    way[0] = slot;
    left[0] = gates_of(writer, slot);
    while (depth > 0) {
        uint64_t next = left[depth - 1];
        if ((next >> target & 1) != 0) {
            return depth;
        }
        next &= ~seen;
        if (next == 0) {
            depth--;
            continue;
        }
        uint32_t taken = lowest_bit(next);
        seen |= UINT64_C(1) << taken;
        left[depth - 1] = next;
        way[depth] = taken;
        left[depth] = gates_of(writer, taken);
        depth++;
    }
    return 0;
}

static enum myc_status
refuse_cycle(struct myc_diagnostic *diagnostic, uint32_t slot, const uint32_t *way, uint32_t length)
{
    (void)myc_diagnostic_set(diagnostic, MYC_CYCLE, 0, "ring gate: slot ");
    myc_diagnostic_append_u64(diagnostic, slot);
    for (uint32_t i = 0; i < length; i++) {
        myc_diagnostic_append(diagnostic, " waits for slot ");
        myc_diagnostic_append_u64(diagnostic, way[i]);
        myc_diagnostic_append(diagnostic, ", which");
    }
    myc_diagnostic_append(diagnostic, " waits for slot ");
    myc_diagnostic_append_u64(diagnostic, slot);
    return MYC_CYCLE;
}

// Tells each slot whether anybody is gated on it.
static void tell_followers(struct myc_ring_writer *writer)
{
    uint64_t followed = 0;
    for (uint32_t i = 0; i < writer->readers_max; i++) {
        followed |= gates_of(writer, i);
    }
    for (uint32_t i = 0; i < writer->readers_max; i++) {
        // Relaxed: known to the gated reader before it fences and sleeps, by the way its leave
        // came.
        myc_store_relaxed_u32(&writer->slots[i].followers, (uint32_t)(followed >> i & 1));
    }
}

enum myc_status myc_ring_gate_allow(
    struct myc_ring_writer *writer,
    const struct myc_ring_ticket *ticket,
    const struct myc_ring_ticket *upstreams,
    size_t count,
    struct myc_diagnostic *diagnostic)
{
    uint64_t mask = 0;
    if (count > MYC_RING_GATE_MAX) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "ring gate: a reader waits for at most 4 others");
    }
    bool are_in = is_in_ring(writer, ticket);
    for (size_t i = 0; i < count; i++) {
        are_in = are_in && is_in_ring(writer, &upstreams[i]);
    }
    if (!are_in) {
        return myc_diagnostic_set(
            diagnostic, MYC_FENCED, 0, "ring gate: a reader is not in, or never gates the writer");
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t way[MYC_RING_READERS_MAX];
        uint32_t slot = upstreams[i].slot;
        uint32_t length = slot != ticket->slot ? find_way(writer, slot, ticket->slot, way) : 0;
        if (length != 0 || slot == ticket->slot) {
            return refuse_cycle(diagnostic, ticket->slot, way, length);
        }
        mask |= UINT64_C(1) << slot;
    }
    writer->has_gates = writer->has_gates || count != 0;
    // Released for the reader who looks whether it was allowed.
    myc_store_release_u64(&writer->slots[ticket->slot].gates, mask);
    tell_followers(writer);
    return MYC_OK;
}

uint64_t myc_ring_gate_followers(const struct myc_ring_writer *writer, uint32_t slot)
{
    uint64_t followers = 0;
    for (uint32_t i = 0; i < writer->readers_max && slot < writer->readers_max; i++) {
        followers |= (gates_of(writer, i) >> slot & 1) << i;
    }
    return followers;
}

void myc__ring_gate_forget(struct myc_ring_writer *writer, uint32_t slot)
{
    for (uint32_t i = 0; i < writer->readers_max; i++) {
        uint64_t mask = i == slot ? 0 : gates_of(writer, i) & ~(UINT64_C(1) << slot);
        myc_store_relaxed_u64(&writer->slots[i].gates, mask);
    }
    tell_followers(writer);
}

// ---- The gated reader ----

enum myc_status myc_ring_gate_init(
    struct myc_ring_gate *gate,
    struct myc_ring_reader *reader,
    const void *memory,
    size_t memory_bytes,
    const struct myc_ring_upstream *upstreams,
    size_t count,
    const struct myc_ring_gate_options *options,
    struct myc_diagnostic *diagnostic)
{
    struct myc__ring_constant constant;
    if (count == 0 || count > MYC_RING_GATE_MAX || reader->is_lapping) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "ring gate: 1 to 4 readers, and none that may be lapped");
    }
    enum myc_status status = myc__ring_layout_check(memory, memory_bytes, &constant, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    const unsigned char *base = memory;
    const struct myc__ring_slot *slots = (const void *)(base + constant.slots_offset);
    // Pairs with the release in myc_ring_gate_allow().
    uint64_t allowed = myc_load_acquire_u64(&reader->slot->gates);
    memset(gate, 0, sizeof *gate);
    for (size_t i = 0; i < count; i++) {
        const struct myc_ring_upstream *upstream = &upstreams[i];
        if (upstream->page == NULL || (uintptr_t)upstream->page % 64 != 0
            || upstream->ticket.slot >= constant.readers_max) {
            return myc_diagnostic_set(
                diagnostic, MYC_INVALID, 0, "ring gate: a page or a ticket of another ring");
        }
        if ((allowed >> upstream->ticket.slot & 1) == 0) {
            return myc_diagnostic_set(
                diagnostic, MYC_DENIED, 0, "ring gate: the writer's process did not allow it");
        }
        gate->upstreams[i].page = upstream->page;
        gate->upstreams[i].slot = &slots[upstream->ticket.slot];
        gate->upstreams[i].state_word =
            myc__ring_state_word(upstream->ticket.generation, MYC__RING_ACTIVE);
    }
    gate->count = (uint32_t)count;
    gate->goes_on_alone = options != NULL && options->goes_on_alone;
    reader->gate = gate;
    reader->bound = reader->cursor; // The next take looks closely.
    return MYC_OK;
}

void myc_ring_gate_clear(struct myc_ring_reader *reader)
{
    reader->gate = NULL;
}

// What the readers in front allow.
struct opening {
    uint64_t end;                      /* of what may be read; UINT64_MAX: all */
    const struct myc_atomic_u64 *head; /* the lowest of them; NULL: nobody holds back */
    uint32_t seen;                     /* its low half */
    bool is_lost;                      /* it is the last that its reader will ever allow */
};

// Where a head stands in front of a position; positions may be close to the end of the numbers.
static bool is_before(uint64_t one, uint64_t other, uint64_t position)
{
    return (int64_t)(one - position) < (int64_t)(other - position);
}

static struct opening look(const struct myc_ring_reader *reader)
{
    const struct myc_ring_gate *gate = reader->gate;
    struct opening opening = {UINT64_MAX, NULL, 0, false};
    for (uint32_t i = 0; i < gate->count; i++) {
        const struct myc__ring_slot *slot = gate->upstreams[i].slot;
        // Pairs with the release of FREE. Before the head, so that the head of one that is out is
        // its last.
        bool is_out = myc_load_acquire_u32(&slot->state) != gate->upstreams[i].state_word;
        if (is_out && gate->goes_on_alone) {
            MYC_REACHED("gate.goes-on-alone");
            continue;
        }
        // Pairs with the release of myc__ring_release(): what that reader did with the records lies
        // behind us, too.
        const struct myc_atomic_u64 *head = &gate->upstreams[i].page->head;
        uint64_t word = myc_load_acquire_u64(head);
        uint64_t end = word;
        if (word == 0) {
            // Not begun: nothing is consumed. The reader's own position may be a ring's first, 0.
            end = is_out ? reader->position : myc_load_relaxed_u64(&slot->join_head);
        }
        if (opening.head == NULL || is_before(end, opening.end, reader->position)) {
            opening = (struct opening){end, head, (uint32_t)word, is_out};
        }
    }
    // A head further ahead than the ring is long is a lie, and must not keep us walking.
    if (opening.head != NULL
        && (int64_t)(opening.end - reader->position) > (int64_t)reader->capacity) {
        opening.end = reader->position + reader->capacity;
    }
    return opening;
}

uint64_t myc__ring_gate_room(const struct myc_ring_reader *reader, uint64_t position)
{
    struct opening opening = look(reader);
    uint64_t room = opening.end - position;
    if (opening.head == NULL) {
        return UINT64_MAX;
    }
    return (int64_t)room > 0 ? room : 0;
}

size_t myc__ring_gate_records(const struct myc_ring_reader *reader, size_t records_max)
{
    struct opening opening = look(reader);
    uint64_t position = reader->position;
    size_t count = 0;
    if (opening.head == NULL) {
        return records_max;
    }
    while (count < records_max && (int64_t)(opening.end - position) > 0) {
        // Pairs with the publishing release of myc_ring_commit() and myc_ring_fill_end().
        uint64_t word =
            myc_load_acquire_u64(myc__ring_word(reader->data, reader->capacity, position));
        struct myc_record_header header = myc_record_header(word);
        uint64_t bytes = myc_record_bytes(header.length);
        if (word == 0 || bytes > opening.end - position) {
            break; // A head between two records is a lie, and opens nothing.
        }
        uint64_t run = reader->capacity - (position & (reader->capacity - 1));
        // A PAD beyond the ring's end counts, for whoever looks closely stops there.
        count += header.type == MYC_RECORD_PAD && bytes <= run ? 0 : 1;
        position += bytes;
    }
    return count;
}

bool myc__ring_gate_is_open(const struct myc_ring_reader *reader)
{
    struct opening opening = look(reader);
    uint64_t room = opening.end - reader->position;
    if (opening.head == NULL) {
        return true;
    }
    // Pairs with the publishing release; nothing is read on the strength of this load.
    uint64_t word =
        myc_load_acquire_u64(myc__ring_word(reader->data, reader->capacity, reader->position));
    uint64_t bytes = myc_record_bytes(myc_record_header(word).length);
    MYC_SOMETIMES(word != 0 && room == 0, "gate.holds-back");
    return word != 0 && (int64_t)room > 0 && bytes <= room;
}

void myc__ring_gate_skip(struct myc_ring_reader *reader)
{
    struct opening opening = look(reader);
    uint64_t position = reader->position;
    struct myc__ring_item item;
    if (opening.head == NULL || reader->status != MYC_OK) {
        return;
    }
    while ((int64_t)(opening.end - position) > 0
           && myc__ring_look(reader, position, opening.end - position, &item)
                  == MYC__RING_FOUND_PAD) {
        position += item.bytes;
    }
    // Who was taken out meanwhile may have walked over anything.
    if (position != reader->position && myc__ring_is_in(reader)) {
        myc__ring_count_passed(reader, position - reader->position);
        myc__ring_release(reader, position, reader->sequence);
    }
}

bool myc__ring_gate_cut(const struct myc_ring_reader *reader, size_t *bytes_max)
{
    struct opening opening = look(reader);
    if (opening.head == NULL) {
        return true;
    }
    if (myc__ring_gate_records(reader, 1) == 0) {
        return false;
    }
    uint64_t position = reader->position;
    struct myc_record_header header;
    do { // A record lies before the end, so each PAD does.
        header = myc_record_header(
            myc_load_relaxed_u64(myc__ring_word(reader->data, reader->capacity, position)));
        position += header.type == MYC_RECORD_PAD ? myc_record_bytes(header.length) : 0;
    } while (header.type == MYC_RECORD_PAD && (int64_t)(opening.end - position) > 0);
    uint64_t bytes = opening.end - position;
    *bytes_max = *bytes_max < bytes ? *bytes_max : (size_t)bytes;
    return (int64_t)bytes > 0;
}

enum myc_status myc__ring_gate_status(const struct myc_ring_reader *reader)
{
    struct opening opening = look(reader);
    bool is_over = opening.is_lost && (int64_t)(opening.end - reader->position) <= 0;
    MYC_SOMETIMES(is_over, "gate.peer-died");
    return is_over ? MYC_PEER_DIED : MYC_OK;
}

const struct myc_atomic_u64 *
myc__ring_gate_head(const struct myc_ring_reader *reader, uint32_t *out_seen)
{
    struct opening opening = look(reader);
    *out_seen = opening.seen;
    return opening.head;
}
