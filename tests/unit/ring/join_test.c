// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Joining behind a given message, counting readers, and rings whose positions begin far out.
 */
#include "unit/ring/ring_fixture.h"

enum { COPY_BYTES = MYC_RING_LAPPED_CAPACITY_MIN / 4 };

// Joins reader i behind a message.
static enum myc_status
join_at(struct fixture *fixture, size_t i, uint64_t sequence, struct fixture_reader **out_reader)
{
    struct fixture_reader *reader = &fixture->readers[i];
    free(reader->page);
    memset(reader, 0, sizeof *reader);
    reader->page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    assert_non_null(reader->page);
    memset(reader->page, 0, MYC_RING_PAGE_BYTES);
    enum myc_status status =
        myc_ring_join_at(&fixture->writer, reader->page, sequence, &reader->ticket);
    if (status == MYC_OK) {
        assert_int_equal(
            myc_ring_reader_init(
                &reader->reader,
                fixture->memory,
                fixture->memory_bytes,
                reader->page,
                &reader->ticket,
                NULL),
            MYC_OK);
        reader->sequence = reader->ticket.sequence;
    }
    *out_reader = reader;
    return status;
}

// Behind every message that is held a reader starts exactly there; behind no other. [RING-30]
static void test_join_at_each_sequence(void **state)
{
    (void)state;
    struct fixture fixture;
    struct fixture_reader *reader;
    fixture_init(&fixture, 65536);
    uint64_t held = UINT64_MAX;
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(fixture_publish(&fixture, (size_t)i * 37 % 300), MYC_OK);
    }
    for (uint64_t sequence = 0; sequence <= 3000; sequence++) {
        enum myc_status status = join_at(&fixture, 0, sequence, &reader);
        if (status == MYC_OK) {
            held = sequence < held ? sequence : held;
            assert_int_equal(reader->ticket.sequence, sequence);
            assert_int_equal(fixture_drain(reader), 3000 - sequence);
            assert_int_equal(reader->sequence, 3000);
            myc_ring_leave(&fixture.writer, reader->ticket.slot);
        } else {
            assert_int_equal(status, MYC_NOT_FOUND);
            assert_int_equal(held, UINT64_MAX); // none above one that is held
        }
    }
    // About 7/8 of the ring, at some 158 bytes each.
    assert_in_range(held, 1, 3000 - 300);
    assert_int_equal(join_at(&fixture, 0, 3001, &reader), MYC_NOT_FOUND);
    assert_int_equal(myc_ring_readers(&fixture.writer), 0);
    fixture_deinit(&fixture);
}

// The reader holds the writer back at its very start, which is behind the sync point. [RING-30]
static void test_a_reader_at_a_sequence_gates_there(void **state)
{
    (void)state;
    struct fixture fixture;
    struct fixture_reader *reader;
    fixture_init(&fixture, 4096);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(fixture_publish(&fixture, 120), MYC_OK);
    }
    assert_int_equal(join_at(&fixture, 0, 7, &reader), MYC_OK);
    assert_int_equal(reader->ticket.position, 7 * 128);
    while (fixture_publish(&fixture, 120) == MYC_OK) {
    }
    assert_int_equal(fixture.writer.position, 7 * 128 + 4096 - 128);
    assert_int_equal(fixture_drain(reader), myc_ring_committed(&fixture.writer) - 7);
    fixture_deinit(&fixture);
}

// A gap is not cut: who wants to start inside it starts before it, and is told of all of it.
// [RING-30]
static void test_join_at_starts_before_a_gap(void **state)
{
    (void)state;
    struct fixture fixture;
    struct fixture_reader *reader;
    const struct myc_gap gap = {5, MYC_LOSS_DROPPED_NEWEST, 0};
    fixture_init(&fixture, 4096);
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    assert_int_equal(
        myc_ring_publish(&fixture.writer, MYC_RECORD_GAP, 0, &gap, sizeof gap), MYC_OK);
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    for (uint64_t sequence = 1; sequence <= 5; sequence++) {
        assert_int_equal(join_at(&fixture, 0, sequence, &reader), MYC_OK);
        assert_int_equal(reader->ticket.sequence, 1);
        assert_int_equal(fixture_drain(reader), 2);
        assert_int_equal(reader->sequence, 7);
        myc_ring_leave(&fixture.writer, reader->ticket.slot);
    }
    assert_int_equal(join_at(&fixture, 0, 6, &reader), MYC_OK);
    assert_int_equal(reader->ticket.sequence, 6);
    fixture_deinit(&fixture);
}

