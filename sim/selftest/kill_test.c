// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

enum { POINTS = 30 };

/* What a process left behind: it survives, as shared memory would. */
static struct trace {
    unsigned steps;
    unsigned releases;
    unsigned exits;
    bool was_killed;
} trace;

static int forget_trace(void **state)
{
    (void)state;
    memset(&trace, 0, sizeof(trace));
    return 0;
}

static int step_along(struct myc_platform *platform, void *arg)
{
    (void)arg;
    void *memory = myc_memory_allocate(platform->memory, 100, 16);
    for (int i = 0; i < POINTS; i++) {
        (void)myc_clock_monotonic_ns(platform->clock);
        trace.steps++;
    }
    myc_memory_release(platform->memory, memory, 100);
    return 5;
}

static void direct_kill_at(struct myc_sim *sim)
{
    uint64_t nth = 1 + myc_sim_choose(sim, "nth", POINTS + 10);
    trace.steps = 0;
    struct watched watched = {sim, myc_sim_start(sim, "host", "victim", step_along, NULL)};
    myc_sim_kill_at(sim, watched.process, nth);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
    // Point 1 is the allocation; point n > 1 comes before step n - 1 is counted.
    if (nth <= POINTS + 2) {
        myc_sim_check(sim, myc_sim_was_killed(sim, watched.process), "it was killed");
        myc_sim_check(sim, myc_sim_points(sim, watched.process) == nth, "at that very point");
        uint64_t steps = nth < 2 ? 0 : nth - 2;
        myc_sim_check(sim, trace.steps == steps, "and did nothing after it");
        myc_sim_check(sim, myc_sim_exit_code(sim, watched.process) == -1, "it returned nothing");
        myc_sim_count(sim, "killed", 1);
    } else {
        myc_sim_check(sim, myc_sim_exit_code(sim, watched.process) == 5, "it returned before");
        myc_sim_count(sim, "returned", 1);
    }
}

// A kill at the nth point strikes exactly there; beyond the last point it never does.
static void test_kill_at_strikes_at_that_point(void **state)
{
    (void)state;
    uint64_t killed = 0;
    uint64_t returned = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct myc_sim_result *result = run_seed(direct_kill_at, seed);
        bool is_kill = result->counter_count == 1 && result->counters[0].name[0] == 'k';
        killed += is_kill ? 1 : 0;
        returned += is_kill ? 0 : 1;
        assert_passed(result);
    }
    assert_true(killed > 100);
    assert_true(returned > 10);
}

static int sleep_for_ever(struct myc_platform *platform, void *arg)
{
    static struct myc_atomic_u32 word;
    (void)arg;
    (void)myc_memory_allocate(platform->memory, 1000, 8);
    while (platform != NULL) {
        (void)myc_wait_wait(platform->wait, &word, 0, MYC_NEVER, MYC_WAIT_PROCESS);
    }
    return 0;
}

static void count_exit(struct myc_sim *world, struct sim__process *process, void *context)
{
    (void)world;
    (void)context;
    trace.exits++;
    trace.was_killed = process->was_killed;
}

static void release_object(struct myc_sim *world, struct sim__object *object)
{
    trace.releases++;
    sim__free(world, object);
}

static const struct sim__object_ops counted_ops = {.kind = "counted", .release = release_object};

static void direct_kill_sleeper(struct myc_sim *sim)
{
    struct watched watched = {sim, myc_sim_start(sim, "host", "sleeper", sleep_for_ever, NULL)};
    struct sim__process *process = sim__process_find(sim, watched.process.id);
    if (process == NULL) {
        myc_sim_fail(sim, "the process is not known");
    }
    struct sim__exit_watch first = {.fn = count_exit};
    struct sim__exit_watch second = {.fn = count_exit};
    struct sim__exit_watch taken_back = {.fn = count_exit};
    sim__process_watch(process, &first);
    sim__process_watch(process, &taken_back);
    sim__process_watch(process, &second);
    sim__process_unwatch(process, &taken_back);
    struct sim__object *object = sim__allocate(sim, sizeof(*object));
    sim__object_init(sim, object, &counted_ops);
    struct myc_handle handle = sim__descriptor_insert(process, object);
    myc_sim_check(sim, handle.value == 1, "it got a descriptor");
    sim__object_drop(sim, object);
    myc_sim_run_for(sim, 1000000);
    myc_sim_check(sim, myc_sim_is_running(sim, watched.process), "it sleeps");
    myc_sim_check(sim, trace.releases == 0, "its descriptor is open");
    myc_sim_kill(sim, watched.process);
    myc_sim_kill(sim, watched.process);
    myc_sim_check(sim, !myc_sim_is_running(sim, watched.process), "it is dead at once");
    myc_sim_check(sim, trace.exits == 2 && trace.was_killed, "its watchers know");
    myc_sim_check(sim, trace.releases == 1, "its descriptor was closed");
    myc_sim_check(sim, process->blocks == NULL, "its memory is gone");
    struct sim__exit_watch late = {.fn = count_exit};
    sim__process_watch(process, &late);
    myc_sim_check(sim, trace.exits == 3, "who watches later is told at once");
    myc_sim_run_for(sim, 1000000);
}

