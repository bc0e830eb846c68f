// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

static unsigned leftover;
static bool leaks_state;

static int chatter(struct myc_platform *platform, void *arg)
{
    struct myc_sim *sim = arg;
    static struct myc_atomic_u32 word;
    for (int i = 0; i < 200; i++) {
        uint64_t now = myc_clock_monotonic_ns(platform->clock);
        (void)myc_wait_wait(
            platform->wait, &word, 0, now + myc_sim_choose(sim, "pause", 100000), MYC_WAIT_PROCESS);
        if (leaks_state && ++leftover > 500) {
            (void)myc_clock_monotonic_ns(platform->clock);
        }
    }
    return 0;
}

static void direct_chatter(struct myc_sim *sim)
{
    for (int i = 0; i < 3; i++) {
        char name[8] = {'c', (char)('0' + i), '\0'};
        (void)myc_sim_start(sim, i == 0 ? "a" : "b", name, chatter, sim);
    }
    myc_sim_run_for(sim, UINT64_C(10000000000)); // clocks may tick slowly
    myc_sim_count(sim, "runs", 1);
}

// The same seed gives the same hash, counts and time, again and again within one process.
static void test_same_seed_gives_the_same_run(void **state)
{
    (void)state;
    uint64_t previous = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct myc_sim_result *a = run_seed(direct_chatter, seed);
        struct myc_sim_result *b = run_seed(direct_chatter, seed);
        assert_int_equal(a->event_hash, b->event_hash);
        assert_int_equal(a->step_count, b->step_count);
        assert_int_equal(a->event_count, b->event_count);
        assert_int_equal(a->virtual_ns, b->virtual_ns);
        assert_true(a->checkpoint_count >= 1);
        assert_int_equal(a->checkpoint_count, b->checkpoint_count);
        assert_memory_equal(a->checkpoints, b->checkpoints, a->checkpoint_count * sizeof(uint64_t));
        assert_true(a->event_hash != previous);
        previous = a->event_hash;
        assert_passed(a);
        assert_passed(b);
    }
}

// State that outlives a run is noticed: the second run's hash is another one.
static void test_state_left_between_runs_changes_the_hash(void **state)
{
    (void)state;
    leaks_state = true;
    leftover = 0;
    struct myc_sim_result *a = run_seed(direct_chatter, 3);
    struct myc_sim_result *b = run_seed(direct_chatter, 3);
    leaks_state = false;
    assert_true(a->event_hash != b->event_hash);
    assert_passed(a);
    assert_passed(b);
}

// A recorded tape replays the run that a seed gave: same hash, without the seed.
static void test_recorded_tape_replays_the_run(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct myc_sim_result *recorded =
            run_with(direct_chatter, &(struct myc_sim_options){.seed = seed, .is_recording = true});
        assert_non_null(recorded->tape_text);
        struct myc_sim_result *replayed =
            run_with(direct_chatter, &(struct myc_sim_options){.tape_text = recorded->tape_text});
        assert_int_equal(replayed->event_hash, recorded->event_hash);
        assert_int_equal(replayed->step_count, recorded->step_count);
        assert_passed(recorded);
        assert_passed(replayed);
    }
}

// A tape without entries is the boring run.
static void test_empty_tape_is_the_boring_run(void **state)
{
    (void)state;
    struct myc_sim_result *boring = run_boring(direct_chatter);
    struct myc_sim_result *empty = run_with(
        direct_chatter, &(struct myc_sim_options){.tape_text = "mycelium-tape 2 test plain 0\n"});
    assert_int_equal(boring->event_hash, empty->event_hash);
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        assert_int_equal(boring->fault_injected[i], 0);
    }
    assert_passed(boring);
    assert_passed(empty);
}

static void direct_failure(struct myc_sim *sim)
{
    myc_sim_log(sim, "about to fail with %d", 42);
    myc_sim_check(sim, true, "this holds");
    myc_sim_check(sim, myc_sim_choose(sim, "luck", 1000) == 0, "luck holds");
}

// A failed oracle ends the run; the report has verdict, command, log and events.
static void test_failure_report_is_complete(void **state)
{
    (void)state;
    struct myc_sim_result *result =
        run_with(direct_failure, &(struct myc_sim_options){.seed = 12345, .repro_start = "./prog"});
    assert_int_equal(result->check_count, 2);
    assert_int_equal(result->check_failed_count, 1);
    assert_non_null(strstr(result->report, "run again: ./prog test --seed 12345\n"));
    assert_non_null(strstr(result->report, "about to fail with 42"));
    assert_non_null(strstr(result->report, "director/main"));
    assert_non_null(strstr(result->report, "last events"));
    assert_failed_with(result, "FAILED test: oracle: luck holds");
    assert_passed(run_boring(direct_failure));
}

// Stacks kept between runs make no difference to what a run does.
static void test_stack_cache_changes_nothing(void **state)
{
    (void)state;
    struct myc_sim_stack_cache cache = {NULL};
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct myc_sim_result *plain = run_seed(direct_chatter, seed);
        struct myc_sim_result *cached = run_with(
            direct_chatter, &(struct myc_sim_options){.seed = seed, .stack_cache = &cache});
        assert_int_equal(plain->event_hash, cached->event_hash);
        assert_passed(plain);
        assert_passed(cached);
    }
    assert_non_null(cache.free_list);
    myc_sim_stack_cache_deinit(&cache);
    assert_null(cache.free_list);
}

static int is_spawned(struct myc_platform *platform, void *arg)
{
    (void)platform;
    return arg != NULL ? 9 : 8;
}

static void direct_programs(struct myc_sim *sim)
{
    myc_sim_main_fn *main_fn = NULL;
    void *arg = NULL;
    myc_sim_register_program(sim, "one", is_spawned, NULL);
    myc_sim_register_program(sim, "two", is_spawned, sim);
    myc_sim_check(sim, sim__program_find(sim, "two", &main_fn, &arg), "it is there");
    myc_sim_check(sim, main_fn == is_spawned && arg == sim, "it is the right one");
    myc_sim_check(sim, !sim__program_find(sim, "three", &main_fn, &arg), "others are not");
}

// Registered programs are found by name, with their argument.
static void test_programs_are_found_by_name(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_programs));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_gives_the_same_run),
        cmocka_unit_test(test_state_left_between_runs_changes_the_hash),
        cmocka_unit_test(test_recorded_tape_replays_the_run),
        cmocka_unit_test(test_empty_tape_is_the_boring_run),
        cmocka_unit_test(test_failure_report_is_complete),
        cmocka_unit_test(test_stack_cache_changes_nothing),
        cmocka_unit_test(test_programs_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
