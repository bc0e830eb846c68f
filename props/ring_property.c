// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The broadcast ring against a model so simple that it cannot be wrong: the list of what was
 * committed and where each record lies. Random operations in one thread; after each the ring must
 * agree.
 *
 * Properties: a claim succeeds exactly when the room is there; every reader sees each message after
 * its join once, in order and whole; tickets name record starts; aborts leave nothing behind; a
 * stream of the same records, cut at random, gives the same messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/ring.h>
#include <mycelium/ring_batch.h>
#include <mycelium/ring_counters.h>
#include <mycelium/ring_inline.h>

enum {
    RUNS = 300,
    OPERATIONS = 3000,
    READERS = 5,

    PAYLOAD_MAX = 16384,
    MESSAGES_MAX = 8 * OPERATIONS
};

// One record of the model: the messages up to and including `last`, at [start, end).
struct model_record {
    uint64_t start;
    uint64_t end;
    uint64_t last;
    uint32_t size;
    uint16_t type;
    uint16_t version;
};

struct model_reader {
    struct myc_ring_reader reader;
    struct myc_ring_ticket ticket;
    struct model *model;
    unsigned char *page;
    size_t next; // index of the record it must see next
    bool is_in;
};

struct model {
    uint64_t random;
    uint64_t seed;
    struct myc_ring_writer writer;
    struct myc_ring_options options;
    void *memory;
    unsigned char *pages;
    uint64_t position;
    uint64_t refused;
    size_t record_count;
    struct model_record records[MESSAGES_MAX];
    struct model_reader readers[READERS];
};

#define PROPERTY(model, holds)                                                                     \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            fail_msg("seed %llu: %s", (unsigned long long)(model)->seed, #holds);                  \
        }                                                                                          \
    } while (0)

// SplitMix64.
static uint64_t draw(struct model *model, uint64_t bound)
{
    uint64_t z = model->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % bound;
}

static unsigned char byte_of(uint64_t last, size_t i)
{
    return (unsigned char)(last * 131 + i * 11 + 5);
}

static uint64_t last_of(const struct model *model)
{
    return model->record_count == 0 ? 0 : model->records[model->record_count - 1].last;
}

// ---- The model ----

static uint64_t rest_at(const struct model *model, uint64_t bytes)
{
    uint64_t run = model->options.capacity_bytes - model->position % model->options.capacity_bytes;
    return bytes > run ? run : 0;
}

static uint64_t lowest_head(const struct model *model)
{
    uint64_t lowest = model->position;
    for (size_t i = 0; i < READERS; i++) {
        const struct model_reader *reader = &model->readers[i];
        if (reader->is_in && reader->reader.position < lowest) {
            lowest = reader->reader.position;
        }
    }
    return lowest;
}

static bool is_room(const struct model *model, size_t size)
{
    uint64_t bytes = myc_record_bytes(size);
    uint64_t end = model->position + rest_at(model, bytes) + bytes + MYC_RECORD_HEADER_BYTES;
    return end <= lowest_head(model) + model->options.capacity_bytes;
}

static void
add_record(struct model *model, uint16_t type, uint16_t version, size_t size, uint64_t rest)
{
    struct model_record *record = &model->records[model->record_count];
    uint64_t last = last_of(model) + 1;
    record->start = model->position + rest;
    record->end = record->start + myc_record_bytes(size);
    record->last = last;
    record->size = (uint32_t)size;
    record->type = type;
    record->version = version;
    model->position = record->end;
    model->record_count++;
}

// A record as the model has it, whichever way it was read.
static void check_record(struct model_reader *reader, const struct myc_record *record)
{
    struct model *model = reader->model;
    PROPERTY(model, reader->next < model->record_count);
    const struct model_record *expected = &model->records[reader->next];
    PROPERTY(model, record->position == expected->start);
    PROPERTY(model, record->sequence == expected->last);
    PROPERTY(model, record->size == expected->size);
    PROPERTY(model, record->type == expected->type);
    PROPERTY(model, record->version == expected->version);
    const unsigned char *bytes = record->payload;
    size_t padded = (size_t)(myc_record_bytes(record->size) - MYC_RECORD_HEADER_BYTES);
    for (size_t i = 0; i < padded; i++) {
        unsigned char wanted = i < record->size ? byte_of(record->sequence, i) : 0;
        PROPERTY(model, bytes[i] == wanted);
    }
    reader->next++;
}

