// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Taking records one by one, and giving them back.
 */
#include <mycelium/ring_inline.h>

#include "unit/ring/ring_fixture.h"

enum { CAPACITY = 4096, LAPPED_CAPACITY = 16384 };

// Takes at most `records_max` and gives them back.
static size_t take_some(struct fixture_reader *reader, size_t records_max)
{
    struct myc_record record;
    size_t count = 0;
    while (count < records_max && myc_ring_take(&reader->reader, &record)) {
        fixture_on_record(&record, reader);
        count++;
    }
    myc_ring_release(&reader->reader);
    assert_false(reader->is_wrong);
    return count;
}

// Every size, over many laps, comes as it was published; poll and take may take turns. [RING-33]
static void test_take_hands_over_in_order(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, CAPACITY);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    uint64_t seen = 0;
    for (size_t round = 0; round < 3000; round++) {
        size_t published = 0;
        while (published < round % 9 && fixture_publish(&fixture, round * 7 % 300) == MYC_OK) {
            published++;
        }
        size_t taken = take_some(reader, round % 5);
        assert_int_equal(taken, published < round % 5 ? published : round % 5);
        taken += round % 3 == 0 ? take_some(reader, SIZE_MAX) : fixture_drain(reader);
        assert_int_equal(taken, published);
        seen += taken;
        assert_true(myc_ring_is_empty(&reader->reader));
    }
    assert_int_equal(myc_ring_reader_sequence(&reader->reader), seen);
    assert_int_equal(myc_ring_committed(&fixture.writer), seen);
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_OK);
    fixture_deinit(&fixture);
}

// Behind a PAD with nothing after it, at the end of a lap, every header is looked at again.
// [RING-33]
static void test_nothing_is_plain_behind_a_pad(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {CAPACITY, UINT32_MAX - 8, UINT32_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct fixture fixture;
        struct myc_record record;
        fixture_init(&fixture, CAPACITY);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
        assert_int_equal(take_some(reader, 1), 1);
        // What a hostile writer may lay: PADs to the lap's end and beyond, nothing, then a lie.
        uint64_t pad = myc_record_word(MYC_RECORD_PAD, 0, CAPACITY - 64 - 8);
        uint64_t small_pad = myc_record_word(MYC_RECORD_PAD, 0, 0);
        uint64_t lie = myc_record_word(1, 0, lengths[i]);
        memset(fixture.writer.data, 0, 64);
        memcpy(fixture.writer.data + 64, &pad, sizeof pad);
        memcpy(fixture.writer.data, &small_pad, sizeof small_pad);
        assert_false(myc_ring_take(&reader->reader, &record));
        memcpy(fixture.writer.data + 8, &lie, sizeof lie);
        assert_false(myc_ring_take(&reader->reader, &record));
        assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_CORRUPT);
        fixture_deinit(&fixture);
    }
}

// What is taken holds the writer back until it is given back; poll begins again there. [RING-34]
static void test_what_is_taken_is_held(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_record record;
    fixture_init(&fixture, CAPACITY);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    while (fixture_publish(&fixture, 56) == MYC_OK) {
    }
    uint64_t published = myc_ring_committed(&fixture.writer);
    for (uint64_t i = 0; i < published; i++) {
        assert_true(myc_ring_take(&reader->reader, &record));
        assert_int_equal(record.sequence, i + 1);
        assert_int_equal(record.position, i * 64);
        assert_int_equal(record.type, 7);
        assert_int_equal(record.version, 3);
        assert_true(fixture_matches(record.payload, record.size, i + 1));
    }
    assert_false(myc_ring_take(&reader->reader, &record));
    assert_int_equal(fixture_publish(&fixture, 56), MYC_FULL);
    assert_int_equal(myc_ring_reader_sequence(&reader->reader), 0);
    assert_false(myc_ring_is_empty(&reader->reader));
    // Forgotten, not given back: a poll hands it over once more.
    assert_int_equal(fixture_drain(reader), published);
    assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    assert_int_equal(take_some(reader, SIZE_MAX), 1);
    assert_int_equal(myc_ring_reader_sequence(&reader->reader), published + 1);
    // Nothing taken, nothing given back.
    myc_ring_release(&reader->reader);
    assert_int_equal(myc_ring_reader_sequence(&reader->reader), published + 1);
    fixture_deinit(&fixture);
}

