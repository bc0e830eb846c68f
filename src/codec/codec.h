// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the files of the codec share: numbers from bytes, and numbers as text.
 */
#ifndef MYC_CODEC_CODEC_H
#define MYC_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/message.h>
#include <mycelium/schema.h>

enum {
    MYC__INTEGER_TEXT_BYTES = 80, /* 2^256 has 78 digits, a sign, a terminator */
    MYC__FLOAT_TEXT_BYTES = 32,
    MYC__NUMBER_TEXT_BYTES = MYC__INTEGER_TEXT_BYTES
};

/** Bytes of a number of that kind; 0 for structs and unions. */
uint32_t myc__kind_size(uint8_t kind);
bool myc__kind_is_signed(uint8_t kind);
bool myc__kind_is_float(uint8_t kind);

/** The u32 at these bytes, of any alignment. */
uint32_t myc__load_u32(const unsigned char *bytes);

/** The number of a kind at these bytes, of any alignment. */
struct myc_number myc__load_number(uint8_t kind, const unsigned char *bytes);

/** Below, equal to or above zero as `a` is to `b`; floats that do not compare give 2. */
int myc__compare_numbers(uint8_t kind, const struct myc_number *a, const struct myc_number *b);

/** Whether all bytes are zero. */
bool myc__is_zero(const unsigned char *bytes, size_t size);

/** Length of the UTF-8 sequence that `bytes` begin with: 1 to 4; 0: they begin with none. */
size_t myc__utf8_length(const unsigned char *bytes, size_t size);

/** Writes an integer in decimal digits, terminated. */
void myc__print_integer(
    uint8_t kind, const struct myc_number *number, char out_text[MYC__INTEGER_TEXT_BYTES]);

/** Writes a finite float of kind F32 or F64 given by its own bits: the shortest digits that read
 * back as that float, always with a point or an exponent, terminated. */
void myc__print_float(uint8_t kind, uint64_t bits, char out_text[MYC__FLOAT_TEXT_BYTES]);

/** Whether these are the bits of a number: neither infinite nor NaN. */
bool myc__float_is_finite(uint8_t kind, uint64_t bits);

/** The bits of a float at these bytes: 32 or 64 of them. */
uint64_t myc__load_bits(uint8_t kind, const unsigned char *bytes);

/** Writes a number of any kind as JSON does, but for the quotes: terminated. */
void myc__print_number(const struct myc_message_item *item, char out_text[MYC__NUMBER_TEXT_BYTES]);

/** Whether the contract hides the last item of a walk, or something around it. */
bool myc__walk_is_secret(const struct myc_message_walk *walk, const struct myc_message_item *item);

/** Checks the item that a walk just handed out, as myc_message_validate() does for each. */
MYC_MUST_USE enum myc_status myc__message_check_item(
    const struct myc_message_walk *walk,
    const struct myc_message_item *item,
    struct myc_diagnostic *diagnostic);

/** Tells what a walk that ended with `status` stumbled over. Returns: `status`. */
enum myc_status myc__message_tell_problem(
    const struct myc_message_walk *walk,
    const struct myc_message_item *item,
    enum myc_status status,
    struct myc_diagnostic *diagnostic);

#endif
