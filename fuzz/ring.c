// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Both sides of a ring against a peer that writes what it likes where it can write. The input is a
// program: publish, poll, join, leave, and words stored into foreign memory in between.
//
// An even first byte makes a reader hostile: it owns its page. The writer and the other reader must
// not notice, but for the room that a reader may rightly hold back. An odd one makes the writer
// hostile: what readers see of the ring is a copy that changes at will. What they hand out lies
// inside it, and every call comes back. With bit 1 the honest reader may be lapped and gets copies,
// with bit 6 the writer publishes in batches, with bit 7 it drops what finds no room.
#include <stdbool.h>
#include <string.h>

#include <mycelium/ring.h>
#include <mycelium/ring_batch.h>
#include <mycelium/ring_counters.h>
#include <mycelium/ring_drop.h>
#include <mycelium/ring_inline.h>

#include "fuzz.h"

enum { STEPS_MAX = 4096, READERS = 4, HONEST = 0, HOSTILE = 1, POLL_MAX = 16 };

struct side {
    struct myc_ring_reader reader;
    unsigned char *page;
    struct myc_ring_ticket ticket;
    unsigned char *copy; // of a reader that may be lapped, a quarter of the ring
    uint64_t sequence;   // of the last message, as this side counts
    bool is_in;
};

struct play {
    struct myc_ring_writer writer;
    unsigned char *memory; // the writer's
    unsigned char *shown;  // what readers see: the same, or what a hostile writer makes of it
    size_t memory_bytes;
    size_t capacity;
    struct side sides[2];
    uint64_t published;
    const uint8_t *program;
    size_t left;
    bool is_writer_hostile;
    bool has_batches;
    bool has_drops;
};

static uint64_t take(struct play *play, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size && play->left > 0; i++) {
        number |= (uint64_t)*play->program++ << 8 * i;
        play->left--;
    }
    return number;
}

// Exactly so much memory, so that a byte behind it is seen.
static unsigned char *allocate(size_t size, size_t alignment)
{
    unsigned char *bytes = aligned_alloc(alignment, size);
    FUZZ_CHECK(bytes != NULL);
    memset(bytes, 0, size);
    return bytes;
}

// ---- What must hold ----

static bool is_within(const void *bytes, size_t size, const void *memory, size_t memory_bytes)
{
    uintptr_t first = (uintptr_t)memory;
    uintptr_t at = (uintptr_t)bytes;
    return at >= first && size <= memory_bytes && at - first <= memory_bytes - size;
}

static void
check_inside(const struct play *play, const struct side *side, const void *bytes, size_t size)
{
    FUZZ_CHECK(size <= play->capacity);
    if (side->copy == NULL) {
        FUZZ_CHECK(is_within(bytes, size, play->shown, play->memory_bytes));
    } else {
        // A loss is told from the reader itself.
        FUZZ_CHECK(
            is_within(bytes, size, side->copy, play->capacity / 4)
            || is_within(bytes, size, &side->reader, sizeof(side->reader)));
    }
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += ((const unsigned char *)bytes)[i];
    }
    FUZZ_CHECK(sum <= size * 255);
}

struct polled {
    struct play *play;
    struct side *side;
};

// Message n has n % 200 bytes of the value n; who may be lapped is told what is missing.
static void
check_message(const struct play *play, const struct side *side, const struct myc_record *record)
{
    if (record->type == MYC_RECORD_GAP) {
        struct myc_gap gap;
        FUZZ_CHECK((side->copy != NULL || play->has_drops) && record->size == sizeof(gap));
        memcpy(&gap, record->payload, sizeof(gap));
        FUZZ_CHECK(gap.count == record->sequence - side->sequence);
        return;
    }
    FUZZ_CHECK(record->sequence == side->sequence + 1);
    FUZZ_CHECK(record->size == record->sequence % 200);
    const unsigned char *bytes = record->payload;
    for (uint32_t i = 0; i < record->size; i++) {
        FUZZ_CHECK(bytes[i] == (record->sequence & 0xFF));
    }
}

