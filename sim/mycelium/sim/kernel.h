// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The kernel of the simulated world: what every simulated platform part is built on. Internal.
 *
 * A world holds hosts, hosts hold processes, processes hold threads (fibers), descriptors, mappings
 * and memory. One fiber runs at a time; it gives way only inside sim__point(), sim__yield() and
 * sim__block(). A thread may never come back from these three (its process was killed meanwhile),
 * so hold nothing across them that only your stack knows of. Kernel code between them is atomic.
 *
 * A part's slot usually reads: sim__point(world, "part.verb"); look up the object; maybe
 * sim__fault(...); do it; sim__note(...); sim__wake(...) whoever waits.
 */
#ifndef MYC_SIM_KERNEL_H
#define MYC_SIM_KERNEL_H

#include <mycelium/sim.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/entropy.h>
#include <mycelium/interface/log.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>

#include <mycelium/sim/choice.h>
#include <mycelium/sim/fiber.h>

enum {
    SIM__NAME_BYTES = 32,
    SIM__SCOPE_BYTES = 64,
    SIM__HANDLES_MAX = 1024, /* descriptors of a process */
    SIM__EVENT_TAIL = 64,    /* events kept for a failure's report */
    SIM__LOG_TAIL = 40,      /* log lines kept for it */
    SIM__LOG_LINE_BYTES = 200,
    SIM__PROGRAMS_MAX = 32,
    SIM__CHECKPOINT_EVENTS = 1024,
    SIM__FAIR_STEPS = 4096, /* no thread runs longer than this while others can */
    SIM__LIVELOCK_STEPS = 16000000,
    SIM__STALL_STEPS = 4000000, /* in the liveness phase, without real progress */
    SIM__WAKES_KEPT = 64
};

/** What a thread that waits in a poller waits for. */
#define SIM__WAITS_POLLER "events (poller wait)"

/** X(name, text): kinds of notes; they make up the event hash and the trace. */
#define SIM__NOTE_LIST(X)                                                                          \
    X(RUN, "run")                                                                                  \
    X(BLOCK, "block")                                                                              \
    X(WAKE, "wake")                                                                                \
    X(EVENT, "event")                                                                              \
    X(START, "start")                                                                              \
    X(EXIT, "exit")                                                                                \
    X(KILL, "kill")                                                                                \
    X(THREAD, "thread")                                                                            \
    X(FAULT, "fault")                                                                              \
    X(WAIT, "wait")                                                                                \
    X(ENTROPY, "entropy")                                                                          \
    X(MEMORY, "memory")                                                                            \
    X(LOG, "log")                                                                                  \
    X(LISTEN, "listen")                                                                            \
    X(ACCEPT, "accept")                                                                            \
    X(CONNECT, "connect")                                                                          \
    X(READ, "read")                                                                                \
    X(WRITE, "write")                                                                              \
    X(SHUTDOWN, "shutdown")                                                                        \
    X(CLOSE, "close")                                                                              \
    X(RESET, "reset")                                                                              \
    X(DELIVER, "deliver")                                                                          \
    X(POLL, "poll")                                                                                \
    X(RING, "ring")                                                                                \
    X(SHM, "shm")                                                                                  \
    X(MAP, "map")                                                                                  \
    X(FILE, "file")                                                                                \
    X(SPAWN, "spawn")                                                                              \
    X(SIGNAL, "signal")                                                                            \
    X(PAUSE, "pause")                                                                              \
    X(RESUME, "resume")                                                                            \
    X(POWER, "power")                                                                              \
    X(WATCH, "watch")                                                                              \
    X(CUT, "cut")                                                                                  \
    X(HEAL, "heal")                                                                                \
    X(USER, "user")

enum sim__note_kind {
#define SIM__NOTE_ENUM_(name, text) SIM__NOTE_##name,
    SIM__NOTE_LIST(SIM__NOTE_ENUM_)
#undef SIM__NOTE_ENUM_
        SIM__NOTE_COUNT
};

struct sim__process;
struct sim__thread;
struct sim__clocks;
struct sim__pause;
struct sim__memory_model;

/** Parts that keep something of their own in worlds, hosts and processes; index into `extra`. */
enum sim__extra {
    SIM__EXTRA_STREAM,
    SIM__EXTRA_POLLER,
    SIM__EXTRA_SHM,
    SIM__EXTRA_FILE,
    SIM__EXTRA_PROCESS,
    SIM__EXTRA_COUNT
};

