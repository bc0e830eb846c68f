// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How names of a contract become names of C.
 */
#ifndef MYC_TOOL_GEN_NAMES_H
#define MYC_TOOL_GEN_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "schema/model.h"

/** Room for a name of 63 characters after each capital got an underscore, and its terminator. */
enum { GEN_NAME_BYTES = 2 * MYC__SCHEMA_NAME_MAX + 1 };

/** PoolStateUpdate becomes pool_state_update, V2Swap v2_swap, HTTPServer http_server. */
void gen_snake_name(const char *name, char out_name[GEN_NAME_BYTES]);

/** Upper-cases in place. */
void gen_upper(char *name);

/**
 * Whether a prefix is taken: by this library ("myc", "mycelium", "myc_..."), by names of the C
 * library and of POSIX ("pthread", "atomic"), or by a header of theirs that NAME.h would hide.
 */
bool gen_is_taken_prefix(const char *name, size_t len);

/**
 * The first C name that two messages of a contract would both generate, without the prefix.
 *
 * Returns: false if there is none.
 */
bool gen_find_clash(
    const struct myc__schema_message *a,
    const struct myc__schema_message *b,
    char out_name[2 * GEN_NAME_BYTES]);

#endif
