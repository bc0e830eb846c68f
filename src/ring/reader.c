// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A reader: attach, poll, peek, consume.
 *
 * The ring's words are foreign: each is loaded once, checked, and the copy used. A header may lie
 * about anything, so its length is clamped to the end of the run and to what the writer may have
 * written ahead of our head; beyond that the ring is CORRUPT and the reader stops for good. What
 * reads in place is gating: nothing it has not passed is overwritten while it is in. Readers that
 * take copies are in copy.c.
 */
#include "ring/reader.h"

#include <string.h>

#include <mycelium/ring_inline.h>
#include <mycelium/simulation.h>

#include "ring/look.h"

// ---- Attaching ----

static enum myc_status check_ticket(
    const struct myc__ring_constant *constant,
    const struct myc_ring_ticket *ticket,
    struct myc_diagnostic *diagnostic)
{
    if (ticket->slot >= constant->readers_max || ticket->generation == 0
        || ticket->position % MYC_RECORD_ALIGNMENT != 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "ring ticket: the slot or the position is of another ring");
    }
    return MYC_OK;
}

static void copy_origin(struct myc_ring_origin *origin, const struct myc__ring_constant *constant)
{
    origin->publisher_id = constant->publisher_id;
    origin->publisher_epoch = constant->publisher_epoch;
    origin->creator.pid = constant->creator_pid;
    origin->creator.start_time = constant->creator_start_time;
    memcpy(origin->creator.boot_id, constant->creator_boot_id, sizeof origin->creator.boot_id);
    memcpy(origin->contract_digest, constant->contract_digest, sizeof origin->contract_digest);
}

enum myc_status myc__ring_attach(
    struct myc_ring_reader *reader,
    const void *memory,
    size_t memory_bytes,
    void *page,
    const struct myc_ring_ticket *ticket,
    enum myc__ring_slot_state state,
    struct myc_diagnostic *diagnostic)
{
    struct myc__ring_constant constant;
    enum myc_status status = myc__ring_layout_check(memory, memory_bytes, &constant, diagnostic);
    if (status == MYC_OK) {
        status = check_ticket(&constant, ticket, diagnostic);
    }
    if (status != MYC_OK) {
        return status;
    }
    if (page == NULL || (uintptr_t)page % 64 != 0) {
        return myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "ring page: not aligned to 64 bytes");
    }
    const unsigned char *base = memory;
    const struct myc__ring_slot *slots = (const void *)(base + constant.slots_offset);
    const struct myc__ring_slot *slot = &slots[ticket->slot];
    uint32_t state_word = myc__ring_state_word(ticket->generation, state);
    // Pairs with the release of ACTIVE or LAPPING in join.c.
    if (myc_load_acquire_u32(&slot->state) != state_word) {
        return myc_diagnostic_set(
            diagnostic, MYC_FENCED, 0, "ring ticket: the slot was taken back; join again");
    }
    memset(reader, 0, sizeof *reader);
    reader->data = base + constant.data_offset;
    reader->capacity = constant.capacity;
    reader->position = ticket->position;
    reader->sequence = ticket->sequence;
    reader->control = (const void *)(base + constant.control_offset);
    reader->sync_index = (const void *)(base + constant.sync_offset);
    reader->slot = slot;
    reader->page = page;
    reader->cursor = reader->position;
    reader->cursor_sequence = reader->sequence;
    reader->bound = reader->position;
    reader->page_head = &reader->page->head;
    reader->page_sequence = &reader->page->sequence;
    reader->slot_state = &slot->state;
    reader->state_word = state_word;
    reader->arm_word = (uint64_t)ticket->generation << 32;
    reader->readers_may_sleep = (constant.flags & MYC__RING_FLAG_READERS_SLEEP) != 0;
    reader->writer_may_sleep = (constant.flags & MYC__RING_FLAG_WRITER_SLEEPS) != 0;
    copy_origin(&reader->origin, &constant);
    myc_store_relaxed_u64(&reader->page->arm, reader->arm_word);
    myc_store_relaxed_u64(&reader->page->sequence, reader->sequence);
    reader->lag_asked = reader->position;
    myc_store_relaxed_u64(&reader->page->counts.first_sequence, reader->sequence);
    myc__ring_count_passed(reader, reader->position);
    // From here on the page counts instead of the slot's join head.
    myc_store_release_u64(&reader->page->head, reader->position);
    return MYC_OK;
}

