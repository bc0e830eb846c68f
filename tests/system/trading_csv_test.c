// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Recordings: what rows say, and the one line that each broken file is answered with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <mycelium/posix.h>

#include "csv.h"

#define HEADER                                                                                     \
    "timestamp,netAmount0,netAmount1,closeTick,openTick,inAmount0,inAmount1,currentLiquidity\n"
#define ROW(minute)                                                                                \
    "2025-07-01 00:0" minute ":00,-5,7,198133.0,1,10,340282366920938463463374607431768211463,99\n"

static int set_up(void **state)
{
    struct myc_platform *platform = NULL;
    assert_int_equal(myc_posix_create(&platform, NULL), MYC_OK);
    *state = platform;
    return 0;
}

static int tear_down(void **state)
{
    myc_posix_destroy(*state);
    return 0;
}

static enum myc_status parse(
    void **state,
    const char *text,
    struct trading_recording *out_recording,
    struct myc_diagnostic *diagnostic)
{
    return trading_csv_parse(*state, text, strlen(text), "r.csv", out_recording, diagnostic);
}

// Amounts of more than 128 bits' worth of digits, fractions of zeros and signs come through
// exactly.
static void test_rows_are_read_exactly(void **state)
{
    struct trading_recording recording;
    assert_int_equal(parse(state, HEADER ROW("0") ROW("3"), &recording, NULL), MYC_OK);
    assert_int_equal(recording.row_count, 2);
    const struct trading_row *row = &recording.rows[1];
    assert_int_equal(recording.rows[0].minute, 0);
    assert_int_equal(row->minute, 3);
    assert_int_equal(row->tick, 198133);
    assert_true(row->has_swap);
    assert_int_equal(row->liquidity.limb[0], 99);
    assert_int_equal(row->amount0_in.limb[0], 10);
    assert_int_equal(row->amount0_out.limb[0], 15); // 10 came in and 5 fewer are there
    assert_true(row->amount1_in.limb[0] == 7 && row->amount1_in.limb[1] == 0);
    assert_int_equal(row->amount1_in.limb[2], 1); // 2^128 + 7
    assert_true(row->amount1_out.limb[0] == 0 && row->amount1_out.limb[2] == 1);
    trading_recording_deinit(*state, &recording);
}

// A minute without trade has no swap; lines may end as on other systems; a negative tick is a tick.
static void test_quiet_rows_have_no_swap(void **state)
{
    struct trading_recording recording;
    const char *text = "closeTick,timestamp,netAmount0,netAmount1,inAmount0,inAmount1,"
                       "currentLiquidity\r\n-12,2024-02-29 23:59:00,0,-0,0,0.0,5\r\n"
                       "-13,2024-03-01 00:00:00,0,0,0,0,5\r\n";
    assert_int_equal(parse(state, text, &recording, NULL), MYC_OK);
    assert_int_equal(recording.rows[0].tick, -12);
    assert_false(recording.rows[0].has_swap);
    assert_int_equal(recording.rows[1].minute, 1);
    trading_recording_deinit(*state, &recording);
}

struct bad_case {
    const char *text;
    const char *answer; /* how it begins */
    const char *says;
};

#define AT(field0, rest) HEADER ROW("0") field0 rest

