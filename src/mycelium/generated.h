// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What generated messages are made of: byte order, tails, and checks that compilers fold.
 *
 * Messages lie in memory as they travel, numbers least significant byte first. On a host that does
 * the same the conversions here are nothing; on another one they swap. Read and write fields with
 * the generated accessors and the difference does not show.
 *
 * Threads: any; everything here works on the caller's values.
 */
#ifndef MYC_GENERATED_H
#define MYC_GENERATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mycelium/integer.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast" // C has no other
#endif

/** C++ is told that an enum of a contract holds any u32; C needs no telling. */
#ifdef __cplusplus
#define MYC_ENUM_U32 : uint32_t
#else
#define MYC_ENUM_U32
#endif

/** Where a tail lies in its payload; both zero: nowhere, it is empty. */
struct myc_tail {
    uint32_t offset; /* from the start of the payload, a multiple of 8 */
    uint32_t size;   /* bytes */
};

/* ---- Byte order ---- */

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define MYC_LE_SWAP_(bits, value) __builtin_bswap##bits(value)
#else
#define MYC_LE_SWAP_(bits, value) (value)
#endif

/** Between a number and its form in messages; the same function for either way. [GENERATED-1] */
static inline uint8_t myc_le_u8(uint8_t value)
{
    return value;
}

static inline uint16_t myc_le_u16(uint16_t value)
{
    return MYC_LE_SWAP_(16, value);
}

static inline uint32_t myc_le_u32(uint32_t value)
{
    return MYC_LE_SWAP_(32, value);
}

static inline uint64_t myc_le_u64(uint64_t value)
{
    return MYC_LE_SWAP_(64, value);
}

static inline int8_t myc_le_i8(int8_t value)
{
    return value;
}

static inline int16_t myc_le_i16(int16_t value)
{
    return (int16_t)myc_le_u16((uint16_t)value);
}

static inline int32_t myc_le_i32(int32_t value)
{
    return (int32_t)myc_le_u32((uint32_t)value);
}

static inline int64_t myc_le_i64(int64_t value)
{
    return (int64_t)myc_le_u64((uint64_t)value);
}

static inline float myc_le_f32(float value)
{
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    bits = myc_le_u32(bits);
    memcpy(&value, &bits, sizeof(bits));
    return value;
}

static inline double myc_le_f64(double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    bits = myc_le_u64(bits);
    memcpy(&value, &bits, sizeof(bits));
    return value;
}

static inline struct myc_u128 myc_le_u128(struct myc_u128 value)
{
    struct myc_u128 other = {{myc_le_u64(value.limb[0]), myc_le_u64(value.limb[1])}};
    return other;
}

static inline struct myc_i128 myc_le_i128(struct myc_i128 value)
{
    struct myc_i128 other = {{myc_le_u64(value.limb[0]), myc_le_u64(value.limb[1])}};
    return other;
}

static inline struct myc_u256 myc_le_u256(struct myc_u256 value)
{
    struct myc_u256 other = {
        {myc_le_u64(value.limb[0]),
         myc_le_u64(value.limb[1]),
         myc_le_u64(value.limb[2]),
         myc_le_u64(value.limb[3])}};
    return other;
}

static inline struct myc_i256 myc_le_i256(struct myc_i256 value)
{
    struct myc_i256 other = {
        {myc_le_u64(value.limb[0]),
         myc_le_u64(value.limb[1]),
         myc_le_u64(value.limb[2]),
         myc_le_u64(value.limb[3])}};
    return other;
}

/* ---- Pieces of generated code ---- */

/** Bytes up to the next multiple of 8; what a tail takes. Sizes that no tail can have, a length of
 * -1 say, stay so large that no message has room for them, and so small that sums do not wrap. */
static inline uint64_t myc_round_up_8(uint64_t size)
{
    return size > UINT32_MAX ? (uint64_t)1 << 33 : (size + 7) & ~(uint64_t)7;
}

/** Two words that are loaded together where a host can; at any address of a word. */
typedef uint64_t myc_word_pair __attribute__((vector_size(16), aligned(8), may_alias));

/** Zeroes a message. A copy of zeros is plain stores, where gcc makes a string instruction of a
 * memset of some hundred bytes, which takes four times as long. */
