// SPDX-License-Identifier: MIT OR Apache-2.0
#include "flatbuffers_shapes.h"

#include <cstring>
#include <vector>

#include "quote_generated.h"

size_t shapes_shared(void *bytes, size_t capacity, uint32_t depth, uint32_t count)
{
    flatbuffers::FlatBufferBuilder builder;
    auto leg = market::CreateLegDirect(builder, "x");
    for (uint32_t i = 1; i < depth; i++) {
        leg = market::CreateLeg(builder, builder.CreateString("x"), 0, leg);
    }
    const std::vector<flatbuffers::Offset<market::Leg>> legs(count, leg);
    builder.Finish(market::CreateQuoteDirect(builder, 1, nullptr, nullptr, &legs));
    if (builder.GetSize() > capacity) {
        return 0;
    }
    std::memcpy(bytes, builder.GetBufferPointer(), builder.GetSize());
    return builder.GetSize();
}
