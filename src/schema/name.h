// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Names that a contract may use, so that they can become C identifiers with any prefix.
 */
#ifndef MYC_SCHEMA_NAME_H
#define MYC_SCHEMA_NAME_H

#include <stdbool.h>
#include <stddef.h>

/** Contracts, fields and variants: lower-case letters, digits and single underscores, starting with
 * a letter and not ending with an underscore. */
bool myc__schema_is_snake_name(const char *name, size_t len);

/** Messages and types: letters and digits, starting with a capital, as in PoolStateUpdate. */
bool myc__schema_is_pascal_name(const char *name, size_t len);

/** Values of enums: capitals, digits and single underscores, starting with a capital. */
bool myc__schema_is_upper_name(const char *name, size_t len);

/** Topics: letters, digits and . _ - /, starting and ending with a letter or digit. */
bool myc__schema_is_topic_name(const char *name, size_t len);

/** Words that C11 or C++17 keep for themselves, and predefined macros of common compilers. */
bool myc__schema_is_keyword(const char *name, size_t len);

/** Whether two terminated names are the same. */
bool myc__schema_is_same_name(const char *a, const char *b);

/** Below zero, zero or above: the order of two terminated names by their bytes. */
int myc__schema_compare_names(const char *a, const char *b);

#endif