/* ---- Waiting and time ---- */

/** Threads that wait for one thing, in order of arrival. Zeroed is empty. */
struct sim__wait_queue {
    struct sim__thread *head;
    struct sim__thread *tail;
};

enum sim__wake { SIM__WOKEN, SIM__TIMED_OUT };

/** Runs at its virtual instant, outside every thread; must not block. */
typedef void sim__event_fn(struct myc_sim *world, void *context);

/** Names a scheduled event; 0 names none, and a past one is harmless to cancel. */
struct sim__event_id {
    uint64_t value;
};

/**
 * Blocks the current thread until a wake of `queue` or virtual time `deadline_ns` (MYC_NEVER:
 * none). `what` (static, or living while it waits) says in a deadlock report what it waits for. A
 * deadline that has passed still gives way once. May never return.
 */
enum sim__wake sim__block(
    struct myc_sim *world, struct sim__wait_queue *queue, uint64_t deadline_ns, const char *what);

/** Makes at most `count` waiters of the queue runnable; which ones first is a draw. Returns how
 * many. */
uint32_t sim__wake(struct myc_sim *world, struct sim__wait_queue *queue, uint32_t count);

/** Makes one given blocked thread runnable. */
void sim__wake_thread(struct myc_sim *world, struct sim__thread *thread);

/**
 * A scheduling point: one step; may preempt or kill the caller's process. Call it first in every
 * slot, before looking anything up. Does nothing outside of threads. May never return.
 */
static inline void sim__point(struct myc_sim *world, const char *label);

/** A point that lets others go first; when all that happens is yields, time moves on to the next
 * event. */
void sim__yield(struct myc_sim *world, const char *label);

/** Schedules fn(world, context) `delay_ns` from now. */
struct sim__event_id
sim__after(struct myc_sim *world, uint64_t delay_ns, sim__event_fn *fn, void *context);

/** Takes back a scheduled event; harmless when it ran already or is empty. */
void sim__cancel(struct myc_sim *world, struct sim__event_id id);

/** Virtual ns since the world began. */
uint64_t sim__now(struct myc_sim *world);

/* ---- Choices, faults, notes ---- */

/** As myc_sim_choose(); the scope is the running thread's, or "world" inside an event. */
uint64_t sim__choose(struct myc_sim *world, const char *label, uint64_t bound);

/** As myc_sim_chance(). */
bool sim__chance(
    struct myc_sim *world, const char *label, uint64_t numerator, uint64_t denominator);

/** As myc_sim_range(). */
uint64_t sim__range(struct myc_sim *world, const char *label, uint64_t low, uint64_t high);

/** Offers an opportunity for a fault: true if it happens now. Never for the director or in
 * liveness. */
bool sim__fault(struct myc_sim *world, enum myc_sim_fault fault);

/** Says that an injected fault really changed what the product saw. */
void sim__fault_effect(struct myc_sim *world, enum myc_sim_fault fault);

/** Folds something that happened into the event hash and the trace. Never pass addresses. */
void sim__note(struct myc_sim *world, enum sim__note_kind kind, uint64_t a, uint64_t b);

/** Ends the run as a failure. Does not return. */
#define sim__fail myc_sim_fail

/* ---- Memory of the harness itself ---- */

/** Zeroed memory that lives at most as long as the world; never fails. */
void *sim__allocate(struct myc_sim *world, size_t size);

/** Gives it back early. Accepts NULL. */
void sim__free(struct myc_sim *world, void *memory);

/* ---- Objects and descriptors ---- */

struct sim__object;

struct sim__segment;

/** What a kind of object is. One static table a kind; its address is the kind's identity. */
struct sim__object_ops {
    const char *kind;
    /** The last reference went: free it. Required. */
    void (*release)(struct myc_sim *world, struct sim__object *object);
    /** A descriptor of `process` was closed, by it or by its death; before the drop. Optional. */
    void (*closed)(struct myc_sim *world, struct sim__object *object, struct sim__process *process);
    /** What it is ready for now: MYC_READABLE, ... of poller.h. NULL: pollers cannot watch it. */
    uint32_t (*ready)(struct myc_sim *world, struct sim__object *object);
    bool is_exact; /* a poller never reports it without cause, whatever the faults */
    /** The segment it leads to, which may be none. NULL: it is nothing that can be mapped. */
    struct sim__segment *(*segment)(struct sim__object *object);
};

