// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The bus between processes that share memory, against the bare ring and the bare cache line.
#include "bus_remote.h"
#include "raw_line.h"
#include "ring_rate.h"

enum { MESSAGES = 4000000, TRIPS = 200000 };

static bool oneway(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return bus_remote_stream(setup, MYC_TRANSPORT_SHM, MESSAGES, out_values);
}

static bool rtt(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return bus_remote_rtt(setup, MYC_TRANSPORT_SHM, BUS_SPIN_RING, TRIPS, out_values);
}

static const struct bench_side oneway_sides[] = {
    {"bus over shared memory", oneway, {"ns a message"}},
    {"bare ring, two processes", ring_rate_processes, {"ns a message"}},
};

static const struct bench_case oneway_cases[] = {
    {.bench = "bus",
     .name = "shm_oneway",
     .unit = "ns",
     .reference_name = "bare ring between processes",
     .better = BENCH_LOWER,
     .bar = 1.25,
     .ours = 0,
     .reference = 1},
};

static const struct bench_side rtt_sides[] = {
    {"bus over shared memory", rtt, {"half a round trip p50", "p99", "p99.9 ns"}},
    {"two cache lines, two processes",
     raw_line_processes,
     {"half a round trip p50", "p99", "p99.9 ns"}},
};

static const struct bench_case rtt_cases[] = {
    {.bench = "bus",
     .name = "shm_rtt",
     .unit = "ns",
     .reference_name = "raw shared-memory ping-pong, p50",
     .better = BENCH_LOWER,
     .bar = 1.4,
     .ours = 0,
     .reference = 1},
};

const struct bench_experiment bench_bus_shm_oneway = {oneway_sides, 2, oneway_cases, 1, NULL};
const struct bench_experiment bench_bus_shm_rtt = {rtt_sides, 2, rtt_cases, 1, NULL};
