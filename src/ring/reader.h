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

/** Whether behind what was taken lies a record that can be taken, however it lies there. */
bool myc__ring_has_more_closely(const struct myc_ring_reader *reader);

/** Forgets what was taken and not given back. */
void myc__ring_untake(struct myc_ring_reader *reader);

/** The reader reads no further, for this reason. */
static inline void myc__ring_stop(struct myc_ring_reader *reader, enum myc_status status)
{
    reader->status = status;
    reader->bound = reader->cursor; // So that a take looks closely.
}

/** Counts bytes that are behind the reader and held no record for it. */
static inline void myc__ring_count_passed(struct myc_ring_reader *reader, uint64_t bytes)
{
    reader->skipped += bytes;
    myc_store_relaxed_u64(&reader->page->counts.skipped, reader->skipped);
}

/** Counts messages that GAPs of the ring stand for. */
static inline void myc__ring_count_gaps(struct myc_ring_reader *reader, uint64_t messages)
{
    reader->gapped += messages;
    myc_store_relaxed_u64(&reader->page->counts.gapped, reader->gapped);
}

/**
 * Counts bytes without a record and messages of GAPs that are taken, but not given back yet. What
 * is given back is counted for good: the position moves.
 */
static inline void
myc__ring_count_taken(struct myc_ring_reader *reader, uint64_t skipped, uint64_t gapped)
{
    if (reader->taken_from != reader->position) {
        reader->taken_from = reader->position;
        reader->taken_skipped = 0;
        reader->taken_gapped = 0;
    }
    reader->taken_skipped += skipped;
    reader->taken_gapped += gapped;
    myc__ring_count_passed(reader, skipped);
    myc__ring_count_gaps(reader, gapped);
}

/** What was taken was not given back: whoever read it again has counted it, too. */
static inline void myc__ring_count_untaken(struct myc_ring_reader *reader)
{
    if (reader->taken_from == reader->position) {
        myc__ring_count_passed(reader, 0 - reader->taken_skipped);
        myc__ring_count_gaps(reader, 0 - reader->taken_gapped);
        reader->taken_skipped = 0;
        reader->taken_gapped = 0;
    }
}

/** Counts a poll that found nothing. */
static inline void myc__ring_count_empty(struct myc_ring_reader *reader)
{
    reader->empty++;
    myc_store_relaxed_u64(&reader->page->counts.empty, reader->empty);
}

/**
 * Counts how far behind a batch began, which ends at `end`: at least its own bytes. Every 4 KiB it
 * looks where the writer is; more often would take that line from the writer again and again.
 */
static inline void myc__ring_count_lag(struct myc_ring_reader *reader, uint64_t start, uint64_t end)
{
    uint64_t lag = end - start;
    if (end - reader->lag_asked >= MYC__RING_SYNC_BYTES) {
        uint64_t ahead = myc_load_relaxed_u64(&reader->control->progress.position0) - start;
        reader->lag_asked = end;
        // Foreign, and perhaps from before our time.
        lag = (int64_t)ahead > (int64_t)lag ? ahead : lag;
    }
    if (lag > reader->capacity) {
        lag = reader->capacity; // A reader that was overtaken went on far ahead.
    }
    if (lag > reader->lag_max) {
        reader->lag_max = lag;
        myc_store_relaxed_u64(&reader->page->counts.lag_max, lag);
    }
}

/** Whether a header names a record that may lie in a ring: PAD, GAP or a message. */
bool myc__ring_is_legal(uint16_t type);

/** How many messages a GAP with this payload counts; 0 if it is malformed. */
uint64_t myc__ring_gap_count(const unsigned char *payload, uint64_t size);

/** How many bytes from a position on its gate leaves open; UINT64_MAX: all. */
uint64_t myc__ring_gate_room(const struct myc_ring_reader *reader, uint64_t position);

/** How many of the next records its gate lets a reader have, at most `records_max`. */
size_t myc__ring_gate_records(const struct myc_ring_reader *reader, size_t records_max);

/** Whether its gate lets a reader have what lies next, be it only a PAD to skip. */
bool myc__ring_gate_is_open(const struct myc_ring_reader *reader);

/** Skips the PADs that its gate lets a reader have, and gives them back. */
void myc__ring_gate_skip(struct myc_ring_reader *reader);

/** Cuts what a peek may show to what the gate allows. Returns: false if that is nothing. */
bool myc__ring_gate_cut(const struct myc_ring_reader *reader, size_t *bytes_max);

/** OK, or PEER_DIED when a reader has read all that one it is gated on had read, which is gone. */
enum myc_status myc__ring_gate_status(const struct myc_ring_reader *reader);

/**
 * The head that must move before a gated reader can go on; NULL if its gate holds nothing.
 * `*out_seen` becomes its low half as it was when it was chosen.
 */
const struct myc_atomic_u64 *
myc__ring_gate_head(const struct myc_ring_reader *reader, uint32_t *out_seen);

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
