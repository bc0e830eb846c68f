// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The command around scenarios: arguments, campaigns over seeds, summaries, crashes. Part of the
 * implementation unit.
 */
#ifndef MYC_SIM_RUNNER_H
#define MYC_SIM_RUNNER_H

#include <mycelium/sim/runner_state.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { SIM__CRASH_STACK_BYTES = 64 * 1024 };

static double sim__real_seconds(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// ---- Crashes ----

static void sim__crash_say(const char *text)
{
    (void)!write(STDERR_FILENO, text, strlen(text));
}

/* Called in a dying process: says which run it was, with nothing but write(). */
static void sim__crash_report(void)
{
    if (sim__world_now != NULL) {
        sim__crash_say("FAILED ");
        sim__crash_say(sim__world_now->scenario->name);
        sim__crash_say(": the program crashed");
        if (sim__world_now->current != NULL) {
            sim__crash_say(" in ");
            sim__crash_say(sim__world_now->current->scope);
        }
        sim__crash_say("\n  run again: ");
        sim__crash_say(sim__world_now->repro);
        sim__crash_say("\n");
    }
}

static void sim__crash_handler(int number, siginfo_t *info, void *context)
{
    (void)context;
    sim__crash_report();
    sim__crash_say(
        number == SIGABRT ? "  by abort()\n" : "  by a signal: a bad access or a trap\n");
    const struct sim__thread *it = sim__world_now != NULL ? sim__world_now->threads : NULL;
    for (; it != NULL && number == SIGSEGV; it = it->all_next) {
        if (sim__fiber_is_guard(&it->fiber, (uintptr_t)info->si_addr)) {
            sim__crash_say("  the stack of that thread is full\n");
        }
    }
    _exit(SIM__EXIT_FAILURE);
}

#if defined(MYC_SIM_HAS_ASAN) || defined(MYC_SIM_HAS_TSAN)

void __sanitizer_set_death_callback(void (*callback)(void));

// The sanitizer reports bad accesses better than we could; it then calls us.
static void sim__crash_catch(const stack_t *alternate, const struct sigaction *action)
{
    (void)alternate;
    (void)action;
    __sanitizer_set_death_callback(sim__crash_report);
}

static void sim__crash_let_go(void)
{
    __sanitizer_set_death_callback(NULL);
}

#else

static void sim__crash_catch(const stack_t *alternate, const struct sigaction *action)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    (void)sigaltstack(alternate, NULL);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        (void)sigaction(numbers[i], action, NULL);
    }
}

static void sim__crash_let_go(void)
{
    stack_t none = {.ss_flags = SS_DISABLE};
    (void)sigaltstack(&none, NULL);
}

#endif

static void *sim__crash_install(void)
{
    size_t bytes = SIM__CRASH_STACK_BYTES;
    void *stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) {
        return NULL;
    }
    stack_t alternate = {.ss_sp = stack, .ss_size = bytes};
    struct sigaction action = {.sa_sigaction = sim__crash_handler};
    action.sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND);
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGABRT, &action, NULL);
    sim__crash_catch(&alternate, &action);
    return stack;
}

static void sim__crash_uninstall(void *stack)
{
    if (stack != NULL) {
        sim__crash_let_go();
        (void)munmap(stack, SIM__CRASH_STACK_BYTES);
    }
}

// ---- Files ----

static char *sim__read_file(const char *path)
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
    if (is_bad) {
        (void)fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
        free(text);
        return NULL;
    }
    return text;
}

bool sim__write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    bool is_written = file != NULL && fputs(text, file) >= 0;
    if (file != NULL && fclose(file) != 0) {
        is_written = false;
    }
    if (!is_written) {
        (void)fprintf(stderr, "%s: cannot be written: %s\n", path, strerror(errno));
    }
    return is_written;
}

// ---- Runs ----

