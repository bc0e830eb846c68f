// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the two forms of `myc describe` share.
 */
#ifndef MYC_TOOL_MESSAGE_DESCRIBE_H
#define MYC_TOOL_MESSAGE_DESCRIBE_H

#include "tool/message/message.h"

enum { DESCRIBE_TYPE_BYTES = 128, DESCRIBE_NUMBER_BYTES = 96 };

/** Which types to describe, one mark for each of the file's. */
struct describe_used {
    bool *enums;
    bool *structs;
    bool *unions;
};

/** Marks the types that a message uses, and those that they use. */
void describe_mark(
    struct describe_used *used,
    const struct contract_file *file,
    const struct myc_message_type *type);

/** A field's type as contracts spell it. */
void describe_spell(const struct myc_field *field, char out[DESCRIBE_TYPE_BYTES]);

bool describe_has_default(const struct myc_field *field, const void *initial);

/** Appends a field's default as JSON; `initial` is the image of its message or struct. */
void describe_default(
    const struct myc_field *field, const void *initial, struct message_bytes *out);

/** A bound of a range. */
void describe_number(
    const struct myc_field *field,
    const struct myc_number *number,
    char out[DESCRIBE_NUMBER_BYTES]);

/** Whether a length is bound by more than the field's room. */
bool describe_has_length_min(const struct myc_field *field);
bool describe_has_length_max(const struct myc_field *field);

/** Prints one JSON object. `only` NULL: all messages. */
void describe_json(
    const struct contract_file *file,
    const struct myc_message_type *only,
    const struct describe_used *used);

#endif
