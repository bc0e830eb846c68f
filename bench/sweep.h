// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One channel each way over a ring, plain or framed, for messages of any size: round trips and
 * rates. Every word of a message is filled and read.
 */
#ifndef MYC_BENCH_SWEEP_H
#define MYC_BENCH_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench.h"
#include "ring_fixture.h"

struct sweep_options {
    enum fixture_place place; /* HEAP: two threads; else two processes */
    size_t bytes;             /* of a message, a multiple of 8 */
    uint32_t fragment_bytes;  /* 0: a plain ring; else the framed transport over one of 1 MiB */
};

/** Round trips of messages of that size both ways. Values: half a trip in ns, p50, p99, p99.9. */
bool sweep_round_trip(
    const struct bench_setup *setup,
    const struct sweep_options *options,
    uint64_t trips,
    double out_ns[3]);

/** One way at full speed. Value: million bytes a second. */
bool sweep_rate(
    const struct bench_setup *setup,
    const struct sweep_options *options,
    uint64_t messages,
    double *out_rate);

#endif
