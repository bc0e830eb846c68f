// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Something that is no message is published.
// gcc: error: .*incomplete type .*message_traits<int>
// clang: error: implicit instantiation of undefined template 'mycelium::message_traits<int>'
#include "market.hpp"

::mycelium::status misuse(::mycelium::publisher &publisher);

::mycelium::status misuse(::mycelium::publisher &publisher)
{
#ifdef WRONG
    return publisher.publish(42);
#else
    return publisher.publish(market::order());
#endif
}
