// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include <errno.h>
#include <fenv.h>

struct pair {
    struct sim__fiber root;
    struct sim__fiber fibers[3];
    struct myc_sim_stack_cache stacks;
    unsigned order[16];
    unsigned count;
    double sum;
    int errno_inside;
};

static void note(struct pair *pair, unsigned who)
{
    if (pair->count < 16) {
        pair->order[pair->count++] = who;
    }
}

static void first(void *argument)
{
    struct pair *pair = argument;
    double local = 1.5;
    note(pair, 1);
    errno = 11;
    sim__fiber_switch(&pair->fibers[0], &pair->fibers[1]);
    pair->errno_inside = errno;
    note(pair, 3);
    pair->sum += local;
    sim__fiber_switch(&pair->fibers[0], &pair->root);
    abort();
}

static void second(void *argument)
{
    struct pair *pair = argument;
    double local = 2.25;
    note(pair, 2);
    errno = 22;
    pair->sum += local;
    sim__fiber_switch(&pair->fibers[1], &pair->fibers[0]);
    abort();
}

// Two fibers and the OS stack take turns; locals, doubles and errno are each one's own.
static void test_fibers_take_turns_and_keep_their_own(void **state)
{
    (void)state;
    struct pair pair = {.count = 0};
    sim__fiber_init_root(&pair.root);
    sim__fiber_create(&pair.fibers[0], &pair.stacks, first, &pair);
    sim__fiber_create(&pair.fibers[1], &pair.stacks, second, &pair);
    errno = 33;
    sim__fiber_switch(&pair.root, &pair.fibers[0]);
    assert_int_equal(errno, 33);
    assert_int_equal(pair.errno_inside, 11);
    assert_int_equal(pair.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(pair.order[i], i + 1);
    }
    assert_true(pair.sum > 3.7 && pair.sum < 3.8);
    sim__fiber_destroy(&pair.fibers[0], &pair.stacks);
    sim__fiber_destroy(&pair.fibers[1], &pair.stacks);
    sim__fiber_destroy(&pair.fibers[1], &pair.stacks);
    sim__stack_pool_deinit(&pair.stacks);
}

static void round_down(void *argument)
{
    struct pair *pair = argument;
    pair->count = (unsigned)fesetround(FE_DOWNWARD);
    sim__fiber_switch(&pair->fibers[0], &pair->root);
    pair->errno_inside = fegetround();
    sim__fiber_switch(&pair->fibers[0], &pair->root);
    abort();
}

// The rounding mode belongs to the fiber that set it.
static void test_rounding_mode_stays_with_its_fiber(void **state)
{
    (void)state;
    struct pair pair = {.count = 0};
    sim__fiber_init_root(&pair.root);
    sim__fiber_create(&pair.fibers[0], &pair.stacks, round_down, &pair);
    sim__fiber_switch(&pair.root, &pair.fibers[0]);
    assert_int_equal(pair.count, 0);
    assert_int_equal(fegetround(), FE_TONEAREST);
    sim__fiber_switch(&pair.root, &pair.fibers[0]);
    assert_int_equal(pair.errno_inside, FE_DOWNWARD);
    assert_int_equal(fegetround(), FE_TONEAREST);
    sim__fiber_destroy(&pair.fibers[0], &pair.stacks);
    sim__stack_pool_deinit(&pair.stacks);
}

/* Leaves frames with arrays behind, as a killed process does. */
__attribute__((noinline)) static void abandon(struct pair *pair)
{
    volatile char bytes[2000];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)i;
    }
    pair->count += (unsigned)bytes[7];
    sim__fiber_switch(&pair->fibers[0], &pair->root);
    pair->count += (unsigned)bytes[8];
}

static void give_up(void *argument)
{
    abandon(argument);
    abort();
}

__attribute__((noinline)) static void use_deep(struct pair *pair)
{
    volatile char bytes[8000];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = 1;
    }
    pair->count += (unsigned)bytes[5000];
}

static void reuse(void *argument)
{
    struct pair *pair = argument;
    use_deep(pair);
    sim__fiber_switch(&pair->fibers[0], &pair->root);
    abort();
}

// A stack that was given up in the middle of a function serves the next fiber, red zones or not.
static void test_stack_of_an_abandoned_fiber_is_reused(void **state)
{
    (void)state;
    struct pair pair = {.count = 0};
    sim__fiber_init_root(&pair.root);
    sim__fiber_create(&pair.fibers[0], &pair.stacks, give_up, &pair);
    void *stack = pair.fibers[0].stack;
    sim__fiber_switch(&pair.root, &pair.fibers[0]);
    assert_int_equal(pair.count, 7);
    sim__fiber_destroy(&pair.fibers[0], &pair.stacks);
    sim__fiber_create(&pair.fibers[0], &pair.stacks, reuse, &pair);
    assert_ptr_equal(pair.fibers[0].stack, stack);
    sim__fiber_switch(&pair.root, &pair.fibers[0]);
    assert_int_equal(pair.count, 8);
    sim__fiber_destroy(&pair.fibers[0], &pair.stacks);
    sim__stack_pool_deinit(&pair.stacks);
}

// The page below a stack, and only that one, is recognised as its guard.
static void test_guard_page_is_recognised(void **state)
{
    (void)state;
    struct pair pair = {.count = 0};
    sim__fiber_create(&pair.fibers[0], &pair.stacks, reuse, &pair);
    uintptr_t stack = (uintptr_t)pair.fibers[0].stack;
    assert_true(sim__fiber_is_guard(&pair.fibers[0], stack - 1));
    assert_true(sim__fiber_is_guard(&pair.fibers[0], stack - SIM__GUARD_BYTES));
    assert_false(sim__fiber_is_guard(&pair.fibers[0], stack));
    assert_false(sim__fiber_is_guard(&pair.fibers[0], stack - SIM__GUARD_BYTES - 1));
    sim__fiber_destroy(&pair.fibers[0], &pair.stacks);
    assert_false(sim__fiber_is_guard(&pair.fibers[0], stack - 1));
    sim__stack_pool_deinit(&pair.stacks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fibers_take_turns_and_keep_their_own),
        cmocka_unit_test(test_rounding_mode_stays_with_its_fiber),
        cmocka_unit_test(test_stack_of_an_abandoned_fiber_is_reused),
        cmocka_unit_test(test_guard_page_is_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
