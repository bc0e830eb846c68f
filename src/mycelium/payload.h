// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Payloads in a format other than the contract's own: raw bytes, Protocol Buffers, FlatBuffers.
 *
 * The contract gives such a message one field of type `tail bytes`, and others beside it if they
 * are wanted; the tail holds the foreign bytes, 8-aligned in every record. So the bus, recordings
 * and relays treat it as any message, and the format is a matter of its two ends:
 *
 *     messages:
 *       Quote: { tlv_type: 7, topic: quotes, fields: { body: tail bytes } }
 *
 * Which format it is, is said in code by a `struct myc_payload`. Formats are checks: raw needs
 * none, mycelium/protobuf.h and mycelium/flatbuffers.h bring theirs as optional components.
 */
#ifndef MYC_PAYLOAD_H
#define MYC_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/bus.h>
#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/record.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MYC_PAYLOAD_BYTES_DEFAULT = 65536 };

struct myc_payload;

/**
 * Checks bytes of a format, any bytes at all. `bytes` is 8-aligned. Takes no memory, and no more
 * steps than the bytes are many, times a constant of the schema.
 *
 * Returns: OK, or CORRUPT with the reason in the diagnostic. Threads: any.
 */
typedef enum myc_status myc_payload_check_fn(
    const struct myc_payload *payload,
    const void *bytes,
    size_t size,
    struct myc_diagnostic *diagnostic);

/** A message one of whose fields holds bytes of another format. Read-only; lives as its type. */
struct myc_payload {
    const struct myc_message_type *message;
    uint32_t tail;               /* offset of the `tail bytes` field in the message */
    uint32_t bytes_max;          /* 0: MYC_PAYLOAD_BYTES_DEFAULT */
    myc_payload_check_fn *check; /* NULL: raw, any bytes are right */
    const void *schema;          /* what the check wants to know; see the format's header */
};

/**
 * The foreign bytes of a record, in place and checked; an older record that has no such field yet
 * has none of them (size 0). They are valid as long as the record is.
 *
 * Returns: OK; MISMATCH (a record of another type); CORRUPT with the reason: the tail does not lie
 * in the record, is larger than `bytes_max`, or the format's check refuses it. `out_bytes` is set
 * with OK only. Threads: any. [PAYLOAD-1]
 */
MYC_MUST_USE enum myc_status myc_payload_view(
    const struct myc_payload *payload,
    const struct myc_record *record,
    struct myc_const_span *out_bytes,
    struct myc_diagnostic *diagnostic);

/**
 * Claims a message with room for `size` foreign bytes, to be written at *out_bytes, 8-aligned.
 * `fixed` is the message itself, whose other fields are copied; NULL: all zero. The message may
 * have no other tail.
 *
 * Blocking, returns: as myc_publisher_claim(); also TOO_BIG for more than `bytes_max`. [PAYLOAD-2]
 */
MYC_MUST_USE enum myc_status myc_payload_claim(
    struct myc_publisher *publisher,
    const struct myc_payload *payload,
    const void *fixed,
    size_t size,
    void **out_bytes);

/**
 * Publishes what was claimed; `bytes` is what myc_payload_claim() set, `size` at most what was
 * asked for there. What was written is not checked here. Returns: as myc_publisher_commit().
 */
enum myc_status myc_payload_commit(
    struct myc_publisher *publisher, const struct myc_payload *payload, void *bytes, size_t size);

/** Copies foreign bytes in and publishes them: claim, copy, commit. Returns: as those. */
MYC_MUST_USE enum myc_status myc_payload_publish(
    struct myc_publisher *publisher,
    const struct myc_payload *payload,
    const void *fixed,
    const void *bytes,
    size_t size);

#ifdef __cplusplus
}
#endif

#endif
