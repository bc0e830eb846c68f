// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the files of the implementation unit know of each other beyond kernel.h.
 */
#ifndef MYC_SIM_INTERNAL_H
#define MYC_SIM_INTERNAL_H

#include <mycelium/sim/history.h>
#include <mycelium/sim/kernel.h>

/** Returns `memory`; ends the program when it is NULL. For the harness's own allocations. */
void *sim__must(void *memory);

/** Scrambles a number. */
uint64_t sim__mix(uint64_t x);

/** A note that somebody wants: to see it, to keep it, or for the history. */
void sim__note_watched(struct myc_sim *world, const struct sim__note *note);

/** Prints one note of the event tail to standard error, for --verbose. */
void sim__report_note(const struct sim__note *note);

/** Adds a note to the events that the options ask for. */
void sim__keep_event(struct myc_sim *world, const struct sim__note *note);

/** From now on the world remembers what its report is to tell. */
void sim__report_tell(struct myc_sim *world);

/** Writes the failure's report into world->report; the world is as it was when it failed. */
void sim__report_failure(struct myc_sim *world);

/** Gives a new thread its place in the strategy "priorities". */
void sim__set_priority(struct myc_sim *world, struct sim__thread *thread);

/** Draws when to preempt next. */
void sim__draw_preemption(struct myc_sim *world);

/** Decides when to look closer next: whatever comes first. */
void sim__plan(struct myc_sim *world);

/** Strategy "every point": the index of the ready thread that goes on; `self` gives way. */
uint32_t sim__pick_chosen(struct myc_sim *world, const char *scope, const struct sim__thread *self);

/** Strategy "every point": draws whether another thread goes on here, and lets it. */
void sim__point_chosen(struct myc_sim *world);

/** Strategy "starvation": the index of one that can run; the starved one only where it is alone. */
uint32_t sim__starve_pick(struct myc_sim *world, const char *scope);

/** Strategy "starvation": at a preemption, maybe begins to starve somebody. */
void sim__starve_begin(struct myc_sim *world);

/** Strategy "operations": draws how long the current thread's operations stay ahead. */
void sim__operations_plan(struct myc_sim *world);

/** Strategy "operations": a thread begins or wakes; call where it is, or is about to be, ready. */
void sim__operations_awake(struct myc_sim *world, struct sim__thread *thread);

/** Strategy "operations": the preempted thread's next operation is behind the first waiting one. */
void sim__operations_pass(struct myc_sim *world, struct sim__thread *thread);

/** Strategy "operations": the first's index; draws anew for the one that has waited longest. */
uint32_t sim__operations_pick(struct myc_sim *world);

/** For debuggers: says where it is and raises SIGTRAP, which ends the program without one. */
void sim__break_here(struct myc_sim *world);

/** Runs other threads; the current one is already queued, ready or dead. */
void sim__give_way(struct myc_sim *world);

/** Continues on another stack. */
void sim__switch(struct myc_sim *world, struct sim__fiber *to);

/** Takes back the stacks of dead threads that are not in use. */
void sim__reap(struct myc_sim *world);

/** Puts a thread at the end of those that can run. */
void sim__ready_append(struct myc_sim *world, struct sim__thread *thread);

/** Takes the index-th of those that can run. */
struct sim__thread *sim__ready_take(struct myc_sim *world, uint32_t index);

/** Takes a blocked thread out of its queue and cancels its deadline. */
void sim__unqueue(struct myc_sim *world, struct sim__thread *thread);

/** Something other than spinning happened. */
void sim__progress(struct myc_sim *world);

/** A thread of a process; `name` may be NULL; `fn` is NULL for a process's main thread. */
struct sim__thread *
sim__thread_start(struct sim__process *process, const char *name, myc_thread_fn *fn, void *context);

/** Takes a thread out of the world for good. */
void sim__thread_end(struct sim__thread *thread);

/** A process without parts or threads. */
struct sim__process *
sim__process_create(struct myc_sim *world, struct sim__host *host, const char *name);

/** The process reached a point at which it may be killed. May not return. */
void sim__process_stop_point(struct sim__process *process);

/** Decides when a process is killed, if kills are allowed. */
void sim__draw_kill(struct sim__process *process);

/** Ends all pauses that faults made. */
void sim__pauses_end(struct myc_sim *world);

