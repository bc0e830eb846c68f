// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Versions of one contract, as `myc gen` would write them, for nodes that must work together or
 * refuse each other.
 *
 *     V1     Meta, and Quote, which requires Meta
 *     V2     Quote has a size, 42 by default; Extra is new
 *     WRONG  version 3: the price of Quote is another type, though min_compatible says nothing of
 * it ALONE  version 4: like V2, but it reads nothing before version 3
 */
#ifndef MYC_SIM_SCENARIOS_VERSIONS_CONTRACTS_H
#define MYC_SIM_SCENARIOS_VERSIONS_CONTRACTS_H

#include <mycelium/schema.h>

enum versions_contract { V1, V2, WRONG, ALONE, VERSIONS_COUNT };

enum { META_ID = 1, QUOTE_ID = 2, EXTRA_ID = 3, PRICE_MAX = 1000, SIZE_DEFAULT = 42 };

static const struct myc_number versions_price_max = {{PRICE_MAX, 0, 0, 0}};

static const struct myc_field versions_meta_fields[] = {
    {.name = "key", .kind = MYC_KIND_U64, .since = 1, .count = 1, .size = 8},
};
static const struct myc_field versions_quote_fields[] = {
    {.name = "key", .kind = MYC_KIND_U64, .since = 1, .count = 1, .size = 8},
    {.name = "price",
     .kind = MYC_KIND_U64,
     .since = 1,
     .count = 1,
     .offset = 8,
     .size = 8,
     .max = &versions_price_max},
    {.name = "size",
     .kind = MYC_KIND_U64,
     .flags = MYC_FIELD_DEFAULT,
     .since = 2,
     .count = 1,
     .offset = 16,
     .size = 8},
};
static const struct myc_field versions_wrong_fields[] = {
    {.name = "key", .kind = MYC_KIND_U64, .since = 1, .count = 1, .size = 8},
    {.name = "price", .kind = MYC_KIND_F64, .since = 1, .count = 1, .offset = 8, .size = 8},
};
static const struct myc_extent versions_extents[] = {
    {.version = 1, .size = 16}, {.version = 2, .size = 24}};
static const struct myc_extent versions_small_extents[] = {{.version = 1, .size = 8}};
static const uint64_t versions_quote_initial[] = {0, 0, SIZE_DEFAULT};
static const uint16_t versions_quote_priors[] = {META_ID};

static const struct myc_message_type versions_meta = {
    .id = META_ID,
    .version = 1,
    .size = 8,
    .name = "Meta",
    .topic = "quotes",
    .field_count = 1,
    .extent_count = 1,
    .fields = versions_meta_fields,
    .extents = versions_small_extents,
};
static const struct myc_message_type versions_extra = {
    .id = EXTRA_ID,
    .version = 2,
    .size = 8,
    .name = "Extra",
    .topic = "quotes",
    .field_count = 1,
    .extent_count = 1,
    .fields = versions_meta_fields,
    .extents = versions_small_extents,
};
static const struct myc_message_type versions_quote_1 = {
    .id = QUOTE_ID,
    .version = 1,
    .size = 16,
    .name = "Quote",
    .topic = "quotes",
    .field_count = 2,
    .extent_count = 1,
    .fields = versions_quote_fields,
    .extents = versions_extents,
    .prior_count = 1,
    .priors = versions_quote_priors,
};
static const struct myc_message_type versions_quote_2 = {
    .id = QUOTE_ID,
    .version = 2,
    .size = 24,
    .name = "Quote",
    .topic = "quotes",
    .field_count = 3,
    .extent_count = 2,
    .fields = versions_quote_fields,
    .initial = versions_quote_initial,
    .extents = versions_extents,
    .prior_count = 1,
    .priors = versions_quote_priors,
};
static const struct myc_message_type versions_quote_wrong = {
    .id = QUOTE_ID,
    .version = 3,
    .size = 16,
    .name = "Quote",
    .topic = "quotes",
    .field_count = 2,
    .extent_count = 1,
    .fields = versions_wrong_fields,
    .extents = versions_extents,
    .prior_count = 1,
    .priors = versions_quote_priors,
};

static const struct myc_message_type *const versions_messages_1[] = {
    &versions_meta, &versions_quote_1};
static const struct myc_message_type *const versions_messages_2[] = {
    &versions_meta, &versions_quote_2, &versions_extra};
static const struct myc_message_type *const versions_messages_wrong[] = {
    &versions_meta, &versions_quote_wrong};

#include "versions_forms.h"

#define VERSIONS_CONTRACT(contract_version, least, list, which)                                    \
    {                                                                                              \
        .name = "quotes", .id = 91, .version = (contract_version), .min_compatible = (least),      \
        .message_count = sizeof(list) / sizeof((list)[0]), .messages = (list),                     \
        .digest = VERSIONS_DIGEST_##which, .canonical = VERSIONS_FORM_##which,                     \
        .canonical_size = sizeof(VERSIONS_FORM_##which) - 1                                        \
    }

static const struct myc_contract versions_contracts[VERSIONS_COUNT] = {
    [V1] = VERSIONS_CONTRACT(1, 1, versions_messages_1, V1),
    [V2] = VERSIONS_CONTRACT(2, 1, versions_messages_2, V2),
    [WRONG] = VERSIONS_CONTRACT(3, 1, versions_messages_wrong, WRONG),
    [ALONE] = VERSIONS_CONTRACT(4, 3, versions_messages_2, ALONE),
};

#endif
