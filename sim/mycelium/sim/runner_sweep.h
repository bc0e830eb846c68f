// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Sweeps: one process dies at each of its scheduling points in turn, or is refused each of its
 * allocations. Complete for single deaths and single refusals in one schedule; of pairs of deaths a
 * sample is tried. Part of the implementation unit.
 */
#ifndef MYC_SIM_RUNNER_SWEEP_H
#define MYC_SIM_RUNNER_SWEEP_H

#include <mycelium/sim/runner_state.h>

#include <inttypes.h>
#include <stdio.h>

/* Counts a run of the sweep that is over; the first failure is kept, the others not shown. */
static void sim__sweep_count(struct sim__runner *runner, bool is_clean)
{
    struct sim__sweep *sweep = &runner->sweep;
    sweep->point_count++;
    sweep->clean_count += is_clean ? 1 : 0;
    if (!is_clean && !sweep->has_failed) {
        sim__runner_breaks(runner, sweep->first_failed, sizeof(sweep->first_failed));
        sweep->has_failed = true;
        runner->is_quiet = true;
    }
}

static bool sim__sweep_differs(struct sim__runner *runner, uint64_t seed, int *out_exit)
{
    (void)fprintf(
        stderr,
        "FAILED %s: %s was to die at its point %" PRIu64 " but passed %" PRIu64
        ": runs of the same draws differ\n",
        runner->scenario->name,
        runner->crash_process,
        runner->crash_point - 1,
        runner->result->crash_points);
    *out_exit = SIM__EXIT_FAILURE;
    runner->failed_count++;
    runner->failed_seed = seed;
    return false;
}

// ---- Deaths ----

/* Kills at one point after another. Every run with a death is as the one without up to there. */
static void sim__sweep_points(struct sim__runner *runner, uint64_t seed, int *out_exit)
{
    uint64_t points = runner->result->crash_points;
    for (uint64_t point = 1; point <= points && *out_exit != SIM__EXIT_USAGE; point++) {
        runner->crash_point = point;
        bool is_clean = sim__runner_run(runner, seed, out_exit);
        if (is_clean && runner->result->crash_points != point) {
            is_clean = sim__sweep_differs(runner, seed, out_exit);
        }
        sim__sweep_count(runner, is_clean);
    }
}

/* A sample of pairs: the process dies, and the next start of its name dies as well. */
static void
sim__sweep_pairs(struct sim__runner *runner, uint64_t seed, uint64_t points, int *out_exit)
{
    uint64_t random = sim__mix(seed + 1);
    for (uint64_t i = 0; i < runner->sweep.pairs && *out_exit != SIM__EXIT_USAGE; i++) {
        random = sim__mix(random + i);
        runner->crash_point = 1 + random % points;
        runner->crash_next_point = 0;
        // How far the next start gets if it lives.
        bool is_clean = sim__runner_run(runner, seed, out_exit);
        uint64_t next_points = runner->result->crash_next_points;
        if (is_clean && next_points > 0) {
            random = sim__mix(random);
            runner->crash_next_point = 1 + random % next_points;
            is_clean = sim__runner_run(runner, seed, out_exit);
            runner->sweep.pair_count++;
        }
        sim__sweep_count(runner, is_clean);
    }
    runner->crash_next_point = 0;
}

// ---- Refusals ----

/* Refuses one allocation after another until one is not reached any more. */
static void
sim__sweep_allocations(struct sim__runner *runner, uint64_t seed, bool is_sticky, int *out_exit)
{
    // Whoever tries again for ever allocates without end: what lies far behind proves nothing new.
    uint64_t numbers_max = runner->result->allocation_count * 4 + 64;
    runner->alloc_is_sticky = is_sticky;
    for (uint64_t number = 1; number <= numbers_max && *out_exit != SIM__EXIT_USAGE; number++) {
        runner->alloc_number = number;
        bool is_clean = sim__runner_run(runner, seed, out_exit);
        if (is_clean && runner->result->allocation_count < number) {
            break;
        }
        sim__sweep_count(runner, is_clean);
        if (!is_clean && runner->result->allocation_count < number) {
            break;
        }
    }
    runner->alloc_number = 0;
}

// ---- Both ----

bool sim__runner_sweep(struct sim__runner *runner, uint64_t seed, int *out_exit)
{
    struct sim__sweep *sweep = &runner->sweep;
    bool is_crash = sweep->kind == SIM__SWEEP_CRASHES;
    runner->crash_point = 0;
    if (!sim__runner_run(runner, seed, out_exit)) {
        (void)fprintf(
            stderr, "%s: not swept: it fails although nothing breaks\n", runner->scenario->name);
        return false;
    }
    uint32_t found =
        is_crash ? runner->result->crash_process_id : runner->result->fail_allocation_process_id;
    if (found == 0) {
        (void)fprintf(
            stderr,
            "%s: no process of this name was started in %s\n",
            is_crash ? runner->crash_process : runner->alloc_process,
            runner->scenario->name);
        *out_exit = SIM__EXIT_USAGE;
        return false;
    }
    if (is_crash) {
        uint64_t points = runner->result->crash_points;
        sim__sweep_points(runner, seed, out_exit);
        if (points > 0) {
            sim__sweep_pairs(runner, seed, points, out_exit);
        }
        runner->crash_point = 0;
    } else {
        sim__sweep_allocations(runner, seed, false, out_exit);
        sim__sweep_allocations(runner, seed, true, out_exit);
    }
    return sweep->clean_count == sweep->point_count;
}

void sim__sweep_print(const struct sim__runner *runner)
{
    if (!runner->sweep.is_wanted) {
        return;
    }
    const struct sim__sweep *sweep = &runner->sweep;
    bool is_crash = sweep->kind == SIM__SWEEP_CRASHES;
    const char *process = is_crash ? runner->crash_process : runner->alloc_process;
    uint64_t failed_count = sweep->point_count - sweep->clean_count;
    if (runner->is_json) {
        (void)printf(
            ", \"%s_sweep\": {\"process\": \"%s\", \"%s\": %" PRIu64 ", \"clean\": %" PRIu64
            ", \"failed\": %" PRIu64,
            is_crash ? "crash" : "alloc",
            process,
            is_crash ? "points" : "refusals",
            sweep->point_count,
            sweep->clean_count,
            failed_count);
        if (failed_count > 0) {
            (void)printf(", \"first_failed\": \"%s\"", sweep->first_failed + 1);
        }
        (void)printf("}");
        return;
    }
    (void)printf(
        "%s sweep of %s: %" PRIu64 " %s, %" PRIu64 " clean, %" PRIu64 " failed",
        is_crash ? "crash" : "alloc",
        process,
        sweep->point_count,
        is_crash ? "points" : "refusals",
        sweep->clean_count,
        failed_count);
    if (sweep->pair_count > 0) {
        (void)printf(", %" PRIu64 " pairs of deaths among them", sweep->pair_count);
    }
    if (failed_count > 0) {
        (void)printf("; the first is%s", sweep->first_failed);
    }
    (void)printf("\n");
}

#endif
