// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What happens to whole hosts: power losses, and the points at which the run's faults make them.
 * Part of the implementation unit.
 */
#ifndef MYC_SIM_HOST_H
#define MYC_SIM_HOST_H

#include <mycelium/sim/internal.h>

#include <mycelium/sim/clock.h>
#include <mycelium/sim/durable.h>
#include <mycelium/sim/pause.h>

// ---- Power ----

void sim__host_power_loss(struct myc_sim *world, struct sim__host *host)
{
    struct sim__thread *self = world->current;
    world->current = NULL; // the director's calls lose as much as drawn ones
    sim__note(world, SIM__NOTE_POWER, host->id, host->power_losses);
    sim__network_host_lost(world, host);
    for (struct sim__process *it = world->processes; it != NULL; it = it->next) {
        if (it->host == host && !it->is_director) {
            sim__process_end(it, true, -1);
        }
    }
    sim__files_power_loss(world, host);
    host->power_losses++;
    host->pid_next = 100;
    sim__clock_boot(world, host);
    sim__clock_maybe_step(world, host);
    sim__progress(world);
    world->current = self;
}

static void sim__power_event(struct myc_sim *world, void *context)
{
    struct sim__host *host = context;
    if (world->are_faults_on && host->power_losses_left > 0) {
        host->power_losses_left--;
        world->faults[MYC_SIM_FAULT_POWER_LOSS].injected++;
        world->faults[MYC_SIM_FAULT_POWER_LOSS].effect++;
        sim__host_power_loss(world, host);
    }
}

/* The power goes at a point of a process, which does not return then. */
static void sim__power_point(struct sim__process *process)
{
    struct myc_sim *world = process->world;
    (void)sim__after(world, 0, sim__power_event, process->host);
    sim__ready_append(world, world->current);
    sim__give_way(world);
}

/* Points of a process that mostly waits are few: the power may go in its sleep instead. */
void sim__maybe_lose_power_waiting(struct myc_sim *world, const struct sim__process *process)
{
    if (process->planned_at[SIM__PLAN_POWER_LOSS] != UINT64_MAX && world->are_faults_on
        && sim__chance(world, "fault.power-loss.waiting", 1, 200)) {
        uint64_t delay = sim__range(world, "fault.power-loss.delay", 0, 10000000);
        world->faults[MYC_SIM_FAULT_POWER_LOSS].offered++;
        (void)sim__after(world, delay, sim__power_event, process->host);
    }
}

// ---- Points at which faults happen ----

static const struct sim__planned {
    enum myc_sim_fault fault;
    const char *label;
    void (*act)(struct sim__process *process);
} sim__planned_faults[SIM__PLAN_COUNT] = {
    [SIM__PLAN_POWER_LOSS] = {MYC_SIM_FAULT_POWER_LOSS, "fault.power-loss", sim__power_point},
    [SIM__PLAN_PAUSE_THREAD] =
        {MYC_SIM_FAULT_PAUSE_THREAD, "fault.pause-thread", sim__pause_thread_point},
    [SIM__PLAN_PAUSE_PROCESS] =
        {MYC_SIM_FAULT_PAUSE_PROCESS, "fault.pause-process", sim__pause_process_point},
    [SIM__PLAN_PAUSE_HOST] = {MYC_SIM_FAULT_PAUSE_HOST, "fault.pause-host", sim__pause_host_point},
    [SIM__PLAN_SUSPEND] = {MYC_SIM_FAULT_SUSPEND, "fault.suspend", sim__suspend_point},
};

static bool sim__plan_is_possible(const struct sim__process *process, int plan)
{
    const struct sim__fault_state *state = &process->world->faults[sim__planned_faults[plan].fault];
    bool has_budget = plan != SIM__PLAN_POWER_LOSS || process->host->power_losses_left > 0;
    // A tape names the points themselves, whatever the run's profile.
    const struct myc_sim *world = process->world;
    bool is_active = state->is_active || (world->is_scripted && world->choices.has_tape);
    return state->is_allowed && is_active && !state->is_forbidden && has_budget
           && !process->is_director;
}

enum myc_sim_fault sim__fault_of_plan(enum sim__plan plan)
{
    return sim__planned_faults[plan].fault;
}

bool sim__fault_is_planned(enum myc_sim_fault fault)
{
    bool is_planned = false;
    for (int i = 0; i < SIM__PLAN_COUNT; i++) {
        is_planned = is_planned || sim__planned_faults[i].fault == fault;
    }
    return is_planned;
}

static void sim__plan_fault(struct sim__process *process, int plan)
{
    const struct sim__planned *planned = &sim__planned_faults[plan];
    struct myc_sim *world = process->world;
    process->planned_at[plan] = UINT64_MAX;
    sim__planning_end(process, &process->planning[plan], planned->fault);
    if (sim__plan_is_possible(process, plan)) {
        uint64_t gap = sim__choice_gap(
            &world->choices,
            process->name,
            planned->label,
            world->faults[planned->fault].rate,
            SIM__GAP_CAP);
        process->planned_at[plan] = gap > 0 ? process->points + gap : UINT64_MAX;
        sim__planning_begin(process, &process->planning[plan]);
    }
}

void sim__plan_stop(struct sim__process *process)
{
    process->stop_at =
        process->kill_at < process->random_kill_at ? process->kill_at : process->random_kill_at;
    for (int i = 0; i < SIM__PLAN_COUNT; i++) {
        if (process->planned_at[i] < process->stop_at) {
            process->stop_at = process->planned_at[i];
        }
    }
}

void sim__plan_faults(struct sim__process *process)
{
    for (int i = 0; i < SIM__PLAN_COUNT; i++) {
        sim__plan_fault(process, i);
    }
    sim__plan_stop(process);
}

void sim__plan_host_faults(struct myc_sim *world, const struct sim__host *host)
{
    for (struct sim__process *it = world->processes; it != NULL; it = it->next) {
        if (!it->is_ended && (host == NULL || it->host == host)) {
            sim__plan_faults(it);
        }
    }
}

void sim__plan_point(struct sim__process *process)
{
    struct myc_sim *world = process->world;
    for (int i = 0; i < SIM__PLAN_COUNT; i++) {
        if (process->points >= process->planned_at[i]) {
            world->faults[sim__planned_faults[i].fault].offered++;
            sim__plan_fault(process, i);
            sim__plan_stop(process);
            if (world->are_faults_on) {
                sim__planned_faults[i].act(process);
            }
        }
    }
}

// ---- The director ----

void myc_sim_power_loss(struct myc_sim *sim, const char *host)
{
    if (sim->current != NULL && !sim->current->process->is_director) {
        sim__fail(sim, "myc_sim_power_loss was called by a process");
    }
    sim__host_power_loss(sim, sim__host_find(sim, host));
}

void myc_sim_allow_power_loss(struct myc_sim *sim, const char *host_name, uint32_t losses_max)
{
    struct sim__host *host = sim__host_find(sim, host_name);
    host->power_losses_left = losses_max;
    sim__fault_allow(sim, MYC_SIM_FAULT_POWER_LOSS, losses_max > 0);
    sim__plan_host_faults(sim, host);
}

uint32_t myc_sim_power_losses(struct myc_sim *sim, const char *host)
{
    return sim__host_find(sim, host)->power_losses;
}

#endif
