// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a run draws from, as its options say, and the command that makes the same draws again. Part
 * of the implementation unit.
 */
#ifndef MYC_SIM_CHOICE_OPTIONS_H
#define MYC_SIM_CHOICE_OPTIONS_H

#include <mycelium/sim/choice.h>
#include <mycelium/sim/choice_tape.h>
#include <mycelium/sim/internal.h>
#include <mycelium/sim/memory_names.h>
#include <mycelium/sim/script.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The run no longer is the strict tape's: it ends at its next point. */
static void sim__on_mismatch(void *context)
{
    struct myc_sim *world = context;
    world->steps_max = world->steps;
    world->slow_at = 0;
}

static void sim__on_seen(void *context)
{
    struct myc_sim *world = context;
    world->choices.seen.step = world->steps;
    world->choices.seen.virtual_ns = sim__now(world);
}

/* Lays the options' tape; false when it cannot be read, and world->report tells file and line. */
static bool sim__world_lay_tape(struct myc_sim *world, struct sim__choice_source *choices)
{
    const struct myc_sim_options *options = world->options;
    const char *text = options->tape_text;
    const char *file = options->tape_name != NULL ? options->tape_name : "tape";
    char why[SIM__CHOICE_MESSAGE_BYTES] = "";
    if (sim__choice_add_tape(choices, text, world->scenario->name, why, sizeof(why))
        && options->is_strict && !sim__choice_be_strict(choices, text)) {
        (void)snprintf(
            why,
            sizeof(why),
            "1: only a dense tape can be replayed strictly: record one with --record-dense");
    }
    if (why[0] != '\0') {
        (void)snprintf(world->report, MYC_SIM_REPORT_BYTES, "%s:%s", file, why);
    }
    return why[0] == '\0';
}

/* In runs of an enumerator every point is a choice, and loads may take older values. */
static void sim__choice_force_profile(struct sim__choice_source *choices)
{
    static const struct {
        const char *label;
        uint64_t value;
    } forced[] = {{"profile.strategy", UINT64_MAX}, {"profile.memory", 1}};
    choices->has_tape = true;
    choices->is_counting = true;
    for (size_t i = 0; i < sizeof(forced) / sizeof(forced[0]); i++) {
        uint64_t key = sim__tape_nth_key(sim__tape_key("world", forced[i].label), 0);
        sim__tape_put(choices, (struct sim__tape_entry){.key = key, .value = forced[i].value});
    }
}

/* Opens the source of the run's draws; false when its tape cannot be read, see world->report. */
static bool sim__world_init_choices(struct myc_sim *world)
{
    const struct myc_sim_options *options = world->options;
    struct sim__choice_source *choices = &world->choices;
    bool has_base = options->has_then_seed && options->prefix_draws == 0;
    if (options->enumerator != NULL) {
        sim__choice_init_enumerated(choices, options->enumerator);
        sim__choice_force_profile(choices);
    } else if (options->bytes != NULL) {
        sim__choice_init_bytes(choices, options->bytes, options->bytes_size);
    } else if (has_base) {
        sim__choice_init_seed(choices, options->then_seed);
    } else if (options->is_boring || options->tape_text != NULL) {
        sim__choice_init_boring(choices);
    } else {
        sim__choice_init_seed(choices, options->seed);
    }
    choices->context = world;
    choices->on_mismatch = sim__on_mismatch;
    choices->on_seen = sim__on_seen;
    if (options->tape_text != NULL && !sim__world_lay_tape(world, choices)) {
        return false;
    }
    if (options->has_then_seed && options->prefix_draws > 0) {
        sim__choice_then(choices, options->prefix_draws, options->then_seed);
    }
    if (options->is_mixed) {
        sim__choice_mix(choices, options->seed);
    }
    if (options->is_recording && options->tape_memory != NULL) {
        sim__choice_record_in(choices, options->tape_memory, options->tape_memory_bytes);
    }
    if (options->is_recording) {
        sim__choice_record(choices, world->scenario->name, options->is_dense);
    }
    if (options->is_keeping_bytes) {
        sim__choice_keep_bytes(choices);
    }
    if (options->look_draw > 0) {
        sim__choice_look(choices, options->look_draw);
    }
    sim__script_begin(world);
    if (options->is_told) {
        sim__report_tell(world);
    }
    return true;
}

// ---- The command ----

__attribute__((format(printf, 3, 4))) static void
sim__repro_add(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

static void sim__world_init_repro(struct myc_sim *world)
{
    const struct myc_sim_options *options = world->options;
    const char *start = options->repro_start != NULL ? options->repro_start : "<program>";
    char *text = world->repro;
    size_t size = sizeof(world->repro);
    (void)snprintf(text, size, "%s %s", start, world->scenario->name);
    if (options->enumerator != NULL) {
        const char *name = options->record_name != NULL ? options->record_name : "FILE";
        sim__repro_add(text, size, " --tape %s", name);
    } else if (options->bytes != NULL) {
        const char *name = options->bytes_name != NULL ? options->bytes_name : "FILE";
        sim__repro_add(text, size, " --bytes %s", name);
    } else if (options->tape_text != NULL) {
        const char *name = options->tape_name != NULL ? options->tape_name : "FILE";
        sim__repro_add(text, size, " --tape %s%s", name, options->is_strict ? " --strict" : "");
    } else if (options->is_boring) {
        sim__repro_add(text, size, " --boring");
    } else {
        sim__repro_add(text, size, " --seed %llu", (unsigned long long)options->seed);
    }
    if (options->has_then_seed) {
        if (options->prefix_draws > 0) {
            unsigned long long count = options->prefix_draws;
            sim__repro_add(text, size, " --prefix %llu", count);
        }
        sim__repro_add(text, size, " --then-seed %llu", (unsigned long long)options->then_seed);
    }
    sim__repro_breaks(options, text + strlen(text), size - strlen(text));
    if (options->faults != NULL) {
        sim__repro_add(text, size, " --faults %s", options->faults);
    }
    sim__repro_add(text, size, "%s", sim__memory_option(options->memory));
}

#endif
