// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The trading pipeline as real processes: what arrives is what a run without messages says is owed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "system/trading.h"

static const char *const arguments[] = {
    "--messages", "4000", "--paced", "400", "--rate", "4000", "--seed", "3", NULL};

static int set_up(void **state)
{
    return trading_set_up(state, TRADING_KIND);
}

static void await_good_ends(struct trading_system *system)
{
    uint64_t deadline_ns = program_deadline_ms(60000);
    for (size_t i = 0; i < system->node_count; i++) {
        struct program *node = &system->nodes[i];
        if (!program_await_end(node, deadline_ns) || node->exit_code != 0) {
            fail_msg(
                "node %s: exit %d, signal %d: %s%s",
                trading_node_name(system, i),
                node->exit_code,
                node->exit_signal,
                node->out.text,
                node->err.text);
        }
    }
}

// The reports of all nodes against the count of a run that sent nothing.
static void compare_with_expected(struct trading_system *system)
{
    trading_expect_for(system, arguments);
    const struct program *expected = &system->helper;
    const struct program *first = &system->nodes[0];
    const struct program *last = &system->nodes[system->node_count - 1];
    uint64_t orders = trading_report_number(expected, "orders");
    assert_true(orders > 100);
    assert_int_equal(
        trading_report_number(first, "messages_in"),
        trading_report_number(expected, "messages_in"));
    assert_int_equal(trading_report_number(last, "orders_received"), orders);
    assert_int_equal(trading_report_number(last, "orders_owed"), orders);
    assert_int_equal(trading_report_number(last, "orders_out_of_order"), 0);
    assert_int_equal(
        trading_report_number(last, "latency_count"),
        trading_report_number(expected, "paced_orders"));
    assert_true(trading_report_number(last, "p50_ns") <= trading_report_number(last, "p99_ns"));

    static const char key[] = "\"order_digest\":\"";
    const char *wanted = strstr(expected->out.text, key);
    const char *found = strstr(last->out.text, key);
    assert_non_null(wanted);
    assert_non_null(found);
    assert_memory_equal(found, wanted, sizeof(key) - 1 + 16);
}

// Started in the order of the pipeline: each node waits for the next one to come up.
static void test_pipeline_delivers_everything_once_in_order(void **state)
{
    struct trading_system *system = *state;
    for (size_t i = 0; i < system->node_count; i++) {
        trading_start_node(system, i, arguments);
    }
    await_good_ends(system);
    compare_with_expected(system);
    trading_check_leftovers(system);
}

// Started from the far end, twice in the same directory: the second run finds no obstacle.
static void test_pipeline_runs_again_in_the_same_directory(void **state)
{
    struct trading_system *system = *state;
    for (int round = 0; round < 2; round++) {
        for (size_t i = system->node_count; i > 0; i--) {
            trading_start_node(system, i - 1, arguments);
        }
        await_good_ends(system);
        compare_with_expected(system);
    }
    trading_check_leftovers(system);
}

// Asked to stop, a node that waits for the next one ends at once, and so does one that publishes.
static void test_termination_ends_every_node(void **state)
{
    static const char *const long_stream[] = {
        "--messages",
        "1000000",
        "--paced",
        "1000000",
        "--rate",
        "1000",
        "--startup-seconds",
        "60",
        NULL};
    struct trading_system *system = *state;
    bool is_local = system->node_count == 1;
    size_t started = is_local ? 1 : 2;
    // Without the risk node the strategy waits for it, and the market fills the ring between.
    for (size_t i = 0; i < started; i++) {
        trading_start_node(system, i, long_stream);
    }
    const char *sign = is_local ? "orders are coming" : "MATCHED subscriber strategy";
    struct program *market = &system->nodes[MARKET];
    if (!program_await_error_text(market, sign, 0, program_deadline_ms(20000))) {
        fail_msg("no '%s' in: %s", sign, market->err.text);
    }
    for (size_t i = 0; i < started; i++) {
        program_signal(&system->nodes[i], SIGTERM);
    }
    uint64_t deadline_ns = program_deadline_ms(15000);
    for (size_t i = 0; i < started; i++) {
        assert_true(program_await_end(&system->nodes[i], deadline_ns));
        assert_int_equal(system->nodes[i].exit_signal, 0);
        assert_in_range(system->nodes[i].exit_code, 0, 1);
        assert_non_null(strstr(system->nodes[i].out.text, "\"services\":["));
    }
    trading_check_leftovers(system);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_pipeline_delivers_everything_once_in_order, set_up, trading_tear_down),
        cmocka_unit_test_setup_teardown(
            test_pipeline_runs_again_in_the_same_directory, set_up, trading_tear_down),
        cmocka_unit_test_setup_teardown(
            test_termination_ends_every_node, set_up, trading_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
