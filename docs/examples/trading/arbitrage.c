// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The arbitrage service: watches market data and signals what looks mispriced.
 */
#include "services.h"

#include <stddef.h>

struct arbitrage {
    struct myc_publisher *signals;
    struct trading_stage_result *stage;
    struct trading_market_view view;
};

static const char *const published[] = {"arbitrage-signals", NULL};

static enum myc_status start(struct myc_context *context)
{
    struct arbitrage *arbitrage = myc_context_state(context);
    struct trading_setup *setup = myc_context_argument(context);
    arbitrage->signals = myc_context_publisher(context, "arbitrage-signals");
    arbitrage->stage = &setup->arbitrage;
    return trading_await_next(context, "arbitrage-signals");
}

static void on_update(
    struct myc_context *context,
    const struct trading_pool_state_update *update,
    const struct myc_record *record)
{
    (void)record;
    struct arbitrage *arbitrage = myc_context_state(context);
    struct trading_arbitrage_signal signal;
    arbitrage->stage->received++;
    if (!trading_view_update(&arbitrage->view, update, &signal)) {
        return;
    }
    enum myc_status status;
    do {
        status = trading_arbitrage_signal_publish(arbitrage->signals, &signal);
    } while (trading_is_to_retry(context, status));
    myc_context_count(context, "signals", 1);
}

static void on_swap(
    struct myc_context *context,
    const struct trading_v2_swap *swap,
    const struct myc_record *record)
{
    (void)record;
    struct arbitrage *arbitrage = myc_context_state(context);
    arbitrage->stage->received++;
    trading_view_swap(&arbitrage->view, swap);
}

static void on_end(
    struct myc_context *context,
    const struct trading_market_data_end *end,
    const struct myc_record *record)
{
    (void)record;
    struct arbitrage *arbitrage = myc_context_state(context);
    trading_stage_end(context, arbitrage->stage, end->messages);
    struct trading_signals_end signals_end;
    trading_signals_end_init(&signals_end);
    signals_end.messages = arbitrage->view.signal_count;
    enum myc_status status;
    do {
        status = trading_signals_end_publish(arbitrage->signals, &signals_end);
    } while (trading_is_to_retry(context, status));
    myc_context_request_stop(context);
}

static const struct myc_handler handlers[] = {
    TRADING_POOL_STATE_UPDATE_HANDLER(on_update),
    TRADING_V2_SWAP_HANDLER(on_swap),
    TRADING_MARKET_DATA_END_HANDLER(on_end),
};

const struct myc_service trading_arbitrage = {
    .name = "arbitrage",
    .state_bytes = sizeof(struct arbitrage),
    .publishes = published,
    .handlers = handlers,
    .handler_count = sizeof(handlers) / sizeof(handlers[0]),
    .init = start,
};
