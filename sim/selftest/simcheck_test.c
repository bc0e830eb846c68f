// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include <mycelium/atomic.h>

static struct words {
    struct myc_atomic_u32 small;
    struct myc_atomic_u64 big;
    unsigned lost;
} words;

static int use_each_operation(struct myc_platform *platform, void *arg)
{
    struct words mine = {.small = {1}, .big = {1}};
    (void)platform;
    (void)arg;
    bool is_good = myc_load_relaxed_u32(&mine.small) == 1;
    myc_store_seq_cst_u32(&mine.small, 7);
    is_good = is_good && myc_exchange_u32(&mine.small, UINT32_MAX) == 7;
    is_good = is_good && myc_fetch_add_u32(&mine.small, 3) == UINT32_MAX;
    is_good = is_good && myc_load_acquire_u32(&mine.small) == 2;
    is_good = is_good && !myc_compare_exchange_u32(&mine.small, 3, 9);
    is_good = is_good && myc_compare_exchange_u32(&mine.small, 2, 9);
    is_good = is_good && myc_load_seq_cst_u32(&mine.small) == 9;
    myc_store_release_u64(&mine.big, UINT64_MAX);
    is_good = is_good && myc_fetch_add_u64(&mine.big, 2) == UINT64_MAX;
    is_good = is_good && myc_exchange_u64(&mine.big, UINT64_C(1) << 40) == 1;
    is_good = is_good && myc_load_relaxed_u64(&mine.big) == UINT64_C(1) << 40;
    myc_fence_seq_cst();
    myc_shared_write(&mine, sizeof(mine));
    myc_shared_read(&mine, sizeof(mine));
    return is_good ? 0 : 1;
}

static void direct_operations(struct myc_sim *sim)
{
    struct myc_sim_process process = run_process(sim, use_each_operation, NULL);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "values are as in plain atomics");
    myc_sim_check(sim, myc_sim_points(sim, process) == 15, "each operation is one point");
}

// Every operation does what a plain atomic does and is one scheduling point.
static void test_operations_are_points_with_plain_results(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_operations));
    for (uint64_t seed = 1; seed <= 50; seed++) {
        assert_passed(run_seed(direct_operations, seed));
    }
}

static void count_badly(void *context)
{
    (void)context;
    for (int i = 0; i < 5; i++) {
        // The bug: another thread may add between the load and the store.
        uint32_t value = myc_load_relaxed_u32(&words.small);
        myc_store_relaxed_u32(&words.small, value + 1);
    }
}

static void count_well(void *context)
{
    (void)context;
    for (int i = 0; i < 5; i++) {
        (void)myc_fetch_add_u32(&words.small, 1);
    }
}

static int count_together(struct myc_platform *platform, void *arg)
{
    myc_thread_fn *const *fn = arg;
    struct myc_handle thread = {0};
    words.small.value = 0;
    if (myc_thread_start(platform->thread, *fn, NULL, NULL, &thread) != MYC_OK) {
        return 1;
    }
    (*fn)(NULL);
    myc_thread_join(platform->thread, thread);
    return words.small.value == 10 ? 0 : 2;
}

static myc_thread_fn *counting;

static void direct_counting(struct myc_sim *sim)
{
    struct myc_sim_process process = run_process(sim, count_together, &counting);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "no count is lost");
}

// Seeds find a lost update between two atomics soon; the correct version passes the same seeds.
static void test_lost_update_is_found(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        counting = count_badly;
        struct myc_sim_result *result = run_seed(direct_counting, seed);
        failed += result->is_failed ? 1 : 0;
        drop_result(result);
        counting = count_well;
        assert_passed(run_seed(direct_counting, seed));
    }
    assert_in_range(failed, 20, 199);
    counting = count_badly;
    assert_passed(run_boring(direct_counting));
}

static int write_in_two_halves(struct myc_platform *platform, void *arg)
{
    (void)platform;
    (void)arg;
    myc_store_relaxed_u64(&words.big, 1);
    myc_store_relaxed_u64(&words.big, 2);
    return 0;
}

static void direct_kill_between(struct myc_sim *sim)
{
    words.big.value = 0;
    struct watched watched = {sim, myc_sim_start(sim, "host", "victim", write_in_two_halves, NULL)};
    myc_sim_kill_at(sim, watched.process, 2);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
    // The director's own atomics are no points and see what is there.
    myc_sim_check(sim, myc_load_relaxed_u64(&words.big) == 1, "the second store never happened");
}

// A process may die between two atomics; what it stored before stays.
static void test_kill_strikes_between_two_atomics(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_kill_between));
}

// Outside of a run atomics are plain.
static void test_atomics_work_outside_a_run(void **state)
{
    (void)state;
    struct myc_atomic_u32 word = {4};
    assert_int_equal(myc_fetch_add_u32(&word, 2), 4);
    assert_int_equal(myc_load_acquire_u32(&word), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations_are_points_with_plain_results),
        cmocka_unit_test(test_lost_update_is_found),
        cmocka_unit_test(test_kill_strikes_between_two_atomics),
        cmocka_unit_test(test_atomics_work_outside_a_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
