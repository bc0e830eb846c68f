// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Rows from a recording or from a seed, and the messages that they become.
 *
 * The generator is a bounded random walk of the tick with trades in most minutes. Its amounts have
 * more than 64 bits, as amounts of tokens with 18 decimals do.
 */
#include "input.h"

#include <string.h>

enum { TICK_START = 200000, TICK_STEP_MAX = 9, TICK_SWING_MAX = 3000, VENUE_ID = 3 };

// USDC/WETH, fee 0.05 %, on Polygon: the pool of the recordings.
static const uint8_t pool_address[20] = {0x45, 0xdd, 0xa9, 0xcb, 0x7c, 0x25, 0x13,
                                         0x1d, 0xf2, 0x68, 0x51, 0x51, 0x31, 0xf6,
                                         0x47, 0xd7, 0x26, 0xf5, 0x06, 0x08};

static uint64_t next_random(struct trading_cursor *cursor)
{
    uint64_t x = cursor->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    cursor->random = x;
    return x;
}

void trading_cursor_init(struct trading_cursor *cursor, const struct trading_input *input)
{
    memset(cursor, 0, sizeof(*cursor));
    cursor->input = input;
    cursor->tick = TICK_START;
    // Neighbouring seeds must not give neighbouring walks, and the state must not be 0.
    cursor->random = (input->seed + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (int i = 0; i < 8; i++) {
        (void)next_random(cursor);
    }
}

static struct myc_u256 amount(uint64_t low, uint64_t high)
{
    struct myc_u256 wide = {{low, high, 0, 0}};
    return wide;
}

static void make_up_row(struct trading_cursor *cursor, struct trading_row *row)
{
    int32_t step = (int32_t)(next_random(cursor) % (2 * TICK_STEP_MAX + 1)) - TICK_STEP_MAX;
    int32_t tick = cursor->tick + step;
    if (tick > TICK_START + TICK_SWING_MAX || tick < TICK_START - TICK_SWING_MAX) {
        tick = cursor->tick - step;
    }
    cursor->tick = tick;
    memset(row, 0, sizeof(*row));
    row->minute = cursor->index;
    row->tick = tick;
    row->liquidity = amount(UINT64_C(50000000000000000) + next_random(cursor) % 1000000007, 0);
    row->has_swap = next_random(cursor) % 10 < 7;
    if (row->has_swap) {
        uint64_t token0 = next_random(cursor) % UINT64_C(5000000000);
        uint64_t token1 = next_random(cursor);
        bool is_token0_in = step < 0;
        row->amount0_in = amount(is_token0_in ? token0 : 0, 0);
        row->amount0_out = amount(is_token0_in ? 0 : token0, 0);
        row->amount1_in = is_token0_in ? amount(0, 0) : amount(token1, token1 % 3);
        row->amount1_out = is_token0_in ? amount(token1, token1 % 3) : amount(0, 0);
    }
}

void trading_cursor_next(struct trading_cursor *cursor, struct trading_row *out_row)
{
    const struct trading_input *input = cursor->input;
    if (input->rows == NULL) {
        make_up_row(cursor, out_row);
    } else {
        uint64_t index = cursor->index % input->row_count;
        if (index == 0 && cursor->index != 0) {
            cursor->minute_base += input->rows[input->row_count - 1].minute + 1;
        }
        *out_row = input->rows[index];
        out_row->minute += cursor->minute_base;
    }
    cursor->index++;
}

void trading_row_to_update(
    const struct trading_row *row, uint64_t origin_ns, struct trading_pool_state_update *out_update)
{
    trading_pool_state_update_init(out_update);
    memcpy(out_update->pool_address, pool_address, sizeof(pool_address));
    out_update->venue_id = VENUE_ID;
    trading_pool_state_update_set_liquidity(out_update, row->liquidity);
    trading_pool_state_update_set_tick(out_update, row->tick);
    out_update->block_number = row->minute;
    out_update->origin_ns = origin_ns;
}

void trading_row_to_swap(
    const struct trading_row *row, uint64_t origin_ns, struct trading_v2_swap *out_swap)
{
    trading_v2_swap_init(out_swap);
    memcpy(out_swap->pool_address, pool_address, sizeof(pool_address));
    out_swap->venue_id = VENUE_ID;
    out_swap->amount0_in = row->amount0_in;
    out_swap->amount1_in = row->amount1_in;
    out_swap->amount0_out = row->amount0_out;
    out_swap->amount1_out = row->amount1_out;
    out_swap->block_number = row->minute;
    out_swap->origin_ns = origin_ns;
}
