// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Waiting on rings, required readers and gated readers, under drawn interleavings, weak memory and
 * kills. "live", "live-kernel" and "live-idle" are threads of one process, see live_threads.c;
 * "live-required" and "live-crash" are processes, see live_processes.c.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include "live_processes.h"
#include "live_threads.h"

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"live", "a writer and readers, some behind others, that sleep", live_threads_run},
        {"live-kernel",
         "one writer, a reader and one behind it; for --exhaustive",
         live_kernel_run},
        {"live-idle", "sleepers that nothing wakes while nothing happens", live_idle_run},
        {"live-required",
         "a writer that needs its journal, processes that die, stand still or stay away",
         live_required_run},
        {"live-crash", "the same, and nobody relies on being woken", live_crash_run},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
