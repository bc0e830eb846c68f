// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The options of the command: one table for parsing and for --help. Part of the implementation
 * unit.
 */
#ifndef MYC_SIM_RUNNER_ARGUMENTS_H
#define MYC_SIM_RUNNER_ARGUMENTS_H

#include <mycelium/sim/memory_names.h>
#include <mycelium/sim/runner_state.h>

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool sim__parse_number(const char *text, const char *end, uint64_t *out_number)
{
    uint64_t number = 0;
    const char *at = text;
    for (; at != end && *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *out_number = number;
    return at != text && at == end;
}

static bool sim__parse_seeds(struct sim__runner *runner, const char *text)
{
    const char *dots = strstr(text, "..");
    runner->has_seeds = true;
    return dots != NULL && sim__parse_number(text, dots, &runner->seed_first)
           && sim__parse_number(dots + 2, dots + 2 + strlen(dots + 2), &runner->seed_last)
           && runner->seed_first <= runner->seed_last;
}

/* NAME:N; the name goes to `name`, of 64 bytes, and N+1 to `out_number`. */
static bool sim__parse_place(const char *text, char *name, uint64_t *out_number)
{
    const char *end = text + strlen(text);
    const char *colon = strrchr(text, ':');
    size_t size = colon != NULL ? (size_t)(colon - text) : 0;
    if (size == 0 || size >= 64 || !sim__parse_number(colon + 1, end, out_number)
        || *out_number == UINT64_MAX) {
        return false;
    }
    memcpy(name, text, size);
    *out_number += 1;
    return true;
}

static bool sim__parse_crash(struct sim__runner *runner, const char *text)
{
    runner->crash_process = runner->crash_name;
    return sim__parse_place(text, runner->crash_name, &runner->crash_point);
}

static bool sim__parse_crash_next(struct sim__runner *runner, const char *text)
{
    bool is_good = sim__parse_number(text, text + strlen(text), &runner->crash_next_point);
    return is_good && runner->crash_next_point++ != UINT64_MAX;
}

static bool sim__parse_alloc_at(struct sim__runner *runner, const char *text)
{
    runner->alloc_process = runner->alloc_name;
    return sim__parse_place(text, runner->alloc_name, &runner->alloc_number);
}

static bool sim__parse_alloc_from(struct sim__runner *runner, const char *text)
{
    runner->alloc_is_sticky = true;
    return sim__parse_alloc_at(runner, text);
}

static bool sim__parse_alloc_sweep(struct sim__runner *runner, const char *text)
{
    runner->sweep.is_wanted = true;
    runner->sweep.kind = SIM__SWEEP_ALLOCATIONS;
    runner->alloc_process = text;
    return *text != '\0';
}

static bool sim__parse_seed(struct sim__runner *runner, const char *text)
{
    runner->has_seeds = true;
    bool is_good = sim__parse_number(text, text + strlen(text), &runner->seed_first);
    runner->seed_last = runner->seed_first;
    return is_good;
}

static bool sim__parse_time(struct sim__runner *runner, const char *text)
{
    char *rest = NULL;
    runner->seconds_max = strtod(text, &rest);
    return *rest == '\0' && rest != text && runner->seconds_max > 0;
}

static bool sim__parse_sweep(struct sim__runner *runner, const char *text)
{
    runner->sweep.is_wanted = true;
    runner->crash_process = text;
    return *text != '\0';
}

static bool sim__parse_jobs(struct sim__runner *runner, const char *text)
{
    return sim__parse_number(text, text + strlen(text), &runner->job_count)
           && runner->job_count >= 1 && runner->job_count <= SIM__JOBS_MAX;
}

static bool sim__parse_then(struct sim__runner *runner, const char *text)
{
    runner->has_then_seed = true;
    return sim__parse_number(text, text + strlen(text), &runner->then_seed);
}

static bool sim__parse_prefix(struct sim__runner *runner, const char *text)
{
    runner->has_prefix = true;
    return sim__parse_number(text, text + strlen(text), &runner->prefix_draws)
           && runner->prefix_draws > 0;
}

static bool sim__parse_dense(struct sim__runner *runner, const char *text)
{
    runner->is_dense = true;
    runner->record_path = text;
    return *text != '\0';
}

static bool sim__parse_memory(struct sim__runner *runner, const char *text)
{
    return sim__memory_read(text, &runner->memory);
}

static bool sim__parse_share(struct sim__runner *runner, const char *text)
{
    return sim__parse_number(text, text + strlen(text), &runner->check_percent)
           && runner->check_percent >= 1 && runner->check_percent <= 100;
}

static bool sim__parse_run_seconds(struct sim__runner *runner, const char *text)
{
    return sim__parse_number(text, text + strlen(text), &runner->run_seconds_max)
           && runner->run_seconds_max <= SIM__RUN_SECONDS_MAX;
}

static bool sim__parse_clock(struct sim__runner *runner, const char *text)
{
    bool is_steps = strcmp(text, "steps") == 0;
    runner->trace_clock = is_steps ? MYC_SIM_TRACE_STEPS : MYC_SIM_TRACE_TIME;
    return is_steps || strcmp(text, "virtual") == 0;
}

// ---- The table ----

enum sim__option_kind { SIM__OPTION_FLAG, SIM__OPTION_TEXT, SIM__OPTION_NUMBER, SIM__OPTION_OWN };

struct sim__option {
    const char *name;
    const char *value; /* what it is called in the help; NULL: takes none */
    enum sim__option_kind kind;
    size_t offset; /* of its bool, text or uint64_t in the runner */
    bool (*parse)(struct sim__runner *runner, const char *text); /* of OWN; sees it whole */
    const char *about;                                           /* lines */
};

#define SIM__FLAG(member) SIM__OPTION_FLAG, offsetof(struct sim__runner, member), NULL
#define SIM__TEXT(member) SIM__OPTION_TEXT, offsetof(struct sim__runner, member), NULL
#define SIM__NUMBER(member) SIM__OPTION_NUMBER, offsetof(struct sim__runner, member), NULL
#define SIM__OWN(parse) SIM__OPTION_OWN, 0, (parse)

static const struct sim__option sim__options[] = {
    {"--seed", "N", SIM__OWN(sim__parse_seed), "one run from seed N (default 1)"},
    {"--seeds", "A..B", SIM__OWN(sim__parse_seeds), "runs from seeds A to B, until one fails"},
    {"--time",
     "SECONDS",
     SIM__OWN(sim__parse_time),
     "goes on from the first seed until the time is over"},
    {"--jobs",
     "1..256",
     SIM__OWN(sim__parse_jobs),
     "so many processes share the seeds; the outcome is the\n"
     "same for any number"},
    {"--run-seconds",
     "0..1000000",
     SIM__OWN(sim__parse_run_seconds),
     "a run that takes longer, in real time, failed (default 120;\n"
     "0: no bound)"},
    {"--boring", NULL, SIM__FLAG(is_boring), "one run in which every draw is 0"},
    {"--tape", "FILE", SIM__TEXT(tape_path), "replays a tape; what it does not name is 0"},
    {"--strict",
     NULL,
     SIM__FLAG(is_strict),
     "with --tape: a dense tape, and the run fails where it makes another\n"
     "draw than the tape"},
    {"--bytes", "FILE", SIM__TEXT(bytes_path), "replays a fuzzer's input"},
    {"--then-seed",
     "N",
     SIM__OWN(sim__parse_then),
     "with --tape: seed N draws what the tape does not name; with\n"
     "--prefix: seed N draws what comes after"},
    {"--prefix",
     "N",
     SIM__OWN(sim__parse_prefix),
     "with --then-seed: the first N draws are those of the seed, tape or\n"
     "bytes, the others the --then-seed's"},
    {"--record", "FILE", SIM__TEXT(record_path), "writes the tape of the last run"},
    {"--record-bytes",
     "FILE",
     SIM__TEXT(record_bytes_path),
     "writes them as a fuzzer's input, for its corpus"},
    {"--record-dense",
     "FILE",
     SIM__OWN(sim__parse_dense),
     "writes it with every draw, for --strict"},
    {"--shrink",
     NULL,
     SIM__FLAG(shrinks),
     "after a failure looks for the fewest and smallest choices that\n"
     "still fail in the same way, and writes them as a tape: to the\n"
     "--record file, else to <scenario>-<seed>.tape"},
    {"--shrink-runs",
     "N",
     SIM__NUMBER(shrink_runs_max),
     "gives up shrinking after so many runs (default 50000)"},
    {"--shrink-seconds",
     "N",
     SIM__NUMBER(shrink_seconds_max),
     "or after so many seconds (default 30)"},
    {"--crash-sweep",
     "NAME",
     SIM__OWN(sim__parse_sweep),
     "runs once, boring unless a seed or tape is given, then kills the\n"
     "process NAME at each of its scheduling points in turn; NAME#2 is\n"
     "the second start of that name, NAME the first"},
    {"--crash-pairs",
     "N",
     SIM__NUMBER(sweep.pairs),
     "in a crash sweep also tries N drawn pairs of deaths: of NAME and\n"
     "of the next start of that name"},
    {"--crash-at",
     "NAME:N",
     SIM__OWN(sim__parse_crash),
     "kills the process NAME at its point N, counted from 0"},
    {"--exhaustive",
     NULL,
     SIM__FLAG(explore.is_wanted),
     "goes through all schedules and values read, the fewest choices\n"
     "that are not boring first, until one fails; a failure is written\n"
     "to the --record file, else to <scenario>-exhaustive.tape"},
    {"--exhaustive-runs", "N", SIM__NUMBER(explore.options.runs_max), "at most so many runs"},
    {"--exhaustive-depth",
     "N",
     SIM__NUMBER(explore.options.depth_max),
     "draws after the first N of a run are 0"},
    {"--exhaustive-choices",
     "N",
     SIM__NUMBER(explore.options.choices_max),
     "at most N choices of a run that are not boring"},
    {"--exhaustive-only",
     "LABELS",
     SIM__TEXT(explore.options.only),
     "only draws whose labels begin with one of these, by commas; others\n"
     "are 0. Default: all but \"profile.\""},
    {"--onset",
     NULL,
     SIM__FLAG(onset.is_wanted),
     "with a seed, tape or bytes that fail: looks for the draw at which\n"
     "the failure becomes inevitable, whatever comes after it"},
    {"--onset-runs",
     "N",
     SIM__NUMBER(onset.run_count),
     "so many continuations at each place (default 50)"},
    {"--break-step",
     "N",
     SIM__NUMBER(break_step),
     "for debuggers: raises SIGTRAP at step N, which a failure's report\n"
     "names; without a debugger that ends the program"},
    {"--crash-next",
     "N",
     SIM__OWN(sim__parse_crash_next),
     "and the next start of that name at its point N"},
    {"--alloc-sweep",
     "NAME",
     SIM__OWN(sim__parse_alloc_sweep),
     "as --crash-sweep, but refuses the process each of its allocations\n"
     "in turn: alone, and then with all that follow while faults are on"},
    {"--alloc-fail-at",
     "NAME:N",
     SIM__OWN(sim__parse_alloc_at),
     "refuses the process NAME its allocation N, counted from 0"},
    {"--alloc-fail-from",
     "NAME:N",
     SIM__OWN(sim__parse_alloc_from),
     "and all that follow while faults are on"},
    {"--trace",
     "FILE",
     SIM__TEXT(trace_path),
     "writes the failed run, or the only one, for ui.perfetto.dev"},
    {"--trace-clock",
     "virtual|steps",
     SIM__OWN(sim__parse_clock),
     "the time line of --trace: virtual time (default) or steps"},
    {"--report", "FILE", SIM__TEXT(page_path), "writes the same run as a page for a browser"},
    {"--seeds-file",
     "FILE",
     SIM__TEXT(seeds_path),
     "first runs this scenario's seeds of a regression list"},
    {"--faults",
     "LIST",
     SIM__TEXT(faults),
     "only these kinds of faults, of those the scenario allows: names\n"
     "with commas between them, all, or none"},
    {"--gate",
     NULL,
     SIM__FLAG(has_gate),
     "fails when a kind of fault that was on was never injected though\n"
     "20 injections were to be expected, or 48 had no effect, or what\n"
     "the scenario allows could not happen in any of 48 runs"},
    {"--require-marks",
     "LIST",
     SIM__TEXT(required_marks),
     "fails when a SOMETIMES or REACHED mark was never hit: all, or\n"
     "beginnings of labels with commas between them; -ring.fill takes\n"
     "those that begin so out again"},
    {"--check-determinism",
     NULL,
     SIM__FLAG(checks_determinism),
     "runs everything twice and compares"},
    {"--check-fresh",
     NULL,
     SIM__FLAG(checks_fresh),
     "runs everything again in a fresh process with other\n"
     "surroundings, and compares"},
    {"--check-share",
     "1..100",
     SIM__OWN(sim__parse_share),
     "checks only so many of 100 seeds (default 100)"},
    {"--outcome",
     "SEED:FIRST:COUNT",
     SIM__TEXT(outcome_spec),
     "prints hash, checkpoints and the events of one run from number\n"
     "FIRST, to compare two builds of a program"},
    {"--expect-failure", NULL, SIM__FLAG(expects_failure), "succeeds only if a run fails"},
    {"--memory",
     "weak|portable|tso|strong",
     SIM__OWN(sim__parse_memory),
     "as C11 allows, calls of the kernel being fences (default); waits\n"
     "on words being none; as on x86; or sequentially consistent. Only\n"
     "programs of the simcheck build differ"},
    {"--json", NULL, SIM__FLAG(is_json), "prints one JSON object"},
    {"--verbose", NULL, SIM__FLAG(is_verbose), "prints log and events while running"},
    {"--list", NULL, SIM__FLAG(is_list), "lists the scenarios"},
    {"--help", NULL, SIM__FLAG(is_help), "this text"},
};

enum { SIM__OPTION_COUNT = sizeof(sim__options) / sizeof(sim__options[0]), SIM__HELP_INDENT = 23 };

_Static_assert(SIM__OPTION_COUNT <= 64, "sim__runner.given has a bit for each option");

static void sim__print_help(const struct sim__runner *runner)
{
    (void)printf("usage: %s [scenario] [options]\n", runner->program);
    for (size_t i = 0; i < SIM__OPTION_COUNT; i++) {
        const struct sim__option *option = &sim__options[i];
        int used = printf("  %s %s", option->name, option->value != NULL ? option->value : "");
        const char *line = option->about;
        while (line != NULL) {
            int size = (int)strcspn(line, "\n");
            int gap = used < SIM__HELP_INDENT ? SIM__HELP_INDENT - used : 1;
            (void)printf("%*s%.*s\n", gap, "", size, line);
            line = line[size] != '\0' ? line + size + 1 : NULL;
            used = 0;
        }
    }
    (void)printf("exit: 0 nothing found, 1 a failure, 2 a wrong command line or file\n");
}

static bool
sim__parse_option(struct sim__runner *runner, const struct sim__option *option, const char *value)
{
    char *field = (char *)runner + option->offset;
    switch (option->kind) {
    case SIM__OPTION_FLAG:
        *(bool *)field = true;
        return true;
    case SIM__OPTION_TEXT:
        *(const char **)(void *)field = value;
        return true;
    case SIM__OPTION_NUMBER:
        return sim__parse_number(value, value + strlen(value), (uint64_t *)(void *)field);
    case SIM__OPTION_OWN:
        return option->parse(runner, value);
    }
    return false;
}

/* Reads the option at argv[i]; returns how many words it took, 0 when it is wrong. */
static int sim__parse_word(struct sim__runner *runner, int argc, char **argv, int i)
{
    const struct sim__option *option = NULL;
    for (size_t k = 0; k < SIM__OPTION_COUNT; k++) {
        option = strcmp(sim__options[k].name, argv[i]) == 0 ? &sim__options[k] : option;
    }
    bool has_value = option != NULL && option->value != NULL;
    const char *value = has_value && i + 1 < argc ? argv[i + 1] : NULL;
    if (option == NULL) {
        (void)fprintf(stderr, "%s: no such option; see --help\n", argv[i]);
        return 0;
    }
    if (has_value && value == NULL) {
        (void)fprintf(stderr, "%s: its value %s is missing; see --help\n", argv[i], option->value);
        return 0;
    }
    if (!sim__parse_option(runner, option, value)) {
        (void)fprintf(
            stderr, "%s %s: its value must be %s; see --help\n", argv[i], value, option->value);
        return 0;
    }
    runner->given |= UINT64_C(1) << (option - sim__options);
    return has_value ? 2 : 1;
}

static bool sim__complain(const char *what)
{
    (void)fprintf(stderr, "%s\n", what);
    return false;
}

static bool sim__is_given(const struct sim__runner *runner, const char *name)
{
    for (size_t i = 0; i < SIM__OPTION_COUNT; i++) {
        if (strcmp(sim__options[i].name, name) == 0) {
            return (runner->given >> i & 1) != 0;
        }
    }
    return false;
}

/* An option that would say nothing, or unsay another, is a mistake rather than a wish. */
static bool sim__check_pairs(const struct sim__runner *runner)
{
    static const char *const needs[][3] = {
        {"--crash-next", "--crash-at", "--crash-at"},
        {"--crash-pairs", "--crash-sweep", "--crash-sweep"},
        {"--exhaustive-runs", "--exhaustive", "--exhaustive"},
        {"--exhaustive-depth", "--exhaustive", "--exhaustive"},
        {"--exhaustive-choices", "--exhaustive", "--exhaustive"},
        {"--exhaustive-only", "--exhaustive", "--exhaustive"},
        {"--onset-runs", "--onset", "--onset"},
        {"--shrink-runs", "--shrink", "--shrink"},
        {"--trace-clock", "--trace", "--trace"},
        {"--check-share", "--check-determinism", "--check-fresh"},
    };
    static const char *const excludes[][2] = {
        {"--tape", "--boring"},
        {"--seeds-file", "--tape"},
        {"--seeds-file", "--bytes"},
        {"--seeds-file", "--boring"},
        {"--seeds-file", "--exhaustive"},
        {"--seeds-file", "--onset"},
        {"--seed", "--seeds"},
        {"--record", "--record-dense"},
        {"--crash-sweep", "--alloc-sweep"},
        {"--check-fresh", "--crash-sweep"},
        {"--check-fresh", "--alloc-sweep"},
        {"--alloc-fail-at", "--alloc-fail-from"},
        {"--exhaustive", "--gate"},
        {"--exhaustive", "--require-marks"},
        {"--exhaustive", "--check-determinism"},
        {"--exhaustive", "--check-fresh"},
    };
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        const char *const *it = needs[i];
        if (sim__is_given(runner, it[0]) && !sim__is_given(runner, it[1])
            && !sim__is_given(runner, it[2])) {
            bool is_one = it[1] == it[2] || strcmp(it[1], it[2]) == 0;
            (void)fprintf(
                stderr,
                "%s needs %s%s%s\n",
                it[0],
                it[1],
                is_one ? "" : " or ",
                is_one ? "" : it[2]);
            return false;
        }
    }
    for (size_t i = 0; i < sizeof(excludes) / sizeof(excludes[0]); i++) {
        const char *const *it = excludes[i];
        if (sim__is_given(runner, it[0]) && sim__is_given(runner, it[1])) {
            (void)fprintf(stderr, "%s excludes %s\n", it[0], it[1]);
            return false;
        }
    }
    return true;
}