// The room of a PAD goes back even if nothing lies behind it. [RING-33]
static void test_a_pad_alone_is_given_back(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_record record;
    fixture_init(&fixture, CAPACITY);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    fixture_advance_to(&fixture, 0, CAPACITY - 512);
    uint64_t pad = myc_record_word(MYC_RECORD_PAD, 0, 504);
    memset(fixture.writer.data, 0, MYC_RECORD_HEADER_BYTES);
    memcpy(fixture.writer.data + CAPACITY - 512, &pad, sizeof pad);
    assert_false(myc_ring_take(&reader->reader, &record));
    assert_int_equal(reader->reader.position, CAPACITY);
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_OK);
    fixture_deinit(&fixture);
}

// A GAP is handed over with what it counts; what cannot be stops the reader. [RING-33]
static void test_take_looks_at_every_header(void **state)
{
    (void)state;
    uint64_t words[] = {
        myc_record_word(0, 3, 8),
        myc_record_word(7, 0, CAPACITY),
        myc_record_word(7, 0, UINT32_MAX),
        myc_record_word(MYC_RECORD_PAD, 0, CAPACITY),
        myc_record_word(MYC_RECORD_GAP, 0, 8),
        myc_record_word(MYC_RECORD_HEARTBEAT, 0, 8),
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct fixture fixture;
        struct myc_record record;
        struct myc_gap gap = {5, MYC_LOSS_DROPPED_NEWEST, 0};
        fixture_init(&fixture, CAPACITY);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
        assert_int_equal(
            myc_ring_publish(&fixture.writer, MYC_RECORD_GAP, 0, &gap, sizeof gap), MYC_OK);
        memcpy(fixture.writer.data + 16 + 24, &words[i], sizeof words[i]);
        assert_true(myc_ring_take(&reader->reader, &record));
        assert_true(myc_ring_take(&reader->reader, &record));
        assert_int_equal(record.type, MYC_RECORD_GAP);
        assert_int_equal(record.sequence, 6);
        assert_false(myc_ring_take(&reader->reader, &record));
        assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_CORRUPT);
        assert_false(myc_ring_take(&reader->reader, &record));
        myc_ring_release(&reader->reader);
        assert_int_equal(myc_ring_reader_sequence(&reader->reader), 6);
        assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_CORRUPT);
        fixture_deinit(&fixture);
    }
}

// A reader that a poll stopped takes nothing more, though its next records are fine. [RING-33]
static void test_a_broken_reader_takes_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_record record;
    fixture_init(&fixture, CAPACITY);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    }
    assert_true(myc_ring_take(&reader->reader, &record));
    myc_ring_release(&reader->reader);
    uint64_t bad = myc_record_word(MYC_RECORD_HEARTBEAT, 0, 8);
    uint64_t good;
    memcpy(&good, fixture.writer.data + 16, sizeof good);
    memcpy(fixture.writer.data + 16, &bad, sizeof bad);
    assert_int_equal(fixture_drain(reader), 0);
    memcpy(fixture.writer.data + 16, &good, sizeof good);
    assert_false(myc_ring_take(&reader->reader, &record));
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_CORRUPT);
    fixture_deinit(&fixture);
}

// Who was taken out is told at the release what not to believe. [RING-34]
static void test_what_was_overwritten_is_distrusted(void **state)
{
    (void)state;
    for (int is_overrun = 0; is_overrun < 2; is_overrun++) {
        struct fixture fixture;
        struct myc_record record;
        fixture_init(&fixture, CAPACITY);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        for (int i = 0; i < 20; i++) {
            assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
        }
        for (int i = 0; i < 5; i++) {
            assert_true(myc_ring_take(&reader->reader, &record));
        }
        myc_ring_leave(&fixture.writer, reader->ticket.slot);
        for (int i = 0; i < (is_overrun != 0 ? 60 : 1); i++) {
            assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
        }
        myc_ring_release(&reader->reader);
        assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_FENCED);
        assert_int_equal(myc_ring_reader_sequence(&reader->reader), is_overrun != 0 ? 0 : 5);
        assert_int_equal(myc_ring_reader_distrusted(&reader->reader), is_overrun != 0 ? 5 : 0);
        assert_false(myc_ring_take(&reader->reader, &record));
        fixture_deinit(&fixture);
    }
}

