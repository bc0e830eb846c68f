// SPDX-License-Identifier: MIT OR Apache-2.0
#include "codec_values.h"

static uint64_t next(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t word = *state;
    word = (word ^ word >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    return word ^ word >> 27;
}

// Amounts of 112 bits, as pools have them.
static struct codec_wide wide(uint64_t *state)
{
    return (struct codec_wide){{next(state), next(state) >> 16, 0, 0}, true};
}

void codec_values_make(uint32_t number, struct codec_values *out_values)
{
    uint64_t state = number;
    struct codec_values values = {.venue = (uint16_t)next(&state)};
    for (size_t i = 0; i < CODEC_ADDRESS_BYTES; i++) {
        values.address[i] = (uint8_t)next(&state);
    }
    if (next(&state) % 2 == 0) {
        values.reserve0 = wide(&state);
        values.reserve1 = wide(&state);
    } else {
        values.liquidity = wide(&state);
        values.sqrt_price = wide(&state);
        values.tick = (int32_t)(next(&state) % 1774544) - 887272;
        values.has_tick = true;
    }
    values.block = 45000000 + number;
    values.origin_ns = next(&state) >> 1;
    *out_values = values;
}

static uint64_t wide_sum(const struct codec_wide *value)
{
    return value->is_present + value->limb[0] + value->limb[1] + value->limb[2] + value->limb[3];
}

uint64_t codec_values_sum(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < CODEC_MESSAGES; i++) {
        struct codec_values values;
        codec_values_make(i, &values);
        sum += codec_fold(values.address, sizeof(values.address)) + values.venue
               + wide_sum(&values.reserve0) + wide_sum(&values.reserve1)
               + wide_sum(&values.liquidity) + wide_sum(&values.sqrt_price)
               + (uint64_t)(int64_t)values.tick + values.has_tick + values.block + values.origin_ns;
    }
    return sum;
}
