// SPDX-License-Identifier: MIT OR Apache-2.0
#include "peer_zmq.h"

#include <stdio.h>
#include <string.h>

#include <zmq.h>

#include "bus_fixture.h"
#include "machine.h"

enum { MESSAGES = 1500000, MESSAGES_INPROC = 300000, WARM_UP = 50000, ENDPOINT_BYTES = 160 };

struct zmq_run {
    struct bus_plan plan; /* only for its folder or port */
    char endpoint[ENDPOINT_BYTES];
    void *library; /* of both, where they are threads; else NULL */
    uint64_t warm_up;
    uint64_t total;
    uint64_t ticks;
};

static bool pull(void *context)
{
    struct zmq_run *run = context;
    uint64_t words[BUS_MESSAGE_WORDS];
    uint64_t sum = 0;
    uint64_t start = 0;
    void *library = run->library != NULL ? run->library : zmq_ctx_new();
    void *socket = zmq_socket(library, ZMQ_PULL);
    bool is_good = socket != NULL && zmq_bind(socket, run->endpoint) == 0;
    for (uint64_t i = 0; i < run->total && is_good; i++) {
        if (i == run->warm_up) {
            start = bench_ticks();
        }
        is_good = zmq_recv(socket, words, sizeof(words), 0) == (int)sizeof(words);
        for (uint32_t j = 0; j < BUS_MESSAGE_WORDS; j++) {
            sum += words[j];
        }
    }
    run->ticks = bench_ticks() - start;
    bench_keep(sum);
    (void)zmq_close(socket);
    if (library != run->library) {
        (void)zmq_ctx_term(library);
    }
    return is_good || bench_fail("libzmq cannot receive");
}

static bool push(struct zmq_run *run)
{
    uint64_t words[BUS_MESSAGE_WORDS];
    void *library = run->library != NULL ? run->library : zmq_ctx_new();
    void *socket = zmq_socket(library, ZMQ_PUSH);
    bool is_good = socket != NULL && zmq_connect(socket, run->endpoint) == 0;
    for (uint64_t i = 0; i < run->total && is_good; i++) {
        for (uint32_t j = 0; j < BUS_MESSAGE_WORDS; j++) {
            words[j] = i + j;
        }
        is_good = zmq_send(socket, words, sizeof(words), 0) == (int)sizeof(words);
    }
    (void)zmq_close(socket);
    if (library != run->library) {
        (void)zmq_ctx_term(library);
    }
    return is_good || bench_fail("libzmq cannot send");
}

static bool measure(const struct bench_setup *setup, bool is_tcp, double *out_rate)
{
    struct bench_partner partner;
    struct zmq_run *run = bench_pages(sizeof(*run), true);
    if (run == NULL) {
        return false;
    }
    bool is_good = bus_plan_make(is_tcp ? MYC_TRANSPORT_TCP : MYC_TRANSPORT_UNIX, &run->plan);
    const struct myc_address *address = &run->plan.topology.nodes[0].address;
    if (is_tcp) {
        (void)snprintf(run->endpoint, sizeof(run->endpoint), "tcp://127.0.0.1:%u", address->port);
    } else {
        (void)snprintf(run->endpoint, sizeof(run->endpoint), "ipc://%s", address->text);
    }
    run->warm_up = bench_amount(setup, WARM_UP);
    run->total = run->warm_up + bench_amount(setup, MESSAGES);
    if (is_good && bench_process_start(&partner, setup, pull, run)) {
        is_good = push(run);
        is_good = bench_partner_join(&partner) && is_good;
        double ns = (double)run->ticks * setup->ns_per_tick;
        *out_rate = (double)(run->total - run->warm_up) / ns * 1000;
    } else {
        is_good = false;
    }
    bus_plan_remove(&run->plan);
    bench_pages_free(run, sizeof(*run));
    return is_good;
}

bool peer_zmq_inproc(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    struct bench_partner partner;
    struct zmq_run *run = bench_pages(sizeof(*run), false);
    if (run == NULL) {
        return false;
    }
    (void)snprintf(run->endpoint, sizeof(run->endpoint), "inproc://bench");
    run->library = zmq_ctx_new();
    run->warm_up = bench_amount(setup, WARM_UP);
    run->total = run->warm_up + bench_amount(setup, MESSAGES_INPROC);
    bool is_good = run->library != NULL && bench_thread_start(&partner, setup, pull, run);
    if (is_good) {
        is_good = push(run);
        is_good = bench_partner_join(&partner) && is_good;
        double ns = (double)run->ticks * setup->ns_per_tick;
        out_values[0] = (double)(run->total - run->warm_up) / ns * 1000;
    }
    (void)zmq_ctx_term(run->library);
    bench_pages_free(run, sizeof(*run));
    return is_good;
}

bool peer_zmq_ipc(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, false, out_values);
}

bool peer_zmq_tcp(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, true, out_values);
}
