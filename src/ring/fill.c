// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Receiving a record stream straight into a ring.
 *
 * The stream's bytes go where readers will find them, except the first 8 of the run: those wait in
 * a private word, so the header at `position` stays zero and nothing behind it is visible. When
 * records are complete, the word behind the last one is zeroed (its bytes become the next private
 * word) and the held-back header is released last. Session records are acted on and become PADs. A
 * record that cannot lie before the ring's end is moved to offset 0 behind a PAD, before its rest
 * is received.
 */
#include "ring/writer.h"

#include <string.h>

#include <mycelium/simulation.h>

// One walk over the bytes that are there.
struct walk {
    struct myc_ring_writer *writer;
    uint64_t total;    // bytes there, from the writer's position
    uint64_t complete; // bytes of whole records
    uint64_t sequence;
    uint64_t first_word; // what the held-back header becomes
    uint64_t skipped;    // bytes of session records
    uint64_t gapped;     // messages that GAPs count
};

static uint64_t run_bytes(const struct myc_ring_writer *writer)
{
    return writer->capacity - (writer->position & (writer->capacity - 1));
}

static unsigned char *bytes_at(const struct myc_ring_writer *writer, uint64_t position)
{
    return writer->data + (position & (writer->capacity - 1));
}

// Bytes of the record whose header is held; that of the smallest while the header is incomplete.
static uint64_t held_record_bytes(const struct myc_ring_writer *writer)
{
    if (writer->fill_held < MYC_RECORD_HEADER_BYTES) {
        return MYC_RECORD_HEADER_BYTES;
    }
    return myc_record_bytes(myc_record_header(writer->fill_word).length);
}

// ---- Begin ----

// Moves the incomplete record to offset 0 behind a PAD; room for it was ensured.
static void move_to_start(struct myc_ring_writer *writer, uint64_t run)
{
    uint64_t end = writer->position + run;
    unsigned char *source = bytes_at(writer, writer->position) + MYC_RECORD_HEADER_BYTES;
    unsigned char *target = writer->data + MYC_RECORD_HEADER_BYTES;
    uint32_t pad_length = (uint32_t)(run - MYC_RECORD_HEADER_BYTES);
    MYC_REACHED("ring.fill.moves-to-start");
    memmove(target, source, (size_t)(writer->fill_held - MYC_RECORD_HEADER_BYTES));
    // The same order as in a commit: the end mark first, the publishing store last.
    myc_store_relaxed_u64(myc__ring_word(writer->data, writer->capacity, end), 0);
    myc_store_release_u64(
        myc__ring_word(writer->data, writer->capacity, writer->position),
        myc_record_word(MYC_RECORD_PAD, 0, pad_length));
    myc__ring_advance(writer, end, writer->sequence, NULL);
    myc__ring_count_skipped(writer, run);
}

size_t
myc_ring_fill_begin(struct myc_ring_writer *writer, struct myc_span out_spans[MYC_RING_FILL_SPANS])
{
    writer->fill_offered = 0;
    if (writer->is_closed || writer->is_broken) {
        return 0;
    }
    uint64_t run = run_bytes(writer);
    uint64_t record = held_record_bytes(writer);
    uint64_t rest = record > run ? run : 0;
    if (!myc__ring_ensure(writer, rest + record + MYC_RECORD_HEADER_BYTES)) {
        MYC_REACHED("ring.fill.full");
        myc__ring_count_full(writer);
        return 0;
    }
    if (rest != 0) {
        move_to_start(writer, run);
        run = run_bytes(writer);
    }
    // Never past the run's end, and room left for the end mark.
    uint64_t room = writer->limit - MYC_RECORD_HEADER_BYTES - writer->position;
    if (room > run) {
        room = run;
    }
    size_t count = 0;
    uint64_t held = writer->fill_held;
    if (MYC_BUGGIFY("ring.fill-least")) {
        uint64_t least = held < MYC_RECORD_HEADER_BYTES ? MYC_RECORD_HEADER_BYTES : held + 1;
        room = room > least ? least : room;
    }
    MYC_SOMETIMES(held > 0 && held < MYC_RECORD_HEADER_BYTES, "ring.fill.header-cut");
    MYC_SOMETIMES(held > MYC_RECORD_HEADER_BYTES, "ring.fill.payload-cut");
    if (held < MYC_RECORD_HEADER_BYTES) {
        out_spans[count].data = (unsigned char *)&writer->fill_word + held;
        out_spans[count].size = (size_t)(MYC_RECORD_HEADER_BYTES - held);
        count++;
        held = MYC_RECORD_HEADER_BYTES;
    }
    if (room > held) {
        out_spans[count].data = bytes_at(writer, writer->position) + held;
        out_spans[count].size = (size_t)(room - held);
        count++;
    }
    writer->fill_offered = room - writer->fill_held;
    if (writer->is_announcing) {
        // All that is offered, before any of it is received.
        myc__ring_announce(writer, writer->position + room);
    }
    if (writer->readers_may_be_lapped && room > held) {
        myc_shared_write(bytes_at(writer, writer->position) + held, (size_t)(room - held));
    }
    return count;
}

