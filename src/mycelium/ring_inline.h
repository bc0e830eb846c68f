// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The ring's shortest ways, compiled into their callers; beside and mixed with those of ring.h.
 *
 * Each takes the plain case only: a message that lies where it must. Everything else, a PAD, a GAP,
 * a lie, the end of a lap, a reader that takes copies, goes to a function of the library.
 */
#ifndef MYC_RING_INLINE_H
#define MYC_RING_INLINE_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/record.h>
#include <mycelium/ring.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast" // C has no other
#endif

enum { MYC__RING_LAG_BYTES = 4096 }; /* after so many a reader looks how far behind it is */

/** Stores a sync entry for the record at `position`, before which `sequence` messages lie. */
void myc__ring_sync_record(struct myc_ring_writer *writer, uint64_t position, uint64_t sequence);

/** Notes how far behind the reader is that gives back what lies from `start` on. */
void myc__ring_note_lag(struct myc_ring_reader *reader, uint64_t start);

/** myc_ring_take() of anything that is not plain. */
bool myc__ring_take_closely(struct myc_ring_reader *reader, struct myc_record *out_record);

/** myc_ring_release() where nothing was taken in place. */
void myc__ring_release_copy(struct myc_ring_reader *reader);

/** The slot is not ours any more: what was taken from `start` on is perhaps not to be believed. */
void myc__ring_stop_fenced(struct myc_ring_reader *reader, uint64_t start, uint64_t sequence);

/**
 * As myc_ring_claim(), compiled into the caller: worth it where the size is a constant.
 *
 * Returns, threads: as there. Claims and commits of both kinds may be mixed. [RING-36]
 */
static inline void *myc_ring_claim_fast(struct myc_ring_writer *writer, size_t size)
{
    uint64_t position = writer->position;
    // Asked first: the bytes of a size near the end of the numbers would be few.
    if (size > MYC_RING_CAPACITY_MAX
        || position + myc_record_bytes(size) + MYC_RECORD_HEADER_BYTES > writer->plain) {
        return myc_ring_claim(writer, size);
    }
    unsigned char *at = writer->data + (position & (writer->capacity - 1));
    writer->claimed = size;
    writer->rest = 0;
    // From here on the caller writes: what lapping readers copy of these bytes is in doubt.
    myc_shared_write(at + MYC_RECORD_HEADER_BYTES, size);
    return at + MYC_RECORD_HEADER_BYTES;
}

/** As myc_ring_commit(), compiled into the caller. [RING-36] */
static inline void
myc_ring_commit_fast(struct myc_ring_writer *writer, uint16_t type, uint16_t version, size_t size)
{
    uint64_t position = writer->position;
    uint64_t end = position + myc_record_bytes(size);
    unsigned char *data = writer->data;
    uint64_t mask = writer->capacity - 1;
    // Without a claim `claimed` is the largest number there is.
    if (writer->rest != 0 || writer->claimed + 1 <= size || size % MYC_RECORD_ALIGNMENT != 0
        || !myc_record_is_message(type)) {
        myc_ring_commit(writer, type, version, size);
        return;
    }
    writer->claimed = UINT64_MAX;
    myc_shared_write(data + (position & mask) + MYC_RECORD_HEADER_BYTES, size);
    // As in myc_ring_commit(): first the end mark, last the store that lets readers pass it.
    myc_store_relaxed_u64((struct myc_atomic_u64 *)(void *)(data + (end & mask)), 0);
    // The release that every reader's header load acquires.
    myc_store_release_u64(
        (struct myc_atomic_u64 *)(void *)(data + (position & mask)),
        myc_record_word(type, version, (uint32_t)size));
    uint64_t sequence = writer->sequence + 1;
    writer->position = end;
    writer->sequence = sequence;
    if (position >= writer->sync_due) {
        myc__ring_sync_record(writer, position, sequence - 1);
    }
    // A pair that is true at any moment, for whoever joins.
    struct myc_atomic_u64 *progress = writer->progress;
    myc_store_release_u64(&progress[0], end);
    myc_store_release_u64(&progress[1], sequence);
    myc_store_release_u64(&progress[2], end);
    myc_store_release_u64(&progress[3], sequence);
}

/**
 * Takes the next record without giving it back: the way of polling for callers that would rather
 * loop than be called. Inline; costs less than a poll where a record's size is known.
 *
 * `out_record` is valid until myc_ring_release(); where the reader takes copies, only until the
 * next take, which gives back what was taken before. Poll, peek and myc_ring_is_empty() begin again
 * at what was taken and not given back; where the reader takes copies, so does the take behind a
 * poll or a peek. Returns: false if nothing is there or the reader broke: see
 * myc_ring_reader_status(). Threads: the reader's. [RING-33]
 */
static inline bool myc_ring_take(struct myc_ring_reader *reader, struct myc_record *out_record)
{
    uint64_t cursor = reader->cursor;
    uint64_t room = reader->bound - cursor;
    const unsigned char *at = reader->data + (cursor & (reader->capacity - 1));
    if (room == 0) {
        return myc__ring_take_closely(reader, out_record);
    }
    // Pairs with the publishing release of myc_ring_commit() and myc_ring_fill_end().
    uint64_t word = myc_load_acquire_u64((const struct myc_atomic_u64 *)(const void *)at);
    struct myc_record_header header = myc_record_header(word);
    uint64_t bytes = myc_record_bytes(header.length);
    if (word == 0 && cursor != reader->position) {
        return false; // The end of a batch; without one the closer look knows what to do.
    }
    if (!myc_record_is_message(header.type) || bytes > room) {
        return myc__ring_take_closely(reader, out_record);
    }
    out_record->type = header.type;
    out_record->version = header.version;
    out_record->size = header.length;
    out_record->payload = at + MYC_RECORD_HEADER_BYTES;
    out_record->sequence = ++reader->cursor_sequence;
    out_record->position = cursor;
    out_record->is_end_of_batch = false;
    reader->cursor = cursor + bytes;
    myc_shared_read(out_record->payload, header.length);
    return true;
}

/**
 * Gives all that was taken back to the writer, as the end of a poll's batch does: until then none
 * of it counts as consumed. If the reader was taken out meanwhile, myc_ring_reader_status() is
 * FENCED and what was taken counts as what poll handed over: see myc_ring_reader_distrusted().
 * [RING-34]
 */
static inline void myc_ring_release(struct myc_ring_reader *reader)
{
    uint64_t start = reader->position;
    uint64_t sequence = reader->sequence;
    if (reader->cursor == start) {
        myc__ring_release_copy(reader);
        return;
    }
    uint64_t end = reader->cursor;
    if (end - start > reader->lag_max || end - reader->lag_asked >= MYC__RING_LAG_BYTES) {
        myc__ring_note_lag(reader, start);
    }
    reader->position = end;
    reader->sequence = reader->cursor_sequence;
    reader->peeked_bytes = 0;
    myc_store_relaxed_u64(reader->page_sequence, reader->sequence);
    // Our reads end before this release; the writer's passes acquire it before they overwrite.
    myc_store_release_u64(reader->page_head, end);
    // As behind a poll's batch: whatever we read may be of a writer that had seen us out.
    myc_fence_acquire();
    // Pairs with the release of FREE and the compare-exchange to FENCED.
    if (myc_load_acquire_u32(reader->slot_state) != reader->state_word) {
        myc__ring_stop_fenced(reader, start, sequence);
    }
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif
