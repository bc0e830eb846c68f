// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

enum { MARKS = 64 };

static struct marks {
    unsigned values[MARKS];
    unsigned count;
} marks;

static void mark(unsigned value)
{
    if (marks.count < MARKS) {
        marks.values[marks.count++] = value;
    }
}

static int forget_marks(void **state)
{
    (void)state;
    memset(&marks, 0, sizeof(marks));
    return 0;
}

static void mark_event(struct myc_sim *world, void *context)
{
    (void)world;
    mark((unsigned)(uintptr_t)context);
}

static void direct_events(struct myc_sim *sim)
{
    (void)sim__after(sim, 3000000, mark_event, (void *)3);
    (void)sim__after(sim, 1000000, mark_event, (void *)1);
    (void)sim__after(sim, 2000000, mark_event, (void *)20);
    (void)sim__after(sim, 2000000, mark_event, (void *)21);
    struct sim__event_id gone = sim__after(sim, 1500000, mark_event, (void *)9);
    sim__cancel(sim, gone);
    sim__cancel(sim, gone);
    sim__cancel(sim, (struct sim__event_id){0});
    myc_sim_run_for(sim, 10000000);
    mark((unsigned)(myc_sim_now_ns(sim) / 1000000));
}

// Events run by time, equal ones as scheduled, cancelled ones not at all; then time has passed.
static void test_events_run_in_the_order_of_their_time(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_events));
    static const unsigned expected[] = {1, 20, 21, 3, 10};
    assert_int_equal(marks.count, 5);
    assert_memory_equal(marks.values, expected, sizeof(expected));
}

static void direct_many_events(struct myc_sim *sim)
{
    struct sim__event_id ids[500];
    for (unsigned i = 0; i < 500; i++) {
        uint64_t delay = 1 + (i * UINT64_C(7919)) % 1009;
        ids[i] = sim__after(sim, delay, mark_event, (void *)(uintptr_t)delay);
    }
    for (unsigned i = 0; i < 500; i++) {
        if (i % 10 != 0) {
            sim__cancel(sim, ids[i]);
        }
    }
    myc_sim_run_for(sim, 10000);
}

// Of many events, those cancelled in any order are gone and the rest stay sorted.
static void test_cancelled_events_leave_the_rest_in_order(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_many_events));
    assert_int_equal(marks.count, 50);
    for (unsigned i = 1; i < marks.count; i++) {
        assert_true(marks.values[i - 1] <= marks.values[i]);
    }
}

static void direct_ties(struct myc_sim *sim)
{
    for (unsigned i = 0; i < 8; i++) {
        (void)sim__after(sim, 1000, mark_event, (void *)(uintptr_t)i);
    }
    myc_sim_run_for(sim, 2000);
}

// Some seeds run simultaneous events in another order than the one in which they were scheduled.
static void test_ties_are_shuffled_by_some_seeds(void **state)
{
    unsigned shuffled = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        forget_marks(state);
        assert_passed(run_seed(direct_ties, seed));
        assert_int_equal(marks.count, 8);
        unsigned sum = 0;
        bool is_sorted = true;
        for (unsigned i = 0; i < 8; i++) {
            sum += marks.values[i];
            is_sorted = is_sorted && marks.values[i] == i;
        }
        assert_int_equal(sum, 28);
        shuffled += is_sorted ? 0 : 1;
    }
    assert_in_range(shuffled, 5, 35);
}

struct step {
    struct myc_platform *platform;
    unsigned number;
};

static void take_steps(void *context)
{
    const struct step *step = context;
    for (int i = 0; i < 4; i++) {
        (void)myc_clock_monotonic_ns(step->platform->clock);
        mark(step->number);
    }
}

static int start_steps(struct myc_platform *platform, void *arg)
{
    struct step steps[3];
    struct myc_handle threads[3];
    (void)arg;
    for (unsigned i = 0; i < 3; i++) {
        steps[i] = (struct step){platform, i};
        if (myc_thread_start(platform->thread, take_steps, &steps[i], NULL, &threads[i])
            != MYC_OK) {
            return 1;
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        myc_thread_join(platform->thread, threads[i]);
    }
    return 0;
}

static void direct_steps(struct myc_sim *sim)
{
    struct myc_sim_process process = run_process(sim, start_steps, NULL);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "all threads ran");
}

