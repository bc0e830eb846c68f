// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Batches: several records that one store publishes, and messages of one size.
 */
#include <mycelium/ring_batch.h>
#include <mycelium/ring_counters.h>
#include <mycelium/ring_inline.h>

#include "unit/ring/ring_fixture.h"

// Adds the next message of the batch, the `ahead`-th behind what is committed.
static bool add(struct fixture *fixture, uint64_t ahead, size_t size)
{
    void *payload = myc_ring_batch_claim(&fixture->writer, size);
    if (payload != NULL) {
        memset(payload, 0xEE, size);
        fixture_fill(payload, size, myc_ring_committed(&fixture->writer) + ahead);
        myc_ring_batch_add(&fixture->writer, 7, 3, size);
    }
    return payload != NULL;
}

// Nothing of a batch is there before its commit, then all of it, in order. [RING-45] [RING-47]
static void test_a_batch_is_visible_as_a_whole(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (uint64_t i = 1; i <= 5; i++) {
        assert_true(add(&fixture, i, 10 * i));
        assert_true(myc_ring_is_empty(&reader->reader));
        assert_int_equal(fixture_drain(reader), 0);
        assert_true(myc_ring_is_valid(&fixture.writer));
    }
    assert_int_equal(myc_ring_committed(&fixture.writer), 0);
    myc_ring_batch_commit(&fixture.writer);
    assert_int_equal(myc_ring_committed(&fixture.writer), 5);
    assert_int_equal(fixture_drain(reader), 5);
    assert_int_equal(reader->sequence, 5);
    myc_ring_batch_commit(&fixture.writer); // nothing was added
    assert_int_equal(fixture_drain(reader), 0);
    assert_true(myc_ring_is_valid(&fixture.writer));
    fixture_deinit(&fixture);
}

// Batches of every length cross the end at every offset, with a PAD first or inside. [RING-47]
static void test_batches_wrap_at_every_offset(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    size_t size = 0;
    uint64_t sequence = 0;
    for (uint64_t round = 0; round < 20000; round++) {
        uint64_t count = round % 7 + 1;
        uint64_t added = 0;
        while (added < count && add(&fixture, added + 1, size)) {
            size = (size + 37) % 300;
            added++;
        }
        assert_true(added == count);
        myc_ring_batch_commit(&fixture.writer);
        assert_int_equal(fixture_drain(reader), count);
        sequence += count;
        assert_true(myc_ring_is_valid(&fixture.writer));
    }
    assert_int_equal(reader->sequence, sequence);
    struct myc_ring_writer_counters counters;
    struct myc_ring_reader_counters seen;
    myc_ring_writer_counters(&fixture.writer, &counters);
    myc_ring_page_counters(reader->page, &seen);
    assert_int_equal(counters.messages, sequence);
    assert_int_equal(seen.messages, sequence);
    assert_int_equal(seen.bytes, counters.bytes);
    assert_true(counters.bytes < fixture.writer.position);
    fixture_deinit(&fixture);
}

// An abort gives all of it back, whatever was added; what comes next lies in the same place.
// [RING-47]
static void test_an_abort_gives_the_batch_back(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    fixture_advance_to(&fixture, 0, 4096 - 64);
    uint64_t position = fixture.writer.position;
    for (int i = 0; i < 3; i++) {
        assert_true(add(&fixture, 9, 24));
        assert_true(add(&fixture, 9, 100));
        assert_true(add(&fixture, 9, 100));
        assert_non_null(myc_ring_batch_claim(&fixture.writer, 100));
        myc_ring_abort(&fixture.writer);
        myc_ring_batch_commit(&fixture.writer);
        assert_true(myc_ring_is_empty(&reader->reader));
        assert_true(myc_ring_is_valid(&fixture.writer));
        assert_int_equal(fixture.writer.position, position);
    }
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    assert_int_equal(fixture_drain(reader), 1);
    assert_true(add(&fixture, 1, 8));
    assert_non_null(myc_ring_batch_claim(&fixture.writer, 100)); // not added
    myc_ring_batch_commit(&fixture.writer);
    assert_int_equal(fixture_drain(reader), 1);
    fixture_deinit(&fixture);
}

