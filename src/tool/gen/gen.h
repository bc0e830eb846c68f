// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * `myc gen`: from a contract to C and C++.
 */
#ifndef MYC_TOOL_GEN_GEN_H
#define MYC_TOOL_GEN_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tool/contract/contract.h"

/** What is generated: a contract without errors, and what all its C names start with. */
struct gen_unit {
    const struct contract_file *file;
    const char *prefix;
    bool has_cpp; /* also write NAME.hpp */
};

/** Zeroed memory; ends the process with status 1 when there is none. */
void *gen_allocate(size_t count, size_t size);

/** Says that memory is exhausted and ends the process with status 1. */
void gen_exhausted(void) __attribute__((noreturn));

/**
 * Whether every C name of the contract is made once. If not, prints for each clash one line with
 * its place, what it is and what to do.
 */
bool gen_check_names(const struct gen_unit *unit, FILE *out);

/** Writes the header, the source, the C++ header. */
void gen_emit_header(const struct gen_unit *unit, FILE *out);
void gen_emit_source(const struct gen_unit *unit, FILE *out);
void gen_emit_cpp(const struct gen_unit *unit, FILE *out);

/**
 * Writes all files into a directory, or none.
 *
 * Returns: false after printing one line that says which file could not be written and why.
 */
bool gen_write_files(const struct gen_unit *unit, const char *directory);

/** Runs `myc gen`; `argv[0]` is the sub-command's name. Returns the exit status. */
int gen_command(int argc, char **argv);

#endif
