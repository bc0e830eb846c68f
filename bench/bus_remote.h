// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Two processes with one node each: round trips and streams over any transport between processes.
 */
#ifndef MYC_BENCH_BUS_REMOTE_H
#define MYC_BENCH_BUS_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/topology.h>

#include "bench.h"

/** How a process that waits for a message spends the time. */
enum bus_wait {
    BUS_SPIN_RING,   /* looks at the ring only: shared memory needs no agent once it is joined */
    BUS_SPIN_SOCKET, /* turns the agent and looks at the ring, never sleeping */
    BUS_BLOCK        /* sleeps in the agent's turn until something arrives */
};

/** Round trips of 64 bytes, eager. Values: half a round trip in ns, p50, p99, p99.9. */
bool bus_remote_rtt(
    const struct bench_setup *setup,
    enum myc_transport_kind transport,
    enum bus_wait wait,
    uint64_t trips,
    double out_ns[3]);

/** One way at full speed, coalesced where there is a socket. Value: ns a message. */
bool bus_remote_stream(
    const struct bench_setup *setup,
    enum myc_transport_kind transport,
    uint64_t messages,
    double *out_ns);

#endif
