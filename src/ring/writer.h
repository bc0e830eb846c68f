// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the parts of the ring's writer share.
 */
#ifndef MYC_RING_WRITER_H
#define MYC_RING_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/ring.h>

#include "ring/layout.h"

enum { MYC__RING_GAP_BYTES = MYC_RECORD_HEADER_BYTES + 16 };

_Static_assert(MYC__RING_GAP_BYTES == MYC_RECORD_HEADER_BYTES + sizeof(struct myc_gap), "a GAP");

/** Value of `claimed` while no claim is open. */
#define MYC__RING_NO_CLAIM UINT64_MAX

/** What myc_ring_writer_init() checks of the options alone. Errors: INVALID. */
MYC_MUST_USE enum myc_status
myc__ring_check_options(const struct myc_ring_options *options, struct myc_diagnostic *diagnostic);

/** Empties a writer and lets it point into a ring whose constant part is right. */
void myc__ring_place_writer(
    struct myc_ring_writer *writer, void *memory, const struct myc__ring_constant *constant);

/** The constant part of the header of a ring with valid options. */
void myc__ring_fill_header(
    struct myc__ring_constant *constant, const struct myc_ring_options *options);

/**
 * Makes sure that `need` bytes from the writer's position may be written, asking the readers' heads
 * if necessary. Stores nothing in the data.
 *
 * Returns: false if the slowest gating reader is in the way.
 */
bool myc__ring_ensure(struct myc_ring_writer *writer, uint64_t need);

/**
 * Announces that bytes up to `end` may be written, a lap beyond what readers may then still
 * believe; before anybody writes them. Only while the writer announces.
 */
void myc__ring_announce(struct myc_ring_writer *writer, uint64_t end);

/**
 * After the publishing store: moves the writer to `end` and tells joiners. `first` is the position
 * and sequence of a message record that was just published and may become a sync entry; NULL if
 * there was none.
 */
void myc__ring_advance(
    struct myc_ring_writer *writer,
    uint64_t end,
    uint64_t sequence,
    const struct myc__ring_point *first);

/**
 * As myc_ring_join(), at exactly this point, where a held slot or another reader's head keeps the
 * writer back.
 */
MYC_MUST_USE enum myc_status myc__ring_join_point(
    struct myc_ring_writer *writer,
    const void *page,
    const struct myc__ring_point *point,
    struct myc_ring_ticket *out_ticket);

/**
 * Whether a held place was on its way from one slot to another since `moves` was loaded, with
 * acquire: then a pass over the slots may have found it in neither.
 */
bool myc__ring_has_moved(const struct myc_ring_writer *writer, uint32_t moves);

/** Before a slot is given back: nobody is gated on it any more, and it on nobody. */
void myc__ring_gate_forget(struct myc_ring_writer *writer, uint32_t slot);

/** Stores a sync entry for a published message record if one is due there. */
void myc__ring_sync(struct myc_ring_writer *writer, const struct myc__ring_point *point);

/** Counts bytes before the position that hold no record. */
static inline void myc__ring_count_skipped(struct myc_ring_writer *writer, uint64_t bytes)
{
    writer->skipped += bytes;
    myc_store_relaxed_u64(&writer->control->counts.skipped, writer->skipped);
}

/** Counts messages that a GAP stands for. */
static inline void myc__ring_count_gapped(struct myc_ring_writer *writer, uint64_t messages)
{
    writer->gapped += messages;
    myc_store_relaxed_u64(&writer->control->counts.gapped, writer->gapped);
}

/** Counts a claim that was refused for want of room. */
static inline void myc__ring_count_full(struct myc_ring_writer *writer)
{
    writer->full++;
    myc_store_relaxed_u64(&writer->control->counts.full, writer->full);
}

/** Counts a message that found no room and is dropped; a GAP tells it later. */
static inline void myc__ring_count_dropped(struct myc_ring_writer *writer)
{
    writer->dropped++;
    writer->dropped_pending++;
    myc_store_relaxed_u64(&writer->control->counts.dropped, writer->dropped);
}

/** Stores the sync entries that are due among the records between `start` and the position. */
void myc__ring_sync_records(struct myc_ring_writer *writer, uint64_t start, uint64_t sequence);

/** How many messages a record counts; 0 if it must not be published. */
uint64_t myc__ring_messages_of(uint16_t type, const unsigned char *payload, size_t size);

/**
 * Bytes from the position that the next claim needs, as myc__ring_need(), or behind what was added
 * to the open batch; 0 if waiting does not help, since the batch is large enough.
 */
uint64_t myc__ring_next_need(const struct myc_ring_writer *writer, uint64_t size);

/** Whether a payload of this size, of a type that `is_legal`, may be published if there is room. */
enum myc_status
myc__ring_may_publish(const struct myc_ring_writer *writer, bool is_legal, size_t size);

/** Bytes a record with `size` payload bytes needs from the position: PAD, record, next header. */
uint64_t myc__ring_need(const struct myc_ring_writer *writer, uint64_t size, uint64_t *out_rest);

/**
 * The page that a reader's slot was joined with; only after an acquire of its state. It may be that
 * of a joiner who took the slot since.
 */
static inline const struct myc__ring_page *
myc__ring_page(const struct myc_ring_writer *writer, uint32_t slot)
{
    // Pairs with the release in myc_ring_join().
    return (const struct myc__ring_page *)(uintptr_t)myc_load_acquire_u64(&writer->pages[slot]);
}

/** A slot's head: its page's, or the join head until the reader has begun. */
static inline uint64_t myc__ring_head(const struct myc_ring_writer *writer, uint32_t slot)
{
    // Pairs with the release of the reader's head: its reads are over before we overwrite.
    uint64_t head = myc_load_acquire_u64(&myc__ring_page(writer, slot)->head);
    if (head == 0) {
        // Pairs with the release in myc_ring_join(): a later joiner's head, too, comes after the
        // reads of the reader before.
        head = myc_load_acquire_u64(&writer->slots[slot].join_head);
    }
    return head;
}

#endif
