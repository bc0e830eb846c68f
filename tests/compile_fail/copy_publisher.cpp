// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Two owners of one publisher are made.
// gcc: error: use of deleted function|error: .*is implicitly declared as deleted
// clang: error: call to implicitly-deleted copy constructor of '::?mycelium::publisher'
#include "market.hpp"

#include <utility>
::mycelium::status misuse(::mycelium::publisher &publisher);

::mycelium::status misuse(::mycelium::publisher &publisher)
{
#ifdef WRONG
    ::mycelium::publisher second = publisher;
    return second.close(0);
#else
    ::mycelium::publisher second = std::move(publisher);
    return second.close(0);
#endif
}
