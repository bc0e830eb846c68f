// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What the driver prints, never how fast anything was.
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/wait.h>

enum { LINE_BYTES = 1024, WORD_BYTES = 128, LINES_MAX = 16, TWO_CPUS = 2 };

struct output {
    char lines[LINES_MAX][LINE_BYTES];
    size_t count;
    int code;
};

struct fields {
    char bench[WORD_BYTES];
    char name[WORD_BYTES];
    char unit[WORD_BYTES];
    double ours;
    double reference;
    char reference_name[WORD_BYTES];
    double ratio;
    char better[WORD_BYTES];
    double bar;
    char holds[WORD_BYTES];
    double runs;
    double spread;
};

static void run_driver(const char *arguments, struct output *out)
{
    char command[LINE_BYTES];
    int size = snprintf(command, sizeof(command), "'%s' %s", BENCH_PROGRAM, arguments);
    assert_in_range(size, 1, (int)sizeof(command) - 1);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    out->count = 0;
    while (out->count < LINES_MAX && fgets(out->lines[out->count], LINE_BYTES, pipe) != NULL) {
        out->count++;
    }
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    out->code = WEXITSTATUS(status);
}

static void skip_without_two_cpus(void)
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    if (CPU_COUNT(&allowed) < TWO_CPUS) {
        skip();
    }
}

// ---- A reader of exactly the one form that is promised ----

static void expect(const char **cursor, const char *text)
{
    size_t size = strlen(text);
    if (strncmp(*cursor, text, size) != 0) {
        fail_msg("expected '%s' at '%s'", text, *cursor);
    }
    *cursor += size;
}

static void read_text(const char **cursor, const char *key, char *word)
{
    size_t size = 0;
    expect(cursor, key);
    expect(cursor, ":\"");
    while ((*cursor)[size] != '"') {
        // Anything that JSON would want escaped is wrong here.
        assert_true((*cursor)[size] >= ' ' && (*cursor)[size] != '\\');
        word[size] = (*cursor)[size];
        size++;
        assert_in_range(size, 1, WORD_BYTES - 1);
    }
    word[size] = '\0';
    assert_true(size > 0);
    *cursor += size + 1;
}

static double read_number(const char **cursor, const char *key)
{
    char *end = NULL;
    expect(cursor, key);
    expect(cursor, ":");
    // JSON has no "inf", "nan" or "+1".
    assert_true(**cursor == '-' || (**cursor >= '0' && **cursor <= '9'));
    double value = strtod(*cursor, &end);
    assert_true(end != *cursor);
    *cursor = end;
    return value;
}

static void read_line(const char *line, struct fields *out)
{
    const char *cursor = line;
    expect(&cursor, "{");
    read_text(&cursor, "\"bench\"", out->bench);
    read_text(&cursor, ",\"case\"", out->name);
    read_text(&cursor, ",\"unit\"", out->unit);
    out->ours = read_number(&cursor, ",\"ours\"");
    out->reference = read_number(&cursor, ",\"reference\"");
    read_text(&cursor, ",\"reference_name\"", out->reference_name);
    out->ratio = read_number(&cursor, ",\"ratio\"");
    read_text(&cursor, ",\"better\"", out->better);
    out->bar = read_number(&cursor, ",\"bar\"");
    read_text(&cursor, ",\"holds\"", out->holds);
    out->runs = read_number(&cursor, ",\"runs\"");
    out->spread = read_number(&cursor, ",\"spread\"");
    expect(&cursor, "}\n");
    assert_int_equal(*cursor, '\0');
}

// What must agree within one line, however the measurement came out.
static void check_sense(const struct fields *fields)
{
    double ratio = fields->ours / fields->reference;
    bool is_lower = strcmp(fields->better, "lower") == 0;
    assert_true(is_lower || strcmp(fields->better, "higher") == 0);
    assert_true(fields->reference > 0);
    assert_true(fields->bar > 0);
    assert_true(fields->ratio <= ratio + 0.001 * (ratio < 0 ? -ratio : ratio));
    assert_true(fields->ratio >= ratio - 0.001 * (ratio < 0 ? -ratio : ratio));
    // One run has no spread, so it is never unclear.
    assert_int_equal((int)fields->runs, 1);
    assert_true(fields->spread > -1e-9 && fields->spread < 1e-9);
    bool is_far_from_bar =
        ratio < fields->bar * 0.99 || ratio > fields->bar * 1.01; // printed digits are few
    bool holds = is_lower ? ratio <= fields->bar : ratio >= fields->bar;
    if (is_far_from_bar) {
        assert_string_equal(fields->holds, holds ? "yes" : "no");
    }
}

