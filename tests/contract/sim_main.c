// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Runs one contract suite, named by the first argument, inside the simulator: each case is a cmocka
// test that runs in one simulated process, once with every draw boring and once from each of a
// number of seeds.
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/poller.h>

#include <stdlib.h>
#include <string.h>

#include "contract/run.h"

enum { SEEDS = 50 };

static const char *const child_exit_argv[] = {"child-exit", NULL};
static const char *const child_wait_argv[] = {"child-wait", NULL};

/* One run of one case; the simulated process fills in how it went. */
struct tested {
    struct myc_sim *sim;
    const struct contract_case *tested;
    struct contract_env env;
    bool has_returned;
};

/* The director finds its case here: a scenario has no argument of its own. */
static struct tested now;

static int child_exit(struct myc_platform *platform, void *arg)
{
    (void)platform;
    (void)arg;
    return CONTRACT_CHILD_CODE;
}

static int child_wait(struct myc_platform *platform, void *arg)
{
    struct myc_handle poller = {0};
    struct myc_event event;
    size_t count = 0;
    (void)arg;
    if (myc_poller_open(platform->poller, &poller) == MYC_OK) {
        (void)myc_poller_wait(platform->poller, poller, &event, 1, MYC_NEVER, &count);
    }
    return 0;
}

static int run_case(struct myc_platform *platform, void *arg)
{
    struct tested *tested = arg;
    tested->env.platform = platform;
    tested->env.directory = "/tmp/contract";
    tested->env.child_exit_argv = child_exit_argv;
    tested->env.child_wait_argv = child_wait_argv;
    tested->tested->run(&tested->env);
    if (tested->env.failure_text != NULL) {
        myc_sim_fail(
            tested->sim,
            "%s:%u: check failed: %s",
            tested->env.failure_file,
            tested->env.failure_line,
            tested->env.failure_text);
    }
    tested->has_returned = true;
    return 0;
}

static bool has_returned(void *context)
{
    const struct tested *tested = context;
    return tested->has_returned;
}

static void direct(struct myc_sim *sim)
{
    myc_sim_register_program(sim, child_exit_argv[0], child_exit, NULL);
    myc_sim_register_program(sim, child_wait_argv[0], child_wait, NULL);
    myc_sim_put_directory(sim, "host", "/tmp/contract");
    // The cases expect that readiness is real: no report without cause, no AGAIN behind a report.
    myc_sim_allow(sim, MYC_SIM_FAULT_SPURIOUS_READY, false);
    myc_sim_allow(sim, MYC_SIM_FAULT_WOULD_BLOCK, false);
    now.sim = sim;
    struct myc_sim_process process = myc_sim_start(sim, "host", "case", run_case, &now);
    (void)myc_sim_run_until(sim, has_returned, &now, MYC_NEVER);
    myc_sim_run_for(sim, 1000000);
    myc_sim_check(sim, !myc_sim_is_running(sim, process), "the case's process ends");
}

static void run_once(const struct contract_case *tested, const struct myc_sim_options *options)
{
    const struct myc_sim_scenario scenario = {tested->name, "a contract case", direct};
    struct myc_sim_result *result = test_calloc(1, sizeof(*result));
    now = (struct tested){.tested = tested};
    assert_true(myc_sim_run(&scenario, options, result));
    bool is_failed = result->is_failed;
    if (is_failed) {
        print_error(
            "%s, seed %llu:\n%s",
            options->is_boring ? "boring" : "drawn",
            (unsigned long long)options->seed,
            result->report);
    }
    myc_sim_result_deinit(result);
    test_free(result);
    assert_false(is_failed);
}

static void run_seeds(void **state)
{
    const struct contract_case *tested = *state;
    struct myc_sim_stack_cache stacks = {0};
    struct myc_sim_options options = {.is_boring = true, .stack_cache = &stacks};
    run_once(tested, &options);
    options.is_boring = false;
    for (options.seed = 1; options.seed <= SEEDS; options.seed++) {
        run_once(tested, &options);
    }
    myc_sim_stack_cache_deinit(&stacks);
    contract_report(&now.env);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, run_seeds, NULL, NULL);
}
