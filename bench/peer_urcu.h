// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The wait-free enqueue queue of liburcu, if the machine has it: many producers, one consumer.
 *
 * It links nodes and has no bound, so each producer has nodes of its own, as many as a queue of
 * ours has slots for it, and takes them in turns; how many came back the consumer counts. A node
 * and its item fill one line.
 */
#ifndef MYC_BENCH_PEER_URCU_H
#define MYC_BENCH_PEER_URCU_H

#ifdef BENCH_HAS_URCU

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Lets its functions be compiled into ours.
#define _LGPL_SOURCE
#include <urcu/wfcqueue.h>

#include <mycelium/queue.h>

enum { PEER_URCU_PRODUCERS = 2 };

struct peer_urcu_node {
    struct cds_wfcq_node node;
    struct myc_queue_item item;
} __attribute__((aligned(64)));

struct peer_urcu_producer {
    uint64_t pushed __attribute__((aligned(64)));
    uint64_t seen;
    struct myc_atomic_u64 returned __attribute__((aligned(64)));
};

struct peer_urcu {
    struct cds_wfcq_head head __attribute__((aligned(64)));
    struct cds_wfcq_tail tail __attribute__((aligned(64)));
    struct peer_urcu_node *nodes;
    uint64_t share; /* nodes of one producer */
    struct peer_urcu_producer producers[PEER_URCU_PRODUCERS];
};

static inline void peer_urcu_init(void *pages, void *nodes, uint64_t capacity)
{
    struct peer_urcu *peer = pages;
    peer->nodes = nodes;
    peer->share = capacity / PEER_URCU_PRODUCERS;
    cds_wfcq_init(&peer->head, &peer->tail);
}

/** Who pushes is in the item's tag. */
static inline bool peer_urcu_push(void *queue, const struct myc_queue_item *item)
{
    struct peer_urcu *peer = queue;
    struct peer_urcu_producer *producer = &peer->producers[item->tag];
    if (producer->pushed - producer->seen == peer->share) {
        // Pairs with the release in peer_urcu_pop: the node has been read.
        producer->seen = myc_load_acquire_u64(&producer->returned);
        if (producer->pushed - producer->seen == peer->share) {
            return false;
        }
    }
    struct peer_urcu_node *node =
        &peer->nodes[item->tag * peer->share + producer->pushed++ % peer->share];
    node->item = *item;
    cds_wfcq_node_init(&node->node);
    (void)cds_wfcq_enqueue(&peer->head, &peer->tail, &node->node);
    return true;
}

static inline bool peer_urcu_pop(void *queue, struct myc_queue_item *item)
{
    struct peer_urcu *peer = queue;
    struct cds_wfcq_node *found = __cds_wfcq_dequeue_nonblocking(&peer->head, &peer->tail);
    if (found == NULL || found == CDS_WFCQ_WOULDBLOCK) {
        return false;
    }
    *item = ((const struct peer_urcu_node *)(const void *)found)->item;
    struct myc_atomic_u64 *returned = &peer->producers[item->tag].returned;
    // Acquired by peer_urcu_push.
    myc_store_release_u64(returned, myc_load_relaxed_u64(returned) + 1);
    return true;
}

#endif
#endif
