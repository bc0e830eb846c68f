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
        cmocka_unit_test_setup(test_busy_thread_leaves_room_for_others, forget_marks),
        cmocka_unit_test_setup(test_bound_of_steps_ends_a_run, forget_marks),
        cmocka_unit_test_setup(test_bound_of_virtual_time_ends_a_run, forget_marks),
        cmocka_unit_test_setup(test_livelock_is_reported, forget_marks),
        cmocka_unit_test_setup(test_director_waits_for_its_condition, forget_marks),
        cmocka_unit_test_setup(test_director_calls_from_a_process_are_refused, forget_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
