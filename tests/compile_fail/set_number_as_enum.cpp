// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A number is set as a side.
// gcc: error: invalid conversion from 'int' to 'market_side'
// clang: error: cannot initialize a parameter of type '::market_side' with an rvalue of type 'int'
#include "market.hpp"

::mycelium::status misuse(market::order &order);

::mycelium::status misuse(market::order &order)
{
#ifdef WRONG
    order.set_side(1);
    return MYC_OK;
#else
    order.set_side(MARKET_SIDE_BUY);
    return MYC_OK;
#endif
}
