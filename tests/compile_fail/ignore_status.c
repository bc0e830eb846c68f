// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Whether the message was published is not asked.
// gcc: error: ignoring return value of 'market_order_publish'
// clang: error: ignoring return value of function declared with 'warn_unused_result' attribute
#include "market.h"

enum myc_status misuse(struct myc_publisher *publisher, const struct market_order *order);

enum myc_status misuse(struct myc_publisher *publisher, const struct market_order *order)
{
#ifdef WRONG
    market_order_publish(publisher, order);
    return MYC_OK;
#else
    return market_order_publish(publisher, order);
#endif
}
