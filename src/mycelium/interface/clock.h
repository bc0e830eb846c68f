// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Clock seam: what time is it.
 *
 * Threads: any thread may read a clock at any time. Only monotonic time decides anything in the
 * library; wall time is data that travels in messages and recordings.
 */
#ifndef MYC_INTERFACE_CLOCK_H
#define MYC_INTERFACE_CLOCK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myc_clock_ops;

/** First member of every clock. */
struct myc_clock {
    const struct myc_clock_ops *ops;
};

struct myc_clock_ops {
    uint32_t size; /* sizeof(struct myc_clock_ops) of whoever built the table */

    /**
     * Monotonic time in ns since an arbitrary start that is the same for all processes of a host.
     * Required. Never goes backwards, never blocks, cannot fail.
     * Simulator: virtual time of the host plus its drift; standing still is allowed.
     */
    uint64_t (*monotonic_ns)(struct myc_clock *clock);

    /**
     * Wall time in ns since 1970-01-01 UTC. Required. May jump either way.
     * Simulator: virtual time plus the host's offset, which faults move.
     */
    uint64_t (*wall_ns)(struct myc_clock *clock);
};

/** Monotonic ns; successive calls in one thread never decrease. [CLOCK-1] */
static inline uint64_t myc_clock_monotonic_ns(struct myc_clock *clock)
{
    return clock->ops->monotonic_ns(clock);
}

/** Wall ns since 1970-01-01 UTC; data only, never used for a decision. [CLOCK-2] */
static inline uint64_t myc_clock_wall_ns(struct myc_clock *clock)
{
    return clock->ops->wall_ns(clock);
}

#ifdef __cplusplus
}
#endif

#endif
