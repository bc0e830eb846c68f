// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A publisher and a subscriber on two nodes, over shared memory, Unix sockets and TCP: what they
 * hear of each other when all goes well, when one leaves, and when something breaks.
 */
#include "unit/bus/bus_fixture.h"

#include <mycelium/interface/poller.h>

static const enum myc_transport_kind kinds[] = {
    MYC_TRANSPORT_SHM, MYC_TRANSPORT_UNIX, MYC_TRANSPORT_TCP};
enum { KINDS = 3 };

// The stream that carries the publisher's data, at its sending end.
static struct myc_handle outlet_stream(const struct fixture *fixture)
{
    for (uint32_t i = 0; i < MYC_OUTLETS_MAX; i++) {
        if (fixture->buses[0]->outlets[i].is_used) {
            return fixture->buses[0]->outlets[i].outlet.channel.stream;
        }
    }
    fail();
    return (struct myc_handle){0};
}

static size_t
publisher_notices(struct fixture *fixture, enum myc_notice_kind kind, struct myc_notice *out_last)
{
    size_t count = 0;
    struct myc_notice notice;
    while (myc_publisher_notice(fixture->publisher, &notice) == MYC_OK) {
        if (notice.kind == kind) {
            *out_last = notice;
            count++;
        }
    }
    return count;
}

// Messages arrive in order and complete, many rings full of them.
static void test_pair_delivers_in_order(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        uint64_t accepted = 0;
        fixture_open(&fixture, kinds[kind]);
        fixture_match(&fixture);
        while (accepted < 3000) {
            enum myc_status status = fixture_publish(&fixture);
            assert_true(status == MYC_OK || status == MYC_FULL);
            accepted += status == MYC_OK;
            if (status == MYC_FULL) {
                fixture_work(&fixture);
                (void)fixture_poll(&fixture);
            }
        }
        FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 3000);
        assert_int_equal(fixture.seen.last_value, 3000);
        fixture_check_account(&fixture, 0);
        fixture_close(&fixture);
    }
}

// Once matched, nothing asks for memory: not for messages, nor for a broken connection's return.
static void test_pair_allocates_nothing_while_messages_flow(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        fixture_open(&fixture, kinds[kind]);
        fixture_match(&fixture);
        struct closed_memory closed = {
            .base = {.ops = &closed_memory_ops}, .inner = fixture.platform->memory};
        fixture.platform->memory = &closed.base;
        for (uint32_t round = 1; round <= 20; round++) {
            fixture_publish_many(&fixture, 20);
            FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 20 * round);
        }
        if (kinds[kind] != MYC_TRANSPORT_SHM) {
            myc_stream_shutdown(fixture.platform->stream, outlet_stream(&fixture));
            uint64_t base = fixture.seen.last;
            FIXTURE_UNTIL(
                &fixture,
                true,
                fixture_publish(&fixture) == MYC_OK && fixture.seen.last > base + 1);
        }
        assert_int_equal(closed.requests, 0);
        fixture.platform->memory = closed.inner;
        fixture_close(&fixture);
    }
}

// A publisher that closes after everything arrived is UNMATCHED at the other side, not dead.
static void test_pair_hears_a_close_after_the_last_message(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        struct myc_close_report report;
        struct myc_notice notice;
        enum myc_status status = MYC_TIMEOUT;
        fixture_open(&fixture, kinds[kind]);
        fixture_match(&fixture);
        fixture_publish_many(&fixture, 10);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 10);
        if (kinds[kind] != MYC_TRANSPORT_SHM) {
            // The acknowledgement needs another turn of both.
            FIXTURE_UNTIL(
                &fixture,
                true,
                myc_load_relaxed_u64(&fixture.buses[0]->outlets[0].outlet.acknowledged) == 10);
        }
        status = myc_publisher_close(fixture.publisher, 0, &report);
        assert_int_equal(status, MYC_OK);
        assert_int_equal(report.accepted, 10);
        assert_int_equal(report.undelivered, 0);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.notice_count == 2);
        assert_int_equal(seen_notices(&fixture.seen, MYC_NOTICE_UNMATCHED, &notice), 1);
        assert_int_equal(notice.last, 10);
        fixture_check_account(&fixture, 0);
        assert_int_equal(fixture_publish(&fixture), MYC_CLOSED);
        assert_int_equal(myc_subscriber_matched(fixture.subscriber), 0);
        fixture_close(&fixture);
    }
}

