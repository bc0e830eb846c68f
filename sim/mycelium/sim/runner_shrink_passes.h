// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the shrinker tries: each pass changes the best tape so far, and what still fails in the same
 * way with less is the new best. Part of the implementation unit.
 */
#ifndef MYC_SIM_RUNNER_SHRINK_PASSES_H
#define MYC_SIM_RUNNER_SHRINK_PASSES_H

#include <mycelium/sim/runner_shrink_tape.h>

/* ---- Without some ---- */

typedef bool sim__shrink_match_fn(
    const struct sim__shrink_choice *choice, const struct sim__shrink_choice *first);

static bool
sim__is_same_label(const struct sim__shrink_choice *choice, const struct sim__shrink_choice *first)
{
    return strcmp(choice->label, first->label) == 0;
}

static bool
sim__is_same_scope(const struct sim__shrink_choice *choice, const struct sim__shrink_choice *first)
{
    return strcmp(choice->scope, first->scope) == 0;
}

static bool
sim__is_same_both(const struct sim__shrink_choice *choice, const struct sim__shrink_choice *first)
{
    return sim__is_same_label(choice, first) && sim__is_same_scope(choice, first);
}

/* "schedule.", "memory.", "inject." and so on. */
static bool
sim__is_same_kind(const struct sim__shrink_choice *choice, const struct sim__shrink_choice *first)
{
    size_t size = strcspn(first->label, ".") + 1;
    return strncmp(choice->label, first->label, size) == 0;
}

