// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Nobody needs a timer to notice what was published. A sleep with a deadline of its own, just in
 * case, would hide every wake-up that was lost; this library has none, and here is the proof.
 *
 * A publisher and a subscriber, in one process or over a transport, that sleep for an hour between
 * messages (over TCP, where there are heartbeats, for a minute). The subscriber sleeps without any
 * deadline. "idle-burst": over a socket, with faults, many short bursts of one of two publishers,
 * read by one thread; nothing is published after a burst that could carry along what it left
 * behind.
 *
 * Oracles: meanwhile neither process passes a single scheduling point, but for the heartbeats that
 * TCP needs; each message arrives although nothing follows; and without faults long before a
 * heartbeat could have woken anybody.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/bus.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/thread.h>

enum {
    RING_BYTES = 4096,
    ROUNDS = 4,
    BURST_ROUNDS = 16,
    BURST_MAX = 6,
    TOPICS_MAX = 2,
    SIZE_MAX_BYTES = RING_BYTES / 4 - 8
};

static const uint64_t ms_ns = 1000000;
static const uint64_t second_ns = 1000000000;

static const struct myc_message_type number_type = {
    .id = 1, .version = 1, .size = 8, .name = "Number", .topic = "numbers"};
static const struct myc_message_type other_type = {
    .id = 2, .version = 1, .size = 8, .name = "Other", .topic = "others"};
static const struct myc_message_type *const number_types[] = {&number_type, &other_type};
static const struct myc_contract number_contract = {
    .name = "numbers",
    .id = 9,
    .version = 1,
    .min_compatible = 1,
    .message_count = 2,
    .messages = number_types,
    .digest = {1}};

enum deployment { LOCAL, SHM, UNIX, TCP, DEPLOYMENT_COUNT };

/** Outlives its processes: they leave here what the director and the oracles look at. */
static struct run {
    struct myc_sim *sim;
    enum deployment deployment;
    struct myc_topology topology;
    uint64_t rounds;
    size_t topics;
    uint64_t period_ns;    /* between messages */
    bool has_bursts;       /* a round is many messages, and faults happen */
    uint64_t published;    /* rounds so far */
    uint64_t sent;         /* messages so far */
    uint64_t published_at; /* virtual ns: the last one */
    uint64_t handed;
    uint64_t slowest_ns;
    size_t ended; /* publishers of whose end the subscriber heard */
} run;

struct node {
    struct myc_platform *platform;
    struct myc_bus *bus;
    struct myc_atomic_u32 is_over;
    struct myc_handle agent;
    struct myc_handle reader; /* a thread beside the publisher, without a transport */
};

static void must(enum myc_status status, const char *what)
{
    if (status != MYC_OK) {
        myc_sim_fail(run.sim, "%s: %s", what, myc_status_name(status));
    }
}

static void run_agent(void *context)
{
    struct node *node = context;
    // Pairs with the release in close_node.
    while (myc_load_acquire_u32(&node->is_over) == 0) {
        (void)myc_bus_work(node->bus, MYC_NEVER);
    }
}

static void open_node(struct node *node, struct myc_platform *platform, size_t index)
{
    const struct myc_bus_options options = {
        .topology = &run.topology,
        .node = run.topology.nodes[index].name,
        .contract = &number_contract,
        .ring_bytes = RING_BYTES};
    memset(node, 0, sizeof(*node));
    node->platform = platform;
    must(myc_bus_create(platform, &options, &node->bus, NULL), "no bus");
    must(myc_thread_start(platform->thread, run_agent, node, NULL, &node->agent), "no agent");
}

static void close_node(struct node *node)
{
    myc_store_release_u32(&node->is_over, 1);
    myc_bus_wake(node->bus);
    myc_thread_join(node->platform->thread, node->agent);
    myc_bus_close(node->bus);
    myc_bus_destroy(node->bus);
}

// ---- The subscriber ----

static void on_message(const struct myc_delivery *delivery, void *context)
{
    (void)delivery;
    (void)context;
    uint64_t took_ns = myc_sim_now_ns(run.sim) - run.published_at;
    run.slowest_ns = took_ns > run.slowest_ns ? took_ns : run.slowest_ns;
    run.handed++;
}

static void on_notice(const struct myc_notice *notice, void *context)
{
    (void)context;
    run.ended += notice->kind != MYC_NOTICE_MATCHED ? 1 : 0;
}