// A payload where a header should be is no corruption to who was taken out meanwhile. [RING-34]
static void test_who_was_taken_out_calls_nothing_corrupt(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_record record;
    fixture_init(&fixture, CAPACITY);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    assert_true(myc_ring_take(&reader->reader, &record));
    myc_ring_leave(&fixture.writer, reader->ticket.slot);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(fixture_publish(&fixture, 8 + (size_t)(i % 7) * 8), MYC_OK);
    }
    while (myc_ring_take(&reader->reader, &record)) {
    }
    myc_ring_release(&reader->reader);
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_FENCED);
    assert_int_equal(myc_ring_reader_sequence(&reader->reader), 0);
    fixture_deinit(&fixture);
}

// A reader that takes copies has one record at a time, and is told what it lost. [RING-33]
static void test_take_works_on_copies(void **state)
{
    (void)state;
    static _Alignas(8) unsigned char bytes[LAPPED_CAPACITY / 4];
    struct myc_span copy = {bytes, sizeof bytes};
    struct fixture fixture;
    fixture_prepare(&fixture, LAPPED_CAPACITY);
    fixture.options.readers_may_be_lapped = true;
    fixture_start(&fixture);
    struct fixture_reader *reader = &fixture.readers[0];
    reader->page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    assert_non_null(reader->page);
    memset(reader->page, 0, MYC_RING_PAGE_BYTES);
    assert_int_equal(
        myc_ring_join_lapping(&fixture.writer, reader->page, MYC_RING_LIVE, &reader->ticket),
        MYC_OK);
    assert_int_equal(
        myc_ring_lapping_init(
            &reader->reader,
            fixture.memory,
            fixture.memory_bytes,
            reader->page,
            &reader->ticket,
            MYC_RING_DROP_OLDEST,
            copy,
            NULL),
        MYC_OK);
    uint64_t lost = 0;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < (round % 10 == 9 ? 400 : 20); i++) {
            assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
        }
        struct myc_record record;
        while (myc_ring_take(&reader->reader, &record)) {
            uint64_t count = 1;
            if (record.type == MYC_RECORD_GAP) {
                memcpy(&count, record.payload, sizeof count);
                lost += count;
            } else {
                assert_true(fixture_matches(record.payload, record.size, record.sequence));
            }
            assert_int_equal(record.sequence, reader->sequence + count);
            reader->sequence = record.sequence;
        }
        myc_ring_release(&reader->reader);
        assert_int_equal(
            myc_ring_reader_sequence(&reader->reader), myc_ring_committed(&fixture.writer));
    }
    assert_true(lost > 0);
    assert_int_equal(myc_ring_reader_lost(&reader->reader), lost);
    fixture_deinit(&fixture);
}

// Lets a reader in that is never waited for.
static void join_lapping(struct fixture *fixture, struct myc_span copy)
{
    struct fixture_reader *reader = &fixture->readers[0];
    fixture_prepare(fixture, LAPPED_CAPACITY);
    fixture->options.readers_may_be_lapped = true;
    fixture_start(fixture);
    reader->page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    assert_non_null(reader->page);
    memset(reader->page, 0, MYC_RING_PAGE_BYTES);
    assert_int_equal(
        myc_ring_join_lapping(&fixture->writer, reader->page, MYC_RING_LIVE, &reader->ticket),
        MYC_OK);
    assert_int_equal(
        myc_ring_lapping_init(
            &reader->reader,
            fixture->memory,
            fixture->memory_bytes,
            reader->page,
            &reader->ticket,
            MYC_RING_DROP_OLDEST,
            copy,
            NULL),
        MYC_OK);
}

