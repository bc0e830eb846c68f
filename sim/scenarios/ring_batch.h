// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Batches of a ring's writer, for the scenarios: drawn numbers of records, GAPs among them, given
 * up now and then, or messages of one size in one call.
 */
#ifndef MYC_SIM_SCENARIOS_RING_BATCH_H
#define MYC_SIM_SCENARIOS_RING_BATCH_H

#include <mycelium/sim.h>

#include <mycelium/ring.h>

#include "ring_arena.h"

struct ring_batch {
    struct myc_sim *sim;
    struct myc_ring_writer *writer;
    /** Writes the payload of message `sequence`, with a scheduling point now and then. */
    void (*write)(void *context, unsigned char *payload, size_t size, uint64_t sequence);
    /** Byte i of the payload of message `sequence`. */
    unsigned char (*byte)(uint64_t sequence, size_t i);
    /** Waits until the batch's next record may fit; NULL: what does not fit ends the batch. */
    void (*wait)(void *context, size_t size);
    void *context;
    size_t size_max;         // of a payload
    bool has_gaps;           // some records count GAP_MESSAGES instead of one
    uint64_t *committing;    // told before anything is published
    bool *is_in_parts;       // set while what is published may be there in part
    struct counted *counted; // what was published
    uint64_t *refused;       // claims for want of room
};

/**
 * Writes a batch of drawn records. Returns: how many messages were published; 0 if it was given up
 * or there was no room.
 */
uint64_t ring_batch_write(const struct ring_batch *batch);

#endif