struct sim__registration;

/** First member of everything that descriptors name. */
struct sim__object {
    const struct sim__object_ops *ops;
    uint64_t id; /* the same in every run of the same draws */
    uint32_t references;
    struct sim__registration *watchers; /* in pollers; see sim/poller.h */
};

/** Prepares an object that one reference names: the caller's. */
void sim__object_init(
    struct myc_sim *world, struct sim__object *object, const struct sim__object_ops *ops);

/** Adds a reference. */
void sim__object_retain(struct sim__object *object);

/** Takes a reference away; the last one releases. Accepts NULL. */
void sim__object_drop(struct myc_sim *world, struct sim__object *object);

/** Wakes whoever polls the object if it is ready for what they want. Call after each change. */
void sim__object_changed(struct myc_sim *world, struct sim__object *object);

/** Takes the object out of every poller. */
void sim__object_unwatch(struct myc_sim *world, struct sim__object *object);

/**
 * Gives a process a descriptor, which owns a reference of its own. The lowest free number, from 1.
 * Returns: the empty handle at the process's limit or when the fault HANDLE_LIMIT happens.
 */
struct myc_handle sim__descriptor_insert(struct sim__process *process, struct sim__object *object);

/** Whether a descriptor would be refused now, for the same reasons; takes none. */
bool sim__descriptors_are_short(const struct sim__process *process);

/** The object of a descriptor; NULL if there is none or it is of another kind (`ops` NULL: any). */
struct sim__object *sim__descriptor_lookup(
    struct sim__process *process, struct myc_handle handle, const struct sim__object_ops *ops);

/** Closes a descriptor; false when there is none. */
bool sim__descriptor_close(struct sim__process *process, struct myc_handle handle);

/* ---- Mappings: which shared byte an address is ---- */

/** Says that [base, base + bytes) of the process shows segment `segment` from that offset on. */
void sim__mapping_add(
    struct sim__process *process,
    const void *base,
    size_t bytes,
    uint64_t segment,
    uint64_t offset);

/** Forgets it. */
void sim__mapping_remove(struct sim__process *process, const void *base);

/** Finds the segment and offset of an address; false when it lies in no shared mapping. */
bool sim__mapping_find(
    const struct sim__process *process,
    const void *address,
    uint64_t *out_segment,
    uint64_t *out_offset);

/* ---- Platform parts ---- */

/** What a part does for each world and process; one static table a part, listed in parts.h. */
struct sim__part {
    const char *name;
    /** Fills process->platform's pointer(s). Optional. */
    void (*start)(struct sim__process *process);
    /** The process ended (returned or killed); its descriptors are closed already. Optional. */
    void (*end)(struct sim__process *process);
    /** The world ends; memory of sim__allocate goes by itself, this is for the OS's things.
     * Optional. */
    void (*world_end)(struct myc_sim *world);
};

/* ---- Hosts, processes, threads ---- */

/** The points among which one was drawn for a fault; see fault_expected.h. */
struct sim__planning {
    uint64_t begin; /* those before are counted */
    uint64_t end;
};

/** Faults that happen at a point of a process, planned ahead so that the others cost nothing. */
enum sim__plan {
    SIM__PLAN_POWER_LOSS,
    SIM__PLAN_PAUSE_THREAD,
    SIM__PLAN_PAUSE_PROCESS,
    SIM__PLAN_PAUSE_HOST,
    SIM__PLAN_SUSPEND,
    SIM__PLAN_COUNT
};

struct sim__host {
    struct sim__host *next;
    char name[SIM__NAME_BYTES];
    uint32_t id;
    uint32_t pid_next;
    uint64_t monotonic_base_ns; /* its monotonic clock at virtual time `monotonic_origin_ns` */
    uint64_t monotonic_origin_ns;
    int64_t drift_ppm;
    int64_t wall_offset_ns; /* wall time minus virtual time */
    uint8_t boot_id[16];
    uint64_t resolution_ns; /* of its clocks; 0: nobody read one yet */
    bool is_coarse_seen;    /* its resolution changed what somebody read */
    int64_t slew_ns;        /* spread over a while from `slew_begin_ns` on, as for a leap second */
    uint64_t slew_begin_ns;
    uint32_t pause_count;   /* pauses of all its threads, suspends included */
    uint32_t suspend_count; /* its monotonic clock stands still */
    bool is_on_side;        /* of the partition that is being drawn */
    bool is_core;           /* heals in the liveness phase */
    uint32_t power_losses;
    uint32_t power_losses_left; /* that faults may still make */
    void *extra[SIM__EXTRA_COUNT];
};

