// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The command around scenarios: one run, a campaign, the whole. Part of the implementation unit.
 */
#ifndef MYC_SIM_RUNNER_H
#define MYC_SIM_RUNNER_H

#include <mycelium/sim/runner_arguments.h>
#include <mycelium/sim/runner_crash.h>
#include <mycelium/sim/runner_gate.h>
#include <mycelium/sim/runner_jobs.h>
#include <mycelium/sim/runner_print.h>
#include <mycelium/sim/runner_state.h>
#include <mycelium/sim/runner_view.h>
#include <mycelium/sim/runner_watch.h>

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Files ----

char *sim__read_file(const char *path, size_t *out_size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
        return NULL;
    }
    size_t size = 0;
    size_t capacity = 4096;
    char *text = sim__must(malloc(capacity));
    for (;;) {
        size += fread(text + size, 1, capacity - size - 1, file);
        if (size + 1 < capacity) {
            break;
        }
        capacity *= 2;
        text = sim__must(realloc(text, capacity));
    }
    bool is_bad = ferror(file) != 0;
    (void)fclose(file);
    text[size] = '\0';
    *out_size = size;
    if (is_bad) {
        (void)fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
        free(text);
        return NULL;
    }
    return text;
}

static bool sim__write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    bool is_written = file != NULL && (size == 0 || fwrite(bytes, size, 1, file) == 1);
    if (file != NULL && fclose(file) != 0) {
        is_written = false;
    }
    if (!is_written) {
        (void)fprintf(stderr, "%s: cannot be written: %s\n", path, strerror(errno));
    }
    return is_written;
}

bool sim__write_file(const char *path, const char *text)
{
    return sim__write_bytes(path, text, strlen(text));
}

// ---- Runs ----

void sim__sum_add(struct myc_sim_result *total, const struct myc_sim_result *part)
{
    total->event_count += part->event_count;
    total->step_count += part->step_count;
    total->virtual_ns += part->virtual_ns;
    total->check_count += part->check_count;
    total->check_failed_count += part->check_failed_count;
    total->preemption_count += part->preemption_count;
    total->tape_entry_count += part->tape_entry_count;
    total->tape_unused_count += part->tape_unused_count;
    total->tape_clamped_count += part->tape_clamped_count;
    total->tape_unused_line = part->tape_unused_line;
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        total->fault_offered[i] += part->fault_offered[i];
        total->fault_injected[i] += part->fault_injected[i];
        total->fault_effect[i] += part->fault_effect[i];
        total->fault_expected[i] += part->fault_expected[i];
        total->fault_runs[i] += part->fault_runs[i];
    }
    size_t mark_count = myc_sim_mark_count();
    for (size_t i = 0; i < mark_count; i++) {
        total->mark_passed[i] += part->mark_passed[i];
        total->mark_held[i] += part->mark_held[i];
    }
    for (size_t i = 0; i < part->counter_count; i++) {
        size_t at = 0;
        while (at < total->counter_count
               && strcmp(total->counters[at].name, part->counters[i].name) != 0) {
            at++;
        }
        if (at == MYC_SIM_COUNTERS_MAX) {
            continue;
        }
        if (at == total->counter_count) {
            total->counters[total->counter_count++] = part->counters[i];
        } else {
            total->counters[at].amount += part->counters[i].amount;
        }
    }
}

/* The hash of one run is its own; that of several does not depend on their order. */
static void sim__runner_add(struct sim__runner *runner)
{
    const struct myc_sim_result *result = runner->result;
    runner->run_count++;
    runner->hash += sim__mix(result->event_hash);
    runner->last_hash = result->event_hash;
    sim__sum_add(runner->total, result);
}

