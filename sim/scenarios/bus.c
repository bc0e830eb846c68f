// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One publisher and one or two subscribers of the bus itself, without services, over every
 * transport, with a ring so small that the publisher is always in somebody's way.
 *
 * "bus": everybody lives. Subscribers are slow, some close themselves from inside their handler,
 * connections over TCP may break. "bus-scarce": memory, descriptors and shared memory run out
 * anywhere; whoever cannot go on gives everything back and leaves. "bus-kill": one of the two
 * processes dies at any of its points, and the other must come to a good end; "bus-crash" leaves
 * the deaths to a sweep. "bus-busy": agents
 * never sleep, and what is due by the clock must happen all the same. "bus-cut": both share
 * memory and live, but their link breaks.
 *
 * Oracles: each message once, in order, with every byte in place, losses told as exact gaps;
 * nothing is handed over after a close; a publisher that waits for room gets it from readers who
 * live; its close says that all was delivered; whoever stays to the end has everything. A reader
 * that lost its link is handed overwritten bytes only if it is told so before its poll returns, and
 * never before the publisher's patience ended. What is not given back by a process that ends, the
 * harness reports.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/bus.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/thread.h>

#include "bus_cut.h"

enum {
    RING_BYTES = 4096,
    SIZE_MAX_BYTES = RING_BYTES / 4 - 8,
    READERS_MAX = 2,
    MESSAGES_MAX = 120
};

static const uint64_t ms_ns = 1000000;
static const uint64_t second_ns = 1000000000;
static const uint64_t death_told_ns = 3000000000; /* and slow handlers may be in between */
static const uint64_t patience_ns = 30000000000;  /* longer than any reader takes for a ring */

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

enum deployment { LOCAL, SHM, UNIX, TCP, DEPLOYMENT_COUNT };

struct run;

struct reader {
    struct run *run;
    struct myc_subscriber *subscriber;
    uint64_t next; /* the sequence that must come next; 0: not matched yet */
    uint64_t delivered;
    uint64_t lost;
    uint64_t told_ns; /* when it heard of its publisher's death; 0: it did not */
    uint64_t suspect; /* the first sequence that was not as it must be; 0: none */
    bool left_early;  /* it closed itself while there was more to come */
    bool has_left;
    bool has_ended; /* its publisher did */
};

/** One node: a bus and the thread that is its agent. */
struct side {
    struct run *run;
    struct myc_platform *platform;
    struct bus_cut cut; /* the platform, if links break */
    struct myc_bus *bus;
    struct myc_handle agent;
    struct myc_waiter waiter; /* the publisher's */
    struct myc_atomic_u32 is_over;
    struct myc_sim_process process;
};

/** Outlives its processes: they leave here what the director and the oracles look at. */
struct run {
    struct myc_sim *sim;
    enum deployment deployment;
    bool is_scarce;
    bool is_breaking; /* connections may */
    bool has_kill;    /* one of the processes is killed */
    bool is_busy;     /* agents are turned in a loop that never sleeps */
    bool is_cutting;  /* links break on one host, though everybody lives */
    uint64_t grace_ns;
    struct myc_topology topology;
    struct side sides[2];
    uint64_t kill_point[2]; /* 0: it is not killed */
    uint64_t ended_ns[2];   /* when the process was seen to be no more; 0: it is */
    uint64_t message_count;
    uint64_t size_max;
    bool is_rejecting;
    bool is_dropping; /* instead of asking again */
    uint64_t dropped;
    uint64_t committed; /* by now, for certain */
    uint64_t accepted;
    bool is_met;                /* the publisher met all readers before it began */
    uint64_t publisher_done_ns; /* when its close returned */
    bool has_closed;            /* the publisher */
    size_t reader_count;
    struct reader readers[READERS_MAX];
    struct myc_waiter reader_waiter;
};

static struct run the_run;

// ---- A node ----

static void run_agent(void *context)
{
    struct side *side = context;
    uint64_t deadline_ns = side->run->is_busy ? 0 : MYC_NEVER;
    // Pairs with the release in close_side.
    for (uint32_t round = 0; myc_load_acquire_u32(&side->is_over) == 0;) {
        if (side->run->is_cutting) {
            deadline_ns = myc_clock_monotonic_ns(side->platform->clock) + 2 * ms_ns;
            if (side->run->committed > 0) {
                bus_cut_step(&side->cut);
            }
        }
        size_t done = myc_bus_work(side->bus, deadline_ns);
        round = done > 0 ? 0 : round + 1;
        if (side->run->is_busy && done == 0) {
            myc_thread_relax(side->platform->thread, round);
        }
    }
}

