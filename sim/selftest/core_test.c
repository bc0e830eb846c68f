// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Liveness of a chosen core: what is outside of it may never come back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

enum { FOLLOWERS = 2, SEEDS = 100, ROUNDS = 5 };

static const uint64_t ms_ns = 1000000;
static const uint64_t second_ns = 1000000000;

/* A leader goes on to the next round once enough followers have acknowledged this one. */
static struct group {
    struct myc_sim *sim;
    uint64_t round;
    uint64_t acknowledged[FOLLOWERS];
    uint64_t needed; /* acknowledgements */
    bool spins;      /* the leader looks again and again instead of sleeping */
    bool is_done;
} group;

static void sleep_for(struct myc_platform *platform, uint64_t duration_ns)
{
    struct myc_atomic_u32 word = {0};
    uint64_t deadline = myc_clock_monotonic_ns(platform->clock) + duration_ns;
    while (myc_clock_monotonic_ns(platform->clock) < deadline) {
        (void)myc_wait_wait(platform->wait, &word, 0, deadline, MYC_WAIT_PROCESS);
    }
}

static int follow(struct myc_platform *platform, void *arg)
{
    while (!group.is_done) {
        group.acknowledged[(uintptr_t)arg] = group.round;
        sleep_for(platform, ms_ns);
    }
    return 0;
}

static int lead(struct myc_platform *platform, void *arg)
{
    (void)arg;
    while (!group.is_done) {
        uint64_t count = 0;
        for (size_t i = 0; i < FOLLOWERS; i++) {
            count += group.acknowledged[i] == group.round ? 1 : 0;
        }
        if (count >= group.needed) {
            group.round++;
            myc_sim_progress(group.sim);
        } else if (group.spins) {
            myc_thread_relax(platform->thread, 0);
            continue;
        }
        sleep_for(platform, ms_ns);
    }
    return 0;
}

static bool has_gone_on(void *context)
{
    return group.round >= *(const uint64_t *)context;
}

/* Starts the group; then everybody heals, or the leader and one drawn follower do. */
static void direct(struct myc_sim *sim, uint64_t needed, bool has_core, bool spins)
{
    static const char *const names[FOLLOWERS] = {"follower0", "follower1"};
    struct myc_sim_process core[2];
    struct myc_sim_process followers[FOLLOWERS];
    group = (struct group){.sim = sim, .round = 1, .needed = needed, .spins = spins};
    core[0] = myc_sim_start(sim, "main", "leader", lead, NULL);
    for (uintptr_t i = 0; i < FOLLOWERS; i++) {
        followers[i] = myc_sim_start(sim, names[i], names[i], follow, (void *)i);
        myc_sim_allow(sim, MYC_SIM_FAULT_PAUSE_PROCESS, true);
    }
    myc_sim_run_for(sim, 20 * ms_ns);
    uint64_t wanted = group.round + ROUNDS;
    if (has_core) {
        core[1] = followers[myc_sim_choose(sim, "core", FOLLOWERS)];
        // Long enough for a leader that spins to be seen doing nothing.
        uint64_t bound_ns = spins ? 10000 * second_ns : 10 * second_ns;
        myc_sim_liveness_core(sim, core, 2, has_gone_on, &wanted, bound_ns, "rounds go on");
    } else {
        myc_sim_liveness(sim, has_gone_on, &wanted, 10 * second_ns, "rounds go on");
    }
    group.is_done = true;
}

static void run_all_whole(struct myc_sim *sim)
{
    direct(sim, FOLLOWERS, false, false);
}

static void run_all_core(struct myc_sim *sim)
{
    direct(sim, FOLLOWERS, true, false);
}

static void run_all_spinning(struct myc_sim *sim)
{
    direct(sim, FOLLOWERS, true, true);
}

static void run_one_core(struct myc_sim *sim)
{
    direct(sim, 1, true, false);
}

/* The first seed that fails; the test fails when there is none. */
static struct myc_sim_result *first_failure(void (*director)(struct myc_sim *sim))
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct myc_sim_result *result = run_seed(director, seed);
        if (result->is_failed) {
            return result;
        }
        drop_result(result);
    }
    fail_msg("%d seeds passed", SEEDS);
    return NULL;
}

// A leader that needs all of its followers goes on whenever everybody comes back, and halts with a
// core; one that needs a part of them goes on with either.
static void test_core_finds_a_halt(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        assert_passed(run_seed(run_all_whole, seed));
        assert_passed(run_seed(run_one_core, seed));
    }
    assert_failed_with(
        first_failure(run_all_core),
        "liveness: not within 10000 ms of virtual time after the faults stopped for the core: "
        "rounds go on");
}

