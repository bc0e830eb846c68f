// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Messages by type id and bytes: published, subscribed to, and passed on unchanged.
 */
#include "unit/bus/bus_fixture.h"

#include <mycelium/raw.h>

enum { BYTES_MAX = 64 };

// The last message a raw subscriber was handed.
struct last {
    uint32_t count;
    uint16_t type;
    uint16_t version;
    uint32_t size;
    bool is_known;
    unsigned char bytes[BYTES_MAX];
    struct myc_publisher *relay; /* passes each on, if there is one */
};

static void on_raw(const struct myc_delivery *delivery, void *context)
{
    struct last *last = context;
    const struct myc_record *record = delivery->record;
    last->count++;
    last->type = record->type;
    last->version = record->version;
    last->size = record->size;
    last->is_known = delivery->type != NULL;
    assert_true(record->size <= BYTES_MAX);
    memcpy(last->bytes, record->payload, record->size);
    if (last->relay != NULL) {
        assert_int_equal(myc_relay(last->relay, record), MYC_OK);
    }
}

static struct myc_publisher *
raw_publisher(struct fixture *fixture, int side, const char *topic, bool is_raw)
{
    struct myc_publisher *publisher = NULL;
    const struct myc_publisher_options options = {.is_raw = is_raw};
    assert_int_equal(
        myc_publisher_create(
            fixture->buses[side], &fixture->waiters[side], topic, &options, &publisher, NULL),
        MYC_OK);
    return publisher;
}

static struct myc_subscriber *raw_subscriber(struct fixture *fixture, int side, const char *topic)
{
    struct myc_subscriber *subscriber = NULL;
    const struct myc_subscriber_options options = {.is_raw = true};
    assert_int_equal(
        myc_subscriber_create_with(
            fixture->buses[side], &fixture->waiters[side], topic, &options, &subscriber, NULL),
        MYC_OK);
    return subscriber;
}

static void poll_until(
    struct fixture *fixture, struct myc_subscriber *subscriber, struct last *last, uint32_t n)
{
    FIXTURE_UNTIL(
        fixture,
        false,
        (myc_subscriber_poll(subscriber, on_raw, NULL, last, 10), last->count >= n));
}

// [RAW-2] What a relay passes on keeps its type, version and every byte, of types that its contract
// knows, with more bytes than it knows of, and of types and topics that it does not know at all.
static void test_raw_relays_unchanged(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, MYC_TRANSPORT_SHM);
    struct myc_publisher *origin = raw_publisher(&fixture, 0, "alpha", false);
    struct myc_publisher *relay = raw_publisher(&fixture, 1, "far-away", true);
    struct myc_publisher *again = raw_publisher(&fixture, 1, "alpha", false);
    struct myc_subscriber *at_relay = raw_subscriber(&fixture, 1, "alpha");
    struct myc_subscriber *at_end = raw_subscriber(&fixture, 0, "far-away");
    struct last first = {.relay = relay};
    struct last second = {0};
    struct {
        struct message message;
        uint64_t unknown[3];
    } newer = {.message = {.value = 4, .twice = 8}, .unknown = {7, 8, 9}};
    FIXTURE_UNTIL(
        &fixture,
        false,
        myc_subscriber_matched(at_relay) == 2 && myc_subscriber_matched(at_end) == 1);
    assert_int_equal(myc_publish_raw(origin, 500, 12, "\1\2\3", 3), MYC_OK);
    poll_until(&fixture, at_relay, &first, 1);
    poll_until(&fixture, at_end, &second, 1);
    assert_int_equal(second.type, 500);
    assert_int_equal(second.version, 12);
    assert_int_equal(second.size, 3);
    assert_memory_equal(second.bytes, "\1\2\3", 3);
    assert_false(second.is_known);
    // Known types of another topic are not let in under this one.
    assert_int_equal(myc_publish_raw(relay, alpha.id, 2, &newer, sizeof(newer)), MYC_INVALID);
    first.relay = NULL;
    assert_int_equal(myc_publish_raw(origin, alpha.id, 2, &newer, sizeof(newer)), MYC_OK);
    poll_until(&fixture, at_relay, &first, 2);
    assert_true(first.is_known);
    assert_int_equal(first.version, 2);
    assert_int_equal(first.size, sizeof(newer));
    assert_memory_equal(first.bytes, &newer, sizeof(newer));
    (void)again;
    fixture_close(&fixture);
}

