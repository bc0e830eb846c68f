// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a campaign must have shown to count: the marks it was to hit, and that each kind of fault
 * that was on was injected and changed something. Part of the implementation unit.
 */
#ifndef MYC_SIM_RUNNER_GATE_H
#define MYC_SIM_RUNNER_GATE_H

#include <mycelium/sim/runner_state.h>

#include <mycelium/simulation.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Below these a campaign was too short to tell a fault that does nothing from bad luck: the odds of
 * none when 20 are expected are one in 485 million. What a scenario allows must have been possible
 * in one of 48 runs; what is legal everywhere need not. */
enum { SIM__GATE_EXPECTED = 20, SIM__GATE_INJECTED = 48, SIM__GATE_RUNS = 48 };

// ---- Marks ----

static const char *const sim__mark_kinds[] = {"sometimes", "reached", "never", "buggify"};

/* The sums of all places of a label, at the first of them; false at the others. */
static bool sim__mark_sum(
    const struct myc_sim_result *total, size_t place, uint64_t *out_passed, uint64_t *out_held)
{
    const char *label = myc_sim_mark(place)->label;
    size_t count = myc_sim_mark_count();
    *out_passed = 0;
    *out_held = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(myc_sim_mark(i)->label, label) == 0) {
            if (i < place) {
                return false;
            }
            *out_passed += total->mark_passed[i];
            *out_held += total->mark_held[i];
        }
    }
    return true;
}

/* Whether a list names this label: the last of its words that fits decides. */
static bool sim__mark_is_listed(const char *list, const char *label)
{
    bool is_listed = false;
    for (const char *at = list;;) {
        size_t size = strcspn(at, ",");
        bool is_out = size > 0 && *at == '-';
        const char *word = is_out ? at + 1 : at;
        size_t word_size = is_out ? size - 1 : size;
        bool is_all = word_size == 3 && memcmp(word, "all", 3) == 0;
        if (word_size > 0 && (is_all || strncmp(label, word, word_size) == 0)) {
            is_listed = !is_out;
        }
        if (at[size] == '\0') {
            return is_listed;
        }
        at += size + 1;
    }
}

static bool sim__mark_is_required(const struct sim__runner *runner, const struct myc_mark *mark)
{
    bool counts = mark->kind == MYC_MARK_SOMETIMES || mark->kind == MYC_MARK_REACHED;
    return counts && runner->required_marks != NULL
           && sim__mark_is_listed(runner->required_marks, mark->label);
}

bool sim__marks_required_exist(const struct sim__runner *runner)
{
    size_t count = myc_sim_mark_count();
    for (size_t i = 0; i < count; i++) {
        if (sim__mark_is_required(runner, myc_sim_mark(i))) {
            return true;
        }
    }
    return runner->required_marks == NULL;
}

static void sim__marks_print_json(const struct sim__runner *runner)
{
    size_t count = myc_sim_mark_count();
    bool is_first = true;
    (void)printf(", \"marks\": {");
    for (size_t i = 0; i < count; i++) {
        uint64_t passed = 0;
        uint64_t held = 0;
        if (sim__mark_sum(runner->total, i, &passed, &held)) {
            (void)printf(
                "%s\"%s\": {\"kind\": \"%s\", \"passed\": %" PRIu64 ", \"hit\": %" PRIu64 "}",
                is_first ? "" : ", ",
                myc_sim_mark(i)->label,
                sim__mark_kinds[myc_sim_mark(i)->kind],
                passed,
                held);
            is_first = false;
        }
    }
    (void)printf("}");
}

void sim__marks_print(const struct sim__runner *runner)
{
    size_t count = myc_sim_mark_count();
    if (runner->is_json) {
        sim__marks_print_json(runner);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct myc_mark *mark = myc_sim_mark(i);
        uint64_t passed = 0;
        uint64_t held = 0;
        if (i == 0) {
            (void)printf("  marks (hit/passed):\n");
        }
        if (sim__mark_sum(runner->total, i, &passed, &held)) {
            (void)printf(
                "    %-9s %-32s %" PRIu64 "/%" PRIu64 "\n",
                sim__mark_kinds[mark->kind],
                mark->label,
                held,
                passed);
        }
    }
}

static bool sim__marks_are_hit(const struct sim__runner *runner)
{
    size_t count = myc_sim_mark_count();
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        const struct myc_mark *mark = myc_sim_mark(i);
        uint64_t passed = 0;
        uint64_t held = 0;
        if (sim__mark_is_required(runner, mark) && sim__mark_sum(runner->total, i, &passed, &held)
            && held == 0) {
            (void)fprintf(
                stderr,
                "FAILED %s: mark '%s' (%s:%u) was never hit in %" PRIu64 " runs; passed %" PRIu64
                " times\n",
                runner->scenario->name,
                mark->label,
                sim__mark_file(mark),
                (unsigned)mark->line,
                runner->run_count,
                passed);
            is_good = false;
        }
    }
    return is_good;
}

// ---- Faults ----

static bool sim__fault_did_something(const struct sim__runner *runner, enum myc_sim_fault fault)
{
    const struct myc_sim_result *total = runner->total;
    uint64_t expected = total->fault_expected[fault] / 1000000;
    uint64_t injected = total->fault_injected[fault];
    uint64_t runs = total->fault_runs[fault];
    if (!sim__fault_is_legal(fault) && runs >= SIM__GATE_RUNS && injected == 0
        && total->fault_expected[fault] == 0) {
        (void)fprintf(
            stderr,
            "FAILED %s: fault '%s' was allowed and on in %" PRIu64 " runs, but nothing that it "
            "could have struck happened in them\n",
            runner->scenario->name,
            sim__fault_text(fault),
            runs);
        return false;
    }
    if (injected == 0 && expected >= SIM__GATE_EXPECTED) {
        (void)fprintf(
            stderr,
            "FAILED %s: fault '%s' was on in %" PRIu64 " runs and offered %" PRIu64 " times but "
            "never injected; about %" PRIu64 " were to be expected\n",
            runner->scenario->name,
            sim__fault_text(fault),
            runs,
            total->fault_offered[fault],
            expected);
        return false;
    }
    if (injected >= SIM__GATE_INJECTED && total->fault_effect[fault] == 0) {
        (void)fprintf(
            stderr,
            "FAILED %s: fault '%s' was injected %" PRIu64 " times but never had an effect\n",
            runner->scenario->name,
            sim__fault_text(fault),
            injected);
        return false;
    }
    return true;
}

static bool sim__faults_did_something(const struct sim__runner *runner)
{
    bool is_good = true;
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        is_good = sim__fault_did_something(runner, (enum myc_sim_fault)i) && is_good;
    }
    return is_good;
}

bool sim__gate_is_open(const struct sim__runner *runner)
{
    bool is_good = !runner->has_gate || sim__faults_did_something(runner);
    return sim__marks_are_hit(runner) && is_good;
}

#endif
