// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Messages through their descriptors: what generated code does for one type, for any type.
 *
 * Bytes become a struct myc_message by myc_message_view(), which checks lengths only;
 * myc_message_validate() looks at the values. Everything reads numbers byte by byte, so it gives
 * the same answers on every host, and allocates nothing. docs/reference/messages.md has the rules.
 *
 * A descriptor must have passed myc_contract_check(); payloads may hold anything. Work is bounded:
 * a call looks at each byte of the fixed part a constant number of times and at the bytes of each
 * tail once more; struct myc_message_walk counts the items it hands out, at most
 * MYC_MESSAGE_STEPS(bytes of the fixed part) of them.
 *
 * Threads: any; nothing is kept between calls but what the caller holds.
 */
#ifndef MYC_MESSAGE_H
#define MYC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/record.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MYC_MESSAGE_DEPTH_MAX = 16, /* structs and unions inside each other */

    /* A path such as "legs[3].price" that is longer is cut. */
    MYC_MESSAGE_PATH_BYTES = 192
};

/** Most items that a walk over a fixed part of so many bytes hands out. */
#define MYC_MESSAGE_STEPS(size) (((uint64_t)(size) + 8) * (2 * MYC_MESSAGE_DEPTH_MAX + 2))

/** A message where it was found. Filled by myc_message_view() or myc_message_of(). */
struct myc_message {
    const struct myc_message_type *type;
    const void *fields;  /* the fixed part: type->size bytes */
    const void *payload; /* the record's; tails lie in it */
    uint32_t size;       /* bytes of the payload */
    uint16_t version;    /* of the record */
    uint16_t reserved;
};

/** A message that this program made: `size` bytes at `payload`, at least type->size. */
static inline struct myc_message
myc_message_of(const struct myc_message_type *type, const void *payload, uint32_t size)
{
    struct myc_message message = {type, payload, payload, size, type->version, 0};
    return message;
}

/**
 * How long the fixed part is in a version of the type: bytes; its own size for newer ones.
 *
 * Returns: 0 for a version before its first. A descriptor without extents has one. [MESSAGE-1]
 */
uint32_t myc_message_extent(const struct myc_message_type *type, uint16_t version);

/** Sets a message to its initial values, padding zero. `out_message`: type->size bytes.
 * [MESSAGE-2] */
void myc_message_init(const struct myc_message_type *type, void *out_message);

/**
 * Finds the message of a record. In place if the payload holds all of today's fixed part; else (an
 * older version) the part it has is copied to `scratch` and completed with initial values.
 *
 * `scratch`: type->size bytes, 8-aligned; both it and the payload must outlive `out_message`. No
 * value is looked at, tails neither: see myc_message_validate().
 * Returns: OK; MISMATCH (the record is of another type); CORRUPT (too short for its version, or of
 * a version before the type's first). [MESSAGE-3]
 */
MYC_MUST_USE enum myc_status myc_message_view(
    const struct myc_message_type *type,
    const struct myc_record *record,
    void *scratch,
    struct myc_message *out_message,
    struct myc_diagnostic *diagnostic);

/**
 * Checks every value that the record's version has: presence marks, counts, tags, closed enums,
 * bools, ranges, lengths, text, tails, and that unused and absent storage is zero. Padding may hold
 * anything.
 *
 * Returns: OK; CORRUPT with path, value, rule and byte offset in the payload, such as
 * "Order.legs[3].price: 250 is above 100 (byte 56)"; values that the contract keeps secret are not
 * told. LIMIT: types nest deeper than MYC_MESSAGE_DEPTH_MAX. [MESSAGE-4]
 */
MYC_MUST_USE enum myc_status
myc_message_validate(const struct myc_message *message, struct myc_diagnostic *diagnostic);

/**
 * Whether two messages of one type say the same: values by their bytes (so 0.0 and -0.0 differ),
 * fields that an older one lacks by their initial values, tails by what they hold. Padding does not
 * count. Both must be valid; false if that shows not to be so. [MESSAGE-5]
 */
bool myc_message_equals(const struct myc_message *a, const struct myc_message *b);

/* ---- Walking ---- */

enum {
    MYC_MESSAGE_COMPLETED = 1 << 0, /* also the fields that the record's version lacks */
    MYC_MESSAGE_SECRETS = 1 << 1    /* print what the contract hides */
};

