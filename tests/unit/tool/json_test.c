// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The reader of JSON: what it accepts, where it says that it does not, and numbers that stay exact.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/message/message.h"

// A text and the place and words of its error; NULL: it is fine.
static const struct {
    const char *text;
    const char *error;
} texts[] = {
    {"", NULL},
    {" \t\r\n", NULL},
    {"null true false", NULL},
    {"0 -0 1.5e-3 -1E+9 12345678901234567890123456789", NULL},
    {"\"\" \"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83c\\udf44\"", NULL},
    {"[] [1] [[],{}] {\"a\":{\"b\":[1,2,{\"c\":null}]},\"d\":1}", NULL},
    {"{\"a\":1,\n \"a\":2}", "2:2: two members have one name, or a name has a zero in it"},
    {"{\"a\\u0000\":1}", "1:2: two members have one name, or a name has a zero in it"},
    {"nul", "1:1: no value of JSON"},
    {"[1", "1:3: ',' or ']' was expected"},
    {"[1,", "1:4: the text ends early"},
    {"[1,]", "1:4: no value of JSON"},
    {"[,1]", "1:2: no value of JSON"},
    {"{\"a\" 1}", "1:6: ':' was expected"},
    {"{\"a\":1 \"b\":2}", "1:8: ',' or '}' was expected"},
    {"{a:1}", "1:2: a member's name in quotes was expected"},
    {"{\"a\":1,}", "1:8: a member's name in quotes was expected"},
    {"\n\n  ]", "3:3: no value of JSON"},
    {"01", "1:1: a number must not begin with 0"},
    {"-01", "1:2: a number must not begin with 0"},
    {"1.", "1:3: a digit is missing"},
    {"1e+", "1:4: a digit is missing"},
    {"-", "1:2: a digit is missing"},
    {"+1", "1:1: no value of JSON"},
    {"NaN", "1:1: no value of JSON"},
    {"\"abc", "1:1: the string has no end"},
    {"\"abc\\", "1:1: the string has no end"},
    {"\"a\nb\"", "1:3: control characters in strings must be escaped"},
    {"\"\\x\"", "1:3: no such escape in a string"},
    {"\"\\u12g4\"", "1:6: four hexadecimal digits must follow \\u"},
    {"\"\\ud83c\"", "1:4: half of a surrogate pair"},
    {"\"\\udf44\"", "1:4: half of a surrogate pair"},
    {"\"\\ud83c\\u0041\"", "1:4: half of a surrogate pair"},
    {"\"\xC3\"", "1:2: the text is not UTF-8"},
    {"\"\xED\xA0\x80\"", "1:2: the text is not UTF-8"},
    {"\xEF\xBB\xBF{}", "1:1: no value of JSON"},
    {"[-01]", "1:3: a number must not begin with 0"},
    {"1 [2,fals]", "1:6: no value of JSON"},
    {"[-]", "1:3: a digit is missing"},
    {"{\"a\":\n}", "2:1: no value of JSON"},
    {"[1}", "1:3: ',' or ']' was expected"},
    {"[\n\"a\\ud83c\\udf44\\ndf\\uDF44\"]", "2:21: half of a surrogate pair"},
    {"{\"\\u0041\\uDc00\":1}", "1:11: half of a surrogate pair"},
    {"[\"\xED\x9F\xBF\", \"\\ud7ff\\ue000\"]", NULL},
    {"// no", "1:1: no value of JSON"},
    {"[1e308, -1.7976931348623157e308, 1e-999, 5e-324]", NULL},
    {"[1,\n1e309]", "2:1: the number is beyond the range of a double"},
    {"-1e99999999999999999999", "1:1: the number is beyond the range of a double"},
};

static void read_all(const char *text, size_t len, char *error, size_t size)
{
    struct json_reader reader;
    struct json_node *value = NULL;
    enum json_result result = JSON_OK;
    json_init(&reader, text, len);
    while ((result = json_next(&reader, &value)) == JSON_OK) {
        assert_in_range(value->kind, JSON_NULL, JSON_OBJECT);
    }
    error[0] = '\0';
    if (result == JSON_ERROR) {
        (void)snprintf(
            error, size, "%u:%u: %s", reader.error_line, reader.error_column, reader.error);
    }
    json_deinit(&reader);
}