// Readers are counted while they are in. [RING-31]
static void test_readers_are_counted(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    assert_int_equal(myc_ring_readers(&fixture.writer), 0);
    struct fixture_reader *first = fixture_join(&fixture, 0, MYC_RING_LIVE);
    fixture_join(&fixture, 1, MYC_RING_EARLIEST);
    assert_int_equal(myc_ring_readers(&fixture.writer), 2);
    myc_ring_leave(&fixture.writer, first->ticket.slot);
    assert_int_equal(myc_ring_readers(&fixture.writer), 1);
    fixture_deinit(&fixture);
}

// The slowest is the one furthest behind; its time runs while it stands, not while it moves, and
// not for the next one in its slot. [RING-32]
static void test_the_slowest_reader_is_timed(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_ring_stall stall = {0};
    fixture_init(&fixture, 4096);
    assert_false(myc_ring_slowest(&fixture.writer, 50, &stall));
    struct fixture_reader *quick = fixture_join(&fixture, 0, MYC_RING_LIVE);
    struct fixture_reader *slow = fixture_join(&fixture, 1, MYC_RING_LIVE);
    assert_false(myc_ring_slowest(&fixture.writer, 100, &stall));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    }
    assert_int_equal(fixture_drain(quick), 10);
    assert_true(myc_ring_slowest(&fixture.writer, 200, &stall));
    assert_int_equal(stall.slot, slow->ticket.slot);
    assert_int_equal(stall.generation, slow->ticket.generation);
    assert_int_equal(stall.lag_bytes, 640);
    assert_int_equal(stall.stalled_ns, 0);
    assert_true(myc_ring_slowest(&fixture.writer, 900, &stall));
    assert_int_equal(stall.stalled_ns, 700);
    assert_int_equal(myc_ring_poll(&slow->reader, fixture_on_record, slow, 1), 1);
    assert_true(myc_ring_slowest(&fixture.writer, 1000, &stall));
    assert_int_equal(stall.stalled_ns, 0);
    assert_int_equal(stall.lag_bytes, 576);
    assert_true(myc_ring_slowest(&fixture.writer, 1500, &stall));
    assert_int_equal(stall.stalled_ns, 500);
    // Taken out; another one takes the slot and begins at the very same position.
    uint32_t slot = slow->ticket.slot;
    myc_ring_leave(&fixture.writer, slot);
    assert_false(myc_ring_slowest(&fixture.writer, 1600, &stall));
    slow = fixture_join(&fixture, 1, MYC_RING_EARLIEST);
    assert_int_equal(slow->ticket.slot, slot);
    assert_true(myc_ring_slowest(&fixture.writer, 1700, &stall));
    assert_int_equal(stall.stalled_ns, 0);
    assert_true(myc_ring_slowest(&fixture.writer, 1800, &stall));
    myc_ring_leave(&fixture.writer, slot);
    slow = fixture_join(&fixture, 1, MYC_RING_EARLIEST); // unseen in between
    assert_true(myc_ring_slowest(&fixture.writer, 1900, &stall));
    assert_int_equal(stall.stalled_ns, 0);
    assert_int_equal(fixture_drain(slow), 10);
    assert_false(myc_ring_slowest(&fixture.writer, 2000, &stall));
    fixture_deinit(&fixture);
}

