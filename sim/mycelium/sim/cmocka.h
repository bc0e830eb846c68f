// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A scenario inside a cmocka test. Include it after cmocka.h; one file of the program defines
 * MYC_SIM_IMPLEMENTATION before it includes sim.h.
 *
 *     static void test_shop_takings(void **state)
 *     {
 *         (void)state;
 *         myc_sim_assert(&shop_scenario, 1, 500);
 *     }
 */
#ifndef MYC_SIM_CMOCKA_H
#define MYC_SIM_CMOCKA_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/sim.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Runs a scenario once boring and then with each seed from `first` to `last`, both included, and
 * fails the test at the first run that fails, with that run's report. The first seed runs twice:
 * two runs that differ fail the test as well. With `last` before `first` only the boring run is
 * made.
 *
 * MYC_SIM_SEED in the environment replaces all of them by one seed, so that a failure can be
 * repeated under a debugger; a value that is no number fails the test.
 */
#define myc_sim_assert(scenario, first, last)                                                      \
    sim__assert_seeds((scenario), (first), (last), __FILE__, __LINE__)

/** Replays a tape's text in a test and fails it if the run fails or the tape cannot be read. */
#define myc_sim_assert_tape(scenario, tape_text)                                                   \
    sim__assert_tape((scenario), (tape_text), __FILE__, __LINE__)

/* Line by line, since cmocka's own buffer holds a kilobyte, and with a command that fits a test. */
static inline void sim__print_report(
    const struct myc_sim_scenario *scenario,
    const struct myc_sim_options *options,
    const char *report)
{
    static const char again[] = "  run again:";
    if (options->tape_text == NULL && !options->is_boring) {
        print_error(
            "%s failed; run again: MYC_SIM_SEED=%" PRIu64 " and this test\n",
            scenario->name,
            options->seed);
    }
    for (const char *line = report; *line != '\0';) {
        int len = (int)strcspn(line, "\n");
        if (strncmp(line, again, sizeof(again) - 1) != 0) {
            print_error("%.*s\n", len, line);
        }
        line += len + (line[len] == '\n' ? 1 : 0);
    }
}

/* One run; prints why it failed. out_hash may be NULL. */
static inline bool sim__run_passes(
    const struct myc_sim_scenario *scenario,
    const struct myc_sim_options *options,
    uint64_t *out_hash)
{
    struct myc_sim_result *result = (struct myc_sim_result *)calloc(1, sizeof(*result));
    if (result == NULL) {
        print_error("%s: no memory for a run\n", scenario->name);
        return false;
    }
    bool is_run = myc_sim_run(scenario, options, result);
    bool is_passed = is_run && !result->is_failed;
    if (!is_passed) {
        sim__print_report(scenario, options, result->report);
    }
    if (out_hash != NULL) {
        *out_hash = result->event_hash;
    }
    myc_sim_result_deinit(result);
    free(result);
    return is_passed;
}

/* The seed of MYC_SIM_SEED; false when there is none. */
static inline bool sim__seed_from_environment(uint64_t *out_seed, const char *file, int line)
{
    const char *text = getenv("MYC_SIM_SEED");
    if (text == NULL || *text == '\0') {
        return false;
    }
    char *end = NULL;
    unsigned long long seed = strtoull(text, &end, 10);
    if (*end != '\0' || *text < '0' || *text > '9') {
        print_error("MYC_SIM_SEED=%s: its value must be a whole number\n", text);
        _fail(file, line);
    }
    *out_seed = seed;
    return true;
}

static inline void sim__assert_seeds(
    const struct myc_sim_scenario *scenario,
    uint64_t first,
    uint64_t last,
    const char *file,
    int line)
{
    struct myc_sim_stack_cache stacks;
    struct myc_sim_options options;
    uint64_t hash = 0;
    uint64_t again = 0;
    memset(&stacks, 0, sizeof(stacks));
    memset(&options, 0, sizeof(options));
    options.stack_cache = &stacks;
    bool is_one = sim__seed_from_environment(&first, file, line);
    last = is_one ? first : last;
    options.is_boring = !is_one;
    bool is_passed = is_one || sim__run_passes(scenario, &options, NULL);
    options.is_boring = false;
    for (uint64_t seed = first; is_passed && seed <= last; seed++) {
        options.seed = seed;
        is_passed = sim__run_passes(scenario, &options, &hash);
        if (is_passed && seed == first) {
            is_passed = sim__run_passes(scenario, &options, &again);
            if (hash != again) {
                print_error(
                    "%s: two runs of seed %" PRIu64
                    " differ: something besides its draws decides\n",
                    scenario->name,
                    seed);
                is_passed = false;
            }
        }
        if (seed == UINT64_MAX) {
            break;
        }
    }
    myc_sim_stack_cache_deinit(&stacks);
    if (!is_passed) {
        _fail(file, line);
    }
}

static inline void sim__assert_tape(
    const struct myc_sim_scenario *scenario, const char *tape_text, const char *file, int line)
{
    struct myc_sim_options options;
    memset(&options, 0, sizeof(options));
    options.tape_text = tape_text;
    if (!sim__run_passes(scenario, &options, NULL)) {
        _fail(file, line);
    }
}

#ifdef __cplusplus
}
#endif

#endif