// Fails the run unless resources may be short. Returns: whether it is well.
static bool is_well(const struct run *run, enum myc_status status, const char *what)
{
    if (status != MYC_OK && !run->is_scarce) {
        myc_sim_fail(run->sim, "%s: %s", what, myc_status_name(status));
    }
    if (status != MYC_OK) {
        bool is_resource = status == MYC_NO_MEMORY || status == MYC_LIMIT || status == MYC_IO;
        myc_sim_check(run->sim, is_resource, "what runs out is named as what it is");
        myc_sim_count(run->sim, "ran out", 1);
    }
    return status == MYC_OK;
}

static bool open_side(struct side *side, struct myc_platform *platform, size_t index)
{
    struct run *run = side->run;
    struct myc_bus_options options = {
        .topology = &run->topology,
        .node = run->topology.nodes[index].name,
        .contract = &number_contract,
        .ring_bytes = RING_BYTES,
        .link_grace_ns = run->grace_ns};
    side->platform = platform;
    if (run->is_cutting) {
        bus_cut_init(&side->cut, platform, run->sim, myc_sim_choose(run->sim, "bus.cuts", 3));
        platform = &side->cut.platform;
        side->platform = platform;
    }
    if (!is_well(run, myc_bus_create(platform, &options, &side->bus, NULL), "no bus")) {
        return false;
    }
    enum myc_status status =
        myc_thread_start(platform->thread, run_agent, side, NULL, &side->agent);
    if (!is_well(run, status, "no agent")) {
        myc_bus_destroy(side->bus);
        return false;
    }
    return true;
}

static void close_side(struct side *side)
{
    myc_store_release_u32(&side->is_over, 1);
    myc_bus_wake(side->bus);
    myc_thread_join(side->platform->thread, side->agent);
    myc_bus_close(side->bus);
    myc_bus_destroy(side->bus);
}

// Sleeps on a waiter, which a doorbell may end early.
static void rest_until(struct myc_waiter *waiter, uint64_t deadline_ns)
{
    struct myc_event event;
    size_t count = 0;
    (void)myc_poller_wait(waiter->platform->poller, waiter->poller, &event, 1, deadline_ns, &count);
}

static void rest(struct myc_waiter *waiter, uint64_t duration_ns)
{
    rest_until(waiter, myc_clock_monotonic_ns(waiter->platform->clock) + duration_ns);
}

// The same, whoever rings. Only where the caller looks at everything again before it sleeps.
static void rest_in_peace(struct myc_waiter *waiter, uint64_t duration_ns)
{
    struct myc_clock *clock = waiter->platform->clock;
    uint64_t end_ns = myc_clock_monotonic_ns(clock) + duration_ns;
    while (myc_clock_monotonic_ns(clock) < end_ns) {
        myc_waiter_clear(waiter);
        rest_until(waiter, end_ns);
    }
}

static void check_death(const struct run *run, enum myc_notice_kind kind)
{
    myc_sim_check(
        run->sim,
        kind != MYC_NOTICE_PEER_DIED || run->is_breaking || run->has_kill,
        "nobody is reported dead who lives");
}

// ---- The publisher ----

static unsigned char byte_of(uint64_t number, size_t i)
{
    return (unsigned char)(number * 29 + i * 5 + 3);
}

static enum myc_status publish(struct run *run, struct myc_publisher *publisher, uint64_t number)
{
    size_t size = 8 + (size_t)myc_sim_choose(run->sim, "bus.size", run->size_max - 7);
    void *payload = NULL;
    enum myc_status status = myc_publisher_claim(publisher, &number_type, size, &payload);
    if (status != MYC_OK) {
        return status;
    }
    unsigned char *bytes = payload;
    memcpy(bytes, &number, sizeof(number));
    for (size_t i = sizeof(number); i < size; i++) {
        bytes[i] = byte_of(number, i);
    }
    return myc_publisher_commit(publisher, size);
}

