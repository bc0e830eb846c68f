// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Checking that a run is a function of its draws: the same run twice, in this process or in a fresh
 * one, and where the two first differ. Part of the implementation unit.
 *
 * Both are needed. What a run leaves behind in a mutable static shows only in a second run of the
 * same process; what depends on addresses, the environment or memory nobody wrote shows only in a
 * process of its own.
 */
#ifndef MYC_SIM_RUNNER_DOUBLE_H
#define MYC_SIM_RUNNER_DOUBLE_H

#include <mycelium/sim/memory_names.h>
#include <mycelium/sim/runner_state.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIM__DOUBLE_CONTEXT = 4, SIM__DOUBLE_SPEC_BYTES = 80 };

/* What two runs must agree on, and the events of a window. */
struct sim__outcome {
    uint64_t hash;
    uint64_t event_count;
    uint64_t step_count;
    uint64_t *checkpoints;
    size_t checkpoint_count;
    char *events;
};

static void sim__outcome_deinit(struct sim__outcome *outcome)
{
    free(outcome->checkpoints);
    free(outcome->events);
    *outcome = (struct sim__outcome){0};
}

/* Takes over what a result knows. */
static void sim__outcome_take(struct sim__outcome *outcome, struct myc_sim_result *result)
{
    *outcome = (struct sim__outcome){
        .hash = result->event_hash,
        .event_count = result->event_count,
        .step_count = result->step_count,
        .checkpoints = result->checkpoints,
        .checkpoint_count = result->checkpoint_count,
        .events = result->events_text,
    };
    result->checkpoints = NULL;
    result->events_text = NULL;
}

// ---- A run of this process ----

static struct sim__outcome
sim__outcome_here(struct sim__runner *runner, const struct myc_sim_options *options)
{
    struct sim__outcome outcome = {0};
    struct myc_sim_result *result = sim__must(calloc(1, sizeof(*result)));
    if (myc_sim_run(runner->scenario, options, result)) {
        sim__outcome_take(&outcome, result);
    }
    myc_sim_result_deinit(result);
    free(result);
    return outcome;
}

// ---- A run of a fresh process ----

/* All that comes out of a pipe, as a terminated text. */
static char *sim__read_pipe(int file)
{
    size_t used = 0;
    size_t capacity = 65536;
    char *text = sim__must(malloc(capacity));
    for (ssize_t got = 1; got > 0 || (got < 0 && errno == EINTR);) {
        got = read(file, text + used, capacity - used - 1);
        used += got > 0 ? (size_t)got : 0;
        if (used + 1 == capacity) {
            capacity *= 2;
            text = sim__must(realloc(text, capacity));
        }
    }
    text[used] = '\0';
    return text;
}

/* Reads "<word> <number> ..." of one line; returns behind the line, NULL if it is not as expected.
 */
static char *sim__outcome_line(char *line, const char *word, uint64_t *numbers, int count, int base)
{
    size_t size = strlen(word);
    if (line == NULL || strncmp(line, word, size) != 0) {
        return NULL;
    }
    char *at = line + size;
    for (int i = 0; i < count; i++) {
        char *end = NULL;
        numbers[i] = strtoull(at, &end, base);
        if (end == at) {
            return NULL;
        }
        at = end;
    }
    return *at == '\n' ? at + 1 : NULL;
}

/* Reads what sim__outcome_print wrote. */
static bool sim__outcome_read(struct sim__outcome *outcome, char *text)
{
    uint64_t numbers[3] = {0, 0, 0};
    char *at = sim__outcome_line(text, "outcome", numbers, 3, 10);
    at = sim__outcome_line(at, "hash", &outcome->hash, 1, 16);
    if (at == NULL) {
        return false;
    }
    outcome->event_count = numbers[0];
    outcome->step_count = numbers[1];
    outcome->checkpoint_count = (size_t)numbers[2];
    outcome->checkpoints = sim__must(calloc(outcome->checkpoint_count + 1, sizeof(uint64_t)));
    for (size_t i = 0; i < outcome->checkpoint_count && at != NULL; i++) {
        at = sim__outcome_line(at, "checkpoint", &outcome->checkpoints[i], 1, 16);
    }
    if (at != NULL) {
        outcome->events = sim__must(strdup(at));
    }
    return at != NULL;
}