/** Something to call when a process ended; whoever adds it owns the bytes. */
struct sim__exit_watch {
    struct sim__exit_watch *next;
    void (*fn)(struct myc_sim *world, struct sim__process *process, void *context);
    void *context;
};

struct sim__mapping {
    uintptr_t base;
    size_t bytes;
    uint64_t segment;
    uint64_t offset; /* in the segment */
};

struct sim__block_header;

struct sim__process {
    struct myc_sim *world;
    struct sim__host *host;
    struct sim__process *next; /* in the world, by id */
    char name[SIM__NAME_BYTES];
    uint32_t id; /* index of its start in this world, from 1 */
    uint32_t parent_id;
    uint64_t pid; /* reused when the fault PID_REUSE says so */
    uint64_t start_time;
    myc_sim_main_fn *main_fn;
    void *arg;
    bool is_ended;
    bool was_killed;
    bool is_director;
    bool is_core; /* heals in the liveness phase */
    bool tolerates_leaks;
    int exit_code;
    uint64_t points;  /* scheduling points passed */
    uint64_t stop_at; /* the point at which to look closer: the first of those below */
    uint64_t kill_at; /* UINT64_MAX: never */
    uint64_t random_kill_at;
    uint64_t planned_at[SIM__PLAN_COUNT]; /* the points of other faults */
    struct sim__planning kill_planning;
    struct sim__planning planning[SIM__PLAN_COUNT];
    uint32_t pause_count; /* pauses of all its threads */
    struct sim__thread *threads;
    uint32_t thread_count;
    uint32_t thread_next;
    struct sim__object **descriptors; /* [0] is number 1 */
    uint32_t descriptor_capacity;
    uint32_t descriptor_count;
    struct sim__mapping *mappings;
    uint32_t mapping_count;
    uint32_t mapping_capacity;
    struct sim__block_header *blocks;
    struct sim__block_header *released; /* given back a moment ago, newest first */
    uint32_t released_count;
    uint64_t released_bytes;
    uint64_t memory_max; /* bytes; 0: no limit */
    uint64_t block_count;
    uint64_t block_bytes;
    uint64_t block_sequence;
    uint64_t refused_count;    /* allocations */
    uint64_t allocation_count; /* asked for, refused ones included */
    struct sim__exit_watch *exit_watches;
    struct myc_clock clock;
    struct myc_thread thread;
    struct myc_wait wait;
    struct myc_memory memory;
    struct myc_entropy entropy;
    struct myc_log log;
    struct myc_platform platform;
    void *extra[SIM__EXTRA_COUNT];
};

/** A paused thread could run, if its process and host were not stopped; see pause.h. */
enum sim__thread_state { SIM__READY, SIM__RUNNING, SIM__BLOCKED, SIM__DEAD, SIM__PAUSED };

struct sim__thread {
    struct sim__process *process;
    struct sim__thread *next;     /* in its process */
    struct sim__thread *all_next; /* in the world */
    char scope[SIM__SCOPE_BYTES]; /* "process/thread": the scope of its draws */
    uint32_t id;                  /* in this world, from 1 */
    uint32_t number;              /* in its process, from 1 */
    enum sim__thread_state state;
    enum sim__wake wake;
    uint64_t points;   /* passed when it last got the processor */
    uint64_t turns;    /* how often it gave way of itself */
    uint64_t priority; /* strategies with priorities: the highest ready one runs */
    struct sim__fiber fiber;
    myc_thread_fn *fn;
    void *context;
    const char *label;     /* the last point */
    const char *waits_for; /* while blocked */
    struct sim__wait_queue *queue;
    struct sim__thread *queue_next;
    struct sim__thread *queue_previous;
    struct sim__event_id deadline;
    bool is_late;              /* the fault LATE_TIMER moved its deadline */
    uint64_t deadline_left_ns; /* while its host is suspended; 0: no deadline */
    uint32_t pause_count;      /* pauses of itself alone */
    struct sim__wait_queue joiners;
    bool is_joined;
    uint64_t wait_key[2]; /* the word a futex-shaped wait sleeps on */
    uint32_t wait_scope;
    uint64_t wait_more_key[MYC_WAIT_WORDS_MAX - 1][2]; /* the other words it sleeps on */
    uint32_t wait_more_scope[MYC_WAIT_WORDS_MAX - 1];
    uint32_t wait_more_count;
    struct sim__clocks *clocks; /* what it knows of others; see memory_clock.h */
};

