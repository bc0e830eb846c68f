// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a framed writer commits: sizes around the borders, turns, misuse.
 */
#include "unit/framed/framed_fixture.h"

// Every option outside its bounds is refused with a sentence that names it. [FRAMED-1]
static void test_writer_names_what_is_wrong(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, 1000);
    struct myc_framed_writer writer;
    struct myc_diagnostic why;
    static const struct {
        struct myc_framed_writer_options options;
        const char *named;
    } bad[] = {
        {{.fragment_bytes = 60}, "multiple of 8"},
        {{.fragment_bytes = 56}, "at least 64"},
        {{.fragment_bytes = 1000}, "a record of the ring"}, // 1016 is the ring's largest payload.
        {{.message_bytes_max = MYC_FRAMED_MESSAGE_BYTES_MAX + 1u}, "message_bytes_max"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(
            myc_framed_writer_init(&writer, &fixture.ring_writer, &bad[i].options, &why),
            MYC_INVALID);
        assert_non_null(strstr(why.text, bad[i].named));
    }
    const struct myc_framed_writer_options good = {.fragment_bytes = 992};
    assert_int_equal(myc_framed_writer_init(&writer, &fixture.ring_writer, &good, &why), MYC_OK);
    const struct myc_framed_writer_options defaults = {0};
    assert_int_equal(
        myc_framed_writer_init(&writer, &fixture.ring_writer, &defaults, &why), MYC_OK);
    assert_int_equal(myc_framed_next_bytes(&writer, 100000), 992 + MYC_FRAMED_HEADER_BYTES);
    fixture_close(&fixture);
}

// A message is one record up to fragment_bytes and a train above; each arrives whole. [FRAMED-2]
static void test_publish_crosses_every_border(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_MESSAGE_BYTES_MAX);
    enum { F = FIXTURE_FRAGMENT_BYTES };
    static const size_t sizes[] = {0, 1, F - 1, F, F + 1, 2 * F - 1, 2 * F, 2 * F + 1, 8 * F + 3};
    uint64_t records = 0;
    for (uint16_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(fixture_publish(&fixture, i, sizes[i]), MYC_OK);
        uint64_t parts = sizes[i] <= F ? 1 : (sizes[i] + F - 1) / F;
        records += parts;
        assert_int_equal(myc_ring_committed(&fixture.ring_writer), records);
        assert_int_equal(fixture_poll(&fixture), parts);
        assert_int_equal(fixture.seen.message_count, i + 1);
        assert_int_equal(fixture.seen.message.size, sizes[i]);
        assert_int_equal(fixture.seen.message.type, 7);
        assert_int_equal(fixture.seen.message.version, i);
        assert_int_equal(fixture.seen.message.is_copied, parts > 1);
        assert_true(fixture.seen.message.is_end_of_batch);
        assert_int_equal(fixture.seen.accounted, records);
    }
    assert_int_equal(fixture.seen.loss_count, 0);
    fixture_close(&fixture);
}

// A message larger than the ring takes turns with its reader. [FRAMED-3]
static void test_resume_sends_more_than_the_ring_holds(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_MESSAGE_BYTES_MAX);
    assert_int_equal(myc_framed_resume(&fixture.writer), MYC_INVALID);
    size_t turns = 0;
    enum myc_status status = fixture_publish(&fixture, 1, FIXTURE_MESSAGE_BYTES_MAX);
    while (status == MYC_AGAIN) {
        // Nothing changes without room, and a writer may sleep for the next fragment.
        uint64_t committed = myc_ring_committed(&fixture.ring_writer);
        assert_int_equal(myc_framed_resume(&fixture.writer), MYC_AGAIN);
        assert_int_equal(myc_ring_committed(&fixture.ring_writer), committed);
        assert_true(
            myc_ring_writer_arm(&fixture.ring_writer, myc_framed_next_bytes(&fixture.writer, 0)));
        assert_true(fixture_poll(&fixture) > 0);
        assert_false(
            myc_ring_writer_arm(&fixture.ring_writer, myc_framed_next_bytes(&fixture.writer, 0)));
        myc_ring_writer_disarm(&fixture.ring_writer);
        assert_int_equal(fixture.seen.message_count, 0);
        turns++;
        status = myc_framed_resume(&fixture.writer);
    }
    assert_int_equal(status, MYC_OK);
    assert_true(turns >= 4);
    assert_false(myc_framed_is_open(&fixture.writer));
    (void)fixture_poll(&fixture);
    assert_int_equal(fixture.seen.message_count, 1);
    assert_int_equal(fixture.seen.message.size, FIXTURE_MESSAGE_BYTES_MAX);
    fixture_close(&fixture);
}

