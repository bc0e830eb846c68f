// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The machine's limit for a round trip: two cache lines, one each way.
 */
#ifndef MYC_BENCH_RAW_LINE_H
#define MYC_BENCH_RAW_LINE_H

#include "bench.h"

/** Between two threads. Values: ns of half a round trip, p50, p99, p99.9. */
bench_side_fn raw_line_threads;

/** Between two processes, in shared pages. The same values. */
bench_side_fn raw_line_processes;

#endif
