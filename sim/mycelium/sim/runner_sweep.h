// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The crash sweep: one process dies at each of its scheduling points in turn. Complete for single
 * deaths in one schedule. Part of the implementation unit.
 */
#ifndef MYC_SIM_RUNNER_SWEEP_H
#define MYC_SIM_RUNNER_SWEEP_H

#include <mycelium/sim/runner_state.h>

#include <inttypes.h>
#include <stdio.h>

/* Kills at one point after another. Every run with a death is as the one without up to there. */
static void sim__sweep_points(struct sim__runner *runner, uint64_t seed, int *out_exit)
{
    struct sim__sweep *sweep = &runner->sweep;
    uint64_t points = runner->result->crash_points;
    sweep->point_count += points;
    for (uint64_t point = 1; point <= points && *out_exit != SIM__EXIT_USAGE; point++) {
        runner->crash_point = point;
        bool is_clean = sim__runner_run(runner, seed, out_exit);
        if (is_clean && runner->result->crash_points != point) {
            (void)fprintf(
                stderr,
                "FAILED %s: %s was to die at its point %" PRIu64 " but passed %" PRIu64
                ": runs of the same draws differ\n",
                runner->scenario->name,
                runner->crash_process,
                point - 1,
                runner->result->crash_points);
            *out_exit = SIM__EXIT_FAILURE;
            runner->failed_count++;
            runner->failed_seed = seed;
            is_clean = false;
        }
        sweep->clean_count += is_clean ? 1 : 0;
        if (!is_clean && !runner->is_quiet) {
            sweep->first_failed = point - 1;
            runner->is_quiet = true; // the first failure is shown, the others are counted
        }
    }
    runner->crash_point = 0;
}

bool sim__runner_sweep(struct sim__runner *runner, uint64_t seed, int *out_exit)
{
    runner->crash_point = 0;
    if (!sim__runner_run(runner, seed, out_exit)) {
        (void)fprintf(
            stderr, "%s: not swept: it fails although nobody dies\n", runner->scenario->name);
        return false;
    }
    if (runner->result->crash_process_id == 0) {
        (void)fprintf(
            stderr,
            "%s: no process of this name was started in %s\n",
            runner->crash_process,
            runner->scenario->name);
        *out_exit = SIM__EXIT_USAGE;
        return false;
    }
    sim__sweep_points(runner, seed, out_exit);
    return runner->sweep.clean_count == runner->sweep.point_count;
}

void sim__sweep_print(const struct sim__runner *runner)
{
    if (!runner->sweep.is_wanted) {
        return;
    }
    const struct sim__sweep *sweep = &runner->sweep;
    uint64_t failed_count = sweep->point_count - sweep->clean_count;
    if (runner->is_json) {
        (void)printf(
            ", \"crash_sweep\": {\"process\": \"%s\", \"points\": %" PRIu64 ", \"clean\": %" PRIu64
            ", \"failed\": %" PRIu64,
            runner->crash_process,
            sweep->point_count,
            sweep->clean_count,
            failed_count);
        if (failed_count > 0) {
            (void)printf(", \"first_failed\": %" PRIu64, sweep->first_failed);
        }
        (void)printf("}");
        return;
    }
    (void)printf(
        "crash sweep of %s: %" PRIu64 " points, %" PRIu64 " clean, %" PRIu64 " failed",
        runner->crash_process,
        sweep->point_count,
        sweep->clean_count,
        failed_count);
    if (failed_count > 0) {
        (void)printf(
            "; the first is --crash-at %s:%" PRIu64, runner->crash_process, sweep->first_failed);
    }
    (void)printf("\n");
}

#endif
