// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include "command.h"

#include <mycelium/bytes.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/wait.h>

enum { OFFERS = 200 };

/* Waits on a word that nobody changes: each wait offers spurious wake-ups and late timers. */
static int sleep_often(struct myc_platform *platform, void *arg)
{
    struct myc_sim *sim = arg;
    struct myc_atomic_u32 word = {0};
    uint64_t spurious = 0;
    for (int i = 0; i < OFFERS; i++) {
        uint64_t deadline = myc_clock_monotonic_ns(platform->clock) + 1000;
        spurious += myc_wait_wait(platform->wait, &word, 0, deadline, MYC_WAIT_PROCESS) == MYC_OK;
    }
    myc_sim_count(sim, "spurious", spurious);
    return 0;
}

static void run_sound(struct myc_sim *sim)
{
    struct watched watched = {.sim = sim};
    watched.process = myc_sim_start(sim, "host", "sleeper", sleep_often, sim);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
}

/* The harness broken on purpose: one kind happens and changes nothing. */
static int offer_in_vain(struct myc_platform *platform, void *arg)
{
    struct myc_sim *sim = arg;
    for (int i = 0; i < OFFERS; i++) {
        (void)sim__fault(sim, MYC_SIM_FAULT_SHORT_READ);
        (void)myc_clock_monotonic_ns(platform->clock);
    }
    return 0;
}

static void run_vain(struct myc_sim *sim)
{
    struct watched watched = {.sim = sim};
    watched.process = myc_sim_start(sim, "host", "reader", offer_in_vain, sim);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
}

/* Broken in another place: the kind is never due. */
static int offer_to_nobody(struct myc_platform *platform, void *arg)
{
    struct myc_sim *sim = arg;
    for (int i = 0; i < OFFERS; i++) {
        sim->faults[MYC_SIM_FAULT_SHORT_WRITE].left = UINT64_MAX;
        (void)sim__fault(sim, MYC_SIM_FAULT_SHORT_WRITE);
        (void)myc_clock_monotonic_ns(platform->clock);
    }
    return 0;
}

static void run_nobody(struct myc_sim *sim)
{
    struct watched watched = {.sim = sim};
    watched.process = myc_sim_start(sim, "host", "writer", offer_to_nobody, sim);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
}

static const struct myc_sim_scenario scenarios[] = {
    {"sound", "faults that are felt", run_sound},
    {"vain", "a fault without an effect", run_vain},
    {"nobody", "a fault that is never injected", run_nobody},
};

// A campaign whose faults work passes the gate.
static void test_gate_passes_what_works(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("sound", "--seeds", "1..50", "--gate"), 0);
    assert_printed("spurious-wake");
}

// A disconnected fault fails a campaign that passes otherwise, by name.
static void test_gate_names_a_dead_fault(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("vain", "--seeds", "1..50"), 0);
    assert_int_equal(COMMAND("vain", "--seeds", "1..50", "--gate"), 1);
    assert_printed("FAILED vain: fault 'short-read' was injected");
    assert_printed("times but never had an effect");
    assert_int_equal(COMMAND("nobody", "--seeds", "1..50"), 0);
    assert_int_equal(COMMAND("nobody", "--seeds", "1..50", "--gate"), 1);
    assert_printed("FAILED nobody: fault 'short-write' was on and offered");
    assert_printed("never injected");
    // Too few runs to tell.
    assert_int_equal(COMMAND("nobody", "--boring", "--gate"), 0);
}

// Only the named kinds happen, a repro command says so, and unknown names are explained.
static void test_faults_restricts_kinds(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("sound", "--seeds", "1..50", "--faults", "none"), 0);
    assert_printed("faults (injected/effect): none");
    assert_printed("spurious: 0\n");
    assert_int_equal(COMMAND("sound", "--seeds", "1..50", "--faults", "late-timer,reset"), 0);
    assert_printed("spurious: 0\n");
    assert_printed("late-timer");
    assert_int_equal(COMMAND("sound", "--seeds", "1..50", "--faults", "all"), 0);
    assert_printed("spurious-wake");
    assert_int_equal(COMMAND("sound", "--faults", "none,resett"), 2);
    assert_printed("no such fault 'resett'; there are all none kill spurious-wake");
    assert_int_equal(COMMAND("sound", "--faults", ""), 2);
    struct myc_sim_result *result = calloc(1, sizeof(*result));
    assert_non_null(result);
    struct myc_sim_options options = {.seed = 1, .faults = "odd"};
    assert_false(myc_sim_run(&scenarios[0], &options, result));
    assert_non_null(strstr(result->report, "no such fault 'odd'"));
    free(result);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate_passes_what_works),
        cmocka_unit_test(test_gate_names_a_dead_fault),
        cmocka_unit_test(test_faults_restricts_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
