// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Validation: every rule refused by its exact words, padding let through, and no byte outside the
// message read whatever it says.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "unit/codec/codec_fixture.h"

static const struct {
    uint32_t offset;
    uint32_t size;
    uint64_t number;
    const char *text; // NULL: valid
} edits[] = {
    {ORDER_SIDE, 4, 3, "Order.side: 3 is no value of Side (byte 8)"},
    {ORDER_LIVE, 1, 2, "Order.live: 2 must be 0 or 1 (byte 12)"},
    {ORDER_HAS_LIMIT, 1, 2, "Order.limit: the presence mark must be 0 or 1 (byte 13)"},
    {ORDER_HAS_LIMIT, 1, 0, "Order.limit: it must be zero when it is absent (byte 16)"},
    {ORDER_LIMIT, 4, (uint64_t)-6, "Order.limit: -6 is below -5 (byte 16)"},
    {ORDER_LIMIT, 4, 1001, "Order.limit: 1001 is above 1000 (byte 16)"},
    {ORDER_LIMIT, 4, 1000, NULL},
    {ORDER_NOTE_LENGTH, 4, 8, "Order.note: more than there is room for: 8 (byte 20)"},
    {ORDER_NOTE_LENGTH, 4, 7, "Order.note: its length 7 is above 6 (byte 24)"},
    {ORDER_NOTE_LENGTH, 4, 0, "Order.note: its length 0 is below 1 (byte 24)"},
    {ORDER_NOTE_LENGTH, 4, 3, "Order.note: storage that is not used must be zero (byte 24)"},
    {ORDER_NOTE_LENGTH, 4, 6, NULL},
    {ORDER_NOTE + 3, 1, 'x', "Order.note: the text is not UTF-8 (byte 26)"},
    {ORDER_ADDRESS, 5, 0, "Order.address: all its bytes are zero (byte 31)"},
    {ORDER_RATIO, 4, 0x7F800000, "Order.ratio: Infinity is not finite (byte 36)"},
    {ORDER_RATIO, 4, 0x7FC00000, "Order.ratio: NaN is not finite (byte 36)"},
    {ORDER_RATIO, 4, 0x80000000, "Order.ratio: -0.0 must not be zero (byte 36)"},
    {ORDER_RATIO, 4, 0xBFC00001, "Order.ratio: -1.5000001 is below -1.5 (byte 36)"},
    {ORDER_RATIO, 4, 0x40000001, "Order.ratio: 2.0000002 is above 2.0 (byte 36)"},
    {ORDER_LEG_COUNT, 4, 4, "Order.legs: more than there is room for: 4 (byte 40)"},
    {ORDER_LEG_COUNT,
     4,
     UINT32_MAX,
     "Order.legs: more than there is room for: 4294967295 (byte 40)"},
    {ORDER_LEG_COUNT, 4, 1, "Order.legs: storage that is not used must be zero (byte 48)"},
    {ORDER_LEG_COUNT, 4, 3, "Order.legs[2].side: 0 is no value of Side (byte 88)"},
    {ORDER_LEG_COUNT + 4, 4, 1, NULL},
    {ORDER_LEGS + LEG_BYTES, 8, 250, "Order.legs[1].price: 250 is above 100 (byte 64)"},
    {ORDER_LEGS + 2 * LEG_BYTES,
     1,
     1,
     "Order.legs: storage that is not used must be zero (byte 48)"},
    {ORDER_LEGS + LEG_HAS_WEIGHT,
     1,
     9,
     "Order.legs[0].weight: the presence mark must be 0 or 1 (byte 60)"},
    {ORDER_LEGS + LEG_WEIGHT,
     1,
     9,
     "Order.legs[0].weight: it must be zero when it is absent (byte 61)"},
    {ORDER_LEGS + LEG_WEIGHT + 1, 2, 9, NULL},
    {ORDER_TAG, 4, 0, "Order.detail: no variant is set (byte 104)"},
    {ORDER_TAG, 4, 4, "Order.detail: no variant has the tag 4 (byte 96)"},
    {ORDER_TAG, 4, 2, "Order.detail: storage that is not used must be zero (byte 104)"},
    {ORDER_TAG, 4, 3, "Order.detail.stop.leg.price: 18446744073709551609 is above 100 (byte 104)"},
    {ORDER_TAG + 4, 4, 5, NULL},
    {ORDER_DETAIL + 15, 1, 1, "Order.detail: storage that is not used must be zero (byte 104)"},
    {ORDER_COMMENT,
     4,
     ORDER_BYTES + 4,
     "Order.comment: a tail must begin at a multiple of 8 (byte 120)"},
    {ORDER_COMMENT,
     4,
     ORDER_BYTES - 8,
     "Order.comment: a tail must lie behind the fields (byte 120)"},
    {ORDER_COMMENT,
     4,
     ORDER_PAYLOAD_BYTES,
     "Order.comment: a tail must lie inside the payload (byte 120)"},
    {ORDER_COMMENT, 4, 0, "Order.comment: a tail must lie behind the fields (byte 120)"},
    {ORDER_COMMENT + 4,
     4,
     UINT32_MAX,
     "Order.comment: a tail must lie inside the payload (byte 120)"},
    {ORDER_COMMENT + 4, 4, 11, "Order.comment: its length 11 is above 10 (byte 192)"},
    {ORDER_COMMENT + 4, 4, 6, "Order.comment: the text is not printable ASCII (byte 197)"},
    {ORDER_COMMENT + 4, 4, 0, NULL},
    {ORDER_COMMENT, 8, 0, NULL},
    {ORDER_BYTES, 1, 0xC3, "Order.comment: the text is not UTF-8 (byte 192)"},
    {ORDER_KEY_LENGTH, 4, 0, "Order.key: storage that is not used must be zero (byte 176)"},
    {ORDER_BLOB, 8, 0, NULL},
    {ORDER_BYTES + 13, 3, 9, NULL},
};

