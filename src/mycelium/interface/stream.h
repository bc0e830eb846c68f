// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Stream seam: connected byte streams, Unix or TCP, never blocking.
 *
 * A stream is a handle from connect here or accept in listener.h. Waiting happens in a poller only.
 * posix: no SIGPIPE ever, close-on-exec, TCP_NODELAY on every path; an interrupted
 * system call is repeated inside, so there is no "interrupted" status.
 * Threads: one reader and one writer at a time per stream; close only when neither is inside.
 */
#ifndef MYC_INTERFACE_STREAM_H
#define MYC_INTERFACE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/process.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum myc_address_kind { MYC_ADDRESS_NONE, MYC_ADDRESS_UNIX, MYC_ADDRESS_TCP };

enum { MYC_ADDRESS_TEXT_BYTES = 108, MYC_STREAM_HANDLES_MAX = 8 };

/** Where to listen or connect: a socket path, or a numeric host and a port. */
struct myc_address {
    enum myc_address_kind kind;
    uint16_t port;                     /* TCP only; 0 when listening: the platform picks one */
    char text[MYC_ADDRESS_TEXT_BYTES]; /* path, or numeric IPv4/IPv6 host; terminated */
};

/** Who is at the other end of a stream, as far as the kernel vouches for it. */
struct myc_peer {
    bool is_local; /* a Unix stream: the fields below are known */
    uint32_t user; /* the effective user id when it connected */
    struct myc_process_identity process;
};

struct myc_stream_ops;

struct myc_stream {
    const struct myc_stream_ops *ops;
};

struct myc_stream_ops {
    uint32_t size;

    /**
     * Begins to connect. Required. OK: connected or under way; the poller then reports WRITABLE and
     * connect_result tells how it ended. Errors: REFUSED, NOT_FOUND, DENIED, INVALID, LIMIT, IO,
     * and AGAIN when the queue of a Unix listener is full: nothing is under way, connect later.
     */
    enum myc_status (*connect)(
        struct myc_stream *stream,
        const struct myc_address *address,
        struct myc_handle *out_handle,
        struct myc_diagnostic *diagnostic);

    /**
     * How a connect ended. Required. OK, AGAIN (under way), REFUSED, TIMEOUT, RESET, IO; a failure
     * is told once, NOT_CONNECTED after that.
     */
    enum myc_status (*connect_result)(struct myc_stream *stream, struct myc_handle handle);

    /**
     * Reads into `count` spans in order. Required. OK with *out_bytes >= 1, AGAIN, END (the peer
     * will send no more), RESET, NOT_CONNECTED, IO, INVALID (no room in any span). *out_bytes is 0
     * unless OK. Handles attached to the bytes are lost.
     *
     * Simulator: may read fewer bytes than are there.
     */
    enum myc_status (*readv)(
        struct myc_stream *stream,
        struct myc_handle handle,
        const struct myc_span *spans,
        size_t count,
        size_t *out_bytes);

    /**
     * Writes `count` spans in order. Required. OK with *out_bytes >= 1, AGAIN, RESET,
     * NOT_CONNECTED, IO, INVALID (no bytes in any span). *out_bytes is 0 unless OK. When it returns
     * OK the bytes are in the kernel.
     *
     * Simulator: may take fewer bytes.
     */
    enum myc_status (*writev)(
        struct myc_stream *stream,
        struct myc_handle handle,
        const struct myc_const_span *spans,
        size_t count,
        size_t *out_bytes);

    /**
     * Sends bytes and, attached to the first of them, handles (Unix only; at most
     * MYC_STREAM_HANDLES_MAX). Optional. As writev, also UNSUPPORTED, LIMIT (too many are under
     * way). The caller keeps its handles.
     */
    enum myc_status (*send_handles)(
        struct myc_stream *stream,
        struct myc_handle handle,
        struct myc_const_span bytes,
        const struct myc_handle *handles,
        size_t count,
        size_t *out_bytes);