/* In the child: this very program and its arguments, elsewhere and with other surroundings. */
__attribute__((noreturn)) static void
sim__outcome_exec(const struct sim__runner *runner, const char *spec, int out)
{
    size_t count = (size_t)runner->argument_count;
    char **arguments = sim__must(calloc(count + 3, sizeof(*arguments)));
    memcpy(arguments, runner->arguments, count * sizeof(*arguments));
    arguments[count] = (char *)(uintptr_t) "--outcome";
    arguments[count + 1] = (char *)(uintptr_t)spec;
    char padding[3000]; // moves the stack
    memset(padding, 'x', sizeof(padding) - 1);
    padding[sizeof(padding) - 1] = '\0';
    (void)setenv("MYC_SIM_FRESH", padding, 1);
    (void)setenv("MALLOC_PERTURB_", "165", 1); // new and freed memory is not zero
    (void)setenv("LC_ALL", "C.UTF-8", 1);
    (void)setenv("TZ", "Asia/Kathmandu", 1);
    if (runner->tape_path == NULL && runner->bytes_path == NULL) {
        (void)!chdir("/");
    }
    (void)dup2(out, STDOUT_FILENO);
    (void)execv("/proc/self/exe", arguments);
    _exit(SIM__EXIT_USAGE);
}

static bool
sim__outcome_fresh(struct sim__runner *runner, const char *spec, struct sim__outcome *out_outcome)
{
    int ends[2];
    *out_outcome = (struct sim__outcome){0};
    (void)fflush(NULL);
    if (pipe(ends) != 0) {
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        sim__outcome_exec(runner, spec, ends[1]);
    }
    (void)close(ends[1]);
    char *text = sim__read_pipe(ends[0]);
    (void)close(ends[0]);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    bool is_read = child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == SIM__EXIT_OK
                   && sim__outcome_read(out_outcome, text);
    free(text);
    return is_read;
}

int sim__runner_outcome(struct sim__runner *runner)
{
    struct myc_sim_options options = sim__runner_options(runner, 0);
    char *at = NULL;
    options.seed = strtoull(runner->outcome_spec, &at, 10);
    if (*at == ':') {
        options.events_first = strtoull(at + 1, &at, 10);
    }
    if (*at == ':') {
        options.events_count = strtoull(at + 1, &at, 10);
    }
    if (*at != '\0') {
        (void)fprintf(stderr, "--outcome %s: expected SEED:FIRST:COUNT\n", runner->outcome_spec);
        return SIM__EXIT_USAGE;
    }
    struct sim__outcome outcome = sim__outcome_here(runner, &options);
    (void)printf(
        "outcome %" PRIu64 " %" PRIu64 " %zu\nhash %016" PRIx64 "\n",
        outcome.event_count,
        outcome.step_count,
        outcome.checkpoint_count,
        outcome.hash);
    for (size_t i = 0; i < outcome.checkpoint_count; i++) {
        (void)printf("checkpoint %016" PRIx64 "\n", outcome.checkpoints[i]);
    }
    (void)fputs(outcome.events != NULL ? outcome.events : "", stdout);
    sim__outcome_deinit(&outcome);
    return SIM__EXIT_OK;
}

// ---- Comparing ----

static bool sim__outcome_equals(const struct sim__outcome *a, const struct sim__outcome *b)
{
    return a->hash == b->hash && a->event_count == b->event_count && a->step_count == b->step_count;
}

static size_t sim__first_window(const struct sim__outcome *a, const struct sim__outcome *b)
{
    size_t at = 0;
    while (at < a->checkpoint_count && at < b->checkpoint_count
           && a->checkpoints[at] == b->checkpoints[at]) {
        at++;
    }
    return at;
}

/* Prints one event without the hash behind it. */
static void sim__print_event(const char *title, const char *line)
{
    int size = (int)strcspn(line, "\n");
    for (int i = size; i > 0; i--) {
        if (line[i] == '#') {
            size = i;
            break;
        }
    }
    (void)fprintf(stderr, "%s%.*s\n", title, size, size > 0 ? line : "nothing: the run is over");
}

static const char *sim__next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end != NULL ? end + 1 : line + strlen(line);
}

/* The events of both: what they last agreed on, and the first that differ. */
static void sim__print_divergence(const char *first, const char *second)
{
    const char *recent[SIM__DOUBLE_CONTEXT] = {NULL};
    size_t count = 0;
    const char *a = first != NULL ? first : "";
    const char *b = second != NULL ? second : "";
    while (*a != '\0' && strcspn(a, "\n") == strcspn(b, "\n")
           && memcmp(a, b, strcspn(a, "\n")) == 0) {
        recent[count++ % SIM__DOUBLE_CONTEXT] = a;
        a = sim__next_line(a);
        b = sim__next_line(b);
    }
    if (*a == '\0' && *b == '\0') {
        (void)fputs("  run once more, they agree there: it is not the same every time\n", stderr);
        return;
    }
    for (size_t i = count > SIM__DOUBLE_CONTEXT ? count - SIM__DOUBLE_CONTEXT : 0; i < count; i++) {
        sim__print_event("  both    ", recent[i % SIM__DOUBLE_CONTEXT]);
    }
    sim__print_event("  first   ", a);
    sim__print_event("  second  ", b);
}