// [MESSAGE-4] One edit each, and exactly what is said of it.
static void test_each_rule_has_its_words(void **state)
{
    (void)state;
    union order order;
    struct myc_diagnostic why;
    order_make(&order);
    struct myc_message message = order_message(&order);
    assert_int_equal(myc_message_validate(&message, &why), MYC_OK);
    assert_string_equal(why.text, "");
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        order_make(&order);
        put(&order, edits[i].offset, edits[i].size, edits[i].number);
        enum myc_status status = myc_message_validate(&message, &why);
        assert_string_equal(why.text, edits[i].text != NULL ? edits[i].text : "");
        assert_int_equal(status, edits[i].text != NULL ? MYC_CORRUPT : MYC_OK);
        assert_int_equal(myc_message_validate(&message, NULL), status);
    }
}

// What Order has not: an optional vector, a bound on one side only, variants without bodies.
enum { NOTE_HAS_TICKS = 0, NOTE_TICK_COUNT = 4, NOTE_TICKS = 8, NOTE_RATE = 16, NOTE_TAG = 24 };

static const struct myc_variant flag_variants[] = {{"up", 1, 0, NULL}, {"down", 2, 0, NULL}};
static const struct myc_union flag = {"Flag", 0, 2, flag_variants};
static const struct myc_field note_fields[] = {
    {.name = "ticks",
     .kind = MYC_KIND_U16,
     .shape = MYC_SHAPE_VECTOR,
     .flags = MYC_FIELD_OPTIONAL,
     .since = 1,
     .count = 2,
     .offset = NOTE_TICKS,
     .size = 4,
     .presence = NOTE_HAS_TICKS,
     .counter = NOTE_TICK_COUNT,
     .length_min = 1,
     .length_max = 2},
    {.name = "rate",
     .kind = MYC_KIND_F64,
     .since = 1,
     .count = 1,
     .offset = NOTE_RATE,
     .size = 8,
     .max = &ratio_max},
    {.name = "flag",
     .kind = MYC_KIND_UNION,
     .since = 1,
     .count = 1,
     .offset = 32,
     .counter = NOTE_TAG,
     .choice = &flag},
};
static const struct myc_message_type note_type = {
    .id = 8, .version = 1, .size = 32, .name = "Note", .field_count = 3, .fields = note_fields};

