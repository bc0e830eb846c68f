// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A message with a field of every shape, described by hand, and its bytes put down one by one, so
 * that nothing here depends on the host's byte order.
 */
#ifndef MYC_UNIT_CODEC_CODEC_FIXTURE_H
#define MYC_UNIT_CODEC_CODEC_FIXTURE_H

#include <stdint.h>
#include <string.h>

#include <mycelium/message.h>

enum {
    ORDER_ID = 0,
    ORDER_SIDE = 8,
    ORDER_LIVE = 12,
    ORDER_HAS_LIMIT = 13,
    ORDER_LIMIT = 16,
    ORDER_NOTE_LENGTH = 20,
    ORDER_NOTE = 24,
    ORDER_ADDRESS = 31,
    ORDER_RATIO = 36,
    ORDER_LEG_COUNT = 40,
    ORDER_LEGS = 48,
    ORDER_TAG = 96,
    ORDER_DETAIL = 104,
    ORDER_COMMENT = 120,
    ORDER_AMOUNT = 128, /* from version 2 */
    ORDER_LEVELS = 160,
    ORDER_PAIRS = 166,
    ORDER_KEY_LENGTH = 172,
    ORDER_KEY = 176,
    ORDER_BLOB = 184, /* from version 3 */
    ORDER_BYTES = 192,
    ORDER_PAYLOAD_BYTES = ORDER_BYTES + 16,

    LEG_PRICE = 0,
    LEG_SIDE = 8,
    LEG_HAS_WEIGHT = 12,
    LEG_WEIGHT = 13,
    LEG_BYTES = 16
};

