// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Writing C that reads as if a person had: templates whose lines are broken at 100 columns.
 */
#ifndef MYC_TOOL_GEN_WRITER_H
#define MYC_TOOL_GEN_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { GEN_LINE_MAX = 100, GEN_VARIABLES = 128 };

struct gen_string;

/**
 * Where text goes and what stands for `$x` in it. Values are the caller's and live as long as they
 * are used. Start with a zeroed one that has `out`; end with gen_writer_deinit().
 */
struct gen_writer {
    FILE *out;
    bool is_optional; /* whether lines that start with '?' are written, or those with '!' */
    const char *values[GEN_VARIABLES];
    struct gen_string *strings; /* what gen_format() made */
};

/** Frees all strings that gen_format() made for this writer. */
void gen_writer_deinit(struct gen_writer *writer);

/** What `$name` stands for from now on. */
void gen_set(struct gen_writer *writer, char name, const char *value);

/**
 * Writes a template: in each line `$x` becomes the value of x and `$$` a dollar sign. A line that
 * starts with '?' is for optional fields only, one with '!' for the others. Lines that became too
 * long are broken behind a parenthesis, comments between words.
 */
void gen_put(struct gen_writer *writer, const char *text);

/** Writes one formatted line, without `$`, broken like a template's. */
void gen_line(struct gen_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Writes a comment of one or more lines, words wrapped. */
void gen_comment(struct gen_writer *writer, unsigned indent, const char *text);

/** Writes a C string literal with its quotes. */
void gen_literal(FILE *out, const char *text, size_t len);

/** A formatted string that lives as long as the writer. */
char *gen_format(struct gen_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
