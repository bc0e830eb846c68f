// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include <mycelium/atomic.h>

struct shared {
    struct myc_platform *platform;
    struct myc_atomic_u32 word;
    uint64_t deadline_ns;
    unsigned woken;
    unsigned woken_now;
    enum myc_status status;
};

static void sleep_once(void *context)
{
    struct shared *shared = context;
    shared->status = myc_wait_wait(
        shared->platform->wait, &shared->word, 0, shared->deadline_ns, MYC_WAIT_PROCESS);
    shared->woken++;
}

static void sleep_until_set(void *context)
{
    struct shared *shared = context;
    // Pairs with the release in wake_some().
    while (myc_load_acquire_u32(&shared->word) == 0) {
        (void)myc_wait_wait(shared->platform->wait, &shared->word, 0, MYC_NEVER, MYC_WAIT_PROCESS);
    }
    shared->woken++;
}

static int look_first(struct myc_platform *platform, void *arg)
{
    struct shared shared = {.platform = platform, .word = {5}};
    (void)arg;
    if (myc_wait_wait(platform->wait, &shared.word, 4, MYC_NEVER, MYC_WAIT_PROCESS) != MYC_AGAIN) {
        return 1;
    }
    if (myc_wait_wait(platform->wait, &shared.word, 5, 0, MYC_WAIT_PROCESS) != MYC_TIMEOUT) {
        return 2;
    }
    return myc_wait_wake(platform->wait, &shared.word, 9, MYC_WAIT_PROCESS) == 0 ? 0 : 3;
}

static void check_zero(struct myc_sim *sim, myc_sim_main_fn *main_fn)
{
    struct myc_sim_process process = run_process(sim, main_fn, NULL);
    int exit_code = myc_sim_exit_code(sim, process);
    if (exit_code != 0) {
        myc_sim_fail(sim, "the process returned %d", exit_code);
    }
}

static void direct_look_first(struct myc_sim *sim)
{
    check_zero(sim, look_first);
}

// A word that holds something else, or a deadline of 0, does not put anyone to sleep.
static void test_wait_looks_before_it_sleeps(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_look_first));
    for (uint64_t seed = 1; seed <= 20; seed++) {
        assert_passed(run_seed(direct_look_first, seed));
    }
}

static int time_out(struct myc_platform *platform, void *arg)
{
    struct shared shared = {.platform = platform};
    uint64_t began = myc_clock_monotonic_ns(platform->clock);
    (void)arg;
    enum myc_status status = MYC_OK;
    while (status == MYC_OK) {
        status = myc_wait_wait(platform->wait, &shared.word, 0, began + 3000000, MYC_WAIT_PROCESS);
    }
    uint64_t passed = myc_clock_monotonic_ns(platform->clock) - began;
    return status == MYC_TIMEOUT && passed >= 3000000 && passed < 30000000 ? 0 : 1;
}

static void direct_time_out(struct myc_sim *sim)
{
    check_zero(sim, time_out);
}

// A deadline ends the sleep, never early on the host's own clock, however that clock drifts.
static void test_wait_ends_at_its_deadline(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_time_out));
    uint64_t late = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct myc_sim_result *result = run_seed(direct_time_out, seed);
        late += result->fault_effect[MYC_SIM_FAULT_LATE_TIMER];
        assert_passed(result);
    }
    assert_true(late > 0);
}

static int wake_some(struct myc_platform *platform, void *arg)
{
    struct shared shared = {.platform = platform};
    struct myc_handle threads[4];
    (void)arg;
    for (unsigned i = 0; i < 4; i++) {
        if (myc_thread_start(platform->thread, sleep_until_set, &shared, NULL, &threads[i])
            != MYC_OK) {
            return 1;
        }
    }
    for (uint32_t round = 0; round < 3; round++) {
        myc_thread_relax(platform->thread, round);
    }
    myc_store_release_u32(&shared.word, 1);
    uint32_t woken = myc_wait_wake(platform->wait, &shared.word, 2, MYC_WAIT_PROCESS);
    woken += myc_wait_wake(platform->wait, &shared.word, UINT32_MAX, MYC_WAIT_PROCESS);
    for (unsigned i = 0; i < 4; i++) {
        myc_thread_join(platform->thread, threads[i]);
    }
    return shared.woken == 4 && woken <= 4 ? 0 : 2;
}

static void direct_wake_some(struct myc_sim *sim)
{
    check_zero(sim, wake_some);
}

// Whoever sleeps on a word is woken by a wake, whatever the order; nobody is lost over many seeds.
static void test_wake_reaches_every_sleeper(void **state)
{
    (void)state;
    uint64_t spurious = 0;
    assert_passed(run_boring(direct_wake_some));
    for (uint64_t seed = 1; seed <= 500; seed++) {
        struct myc_sim_result *result = run_seed(direct_wake_some, seed);
        spurious += result->fault_effect[MYC_SIM_FAULT_SPURIOUS_WAKE];
        assert_passed(result);
    }
    assert_true(spurious > 0);
}

