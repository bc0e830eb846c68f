// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Nodes of a bus with one publisher and one subscriber each, driven by the measuring thread itself:
 * it calls myc_bus_work() and myc_subscriber_poll() in one loop, so nothing is handed to another
 * thread.
 */
#ifndef MYC_BENCH_BUS_FIXTURE_H
#define MYC_BENCH_BUS_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/bus.h>
#include <mycelium/schema.h>
#include <mycelium/topology.h>

enum { BUS_MESSAGE_WORDS = 8, BUS_MESSAGE_BYTES = 64, BUS_FOLDER_BYTES = 64 };

/** The two messages of the benchmarks' contract: "there" from the first node, "back" to it. */
extern const struct myc_message_type bus_message_there;
extern const struct myc_message_type bus_message_back;

/** Where the nodes of a run lie: made before the partner starts, so that both know it. */
struct bus_plan {
    struct myc_topology topology;
    char folder[BUS_FOLDER_BYTES]; /* of the socket paths; empty if there are none */
};

/** Plans one LOCAL node "first", or the nodes "first" and "second" of another transport. */
bool bus_plan_make(enum myc_transport_kind transport, struct bus_plan *out_plan);

/** Removes what the plan put on disk. */
void bus_plan_remove(struct bus_plan *plan);

struct bus_node {
    struct myc_platform *platform;
    struct myc_bus *bus;
    struct myc_waiter publisher_waiter;
    struct myc_waiter subscriber_waiter;
    struct myc_publisher *publisher;
    struct myc_subscriber *subscriber;
    /* Written by whoever polls, so on lines that whoever publishes does not read. */
    uint64_t sum __attribute__((aligned(128))); /* of all words received */
    uint64_t count;                             /* of messages received */
    uint64_t unused[14];
};

/**
 * Opens a node that publishes one message's topic and subscribes to another's. A full ring refuses;
 * who publishes spins or works.
 */
bool bus_node_open(
    struct bus_node *node,
    const struct bus_plan *plan,
    const char *name,
    const struct myc_message_type *published,
    const struct myc_message_type *subscribed,
    bool is_flush_manual);

/** Works until the publisher has a subscriber and, if asked for, the subscriber a publisher. */
bool bus_node_meet(struct bus_node *node, bool needs_publisher, bool needs_subscriber);

/** Closes and frees. Accepts a zeroed node. */
void bus_node_close(struct bus_node *node);

/** Publishes 64 bytes in place; false with *out_is_full if the ring has no room now. */
static inline bool bus_node_try_send(
    struct bus_node *node, const struct myc_message_type *type, uint64_t value, bool *out_is_full)
{
    void *payload = NULL;
    enum myc_status status =
        myc_publisher_claim(node->publisher, type, BUS_MESSAGE_BYTES, &payload);
    *out_is_full = status == MYC_FULL;
    if (status != MYC_OK) {
        return false;
    }
    uint64_t *words = payload;
    for (uint32_t i = 0; i < BUS_MESSAGE_WORDS; i++) {
        words[i] = value + i;
    }
    return myc_publisher_commit(node->publisher, BUS_MESSAGE_BYTES) == MYC_OK;
}

/** Publishes, spinning while the ring is full. False, with a message, if it was refused. */
bool bus_node_send(struct bus_node *node, const struct myc_message_type *type, uint64_t value);

/** Delivers at most `messages_max` messages, adding their words up. How many. */
size_t bus_node_poll(struct bus_node *node, size_t messages_max);

#endif
