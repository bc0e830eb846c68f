// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Batches: several records that one store publishes.
 *
 * The header at the writer's position is held back, so readers stand in front of the batch until it
 * is stored, last and with release; all other headers, and a PAD where the batch goes over the
 * ring's end, are stored before it. What stands there after an abort is as invisible as what an
 * older lap left.
 */
#include <mycelium/ring_batch.h>

#include <string.h>

#include <mycelium/simulation.h>

#include "ring/writer.h"

// Bytes that a batch may take with what it skips: two of the largest records, and a GAP in front.
static uint64_t span_max(const struct myc_ring_writer *writer)
{
    return writer->capacity / 2 + MYC__RING_GAP_BYTES;
}

// Whether something was added, and nothing published since.
static bool is_open(const struct myc_ring_writer *writer)
{
    return writer->batch_word != 0 && writer->batch_start == writer->position && !writer->is_closed
           && !writer->is_broken;
}

uint64_t myc__ring_next_need(const struct myc_ring_writer *writer, uint64_t size)
{
    uint64_t start = is_open(writer) ? writer->batch_end : writer->position;
    uint64_t bytes = myc_record_bytes(size);
    uint64_t run = writer->capacity - (start & (writer->capacity - 1));
    uint64_t span = start - writer->position + (bytes > run ? run : 0) + bytes;
    return span > span_max(writer) ? 0 : span + MYC_RECORD_HEADER_BYTES;
}

static unsigned char *bytes_at(const struct myc_ring_writer *writer, uint64_t position)
{
    return writer->data + (position & (writer->capacity - 1));
}

static void open_batch(struct myc_ring_writer *writer)
{
    writer->batch_start = writer->position;
    writer->batch_end = writer->position;
    writer->batch_word = 0;
    writer->batch_messages = 0;
    writer->batch_gapped = 0;
    writer->batch_skipped = 0;
}

// Stores a header of the batch, or holds it back if it is the first.
static void put_word(struct myc_ring_writer *writer, uint64_t position, uint64_t word)
{
    if (position == writer->position) {
        writer->batch_word = word;
    } else {
        myc_store_relaxed_u64(myc__ring_word(writer->data, writer->capacity, position), word);
    }
}

static void put_pad(struct myc_ring_writer *writer, uint64_t position, uint64_t rest)
{
    uint32_t length = (uint32_t)(rest - MYC_RECORD_HEADER_BYTES);
    put_word(writer, position, myc_record_word(MYC_RECORD_PAD, 0, length));
}

// Publishes what lies between the position and the batch's end.
static void publish(struct myc_ring_writer *writer)
{
    uint64_t start = writer->position;
    uint64_t sequence = writer->sequence;
    uint64_t end = writer->batch_end;
    // First the end mark behind the batch, last the header in front, whose release every reader's
    // header load acquires.
    myc_store_relaxed_u64(myc__ring_word(writer->data, writer->capacity, end), 0);
    myc_store_release_u64(
        myc__ring_word(writer->data, writer->capacity, start), writer->batch_word);
    // Joiners are told last, sync entries before progress.
    writer->position = end;
    myc__ring_sync_records(writer, start, sequence);
    myc__ring_advance(writer, end, sequence + writer->batch_messages, NULL);
    if (writer->batch_skipped != 0) {
        myc__ring_count_skipped(writer, writer->batch_skipped);
    }
    if (writer->batch_gapped != 0) {
        myc__ring_count_gapped(writer, writer->batch_gapped);
    }
    writer->batch_word = 0;
    writer->batch_plain = 0;
}

// ---- Record by record ----

// How far records from `start` on need no closer look: as far as was granted, not beyond the lap or
// what a batch may take, and for so long only that none can be too large.
static uint64_t plain_from(const struct myc_ring_writer *writer, uint64_t start)
{
    uint64_t plain = start + writer->capacity / 4;
    uint64_t lap_end = (start | (writer->capacity - 1)) + 1;
    uint64_t batch_end = writer->position + span_max(writer);
    plain = lap_end < plain ? lap_end : plain;
    plain = (batch_end < plain ? batch_end : plain) + MYC_RECORD_HEADER_BYTES;
    return writer->granted < plain ? writer->granted : plain;
}

