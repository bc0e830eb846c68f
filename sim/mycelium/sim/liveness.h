// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Safety, then liveness: faults stop, what was cut heals, threads take turns, and what must come in
 * the end must come within a bound. Either everything heals, or a chosen core does, and what is
 * outside of it never will. Part of the implementation unit.
 */
#ifndef MYC_SIM_LIVENESS_H
#define MYC_SIM_LIVENESS_H

#include <mycelium/sim/internal.h>
#include <mycelium/sim/pause.h>
#include <mycelium/sim/route.h>

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

/* What must come; `whose` says in the verdict for whom the faults have stopped. */
static void sim__live(
    struct myc_sim *sim,
    myc_sim_predicate_fn *predicate,
    void *context,
    uint64_t bound_ns,
    const char *text,
    const char *whose)
{
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
            "liveness: not within %llu ms of virtual time after the faults stopped%s: %s",
            (unsigned long long)(bound_ns / 1000000),
            whose,
            text);
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
    sim__live(sim, predicate, context, bound_ns, text, "");
}

// ---- A chosen core ----

/* What becomes of a process outside of the core; 0 is boring. */
enum sim__core_fate {
    SIM__CORE_LEFT, /* it goes on as it is */
    SIM__CORE_KILLED,
    SIM__CORE_STOPPED,
    SIM__CORE_CUT_OFF, /* its host is, from those of the core */
    SIM__CORE_COUNT
};

/* Marks hosts and processes of the core. */
static void
sim__core_mark(struct myc_sim *sim, const struct myc_sim_process *core, size_t core_count)
{
    for (struct sim__host *it = sim->hosts; it != NULL; it = it->next) {
        it->is_core = false;
    }
    for (struct sim__process *it = sim->processes; it != NULL; it = it->next) {
        it->is_core = false;
    }
    for (size_t i = 0; i < core_count; i++) {
        struct sim__process *process = sim__known_process(sim, core[i]);
        process->is_core = true;
        process->host->is_core = true;
    }
}

/* Cuts between hosts of the core end; of the others even those of faults stay for good. */
static void sim__core_heal(struct myc_sim *sim)
{
    struct sim__cut **link = &sim__network(sim)->cuts;
    while (*link != NULL) {
        struct sim__cut *cut = *link;
        if (cut->from->is_core && cut->to->is_core) {
            *link = cut->next;
            sim__note(sim, SIM__NOTE_HEAL, cut->from->id, cut->to->id);
            sim__free(sim, cut);
        } else {
            cut->fault = SIM__CUT_BY_DIRECTOR;
            link = &cut->next;
        }
    }
    sim__network_changed(sim);
}

static bool sim__pause_is_core(const struct sim__pause *pause)
{
    return pause->thread != NULL    ? pause->thread->process->is_core
           : pause->process != NULL ? pause->process->is_core
                                    : pause->host->is_core;
}

/* Pauses of the core end; the others never do. */
static void sim__core_resume(struct myc_sim *sim)
{
    for (struct sim__pause *it = sim->pauses; it != NULL; it = it->next) {
        if (sim__pause_is_core(it)) {
            sim__pause_end(sim, it);
        } else {
            it->is_lasting = true;
        }
    }
}

static void sim__core_cut_off(struct myc_sim *sim, struct sim__host *host)
{
    enum myc_sim_cut kind =
        sim__choose(sim, "core.drops", 2) == 1 ? MYC_SIM_CUT_DROP : MYC_SIM_CUT_HOLD;
    uint64_t ways = sim__choose(sim, "core.ways", 3); // both, only out, only in
    for (struct sim__host *it = sim->hosts; it != NULL; it = it->next) {
        if (it->is_core && ways != 2) {
            sim__cut_add(sim, host, it, kind, SIM__CUT_BY_DIRECTOR, 0);
        }
        if (it->is_core && ways != 1) {
            sim__cut_add(sim, it, host, kind, SIM__CUT_BY_DIRECTOR, 0);
        }
    }
    sim__network_changed(sim);
}

/* Draws what happens to a process outside; kinds that the options forbid do not. */
static void sim__core_decide(struct myc_sim *sim, struct sim__process *process)
{
    static const enum myc_sim_fault kinds[SIM__CORE_COUNT] = {
        [SIM__CORE_KILLED] = MYC_SIM_FAULT_KILL,
        [SIM__CORE_STOPPED] = MYC_SIM_FAULT_PAUSE_PROCESS,
        [SIM__CORE_CUT_OFF] = MYC_SIM_FAULT_PARTITION};
    uint64_t bound = process->host->is_core ? SIM__CORE_CUT_OFF : SIM__CORE_COUNT;
    enum sim__core_fate fate = (enum sim__core_fate)sim__choose(sim, "core.rest", bound);
    if (fate == SIM__CORE_LEFT || sim->faults[kinds[fate]].is_forbidden) {
        return;
    }
    if (fate == SIM__CORE_KILLED) {
        sim__process_end(process, true, -1);
    } else if (fate == SIM__CORE_STOPPED) {
        sim__pause_imperative(sim, (struct sim__pause){.process = process, .is_lasting = true});
    } else {
        sim__core_cut_off(sim, process->host);
    }
}

void myc_sim_liveness_core(
    struct myc_sim *sim,
    const struct myc_sim_process *core,
    size_t core_count,
    myc_sim_predicate_fn *predicate,
    void *context,
    uint64_t bound_ns,
    const char *text)
{
    sim__expect_director(sim, "myc_sim_liveness_core");
    sim__faults_turn(sim, false);
    sim__core_mark(sim, core, core_count);
    sim__core_heal(sim);
    sim__core_resume(sim);
    for (struct sim__process *it = sim->processes; it != NULL; it = it->next) {
        if (!it->is_ended && !it->is_core && !it->is_director) {
            sim__core_decide(sim, it);
        }
    }
    sim__live(sim, predicate, context, bound_ns, text, " for the core");
}

#endif
