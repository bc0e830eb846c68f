// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A received message is written through its view.
// gcc: error: assignment of member .* in read-only object
// clang: error: cannot assign to return value because function 'raw' returns a const value
#include "market.hpp"

::mycelium::status misuse(const market::order_view &order);

::mycelium::status misuse(const market::order_view &order)
{
#ifdef WRONG
    order.raw()->id = 1;
    return MYC_OK;
#else
    return order.id() == 1 ? MYC_OK : MYC_INVALID;
#endif
}
