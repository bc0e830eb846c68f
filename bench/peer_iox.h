// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * iceoryx, if the machine has it with its daemon: messages of 64 bytes between two processes.
 */
#ifndef MYC_BENCH_PEER_IOX_H
#define MYC_BENCH_PEER_IOX_H

#include "bench.h"

/** Round trips, both sides spinning. Values: half a trip in ns, p50, p99, p99.9. */
bench_side_fn peer_iox_round_trip;

#endif
