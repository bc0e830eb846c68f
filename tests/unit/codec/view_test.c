// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Records to messages: who is viewed in place, who is completed, who is refused; and equality.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/codec/codec_fixture.h"

static struct myc_record record_of(const union order *order, uint16_t version, uint32_t size)
{
    const struct myc_record record = {
        .type = 7, .version = version, .size = size, .payload = order};
    return record;
}

// [MESSAGE-1] Each version's length; what is between two versions is as long as the older, what
// is newer as long as ours, what is before the first has none.
static void test_extents_follow_the_versions(void **state)
{
    (void)state;
    static const struct myc_extent late[] = {{2, 0, 8}, {5, 0, 24}};
    const struct myc_message_type gap = {
        .version = 6, .size = 24, .extent_count = 2, .extents = late};
    const struct myc_message_type bare = {.version = 3, .size = 16};
    assert_int_equal(myc_message_extent(&order_type, 1), ORDER_AMOUNT);
    assert_int_equal(myc_message_extent(&order_type, 2), ORDER_BLOB);
    assert_int_equal(myc_message_extent(&order_type, 3), ORDER_BYTES);
    assert_int_equal(myc_message_extent(&order_type, 900), ORDER_BYTES);
    assert_int_equal(myc_message_extent(&gap, 1), 0);
    assert_int_equal(myc_message_extent(&gap, 4), 8);
    assert_int_equal(myc_message_extent(&bare, 1), 16);
}

// [MESSAGE-2] The initial image, or zeros.
static void test_init_sets_initial_values(void **state)
{
    (void)state;
    union order order;
    const struct myc_message_type bare = {.version = 1, .size = 16};
    memset(&order, 0xEE, sizeof(order));
    myc_message_init(&order_type, &order);
    assert_memory_equal(order.bytes, order_initial, ORDER_BYTES);
    assert_int_equal(order.bytes[ORDER_BYTES], 0xEE);
    put(&order, 16, 1, 1);
    myc_message_init(&bare, &order);
    assert_memory_equal(order.bytes, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 17);
}

// [MESSAGE-3] Ours and newer ones are read where they lie.
static void test_view_in_place(void **state)
{
    (void)state;
    union order order;
    union order scratch;
    struct myc_message message;
    order_make(&order);
    struct myc_record record = record_of(&order, 3, ORDER_PAYLOAD_BYTES);
    assert_int_equal(myc_message_view(&order_type, &record, &scratch, &message, NULL), MYC_OK);
    assert_ptr_equal(message.fields, &order);
    assert_int_equal(message.size, ORDER_PAYLOAD_BYTES);
    record.version = 4;
    assert_int_equal(myc_message_view(&order_type, &record, &scratch, &message, NULL), MYC_OK);
    assert_ptr_equal(message.fields, &order);
    assert_int_equal(message.version, 4);
}

// [MESSAGE-3] An older one is completed with initial values; its tail stays where it is, and what
// is behind its fields is not taken for newer ones.
static void test_view_completes_older_ones(void **state)
{
    (void)state;
    union order order;
    union order scratch;
    union order current;
    struct myc_message message;
    struct myc_record record = order_make_old(&order, &scratch);
    memset(&scratch, 0xEE, sizeof(scratch));
    assert_int_equal(myc_message_view(&order_type, &record, &scratch, &message, NULL), MYC_OK);
    assert_ptr_equal(message.fields, &scratch);
    assert_ptr_equal(message.payload, &order);
    assert_memory_equal(scratch.bytes, order.bytes, ORDER_AMOUNT);
    assert_memory_equal(
        scratch.bytes + ORDER_AMOUNT, order_initial + ORDER_AMOUNT, ORDER_BYTES - ORDER_AMOUNT);
    assert_int_equal(scratch.bytes[ORDER_BYTES], 0xEE);
    assert_int_equal(myc_message_validate(&message, NULL), MYC_OK);

    // The same with today's struct, but for what it lacks.
    order_make(&current);
    memcpy(current.bytes + ORDER_AMOUNT, order_initial + ORDER_AMOUNT, ORDER_BYTES - ORDER_AMOUNT);
    struct myc_message now = order_message(&current);
    assert_true(myc_message_equals(&message, &now));
    put(&current, ORDER_LEVELS, 2, 9);
    assert_false(myc_message_equals(&message, &now));
}