// A close that times out says how much was missing, and the subscriber still gets it.
static void test_pair_reports_what_a_close_left_behind(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        struct myc_close_report report;
        struct myc_notice notice;
        fixture_open(&fixture, kinds[kind]);
        fixture_match(&fixture);
        fixture_publish_many(&fixture, 7);
        assert_int_equal(myc_publisher_close(fixture.publisher, 0, &report), MYC_TIMEOUT);
        assert_int_equal(report.undelivered, 7);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.notice_count == 2);
        assert_int_equal(seen_notices(&fixture.seen, MYC_NOTICE_UNMATCHED, &notice), 1);
        assert_int_equal(notice.last, 7);
        fixture_check_account(&fixture, 0);
        fixture_close(&fixture);
    }
}

// Over shared memory a node that closed and went leaves its messages behind, and is not called
// dead.
static void test_pair_reads_on_after_the_node_said_goodbye(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_notice notice;
    fixture_open(&fixture, MYC_TRANSPORT_SHM);
    fixture_match(&fixture);
    fixture_publish_many(&fixture, 7);
    assert_int_equal(myc_publisher_close(fixture.publisher, 0, NULL), MYC_TIMEOUT);
    fixture_close_side(&fixture, 0);
    FIXTURE_UNTIL(&fixture, true, fixture.seen.notice_count == 2);
    assert_int_equal(fixture.seen.delivered, 7);
    assert_int_equal(seen_notices(&fixture.seen, MYC_NOTICE_UNMATCHED, &notice), 1);
    assert_int_equal(notice.last, 7);
    fixture_close(&fixture);
}

// A subscriber that closes no longer holds its publisher up, and the publisher hears of it.
static void test_pair_frees_the_slot_of_a_subscriber_that_closes(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        struct myc_notice notice;
        size_t heard = 0;
        fixture_open(&fixture, kinds[kind]);
        fixture_match(&fixture);
        while (fixture_publish(&fixture) == MYC_OK
               && myc_publisher_accepted(fixture.publisher) < 200000) {
        }
        assert_int_equal(fixture_publish(&fixture), MYC_FULL);
        myc_subscriber_close(fixture.subscriber);
        FIXTURE_UNTIL(
            &fixture,
            false,
            (heard += publisher_notices(&fixture, MYC_NOTICE_UNMATCHED, &notice)) == 1);
        assert_int_equal(fixture_publish(&fixture), MYC_NO_SUBSCRIBER);
        assert_int_equal(fixture_poll(&fixture), 0);
        fixture_close(&fixture);
    }
}

// A handler may close its own subscription: nothing is delivered after it, nothing is unmapped
// under it.
static void test_pair_lets_a_handler_close_its_subscriber(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        fixture_open(&fixture, kinds[kind]);
        fixture_match(&fixture);
        fixture_publish_many(&fixture, 20);
        fixture.seen.close_in_handler = fixture.subscriber;
        FIXTURE_UNTIL(&fixture, true, fixture.seen.delivered == 1);
        FIXTURE_UNTIL(&fixture, true, myc_load_relaxed_u32(&fixture.publisher->matched) == 0);
        assert_int_equal(fixture.seen.delivered, 1);
        assert_int_equal(myc_subscriber_matched(fixture.subscriber), 0);
        fixture_close(&fixture);
    }
}

// A broken data connection is dialled again; what was published meanwhile is one exact GAP.
static void test_pair_counts_what_a_broken_connection_lost(void **state)
{
    (void)state;
    for (int kind = 1; kind < KINDS; kind++) {
        struct fixture fixture;
        struct myc_notice notice;
        fixture_open(&fixture, kinds[kind]);
        fixture_match(&fixture);
        fixture_publish_many(&fixture, 10);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 10);
        myc_stream_shutdown(fixture.platform->stream, outlet_stream(&fixture));
        fixture_publish_many(&fixture, 5);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 15);
        assert_int_equal(seen_notices(&fixture.seen, MYC_NOTICE_GAP, &notice), 1);
        assert_int_equal(notice.count, 5);
        assert_int_equal(notice.first, 11);
        assert_int_equal(notice.cause, MYC_LOSS_DISCONNECTED);
        fixture_publish_many(&fixture, 3);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 18);
        assert_int_equal(fixture.seen.delivered, 13);
        assert_int_equal(seen_notices(&fixture.seen, MYC_NOTICE_PEER_DIED, NULL), 0);
        fixture_check_account(&fixture, 0);
        fixture_close(&fixture);
    }
}

