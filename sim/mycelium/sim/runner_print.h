// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the command prints in the end: a summary, or one JSON object. Part of the implementation
 * unit.
 */
#ifndef MYC_SIM_RUNNER_PRINT_H
#define MYC_SIM_RUNNER_PRINT_H

#include <mycelium/sim/runner_state.h>

#include <inttypes.h>
#include <stdio.h>

static double sim__rate(uint64_t amount, double seconds)
{
    return seconds > 0 ? (double)amount / seconds : 0;
}

/* Of one run its own, so that it can be compared with what a failure says. */
static uint64_t sim__campaign_hash(const struct sim__runner *runner)
{
    return runner->run_count == 1 ? runner->last_hash : runner->hash;
}

static void sim__print_counters(const struct myc_sim_result *total)
{
    (void)printf(", \"counters\": {");
    for (size_t i = 0; i < total->counter_count; i++) {
        (void)printf(
            "%s\"%s\": %" PRIu64,
            i == 0 ? "" : ", ",
            total->counters[i].name,
            total->counters[i].amount);
    }
    (void)printf("}");
}

static void sim__print_json_tape(const struct sim__runner *runner)
{
    const struct myc_sim_result *total = runner->total;
    if (runner->tape_path != NULL && !runner->is_strict) {
        (void)printf(
            ", \"tape\": {\"entries\": %" PRIu64 ", \"unused\": %" PRIu64 ", \"clamped\": %" PRIu64
            "}",
            total->tape_entry_count,
            total->tape_unused_count,
            total->tape_clamped_count);
    }
}

static void sim__print_json(const struct sim__runner *runner)
{
    const struct myc_sim_result *total = runner->total;
    (void)printf("{\"scenario\": \"%s\"", runner->scenario->name);
    if (runner->tape_path != NULL || runner->bytes_path != NULL || runner->is_boring) {
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
        sim__campaign_hash(runner),
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
    (void)printf("}");
    sim__marks_print(runner);
    sim__print_counters(total);
    sim__print_json_tape(runner);
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

/* What a loosely replayed tape named in vain. */
static void sim__print_tape(const struct sim__runner *runner)
{
    const struct myc_sim_result *total = runner->total;
    if (total->tape_unused_count == 0 && total->tape_clamped_count == 0) {
        return;
    }
    (void)printf(
        "  tape: %" PRIu64 " of %" PRIu64 " entries were never drawn",
        total->tape_unused_count,
        total->tape_entry_count);
    if (total->tape_unused_line > 0) {
        (void)printf(" (the first is line %u)", total->tape_unused_line);
    }
    (void)printf(", %" PRIu64 " cut to their bounds\n", total->tape_clamped_count);
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
    sim__print_tape(runner);
    for (size_t i = 0; i < total->counter_count; i++) {
        (void)printf("  %s: %" PRIu64 "\n", total->counters[i].name, total->counters[i].amount);
    }
    sim__marks_print(runner);
}

#endif
