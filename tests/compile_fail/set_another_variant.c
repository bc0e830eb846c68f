// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A stop is set as the limit of a union.
// gcc: error: passing argument 2 of 'market_order_set_detail_limit' from incompatible pointer type
// clang: error: incompatible pointer types passing 'const struct market_stop \*'
#include "market.h"

enum myc_status misuse(struct market_order *order, const struct market_stop *stop);

enum myc_status misuse(struct market_order *order, const struct market_stop *stop)
{
#ifdef WRONG
    market_order_set_detail_limit(order, stop);
    return MYC_OK;
#else
    market_order_set_detail_stop(order, stop);
    return MYC_OK;
#endif
}
