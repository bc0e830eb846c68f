// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The machine's limits for sockets: read and write of the same bytes, and nothing else.
 */
#ifndef MYC_BENCH_RAW_SOCKET_H
#define MYC_BENCH_RAW_SOCKET_H

#include "bench.h"

/** Bytes of a 64-byte message as a record. */
enum { BENCH_RECORD_BYTES = 72 };

/** Ping-pong. Values: us of half a round trip, p50, p99, p99.9. */
bench_side_fn raw_unix_rtt_busy;
bench_side_fn raw_tcp_rtt_busy;
bench_side_fn raw_unix_rtt_block;
bench_side_fn raw_tcp_rtt_block;

/** Writes of 64 KiB. Value: millions of records of BENCH_RECORD_BYTES a second. */
bench_side_fn raw_unix_stream;
bench_side_fn raw_tcp_stream;

#endif
