// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Idle strategies: what a thread does between two looks that found nothing.
 *
 * One choice for whatever is waited for. Spinning answers soonest and keeps a core busy, blocking
 * costs nothing while nothing comes and some ten microseconds when something does. In between lie
 * yielding, backing off and sleeping, which need nobody who rings.
 *
 *     myc_idle_begin(&idle);
 *     while ((status = myc_spsc_try_pop(&queue, &item)) == MYC_AGAIN) {
 *         if (myc_idle_step(&idle, deadline_ns) == MYC_IDLE_TIMEOUT) ...
 *     }
 *
 * Blocking needs a word to block on: what is waited for has its own way, see <mycelium/queue.h> and
 * <mycelium/ring_wait.h>; after spinning a while the step says MYC_IDLE_PARK.
 *
 * Threads: one at a time. Time comes from the platform's clock only.
 */
#ifndef MYC_IDLE_H
#define MYC_IDLE_H

#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/platform.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MYC_IDLE_SPIN_NS_DEFAULT = 50000,   /* before backing off or blocking */
    MYC_IDLE_SLEEP_NS_DEFAULT = 1000000 /* between two looks of SLEEP, at most of BACK_OFF */
};

enum myc_idle_kind {
    MYC_IDLE_BLOCK,    /* spins for `spin_ns`, then says PARK */
    MYC_IDLE_SPIN,     /* keeps its core; never gives way on purpose */
    MYC_IDLE_YIELD,    /* lets other threads run between looks */
    MYC_IDLE_BACK_OFF, /* spins for `spin_ns`, then sleeps 1 us, 2 us, 4 us ... up to `sleep_ns` */
    MYC_IDLE_SLEEP     /* sleeps `sleep_ns` between looks */
};

/** Zero means default in every field. */
struct myc_idle_options {
    enum myc_idle_kind kind;
    uint64_t spin_ns;  /* 1: does not spin */
    uint64_t sleep_ns; /* of SLEEP and BACK_OFF */
};

/** Placed by the caller; fields are private. */
struct myc_idle {
    struct myc_clock *clock;
    struct myc_thread *thread;
    struct myc_wait *wait;
    enum myc_idle_kind kind;
    uint32_t round;
    uint64_t spin_ns;
    uint64_t sleep_ns;
    uint64_t since_ns; /* the first step of this wait */
    uint64_t next_ns;  /* length of the next sleep */
    struct myc_atomic_u32 bed;
};

/** What to do now. */
enum myc_idle_next {
    MYC_IDLE_LOOK,   /* look again */
    MYC_IDLE_PARK,   /* look again, and block if there is nothing: only for MYC_IDLE_BLOCK */
    MYC_IDLE_TIMEOUT /* look once more: the deadline passed */
};

/** Prepares waiting with the clock, thread and wait of a platform, which outlives it.
 * Errors: INVALID, a kind that is none. [IDLE-1] */
MYC_MUST_USE enum myc_status myc_idle_init(
    struct myc_idle *idle, struct myc_platform *platform, const struct myc_idle_options *options);

/** Begins a new wait: spinning and backing off start anew. */
void myc_idle_begin(struct myc_idle *idle);

/**
 * After a look that found nothing: spins a little, yields or sleeps, as the kind says, but not
 * beyond the deadline. Looks at the clock now and then only; a deadline of 0 is past at once.
 * Blocking: at most `sleep_ns`. [IDLE-2]
 */
enum myc_idle_next myc_idle_step(struct myc_idle *idle, uint64_t deadline_ns);

#ifdef __cplusplus
}
#endif

#endif
