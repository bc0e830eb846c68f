// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Writing on where another writer of the same ring ended, wherever that was.
 *
 * A record is published by one store, and behind it the next header is zero, so the records end at
 * the first zero from the progress pair on; that pair is stored after them and readable at any
 * moment. What a writer had claimed is as if it had not been. Its limit is gone, but one record
 * header beyond the position was always below it, and limit_published, which tells joiners, stands.
 */
#include "ring/reader.h"
#include "ring/writer.h"

#include <string.h>

#include <mycelium/simulation.h>

static enum myc_status corrupt(struct myc_diagnostic *diagnostic, const char *what, uint64_t at)
{
    (void)myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "ring: ");
    myc_diagnostic_append(diagnostic, what);
    myc_diagnostic_append(diagnostic, " at position ");
    myc_diagnostic_append_u64(diagnostic, at);
    return MYC_CORRUPT;
}

// How many messages a record counts; false if it can be none.
static bool count_messages(
    const struct myc_ring_writer *writer,
    uint64_t position,
    struct myc_record_header header,
    uint64_t *out_count)
{
    *out_count = header.type == MYC_RECORD_PAD ? 0 : 1;
    if (header.type == MYC_RECORD_GAP) {
        uint64_t payload = (position + MYC_RECORD_HEADER_BYTES) & (writer->capacity - 1);
        myc_shared_read(writer->data + payload, header.length);
        *out_count = myc__ring_gap_count(writer->data + payload, header.length);
        return *out_count != 0;
    }
    return myc__ring_is_legal(header.type);
}

// Moves the point behind the last record that was published.
static enum myc_status walk(
    struct myc_ring_writer *writer,
    struct myc__ring_point *point,
    struct myc_diagnostic *diagnostic)
{
    uint64_t limit = myc_load_relaxed_u64(&writer->control->limit_published);
    uint64_t ahead = limit - point->position;
    if (point->position % MYC_RECORD_ALIGNMENT != 0 || ahead < MYC_RECORD_HEADER_BYTES
        || ahead > writer->capacity) {
        return corrupt(diagnostic, "the progress does not fit the limit", point->position);
    }
    for (;;) {
        uint64_t offset = point->position & (writer->capacity - 1);
        uint64_t word =
            myc_load_relaxed_u64(myc__ring_word(writer->data, writer->capacity, point->position));
        struct myc_record_header header = myc_record_header(word);
        uint64_t bytes = myc_record_bytes(header.length);
        uint64_t messages = 0;
        if (word == 0) {
            return MYC_OK;
        }
        if (bytes > writer->capacity - offset
            || bytes + MYC_RECORD_HEADER_BYTES > limit - point->position
            || !count_messages(writer, point->position, header, &messages)) {
            return corrupt(diagnostic, "what is published is no record", point->position);
        }
        MYC_REACHED("ring.resume.beyond-progress");
        point->position += bytes;
        point->sequence += messages;
        writer->skipped += header.type == MYC_RECORD_PAD ? bytes : 0;
        writer->gapped += header.type == MYC_RECORD_GAP ? messages : 0;
    }
}

// Whether the slot has a reader that stays.
static bool is_kept(const struct myc_ring_writer *writer, const void *const *pages, uint32_t slot)
{
    uint32_t kind = myc_load_relaxed_u32(&writer->slots[slot].state) & MYC__RING_STATE_MASK;
    bool has_reader = kind == MYC__RING_ACTIVE || kind == MYC__RING_FENCED
                      || (kind == MYC__RING_LAPPING && writer->readers_may_be_lapped);
    return pages[slot] != NULL && has_reader;
}

// Keeps those readers whose pages are known and takes the other slots back.
static uint64_t adopt(struct myc_ring_writer *writer, const void *const *pages)
{
    uint64_t kept = 0;
    uint64_t lapping = 0;
    for (uint32_t i = 0; i < writer->readers_max; i++) {
        struct myc_atomic_u32 *state = &writer->slots[i].state;
        uint32_t word = myc_load_relaxed_u32(state);
        uint32_t kind = word & MYC__RING_STATE_MASK;
        if (is_kept(writer, pages, i)) {
            myc_store_relaxed_u64(&writer->pages[i], (uintptr_t)pages[i]);
            kept |= UINT64_C(1) << i;
            lapping += kind == MYC__RING_LAPPING ? 1 : 0;
            MYC_REACHED("ring.resume.adopts");
        } else if (kind != MYC__RING_FREE) {
            uint32_t generation = word >> MYC__RING_STATE_BITS;
            // Who reads there learns that it is out before it believes what is written from now on.
            myc_store_release_u32(state, myc__ring_state_word(generation, MYC__RING_FREE));
            MYC_REACHED("ring.resume.drops");
        }
    }
    myc_store_relaxed_u32(&writer->slots_used, writer->readers_max);
    myc_store_release_u64(&writer->control->announce, lapping);
    writer->is_announcing = lapping != 0;
    return kept;
}

// Who is gated on whom, among those that stay.
static void adopt_gates(struct myc_ring_writer *writer, uint64_t kept)
{
    uint64_t followed = 0;
    for (uint32_t i = 0; i < writer->readers_max; i++) {
        uint64_t may_be = (kept >> i & 1) != 0 ? kept : 0;
        uint64_t gates = myc_load_relaxed_u64(&writer->slots[i].gates) & may_be;
        myc_store_relaxed_u64(&writer->slots[i].gates, gates);
        followed |= gates;
    }
    for (uint32_t i = 0; i < writer->readers_max; i++) {
        myc_store_relaxed_u32(&writer->slots[i].followers, (uint32_t)(followed >> i & 1));
    }
    writer->has_gates = followed != 0;
}

enum myc_status myc_ring_writer_resume(
    struct myc_ring_writer *writer,
    void *memory,
    size_t memory_bytes,
    const void *const pages[MYC_RING_READERS_MAX],
    struct myc_diagnostic *diagnostic)
{
    struct myc__ring_constant constant;
    struct myc__ring_point point;
    enum myc_status status = myc__ring_layout_check(memory, memory_bytes, &constant, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    myc__ring_place_writer(writer, memory, &constant);
    if (myc_load_relaxed_u64(&writer->control->closed) != 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_CLOSED, 0, "ring: its writer closed it; make another");
    }
    if (!myc__ring_pair_load(&writer->control->progress, &point)) {
        return corrupt(diagnostic, "the progress pair is none", 0);
    }
    writer->skipped = myc_load_relaxed_u64(&writer->control->counts.skipped);
    writer->gapped = myc_load_relaxed_u64(&writer->control->counts.gapped);
    writer->full = myc_load_relaxed_u64(&writer->control->counts.full);
    writer->dropped = myc_load_relaxed_u64(&writer->control->counts.dropped);
    status = walk(writer, &point, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    writer->position = point.position;
    writer->sequence = point.sequence;
    writer->sync_due = point.position;
    writer->limit = point.position + MYC_RECORD_HEADER_BYTES;
    writer->granted = writer->limit;
    writer->intent = myc_load_relaxed_u64(&writer->control->intent);
    // Disarmed, and the next arming is none that was there before.
    writer->arm_word = (myc_load_relaxed_u64(&writer->control->writer_arm) + 1) & ~UINT64_C(1);
    myc_store_relaxed_u64(&writer->control->writer_arm, writer->arm_word);
    myc__ring_count_skipped(writer, 0);
    myc__ring_count_gapped(writer, 0);
    adopt_gates(writer, adopt(writer, pages));
    myc__ring_pair_store(&writer->control->progress, point);
    return MYC_OK;
}