static inline void myc_zero_message(void *message, size_t size)
{
    static const uint64_t zeros[64] = {0};
    if (size > 64 && size <= sizeof(zeros)) {
        memcpy(message, zeros, size);
    } else {
        memset(message, 0, size);
    }
}

/** Not 0 if one of the bytes is not. Where `size` is a constant compilers make a few loads of it.
 * [GENERATED-2] */
static inline uint64_t myc_any_byte(const void *bytes, size_t size)
{
    const unsigned char *byte = (const unsigned char *)bytes;
    myc_word_pair pairs = {0, 0};
    uint64_t any = 0;
    uint64_t word = 0;
    size_t i = 0;
    for (; i + 16 <= size; i += 16) {
        myc_word_pair pair;
        memcpy(&pair, byte + i, 16);
        pairs |= pair;
    }
    any = pairs[0] | pairs[1];
    for (; i + 8 <= size; i += 8) {
        memcpy(&word, byte + i, 8);
        any |= word;
    }
    if (i + 4 <= size) {
        uint32_t half = 0;
        memcpy(&half, byte + i, 4);
        any |= half;
        i += 4;
    }
    for (; i < size; i++) {
        any |= byte[i];
    }
    return any;
}

/** Not 0 if the mark of an optional field is neither 0 nor 1, or 0 although a byte of its value is
 * not. */
static inline uint64_t myc_odd_presence(uint8_t mark, const void *bytes, size_t size)
{
    // What is there is not read. Streams repeat which fields they leave out, so this is foreseen.
    return mark == 0 ? myc_any_byte(bytes, size) : (uint64_t)(mark >> 1);
}

/** Not 0 if a float is infinite or no number: by its bits, since -ffast-math lets compilers forget
 * that there are such. [GENERATED-4] */
static inline uint64_t myc_odd_f32(float value)
{
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    return (bits >> 23 & 0xFFU) == 0xFFU ? 1U : 0U;
}

static inline uint64_t myc_odd_f64(double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    return (bits >> 52 & 0x7FFU) == 0x7FFU ? 1U : 0U;
}

/** Not 0 if one of the bytes is outside ASCII; then whether it is UTF-8 takes a closer look. */
static inline uint64_t myc_any_high_byte(const void *bytes, size_t size)
{
    const unsigned char *byte = (const unsigned char *)bytes;
    uint64_t any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= byte[i] & 0x80U;
    }
    return any;
}

/** Not 0 if one of the bytes is not printable ASCII, 0x20 to 0x7E. */
static inline uint64_t myc_any_unprintable(const void *bytes, size_t size)
{
    const unsigned char *byte = (const unsigned char *)bytes;
    uint64_t any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= byte[i] < 0x20 || byte[i] > 0x7E ? 1U : 0U;
    }
    return any;
}

/**
 * The bytes of a tail. `fixed_size` is how long the fixed part is, in the payload's version.
 *
 * Returns: the first byte, inside the payload also when the tail is empty; NULL and size 0 if the
 * tail is not wholly in the payload, behind the fixed part and at a multiple of 8. [GENERATED-3]
 */
static inline const uint8_t *myc_tail_bytes(
    const void *payload,
    uint32_t payload_size,
    uint32_t fixed_size,
    struct myc_tail tail,
    uint32_t *out_size)
{
    uint32_t offset = myc_le_u32(tail.offset);
    uint32_t size = myc_le_u32(tail.size);
    bool is_empty = offset == 0 && size == 0;
    bool is_inside = offset % 8 == 0 && offset >= fixed_size
                     && (uint64_t)offset + size <= (uint64_t)payload_size;
    *out_size = 0;
    if (!is_empty && !is_inside) {
        return NULL;
    }
    *out_size = size;
    return (const uint8_t *)payload + offset;
}

/** Writes a tail, zeros up to a multiple of 8 behind it; all zeros if `data` is NULL. Returns where
 * the next one begins. */
static inline uint8_t *myc_tail_put(uint8_t *at, const void *data, size_t size)
{
    size_t padded = (size_t)myc_round_up_8(size);
    if (data == NULL) {
        memset(at, 0, padded);
    } else if (size > 0) {
        memcpy(at, data, size);
        memset(at + size, 0, padded - size);
    }
    return at + padded;
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif
