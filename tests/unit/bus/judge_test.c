// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Which messages a subscriber is handed: types nobody knows, bytes that break the contract, and
 * messages that come before what they require.
 */
#include "unit/bus/bus_fixture.h"

#include <mycelium/raw.h>

enum { STRANGER = 99 };

static const uint16_t order_priors[] = {1, 40};
static const struct myc_message_type order = {
    .id = 3,
    .version = 1,
    .size = 8,
    .name = "Order",
    .topic = "alpha",
    .prior_count = 2, /* the second one is of another topic, and never asked for */
    .priors = order_priors,
};
static const struct myc_message_type elsewhere = {
    .id = 40, .version = 1, .size = 8, .name = "Elsewhere", .topic = "beta"};
static const struct myc_message_type *const ordered_messages[] = {&alpha, &order, &elsewhere};
static const struct myc_contract ordered_contract = {
    .name = "ordered",
    .id = 78,
    .version = 1,
    .min_compatible = 1,
    .message_count = 3,
    .messages = ordered_messages,
    .digest = {4},
};

static const struct myc_message_type stranger = {
    .id = STRANGER, .version = 7, .size = 8, .name = "Stranger", .topic = "alpha"};

static const enum myc_transport_kind kinds[] = {
    MYC_TRANSPORT_LOCAL, MYC_TRANSPORT_SHM, MYC_TRANSPORT_UNIX, MYC_TRANSPORT_TCP};
enum { KINDS = 4 };

static void open_with(
    struct fixture *fixture, enum myc_transport_kind kind, const struct myc_contract *contract)
{
    fixture_init(fixture, kind);
    for (uint32_t i = 0; i < fixture->topology.node_count; i++) {
        fixture->contracts[i] = contract;
        fixture_open_side(fixture, (int)i);
    }
}

// A matched pair whose subscriber reads as the options say.
static void match_with(struct fixture *fixture, const struct myc_subscriber_options *options)
{
    int right = fixture->buses[1] != NULL ? 1 : 0;
    assert_int_equal(
        myc_publisher_create(
            fixture->buses[0], &fixture->waiters[0], "alpha", NULL, &fixture->publisher, NULL),
        MYC_OK);
    assert_int_equal(
        myc_subscriber_create_with(
            fixture->buses[right],
            &fixture->waiters[right],
            "alpha",
            options,
            &fixture->subscriber,
            NULL),
        MYC_OK);
    FIXTURE_UNTIL(fixture, true, fixture->seen.notice_count == 1);
}

static void publish_type(struct fixture *fixture, const struct myc_message_type *type)
{
    const struct message message = {.value = 5, .twice = 10};
    enum myc_status status = myc_publish(fixture->publisher, type, &message, type->size);
    assert_true(status == MYC_OK || status == MYC_NO_SUBSCRIBER);
}

static struct myc_subscriber_counts counts_of(const struct fixture *fixture)
{
    struct myc_subscriber_counts counts;
    myc_subscriber_counts(fixture->subscriber, &counts);
    return counts;
}

// [BUS-3] By default a type that the contract does not know is passed over, counted, and told once.
static void test_judge_skips_unknown_types(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        struct myc_notice notice;
        open_with(&fixture, kinds[kind], &ordered_contract);
        match_with(&fixture, NULL);
        for (int i = 0; i < 3; i++) {
            publish_type(&fixture, &stranger);
        }
        publish_type(&fixture, &alpha);
        FIXTURE_UNTIL(&fixture, true, counts_of(&fixture).delivered == 1);
        assert_int_equal(fixture.seen.last, 4);
        assert_int_equal(counts_of(&fixture).unknown, 3);
        assert_int_equal(counts_of(&fixture).skipped, 3);
        assert_int_equal(seen_notices(&fixture.seen, MYC_NOTICE_UNKNOWN_TYPE, &notice), 1);
        assert_int_equal(notice.type, STRANGER);
        assert_int_equal(notice.version, 7);
        assert_int_equal(notice.last, 1);
        assert_null(notice.message);
        fixture_close(&fixture);
    }
}

