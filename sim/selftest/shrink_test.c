// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include "command.h"

#include <mycelium/interface/clock.h>
#include <mycelium/interface/thread.h>

#include <stdio.h>
#include <stdlib.h>

enum { CLERKS = 3, SALES = 20 };

struct shop {
    struct myc_platform *platform;
    uint64_t stock;
};

// Reads, looks at the clock, and writes what it read less one: another clerk's sale gets lost.
static void sell(void *context)
{
    struct shop *shop = context;
    for (int i = 0; i < SALES; i++) {
        uint64_t seen = shop->stock;
        (void)myc_clock_monotonic_ns(shop->platform->clock);
        shop->stock = seen - 1;
    }
}

static int run_shop(struct myc_platform *platform, void *arg)
{
    struct shop *shop = arg;
    struct myc_handle clerks[CLERKS];
    shop->platform = platform;
    for (int i = 0; i < CLERKS; i++) {
        if (myc_thread_start(platform->thread, sell, shop, NULL, &clerks[i]) != MYC_OK) {
            return 1;
        }
    }
    for (int i = 0; i < CLERKS; i++) {
        myc_thread_join(platform->thread, clerks[i]);
    }
    return 0;
}

static void lose_an_update(struct myc_sim *sim)
{
    struct shop shop = {.stock = 1000};
    (void)run_process(sim, run_shop, &shop);
    myc_sim_check(sim, shop.stock == 1000 - CLERKS * SALES, "every sale is counted");
}

// Two failures: the first one needs one choice, the other one needs two and comes with a number.
static void fail_in_two_ways(struct myc_sim *sim)
{
    uint64_t first = myc_sim_choose(sim, "first", 1000);
    uint64_t second = myc_sim_choose(sim, "second", 1000);
    (void)myc_sim_choose(sim, "noise", 1000);
    if (first >= 7 && second >= 100) {
        myc_sim_fail(sim, "both dice: %llu", (unsigned long long)(first + second));
    }
    myc_sim_check(sim, second < 50, "the second die is low");
}

// What is left of a failure crashes when it gets too small: the shrinker must survive that.
static void crash_when_small(struct myc_sim *sim)
{
    uint64_t size = myc_sim_choose(sim, "size", 1000);
    if (size > 0 && size < 40) {
        abort();
    }
    myc_sim_check(sim, size < 40, "the size is small");
}

// Crashes whenever two dice are high, at one place or another.
static void crash_when_high(struct myc_sim *sim)
{
    uint64_t first = myc_sim_choose(sim, "first", 1000);
    uint64_t second = myc_sim_choose(sim, "second", 1000);
    (void)myc_sim_choose(sim, "noise", 1000);
    if (first >= 7 && second >= 100) {
        (void)fprintf(stderr, "file.c:1: both: Assertion `dice are low' failed.\n");
        abort();
    }
    if (second >= 50) {
        (void)fprintf(stderr, "file.c:2: second: Assertion `the second is low' failed.\n");
        abort();
    }
}

// Never comes back when the die is high, and passes no point.
static void hang_when_high(struct myc_sim *sim)
{
    volatile uint64_t die = myc_sim_choose(sim, "die", 1000);
    (void)myc_sim_choose(sim, "noise", 1000);
    while (die >= 100) {
    }
}

static int overflow(volatile char *outer, uint64_t depth)
{
    volatile char inner[1024];
    inner[0] = outer[0];
    return depth == 0 ? inner[0] : overflow(inner, depth - 1) + inner[0];
}

static void fill_the_stack(struct myc_sim *sim)
{
    char bytes[1] = {0};
    uint64_t depth = myc_sim_choose(sim, "depth", 1000000);
    (void)myc_sim_choose(sim, "noise", 1000);
    myc_sim_check(sim, overflow(bytes, depth) == 0, "nothing is left of it");
}

static void pass(struct myc_sim *sim)
{
    (void)myc_sim_choose(sim, "noise", 1000);
}

static void fail_always(struct myc_sim *sim)
{
    (void)myc_sim_choose(sim, "noise", 1000);
    myc_sim_fail(sim, "always");
}

static const struct myc_sim_scenario scenarios[] = {
    {"lost", "loses an update", lose_an_update},
    {"two", "fails in two ways", fail_in_two_ways},
    {"small", "crashes when it is made small", crash_when_small},
    {"crash", "crashes in two ways", crash_when_high},
    {"hang", "does not end", hang_when_high},
    {"deep", "fills its stack", fill_the_stack},
    {"pass", "always passes", pass},
    {"always", "always fails", fail_always},
};

static char path[] = "/tmp/mycelium-shrunk-XXXXXX";

