// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Death in the pipeline: any process is killed while messages flow. Its neighbours say so within a
 * second, it joins again when it is started again, and the stream comes to its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/trading.h"

// Two seconds and a half of flow: the victim is back long before the end.
static const char *const arguments[] = {
    "--messages", "2600", "--paced", "2500", "--rate", "1000", NULL};

static const char *const topics[NODE_COUNT] = {
    "market-data", "arbitrage-signals", "orders", "fills"};

static int set_up(void **state)
{
    return trading_set_up(state, TRADING_KIND);
}

static void await_text(
    struct trading_system *system, size_t node, const char *text, size_t from, uint64_t deadline_ns)
{
    if (!program_await_error_text(&system->nodes[node], text, from, deadline_ns)) {
        fail_msg(
            "node %s did not say '%s' in time: %s%s",
            trading_node_name(system, node),
            text,
            system->nodes[node].err.text,
            system->nodes[node].out.text);
    }
}

static void start_flow(struct trading_system *system)
{
    for (size_t i = 0; i < NODE_COUNT; i++) {
        trading_start_node(system, i, arguments);
    }
    await_text(system, EXECUTION, "orders are coming", 0, program_deadline_ms(20000));
}

// The part of a node's log that begins with a notice about the victim.
static const char *find_notice(
    struct trading_system *system, size_t node, const char *kind, size_t victim, const char *topic)
{
    static char wanted[128];
    (void)snprintf(
        wanted, sizeof(wanted), "%s %s of %s", kind, trading_node_name(system, victim), topic);
    return strstr(system->nodes[node].err.text, wanted);
}

static void
await_death_notice(struct trading_system *system, size_t node, size_t victim, uint64_t deadline_ns)
{
    bool is_upstream = node + 1 == victim;
    char wanted[128];
    (void)snprintf(
        wanted,
        sizeof(wanted),
        "PEER_DIED %s %s of %s",
        is_upstream ? "subscriber" : "publisher",
        trading_node_name(system, victim),
        topics[is_upstream ? node : victim]);
    await_text(system, node, wanted, 0, deadline_ns);
    const char *notice = strstr(system->nodes[node].err.text, wanted);
    assert_non_null(notice);
    // The rest of the line may still be on its way through the pipe.
    await_text(system, node, "\n", (size_t)(notice - system->nodes[node].err.text), deadline_ns);
}

// Nobody but the neighbours shares a topic with the victim: they must know within a second.
static void await_death_notices(struct trading_system *system, size_t victim)
{
    uint64_t deadline_ns = program_deadline_ms(1000);
    if (victim > MARKET) {
        await_death_notice(system, victim - 1, victim, deadline_ns);
    }
    if (victim < EXECUTION) {
        await_death_notice(system, victim + 1, victim, deadline_ns);
    }
}

static void kill_node(struct trading_system *system, size_t victim)
{
    program_signal(&system->nodes[victim], SIGKILL);
    await_death_notices(system, victim);
    assert_true(program_await_end(&system->nodes[victim], program_deadline_ms(5000)));
    assert_int_equal(system->nodes[victim].exit_signal, SIGKILL);
}

static void kill_and_restart(struct trading_system *system, size_t victim)
{
    start_flow(system);
    kill_node(system, victim);
    trading_start_node(system, victim, arguments);
    uint64_t deadline_ns = program_deadline_ms(30000);
    for (size_t i = 0; i < NODE_COUNT; i++) {
        struct program *node = &system->nodes[i];
        // Deaths are failures: every neighbour ends with status 1, with its report, none by a
        // signal.
        if (!program_await_end(node, deadline_ns) || node->exit_signal != 0 || node->exit_code < 0
            || node->exit_code > 1) {
            fail_msg(
                "node %s: exit %d, signal %d: %s%s",
                trading_node_name(system, i),
                node->exit_code,
                node->exit_signal,
                node->out.text,
                node->err.text);
        }
        bool is_neighbour = i + 1 == victim || i == victim + 1;
        if (is_neighbour) {
            assert_int_equal(node->exit_code, 1);
        }
    }
    // The stream went on after the restart, up to its last message.
    assert_int_equal(trading_report_number(&system->nodes[EXECUTION], "orders_out_of_order"), 0);
    assert_true(trading_report_number(&system->nodes[EXECUTION], "orders_received") > 0);
    assert_true(trading_report_number(&system->nodes[EXECUTION], "end_ns") > 0);
    trading_check_leftovers(system);
}

// The source of everything dies.
static void test_market_is_killed_and_comes_back(void **state)
{
    kill_and_restart(*state, MARKET);
}

// The first one that is subscriber and publisher dies.
static void test_strategy_is_killed_and_comes_back(void **state)
{
    kill_and_restart(*state, STRATEGY);
}

// The one in the middle of orders dies.
static void test_risk_is_killed_and_comes_back(void **state)
{
    kill_and_restart(*state, RISK);
}

// The last one dies.
static void test_execution_is_killed_and_comes_back(void **state)
{
    kill_and_restart(*state, EXECUTION);
}

static uint64_t number_after(const char *text, const char *words)
{
    const char *found = strstr(text, words);
    assert_non_null(found);
    return strtoull(found + strlen(words), NULL, 10);
}

// The number in the notice is exact: what the survivor handled of the dead publisher, no more, no
// less.
static void test_death_notice_names_the_last_message_exactly(void **state)
{
    struct trading_system *system = *state;
    start_flow(system);
    kill_node(system, RISK);
    struct program *execution = &system->nodes[EXECUTION];
    program_signal(execution, SIGTERM);
    assert_true(program_await_end(execution, program_deadline_ms(15000)));
    const char *notice = find_notice(system, EXECUTION, "PEER_DIED publisher", RISK, "orders");
    assert_non_null(notice);
    uint64_t last = number_after(notice, "last received ");
    assert_true(last > 0);
    assert_int_equal(trading_report_number(execution, "orders_received"), last);
    bool is_over_shm = strcmp(TRADING_KIND, "shm") == 0;
    size_t line_len = strcspn(notice, "\n");
    const char *unknown = strstr(notice, "tail unknown");
    bool says_unknown = unknown != NULL && (size_t)(unknown - notice) < line_len;
    assert_true(says_unknown != is_over_shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_market_is_killed_and_comes_back, set_up, trading_tear_down),
        cmocka_unit_test_setup_teardown(
            test_strategy_is_killed_and_comes_back, set_up, trading_tear_down),
        cmocka_unit_test_setup_teardown(
            test_risk_is_killed_and_comes_back, set_up, trading_tear_down),
        cmocka_unit_test_setup_teardown(
            test_execution_is_killed_and_comes_back, set_up, trading_tear_down),
        cmocka_unit_test_setup_teardown(
            test_death_notice_names_the_last_message_exactly, set_up, trading_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