// The boring schedule never preempts: threads run one after the other in the order of their start.
static void test_boring_schedule_runs_threads_in_order(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_steps));
    assert_int_equal(marks.count, 12);
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(marks.values[i], i / 4);
    }
}

// Among a few hundred seeds a run switches threads in the middle, and many different orders occur.
static void test_seeds_find_many_interleavings(void **state)
{
    uint64_t seen[400];
    unsigned seen_count = 0;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        forget_marks(state);
        assert_passed(run_seed(direct_steps, seed));
        assert_int_equal(marks.count, 12);
        uint64_t order = 0;
        for (unsigned i = 0; i < 12; i++) {
            order = order * 3 + marks.values[i];
        }
        unsigned at = 0;
        while (at < seen_count && seen[at] != order) {
            at++;
        }
        seen_count += at == seen_count ? 1 : 0;
        seen[at] = order;
    }
    assert_true(seen_count > 40);
}

static void spin_for_ever(void *context)
{
    const struct step *step = context;
    for (uint32_t round = 0;; round++) {
        myc_thread_relax(step->platform->thread, round);
    }
}

static int spin_beside(struct myc_platform *platform, void *arg)
{
    (void)arg;
    struct step step = {platform, 0};
    struct myc_handle thread = {0};
    if (myc_thread_start(platform->thread, spin_for_ever, &step, NULL, &thread) != MYC_OK) {
        return 1;
    }
    uint64_t began = myc_clock_monotonic_ns(platform->clock);
    for (uint32_t round = 0; myc_clock_monotonic_ns(platform->clock) < began + 5000000; round++) {
        myc_thread_relax(platform->thread, round);
    }
    return 7;
}

static void direct_spinners(struct myc_sim *sim)
{
    (void)sim__after(sim, 900000000, mark_event, (void *)1);
    struct myc_sim_process process = run_process(sim, spin_beside, NULL);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 7, "the process saw its deadline");
}

// Threads that only spin do not stop time: a deadline passes for one of them.
static void test_time_passes_for_spinners(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_spinners));
    for (uint64_t seed = 1; seed <= 30; seed++) {
        assert_passed(run_seed(direct_spinners, seed));
    }
}

static bool has_got_far(void *context)
{
    return *(const uint32_t *)context == 3000;
}

static int get_far(struct myc_platform *platform, void *arg)
{
    volatile uint32_t *done = arg;
    for (*done = 0; *done < 3000; ++*done) {
        myc_thread_relax(platform->thread, 0);
    }
    return 0;
}

static void direct_quiet_worker(struct myc_sim *sim)
{
    uint32_t done = 0;
    (void)myc_sim_start(sim, "host", "worker", get_far, &done);
    bool has_come = myc_sim_run_until(sim, has_got_far, &done, UINT64_C(1000000000));
    myc_sim_check(sim, has_come, "work that only the worker sees is done within its second");
}

// Who relaxes between pieces of work is no idle spinner: time does not leap over its deadline.
static void test_time_does_not_leap_over_a_lone_worker(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_quiet_worker));
    for (uint64_t seed = 1; seed <= 30; seed++) {
        assert_passed(run_seed(direct_quiet_worker, seed));
    }
}

static void use_strategy(struct myc_sim *sim, enum sim__strategy strategy)
{
    sim->profile.strategy = strategy;
    sim->profile.preemption_rate = 4;
    sim->change_range = 4096;
    sim__draw_preemption(sim);
}

static struct {
    unsigned round;
    unsigned longest;
    uint64_t held;
    enum sim__strategy strategy;
} window;

/* One thread stands in the window while another goes round. */
static void go_round(void *context)
{
    const struct step *step = context;
    for (unsigned i = 0; i < 1000; i++) {
        (void)myc_clock_monotonic_ns(step->platform->clock);
        window.round++;
    }
}

