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

bool myc__ring_held_sequence(
    const struct myc_ring_writer *writer, uint64_t position, uint64_t *out_sequence)
{
    struct myc__ring_point newest;
    uint64_t messages = 0;
    while (!myc__ring_pair_load(&writer->control->progress, &newest)) {
        MYC_REACHED("held.torn-pair"); // The writer is between two stores.
    }
    // The records from there on are ours and gated; only where they begin is the page's word.
    while (position != newest.position) {
        uint64_t run = writer->capacity - (position & (writer->capacity - 1));
        // Pairs with the publishing release of myc_ring_commit() and myc_ring_fill_end().
        uint64_t word =
            myc_load_acquire_u64(myc__ring_word(writer->data, writer->capacity, position));
        struct myc_record_header header = myc_record_header(word);
        uint64_t bytes = myc_record_bytes(header.length);
        if (position % MYC_RECORD_ALIGNMENT != 0 || !myc__ring_is_legal(header.type) || bytes > run
            || bytes > newest.position - position) {
            return false;
        }
        if (header.type == MYC_RECORD_GAP) {
            uint64_t payload = (position + MYC_RECORD_HEADER_BYTES) & (writer->capacity - 1);
            myc_shared_read(writer->data + payload, header.length);
            messages += myc__ring_gap_count(writer->data + payload, header.length);
        } else {
            messages += header.type == MYC_RECORD_PAD ? 0 : 1;
        }
        position += bytes;
    }
    *out_sequence = newest.sequence - messages;
    return messages <= newest.sequence;
}