// Going back and coming again is no progress. [RING-32]
static void test_a_head_that_goes_back_buys_no_time(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_ring_stall stall = {0};
    fixture_init(&fixture, 4096);
    struct fixture_reader *liar = fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    }
    for (uint64_t now_ns = 0; now_ns < 1000; now_ns += 100) {
        uint64_t head = now_ns % 200 == 0 ? 320 : 64;
        memcpy(liar->page, &head, sizeof head); // the page's first word
        assert_true(myc_ring_slowest(&fixture.writer, 5000 + now_ns, &stall));
        assert_int_equal(stall.stalled_ns, now_ns);
        assert_int_equal(stall.position, 320);
    }
    fixture_deinit(&fixture);
}

// Nothing depends on where the positions begin: not across 2^32, not across 2^63. [RING-2]
static void test_positions_may_begin_far_out(void **state)
{
    (void)state;
    const uint64_t firsts[] = {8, 4096, (UINT64_C(1) << 32) - 8, (UINT64_C(1) << 63) - 20000};
    static _Alignas(8) unsigned char copy[COPY_BYTES];
    for (size_t i = 0; i < 4; i++) {
        struct fixture fixture;
        fixture_prepare(&fixture, MYC_RING_LAPPED_CAPACITY_MIN);
        fixture.options.readers_may_be_lapped = true;
        fixture.options.first_position = firsts[i] & ~UINT64_C(7);
        fixture_start(&fixture);
        assert_true(myc_ring_is_valid(&fixture.writer));
        struct fixture_reader *early = fixture_join(&fixture, 0, MYC_RING_EARLIEST);
        assert_int_equal(early->ticket.position, fixture.options.first_position);
        struct fixture_reader *lapping = &fixture.readers[1];
        lapping->page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
        assert_non_null(lapping->page);
        memset(lapping->page, 0, MYC_RING_PAGE_BYTES);
        assert_int_equal(
            myc_ring_join_lapping(&fixture.writer, lapping->page, MYC_RING_LIVE, &lapping->ticket),
            MYC_OK);
        assert_int_equal(
            myc_ring_lapping_init(
                &lapping->reader,
                fixture.memory,
                fixture.memory_bytes,
                lapping->page,
                &lapping->ticket,
                MYC_RING_DROP_OLDEST,
                (struct myc_span){copy, sizeof copy},
                NULL),
            MYC_OK);
        for (int round = 0; round < 1000; round++) {
            assert_int_equal(fixture_publish(&fixture, (size_t)round * 31 % 700), MYC_OK);
            assert_int_equal(fixture_drain(early), 1);
            if (round % 5 == 0 || round > 900) {
                (void)fixture_drain(lapping);
            }
        }
        assert_int_equal(early->sequence, 1000);
        assert_int_equal(lapping->sequence, 1000);
        assert_int_equal(myc_ring_reader_lost(&lapping->reader), 0);
        assert_true(myc_ring_is_valid(&fixture.writer));
        fixture_deinit(&fixture);
    }
}

// A first position that no record could have is refused. [RING-2]
static void test_impossible_first_positions_are_refused(void **state)
{
    (void)state;
    const uint64_t firsts[] = {4, (UINT64_C(1) << 63) + 8};
    for (size_t i = 0; i < 2; i++) {
        struct fixture fixture;
        struct myc_diagnostic why;
        fixture_init(&fixture, 4096);
        fixture.options.first_position = firsts[i];
        assert_int_equal(
            myc_ring_writer_init(
                &fixture.writer, fixture.memory, fixture.memory_bytes, &fixture.options, &why),
            MYC_INVALID);
        assert_non_null(strstr(why.text, "first position"));
        fixture_deinit(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join_at_each_sequence),
        cmocka_unit_test(test_a_reader_at_a_sequence_gates_there),
        cmocka_unit_test(test_join_at_starts_before_a_gap),
        cmocka_unit_test(test_readers_are_counted),
        cmocka_unit_test(test_the_slowest_reader_is_timed),
        cmocka_unit_test(test_a_head_that_goes_back_buys_no_time),
        cmocka_unit_test(test_positions_may_begin_far_out),
        cmocka_unit_test(test_impossible_first_positions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
