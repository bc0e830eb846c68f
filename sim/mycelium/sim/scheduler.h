// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The scheduler: points, blocking, waking, strategies. Part of the implementation unit.
 *
 * There is no scheduler fiber: whoever gives way runs the scheduler on its own stack and switches
 * straight to the next thread. `current` is NULL meanwhile, so events and predicates draw in the
 * scope "world" and pass points without effect.
 */
#ifndef MYC_SIM_SCHEDULER_H
#define MYC_SIM_SCHEDULER_H

#include <mycelium/sim/events.h>
#include <mycelium/sim/internal.h>
#include <mycelium/sim/script.h>
#include <mycelium/sim/told.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIM__GAP_CAP = 1 << 20, SIM__GAP_PAUSE = 1 << 16, SIM__SPINS = 16, SIM__SPIN_STEPS = 32 };

enum { SIM__MILLION = 1000000 };

/* How far time goes at once where threads only spin: nobody sees what they get done between. */
enum { SIM__IDLE_NS = 100000, SIM__IDLE_ALONE_NS = 1000000 };

static const char *sim__scope(const struct myc_sim *world)
{
    return world->current != NULL ? world->current->scope : "world";
}

static uint64_t sim__fold(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9fb21c651e98df25);
    return hash ^ (hash >> 32);
}

uint64_t sim__now(struct myc_sim *world)
{
    return world->time_ns + (world->steps - world->time_step) * world->profile.step_ns;
}

static void sim__settle_time(struct myc_sim *world)
{
    world->time_ns = sim__now(world);
    world->time_step = world->steps;
}

void sim__progress(struct myc_sim *world)
{
    world->progress_step = world->steps;
    world->spin_count = 0;
}

// ---- Notes, choices, faults ----

void sim__note(struct myc_sim *world, enum sim__note_kind kind, uint64_t a, uint64_t b)
{
    uint64_t now = sim__now(world);
    uint64_t id = world->current != NULL ? world->current->id : 0;
    uint64_t hash = sim__fold(world->hash, ((uint64_t)kind << 32) | id);
    hash = sim__fold(sim__fold(hash, a), sim__fold(b, now));
    world->hash = hash;
    struct sim__note *note = &world->tail[world->note_count % SIM__EVENT_TAIL];
    *note = (struct sim__note){
        .time_ns = now, .scope = sim__scope(world), .kind = kind, .a = a, .b = b};
    world->note_count++;
    if (world->note_count % SIM__CHECKPOINT_EVENTS == 0) {
        if (world->checkpoint_count == world->checkpoint_capacity) {
            world->checkpoint_capacity = world->checkpoint_capacity * 2 + 64;
            world->checkpoints = sim__must(
                realloc(world->checkpoints, world->checkpoint_capacity * sizeof(uint64_t)));
        }
        world->checkpoints[world->checkpoint_count++] = hash;
    }
    if (world->told != NULL) {
        sim__told_note(world, kind, a, b);
    }
    if (world->is_watched) {
        sim__note_watched(world, note);
    }
}

uint64_t sim__choose(struct myc_sim *world, const char *label, uint64_t bound)
{
    return sim__choice_draw(&world->choices, sim__scope(world), label, bound);
}

bool sim__chance(struct myc_sim *world, const char *label, uint64_t numerator, uint64_t denominator)
{
    const char *scope = sim__scope(world);
    return sim__choice_chance(&world->choices, scope, label, numerator, denominator) != 0;
}

uint64_t sim__range(struct myc_sim *world, const char *label, uint64_t low, uint64_t high)
{
    if (high <= low) {
        return low;
    }
    return low + sim__choice_edges(&world->choices, sim__scope(world), label, high - low + 1);
}

// ---- Ready threads ----

void sim__ready_append(struct myc_sim *world, struct sim__thread *thread)
{
    if (world->ready_count == world->ready_capacity) {
        world->ready_capacity = world->ready_capacity * 2 + 16;
        world->ready =
            sim__must(realloc(world->ready, world->ready_capacity * sizeof(struct sim__thread *)));
    }
    const struct sim__process *process = thread->process;
    if (thread->pause_count + process->pause_count + process->host->pause_count > 0) {
        thread->state = SIM__PAUSED;
        return;
    }
    thread->state = SIM__READY;
    world->ready[world->ready_count++] = thread;
}

