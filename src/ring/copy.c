// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Readers that take copies: lapping ones, which the writer does not wait for, and gating ones that
 * want to hand on nothing but what was there.
 *
 * The writer announces how far it may be writing, fences, and only then writes. A reader copies,
 * fences, and only then looks at what was announced: bytes a lap before that may be others by now.
 * Nothing that was loaded, not even "there is nothing", means anything before that look. So every
 * length is clamped before it is used, and every verdict comes after.
 */
#include "ring/reader.h"

#include <string.h>

#include <mycelium/simulation.h>

#include "ring/racy.h"

// Attempts at the progress pair, which its writer may be storing just now.
enum { PROGRESS_ATTEMPTS = 16 };

enum verdict { VERDICT_SOUND, VERDICT_LAPPED, VERDICT_OUT };

enum taken { TAKEN_NOTHING, TAKEN_PAD, TAKEN_RECORD, TAKEN_LAPPED, TAKEN_OUT, TAKEN_CORRUPT };

// ---- The check ----

static bool is_lapped(const struct myc_ring_reader *reader, uint64_t intent, uint64_t position)
{
    // Signed: an intent from before our time lies behind the position.
    return (int64_t)(intent - position) > (int64_t)reader->capacity;
}

// Whether what was loaded from the position on was what the position names.
static enum verdict check(const struct myc_ring_reader *reader, uint64_t position)
{
    // Pairs with the release fence behind an announcement, and behind the end of announcing.
    myc_fence_acquire();
    if (myc_load_relaxed_u32(&reader->slot->state) != reader->state_word) {
        return VERDICT_OUT;
    }
    if (!reader->is_lapping) {
        return VERDICT_SOUND; // What it has not passed stays while it is in, whatever is announced.
    }
    uint64_t intent = myc_load_relaxed_u64(&reader->control->intent);
    return is_lapped(reader, intent, position) ? VERDICT_LAPPED : VERDICT_SOUND;
}

// ---- One record ----

static uint64_t run_at(const struct myc_ring_reader *reader, uint64_t position)
{
    return reader->capacity - (position & (reader->capacity - 1));
}

static const unsigned char *bytes_at(const struct myc_ring_reader *reader, uint64_t position)
{
    return reader->data + (position & (reader->capacity - 1));
}

static uint64_t header_word(const struct myc_ring_reader *reader, uint64_t position)
{
    return myc__racy_load(myc__ring_word(reader->data, reader->capacity, position));
}

// Whether a record may be as long, clamped before anything is known of its header.
static bool is_possible(const struct myc_ring_reader *reader, uint64_t bytes, uint64_t position)
{
    return bytes <= reader->capacity / 4 && bytes <= run_at(reader, position);
}

// Copies the payload of the record at the reader's position, and only then believes its header.
static enum taken take(struct myc_ring_reader *reader, struct myc_record_header *out_header)
{
    uint64_t position = reader->position;
    myc_shared_speculate(reader, true);
    uint64_t word = header_word(reader, position);
    struct myc_record_header header = myc_record_header(word);
    uint64_t bytes = myc_record_bytes(header.length);
    bool has_room = is_possible(reader, bytes, position);
    if (word != 0 && header.type != MYC_RECORD_PAD && has_room) {
        myc__racy_copy(
            reader->copy.data,
            bytes_at(reader, position + MYC_RECORD_HEADER_BYTES),
            (size_t)(bytes - MYC_RECORD_HEADER_BYTES));
    }
    enum verdict verdict = check(reader, position);
    if (verdict != VERDICT_SOUND) {
        myc_shared_distrust(reader);
        return verdict == VERDICT_OUT ? TAKEN_OUT : TAKEN_LAPPED;
    }
    myc_shared_accept(reader);
    if (word == 0) {
        return TAKEN_NOTHING;
    }
    if (!has_room || !myc__ring_is_legal(header.type)) {
        return TAKEN_CORRUPT;
    }
    *out_header = header;
    return header.type == MYC_RECORD_PAD ? TAKEN_PAD : TAKEN_RECORD;
}

