// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What all kinds of queues share: slots of one cache line, the check of options, the end of a wait.
 */
#ifndef MYC_QUEUE_SLOT_H
#define MYC_QUEUE_SLOT_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/queue.h>

#include "queue/bell.h"

_Static_assert(sizeof(struct myc_queue_item) == 56, "an item and a word fill a line");
_Static_assert(sizeof(struct myc__queue_slot) == MYC_QUEUE_SLOT_BYTES, "one line a slot");
_Static_assert(offsetof(struct myc__queue_slot, item) == 8, "the word comes first");
_Static_assert(sizeof(struct myc__queue_bell) == 64, "sleepers disturb nobody's line");

/** Whether two members lie on different cache lines of a 64-aligned structure. */
#define MYC__QUEUE_APART(type, one, other) (offsetof(type, one) / 64 != offsetof(type, other) / 64)

/**
 * Checks what a queue is to be made of.
 *
 * Errors: INVALID, told in the diagnostic.
 */
MYC_MUST_USE enum myc_status myc__queue_check(
    const void *queue,
    const void *memory,
    size_t memory_bytes,
    const struct myc_queue_options *options,
    struct myc_diagnostic *diagnostic);

/** Whether all of the items may be pushed. */
static inline bool myc__queue_fit(const struct myc_queue_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].size > MYC_QUEUE_PAYLOAD_MAX) {
            return false;
        }
    }
    return true;
}

/** What two counters say is inside, though they were not read at the same moment. */
static inline size_t myc__queue_count(int64_t difference, uint64_t capacity)
{
    uint64_t count = difference < 0 ? 0 : (uint64_t)difference;
    return (size_t)(count < capacity ? count : capacity);
}

/**
 * As myc__queue_fill(), for items that were written a while ago, as those of a batch: wide copies
 * are the better ones then.
 */
static inline void
myc__queue_fill_wide(struct myc__queue_slot *slot, const struct myc_queue_item *item)
{
    slot->item = *item;
    myc_shared_write(&slot->item, sizeof slot->item);
}

/** As myc__queue_take(), for items that are read later. */
static inline void
myc__queue_take_wide(const struct myc__queue_slot *slot, struct myc_queue_item *item)
{
    myc_shared_read(&slot->item, sizeof slot->item);
    *item = slot->item;
}

#endif