static int watch_rounds(struct myc_platform *platform, void *arg)
{
    (void)arg;
    struct step step = {platform, 0};
    struct myc_handle thread = {0};
    if (myc_thread_start(platform->thread, go_round, &step, NULL, &thread) != MYC_OK) {
        return 1;
    }
    for (unsigned i = 0; i < 1000; i++) {
        unsigned before = window.round;
        (void)myc_clock_monotonic_ns(platform->clock);
        unsigned passed = window.round - before;
        window.longest = passed > window.longest ? passed : window.longest;
    }
    myc_thread_join(platform->thread, thread);
    return 0;
}

static void direct_rounds(struct myc_sim *sim)
{
    use_strategy(sim, window.strategy);
    struct myc_sim_process process = run_process(sim, watch_rounds, NULL);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "both threads ended");
    window.held += sim->starve_count;
}

/* How many of 50 seeds get through 100 rounds within one step of the thread that watches them. */
static unsigned seeds_with_long_windows(enum sim__strategy strategy)
{
    unsigned count = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        window.round = 0;
        window.longest = 0;
        window.strategy = strategy;
        assert_passed(run_seed(direct_rounds, seed));
        count += window.longest >= 100 ? 1 : 0;
    }
    return count;
}

// Starving a thread makes others run for long inside one of its steps; a plain walk does not.
static void test_starvation_makes_long_windows(void **state)
{
    (void)state;
    window.held = 0;
    assert_true(seeds_with_long_windows(SIM__STARVATION) > 20);
    assert_true(window.held > 0);
    window.held = 0;
    assert_int_equal(seeds_with_long_windows(SIM__RANDOM_WALK), 0);
    assert_int_equal(window.held, 0);
}

static int busy(struct myc_platform *platform, void *arg);

static void direct_busy_beside(struct myc_sim *sim)
{
    (void)myc_sim_start(sim, "host", "busy", busy, NULL);
    struct myc_sim_process process = run_process(sim, start_steps, NULL);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "the other process got its turn");
}

static void direct_starved_spinner(struct myc_sim *sim)
{
    use_strategy(sim, window.strategy);
    sim->change_range = UINT64_C(64) << 9; // the longest that runs draw
    direct_spinners(sim);
    direct_busy_beside(sim);
}

// Nobody starves for ever: not behind spinners, not behind threads that never give way.
static void test_no_strategy_starves_for_ever(void **state)
{
    (void)state;
    static const enum sim__strategy strategies[] = {SIM__STARVATION, SIM__OPERATIONS};
    for (size_t i = 0; i < sizeof(strategies) / sizeof(strategies[0]); i++) {
        window.strategy = strategies[i];
        for (uint64_t seed = 1; seed <= 50; seed++) {
            assert_passed(run_seed(direct_starved_spinner, seed));
        }
    }
}

static void direct_operations(struct myc_sim *sim)
{
    use_strategy(sim, SIM__OPERATIONS);
    direct_steps(sim);
}

// Priorities of operations find most of the orders of three threads' first two steps.
static void test_operations_find_many_interleavings(void **state)
{
    bool seen[729] = {false};
    unsigned seen_count = 0;
    for (uint64_t seed = 1; seed <= 600; seed++) {
        forget_marks(state);
        assert_passed(run_seed(direct_operations, seed));
        assert_int_equal(marks.count, 12);
        unsigned order = 0;
        for (unsigned i = 0; i < 6; i++) {
            order = order * 3 + marks.values[i];
        }
        seen_count += seen[order] ? 0 : 1;
        seen[order] = true;
    }
    assert_true(seen_count > 60);
}

static int busy(struct myc_platform *platform, void *arg)
{
    (void)arg;
    while (platform != NULL) {
        (void)myc_clock_monotonic_ns(platform->clock);
    }
    return 0;
}

static void direct_busy(struct myc_sim *sim)
{
    (void)myc_sim_start(sim, "host", "busy", busy, NULL);
    struct myc_sim_process process = run_process(sim, start_steps, NULL);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "the other process got its turn");
}

// A thread that never gives way does not keep others from running.
static void test_busy_thread_leaves_room_for_others(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_busy));
    for (uint64_t seed = 1; seed <= 30; seed++) {
        assert_passed(run_seed(direct_busy, seed));
    }
}

static void direct_too_many_steps(struct myc_sim *sim)
{
    myc_sim_limits(sim, 20000, UINT64_C(1000000000000));
    (void)run_process(sim, busy, NULL);
}

// A run that does not end within its bound of steps is a failure.
static void test_bound_of_steps_ends_a_run(void **state)
{
    (void)state;
    assert_failed_with(run_boring(direct_too_many_steps), "bound of steps");
}

static bool never(void *context)
{
    (void)context;
    return false;
}

static void again(struct myc_sim *world, void *context)
{
    (void)sim__after(world, 1000000000, again, context);
}

static void direct_too_much_time(struct myc_sim *sim)
{
    myc_sim_limits(sim, UINT64_C(1000000), UINT64_C(60000000000));
    again(sim, NULL);
    (void)myc_sim_run_until(sim, never, NULL, MYC_NEVER);
}

// A world that only ticks for ever ends at its bound of virtual time.
static void test_bound_of_virtual_time_ends_a_run(void **state)
{
    (void)state;
    assert_failed_with(run_boring(direct_too_much_time), "bound of virtual time");
}

static void direct_livelock(struct myc_sim *sim)
{
    (void)myc_sim_start(sim, "host", "spinner", busy, NULL);
    (void)myc_sim_run_until(sim, never, NULL, MYC_NEVER);
}

// Threads that run and run while nothing ever happens are a livelock.
static void test_livelock_is_reported(void **state)
{
    (void)state;
    assert_failed_with(run_boring(direct_livelock), "livelock");
}

static bool is_three_marked(void *context)
{
    (void)context;
    return marks.count == 3;
}

static void direct_condition(struct myc_sim *sim)
{
    for (unsigned i = 1; i <= 5; i++) {
        (void)sim__after(sim, i * UINT64_C(1000), mark_event, (void *)(uintptr_t)i);
    }
    bool held = myc_sim_run_until(sim, is_three_marked, NULL, 100000);
    myc_sim_check(sim, held && marks.count == 3, "the director goes on at once");
    myc_sim_check(sim, !myc_sim_run_until(sim, never, NULL, 200000), "never is not now");
    myc_sim_check(sim, myc_sim_now_ns(sim) >= 200000 && marks.count == 5, "the rest happened");
}

// The director goes on in the very moment in which its condition holds, or at its deadline.
static void test_director_waits_for_its_condition(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_condition));
}

static int call_the_director(struct myc_platform *platform, void *arg)
{
    (void)platform;
    myc_sim_run_for(arg, 10);
    return 0;
}

static void direct_misuse(struct myc_sim *sim)
{
    (void)run_process(sim, call_the_director, sim);
}

// Only the director may let the world run; anything else that tries is told so.
static void test_director_calls_from_a_process_are_refused(void **state)
{
    (void)state;
    assert_failed_with(run_boring(direct_misuse), "outside the director");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_events_run_in_the_order_of_their_time, forget_marks),
        cmocka_unit_test_setup(test_cancelled_events_leave_the_rest_in_order, forget_marks),
        cmocka_unit_test_setup(test_ties_are_shuffled_by_some_seeds, forget_marks),
        cmocka_unit_test_setup(test_boring_schedule_runs_threads_in_order, forget_marks),
        cmocka_unit_test_setup(test_seeds_find_many_interleavings, forget_marks),
        cmocka_unit_test_setup(test_time_passes_for_spinners, forget_marks),
        cmocka_unit_test_setup(test_time_does_not_leap_over_a_lone_worker, forget_marks),
        cmocka_unit_test_setup(test_starvation_makes_long_windows, forget_marks),
        cmocka_unit_test_setup(test_no_strategy_starves_for_ever, forget_marks),
        cmocka_unit_test_setup(test_operations_find_many_interleavings, forget_marks),
        cmocka_unit_test_setup(test_busy_thread_leaves_room_for_others, forget_marks),
        cmocka_unit_test_setup(test_bound_of_steps_ends_a_run, forget_marks),
        cmocka_unit_test_setup(test_bound_of_virtual_time_ends_a_run, forget_marks),
        cmocka_unit_test_setup(test_livelock_is_reported, forget_marks),
        cmocka_unit_test_setup(test_director_waits_for_its_condition, forget_marks),
        cmocka_unit_test_setup(test_director_calls_from_a_process_are_refused, forget_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
