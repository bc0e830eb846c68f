// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The parts of the frugality check.
 */
#ifndef MYC_SYSTEM_STORM_FRUGAL_H
#define MYC_SYSTEM_STORM_FRUGAL_H

#include <stdint.h>

#include <mycelium/interface/platform.h>

/** Works on rings, queues and a pool once they are made; fails the run if anything allocates. */
void frugal_allocations(struct myc_platform *platform);

/** Lets threads block on rings and queues for `milliseconds`; fails the run if one wakes up. */
void frugal_wake_ups(struct myc_platform *platform, uint64_t milliseconds);

#endif
