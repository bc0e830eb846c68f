// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Channel: session records over one stream, with handles attached on Unix streams.
 *
 * It reads exactly one record at a time, so that the stream can be handed to another reader after
 * any record, and queues what the socket does not take. Threads: one at a time.
 */
#ifndef MYC_TRANSPORT_STREAM_CHANNEL_H
#define MYC_TRANSPORT_STREAM_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/platform.h>
#include <mycelium/record.h>
#include <mycelium/status.h>

#include "wire/session.h"

enum {
    MYC__CHANNEL_QUEUE_MAX = 16,  /* records that wait for the socket */
    MYC__CHANNEL_HANDLES_MAX = 8, /* handles received and not yet taken */
    MYC__RECORD_HANDLES_MAX = 3
};

struct myc__channel_record {
    unsigned char bytes[MYC__SESSION_BYTES_MAX];
    uint32_t size;
    uint32_t handle_count;
    struct myc_handle handles[MYC__RECORD_HANDLES_MAX];
};

struct myc__channel {
    struct myc_platform *platform;
    struct myc_handle stream;
    bool passes_handles;
    uint32_t in_bytes;
    uint32_t in_handle_count;
    uint32_t queue_first;
    uint32_t queue_count;
    uint32_t queue_sent; /* bytes of the first queued record already written */
    struct myc_handle in_handles[MYC__CHANNEL_HANDLES_MAX];
    _Alignas(8) unsigned char in[MYC__SESSION_BYTES_MAX];
    struct myc__channel_record queue[MYC__CHANNEL_QUEUE_MAX];
};

/** Starts on a connected (or connecting) stream, which the channel owns from now on. */
void myc__channel_init(
    struct myc__channel *channel,
    struct myc_platform *platform,
    struct myc_handle stream,
    bool passes_handles);

/** Closes the stream and every handle not taken. Accepts a zeroed channel. */
void myc__channel_close(struct myc__channel *channel);

/** Lets go of the stream without closing it, and returns it. Untaken handles are closed. */
struct myc_handle myc__channel_detach(struct myc__channel *channel);

/** Queues a record and handles (which stay the caller's). Errors: LIMIT (the peer reads nothing).
 */
MYC_MUST_USE enum myc_status myc__channel_queue(
    struct myc__channel *channel,
    const unsigned char *record,
    size_t size,
    const struct myc_handle *handles,
    size_t handle_count);

/** Writes what is queued. Returns: OK (all), AGAIN, RESET, IO. */
MYC_MUST_USE enum myc_status myc__channel_flush(struct myc__channel *channel);

/**
 * Reads on. Returns: OK with one whole record in `out_record` (valid until the next call), AGAIN,
 * END, RESET, IO, CORRUPT (type or length of no session record).
 */
MYC_MUST_USE enum myc_status myc__channel_receive(
    struct myc__channel *channel, struct myc_record *out_record, struct myc_diagnostic *diagnostic);

/** Takes the oldest `count` received handles. Returns: OK or CORRUPT (fewer came). */
MYC_MUST_USE enum myc_status myc__channel_take_handles(
    struct myc__channel *channel, struct myc_handle *out_handles, size_t count);

#endif
