// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Publishers and subscribers of one node: order, what a full ring does, and wrong calls.
 */
#include "unit/bus/bus_fixture.h"

// What is published is delivered, in order, and the first message follows the notice of the match.
static void test_local_delivers_in_order(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    fixture_match(&fixture);
    for (uint32_t round = 0; round < 50; round++) {
        fixture_publish_many(&fixture, 40);
        assert_int_equal(fixture_poll(&fixture), 40);
    }
    assert_int_equal(fixture.seen.last_value, 2000);
    fixture_check_account(&fixture, 0);
    fixture_close(&fixture);
}

// Every subscriber of a node gets every message; one that closes leaves the others alone.
static void test_local_feeds_every_subscriber(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_subscriber *second = NULL;
    struct seen seen = {0};
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    fixture_match(&fixture);
    assert_int_equal(
        myc_subscriber_create(fixture.buses[0], &fixture.waiters[0], "alpha", &second, NULL),
        MYC_OK);
    assert_int_equal(myc_publisher_await_subscribers(fixture.publisher, 2, 0), MYC_OK);
    assert_int_equal(myc_publisher_await_subscribers(fixture.publisher, 3, 0), MYC_TIMEOUT);
    fixture_publish_many(&fixture, 9);
    assert_int_equal(fixture_poll(&fixture), 9);
    assert_int_equal(
        myc_subscriber_poll(second, fixture_on_message, fixture_on_notice, &seen, 1000), 9);
    myc_subscriber_close(second);
    fixture_publish_many(&fixture, 1);
    assert_int_equal(fixture_poll(&fixture), 1);
    assert_int_equal(
        myc_subscriber_poll(second, fixture_on_message, fixture_on_notice, &seen, 1000), 0);
    fixture_check_account(&fixture, 0);
    fixture_close(&fixture);
}

// A publisher nobody listens to keeps 32 notices, and the last of them says how many came later.
static void test_local_counts_notices_without_room(void **state)
{
    (void)state;
    enum { ROUNDS = 20, KEPT = 32 };
    struct fixture fixture;
    struct myc_notice notice = {0};
    uint32_t kept = 0;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    fixture_match(&fixture);
    while (myc_publisher_notice(fixture.publisher, &notice) == MYC_OK) {
    }
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct myc_subscriber *guest = NULL;
        assert_int_equal(
            myc_subscriber_create(fixture.buses[0], &fixture.waiters[0], "alpha", &guest, NULL),
            MYC_OK);
        myc_subscriber_close(guest);
    }
    while (myc_publisher_notice(fixture.publisher, &notice) == MYC_OK) {
        kept++;
        assert_int_equal(notice.missed, kept == KEPT ? 2 * ROUNDS - KEPT : 0);
    }
    assert_int_equal(kept, KEPT);
    fixture_close(&fixture);
}

// What a handler saw of several publishers.
struct turns {
    uint64_t epochs[2];
    uint64_t last[2]; /* sequence */
    uint32_t delivered;
    uint32_t run; /* messages of the same publisher in a row */
    uint32_t longest;
    uint64_t current;
    bool is_out_of_order;
};

static void count_turn(const struct myc_delivery *delivery, void *context)
{
    struct turns *turns = context;
    size_t index = delivery->publisher_epoch == turns->epochs[0] ? 0 : 1;
    if (delivery->record->sequence != turns->last[index] + 1) {
        turns->is_out_of_order = true;
    }
    turns->last[index] = delivery->record->sequence;
    turns->delivered++;
    turns->run = delivery->publisher_epoch == turns->current ? turns->run + 1 : 1;
    turns->current = delivery->publisher_epoch;
    if (turns->run > turns->longest) {
        turns->longest = turns->run;
    }
}

// Two publishers of a topic are both heard, each in its own order.
static void test_local_reads_publishers_in_turn(void **state)
{
    (void)state;
    enum { MANY = 150 };
    struct fixture fixture;
    struct myc_publisher *second = NULL;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    fixture_match(&fixture);
    assert_int_equal(
        myc_publisher_create(fixture.buses[0], &fixture.waiters[0], "alpha", NULL, &second, NULL),
        MYC_OK);
    for (uint64_t value = 1; value <= MANY; value++) {
        const struct message message = {.value = value, .twice = 2 * value};
        assert_int_equal(myc_publish(fixture.publisher, &alpha, &message, sizeof(message)), MYC_OK);
        assert_int_equal(myc_publish(second, &alpha, &message, sizeof(message)), MYC_OK);
    }
    struct turns turns = {.epochs = {fixture.publisher->epoch, second->epoch}};
    while (myc_subscriber_poll(fixture.subscriber, count_turn, NULL, &turns, 2 * MANY) > 0) {
    }
    assert_int_equal(turns.delivered, 2 * MANY);
    assert_false(turns.is_out_of_order);
    // The order rotates, so one may end a round and begin the next.
    assert_true(turns.longest <= 128);
    fixture_close(&fixture);
}

