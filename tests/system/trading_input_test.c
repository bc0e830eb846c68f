// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Bad input to the trading example: one line that says where and what to do, exit status 2, and
 * nothing half done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system/trading.h"

enum { ARGUMENTS_MAX = 8, EXIT_BAD_INPUT = 2 };

static int set_up(void **state)
{
    return trading_set_up(state, TRADING_KIND);
}

// The program must end with status 2, say `says` on one line of standard error and nothing else.
static void check_refusal(const struct program *program, const char *says)
{
    if (program->exit_code != EXIT_BAD_INPUT || strstr(program->err.text, says) == NULL
        || program_line_count(program->err.text) != 1 || program->out.len != 0) {
        fail_msg(
            "expected status 2 and '%s', got status %d: %s%s",
            says,
            program->exit_code,
            program->err.text,
            program->out.text);
    }
}

static void
run_refused(struct trading_system *system, const char *const *arguments, const char *says)
{
    const char *argv[ARGUMENTS_MAX + 2] = {TRADING_PROGRAM};
    size_t count = 1;
    for (; *arguments != NULL; arguments++) {
        assert_true(count <= ARGUMENTS_MAX);
        argv[count++] = *arguments;
    }
    argv[count] = NULL;
    program_end(&system->helper);
    assert_true(program_start(&system->helper, argv));
    assert_true(program_await_end(&system->helper, program_deadline_ms(10000)));
    check_refusal(&system->helper, says);
}

struct flag_case {
    const char *arguments[ARGUMENTS_MAX];
    const char *says;
};

static const struct flag_case flag_cases[] = {
    {{NULL}, "'--topology' is missing"},
    {{"--nod", "x", NULL}, "'--nod' is not a flag; see --help"},
    {{"extra", NULL}, "'extra' is not a flag"},
    {{"--topology", NULL}, "'--topology' needs a value"},
    {{"--messages", "ten", NULL}, "'--messages' takes a number from 1 to 1000000000, not 'ten'"},
    {{"--messages", "-1", NULL}, "not '-1'"},
    {{"--messages", "", NULL}, "not ''"},
    {{"--rate", "0", NULL}, "'--rate' takes a number from 1"},
    {{"--seed", "18446744073709551616", NULL}, "'--seed' takes a number"},
    {{"--topology", "t", "--messages", "5", "--paced", "6", NULL}, "'--paced' must not be above"},
};

// Flags are checked first and named as they were written.
static void test_bad_flags_are_named(void **state)
{
    for (size_t i = 0; i < sizeof(flag_cases) / sizeof(flag_cases[0]); i++) {
        run_refused(*state, flag_cases[i].arguments, flag_cases[i].says);
    }
}

struct file_case {
    const char *text;
    const char *node;
    const char *says;
};

static const struct file_case topology_cases[] = {
    {"[nodes.a\n", "a", "bad.toml:1: not valid TOML"},
    {"[nodes.a]\nendpoint = 1\nservices = []\n", "a", "bad.toml:2: 'endpoint' must be a string"},
    {"[nodes.a]\nendpoint = \"tcp:127.0.0.1:99999\"\nservices = [\"risk\"]\n", "a", "bad.toml:2: "},
    {"[nodes.a]\nendpoint = \"local\"\nservices = [\"rsk\"]\n",
     "a",
     "bad.toml: node 'a': there is no service 'rsk'; this program has"},
    {"[nodes.a]\nendpoint = \"local\"\nservices = [\"risk\"]\n",
     "b",
     "bad.toml: there is no node 'b'; '--node' can be 'a'"},
};

// A broken topology is named with file and line, an unknown node or service by its name.
static void test_bad_topologies_are_named(void **state)
{
    struct trading_system *system = *state;
    for (size_t i = 0; i < sizeof(topology_cases) / sizeof(topology_cases[0]); i++) {
        char path[96];
        trading_write_file(system, "bad.toml", topology_cases[i].text, path);
        const char *const arguments[] = {
            "--topology", path, "--node", topology_cases[i].node, NULL};
        run_refused(system, arguments, topology_cases[i].says);
    }
    const char *const missing[] = {"--topology", "no/such.toml", NULL};
    run_refused(system, missing, "no/such.toml: there is no such file");
    const char *const unnamed[] = {"--topology", system->topology, NULL};
    run_refused(system, unnamed, "'--node' is missing; the nodes of ");
}

// The topologies that come with the example are good: only the node's name is refused.
static void test_shipped_topologies_are_good(void **state)
{
    static const char *const files[] = {"local", "shm", "unix", "tcp"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s.toml", TRADING_FOLDER, files[i]);
        const char *const arguments[] = {"--topology", path, "--node", "nobody", NULL};
        run_refused(*state, arguments, ".toml: there is no node 'nobody'");
    }
}