enum myc_status myc_ring_reader_init(
    struct myc_ring_reader *reader,
    const void *memory,
    size_t memory_bytes,
    void *page,
    const struct myc_ring_ticket *ticket,
    struct myc_diagnostic *diagnostic)
{
    return myc__ring_attach(
        reader, memory, memory_bytes, page, ticket, MYC__RING_ACTIVE, diagnostic);
}

// ---- Reading headers ----

bool myc__ring_is_legal(uint16_t type)
{
    bool is_message = type >= MYC_MESSAGE_TYPE_MIN && type <= MYC_MESSAGE_TYPE_MAX;
    return is_message || type == MYC_RECORD_GAP || type == MYC_RECORD_PAD;
}

uint64_t myc__ring_gap_count(const unsigned char *payload, uint64_t size)
{
    struct myc_gap gap;
    if (size < sizeof gap) {
        return 0;
    }
    memcpy(&gap, payload, sizeof gap);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    gap.count = __builtin_bswap64(gap.count);
#endif
    return gap.count;
}

// How many messages a GAP counts; 0 if it is malformed. Loads the foreign count once.
static uint64_t
gap_messages(const struct myc_ring_reader *reader, uint64_t position, uint64_t length)
{
    if (length < sizeof(struct myc_gap)) {
        return 0;
    }
    uint64_t count = myc_load_relaxed_u64(
        myc__ring_word(reader->data, reader->capacity, position + MYC_RECORD_HEADER_BYTES));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    count = __builtin_bswap64(count);
#endif
    return count;
}

uint64_t myc__ring_special_messages(
    const struct myc_ring_reader *reader, uint64_t position, struct myc_record_header header)
{
    if (header.type == MYC_RECORD_PAD) {
        return 0;
    }
    uint64_t count = 0;
    if (header.type == MYC_RECORD_GAP) {
        count = gap_messages(reader, position, header.length);
    }
    return count != 0 ? count : UINT64_MAX;
}

// Gives everything before a position back to the writer.
void myc__ring_release(struct myc_ring_reader *reader, uint64_t position, uint64_t sequence)
{
    if (reader->cursor != reader->position) {
        myc__ring_count_untaken(reader);
    }
    reader->position = position;
    reader->sequence = sequence;
    reader->cursor = position;
    reader->cursor_sequence = sequence;
    reader->bound = position;
    reader->peeked_bytes = 0;
    myc_store_relaxed_u64(&reader->page->sequence, sequence);
    // Our reads end before this release; the writer's passes acquire it before they overwrite.
    myc_store_release_u64(&reader->page->head, position);
}

bool myc__ring_is_in(const struct myc_ring_reader *reader)
{
    // Whatever we read before may be of a writer that had seen us out: then we see it too. Pairs
    // with the fence of the writer's refresh.
    myc_fence_acquire();
    // Pairs with the release of FREE and the compare-exchange to FENCED.
    return myc_load_acquire_u32(&reader->slot->state) == reader->state_word;
}

void myc__ring_stop_fenced(struct myc_ring_reader *reader, uint64_t start, uint64_t sequence)
{
    uint64_t limit = myc_load_relaxed_u64(&reader->control->limit_published);
    MYC_REACHED("ring.reader.fenced");
    myc__ring_stop(reader, MYC_FENCED);
    // What was read from `start` on counts unless the writer may have been there since: it tells
    // its limit before it goes beyond it.
    if (limit - start > reader->capacity) {
        MYC_SOMETIMES(reader->sequence != sequence, "ring.reader.fenced-overrun");
        reader->distrusted = reader->sequence - sequence;
        reader->sequence = sequence;
        reader->position = start;
    }
}

// ---- Poll ----

// Whether behind what was taken lies a record that can be taken, too.
static inline bool has_more(const struct myc_ring_reader *reader)
{
    uint64_t room = reader->bound - reader->cursor;
    if (room != 0) {
        // Pairs with the publishing release of myc_ring_commit() and myc_ring_fill_end().
        uint64_t word =
            myc_load_acquire_u64(myc__ring_word(reader->data, reader->capacity, reader->cursor));
        struct myc_record_header header = myc_record_header(word);
        if (word == 0) {
            return false;
        }
        if (myc_record_is_message(header.type) && myc_record_bytes(header.length) <= room) {
            return true;
        }
    }
    return myc__ring_has_more_closely(reader);
}