static void on_record(const struct myc_record *record, void *context)
{
    struct polled *polled = context;
    check_inside(polled->play, polled->side, record->payload, record->size);
    FUZZ_CHECK((uintptr_t)record->payload % 8 == 0);
    FUZZ_CHECK(record->sequence > polled->side->sequence);
    if (!polled->play->is_writer_hostile && polled->side == &polled->play->sides[HONEST]) {
        check_message(polled->play, polled->side, record);
    }
    polled->side->sequence = record->sequence;
}

// ---- The instructions ----

// A hostile writer shows what is there; the next instructions may change it.
static void show(struct play *play)
{
    if (play->is_writer_hostile) {
        memcpy(play->shown, play->memory, play->memory_bytes);
    }
}

static enum myc_status attach(struct play *play, struct side *side)
{
    if (side->copy == NULL) {
        return myc_ring_reader_init(
            &side->reader, play->shown, play->memory_bytes, side->page, &side->ticket, NULL);
    }
    const struct myc_span copy = {side->copy, play->capacity / 4};
    return myc_ring_lapping_init(
        &side->reader,
        play->shown,
        play->memory_bytes,
        side->page,
        &side->ticket,
        MYC_RING_DROP_OLDEST,
        copy,
        NULL);
}

static void join(struct play *play, struct side *side)
{
    if (side->is_in) {
        return;
    }
    memset(side->page, 0, MYC_RING_PAGE_BYTES);
    struct myc_ring_writer *writer = &play->writer;
    enum myc_status status =
        side->copy == NULL
            ? myc_ring_join(writer, side->page, MYC_RING_LIVE, &side->ticket)
            : myc_ring_join_lapping(writer, side->page, MYC_RING_LIVE, &side->ticket);
    FUZZ_CHECK(status == MYC_OK);
    show(play);
    memset(&side->reader, 0, sizeof(side->reader));
    status = attach(play, side);
    FUZZ_CHECK(status == MYC_OK || play->is_writer_hostile);
    side->is_in = status == MYC_OK;
    if (!side->is_in) {
        myc_ring_leave(&play->writer, side->ticket.slot);
    }
    side->sequence = side->ticket.sequence;
}

static void leave(struct play *play, struct side *side)
{
    if (side->is_in) {
        myc_ring_leave(&play->writer, side->ticket.slot);
        side->is_in = false;
    }
}

static void publish(struct play *play)
{
    unsigned char bytes[200];
    struct myc_ring_writer *writer = &play->writer;
    uint64_t pending = myc_ring_drop_pending(writer);
    uint64_t number = play->published + pending + 1;
    memset(bytes, (int)(number & 0xFF), sizeof(bytes));
    enum myc_status status = play->has_drops
                                 ? myc_ring_drop_publish(writer, 1, 0, bytes, number % 200)
                                 : myc_ring_publish(writer, 1, 0, bytes, number % 200);
    FUZZ_CHECK(status == MYC_OK || status == MYC_FULL);
    play->published += status == MYC_OK ? pending + 1 : 0;
    pending = play->has_drops && status == MYC_FULL ? pending + 1 : 0;
    FUZZ_CHECK(myc_ring_drop_pending(writer) == pending);
    FUZZ_CHECK(myc_ring_committed(writer) == play->published);
    (void)myc_ring_sleepers(&play->writer);
    show(play);
}

// So many messages together, given up when their number is divisible by 8.
static void publish_batch(struct play *play)
{
    uint64_t wanted = take(play, 1);
    uint64_t added = 0;
    while (added < wanted) {
        uint64_t number = play->published + added + 1;
        unsigned char *payload = myc_ring_batch_claim(&play->writer, 200);
        if (payload == NULL) {
            break;
        }
        FUZZ_CHECK(is_within(payload, 200, play->memory, play->memory_bytes));
        memset(payload, (int)(number & 0xFF), (size_t)(number % 200));
        myc_ring_batch_add(&play->writer, 1, 0, (size_t)(number % 200));
        added++;
    }
    if (wanted % 8 == 0) {
        myc_ring_abort(&play->writer);
        added = 0;
    }
    myc_ring_batch_commit(&play->writer);
    play->published += added;
    FUZZ_CHECK(myc_ring_committed(&play->writer) == play->published);
    (void)myc_ring_sleepers(&play->writer);
    show(play);
}

