// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A text is set as a number.
// gcc: error: passing argument 2 of 'market_order_set_id' makes integer from pointer without a cast
// clang: error: incompatible pointer to integer conversion passing
#include "market.h"

enum myc_status misuse(struct market_order *order);

enum myc_status misuse(struct market_order *order)
{
#ifdef WRONG
    market_order_set_id(order, "1");
    return MYC_OK;
#else
    market_order_set_id(order, 1);
    return MYC_OK;
#endif
}
