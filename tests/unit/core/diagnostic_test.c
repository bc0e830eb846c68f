// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Diagnostics: what is recorded, how it grows, and that a cut shows.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mycelium/diagnostic.h>

#include <string.h>

enum { TEXT_LEN_MAX = MYC_DIAGNOSTIC_TEXT_BYTES - 1, LONG_LEN = 400 };

// A text that is longer than any diagnostic, all of one letter.
static void fill_long_text(char text[LONG_LEN + 1], char letter)
{
    memset(text, letter, LONG_LEN);
    text[LONG_LEN] = '\0';
}

static void assert_cut(const struct myc_diagnostic *diagnostic)
{
    assert_int_equal(strlen(diagnostic->text), TEXT_LEN_MAX);
    assert_string_equal(diagnostic->text + TEXT_LEN_MAX - 3, "...");
}

// Clearing forgets a failure entirely. [DIAG-1]
static void test_clear_forgets(void **state)
{
    (void)state;
    struct myc_diagnostic diagnostic;
    assert_int_equal(myc_diagnostic_set(&diagnostic, MYC_IO, 5, "disk"), MYC_IO);
    myc_diagnostic_clear(&diagnostic);
    assert_int_equal(diagnostic.status, MYC_OK);
    assert_int_equal(diagnostic.os_error, 0);
    assert_string_equal(diagnostic.text, "");
}

// Set records all three parts and hands the status back, so that a function can return it. [DIAG-2]
static void test_set_records_and_returns(void **state)
{
    (void)state;
    struct myc_diagnostic diagnostic;
    memset(&diagnostic, 0xff, sizeof(diagnostic));
    enum myc_status status = myc_diagnostic_set(&diagnostic, MYC_DENIED, 13, "cannot open 'x'");
    assert_int_equal(status, MYC_DENIED);
    assert_int_equal(diagnostic.status, MYC_DENIED);
    assert_int_equal(diagnostic.os_error, 13);
    assert_string_equal(diagnostic.text, "cannot open 'x'");
}

// A second failure replaces the first. [DIAG-2]
static void test_set_replaces(void **state)
{
    (void)state;
    struct myc_diagnostic diagnostic;
    (void)myc_diagnostic_set(&diagnostic, MYC_DENIED, 13, "a rather long first failure");
    (void)myc_diagnostic_set(&diagnostic, MYC_LIMIT, 0, "second");
    assert_int_equal(diagnostic.status, MYC_LIMIT);
    assert_int_equal(diagnostic.os_error, 0);
    assert_string_equal(diagnostic.text, "second");
}

// A text that just fits is whole; one byte more, and the cut is marked. [DIAG-2]
static void test_set_marks_a_cut(void **state)
{
    (void)state;
    struct myc_diagnostic diagnostic;
    char text[LONG_LEN + 1];
    fill_long_text(text, 'x');
    text[TEXT_LEN_MAX] = '\0';
    (void)myc_diagnostic_set(&diagnostic, MYC_IO, 0, text);
    assert_string_equal(diagnostic.text, text);
    text[TEXT_LEN_MAX] = 'x';
    text[TEXT_LEN_MAX + 1] = '\0';
    (void)myc_diagnostic_set(&diagnostic, MYC_IO, 0, text);
    assert_cut(&diagnostic);
}

// Wrapping reads outside in and changes neither status nor OS error. [DIAG-3]
static void test_wrap_puts_the_outer_first(void **state)
{
    (void)state;
    struct myc_diagnostic diagnostic;
    (void)myc_diagnostic_set(&diagnostic, MYC_SYNTAX, 7, "port 70000 is above 65535");
    myc_diagnostic_wrap(&diagnostic, "node 'risk'");
    myc_diagnostic_wrap(&diagnostic, "topology.toml:7");
    assert_string_equal(diagnostic.text, "topology.toml:7: node 'risk': port 70000 is above 65535");
    assert_int_equal(diagnostic.status, MYC_SYNTAX);
    assert_int_equal(diagnostic.os_error, 7);
}

