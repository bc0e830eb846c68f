// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Runs that are not functions of their draws, each found by the check that can find it, and runs
// that end the whole program, each of which still says which one it was.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "command.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

enum { QUIET_EVENTS = 3000 };

static unsigned runs_before;

/* Many events, so that the ones that differ are not in the first window. */
static void make_events(struct myc_sim *sim)
{
    for (unsigned i = 0; i < QUIET_EVENTS; i++) {
        myc_sim_log(sim, "event %u", i);
    }
}

static void honest(struct myc_sim *sim)
{
    make_events(sim);
    myc_sim_run_for(sim, myc_sim_choose(sim, "pause", 1000));
}

static void keep_a_static(struct myc_sim *sim)
{
    make_events(sim);
    myc_sim_log(sim, "run number %u", runs_before++);
    make_events(sim);
}

static void print_an_address(struct myc_sim *sim)
{
    make_events(sim);
    myc_sim_log(sim, "the environment is at %p", (void *)environ[0]);
}

static void read_the_environment(struct myc_sim *sim)
{
    const char *zone = getenv("TZ");
    myc_sim_log(sim, "the time zone is '%s'", zone != NULL ? zone : "");
}

static void leave_by_exit(struct myc_sim *sim)
{
    (void)sim;
    exit(0); // NOLINT(concurrency-mt-unsafe)
}

static void leave_suddenly(struct myc_sim *sim)
{
    if (myc_sim_choose(sim, "dice", 8) == 7) {
        _exit(0);
    }
}

static void leave_quickly(struct myc_sim *sim)
{
    (void)sim;
    quick_exit(0);
}

static void trap(struct myc_sim *sim)
{
    (void)sim;
    __builtin_trap();
}

static const struct myc_sim_scenario scenarios[] = {
    {"honest", "depends on its draws alone", honest},
    {"static", "counts its runs in a mutable static", keep_a_static},
    {"address", "prints an address into the trace", print_an_address},
    {"environment", "looks at the environment", read_the_environment},
    {"exit", "ends the program", leave_by_exit},
    {"sudden", "ends the program at once, now and then", leave_suddenly},
    {"quick", "ends the program at once", leave_quickly},
    {"trap", "raises a trap", trap},
};

// What depends on nothing but its draws passes both checks, however it is started.
static void test_honest_run_passes(void **state)
{
    (void)state;
    assert_int_equal(
        COMMAND("honest", "--seeds", "1..5", "--check-determinism", "--check-fresh"), 0);
    assert_int_equal(COMMAND("honest", "--boring", "--check-determinism", "--check-fresh"), 0);
}

// A static that outlives a run shows in a second run of the same process, at the very event.
static void test_static_is_found_in_the_same_process(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("static", "--seed", "3", "--check-determinism"), 1);
    assert_printed("two runs of the same draws differ, the second in the same process");
    assert_printed("event 2999");
    assert_printed("first   [0.000000 ms] director/main            log 3001: [0.000000 ms] run "
                   "number ");
    assert_printed("run again: prog static --seed 3 --check-determinism");
}

// A fresh process starts with fresh statics: that check cannot see them.
static void test_static_is_not_seen_from_a_fresh_process(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("static", "--seed", "3", "--check-fresh"), 0);
}

// An address is the same for two runs of one process, and another in a fresh one.
static void test_address_is_found_by_a_fresh_process(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("address", "--seed", "4", "--check-determinism"), 0);
    assert_int_equal(COMMAND("address", "--seed", "4", "--check-fresh"), 1);
    assert_printed("two runs of the same draws differ, the second in a fresh process");
    assert_printed("both    [0.000000 ms] director/main            log 3000: [0.000000 ms] event "
                   "2999");
    assert_printed("first   [0.000000 ms] director/main            log 3001: [0.000000 ms] the "
                   "environment is at 0x");
    assert_printed("second  [0.000000 ms] director/main            log 3001: [0.000000 ms] the "
                   "environment is at 0x");
    assert_printed("run again: prog address --seed 4 --check-fresh");
}