// A reader that took in place takes copies from the moment it is told to. [RING-29]
static void test_copies_begin_at_once(void **state)
{
    (void)state;
    static _Alignas(8) unsigned char bytes[CAPACITY / 4];
    struct myc_span copy = {bytes, sizeof bytes};
    for (int is_released = 0; is_released < 2; is_released++) {
        struct fixture fixture;
        struct myc_record record;
        fixture_init(&fixture, CAPACITY);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
        assert_true(myc_ring_take(&reader->reader, &record));
        if (is_released != 0) {
            myc_ring_release(&reader->reader);
        }
        assert_int_equal(myc_ring_reader_copy(&reader->reader, copy), MYC_OK);
        assert_true(myc_ring_take(&reader->reader, &record));
        assert_int_equal(record.sequence, 2);
        const unsigned char *payload = record.payload;
        assert_true(payload >= bytes && payload < bytes + sizeof bytes);
        assert_true(fixture_matches(record.payload, record.size, 2));
        myc_ring_release(&reader->reader);
        assert_int_equal(myc_ring_reader_sequence(&reader->reader), 2);
        fixture_deinit(&fixture);
    }
}

// A peek behind a take gives nothing back that was only looked at, and neither does a poll.
// [RING-33]
static void test_a_look_behind_a_taken_copy_loses_nothing(void **state)
{
    (void)state;
    static _Alignas(8) unsigned char bytes[LAPPED_CAPACITY / 4];
    struct myc_span copy = {bytes, sizeof bytes};
    struct fixture fixture;
    struct myc_record record;
    join_lapping(&fixture, copy);
    struct myc_ring_reader *reader = &fixture.readers[0].reader;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    }
    assert_true(myc_ring_take(reader, &record));
    assert_int_equal(record.sequence, 1);
    assert_int_equal(myc_ring_peek(reader, SIZE_MAX).size, 3 * 64);
    myc_ring_release(reader);
    assert_int_equal(myc_ring_reader_sequence(reader), 0);
    assert_true(myc_ring_take(reader, &record));
    assert_int_equal(record.sequence, 1);
    assert_true(myc_ring_take(reader, &record));
    assert_int_equal(record.sequence, 2);
    myc_ring_release(reader);
    assert_int_equal(myc_ring_reader_sequence(reader), 2);
    fixture_deinit(&fixture);
}

// A loss that was taken, and polled then, is told as polled: nothing else is given back for it.
// [RING-33]
static void test_a_taken_loss_may_be_polled(void **state)
{
    (void)state;
    static _Alignas(8) unsigned char bytes[LAPPED_CAPACITY / 4];
    struct myc_span copy = {bytes, sizeof bytes};
    struct fixture fixture;
    struct myc_record record;
    struct myc_ring_reader_state known;
    join_lapping(&fixture, copy);
    struct fixture_reader *reader = &fixture.readers[0];
    for (int i = 0; i < 400; i++) {
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    }
    assert_true(myc_ring_take(&reader->reader, &record));
    assert_int_equal(record.type, MYC_RECORD_GAP);
    uint64_t last = record.sequence;
    assert_int_equal(myc_ring_poll(&reader->reader, fixture_on_record, reader, 1), 1);
    assert_int_equal(reader->type, MYC_RECORD_GAP);
    assert_int_equal(myc_ring_reader_state(&fixture.writer, reader->ticket.slot, &known), MYC_OK);
    assert_int_equal(known.sequence, last);
    assert_true(myc_ring_take(&reader->reader, &record));
    assert_int_equal(record.type, 7);
    assert_int_equal(record.sequence, last + 1);
    assert_true(fixture_matches(record.payload, record.size, record.sequence));
    fixture_deinit(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take_hands_over_in_order),
        cmocka_unit_test(test_nothing_is_plain_behind_a_pad),
        cmocka_unit_test(test_what_is_taken_is_held),
        cmocka_unit_test(test_a_pad_alone_is_given_back),
        cmocka_unit_test(test_take_looks_at_every_header),
        cmocka_unit_test(test_a_broken_reader_takes_nothing),
        cmocka_unit_test(test_what_was_overwritten_is_distrusted),
        cmocka_unit_test(test_who_was_taken_out_calls_nothing_corrupt),
        cmocka_unit_test(test_take_works_on_copies),
        cmocka_unit_test(test_copies_begin_at_once),
        cmocka_unit_test(test_a_look_behind_a_taken_copy_loses_nothing),
        cmocka_unit_test(test_a_taken_loss_may_be_polled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
