// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The ring with one writer, one reader and a few messages: small enough for fuzzers, and for going
 * through all its schedules up to a number of choices.
 */
#ifndef MYC_SIM_SCENARIOS_RING_KERNEL_H
#define MYC_SIM_SCENARIOS_RING_KERNEL_H

#include <mycelium/sim.h>

/** The director of the scenario "kernel". */
void ring_kernel_run(struct myc_sim *sim);

#endif