static void read_all(void *context)
{
    struct node *node = context;
    struct myc_subscriber *subscribers[TOPICS_MAX];
    struct myc_waiter waiter;
    must(myc_waiter_open(&waiter, node->platform), "no waiter");
    for (size_t i = 0; i < run.topics; i++) {
        const char *topic = number_types[i]->topic;
        must(
            myc_subscriber_create(node->bus, &waiter, topic, &subscribers[i], NULL),
            "no subscriber");
    }
    while (run.ended < run.topics) {
        size_t count = 0;
        for (size_t i = 0; i < run.topics; i++) {
            count += myc_subscriber_poll(subscribers[i], on_message, on_notice, NULL, 16);
        }
        if (count == 0 && run.ended < run.topics) {
            myc_waiter_clear(&waiter);
            (void)myc_subscribers_wait(&waiter, subscribers, run.topics, MYC_NEVER);
        }
    }
    for (size_t i = 0; i < run.topics; i++) {
        myc_subscriber_close(subscribers[i]);
    }
    if (run.deployment != LOCAL) {
        close_node(node);
    }
    myc_waiter_close(&waiter);
}

static int subscriber_main(struct myc_platform *platform, void *arg)
{
    struct node node;
    (void)arg;
    open_node(&node, platform, 1);
    read_all(&node);
    return 0;
}

// ---- The publisher ----

static void sleep_until(struct myc_waiter *waiter, uint64_t deadline_ns)
{
    struct myc_platform *platform = waiter->platform;
    while (myc_clock_monotonic_ns(platform->clock) < deadline_ns) {
        struct myc_event event;
        size_t count = 0;
        myc_waiter_clear(waiter);
        (void)myc_poller_wait(platform->poller, waiter->poller, &event, 1, deadline_ns, &count);
    }
}

static void publish(struct myc_publisher *const *publishers)
{
    size_t topic = run.topics > 1 ? (size_t)myc_sim_choose(run.sim, "idle.topic", run.topics) : 0;
    struct myc_publisher *publisher = publishers[topic];
    uint64_t count = run.has_bursts ? 1 + myc_sim_choose(run.sim, "idle.burst", BURST_MAX) : 1;
    for (uint64_t i = 0; i < count; i++) {
        size_t size = 8;
        void *payload = NULL;
        if (run.has_bursts) {
            size += (size_t)myc_sim_choose(run.sim, "idle.size", SIZE_MAX_BYTES - 7);
        }
        must(myc_publisher_claim(publisher, number_types[topic], size, &payload), "no room");
        memset(payload, 1, size);
        run.sent++;
        run.published_at = myc_sim_now_ns(run.sim);
        must(myc_publisher_commit(publisher, size), "no commit");
    }
    run.published++;
}

static int publisher_main(struct myc_platform *platform, void *arg)
{
    struct node node;
    struct myc_waiter waiter;
    struct myc_publisher *publishers[TOPICS_MAX];
    struct myc_close_report report;
    (void)arg;
    open_node(&node, platform, 0);
    must(myc_waiter_open(&waiter, platform), "no waiter");
    for (size_t i = 0; i < run.topics; i++) {
        const char *topic = number_types[i]->topic;
        must(
            myc_publisher_create(node.bus, &waiter, topic, NULL, &publishers[i], NULL),
            "no publisher");
    }
    if (run.deployment == LOCAL) {
        must(myc_thread_start(platform->thread, read_all, &node, NULL, &node.reader), "no thread");
    }
    for (size_t i = 0; i < run.topics; i++) {
        must(myc_publisher_await_subscribers(publishers[i], 1, MYC_NEVER), "nobody subscribes");
    }
    uint64_t next_ns = myc_clock_monotonic_ns(platform->clock);
    for (uint64_t i = 0; i < run.rounds; i++) {
        publish(publishers);
        next_ns += run.period_ns;
        sleep_until(&waiter, next_ns);
    }
    for (size_t i = 0; i < run.topics; i++) {
        must(myc_publisher_close(publishers[i], MYC_NEVER, &report), "not all was delivered");
    }
    if (run.deployment == LOCAL) {
        myc_thread_join(platform->thread, node.reader);
    }
    close_node(&node);
    myc_waiter_close(&waiter);
    return 0;
}

// ---- The director ----

