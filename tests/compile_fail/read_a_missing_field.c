// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A field is read that the contract does not have.
// gcc: error: 'const struct market_fill' has no member named 'side'
// clang: error: no member named 'side' in 'struct market_fill'
#include "market.h"

enum myc_status misuse(const struct market_fill *fill);

enum myc_status misuse(const struct market_fill *fill)
{
#ifdef WRONG
    return fill->side == 0 ? MYC_OK : MYC_INVALID;
#else
    return fill->venue == 0 ? MYC_OK : MYC_INVALID;
#endif
}
