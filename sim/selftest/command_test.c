// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "command.h"
#include "support.h"

#include <stdio.h>

static unsigned between_runs;

static void pass(struct myc_sim *sim)
{
    uint64_t pause = myc_sim_choose(sim, "pause", 1000);
    myc_sim_count(sim, "passed", 1);
    myc_sim_run_for(sim, pause);
}

static void fail_rarely(struct myc_sim *sim)
{
    myc_sim_check(sim, myc_sim_choose(sim, "dice", 20) != 19, "the dice never shows 19");
}

static void be_random(struct myc_sim *sim)
{
    myc_sim_run_for(sim, 1000 + between_runs++);
}

static void overflow(volatile char *above);

// Not a leaf and not a tail call, so that it really uses up the stack.
static void (*volatile overflow_again)(volatile char *above) = overflow;

__attribute__((noinline)) static void overflow(volatile char *above)
{
    volatile char bytes[4096];
    bytes[0] = above[0];
    bytes[4095] = above[0];
    overflow_again(bytes);
    bytes[1] = bytes[4095];
}

static void use_up_the_stack(struct myc_sim *sim)
{
    char seed = 1;
    (void)sim;
    overflow(&seed);
}

static void give_up(struct myc_sim *sim)
{
    (void)sim;
    abort();
}

static const struct myc_sim_scenario scenarios[] = {
    {"pass", "always passes", pass},
    {"rare", "fails one time in twenty", fail_rarely},
    {"random", "is not deterministic", be_random},
    {"overflow", "uses up its stack", use_up_the_stack},
    {"abort", "aborts", give_up},
};

// A range of seeds that finds nothing succeeds and says how much it did.
static void test_campaign_without_a_failure_succeeds(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("pass", "--seeds", "1..50"), 0);
    assert_printed("50 runs, 0 failed");
    assert_printed("passed: 50");
    assert_int_equal(COMMAND("pass", "--seeds", "1..5", "--json"), 0);
    assert_printed("\"runs\": 5");
    assert_printed("\"event_hash\": \"");
    assert_int_equal(COMMAND("pass", "--time", "0.05", "--json"), 0);
    assert_int_equal(COMMAND("--list"), 0);
    assert_printed("fails one time in twenty");
    assert_int_equal(COMMAND("--help"), 0);
    assert_printed("--check-determinism");
}

// A failing seed ends the campaign with a command that fails again, alone.
static void test_failing_seed_is_named_and_fails_again(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("rare", "--seeds", "1..500"), 1);
    assert_printed("oracle: the dice never shows 19");
    const char *again = strstr(output, "run again: prog rare --seed ");
    assert_non_null(again);
    char seed[24] = "";
    size_t size = strcspn(again + 28, "\n");
    assert_true(size > 0 && size < sizeof(seed));
    memcpy(seed, again + 28, size);
    assert_int_equal(COMMAND("rare", "--seed", seed), 1);
    assert_int_equal(COMMAND("rare", "--seed", seed, "--expect-failure"), 0);
    assert_int_equal(COMMAND("rare", "--boring", "--expect-failure"), 1);
    assert_int_equal(COMMAND("rare", "--boring"), 0);
}

// A tape written with --record is read back by --tape and gives the same hash.
static void test_tape_file_replays(void **state)
{
    (void)state;
    char path[] = "/tmp/mycelium-tape-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    (void)close(file);
    assert_int_equal(COMMAND("pass", "--seed", "77", "--record", path), 0);
    char hash[32] = "";
    assert_non_null(strstr(output, "hash "));
    memcpy(hash, strstr(output, "hash "), 21);
    assert_int_equal(COMMAND("pass", "--tape", path), 0);
    assert_printed(hash);
    assert_int_equal(COMMAND("rare", "--tape", path), 2);
    assert_printed(":1: a tape of another scenario");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(COMMAND("pass", "--tape", path), 2);
    assert_printed("cannot be read");
}

