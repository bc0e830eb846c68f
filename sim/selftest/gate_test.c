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

// ---- Faults at points of processes ----

static int live_long(struct myc_platform *platform, void *arg)
{
    (void)arg;
    for (int i = 0; i < OFFERS * 50; i++) {
        (void)myc_clock_monotonic_ns(platform->clock);
    }
    return 0;
}

static struct myc_sim_process start_long(struct myc_sim *sim)
{
    struct myc_sim_process process = myc_sim_start(sim, "disk", "long", live_long, sim);
    myc_sim_allow_kill(sim, process, 1);
    myc_sim_allow_power_loss(sim, "disk", 1);
    myc_sim_allow(sim, MYC_SIM_FAULT_PAUSE_PROCESS, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_PAUSE_HOST, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_SUSPEND, true);
    return process;
}

static void run_struck(struct myc_sim *sim)
{
    struct watched watched = {.sim = sim};
    // Another one to run meanwhile, or nobody would have to wait for a paused one.
    (void)myc_sim_start(sim, "disk", "other", live_long, sim);
    watched.process = start_long(sim);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
}

/* Broken in a third way: the points are drawn and then forgotten. */
static void run_spared(struct myc_sim *sim)
{
    struct watched watched = {.sim = sim};
    watched.process = start_long(sim);
    struct sim__process *process = sim__known_process(sim, watched.process);
    process->random_kill_at = UINT64_MAX;
    for (int i = 0; i < SIM__PLAN_COUNT; i++) {
        process->planned_at[i] = UINT64_MAX;
    }
    sim__plan_stop(process);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
}

/* Not the harness, but the scenario is at fault: nobody ever listens. */
static void run_idle(struct myc_sim *sim)
{
    myc_sim_allow(sim, MYC_SIM_FAULT_LISTEN_IN_USE, true);
    run_sound(sim);
}

/* Kinds are allowed, but faults are off. */
static void run_calm(struct myc_sim *sim)
{
    struct watched watched = {.sim = sim};
    watched.process = start_long(sim);
    myc_sim_faults(sim, false);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
}

static const struct myc_sim_scenario scenarios[] = {
    {"struck", "faults at points of a process", run_struck},
    {"spared", "such faults that never happen", run_spared},
    {"idle", "a fault that nothing could meet", run_idle},
    {"calm", "faults that are off", run_calm},
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
    assert_printed("FAILED nobody: fault 'short-write' was on in");
    assert_printed("never injected");
    // Too few runs to tell.
    assert_int_equal(COMMAND("nobody", "--boring", "--gate"), 0);
}

// Kills, power losses, pauses and suspends are due as often as others, whoever draws their points.
static void test_gate_demands_faults_at_points(void **state)
{
    (void)state;
    static const char *const kinds[] = {
        "kill", "power-loss", "pause-thread", "pause-process", "pause-host", "suspend"};
    assert_int_equal(COMMAND("struck", "--seeds", "1..200", "--gate"), 0);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        assert_printed(kinds[i]);
    }
    assert_int_equal(COMMAND("spared", "--seeds", "1..200"), 0);
    assert_int_equal(COMMAND("spared", "--seeds", "1..200", "--gate"), 1);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char expected[64];
        (void)snprintf(expected, sizeof(expected), "FAILED spared: fault '%s' was on", kinds[i]);
        assert_printed(expected);
    }
    // Where faults are off none of them is due; but then to allow them says nothing.
    assert_int_equal(COMMAND("calm", "--seeds", "1..200", "--gate"), 1);
    assert_printed("FAILED calm: fault 'kill' was allowed and on in");
    assert_null(strstr(output, "were to be expected"));
}

// What a campaign lets expect is what happens, within chance.
static void test_expected_is_what_happens(void **state)
{
    (void)state;
    static const enum myc_sim_fault kinds[] = {
        MYC_SIM_FAULT_KILL, MYC_SIM_FAULT_POWER_LOSS, MYC_SIM_FAULT_PAUSE_PROCESS};
    uint64_t expected[MYC_SIM_FAULT_COUNT] = {0};
    uint64_t injected[MYC_SIM_FAULT_COUNT] = {0};
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct myc_sim_result *result = run_seed(run_struck, seed);
        for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
            expected[i] += result->fault_expected[i];
            injected[i] += result->fault_injected[i];
        }
        assert_passed(result);
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        uint64_t due = expected[kinds[i]] / 1000000;
        assert_true(due > 100);
        assert_in_range(injected[kinds[i]], due * 3 / 4, due * 5 / 4);
    }
}

// Allowing what the scenario cannot meet proves nothing, and the gate says so.
static void test_gate_names_an_idle_fault(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("idle", "--seeds", "1..300"), 0);
    assert_int_equal(COMMAND("idle", "--seeds", "1..300", "--gate"), 1);
    assert_printed("FAILED idle: fault 'listen-in-use' was allowed and on in");
    assert_int_equal(COMMAND("idle", "--seeds", "1..300", "--gate", "--faults", "late-timer"), 0);
    assert_int_equal(COMMAND("idle", "--seeds", "1..300", "--gate", "--jobs", "2"), 1);
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
    assert_printed(
        "--faults none,resett: no such fault 'resett'; there are all none kill spurious-wake");
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
        cmocka_unit_test(test_gate_demands_faults_at_points),
        cmocka_unit_test(test_expected_is_what_happens),
        cmocka_unit_test(test_gate_names_an_idle_fault),
        cmocka_unit_test(test_faults_restricts_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
