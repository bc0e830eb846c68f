// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The exhaustive campaign: all runs of a scenario, as far as it is bounded. Part of the
 * implementation unit.
 */
#ifndef MYC_SIM_RUNNER_EXPLORE_H
#define MYC_SIM_RUNNER_EXPLORE_H

#include <mycelium/sim/runner_state.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void sim__explore_print(
    const struct sim__runner *runner, const struct myc_sim_enumerator_state *state, bool is_failed)
{
    bool is_complete = !is_failed && !state->has_more_choices && !state->has_more_draws;
    uint64_t runs = is_complete ? state->level_runs : state->run_count;
    if (runner->is_json) {
        (void)printf(
            "{\"scenario\": \"%s\", \"exhaustive\": {\"complete\": %s, \"runs\": %" PRIu64
            ", \"choices_done\": %" PRId64 ", \"failed\": %s}}\n",
            runner->scenario->name,
            is_complete ? "true" : "false",
            runs,
            (int64_t)state->levels_done - 1,
            is_failed ? "true" : "false");
        return;
    }
    (void)printf(
        "%s: %s: %" PRIu64 " runs",
        runner->scenario->name,
        is_complete ? "complete" : "incomplete",
        runs);
    if (is_failed) {
        (void)printf(", the last one failed");
    }
    if (!is_complete && state->levels_done > 0) {
        (void)printf(
            "; all runs with at most %" PRIu64 " choices that are not boring are among them",
            state->levels_done - 1);
    }
    if (state->has_more_draws) {
        (void)printf("; some runs draw more often than --exhaustive-depth");
    }
    (void)printf("\n");
}

/* Runs the failed run once more and writes what it drew. */
static int sim__explore_record(struct sim__runner *runner, const char *path)
{
    struct myc_sim_options options = sim__runner_options(runner, 0);
    options.is_recording = true;
    struct myc_sim_result *result = runner->result;
    (void)myc_sim_run(runner->scenario, &options, result);
    bool is_written = result->tape_text != NULL && sim__write_file(path, result->tape_text);
    myc_sim_result_deinit(result);
    return is_written ? SIM__EXIT_FAILURE : SIM__EXIT_USAGE;
}

/* One run; true when it failed. */
static bool sim__explore_run(struct sim__runner *runner, const char *path, int *out_exit)
{
    struct myc_sim_result *result = runner->result;
    struct myc_sim_options options = sim__runner_options(runner, 0);
    options.is_recording = false;
    options.record_name = path;
    (void)myc_sim_run(runner->scenario, &options, result);
    bool is_failed = result->is_failed;
    struct myc_sim_enumerator_state state = myc_sim_enumerator_state(runner->explore.enumerator);
    myc_sim_result_deinit(result);
    if (state.difference != NULL) {
        (void)fprintf(stderr, "FAILED %s: %s\n", runner->scenario->name, state.difference);
        *out_exit = SIM__EXIT_FAILURE;
        return true;
    }
    if (is_failed) {
        (void)fputs(result->report, stderr);
        myc_sim_enumerator_again(runner->explore.enumerator);
        *out_exit = sim__explore_record(runner, path);
    }
    return is_failed;
}

int sim__runner_explore(struct sim__runner *runner)
{
    char path[256];
    int exit_code = SIM__EXIT_OK;
    bool is_failed = false;
    if (runner->record_path != NULL) {
        (void)snprintf(path, sizeof(path), "%s", runner->record_path);
    } else {
        (void)snprintf(path, sizeof(path), "%s-exhaustive.tape", runner->scenario->name);
    }
    struct myc_sim_enumerator *enumerator = myc_sim_enumerator_create(&runner->explore.options);
    runner->explore.enumerator = enumerator;
    do {
        is_failed = sim__explore_run(runner, path, &exit_code);
    } while (!is_failed && myc_sim_enumerator_next(enumerator));
    struct myc_sim_enumerator_state state = myc_sim_enumerator_state(enumerator);
    bool is_idle = !is_failed && runner->explore.options.only != NULL && !state.has_draws;
    if (is_idle) {
        (void)fprintf(
            stderr,
            "--exhaustive-only %s: no draw of %s has such a label\n",
            runner->explore.options.only,
            runner->scenario->name);
        exit_code = SIM__EXIT_USAGE;
    } else {
        sim__explore_print(runner, &state, is_failed);
    }
    runner->explore.enumerator = NULL;
    myc_sim_enumerator_destroy(enumerator);
    if (runner->expects_failure && exit_code == SIM__EXIT_OK) {
        (void)fprintf(
            stderr, "%s: a failure was expected, none was found\n", runner->scenario->name);
    }
    if (runner->expects_failure && exit_code != SIM__EXIT_USAGE) {
        return is_failed ? SIM__EXIT_OK : SIM__EXIT_FAILURE;
    }
    return exit_code;
}

#endif
