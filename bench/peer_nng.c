// SPDX-License-Identifier: MIT OR Apache-2.0
#include "peer_nng.h"

#include <stdio.h>

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/supplemental/util/platform.h>

#include "bus_fixture.h"
#include "machine.h"

enum {
    MESSAGES = 40000,
    WARM_UP = 4000,
    BUFFERED = 1024,
    PATIENCE_MS = 20000, /* for whatever is waited for */
    ENDPOINT_BYTES = 160
};

struct nng_run {
    struct bench_setup setup;
    struct bus_plan plan; /* only for its folder or port */
    bool is_inproc;
    char endpoint[ENDPOINT_BYTES];
    uint64_t warm_up;
    uint64_t total;
    uint64_t ticks;
};

static bool refuse(const char *what, int error)
{
    (void)fprintf(stderr, "myc-bench: nng: %s: %s\n", what, nng_strerror(error));
    return false;
}

static int open_pair(nng_socket *out_socket)
{
    int error = nng_pair0_open(out_socket);
    error = error != 0 ? error : nng_socket_set_int(*out_socket, NNG_OPT_RECVBUF, BUFFERED);
    error = error != 0 ? error : nng_socket_set_int(*out_socket, NNG_OPT_SENDBUF, BUFFERED);
    error = error != 0 ? error : nng_socket_set_ms(*out_socket, NNG_OPT_SENDTIMEO, PATIENCE_MS);
    return error != 0 ? error : nng_socket_set_ms(*out_socket, NNG_OPT_RECVTIMEO, PATIENCE_MS);
}

static bool receive(void *context)
{
    struct nng_run *run = context;
    nng_socket socket;
    uint64_t words[BUS_MESSAGE_WORDS];
    uint64_t sum = 0;
    uint64_t start = 0;
    int error = open_pair(&socket);
    error = error != 0 ? error : nng_listen(socket, run->endpoint, NULL, 0);
    for (uint64_t i = 0; i < run->total && error == 0; i++) {
        size_t size = sizeof(words);
        if (i == run->warm_up) {
            start = bench_ticks();
        }
        error = nng_recv(socket, words, &size, 0);
        for (uint32_t j = 0; j < BUS_MESSAGE_WORDS; j++) {
            sum += words[j];
        }
    }
    run->ticks = bench_ticks() - start;
    bench_keep(sum);
    // Says that all has come, since a close would cut off what is under way.
    error = error != 0 ? error : nng_send(socket, words, sizeof(words), 0);
    nng_msleep(10);
    (void)nng_close(socket);
    return error == 0 || refuse("cannot receive", error);
}

static bool send(const struct nng_run *run)
{
    nng_socket socket;
    uint64_t words[BUS_MESSAGE_WORDS];
    size_t size = sizeof(words);
    int error = open_pair(&socket);
    // Dials again until the other side listens.
    error = error != 0 ? error : nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, 1);
    error = error != 0 ? error : nng_dial(socket, run->endpoint, NULL, NNG_FLAG_NONBLOCK);
    for (uint64_t i = 0; i < run->total && error == 0; i++) {
        for (uint32_t j = 0; j < BUS_MESSAGE_WORDS; j++) {
            words[j] = i + j;
        }
        error = nng_send(socket, words, sizeof(words), 0);
    }
    error = error != 0 ? error : nng_recv(socket, words, &size, 0);
    (void)nng_close(socket);
    return error == 0 || refuse("cannot send", error);
}

enum way { INPROC, IPC, TCP };

// nng keeps threads for the rest of a process, so the sender has one of its own, too.
static bool send_and_join(void *context)
{
    struct nng_run *run = context;
    struct bench_partner receiver;
    bool is_good = run->is_inproc ? bench_thread_start(&receiver, &run->setup, receive, run)
                                  : bench_process_start(&receiver, &run->setup, receive, run);
    is_good = is_good && send(run);
    return is_good && bench_partner_join(&receiver);
}

static bool measure(const struct bench_setup *setup, enum way way, double *out_rate)
{
    struct bench_partner sender;
    const struct bench_setup swapped = {
        .cpus = {setup->cpus[1], setup->cpus[0]}, .ns_per_tick = setup->ns_per_tick};
    struct nng_run *run = bench_pages(sizeof(*run), true);
    if (run == NULL) {
        return false;
    }
    bool is_good = bus_plan_make(way == TCP ? MYC_TRANSPORT_TCP : MYC_TRANSPORT_UNIX, &run->plan);
    const struct myc_address *address = &run->plan.topology.nodes[0].address;
    if (way == TCP) {
        (void)snprintf(run->endpoint, ENDPOINT_BYTES, "tcp://127.0.0.1:%u", address->port);
    } else {
        const char *scheme = way == IPC ? "ipc" : "inproc";
        (void)snprintf(run->endpoint, ENDPOINT_BYTES, "%s://%s", scheme, address->text);
    }
    run->setup = *setup;
    run->is_inproc = way == INPROC;
    run->warm_up = bench_amount(setup, WARM_UP);
    run->total = run->warm_up + bench_amount(setup, MESSAGES);
    is_good = is_good && bench_process_start(&sender, &swapped, send_and_join, run)
              && bench_partner_join(&sender);
    double ns = (double)run->ticks * setup->ns_per_tick;
    *out_rate = (double)(run->total - run->warm_up) / ns * 1000;
    bus_plan_remove(&run->plan);
    bench_pages_free(run, sizeof(*run));
    return is_good;
}

bool peer_nng_inproc(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, INPROC, out_values);
}

bool peer_nng_ipc(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, IPC, out_values);
}

bool peer_nng_tcp(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, TCP, out_values);
}
