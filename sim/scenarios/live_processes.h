// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A writer and its two required readers, the journal and who acts behind it, as processes over
 * shared memory: the ring is mapped read-only by the readers, each page by all but its reader.
 */
#ifndef MYC_SIM_SCENARIOS_LIVE_PROCESSES_H
#define MYC_SIM_SCENARIOS_LIVE_PROCESSES_H

#include <mycelium/sim.h>

/** The directors. */
void live_required_run(struct myc_sim *sim);
void live_crash_run(struct myc_sim *sim);

#endif
