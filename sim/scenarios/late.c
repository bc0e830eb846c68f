// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Greetings that arrive late: a node dials, and what it said reaches the publisher's node only
 * after it has dialled again, or died and come back.
 *
 * The publisher's node is a real one; the subscriber's is played by this file, byte by byte as
 * docs/reference/session.md has it, so that a HELLO can be held back in the middle.
 *
 * Oracles: an attempt that is not newer than the open one is turned away, and so is one of an
 * incarnation that is over; the connection that is open stays so and hands over each message once,
 * in order; one that is newer takes its place, and the old one ends.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/bus.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/stream.h>
#include <mycelium/interface/thread.h>
#include <mycelium/record.h>

enum {
    RING_BYTES = 4096,
    HELLO_BYTES = MYC_RECORD_HEADER_BYTES + 192,
    RECORD_BYTES_MAX = MYC_RECORD_HEADER_BYTES + 192,
    CONTROL = 0,
    DATA = 1,
    ATTEMPT = 5 /* of the connection that is open */
};

static const uint64_t ms_ns = 1000000;
static const uint64_t second_ns = 1000000000;

static const struct myc_message_type number_type = {
    .id = 1, .version = 1, .size = 8, .name = "Number", .topic = "numbers"};
static const struct myc_message_type *const number_types[] = {&number_type};
static const struct myc_contract number_contract = {
    .name = "numbers",
    .id = 9,
    .version = 1,
    .min_compatible = 1,
    .message_count = 1,
    .messages = number_types,
    .digest = {1}};

/* What comes late; 0 is boring. */
enum lateness { OLDER_ATTEMPT, SAME_ATTEMPT, OLD_INCARNATION, NEWER_ATTEMPT, LATENESS_COUNT };

static const char *const lateness_texts[] = {
    "an older attempt", "the same attempt", "an old incarnation", "a newer attempt"};

/** Outlives its processes: they leave here what the director and the oracles look at. */
static struct run {
    struct myc_sim *sim;
    enum lateness lateness;
    struct myc_topology topology;
    bool is_over;
} run;

static void must(enum myc_status status, const char *what)
{
    if (status != MYC_OK) {
        myc_sim_fail(run.sim, "%s: %s", what, myc_status_name(status));
    }
}

static void rest(struct myc_waiter *waiter, uint64_t duration_ns)
{
    struct myc_event event;
    size_t count = 0;
    uint64_t deadline_ns = myc_clock_monotonic_ns(waiter->platform->clock) + duration_ns;
    myc_waiter_clear(waiter);
    (void)myc_poller_wait(waiter->platform->poller, waiter->poller, &event, 1, deadline_ns, &count);
}

// ---- The publisher's node ----

struct agent {
    struct myc_bus *bus;
    struct myc_atomic_u32 is_over;
};

static void run_agent(void *context)
{
    struct agent *agent = context;
    // Pairs with the release in publisher_main.
    while (myc_load_acquire_u32(&agent->is_over) == 0) {
        (void)myc_bus_work(agent->bus, MYC_NEVER);
    }
}

static void publish_until_over(struct myc_publisher *publisher, struct myc_waiter *waiter)
{
    while (!run.is_over) {
        uint64_t number = myc_publisher_accepted(publisher) + 1;
        enum myc_status status = myc_publish(publisher, &number_type, &number, sizeof(number));
        bool is_known = status == MYC_OK || status == MYC_NO_SUBSCRIBER || status == MYC_FULL;
        myc_sim_check(run.sim, is_known, "a publisher goes on whoever dials");
        struct myc_notice notice;
        while (myc_publisher_notice(publisher, &notice) == MYC_OK) {
            myc_sim_count(run.sim, "notices", 1);
        }
        rest(waiter, ms_ns);
    }
}

