// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the files of the command share: its arguments, its sums, and one run. Part of the
 * implementation unit.
 */
#ifndef MYC_SIM_RUNNER_STATE_H
#define MYC_SIM_RUNNER_STATE_H

#include <mycelium/sim/internal.h>

#include <time.h>

/* What the shrinker came to, for the summary. */
struct sim__shrunk {
    bool is_done;
    size_t choice_count;
    size_t choice_count_before;
    uint64_t run_count;
    char tape_path[256];
    char other_path[272]; /* of another failure seen on the way */
};

enum sim__sweep_kind { SIM__SWEEP_CRASHES, SIM__SWEEP_ALLOCATIONS };

/* What a sweep came to. */
struct sim__sweep {
    bool is_wanted;
    enum sim__sweep_kind kind;
    uint64_t pairs; /* of deaths to try besides */
    uint64_t pair_count;
    bool has_failed;
    uint64_t point_count; /* of all swept runs */
    uint64_t clean_count;
    char first_failed[160]; /* its options */
};

/* What --exhaustive was asked for. */
struct sim__explore {
    bool is_wanted;
    struct myc_sim_enumerator_options options;
    struct myc_sim_enumerator *enumerator; /* while it runs */
};

/* What --onset was asked for. */
struct sim__onset {
    bool is_wanted;
    uint64_t run_count; /* at each place */
};

struct sim__runner {
    const char *program;
    const struct myc_sim_scenario *scenarios;
    size_t scenario_count;
    const struct myc_sim_scenario *scenario;
    const char *scenario_name;
    uint64_t given; /* a bit for each option of the table that the command line has */
    uint64_t seed_first;
    uint64_t seed_last;
    double seconds_max;
    bool has_seeds;
    bool is_boring;
    bool is_json;
    bool is_verbose;
    bool is_list;
    bool is_help;
    bool checks_determinism;
    bool checks_fresh;
    uint64_t check_percent;   /* of the seeds */
    uint64_t compared_count;  /* runs that were run twice */
    const char *outcome_spec; /* SEED:FIRST:COUNT; NULL: not asked for */
    int argument_count;
    char **arguments;
    bool expects_failure;
    bool shrinks;
    uint64_t shrink_runs_max;
    uint64_t shrink_seconds_max;
    struct sim__guard *guard; /* what a parent process sees of the campaign; NULL: none */
    enum myc_sim_memory memory;
    const char *tape_path;
    const char *record_path;
    const char *seeds_path;
    const char *trace_path; /* of what is written about the run that is shown; NULL: nothing */
    const char *page_path;
    enum myc_sim_trace_clock trace_clock;
    char *tape_text;
    const char *bytes_path;
    const char *record_bytes_path;
    char *bytes; /* a fuzzer's input */
    size_t bytes_size;
    bool is_strict;
    bool is_dense;
    bool has_prefix;
    uint64_t prefix_draws;
    bool has_then_seed;
    uint64_t then_seed;
    uint64_t break_step;
    struct sim__explore explore;
    struct sim__onset onset;
    struct myc_sim_stack_cache stacks;
    struct myc_sim_result *total; /* sums over all runs */
    struct myc_sim_result *result;
    uint64_t run_count;
    uint64_t failed_count;
    uint64_t failed_seed;
    uint64_t hash; /* of all runs' hashes, whatever their order */
    uint64_t last_hash;
    double seconds;
    struct sim__shrunk shrunk;
    bool is_quiet;             /* failures are counted but not shown */
    const char *crash_process; /* the process to kill or to sweep; NULL: none */
    uint64_t crash_point;      /* from 1; 0: it lives */
    uint64_t crash_next_point; /* of the next start of the name, likewise */
    const char *alloc_process; /* the process to refuse memory; NULL: none */
    uint64_t alloc_number;     /* which allocation, from 1; 0: none */
    bool alloc_is_sticky;      /* and all later ones */
    uint64_t alloc_count;      /* runs in which it was refused */
    char alloc_name[64];
    uint64_t crash_count; /* runs in which it was killed there */
    char crash_name[64];
    struct sim__sweep sweep;
    uint64_t job_count;         /* worker processes; 0: this process runs all */
    uint64_t run_seconds_max;   /* of real time; 0: no bound */
    const char *faults;         /* as given; NULL: all */
    const char *required_marks; /* as given; NULL: none */
    bool has_failed_options;
    struct myc_sim_options failed_options; /* of the first run that failed in this process */
    bool has_gate;                         /* faults must have been injected and had effects */
};