static void sim__runner_add(struct sim__runner *runner)
{
    struct myc_sim_result *total = runner->total;
    const struct myc_sim_result *result = runner->result;
    runner->run_count++;
    runner->hash = runner->run_count == 1 ? result->event_hash
                                          : sim__mix(runner->hash * 31 + result->event_hash);
    total->event_count += result->event_count;
    total->step_count += result->step_count;
    total->virtual_ns += result->virtual_ns;
    total->check_count += result->check_count;
    total->check_failed_count += result->check_failed_count;
    total->preemption_count += result->preemption_count;
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        total->fault_offered[i] += result->fault_offered[i];
        total->fault_injected[i] += result->fault_injected[i];
        total->fault_effect[i] += result->fault_effect[i];
    }
    for (size_t i = 0; i < result->counter_count; i++) {
        size_t at = 0;
        while (at < total->counter_count
               && strcmp(total->counters[at].name, result->counters[i].name) != 0) {
            at++;
        }
        if (at == MYC_SIM_COUNTERS_MAX) {
            continue;
        }
        if (at == total->counter_count) {
            total->counters[total->counter_count++].name = result->counters[i].name;
        }
        total->counters[at].amount += result->counters[i].amount;
    }
}

/* Runs the same again and says where the two first differ; true when they agree. */
static bool sim__runner_compare(struct sim__runner *runner, const struct myc_sim_options *options)
{
    struct myc_sim_result *first = runner->result;
    struct myc_sim_result *second = sim__must(calloc(1, sizeof(*second)));
    (void)myc_sim_run(runner->scenario, options, second);
    bool is_same = first->event_hash == second->event_hash
                   && first->event_count == second->event_count
                   && first->step_count == second->step_count;
    if (!is_same) {
        size_t at = 0;
        while (at < first->checkpoint_count && at < second->checkpoint_count
               && first->checkpoints[at] == second->checkpoints[at]) {
            at++;
        }
        (void)fprintf(
            stderr,
            "FAILED %s: two runs of the same draws differ (hash %016" PRIx64 " and %016" PRIx64
            ", %" PRIu64 " and %" PRIu64 " events)\n"
            "  first difference between events %zu and %zu; compare with --verbose\n",
            runner->scenario->name,
            first->event_hash,
            second->event_hash,
            first->event_count,
            second->event_count,
            at * SIM__CHECKPOINT_EVENTS,
            (at + 1) * SIM__CHECKPOINT_EVENTS);
    }
    myc_sim_result_deinit(second);
    free(second);
    return is_same;
}

struct myc_sim_options sim__runner_options(struct sim__runner *runner, uint64_t seed)
{
    return (struct myc_sim_options){
        .seed = seed,
        .is_boring = runner->is_boring,
        .is_verbose = runner->is_verbose,
        .tape_text = runner->tape_text,
        .tape_name = runner->tape_path,
        .is_recording = runner->record_path != NULL,
        .memory = runner->memory,
        .stack_cache = &runner->stacks,
        .repro_start = runner->program,
        .crash_process = runner->crash_process,
        .crash_point = runner->crash_point,
    };
}

bool sim__runner_run(struct sim__runner *runner, uint64_t seed, int *out_exit)
{
    struct myc_sim_options options = sim__runner_options(runner, seed);
    struct myc_sim_result *result = runner->result;
    if (!myc_sim_run(runner->scenario, &options, result)) {
        (void)fprintf(stderr, "%s: %s\n", runner->tape_path, result->report);
        *out_exit = SIM__EXIT_USAGE;
        return false;
    }
    bool is_good = !result->is_failed;
    sim__runner_add(runner);
    if (runner->crash_point > 0 && result->crash_points >= runner->crash_point) {
        runner->crash_count++;
    }
    if (result->is_failed && runner->is_quiet) {
        // counted below
    } else if (result->is_failed && !runner->expects_failure) {
        (void)fputs(result->report, stderr);
    } else if (result->is_failed && !runner->is_json) {
        (void)printf(
            "found, as expected: %.*s\n", (int)strcspn(result->report, "\n"), result->report);
    }
    if (runner->checks_determinism && !sim__runner_compare(runner, &options)) {
        (void)fprintf(
            stderr,
            "  run again: %s %s --seed %" PRIu64 " --check-determinism%s\n",
            runner->program,
            runner->scenario->name,
            seed,
            runner->memory == MYC_SIM_MEMORY_STRONG ? " --memory strong" : "");
        is_good = false;
    }
    if (!is_good) {
        runner->failed_count++;
        runner->failed_seed = seed;
        *out_exit = SIM__EXIT_FAILURE;
    }
    bool is_to_shrink = result->is_failed && runner->shrinks;
    bool is_last = !is_good || seed == runner->seed_last;
    if (result->tape_text != NULL && is_last && !is_to_shrink
        && !sim__write_file(runner->record_path, result->tape_text)) {
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
    char *text = sim__read_file(runner->seeds_path);
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

// ---- Summaries ----

static double sim__rate(uint64_t amount, double seconds)
{
    return seconds > 0 ? (double)amount / seconds : 0;
}

static void sim__print_json(const struct sim__runner *runner)
{
    const struct myc_sim_result *total = runner->total;
    (void)printf("{\"scenario\": \"%s\"", runner->scenario->name);
    if (runner->tape_path != NULL || runner->is_boring) {
        (void)printf(", \"seed\": null");
    } else if (runner->seed_first == runner->seed_last) {
        (void)printf(", \"seed\": %" PRIu64, runner->seed_first);
    } else {
        (void)printf(", \"seed_first\": %" PRIu64, runner->seed_first);
    }
    (void)printf(
        ", \"runs\": %" PRIu64 ", \"runs_failed\": %" PRIu64,
        runner->run_count,
        runner->failed_count);
    if (runner->failed_count > 0) {
        (void)printf(", \"failed_seed\": %" PRIu64, runner->failed_seed);
    }
    (void)printf(
        ", \"event_hash\": \"%016" PRIx64 "\", \"virtual_ns\": %" PRIu64 ", \"steps\": %" PRIu64
        ", \"events\": %" PRIu64 ", \"preemptions\": %" PRIu64,
        runner->hash,
        total->virtual_ns,
        total->step_count,
        total->event_count,
        total->preemption_count);
    (void)printf(
        ", \"oracles_checked\": %" PRIu64 ", \"oracles_failed\": %" PRIu64
        ", \"seeds_per_s\": %.1f, \"steps_per_s\": %.0f, \"events_per_s\": %.0f",
        total->check_count,
        total->check_failed_count,
        sim__rate(runner->run_count, runner->seconds),
        sim__rate(total->step_count, runner->seconds),
        sim__rate(total->event_count, runner->seconds));
    uint64_t injected = 0;
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        injected += total->fault_injected[i];
    }
    (void)printf(", \"faults_injected\": %" PRIu64 ", \"faults\": {", injected);
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        (void)printf(
            "%s\"%s\": {\"offered\": %" PRIu64 ", \"injected\": %" PRIu64 ", \"effect\": %" PRIu64
            "}",
            i == 0 ? "" : ", ",
            sim__fault_text((enum myc_sim_fault)i),
            total->fault_offered[i],
            total->fault_injected[i],
            total->fault_effect[i]);
    }
    (void)printf("}, \"counters\": {");
    for (size_t i = 0; i < total->counter_count; i++) {
        (void)printf(
            "%s\"%s\": %" PRIu64,
            i == 0 ? "" : ", ",
            total->counters[i].name,
            total->counters[i].amount);
    }
    (void)printf("}");
    if (runner->shrunk.is_done) {
        (void)printf(
            ", \"shrunk\": {\"choices\": %zu, \"choices_before\": %zu, \"runs\": %" PRIu64
            ", \"tape\": \"%s\"}",
            runner->shrunk.choice_count,
            runner->shrunk.choice_count_before,
            runner->shrunk.run_count,
            runner->shrunk.tape_path);
    }
    sim__sweep_print(runner);
    (void)printf("}\n");
}

static void sim__print_summary(const struct sim__runner *runner)
{
    const struct myc_sim_result *total = runner->total;
    (void)printf(
        "%s: %" PRIu64 " runs, %" PRIu64 " failed, hash %016" PRIx64 "\n",
        runner->scenario->name,
        runner->run_count,
        runner->failed_count,
        runner->hash);
    (void)printf(
        "  %.1f seeds/s, %.0f steps/s, %.0f events/s; %.3f virtual s, %" PRIu64 " steps, %" PRIu64
        " events, %" PRIu64 " preemptions\n",
        sim__rate(runner->run_count, runner->seconds),
        sim__rate(total->step_count, runner->seconds),
        sim__rate(total->event_count, runner->seconds),
        (double)total->virtual_ns / 1e9,
        total->step_count,
        total->event_count,
        total->preemption_count);
    (void)printf(
        "  oracles: %" PRIu64 " checked, %" PRIu64 " failed\n",
        total->check_count,
        total->check_failed_count);
    (void)printf("  faults (injected/effect):");
    bool is_any = false;
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        if (total->fault_injected[i] > 0) {
            is_any = true;
            (void)printf(
                " %s %" PRIu64 "/%" PRIu64,
                sim__fault_text((enum myc_sim_fault)i),
                total->fault_injected[i],
                total->fault_effect[i]);
        }
    }
    (void)printf(is_any ? "\n" : " none\n");
    for (size_t i = 0; i < total->counter_count; i++) {
        (void)printf("  %s: %" PRIu64 "\n", total->counters[i].name, total->counters[i].amount);
    }
}

