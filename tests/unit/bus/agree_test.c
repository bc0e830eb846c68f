// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Two nodes whose contracts differ: they show them to each other before anything else, work
 * together if each reads what the other writes, and otherwise say on both sides why not.
 */
#include "unit/bus/paper.h"

#include <mycelium/message.h>

#include "scenarios/versions_contracts.h"

static const struct myc_field other_fields[] = {
    {.name = "key", .kind = MYC_KIND_U64, .since = 1, .count = 1, .size = 8},
    {.name = "price", .kind = MYC_KIND_I64, .since = 1, .count = 1, .offset = 8, .size = 8},
};

static const struct myc_message_type quote_other = PAPER_TYPE("Quote", 1, 2, other_fields);
static const struct myc_message_type quote_renumbered = PAPER_TYPE("Quote", 9, 2, fields);
static const struct myc_message_type order_2 = PAPER_TYPE("Order", 2, 1, fields);

static const enum myc_transport_kind kinds[] = {
    MYC_TRANSPORT_SHM, MYC_TRANSPORT_UNIX, MYC_TRANSPORT_TCP};
enum { KINDS = 3 };

static void open_papers(struct fixture *fixture, enum myc_transport_kind kind)
{
    fixture_init(fixture, kind);
    for (int i = 0; i < SIDES_MAX; i++) {
        fixture->contracts[i] = &papers[i].contract;
        fixture_open_side(fixture, i);
    }
}

static void open_ends(struct fixture *fixture)
{
    assert_int_equal(
        myc_publisher_create(
            fixture->buses[0], &fixture->waiters[0], "alpha", NULL, &fixture->publisher, NULL),
        MYC_OK);
    assert_int_equal(
        myc_subscriber_create(
            fixture->buses[1], &fixture->waiters[1], "alpha", &fixture->subscriber, NULL),
        MYC_OK);
}

static void keep_words(const struct myc_delivery *delivery, void *context)
{
    uint64_t scratch[3];
    struct myc_message message;
    assert_int_equal(
        myc_message_view(delivery->type, delivery->record, scratch, &message, NULL), MYC_OK);
    memcpy(context, message.fields, delivery->type->size);
}

static void deliver_one(struct fixture *fixture, const struct myc_message_type *type)
{
    const uint64_t words[] = {3, 4, 5};
    uint64_t seen[3] = {0};
    bool is_newer = fixture->contracts[1]->messages[0]->size == sizeof(words);
    FIXTURE_UNTIL(fixture, true, myc_subscriber_matched(fixture->subscriber) == 1);
    assert_int_equal(myc_publish(fixture->publisher, type, words, type->size), MYC_OK);
    FIXTURE_UNTIL(
        fixture,
        false,
        (myc_subscriber_poll(fixture->subscriber, keep_words, NULL, seen, 10), seen[0] != 0));
    assert_int_equal(seen[0], 3);
    assert_int_equal(seen[1], 4);
    uint64_t venue = type == &quote_2 ? 5 : initial[2];
    assert_int_equal(seen[2], is_newer ? venue : 0);
}

// [BUS-6] Contracts that read each other work together over every transport, whichever end is the
// newer one, also if it takes many records and some waiting to show them; also after a restart.
static void test_agree_on_versions_that_read_each_other(void **state)
{
    (void)state;
    static const uint32_t bulks[][2] = {{0, 0}, {BULK / 2, BULK / 2}, {BULK / 2, 0}, {0, BULK / 2}};
    for (int kind = 0; kind < KINDS; kind++) {
        for (int newer = 0; newer < 2; newer++) {
            for (size_t size = 0; size < sizeof(bulks) / sizeof(bulks[0]); size++) {
                struct fixture fixture;
                write_paper(&papers[newer], 2, 1, &quote_2, bulks[size][0]);
                write_paper(&papers[1 - newer], 1, 1, &quote_1, bulks[size][1]);
                open_papers(&fixture, kinds[kind]);
                open_ends(&fixture);
                deliver_one(&fixture, newer == 0 ? &quote_2 : &quote_1);
                assert_int_equal(myc_bus_status(fixture.buses[0], NULL), MYC_OK);
                assert_int_equal(myc_bus_status(fixture.buses[1], NULL), MYC_OK);
                fixture_close_side(&fixture, 0);
                fixture_open_side(&fixture, 0);
                assert_int_equal(
                    myc_publisher_create(
                        fixture.buses[0],
                        &fixture.waiters[0],
                        "alpha",
                        NULL,
                        &fixture.publisher,
                        NULL),
                    MYC_OK);
                FIXTURE_UNTIL(&fixture, true, fixture.publisher->matched.value == 1);
                deliver_one(&fixture, newer == 0 ? &quote_2 : &quote_1);
                fixture_close(&fixture);
            }
        }
    }
}

