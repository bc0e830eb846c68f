// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What is measured, in the order in which it is printed, and what is not yet.
#include "bench.h"

const struct bench_experiment *const bench_experiments[] = {
    &bench_ring_one_thread,   &bench_ring_oneway,          &bench_ring_latency,
    &bench_ring_lapping,      &bench_ring_fanout,          &bench_ring_batch,
    &bench_ring_inplace_1k,   &bench_ring_inplace_64k,     &bench_ring_vs_iceoryx,
    &bench_ring_sweep_trip,   &bench_ring_sweep_rate,      &bench_framed_sweep_trip,
    &bench_framed_sweep_rate, &bench_queue_one_thread,     &bench_queue_spsc,
    &bench_queue_mpsc,        &bench_queue_mpmc,           &bench_queue_mpsc_vs_urcu,
    &bench_queue_lanes,       &bench_queue_inproc,         &bench_pool_same_thread,
    &bench_pool_cross_thread, &bench_bus_local_one_thread, &bench_bus_local_two_threads,
    &bench_bus_shm_oneway,    &bench_bus_shm_rtt,          &bench_bus_unix_rtt_busy,
    &bench_bus_tcp_rtt_busy,  &bench_bus_unix_rtt_block,   &bench_bus_tcp_rtt_block,
    &bench_bus_unix_stream,   &bench_bus_tcp_stream,       &bench_sim_cost,
    &bench_typed_sweep,
#ifdef BENCH_HAS_CODEC
    &bench_codec_decode,      &bench_codec_encode,         &bench_codec_peers,
#endif
};

const size_t bench_experiment_count = sizeof(bench_experiments) / sizeof(bench_experiments[0]);

const struct bench_gap bench_gaps[] = {
#ifndef BENCH_HAS_IOX
    {"ring", "vs_iceoryx", "iceoryx or its daemon was not there when this was built", false},
#endif
#ifndef BENCH_HAS_CK
    {"queue", "spsc", "Concurrency Kit was not there when this was built", false},
    {"queue", "mpsc", "Concurrency Kit was not there when this was built", false},
    {"queue", "mpmc", "Concurrency Kit was not there when this was built", false},
#endif
#ifndef BENCH_HAS_URCU
    {"queue", "mpsc_vs_urcu", "liburcu was not there when this was built", false},
#endif
#ifndef BENCH_HAS_ZMQ
    {"queue", "vs_zmq_inproc", "libzmq was not there when this was built", false},
    {"bus", "unix_vs_zmq", "libzmq was not there when this was built", true},
    {"bus", "tcp_vs_zmq", "libzmq was not there when this was built", true},
#endif
#ifndef BENCH_HAS_NNG
    {"queue", "vs_nng_inproc", "nng was not there when this was built", false},
    {"bus", "unix_vs_nng", "nng was not there when this was built", true},
    {"bus", "tcp_vs_nng", "nng was not there when this was built", true},
#endif
#ifndef BENCH_HAS_CODEC
    {"codec", "decode", "the tool that generates code was not built", false},
    {"codec", "encode", "the tool that generates code was not built", false},
#endif
#ifndef BENCH_HAS_PROTOBUF_C
    {"codec", "vs_protobuf_c", "protobuf-c was not there when this was built", false},
#endif
#ifndef BENCH_HAS_FLATBUFFERS
    {"codec", "vs_flatbuffers", "FlatBuffers was not there when this was built", false},
#endif
#ifndef BENCH_HAS_CAPNP
    {"codec", "vs_capnp", "Cap'n Proto was not there when this was built", false},
#endif
    {"route", "two_handlers", "counted in instructions: bench.baseline compares route.*", false},
    {"bus", "tcp_vs_nats", "the NATS peer is not wired in yet", true},
    {"bus", "tcp_fanout_10", "ten receiving nodes are not wired in yet", true},
};

const size_t bench_gap_count = sizeof(bench_gaps) / sizeof(bench_gaps[0]);
