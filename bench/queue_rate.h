// SPDX-License-Identifier: MIT OR Apache-2.0
#ifndef MYC_BENCH_QUEUE_RATE_H
#define MYC_BENCH_QUEUE_RATE_H

#include "bench.h"

/** Items of 64 bytes from one thread to another by spsc. Value: millions of items a second. */
bench_side_fn queue_rate_spsc;

#endif
