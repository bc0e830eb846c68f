// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Death in the pipeline: any process is killed while messages flow. Its neighbours say so within a
 * second, it joins again when it is started again, and the stream comes to its end.
 *
 * A machine may stop for longer than that, so one attempt of three has to be in time: what is told
 * by a timeout of two seconds only, as a host that vanishes is, is late in all of them.
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

enum { ATTEMPTS = 3, TOLD_MS = 1000, PATIENCE_MS = 60000 };

// For so many milliseconds messages flow: the victim has to be back before the last one.
struct flow {
    const char *messages;
    const char *paced;
};

static const struct flow flows[ATTEMPTS] = {{"1300", "1200"}, {"5100", "5000"}, {"20100", "20000"}};

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

static void start_node(struct trading_system *system, size_t node, const struct flow *flow)
{
    const char *const arguments[] = {
        "--messages", flow->messages, "--paced", flow->paced, "--rate", "1000", NULL};
    trading_start_node(system, node, arguments);
}

static void start_flow(struct trading_system *system, const struct flow *flow)
{
    for (size_t i = 0; i < NODE_COUNT; i++) {
        start_node(system, i, flow);
    }
    await_text(system, EXECUTION, "orders are coming", 0, program_deadline_ms(PATIENCE_MS));
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

static void await_death_notice(struct trading_system *system, size_t node, size_t victim)
{
    uint64_t deadline_ns = program_deadline_ms(PATIENCE_MS);
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

// Nobody but the neighbours shares a topic with the victim. Returns: whether they knew in time.
static bool kill_node(struct trading_system *system, size_t victim)
{
    uint64_t promised_ns = program_deadline_ms(TOLD_MS);
    program_signal(&system->nodes[victim], SIGKILL);
    if (victim > MARKET) {
        await_death_notice(system, victim - 1, victim);
    }
    if (victim < EXECUTION) {
        await_death_notice(system, victim + 1, victim);
    }
    bool is_in_time = program_now_ns() <= promised_ns;
    assert_true(program_await_end(&system->nodes[victim], program_deadline_ms(PATIENCE_MS)));
    assert_int_equal(system->nodes[victim].exit_signal, SIGKILL);
    return is_in_time;
}

// Whether the node before the victim found it again, and did not come to the end before.
static bool is_back(struct trading_system *system, size_t victim)
{
    if (victim == MARKET) {
        return true; // Its stream begins again.
    }
    struct program *before = &system->nodes[victim - 1];
    char wanted[64];
    const char *death = strstr(before->err.text, "PEER_DIED");
    assert_non_null(death);
    (void)snprintf(
        wanted, sizeof(wanted), " MATCHED subscriber %s", trading_node_name(system, victim));
    size_t from = (size_t)(death - before->err.text);
    if (program_await_error_text(before, wanted, from, program_deadline_ms(PATIENCE_MS))) {
        return true;
    }
    if (before->err.descriptor >= 0) {
        fail_msg("%s is not found again: %s", trading_node_name(system, victim), before->err.text);
    }
    return false;
}

static void await_ends(struct trading_system *system, size_t victim)
{
    uint64_t deadline_ns = program_deadline_ms(PATIENCE_MS);
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
}

// An attempt after the first finds a system that nothing has happened to.
static const struct flow *begin_attempt(struct trading_system *system, int attempt)
{
    if (attempt == ATTEMPTS) {
        fail_msg("neighbours were told late, or the victim was back late, %d times", ATTEMPTS);
    }
    if (attempt > 0) {
        trading_teardown_system(system);
        trading_setup_system(system, TRADING_KIND);
    }
    start_flow(system, &flows[attempt]);
    return &flows[attempt];
}

static void kill_and_restart(struct trading_system *system, size_t victim)
{
    bool is_in_time = false;
    for (int attempt = 0; !is_in_time; attempt++) {
        const struct flow *flow = begin_attempt(system, attempt);
        is_in_time = kill_node(system, victim);
        if (is_in_time) {
            start_node(system, victim, flow);
            is_in_time = is_back(system, victim);
        }
    }
    await_ends(system, victim);
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
    bool is_in_time = false;
    for (int attempt = 0; !is_in_time; attempt++) {
        (void)begin_attempt(system, attempt);
        is_in_time = kill_node(system, RISK);
    }
    struct program *execution = &system->nodes[EXECUTION];
    program_signal(execution, SIGTERM);
    assert_true(program_await_end(execution, program_deadline_ms(PATIENCE_MS)));
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
