// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A handler that could write into the ring is registered.
// gcc: error: '_Generic' selector of type .* is not compatible with any association
// clang: error: controlling expression type .* not compatible with any generic association type
#include "market.h"

market_order_handler_fn on_order;
void on_writable(
    struct myc_context *context, struct market_order *order, const struct myc_record *record);
enum myc_status misuse(struct myc_context *context);

enum myc_status misuse(struct myc_context *context)
{
#ifdef WRONG
    static const struct myc_handler table[] = {MARKET_ORDER_HANDLER(on_writable)};
    myc_handler_run(&table[0], context, NULL, NULL);
    return MYC_OK;
#else
    static const struct myc_handler table[] = {MARKET_ORDER_HANDLER(on_order)};
    myc_handler_run(&table[0], context, NULL, NULL);
    return MYC_OK;
#endif
}
