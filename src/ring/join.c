// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Joining and leaving, as the writer's process does it, and what it knows of its readers.
 *
 * A joiner proposes a position, says so, fences, and only then looks whether the writer may already
 * have been past it. The writer publishes its limit, fences, and only then looks for joiners. One
 * of the two sees the other. Nothing is read from the ring before the position was accepted.
 */
#include "ring/reader.h"
#include "ring/writer.h"

#include <mycelium/simulation.h>

// Attempts before a join gives up: each lost one means that the writer filled most of the ring
// between two instructions of ours.
enum { JOIN_EARLIEST_ATTEMPTS = 8, JOIN_ATTEMPTS_MAX = 1024 };

// Where a joiner wants to start.
struct wish {
    enum myc_ring_start start;
    bool is_at_sequence; // instead of there
    uint64_t sequence;
    const struct myc__ring_point *point; // or exactly here, where somebody holds the writer back
};

static bool find_free(const struct myc_ring_writer *writer, uint32_t *out_slot)
{
    for (uint32_t i = 0; i < writer->readers_max; i++) {
        uint32_t state = myc_load_relaxed_u32(&writer->slots[i].state);
        if ((state & MYC__RING_STATE_MASK) == MYC__RING_FREE) {
            *out_slot = i;
            return true;
        }
    }
    return false;
}

// Whether a position can still be read in full, given the newest limit the writer told of.
static bool is_readable(const struct myc_ring_writer *writer, uint64_t limit, uint64_t position)
{
    return limit - position <= writer->capacity;
}

// The oldest sync entry that looks readable, or false if none does.
static bool oldest_sync(const struct myc_ring_writer *writer, struct myc__ring_point *out_point)
{
    uint64_t limit = myc_load_relaxed_u64(&writer->control->limit_published);
    uint64_t entries = writer->capacity / MYC__RING_SYNC_BYTES;
    bool is_found = false;
    for (uint64_t i = 0; i < entries; i++) {
        struct myc__ring_point point;
        if (!myc__ring_pair_load(&writer->sync_index[i], &point)
            || !is_readable(writer, limit, point.position)) {
            continue;
        }
        if (!is_found || point.position < out_point->position) {
            *out_point = point;
            is_found = true;
        }
    }
    return is_found;
}

// The newest sync entry from which a sequence can be walked to. Errors: AGAIN (look again),
// NOT_FOUND (it is not held any more, or not committed yet).
static enum myc_status sync_before(
    const struct myc_ring_writer *writer, uint64_t sequence, struct myc__ring_point *out_point)
{
    uint64_t limit = myc_load_relaxed_u64(&writer->control->limit_published);
    uint64_t entries = writer->capacity / MYC__RING_SYNC_BYTES;
    struct myc__ring_point progress;
    bool is_found = false;
    if (!myc__ring_pair_load(&writer->control->progress, &progress)) {
        return MYC_AGAIN;
    }
    if (progress.sequence == sequence) {
        *out_point = progress;
        return MYC_OK;
    }
    for (uint64_t i = 0; i < entries && sequence < progress.sequence; i++) {
        struct myc__ring_point point;
        if (myc__ring_pair_load(&writer->sync_index[i], &point) && point.sequence <= sequence
            && is_readable(writer, limit, point.position)
            && (!is_found || point.position > out_point->position)) {
            *out_point = point;
            is_found = true;
        }
    }
    return is_found ? MYC_OK : MYC_NOT_FOUND;
}

static enum myc_status propose(
    const struct myc_ring_writer *writer,
    const struct wish *wish,
    uint32_t attempt,
    struct myc__ring_point *out_point)
{
    if (wish->point != NULL) {
        *out_point = *wish->point;
        return MYC_OK;
    }
    if (wish->is_at_sequence) {
        return sync_before(writer, wish->sequence, out_point);
    }
    if (wish->start == MYC_RING_EARLIEST && attempt < JOIN_EARLIEST_ATTEMPTS
        && oldest_sync(writer, out_point)) {
        return MYC_OK;
    }
    return myc__ring_pair_load(&writer->control->progress, out_point) ? MYC_OK : MYC_AGAIN;
}

// Makes a free slot the page's. Returns: the slot's next generation.
static uint32_t take_slot(struct myc_ring_writer *writer, uint32_t index, const void *page)
{
    // Both this and the join head are released, since a pass of the writer may meet them while it
    // still takes the slot for its last reader's: that one's reads must be over for it, too.
    myc_store_release_u64(&writer->pages[index], (uintptr_t)page);
    if (index >= myc_load_relaxed_u32(&writer->slots_used)) {
        // Acquired by the writer's passes; before the fence, so that no pass overlooks the slot.
        myc_store_release_u32(&writer->slots_used, index + 1);
    }
    return (myc_load_relaxed_u32(&writer->slots[index].state) >> MYC__RING_STATE_BITS) + 1;
}