// [BUS-5] A store keeps type, version, bytes and sequence of what came first, and counts the rest.
static void test_judge_stores_unknown_types(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_stored stored;
    const struct myc_subscriber_options options = {
        .on_unknown = MYC_UNKNOWN_STORE, .store_bytes = 100};
    open_with(&fixture, MYC_TRANSPORT_LOCAL, &ordered_contract);
    match_with(&fixture, &options);
    assert_int_equal(myc_subscriber_stored(fixture.subscriber, &stored), MYC_AGAIN);
    for (int i = 0; i < 5; i++) {
        publish_type(&fixture, &stranger);
    }
    assert_int_equal(fixture_poll(&fixture), 0);
    assert_int_equal(counts_of(&fixture).unknown, 5);
    assert_int_equal(counts_of(&fixture).stored, 2);
    assert_int_equal(counts_of(&fixture).overflowed, 3);
    for (uint64_t sequence = 1; sequence <= 2; sequence++) {
        uint64_t value = 0;
        assert_int_equal(myc_subscriber_stored(fixture.subscriber, &stored), MYC_OK);
        assert_int_equal(stored.record.sequence, sequence);
        assert_int_equal(stored.record.type, STRANGER);
        assert_int_equal(stored.record.version, 7);
        assert_int_equal(stored.record.size, sizeof(value));
        memcpy(&value, stored.record.payload, sizeof(value));
        assert_int_equal(value, 5);
        assert_int_equal(stored.publisher_epoch, fixture.publisher->epoch);
        myc_subscriber_stored_drop(fixture.subscriber);
    }
    assert_int_equal(myc_subscriber_stored(fixture.subscriber, &stored), MYC_AGAIN);
    publish_type(&fixture, &stranger);
    assert_int_equal(fixture_poll(&fixture), 0);
    assert_int_equal(counts_of(&fixture).stored, 3);
    fixture_close(&fixture);
}

// [BUS-4] A subscriber that insists on known types closes itself at the first other one, and says
// so.
static void test_judge_fails_for_unknown_types(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        struct myc_diagnostic why;
        const struct myc_subscriber_options options = {.on_unknown = MYC_UNKNOWN_FAIL};
        open_with(&fixture, kinds[kind], &ordered_contract);
        match_with(&fixture, &options);
        publish_type(&fixture, &alpha);
        publish_type(&fixture, &stranger);
        publish_type(&fixture, &alpha);
        assert_int_equal(myc_subscriber_status(fixture.subscriber, NULL), MYC_OK);
        FIXTURE_UNTIL(
            &fixture, true, myc_subscriber_status(fixture.subscriber, &why) == MYC_MISMATCH);
        assert_string_equal(
            why.text,
            "topic 'alpha': the contract does not know type 99, version 7, which node 'left' "
            "published with sequence 2");
        assert_int_equal(counts_of(&fixture).delivered, 1);
        assert_int_equal(counts_of(&fixture).unknown, 1);
        assert_int_equal(seen_notices(&fixture.seen, MYC_NOTICE_UNKNOWN_TYPE, NULL), 1);
        FIXTURE_UNTIL(&fixture, true, myc_load_relaxed_u32(&fixture.publisher->matched) == 0);
        assert_int_equal(counts_of(&fixture).delivered, 1);
        fixture_close(&fixture);
    }
}

