// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a header word says, whoever wrote it: the part of reading a record that only computes, so
 * that it can be proved for every word. props/proofs does.
 */
#ifndef MYC_RING_JUDGE_H
#define MYC_RING_JUDGE_H

#include <stdint.h>

#include <mycelium/record.h>

enum myc__ring_found {
    MYC__RING_FOUND_NOTHING,
    MYC__RING_FOUND_PAD,
    MYC__RING_FOUND_RECORD,
    MYC__RING_FOUND_CORRUPT
};

/** One header, checked. */
struct myc__ring_item {
    struct myc_record_header header;
    uint64_t bytes;    /* it takes in the ring */
    uint64_t messages; /* it counts */
};

/**
 * Judges a word, `run` bytes before the end of the lap and `room` bytes before what the writer may
 * not have written yet.
 *
 * Returns: NOTHING; RECORD, a message that ends before both; PAD, the same for what is no message,
 * where the caller has to count; CORRUPT.
 */
static inline enum myc__ring_found
myc__ring_judge(uint64_t word, uint64_t run, uint64_t room, struct myc__ring_item *out_item)
{
    if (word == 0) {
        return MYC__RING_FOUND_NOTHING;
    }
    out_item->header = myc_record_header(word);
    out_item->bytes = myc_record_bytes(out_item->header.length);
    if (out_item->bytes > run || out_item->bytes > room) {
        return MYC__RING_FOUND_CORRUPT;
    }
    if (myc_record_is_message(out_item->header.type)) {
        out_item->messages = 1;
        return MYC__RING_FOUND_RECORD;
    }
    return MYC__RING_FOUND_PAD;
}

#endif
