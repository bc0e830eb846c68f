// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Contract descriptors: what the library knows about messages, their fields and their history.
 *
 * `myc gen` writes them as `static const` tables; the `myc` tool builds the same structures from a
 * contract file. They are read-only and live as long as the program. Hand-written descriptors are
 * allowed and checked like generated ones; one that names no fields is viewed as it lies.
 *
 * Layout of a payload: fields in declared order, each at the next multiple of its alignment, which
 * is at most 8 on every host; numbers little-endian. What a later version appends starts at a
 * multiple of 8, so the payload of each version is a prefix of the next one's.
 *
 *     optional T        u8 presence mark (0 or 1), then T; all zero when absent
 *     [T; N]            N elements
 *     vec<T, N>         u32 count, then storage for N elements; the unused are zero
 *     string<N>         u32 length, then N bytes; the unused are zero
 *     enum              u32
 *     union             u32 tag, then storage for the largest member at a multiple of 8
 *     tail              u32 offset in the payload, u32 bytes; the bytes follow the fixed part
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

/** What one element of a field is. X(name, spelling, C type, bytes, alignment); those of ENUM,
 * STRUCT and UNION have names of their own, and sizes where it says 0. */
#define MYC_KIND_LIST(X)                                                                           \
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
    X(ENUM, "enum", "uint32_t", 4, 4)                                                              \
    X(STRUCT, "struct", "struct", 0, 8)                                                            \
    X(UNION, "union", "union", 0, 8)

enum myc_kind {
#define MYC_KIND_ENUM_(name, spelling, c_type, size, alignment) MYC_KIND_##name,
    MYC_KIND_LIST(MYC_KIND_ENUM_)
#undef MYC_KIND_ENUM_
        MYC_KIND_COUNT
};

/** How elements make a field. */
enum myc_shape {
    MYC_SHAPE_ONE,
    MYC_SHAPE_ARRAY,       /* [T; N] */
    MYC_SHAPE_VECTOR,      /* vec<T, N> */
    MYC_SHAPE_STRING,      /* string<N>, UTF-8; elements are U8 */
    MYC_SHAPE_TAIL_BYTES,  /* tail bytes; of messages only */
    MYC_SHAPE_TAIL_STRING, /* tail string, UTF-8 */
    MYC_SHAPE_COUNT
};

/** Flags of a field. */
enum {
    MYC_FIELD_OPTIONAL = 1 << 0,
    MYC_FIELD_DEFAULT = 1 << 1, /* the contract names a default; it lies in the initial image */
    MYC_FIELD_DEPRECATED = 1 << 2,
    MYC_FIELD_FINITE = 1 << 3,  /* floats: neither infinite nor NaN */
    MYC_FIELD_NONZERO = 1 << 4, /* numbers, bytes: not all zero */
    MYC_FIELD_ASCII = 1 << 5,   /* strings: 0x20 to 0x7E */
    MYC_FIELD_SECRET = 1 << 6   /* never printed: text output says "<redacted>" */
};

/**
 * A number of any kind: two's complement, sign-extended, least significant limb first. That of a
 * float is the bits of a double in limb[0], the others zero.
 */
struct myc_number {
    uint64_t limb[4];
};

struct myc_enum_value {
    const char *name;
    uint32_t value;
    uint32_t is_deprecated;
};

struct myc_enum {
    const char *name;
    uint32_t is_open; /* values that no name stands for are valid */
    uint32_t value_count;
    const struct myc_enum_value *values; /* by ascending value */
};

struct myc_field;

/** Fields that lie together inside messages. */
struct myc_struct {
    const char *name;
    uint32_t size; /* bytes, a multiple of 8 */
    uint32_t field_count;
    const struct myc_field *fields;
    const void *initial; /* `size` bytes as they are initialised; NULL: all zero */
};

struct myc_variant {
    const char *name;
    uint32_t tag; /* at least 1: tag 0 is no variant */
    uint32_t is_deprecated;
    const struct myc_struct *structure; /* NULL: the tag says all */
};

