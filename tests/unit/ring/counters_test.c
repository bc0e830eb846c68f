// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a ring and its readers count, as the writer, a reader and a monitor see it.
 */
#include <mycelium/ring_counters.h>
#include <mycelium/ring_inline.h>

#include "unit/ring/ring_fixture.h"

static struct myc_ring_writer_counters counters_of(const struct fixture *fixture)
{
    struct myc_ring_writer_counters own;
    struct myc_ring_writer_counters seen;
    struct myc_diagnostic why;
    myc_ring_writer_counters(&fixture->writer, &own);
    assert_int_equal(
        myc_ring_memory_counters(fixture->memory, fixture->memory_bytes, &seen, &why), MYC_OK);
    assert_memory_equal(&own, &seen, sizeof own);
    return own;
}

static struct myc_ring_reader_counters page_of(const struct fixture_reader *reader)
{
    struct myc_ring_reader_counters counters;
    myc_ring_page_counters(reader->page, &counters);
    return counters;
}

static void publish_gap(struct fixture *fixture, uint64_t count)
{
    const struct myc_gap gap = {count, MYC_LOSS_DROPPED_NEWEST, 0};
    assert_int_equal(
        myc_ring_publish(&fixture->writer, MYC_RECORD_GAP, 0, &gap, sizeof gap), MYC_OK);
}

// Records count with headers and padding, a PAD does not; a GAP counts what it stands for.
// [RING-40] [RING-41]
static void test_a_writer_counts_what_it_publishes(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_prepare(&fixture, 4096);
    fixture.options.first_position = 1 << 20;
    fixture_start(&fixture);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    assert_int_equal(counters_of(&fixture).bytes, 0);
    fixture_advance_to(&fixture, 0, (1 << 20) + 4096 - 64);
    struct myc_ring_writer_counters before = counters_of(&fixture);
    assert_int_equal(before.bytes, 4096 - 64);
    assert_int_equal(before.messages, 63);
    assert_int_equal(fixture_publish(&fixture, 501), MYC_OK); // behind a PAD of 64 bytes
    publish_gap(&fixture, 9);
    struct myc_ring_writer_counters after = counters_of(&fixture);
    assert_int_equal(after.bytes, before.bytes + 512 + 24);
    assert_int_equal(after.messages, 64);
    assert_int_equal(after.gapped, 9);
    assert_int_equal(after.dropped, 0);
    assert_int_equal(myc_ring_committed(&fixture.writer), 64 + 9);
    assert_int_equal(fixture_drain(reader), 2);
    fixture_deinit(&fixture);
}

// Each claim that finds no room counts, and each arming; what is never possible does not.
// [RING-40] [RING-41]
static void test_a_writer_counts_refusals_and_parks(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    while (fixture_publish(&fixture, 500) == MYC_OK) {
    }
    assert_int_equal(counters_of(&fixture).full, 1);
    assert_int_equal(myc_ring_publish(&fixture.writer, 7, 3, "", 5000), MYC_TOO_BIG);
    assert_null(myc_ring_claim(&fixture.writer, 5000));
    assert_null(myc_ring_claim(&fixture.writer, 500));
    assert_int_equal(counters_of(&fixture).full, 2);
    for (int i = 1; i <= 3; i++) {
        assert_true(myc_ring_writer_arm(&fixture.writer, 500));
        assert_int_equal(counters_of(&fixture).parks, i);
        myc_ring_writer_disarm(&fixture.writer);
        assert_int_equal(counters_of(&fixture).parks, i);
    }
    assert_true(fixture_drain(reader) > 0);
    fixture_deinit(&fixture);
}