enum myc_item_kind {
    MYC_ITEM_VALUE,  /* a number, bool or enum: myc_item_number(), myc_item_enum_value() */
    MYC_ITEM_BYTES,  /* [u8; N], vec<u8, N>, tail bytes */
    MYC_ITEM_TEXT,   /* string<N>, tail string: not terminated */
    MYC_ITEM_ABSENT, /* an optional field that is not there */
    MYC_ITEM_LIST,   /* an array or vector of `count` elements; until LIST_END */
    MYC_ITEM_LIST_END,
    MYC_ITEM_STRUCT, /* until STRUCT_END */
    MYC_ITEM_STRUCT_END,
    MYC_ITEM_UNION, /* the fields of `variant`, until UNION_END */
    MYC_ITEM_UNION_END,
    MYC_ITEM_UNSET /* a union of tag 0, which was never set */
};

#define MYC_ITEM_NO_INDEX UINT32_MAX

/** One step of a walk. */
struct myc_message_item {
    enum myc_item_kind kind;
    uint32_t index; /* of an element of a list, else MYC_ITEM_NO_INDEX */
    const struct myc_field *field;
    const struct myc_variant *variant; /* UNION, UNION_END */
    const unsigned char *bytes;        /* the value; of lists, structs and unions all of it */
    uint32_t size;
    uint32_t count;  /* LIST: elements */
    uint32_t offset; /* of `bytes` in the payload */
    uint32_t depth;  /* lists, structs and unions around it */
};

/** Private fields, but `steps` and `problem`. */
struct myc_message_walk {
    struct myc_message message;
    uint32_t flags;
    uint32_t tail_start; /* no tail begins before it */
    uint32_t depth;      /* frames in use */
    uint32_t reserved;
    uint64_t steps;      /* items handed out */
    const char *problem; /* behind CORRUPT and LIMIT: what is wrong with the item */
    struct myc__message_frame {
        const struct myc_field *fields; /* of a struct; of a list the one field */
        const struct myc_variant *variant;
        uint32_t count; /* fields or elements */
        uint32_t next;
        uint32_t base;   /* offset of the struct, or of the first element */
        uint32_t stride; /* bytes of an element; 0: this is no list */
    } frames[2 * MYC_MESSAGE_DEPTH_MAX + 1];
};

/** Starts a walk over the fields of a message that its record's version has, in their order.
 * `flags`: 0 or MYC_MESSAGE_COMPLETED. `message` is copied. [MESSAGE-6] */
void myc_message_walk_init(
    struct myc_message_walk *walk, const struct myc_message *message, uint32_t flags);

/**
 * The next item. Safe on bytes that were not validated: what cannot be walked is an error, no byte
 * outside the fixed part and the payload is read.
 *
 * Returns: OK; END; CORRUPT (a presence mark, count, tag or tail) or LIMIT, with `walk->problem`,
 * after which the walk is over. [MESSAGE-7]
 */
MYC_MUST_USE enum myc_status
myc_message_walk_next(struct myc_message_walk *walk, struct myc_message_item *out_item);

/** Writes where the last item lies, such as "legs[3].price"; terminated, cut with "...". */
void myc_message_walk_path(
    const struct myc_message_walk *walk,
    const struct myc_message_item *item,
    char out_path[MYC_MESSAGE_PATH_BYTES]);

/** The number of a VALUE item; that of a bool is its byte, of an enum its value. */
struct myc_number myc_item_number(const struct myc_message_item *item);

/** The named value that a VALUE item of an enum holds, or NULL. */
const struct myc_enum_value *myc_item_enum_value(const struct myc_message_item *item);

/* ---- Text ---- */

/**
 * Writes a message as one line of JSON, without a line feed: an object with a member a field.
 *
 * Integers of more than 32 bits are strings of decimal digits; floats the shortest digits that read
 * back the same, "NaN", "Infinity" and "-Infinity" (another NaN: its bits, "0x..."); bytes "0x...";
 * absent and unset ones null; enums their value's name, or the number; a union
 * {"variant": {...}}. Secret fields, and messages with log_payload: false, are "<redacted>" unless
 * MYC_MESSAGE_SECRETS. Bytes that are not UTF-8 are written as U+FFFD. MYC_MESSAGE_COMPLETED as for
 * a walk.
 * `out_length`: of the text without terminator, also if it did not fit; may be NULL.
 * Returns: OK; TOO_BIG (`capacity` is too small: the text is cut, but terminated unless it is 0);
 * CORRUPT, LIMIT: as walk_next, the text ends before it. [MESSAGE-8]
 */
MYC_MUST_USE enum myc_status myc_message_print(
    const struct myc_message *message,
    uint32_t flags,
    char *buffer,
    size_t capacity,
    size_t *out_length);

#ifdef __cplusplus
}
#endif

#endif
