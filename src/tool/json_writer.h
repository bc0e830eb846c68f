// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * JSON as commands write it: members and elements with the commas between them, on one line.
 */
#ifndef MYC_TOOL_JSON_WRITER_H
#define MYC_TOOL_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tool/message/message.h"

/*
 * Each begins with a comma if something stands before it in the same brackets. `name` is that of a
 * member, NULL for an element; `out` holds nothing but the text that is written.
 */

/** Only the name: the caller appends the value. */
void json_write_name(struct message_bytes *out, const char *name);

/** A string; with `text` NULL nothing at all. */
void json_write_text(struct message_bytes *out, const char *name, const char *text);

void json_write_number(struct message_bytes *out, const char *name, uint64_t number);
void json_write_bool(struct message_bytes *out, const char *name, bool is_true);
void json_write_null(struct message_bytes *out, const char *name);

/** Opens "{" or "[", which the caller closes by message_append_text(). */
void json_write_open(struct message_bytes *out, const char *name, const char *bracket);

/** Ends the line, prints it and frees it. */
void json_write_line(struct message_bytes *out, FILE *file);

#endif
