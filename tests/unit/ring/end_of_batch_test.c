// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The last record of a batch says so before its handler runs: reading in place, and by copies.
 */
#include "unit/ring/ring_fixture.h"

enum { CAPACITY = MYC_RING_LAPPED_CAPACITY_MIN };

// What a handler was told: how many records, how many ends, and whether the last one was an end.
struct told {
    struct fixture *fixture;
    uint64_t records;
    uint64_t ends;
    uint64_t gaps;
    uint64_t to_publish; // inside the handler, behind what is being read
    bool was_end;
};

static void on_record(const struct myc_record *record, void *context)
{
    struct told *told = context;
    told->records++;
    told->ends += record->is_end_of_batch;
    told->gaps += record->type == MYC_RECORD_GAP;
    told->was_end = record->is_end_of_batch;
    if (told->to_publish > 0) {
        told->to_publish--;
        assert_int_equal(fixture_publish(told->fixture, 40), MYC_OK);
    }
}

struct ends {
    struct fixture fixture;
    struct told told;
    struct myc_ring_reader *reader;
    _Alignas(8) unsigned char copy[CAPACITY / 4];
};

static struct ends *ends_create(void)
{
    struct ends *ends = aligned_alloc(64, (sizeof *ends + 63) / 64 * 64);
    assert_non_null(ends);
    memset(ends, 0, sizeof *ends);
    fixture_prepare(&ends->fixture, CAPACITY);
    ends->fixture.options.readers_may_be_lapped = true;
    fixture_start(&ends->fixture);
    ends->told.fixture = &ends->fixture;
    return ends;
}

static void ends_destroy(struct ends *ends)
{
    fixture_deinit(&ends->fixture);
    free(ends);
}

static void join_gating(struct ends *ends, bool takes_copies)
{
    ends->reader = &fixture_join(&ends->fixture, 0, MYC_RING_LIVE)->reader;
    if (takes_copies) {
        struct myc_span copy = {ends->copy, sizeof ends->copy};
        assert_int_equal(myc_ring_reader_copy(ends->reader, copy), MYC_OK);
    }
}

static void join_lapping(struct ends *ends)
{
    struct fixture_reader *reader = &ends->fixture.readers[0];
    struct myc_span copy = {ends->copy, sizeof ends->copy};
    reader->page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    assert_non_null(reader->page);
    memset(reader->page, 0, MYC_RING_PAGE_BYTES);
    assert_int_equal(
        myc_ring_join_lapping(&ends->fixture.writer, reader->page, MYC_RING_LIVE, &reader->ticket),
        MYC_OK);
    assert_int_equal(
        myc_ring_lapping_init(
            &reader->reader,
            ends->fixture.memory,
            ends->fixture.memory_bytes,
            reader->page,
            &reader->ticket,
            MYC_RING_DROP_OLDEST,
            copy,
            NULL),
        MYC_OK);
    ends->reader = &reader->reader;
}

static void publish(struct ends *ends, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        assert_int_equal(fixture_publish(&ends->fixture, 40), MYC_OK);
    }
}

static void expect(struct ends *ends, size_t records_max, uint64_t records, uint64_t batches)
{
    uint64_t records_before = ends->told.records;
    uint64_t ends_before = ends->told.ends;
    assert_int_equal(myc_ring_poll(ends->reader, on_record, &ends->told, records_max), records);
    assert_int_equal(ends->told.records - records_before, records);
    assert_int_equal(ends->told.ends - ends_before, batches);
    assert_true(ends->told.was_end);
}

static void check_ends(struct ends *ends)
{
    publish(ends, 1);
    expect(ends, SIZE_MAX, 1, 1);
    publish(ends, 10);
    expect(ends, SIZE_MAX, 10, 1);
    // What the caller allows ends a batch, and so does the longest batch.
    publish(ends, 10);
    expect(ends, 4, 4, 1);
    expect(ends, SIZE_MAX, 6, 1);
    publish(ends, MYC_RING_BATCH_MAX * 2 + 3);
    expect(ends, SIZE_MAX, MYC_RING_BATCH_MAX * 2 + 3, 3);
    publish(ends, MYC_RING_BATCH_MAX);
    expect(ends, SIZE_MAX, MYC_RING_BATCH_MAX, 1);
    // Over the ring's end, PAD and all: records of 200 bytes do not fill it evenly.
    for (int i = 0; i < 500; i++) {
        for (int k = 0; k < 3; k++) {
            assert_int_equal(fixture_publish(&ends->fixture, 192), MYC_OK);
        }
        expect(ends, SIZE_MAX, 3, 1);
    }
    // What a handler publishes behind the last record is another batch.
    publish(ends, 1);
    ends->told.to_publish = 1;
    uint64_t before = ends->told.ends;
    assert_int_equal(myc_ring_poll(ends->reader, on_record, &ends->told, SIZE_MAX), 2);
    assert_int_equal(ends->told.ends - before, 2);
}

// Each batch has one end, its last record, for readers in place. [RING-14]
static void test_the_last_record_in_place_is_the_end(void **state)
{
    (void)state;
    struct ends *ends = ends_create();
    join_gating(ends, false);
    check_ends(ends);
    ends_destroy(ends);
}

// The same by copies, waited for or not. [RING-14]
static void test_the_last_copy_is_the_end(void **state)
{
    (void)state;
    struct ends *ends = ends_create();
    join_gating(ends, true);
    check_ends(ends);
    ends_destroy(ends);
    ends = ends_create();
    join_lapping(ends);
    check_ends(ends);
    ends_destroy(ends);
}

// A GAP that is all there is to tell ends its batch; one with messages behind it does not.
static void test_a_gap_ends_a_batch_only_if_nothing_follows(void **state)
{
    (void)state;
    struct ends *ends = ends_create();
    join_lapping(ends);
    publish(ends, CAPACITY); // far beyond the reader
    expect(ends, 1, 1, 1);
    assert_int_equal(ends->told.gaps, 1);
    publish(ends, CAPACITY);
    uint64_t before = ends->told.ends;
    assert_true(myc_ring_poll(ends->reader, on_record, &ends->told, 20) == 20);
    assert_int_equal(ends->told.gaps, 2);
    assert_int_equal(ends->told.ends - before, 1);
    ends_destroy(ends);
}

// A corrupt header behind a record: the record is the last of its batch.
static void test_what_is_corrupt_is_not_behind(void **state)
{
    (void)state;
    struct ends *ends = ends_create();
    join_gating(ends, false);
    publish(ends, 2);
    uint64_t word = myc_record_word(MYC_RECORD_HELLO, 0, 8);
    memcpy(ends->fixture.writer.data + ends->fixture.writer.position, &word, sizeof word);
    expect(ends, SIZE_MAX, 2, 1);
    assert_int_equal(myc_ring_reader_status(ends->reader), MYC_CORRUPT);
    ends_destroy(ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_record_in_place_is_the_end),
        cmocka_unit_test(test_the_last_copy_is_the_end),
        cmocka_unit_test(test_a_gap_ends_a_batch_only_if_nothing_follows),
        cmocka_unit_test(test_what_is_corrupt_is_not_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
