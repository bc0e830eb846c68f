// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Commands on contract files: `myc lint` and `myc fmt`.
 */
#ifndef MYC_TOOL_CONTRACT_LINT_H
#define MYC_TOOL_CONTRACT_LINT_H

#include "tool/contract/contract.h"

/** Adds what is allowed but unwise to the findings of a file that was read without an error. */
void contract_lint(struct contract_file *file);

/** Prints a file's findings as one JSON object on one line. */
void contract_print_findings_json(const struct contract_file *file, FILE *out);

/** Runs `myc lint`; `argv[0]` is the sub-command's name. Returns the exit status. */
int lint_command(int argc, char **argv);

#endif