// Often not long enough for a reader to make room.
static void rest_a_while(struct run *run, struct myc_waiter *waiter)
{
    myc_waiter_clear(waiter);
    if (run->dropped % 4 != 0) {
        rest(waiter, ms_ns);
    }
}

static void publish_all(struct run *run, struct myc_publisher *publisher, struct myc_waiter *waiter)
{
    for (uint64_t number = 1; number <= run->message_count; number++) {
        enum myc_status status = publish(run, publisher, number);
        if (status == MYC_FULL && run->is_dropping) {
            run->dropped++;
            myc_sim_count(run->sim, "dropped", 1);
            rest_a_while(run, waiter);
            continue;
        }
        while (status == MYC_FULL && run->is_rejecting) {
            myc_sim_count(run->sim, "rejected", 1);
            myc_waiter_clear(waiter);
            rest(waiter, ms_ns);
            status = publish(run, publisher, number);
        }
        myc_sim_check(
            run->sim,
            status == MYC_OK || status == MYC_NO_SUBSCRIBER,
            "a publisher gets room from readers who live");
        run->committed = number;
        if (run->is_cutting && status == MYC_NO_SUBSCRIBER) {
            uint64_t now_ns = myc_clock_monotonic_ns(waiter->platform->clock);
            status = myc_publisher_await_subscribers(publisher, 1, now_ns + 50 * ms_ns);
            myc_sim_count(run->sim, "joined again", status == MYC_OK ? 1 : 0);
        }
        struct myc_notice notice;
        while (myc_publisher_notice(publisher, &notice) == MYC_OK) {
            myc_sim_check(run->sim, notice.kind != MYC_NOTICE_CORRUPT, "no reader lies");
            check_death(run, notice.kind);
        }
    }
}

static void run_publisher(struct side *side)
{
    struct run *run = side->run;
    struct myc_publisher *publisher = NULL;
    const struct myc_publisher_options options = {
        .on_full = run->is_dropping    ? MYC_FULL_DROP_NEWEST
                   : run->is_rejecting ? MYC_FULL_REJECT
                                       : MYC_FULL_BLOCK};
    struct myc_close_report report = {0};
    uint64_t start_ns = myc_clock_monotonic_ns(side->platform->clock);
    if (!is_well(run, myc_waiter_open(&side->waiter, side->platform), "no waiter")) {
        return;
    }
    enum myc_status status =
        myc_publisher_create(side->bus, &side->waiter, "numbers", &options, &publisher, NULL);
    if (!is_well(run, status, "no publisher")) {
        return;
    }
    status = myc_publisher_await_subscribers(
        publisher, (uint32_t)run->reader_count, start_ns + 20 * second_ns);
    myc_sim_check(
        run->sim, status == MYC_OK || run->has_kill || run->is_breaking, "subscribers are matched");
    run->is_met = status == MYC_OK;
    publish_all(run, publisher, &side->waiter);
    status = myc_publisher_close(
        publisher, myc_clock_monotonic_ns(side->platform->clock) + 10 * second_ns, &report);
    run->accepted = myc_publisher_accepted(publisher);
    myc_sim_check(
        run->sim,
        report.dropped == run->dropped && report.untold <= report.dropped
            && report.accepted + report.untold == run->message_count,
        "every message has a number or was not told of");
    myc_sim_check(
        run->sim,
        run->is_breaking || (status == MYC_OK && report.undelivered == 0),
        "a close waits until readers who live have all");
    myc_sim_check(run->sim, report.accepted == run->accepted, "a close counts what was accepted");
    run->has_closed = true;
    run->publisher_done_ns = myc_sim_now_ns(run->sim);
}

// ---- The subscribers ----

// What is not as it must be can only be of a reader that has lost its link.
static void suspect(struct reader *reader, const char *what, uint64_t number)
{
    struct run *run = reader->run;
    if (run->deployment != SHM || !(run->is_scarce || run->is_cutting)) {
        myc_sim_fail(
            run->sim,
            "%s: number %llu instead of %llu",
            what,
            (unsigned long long)number,
            (unsigned long long)reader->next);
    }
    myc_sim_count(run->sim, "overwritten in the hand", reader->suspect == 0 ? 1 : 0);
    reader->suspect = reader->next;
}