// One batch: at most `records_max` records, one release of the head. What follows a record is
// looked at before its handler runs, so that the handler can be told whether it is the last.
static size_t
poll_batch(struct myc_ring_reader *reader, myc_record_fn *fn, void *context, size_t records_max)
{
    struct myc_record record;
    size_t handled = 0;
    bool is_more = true;
    while (is_more && myc_ring_take(reader, &record)) {
        handled++;
        is_more = handled < records_max && has_more(reader);
        record.is_end_of_batch = !is_more;
        fn(&record, context);
    }
    if (handled != 0) {
        myc_ring_release(reader);
    } else if (!myc__ring_is_in(reader)) {
        // Also if it looked corrupt: it is the writer that overwrites it.
        myc__ring_stop_fenced(reader, reader->position, reader->sequence);
    }
    return handled;
}

size_t
myc_ring_poll(struct myc_ring_reader *reader, myc_record_fn *fn, void *context, size_t records_max)
{
    size_t handled = 0;
    if (reader->cursor != reader->position) {
        myc__ring_untake(reader);
    }
    if (reader->copy.data != NULL) {
        if (reader->gate != NULL) {
            myc__ring_gate_skip(reader);
            records_max = myc__ring_gate_records(reader, records_max);
        }
        return myc__ring_copy_poll(reader, fn, context, records_max);
    }
    while (handled < records_max && reader->status == MYC_OK) {
        size_t batch = records_max - handled;
        if (batch > MYC_RING_BATCH_MAX) {
            batch = MYC_RING_BATCH_MAX;
        }
        if (MYC_BUGGIFY("ring.batch-of-one")) {
            batch = 1;
        }
        size_t done = poll_batch(reader, fn, context, batch);
        handled += done;
        MYC_SOMETIMES(done == batch, "ring.reader.batch-full");
        if (done < batch && (done == 0 || myc_ring_is_empty(reader))) {
            break;
        }
    }
    return handled;
}

// ---- Peek and consume ----

struct myc_const_span myc_ring_peek(struct myc_ring_reader *reader, size_t bytes_max)
{
    struct myc_const_span span = {NULL, 0};
    if (reader->gate != NULL) {
        myc__ring_gate_skip(reader);
        if (!myc__ring_gate_cut(reader, &bytes_max)) {
            reader->peeked_bytes = 0;
            return span;
        }
    }
    if (reader->copy.data != NULL) {
        return myc__ring_copy_peek(reader, bytes_max);
    }
    uint64_t position = reader->position;
    uint64_t end_max = position + reader->capacity;
    struct myc__ring_item item;
    enum myc__ring_found found = reader->status == MYC_OK
                                     ? myc__ring_look(reader, position, end_max - position, &item)
                                     : MYC__RING_FOUND_NOTHING;
    while (found == MYC__RING_FOUND_PAD) {
        position += item.bytes;
        found = myc__ring_look(reader, position, end_max - position, &item);
    }
    if (position != reader->position) {
        // The writer may be waiting for the room of these PADs, and from now on may use it.
        myc__ring_count_passed(reader, position - reader->position);
        myc__ring_release(reader, position, reader->sequence);
        end_max = position + reader->capacity;
    }
    // A run ends at the ring's end, because no record crosses it, and then starts again at offset
    // 0.
    uint64_t run = reader->capacity - (position & (reader->capacity - 1));
    uint64_t bytes = 0;
    uint64_t gapped = 0;
    uint64_t sequence = reader->sequence;
    if (MYC_BUGGIFY("ring.peek-one")) {
        bytes_max = 0; // The first record is given whatever its size.
    }
    while (found == MYC__RING_FOUND_RECORD && (bytes == 0 || bytes + item.bytes <= bytes_max)) {
        if (item.messages > UINT64_MAX - sequence) {
            found = MYC__RING_FOUND_CORRUPT; // Only a GAP can count so many.
            break;
        }
        bytes += item.bytes;
        sequence += item.messages;
        gapped += item.header.type == MYC_RECORD_GAP ? item.messages : 0;
        if (bytes == run) {
            MYC_REACHED("ring.reader.peek-to-end");
            break;
        }
        found = myc__ring_look(reader, position + bytes, end_max - position - bytes, &item);
    }
    if (reader->status == MYC_OK && !myc__ring_is_in(reader)) {
        // Also if it looked corrupt: it is the writer that overwrites it.
        myc__ring_stop_fenced(reader, position, reader->sequence);
    } else if (found == MYC__RING_FOUND_CORRUPT) {
        myc__ring_stop(reader, MYC_CORRUPT);
    }
    if (bytes != 0 && reader->status != MYC_FENCED) {
        span.data = myc__ring_word(reader->data, reader->capacity, position);
        span.size = (size_t)bytes;
        myc_shared_read(span.data, span.size);
    }
    reader->peeked_bytes = span.size;
    reader->peeked_sequence = sequence;
    reader->peeked_gapped = gapped;
    return span;
}