// When there is no room for all, the place stays and the detail is cut. [DIAG-3]
static void test_wrap_cuts_the_inner_text(void **state)
{
    (void)state;
    struct myc_diagnostic diagnostic;
    char text[LONG_LEN + 1];
    fill_long_text(text, 'x');
    text[TEXT_LEN_MAX] = '\0';
    (void)myc_diagnostic_set(&diagnostic, MYC_IO, 0, text);
    myc_diagnostic_wrap(&diagnostic, "outer");
    assert_memory_equal(diagnostic.text, "outer: xxx", 10);
    assert_cut(&diagnostic);
}

// Text, numbers and names grow at the end, in the order of the calls. [DIAG-4]
static void test_append_grows_the_text(void **state)
{
    (void)state;
    struct myc_diagnostic diagnostic;
    (void)myc_diagnostic_set(&diagnostic, MYC_LIMIT, 0, "topic ");
    myc_diagnostic_append_quoted(&diagnostic, "prices.eur", 6);
    myc_diagnostic_append(&diagnostic, " has ");
    myc_diagnostic_append_u64(&diagnostic, UINT64_MAX);
    myc_diagnostic_append(&diagnostic, " bytes");
    assert_string_equal(diagnostic.text, "topic 'prices' has 18446744073709551615 bytes");
    assert_int_equal(diagnostic.status, MYC_LIMIT);
}

// A name from a hostile peer cannot break the line or the terminal. [DIAG-4]
static void test_append_quoted_is_printable(void **state)
{
    (void)state;
    struct myc_diagnostic diagnostic;
    const char name[] = {'a', '\n', '\x1b', '\0', '\x7f', '\xff', 'z'};
    myc_diagnostic_clear(&diagnostic);
    myc_diagnostic_append_quoted(&diagnostic, name, sizeof(name));
    assert_string_equal(diagnostic.text, "'a?????z'");
}

// However the text got too long, the cut is marked, and stays marked when more is appended.
// [DIAG-4]
static void test_append_marks_a_cut(void **state)
{
    (void)state;
    struct myc_diagnostic diagnostic;
    char text[LONG_LEN + 1];
    fill_long_text(text, 'n');
    myc_diagnostic_clear(&diagnostic);
    myc_diagnostic_append_quoted(&diagnostic, text, LONG_LEN);
    assert_cut(&diagnostic);
    myc_diagnostic_append(&diagnostic, "more");
    assert_cut(&diagnostic);
    myc_diagnostic_append_u64(&diagnostic, 1234567);
    assert_cut(&diagnostic);
    assert_memory_equal(diagnostic.text, "'nnn", 4);
}

// Who does not want the detail passes NULL everywhere. [DIAG-1] [DIAG-2] [DIAG-3] [DIAG-4]
static void test_null_is_accepted_everywhere(void **state)
{
    (void)state;
    myc_diagnostic_clear(NULL);
    assert_int_equal(myc_diagnostic_set(NULL, MYC_IO, 5, "text"), MYC_IO);
    myc_diagnostic_wrap(NULL, "outer");
    myc_diagnostic_append(NULL, "text");
    myc_diagnostic_append_u64(NULL, 1);
    myc_diagnostic_append_quoted(NULL, "name", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clear_forgets),
        cmocka_unit_test(test_set_records_and_returns),
        cmocka_unit_test(test_set_replaces),
        cmocka_unit_test(test_set_marks_a_cut),
        cmocka_unit_test(test_wrap_puts_the_outer_first),
        cmocka_unit_test(test_wrap_cuts_the_inner_text),
        cmocka_unit_test(test_append_grows_the_text),
        cmocka_unit_test(test_append_quoted_is_printable),
        cmocka_unit_test(test_append_marks_a_cut),
        cmocka_unit_test(test_null_is_accepted_everywhere),
    };
    return cmocka_run_group_tests_name("core.diagnostic", tests, NULL, NULL);
}
