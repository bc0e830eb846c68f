// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc gen` as a process: exit status, the one line on standard error, and the files it leaves.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT_BYTES = 1 << 20, PATH_BYTES = 4096, ARGUMENTS_MAX = 8 };

struct fixture {
    char folder[PATH_BYTES]; /* made for one test, empty at its start */
    char contract[PATH_BYTES];
    char out[PATH_BYTES];
};

struct outcome {
    int exit_status;
    char text[TEXT_BYTES]; /* standard output and standard error */
};

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL) {
        fail_msg("%s is not set: run this test through ctest", name);
    }
    return value;
}

static void join(char *path, const char *folder, const char *name)
{
    int len = snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    assert_in_range(len, 1, PATH_BYTES - 1);
}

static int make_fixture(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    join(fixture->folder, environment("MYC_SCRATCH"), "command_XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    join(fixture->contract, fixture->folder, "contract.yaml");
    join(fixture->out, fixture->folder, "out");
    *state = fixture;
    return 0;
}

// Removes the files of a folder and returns how many there were; 0 if there is no such folder.
static size_t empty_folder(const char *folder)
{
    DIR *entries = opendir(folder);
    size_t count = 0;
    if (entries == NULL) {
        return 0;
    }
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        char path[PATH_BYTES];
        join(path, folder, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            count += unlink(path) == 0 ? 1 : 0;
        }
    }
    closedir(entries);
    return count;
}

static int remove_fixture(void **state)
{
    struct fixture *fixture = *state;
    (void)empty_folder(fixture->out);
    (void)rmdir(fixture->out);
    (void)empty_folder(fixture->folder);
    int result = rmdir(fixture->folder);
    free(fixture);
    return result;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void read_text(const char *path, char text[TEXT_BYTES])
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s is missing", path);
    }
    size_t size = fread(text, 1, TEXT_BYTES - 1, file);
    text[size] = '\0';
    assert_int_equal(fclose(file), 0);
}

// Runs the tool with the given arguments, ended by NULL, and waits for it.
static void run(struct fixture *fixture, const char *const *arguments, struct outcome *outcome)
{
    char *argv[ARGUMENTS_MAX + 2] = {(char *)environment("MYC_TOOL")};
    char log[PATH_BYTES];
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    int wait_status = 0;
    char *const no_environment[] = {NULL};
    for (size_t i = 0; arguments[i] != NULL; i++) {
        assert_in_range(i, 0, ARGUMENTS_MAX - 1);
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    join(log, fixture->folder, "log");
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(
        posix_spawn_file_actions_addopen(
            &actions, STDOUT_FILENO, log, O_CREAT | O_WRONLY | O_TRUNC, 0666),
        0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO), 0);
    assert_int_equal(posix_spawn(&child, argv[0], &actions, NULL, argv, no_environment), 0);
    assert_int_equal(waitpid(child, &wait_status, 0), child);
    posix_spawn_file_actions_destroy(&actions);
    assert_true(WIFEXITED(wait_status));
    outcome->exit_status = WEXITSTATUS(wait_status);
    read_text(log, outcome->text);
    assert_int_equal(unlink(log), 0);
}

static void generate(struct fixture *fixture, const char *contract, struct outcome *outcome)
{
    const char *const arguments[] = {"gen", contract, "--out", fixture->out, NULL};
    run(fixture, arguments, outcome);
}

struct bad_case {
    const char *yaml;
    const char *place; /* line:column */
    const char *text;  /* part of the message */
};

#define SCHEMA "schema: {name: a, id: 1}\n"
#define MESSAGE SCHEMA "messages:\n  M:\n    tlv_type: 1\n    topic: t\n"
#define FIELDS MESSAGE "    fields:\n"

// A few ways to get a contract wrong; tests/contracts has them all.
static const struct bad_case bad_cases[] = {
    {"schema: {name: a\n", "2:1", "did not find expected ',' or '}'"},
    {SCHEMA, "1:1", "missing key 'messages'"},
    {FIELDS "      x: u7\n", "7:10", "unknown type 'u7'"},
    {"schema: {name: string, id: 1}\nmessages: {M: {tlv_type: 1, topic: t, fields: {x: u8}}}\n",
     "1:16",
     "bad contract name 'string'"},
    {FIELDS "      init: optional u8\n  MSet: {tlv_type: 2, topic: t, fields: {x: u8}}\n",
     "8:3",
     "message 'M' and message 'MSet' both generate 'a_m_set_init' in C: rename one"},
};

