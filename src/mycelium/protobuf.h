// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Protocol Buffers payloads through protobuf-c; the optional target mycelium::protobuf.
 *
 * Publishing packs a message straight into the publisher's ring. Reading checks the bytes against
 * the descriptor, then unpacks them into memory that the reader took when it was opened: protobuf's
 * encoding cannot be read in place, but nothing is allocated a message.
 */
#ifndef MYC_PROTOBUF_H
#define MYC_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/interface/platform.h>
#include <mycelium/payload.h>
#include <mycelium/record.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ProtobufCMessage; /* of <protobuf-c/protobuf-c.h> */

enum { MYC_PROTOBUF_DEPTH_MAX = 32 /* messages inside of messages */ };

/**
 * The check of a `struct myc_payload` whose `schema` is the ProtobufCMessageDescriptor that
 * protoc-c generated: tags, lengths, wire types and required fields, at most
 * MYC_PROTOBUF_DEPTH_MAX messages deep. Fields that the descriptor does not know are skipped.
 *
 * Returns: OK, or CORRUPT with the place and the reason. [PROTOBUF-1]
 */
enum myc_status myc_protobuf_check(
    const struct myc_payload *payload,
    const void *bytes,
    size_t size,
    struct myc_diagnostic *diagnostic);

/** Memory for unpacked messages. Placed by the caller; fields are private. */
struct myc_protobuf_reader {
    struct myc_platform *platform;
    unsigned char *bytes;
    size_t capacity;
    size_t used;
    size_t is_short; /* the last message needed more */
};

/**
 * Takes `capacity` bytes of the platform's memory for one unpacked message; a message whose C
 * structs need more is refused. Errors: INVALID, NO_MEMORY. Threads: one at a time.
 */
MYC_MUST_USE enum myc_status myc_protobuf_reader_open(
    struct myc_protobuf_reader *reader, struct myc_platform *platform, size_t capacity);

/** Gives the memory back. Accepts a zeroed reader. */
void myc_protobuf_reader_close(struct myc_protobuf_reader *reader);

/**
 * The message in a record, checked and unpacked; valid until the next call with this reader, and
 * never to be freed. Allocates nothing outside of the reader.
 *
 * Returns: OK; as myc_payload_view(); TOO_BIG: it needs more than the reader's memory. `*out` is
 * set with OK only. [PROTOBUF-2]
 */
MYC_MUST_USE enum myc_status myc_protobuf_unpack(
    struct myc_protobuf_reader *reader,
    const struct myc_payload *payload,
    const struct myc_record *record,
    const struct ProtobufCMessage **out,
    struct myc_diagnostic *diagnostic);

/**
 * Packs a message into the publisher's ring and publishes it. `fixed` as in myc_payload_claim().
 * Returns: as myc_payload_claim() and commit; INVALID if the message is of another descriptor or
 * lacks a required field. [PROTOBUF-3]
 */
MYC_MUST_USE enum myc_status myc_protobuf_publish(
    struct myc_publisher *publisher,
    const struct myc_payload *payload,
    const void *fixed,
    const struct ProtobufCMessage *message);

/**
 * Defines `name_publish(publisher, message)` and `name_unpack(reader, record, &message, why)` for
 * one struct of protoc-c's, so that a wrong one does not compile. `payload` is an object.
 */
#define MYC_PROTOBUF_TYPED(name, c_type, payload)                                                  \
    MYC_MUST_USE static inline enum myc_status name##_publish(                                     \
        struct myc_publisher *to_, const c_type *value_)                                           \
    {                                                                                              \
        return myc_protobuf_publish(to_, &(payload), NULL, &value_->base);                         \
    }                                                                                              \
    MYC_MUST_USE static inline enum myc_status name##_unpack(                                      \
        struct myc_protobuf_reader *reader_,                                                       \
        const struct myc_record *record_,                                                          \
        const c_type **out_,                                                                       \
        struct myc_diagnostic *why_)                                                               \
    {                                                                                              \
        const struct ProtobufCMessage *value_ = NULL;                                              \
        enum myc_status status_ =                                                                  \
            myc_protobuf_unpack(reader_, &(payload), record_, &value_, why_);                      \
        *out_ = (const c_type *)(const void *)value_;                                              \
        return status_;                                                                            \
    }

#ifdef __cplusplus
}
#endif

#endif
