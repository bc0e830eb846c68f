// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the parts of the scheduler share.
 */
#ifndef MYC_WORKERS_SCHEDULER_H
#define MYC_WORKERS_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/parts.h"

enum seat_state {
    SEAT_ABSENT,  // nobody is in, nobody was offered the place
    SEAT_OFFERED, // a next generation may come
    SEAT_IN
};

/** The ring on which a worker gets its jobs. */
static inline struct myc_ring_writer *
myc__workers_ring_of(struct myc_workers *workers, struct myc_workers_seat *seat)
{
    return workers->layout.dispatch_rings == 1 ? &workers->shared : &seat->dispatch;
}

static inline uint64_t myc__workers_outstanding(const struct myc_workers_seat *seat)
{
    return seat->dispatched - seat->answered - seat->lost;
}

static inline bool myc__workers_is_in(const struct myc_workers *workers, uint32_t worker)
{
    return worker < workers->layout.count && workers->seats[worker].state == SEAT_IN;
}

/** Lets everybody in who came. */
void myc__workers_let_in(struct myc_workers *workers);

/** Whether somebody came and is not in yet. */
bool myc__workers_is_awaited(const struct myc_workers *workers);

/** Handles a record of a worker's return ring: a myc_fair_record_fn, for the scheduler. */
void myc__workers_on_return(uint32_t member, const struct myc_record *record, void *context);

#endif