static const struct {
    uint32_t offset;
    uint32_t size;
    uint64_t number;
    const char *text;
} note_edits[] = {
    {NOTE_HAS_TICKS, 1, 0, NULL},
    {NOTE_TICK_COUNT, 4, 1, "Note.ticks: it must be zero when it is absent (byte 8)"},
    {NOTE_TICKS + 3, 1, 1, "Note.ticks: it must be zero when it is absent (byte 8)"},
    {NOTE_HAS_TICKS, 1, 1, "Note.ticks: its length 0 is below 1 (byte 8)"},
    {NOTE_HAS_TICKS, 8, 0x200000001, NULL},
    {NOTE_HAS_TICKS, 8, 0x300000001, "Note.ticks: more than there is room for: 3 (byte 4)"},
    {NOTE_RATE, 8, 0x7FF8000000000000, "Note.rate: NaN is above 2.0 (byte 16)"},
    {NOTE_RATE, 8, 0xFFF0000000000000, NULL},
    {NOTE_RATE, 8, 0x7FF0000000000000, "Note.rate: Infinity is above 2.0 (byte 16)"},
    {NOTE_TAG, 4, 3, "Note.flag: no variant has the tag 3 (byte 24)"},
};

// [MESSAGE-4] [MESSAGE-5] The same for what only few messages have.
static void test_rare_rules_have_their_words(void **state)
{
    (void)state;
    struct myc_diagnostic why;
    for (size_t i = 0; i < sizeof(note_edits) / sizeof(note_edits[0]); i++) {
        union order order;
        memset(&order, 0, sizeof(order));
        put(&order, NOTE_TAG, 4, 1);
        put(&order, note_edits[i].offset, note_edits[i].size, note_edits[i].number);
        struct myc_message message = myc_message_of(&note_type, &order, 32);
        enum myc_status status = myc_message_validate(&message, &why);
        assert_string_equal(why.text, note_edits[i].text != NULL ? note_edits[i].text : "");
        assert_int_equal(status, note_edits[i].text != NULL ? MYC_CORRUPT : MYC_OK);
        union order other = order;
        struct myc_message copy = myc_message_of(&note_type, &other, 32);
        if (status == MYC_OK) {
            assert_true(myc_message_equals(&message, &copy));
            put(&other, NOTE_TAG, 4, 2);
            assert_false(myc_message_equals(&message, &copy));
        }
    }
}

// [MESSAGE-4] Nothing is told of the value of a secret, nor of messages whose payload is hidden.
static void test_secrets_are_not_told(void **state)
{
    (void)state;
    union order order;
    struct myc_diagnostic why;
    order_make(&order);
    put(&order, ORDER_KEY_LENGTH, 4, 5);
    struct myc_message message = order_message(&order);
    assert_int_equal(myc_message_validate(&message, &why), MYC_CORRUPT);
    assert_string_equal(why.text, "Order.key: more than there is room for: <redacted> (byte 172)");
    struct myc_message_type hidden = order_type;
    hidden.policy.hides_payload = 1;
    message.type = &hidden;
    put(&order, ORDER_LEGS, 8, 250);
    assert_int_equal(myc_message_validate(&message, &why), MYC_CORRUPT);
    assert_string_equal(why.text, "Order.legs[0].price: <redacted> is above 100 (byte 48)");
}

// [MESSAGE-4] Fields that the record's version lacks are not looked at, nor what lies in their
// place.
static void test_older_versions_are_checked_as_far_as_they_go(void **state)
{
    (void)state;
    union order order;
    union order scratch;
    struct myc_message message;
    struct myc_diagnostic why;
    struct myc_record record = order_make_old(&order, &scratch);
    assert_int_equal(myc_message_view(&order_type, &record, &scratch, &message, &why), MYC_OK);
    put(&scratch, ORDER_KEY_LENGTH, 4, 99);
    assert_int_equal(myc_message_validate(&message, &why), MYC_OK);
    put(&scratch, ORDER_COMMENT, 4, ORDER_AMOUNT - 8);
    assert_int_equal(myc_message_validate(&message, &why), MYC_CORRUPT);
    assert_string_equal(why.text, "Order.comment: a tail must lie behind the fields (byte 120)");
}

static uint64_t draw(uint64_t *random, uint64_t bound)
{
    *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (*random >> 33) % bound;
}

