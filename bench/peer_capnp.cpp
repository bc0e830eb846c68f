// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Cap'n Proto, the C++ library: the reader checks all it follows.
#include <cstring>

#include <capnp/message.h>
#include <capnp/serialize.h>

#include "codec_values.h"
#include "pool_state.capnp.h"

namespace
{

template <typename Group> void set_wide(Group &&group, const codec_wide &value)
{
    group.setA(value.limb[0]);
    group.setB(value.limb[1]);
    group.setC(value.limb[2]);
    group.setD(value.limb[3]);
}

bool encode(const codec_values *values, codec_encoded *out)
{
    capnp::MallocMessageBuilder builder;
    BenchPoolState::Builder state = builder.initRoot<BenchPoolState>();
    uint64_t words[3] = {0};
    std::memcpy(words, values->address, CODEC_ADDRESS_BYTES);
    state.setAddress0(words[0]);
    state.setAddress1(words[1]);
    state.setAddress2(static_cast<uint32_t>(words[2]));
    state.setVenueId(values->venue);
    state.setHasReserve0(values->reserve0.is_present);
    state.setHasReserve1(values->reserve1.is_present);
    state.setHasLiquidity(values->liquidity.is_present);
    state.setHasSqrtPrice(values->sqrt_price.is_present);
    state.setHasTick(values->has_tick);
    state.setTick(values->tick);
    state.setBlockNumber(values->block);
    state.setOriginNs(values->origin_ns);
    set_wide(state.getReserve0(), values->reserve0);
    set_wide(state.getReserve1(), values->reserve1);
    set_wide(state.getLiquidity(), values->liquidity);
    set_wide(state.getSqrtPrice(), values->sqrt_price);
    kj::Array<capnp::word> flat = capnp::messageToFlatArray(builder);
    out->size = flat.asBytes().size();
    if (out->size > sizeof(out->words)) {
        return false;
    }
    std::memcpy(out->words, flat.begin(), out->size);
    return true;
}

template <typename Group> inline uint64_t add_wide(bool is_present, Group &&group)
{
    return is_present ? 1 + group.getA() + group.getB() + group.getC() + group.getD() : 0;
}

inline bool decode_one(const codec_encoded *encoded, uint64_t *sum)
{
    const auto *words = reinterpret_cast<const capnp::word *>(encoded->words);
    capnp::FlatArrayMessageReader reader(kj::arrayPtr(words, encoded->size / sizeof(capnp::word)));
    BenchPoolState::Reader state = reader.getRoot<BenchPoolState>();
    *sum += state.getAddress0() + state.getAddress1() + state.getAddress2() + state.getVenueId()
            + add_wide(state.getHasReserve0(), state.getReserve0())
            + add_wide(state.getHasReserve1(), state.getReserve1())
            + add_wide(state.getHasLiquidity(), state.getLiquidity())
            + add_wide(state.getHasSqrtPrice(), state.getSqrtPrice())
            + (state.getHasTick() ? 1 + static_cast<uint64_t>(static_cast<int64_t>(state.getTick()))
                                  : 0)
            + state.getBlockNumber() + state.getOriginNs();
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

extern "C" const codec_peer codec_capnp = {encode, decode};