// [MESSAGE-3] Too short for its version, without a version, of another type: each has its words.
static void test_view_refuses(void **state)
{
    (void)state;
    union order order;
    union order scratch;
    struct myc_message message = {0};
    struct myc_diagnostic why;
    order_make(&order);
    struct myc_record record = record_of(&order, 2, ORDER_BLOB - 1);
    assert_int_equal(myc_message_view(&order_type, &record, &scratch, &message, &why), MYC_CORRUPT);
    assert_string_equal(why.text, "Order: 183 bytes are too short for version 2");
    record = record_of(&order, 9, ORDER_BYTES - 8);
    assert_int_equal(myc_message_view(&order_type, &record, &scratch, &message, &why), MYC_CORRUPT);
    assert_string_equal(why.text, "Order: 184 bytes are too short for version 9");
    record = record_of(&order, 0, ORDER_BYTES);
    assert_int_equal(myc_message_view(&order_type, &record, &scratch, &message, &why), MYC_CORRUPT);
    assert_string_equal(why.text, "Order: there is no version 0");
    record.type = 8;
    assert_int_equal(
        myc_message_view(&order_type, &record, &scratch, &message, &why), MYC_MISMATCH);
    assert_string_equal(why.text, "Order: the record has type 8, not 7");
    assert_null(message.type);
}

// [MESSAGE-5] Padding and where a tail lies do not count; everything else does, byte by byte.
static void test_equals_looks_at_values_only(void **state)
{
    (void)state;
    union order a;
    union order b;
    order_make(&a);
    order_make(&b);
    struct myc_message one = order_message(&a);
    struct myc_message other = order_message(&b);
    assert_true(myc_message_equals(&one, &other));
    put(&b, ORDER_LEG_COUNT + 4, 4, 77);
    assert_true(myc_message_equals(&one, &other));
    for (uint32_t i = 0; i < ORDER_BYTES; i++) {
        bool is_padding =
            (i >= ORDER_LEG_COUNT + 4 && i < ORDER_LEGS) || (i >= 100 && i < 104)
            || (i >= ORDER_LIMIT - 2 && i < ORDER_LIMIT)
            || (i >= ORDER_PAIRS + 4 && i < ORDER_KEY_LENGTH)
            || (i >= ORDER_KEY + 4 && i < ORDER_BLOB) || (i >= ORDER_NOTE + 4 && i < ORDER_NOTE + 7)
            || (i >= ORDER_KEY + 1 && i < ORDER_KEY + 4)
            || (i >= ORDER_LEGS + 2 * LEG_BYTES && i < ORDER_TAG)
            || (i >= ORDER_DETAIL + 8 && i < ORDER_COMMENT)
            || (i >= ORDER_LEGS + LEG_WEIGHT && i < ORDER_LEGS + LEG_BYTES)
            || (i >= ORDER_LEGS + LEG_BYTES + LEG_WEIGHT + 1 && i < ORDER_LEGS + 2 * LEG_BYTES);
        order_make(&b);
        b.bytes[i] ^= 0x40;
        if (myc_message_equals(&one, &other) != is_padding) {
            fail_msg("byte %u", i);
        }
    }
    order_make(&b);
    put(&b, ORDER_BYTES, 1, 'j');
    assert_false(myc_message_equals(&one, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extents_follow_the_versions),
        cmocka_unit_test(test_init_sets_initial_values),
        cmocka_unit_test(test_view_in_place),
        cmocka_unit_test(test_view_completes_older_ones),
        cmocka_unit_test(test_view_refuses),
        cmocka_unit_test(test_equals_looks_at_values_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
