// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Text in a fixed buffer: the library's own formatting, which allocates nothing and calls no libc.
 */
#ifndef MYC_CORE_TEXT_H
#define MYC_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A terminated string growing in a buffer of `capacity` bytes; the rest is cut and remembered. */
struct myc__text {
    char *data;
    size_t capacity;
    size_t len;
    bool is_cut;
};

/** Starts an empty text in `buffer`; `capacity` counts the terminator and is at least 1. */
void myc__text_init(struct myc__text *text, char *buffer, size_t capacity);

/** Appends a terminated string. */
void myc__text_string(struct myc__text *text, const char *string);

/** Appends `len` bytes; anything that is not printable ASCII becomes '?'. */
void myc__text_printable(struct myc__text *text, const char *bytes, size_t len);

/** Appends a decimal number. */
void myc__text_u64(struct myc__text *text, uint64_t number);
void myc__text_i64(struct myc__text *text, int64_t number);

/** Appends bytes as lower-case hexadecimal. */
void myc__text_hex(struct myc__text *text, const void *bytes, size_t size);

#endif