/* Whether what is to draw makes sense together. */
static bool sim__check_sources(const struct sim__runner *runner)
{
    bool has_tape = runner->tape_path != NULL;
    bool has_bytes = runner->bytes_path != NULL;
    bool has_seeds = runner->has_seeds || runner->seconds_max > 0;
    if ((has_tape || runner->is_boring) && has_seeds) {
        return sim__complain("--tape and --boring are one run: they exclude seeds and --time");
    }
    if (has_bytes && (has_tape || runner->is_boring || has_seeds)) {
        return sim__complain("--bytes excludes --tape, --boring, seeds and --time");
    }
    if (runner->is_strict && (!has_tape || runner->has_then_seed)) {
        return sim__complain("--strict needs --tape and excludes --then-seed");
    }
    if (runner->has_prefix && !runner->has_then_seed) {
        return sim__complain("--prefix needs --then-seed, the seed that draws after it");
    }
    if (runner->has_then_seed && !runner->has_prefix && !has_tape) {
        return sim__complain("--then-seed needs --tape or --prefix");
    }
    if (runner->explore.is_wanted
        && (has_tape || has_bytes || has_seeds || runner->is_boring || runner->has_then_seed
            || runner->shrinks || runner->sweep.is_wanted || runner->onset.is_wanted)) {
        return sim__complain(
            "--exhaustive goes through all runs itself: it excludes seeds, --tape, --bytes, "
            "--boring, --then-seed, --shrink, --onset and --crash-sweep");
    }
    if (runner->onset.is_wanted
        && (runner->is_strict || runner->has_then_seed || runner->sweep.is_wanted
            || runner->onset.run_count == 0 || runner->seed_first != runner->seed_last)) {
        return sim__complain(
            "--onset is about one run and at least one continuation: it excludes --seeds, --time, "
            "--strict, --then-seed and --crash-sweep");
    }
    return true;
}

