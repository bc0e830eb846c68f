// SPDX-License-Identifier: MIT OR Apache-2.0
//
// An Order is decoded into a Fill.
// gcc: error: passing argument 2 of 'market_order_decode' from incompatible pointer type
// clang: error: incompatible pointer types passing 'struct market_fill \*'
#include "market.h"

enum myc_status misuse(const struct myc_record *record, struct market_fill *fill);

enum myc_status misuse(const struct myc_record *record, struct market_fill *fill)
{
#ifdef WRONG
    return market_order_decode(record, fill);
#else
    return market_fill_decode(record, fill);
#endif
}
