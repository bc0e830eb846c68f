// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Taking records one by one: what the inline way in ring_inline.h leaves to a closer look.
 *
 * A reader in place moves a cursor ahead of its position; the bound is how far the cursor may go
 * without thought: to the end of the lap, and not beyond what the writer may have written. A reader
 * that takes copies has one record at a time in its copy, as a peek of one record leaves it there;
 * its bound never lies ahead of its cursor.
 */
#include "ring/reader.h"

#include <string.h>

#include <mycelium/ring_inline.h>
#include <mycelium/simulation.h>

#include "ring/look.h"

static void fill(
    const struct myc_ring_reader *reader,
    struct myc_record_header header,
    const void *payload,
    struct myc_record *out_record)
{
    out_record->type = header.type;
    out_record->version = header.version;
    out_record->size = header.length;
    out_record->payload = payload;
    out_record->sequence = reader->cursor_sequence;
    out_record->position = reader->cursor;
    out_record->is_end_of_batch = false;
}

static bool take_copy(struct myc_ring_reader *reader, struct myc_record *out_record)
{
    myc_ring_release(reader);
    struct myc_const_span span = {NULL, 0};
    size_t bytes_max = 0;
    if (reader->gate != NULL) {
        myc__ring_gate_skip(reader);
    }
    if (reader->gate == NULL || myc__ring_gate_cut(reader, &bytes_max)) {
        span = myc__ring_copy_peek(reader, bytes_max);
    }
    if (span.data == NULL) {
        myc__ring_count_empty(reader);
        return false;
    }
    uint64_t word;
    memcpy(&word, span.data, sizeof word);
    reader->cursor_sequence =
        reader->gap_count != 0 ? reader->sequence + reader->gap_count : reader->peeked_sequence;
    reader->is_copy_taken = true;
    const unsigned char *bytes = span.data;
    fill(reader, myc_record_header(word), bytes + MYC_RECORD_HEADER_BYTES, out_record);
    return true;
}

// The bytes are not what they should be, or not what they were: a writer that has seen us out may
// be overwriting them.
static void stop_corrupt(struct myc_ring_reader *reader)
{
    uint64_t start = reader->position;
    uint64_t sequence = reader->sequence;
    myc__ring_stop(reader, MYC_CORRUPT);
    if (!myc__ring_is_in(reader)) {
        reader->position = reader->cursor;
        reader->sequence = reader->cursor_sequence;
        myc__ring_stop_fenced(reader, start, sequence);
    }
}

// How far the cursor may go from here without a closer look.
static uint64_t bound_of(const struct myc_ring_reader *reader)
{
    uint64_t written = reader->position + reader->capacity;
    uint64_t bound = myc__ring_bound(reader, reader->cursor, written, reader->cursor_sequence);
    if (reader->gate != NULL) {
        uint64_t room = myc__ring_gate_room(reader, reader->cursor);
        bound = bound - reader->cursor < room ? bound : reader->cursor + room;
    }
    return bound;
}

bool myc__ring_take_closely(struct myc_ring_reader *reader, struct myc_record *out_record)
{
    if (reader->copy.data != NULL) {
        return take_copy(reader, out_record);
    }
    bool is_first = reader->cursor == reader->position;
    while (reader->status == MYC_OK) {
        struct myc__ring_item item;
        uint64_t room = reader->position + reader->capacity - reader->cursor;
        uint64_t open = UINT64_MAX;
        if (reader->gate != NULL) {
            open = myc__ring_gate_room(reader, reader->cursor);
        }
        enum myc__ring_found found = myc__ring_look(reader, reader->cursor, room, &item);
        if (found == MYC__RING_FOUND_NOTHING
            || (found != MYC__RING_FOUND_CORRUPT && item.bytes > open) || open == 0) {
            break;
        }
        if (found == MYC__RING_FOUND_CORRUPT
            || item.messages > UINT64_MAX - reader->cursor_sequence) {
            stop_corrupt(reader);
            break;
        }
        if (found == MYC__RING_FOUND_PAD) {
            MYC_REACHED("ring.take.pad");
            myc__ring_count_taken(reader, item.bytes, 0);
            reader->cursor += item.bytes;
            reader->bound = reader->cursor; // It may lie beyond the lap that the bound was for.
            continue;
        }
        reader->cursor_sequence += item.messages;
        uint64_t start = reader->cursor + MYC_RECORD_HEADER_BYTES;
        const void *payload = myc__ring_word(reader->data, reader->capacity, start);
        fill(reader, item.header, payload, out_record);
        reader->cursor += item.bytes;
        reader->bound = bound_of(reader);
        if (item.header.type == MYC_RECORD_GAP) {
            myc__ring_count_taken(reader, 0, item.messages);
        }
        myc__ring_count_lag(reader, reader->position, reader->cursor);
        myc_shared_read(payload, item.header.length);
        return true;
    }
    if (is_first) {
        myc__ring_count_empty(reader);
    }
    if (is_first && reader->cursor != reader->position && reader->status == MYC_OK) {
        myc_ring_release(reader); // The writer may be waiting for the room of a PAD.
    }
    return false;
}

bool myc__ring_has_more_closely(const struct myc_ring_reader *reader)
{
    uint64_t cursor = reader->cursor;
    uint64_t end_max = reader->position + reader->capacity;
    uint64_t open = UINT64_MAX;
    struct myc__ring_item item;
    if (reader->gate != NULL) {
        open = myc__ring_gate_room(reader, cursor);
    }
    enum myc__ring_found found = myc__ring_look(reader, cursor, end_max - cursor, &item);
    while (found == MYC__RING_FOUND_PAD) {
        cursor += item.bytes;
        found = myc__ring_look(reader, cursor, end_max - cursor, &item);
    }
    return found == MYC__RING_FOUND_RECORD && item.messages <= UINT64_MAX - reader->cursor_sequence
           && cursor - reader->cursor + item.bytes <= open;
}

void myc__ring_untake(struct myc_ring_reader *reader)
{
    myc__ring_count_untaken(reader);
    reader->cursor = reader->position;
    reader->cursor_sequence = reader->sequence;
    reader->bound = reader->position;
}

void myc__ring_note_lag(struct myc_ring_reader *reader, uint64_t start)
{
    myc__ring_count_lag(reader, start, reader->cursor);
}

void myc__ring_release_copy(struct myc_ring_reader *reader)
{
    if (reader->is_copy_taken) {
        reader->is_copy_taken = false;
        myc__ring_copy_consume(reader, (size_t)reader->peeked_bytes);
    }
}