// A peer that ends without goodbye has died: everything it sent is delivered first. Its successor
// is a restart.
static void test_pair_tells_death_and_restart(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct fixture fixture;
        struct myc_notice notice;
        fixture_open(&fixture, kinds[kind]);
        fixture_match(&fixture);
        fixture_publish_many(&fixture, 10);
        // As if the process had ended: the control connection breaks off without BYE.
        myc_stream_shutdown(fixture.platform->stream, fixture.buses[0]->links[1].channel.stream);
        for (int i = 0; i < 5; i++) {
            (void)myc_bus_work(fixture.buses[1], 0);
        }
        fixture_close_side(&fixture, 0);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.notice_count == 2);
        assert_int_equal(fixture.seen.delivered, 10);
        assert_int_equal(seen_notices(&fixture.seen, MYC_NOTICE_PEER_DIED, &notice), 1);
        assert_int_equal(notice.last, 10);
        assert_int_equal(notice.is_tail_unknown, kinds[kind] != MYC_TRANSPORT_SHM);
        assert_string_equal(notice.node, "left");

        fixture_open_side(&fixture, 0);
        assert_int_equal(
            myc_publisher_create(
                fixture.buses[0], &fixture.waiters[0], "alpha", NULL, &fixture.publisher, NULL),
            MYC_OK);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.notice_count == 3);
        assert_int_equal(fixture.seen.notices[2].kind, MYC_NOTICE_PEER_RESTARTED);
        assert_true(fixture.seen.notices[2].publisher_epoch != notice.publisher_epoch);
        fixture_publish_many(&fixture, 4);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 4);
        fixture_check_account(&fixture, 0);
        fixture_close(&fixture);
    }
}

// The publisher hears of a dead subscriber, with what it did not acknowledge, and is not held up.
static void test_pair_tells_the_publisher_of_a_dead_subscriber(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct fixture fixture;
        struct myc_notice notice;
        size_t heard = 0;
        fixture_open(&fixture, kinds[kind]);
        fixture_match(&fixture);
        fixture_publish_many(&fixture, 10);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 10);
        FIXTURE_UNTIL(
            &fixture,
            true,
            kinds[kind] == MYC_TRANSPORT_SHM
                || myc_load_relaxed_u64(&fixture.buses[0]->outlets[0].outlet.acknowledged) == 10);
        fixture_publish_many(&fixture, 4);
        myc_stream_shutdown(fixture.platform->stream, fixture.buses[1]->links[0].channel.stream);
        // In shared memory a process that runs, as ours does, first gets time to say that it left.
        uint64_t end_ns = myc_clock_monotonic_ns(fixture.platform->clock) + patience_ns;
        while (heard == 0 && myc_clock_monotonic_ns(fixture.platform->clock) < end_ns) {
            // A turn goes on beyond the end of a time it waits for, until there is an event.
            uint64_t now_ns = myc_clock_monotonic_ns(fixture.platform->clock);
            (void)myc_bus_work(fixture.buses[0], now_ns + 10000000);
            heard = publisher_notices(&fixture, MYC_NOTICE_PEER_DIED, &notice);
        }
        assert_int_equal(heard, 1);
        assert_int_equal(notice.last, 10);
        assert_int_equal(notice.count, 4);
        assert_int_equal(fixture_publish(&fixture), MYC_NO_SUBSCRIBER);
        fixture_close(&fixture);
    }
}