// Says where a joiner wants to start, and whether it may: from then on nothing there is
// overwritten.
static bool is_accepted(
    struct myc_ring_writer *writer,
    struct myc__ring_slot *slot,
    uint32_t generation,
    uint64_t position)
{
    myc_store_release_u64(&slot->join_head, position);
    // Acquired by the writer's passes, which then see the head above and the page.
    myc_store_release_u32(&slot->state, myc__ring_state_word(generation, MYC__RING_JOINING));
    // Pairs with the fence of the writer's refresh.
    myc_fence_seq_cst();
    uint64_t limit = myc_load_relaxed_u64(&writer->control->limit_published);
    MYC_SOMETIMES(!is_readable(writer, limit, position), "ring.join.overtaken");
    return is_readable(writer, limit, position);
}

// Walks from a sync point to the sequence, behind the gate: the slot is in, so nothing from the
// point on is overwritten. Stops in front of a GAP that counts beyond.
static void
walk(const struct myc_ring_writer *writer, uint64_t sequence, struct myc__ring_point *point)
{
    while (point->sequence < sequence) {
        // Pairs with the publishing release of myc_ring_commit() and myc_ring_fill_end().
        uint64_t word =
            myc_load_acquire_u64(myc__ring_word(writer->data, writer->capacity, point->position));
        struct myc_record_header header = myc_record_header(word);
        uint64_t messages = header.type == MYC_RECORD_PAD ? 0 : 1;
        if (header.type == MYC_RECORD_GAP) {
            uint64_t payload = (point->position + MYC_RECORD_HEADER_BYTES) & (writer->capacity - 1);
            myc_shared_read(writer->data + payload, header.length);
            messages = myc__ring_gap_count(writer->data + payload, header.length);
        }
        if (word == 0 || messages > sequence - point->sequence) {
            MYC_REACHED("ring.join.before-a-gap");
            return;
        }
        point->sequence += messages;
        point->position += myc_record_bytes(header.length);
    }
}

static enum myc_status join(
    struct myc_ring_writer *writer,
    const void *page,
    const struct wish *wish,
    struct myc_ring_ticket *out_ticket)
{
    uint32_t index;
    enum myc_status status = MYC_AGAIN;
    if (page == NULL || (uintptr_t)page % 64 != 0) {
        return MYC_INVALID;
    }
    if (!find_free(writer, &index)) {
        return MYC_LIMIT;
    }
    struct myc__ring_slot *slot = &writer->slots[index];
    uint32_t generation = take_slot(writer, index, page);
    for (uint32_t attempt = 0; attempt < JOIN_ATTEMPTS_MAX && status == MYC_AGAIN; attempt++) {
        struct myc__ring_point point;
        status = propose(writer, wish, attempt, &point);
        if (status != MYC_OK) {
            MYC_SOMETIMES(status == MYC_AGAIN, "ring.join.torn-pair");
            continue;
        }
        if (!is_accepted(writer, slot, generation, point.position)
            || (attempt == 0 && MYC_BUGGIFY("ring.join-again"))) {
            status = MYC_AGAIN;
            continue;
        }
        MYC_SOMETIMES(
            wish->start == MYC_RING_EARLIEST && point.sequence != 0, "ring.join.earliest");
        myc_store_release_u32(&slot->state, myc__ring_state_word(generation, MYC__RING_ACTIVE));
        if (wish->is_at_sequence) {
            walk(writer, wish->sequence, &point);
            // Our reads in front of it end before this release, as those of a reader's head.
            myc_store_release_u64(&slot->join_head, point.position);
            MYC_REACHED("ring.join.at-sequence");
        }
        *out_ticket = (struct myc_ring_ticket){index, generation, point.position, point.sequence};
        return MYC_OK;
    }
    myc_store_release_u32(&slot->state, myc__ring_state_word(generation, MYC__RING_FREE));
    return status;
}

enum myc_status myc_ring_join(
    struct myc_ring_writer *writer,
    const void *page,
    enum myc_ring_start start,
    struct myc_ring_ticket *out_ticket)
{
    const struct wish wish = {start, false, 0, NULL};
    return join(writer, page, &wish, out_ticket);
}

enum myc_status myc_ring_join_at(
    struct myc_ring_writer *writer,
    const void *page,
    uint64_t sequence,
    struct myc_ring_ticket *out_ticket)
{
    const struct wish wish = {MYC_RING_LIVE, true, sequence, NULL};
    return join(writer, page, &wish, out_ticket);
}

enum myc_status myc__ring_join_point(
    struct myc_ring_writer *writer,
    const void *page,
    const struct myc__ring_point *point,
    struct myc_ring_ticket *out_ticket)
{
    const struct wish wish = {MYC_RING_LIVE, false, 0, point};
    return join(writer, page, &wish, out_ticket);
}