static void look_at(struct reader *reader, const struct myc_record *record)
{
    const unsigned char *bytes = record->payload;
    uint64_t number;
    memcpy(&number, bytes, sizeof(number));
    if (record->sequence != reader->next || number != record->sequence) {
        suspect(reader, "a reader was handed what is not its turn", number);
        return;
    }
    for (size_t i = sizeof(number); i < record->size; i++) {
        if (bytes[i] != byte_of(number, i)) {
            suspect(reader, "a message is torn", number);
            return;
        }
    }
}

static void on_message(const struct myc_delivery *delivery, void *context)
{
    struct reader *reader = context;
    struct run *run = reader->run;
    const struct myc_record *record = delivery->record;
    myc_sim_check(run->sim, !reader->has_left, "nothing is handed over after a close");
    reader->delivered++;
    if (reader->suspect != 0) {
        return; // It must be told before the poll returns; until then nothing is to be believed.
    }
    look_at(reader, record);
    if (myc_sim_chance(run->sim, "bus.slow", 1, run->is_cutting ? 4 : 16)) {
        uint64_t slow_ns = myc_sim_range(run->sim, "bus.slow_ms", 1, 40) * ms_ns;
        if (run->is_cutting) {
            rest_in_peace(&run->reader_waiter, slow_ns);
        } else {
            rest(&run->reader_waiter, slow_ns);
        }
        look_at(reader, record); // It stays what it is until the handler returns.
    }
    reader->next += reader->suspect == 0 ? 1 : 0;
    if (myc_sim_chance(run->sim, "bus.leave", 1, 256)) {
        myc_subscriber_close(reader->subscriber);
        reader->has_left = true;
        reader->left_early = true;
        myc_sim_count(run->sim, "left from inside", 1);
    }
}

static void check_fence(struct reader *reader, const struct myc_notice *notice)
{
    struct run *run = reader->run;
    myc_sim_check(
        run->sim,
        run->deployment == SHM && (run->is_scarce || run->is_cutting),
        "only who lost its link is taken out");
    myc_sim_check(
        run->sim,
        !run->is_cutting || run->grace_ns < patience_ns,
        "who reads on in time is not taken out");
    // Without a suspect every message was whole, though the ring cannot tell of all of them. Who
    // closed itself was not handed the rest of the batch.
    bool is_exact = notice->last < reader->next && notice->last + notice->count >= reader->next - 1
                    && (reader->has_left || notice->last + notice->count == reader->next - 1);
    myc_sim_check(
        run->sim,
        reader->suspect == 0 ? is_exact : notice->last < reader->suspect && notice->count > 0,
        "a reader that was taken out knows what it can believe");
    myc_sim_count(run->sim, "taken out", 1);
    reader->suspect = 0;
    reader->has_ended = true;
}

static bool is_drop(const struct myc_notice *notice)
{
    return notice->cause == MYC_LOSS_DROPPED_NEWEST;
}

static void on_notice(const struct myc_notice *notice, void *context)
{
    struct reader *reader = context;
    struct run *run = reader->run;
    if (notice->kind == MYC_NOTICE_FENCED) {
        check_fence(reader, notice);
        return;
    }
    myc_sim_check(run->sim, !reader->has_left, "nothing is told after a close");
    if (notice->kind == MYC_NOTICE_INVALID || notice->kind == MYC_NOTICE_UNKNOWN_TYPE) {
        suspect(reader, "a message is not what was published", notice->last);
        return;
    }
    if (reader->suspect != 0 && notice->kind == MYC_NOTICE_GAP) {
        return; // Part of what is not to be believed.
    }
    myc_sim_check(
        run->sim, reader->suspect == 0, "who was handed what was overwritten is told so next");
    myc_sim_check(run->sim, notice->kind != MYC_NOTICE_CORRUPT, "nobody sends corrupt bytes");
    if (notice->kind == MYC_NOTICE_MATCHED || notice->kind == MYC_NOTICE_PEER_RESTARTED) {
        reader->next = notice->last + 1;
        reader->has_ended = false;
    } else if (notice->kind == MYC_NOTICE_GAP) {
        myc_sim_check(
            run->sim,
            (run->is_breaking || (run->is_dropping && is_drop(notice)))
                && notice->first == reader->next
                && notice->last == reader->next + notice->count - 1,
            "a gap is exactly what a broken connection lost");
        reader->next += notice->count;
        reader->lost += notice->count;
    } else {
        myc_sim_check(
            run->sim,
            notice->last == reader->next - 1,
            "the end of a stream names its last message");
        check_death(run, notice->kind);
        reader->told_ns = myc_sim_now_ns(run->sim);
        reader->has_ended = true;
    }
}

