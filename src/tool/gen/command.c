// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc gen CONTRACT --out DIR [--prefix NAME]`.
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool/gen/gen.h"
#include "tool/gen/names.h"
#include "tool/lock/lock.h"

enum { EXIT_DONE = 0, EXIT_SYSTEM = 1, EXIT_INPUT = 2 };

struct gen_options {
    const char *lock; /* NULL: none */
    const char *contract;
    const char *directory;
    const char *prefix;
    bool wants_help;
};

static void print_help(FILE *out)
{
    fputs(
        "usage: myc gen CONTRACT.yaml --out DIR [--prefix NAME]\n"
        "\n"
        "Writes NAME.h and NAME.c with the structs, checks and typed helpers of a contract.\n"
        "\n"
        "  --lock FILE     first check the contract against its lock, see 'myc lock --help'\n"
        "  --out DIR       where to write; made if it is missing\n"
        "  --prefix NAME   first part of every C name; default: the contract's name\n"
        "  --help          print this\n",
        out);
}

static int refuse(const char *text, const char *detail)
{
    fprintf(stderr, "myc gen: error: %s%s; try 'myc gen --help'\n", text, detail);
    return EXIT_INPUT;
}

static int parse_options(int argc, char **argv, struct gen_options *out_options)
{
    static const struct option table[] = {
        {"lock", required_argument, NULL, 'l'},
        {"out", required_argument, NULL, 'o'},
        {"prefix", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct gen_options options = {0};
    int choice = 0;
    opterr = 0;
    optind = 1;
    while ((choice = getopt_long(argc, argv, ":o:p:h", table, NULL)) != -1) {
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
    const char *prefix = options.prefix;
    if (prefix != NULL
        && (!myc__schema_is_snake_name(prefix, strlen(prefix))
            || myc__schema_is_keyword(prefix, strlen(prefix))
            || gen_is_taken_prefix(prefix, strlen(prefix)))) {
        return refuse(
            "the prefix must be lower-case letters, digits and underscores and no word or header "
            "of C, not ",
            prefix);
    }
    *out_options = options;
    return EXIT_DONE;
}

static int generate(const struct gen_options *options)
{
    struct gen_contract contract = {0};
    if (!gen_load(options->contract, &contract)) {
        return EXIT_INPUT;
    }
    const char *prefix = options->prefix != NULL ? options->prefix : contract.model.name;
    bool is_written = gen_write_files(&contract, prefix, options->directory);
    gen_contract_deinit(&contract);
    return is_written ? EXIT_DONE : EXIT_SYSTEM;
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
