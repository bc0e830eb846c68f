// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The strategy "starvation": a random walk in which, for a drawn number of steps at a time, one
 * thread runs only where nobody else can. Part of the implementation unit.
 *
 * It finds what needs a long run of others inside a window of one thread. Nobody starves for ever:
 * the window ends after its steps, where the others only spin, and where they all wait.
 */
#ifndef MYC_SIM_SCHEDULER_STARVE_H
#define MYC_SIM_SCHEDULER_STARVE_H

#include <mycelium/sim/internal.h>
#include <mycelium/sim/script.h>

/* Its place among those that can run; ready_count if it is not there or its time is over. */
static uint32_t sim__starve_index(struct myc_sim *world)
{
    if (world->steps >= world->starve_until) {
        world->starved = NULL;
    }
    uint32_t index = 0;
    while (index < world->ready_count && world->ready[index] != world->starved) {
        index++;
    }
    return index;
}

uint32_t sim__starve_pick(struct myc_sim *world, const char *scope)
{
    uint32_t held = sim__starve_index(world);
    uint32_t count = world->ready_count;
    if (held < count && count == 1) {
        world->starved = NULL;
        held = count;
    }
    bool is_held = held < count;
    world->starve_count += is_held ? 1 : 0;
    sim__hide(world);
    uint32_t index = (uint32_t)sim__choice_draw(
        &world->choices, scope, "schedule.next", count - (is_held ? 1 : 0));
    sim__unhide(world);
    return is_held && index >= held ? index + 1 : index;
}

void sim__starve_begin(struct myc_sim *world)
{
    if (world->starved != NULL && world->steps < world->starve_until) {
        return;
    }
    // 0 is nobody, 1 is who was preempted.
    uint64_t count = (uint64_t)world->ready_count + 2;
    uint64_t chosen = sim__choose_hidden(world, "schedule.starve", count);
    if (chosen > 0) {
        world->starved = chosen == 1 ? world->current : world->ready[chosen - 2];
        uint64_t steps = sim__choose_hidden(world, "schedule.starve_steps", world->change_range);
        world->starve_until = world->steps + 1 + steps;
    }
}

#endif
