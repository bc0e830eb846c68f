// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What simulated processes of the tests do with streams. They bear short I/O and readiness without
 * cause. Include after support.h.
 */
#ifndef MYC_SIM_SELFTEST_IO_H
#define MYC_SIM_SELFTEST_IO_H

#include <mycelium/interface/clock.h>
#include <mycelium/interface/listener.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/stream.h>
#include <mycelium/sim/internal.h>

/** Fails the run unless a step of a test's preparation succeeded. */
static inline void io_must(enum myc_status status)
{
    if (status != MYC_OK) {
        myc_sim_fail(sim__world_now, "a preparing step failed: %s", myc_status_sentence(status));
    }
}

/** Waits until the source is ready, or seems so. */
static inline void
io_await(struct myc_platform *platform, struct myc_handle source, uint32_t interest)
{
    struct myc_handle poller = {0};
    struct myc_event event;
    size_t count = 0;
    if (myc_poller_open(platform->poller, &poller) == MYC_OK
        && myc_poller_add(platform->poller, poller, source, interest, 1) == MYC_OK) {
        (void)myc_poller_wait(platform->poller, poller, &event, 1, MYC_NEVER, &count);
    }
    myc_poller_close(platform->poller, poller);
}

/** Accepts one connection, waiting for it. */
static inline struct myc_handle io_accept(struct myc_platform *platform, struct myc_handle listener)
{
    struct myc_handle stream = {0};
    while (myc_listener_accept(platform->listener, listener, &stream) != MYC_OK) {
        io_await(platform, listener, MYC_READABLE);
    }
    return stream;
}

/** Connects, waiting for how it ends; tries again until somebody listens there. */
static inline struct myc_handle
io_connect(struct myc_platform *platform, const struct myc_address *address)
{
    for (;;) {
        struct myc_handle stream = {0};
        enum myc_status status = myc_stream_connect(platform->stream, address, &stream, NULL);
        if (status == MYC_OK) {
            status = myc_stream_connect_result(platform->stream, stream);
            while (status == MYC_AGAIN) {
                io_await(platform, stream, MYC_WRITABLE);
                status = myc_stream_connect_result(platform->stream, stream);
            }
        }
        if (status == MYC_OK) {
            return stream;
        }
        myc_stream_close(platform->stream, stream);
        myc_thread_relax(platform->thread, 0);
    }
}

/** Writes all bytes, waiting for room; how the last write ended. */
static inline enum myc_status
io_write(struct myc_platform *platform, struct myc_handle stream, const void *bytes, size_t size)
{
    enum myc_status status = MYC_OK;
    for (size_t done = 0; done < size;) {
        struct myc_const_span span = {(const char *)bytes + done, size - done};
        size_t count = 0;
        status = myc_stream_writev(platform->stream, stream, &span, 1, &count);
        done += count;
        if (status == MYC_AGAIN) {
            io_await(platform, stream, MYC_WRITABLE);
        } else if (status != MYC_OK) {
            break;
        }
    }
    return status;
}

/** Reads at least a byte, waiting for it, or says why there is none. */
static inline enum myc_status io_read(
    struct myc_platform *platform, struct myc_handle stream, struct myc_span span, size_t *count)
{
    enum myc_status status = myc_stream_readv(platform->stream, stream, &span, 1, count);
    while (status == MYC_AGAIN) {
        io_await(platform, stream, MYC_READABLE);
        status = myc_stream_readv(platform->stream, stream, &span, 1, count);
    }
    return status;
}

#endif
