// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * myc-bench: runs the experiments that the arguments select and prints what they say.
 *
 * Sides of an experiment take turns, and who begins changes with every repetition, so that whatever
 * disturbs the machine disturbs all of them.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "bench.h"
#include "machine.h"

enum { NAMES_MAX = 32, RESULTS_MAX = 96, WATCHDOG_SECONDS = 120, EXIT_USAGE = 2 };

struct arguments {
    const char *names[NAMES_MAX];
    size_t name_count;
    uint32_t repetitions;
    bool is_json;
    bool is_quick;
    bool is_list;
    const char *plots;
};

struct session {
    struct arguments arguments;
    struct bench_setup setup;
    struct bench_result results[RESULTS_MAX];
    size_t result_count;
    bool has_failed; /* something did not run, or was not drawn */
    double samples[BENCH_SIDES_MAX][BENCH_VALUES_MAX][BENCH_REPETITIONS_MAX];
};

static int usage(const char *problem, const char *word)
{
    (void)fprintf(
        stderr,
        "myc-bench: %s '%s'\n"
        "usage: myc-bench [NAME...] [--json] [--list] [--quick] [--repetitions N] [--plots DIR]\n"
        "NAME selects all cases BENCH/CASE that begin with it; 'socket' all that use sockets\n",
        problem,
        word);
    return EXIT_USAGE;
}

// Whether the names given select a case; no names select all.
static bool
is_selected(const struct arguments *arguments, const char *bench, const char *name, bool is_socket)
{
    char full[64];
    (void)snprintf(full, sizeof(full), "%s/%s", bench, name);
    for (size_t i = 0; i < arguments->name_count; i++) {
        const char *wanted = arguments->names[i];
        if (strncmp(full, wanted, strlen(wanted)) == 0
            || (is_socket && strcmp(wanted, "socket") == 0)) {
            return true;
        }
    }
    return arguments->name_count == 0;
}

static bool is_case_selected(const struct arguments *arguments, const struct bench_case *of)
{
    return is_selected(arguments, of->bench, of->name, of->is_socket);
}

// ---- Running ----

// Which sides the selected cases need, one bit each.
static uint32_t
needed_sides(const struct arguments *arguments, const struct bench_experiment *experiment)
{
    uint32_t needed = 0;
    for (uint32_t i = 0; i < experiment->case_count; i++) {
        const struct bench_case *of = &experiment->cases[i];
        if (is_case_selected(arguments, of)) {
            needed |= UINT32_C(1) << of->ours | UINT32_C(1) << of->reference;
        }
    }
    // A plot shows all of its curves.
    const struct bench_sweep *sweep = experiment->sweep;
    if (needed != 0 && sweep != NULL) {
        needed |= ((UINT32_C(1) << sweep->side_count) - 1) << sweep->first_side;
    }
    return needed;
}

static bool run_side(
    struct session *session, const struct bench_experiment *experiment, uint32_t side, uint32_t run)
{
    double values[BENCH_VALUES_MAX] = {0};
    (void)alarm(WATCHDOG_SECONDS);
    bool is_good = experiment->sides[side].run(&session->setup, values);
    (void)alarm(0);
    for (uint32_t i = 0; i < BENCH_VALUES_MAX; i++) {
        session->samples[side][i][run] = values[i];
    }
    if (!is_good) {
        (void)fprintf(stderr, "myc-bench: '%s' did not run\n", experiment->sides[side].name);
    }
    return is_good;
}

static void
report(struct session *session, const struct bench_experiment *experiment, uint32_t needed)
{
    const struct arguments *arguments = &session->arguments;
    uint32_t runs = arguments->repetitions;
    for (uint32_t i = 0; i < experiment->case_count; i++) {
        const struct bench_case *of = &experiment->cases[i];
        if (!is_case_selected(arguments, of) || session->result_count == RESULTS_MAX) {
            continue;
        }
        struct bench_result *result = &session->results[session->result_count++];
        bench_compare(
            of,
            session->samples[of->ours][of->ours_value],
            session->samples[of->reference][of->reference_value],
            runs,
            result);
        if (arguments->is_json) {
            bench_print_json(result);
        } else {
            bench_print_row(result);
        }
    }
    double medians[BENCH_SIDES_MAX][BENCH_VALUES_MAX];
    for (uint32_t side = 0; side < experiment->side_count; side++) {
        for (uint32_t i = 0; i < BENCH_VALUES_MAX; i++) {
            medians[side][i] = bench_median(session->samples[side][i], runs);
        }
        if ((needed >> side & 1) != 0 && !arguments->is_json) {
            bench_print_values(&experiment->sides[side], medians[side]);
        }
    }
    if (experiment->sweep != NULL && needed != 0 && arguments->plots != NULL) {
        session->has_failed =
            !bench_plot_sweep(arguments->plots, experiment, medians) || session->has_failed;
    }
}

