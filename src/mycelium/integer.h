// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Wide integers as contracts carry them: 64-bit limbs, least significant first.
 *
 * They are containers for messages, not an arithmetic library: what is here converts and compares.
 * Signed ones are two's complement.
 */
#ifndef MYC_INTEGER_H
#define MYC_INTEGER_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast" // C has no other
#endif

struct myc_u128 {
    uint64_t limb[2];
};

struct myc_u256 {
    uint64_t limb[4];
};

struct myc_i128 {
    uint64_t limb[2];
};

struct myc_i256 {
    uint64_t limb[4];
};

/** The wide integer with that value. */
static inline struct myc_u128 myc_u128_from_u64(uint64_t value)
{
    struct myc_u128 wide = {{value, 0}};
    return wide;
}

static inline struct myc_u256 myc_u256_from_u64(uint64_t value)
{
    struct myc_u256 wide = {{value, 0, 0, 0}};
    return wide;
}

static inline struct myc_i128 myc_i128_from_i64(int64_t value)
{
    uint64_t sign = value < 0 ? UINT64_MAX : 0;
    struct myc_i128 wide = {{(uint64_t)value, sign}};
    return wide;
}

static inline struct myc_i256 myc_i256_from_i64(int64_t value)
{
    uint64_t sign = value < 0 ? UINT64_MAX : 0;
    struct myc_i256 wide = {{(uint64_t)value, sign, sign, sign}};
    return wide;
}

/** Whether the value fits 64 bits, so that limb[0] alone is the value. */
static inline bool myc_u128_is_u64(struct myc_u128 wide)
{
    return wide.limb[1] == 0;
}

static inline bool myc_u256_is_u64(struct myc_u256 wide)
{
    return (wide.limb[1] | wide.limb[2] | wide.limb[3]) == 0;
}

/** Negative, zero or positive as `a` is below, equal to or above `b`. */
static inline int myc_u256_compare(struct myc_u256 a, struct myc_u256 b)
{
    for (int i = 3; i >= 0; i--) {
        if (a.limb[i] != b.limb[i]) {
            return a.limb[i] < b.limb[i] ? -1 : 1;
        }
    }
    return 0;
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif
