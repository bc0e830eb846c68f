// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include <mycelium/sim/internal.h>

#include <mycelium/atomic.h>
#include <mycelium/bytes.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>

static void start(
    struct myc_platform *platform,
    myc_thread_fn *fn,
    void *context,
    const struct myc_thread_options *options,
    struct myc_handle *out_handle)
{
    if (myc_thread_start(platform->thread, fn, context, options, out_handle) != MYC_OK) {
        abort();
    }
}

// ---- Two locks, taken in either order ----

struct locks {
    struct myc_platform *platform;
    struct myc_atomic_u32 words[2]; /* 1: held */
    struct myc_atomic_u32 held_count;
};

static void lock(struct locks *locks, int index)
{
    while (myc_exchange_u32(&locks->words[index], 1) != 0) {
        (void)myc_wait_wait(
            locks->platform->wait, &locks->words[index], 1, MYC_NEVER, MYC_WAIT_PROCESS);
    }
}

/* Takes one lock, lets the other thread take the other, and then wants that. */
static void take_both(struct locks *locks, int first)
{
    lock(locks, first);
    (void)myc_fetch_add_u32(&locks->held_count, 1);
    while (myc_load_acquire_u32(&locks->held_count) < 2) {
        myc_thread_relax(locks->platform->thread, 0);
    }
    lock(locks, 1 - first);
}

static void take_right_first(void *context)
{
    take_both(context, 1);
}

static int take_left_first(struct myc_platform *platform, void *arg)
{
    struct locks *locks = arg;
    struct myc_handle other = {0};
    struct myc_thread_options options = {.name = "other"};
    locks->platform = platform;
    start(platform, take_right_first, locks, &options, &other);
    take_both(locks, 0);
    return 0;
}

static void run_locks(struct myc_sim *sim)
{
    struct locks locks = {.platform = NULL};
    struct watched watched = {.sim = sim};
    watched.process = myc_sim_start(sim, "host", "p", take_left_first, &locks);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
}

// ---- Two threads that wait for each other's end ----

struct pair {
    struct myc_platform *platform;
    struct myc_handle handles[2];
};

static void join_second(void *context)
{
    struct pair *pair = context;
    while (pair->handles[1].value == 0) {
        myc_thread_relax(pair->platform->thread, 0);
    }
    myc_thread_join(pair->platform->thread, pair->handles[1]);
}

static void join_first(void *context)
{
    struct pair *pair = context;
    myc_thread_join(pair->platform->thread, pair->handles[0]);
}

static int join_each_other(struct myc_platform *platform, void *arg)
{
    struct pair *pair = arg;
    struct myc_thread_options one = {.name = "one"};
    struct myc_thread_options two = {.name = "two"};
    struct myc_atomic_u32 word = {0};
    pair->platform = platform;
    start(platform, join_second, pair, &one, &pair->handles[0]);
    start(platform, join_first, pair, &two, &pair->handles[1]);
    // A wake-up without cause must not end the process.
    while (myc_load_relaxed_u32(&word) == 0) {
        (void)myc_wait_wait(platform->wait, &word, 0, MYC_NEVER, MYC_WAIT_PROCESS);
    }
    return 0;
}

static void run_joins(struct myc_sim *sim)
{
    struct pair pair = {.platform = NULL};
    struct watched watched = {.sim = sim};
    watched.process = myc_sim_start(sim, "host", "p", join_each_other, &pair);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
}

// ---- Liveness ----

struct mailbox {
    struct myc_sim *sim;
    struct myc_atomic_u32 word;
    bool forgets_to_wake;
    bool never_tells;
    bool is_over; /* never */
};

static int receive_one(struct myc_platform *platform, void *arg)
{
    struct mailbox *box = arg;
    while (myc_load_acquire_u32(&box->word) == 0) {
        (void)myc_wait_wait(platform->wait, &box->word, 0, MYC_NEVER, MYC_WAIT_PROCESS);
    }
    return 0;
}

static void send_one(void *context)
{
    struct mailbox *box = context;
    myc_store_release_u32(&box->word, 1);
}

static int send_and_receive(struct myc_platform *platform, void *arg)
{
    struct mailbox *box = arg;
    struct myc_handle sender = {0};
    start(platform, send_one, box, NULL, &sender);
    if (box->forgets_to_wake) {
        (void)receive_one(platform, box);
    }
    myc_thread_join(platform->thread, sender);
    return 0;
}

static void run_mailbox(struct myc_sim *sim, bool forgets_to_wake)
{
    struct mailbox box = {.sim = sim, .forgets_to_wake = forgets_to_wake};
    struct watched watched = {.sim = sim};
    watched.process = myc_sim_start(sim, "host", "p", send_and_receive, &box);
    myc_sim_liveness(sim, watched_has_ended, &watched, UINT64_C(2000000000), "the message arrives");
}