// Polled or peeked, in one go or record by record: the page counts the same. [RING-42]
static void test_a_page_counts_what_was_consumed(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct fixture fixture;
        fixture_init(&fixture, 4096);
        struct fixture_reader *first = fixture_join(&fixture, 0, MYC_RING_LIVE);
        for (int i = 0; i < 7; i++) {
            assert_int_equal(fixture_publish(&fixture, 500), MYC_OK);
        }
        assert_int_equal(fixture_drain(first), 7);
        struct fixture_reader *reader = fixture_join(&fixture, 1, MYC_RING_LIVE);
        assert_int_equal(page_of(reader).bytes, 0);
        assert_int_equal(fixture_publish(&fixture, 1000), MYC_OK); // wraps
        publish_gap(&fixture, 5);
        assert_int_equal(fixture_publish(&fixture, 16), MYC_OK);
        if (how == 0) {
            assert_int_equal(fixture_drain(reader), 3);
        } else {
            struct myc_const_span span = myc_ring_peek(&reader->reader, SIZE_MAX);
            assert_int_equal(span.size, 1008 + 24 + 24);
            if (how == 1) {
                myc_ring_consume(&reader->reader, span.size);
            } else {
                myc_ring_consume(&reader->reader, 1008);
                myc_ring_consume(&reader->reader, 24);
                assert_int_equal(page_of(reader).gapped, 5);
                myc_ring_consume(&reader->reader, 24);
            }
        }
        struct myc_ring_reader_counters counters = page_of(reader);
        assert_int_equal(counters.messages, 2);
        assert_int_equal(counters.gapped, 5);
        assert_int_equal(counters.bytes, 1008 + 24 + 24);
        assert_int_equal(counters.lost, 0);
        assert_int_equal(page_of(first).messages, 7);
        assert_int_equal(page_of(first).bytes, 7 * 512);
        fixture_deinit(&fixture);
    }
}

// What was taken counts once, whether it is given back or read again by a poll. [RING-42]
static void test_a_page_counts_what_was_taken(void **state)
{
    (void)state;
    for (int is_given_back = 0; is_given_back < 2; is_given_back++) {
        struct fixture fixture;
        struct myc_record record;
        fixture_init(&fixture, 4096);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        fixture_advance_to(&fixture, 0, 4096 - 64);
        uint64_t empty = page_of(reader).empty_polls;
        assert_false(myc_ring_take(&reader->reader, &record));
        assert_int_equal(page_of(reader).empty_polls, empty + 1);
        publish_gap(&fixture, 5);
        assert_int_equal(fixture_publish(&fixture, 500), MYC_OK); // behind a PAD
        assert_true(myc_ring_take(&reader->reader, &record));
        assert_true(myc_ring_take(&reader->reader, &record));
        assert_false(myc_ring_take(&reader->reader, &record));
        if (is_given_back) {
            myc_ring_release(&reader->reader);
        } else {
            assert_int_equal(fixture_drain(reader), 2);
        }
        struct myc_ring_reader_counters counters = page_of(reader);
        assert_int_equal(counters.bytes, 4096 - 64 + 24 + 512);
        assert_int_equal(counters.messages, 63 + 1);
        assert_int_equal(counters.gapped, 5);
        assert_int_equal(counters.empty_polls, empty + 1);
        fixture_deinit(&fixture);
    }
}

// Polls that hand nothing over count, and armings; of the next reader in a slot anew. [RING-42]
static void test_a_page_counts_idle_polls_and_parks(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    for (int round = 0; round < 2; round++) {
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        for (uint64_t i = 1; i <= 3; i++) {
            assert_int_equal(fixture_drain(reader), 0);
            myc_ring_reader_arm(&reader->reader);
            myc_ring_reader_disarm(&reader->reader);
            assert_int_equal(page_of(reader).empty_polls, i);
            assert_int_equal(page_of(reader).parks, i);
        }
        assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
        assert_int_equal(fixture_drain(reader), 1);
        assert_int_equal(page_of(reader).empty_polls, 3);
        myc_ring_leave(&fixture.writer, reader->ticket.slot);
    }
    fixture_deinit(&fixture);
}

// The lag is at least a whole batch, and what lies beyond it is seen every 4 KiB. [RING-42]
static void test_a_page_tells_the_largest_lag(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 65536);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    }
    assert_int_equal(fixture_drain(reader), 3);
    assert_int_equal(page_of(reader).lag_max, 3 * 64);
    for (int i = 0; i < 900; i++) {
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    }
    for (int i = 0; i < 900; i++) {
        assert_int_equal(myc_ring_poll(&reader->reader, fixture_on_record, reader, 1), 1);
    }
    uint64_t lag = page_of(reader).lag_max;
    assert_true(lag > 900 * 64 - 4096 && lag <= 900 * 64);
    fixture_deinit(&fixture);
}

