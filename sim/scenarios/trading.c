// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The trading example in the simulator: the same services, as threads of one process or as four
 * processes over simulated shared memory, Unix sockets or TCP, in a world that is as hostile as it
 * may be.
 *
 * Two kinds of run. Without losses: a short stream; everything that a run without messages owes
 * must arrive, once, in order. With losses: an endless stream in which processes are killed at any
 * point and started again, and connections break; neighbours must notice a death within a second,
 * every service must be handed exactly what the auditors expect, and once the faults stop the
 * stream must flow again and come to its end.
 *
 * Over TCP each node has a host of its own, and what lies between them is partitioned, clogged and
 * slow. A third kind of run lets a host vanish without a word: its neighbours must find out by
 * themselves, in time, and go on without it.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#ifndef TRADING_WITHOUT_MESSAGES
#include <mycelium/sim/messages.h>
#endif

#include <stdio.h>
#include <string.h>

#include <mycelium/topology.h>

#include "trading_audit.h"

enum {
    KILLS_MAX = 3,
    HOST_BYTES = 16,
    STARTS_MAX = STAGE_COUNT * (KILLS_MAX + 1),
    FIRST_PORT = 7001
};

enum { CREATIONS_MAX = 3 };

static const uint64_t ms_ns = 1000000;
static const uint64_t second_ns = 1000000000;

enum deployment { LOCAL, SHM, UNIX, TCP, DEPLOYMENT_COUNT };

/** One start of one node: a process, and the services in it. */
struct incarnation {
    struct world *world;
    size_t node;
    size_t stage_count; /* 4 in the local deployment, else 1 */
    struct stage *stages[STAGE_COUNT];
    struct myc_sim_process process;
    bool is_over;    /* myc_node_run() returned */
    bool is_refused; /* it was refused memory again and again, and gave up */
    enum myc_status status;
};

struct world {
    struct myc_sim *sim;
    enum deployment deployment;
    struct myc_topology topology;
    struct audit audit;
    struct trading_setup plan; /* what every incarnation is told */
    uint64_t tell_ns;          /* how long a death may go unnoticed */
    uint64_t return_ns;        /* how long it may take to join again */
    size_t node_count;
    size_t start_count;
    struct incarnation incarnations[STARTS_MAX];
    struct incarnation *current[STAGE_COUNT]; /* of each node */
    struct stage stages[STARTS_MAX + STAGE_COUNT];
    size_t stage_count;
};

// The director's; each run begins by clearing it. No process keeps anything here beyond its death
// but what the director looks at.
static struct world the_world;

static const char *const node_names[STAGE_COUNT] = {"market", "strategy", "risk", "execution"};

// ---- A process ----

// Without memory, or where its port is not free yet, a node says so, keeps nothing, and can be
// tried again.
static enum myc_status create_node(
    const struct incarnation *self,
    struct myc_platform *platform,
    const struct myc_node_options *options,
    struct myc_node **out_node,
    struct myc_diagnostic *why)
{
    struct myc_sim *sim = self->world->sim;
    enum myc_status status = MYC_NO_MEMORY;
    uint64_t refused = 0;
    for (int i = 0; i < CREATIONS_MAX && (status == MYC_NO_MEMORY || status == MYC_IN_USE);) {
        if (status == MYC_IN_USE) {
            myc_sim_count(sim, "ports in use", 1);
        } else {
            i++;
        }
        myc_diagnostic_clear(why);
        refused = myc_sim_allocations_refused(sim, self->process);
        status = myc_node_create(platform, options, out_node, why);
    }
    refused = myc_sim_allocations_refused(sim, self->process) - refused;
    if (status != MYC_OK && (status != MYC_NO_MEMORY || refused == 0)) {
        myc_sim_fail(sim, "node %s cannot start: %s", options->node, why->text);
    }
    return status;
}

