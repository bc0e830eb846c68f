// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Bits and bytes: little-endian access to unaligned bytes, alignment, bit scans.
 */
#ifndef MYC_CORE_BITS_H
#define MYC_CORE_BITS_H

#include <stdint.h>
#include <string.h>

/** Little-endian integers at any address. */
static inline uint16_t myc__get_u16(const void *bytes)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap16(value);
#endif
    return value;
}

static inline uint32_t myc__get_u32(const void *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    return value;
}

static inline uint64_t myc__get_u64(const void *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static inline void myc__put_u16(void *bytes, uint16_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap16(value);
#endif
    memcpy(bytes, &value, sizeof(value));
}

static inline void myc__put_u32(void *bytes, uint32_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    memcpy(bytes, &value, sizeof(value));
}

static inline void myc__put_u64(void *bytes, uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    memcpy(bytes, &value, sizeof(value));
}

/** The index of the lowest set bit; `bits` is not 0. */
static inline uint32_t myc__lowest_bit(uint64_t bits)
{
    return (uint32_t)__builtin_ctzll(bits);
}

#endif
