// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The trading example as a program: one node of a topology.
 *
 * Everything a user can get wrong is checked before anything is started, and is answered with one
 * line and exit status 2. Exit status 1: something was lost or failed while running.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/memory.h>
#include <mycelium/posix.h>
#include <mycelium/toml.h>

#include "csv.h"
#include "options.h"
#include "report.h"
#include "services.h"

enum { EXIT_GOOD = 0, EXIT_RUN_FAILED = 1, EXIT_BAD_INPUT = 2, ROWS_DEFAULT = 20000 };

struct program {
    struct trading_options options;
    struct myc_platform *platform;
    struct myc_topology topology;
    struct trading_recording recording;
    struct trading_setup *setup;
    const char *node_name;
    struct myc_diagnostic diagnostic;
};

// ---- Being asked to stop ----

struct stopper {
    struct myc_node *node;
    pthread_t thread;
    sigset_t signals;
};

// Signals are waited for on a thread of their own, where anything may be called. SIGUSR1 ends it.
static void *wait_for_signals(void *opaque)
{
    const struct stopper *stopper = opaque;
    for (;;) {
        int number = 0;
        if (sigwait(&stopper->signals, &number) == 0 && number == SIGUSR1) {
            return NULL;
        }
        myc_node_request_stop(stopper->node);
    }
}

// Before any thread is started: all of them leave these signals to the one that waits for them.
static void hold_signals(sigset_t *signals)
{
    (void)sigemptyset(signals);
    (void)sigaddset(signals, SIGINT);
    (void)sigaddset(signals, SIGTERM);
    (void)sigaddset(signals, SIGUSR1);
    (void)pthread_sigmask(SIG_BLOCK, signals, NULL);
}

static bool start_stopper(struct stopper *stopper, struct myc_node *node)
{
    stopper->node = node;
    return pthread_create(&stopper->thread, NULL, wait_for_signals, stopper) == 0;
}

static void end_stopper(struct stopper *stopper)
{
    (void)pthread_kill(stopper->thread, SIGUSR1);
    (void)pthread_join(stopper->thread, NULL);
}

// ---- Checking the input ----

static enum myc_status fail_about_topology(
    struct program *program, enum myc_status status, const char *text, const char *name)
{
    (void)myc_diagnostic_set(&program->diagnostic, status, 0, program->options.topology);
    myc_diagnostic_append(&program->diagnostic, text);
    myc_diagnostic_append_quoted(&program->diagnostic, name, strlen(name));
    return status;
}

static enum myc_status choose_node(struct program *program)
{
    const struct myc_topology *topology = &program->topology;
    const char *name = program->options.node;
    if (name == NULL && topology->node_count == 1) {
        name = topology->nodes[0].name;
    }
    if (name != NULL && myc_topology_find_node(topology, name) >= 0) {
        program->node_name = name;
        return MYC_OK;
    }
    if (name == NULL) {
        (void)myc_diagnostic_set(
            &program->diagnostic, MYC_SYNTAX, 0, "'--node' is missing; the nodes of ");
        myc_diagnostic_append(&program->diagnostic, program->options.topology);
        myc_diagnostic_append(&program->diagnostic, " are");
    } else {
        (void)fail_about_topology(program, MYC_NOT_FOUND, ": there is no node ", name);
        myc_diagnostic_append(&program->diagnostic, "; '--node' can be");
    }
    for (uint32_t i = 0; i < topology->node_count; i++) {
        const char *known = topology->nodes[i].name;
        myc_diagnostic_append(&program->diagnostic, " ");
        myc_diagnostic_append_quoted(&program->diagnostic, known, strlen(known));
    }
    return MYC_SYNTAX;
}

// Every node's services are checked, not only ours: a typing error shows at once on all nodes.
static enum myc_status
check_services(struct program *program, const struct myc_service_entry *entries, size_t count)
{
    for (uint32_t n = 0; n < program->topology.node_count; n++) {
        const struct myc_topology_node *node = &program->topology.nodes[n];
        for (uint32_t s = 0; s < node->service_count; s++) {
            size_t i = 0;
            while (i < count && strcmp(entries[i].service->name, node->services[s]) != 0) {
                i++;
            }
            if (i == count) {
                (void)fail_about_topology(program, MYC_NOT_FOUND, ": node ", node->name);
                myc_diagnostic_append(&program->diagnostic, ": there is no service ");
                myc_diagnostic_append_quoted(
                    &program->diagnostic, node->services[s], strlen(node->services[s]));
                myc_diagnostic_append(
                    &program->diagnostic,
                    "; this program has 'adapter', 'arbitrage', 'risk' and 'execution'");
                return MYC_NOT_FOUND;
            }
        }
    }
    return MYC_OK;
}

