// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What every codec under the clock carries: states of pools, half of them of a kind without ticks
 * and half of one without reserves, and what reading all of their fields must sum up to.
 */
#ifndef MYC_BENCH_CODEC_VALUES_H
#define MYC_BENCH_CODEC_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CODEC_MESSAGES = 64, /* in any encoding they fit a first-level cache, and are read in turn */
    CODEC_ADDRESS_BYTES = 20,
    CODEC_LIMBS = 4,
    CODEC_WIDE_BYTES = 32,
    CODEC_ENCODED_MAX = 512
};

/** A 256-bit number that may be absent. */
struct codec_wide {
    uint64_t limb[CODEC_LIMBS];
    bool is_present;
};

struct codec_values {
    uint8_t address[CODEC_ADDRESS_BYTES];
    uint16_t venue;
    struct codec_wide reserve0;
    struct codec_wide reserve1;
    struct codec_wide liquidity;
    struct codec_wide sqrt_price;
    int32_t tick;
    bool has_tick;
    uint64_t block;
    uint64_t origin_ns;
};

/** One message as a peer encoded it, 8-aligned. */
struct codec_encoded {
    uint64_t words[CODEC_ENCODED_MAX / sizeof(uint64_t)];
    size_t size;
};

/** The message with that number, below CODEC_MESSAGES. */
void codec_values_make(uint32_t number, struct codec_values *out_values);

/** What reading every field of all messages once sums up to. */
uint64_t codec_values_sum(void);

/** Adds up to 32 bytes as words, the last one perhaps short. */
static inline uint64_t codec_fold(const uint8_t *bytes, size_t size)
{
    uint64_t sum = 0;
    size_t i = 0;
    for (; i + sizeof(uint64_t) <= size; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof(word));
        sum += word;
    }
    if (i < size) {
        uint64_t word = 0;
        memcpy(&word, bytes + i, size - i);
        sum += word;
    }
    return sum;
}

/**
 * What a peer offers. `encode` writes a message's bytes, or returns false if they do not fit;
 * `decode` checks the bytes of CODEC_MESSAGES messages, reads every field and adds all to `sum`,
 * or returns false.
 */
struct codec_peer {
    bool (*encode)(const struct codec_values *values, struct codec_encoded *out);
    bool (*decode)(const struct codec_encoded *messages, uint64_t *sum);
};

extern const struct codec_peer codec_protobuf_c;
extern const struct codec_peer codec_flatbuffers;
extern const struct codec_peer codec_capnp;

#ifdef __cplusplus
}
#endif

#endif
