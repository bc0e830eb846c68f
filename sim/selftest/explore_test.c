// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "command.h"
#include "support.h"

#include <mycelium/atomic.h>

// Two threads and what they share; set to zero before each run.
static struct {
    struct myc_atomic_u32 x __attribute__((aligned(64)));
    struct myc_atomic_u32 y __attribute__((aligned(64)));
    uint32_t seen[2];
} it;

typedef void thread_fn(uint32_t number);

struct pair {
    thread_fn *fn;
    bool (*is_good)(void);
    struct myc_sim *sim;
};

struct one {
    thread_fn *fn;
    uint32_t number;
};

static void run_one(void *context)
{
    const struct one *one = context;
    one->fn(one->number);
}

static int run_pair(struct myc_platform *platform, void *arg)
{
    const struct pair *pair = arg;
    struct one ones[2] = {{pair->fn, 0}, {pair->fn, 1}};
    struct myc_handle thread = {0};
    memset(&it, 0, sizeof(it));
    if (myc_thread_start(platform->thread, run_one, &ones[1], NULL, &thread) != MYC_OK) {
        return 1;
    }
    run_one(&ones[0]);
    myc_thread_join(platform->thread, thread);
    return pair->is_good() ? 0 : 2;
}

static void direct(struct myc_sim *sim, thread_fn *fn, bool (*is_good)(void))
{
    struct pair pair = {fn, is_good, sim};
    struct myc_sim_process process = run_process(sim, run_pair, &pair);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "the two threads agree");
}

// The bug: another thread may add between the load and the store.
static void count_badly(uint32_t number)
{
    uint32_t value = myc_load_acquire_u32(&it.x);
    myc_store_release_u32(&it.x, value + 1);
    (void)number;
}

static void count_well(uint32_t number)
{
    (void)myc_fetch_add_u32(&it.x, 1);
    (void)myc_fetch_add_u32(&it.x, 1);
    (void)number;
}

static bool is_two(void)
{
    return it.x.value == 2;
}

static bool is_four(void)
{
    return it.x.value == 4;
}

// The bug: without a fence between its store and its load each may miss the other's store.
static void announce(uint32_t number)
{
    myc_store_release_u32(number == 0 ? &it.x : &it.y, 1);
    it.seen[number] = myc_load_acquire_u32(number == 0 ? &it.y : &it.x);
}

static bool was_one_seen(void)
{
    return it.seen[0] + it.seen[1] > 0;
}

// Waits for the other by spinning, as long as the schedule likes.
static void meet(uint32_t number)
{
    struct myc_sim *sim = sim__world_now;
    myc_store_release_u32(number == 0 ? &it.x : &it.y, 1);
    while (myc_load_acquire_u32(number == 0 ? &it.y : &it.x) == 0) {
        sim__yield(sim, "spin");
    }
    it.seen[number] = 1;
}

static void direct_lost(struct myc_sim *sim)
{
    direct(sim, count_badly, is_two);
}

static void direct_sound(struct myc_sim *sim)
{
    direct(sim, count_well, is_four);
}

static void direct_announce(struct myc_sim *sim)
{
    direct(sim, announce, was_one_seen);
}

static void direct_meet(struct myc_sim *sim)
{
    direct(sim, meet, was_one_seen);
}

static void direct_shaky(struct myc_sim *sim)
{
    static uint64_t runs;
    (void)myc_sim_choose(sim, "steady", 2);
    (void)myc_sim_choose(sim, "shaky", 2 + runs++ % 2);
}

static const struct myc_sim_scenario scenarios[] = {
    {"lost", "two threads count without care", direct_lost},
    {"sound", "two threads count well", direct_sound},
    {"announce", "two threads look for each other", direct_announce},
    {"meet", "two threads wait for each other", direct_meet},
    {"shaky", "is not deterministic", direct_shaky},
};

// All schedules of two short threads are gone through, to the end, and none fails.
static void test_sound_threads_are_explored_to_the_end(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("sound", "--exhaustive"), 0);
    assert_printed("sound: complete: ");
    assert_int_equal(COMMAND("sound", "--exhaustive", "--json"), 0);
    assert_printed("\"complete\": true");
    assert_printed("\"failed\": false");
    assert_int_equal(COMMAND("meet", "--exhaustive", "--memory", "strong"), 0);
    assert_printed("meet: complete: ");
}

// One ill-placed switch is enough for a lost count: it is found, and written as a tape that fails.
static void test_lost_count_is_found_and_replayed(void **state)
{
    (void)state;
    char path[] = "/tmp/mycelium-explore-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    (void)close(file);
    assert_int_equal(COMMAND("lost", "--exhaustive", "--record", path), 1);
    assert_printed("oracle: the two threads agree");
    assert_printed("lost: incomplete: ");
    assert_printed("the last one failed");
    assert_printed(path);
    assert_int_equal(COMMAND("lost", "--tape", path), 1);
    assert_printed("oracle: the two threads agree");
    assert_printed("every point");
    assert_int_equal(COMMAND("lost", "--exhaustive", "--record", path, "--expect-failure"), 0);
    assert_int_equal(unlink(path), 0);
}

// What only weak memory allows is found by going through the values that loads may take.
static void test_values_read_are_explored(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("announce", "--exhaustive", "--record", "/dev/null"), 1);
    assert_printed("1 loads took an older value");
    assert_int_equal(COMMAND("announce", "--exhaustive", "--memory", "strong"), 0);
    assert_printed("announce: complete: ");
}

// Bounds end the campaign early, and it says how far it came.
static void test_bounds_leave_it_incomplete(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("sound", "--exhaustive", "--exhaustive-runs", "3"), 0);
    assert_printed("sound: incomplete: 3 runs");
    assert_int_equal(COMMAND("sound", "--exhaustive", "--exhaustive-choices", "1"), 0);
    assert_printed("with at most 1 choices that are not boring are among them");
    assert_int_equal(COMMAND("sound", "--exhaustive", "--exhaustive-depth", "2"), 0);
    assert_printed("more often than --exhaustive-depth");
    assert_int_equal(COMMAND("sound", "--exhaustive", "--exhaustive-only", "none"), 2);
    assert_printed("--exhaustive-only none: no draw of sound has such a label");
    assert_int_equal(COMMAND("sound", "--exhaustive-choices", "1"), 2);
    assert_printed("--exhaustive-choices needs --exhaustive");
    assert_int_equal(COMMAND("sound", "--exhaustive", "--seed", "1"), 2);
    assert_printed("--exhaustive goes through all runs itself");
}

// What is not deterministic cannot be gone through.
static void test_other_draws_after_the_same_choices_fail(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("shaky", "--exhaustive"), 1);
    assert_printed("not deterministic");
    assert_printed("shaky of director");
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound_threads_are_explored_to_the_end),
        cmocka_unit_test(test_lost_count_is_found_and_replayed),
        cmocka_unit_test(test_values_read_are_explored),
        cmocka_unit_test(test_bounds_leave_it_incomplete),
        cmocka_unit_test(test_other_draws_after_the_same_choices_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