struct sim__thread *sim__ready_take(struct myc_sim *world, uint32_t index)
{
    struct sim__thread *thread = world->ready[index];
    world->ready_count--;
    memmove(
        &world->ready[index],
        &world->ready[index + 1],
        (world->ready_count - index) * sizeof(struct sim__thread *));
    return thread;
}

static uint32_t sim__ready_highest(const struct myc_sim *world)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < world->ready_count; i++) {
        if (world->ready[i]->priority > world->ready[best]->priority) {
            best = i;
        }
    }
    return best;
}

/* The highest of the ready ones runs. */
static bool sim__has_priorities(const struct myc_sim *world)
{
    enum sim__strategy strategy = world->profile.strategy;
    return strategy == SIM__PRIORITIES || strategy == SIM__FEW_CHANGES;
}

/* The thread passed a point at which its priority changes. */
static void sim__lower_priority(struct myc_sim *world, struct sim__thread *thread)
{
    if (sim__has_priorities(world)) {
        thread->priority = world->priority_low--;
    } else if (world->profile.strategy == SIM__OPERATIONS) {
        sim__operations_pass(world, thread);
    }
}

static struct sim__thread *
sim__pick(struct myc_sim *world, struct sim__thread *self, const char *scope, bool had_events)
{
    bool is_switch = world->is_preempting && !world->is_turn;
    // Whoever is preempted waits at the end.
    uint32_t index = is_switch ? world->ready_count - 1 : 0;
    if (world->profile.strategy == SIM__EVERY_POINT) {
        index = sim__pick_chosen(world, scope, self);
    } else if (world->profile.strategy == SIM__RANDOM_WALK) {
        sim__hide(world);
        index =
            (uint32_t)sim__choice_draw(&world->choices, scope, "schedule.next", world->ready_count);
        sim__unhide(world);
    } else if (sim__has_priorities(world)) {
        index = sim__ready_highest(world);
    } else if (world->profile.strategy == SIM__STARVATION) {
        index = sim__starve_pick(world, scope);
    } else if (world->profile.strategy == SIM__OPERATIONS) {
        index = sim__operations_pick(world);
    }
    if (world->is_scripted && self != NULL) {
        index = sim__script_pick(world, self, is_switch, index, had_events);
    }
    return sim__ready_take(world, index);
}

/* When to look closer next: whatever comes first. */
void sim__plan(struct myc_sim *world)
{
    uint64_t fair = world->run_began + SIM__FAIR_STEPS;
    world->slow_at = world->next_preemption < fair ? world->next_preemption : fair;
    if (world->steps_max < world->slow_at) {
        world->slow_at = world->steps_max;
    }
    if (world->is_live_phase && world->marked_step + SIM__STALL_STEPS < world->slow_at) {
        world->slow_at = world->marked_step + SIM__STALL_STEPS + 1;
    }
    uint64_t break_step = world->options->break_step;
    if (break_step > world->steps && break_step < world->slow_at) {
        world->slow_at = break_step;
    }
}

void sim__draw_preemption(struct myc_sim *world)
{
    if (world->profile.strategy == SIM__ROUND_ROBIN) {
        world->next_preemption = sim__script_next_switch(world);
        return;
    }
    if (world->profile.strategy == SIM__EVERY_POINT) {
        world->next_preemption = world->steps + 1;
        return;
    }
    if (world->profile.strategy == SIM__OPERATIONS) {
        world->next_preemption = UINT64_MAX; // each turn plans its own end
        return;
    }
    if (world->profile.strategy == SIM__FEW_CHANGES) {
        bool is_any = world->changes_left > 0;
        world->changes_left -= is_any ? 1 : 0;
        uint64_t steps =
            is_any ? sim__choose_hidden(world, "schedule.change", world->change_range) : 0;
        world->next_preemption = is_any ? world->steps + 1 + steps : UINT64_MAX;
        return;
    }
    sim__hide(world);
    uint64_t gap = sim__choice_gap(
        &world->choices,
        sim__scope(world),
        "schedule.preempt",
        world->profile.preemption_rate,
        SIM__GAP_CAP);
    sim__unhide(world);
    world->next_preemption = world->steps + (gap == 0 ? SIM__GAP_PAUSE : gap);
}