// A process killed in its sleep loses everything as a kernel takes it, and its watchers are told.
static void test_killed_sleeper_leaves_nothing(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_kill_sleeper));
}

static int kill_self(struct myc_platform *platform, void *arg)
{
    struct watched *self = arg;
    (void)platform;
    trace.steps++;
    myc_sim_kill(self->sim, self->process);
    trace.steps++;
    return 0;
}

static void direct_kill_self(struct myc_sim *sim)
{
    struct watched watched = {.sim = sim};
    watched.process = myc_sim_start(sim, "host", "self", kill_self, &watched);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
    myc_sim_check(sim, myc_sim_was_killed(sim, watched.process), "it killed itself");
    myc_sim_check(sim, trace.steps == 1, "and nothing of it ran after");
}

// A process that kills itself does not come back from the call.
static void test_process_may_kill_itself(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_kill_self));
}

static void direct_random_kills(struct myc_sim *sim)
{
    for (int i = 0; i < 8; i++) {
        struct watched watched = {sim, myc_sim_start(sim, "host", "victim", step_along, NULL)};
        if (i == 0) {
            myc_sim_allow_kill(sim, watched.process, 3);
        }
        (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
        myc_sim_count(sim, "killed", myc_sim_was_killed(sim, watched.process) ? 1 : 0);
        myc_sim_count(sim, "whole", myc_sim_exit_code(sim, watched.process) == 5 ? 1 : 0);
    }
}

// Allowed kills happen in some runs, at most as often as allowed, and never in the boring one.
static void test_random_kills_keep_to_their_budget(void **state)
{
    (void)state;
    uint64_t killed = 0;
    for (uint64_t seed = 0; seed <= 200; seed++) {
        struct myc_sim_result *result =
            seed == 0 ? run_boring(direct_random_kills) : run_seed(direct_random_kills, seed);
        assert_int_equal(result->counter_count, 2);
        assert_int_equal(result->counters[0].amount + result->counters[1].amount, 8);
        assert_true(result->counters[0].amount <= (seed == 0 ? 0 : 3));
        assert_int_equal(result->counters[0].amount, result->fault_injected[MYC_SIM_FAULT_KILL]);
        killed += result->counters[0].amount;
        assert_passed(result);
    }
    assert_true(killed > 20);
}

static void direct_kill_waiting(struct myc_sim *sim)
{
    struct watched watched = {sim, myc_sim_start(sim, "host", "sleeper", sleep_for_ever, NULL)};
    myc_sim_allow_kill(sim, watched.process, 1);
    if (myc_sim_run_until(sim, watched_has_ended, &watched, UINT64_C(1000000000))) {
        myc_sim_count(sim, "killed", 1);
    }
}

// A process that only waits can be killed too.
static void test_waiting_process_may_be_killed(void **state)
{
    (void)state;
    unsigned killed = 0;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct myc_sim_result *result = run_seed(direct_kill_waiting, seed);
        killed += result->counter_count > 0 ? 1 : 0;
        assert_passed(result);
    }
    assert_in_range(killed, 1, 1500);
}

static void direct_pids(struct myc_sim *sim)
{
    struct sim__process *processes[6];
    for (unsigned i = 0; i < 6; i++) {
        struct myc_sim_process process = run_process(sim, step_along, NULL);
        processes[i] = sim__process_find(sim, process.id);
        if (processes[i] == NULL) {
            myc_sim_fail(sim, "the process is not known");
        }
        for (unsigned j = 0; j < i; j++) {
            bool is_same = processes[i]->pid == processes[j]->pid;
            myc_sim_count(sim, "reused", is_same ? 1 : 0);
            myc_sim_check(
                sim,
                !is_same || processes[i]->start_time != processes[j]->start_time,
                "pid and start time name one process");
        }
    }
}

// Pids come back in some runs, but never together with the same start time.
static void test_pid_may_be_reused_by_a_later_process(void **state)
{
    (void)state;
    uint64_t reused = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct myc_sim_result *result = run_seed(direct_pids, seed);
        reused += result->counters[0].amount;
        assert_passed(result);
    }
    assert_true(reused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_kill_at_strikes_at_that_point, forget_trace),
        cmocka_unit_test_setup(test_killed_sleeper_leaves_nothing, forget_trace),
        cmocka_unit_test_setup(test_process_may_kill_itself, forget_trace),
        cmocka_unit_test_setup(test_random_kills_keep_to_their_budget, forget_trace),
        cmocka_unit_test_setup(test_waiting_process_may_be_killed, forget_trace),
        cmocka_unit_test_setup(test_pid_may_be_reused_by_a_later_process, forget_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
