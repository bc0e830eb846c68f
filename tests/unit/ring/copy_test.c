// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Readers that take copies: lapping ones, whom the writer overtakes, and gating ones that want to
 * hand on what cannot change.
 */
#include "unit/ring/ring_fixture.h"

enum { CAPACITY = MYC_RING_LAPPED_CAPACITY_MIN, COPY_BYTES = CAPACITY / 4, USABLE = 4096 - 8 };

// Of the layout, see docs/reference/ring.md: the control page and its word of what is announced.
enum { CONTROL_OFFSET = 4096, PROGRESS_OFFSET = CONTROL_OFFSET + 64, INTENT_OFFSET = 4352 };

struct lapped {
    struct fixture fixture;
    struct fixture_reader *reader;
    uint64_t delivered;
    uint64_t lost;
    uint64_t gaps;
    bool is_wrong;
    _Alignas(8) unsigned char copy[COPY_BYTES];
};

// Accounts for a record: it goes on where the last one ended.
static void on_record(const struct myc_record *record, void *context)
{
    struct lapped *lapped = context;
    uint64_t count = 1;
    if (record->type == MYC_RECORD_GAP) {
        struct myc_gap gap;
        memcpy(&gap, record->payload, sizeof gap);
        count = gap.count;
        lapped->gaps++;
        lapped->lost += count;
        lapped->is_wrong |= gap.cause != MYC_LOSS_LAPPED || record->size != sizeof gap;
    } else {
        lapped->delivered++;
        lapped->is_wrong |= !fixture_matches(record->payload, record->size, record->sequence);
    }
    lapped->is_wrong |= record->sequence != lapped->reader->sequence + count;
    lapped->reader->sequence = record->sequence;
}

static void
join_lapping(struct lapped *lapped, enum myc_ring_resume rule, enum myc_ring_start start)
{
    struct fixture *fixture = &lapped->fixture;
    struct fixture_reader *reader = &fixture->readers[0];
    struct myc_span copy = {lapped->copy, sizeof lapped->copy};
    free(reader->page);
    memset(reader, 0, sizeof *reader);
    reader->page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    assert_non_null(reader->page);
    memset(reader->page, 0, MYC_RING_PAGE_BYTES);
    assert_int_equal(
        myc_ring_join_lapping(&fixture->writer, reader->page, start, &reader->ticket), MYC_OK);
    assert_int_equal(
        myc_ring_lapping_init(
            &reader->reader,
            fixture->memory,
            fixture->memory_bytes,
            reader->page,
            &reader->ticket,
            rule,
            copy,
            NULL),
        MYC_OK);
    reader->sequence = reader->ticket.sequence;
    lapped->reader = reader;
}

static struct lapped *lapped_create(enum myc_ring_resume rule)
{
    struct lapped *lapped = aligned_alloc(64, (sizeof *lapped + 63) / 64 * 64);
    assert_non_null(lapped);
    memset(lapped, 0, sizeof *lapped);
    fixture_prepare(&lapped->fixture, CAPACITY);
    lapped->fixture.options.readers_may_be_lapped = true;
    fixture_start(&lapped->fixture);
    join_lapping(lapped, rule, MYC_RING_LIVE);
    return lapped;
}

static void lapped_destroy(struct lapped *lapped)
{
    fixture_deinit(&lapped->fixture);
    free(lapped);
}

static size_t drain(struct lapped *lapped)
{
    return myc_ring_poll(&lapped->reader->reader, on_record, lapped, SIZE_MAX);
}

static void publish_some(struct lapped *lapped, int count, size_t size)
{
    for (int i = 0; i < count; i++) {
        assert_int_equal(fixture_publish(&lapped->fixture, size), MYC_OK);
    }
}

static void set_word(const struct lapped *lapped, size_t offset, uint64_t value)
{
    memcpy((unsigned char *)lapped->fixture.memory + offset, &value, sizeof value);
}

