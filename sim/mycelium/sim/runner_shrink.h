// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The shrinker: fewer and smaller choices that fail in the same way. Part of the implementation
 * unit.
 *
 * The failing run is first told in explicit form (script.h), in which each choice means the same
 * whatever becomes of the others. Each attempt replays a tape loosely in a child process, so that
 * one that crashes or never ends costs nothing but itself, and leaves the tape that the run really
 * used. Whatever is kept is therefore a tape that a run has just failed with; before it is written
 * it is replayed once more.
 */
#ifndef MYC_SIM_RUNNER_SHRINK_H
#define MYC_SIM_RUNNER_SHRINK_H

#include <mycelium/sim/memory_names.h>
#include <mycelium/sim/runner_shrink_passes.h>

enum {
    SIM__SHRINK_FIRST_MS = 10000,  /* for the run to be shrunk */
    SIM__SHRINK_AT_LEAST_MS = 2000 /* for an attempt otherwise */
};

static void sim__shrink_print_again(const struct sim__runner *runner, const char *tape, FILE *out)
{
    char breaks[160] = "";
    sim__runner_breaks(runner, breaks, sizeof(breaks));
    (void)fprintf(
        out,
        "  run again: %s %s --tape %s%s%s%s%s\n",
        runner->program,
        runner->scenario->name,
        tape,
        breaks,
        runner->faults != NULL ? " --faults " : "",
        runner->faults != NULL ? runner->faults : "",
        sim__memory_option(runner->memory));
}

static void sim__shrink_print(const struct sim__shrink *shrink, FILE *out)
{
    const struct sim__runner *runner = shrink->runner;
    bool is_out = !sim__shrink_has_budget(shrink);
    bool is_out_of_runs = shrink->run_count >= shrink->run_count_max;
    (void)fprintf(
        out,
        "shrunk: %zu choices that are not boring, of %zu; %" PRIu64 " runs%s\n",
        shrink->count,
        runner->shrunk.choice_count_before,
        shrink->run_count,
        !is_out          ? ""
        : is_out_of_runs ? " (all of --shrink-runs)"
                         : " (all of --shrink-seconds)");
    if (shrink->fate->report[0] != '\0') {
        (void)fputs(shrink->fate->report, out);
    } else {
        (void)fprintf(out, "%s\n", shrink->verdict);
        sim__shrink_print_again(runner, runner->shrunk.tape_path, out);
    }
    if (shrink->other_tape != NULL) {
        (void)fprintf(out, "another failure was seen: %s\n", shrink->other_verdict);
        sim__shrink_print_again(runner, runner->shrunk.other_path, out);
    }
}

static void sim__shrink_name_tapes(struct sim__runner *runner, uint64_t seed)
{
    struct sim__shrunk *shrunk = &runner->shrunk;
    size_t size = sizeof(shrunk->tape_path);
    const char *name = runner->scenario->name;
    if (runner->record_path != NULL) {
        (void)snprintf(shrunk->tape_path, size, "%s", runner->record_path);
    } else if (runner->tape_path != NULL || runner->is_boring) {
        const char *what = runner->is_boring ? "boring" : "shrunk";
        (void)snprintf(shrunk->tape_path, size, "%s-%s.tape", name, what);
    } else {
        (void)snprintf(shrunk->tape_path, size, "%s-%" PRIu64 ".tape", name, seed);
    }
    (void)snprintf(shrunk->other_path, sizeof(shrunk->other_path), "%s.other", shrunk->tape_path);
}

/* Tells the failing run in explicit form and checks that the tape fails alike. */
static bool sim__shrink_begin(struct sim__shrink *shrink)
{
    struct sim__attempt attempt;
    double began = sim__real_seconds();
    (void)sim__attempt_run(
        shrink->runner, &shrink->options, shrink->fate, NULL, shrink->milliseconds, &attempt);
    shrink->run_count++;
    if (!attempt.is_failed) {
        (void)fprintf(
            stderr,
            "%s: not shrunk: in a process of its own the run does not fail\n",
            shrink->runner->scenario->name);
        return false;
    }
    int passed = (int)((sim__real_seconds() - began) * 1000);
    shrink->milliseconds =
        passed * 20 > SIM__SHRINK_AT_LEAST_MS ? passed * 20 : SIM__SHRINK_AT_LEAST_MS;
    shrink->milliseconds = attempt.is_endless ? SIM__SHRINK_ENDLESS_MS : shrink->milliseconds;
    memcpy(shrink->identity, attempt.identity, sizeof(shrink->identity));
    return sim__shrink_adopt(shrink, shrink->fate->tape, &attempt);
}

/* Replays the best tape; the fate then tells of that run. */
static bool sim__shrink_confirm(struct sim__shrink *shrink, char *tape)
{
    struct sim__attempt attempt;
    sim__shrink_replay(shrink, tape);
    shrink->options.tape_name = shrink->runner->shrunk.tape_path;
    shrink->options.is_told = true;
    (void)sim__attempt_run(
        shrink->runner, &shrink->options, shrink->fate, NULL, shrink->milliseconds, &attempt);
    shrink->options.tape_text = NULL;
    bool is_same = attempt.is_failed && strcmp(attempt.identity, shrink->identity) == 0;
    if (!is_same) {
        (void)fprintf(
            stderr,
            "%s: the shrunk tape fails in another way when it is replayed: two runs of the same "
            "draws differ\n",
            shrink->runner->scenario->name);
    }
    return is_same;
}

static int sim__shrink_finish(struct sim__shrink *shrink, uint64_t seed)
{
    struct sim__runner *runner = shrink->runner;
    int exit_code = SIM__EXIT_FAILURE;
    sim__shrink_name_tapes(runner, seed);
    char *tape = sim__shrink_text(shrink, shrink->choices, shrink->count);
    if (sim__shrink_confirm(shrink, tape)) {
        bool is_written = sim__write_file(runner->shrunk.tape_path, tape)
                          && (shrink->other_tape == NULL
                              || sim__write_file(runner->shrunk.other_path, shrink->other_tape));
        runner->shrunk.is_done = is_written;
        runner->shrunk.choice_count = shrink->count;
        runner->shrunk.run_count = shrink->run_count;
        if (is_written) {
            sim__shrink_print(shrink, runner->is_json ? stderr : stdout);
        } else {
            exit_code = SIM__EXIT_USAGE;
        }
    }
    free(tape);
    return exit_code;
}

int sim__runner_shrink(struct sim__runner *runner, uint64_t seed)
{
    struct sim__shrink shrink = {
        .runner = runner,
        .run_count_max = runner->shrink_runs_max,
        .milliseconds = SIM__SHRINK_FIRST_MS,
        .fate = sim__fate_create(),
    };
    int exit_code = SIM__EXIT_FAILURE;
    if (shrink.fate == NULL) {
        (void)fprintf(stderr, "%s: not shrunk: no memory\n", runner->scenario->name);
        return exit_code;
    }
    shrink.options = sim__runner_options(runner, seed);
    shrink.options.is_recording = true;
    shrink.options.is_explicit = true;
    shrink.options.is_verbose = false;
    shrink.options.is_dense = false;
    if (sim__shrink_begin(&shrink)) {
        runner->shrunk.choice_count_before = shrink.count;
        shrink.seconds_end = sim__real_seconds() + (double)runner->shrink_seconds_max;
        sim__shrink_passes(&shrink);
        exit_code = sim__shrink_finish(&shrink, seed);
    }
    sim__fate_destroy(shrink.fate);
    free(shrink.tape);
    free(shrink.choices);
    free(shrink.attempt);
    free(shrink.other_tape);
    return exit_code;
}

#endif