static void test_each_error_has_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char error[256];
        read_all(texts[i].text, strlen(texts[i].text), error, sizeof(error));
        assert_string_equal(error, texts[i].error != NULL ? texts[i].error : "");
    }
}

// Escapes become UTF-8, values know their places, members are found by name.
static void test_values_are_what_was_written(void **state)
{
    (void)state;
    static const char text[] =
        "{ \"a\" :\n  [ \"\\u00e9\\ud83c\\udf44\\u0000x\" , -1.50 ],\"b\":{}}";
    struct json_reader reader;
    struct json_node *value = NULL;
    json_init(&reader, text, sizeof(text) - 1);
    assert_int_equal(json_next(&reader, &value), JSON_OK);
    const struct json_node *list = json_member(value, "a");
    assert_non_null(list);
    assert_int_equal(list->count, 2);
    assert_int_equal(list->line, 2);
    assert_int_equal(list->column, 3);
    assert_int_equal(list->first->len, 8);
    assert_memory_equal(list->first->text, "\xC3\xA9\xF0\x9F\x8D\x84\0x", 9);
    assert_string_equal(list->last->text, "-1.50");
    assert_null(json_member(value, "c"));
    assert_null(json_member(list, "a"));
    assert_null(json_member(NULL, "a"));
    json_deinit(&reader);
}

// A zero ends no text: it is a character like others that must not be there.
static void test_zeros_are_refused_where_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        const char *error;
    } zeros[] = {
        {"\0", 1, "1:1: no value of JSON"},
        {"1\0", 2, "1:2: no value of JSON"},
        {"[1,\n\0]", 6, "2:1: no value of JSON"},
        {"[1\0]", 4, "1:3: ',' or ']' was expected"},
        {"{\0}", 3, "1:2: a member's name in quotes was expected"},
        {"\"a\0b\"", 5, "1:3: control characters in strings must be escaped"},
        {"\"a\\\0\"", 5, "1:4: no such escape in a string"},
    };
    for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++) {
        char error[256];
        read_all(zeros[i].text, zeros[i].len, error, sizeof(error));
        assert_string_equal(error, zeros[i].error);
    }
}

// Every digit is kept, of integers and of fractions that no double holds.
static void test_numbers_keep_their_text(void **state)
{
    (void)state;
    static const char *const numbers_kept[] = {
        "-57896044618658097711785492504343953926634992332820282019728792003956564819968",
        "115792089237316195423570985008687907853269984665640564039457584007913129639935",
        "3.14159265358979323846264338327950288419716939937510",
        "-0.0E-0",
        "1.0e+0",
        "0",
    };
    for (size_t i = 0; i < sizeof(numbers_kept) / sizeof(numbers_kept[0]); i++) {
        struct json_reader reader;
        struct json_node *value = NULL;
        json_init(&reader, numbers_kept[i], strlen(numbers_kept[i]));
        assert_int_equal(json_next(&reader, &value), JSON_OK);
        assert_int_equal(value->kind, JSON_NUMBER);
        assert_int_equal(value->len, strlen(numbers_kept[i]));
        assert_string_equal(value->text, numbers_kept[i]);
        assert_int_equal(json_next(&reader, &value), JSON_END);
        json_deinit(&reader);
    }
}

// Lines count on from value to value, and each value is a tree of its own.
static void test_values_follow_each_other(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":1}\n\n [true,\n  false]null\n \"x\"\"y\" ";
    static const struct {
        enum json_kind kind;
        uint32_t line;
        uint32_t column;
    } values[] = {
        {JSON_OBJECT, 1, 1},
        {JSON_ARRAY, 3, 2},
        {JSON_NULL, 4, 9},
        {JSON_STRING, 5, 2},
        {JSON_STRING, 5, 5},
    };
    struct json_reader reader;
    struct json_node *value = NULL;
    json_init(&reader, text, sizeof(text) - 1);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_int_equal(json_next(&reader, &value), JSON_OK);
        assert_int_equal(value->kind, values[i].kind);
        assert_int_equal(value->line, values[i].line);
        assert_int_equal(value->column, values[i].column);
        assert_null(value->outer);
        assert_null(value->next);
        if (value->kind == JSON_ARRAY) {
            assert_int_equal(value->last->kind, JSON_FALSE);
            assert_int_equal(value->last->line, 4);
            assert_int_equal(value->last->column, 3);
        }
    }
    assert_int_equal(json_next(&reader, &value), JSON_END);
    json_deinit(&reader);
}