static void sim__report_difference(
    struct sim__runner *runner,
    uint64_t seed,
    bool is_fresh,
    const struct sim__outcome *first,
    const struct sim__outcome *second)
{
    struct myc_sim_options options = sim__runner_options(runner, seed);
    char spec[SIM__DOUBLE_SPEC_BYTES];
    struct sim__outcome again = {0};
    options.events_first = (uint64_t)sim__first_window(first, second) * SIM__CHECKPOINT_EVENTS;
    options.events_count = SIM__CHECKPOINT_EVENTS;
    options.is_recording = false;
    (void)snprintf(
        spec,
        sizeof(spec),
        "%" PRIu64 ":%" PRIu64 ":%" PRIu64,
        seed,
        options.events_first,
        options.events_count);
    (void)fprintf(
        stderr,
        "FAILED %s: two runs of the same draws differ, the second %s (hash %016" PRIx64
        " and %016" PRIx64 ", %" PRIu64 " and %" PRIu64 " events)\n"
        "  the first events that differ, between %" PRIu64 " and %" PRIu64 ":\n",
        runner->scenario->name,
        is_fresh ? "in a fresh process" : "in the same process",
        first->hash,
        second->hash,
        first->event_count,
        second->event_count,
        options.events_first,
        options.events_first + options.events_count);
    struct sim__outcome here = sim__outcome_here(runner, &options);
    if (!is_fresh) {
        again = sim__outcome_here(runner, &options);
    } else if (!sim__outcome_fresh(runner, spec, &again)) {
        (void)fputs("  the fresh process ended without an answer\n", stderr);
    }
    sim__print_divergence(here.events, again.events);
    sim__outcome_deinit(&here);
    sim__outcome_deinit(&again);
    (void)fprintf(stderr, "  run again: %s %s ", runner->program, runner->scenario->name);
    if (runner->tape_path != NULL) {
        (void)fprintf(stderr, "--tape %s", runner->tape_path);
    } else if (runner->bytes_path != NULL) {
        (void)fprintf(stderr, "--bytes %s", runner->bytes_path);
    } else if (runner->is_boring) {
        (void)fputs("--boring", stderr);
    } else {
        (void)fprintf(stderr, "--seed %" PRIu64, seed);
    }
    (void)fprintf(
        stderr,
        " --check-%s%s\n",
        is_fresh ? "fresh" : "determinism",
        sim__memory_option(runner->memory));
}

/* A share of the seeds, the same ones in every campaign. */
static bool sim__is_checked(const struct sim__runner *runner, uint64_t seed)
{
    return sim__mix(seed + 1) % 100 < runner->check_percent;
}

bool sim__runner_compare(struct sim__runner *runner, uint64_t seed)
{
    const struct myc_sim_result *result = runner->result;
    const struct sim__outcome first = {
        .hash = result->event_hash,
        .event_count = result->event_count,
        .step_count = result->step_count,
        .checkpoints = result->checkpoints,
        .checkpoint_count = result->checkpoint_count,
    };
    bool is_same = true;
    if (!sim__is_checked(runner, seed)) {
        return true;
    }
    struct sim__outcome second = {0};
    if (runner->checks_determinism) {
        struct myc_sim_options options = sim__runner_options(runner, seed);
        second = sim__outcome_here(runner, &options);
        is_same = sim__outcome_equals(&first, &second);
        if (!is_same) {
            sim__report_difference(runner, seed, false, &first, &second);
        }
        sim__outcome_deinit(&second);
    }
    if (is_same && runner->checks_fresh) {
        char spec[SIM__DOUBLE_SPEC_BYTES];
        (void)snprintf(spec, sizeof(spec), "%" PRIu64, seed);
        if (!sim__outcome_fresh(runner, spec, &second)) {
            (void)fprintf(
                stderr,
                "FAILED %s: the same run in a fresh process ended without an answer\n",
                runner->scenario->name);
            is_same = false;
        } else if (!sim__outcome_equals(&first, &second)) {
            sim__report_difference(runner, seed, true, &first, &second);
            is_same = false;
        }
        sim__outcome_deinit(&second);
    }
    runner->compared_count++;
    return is_same;
}

#endif
