// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Rates of the bare ring that other experiments compare with.
 */
#ifndef MYC_BENCH_RING_RATE_H
#define MYC_BENCH_RING_RATE_H

#include "bench.h"

/** Publish and poll of 64 bytes on one thread. Values: ns a message one at a time, 16 at a time. */
bench_side_fn ring_rate_one_thread;

/** 64 bytes from thread to thread, ring on the heap. Value: ns a message. */
bench_side_fn ring_rate_threads;

/** 64 bytes from process to process, ring in a memfd, read-only to the reader. Value: ns a message.
 */
bench_side_fn ring_rate_processes;

#endif