// Visits everything a walk hands out; each byte must be there, which sanitizers watch.
static void walk_all(const struct myc_message *message, uint32_t flags)
{
    struct myc_message_walk walk;
    struct myc_message_item item;
    enum myc_status status = MYC_OK;
    uint32_t sum = 0;
    myc_message_walk_init(&walk, message, flags);
    while ((status = myc_message_walk_next(&walk, &item)) == MYC_OK) {
        for (uint32_t i = 0; i < item.size; i++) {
            sum += item.bytes[i];
        }
        assert_true(item.offset <= message->size || item.offset <= message->type->size);
    }
    assert_true(status == MYC_END || (status == MYC_CORRUPT && walk.problem != NULL));
    assert_int_equal(myc_message_walk_next(&walk, &item), MYC_END);
    assert_true(walk.steps <= MYC_MESSAGE_STEPS(message->type->size));
    assert_true(sum <= UINT32_MAX);
}

// [MESSAGE-7] Whatever the bytes say, only those of the message are read, and a walk is bounded.
static void test_hostile_bytes_are_only_refused(void **state)
{
    (void)state;
    uint64_t random = 11;
    uint32_t valid = 0;
    for (uint32_t run = 0; run < 20000; run++) {
        union order order;
        uint32_t size = ORDER_BYTES + (uint32_t)draw(&random, 17);
        unsigned char *payload = malloc(size);
        uint64_t scratch[ORDER_BYTES / 8];
        struct myc_message message;
        assert_non_null(payload);
        order_make(&order);
        memcpy(payload, &order, size);
        for (uint64_t i = draw(&random, 4); i > 0; i--) {
            static const unsigned char bytes[] = {0, 1, 2, 4, 8, 0x7F, 0xFF, 0xC0};
            payload[draw(&random, size)] = bytes[draw(&random, sizeof(bytes))];
        }
        const struct myc_record record = {
            .type = 7,
            .version = (uint16_t)(1 + draw(&random, 4)),
            .size = size,
            .payload = payload};
        assert_int_equal(myc_message_view(&order_type, &record, scratch, &message, NULL), MYC_OK);
        walk_all(&message, 0);
        walk_all(&message, MYC_MESSAGE_COMPLETED);
        valid += myc_message_validate(&message, NULL) == MYC_OK ? 1 : 0;
        (void)myc_message_equals(&message, &message);
        free(payload);
    }
    assert_in_range(valid, 1, 19999);
}

// [MESSAGE-4] Types inside types, deeper than a walk goes, are refused and not followed.
static void test_depth_is_bounded(void **state)
{
    (void)state;
    enum { LEVELS = 2 * MYC_MESSAGE_DEPTH_MAX };
    struct myc_struct levels[LEVELS + 1];
    struct myc_field inner[LEVELS + 1];
    const uint64_t payload[1] = {0};
    struct myc_diagnostic why;
    const struct myc_field last = {.name = "n", .kind = MYC_KIND_U64, .count = 1, .size = 8};
    for (size_t i = 0; i < LEVELS + 1; i++) {
        inner[i] = (struct myc_field){
            .name = "s",
            .kind = MYC_KIND_STRUCT,
            .since = 1,
            .count = 1,
            .size = 8,
            .structure = &levels[i]};
        levels[i] = (struct myc_struct){
            .name = "S", .size = 8, .field_count = 1, .fields = i == 0 ? &last : &inner[i - 1]};
    }
    struct myc_message_type type = {
        .id = 1,
        .version = 1,
        .size = 8,
        .name = "Deep",
        .field_count = 1,
        .fields = &inner[LEVELS - 1]};
    struct myc_message message = myc_message_of(&type, payload, sizeof(payload));
    assert_int_equal(myc_message_validate(&message, &why), MYC_OK);
    type.fields = &inner[LEVELS];
    assert_int_equal(myc_message_validate(&message, &why), MYC_LIMIT);
    assert_int_equal(why.status, MYC_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule_has_its_words),
        cmocka_unit_test(test_rare_rules_have_their_words),
        cmocka_unit_test(test_secrets_are_not_told),
        cmocka_unit_test(test_older_versions_are_checked_as_far_as_they_go),
        cmocka_unit_test(test_hostile_bytes_are_only_refused),
        cmocka_unit_test(test_depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
