// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The parts of the hostile storm. Each runs for about `seconds` and says on standard output what
 * it did; what goes wrong ends the process.
 */
#ifndef MYC_SYSTEM_STORM_HOSTILE_H
#define MYC_SYSTEM_STORM_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include <mycelium/interface/platform.h>

#include "system/storm/storm.h"

/** Readers' pages that somebody scribbles over, while writer and other readers work. */
void hostile_pages(struct myc_platform *platform, uint64_t seed, uint64_t seconds);

/** A ring whose memory its writer scribbles over, while readers of every kind work. */
void hostile_ring(struct myc_platform *platform, uint64_t seed, uint64_t seconds);

/** A thread that writes behind the ends of its blocks, while others use the pool. */
void hostile_pool(uint64_t seed, uint64_t seconds);

/** Bytes for everybody to write, and words that whoever writes them may look at. */
struct hostile_target {
    unsigned char *bytes;
    size_t size;
    const struct myc_atomic_u64 *hints; /* values near the truth: positions, say */
    size_t hint_count;
};

/** Stores something into a word of the target, drawn from what is likely to hurt. */
void hostile_poke(const struct hostile_target *target, struct storm_draw *draw);

/** A value that is likely to hurt. */
uint64_t hostile_value(const struct hostile_target *target, struct storm_draw *draw);

/** Work for a process or thread of its own, until it is told to stop. */
typedef void hostile_work_fn(void *context, struct storm_draw *draw);

/** Forks a process that works until it is killed; before the first thread is started. */
pid_t hostile_process_start(hostile_work_fn *work, void *context, uint64_t seed);

/** Kills it; fails the run if it ended by itself. */
void hostile_process_stop(pid_t process);

#endif
