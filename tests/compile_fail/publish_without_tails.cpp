// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A message with a tail is published without one.
// gcc: error: 'publish' is not a member of
// clang: error: no member named 'publish' in 'mycelium::message_traits<
#include "market.hpp"

::mycelium::status misuse(::mycelium::publisher &publisher);

::mycelium::status misuse(::mycelium::publisher &publisher)
{
#ifdef WRONG
    return publisher.publish(market::report());
#else
    market_report_tails tails = {};
    return market::publish(publisher.get(), market::report(), tails);
#endif
}