static void on_record(const struct myc_record *record, void *context)
{
    check_record(context, record);
}

// ---- Operations ----

static size_t draw_size(struct model *model)
{
    size_t size_max = myc_ring_payload_max(&model->writer);
    switch (draw(model, 4)) {
    case 0:
        return (size_t)draw(model, 24);
    case 1:
        return (size_t)draw(model, size_max + 1);
    case 2:
        return size_max;
    default:
        return (size_t)draw(model, 200);
    }
}

static void publish(struct model *model)
{
    size_t size = draw_size(model);
    bool is_room_expected = is_room(model, size);
    bool is_fast = draw(model, 2) == 0;
    unsigned char *payload =
        is_fast ? myc_ring_claim_fast(&model->writer, size) : myc_ring_claim(&model->writer, size);
    PROPERTY(model, (payload != NULL) == is_room_expected);
    if (payload == NULL) {
        model->refused++;
        return;
    }
    memset(payload, 0xEE, size);
    if (draw(model, 6) == 0) {
        myc_ring_abort(&model->writer);
        return;
    }
    // The place was claimed for `size`; a smaller record stays there.
    uint64_t rest = rest_at(model, myc_record_bytes(size));
    size_t final = draw(model, 3) == 0 ? (size_t)draw(model, size + 1) : size;
    uint16_t type = (uint16_t)(1 + draw(model, MYC_MESSAGE_TYPE_MAX));
    uint16_t version = (uint16_t)draw(model, 65536);
    for (size_t i = 0; i < final; i++) {
        payload[i] = byte_of(last_of(model) + 1, i);
    }
    (is_fast ? myc_ring_commit_fast : myc_ring_commit)(&model->writer, type, version, final);
    add_record(model, type, version, final, rest);
}

// Records that are published together, or given up together.
static void publish_batch(struct model *model)
{
    uint64_t start = model->position;
    uint64_t limit = lowest_head(model) + model->options.capacity_bytes;
    uint64_t span = model->options.capacity_bytes / 2 + 24;
    size_t before = model->record_count;
    uint64_t wanted = 1 + draw(model, 8);
    for (uint64_t i = 0; i < wanted; i++) {
        size_t size = draw_size(model);
        uint64_t rest = rest_at(model, myc_record_bytes(size));
        uint64_t end = model->position + rest + myc_record_bytes(size);
        bool is_room_expected = end - start <= span && end + 8 <= limit;
        unsigned char *payload = myc_ring_batch_claim(&model->writer, size);
        PROPERTY(model, (payload != NULL) == is_room_expected);
        if (payload == NULL) {
            model->refused += end - start <= span;
            break;
        }
        size_t final = draw(model, 3) == 0 ? (size_t)draw(model, size + 1) : size;
        uint16_t type = (uint16_t)(1 + draw(model, MYC_MESSAGE_TYPE_MAX));
        memset(payload, 0xEE, size);
        for (size_t j = 0; j < final; j++) {
            payload[j] = byte_of(last_of(model) + 1, j);
        }
        myc_ring_batch_add(&model->writer, type, 5, final);
        add_record(model, type, 5, final, rest);
        PROPERTY(model, myc_ring_is_valid(&model->writer));
    }
    if (draw(model, 6) == 0) {
        myc_ring_abort(&model->writer);
        model->record_count = before;
        model->position = start;
    }
    myc_ring_batch_commit(&model->writer);
}

