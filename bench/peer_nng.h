// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * nng, if the machine has it: a pair of sockets, 64-byte messages copied in and out.
 */
#ifndef MYC_BENCH_PEER_NNG_H
#define MYC_BENCH_PEER_NNG_H

#include "bench.h"

/** Between two threads, and between two processes. Value: millions of messages a second. */
bench_side_fn peer_nng_inproc;
bench_side_fn peer_nng_ipc;
bench_side_fn peer_nng_tcp;

#endif
