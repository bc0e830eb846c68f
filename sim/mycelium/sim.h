// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The simulator: hosts, processes and threads of a whole system in one thread, from one seed.
 *
 * In short: a scenario is a function, the director, which starts processes, lets virtual time pass
 * and checks. A process is an ordinary function that gets a `struct myc_platform`; all it does with
 * that is simulated. myc_sim_main() makes a command of a list of scenarios, whose `--help` says
 * what it can do.
 *
 *     #define MYC_SIM_IMPLEMENTATION  // in exactly one C file of the program, before any include
 *     #include <mycelium/sim.h>
 *
 *     static int serve(struct myc_platform *platform, void *arg)
 *     {
 *         ... // 0 when all went well
 *     }
 *
 *     static void run(struct myc_sim *sim)
 *     {
 *         struct myc_sim_process one = myc_sim_start(sim, "host", "server", serve, NULL);
 *         myc_sim_allow_kill(sim, one, 1);
 *         myc_sim_run_for(sim, 1000000000); // a virtual second
 *         myc_sim_check(sim, !myc_sim_is_running(sim, one), "the server ends within a second");
 *     }
 *
 *     int main(int argc, char **argv)
 *     {
 *         static const struct myc_sim_scenario scenarios[] = {{"serve", "a server", run}};
 *         return myc_sim_main(argc, argv, scenarios, 1);
 *     }
 *
 * Beside this header: <mycelium/sim/node.h> has the process that runs services, cmocka.h beside it
 * a scenario inside a unit test; everything else in that folder is the implementation.
 * <mycelium/simulation.h> marks rare paths in the code that is simulated. Link mycelium::sim and
 * one archive: mycelium::mycelium, what production runs, or mycelium::simcheck, in which atomics
 * are simulated as well. docs/guides/simulate-your-service.md goes through all of it.
 *
 * What a process must not do, because no seed decides it or no death undoes it: call the operating
 * system other than through its platform, or keep state in mutable statics. CMake's
 * mycelium_check_simulable() looks for both. What a scenario keeps in a static it clears at the
 * start of each run.
 *
 * The determinism contract
 *
 * - Choice: every decision that could have gone another way is one draw choose(label, bound) from
 *   one source: a seed, a tape, a fuzzer's bytes, an enumerator, or nothing but zeros. 0 is always
 *   the boring outcome: no preemption, no fault, everything at once, in the order of arrival. A run
 *   is a function of its draws and of the code, and of nothing else.
 * - Step: each platform call, and in the simcheck build each atomic access, is one scheduling
 *   point. Passing one is a step. A step costs a fixed number of virtual ns that each run draws
 *   first. Between two points of a thread nothing else runs.
 * - Event: something the world does at a virtual instant: a thread's deadline, a delivery, anything
 *   scheduled. Events run when a thread blocks, yields, or is preempted: those that are due,
 *   earliest first. Simultaneous events run in the order in which they were scheduled, unless the
 *   run's profile shuffles ties, and then a draw decides. When no thread can run, time jumps to the
 *   next event.
 * - Threads: those that can run wait in order of arrival. The run's strategy picks: round robin
 *   takes the first (boring), the random walk draws, and priorities take the highest: priorities of
 *   threads, or a new one for each operation. Starvation is a random walk in which one thread at a
 *   time runs only where nobody else can, for a number of steps, or until the others only spin.
 *   Enumerators draw at every point who goes on; seeds never do. Where threads only spin, time goes
 *   ahead to the next event, by 1 ms at most at once.
 * - Death: a process may die at each of its points and wherever it waits. Nothing of it runs any
 *   more and nothing is unwound: its descriptors are closed as a kernel would, its private memory
 *   goes, memory it shared stays as it was.
 * - Hash: steps, events and results are folded into one number; the same draws and the same code
 *   give the same number. Addresses and real time never enter it.
 *
 * Memory, in the simcheck build
 *
 * - Each access through <mycelium/atomic.h> is a step, and behaves as C11 allows: a load may take
 *   an older value unless something that its thread knows hides it (the newest is the boring one,
 *   and how often it is another each run draws). A store is seen by everybody at the latest when
 *   they wait, call the platform or relax, and after some dozens of their loads.
 * - Calls of the platform that a kernel would serve are full fences, as they are on Linux. What a
 *   dead process stored stays.
 * - Bytes that were marked with myc_shared_write() and myc_shared_read() are checked: two accesses,
 *   one of them a write, that nothing orders end the run as a data race, whatever the schedule and
 *   whatever was read. Shared memory is known by segment and offset, whatever its address; plain
 *   accesses without marks are not seen.
 * - A compare-exchange that fails is a load and may take an older value; the weak form may also
 *   fail on one, or for no reason, at most twice in a row.
 * - Not modelled, so that such bugs are missed: loads that see stores which come later in program
 *   order (load buffering), stores that take their place before one already executed, strong
 *   compare-exchanges that fail on an older value though the newest is the one expected. At most 64
 *   threads live at a time.
 * - `--memory` takes other models: `tso` is what x86 does, `portable` what C11 promises where
 *   waiting and waking are no fences, `strong` does without all this. docs/guides/memory.md has the
 *   outcomes of each.
 *
 * Threads: one run belongs to one OS thread, and only one run exists in an OS process at a time.
 */