// A type of another topic is unknown here, and never handed to whoever works with that topic.
static void test_judge_does_not_know_types_of_other_topics(void **state)
{
    (void)state;
    static const struct myc_message_type *const few_messages[] = {&alpha};
    static struct myc_contract few_contract;
    few_contract = ordered_contract;
    few_contract.message_count = 1;
    few_contract.messages = few_messages;
    for (int kind = 1; kind < KINDS; kind++) {
        struct fixture fixture;
        const uint64_t payload = 5;
        fixture_init(&fixture, kinds[kind]);
        fixture.contracts[0] = &few_contract;
        fixture.contracts[1] = &ordered_contract;
        fixture_open_side(&fixture, 0);
        fixture_open_side(&fixture, 1);
        match_with(&fixture, NULL);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(
                myc_publish_raw(fixture.publisher, elsewhere.id, 1, &payload, sizeof(payload)),
                MYC_OK);
        }
        publish_type(&fixture, &alpha);
        FIXTURE_UNTIL(&fixture, true, counts_of(&fixture).delivered == 1);
        assert_int_equal(fixture.seen.last, 3);
        assert_int_equal(counts_of(&fixture).unknown, 2);
        fixture_close(&fixture);
    }
}

static void count_strangers(const struct myc_delivery *delivery, void *context)
{
    *(uint32_t *)context += delivery->type == NULL && delivery->record->type == STRANGER;
}

// Who asks for it is handed unknown types, as such.
static void test_judge_delivers_unknown_types(void **state)
{
    (void)state;
    struct fixture fixture;
    uint32_t strangers = 0;
    const struct myc_subscriber_options options = {.on_unknown = MYC_UNKNOWN_DELIVER};
    open_with(&fixture, MYC_TRANSPORT_LOCAL, &ordered_contract);
    match_with(&fixture, &options);
    publish_type(&fixture, &stranger);
    assert_int_equal(
        myc_subscriber_poll(fixture.subscriber, count_strangers, NULL, &strangers, 10), 1);
    assert_int_equal(strangers, 1);
    assert_int_equal(counts_of(&fixture).unknown, 1);
    assert_int_equal(counts_of(&fixture).skipped, 0);
    fixture_close(&fixture);
}

// [BUS-1] Messages of this process are trusted unless the subscriber says otherwise; those of
// others never are.
static void test_judge_checks_what_is_foreign(void **state)
{
    (void)state;
    const struct message bad = {.value = 1, .twice = 3};
    for (int kind = 0; kind < KINDS; kind++) {
        for (int checks = 0; checks < 2; checks++) {
            struct fixture fixture;
            const struct myc_subscriber_options options = {.checks_local = checks != 0};
            bool is_checked = kinds[kind] != MYC_TRANSPORT_LOCAL || checks != 0;
            open_with(&fixture, kinds[kind], &ordered_contract);
            match_with(&fixture, &options);
            assert_int_equal(myc_publish(fixture.publisher, &alpha, &bad, sizeof(bad)), MYC_OK);
            publish_type(&fixture, &alpha);
            FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 2);
            assert_int_equal(fixture.seen.delivered, is_checked ? 1 : 2);
            assert_int_equal(counts_of(&fixture).invalid, is_checked ? 1 : 0);
            fixture_close(&fixture);
        }
    }
}

static void keep_detail(const struct myc_notice *notice, void *context)
{
    char *line = context;
    if (notice->kind != MYC_NOTICE_MATCHED) {
        myc_notice_describe(notice, line, 256);
    }
}

static void ignore_message(const struct myc_delivery *delivery, void *context)
{
    (void)delivery;
    (void)context;
}

// A message with fields, of which the second one came with version 2 and is at most 100.
static const struct myc_number hundred = {{100, 0, 0, 0}};
static const struct myc_field grown_fields[] = {
    {.name = "key", .kind = MYC_KIND_U64, .since = 1, .count = 1, .size = 8},
    {.name = "part",
     .kind = MYC_KIND_U64,
     .since = 2,
     .count = 1,
     .offset = 8,
     .size = 8,
     .max = &hundred},
};
static const struct myc_extent grown_extents[] = {
    {.version = 1, .size = 8}, {.version = 2, .size = 16}};
static const uint64_t grown_initial[] = {0, 42};
static const struct myc_message_type grown = {
    .id = 5,
    .version = 2,
    .size = 16,
    .name = "Grown",
    .topic = "alpha",
    .field_count = 2,
    .extent_count = 2,
    .fields = grown_fields,
    .initial = grown_initial,
    .extents = grown_extents,
};
static const struct myc_message_type *const grown_messages[] = {&grown};
static const struct myc_contract grown_contract = {
    .name = "grown",
    .id = 79,
    .version = 2,
    .min_compatible = 1,
    .message_count = 1,
    .messages = grown_messages,
    .digest = {5},
};

