// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Messages as JSON, and the walk that the text is made from.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "unit/codec/codec_fixture.h"

static const char whole[] =
    "{\"id\":\"18446744073709551615\",\"side\":\"BUY\",\"live\":true,\"limit\":-5,"
    "\"note\":\"a\\\"\xC3\xA9\",\"address\":\"0x0102030405\",\"ratio\":0.1,"
    "\"legs\":[{\"price\":\"100\",\"side\":\"SELL\",\"weight\":null},"
    "{\"price\":\"1\",\"side\":\"HOLD\",\"weight\":3}],"
    "\"detail\":{\"limit\":{\"price\":\"-7\"}},\"comment\":\"hello\","
    "\"amount\":\"57896044618658097711785492504343953926634992332820282019728792003956564819968\","
    "\"levels\":[1,-2,3],\"pairs\":[\"0xaabb\",\"0xccdd\"],\"key\":\"<redacted>\","
    "\"blob\":\"0x0102\"}";

// [MESSAGE-8] A field of every shape, exactly.
static void test_print_writes_every_shape(void **state)
{
    (void)state;
    union order order;
    char text[1024];
    size_t length = 0;
    order_make(&order);
    struct myc_message message = order_message(&order);
    assert_int_equal(myc_message_print(&message, 0, text, sizeof(text), &length), MYC_OK);
    assert_string_equal(text, whole);
    assert_int_equal(length, sizeof(whole) - 1);
}

static void check_part(const union order *order, uint32_t flags, const char *part)
{
    char text[1024];
    struct myc_message message = order_message(order);
    assert_int_equal(myc_message_print(&message, flags, text, sizeof(text), NULL), MYC_OK);
    if (strstr(text, part) == NULL) {
        fail_msg("%s is not in %s", part, text);
    }
}

// [MESSAGE-8] Values that JSON has no words for, and those that nobody named.
static void test_print_has_a_form_for_everything(void **state)
{
    (void)state;
    union order order;
    order_make(&order);
    put(&order, ORDER_RATIO, 4, 0x7FC00000);
    put(&order, ORDER_SIDE, 4, 77);
    put(&order, ORDER_TAG, 4, 0);
    check_part(&order, 0, "\"ratio\":\"NaN\"");
    check_part(&order, 0, "\"side\":77,");
    check_part(&order, 0, "\"detail\":null,");
    check_part(&order, MYC_MESSAGE_SECRETS, "\"key\":\"0x99\"");
    put(&order, ORDER_RATIO, 4, 0xFF800000);
    check_part(&order, 0, "\"ratio\":\"-Infinity\"");
    put(&order, ORDER_RATIO, 4, 0xFFC00001);
    check_part(&order, 0, "\"ratio\":\"0xffc00001\"");
    put(&order, ORDER_NOTE, 4, 0x0A01FF5C);
    check_part(&order, 0, "\"note\":\"\\\\\\ufffd\\u0001\\n\"");
    put(&order, ORDER_TAG, 4, 2);
    check_part(&order, 0, "\"detail\":{\"market\":{}}");
    put(&order, ORDER_LIVE, 1, 7);
    check_part(&order, 0, "\"live\":7");
}

// [MESSAGE-8] Whatever the room, what is written is the text's beginning, and its length is told.
static void test_print_counts_what_does_not_fit(void **state)
{
    (void)state;
    union order order;
    order_make(&order);
    struct myc_message message = order_message(&order);
    for (size_t capacity = 0; capacity < sizeof(whole); capacity++) {
        char text[sizeof(whole)];
        size_t length = 0;
        memset(text, '#', sizeof(text));
        assert_int_equal(myc_message_print(&message, 0, text, capacity, &length), MYC_TOO_BIG);
        assert_int_equal(length, sizeof(whole) - 1);
        if (capacity > 0) {
            assert_memory_equal(text, whole, capacity - 1);
            assert_int_equal(text[capacity - 1], '\0');
        }
        assert_int_equal(text[capacity], '#');
    }
}

