// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Writing C that reads as if a person had: calls and comments broken at 100 columns.
 */
#ifndef MYC_TOOL_GEN_WRITER_H
#define MYC_TOOL_GEN_WRITER_H

#include <stddef.h>
#include <stdio.h>

#include "tool/gen/gen.h"
#include "tool/gen/names.h"

enum { GEN_LINE_MAX = 100, GEN_ARGUMENTS_MAX = 5, GEN_ARGUMENT_BYTES = 640 };

/** A name's forms in C: the contract's prefix and the message's own name. */
struct gen_names {
    char type[2 * GEN_NAME_BYTES];     /* trading_pool_state_update */
    char constant[2 * GEN_NAME_BYTES]; /* TRADING_POOL_STATE_UPDATE */
};

/** Fills the C names of a message. */
void gen_names_init(
    struct gen_names *names, const char *prefix, const struct myc__schema_message *message);

/** What stands between parentheses: of a declaration, a call or an assertion. */
struct gen_call {
    FILE *out;
    unsigned indent;               /* spaces before the line */
    char head[GEN_ARGUMENT_BYTES]; /* up to and with the opening parenthesis */
    char arguments[GEN_ARGUMENTS_MAX][GEN_ARGUMENT_BYTES];
    size_t argument_count;
    const char *tail; /* from the closing parenthesis to the end of the line */
};

/** Starts a call; the head is formatted. */
void gen_call_begin(struct gen_call *call, FILE *out, unsigned indent, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** Adds one argument, formatted. */
void gen_call_argument(struct gen_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Writes the call on one line, or its arguments on the next, or each on its own. */
void gen_call_end(struct gen_call *call, const char *tail);

/** Writes a comment of one or more lines, each starting with `start`, words wrapped. */
void gen_write_comment(FILE *out, unsigned indent, const char *text);

#endif
