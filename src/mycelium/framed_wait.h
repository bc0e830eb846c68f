// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Messages of any size, published by a writer that waits for room: <mycelium/framed.h> over
 * <mycelium/ring_wait.h>, required readers included.
 */
#ifndef MYC_FRAMED_WAIT_H
#define MYC_FRAMED_WAIT_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/framed.h>
#include <mycelium/ring_wait.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * myc_framed_publish() that waits for room as often as needed, and wakes the readers when it is
 * done. Blocks.
 *
 * Returns: OK, all of it is committed; TIMEOUT or MISSING, and then some fragments may be: if
 * myc_framed_is_open(), `payload` stays the writer's until myc_framed_resume_wait() or
 * myc_framed_abandon(). Threads, other errors: as myc_framed_publish() and myc_ring_writer_wait().
 * [FRAMED-13]
 */
MYC_MUST_USE enum myc_status myc_framed_publish_wait(
    struct myc_framed_writer *writer,
    struct myc_ring_waiter *waiter,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic);

/** Goes on with the open message, as above. Errors: as above, and INVALID (none is open).
 * [FRAMED-14] */
MYC_MUST_USE enum myc_status myc_framed_resume_wait(
    struct myc_framed_writer *writer,
    struct myc_ring_waiter *waiter,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic);

#ifdef __cplusplus
}
#endif

#endif