static int node_main(struct myc_platform *platform, void *arg)
{
    struct incarnation *self = arg;
    struct world *world = self->world;
    struct myc_service_entry entries[STAGE_COUNT];
    for (size_t i = 0; i < self->stage_count; i++) {
        struct stage *stage = self->stages[i];
        entries[i].service = &world->audit.services[stage->index];
        entries[i].argument = &stage->setup;
    }
    const struct myc_node_options options = {
        .topology = &world->topology,
        .node = world->topology.nodes[self->node].name,
        .contract = &trading_contract,
        .services = entries,
        .service_count = self->stage_count,
        .ring_bytes = UINT64_C(64) * 1024,
        // Large buffers before a slow link, or buffers of some bytes, take their time to empty.
        .close_timeout_ns = world->deployment >= UNIX ? 150 * second_ns : 0};
    struct myc_node *node = NULL;
    struct myc_diagnostic why;
    if (create_node(self, platform, &options, &node, &why) != MYC_OK) {
        self->is_refused = true;
        return 1;
    }
    self->status = myc_node_run(node, &why);
    self->is_over = true;
    for (size_t i = 0; i < self->stage_count; i++) {
        stage_check_report(self->stages[i], myc_node_report(node, i));
    }
    myc_node_destroy(node);
    if (self->status != MYC_OK) {
        myc_sim_log(world->sim, "node %s ended: %s", options.node, why.text);
    }
    return self->status == MYC_OK ? 0 : 1;
}

static struct stage *new_stage(struct world *world, size_t index)
{
    struct stage *stage = &world->stages[world->stage_count++];
    stage_init(stage, &world->audit, index);
    stage->setup = world->plan;
    return stage;
}

// A host whose name is its address.
static void host_name(size_t node, char name[HOST_BYTES])
{
    (void)snprintf(name, HOST_BYTES, "10.1.0.%u", (unsigned)node + 1);
}

static void start_node(struct world *world, size_t node)
{
    struct incarnation *self = &world->incarnations[world->start_count++];
    memset(self, 0, sizeof(*self));
    self->world = world;
    self->node = node;
    if (world->deployment == LOCAL) {
        self->stage_count = STAGE_COUNT;
        for (size_t i = 0; i < STAGE_COUNT; i++) {
            self->stages[i] = new_stage(world, i);
        }
    } else {
        self->stage_count = 1;
        self->stages[0] = new_stage(world, node);
    }
    char host[HOST_BYTES] = "host";
    if (world->deployment == TCP) {
        host_name(node, host);
    }
    self->process =
        myc_sim_start(world->sim, host, world->topology.nodes[node].name, node_main, self);
    world->current[node] = self;
}

// ---- The world ----

// The present incarnation of a stage.
static struct stage *stage_of(const struct world *world, size_t index)
{
    return world->deployment == LOCAL ? world->current[0]->stages[index]
                                      : world->current[index]->stages[0];
}

static void build_topology(struct world *world)
{
    static const char *const prefixes[DEPLOYMENT_COUNT] = {"", "shm:/run/", "unix:/run/", "tcp:"};
    struct myc_topology *topology = &world->topology;
    world->node_count = world->deployment == LOCAL ? 1 : STAGE_COUNT;
    topology->node_count = (uint32_t)world->node_count;
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        bool is_local = world->deployment == LOCAL;
        struct myc_topology_node *node = &topology->nodes[is_local ? 0 : i];
        char endpoint[64] = "local";
        if (world->deployment == TCP) {
            char host[HOST_BYTES];
            host_name(i, host);
            (void)snprintf(endpoint, sizeof(endpoint), "tcp:%s:%u", host, FIRST_PORT + (unsigned)i);
        } else if (!is_local) {
            (void)snprintf(
                endpoint, sizeof(endpoint), "%s%s", prefixes[world->deployment], node_names[i]);
        }
        (void)snprintf(node->name, sizeof(node->name), "%s", is_local ? "all" : node_names[i]);
        (void)snprintf(
            node->services[node->service_count++],
            MYC_NAME_BYTES,
            "%s",
            world->audit.services[i].name);
        enum myc_status status =
            myc_endpoint_parse(endpoint, NULL, &node->transport, &node->address, NULL);
        myc_sim_check(world->sim, status == MYC_OK, "the scenario's endpoints are good");
    }
    myc_sim_check(
        world->sim,
        myc_topology_check(topology, NULL) == MYC_OK,
        "the scenario's topology is good");
}

