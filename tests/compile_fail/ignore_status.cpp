// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Whether a text fitted is not asked.
// gcc: error: ignoring return value of '.*set_label
// clang: error: ignoring return value of function declared with 'nodiscard' attribute
#include "market.hpp"

::mycelium::status misuse(market::order &order);

::mycelium::status misuse(market::order &order)
{
#ifdef WRONG
    order.set_label("text");
    return MYC_OK;
#else
    return order.set_label("text");
#endif
}
