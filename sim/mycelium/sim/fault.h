// SPDX-License-Identifier: MIT OR Apache-2.0
/* Kinds of faults, their offers, and what a run draws before anything else. Part of the
 * implementation unit. */
#ifndef MYC_SIM_FAULT_H
#define MYC_SIM_FAULT_H

#include <mycelium/sim/internal.h>
#include <mycelium/sim/scheduler.h>
#include <mycelium/sim/script.h>

#include <stdio.h>
#include <string.h>

static const struct sim__fault_kind {
    const char *text;
    const char *label;
    const char *inject_label;
    const char *profile_label;
    bool is_legal;
    uint64_t rate;
} sim__fault_kinds[] = {
#define SIM__FAULT_LEGAL true
#define SIM__FAULT_OPT_IN false
#define SIM__FAULT_KIND_(name, text, is_default, rate)                                             \
    {text, "fault." text, "inject." text, "profile.fault." text, SIM__FAULT_##is_default, rate},
    MYC_SIM_FAULT_LIST(SIM__FAULT_KIND_)
#undef SIM__FAULT_KIND_
};

_Static_assert(
    sizeof(sim__fault_kinds) / sizeof(sim__fault_kinds[0]) == MYC_SIM_FAULT_COUNT,
    "one row a fault");

static bool sim__fault_is_possible(const struct myc_sim *world, enum myc_sim_fault fault)
{
    const struct sim__fault_state *state = &world->faults[fault];
    bool is_director = world->current != NULL && world->current->process->is_director;
    return world->are_faults_on && state->is_allowed && !state->is_forbidden && !is_director;
}

/* Whether the run's own draws make this offer the one. */
static bool sim__fault_drawn(struct myc_sim *world, enum myc_sim_fault fault)
{
    struct sim__fault_state *state = &world->faults[fault];
    state->expected += SIM__MILLION / state->rate;
    if (state->left == 0) {
        sim__hide(world);
        uint64_t gap = sim__choice_gap(
            &world->choices,
            sim__scope(world),
            sim__fault_kinds[fault].label,
            state->rate,
            SIM__GAP_PAUSE);
        sim__unhide(world);
        state->is_pause = gap == 0;
        state->left = gap == 0 ? SIM__GAP_PAUSE : gap;
    }
    state->left--;
    return state->left == 0 && !state->is_pause;
}

bool sim__fault(struct myc_sim *world, enum myc_sim_fault fault)
{
    struct sim__fault_state *state = &world->faults[fault];
    state->offered++;
    if (!sim__fault_is_possible(world, fault)) {
        return false;
    }
    bool happens = state->is_active && sim__fault_drawn(world, fault);
    if (world->is_scripted) {
        happens = sim__script_fault(world, sim__fault_kinds[fault].inject_label, happens);
    }
    if (!happens) {
        return false;
    }
    state->injected++;
    sim__note(world, SIM__NOTE_FAULT, (uint64_t)fault, 0);
    return true;
}

void sim__fault_effect(struct myc_sim *world, enum myc_sim_fault fault)
{
    world->faults[fault].effect++;
}

const char *sim__fault_text(enum myc_sim_fault fault)
{
    return sim__fault_kinds[fault].text;
}

bool sim__fault_is_legal(enum myc_sim_fault fault)
{
    return sim__fault_kinds[fault].is_legal;
}

/* The kind of a name of `size` characters; MYC_SIM_FAULT_COUNT when there is none. */
static int sim__fault_find(const char *name, size_t size)
{
    int fault = 0;
    while (fault < MYC_SIM_FAULT_COUNT
           && (strlen(sim__fault_kinds[fault].text) != size
               || memcmp(sim__fault_kinds[fault].text, name, size) != 0)) {
        fault++;
    }
    return fault;
}

static void sim__faults_explain(const char *name, size_t size, char *message, size_t message_bytes)
{
    int used = snprintf(
        message, message_bytes, "no such fault '%.*s'; there are all none", (int)size, name);
    for (int i = 0; i < MYC_SIM_FAULT_COUNT && (size_t)used < message_bytes; i++) {
        size_t room = message_bytes - (size_t)used;
        used += snprintf(message + used, room, " %s", sim__fault_kinds[i].text);
    }
}

bool sim__faults_read(const char *list, bool *is_allowed, char *message, size_t message_bytes)
{
    memset(is_allowed, 0, MYC_SIM_FAULT_COUNT * sizeof(*is_allowed));
    for (const char *at = list;;) {
        size_t size = strcspn(at, ",");
        bool is_all = size == 3 && memcmp(at, "all", size) == 0;
        int fault = sim__fault_find(at, size);
        if (fault < MYC_SIM_FAULT_COUNT) {
            is_allowed[fault] = true;
        } else if (!is_all && (size != 4 || memcmp(at, "none", size) != 0)) {
            sim__faults_explain(at, size, message, message_bytes);
            return false;
        }
        for (int i = 0; is_all && i < MYC_SIM_FAULT_COUNT; i++) {
            is_allowed[i] = true;
        }
        if (at[size] == '\0') {
            return true;
        }
        at += size + 1;
    }
}

bool sim__faults_restrict(
    struct myc_sim *world, const char *list, char *message, size_t message_bytes)
{
    bool is_allowed[MYC_SIM_FAULT_COUNT];
    if (!sim__faults_read(list, is_allowed, message, message_bytes)) {
        return false;
    }
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        world->faults[i].is_forbidden = !is_allowed[i];
    }
    return true;
}

