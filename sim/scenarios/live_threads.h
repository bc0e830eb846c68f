// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A ring's writer and up to three readers, threads of one process that wait by ring_wait.h; readers
 * may be gated on those before them.
 */
#ifndef MYC_SIM_SCENARIOS_LIVE_THREADS_H
#define MYC_SIM_SCENARIOS_LIVE_THREADS_H

#include <mycelium/sim.h>

/** The directors. */
void live_threads_run(struct myc_sim *sim);
void live_kernel_run(struct myc_sim *sim);
void live_idle_run(struct myc_sim *sim);

#endif
