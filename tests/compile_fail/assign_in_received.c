// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A member of a received message is assigned.
// gcc: error: assignment of member 'id' in read-only object
// clang: error: cannot assign to variable 'received' with const-qualified type
#include "market.h"

enum myc_status misuse(const struct market_order *received);

enum myc_status misuse(const struct market_order *received)
{
#ifdef WRONG
    received->id = 1;
    return MYC_OK;
#else
    return market_order_get_id(received) == 1 ? MYC_OK : MYC_INVALID;
#endif
}