static void check_case(const char *bench, const char *name)
{
    char arguments[LINE_BYTES];
    struct output output;
    struct fields fields;
    skip_without_two_cpus();
    (void)snprintf(
        arguments, sizeof(arguments), "%s/%s --json --quick --repetitions 1", bench, name);
    run_driver(arguments, &output);
    assert_int_equal(output.code, 0);
    assert_int_equal(output.count, 1);
    read_line(output.lines[0], &fields);
    assert_string_equal(fields.bench, bench);
    assert_string_equal(fields.name, name);
    check_sense(&fields);
}

// Somebody measures the ring: one line of JSON comes, its fields named and ordered as promised.
static void test_json_describes_a_ring_case(void **state)
{
    (void)state;
    check_case("ring", "oneway_64");
}

// Somebody measures a reader that may be overtaken: it gets every message of its run, or no line.
static void test_json_describes_a_lapping_case(void **state)
{
    (void)state;
    check_case("ring", "overwrite_copy");
}

// Somebody measures queues: a rate is better when it is higher.
static void test_json_describes_a_queue_case(void **state)
{
    (void)state;
    check_case("queue", "lanes");
}

// Somebody sweeps message sizes: one line comes for the one size that its row compares.
static void test_json_describes_a_sweep_case(void **state)
{
    (void)state;
    check_case("ring", "sweep_trip_shm");
}

// Somebody measures the bus inside a process.
static void test_json_describes_a_local_case(void **state)
{
    (void)state;
    check_case("bus", "local_one_thread");
}

// Somebody measures shared memory: two processes meet, and the driver ends both.
static void test_json_describes_a_shared_memory_case(void **state)
{
    (void)state;
    check_case("bus", "shm_rtt");
}

// Somebody measures sockets: a rate is better when it is higher.
static void test_json_describes_a_socket_case(void **state)
{
    (void)state;
    check_case("bus", "tcp_stream");
}

// Somebody measures a codec: what was read is what was written, or there is no line.
static void test_json_describes_a_codec_case(void **state)
{
    (void)state;
    check_case("codec", "decode");
}

// "socket" is not a bench of its own, it selects all cases with sockets and no others.
static void test_socket_selects_unix_and_tcp(void **state)
{
    struct output output;
    (void)state;
    run_driver("socket --list", &output);
    assert_int_equal(output.code, 0);
    assert_true(output.count >= 6);
    for (size_t i = 0; i < output.count; i++) {
        bool is_unix = strncmp(output.lines[i], "bus/unix_", 9) == 0;
        assert_true(is_unix || strncmp(output.lines[i], "bus/tcp_", 8) == 0);
    }
}

// A typing error runs nothing and prints no table that looks as if all were well.
static void test_unknown_name_is_refused(void **state)
{
    struct output output;
    (void)state;
    run_driver("rign --json 2>&1", &output);
    assert_int_equal(output.code, 2);
    assert_true(output.count > 0);
    assert_non_null(strstr(output.lines[0], "'rign'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_describes_a_ring_case),
        cmocka_unit_test(test_json_describes_a_lapping_case),
        cmocka_unit_test(test_json_describes_a_queue_case),
        cmocka_unit_test(test_json_describes_a_sweep_case),
        cmocka_unit_test(test_json_describes_a_local_case),
        cmocka_unit_test(test_json_describes_a_shared_memory_case),
        cmocka_unit_test(test_json_describes_a_socket_case),
        cmocka_unit_test(test_json_describes_a_codec_case),
        cmocka_unit_test(test_socket_selects_unix_and_tcp),
        cmocka_unit_test(test_unknown_name_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