struct myc_union {
    const char *name;
    uint32_t size; /* bytes of the storage behind the tag, a multiple of 8, perhaps 0 */
    uint32_t variant_count;
    const struct myc_variant *variants; /* by ascending tag */
};

struct myc_field {
    const char *name;
    uint8_t kind;  /* enum myc_kind, of an element */
    uint8_t shape; /* enum myc_shape */
    uint16_t flags;
    uint16_t since; /* the first schema version that has it, from 1 */
    uint16_t reserved;
    uint32_t inner;      /* 0, or: each element is [u8; inner] (kind U8) */
    uint32_t count;      /* ARRAY: elements; VECTOR: at most; STRING: bytes at most; else 1 */
    uint32_t offset;     /* of the value, or of a tail's two words, in the message or struct */
    uint32_t size;       /* bytes from `offset`: of all elements, of the storage, of a tail's 8 */
    uint32_t presence;   /* offset of the presence mark, with OPTIONAL */
    uint32_t counter;    /* offset of the u32 count, length or tag: VECTOR, STRING, UNION */
    uint32_t length_min; /* elements or bytes: VECTOR, STRING, tails */
    uint32_t length_max; /* the same; `count` unless a rule is stricter */
    const struct myc_number *min; /* smallest and largest element, inclusive; NULL: none */
    const struct myc_number *max;
    const struct myc_enum *enumeration; /* kind ENUM */
    const struct myc_struct *structure; /* kind STRUCT */
    const struct myc_union *choice;     /* kind UNION, shape ONE */
};

/** How long the fixed part of a payload was in a version. */
struct myc_extent {
    uint16_t version; /* from this schema version on */
    uint16_t reserved;
    uint32_t size; /* bytes, a multiple of 8 */
};

/** What a contract says about handling a message; nothing here changes its bytes. */
struct myc_message_policy {
    const char *domain;      /* NULL: none */
    const char *sensitivity; /* "public", "internal", ...: the contract's own word; NULL: none */
    uint32_t hides_payload;  /* log_payload: false; printed as "<redacted>" */
    uint32_t priority;       /* 0 (default) to 255, larger is more urgent */
    uint64_t latency_slo_p99_ns; /* 0: none */
    uint32_t error_rate_slo_ppm; /* 0: none */
    uint32_t is_deprecated;
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
    uint32_t size;    /* of the C struct, the payload's fixed part: bytes, a multiple of 8 */
    const char *name;
    const char *topic;
    myc_validate_fn *validate; /* may be NULL: every bit pattern is a valid message */

    /* What follows may be zero in descriptors that are written by hand. */
    uint32_t field_count;
    uint32_t extent_count;
    const struct myc_field *fields;
    const void *initial;              /* `size` bytes as initialised; NULL: all zero */
    const struct myc_extent *extents; /* by ascending version; the last one's size is `size` */
    uint32_t prior_count;
    uint32_t has_tail;      /* some field is a tail: payloads may be longer than `size` */
    const uint16_t *priors; /* type ids that must come before it in a stream */
    struct myc_message_policy policy;
    uint8_t fingerprint[MYC_DIGEST_BYTES]; /* of this message and the types it uses */
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
    /* The canonical form itself, which peers of other versions are shown; NULL: none. */
    const char *canonical;
    uint32_t canonical_size; /* bytes, without the terminator */
    uint32_t reserved_2;
};

/** The message type with that id, or NULL. Threads: any. [SCHEMA-1] */
const struct myc_message_type *myc_contract_find(const struct myc_contract *contract, uint16_t id);

/**
 * Checks a descriptor: ids unique and in range, names and topics present, sizes multiples of 8;
 * and, where fields are described, that they lie inside their message, in order, without overlap.
 *
 * Returns: OK, or INVALID with the message and the rule in the diagnostic. Threads: any. [SCHEMA-2]
 */
MYC_MUST_USE enum myc_status
myc_contract_check(const struct myc_contract *contract, struct myc_diagnostic *diagnostic);

#ifdef __cplusplus
}
#endif

#endif