// How many messages a record with this header and payload counts; 0 if it is malformed or counts
// more than there are numbers.
static uint64_t
messages_of(struct myc_record_header header, const unsigned char *payload, uint64_t sequence)
{
    uint64_t count =
        header.type == MYC_RECORD_GAP ? myc__ring_gap_count(payload, header.length) : 1;
    return count <= UINT64_MAX - sequence ? count : 0;
}

// ---- Being overtaken ----

// Loads a place to go on from. Returns: whether it is true and not overtaken either.
static bool load_point(
    const struct myc_ring_reader *reader,
    const struct myc__ring_pair *pair,
    struct myc__ring_point *out_point)
{
    struct myc__ring_point point;
    if (!myc__ring_pair_load(pair, &point) || check(reader, point.position) != VERDICT_SOUND) {
        return false;
    }
    *out_point = point;
    return true;
}

static bool find_point(const struct myc_ring_reader *reader, struct myc__ring_point *out_point)
{
    bool is_found = false;
    uint64_t entries = reader->capacity / MYC__RING_SYNC_BYTES;
    for (uint64_t i = 0; i < entries && reader->resume == MYC_RING_DROP_OLDEST; i++) {
        struct myc__ring_point point;
        if (load_point(reader, &reader->sync_index[i], &point)
            && (!is_found || point.position < out_point->position)) {
            *out_point = point;
            is_found = true;
        }
    }
    for (int i = 0; i < PROGRESS_ATTEMPTS && !is_found; i++) {
        is_found = load_point(reader, &reader->control->progress, out_point);
    }
    return is_found;
}

// Goes on from a later place; what lies between is lost. Returns: false if there is none just now.
static bool resume(struct myc_ring_reader *reader)
{
    struct myc__ring_point point;
    MYC_REACHED("ring.copy.lapped");
    if (!find_point(reader, &point)) {
        // Torn pairs only: look again. But one that was thrown out has no place any more.
        if (check(reader, reader->position) == VERDICT_OUT) {
            reader->status = MYC_FENCED;
        }
        return false;
    }
    // Both are foreign; an honest writer's are beyond what was overtaken.
    if (point.position % MYC_RECORD_ALIGNMENT != 0
        || (int64_t)(point.position - reader->position) <= 0 || point.sequence < reader->sequence) {
        reader->status = MYC_CORRUPT;
        return false;
    }
    myc__ring_count_passed(reader, point.position - reader->position);
    reader->position = point.position;
    reader->cursor = point.position; // Nothing is taken there yet.
    reader->bound = point.position;
    reader->gap_count = point.sequence - reader->sequence;
    MYC_SOMETIMES(reader->gap_count == 0, "ring.copy.lapped-without-loss");
    return true;
}

// Says in the reader's own memory what was lost.
static void fill_gap(struct myc_ring_reader *reader)
{
    uint64_t count = reader->gap_count;
    uint32_t cause = MYC_LOSS_LAPPED;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    count = __builtin_bswap64(count);
    cause = __builtin_bswap32(cause);
#endif
    reader->gap_word = myc_record_word(MYC_RECORD_GAP, 0, sizeof reader->gap);
    reader->gap.count = count;
    reader->gap.cause = cause;
    reader->gap.reserved = 0;
}

// The reader was told of what it lost.
static void end_gap(struct myc_ring_reader *reader)
{
    reader->lost += reader->gap_count;
    reader->gap_count = 0;
    myc_store_relaxed_u64(&reader->page->counts.lost, reader->lost);
}

// ---- Poll ----

static void hand_over(
    struct myc_ring_reader *reader,
    struct myc_record_header header,
    const void *payload,
    uint64_t sequence,
    bool is_end_of_batch,
    myc_record_fn *fn,
    void *context)
{
    struct myc_record record;
    record.type = header.type;
    record.version = header.version;
    record.size = header.length;
    record.payload = payload;
    record.sequence = sequence;
    record.position = reader->position;
    record.is_end_of_batch = is_end_of_batch;
    fn(&record, context);
}

// Whether something lies behind a record. Not checked, and need not be: a reader that was overtaken
// meanwhile finds out by its next step, which hands over a GAP, or by its next poll.
static bool has_more(const struct myc_ring_reader *reader, uint64_t position)
{
    myc_shared_speculate(reader, true);
    uint64_t word = header_word(reader, position);
    if (myc_record_header(word).type == MYC_RECORD_PAD) {
        word = header_word(reader, position + run_at(reader, position));
    }
    myc_shared_distrust(reader);
    return word != 0;
}