struct verdict {
    uint16_t version;
    uint32_t size;
    uint64_t words[3];
    const char *why; /* NULL: it is delivered */
};

static void keep_why(const struct myc_notice *notice, void *context)
{
    char *line = context;
    (void)snprintf(line, 256, "%s", notice->detail != NULL ? notice->detail : "");
}

// [BUS-1] A foreign message is checked in the version that its record names: an older one is as
// long as it was and has the fields of then, a newer one may be longer.
static void test_judge_checks_each_version(void **state)
{
    (void)state;
    static const struct verdict verdicts[] = {
        {1, 8, {7}, NULL},
        {2, 16, {7, 100}, NULL},
        {3, 24, {7, 1, 9}, NULL},
        {1, 16, {7, 101}, NULL}, /* what lies behind an older message is not its field */
        {1, 4, {7}, "Grown: 4 bytes instead of at least 8"},
        {2, 8, {7}, "Grown: 8 bytes instead of at least 16"},
        {3, 8, {7}, "Grown: 8 bytes instead of at least 16"},
        {0, 16, {7}, "Grown: there is no version 0"},
        {2, 16, {7, 101}, "Grown.part: 101 is above 100 (byte 8)"},
    };
    // The writer's contract has no fields, so that it may write anything.
    static const struct myc_message_type loose = {
        .id = 9, .version = 1, .size = 8, .name = "Loose", .topic = "alpha"};
    static const struct myc_message_type *const loose_messages[] = {&loose};
    static const struct myc_contract loose_contract = {
        .name = "grown",
        .id = 79,
        .version = 2,
        .min_compatible = 1,
        .message_count = 1,
        .messages = loose_messages,
        .digest = {5},
    };
    for (int kind = 1; kind < KINDS; kind++) {
        struct fixture fixture;
        fixture_init(&fixture, kinds[kind]);
        fixture.contracts[0] = &loose_contract;
        fixture.contracts[1] = &grown_contract;
        fixture_open_side(&fixture, 0);
        fixture_open_side(&fixture, 1);
        match_with(&fixture, NULL);
        for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
            const struct verdict *verdict = &verdicts[i];
            char why[256] = "";
            uint64_t before = counts_of(&fixture).delivered + counts_of(&fixture).invalid;
            assert_int_equal(
                myc_publish_raw(
                    fixture.publisher, grown.id, verdict->version, verdict->words, verdict->size),
                MYC_OK);
            FIXTURE_UNTIL(
                &fixture,
                false,
                (myc_subscriber_poll(fixture.subscriber, ignore_message, keep_why, why, 10),
                 counts_of(&fixture).delivered + counts_of(&fixture).invalid > before));
            assert_string_equal(why, verdict->why != NULL ? verdict->why : "");
        }
        fixture_close(&fixture);
    }
}

// The notice of a refused message says which, whose, and what is wrong with it.
static void test_judge_says_what_is_wrong(void **state)
{
    (void)state;
    struct fixture fixture;
    char line[256] = "";
    const struct message bad = {.value = 1, .twice = 3};
    const struct myc_subscriber_options options = {.checks_local = true};
    open_with(&fixture, MYC_TRANSPORT_LOCAL, &ordered_contract);
    match_with(&fixture, &options);
    assert_int_equal(myc_publish(fixture.publisher, &alpha, &bad, sizeof(bad)), MYC_OK);
    (void)myc_subscriber_poll(fixture.subscriber, ignore_message, keep_detail, line, 10);
    assert_string_equal(
        line,
        "INVALID publisher left of alpha: a message broke its contract and was not delivered: "
        "Alpha, type 1 version 1, sequence 1: twice is not twice the value");
    publish_type(&fixture, &order);
    (void)myc_subscriber_poll(fixture.subscriber, ignore_message, keep_detail, line, 10);
    assert_string_equal(
        line,
        "PREMATURE publisher left of alpha: a message came before one that it requires and was not "
        "delivered: Order, type 3 version 1, sequence 2: it requires Alpha");
    fixture_close(&fixture);
}

