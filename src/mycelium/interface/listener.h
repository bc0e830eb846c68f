// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Listener seam: accepting Unix and TCP streams.
 *
 * A Unix listener owns its path through a lock file "<path>.lock": what a killed process left
 * behind is taken over by the next listen, while a living owner is reported as IN_USE. The socket
 * is made with mode 0600. A file at the path that is no socket is somebody else's: IN_USE, and it
 * stays. Diagnostics name the path, or host and port. TCP addresses are numeric.
 *
 * Threads: one accepting thread per listener.
 */
#ifndef MYC_INTERFACE_LISTENER_H
#define MYC_INTERFACE_LISTENER_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/stream.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myc_listener_ops;

struct myc_listener {
    const struct myc_listener_ops *ops;
};

struct myc_listener_ops {
    uint32_t size;

    /**
     * Listens; a backlog of 0 is the platform's default. Required.
     * Errors: IN_USE, DENIED, INVALID, NOT_FOUND (no such directory), LIMIT, NO_MEMORY, IO.
     */
    enum myc_status (*listen)(
        struct myc_listener *listener,
        const struct myc_address *address,
        uint32_t backlog,
        struct myc_handle *out_handle,
        struct myc_diagnostic *diagnostic);

    /**
     * Takes one waiting connection. Required. OK, AGAIN, LIMIT (no descriptor left: the connection
     * stays in the queue), INVALID (not a listener), IO.
     */
    enum myc_status (*accept)(
        struct myc_listener *listener, struct myc_handle handle, struct myc_handle *out_stream);

    /** The address really bound, with the port that was picked. Required. */
    enum myc_status (*local_address)(
        struct myc_listener *listener, struct myc_handle handle, struct myc_address *out_address);

    /** Stops listening and removes a Unix path and its lock. Required. Accepts the empty handle. */
    void (*close)(struct myc_listener *listener, struct myc_handle handle);
};

MYC_MUST_USE static inline enum myc_status myc_listener_listen(
    struct myc_listener *listener,
    const struct myc_address *address,
    uint32_t backlog,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    return listener->ops->listen(listener, address, backlog, out_handle, diagnostic);
}

MYC_MUST_USE static inline enum myc_status myc_listener_accept(
    struct myc_listener *listener, struct myc_handle handle, struct myc_handle *out_stream)
{
    return listener->ops->accept(listener, handle, out_stream);
}

MYC_MUST_USE static inline enum myc_status myc_listener_local_address(
    struct myc_listener *listener, struct myc_handle handle, struct myc_address *out_address)
{
    return listener->ops->local_address(listener, handle, out_address);
}

static inline void myc_listener_close(struct myc_listener *listener, struct myc_handle handle)
{
    listener->ops->close(listener, handle);
}

#ifdef __cplusplus
}
#endif

#endif
