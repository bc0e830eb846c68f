// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A bus and a peer that says what it likes, in the simulator: handshake, contracts shown, control
// records and data. The input's first byte says how the peer begins, the second how much of the
// rest goes over the control connection; what is left answers the bus where it asks for what was
// announced. The bus lives, hands over only valid messages, and gives everything back.
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include "sim.h"

#include <string.h>

#include <mycelium/bus.h>
#include <mycelium/interface/listener.h>
#include <mycelium/interface/stream.h>
#include <mycelium/message.h>

#include "core/sha256.h"
#include "descriptors.h"
#include "transport/stream/channel.h"

enum {
    PREFIX = 2,
    PIECE = 61,
    TURNS = 4,
    RING_BYTES = 8192,
    SWALLOW = 512,
    INPUT_MAX = 4096,
    FORM_BYTES = 1 << 15
};

enum { HONEST_HELLO = 1, OTHER_VERSION = 2, SHOWS_FORM = 4, HONEST_DATA = 8, ANNOUNCES = 16 };

enum { ACCEPT_TRIES = 64 };

static const uint64_t second_ns = 1000000000;

static struct {
    struct myc_sim *sim;
    const uint8_t *bytes;
    size_t size;
    uint8_t begins;
    uint8_t split;
    struct {
        char text[FORM_BYTES]; // the canonical form that the peer shows
        uint32_t size;
        uint16_t version;
        uint8_t digest[MYC_DIGEST_BYTES];
    } form;
} it;

struct node {
    struct myc_platform *platform;
    struct myc_topology topology;
    struct myc_waiter waiter;
    struct myc_bus *bus;
    struct myc_subscriber *subscriber;
    uint64_t delivered;
};

// ---- The node ----

static void on_message(const struct myc_delivery *delivery, void *context)
{
    struct node *node = context;
    const struct myc_record *record = delivery->record;
    const struct myc_message_type *type =
        myc_contract_find(descriptors_of_everything(), record->type);
    struct myc_message message;
    static _Alignas(8) unsigned char scratch[4096];
    node->delivered++;
    if (type != NULL && type->size <= sizeof scratch) {
        bool is_valid = myc_message_view(type, record, scratch, &message, NULL) == MYC_OK
                        && myc_message_validate(&message, NULL) == MYC_OK;
        myc_sim_check(it.sim, is_valid, "a message that is handed over is valid");
    }
}

static void on_notice(const struct myc_notice *notice, void *context)
{
    (void)notice;
    (void)context;
}

static void turn(struct node *node)
{
    for (int i = 0; i < TURNS; i++) {
        (void)myc_bus_work(node->bus, 0);
        (void)myc_subscriber_poll(node->subscriber, on_message, on_notice, node, 64);
    }
    enum myc_status status = myc_bus_status(node->bus, NULL);
    myc_sim_check(it.sim, status == MYC_OK || status == MYC_MISMATCH, "the bus goes on");
}

static bool open_node(struct node *node, struct myc_platform *platform)
{
    static const char *const names[] = {"left", "right"};
    memset(node, 0, sizeof *node);
    node->platform = platform;
    node->topology.node_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        struct myc_topology_node *place = &node->topology.nodes[i];
        (void)snprintf(place->name, sizeof place->name, "%s", names[i]);
        place->transport = MYC_TRANSPORT_UNIX;
        place->address.kind = MYC_ADDRESS_UNIX;
        (void)snprintf(place->address.text, sizeof place->address.text, "/%s", names[i]);
    }
    const struct myc_bus_options options = {
        .topology = &node->topology,
        .node = "left",
        .contract = descriptors_of_everything(),
        .ring_bytes = RING_BYTES};
    if (myc_waiter_open(&node->waiter, platform) != MYC_OK
        || myc_bus_create(platform, &options, &node->bus, NULL) != MYC_OK) {
        return false;
    }
    const char *topic = descriptors_of_everything()->messages[0]->topic;
    return myc_subscriber_create(node->bus, &node->waiter, topic, &node->subscriber, NULL)
           == MYC_OK;
}