// Returns: whether to go on.
static bool
hand_gap(struct myc_ring_reader *reader, myc_record_fn *fn, void *context, bool may_go_on)
{
    uint64_t sequence = reader->sequence + reader->gap_count;
    bool is_more = may_go_on && has_more(reader, reader->position);
    fill_gap(reader);
    end_gap(reader);
    hand_over(
        reader, myc_record_header(reader->gap_word), &reader->gap, sequence, !is_more, fn, context);
    reader->sequence = sequence;
    return is_more;
}

// Hands over the record that was taken. Returns: whether to go on.
static bool hand_record(
    struct myc_ring_reader *reader,
    struct myc_record_header header,
    myc_record_fn *fn,
    void *context,
    bool may_go_on)
{
    uint64_t messages = messages_of(header, reader->copy.data, reader->sequence);
    if (messages == 0) {
        reader->status = MYC_CORRUPT;
        return false;
    }
    uint64_t sequence = reader->sequence + messages;
    uint64_t end = reader->position + myc_record_bytes(header.length);
    bool is_more = may_go_on && has_more(reader, end);
    hand_over(reader, header, reader->copy.data, sequence, !is_more, fn, context);
    reader->sequence = sequence;
    reader->position = end;
    if (header.type == MYC_RECORD_GAP) {
        myc__ring_count_gaps(reader, messages);
    }
    return is_more;
}

// One step; with `may_go_on` another may follow. Returns: whether it does; counts what was handed
// over.
static bool step(
    struct myc_ring_reader *reader,
    myc_record_fn *fn,
    void *context,
    bool may_go_on,
    size_t *handled)
{
    struct myc_record_header header = {0};
    if (reader->gap_count != 0) {
        ++*handled;
        return hand_gap(reader, fn, context, may_go_on);
    }
    enum taken taken = take(reader, &header);
    if (taken == TAKEN_LAPPED) {
        // Elsewhere, and nothing lost: the next call looks there. A hostile writer could make us
        // move for ever, and must not hold us in this one.
        return resume(reader) && reader->gap_count != 0;
    }
    if (taken == TAKEN_RECORD) {
        bool is_more = hand_record(reader, header, fn, context, may_go_on);
        *handled += reader->status == MYC_OK;
        return is_more;
    }
    if (taken == TAKEN_PAD) {
        MYC_REACHED("ring.copy.pad");
        myc__ring_count_passed(reader, myc_record_bytes(header.length));
        reader->position += myc_record_bytes(header.length);
        return true;
    }
    if (taken != TAKEN_NOTHING) {
        reader->status = taken == TAKEN_OUT ? MYC_FENCED : MYC_CORRUPT;
    }
    return false;
}

size_t myc__ring_copy_poll(
    struct myc_ring_reader *reader, myc_record_fn *fn, void *context, size_t records_max)
{
    size_t handled = 0;
    bool is_going = true;
    reader->is_copy_taken = false; // It is handed over once more.
    reader->peeked_bytes = 0;
    while (is_going && handled < records_max && reader->status == MYC_OK) {
        uint64_t position = reader->position;
        uint64_t sequence = reader->sequence;
        size_t begin = handled;
        size_t left = records_max - handled;
        size_t end = begin + (left < MYC_RING_BATCH_MAX ? left : MYC_RING_BATCH_MAX);
        uint64_t padded = 0; // bytes of PADs since the last record
        do {
            uint64_t before = reader->position;
            size_t count = handled;
            is_going = step(reader, fn, context, handled + 1 < end, &handled);
            bool is_pad = handled == count && reader->gap_count == 0;
            padded = is_pad ? padded + (reader->position - before) : 0;
        } while (is_going && padded <= reader->capacity); // There may be no end of them.
        is_going = handled != begin;
        // A loss that was looked at before moves the sequence alone.
        if (reader->position != position || reader->sequence != sequence) {
            myc__ring_count_lag(reader, position, reader->position);
            myc__ring_release(reader, reader->position, reader->sequence);
        }
    }
    if (handled == 0) {
        myc__ring_count_empty(reader);
    }
    return handled;
}