/* Drops classes of choices at once, whatever the match says a class is. */
static void sim__shrink_classes(struct sim__shrink *shrink, sim__shrink_match_fn *match)
{
    for (size_t i = 0; i < shrink->count; i++) {
        size_t kept = 0;
        bool is_first = true;
        for (size_t j = 0; j < shrink->count; j++) {
            bool is_same = match(&shrink->choices[j], &shrink->choices[i]);
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

/* Keeps the shortest beginning that fails: the rest of the run is boring. */
static void sim__shrink_truncate(struct sim__shrink *shrink)
{
    size_t low = 0;
    size_t high = shrink->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        memcpy(shrink->attempt, shrink->choices, middle * sizeof(*shrink->choices));
        if (sim__shrink_try(shrink, middle)) {
            high = middle < shrink->count ? middle : shrink->count;
        } else {
            low = middle + 1;
        }
    }
}

/* Drops [start, end); `follow` renumbers later draws of the dropped one's label and scope. */
static bool sim__shrink_try_without(struct sim__shrink *shrink, size_t start, size_t end)
{
    size_t kept = 0;
    for (size_t i = 0; i < shrink->count; i++) {
        if (i < start || i >= end) {
            shrink->attempt[kept++] = shrink->choices[i];
        }
    }
    return sim__shrink_try(shrink, kept);
}

/* Drops chunks from the end backward: halves, and so on down to single choices. */
static void sim__shrink_chunks(struct sim__shrink *shrink)
{
    for (size_t size = (shrink->count + 1) / 2; size > 0; size /= 2) {
        size_t end = shrink->count;
        while (end > 0) {
            size_t start = end > size ? end - size : 0;
            (void)sim__shrink_try_without(shrink, start, end);
            end = start < shrink->count ? start : shrink->count;
        }
    }
}

/* Drops one choice as if its draw had not been made: the later ones move up by one. */
static void sim__shrink_moved_up(struct sim__shrink *shrink)
{
    for (size_t i = shrink->count; i > 0; i--) {
        if (i > shrink->count) {
            i = shrink->count;
            continue;
        }
        const struct sim__shrink_choice gone = shrink->choices[i - 1];
        size_t kept = 0;
        bool is_moved = false;
        for (size_t j = 0; j < shrink->count; j++) {
            struct sim__shrink_choice choice = shrink->choices[j];
            bool is_later = sim__is_same_both(&choice, &gone) && choice.nth > gone.nth;
            choice.nth -= is_later ? 1 : 0;
            is_moved = is_moved || is_later;
            if (j != i - 1) {
                shrink->attempt[kept++] = choice;
            }
        }
        if (is_moved) {
            (void)sim__shrink_try(shrink, kept);
        }
    }
}

/* Drops two at once: a switch and the one back, a size and its limit. */
static void sim__shrink_pairs(struct sim__shrink *shrink)
{
    for (size_t i = 0; i < shrink->count && shrink->count <= SIM__SHRINK_PAIRS; i++) {
        for (size_t j = i + 1; j < shrink->count; j++) {
            size_t kept = 0;
            for (size_t k = 0; k < shrink->count; k++) {
                if (k != i && k != j) {
                    shrink->attempt[kept++] = shrink->choices[k];
                }
            }
            if (sim__shrink_try(shrink, kept)) {
                j = i;
            }
        }
    }
}

/* ---- Otherwise ---- */

static bool sim__shrink_try_value(struct sim__shrink *shrink, size_t at, uint64_t value)
{
    memcpy(shrink->attempt, shrink->choices, shrink->count * sizeof(*shrink->choices));
    shrink->attempt[at].value = value;
    return sim__shrink_try(shrink, shrink->count);
}

static bool sim__shrink_try_nth(struct sim__shrink *shrink, size_t at, uint64_t nth)
{
    memcpy(shrink->attempt, shrink->choices, shrink->count * sizeof(*shrink->choices));
    shrink->attempt[at].nth = nth;
    return sim__shrink_try(shrink, shrink->count);
}

/* Lowers each value: to 1, else by halving the distance to the lowest known to fail. */
static void sim__shrink_values(struct sim__shrink *shrink)
{
    for (size_t i = 0; i < shrink->count; i++) {
        uint64_t high = shrink->choices[i].value;
        uint64_t low = 1;
        if (sim__names_thread(&shrink->choices[i])
            || (high > 1 && sim__shrink_try_value(shrink, i, 1))) {
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

/* Moves what happens at a point to an earlier one. */
static void sim__shrink_earlier(struct sim__shrink *shrink)
{
    for (size_t i = 0; i < shrink->count; i++) {
        if (!sim__names_point(&shrink->choices[i])) {
            continue;
        }
        uint64_t high = shrink->choices[i].nth;
        uint64_t low = 0;
        size_t count = shrink->count;
        while (high > low + 1 && count == shrink->count) {
            uint64_t middle = low + (high - low) / 2;
            if (sim__shrink_try_nth(shrink, i, middle)) {
                high = middle;
            } else {
                low = middle;
            }
        }
    }
}

/* Makes one switch of two: the first one goes where the second one went, or happens where it did.
 */
static void sim__shrink_joins(struct sim__shrink *shrink)
{
    for (size_t i = 0; i < shrink->count; i++) {
        for (size_t j = i + 1; j < shrink->count && j <= i + SIM__SHRINK_JOINS; j++) {
            if (!sim__names_thread(&shrink->choices[i]) || !sim__names_thread(&shrink->choices[j])
                || shrink->choices[i].value == shrink->choices[j].value) {
                continue;
            }
            size_t kept = 0;
            for (size_t k = 0; k < shrink->count; k++) {
                if (k != j) {
                    shrink->attempt[kept++] = shrink->choices[k];
                }
            }
            shrink->attempt[i].value = shrink->choices[j].value;
            if (sim__shrink_try(shrink, kept)) {
                j = i;
            }
        }
    }
}

/*
 * Drops one choice and moves another switch by a few points: what was dropped may have cost the
 * other thread some. Tried at random, since the combinations are many.
 */
static void sim__shrink_shake(struct sim__shrink *shrink)
{
    uint64_t tries = SIM__SHRINK_SHAKES;
    while (tries-- > 0 && shrink->count > 1 && sim__shrink_has_budget(shrink)) {
        size_t gone = (size_t)(sim__shrink_random(shrink) % shrink->count);
        size_t kept = 0;
        for (size_t i = 0; i < shrink->count; i++) {
            if (i != gone) {
                shrink->attempt[kept++] = shrink->choices[i];
            }
        }
        for (uint64_t moves = 1 + sim__shrink_random(shrink) % 2; moves > 0; moves--) {
            struct sim__shrink_choice *choice = &shrink->attempt[sim__shrink_random(shrink) % kept];
            uint64_t by = 1 + sim__shrink_random(shrink) % (choice->nth > 64 ? 64 : 8);
            bool is_down = sim__shrink_random(shrink) % 4 != 0 && choice->nth > by;
            choice->nth = is_down ? choice->nth - by : choice->nth + by;
        }
        tries = sim__shrink_try(shrink, kept) ? SIM__SHRINK_SHAKES : tries;
    }
}

// ---- Other schedules ----

static bool sim__is_workload(const struct sim__shrink_choice *choice)
{
    return strncmp(choice->label, "schedule.", 9) != 0 && strncmp(choice->label, "memory.", 7) != 0
           && strncmp(choice->label, "inject.", 7) != 0;
}

/*
 * Draws other schedules and faults for the first `count` of shrink->attempt, which hold the rest.
 * Among many that fail alike some have few choices; how they came about does not matter.
 */
static bool sim__shrink_search(struct sim__shrink *shrink, size_t count, uint64_t run_count)
{
    struct sim__attempt attempt;
    if (!sim__shrink_has_budget(shrink) || shrink->milliseconds == SIM__SHRINK_ENDLESS_MS) {
        return false;
    }
    double left = shrink->seconds_end - sim__real_seconds();
    uint64_t runs_left = shrink->run_count_max - shrink->run_count;
    struct sim__search search = {
        .seed = sim__shrink_random(shrink),
        .run_count = run_count < runs_left ? run_count : runs_left,
        .seconds = left < SIM__SHRINK_SEARCH_SECONDS ? left : SIM__SHRINK_SEARCH_SECONDS,
        .count_below = shrink->cost.count,
        .identity = shrink->identity,
    };
    char *tape = sim__shrink_text(shrink, shrink->attempt, count);
    sim__shrink_replay(shrink, tape);
    int milliseconds = (int)(search.seconds * 1000) + shrink->milliseconds;
    (void)sim__attempt_run(
        shrink->runner, &shrink->options, shrink->fate, &search, milliseconds, &attempt);
    shrink->options.tape_text = NULL;
    shrink->run_count += shrink->fate->run_count;
    free(tape);
    const char *found = shrink->fate->best;
    if (attempt.is_failed && strcmp(attempt.identity, shrink->identity) == 0) {
        found = shrink->fate->tape; // it crashed, as it is to
    } else if (shrink->fate->best_count == UINT64_MAX) {
        return false;
    } else {
        memcpy(attempt.verdict, shrink->verdict, sizeof(attempt.verdict));
    }
    return sim__shrink_adopt(shrink, found, &attempt);
}

/* Keeps what the scenario drew, less one label of it at a time, and looks for other schedules. */
static bool sim__shrink_search_labels(struct sim__shrink *shrink, uint64_t run_count)
{
    bool is_better = false;
    for (size_t i = 0; i < shrink->count; i++) {
        size_t kept = 0;
        bool is_first = sim__is_workload(&shrink->choices[i]);
        for (size_t j = 0; j < shrink->count; j++) {
            const struct sim__shrink_choice *choice = &shrink->choices[j];
            bool is_same = sim__is_same_label(choice, &shrink->choices[i]);
            is_first = is_first && !(is_same && j < i);
            if (sim__is_workload(choice) && !is_same) {
                shrink->attempt[kept++] = *choice;
            }
        }
        if (is_first && sim__shrink_search(shrink, kept, run_count)) {
            is_better = true;
            i = SIZE_MAX;
        }
    }
    return is_better;
}

/* Looks for other schedules: with nothing else, then with what the scenario drew. */
static void sim__shrink_searches(struct sim__shrink *shrink, uint64_t run_count)
{
    while (sim__shrink_search(shrink, 0, run_count)) {
    }
    (void)sim__shrink_search_labels(shrink, run_count / 4);
    for (bool is_better = true; is_better;) {
        size_t kept = 0;
        for (size_t i = 0; i < shrink->count; i++) {
            if (sim__is_workload(&shrink->choices[i])) {
                shrink->attempt[kept++] = shrink->choices[i];
            }
        }
        is_better = kept > 0 && sim__shrink_search(shrink, kept, run_count);
    }
}

/* One round of everything that leaves most as it is. */
static void sim__shrink_round(struct sim__shrink *shrink)
{
    sim__shrink_truncate(shrink);
    sim__shrink_classes(shrink, sim__is_same_kind);
    sim__shrink_classes(shrink, sim__is_same_label);
    sim__shrink_classes(shrink, sim__is_same_scope);
    sim__shrink_classes(shrink, sim__is_same_both);
    sim__shrink_chunks(shrink);
    sim__shrink_moved_up(shrink);
    sim__shrink_joins(shrink);
    sim__shrink_pairs(shrink);
    sim__shrink_values(shrink);
    sim__shrink_earlier(shrink);
}

/* Rounds until one is of no use, and searches that grow while they are of none. */
static void sim__shrink_passes(struct sim__shrink *shrink)
{
    uint64_t effort = SIM__SHRINK_SEARCH_RUNS;
    sim__shrink_searches(shrink, effort);
    while (sim__shrink_has_budget(shrink) && shrink->count > 0) {
        struct sim__shrink_cost before = shrink->cost;
        sim__shrink_round(shrink);
        if (sim__is_cheaper(&shrink->cost, &before)) {
            continue;
        }
        if (effort > SIM__SHRINK_SEARCH_MOST || shrink->count <= 1) {
            break;
        }
        effort *= 2;
        sim__shrink_searches(shrink, effort);
        sim__shrink_shake(shrink);
    }
}

#endif
