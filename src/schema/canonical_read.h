// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Reading the canonical form: what its two files share.
 */
#ifndef MYC_SCHEMA_CANONICAL_READ_H
#define MYC_SCHEMA_CANONICAL_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>

/** Lines by their first word; in the order of the words in canonical_scan.c. */
enum myc__canonical_word {
    MYC__CANONICAL_CONTRACT,
    MYC__CANONICAL_ENUM,
    MYC__CANONICAL_VALUE,
    MYC__CANONICAL_STRUCT,
    MYC__CANONICAL_UNION,
    MYC__CANONICAL_VARIANT,
    MYC__CANONICAL_MESSAGE,
    MYC__CANONICAL_PRIOR,
    MYC__CANONICAL_EXTENT,
    MYC__CANONICAL_FIELD,
    MYC__CANONICAL_DEFAULT,
    MYC__CANONICAL_MIN,
    MYC__CANONICAL_MAX,
    MYC__CANONICAL_LENGTH,
    MYC__CANONICAL_FINITE,
    MYC__CANONICAL_NONZERO,
    MYC__CANONICAL_ASCII,
    MYC__CANONICAL_WORD_COUNT
};

/** A text being read, line by line. */
struct myc__canonical_scan {
    const char *text;
    size_t size;
    size_t at;        /* of the next line */
    uint32_t line;    /* of the current one, from 1 */
    const char *rest; /* of the current line, behind what was taken */
    size_t rest_len;
    enum myc__canonical_word word; /* that the current line begins with */
};

/** Starts before the first line. */
void myc__canonical_scan_init(struct myc__canonical_scan *scan, const char *text, size_t size);

/**
 * Goes to the next line and takes its first word; COUNT for one that is unknown.
 *
 * Returns: false at the end, and at a last line that does not end.
 */
bool myc__canonical_next(struct myc__canonical_scan *scan);

/** Whether all bytes were read. */
bool myc__canonical_is_over(const struct myc__canonical_scan *scan);

/** Takes the next word of the line, up to a space or the end; false if there is none. */
bool myc__canonical_take_word(
    struct myc__canonical_scan *scan, const char **out_word, size_t *out_len);

/** Takes a decimal number of at most `max`, without leading zeros. */
bool myc__canonical_take_number(struct myc__canonical_scan *scan, uint64_t max, uint64_t *out);

/** Takes "0x" and up to 64 hexadecimal digits in small letters, without leading zeros. */
bool myc__canonical_take_limbs(struct myc__canonical_scan *scan, struct myc_number *out);

/** Takes bytes as pairs of digits, or "-" for none, to the end of the line; false if over `max`. */
bool myc__canonical_take_bytes(
    struct myc__canonical_scan *scan, uint8_t *bytes, size_t max, size_t *out_size);

/** Whether the line has no more. */
bool myc__canonical_is_line_end(const struct myc__canonical_scan *scan);

/** What is read so far, and the memory it goes to. */
struct myc__canonical_reading {
    struct myc__canonical_scan scan;
    struct myc_diagnostic *diagnostic;
    uint8_t *memory;
    size_t memory_left;
    bool is_short; /* of memory */
    uint32_t counts[MYC__CANONICAL_WORD_COUNT];

    struct myc_contract *contract;
    struct myc_enum *enums;
    struct myc_struct *structs;
    struct myc_union *unions;
    struct myc_message_type *messages;
    struct myc_enum_value *values;
    struct myc_variant *variants;
    struct myc_field *fields;
    struct myc_extent *extents; /* one a field and one more a struct or message, as placing needs */
    struct myc_number *numbers;
    uint16_t *priors;
    uint8_t *struct_heights;
    uint8_t *union_heights;
    size_t *struct_places; /* where the lines of each begin */
    size_t *message_places;

    /* How much of each array is in use. */
    uint32_t enum_count;
    uint32_t struct_count;
    uint32_t union_count;
    uint32_t message_count;
    uint32_t value_count;
    uint32_t variant_count;
    uint32_t field_count;
    uint32_t extent_count;
    uint32_t number_count;
    uint32_t prior_count;
};

/** Zeroed memory for `count` things of `size` bytes; NULL and remembered as short when there is
 * none. */
void *myc__canonical_take(struct myc__canonical_reading *reading, size_t count, size_t size);

/** Reports a rule at the current line: CORRUPT. */
enum myc_status myc__canonical_refuse(struct myc__canonical_reading *reading, const char *rule);

/** Reports that there is no memory left: TOO_BIG. */
enum myc_status myc__canonical_refuse_memory(struct myc__canonical_reading *reading);

/**
 * Checks what was read, makes initial images and compares the result with the text.
 *
 * Errors: CORRUPT, TOO_BIG.
 */
enum myc_status myc__canonical_finish(struct myc__canonical_reading *reading);

#endif
