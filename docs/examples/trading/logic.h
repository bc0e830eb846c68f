// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the pipeline decides: when a price looks wrong, which signals pass the risk limits, what is
 * filled. Pure functions over messages; nothing here knows how messages travel.
 */
#ifndef MYC_DOCS_EXAMPLES_TRADING_LOGIC_H
#define MYC_DOCS_EXAMPLES_TRADING_LOGIC_H

#include <stdbool.h>
#include <stdint.h>

#include "input.h"
#include "trading.h"

/** What the arbitrage service knows about its pool. All zero: nothing yet. */
struct trading_market_view {
    bool has_average;
    int64_t average;     /* moving average of the tick, in 1/65536 */
    uint64_t trade_size; /* from the last trade, in lots */
    uint64_t signal_count;
};

/** What the risk service knows about its position. All zero: flat. */
struct trading_book {
    int64_t position; /* in lots, positive when we own some */
    uint64_t order_count;
    uint64_t rejected_count;
};

/** Takes a pool state in; true if it makes a signal, which is written out completely then. */
bool trading_view_update(
    struct trading_market_view *view,
    const struct trading_pool_state_update *update,
    struct trading_arbitrage_signal *out_signal);

/** Takes a trade in: the size of the next signals follows it. */
void trading_view_swap(struct trading_market_view *view, const struct trading_v2_swap *swap);

/** Judges a signal; true if it becomes an order, which is written out completely then. */
bool trading_book_judge(
    struct trading_book *book,
    const struct trading_arbitrage_signal *signal,
    struct trading_order *out_order);

/** The fill of an order: all of it, at its limit. */
void trading_order_fill(const struct trading_order *order, struct trading_fill *out_fill);

/** Folds an order into a digest of all orders before it; 0 is the digest of none. */
uint64_t trading_digest_order(uint64_t digest, const struct trading_order *order);

/** What a pipeline owes for an input: counted without sending a single message. */
struct trading_expected {
    uint64_t market_messages; /* updates and swaps */
    uint64_t signals;
    uint64_t orders;
    uint64_t paced_orders; /* of these, caused by the first `paced_count` rows */
    uint64_t rejected;
    uint64_t order_digest;
};

/** Runs the whole decision line over the first `row_count` rows in one loop. */
void trading_expect(
    const struct trading_input *input,
    uint64_t row_count,
    uint64_t paced_count,
    struct trading_expected *out_expected);

#endif