#ifndef MYC_SIM_H
#define MYC_SIM_H

#ifdef MYC_SIM_IMPLEMENTATION
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#endif

#ifndef MYC_SIMULATION
#define MYC_SIMULATION 1
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/interface/platform.h>
#include <mycelium/simulation.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" // functions named like structs
#endif

/** A run: one world from its creation to its verdict. */
struct myc_sim;

/** What a simulated process runs; what it returns is its exit code. `arg` comes from the scenario.
 */
typedef int myc_sim_main_fn(struct myc_platform *platform, void *arg);

/** Decides whether a director may go on. It must not block, and may be called at any switch. */
typedef bool myc_sim_predicate_fn(void *context);

/**
 * One scenario. `run` is the director: it runs outside every process, starts and kills processes,
 * lets time pass and checks. The run ends when it returns; processes still there are killed.
 */
struct myc_sim_scenario {
    const char *name;  /* no spaces; names the scenario on the command line and in tapes */
    const char *about; /* one line for --list */
    void (*run)(struct myc_sim *sim);
};

/** Names one start of a process; 0 names none. A restart is another one. */
struct myc_sim_process {
    uint32_t id;
};

/**
 * X(name, text, default, rate): every kind of fault. `default` LEGAL faults happen in any scenario
 * since correct code must bear them; OPT_IN ones make operations fail and must be allowed by the
 * director. `rate`: about one in so many offers.
 */
#define MYC_SIM_FAULT_LIST(X)                                                                      \
    X(KILL, "kill", OPT_IN, 100)                                                                   \
    X(SPURIOUS_WAKE, "spurious-wake", LEGAL, 8)                                                    \
    X(LATE_TIMER, "late-timer", LEGAL, 8)                                                          \
    X(ALLOCATION, "allocation", OPT_IN, 50)                                                        \
    X(HANDLE_LIMIT, "handle-limit", OPT_IN, 50)                                                    \
    X(PID_REUSE, "pid-reuse", LEGAL, 2)                                                            \
    X(CLOCK_STEP, "clock-step", LEGAL, 16)                                                         \
    X(SHORT_READ, "short-read", LEGAL, 4)                                                          \
    X(SHORT_WRITE, "short-write", LEGAL, 4)                                                        \
    X(WOULD_BLOCK, "would-block", LEGAL, 8)                                                        \
    X(LATENCY, "latency", LEGAL, 4)                                                                \
    X(SPURIOUS_READY, "spurious-ready", LEGAL, 8)                                                  \
    X(CONNECT_DELAY, "connect-delay", LEGAL, 4)                                                    \
    X(CONNECT_REFUSED, "connect-refused", OPT_IN, 8)                                               \
    X(ACCEPT_FAIL, "accept-fail", OPT_IN, 8)                                                       \
    X(RESET, "reset", OPT_IN, 200)                                                                 \
    X(PARTITION, "partition", OPT_IN, 200)                                                         \
    X(CLOG, "clog", LEGAL, 200)                                                                    \
    X(SLOW_LINK, "slow-link", LEGAL, 2)                                                            \
    X(LATENCY_TAIL, "latency-tail", OPT_IN, 1000)                                                  \
    X(SMALL_BUFFER, "small-buffer", LEGAL, 2)                                                      \
    X(TINY_BUFFER, "tiny-buffer", OPT_IN, 2)                                                       \
    X(STREAM_TIMEOUT, "stream-timeout", OPT_IN, 2)                                                 \
    X(CONNECT_TIMEOUT, "connect-timeout", OPT_IN, 8)                                               \
    X(CONNECT_LATE, "connect-late", OPT_IN, 8)                                                     \
    X(ACCEPT_ABORTED, "accept-aborted", OPT_IN, 8)                                                 \
    X(BACKLOG_FULL, "backlog-full", OPT_IN, 8)                                                     \
    X(LISTEN_IN_USE, "listen-in-use", OPT_IN, 4)                                                   \
    X(SHM_NO_MEMORY, "shm-no-memory", OPT_IN, 8)                                                   \
    X(FILE_FULL, "file-full", OPT_IN, 50)                                                          \
    X(FILE_ERROR, "file-error", OPT_IN, 100)                                                       \
    X(SPAWN_FAIL, "spawn-fail", OPT_IN, 8)                                                         \
    X(SYNC_ERROR, "sync-error", OPT_IN, 20)                                                        \
    X(POWER_LOSS, "power-loss", OPT_IN, 400)                                                       \
    X(PAUSE_THREAD, "pause-thread", LEGAL, 8000)                                                   \
    X(PAUSE_PROCESS, "pause-process", OPT_IN, 2000)                                                \
    X(PAUSE_HOST, "pause-host", OPT_IN, 2000)                                                      \
    X(SUSPEND, "suspend", OPT_IN, 2000)                                                            \
    X(MEMORY_REUSE, "memory-reuse", LEGAL, 4)                                                      \
    X(COARSE_CLOCK, "coarse-clock", LEGAL, 2)                                                      \
    X(WRITE_LOST, "write-lost", LEGAL, 2)                                                          \
    X(WRITE_TORN, "write-torn", LEGAL, 2)                                                          \
    X(NAME_LOST, "name-lost", LEGAL, 2)