// A reader whose link broke while it lives keeps what it has not read: the publisher gets no room
// from it until it left, and then at once.
static void test_pair_waits_for_a_reader_that_lost_its_link(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_notice notice;
    fixture_open(&fixture, MYC_TRANSPORT_SHM);
    fixture.buses[0]->options.link_grace_ns = patience_ns;
    fixture_match(&fixture);
    while (fixture_publish(&fixture) == MYC_OK) {
    }
    uint64_t accepted = myc_publisher_accepted(fixture.publisher);
    myc_stream_shutdown(fixture.platform->stream, fixture.buses[1]->links[0].channel.stream);
    for (int i = 0; i < 5; i++) {
        (void)myc_bus_work(fixture.buses[0], 0);
    }
    assert_int_equal(fixture.buses[0]->lingering, 1);
    assert_int_equal(publisher_notices(&fixture, MYC_NOTICE_PEER_DIED, &notice), 0);
    assert_int_equal(fixture_publish(&fixture), MYC_FULL);
    FIXTURE_UNTIL(&fixture, true, seen_notices(&fixture.seen, MYC_NOTICE_PEER_DIED, &notice) == 1);
    assert_int_equal(notice.last, accepted);
    assert_int_equal(fixture.seen.delivered, accepted);
    FIXTURE_UNTIL(&fixture, true, fixture.buses[0]->lingering == 0);
    FIXTURE_UNTIL(
        &fixture, true, seen_notices(&fixture.seen, MYC_NOTICE_PEER_RESTARTED, NULL) == 1);
    fixture_publish_many(&fixture, 3);
    FIXTURE_UNTIL(&fixture, true, fixture.seen.last == accepted + 3);
    assert_int_equal(seen_notices(&fixture.seen, MYC_NOTICE_FENCED, NULL), 0);
    fixture_close(&fixture);
}

static void hold_up(const struct myc_delivery *delivery, void *context)
{
    struct fixture *fixture = context;
    const uint64_t rounds = RING_BYTES;
    (void)delivery;
    // The link breaks; this reader takes its time, and meanwhile the ring is written over.
    myc_stream_shutdown(fixture->platform->stream, fixture->buses[1]->links[0].channel.stream);
    while (fixture->buses[0]->lingering == 0) {
        (void)myc_bus_work(fixture->buses[0], 0);
    }
    while (fixture->buses[0]->lingering > 0) {
        (void)myc_bus_work(fixture->buses[0], 0);
    }
    for (uint64_t i = 0; i < rounds; i++) {
        assert_int_equal(fixture_publish(fixture), MYC_NO_SUBSCRIBER);
    }
}

static void keep_notice(const struct myc_notice *notice, void *context)
{
    struct fixture *fixture = context;
    fixture->seen.notices[fixture->seen.notice_count++] = *notice;
}

// A reader that does not come back in time is taken out, and told what it must not believe.
static void test_pair_tells_a_reader_that_was_overwritten(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, MYC_TRANSPORT_SHM);
    fixture.buses[0]->options.link_grace_ns = 1000000;
    fixture_match(&fixture);
    fixture_publish_many(&fixture, 1);
    FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 1);
    size_t before = fixture.seen.notice_count;
    fixture_publish_many(&fixture, 1);
    assert_int_equal(myc_subscriber_poll(fixture.subscriber, hold_up, keep_notice, &fixture, 1), 1);
    assert_int_equal(fixture.seen.notice_count, before + 1);
    const struct myc_notice *notice = &fixture.seen.notices[before];
    assert_int_equal(notice->kind, MYC_NOTICE_FENCED);
    assert_int_equal(notice->last, 1);
    assert_int_equal(notice->count, 1);
    char text[256];
    myc_notice_describe(notice, text, sizeof(text));
    assert_non_null(strstr(text, "not to be trusted 1"));
    fixture_close(&fixture);
}

