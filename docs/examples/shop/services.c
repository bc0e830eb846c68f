// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A service with a loop of its own and two with handlers. Nothing here knows where it runs.
#include "services.h"

#include "shop.h"

static const uint64_t second_ns = 1000000000;

// ---- The till ----

static enum myc_status sell(struct myc_context *context)
{
    const struct shop_day *day = myc_context_argument(context);
    struct myc_publisher *sales = myc_context_publisher(context, "sales");
    enum myc_status status =
        myc_publisher_await_subscribers(sales, 2, myc_context_now_ns(context) + 10 * second_ns);
    for (uint64_t i = 0; i < day->sales && status == MYC_OK; i++) {
        struct shop_sale *sale = NULL;
        status = shop_sale_claim(sales, &sale); // zeroed, in the ring itself
        if (status == MYC_OK) {
            static const uint8_t regular[16] = "a regular";
            sale->number = i;
            sale->cents = 100;
            if (i % 4 == 0) {
                shop_sale_set_customer(sale, regular);
            }
            shop_sale_commit(sales);
        }
    }
    if (status == MYC_OK) {
        struct shop_closed closed;
        shop_closed_init(&closed);
        closed.sales = day->sales;
        status = shop_closed_publish(sales, &closed);
    }
    return status;
}

// ---- The clerks ----

static void count_sale(struct myc_context *context, size_t clerk)
{
    struct shop_day *day = myc_context_argument(context);
    day->counts[clerk]++;
    if (day->shares_tally) {
        // A lost update: whoever runs between the read and the write counts in vain.
        uint64_t tally = day->tally;
        (void)myc_context_now_ns(context);
        day->tally = tally + 1;
    }
}

static void close_shop(struct myc_context *context, size_t clerk, const struct shop_closed *closed)
{
    struct shop_day *day = myc_context_argument(context);
    day->is_closed[clerk] = day->counts[clerk] == closed->sales;
    myc_context_request_stop(context);
}

static void left_sale(
    struct myc_context *context, const struct shop_sale *sale, const struct myc_record *record)
{
    (void)sale;
    (void)record;
    count_sale(context, 0);
}

static void left_closed(
    struct myc_context *context, const struct shop_closed *closed, const struct myc_record *record)
{
    (void)record;
    close_shop(context, 0, closed);
}

static void right_sale(
    struct myc_context *context, const struct shop_sale *sale, const struct myc_record *record)
{
    (void)sale;
    (void)record;
    count_sale(context, 1);
}

static void right_closed(
    struct myc_context *context, const struct shop_closed *closed, const struct myc_record *record)
{
    (void)record;
    close_shop(context, 1, closed);
}

// ---- Descriptions ----

static const char *const topics[] = {"sales", NULL};

static const struct myc_handler left_handlers[] = {
    SHOP_SALE_HANDLER(left_sale),
    SHOP_CLOSED_HANDLER(left_closed),
};

static const struct myc_handler right_handlers[] = {
    SHOP_SALE_HANDLER(right_sale),
    SHOP_CLOSED_HANDLER(right_closed),
};

const struct myc_service shop_till = {.name = "till", .publishes = topics, .run = sell};

const struct myc_service shop_left = {
    .name = "left", .handlers = left_handlers, .handler_count = 2};

const struct myc_service shop_right = {
    .name = "right", .handlers = right_handlers, .handler_count = 2};
