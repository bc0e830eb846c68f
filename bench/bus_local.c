// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What the bus adds to the bare ring inside one process: the same 64 bytes, the same threads.
#include <string.h>

#include "bus_fixture.h"
#include "machine.h"
#include "ring_rate.h"

enum { MESSAGES = 4000000, WARM_UP = 100000, POLL_MAX = 64 };

struct local {
    struct bus_node node;
    struct bus_plan plan;
};

static struct local *open_local(void)
{
    struct local *local = bench_pages(sizeof(*local), false);
    if (local == NULL) {
        return NULL;
    }
    bool is_good =
        bus_plan_make(MYC_TRANSPORT_LOCAL, &local->plan)
        && bus_node_open(
            &local->node, &local->plan, "first", &bus_message_there, &bus_message_there, false)
        && bus_node_meet(&local->node, true, true);
    if (!is_good) {
        bus_node_close(&local->node);
        bench_pages_free(local, sizeof(*local));
        return NULL;
    }
    return local;
}

static void close_local(struct local *local)
{
    bench_keep(local->node.sum);
    bus_node_close(&local->node);
    bench_pages_free(local, sizeof(*local));
}

// ---- One thread ----

static bool pass(struct local *local, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (!bus_node_send(&local->node, &bus_message_there, i)) {
            return false;
        }
        (void)bus_node_poll(&local->node, 1);
    }
    return true;
}

static bool one_thread(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    uint64_t count = bench_amount(setup, MESSAGES);
    struct local *local = open_local();
    if (local == NULL) {
        return false;
    }
    bool is_good = pass(local, bench_amount(setup, WARM_UP));
    uint64_t start = bench_ticks();
    is_good = is_good && pass(local, count);
    out_values[0] = (double)(bench_ticks() - start) * setup->ns_per_tick / (double)count;
    is_good = is_good && local->node.count == count + bench_amount(setup, WARM_UP);
    close_local(local);
    return is_good;
}

static const struct bench_side one_thread_sides[] = {
    {"bus, one thread", one_thread, {"ns a message"}},
    {"bare ring, one thread",
     ring_rate_one_thread,
     {"ns one at a time", "ns 16 at a time", "ns polled one at a time", "ns polled 16 at a time"}},
};

static const struct bench_case one_thread_cases[] = {
    {.bench = "bus",
     .name = "local_one_thread",
     .unit = "ns",
     .reference_name = "bare ring",
     .better = BENCH_LOWER,
     .bar = 1.4,
     .ours = 0,
     .reference = 1},
};

const struct bench_experiment bench_bus_local_one_thread = {
    one_thread_sides, 2, one_thread_cases, 1, NULL};

// ---- Two threads ----

struct receiver {
    struct bus_node *node;
    uint64_t warm_up;
    uint64_t total;
    uint64_t ticks;
    uint64_t timed;
};

static bool receive(void *context)
{
    struct receiver *receiver = context;
    struct bus_node *node = receiver->node;
    while (node->count < receiver->warm_up) {
        (void)bus_node_poll(node, POLL_MAX);
    }
    uint64_t before = node->count;
    uint64_t start = bench_ticks();
    while (node->count < receiver->total) {
        (void)bus_node_poll(node, POLL_MAX);
    }
    receiver->ticks = bench_ticks() - start;
    receiver->timed = receiver->total - before;
    return true;
}

static bool two_threads(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    struct bench_partner partner;
    struct local *local = open_local();
    if (local == NULL) {
        return false;
    }
    struct receiver receiver = {
        .node = &local->node,
        .warm_up = bench_amount(setup, WARM_UP),
        .total = bench_amount(setup, WARM_UP) + bench_amount(setup, MESSAGES)};
    bool is_good = bench_thread_start(&partner, setup, receive, &receiver);
    if (is_good) {
        for (uint64_t i = 0; i < receiver.total && is_good; i++) {
            is_good = bus_node_send(&local->node, &bus_message_there, i);
        }
        is_good = bench_partner_join(&partner) && is_good;
        out_values[0] = (double)receiver.ticks * setup->ns_per_tick / (double)receiver.timed;
    }
    close_local(local);
    return is_good;
}

static const struct bench_side two_threads_sides[] = {
    {"bus, two threads", two_threads, {"ns a message"}},
    {"bare ring, two threads", ring_rate_threads, {"ns a message"}},
};

static const struct bench_case two_threads_cases[] = {
    {.bench = "bus",
     .name = "local_two_threads",
     .unit = "ns",
     .reference_name = "bare ring",
     .better = BENCH_LOWER,
     .bar = 1.25,
     .ours = 0,
     .reference = 1},
};

const struct bench_experiment bench_bus_local_two_threads = {
    two_threads_sides, 2, two_threads_cases, 1, NULL};
