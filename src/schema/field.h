// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Fields of descriptors: facts about kinds, how types are spelled, and where fields lie.
 *
 * Nothing here allocates. Types that a field names (enums, structs, unions) must be finished before
 * the field is placed: its size depends on theirs.
 */
#ifndef MYC_SCHEMA_FIELD_H
#define MYC_SCHEMA_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>

struct myc__text;

/* ---- Kinds ---- */

/** What MYC_KIND_LIST says of a kind. */
struct myc__schema_facts {
    const char *spelling;
    const char *c_type;
    uint32_t size;      /* 0: the type that is named says */
    uint32_t alignment; /* at most 8 on every host */
};

/** Facts of a kind below MYC_KIND_COUNT. */
const struct myc__schema_facts *myc__schema_kind_facts(uint32_t kind);

/** Integers, wide ones too, and floats; not bool, enum, struct or union. */
bool myc__schema_is_number(uint32_t kind);

/** Numbers below zero exist. Floats are signed. */
bool myc__schema_is_signed(uint32_t kind);

bool myc__schema_is_float(uint32_t kind);

/** Tails are not in the fixed part. */
bool myc__schema_is_tail(uint32_t shape);

/** Bytes of one element; of a union those of its storage. */
uint32_t myc__schema_element_size(const struct myc_field *field);

/** The alignment of an element, and so of the field's value. */
uint32_t myc__schema_element_alignment(const struct myc_field *field);

/** The offset of a field's first byte: of its presence mark, its count or its value. */
uint32_t myc__schema_field_start(const struct myc_field *field);

/* ---- Spelling ---- */

/** A type as it is spelled; names of types are for the caller to look up. */
struct myc__schema_spelling {
    bool is_optional;
    uint8_t kind;     /* enum myc_kind, or MYC_KIND_COUNT: the type called `name` */
    uint8_t shape;    /* enum myc_shape */
    const char *name; /* inside the text that was read; not terminated */
    size_t name_len;
    uint32_t inner; /* as in struct myc_field */
    uint32_t count;
};

/**
 * Reads a type: "u64", "[u8; 20]", "[Level; 10]", "[[u8; 32]; 4]", "vec<Side, 8>", "string<32>",
 * "bytes<32>", "tail string", and most of them behind "optional ".
 *
 * Errors: SYNTAX; the diagnostic says what is wrong and how it is written.
 */
MYC_MUST_USE enum myc_status myc__schema_read_spelling(
    const char *text,
    size_t len,
    struct myc__schema_spelling *out_spelling,
    struct myc_diagnostic *diagnostic);

/** Takes over shape, kind, inner, count and "optional" into a zeroed field; not the named type. */
void myc__schema_apply_spelling(
    const struct myc__schema_spelling *spelling, struct myc_field *field);

/** Appends the one canonical spelling of a field's type. */
void myc__schema_spell(const struct myc_field *field, struct myc__text *text);

/* ---- Layout ---- */

/** What placing fields came to. */
struct myc__schema_extent_list {
    uint32_t size;         /* of the fixed part */
    uint32_t extent_count; /* at least 1 */
    uint32_t has_tail;
    uint32_t bad_field; /* with TOO_BIG: the first field that no longer fits */
};

/**
 * Places fields in declared order: sets offset, size, presence and counter of each.
 *
 * Where `since` grows, the next field starts at a multiple of 8. A version that has no fields yet
 * takes 8 bytes. `extents` has room for `count` + 1; the first is always that of version 1.
 *
 * Errors: TOO_BIG above MYC__SCHEMA_STRUCT_MAX.
 */
MYC_MUST_USE enum myc_status myc__schema_place(
    struct myc_field *fields,
    uint32_t count,
    struct myc_extent *extents,
    struct myc__schema_extent_list *out_list);

/** Bytes of the fixed part as the given version wrote it; `size` of a type without extents. */
uint32_t myc__schema_extent(const struct myc_message_type *type, uint16_t version);

/**
 * Copies the initial images of structs into the fields of `image` that hold one and are not
 * optional: into one, into each element of an array. The image is zero where it is not set.
 *
 * Returns: whether a byte that is not zero was copied.
 */
bool myc__schema_fill_structs(const struct myc_field *fields, uint32_t count, uint8_t *image);

#endif