static bool are_readers_done(const struct run *run)
{
    if (run->is_cutting) {
        return run->has_closed; // What ended with a link begins again with the next.
    }
    for (size_t i = 0; i < run->reader_count; i++) {
        if (!run->readers[i].has_left && !run->readers[i].has_ended) {
            return false;
        }
    }
    return true;
}

// Whether every reader that met its publisher has heard of its end.
static bool has_everybody_heard(const struct run *run)
{
    for (size_t i = 0; i < run->reader_count; i++) {
        const struct reader *reader = &run->readers[i];
        if (!reader->has_left && !reader->has_ended && (reader->next != 0 || !run->has_kill)) {
            return false;
        }
    }
    return true;
}

static void read_all(struct side *side)
{
    struct run *run = side->run;
    struct myc_subscriber *subscribers[READERS_MAX];
    uint64_t end_ns = myc_clock_monotonic_ns(side->platform->clock) + 50 * second_ns;
    for (size_t i = 0; i < run->reader_count; i++) {
        subscribers[i] = run->readers[i].subscriber;
    }
    while (!are_readers_done(run) && myc_clock_monotonic_ns(side->platform->clock) < end_ns) {
        size_t count = 0;
        for (size_t i = 0; i < run->reader_count; i++) {
            size_t most = 1 + (size_t)myc_sim_choose(run->sim, "bus.batch", 16);
            count +=
                myc_subscriber_poll(subscribers[i], on_message, on_notice, &run->readers[i], most);
            myc_sim_check(
                run->sim,
                run->readers[i].suspect == 0,
                "who was handed what was overwritten is told before its poll returns");
        }
        if (count == 0 && !are_readers_done(run)) {
            myc_waiter_clear(&run->reader_waiter);
            uint64_t look_ns = myc_clock_monotonic_ns(side->platform->clock) + 20 * ms_ns;
            (void)myc_subscribers_wait(
                &run->reader_waiter,
                subscribers,
                run->reader_count,
                run->is_cutting ? look_ns : end_ns);
        }
    }
    myc_sim_check(
        run->sim,
        run->is_breaking || has_everybody_heard(run),
        "readers hear of their publisher's end");
}

static void run_readers(void *context)
{
    struct side *side = context;
    struct run *run = side->run;
    size_t opened = 0;
    if (!is_well(run, myc_waiter_open(&run->reader_waiter, side->platform), "no waiter")) {
        return;
    }
    while (opened < run->reader_count) {
        struct reader *reader = &run->readers[opened];
        enum myc_status status = myc_subscriber_create(
            side->bus, &run->reader_waiter, "numbers", &reader->subscriber, NULL);
        if (!is_well(run, status, "no subscriber")) {
            break;
        }
        opened++;
    }
    if (opened == run->reader_count) {
        read_all(side);
    }
    for (size_t i = 0; i < opened; i++) {
        myc_subscriber_close(run->readers[i].subscriber);
        run->readers[i].has_left = true;
    }
}

// ---- Processes ----

static int left_main(struct myc_platform *platform, void *arg)
{
    struct side *side = arg;
    struct run *run = side->run;
    struct myc_handle readers = {0};
    if (!open_side(side, platform, 0)) {
        return 0;
    }
    bool has_readers = false;
    if (run->deployment == LOCAL) {
        enum myc_status status =
            myc_thread_start(platform->thread, run_readers, side, NULL, &readers);
        has_readers = is_well(run, status, "no thread");
    }
    run_publisher(side);
    if (has_readers) {
        myc_thread_join(platform->thread, readers);
    }
    close_side(side);
    myc_waiter_close(&side->waiter);
    if (has_readers) {
        myc_waiter_close(&run->reader_waiter);
    }
    return 0;
}