// ---- End ----

static enum myc_status corrupt(
    const struct walk *walk, struct myc_diagnostic *diagnostic, const char *what, uint64_t number)
{
    enum myc_status status = myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "record stream: byte ");
    myc_diagnostic_append_u64(diagnostic, walk->writer->fill_offset + walk->complete);
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append(diagnostic, what);
    myc_diagnostic_append(diagnostic, " ");
    myc_diagnostic_append_u64(diagnostic, number);
    return status;
}

static uint64_t word_at(const struct walk *walk)
{
    uint64_t word = walk->writer->fill_word;
    if (walk->complete != 0) {
        memcpy(&word, bytes_at(walk->writer, walk->writer->position + walk->complete), sizeof word);
    }
    return word;
}

static enum myc_status check_header(
    const struct walk *walk, struct myc_record_header header, struct myc_diagnostic *diagnostic)
{
    uint64_t length_max = myc_ring_payload_max(walk->writer);
    if (header.type == 0) {
        return corrupt(walk, diagnostic, "a record may not have type", 0);
    }
    if (header.type == MYC_RECORD_PAD) {
        return corrupt(walk, diagnostic, "a stream carries no PAD; type", MYC_RECORD_PAD);
    }
    if (header.length > length_max) {
        return corrupt(
            walk, diagnostic, "the length is above what this ring takes:", header.length);
    }
    if (header.type == MYC_RECORD_GAP && header.length < sizeof(struct myc_gap)) {
        return corrupt(walk, diagnostic, "a GAP is too short:", header.length);
    }
    return MYC_OK;
}

// Counts a GAP's messages.
static enum myc_status
take_gap(struct walk *walk, uint64_t payload_position, struct myc_diagnostic *diagnostic)
{
    struct myc_gap gap;
    memcpy(&gap, bytes_at(walk->writer, payload_position), sizeof gap);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    gap.count = __builtin_bswap64(gap.count);
#endif
    // The largest number stands for "malformed" where readers count.
    if (gap.count == 0 || gap.count == UINT64_MAX || gap.count > UINT64_MAX - walk->sequence) {
        return corrupt(
            walk, diagnostic, "a GAP counts an impossible number of messages:", gap.count);
    }
    walk->sequence += gap.count;
    walk->gapped += gap.count;
    return MYC_OK;
}

// Hands a session record over and makes its bytes a PAD.
static enum myc_status take_session(
    struct walk *walk, struct myc_record_header header, myc_session_record_fn *fn, void *context)
{
    uint64_t position = walk->writer->position + walk->complete;
    uint64_t bytes = myc_record_bytes(header.length);
    struct myc_record record;
    record.type = header.type;
    record.version = header.version;
    record.size = header.length;
    record.payload = bytes_at(walk->writer, position + MYC_RECORD_HEADER_BYTES);
    record.sequence = walk->sequence;
    record.position = position;
    record.is_end_of_batch = false;
    enum myc_status status = fn(&record, context);
    if (status == MYC_OK) {
        uint32_t pad_length = (uint32_t)(bytes - MYC_RECORD_HEADER_BYTES);
        uint64_t pad = myc_record_word(MYC_RECORD_PAD, 0, pad_length);
        walk->skipped += bytes;
        if (walk->complete == 0) {
            walk->first_word = pad;
        } else {
            memcpy(bytes_at(walk->writer, position), &pad, sizeof pad);
        }
    }
    return status;
}

// Goes over the whole records. Stops at the first incomplete or bad one.
static enum myc_status walk_records(
    struct walk *walk, myc_session_record_fn *fn, void *context, struct myc_diagnostic *diagnostic)
{
    uint64_t run = run_bytes(walk->writer);
    while (walk->total - walk->complete >= MYC_RECORD_HEADER_BYTES) {
        uint64_t word = word_at(walk);
        struct myc_record_header header = myc_record_header(word);
        enum myc_status status = check_header(walk, header, diagnostic);
        if (status != MYC_OK) {
            return status;
        }
        uint64_t bytes = myc_record_bytes(header.length);
        if (bytes > run - walk->complete || bytes > walk->total - walk->complete) {
            break;
        }
        if (walk->complete == 0) {
            walk->first_word = word;
        }
        if (header.type == MYC_RECORD_GAP) {
            uint64_t payload = walk->writer->position + walk->complete + MYC_RECORD_HEADER_BYTES;
            status = take_gap(walk, payload, diagnostic);
        } else if (header.type > MYC_MESSAGE_TYPE_MAX) {
            status = take_session(walk, header, fn, context);
        } else if (walk->sequence == UINT64_MAX) {
            status =
                corrupt(walk, diagnostic, "no number is left for a message of type", header.type);
        } else {
            walk->sequence++;
        }
        if (status != MYC_OK) {
            return status;
        }
        walk->complete += bytes;
    }
    return MYC_OK;
}