// A claim that the slowest reader or half the ring forbids leaves what was added as it is.
// [RING-45]
static void test_a_refused_claim_keeps_what_was_added(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_ring_writer_counters counters;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    uint64_t added = 0;
    while (add(&fixture, added + 1, 248)) {
        added++;
    }
    assert_int_equal(added, 8); // half of the ring
    myc_ring_writer_counters(&fixture.writer, &counters);
    assert_int_equal(counters.full, 0);
    assert_null(myc_ring_batch_claim(&fixture.writer, 1017)); // above the largest record
    myc_ring_batch_commit(&fixture.writer);
    for (added = 0; add(&fixture, added + 1, 248);) {
        added++;
    }
    assert_int_equal(added, 7); // and the word behind
    myc_ring_writer_counters(&fixture.writer, &counters);
    assert_int_equal(counters.full, 1);
    myc_ring_batch_commit(&fixture.writer);
    assert_int_equal(fixture_drain(reader), 15);
    assert_null(myc_ring_batch_claim(&fixture.writer, 1017));
    fixture_deinit(&fixture);
}

// Who waits for room waits for the batch's next record; what has half the ring waits for nothing.
// [RING-8] [RING-45]
static void test_an_open_batch_waits_for_its_next_record(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(fixture_publish(&fixture, 248), MYC_OK);
    }
    uint64_t added = 0;
    while (add(&fixture, added + 1, 248)) {
        added++;
    }
    assert_int_equal(added, 7);
    assert_true(myc_ring_writer_arm(&fixture.writer, 248));
    myc_ring_writer_disarm(&fixture.writer);
    assert_int_equal(fixture_drain(reader), 8);
    assert_false(myc_ring_writer_arm(&fixture.writer, 248));
    myc_ring_writer_disarm(&fixture.writer);
    assert_true(add(&fixture, 8, 248));
    assert_null(myc_ring_batch_claim(&fixture.writer, 248)); // half the ring
    assert_false(myc_ring_writer_arm(&fixture.writer, 248));
    myc_ring_writer_disarm(&fixture.writer);
    myc_ring_batch_commit(&fixture.writer);
    assert_int_equal(fixture_drain(reader), 8);
    fixture_deinit(&fixture);
}

// A record may get smaller when it is added, and the next begins behind it. [RING-46]
static void test_records_of_a_batch_may_shrink(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (uint64_t round = 0; round < 500; round++) {
        for (uint64_t i = 1; i <= 3; i++) {
            size_t size = (size_t)((round * 13 + i * 5) % 100);
            void *payload = myc_ring_batch_claim(&fixture.writer, 100);
            assert_non_null(payload);
            memset(payload, 0xFF, 100);
            fixture_fill(payload, size, myc_ring_committed(&fixture.writer) + i);
            myc_ring_batch_add(&fixture.writer, 7, 3, size);
        }
        myc_ring_batch_commit(&fixture.writer);
        assert_int_equal(fixture_drain(reader), 3);
    }
    assert_int_equal(fixture.writer.position % 8, 0);
    fixture_deinit(&fixture);
}

static void misuse(struct fixture *fixture, int how)
{
    struct myc_ring_writer *writer = &fixture->writer;
    switch (how) {
    case 0: // no claim
        myc_ring_batch_add(writer, 7, 3, 8);
        break;
    case 1: // larger than claimed
        assert_non_null(myc_ring_batch_claim(writer, 8));
        myc_ring_batch_add(writer, 7, 3, 9);
        break;
    case 2: // no message
        assert_non_null(myc_ring_batch_claim(writer, 8));
        myc_ring_batch_add(writer, MYC_RECORD_PAD, 3, 8);
        break;
    case 3: // a commit in between
        assert_non_null(myc_ring_batch_claim(writer, 8));
        assert_int_equal(fixture_publish(fixture, 16), MYC_OK);
        myc_ring_batch_add(writer, 7, 3, 8);
        break;
    case 4: // the same claim twice
        assert_true(add(fixture, 1, 8));
        myc_ring_batch_add(writer, 7, 3, 8);
        break;
    default: // a claim of a batch is no other claim
        assert_non_null(myc_ring_batch_claim(writer, 8));
        myc_ring_commit(writer, 7, 3, 8);
        break;
    }
}

// Misuse publishes nothing of the batch and poisons the writer; readers are none the worse.
// [RING-46]
static void test_misuse_poisons_the_writer(void **state)
{
    (void)state;
    for (int how = 0; how < 6; how++) {
        struct fixture fixture;
        size_t published = 99;
        fixture_init(&fixture, 4096);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        misuse(&fixture, how);
        myc_ring_batch_commit(&fixture.writer);
        assert_null(myc_ring_batch_claim(&fixture.writer, 8));
        assert_int_equal(
            myc_ring_publish_n(&fixture.writer, 7, 3, "", 0, 1, &published), MYC_POISONED);
        assert_int_equal(published, 0);
        assert_int_equal(fixture_drain(reader), how == 3 ? 1 : 0);
        assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_OK);
        fixture_deinit(&fixture);
    }
}