enum myc_sim_fault {
#define MYC_SIM_FAULT_ENUM_(name, text, is_default, rate) MYC_SIM_FAULT_##name,
    MYC_SIM_FAULT_LIST(MYC_SIM_FAULT_ENUM_)
#undef MYC_SIM_FAULT_ENUM_
        MYC_SIM_FAULT_COUNT
};

/* ---- A whole command ---- */

/**
 * Runs scenarios as the command line says and reports; see `--help`.
 *
 * With one scenario its name may be left out. `--seeds 1..1000 --shrink` looks for a failure and
 * then for the fewest and smallest choices that fail in the same way: the same verdict but for its
 * numbers. They are printed and written as a tape, which `--tape` replays. `--crash-sweep NAME`
 * kills the process of that name at each of its scheduling points, one a run, and tells the first
 * point that a scenario does not survive as a `--crash-at NAME:N`.
 *
 * Exit code: 0 nothing found, 1 a failure was found,
 * 2 the command line or a file named on it is wrong. (A program that ThreadSanitizer ends has the
 * sanitizer's own exit code.)
 */
int myc_sim_main(
    int argc, char **argv, const struct myc_sim_scenario *scenarios, size_t scenario_count);

/* ---- One run, for unit tests ---- */

enum { MYC_SIM_REPORT_BYTES = 16384, MYC_SIM_COUNTERS_MAX = 64, MYC_SIM_MARKS_MAX = 512 };

enum { MYC_SIM_COUNTER_NAME_BYTES = 56 };

/** A counter of myc_sim_count(). */
struct myc_sim_counter {
    char name[MYC_SIM_COUNTER_NAME_BYTES];
    uint64_t amount;
};

/** Stacks kept between runs, which saves most of the cost of a short run. Zeroed is empty. */
struct myc_sim_stack_cache {
    void *free_list;
};

/** How memory behaves in the simcheck build; other builds have no atomics to simulate. */
enum myc_sim_memory {
    MYC_SIM_MEMORY_WEAK,    /* as C11 allows, calls of the kernel are fences; races are found */
    MYC_SIM_MEMORY_STRONG,  /* sequentially consistent, races are not looked for */
    MYC_SIM_MEMORY_TSO,     /* as x86: only later loads overtake stores; races as C11 has them */
    MYC_SIM_MEMORY_PORTABLE /* weak, and waits on words and their wake-ups are no fences */
};

/* ---- All runs, one after the other ---- */

/** Which runs an enumerator goes through. Zero means default in every field. */
struct myc_sim_enumerator_options {
    uint64_t runs_max;    /* stops after so many; 0: never */
    uint64_t depth_max;   /* draws after so many are 0; 0: all are enumerated */
    uint64_t choices_max; /* of a run, those that are not 0; 0: any number */
    /* Only draws whose labels begin with one of these comma-separated words, the others are 0.
     * NULL: all but "profile.", which would only choose among ways of drawing schedules. */
    const char *only;
};

/** How far an enumerator has come. */
struct myc_sim_enumerator_state {
    uint64_t run_count;     /* runs so far, the present one included */
    uint64_t level_runs;    /* of them, those of the present level */
    uint64_t levels_done;   /* all runs with fewer choices that are not 0 than this are done */
    bool has_more_choices;  /* some run could have more such choices than the last level had */
    bool has_more_draws;    /* some run drew more often than depth_max */
    bool has_draws;         /* some run made a draw that is gone through */
    const char *difference; /* how the scenario was not deterministic; NULL: it was */
};