// How many lapping readers there are; joins and leaves come one at a time.
static void count_lapping(struct myc_ring_writer *writer, uint64_t difference)
{
    struct myc_atomic_u64 *announce = &writer->control->announce;
    // Acquired by the writer, who stops announcing only after it sees the slot taken back, too.
    myc_store_release_u64(announce, myc_load_relaxed_u64(announce) + difference);
}

enum myc_status myc_ring_join_lapping(
    struct myc_ring_writer *writer,
    const void *page,
    enum myc_ring_start start,
    struct myc_ring_ticket *out_ticket)
{
    uint32_t index;
    if (page == NULL || (uintptr_t)page % 64 != 0 || !writer->readers_may_be_lapped) {
        return MYC_INVALID;
    }
    if (!find_free(writer, &index)) {
        return MYC_LIMIT;
    }
    struct myc__ring_slot *slot = &writer->slots[index];
    uint32_t generation = take_slot(writer, index, page);
    count_lapping(writer, 1);
    // Pairs with the fence of the writer's refresh: either it announces from there on, or what it
    // may write unannounced lies below the limit that we load.
    myc_fence_seq_cst();
    for (uint32_t attempt = 0; attempt < JOIN_ATTEMPTS_MAX; attempt++) {
        const struct wish wish = {start, false, 0, NULL};
        struct myc__ring_point point;
        if (propose(writer, &wish, attempt, &point) != MYC_OK) {
            continue;
        }
        uint64_t limit = myc_load_relaxed_u64(&writer->control->limit_published);
        MYC_SOMETIMES(!is_readable(writer, limit, point.position), "ring.join.lapped-already");
        if (is_readable(writer, limit, point.position)) {
            myc_store_release_u32(
                &slot->state, myc__ring_state_word(generation, MYC__RING_LAPPING));
            *out_ticket =
                (struct myc_ring_ticket){index, generation, point.position, point.sequence};
            return MYC_OK;
        }
    }
    count_lapping(writer, UINT64_MAX);
    return MYC_AGAIN;
}

void myc_ring_leave(struct myc_ring_writer *writer, uint32_t slot)
{
    if (slot >= writer->readers_max) {
        return;
    }
    struct myc_atomic_u32 *state = &writer->slots[slot].state;
    if (writer->has_gates) {
        myc__ring_gate_forget(writer, slot);
    }
    // Only the writer's poisoning may come between, and it keeps the generation.
    uint32_t word = myc_load_relaxed_u32(state);
    uint32_t generation = word >> MYC__RING_STATE_BITS;
    // Released after the reader's last read; acquired by the writer's passes before they overwrite.
    myc_store_release_u32(state, myc__ring_state_word(generation, MYC__RING_FREE));
    if ((word & MYC__RING_STATE_MASK) == MYC__RING_LAPPING) {
        count_lapping(writer, UINT64_MAX);
    }
}

uint32_t myc_ring_readers(const struct myc_ring_writer *writer)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < writer->readers_max; i++) {
        // Nothing is read on the strength of it.
        uint32_t kind = myc_load_relaxed_u32(&writer->slots[i].state) & MYC__RING_STATE_MASK;
        count += kind == MYC__RING_ACTIVE || kind == MYC__RING_LAPPING ? 1 : 0;
    }
    return count;
}

enum myc_status myc_ring_reader_state(
    const struct myc_ring_writer *writer, uint32_t slot, struct myc_ring_reader_state *out_state)
{
    struct myc_ring_reader_state state = {0};
    struct myc__ring_point progress;
    if (slot >= writer->readers_max) {
        return MYC_NOT_FOUND;
    }
    // Pairs with the poisoning compare-exchange of the writer's passes.
    uint32_t kind = myc_load_acquire_u32(&writer->slots[slot].state) & MYC__RING_STATE_MASK;
    if (kind == MYC__RING_FREE || kind == MYC__RING_JOINING || kind == MYC__RING_HELD) {
        return MYC_NOT_FOUND;
    }
    state.is_lapping = kind == MYC__RING_LAPPING;
    state.is_active = kind == MYC__RING_ACTIVE || state.is_lapping;
    state.is_poisoned = kind == MYC__RING_FENCED;
    const struct myc__ring_page *page = myc__ring_page(writer, slot);
    // Pairs with the release of myc_ring_page_leave().
    state.has_left = myc_load_acquire_u64(&page->acknowledgement) != 0;
    // It is never 0 once the reader began.
    state.has_begun = myc_load_relaxed_u64(&page->arm) != 0;
    state.sequence = myc_load_relaxed_u64(&page->sequence);
    state.position = myc__ring_head(writer, slot);
    // A head read before the progress cannot be beyond it unless the page lies.
    if (myc__ring_pair_load(&writer->control->progress, &progress)
        && progress.position > state.position) {
        state.lag_bytes = progress.position - state.position;
    }
    *out_state = state;
    return MYC_OK;
}
