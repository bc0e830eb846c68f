// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The reference for one-way rates: about the least an in-place queue between two threads can be.
 *
 * Slots of 64 bytes, one producer, one consumer, indices on lines of their own, each side caching
 * the other's. No variable lengths, no broadcast, no joining, no hostile bytes.
 */
#ifndef MYC_BENCH_PEER_RING_H
#define MYC_BENCH_PEER_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>

enum { PEER_SLOT_WORDS = 8, PEER_SLOTS = 4096, PEER_BATCH_MAX = 64 };

struct peer_ring {
    struct myc_atomic_u64 head __attribute__((aligned(64))); /* slots published */
    struct myc_atomic_u64 tail __attribute__((aligned(64))); /* slots given back */
    uint64_t next __attribute__((aligned(64)));              /* the producer's */
    uint64_t tail_seen;
    uint64_t taken __attribute__((aligned(64))); /* the consumer's */
    uint64_t slots[PEER_SLOTS][PEER_SLOT_WORDS] __attribute__((aligned(64)));
};

/** The next slot to fill, or NULL if all are taken. */
static inline uint64_t *peer_claim(struct peer_ring *ring)
{
    if (ring->next - ring->tail_seen == PEER_SLOTS) {
        // Pairs with the release in peer_poll: the consumer has read the slot.
        ring->tail_seen = myc_load_acquire_u64(&ring->tail);
        if (ring->next - ring->tail_seen == PEER_SLOTS) {
            return NULL;
        }
    }
    return ring->slots[ring->next % PEER_SLOTS];
}

/** Publishes the claimed slot. */
static inline void peer_commit(struct peer_ring *ring)
{
    ring->next++;
    // Acquired by peer_poll.
    myc_store_release_u64(&ring->head, ring->next);
}

/** Calls fn for what is there, at most a batch, then gives it back at once. How many. */
static inline uint64_t
peer_poll(struct peer_ring *ring, void (*fn)(const uint64_t *slot, void *context), void *context)
{
    // Pairs with the release in peer_commit: the slots below are filled.
    uint64_t count = myc_load_acquire_u64(&ring->head) - ring->taken;
    if (count == 0) {
        return 0;
    }
    count = count < PEER_BATCH_MAX ? count : PEER_BATCH_MAX;
    for (uint64_t i = 0; i < count; i++) {
        fn(ring->slots[(ring->taken + i) % PEER_SLOTS], context);
    }
    ring->taken += count;
    // Acquired by peer_claim.
    myc_store_release_u64(&ring->tail, ring->taken);
    return count;
}

#endif
