// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc gen CONTRACT --out DIR [--prefix NAME] [--cpp]`.
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "schema/name.h"
#include "tool/command.h"
#include "tool/gen/gen.h"
#include "tool/gen/names.h"
#include "tool/lock/lock.h"

struct gen_options {
    const char *lock; /* NULL: none */
    const char *contract;
    const char *directory;
    const char *prefix;
    bool wants_cpp;
};

static const char help[] =
    "usage: myc gen CONTRACT.yaml --out DIR [--prefix NAME] [--cpp]\n"
    "\n"
    "Writes NAME.h and NAME.c with the structs, checks and typed helpers of a contract.\n"
    "\n"
    "  --lock FILE     first check the contract against its lock, see 'myc lock --help'\n"
    "  --out DIR       where to write; made if it is missing\n"
    "  --prefix NAME   first part of every C name; default: the contract's name\n"
    "  --cpp           also write NAME.hpp, wrappers for C++17\n"
    "  --help          print this\n";

static bool is_prefix(const char *text)
{
    size_t len = strlen(text);
    return myc__schema_is_snake_name(text, len) && !myc__schema_is_keyword(text, len)
           && !gen_is_taken_prefix(text, len);
}

static const struct option table[] = {
    {"lock", required_argument, NULL, 'l'},
    {"out", required_argument, NULL, 'o'},
    {"prefix", required_argument, NULL, 'p'},
    {"cpp", no_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int take(void *context, int choice, const char *value)
{
    struct gen_options *options = context;
    options->lock = choice == 'l' ? value : options->lock;
    options->directory = choice == 'o' ? value : options->directory;
    options->prefix = choice == 'p' ? value : options->prefix;
    options->wants_cpp = options->wants_cpp || choice == 'c';
    return TOOL_DONE;
}

static int check_arguments(int argc, char **argv, struct gen_options *options)
{
    if (optind + 1 != argc) {
        return tool_refuse("gen", "name exactly one contract file", "");
    }
    options->contract = argv[optind];
    if (options->directory == NULL || options->directory[0] == '\0') {
        return tool_refuse("gen", "say where to write with --out DIR", "");
    }
    if (options->prefix != NULL && !is_prefix(options->prefix)) {
        return tool_refuse(
            "gen",
            "the prefix must be lower-case letters, digits and underscores and no word or header "
            "of C, not ",
            options->prefix);
    }
    return TOOL_DONE;
}

static int generate(const struct gen_options *options)
{
    struct contract_file file;
    bool is_good = contract_load(options->contract, &file);
    contract_print_findings(&file, stderr);
    struct gen_unit unit = {
        .file = &file,
        .prefix = options->prefix != NULL ? options->prefix : file.contract.name,
        .has_cpp = options->wants_cpp};
    int status = TOOL_INPUT;
    if (is_good && !is_prefix(unit.prefix)) {
        fprintf(
            stderr,
            "%s:%u:%u: error: the name '%s' would start every C name, and C has it already: choose "
            "another, or pass --prefix [C_NAME_CLASH]\n",
            file.path,
            file.note.place.line,
            file.note.place.column,
            unit.prefix);
    } else if (is_good && gen_check_names(&unit, stderr)) {
        status = gen_write_files(&unit, options->directory) ? TOOL_DONE : TOOL_SYSTEM;
    }
    contract_free(&file);
    return status;
}

int gen_command(int argc, char **argv)
{
    static const struct tool_command command = {
        .name = "gen", .help = help, .letters = ":o:p:ch", .table = table, .take = take};
    struct gen_options options = {0};
    int status = TOOL_DONE;
    if (!tool_take_options(&command, argc, argv, &options, &status)) {
        return status;
    }
    status = check_arguments(argc, argv, &options);
    if (status != TOOL_DONE) {
        return status;
    }
    if (options.lock != NULL && !lock_verify(options.contract, options.lock)) {
        return TOOL_INPUT;
    }
    return generate(&options);
}