// A commit or a fill between forgets a batch that was begun; a close ends it. [RING-47]
static void test_a_batch_ends_with_what_comes_between(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    assert_true(add(&fixture, 1, 8));
    assert_true(add(&fixture, 2, 8));
    assert_int_equal(fixture_publish(&fixture, 16), MYC_OK);
    myc_ring_batch_commit(&fixture.writer);
    assert_int_equal(fixture_drain(reader), 1);
    assert_true(add(&fixture, 1, 8));
    myc_ring_writer_close(&fixture.writer);
    myc_ring_batch_commit(&fixture.writer);
    assert_null(myc_ring_batch_claim(&fixture.writer, 8));
    assert_int_equal(fixture_drain(reader), 0);
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_CLOSED);
    fixture_deinit(&fixture);
}

// Joiners start inside a batch as they do between commits: at any sync point. [RING-47]
static void test_sync_points_lie_inside_batches(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 65536);
    for (uint64_t i = 0; i < 20; i++) {
        for (uint64_t j = 1; j <= 10; j++) {
            assert_true(add(&fixture, j, 1000));
        }
        myc_ring_batch_commit(&fixture.writer);
    }
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_EARLIEST);
    uint64_t first = reader->ticket.sequence;
    // All but an eighth of the ring, and a sync distance.
    assert_true(first <= 200 - (65536 - 8192 - 4096 - 1024) / 1008);
    assert_int_equal(fixture_drain(reader), 200 - first);
    struct fixture_reader *other = fixture_join(&fixture, 1, MYC_RING_LIVE);
    assert_int_equal(other->ticket.sequence, 200);
    myc_ring_leave(&fixture.writer, other->ticket.slot);
    uint64_t at = (first + 200) / 2;
    assert_int_equal(myc_ring_join_at(&fixture.writer, other->page, at, &other->ticket), MYC_OK);
    assert_int_equal(other->ticket.sequence, at);
    fixture_deinit(&fixture);
}

// As many messages of one size as there is room for, whole batches at a time. [RING-48]
static void test_publish_n_publishes_what_fits(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 120; size += 5) {
        struct fixture fixture;
        unsigned char bytes[100 * 120];
        fixture_init(&fixture, 4096);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        uint64_t sequence = 0;
        for (size_t round = 0; round < 300; round++) {
            size_t count = round * 7 % 100;
            size_t published = 99;
            for (size_t i = 0; i < count; i++) {
                fixture_fill(bytes + i * size, size, sequence + i + 1);
            }
            enum myc_status status =
                myc_ring_publish_n(&fixture.writer, 7, 3, bytes, size, count, &published);
            sequence += published;
            assert_int_equal(status, published == count ? MYC_OK : MYC_FULL);
            assert_true(published == count || published > 20);
            assert_int_equal(myc_ring_committed(&fixture.writer), sequence);
            assert_true(myc_ring_is_valid(&fixture.writer));
            if (status == MYC_FULL) {
                // Nothing of that size fits any more.
                assert_null(myc_ring_claim(&fixture.writer, size));
            }
            assert_int_equal(fixture_drain(reader), published);
        }
        assert_int_equal(reader->sequence, sequence);
        fixture_deinit(&fixture);
    }
}

// No size is so large that it looks small. [RING-36] [RING-45]
static void test_absurd_sizes_are_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct myc_ring_writer *writer = &fixture.writer;
    assert_true(add(&fixture, 1, 8));
    for (size_t i = 0; i < 32; i++) {
        assert_null(myc_ring_batch_claim(writer, SIZE_MAX - i));
    }
    myc_ring_batch_commit(writer);
    assert_non_null(myc_ring_claim_fast(writer, 8));
    myc_ring_commit_fast(writer, 7, 3, 8);
    assert_non_null(myc_ring_claim_fast(writer, 8));
    for (size_t i = 0; i < 32; i++) {
        assert_null(myc_ring_claim_fast(writer, SIZE_MAX - i));
    }
    fixture_deinit(&fixture);
}

// What can never be published is refused, and nothing changes. [RING-48]
static void test_publish_n_refuses(void **state)
{
    (void)state;
    struct fixture fixture;
    size_t published = 99;
    const struct myc_gap gap = {3, 0, 0};
    fixture_init(&fixture, 4096);
    struct myc_ring_writer *writer = &fixture.writer;
    assert_int_equal(
        myc_ring_publish_n(writer, MYC_RECORD_GAP, 0, &gap, sizeof gap, 1, &published),
        MYC_INVALID);
    assert_int_equal(myc_ring_publish_n(writer, 0, 0, "", 0, 1, &published), MYC_INVALID);
    assert_int_equal(myc_ring_publish_n(writer, 7, 0, &gap, 1017, 1, &published), MYC_TOO_BIG);
    assert_int_equal(myc_ring_publish_n(writer, 7, 0, NULL, 8, 0, &published), MYC_OK);
    myc_ring_writer_close(writer);
    assert_int_equal(myc_ring_publish_n(writer, 7, 0, "", 0, 1, &published), MYC_CLOSED);
    assert_int_equal(published, 0);
    fixture_deinit(&fixture);
}

