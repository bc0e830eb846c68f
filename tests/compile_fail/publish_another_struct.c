// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A Fill is published as an Order.
// gcc: error: passing argument 2 of 'market_order_publish' from incompatible pointer type
// clang: error: incompatible pointer types passing 'const struct market_fill \*' to parameter
#include "market.h"

enum myc_status misuse(struct myc_publisher *publisher, const struct market_fill *fill);

enum myc_status misuse(struct myc_publisher *publisher, const struct market_fill *fill)
{
#ifdef WRONG
    return market_order_publish(publisher, fill);
#else
    return market_fill_publish(publisher, fill);
#endif
}
