// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Runs a director inside a unit test. Include after cmocka.h; defines the implementation unit.
 */
#ifndef MYC_SIM_SELFTEST_SUPPORT_H
#define MYC_SIM_SELFTEST_SUPPORT_H

#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <mycelium/sim/fiber.h> // which sanitizers there are

#include <mycelium/atomic.h>
#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/file.h>
#include <mycelium/interface/listener.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/process.h>
#include <mycelium/interface/shm.h>
#include <mycelium/interface/stream.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>

#include <stdlib.h>
#include <string.h>

/** A run of `director` with all options; the result is freed by drop_result(). */
static inline struct myc_sim_result *
run_with(void (*director)(struct myc_sim *sim), const struct myc_sim_options *options)
{
    const struct myc_sim_scenario scenario = {"test", "a test", director};
    struct myc_sim_result *result = calloc(1, sizeof(*result));
    assert_non_null(result);
    assert_true(myc_sim_run(&scenario, options, result));
    return result;
}

/** The boring run. */
static inline struct myc_sim_result *run_boring(void (*director)(struct myc_sim *sim))
{
    return run_with(director, &(struct myc_sim_options){.is_boring = true});
}

/** A run from a seed. */
static inline struct myc_sim_result *run_seed(void (*director)(struct myc_sim *sim), uint64_t seed)
{
    return run_with(director, &(struct myc_sim_options){.seed = seed});
}

static inline void drop_result(struct myc_sim_result *result)
{
    myc_sim_result_deinit(result);
    free(result);
}

/** Fails the test with the run's own report unless the run passed. */
static inline void assert_passed(struct myc_sim_result *result)
{
    if (result->is_failed) {
        print_error("%s", result->report);
    }
    assert_false(result->is_failed);
    drop_result(result);
}

/** Fails the test unless the run failed with this in its report. */
static inline void assert_failed_with(struct myc_sim_result *result, const char *text)
{
    assert_true(result->is_failed);
    if (strstr(result->report, text) == NULL) {
        print_error("'%s' is not in:\n%s", text, result->report);
    }
    assert_non_null(strstr(result->report, text));
    drop_result(result);
}

struct watched {
    struct myc_sim *sim;
    struct myc_sim_process process;
};

static inline bool watched_has_ended(void *context)
{
    const struct watched *watched = context;
    return !myc_sim_is_running(watched->sim, watched->process);
}

/** Starts one process and waits for its end, at most a virtual second. */
static inline struct myc_sim_process
run_process(struct myc_sim *sim, myc_sim_main_fn *main_fn, void *arg)
{
    struct watched watched = {sim, myc_sim_start(sim, "host", "process", main_fn, arg)};
    myc_sim_check(
        sim,
        myc_sim_run_until(
            sim, watched_has_ended, &watched, myc_sim_now_ns(sim) + UINT64_C(1000000000)),
        "the process ends within a second");
    return watched.process;
}

#endif
