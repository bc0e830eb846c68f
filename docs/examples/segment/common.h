// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the two programs of the example share: what a tick is, where the ring lies, how to wait.
 */
#ifndef SEGMENT_EXAMPLE_COMMON_H
#define SEGMENT_EXAMPLE_COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/wait.h>
#include <mycelium/posix.h>
#include <mycelium/ring_place.h>

enum { TYPE_TICK = 1, CAPACITY = 65536 };

struct tick {
    uint64_t number;
    double price;
};

/** Where the ring is: a name with a slash in it is a path. */
static inline enum myc_place_kind kind_of(const char *name)
{
    return strchr(name, '/') != NULL ? MYC_PLACE_FILE : MYC_PLACE_NAMED;
}

static inline uint64_t in_ms(struct myc_platform *platform, uint64_t ms)
{
    return myc_clock_monotonic_ns(platform->clock) + ms * 1000000;
}

/** Waits a little before the next try. */
static inline void rest(struct myc_platform *platform)
{
    struct myc_atomic_u32 word = {0};
    uint64_t deadline_ns = in_ms(platform, 5);
    while (myc_wait_wait(platform->wait, &word, 0, deadline_ns, MYC_WAIT_PROCESS) == MYC_OK) {
    }
}

#endif