struct myc_sim_enumerator;

/**
 * Goes through all runs of a scenario, first the boring one, then those with one choice that is not
 * 0, then with two, and so on. Give it to each run in turn through myc_sim_options.enumerator, and
 * call myc_sim_enumerator_next() in between. In such runs each scheduling point is a choice of its
 * own, which thread goes on, so what is enumerated are all schedules; in the simcheck build also
 * which of the values that memory may show each load takes. Faults do not happen.
 *
 * Ownership: the caller's, until myc_sim_enumerator_destroy(); `only` must outlive it.
 */
struct myc_sim_enumerator *
myc_sim_enumerator_create(const struct myc_sim_enumerator_options *options);

/** Turns to the next run. Returns: false when there is none, or no more within the options. */
bool myc_sim_enumerator_next(struct myc_sim_enumerator *enumerator);

/** Makes the next run the present one once more. */
void myc_sim_enumerator_again(struct myc_sim_enumerator *enumerator);

/** How far it is. `difference` lives as long as the enumerator. */
struct myc_sim_enumerator_state
myc_sim_enumerator_state(const struct myc_sim_enumerator *enumerator);

/** Accepts NULL. */
void myc_sim_enumerator_destroy(struct myc_sim_enumerator *enumerator);

/** One draw, as found by myc_sim_options.look_draw. */
struct myc_sim_draw {
    uint64_t number; /* among all draws of the run, from 1; 0: the run made fewer */
    char label[64];
    char scope[80];
    uint64_t nth; /* among those of its label and scope, from 0 */
    uint64_t bound;
    uint64_t value;
    uint64_t virtual_ns;
    uint64_t step;
};

/**
 * What draws: the first of enumerator, bytes, tape, boring and seed that is given. A tape given
 * beside an enumerator or bytes decides what it names. Zero means default in every field but
 * `seed`.
 */
struct myc_sim_options {
    uint64_t seed;
    bool is_boring;        /* every draw is 0; the seed is not used */
    bool is_verbose;       /* trace lines and log to standard error while it runs */
    const char *tape_text; /* replay: the tape's contents; NULL: none */
    bool is_strict;        /* the tape is dense and must have each draw of the run, in order */
    bool is_recording;     /* keep a tape, see myc_sim_result.tape_text */
    bool is_dense;         /* that tape keeps every draw, as strict replays need */
    bool is_keeping_bytes; /* keep the draws as a fuzzer would give them, in result.bytes */
    const void *bytes;     /* a fuzzer's input: each draw takes the next of them; NULL: none */
    size_t bytes_size;
    struct myc_sim_enumerator *enumerator; /* NULL: none */
    /* A prefix: after the first prefix_draws draws this seed draws the rest. With a tape and no
     * prefix_draws, this seed draws whatever the tape does not name. */
    bool has_then_seed;
    uint64_t then_seed;
    uint64_t prefix_draws;
    uint64_t look_draw;  /* describe the draw of this number, from 1, in result.draw; 0: none */
    uint64_t break_step; /* raise SIGTRAP at this step, for debuggers; 0: never */
    /* Recording: the tape names each switch of threads and each fault that happened instead of what
     * the run's strategy and rates drew; a replayed tape is always recorded so. */
    bool is_explicit;
    /* With a tape, recording: strategy and rates, and what they lead to, are drawn from the seed;
     * the tape decides the rest, but for some first draws of labels when the seed is odd. */
    bool is_mixed;
    /* The report of a failure tells the choices that are not boring in words, and the last steps of
     * all threads beside each other: for tapes with few choices. */
    bool is_told;
    /* Recording: memory for the tape instead of the result's, for instance shared with a process
     * that outlives a crash. Always terminated; a tape that is too long is cut. */
    char *tape_memory;
    size_t tape_memory_bytes;
    struct myc_sim_stack_cache *stack_cache; /* NULL: none */
    enum myc_sim_memory memory;
    const char *tape_name;   /* what a repro command calls the tape; default "FILE" */
    const char *bytes_name;  /* and the bytes */
    const char *record_name; /* and the tape that is kept */
    const char *repro_start; /* how a repro command begins; default "<program>" */
    /* Kills the first process of this name, or with "NAME#2" the second, at its nth point, 1 being
     * the first; 0 only counts. Then the next start of the name likewise. */
    const char *crash_process;
    uint64_t crash_point;
    uint64_t crash_next_point;
    struct myc_sim_history *history; /* filled with what happens; new. NULL: nothing is kept */
    /* Refuses the nth allocation, 1 being the first, of the process named as above; a sticky
     * refusal goes on with every later one while faults are on. 0 only counts. */
    const char *fail_allocation_process;
    uint64_t fail_allocation_number;
    bool fail_allocation_is_sticky;
    /* The kinds of faults that may happen, as the scenario allows: names with commas between them,
     * "all", "none"; NULL means all. */
    const char *faults;
    /* Keeps these events as text, see myc_sim_result.events_text; a count of 0: none. */
    uint64_t events_first;
    uint64_t events_count;
};

