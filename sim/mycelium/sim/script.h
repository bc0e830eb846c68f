// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The explicit form of a run: what its strategy and its rates led to, without them. Part of the
 * implementation unit.
 *
 * Strategies draw gaps and places in a queue, which mean something else as soon as one of them
 * goes. The explicit form keeps what followed instead, each by itself:
 *
 *     <thread> <nth point> <scope> schedule.switch   at this point that thread went on instead
 *     <thread> <nth turn> <scope> schedule.turn      when it gave way, that one came next
 *     1 <nth offer> <scope> inject.<fault>           this offer of a fault was taken
 *     1 <nth point> <process> inject.kill            it was killed there
 *     1 <nth wait> <scope> inject.kill.waiting       it was killed while it waited
 *     <stores> <nth point> <scope> memory.stale      the load there saw a store that much older
 *     1 <nth point> <scope> memory.spurious          the compare-exchange there failed for no
 * reason
 *
 * Threads are numbered as they start, from 1. Everything else is a draw like any other. A tape in
 * this form is round robin but for what it names; every run can be told in it, with the same hash.
 */
#ifndef MYC_SIM_SCRIPT_H
#define MYC_SIM_SCRIPT_H

#include <mycelium/sim/internal.h>

#include <stdio.h>
#include <string.h>

/* Draws that an explicit tape leaves out, since it tells what follows from them. */
static void sim__hide(struct myc_sim *world)
{
    world->choices.is_hidden = world->is_explicit;
}

static void sim__unhide(struct myc_sim *world)
{
    world->choices.is_hidden = false;
}

static uint64_t sim__choose_hidden(struct myc_sim *world, const char *label, uint64_t bound)
{
    sim__hide(world);
    uint64_t value = sim__choose(world, label, bound);
    sim__unhide(world);
    return value;
}

static bool sim__chance_hidden(struct myc_sim *world, const char *label, uint64_t one_in)
{
    sim__hide(world);
    bool happens = sim__chance(world, label, 1, one_in);
    sim__unhide(world);
    return happens;
}

/* Whether the tape names explicit decisions or the run keeps them. */
static void sim__script_begin(struct myc_sim *world)
{
    const struct myc_sim_options *options = world->options;
    bool is_tape = options->tape_text != NULL && !options->is_strict && !options->has_then_seed;
    bool is_kept = (options->is_recording && !options->is_dense) || options->is_told;
    world->is_explicit = is_kept && (options->is_explicit || is_tape);
    world->is_scripted = world->is_explicit || is_tape;
}

/* How many points the current thread has passed. */
static uint64_t sim__thread_points(const struct myc_sim *world)
{
    return world->current->points + (world->steps - world->dispatched_at);
}

/* The step at which the tape next wants another thread than the current one. */
static uint64_t sim__script_next_switch(const struct myc_sim *world)
{
    const struct sim__thread *thread = world->current;
    if (thread == NULL || !world->is_scripted) {
        return UINT64_MAX;
    }
    uint64_t points = sim__thread_points(world);
    uint64_t nth =
        sim__choice_next_place(&world->choices, thread->scope, "schedule.switch", points);
    return nth == UINT64_MAX ? UINT64_MAX : world->steps + (nth - points);
}

static uint32_t sim__ready_find(const struct myc_sim *world, uint64_t id, uint32_t otherwise)
{
    for (uint32_t i = 0; i < world->ready_count && id != 0; i++) {
        if (world->ready[i]->id == id) {
            return i;
        }
    }
    return otherwise;
}

/*
 * Which of the ready comes after `self`, when the strategy would have the index-th. A switch that
 * comes to nothing is told as well if it let events happen.
 */
static uint32_t sim__script_pick(
    struct myc_sim *world,
    struct sim__thread *self,
    bool is_switch,
    uint32_t index,
    bool had_events)
{
    struct sim__choice_source *choices = &world->choices;
    const char *label = is_switch ? "schedule.switch" : "schedule.turn";
    uint64_t nth = is_switch ? self->points : self->turns++;
    bool is_named = world->profile.strategy == SIM__ROUND_ROBIN;
    uint64_t named = is_named ? sim__choice_named(choices, self->scope, label, nth) : 0;
    index = sim__ready_find(world, named, index);
    const struct sim__thread *next = world->ready[index];
    bool is_boring = is_switch ? next == self && !had_events : index == 0;
    sim__choice_keep(choices, self->scope, label, nth, is_boring ? 0 : next->id);
    return index;
}

/* The fault's own draws said `happens`; a tape may say it by itself. */
static bool sim__script_fault(struct myc_sim *world, const char *label, bool happens)
{
    const char *scope = world->current != NULL ? world->current->scope : "world";
    return sim__choice_follow(&world->choices, scope, label, happens ? 1 : 0) != 0;
}

/* The scope of a process's kills: its name, and which start of that name it is. */
static void
sim__script_process(const struct sim__process *process, char out_scope[SIM__SCOPE_BYTES])
{
    unsigned starts = 1;
    const struct sim__process *it = process->world->processes;
    for (; it != NULL && it != process; it = it->next) {
        starts += strcmp(it->name, process->name) == 0 ? 1 : 0;
    }
    if (starts == 1) {
        (void)snprintf(out_scope, SIM__SCOPE_BYTES, "%s", process->name);
    } else {
        (void)snprintf(out_scope, SIM__SCOPE_BYTES, "%s#%u", process->name, starts);
    }
}

/* The point of the process at which the tape kills it next; UINT64_MAX: none. */
static uint64_t sim__script_next_kill(const struct sim__process *process)
{
    char scope[SIM__SCOPE_BYTES];
    const struct sim__choice_source *choices = &process->world->choices;
    if (choices->place_count == 0) {
        return UINT64_MAX;
    }
    sim__script_process(process, scope);
    return sim__choice_next_place(choices, scope, "inject.kill", process->points);
}

static void sim__script_kill(const struct sim__process *process)
{
    char scope[SIM__SCOPE_BYTES];
    if (process->world->is_explicit) {
        sim__script_process(process, scope);
        struct sim__choice_source *choices = &process->world->choices;
        (void)sim__choice_named(choices, scope, "inject.kill", process->points);
        sim__choice_keep(choices, scope, "inject.kill", process->points, 1);
    }
}

#endif
