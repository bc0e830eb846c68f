// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The bus over sockets, against plain sockets that carry the same bytes, libzmq and nng.
#include "bus_remote.h"
#include "raw_socket.h"
#ifdef BENCH_HAS_ZMQ
#include "peer_nng.h"
#include "peer_zmq.h"
#endif

enum { BUSY_TRIPS = 20000, BLOCKING_TRIPS = 4000, MESSAGES = 6000000 };

// ---- Ours ----

static bool
rtt(const struct bench_setup *setup,
    enum myc_transport_kind transport,
    enum bus_wait wait,
    double out_values[BENCH_VALUES_MAX])
{
    uint64_t trips = wait == BUS_BLOCK ? BLOCKING_TRIPS : BUSY_TRIPS;
    bool is_good = bus_remote_rtt(setup, transport, wait, trips, out_values);
    for (uint32_t i = 0; i < 3; i++) {
        out_values[i] /= 1000;
    }
    return is_good;
}

static bool unix_rtt_busy(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return rtt(setup, MYC_TRANSPORT_UNIX, BUS_SPIN_SOCKET, out_values);
}

static bool tcp_rtt_busy(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return rtt(setup, MYC_TRANSPORT_TCP, BUS_SPIN_SOCKET, out_values);
}

static bool unix_rtt_block(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return rtt(setup, MYC_TRANSPORT_UNIX, BUS_BLOCK, out_values);
}

static bool tcp_rtt_block(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return rtt(setup, MYC_TRANSPORT_TCP, BUS_BLOCK, out_values);
}

static bool unix_stream(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    double ns = 0;
    bool is_good = bus_remote_stream(setup, MYC_TRANSPORT_UNIX, MESSAGES, &ns);
    out_values[0] = 1000 / ns;
    return is_good;
}

static bool tcp_stream(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    double ns = 0;
    bool is_good = bus_remote_stream(setup, MYC_TRANSPORT_TCP, MESSAGES, &ns);
    out_values[0] = 1000 / ns;
    return is_good;
}

#define LENGTH(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

// ---- Round trips ----

#define RTT_VALUES                                                                                 \
    {                                                                                              \
        "half a round trip p50", "p99", "p99.9 us"                                                 \
    }

// One experiment for each way to wait, on each kind of socket.
#define RTT_EXPERIMENT(kind, label)                                                                \
    static const struct bench_side kind##_sides[] = {                                              \
        {"bus, " label, kind, RTT_VALUES}, {"raw, " label, raw_##kind, RTT_VALUES}};               \
    static const struct bench_case kind##_cases[] = {                                              \
        {.bench = "bus",                                                                           \
         .name = #kind,                                                                            \
         .unit = "us",                                                                             \
         .reference_name = "raw socket ping-pong, " label ", p50",                                 \
         .better = BENCH_LOWER,                                                                    \
         .bar = 1.15,                                                                              \
         .ours = 0,                                                                                \
         .reference = 1,                                                                           \
         .is_socket = true}};                                                                      \
    const struct bench_experiment bench_bus_##kind = {kind##_sides, 2, kind##_cases, 1, NULL};

RTT_EXPERIMENT(unix_rtt_busy, "Unix, busy")
RTT_EXPERIMENT(tcp_rtt_busy, "TCP, busy")
RTT_EXPERIMENT(unix_rtt_block, "Unix, blocking")
RTT_EXPERIMENT(tcp_rtt_block, "TCP, blocking")

// ---- Streams ----

#define RATE_VALUES                                                                                \
    {                                                                                              \
        "million messages/s"                                                                       \
    }

static const struct bench_side unix_sides[] = {
    {"bus, coalesced, Unix", unix_stream, RATE_VALUES},
    {"raw 64 KiB writes, Unix", raw_unix_stream, RATE_VALUES},
#ifdef BENCH_HAS_ZMQ
    {"libzmq PUSH/PULL, ipc", peer_zmq_ipc, RATE_VALUES},
#endif
#ifdef BENCH_HAS_NNG
    {"nng pair, ipc", peer_nng_ipc, RATE_VALUES},
#endif
};

static const struct bench_side tcp_sides[] = {
    {"bus, coalesced, TCP", tcp_stream, RATE_VALUES},
    {"raw 64 KiB writes, TCP", raw_tcp_stream, RATE_VALUES},
#ifdef BENCH_HAS_ZMQ
    {"libzmq PUSH/PULL, tcp", peer_zmq_tcp, RATE_VALUES},
#endif
#ifdef BENCH_HAS_NNG
    {"nng pair, tcp", peer_nng_tcp, RATE_VALUES},
#endif
};

static const struct bench_case unix_cases[] = {
    {.bench = "bus",
     .name = "unix_stream",
     .unit = "M/s",
     .reference_name = "raw 64 KiB writes of the same bytes",
     .better = BENCH_HIGHER,
     .bar = 0.45,
     .ours = 0,
     .reference = 1,
     .is_socket = true},
#ifdef BENCH_HAS_ZMQ
    {.bench = "bus",
     .name = "unix_vs_zmq",
     .unit = "M/s",
     .reference_name = "libzmq PUSH/PULL over ipc",
     .better = BENCH_HIGHER,
     .bar = 3,
     .ours = 0,
     .reference = 2,
     .is_socket = true},
#endif
#ifdef BENCH_HAS_NNG
    {.bench = "bus",
     .name = "unix_vs_nng",
     .unit = "M/s",
     .reference_name = "nng pair over ipc",
     .better = BENCH_HIGHER,
     .bar = 30,
     .ours = 0,
     .reference = LENGTH(unix_sides) - 1,
     .is_socket = true},
#endif
};

static const struct bench_case tcp_cases[] = {
    {.bench = "bus",
     .name = "tcp_stream",
     .unit = "M/s",
     .reference_name = "raw 64 KiB writes of the same bytes",
     .better = BENCH_HIGHER,
     .bar = 0.25,
     .ours = 0,
     .reference = 1,
     .is_socket = true},
#ifdef BENCH_HAS_ZMQ
    {.bench = "bus",
     .name = "tcp_vs_zmq",
     .unit = "M/s",
     .reference_name = "libzmq PUSH/PULL over TCP",
     .better = BENCH_HIGHER,
     .bar = 2,
     .ours = 0,
     .reference = 2,
     .is_socket = true},
#endif
#ifdef BENCH_HAS_NNG
    {.bench = "bus",
     .name = "tcp_vs_nng",
     .unit = "M/s",
     .reference_name = "nng pair over TCP",
     .better = BENCH_HIGHER,
     .bar = 20,
     .ours = 0,
     .reference = LENGTH(tcp_sides) - 1,
     .is_socket = true},
#endif
};

const struct bench_experiment bench_bus_unix_stream = {
    unix_sides, LENGTH(unix_sides), unix_cases, LENGTH(unix_cases), NULL};
const struct bench_experiment bench_bus_tcp_stream = {
    tcp_sides, LENGTH(tcp_sides), tcp_cases, LENGTH(tcp_cases), NULL};
