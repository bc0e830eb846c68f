// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc check OLD NEW` and `myc check NEW --against git:REF`.
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool/check/check.h"

struct options {
    const char *old_path; /* NULL: `against` */
    const char *new_path;
    const char *against;
    const char *require;
    bool is_json;
    bool is_strict;
    bool wants_help;
};

static void print_help(FILE *out)
{
    fputs(
        "usage: myc check OLD.yaml NEW.yaml [OPTIONS]\n"
        "       myc check NEW.yaml --against git:REF[:PATH] [OPTIONS]\n"
        "\n"
        "Says whether programs with the new contract read what those with the old one write, and\n"
        "the other way round; if not, which message and field is to blame, with its place and a\n"
        "rule. docs/reference/compatibility.md has the rules.\n"
        "\n"
        "  --against git:REF[:PATH]  the old contract is that of a revision, of the same file "
        "unless "
        "PATH,\n"
        "                            counted from the top of the repository, names another\n"
        "  --require LEVEL           full (default): each reads the other; forward: new reads "
        "old;\n"
        "                            backward: old reads new; none: only report\n"
        "  --strict                  nor may older records mean something else\n"
        "  --json                    one JSON object instead of lines\n"
        "  --help                    print this\n"
        "\n"
        "The exit status is 0 if the level holds, 1 if not, 2 if the input is wrong.\n",
        out);
}

static int refuse(const char *text, const char *detail)
{
    fprintf(stderr, "myc check: error: %s%s; try 'myc check --help'\n", text, detail);
    return CHECK_INPUT;
}

static int take_options(int argc, char **argv, struct options *options)
{
    static const struct option table[] = {
        {"against", required_argument, NULL, 'a'},
        {"require", required_argument, NULL, 'r'},
        {"strict", no_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int choice = 0;
    opterr = 0;
    optind = 1;
    while ((choice = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
        switch (choice) {
        case 'a':
            options->against = optarg;
            break;
        case 'r':
            options->require = optarg;
            break;
        case 's':
            options->is_strict = true;
            break;
        case 'j':
            options->is_json = true;
            break;
        case 'h':
            options->wants_help = true;
            break;
        case ':':
            return refuse("missing value after ", argv[optind - 1]);
        default:
            return refuse("unknown option ", argv[optind - 1]);
        }
    }
    return CHECK_DONE;
}

static int check_arguments(int argc, char **argv, struct options *options)
{
    int left = argc - optind;
    const char *against = options->against;
    if (against == NULL && left == 2) {
        options->old_path = argv[optind];
        options->new_path = argv[optind + 1];
        return CHECK_DONE;
    }
    if (against == NULL) {
        return refuse("name the old and the new contract, or the new one and --against", "");
    }
    if (left != 1) {
        return refuse("with --against, name exactly one contract", "");
    }
    if (strncmp(against, "git:", 4) != 0 || against[4] == '\0' || against[4] == ':') {
        return refuse("write --against git:REF or git:REF:PATH, not ", against);
    }
    if (against[4] == '-') {
        return refuse("a revision does not begin with '-': ", against);
    }
    options->new_path = argv[optind];
    if (strcmp(options->new_path, "-") == 0 && strchr(against + 4, ':') == NULL) {
        return refuse("standard input has no path of its own: write --against git:REF:PATH", "");
    }
    return CHECK_DONE;
}

static int take_level(const char *level, struct check_result *result)
{
    result->needs_new_reads_old = strcmp(level, "full") == 0 || strcmp(level, "forward") == 0;
    result->needs_old_reads_new = strcmp(level, "full") == 0 || strcmp(level, "backward") == 0;
    if (!result->needs_new_reads_old && !result->needs_old_reads_new
        && strcmp(level, "none") != 0) {
        return refuse("--require takes full, forward, backward or none, not ", level);
    }
    return CHECK_DONE;
}

static bool load(const char *path, struct contract_file *out_file)
{
    bool is_read = contract_load(path, out_file);
    if (!is_read) {
        contract_print_findings(out_file, stderr);
    }
    return is_read;
}

static int compare(const struct options *options, struct check_result *result)
{
    struct contract_file old_file = {0};
    struct contract_file new_file = {0};
    char *name = NULL;
    int status = CHECK_INPUT;
    bool is_read = options->against != NULL
                       ? check_load_git(options->against, options->new_path, &old_file, &name)
                       : load(options->old_path, &old_file);
    // Both are read, so that all that is wrong is told at once.
    is_read = load(options->new_path, &new_file) && is_read;
    if (is_read) {
        check_compare(result, &old_file, &new_file);
        if (options->is_json) {
            check_print_json(result, stdout);
        } else {
            check_print(result, stdout);
        }
        status = check_holds(result) ? CHECK_DONE : CHECK_BELOW;
        check_free(result);
    }
    contract_free(&old_file);
    contract_free(&new_file);
    free(name);
    return status;
}

int check_command(int argc, char **argv)
{
    struct options options = {.require = "full"};
    struct check_result result = {0};
    int status = take_options(argc, argv, &options);
    if (status == CHECK_DONE && options.wants_help) {
        print_help(stdout);
        return CHECK_DONE;
    }
    if (status == CHECK_DONE) {
        status = check_arguments(argc, argv, &options);
    }
    if (status == CHECK_DONE) {
        status = take_level(options.require, &result);
    }
    if (status != CHECK_DONE) {
        return status;
    }
    result.is_strict = options.is_strict;
    return compare(&options, &result);
}
