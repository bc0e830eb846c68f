// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tool/json_writer.h"

#include <inttypes.h>
#include <stdlib.h>

void json_write_name(struct message_bytes *out, const char *name)
{
    unsigned char last = out->size > 0 ? out->data[out->size - 1] : '{';
    message_append_text(out, last == '{' || last == '[' ? "" : ",");
    if (name != NULL) {
        message_append_quoted(out, name);
        message_append_text(out, ":");
    }
}

void json_write_text(struct message_bytes *out, const char *name, const char *text)
{
    if (text != NULL) {
        json_write_name(out, name);
        message_append_quoted(out, text);
    }
}

void json_write_number(struct message_bytes *out, const char *name, uint64_t number)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%" PRIu64, number);
    json_write_name(out, name);
    message_append_text(out, text);
}

void json_write_bool(struct message_bytes *out, const char *name, bool is_true)
{
    json_write_name(out, name);
    message_append_text(out, is_true ? "true" : "false");
}

void json_write_null(struct message_bytes *out, const char *name)
{
    json_write_name(out, name);
    message_append_text(out, "null");
}

void json_write_open(struct message_bytes *out, const char *name, const char *bracket)
{
    json_write_name(out, name);
    message_append_text(out, bracket);
}

void json_write_line(struct message_bytes *out, FILE *file)
{
    message_append_text(out, "\n");
    (void)fwrite(out->data, 1, out->size, file);
    free(out->data);
    *out = (struct message_bytes){0};
}
