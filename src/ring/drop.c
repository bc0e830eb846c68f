// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Dropping what finds no room, and telling it: a GAP and the message behind it are one batch, so
 * that nobody sees the one without the other, and no GAP takes the room that its message needs.
 */
#include <mycelium/ring_drop.h>

#include <string.h>

#include <mycelium/ring_batch.h>
#include <mycelium/simulation.h>

#include "ring/writer.h"

// Adds the GAP to the batch that begins with it. Returns: whether there was room.
static bool add_gap(struct myc_ring_writer *writer)
{
    struct myc_gap gap = {writer->dropped_pending, MYC_LOSS_DROPPED_NEWEST, 0};
    void *payload = myc_ring_batch_claim(writer, sizeof gap);
    if (payload == NULL) {
        return false;
    }
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    gap.count = __builtin_bswap64(gap.count);
    gap.cause = __builtin_bswap32(gap.cause);
#endif
    memcpy(payload, &gap, sizeof gap);
    myc_ring_batch_add(writer, MYC_RECORD_GAP, 0, sizeof gap);
    return true;
}

// Publishes the batch, which tells all that is pending if it begins with a GAP.
static void commit(struct myc_ring_writer *writer)
{
    if (writer->batch_gapped != 0) {
        writer->dropped_pending = 0;
    }
    myc_ring_batch_commit(writer);
}

void *myc_ring_drop_claim(struct myc_ring_writer *writer, size_t size)
{
    void *payload = NULL;
    myc_ring_abort(writer);
    if (size > myc_ring_payload_max(writer) || writer->is_closed || writer->is_broken) {
        return NULL;
    }
    if (writer->dropped_pending == 0 || add_gap(writer)) {
        payload = myc_ring_batch_claim(writer, size);
    }
    if (payload == NULL) {
        MYC_SOMETIMES(writer->batch_word != 0, "ring.drop.room-for-gap-only");
        myc_ring_abort(writer);
        myc__ring_count_dropped(writer);
    }
    return payload;
}

void myc_ring_drop_commit(
    struct myc_ring_writer *writer, uint16_t type, uint16_t version, size_t size)
{
    // A GAP of the caller's would tell what was not dropped.
    myc_ring_batch_add(writer, myc_record_is_message(type) ? type : 0, version, size);
    if (!writer->is_broken) {
        commit(writer);
    }
}

enum myc_status myc_ring_drop_publish(
    struct myc_ring_writer *writer,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size)
{
    enum myc_status status = myc__ring_may_publish(writer, myc_record_is_message(type), size);
    if (status != MYC_OK) {
        return status;
    }
    void *bytes = myc_ring_drop_claim(writer, size);
    if (bytes == NULL) {
        return MYC_FULL;
    }
    if (size != 0) {
        memcpy(bytes, payload, size);
    }
    myc_ring_drop_commit(writer, type, version, size);
    return MYC_OK;
}

uint64_t myc_ring_drop_pending(const struct myc_ring_writer *writer)
{
    return writer->dropped_pending;
}

// Tells what is pending, if there is room. Returns: whether nothing is pending any more.
static bool tell(struct myc_ring_writer *writer)
{
    myc_ring_abort(writer);
    if (writer->dropped_pending != 0 && add_gap(writer)) {
        MYC_REACHED("ring.drop.flushed");
        commit(writer);
    }
    return writer->dropped_pending == 0;
}

enum myc_status myc_ring_drop_flush(struct myc_ring_writer *writer)
{
    if (writer->is_broken) {
        return MYC_POISONED;
    }
    if (writer->is_closed) {
        return MYC_CLOSED;
    }
    return tell(writer) ? MYC_OK : MYC_FULL;
}

uint64_t myc_ring_drop_close(struct myc_ring_writer *writer)
{
    if (!writer->is_broken && !writer->is_closed) {
        (void)tell(writer);
    }
    myc_ring_writer_close(writer);
    return writer->dropped_pending;
}
