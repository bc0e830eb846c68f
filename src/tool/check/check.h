// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * `myc check` and `myc lock`: what a change of a contract does to those who have the other version,
 * and what was ever promised.
 */
#ifndef MYC_TOOL_CHECK_CHECK_H
#define MYC_TOOL_CHECK_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <mycelium/compat.h>

#include "tool/contract/contract.h"

/** Exit status of a comparison in which the required level does not hold. */
enum { CHECK_BELOW = 1 };

/** `myc check ...`; returns the exit status. */
int check_command(int argc, char **argv);

/** All that a comparison of two files came to. */
struct check_result {
    const struct contract_file *old_file;
    const struct contract_file *new_file;
    struct myc_compat outcome;
    struct myc_compat_finding *findings;
    uint32_t count;
    uint32_t capacity;
    bool needs_new_reads_old; /* what --require asks for */
    bool needs_old_reads_new;
    bool is_strict; /* a change of meaning is an error, too */
};

/** Compares; findings are kept until check_free(). */
void check_compare(
    struct check_result *result,
    const struct contract_file *old_file,
    const struct contract_file *new_file);

void check_free(struct check_result *result);

/** Whether the required level holds. */
bool check_holds(const struct check_result *result);

/** Prints a line a finding, a line a message, and the sum; or all of it as one JSON object. */
void check_print(const struct check_result *result, FILE *out);
void check_print_json(const struct check_result *result, FILE *out);

/** Where the thing of a finding stands in the new file, or in the old one if it is gone. */
struct contract_place check_place(
    const struct contract_file *file, const struct myc_compat_finding *finding, bool is_old);

/**
 * Reads the contract that `git:REF[:PATH]` names; without a path that of `path` in that revision.
 *
 * Returns: whether it was read; all that is wrong is in its findings, also what git says.
 * `out_name`, which the file's findings begin with, is to be freed after it.
 */
bool check_load_git(
    const char *spec, const char *path, struct contract_file *out_file, char **out_name);

#endif