/** Ends a process: `was_killed`, or it returned `exit_code`. Does not return if it is the caller's.
 */
void sim__process_end(struct sim__process *process, bool was_killed, int exit_code);

/** Starts a process; `parent_id` 0 for the director. */
struct sim__process *sim__process_start(
    struct myc_sim *world,
    struct sim__host *host,
    const char *name,
    myc_sim_main_fn *main_fn,
    void *arg,
    uint32_t parent_id);

/** The process of an id; NULL if there was none. Ended ones are found too. */
struct sim__process *sim__process_find(struct myc_sim *world, uint32_t id);

/** Calls watch->fn once when the process ends; at once when it already has. */
void sim__process_watch(struct sim__process *process, struct sim__exit_watch *watch);

/** Takes a watch back; harmless when it is not there. */
void sim__process_unwatch(struct sim__process *process, struct sim__exit_watch *watch);

/** The process that runs now; NULL inside an event. */
struct sim__process *sim__process_current(struct myc_sim *world);

/** The host of a name, made when it is new. */
struct sim__host *sim__host_find(struct myc_sim *world, const char *name);

/** The host's monotonic time now. */
uint64_t sim__host_monotonic(struct myc_sim *world, const struct sim__host *host);

/** The virtual instant of a deadline in the host's monotonic time; 0 and MYC_NEVER stay. */
uint64_t sim__host_deadline(const struct sim__host *host, uint64_t deadline_ns);

/** A program registered by the director; false when the name is unknown. */
bool sim__program_find(
    struct myc_sim *world, const char *name, myc_sim_main_fn **out_main, void **out_arg);

/* ---- The world ---- */

struct sim__event {
    uint64_t due_ns;
    uint64_t order; /* ties: drawn bits above, sequence below */
    sim__event_fn *fn;
    void *context;
    uint32_t heap_index; /* or, while the slot is free, the next free slot */
    uint32_t generation;
};

struct sim__note {
    uint64_t time_ns;
    const char *scope;
    enum sim__note_kind kind;
    uint64_t a;
    uint64_t b;
};

struct sim__fault_state {
    bool is_allowed;
    bool is_active;    /* drawn once a run; else only a tape makes it happen */
    uint64_t rate;     /* one in so many */
    uint64_t left;     /* offers until the next; 0: draw */
    bool is_pause;     /* `left` counts a stretch without any */
    bool is_forbidden; /* by the options, whatever the run draws */
    bool was_on;       /* at some time active and allowed */
    uint64_t offered;
    uint64_t injected;
    uint64_t effect;
    uint64_t expected; /* injections, in millionths */
};

enum sim__strategy {
    SIM__ROUND_ROBIN,
    SIM__RANDOM_WALK,
    SIM__PRIORITIES,
    SIM__EVERY_POINT,
    SIM__FEW_CHANGES, /* priorities that change at 1 to 4 points only */
    SIM__STARVATION,  /* the random walk, in which one thread at a time does not run for a while */
    SIM__OPERATIONS,  /* a priority for each operation */
    SIM__STRATEGY_COUNT
};

/** What a run draws before anything else. */
struct sim__profile {
    enum sim__strategy strategy;
    uint64_t preemption_rate; /* one in so many steps */
    uint64_t step_ns;
    bool shuffles_ties;
    bool has_drift;
};

struct sim__program {
    const char *name;
    myc_sim_main_fn *main_fn;
    void *arg;
};

struct sim__kill_budget {
    char name[SIM__NAME_BYTES];
    uint32_t left;
    uint32_t used; /* counts on when kills are allowed again for a restart */
};

struct sim__heap_block;

