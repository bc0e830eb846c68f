// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A publisher that drops the newest: what is refused is counted and told, once, in its place.
 */
#include <mycelium/ring_batch.h>
#include <mycelium/ring_counters.h>
#include <mycelium/ring_drop.h>

#include "unit/ring/ring_fixture.h"

// What a reader makes of messages and of the GAPs between them.
struct tally {
    uint64_t messages;
    uint64_t missing;
    uint64_t gaps;
    uint64_t sequence;
    uint32_t cause;
    bool is_wrong;
};

static void on_record(const struct myc_record *record, void *context)
{
    struct tally *tally = context;
    struct myc_gap gap = {1, 0, 0};
    if (record->type == MYC_RECORD_GAP) {
        memcpy(&gap, record->payload, sizeof gap);
        tally->gaps++;
        tally->missing += gap.count;
        tally->cause = gap.cause;
        tally->is_wrong |= record->size != sizeof gap || gap.reserved != 0;
    } else {
        tally->messages++;
        tally->is_wrong |= !fixture_matches(record->payload, record->size, record->sequence);
    }
    tally->is_wrong |= record->sequence != tally->sequence + gap.count;
    tally->sequence = record->sequence;
}

static size_t drain(struct fixture_reader *reader, struct tally *tally)
{
    size_t count = myc_ring_poll(&reader->reader, on_record, tally, SIZE_MAX);
    assert_false(tally->is_wrong);
    return count;
}

// Publishes or drops the next message, whose number counts the dropped ones, too.
static enum myc_status offer(struct fixture *fixture, size_t size)
{
    unsigned char payload[4096];
    struct myc_ring_writer *writer = &fixture->writer;
    uint64_t number = myc_ring_committed(writer) + myc_ring_drop_pending(writer) + 1;
    fixture_fill(payload, size, number);
    return myc_ring_drop_publish(writer, 7, 3, payload, size);
}

static struct myc_ring_writer_counters counters_of(const struct fixture *fixture)
{
    struct myc_ring_writer_counters own;
    struct myc_ring_writer_counters seen;
    myc_ring_writer_counters(&fixture->writer, &own);
    assert_int_equal(
        myc_ring_memory_counters(fixture->memory, fixture->memory_bytes, &seen, NULL), MYC_OK);
    assert_memory_equal(&own, &seen, sizeof own);
    return own;
}

// Dropped messages take numbers; the next accepted one comes behind a GAP of all of them.
// [RING-50] [RING-51] [RING-52]
static void test_what_is_dropped_is_told_before_the_next_message(void **state)
{
    (void)state;
    struct fixture fixture;
    struct tally tally = {0};
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    uint64_t accepted = 0;
    while (offer(&fixture, 500) == MYC_OK) {
        accepted++;
    }
    for (int i = 0; i < 9; i++) {
        assert_int_equal(offer(&fixture, 500), MYC_FULL);
    }
    assert_int_equal(myc_ring_drop_pending(&fixture.writer), 10);
    assert_int_equal(myc_ring_committed(&fixture.writer), accepted);
    assert_int_equal(counters_of(&fixture).dropped, 10);
    assert_int_equal(counters_of(&fixture).gapped, 0);
    assert_int_equal(drain(reader, &tally), accepted);
    assert_int_equal(offer(&fixture, 400), MYC_OK);
    assert_int_equal(myc_ring_drop_pending(&fixture.writer), 0);
    assert_int_equal(drain(reader, &tally), 2);
    assert_int_equal(tally.missing, 10);
    assert_int_equal(tally.gaps, 1);
    assert_int_equal(tally.cause, MYC_LOSS_DROPPED_NEWEST);
    assert_int_equal(tally.sequence, accepted + 11);
    assert_int_equal(counters_of(&fixture).gapped, 10);
    assert_int_equal(offer(&fixture, 400), MYC_OK);
    assert_int_equal(drain(reader, &tally), 1);
    fixture_deinit(&fixture);
}

