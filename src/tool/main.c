// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The `myc` command: a table of sub-commands and nothing else.
#include <stdio.h>
#include <string.h>

#include "tool/check/check.h"
#include "tool/contract/fmt.h"
#include "tool/contract/lint.h"
#include "tool/gen/gen.h"
#include "tool/lock/lock.h"
#include "tool/message/message.h"
#include "tool/record/record.h"

struct command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static int help_command(int argc, char **argv);
static int version_command(int argc, char **argv);

static const struct command commands[] = {
    {"gen", "write the C code of a contract", gen_command},
    {"check", "say whether two versions of a contract understand each other", check_command},
    {"fmt", "write contracts in canonical style", fmt_command},
    {"lint", "say what is wrong or unwise in a contract", lint_command},
    {"describe", "say what the messages of a contract look like", describe_command},
    {"decode", "print messages as JSON", decode_command},
    {"encode", "write messages from JSON", encode_command},
    {"lock", "remember what a contract promises, and check that it is kept", lock_command},
    {"record", "write the messages of a topic into files", record_command},
    {"replay", "publish what a recording holds", replay_command},
    {"inspect", "say what a recording or a place holds, and whether it is whole", inspect_command},
    {"help", "print this", help_command},
    {"version", "print the version", version_command},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static int help_command(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("usage: myc COMMAND [ARGUMENTS]\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        printf("  %-10s%s\n", commands[i].name, commands[i].summary);
    }
    puts("\n'myc COMMAND --help' says more.");
    return 0;
}

static int version_command(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("myc " MYC_VERSION);
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    } else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        name = "version";
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    if (name[0] == '\0') {
        fputs("myc: error: no command; try 'myc help'\n", stderr);
    } else {
        fprintf(stderr, "myc: error: unknown command '%s'; try 'myc help'\n", name);
    }
    return 2;
}