// So does the environment, which no scenario should read.
static void test_environment_is_found_by_a_fresh_process(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("environment", "--boring", "--check-fresh"), 1);
    assert_printed("the time zone is 'Asia/Kathmandu'");
    assert_printed("run again: prog environment --boring --check-fresh");
}

// A share of the seeds is checked; checking none of them would always pass.
static void test_share_of_seeds_is_checked(void **state)
{
    (void)state;
    assert_int_equal(
        COMMAND("static", "--seeds", "1..20", "--check-determinism", "--check-share", "0"), 2);
    assert_printed("--check-share 0: its value must be 1..100");
    assert_int_equal(COMMAND("honest", "--check-determinism", "--check-share", "101"), 2);
    assert_int_equal(COMMAND("honest", "--check-share", "5"), 2);
    assert_printed("--check-share needs --check-determinism or --check-fresh");
    assert_int_equal(
        COMMAND("static", "--seeds", "1..200", "--check-determinism", "--check-share", "5"), 1);
    assert_int_equal(COMMAND("static", "--seed", "1", "--check-share", "many"), 2);
}

// The outcome of a run can be printed, to be compared with that of another build.
static void test_outcome_lists_events(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("honest", "--outcome", "5:100:2"), 0);
    assert_printed("outcome 30");
    assert_printed("hash ");
    assert_printed("checkpoint ");
    assert_printed("event 9");
    assert_int_equal(COMMAND("honest", "--outcome", "5:x"), 2);
    assert_printed("--outcome 5:x: expected SEED:FIRST:COUNT");
}

// A fresh process stands elsewhere, and still finds what the command line names.
static void test_fresh_process_finds_its_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/mycelium-double-XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(COMMAND("honest", "--seed", "3", "--record-bytes", "input"), 0);
    assert_int_equal(COMMAND("honest", "--bytes", "input", "--check-fresh"), 0);
    assert_int_equal(COMMAND("environment", "--bytes", "input", "--check-fresh"), 1);
    assert_printed("run again: prog environment --bytes input --check-fresh");
    assert_int_equal(unlink("input"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(COMMAND("honest", "--crash-sweep", "any", "--check-fresh"), 2);
    assert_printed("--check-fresh excludes --crash-sweep");
}

// A run that ends the program does not pass for one that succeeded.
static void test_exit_is_a_failure(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("exit", "--seed", "8"), 1);
    assert_printed("FAILED exit: the program was ended by exit() in director/main");
    assert_printed("run again: prog exit --seed 8");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Neither does one that ends it without a word, whatever its code.
static void test_sudden_exit_is_a_failure(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("sudden", "--seeds", "1..100", "--run-seconds", "0"), 1);
    assert_printed("FAILED sudden: the program was ended by _exit() or the like in director/main");
    assert_printed("run again: prog sudden --seed ");
    assert_int_equal(COMMAND("sudden", "--boring"), 0);
    assert_int_equal(COMMAND("sudden", "--seeds", "1..100", "--jobs", "2"), 1);
    assert_printed("FAILED sudden: the program was ended by _exit() or the like in director/main");
    assert_int_equal(COMMAND("quick", "--seed", "8"), 1);
    assert_printed("run again: prog quick --seed 8");
}

// A trap is a crash.
static void test_trap_names_its_seed(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("trap", "--seed", "9"), 1);
    assert_printed("the program crashed in director/main");
    assert_printed("run again: prog trap --seed 9");
}
#endif

int main(int argc, char **argv)
{
    if (argc > 1) {
        return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest_run_passes),
        cmocka_unit_test(test_static_is_found_in_the_same_process),
        cmocka_unit_test(test_static_is_not_seen_from_a_fresh_process),
        cmocka_unit_test(test_address_is_found_by_a_fresh_process),
        cmocka_unit_test(test_environment_is_found_by_a_fresh_process),
        cmocka_unit_test(test_share_of_seeds_is_checked),
        cmocka_unit_test(test_outcome_lists_events),
        cmocka_unit_test(test_fresh_process_finds_its_files),
        cmocka_unit_test(test_exit_is_a_failure),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        cmocka_unit_test(test_sudden_exit_is_a_failure),
        cmocka_unit_test(test_trap_names_its_seed),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
