// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The shrinker: fewer and smaller choices that fail in the same way. Part of the implementation
 * unit.
 *
 * Each attempt replays a tape loosely in a child process, so that one that crashes or never ends
 * costs nothing but itself, and hands back the tape that the run really used. Whatever is kept is
 * therefore a tape whose replay has just failed with the verdict that is looked for.
 */
#ifndef MYC_SIM_RUNNER_SHRINK_H
#define MYC_SIM_RUNNER_SHRINK_H

#include <mycelium/sim/choice.h>
#include <mycelium/sim/runner_state.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIM__SHRINK_SECONDS = 20, SIM__SHRINK_VERDICT_BYTES = 1200, SIM__SHRINK_SHOWN = 40 };

/* A line of a tape; the texts lie in the tape. */
struct sim__shrink_choice {
    uint64_t value;
    uint64_t nth;
    const char *scope;
    const char *label;
};

struct sim__shrink {
    struct sim__runner *runner;
    struct myc_sim_options options;
    char verdict[SIM__SHRINK_VERDICT_BYTES]; /* what must fail again, numbers made alike */
    char *tape;                              /* the best so far, cut into texts */
    struct sim__shrink_choice *choices;
    size_t count;
    struct sim__shrink_choice *attempt; /* room for one attempt */
    uint64_t run_count;
    uint64_t run_count_max;
};

// ---- Verdicts and tapes ----

/* The first line with every number shown as '#', since a shorter run has other numbers. */
static void sim__shrink_normalise(const char *report, char *out_text, size_t size)
{
    size_t used = 0;
    bool is_number = false;
    for (; *report != '\0' && *report != '\n' && used + 1 < size; report++) {
        bool is_digit = *report >= '0' && *report <= '9';
        if (!is_digit || !is_number) {
            out_text[used++] = is_digit ? '#' : *report;
        }
        is_number = is_digit;
    }
    out_text[used] = '\0';
}

/* Takes over a recorded tape; it is well formed since the harness wrote it. */
static void sim__shrink_adopt(struct sim__shrink *shrink, char *tape)
{
    size_t capacity = 1;
    for (const char *at = tape; *at != '\0'; at++) {
        capacity += *at == '\n' ? 1 : 0;
    }
    free(shrink->tape);
    shrink->tape = tape;
    shrink->choices = sim__must(realloc(shrink->choices, capacity * sizeof(*shrink->choices)));
    shrink->attempt = sim__must(realloc(shrink->attempt, capacity * sizeof(*shrink->attempt)));
    shrink->count = 0;
    char *line = strchr(tape, '\n');
    while (line != NULL && line[1] != '\0') {
        char *end = NULL;
        struct sim__shrink_choice *choice = &shrink->choices[shrink->count++];
        choice->value = strtoull(line + 1, &end, 10);
        choice->nth = strtoull(end + 1, &end, 10);
        char *scope = end + 1;
        char *label = strchr(scope, ' ') + 1;
        label[-1] = '\0';
        line = strchr(label, '\n');
        *line = '\0';
        choice->scope = scope;
        choice->label = label;
    }
}

static char *sim__shrink_text(
    const struct sim__shrink *shrink, const struct sim__shrink_choice *choices, size_t count)
{
    char header[256];
    sim__tape_header(header, sizeof(header), shrink->runner->scenario->name);
    size_t size = strlen(header) + 1;
    for (size_t i = 0; i < count; i++) {
        size += strlen(choices[i].scope) + strlen(choices[i].label) + 48;
    }
    char *text = sim__must(malloc(size));
    size_t used = (size_t)snprintf(text, size, "%s", header);
    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(
            text + used,
            size - used,
            "%" PRIu64 " %" PRIu64 " %s %s\n",
            choices[i].value,
            choices[i].nth,
            choices[i].scope,
            choices[i].label);
    }
    return text;
}

// ---- One attempt ----