// Times too long to add to the present one are no times: the links stay, and nothing is due.
static void test_pair_waits_for_ever_if_told_so(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        fixture_init(&fixture, kinds[kind]);
        for (int side = 0; side < SIDES_MAX; side++) {
            struct myc_bus_options options = {
                .topology = &fixture.topology,
                .node = side == 0 ? "left" : "right",
                .contract = &fixture_contract,
                .ring_bytes = RING_BYTES,
                .handshake_timeout_ns = UINT64_MAX - 1,
                .link_grace_ns = UINT64_MAX,
                .heartbeat_ns = UINT64_MAX - 1,
                .heartbeat_timeout_ns = side == 0 ? UINT64_MAX : 0};
            assert_int_equal(myc_waiter_open(&fixture.waiters[side], fixture.platform), MYC_OK);
            assert_int_equal(
                myc_bus_create(fixture.platform, &options, &fixture.buses[side], NULL), MYC_OK);
        }
        fixture_match(&fixture);
        fixture_publish_many(&fixture, 10);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 10);
        for (int i = 0; i < 100; i++) {
            fixture_work(&fixture);
        }
        assert_int_equal(fixture.buses[0]->links[1].state, MYC__LINK_UP);
        assert_int_equal(seen_notices(&fixture.seen, MYC_NOTICE_MATCHED, NULL), 1);
        assert_int_equal(fixture.seen.notice_count, 1);
        fixture_check_account(&fixture, 0);
        fixture_close(&fixture);
    }
}

// Another publisher's subscription to a publisher that has just closed must not cost the link.
static void test_pair_keeps_the_link_when_a_publisher_closed_first(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        struct myc_publisher *closed = NULL;
        struct myc_subscriber *late = NULL;
        fixture_open(&fixture, kinds[kind]);
        assert_int_equal(
            myc_publisher_create(
                fixture.buses[0], &fixture.waiters[0], "beta", NULL, &closed, NULL),
            MYC_OK);
        fixture_match(&fixture);
        assert_int_equal(myc_publisher_close(closed, 0, NULL), MYC_OK);
        assert_int_equal(
            myc_subscriber_create(fixture.buses[1], &fixture.waiters[1], "beta", &late, NULL),
            MYC_OK);
        fixture_publish_many(&fixture, 5);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 5);
        for (int i = 0; i < 20; i++) {
            fixture_work(&fixture);
            (void)fixture_poll(&fixture);
        }
        assert_int_equal(fixture.seen.notice_count, 1);
        assert_int_equal(myc_subscriber_matched(late), 0);
        fixture_check_account(&fixture, 0);
        fixture_close(&fixture);
    }
}

// A subscriber that is too slow, and a publisher that dies meanwhile: the agent sleeps all the same
// until there is room, and then everything is delivered.
static void test_pair_sleeps_while_the_image_is_full_and_the_peer_gone(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, MYC_TRANSPORT_UNIX);
    fixture_match(&fixture);
    while (fixture_publish(&fixture) == MYC_OK) {
    }
    FIXTURE_UNTIL(&fixture, false, fixture.buses[1]->images[0].image.is_full);
    uint64_t accepted = myc_publisher_accepted(fixture.publisher);
    myc_stream_shutdown(fixture.platform->stream, fixture.buses[0]->links[1].channel.stream);
    fixture_close_side(&fixture, 0);
    // It may take some turns to hear of the death, but then nothing is ready.
    uint32_t idle = 0;
    for (int i = 0; i < 100; i++) {
        idle = myc_bus_work(fixture.buses[1], 0) == 0 ? idle + 1 : 0;
    }
    assert_true(idle > 50);
    FIXTURE_UNTIL(&fixture, true, seen_notices(&fixture.seen, MYC_NOTICE_PEER_DIED, NULL) == 1);
    assert_true(fixture.seen.delivered > RING_BYTES / 24 / 2);
    assert_true(fixture.seen.delivered <= accepted);
    assert_false(fixture.seen.is_out_of_order);
    fixture_close(&fixture);
}

// What a turn receives before it would wait, from a connection that had been full, is work: the
// turn says so, and does not sleep on it.
static void test_pair_counts_what_it_received_before_waiting(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, MYC_TRANSPORT_UNIX);
    fixture_match(&fixture);
    while (!fixture.buses[1]->images[0].image.is_full) {
        assert_int_equal(fixture_publish(&fixture), MYC_OK);
        fixture_work(&fixture);
    }
    assert_int_equal(fixture_publish(&fixture), MYC_OK);
    while (fixture_poll(&fixture) > 0) {
    }
    uint64_t before = fixture.seen.last;
    assert_true(before < myc_publisher_accepted(fixture.publisher));
    // The reader's ring would end a wait as well.
    myc_doorbell_clear(fixture.platform->poller, fixture.buses[1]->doorbell);
    uint64_t now_ns = myc_clock_monotonic_ns(fixture.platform->clock);
    assert_true(myc_bus_work(fixture.buses[1], now_ns + 5000000000) > 0);
    while (fixture_poll(&fixture) > 0) {
    }
    assert_true(fixture.seen.last > before);
    FIXTURE_UNTIL(&fixture, true, fixture.seen.last == myc_publisher_accepted(fixture.publisher));
    assert_false(fixture.seen.is_out_of_order);
    fixture_close(&fixture);
}

