// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One node on the real backend with a topic of one message, whose last record is kept.
 */
#ifndef MYC_UNIT_PAYLOAD_PAYLOAD_FIXTURE_H
#define MYC_UNIT_PAYLOAD_PAYLOAD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/payload.h>
#include <mycelium/posix.h>

struct payload_fixture {
    struct myc_platform *platform;
    struct myc_contract contract;
    const struct myc_message_type *types[1];
    struct myc_waiter waiter;
    struct myc_bus *bus;
    struct myc_publisher *publisher;
    struct myc_subscriber *subscriber;
};

static inline void
payload_fixture_open(struct payload_fixture *fixture, const struct myc_message_type *type)
{
    static const struct myc_topology topology = {.nodes = {{.name = "all"}}, .node_count = 1};
    *fixture = (struct payload_fixture){.types = {type}};
    fixture->contract = (struct myc_contract){
        .name = "fixture",
        .id = 1,
        .version = 1,
        .min_compatible = 1,
        .message_count = 1,
        .messages = fixture->types};
    const struct myc_bus_options options = {
        .topology = &topology, .node = "all", .contract = &fixture->contract};
    assert_int_equal(myc_posix_create(&fixture->platform, NULL), MYC_OK);
    assert_int_equal(myc_waiter_open(&fixture->waiter, fixture->platform), MYC_OK);
    assert_int_equal(myc_bus_create(fixture->platform, &options, &fixture->bus, NULL), MYC_OK);
    assert_int_equal(
        myc_publisher_create(
            fixture->bus, &fixture->waiter, type->topic, NULL, &fixture->publisher, NULL),
        MYC_OK);
    assert_int_equal(
        myc_subscriber_create(
            fixture->bus, &fixture->waiter, type->topic, &fixture->subscriber, NULL),
        MYC_OK);
}

static inline void payload_fixture_close(struct payload_fixture *fixture)
{
    myc_bus_destroy(fixture->bus);
    myc_waiter_close(&fixture->waiter);
    myc_posix_destroy(fixture->platform);
}

/** Delivers exactly one message. */
static inline void
payload_fixture_receive(struct payload_fixture *fixture, myc_delivery_fn *handle, void *context)
{
    assert_int_equal(myc_subscriber_poll(fixture->subscriber, handle, NULL, context, 16), 1);
}

/** A record of exactly `size` bytes, as a reader has it; free(payload) when done. */
static inline struct myc_record
payload_record(const struct myc_message_type *type, const void *bytes, size_t size)
{
    void *copy = malloc(size != 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    return (struct myc_record){
        .type = type->id, .version = type->version, .size = (uint32_t)size, .payload = copy};
}

#endif
