// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * libzmq, if the machine has it: PUSH in this process, PULL in another, 64-byte messages.
 */
#ifndef MYC_BENCH_PEER_ZMQ_H
#define MYC_BENCH_PEER_ZMQ_H

#include "bench.h"

/** Value: millions of messages a second. */
bench_side_fn peer_zmq_inproc; /* between two threads */
bench_side_fn peer_zmq_ipc;
bench_side_fn peer_zmq_tcp;

#endif
