// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The parts of generated code; each part is a file of its own.
 */
#ifndef MYC_TOOL_GEN_EMIT_H
#define MYC_TOOL_GEN_EMIT_H

#include "tool/gen/names.h"
#include "tool/gen/writer.h"

/** Fields that lie together: of a message or of a struct. */
struct gen_holder {
    const struct gen_unit *unit;
    const char *name; /* as the contract spells it */
    const struct myc_field *fields;
    uint32_t field_count;
    uint32_t size;
    const struct contract_notes *notes;
    const struct myc_message_type *message; /* NULL: a struct */
};

/** The holder of a message or of a struct, by its place in the contract. */
struct gen_holder gen_message_holder(const struct gen_unit *unit, uint32_t index);
struct gen_holder gen_struct_holder(const struct gen_unit *unit, uint32_t index);

/** Sets $T (C name), $C (start of constants), $N (the contract's name), $m (a pointer's name). */
void gen_set_holder(struct gen_writer *writer, const struct gen_holder *holder);

/** Enums, then structs and unions, each after what it is made of. */
void gen_emit_types(struct gen_writer *writer, const struct gen_unit *unit);

/** The C struct of a holder, with its layout asserted. */
void gen_emit_struct(struct gen_writer *writer, const struct gen_holder *holder);

/** Getters, setters and what else moves fields. */
void gen_emit_accessors(struct gen_writer *writer, const struct gen_holder *holder);

/** Reads a tail from a record. */
void gen_emit_tail_access(struct gen_writer *writer, const struct gen_holder *holder);

/** The constants and functions of a message, without its fields' accessors. */
void gen_emit_message(struct gen_writer *writer, const struct gen_holder *holder);

/** Claiming a copy of a received message; publishing a message with its tails. */
void gen_emit_claim_copy(struct gen_writer *writer, const struct gen_holder *holder);
void gen_emit_tail_publish(struct gen_writer *writer, const struct gen_holder *holder);

/** Decoding of any message, and routing by one switch: declarations, definitions. */
void gen_emit_any_header(struct gen_writer *writer, const struct gen_unit *unit);
void gen_emit_any_source(struct gen_writer *writer, const struct gen_unit *unit);

/** Descriptors: of enums, structs and unions; of a message; of the contract, the last. */
void gen_emit_type_tables(struct gen_writer *writer, const struct gen_unit *unit);
void gen_emit_message_table(struct gen_writer *writer, const struct gen_holder *holder);
void gen_emit_contract_table(struct gen_writer *writer, const struct gen_unit *unit);

/** Whether a message's quick check is short enough to be compiled into whoever validates. */
bool gen_is_inline_check(const struct gen_holder *holder);

/** Checks that find whether a holder is worth a closer look; $T_suspect() where needed. */
void gen_emit_check(struct gen_writer *writer, const struct gen_holder *holder);
void gen_emit_union_check(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index);

/** Whether any bytes of it can be wrong, so that it has a check. */
bool gen_needs_check(const struct myc_field *fields, uint32_t count);

/** Comparison of fields, not of padding: $T_equals(). */
void gen_emit_equals(struct gen_writer *writer, const struct gen_holder *holder);
void gen_emit_union_equals(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index);

/** Writes something about one struct or union of the contract. */
typedef void gen_type_fn(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index);

/** Calls a function for each struct and union of the contract, or only for those that messages use,
 * each after what it is made of. */
void gen_each_type(
    struct gen_writer *writer,
    const struct gen_unit *unit,
    bool is_used_only,
    gen_type_fn *on_struct,
    gen_type_fn *on_union);

#endif