// [BUS-1] A message that breaks its contract is not delivered but told, with its field; the stream
// goes on behind it.
static void test_pair_passes_over_who_breaks_the_contract(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        struct message bad = {.value = 1, .twice = 3};
        struct myc_notice notice = {0};
        struct myc_subscriber_counts counts;
        fixture_open(&fixture, kinds[kind]);
        fixture_match(&fixture);
        fixture_publish_many(&fixture, 2);
        assert_int_equal(myc_publish(fixture.publisher, &alpha, &bad, sizeof(bad)), MYC_OK);
        fixture.seen.last_value = 0;
        FIXTURE_UNTIL(
            &fixture, true, seen_notices(&fixture.seen, MYC_NOTICE_INVALID, &notice) == 1);
        assert_int_equal(fixture.seen.last_value, 2);
        assert_int_equal(notice.last, 3);
        assert_int_equal(notice.type, alpha.id);
        assert_int_equal(notice.version, alpha.version);
        assert_string_equal(notice.message, "Alpha");
        assert_string_equal(notice.node, "left");
        fixture_publish_many(&fixture, 3);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 6);
        assert_int_equal(fixture.seen.last_value, 6);
        assert_int_equal(fixture.seen.delivered, 5);
        assert_int_equal(fixture.seen.notice_count, 2);
        myc_subscriber_counts(fixture.subscriber, &counts);
        assert_int_equal(counts.invalid, 1);
        assert_int_equal(counts.delivered, 5);
        fixture_close(&fixture);
    }
}

// A bus that closes waits only a moment for its peer's answer, though a data connection of the two
// has an end waiting to be read all the time.
static void test_pair_closes_although_the_peer_is_silent(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        fixture_open(&fixture, kinds[kind]);
        fixture_match(&fixture);
        if (kinds[kind] != MYC_TRANSPORT_SHM) {
            myc_stream_shutdown(
                fixture.platform->stream, fixture.buses[1]->images[0].image.channel.stream);
        }
        uint64_t start_ns = myc_clock_monotonic_ns(fixture.platform->clock);
        fixture_close_side(&fixture, 0);
        assert_true(myc_clock_monotonic_ns(fixture.platform->clock) - start_ns < patience_ns);
        fixture_close(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pair_delivers_in_order),
        cmocka_unit_test(test_pair_allocates_nothing_while_messages_flow),
        cmocka_unit_test(test_pair_hears_a_close_after_the_last_message),
        cmocka_unit_test(test_pair_reports_what_a_close_left_behind),
        cmocka_unit_test(test_pair_reads_on_after_the_node_said_goodbye),
        cmocka_unit_test(test_pair_frees_the_slot_of_a_subscriber_that_closes),
        cmocka_unit_test(test_pair_lets_a_handler_close_its_subscriber),
        cmocka_unit_test(test_pair_counts_what_a_broken_connection_lost),
        cmocka_unit_test(test_pair_tells_death_and_restart),
        cmocka_unit_test(test_pair_tells_the_publisher_of_a_dead_subscriber),
        cmocka_unit_test(test_pair_waits_for_a_reader_that_lost_its_link),
        cmocka_unit_test(test_pair_waits_for_ever_if_told_so),
        cmocka_unit_test(test_pair_tells_a_reader_that_was_overwritten),
        cmocka_unit_test(test_pair_keeps_the_link_when_a_publisher_closed_first),
        cmocka_unit_test(test_pair_sleeps_while_the_image_is_full_and_the_peer_gone),
        cmocka_unit_test(test_pair_counts_what_it_received_before_waiting),
        cmocka_unit_test(test_pair_passes_over_who_breaks_the_contract),
        cmocka_unit_test(test_pair_closes_although_the_peer_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
