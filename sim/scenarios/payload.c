// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Protocol Buffers quotes from one node to another over TCP. Every fifth is damaged before it is
// published; the reader must hear exactly the others, in order, and be told of each damaged one.
#include <inttypes.h>
#include <stdlib.h>

#include <mycelium/protobuf.h>
#include <mycelium/sim.h>
#include <mycelium/sim/node.h>

#include "quote.pb-c.h"

enum { QUOTES = 300, DAMAGED_EVERY = 5, READER_BYTES = 2048, BYTES_MAX = 512, NOTE_BYTES = 400 };

static const struct myc_message_type quote_type = {
    .id = 1, .version = 1, .size = 8, .name = "QuoteMessage", .topic = "quotes"};
static const struct myc_message_type *const messages[] = {&quote_type};
static const struct myc_contract contract = {
    .name = "market",
    .id = 7,
    .version = 1,
    .min_compatible = 1,
    .message_count = 1,
    .messages = messages,
    .digest = {7}};
static const struct myc_payload payload = {
    .message = &quote_type, .check = myc_protobuf_check, .schema = &quote__descriptor};
MYC_PROTOBUF_TYPED(quote, Quote, payload)

struct tally {
    struct myc_sim *sim;
    uint64_t last;
    uint64_t good;
    uint64_t bad;
    struct myc_protobuf_reader reader;
};

static bool is_damaged(uint64_t number)
{
    return number % DAMAGED_EVERY == 0;
}

// The damaged ones end inside their note.
static enum myc_status send(struct myc_publisher *quotes, uint64_t number)
{
    char symbol[] = "WETH-USDC";
    uint8_t bytes[BYTES_MAX];
    uint8_t note[NOTE_BYTES] = {0};
    Quote quote = QUOTE__INIT;
    quote.id = number;
    quote.symbol = symbol;
    quote.has_note = 1;
    quote.note = (ProtobufCBinaryData){sizeof(note), note};
    if (!is_damaged(number)) {
        return quote_publish(quotes, &quote);
    }
    size_t size = quote__pack(&quote, bytes);
    return myc_payload_publish(quotes, &payload, NULL, bytes, size - 1 - number % 8);
}

static enum myc_status quote_all(struct myc_context *context)
{
    struct myc_publisher *quotes = myc_context_publisher(context, "quotes");
    uint64_t deadline_ns = myc_context_now_ns(context) + UINT64_C(30000000000);
    enum myc_status status = myc_publisher_await_subscribers(quotes, 1, deadline_ns);
    for (uint64_t i = 1; i <= QUOTES && status == MYC_OK; i++) {
        status = send(quotes, i);
    }
    return status;
}

static enum myc_status open_reader(struct myc_context *context)
{
    struct tally *tally = myc_context_argument(context);
    return myc_protobuf_reader_open(&tally->reader, myc_context_platform(context), READER_BYTES);
}

static void close_reader(struct myc_context *context)
{
    struct tally *tally = myc_context_argument(context);
    myc_protobuf_reader_close(&tally->reader);
}

static void
on_quote(struct myc_context *context, const void *message, const struct myc_record *record)
{
    struct tally *tally = myc_context_argument(context);
    struct myc_diagnostic why;
    const Quote *quote = NULL;
    enum myc_status status = quote_unpack(&tally->reader, record, &quote, &why);
    (void)message;
    tally->last++;
    myc_sim_check(
        tally->sim,
        (status == MYC_CORRUPT) == is_damaged(tally->last),
        "damaged quotes are refused, and no others");
    if (status == MYC_OK) {
        tally->good++;
        myc_sim_check(tally->sim, quote->id == tally->last, "quotes come in order");
        myc_sim_check(tally->sim, strcmp(quote->symbol, "WETH-USDC") == 0, "quotes come whole");
    } else {
        tally->bad++;
        myc_sim_check(tally->sim, why.text[0] != '\0', "a refusal has a reason");
    }
    if (tally->last == QUOTES) {
        myc_context_request_stop(context);
    }
}

static const char *const topics[] = {"quotes", NULL};
static const struct myc_handler handlers[] = {{.type = &quote_type, .handle = on_quote}};
static const struct myc_service quoter = {.name = "quoter", .publishes = topics, .run = quote_all};
static const struct myc_service reader = {
    .name = "reader",
    .handlers = handlers,
    .handler_count = 1,
    .init = open_reader,
    .shutdown = close_reader};

static const struct myc_topology topology = {
    .node_count = 2,
    .nodes =
        {{.name = "left",
          .transport = MYC_TRANSPORT_TCP,
          .address = {.kind = MYC_ADDRESS_TCP, .text = "10.0.0.1", .port = 4711},
          .services = {"quoter"},
          .service_count = 1},
         {.name = "right",
          .transport = MYC_TRANSPORT_TCP,
          .address = {.kind = MYC_ADDRESS_TCP, .text = "10.0.0.2", .port = 4712},
          .services = {"reader"},
          .service_count = 1}},
};

static void run_payload(struct myc_sim *sim)
{
    struct tally tally = {.sim = sim};
    const struct myc_service_entry services[] = {{&quoter, NULL}, {&reader, &tally}};
    struct myc_sim_node left = {
        .contract = &contract,
        .services = services,
        .service_count = 2,
        .topology = &topology,
        .name = "left"};
    struct myc_sim_node right = left;
    right.name = "right";
    struct myc_sim_process there =
        myc_sim_start(sim, "10.0.0.2", "right", myc_sim_node_main, &right);
    struct myc_sim_process here = myc_sim_start(sim, "10.0.0.1", "left", myc_sim_node_main, &left);
    bool is_over = myc_sim_run_until_ended(sim, there, UINT64_C(120000000000))
                   && myc_sim_run_until_ended(sim, here, UINT64_C(120000000000));
    myc_sim_check(sim, is_over, "all is read within two minutes");
    myc_sim_check(sim, tally.good + tally.bad == QUOTES, "every quote is accounted for");
    myc_sim_check(sim, tally.bad == QUOTES / DAMAGED_EVERY, "every damaged quote is told");
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"payload", "Protocol Buffers over TCP, some of it damaged", run_payload}};
    return myc_sim_main(argc, argv, scenarios, 1);
}
