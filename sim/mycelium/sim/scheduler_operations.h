// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The strategy "operations": each operation of each thread has a priority of its own, drawn
 * uniformly, and the first of those that can run goes next. Part of the implementation unit.
 *
 * The current thread goes on as long as its next operation's priority is above that of the first
 * one waiting, which each of its steps decides alike: so the number of its steps is geometric, and
 * one draw a turn stands for one draw a step. Who has waited longest draws anew at each turn, so
 * that nobody waits for ever behind a low priority.
 */
#ifndef MYC_SIM_SCHEDULER_OPERATIONS_H
#define MYC_SIM_SCHEDULER_OPERATIONS_H

#include <mycelium/sim/internal.h>
#include <mycelium/sim/script.h>

enum { SIM__OPERATION_PRIORITIES = 1 << 16, SIM__OPERATION_GAP_CAP = 1 << 20 };

static uint64_t sim__operations_first(const struct myc_sim *world)
{
    uint64_t first = 0;
    for (uint32_t i = 0; i < world->ready_count; i++) {
        first = world->ready[i]->priority > first ? world->ready[i]->priority : first;
    }
    return first;
}

static uint64_t sim__operations_draw(struct myc_sim *world)
{
    return sim__choose_hidden(world, "schedule.priority", SIM__OPERATION_PRIORITIES);
}

/* `first` is the highest priority among those that wait. */
static void sim__operations_plan_behind(struct myc_sim *world, uint64_t first)
{
    world->next_preemption = UINT64_MAX;
    if (first > 0) {
        // No rate is below 2: a thread takes two steps in a row at least every other time.
        uint64_t rate = SIM__OPERATION_PRIORITIES / first;
        sim__hide(world);
        uint64_t gap = sim__choice_gap(
            &world->choices,
            world->current->scope,
            "schedule.preempt",
            rate < 2 ? 2 : rate,
            SIM__OPERATION_GAP_CAP);
        sim__unhide(world);
        world->next_preemption = gap == 0 ? UINT64_MAX : world->steps + gap;
    }
}

void sim__operations_plan(struct myc_sim *world)
{
    sim__operations_plan_behind(world, sim__operations_first(world));
}

void sim__operations_pass(struct myc_sim *world, struct sim__thread *thread)
{
    uint64_t first = sim__operations_first(world);
    thread->priority = first > 0 ? sim__choose_hidden(world, "schedule.priority", first) : 0;
}

void sim__operations_awake(struct myc_sim *world, struct sim__thread *thread)
{
    thread->priority = sim__operations_draw(world);
    // Its turn may come sooner than that of the first so far: each of them is waited for alike.
    if (world->current != NULL && world->current->state == SIM__RUNNING) {
        uint64_t first = sim__operations_first(world);
        sim__operations_plan_behind(world, first > thread->priority ? first : thread->priority);
        world->slow_at =
            world->next_preemption < world->slow_at ? world->next_preemption : world->slow_at;
    }
}

uint32_t sim__operations_pick(struct myc_sim *world)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < world->ready_count; i++) {
        best = world->ready[i]->priority > world->ready[best]->priority ? i : best;
    }
    if (world->ready_count > 2) {
        world->ready[best == 0 ? 1 : 0]->priority = sim__operations_draw(world);
    }
    return best;
}

#endif
