// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A FlatBuffers message through the bus: verified, then read in place, in C.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <mycelium/flatbuffers.h>
#include <mycelium/posix.h>

#include "writer.h"

enum { QUOTE_BYTES_MAX = 1024, QUOTE_ID = 0, QUOTE_SYMBOL = 1, QUOTE_LEGS = 3 };
enum { LEG_VENUE = 0, LEG_PRICE = 1 };

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

static const struct myc_flatbuffers_schema schema = {.verify = quote_verify};
static const struct myc_payload payload = {
    .message = &message, .check = myc_flatbuffers_check, .schema = &schema};

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
    struct myc_const_span bytes;
    uint32_t count = 0;
    (void)context;
    if (myc_payload_view(&payload, delivery->record, &bytes, &why) != MYC_OK) {
        printf("refused: %s\n", why.text);
        return;
    }
    const void *quote = myc_flatbuffers_root(bytes.data);
    const char *symbol = myc_flatbuffers_vector(quote, QUOTE_SYMBOL, &count);
    const void *legs = myc_flatbuffers_vector(quote, QUOTE_LEGS, &count);
    const void *best = count > 0 ? myc_flatbuffers_follow(legs) : NULL;
    if (symbol == NULL || best == NULL) {
        printf("a quote without a symbol or a leg\n");
        return;
    }
    const char *venue = myc_flatbuffers_vector(best, LEG_VENUE, &count);
    printf(
        "quote %" PRIu64 " of %s, best at %s for %" PRId64 "\n",
        myc_flatbuffers_unsigned(quote, QUOTE_ID, sizeof(uint64_t), 0),
        symbol,
        venue,
        myc_flatbuffers_signed(best, LEG_PRICE, sizeof(int64_t), 0));
}

static void publish(struct myc_publisher *publisher)
{
    unsigned char *bytes = NULL;
    void *room = NULL;
    // Built in the ring itself.
    must(myc_payload_claim(publisher, &payload, NULL, QUOTE_BYTES_MAX, &room), "room");
    size_t size = quote_write(room, QUOTE_BYTES_MAX);
    must(myc_payload_commit(publisher, &payload, room, size), "a quote");
    must(myc_payload_claim(publisher, &payload, NULL, QUOTE_BYTES_MAX, &room), "room");
    bytes = room;
    size = quote_write(bytes, QUOTE_BYTES_MAX);
    bytes[0] = 0xFF; // the root lies elsewhere
    must(myc_payload_commit(publisher, &payload, room, size), "a damaged quote");
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
    must(myc_posix_create(&platform, NULL), "the platform");
    must(myc_waiter_open(&waiter, platform), "a waiter");
    must(myc_bus_create(platform, &options, &bus, NULL), "the bus");
    must(myc_publisher_create(bus, &waiter, "quotes", NULL, &publisher, NULL), "a publisher");
    must(myc_subscriber_create(bus, &waiter, "quotes", &subscriber, NULL), "a subscriber");

    publish(publisher);
    size_t count = myc_subscriber_poll(subscriber, on_message, NULL, NULL, 16);

    myc_bus_destroy(bus);
    myc_waiter_close(&waiter);
    myc_posix_destroy(platform);
    return count == 2 ? 0 : 1;
}
