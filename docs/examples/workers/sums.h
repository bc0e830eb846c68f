// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The work of both programs: a job is a range of numbers, its answer their sum.
 */
#ifndef WORKERS_SUMS_H
#define WORKERS_SUMS_H

#include <stdint.h>
#include <string.h>

#include <mycelium/workers.h>

enum { WORKERS = 3, JOBS = 3000, TYPE_RANGE = 1, TYPE_SUM = 2, CAPACITY = 16384 };

struct range {
    uint64_t first;
    uint64_t count;
};

/** What the scheduler makes of all that it is told. */
struct ledger {
    uint64_t answered;
    uint64_t lost;
    uint64_t total; /* of all sums */
    uint32_t ended;
};

static inline struct range range_of(uint64_t job)
{
    struct range range = {job * 10, 10};
    return range;
}

/** The sum of all numbers that are sent. */
static inline uint64_t total_expected(void)
{
    uint64_t count = (uint64_t)JOBS * 10;
    return count * (count - 1) / 2;
}

static inline void on_returned(const struct myc_workers_return *message, void *context)
{
    struct ledger *ledger = context;
    uint64_t sum;
    memcpy(&sum, message->payload, sizeof sum);
    ledger->total += sum;
    ledger->answered++;
}

/** Sums up what a worker is handed; it answers when the poll has returned. */
static inline void on_job(const struct myc_worker_job *job, void *context)
{
    const struct range *range = job->payload;
    uint64_t *sum = context;
    *sum = 0;
    for (uint64_t i = 0; i < range->count; i++) {
        *sum += range->first + i;
    }
}

static inline const struct myc_workers_options *shop_options(void)
{
    static const struct myc_workers_options options = {
        .count = WORKERS,
        .dispatch_capacity = CAPACITY,
        .return_capacity = CAPACITY,
        .outstanding_max = 64};
    return &options;
}

#endif