// Where there is room for the GAP and not for its message, that one is dropped, too: no GAP stands
// there alone. [RING-50]
static void test_a_gap_takes_no_room_without_its_message(void **state)
{
    (void)state;
    struct fixture fixture;
    struct tally tally = {0};
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    while (offer(&fixture, 500) == MYC_OK) {
    }
    uint64_t position = fixture.writer.position;
    // Room for 512 bytes, the word behind included: the message alone would have it.
    assert_int_equal(offer(&fixture, 488), MYC_FULL);
    assert_int_equal(fixture.writer.position, position);
    assert_int_equal(drain(reader, &tally), 7);
    assert_int_equal(tally.gaps, 0);
    assert_int_equal(offer(&fixture, 8), MYC_OK);
    assert_int_equal(drain(reader, &tally), 2);
    assert_int_equal(tally.missing, 2);
    fixture_deinit(&fixture);
}

// The largest message goes with its GAP wherever the ring's end is: nobody is dropped for ever.
// [RING-50]
static void test_the_largest_message_goes_with_its_gap_anywhere(void **state)
{
    (void)state;
    for (uint64_t at = 0; at < 4096; at += 8) {
        struct fixture fixture;
        struct tally tally = {0};
        fixture_init(&fixture, 4096);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        fixture_advance_to(&fixture, 0, at);
        tally.sequence = reader->sequence;
        while (offer(&fixture, 1016) == MYC_OK) {
        }
        (void)drain(reader, &tally);
        assert_int_equal(offer(&fixture, 1016), MYC_OK);
        assert_int_equal(drain(reader, &tally), 2);
        assert_int_equal(tally.missing, 1);
        fixture_deinit(&fixture);
    }
}

// An abort gives message and GAP back, and what was dropped is told with the next. [RING-50]
static void test_an_abort_keeps_what_is_to_be_told(void **state)
{
    (void)state;
    struct fixture fixture;
    struct tally tally = {0};
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    while (offer(&fixture, 1000) == MYC_OK) {
    }
    (void)drain(reader, &tally);
    for (int i = 0; i < 3; i++) {
        assert_non_null(myc_ring_drop_claim(&fixture.writer, 100));
        myc_ring_abort(&fixture.writer);
        assert_int_equal(myc_ring_drop_pending(&fixture.writer), 1);
    }
    unsigned char *payload = myc_ring_drop_claim(&fixture.writer, 100);
    assert_non_null(payload);
    fixture_fill(payload, 50, myc_ring_committed(&fixture.writer) + 2);
    myc_ring_drop_commit(&fixture.writer, 7, 3, 50);
    assert_int_equal(drain(reader, &tally), 2);
    assert_int_equal(tally.missing, 1);
    fixture_deinit(&fixture);
}

// A flush tells without a message, as soon as the GAP fits. [RING-53]
static void test_a_flush_tells_without_a_message(void **state)
{
    (void)state;
    struct fixture fixture;
    struct tally tally = {0};
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    assert_int_equal(myc_ring_drop_flush(&fixture.writer), MYC_OK);
    while (offer(&fixture, 8) == MYC_OK) {
    }
    assert_int_equal(myc_ring_drop_flush(&fixture.writer), MYC_FULL);
    assert_true(myc_ring_writer_arm(&fixture.writer, sizeof(struct myc_gap)));
    myc_ring_writer_disarm(&fixture.writer);
    assert_int_equal(myc_ring_poll(&reader->reader, on_record, &tally, 2), 2);
    assert_int_equal(myc_ring_drop_flush(&fixture.writer), MYC_OK);
    assert_int_equal(myc_ring_drop_flush(&fixture.writer), MYC_OK);
    (void)drain(reader, &tally);
    assert_int_equal(tally.missing, 1);
    assert_int_equal(tally.gaps, 1);
    assert_int_equal(myc_ring_drop_close(&fixture.writer), 0);
    assert_int_equal(myc_ring_drop_flush(&fixture.writer), MYC_CLOSED);
    fixture_deinit(&fixture);
}