static void sim__write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(file, bytes, size);
        if (put <= 0) {
            break;
        }
        bytes += put;
        size -= (size_t)put;
    }
}

/* In the child: the verdict's line, then the tape; nothing at all if the run passes. */
__attribute__((noreturn)) static void
sim__shrink_child(const struct sim__shrink *shrink, const struct myc_sim_options *options, int out)
{
    struct myc_sim_result *result = shrink->runner->result;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)dup2(nowhere, STDERR_FILENO);
    (void)dup2(nowhere, STDOUT_FILENO);
    (void)alarm(SIM__SHRINK_SECONDS);
    if (myc_sim_run(shrink->runner->scenario, options, result) && result->is_failed) {
        sim__write_all(out, result->report, strcspn(result->report, "\n"));
        sim__write_all(out, "\n", 1);
        sim__write_all(out, result->tape_text, strlen(result->tape_text));
    }
    _exit(0);
}

static char *sim__read_all(int file)
{
    size_t used = 0;
    size_t capacity = 16384;
    char *text = sim__must(malloc(capacity));
    ssize_t got = 0;
    while ((got = read(file, text + used, capacity - used - 1)) > 0
           || (got < 0 && errno == EINTR)) {
        used += got > 0 ? (size_t)got : 0;
        if (used + 1 == capacity) {
            capacity *= 2;
            text = sim__must(realloc(text, capacity));
        }
    }
    text[used] = '\0';
    return text;
}

/* The verdict's line and the tape of a failed run in a child; NULL when it did not fail. */
static char *sim__shrink_run(struct sim__shrink *shrink, const struct myc_sim_options *options)
{
    int ends[2];
    (void)fflush(NULL);
    if (pipe(ends) != 0) {
        return NULL;
    }
    shrink->run_count++;
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        sim__shrink_child(shrink, options, ends[1]);
    }
    (void)close(ends[1]);
    char *text = sim__read_all(ends[0]);
    (void)close(ends[0]);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 || text[0] == '\0') {
        free(text);
        return NULL;
    }
    return text;
}

/* Keeps the attempt if it fails in the way that is looked for. */
static bool sim__shrink_try(struct sim__shrink *shrink, size_t count)
{
    if (shrink->run_count >= shrink->run_count_max) {
        return false;
    }
    char *tape = sim__shrink_text(shrink, shrink->attempt, count);
    struct myc_sim_options options = shrink->options;
    options.tape_text = tape;
    options.is_boring = false;
    options.is_strict = false;
    options.has_then_seed = false;
    options.bytes = NULL;
    char *text = sim__shrink_run(shrink, &options);
    free(tape);
    if (text == NULL) {
        return false;
    }
    char verdict[SIM__SHRINK_VERDICT_BYTES];
    sim__shrink_normalise(text, verdict, sizeof(verdict));
    bool is_same = strcmp(verdict, shrink->verdict) == 0;
    if (is_same) {
        sim__shrink_adopt(shrink, sim__must(strdup(strchr(text, '\n') + 1)));
    }
    free(text);
    return is_same;
}

// ---- Passes ----

/* Drops all choices of one label, label after label: whole kinds of faults at once. */
static void sim__shrink_labels(struct sim__shrink *shrink)
{
    for (size_t i = 0; i < shrink->count; i++) {
        size_t kept = 0;
        bool is_first = true;
        for (size_t j = 0; j < shrink->count; j++) {
            bool is_same = strcmp(shrink->choices[i].label, shrink->choices[j].label) == 0;
            is_first = is_first && !(is_same && j < i);
            if (!is_same) {
                shrink->attempt[kept++] = shrink->choices[j];
            }
        }
        if (is_first && sim__shrink_try(shrink, kept)) {
            i = SIZE_MAX; // all over again; there are fewer now
        }
    }
}