static struct world *begin(struct myc_sim *sim, enum deployment first)
{
    struct world *world = &the_world;
    memset(world, 0, sizeof(*world));
    world->sim = sim;
    uint64_t choices = (uint64_t)DEPLOYMENT_COUNT - (uint64_t)first;
    world->deployment =
        (enum deployment)(first + myc_sim_choose(sim, "trading.deployment", choices));
    // So little is under way here that even the smallest buffers of a kernel are never full.
    myc_sim_allow(sim, MYC_SIM_FAULT_SMALL_BUFFER, false);
    audit_init(&world->audit, sim, world->deployment == UNIX || world->deployment == TCP);
    build_topology(world);
    world->plan.input.seed = myc_sim_choose(sim, "trading.market", 1000);
    world->plan.startup_timeout_ns = 30 * second_ns;
    // Over TCP the end of a connection comes behind all that is under way on it, and the slowest
    // link that is drawn carries 64 KiB a second.
    world->tell_ns = (world->deployment == TCP ? 5 : 1) * second_ns;
    // A connect that finds the backlog full may stand until the handshake's limit, more than once.
    world->return_ns = 20 * second_ns;
    // What only slows a connection down is borne everywhere; but a window of some bytes with late
    // segments makes TCP slower than the time that a node takes to close.
    myc_sim_allow(sim, MYC_SIM_FAULT_TINY_BUFFER, world->deployment != TCP);
    myc_sim_allow(sim, MYC_SIM_FAULT_ACCEPT_ABORTED, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_BACKLOG_FULL, true);
    static const char *const names[DEPLOYMENT_COUNT] = {
        "runs local", "runs shm", "runs unix", "runs tcp"};
    myc_sim_count(sim, names[world->deployment], 1);
    return world;
}

// In any order, each a little later than the one before.
static void start_all(struct world *world)
{
    bool is_started[STAGE_COUNT] = {false};
    for (size_t left = world->node_count; left > 0; left--) {
        size_t skip = (size_t)myc_sim_choose(world->sim, "trading.start", left);
        size_t node = 0;
        while (is_started[node] || skip > 0) {
            skip -= is_started[node] ? 0 : 1;
            node++;
        }
        is_started[node] = true;
        start_node(world, node);
        myc_sim_run_for(world->sim, myc_sim_choose(world->sim, "trading.start_ms", 20) * ms_ns);
    }
}

// A node that was refused memory for good: the others wait in vain, and that is all there is to
// see.
static bool is_refused(const struct world *world)
{
    bool is_any = false;
    for (size_t i = 0; i < world->node_count; i++) {
        is_any = is_any || world->current[i]->is_refused;
    }
    return is_any;
}

static bool all_have_ended(void *context)
{
    const struct world *world = context;
    if (is_refused(world)) {
        return true;
    }
    for (size_t i = 0; i < world->node_count; i++) {
        if (myc_sim_is_running(world->sim, world->current[i]->process)) {
            return false;
        }
    }
    return true;
}

static void check_all_end(struct world *world)
{
    bool is_over = myc_sim_run_until(
        world->sim, all_have_ended, world, myc_sim_now_ns(world->sim) + 600 * second_ns);
    myc_sim_check(world->sim, is_over, "the stream comes to its end on every node");
    if (is_refused(world)) {
        myc_sim_count(world->sim, "runs refused memory", 1);
        return;
    }
    for (size_t i = 0; i < world->node_count; i++) {
        myc_sim_check(
            world->sim,
            myc_sim_exit_code(world->sim, world->current[i]->process) == 0,
            "every node ends well");
    }
}

// ---- Without losses ----

static void run_whole(struct myc_sim *sim)
{
    struct world *world = begin(sim, LOCAL);
    struct trading_expected expected;
    // Over sockets a stage that stops for long may rightly miss what its publisher, which closes
    // within a deadline, could not send, or be taken for dead.
    bool may_stop = world->deployment == LOCAL || world->deployment == SHM;
    myc_sim_allow(sim, MYC_SIM_FAULT_PAUSE_PROCESS, may_stop);
    myc_sim_allow(sim, MYC_SIM_FAULT_PAUSE_HOST, may_stop);
    myc_sim_allow(sim, MYC_SIM_FAULT_SUSPEND, may_stop);
    // For the same reason: a few bytes a round trip may take longer than that deadline.
    if (world->deployment == TCP) {
        myc_sim_allow(sim, MYC_SIM_FAULT_TINY_BUFFER, false);
    }
    world->plan.row_count = 20 + myc_sim_choose(sim, "trading.rows", 60);
    world->plan.paced_count = myc_sim_choose(sim, "trading.paced", world->plan.row_count + 1);
    world->plan.period_ns = ms_ns;
    trading_expect(&world->plan.input, world->plan.row_count, world->plan.paced_count, &expected);
    start_all(world);
    check_all_end(world);
    if (is_refused(world)) {
        return;
    }
    const struct trading_execution_result *result = &stage_of(world, 3)->setup.execution;
    const struct trading_adapter_result *adapter = &stage_of(world, 0)->setup.adapter;
    myc_sim_check(sim, result->stage.is_complete, "the last service saw the end");
    myc_sim_check(
        sim, adapter->messages == expected.market_messages, "everything owed was published");
    myc_sim_check(
        sim,
        result->stage.received == expected.orders && result->stage.owed == expected.orders,
        "every order owed arrived");
    myc_sim_check(sim, result->stage.out_of_order == 0, "no order is repeated or late");
    myc_sim_check(
        sim, result->order_digest == expected.order_digest, "the orders are those that were owed");
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        const struct stage *stage = stage_of(world, i);
        myc_sim_check(sim, stage->lost == 0, "nothing is lost where nothing breaks");
        myc_sim_check(
            sim,
            stage->upstream_died == 0 && stage->downstream_died == 0,
            "nobody is reported dead who lives");
    }
    myc_sim_count(sim, "orders delivered", expected.orders);
}

