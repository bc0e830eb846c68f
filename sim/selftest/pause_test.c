// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include <mycelium/interface/clock.h>

static const uint64_t ms_ns = 1000000;

/* Sleeps on the monotonic clock. */
static void rest(struct myc_platform *platform, uint64_t duration_ns)
{
    struct myc_atomic_u32 word = {0};
    uint64_t deadline = myc_clock_monotonic_ns(platform->clock) + duration_ns;
    while (myc_wait_wait(platform->wait, &word, 0, deadline, MYC_WAIT_PROCESS) == MYC_OK) {
    }
}

// ---- What the director asks for ----

struct ticker {
    unsigned ticks;
    bool is_asked_to_end;
};

static int tick(struct myc_platform *platform, void *arg)
{
    struct ticker *ticker = arg;
    while (!ticker->is_asked_to_end) {
        rest(platform, ms_ns);
        ticker->ticks++;
    }
    return 0;
}

static void direct_pause(struct myc_sim *sim)
{
    myc_sim_allow(sim, MYC_SIM_FAULT_COARSE_CLOCK, false);
    struct ticker ticker = {0};
    struct ticker other = {0};
    struct watched watched = {sim, myc_sim_start(sim, "host", "ticker", tick, &ticker)};
    (void)myc_sim_start(sim, "host", "other", tick, &other);
    myc_sim_faults(sim, false);
    myc_sim_run_for(sim, 10 * ms_ns);
    myc_sim_pause(sim, watched.process);
    unsigned before = ticker.ticks;
    unsigned other_before = other.ticks;
    myc_sim_check(sim, before > 5, "it ticks");
    myc_sim_run_for(sim, 100 * ms_ns);
    myc_sim_check(sim, ticker.ticks == before, "a paused process does nothing");
    myc_sim_check(sim, other.ticks > other_before + 50, "others go on");
    myc_sim_check(sim, myc_sim_is_running(sim, watched.process), "it lives");
    myc_sim_resume(sim, watched.process);
    myc_sim_resume(sim, watched.process);
    myc_sim_run_for(sim, 10 * ms_ns);
    myc_sim_check(sim, ticker.ticks > before + 5, "and goes on when it may");
    myc_sim_pause(sim, watched.process);
    myc_sim_run_for(sim, ms_ns);
    myc_sim_kill(sim, watched.process);
    myc_sim_check(sim, myc_sim_was_killed(sim, watched.process), "a paused process can be killed");
}

// A stopped process keeps its place and goes on where it stood; it can be killed meanwhile.
static void test_paused_process_stands_still(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_pause));
    for (uint64_t seed = 1; seed <= 50; seed++) {
        assert_passed(run_seed(direct_pause, seed));
    }
}

/* How long ten milliseconds took, on each clock. */
struct nap {
    uint64_t monotonic_ns;
    uint64_t wall_ns;
};

static int nap(struct myc_platform *platform, void *arg)
{
    struct nap *nap = arg;
    uint64_t monotonic_ns = myc_clock_monotonic_ns(platform->clock);
    uint64_t wall_ns = myc_clock_wall_ns(platform->clock);
    rest(platform, 10 * ms_ns);
    nap->monotonic_ns = myc_clock_monotonic_ns(platform->clock) - monotonic_ns;
    nap->wall_ns = myc_clock_wall_ns(platform->clock) - wall_ns;
    return 0;
}

static struct nap napped;

/* Stops the host for a second in the middle of a nap. */
static void nap_through(struct myc_sim *sim, void (*stop)(struct myc_sim *sim, const char *host))
{
    myc_sim_allow(sim, MYC_SIM_FAULT_COARSE_CLOCK, false);
    struct watched watched = {sim, myc_sim_start(sim, "host", "napper", nap, &napped)};
    myc_sim_faults(sim, false);
    myc_sim_run_for(sim, 5 * ms_ns);
    stop(sim, "host");
    myc_sim_run_for(sim, 1000 * ms_ns);
    myc_sim_check(sim, myc_sim_is_running(sim, watched.process), "a stopped host does nothing");
    myc_sim_resume_host(sim, "host");
    myc_sim_check(
        sim,
        myc_sim_run_until(sim, watched_has_ended, &watched, myc_sim_now_ns(sim) + 100 * ms_ns),
        "the nap ends soon after");
}

