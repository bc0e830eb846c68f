// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How names of a contract become names of C, and what its types are called there.
 */
#ifndef MYC_TOOL_GEN_NAMES_H
#define MYC_TOOL_GEN_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "tool/gen/gen.h"
#include "tool/gen/words.h"
#include "tool/gen/writer.h"

/** PoolStateUpdate becomes pool_state_update, V2Swap v2_swap, HTTPServer http_server. */
const char *gen_snake(struct gen_writer *writer, const char *name);

/** The same in capitals. */
const char *gen_capitals(struct gen_writer *writer, const char *name);

/** The name of a type in C, trading_pool_state_update, and as a start of constants. */
const char *gen_type_name(struct gen_writer *writer, const struct gen_unit *unit, const char *name);
const char *
gen_constant_name(struct gen_writer *writer, const struct gen_unit *unit, const char *name);

/** Whether elements of a field are bytes that lie side by side and are handed on as a run. */
bool gen_is_bytes(const struct myc_field *field);

/** Whether a field is a tail. */
bool gen_is_tail(const struct myc_field *field);

/** The first tail of a message, or NULL. */
const struct myc_field *gen_first_tail(const struct myc_message_type *type);

/** Bytes of one element of a field. */
uint32_t gen_element_size(const struct myc_field *field);

/**
 * Sets what templates say about a field:
 *
 *     $f name                      $n count                 $i inner count
 *     $a its type in accessors     $s its type in memory    $z an initializer that is zero
 *     $L...$R loads from memory    $W...$Q stores           $S C name of its struct or union
 *     $U constant name of its union
 * and whether lines for optional fields are written.
 */
void gen_set_field(
    struct gen_writer *writer, const struct gen_unit *unit, const struct myc_field *field);

#endif