static bool sim__check_faults(const struct sim__runner *runner)
{
    bool is_allowed[MYC_SIM_FAULT_COUNT];
    char message[2048];
    if (runner->faults == NULL
        || sim__faults_read(runner->faults, is_allowed, message, sizeof(message))) {
        return true;
    }
    (void)fprintf(stderr, "--faults %s: %s\n", runner->faults, message);
    return false;
}

static bool sim__parse_arguments(struct sim__runner *runner, int argc, char **argv)
{
    for (int i = 1; i < argc;) {
        if (argv[i][0] == '-') {
            int words = sim__parse_word(runner, argc, argv, i);
            if (words == 0) {
                return false;
            }
            i += words;
        } else if (runner->scenario_name != NULL) {
            (void)fprintf(stderr, "%s: only one scenario can be named\n", argv[i]);
            return false;
        } else {
            runner->scenario_name = argv[i++];
        }
    }
    if (runner->seconds_max > 0 && runner->seed_first == runner->seed_last) {
        runner->seed_last = UINT64_MAX;
    }
    if (!sim__check_sources(runner) || !sim__check_pairs(runner) || !sim__check_faults(runner)) {
        return false;
    }
    if (runner->job_count > 0
        && (runner->tape_path != NULL || runner->bytes_path != NULL || runner->is_boring
            || runner->sweep.is_wanted || runner->explore.is_wanted || runner->onset.is_wanted
            || (runner->record_path != NULL && !runner->shrinks))) {
        (void)fprintf(
            stderr,
            "--jobs shares seeds: it excludes --tape, --bytes, --boring, --record, --exhaustive, "
            "--onset and sweeps\n");
        return false;
    }
    if (runner->sweep.is_wanted) {
        if (runner->crash_point > 0 || runner->alloc_number > 0 || runner->shrinks
            || runner->record_path != NULL || runner->seeds_path != NULL) {
            (void)fprintf(
                stderr,
                "%s excludes --crash-at, --alloc-fail-*, --shrink, --record and --seeds-file; "
                "use those with the options that it prints\n",
                runner->sweep.kind == SIM__SWEEP_CRASHES ? "--crash-sweep" : "--alloc-sweep");
            return false;
        }
        bool has_source =
            runner->tape_path != NULL || runner->bytes_path != NULL || runner->has_seeds;
        runner->is_boring = !has_source && runner->seconds_max <= 0;
    }
    return true;
}

#endif