// A message shorter than its type would be refused by every other process, so it is refused here.
static void test_local_refuses_a_short_message(void **state)
{
    (void)state;
    struct fixture fixture;
    void *payload = NULL;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    fixture_match(&fixture);
    assert_int_equal(
        myc_publisher_claim(fixture.publisher, &alpha, alpha.size - 1, &payload), MYC_INVALID);
    assert_int_equal(myc_publisher_claim(fixture.publisher, &alpha, alpha.size, &payload), MYC_OK);
    assert_int_equal(myc_publisher_commit(fixture.publisher, alpha.size - 1), MYC_INVALID);
    assert_int_equal(myc_publisher_accepted(fixture.publisher), 0);
    fixture_close(&fixture);
}

static void fill_ring(struct fixture *fixture)
{
    enum myc_status status = MYC_OK;
    uint32_t count = 0;
    while (status == MYC_OK) {
        status = fixture_publish(fixture);
        assert_true(count++ < RING_BYTES);
    }
    assert_int_equal(status, MYC_FULL);
}

// With REJECT a full ring refuses at once, uses up no number, and takes more once it was read.
static void test_local_rejects_when_full(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    fixture_match(&fixture);
    fill_ring(&fixture);
    uint64_t accepted = myc_publisher_accepted(fixture.publisher);
    assert_int_equal(fixture_publish(&fixture), MYC_FULL);
    assert_int_equal(myc_publisher_accepted(fixture.publisher), accepted);
    fixture_check_account(&fixture, accepted);
    assert_int_equal(fixture_poll(&fixture), accepted < 64 ? accepted : 64);
    while (fixture_poll(&fixture) > 0) {
    }
    assert_int_equal(fixture.seen.last, accepted);
    assert_int_equal(fixture_publish(&fixture), MYC_OK);
    fixture_close(&fixture);
}

// With DROP_NEWEST a full ring loses the newest: counted, and told before the next message.
static void test_local_tells_what_it_dropped(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_notice notice;
    struct myc_close_report report;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    fixture_match_with(&fixture, MYC_FULL_DROP_NEWEST);
    uint64_t dropped = 0;
    for (uint64_t number = 1; number <= 3000; number++) {
        struct message message = {.value = number, .twice = 2 * number};
        enum myc_status status = myc_publish(fixture.publisher, &alpha, &message, sizeof(message));
        assert_true(status == MYC_OK || status == MYC_FULL);
        dropped += status == MYC_FULL ? 1 : 0;
        if (number % 700 == 0) {
            while (fixture_poll(&fixture) > 0) {
            }
            // The number of a message is its place among all, dropped or not.
            assert_int_equal(fixture.seen.last, fixture.seen.last_value);
        }
    }
    assert_true(dropped > 0);
    // What is pending finds no room yet; once there is some, flush tells it without a message.
    assert_int_equal(myc_publisher_flush(fixture.publisher), MYC_OK);
    while (fixture_poll(&fixture) > 0) {
    }
    assert_int_equal(myc_publisher_flush(fixture.publisher), MYC_OK);
    while (fixture_poll(&fixture) > 0) {
    }
    fixture_check_account(&fixture, 0);
    assert_int_equal(fixture.seen.lost, dropped);
    assert_int_equal(fixture.seen.last, 3000);
    assert_true(seen_notices(&fixture.seen, MYC_NOTICE_GAP, &notice) > 0);
    assert_int_equal(notice.cause, MYC_LOSS_DROPPED_NEWEST);
    assert_int_equal(myc_publisher_close(fixture.publisher, 0, &report), MYC_OK);
    assert_int_equal(report.accepted, 3000);
    assert_int_equal(report.dropped, dropped);
    assert_int_equal(report.untold, 0);
    fixture_close(&fixture);
}

// A close that finds no room to tell what was dropped says how many nobody was told of.
static void test_local_close_counts_what_it_could_not_tell(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_close_report report;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    fixture_match_with(&fixture, MYC_FULL_DROP_NEWEST);
    fill_ring(&fixture);
    uint64_t accepted = myc_publisher_accepted(fixture.publisher);
    assert_int_equal(fixture_publish(&fixture), MYC_FULL);
    assert_int_equal(myc_publisher_close(fixture.publisher, 0, &report), MYC_TIMEOUT);
    assert_int_equal(report.dropped, 2);
    assert_true(report.untold == 2 || report.untold == 0);
    assert_int_equal(report.accepted + report.untold, accepted + 2);
    assert_int_equal(report.undelivered, report.accepted);
    fixture_close(&fixture);
}