static void close_node(struct node *node)
{
    if (node->subscriber != NULL) {
        myc_subscriber_close(node->subscriber);
    }
    myc_bus_close(node->bus);
    turn(node);
    myc_bus_destroy(node->bus);
    myc_waiter_close(&node->waiter);
}

// ---- The peer ----

static void swallow(struct node *node, struct myc_handle stream)
{
    unsigned char bytes[SWALLOW];
    struct myc_span span = {bytes, sizeof bytes};
    size_t count = 0;
    while (myc_stream_readv(node->platform->stream, stream, &span, 1, &count) == MYC_OK) {
    }
}

static void
say(struct node *node, struct myc_handle stream, const unsigned char *bytes, size_t size)
{
    size_t done = 0;
    for (size_t tries = 0; done < size && tries < size + 64; tries++) {
        size_t piece = size - done < PIECE ? size - done : PIECE;
        struct myc_const_span span = {bytes + done, piece};
        size_t count = 0;
        enum myc_status status =
            myc_stream_writev(node->platform->stream, stream, &span, 1, &count);
        if (status != MYC_OK && status != MYC_AGAIN) {
            return; // It hung up.
        }
        done += count;
        turn(node);
        swallow(node, stream);
    }
}

// The peer has our contract, or the same in its next version: a digit of the form's second line.
static void write_form(void)
{
    const struct myc_contract *contract = descriptors_of_everything();
    const char *digit =
        strchr(contract->canonical, '\n') + sizeof("contract everything 1163281746");
    size_t at = (size_t)(digit + 1 - contract->canonical);
    FUZZ_CHECK(contract->canonical_size < FORM_BYTES);
    FUZZ_CHECK(contract->canonical[at] == (char)('0' + contract->version));
    memcpy(it.form.text, contract->canonical, contract->canonical_size);
    it.form.size = contract->canonical_size;
    it.form.version = contract->version;
    if ((it.begins & OTHER_VERSION) != 0) {
        it.form.version++;
        it.form.text[at]++;
    }
    struct myc__sha256 digest;
    myc__sha256_init(&digest);
    myc__sha256_update(&digest, it.form.text, it.form.size);
    myc__sha256_final(&digest, it.form.digest);
}

static void say_hello(struct node *node, struct myc_handle stream, uint16_t kind)
{
    const struct myc_contract *contract = descriptors_of_everything();
    unsigned char record[MYC__HELLO_BYTES];
    struct myc__hello hello = {
        .protocol_min = 1,
        .protocol_max = MYC__PROTOCOL_MAX,
        .kind = kind,
        .contract_version = it.form.version,
        .contract_min_compatible = contract->min_compatible,
        .contract_id = contract->id,
        .node = "right",
        .target = "left",
        .node_epoch = 4711,
        .publisher_id = 1,
        .publisher_epoch = 1,
        .attempt = 1,
        .subscribers = 1,
        .form_bytes = it.form.size,
        .form_max = 65536};
    memcpy(hello.contract_digest, it.form.digest, MYC_DIGEST_BYTES);
    myc__hello_encode(&hello, record);
    say(node, stream, record, sizeof record);
}

static void say_form(struct node *node, struct myc_handle stream)
{
    unsigned char record[MYC__CONTRACT_BYTES];
    for (uint32_t at = 0; at < it.form.size; at += MYC__CONTRACT_PART_BYTES) {
        uint32_t left = it.form.size - at;
        struct myc__contract_part part = {.total = it.form.size, .offset = at};
        part.size = left < MYC__CONTRACT_PART_BYTES ? left : MYC__CONTRACT_PART_BYTES;
        memcpy(part.bytes, it.form.text + at, part.size);
        myc__contract_part_encode(&part, record);
        say(node, stream, record, sizeof record);
    }
}