// What it takes to show, read and compare contracts was taken when the buses were created.
static void test_agree_allocates_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    write_paper(&papers[0], 2, 1, &quote_2, BULK / 2);
    write_paper(&papers[1], 1, 1, &quote_1, BULK / 2);
    open_papers(&fixture, MYC_TRANSPORT_UNIX);
    open_ends(&fixture);
    struct closed_memory closed = {
        .base = {.ops = &closed_memory_ops}, .inner = fixture.platform->memory};
    fixture.platform->memory = &closed.base;
    deliver_one(&fixture, &quote_2);
    assert_int_equal(closed.requests, 0);
    fixture.platform->memory = closed.inner;
    fixture_close(&fixture);
}

// Turns both until both know that they cannot work together; nobody is matched meanwhile or later.
static void
expect_mismatch(struct fixture *fixture, struct myc_diagnostic *left, struct myc_diagnostic *right)
{
    open_ends(fixture);
    FIXTURE_UNTIL(
        fixture,
        true,
        myc_bus_status(fixture->buses[0], left) == MYC_MISMATCH
            && myc_bus_status(fixture->buses[1], right) == MYC_MISMATCH);
    for (int i = 0; i < 200; i++) {
        fixture_work(fixture);
        (void)fixture_poll(fixture);
    }
    assert_int_equal(myc_subscriber_matched(fixture->subscriber), 0);
    assert_int_equal(myc_load_relaxed_u32(&fixture->publisher->matched), 0);
    assert_int_equal(fixture->seen.notice_count, 0);
}

// [BUS-6] A contract that breaks the other's messages never comes to send one: both ends name both
// versions, the message and the field.
static void test_agree_refuses_breaking_contracts(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int newer = 0; newer < 2; newer++) {
            struct fixture fixture;
            struct myc_diagnostic whys[2];
            write_paper(&papers[newer], 2, 1, &quote_other, 0);
            write_paper(&papers[1 - newer], 1, 1, &quote_1, 0);
            open_papers(&fixture, kinds[kind]);
            expect_mismatch(&fixture, &whys[0], &whys[1]);
            for (int i = 0; i < 2; i++) {
                assert_non_null(strstr(whys[i].text, "Quote.price"));
                assert_non_null(strstr(whys[i].text, "version 2, FIELD_TYPE_CHANGED: "));
                assert_non_null(
                    strstr(whys[i].text, i == newer ? "ours version 2" : "ours version 1"));
                assert_non_null(
                    strstr(whys[i].text, i == newer ? "theirs version 1" : "theirs version 2"));
            }
            fixture_close(&fixture);
        }
    }
}

// A message that has another type id over there is not one that only we know.
static void test_agree_refuses_another_type_id(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_diagnostic whys[2];
    write_paper(&papers[0], 1, 1, &quote_1, 0);
    write_paper(&papers[1], 2, 1, &quote_renumbered, 0);
    open_papers(&fixture, MYC_TRANSPORT_UNIX);
    expect_mismatch(&fixture, &whys[0], &whys[1]);
    assert_non_null(strstr(whys[0].text, "Quote"));
    assert_non_null(strstr(whys[1].text, "Quote"));
    fixture_close(&fixture);
}

// Two messages with the same fields that changed their type ids, or one that took the id of another
// and left its own: either would be read as the other one.
static void test_agree_refuses_swapped_type_ids(void **state)
{
    (void)state;
    for (int count = 1; count <= 2; count++) {
        for (int newer = 0; newer < 2; newer++) {
            struct fixture fixture;
            struct myc_diagnostic whys[2];
            struct myc_message_type swapped[2] = {quote_1, order_2};
            swapped[0].name = "Order";
            swapped[1].name = "Quote";
            for (int side = 0; side < 2; side++) {
                struct paper *paper = &papers[side];
                bool is_newer = side == newer;
                write_paper(paper, is_newer ? 2 : 1, 1, is_newer ? &swapped[0] : &quote_1, 1);
                paper->messages[1] = is_newer ? &swapped[1] : &order_2;
                paper->contract.message_count = is_newer ? (uint32_t)count : 2;
                finish_paper(paper);
            }
            open_papers(&fixture, MYC_TRANSPORT_UNIX);
            expect_mismatch(&fixture, &whys[0], &whys[1]);
            for (int i = 0; i < 2; i++) {
                assert_non_null(strstr(whys[i].text, "Quote"));
                assert_non_null(strstr(whys[i].text, "Order"));
            }
            fixture_close(&fixture);
        }
    }
}