static int make_path(void **state)
{
    (void)state;
    memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
    int file = mkstemp(path);
    return file < 0 || close(file) != 0 ? -1 : 0;
}

static int drop_path(void **state)
{
    char other[sizeof(path) + 8];
    (void)state;
    (void)snprintf(other, sizeof(other), "%s.other", path);
    (void)unlink(other); // there need not be one
    return unlink(path);
}

/* How many choices the command says are left. */
static unsigned choices_left(void)
{
    const char *text = strstr(output, "shrunk: ");
    assert_non_null(text);
    return (unsigned)strtoul(text + 8, NULL, 10);
}

// A lost update found somewhere in a campaign becomes a handful of choices that lose one again.
static void test_lost_update_becomes_a_few_choices(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("lost", "--seeds", "1..500", "--shrink", "--record", path), 1);
    assert_printed("oracle: every sale is counted");
    assert_printed(" is preempted at its point ");
    assert_printed("run again: prog lost --tape /tmp/mycelium-shrunk-");
    assert_in_range(choices_left(), 1, 4);
    assert_int_equal(COMMAND("lost", "--tape", path), 1);
    assert_printed("oracle: every sale is counted");
    assert_int_equal(COMMAND("lost", "--tape", path, "--shrink", "--record", path), 1);
    assert_in_range(choices_left(), 1, 4);
}

// Every seed that loses an update shrinks to as few choices, whatever it drew.
static void test_every_failing_seed_shrinks(void **state)
{
    (void)state;
    unsigned shrunk_count = 0;
    for (unsigned seed = 1; seed <= 40; seed++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%u", seed);
        if (COMMAND("lost", "--seed", text, "--shrink", "--record", path) == 1) {
            assert_in_range(choices_left(), 1, 6);
            assert_int_equal(COMMAND("lost", "--tape", path, "--expect-failure"), 0);
            shrunk_count++;
        }
    }
    assert_true(shrunk_count > 5);
}

// The shrunk run fails in the same way as the first one, not in an easier one, and no lower.
static void test_shrinking_keeps_to_its_failure(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("two", "--seed", "1", "--shrink", "--record", path), 1);
    assert_printed("FAILED two: both dice");
    assert_int_equal(choices_left(), 2);
    assert_printed("first of director/main, draw 1: 7\n");
    assert_printed("second of director/main, draw 1: 100\n");
    assert_int_equal(COMMAND("two", "--tape", path), 1);
    assert_printed("both dice: 107");
}

// An attempt that crashes is one that did not fail in the same way.
static void test_shrinking_survives_crashes(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("small", "--seed", "1", "--shrink", "--record", path), 1);
    assert_printed("size of director/main, draw 1: 40\n");
    assert_int_equal(COMMAND("small", "--tape", path, "--expect-failure"), 0);
}

// A run that passes is not shrunk; one that fails without any choice ends with none.
static void test_nothing_is_invented(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("pass", "--seeds", "1..20", "--shrink", "--record", path), 0);
    assert_null(strstr(output, "shrunk"));
    assert_int_equal(COMMAND("always", "--shrink", "--record", path), 1);
    assert_int_equal(choices_left(), 0);
    assert_int_equal(COMMAND("always", "--tape", path, "--expect-failure"), 0);
}

// A bound on the runs is kept, and what was reached by then still fails.
static void test_shrinking_stops_at_its_bound(void **state)
{
    (void)state;
    assert_int_equal(
        COMMAND("lost", "--seeds", "1..500", "--shrink", "--shrink-runs", "3", "--record", path),
        1);
    assert_printed("3 runs (all of --shrink-runs)");
    assert_int_equal(COMMAND("lost", "--tape", path, "--expect-failure"), 0);
    assert_int_equal(COMMAND("lost", "--shrink-runs", "many"), 2);
    assert_int_equal(COMMAND("two", "--seed", "1", "--shrink", "--record", "/nonexistent/x"), 2);
    assert_printed("cannot be written");
}

// The other options go with it: an expected failure is found and shrunk, and JSON says so.
static void test_shrinking_goes_with_other_options(void **state)
{
    (void)state;
    assert_int_equal(
        COMMAND("two", "--seed", "1", "--shrink", "--record", path, "--expect-failure", "--json"),
        0);
    assert_printed("\"shrunk\": {\"choices\": 2, \"choices_before\": ");
    assert_int_equal(COMMAND("--help"), 0);
    assert_printed("--shrink-runs N");
}

