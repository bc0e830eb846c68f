// SPDX-License-Identifier: MIT OR Apache-2.0
//
// FlatBuffers, the C++ library: verified, then read in place.
#include <cstring>

#include "codec_values.h"
#include "pool_state_generated.h"

namespace
{

bench::Wide wide_of(const codec_wide &value)
{
    return bench::Wide(flatbuffers::span<const uint64_t, CODEC_LIMBS>(value.limb));
}

bool encode(const codec_values *values, codec_encoded *out)
{
    flatbuffers::FlatBufferBuilder builder;
    bench::Address address(flatbuffers::span<const uint8_t, CODEC_ADDRESS_BYTES>(values->address));
    bench::Wide reserve0 = wide_of(values->reserve0);
    bench::Wide reserve1 = wide_of(values->reserve1);
    bench::Wide liquidity = wide_of(values->liquidity);
    bench::Wide sqrt_price = wide_of(values->sqrt_price);
    bench::PoolStateBuilder table(builder);
    table.add_pool_address(&address);
    table.add_venue_id(values->venue);
    if (values->reserve0.is_present) {
        table.add_reserve0(&reserve0);
    }
    if (values->reserve1.is_present) {
        table.add_reserve1(&reserve1);
    }
    if (values->liquidity.is_present) {
        table.add_liquidity(&liquidity);
    }
    if (values->sqrt_price.is_present) {
        table.add_sqrt_price_x96(&sqrt_price);
    }
    if (values->has_tick) {
        table.add_tick(values->tick);
    }
    table.add_block_number(values->block);
    table.add_origin_ns(values->origin_ns);
    builder.Finish(table.Finish());
    out->size = builder.GetSize();
    if (out->size > sizeof(out->words)) {
        return false;
    }
    std::memcpy(out->words, builder.GetBufferPointer(), out->size);
    return true;
}

inline uint64_t add_wide(const bench::Wide *value)
{
    if (value == nullptr) {
        return 0;
    }
    const flatbuffers::Array<uint64_t, CODEC_LIMBS> *limb = value->limb();
    return 1 + limb->Get(0) + limb->Get(1) + limb->Get(2) + limb->Get(3);
}

inline bool decode_one(const codec_encoded *encoded, uint64_t *sum)
{
    const auto *bytes = reinterpret_cast<const uint8_t *>(encoded->words);
    flatbuffers::Verifier verifier(bytes, encoded->size);
    if (!bench::VerifyPoolStateBuffer(verifier)) {
        return false;
    }
    const bench::PoolState *state = bench::GetPoolState(bytes);
    const flatbuffers::Optional<int32_t> tick = state->tick();
    *sum += codec_fold(state->pool_address()->bytes()->data(), CODEC_ADDRESS_BYTES)
            + state->venue_id() + add_wide(state->reserve0()) + add_wide(state->reserve1())
            + add_wide(state->liquidity()) + add_wide(state->sqrt_price_x96())
            + (tick ? 1 + static_cast<uint64_t>(static_cast<int64_t>(*tick)) : 0)
            + state->block_number() + state->origin_ns();
    return true;
}

bool decode(const codec_encoded *messages, uint64_t *sum)
{
    bool is_good = true;
    for (uint32_t i = 0; i < CODEC_MESSAGES; i++) {
        is_good = decode_one(&messages[i], sum) && is_good;
    }
    return is_good;
}

} // namespace

extern "C" const codec_peer codec_flatbuffers = {encode, decode};
