// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * --trace and --report: one run again, with its history, written to files. Part of the
 * implementation unit.
 *
 * Runs themselves keep no history, so that they stay fast. What is shown is the failure, after
 * shrinking what is left of it; when nothing failed, the run, if there was only one.
 *
 * A run may crash. So it is done again in a child, with its history in shared memory; what the
 * child printed is part of what is shown. The campaign before that is guarded, see runner_guard.h.
 */
#ifndef MYC_SIM_RUNNER_VIEW_H
#define MYC_SIM_RUNNER_VIEW_H

#include <mycelium/sim/history_room.h>
#include <mycelium/sim/runner_crash.h>
#include <mycelium/sim/runner_state.h>
#include <mycelium/sim/runner_watch.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether a file can be written; a new one is not left behind. */
static bool sim__view_is_writable(const char *path)
{
    if (path == NULL) {
        return true;
    }
    bool is_new = access(path, F_OK) != 0;
    FILE *file = fopen(path, "ab");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: cannot be written: %s\n", path, strerror(errno));
        return false;
    }
    (void)fclose(file);
    if (is_new) {
        (void)unlink(path);
    }
    return true;
}

bool sim__view_check(const struct sim__runner *runner)
{
    const char *trace = runner->trace_path;
    const char *page = runner->page_path;
    bool is_wanted = trace != NULL || page != NULL;
    if (is_wanted && (runner->onset.is_wanted || runner->explore.is_wanted)) {
        (void)fprintf(
            stderr,
            "--trace and --report exclude --onset and --exhaustive; use them with the tape of the "
            "failure\n");
        return false;
    }
    if (trace != NULL && page != NULL && strcmp(trace, page) == 0) {
        (void)fprintf(stderr, "--trace and --report both name %s\n", page);
        return false;
    }
    return sim__view_is_writable(trace) && sim__view_is_writable(page);
}

/* The run that is shown; false when there is none. */
static bool
sim__view_options(struct sim__runner *runner, struct myc_sim_options *out_options, char **out_tape)
{
    bool is_one = runner->seed_first == runner->seed_last && runner->run_count == 1;
    bool has_failed = runner->failed_count > 0;
    if (!has_failed && !is_one) {
        return false;
    }
    uint64_t seed = has_failed ? runner->failed_seed : runner->seed_first;
    // A sweep's failed run had options of its own.
    *out_options =
        runner->has_failed_options ? runner->failed_options : sim__runner_options(runner, seed);
    out_options->is_recording = false;
    out_options->is_verbose = false;
    out_options->break_step = 0;
    if (runner->shrunk.is_done) {
        size_t size = 0;
        *out_tape = sim__read_file(runner->shrunk.tape_path, &size);
        if (*out_tape != NULL) {
            out_options->is_boring = false;
            out_options->is_strict = false;
            out_options->has_then_seed = false;
            out_options->bytes = NULL;
            out_options->tape_text = *out_tape;
            out_options->tape_name = runner->shrunk.tape_path;
        }
    }
    return true;
}

static bool sim__view_write(const struct sim__runner *runner, const struct myc_sim_history *history)
{
    FILE *out = runner->is_json ? stderr : stdout;
    const char *trace = runner->trace_path;
    const char *page = runner->page_path;
    if (trace != NULL) {
        if (!myc_sim_history_write_trace(history, trace, runner->trace_clock)) {
            (void)fprintf(stderr, "%s: cannot be written: %s\n", trace, strerror(errno));
            return false;
        }
        (void)fprintf(out, "trace: %s; open it in ui.perfetto.dev\n", trace);
    }
    if (page != NULL) {
        if (!myc_sim_history_write_page(history, page)) {
            (void)fprintf(stderr, "%s: cannot be written: %s\n", page, strerror(errno));
            return false;
        }
        (void)fprintf(out, "report: %s; open it in a browser\n", page);
    }
    return true;
}

// ---- Runs that crash ----

/* What the kernel and the child's last words say of a run that crashed. */
static void sim__view_end(struct myc_sim_history *history, int status, FILE *said)
{
    struct myc_sim_result *figures = &history->figures;
    figures->is_failed = true;
    if (history->verdict[0] == '\0' && WIFSIGNALED(status)) {
        (void)snprintf(
            history->verdict,
            sizeof(history->verdict),
            "the program was ended by signal %d",
            WTERMSIG(status));
    } else if (history->verdict[0] == '\0') {
        (void)snprintf(history->verdict, sizeof(history->verdict), "%s", sim__crash_text);
    }
    if (history->failure == 0) {
        history->failure = history->count; // the last that it told
    }
    rewind(said);
    size_t used = fread(figures->report, 1, sizeof(figures->report) - 1, said);
    figures->report[used] = '\0';
}

/* The run once more, in a child. False when there can be none. */
static bool sim__view_run(
    struct sim__runner *runner,
    const struct myc_sim_options *options,
    struct myc_sim_history *history)
{
    struct myc_sim_options with_history = *options;
    int status = 0;
    with_history.history = history;
    (void)fflush(NULL);
    FILE *said = tmpfile();
    pid_t child = said != NULL ? fork() : -1;
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(fileno(said), STDOUT_FILENO);
        (void)dup2(fileno(said), STDERR_FILENO);
        sim__watch_start(runner->run_seconds_max * 2); // keeping a history takes time
        struct myc_sim_result *result = sim__must(calloc(1, sizeof(*result)));
        (void)myc_sim_run(runner->scenario, &with_history, result);
        _exit(SIM__EXIT_OK);
    }
    while (child > 0 && waitpid(child, &status, 0) != child && errno == EINTR) {
    }
    if (child > 0 && !history->is_finished) {
        sim__view_end(history, status, said);
    }
    if (said != NULL) {
        (void)fclose(said);
    }
    return child > 0;
}

int sim__runner_view(struct sim__runner *runner, int exit_code)
{
    struct myc_sim_options options;
    char *tape = NULL;
    if (runner->trace_path == NULL && runner->page_path == NULL) {
        return exit_code;
    }
    if (!sim__view_options(runner, &options, &tape)) {
        (void)fprintf(
            stderr,
            "%s: not written: no run failed; one run is shown when it is named, as by --seed N\n",
            runner->trace_path != NULL ? runner->trace_path : runner->page_path);
        return exit_code;
    }
    struct myc_sim_history *history = sim__history_create_shared();
    if (history == NULL || !sim__view_run(runner, &options, history)) {
        (void)fprintf(
            stderr, "%s: the run cannot be shown: %s\n", runner->program, strerror(errno));
        myc_sim_history_destroy(history);
        free(tape);
        return SIM__EXIT_USAGE;
    }
    bool has_failed = history->figures.is_failed;
    if (has_failed != (runner->failed_count > 0) && !runner->checks_determinism) {
        (void)fprintf(
            stderr,
            "%s: the run that is shown ends otherwise than before; see --check-determinism\n",
            runner->scenario->name);
    }
    if (!sim__view_write(runner, history)) {
        exit_code = SIM__EXIT_USAGE;
    }
    myc_sim_history_destroy(history);
    free(tape);
    return exit_code;
}

#endif
