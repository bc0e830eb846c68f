// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Waiting on a ring: readers for records, the writer for room, for readers, and until all is read.
 *
 * The ring alone (<mycelium/ring.h>) never waits and never rings. These functions do both, on words
 * of the ring's memory and of the readers' pages, each written by its owner only: the other side's
 * mapping may be read-only, in the same process or another. What is looked for is looked for once
 * more behind the arming and a full fence, and the word slept on changes when it comes, so no
 * wake-up is lost; and nobody who has nothing to do is woken.
 *
 * Who uses them for a ring uses them throughout: after commits myc_ring_wake_readers(), after polls
 * myc_ring_reader_wake(), myc_ring_close_wake() and myc_ring_leave_wake() instead of the calls
 * without ringing, and myc_ring_wake_writer() after a join.
 *
 * Each wait first spins, then parks, or whatever its idle strategy says. To park, the ring must
 * have been made with readers_may_sleep or writer_may_sleep. Before Linux 5.16 a writer that is
 * blocked, and a gated reader, cannot sleep on two words: it looks every millisecond.
 *
 * Deadlines are monotonic ns of the platform's clock; 0 only looks, MYC_NEVER waits for ever.
 */
#ifndef MYC_RING_WAIT_H
#define MYC_RING_WAIT_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/idle.h>
#include <mycelium/interface/platform.h>
#include <mycelium/interface/wait.h>
#include <mycelium/ring.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myc_ring_required;

/** How a thread waits on rings; belongs to one thread at a time. Placed by the caller. */
struct myc_ring_waiter {
    struct myc_idle idle;
    struct myc_ring_required *required; /* of the writer's ring, see ring_required.h; NULL: none */
};

/** Prepares waiting. The platform outlives the waiter. Errors: INVALID (the strategy). [WAIT-1] */
MYC_MUST_USE enum myc_status myc_ring_waiter_init(
    struct myc_ring_waiter *waiter,
    struct myc_platform *platform,
    const struct myc_idle_options *options);

/* ---- Readers ---- */

/**
 * Waits until there is something to poll. Blocks.
 *
 * Returns: OK; TIMEOUT; UNSUPPORTED (it would park, and the ring was made without
 * readers_may_sleep); or what myc_ring_reader_status() says, once nothing is left. [WAIT-2]
 */
MYC_MUST_USE enum myc_status myc_ring_reader_wait(
    struct myc_ring_reader *reader, struct myc_ring_waiter *waiter, uint64_t deadline_ns);

/**
 * After polling or consuming: wakes a writer that waits for this reader, and readers gated on it.
 * Free unless the head moved since the last call; then a full fence where anybody may sleep, and a
 * call of the system if somebody waits, or readers are gated on this one. [WAIT-3]
 */
void myc_ring_reader_wake(struct myc_ring_reader *reader, struct myc_wait *wait);

/* ---- Writer ---- */

/** After one or more commits: wakes the readers that sleep. Threads: the writer's. [WAIT-4] */
void myc_ring_wake_readers(struct myc_ring_writer *writer, struct myc_wait *wait);

/** myc_ring_writer_close(), and wakes all readers. Threads: the writer's. [WAIT-5] */
void myc_ring_close_wake(struct myc_ring_writer *writer, struct myc_wait *wait);

/**
 * Waits until a claim of `size` fits, behind the open batch if there is one. Wakes the readers
 * first, so that what was committed is read. Blocks. Made for loops around any claim: a framed
 * writer waits for myc_framed_next_bytes().
 *
 * Returns: OK; TIMEOUT, the diagnostic (may be NULL) names who is in the way; TOO_BIG, CLOSED,
 * POISONED; UNSUPPORTED (as for readers); MISSING (a required reader, see ring_required.h).
 * Threads: the writer's. [WAIT-6]
 */
MYC_MUST_USE enum myc_status myc_ring_writer_wait(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    size_t size,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic);

/**
 * myc_ring_claim() that waits for room: the publisher's policy "block". `*out_payload` is set with
 * OK only. Threads, errors: as myc_ring_writer_wait(). [WAIT-7]
 */
MYC_MUST_USE enum myc_status myc_ring_claim_wait(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    size_t size,
    uint64_t deadline_ns,
    void **out_payload,
    struct myc_diagnostic *diagnostic);

/**
 * myc_ring_batch_claim() that waits for room behind what was added, of which readers see nothing
 * meanwhile. Threads, errors: as myc_ring_writer_wait(); TOO_BIG as well if the batch would take
 * more than half the ring: commit it, and claim again. [WAIT-12]
 */
MYC_MUST_USE enum myc_status myc_ring_batch_claim_wait(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    size_t size,
    uint64_t deadline_ns,
    void **out_payload,
    struct myc_diagnostic *diagnostic);

/**
 * myc_ring_publish_n() that waits for room until all are published, and wakes the readers when it
 * is done. `*out_published` gets how many were, also after an error. Threads, errors: as
 * myc_ring_writer_wait(), and INVALID (the type). [WAIT-13]
 */
MYC_MUST_USE enum myc_status myc_ring_publish_n_wait(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    uint16_t type,
    uint16_t version,
    const void *payloads,
    size_t size,
    size_t count,
    uint64_t deadline_ns,
    size_t *out_published,
    struct myc_diagnostic *diagnostic);

/**
 * myc_ring_publish() that waits for room, and wakes the readers when it is done. Threads, errors:
 * as myc_ring_writer_wait(), and INVALID (the type). [WAIT-8]
 */
MYC_MUST_USE enum myc_status myc_ring_publish_wait(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic);

/**
 * Waits until every gating reader, also a required one that is away, has consumed all that was
 * committed. Works on a closed ring. Blocks.
 *
 * Returns: OK; TIMEOUT, the diagnostic names who is furthest behind; UNSUPPORTED, MISSING. Threads:
 * the writer's. [WAIT-9]
 */
MYC_MUST_USE enum myc_status myc_ring_drain(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic);

/**
 * Waits until `count` readers are in, whoever they are; another thread of the process lets them in,
 * and calls myc_ring_wake_writer(). Blocks.
 *
 * Returns: OK; TIMEOUT, the diagnostic says how many came. Threads: the writer's. [WAIT-10]
 */
MYC_MUST_USE enum myc_status myc_ring_await_readers(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    uint32_t count,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic);

/* ---- Who lets readers in and out ---- */

/** After a join: wakes a writer that waits for readers. Threads: any of the writer's process. */
void myc_ring_wake_writer(struct myc_ring_writer *writer, struct myc_wait *wait);

/**
 * myc_ring_leave(), and wakes the writer, the reader if it still lives and sleeps, and those gated
 * on it. Threads: as myc_ring_leave(). [WAIT-11]
 */
void myc_ring_leave_wake(struct myc_ring_writer *writer, struct myc_wait *wait, uint32_t slot);

#ifdef __cplusplus
}
#endif

#endif
