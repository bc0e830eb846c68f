// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What sub-commands share: exit statuses, command lines, contracts.
 */
#ifndef MYC_TOOL_COMMAND_H
#define MYC_TOOL_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "tool/contract/contract.h"

struct option; /* of <getopt.h> */

/** Exit statuses of commands; TOOL_UNKNOWN only answers tool_command.take. */
enum { TOOL_DONE = 0, TOOL_SYSTEM = 1, TOOL_INPUT = 2, TOOL_UNKNOWN = 3 };

/** The command line of a sub-command. */
struct tool_command {
    const char *name; /* "check": of `myc check` */
    const char *help;
    const char *letters;        /* for getopt_long(); begins with ':' and has 'h' */
    const struct option *table; /* ended by zeros; 'h' prints the help */

    /* Takes one option. Returns: TOOL_DONE; TOOL_INPUT after tool_refuse(); TOOL_UNKNOWN if the
     * command does not have it, though its table does. */
    int (*take)(void *options, int choice, const char *value);
};

/**
 * Gives each option of a command line to `take`; the rest is in `argv` from `optind` on.
 *
 * Returns: whether to go on. If not, `*out_status` is what to exit with: TOOL_INPUT after one line
 * on standard error, TOOL_DONE after printing the help, however wrong the rest may be.
 */
bool tool_take_options(
    const struct tool_command *command, int argc, char **argv, void *options, int *out_status);

/** Prints "myc NAME: error: TEXTDETAIL; try 'myc NAME --help'". Returns: TOOL_INPUT. */
int tool_refuse(const char *name, const char *text, const char *detail);

/** As contract_load(); what is wrong with a contract that cannot be used is printed. */
bool tool_load(const char *path, struct contract_file *out_file);

#endif
