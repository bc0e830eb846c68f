// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A message is published that was never initialised.
// gcc: error: 'order' may be used uninitialized|error: 'order' is used uninitialized
// clang: NONE
#include "market.h"

enum myc_status misuse(struct myc_publisher *publisher);

enum myc_status misuse(struct myc_publisher *publisher)
{
#ifdef WRONG
    struct market_order order;
    return market_order_publish(publisher, &order);
#else
    struct market_order order;
    market_order_init(&order);
    return market_order_publish(publisher, &order);
#endif
}
