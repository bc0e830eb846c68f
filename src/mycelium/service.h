// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Services: the user's code, the same object in a thread, a process and the simulator.
 *
 * A service is a constant description: its name, what it publishes, which messages it handles, and
 * functions that get a context. It reaches the world through the context only, so a topology file
 * decides where it runs and a seed can replay it. A node runs the services that its topology lists,
 * each on a thread of its own.
 *
 * Threads: all functions of a service run on its own thread, and so must every context call but
 * myc_context_request_stop().
 */
#ifndef MYC_SERVICE_H
#define MYC_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/bus.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/log.h>
#include <mycelium/interface/platform.h>
#include <mycelium/record.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>
#include <mycelium/topology.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MYC_SERVICE_TOPICS_MAX = 8,   /* topics a service publishes, and topics it subscribes to */
    MYC_SERVICE_COUNTERS_MAX = 16 /* named counters of a service */
};

struct myc_context;

/**
 * Handles one message. `message` is the typed struct, in place in the ring where it fits; `record`
 * tells type, sequence and raw bytes. Both are valid until the function returns.
 */
typedef void
myc_handler_fn(struct myc_context *context, const void *message, const struct myc_record *record);

/** Calls `handle` as the function of a message's own type that it was before it was stored. */
typedef void myc_handler_call_fn(
    myc_handler_fn *handle,
    struct myc_context *context,
    const void *message,
    const struct myc_record *record);

/**
 * A message and what handles it. Generated code has an initializer for each message, which takes a
 * function with the message's own struct and checks it: TRADING_ORDER_HANDLER(on_order).
 */
struct myc_handler {
    const struct myc_message_type *type;
    myc_handler_fn *handle;
    myc_handler_call_fn *call; /* NULL: `handle` is called as it is */
};

/** Hands a message to a handler, as a node does. */
static inline void myc_handler_run(
    const struct myc_handler *handler,
    struct myc_context *context,
    const void *message,
    const struct myc_record *record)
{
    if (handler->call != NULL) {
        handler->call(handler->handle, context, message, record);
    } else {
        handler->handle(context, message, record);
    }
}

struct myc_service {
    const char *name;
    size_t state_bytes; /* zeroed memory the service gets for itself; see myc_context_state() */

    /** Topics it publishes, ended by NULL; may be NULL. Publishers exist before init is called. */
    const char *const *publishes;

    /** Messages it handles; their topics are subscribed to before init is called. */
    const struct myc_handler *handlers;
    size_t handler_count;

    /** Called once, first. May wait, e.g. for subscribers. Not OK ends the node. May be NULL. */
    enum myc_status (*init)(struct myc_context *context);

    /**
     * The service's own loop; it calls myc_context_poll() or _wait() itself if it has handlers.
     * NULL: the node polls the handlers until the service stops. Not OK ends the node.
     */
    enum myc_status (*run)(struct myc_context *context);

    /** Told of losses, deaths and matches. May be NULL: they are logged and counted in any case. */
    void (*notice)(struct myc_context *context, const struct myc_notice *notice);

    /** Called once, last, if init was called. It may still publish. May be NULL. */
    void (*shutdown)(struct myc_context *context);

    /**
     * How its subscribers read, e.g. what becomes of messages of unknown types; zero: the default,
     * which passes over and counts them. With MYC_UNKNOWN_FAIL the first one ends the service, and
     * so the node, with MISMATCH. Handlers are never called for unknown types.
     */
    struct myc_subscriber_options reading;
};

/* ---- What a service can do ---- */

/** Its zeroed memory of state_bytes, 64-aligned. */
void *myc_context_state(struct myc_context *context);

/** What the program gave the node for this service. */
void *myc_context_argument(struct myc_context *context);

/** The publisher of a topic in `publishes`, or NULL. Generated publish functions take it. */
struct myc_publisher *myc_context_publisher(struct myc_context *context, const char *topic);

/** The subscriber of a topic it has handlers for, or NULL: its counts, its store. */
struct myc_subscriber *myc_context_subscriber(struct myc_context *context, const char *topic);

/**
 * The epoch of the publisher whose message is being handled: each start of a publisher has another,
 * and sequences count within one. 0 outside handlers.
 */
uint64_t myc_context_publisher_epoch(struct myc_context *context);