// Bad input: status 2, one line that begins file:line:column, and no file written.
static void test_bad_contracts_are_refused_in_one_line(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome;
    for (size_t i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++) {
        const struct bad_case *bad = &bad_cases[i];
        char start[PATH_BYTES + 64];
        write_text(fixture->contract, bad->yaml);
        generate(fixture, fixture->contract, &outcome);
        snprintf(start, sizeof(start), "%s:%s: error: ", fixture->contract, bad->place);
        size_t len = strlen(outcome.text);
        bool is_one_line = len > 0 && strchr(outcome.text, '\n') == outcome.text + len - 1;
        if (outcome.exit_status != 2 || !is_one_line
            || strncmp(outcome.text, start, strlen(start)) != 0
            || strstr(outcome.text, bad->text) == NULL) {
            fail_msg(
                "case %zu: expected %s '%s', got status %d and: %s",
                i,
                bad->place,
                bad->text,
                outcome.exit_status,
                outcome.text);
        }
        assert_int_equal(empty_folder(fixture->out), 0);
    }
}

// All mistakes of a file are told at once, in the order of their places.
static void test_all_errors_are_told_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome;
    write_text(fixture->contract, FIELDS "      x: u7\n      Y: u8\n      z: u9\n");
    generate(fixture, fixture->contract, &outcome);
    assert_int_equal(outcome.exit_status, 2);
    const char *first = strstr(outcome.text, ":7:10: error: ");
    const char *second = strstr(outcome.text, ":8:7: error: ");
    const char *third = strstr(outcome.text, ":9:10: error: ");
    assert_non_null(first);
    assert_true(first < second && second < third);
    assert_int_equal(empty_folder(fixture->out), 0);
}

// A contract that is not there is the caller's mistake, said in one line.
static void test_missing_contract_is_reported(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome;
    generate(fixture, fixture->contract, &outcome);
    assert_int_equal(outcome.exit_status, 2);
    assert_non_null(
        strstr(outcome.text, "contract.yaml: error: cannot open the contract: No such"));
}

// A place that cannot be written to is the system's refusal; nothing is left behind.
static void test_unwritable_output_is_reported(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome;
    write_text(fixture->contract, FIELDS "      x: u8\n");
    write_text(fixture->out, "a file where a folder should be");
    generate(fixture, fixture->contract, &outcome);
    assert_int_equal(outcome.exit_status, 1);
    assert_non_null(strstr(outcome.text, "out: error: cannot make the folder: "));
    assert_int_equal(unlink(fixture->out), 0);

    char blocked[PATH_BYTES];
    assert_int_equal(mkdir(fixture->out, 0777), 0);
    join(blocked, fixture->out, "a.h");
    assert_int_equal(mkdir(blocked, 0777), 0);
    generate(fixture, fixture->contract, &outcome);
    assert_int_equal(outcome.exit_status, 1);
    assert_non_null(strstr(outcome.text, "a.h: error: cannot put the file in place: "));
    assert_int_equal(rmdir(blocked), 0);
    assert_int_equal(empty_folder(fixture->out), 0);
}

// Header and source belong together: if one cannot be replaced, both stay as they were.
static void test_a_blocked_source_leaves_the_header_alone(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome;
    char header[PATH_BYTES];
    char source[PATH_BYTES];
    assert_int_equal(mkdir(fixture->out, 0777), 0);
    join(header, fixture->out, "a.h");
    join(source, fixture->out, "a.c");
    write_text(fixture->contract, FIELDS "      x: u8\n");
    write_text(header, "an older header");
    assert_int_equal(mkdir(source, 0777), 0);
    generate(fixture, fixture->contract, &outcome);
    assert_int_equal(outcome.exit_status, 1);
    assert_non_null(strstr(outcome.text, "a.c: error: cannot put the file in place: "));
    read_text(header, outcome.text);
    assert_string_equal(outcome.text, "an older header");
    assert_int_equal(rmdir(source), 0);
    assert_int_equal(empty_folder(fixture->out), 1);
}

// Wrong command lines say which word is wrong and where to read more.
static void test_bad_command_lines_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome;
    static const struct {
        const char *arguments[6];
        const char *text;
    } cases[] = {
        {{NULL}, "myc: error: no command; try 'myc help'\n"},
        {{"grow", NULL}, "myc: error: unknown command 'grow'; try 'myc help'\n"},
        {{"gen", NULL}, "myc gen: error: name exactly one contract file; try 'myc gen --help'\n"},
        {{"gen", "a", "b", NULL}, "myc gen: error: name exactly one contract file"},
        {{"gen", "a", NULL}, "myc gen: error: say where to write with --out DIR"},
        {{"gen", "a", "--out", NULL}, "myc gen: error: missing value after --out"},
        {{"gen", "a", "--in", "b", NULL}, "myc gen: error: unknown option --in"},
        {{"describe", "a", "--type=X", NULL}, "myc describe: error: unknown option --type=X"},
        {{"describe", "a", "--type", "X", NULL}, "myc describe: error: unknown option --type;"},
        {{"gen", "a", "--out", "b", "--prefix=A"}, "not A; try 'myc gen --help'\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run(fixture, cases[i].arguments, &outcome);
        assert_int_equal(outcome.exit_status, 2);
        if (strstr(outcome.text, cases[i].text) == NULL) {
            fail_msg("case %zu: %s", i, outcome.text);
        }
    }
}