/** A call that woke the sleepers of a word, whether there were any or not. */
struct sim__word_wake {
    uint64_t key[2];
    uint32_t scope;
    const struct sim__thread *thread;
    uint64_t time_ns;
};

struct myc_sim {
    /* The fast path of a point touches only these. */
    struct sim__thread *current; /* NULL inside events and predicates */
    uint64_t steps;
    uint64_t slow_at; /* the step at which to look closer */
    uint64_t hash;
    struct myc_sim_history *history; /* NULL: nobody wants one */

    const struct myc_sim_scenario *scenario;
    const struct myc_sim_options *options;
    struct sim__choice_source choices;
    struct sim__profile profile;
    struct sim__fiber root;     /* the OS stack */
    struct sim__fiber *running; /* the fiber whose stack is in use */
    struct myc_sim_stack_cache *stacks;
    char *report;       /* MYC_SIM_REPORT_BYTES, of the result */
    int64_t os_process; /* what the operating system calls the process that runs it */

    uint64_t time_ns; /* virtual time when step `time_step` was passed */
    uint64_t time_step;
    uint64_t next_preemption;
    uint32_t chosen; /* strategy "every point": which ready thread goes on, from 1; 0: undecided */
    uint64_t run_began;     /* the step at which the current thread's fair share began */
    uint64_t dispatched_at; /* the step at which it got the processor */
    uint64_t progress_step; /* the last step at which something other than spinning happened */
    uint64_t steps_max;
    uint64_t virtual_ns_max;
    uint64_t spin_count;   /* yields in a row with no progress between them */
    uint64_t spin_step;    /* the step at which they began */
    uint64_t priority_low; /* the next lowest priority to hand out */

    struct sim__thread **ready; /* in order of arrival */
    uint32_t ready_count;
    uint32_t ready_capacity;
    struct sim__event *events; /* slots; [0] is never used */
    uint32_t *event_heap;      /* slot numbers, earliest first */
    uint32_t event_count;
    uint32_t event_capacity;
    uint32_t event_free; /* the first free slot; 0: none */
    uint64_t event_sequence;

    struct sim__host *hosts;
    uint32_t host_count;
    struct sim__process *processes;
    struct sim__process *process_last;
    uint32_t process_count;
    struct sim__thread *threads;
    uint32_t thread_count;
    struct sim__thread *zombies;     /* dead; their stacks wait for another stack to run */
    struct sim__wait_queue sleepers; /* futex-shaped waits, all words */
    struct sim__process *director;
    struct sim__thread *director_thread;
    struct sim__process *crash_next_process;      /* the next start of the same name */
    struct sim__process *crash_process;           /* the one that the options kill or watch */
    struct sim__process *fail_allocation_process; /* the one whose allocations they refuse */
    struct sim__wait_queue director_queue;
    struct sim__pause *pauses; /* all there ever were */
    myc_sim_predicate_fn *predicate;
    void *predicate_context;
    bool is_quiescent; /* the last run_until ended since nothing could happen */

    bool are_faults_on;
    struct sim__fault_state faults[MYC_SIM_FAULT_COUNT];
    struct sim__kill_budget kills[SIM__PROGRAMS_MAX];
    uint32_t kill_count;
    struct sim__program programs[SIM__PROGRAMS_MAX];
    uint32_t program_count;
    struct myc_sim_counter counters[MYC_SIM_COUNTERS_MAX];
    uint32_t counter_count;

