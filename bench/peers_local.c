// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Within one host, against libraries that do more: a ring between two processes against iceoryx, a
// queue between two threads against libzmq and nng inside a process. Nobody set bars for them, so
// the bar is what we aim at.
#include "machine.h"
#include "peer_iox.h"
#include "peer_nng.h"
#include "peer_zmq.h"
#include "queue_rate.h"
#include "sweep.h"

#ifdef BENCH_HAS_IOX
enum { RING_TRIPS = 100000 };

static bool ring_round_trip(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    const struct sweep_options options = {FIXTURE_MEMFD, 64, 0};
    return sweep_round_trip(setup, &options, bench_amount(setup, RING_TRIPS), out_values);
}

#define TRIP_VALUES                                                                                \
    {                                                                                              \
        "half a round trip p50", "p99", "p99.9 ns"                                                 \
    }

static const struct bench_side iox_sides[] = {
    {"ring in a memfd, two processes", ring_round_trip, TRIP_VALUES},
    {"iceoryx, two processes", peer_iox_round_trip, TRIP_VALUES},
};
static const struct bench_case iox_cases[] = {
    {.bench = "ring",
     .name = "vs_iceoryx",
     .unit = "ns",
     .reference_name = "iceoryx, 64 B, both spinning, p50",
     .better = BENCH_LOWER,
     .bar = 0.5,
     .ours = 0,
     .reference = 1},
};
const struct bench_experiment bench_ring_vs_iceoryx = {iox_sides, 2, iox_cases, 1, NULL};
#else
// The catalogue says why they are not there.
const struct bench_experiment bench_ring_vs_iceoryx = {NULL, 0, NULL, 0, NULL};
#endif

#if defined(BENCH_HAS_ZMQ) || defined(BENCH_HAS_NNG)
#define RATE_VALUES                                                                                \
    {                                                                                              \
        "M items/s"                                                                                \
    }

static const struct bench_side inproc_sides[] = {
    {"spsc, two threads", queue_rate_spsc, RATE_VALUES},
#ifdef BENCH_HAS_ZMQ
    {"libzmq PUSH/PULL, inproc", peer_zmq_inproc, RATE_VALUES},
#endif
#ifdef BENCH_HAS_NNG
    {"nng pair, inproc", peer_nng_inproc, RATE_VALUES},
#endif
};
enum { SIDE_ZMQ = 1, SIDE_NNG = sizeof(inproc_sides) / sizeof(inproc_sides[0]) - 1 };

static const struct bench_case inproc_cases[] = {
#ifdef BENCH_HAS_ZMQ
    {.bench = "queue",
     .name = "vs_zmq_inproc",
     .unit = "M items/s",
     .reference_name = "libzmq PUSH/PULL, inproc",
     .better = BENCH_HIGHER,
     .bar = 10,
     .ours = 0,
     .reference = SIDE_ZMQ},
#endif
#ifdef BENCH_HAS_NNG
    {.bench = "queue",
     .name = "vs_nng_inproc",
     .unit = "M items/s",
     .reference_name = "nng pair, inproc",
     .better = BENCH_HIGHER,
     .bar = 50,
     .ours = 0,
     .reference = SIDE_NNG},
#endif
};
#define LENGTH(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
const struct bench_experiment bench_queue_inproc = {
    inproc_sides, LENGTH(inproc_sides), inproc_cases, LENGTH(inproc_cases), NULL};
#else
const struct bench_experiment bench_queue_inproc = {NULL, 0, NULL, 0, NULL};
#endif