// A close tells what it can, and says what it could not. [RING-54]
static void test_a_close_says_what_nobody_was_told(void **state)
{
    (void)state;
    for (int is_room = 0; is_room < 2; is_room++) {
        struct fixture fixture;
        struct tally tally = {0};
        fixture_init(&fixture, 4096);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        uint64_t offered = 1;
        while (offer(&fixture, 8) == MYC_OK) {
            offered++;
        }
        for (int i = 0; i < 4; i++) {
            assert_int_equal(offer(&fixture, 8), MYC_FULL);
            offered++;
        }
        if (is_room) {
            (void)drain(reader, &tally);
        }
        assert_int_equal(myc_ring_drop_close(&fixture.writer), is_room ? 0 : 5);
        (void)drain(reader, &tally);
        assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_CLOSED);
        assert_int_equal(tally.missing, is_room ? 5 : 0);
        assert_int_equal(tally.messages + 5, offered);
        struct myc_ring_writer_counters counters = counters_of(&fixture);
        assert_int_equal(counters.dropped, 5);
        assert_int_equal(counters.messages + counters.dropped, offered);
        fixture_deinit(&fixture);
    }
}

// What could never be published is refused and not dropped; misuse poisons. [RING-50] [RING-51]
// [RING-52]
static void test_what_can_never_be_is_not_dropped(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct myc_ring_writer *writer = &fixture.writer;
    assert_int_equal(myc_ring_drop_publish(writer, 7, 3, "", 2000), MYC_TOO_BIG);
    assert_int_equal(myc_ring_drop_publish(writer, 0, 3, "", 0), MYC_INVALID);
    assert_int_equal(myc_ring_drop_publish(writer, MYC_RECORD_GAP, 3, "", 0), MYC_INVALID);
    assert_null(myc_ring_drop_claim(writer, 2000));
    assert_int_equal(myc_ring_drop_pending(writer), 0);
    assert_non_null(myc_ring_drop_claim(writer, 16));
    myc_ring_drop_commit(writer, MYC_RECORD_GAP, 0, 16);
    assert_int_equal(myc_ring_drop_publish(writer, 7, 3, "", 0), MYC_POISONED);
    assert_int_equal(myc_ring_drop_flush(writer), MYC_POISONED);
    assert_int_equal(myc_ring_drop_close(writer), 0);
    assert_null(myc_ring_drop_claim(writer, 16));
    assert_int_equal(myc_ring_drop_pending(writer), 0);
    assert_int_equal(counters_of(&fixture).messages, 0);
    fixture_deinit(&fixture);
}

// A closed ring drops nothing; an open batch is given back. [RING-52]
static void test_a_closed_ring_refuses(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct myc_ring_writer *writer = &fixture.writer;
    assert_non_null(myc_ring_batch_claim(writer, 16));
    myc_ring_batch_add(writer, 7, 3, 16);
    assert_int_equal(offer(&fixture, 16), MYC_OK);
    assert_int_equal(myc_ring_committed(writer), 1);
    assert_int_equal(myc_ring_drop_close(writer), 0);
    assert_int_equal(offer(&fixture, 16), MYC_CLOSED);
    assert_int_equal(myc_ring_drop_pending(writer), 0);
    fixture_deinit(&fixture);
}

// Who goes on writing goes on counting: what was dropped in all does not begin anew. [RING-35]
static void test_what_was_dropped_outlives_its_writer(void **state)
{
    (void)state;
    const void *pages[MYC_RING_READERS_MAX] = {NULL};
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    while (offer(&fixture, 56) == MYC_OK) {
    }
    assert_int_equal(offer(&fixture, 56), MYC_FULL);
    assert_int_equal(counters_of(&fixture).dropped, 2);
    pages[fixture.readers[0].ticket.slot] = fixture.readers[0].page;
    assert_int_equal(
        myc_ring_writer_resume(&fixture.writer, fixture.memory, fixture.memory_bytes, pages, NULL),
        MYC_OK);
    assert_int_equal(offer(&fixture, 56), MYC_FULL);
    assert_int_equal(counters_of(&fixture).dropped, 3);
    fixture_deinit(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_dropped_is_told_before_the_next_message),
        cmocka_unit_test(test_a_gap_takes_no_room_without_its_message),
        cmocka_unit_test(test_the_largest_message_goes_with_its_gap_anywhere),
        cmocka_unit_test(test_an_abort_keeps_what_is_to_be_told),
        cmocka_unit_test(test_a_flush_tells_without_a_message),
        cmocka_unit_test(test_a_close_says_what_nobody_was_told),
        cmocka_unit_test(test_what_can_never_be_is_not_dropped),
        cmocka_unit_test(test_a_closed_ring_refuses),
        cmocka_unit_test(test_what_was_dropped_outlives_its_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
