// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A field of a received message is set.
// gcc: error: passing argument 1 of 'market_order_set_id' discards 'const' qualifier
// clang: error: passing 'const struct market_order \*' .* discards qualifiers
#include "market.h"

enum myc_status misuse(const struct market_order *received);

enum myc_status misuse(const struct market_order *received)
{
#ifdef WRONG
    market_order_set_id(received, 1);
    return MYC_OK;
#else
    struct market_order copy = *received;
    market_order_set_id(&copy, 1);
    return market_order_validate(&copy, NULL);
#endif
}
