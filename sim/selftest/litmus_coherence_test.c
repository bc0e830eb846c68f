// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What every single word promises, whatever the orders; and how long a value may stay unseen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "litmus.h"

static void write_one_two(void)
{
    store(&it.x, 1, RLX);
    store(&it.x, 2, RLX);
}

static void read_twice(void)
{
    it.r[0] = load(&it.x, RLX);
    it.r[1] = load(&it.x, RLX);
}

// Two reads of one thread never go backwards (CoRR).
static void test_reads_do_not_go_back(void **state)
{
    (void)state;
    const struct litmus_program program = {{write_one_two, read_twice}, NULL, NULL};
    LITMUS_EXPECT(&program, "00", "01", "02", "11", "12", "22");
}

static void read_at_end(void)
{
    it.r[0] = load(&it.x, RLX);
}

// Two writes of one thread stay in their order (CoWW), and a join shows the last.
static void test_writes_stay_in_order(void **state)
{
    (void)state;
    const struct litmus_program program = {{write_one_two}, NULL, read_at_end};
    LITMUS_EXPECT(&program, "2");
}

static void read_then_write_one(void)
{
    it.r[0] = load(&it.x, RLX);
    store(&it.x, 1, RLX);
}

static void write_two(void)
{
    store(&it.x, 2, RLX);
}

static void read_second_at_end(void)
{
    it.r[1] = load(&it.x, RLX);
}

// A read does not see a later write of its own thread, which comes after what was read (CoRW).
static void test_writes_come_after_earlier_reads(void **state)
{
    (void)state;
    const struct litmus_program program = {
        {read_then_write_one, write_two}, NULL, read_second_at_end};
    LITMUS_EXPECT(&program, "01", "02", "21");
}

static void write_one_then_read(void)
{
    store(&it.x, 1, RLX);
    it.r[0] = load(&it.x, RLX);
}

// A read sees its own thread's write or a newer one (CoWR).
static void test_reads_come_after_earlier_writes(void **state)
{
    (void)state;
    const struct litmus_program program = {{write_one_then_read, write_two}, NULL, NULL};
    LITMUS_EXPECT(&program, "1", "2");
}

static void write_before_threads(void)
{
    store(&it.x, 3, RLX);
    store(&it.x, 4, RLX);
}

// A thread knows what its starter did.
static void test_threads_know_what_came_before_them(void **state)
{
    (void)state;
    const struct litmus_program program = {{read_at_end}, write_before_threads, NULL};
    LITMUS_EXPECT(&program, "4");
}

static void write_many(void)
{
    for (uint32_t i = 1; i <= 9; i++) {
        store(&it.x, i, RLX);
    }
}

// History is bounded, but it is history: a late reader may miss the last few stores.
static void test_older_values_are_reached(void **state)
{
    (void)state;
    const struct litmus_program program = {{write_many, read_at_end}, NULL, NULL};
    LITMUS_EXPECT(&program, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
}

static void poll_quietly(void)
{
    while (load(&it.x, RLX) == 0) {
        it.r[0] = 0;
    }
    it.r[0] = 1;
}

// A store is seen in the end even by a loop that does nothing but look, in every schedule.
static void test_polling_ends(void **state)
{
    (void)state;
    const struct litmus_program program = {{poll_quietly, write_one_two}, NULL, NULL};
    LITMUS_EXPECT(&program, "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_do_not_go_back),
        cmocka_unit_test(test_writes_stay_in_order),
        cmocka_unit_test(test_writes_come_after_earlier_reads),
        cmocka_unit_test(test_reads_come_after_earlier_writes),
        cmocka_unit_test(test_threads_know_what_came_before_them),
        cmocka_unit_test(test_older_values_are_reached),
        cmocka_unit_test(test_polling_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
