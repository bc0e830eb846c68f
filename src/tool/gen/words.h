// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How words of a contract become words of C; nothing here knows what a contract is.
 */
#ifndef MYC_TOOL_GEN_WORDS_H
#define MYC_TOOL_GEN_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "schema/limits.h"

/** Room for a name of 63 characters after each capital got an underscore, and its terminator. */
enum { GEN_NAME_BYTES = 2 * MYC__SCHEMA_NAME_MAX + 1 };

/** PoolStateUpdate becomes pool_state_update, V2Swap v2_swap, HTTPServer http_server. */
void gen_snake_name(const char *name, char out_name[GEN_NAME_BYTES]);

/**
 * Whether a prefix is taken: by this library ("myc", "mycelium", "myc_..."), by names of the C
 * library and of POSIX ("pthread", "atomic"), or by a header of theirs that NAME.h would hide.
 */
bool gen_is_taken_prefix(const char *name, size_t len);

#endif