static int right_main(struct myc_platform *platform, void *arg)
{
    struct side *side = arg;
    if (open_side(side, platform, 1)) {
        run_readers(side);
        close_side(side);
        myc_waiter_close(&side->run->reader_waiter);
    }
    return 0;
}

// ---- The director ----

static void build_topology(struct run *run)
{
    static const char *const endpoints[DEPLOYMENT_COUNT][2] = {
        {"local", "local"},
        {"shm:/run/left", "shm:/run/right"},
        {"unix:/run/left", "unix:/run/right"},
        {"tcp:127.0.0.1:7001", "tcp:127.0.0.1:7002"}};
    static const char *const names[2] = {"left", "right"};
    run->topology.node_count = run->deployment == LOCAL ? 1 : 2;
    for (size_t i = 0; i < run->topology.node_count; i++) {
        struct myc_topology_node *node = &run->topology.nodes[i];
        memcpy(node->name, names[i], strlen(names[i]) + 1);
        enum myc_status status = myc_endpoint_parse(
            endpoints[run->deployment][i], NULL, &node->transport, &node->address, NULL);
        myc_sim_check(run->sim, status == MYC_OK, "the scenario's endpoints are good");
    }
}

static struct run *begin(struct myc_sim *sim)
{
    static const char *const names[DEPLOYMENT_COUNT] = {
        "runs local", "runs shm", "runs unix", "runs tcp"};
    struct run *run = &the_run;
    memset(run, 0, sizeof(*run));
    run->sim = sim;
    run->deployment = (enum deployment)myc_sim_choose(sim, "bus.deployment", DEPLOYMENT_COUNT);
    run->message_count = 10 + myc_sim_choose(sim, "bus.messages", MESSAGES_MAX - 9);
    run->size_max = 8 + myc_sim_choose(sim, "bus.size_max", SIZE_MAX_BYTES - 7);
    run->is_rejecting = myc_sim_chance(sim, "bus.rejects", 1, 4);
    run->is_dropping = run->is_rejecting && run->message_count % 2 == 0;
    run->reader_count = 1;
    if (run->deployment == LOCAL || run->deployment == SHM) {
        // Over a socket a subscriber that comes later is not counted as matched.
        run->reader_count += myc_sim_choose(sim, "bus.readers", READERS_MAX);
    }
    build_topology(run);
    for (size_t i = 0; i < READERS_MAX; i++) {
        run->readers[i].run = run;
    }
    myc_sim_count(sim, names[run->deployment], 1);
    return run;
}

static bool all_have_ended(void *context)
{
    struct run *run = context;
    bool is_over = true;
    for (size_t i = 0; i < run->topology.node_count; i++) {
        if (myc_sim_is_running(run->sim, run->sides[i].process)) {
            is_over = false;
        } else if (run->ended_ns[i] == 0) {
            run->ended_ns[i] = myc_sim_now_ns(run->sim);
        }
    }
    return is_over;
}

static void run_to_end(struct run *run)
{
    static myc_sim_main_fn *const mains[2] = {left_main, right_main};
    uint64_t first = run->topology.node_count == 2 ? myc_sim_choose(run->sim, "bus.first", 2) : 0;
    for (size_t i = 0; i < run->topology.node_count; i++) {
        size_t index = i ^ (size_t)first;
        struct side *side = &run->sides[index];
        side->run = run;
        const char *name = run->topology.nodes[index].name;
        side->process = myc_sim_start(run->sim, "host", name, mains[index], side);
        if (run->kill_point[index] != 0) {
            myc_sim_kill_at(run->sim, side->process, run->kill_point[index]);
        }
    }
    bool is_over =
        myc_sim_run_until(run->sim, all_have_ended, run, myc_sim_now_ns(run->sim) + 60 * second_ns);
    myc_sim_check(run->sim, is_over, "every process comes to its end");
    for (size_t i = 0; i < run->reader_count; i++) {
        myc_sim_count(run->sim, "messages delivered", run->readers[i].delivered);
        myc_sim_count(run->sim, "messages in gaps", run->readers[i].lost);
    }
}