// ---- Arguments ----

static void sim__print_help(const struct sim__runner *runner)
{
    (void)printf(
        "usage: %s [scenario] [options]\n"
        "  --seed N             one run from seed N (default 1)\n"
        "  --seeds A..B         runs from seeds A to B, until one fails\n"
        "  --time SECONDS       goes on from the first seed until the time is over\n"
        "  --boring             one run in which every draw is 0\n"
        "  --tape FILE          replays a tape\n"
        "  --record FILE        writes the tape of the last run\n"
        "  --shrink             after a failure looks for the fewest and smallest choices that\n"
        "                       still fail in the same way, and writes them as a tape: to the\n"
        "                       --record file, else to <scenario>-<seed>.tape\n"
        "  --shrink-runs N      gives up shrinking after so many runs (default 2000)\n"
        "  --crash-sweep NAME   runs once, boring unless a seed or tape is given, then kills the\n"
        "                       process NAME at each of its scheduling points in turn; of several\n"
        "                       starts of that name the first\n"
        "  --crash-at NAME:N    kills the process NAME at its point N, counted from 0\n"
        "  --seeds-file FILE    first runs this scenario's seeds of a regression list\n"
        "  --check-determinism  runs everything twice and compares\n"
        "  --expect-failure     succeeds only if a run fails\n"
        "  --memory weak|strong as C11 allows (default), or sequentially consistent; only\n"
        "                       programs of the simcheck build differ\n"
        "  --json               prints one JSON object\n"
        "  --verbose            prints log and events while running\n"
        "  --list               lists the scenarios\n"
        "exit: 0 nothing found, 1 a failure, 2 a wrong command line or file\n",
        runner->program);
}

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
    return dots != NULL && sim__parse_number(text, dots, &runner->seed_first)
           && sim__parse_number(dots + 2, dots + 2 + strlen(dots + 2), &runner->seed_last)
           && runner->seed_first <= runner->seed_last;
}

/* NAME:N */
static bool sim__parse_crash(struct sim__runner *runner, const char *text, const char *end)
{
    const char *colon = strrchr(text, ':');
    size_t size = colon != NULL ? (size_t)(colon - text) : 0;
    if (size == 0 || size >= sizeof(runner->crash_name)
        || !sim__parse_number(colon + 1, end, &runner->crash_point)
        || runner->crash_point == UINT64_MAX) {
        return false;
    }
    memcpy(runner->crash_name, text, size);
    runner->crash_process = runner->crash_name;
    runner->crash_point++;
    return true;
}

/* An option with a value; false when there is no such option or its value is wrong. */
static bool sim__parse_valued(struct sim__runner *runner, const char *name, const char *value)
{
    const char *end = value + strlen(value);
    if (strcmp(name, "--seed") == 0) {
        runner->has_seeds = true;
        bool is_good = sim__parse_number(value, end, &runner->seed_first);
        runner->seed_last = runner->seed_first;
        return is_good;
    }
    if (strcmp(name, "--seeds") == 0) {
        runner->has_seeds = true;
        return sim__parse_seeds(runner, value);
    }
    if (strcmp(name, "--crash-sweep") == 0) {
        runner->sweep.is_wanted = true;
        runner->crash_process = value;
        return *value != '\0';
    }
    if (strcmp(name, "--crash-at") == 0) {
        return sim__parse_crash(runner, value, end);
    }
    if (strcmp(name, "--shrink-runs") == 0) {
        return sim__parse_number(value, end, &runner->shrink_runs_max);
    }
    if (strcmp(name, "--time") == 0) {
        char *rest = NULL;
        runner->seconds_max = strtod(value, &rest);
        return rest == end && end != value && runner->seconds_max > 0;
    }
    if (strcmp(name, "--memory") == 0) {
        bool is_strong = strcmp(value, "strong") == 0;
        runner->memory = is_strong ? MYC_SIM_MEMORY_STRONG : MYC_SIM_MEMORY_WEAK;
        return is_strong || strcmp(value, "weak") == 0;
    }
    const struct {
        const char *name;
        const char **target;
    } paths[] = {
        {"--tape", &runner->tape_path},
        {"--record", &runner->record_path},
        {"--seeds-file", &runner->seeds_path},
    };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (strcmp(name, paths[i].name) == 0) {
            *paths[i].target = value;
            return true;
        }
    }
    return false;
}

