// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tool/command.h"

#include <getopt.h>

int tool_refuse(const char *name, const char *text, const char *detail)
{
    fprintf(stderr, "myc %s: error: %s%s; try 'myc %s --help'\n", name, text, detail, name);
    return TOOL_INPUT;
}

bool tool_take_options(
    const struct tool_command *command, int argc, char **argv, void *options, int *out_status)
{
    int choice = 0;
    opterr = 0;
    optind = 1;
    *out_status = TOOL_DONE;
    while ((choice = getopt_long(argc, argv, command->letters, command->table, NULL)) != -1) {
        if (choice == 'h') {
            fputs(command->help, stdout);
            return false;
        }
        if (choice == ':') {
            *out_status = tool_refuse(command->name, "missing value after ", argv[optind - 1]);
            return false;
        }
        int status = choice == '?' ? TOOL_UNKNOWN : command->take(options, choice, optarg);
        if (status == TOOL_UNKNOWN) {
            // A value of its own stands behind the option.
            bool is_behind = choice != '?' && optarg != NULL && optarg == argv[optind - 1];
            const char *name = argv[optind - (is_behind ? 2 : 1)];
            status = tool_refuse(command->name, "unknown option ", name);
        }
        if (status != TOOL_DONE) {
            *out_status = status;
            return false;
        }
    }
    return true;
}

bool tool_load(const char *path, struct contract_file *out_file)
{
    bool is_read = contract_load(path, out_file);
    if (!is_read) {
        contract_print_findings(out_file, stderr);
    }
    return is_read;
}