static void poll(struct play *play, struct side *side)
{
    if (side->is_in) {
        struct polled polled = {play, side};
        size_t count = myc_ring_poll(&side->reader, on_record, &polled, POLL_MAX);
        FUZZ_CHECK(count <= POLL_MAX);
        (void)myc_ring_reader_should_wake_writer(&side->reader);
    }
}

// One by one; what was handed over is looked at only as far as a message goes.
static void take_each(struct play *play, struct side *side)
{
    struct polled polled = {play, side};
    struct myc_record record;
    size_t count = 0;
    while (side->is_in && count < POLL_MAX && myc_ring_take(&side->reader, &record)) {
        on_record(&record, &polled);
        count++;
    }
    if (side->is_in) {
        myc_ring_release(&side->reader);
    }
}

static void peek(struct play *play, struct side *side, size_t bytes_max)
{
    if (side->is_in) {
        struct myc_const_span span = myc_ring_peek(&side->reader, bytes_max);
        if (span.data != NULL) {
            check_inside(play, side, span.data, span.size);
            // Only the hostile side consumes so: the honest one looks at every message.
            if (side == &play->sides[HOSTILE] || play->is_writer_hostile) {
                myc_ring_consume(&side->reader, span.size);
            }
        }
    }
}

// A header where the honest reader looks next: type and length, else no fuzzer gets there.
static void store_header(struct play *play)
{
    uint16_t type = (uint16_t)take(play, 2);
    uint32_t length = (uint32_t)take(play, 2) >> (take(play, 1) & 15);
    uint64_t word = myc_record_word(type, 0, length);
    uint64_t position = play->sides[HONEST].reader.position & (play->capacity - 1);
    memcpy(play->shown + play->memory_bytes - play->capacity + position, &word, sizeof(word));
}

static void store_foreign(struct play *play)
{
    uint64_t how = take(play, 1);
    bool is_ring = play->is_writer_hostile;
    if (is_ring && (how & 4) != 0) {
        store_header(play);
        return;
    }
    unsigned char *target = is_ring ? play->shown : play->sides[HOSTILE].page;
    size_t size = is_ring ? play->memory_bytes : MYC_RING_PAGE_BYTES;
    size_t width = (size_t)1 << (how & 3);
    size_t offset = (size_t)take(play, 2) % (size / width) * width;
    uint64_t value = take(play, width);
    memcpy(target + offset, &value, width);
}

// What is counted is nonsense where somebody writes nonsense, but the honest side's is not.
static void look_at_counts(const struct play *play)
{
    struct myc_ring_writer_counters writer;
    struct myc_ring_reader_counters reader;
    enum myc_status status =
        myc_ring_memory_counters(play->shown, play->memory_bytes, &writer, NULL);
    if (!play->is_writer_hostile) {
        FUZZ_CHECK(status == MYC_OK && writer.messages + writer.gapped == play->published);
        FUZZ_CHECK(play->has_drops || writer.gapped == 0);
    }
    myc_ring_page_counters(play->sides[HOSTILE].page, &reader);
    myc_ring_page_counters(play->sides[HONEST].page, &reader);
    FUZZ_CHECK(reader.lag_max <= play->capacity);
}

