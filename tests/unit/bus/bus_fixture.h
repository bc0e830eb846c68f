// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Two buses in one process on the real backend, driven in turn by the one test thread, and a
 * subscriber that checks order and counts what it hears.
 */
#ifndef MYC_UNIT_BUS_BUS_FIXTURE_H
#define MYC_UNIT_BUS_BUS_FIXTURE_H

#define _POSIX_C_SOURCE 200809L /* mkdtemp */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mycelium/bus.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/listener.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/stream.h>
#include <mycelium/posix.h>
#include <mycelium/topology.h>

#include "bus/internal.h"

enum { SIDES_MAX = 2, SEEN_NOTICES_MAX = 64, RING_BYTES = 8192 };

static const uint64_t patience_ns = 20000000000;

struct message {
    uint64_t value;
    uint64_t twice; /* must be 2 * value */
};

static inline enum myc_status
message_validate(const void *payload, size_t size, struct myc_diagnostic *diagnostic)
{
    struct message message;
    (void)size;
    memcpy(&message, payload, sizeof(message));
    if (message.twice == 2 * message.value) {
        return MYC_OK;
    }
    return myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "twice is not twice the value");
}

static const struct myc_message_type alpha = {
    .id = 1,
    .version = 1,
    .size = sizeof(struct message),
    .name = "Alpha",
    .topic = "alpha",
    .validate = message_validate,
};
static const struct myc_message_type beta = {
    .id = 2, .version = 1, .size = 8, .name = "Beta", .topic = "beta"};
static const struct myc_message_type *const fixture_messages[] = {&alpha, &beta};
static const struct myc_contract fixture_contract = {
    .name = "fixture",
    .id = 77,
    .version = 1,
    .min_compatible = 1,
    .message_count = 2,
    .messages = fixture_messages,
    .digest = {1, 2, 3},
};

/** What a subscriber heard, checked for order as it came. */
struct seen {
    uint64_t base; /* sequence at the match */
    uint64_t last;
    uint64_t delivered;
    uint64_t lost;
    uint64_t last_value;
    bool is_out_of_order;
    size_t notice_count;
    struct myc_notice notices[SEEN_NOTICES_MAX];
    struct myc_subscriber *close_in_handler; /* closed by the handler of the first message */
};

struct fixture {
    struct myc_platform *platform;
    struct myc_topology topology;
    const struct myc_contract *contracts[SIDES_MAX]; /* NULL: the fixture's own */
    struct myc_waiter waiters[SIDES_MAX];
    struct myc_bus *buses[SIDES_MAX];
    struct myc_publisher *publisher;
    struct myc_subscriber *subscriber;
    struct seen seen;
    size_t descriptors;
    char directory[32];
};

/** Open descriptors of this process. */
static inline size_t fixture_count_descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count;
}

/** A loopback address of this process alone, so that nobody takes a port between finding it free
 * and listening there. */
static inline void fixture_own_host(char *host, size_t size)
{
    unsigned pid = (unsigned)getpid();
    (void)snprintf(
        host, size, "127.%u.%u.%u", 1 + (pid >> 14) % 250, (pid >> 7) % 128, 1 + pid % 128);
}

static inline uint16_t fixture_free_port(struct myc_platform *platform, const char *host)
{
    struct myc_address address = {.kind = MYC_ADDRESS_TCP};
    (void)snprintf(address.text, sizeof(address.text), "%s", host);
    struct myc_address local;
    struct myc_handle listener;
    assert_int_equal(myc_listener_listen(platform->listener, &address, 1, &listener, NULL), MYC_OK);
    assert_int_equal(myc_listener_local_address(platform->listener, listener, &local), MYC_OK);
    myc_listener_close(platform->listener, listener);
    return local.port;
}

static inline void fixture_open_side(struct fixture *fixture, int side)
{
    struct myc_diagnostic diagnostic;
    struct myc_bus_options options = {
        .topology = &fixture->topology,
        .node = side == 0 ? "left" : "right",
        .contract = fixture->contracts[side] != NULL ? fixture->contracts[side] : &fixture_contract,
        .ring_bytes = RING_BYTES,
        // Both sides stand still when the test does: that is no death.
        .heartbeat_timeout_ns = patience_ns,
        .handshake_timeout_ns = patience_ns,
    };
    assert_int_equal(myc_waiter_open(&fixture->waiters[side], fixture->platform), MYC_OK);
    assert_int_equal(
        myc_bus_create(fixture->platform, &options, &fixture->buses[side], &diagnostic), MYC_OK);
}

