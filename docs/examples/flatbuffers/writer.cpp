// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What needs C++: flatc's code writes quotes and verifies them.
#include "writer.h"

#include <cstring>

#include <mycelium/flatbuffers.h>

#include "quote_generated.h"

MYC_FLATBUFFERS_VERIFY(quote_verify, market::Quote)

size_t quote_write(void *bytes, size_t capacity)
{
    flatbuffers::FlatBufferBuilder builder;
    const auto leg = market::CreateLegDirect(builder, "north", -17);
    const auto legs = builder.CreateVector(&leg, 1);
    builder.Finish(market::CreateQuote(builder, 1, builder.CreateString("WETH"), 0, legs));
    if (builder.GetSize() > capacity) {
        return 0;
    }
    std::memcpy(bytes, builder.GetBufferPointer(), builder.GetSize());
    return builder.GetSize();
}