static void look(struct play *play)
{
    struct myc_ring_reader_state state;
    uint64_t slot = take(play, 1);
    enum myc_status status = myc_ring_reader_state(&play->writer, (uint32_t)slot, &state);
    FUZZ_CHECK(status == MYC_OK || status == MYC_NOT_FOUND);
    for (size_t i = 0; i < 2; i++) {
        struct side *side = &play->sides[i];
        if (side->is_in) {
            myc_ring_reader_arm(&side->reader);
            (void)myc_ring_is_empty(&side->reader);
            (void)myc_ring_reader_status(&side->reader);
            myc_ring_reader_disarm(&side->reader);
        }
    }
    (void)myc_ring_writer_arm(&play->writer, 100);
    myc_ring_writer_disarm(&play->writer);
    look_at_counts(play);
}

static void step(struct play *play)
{
    uint64_t how = take(play, 1);
    bool is_taking = (how & 8) != 0;
    switch (how & 7) {
    case 0:
    case 1:
        if (play->has_batches) {
            publish_batch(play);
        } else {
            publish(play);
        }
        break;
    case 2:
    case 3:
        (is_taking ? take_each : poll)(play, &play->sides[(how & 1) == 0 ? HONEST : HOSTILE]);
        break;
    case 4:
        peek(play, &play->sides[take(play, 1) & 1], (size_t)take(play, 2));
        break;
    case 5:
        store_foreign(play);
        break;
    case 6:
        look(play);
        break;
    default:
        if (play->sides[HOSTILE].is_in) {
            leave(play, &play->sides[HOSTILE]);
        } else {
            join(play, &play->sides[HOSTILE]);
        }
    }
}

// The honest reader gets all there is, and then there is room again.
static void finish(struct play *play)
{
    leave(play, &play->sides[HOSTILE]);
    struct side *honest = &play->sides[HONEST];
    uint64_t before = 0;
    do {
        before = honest->sequence;
        poll(play, honest);
    } while (honest->sequence != before);
    FUZZ_CHECK(honest->sequence == play->published);
    FUZZ_CHECK(myc_ring_reader_status(&honest->reader) == MYC_OK);
    FUZZ_CHECK(myc_ring_is_valid(&play->writer));
    before = play->published + myc_ring_drop_pending(&play->writer);
    publish(play);
    poll(play, honest);
    FUZZ_CHECK(play->published == before + 1 && honest->sequence == play->published);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct play play = {.program = data, .left = size};
    uint64_t how = take(&play, 1);
    bool is_lapped = (how & 2) != 0;
    play.is_writer_hostile = (how & 1) != 0;
    play.has_batches = (how & 64) != 0;
    play.has_drops = (how & 64) == 0 && (how & 128) != 0;
    play.capacity = is_lapped ? MYC_RING_LAPPED_CAPACITY_MIN : MYC_RING_CAPACITY_MIN;
    const struct myc_ring_options options = {
        .capacity_bytes = play.capacity,
        .readers_may_be_lapped = is_lapped,
        .readers_max = READERS,
        .readers_may_sleep = true,
        .writer_may_sleep = true,
    };
    play.memory_bytes = myc_ring_memory_size(&options);
    play.memory = allocate(play.memory_bytes, 4096);
    play.shown = play.is_writer_hostile ? allocate(play.memory_bytes, 4096) : play.memory;
    FUZZ_CHECK(
        myc_ring_writer_init(&play.writer, play.memory, play.memory_bytes, &options, NULL)
        == MYC_OK);
    play.sides[HONEST].copy = is_lapped ? allocate(play.capacity / 4, 64) : NULL;
    for (size_t i = 0; i < 2; i++) {
        play.sides[i].page = allocate(MYC_RING_PAGE_BYTES, 4096);
        join(&play, &play.sides[i]);
    }
    for (int i = 0; i < STEPS_MAX && play.left > 0; i++) {
        step(&play);
    }
    if (!play.is_writer_hostile) {
        finish(&play);
    }
    for (size_t i = 0; i < 2; i++) {
        free(play.sides[i].page);
        free(play.sides[i].copy);
    }
    if (play.shown != play.memory) {
        free(play.shown);
    }
    free(play.memory);
    return 0;
}
