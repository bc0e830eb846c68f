// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A ring's writer that never waits: what finds no room is dropped, and told in its place.
 */
#ifndef MYC_SIM_SCENARIOS_RING_DROP_H
#define MYC_SIM_SCENARIOS_RING_DROP_H

#include "ring_arena.h"

/** An arena_writer_fn. */
void ring_drop_write(struct arena *arena, struct myc_platform *platform);

#endif