void sim__set_priority(struct myc_sim *world, struct sim__thread *thread)
{
    if (sim__has_priorities(world)) {
        thread->priority = (UINT64_C(1) << 62)
                           + (sim__choose_hidden(world, "schedule.priority", 1 << 16) << 32)
                           + (UINT32_MAX - thread->id);
    } else if (world->profile.strategy == SIM__OPERATIONS) {
        sim__operations_awake(world, thread);
    }
}

// ---- Giving way ----

/* Stacks of dead threads can go once another stack is in use. */
void sim__reap(struct myc_sim *world)
{
    struct sim__thread **link = &world->zombies;
    while (*link != NULL) {
        struct sim__thread *zombie = *link;
        if (&zombie->fiber == world->running) {
            link = &zombie->queue_next;
            continue;
        }
        *link = zombie->queue_next;
        zombie->queue_next = NULL;
        sim__fiber_destroy(&zombie->fiber, world->stacks);
    }
}

void sim__switch(struct myc_sim *world, struct sim__fiber *to)
{
    struct sim__fiber *from = world->running;
    world->running = to;
    sim__fiber_switch(from, to);
    sim__reap(world);
}

static void sim__ask_predicate(struct myc_sim *world)
{
    if (world->predicate != NULL && world->director_thread->state == SIM__BLOCKED
        && world->predicate(world->predicate_context)) {
        world->predicate = NULL;
        sim__wake_thread(world, world->director_thread);
    }
}

/* Nobody can run: time jumps to the next event. */
static void sim__jump(struct myc_sim *world)
{
    const struct sim__thread *director = world->director_thread;
    if (world->event_count == 0) {
        world->is_quiescent = true;
        myc_sim_fail(world, "deadlock: no thread can run and nothing is scheduled");
    }
    const struct sim__event *event = &world->events[world->event_heap[0]];
    world->is_quiescent =
        world->event_count == 1 && world->ready_count == 0 && event->context == director;
    if (event->due_ns > world->virtual_ns_max) {
        myc_sim_fail(world, "the run's bound of virtual time passed; see myc_sim_limits()");
    }
    if (event->due_ns > world->time_ns) {
        world->time_ns = event->due_ns;
    }
}

/*
 * Runs the next thread. The caller has already put the current one where it belongs: among the
 * ready, in a queue, or among the dead. Returns when the current one runs again.
 */
void sim__give_way(struct myc_sim *world)
{
    struct sim__thread *self = world->current;
    const char *scope = sim__scope(world);
    uint64_t notes_before = world->note_count;
    if (self != NULL) {
        self->points = sim__thread_points(world);
        world->dispatched_at = world->steps;
    }
    world->current = NULL;
    sim__settle_time(world);
    for (;;) {
        sim__run_due_events(world);
        sim__ask_predicate(world);
        if (world->ready_count > 0) {
            break;
        }
        sim__jump(world);
    }
    bool had_events = world->note_count != notes_before;
    struct sim__thread *next = sim__pick(world, self, scope, had_events);
    next->state = SIM__RUNNING;
    // A preemption that comes to nothing leaves the share as it is: a tape need not tell it.
    if (next != self || !world->is_preempting || world->is_turn) {
        world->run_began = world->steps;
    }
    world->dispatched_at = world->steps;
    world->current = next;
    if (world->is_scripted && world->profile.strategy == SIM__ROUND_ROBIN) {
        sim__draw_preemption(world);
    } else if (world->profile.strategy == SIM__OPERATIONS) {
        sim__operations_plan(world);
    }
    sim__plan(world);
    world->preemption_count += world->is_preempting && next != self ? 1 : 0;
    world->is_preempting = false;
    world->is_turn = false;
    if (next != self) {
        sim__note(world, SIM__NOTE_RUN, self != NULL ? self->id : 0, 0);
        if (self != NULL && self->state == SIM__DEAD) {
            self->fiber.is_final = true;
        }
        sim__switch(world, &next->fiber);
    }
}

