// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Schemas without pointers, so that they can be copied and changed at random, and the descriptors
 * they stand for.
 */
#ifndef MYC_PROPS_EVOLUTION_SCHEMA_H
#define MYC_PROPS_EVOLUTION_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/schema.h>

enum {
    SCHEMA_FIELDS_MAX = 10,
    SCHEMA_INNER_MAX = 5,
    SCHEMA_STRUCTS = 3,
    SCHEMA_VALUES_MAX = 6,
    SCHEMA_VARIANTS_MAX = 5,
    SCHEMA_PRIORS_MAX = 2,
    SCHEMA_BYTES_MAX = 4096
};

struct schema_field {
    uint32_t name;
    uint8_t kind;
    uint8_t shape;
    uint16_t flags;
    uint16_t since;
    uint32_t inner;
    uint32_t count;
    uint32_t structure; /* kind STRUCT */
    uint32_t length_min;
    uint32_t length_max; /* 0: no rule */
    bool has_min;
    bool has_max;
    int64_t min;
    int64_t max;
    uint8_t initial; /* each byte of the default */
};

struct schema_enum {
    uint32_t count;
    bool is_open;
    uint32_t names[SCHEMA_VALUES_MAX];
    uint32_t values[SCHEMA_VALUES_MAX]; /* ascending */
};

struct schema_struct {
    uint32_t count;
    struct schema_field fields[SCHEMA_INNER_MAX];
};

struct schema_union {
    uint32_t count;
    uint32_t reserve; /* bytes of storage at least */
    uint32_t names[SCHEMA_VARIANTS_MAX];
    uint32_t tags[SCHEMA_VARIANTS_MAX];
    int32_t structs[SCHEMA_VARIANTS_MAX]; /* -1: none */
};

struct schema {
    struct schema_enum enumeration;
    struct schema_struct structs[SCHEMA_STRUCTS]; /* each may hold those before it */
    struct schema_union choice;
    struct schema_field fields[SCHEMA_FIELDS_MAX];
    uint32_t count;
    uint16_t version;
    uint32_t topic;
    uint32_t prior_count;
    uint16_t priors[SCHEMA_PRIORS_MAX];
};

/** Descriptors of a schema; they point into it, so it stays where it is. */
struct schema_built {
    struct myc_enum_value values[SCHEMA_VALUES_MAX];
    struct myc_enum enumeration;
    struct myc_field inner[SCHEMA_STRUCTS][SCHEMA_INNER_MAX];
    struct myc_struct structs[SCHEMA_STRUCTS];
    struct myc_variant variants[SCHEMA_VARIANTS_MAX];
    struct myc_union choice;
    struct myc_field fields[SCHEMA_FIELDS_MAX];
    struct myc_number limits[2 * (SCHEMA_FIELDS_MAX + SCHEMA_STRUCTS * SCHEMA_INNER_MAX)];
    uint32_t limit_count;
    struct myc_extent extents[SCHEMA_FIELDS_MAX + 1];
    _Alignas(8) unsigned char initial[SCHEMA_BYTES_MAX];
    uint16_t priors[SCHEMA_PRIORS_MAX];
    struct myc_message_type type;
    const struct myc_message_type *messages[1];
    struct myc_contract contract;
};

/** Draws a schema. */
void schema_draw(struct schema *schema, uint64_t *random);

/** Changes something, small or large. */
void schema_evolve(struct schema *schema, uint64_t *random);

/** Makes the descriptors. Returns: whether they are a contract. */
bool schema_build(const struct schema *schema, struct schema_built *built);

#endif
