// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Portable names: what is taken, what is refused and with which words, and the way back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include <mycelium/place.h>
#include <mycelium/segment_name.h>
#include <mycelium/workers.h>

static void expect_refused(const char *name, enum myc_status expected, const char *words)
{
    struct myc_diagnostic why;
    assert_int_equal(myc_segment_name_check(name, &why), expected);
    assert_int_equal(myc_segment_name_check(name, NULL), expected);
    if (strstr(why.text, words) == NULL) {
        fail_msg("'%s' does not say '%s'", why.text, words);
    }
}

// What every system takes, and nothing else. [NAME-1]
static void test_names_are_checked(void **state)
{
    (void)state;
    assert_int_equal(myc_segment_name_check("a", NULL), MYC_OK);
    assert_int_equal(myc_segment_name_check("Ticks_2.w-3", NULL), MYC_OK);
    assert_int_equal(myc_segment_name_check("123456789012345678901234567890", NULL), MYC_OK);
    expect_refused("1234567890123456789012345678901", MYC_TOO_BIG, "31 characters, at most 30");
    expect_refused("", MYC_INVALID, "empty");
    expect_refused("/ticks", MYC_INVALID, "character 1, '/'");
    expect_refused("a b", MYC_INVALID, "character 2, ' '");
    expect_refused(".hidden", MYC_INVALID, "character 1, '.'");
    expect_refused("-flag", MYC_INVALID, "character 1, '-'");
    expect_refused("gr\xc3\xbc", MYC_INVALID, "character 3");
    for (int c = 1; c < 256; c++) {
        char name[3] = {'a', (char)c, '\0'};
        const char *taken = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
        assert_int_equal(myc_segment_name_check(name, NULL) == MYC_OK, strchr(taken, c) != NULL);
    }
}

// A place takes as its name what is checked here, and nothing else. [NAME-1]
static void test_places_take_the_same_names(void **state)
{
    (void)state;
    _Static_assert((int)MYC_SEGMENT_NAME_MAX == (int)MYC_PLACE_NAME_MAX, "one limit");
    char name[MYC_SEGMENT_NAME_MAX + 3];
    for (size_t len = 0; len < sizeof name; len++) {
        memset(name, 'a', len);
        name[len] = '\0';
        for (int c = 1; c < 256; c++) {
            if (len > 0) {
                name[c % 2 == 0 ? 0 : len - 1] = (char)c;
            }
            assert_int_equal(
                myc_segment_name_check(name, NULL) == MYC_OK,
                myc_place_check_name(MYC_PLACE_NAMED, name, NULL) == MYC_OK);
            memset(name, 'a', len);
        }
    }
}

// Composed names are those of their parts, and back. [NAME-2] [NAME-3]
static void test_names_are_composed_and_taken_apart(void **state)
{
    (void)state;
    char name[MYC_SEGMENT_NAME_BYTES];
    struct myc_segment_name_parts parts;
    assert_int_equal(
        myc_segment_name_compose(name, "desk", "s", MYC_SEGMENT_NO_INDEX, NULL), MYC_OK);
    assert_string_equal(name, "desk.s");
    assert_int_equal(myc_segment_name_parse(name, &parts), MYC_OK);
    assert_string_equal(parts.prefix, "desk");
    assert_string_equal(parts.role, "s");
    assert_true(parts.index == MYC_SEGMENT_NO_INDEX);
    static const uint32_t indices[] = {0, 7, 63, 4294967294u};
    for (size_t i = 0; i < sizeof indices / sizeof indices[0]; i++) {
        assert_int_equal(
            myc_segment_name_compose(name, "desk-1", "ring", indices[i], NULL), MYC_OK);
        assert_int_equal(myc_segment_name_parse(name, &parts), MYC_OK);
        assert_true(parts.index == indices[i]);
        assert_string_equal(parts.role, "ring");
    }
    assert_string_equal(name, "desk-1.ring.4294967294");
}

// No two triples share a name, so parts without '.' only; what does not fit is not cut. [NAME-2]
static void test_parts_are_checked(void **state)
{
    (void)state;
    char name[MYC_SEGMENT_NAME_BYTES];
    struct myc_diagnostic why;
    assert_int_equal(myc_segment_name_compose(name, "a.b", "s", 1, &why), MYC_INVALID);
    assert_non_null(strstr(why.text, "prefix"));
    assert_string_equal(name, "");
    assert_int_equal(myc_segment_name_compose(name, "a", "s/", 1, &why), MYC_INVALID);
    assert_non_null(strstr(why.text, "role"));
    assert_int_equal(myc_segment_name_compose(name, "a", "", 1, &why), MYC_INVALID);
    static const char prefix[] = "12345678901234567890123456";
    assert_int_equal(myc_segment_name_compose(name, prefix, "w", 9, NULL), MYC_OK);
    assert_int_equal(strlen(name), MYC_SEGMENT_NAME_MAX);
    assert_int_equal(myc_segment_name_compose(name, prefix, "w", 10, &why), MYC_TOO_BIG);
    assert_string_equal(name, "");
    assert_non_null(strstr(why.text, "31 characters"));
}

// Whatever compose does not make is not parsed. [NAME-3]
static void test_other_names_are_not_taken_apart(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "desk",
        "desk.",
        ".s",
        "desk.s.",
        "desk.s.01",
        "desk.s.1x",
        "desk.s.4294967295",
        "desk.s.1.2",
        "desk..1",
        "desk.-s.1",
        "desk.s.99999999999999999999"};
    struct myc_segment_name_parts parts;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(myc_segment_name_parse(names[i], &parts), MYC_INVALID);
    }
    assert_int_equal(
        myc_segment_name_parse("desk.s.123456789012345678901234567890", &parts), MYC_TOO_BIG);
}

// The parts of a scheduler and its workers have names of their own. [NAME-2]
static void test_parts_of_workers_are_named(void **state)
{
    (void)state;
    char name[MYC_SEGMENT_NAME_BYTES];
    assert_int_equal(myc_workers_part_name(name, "desk", MYC_WORKERS_NONE, NULL), MYC_OK);
    assert_string_equal(name, "desk.s");
    assert_int_equal(myc_workers_part_name(name, "desk", 12, NULL), MYC_OK);
    assert_string_equal(name, "desk.w.12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_checked),
        cmocka_unit_test(test_places_take_the_same_names),
        cmocka_unit_test(test_names_are_composed_and_taken_apart),
        cmocka_unit_test(test_parts_are_checked),
        cmocka_unit_test(test_other_names_are_not_taken_apart),
        cmocka_unit_test(test_parts_of_workers_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