// [BUS-2] A message is held back until what it requires came in the same stream.
static void test_judge_refuses_premature_messages(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        struct myc_notice notice;
        open_with(&fixture, kinds[kind], &ordered_contract);
        match_with(&fixture, NULL);
        publish_type(&fixture, &order);
        publish_type(&fixture, &alpha);
        publish_type(&fixture, &order);
        publish_type(&fixture, &order);
        FIXTURE_UNTIL(&fixture, true, fixture.seen.last == 4);
        assert_int_equal(fixture.seen.delivered, 3);
        assert_int_equal(counts_of(&fixture).premature, 1);
        assert_int_equal(seen_notices(&fixture.seen, MYC_NOTICE_PREMATURE, &notice), 1);
        assert_int_equal(notice.last, 1);
        assert_int_equal(notice.type, order.id);
        assert_int_equal(notice.count, 0);
        fixture_close(&fixture);
    }
}

// A message that is refused does not count as having come: what requires it waits on.
static void test_judge_does_not_count_refused_priors(void **state)
{
    (void)state;
    struct fixture fixture;
    const struct message bad = {.value = 1, .twice = 3};
    open_with(&fixture, MYC_TRANSPORT_SHM, &ordered_contract);
    match_with(&fixture, NULL);
    assert_int_equal(myc_publish(fixture.publisher, &alpha, &bad, sizeof(bad)), MYC_OK);
    publish_type(&fixture, &order);
    FIXTURE_UNTIL(&fixture, true, counts_of(&fixture).premature == 1);
    assert_int_equal(counts_of(&fixture).invalid, 1);
    assert_int_equal(counts_of(&fixture).delivered, 0);
    fixture_close(&fixture);
}

// [BUS-2] Each incarnation of a publisher starts anew, as does each publisher, also where it takes
// the place of one that left.
static void test_judge_starts_anew_with_each_publisher(void **state)
{
    (void)state;
    struct fixture fixture;
    open_with(&fixture, MYC_TRANSPORT_LOCAL, &ordered_contract);
    match_with(&fixture, NULL);
    publish_type(&fixture, &alpha);
    publish_type(&fixture, &order);
    FIXTURE_UNTIL(&fixture, true, fixture.seen.delivered == 2);
    assert_int_equal(myc_publisher_close(fixture.publisher, 0, NULL), MYC_OK);
    FIXTURE_UNTIL(&fixture, true, myc_subscriber_matched(fixture.subscriber) == 0);
    assert_int_equal(
        myc_publisher_create(
            fixture.buses[0], &fixture.waiters[0], "alpha", NULL, &fixture.publisher, NULL),
        MYC_OK);
    publish_type(&fixture, &order);
    FIXTURE_UNTIL(&fixture, true, counts_of(&fixture).premature == 1);
    assert_int_equal(counts_of(&fixture).delivered, 2);
    fixture_close(&fixture);
}

