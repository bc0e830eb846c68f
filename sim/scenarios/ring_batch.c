// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Batches of a ring's writer; see ring_batch.h.
 */
#include "ring_batch.h"

#include <string.h>

#include <mycelium/ring_batch.h>
#include <mycelium/ring_counters.h>

enum { RECORDS_MAX = 6, SAME_MAX = 8, SAME_BYTES_MAX = 96 };

// A claim; counts whether it was refused for want of room, or because half the ring is enough.
static unsigned char *claim(const struct ring_batch *batch, size_t size)
{
    struct myc_ring_writer_counters before;
    struct myc_ring_writer_counters after;
    myc_ring_writer_counters(batch->writer, &before);
    unsigned char *payload = myc_ring_batch_claim(batch->writer, size);
    myc_ring_writer_counters(batch->writer, &after);
    myc_sim_check(
        batch->sim,
        after.full - before.full <= (payload == NULL ? 1 : 0),
        "only a refused claim counts as one");
    *batch->refused += after.full - before.full;
    if (after.full != before.full && batch->wait != NULL
        && myc_sim_chance(batch->sim, "wait in batch", 1, 2)) {
        batch->wait(batch->context, size);
        return claim(batch, size);
    }
    return payload;
}

// Adds one record. Returns: how many messages it counts, 0 if there was no room.
static uint64_t add(const struct ring_batch *batch, uint64_t sequence, struct counted *counted)
{
    size_t size = (size_t)myc_sim_choose(batch->sim, "batch size", batch->size_max + 1);
    bool is_gap = batch->has_gaps && size >= sizeof(struct myc_gap)
                  && myc_sim_chance(batch->sim, "batch gap", 1, 8);
    unsigned char *payload = claim(batch, size);
    if (payload == NULL) {
        return 0;
    }
    if (is_gap) {
        const struct myc_gap gap = {GAP_MESSAGES, MYC_LOSS_DROPPED_NEWEST, 0};
        memcpy(payload, &gap, sizeof gap);
        myc_ring_batch_add(batch->writer, MYC_RECORD_GAP, 0, sizeof gap);
        count_record(counted, sizeof gap, GAP_MESSAGES);
        return GAP_MESSAGES;
    }
    batch->write(batch->context, payload, size, sequence + 1);
    size_t final = size - (size_t)myc_sim_choose(batch->sim, "batch cut", 2) % (size + 1);
    myc_ring_batch_add(batch->writer, RING_MESSAGE_TYPE, 1, final);
    count_record(counted, final, 0);
    return 1;
}

// Messages of one size in one call.
static uint64_t write_same(const struct ring_batch *batch, uint64_t sequence)
{
    unsigned char bytes[SAME_MAX * SAME_BYTES_MAX];
    size_t size = (size_t)myc_sim_choose(batch->sim, "same size", SAME_BYTES_MAX + 1);
    size_t count = 1 + (size_t)myc_sim_choose(batch->sim, "same", SAME_MAX);
    size_t published = 0;
    for (size_t i = 0; i < count * size; i++) {
        bytes[i] = batch->byte(sequence + 1 + i / size, i % size);
    }
    // Each part of it that goes round the ring's end is published on its own.
    *batch->committing = sequence + count;
    *batch->is_in_parts = true;
    enum myc_status status =
        myc_ring_publish_n(batch->writer, RING_MESSAGE_TYPE, 1, bytes, size, count, &published);
    myc_sim_check(
        batch->sim,
        status == (published == count ? MYC_OK : MYC_FULL),
        "what fits of messages of one size is published");
    *batch->committing = sequence + published;
    *batch->is_in_parts = false;
    *batch->refused += status == MYC_FULL ? 1 : 0;
    for (size_t i = 0; i < published; i++) {
        count_record(batch->counted, size, 0);
    }
    myc_sim_count(batch->sim, "messages of one size", published);
    return published;
}

uint64_t ring_batch_write(const struct ring_batch *batch)
{
    uint64_t sequence = myc_ring_committed(batch->writer);
    uint64_t wanted = 1 + myc_sim_choose(batch->sim, "batch records", RECORDS_MAX);
    uint64_t messages = 0;
    struct counted counted = *batch->counted;
    if (myc_sim_chance(batch->sim, "batch of one size", 1, 4)) {
        return write_same(batch, sequence);
    }
    for (uint64_t i = 0; i < wanted; i++) {
        uint64_t more = add(batch, sequence + messages, &counted);
        if (more == 0) {
            break;
        }
        messages += more;
    }
    if (messages == 0 || myc_sim_chance(batch->sim, "abort batch", 1, 8)) {
        myc_ring_abort(batch->writer);
        return 0;
    }
    *batch->committing = sequence + messages;
    myc_ring_batch_commit(batch->writer);
    *batch->counted = counted;
    myc_sim_check(
        batch->sim,
        myc_ring_committed(batch->writer) == sequence + messages,
        "a batch is published as a whole");
    myc_sim_count(batch->sim, "batches", 1);
    return messages;
}