// ---- With losses ----

struct death {
    struct world *world;
    size_t victim;
    bool is_upstream_owed; /* the stage before it, which publishes to it, must be told */
    bool is_downstream_owed;
    uint32_t upstream_count;
    uint32_t downstream_count;
};

static bool victim_is_dead(void *context)
{
    const struct death *death = context;
    return !myc_sim_is_running(death->world->sim, death->world->current[death->victim]->process);
}

static bool death_was_told(void *context)
{
    const struct death *death = context;
    const struct world *world = death->world;
    bool is_told = true;
    if (death->is_upstream_owed) {
        const struct stage *before = stage_of(world, death->victim - 1);
        is_told = before->downstream_died > death->upstream_count || before->downstream_live == 0;
    }
    if (death->is_downstream_owed) {
        const struct stage *after = stage_of(world, death->victim + 1);
        is_told = is_told
                  && (after->upstream_died > death->downstream_count || after->upstream_live == 0);
    }
    return is_told;
}

// Who knew the victim at the moment of its death must hear of it in time.
static void look_at_neighbours(struct death *death)
{
    struct world *world = death->world;
    if (death->victim > 0) {
        const struct stage *before = stage_of(world, death->victim - 1);
        death->is_upstream_owed = before->downstream_live > 0;
        death->upstream_count = before->downstream_died;
    }
    if (death->victim + 1 < STAGE_COUNT) {
        const struct stage *after = stage_of(world, death->victim + 1);
        death->is_downstream_owed = after->upstream_live > 0;
        death->downstream_count = after->upstream_died;
    }
}

static void check_death_is_told(struct death *death)
{
    struct world *world = death->world;
    look_at_neighbours(death);
    bool is_told = myc_sim_run_until(
        world->sim, death_was_told, death, myc_sim_now_ns(world->sim) + world->tell_ns);
    myc_sim_check(world->sim, is_told, "a death is noticed in time");
    myc_sim_count(world->sim, "deaths", 1);
}

static bool victim_is_back(void *context)
{
    const struct death *death = context;
    const struct stage *stage = stage_of(death->world, death->victim);
    bool has_upstream = death->victim == 0 || stage->upstream_live > 0;
    bool has_downstream = death->victim + 1 == STAGE_COUNT || stage->downstream_live > 0;
    return has_upstream && has_downstream;
}

static void check_is_back(struct death *death)
{
    struct myc_sim *sim = death->world->sim;
    bool is_back = myc_sim_run_until(
        sim, victim_is_back, death, myc_sim_now_ns(sim) + death->world->return_ns);
    myc_sim_check(sim, is_back, "who was away joins again");
}

// Kills a process at any of its points, or wherever it stands when it passes too few of them.
static void kill_one(struct world *world)
{
    struct myc_sim *sim = world->sim;
    struct death death = {.world = world};
    death.victim = (size_t)myc_sim_choose(sim, "trading.victim", STAGE_COUNT);
    struct myc_sim_process process = world->current[death.victim]->process;
    myc_sim_kill_at(sim, process, 1 + myc_sim_choose(sim, "trading.kill_point", 2000));
    bool is_dead =
        myc_sim_run_until(sim, victim_is_dead, &death, myc_sim_now_ns(sim) + 2 * second_ns);
    if (!is_dead) {
        myc_sim_kill(sim, process);
    }
    check_death_is_told(&death);
    myc_sim_run_for(sim, myc_sim_choose(sim, "trading.restart_ms", 300) * ms_ns);
    start_node(world, death.victim);
    check_is_back(&death);
}

