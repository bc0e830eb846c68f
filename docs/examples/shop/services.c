// SPDX-License-Identifier: MIT OR Apache-2.0
#include "services.h"

#include "shop.h"

/* The till: a service with a loop of its own. */
static enum myc_status sell(struct myc_context *context)
{
    const struct shop_day *day = myc_context_argument(context);
    struct myc_publisher *sales = myc_context_publisher(context, "sales");
    uint64_t deadline_ns = myc_context_now_ns(context) + UINT64_C(10000000000);
    enum myc_status status = myc_publisher_await_subscribers(sales, 2, deadline_ns);
    for (uint64_t i = 0; i < day->sales && status == MYC_OK; i++) {
        struct shop_sale *sale = NULL;
        status = shop_sale_claim(sales, &sale); // zeroed, in the ring itself
        if (status == MYC_OK) {
            sale->number = i;
            sale->cents = 100;
            shop_sale_commit(sales);
        }
    }
    struct shop_closed closed;
    shop_closed_init(&closed);
    closed.sales = day->sales;
    return status == MYC_OK ? shop_closed_publish(sales, &closed) : status;
}

/* The clerks: handlers, which the node calls one at a time on the service's thread. */
static void
take(struct myc_context *context, const struct shop_sale *sale, const struct myc_record *record)
{
    struct shop_clerk *clerk = myc_context_argument(context);
    (void)record;
    if (sale->number % 2 == clerk->parity) {
        clerk->last_ns = myc_context_now_ns(context);
        clerk->cents += sale->cents;
    }
}

static void go_home(
    struct myc_context *context, const struct shop_closed *closed, const struct myc_record *record)
{
    (void)closed;
    (void)record;
    myc_context_request_stop(context);
}

static const char *const topics[] = {"sales", NULL};
static const struct myc_handler handlers[] = {
    SHOP_SALE_HANDLER(take), SHOP_CLOSED_HANDLER(go_home)};

const struct myc_service shop_till = {.name = "till", .publishes = topics, .run = sell};
const struct myc_service shop_left = {.name = "left", .handlers = handlers, .handler_count = 2};
const struct myc_service shop_right = {.name = "right", .handlers = handlers, .handler_count = 2};
