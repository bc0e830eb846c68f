// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * `myc fmt`: a contract file as written, with its comments and blank lines, and in canonical style.
 */
#ifndef MYC_TOOL_CONTRACT_FMT_H
#define MYC_TOOL_CONTRACT_FMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tool/contract/arena.h"

enum fmt_kind { FMT_SCALAR, FMT_MAPPING, FMT_SEQUENCE };

/** Where a mapping stands: it decides on the order of its keys. */
enum fmt_context {
    FMT_OTHER,
    FMT_ROOT,
    FMT_SCHEMA,
    FMT_RANGES,
    FMT_RANGE,
    FMT_ENUMS,
    FMT_ENUM,
    FMT_VALUES,
    FMT_VALUE,
    FMT_STRUCTS,
    FMT_STRUCT,
    FMT_UNIONS,
    FMT_UNION,
    FMT_VARIANTS,
    FMT_VARIANT,
    FMT_MESSAGES,
    FMT_MESSAGE,
    FMT_FIELDS,
    FMT_FIELD
};

/** One comment, from its "#" on. */
struct fmt_comment {
    struct fmt_comment *next;
    const char *text;
    bool has_blank; /* an empty line before it */
};

struct fmt_comments {
    struct fmt_comment *first;
    struct fmt_comment *last;
};

struct fmt_node {
    enum fmt_kind kind;
    enum fmt_context context;
    bool is_flow;
    bool is_quoted;           /* a scalar in quotes */
    const char *block_header; /* of a block scalar: "|", ">-", ...; else NULL */
    const char *text;         /* a scalar's value; a block scalar's lines as they stand */
    size_t len;
    size_t start; /* characters from the beginning of the file */
    size_t end;
    struct fmt_node *next; /* in the order of the file */
    struct fmt_entry *first;
    struct fmt_entry *last;
};

/** A pair of a mapping or an item of a sequence. */
struct fmt_entry {
    struct fmt_entry *next;  /* in its collection */
    struct fmt_entry *after; /* in the order of the file */
    struct fmt_entry *parent;
    struct fmt_node *key; /* NULL: an item */
    struct fmt_node *value;
    size_t start;
    uint32_t column;
    bool has_blank;
    const char *trailing; /* a comment behind it on its line, or NULL */
    struct fmt_comments before;
    struct fmt_comments behind; /* own lines that end its block */
};

struct fmt_document {
    struct contract_arena *arena;
    struct fmt_node *root;
    struct fmt_node *nodes; /* all, in the order of the file */
    struct fmt_node *last_node;
    struct fmt_entry *entries;
    struct fmt_entry *last_entry;
    struct fmt_comments header; /* of the file itself */
    bool has_header_blank;      /* an empty line behind it */
    struct fmt_comments footer; /* behind everything, not indented */
    uint32_t comment_count;
    uint64_t comment_sum; /* the same for the same comments in any order */
    const char *problem;  /* why the file cannot be formatted, or NULL */
    uint32_t problem_line;
};

/**
 * Parses a file; all memory is taken from `arena`, and the bytes are not kept.
 *
 * Returns: false with `problem` for what could not be written again as it was.
 */
bool fmt_parse(
    struct contract_arena *arena, const char *bytes, size_t size, struct fmt_document *out);

/** Puts the keys of mappings into their order. */
void fmt_sort(struct fmt_document *document);

/** Writes a document in canonical style. */
void fmt_write(struct fmt_document *document, FILE *out);

/** Runs `myc fmt`; `argv[0]` is the sub-command's name. Returns the exit status. */
int fmt_command(int argc, char **argv);

#endif
