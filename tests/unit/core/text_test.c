// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Text in a fixed buffer: numbers at their limits, cuts at every length.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/text.h"

#include <string.h>

enum { BUFFER_BYTES = 64 };

struct fixture {
    char buffer[BUFFER_BYTES];
    struct myc__text text;
};

static int set_up(void **state)
{
    struct fixture *fixture = test_malloc(sizeof(*fixture));
    memset(fixture->buffer, 'x', sizeof(fixture->buffer));
    myc__text_init(&fixture->text, fixture->buffer, sizeof(fixture->buffer));
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    test_free(*state);
    return 0;
}

// A new text is empty and terminated, whatever the buffer held.
static void test_init_is_empty(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(fixture->buffer, "");
    assert_int_equal(fixture->text.len, 0);
    assert_false(fixture->text.is_cut);
}

// Pieces follow each other without anything between.
static void test_pieces_are_joined(void **state)
{
    struct fixture *fixture = *state;
    myc__text_string(&fixture->text, "a");
    myc__text_string(&fixture->text, "");
    myc__text_printable(&fixture->text, "bcd", 2);
    myc__text_u64(&fixture->text, 7);
    myc__text_hex(&fixture->text, "\xff", 1);
    assert_string_equal(fixture->buffer, "abc7ff");
    assert_int_equal(fixture->text.len, 6);
}

// Numbers are exact at both ends of their range.
static void test_numbers_reach_their_limits(void **state)
{
    struct fixture *fixture = *state;
    myc__text_u64(&fixture->text, 0);
    myc__text_string(&fixture->text, " ");
    myc__text_u64(&fixture->text, UINT64_MAX);
    assert_string_equal(fixture->buffer, "0 18446744073709551615");
    myc__text_init(&fixture->text, fixture->buffer, sizeof(fixture->buffer));
    myc__text_i64(&fixture->text, INT64_MIN);
    myc__text_string(&fixture->text, " ");
    myc__text_i64(&fixture->text, INT64_MAX);
    myc__text_string(&fixture->text, " ");
    myc__text_i64(&fixture->text, -10);
    assert_string_equal(fixture->buffer, "-9223372036854775808 9223372036854775807 -10");
}

// Bytes become two digits each, leading zeros and high bits included.
static void test_hex_has_two_digits_a_byte(void **state)
{
    struct fixture *fixture = *state;
    const unsigned char bytes[] = {0x00, 0x0f, 0x10, 0x9a, 0xff};
    myc__text_hex(&fixture->text, bytes, sizeof(bytes));
    assert_string_equal(fixture->buffer, "000f109aff");
}

// Only printable ASCII gets through; a terminator inside is a byte like any other.
static void test_printable_replaces_the_rest(void **state)
{
    struct fixture *fixture = *state;
    const char bytes[] = {' ', '~', '\x1f', '\x7f', '\0', '\x80', 'k'};
    myc__text_printable(&fixture->text, bytes, sizeof(bytes));
    assert_string_equal(fixture->buffer, " ~????k");
}

// In a buffer of any size the text is what fits, terminated inside, with the cut remembered.
static void test_cut_at_every_capacity(void **state)
{
    struct fixture *fixture = *state;
    const char whole[] = "spore 42";
    for (size_t capacity = 1; capacity <= sizeof(whole) + 1; capacity++) {
        memset(fixture->buffer, 'x', sizeof(fixture->buffer));
        myc__text_init(&fixture->text, fixture->buffer, capacity);
        myc__text_string(&fixture->text, "spore ");
        myc__text_u64(&fixture->text, 42);
        size_t len = capacity - 1 < sizeof(whole) - 1 ? capacity - 1 : sizeof(whole) - 1;
        assert_int_equal(fixture->text.len, len);
        assert_memory_equal(fixture->buffer, whole, len);
        assert_int_equal(fixture->buffer[len], '\0');
        assert_int_equal(fixture->buffer[capacity], 'x');
        assert_int_equal(fixture->text.is_cut, capacity < sizeof(whole));
    }
}

// A cut is remembered although later pieces are empty.
static void test_cut_is_remembered(void **state)
{
    struct fixture *fixture = *state;
    myc__text_init(&fixture->text, fixture->buffer, 3);
    myc__text_string(&fixture->text, "abc");
    myc__text_string(&fixture->text, "");
    assert_string_equal(fixture->buffer, "ab");
    assert_true(fixture->text.is_cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_init_is_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pieces_are_joined, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_numbers_reach_their_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hex_has_two_digits_a_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_printable_replaces_the_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_at_every_capacity, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_is_remembered, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("core.text", tests, NULL, NULL);
}
