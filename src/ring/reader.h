// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the parts of the ring's reader share.
 */
#ifndef MYC_RING_READER_H
#define MYC_RING_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/ring.h>

#include "ring/layout.h"

/**
 * Attaches a reader whose slot is in the given state; see myc_ring_reader_init().
 *
 * Errors: as there.
 */
MYC_MUST_USE enum myc_status myc__ring_attach(
    struct myc_ring_reader *reader,
    const void *memory,
    size_t memory_bytes,
    void *page,
    const struct myc_ring_ticket *ticket,
    enum myc__ring_slot_state state,
    struct myc_diagnostic *diagnostic);

/** Moves the reader, and gives everything before the position back to the writer. */
void myc__ring_release(struct myc_ring_reader *reader, uint64_t position, uint64_t sequence);

/** Whether the writer's process still has the reader in. */
bool myc__ring_is_in(const struct myc_ring_reader *reader);

/** The reader reads no further, for this reason. */
static inline void myc__ring_stop(struct myc_ring_reader *reader, enum myc_status status)
{
    reader->status = status;
    reader->bound = reader->cursor; // So that a take looks closely.
}

/** Whether a header names a record that may lie in a ring: PAD, GAP or a message. */
bool myc__ring_is_legal(uint16_t type);

/** How many messages a GAP with this payload counts; 0 if it is malformed. */
uint64_t myc__ring_gap_count(const unsigned char *payload, uint64_t size);

/** myc_ring_poll() of a reader that takes copies. */
size_t myc__ring_copy_poll(
    struct myc_ring_reader *reader, myc_record_fn *fn, void *context, size_t records_max);

/** myc_ring_peek() of a reader that takes copies. */
struct myc_const_span myc__ring_copy_peek(struct myc_ring_reader *reader, size_t bytes_max);

/** myc_ring_consume() of a reader that takes copies. */
void myc__ring_copy_consume(struct myc_ring_reader *reader, size_t bytes);

/** myc_ring_is_empty() of a reader that takes copies and is whole. */
bool myc__ring_copy_is_empty(const struct myc_ring_reader *reader);

#endif