enum sim__wake sim__block(
    struct myc_sim *world, struct sim__wait_queue *queue, uint64_t deadline_ns, const char *what)
{
    struct sim__thread *thread = world->current;
    if (thread == NULL) {
        myc_sim_fail(world, "'%s' would block, but an event or a predicate may not", what);
    }
    thread->state = SIM__BLOCKED;
    thread->waits_for = what;
    thread->queue = queue;
    thread->queue_next = NULL;
    thread->queue_previous = queue->tail;
    *(queue->tail != NULL ? &queue->tail->queue_next : &queue->head) = thread;
    queue->tail = thread;
    thread->wake = SIM__TIMED_OUT;
    thread->is_late = false;
    if (deadline_ns != MYC_NEVER) {
        if (sim__fault(world, MYC_SIM_FAULT_LATE_TIMER)) {
            thread->is_late = true;
            deadline_ns += sim__range(world, "timer.late", 1000, 20000000);
        }
        thread->deadline = sim__event_at(world, deadline_ns, sim__deadline_passed, thread);
    }
    sim__note(world, SIM__NOTE_BLOCK, thread->id, deadline_ns);
    sim__maybe_kill_waiting(world, thread->process);
    sim__maybe_lose_power_waiting(world, thread->process);
    sim__give_way(world);
    sim__memory_blocked(world);
    return thread->wake;
}

/* Takes a thread out of whatever it waits in. */
void sim__unqueue(struct myc_sim *world, struct sim__thread *thread)
{
    struct sim__wait_queue *queue = thread->queue;
    if (queue != NULL) {
        *(thread->queue_previous != NULL ? &thread->queue_previous->queue_next : &queue->head) =
            thread->queue_next;
        *(thread->queue_next != NULL ? &thread->queue_next->queue_previous : &queue->tail) =
            thread->queue_previous;
        thread->queue = NULL;
        thread->queue_next = NULL;
        thread->queue_previous = NULL;
    }
    sim__cancel(world, thread->deadline);
    thread->deadline = (struct sim__event_id){0};
    thread->deadline_left_ns = 0;
    thread->waits_for = NULL;
}

static void sim__make_ready(struct myc_sim *world, struct sim__thread *thread)
{
    sim__unqueue(world, thread);
    sim__ready_append(world, thread);
    sim__progress(world);
    sim__note(world, SIM__NOTE_WAKE, thread->id, thread->wake);
    if (sim__has_priorities(world) && world->current != NULL
        && thread->priority > world->current->priority) {
        world->slow_at = world->steps + 1;
    } else if (world->profile.strategy == SIM__OPERATIONS) {
        sim__operations_awake(world, thread);
    }
}

void sim__deadline_passed(struct myc_sim *world, void *context)
{
    struct sim__thread *thread = context;
    if (thread->is_late) {
        sim__fault_effect(world, MYC_SIM_FAULT_LATE_TIMER);
    }
    thread->deadline = (struct sim__event_id){0};
    thread->wake = SIM__TIMED_OUT;
    sim__make_ready(world, thread);
}

void sim__wake_thread(struct myc_sim *world, struct sim__thread *thread)
{
    if (thread->state == SIM__BLOCKED) {
        thread->wake = SIM__WOKEN;
        sim__make_ready(world, thread);
    }
}

uint32_t sim__wake(struct myc_sim *world, struct sim__wait_queue *queue, uint32_t count)
{
    uint32_t waiting = 0;
    for (struct sim__thread *thread = queue->head; thread != NULL; thread = thread->queue_next) {
        waiting++;
    }
    uint32_t woken = 0;
    for (; woken < count && queue->head != NULL; woken++) {
        uint64_t skip = count < waiting ? sim__choose(world, "wake.order", waiting - woken) : 0;
        struct sim__thread *thread = queue->head;
        for (; skip > 0; skip--) {
            thread = thread->queue_next;
        }
        sim__wake_thread(world, thread);
    }
    return woken;
}

// ---- Points ----