// Who joined late is refused what needs earlier messages, and told how many of those it missed;
// unless it trusts that what is required was among them.
static void test_judge_tells_late_joiners(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int trusts = 0; trusts < 2; trusts++) {
            struct fixture fixture;
            struct myc_notice notice;
            const struct myc_subscriber_options options = {.trusts_missed_priors = trusts != 0};
            open_with(&fixture, kinds[kind], &ordered_contract);
            assert_int_equal(
                myc_publisher_create(
                    fixture.buses[0], &fixture.waiters[0], "alpha", NULL, &fixture.publisher, NULL),
                MYC_OK);
            publish_type(&fixture, &alpha);
            publish_type(&fixture, &alpha);
            int right = fixture.buses[1] != NULL ? 1 : 0;
            assert_int_equal(
                myc_subscriber_create_with(
                    fixture.buses[right],
                    &fixture.waiters[right],
                    "alpha",
                    &options,
                    &fixture.subscriber,
                    NULL),
                MYC_OK);
            FIXTURE_UNTIL(&fixture, true, fixture.seen.notice_count == 1);
            publish_type(&fixture, &order);
            if (trusts != 0) {
                FIXTURE_UNTIL(&fixture, true, counts_of(&fixture).delivered == 1);
                assert_int_equal(counts_of(&fixture).premature, 0);
            } else {
                FIXTURE_UNTIL(&fixture, true, counts_of(&fixture).premature == 1);
                assert_int_equal(seen_notices(&fixture.seen, MYC_NOTICE_PREMATURE, &notice), 1);
                assert_int_equal(notice.count, 2);
            }
            fixture_close(&fixture);
        }
    }
}

// Judging takes no memory: whatever becomes of a message, its subscriber has what it needs.
static void test_judge_allocates_nothing(void **state)
{
    (void)state;
    const struct message bad = {.value = 1, .twice = 3};
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        const struct myc_subscriber_options options = {
            .on_unknown = MYC_UNKNOWN_STORE, .store_bytes = 256, .checks_local = true};
        open_with(&fixture, kinds[kind], &ordered_contract);
        match_with(&fixture, &options);
        struct closed_memory closed = {
            .base = {.ops = &closed_memory_ops}, .inner = fixture.platform->memory};
        fixture.platform->memory = &closed.base;
        for (uint64_t round = 1; round <= 20; round++) {
            publish_type(&fixture, &order);
            publish_type(&fixture, &stranger);
            assert_int_equal(myc_publish(fixture.publisher, &alpha, &bad, sizeof(bad)), MYC_OK);
            FIXTURE_UNTIL(
                &fixture,
                true,
                counts_of(&fixture).invalid == round && counts_of(&fixture).unknown == round
                    && counts_of(&fixture).premature == round);
        }
        assert_int_equal(closed.requests, 0);
        fixture.platform->memory = closed.inner;
        fixture_close(&fixture);
    }
}

// Options that cannot be are refused.
static void test_judge_refuses_bad_options(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_subscriber *subscriber = NULL;
    struct myc_diagnostic why;
    struct myc_subscriber_options options = {.on_unknown = MYC_UNKNOWN_STORE, .store_bytes = 63};
    fixture_open(&fixture, MYC_TRANSPORT_LOCAL);
    assert_int_equal(
        myc_subscriber_create_with(
            fixture.buses[0], &fixture.waiters[0], "alpha", &options, &subscriber, &why),
        MYC_INVALID);
    assert_string_equal(why.text, "store_bytes: at least 64");
    options.on_unknown = (enum myc_unknown_policy)4;
    assert_int_equal(
        myc_subscriber_create_with(
            fixture.buses[0], &fixture.waiters[0], "alpha", &options, &subscriber, &why),
        MYC_INVALID);
    assert_string_equal(why.text, "on_unknown: skip, store, fail or deliver");
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge_skips_unknown_types),
        cmocka_unit_test(test_judge_stores_unknown_types),
        cmocka_unit_test(test_judge_fails_for_unknown_types),
        cmocka_unit_test(test_judge_does_not_know_types_of_other_topics),
        cmocka_unit_test(test_judge_delivers_unknown_types),
        cmocka_unit_test(test_judge_checks_what_is_foreign),
        cmocka_unit_test(test_judge_checks_each_version),
        cmocka_unit_test(test_judge_says_what_is_wrong),
        cmocka_unit_test(test_judge_refuses_premature_messages),
        cmocka_unit_test(test_judge_does_not_count_refused_priors),
        cmocka_unit_test(test_judge_starts_anew_with_each_publisher),
        cmocka_unit_test(test_judge_tells_late_joiners),
        cmocka_unit_test(test_judge_allocates_nothing),
        cmocka_unit_test(test_judge_refuses_bad_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