static void run_sound(struct myc_sim *sim)
{
    run_mailbox(sim, false);
}

static void run_forgetful(struct myc_sim *sim)
{
    run_mailbox(sim, true);
}

/* Two that are always polite; with `never_tells` they get on but do not say so. */
static int go_round(struct myc_platform *platform, void *arg)
{
    struct mailbox *box = arg;
    while (!box->is_over) {
        (void)myc_clock_monotonic_ns(platform->clock);
        if (!box->never_tells) {
            myc_sim_progress(box->sim);
        }
    }
    return 0;
}

static bool never(void *context)
{
    (void)context;
    return false;
}

static void run_round(struct myc_sim *sim, bool never_tells)
{
    struct mailbox box = {.sim = sim, .never_tells = never_tells};
    (void)myc_sim_start(sim, "host", "p", go_round, &box);
    (void)myc_sim_start(sim, "host", "q", go_round, &box);
    myc_sim_liveness(sim, never, NULL, UINT64_C(50000000), "one of them gives way");
}

static void run_polite(struct myc_sim *sim)
{
    run_round(sim, true);
}

static void run_busy(struct myc_sim *sim)
{
    run_round(sim, false);
}

static void run_faults_stop(struct myc_sim *sim)
{
    struct watched watched = {.sim = sim};
    struct mailbox box = {.sim = sim};
    myc_sim_allow(sim, MYC_SIM_FAULT_ALLOCATION, true);
    watched.process = myc_sim_start(sim, "host", "p", send_and_receive, &box);
    myc_sim_liveness(sim, watched_has_ended, &watched, UINT64_C(2000000000), "it ends");
    myc_sim_check(sim, !sim->are_faults_on, "no fault comes after them");
    myc_sim_check(sim, sim->profile.strategy == SIM__ROUND_ROBIN, "threads take turns");
}

// ---- Tests ----

// Two locks in opposite order: who holds what the other wants is pointed out.
static void test_graph_shows_a_circle_of_locks(void **state)
{
    (void)state;
    struct myc_sim_result *result = run_boring(run_locks);
    assert_true(result->is_failed);
    assert_non_null(strstr(result->report, "deadlock"));
#ifdef MYC_SIMCHECK
    assert_non_null(strstr(
        result->report,
        "p/main waits for a word of its own process, last stored to by p/other (blocked)"));
    assert_failed_with(result, "circle: p/main -> p/other -> p/main\n");
#else
    assert_failed_with(result, "p/main waits for a word of its own process, not woken lately\n");
#endif
}

// A circle of joins needs no knowledge of memory.
static void test_graph_shows_a_circle_of_joins(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct myc_sim_result *result = run_seed(run_joins, seed);
        assert_true(result->is_failed);
        assert_non_null(strstr(result->report, "p/one waits for the end of p/two (blocked)\n"));
        assert_failed_with(result, "circle: p/one -> p/two -> p/one\n");
    }
}

// A wake-up that never comes is a failure of liveness at the bound, told with who waits.
static void test_liveness_fails_at_its_bound(void **state)
{
    (void)state;
    assert_passed(run_boring(run_sound));
    unsigned found = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct myc_sim_result *result = run_seed(run_forgetful, seed);
        if (result->is_failed) {
            found++;
            assert_non_null(strstr(
                result->report,
                "liveness: not within 2000 ms of virtual time after the faults stopped: the "
                "message arrives"));
            assert_non_null(strstr(result->report, "wait graph:\n  p/main waits for a word"));
        }
        drop_result(result);
        assert_passed(run_seed(run_sound, seed));
    }
    assert_in_range(found, 10, 200);
}

// Going round without a mark of progress is a livelock; with marks the bound decides.
static void test_liveness_tells_livelock_from_work(void **state)
{
    (void)state;
    assert_failed_with(
        run_boring(run_polite),
        "livelock: 4000000 steps without myc_sim_progress() since the "
        "faults stopped, waiting for one of them gives way");
    assert_failed_with(run_boring(run_busy), "liveness: not within 50 ms of virtual time");
}

// The liveness phase is without faults and fair, whatever the run drew.
static void test_liveness_is_fair_and_without_faults(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        assert_passed(run_seed(run_faults_stop, seed));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graph_shows_a_circle_of_locks),
        cmocka_unit_test(test_graph_shows_a_circle_of_joins),
        cmocka_unit_test(test_liveness_fails_at_its_bound),
        cmocka_unit_test(test_liveness_tells_livelock_from_work),
        cmocka_unit_test(test_liveness_is_fair_and_without_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
