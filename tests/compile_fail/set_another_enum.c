// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A venue is set as a side.
// gcc: error: implicit conversion from 'enum market_venue' to 'enum market_side'
// clang: error: implicit conversion from enumeration type 'enum market_venue' to different
#include "market.h"

enum myc_status misuse(struct market_order *order, enum market_side side, enum market_venue venue);

enum myc_status misuse(struct market_order *order, enum market_side side, enum market_venue venue)
{
#ifdef WRONG
    (void)side;
    market_order_set_side(order, venue);
    return MYC_OK;
#else
    (void)venue;
    market_order_set_side(order, side);
    return MYC_OK;
#endif
}
