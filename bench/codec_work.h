// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How generated code is used on a pool's state: every field written in place, every field read.
 */
#ifndef MYC_BENCH_CODEC_WORK_H
#define MYC_BENCH_CODEC_WORK_H

#include "codec_values.h"
#include "trading.h"

static inline uint64_t codec_sum_limbs(const struct myc_u256 *value)
{
    return value->limb[0] + value->limb[1] + value->limb[2] + value->limb[3];
}

/** Reads as a handler would: what is absent is not looked at. */
static inline uint64_t codec_read(const struct trading_pool_state_update *message)
{
    uint64_t sum = codec_fold(message->pool_address, sizeof(message->pool_address))
                   + message->venue_id + message->block_number + message->origin_ns;
    sum += message->has_reserve0 != 0 ? 1 + codec_sum_limbs(&message->reserve0) : 0;
    sum += message->has_reserve1 != 0 ? 1 + codec_sum_limbs(&message->reserve1) : 0;
    sum += message->has_liquidity != 0 ? 1 + codec_sum_limbs(&message->liquidity) : 0;
    sum += message->has_sqrt_price_x96 != 0 ? 1 + codec_sum_limbs(&message->sqrt_price_x96) : 0;
    sum += message->has_tick != 0 ? 1 + (uint64_t)(int64_t)message->tick : 0;
    return sum;
}

static inline struct myc_u256 codec_limbs(const struct codec_wide *value)
{
    struct myc_u256 wide;
    memcpy(&wide, value->limb, sizeof(wide));
    return wide;
}

/** Writes with the generated setters. */
static inline void
codec_write(struct trading_pool_state_update *message, const struct codec_values *values)
{
    trading_pool_state_update_init(message);
    memcpy(message->pool_address, values->address, sizeof(message->pool_address));
    message->venue_id = values->venue;
    if (values->reserve0.is_present) {
        trading_pool_state_update_set_reserve0(message, codec_limbs(&values->reserve0));
    }
    if (values->reserve1.is_present) {
        trading_pool_state_update_set_reserve1(message, codec_limbs(&values->reserve1));
    }
    if (values->liquidity.is_present) {
        trading_pool_state_update_set_liquidity(message, codec_limbs(&values->liquidity));
    }
    if (values->sqrt_price.is_present) {
        trading_pool_state_update_set_sqrt_price_x96(message, codec_limbs(&values->sqrt_price));
    }
    if (values->has_tick) {
        trading_pool_state_update_set_tick(message, values->tick);
    }
    message->block_number = values->block;
    message->origin_ns = values->origin_ns;
}

#endif