// Cuts some hosts off from others for a while, so short or so long that they part for good.
static void cut_some(struct world *world)
{
    struct myc_sim *sim = world->sim;
    enum myc_sim_cut cut =
        myc_sim_choose(sim, "trading.cut_drops", 2) == 1 ? MYC_SIM_CUT_DROP : MYC_SIM_CUT_HOLD;
    size_t first = (size_t)myc_sim_choose(sim, "trading.cut", STAGE_COUNT - 1);
    char hosts[3][HOST_BYTES];
    for (size_t i = 0; i < 3; i++) {
        host_name((first + i) % STAGE_COUNT, hosts[i]);
    }
    const char *const side[2] = {hosts[0], hosts[1]};
    switch (myc_sim_choose(sim, "trading.cut_shape", 5)) {
    case 0:
        myc_sim_partition(sim, hosts[0], hosts[1], cut);
        break;
    case 1:
        myc_sim_partition_one_way(sim, hosts[0], hosts[1], cut);
        break;
    case 2:
        myc_sim_partition_one_way(sim, hosts[1], hosts[0], cut);
        break;
    case 3:
        myc_sim_isolate(sim, hosts[0], cut);
        break;
    default:
        myc_sim_split(sim, side, 2, hosts[2], cut);
        break;
    }
    myc_sim_run_for(sim, myc_sim_range(sim, "trading.cut_ms", 1, 8000) * ms_ns);
    myc_sim_heal_all(sim);
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        struct death away = {.world = world, .victim = i};
        check_is_back(&away);
    }
    myc_sim_count(sim, "partitions", 1);
}

struct progress {
    const struct world *world;
    uint64_t wanted;
};

static bool orders_flow(void *context)
{
    const struct progress *progress = context;
    return stage_of(progress->world, 3)->setup.execution.stage.received >= progress->wanted;
}

static void check_progress(struct world *world, uint64_t orders)
{
    struct progress progress = {world, stage_of(world, 3)->setup.execution.stage.received + orders};
    myc_sim_liveness(
        world->sim,
        orders_flow,
        &progress,
        20 * second_ns,
        "orders flow once the faults have stopped");
}

// A partition may last 5 s, and so may the handshake of a connect that goes astray.
static void allow_partitions(struct world *world)
{
    static const enum myc_sim_fault faults[] = {
        MYC_SIM_FAULT_PARTITION,
        MYC_SIM_FAULT_TINY_BUFFER,
        MYC_SIM_FAULT_LATENCY_TAIL,
        MYC_SIM_FAULT_STREAM_TIMEOUT,
        MYC_SIM_FAULT_CONNECT_TIMEOUT,
        MYC_SIM_FAULT_CONNECT_LATE,
    };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        myc_sim_allow(world->sim, faults[i], true);
    }
    // Who waits for room behind the narrowest link hears of a death only when it polls again.
    world->tell_ns = 60 * second_ns;
    world->return_ns = 120 * second_ns;
    // Connect after connect may go astray; who gives up meanwhile never joins again.
    world->plan.startup_timeout_ns = 600 * second_ns;
    myc_sim_count(world->sim, "runs with partitions", 1);
}

// One end of a connection may know that it is broken long before the other does, and join again
// only then: an End sent meanwhile would never reach it.
static void check_all_are_back(struct world *world)
{
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        struct death away = {.world = world, .victim = i};
        check_is_back(&away);
    }
}

// From here on every link holds, so the End reaches everybody.
static void check_end(struct world *world)
{
    stage_of(world, 0)->setup.row_count = 0;
    check_all_end(world);
    const struct trading_execution_result *result = &stage_of(world, 3)->setup.execution;
    myc_sim_check(world->sim, result->stage.is_complete, "the last service saw the end");
    myc_sim_check(world->sim, result->stage.out_of_order == 0, "no order is repeated or late");
    myc_sim_count(world->sim, "orders delivered", result->stage.received);
}