// Help and version go to standard output and succeed.
static void test_help_and_version_succeed(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome;
    static const struct {
        const char *arguments[3];
        const char *text;
    } cases[] = {
        {{"help", NULL}, "usage: myc COMMAND"},
        {{"--help", NULL}, "usage: myc COMMAND"},
        {{"--version", NULL}, "myc 0."},
        {{"gen", "--help", NULL}, "usage: myc gen CONTRACT.yaml --out DIR"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run(fixture, cases[i].arguments, &outcome);
        assert_int_equal(outcome.exit_status, 0);
        assert_ptr_equal(strstr(outcome.text, cases[i].text), outcome.text);
    }
}

// Committed generated code ends in .txt, so that the checks on our own sources pass it by.
static void assert_same_file(const char *folder, const char *golden, const char *name)
{
    char path[PATH_BYTES];
    char golden_name[PATH_BYTES];
    char *expected = malloc(TEXT_BYTES);
    char *generated = malloc(TEXT_BYTES);
    assert_non_null(expected);
    assert_non_null(generated);
    snprintf(golden_name, sizeof(golden_name), "%s.txt", name);
    join(path, golden, golden_name);
    read_text(path, expected);
    join(path, folder, name);
    read_text(path, generated);
    assert_string_equal(generated, expected);
    free(expected);
    free(generated);
}

// The generated code is the committed one, byte for byte, also when it replaces an older one.
static void test_generated_code_is_the_golden_one(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome;
    char contract[PATH_BYTES];
    const char *golden = environment("MYC_GOLDEN");
    join(contract, golden, "small.yaml");
    for (int round = 0; round < 2; round++) {
        generate(fixture, contract, &outcome);
        assert_int_equal(outcome.exit_status, 0);
        assert_string_equal(outcome.text, "");
        assert_same_file(fixture->out, golden, "small.h");
        assert_same_file(fixture->out, golden, "small.c");
    }
    assert_int_equal(empty_folder(fixture->out), 2);
}

// With every feature of the language, and C++: nothing changes unnoticed.
static void test_all_generated_code_is_the_golden_one(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome;
    const char *golden = environment("MYC_GOLDEN_EVERYTHING");
    const char *const arguments[] = {
        "gen", environment("MYC_EVERYTHING"), "--cpp", "--out", fixture->out, NULL};
    run(fixture, arguments, &outcome);
    assert_int_equal(outcome.exit_status, 0);
    assert_same_file(fixture->out, golden, "everything.h");
    assert_same_file(fixture->out, golden, "everything.c");
    assert_same_file(fixture->out, golden, "everything.hpp");
    assert_int_equal(empty_folder(fixture->out), 3);
}

// A prefix of one's own names files and everything in them.
static void test_prefix_names_files_and_symbols(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome;
    char path[PATH_BYTES];
    const char *const arguments[] = {
        "gen", "--prefix", "other", "--out", fixture->out, fixture->contract, NULL};
    write_text(fixture->contract, FIELDS "      x: u8\n");
    run(fixture, arguments, &outcome);
    assert_int_equal(outcome.exit_status, 0);
    join(path, fixture->out, "other.h");
    read_text(path, outcome.text);
    assert_non_null(strstr(outcome.text, "struct other_m {"));
    assert_null(strstr(outcome.text, "struct a_m "));
    assert_int_equal(empty_folder(fixture->out), 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_fixture, remove_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bad_contracts_are_refused_in_one_line),
        TEST(test_all_errors_are_told_at_once),
        TEST(test_missing_contract_is_reported),
        TEST(test_unwritable_output_is_reported),
        TEST(test_a_blocked_source_leaves_the_header_alone),
        TEST(test_bad_command_lines_are_refused),
        TEST(test_help_and_version_succeed),
        TEST(test_generated_code_is_the_golden_one),
        TEST(test_all_generated_code_is_the_golden_one),
        TEST(test_prefix_names_files_and_symbols),
    };
    return cmocka_run_group_tests_name("tool.command", tests, NULL, NULL);
}