// So it does when the leader never sleeps.
static void test_core_finds_a_livelock(void **state)
{
    (void)state;
    assert_failed_with(
        first_failure(run_all_spinning),
        "livelock: 4000000 steps without myc_sim_progress() since the faults stopped, waiting for "
        "rounds go on");
}

// The boring run leaves everybody alone, and so does one without faults.
static void test_core_is_boring_by_default(void **state)
{
    (void)state;
    assert_passed(run_boring(run_all_core));
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const struct myc_sim_options options = {.seed = seed, .faults = "none"};
        assert_passed(run_with(run_all_core, &options));
    }
}

// A tape can say what becomes of the rest, and the report says it in words.
static void test_core_is_replayed(void **state)
{
    (void)state;
    const struct myc_sim_options killed = {
        .tape_text = "mycelium-tape 2 test plain 0\n1 0 director/main core.rest\n",
        .is_told = true};
    assert_failed_with(
        run_with(run_all_core, &killed),
        "director/main: what is outside of the core meets the fate numbered 1");
    const struct myc_sim_options other = {
        .tape_text =
            "mycelium-tape 2 test plain 0\n1 0 director/main core\n2 0 director/main core.rest\n",
        .is_told = true};
    struct myc_sim_result *first = run_with(run_all_core, &other);
    struct myc_sim_result *second = run_with(run_all_core, &other);
    assert_int_equal(first->event_hash, second->event_hash);
    assert_failed_with(first, "meets the fate numbered 2");
    drop_result(second);
}

// ---- What heals and what does not ----

static bool always(void *context)
{
    (void)context;
    return true;
}

static int idle(struct myc_platform *platform, void *arg)
{
    (void)arg;
    while (!group.is_done) {
        sleep_for(platform, ms_ns);
    }
    return 0;
}

static void cut_by_fault(struct myc_sim *sim, struct sim__host *from, struct sim__host *to)
{
    uint32_t group_number = ++sim__network(sim)->cut_group;
    sim__cut_add(sim, from, to, MYC_SIM_CUT_DROP, MYC_SIM_FAULT_PARTITION, group_number);
    sim__cuts_heal_later(sim, group_number, second_ns);
}

static void run_healing(struct myc_sim *sim)
{
    group = (struct group){.sim = sim};
    const struct myc_sim_process core[] = {
        myc_sim_start(sim, "a", "a", idle, NULL), myc_sim_start(sim, "b", "b", idle, NULL)};
    struct myc_sim_process outside = myc_sim_start(sim, "c", "c", idle, NULL);
    struct sim__host *a = sim__host_find(sim, "a");
    struct sim__host *b = sim__host_find(sim, "b");
    struct sim__host *c = sim__host_find(sim, "c");
    myc_sim_run_for(sim, 5 * ms_ns);
    cut_by_fault(sim, a, b);
    cut_by_fault(sim, a, c);
    myc_sim_partition(sim, "b", "c", MYC_SIM_CUT_HOLD);
    myc_sim_pause(sim, core[0]);
    myc_sim_pause_host(sim, "b");
    struct sim__pause wanted = {.process = sim__known_process(sim, outside)};
    struct sim__pause *pause = sim__pause_begin(sim, &wanted);
    (void)sim__after(sim, second_ns, sim__pause_event, pause);
    myc_sim_liveness_core(sim, core, 2, always, NULL, second_ns, "nothing");
    uint64_t points[] = {
        myc_sim_points(sim, core[0]), myc_sim_points(sim, core[1]), myc_sim_points(sim, outside)};
    myc_sim_run_for(sim, 100 * second_ns);
    myc_sim_check(sim, myc_sim_points(sim, core[0]) > points[0], "a process of the core goes on");
    myc_sim_check(sim, myc_sim_points(sim, core[1]) > points[1], "a host of the core goes on");
    myc_sim_check(sim, myc_sim_points(sim, outside) == points[2], "nobody else does");
    myc_sim_check(sim, sim__cut_find(sim, a, b) == NULL, "the core is whole");
    myc_sim_check(sim, sim__cut_find(sim, a, c) != NULL, "a cut around it lasts");
    myc_sim_check(sim, sim__cut_find(sim, b, c) != NULL, "so does the director's");
    group.is_done = true;
}

// Inside the core pauses and cuts end; outside they last beyond the time that was drawn for them.
static void test_core_heals_alone(void **state)
{
    (void)state;
    assert_passed(run_boring(run_healing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_core_finds_a_halt),
        cmocka_unit_test(test_core_finds_a_livelock),
        cmocka_unit_test(test_core_is_boring_by_default),
        cmocka_unit_test(test_core_is_replayed),
        cmocka_unit_test(test_core_heals_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
