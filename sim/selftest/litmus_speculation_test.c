// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Reads that may race and are checked afterwards: a copy that somebody was overwriting is a race
 * when it is believed, whatever its bytes, and none when it is thrown away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "litmus.h"

enum { SEEDS = 600, PAYLOAD_BYTES = 40 };

static unsigned char payload[64] __attribute__((aligned(64)));

static unsigned count_races(const struct litmus_program *program)
{
    unsigned races = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct myc_sim_result *result = litmus_run(program, seed);
        if (result->is_failed) {
            assert_non_null(strstr(result->report, "data race: process/thread-"));
            races++;
        }
        drop_result(result);
    }
    return races;
}

// ---- Copies: x announces the next write ----

static void overwrite(void)
{
    myc_shared_announce();
    store(&it.x, 1, RLX);
    myc_fence_release();
    myc_shared_write(payload, PAYLOAD_BYTES);
}

static void overwrite_unfenced(void)
{
    myc_shared_announce();
    store(&it.x, 1, RLX);
    myc_shared_write(payload, PAYLOAD_BYTES);
}

static void overwrite_unannounced(void)
{
    myc_shared_write(payload, PAYLOAD_BYTES);
    store(&it.x, 1, RLX);
}

static void end_copy(bool is_believed)
{
    if (is_believed) {
        myc_shared_accept(payload);
    } else {
        myc_shared_distrust(payload);
    }
}

static void copy(void)
{
    myc_shared_speculate(payload, true);
    myc_shared_copy(payload, PAYLOAD_BYTES);
    myc_fence_acquire();
    end_copy(load(&it.x, RLX) == 0);
}

static void copy_unfenced(void)
{
    myc_shared_speculate(payload, true);
    myc_shared_copy(payload, PAYLOAD_BYTES);
    end_copy(load(&it.x, RLX) == 0);
}

static void copy_after_the_check(void)
{
    myc_shared_speculate(payload, true);
    bool is_believed = load(&it.x, RLX) == 0;
    myc_fence_acquire();
    myc_shared_copy(payload, PAYLOAD_BYTES);
    end_copy(is_believed);
}

static void copy_and_forget(void)
{
    myc_shared_speculate(payload, true);
    myc_shared_copy(payload, PAYLOAD_BYTES);
    myc_shared_distrust(payload);
}

// Announcing before the write and checking after the copy is enough; each part is needed.
static void test_a_checked_copy_is_no_race(void **state)
{
    (void)state;
    const struct litmus_program good = {{overwrite, copy}, NULL, NULL};
    const struct litmus_program forgotten = {{overwrite, copy_and_forget}, NULL, NULL};
    const struct litmus_program bad[] = {
        {{overwrite, copy_unfenced}, NULL, NULL},
        {{overwrite, copy_after_the_check}, NULL, NULL},
        {{overwrite_unfenced, copy}, NULL, NULL},
        {{overwrite_unannounced, copy}, NULL, NULL},
    };
    assert_int_equal(count_races(&good), 0);
    assert_int_equal(count_races(&forgotten), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_in_range(count_races(&bad[i]), SEEDS / 100, SEEDS);
    }
}

// ---- In place ----

static void read_in_place(bool is_copy)
{
    myc_shared_speculate(payload, is_copy);
    myc_shared_read(payload, PAYLOAD_BYTES);
    (void)load(&it.z, RLX); // A point, at which the other may write.
    myc_shared_read(payload, PAYLOAD_BYTES);
    myc_fence_acquire();
    end_copy(load(&it.x, RLX) == 0);
}

static void read_batch(void)
{
    read_in_place(false);
}

// What is read in place may be overwritten by who announces it, and by nobody else.
static void test_reads_in_place_race_only_unannounced(void **state)
{
    (void)state;
    const struct litmus_program good = {{overwrite, read_batch}, NULL, NULL};
    const struct litmus_program bad = {{overwrite_unannounced, read_batch}, NULL, NULL};
    assert_int_equal(count_races(&good), 0);
    assert_int_equal(count_races(&bad), SEEDS);
}

static void nested(void)
{
    myc_shared_speculate(&it, false);
    copy_and_forget();
    myc_shared_accept(&it);
}

// What a handler reads and throws away does not spoil what its caller reads.
static void test_speculations_nest(void **state)
{
    (void)state;
    const struct litmus_program program = {{overwrite, nested}, NULL, NULL};
    assert_int_equal(count_races(&program), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_checked_copy_is_no_race),
        cmocka_unit_test(test_reads_in_place_race_only_unannounced),
        cmocka_unit_test(test_speculations_nest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
