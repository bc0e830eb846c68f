// SPDX-License-Identifier: MIT OR Apache-2.0
/* Text of bounded size. Part of the implementation unit. */
#ifndef MYC_SIM_TEXT_H
#define MYC_SIM_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* Appends to a bounded text; what does not fit is left out. */
struct sim__text {
    char *bytes;
    size_t size;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void
sim__text_add(struct sim__text *text, const char *format, ...)
{
    if (text->used + 1 >= text->size) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf(text->bytes + text->used, text->size - text->used, format, arguments);
    va_end(arguments);
    if (added > 0) {
        size_t room = text->size - text->used - 1;
        text->used += (size_t)added < room ? (size_t)added : room;
    }
}

#endif
