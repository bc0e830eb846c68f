// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Publishing until it is done: each time the ring is full, wait for the next record's room.
 */
#include <mycelium/framed_wait.h>
#include <mycelium/ring_required.h>

// Waits for room for the record that comes next.
static enum myc_status await_room(
    struct myc_framed_writer *writer,
    struct myc_ring_waiter *waiter,
    size_t size,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic)
{
    size_t next = myc_framed_next_bytes(writer, size);
    return myc_ring_writer_wait(writer->ring, waiter, next, deadline_ns, diagnostic);
}

enum myc_status myc_framed_resume_wait(
    struct myc_framed_writer *writer,
    struct myc_ring_waiter *waiter,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic)
{
    enum myc_status status;
    while ((status = myc_framed_resume(writer)) == MYC_AGAIN) {
        status = await_room(writer, waiter, 0, deadline_ns, diagnostic);
        if (status != MYC_OK) {
            return status;
        }
    }
    // Also of one that was given up: what was committed of it is there to be read.
    myc_ring_wake_readers(writer->ring, waiter->idle.wait);
    return status;
}

enum myc_status myc_framed_publish_wait(
    struct myc_framed_writer *writer,
    struct myc_ring_waiter *waiter,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic)
{
    enum myc_status status = MYC_OK;
    if (waiter->required != NULL) {
        status = myc_ring_required_status(waiter->required, diagnostic);
    }
    while (status == MYC_OK) {
        status = myc_framed_publish(writer, type, version, payload, size);
        if (status == MYC_AGAIN) {
            return myc_framed_resume_wait(writer, waiter, deadline_ns, diagnostic);
        }
        if (status != MYC_FULL) {
            myc_ring_wake_readers(writer->ring, waiter->idle.wait);
            return status;
        }
        status = await_room(writer, waiter, size, deadline_ns, diagnostic);
    }
    return status;
}