// ---- Peek and consume ----

// Bytes of the whole records that seem to lie at a position, as far as they fit; 0 if none does.
static uint64_t
run_of_records(const struct myc_ring_reader *reader, uint64_t position, uint64_t bytes_max)
{
    uint64_t run = run_at(reader, position);
    uint64_t bytes = 0;
    while (bytes < run) {
        struct myc_record_header header = myc_record_header(header_word(reader, position + bytes));
        uint64_t more = myc_record_bytes(header.length);
        if (header.type == 0 || header.type == MYC_RECORD_PAD
            || !is_possible(reader, more, position + bytes)
            || (bytes != 0 && bytes + more > bytes_max)) {
            break;
        }
        bytes += more;
    }
    return bytes;
}

// Copies a run of records and looks at nothing but the copy. Returns: how many bytes are sound.
static uint64_t take_run(struct myc_ring_reader *reader, uint64_t bytes_max, enum taken *out_taken)
{
    uint64_t position = reader->position;
    myc_shared_speculate(reader, true);
    uint64_t word = header_word(reader, position);
    uint64_t bytes = run_of_records(reader, position, bytes_max);
    if (bytes != 0) {
        myc__racy_copy(reader->copy.data, bytes_at(reader, position), (size_t)bytes);
    }
    enum verdict verdict = check(reader, position);
    if (verdict != VERDICT_SOUND) {
        myc_shared_distrust(reader);
        *out_taken = verdict == VERDICT_OUT ? TAKEN_OUT : TAKEN_LAPPED;
        return 0;
    }
    myc_shared_accept(reader);
    struct myc_record_header first = myc_record_header(word);
    bool is_pad = first.type == MYC_RECORD_PAD;
    *out_taken = bytes != 0  ? TAKEN_RECORD
                 : word == 0 ? TAKEN_NOTHING
                 : is_pad && myc_record_bytes(first.length) <= run_at(reader, position)
                     ? TAKEN_PAD
                     : TAKEN_CORRUPT;
    if (*out_taken == TAKEN_PAD) {
        myc__ring_count_passed(reader, myc_record_bytes(first.length));
        myc__ring_release(reader, position + myc_record_bytes(first.length), reader->sequence);
    }
    return bytes;
}

// Counts the messages of records in the copy. Returns: the sequence at their end, 0 if they are not
// what they should be.
static uint64_t
sequence_after(const struct myc_ring_reader *reader, uint64_t bytes, uint64_t *out_gapped)
{
    const unsigned char *copy = reader->copy.data;
    uint64_t sequence = reader->sequence;
    *out_gapped = 0;
    for (uint64_t at = 0; at < bytes;) {
        uint64_t word;
        memcpy(&word, copy + at, sizeof word);
        struct myc_record_header header = myc_record_header(word);
        uint64_t more = myc_record_bytes(header.length);
        if (header.type == MYC_RECORD_PAD || !myc__ring_is_legal(header.type)
            || more > bytes - at) {
            return 0;
        }
        uint64_t messages = messages_of(header, copy + at + MYC_RECORD_HEADER_BYTES, sequence);
        if (messages == 0) {
            return 0;
        }
        sequence += messages;
        *out_gapped += header.type == MYC_RECORD_GAP ? messages : 0;
        at += more;
    }
    return sequence;
}

static struct myc_const_span peek_gap(struct myc_ring_reader *reader)
{
    fill_gap(reader);
    memcpy(reader->copy.data, &reader->gap_word, sizeof reader->gap_word);
    memcpy(
        (unsigned char *)reader->copy.data + MYC_RECORD_HEADER_BYTES,
        &reader->gap,
        sizeof reader->gap);
    reader->peeked_bytes = MYC_RECORD_HEADER_BYTES + sizeof reader->gap;
    return (struct myc_const_span){reader->copy.data, (size_t)reader->peeked_bytes};
}