// Sizes of the run, once the recording is known.
static enum myc_status fill_setup(struct program *program)
{
    const struct trading_options *options = &program->options;
    struct trading_setup *setup = program->setup;
    setup->input.rows = program->recording.rows;
    setup->input.row_count = program->recording.row_count;
    setup->input.seed = options->seed;
    setup->row_count = options->messages;
    if (setup->row_count == 0) {
        setup->row_count = setup->input.rows != NULL ? setup->input.row_count : ROWS_DEFAULT;
    }
    setup->period_ns = UINT64_C(1000000000) / options->rate;
    setup->startup_timeout_ns = options->startup_seconds * UINT64_C(1000000000);
    setup->paced_count = options->paced;
    if (options->paced == TRADING_PACED_DEFAULT) {
        uint64_t quarter = setup->row_count / 4;
        setup->paced_count = 2 * options->rate < quarter ? 2 * options->rate : quarter;
    }
    if (setup->paced_count > setup->row_count) {
        return myc_diagnostic_set(
            &program->diagnostic, MYC_SYNTAX, 0, "'--paced' must not be above the rows to play");
    }
    return MYC_OK;
}

static enum myc_status prepare(struct program *program)
{
    enum myc_status status = MYC_OK;
    if (program->options.input != NULL) {
        status = trading_csv_load(
            program->platform, program->options.input, &program->recording, &program->diagnostic);
    }
    if (status == MYC_OK) {
        status = fill_setup(program);
    }
    if (status == MYC_OK && !program->options.is_expected_only) {
        status = myc_toml_load_topology(
            program->platform,
            program->options.topology,
            program->options.run_dir,
            &program->topology,
            &program->diagnostic);
        if (status == MYC_OK) {
            status = choose_node(program);
        }
    }
    return status;
}

// ---- Running ----

static int answer(const struct program *program, int code)
{
    (void)fprintf(stderr, "trading: %s\n", program->diagnostic.text);
    return code;
}

static int run_node(struct program *program)
{
    const struct myc_service_entry entries[] = {
        {&trading_adapter, program->setup},
        {&trading_arbitrage, program->setup},
        {&trading_risk, program->setup},
        {&trading_execution, program->setup}};
    const size_t entry_count = sizeof(entries) / sizeof(entries[0]);
    if (check_services(program, entries, entry_count) != MYC_OK) {
        return answer(program, EXIT_BAD_INPUT);
    }
    const struct myc_node_options options = {
        .topology = &program->topology,
        .node = program->node_name,
        .contract = &trading_contract,
        .services = entries,
        .service_count = entry_count,
        .spin_ns = program->options.spin_us * 1000};
    struct myc_node *node = NULL;
    struct stopper stopper;
    hold_signals(&stopper.signals);
    if (myc_node_create(program->platform, &options, &node, &program->diagnostic) != MYC_OK) {
        return answer(program, EXIT_BAD_INPUT);
    }
    if (!start_stopper(&stopper, node)) {
        myc_node_destroy(node);
        (void)myc_diagnostic_set(&program->diagnostic, MYC_LIMIT, 0, "no thread for signals");
        return answer(program, EXIT_RUN_FAILED);
    }
    uint64_t start_ns = myc_clock_monotonic_ns(program->platform->clock);
    enum myc_status status = myc_node_run(node, &program->diagnostic);
    uint64_t end_ns = myc_clock_monotonic_ns(program->platform->clock);
    end_stopper(&stopper);
    int code = EXIT_GOOD;
    if (status == MYC_MISMATCH) {
        myc_diagnostic_append(&program->diagnostic, "; build both from one contract");
        code = answer(program, EXIT_BAD_INPUT);
    } else {
        trading_report_print(
            node,
            program->node_name,
            status,
            program->setup,
            start_ns,
            end_ns,
            program->options.is_json);
        // Asked to stop while it waited for others: an end like any other.
        if (status != MYC_OK && status != MYC_CANCELLED) {
            code = answer(program, EXIT_RUN_FAILED);
        } else if (!trading_report_is_good(node, program->setup)) {
            code = EXIT_RUN_FAILED;
        }
    }
    myc_node_destroy(node);
    return code;
}

static int run(struct program *program)
{
    const size_t setup_bytes = sizeof(struct trading_setup);
    program->setup = myc_memory_allocate(program->platform->memory, setup_bytes, 64);
    if (program->setup == NULL) {
        (void)myc_diagnostic_set(&program->diagnostic, MYC_NO_MEMORY, 0, "memory is exhausted");
        return answer(program, EXIT_RUN_FAILED);
    }
    int code = EXIT_GOOD;
    if (prepare(program) != MYC_OK) {
        code = answer(program, EXIT_BAD_INPUT);
    } else if (program->options.is_expected_only) {
        struct trading_expected expected;
        trading_expect(
            &program->setup->input,
            program->setup->row_count,
            program->setup->paced_count,
            &expected);
        trading_report_expected(&expected);
    } else {
        code = run_node(program);
    }
    trading_recording_deinit(program->platform, &program->recording);
    myc_memory_release(program->platform->memory, program->setup, setup_bytes);
    return code;
}

int main(int argc, char **argv)
{
    struct program program;
    memset(&program, 0, sizeof(program));
    if (trading_options_parse(argc, argv, &program.options, &program.diagnostic) != MYC_OK) {
        return answer(&program, EXIT_BAD_INPUT);
    }
    if (program.options.is_help) {
        (void)fputs(trading_options_help(), stdout);
        return EXIT_GOOD;
    }
    if (myc_posix_create(&program.platform, &program.diagnostic) != MYC_OK) {
        return answer(&program, EXIT_RUN_FAILED);
    }
    int code = run(&program);
    myc_posix_destroy(program.platform);
    return code;
}