static bool sim__parse_flag(struct sim__runner *runner, const char *name)
{
    const struct {
        const char *name;
        bool *target;
    } flags[] = {
        {"--boring", &runner->is_boring},
        {"--json", &runner->is_json},
        {"--verbose", &runner->is_verbose},
        {"--list", &runner->is_list},
        {"--help", &runner->is_help},
        {"--check-determinism", &runner->checks_determinism},
        {"--expect-failure", &runner->expects_failure},
        {"--shrink", &runner->shrinks},
    };
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcmp(name, flags[i].name) == 0) {
            *flags[i].target = true;
            return true;
        }
    }
    return false;
}

static bool sim__parse_arguments(struct sim__runner *runner, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-') {
            if (runner->scenario_name != NULL) {
                (void)fprintf(stderr, "%s: only one scenario can be named\n", argv[i]);
                return false;
            }
            runner->scenario_name = argv[i];
        } else if (!sim__parse_flag(runner, argv[i])) {
            if (i + 1 >= argc || !sim__parse_valued(runner, argv[i], argv[i + 1])) {
                (void)fprintf(
                    stderr,
                    "%s %s: no such option, or its value is missing or wrong; see --help\n",
                    argv[i],
                    i + 1 < argc ? argv[i + 1] : "");
                return false;
            }
            i++;
        }
    }
    if (runner->seconds_max > 0 && runner->seed_first == runner->seed_last) {
        runner->seed_last = UINT64_MAX;
    }
    if ((runner->tape_path != NULL || runner->is_boring)
        && (runner->has_seeds || runner->seconds_max > 0)) {
        (void)fprintf(stderr, "--tape and --boring are one run: they exclude seeds and --time\n");
        return false;
    }
    if (runner->sweep.is_wanted) {
        if (runner->crash_point > 0 || runner->shrinks || runner->record_path != NULL
            || runner->seeds_path != NULL) {
            (void)fprintf(
                stderr,
                "--crash-sweep excludes --crash-at, --shrink, --record and --seeds-file; use "
                "those with the --crash-at that it prints\n");
            return false;
        }
        bool has_source = runner->tape_path != NULL || runner->has_seeds;
        runner->is_boring = !has_source && runner->seconds_max <= 0;
    }
    return true;
}

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
    if (runner->tape_path != NULL) {
        runner->tape_text = sim__read_file(runner->tape_path);
        if (runner->tape_text == NULL) {
            return SIM__EXIT_USAGE;
        }
    }
    int exit_code = sim__runner_campaign(runner);
    if (exit_code == SIM__EXIT_USAGE) {
        return exit_code;
    }
    if (runner->crash_point > 0 && runner->crash_count == 0 && runner->failed_count == 0) {
        (void)fprintf(
            stderr,
            "--crash-at %s:%" PRIu64 ": %s has no such process or it passes only %" PRIu64
            " points\n",
            runner->crash_process,
            runner->crash_point - 1,
            runner->scenario->name,
            runner->result->crash_points);
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
    if (runner->expects_failure) {
        if (runner->failed_count == 0) {
            (void)fprintf(
                stderr, "%s: a failure was expected, none was found\n", runner->scenario->name);
        }
        return runner->failed_count > 0 ? SIM__EXIT_OK : SIM__EXIT_FAILURE;
    }
    return exit_code;
}

int myc_sim_main(
    int argc, char **argv, const struct myc_sim_scenario *scenarios, size_t scenario_count)
{
    struct sim__runner runner = {
        .program = argc > 0 ? argv[0] : "<program>",
        .scenarios = scenarios,
        .scenario_count = scenario_count,
        .seed_first = 1,
        .seed_last = 1,
        .shrink_runs_max = 2000,
    };
    if (!sim__parse_arguments(&runner, argc, argv)) {
        return SIM__EXIT_USAGE;
    }
    runner.total = sim__must(calloc(1, sizeof(*runner.total)));
    runner.result = sim__must(calloc(1, sizeof(*runner.result)));
    void *crash_stack = sim__crash_install();
    int exit_code = sim__runner_main(&runner);
    sim__crash_uninstall(crash_stack);
    sim__stack_pool_deinit(&runner.stacks);
    free(runner.tape_text);
    free(runner.total);
    free(runner.result);
    return exit_code;
}

#endif