static void direct_suspend(struct myc_sim *sim)
{
    nap_through(sim, myc_sim_suspend_host);
    myc_sim_check(sim, napped.monotonic_ns >= 10 * ms_ns, "the nap was not shortened");
    myc_sim_check(sim, napped.monotonic_ns < 100 * ms_ns, "monotonic time stood still");
    myc_sim_check(sim, napped.wall_ns > 1000 * ms_ns, "and wall time did not");
}

static void direct_pause_host(struct myc_sim *sim)
{
    nap_through(sim, myc_sim_pause_host);
    myc_sim_check(sim, napped.monotonic_ns > 1000 * ms_ns, "monotonic time went on");
}

// Suspending a host stops its monotonic clock and moves deadlines; pausing it does not.
static void test_suspended_host_has_no_time(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_suspend));
    assert_passed(run_boring(direct_pause_host));
    for (uint64_t seed = 1; seed <= 50; seed++) {
        assert_passed(run_seed(direct_suspend, seed));
        assert_passed(run_seed(direct_pause_host, seed));
    }
}

static void direct_loss_while_stopped(struct myc_sim *sim)
{
    struct ticker ticker = {.is_asked_to_end = true};
    (void)myc_sim_start(sim, "host", "napper", nap, &napped);
    myc_sim_faults(sim, false);
    myc_sim_run_for(sim, ms_ns);
    myc_sim_suspend_host(sim, "host");
    myc_sim_power_loss(sim, "host");
    struct watched watched = {sim, myc_sim_start(sim, "host", "ticker", tick, &ticker)};
    myc_sim_run_for(sim, 10 * ms_ns);
    myc_sim_check(sim, myc_sim_points(sim, watched.process) == 0, "the host is still stopped");
    myc_sim_resume_host(sim, "host");
    myc_sim_run_for(sim, 10 * ms_ns);
    myc_sim_check(sim, myc_sim_exit_code(sim, watched.process) == 0, "then its processes run");
}

// A host that loses its power while it is suspended boots into the same suspension.
static void test_stopped_host_may_lose_its_power(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_loss_while_stopped));
}

static int watch_time(struct myc_platform *platform, void *arg)
{
    uint64_t before = myc_clock_monotonic_ns(platform->clock);
    (void)arg;
    for (int i = 0; i < 400; i++) {
        rest(platform, 100000);
        uint64_t now = myc_clock_monotonic_ns(platform->clock);
        if (now < before + 100000 && now % ms_ns != 0) {
            return 1; // unless the clock only tells milliseconds
        }
        if (now < before) {
            return 2;
        }
        before = now;
    }
    return 0;
}

static void direct_watch_time(struct myc_sim *sim)
{
    myc_sim_allow(sim, MYC_SIM_FAULT_SUSPEND, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_PAUSE_HOST, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_PAUSE_PROCESS, true);
    struct watched watched = {sim, myc_sim_start(sim, "host", "watcher", watch_time, NULL)};
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
    myc_sim_check(
        sim, myc_sim_exit_code(sim, watched.process) == 0, "time goes on as far as one slept");
}

// Whatever stops and for how long, monotonic time never goes back and no sleep is too short.
static void test_stops_never_turn_time_back(void **state)
{
    (void)state;
    uint64_t injected = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct myc_sim_result *result = run_seed(direct_watch_time, seed);
        injected += result->fault_injected[MYC_SIM_FAULT_SUSPEND];
        assert_passed(result);
    }
    assert_true(injected > 0);
}

struct computing {
    struct myc_sim *sim;
    struct ticker ticker;
};