// Large messages of which a small part has a default: their initial images are large, their forms
// are not.
static void test_agree_on_large_initial_images(void **state)
{
    (void)state;
    enum { ROWS = 8, ROW = 65536, LARGE = ROWS * ROW + 8 };
    static const struct myc_field large_fields[] = {
        {.name = "rows",
         .kind = MYC_KIND_U8,
         .shape = MYC_SHAPE_ARRAY,
         .since = 1,
         .inner = ROW,
         .count = ROWS,
         .size = ROWS * ROW},
        {.name = "venue",
         .kind = MYC_KIND_U64,
         .flags = MYC_FIELD_DEFAULT,
         .since = 1,
         .count = 1,
         .offset = ROWS * ROW,
         .size = 8},
    };
    static const struct myc_extent large_extents[] = {{.version = 1, .size = LARGE}};
    static uint64_t large_initial[LARGE / 8];
    struct myc_message_type large = {
        .id = 2,
        .version = 1,
        .size = LARGE,
        .name = "Large",
        .topic = "alpha",
        .field_count = 2,
        .extent_count = 1,
        .fields = large_fields,
        .initial = large_initial,
        .extents = large_extents,
    };
    struct fixture fixture;
    large_initial[LARGE / 8 - 1] = 42;
    for (int side = 0; side < 2; side++) {
        write_paper(&papers[side], (uint16_t)(side + 1), 1, side == 0 ? &quote_1 : &quote_2, 1);
        papers[side].messages[1] = &large;
        finish_paper(&papers[side]);
    }
    open_papers(&fixture, MYC_TRANSPORT_UNIX);
    open_ends(&fixture);
    FIXTURE_UNTIL(&fixture, true, myc_subscriber_matched(fixture.subscriber) == 1);
    assert_int_equal(myc_bus_status(fixture.buses[0], NULL), MYC_OK);
    fixture_close(&fixture);
}

// [BUS-6] Who is older than the other's min_compatible is refused without showing anything.
static void test_agree_refuses_who_is_too_old(void **state)
{
    (void)state;
    for (int newer = 0; newer < 2; newer++) {
        struct fixture fixture;
        struct myc_diagnostic whys[2];
        write_paper(&papers[newer], 3, 2, &quote_2, 0);
        write_paper(&papers[1 - newer], 1, 1, &quote_1, 0);
        open_papers(&fixture, MYC_TRANSPORT_TCP);
        expect_mismatch(&fixture, &whys[0], &whys[1]);
        for (int i = 0; i < 2; i++) {
            assert_non_null(strstr(whys[i].text, "min_compatible"));
            assert_non_null(strstr(whys[i].text, "version 3, min_compatible 2"));
            assert_non_null(strstr(whys[i].text, "version 1, min_compatible 1"));
        }
        fixture_close(&fixture);
    }
}

// A contract that is longer than the other has room for is refused, naming both numbers.
static void test_agree_refuses_what_is_too_long(void **state)
{
    (void)state;
    for (int longer = 0; longer < 2; longer++) {
        struct fixture fixture;
        struct myc_diagnostic whys[2];
        char number[24];
        write_paper(&papers[longer], 2, 1, &quote_2, BULK);
        write_paper(&papers[1 - longer], 1, 1, &quote_1, 0);
        assert_true(papers[longer].contract.canonical_size > 16384);
        (void)snprintf(number, sizeof(number), "%u", papers[longer].contract.canonical_size);
        open_papers(&fixture, MYC_TRANSPORT_UNIX);
        expect_mismatch(&fixture, &whys[0], &whys[1]);
        for (int i = 0; i < 2; i++) {
            assert_non_null(strstr(whys[i].text, "contract"));
            assert_non_null(strstr(whys[i].text, number));
            assert_non_null(strstr(whys[i].text, "16384"));
        }
        fixture_close(&fixture);
    }
}

// Contracts that differ and cannot be shown are told apart by their digests, as ever.
static void test_agree_needs_forms(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_diagnostic whys[2];
    write_paper(&papers[0], 1, 1, &quote_1, 0);
    write_paper(&papers[1], 2, 1, &quote_2, 0);
    papers[1].contract.canonical = NULL;
    papers[1].contract.canonical_size = 0;
    open_papers(&fixture, MYC_TRANSPORT_UNIX);
    expect_mismatch(&fixture, &whys[0], &whys[1]);
    assert_non_null(strstr(whys[0].text, "contract digest"));
    assert_non_null(strstr(whys[1].text, "contract digest"));
    fixture_close(&fixture);
}

// The contracts of the scenario `versions` are what they say, their forms and digests too.
static void test_agree_scenario_forms(void **state)
{
    (void)state;
    for (int i = 0; i < VERSIONS_COUNT; i++) {
        const struct myc_contract *contract = &versions_contracts[i];
        uint8_t digest[MYC_DIGEST_BYTES];
        char form[4096];
        size_t size = 0;
        assert_int_equal(myc_contract_check(contract, NULL), MYC_OK);
        assert_int_equal(
            myc__schema_write_canonical(contract, &types, form, sizeof(form), &size), MYC_OK);
        assert_int_equal(size, contract->canonical_size);
        assert_string_equal(form, contract->canonical);
        assert_int_equal(myc__schema_canonical_digest(contract, &types, digest), MYC_OK);
        assert_memory_equal(digest, contract->digest, sizeof(digest));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agree_on_versions_that_read_each_other),
        cmocka_unit_test(test_agree_allocates_nothing),
        cmocka_unit_test(test_agree_refuses_breaking_contracts),
        cmocka_unit_test(test_agree_refuses_another_type_id),
        cmocka_unit_test(test_agree_refuses_swapped_type_ids),
        cmocka_unit_test(test_agree_on_large_initial_images),
        cmocka_unit_test(test_agree_refuses_who_is_too_old),
        cmocka_unit_test(test_agree_refuses_what_is_too_long),
        cmocka_unit_test(test_agree_needs_forms),
        cmocka_unit_test(test_agree_scenario_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
