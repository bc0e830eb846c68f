// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The risk service: turns the signals that keep the position within its limits into orders.
 */
#include "services.h"

#include <stddef.h>

struct risk {
    struct myc_publisher *orders;
    struct trading_stage_result *stage;
    struct trading_book book;
    uint64_t publisher_epoch; /* of the last signal */
    uint64_t last_signal_id;
};

static const char *const published[] = {"orders", NULL};

static enum myc_status start(struct myc_context *context)
{
    struct risk *risk = myc_context_state(context);
    struct trading_setup *setup = myc_context_argument(context);
    risk->orders = myc_context_publisher(context, "orders");
    risk->stage = &setup->risk;
    return trading_await_next(context, "orders");
}

static void on_signal(
    struct myc_context *context,
    const struct trading_arbitrage_signal *signal,
    const struct myc_record *record)
{
    (void)record;
    struct risk *risk = myc_context_state(context);
    struct trading_order order;
    risk->stage->received++;
    if (risk->publisher_epoch != myc_context_publisher_epoch(context)) {
        // A new incarnation of the publisher counts its signals from 1 again.
        risk->publisher_epoch = myc_context_publisher_epoch(context);
        risk->last_signal_id = 0;
    }
    if (signal->signal_id <= risk->last_signal_id) {
        risk->stage->out_of_order++;
    }
    risk->last_signal_id = signal->signal_id;
    if (!trading_book_judge(&risk->book, signal, &order)) {
        myc_context_count(context, "rejected", 1);
        return;
    }
    enum myc_status status;
    do {
        status = trading_order_publish(risk->orders, &order);
    } while (trading_is_to_retry(context, status));
    myc_context_count(context, "orders", 1);
}

static void on_end(
    struct myc_context *context,
    const struct trading_signals_end *end,
    const struct myc_record *record)
{
    (void)record;
    struct risk *risk = myc_context_state(context);
    trading_stage_end(context, risk->stage, end->messages);
    struct trading_orders_end orders_end;
    trading_orders_end_init(&orders_end);
    orders_end.messages = risk->book.order_count;
    enum myc_status status;
    do {
        status = trading_orders_end_publish(risk->orders, &orders_end);
    } while (trading_is_to_retry(context, status));
    myc_context_request_stop(context);
}

static const struct myc_handler handlers[] = {
    TRADING_ARBITRAGE_SIGNAL_HANDLER(on_signal),
    TRADING_SIGNALS_END_HANDLER(on_end),
};

const struct myc_service trading_risk = {
    .name = "risk",
    .state_bytes = sizeof(struct risk),
    .publishes = published,
    .handlers = handlers,
    .handler_count = sizeof(handlers) / sizeof(handlers[0]),
    .init = start,
};
