// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the pipeline decides, with markets small enough to judge by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "logic.h"

static struct trading_pool_state_update update_at(int32_t tick, uint64_t block_number)
{
    struct trading_pool_state_update update;
    trading_pool_state_update_init(&update);
    trading_pool_state_update_set_tick(&update, tick);
    update.block_number = block_number;
    update.origin_ns = 17;
    return update;
}

// A price that stands still is never a signal, nor is the first price.
static void test_quiet_market_makes_no_signal(void **state)
{
    (void)state;
    struct trading_market_view view = {0};
    struct trading_arbitrage_signal signal;
    for (uint64_t i = 0; i < 50; i++) {
        struct trading_pool_state_update update = update_at(200000, i);
        assert_false(trading_view_update(&view, &update, &signal));
    }
}

// A jump of ten ticks up is worth ten hundredths of a percent to a seller, one down to a buyer.
static void test_jump_makes_a_signal_against_it(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct trading_market_view view = {0};
        struct trading_arbitrage_signal signal;
        struct trading_pool_state_update first = update_at(-500, 1);
        struct trading_pool_state_update second = update_at(-500 + 10 * sign, 2);
        assert_false(trading_view_update(&view, &first, &signal));
        assert_true(trading_view_update(&view, &second, &signal));
        assert_int_equal(signal.signal_id, 1);
        assert_int_equal(signal.is_sell, sign > 0);
        assert_int_equal(signal.edge, 1000);
        assert_int_equal(signal.tick, -500 + 10 * sign);
        assert_int_equal(signal.block_number, 2);
        assert_int_equal(signal.origin_ns, 17);
        assert_int_equal(signal.size.limb[0], 1);
    }
}

// A state without a tick says nothing about the price.
static void test_update_without_tick_is_ignored(void **state)
{
    (void)state;
    struct trading_market_view view = {0};
    struct trading_arbitrage_signal signal;
    struct trading_pool_state_update update = update_at(200000, 1);
    assert_false(trading_view_update(&view, &update, &signal));
    trading_pool_state_update_clear_tick(&update);
    assert_false(trading_view_update(&view, &update, &signal));
}

// A trade of more than 64 bits counts as a large one, not as what its low bits say.
static void test_large_trade_sets_a_large_size(void **state)
{
    (void)state;
    struct trading_market_view view = {0};
    struct trading_v2_swap swap;
    trading_v2_swap_init(&swap);
    swap.amount1_out.limb[0] = 1;
    swap.amount1_out.limb[1] = 1;
    trading_view_swap(&view, &swap);
    assert_int_equal(view.trade_size, 4095);
}

static struct trading_arbitrage_signal
signal_of(uint64_t id, bool is_sell, int64_t edge, uint64_t size)
{
    struct trading_arbitrage_signal signal;
    trading_arbitrage_signal_init(&signal);
    signal.signal_id = id;
    signal.is_sell = is_sell;
    signal.edge = edge;
    signal.size = myc_u256_from_u64(size);
    return signal;
}

// Orders are capped, the position has a limit, and the other direction is open again at once.
static void test_book_keeps_its_limits(void **state)
{
    (void)state;
    struct trading_book book = {0};
    struct trading_order order;
    struct trading_arbitrage_signal buy = signal_of(1, false, 500, 100000);
    for (uint64_t i = 1; i <= 10; i++) {
        assert_true(trading_book_judge(&book, &buy, &order));
        assert_int_equal(order.order_id, i);
        assert_int_equal(order.quantity.limb[0], 400);
    }
    assert_false(trading_book_judge(&book, &buy, &order));
    assert_int_equal(book.rejected_count, 1);
    struct trading_arbitrage_signal sell = signal_of(2, true, 500, 7);
    assert_true(trading_book_judge(&book, &sell, &order));
    assert_int_equal(order.order_id, 11);
    assert_int_equal(order.signal_id, 2);
    assert_int_equal(order.quantity.limb[0], 7);
    assert_int_equal(book.position, 4000 - 7);
}

// An edge below the costs is rejected whatever the position is.
static void test_thin_edge_is_rejected(void **state)
{
    (void)state;
    struct trading_book book = {0};
    struct trading_order order;
    struct trading_arbitrage_signal signal = signal_of(1, true, 399, 1);
    assert_false(trading_book_judge(&book, &signal, &order));
    signal.edge = 400;
    assert_true(trading_book_judge(&book, &signal, &order));
}

// Equal inputs owe equal orders, another seed others; paced rows owe a part.
static void test_expectation_depends_on_the_input_only(void **state)
{
    (void)state;
    struct trading_input input = {NULL, 0, 5};
    struct trading_expected first;
    struct trading_expected second;
    struct trading_expected other;
    trading_expect(&input, 3000, 500, &first);
    trading_expect(&input, 3000, 500, &second);
    input.seed = 6;
    trading_expect(&input, 3000, 500, &other);
    assert_memory_equal(&first, &second, sizeof(first));
    assert_true(first.order_digest != other.order_digest);
    assert_int_equal(first.signals, first.orders + first.rejected);
    assert_true(first.paced_orders > 0 && first.paced_orders < first.orders);
    assert_true(first.orders > 300 && first.rejected > 100);
    assert_true(first.market_messages > 4500 && first.market_messages < 6000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiet_market_makes_no_signal),
        cmocka_unit_test(test_jump_makes_a_signal_against_it),
        cmocka_unit_test(test_update_without_tick_is_ignored),
        cmocka_unit_test(test_large_trade_sets_a_large_size),
        cmocka_unit_test(test_book_keeps_its_limits),
        cmocka_unit_test(test_thin_edge_is_rejected),
        cmocka_unit_test(test_expectation_depends_on_the_input_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
