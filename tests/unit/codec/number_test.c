// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Numbers from bytes and as text, against the C library where it can tell.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"

enum { ROUNDS = 20000 };

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

// The value of a text, as bits.
static uint64_t read_float(uint8_t kind, const char *text)
{
    uint64_t bits = 0;
    if (kind == MYC_KIND_F64) {
        double number = strtod(text, NULL);
        memcpy(&bits, &number, sizeof(number));
        return bits;
    }
    uint32_t narrow = 0;
    float number = strtof(text, NULL);
    memcpy(&narrow, &number, sizeof(number));
    return narrow;
}

static size_t count_digits(const char *text)
{
    char digits[64];
    size_t count = 0;
    size_t first = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9') {
            digits[count++] = *text;
        }
    }
    while (count > 0 && digits[count - 1] == '0') {
        count--;
    }
    while (first < count && digits[first] == '0') {
        first++;
    }
    return count - first;
}

// How many digits the C library needs for a number that reads back the same.
static size_t count_needed(uint8_t kind, uint64_t bits)
{
    double number = 0;
    memcpy(&number, &bits, sizeof(number));
    if (kind == MYC_KIND_F32) {
        uint32_t narrow = (uint32_t)bits;
        float single = 0;
        memcpy(&single, &narrow, sizeof(single));
        number = (double)single;
    }
    for (int precision = 1; precision < 18; precision++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "%.*g", precision, number);
        if (read_float(kind, text) == bits) {
            return (size_t)precision;
        }
    }
    return 18;
}

static void check_float(uint8_t kind, uint64_t bits)
{
    char text[MYC__FLOAT_TEXT_BYTES];
    if (!myc__float_is_finite(kind, bits)) {
        return;
    }
    myc__print_float(kind, bits, text);
    if (read_float(kind, text) != bits || count_digits(text) > count_needed(kind, bits)) {
        fail_msg("%016llx became %s", (unsigned long long)bits, text);
    }
}

// Every float reads back as itself, and no shorter text would: random ones, powers of two and their
// neighbours, the smallest, the largest.
static void test_floats_read_back_and_are_shortest(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        check_float(MYC_KIND_F64, next_random(&random));
        check_float(MYC_KIND_F32, next_random(&random) & UINT32_MAX);
    }
    for (uint64_t exponent = 0; exponent < 2047; exponent++) {
        check_float(MYC_KIND_F64, exponent << 52);
        check_float(MYC_KIND_F64, (exponent << 52) + 1);
        check_float(MYC_KIND_F64, (exponent << 52) + ((uint64_t)1 << 52) - 1);
    }
    for (uint64_t exponent = 0; exponent < 255; exponent++) {
        check_float(MYC_KIND_F32, exponent << 23);
        check_float(MYC_KIND_F32, (exponent << 23) + 1);
        check_float(MYC_KIND_F32, (exponent << 23) + ((uint64_t)1 << 23) - 1);
    }
}

static void test_floats_have_the_form_of_people(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double number;
    } known[] = {
        {"0.0", 0.0},
        {"-0.0", -0.0},
        {"1.0", 1.0},
        {"-1.5", -1.5},
        {"0.1", 0.1},
        {"0.00001", 0.00001},
        {"1.0e-6", 0.000001},
        {"123456789.125", 123456789.125},
        {"10000000000000000.0", 1e16},
        {"9007199254740992.0", 9007199254740992.0},
        {"1.0e17", 1e17},
        {"5.0e-324", 5e-324},
        {"1.7976931348623157e308", 1.7976931348623157e308},
        {"2.2250738585072014e-308", 2.2250738585072014e-308},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        char text[MYC__FLOAT_TEXT_BYTES];
        uint64_t bits = 0;
        memcpy(&bits, &known[i].number, sizeof(bits));
        myc__print_float(MYC_KIND_F64, bits, text);
        assert_string_equal(text, known[i].text);
    }
}

// Signs are extended, limbs beyond the kind are zero, alignment does not matter.
static void test_numbers_load_from_any_place(void **state)
{
    (void)state;
    static const unsigned char bytes[] = {0xAA, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                          0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                          0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                          0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F};
    struct myc_number number = myc__load_number(MYC_KIND_I16, bytes + 1);
    assert_true(number.limb[0] == (uint64_t)-2 && number.limb[3] == UINT64_MAX);
    number = myc__load_number(MYC_KIND_U16, bytes + 1);
    assert_true(number.limb[0] == 0xFFFE && number.limb[1] == 0);
    number = myc__load_number(MYC_KIND_I128, bytes + 1);
    assert_true(number.limb[0] == (uint64_t)-2 && number.limb[2] == UINT64_MAX);
    number = myc__load_number(MYC_KIND_I256, bytes + 1);
    assert_true(number.limb[0] == (uint64_t)-2 && number.limb[3] == UINT64_MAX >> 1);
    number = myc__load_number(MYC_KIND_U128, bytes + 1);
    assert_true(number.limb[1] == UINT64_MAX && number.limb[2] == 0);
}

