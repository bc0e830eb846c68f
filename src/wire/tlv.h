// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * TLV: decoding and encoding records in plain bytes, where no ring has checked them yet.
 *
 * Bytes come from outside and are hostile: every length is checked before it is used, and payloads
 * are viewed in place, never copied, unless an older message is shorter than today's struct. A
 * record's padding is written as zeros and ignored when read.
 */
#ifndef MYC_WIRE_TLV_H
#define MYC_WIRE_TLV_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>

/** One record in a buffer. `payload` is 8-aligned and points into the buffer, also when empty. */
struct myc__tlv {
    uint16_t type;
    uint16_t version;
    uint32_t size; /* payload bytes */
    const void *payload;
};

/** A walk over records that follow each other in a buffer. */
struct myc__tlv_walk {
    const unsigned char *bytes;
    size_t size;
    size_t offset;      /* of the next record */
    size_t payload_max; /* a longer payload is corruption */
};

/**
 * Starts a walk. `bytes` is 8-aligned and stays the caller's.
 *
 * Errors: INVALID (not aligned).
 */
MYC_MUST_USE enum myc_status myc__tlv_walk_init(
    struct myc__tlv_walk *walk,
    const void *bytes,
    size_t size,
    size_t payload_max,
    struct myc_diagnostic *diagnostic);

/**
 * The next record.
 *
 * Returns: OK and the record; END behind the last; AGAIN if the buffer ends inside a record (the
 * walk stays before it, so that it can go on when more bytes are there); CORRUPT with the byte
 * offset in the diagnostic. An error repeats: the walk does not move past it.
 */
MYC_MUST_USE enum myc_status myc__tlv_next(
    struct myc__tlv_walk *walk, struct myc__tlv *out_record, struct myc_diagnostic *diagnostic);

/**
 * Checks a buffer that must hold whole records only.
 *
 * Returns: OK and how many; CORRUPT, also for a record that the buffer's end cuts; INVALID.
 */
MYC_MUST_USE enum myc_status myc__tlv_check(
    const void *bytes,
    size_t size,
    size_t payload_max,
    size_t *out_count,
    struct myc_diagnostic *diagnostic);

/**
 * The fixed part of the message of type `type` in a record, as myc_message_view() finds it: in
 * place or completed in `scratch`. Validates what it returns, by generated code if there is some.
 *
 * Returns: OK; MISMATCH (another type id); CORRUPT (too short for its version, or a bad value);
 * LIMIT, as myc_message_validate().
 */
MYC_MUST_USE enum myc_status myc__tlv_message(
    const struct myc__tlv *record,
    const struct myc_message_type *type,
    void *scratch,
    const void **out_message,
    struct myc_diagnostic *diagnostic);

/**
 * Writes one record with its zero padding.
 *
 * Returns: OK and the bytes written, a multiple of 8; TOO_BIG (`out` is too small);
 * INVALID (type 0).
 */
MYC_MUST_USE enum myc_status myc__tlv_encode(
    void *out,
    size_t capacity,
    const struct myc__tlv *record,
    size_t *out_bytes,
    struct myc_diagnostic *diagnostic);

#endif
