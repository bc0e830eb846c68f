// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mycelium/sim/cmocka.h>

#include "command.h"
#include "support.h"

#include <stdlib.h>

static unsigned run_count;

static void count_runs(struct myc_sim *sim)
{
    run_count++;
    myc_sim_run_for(sim, 1 + myc_sim_choose(sim, "pause", 1000));
}

static void fail_rarely(struct myc_sim *sim)
{
    myc_sim_check(sim, myc_sim_choose(sim, "dice", 20) != 19, "the dice never shows 19");
}

static void fail_boring(struct myc_sim *sim)
{
    myc_sim_check(sim, myc_sim_choose(sim, "dice", 1000000) != 0, "the dice never shows 0");
}

static void be_random(struct myc_sim *sim)
{
    myc_sim_run_for(sim, 1000 + run_count++);
}

static const struct myc_sim_scenario counted = {"counted", "passes", count_runs};
static const struct myc_sim_scenario rarely = {"rarely", "fails with some seeds", fail_rarely};
static const struct myc_sim_scenario boring = {"boring", "fails when boring", fail_boring};
static const struct myc_sim_scenario unsteady = {"unsteady", "differs each time", be_random};

// ---- Tests that must fail, each in a child process; see main() ----

static void test_rarely(void **state)
{
    (void)state;
    myc_sim_assert(&rarely, 1, 1000);
}

static void test_boring(void **state)
{
    (void)state;
    myc_sim_assert(&boring, 1, 0);
}

static void test_unsteady(void **state)
{
    (void)state;
    myc_sim_assert(&unsteady, 7, 7);
}

static void test_tape(void **state)
{
    (void)state;
    struct myc_sim_options options = {.is_recording = true};
    struct myc_sim_result *result = NULL;
    do {
        if (result != NULL) {
            drop_result(result);
        }
        options.seed++;
        result = calloc(1, sizeof(*result));
        assert_non_null(result);
        assert_true(myc_sim_run(&rarely, &options, result));
    } while (!result->is_failed && options.seed < 1000);
    char *tape = strdup(result->tape_text);
    drop_result(result);
    myc_sim_assert_tape(&rarely, tape);
    free(tape);
}

static void test_no_tape(void **state)
{
    (void)state;
    myc_sim_assert_tape(&rarely, "a tape of another kind\n");
}

static const struct CMUnitTest failing[] = {
    cmocka_unit_test(test_rarely),
    cmocka_unit_test(test_boring),
    cmocka_unit_test(test_unsteady),
    cmocka_unit_test(test_tape),
    cmocka_unit_test(test_no_tape),
};

static void assert_fails(const char *test)
{
    assert_int_equal(COMMAND(test), 1);
    assert_printed("[  FAILED  ]");
}

// ---- The tests ----

/* Each seed is run, the boring run comes before them, and the first seed runs twice. */
static void test_cmocka_runs_boring_and_every_seed(void **state)
{
    (void)state;
    run_count = 0;
    myc_sim_assert(&counted, 1, 10);
    assert_int_equal(run_count, 12);
    run_count = 0;
    myc_sim_assert(&counted, 1, 0);
    assert_int_equal(run_count, 1);
    run_count = 0;
    myc_sim_assert(&counted, UINT64_MAX, UINT64_MAX);
    assert_int_equal(run_count, 3);
}

/* The test fails at the first bad seed, with the oracle and how to see it again. */
static void test_cmocka_reports_a_failing_seed(void **state)
{
    (void)state;
    assert_fails("test_rarely");
    assert_printed("rarely failed; run again: MYC_SIM_SEED=");
    assert_printed("the dice never shows 19");
    assert_null(strstr(output, "<program>"));
}

/* The seed that was printed repeats the failure alone; another one passes; no number is refused. */
static void test_cmocka_takes_a_seed_from_the_environment(void **state)
{
    (void)state;
    static const char again[] = "MYC_SIM_SEED=";
    char seed[24] = "";
    assert_fails("test_rarely");
    const char *at = strstr(output, again);
    assert_non_null(at);
    at += sizeof(again) - 1;
    memcpy(seed, at, strspn(at, "0123456789"));
    assert_int_equal(setenv("MYC_SIM_SEED", seed, 1), 0);
    assert_fails("test_rarely");
    assert_printed("the dice never shows 19");
    assert_int_equal(setenv("MYC_SIM_SEED", "1", 1), 0);
    assert_int_equal(COMMAND("test_rarely"), 0);
    assert_int_equal(setenv("MYC_SIM_SEED", "-1", 1), 0);
    assert_fails("test_rarely");
    assert_printed("MYC_SIM_SEED=-1: its value must be a whole number");
    assert_int_equal(unsetenv("MYC_SIM_SEED"), 0);
}

/* A scenario that fails without anything unexpected is told as such. */
static void test_cmocka_reports_a_failing_boring_run(void **state)
{
    (void)state;
    assert_fails("test_boring");
    assert_printed("the dice never shows 0");
}

/* What depends on more than its draws cannot be repeated, so it fails. */
static void test_cmocka_compares_two_runs(void **state)
{
    (void)state;
    assert_fails("test_unsteady");
    assert_printed("two runs of seed 7 differ");
}

/* A tape in a test fails it again; text that is none is refused. */
static void test_cmocka_replays_a_tape(void **state)
{
    (void)state;
    assert_fails("test_tape");
    assert_printed("the dice never shows 19");
    assert_fails("test_no_tape");
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        (void)unsetenv("CMOCKA_TEST_ABORT"); // these fail on purpose
        for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
            if (strcmp(failing[i].name, argv[1]) == 0) {
                return _cmocka_run_group_tests("failing", &failing[i], 1, NULL, NULL);
            }
        }
        return 99;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cmocka_runs_boring_and_every_seed),
        cmocka_unit_test(test_cmocka_reports_a_failing_seed),
        cmocka_unit_test(test_cmocka_takes_a_seed_from_the_environment),
        cmocka_unit_test(test_cmocka_reports_a_failing_boring_run),
        cmocka_unit_test(test_cmocka_compares_two_runs),
        cmocka_unit_test(test_cmocka_replays_a_tape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