// A reader that was overtaken counts what it lost, and what it was handed. [RING-42]
static void test_a_page_counts_losses(void **state)
{
    (void)state;
    struct fixture fixture;
    unsigned char copy[16384 / 4] __attribute__((aligned(8)));
    unsigned char *page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    struct myc_ring_reader_counters counters;
    assert_non_null(page);
    memset(page, 0, MYC_RING_PAGE_BYTES);
    fixture_prepare(&fixture, 16384);
    fixture.options.readers_may_be_lapped = true;
    fixture_start(&fixture);
    struct fixture_reader *reader = &fixture.readers[0];
    assert_int_equal(
        myc_ring_join_lapping(&fixture.writer, page, MYC_RING_LIVE, &reader->ticket), MYC_OK);
    assert_int_equal(
        myc_ring_lapping_init(
            &reader->reader,
            fixture.memory,
            fixture.memory_bytes,
            page,
            &reader->ticket,
            MYC_RING_DROP_OLDEST,
            (struct myc_span){copy, sizeof copy},
            NULL),
        MYC_OK);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(fixture_publish(&fixture, 501), MYC_OK);
    }
    size_t handled = myc_ring_poll(&reader->reader, fixture_on_record, reader, SIZE_MAX);
    myc_ring_page_counters(page, &counters);
    assert_int_equal(counters.messages, handled - 1);
    assert_int_equal(counters.bytes, (handled - 1) * 512);
    assert_int_equal(counters.lost, 100 - (handled - 1));
    assert_int_equal(counters.gapped, 0);
    assert_int_equal(counters.lag_max, 16384);
    free(page);
    fixture_deinit(&fixture);
}

// What is no ring is refused, half a ring asks to come again, a foolish page gives no nonsense
// below zero. [RING-41] [RING-42]
static void test_foreign_words_are_not_trusted(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_ring_writer_counters counters;
    struct myc_ring_reader_counters seen;
    struct myc_diagnostic why;
    fixture_init(&fixture, 4096);
    unsigned char *bytes = fixture.memory;
    uint64_t *words = fixture.memory;
    uint64_t page[MYC_RING_PAGE_BYTES / 8] __attribute__((aligned(64))) = {0};
    myc_ring_page_counters(page, &seen);
    assert_int_equal(seen.bytes, 0);
    page[256 / 8 + 1] = UINT64_MAX; // more was skipped than there is
    page[128 / 8] = 5;
    page[256 / 8 + 2] = 7; // more is missing than there was
    myc_ring_page_counters(page, &seen);
    assert_int_equal(seen.bytes, 0);
    assert_int_equal(seen.messages, 0);
    words[4160 / 8] = 64; // a progress pair that is never whole
    words[4176 / 8] = 128;
    assert_int_equal(
        myc_ring_memory_counters(fixture.memory, fixture.memory_bytes, &counters, &why), MYC_AGAIN);
    bytes[8] ^= 1; // another layout
    assert_int_equal(
        myc_ring_memory_counters(fixture.memory, fixture.memory_bytes, &counters, &why),
        MYC_CORRUPT);
    assert_non_null(strstr(why.text, "layout version"));
    words[256 / 8] = 0; // not ready
    assert_int_equal(
        myc_ring_memory_counters(fixture.memory, fixture.memory_bytes, &counters, &why), MYC_AGAIN);
    fixture_deinit(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_writer_counts_what_it_publishes),
        cmocka_unit_test(test_a_writer_counts_refusals_and_parks),
        cmocka_unit_test(test_a_page_counts_what_was_consumed),
        cmocka_unit_test(test_a_page_counts_what_was_taken),
        cmocka_unit_test(test_a_page_counts_idle_polls_and_parks),
        cmocka_unit_test(test_a_page_tells_the_largest_lag),
        cmocka_unit_test(test_a_page_counts_losses),
        cmocka_unit_test(test_foreign_words_are_not_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
