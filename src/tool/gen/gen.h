// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * `myc gen`: from the bytes of a contract file to a model, from the model to C.
 */
#ifndef MYC_TOOL_GEN_GEN_H
#define MYC_TOOL_GEN_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "schema/model.h"

enum { GEN_ERROR_TEXT_BYTES = 400, GEN_SOURCE_BYTES_MAX = 4 * 1024 * 1024 };

/** What is wrong with a contract, and where; lines and columns count from 1. */
struct gen_error {
    size_t line;
    size_t column;
    char text[GEN_ERROR_TEXT_BYTES];
};

/** What people wrote about a message; every string may be NULL. */
struct gen_notes {
    char *message;
    char **fields; /* one a field, or NULL */
};

/** A contract as read: the model, laid out, and its descriptions. */
struct gen_contract {
    struct myc__schema_contract model;
    char *description;
    struct gen_notes *notes; /* one a message */
};

/** Zeroed memory; ends the process with status 1 when there is none. */
void *gen_allocate(size_t count, size_t size);

/** Frees what gen_parse() made. Accepts a zeroed contract. */
void gen_contract_deinit(struct gen_contract *contract);

/**
 * Reads a contract.
 *
 * Ownership: the caller calls gen_contract_deinit() on success; on failure nothing is kept.
 * Returns: false with the first error.
 */
bool gen_parse(
    const char *bytes, size_t size, struct gen_contract *out_contract, struct gen_error *out_error);

/**
 * Reads a contract from a file.
 *
 * Ownership: as gen_parse(). Returns: false after printing one line that says what is wrong.
 */
bool gen_load(const char *path, struct gen_contract *out_contract);

/** Writes the header, the source, of a contract whose C names all start with `prefix`. */
void gen_emit_header(const struct gen_contract *contract, const char *prefix, FILE *out);
void gen_emit_source(const struct gen_contract *contract, const char *prefix, FILE *out);

/**
 * Writes both files into a directory, or neither.
 *
 * Returns: false after printing one line that says which file could not be written and why.
 */
bool gen_write_files(
    const struct gen_contract *contract, const char *prefix, const char *directory);

/** Runs `myc gen`; `argv[0]` is the sub-command's name. Returns the exit status. */
int gen_command(int argc, char **argv);

#endif
