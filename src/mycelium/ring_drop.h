// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A publisher that never waits: what finds no room is dropped, counted, and told.
 *
 * A dropped message takes a number, as if it had been published. The next one that is accepted goes
 * together with a GAP that tells how many are missing before it: there is room for both, or it is
 * dropped, too. So readers, also those of other processes or at the end of a socket, know exactly
 * what they do not get, and before what.
 *
 *     place = myc_ring_drop_claim(&ring, size);
 *     if (place != NULL) { ... fill it ...; myc_ring_drop_commit(&ring, type, version, size); }
 *
 * The other policies need nothing of this: myc_ring_claim() and myc_ring_publish() reject,
 * <mycelium/ring_wait.h> blocks. Whoever drops claims and closes by these functions only.
 *
 * Threads: the writer's.
 */
#ifndef MYC_RING_DROP_H
#define MYC_RING_DROP_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/ring.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * As myc_ring_claim(); a message that finds no room counts as dropped. One that never could, for it
 * is too large or the writer is closed or poisoned, does not. Gives an open batch back.
 *
 * myc_ring_abort() gives the claim back, and what was dropped before stays to be told. [RING-50]
 */
void *myc_ring_drop_claim(struct myc_ring_writer *writer, size_t size);

/**
 * As myc_ring_commit(), of a message; the GAP that goes before it is published by the same store.
 * [RING-51]
 */
void myc_ring_drop_commit(
    struct myc_ring_writer *writer, uint16_t type, uint16_t version, size_t size);

/**
 * Copies a payload in, or drops it. Returns: OK; FULL (it was dropped, and counts); TOO_BIG,
 * INVALID (the type), CLOSED, POISONED: nothing changed. [RING-52]
 */
MYC_MUST_USE enum myc_status myc_ring_drop_publish(
    struct myc_ring_writer *writer,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size);

/** Messages dropped that no GAP tells of yet. */
uint64_t myc_ring_drop_pending(const struct myc_ring_writer *writer);

/**
 * Tells readers now what was dropped, without waiting for the next message; before a pause, or
 * before the end. Gives an open batch back.
 *
 * Returns: OK (nothing is pending any more), FULL (no room even for the GAP; wait for room for
 * `sizeof(struct myc_gap)` bytes and call again), CLOSED, POISONED. [RING-53]
 */
MYC_MUST_USE enum myc_status myc_ring_drop_flush(struct myc_ring_writer *writer);

/**
 * myc_ring_writer_close() behind a last flush. To give readers time call myc_ring_drop_flush()
 * until it is OK or your deadline has come; then this.
 *
 * Returns: how many dropped messages nobody was told of. [RING-54]
 */
uint64_t myc_ring_drop_close(struct myc_ring_writer *writer);

#ifdef __cplusplus
}
#endif

#endif
