// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Idle strategies on a platform whose time passes only in relaxes and sleeps.
 */
#include "unit/ring/script.h"

enum { US_NS = 1000, MS_NS = 1000000 };

static void start(struct script *script, struct myc_idle *idle, struct myc_idle_options options)
{
    script_init(script, NULL, NULL);
    assert_int_equal(myc_idle_init(idle, &script->platform, &options), MYC_OK);
    myc_idle_begin(idle);
}

// A kind that is none is refused. [IDLE-1]
static void test_idle_needs_a_kind(void **state)
{
    (void)state;
    struct script script;
    struct myc_idle idle;
    const struct myc_idle_options none = {(enum myc_idle_kind)5, 0, 0};
    script_init(&script, NULL, NULL);
    assert_int_equal(myc_idle_init(&idle, &script.platform, &none), MYC_INVALID);
}

// Each kind ends at the deadline, not before, and one of 0 is past. [IDLE-2]
static void test_idle_ends_at_the_deadline(void **state)
{
    (void)state;
    for (int kind = MYC_IDLE_BLOCK; kind <= MYC_IDLE_SLEEP; kind++) {
        struct script script;
        struct myc_idle idle;
        enum myc_idle_next next = MYC_IDLE_LOOK;
        start(&script, &idle, (struct myc_idle_options){(enum myc_idle_kind)kind, 0, 0});
        assert_int_equal(myc_idle_step(&idle, 0), MYC_IDLE_TIMEOUT);
        uint64_t deadline_ns = script.now_ns + 20 * US_NS;
        while (next == MYC_IDLE_LOOK) {
            next = myc_idle_step(&idle, deadline_ns);
        }
        assert_int_equal(next, MYC_IDLE_TIMEOUT);
        assert_true(script.now_ns >= deadline_ns && script.now_ns < deadline_ns + 10 * US_NS);
        assert_int_equal(script.sleeps != 0, kind == MYC_IDLE_SLEEP);
    }
}

// Blocking spins for 50 us, then parks, and goes on parking. A spin of 1 ns is none. [IDLE-2]
static void test_idle_block_parks(void **state)
{
    (void)state;
    struct script script;
    struct myc_idle idle;
    start(&script, &idle, (struct myc_idle_options){MYC_IDLE_BLOCK, 0, 0});
    uint64_t start_ns = script.now_ns;
    while (myc_idle_step(&idle, MYC_NEVER) == MYC_IDLE_LOOK) {
    }
    assert_true(script.now_ns - start_ns >= 50 * US_NS && script.now_ns - start_ns < 60 * US_NS);
    assert_int_equal(myc_idle_step(&idle, MYC_NEVER), MYC_IDLE_PARK);
    myc_idle_begin(&idle);
    assert_int_equal(myc_idle_step(&idle, MYC_NEVER), MYC_IDLE_LOOK);
    start(&script, &idle, (struct myc_idle_options){MYC_IDLE_BLOCK, 1, 0});
    assert_int_equal(myc_idle_step(&idle, MYC_NEVER), MYC_IDLE_PARK);
    assert_int_equal(script.relaxes, 0);
}

// Backing off doubles its sleeps up to the limit, and begins anew. [IDLE-2]
static void test_idle_backs_off(void **state)
{
    (void)state;
    struct script script;
    struct myc_idle idle;
    start(&script, &idle, (struct myc_idle_options){MYC_IDLE_BACK_OFF, 1, 5 * US_NS});
    static const uint64_t lengths[] = {1, 2, 4, 5, 5};
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            uint64_t before_ns = script.now_ns;
            assert_int_equal(myc_idle_step(&idle, MYC_NEVER), MYC_IDLE_LOOK);
            assert_int_equal(script.now_ns - before_ns, lengths[i] * US_NS);
        }
        myc_idle_begin(&idle);
    }
}

// Sleeping sleeps as long as it was told, but not beyond the deadline. [IDLE-2]
static void test_idle_sleeps(void **state)
{
    (void)state;
    struct script script;
    struct myc_idle idle;
    start(&script, &idle, (struct myc_idle_options){MYC_IDLE_SLEEP, 0, 0});
    uint64_t start_ns = script.now_ns;
    assert_int_equal(myc_idle_step(&idle, start_ns + MS_NS + US_NS), MYC_IDLE_LOOK);
    assert_int_equal(script.now_ns - start_ns, MS_NS);
    assert_int_equal(myc_idle_step(&idle, start_ns + MS_NS + US_NS), MYC_IDLE_LOOK);
    assert_int_equal(script.now_ns - start_ns, MS_NS + US_NS);
    assert_int_equal(script.relaxes, 0);
}

// Spinning never sleeps, however long.
static void test_idle_spins(void **state)
{
    (void)state;
    struct script script;
    struct myc_idle idle;
    for (int kind = MYC_IDLE_SPIN; kind <= MYC_IDLE_YIELD; kind++) {
        start(&script, &idle, (struct myc_idle_options){(enum myc_idle_kind)kind, 0, 0});
        for (int i = 0; i < 5000; i++) {
            assert_int_equal(myc_idle_step(&idle, MYC_NEVER), MYC_IDLE_LOOK);
        }
        assert_int_equal(script.sleeps, 0);
        assert_int_equal(script.relaxes, 5000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle_needs_a_kind),
        cmocka_unit_test(test_idle_ends_at_the_deadline),
        cmocka_unit_test(test_idle_block_parks),
        cmocka_unit_test(test_idle_backs_off),
        cmocka_unit_test(test_idle_sleeps),
        cmocka_unit_test(test_idle_spins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