// Neither levels nor members without end.
static void test_sizes_are_bounded(void **state)
{
    (void)state;
    char text[JSON_NESTING_MAX * 2 + 3];
    char error[256];
    memset(text, '[', JSON_NESTING_MAX + 1);
    memset(text + JSON_NESTING_MAX, ']', JSON_NESTING_MAX);
    read_all(text, (size_t)JSON_NESTING_MAX * 2, error, sizeof(error));
    assert_string_equal(error, "");
    memset(text, '[', JSON_NESTING_MAX + 1);
    read_all(text, (size_t)JSON_NESTING_MAX + 1, error, sizeof(error));
    assert_string_equal(error, "1:65: more than 64 levels");

    struct message_bytes members = {0};
    message_append_text(&members, "{\n\"0\":0");
    for (uint32_t i = 1; i < JSON_MEMBERS_MAX; i++) {
        char member[32];
        (void)snprintf(member, sizeof(member), ",\"%u\":0", i);
        message_append_text(&members, member);
    }
    size_t most = members.size;
    message_append_text(&members, "}");
    read_all((const char *)members.data, members.size, error, sizeof(error));
    assert_string_equal(error, "");
    members.size = most;
    message_append_text(&members, ",\n\"x\":0}");
    read_all((const char *)members.data, members.size, error, sizeof(error));
    assert_string_equal(error, "3:1: more than 4096 members");
    free(members.data);
}

// One value has so many bytes at most, a text any number.
static void test_values_of_many_bytes_are_refused(void **state)
{
    (void)state;
    char error[256];
    size_t size = JSON_VALUE_MAX + 4;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, ' ', size);
    memcpy(text, "\n\n1 ", 4);
    text[size - 1] = '2';
    read_all(text, size, error, sizeof(error));
    assert_string_equal(error, "");
    text[3] = '[';
    text[size - 1] = ']';
    read_all(text, size, error, sizeof(error));
    assert_string_equal(error, "3:2: a value has more than 128 MiB");
    text[size - 2] = ']'; // the most, and another value behind it
    text[size - 1] = '2';
    read_all(text, size, error, sizeof(error));
    assert_string_equal(error, "");
    free(text);
}

// Whatever the bytes are, reading ends, and looks at no other byte: sanitizers watch.
static void test_damaged_texts_are_only_refused(void **state)
{
    (void)state;
    uint64_t random = 3;
    size_t refused = 0;
    for (size_t run = 0; run < 20000; run++) {
        const char *seed = texts[run % (sizeof(texts) / sizeof(texts[0]))].text;
        size_t len = strlen(seed);
        char error[256];
        char *text = malloc(len + 1);
        assert_non_null(text);
        memcpy(text, seed, len);
        for (size_t i = 0; i < 2 && len > 0; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            text[(random >> 33) % len] = "{}[]\",:\\u0-e\xC3 \n"[(random >> 20) % 16];
        }
        char *exact = realloc(text, len > 0 ? len : 1);
        assert_non_null(exact);
        read_all(exact, len, error, sizeof(error));
        refused += error[0] != '\0' ? 1 : 0;
        free(exact);
    }
    assert_in_range(refused, 1, 19999);
}

