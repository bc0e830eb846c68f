// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A peer that hands over segments which are not what the bus asked for.
 *
 * Between a publisher's node and a subscriber's stands a proxy, which passes on every byte and
 * every handle but, once, one of those that belong to shared memory: in its place it puts a segment
 * that is too short, too long, not sealed or too much, empty, half-initialised, of another layout,
 * the wrong one of the two, or no segment at all; or it keeps handles back. Segments that shrink
 * after they were mapped need none of their own: without the seal nobody maps them.
 *
 * Oracles: the subscriber's node lives, maps nothing of it and is handed no message; its publisher
 * is not held up; and once the proxy is honest, messages arrive. What is not given back in the end
 * the harness reports.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/bus.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/listener.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/shm.h>
#include <mycelium/interface/stream.h>
#include <mycelium/interface/thread.h>

#include <mycelium/sim/internal.h> // how much a process has mapped

enum {
    RING_BYTES = 4096,
    CHUNK_BYTES = 512,
    LAYOUT_VERSION_AT = 8, /* in a ring's segment, behind its magic */
    HEADER_BYTES = 512,    /* more than the constant part of one and its mark */
    ATTACH_HANDLES = 3     /* ring, page, doorbell: what a publisher's node hands over together */
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

/* X(name, text): what the proxy puts in a handle's place; 0 is boring. */
#define LIE_LIST(X)                                                                                \
    X(NONE, "honest")                                                                              \
    X(RING_LONG, "ring too long")                                                                  \
    X(RING_SHORT, "ring too short")                                                                \
    X(RING_UNSEALED, "ring unsealed")                                                              \
    X(RING_WRITABLE, "ring writable for others")                                                   \
    X(RING_EMPTY, "ring empty")                                                                    \
    X(RING_HALF, "ring half-initialised")                                                          \
    X(RING_LAYOUT, "ring of another layout")                                                       \
    X(RING_IS_PAGE, "page for a ring")                                                             \
    X(RING_IS_BELL, "doorbell for a ring")                                                         \
    X(PAGE_LONG, "page too long")                                                                  \
    X(PAGE_UNSEALED, "page unsealed")                                                              \
    X(PAGE_SEALED, "page sealed against its reader")                                               \
    X(PAGE_IS_RING, "ring for a page")                                                             \
    X(PAGE_IS_BELL, "doorbell for a page")                                                         \
    X(ONE_HANDLE, "one handle")                                                                    \
    X(NO_HANDLE, "no handles")

enum lie {
#define LIE_ENUM(name, text) LIE_##name,
    LIE_LIST(LIE_ENUM)
#undef LIE_ENUM
        LIE_COUNT
};

static const char *const lie_texts[] = {
#define LIE_TEXT(name, text) text,
    LIE_LIST(LIE_TEXT)
#undef LIE_TEXT
};

/** Outlives its processes: they leave here what the director and the oracles look at. */
static struct run {
    struct myc_sim *sim;
    enum lie lie;
    struct myc_topology topologies[2]; /* the publisher's, and the subscriber's with the proxy */
    bool is_over;
    bool has_lied;   /* the proxy handed over what it was told to */
    bool is_honest;  /* from now on */
    bool hangs_up;   /* the proxy ends the connection */
    uint64_t tried;  /* messages that the publisher offered */
    uint64_t handed; /* messages that the subscriber was handed */
} run;

// ---- Nodes ----

struct agent {
    struct myc_bus *bus;
    struct myc_atomic_u32 is_over;
};

static void run_agent(void *context)
{
    struct agent *agent = context;
    // Pairs with the release in close_bus.
    while (myc_load_acquire_u32(&agent->is_over) == 0) {
        (void)myc_bus_work(agent->bus, MYC_NEVER);
    }
}

struct node {
    struct myc_platform *platform;
    struct agent agent;
    struct myc_handle thread;
    struct myc_waiter waiter;
};

static void must(enum myc_status status, const char *what)
{
    if (status != MYC_OK) {
        myc_sim_fail(run.sim, "%s: %s", what, myc_status_name(status));
    }
}

static void open_node(struct node *node, struct myc_platform *platform, size_t index)
{
    const struct myc_bus_options options = {
        .topology = &run.topologies[index],
        .node = run.topologies[index].nodes[index].name,
        .contract = &number_contract,
        .ring_bytes = RING_BYTES};
    memset(node, 0, sizeof(*node));
    node->platform = platform;
    must(myc_waiter_open(&node->waiter, platform), "no waiter");
    must(myc_bus_create(platform, &options, &node->agent.bus, NULL), "no bus");
    must(
        myc_thread_start(platform->thread, run_agent, &node->agent, NULL, &node->thread),
        "no agent");
}

static void close_node(struct node *node)
{
    myc_store_release_u32(&node->agent.is_over, 1);
    myc_bus_wake(node->agent.bus);
    myc_thread_join(node->platform->thread, node->thread);
    myc_bus_close(node->agent.bus);
    myc_bus_destroy(node->agent.bus);
    myc_waiter_close(&node->waiter);
}

static void rest(struct myc_waiter *waiter, uint64_t duration_ns)
{
    struct myc_event event;
    size_t count = 0;
    uint64_t deadline_ns = myc_clock_monotonic_ns(waiter->platform->clock) + duration_ns;
    myc_waiter_clear(waiter);
    (void)myc_poller_wait(waiter->platform->poller, waiter->poller, &event, 1, deadline_ns, &count);
}

static int publisher_main(struct myc_platform *platform, void *arg)
{
    struct node node;
    struct myc_publisher *publisher = NULL;
    const struct myc_publisher_options options = {.on_full = MYC_FULL_REJECT};
    struct myc_close_report report;
    (void)arg;
    open_node(&node, platform, 0);
    must(
        myc_publisher_create(node.agent.bus, &node.waiter, "numbers", &options, &publisher, NULL),
        "no publisher");
    for (uint64_t number = 1; !run.is_over; number++) {
        void *payload = NULL;
        enum myc_status status = myc_publisher_claim(publisher, &number_type, 8, &payload);
        if (status == MYC_OK) {
            memcpy(payload, &number, sizeof(number));
            status = myc_publisher_commit(publisher, sizeof(number));
        }
        bool is_known = status == MYC_OK || status == MYC_NO_SUBSCRIBER || status == MYC_FULL;
        myc_sim_check(run.sim, is_known, "a publisher goes on whatever becomes of its segments");
        run.tried = number;
        rest(&node.waiter, 5 * ms_ns);
    }
    (void)myc_publisher_close(
        publisher, myc_clock_monotonic_ns(platform->clock) + second_ns, &report);
    close_node(&node);
    return 0;
}

static void on_message(const struct myc_delivery *delivery, void *context)
{
    uint64_t number;
    (void)context;
    memcpy(&number, delivery->record->payload, sizeof(number));
    myc_sim_check(
        run.sim, number > 0 && number <= run.tried + 1, "a message is one that was published");
    run.handed++;
}

static void on_notice(const struct myc_notice *notice, void *context)
{
    (void)notice;
    (void)context;
}

static int subscriber_main(struct myc_platform *platform, void *arg)
{
    struct node node;
    struct myc_subscriber *subscriber = NULL;
    (void)arg;
    open_node(&node, platform, 1);
    must(
        myc_subscriber_create(node.agent.bus, &node.waiter, "numbers", &subscriber, NULL),
        "no subscriber");
    while (!run.is_over) {
        if (myc_subscriber_poll(subscriber, on_message, on_notice, NULL, 16) == 0) {
            uint64_t deadline_ns = myc_clock_monotonic_ns(platform->clock) + 20 * ms_ns;
            myc_waiter_clear(&node.waiter);
            (void)myc_subscribers_wait(&node.waiter, &subscriber, 1, deadline_ns);
        }
    }
    myc_subscriber_close(subscriber);
    close_node(&node);
    return 0;
}

// ---- The proxy ----

/* One way: what was read from one end and not yet written to the other. */
struct way {
    struct myc_handle from;
    struct myc_handle to;
    unsigned char bytes[CHUNK_BYTES];
    size_t size;
    size_t sent;
    struct myc_handle handles[MYC_STREAM_HANDLES_MAX];
    size_t handle_count;
    bool may_lie;
};

static void close_handles(struct myc_platform *platform, struct way *way)
{
    for (size_t i = 0; i < way->handle_count; i++) {
        myc_shm_close(platform->shm, way->handles[i]);
    }
    way->handle_count = 0;
}

/* A segment of its own, with what the ring holds as far as `keep`. */
static struct myc_handle
forge(struct myc_platform *platform, const void *ring, size_t bytes, size_t keep, uint32_t seals)
{
    struct myc_handle handle = {0};
    void *memory = NULL;
    must(myc_shm_create(platform->shm, "forged", bytes, &handle), "no segment");
    must(myc_shm_map(platform->shm, handle, bytes, MYC_SHM_READ_WRITE, &memory), "no mapping");
    memcpy(memory, ring, keep < bytes ? keep : bytes);
    if (run.lie == LIE_RING_LAYOUT) {
        ((unsigned char *)memory)[LAYOUT_VERSION_AT]++;
    }
    myc_shm_unmap(platform->shm, memory, bytes);
    if (seals != 0) {
        must(myc_shm_seal(platform->shm, handle, seals), "no seal");
    }
    return handle;
}

static struct myc_handle forge_ring(struct myc_platform *platform, struct myc_handle ring)
{
    size_t bytes = 0;
    uint32_t seals = 0;
    void *memory = NULL;
    must(myc_shm_inspect(platform->shm, ring, &bytes, &seals), "the ring is a segment");
    must(myc_shm_map(platform->shm, ring, bytes, MYC_SHM_READ, &memory), "the ring can be read");
    size_t keep = bytes;
    size_t forged = bytes;
    if (run.lie == LIE_RING_EMPTY) {
        keep = 0;
    } else if (run.lie == LIE_RING_HALF) {
        keep = (size_t)myc_sim_range(run.sim, "foreign.kept", 1, 255);
    } else if (run.lie == LIE_RING_LONG) {
        forged = bytes * 2;
    } else if (run.lie == LIE_RING_SHORT) {
        forged = bytes - 4096;
    } else if (run.lie == LIE_RING_UNSEALED) {
        seals = 0;
    } else if (run.lie == LIE_RING_WRITABLE) {
        seals = MYC_SEAL_SIZE;
    }
    struct myc_handle handle = forge(platform, memory, forged, keep, seals);
    myc_shm_unmap(platform->shm, memory, bytes);
    return handle;
}

static struct myc_handle forge_page(struct myc_platform *platform, struct myc_handle page)
{
    size_t bytes = 0;
    uint32_t seals = 0;
    must(myc_shm_inspect(platform->shm, page, &bytes, &seals), "the page is a segment");
    if (run.lie == LIE_PAGE_LONG) {
        bytes *= 2;
    } else if (run.lie == LIE_PAGE_UNSEALED) {
        seals = 0;
    } else if (run.lie == LIE_PAGE_SEALED) {
        seals = MYC_SEAL_SIZE | MYC_SEAL_WRITE;
    }
    return forge(platform, "", bytes, 0, seals);
}

static void put(struct myc_platform *platform, struct way *way, size_t at, struct myc_handle other)
{
    myc_shm_close(platform->shm, way->handles[at]);
    way->handles[at] = other;
}

static struct myc_handle a_doorbell(struct myc_platform *platform)
{
    struct myc_handle bell = {0};
    must(myc_doorbell_open(platform->poller, &bell), "no doorbell");
    return bell;
}

/* Does what it was told to with the handles of a publisher's answer. */
static void lie(struct myc_platform *platform, struct way *way)
{
    if (run.lie == LIE_ONE_HANDLE || run.lie == LIE_NO_HANDLE) {
        while (way->handle_count > (run.lie == LIE_ONE_HANDLE ? 1 : 0)) {
            myc_shm_close(platform->shm, way->handles[--way->handle_count]);
        }
    } else if (run.lie == LIE_RING_IS_BELL || run.lie == LIE_PAGE_IS_BELL) {
        put(platform, way, run.lie == LIE_RING_IS_BELL ? 0 : 1, a_doorbell(platform));
    } else if (run.lie == LIE_RING_IS_PAGE) {
        put(platform, way, 0, forge_page(platform, way->handles[1]));
    } else if (run.lie == LIE_PAGE_IS_RING) {
        put(platform, way, 1, forge_ring(platform, way->handles[0]));
    } else if (run.lie >= LIE_PAGE_LONG) {
        put(platform, way, 1, forge_page(platform, way->handles[1]));
    } else if (run.lie != LIE_NONE) {
        put(platform, way, 0, forge_ring(platform, way->handles[0]));
    }
    run.has_lied = true;
}

/* Moves what there is. Returns: false when one end is gone. */
static bool pump(struct myc_platform *platform, struct way *way)
{
    enum myc_status status = MYC_OK;
    size_t bytes = 0;
    if (way->sent == way->size) {
        struct myc_span span = {way->bytes, sizeof(way->bytes)};
        way->sent = 0;
        way->size = 0;
        status = myc_stream_receive_handles(
            platform->stream,
            way->from,
            span,
            way->handles,
            MYC_STREAM_HANDLES_MAX,
            &way->size,
            &way->handle_count);
        bool is_answer = status == MYC_OK && way->handle_count == ATTACH_HANDLES;
        if (is_answer && way->may_lie && !run.is_honest && !run.has_lied) {
            lie(platform, way);
        }
    }
    if (status == MYC_OK && way->sent < way->size) {
        struct myc_const_span rest_of = {way->bytes + way->sent, way->size - way->sent};
        if (way->handle_count > 0) {
            status = myc_stream_send_handles(
                platform->stream, way->to, rest_of, way->handles, way->handle_count, &bytes);
        } else {
            status = myc_stream_writev(platform->stream, way->to, &rest_of, 1, &bytes);
        }
        if (status == MYC_OK) {
            close_handles(platform, way);
            way->sent += bytes;
        }
    }
    return status == MYC_OK || status == MYC_AGAIN;
}

/* Serves one connection until somebody hangs up. */
static void
serve(struct myc_platform *platform, struct myc_waiter *waiter, struct myc_handle client)
{
    struct myc_handle server = {0};
    enum myc_status status =
        myc_stream_connect(platform->stream, &run.topologies[0].nodes[0].address, &server, NULL);
    if (status == MYC_OK) {
        struct way in = {.from = client, .to = server};
        struct way out = {.from = server, .to = client, .may_lie = true};
        while (!run.is_over && !run.hangs_up && pump(platform, &in) && pump(platform, &out)) {
            rest(waiter, ms_ns / 2);
        }
        close_handles(platform, &in);
        close_handles(platform, &out);
        myc_stream_close(platform->stream, server);
    }
    myc_stream_close(platform->stream, client);
    run.hangs_up = false;
}

static int proxy_main(struct myc_platform *platform, void *arg)
{
    struct myc_waiter waiter;
    struct myc_handle listener = {0};
    const struct myc_address *address = &run.topologies[1].nodes[0].address;
    (void)arg;
    must(myc_waiter_open(&waiter, platform), "no waiter");
    must(
        myc_listener_listen(platform->listener, address, 0, &listener, NULL),
        "the proxy cannot listen");
    while (!run.is_over) {
        struct myc_handle client = {0};
        if (myc_listener_accept(platform->listener, listener, &client) == MYC_OK) {
            serve(platform, &waiter, client);
        } else {
            rest(&waiter, ms_ns);
        }
    }
    myc_listener_close(platform->listener, listener);
    myc_waiter_close(&waiter);
    return 0;
}

// ---- The director ----

static void build_topologies(struct myc_sim *sim)
{
    static const char *const endpoints[2][2] = {
        {"shm:/run/publisher", "shm:/run/subscriber"}, {"shm:/run/proxy", "shm:/run/subscriber"}};
    static const char *const names[2] = {"publisher", "subscriber"};
    for (size_t i = 0; i < 2; i++) {
        run.topologies[i].node_count = 2;
        for (size_t j = 0; j < 2; j++) {
            struct myc_topology_node *node = &run.topologies[i].nodes[j];
            memcpy(node->name, names[j], strlen(names[j]) + 1);
            enum myc_status status =
                myc_endpoint_parse(endpoints[i][j], NULL, &node->transport, &node->address, NULL);
            myc_sim_check(sim, status == MYC_OK, "the scenario's endpoints are good");
        }
    }
}

static bool has_lied(void *context)
{
    (void)context;
    return run.has_lied;
}

static bool was_handed_more(void *context)
{
    return run.handed >= *(const uint64_t *)context;
}

static bool have_ended(void *context)
{
    const struct myc_sim_process *processes = context;
    for (size_t i = 0; i < 3; i++) {
        if (myc_sim_is_running(run.sim, processes[i])) {
            return false;
        }
    }
    return true;
}

static void check_refused(struct myc_sim *sim, struct myc_sim_process subscriber)
{
    uint64_t tried = run.tried;
    bool is_lie = run.lie != LIE_NONE;
    myc_sim_run_for(sim, 2 * second_ns);
    myc_sim_check(sim, myc_sim_is_running(sim, subscriber), "the subscriber's node lives");
    myc_sim_check(sim, is_lie || run.handed > 0, "what an honest peer sends is handed over");
    myc_sim_check(sim, run.tried > tried, "the publisher is not held up");
    if (is_lie && run.lie < LIE_ONE_HANDLE) {
        uint32_t mapped = sim__known_process(sim, subscriber)->mapping_count;
        myc_sim_check(sim, run.handed == 0, "nothing is handed over from a foreign segment");
        myc_sim_check(sim, mapped == 0, "nothing of a foreign segment stays mapped");
    }
}

static void run_foreign(struct myc_sim *sim)
{
    memset(&run, 0, sizeof(run));
    run.sim = sim;
    run.lie = (enum lie)myc_sim_choose(sim, "foreign.lie", LIE_COUNT);
    build_topologies(sim);
    // So little is under way here that even the smallest buffers of a kernel are never full.
    myc_sim_allow(sim, MYC_SIM_FAULT_SMALL_BUFFER, false);
    struct myc_sim_process processes[3] = {
        myc_sim_start(sim, "host", "publisher", publisher_main, NULL),
        myc_sim_start(sim, "host", "proxy", proxy_main, NULL),
        myc_sim_start(sim, "host", "subscriber", subscriber_main, NULL)};
    bool is_told = myc_sim_run_until(sim, has_lied, NULL, myc_sim_now_ns(sim) + 60 * second_ns);
    myc_sim_check(sim, is_told, "the publisher hands its segments over");
    check_refused(sim, processes[2]);
    run.is_honest = true;
    run.hangs_up = true;
    uint64_t wanted = run.handed + 5;
    bool is_heard =
        myc_sim_run_until(sim, was_handed_more, &wanted, myc_sim_now_ns(sim) + 60 * second_ns);
    myc_sim_check(sim, is_heard, "a peer that behaves is heard again");
    run.is_over = true;
    bool is_over =
        myc_sim_run_until(sim, have_ended, processes, myc_sim_now_ns(sim) + 60 * second_ns);
    myc_sim_check(sim, is_over, "every process comes to its end");
    myc_sim_count(sim, lie_texts[run.lie], 1);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"foreign-segment",
         "a peer hands over segments that are not what they should be",
         run_foreign},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