// Messages of one size; as many as there is room for.
static void publish_same(struct model *model)
{
    unsigned char bytes[40 * 100];
    size_t size = (size_t)draw(model, 101);
    size_t count = (size_t)draw(model, 41);
    size_t fitting = 0;
    size_t published = 0;
    for (size_t i = 0; i < count * size; i++) {
        bytes[i] = byte_of(last_of(model) + 1 + i / size, i % size);
    }
    uint64_t limit = lowest_head(model) + model->options.capacity_bytes;
    for (; fitting < count; fitting++) {
        uint64_t rest = rest_at(model, myc_record_bytes(size));
        if (model->position + rest + myc_record_bytes(size) + 8 > limit) {
            model->refused++;
            break;
        }
        add_record(model, 3, 4, size, rest);
    }
    enum myc_status status =
        myc_ring_publish_n(&model->writer, 3, 4, bytes, size, count, &published);
    PROPERTY(model, published == fitting);
    PROPERTY(model, status == (fitting == count ? MYC_OK : MYC_FULL));
}

static void poll_some(struct model *model, struct model_reader *reader)
{
    size_t left = model->record_count - reader->next;
    size_t wanted = (size_t)draw(model, 80);
    size_t count = myc_ring_poll(&reader->reader, on_record, reader, wanted);
    PROPERTY(model, count == (wanted < left ? wanted : left));
    PROPERTY(model, myc_ring_reader_status(&reader->reader) == MYC_OK);
}

static void take_some(struct model *model, struct model_reader *reader)
{
    struct myc_record record;
    size_t left = model->record_count - reader->next;
    size_t wanted = (size_t)draw(model, 80);
    size_t count = 0;
    while (count < wanted && myc_ring_take(&reader->reader, &record)) {
        check_record(reader, &record);
        count++;
    }
    PROPERTY(model, count == (wanted < left ? wanted : left));
    myc_ring_release(&reader->reader);
    PROPERTY(model, myc_ring_reader_status(&reader->reader) == MYC_OK);
    PROPERTY(model, myc_ring_reader_sequence(&reader->reader) == reader->next);
}

// Consumes a random prefix of whole records of a peek.
static void peek_some(struct model *model, struct model_reader *reader)
{
    struct myc_const_span span = myc_ring_peek(&reader->reader, (size_t)draw(model, 3000));
    PROPERTY(model, (span.data != NULL) == (reader->next < model->record_count));
    size_t records = (size_t)draw(model, 6);
    size_t at = 0;
    for (size_t i = 0; i < records && at < span.size; i++) {
        uint64_t word;
        memcpy(&word, (const unsigned char *)span.data + at, sizeof word);
        struct myc_record_header header = myc_record_header(word);
        struct myc_record record;
        record.type = header.type;
        record.version = header.version;
        record.size = header.length;
        record.payload = (const unsigned char *)span.data + at + MYC_RECORD_HEADER_BYTES;
        record.sequence = myc_ring_reader_sequence(&reader->reader) + i + 1;
        record.position = reader->reader.position + at;
        check_record(reader, &record);
        at += (size_t)myc_record_bytes(header.length);
    }
    PROPERTY(model, at <= span.size);
    myc_ring_consume(&reader->reader, at);
    PROPERTY(model, myc_ring_reader_status(&reader->reader) == MYC_OK);
}

static void join(struct model *model, struct model_reader *reader)
{
    enum myc_ring_start start = draw(model, 2) == 0 ? MYC_RING_LIVE : MYC_RING_EARLIEST;
    memset(reader->page, 0, MYC_RING_PAGE_BYTES);
    PROPERTY(model, myc_ring_join(&model->writer, reader->page, start, &reader->ticket) == MYC_OK);
    PROPERTY(
        model,
        myc_ring_reader_init(
            &reader->reader,
            model->memory,
            myc_ring_memory_size(&model->options),
            reader->page,
            &reader->ticket,
            NULL)
            == MYC_OK);
    reader->is_in = true;
    // Every record counts one message, so the index of the next one is the ticket's sequence.
    reader->next = (size_t)reader->ticket.sequence;
    PROPERTY(model, reader->next <= model->record_count);
    if (start == MYC_RING_LIVE) {
        PROPERTY(model, reader->next == model->record_count);
    }
    bool is_end = reader->next == model->record_count;
    uint64_t position = is_end ? model->position : model->records[reader->next].start;
    // The very first may lie behind a PAD.
    bool is_first = reader->next == 0 && reader->ticket.position == model->options.first_position;
    PROPERTY(model, reader->ticket.position == position || is_first);
}

