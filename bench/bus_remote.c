// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The first node measures in this process; the second runs in a partner process.
#include "bus_remote.h"

#include "bus_fixture.h"
#include "machine.h"

#include <mycelium/bytes.h>

enum { WARM_UP_TRIPS = 1000, WARM_UP_MESSAGES = 200000, FLUSH_EVERY = 512, POLL_MAX = 512 };

struct remote {
    struct bus_plan plan;
    enum myc_transport_kind transport;
    enum bus_wait wait;
    uint64_t warm_up;
    uint64_t total;
    uint64_t ticks; /* written by the partner: for `timed` messages */
    uint64_t timed;
    struct myc_histogram histogram;
};

static struct remote *open_remote(enum myc_transport_kind transport)
{
    struct remote *remote = bench_pages(sizeof(*remote), true);
    if (remote == NULL) {
        return NULL;
    }
    remote->transport = transport;
    if (!bus_plan_make(transport, &remote->plan)) {
        bus_plan_remove(&remote->plan);
        bench_pages_free(remote, sizeof(*remote));
        return NULL;
    }
    return remote;
}

static void close_remote(struct remote *remote)
{
    bus_plan_remove(&remote->plan);
    bench_pages_free(remote, sizeof(*remote));
}

// ---- Round trips ----

static inline void wait_one(struct bus_node *node, enum bus_wait wait)
{
    while (bus_node_poll(node, 1) == 0) {
        if (wait != BUS_SPIN_RING) {
            (void)myc_bus_work(node->bus, wait == BUS_BLOCK ? MYC_NEVER : 0);
        }
    }
}

static bool answer(void *context)
{
    struct remote *remote = context;
    struct bus_node node;
    if (!bus_node_open(
            &node, &remote->plan, "second", &bus_message_back, &bus_message_there, false)) {
        return false;
    }
    bool is_good = bus_node_meet(&node, true, true);
    for (uint64_t i = 0; i < remote->total && is_good; i++) {
        wait_one(&node, remote->wait);
        is_good = bus_node_send(&node, &bus_message_back, i);
    }
    bus_node_close(&node);
    return is_good;
}

static bool ask(struct remote *remote)
{
    struct bus_node node;
    if (!bus_node_open(
            &node, &remote->plan, "first", &bus_message_there, &bus_message_back, false)) {
        return false;
    }
    bool is_good = bus_node_meet(&node, true, true);
    uint64_t before = bench_ticks();
    for (uint64_t i = 0; i < remote->total && is_good; i++) {
        is_good = bus_node_send(&node, &bus_message_there, i);
        wait_one(&node, remote->wait);
        uint64_t now = bench_ticks();
        if (i >= remote->warm_up) {
            myc_histogram_record(&remote->histogram, now - before);
        }
        before = now;
    }
    bench_keep(node.sum);
    bus_node_close(&node);
    return is_good;
}

bool bus_remote_rtt(
    const struct bench_setup *setup,
    enum myc_transport_kind transport,
    enum bus_wait wait,
    uint64_t trips,
    double out_ns[3])
{
    struct bench_partner partner;
    struct remote *remote = open_remote(transport);
    if (remote == NULL) {
        return false;
    }
    remote->wait = wait;
    remote->warm_up = bench_amount(setup, WARM_UP_TRIPS);
    remote->total = remote->warm_up + bench_amount(setup, trips);
    bool is_good = bench_process_start(&partner, setup, answer, remote);
    if (is_good) {
        is_good = ask(remote);
        is_good = bench_partner_join(&partner) && is_good;
        bench_quantiles_ns(setup, &remote->histogram, 2, out_ns);
    }
    close_remote(remote);
    return is_good;
}

// ---- Streams ----

static void receive_until(struct bus_node *node, const struct remote *remote, uint64_t count)
{
    bool has_socket = remote->transport != MYC_TRANSPORT_SHM;
    while (node->count < count) {
        size_t left = (size_t)(count - node->count);
        if (bus_node_poll(node, left < POLL_MAX ? left : POLL_MAX) > 0 || !has_socket) {
            continue;
        }
        // A turn may fill the ring before it would sleep, so it sleeps only after an idle one.
        if (myc_bus_work(node->bus, 0) == 0 && bus_node_poll(node, 1) == 0) {
            (void)myc_bus_work(node->bus, MYC_NEVER);
        }
    }
}

static bool receive(void *context)
{
    struct remote *remote = context;
    struct bus_node node;
    if (!bus_node_open(
            &node, &remote->plan, "second", &bus_message_back, &bus_message_there, true)) {
        return false;
    }
    bool is_good = bus_node_meet(&node, true, false);
    if (is_good) {
        receive_until(&node, remote, remote->warm_up);
        uint64_t start = bench_ticks();
        receive_until(&node, remote, remote->total);
        remote->ticks = bench_ticks() - start;
        remote->timed = remote->total - remote->warm_up;
    }
    bus_node_close(&node);
    return is_good;
}

static bool send_all(struct bus_node *node, const struct remote *remote)
{
    bool has_socket = remote->transport != MYC_TRANSPORT_SHM;
    uint64_t sent = 0;
    while (sent < remote->total) {
        bool is_full = false;
        if (bus_node_try_send(node, &bus_message_there, sent, &is_full)) {
            sent++;
            if (has_socket && sent % FLUSH_EVERY == 0) {
                (void)myc_publisher_flush(node->publisher);
            }
        } else if (!is_full) {
            return false;
        } else if (has_socket) {
            // The socket is full too: sleep until it takes bytes, as a raw writer does.
            (void)myc_bus_work(node->bus, MYC_NEVER);
        }
    }
    while (has_socket && myc_publisher_flush(node->publisher) == MYC_AGAIN) {
        (void)myc_bus_work(node->bus, MYC_NEVER);
    }
    return true;
}

bool bus_remote_stream(
    const struct bench_setup *setup,
    enum myc_transport_kind transport,
    uint64_t messages,
    double *out_ns)
{
    struct bench_partner partner;
    struct bus_node node;
    struct remote *remote = open_remote(transport);
    if (remote == NULL) {
        return false;
    }
    remote->warm_up = bench_amount(setup, WARM_UP_MESSAGES);
    remote->total = remote->warm_up + bench_amount(setup, messages);
    bool is_good = bench_process_start(&partner, setup, receive, remote);
    if (is_good) {
        is_good = bus_node_open(
            &node, &remote->plan, "first", &bus_message_there, &bus_message_back, true);
        if (is_good) {
            is_good = bus_node_meet(&node, false, true) && send_all(&node, remote);
            // The partner ends when it has everything; until then our end must stay open.
            is_good = bench_partner_join(&partner) && is_good;
            bus_node_close(&node);
        }
        *out_ns = (double)remote->ticks * setup->ns_per_tick / (double)remote->timed;
    }
    close_remote(remote);
    return is_good;
}
