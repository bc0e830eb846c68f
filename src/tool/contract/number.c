// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Numbers of every kind as contracts write them: integers of up to 256 bits, decimal or
// hexadecimal, and decimal floats.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schema/field.h"
#include "tool/contract/reader.h"

enum { LIMBS = 4, FLOAT_TEXT_MAX = 400 };

// ---- Integers ----

// number = number * factor + digit; false when it no longer fits.
static bool append_digit(uint64_t limb[LIMBS], uint32_t factor, uint32_t digit)
{
    uint64_t carry = digit;
    for (size_t i = 0; i < LIMBS; i++) {
        uint64_t low = (limb[i] & UINT32_MAX) * factor + carry;
        uint64_t high = (limb[i] >> 32) * factor + (low >> 32);
        limb[i] = high << 32 | (low & UINT32_MAX);
        carry = high >> 32;
    }
    return carry == 0;
}

static void negate(uint64_t limb[LIMBS])
{
    uint64_t carry = 1;
    for (size_t i = 0; i < LIMBS; i++) {
        limb[i] = ~limb[i] + carry;
        carry = carry == 1 && limb[i] == 0 ? 1 : 0;
    }
}

static bool is_zero(const uint64_t limb[LIMBS])
{
    return (limb[0] | limb[1] | limb[2] | limb[3]) == 0;
}

// Whether a magnitude is below 2^bits.
static bool is_below(const uint64_t limb[LIMBS], uint32_t bits)
{
    for (uint32_t i = 0; i < LIMBS; i++) {
        uint32_t from = 64 * i;
        uint64_t above = bits <= from ? limb[i] : bits >= from + 64 ? 0 : limb[i] >> (bits - from);
        if (above != 0) {
            return false;
        }
    }
    return true;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

static bool read_magnitude(const char *text, size_t len, uint64_t limb[LIMBS])
{
    uint32_t base = 10;
    if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
        len -= 2;
    } else if (len > 1 && text[0] == '0') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        int digit = digit_of(text[i]);
        if (digit >= (int)base || !append_digit(limb, base, (uint32_t)digit)) {
            return false;
        }
    }
    return len > 0;
}

static const char *read_integer(uint32_t kind, const char *text, size_t len, struct myc_number *out)
{
    struct myc_number number = {{0, 0, 0, 0}};
    bool is_negative = len > 0 && text[0] == '-';
    uint32_t bits = 8 * myc__schema_kind_facts(kind)->size;
    bool is_signed = myc__schema_is_signed(kind);
    if (!read_magnitude(text + (is_negative ? 1 : 0), len - (is_negative ? 1 : 0), number.limb)) {
        return "a whole number, decimal or 0x hexadecimal, that fits into the type";
    }
    bool is_fitting = is_below(number.limb, is_signed ? bits - 1 : bits);
    if (is_negative && is_signed && !is_fitting) {
        struct myc_number lowest = number; // -2^(bits - 1) has no positive counterpart
        uint32_t at = (bits - 1) / 64;
        lowest.limb[at] -= (uint64_t)1 << ((bits - 1) % 64);
        is_fitting = is_below(number.limb, bits) && is_zero(lowest.limb);
    }
    if (!is_fitting || (is_negative && !is_signed && !is_zero(number.limb))) {
        return "within the range of the type";
    }
    if (is_negative) {
        negate(number.limb);
    }
    *out = number;
    return NULL;
}

// ---- Floats ----

static bool has_float_form(const char *text)
{
    size_t i = text[0] == '-' || text[0] == '+' ? 1 : 0;
    size_t digits = 0;
    for (; text[i] >= '0' && text[i] <= '9'; i++) {
        digits++;
    }
    if (text[i] == '.') {
        for (i++; text[i] >= '0' && text[i] <= '9'; i++) {
            digits++;
        }
    }
    if (digits > 0 && (text[i] == 'e' || text[i] == 'E')) {
        i += text[i + 1] == '-' || text[i + 1] == '+' ? 2 : 1;
        digits = 0;
        for (; text[i] >= '0' && text[i] <= '9'; i++) {
            digits++;
        }
    }
    return digits > 0 && text[i] == '\0';
}

static const char *read_float(uint32_t kind, const char *text, size_t len, struct myc_number *out)
{
    char buffer[FLOAT_TEXT_MAX + 1];
    if (len > FLOAT_TEXT_MAX) {
        return "a decimal number";
    }
    memcpy(buffer, text, len);
    buffer[len] = '\0';
    if (strlen(buffer) != len || !has_float_form(buffer)) {
        return "a decimal number such as 1.5 or -2e-3";
    }
    double value = strtod(buffer, NULL);
    if (isfinite(value) && kind == MYC_KIND_F32) {
        value = fabs(value) > 3.4028235677973366e38 ? HUGE_VAL : (double)(float)value;
    }
    if (!isfinite(value)) {
        return "within the range of the type";
    }
    *out = (struct myc_number){{0, 0, 0, 0}};
    memcpy(&out->limb[0], &value, sizeof(value));
    return NULL;
}

const char *number_read(uint32_t kind, const char *text, size_t len, struct myc_number *out)
{
    return myc__schema_is_float(kind) ? read_float(kind, text, len, out)
                                      : read_integer(kind, text, len, out);
}

// ---- Comparing and writing ----

static double as_double(const struct myc_number *number)
{
    double value = 0;
    memcpy(&value, &number->limb[0], sizeof(value));
    return value;
}

int number_compare(uint32_t kind, const struct myc_number *a, const struct myc_number *b)
{
    if (myc__schema_is_float(kind)) {
        double left = as_double(a);
        double right = as_double(b);
        return left < right ? -1 : left > right ? 1 : 0;
    }
    for (size_t i = LIMBS; i > 0; i--) {
        // Flipping the sign bit of the highest limb makes signed order unsigned.
        bool is_top = i == LIMBS && myc__schema_is_signed(kind);
        uint64_t flip = is_top ? (uint64_t)1 << 63 : 0;
        uint64_t left = a->limb[i - 1] ^ flip;
        uint64_t right = b->limb[i - 1] ^ flip;
        if (left != right) {
            return left < right ? -1 : 1;
        }
    }
    return 0;
}

void number_write(uint32_t kind, const struct myc_number *number, uint8_t *bytes)
{
    struct myc_number written = *number;
    if (kind == MYC_KIND_F32) {
        float narrow = (float)as_double(number);
        uint32_t bits = 0;
        memcpy(&bits, &narrow, sizeof(bits));
        written.limb[0] = bits;
    }
    for (uint32_t i = 0; i < myc__schema_kind_facts(kind)->size; i++) {
        bytes[i] = (uint8_t)(written.limb[i / 8] >> (8 * (i % 8)));
    }
}