// With BLOCK a full ring waits its timeout, and no longer once cancelled; it takes no number.
static void test_local_blocks_until_timeout_or_cancel(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_publisher *patient = NULL;
    struct myc_publisher_options options = {.block_timeout_ns = 1000000};
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    assert_int_equal(
        myc_subscriber_create(
            fixture.buses[0], &fixture.waiters[0], "alpha", &fixture.subscriber, NULL),
        MYC_OK);
    assert_int_equal(
        myc_publisher_create(
            fixture.buses[0], &fixture.waiters[0], "alpha", &options, &patient, NULL),
        MYC_OK);
    fixture.publisher = patient;
    enum myc_status status = MYC_OK;
    while (status == MYC_OK) {
        status = fixture_publish(&fixture);
    }
    assert_int_equal(status, MYC_TIMEOUT);
    uint64_t accepted = myc_publisher_accepted(patient);
    myc_publisher_cancel(patient);
    assert_int_equal(fixture_publish(&fixture), MYC_CANCELLED);
    assert_int_equal(myc_publisher_accepted(patient), accepted);
    assert_int_equal(myc_publisher_await_subscribers(patient, 9, MYC_NEVER), MYC_CANCELLED);
    fixture_close(&fixture);
}

// Wrong calls are refused and change nothing.
static void test_local_refuses_wrong_calls(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_publisher *publisher = NULL;
    struct myc_subscriber *subscriber = NULL;
    struct myc_diagnostic diagnostic;
    unsigned char big[RING_BYTES] = {0};
    void *payload = NULL;
    void *second = NULL;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    assert_int_equal(
        myc_publisher_create(
            fixture.buses[0], &fixture.waiters[0], "gamma", NULL, &publisher, &diagnostic),
        MYC_NOT_FOUND);
    assert_non_null(strstr(diagnostic.text, "gamma"));
    assert_int_equal(
        myc_subscriber_create(
            fixture.buses[0], &fixture.waiters[0], "gamma", &subscriber, &diagnostic),
        MYC_NOT_FOUND);
    fixture_match(&fixture);
    assert_int_equal(myc_publish(fixture.publisher, &beta, big, 8), MYC_INVALID);
    assert_int_equal(myc_publish(fixture.publisher, &alpha, big, sizeof(big)), MYC_TOO_BIG);
    assert_int_equal(myc_publisher_commit(fixture.publisher, 16), MYC_INVALID);
    assert_int_equal(myc_publisher_claim(fixture.publisher, &alpha, 16, &payload), MYC_OK);
    assert_int_equal(myc_publisher_claim(fixture.publisher, &alpha, 16, &second), MYC_INVALID);
    assert_int_equal(myc_publisher_commit(fixture.publisher, 24), MYC_INVALID);
    assert_int_equal(myc_publisher_claim(fixture.publisher, &alpha, 16, &payload), MYC_OK);
    myc_publisher_abort(fixture.publisher);
    assert_int_equal(myc_publisher_accepted(fixture.publisher), 0);
    fixture_publish_many(&fixture, 1);
    assert_int_equal(fixture_poll(&fixture), 1);
    fixture_close(&fixture);
}

// Without a subscriber a message is accepted, counted and gone.
static void test_local_publishes_to_nobody(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_close_report report;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    assert_int_equal(
        myc_publisher_create(
            fixture.buses[0], &fixture.waiters[0], "alpha", NULL, &fixture.publisher, NULL),
        MYC_OK);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(fixture_publish(&fixture), MYC_NO_SUBSCRIBER);
    }
    assert_int_equal(myc_publisher_close(fixture.publisher, 0, &report), MYC_OK);
    assert_int_equal(report.accepted, 1000);
    assert_int_equal(report.undelivered, 0);
    fixture_close(&fixture);
}

// A close that times out counts what is missing; the subscriber still reads it, then hears the end.
static void test_local_reports_what_a_close_left_behind(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_close_report report;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    fixture_match(&fixture);
    fixture_publish_many(&fixture, 6);
    assert_int_equal(myc_publisher_close(fixture.publisher, 0, &report), MYC_TIMEOUT);
    assert_int_equal(report.accepted, 6);
    assert_int_equal(report.undelivered, 6);
    assert_int_equal(myc_publisher_close(fixture.publisher, 0, NULL), MYC_OK);
    FIXTURE_UNTIL(&fixture, true, fixture.seen.notice_count == 2);
    assert_int_equal(fixture.seen.notices[1].kind, MYC_NOTICE_UNMATCHED);
    assert_int_equal(fixture.seen.notices[1].last, 6);
    fixture_check_account(&fixture, 0);
    assert_int_equal(fixture_publish(&fixture), MYC_CLOSED);
    fixture_close(&fixture);
}