struct myc_sim_options sim__runner_options(struct sim__runner *runner, uint64_t seed)
{
    return (struct myc_sim_options){
        .seed = seed,
        .is_boring = runner->is_boring,
        .is_verbose = runner->is_verbose,
        .tape_text = runner->tape_text,
        .tape_name = runner->tape_path,
        .is_strict = runner->is_strict,
        .is_recording = runner->record_path != NULL,
        .is_dense = runner->is_dense,
        .is_keeping_bytes = runner->record_bytes_path != NULL,
        .record_name = runner->record_path,
        .bytes = runner->bytes,
        .bytes_size = runner->bytes_size,
        .bytes_name = runner->bytes_path,
        .enumerator = runner->explore.enumerator,
        .has_then_seed = runner->has_then_seed,
        .then_seed = runner->then_seed,
        .prefix_draws = runner->prefix_draws,
        .break_step = runner->break_step,
        .is_told = runner->tape_path != NULL && !runner->is_verbose && !runner->is_dense
                   && !runner->is_strict,
        .memory = runner->memory,
        .stack_cache = &runner->stacks,
        .repro_start = runner->program,
        .crash_process = runner->crash_process,
        .crash_point = runner->crash_point,
        .crash_next_point = runner->crash_next_point,
        .fail_allocation_process = runner->alloc_process,
        .fail_allocation_number = runner->alloc_number,
        .fail_allocation_is_sticky = runner->alloc_is_sticky,
        .faults = runner->faults,
    };
}

void sim__runner_breaks(const struct sim__runner *runner, char *text, size_t text_bytes)
{
    const struct myc_sim_options options = {
        .crash_process = runner->crash_process,
        .crash_point = runner->crash_point,
        .crash_next_point = runner->crash_next_point,
        .fail_allocation_process = runner->alloc_process,
        .fail_allocation_number = runner->alloc_number,
        .fail_allocation_is_sticky = runner->alloc_is_sticky,
    };
    sim__repro_breaks(&options, text, text_bytes);
}

/* Writes what the run drew where the command line wants it. */
static bool sim__runner_record(const struct sim__runner *runner)
{
    const struct myc_sim_result *result = runner->result;
    bool is_good =
        result->tape_text == NULL || sim__write_file(runner->record_path, result->tape_text);
    bool has_bytes = runner->record_bytes_path != NULL;
    return is_good
           && (!has_bytes
               || sim__write_bytes(runner->record_bytes_path, result->bytes, result->bytes_size));
}

/* Of a run that is shrunk only the verdict and the command: the shrunk one tells more in less. */
static void sim__print_report(const struct sim__runner *runner, const char *report)
{
    size_t size = strlen(report);
    if (runner->shrinks) {
        size = strcspn(report, "\n") + 1;
        size += strcspn(report + size, "\n") + 1;
    }
    (void)fprintf(stderr, "%.*s", (int)size, report);
}

bool sim__runner_run(struct sim__runner *runner, uint64_t seed, int *out_exit)
{
    struct myc_sim_options options = sim__runner_options(runner, seed);
    struct myc_sim_result *result = runner->result;
    sim__guard_seed(runner, seed);
    if (!myc_sim_run(runner->scenario, &options, result)) {
        // A tape's problem names its file and line itself.
        bool is_tape = runner->tape_path != NULL && result->report[0] != '\0'
                       && strstr(result->report, runner->tape_path) == result->report;
        (void)fprintf(
            stderr,
            "%s%s%s\n",
            is_tape ? "" : runner->program,
            is_tape ? "" : ": ",
            result->report);
        *out_exit = SIM__EXIT_USAGE;
        return false;
    }
    bool is_good = !result->is_failed;
    sim__runner_add(runner);
    if (runner->crash_point > 0 && result->crash_points >= runner->crash_point) {
        runner->crash_count++;
    }
    if (runner->alloc_number > 0 && result->allocation_count >= runner->alloc_number) {
        runner->alloc_count++;
    }
    if (result->is_failed && runner->is_quiet) {
        // counted below
    } else if (result->is_failed && !runner->expects_failure) {
        sim__print_report(runner, result->report);
    } else if (result->is_failed && !runner->is_json) {
        (void)printf(
            "found, as expected: %.*s\n", (int)strcspn(result->report, "\n"), result->report);
    }
    if (!sim__runner_compare(runner, seed)) {
        is_good = false;
    }
    if (!is_good) {
        runner->failed_count++;
        runner->failed_seed = seed;
        *out_exit = SIM__EXIT_FAILURE;
        if (!runner->has_failed_options) {
            runner->has_failed_options = true;
            runner->failed_options = options;
        }
    }
    bool is_to_shrink = result->is_failed && runner->shrinks;
    bool is_last = !is_good || seed == runner->seed_last;
    if (is_last && !is_to_shrink && !sim__runner_record(runner)) {
        *out_exit = SIM__EXIT_USAGE;
        is_good = false;
    }
    myc_sim_result_deinit(result);
    if (is_to_shrink) {
        *out_exit = sim__runner_shrink(runner, seed);
    }
    return is_good;
}