struct myc_sim_result {
    bool is_failed;
    uint64_t event_hash;
    uint64_t event_count;
    uint64_t step_count;
    uint64_t virtual_ns;
    uint64_t check_count;        /* oracles that were asked */
    uint64_t check_failed_count; /* 0 or 1: the first failure ends a run */
    uint64_t fault_offered[MYC_SIM_FAULT_COUNT];
    uint64_t fault_injected[MYC_SIM_FAULT_COUNT];
    uint64_t fault_effect[MYC_SIM_FAULT_COUNT];
    uint64_t preemption_count;
    struct myc_sim_counter counters[MYC_SIM_COUNTERS_MAX];
    size_t counter_count;
    uint32_t crash_process_id;           /* of the options' crash_process; 0: none was started */
    uint64_t crash_points;               /* the points it passed */
    uint64_t crash_next_points;          /* those of the next start of the name */
    uint32_t fail_allocation_process_id; /* of the options' fail_allocation_process; 0: none */
    uint64_t allocation_count;           /* the allocations it asked for */
    char *tape_text;                     /* only when recording */
    uint64_t draw_count;
    uint8_t *bytes; /* only when keeping them */
    size_t bytes_size;
    struct myc_sim_draw draw;    /* of look_draw */
    uint64_t tape_entry_count;   /* of a tape that is replayed loosely: what it names */
    uint64_t tape_unused_count;  /* of them, those that no draw used */
    unsigned tape_unused_line;   /* the first of them; 0: none */
    uint64_t tape_clamped_count; /* values that were cut to a draw's bound */
    uint64_t *checkpoints;       /* the hash after every 1024th event */
    size_t checkpoint_count;
    char *events_text; /* only when asked for: a line an event, with the hash behind it */
    char report[MYC_SIM_REPORT_BYTES]; /* why it failed; empty when it did not */
    /* How many injections the offers to a kind that was on, and the points at which it could have
     * happened, let expect, in millionths. */
    uint64_t fault_expected[MYC_SIM_FAULT_COUNT];
    uint64_t fault_runs[MYC_SIM_FAULT_COUNT]; /* runs in which it was allowed and drawn to be on */
    /* By place, see myc_sim_mark(): how often it was passed, and held or was forced. */
    uint64_t mark_passed[MYC_SIM_MARKS_MAX];
    uint64_t mark_held[MYC_SIM_MARKS_MAX];
};

/**
 * Runs one scenario once.
 *
 * Ownership: the caller ends the result with myc_sim_result_deinit().
 * Returns: false when the tape cannot be read; `report` then says which line and why.
 */
bool myc_sim_run(
    const struct myc_sim_scenario *scenario,
    const struct myc_sim_options *options,
    struct myc_sim_result *out_result);

/** How many places of <mycelium/simulation.h> are linked into the program, reached or not. */
size_t myc_sim_mark_count(void);

/** One of them, from 0; the program's own memory. Several places may share a label. */
const struct myc_mark *myc_sim_mark(size_t place);

/** Frees what a result owns. Accepts a zeroed one. */
void myc_sim_result_deinit(struct myc_sim_result *result);

/** Returns the stacks to the OS. Accepts a zeroed cache. */
void myc_sim_stack_cache_deinit(struct myc_sim_stack_cache *cache);

/* ---- What happened in a run, to look at ---- */

/** Everything that happened in one run, or the last half million events of it. */
struct myc_sim_history;

/** What the time line of a trace is. */
enum myc_sim_trace_clock {
    MYC_SIM_TRACE_TIME, /* virtual time, in microseconds */
    MYC_SIM_TRACE_STEPS /* steps, since much happens at one virtual instant */
};

/**
 * Makes an empty history for the options of one run. It only watches: the run has the same hash as
 * without. Ownership: the caller ends it with myc_sim_history_destroy(), after the run.
 */
struct myc_sim_history *myc_sim_history_create(void);

/** Frees a history. Accepts NULL. */
void myc_sim_history_destroy(struct myc_sim_history *history);