// A message of which nothing fits is refused whole, and the next attempt starts anew. [FRAMED-2]
static void test_publish_says_full_when_nothing_was_committed(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_MESSAGE_BYTES_MAX);
    uint16_t version = 0;
    while (fixture_publish(&fixture, version, 200) == MYC_OK) {
        version++;
    }
    uint64_t committed = myc_ring_committed(&fixture.ring_writer);
    assert_int_equal(fixture_publish(&fixture, 90, 200), MYC_FULL);
    assert_int_equal(fixture_publish(&fixture, 90, 3000), MYC_FULL);
    assert_false(myc_framed_is_open(&fixture.writer));
    assert_int_equal(myc_ring_committed(&fixture.ring_writer), committed);
    (void)fixture_poll(&fixture);
    assert_int_equal(fixture_publish(&fixture, 91, 3000), MYC_OK);
    (void)fixture_poll(&fixture);
    assert_int_equal(fixture.seen.message.version, 91);
    assert_int_equal(fixture.seen.loss_count, 0);
    fixture_close(&fixture);
}

// Misuse and closed rings are answered, and commit nothing. [FRAMED-2] [FRAMED-3]
static void test_publish_refuses_and_commits_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_MESSAGE_BYTES_MAX);
    struct myc_framed_writer *writer = &fixture.writer;
    static const unsigned char bytes[1024];
    assert_int_equal(myc_framed_publish(writer, 0, 1, bytes, 8), MYC_INVALID);
    assert_int_equal(myc_framed_publish(writer, MYC_FRAMED_FRAGMENT, 1, bytes, 8), MYC_INVALID);
    assert_int_equal(myc_framed_publish(writer, MYC_RECORD_GAP, 1, bytes, 1024), MYC_INVALID);
    const struct myc_framed_writer_options small = {.message_bytes_max = 1000};
    assert_int_equal(myc_framed_writer_init(writer, &fixture.ring_writer, &small, NULL), MYC_OK);
    assert_int_equal(myc_framed_publish(writer, 7, 1, bytes, 1001), MYC_TOO_BIG);
    assert_int_equal(myc_ring_committed(&fixture.ring_writer), 0);
    fixture_make_ring(&fixture, 2);
    fixture_attach(&fixture, MYC_RING_LIVE);
    fixture_publish_part(&fixture, 1, 10000);
    uint64_t committed = myc_ring_committed(&fixture.ring_writer);
    assert_int_equal(myc_framed_publish(writer, 7, 1, bytes, 8), MYC_INVALID);
    assert_null(myc_framed_claim(writer, 8));
    myc_ring_writer_close(&fixture.ring_writer);
    assert_int_equal(myc_framed_resume(writer), MYC_CLOSED);
    assert_false(myc_framed_is_open(writer));
    assert_int_equal(myc_framed_publish(writer, 7, 1, bytes, 1000), MYC_CLOSED);
    assert_int_equal(myc_ring_committed(&fixture.ring_writer), committed);
    fixture_close(&fixture);
}