static int publisher_main(struct myc_platform *platform, void *arg)
{
    struct agent agent = {0};
    struct myc_handle thread;
    struct myc_waiter waiter;
    struct myc_publisher *publisher = NULL;
    struct myc_close_report report;
    const struct myc_bus_options options = {
        .topology = &run.topology,
        .node = run.topology.nodes[0].name,
        .contract = &number_contract,
        .ring_bytes = RING_BYTES};
    const struct myc_publisher_options reject = {.on_full = MYC_FULL_REJECT};
    (void)arg;
    must(myc_waiter_open(&waiter, platform), "no waiter");
    must(myc_bus_create(platform, &options, &agent.bus, NULL), "no bus");
    must(myc_thread_start(platform->thread, run_agent, &agent, NULL, &thread), "no agent");
    must(
        myc_publisher_create(agent.bus, &waiter, "numbers", &reject, &publisher, NULL),
        "no publisher");
    publish_until_over(publisher, &waiter);
    (void)myc_publisher_close(publisher, myc_clock_monotonic_ns(platform->clock), &report);
    myc_store_release_u32(&agent.is_over, 1);
    myc_bus_wake(agent.bus);
    myc_thread_join(platform->thread, thread);
    myc_bus_close(agent.bus);
    myc_bus_destroy(agent.bus);
    myc_waiter_close(&waiter);
    return 0;
}

// ---- The node that dials ----

struct peer {
    struct myc_platform *platform;
    struct myc_waiter waiter;
    uint64_t node_epoch;
    uint64_t publisher_id;
    uint64_t publisher_epoch;
};

struct connection {
    struct peer *peer;
    struct myc_handle stream;
    unsigned char hello[HELLO_BYTES];
    size_t sent;
    unsigned char record[RECORD_BYTES_MAX];
    size_t bytes;
    uint64_t next; /* the sequence that must come next */
};

static void put(unsigned char *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (unsigned char)(value >> (8 * i));
    }
}

