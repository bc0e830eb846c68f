// SPDX-License-Identifier: MIT OR Apache-2.0
//
// protobuf-c. Its allocator is a block that each message starts anew, the least that unpacking can
// cost; with malloc it takes half as long again.
#include <stdalign.h>

#include "codec_values.h"
#include "pool_state.pb-c.h"

enum { BLOCK_BYTES = 2048, ALIGNMENT = 16 };

struct block {
    alignas(ALIGNMENT) unsigned char bytes[BLOCK_BYTES];
    size_t used;
};

static void *block_alloc(void *context, size_t size)
{
    struct block *block = context;
    size_t padded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (padded > BLOCK_BYTES - block->used) {
        return NULL;
    }
    void *bytes = block->bytes + block->used;
    block->used += padded;
    return bytes;
}

static void block_free(void *context, void *bytes)
{
    (void)context;
    (void)bytes; // all of it goes at once
}

static ProtobufCBinaryData bytes_of(struct codec_wide *value)
{
    return (ProtobufCBinaryData){CODEC_WIDE_BYTES, (uint8_t *)value->limb};
}

static bool encode(const struct codec_values *values, struct codec_encoded *out)
{
    struct codec_values copy = *values;
    BenchPoolState message;
    bench_pool_state__init(&message);
    message.pool_address = (ProtobufCBinaryData){CODEC_ADDRESS_BYTES, copy.address};
    message.venue_id = copy.venue;
    message.has_reserve0 = copy.reserve0.is_present;
    message.reserve0 = bytes_of(&copy.reserve0);
    message.has_reserve1 = copy.reserve1.is_present;
    message.reserve1 = bytes_of(&copy.reserve1);
    message.has_liquidity = copy.liquidity.is_present;
    message.liquidity = bytes_of(&copy.liquidity);
    message.has_sqrt_price_x96 = copy.sqrt_price.is_present;
    message.sqrt_price_x96 = bytes_of(&copy.sqrt_price);
    message.has_tick = copy.has_tick;
    message.tick = copy.tick;
    message.block_number = copy.block;
    message.origin_ns = copy.origin_ns;
    out->size = bench_pool_state__get_packed_size(&message);
    return out->size <= sizeof(out->words)
           && bench_pool_state__pack(&message, (uint8_t *)out->words) == out->size;
}

// Adds a number that may be absent. Returns: false if it has another size.
static inline bool
add_wide(protobuf_c_boolean is_present, const ProtobufCBinaryData *bytes, uint64_t *sum)
{
    if (is_present == 0) {
        return true;
    }
    *sum += 1 + codec_fold(bytes->data, CODEC_WIDE_BYTES);
    return bytes->len == CODEC_WIDE_BYTES;
}

static inline bool decode_one(const struct codec_encoded *encoded, uint64_t *sum)
{
    struct block block;
    block.used = 0;
    ProtobufCAllocator allocator = {block_alloc, block_free, &block};
    BenchPoolState *message =
        bench_pool_state__unpack(&allocator, encoded->size, (const uint8_t *)encoded->words);
    if (message == NULL || message->pool_address.len != CODEC_ADDRESS_BYTES) {
        return false;
    }
    bool is_good = add_wide(message->has_reserve0, &message->reserve0, sum)
                   && add_wide(message->has_reserve1, &message->reserve1, sum)
                   && add_wide(message->has_liquidity, &message->liquidity, sum)
                   && add_wide(message->has_sqrt_price_x96, &message->sqrt_price_x96, sum);
    *sum += codec_fold(message->pool_address.data, CODEC_ADDRESS_BYTES) + message->venue_id
            + (message->has_tick != 0 ? 1 + (uint64_t)(int64_t)message->tick : 0)
            + message->block_number + message->origin_ns;
    return is_good;
}

static bool decode(const struct codec_encoded *messages, uint64_t *sum)
{
    bool is_good = true;
    for (uint32_t i = 0; i < CODEC_MESSAGES; i++) {
        is_good = decode_one(&messages[i], sum) && is_good;
    }
    return is_good;
}

const struct codec_peer codec_protobuf_c = {encode, decode};