// A handler that closes its own subscriber gets nothing more, and the slot is free once.
static void test_local_lets_a_handler_close_its_subscriber(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    fixture_match(&fixture);
    fixture_publish_many(&fixture, 20);
    fixture.seen.close_in_handler = fixture.subscriber;
    assert_int_equal(fixture_poll(&fixture), 1);
    assert_int_equal(fixture.seen.delivered, 1);
    assert_int_equal(myc_subscriber_matched(fixture.subscriber), 0);
    assert_int_equal(myc_load_relaxed_u32(&fixture.publisher->matched), 0);
    assert_int_equal(fixture_publish(&fixture), MYC_NO_SUBSCRIBER);
    fixture_close(&fixture);
}

// Publishers of one topic are told apart, read in turn, and each has its identity in its ring.
static void test_local_gives_each_publisher_an_identity(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_publisher *second = NULL;
    struct myc_ring_origin origin;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    fixture_match(&fixture);
    assert_int_equal(
        myc_publisher_create(fixture.buses[0], &fixture.waiters[0], "alpha", NULL, &second, NULL),
        MYC_OK);
    assert_true(second->epoch != fixture.publisher->epoch);
    assert_int_equal(fixture_poll(&fixture), 0);
    assert_int_equal(fixture.seen.notice_count, 2);
    assert_int_equal(myc_subscriber_matched(fixture.subscriber), 2);
    myc_ring_reader_origin(&fixture.subscriber->sources[1].reader, &origin);
    assert_int_equal(origin.publisher_id, second->id);
    assert_true(origin.publisher_epoch == second->epoch);
    fixture_close(&fixture);
}

// The publishers beyond the sixteenth are not read, and the subscriber is told so; when another one
// has closed they are.
static void test_local_tells_of_publishers_it_does_not_read(void **state)
{
    (void)state;
    enum { MANY = MYC_SOURCES_MAX + 2 };
    struct fixture fixture;
    struct myc_publisher *publishers[MANY];
    struct myc_subscriber_counts counts;
    struct myc_notice notice;
    char text[256];
    const struct message message = {.value = 1, .twice = 2};
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    fixture_match(&fixture);
    publishers[0] = fixture.publisher;
    for (uint32_t i = 1; i < MANY; i++) {
        assert_int_equal(
            myc_publisher_create(
                fixture.buses[0], &fixture.waiters[0], "alpha", NULL, &publishers[i], NULL),
            MYC_OK);
    }
    FIXTURE_UNTIL(
        &fixture, true, seen_notices(&fixture.seen, MYC_NOTICE_TURNED_AWAY, &notice) == 1);
    assert_int_equal(notice.count, 2);
    myc_notice_describe(&notice, text, sizeof(text));
    assert_string_equal(
        text,
        "TURNED_AWAY of alpha: publishers are not read, because a subscriber reads at most 16: 2");
    myc_subscriber_counts(fixture.subscriber, &counts);
    assert_int_equal(counts.turned_away, 2);
    assert_int_equal(
        myc_publish(publishers[MANY - 1], &alpha, &message, sizeof(message)), MYC_NO_SUBSCRIBER);
    assert_int_equal(myc_publisher_close(publishers[0], 0, NULL), MYC_OK);
    assert_int_equal(myc_publisher_close(publishers[1], 0, NULL), MYC_OK);
    FIXTURE_UNTIL(&fixture, true, myc_load_relaxed_u32(&publishers[MANY - 1]->matched) == 1);
    assert_int_equal(myc_publish(publishers[MANY - 1], &alpha, &message, sizeof(message)), MYC_OK);
    (void)fixture_poll(&fixture);
    myc_subscriber_counts(fixture.subscriber, &counts);
    assert_int_equal(counts.turned_away, 0);
    assert_int_equal(seen_notices(&fixture.seen, MYC_NOTICE_TURNED_AWAY, NULL), 1);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local_delivers_in_order),
        cmocka_unit_test(test_local_feeds_every_subscriber),
        cmocka_unit_test(test_local_counts_notices_without_room),
        cmocka_unit_test(test_local_reads_publishers_in_turn),
        cmocka_unit_test(test_local_refuses_a_short_message),
        cmocka_unit_test(test_local_rejects_when_full),
        cmocka_unit_test(test_local_tells_what_it_dropped),
        cmocka_unit_test(test_local_close_counts_what_it_could_not_tell),
        cmocka_unit_test(test_local_blocks_until_timeout_or_cancel),
        cmocka_unit_test(test_local_refuses_wrong_calls),
        cmocka_unit_test(test_local_publishes_to_nobody),
        cmocka_unit_test(test_local_reports_what_a_close_left_behind),
        cmocka_unit_test(test_local_lets_a_handler_close_its_subscriber),
        cmocka_unit_test(test_local_gives_each_publisher_an_identity),
        cmocka_unit_test(test_local_tells_of_publishers_it_does_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