/**
 * Writes the history of a run that has ended as a trace for ui.perfetto.dev or chrome://tracing.
 *
 * Returns: false when the file cannot be written; errno says why.
 */
bool myc_sim_history_write_trace(
    const struct myc_sim_history *history, const char *path, enum myc_sim_trace_clock clock);

/** As myc_sim_history_write_trace(), but one page for a browser that needs nothing else. */
bool myc_sim_history_write_page(const struct myc_sim_history *history, const char *path);

/* ---- The director: processes ---- */

/**
 * Starts a process on a host; the host is made when its name is new. Names are cut at 31
 * characters.
 *
 * It first runs when the director waits. Returns: the process; never 0. Hosts are numbered from 1
 * as they are made: the second one's TCP address is 10.0.0.2, and its name if that is an address.
 * 127.0.0.1 is every host's own.
 */
struct myc_sim_process myc_sim_start(
    struct myc_sim *sim, const char *host, const char *name, myc_sim_main_fn *main_fn, void *arg);

/** Makes `name` something that a process can start through platform->process->spawn. */
void myc_sim_register_program(
    struct myc_sim *sim, const char *name, myc_sim_main_fn *main_fn, void *arg);

/** Kills a process where it stands. Harmless when it has ended. */
void myc_sim_kill(struct myc_sim *sim, struct myc_sim_process process);

/** Kills a process at its nth scheduling point from now on, 1 being the next. 0 takes it back. */
void myc_sim_kill_at(struct myc_sim *sim, struct myc_sim_process process, uint64_t nth_point);

/**
 * Lets the run kill this process at drawn points, at most `kills_max` processes of its name in all.
 * Restarting is the director's business: poll myc_sim_is_running() and start it again.
 */
void myc_sim_allow_kill(struct myc_sim *sim, struct myc_sim_process process, uint32_t kills_max);

/** Whether the process has neither returned nor been killed. */
bool myc_sim_is_running(struct myc_sim *sim, struct myc_sim_process process);

/** Whether it was killed. */
bool myc_sim_was_killed(struct myc_sim *sim, struct myc_sim_process process);

/** What the process returned; -1 while it runs and when it was killed. */
int myc_sim_exit_code(struct myc_sim *sim, struct myc_sim_process process);

/** How many allocations of the process were refused, by a fault or by the options. */
uint64_t myc_sim_allocations_refused(struct myc_sim *sim, struct myc_sim_process process);

/** How many scheduling points the process has passed: the range for myc_sim_kill_at(). */
uint64_t myc_sim_points(struct myc_sim *sim, struct myc_sim_process process);

/**
 * A process that returns must have released its memory and closed its handles, or the run fails.
 * This says that this one need not.
 */
void myc_sim_tolerate_leaks(struct myc_sim *sim, struct myc_sim_process process);

/* ---- The director: network ---- */

/** What a cut does with what it stops. */
enum myc_sim_cut {
    MYC_SIM_CUT_HOLD, /* keeps it until the cut is healed */
    MYC_SIM_CUT_DROP /* loses it; TCP sends again, 0.2 s later at first and then ever more rarely */
};

/**
 * Cuts the way from one host to the other, and not back. Hosts are made when their names are new.
 *
 * What happens is what happens to TCP: a writer goes on until its buffer is full; when nothing was
 * acknowledged for 15 retries (924.6 s) its end breaks, told as RESET, and the other end knows
 * nothing. Connects go unanswered and end after 127 s, told as TIMEOUT. Streams within a host are
 * never cut. Cuts stay until the director heals them, whether faults are on or off.
 */
void myc_sim_partition_one_way(
    struct myc_sim *sim, const char *from, const char *to, enum myc_sim_cut cut);

/**
 * Clogs the way from one host to the other, and not back, for so many virtual ns: what is under way
 * waits and then goes on, as the fault "clog" does it. Healing all and turning faults off end it.
 */
void myc_sim_clog(struct myc_sim *sim, const char *from, const char *to, uint64_t duration_ns);

/** Cuts both ways between two hosts. */
void myc_sim_partition(
    struct myc_sim *sim, const char *one, const char *other, enum myc_sim_cut cut);

/** Cuts both ways between a host and every other there is. */
void myc_sim_isolate(struct myc_sim *sim, const char *host, enum myc_sim_cut cut);

/**
 * Splits the hosts there are into those named and the rest. `bridge`, if not NULL, still reaches
 * both sides.
 */
void myc_sim_split(
    struct myc_sim *sim,
    const char *const *hosts,
    size_t host_count,
    const char *bridge,
    enum myc_sim_cut cut);

