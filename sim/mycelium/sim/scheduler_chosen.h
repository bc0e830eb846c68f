// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The strategy "every point", in which each point is a choice of which thread goes on; and the
 * stop for debuggers. Part of the implementation unit.
 *
 * Where a thread waits or spins the choice is made there, too, and a spinner lets somebody else go
 * first: so that even all schedules together are finitely many.
 */
#ifndef MYC_SIM_SCHEDULER_CHOSEN_H
#define MYC_SIM_SCHEDULER_CHOSEN_H

#include <mycelium/sim/internal.h>
#include <mycelium/sim/script.h>

#include <signal.h>
#include <stdio.h>

uint32_t sim__pick_chosen(struct myc_sim *world, const char *scope, const struct sim__thread *self)
{
    uint32_t count = world->ready_count;
    if (world->chosen > 0) {
        uint32_t chosen = world->chosen - 1;
        world->chosen = 0;
        return chosen < count ? chosen : 0;
    }
    bool is_spinning = self != NULL && world->ready[count - 1] == self && !world->is_preempting;
    count -= is_spinning && count > 1 ? 1 : 0;
    sim__hide(world);
    uint64_t index = sim__choice_draw(&world->choices, scope, "schedule.next", count);
    sim__unhide(world);
    return (uint32_t)index;
}

void sim__point_chosen(struct myc_sim *world)
{
    sim__draw_preemption(world);
    if (!world->current->process->is_director) {
        uint64_t count = (uint64_t)world->ready_count + 1;
        world->chosen = (uint32_t)sim__choose_hidden(world, "schedule.here", count);
    }
    if (world->chosen > 0) {
        world->is_preempting = true;
        sim__ready_append(world, world->current);
        sim__give_way(world);
    } else {
        sim__plan(world);
    }
}

void sim__break_here(struct myc_sim *world)
{
    (void)fprintf(
        stderr,
        "stopped at step %llu, virtual ns %llu, in %s, at %s\n",
        (unsigned long long)world->steps,
        (unsigned long long)sim__now(world),
        world->current->scope,
        world->current->label);
    (void)fflush(NULL);
    (void)signal(SIGTRAP, SIG_DFL); // the runner's handler would report a crash
    (void)raise(SIGTRAP);
}

#endif