// [MESSAGE-8] A message that must not be logged says nothing; a secret hides all that is in it.
static void test_print_hides_what_the_contract_hides(void **state)
{
    (void)state;
    union order order;
    char text[1024];
    order_make(&order);
    struct myc_message_type hidden = order_type;
    struct myc_field fields[sizeof(order_fields) / sizeof(order_fields[0])];
    memcpy(fields, order_fields, sizeof(fields));
    hidden.fields = fields;
    fields[7].flags = MYC_FIELD_SECRET;
    fields[8].flags = MYC_FIELD_SECRET;
    struct myc_message message = myc_message_of(&hidden, &order, ORDER_PAYLOAD_BYTES);
    assert_int_equal(myc_message_print(&message, 0, text, sizeof(text), NULL), MYC_OK);
    assert_non_null(strstr(
        text, "\"ratio\":0.1,\"legs\":\"<redacted>\",\"detail\":\"<redacted>\",\"comment\""));
    hidden.policy.hides_payload = 1;
    assert_int_equal(myc_message_print(&message, 0, text, sizeof(text), NULL), MYC_OK);
    assert_string_equal(text, "\"<redacted>\"");
    assert_int_equal(
        myc_message_print(&message, MYC_MESSAGE_SECRETS, text, sizeof(text), NULL), MYC_OK);
    assert_non_null(strstr(text, "\"key\":\"0x99\""));
}

// [MESSAGE-8] An older message has the fields it was written with, or all of today's.
static void test_print_of_an_older_message(void **state)
{
    (void)state;
    union order order;
    union order scratch;
    struct myc_message message;
    char text[1024];
    struct myc_record record = order_make_old(&order, &scratch);
    assert_int_equal(myc_message_view(&order_type, &record, &scratch, &message, NULL), MYC_OK);
    assert_int_equal(myc_message_print(&message, 0, text, sizeof(text), NULL), MYC_OK);
    assert_non_null(strstr(text, "\"comment\":\"hello\"}"));
    assert_int_equal(
        myc_message_print(&message, MYC_MESSAGE_COMPLETED, text, sizeof(text), NULL), MYC_OK);
    assert_non_null(strstr(text, "\"levels\":[1,-2,3]"));
    assert_non_null(strstr(text, "\"blob\":\"0x\"}"));
}

// Without fields in the descriptor there are only bytes; a walk that breaks off ends the text.
static void test_print_without_fields_and_of_bad_bytes(void **state)
{
    (void)state;
    union order order;
    char text[1024];
    const struct myc_message_type bare = {.id = 1, .version = 1, .size = 8, .name = "Bare"};
    struct myc_message message = myc_message_of(&bare, "\1\2\3\4\5\6\7\10", 8);
    assert_int_equal(myc_message_print(&message, 0, text, sizeof(text), NULL), MYC_OK);
    assert_string_equal(text, "\"0x0102030405060708\"");
    order_make(&order);
    put(&order, ORDER_HAS_LIMIT, 1, 9);
    message = order_message(&order);
    assert_int_equal(myc_message_print(&message, 0, text, sizeof(text), NULL), MYC_CORRUPT);
    assert_string_equal(text, "{\"id\":\"18446744073709551615\",\"side\":\"BUY\",\"live\":true");
}

// [MESSAGE-6] The items of a walk, with their paths.
static void test_walk_names_every_place(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "legs",
        "legs[0]",
        "legs[0].price",
        "legs[0].side",
        "legs[0].weight",
        "legs[0]",
        "legs[1]",
        "legs[1].price",
        "legs[1].side",
        "legs[1].weight",
        "legs[1]",
        "legs",
        "detail",
        "detail.stop.leg",
        "detail.stop.leg.price",
        "detail.stop.leg.side",
        "detail.stop.leg.weight",
        "detail.stop.leg",
        "detail",
        "comment",
    };
    union order order;
    struct myc_message_walk walk;
    struct myc_message_item item;
    size_t count = 0;
    char path[MYC_MESSAGE_PATH_BYTES] = "";
    order_make(&order);
    put(&order, ORDER_TAG, 4, 3);
    struct myc_message message = order_message(&order);
    myc_message_walk_init(&walk, &message, 0);
    while (myc_message_walk_next(&walk, &item) == MYC_OK && strcmp(path, "comment") != 0) {
        myc_message_walk_path(&walk, &item, path);
        if (count > 0 || strcmp(path, "legs") == 0) {
            assert_true(count < sizeof(expected) / sizeof(expected[0]));
            assert_string_equal(path, expected[count]);
            count++;
        }
    }
    assert_int_equal(count, sizeof(expected) / sizeof(expected[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print_writes_every_shape),
        cmocka_unit_test(test_print_has_a_form_for_everything),
        cmocka_unit_test(test_print_counts_what_does_not_fit),
        cmocka_unit_test(test_print_hides_what_the_contract_hides),
        cmocka_unit_test(test_print_of_an_older_message),
        cmocka_unit_test(test_print_without_fields_and_of_bad_bytes),
        cmocka_unit_test(test_walk_names_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