// A lapping reader that comes while a claim is open changes what later claims may have, and not
// what the open one has; the gating reader beside it stays whole. [RING-3] [RING-45]
static void test_who_joins_during_a_claim_harms_nobody(void **state)
{
    (void)state;
    for (int is_batch = 0; is_batch < 2; is_batch++) {
        struct fixture fixture;
        struct myc_ring_ticket ticket;
        fixture_prepare(&fixture, 16384);
        fixture.options.readers_may_be_lapped = true;
        fixture_start(&fixture);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        void *page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
        assert_non_null(page);
        memset(page, 0, MYC_RING_PAGE_BYTES);
        for (int i = 0; i < 13; i++) {
            assert_int_equal(fixture_publish(&fixture, 992), MYC_OK);
        }
        assert_int_equal(myc_ring_poll(&reader->reader, fixture_on_record, reader, 1), 1);
        void *payload = is_batch ? NULL : myc_ring_claim(&fixture.writer, 992);
        if (is_batch) {
            assert_true(add(&fixture, 1, 992));
        } else {
            assert_non_null(payload);
            fixture_fill(payload, 992, 14);
        }
        assert_int_equal(
            myc_ring_join_lapping(&fixture.writer, page, MYC_RING_LIVE, &ticket), MYC_OK);
        // The largest goes to the ring's start, where the gating reader is in the way.
        if (is_batch) {
            assert_null(myc_ring_batch_claim(&fixture.writer, 4088));
            myc_ring_batch_commit(&fixture.writer);
        } else {
            assert_null(myc_ring_claim(&fixture.writer, 4088));
            myc_ring_commit(&fixture.writer, 7, 3, 992);
        }
        assert_null(myc_ring_claim(&fixture.writer, 4088));
        assert_null(myc_ring_batch_claim(&fixture.writer, 4088));
        assert_int_equal(fixture_drain(reader), 13);
        assert_non_null(myc_ring_claim(&fixture.writer, 4088));
        free(page);
        fixture_deinit(&fixture);
    }
}

// A claim that is made once more, having gone round the ring's end, goes round again. [RING-45]
static void test_a_claim_made_again_goes_round_again(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    fixture_advance_to(&fixture, 0, 4096 - 64);
    const unsigned char *first = fixture.writer.data + MYC_RECORD_HEADER_BYTES;
    assert_ptr_equal(myc_ring_batch_claim(&fixture.writer, 100), first);
    assert_ptr_equal(myc_ring_batch_claim(&fixture.writer, 100), first);
    myc_ring_abort(&fixture.writer);
    fixture_deinit(&fixture);
}

// A writer that was poisoned beside an open batch gives it no more room. [RING-46]
static void test_a_poisoned_writer_claims_no_more(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    assert_non_null(myc_ring_batch_claim(&fixture.writer, 16));
    myc_ring_batch_add(&fixture.writer, 7, 3, 16);
    assert_non_null(myc_ring_batch_claim(&fixture.writer, 16));
    myc_ring_commit(&fixture.writer, 7, 3, 16); // of no claim
    assert_null(myc_ring_batch_claim(&fixture.writer, 16));
    fixture_deinit(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_batch_is_visible_as_a_whole),
        cmocka_unit_test(test_batches_wrap_at_every_offset),
        cmocka_unit_test(test_an_abort_gives_the_batch_back),
        cmocka_unit_test(test_a_refused_claim_keeps_what_was_added),
        cmocka_unit_test(test_an_open_batch_waits_for_its_next_record),
        cmocka_unit_test(test_records_of_a_batch_may_shrink),
        cmocka_unit_test(test_misuse_poisons_the_writer),
        cmocka_unit_test(test_a_batch_ends_with_what_comes_between),
        cmocka_unit_test(test_sync_points_lie_inside_batches),
        cmocka_unit_test(test_publish_n_publishes_what_fits),
        cmocka_unit_test(test_publish_n_refuses),
        cmocka_unit_test(test_absurd_sizes_are_refused),
        cmocka_unit_test(test_who_joins_during_a_claim_harms_nobody),
        cmocka_unit_test(test_a_claim_made_again_goes_round_again),
        cmocka_unit_test(test_a_poisoned_writer_claims_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