// Only a ring made for it, and large enough for it, takes readers that are not waited for.
// [RING-27]
static void test_lapping_needs_a_ring_made_for_it(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_ring_ticket ticket;
    struct myc_diagnostic why;
    fixture_init(&fixture, CAPACITY);
    void *page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    assert_non_null(page);
    memset(page, 0, MYC_RING_PAGE_BYTES);
    assert_int_equal(
        myc_ring_join_lapping(&fixture.writer, page, MYC_RING_LIVE, &ticket), MYC_INVALID);
    fixture.options.capacity_bytes = CAPACITY / 2;
    fixture.options.readers_may_be_lapped = true;
    assert_int_equal(
        myc_ring_writer_init(
            &fixture.writer,
            fixture.memory,
            myc_ring_memory_size(&fixture.options),
            &fixture.options,
            &why),
        MYC_INVALID);
    assert_non_null(strstr(why.text, "16384"));
    free(page);
    fixture_deinit(&fixture);
}

// The writer never waits for such a reader, and one that keeps up within the usable capacity loses
// nothing, lap after lap, whatever the sizes. [RING-27]
static void test_a_reader_that_keeps_up_loses_nothing(void **state)
{
    (void)state;
    for (size_t size_max = 8; size_max <= CAPACITY / 4 - 8; size_max = size_max * 2 + 8) {
        struct lapped *lapped = lapped_create(MYC_RING_DROP_OLDEST);
        struct fixture *fixture = &lapped->fixture;
        for (size_t i = 0; i < 2000; i++) {
            size_t size = i * 7919 % (size_max + 1);
            uint64_t behind = fixture->writer.position - lapped->reader->reader.position;
            if (behind + myc_record_bytes(size) > USABLE) {
                (void)drain(lapped);
            }
            assert_int_equal(fixture_publish(fixture, size), MYC_OK);
        }
        (void)drain(lapped);
        assert_false(lapped->is_wrong);
        assert_int_equal(lapped->lost, 0);
        assert_int_equal(lapped->delivered, 2000);
        lapped_destroy(lapped);
    }
}

// Overtaken, one goes on at the oldest that is whole, the other behind the newest; both are told
// exactly what they lost, before the next message. [RING-28]
static void test_what_was_lost_is_told_exactly(void **state)
{
    (void)state;
    for (int rule = MYC_RING_DROP_OLDEST; rule <= MYC_RING_LATEST; rule++) {
        struct lapped *lapped = lapped_create((enum myc_ring_resume)rule);
        for (int round = 0; round < 20; round++) {
            uint64_t gaps = lapped->gaps;
            publish_some(lapped, 100 + round, 300);
            assert_true(drain(lapped) > 0);
            assert_int_equal(lapped->gaps, gaps + 1);
        }
        uint64_t committed = myc_ring_committed(&lapped->fixture.writer);
        assert_false(lapped->is_wrong);
        assert_int_equal(lapped->reader->sequence, committed);
        assert_int_equal(lapped->delivered + lapped->lost, committed);
        assert_int_equal(myc_ring_reader_lost(&lapped->reader->reader), lapped->lost);
        if (rule == MYC_RING_LATEST) {
            assert_int_equal(lapped->delivered, 0);
        } else {
            // At least the usable capacity less one sync distance, each time.
            assert_true(lapped->delivered >= 20 * 4);
        }
        lapped_destroy(lapped);
    }
}

