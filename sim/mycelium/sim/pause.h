// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Threads, processes and hosts that stop for a while and go on. Part of the implementation unit.
 *
 * What is paused keeps its place: a thread that could run waits to go on, one that waits is woken
 * but does not run. Time passes for it, unless its host is suspended: then the host's monotonic
 * clock stands still, and the deadlines of its threads with it.
 */
#ifndef MYC_SIM_PAUSE_H
#define MYC_SIM_PAUSE_H

#include <mycelium/sim/internal.h>

#include <mycelium/sim/clock.h>

/* One of the first three is set. */
struct sim__pause {
    struct sim__pause *next;
    struct sim__thread *thread;
    struct sim__process *process;
    struct sim__host *host;
    bool is_suspend;
    bool is_over;
    bool is_lasting; /* its time never comes */
    int fault;       /* who made it; -1: nobody's fault */
};

static bool sim__pause_covers(const struct sim__pause *pause, const struct sim__thread *thread)
{
    return pause->thread == thread || pause->process == thread->process
           || (pause->host != NULL && pause->host == thread->process->host);
}

static uint32_t *sim__pause_count(const struct sim__pause *pause)
{
    return pause->thread != NULL    ? &pause->thread->pause_count
           : pause->process != NULL ? &pause->process->pause_count
                                    : &pause->host->pause_count;
}

/* The host's clock stops, and deadlines wait for it. */
static void sim__suspend_begin(struct myc_sim *world, struct sim__host *host)
{
    host->monotonic_base_ns = sim__host_monotonic_exact(world, host);
    if (host->suspend_count++ > 0) {
        return;
    }
    for (struct sim__thread *it = world->threads; it != NULL; it = it->all_next) {
        if (it->process->host == host && it->deadline.value != 0) {
            uint64_t due_ns = world->events[(uint32_t)it->deadline.value].due_ns;
            uint64_t now = sim__now(world);
            it->deadline_left_ns = due_ns > now ? due_ns - now : 1;
            sim__cancel(world, it->deadline);
            it->deadline = (struct sim__event_id){0};
        }
    }
}

static void sim__suspend_end(struct myc_sim *world, struct sim__host *host)
{
    if (--host->suspend_count > 0) {
        return;
    }
    host->monotonic_origin_ns = sim__now(world);
    for (struct sim__thread *it = world->threads; it != NULL; it = it->all_next) {
        if (it->process->host == host && it->deadline_left_ns > 0) {
            it->deadline = sim__after(world, it->deadline_left_ns, sim__deadline_passed, it);
            it->deadline_left_ns = 0;
        }
    }
}

static struct sim__pause *sim__pause_begin(struct myc_sim *world, const struct sim__pause *wanted)
{
    struct sim__pause *pause = sim__allocate(world, sizeof(*pause));
    *pause = *wanted;
    pause->next = world->pauses;
    world->pauses = pause;
    ++*sim__pause_count(pause);
    if (pause->is_suspend) {
        sim__suspend_begin(world, pause->host);
    }
    for (uint32_t i = 0; i < world->ready_count;) {
        if (sim__pause_covers(pause, world->ready[i])) {
            sim__ready_take(world, i)->state = SIM__PAUSED;
        } else {
            i++;
        }
    }
    sim__note(world, SIM__NOTE_PAUSE, pause->is_suspend ? 1 : 0, (uint64_t)(pause->fault + 1));
    return pause;
}

static void sim__pause_end(struct myc_sim *world, struct sim__pause *pause)
{
    bool has_held = false;
    if (pause->is_over) {
        return;
    }
    pause->is_over = true;
    --*sim__pause_count(pause);
    if (pause->is_suspend) {
        sim__suspend_end(world, pause->host);
    }
    sim__note(world, SIM__NOTE_RESUME, pause->is_suspend ? 1 : 0, (uint64_t)(pause->fault + 1));
    // In the order of their start.
    for (uint32_t id = 1; id <= world->thread_count; id++) {
        struct sim__thread *it = world->threads;
        while (it != NULL && it->id != id) {
            it = it->all_next;
        }
        if (it != NULL && it->state == SIM__PAUSED && sim__pause_covers(pause, it)) {
            has_held = true;
            sim__ready_append(world, it);
        }
    }
    if (has_held && pause->fault >= 0) {
        sim__fault_effect(world, (enum myc_sim_fault)pause->fault);
    }
    sim__progress(world);
}

static void sim__pause_event(struct myc_sim *world, void *context)
{
    struct sim__pause *pause = context;
    if (!pause->is_lasting) {
        sim__pause_end(world, pause);
    }
}