static void run_experiment(struct session *session, const struct bench_experiment *experiment)
{
    uint32_t needed = needed_sides(&session->arguments, experiment);
    for (uint32_t run = 0; needed != 0 && run < session->arguments.repetitions; run++) {
        for (uint32_t turn = 0; turn < experiment->side_count; turn++) {
            uint32_t side = (turn + run) % experiment->side_count;
            if ((needed >> side & 1) != 0 && !run_side(session, experiment, side, run)) {
                session->has_failed = true; // the others still run
                return;
            }
        }
    }
    report(session, experiment, needed);
}

// ---- Plots ----

static bool plot_all(const struct session *session)
{
    static const char *const benches[] = {"ring", "framed", "queue", "pool", "bus"};
    bool is_good = true;
    for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
        is_good = bench_plot(
                      session->arguments.plots, benches[i], session->results, session->result_count)
                  && is_good;
    }
    return is_good;
}

// ---- Arguments ----

static bool parse_count(const char *text, uint32_t *out_count)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || value == 0
        || value > BENCH_REPETITIONS_MAX) {
        return false;
    }
    *out_count = (uint32_t)value;
    return true;
}

// Whether a name selects anything, so that a typing error does not print an empty table.
static bool is_known(const char *name)
{
    struct arguments one = {.names = {name}, .name_count = 1};
    for (size_t i = 0; i < bench_experiment_count; i++) {
        if (needed_sides(&one, bench_experiments[i]) != 0) {
            return true;
        }
    }
    for (size_t i = 0; i < bench_gap_count; i++) {
        const struct bench_gap *gap = &bench_gaps[i];
        if (is_selected(&one, gap->bench, gap->name, gap->is_socket)) {
            return true;
        }
    }
    return false;
}

static int parse(int count, char **words, struct arguments *arguments)
{
    arguments->repetitions = BENCH_REPETITIONS_DEFAULT;
    for (int i = 1; i < count; i++) {
        const char *word = words[i];
        const char *value = i + 1 < count ? words[i + 1] : "";
        if (strcmp(word, "--json") == 0) {
            arguments->is_json = true;
        } else if (strcmp(word, "--quick") == 0) {
            arguments->is_quick = true;
        } else if (strcmp(word, "--list") == 0) {
            arguments->is_list = true;
        } else if (strcmp(word, "--repetitions") == 0) {
            if (!parse_count(value, &arguments->repetitions)) {
                return usage("--repetitions takes a number from 1 to 101, not", value);
            }
            i++;
        } else if (strcmp(word, "--plots") == 0) {
            if (*value == '\0') {
                return usage("a folder must follow", word);
            }
            arguments->plots = value;
            i++;
        } else if (word[0] == '-') {
            return usage("unknown option", word);
        } else if (!is_known(word)) {
            return usage("--list shows all cases, none begins with", word);
        } else if (arguments->name_count == NAMES_MAX) {
            return usage("too many names at", word);
        } else {
            arguments->names[arguments->name_count++] = word;
        }
    }
    return 0;
}

static void list(const struct arguments *arguments)
{
    for (size_t i = 0; i < bench_experiment_count; i++) {
        for (uint32_t j = 0; j < bench_experiments[i]->case_count; j++) {
            const struct bench_case *of = &bench_experiments[i]->cases[j];
            if (is_case_selected(arguments, of)) {
                (void)printf("%s/%s\n", of->bench, of->name);
            }
        }
    }
}

static int run(struct session *session)
{
    const struct arguments *arguments = &session->arguments;
    session->setup.is_quick = arguments->is_quick;
    if (!bench_machine_init(&session->setup)) {
        return EXIT_FAILURE;
    }
    if (!arguments->is_json) {
        bench_machine_print(&session->setup);
        bench_print_head();
    }
    for (size_t i = 0; i < bench_experiment_count; i++) {
        run_experiment(session, bench_experiments[i]);
    }
    for (size_t i = 0; i < bench_gap_count && !arguments->is_json; i++) {
        const struct bench_gap *gap = &bench_gaps[i];
        if (is_selected(arguments, gap->bench, gap->name, gap->is_socket)) {
            bench_print_gap(gap);
        }
    }
    bool is_drawn = arguments->plots == NULL || plot_all(session);
    return is_drawn && !session->has_failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int count, char **words)
{
    struct session *session = calloc(1, sizeof(*session));
    if (session == NULL) {
        return EXIT_FAILURE;
    }
    int code = parse(count, words, &session->arguments);
    if (code == 0 && session->arguments.is_list) {
        list(&session->arguments);
    } else if (code == 0) {
        code = run(session);
    }
    free(session);
    return code;
}
