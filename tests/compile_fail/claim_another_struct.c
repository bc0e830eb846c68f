// SPDX-License-Identifier: MIT OR Apache-2.0
//
// An Order is claimed as a Fill.
// gcc: error: passing argument 2 of 'market_order_claim' from incompatible pointer type
// clang: error: incompatible pointer types passing 'struct market_fill \*\*'
#include "market.h"

enum myc_status misuse(struct myc_publisher *publisher);

enum myc_status misuse(struct myc_publisher *publisher)
{
#ifdef WRONG
    struct market_fill *fill = NULL;
    return market_order_claim(publisher, &fill);
#else
    struct market_fill *fill = NULL;
    return market_fill_claim(publisher, &fill);
#endif
}
