// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A contract in memory: names, types, layout and digest. Nothing here allocates or reads files.
 *
 * Whoever builds a model owns its arrays and strings; strings lie inside the structures. A model is
 * checked while it is built (names, types), then laid out message by message, then digested.
 */
#ifndef MYC_SCHEMA_MODEL_H
#define MYC_SCHEMA_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>

#include "schema/limits.h"
#include "schema/name.h"

struct myc__text;

/** Every field type. X(name, spelling, C type, size, alignment); BYTES takes its size from the
 * field. */
#define MYC__SCHEMA_KIND_LIST(X)                                                                   \
    X(U8, "u8", "uint8_t", 1, 1)                                                                   \
    X(U16, "u16", "uint16_t", 2, 2)                                                                \
    X(U32, "u32", "uint32_t", 4, 4)                                                                \
    X(U64, "u64", "uint64_t", 8, 8)                                                                \
    X(I8, "i8", "int8_t", 1, 1)                                                                    \
    X(I16, "i16", "int16_t", 2, 2)                                                                 \
    X(I32, "i32", "int32_t", 4, 4)                                                                 \
    X(I64, "i64", "int64_t", 8, 8)                                                                 \
    X(F32, "f32", "float", 4, 4)                                                                   \
    X(F64, "f64", "double", 8, 8)                                                                  \
    X(BOOL, "bool", "uint8_t", 1, 1)                                                               \
    X(U128, "u128", "struct myc_u128", 16, 8)                                                      \
    X(U256, "u256", "struct myc_u256", 32, 8)                                                      \
    X(I128, "i128", "struct myc_i128", 16, 8)                                                      \
    X(I256, "i256", "struct myc_i256", 32, 8)                                                      \
    X(BYTES, "[u8; N]", "uint8_t", 0, 1)

enum myc__schema_kind {
#define MYC__SCHEMA_KIND_ENUM_(name, spelling, c_type, size, alignment) MYC__SCHEMA_##name,
    MYC__SCHEMA_KIND_LIST(MYC__SCHEMA_KIND_ENUM_)
#undef MYC__SCHEMA_KIND_ENUM_
        MYC__SCHEMA_KIND_COUNT
};

struct myc__schema_kind_info {
    const char *spelling;
    const char *c_type;
    uint32_t size;
    uint32_t alignment;
};

struct myc__schema_field {
    char name[MYC__SCHEMA_NAME_MAX + 1];
    enum myc__schema_kind kind;
    uint32_t byte_count; /* of a BYTES field, else 0 */
    bool is_optional;
    uint32_t presence_offset; /* of the discriminant of an optional field; set by the layout */
    uint32_t offset;          /* of the value; set by the layout */
};

struct myc__schema_message {
    char name[MYC__SCHEMA_NAME_MAX + 1];
    char topic[MYC_TOPIC_BYTES_MAX + 1];
    uint16_t id;
    uint16_t version;
    uint32_t size; /* of the C struct; set by the layout */
    uint32_t field_count;
    struct myc__schema_field *fields;
};

struct myc__schema_contract {
    char name[MYC__SCHEMA_NAME_MAX + 1];
    uint32_t id;
    uint16_t version;
    uint16_t min_compatible;
    uint32_t message_count;
    struct myc__schema_message *messages;
};

/* ---- Types ---- */

/** Spelling, C type, size and alignment of a kind. */
const struct myc__schema_kind_info *myc__schema_kind_info(enum myc__schema_kind kind);

/** Bytes of a field's value, without its discriminant. */
uint32_t myc__schema_field_size(const struct myc__schema_field *field);

/**
 * Reads a type as a contract spells it ("u64", "[u8; 20]", "optional u256") into `field`.
 *
 * Errors: SYNTAX; the diagnostic says which spellings exist, or the one that was meant.
 */
MYC_MUST_USE enum myc_status myc__schema_parse_type(
    struct myc__schema_field *field,
    const char *spelling,
    size_t len,
    struct myc_diagnostic *diagnostic);

/** Appends the type's canonical spelling. */
void myc__schema_print_type(const struct myc__schema_field *field, struct myc__text *text);

/* ---- Layout and digest ---- */

/**
 * Places every field in declared order and sets the message's size.
 *
 * Errors: TOO_BIG above MYC__SCHEMA_STRUCT_MAX.
 */
MYC_MUST_USE enum myc_status
myc__schema_layout(struct myc__schema_message *message, struct myc_diagnostic *diagnostic);

/**
 * SHA-256 of the canonical form: identity and versions of the contract, then every message in order
 * of its id with its fields in declared order. The messages' ids must be unique.
 */
void myc__schema_digest(
    const struct myc__schema_contract *contract, uint8_t out_digest[MYC_DIGEST_BYTES]);

#endif
