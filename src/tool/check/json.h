// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Strings in JSON.
 */
#ifndef MYC_TOOL_CHECK_JSON_H
#define MYC_TOOL_CHECK_JSON_H

#include <stdio.h>

static inline void check_print_string(const char *text, FILE *out)
{
    fputc('"', out);
    for (size_t i = 0; text[i] != '\0'; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < ' ') {
            fprintf(out, "\\u%04x", (unsigned)c);
        } else {
            fputc(c, out);
        }
    }
    fputc('"', out);
}

#endif
