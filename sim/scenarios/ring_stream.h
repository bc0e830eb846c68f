// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A ring that is filled from a byte stream; the stream is made as it goes and cut as drawn.
 */
#ifndef MYC_SIM_SCENARIOS_RING_STREAM_H
#define MYC_SIM_SCENARIOS_RING_STREAM_H

#include "ring_arena.h"

/** Receives a stream of messages, GAPs and session records into the arena's ring, then closes it.
 */
void ring_stream_write(struct arena *arena, struct myc_platform *platform);

#endif