void myc_ring_consume(struct myc_ring_reader *reader, size_t bytes)
{
    const uint64_t start = reader->position;
    const uint64_t start_sequence = reader->sequence;
    const bool was_whole = reader->status == MYC_OK;
    uint64_t position = start;
    uint64_t sequence = start_sequence;
    uint64_t gapped = 0;
    uint64_t end = position + bytes;
    if (reader->copy.data != NULL) {
        myc__ring_copy_consume(reader, bytes);
        return;
    }
    if (bytes != 0 && bytes == reader->peeked_bytes) {
        // The whole peek, whose headers were checked and counted then.
        position = end;
        sequence = reader->peeked_sequence;
        gapped = reader->peeked_gapped;
    }
    while (position < end) {
        struct myc__ring_item item;
        // The headers are looked at again, so a hostile writer may have changed them meanwhile.
        if (myc__ring_look(reader, position, end - position, &item) != MYC__RING_FOUND_RECORD
            || item.messages > UINT64_MAX - sequence) {
            myc__ring_stop(reader, MYC_CORRUPT);
            break;
        }
        position += item.bytes;
        sequence += item.messages;
        gapped += item.header.type == MYC_RECORD_GAP ? item.messages : 0;
    }
    if (gapped != 0) {
        myc__ring_count_gaps(reader, gapped);
    }
    if (position != reader->position) {
        myc__ring_count_lag(reader, start, position);
        myc__ring_release(reader, position, sequence);
    }
    if (was_whole && !myc__ring_is_in(reader)) {
        // As behind a poll's batch, also if it looked corrupt.
        myc__ring_stop_fenced(reader, start, start_sequence);
    }
}

// ---- State ----

bool myc_ring_is_empty(const struct myc_ring_reader *reader)
{
    if (reader->status != MYC_OK) {
        return true;
    }
    if (reader->gate != NULL && !myc__ring_gate_is_open(reader)) {
        return true;
    }
    if (reader->copy.data != NULL) {
        return myc__ring_copy_is_empty(reader);
    }
    // Pairs with the publishing release; nothing is read on the strength of this load.
    return myc_load_acquire_u64(myc__ring_word(reader->data, reader->capacity, reader->position))
           == 0;
}

uint64_t myc_ring_reader_sequence(const struct myc_ring_reader *reader)
{
    return reader->sequence;
}

uint64_t myc_ring_reader_distrusted(const struct myc_ring_reader *reader)
{
    return reader->distrusted;
}

void myc_ring_page_leave(void *page)
{
    struct myc__ring_page *words = page;
    // After the reader's last look at the ring. Pairs with the acquire in myc_ring_reader_state().
    myc_store_release_u64(&words->acknowledgement, 1);
}

uint64_t myc_ring_reader_lost(const struct myc_ring_reader *reader)
{
    return reader->lost;
}

enum myc_status myc_ring_reader_status(const struct myc_ring_reader *reader)
{
    if (reader->status != MYC_OK) {
        return reader->status;
    }
    // Asked first: who left a closed ring had seen the close, and so do we then.
    enum myc_status gate = reader->gate != NULL ? myc__ring_gate_status(reader) : MYC_OK;
    // Pairs with the release of myc_ring_writer_close().
    uint64_t closed = myc_load_acquire_u64(&reader->control->closed);
    if (closed == reader->position + 1 && reader->gap_count == 0) {
        return MYC_CLOSED;
    }
    return myc__ring_is_in(reader) ? gate : MYC_FENCED;
}

void myc_ring_reader_origin(
    const struct myc_ring_reader *reader, struct myc_ring_origin *out_origin)
{
    *out_origin = reader->origin;
}
