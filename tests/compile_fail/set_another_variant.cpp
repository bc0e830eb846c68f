// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A stop is set as the limit of a union.
// gcc: error: .*(no matching function|cannot convert|invalid initialization of reference)
// clang: error: .*(no matching function|no viable conversion|no known conversion|reference to type)
#include "market.hpp"

::mycelium::status misuse(market::order &order, const market_stop &stop);

::mycelium::status misuse(market::order &order, const market_stop &stop)
{
#ifdef WRONG
    order.set_detail_limit(stop);
    return MYC_OK;
#else
    order.set_detail_stop(stop);
    return MYC_OK;
#endif
}
