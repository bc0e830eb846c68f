// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Outlet: one publisher's ring drained into one data connection.
 *
 * The outlet is a reader of the ring whose drain is writev. Whoever has the try-only token may
 * write: the publisher's thread right after a commit, or the agent when the socket takes bytes
 * again. Nobody waits for the token; who fails to get it leaves a mark that makes the holder look
 * once more.
 *
 * Threads: drain is for any thread. open, close and receive belong to the agent, under its lock;
 * close holds the token for ever.
 */
#ifndef MYC_TRANSPORT_STREAM_OUTLET_H
#define MYC_TRANSPORT_STREAM_OUTLET_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/platform.h>
#include <mycelium/ring.h>
#include <mycelium/status.h>

#include "transport/stream/channel.h"

struct myc__outlet {
    struct myc_platform *platform;
    struct myc_handle poller; /* the agent's */
    uint64_t poller_token;
    struct myc__channel channel; /* owns the stream; reads ACK and BYE */
    struct myc_ring_reader reader;
    void *page;

    struct myc_atomic_u32 token;
    struct myc_atomic_u32 more;
    struct myc_atomic_u32 is_ending; /* write BYE once the ring is empty */
    struct myc_atomic_u32 has_failed;
    struct myc_atomic_u32 room_made;    /* a drain moved the head: the publisher may have room */
    struct myc_atomic_u64 acknowledged; /* publisher's sequence */
    struct myc_atomic_u64 sent_max;     /* no message behind this one can have arrived */

    /* Touched by the token's holder only. */
    uint64_t partial;    /* bytes of the next record already written */
    uint32_t edge_bytes; /* of the record that is not from the ring: WELCOME first, BYE last */
    uint32_t edge_sent;
    bool is_blocked; /* the last write took nothing; write interest is armed */
    bool is_bye_sent;
    unsigned char edge[MYC__SESSION_BYTES_MAX];
};

/**
 * Starts an outlet on a connected stream whose HELLO was accepted: `welcome` (one encoded record)
 * goes out first. The reader is already attached to the ring. The stream is registered in `poller`
 * as readable.
 */
MYC_MUST_USE enum myc_status myc__outlet_open(
    struct myc__outlet *outlet,
    struct myc_platform *platform,
    struct myc_handle stream,
    struct myc_handle poller,
    uint64_t poller_token,
    const unsigned char *welcome,
    size_t welcome_bytes);

/**
 * Writes until the ring is empty or the socket takes no more; returns at once if another thread is
 * at it. Returns: OK (all that was committed is in the kernel), AGAIN (queued), RESET (broken: the
 * agent will close it).
 */
enum myc_status myc__outlet_drain(struct myc__outlet *outlet);

/** Asks for BYE after the last record; drains. */
void myc__outlet_end(struct myc__outlet *outlet);

/**
 * Reads what the subscriber says. Returns: OK (an acknowledgement moved), AGAIN, END, RESET,
 * CORRUPT.
 */
MYC_MUST_USE enum myc_status
myc__outlet_receive(struct myc__outlet *outlet, struct myc_diagnostic *diagnostic);

/** Takes the token for ever and closes the stream. */
void myc__outlet_close(struct myc__outlet *outlet);

#endif
