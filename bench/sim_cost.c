// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What the simulator costs, against the switch between two fibers in the same build. The work runs
// in programs of its own, since the simcheck archive and the production archive exclude each other.
#define _DEFAULT_SOURCE 1

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>

#include "bench.h"

static const double seconds_full = 0.6;
static const double seconds_quick = 0.02;

/* Runs "<program> <work> <seconds>", which prints ns a unit and units a run. */
static bool run_work(const struct bench_setup *setup, const char *program, double out_values[])
{
    char command[1024];
    char line[128] = "";
    double seconds = setup->is_quick ? seconds_quick : seconds_full;
    int size = snprintf(command, sizeof(command), "%s %.3f", program, seconds);
    if (size < 0 || (size_t)size >= sizeof(command)) {
        return false;
    }
    FILE *output = popen(command, "r");
    if (output == NULL) {
        return false;
    }
    bool is_read = fgets(line, sizeof(line), output) != NULL;
    bool is_good = pclose(output) == 0 && is_read;
    char *rest = line;
    out_values[0] = strtod(line, &rest);
    out_values[1] = out_values[0] > 0 ? 1e9 / out_values[0] : 0;
    out_values[2] = strtod(rest, NULL);
    return is_good && out_values[0] > 0;
}

static bool run_switch(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return run_work(setup, "'" BENCH_SIMCHECK_WORK "' switch", out_values);
}

static bool run_step(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return run_work(setup, "'" BENCH_SIMCHECK_WORK "' step", out_values);
}

static bool run_kernel(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return run_work(setup, "'" BENCH_SIMCHECK_WORK "' kernel", out_values);
}

static bool run_event(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return run_work(setup, "'" BENCH_SIM_WORK "' event", out_values);
}

static double children_s(void)
{
    struct rusage usage;
    memset(&usage, 0, sizeof(usage));
    (void)getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
           + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* The trading scenario: three nodes, faults, kills and restarts. CPU time, as in the other works.
 */
static bool run_system(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    char line[32768] = "";
    const char *command = setup->is_quick ? "'" BENCH_SIM_TRADING "' trading --seeds 1..5 --json"
                                          : "'" BENCH_SIM_TRADING "' trading --seeds 1..100 --json";
    double seeds = setup->is_quick ? 5 : 100;
    double began = children_s();
    FILE *output = popen(command, "r");
    if (output == NULL) {
        return false;
    }
    bool is_read = fgets(line, sizeof(line), output) != NULL;
    bool is_good = pclose(output) == 0 && is_read && strstr(line, "\"runs_failed\": 0,") != NULL;
    double passed = children_s() - began;
    out_values[0] = passed * 1e9 / seeds;
    out_values[1] = passed > 0 ? seeds / passed : 0;
    return is_good && out_values[0] > 0;
}

enum side { SWITCH, STEP, EVENT, KERNEL, SYSTEM };

static const struct bench_side sides[] = {
    {"fiber switch", run_switch, {"ns", "switches/s"}},
    {"simcheck: atomic steps", run_step, {"ns", "steps/s", "steps a run"}},
    {"plain: events of the world", run_event, {"ns", "events/s", "events a run"}},
    {"simcheck: runs of a ring with 8 messages", run_kernel, {"ns", "runs/s", "steps a run"}},
    {"plain: seeds of trading", run_system, {"ns", "seeds/s"}},
};

// The last two bars are rates, 300,000 runs/s and 200 seeds/s, at 4 ns a switch.
static const struct bench_case cases[] = {
    {"sim", "step", "ns", "fiber switch", BENCH_LOWER, 8, STEP, 0, SWITCH, 0, false},
    {"sim", "events", "ns", "fiber switch", BENCH_LOWER, 100, EVENT, 0, SWITCH, 0, false},
    {"sim", "kernel", "ns", "fiber switch", BENCH_LOWER, 833, KERNEL, 0, SWITCH, 0, false},
    {"sim", "system", "ns", "fiber switch", BENCH_LOWER, 1250000, SYSTEM, 0, SWITCH, 0, false},
};

const struct bench_experiment bench_sim_cost = {
    sides, sizeof(sides) / sizeof(sides[0]), cases, sizeof(cases) / sizeof(cases[0]), NULL};