// A poisoned ring's writer says so, also between two fragments. [FRAMED-3]
static void test_resume_tells_a_poisoned_ring(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_MESSAGE_BYTES_MAX);
    fixture_publish_part(&fixture, 1, 10000);
    myc_ring_commit(&fixture.ring_writer, 7, 1, 8); // Without a claim.
    assert_int_equal(myc_framed_resume(&fixture.writer), MYC_POISONED);
    assert_false(myc_framed_is_open(&fixture.writer));
    fixture_close(&fixture);
}

// A small message is filled in the ring and read there, not copied. [FRAMED-5] [FRAMED-6]
static void test_claim_writes_in_place(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, 1000);
    assert_null(myc_framed_claim(&fixture.writer, FIXTURE_FRAGMENT_BYTES + 1));
    unsigned char *bytes = myc_framed_claim(&fixture.writer, FIXTURE_FRAGMENT_BYTES);
    assert_non_null(bytes);
    assert_int_equal(myc_framed_commit(&fixture.writer, MYC_FRAMED_FRAGMENT, 1, 8), MYC_INVALID);
    bytes = myc_framed_claim(&fixture.writer, 100);
    assert_non_null(bytes);
    for (size_t i = 0; i < 60; i++) {
        bytes[i] = fixture_byte(5, i);
    }
    assert_int_equal(myc_framed_commit(&fixture.writer, 7, 5, 60), MYC_OK);
    assert_int_equal(fixture_poll(&fixture), 1);
    assert_int_equal(fixture.seen.message.size, 60);
    assert_ptr_equal(fixture.seen.message.payload, bytes);
    assert_false(fixture.seen.message.is_copied);
    // Without a claim the ring itself breaks, and that is told.
    assert_int_equal(myc_framed_commit(&fixture.writer, 7, 5, 60), MYC_POISONED);
    fixture_close(&fixture);
}

// A message that was given up is told as lost by the next record, whichever it is. [FRAMED-4]
static void test_abandoned_message_is_told_as_lost(void **state)
{
    (void)state;
    static const size_t next_sizes[] = {8, 600};
    for (size_t i = 0; i < 2; i++) {
        struct fixture fixture;
        fixture_open(&fixture, FIXTURE_MESSAGE_BYTES_MAX);
        fixture_publish_part(&fixture, 1, 10000);
        uint64_t committed = myc_ring_committed(&fixture.ring_writer);
        assert_int_equal(fixture_poll(&fixture), committed);
        myc_framed_abandon(&fixture.writer);
        assert_int_equal(fixture.seen.loss_count, 0);
        assert_int_equal(fixture_publish(&fixture, 2, next_sizes[i]), MYC_OK);
        (void)fixture_poll(&fixture);
        assert_int_equal(fixture.seen.loss_count, 1);
        assert_int_equal(fixture.seen.loss.cause, MYC_FRAMED_LOSS_UNFINISHED);
        assert_int_equal(fixture.seen.loss.first_sequence, 1);
        assert_int_equal(fixture.seen.loss.sequence, committed);
        assert_int_equal(fixture.seen.loss.size, 10000);
        assert_int_equal(fixture.seen.loss.received, committed * FIXTURE_FRAGMENT_BYTES);
        assert_int_equal(fixture.seen.loss.type, 7);
        assert_int_equal(fixture.seen.loss.version, 1);
        assert_int_equal(fixture.seen.message.version, 2);
        assert_int_equal(fixture.source.counts.records_lost[MYC_FRAMED_LOSS_UNFINISHED], committed);
        fixture_close(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writer_names_what_is_wrong),
        cmocka_unit_test(test_publish_crosses_every_border),
        cmocka_unit_test(test_resume_sends_more_than_the_ring_holds),
        cmocka_unit_test(test_publish_says_full_when_nothing_was_committed),
        cmocka_unit_test(test_publish_refuses_and_commits_nothing),
        cmocka_unit_test(test_resume_tells_a_poisoned_ring),
        cmocka_unit_test(test_claim_writes_in_place),
        cmocka_unit_test(test_abandoned_message_is_told_as_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