enum { SIM__JOBS_MAX = 256, SIM__RUN_SECONDS_MAX = 1000000 };
/* Seconds of real time since some instant. */
static inline double sim__real_seconds(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

enum { SIM__EXIT_OK, SIM__EXIT_FAILURE, SIM__EXIT_USAGE };

/** Tells a parent process which run begins. */
void sim__guard_seed(struct sim__runner *runner, uint64_t seed);

/** Runs the campaign in a child process and shrinks the run that ends it. Returns the exit code. */
int sim__guard_campaign(struct sim__runner *runner, int (*campaign)(struct sim__runner *runner));

/** How the command line wants a run from this seed. */
struct myc_sim_options sim__runner_options(struct sim__runner *runner, uint64_t seed);

/**
 * One run, counted and reported. Returns: false when it failed or could not run; out_exit then says
 * which.
 */
bool sim__runner_run(struct sim__runner *runner, uint64_t seed, int *out_exit);

/**
 * Runs a seed once, then once for each scheduling point of the process, which dies there.
 *
 * Returns: false when any of them failed or could not run; out_exit then says which.
 */
bool sim__runner_sweep(struct sim__runner *runner, uint64_t seed, int *out_exit);

/** The run that has just ended, once more as the options ask for; says where the two first differ.
 * True when they agree. */
bool sim__runner_compare(struct sim__runner *runner, uint64_t seed);

/** Prints the outcome that --outcome asks for; the exit code. */
int sim__runner_outcome(struct sim__runner *runner);

/** A line on what the sweep came to, or its part of the JSON object. */
void sim__sweep_print(const struct sim__runner *runner);

/** Adds a run's or a part's sums to those of a campaign. */
void sim__sum_add(struct myc_sim_result *total, const struct myc_sim_result *part);

/** Says on standard error which required marks and which faults were never seen; false if any. */
bool sim__gate_is_open(const struct sim__runner *runner);

/** Whether --require-marks names any mark of the program. */
bool sim__marks_required_exist(const struct sim__runner *runner);

/** The table of marks, or its part of the JSON object. */
void sim__marks_print(const struct sim__runner *runner);

/** The kills and refusals of the command line as its options, each after a space. */
void sim__runner_breaks(const struct sim__runner *runner, char *text, size_t text_bytes);

/** Runs the campaign's seeds in worker processes. Returns: its exit code. */
int sim__runner_jobs(struct sim__runner *runner);

/** Goes through all runs; see --exhaustive. Returns: the exit code. */
int sim__runner_explore(struct sim__runner *runner);

/** Finds the draw at which a failure becomes inevitable; see --onset. Returns: the exit code. */
int sim__runner_onset(struct sim__runner *runner);
/** Reads a file, for free(); NULL, and says why on standard error, when it cannot. */
char *sim__read_file(const char *path, size_t *out_size);

/** Before any run: whether the files of --trace and --report can be written; else says why not. */
bool sim__view_check(const struct sim__runner *runner);

/** Shows the run that failed, or the only one. Returns: the exit code, now that this is done. */
int sim__runner_view(struct sim__runner *runner, int exit_code);

/** Writes a text file; says on standard error why it could not. */
bool sim__write_file(const char *path, const char *text);

/**
 * Makes the tape of a failed run as boring as it can get while the run fails in the same way,
 * writes it, and prints what is left of it.
 *
 * Returns: the exit code of a problem with files, else 1: a failure.
 */
int sim__runner_shrink(struct sim__runner *runner, uint64_t seed);

#endif