// A run that crashes leaves its tape, and shrinks to one that crashes at the same place.
static void test_crashes_are_shrunk(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("crash", "--seed", "1", "--shrink", "--record", path), 1);
    assert_printed("Assertion `dice are low' failed");
    assert_int_equal(choices_left(), 2);
    assert_printed("first of director/main, draw 1: 7\n");
    assert_printed("second of director/main, draw 1: 100\n");
    assert_printed("another failure was seen: ");
    assert_int_equal(COMMAND("crash", "--tape", path), 1);
    assert_printed("Assertion `dice are low' failed");
    char other[sizeof(path) + 8];
    (void)snprintf(other, sizeof(other), "%s.other", path);
    assert_int_equal(COMMAND("crash", "--tape", other), 1);
    assert_printed("Assertion `the second is low' failed");
    assert_int_equal(unlink(other), 0);
}

// A thread that fills its stack is shrunk as well; where exactly it ends does not matter.
// Sanitizers report it in their own way.
static void test_full_stacks_are_shrunk(void **state)
{
    (void)state;
#if !defined(MYC_SIM_HAS_ASAN) && !defined(MYC_SIM_HAS_TSAN)
    assert_int_equal(COMMAND("deep", "--seed", "1", "--shrink", "--record", path), 1);
    assert_int_equal(choices_left(), 1);
    assert_printed("the stack of that thread is full");
    assert_printed("depth of director/main, draw 1: ");
#endif
}

// So is a run that never ends; it is then not waited for long.
static void test_runs_without_end_are_shrunk(void **state)
{
    (void)state;
    assert_int_equal(
        COMMAND(
            "hang",
            "--seed",
            "1",
            "--run-seconds",
            "1",
            "--shrink",
            "--shrink-seconds",
            "6",
            "--record",
            path),
        1);
    assert_printed("does not come to an end");
    assert_in_range(choices_left(), 1, 2);
}

// The replay says the choices in words, and shows what the threads did beside each other.
static void test_replays_tell_in_words(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("lost", "--seeds", "1..500", "--shrink", "--record", path), 1);
    assert_int_equal(COMMAND("lost", "--tape", path), 1);
    assert_printed("choices that are not boring: ");
    assert_printed(" is preempted at its point ");
    assert_printed(" goes on\n");
    assert_printed("timeline (us)");
    assert_printed("clock.monotonic");
    unsigned lines = 0;
    const char *end = strstr(output, "\nlost: ");
    assert_non_null(end);
    for (const char *at = output; at <= end; at++) {
        lines += *at == '\n' ? 1 : 0;
    }
    assert_in_range(lines, 10, 40);
}

// Whatever the seed, the tape fails with the same verdict as the seed did, and so does its replay.
static void test_output_always_fails_alike(void **state)
{
#if defined(MYC_SIM_HAS_ASAN) || defined(MYC_SIM_HAS_TSAN)
    const unsigned last = 6; // forking is slow there
#else
    const unsigned last = 25;
#endif
    (void)state;
    for (unsigned seed = 1; seed <= last; seed++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%u", seed);
        if (COMMAND("two", "--seed", text) == 0) {
            continue;
        }
        bool is_both = strstr(output, "both dice: ") != NULL;
        const char *verdict = is_both ? "FAILED two: both dice: 107" : "the second die is low";
        assert_int_equal(COMMAND("two", "--seed", text, "--shrink", "--record", path), 1);
        assert_int_equal(choices_left(), is_both ? 2 : 1);
        assert_int_equal(COMMAND("two", "--tape", path), 1);
        assert_printed(verdict);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_lost_update_becomes_a_few_choices, make_path, drop_path),
        cmocka_unit_test_setup_teardown(test_every_failing_seed_shrinks, make_path, drop_path),
        cmocka_unit_test_setup_teardown(test_shrinking_keeps_to_its_failure, make_path, drop_path),
        cmocka_unit_test_setup_teardown(test_shrinking_survives_crashes, make_path, drop_path),
        cmocka_unit_test_setup_teardown(test_crashes_are_shrunk, make_path, drop_path),
        cmocka_unit_test_setup_teardown(test_full_stacks_are_shrunk, make_path, drop_path),
        cmocka_unit_test_setup_teardown(test_runs_without_end_are_shrunk, make_path, drop_path),
        cmocka_unit_test_setup_teardown(test_replays_tell_in_words, make_path, drop_path),
        cmocka_unit_test_setup_teardown(test_output_always_fails_alike, make_path, drop_path),
        cmocka_unit_test_setup_teardown(test_nothing_is_invented, make_path, drop_path),
        cmocka_unit_test_setup_teardown(test_shrinking_stops_at_its_bound, make_path, drop_path),
        cmocka_unit_test_setup_teardown(
            test_shrinking_goes_with_other_options, make_path, drop_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