/** A thread's deadline has come. */
void sim__deadline_passed(struct myc_sim *world, void *context);

/** The process that the director means; the run fails if there is none. */
struct sim__process *sim__known_process(struct myc_sim *sim, struct myc_sim_process process);

/** Plans the points of a process at which faults of its own happen; see host.h. */
void sim__plan_faults(struct sim__process *process);

/** As sim__plan_faults(), of all processes of a host, or of all there are. */
void sim__plan_host_faults(struct myc_sim *world, const struct sim__host *host);

/** Whether it is such a fault. */
bool sim__fault_is_planned(enum myc_sim_fault fault);

/** The fault of a plan. */
enum myc_sim_fault sim__fault_of_plan(enum sim__plan plan);

/** Counts what plans of all processes let expect up to now; see fault_expected.h. */
void sim__expect_settle(struct myc_sim *world);

/** Allows or forbids a kind of fault. */
void sim__fault_allow(struct myc_sim *world, enum myc_sim_fault fault, bool is_allowed);

/** Turns faults on or off. */
void sim__faults_turn(struct myc_sim *world, bool are_on);

/** The process reached a point at which one of them may happen. May not return. */
void sim__plan_point(struct sim__process *process);

/** A host's power goes; see myc_sim_power_loss(). Returns to whoever is no process of the host. */
void sim__host_power_loss(struct myc_sim *world, struct sim__host *host);

/** Looks closer at the earliest of the process's points. */
void sim__plan_stop(struct sim__process *process);

/** The kills left for processes of a name; NULL when none were allowed. */
struct sim__kill_budget *sim__kill_budget(struct myc_sim *world, const char *name);

/** Maybe schedules the death of a process that is about to wait. */
void sim__maybe_kill_waiting(struct myc_sim *world, struct sim__process *process);

/** Maybe schedules a power loss of the host of a process that is about to wait. */
void sim__maybe_lose_power_waiting(struct myc_sim *world, const struct sim__process *process);

/** Copies a name, cut to fit, spaces replaced. */
void sim__copy_name(char *target, size_t target_bytes, const char *source);

/** The fault's text, e.g. "short-read". */
const char *sim__fault_text(enum myc_sim_fault fault);

/** Whether it happens in any scenario. */
bool sim__fault_is_legal(enum myc_sim_fault fault);

/** Reads a list of kinds into one bool a kind; false, and why, when it names something else. */
bool sim__faults_read(const char *list, bool *is_allowed, char *message, size_t message_bytes);

/** Forbids all kinds of faults but those of a list; false when a name is unknown, `message` says
 * so. */
bool sim__faults_restrict(
    struct myc_sim *world, const char *list, char *message, size_t message_bytes);

/** Checks all linked marks; false when one is wrong, `message` says which and why. */
bool sim__marks_check(char *message, size_t message_bytes);

/** The name of the file a mark is in, without its folders. */
const char *sim__mark_file(const struct myc_mark *mark);

/** The options that kill a process or refuse it memory, as a command line has them. */
void sim__repro_breaks(const struct myc_sim_options *options, char *text, size_t text_bytes);

struct sim__text;

/** Adds who waits for whom to a report. */
void sim__wait_graph(struct sim__text *text, const struct myc_sim *world);

/** Remembers that the current thread woke the sleepers of a word. */
void sim__wakes_note(struct myc_sim *world, const uint64_t key[2], uint32_t scope);

/** Ends all pauses, those of faults and those of the director. */
void sim__resume_all(struct myc_sim *world);

/** Ends the run when the liveness phase goes round without getting anywhere. */
void sim__liveness_check(struct myc_sim *world);

/** Draws whether the run forces rare paths. */
void sim__draw_buggify(struct myc_sim *world);

/**
 * A host loses its power: its TCP streams fall silent, without an end or a break, and nobody
 * answers there until a process is started on it again. Call before its processes end.
 */
void sim__network_host_lost(struct myc_sim *world, struct sim__host *host);
/** Writes what a told run did so far into world->report, for one that crashes. */
void sim__report_crash(struct myc_sim *world);

/** Whether the report has words for draws of this label; the others are the scenario's own. */
bool sim__has_words(const char *label);

/** Draws the run's profile, faults included. */
void sim__draw_profile(struct myc_sim *world);

#endif