// [RAW-1] Bytes of a type that the contract knows are checked before they are published; type ids
// that are none, no bytes, and closed publishers are refused.
static void test_raw_checks_what_it_knows(void **state)
{
    (void)state;
    struct fixture fixture;
    const struct message good = {.value = 2, .twice = 4};
    const struct message bad = {.value = 2, .twice = 5};
    void *payload = NULL;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    struct myc_publisher *publisher = raw_publisher(&fixture, 0, "alpha", false);
    struct myc_subscriber *subscriber = raw_subscriber(&fixture, 0, "alpha");
    struct last last = {0};
    assert_int_equal(myc_publish_raw(publisher, alpha.id, 1, &bad, sizeof(bad)), MYC_INVALID);
    assert_int_equal(myc_publish_raw(publisher, alpha.id, 1, &good, 8), MYC_INVALID);
    assert_int_equal(myc_publish_raw(publisher, beta.id, 1, &good, 8), MYC_INVALID);
    assert_int_equal(myc_publish_raw(publisher, 0, 1, &good, 8), MYC_INVALID);
    assert_int_equal(
        myc_publish_raw(publisher, MYC_MESSAGE_TYPE_MAX + 1, 1, &good, 8), MYC_INVALID);
    assert_int_equal(myc_publish_raw(publisher, 500, 1, &good, 0), MYC_INVALID);
    assert_int_equal(myc_publisher_accepted(publisher), 0);
    assert_int_equal(myc_publish_raw(publisher, alpha.id, 1, &good, sizeof(good)), MYC_OK);
    assert_int_equal(myc_publisher_claim_raw(publisher, 500, 3, 24, &payload), MYC_OK);
    memset(payload, 9, 24);
    assert_int_equal(myc_publisher_commit(publisher, 17), MYC_OK);
    assert_int_equal(myc_subscriber_poll(subscriber, on_raw, NULL, &last, 10), 2);
    assert_int_equal(last.size, 17);
    assert_int_equal(last.type, 500);
    assert_int_equal(myc_publisher_close(publisher, 0, NULL), MYC_OK);
    assert_int_equal(myc_publish_raw(publisher, 500, 1, &good, 8), MYC_CLOSED);
    fixture_close(&fixture);
}

// A topic of nobody's contract must still look like one.
static void test_raw_refuses_topics_that_are_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "Upper", "a b", "0123456789012345678901234567890123456789012345678901234567890123"};
    struct fixture fixture;
    struct myc_diagnostic why;
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct myc_publisher *publisher = NULL;
        struct myc_subscriber *subscriber = NULL;
        const struct myc_publisher_options publishing = {.is_raw = true};
        const struct myc_subscriber_options reading = {.is_raw = true};
        assert_int_equal(
            myc_publisher_create(
                fixture.buses[0], &fixture.waiters[0], bad[i], &publishing, &publisher, &why),
            MYC_INVALID);
        assert_int_equal(
            myc_subscriber_create_with(
                fixture.buses[0], &fixture.waiters[0], bad[i], &reading, &subscriber, &why),
            MYC_INVALID);
        assert_non_null(strstr(why.text, "1 to 63 of a to z, 0 to 9 and -"));
    }
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw_relays_unchanged),
        cmocka_unit_test(test_raw_checks_what_it_knows),
        cmocka_unit_test(test_raw_refuses_topics_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
