// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A relay that knows version 1 of a contract passes on messages of version 2, unchanged.
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <mycelium/bus.h>
#include <mycelium/posix.h>
#include <mycelium/raw.h>

#include "market_v1.h"
#include "market_v2.h"

enum { WRITER, NEAR, FAR, READER, NODES };

static const char *const endpoints[NODES] = {
    "unix:relay-writer.sock",
    "unix:relay-near.sock",
    "unix:relay-far.sock",
    "unix:relay-reader.sock"};
static const char *const names[NODES] = {"writer", "near", "far", "reader"};

// Four nodes; a program of its own would have one or, as the relay, two.
struct nodes {
    struct myc_platform *platform;
    struct myc_waiter waiter;
    struct myc_topology topologies[2]; /* writer and near; far and reader */
    struct myc_bus *buses[NODES];
    struct myc_publisher *origin;
    struct myc_publisher *relay;
    struct myc_subscriber *at_relay;
    struct myc_subscriber *at_end;
    int printed;
};

// The whole relay: no type is looked at.
static void pass_on(const struct myc_delivery *delivery, void *context)
{
    struct nodes *nodes = context;
    enum myc_status status = myc_relay(nodes->relay, delivery->record);
    if (status != MYC_OK) {
        printf("not passed on: %s\n", myc_status_sentence(status));
    }
}

static void print(const struct myc_delivery *delivery, void *context)
{
    struct nodes *nodes = context;
    const void *payload = delivery->record->payload;
    if (delivery->record->type == MARKET_V2_QUOTE_TYPE_ID) {
        const struct market_v2_quote *quote = payload;
        printf(
            "quote %" PRIu64 " at %" PRIu64 ", size %" PRIu64 "\n",
            quote->key,
            quote->price,
            quote->size);
    } else if (delivery->record->type == MARKET_V2_NEWS_TYPE_ID) {
        const struct market_v2_news *news = payload;
        printf("news of urgency %" PRIu64 "\n", news->urgency);
    }
    nodes->printed++;
}

static bool open_nodes(struct nodes *nodes)
{
    enum myc_status status = myc_posix_create(&nodes->platform, NULL);
    if (status == MYC_OK) {
        status = myc_waiter_open(&nodes->waiter, nodes->platform);
    }
    for (int i = 0; status == MYC_OK && i < NODES; i++) {
        struct myc_topology *topology = &nodes->topologies[i / 2];
        struct myc_topology_node *node = &topology->nodes[topology->node_count++];
        (void)snprintf(node->name, sizeof(node->name), "%s", names[i]);
        status = myc_endpoint_parse(endpoints[i], NULL, &node->transport, &node->address, NULL);
    }
    for (int i = 0; status == MYC_OK && i < NODES; i++) {
        bool is_end = i == WRITER || i == READER;
        const struct myc_bus_options options = {
            .topology = &nodes->topologies[i / 2],
            .node = names[i],
            .contract = is_end ? &market_v2_contract : &market_v1_contract,
        };
        status = myc_bus_create(nodes->platform, &options, &nodes->buses[i], NULL);
    }
    return status == MYC_OK;
}

static bool open_ends(struct nodes *nodes)
{
    const struct myc_publisher_options publishing = {.is_raw = true};
    const struct myc_subscriber_options reading = {.is_raw = true};
    struct myc_waiter *waiter = &nodes->waiter;
    struct myc_bus **buses = nodes->buses;
    return myc_publisher_create(buses[WRITER], waiter, "market", NULL, &nodes->origin, NULL)
               == MYC_OK
           && myc_publisher_create(buses[FAR], waiter, "market", &publishing, &nodes->relay, NULL)
                  == MYC_OK
           && myc_subscriber_create_with(
                  buses[NEAR], waiter, "market", &reading, &nodes->at_relay, NULL)
                  == MYC_OK
           && myc_subscriber_create(buses[READER], waiter, "market", &nodes->at_end, NULL)
                  == MYC_OK;
}

static void turn(struct nodes *nodes)
{
    for (int i = 0; i < NODES; i++) {
        (void)myc_bus_work(nodes->buses[i], 0);
    }
    (void)myc_subscriber_poll(nodes->at_relay, pass_on, NULL, nodes, 16);
    (void)myc_subscriber_poll(nodes->at_end, print, NULL, nodes, 16);
}

static bool publish(struct nodes *nodes)
{
    const struct market_v2_quote quote = {.key = 7, .price = 700, .size = 3};
    const struct market_v2_news news = {.urgency = 9};
    return market_v2_quote_publish(nodes->origin, &quote) == MYC_OK
           && market_v2_news_publish(nodes->origin, &news) == MYC_OK;
}

int main(void)
{
    struct nodes nodes;
    memset(&nodes, 0, sizeof(nodes));
    bool is_good = open_nodes(&nodes) && open_ends(&nodes);
    while (is_good
           && (myc_subscriber_matched(nodes.at_relay) == 0
               || myc_subscriber_matched(nodes.at_end) == 0)) {
        turn(&nodes);
    }
    is_good = is_good && publish(&nodes);
    while (is_good && nodes.printed < 2) {
        turn(&nodes);
    }
    for (int i = 0; i < NODES; i++) {
        myc_bus_destroy(nodes.buses[i]);
    }
    myc_waiter_close(&nodes.waiter);
    myc_posix_destroy(nodes.platform);
    return is_good ? 0 : 1;
}
