// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The adapter: turns rows of its input into market data.
 *
 * The first rows go out at a fixed rate, each stamped with the time at which it was due: a stall of
 * the pipeline counts against every row that had to wait behind it. The rest goes out at full
 * speed.
 */
#include "services.h"

#include <stddef.h>

enum { ROWS_PER_POLL = 64 };

struct adapter {
    struct myc_publisher *market_data;
    struct trading_adapter_result *result;
};

static const char *const published[] = {"market-data", NULL};

static enum myc_status start(struct myc_context *context)
{
    struct adapter *adapter = myc_context_state(context);
    struct trading_setup *setup = myc_context_argument(context);
    adapter->market_data = myc_context_publisher(context, "market-data");
    adapter->result = &setup->adapter;
    return trading_await_next(context, "market-data");
}

// Fills the message where it will be read: nothing is copied on the way.
static enum myc_status
publish_update(struct adapter *adapter, const struct trading_row *row, uint64_t origin_ns)
{
    struct trading_pool_state_update *update = NULL;
    enum myc_status status = trading_pool_state_update_claim(adapter->market_data, &update);
    if (status != MYC_OK) {
        return status;
    }
    trading_row_to_update(row, origin_ns, update);
    return trading_pool_state_update_commit(adapter->market_data);
}

static enum myc_status
publish_swap(struct adapter *adapter, const struct trading_row *row, uint64_t origin_ns)
{
    struct trading_v2_swap *swap = NULL;
    enum myc_status status = trading_v2_swap_claim(adapter->market_data, &swap);
    if (status != MYC_OK) {
        return status;
    }
    trading_row_to_swap(row, origin_ns, swap);
    return trading_v2_swap_commit(adapter->market_data);
}

// Publishes one row: its state, and its trade if it has one.
static void publish_row(
    struct myc_context *context,
    struct adapter *adapter,
    const struct trading_row *row,
    uint64_t origin_ns)
{
    enum myc_status status;
    do {
        status = publish_update(adapter, row, origin_ns);
    } while (trading_is_to_retry(context, status));
    adapter->result->messages++;
    if (row->has_swap && !myc_context_should_stop(context)) {
        do {
            status = publish_swap(adapter, row, origin_ns);
        } while (trading_is_to_retry(context, status));
        adapter->result->messages++;
    }
}

static void publish_end(struct myc_context *context, struct adapter *adapter)
{
    struct trading_market_data_end end;
    trading_market_data_end_init(&end);
    end.messages = adapter->result->messages;
    enum myc_status status;
    do {
        status = trading_market_data_end_publish(adapter->market_data, &end);
    } while (trading_is_to_retry(context, status));
    adapter->result->is_complete = true;
}

static enum myc_status run(struct myc_context *context)
{
    struct adapter *adapter = myc_context_state(context);
    const struct trading_setup *setup = myc_context_argument(context);
    struct trading_cursor cursor;
    trading_cursor_init(&cursor, &setup->input);
    uint64_t start_ns = myc_context_now_ns(context);
    for (uint64_t i = 0; i < setup->row_count && !myc_context_should_stop(context); i++) {
        struct trading_row row;
        uint64_t due_ns = 0;
        trading_cursor_next(&cursor, &row);
        if (i < setup->paced_count) {
            due_ns = start_ns + i * setup->period_ns;
            if (myc_context_sleep_until(context, due_ns) == MYC_CANCELLED) {
                break;
            }
        } else if (i == setup->paced_count) {
            adapter->result->flood_start_ns = myc_context_now_ns(context);
            adapter->result->flood_messages = adapter->result->messages;
        }
        publish_row(context, adapter, &row, due_ns);
        if (i % ROWS_PER_POLL == 0 || due_ns != 0) {
            // There are no messages to handle, but there may be news about who listens.
            (void)myc_context_poll(context, 0);
        }
    }
    if (setup->row_count > setup->paced_count) {
        adapter->result->flood_messages =
            adapter->result->messages - adapter->result->flood_messages;
    }
    if (!myc_context_should_stop(context)) {
        publish_end(context, adapter);
    }
    return MYC_OK;
}

const struct myc_service trading_adapter = {
    .name = "adapter",
    .state_bytes = sizeof(struct adapter),
    .publishes = published,
    .init = start,
    .run = run,
};
