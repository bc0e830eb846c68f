// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Numbers from bytes. Bytes are put together one by one: little-endian on every host, any
// alignment.
#include "codec/codec.h"

#include <string.h>

static const uint8_t sizes[] = {
#define KIND_SIZE(name, spelling, c_type, size, alignment) size,
    MYC_KIND_LIST(KIND_SIZE)
#undef KIND_SIZE
};

uint32_t myc__kind_size(uint8_t kind)
{
    return sizes[kind];
}

bool myc__kind_is_signed(uint8_t kind)
{
    return (kind >= MYC_KIND_I8 && kind <= MYC_KIND_I64) || kind == MYC_KIND_I128
           || kind == MYC_KIND_I256;
}

bool myc__kind_is_float(uint8_t kind)
{
    return kind == MYC_KIND_F32 || kind == MYC_KIND_F64;
}

static uint64_t load(const unsigned char *bytes, uint32_t size)
{
    uint64_t number = 0;
    for (uint32_t i = size; i > 0; i--) {
        number = number << 8 | bytes[i - 1];
    }
    return number;
}

uint32_t myc__load_u32(const unsigned char *bytes)
{
    return (uint32_t)load(bytes, 4);
}

uint64_t myc__load_bits(uint8_t kind, const unsigned char *bytes)
{
    return load(bytes, sizes[kind]);
}

// A float's bits as those of the double of the same value; integers only, so that no NaN changes.
static uint64_t widen(uint64_t bits)
{
    uint64_t sign = (bits >> 31) << 63;
    uint64_t exponent = bits >> 23 & 0xFF;
    uint64_t fraction = bits & 0x7FFFFF;
    if (exponent == 0xFF) {
        return sign | (uint64_t)0x7FF << 52 | fraction << 29;
    }
    if (exponent == 0 && fraction == 0) {
        return sign;
    }
    if (exponent == 0) {
        exponent = 1;
        while ((fraction & 0x800000) == 0) {
            fraction <<= 1;
            exponent--;
        }
        fraction &= 0x7FFFFF;
    }
    return sign | (exponent + 1023 - 127) << 52 | fraction << 29;
}

struct myc_number myc__load_number(uint8_t kind, const unsigned char *bytes)
{
    struct myc_number number = {{0, 0, 0, 0}};
    uint32_t size = sizes[kind];
    if (myc__kind_is_float(kind)) {
        uint64_t bits = load(bytes, size);
        number.limb[0] = kind == MYC_KIND_F32 ? widen(bits) : bits;
        return number;
    }
    bool is_negative = myc__kind_is_signed(kind) && bytes[size - 1] >= 0x80;
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t start = i * 8;
        uint32_t left = start < size ? size - start : 0;
        uint32_t taken = left < 8 ? left : 8;
        uint64_t limb = taken > 0 ? load(bytes + start, taken) : 0;
        if (is_negative && taken < 8) {
            limb |= UINT64_MAX << (8 * taken);
        }
        number.limb[i] = limb;
    }
    return number;
}

static bool is_nan(uint64_t bits)
{
    return bits << 1 > (uint64_t)0x7FF << 53;
}

// What is no number is found by its bits: -ffast-math lets compilers forget that there is such.
static int compare_floats(uint64_t a_bits, uint64_t b_bits)
{
    if (is_nan(a_bits) || is_nan(b_bits)) {
        return 2;
    }
    double a = 0;
    double b = 0;
    memcpy(&a, &a_bits, sizeof(a));
    memcpy(&b, &b_bits, sizeof(b));
    if (a < b) {
        return -1;
    }
    if (a > b) {
        return 1;
    }
    return 0;
}

int myc__compare_numbers(uint8_t kind, const struct myc_number *a, const struct myc_number *b)
{
    if (myc__kind_is_float(kind)) {
        return compare_floats(a->limb[0], b->limb[0]);
    }
    // Two's complement numbers compare like unsigned ones once their sign bit is turned.
    uint64_t turn = myc__kind_is_signed(kind) ? (uint64_t)1 << 63 : 0;
    for (uint32_t i = 4; i > 0; i--) {
        uint64_t left = a->limb[i - 1] ^ (i == 4 ? turn : 0);
        uint64_t right = b->limb[i - 1] ^ (i == 4 ? turn : 0);
        if (left != right) {
            return left < right ? -1 : 1;
        }
    }
    return 0;
}

bool myc__is_zero(const unsigned char *bytes, size_t size)
{
    unsigned char any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

size_t myc__utf8_length(const unsigned char *bytes, size_t size)
{
    unsigned char first = bytes[0];
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xC2 || first > 0xF4 || size < 2 || !is_continuation(bytes[1])) {
        return 0;
    }
    if (first < 0xE0) {
        return 2;
    }
    if (size < 3 || !is_continuation(bytes[2])) {
        return 0;
    }
    if (first < 0xF0) {
        // Neither longer than needed nor half of a UTF-16 pair.
        bool is_long = first == 0xE0 && bytes[1] < 0xA0;
        bool is_half = first == 0xED && bytes[1] >= 0xA0;
        return is_long || is_half ? 0 : 3;
    }
    bool is_long = first == 0xF0 && bytes[1] < 0x90;
    bool is_above = first == 0xF4 && bytes[1] >= 0x90;
    return size < 4 || !is_continuation(bytes[3]) || is_long || is_above ? 0 : 4;
}
