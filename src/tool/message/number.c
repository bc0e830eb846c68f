// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Numbers of text into numbers of contracts: exact, or refused.
#include "tool/message/message.h"

#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"

enum { WORDS = 8 };

// words = words * base + digit. Returns: whether it fits.
static bool add_digit(uint32_t words[WORDS], uint32_t base, uint32_t digit)
{
    uint64_t carry = digit;
    for (size_t i = 0; i < WORDS; i++) {
        carry += (uint64_t)words[i] * base;
        words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return carry == 0;
}

static uint32_t digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return (uint32_t)(c - '0');
    }
    c |= 32;
    return c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10) : UINT32_MAX;
}

// Whether a magnitude of 256 bits, negated or not, is a value of the kind.
static bool is_in_range(uint8_t kind, const uint32_t words[WORDS], bool is_negative)
{
    uint32_t bits = 8 * myc__kind_size(kind);
    uint32_t used = 0;
    bool is_power = false; // only the highest bit is set
    for (uint32_t i = 0; i < 8 * sizeof(uint32_t) * WORDS; i++) {
        if ((words[i / 32] >> (i % 32) & 1) != 0) {
            is_power = used == 0;
            used = i + 1;
        }
    }
    if (!myc__kind_is_signed(kind)) {
        return used <= bits && (!is_negative || used == 0);
    }
    return used < bits || (used == bits && is_negative && is_power);
}

static const char *
read_integer(uint8_t kind, const char *text, size_t len, struct myc_number *out_number)
{
    uint32_t words[WORDS] = {0};
    bool is_negative = len > 0 && text[0] == '-';
    size_t i = is_negative ? 1 : 0;
    uint32_t base = 10;
    if (len - i > 2 && text[i] == '0' && (text[i + 1] | 32) == 'x') {
        base = 16;
        i += 2;
    }
    if (i == len) {
        return "it is not a whole number";
    }
    for (; i < len; i++) {
        uint32_t digit = digit_of(text[i]);
        if (digit >= base) {
            return "it is not a whole number";
        }
        if (!add_digit(words, base, digit)) {
            return "it is out of the type's range";
        }
    }
    if (!is_in_range(kind, words, is_negative)) {
        return "it is out of the type's range";
    }
    uint64_t carry = is_negative ? 1 : 0;
    for (size_t j = 0; j < WORDS; j++) {
        carry += is_negative ? (uint32_t)~words[j] : words[j];
        words[j] = (uint32_t)carry;
        carry >>= 32;
    }
    for (size_t j = 0; j < 4; j++) {
        out_number->limb[j] = words[2 * j] | (uint64_t)words[2 * j + 1] << 32;
    }
    return NULL;
}

// The number's own bits: 32 or 64 of them.
static const char *
read_float(uint8_t kind, const char *text, size_t len, struct myc_number *out_number)
{
    static const struct {
        const char *word;
        uint64_t narrow;
        uint64_t wide;
    } words[] = {
        {"NaN", 0x7FC00000, 0x7FF8000000000000},
        {"Infinity", 0x7F800000, 0x7FF0000000000000},
        {"-Infinity", 0xFF800000, 0xFFF0000000000000},
    };
    char *end = NULL;
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i].word) == 0) {
            out_number->limb[0] = kind == MYC_KIND_F32 ? words[i].narrow : words[i].wide;
            return NULL;
        }
    }
    if (len > 2 && text[0] == '0' && text[1] == 'x') {
        // Bits, of a NaN that has no other name.
        return read_integer(
            kind == MYC_KIND_F32 ? MYC_KIND_U32 : MYC_KIND_U64, text, len, out_number);
    }
    bool is_number = len > 0 && strspn(text, "0123456789+-.eE") == len;
    if (kind == MYC_KIND_F32) {
        uint32_t narrow = 0;
        float number = strtof(text, &end);
        memcpy(&narrow, &number, sizeof(narrow));
        bits = narrow;
    } else {
        double number = strtod(text, &end);
        memcpy(&bits, &number, sizeof(bits));
    }
    if (!is_number || end != text + len) {
        return "it is not a number";
    }
    if (!myc__float_is_finite(kind, bits)) {
        return "it is out of the type's range";
    }
    out_number->limb[0] = bits;
    return NULL;
}

const char *
message_read_number(uint8_t kind, const char *text, size_t len, struct myc_number *out_number)
{
    *out_number = (struct myc_number){{0, 0, 0, 0}};
    return myc__kind_is_float(kind) ? read_float(kind, text, len, out_number)
                                    : read_integer(kind, text, len, out_number);
}

void message_store(uint8_t kind, const struct myc_number *number, unsigned char *out)
{
    for (uint32_t i = 0; i < myc__kind_size(kind); i++) {
        out[i] = (unsigned char)(number->limb[i / 8] >> (8 * (i % 8)));
    }
}