static inline void fixture_close_side(struct fixture *fixture, int side)
{
    myc_bus_destroy(fixture->buses[side]);
    fixture->buses[side] = NULL;
    myc_waiter_close(&fixture->waiters[side]);
}

/** A platform and a topology of one LOCAL or two linked nodes; no bus yet. */
static inline void fixture_init(struct fixture *fixture, enum myc_transport_kind transport)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->descriptors = fixture_count_descriptors();
    assert_int_equal(myc_posix_create(&fixture->platform, NULL), MYC_OK);
    fixture->topology.node_count = transport == MYC_TRANSPORT_LOCAL ? 1 : SIDES_MAX;
    (void)snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/myc-bus-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    for (uint32_t i = 0; i < fixture->topology.node_count; i++) {
        struct myc_topology_node *node = &fixture->topology.nodes[i];
        (void)snprintf(node->name, sizeof(node->name), "%s", i == 0 ? "left" : "right");
        node->transport = transport;
        if (transport == MYC_TRANSPORT_TCP) {
            node->address.kind = MYC_ADDRESS_TCP;
            fixture_own_host(node->address.text, sizeof(node->address.text));
            do {
                node->address.port = fixture_free_port(fixture->platform, node->address.text);
            } while (i > 0 && node->address.port == fixture->topology.nodes[0].address.port);
        } else if (transport != MYC_TRANSPORT_LOCAL) {
            node->address.kind = MYC_ADDRESS_UNIX;
            (void)snprintf(
                node->address.text,
                sizeof(node->address.text),
                "%s/%s",
                fixture->directory,
                i == 0 ? "left" : "right");
        }
    }
}

/** The same with its buses. */
static inline void fixture_open(struct fixture *fixture, enum myc_transport_kind transport)
{
    fixture_init(fixture, transport);
    for (uint32_t i = 0; i < fixture->topology.node_count; i++) {
        fixture_open_side(fixture, (int)i);
    }
}

/** Closes all; nothing may be left open. */
static inline void fixture_close(struct fixture *fixture)
{
    char path[64];
    for (int i = 0; i < SIDES_MAX; i++) {
        fixture_close_side(fixture, i);
    }
    myc_posix_destroy(fixture->platform);
    for (int i = 0; i < SIDES_MAX; i++) {
        (void)snprintf(
            path, sizeof(path), "%s/%s.lock", fixture->directory, i == 0 ? "left" : "right");
        (void)unlink(path);
    }
    assert_int_equal(rmdir(fixture->directory), 0);
    assert_int_equal(fixture_count_descriptors(), fixture->descriptors);
}

/** One turn of each agent. */
static inline void fixture_work(struct fixture *fixture)
{
    for (int i = 0; i < SIDES_MAX; i++) {
        if (fixture->buses[i] != NULL) {
            (void)myc_bus_work(fixture->buses[i], 0);
        }
    }
}

static inline void fixture_on_message(const struct myc_delivery *delivery, void *context)
{
    struct seen *seen = context;
    if (delivery->record->sequence != seen->last + 1) {
        seen->is_out_of_order = true;
    }
    seen->last = delivery->record->sequence;
    seen->last_value = ((const struct message *)delivery->record->payload)->value;
    seen->delivered++;
    if (seen->close_in_handler != NULL) {
        myc_subscriber_close(seen->close_in_handler);
    }
}

static inline void fixture_on_notice(const struct myc_notice *notice, void *context)
{
    struct seen *seen = context;
    if (notice->kind == MYC_NOTICE_MATCHED || notice->kind == MYC_NOTICE_PEER_RESTARTED) {
        // A new stream: the account starts again here.
        seen->base = notice->last;
        seen->last = notice->last;
        seen->delivered = 0;
        seen->lost = 0;
    } else if (notice->kind == MYC_NOTICE_GAP) {
        if (notice->first != seen->last + 1 || notice->last != seen->last + notice->count) {
            seen->is_out_of_order = true;
        }
        seen->last = notice->last;
        seen->lost += notice->count;
    }
    if (seen->notice_count < SEEN_NOTICES_MAX) {
        seen->notices[seen->notice_count++] = *notice;
    }
}

