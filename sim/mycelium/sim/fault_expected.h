// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How often faults that happen at points of processes were to be expected. Part of the
 * implementation unit.
 *
 * Such a fault's point is drawn ahead, so that the points before cost nothing, and nothing counts
 * them as offers. What a plan let expect is found afterwards, from how many points passed while it
 * stood and faults were on: one in `rate` of them. Deaths and power losses that strike in a wait
 * come on top and are not expected.
 */
#ifndef MYC_SIM_FAULT_EXPECTED_H
#define MYC_SIM_FAULT_EXPECTED_H

#include <mycelium/sim/internal.h>
#include <mycelium/sim/scheduler.h>

static void
sim__plan_settle(struct sim__process *process, struct sim__planning *plan, enum myc_sim_fault fault)
{
    struct sim__fault_state *state = &process->world->faults[fault];
    uint64_t end = process->points < plan->end ? process->points : plan->end;
    if (plan->begin >= end) {
        return;
    }
    if (process->world->are_faults_on) {
        state->expected += (end - plan->begin) * SIM__MILLION / state->rate;
    }
    plan->begin = end;
}

/* What it let expect counts; nothing more will come of it. */
static void sim__planning_end(
    struct sim__process *process, struct sim__planning *plan, enum myc_sim_fault fault)
{
    sim__plan_settle(process, plan, fault);
    plan->end = 0;
}

/* A point was drawn, or that there is none among the next ones. */
static void sim__planning_begin(const struct sim__process *process, struct sim__planning *plan)
{
    plan->begin = process->points;
    plan->end = process->points + SIM__GAP_CAP;
}

static void sim__plans_settle(struct sim__process *process)
{
    sim__plan_settle(process, &process->kill_planning, MYC_SIM_FAULT_KILL);
    for (int i = 0; i < SIM__PLAN_COUNT; i++) {
        sim__plan_settle(process, &process->planning[i], sim__fault_of_plan((enum sim__plan)i));
    }
}

void sim__expect_settle(struct myc_sim *world)
{
    for (struct sim__process *it = world->processes; it != NULL; it = it->next) {
        sim__plans_settle(it);
    }
}

/* No more kills of this name: processes that have plans keep them in vain. */
static void sim__kills_used_up(struct myc_sim *world, const char *name)
{
    for (struct sim__process *it = world->processes; it != NULL; it = it->next) {
        if (strcmp(it->name, name) == 0) {
            sim__planning_end(it, &it->kill_planning, MYC_SIM_FAULT_KILL);
        }
    }
}

void sim__fault_allow(struct myc_sim *world, enum myc_sim_fault fault, bool is_allowed)
{
    struct sim__fault_state *state = &world->faults[fault];
    state->is_allowed = is_allowed;
    state->was_on = state->was_on || (is_allowed && state->is_active);
}

void sim__faults_turn(struct myc_sim *world, bool are_on)
{
    sim__expect_settle(world);
    world->are_faults_on = are_on;
}

#endif