/* Drops chunks from the end backward: everything, halves, and so on down to single choices. */
static void sim__shrink_chunks(struct sim__shrink *shrink)
{
    for (size_t size = shrink->count; size > 0; size /= 2) {
        size_t end = shrink->count;
        while (end > 0) {
            size_t start = end > size ? end - size : 0;
            size_t kept = 0;
            for (size_t i = 0; i < shrink->count; i++) {
                if (i < start || i >= end) {
                    shrink->attempt[kept++] = shrink->choices[i];
                }
            }
            end = sim__shrink_try(shrink, kept) && start > shrink->count ? shrink->count : start;
        }
    }
}

static bool sim__shrink_try_value(struct sim__shrink *shrink, size_t at, uint64_t value)
{
    memcpy(shrink->attempt, shrink->choices, shrink->count * sizeof(*shrink->choices));
    shrink->attempt[at].value = value;
    return sim__shrink_try(shrink, shrink->count);
}

/* Lowers each value: to 1, else by halving the distance to the lowest known to fail. */
static void sim__shrink_values(struct sim__shrink *shrink)
{
    for (size_t i = 0; i < shrink->count; i++) {
        uint64_t high = shrink->choices[i].value;
        uint64_t low = 1;
        if (high > 1 && sim__shrink_try_value(shrink, i, 1)) {
            continue;
        }
        size_t count = shrink->count;
        while (high > low + 1 && count == shrink->count) {
            uint64_t middle = low + (high - low) / 2;
            if (sim__shrink_try_value(shrink, i, middle)) {
                high = middle;
            } else {
                low = middle;
            }
        }
    }
}

/* Makes one preemption of two: the first does not happen, the second where it was. */
static void sim__shrink_joins(struct sim__shrink *shrink)
{
    for (size_t i = 0; i < shrink->count; i++) {
        const struct sim__shrink_choice first = shrink->choices[i];
        size_t kept = 0;
        size_t at = SIZE_MAX;
        uint64_t added = 0;
        if (strcmp(first.label, "schedule.preempt") != 0) {
            continue;
        }
        for (size_t j = 0; j < shrink->count; j++) {
            struct sim__shrink_choice choice = shrink->choices[j];
            bool is_kin =
                strcmp(choice.label, first.label) == 0 && strcmp(choice.scope, first.scope) == 0;
            if (is_kin && choice.nth == first.nth + 1) {
                added = choice.value;
                continue;
            }
            at = j == i ? kept : at;
            choice.nth -= is_kin && choice.nth > first.nth ? 1 : 0;
            shrink->attempt[kept++] = choice;
        }
        if (added > 0) {
            shrink->attempt[at].value += added;
            i -= sim__shrink_try(shrink, kept) ? 1 : 0; // wraps to the next round's 0
        }
    }
}

static uint64_t sim__shrink_weight(const struct sim__shrink *shrink)
{
    uint64_t sum = shrink->count;
    for (size_t i = 0; i < shrink->count; i++) {
        sum += shrink->choices[i].value;
    }
    return sum;
}

static void sim__shrink_passes(struct sim__shrink *shrink)
{
    uint64_t before = 0;
    do {
        before = sim__shrink_weight(shrink);
        sim__shrink_labels(shrink);
        sim__shrink_chunks(shrink);
        sim__shrink_joins(shrink);
        sim__shrink_values(shrink);
    } while (sim__shrink_weight(shrink) < before && shrink->run_count < shrink->run_count_max);
}

// ---- What is left ----

static const char *sim__shrink_words(const char *label)
{
    static const char *const words[][2] = {
        {"schedule.preempt", "preempted after so many steps"},
        {"schedule.next", "another thread goes first"},
        {"schedule.priority", "its place among the threads"},
        {"schedule.change", "how soon priorities change"},
        {"wake.order", "another one wakes first"},
        {"event.order", "events of one instant change places"},
        {"fault.kill", "killed after so many points"},
        {"profile.", "drawn for the whole run"},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strncmp(label, words[i][0], strlen(words[i][0])) == 0) {
            return words[i][1];
        }
    }
    return "";
}