    /**
     * Reads bytes and the handles attached to them (Unix only). Optional. As readv; CORRUPT when
     * more handles came than `handles_max`, LIMIT when this process may open no more (all are
     * closed then, and their bytes are lost). The caller owns what
     * it got.
     */
    enum myc_status (*receive_handles)(
        struct myc_stream *stream,
        struct myc_handle handle,
        struct myc_span bytes,
        struct myc_handle *out_handles,
        size_t handles_max,
        size_t *out_bytes,
        size_t *out_count);

    /**
     * Who is at the other end: who connected, or who listened. Required. Errors: NOT_CONNECTED,
     * INVALID. A process that ended since, or could not be asked, has start time 0.
     */
    enum myc_status (*peer)(
        struct myc_stream *stream, struct myc_handle handle, struct myc_peer *out_peer);

    /** Says that no more will be written; reading goes on. Required. */
    void (*shutdown)(struct myc_stream *stream, struct myc_handle handle);

    /** Closes. Required. Accepts the empty handle. Unread bytes may reset the peer. */
    void (*close)(struct myc_stream *stream, struct myc_handle handle);
};

MYC_MUST_USE static inline enum myc_status myc_stream_connect(
    struct myc_stream *stream,
    const struct myc_address *address,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    return stream->ops->connect(stream, address, out_handle, diagnostic);
}

MYC_MUST_USE static inline enum myc_status
myc_stream_connect_result(struct myc_stream *stream, struct myc_handle handle)
{
    return stream->ops->connect_result(stream, handle);
}

MYC_MUST_USE static inline enum myc_status myc_stream_readv(
    struct myc_stream *stream,
    struct myc_handle handle,
    const struct myc_span *spans,
    size_t count,
    size_t *out_bytes)
{
    *out_bytes = 0;
    if (count == 0) {
        return MYC_INVALID;
    }
    return stream->ops->readv(stream, handle, spans, count, out_bytes);
}

MYC_MUST_USE static inline enum myc_status myc_stream_writev(
    struct myc_stream *stream,
    struct myc_handle handle,
    const struct myc_const_span *spans,
    size_t count,
    size_t *out_bytes)
{
    *out_bytes = 0;
    if (count == 0) {
        return MYC_INVALID;
    }
    return stream->ops->writev(stream, handle, spans, count, out_bytes);
}

MYC_MUST_USE static inline enum myc_status myc_stream_send_handles(
    struct myc_stream *stream,
    struct myc_handle handle,
    struct myc_const_span bytes,
    const struct myc_handle *handles,
    size_t count,
    size_t *out_bytes)
{
    *out_bytes = 0;
    if (stream->ops->send_handles == NULL) {
        return MYC_UNSUPPORTED;
    }
    if (count > MYC_STREAM_HANDLES_MAX) {
        return MYC_INVALID;
    }
    return stream->ops->send_handles(stream, handle, bytes, handles, count, out_bytes);
}

MYC_MUST_USE static inline enum myc_status myc_stream_receive_handles(
    struct myc_stream *stream,
    struct myc_handle handle,
    struct myc_span bytes,
    struct myc_handle *out_handles,
    size_t handles_max,
    size_t *out_bytes,
    size_t *out_count)
{
    *out_bytes = 0;
    *out_count = 0;
    if (stream->ops->receive_handles == NULL) {
        return MYC_UNSUPPORTED;
    }
    return stream->ops->receive_handles(
        stream, handle, bytes, out_handles, handles_max, out_bytes, out_count);
}

MYC_MUST_USE static inline enum myc_status
myc_stream_peer(struct myc_stream *stream, struct myc_handle handle, struct myc_peer *out_peer)
{
    return stream->ops->peer(stream, handle, out_peer);
}

static inline void myc_stream_shutdown(struct myc_stream *stream, struct myc_handle handle)
{
    stream->ops->shutdown(stream, handle);
}

static inline void myc_stream_close(struct myc_stream *stream, struct myc_handle handle)
{
    stream->ops->close(stream, handle);
}

#ifdef __cplusplus
}
#endif

#endif
