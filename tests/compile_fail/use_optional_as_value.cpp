// SPDX-License-Identifier: MIT OR Apache-2.0
//
// An optional field is used as if it were always there.
// gcc: error: cannot convert 'std::optional<.*>' to
// clang: error: no viable conversion from 'std::optional<
#include "market.hpp"

::mycelium::status misuse(const market::order_view &order);

::mycelium::status misuse(const market::order_view &order)
{
#ifdef WRONG
    std::uint64_t ceiling = order.ceiling();
    return ceiling == 0 ? MYC_OK : MYC_INVALID;
#else
    std::uint64_t ceiling = order.ceiling().value_or(0);
    return ceiling == 0 ? MYC_OK : MYC_INVALID;
#endif
}
