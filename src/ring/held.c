// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Held slots: places of the ring kept for readers who are not in.
 *
 * The writer's passes take a held slot's join head for a gating head as long as it lies in the
 * window, like a joiner's; outside of it, at NOWHERE, the slot gates nothing and is only reserved.
 * Setting and clearing come one at a time, with joins and leaves.
 */
#include "ring/blocker.h"
#include "ring/reader.h"

#include <mycelium/simulation.h>

#define NOWHERE UINT64_MAX

bool myc__ring_held_take(struct myc_ring_writer *writer, uint32_t *out_slot)
{
    for (uint32_t i = 0; i < writer->readers_max; i++) {
        struct myc__ring_slot *slot = &writer->slots[i];
        uint32_t state = myc_load_relaxed_u32(&slot->state);
        if ((state & MYC__RING_STATE_MASK) != MYC__RING_FREE) {
            continue;
        }
        myc_store_release_u64(&slot->join_head, NOWHERE);
        if (i >= myc_load_relaxed_u32(&writer->slots_used)) {
            // Acquired by the writer's passes.
            myc_store_release_u32(&writer->slots_used, i + 1);
        }
        uint32_t generation = (state >> MYC__RING_STATE_BITS) + 1;
        // Acquired by the writer's passes, which then see the head above, or a later one.
        myc_store_release_u32(&slot->state, myc__ring_state_word(generation, MYC__RING_HELD));
        *out_slot = i;
        return true;
    }
    return false;
}

bool myc__ring_held_set(struct myc_ring_writer *writer, uint32_t slot, uint64_t position)
{
    // Acquired by the writer's passes: the reads of who was there before are over.
    myc_store_release_u64(&writer->slots[slot].join_head, position);
    // Pairs with the fence of the writer's refresh, as a join's does.
    myc_fence_seq_cst();
    uint64_t limit = myc_load_relaxed_u64(&writer->control->limit_published);
    return limit - position <= writer->capacity;
}

void myc__ring_held_clear(struct myc_ring_writer *writer, uint32_t slot)
{
    // Behind the join of who takes the place over; a pass that sees this sees that one as well.
    myc_store_release_u64(&writer->slots[slot].join_head, NOWHERE);
}

// Counts the messages from one record's start to another's. Returns: false if no whole number of
// records lies between.
static bool
count(const struct myc_ring_writer *writer, uint64_t from, uint64_t to, uint64_t *out_messages)
{
    uint64_t messages = 0;
    while (from != to) {
        uint64_t run = writer->capacity - (from & (writer->capacity - 1));
        // Pairs with the publishing release of myc_ring_commit() and myc_ring_fill_end().
        uint64_t word = myc_load_acquire_u64(myc__ring_word(writer->data, writer->capacity, from));
        struct myc_record_header header = myc_record_header(word);
        uint64_t bytes = myc_record_bytes(header.length);
        if (!myc__ring_is_legal(header.type) || bytes > run || bytes > to - from) {
            return false;
        }
        if (header.type == MYC_RECORD_GAP) {
            uint64_t gap = myc_load_relaxed_u64(
                myc__ring_word(writer->data, writer->capacity, from + MYC_RECORD_HEADER_BYTES));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
            gap = __builtin_bswap64(gap);
#endif
            messages += gap;
        } else {
            messages += header.type == MYC_RECORD_PAD ? 0 : 1;
        }
        from += bytes;
    }
    *out_messages = messages;
    return true;
}

bool myc__ring_held_sequence(
    const struct myc_ring_writer *writer, uint64_t position, uint64_t *out_sequence)
{
    struct myc__ring_point newest;
    uint64_t messages = 0;
    bool is_whole = false;
    if (position % MYC_RECORD_ALIGNMENT != 0) {
        return false;
    }
    // The records are our process's, those from the position on are gated; only where they begin is
    // the page's word.
    for (;;) {
        if (!myc__ring_pair_load(&writer->control->progress, &newest)) {
            MYC_REACHED("held.torn-pair"); // The writer is between two stores.
            continue;
        }
        if (newest.position >= position) {
            is_whole = count(writer, position, newest.position, &messages);
            *out_sequence = newest.sequence - messages;
            return is_whole && messages <= newest.sequence;
        }
        // A reader can be faster than the telling of progress, by what is published at once.
        is_whole = position - newest.position <= writer->capacity
                   && count(writer, newest.position, position, &messages);
        myc_fence_acquire();
        uint64_t limit = myc_load_relaxed_u64(&writer->control->limit_published);
        if (limit - newest.position <= writer->capacity) {
            MYC_REACHED("held.ahead-of-progress");
            *out_sequence = newest.sequence + messages;
            return is_whole;
        }
        // Between the two the writer went on, and may have been where we counted.
        MYC_REACHED("held.overtaken");
    }
}