static void run_broken(struct myc_sim *sim)
{
    struct world *world = begin(sim, SHM);
    world->plan.row_count = UINT64_MAX;
    world->plan.paced_count = UINT64_MAX;
    world->plan.period_ns = (2 + myc_sim_choose(sim, "trading.period_ms", 10)) * ms_ns;
    myc_sim_allow(sim, MYC_SIM_FAULT_CONNECT_REFUSED, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_ACCEPT_FAIL, true);
    // Who comes back after a death may find its port still taken.
    myc_sim_allow(sim, MYC_SIM_FAULT_LISTEN_IN_USE, world->deployment == TCP);
    if (world->deployment == TCP && myc_sim_chance(sim, "trading.resets", 1, 2)) {
        myc_sim_allow(sim, MYC_SIM_FAULT_RESET, true);
        myc_sim_count(sim, "runs with resets", 1);
    }
    bool has_partitions = world->deployment == TCP && myc_sim_chance(sim, "trading.net", 1, 2);
    if (has_partitions) {
        allow_partitions(world);
    }
    start_all(world);
    if (is_refused(world)) {
        return;
    }
    uint64_t kills = 1 + myc_sim_choose(sim, "trading.kills", KILLS_MAX);
    for (uint64_t i = 0; i < kills; i++) {
        if (has_partitions && myc_sim_chance(sim, "trading.is_cut", 1, 2)) {
            cut_some(world);
        }
        kill_one(world);
    }
    myc_sim_faults(sim, false);
    myc_sim_run_for(sim, 3 * second_ns);
    check_progress(world, 5);
    check_all_are_back(world);
    check_end(world);
}

// ---- Without a host ----

// Messages that the stage before the victim has published or handled so far.
static uint64_t work_before(const struct world *world, size_t victim)
{
    const struct stage *before = stage_of(world, victim - 1);
    return victim == 1 ? before->setup.adapter.messages : before->delivered;
}

struct going_on {
    const struct world *world;
    size_t victim;
    uint64_t wanted;
};

static bool goes_on(void *context)
{
    const struct going_on *going_on = context;
    return work_before(going_on->world, going_on->victim) >= going_on->wanted;
}

// Whoever publishes to the victim is not held up by it any more.
static void check_goes_on(struct world *world, size_t victim)
{
    struct going_on going_on = {world, victim, 0};
    if (victim > 0) {
        going_on.wanted = work_before(world, victim) + 20;
        bool is_going_on = myc_sim_run_until(
            world->sim, goes_on, &going_on, myc_sim_now_ns(world->sim) + 5 * second_ns);
        myc_sim_check(world->sim, is_going_on, "a publisher goes on without who vanished");
    }
}

static void run_vanished(struct myc_sim *sim)
{
    struct world *world = begin(sim, TCP);
    char host[HOST_BYTES];
    world->plan.row_count = UINT64_MAX;
    world->plan.paced_count = UINT64_MAX;
    world->plan.period_ns = (2 + myc_sim_choose(sim, "trading.period_ms", 10)) * ms_ns;
    start_all(world);
    check_progress(world, 5);
    struct death death = {.world = world};
    death.victim = (size_t)myc_sim_choose(sim, "trading.victim", STAGE_COUNT);
    bool is_dark = myc_sim_choose(sim, "trading.is_dark", 2) == 1;
    myc_sim_run_for(sim, myc_sim_choose(sim, "trading.vanish_ms", 300) * ms_ns);
    host_name(death.victim, host);
    if (is_dark) {
        myc_sim_power_loss(sim, host);
    } else {
        myc_sim_isolate(sim, host, MYC_SIM_CUT_DROP);
    }
    world->tell_ns = 3 * second_ns; // the heartbeat's timeout, the grace, and half a second
    check_death_is_told(&death);
    check_goes_on(world, death.victim);
    myc_sim_run_for(sim, myc_sim_choose(sim, "trading.away_ms", 5000) * ms_ns);
    myc_sim_heal_all(sim);
    if (is_dark) {
        start_node(world, death.victim);
    }
    world->return_ns = 60 * second_ns;
    check_is_back(&death);
    myc_sim_faults(sim, false);
    myc_sim_run_for(sim, 3 * second_ns);
    check_progress(world, 5);
    check_end(world);
}

// Both kinds, so that one campaign has both.
static void run_any(struct myc_sim *sim)
{
    if (myc_sim_chance(sim, "trading.is_broken", 1, 2)) {
        run_broken(sim);
    } else {
        run_whole(sim);
    }
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"trading", "the example's pipeline, whole or with kills and resets", run_any},
        {"trading-whole", "the pipeline without losses: everything owed arrives once", run_whole},
        {"trading-broken", "the pipeline with kills, restarts, resets and partitions", run_broken},
        {"trading-vanished", "a host of the pipeline vanishes without a word", run_vanished},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