/** Takes away the director's cuts between two hosts, both ways. Harmless if there are none. */
void myc_sim_heal(struct myc_sim *sim, const char *one, const char *other);

/** Takes away all cuts, those of faults too. */
void myc_sim_heal_all(struct myc_sim *sim);

/** What lies between two hosts. */
struct myc_sim_route {
    uint64_t latency_ns;
    uint64_t bytes_per_second; /* 0: no limit */
};

/** Sets what lies between two hosts, both ways; by default each run draws it. */
void myc_sim_route(
    struct myc_sim *sim, const char *one, const char *other, const struct myc_sim_route *route);

/** Refuses a process allocations beyond so many bytes at a time; 0: no limit, as it begins. */
void myc_sim_limit_memory(struct myc_sim *sim, struct myc_sim_process process, uint64_t bytes_max);

/* ---- The director: files ---- */

/**
 * Puts a file with these bytes on a host, replacing what it held, and makes the directories above.
 * A host begins with the directories /tmp, /run and /var/tmp; relative paths begin at its root.
 */
void myc_sim_put_file(
    struct myc_sim *sim, const char *host, const char *path, const void *bytes, size_t size);

/** Makes a directory and those above it; programs cannot make any. Harmless if it is there. */
void myc_sim_put_directory(struct myc_sim *sim, const char *host, const char *path);

/**
 * The bytes of a host's file, for oracles. NULL if there is none. Valid until the file is written.
 */
const void *
myc_sim_get_file(struct myc_sim *sim, const char *host, const char *path, size_t *out_size);

/** Gives a host's disk room for so many bytes of files in all; 0: no bound, as it begins. */
void myc_sim_limit_files(struct myc_sim *sim, const char *host, uint64_t bytes_max);

/* ---- The director: hosts ---- */

/**
 * Takes a host's power away, and it boots again at once, with nothing running.
 *
 * Its processes die where they stand, its shared memory is gone, and so is what lay in /run. Files
 * go back to what had reached the disk: of the changes that nobody synced, each is kept, lost or
 * torn, as the run draws (faults "write-lost", "write-torn", "name-lost"; where these are off,
 * everything is kept). The host gets another boot id, and its monotonic clock starts anew. Peers on
 * other hosts are told nothing. Starting processes again is the director's business.
 */
void myc_sim_power_loss(struct myc_sim *sim, const char *host);

/**
 * Lets the run take the host's power away at drawn moments, at most `losses_max` times in all; see
 * myc_sim_power_losses(). Moments are points of its processes and, now and then, their waits.
 */
void myc_sim_allow_power_loss(struct myc_sim *sim, const char *host, uint32_t losses_max);

/** How often the host lost its power so far. */
uint32_t myc_sim_power_losses(struct myc_sim *sim, const char *host);

/**
 * Stops a process where it stands, as SIGSTOP does: its connections stay, time passes, and nothing
 * of it runs until myc_sim_resume(). The run draws such pauses itself where "pause-process" is
 * allowed (1 to 256 ms), and of single threads everywhere ("pause-thread", 10 us .. 20 ms).
 */
void myc_sim_pause(struct myc_sim *sim, struct myc_sim_process process);

/** Lets it go on. Harmless when it is not stopped. */
void myc_sim_resume(struct myc_sim *sim, struct myc_sim_process process);

/** Stops all processes of a host, those started meanwhile included; its clocks go on. The network
 * does as well. Drawn where "pause-host" is allowed (1 to 256 ms). */
void myc_sim_pause_host(struct myc_sim *sim, const char *host);

/** As myc_sim_pause_host(), but the host's monotonic clock stands still, and its processes'
 * deadlines with it; wall time goes on. Drawn where "suspend" is allowed (10 ms .. 20 s). */
void myc_sim_suspend_host(struct myc_sim *sim, const char *host);

/** Lets a stopped or suspended host go on. Harmless when it is not. */
void myc_sim_resume_host(struct myc_sim *sim, const char *host);

/** The calling thread computes for so many virtual ns: others go on, it does not. Processes only.
 */
void myc_sim_compute(struct myc_sim *sim, uint64_t duration_ns);

/* ---- The director: time ---- */

/**
 * Lets the world run until the predicate holds or virtual time reaches `deadline_ns`.
 *
 * The predicate is asked at every switch between threads. Blocking: the director only.
 * Returns: whether it held. With MYC_NEVER a world in which nothing can happen is a deadlock:
 * failure.
 */
bool myc_sim_run_until(
    struct myc_sim *sim, myc_sim_predicate_fn *predicate, void *context, uint64_t deadline_ns);