static int compute(struct myc_platform *platform, void *arg)
{
    struct computing *computing = arg;
    uint64_t before = myc_clock_monotonic_ns(platform->clock);
    myc_sim_compute(computing->sim, 50 * ms_ns);
    uint64_t took = myc_clock_monotonic_ns(platform->clock) - before;
    computing->ticker.is_asked_to_end = true;
    return took >= 49 * ms_ns && took < 60 * ms_ns ? 0 : 1;
}

static void direct_compute(struct myc_sim *sim)
{
    struct computing computing = {.sim = sim};
    struct myc_sim_process ticking = myc_sim_start(sim, "host", "t", tick, &computing.ticker);
    struct myc_sim_process process = myc_sim_start(sim, "host", "c", compute, &computing);
    myc_sim_run_for(sim, 100 * ms_ns);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "it took fifty milliseconds");
    myc_sim_check(sim, myc_sim_exit_code(sim, ticking) == 0, "others could go on");
    myc_sim_check(sim, computing.ticker.ticks > 40, "and did");
}

// A computation takes the time it says and nobody else's.
static void test_computation_takes_time(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_compute));
}

// ---- Toys that misbehave under one fault, and only under it ----

/* Allows this fault alone. */
static void only(struct myc_sim *sim, enum myc_sim_fault fault)
{
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        myc_sim_allow(sim, (enum myc_sim_fault)i, i == (int)fault);
    }
}

static enum myc_sim_fault allowed;

/* Believes that its partner is dead when it did not count for 5 ms. */
static void direct_impatient(struct myc_sim *sim)
{
    struct ticker ticker = {0};
    only(sim, allowed);
    (void)myc_sim_start(sim, "host", "ticker", tick, &ticker);
    for (int i = 0; i < 40; i++) {
        unsigned before = ticker.ticks;
        myc_sim_run_for(sim, 5 * ms_ns);
        myc_sim_check(sim, ticker.ticks > before, "toy: the partner counts");
    }
}

/* Believes that both clocks measure the same. */
static int compare_clocks(struct myc_platform *platform, void *arg)
{
    (void)arg;
    for (int i = 0; i < 40; i++) {
        struct nap both = {0};
        (void)nap(platform, &both);
        uint64_t more = both.wall_ns > both.monotonic_ns ? both.wall_ns : both.monotonic_ns;
        uint64_t less = both.wall_ns > both.monotonic_ns ? both.monotonic_ns : both.wall_ns;
        if (more - less > 2 * ms_ns) {
            return 1;
        }
    }
    return 0;
}

/* Believes that time has passed between two looks at the clock. */
static int order_by_time(struct myc_platform *platform, void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++) {
        uint64_t before = myc_clock_monotonic_ns(platform->clock);
        (void)myc_clock_wall_ns(platform->clock);
        if (myc_clock_monotonic_ns(platform->clock) == before) {
            return 1;
        }
    }
    return 0;
}

/* Waits for ten milliseconds by the wall clock, looking every millisecond. */
static int wait_by_wall(struct myc_platform *platform, void *arg)
{
    (void)arg;
    for (int i = 0; i < 10; i++) {
        uint64_t began = myc_clock_monotonic_ns(platform->clock);
        uint64_t due = myc_clock_wall_ns(platform->clock) + 10 * ms_ns;
        for (int look = 0; look < 1000 && myc_clock_wall_ns(platform->clock) < due; look++) {
            rest(platform, ms_ns);
        }
        uint64_t took = myc_clock_monotonic_ns(platform->clock) - began;
        if (took < 9 * ms_ns || took > 20 * ms_ns) {
            return 1;
        }
    }
    return 0;
}

static myc_sim_main_fn *toy_main;

static void direct_toy(struct myc_sim *sim)
{
    only(sim, allowed);
    struct watched watched = {sim, myc_sim_start(sim, "host", "toy", toy_main, NULL)};
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
    myc_sim_check(sim, myc_sim_exit_code(sim, watched.process) == 0, "toy: it was right");
}

