// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Contracts that differ, with canonical form and digest as generated ones have them.
 */
#ifndef MYC_UNIT_BUS_PAPER_H
#define MYC_UNIT_BUS_PAPER_H

#include "unit/bus/bus_fixture.h"

#include "schema/canonical.h"

enum { FORM_MAX = 32768, BULK = 400 };

// What versions of one contract the tests know: NEWER appends a field with a default, nothing else.
static const struct myc_field fields[] = {
    {.name = "key", .kind = MYC_KIND_U64, .since = 1, .count = 1, .size = 8},
    {.name = "price", .kind = MYC_KIND_U64, .since = 1, .count = 1, .offset = 8, .size = 8},
    {.name = "venue",
     .kind = MYC_KIND_U64,
     .flags = MYC_FIELD_DEFAULT,
     .since = 2,
     .count = 1,
     .offset = 16,
     .size = 8},
};
static const struct myc_extent extents[] = {{.version = 1, .size = 16}, {.version = 2, .size = 24}};
static const uint64_t initial[] = {0, 0, 42};

// A message of two words.
#define PAPER_TYPE(its_name, its_id, its_version, its_fields)                                      \
    {                                                                                              \
        .id = (its_id), .version = (its_version), .size = 16, .name = (its_name),                  \
        .topic = "alpha", .field_count = 2, .extent_count = 1, .fields = (its_fields),             \
        .extents = extents                                                                         \
    }

static const struct myc_message_type quote_1 = PAPER_TYPE("Quote", 1, 1, fields);
static const struct myc_message_type quote_2 = {
    .id = 1,
    .version = 2,
    .size = 24,
    .name = "Quote",
    .topic = "alpha",
    .field_count = 3,
    .extent_count = 2,
    .fields = fields,
    .initial = initial,
    .extents = extents,
};

// A contract with its canonical form and digest, as generated ones have.
struct paper {
    struct myc_contract contract;
    const struct myc_message_type *messages[BULK + 1];
    struct myc_message_type bulk[BULK]; /* messages that make it long */
    char names[BULK][16];
    char form[FORM_MAX];
};

static struct paper papers[2];
static struct myc__schema_types types;

static inline void finish_paper(struct paper *paper)
{
    size_t size = 0;
    paper->contract.messages = paper->messages;
    assert_int_equal(
        myc__schema_write_canonical(
            &paper->contract, &types, paper->form, sizeof(paper->form), &size),
        MYC_OK);
    assert_true(size < sizeof(paper->form));
    paper->contract.canonical = paper->form;
    paper->contract.canonical_size = (uint32_t)size;
    assert_int_equal(
        myc__schema_canonical_digest(&paper->contract, &types, paper->contract.digest), MYC_OK);
}

static inline void write_paper(
    struct paper *paper,
    uint16_t version,
    uint16_t min_compatible,
    const struct myc_message_type *quote,
    uint32_t bulk)
{
    memset(paper, 0, sizeof(*paper));
    paper->contract = (struct myc_contract){
        .name = "quotes",
        .id = 91,
        .version = version,
        .min_compatible = min_compatible,
        .message_count = 1 + bulk,
    };
    paper->messages[0] = quote;
    for (uint32_t i = 0; i < bulk; i++) {
        (void)snprintf(paper->names[i], sizeof(paper->names[i]), "Bulk%u", i);
        paper->bulk[i] = quote_1;
        paper->bulk[i].id = (uint16_t)(100 + i);
        paper->bulk[i].name = paper->names[i];
        paper->messages[1 + i] = &paper->bulk[i];
    }
    finish_paper(paper);
}

#endif
