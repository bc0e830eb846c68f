// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The framed transport against a model: the list of what was committed, record by record, and what
 * must be told about it. Random publishing, giving up, gaps, polling, rejoining and new epochs in
 * one thread.
 *
 * Properties: a reader is told exactly what the model says, in order: each whole message once with
 * its records, each train that cannot be whole as one loss with its cause and range; a publish
 * commits what its status says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/framed.h>

enum {
    RUNS = 300,
    OPERATIONS = 800,
    FRAGMENT_BYTES = 128,
    SIZE_MAX_DRAWN = 6000,
    MESSAGE_BYTES_MAX = 4000, // larger ones are lost
    EVENTS_MAX = 16
};

// What must be told next: a message, or a loss of `cause`.
struct event {
    bool is_loss;
    enum myc_framed_loss_cause cause;
    uint64_t first;
    uint64_t last;
    uint32_t size;
    uint16_t version;
};

struct model {
    uint64_t random;
    uint64_t seed;
    struct myc_ring_options options;
    struct myc_ring_writer ring_writer;
    struct myc_ring_reader ring_reader;
    struct myc_ring_ticket ticket;
    struct myc_framed_writer writer;
    struct myc_framed_assembler assembler;
    struct myc_framed_source source;
    void *memory;
    size_t memory_bytes;
    void *slots;
    unsigned char *page;
    unsigned char payload[SIZE_MAX_DRAWN];
    uint32_t size; // of the open message
    uint16_t version;
    uint64_t sequence; // of the last record committed
    /* The records committed and not polled, oldest first, each as what it is. */
    struct record {
        bool is_gap;
        uint32_t total; // of a fragment; 0: a plain message or a GAP
        uint32_t offset;
        uint32_t size;
        uint16_t version;
        uint64_t sequence;
    } records[2048];
    size_t first_record;
    size_t record_count;
    /* The reader's train, as the model sees it. */
    bool is_fresh;
    bool is_open;
    struct event train;
    uint32_t received;
    struct event expected[EVENTS_MAX];
    size_t expected_count;
    size_t told_count;
    uint64_t totals[MYC_FRAMED_LOSS_COUNT + 1];
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

static unsigned char byte_of(uint16_t version, size_t i)
{
    return (unsigned char)(version * 131u + i * 11 + (i >> 8) + 5);
}

// ---- What must be told ----

static void expect(struct model *model, struct event event)
{
    PROPERTY(model, model->expected_count < EVENTS_MAX);
    model->expected[model->expected_count++] = event;
    model->totals[event.is_loss ? event.cause : MYC_FRAMED_LOSS_COUNT]++;
}

static void expect_lost_train(struct model *model, enum myc_framed_loss_cause cause)
{
    if (model->is_open) {
        if (!model->train.is_loss) {
            model->train.is_loss = true;
            model->train.cause = cause;
        }
        expect(model, model->train);
        model->is_open = false;
    }
}

// What a reader must say to a record.
static void foresee(struct model *model, const struct record *record)
{
    bool is_part = record->total != 0;
    if (is_part && record->offset != 0 && model->is_open) {
        model->train.last = record->sequence;
        model->received += record->size;
    } else {
        expect_lost_train(model, record->is_gap ? MYC_FRAMED_LOSS_CUT : MYC_FRAMED_LOSS_UNFINISHED);
        model->train = (struct event){
            .first = record->sequence - record->is_gap,
            .last = record->sequence,
            .size = is_part ? record->total : record->size,
            .version = record->version};
        model->received = record->offset + record->size;
        model->is_open = is_part;
        if (is_part && record->offset != 0) {
            PROPERTY(model, model->is_fresh);
            model->train.is_loss = true;
            model->train.cause = MYC_FRAMED_LOSS_PARTIAL;
        } else if (is_part && record->total > MESSAGE_BYTES_MAX) {
            model->train.is_loss = true;
            model->train.cause = MYC_FRAMED_LOSS_TOO_BIG;
        } else if (record->is_gap) {
            model->train.is_loss = true;
            model->train.cause = MYC_FRAMED_LOSS_GAP;
        }
    }
    model->is_fresh = record->is_gap;
    if (!is_part || model->received == record->total) {
        expect(model, model->train);
        model->is_open = false;
    }
}

static const struct event *next_expected(struct model *model, bool is_loss)
{
    PROPERTY(model, model->told_count < model->expected_count);
    const struct event *event = &model->expected[model->told_count++];
    PROPERTY(model, event->is_loss == is_loss);
    return event;
}

static void on_message(const struct myc_framed_message *message, void *context)
{
    struct model *model = context;
    const unsigned char *bytes = message->payload;
    const struct event *event = next_expected(model, false);
    PROPERTY(model, message->first_sequence == event->first);
    PROPERTY(model, message->sequence == event->last);
    PROPERTY(model, message->size == event->size);
    PROPERTY(model, message->version == event->version);
    PROPERTY(model, message->is_copied == (event->size > FRAGMENT_BYTES));
    for (size_t i = 0; i < message->size; i++) {
        PROPERTY(model, bytes[i] == byte_of(event->version, i));
    }
}

static void on_loss(const struct myc_framed_loss *loss, void *context)
{
    struct model *model = context;
    const struct event *event = next_expected(model, true);
    PROPERTY(model, loss->cause == event->cause);
    PROPERTY(model, loss->first_sequence == event->first);
    PROPERTY(model, loss->sequence == event->last);
    PROPERTY(model, loss->cause == MYC_FRAMED_LOSS_GAP || loss->size == event->size);
    PROPERTY(model, loss->version == event->version);
}

static void expect_no_more(struct model *model)
{
    PROPERTY(model, model->told_count == model->expected_count);
    model->told_count = 0;
    model->expected_count = 0;
}

// ---- Operations ----

static void commit(struct model *model, struct record record)
{
    PROPERTY(model, model->record_count < sizeof model->records / sizeof model->records[0]);
    model->sequence += 1 + (uint64_t)record.is_gap;
    record.sequence = model->sequence;
    model->records[model->record_count++] = record;
}

// Notes the fragments that a turn committed.
static void note_turn(struct model *model, uint32_t from, enum myc_status status)
{
    uint32_t to = status == MYC_OK ? model->size : model->writer.sent;
    for (uint32_t at = from; at < to; at += FRAGMENT_BYTES) {
        uint32_t part = model->size - at < FRAGMENT_BYTES ? model->size - at : FRAGMENT_BYTES;
        commit(
            model,
            (struct record){
                .total = model->size, .offset = at, .size = part, .version = model->version});
    }
    PROPERTY(model, myc_framed_is_open(&model->writer) == (status == MYC_AGAIN));
    PROPERTY(model, myc_ring_committed(&model->ring_writer) == model->sequence);
}

static void publish(struct model *model)
{
    if (myc_framed_is_open(&model->writer)) {
        uint32_t from = model->writer.sent;
        enum myc_status status = myc_framed_resume(&model->writer);
        PROPERTY(model, status == MYC_OK || status == MYC_AGAIN);
        note_turn(model, from, status);
        return;
    }
    uint64_t bound = draw(model, 3) == 0 ? SIZE_MAX_DRAWN : FRAGMENT_BYTES * 3;
    model->size = (uint32_t)draw(model, bound);
    model->version++;
    for (size_t i = 0; i < model->size; i++) {
        model->payload[i] = byte_of(model->version, i);
    }
    enum myc_status status =
        myc_framed_publish(&model->writer, 9, model->version, model->payload, model->size);
    if (status == MYC_FULL) {
        PROPERTY(model, myc_ring_committed(&model->ring_writer) == model->sequence);
        PROPERTY(model, !myc_framed_is_open(&model->writer));
    } else if (model->size <= FRAGMENT_BYTES) {
        PROPERTY(model, status == MYC_OK);
        commit(model, (struct record){.size = model->size, .version = model->version});
    } else {
        PROPERTY(model, status == MYC_OK || status == MYC_AGAIN);
        note_turn(model, 0, status);
    }
}

static void gap(struct model *model)
{
    static const struct myc_gap lost = {2, MYC_LOSS_DROPPED_NEWEST, 0};
    if (myc_ring_publish(&model->ring_writer, MYC_RECORD_GAP, 1, &lost, sizeof lost) == MYC_OK) {
        commit(model, (struct record){.is_gap = true});
    }
}

static void poll_some(struct model *model)
{
    size_t wanted = (size_t)draw(model, 8);
    size_t left = model->record_count - model->first_record;
    size_t count = wanted < left ? wanted : left;
    // Before the events of a batch are checked they must fit: at most two a record.
    for (size_t i = 0; i < count; i++) {
        foresee(model, &model->records[model->first_record++]);
    }
    PROPERTY(model, myc_framed_poll(&model->source, wanted) == count);
    PROPERTY(model, myc_framed_status(&model->source) == MYC_OK);
    expect_no_more(model);
    if (model->first_record == model->record_count) {
        model->first_record = 0;
        model->record_count = 0;
    }
}

static void join(struct model *model)
{
    memset(model->page, 0, MYC_RING_PAGE_BYTES);
    memset(&model->ring_reader, 0, sizeof model->ring_reader);
    PROPERTY(
        model,
        myc_ring_join(&model->ring_writer, model->page, MYC_RING_LIVE, &model->ticket) == MYC_OK);
    PROPERTY(
        model,
        myc_ring_reader_init(
            &model->ring_reader,
            model->memory,
            model->memory_bytes,
            model->page,
            &model->ticket,
            NULL)
            == MYC_OK);
    myc_framed_attach(&model->source, &model->ring_reader);
    expect_no_more(model);
    model->is_fresh = true;
    model->first_record = 0;
    model->record_count = 0;
}

static void rejoin(struct model *model)
{
    myc_ring_leave(&model->ring_writer, model->ticket.slot);
    expect_lost_train(model, MYC_FRAMED_LOSS_ENDED);
    join(model);
}

// The publisher dies where it is and comes back with an empty ring.
static void restart(struct model *model)
{
    const struct myc_framed_writer_options framed = {.fragment_bytes = FRAGMENT_BYTES};
    model->options.publisher_epoch++;
    memset(model->memory, 0, model->memory_bytes);
    model->sequence = 0;
    PROPERTY(
        model,
        myc_ring_writer_init(
            &model->ring_writer, model->memory, model->memory_bytes, &model->options, NULL)
            == MYC_OK);
    PROPERTY(
        model,
        myc_framed_writer_init(&model->writer, &model->ring_writer, &framed, NULL) == MYC_OK);
    expect_lost_train(model, MYC_FRAMED_LOSS_EPOCH);
    join(model);
}

static void operate(struct model *model)
{
    uint64_t operation = draw(model, 40);
    if (operation < 16) {
        publish(model);
    } else if (operation < 36) {
        poll_some(model);
    } else if (operation == 36) {
        gap(model);
    } else if (operation == 37) {
        myc_framed_abandon(&model->writer);
    } else if (operation == 38) {
        rejoin(model);
    } else if (draw(model, 4) == 0) {
        restart(model);
    }
}

// ---- Runs ----

static void run(uint64_t seed, uint64_t totals[MYC_FRAMED_LOSS_COUNT + 1])
{
    const struct myc_framed_assembler_options limits = {MESSAGE_BYTES_MAX, 1};
    struct model *model = aligned_alloc(64, (sizeof *model + 63) / 64 * 64);
    assert_non_null(model);
    memset(model, 0, sizeof *model);
    model->seed = seed;
    model->random = seed;
    model->options.capacity_bytes = UINT64_C(4096) << draw(model, 3);
    model->options.readers_max = 1;
    model->memory_bytes = myc_ring_memory_size(&model->options);
    model->memory = aligned_alloc(4096, model->memory_bytes);
    model->page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    size_t bytes = myc_framed_memory_size(&limits);
    model->slots = malloc(bytes);
    assert_non_null(model->memory);
    assert_non_null(model->page);
    assert_non_null(model->slots);
    const struct myc_framed_handler handler = {on_message, on_loss, model};
    PROPERTY(
        model,
        myc_framed_assembler_init(&model->assembler, model->slots, bytes, &limits, NULL) == MYC_OK);
    myc_framed_source_init(&model->source, &model->assembler, &handler);
    restart(model);
    for (size_t i = 0; i < OPERATIONS; i++) {
        operate(model);
    }
    for (size_t i = 0; i <= MYC_FRAMED_LOSS_COUNT; i++) {
        totals[i] += model->totals[i];
    }
    free(model->slots);
    free(model->page);
    free(model->memory);
    free(model);
}

// Whatever is done, what is told is what the model says.
static void test_random_operations_agree_with_the_model(void **state)
{
    (void)state;
    uint64_t totals[MYC_FRAMED_LOSS_COUNT + 1] = {0};
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        run(seed, totals);
    }
    // Or the runs prove nothing; one source alone never lacks a slot.
    for (size_t i = 0; i <= MYC_FRAMED_LOSS_COUNT; i++) {
        assert_true(i == MYC_FRAMED_LOSS_NO_SLOT ? totals[i] == 0 : totals[i] > 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_operations_agree_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
