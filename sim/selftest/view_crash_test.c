// SPDX-License-Identifier: MIT OR Apache-2.0
//
// --trace and --report of runs that end their program: the page has what happened up to there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include "command.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>

static char folder[] = "/tmp/mycelium-crash-XXXXXX";
static char trace_path[64];
static char page_path[64];

static int make_folder(void **state)
{
    (void)state;
    memcpy(folder + sizeof(folder) - 7, "XXXXXX", 7);
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(trace_path, sizeof(trace_path), "%s/trace.json", folder);
    (void)snprintf(page_path, sizeof(page_path), "%s/page.html", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    (void)unlink(trace_path);
    (void)unlink(page_path);
    return rmdir(folder);
}

// ---- Processes that crash ----

static int end_by_abort(struct myc_platform *platform, void *arg)
{
    (void)arg;
    myc_log_write(platform->log, MYC_LOG_INFO, "crash", "the last words");
    abort();
}

static int end_by_address(struct myc_platform *platform, void *arg)
{
    // Near NULL: where it is NULL itself the sanitizer of undefined behaviour comes first.
    volatile int *volatile nowhere = (volatile int *)(uintptr_t)64;
    (void)arg;
    myc_log_write(platform->log, MYC_LOG_INFO, "crash", "the last words");
    *nowhere = 1;
    return 0;
}

static int fill_stack(volatile char *above)
{
    volatile char more[4096];
    more[0] = above[0];
    return more[0] == 1 ? 0 : fill_stack(more) + more[0];
}

static int end_by_depth(struct myc_platform *platform, void *arg)
{
    volatile char top = 0;
    (void)arg;
    myc_log_write(platform->log, MYC_LOG_INFO, "crash", "the last words");
    return fill_stack(&top);
}

static int end_by_exit(struct myc_platform *platform, void *arg)
{
    (void)arg;
    myc_log_write(platform->log, MYC_LOG_INFO, "crash", "the last words");
    exit(0);
}

static int end_never(struct myc_platform *platform, void *arg)
{
    volatile bool goes_on = true;
    (void)arg;
    myc_log_write(platform->log, MYC_LOG_INFO, "crash", "the last words");
    while (goes_on) {
    }
    return 0;
}

/* An honest neighbour comes first. */
static int end_well(struct myc_platform *platform, void *arg)
{
    (void)arg;
    myc_log_write(platform->log, MYC_LOG_INFO, "crash", "the first words");
    return 0;
}

static void run_and_crash(struct myc_sim *sim, myc_sim_main_fn *main_fn)
{
    (void)myc_sim_start(sim, "host", "good", end_well, NULL);
    myc_sim_run_for(sim, 1000);
    (void)myc_sim_start(sim, "host", "bad", main_fn, NULL);
    myc_sim_run_for(sim, 1000000);
}

static void crash_by_abort(struct myc_sim *sim)
{
    run_and_crash(sim, end_by_abort);
}

static void crash_by_address(struct myc_sim *sim)
{
    run_and_crash(sim, end_by_address);
}

static void crash_by_depth(struct myc_sim *sim)
{
    run_and_crash(sim, end_by_depth);
}

static void crash_by_exit(struct myc_sim *sim)
{
    run_and_crash(sim, end_by_exit);
}

static void crash_never(struct myc_sim *sim)
{
    run_and_crash(sim, end_never);
}

static void crash_rarely(struct myc_sim *sim)
{
    run_and_crash(sim, myc_sim_choose(sim, "die", 20) == 7 ? end_by_address : end_well);
}

static int end_when_refused(struct myc_platform *platform, void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++) {
        void *memory = myc_memory_allocate(platform->memory, 64, 8);
        *(volatile char *)((uintptr_t)memory + 32) = 1;
        myc_memory_release(platform->memory, memory, 64);
    }
    return 0;
}

static void crash_when_refused(struct myc_sim *sim)
{
    run_and_crash(sim, end_when_refused);
}

static const struct myc_sim_scenario scenarios[] = {
    {"abort", "aborts", crash_by_abort},
    {"address", "uses a bad address", crash_by_address},
    {"depth", "fills its stack", crash_by_depth},
    {"exit", "calls exit()", crash_by_exit},
    {"never", "never ends", crash_never},
    {"rare", "uses a bad address one time in twenty", crash_rarely},
    {"refused", "does not bear that memory is refused", crash_when_refused},
};

// ---- What is shown ----