static const struct file_case recording_cases[] = {
    {"", "", "bad.csv:1: the file is empty"},
    {"timestamp,closeTick\n", "", "bad.csv:1: the header lacks column 'netAmount0'"},
    {"timestamp,netAmount0,netAmount1,closeTick,inAmount0,inAmount1,currentLiquidity\n"
     "2025-07-01 00:00:00,0,0,5,0,0,9\n2025-07-01 00:01:00,0,0,6,0,0,9",
     "",
     "bad.csv:3: the file ends inside this line"},
    {"timestamp,netAmount0,netAmount1,closeTick,inAmount0,inAmount1,currentLiquidity\n"
     "2025-07-01 00:00:00,0,0,5x,0,0,9\n",
     "",
     "bad.csv:2: column 'closeTick': '5x' is not an integer"},
};

// A recording is read to its end before anything starts: no socket is there after a refusal.
static void test_bad_recordings_are_named(void **state)
{
    struct trading_system *system = *state;
    for (size_t i = 0; i < sizeof(recording_cases) / sizeof(recording_cases[0]); i++) {
        char path[96];
        trading_write_file(system, "bad.csv", recording_cases[i].text, path);
        const char *const arguments[] = {
            "--topology", system->topology, "--node", "market", "--input", path, NULL};
        run_refused(system, arguments, recording_cases[i].says);
    }
    const char *const missing[] = {
        "--topology", system->topology, "--node", "market", "--input", "no.csv", NULL};
    run_refused(system, missing, "no.csv: there is no such file");
    assert_int_not_equal(access("market.sock", F_OK), 0);
}

// A port that somebody else listens at is named, and the program does not wait for it.
static void test_port_in_use_is_named(void **state)
{
    struct trading_system *system = *state;
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int holder = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(holder >= 0);
    assert_int_equal(bind(holder, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(holder, 1), 0);
    assert_int_equal(getsockname(holder, (struct sockaddr *)&address, &size), 0);
    char text[256];
    char port[16];
    char path[96];
    (void)snprintf(port, sizeof(port), "%u", (unsigned)ntohs(address.sin_port));
    (void)snprintf(
        text,
        sizeof(text),
        "[nodes.a]\nendpoint = \"tcp:127.0.0.1:%s\"\nservices = [\"risk\"]\n"
        "[nodes.b]\nendpoint = \"tcp:127.0.0.2:%s\"\nservices = [\"execution\"]\n",
        port,
        port);
    trading_write_file(system, "port.toml", text, path);
    const char *const arguments[] = {"--topology", path, "--node", "a", NULL};
    run_refused(system, arguments, port);
    (void)close(holder);
}

// A second process for the same node is refused while the first lives, and harms it not.
static void test_second_process_of_a_node_is_refused(void **state)
{
    static const char *const flow[] = {
        "--messages", "3000", "--paced", "2000", "--rate", "1000", NULL};
    struct trading_system *system = *state;
    for (size_t i = 0; i < NODE_COUNT; i++) {
        trading_start_node(system, i, flow);
    }
    assert_true(program_await_error_text(
        &system->nodes[EXECUTION], "orders are coming", 0, program_deadline_ms(20000)));
    const char *const arguments[] = {
        "--topology", system->topology, "--node", "risk", "--run-dir", system->directory, NULL};
    run_refused(system, arguments, "risk.sock");
    uint64_t deadline_ns = program_deadline_ms(30000);
    for (size_t i = 0; i < NODE_COUNT; i++) {
        assert_true(program_await_end(&system->nodes[i], deadline_ns));
        assert_int_equal(system->nodes[i].exit_code, 0);
    }
}

// Two programs of different contracts refuse each other; the line names the field.
static void test_contract_that_is_too_old_is_named(void **state)
{
    struct trading_system *system = *state;
    static const char *const patient[] = {"--startup-seconds", "30", NULL};
    trading_start_node(system, EXECUTION, patient);
    const char *argv[] = {
        TRADING_V2_PROGRAM,
        "--topology",
        system->topology,
        "--run-dir",
        system->directory,
        "--node",
        "risk",
        NULL};
    assert_true(program_start(&system->helper, argv));
    assert_true(program_await_end(&system->helper, program_deadline_ms(20000)));
    check_refusal(&system->helper, "min_compatible");
    assert_non_null(strstr(system->helper.err.text, "execution"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bad_flags_are_named, set_up, trading_tear_down),
        cmocka_unit_test_setup_teardown(test_bad_topologies_are_named, set_up, trading_tear_down),
        cmocka_unit_test_setup_teardown(
            test_shipped_topologies_are_good, set_up, trading_tear_down),
        cmocka_unit_test_setup_teardown(test_bad_recordings_are_named, set_up, trading_tear_down),
        cmocka_unit_test_setup_teardown(test_port_in_use_is_named, set_up, trading_tear_down),
        cmocka_unit_test_setup_teardown(
            test_second_process_of_a_node_is_refused, set_up, trading_tear_down),
        cmocka_unit_test_setup_teardown(
            test_contract_that_is_too_old_is_named, set_up, trading_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
