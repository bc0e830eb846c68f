// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The benchmark driver's own vocabulary: sides, experiments, cases, results.
 *
 * A side is one program under the clock: ours, a peer, or a limit of the machine. An experiment is
 * a set of sides that are run in turns, once each a repetition. A case compares one value of one
 * side with one value of another, and has a bar.
 */
#ifndef MYC_BENCH_BENCH_H
#define MYC_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BENCH_VALUES_MAX = 8,
    BENCH_SIDES_MAX = 6,
    BENCH_REPETITIONS_MAX = 101,
    BENCH_REPETITIONS_DEFAULT = 9
};

/** What every side is told. */
struct bench_setup {
    int cpus[2];        /* the measuring thread runs on the first, its partner on the second */
    double ns_per_tick; /* of bench_ticks() */
    bool is_quick;      /* a smoke test: a hundredth of the work */
};

/**
 * Runs a side once: sets up, warms up, measures the steady state, tears down. Fills out_values in
 * the order of the side's value names.
 *
 * Returns: false if it could not run; it has then said why on standard error.
 */
typedef bool bench_side_fn(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX]);

struct bench_side {
    const char *name;
    bench_side_fn *run;
    const char *values[BENCH_VALUES_MAX]; /* what the values are, unit included; NULL ends */
};

enum bench_better { BENCH_LOWER, BENCH_HIGHER };

struct bench_case {
    const char *bench;
    const char *name;
    const char *unit;
    const char *reference_name;
    enum bench_better better;
    double bar;
    uint32_t ours; /* index of a side */
    uint32_t ours_value;
    uint32_t reference; /* index of a side */
    uint32_t reference_value;
    bool is_socket; /* also selected by the name "socket" */
};

/** Sides whose values are curves over one quantity, which all of their values share. */
struct bench_sweep {
    const char *name; /* of the plot's file */
    const char *title;
    const char *x_label;
    const char *y_label;
    const double *x; /* of each value */
    uint32_t x_count;
    uint32_t first_side;
    uint32_t side_count;
};

struct bench_experiment {
    const struct bench_side *sides;
    uint32_t side_count;
    const struct bench_case *cases;
    uint32_t case_count;
    const struct bench_sweep *sweep; /* NULL: nothing to draw */
};

/** A case of the plan that is not measured, and why. */
struct bench_gap {
    const char *bench;
    const char *name;
    const char *reason;
    bool is_socket;
};

enum bench_holds { BENCH_HOLDS_NO, BENCH_HOLDS_UNCLEAR, BENCH_HOLDS_YES };

struct bench_result {
    const struct bench_case *of;
    double ours;      /* median */
    double reference; /* median */
    double ratio;     /* of the medians */
    double low;       /* first and third quartile of the repetitions' own ratios */
    double high;
    double spread; /* (high - low) / ratio */
    uint32_t runs;
    enum bench_holds holds;
};

/* ---- catalogue.c ---- */

/** All experiments of this build. */
extern const struct bench_experiment *const bench_experiments[];
extern const size_t bench_experiment_count;

/** What the plan names and this build does not measure. */
extern const struct bench_gap bench_gaps[];
extern const size_t bench_gap_count;

/* ---- Experiments, one file each ---- */

extern const struct bench_experiment bench_ring_one_thread;
extern const struct bench_experiment bench_ring_oneway;
extern const struct bench_experiment bench_ring_latency;
extern const struct bench_experiment bench_ring_lapping;
extern const struct bench_experiment bench_ring_batch;
extern const struct bench_experiment bench_ring_fanout;
extern const struct bench_experiment bench_ring_inplace_1k;
extern const struct bench_experiment bench_ring_inplace_64k;
extern const struct bench_experiment bench_ring_sweep_trip;
extern const struct bench_experiment bench_ring_sweep_rate;
extern const struct bench_experiment bench_framed_sweep_trip;
extern const struct bench_experiment bench_framed_sweep_rate;
extern const struct bench_experiment bench_queue_one_thread;
extern const struct bench_experiment bench_queue_spsc;
extern const struct bench_experiment bench_queue_mpsc;
extern const struct bench_experiment bench_queue_mpmc;
extern const struct bench_experiment bench_queue_mpsc_vs_urcu;
extern const struct bench_experiment bench_queue_inproc;
extern const struct bench_experiment bench_ring_vs_iceoryx;
extern const struct bench_experiment bench_queue_lanes;
extern const struct bench_experiment bench_pool_same_thread;
extern const struct bench_experiment bench_pool_cross_thread;
extern const struct bench_experiment bench_bus_local_one_thread;
extern const struct bench_experiment bench_bus_local_two_threads;
extern const struct bench_experiment bench_bus_shm_oneway;
extern const struct bench_experiment bench_bus_shm_rtt;
extern const struct bench_experiment bench_bus_unix_rtt_busy;
extern const struct bench_experiment bench_bus_tcp_rtt_busy;
extern const struct bench_experiment bench_bus_unix_rtt_block;
extern const struct bench_experiment bench_bus_tcp_rtt_block;
extern const struct bench_experiment bench_bus_unix_stream;
extern const struct bench_experiment bench_bus_tcp_stream;
extern const struct bench_experiment bench_sim_cost;
extern const struct bench_experiment bench_typed_sweep;
extern const struct bench_experiment bench_codec_decode;
extern const struct bench_experiment bench_codec_encode;
extern const struct bench_experiment bench_codec_peers;

/* ---- statistics.c ---- */

/** The median of `count` values, at least one. */
double bench_median(const double *values, size_t count);

/** A quantile between 0 and 1 of `count` values, at least one, interpolated between neighbours. */
double bench_quantile(const double *values, size_t count, double quantile);

/** Compares paired repetitions of a case. */
void bench_compare(
    const struct bench_case *of,
    const double *ours,
    const double *reference,
    uint32_t runs,
    struct bench_result *out_result);

/* ---- report.c ---- */

/** Prints one result as one JSON object on one line. */
void bench_print_json(const struct bench_result *result);

/** Prints the head of the table, and one result as a row of it. */
void bench_print_head(void);
void bench_print_row(const struct bench_result *result);

/** Prints one side's values below the row: medians over the repetitions. */
void bench_print_values(const struct bench_side *side, const double *medians);

/** Prints a case that is not measured. */
void bench_print_gap(const struct bench_gap *gap);

/* ---- plot.c ---- */

/**
 * Writes an SVG of all ratios of one bench into `folder`, drawn by gnuplot. Does nothing if there
 * is no gnuplot. Returns: false if gnuplot failed or the folder cannot be written.
 */
bool bench_plot(
    const char *folder, const char *bench, const struct bench_result *results, size_t count);

/** The same of one sweep: a curve a side, of `medians[side][value]`, in logarithmic scales. */
bool bench_plot_sweep(
    const char *folder,
    const struct bench_experiment *experiment,
    double medians[BENCH_SIDES_MAX][BENCH_VALUES_MAX]);

#endif
