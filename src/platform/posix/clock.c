// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The kernel's clocks, through the vDSO: no system call, no failure.
#include "platform/posix/posix.h"

#include <time.h>

enum { NS_PER_SECOND = 1000000000 };

static uint64_t read_clock(clockid_t id)
{
    struct timespec now;
    (void)clock_gettime(id, &now); // cannot fail: both ids exist on every Linux
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t myc__posix_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static uint64_t clock_monotonic_ns(struct myc_clock *clock)
{
    (void)clock;
    return read_clock(CLOCK_MONOTONIC);
}

static uint64_t clock_wall_ns(struct myc_clock *clock)
{
    (void)clock;
    return read_clock(CLOCK_REALTIME);
}

static const struct myc_clock_ops clock_ops = {
    .size = sizeof(clock_ops),
    .monotonic_ns = clock_monotonic_ns,
    .wall_ns = clock_wall_ns,
};

void myc__posix_clock_init(struct myc_clock *clock)
{
    clock->ops = &clock_ops;
}