struct myc_const_span myc__ring_copy_peek(struct myc_ring_reader *reader, size_t bytes_max)
{
    struct myc_const_span span = {NULL, 0};
    enum taken taken = TAKEN_PAD;
    uint64_t bytes = 0;
    if (bytes_max > reader->copy.size) {
        bytes_max = reader->copy.size;
    }
    uint64_t position = reader->position;
    reader->is_copy_taken = false; // What is shown now is more than what was taken, or elsewhere.
    reader->peeked_bytes = 0;
    // At most a ring's length of PADs: there may be no end of them.
    while (reader->status == MYC_OK && reader->gap_count == 0 && taken == TAKEN_PAD
           && reader->position - position <= reader->capacity) {
        bytes = take_run(reader, bytes_max, &taken);
    }
    if (taken == TAKEN_LAPPED) {
        (void)resume(reader); // If nothing was lost, the next call looks at the new place.
    }
    if (reader->gap_count != 0 && reader->status == MYC_OK) {
        return peek_gap(reader);
    }
    if (taken == TAKEN_RECORD) {
        reader->peeked_sequence = sequence_after(reader, bytes, &reader->peeked_gapped);
        if (reader->peeked_sequence != 0) {
            reader->peeked_bytes = bytes;
            span.data = reader->copy.data;
            span.size = (size_t)bytes;
            return span;
        }
        taken = TAKEN_CORRUPT;
    }
    if (taken == TAKEN_OUT || taken == TAKEN_CORRUPT) {
        reader->status = taken == TAKEN_OUT ? MYC_FENCED : MYC_CORRUPT;
    }
    return span;
}

void myc__ring_copy_consume(struct myc_ring_reader *reader, size_t bytes)
{
    if (bytes == 0 || bytes > reader->peeked_bytes) {
        return;
    }
    if (reader->gap_count != 0) {
        uint64_t sequence = reader->sequence + reader->gap_count;
        end_gap(reader);
        myc__ring_release(reader, reader->position, sequence);
        return;
    }
    uint64_t gapped = reader->peeked_gapped;
    uint64_t sequence = bytes == reader->peeked_bytes ? reader->peeked_sequence
                                                      : sequence_after(reader, bytes, &gapped);
    if (sequence == 0) {
        reader->status = MYC_CORRUPT; // Not a whole number of records.
        return;
    }
    if (gapped != 0) {
        myc__ring_count_gaps(reader, gapped);
    }
    myc__ring_count_lag(reader, reader->position, reader->position + bytes);
    // The rest of the copy is peeked anew.
    myc__ring_release(reader, reader->position + bytes, sequence);
}

// ---- Empty ----

bool myc__ring_copy_is_empty(const struct myc_ring_reader *reader)
{
    if (reader->gap_count != 0) {
        return false;
    }
    myc_shared_speculate(reader, true);
    bool is_zero = header_word(reader, reader->position) == 0;
    bool is_sound = check(reader, reader->position) != VERDICT_LAPPED;
    myc_shared_distrust(reader);
    return is_zero && is_sound;
}

// ---- Attaching ----

static bool is_large_enough(const struct myc_ring_reader *reader, struct myc_span copy)
{
    return copy.data != NULL && (uintptr_t)copy.data % MYC_RECORD_ALIGNMENT == 0
           && copy.size >= reader->capacity / 4;
}

enum myc_status myc_ring_reader_copy(struct myc_ring_reader *reader, struct myc_span copy)
{
    if (!is_large_enough(reader, copy)) {
        return MYC_INVALID;
    }
    reader->copy = copy;
    reader->bound = reader->cursor; // No take goes on in place.
    return MYC_OK;
}

enum myc_status myc_ring_lapping_init(
    struct myc_ring_reader *reader,
    const void *memory,
    size_t memory_bytes,
    void *page,
    const struct myc_ring_ticket *ticket,
    enum myc_ring_resume resume_rule,
    struct myc_span copy,
    struct myc_diagnostic *diagnostic)
{
    struct myc_ring_reader attached;
    enum myc_status status = myc__ring_attach(
        &attached, memory, memory_bytes, page, ticket, MYC__RING_LAPPING, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    if (!is_large_enough(&attached, copy)) {
        return myc_diagnostic_set(
            diagnostic,
            MYC_INVALID,
            0,
            "ring copy: it must be aligned to 8 bytes and hold a quarter of the ring");
    }
    attached.copy = copy;
    attached.resume = resume_rule;
    attached.is_lapping = true;
    *reader = attached;
    return MYC_OK;
}
