// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Safety, then liveness: faults stop, what was cut heals, threads take turns, and what must come in
 * the end must come within a bound. Part of the implementation unit.
 */
#ifndef MYC_SIM_LIVENESS_H
#define MYC_SIM_LIVENESS_H

#include <mycelium/sim/internal.h>

void myc_sim_progress(struct myc_sim *sim)
{
    sim->marked_step = sim->steps;
}

/* Whoever passes this point goes round without getting anywhere. */
void sim__liveness_check(struct myc_sim *world)
{
    if (world->is_live_phase && world->steps - world->marked_step > SIM__STALL_STEPS) {
        world->is_live_phase = false;
        myc_sim_fail(
            world,
            "livelock: %d steps without myc_sim_progress() since the faults stopped, waiting for "
            "%s",
            (int)SIM__STALL_STEPS,
            world->live_text);
    }
}

void myc_sim_liveness(
    struct myc_sim *sim,
    myc_sim_predicate_fn *predicate,
    void *context,
    uint64_t bound_ns,
    const char *text)
{
    sim__faults_turn(sim, false);
    myc_sim_heal_all(sim);
    sim__resume_all(sim);
    // Fair: whoever can run gets its turn, in the order of arrival.
    sim->profile.strategy = SIM__ROUND_ROBIN;
    sim__draw_preemption(sim);
    sim__plan(sim);
    sim->is_live_phase = true;
    sim->live_text = text;
    myc_sim_progress(sim);
    sim->check_count++;
    bool holds = myc_sim_run_until(sim, predicate, context, sim__now(sim) + bound_ns);
    sim->is_live_phase = false;
    if (!holds) {
        myc_sim_fail(
            sim,
            "liveness: not within %llu ms of virtual time after the faults stopped: %s",
            (unsigned long long)(bound_ns / 1000000),
            text);
    }
}

#endif