static void assert_file_has(const char *path, const char *text)
{
    size_t size = 0;
    char *bytes = sim__read_file(path, &size);
    assert_non_null(bytes);
    if (strstr(bytes, text) == NULL) {
        print_error("'%s' is not in %s after:\n%s", text, path, output);
    }
    assert_non_null(strstr(bytes, text));
    free(bytes);
}

/* Both files: the verdict is the last event, and what happened before is there. */
static void assert_shown(const char *verdict)
{
    size_t size = 0;
    assert_printed("report: ");
    assert_printed("trace: ");
    assert_file_has(page_path, "FAILED</span>");
    assert_file_has(page_path, verdict);
    assert_file_has(page_path, "the first words");
    assert_file_has(page_path, "the last words");
    assert_file_has(page_path, "run again:");
    char *text = sim__read_file(trace_path, &size);
    assert_non_null(text);
    assert_true(json_is_valid(text));
    const char *last = NULL;
    unsigned failure_count = 0;
    for (const char *at = json_first(text); at != NULL; at = json_next(at)) {
        bool is_failure = json_is(json_member(at, "cat"), "\"failure\"");
        failure_count += is_failure ? 1 : 0;
        last = is_failure ? at : last;
    }
    assert_int_equal(failure_count, 1);
    assert_non_null(last);
    free(text);
}

// However a program ends, the page and the trace have its run up to there.
static void test_crashed_runs_are_shown(void **state)
{
    static const struct {
        const char *scenario;
        const char *verdict;
    } cases[] = {
        {"abort", "the program crashed in bad"},
        {"address", "the program crashed in bad"},
        {"depth", "the program crashed in bad"},
        {"exit", "the program was ended by exit() in bad"},
        {"never", "the run did not end within --run-seconds in bad"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            COMMAND(
                cases[i].scenario,
                "--seed",
                "3",
                "--run-seconds",
                "1",
                "--report",
                page_path,
                "--trace",
                trace_path),
            1);
        assert_printed("FAILED ");
        assert_printed("run again: ");
        assert_shown(cases[i].verdict);
        assert_file_has(page_path, "--seed 3");
    }
}

// A campaign shows the seed that crashed it, in one process or in several.
static void test_campaigns_show_the_run_that_crashed(void **state)
{
    (void)state;
    assert_int_equal(
        COMMAND("rare", "--seeds", "1..200", "--report", page_path, "--trace", trace_path), 1);
    assert_shown("the program crashed in bad");
    const char *again = strstr(output, "--seed ");
    assert_non_null(again);
    char seed[32];
    (void)snprintf(seed, sizeof(seed), "%.*s", (int)strcspn(again, "\n"), again);
    assert_file_has(page_path, seed);
    assert_int_equal(
        COMMAND(
            "rare",
            "--seeds",
            "1..200",
            "--jobs",
            "2",
            "--report",
            page_path,
            "--trace",
            trace_path),
        1);
    assert_shown("the program crashed in bad");
    assert_file_has(page_path, seed);
}

// What is shown of a campaign that shrinks is what is left of the run.
static void test_shrunk_crashes_are_shown(void **state)
{
    char tape_path[64];
    (void)state;
    (void)snprintf(tape_path, sizeof(tape_path), "%s/run.tape", folder);
    int exit_code = COMMAND(
        "rare",
        "--seeds",
        "1..200",
        "--shrink",
        "--record",
        tape_path,
        "--report",
        page_path,
        "--trace",
        trace_path);
    assert_int_equal(unlink(tape_path), 0);
    assert_int_equal(exit_code, 1);
    assert_shown("the program crashed in bad");
    assert_file_has(page_path, tape_path);
}

// A sweep shows what it had broken in the run that crashed.
static void test_sweeps_show_what_they_broke(void **state)
{
    (void)state;
    assert_int_equal(
        COMMAND("refused", "--alloc-sweep", "bad", "--report", page_path, "--trace", trace_path),
        1);
    assert_file_has(page_path, "the program crashed in bad");
    assert_file_has(page_path, "--alloc-fail-at bad:0");
}

// --expect-failure takes a crash for a failure.
static void test_expected_crashes_are_shown(void **state)
{
    (void)state;
    assert_int_equal(
        COMMAND("abort", "--expect-failure", "--report", page_path, "--trace", trace_path), 0);
    assert_shown("the program crashed in bad");
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_crashed_runs_are_shown, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(
            test_campaigns_show_the_run_that_crashed, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_shrunk_crashes_are_shown, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_sweeps_show_what_they_broke, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_expected_crashes_are_shown, make_folder, drop_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
