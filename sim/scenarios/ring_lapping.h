// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The ring's scenarios with readers that are never waited for; see ring_lapping.c.
 */
#ifndef MYC_SIM_SCENARIOS_RING_LAPPING_H
#define MYC_SIM_SCENARIOS_RING_LAPPING_H

#include <mycelium/sim.h>

/** Lapping readers that come and go, beside a gating one or alone. */
void ring_lapping_run(struct myc_sim *sim);

/** One writer, one lapping reader, as little as makes a lap; for --exhaustive. */
void ring_lapping_kernel_run(struct myc_sim *sim);

#endif
