// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a ring and its readers counted, worked out from the few words that are kept for it and those
 * that the protocol stores anyway.
 *
 * A position is the bytes of all records, PADs and what a ring did not begin with; a sequence is
 * all messages and what GAPs stand for. So only the rare parts are counted one by one.
 */
#include <mycelium/ring_counters.h>

#include "ring/layout.h"
#include "ring/reader.h"
#include "ring/writer.h"

// Attempts at the progress pair, which its writer may be storing just now.
enum { PAIR_ATTEMPTS = 64 };

// Foreign words may say anything: no count goes below zero.
static uint64_t less(uint64_t count, uint64_t other)
{
    return count > other ? count - other : 0;
}

// An arming is odd, and two further than the one before; the generation lies above.
static uint64_t armings(uint64_t word)
{
    return ((word & UINT32_MAX) + 1) / 2;
}

void myc_ring_writer_counters(
    const struct myc_ring_writer *writer, struct myc_ring_writer_counters *out_counters)
{
    out_counters->messages = writer->sequence - writer->gapped;
    out_counters->bytes = writer->position - writer->skipped;
    out_counters->gapped = writer->gapped;
    out_counters->dropped = writer->dropped;
    out_counters->full = writer->full;
    out_counters->parks = (writer->arm_word + 1) / 2;
}

enum myc_status myc_ring_memory_counters(
    const void *memory,
    size_t memory_bytes,
    struct myc_ring_writer_counters *out_counters,
    struct myc_diagnostic *diagnostic)
{
    struct myc__ring_constant constant;
    struct myc__ring_point point;
    enum myc_status status = myc__ring_layout_check(memory, memory_bytes, &constant, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    const struct myc__ring_control *control =
        (const void *)((const unsigned char *)memory + constant.control_offset);
    uint64_t skipped = myc_load_relaxed_u64(&control->counts.skipped);
    uint64_t gapped = myc_load_relaxed_u64(&control->counts.gapped);
    for (int i = 0; i < PAIR_ATTEMPTS; i++) {
        if (myc__ring_pair_load(&control->progress, &point)) {
            out_counters->messages = less(point.sequence, gapped);
            out_counters->bytes = less(point.position, skipped);
            out_counters->gapped = gapped;
            out_counters->dropped = myc_load_relaxed_u64(&control->counts.dropped);
            out_counters->full = myc_load_relaxed_u64(&control->counts.full);
            out_counters->parks = (myc_load_relaxed_u64(&control->writer_arm) + 1) / 2;
            return MYC_OK;
        }
    }
    return myc_diagnostic_set(
        diagnostic, MYC_AGAIN, 0, "ring progress: the writer was storing it each time");
}

void myc_ring_page_counters(const void *page, struct myc_ring_reader_counters *out_counters)
{
    const struct myc__ring_page *words = page;
    uint64_t skipped = myc_load_relaxed_u64(&words->counts.skipped);
    out_counters->gapped = myc_load_relaxed_u64(&words->counts.gapped);
    out_counters->lost = myc_load_relaxed_u64(&words->counts.lost);
    out_counters->empty_polls = myc_load_relaxed_u64(&words->counts.empty);
    out_counters->lag_max = myc_load_relaxed_u64(&words->counts.lag_max);
    out_counters->parks = armings(myc_load_relaxed_u64(&words->arm));
    out_counters->bytes = less(myc_load_relaxed_u64(&words->head), skipped);
    uint64_t sequence = less(
        myc_load_relaxed_u64(&words->sequence),
        myc_load_relaxed_u64(&words->counts.first_sequence));
    out_counters->messages = less(less(sequence, out_counters->gapped), out_counters->lost);
}
