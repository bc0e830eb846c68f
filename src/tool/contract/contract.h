// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A contract file as the tool holds it: the descriptors that generated code would have, and beside
 * them what only people read, with the place of everything.
 *
 * All memory of a file is one arena; contract_free() gives it back whole.
 */
#ifndef MYC_TOOL_CONTRACT_CONTRACT_H
#define MYC_TOOL_CONTRACT_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <mycelium/schema.h>

/** Where something stands; both count from 1; 0: nowhere. */
struct contract_place {
    uint32_t line;
    uint32_t column;
};

enum contract_severity { CONTRACT_ERROR, CONTRACT_WARNING };

/** One thing to say about a file. */
struct contract_finding {
    struct contract_place place;
    enum contract_severity severity;
    const char *rule; /* an id such as DUPLICATE_TYPE_ID, listed in docs/reference/contracts.md */
    const char *text; /* one line: what is wrong, then what to do */
};

/** Everything said about a file, in order of place once it was read. */
struct contract_findings {
    struct contract_finding *items;
    uint32_t count;
    uint32_t error_count;   /* of all, also of those that are not kept */
    uint32_t dropped_count; /* not kept so far; 0 after reading: the last finding says how many */
};

/** What is beside a field, an enum's value or a union's variant. */
struct contract_note {
    struct contract_place place;
    const char *description; /* NULL: none */
    const char *deprecation; /* what to use instead of a deprecated thing; NULL: not said */
};

/** Numbers or names that must not be used again. */
struct contract_reserved {
    struct contract_place place;
    const char *name; /* NULL: the numbers `first` to `last` */
    uint32_t first;
    uint32_t last;
};

/** What is beside a message, a struct, an enum or a union. */
struct contract_notes {
    struct contract_note self;
    struct contract_note *members; /* one a field, value or variant */
    struct contract_reserved *reserved;
    uint32_t reserved_count;
};

struct contract_file {
    const char *path; /* as given; errors start with it */
    struct myc_contract contract;

    /* The types it defines, in the order of the file. */
    struct myc_enum **enums;
    struct myc_struct **structs;
    struct myc_union **unions;
    uint32_t enum_count;
    uint32_t struct_count;
    uint32_t union_count;

    struct contract_note note;            /* of `schema` */
    struct contract_notes *message_notes; /* as contract.messages */
    struct contract_notes *enum_notes;
    struct contract_notes *struct_notes;
    struct contract_notes *union_notes;
    struct contract_reserved *reserved; /* type ids and names of messages */
    uint32_t reserved_count;

    struct contract_findings findings; /* errors and warnings of reading */
    struct contract_arena *arena;
};

/**
 * Reads a contract from bytes. `path` is used in findings only and must outlive the result.
 *
 * Returns: whether there is no error; all errors of the file are in `out->findings`, warnings too.
 * Ownership: the caller calls contract_free() in either case.
 */
bool contract_read(
    const char *path, const char *bytes, size_t size, struct contract_file *out_file);

/**
 * Reads a contract from a file, or from standard input if the path is "-".
 *
 * Returns: as contract_read(); a file that cannot be read is an error at place 0:0.
 */
bool contract_load(const char *path, struct contract_file *out_file);

/** Frees everything. Accepts a zeroed file. */
void contract_free(struct contract_file *file);

/** Prints each finding as `path:line:col: error: text [RULE]`, one a line. */
void contract_print_findings(const struct contract_file *file, FILE *out);

#endif
