// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Words are set as bytes.
// gcc: error: passing argument 2 of 'market_order_set_account' from incompatible pointer type
// clang: error: incompatible pointer types passing 'const uint32_t \*'
#include "market.h"

enum myc_status misuse(struct market_order *order, const uint32_t words[2], const uint8_t bytes[8]);

enum myc_status misuse(struct market_order *order, const uint32_t words[2], const uint8_t bytes[8])
{
#ifdef WRONG
    (void)bytes;
    market_order_set_account(order, words);
    return MYC_OK;
#else
    (void)words;
    market_order_set_account(order, bytes);
    return MYC_OK;
#endif
}