static uint64_t bytes_of(const struct model *model, uint64_t first, uint64_t last)
{
    uint64_t bytes = 0;
    for (uint64_t i = first; i < last; i++) {
        bytes += model->records[i].end - model->records[i].start;
    }
    return bytes;
}

// A page counts the records between its reader's joining and now.
static void check_reader_counts(const struct model_reader *reader)
{
    const struct model *model = reader->model;
    struct myc_ring_reader_counters counters;
    uint64_t first = reader->ticket.sequence;
    myc_ring_page_counters(reader->page, &counters);
    PROPERTY(model, counters.messages == reader->next - first);
    PROPERTY(model, counters.bytes == bytes_of(model, first, reader->next));
    PROPERTY(model, counters.gapped == 0 && counters.lost == 0 && counters.parks == 0);
    PROPERTY(model, counters.lag_max <= model->options.capacity_bytes);
}

// The ring counts what the model holds.
static void check_writer_counts(const struct model *model)
{
    struct myc_ring_writer_counters own;
    struct myc_ring_writer_counters seen;
    myc_ring_writer_counters(&model->writer, &own);
    PROPERTY(model, own.messages == model->record_count);
    PROPERTY(model, own.bytes == bytes_of(model, 0, model->record_count));
    PROPERTY(model, own.full == model->refused);
    PROPERTY(
        model,
        myc_ring_memory_counters(model->memory, myc_ring_memory_size(&model->options), &seen, NULL)
            == MYC_OK);
    PROPERTY(model, memcmp(&own, &seen, sizeof own) == 0);
}

static void leave(struct model *model, struct model_reader *reader)
{
    struct myc_ring_reader_state state;
    PROPERTY(model, myc_ring_reader_state(&model->writer, reader->ticket.slot, &state) == MYC_OK);
    PROPERTY(model, state.is_active && !state.is_poisoned);
    PROPERTY(model, state.sequence == reader->next);
    PROPERTY(model, state.position == reader->reader.position);
    PROPERTY(model, state.lag_bytes == model->position - state.position);
    check_reader_counts(reader);
    myc_ring_leave(&model->writer, reader->ticket.slot);
    reader->is_in = false;
}

static void operate(struct model *model)
{
    struct model_reader *reader = &model->readers[draw(model, READERS)];
    uint64_t operation = draw(model, 20);
    bool has_space = model->record_count + 41 < MESSAGES_MAX;
    if (operation < 2 && has_space) {
        publish_batch(model);
    } else if (operation < 3 && has_space) {
        publish_same(model);
    } else if (operation < 9) {
        publish(model);
    } else if (!reader->is_in) {
        if (operation < 14) {
            join(model, reader);
        }
    } else if (operation < 15) {
        poll_some(model, reader);
    } else if (operation < 17) {
        take_some(model, reader);
    } else if (operation < 19) {
        peek_some(model, reader);
    } else {
        leave(model, reader);
    }
    PROPERTY(model, myc_ring_committed(&model->writer) == last_of(model));
    PROPERTY(model, myc_ring_is_valid(&model->writer));
}

// ---- Runs ----

static struct model *model_create(uint64_t seed)
{
    struct model *model = aligned_alloc(64, (sizeof *model + 63) / 64 * 64);
    assert_non_null(model);
    memset(model, 0, sizeof *model);
    model->seed = seed;
    model->random = seed;
    model->options.capacity_bytes = UINT64_C(4096) << draw(model, 4);
    model->options.readers_max = READERS;
    static const uint64_t firsts[] = {0, UINT64_C(1) << 32, UINT64_C(1) << 63};
    uint64_t first = firsts[draw(model, 3)];
    model->options.first_position = first == 0 ? 0 : first - 8 * draw(model, 4096);
    model->position = model->options.first_position;
    size_t bytes = myc_ring_memory_size(&model->options);
    model->memory = aligned_alloc(4096, bytes);
    model->pages = aligned_alloc(64, (size_t)READERS * MYC_RING_PAGE_BYTES);
    assert_non_null(model->memory);
    assert_non_null(model->pages);
    memset(model->memory, 0, bytes);
    PROPERTY(
        model,
        myc_ring_writer_init(&model->writer, model->memory, bytes, &model->options, NULL)
            == MYC_OK);
    for (size_t i = 0; i < READERS; i++) {
        model->readers[i].model = model;
        model->readers[i].page = model->pages + i * MYC_RING_PAGE_BYTES;
    }
    return model;
}

