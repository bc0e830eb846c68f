// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What handles a Fill is registered for Order.
// gcc: error: invalid 'static_cast' from type 'market_fill_handler_fn'
// clang: error: static_cast from 'market_fill_handler_fn \*' .* is not allowed
#include "market.hpp"

market_fill_handler_fn on_fill;
::mycelium::status misuse(::myc_context *context);

::mycelium::status misuse(::myc_context *context)
{
#ifdef WRONG
    static const ::myc_handler table[] = {MARKET_ORDER_HANDLER(on_fill)};
    ::myc_handler_run(&table[0], context, nullptr, nullptr);
    return MYC_OK;
#else
    static const ::myc_handler table[] = {MARKET_FILL_HANDLER(on_fill)};
    ::myc_handler_run(&table[0], context, nullptr, nullptr);
    return MYC_OK;
#endif
}