static const struct myc_number minus_one = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

// All kinds of integers in decimal, up to the ends of the widest.
static void test_integers_print_in_full(void **state)
{
    (void)state;
    char text[MYC__INTEGER_TEXT_BYTES];
    const struct myc_number zero = {{0, 0, 0, 0}};
    const struct myc_number least = {{0, 0, 0, (uint64_t)1 << 63}};
    myc__print_integer(MYC_KIND_U256, &zero, text);
    assert_string_equal(text, "0");
    myc__print_integer(MYC_KIND_I8, &minus_one, text);
    assert_string_equal(text, "-1");
    myc__print_integer(MYC_KIND_U256, &minus_one, text);
    assert_string_equal(
        text, "115792089237316195423570985008687907853269984665640564039457584007913129639935");
    myc__print_integer(MYC_KIND_I256, &least, text);
    assert_string_equal(
        text, "-57896044618658097711785492504343953926634992332820282019728792003956564819968");
}

// Signed and unsigned kinds order the same bits differently; a NaN has no place.
static void test_numbers_compare_by_kind(void **state)
{
    (void)state;
    const struct myc_number one = {{1, 0, 0, 0}};
    const struct myc_number nan = {{0x7FF8000000000000, 0, 0, 0}};
    const struct myc_number half = {{0x3FE0000000000000, 0, 0, 0}};
    assert_int_equal(myc__compare_numbers(MYC_KIND_I64, &minus_one, &one), -1);
    assert_int_equal(myc__compare_numbers(MYC_KIND_U256, &minus_one, &one), 1);
    assert_int_equal(myc__compare_numbers(MYC_KIND_U8, &one, &one), 0);
    assert_int_equal(myc__compare_numbers(MYC_KIND_F64, &nan, &half), 2);
    assert_int_equal(myc__compare_numbers(MYC_KIND_F32, &half, &half), 0);
}

// A float as a number is the double of the same value, the smallest and NaNs included.
static void test_floats_load_as_doubles(void **state)
{
    (void)state;
    static const struct {
        uint32_t narrow;
        uint64_t wide;
    } known[] = {
        {0x00000000, 0},
        {0x80000000, 0x8000000000000000},
        {0x3FC00000, 0x3FF8000000000000},
        {0x00000001, 0x36A0000000000000},
        {0x007FFFFF, 0x380FFFFFC0000000},
        {0x7F7FFFFF, 0x47EFFFFFE0000000},
        {0xFF800000, 0xFFF0000000000000},
        {0x7F800001, 0x7FF0000020000000},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        unsigned char bytes[4];
        for (size_t j = 0; j < 4; j++) {
            bytes[j] = (unsigned char)(known[i].narrow >> (8 * j));
        }
        assert_true(myc__load_number(MYC_KIND_F32, bytes).limb[0] == known[i].wide);
    }
}

// UTF-8 as its standard has it: no overlong forms, no halves of pairs, nothing above U+10FFFF.
static void test_utf8_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
    } known[] = {
        {"a", 1},
        {"\xC3\xA9", 2},
        {"\xE2\x82\xAC", 3},
        {"\xF0\x9F\x8D\x84", 4},
        {"\xF4\x8F\xBF\xBF", 4},
        {"\x80", 0},
        {"\xC0\x80", 0},
        {"\xC3", 0},
        {"\xC3\x29", 0},
        {"\xE0\x9F\xBF", 0},
        {"\xED\xA0\x80", 0},
        {"\xE2\x82", 0},
        {"\xF0\x8F\xBF\xBF", 0},
        {"\xF4\x90\x80\x80", 0},
        {"\xF5\x80\x80\x80", 0},
        {"\xFF", 0},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const unsigned char *bytes = (const unsigned char *)known[i].bytes;
        assert_int_equal(myc__utf8_length(bytes, strlen(known[i].bytes)), known[i].length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floats_read_back_and_are_shortest),
        cmocka_unit_test(test_floats_have_the_form_of_people),
        cmocka_unit_test(test_numbers_load_from_any_place),
        cmocka_unit_test(test_integers_print_in_full),
        cmocka_unit_test(test_numbers_compare_by_kind),
        cmocka_unit_test(test_floats_load_as_doubles),
        cmocka_unit_test(test_utf8_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
