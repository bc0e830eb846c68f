// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include "command.h"

#include <mycelium/interface/thread.h>
#include <mycelium/simulation.h>

enum { ROUNDS = 40 };

/* A service with marks and rare paths of its own. */
static int work(struct myc_platform *platform, void *arg)
{
    uint64_t *slow = arg;
    for (int i = 0; i < ROUNDS; i++) {
        if (MYC_BUGGIFY("toy.slow")) {
            slow[0]++;
        }
        if (MYC_BUGGIFY_RATE("toy.slower", 2)) {
            slow[1]++;
            MYC_REACHED("toy.was-slower");
        }
        MYC_SOMETIMES(i == ROUNDS - 1, "toy.last-round");
        myc_thread_relax(platform->thread, 0);
    }
    return 0;
}

static void run_work(struct myc_sim *sim)
{
    uint64_t slow[2] = {0, 0};
    struct watched watched = {.sim = sim};
    watched.process = myc_sim_start(sim, "host", "worker", work, slow);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
    myc_sim_count(sim, "runs", 1);
    myc_sim_count(sim, "runs with slow", slow[0] > 0);
    myc_sim_count(sim, "runs with slower", slow[1] > 0);
    myc_sim_check(sim, slow[0] < ROUNDS, "a rare path is not always taken");
}

static void run_blind(struct myc_sim *sim)
{
    MYC_SOMETIMES(myc_sim_now_ns(sim) == UINT64_MAX, "blind.end-of-time");
    if (myc_sim_now_ns(sim) == UINT64_MAX) {
        MYC_REACHED("blind.after-the-end");
    }
}

static void run_forbidden(struct myc_sim *sim)
{
    if (myc_sim_choose(sim, "step", 4) == 3) {
        MYC_NEVER_REACHED("forbidden.step");
    }
}

static void run_nothing(struct myc_sim *sim)
{
    (void)sim;
}

static const struct myc_sim_scenario scenarios[] = {
    {"work", "a service with marks", run_work},
    {"blind", "never sees what it should", run_blind},
    {"forbidden", "goes where it must not", run_forbidden},
    {"nothing", "does nothing", run_nothing},
};

static struct myc_sim_result result;

static uint64_t counted(const char *name)
{
    for (size_t i = 0; i < result.counter_count; i++) {
        if (strcmp(result.counters[i].name, name) == 0) {
            return result.counters[i].amount;
        }
    }
    return 0;
}

// A quarter of the four fifths of runs that force anything force a given path; sites are drawn
// apart, and the boring run forces none.
static void test_buggify_is_on_in_a_fifth_of_runs(void **state)
{
    (void)state;
    unsigned slow = 0;
    unsigned both = 0;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct myc_sim_options options = {.seed = seed};
        assert_true(myc_sim_run(&scenarios[0], &options, &result));
        slow += counted("runs with slow") != 0;
        both += counted("runs with slow") != 0 && counted("runs with slower") != 0;
        myc_sim_result_deinit(&result);
    }
    assert_in_range(slow, 140, 260);
    assert_in_range(both, 20, 90);
    struct myc_sim_options options = {.is_boring = true};
    assert_true(myc_sim_run(&scenarios[0], &options, &result));
    assert_int_equal(counted("runs with slow") + counted("runs with slower"), 0);
    myc_sim_result_deinit(&result);
}

// What a run forced is on its tape under the label, and the tape forces it again.
static void test_buggify_replays_from_a_tape(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (;; seed++) {
        struct myc_sim_options options = {.seed = seed, .is_recording = true};
        assert_true(myc_sim_run(&scenarios[0], &options, &result));
        if (counted("runs with slower") != 0) {
            break;
        }
        myc_sim_result_deinit(&result);
    }
    assert_non_null(strstr(result.tape_text, "buggify.toy.slower buggify.active\n"));
    struct myc_sim_result again;
    struct myc_sim_options replay = {.tape_text = result.tape_text};
    assert_true(myc_sim_run(&scenarios[0], &replay, &again));
    assert_int_equal(again.event_hash, result.event_hash);
    assert_memory_equal(again.mark_held, result.mark_held, sizeof(again.mark_held));
    myc_sim_result_deinit(&again);
    myc_sim_result_deinit(&result);
}

// Every linked place is known, though nothing of it was ever reached.
static void test_marks_are_known_unreached(void **state)
{
    (void)state;
    struct myc_sim_options options = {.seed = 1};
    assert_true(myc_sim_run(&scenarios[3], &options, &result));
    unsigned found = 0;
    for (size_t i = 0; i < myc_sim_mark_count(); i++) {
        const struct myc_mark *mark = myc_sim_mark(i);
        assert_int_equal(result.mark_passed[i], 0);
        found += strcmp(mark->label, "toy.last-round") == 0 && mark->kind == MYC_MARK_SOMETIMES;
        found += strcmp(mark->label, "blind.after-the-end") == 0 && mark->kind == MYC_MARK_REACHED;
        found += strcmp(mark->label, "buggify.toy.slow") == 0 && mark->kind == MYC_MARK_BUGGIFY;
        found += strcmp(mark->label, "forbidden.step") == 0 && mark->kind == MYC_MARK_NEVER;
    }
    assert_int_equal(found, 4);
    myc_sim_result_deinit(&result);
}

// A campaign that never hits a mark it was to hit fails with the mark's name.
static void test_required_marks_fail_a_campaign(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("work", "--seeds", "1..200", "--require-marks", "toy."), 0);
    assert_printed("sometimes toy.last-round");
    assert_printed("200/8000\n");
    assert_int_equal(COMMAND("blind", "--seeds", "1..20", "--require-marks", "blind."), 1);
    assert_printed("FAILED blind: mark 'blind.end-of-time' (marks_test.c:");
    assert_printed("was never hit in 20 runs; passed 20 times");
    assert_printed("mark 'blind.after-the-end'");
    assert_int_equal(COMMAND("work", "--seeds", "1..200", "--require-marks", "all,-blind"), 0);
    assert_int_equal(COMMAND("work", "--seeds", "1..200", "--require-marks", "all"), 1);
    assert_int_equal(COMMAND("blind", "--seeds", "1..20"), 0);
    assert_int_equal(COMMAND("blind", "--require-marks", "bline."), 2);
    assert_printed("--require-marks bline.: no such mark in this program");
    assert_int_equal(COMMAND("work", "--seeds", "1..20", "--json"), 0);
    assert_printed("\"toy.last-round\": {\"kind\": \"sometimes\", \"passed\": 800, \"hit\": 20}");
}

// A place that must never be reached fails the run that reaches it.
static void test_never_fails_the_run(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("forbidden", "--boring"), 0);
    assert_int_equal(COMMAND("forbidden", "--seeds", "1..50"), 1);
    assert_printed("mark: 'forbidden.step' (marks_test.c:");
    assert_printed("must never be reached");
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buggify_is_on_in_a_fifth_of_runs),
        cmocka_unit_test(test_buggify_replays_from_a_tape),
        cmocka_unit_test(test_marks_are_known_unreached),
        cmocka_unit_test(test_required_marks_fail_a_campaign),
        cmocka_unit_test(test_never_fails_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
