// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Who holds the writer back, and for how long. There is no clock here: whoever watches brings the
 * time and keeps what was seen last.
 */
#include <mycelium/ring.h>

#include "ring/writer.h"

// Whether a slot holds a gating reader that has not passed everything.
static bool is_behind(
    const struct myc_ring_writer *writer, uint32_t slot, struct myc_ring_reader_state *out_state)
{
    return myc_ring_reader_state(writer, slot, out_state) == MYC_OK && out_state->is_active
           && !out_state->is_lapping && out_state->lag_bytes != 0;
}

bool myc_ring_slowest(
    const struct myc_ring_writer *writer, uint64_t now_ns, struct myc_ring_stall *stall)
{
    struct myc_ring_stall found = {0};
    bool is_found = false;
    for (uint32_t slot = 0; slot < writer->readers_max; slot++) {
        struct myc_ring_reader_state state;
        // Nothing is read on the strength of it: the generation tells who the slot was then.
        uint32_t word = myc_load_relaxed_u32(&writer->slots[slot].state);
        if (is_behind(writer, slot, &state) && (!is_found || state.position < found.position)) {
            found.slot = slot;
            found.generation = word >> MYC__RING_STATE_BITS;
            found.position = state.position;
            found.lag_bytes = state.lag_bytes;
            is_found = true;
        }
    }
    found.since_ns = now_ns;
    if (is_found && stall->lag_bytes != 0 && stall->slot == found.slot
        && stall->generation == found.generation && found.position <= stall->position
        && stall->since_ns <= now_ns) {
        // A head that goes back, which only a liar's does, is no progress when it returns.
        found.since_ns = stall->since_ns;
        found.position = stall->position;
    }
    found.stalled_ns = now_ns - found.since_ns;
    *stall = found;
    return is_found;
}