static uint64_t get(const unsigned char *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

static void dial(struct peer *peer, struct connection *connection, uint64_t kind, uint64_t attempt)
{
    const struct myc_address *address = &run.topology.nodes[0].address;
    unsigned char *payload = connection->hello + MYC_RECORD_HEADER_BYTES;
    memset(connection, 0, sizeof(*connection));
    connection->peer = peer;
    put(connection->hello, myc_record_word(MYC_RECORD_HELLO, 1, 192), MYC_RECORD_HEADER_BYTES);
    memcpy(payload, "MYCELIUM", 8);
    put(payload + 8, 1, 2);
    put(payload + 10, 1, 2);
    put(payload + 12, kind, 2);
    put(payload + 14, number_contract.version, 2);
    put(payload + 16, number_contract.min_compatible, 2);
    put(payload + 20, number_contract.id, 4);
    memcpy(payload + 24, number_contract.digest, MYC_DIGEST_BYTES);
    memcpy(payload + 56, run.topology.nodes[1].name, MYC_NAME_BYTES);
    memcpy(payload + 88, run.topology.nodes[0].name, MYC_NAME_BYTES);
    put(payload + 120, peer->node_epoch, 8);
    put(payload + 128, peer->publisher_id, 8);
    put(payload + 136, peer->publisher_epoch, 8);
    put(payload + 144, attempt, 8);
    put(payload + 152, 1, 8);
    uint64_t end_ns = myc_sim_now_ns(run.sim) + second_ns;
    enum myc_status status = MYC_AGAIN;
    while (status != MYC_OK && myc_sim_now_ns(run.sim) < end_ns) {
        status = myc_stream_connect(peer->platform->stream, address, &connection->stream, NULL);
        if (status == MYC_OK) {
            while ((status = myc_stream_connect_result(peer->platform->stream, connection->stream))
                   == MYC_AGAIN) {
                rest(&peer->waiter, ms_ns / 4);
            }
            if (status != MYC_OK) {
                myc_stream_close(peer->platform->stream, connection->stream);
            }
        }
        if (status != MYC_OK) {
            rest(&peer->waiter, ms_ns); // Nobody listens yet.
        }
    }
    must(status, "the publisher's node cannot be reached");
}

static void hang_up(struct connection *connection)
{
    myc_stream_close(connection->peer->platform->stream, connection->stream);
}

// Sends the HELLO as far as its byte `end`.
static void greet(struct connection *connection, size_t end)
{
    struct peer *peer = connection->peer;
    while (connection->sent < end) {
        struct myc_const_span span = {connection->hello + connection->sent, end - connection->sent};
        size_t bytes = 0;
        enum myc_status status =
            myc_stream_writev(peer->platform->stream, connection->stream, &span, 1, &bytes);
        connection->sent += bytes;
        if (status == MYC_AGAIN) {
            rest(&peer->waiter, ms_ns / 4);
        } else {
            must(status, "a HELLO cannot be sent");
        }
    }
}

/* Reads one record. Returns: OK, END (that is all there was), TIMEOUT. */
static enum myc_status hear(struct connection *connection, struct myc_record_header *out_header)
{
    struct peer *peer = connection->peer;
    uint64_t end_ns = myc_sim_now_ns(run.sim) + second_ns;
    size_t want = MYC_RECORD_HEADER_BYTES;
    connection->bytes = 0;
    while (myc_sim_now_ns(run.sim) < end_ns) {
        struct myc_span span = {connection->record + connection->bytes, want - connection->bytes};
        size_t bytes = 0;
        enum myc_status status =
            myc_stream_readv(peer->platform->stream, connection->stream, &span, 1, &bytes);
        connection->bytes += bytes;
        if (status == MYC_AGAIN) {
            rest(&peer->waiter, ms_ns / 4);
        } else if (status != MYC_OK) {
            return MYC_END;
        }
        if (connection->bytes == MYC_RECORD_HEADER_BYTES) {
            *out_header = myc_record_header(get(connection->record, MYC_RECORD_HEADER_BYTES));
            want = (size_t)myc_record_bytes(out_header->length);
            myc_sim_check(run.sim, want <= RECORD_BYTES_MAX, "a record has a length that can be");
        }
        if (connection->bytes == want) {
            return MYC_OK;
        }
    }
    return MYC_TIMEOUT;
}

static const unsigned char *payload_of(const struct connection *connection)
{
    return connection->record + MYC_RECORD_HEADER_BYTES;
}

static void hear_welcome(struct connection *connection)
{
    struct myc_record_header header = {0};
    enum myc_status status = hear(connection, &header);
    myc_sim_check(
        run.sim, status == MYC_OK && header.type == MYC_RECORD_WELCOME, "who dials is welcome");
    connection->next = get(payload_of(connection) + 40, 8) + 1;
}

// A REJECT that the socket does not take at once is dropped: then the end says enough.
static void hear_reject(struct connection *connection, enum myc_status wanted)
{
    struct myc_record_header header = {0};
    enum myc_status status = hear(connection, &header);
    if (status == MYC_OK) {
        myc_sim_check(
            run.sim,
            header.type == MYC_RECORD_REJECT && get(payload_of(connection), 4) == (uint64_t)wanted,
            "who comes too late is turned away, and told why");
        status = hear(connection, &header);
        myc_sim_count(run.sim, "rejects", 1);
    }
    myc_sim_check(run.sim, status == MYC_END, "who is turned away hears nothing more");
}

static void hear_messages(struct connection *connection, uint64_t count)
{
    struct myc_record_header header = {0};
    for (uint64_t i = 0; i < count; i++) {
        enum myc_status status = hear(connection, &header);
        myc_sim_check(run.sim, status == MYC_OK, "a connection that is open stays open");
        myc_sim_check(
            run.sim,
            header.type == number_type.id && get(payload_of(connection), 8) == connection->next,
            "each message comes once, in order");
        connection->next++;
    }
    myc_sim_count(run.sim, "messages", count);
}

static void open_link(struct peer *peer, struct connection *control)
{
    struct myc_record_header header = {0};
    dial(peer, control, CONTROL, 0);
    greet(control, HELLO_BYTES);
    hear_welcome(control);
    enum myc_status status = hear(control, &header);
    myc_sim_check(
        run.sim,
        status == MYC_OK && header.type == MYC_RECORD_ANNOUNCE,
        "publishers are announced");
    peer->publisher_id = get(payload_of(control), 8);
    peer->publisher_epoch = get(payload_of(control) + 8, 8);
}

static void open_data(struct peer *peer, struct connection *data, uint64_t attempt)
{
    dial(peer, data, DATA, attempt);
    greet(data, HELLO_BYTES);
    hear_welcome(data);
    hear_messages(data, 1 + myc_sim_choose(run.sim, "late.before", 8));
}

// The old connection ends, whatever was still under way, and the new one has all that follows.
static void check_replaced(struct connection *old, struct connection *late)
{
    struct myc_record_header header = {0};
    enum myc_status status = MYC_OK;
    hear_welcome(late);
    hear_messages(late, 4);
    for (int i = 0; i < 64 && status == MYC_OK; i++) {
        status = hear(old, &header);
    }
    myc_sim_check(run.sim, status == MYC_END, "a connection that was replaced ends");
    hear_messages(late, 4);
}

static int peer_main(struct myc_platform *platform, void *arg)
{
    struct peer peer = {.platform = platform, .node_epoch = 101};
    struct connection control;
    struct connection late;
    struct connection open;
    uint64_t attempt = ATTEMPT;
    (void)arg;
    must(myc_waiter_open(&peer.waiter, platform), "no waiter");
    open_link(&peer, &control);
    attempt += run.lateness == OLDER_ATTEMPT ? UINT64_MAX : 0; // one less
    attempt += run.lateness == NEWER_ATTEMPT || run.lateness == OLD_INCARNATION ? 1 : 0;
    dial(&peer, &late, DATA, attempt);
    greet(&late, (size_t)myc_sim_choose(run.sim, "late.sent", HELLO_BYTES));
    if (run.lateness == OLD_INCARNATION) {
        hang_up(&control);
        peer.node_epoch++;
        open_link(&peer, &control);
    }
    open_data(&peer, &open, ATTEMPT);
    greet(&late, HELLO_BYTES);
    if (run.lateness == NEWER_ATTEMPT) {
        check_replaced(&open, &late);
    } else {
        hear_reject(&late, run.lateness == OLD_INCARNATION ? MYC_NOT_CONNECTED : MYC_INVALID);
        hear_messages(&open, 8);
    }
    hang_up(&late);
    hang_up(&open);
    hang_up(&control);
    myc_waiter_close(&peer.waiter);
    run.is_over = true;
    return 0;
}

// ---- The director ----

static void build_topology(struct myc_sim *sim)
{
    static const char *const endpoints[2] = {"unix:/run/publisher", "unix:/run/late"};
    static const char *const names[2] = {"publisher", "late"};
    run.topology.node_count = 2;
    for (size_t i = 0; i < 2; i++) {
        struct myc_topology_node *node = &run.topology.nodes[i];
        memcpy(node->name, names[i], strlen(names[i]) + 1);
        enum myc_status status =
            myc_endpoint_parse(endpoints[i], NULL, &node->transport, &node->address, NULL);
        myc_sim_check(sim, status == MYC_OK, "the scenario's endpoints are good");
    }
}

static bool have_ended(void *context)
{
    const struct myc_sim_process *processes = context;
    return !myc_sim_is_running(run.sim, processes[0]) && !myc_sim_is_running(run.sim, processes[1]);
}

static void run_late(struct myc_sim *sim)
{
    memset(&run, 0, sizeof(run));
    run.sim = sim;
    run.lateness = (enum lateness)myc_sim_choose(sim, "late.kind", LATENESS_COUNT);
    build_topology(sim);
    // So little is under way here that even the smallest buffers of a kernel are never full.
    myc_sim_allow(sim, MYC_SIM_FAULT_SMALL_BUFFER, false);
    struct myc_sim_process processes[2] = {
        myc_sim_start(sim, "host", "publisher", publisher_main, NULL),
        myc_sim_start(sim, "host", "late", peer_main, NULL)};
    bool is_over =
        myc_sim_run_until(sim, have_ended, processes, myc_sim_now_ns(sim) + 60 * second_ns);
    myc_sim_check(sim, is_over, "every process comes to its end");
    myc_sim_count(sim, lateness_texts[run.lateness], 1);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"late-hello", "greetings that reach a publisher's node after later ones", run_late},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