static unsigned count_failures(void (*director)(struct myc_sim *sim), enum myc_sim_fault fault)
{
    unsigned failures = 0;
    allowed = fault;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct myc_sim_result *result = run_seed(director, seed);
        if (result->is_failed && strstr(result->report, "oracle: toy") == NULL) {
            print_error("%s", result->report);
            fail();
        }
        if (fault < MYC_SIM_FAULT_COUNT && result->is_failed) {
            assert_true(result->fault_injected[fault] > 0);
        }
        failures += result->is_failed ? 1 : 0;
        drop_result(result);
    }
    return failures;
}

// Each of these programs is wrong under its fault, and is right where only the fault is missing.
static void test_each_fault_breaks_its_toy(void **state)
{
    (void)state;
    static const struct {
        enum myc_sim_fault fault;
        void (*director)(struct myc_sim *sim);
        myc_sim_main_fn *main_fn;
    } toys[] = {
        {MYC_SIM_FAULT_PAUSE_PROCESS, direct_impatient, NULL},
        {MYC_SIM_FAULT_PAUSE_HOST, direct_impatient, NULL},
        {MYC_SIM_FAULT_SUSPEND, direct_toy, compare_clocks},
        {MYC_SIM_FAULT_COARSE_CLOCK, direct_toy, order_by_time},
        {MYC_SIM_FAULT_CLOCK_STEP, direct_toy, wait_by_wall},
    };
    for (size_t i = 0; i < sizeof(toys) / sizeof(toys[0]); i++) {
        toy_main = toys[i].main_fn;
        unsigned failures = count_failures(toys[i].director, toys[i].fault);
        if (failures == 0) {
            print_error("fault %d does nothing\n", (int)toys[i].fault);
        }
        assert_true(failures > 0);
        assert_int_equal(count_failures(toys[i].director, MYC_SIM_FAULT_COUNT), 0);
    }
}

/* Hands a number from one thread to another and believes that it takes less than 5 ms. */
static int spin(struct myc_platform *platform, void *arg)
{
    uint64_t longest = 0;
    (void)arg;
    for (int i = 0; i < 20000; i++) {
        uint64_t before = myc_clock_monotonic_ns(platform->clock);
        uint64_t took = myc_clock_monotonic_ns(platform->clock) - before;
        longest = took > longest ? took : longest;
    }
    return longest < ms_ns ? 0 : 1;
}

// A thread may stop between any two of its steps, and a run without that fault never does.
static void test_thread_pauses_come_between_steps(void **state)
{
    (void)state;
    toy_main = spin;
    assert_true(count_failures(direct_toy, MYC_SIM_FAULT_PAUSE_THREAD) > 0);
    assert_int_equal(count_failures(direct_toy, MYC_SIM_FAULT_COUNT), 0);
}

static void direct_calm(struct myc_sim *sim)
{
    struct ticker ticker = {0};
    myc_sim_allow(sim, MYC_SIM_FAULT_SUSPEND, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_PAUSE_PROCESS, true);
    (void)myc_sim_start(sim, "host", "ticker", tick, &ticker);
    myc_sim_run_for(sim, 200 * ms_ns);
    myc_sim_faults(sim, false);
    unsigned before = ticker.ticks;
    myc_sim_run_for(sim, 200 * ms_ns);
    myc_sim_check(sim, ticker.ticks > before + 5, "nothing is paused any more");
}

// When faults stop, the pauses they made are over, however long they were meant to be.
static void test_pauses_end_with_faults(void **state)
{
    (void)state;
    uint64_t injected = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct myc_sim_result *result = run_seed(direct_calm, seed);
        injected += result->fault_injected[MYC_SIM_FAULT_SUSPEND];
        assert_passed(result);
    }
    assert_true(injected > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paused_process_stands_still),
        cmocka_unit_test(test_suspended_host_has_no_time),
        cmocka_unit_test(test_stopped_host_may_lose_its_power),
        cmocka_unit_test(test_stops_never_turn_time_back),
        cmocka_unit_test(test_computation_takes_time),
        cmocka_unit_test(test_each_fault_breaks_its_toy),
        cmocka_unit_test(test_thread_pauses_come_between_steps),
        cmocka_unit_test(test_pauses_end_with_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
