// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Contract descriptors: what generated code tells the library about messages.
 *
 * `myc gen` writes one `static const struct myc_contract` per contract and one
 * `struct myc_message_type` per message; everything here is read-only and lives as long as the
 * program. Hand-written descriptors are allowed and checked like generated ones.
 */
#ifndef MYC_SCHEMA_H
#define MYC_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MYC_DIGEST_BYTES = 32,
    MYC_TOPIC_BYTES_MAX = 63, /* length of a topic's name, without its terminator */
    MYC_MESSAGE_TYPE_MIN = 1, /* type ids of contracts: 1 to MYC_MESSAGE_TYPE_MAX */
    MYC_MESSAGE_TYPE_MAX = 0xFEFF
};

/**
 * Checks the bytes of one message that came from outside: discriminants, enums, ranges.
 *
 * `payload` is 8-aligned and `size` bytes long, at least the type's size.
 * Returns: OK, or CORRUPT with the field's name in the diagnostic.
 */
typedef enum myc_status
myc_validate_fn(const void *payload, size_t size, struct myc_diagnostic *diagnostic);

struct myc_message_type {
    uint16_t id;
    uint16_t version; /* the schema version written into each record */
    uint32_t size;    /* of the C struct, in bytes; a multiple of 8 */
    const char *name;
    const char *topic;
    myc_validate_fn *validate; /* may be NULL: every bit pattern is a valid message */
};

struct myc_contract {
    const char *name;
    uint32_t id;
    uint16_t version;
    uint16_t min_compatible;
    uint32_t message_count;
    uint32_t reserved;
    const struct myc_message_type *const *messages;
    uint8_t digest[MYC_DIGEST_BYTES]; /* of the canonical form: comments and spaces do not count */
};

/** The message type with that id, or NULL. Threads: any. [SCHEMA-1] */
const struct myc_message_type *myc_contract_find(const struct myc_contract *contract, uint16_t id);

/**
 * Checks a descriptor: ids unique and in range, names and topics present, sizes multiples of 8.
 *
 * Returns: OK, or INVALID with the message and the rule in the diagnostic. Threads: any. [SCHEMA-2]
 */
MYC_MUST_USE enum myc_status
myc_contract_check(const struct myc_contract *contract, struct myc_diagnostic *diagnostic);

#ifdef __cplusplus
}
#endif

#endif
