// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Checks of single descriptors, shared by myc_contract_check() and by the reader of canonical
 * forms.
 *
 * Each looks at one thing and not at the types that it names, except for their size. INVALID with
 * the rule in the diagnostic, which begins with the thing.
 */
#ifndef MYC_SCHEMA_CHECK_H
#define MYC_SCHEMA_CHECK_H

#include <mycelium/diagnostic.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>

/** Sets "WHAT 'NAME': RULE"; NAME may be NULL. Returns INVALID. */
enum myc_status myc__schema_refuse(
    struct myc_diagnostic *diagnostic, const char *what, const char *name, const char *rule);

/** Name, values by ascending number, each named once. */
MYC_MUST_USE enum myc_status
myc__schema_check_enum(const struct myc_enum *type, struct myc_diagnostic *diagnostic);

/** Name, size, variants by ascending tag whose structs fit into the storage. */
MYC_MUST_USE enum myc_status
myc__schema_check_union(const struct myc_union *type, struct myc_diagnostic *diagnostic);

/** Name, size, and its fields, which are no tails and of version 1. */
MYC_MUST_USE enum myc_status
myc__schema_check_struct(const struct myc_struct *type, struct myc_diagnostic *diagnostic);

/** Name, type id, topic, size. */
MYC_MUST_USE enum myc_status
myc__schema_check_message(const struct myc_message_type *type, struct myc_diagnostic *diagnostic);

/** Fields and extents of a message that has some. */
MYC_MUST_USE enum myc_status myc__schema_check_message_fields(
    const struct myc_message_type *type, struct myc_diagnostic *diagnostic);

#endif