static void sim__shrink_print(const struct sim__shrink *shrink, FILE *out)
{
    const struct sim__runner *runner = shrink->runner;
    (void)fprintf(
        out,
        "shrunk: %zu choices that are not boring, of %zu; %" PRIu64 " runs%s\n",
        shrink->count,
        runner->shrunk.choice_count_before,
        shrink->run_count,
        shrink->run_count < shrink->run_count_max ? "" : " (all of --shrink-runs)");
    for (size_t i = 0; i < shrink->count && i < SIM__SHRINK_SHOWN; i++) {
        const struct sim__shrink_choice *choice = &shrink->choices[i];
        const char *words = sim__shrink_words(choice->label);
        (void)fprintf(
            out,
            "  %s of %s, draw %" PRIu64 ": %" PRIu64 "%s%s\n",
            choice->label,
            choice->scope,
            choice->nth + 1,
            choice->value,
            words[0] != '\0' ? "   # " : "",
            words);
    }
    if (shrink->count > SIM__SHRINK_SHOWN) {
        (void)fprintf(out, "  ... and %zu more\n", shrink->count - SIM__SHRINK_SHOWN);
    }
    char breaks[160] = "";
    sim__runner_breaks(runner, breaks, sizeof(breaks));
    (void)fprintf(
        out,
        "  run again: %s %s --tape %s%s%s%s%s\n",
        runner->program,
        runner->scenario->name,
        runner->shrunk.tape_path,
        breaks,
        runner->faults != NULL ? " --faults " : "",
        runner->faults != NULL ? runner->faults : "",
        runner->memory == MYC_SIM_MEMORY_STRONG ? " --memory strong" : "");
}

static void sim__shrink_name_tape(struct sim__runner *runner, uint64_t seed)
{
    char *path = runner->shrunk.tape_path;
    size_t size = sizeof(runner->shrunk.tape_path);
    const char *name = runner->scenario->name;
    if (runner->record_path != NULL) {
        (void)snprintf(path, size, "%s", runner->record_path);
    } else if (runner->tape_path != NULL || runner->is_boring) {
        (void)snprintf(path, size, "%s-%s.tape", name, runner->is_boring ? "boring" : "shrunk");
    } else {
        (void)snprintf(path, size, "%s-%" PRIu64 ".tape", name, seed);
    }
}

int sim__runner_shrink(struct sim__runner *runner, uint64_t seed)
{
    struct sim__shrink shrink = {.runner = runner, .run_count_max = runner->shrink_runs_max};
    int exit_code = SIM__EXIT_FAILURE;
    shrink.options = sim__runner_options(runner, seed);
    shrink.options.is_recording = true;
    shrink.options.is_dense = false;
    shrink.options.is_verbose = false;
    char *text = sim__shrink_run(&shrink, &shrink.options);
    if (text == NULL) {
        (void)fprintf(
            stderr,
            "%s: not shrunk: in a process of its own the run crashes, or does not fail\n",
            runner->scenario->name);
        return exit_code;
    }
    sim__shrink_normalise(text, shrink.verdict, sizeof(shrink.verdict));
    sim__shrink_adopt(&shrink, sim__must(strdup(strchr(text, '\n') + 1)));
    free(text);
    runner->shrunk.choice_count_before = shrink.count;
    sim__shrink_passes(&shrink);
    sim__shrink_name_tape(runner, seed);
    runner->shrunk.is_done = true;
    runner->shrunk.choice_count = shrink.count;
    runner->shrunk.run_count = shrink.run_count;
    char *tape = sim__shrink_text(&shrink, shrink.choices, shrink.count);
    if (sim__write_file(runner->shrunk.tape_path, tape)) {
        sim__shrink_print(&shrink, runner->is_json ? stderr : stdout);
    } else {
        exit_code = SIM__EXIT_USAGE;
    }
    free(tape);
    free(shrink.tape);
    free(shrink.choices);
    free(shrink.attempt);
    return exit_code;
}

#endif
