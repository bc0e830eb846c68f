// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Random contracts as a plain model: what each line should come to is known here, and the text can
 * be written in many styles.
 */
#ifndef MYC_PROPS_CONTRACT_MODEL_H
#define MYC_PROPS_CONTRACT_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    MODEL_FIELDS_MAX = 8,
    MODEL_TYPES_MAX = 3,
    MODEL_VALUES_MAX = 5,
    MODEL_MESSAGES_MAX = 4,
    MODEL_DEFAULT_MAX = 32
};

struct model_field {
    char name[24];
    char type[64]; /* as it is canonically spelled */
    uint16_t flags;
    uint16_t since;
    bool has_range;
    int64_t min;
    int64_t max;
    uint32_t length_min;
    uint32_t length_max;
    char default_text[2 * MODEL_DEFAULT_MAX + 80]; /* with MYC_FIELD_DEFAULT */
    bool is_list;                                  /* the text is [...]: it cannot be quoted */
    uint8_t default_bytes[MODEL_DEFAULT_MAX];      /* from the value's offset on */
    uint32_t default_size;
    uint32_t default_count; /* of vectors and strings */
};

struct model_enum {
    char name[24];
    bool is_open;
    uint32_t count;
    uint32_t values[MODEL_VALUES_MAX]; /* ascending; their names are V0, V1, ... */
};

struct model_fields {
    char name[24];
    uint32_t count;
    struct model_field fields[MODEL_FIELDS_MAX];
};

struct model_union {
    char name[24];
    uint32_t count;
    uint32_t tags[MODEL_VALUES_MAX]; /* ascending; variants are v0, v1, ... */
    int structs[MODEL_VALUES_MAX];   /* -1: none */
};

struct model_message {
    struct model_fields body;
    uint16_t id;
    uint16_t version;
    int prior; /* -1: none */
};

struct model {
    uint32_t id;
    uint16_t version;
    uint32_t enum_count;
    uint32_t struct_count;
    uint32_t union_count;
    uint32_t message_count;
    struct model_enum enums[MODEL_TYPES_MAX];
    struct model_fields structs[MODEL_TYPES_MAX]; /* each may hold those before it */
    struct model_union unions[MODEL_TYPES_MAX];
    struct model_message messages[MODEL_MESSAGES_MAX];
};

/** A number below `limit`; the same from the same state. */
uint64_t model_draw(uint64_t *random, uint64_t limit);

/** Draws a contract. */
void model_make(struct model *model, uint64_t *random);

/** Writes it as YAML: order of keys, quotes, braces, numbers and comments are drawn. */
void model_write(const struct model *model, uint64_t *random, FILE *out);

#endif
