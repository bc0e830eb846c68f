// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Records published together: readers see none of them, or all.
 *
 * A batch is claimed record by record, each filled in place, and published by one store. Whoever
 * dies in between has published nothing of it. It is not faster than single commits where a release
 * is as cheap as on x86.
 *
 *     while (more && (place = myc_ring_batch_claim(&ring, size)) != NULL) {
 *         ... fill it ...
 *         myc_ring_batch_add(&ring, type, version, size);
 *     }
 *     myc_ring_batch_commit(&ring);
 *
 * Threads: the writer's.
 */
#ifndef MYC_RING_BATCH_H
#define MYC_RING_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/ring.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Claims room behind the records that were added to the open batch, or opens one. Nothing is
 * visible until the batch is committed.
 *
 * Returns: 8-aligned bytes to fill in place. NULL if the slowest reader is in the way, `size` is
 * above myc_ring_payload_max(), or the batch would take more than half the ring: what was added
 * stays, to be committed or aborted. At most one claim is open at a time. [RING-45]
 */
void *myc_ring_batch_claim(struct myc_ring_writer *writer, size_t size);

/**
 * Adds the claimed record to the batch with its final size, at most the claimed one. `type` is as
 * for myc_ring_commit().
 *
 * Misuse (no open claim of the batch, something published since it was opened, a larger size,
 * another type) poisons the writer, and nothing of the batch is published. [RING-46]
 */
void myc_ring_batch_add(
    struct myc_ring_writer *writer, uint16_t type, uint16_t version, size_t size);

/**
 * Publishes all that was added, with one store; gives a claim back that was not. Without anything
 * added it does nothing. Afterwards ask myc_ring_sleepers() as after a commit.
 *
 * To give a whole batch back call myc_ring_abort(); readers never learn of it. [RING-47]
 */
void myc_ring_batch_commit(struct myc_ring_writer *writer);

/**
 * Copies `count` messages of `size` bytes each, which lie one behind the other, in as few batches
 * as there are turns of the ring and halves of it; as many as there is room for.
 *
 * `out_published` gets how many were: the first ones. Returns: OK (all), FULL (fewer), TOO_BIG,
 * INVALID (the type is no message's), CLOSED, POISONED. [RING-48]
 */
MYC_MUST_USE enum myc_status myc_ring_publish_n(
    struct myc_ring_writer *writer,
    uint16_t type,
    uint16_t version,
    const void *payloads,
    size_t size,
    size_t count,
    size_t *out_published);

#ifdef __cplusplus
}
#endif

#endif