static const struct myc_enum_value side_values[] = {{"BUY", 1, 0}, {"SELL", 2, 0}, {"HOLD", 9, 1}};
static const struct myc_enum side = {"Side", 0, 3, side_values};
static const struct myc_number price_max = {{100, 0, 0, 0}};
static const struct myc_number limit_min = {{(uint64_t)-5, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
static const struct myc_number limit_max = {{1000, 0, 0, 0}};
static const struct myc_number ratio_min = {{0xBFF8000000000000, 0, 0, 0}}; /* -1.5 */
static const struct myc_number ratio_max = {{0x4000000000000000, 0, 0, 0}}; /* 2 */

static const struct myc_field leg_fields[] = {
    {.name = "price",
     .kind = MYC_KIND_U64,
     .count = 1,
     .offset = LEG_PRICE,
     .size = 8,
     .max = &price_max},
    {.name = "side",
     .kind = MYC_KIND_ENUM,
     .count = 1,
     .offset = LEG_SIDE,
     .size = 4,
     .enumeration = &side},
    {.name = "weight",
     .kind = MYC_KIND_U8,
     .flags = MYC_FIELD_OPTIONAL,
     .count = 1,
     .offset = LEG_WEIGHT,
     .size = 1,
     .presence = LEG_HAS_WEIGHT},
};
static const struct myc_struct leg = {"Leg", LEG_BYTES, 3, leg_fields, NULL};
static const struct myc_field limit_fields[] = {
    {.name = "price", .kind = MYC_KIND_I64, .count = 1, .size = 8},
};
static const struct myc_struct limit = {"Limit", 8, 1, limit_fields, NULL};
static const struct myc_field stop_fields[] = {
    {.name = "leg", .kind = MYC_KIND_STRUCT, .count = 1, .size = LEG_BYTES, .structure = &leg},
};
static const struct myc_struct stop = {"Stop", LEG_BYTES, 1, stop_fields, NULL};
static const struct myc_variant detail_variants[] = {
    {"limit", 1, 0, &limit}, {"market", 2, 0, NULL}, {"stop", 3, 0, &stop}};
static const struct myc_union detail = {"Detail", 16, 3, detail_variants};

static const struct myc_field order_fields[] = {
    {.name = "id", .kind = MYC_KIND_U64, .since = 1, .count = 1, .offset = ORDER_ID, .size = 8},
    {.name = "side",
     .kind = MYC_KIND_ENUM,
     .since = 1,
     .count = 1,
     .offset = ORDER_SIDE,
     .size = 4,
     .enumeration = &side},
    {.name = "live",
     .kind = MYC_KIND_BOOL,
     .since = 1,
     .count = 1,
     .offset = ORDER_LIVE,
     .size = 1},
    {.name = "limit",
     .kind = MYC_KIND_I32,
     .flags = MYC_FIELD_OPTIONAL,
     .since = 1,
     .count = 1,
     .offset = ORDER_LIMIT,
     .size = 4,
     .presence = ORDER_HAS_LIMIT,
     .min = &limit_min,
     .max = &limit_max},
    {.name = "note",
     .kind = MYC_KIND_U8,
     .shape = MYC_SHAPE_STRING,
     .since = 1,
     .count = 7,
     .offset = ORDER_NOTE,
     .size = 7,
     .counter = ORDER_NOTE_LENGTH,
     .length_min = 1,
     .length_max = 6},
    {.name = "address",
     .kind = MYC_KIND_U8,
     .shape = MYC_SHAPE_ARRAY,
     .flags = MYC_FIELD_NONZERO,
     .since = 1,
     .count = 5,
     .offset = ORDER_ADDRESS,
     .size = 5},
    {.name = "ratio",
     .kind = MYC_KIND_F32,
     .flags = MYC_FIELD_FINITE | MYC_FIELD_NONZERO,
     .since = 1,
     .count = 1,
     .offset = ORDER_RATIO,
     .size = 4,
     .min = &ratio_min,
     .max = &ratio_max},
    {.name = "legs",
     .kind = MYC_KIND_STRUCT,
     .shape = MYC_SHAPE_VECTOR,
     .since = 1,
     .count = 3,
     .offset = ORDER_LEGS,
     .size = 3 * LEG_BYTES,
     .counter = ORDER_LEG_COUNT,
     .length_max = 3,
     .structure = &leg},
    {.name = "detail",
     .kind = MYC_KIND_UNION,
     .since = 1,
     .count = 1,
     .offset = ORDER_DETAIL,
     .size = 16,
     .counter = ORDER_TAG,
     .choice = &detail},
    {.name = "comment",
     .kind = MYC_KIND_U8,
     .shape = MYC_SHAPE_TAIL_STRING,
     .flags = MYC_FIELD_ASCII,
     .since = 1,
     .count = 1,
     .offset = ORDER_COMMENT,
     .size = 8,
     .length_max = 10},
    {.name = "amount",
     .kind = MYC_KIND_U256,
     .since = 2,
     .count = 1,
     .offset = ORDER_AMOUNT,
     .size = 32},
    {.name = "levels",
     .kind = MYC_KIND_I16,
     .shape = MYC_SHAPE_ARRAY,
     .since = 2,
     .count = 3,
     .offset = ORDER_LEVELS,
     .size = 6},
    {.name = "pairs",
     .kind = MYC_KIND_U8,
     .shape = MYC_SHAPE_ARRAY,
     .since = 2,
     .inner = 2,
     .count = 2,
     .offset = ORDER_PAIRS,
     .size = 4},
    {.name = "key",
     .kind = MYC_KIND_U8,
     .shape = MYC_SHAPE_VECTOR,
     .flags = MYC_FIELD_SECRET,
     .since = 2,
     .count = 4,
     .offset = ORDER_KEY,
     .size = 4,
     .counter = ORDER_KEY_LENGTH},
    {.name = "blob",
     .kind = MYC_KIND_U8,
     .shape = MYC_SHAPE_TAIL_BYTES,
     .since = 3,
     .count = 1,
     .offset = ORDER_BLOB,
     .size = 8},
};

/* The initial image: side BUY, levels 1, -2, 3. */
static const unsigned char order_initial[ORDER_BYTES] = {
    [ORDER_SIDE] = 1,
    [ORDER_LEVELS] = 1,
    [ORDER_LEVELS + 2] = 0xFE,
    [ORDER_LEVELS + 3] = 0xFF,
    [ORDER_LEVELS + 4] = 3};

static const struct myc_extent order_extents[] = {
    {1, 0, ORDER_AMOUNT}, {2, 0, ORDER_BLOB}, {3, 0, ORDER_BYTES}};

static const struct myc_message_type order_type = {
    .id = 7,
    .version = 3,
    .size = ORDER_BYTES,
    .name = "Order",
    .topic = "orders",
    .field_count = sizeof(order_fields) / sizeof(order_fields[0]),
    .extent_count = 3,
    .fields = order_fields,
    .initial = order_initial,
    .extents = order_extents,
    .has_tail = 1,
};

/* A payload with all that can follow the fields. */
union order {
    uint64_t words[ORDER_PAYLOAD_BYTES / 8];
    unsigned char bytes[ORDER_PAYLOAD_BYTES];
};

static inline void put(union order *order, uint32_t offset, uint32_t size, uint64_t number)
{
    for (uint32_t i = 0; i < size; i++) {
        order->bytes[offset + i] = (unsigned char)(number >> (8 * i));
    }
}

/* A valid order of version 3 with two legs and both tails. */
static inline void order_make(union order *order)
{
    memset(order, 0, sizeof(*order));
    memcpy(order->bytes, order_initial, ORDER_BYTES);
    put(order, ORDER_ID, 8, UINT64_MAX);
    put(order, ORDER_LIVE, 1, 1);
    put(order, ORDER_HAS_LIMIT, 1, 1);
    put(order, ORDER_LIMIT, 4, (uint64_t)-5);
    put(order, ORDER_NOTE_LENGTH, 4, 4);
    memcpy(order->bytes + ORDER_NOTE, "a\"\xC3\xA9", 4);
    put(order, ORDER_ADDRESS, 5, 0x0504030201);
    put(order, ORDER_RATIO, 4, 0x3DCCCCCD); /* 0.1 */
    put(order, ORDER_LEG_COUNT, 4, 2);
    put(order, ORDER_LEGS + LEG_PRICE, 8, 100);
    put(order, ORDER_LEGS + LEG_SIDE, 4, 2);
    put(order, ORDER_LEGS + LEG_BYTES + LEG_PRICE, 8, 1);
    put(order, ORDER_LEGS + LEG_BYTES + LEG_SIDE, 4, 9);
    put(order, ORDER_LEGS + LEG_BYTES + LEG_HAS_WEIGHT, 1, 1);
    put(order, ORDER_LEGS + LEG_BYTES + LEG_WEIGHT, 1, 3);
    put(order, ORDER_TAG, 4, 1);
    put(order, ORDER_DETAIL, 8, (uint64_t)-7);
    put(order, ORDER_COMMENT, 4, ORDER_BYTES);
    put(order, ORDER_COMMENT + 4, 4, 5);
    memcpy(order->bytes + ORDER_BYTES, "hello", 5);
    put(order, ORDER_AMOUNT + 24, 8, (uint64_t)1 << 63);
    put(order, ORDER_PAIRS, 4, 0xDDCCBBAA);
    put(order, ORDER_KEY_LENGTH, 4, 1);
    put(order, ORDER_KEY, 1, 0x99);
    put(order, ORDER_BLOB, 4, ORDER_BYTES + 8);
    put(order, ORDER_BLOB + 4, 4, 2);
    put(order, ORDER_BYTES + 8, 2, 0x0201);
}

static inline struct myc_message order_message(const union order *order)
{
    return myc_message_of(&order_type, order, ORDER_PAYLOAD_BYTES);
}

/* The same as its version 1 was written: the tail moves to where that version ends. */
static inline struct myc_record order_make_old(union order *order, union order *scratch)
{
    order_make(scratch);
    memset(order, 0, sizeof(*order));
    memcpy(order->bytes, scratch->bytes, ORDER_AMOUNT);
    put(order, ORDER_COMMENT, 4, ORDER_AMOUNT);
    memcpy(order->bytes + ORDER_AMOUNT, "hello", 5);
    const struct myc_record record = {
        .type = 7, .version = 1, .size = ORDER_AMOUNT + 5, .payload = order};
    return record;
}

#endif