/* The regression seeds of this scenario: lines "<scenario> <seed> <story>". */
static bool sim__runner_seeds_file(struct sim__runner *runner, int *out_exit)
{
    size_t size = 0;
    char *text = sim__read_file(runner->seeds_path, &size);
    bool is_good = text != NULL;
    unsigned number = 0;
    *out_exit = text == NULL ? SIM__EXIT_USAGE : *out_exit;
    for (char *at = text; is_good && at != NULL && *at != '\0';) {
        char *end = strchr(at, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        number++;
        char name[64];
        char story[2];
        uint64_t seed = 0;
        if (*at != '\0' && *at != '#') {
            if (sscanf(at, "%63s %" SCNu64 " %1s", name, &seed, story) != 3) {
                (void)fprintf(
                    stderr,
                    "%s:%u: expected \"<scenario> <seed> <story>\"\n",
                    runner->seeds_path,
                    number);
                *out_exit = SIM__EXIT_USAGE;
                is_good = false;
            } else if (strcmp(name, runner->scenario->name) == 0) {
                is_good = sim__runner_run(runner, seed, out_exit);
            }
        }
        at = end != NULL ? end + 1 : NULL;
    }
    free(text);
    return is_good;
}

static int sim__runner_campaign(struct sim__runner *runner)
{
    int exit_code = SIM__EXIT_OK;
    double began = sim__real_seconds();
    bool is_good = runner->seeds_path == NULL || sim__runner_seeds_file(runner, &exit_code);
    if (is_good && runner->job_count > 0) {
        sim__watch_stop();
        exit_code = sim__runner_jobs(runner);
        runner->seconds = sim__real_seconds() - began;
        return exit_code;
    }
    for (uint64_t seed = runner->seed_first; is_good; seed++) {
        is_good = runner->sweep.is_wanted ? sim__runner_sweep(runner, seed, &exit_code)
                                          : sim__runner_run(runner, seed, &exit_code);
        double passed = sim__real_seconds() - began;
        if (seed == runner->seed_last
            || (runner->seconds_max > 0 && passed >= runner->seconds_max)) {
            break;
        }
    }
    runner->seconds = sim__real_seconds() - began;
    return exit_code;
}

// ---- The command ----

static bool sim__choose_scenario(struct sim__runner *runner)
{
    for (size_t i = 0; i < runner->scenario_count && runner->scenario_name != NULL; i++) {
        if (strcmp(runner->scenarios[i].name, runner->scenario_name) == 0) {
            runner->scenario = &runner->scenarios[i];
            return true;
        }
    }
    if (runner->scenario_name == NULL && runner->scenario_count == 1) {
        runner->scenario = &runner->scenarios[0];
        return true;
    }
    (void)fprintf(
        stderr,
        "%s: %s; --list shows the scenarios\n",
        runner->scenario_name != NULL ? runner->scenario_name : runner->program,
        runner->scenario_name != NULL ? "no such scenario" : "name a scenario");
    return false;
}

/* Reads the tape or bytes that the command line names. */
static bool sim__runner_read(struct sim__runner *runner)
{
    size_t size = 0;
    if (runner->tape_path != NULL) {
        runner->tape_text = sim__read_file(runner->tape_path, &size);
    }
    if (runner->bytes_path != NULL) {
        runner->bytes = sim__read_file(runner->bytes_path, &runner->bytes_size);
    }
    return (runner->tape_path == NULL || runner->tape_text != NULL)
           && (runner->bytes_path == NULL || runner->bytes != NULL);
}

/* Whether what the command line wanted to break was there. */
static bool sim__runner_did_break(const struct sim__runner *runner)
{
    if (runner->crash_point > 0 && runner->crash_count == 0 && runner->failed_count == 0) {
        (void)fprintf(
            stderr,
            "--crash-at %s:%" PRIu64 ": %s has no such process or it passes only %" PRIu64
            " points\n",
            runner->crash_process,
            runner->crash_point - 1,
            runner->scenario->name,
            runner->result->crash_points);
        return false;
    }
    if (runner->alloc_number > 0 && runner->alloc_count == 0 && runner->failed_count == 0) {
        (void)fprintf(
            stderr,
            "%s:%" PRIu64 ": %s has no such process or it allocates only %" PRIu64 " times\n",
            runner->alloc_process,
            runner->alloc_number - 1,
            runner->scenario->name,
            runner->result->allocation_count);
        return false;
    }
    return true;
}

/* The campaign and what is printed of it; returns the exit code. */
static int sim__runner_whole(struct sim__runner *runner)
{
    int exit_code = sim__runner_campaign(runner);
    exit_code = exit_code == SIM__EXIT_USAGE ? exit_code : sim__runner_view(runner, exit_code);
    if (exit_code == SIM__EXIT_USAGE) {
        return exit_code;
    }
    if (!sim__runner_did_break(runner)) {
        return SIM__EXIT_USAGE;
    }
    if (runner->is_json) {
        sim__print_json(runner);
    } else {
        sim__print_summary(runner);
        if (runner->sweep.is_wanted) {
            sim__sweep_print(runner);
        }
    }
    if (exit_code == SIM__EXIT_OK && !sim__gate_is_open(runner)) {
        exit_code = SIM__EXIT_FAILURE;
    }
    if (runner->expects_failure) {
        if (runner->failed_count == 0) {
            (void)fprintf(
                stderr, "%s: a failure was expected, none was found\n", runner->scenario->name);
        }
        return runner->failed_count > 0 ? SIM__EXIT_OK : SIM__EXIT_FAILURE;
    }
    return exit_code;
}

static int sim__runner_main(struct sim__runner *runner)
{
    if (runner->is_help) {
        sim__print_help(runner);
        return SIM__EXIT_OK;
    }
    if (runner->is_list) {
        for (size_t i = 0; i < runner->scenario_count; i++) {
            (void)printf("%-24s %s\n", runner->scenarios[i].name, runner->scenarios[i].about);
        }
        return SIM__EXIT_OK;
    }
    if (!sim__choose_scenario(runner)) {
        return SIM__EXIT_USAGE;
    }
    // The fresh process of a comparison stands elsewhere and writes nothing.
    bool is_view_good = runner->outcome_spec != NULL || sim__view_check(runner);
    if (!is_view_good || !sim__runner_read(runner)) {
        return SIM__EXIT_USAGE;
    }
    if (runner->onset.is_wanted) {
        return sim__runner_onset(runner);
    }
    if (runner->explore.is_wanted) {
        return sim__runner_explore(runner);
    }
    if (!sim__marks_required_exist(runner)) {
        (void)fprintf(
            stderr, "--require-marks %s: no such mark in this program\n", runner->required_marks);
        return SIM__EXIT_USAGE;
    }
    if (runner->outcome_spec != NULL) {
        return sim__runner_outcome(runner);
    }
    bool is_guarded = runner->shrinks || runner->trace_path != NULL || runner->page_path != NULL;
    return is_guarded ? sim__guard_campaign(runner, sim__runner_whole) : sim__runner_whole(runner);
}

int myc_sim_main(
    int argc, char **argv, const struct myc_sim_scenario *scenarios, size_t scenario_count)
{
#ifdef M_TRIM_THRESHOLD
    // Each run gives all of its memory back and the next one takes as much: the system need not.
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 26);
#endif
    struct sim__runner runner = {
        .program = argc > 0 ? argv[0] : "<program>",
        .scenarios = scenarios,
        .scenario_count = scenario_count,
        .seed_first = 1,
        .seed_last = 1,
        .shrink_runs_max = 50000,
        .shrink_seconds_max = 30,
        .check_percent = 100,
        .argument_count = argc,
        .arguments = argv,
        .run_seconds_max = 120,
        .onset.run_count = 50,
    };
    if (!sim__parse_arguments(&runner, argc, argv)) {
        return SIM__EXIT_USAGE;
    }
    char message[256];
    if (!sim__marks_check(message, sizeof(message))) {
        (void)fprintf(stderr, "%s: %s\n", runner.program, message);
        return SIM__EXIT_USAGE;
    }
    runner.total = sim__must(calloc(1, sizeof(*runner.total)));
    runner.result = sim__must(calloc(1, sizeof(*runner.result)));
    void *crash_stack = sim__crash_install();
    sim__watch_start(runner.run_seconds_max);
    int exit_code = sim__runner_main(&runner);
    sim__watch_stop();
    sim__crash_uninstall(crash_stack);
    sim__stack_pool_deinit(&runner.stacks);
    free(runner.tape_text);
    free(runner.bytes);
    free(runner.total);
    free(runner.result);
    return exit_code;
}

#endif