void sim__pauses_end(struct myc_sim *world)
{
    for (struct sim__pause *it = world->pauses; it != NULL; it = it->next) {
        if (it->fault >= 0) {
            sim__pause_end(world, it);
        }
    }
}

/* Pauses what the current thread is part of; returns when that is over. */
static void
sim__pause_here(struct myc_sim *world, const struct sim__pause *wanted, uint64_t duration_ns)
{
    struct sim__pause *pause = sim__pause_begin(world, wanted);
    (void)sim__after(world, duration_ns, sim__pause_event, pause);
    sim__ready_append(world, world->current);
    sim__give_way(world);
}

// ---- Drawn ----

/* A length: 1, 2, 4 .. times the shortest. */
static uint64_t sim__pause_length(struct myc_sim *world, uint64_t shortest_ns, uint64_t steps)
{
    return shortest_ns << sim__choose(world, "pause.length", steps);
}

static void
sim__pause_by_fault(struct myc_sim *world, struct sim__pause wanted, enum myc_sim_fault fault)
{
    static const uint64_t ms_ns = 1000000;
    uint64_t length = fault == MYC_SIM_FAULT_PAUSE_THREAD ? sim__pause_length(world, 10000, 12)
                      : fault == MYC_SIM_FAULT_SUSPEND    ? sim__pause_length(world, 10 * ms_ns, 12)
                                                          : sim__pause_length(world, ms_ns, 9);
    wanted.fault = (int)fault;
    world->faults[fault].injected++;
    sim__note(world, SIM__NOTE_FAULT, (uint64_t)fault, 0);
    sim__pause_here(world, &wanted, length);
}

static void sim__pause_thread_point(struct sim__process *process)
{
    struct myc_sim *world = process->world;
    sim__pause_by_fault(
        world, (struct sim__pause){.thread = world->current}, MYC_SIM_FAULT_PAUSE_THREAD);
}

static void sim__pause_process_point(struct sim__process *process)
{
    sim__pause_by_fault(
        process->world, (struct sim__pause){.process = process}, MYC_SIM_FAULT_PAUSE_PROCESS);
}

static void sim__pause_host_point(struct sim__process *process)
{
    sim__pause_by_fault(
        process->world, (struct sim__pause){.host = process->host}, MYC_SIM_FAULT_PAUSE_HOST);
}

static void sim__suspend_point(struct sim__process *process)
{
    struct sim__pause wanted = {.host = process->host, .is_suspend = true};
    sim__pause_by_fault(process->world, wanted, MYC_SIM_FAULT_SUSPEND);
}

// ---- The director, and long computations ----

static void sim__pause_imperative(struct myc_sim *world, struct sim__pause wanted)
{
    if (world->current != NULL && !world->current->process->is_director) {
        sim__fail(world, "only the director pauses processes and hosts");
    }
    wanted.fault = -1;
    (void)sim__pause_begin(world, &wanted);
}

static void
sim__resume(struct myc_sim *world, const struct sim__process *process, const struct sim__host *host)
{
    for (struct sim__pause *it = world->pauses; it != NULL; it = it->next) {
        if (it->fault < 0 && it->thread == NULL && it->process == process && it->host == host) {
            sim__pause_end(world, it);
        }
    }
}

void sim__resume_all(struct myc_sim *world)
{
    for (struct sim__pause *it = world->pauses; it != NULL; it = it->next) {
        sim__pause_end(world, it);
    }
}

void myc_sim_pause(struct myc_sim *sim, struct myc_sim_process process)
{
    sim__pause_imperative(sim, (struct sim__pause){.process = sim__known_process(sim, process)});
}

void myc_sim_resume(struct myc_sim *sim, struct myc_sim_process process)
{
    sim__resume(sim, sim__known_process(sim, process), NULL);
}

void myc_sim_pause_host(struct myc_sim *sim, const char *host)
{
    sim__pause_imperative(sim, (struct sim__pause){.host = sim__host_find(sim, host)});
}

void myc_sim_suspend_host(struct myc_sim *sim, const char *host)
{
    sim__pause_imperative(
        sim, (struct sim__pause){.host = sim__host_find(sim, host), .is_suspend = true});
}

void myc_sim_resume_host(struct myc_sim *sim, const char *host)
{
    sim__resume(sim, NULL, sim__host_find(sim, host));
}

void myc_sim_compute(struct myc_sim *sim, uint64_t duration_ns)
{
    if (sim->current == NULL || sim->current->process->is_director) {
        sim__fail(sim, "myc_sim_compute was called by no process");
    }
    sim__point(sim, "compute");
    sim__pause_here(sim, &(struct sim__pause){.thread = sim->current, .fault = -1}, duration_ns);
}

#endif