static void model_destroy(struct model *model)
{
    free(model->pages);
    free(model->memory);
    free(model);
}

// Random publishing, reading, joining and leaving never disagree with the model.
static void test_random_operations_agree_with_the_model(void **state)
{
    (void)state;
    size_t wrapped = 0;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        struct model *model = model_create(seed);
        for (size_t i = 0; i < OPERATIONS; i++) {
            operate(model);
        }
        check_writer_counts(model);
        wrapped +=
            model->position - model->options.first_position > 3 * model->options.capacity_bytes;
        model_destroy(model);
    }
    // Or the runs prove nothing.
    assert_true(wrapped > RUNS / 2);
}

// ---- Streams ----

// A record of the stream; the ring will see it where the model says.
static size_t put_record(struct model *model, unsigned char *stream, size_t size)
{
    uint16_t type = (uint16_t)(1 + draw(model, MYC_MESSAGE_TYPE_MAX));
    uint64_t bytes = myc_record_bytes(size);
    uint64_t word = myc_record_word(type, 9, (uint32_t)size);
    add_record(model, type, 9, size, rest_at(model, bytes));
    memset(stream, 0, (size_t)bytes);
    memcpy(stream, &word, sizeof word);
    for (size_t i = 0; i < size; i++) {
        stream[MYC_RECORD_HEADER_BYTES + i] = byte_of(last_of(model), i);
    }
    return (size_t)bytes;
}

// Receives at most `want` bytes. Returns: how many were taken.
static size_t receive(struct model *model, const unsigned char *source, size_t want)
{
    struct myc_span spans[MYC_RING_FILL_SPANS];
    struct myc_diagnostic diagnostic;
    size_t count = myc_ring_fill_begin(&model->writer, spans);
    size_t taken = 0;
    for (size_t i = 0; i < count && taken < want; i++) {
        size_t part = want - taken < spans[i].size ? want - taken : spans[i].size;
        memcpy(spans[i].data, source + taken, part);
        taken += part;
    }
    if (myc_ring_fill_end(&model->writer, taken, NULL, NULL, &diagnostic) != MYC_OK) {
        fail_msg("seed %llu: %s", (unsigned long long)model->seed, diagnostic.text);
    }
    return taken;
}

// A stream cut at random comes out of the ring as it went in, at the places the model foresaw.
static void test_random_streams_agree_with_the_model(void **state)
{
    (void)state;
    enum { STREAM_BYTES = 1 << 20 };
    unsigned char *stream = malloc(STREAM_BYTES);
    assert_non_null(stream);
    for (uint64_t seed = 1; seed <= RUNS / 3; seed++) {
        struct model *model = model_create(seed);
        struct model_reader *reader = &model->readers[0];
        size_t size = 0;
        size_t done = 0;
        join(model, reader);
        while (model->record_count < 600 && size + PAYLOAD_MAX < STREAM_BYTES) {
            size += put_record(model, stream + size, draw_size(model));
        }
        uint64_t cut_max = UINT64_C(1) << draw(model, 14);
        while (done < size || reader->next < model->record_count) {
            size_t want = (size_t)draw(model, cut_max) + 1;
            done += receive(model, stream + done, want < size - done ? want : size - done);
            PROPERTY(model, myc_ring_is_valid(&model->writer));
            if (draw(model, 3) == 0) {
                (void)myc_ring_poll(&reader->reader, on_record, reader, 1 + draw(model, 20));
                PROPERTY(model, myc_ring_reader_status(&reader->reader) == MYC_OK);
            }
        }
        PROPERTY(model, myc_ring_committed(&model->writer) == last_of(model));
        model_destroy(model);
    }
    free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_operations_agree_with_the_model),
        cmocka_unit_test(test_random_streams_agree_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
