// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc gen CONTRACT --out DIR [--prefix NAME] [--cpp]`.
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "schema/name.h"
#include "tool/gen/gen.h"
#include "tool/gen/names.h"
#include "tool/lock/lock.h"

enum { EXIT_DONE = 0, EXIT_SYSTEM = 1, EXIT_INPUT = 2 };

struct gen_options {
    const char *lock; /* NULL: none */
    const char *contract;
    const char *directory;
    const char *prefix;
    bool wants_cpp;
    bool wants_help;
};

static void print_help(FILE *out)
{
    fputs(
        "usage: myc gen CONTRACT.yaml --out DIR [--prefix NAME] [--cpp]\n"
        "\n"
        "Writes NAME.h and NAME.c with the structs, checks and typed helpers of a contract.\n"
        "\n"
        "  --lock FILE     first check the contract against its lock, see 'myc lock --help'\n"
        "  --out DIR       where to write; made if it is missing\n"
        "  --prefix NAME   first part of every C name; default: the contract's name\n"
        "  --cpp           also write NAME.hpp, wrappers for C++17\n"
        "  --help          print this\n",
        out);
}

static int refuse(const char *text, const char *detail)
{
    fprintf(stderr, "myc gen: error: %s%s; try 'myc gen --help'\n", text, detail);
    return EXIT_INPUT;
}

static bool is_prefix(const char *text)
{
    size_t len = strlen(text);
    return myc__schema_is_snake_name(text, len) && !myc__schema_is_keyword(text, len)
           && !gen_is_taken_prefix(text, len);
}

static int parse_options(int argc, char **argv, struct gen_options *out_options)
{
    static const struct option table[] = {
        {"lock", required_argument, NULL, 'l'},
        {"out", required_argument, NULL, 'o'},
        {"prefix", required_argument, NULL, 'p'},
        {"cpp", no_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct gen_options options = {0};
    int choice = 0;
    opterr = 0;
    optind = 1;
    while ((choice = getopt_long(argc, argv, ":o:p:ch", table, NULL)) != -1) {
        switch (choice) {
        case 'l':
            options.lock = optarg;
            break;
        case 'o':
            options.directory = optarg;
            break;
        case 'p':
            options.prefix = optarg;
            break;
        case 'c':
            options.wants_cpp = true;
            break;
        case 'h':
            options.wants_help = true;
            break;
        case ':':
            return refuse("missing value after ", argv[optind - 1]);
        default:
            return refuse("unknown option ", argv[optind - 1]);
        }
    }
    if (!options.wants_help) {
        if (optind + 1 != argc) {
            return refuse("name exactly one contract file", "");
        }
        options.contract = argv[optind];
        if (options.directory == NULL || options.directory[0] == '\0') {
            return refuse("say where to write with --out DIR", "");
        }
    }
    if (options.prefix != NULL && !is_prefix(options.prefix)) {
        return refuse(
            "the prefix must be lower-case letters, digits and underscores and no word or header "
            "of C, not ",
            options.prefix);
    }
    *out_options = options;
    return EXIT_DONE;
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
    int status = EXIT_INPUT;
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
        status = gen_write_files(&unit, options->directory) ? EXIT_DONE : EXIT_SYSTEM;
    }
    contract_free(&file);
    return status;
}

int gen_command(int argc, char **argv)
{
    struct gen_options options = {0};
    int status = parse_options(argc, argv, &options);
    if (status != EXIT_DONE) {
        return status;
    }
    if (options.wants_help) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (options.lock != NULL && !lock_verify(options.contract, options.lock)) {
        return EXIT_INPUT;
    }
    return generate(&options);
}
