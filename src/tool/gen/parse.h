// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The two halves of the contract reader.
 */
#ifndef MYC_TOOL_GEN_PARSE_H
#define MYC_TOOL_GEN_PARSE_H

#include <stdbool.h>

#include "tool/gen/gen.h"
#include "tool/gen/yaml.h"

/**
 * Reads the fields of one message, a mapping or a list of one-entry mappings, and lays them out.
 *
 * What was read before an error stays in `message` and `notes` for gen_contract_deinit().
 */
bool gen_parse_fields(
    struct gen_yaml *yaml,
    const yaml_node_t *node,
    struct myc__schema_message *message,
    struct gen_notes *notes);

#endif
