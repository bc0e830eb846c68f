// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Records out of a ring into a source. A batch is what the ring shows in one piece: all of it is in
 * sight, so the last record is known before its handler runs.
 */
#include <mycelium/simulation.h>

#include "core/bits.h"
#include "framed/internal.h"

enum { BATCH_BYTES = 64 * 1024 };

// One record of a batch. Returns: the bytes it takes, 0 if the header changed under us.
static size_t read_record(
    const unsigned char *bytes, size_t size, uint64_t *sequence, struct myc_record *out_record)
{
    // The ring checked these headers, but they are foreign: a hostile writer may change them.
    uint64_t word = myc_load_relaxed_u64((const struct myc_atomic_u64 *)(const void *)bytes);
    struct myc_record_header header = myc_record_header(word);
    uint64_t taken = myc_record_bytes(header.length);
    if (taken > size) {
        return 0;
    }
    uint64_t count = 1;
    if (header.type == MYC_RECORD_GAP) {
        bool is_gap = header.length >= sizeof(struct myc_gap);
        count = is_gap ? myc__get_u64(bytes + MYC_RECORD_HEADER_BYTES) : 0;
    }
    if (count == 0 || count > UINT64_MAX - *sequence) {
        return 0;
    }
    *sequence += count;
    out_record->type = header.type;
    out_record->version = header.version;
    out_record->size = header.length;
    out_record->payload = bytes + MYC_RECORD_HEADER_BYTES;
    out_record->sequence = *sequence;
    return (size_t)taken;
}

// One batch. Returns: how many records were read.
static size_t poll_batch(struct myc_framed_source *source, size_t records_max, bool *out_is_more)
{
    struct myc_ring_reader *ring = source->ring;
    struct myc_const_span span = myc_ring_peek(ring, BATCH_BYTES);
    uint64_t sequence = myc_ring_reader_sequence(ring);
    uint64_t position = ring->position;
    const unsigned char *bytes = span.data;
    size_t done = 0;
    size_t count = 0;
    while (done < span.size && count < records_max) {
        struct myc_record record;
        size_t taken = read_record(bytes + done, span.size - done, &sequence, &record);
        if (taken == 0) {
            source->status = MYC_CORRUPT;
            break;
        }
        bool is_last = done + taken == span.size || count + 1 == records_max;
        record.position = position + done;
        record.is_end_of_batch = is_last;
        if (myc_framed_feed(source, &record, is_last) != MYC_OK) {
            break;
        }
        done += taken;
        count++;
    }
    if (done != 0) {
        myc_ring_consume(ring, done);
    }
    *out_is_more = span.size != 0 && done == span.size;
    return count;
}

size_t myc_framed_poll(struct myc_framed_source *source, size_t records_max)
{
    size_t count = 0;
    bool is_more = source->ring != NULL;
    while (is_more && count < records_max && source->status == MYC_OK) {
        count += poll_batch(source, records_max - count, &is_more);
    }
    if (source->ring != NULL && myc_framed_status(source) != MYC_OK) {
        MYC_REACHED("framed.source.ring-ended");
        myc__source_lose_rest(source);
    }
    return count;
}