static int lose_a_wakeup(struct myc_platform *platform, void *arg)
{
    struct shared shared = {.platform = platform, .deadline_ns = MYC_NEVER};
    struct myc_handle thread = {0};
    (void)arg;
    if (myc_thread_start(platform->thread, sleep_once, &shared, NULL, &thread) != MYC_OK) {
        return 1;
    }
    // The bug: a wake without changing the word, so that a sleeper who comes later sleeps on.
    (void)myc_wait_wake(platform->wait, &shared.word, 1, MYC_WAIT_PROCESS);
    myc_thread_join(platform->thread, thread);
    return 0;
}

static void direct_lost_wakeup(struct myc_sim *sim)
{
    struct watched watched = {sim, myc_sim_start(sim, "host", "loser", lose_a_wakeup, NULL)};
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
}

// A lost wakeup is a deadlock, and the report says who waits for what.
static void test_lost_wakeup_is_a_deadlock(void **state)
{
    (void)state;
    struct myc_sim_result *result = run_boring(direct_lost_wakeup);
    assert_non_null(strstr(result->report, "loser/main"));
    assert_non_null(strstr(result->report, "waits for the end of a thread"));
    assert_non_null(strstr(result->report, "waits for a word of memory"));
    assert_failed_with(result, "deadlock");
}

// Shared words: two processes see one segment at two addresses.
static struct segment {
    struct myc_atomic_u32 words[2];
    unsigned order;
} segment;

static int sleep_shared(struct myc_platform *platform, void *arg)
{
    struct sim__process *self = sim__process_current(arg);
    if (self == NULL) {
        return 1;
    }
    sim__mapping_add(self, &segment.words[0], sizeof(segment.words[0]), 77, 0);
    while (myc_load_acquire_u32(&segment.words[0]) == 0) {
        (void)myc_wait_wait(platform->wait, &segment.words[0], 0, MYC_NEVER, MYC_WAIT_SHARED);
    }
    return 0;
}

static int wake_shared(struct myc_platform *platform, void *arg)
{
    struct sim__process *self = sim__process_current(arg);
    if (self == NULL) {
        return 2;
    }
    sim__mapping_add(self, &segment.words[1], sizeof(segment.words[1]), 77, 0);
    // Both words stand for the same byte of segment 77; pairs with the acquire in sleep_shared().
    myc_store_release_u32(&segment.words[0], 1);
    uint32_t woken = myc_wait_wake(platform->wait, &segment.words[1], 1, MYC_WAIT_SHARED);
    uint32_t none = myc_wait_wake(platform->wait, &segment.words[1], 1, MYC_WAIT_PROCESS);
    sim__mapping_remove(self, &segment.words[1]);
    return woken == 1 && none == 0 ? 0 : 1;
}

static void direct_shared(struct myc_sim *sim)
{
    memset(&segment, 0, sizeof(segment));
    struct watched sleeper = {sim, myc_sim_start(sim, "host", "sleeper", sleep_shared, sim)};
    myc_sim_run_for(sim, 1000000);
    struct myc_sim_process waker = run_process(sim, wake_shared, sim);
    myc_sim_check(sim, myc_sim_exit_code(sim, waker) == 0, "one sleeper was woken");
    myc_sim_check(
        sim, myc_sim_run_until(sim, watched_has_ended, &sleeper, MYC_NEVER), "the sleeper goes on");
}

// A shared word is the same word at another address in another process; a private wake misses it.
static void test_shared_word_is_known_by_its_segment(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_shared));
}

static struct myc_platform *stolen_platform;
static struct myc_atomic_u32 stolen_word;

static int lend_platform(struct myc_platform *platform, void *arg)
{
    (void)arg;
    stolen_platform = platform;
    while (platform != NULL) {
        (void)myc_wait_wait(platform->wait, &stolen_word, 0, MYC_NEVER, MYC_WAIT_PROCESS);
    }
    return 0;
}

static bool wait_inside(void *context)
{
    (void)context;
    if (stolen_platform != NULL) {
        (void)myc_wait_wait(stolen_platform->wait, &stolen_word, 0, MYC_NEVER, MYC_WAIT_PROCESS);
    }
    return false;
}

static void direct_wait_in_predicate(struct myc_sim *sim)
{
    stolen_platform = NULL;
    (void)myc_sim_start(sim, "host", "lender", lend_platform, NULL);
    (void)myc_sim_run_until(sim, wait_inside, NULL, 1000000);
}

// A predicate that would block is a mistake in the scenario and is reported as one.
static void test_wait_in_a_predicate_is_refused(void **state)
{
    (void)state;
    assert_failed_with(run_boring(direct_wait_in_predicate), "may not block");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait_looks_before_it_sleeps),
        cmocka_unit_test(test_wait_ends_at_its_deadline),
        cmocka_unit_test(test_wake_reaches_every_sleeper),
        cmocka_unit_test(test_lost_wakeup_is_a_deadlock),
        cmocka_unit_test(test_shared_word_is_known_by_its_segment),
        cmocka_unit_test(test_wait_in_a_predicate_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
