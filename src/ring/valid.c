// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The structural check of a writer against its own shared words.
 */
#include "ring/writer.h"

bool myc_ring_is_valid(const struct myc_ring_writer *writer)
{
    struct myc__ring_point progress;
    if (writer->is_broken || writer->position % MYC_RECORD_ALIGNMENT != 0) {
        return false;
    }
    // The next header always has room, and the writer never runs a lap ahead of itself.
    uint64_t ahead = writer->limit - writer->position;
    if (ahead < MYC_RECORD_HEADER_BYTES || ahead > writer->capacity) {
        return false;
    }
    if (myc_load_relaxed_u64(&writer->control->limit_published) < writer->limit) {
        return false;
    }
    if (myc_load_relaxed_u64(myc__ring_word(writer->data, writer->capacity, writer->position))
        != 0) {
        return false;
    }
    uint64_t closed = writer->is_closed ? writer->position + 1 : 0;
    if (myc_load_relaxed_u64(&writer->control->closed) != closed) {
        return false;
    }
    return myc__ring_pair_load(&writer->control->progress, &progress)
           && progress.position == writer->position && progress.sequence == writer->sequence;
}
