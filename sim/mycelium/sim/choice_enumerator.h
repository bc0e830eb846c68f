// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The enumerator: all runs of a scenario, one after the other, as an odometer whose digits are the
 * draws. Part of the implementation unit.
 *
 * It goes in levels: first the run in which everything is boring, then all runs with at most one
 * choice that is not, then two, and so on. So what it finds first is the shortest, and stopped
 * early it still has all runs up to a level behind it. A level repeats the runs of those before it;
 * there are far fewer of them than of its own.
 */
#ifndef MYC_SIM_CHOICE_ENUMERATOR_H
#define MYC_SIM_CHOICE_ENUMERATOR_H

#include <mycelium/sim/choice.h>
#include <mycelium/sim/choice_tape.h>
#include <mycelium/sim/internal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim__digit {
    uint64_t value;
    uint64_t bound;
    uint64_t key; /* of label and scope, to see that the run is the same up to here */
};

struct myc_sim_enumerator {
    struct myc_sim_enumerator_options options;
    struct sim__digit *digits; /* of the present run, those already drawn by earlier ones first */
    size_t digit_count;
    size_t digit_capacity;
    size_t at; /* draws so far in this run */
    uint64_t level;
    uint64_t level_runs; /* of this level, the present run included */
    uint64_t run_count;
    bool is_level_cut; /* a run of this level would have had more choices */
    bool is_depth_cut;
    char difference[SIM__CHOICE_MESSAGE_BYTES];
};

struct myc_sim_enumerator *
myc_sim_enumerator_create(const struct myc_sim_enumerator_options *options)
{
    struct myc_sim_enumerator *enumerator = sim__must(calloc(1, sizeof(*enumerator)));
    enumerator->options = *options;
    enumerator->level_runs = 1;
    enumerator->run_count = 1;
    return enumerator;
}

void myc_sim_enumerator_destroy(struct myc_sim_enumerator *enumerator)
{
    if (enumerator != NULL) {
        free(enumerator->digits);
        free(enumerator);
    }
}

// ---- A draw ----

/* Whether the label begins with one of the comma-separated words. */
static bool sim__label_is_among(const char *label, const char *words)
{
    while (*words != '\0') {
        size_t size = strcspn(words, ",");
        if (size > 0 && strncmp(label, words, size) == 0) {
            return true;
        }
        words += size + (words[size] == ',' ? 1 : 0);
    }
    return false;
}

static bool sim__enumerator_skips(const struct myc_sim_enumerator *enumerator, const char *label)
{
    const char *only = enumerator->options.only;
    return only != NULL ? !sim__label_is_among(label, only) : strncmp(label, "profile.", 8) == 0;
}

static uint64_t sim__enumerator_take(
    struct myc_sim_enumerator *enumerator, const char *scope, const char *label, uint64_t bound)
{
    if (sim__enumerator_skips(enumerator, label)) {
        return 0;
    }
    uint64_t depth_max = enumerator->options.depth_max;
    if (depth_max > 0 && enumerator->at >= depth_max) {
        enumerator->is_depth_cut = true;
        return 0;
    }
    uint64_t key = sim__tape_key(scope, label);
    if (enumerator->at == enumerator->digit_count) {
        if (enumerator->digit_count == enumerator->digit_capacity) {
            enumerator->digit_capacity = enumerator->digit_capacity * 2 + 256;
            enumerator->digits = sim__must(realloc(
                enumerator->digits, enumerator->digit_capacity * sizeof(struct sim__digit)));
        }
        enumerator->digits[enumerator->digit_count++] = (struct sim__digit){0, bound, key};
    }
    const struct sim__digit *digit = &enumerator->digits[enumerator->at++];
    if ((digit->bound != bound || digit->key != key) && enumerator->difference[0] == '\0') {
        (void)snprintf(
            enumerator->difference,
            sizeof(enumerator->difference),
            "the scenario is not deterministic: after the same choices draw %zu, %.120s of %.60s, "
            "is another one",
            enumerator->at,
            label,
            scope);
    }
    return digit->value < bound ? digit->value : 0;
}

// ---- The next run ----

/* Turns the last digit that the level lets turn; false when there is none. */
static bool sim__enumerator_turn(struct myc_sim_enumerator *enumerator)
{
    uint64_t used = 0;
    for (size_t i = 0; i < enumerator->digit_count; i++) {
        used += enumerator->digits[i].value > 0 ? 1 : 0;
    }
    for (size_t i = enumerator->digit_count; i > 0; i--) {
        struct sim__digit *digit = &enumerator->digits[i - 1];
        used -= digit->value > 0 ? 1 : 0;
        if (digit->value + 1 >= digit->bound) {
            continue;
        }
        if (used < enumerator->level) {
            digit->value++;
            enumerator->digit_count = i;
            return true;
        }
        enumerator->is_level_cut = true;
    }
    return false;
}

bool myc_sim_enumerator_next(struct myc_sim_enumerator *enumerator)
{
    const struct myc_sim_enumerator_options *options = &enumerator->options;
    // A run that ended before an earlier one's digits leaves none behind it.
    enumerator->digit_count = enumerator->at;
    enumerator->at = 0;
    bool is_spent = options->runs_max > 0 && enumerator->run_count >= options->runs_max;
    if (!sim__enumerator_turn(enumerator)) {
        enumerator->level++; // that one is behind us
        bool is_last = options->choices_max > 0 && enumerator->level > options->choices_max;
        if (!enumerator->is_level_cut || is_last || is_spent) {
            return false;
        }
        enumerator->level_runs = 0;
        enumerator->is_level_cut = false;
        enumerator->digit_count = 0;
    } else if (is_spent) {
        enumerator->is_level_cut = true; // there would have been more
        return false;
    }
    enumerator->level_runs++;
    enumerator->run_count++;
    return true;
}

void myc_sim_enumerator_again(struct myc_sim_enumerator *enumerator)
{
    enumerator->at = 0;
}

struct myc_sim_enumerator_state
myc_sim_enumerator_state(const struct myc_sim_enumerator *enumerator)
{
    return (struct myc_sim_enumerator_state){
        .run_count = enumerator->run_count,
        .level_runs = enumerator->level_runs,
        .levels_done = enumerator->level,
        .has_more_choices = enumerator->is_level_cut,
        .has_more_draws = enumerator->is_depth_cut,
        .has_draws = enumerator->digit_capacity > 0,
        .difference = enumerator->difference[0] != '\0' ? enumerator->difference : NULL,
    };
}

#endif