// The seeds of a regression list that belong to the scenario run first.
static void test_seeds_file_runs_its_seeds(void **state)
{
    (void)state;
    char path[] = "/tmp/mycelium-seeds-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    static const char text[] = "# comment\n\npass 3 a story\nrare 9 other\npass 4 more\n";
    assert_int_equal(write(file, text, sizeof(text) - 1), sizeof(text) - 1);
    assert_int_equal(COMMAND("pass", "--seeds", "1..2", "--seeds-file", path), 0);
    assert_printed("4 runs");
    assert_int_equal(write(file, "pass x\n", 7), 7);
    assert_int_equal(COMMAND("pass", "--seeds-file", path), 2);
    assert_printed(":6: expected");
    (void)close(file);
    assert_int_equal(unlink(path), 0);
}

// A scenario that is not deterministic is caught, one that is passes.
static void test_check_determinism_catches_left_over_state(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("pass", "--seeds", "1..20", "--check-determinism"), 0);
    assert_int_equal(COMMAND("random", "--seeds", "1..20", "--check-determinism"), 1);
    assert_printed("two runs of the same draws differ");
    assert_printed("--check-determinism");
}

// A wrong command line is refused with what was wrong about it.
static void test_wrong_command_line_is_refused(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("nothing"), 2);
    assert_printed("no such scenario");
    assert_int_equal(COMMAND("--seed", "1"), 2);
    assert_printed("name a scenario");
    assert_int_equal(COMMAND("pass", "--sed", "1"), 2);
    assert_printed("--sed: no such option");
    assert_int_equal(COMMAND("pass", "--seed", "1x"), 2);
    assert_int_equal(COMMAND("pass", "--seed"), 2);
    assert_int_equal(COMMAND("pass", "--seeds", "9..1"), 2);
    assert_int_equal(COMMAND("pass", "--seeds", "9"), 2);
    assert_int_equal(COMMAND("pass", "rare"), 2);
    assert_int_equal(COMMAND("pass", "--time", "never"), 2);
    assert_int_equal(COMMAND("pass", "--boring", "--seed", "1"), 2);
    assert_int_equal(COMMAND("pass", "--seeds-file", "/nonexistent"), 2);
    assert_int_equal(COMMAND("pass", "--run-seconds", "18446744073709551615"), 2);
}

// An option without the one that it is about, or with one that it contradicts, is refused.
static void test_options_that_say_nothing_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[][6] = {
        {"--crash-next needs --crash-at", "--crash-next", "3"},
        {"--crash-pairs needs --crash-sweep", "--crash-pairs", "3"},
        {"--onset-runs needs --onset", "--onset-runs", "3"},
        {"--shrink-runs needs --shrink", "--shrink-runs", "3"},
        {"--trace-clock needs --trace", "--trace-clock", "steps"},
        {"--tape excludes --boring", "--boring", "--tape", "/dev/null"},
        {"--seeds-file excludes --boring", "--boring", "--seeds-file", "/dev/null"},
        {"--seed excludes --seeds", "--seed", "1", "--seeds", "1..2"},
        {"--crash-sweep excludes --alloc-sweep", "--crash-sweep", "a", "--alloc-sweep", "a"},
        {"--exhaustive excludes --gate", "--exhaustive", "--gate"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const char *const *it = wrong[i];
        assert_int_equal(COMMAND("pass", it[1], it[2], it[3], it[4], it[5]), 2);
        assert_printed(it[0]);
    }
}

// A crash inside a run still says which run it was.
static void test_crash_names_its_seed(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("abort", "--seed", "31"), 1);
    assert_printed("the program crashed in director/main");
    assert_printed("run again: prog abort --seed 31");
#ifdef MYC_SIM_HAS_TSAN
    const int expected = 66; // ThreadSanitizer ends the program with its own exit code
#else
    const int expected = 1;
#endif
    assert_int_equal(COMMAND("overflow", "--seed", "32"), expected);
    assert_printed("run again: prog overflow --seed 32");
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_campaign_without_a_failure_succeeds),
        cmocka_unit_test(test_failing_seed_is_named_and_fails_again),
        cmocka_unit_test(test_tape_file_replays),
        cmocka_unit_test(test_seeds_file_runs_its_seeds),
        cmocka_unit_test(test_check_determinism_catches_left_over_state),
        cmocka_unit_test(test_wrong_command_line_is_refused),
        cmocka_unit_test(test_options_that_say_nothing_are_refused),
        cmocka_unit_test(test_crash_names_its_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
