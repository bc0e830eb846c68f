// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The places of <mycelium/simulation.h>: every one that is linked, what a run saw of each, and
 * which rare paths a run forces. Part of the implementation unit.
 *
 * The linker collects a pointer for each place in the section myc_marks; where a place's pointer
 * lies there is its number. What a run counts goes straight into its result.
 */
#ifndef MYC_SIM_MARKS_H
#define MYC_SIM_MARKS_H

#include <mycelium/sim/internal.h>

#include <mycelium/simulation.h>

#include <string.h>

/* Both ends of the section; the linker makes them, and none when no object has a place. */
extern const struct myc_mark *const __start_myc_marks[] __attribute__((weak, visibility("hidden")));
extern const struct myc_mark *const __stop_myc_marks[] __attribute__((weak, visibility("hidden")));

enum sim__buggify { SIM__BUGGIFY_UNKNOWN, SIM__BUGGIFY_OFF, SIM__BUGGIFY_ON };

size_t myc_sim_mark_count(void)
{
    uintptr_t bytes = (uintptr_t)__stop_myc_marks - (uintptr_t)__start_myc_marks;
    return bytes / sizeof(__start_myc_marks[0]);
}

const struct myc_mark *myc_sim_mark(size_t place)
{
    return __start_myc_marks[place];
}

static bool sim__has_buggify(void)
{
    size_t count = myc_sim_mark_count();
    for (size_t i = 0; i < count; i++) {
        if (myc_sim_mark(i)->kind == MYC_MARK_BUGGIFY) {
            return true;
        }
    }
    return false;
}

/* A label names its mark in tapes and lists, so it is one word. */
static bool sim__mark_is_sound(const struct myc_mark *mark)
{
    size_t size =
        strspn(mark->label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    return size > 0 && mark->label[size] == '\0';
}

const char *sim__mark_file(const struct myc_mark *mark)
{
    const char *slash = strrchr(mark->file, '/');
    return slash != NULL ? slash + 1 : mark->file;
}

bool sim__marks_check(char *message, size_t message_bytes)
{
    size_t count = myc_sim_mark_count();
    if (count > MYC_SIM_MARKS_MAX) {
        (void)snprintf(
            message,
            message_bytes,
            "the program has %zu marked places, at most %d are possible",
            count,
            MYC_SIM_MARKS_MAX);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct myc_mark *mark = myc_sim_mark(i);
        if (!sim__mark_is_sound(mark)) {
            (void)snprintf(
                message,
                message_bytes,
                "%s:%u: the mark's label '%s' must be letters, digits, '.', '-' and '_'",
                sim__mark_file(mark),
                (unsigned)mark->line,
                mark->label);
            return false;
        }
    }
    return true;
}

void sim__draw_buggify(struct myc_sim *world)
{
    // One run in five, and the boring one, force nothing.
    world->has_buggify = sim__has_buggify() && sim__choose(world, "profile.buggify", 5) > 0;
}

/* Whether the run forces this label's rare path now and then: drawn when it is first reached. */
static bool sim__buggify_is_active(struct myc_sim *world, size_t place, const struct myc_mark *mark)
{
    uint8_t *state = &world->buggify[place];
    size_t count = myc_sim_mark_count();
    for (size_t i = 0; i < count && *state == SIM__BUGGIFY_UNKNOWN; i++) {
        if (strcmp(myc_sim_mark(i)->label, mark->label) == 0) {
            *state = world->buggify[i];
        }
    }
    if (*state == SIM__BUGGIFY_UNKNOWN) {
        // Named by the label alone, so that a tape means the same after the code around it changed.
        uint64_t is_on = sim__choice_chance(&world->choices, mark->label, "buggify.active", 1, 4);
        *state = is_on != 0 ? SIM__BUGGIFY_ON : SIM__BUGGIFY_OFF;
    }
    return *state == SIM__BUGGIFY_ON;
}

static bool sim__buggify(struct myc_sim *world, size_t place, const struct myc_mark *mark)
{
    if (!world->has_buggify || !world->are_faults_on || world->current == NULL) {
        return false;
    }
    return sim__buggify_is_active(world, place, mark)
           && sim__chance(world, mark->label, 1, mark->rate);
}

bool myc_simulation_mark(const struct myc_mark *const *place, bool holds)
{
    struct myc_sim *world = sim__world_now;
    const struct myc_mark *mark = *place;
    if (world == NULL) {
        return mark->kind != MYC_MARK_BUGGIFY && holds;
    }
    size_t index = (size_t)(place - __start_myc_marks);
    world->mark_passed[index]++;
    if (mark->kind == MYC_MARK_BUGGIFY) {
        holds = sim__buggify(world, index, mark);
    }
    world->mark_held[index] += holds ? 1 : 0;
    if (mark->kind == MYC_MARK_NEVER) {
        sim__fail(
            world,
            "mark: '%s' (%s:%u) must never be reached",
            mark->label,
            sim__mark_file(mark),
            (unsigned)mark->line);
    }
    return holds;
}

#endif
