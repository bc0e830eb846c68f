// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The decisions of the example, in integers only, so that every machine and every run agree.
 *
 * One tick is one hundredth of a percent of the price. A signal says that the tick is further from
 * its moving average than the costs of a trade; it is not advice to anybody.
 */
#include "logic.h"

#include <string.h>

enum {
    TICK_SCALE = 65536,
    AVERAGE_WEIGHT = 8,       /* the newest tick counts one part in so many */
    DIVERGENCE_TICKS_MIN = 3, /* below this there is no signal */
    EDGE_PER_TICK = 100,      /* millionths of the price */
    EDGE_MIN = 400,           /* below this the risk service rejects */
    LOTS_PER_ORDER_MAX = 400,
    POSITION_MAX = 4000
};

bool trading_view_update(
    struct trading_market_view *view,
    const struct trading_pool_state_update *update,
    struct trading_arbitrage_signal *out_signal)
{
    if (!update->has_tick) {
        return false;
    }
    int64_t tick = (int64_t)update->tick * TICK_SCALE;
    if (!view->has_average) {
        view->has_average = true;
        view->average = tick;
        return false;
    }
    int64_t divergence = tick - view->average;
    view->average += divergence / AVERAGE_WEIGHT;
    int64_t distance = divergence < 0 ? -divergence : divergence;
    if (distance < (int64_t)DIVERGENCE_TICKS_MIN * TICK_SCALE) {
        return false;
    }
    view->signal_count++;
    trading_arbitrage_signal_init(out_signal);
    out_signal->signal_id = view->signal_count;
    memcpy(out_signal->pool_address, update->pool_address, sizeof(out_signal->pool_address));
    out_signal->is_sell = divergence > 0;
    out_signal->tick = update->tick;
    out_signal->edge = distance * EDGE_PER_TICK / TICK_SCALE;
    out_signal->size = myc_u256_from_u64(view->trade_size + 1);
    out_signal->block_number = update->block_number;
    out_signal->origin_ns = update->origin_ns;
    return true;
}

void trading_view_swap(struct trading_market_view *view, const struct trading_v2_swap *swap)
{
    const struct myc_u256 *in = &swap->amount1_in;
    const struct myc_u256 *out = &swap->amount1_out;
    const struct myc_u256 *larger = myc_u256_compare(*in, *out) >= 0 ? in : out;
    // A lot is 2^52 of the smallest units; what needs more than 64 bits is as large as it gets.
    uint64_t units = myc_u256_is_u64(*larger) ? larger->limb[0] : UINT64_MAX;
    view->trade_size = units >> 52;
}

bool trading_book_judge(
    struct trading_book *book,
    const struct trading_arbitrage_signal *signal,
    struct trading_order *out_order)
{
    uint64_t lots = myc_u256_is_u64(signal->size) ? signal->size.limb[0] : UINT64_MAX;
    if (lots > LOTS_PER_ORDER_MAX) {
        lots = LOTS_PER_ORDER_MAX;
    }
    int64_t change = signal->is_sell ? -(int64_t)lots : (int64_t)lots;
    int64_t position = book->position + change;
    if (signal->edge < EDGE_MIN || position > POSITION_MAX || position < -POSITION_MAX) {
        book->rejected_count++;
        return false;
    }
    book->position = position;
    book->order_count++;
    trading_order_init(out_order);
    out_order->order_id = book->order_count;
    out_order->signal_id = signal->signal_id;
    memcpy(out_order->pool_address, signal->pool_address, sizeof(out_order->pool_address));
    out_order->is_sell = signal->is_sell;
    out_order->limit_tick = signal->tick;
    out_order->quantity = myc_u256_from_u64(lots);
    out_order->origin_ns = signal->origin_ns;
    return true;
}

void trading_order_fill(const struct trading_order *order, struct trading_fill *out_fill)
{
    trading_fill_init(out_fill);
    out_fill->order_id = order->order_id;
    out_fill->signal_id = order->signal_id;
    out_fill->price_tick = order->limit_tick;
    out_fill->filled_quantity = order->quantity;
    out_fill->origin_ns = order->origin_ns;
}

static uint64_t fold(uint64_t digest, uint64_t value)
{
    digest = (digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return digest ^ digest >> 29;
}

uint64_t trading_digest_order(uint64_t digest, const struct trading_order *order)
{
    digest = fold(digest, order->order_id);
    digest = fold(digest, order->signal_id);
    digest = fold(digest, (uint64_t)order->is_sell);
    digest = fold(digest, (uint64_t)(int64_t)order->limit_tick);
    return fold(digest, order->quantity.limb[0]);
}

void trading_expect(
    const struct trading_input *input,
    uint64_t row_count,
    uint64_t paced_count,
    struct trading_expected *out_expected)
{
    struct trading_market_view view = {0};
    struct trading_book book = {0};
    struct trading_cursor cursor;
    trading_cursor_init(&cursor, input);
    memset(out_expected, 0, sizeof(*out_expected));
    for (uint64_t i = 0; i < row_count; i++) {
        struct trading_row row;
        struct trading_pool_state_update update;
        struct trading_arbitrage_signal signal;
        struct trading_order order;
        trading_cursor_next(&cursor, &row);
        trading_row_to_update(&row, 0, &update);
        out_expected->market_messages++;
        if (trading_view_update(&view, &update, &signal)) {
            out_expected->signals++;
            if (trading_book_judge(&book, &signal, &order)) {
                out_expected->orders++;
                out_expected->paced_orders += i < paced_count ? 1 : 0;
                out_expected->order_digest =
                    trading_digest_order(out_expected->order_digest, &order);
            } else {
                out_expected->rejected++;
            }
        }
        if (row.has_swap) {
            struct trading_v2_swap swap;
            trading_row_to_swap(&row, 0, &swap);
            trading_view_swap(&view, &swap);
            out_expected->market_messages++;
        }
    }
}