    bool is_watched; /* each note is shown, or kept in the history */
    uint64_t note_count;
    struct sim__note tail[SIM__EVENT_TAIL];
    char log_tail[SIM__LOG_TAIL][SIM__LOG_LINE_BYTES];
    uint64_t log_count;
    uint64_t *checkpoints;
    size_t checkpoint_count;
    size_t checkpoint_capacity;
    char *events_text; /* of the window that the options ask for */
    size_t events_size;
    size_t events_capacity;
    struct sim__word_wake wakes[SIM__WAKES_KEPT];
    uint64_t wake_count;
    uint64_t changes_left;             /* strategy "few changes" */
    uint64_t change_range;             /* steps within which the next one comes */
    const struct sim__thread *starved; /* strategy "starvation": runs only if nobody else can */
    uint64_t starve_until;             /* the step at which that ends */
    uint64_t starve_count;             /* how often another thread went first */
    bool is_live_phase;
    const char *live_text;
    uint64_t marked_step;          /* the last myc_sim_progress() */
    volatile uint32_t watch_ticks; /* of the timer that ends runs without end */
    uint64_t *mark_passed;         /* by place; the result's */
    uint64_t *mark_held;
    bool has_buggify; /* the run forces rare paths */
    uint8_t buggify[MYC_SIM_MARKS_MAX];
    uint64_t check_count;
    uint64_t preemption_count;
    struct sim__told *told; /* NULL: nothing is told; see told.h */
    bool is_preempting;     /* the thread that gives way now would rather go on */
    bool is_turn;           /* but its fair share is over */
    bool is_explicit;       /* the recorded tape names what happened, not what the strategy drew */
    bool is_scripted;       /* it does, or a tape may; see script.h */
    uint64_t object_next;
    uint64_t entropy_count;
    struct sim__heap_block *allocations;
    struct sim__memory_model *memory_model; /* NULL: memory is sequentially consistent */
    void *extra[SIM__EXTRA_COUNT];

    bool is_over;
    bool is_failed;
    char verdict[1024];
    char repro[512]; /* the command that runs this again; also read by the crash handler */
};

/** The running world; the only mutable static of the tree: atomics and signals have no other way.
 */
extern struct myc_sim *sim__world_now;

/** Remembers a point for the report's timeline; only when the run is told. */
void sim__told_point(struct myc_sim *world, const char *label);

/** What happens at a point when there is something to decide. */
void sim__point_slow(struct myc_sim *world, const char *label);

/** A step without anything else: what sim__point() and an atomic begin with. May never return. */
static inline void sim__step(struct myc_sim *world, const char *label)
{
    struct sim__thread *thread = world->current;
    world->steps++;
    thread->process->points++;
    thread->label = label;
    if (world->steps >= world->slow_at || thread->process->points >= thread->process->stop_at) {
        sim__point_slow(world, label);
    }
}

#ifdef MYC_SIMCHECK
/** The memory model's hooks, each for the current thread: it passed a point of a platform part; it
 * blocked and runs again; it let others go first. */
void sim__memory_call(struct myc_sim *world, const char *label);
void sim__memory_blocked(struct myc_sim *world);
void sim__memory_relaxed(struct myc_sim *world);
/** A thread was made by the current one, and ended. */
void sim__memory_thread_start(struct myc_sim *world, struct sim__thread *thread);
void sim__memory_thread_end(struct myc_sim *world, struct sim__thread *thread);
/** Memory that is no segment's, or a whole segment, is given back: nothing of it is remembered. */
void sim__memory_forget(struct myc_sim *world, const void *bytes, size_t size);
void sim__memory_forget_segment(struct myc_sim *world, uint64_t segment);
/** Draws how weak the run's memory is. */
void sim__memory_start(struct myc_sim *world);
/** How often a load took an older value. */
uint64_t sim__memory_stale_count(const struct myc_sim *world);
#else
static inline void sim__memory_call(struct myc_sim *world, const char *label)
{
    (void)world;
    (void)label;
}
static inline void sim__memory_blocked(struct myc_sim *world)
{
    (void)world;
}
static inline void sim__memory_relaxed(struct myc_sim *world)
{
    (void)world;
}
static inline void sim__memory_thread_start(struct myc_sim *world, struct sim__thread *thread)
{
    (void)world;
    (void)thread;
}
static inline void sim__memory_thread_end(struct myc_sim *world, struct sim__thread *thread)
{
    (void)world;
    (void)thread;
}
static inline void sim__memory_forget(struct myc_sim *world, const void *bytes, size_t size)
{
    (void)world;
    (void)bytes;
    (void)size;
}
static inline void sim__memory_forget_segment(struct myc_sim *world, uint64_t segment)
{
    (void)world;
    (void)segment;
}
static inline void sim__memory_start(struct myc_sim *world)
{
    (void)world;
}
static inline uint64_t sim__memory_stale_count(const struct myc_sim *world)
{
    (void)world;
    return 0;
}
#endif

static inline void sim__point(struct myc_sim *world, const char *label)
{
    if (world->current != NULL) {
        sim__step(world, label);
        sim__memory_call(world, label);
        if (world->told != NULL) {
            sim__told_point(world, label);
        }
    }
}

#endif