// A loss is a record like others to whoever peeks, and stays until it was consumed. [RING-28]
static void test_peek_tells_of_losses_too(void **state)
{
    (void)state;
    struct lapped *lapped = lapped_create(MYC_RING_LATEST);
    struct myc_ring_reader *reader = &lapped->reader->reader;
    publish_some(lapped, 100, 300);
    for (int i = 0; i < 2; i++) {
        struct myc_const_span span = myc_ring_peek(reader, 1);
        uint64_t words[3];
        assert_int_equal(span.size, sizeof words);
        memcpy(words, span.data, sizeof words);
        assert_int_equal(myc_record_header(words[0]).type, MYC_RECORD_GAP);
        assert_int_equal(words[1], 100);
        assert_int_equal(myc_ring_reader_sequence(reader), 0);
        assert_false(myc_ring_is_empty(reader));
    }
    myc_ring_consume(reader, 24);
    assert_int_equal(myc_ring_reader_sequence(reader), 100);
    assert_true(myc_ring_is_empty(reader));
    publish_some(lapped, 3, 40);
    struct myc_const_span span = myc_ring_peek(reader, SIZE_MAX);
    assert_int_equal(span.size, 3 * 48);
    assert_ptr_equal(span.data, lapped->copy);
    myc_ring_consume(reader, 48);
    assert_int_equal(myc_ring_reader_sequence(reader), 101);
    span = myc_ring_peek(reader, 60);
    assert_int_equal(span.size, 48);
    assert_true(fixture_matches((const unsigned char *)span.data + 8, 40, 102));
    myc_ring_consume(reader, 96); // more than was peeked: nothing
    assert_int_equal(myc_ring_reader_sequence(reader), 101);
    myc_ring_consume(reader, 40); // no whole record
    assert_int_equal(myc_ring_reader_status(reader), MYC_CORRUPT);
    lapped_destroy(lapped);
}

// The end of the ring is reached only after the last loss was told. [RING-28]
static void test_a_loss_comes_before_the_end(void **state)
{
    (void)state;
    struct lapped *lapped = lapped_create(MYC_RING_LATEST);
    struct myc_ring_reader *reader = &lapped->reader->reader;
    publish_some(lapped, 100, 300);
    myc_ring_writer_close(&lapped->fixture.writer);
    assert_true(myc_ring_peek(reader, 100).size > 0);
    assert_int_equal(myc_ring_reader_status(reader), MYC_OK);
    assert_int_equal(drain(lapped), 1);
    assert_int_equal(lapped->lost, 100);
    assert_int_equal(myc_ring_reader_status(reader), MYC_CLOSED);
    lapped_destroy(lapped);
}

// Such a reader has a slot, is seen by the writer's process, and is out once it was taken out.
static void test_a_lapping_reader_leaves(void **state)
{
    (void)state;
    struct lapped *lapped = lapped_create(MYC_RING_DROP_OLDEST);
    struct myc_ring_writer *writer = &lapped->fixture.writer;
    struct myc_ring_reader_state known;
    uint32_t slot = lapped->reader->ticket.slot;
    publish_some(lapped, 3, 40);
    assert_int_equal(myc_ring_reader_state(writer, slot, &known), MYC_OK);
    assert_true(known.is_active && known.is_lapping);
    assert_int_equal(known.lag_bytes, 3 * 48);
    assert_int_equal(drain(lapped), 3);
    publish_some(lapped, 100, 300);
    assert_true(writer->is_announcing);
    myc_ring_leave(writer, slot);
    assert_int_equal(myc_ring_reader_state(writer, slot, &known), MYC_NOT_FOUND);
    assert_int_equal(drain(lapped), 0);
    assert_int_equal(myc_ring_reader_status(&lapped->reader->reader), MYC_FENCED);
    publish_some(lapped, 100, 300);
    assert_false(writer->is_announcing);
    join_lapping(lapped, MYC_RING_DROP_OLDEST, MYC_RING_EARLIEST);
    uint64_t sequence = lapped->reader->ticket.sequence;
    lapped->delivered = 0;
    assert_true(sequence < 203);
    (void)drain(lapped);
    assert_false(lapped->is_wrong);
    assert_int_equal(lapped->delivered, 203 - sequence);
    lapped_destroy(lapped);
}

// A sleeping lapping reader is rung as any other. [RING-7]
static void test_a_lapping_reader_is_rung(void **state)
{
    (void)state;
    struct lapped *lapped = lapped_create(MYC_RING_DROP_OLDEST);
    myc_ring_reader_arm(&lapped->reader->reader);
    publish_some(lapped, 1, 8);
    assert_int_equal(
        myc_ring_sleepers(&lapped->fixture.writer), UINT64_C(1) << lapped->reader->ticket.slot);
    lapped_destroy(lapped);
}