static const struct {
    uint8_t kind;
    const char *text;
    uint64_t limb_0;
    uint64_t limb_3;
    const char *fault;
} numbers[] = {
    {MYC_KIND_U8, "255", 255, 0, NULL},
    {MYC_KIND_U8, "256", 0, 0, "it is out of the type's range"},
    {MYC_KIND_U8, "-1", 0, 0, "it is out of the type's range"},
    {MYC_KIND_U8, "-0", 0, 0, NULL},
    {MYC_KIND_U8, "0xfF", 255, 0, NULL},
    {MYC_KIND_U8, "0x", 0, 0, "it is not a whole number"},
    {MYC_KIND_U8, "", 0, 0, "it is not a whole number"},
    {MYC_KIND_U8, "1.0", 0, 0, "it is not a whole number"},
    {MYC_KIND_I8, "-128", (uint64_t)-128, UINT64_MAX, NULL},
    {MYC_KIND_I8, "-129", 0, 0, "it is out of the type's range"},
    {MYC_KIND_I8, "128", 0, 0, "it is out of the type's range"},
    {MYC_KIND_I64, "-9223372036854775808", (uint64_t)1 << 63, UINT64_MAX, NULL},
    {MYC_KIND_I64, "9223372036854775808", 0, 0, "it is out of the type's range"},
    {MYC_KIND_U256,
     "115792089237316195423570985008687907853269984665640564039457584007913129639935",
     UINT64_MAX,
     UINT64_MAX,
     NULL},
    {MYC_KIND_U256,
     "115792089237316195423570985008687907853269984665640564039457584007913129639936",
     0,
     0,
     "it is out of the type's range"},
    {MYC_KIND_I256,
     "-57896044618658097711785492504343953926634992332820282019728792003956564819968",
     0,
     (uint64_t)1 << 63,
     NULL},
    {MYC_KIND_I256,
     "57896044618658097711785492504343953926634992332820282019728792003956564819968",
     0,
     0,
     "it is out of the type's range"},
    {MYC_KIND_F64, "0.1", 0x3FB999999999999A, 0, NULL},
    {MYC_KIND_F64, "-0.0", (uint64_t)1 << 63, 0, NULL},
    {MYC_KIND_F64, "1e999", 0, 0, "it is out of the type's range"},
    {MYC_KIND_F64, "NaN", 0x7FF8000000000000, 0, NULL},
    {MYC_KIND_F64, "nan", 0, 0, "it is not a number"},
    {MYC_KIND_F64, "inf", 0, 0, "it is not a number"},
    {MYC_KIND_F64, "-inf", 0, 0, "it is not a number"},
    {MYC_KIND_F64, "-0x1p3", 0, 0, "it is not a number"},
    {MYC_KIND_F64, "", 0, 0, "it is not a number"},
    {MYC_KIND_F64, "0x7ff0000000000001", 0x7FF0000000000001, 0, NULL},
    {MYC_KIND_F32, "0.1", 0x3DCCCCCD, 0, NULL},
    {MYC_KIND_F32, "-Infinity", 0xFF800000, 0, NULL},
    {MYC_KIND_F32, "3.5e38", 0, 0, "it is out of the type's range"},
    {MYC_KIND_F32, "0x1ffffffff", 0, 0, "it is out of the type's range"},
};

// Exact at both ends of each kind, and refused beyond.
static void test_numbers_are_exact_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct myc_number number;
        const char *text = numbers[i].text;
        const char *fault = message_read_number(numbers[i].kind, text, strlen(text), &number);
        if (numbers[i].fault != NULL) {
            assert_non_null(fault);
            assert_string_equal(fault, numbers[i].fault);
            continue;
        }
        assert_null(fault);
        assert_true(number.limb[0] == numbers[i].limb_0 && number.limb[3] == numbers[i].limb_3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_error_has_its_place),
        cmocka_unit_test(test_values_are_what_was_written),
        cmocka_unit_test(test_zeros_are_refused_where_they_are),
        cmocka_unit_test(test_numbers_keep_their_text),
        cmocka_unit_test(test_values_follow_each_other),
        cmocka_unit_test(test_sizes_are_bounded),
        cmocka_unit_test(test_values_of_many_bytes_are_refused),
        cmocka_unit_test(test_damaged_texts_are_only_refused),
        cmocka_unit_test(test_numbers_are_exact_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
