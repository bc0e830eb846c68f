// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A service's context, as the node that runs it sees it.
 */
#ifndef MYC_BUS_SERVICE_H
#define MYC_BUS_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/bus.h>
#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/service.h>

struct myc_context {
    struct myc_platform *platform;
    struct myc_bus *bus;
    const struct myc_service *service;
    void *argument;
    void *state;
    void *scratch; /* for messages shorter than their struct */
    size_t scratch_bytes;
    uint64_t publisher_epoch; /* of the message being handled; else 0 */
    uint64_t spin_ns;
    struct myc_waiter waiter;
    struct myc_atomic_u32 stop;
    uint32_t publisher_count;
    uint32_t subscriber_count;
    struct myc_publisher *publishers[MYC_SERVICE_TOPICS_MAX];
    const char *publisher_topics[MYC_SERVICE_TOPICS_MAX];
    struct myc_subscriber *subscribers[MYC_SERVICE_TOPICS_MAX];
    const char *subscriber_topics[MYC_SERVICE_TOPICS_MAX];
    uint64_t refused;              /* notices of messages that were not handled, for the log */
    struct myc_diagnostic failure; /* why a subscriber closed itself; OK: none did */
    struct myc_service_report report;
};

/**
 * Makes a context ready: waiter, memory, publishers and subscribers.
 *
 * Errors: NO_MEMORY, LIMIT, NOT_FOUND (a topic the contract does not have).
 */
MYC_MUST_USE enum myc_status myc__context_init(
    struct myc_context *context,
    struct myc_platform *platform,
    struct myc_bus *bus,
    const struct myc_contract *contract,
    const struct myc_service_entry *entry,
    const struct myc_node_options *options,
    struct myc_diagnostic *diagnostic);

/** Runs a service from init to shutdown on the calling thread; fills the report. */
void myc__context_run(struct myc_context *context, uint64_t close_timeout_ns);

/** Frees the context's memory and waiter; its publishers and subscribers are the bus's. */
void myc__context_deinit(struct myc_context *context);

/** Asks the service to stop and breaks off its blocked publishing. Threads: any; signal handlers.
 */
void myc__context_cancel(struct myc_context *context);

#endif