/** Monotonic ns. */
uint64_t myc_context_now_ns(struct myc_context *context);

/**
 * Sleeps until the deadline; notices of its publishers are told meanwhile. Blocks.
 *
 * Returns: OK at the deadline, CANCELLED when asked to stop.
 */
enum myc_status myc_context_sleep_until(struct myc_context *context, uint64_t deadline_ns);

/** Handles what is there now, at most `messages_max`; returns how many. For services with `run`. */
size_t myc_context_poll(struct myc_context *context, size_t messages_max);

/** Waits until there is something to poll. Blocks. Returns: OK, TIMEOUT, CANCELLED. */
enum myc_status myc_context_wait(struct myc_context *context, uint64_t deadline_ns);

/** Whether the service should come to its end. */
bool myc_context_should_stop(struct myc_context *context);

/** Asks this service to stop: the node ends when all its services have. Threads: any. */
void myc_context_request_stop(struct myc_context *context);

/** Writes a line to the platform's log, with the service's name. */
void myc_context_log(struct myc_context *context, enum myc_log_level level, const char *text);

/** Adds to a named counter (a static string); it appears in the node's report. */
void myc_context_count(struct myc_context *context, const char *name, uint64_t amount);

/** The platform, for services that need more, e.g. files. */
struct myc_platform *myc_context_platform(struct myc_context *context);

/* ---- Node ---- */

struct myc_node;

/** A service as the program offers it, with its argument (may be NULL). */
struct myc_service_entry {
    const struct myc_service *service;
    void *argument;
};

struct myc_node_options {
    const struct myc_topology *topology;
    const char *node;
    const struct myc_contract *contract;
    const struct myc_service_entry *services; /* all the program knows; the topology picks */
    size_t service_count;
    uint64_t ring_bytes;       /* 0: the bus's default */
    uint64_t spin_ns;          /* how long an idle service polls before it sleeps; 0: not at all */
    uint64_t close_timeout_ns; /* for delivering the rest at the end; 0: 5 s */
    uint64_t block_timeout_ns; /* of every publisher; 0: 5 s */
    uint64_t link_grace_ns;    /* as in myc_bus_options, and the next two */
    uint64_t heartbeat_ns;
    uint64_t heartbeat_timeout_ns;
    uint32_t contract_bytes_max; /* as in myc_bus_options */
};

struct myc_counter_value {
    const char *name;
    uint64_t value;
};

/** What one service did, final when myc_node_run() returned. */
struct myc_service_report {
    const char *name;
    enum myc_status status; /* what init or run returned */
    uint64_t delivered;     /* messages handled */
    uint64_t lost;          /* messages reported lost to it */
    uint64_t accepted;      /* messages it published */
    uint64_t undelivered;   /* of these, not passed on by the close deadline */
    uint64_t peers_died;    /* PEER_DIED notices */
    uint64_t unknown;       /* messages of types its contract does not know */
    uint64_t invalid;       /* messages not handled because they break the contract */
    uint64_t premature;     /* messages not handled because what they require had not come */
    uint32_t counter_count;
    struct myc_counter_value counters[MYC_SERVICE_COUNTERS_MAX];
};

/**
 * Creates a node: the bus, and every service that the topology lists for it.
 *
 * Errors: as myc_bus_create(); NOT_FOUND (the topology names a service the program does not know).
 */
MYC_MUST_USE enum myc_status myc_node_create(
    struct myc_platform *platform,
    const struct myc_node_options *options,
    struct myc_node **out_node,
    struct myc_diagnostic *diagnostic);

/**
 * Runs the services until all have stopped, delivers the rest, closes. Blocks. Call once.
 *
 * Returns: OK; the first failing service's status; MISMATCH when a peer has another contract.
 */
MYC_MUST_USE enum myc_status myc_node_run(struct myc_node *node, struct myc_diagnostic *diagnostic);

/** Asks every service to stop. Threads: any; also from a signal handler. */
void myc_node_request_stop(struct myc_node *node);

/** The report of the node's service with that index; NULL beyond the last. */
const struct myc_service_report *myc_node_report(const struct myc_node *node, size_t index);

/** Frees the node. Accepts NULL. Not while it runs. */
void myc_node_destroy(struct myc_node *node);

#ifdef __cplusplus
}
#endif

#endif