static const struct bad_case bad_cases[] = {
    {"", "r.csv:1: ", "the file is empty"},
    {"a,b\n", "r.csv:1: ", "lacks column 'timestamp'"},
    {"timestamp,timestamp\n", "r.csv:1: ", "repeats column 'timestamp'"},
    {HEADER, "r.csv:1: ", "no row"},
    {HEADER ROW("0") "2025-07-01 00:01:00,1", "r.csv:3: ", "ends inside this line"},
    {HEADER ROW("0") "2025-07-01 00:01:00,1\n", "r.csv:3: ", "2 columns and the header 8"},
    {HEADER ROW("0") "\n", "r.csv:3: ", "1 columns and the header 8"},
    {HEADER ROW("0") ROW("0"), "r.csv:3: ", "'timestamp': '2025-07-01 00:00:00' is not after"},
    {AT("yesterday", ",0,0,1,1,0,0,1\n"), "r.csv:3: ", "'timestamp': 'yesterday' is not a time"},
    {AT("2025-13-01 00:00:00", ",0,0,1,1,0,0,1\n"), "r.csv:3: ", "is not a time"},
    {AT("2025-07-01 00:01:00", ",0,0,1,1,0,0,x\n"), "r.csv:3: ", "'currentLiquidity': 'x' is not"},
    {AT("2025-07-01 00:01:00", ",0,0,1,1,0,0,\n"), "r.csv:3: ", "'currentLiquidity': '' is not"},
    {AT("2025-07-01 00:01:00", ",0,0,1.5,1,0,0,1\n"), "r.csv:3: ", "'closeTick': '1.5' is not"},
    {AT("2025-07-01 00:01:00", ",0,0,1.,1,0,0,1\n"), "r.csv:3: ", "'closeTick': '1.' is not"},
    {AT("2025-07-01 00:01:00", ",0,0,1e3,1,0,0,1\n"), "r.csv:3: ", "'closeTick': '1e3' is not"},
    {AT("2025-07-01 00:01:00", ",0,0,887273,1,0,0,1\n"), "r.csv:3: ", "is not between"},
    {AT("2025-07-01 00:01:00", ",0,0,1,1,-1,0,1\n"), "r.csv:3: ", "'inAmount0': '-1' must not be"},
    {AT("2025-07-01 00:01:00", ",3,0,1,1,2,0,1\n"), "r.csv:3: ", "'netAmount0': '3' is more than"},
    {AT("2025-07-01 00:01:00",
        ",0,0,1,1,0,0,1157920892373161954235709850086879078532699846656405640394575840079131296399"
        "36\n"),
     "r.csv:3: ",
     "needs more than 256 bits"},
};

// Each is refused with file, line and column, and nothing is handed out.
static void test_broken_recordings_are_answered_with_their_place(void **state)
{
    for (size_t i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++) {
        const struct bad_case *bad = &bad_cases[i];
        struct trading_recording recording = {NULL, 0, 0};
        struct myc_diagnostic why;
        myc_diagnostic_clear(&why);
        if (parse(state, bad->text, &recording, &why) != MYC_SYNTAX
            || strncmp(why.text, bad->answer, strlen(bad->answer)) != 0
            || strstr(why.text, bad->says) == NULL || strchr(why.text, '\n') != NULL) {
            fail_msg("case %zu: got '%s' instead of '%s'", i, why.text, bad->says);
        }
        assert_null(recording.rows);
    }
}

// The largest number of 256 bits is one.
static void test_largest_number_fits(void **state)
{
    struct trading_recording recording;
    const char *text =
        HEADER "2025-07-01 00:01:00,0,0,1,1,0,0,"
               "115792089237316195423570985008687907853269984665640564039457584007913129639935\n";
    assert_int_equal(parse(state, text, &recording, NULL), MYC_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_true(recording.rows[0].liquidity.limb[i] == UINT64_MAX);
    }
    trading_recording_deinit(*state, &recording);
}

// A file that is not there is named.
static void test_missing_file_is_named(void **state)
{
    struct trading_recording recording;
    struct myc_diagnostic why;
    assert_int_equal(trading_csv_load(*state, "no/such.csv", &recording, &why), MYC_NOT_FOUND);
    assert_int_equal(strncmp(why.text, "no/such.csv: ", 13), 0);
}

// A recording played beyond its end starts over, later in time, and never runs backwards.
static void test_short_recording_is_played_again(void **state)
{
    struct trading_recording recording;
    assert_int_equal(parse(state, HEADER ROW("0") ROW("3"), &recording, NULL), MYC_OK);
    struct trading_input input = {recording.rows, recording.row_count, 0};
    struct trading_cursor cursor;
    trading_cursor_init(&cursor, &input);
    static const uint64_t minutes[] = {0, 3, 4, 7, 8, 11};
    for (size_t i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
        struct trading_row row;
        trading_cursor_next(&cursor, &row);
        assert_int_equal(row.minute, minutes[i]);
        assert_int_equal(row.tick, 198133);
    }
    trading_recording_deinit(*state, &recording);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_read_exactly),
        cmocka_unit_test(test_quiet_rows_have_no_swap),
        cmocka_unit_test(test_broken_recordings_are_answered_with_their_place),
        cmocka_unit_test(test_largest_number_fits),
        cmocka_unit_test(test_missing_file_is_named),
        cmocka_unit_test(test_short_recording_is_played_again),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
