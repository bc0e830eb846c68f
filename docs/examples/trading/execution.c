// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The execution service: fills orders, and measures how long the pipeline took for each.
 *
 * It is the last stage: what it received, compared with what the pipeline owed it, is the example's
 * proof that nothing was lost, doubled or reordered on the way.
 */
#include "services.h"

#include <stddef.h>

struct execution {
    struct myc_publisher *fills;
    struct trading_execution_result *result;
    uint64_t publisher_epoch; /* of the last order */
    uint64_t last_order_id;
    uint64_t fill_count;
};

static const char *const published[] = {"fills", NULL};

static enum myc_status start(struct myc_context *context)
{
    struct execution *execution = myc_context_state(context);
    struct trading_setup *setup = myc_context_argument(context);
    execution->fills = myc_context_publisher(context, "fills");
    execution->result = &setup->execution;
    return MYC_OK;
}

// Nobody needs to listen to fills, so that nobody does is no reason to count or to wait.
static void publish_fill(
    struct myc_context *context, struct execution *execution, const struct trading_order *order)
{
    struct trading_fill fill;
    trading_order_fill(order, &fill);
    enum myc_status status;
    do {
        status = trading_fill_publish(execution->fills, &fill);
    } while (status != MYC_NO_SUBSCRIBER && trading_is_to_retry(context, status));
    execution->fill_count++;
    myc_context_count(context, "fills", 1);
}

static void on_order(
    struct myc_context *context, const struct trading_order *order, const struct myc_record *record)
{
    (void)record;
    struct execution *execution = myc_context_state(context);
    struct trading_execution_result *result = execution->result;
    if (order->origin_ns != 0) {
        uint64_t now_ns = myc_context_now_ns(context);
        myc_histogram_record(
            &result->latency, now_ns > order->origin_ns ? now_ns - order->origin_ns : 0);
    }
    result->stage.received++;
    if (execution->publisher_epoch != myc_context_publisher_epoch(context)) {
        // A new incarnation of the publisher counts its orders from 1 again.
        execution->publisher_epoch = myc_context_publisher_epoch(context);
        execution->last_order_id = 0;
        myc_context_log(context, MYC_LOG_INFO, "orders are coming");
    }
    // Orders are numbered without gaps: a repeated or late one is not above the last.
    if (order->order_id <= execution->last_order_id) {
        result->stage.out_of_order++;
    }
    execution->last_order_id = order->order_id;
    result->order_digest = trading_digest_order(result->order_digest, order);
    publish_fill(context, execution, order);
}

static void on_end(
    struct myc_context *context,
    const struct trading_orders_end *end,
    const struct myc_record *record)
{
    (void)record;
    struct execution *execution = myc_context_state(context);
    execution->result->end_ns = myc_context_now_ns(context);
    trading_stage_end(context, &execution->result->stage, end->messages);
    struct trading_fills_end fills_end;
    trading_fills_end_init(&fills_end);
    fills_end.messages = execution->fill_count;
    enum myc_status status;
    do {
        status = trading_fills_end_publish(execution->fills, &fills_end);
    } while (status != MYC_NO_SUBSCRIBER && trading_is_to_retry(context, status));
    myc_context_request_stop(context);
}

static const struct myc_handler handlers[] = {
    TRADING_ORDER_HANDLER(on_order),
    TRADING_ORDERS_END_HANDLER(on_end),
};

const struct myc_service trading_execution = {
    .name = "execution",
    .state_bytes = sizeof(struct execution),
    .publishes = published,
    .handlers = handlers,
    .handler_count = sizeof(handlers) / sizeof(handlers[0]),
    .init = start,
};
