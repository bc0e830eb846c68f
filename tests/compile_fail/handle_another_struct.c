// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What handles a Fill is registered for Order.
// gcc: error: '_Generic' selector of type .* is not compatible with any association
// clang: error: controlling expression type .* not compatible with any generic association type
#include "market.h"

market_fill_handler_fn on_fill;
enum myc_status misuse(struct myc_context *context);

enum myc_status misuse(struct myc_context *context)
{
#ifdef WRONG
    static const struct myc_handler table[] = {MARKET_ORDER_HANDLER(on_fill)};
    myc_handler_run(&table[0], context, NULL, NULL);
    return MYC_OK;
#else
    static const struct myc_handler table[] = {MARKET_FILL_HANDLER(on_fill)};
    myc_handler_run(&table[0], context, NULL, NULL);
    return MYC_OK;
#endif
}