static inline size_t fixture_poll(struct fixture *fixture)
{
    return myc_subscriber_poll(
        fixture->subscriber, fixture_on_message, fixture_on_notice, &fixture->seen, 1000);
}

/** How often a kind of notice was heard, and the last of them. */
static inline size_t
seen_notices(const struct seen *seen, enum myc_notice_kind kind, struct myc_notice *out_last)
{
    size_t count = 0;
    for (size_t i = 0; i < seen->notice_count; i++) {
        if (seen->notices[i].kind == kind) {
            count++;
            if (out_last != NULL) {
                *out_last = seen->notices[i];
            }
        }
    }
    return count;
}

/** Turns agents, and polls if asked to, until `condition` holds; fails after the patience. */
#define FIXTURE_UNTIL(fixture, polls, condition)                                                   \
    do {                                                                                           \
        uint64_t end_ns_ = myc_clock_monotonic_ns((fixture)->platform->clock) + patience_ns;       \
        while (!(condition)) {                                                                     \
            fixture_work(fixture);                                                                 \
            if (polls) {                                                                           \
                (void)fixture_poll(fixture);                                                       \
            }                                                                                      \
            assert_true(myc_clock_monotonic_ns((fixture)->platform->clock) < end_ns_);             \
        }                                                                                          \
    } while (0)

/** A publisher on the left, a subscriber on the right (or on the left, if it is alone), matched. */
static inline void fixture_match_with(struct fixture *fixture, enum myc_full_policy on_full)
{
    int right = fixture->buses[1] != NULL ? 1 : 0;
    struct myc_publisher_options options = {.on_full = on_full};
    assert_int_equal(
        myc_publisher_create(
            fixture->buses[0], &fixture->waiters[0], "alpha", &options, &fixture->publisher, NULL),
        MYC_OK);
    assert_int_equal(
        myc_subscriber_create(
            fixture->buses[right], &fixture->waiters[right], "alpha", &fixture->subscriber, NULL),
        MYC_OK);
    FIXTURE_UNTIL(fixture, true, fixture->seen.notice_count == 1);
    assert_int_equal(fixture->seen.notices[0].kind, MYC_NOTICE_MATCHED);
    assert_int_equal(myc_publisher_await_subscribers(fixture->publisher, 1, 0), MYC_OK);
}

static inline void fixture_match(struct fixture *fixture)
{
    fixture_match_with(fixture, MYC_FULL_REJECT);
}

/** Publishes one message whose value is its sequence. */
static inline enum myc_status fixture_publish(struct fixture *fixture)
{
    uint64_t value = myc_publisher_accepted(fixture->publisher) + 1;
    struct message message = {.value = value, .twice = 2 * value};
    return myc_publish(fixture->publisher, &alpha, &message, sizeof(message));
}

static inline void fixture_publish_many(struct fixture *fixture, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(fixture_publish(fixture), MYC_OK);
    }
}

/** accepted = delivered + lost + in flight, with the first three counted independently. */
static inline void fixture_check_account(const struct fixture *fixture, uint64_t in_flight)
{
    const struct seen *seen = &fixture->seen;
    assert_false(seen->is_out_of_order);
    assert_int_equal(
        myc_publisher_accepted(fixture->publisher) - seen->base,
        seen->delivered + seen->lost + in_flight);
}

/** Memory that lets nothing out and counts who asked. */
struct closed_memory {
    struct myc_memory base;
    struct myc_memory *inner;
    uint32_t requests;
};

static inline void *refuse_memory(struct myc_memory *memory, size_t size, size_t alignment)
{
    struct closed_memory *closed = MYC_CONTAINER_OF(memory, struct closed_memory, base);
    (void)size;
    (void)alignment;
    closed->requests++;
    return NULL;
}

static inline void release_memory(struct myc_memory *memory, void *bytes, size_t size)
{
    struct closed_memory *closed = MYC_CONTAINER_OF(memory, struct closed_memory, base);
    myc_memory_release(closed->inner, bytes, size);
}

static const struct myc_memory_ops closed_memory_ops = {
    .size = sizeof(struct myc_memory_ops),
    .allocate = refuse_memory,
    .release = release_memory,
};

#endif