static void say_announce(struct node *node, struct myc_handle stream)
{
    unsigned char record[MYC__ANNOUNCE_BYTES];
    const char *topic = descriptors_of_everything()->messages[0]->topic;
    struct myc__announce announce = {.publisher_id = 1, .publisher_epoch = 1};
    (void)snprintf(announce.topic, sizeof announce.topic, "%s", topic);
    myc__announce_encode(&announce, record);
    say(node, stream, record, sizeof record);
}

static void say_welcome(struct node *node, struct myc_handle stream)
{
    unsigned char record[MYC__WELCOME_BYTES];
    struct myc__welcome welcome = {.node = "right", .node_epoch = 4711};
    myc__welcome_encode(&welcome, record);
    say(node, stream, record, sizeof record);
}

// The bus asks for what was announced; it may also not.
static bool is_asked(struct node *node, struct myc_handle listener, struct myc_handle *out_stream)
{
    for (int i = 0; i < ACCEPT_TRIES; i++) {
        turn(node);
        if (myc_listener_accept(node->platform->listener, listener, out_stream) == MYC_OK) {
            return true;
        }
    }
    return false;
}

static void lie(struct node *node)
{
    struct myc_stream *streams = node->platform->stream;
    struct myc_listener *listeners = node->platform->listener;
    const struct myc_address *addresses[] = {
        &node->topology.nodes[0].address, &node->topology.nodes[1].address};
    struct myc_handle listener;
    struct myc_handle control;
    struct myc_handle data;
    size_t first = it.size * it.split / UINT8_MAX;
    enum myc_status status = myc_listener_listen(listeners, addresses[1], 4, &listener, NULL);
    myc_sim_check(it.sim, status == MYC_OK, "the peer listens");
    if (myc_stream_connect(streams, addresses[0], &control, NULL) == MYC_OK) {
        if ((it.begins & HONEST_HELLO) != 0) {
            say_hello(node, control, MYC__HELLO_CONTROL);
        }
        if ((it.begins & SHOWS_FORM) != 0) {
            say_form(node, control);
        }
        if ((it.begins & ANNOUNCES) != 0) {
            say_announce(node, control);
        }
        say(node, control, it.bytes, first);
        if (first < it.size && is_asked(node, listener, &data)) {
            if ((it.begins & HONEST_DATA) != 0) {
                say_welcome(node, data);
            }
            say(node, data, it.bytes + first, it.size - first);
            myc_stream_close(streams, data);
        }
        myc_stream_close(streams, control);
    }
    myc_listener_close(listeners, listener);
}

static int serve(struct myc_platform *platform, void *arg)
{
    static struct node node;
    (void)arg;
    bool is_open = open_node(&node, platform);
    myc_sim_check(it.sim, is_open, "the node opens");
    lie(&node);
    turn(&node);
    close_node(&node);
    return 0;
}

struct ended {
    struct myc_sim *sim;
    struct myc_sim_process process;
};

static bool has_ended(void *context)
{
    const struct ended *ended = context;
    return !myc_sim_is_running(ended->sim, ended->process);
}

static void run(struct myc_sim *sim)
{
    it.sim = sim;
    struct ended ended = {sim, myc_sim_start(sim, "a", "left", serve, NULL)};
    bool is_over = myc_sim_run_until(sim, has_ended, &ended, 60 * second_ns);
    myc_sim_check(sim, is_over, "the node ends within a minute");
    myc_sim_check(sim, myc_sim_exit_code(sim, ended.process) == 0, "it lives until then");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct myc_sim_scenario scenario = {"handshake", "", run};
    if (size < PREFIX) {
        return 0;
    }
    it.begins = data[0];
    write_form(); // Before there is a world.
    it.split = data[1];
    it.bytes = data + PREFIX;
    it.size = size - PREFIX < INPUT_MAX ? size - PREFIX : INPUT_MAX;
    return fuzz_sim(&scenario, NULL, 0); // All draws are 0: the peer is what differs.
}
