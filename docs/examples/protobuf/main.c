// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A Protocol Buffers message through the bus: packed into the ring, checked, unpacked without
 * malloc.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <mycelium/posix.h>
#include <mycelium/protobuf.h>

#include "quote.pb-c.h"

enum { READER_BYTES = 4096 };

// In the contract: Quote: { tlv_type: 1, topic: quotes, fields: { body: tail bytes } }
static const struct myc_message_type message = {
    .id = 1, .version = 1, .size = 8, .name = "Quote", .topic = "quotes"};
static const struct myc_message_type *const messages[] = {&message};
static const struct myc_contract contract = {
    .name = "market",
    .id = 1,
    .version = 1,
    .min_compatible = 1,
    .message_count = 1,
    .messages = messages};

static const struct myc_payload payload = {
    .message = &message, .check = myc_protobuf_check, .schema = &quote__descriptor};
MYC_PROTOBUF_TYPED(quote, Quote, payload)

static void must(enum myc_status status, const char *what)
{
    if (status != MYC_OK) {
        fprintf(stderr, "%s: %s\n", what, myc_status_sentence(status));
        exit(1);
    }
}

static void on_message(const struct myc_delivery *delivery, void *context)
{
    struct myc_diagnostic why;
    const Quote *quote = NULL;
    if (quote_unpack(context, delivery->record, &quote, &why) != MYC_OK) {
        printf("refused: %s\n", why.text);
        return;
    }
    printf(
        "quote %" PRIu64 " of %s, best at %s for %" PRId64 "\n",
        quote->id,
        quote->symbol,
        quote->legs[0]->venue,
        quote->legs[0]->price);
}

static void publish(struct myc_publisher *publisher)
{
    Leg leg = LEG__INIT;
    Leg *legs[] = {&leg};
    Quote quote = QUOTE__INIT;
    leg.venue = "north";
    leg.has_price = 1;
    leg.price = -17;
    quote.id = 1;
    quote.symbol = "WETH";
    quote.legs = legs;
    quote.n_legs = 1;
    must(quote_publish(publisher, &quote), "a quote");
    // No bytes at all are a message without its id.
    must(myc_payload_publish(publisher, &payload, NULL, "", 0), "nothing");
}

int main(void)
{
    struct myc_platform *platform = NULL;
    const struct myc_topology topology = {.nodes = {{.name = "all"}}, .node_count = 1};
    const struct myc_bus_options options = {
        .topology = &topology, .node = "all", .contract = &contract};
    struct myc_waiter waiter;
    struct myc_bus *bus = NULL;
    struct myc_publisher *publisher = NULL;
    struct myc_subscriber *subscriber = NULL;
    struct myc_protobuf_reader reader;
    must(myc_posix_create(&platform, NULL), "the platform");
    must(myc_waiter_open(&waiter, platform), "a waiter");
    must(myc_bus_create(platform, &options, &bus, NULL), "the bus");
    must(myc_publisher_create(bus, &waiter, "quotes", NULL, &publisher, NULL), "a publisher");
    must(myc_subscriber_create(bus, &waiter, "quotes", &subscriber, NULL), "a subscriber");
    must(myc_protobuf_reader_open(&reader, platform, READER_BYTES), "a reader");

    publish(publisher);
    size_t count = myc_subscriber_poll(subscriber, on_message, NULL, &reader, 16);

    myc_protobuf_reader_close(&reader);
    myc_bus_destroy(bus);
    myc_waiter_close(&waiter);
    myc_posix_destroy(platform);
    return count == 2 ? 0 : 1;
}