// A copy does not change, whoever writes to the ring; too small a copy is refused. [RING-29]
static void test_a_gating_reader_may_take_copies(void **state)
{
    (void)state;
    struct lapped *lapped = lapped_create(MYC_RING_DROP_OLDEST);
    struct fixture *fixture = &lapped->fixture;
    myc_ring_leave(&fixture->writer, lapped->reader->ticket.slot);
    lapped->reader = fixture_join(fixture, 0, MYC_RING_LIVE);
    struct myc_ring_reader *reader = &lapped->reader->reader;
    assert_int_equal(
        myc_ring_reader_copy(reader, (struct myc_span){lapped->copy, COPY_BYTES - 8}), MYC_INVALID);
    assert_int_equal(
        myc_ring_reader_copy(reader, (struct myc_span){lapped->copy + 4, COPY_BYTES}), MYC_INVALID);
    assert_int_equal(
        myc_ring_reader_copy(reader, (struct myc_span){lapped->copy, COPY_BYTES}), MYC_OK);
    for (size_t i = 0; i < 3000; i++) {
        if (fixture_publish(fixture, i % 500) != MYC_OK) {
            assert_true(drain(lapped) > 10);
            assert_int_equal(fixture_publish(fixture, i % 500), MYC_OK);
        }
    }
    (void)drain(lapped);
    assert_false(lapped->is_wrong);
    assert_int_equal(lapped->delivered, 3000);
    publish_some(lapped, 1, 40);
    struct myc_const_span span = myc_ring_peek(reader, SIZE_MAX);
    memset(fixture->writer.data, 0xee, CAPACITY); // what a hostile writer may do
    assert_int_equal(span.size, 48);
    assert_true(fixture_matches((const unsigned char *)span.data + 8, 40, 3001));
    myc_ring_consume(reader, 48);
    assert_int_equal(myc_ring_reader_sequence(reader), 3001);
    assert_int_equal(drain(lapped), 0);
    assert_int_equal(myc_ring_reader_status(reader), MYC_CORRUPT);
    lapped_destroy(lapped);
}

// A gating reader that takes copies waits in peace beside a lapping one, though the writer
// announces more than the gating one has passed. [RING-29]
static void test_a_gating_copier_is_not_lapped(void **state)
{
    (void)state;
    struct lapped *lapped = lapped_create(MYC_RING_DROP_OLDEST);
    struct fixture *fixture = &lapped->fixture;
    lapped->reader = fixture_join(fixture, 1, MYC_RING_LIVE);
    struct myc_ring_reader *reader = &lapped->reader->reader;
    struct myc_span copy = {lapped->copy, COPY_BYTES};
    assert_int_equal(myc_ring_reader_copy(reader, copy), MYC_OK);
    for (uint64_t lap = 0; lap < 5; lap++) {
        while (fixture_publish(fixture, 40) == MYC_OK) {
        }
        assert_false(myc_ring_is_empty(reader));
        assert_non_null(myc_ring_peek(reader, 48).data);
        (void)drain(lapped);
        assert_int_equal(myc_ring_reader_status(reader), MYC_OK);
    }
    assert_false(lapped->is_wrong);
    assert_int_equal(lapped->delivered, myc_ring_committed(&fixture->writer));
    lapped_destroy(lapped);
}

// Lies about what was announced, or about where to go on, neither fault nor hang. [RING-28]
static void test_hostile_words_are_harmless(void **state)
{
    (void)state;
    struct lapped *lapped = lapped_create(MYC_RING_DROP_OLDEST);
    publish_some(lapped, 3, 40);
    set_word(lapped, INTENT_OFFSET, UINT64_C(1) << 60);
    assert_int_equal(drain(lapped), 0);
    assert_true(myc_ring_peek(&lapped->reader->reader, 100).data == NULL);
    assert_int_equal(myc_ring_reader_status(&lapped->reader->reader), MYC_OK);
    for (size_t i = 0; i < 2; i++) {
        set_word(lapped, PROGRESS_OFFSET + i * 16, (UINT64_C(1) << 60) + 4);
    }
    assert_int_equal(drain(lapped), 0);
    assert_int_equal(myc_ring_reader_status(&lapped->reader->reader), MYC_CORRUPT);
    lapped_destroy(lapped);
}