/** Lets the world run for so many virtual ns. */
void myc_sim_run_for(struct myc_sim *sim, uint64_t duration_ns);

/** Virtual ns since the run began. Any place. */
uint64_t myc_sim_now_ns(struct myc_sim *sim);

/** Ends the run as a failure beyond these bounds. Defaults: 100 million steps, one virtual day. */
void myc_sim_limits(struct myc_sim *sim, uint64_t steps_max, uint64_t virtual_ns_max);

/* ---- Choices, faults, verdicts: the director and processes ---- */

/** A draw: 0 .. bound-1, 0 being the boring one. A bound below 2 draws nothing. */
uint64_t myc_sim_choose(struct myc_sim *sim, const char *label, uint64_t bound);

/** A draw that is true about `numerator` times in `denominator`; false is boring. */
bool myc_sim_chance(
    struct myc_sim *sim, const char *label, uint64_t numerator, uint64_t denominator);

/** A draw between `low` and `high`, both possible and likelier than the rest; `low` is boring. */
uint64_t myc_sim_range(struct myc_sim *sim, const char *label, uint64_t low, uint64_t high);

/** Faults on (the safety phase, how a run begins) or off (the liveness phase). */
void myc_sim_faults(struct myc_sim *sim, bool are_on);

/** Allows an OPT_IN fault in this run, or forbids any; whether it happens, the run's profile draws.
 */
void myc_sim_allow(struct myc_sim *sim, enum myc_sim_fault fault, bool is_allowed);

/**
 * From safety to liveness: faults stop for good, cuts heal and pauses end, threads take turns
 * fairly, and then the predicate must hold within `bound_ns` of virtual time.
 *
 * Else the run ends as a failure of its own class, "liveness: ... `text`", with the graph of who
 * waits for whom; `text` lives as long as the run. The same holds when 4 million steps pass without
 * myc_sim_progress(): "livelock: ...". Processes that are dead stay dead. The director only; it
 * goes on in the fair world.
 */
void myc_sim_liveness(
    struct myc_sim *sim,
    myc_sim_predicate_fn *predicate,
    void *context,
    uint64_t bound_ns,
    const char *text);

/**
 * As myc_sim_liveness(), but only a core heals, and what is outside of it never will: finds systems
 * that go on only because in the end everybody comes back.
 *
 * Pauses of the core's processes and hosts end, and cuts between its hosts. Whoever is not of the
 * core stays dead, stopped or cut off as it is; of those still running each is drawn to go on, to
 * be killed, to stop for good, or to have its host cut off from those of the core, one way or both
 * (where the kinds kill, pause-process and partition are not forbidden by `--faults`; whether the
 * scenario allows them does not matter). The director only: it starts again what it wants alive in
 * the core before, and chooses the core, itself drawn or not, so that the predicate must come true
 * with it alone.
 */
void myc_sim_liveness_core(
    struct myc_sim *sim,
    const struct myc_sim_process *core,
    size_t core_count,
    myc_sim_predicate_fn *predicate,
    void *context,
    uint64_t bound_ns,
    const char *text);

/** Says that something real was achieved, such as a message handled; see myc_sim_liveness(). */
void myc_sim_progress(struct myc_sim *sim);

/** An oracle: counted, and when it does not hold the run ends as a failure with this text. */
void myc_sim_check(struct myc_sim *sim, bool holds, const char *text);

/** Ends the run as a failure; `format` as for printf. Does not return. */
void myc_sim_fail(struct myc_sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/**
 * Adds to a named counter that the runner sums over all runs: shows what a campaign did. The name
 * is copied, its first 55 bytes.
 */
void myc_sim_count(struct myc_sim *sim, const char *name, uint64_t amount);

/** A line for the run's log, shown when it fails and with --verbose; `format` as for printf. */
void myc_sim_log(struct myc_sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * Says that the running thread sends or receives a message, for the history: an arrow leads from
 * the last sending of this name and number to each receiving of it. Changes nothing else, and does
 * nothing in runs without a history. `what` (static) names the kind of message.
 */
void myc_sim_message_sent(struct myc_sim *sim, const char *what, uint64_t id);

/** The other end of myc_sim_message_sent(). */
void myc_sim_message_received(struct myc_sim *sim, const char *what, uint64_t id);

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif

/* Outside of the guard: another header of the simulator may have included this one before. */
// A build of many programs may compile the implementation once and link it to all of them.
#if defined(MYC_SIM_IMPLEMENTATION) && !defined(MYC_SIM_IMPLEMENTATION_ELSEWHERE)
#include <mycelium/sim/implementation.h>
#endif