static void run_bus(struct myc_sim *sim)
{
    struct run *run = begin(sim);
    if (run->deployment == TCP && myc_sim_chance(sim, "bus.resets", 1, 2)) {
        run->is_breaking = true;
        myc_sim_allow(sim, MYC_SIM_FAULT_RESET, true);
    }
    run_to_end(run);
    for (size_t i = 0; i < run->reader_count && !run->is_breaking; i++) {
        const struct reader *reader = &run->readers[i];
        myc_sim_check(
            sim,
            reader->left_early || reader->next - 1 == run->accepted,
            "whoever stays to the end has everything");
    }
}

// A run in which one of the two processes dies, or none.
static void run_deaths(struct run *run)
{
    struct myc_sim *sim = run->sim;
    run->has_kill = true;
    run_to_end(run);
    bool is_left_dead = myc_sim_was_killed(sim, run->sides[0].process);
    bool is_right_dead = myc_sim_was_killed(sim, run->sides[1].process);
    myc_sim_count(sim, "killed", is_left_dead || is_right_dead ? 1 : 0);
    for (size_t i = 0; i < run->reader_count && !is_right_dead; i++) {
        const struct reader *reader = &run->readers[i];
        bool is_owed = reader->next != 0 && !reader->left_early;
        myc_sim_check(
            sim,
            !is_owed || run->deployment != SHM || reader->next - 1 >= run->committed,
            "what was committed to shared memory outlives its publisher");
        myc_sim_check(
            sim,
            !is_left_dead || reader->told_ns <= run->ended_ns[0] + death_told_ns,
            "a death is told in time");
        myc_sim_count(sim, "deaths told", is_left_dead && reader->told_ns != 0 ? 1 : 0);
    }
    myc_sim_check(
        sim,
        is_left_dead || !is_right_dead || !run->is_met
            || run->publisher_done_ns <= run->ended_ns[1] + death_told_ns,
        "a publisher goes on without its dead subscriber in time");
}

static void run_kill(struct myc_sim *sim)
{
    struct run *run = begin(sim);
    if (run->deployment == LOCAL) {
        run->deployment = SHM;
        memset(&run->topology, 0, sizeof(run->topology));
        build_topology(run);
    }
    size_t victim = (size_t)myc_sim_choose(sim, "bus.victim", 2);
    run->kill_point[victim] = 1 + myc_sim_choose(sim, "bus.kill_point", 3000);
    run_deaths(run);
}

static void run_crash(struct myc_sim *sim)
{
    struct run *run = begin(sim);
    run->deployment = (enum deployment)(SHM + myc_sim_choose(sim, "bus.crash_deployment", 3));
    memset(&run->topology, 0, sizeof(run->topology));
    build_topology(run);
    run->reader_count = run->deployment == SHM ? run->reader_count : 1;
    run->message_count = 10 + run->message_count % 20;
    run_deaths(run);
}

static void run_busy(struct myc_sim *sim)
{
    struct run *run = begin(sim);
    run->is_busy = true;
    run_to_end(run);
}

static void run_scarce(struct myc_sim *sim)
{
    struct run *run = begin(sim);
    run->is_scarce = true;
    run->is_breaking = true;
    myc_sim_allow(sim, MYC_SIM_FAULT_ALLOCATION, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_HANDLE_LIMIT, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_SHM_NO_MEMORY, true);
    run_to_end(run);
}

static void run_cut(struct myc_sim *sim)
{
    static const uint64_t graces_ns[] = {30000000000, 1000000, 20000000};
    struct run *run = begin(sim);
    run->deployment = SHM;
    memset(&run->topology, 0, sizeof(run->topology));
    build_topology(run);
    run->is_cutting = true;
    run->is_breaking = true;
    myc_sim_allow(sim, MYC_SIM_FAULT_SMALL_BUFFER, false); // Nobody fills a link.
    run->grace_ns = graces_ns[myc_sim_choose(sim, "bus.grace", 3)];
    run_to_end(run);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"bus", "a publisher and its readers with hardly any room, on every transport", run_bus},
        {"bus-crash", "the same with few messages, for --crash-sweep left and right", run_crash},
        {"bus-kill", "the same while one of the two processes dies anywhere", run_kill},
        {"bus-busy", "the same while agents never sleep", run_busy},
        {"bus-cut", "the same in shared memory while links break between two who live", run_cut},
        {"bus-scarce", "the same while memory, descriptors and segments run out", run_scarce},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