// A claim that takes a closer look: the first, one that goes round the ring's end, one too many.
static void *claim_closely(struct myc_ring_writer *writer, size_t size)
{
    writer->batch_claimed = MYC__RING_NO_CLAIM;
    writer->batch_plain = 0;
    if (size > myc_ring_payload_max(writer) || writer->is_closed || writer->is_broken) {
        return NULL;
    }
    if (!is_open(writer)) {
        open_batch(writer);
    }
    uint64_t bytes = myc_record_bytes(size);
    uint64_t run = writer->capacity - (writer->batch_end & (writer->capacity - 1));
    uint64_t rest = bytes > run ? run : 0;
    if (rest == 0 && run <= writer->capacity / 4 && MYC_BUGGIFY("ring.batch-wrap")) {
        rest = run; // To the ring's start, though it would fit here.
    }
    uint64_t start = writer->batch_end + rest;
    uint64_t end = start + bytes;
    if (end - writer->position > span_max(writer)) {
        MYC_REACHED("ring.batch.half");
        return NULL;
    }
    if (!myc__ring_ensure(writer, end + MYC_RECORD_HEADER_BYTES - writer->position)) {
        MYC_REACHED("ring.batch.full");
        myc__ring_count_full(writer);
        return NULL;
    }
    writer->batch_claimed = size;
    writer->batch_rest = rest;
    // Not behind a PAD: until the record is added the batch ends in front of it.
    writer->batch_plain = rest == 0 ? plain_from(writer, start) : 0;
    return bytes_at(writer, start) + MYC_RECORD_HEADER_BYTES;
}

void *myc_ring_batch_claim(struct myc_ring_writer *writer, size_t size)
{
    uint64_t bytes = myc_record_bytes(size);
    unsigned char *payload;
    if (size <= MYC_RING_CAPACITY_MAX && writer->batch_start == writer->position
        && writer->batch_end + bytes + MYC_RECORD_HEADER_BYTES <= writer->batch_plain) {
        writer->batch_claimed = size;
        writer->batch_rest = 0;
        payload = bytes_at(writer, writer->batch_end) + MYC_RECORD_HEADER_BYTES;
    } else {
        payload = claim_closely(writer, size);
    }
    if (payload != NULL && writer->readers_may_be_lapped) {
        // From here on the caller writes: what lapping readers copy of these bytes is in doubt.
        myc_shared_write(payload, (size_t)(bytes - MYC_RECORD_HEADER_BYTES));
    }
    return payload;
}

void myc_ring_batch_add(
    struct myc_ring_writer *writer, uint16_t type, uint16_t version, size_t size)
{
    uint64_t start = writer->batch_end + writer->batch_rest;
    unsigned char *payload = bytes_at(writer, start) + MYC_RECORD_HEADER_BYTES;
    bool is_fit = writer->batch_claimed != MYC__RING_NO_CLAIM && size <= writer->batch_claimed
                  && writer->batch_start == writer->position;
    uint64_t messages = !is_fit                       ? 0
                        : myc_record_is_message(type) ? 1
                                                      : myc__ring_messages_of(type, payload, size);
    writer->batch_claimed = MYC__RING_NO_CLAIM;
    if (messages == 0) {
        writer->is_broken = true;
        writer->plain = 0;
        writer->batch_plain = 0;
        return;
    }
    uint64_t bytes = myc_record_bytes(size);
    // Stale bytes of an older lap must not reach a reader or a wire.
    size_t padding = (size_t)(bytes - MYC_RECORD_HEADER_BYTES - size);
    if (padding != 0) {
        memset(payload + size, 0, padding);
    }
    myc_shared_write(payload, (size_t)(bytes - MYC_RECORD_HEADER_BYTES));
    if (writer->batch_rest != 0) {
        MYC_SOMETIMES(writer->batch_end == writer->position, "ring.batch.pad-first");
        MYC_SOMETIMES(writer->batch_end != writer->position, "ring.batch.pad-inside");
        put_pad(writer, writer->batch_end, writer->batch_rest);
        writer->batch_skipped += writer->batch_rest;
    }
    put_word(writer, start, myc_record_word(type, version, (uint32_t)size));
    writer->batch_end = start + bytes;
    writer->batch_messages += messages;
    writer->batch_gapped += type == MYC_RECORD_GAP ? messages : 0;
}