void myc__ring_sync_records(struct myc_ring_writer *writer, uint64_t start, uint64_t sequence)
{
    struct myc__ring_point point = {start, sequence};
    while (point.position < writer->position && writer->sync_due < writer->position) {
        uint64_t word =
            myc_load_relaxed_u64(myc__ring_word(writer->data, writer->capacity, point.position));
        struct myc_record_header header = myc_record_header(word);
        if (header.type <= MYC_MESSAGE_TYPE_MAX) {
            myc__ring_sync(writer, &point);
            point.sequence++;
        } else if (header.type == MYC_RECORD_GAP) {
            uint64_t count = myc_load_relaxed_u64(myc__ring_word(
                writer->data, writer->capacity, point.position + MYC_RECORD_HEADER_BYTES));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
            count = __builtin_bswap64(count);
#endif
            point.sequence += count;
        }
        point.position += myc_record_bytes(header.length);
    }
}

// Publishes the whole records and keeps the incomplete tail private.
static void publish_records(const struct walk *walk)
{
    struct myc_ring_writer *writer = walk->writer;
    uint64_t start = writer->position;
    uint64_t end = start + walk->complete;
    uint64_t tail = walk->total - walk->complete;
    uint64_t sequence = writer->sequence;
    uint64_t tail_word = 0;
    memcpy(
        &tail_word,
        bytes_at(writer, end),
        (size_t)(tail < MYC_RECORD_HEADER_BYTES ? tail : MYC_RECORD_HEADER_BYTES));
    myc_shared_write(
        bytes_at(writer, start) + MYC_RECORD_HEADER_BYTES,
        (size_t)(walk->complete - MYC_RECORD_HEADER_BYTES));
    // First the end mark behind the records, last the held-back header, whose release every
    // reader's header load acquires.
    myc_store_relaxed_u64(myc__ring_word(writer->data, writer->capacity, end), 0);
    myc_store_release_u64(myc__ring_word(writer->data, writer->capacity, start), walk->first_word);
    writer->fill_word = tail_word;
    writer->fill_held = tail;
    writer->fill_offset += walk->complete;
    // Joiners are told last, sync entries before progress.
    writer->position = end;
    myc__ring_sync_records(writer, start, sequence);
    myc__ring_advance(writer, end, walk->sequence, NULL);
    if (walk->skipped != 0) {
        myc__ring_count_skipped(writer, walk->skipped);
    }
    if (walk->gapped != 0) {
        myc__ring_count_gapped(writer, walk->gapped);
    }
}

enum myc_status myc_ring_fill_end(
    struct myc_ring_writer *writer,
    size_t bytes,
    myc_session_record_fn *fn,
    void *context,
    struct myc_diagnostic *diagnostic)
{
    if (writer->is_broken) {
        return myc_diagnostic_set(
            diagnostic, MYC_POISONED, 0, "record stream: it broke before; start a new ring");
    }
    if (bytes > writer->fill_offered) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "record stream: more bytes than fill_begin offered");
    }
    struct walk walk;
    walk.writer = writer;
    walk.total = writer->fill_held + bytes;
    walk.complete = 0;
    walk.sequence = writer->sequence;
    walk.first_word = writer->fill_word;
    walk.skipped = 0;
    walk.gapped = 0;
    writer->fill_offered = 0;
    enum myc_status status = walk_records(&walk, fn, context, diagnostic);
    writer->fill_held = walk.total;
    MYC_SOMETIMES(walk.complete != 0 && walk.complete != walk.total, "ring.fill.keeps-tail");
    if (walk.complete != 0) {
        publish_records(&walk);
    }
    if (status != MYC_OK) {
        writer->is_broken = true;
        writer->plain = 0;
    }
    return status;
}

bool myc_ring_fill_arm(struct myc_ring_writer *writer)
{
    // The least fill_begin needs: the record whose header is held, or any header.
    uint64_t record = held_record_bytes(writer);
    return myc_ring_writer_arm(writer, (size_t)(record - MYC_RECORD_HEADER_BYTES));
}

void myc_ring_fill_reset(struct myc_ring_writer *writer)
{
    writer->fill_word = 0;
    writer->fill_held = 0;
    writer->fill_offered = 0;
    writer->fill_offset = 0;
}
