// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Diagnostics: text in the caller's fixed buffer. A cut is always visible as a trailing "...".
#include <mycelium/diagnostic.h>

#include <string.h>

#include "core/text.h"

_Static_assert(sizeof(struct myc_diagnostic) == 256, "a diagnostic is 256 bytes on every host");

static void mark_cut(const struct myc__text *text)
{
    if (text->is_cut) {
        memcpy(text->data + text->len - 3, "...", 3);
    }
}

// Continues the text that is already in the buffer.
static struct myc__text resume_text(struct myc_diagnostic *diagnostic)
{
    struct myc__text text = {
        .data = diagnostic->text,
        .capacity = sizeof(diagnostic->text),
        .len = strlen(diagnostic->text),
    };
    return text;
}

void myc_diagnostic_clear(struct myc_diagnostic *diagnostic)
{
    if (diagnostic != NULL) {
        memset(diagnostic, 0, sizeof(*diagnostic));
    }
}

enum myc_status myc_diagnostic_set(
    struct myc_diagnostic *diagnostic, enum myc_status status, int32_t os_error, const char *text)
{
    if (diagnostic != NULL) {
        struct myc__text out;
        diagnostic->status = status;
        diagnostic->os_error = os_error;
        myc__text_init(&out, diagnostic->text, sizeof(diagnostic->text));
        myc__text_string(&out, text);
        mark_cut(&out);
    }
    return status;
}

void myc_diagnostic_wrap(struct myc_diagnostic *diagnostic, const char *outer)
{
    if (diagnostic == NULL) {
        return;
    }
    struct myc_diagnostic inner = *diagnostic;
    struct myc__text out;
    myc__text_init(&out, diagnostic->text, sizeof(diagnostic->text));
    myc__text_string(&out, outer);
    myc__text_string(&out, ": ");
    myc__text_string(&out, inner.text);
    mark_cut(&out);
}

void myc_diagnostic_append(struct myc_diagnostic *diagnostic, const char *text)
{
    if (diagnostic != NULL) {
        struct myc__text out = resume_text(diagnostic);
        myc__text_string(&out, text);
        mark_cut(&out);
    }
}

void myc_diagnostic_append_u64(struct myc_diagnostic *diagnostic, uint64_t number)
{
    if (diagnostic != NULL) {
        struct myc__text out = resume_text(diagnostic);
        myc__text_u64(&out, number);
        mark_cut(&out);
    }
}

void myc_diagnostic_append_quoted(struct myc_diagnostic *diagnostic, const char *name, size_t len)
{
    if (diagnostic != NULL) {
        struct myc__text out = resume_text(diagnostic);
        myc__text_string(&out, "'");
        myc__text_printable(&out, name, len);
        myc__text_string(&out, "'");
        mark_cut(&out);
    }
}
