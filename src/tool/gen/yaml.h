// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A typed walk over libyaml's document tree: every complaint carries the place it is about.
 */
#ifndef MYC_TOOL_GEN_YAML_H
#define MYC_TOOL_GEN_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "tool/gen/gen.h"

/** A document being read and where its first error goes. */
struct gen_yaml {
    yaml_document_t document;
    struct gen_error *error;
};

/** One key of a mapping and its value. */
struct gen_pair {
    yaml_node_t *key;
    yaml_node_t *value;
};

/** Parses the one document in `bytes`; on true, gen_yaml_close() follows. */
bool gen_yaml_open(
    struct gen_yaml *yaml, const char *bytes, size_t size, struct gen_error *out_error);
void gen_yaml_close(struct gen_yaml *yaml);

/** Records an error at a node and returns false. */
bool gen_yaml_fail(struct gen_yaml *yaml, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** How many pairs a mapping has, and one of them. */
size_t gen_yaml_pair_count(const yaml_node_t *mapping);
struct gen_pair gen_yaml_pair(struct gen_yaml *yaml, const yaml_node_t *mapping, size_t index);

/**
 * Checks that a node is a mapping whose keys are plain text and differ, and, unless `allowed` is
 * NULL, are among `allowed` (ended by NULL). `what` names the node in errors.
 */
bool gen_yaml_check_mapping(
    struct gen_yaml *yaml, const yaml_node_t *node, const char *what, const char *const *allowed);

/** The value of a key of a checked mapping, or NULL. */
yaml_node_t *gen_yaml_find(struct gen_yaml *yaml, const yaml_node_t *mapping, const char *key);

/** A scalar's text; terminated, though it may hold zero bytes. Fails unless the node is a scalar.
 */
bool gen_yaml_text(
    struct gen_yaml *yaml,
    const yaml_node_t *node,
    const char *what,
    const char **out_text,
    size_t *out_len);

/** A whole number from `min` to `max`, decimal or 0x hexadecimal; with `v` allowed before it. */
bool gen_yaml_number(
    struct gen_yaml *yaml,
    const yaml_node_t *node,
    const char *what,
    uint64_t min,
    uint64_t max,
    uint64_t *out_number);

/** A description: printable text on one line, in memory the caller frees. */
bool gen_yaml_description(struct gen_yaml *yaml, const yaml_node_t *node, char **out_text);

/** Copies at most `capacity` - 1 bytes that are safe to print, and terminates. */
void gen_yaml_quote(char *buffer, size_t capacity, const char *text, size_t len);

#endif
