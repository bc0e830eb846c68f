// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The look at one header that a gating reader takes: loaded once, checked, and the copy used.
 */
#ifndef MYC_RING_LOOK_H
#define MYC_RING_LOOK_H

#include <stdint.h>

#include <mycelium/ring.h>

#include "ring/judge.h"
#include "ring/layout.h"

/**
 * How many messages something counts that is no message: 0 a PAD, UINT64_MAX what must not be
 * there. By value and out of line, so that the way of the messages stays short.
 */
uint64_t myc__ring_special_messages(
    const struct myc_ring_reader *reader, uint64_t position, struct myc_record_header header);

/**
 * How far a reader may go on from a position without a closer look: to the end of the lap, and not
 * beyond what the writer may have written. Near the last sequence number nowhere.
 */
static inline uint64_t myc__ring_bound(
    const struct myc_ring_reader *reader, uint64_t position, uint64_t end_max, uint64_t sequence)
{
    uint64_t lap_end = (position | (reader->capacity - 1)) + 1;
    // A lap has fewer messages than this; closer to the last number each is looked at.
    if (sequence > UINT64_MAX - reader->capacity) {
        return position;
    }
    return lap_end < end_max ? lap_end : end_max;
}

/** Looks at a position, at most `room` bytes ahead of which the writer may have written. */
static inline enum myc__ring_found myc__ring_look(
    const struct myc_ring_reader *reader,
    uint64_t position,
    uint64_t room,
    struct myc__ring_item *out_item)
{
    // Pairs with the publishing release of myc_ring_commit() and myc_ring_fill_end().
    uint64_t word = myc_load_acquire_u64(myc__ring_word(reader->data, reader->capacity, position));
    uint64_t run = reader->capacity - (position & (reader->capacity - 1));
    enum myc__ring_found found = myc__ring_judge(word, run, room, out_item);
    if (found != MYC__RING_FOUND_PAD) {
        return found;
    }
    out_item->messages = myc__ring_special_messages(reader, position, out_item->header);
    if (out_item->messages == 0) {
        return MYC__RING_FOUND_PAD;
    }
    return out_item->messages != UINT64_MAX ? MYC__RING_FOUND_RECORD : MYC__RING_FOUND_CORRUPT;
}

#endif