/*
 * Only spinners run, so what they wait for is in the future: time goes ahead to the next event, but
 * by at most `longest_ns`, since some of them may be getting on by means that the kernel cannot
 * see.
 */
static void sim__pass_idle_time(struct myc_sim *world, uint64_t longest_ns)
{
    struct sim__thread *self = world->current;
    world->current = NULL;
    sim__settle_time(world);
    // The director may be waiting for what a spinner has just done: then nothing is idle.
    sim__ask_predicate(world);
    world->current = self;
    if (world->event_count == 0 || world->director_thread->state == SIM__READY) {
        return;
    }
    const struct sim__event *event = &world->events[world->event_heap[0]];
    if (event->due_ns <= world->time_ns) {
        return;
    }
    if (event->due_ns - world->time_ns <= longest_ns) {
        sim__jump(world);
    } else {
        world->time_ns += longest_ns;
    }
}

void sim__yield(struct myc_sim *world, const char *label)
{
    sim__point(world, label);
    struct sim__thread *thread = world->current;
    if (thread == NULL) {
        return;
    }
    if (world->spin_count++ == 0) {
        world->spin_step = world->steps;
    }
    if (world->spin_count > SIM__SPINS * ((uint64_t)world->ready_count + 1)) {
        uint64_t spin_steps = world->steps - world->spin_step;
        bool is_idle = spin_steps <= world->spin_count * SIM__SPIN_STEPS;
        world->spin_count = 0;
        if (is_idle) {
            sim__pass_idle_time(world, world->ready_count == 0 ? SIM__IDLE_ALONE_NS : SIM__IDLE_NS);
            world->starved = NULL;
        }
    }
    if (world->profile.strategy == SIM__OPERATIONS) {
        thread->priority = 0;
    } else {
        sim__lower_priority(world, thread);
    }
    sim__ready_append(world, thread);
    sim__give_way(world);
    sim__memory_relaxed(world);
}

static void sim__check_bounds(struct myc_sim *world)
{
    if (world->choices.mismatch[0] != '\0') {
        myc_sim_fail(world, "%s", world->choices.mismatch);
    }
    if (world->steps >= world->steps_max) {
        world->steps_max = UINT64_MAX;
        myc_sim_fail(world, "the run's bound of steps passed; see myc_sim_limits()");
    }
    sim__liveness_check(world);
    if (world->steps - world->progress_step > SIM__LIVELOCK_STEPS) {
        myc_sim_fail(
            world,
            "livelock: %d steps in which no thread blocked or woke and nothing was delivered",
            (int)SIM__LIVELOCK_STEPS);
    }
}

void sim__point_slow(struct myc_sim *world, const char *label)
{
    struct sim__thread *thread = world->current;
    (void)label;
    if (thread->process->points >= thread->process->stop_at) {
        sim__process_stop_point(thread->process);
    }
    if (world->steps < world->slow_at) {
        return;
    }
    if (world->steps == world->options->break_step) {
        sim__break_here(world);
    }
    sim__check_bounds(world);
    bool is_turn = world->steps >= world->run_began + SIM__FAIR_STEPS;
    if (world->profile.strategy == SIM__EVERY_POINT && !is_turn) {
        sim__point_chosen(world);
        return;
    }
    bool gives_way = false;
    if (world->profile.strategy != SIM__EVERY_POINT && world->steps >= world->next_preemption) {
        sim__draw_preemption(world);
        sim__lower_priority(world, thread);
        if (world->profile.strategy == SIM__STARVATION) {
            sim__starve_begin(world);
        }
        gives_way = world->ready_count > 0;
    } else if (is_turn) {
        sim__lower_priority(world, thread);
        if (world->ready_count == 0) {
            sim__pass_idle_time(world, SIM__IDLE_ALONE_NS);
        }
        gives_way = true;
    } else {
        gives_way = world->ready_count > 0;
    }
    if (gives_way && !thread->process->is_director) {
        world->is_preempting = true;
        world->is_turn = is_turn;
        sim__ready_append(world, thread);
        sim__give_way(world);
    } else {
        // Else it counts on: who runs alone and never waits must still see what is due.
        world->run_began = is_turn ? world->steps : world->run_began;
        sim__plan(world);
    }
}

#endif
