// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a queue may be made of.
 */
#include "queue/slot.h"

static bool is_possible(uint32_t capacity)
{
    return (capacity & (capacity - 1)) == 0 && capacity >= MYC_QUEUE_CAPACITY_MIN
           && capacity <= MYC_QUEUE_CAPACITY_MAX;
}

size_t myc_queue_memory_size(uint32_t capacity)
{
    return is_possible(capacity) ? (size_t)capacity * MYC_QUEUE_SLOT_BYTES : 0;
}

enum myc_status myc__queue_check(
    const void *queue,
    const void *memory,
    size_t memory_bytes,
    const struct myc_queue_options *options,
    struct myc_diagnostic *diagnostic)
{
    if (queue == NULL || (uintptr_t)queue % MYC_QUEUE_SLOT_BYTES != 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "queue: the structure is not aligned to 64 bytes");
    }
    if (memory == NULL || (uintptr_t)memory % MYC_QUEUE_SLOT_BYTES != 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "queue: the memory is not aligned to 64 bytes");
    }
    if (!is_possible(options->capacity)) {
        enum myc_status status =
            myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "queue: a capacity of ");
        myc_diagnostic_append_u64(diagnostic, options->capacity);
        myc_diagnostic_append(diagnostic, " items is no power of two from 2 to 16777216");
        return status;
    }
    if (memory_bytes < myc_queue_memory_size(options->capacity)) {
        enum myc_status status = myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "queue: ");
        myc_diagnostic_append_u64(diagnostic, memory_bytes);
        myc_diagnostic_append(diagnostic, " bytes of memory, needed are ");
        myc_diagnostic_append_u64(diagnostic, myc_queue_memory_size(options->capacity));
        return status;
    }
    if ((options->producers_may_sleep || options->consumers_may_sleep) && options->wait == NULL) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "queue: may sleep, but has no wait to do it with");
    }
    return MYC_OK;
}