// PADs without end keep no call from returning, whichever kind of reader takes copies. [RING-14]
// [RING-15]
static void test_endless_pads_end_a_call(void **state)
{
    (void)state;
    for (int is_gating = 0; is_gating < 2; is_gating++) {
        struct lapped *lapped = lapped_create(MYC_RING_DROP_OLDEST);
        struct myc_ring_reader *reader = &lapped->reader->reader;
        if (is_gating) {
            struct myc_span copy = {lapped->copy, COPY_BYTES};
            lapped->reader = fixture_join(&lapped->fixture, 1, MYC_RING_LIVE);
            reader = &lapped->reader->reader;
            assert_int_equal(myc_ring_reader_copy(reader, copy), MYC_OK);
        }
        uint64_t pad = myc_record_word(MYC_RECORD_PAD, 0, 0);
        for (size_t at = 0; at < CAPACITY; at += 8) {
            memcpy(lapped->fixture.writer.data + at, &pad, sizeof pad);
        }
        assert_int_equal(drain(lapped), 0);
        assert_null(myc_ring_peek(reader, CAPACITY).data);
        assert_int_equal(myc_ring_reader_status(reader), MYC_OK);
        // What comes behind them is handed over still.
        struct myc_gap gap = {.count = 9};
        uint64_t word = myc_record_word(MYC_RECORD_GAP, 0, sizeof gap);
        memcpy(lapped->fixture.writer.data + 64 + 8, &gap, sizeof gap);
        memcpy(lapped->fixture.writer.data + 64, &word, sizeof word);
        while (myc_ring_poll(reader, fixture_on_record, lapped->reader, 1) == 0) {
            assert_int_equal(myc_ring_reader_status(reader), MYC_OK);
        }
        assert_int_equal(lapped->reader->sequence, 9);
        lapped_destroy(lapped);
    }
}

// A ring filled from a stream announces what it offers. [RING-20]
static void test_a_filled_ring_laps_too(void **state)
{
    (void)state;
    struct lapped *lapped = lapped_create(MYC_RING_DROP_OLDEST);
    struct myc_ring_writer *writer = &lapped->fixture.writer;
    for (uint64_t sequence = 1; sequence <= 500;) {
        struct myc_span spans[MYC_RING_FILL_SPANS];
        unsigned char record[128];
        uint64_t word = myc_record_word(7, 1, sizeof record - 8);
        memcpy(record, &word, sizeof word);
        fixture_fill(record + 8, sizeof record - 8, sequence);
        size_t done = 0;
        while (done < sizeof record) {
            size_t count = myc_ring_fill_begin(writer, spans);
            size_t taken = 0;
            assert_true(count > 0);
            for (size_t i = 0; i < count && done < sizeof record; i++) {
                size_t part =
                    sizeof record - done < spans[i].size ? sizeof record - done : spans[i].size;
                memcpy(spans[i].data, record + done, part);
                done += part;
                taken += part;
            }
            assert_int_equal(myc_ring_fill_end(writer, taken, NULL, NULL, NULL), MYC_OK);
        }
        if (sequence % 250 == 0) {
            (void)drain(lapped);
            assert_int_equal(lapped->reader->sequence, sequence);
        }
        sequence++;
    }
    assert_false(lapped->is_wrong);
    assert_true(lapped->gaps == 2 && lapped->delivered > 20);
    lapped_destroy(lapped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lapping_needs_a_ring_made_for_it),
        cmocka_unit_test(test_a_reader_that_keeps_up_loses_nothing),
        cmocka_unit_test(test_what_was_lost_is_told_exactly),
        cmocka_unit_test(test_peek_tells_of_losses_too),
        cmocka_unit_test(test_a_loss_comes_before_the_end),
        cmocka_unit_test(test_a_lapping_reader_leaves),
        cmocka_unit_test(test_a_lapping_reader_is_rung),
        cmocka_unit_test(test_a_gating_reader_may_take_copies),
        cmocka_unit_test(test_a_gating_copier_is_not_lapped),
        cmocka_unit_test(test_hostile_words_are_harmless),
        cmocka_unit_test(test_endless_pads_end_a_call),
        cmocka_unit_test(test_a_filled_ring_laps_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