void sim__draw_profile(struct myc_sim *world)
{
    static const enum sim__strategy strategies[] = {
        SIM__ROUND_ROBIN,
        SIM__RANDOM_WALK,
        SIM__RANDOM_WALK,
        SIM__RANDOM_WALK,
        SIM__RANDOM_WALK,
        SIM__PRIORITIES,
        SIM__FEW_CHANGES,
        SIM__STARVATION,
        SIM__OPERATIONS,
        SIM__EVERY_POINT,
    };
    static const uint64_t step_costs[] = {10, 1, 100, 1000};
    enum { COUNT = sizeof(strategies) / sizeof(strategies[0]) };
    struct sim__profile *profile = &world->profile;
    // The last one is not for seeds: a choice at every point is too many for chance.
    sim__hide(world);
    profile->strategy = strategies[sim__choice_rare(
        &world->choices, sim__scope(world), "profile.strategy", COUNT - 1, COUNT)];
    sim__unhide(world);
    profile->preemption_rate = UINT64_C(2) << sim__choose_hidden(world, "profile.preemption", 7);
    if (profile->strategy == SIM__PRIORITIES) {
        profile->preemption_rate *= 4;
    }
    if (profile->strategy == SIM__FEW_CHANGES) {
        world->changes_left = 1 + sim__choose_hidden(world, "profile.changes", 4);
    }
    if (profile->strategy == SIM__FEW_CHANGES || profile->strategy == SIM__STARVATION) {
        world->change_range = UINT64_C(64) << sim__choose_hidden(world, "profile.change_range", 10);
    }
    profile->step_ns = step_costs[sim__choose(world, "profile.step", 4)];
    profile->shuffles_ties = sim__choose(world, "profile.ties", 2) == 1;
    profile->has_drift = sim__choose(world, "profile.drift", 2) == 1;
    // One run in five has no faults, so that their absence is tried as well.
    bool has_faults = sim__choose_hidden(world, "profile.faults", 5) > 0;
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        const struct sim__fault_kind *kind = &sim__fault_kinds[i];
        struct sim__fault_state *state = &world->faults[i];
        state->is_allowed = kind->is_legal;
        state->is_active = has_faults && sim__choose_hidden(world, kind->profile_label, 2) == 1;
        state->rate = kind->rate;
        if (state->is_active) {
            static const uint64_t factors[] = {1, 1, 4, 16};
            state->rate *= factors[sim__choose_hidden(world, "profile.fault.rate", 4)];
        }
        // Drawn all the same, so that a restricted run is like the whole one as far as it can.
        state->is_active = state->is_active && !state->is_forbidden;
        state->was_on = state->is_active && state->is_allowed;
    }
    sim__draw_buggify(world);
}

#endif