static void build_topology(struct myc_sim *sim)
{
    static const char *const endpoints[DEPLOYMENT_COUNT][2] = {
        {"local", "local"},
        {"shm:/run/left", "shm:/run/right"},
        {"unix:/run/left", "unix:/run/right"},
        {"tcp:127.0.0.1:7001", "tcp:127.0.0.1:7002"}};
    static const char *const names[2] = {"left", "right"};
    run.topology.node_count = run.deployment == LOCAL ? 1 : 2;
    for (size_t i = 0; i < run.topology.node_count; i++) {
        struct myc_topology_node *node = &run.topology.nodes[i];
        memcpy(node->name, names[i], strlen(names[i]) + 1);
        enum myc_status status = myc_endpoint_parse(
            endpoints[run.deployment][i], NULL, &node->transport, &node->address, NULL);
        myc_sim_check(sim, status == MYC_OK, "the scenario's endpoints are good");
    }
}

static bool was_published(void *context)
{
    return run.published >= *(const uint64_t *)context;
}

static bool have_ended(void *context)
{
    const struct myc_sim_process *processes = context;
    for (size_t i = 0; i < run.topology.node_count; i++) {
        if (myc_sim_is_running(run.sim, processes[i])) {
            return false;
        }
    }
    return true;
}

/* For half of the time between two messages nothing happens. */
static void check_silence(struct myc_sim *sim, const struct myc_sim_process *processes)
{
    uint64_t before[2] = {0};
    myc_sim_run_for(sim, run.period_ns / 4);
    for (size_t i = 0; i < run.topology.node_count; i++) {
        before[i] = myc_sim_points(sim, processes[i]);
    }
    myc_sim_run_for(sim, run.period_ns / 2);
    for (size_t i = 0; i < run.topology.node_count && run.deployment != TCP; i++) {
        uint64_t passed = myc_sim_points(sim, processes[i]) - before[i];
        myc_sim_check(sim, passed == 0, "whoever has nothing to do sleeps without a timer");
    }
}

static void run_rounds(struct myc_sim *sim, bool has_bursts)
{
    static const char *const names[DEPLOYMENT_COUNT] = {
        "runs local", "runs shm", "runs unix", "runs tcp"};
    struct myc_sim_process processes[2];
    memset(&run, 0, sizeof(run));
    run.sim = sim;
    run.has_bursts = has_bursts;
    run.topics = has_bursts ? TOPICS_MAX : 1;
    run.rounds = has_bursts ? BURST_ROUNDS : ROUNDS;
    if (has_bursts) {
        run.deployment = (enum deployment)(UNIX + myc_sim_choose(sim, "idle.socket", 2));
        run.period_ns = 2 * second_ns;
    } else {
        run.deployment = (enum deployment)myc_sim_choose(sim, "idle.deployment", DEPLOYMENT_COUNT);
        run.period_ns = (run.deployment == TCP ? 60 : 3600) * second_ns;
    }
    build_topology(sim);
    // What delays a message says nothing about who slept: only how threads interleave is drawn.
    myc_sim_faults(sim, has_bursts);
    processes[0] = myc_sim_start(sim, "host", "left", publisher_main, NULL);
    if (run.deployment != LOCAL) {
        processes[1] = myc_sim_start(sim, "host", "right", subscriber_main, NULL);
    }
    for (uint64_t round = 1; round <= run.rounds; round++) {
        uint64_t deadline = myc_sim_now_ns(sim) + run.period_ns + 60 * second_ns;
        bool is_sent = myc_sim_run_until(sim, was_published, &round, deadline);
        myc_sim_check(sim, is_sent, "the publisher wakes up when it wants to");
        check_silence(sim, processes);
        myc_sim_check(
            sim, run.handed == run.sent, "each message arrives although nothing follows it");
    }
    bool is_over = myc_sim_run_until(
        sim, have_ended, processes, myc_sim_now_ns(sim) + run.period_ns + 60 * second_ns);
    myc_sim_check(sim, is_over, "every process comes to its end");
    myc_sim_check(
        sim,
        has_bursts || run.slowest_ns < 100 * ms_ns,
        "no message waits until a timer wakes its reader");
    myc_sim_count(sim, names[run.deployment], 1);
    myc_sim_count(sim, "messages", run.handed);
}

static void run_idle(struct myc_sim *sim)
{
    run_rounds(sim, false);
}

static void run_burst(struct myc_sim *sim)
{
    run_rounds(sim, true);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"idle", "sleepers without timers hear of everything at once", run_idle},
        {"idle-burst", "the same after bursts that no socket takes at once", run_burst},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
