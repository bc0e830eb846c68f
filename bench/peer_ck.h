// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Concurrency Kit's ring by value, if the machine has it: slots of one line, as ours.
 */
#ifndef MYC_BENCH_PEER_CK_H
#define MYC_BENCH_PEER_CK_H

#ifdef BENCH_HAS_CK

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <ck_ring.h>

#include <mycelium/queue.h>

struct peer_ck_slot {
    struct myc_queue_item item;
} __attribute__((aligned(64)));

struct peer_ck {
    struct ck_ring ring;
    struct peer_ck_slot *slots;
};

CK_RING_PROTOTYPE(peer, peer_ck_slot)

static inline void peer_ck_init(void *pages, void *slots, unsigned int capacity)
{
    struct peer_ck *peer = pages;
    peer->slots = slots;
    ck_ring_init(&peer->ring, capacity);
}

#define PEER_CK_(kind)                                                                             \
    static inline bool peer_ck_##kind##_push(void *queue, const struct peer_ck_slot *slot)         \
    {                                                                                              \
        struct peer_ck *peer = queue;                                                              \
        return ck_ring_enqueue_##kind##_peer(                                                      \
            &peer->ring, peer->slots, (struct peer_ck_slot *)(uintptr_t)slot);                     \
    }                                                                                              \
    static inline bool peer_ck_##kind##_pop(void *queue, struct peer_ck_slot *slot)                \
    {                                                                                              \
        struct peer_ck *peer = queue;                                                              \
        return ck_ring_dequeue_##kind##_peer(&peer->ring, peer->slots, slot);                      \
    }

PEER_CK_(spsc)
PEER_CK_(mpsc)
PEER_CK_(mpmc)

#endif
#endif