void myc_ring_batch_commit(struct myc_ring_writer *writer)
{
    writer->batch_claimed = MYC__RING_NO_CLAIM;
    writer->batch_plain = 0;
    if (is_open(writer)) {
        publish(writer);
    }
}

// ---- Messages of one size ----

// How many records of `bytes` bytes, at least one, may go into one batch now; 0 if none fits.
static uint64_t
room_for(struct myc_ring_writer *writer, uint64_t bytes, uint64_t wanted, uint64_t *out_rest)
{
    uint64_t run = writer->capacity - (writer->position & (writer->capacity - 1));
    uint64_t rest = bytes > run ? run : 0;
    uint64_t lap = rest != 0 ? writer->capacity : run; // to the end of the lap it goes into
    uint64_t most = (span_max(writer) - rest < lap ? span_max(writer) - rest : lap) / bytes;
    uint64_t count = wanted < most ? wanted : most;
    *out_rest = rest;
    if (!myc__ring_ensure(writer, rest + count * bytes + MYC_RECORD_HEADER_BYTES)) {
        uint64_t free = writer->limit - writer->position - MYC_RECORD_HEADER_BYTES;
        count = free > rest ? (free - rest) / bytes : 0;
        MYC_SOMETIMES(count != 0, "ring.batch.some");
        // This time it only announces.
        if (count != 0
            && !myc__ring_ensure(writer, rest + count * bytes + MYC_RECORD_HEADER_BYTES)) {
            count = 0;
        }
    }
    return count;
}

// Writes so many messages one behind the other, which do not go round the ring's end.
static void put_messages(
    struct myc_ring_writer *writer,
    uint64_t start,
    uint64_t word,
    const unsigned char *source,
    size_t size,
    uint64_t count)
{
    size_t bytes = (size_t)myc_record_bytes(size);
    size_t padding = bytes - MYC_RECORD_HEADER_BYTES - size;
    unsigned char *record = bytes_at(writer, start);
    for (uint64_t i = 0; i < count; i++) {
        unsigned char *payload = record + MYC_RECORD_HEADER_BYTES;
        if (writer->readers_may_be_lapped) {
            myc_shared_write(payload, size + padding);
        }
        if (size != 0) {
            memcpy(payload, source, size);
            source += size;
        }
        if (padding != 0) {
            memset(payload + size, 0, padding);
        }
        myc_shared_write(payload, size + padding);
        put_word(writer, start, word);
        start += bytes;
        record += bytes;
    }
}

enum myc_status myc_ring_publish_n(
    struct myc_ring_writer *writer,
    uint16_t type,
    uint16_t version,
    const void *payloads,
    size_t size,
    size_t count,
    size_t *out_published)
{
    const unsigned char *source = payloads;
    *out_published = 0;
    enum myc_status status = myc__ring_may_publish(writer, myc_record_is_message(type), size);
    if (status != MYC_OK) {
        return status;
    }
    uint64_t bytes = myc_record_bytes(size);
    uint64_t word = myc_record_word(type, version, (uint32_t)size);
    while (*out_published < count) {
        uint64_t rest;
        uint64_t now = room_for(writer, bytes, count - *out_published, &rest);
        if (now == 0) {
            myc__ring_count_full(writer);
            return MYC_FULL;
        }
        open_batch(writer);
        if (rest != 0) {
            put_pad(writer, writer->position, rest);
            writer->batch_skipped = rest;
        }
        put_messages(writer, writer->position + rest, word, source, size, now);
        source = size != 0 ? source + now * size : source;
        writer->batch_end = writer->position + rest + now * bytes;
        writer->batch_messages = now;
        publish(writer);
        *out_published += (size_t)now;
    }
    return MYC_OK;
}
