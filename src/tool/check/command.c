// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc check OLD NEW` and `myc check NEW --against git:REF`.
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool/check/check.h"
#include "tool/command.h"

struct options {
    const char *old_path; /* NULL: `against` */
    const char *new_path;
    const char *against;
    const char *require;
    bool is_json;
    bool is_strict;
};

static const char help[] =
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
    "The exit status is 0 if the level holds, 1 if not, 2 if the input is wrong.\n";

static const struct option table[] = {
    {"against", required_argument, NULL, 'a'},
    {"require", required_argument, NULL, 'r'},
    {"strict", no_argument, NULL, 's'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int take(void *context, int choice, const char *value)
{
    struct options *options = context;
    options->against = choice == 'a' ? value : options->against;
    options->require = choice == 'r' ? value : options->require;
    options->is_strict = options->is_strict || choice == 's';
    options->is_json = options->is_json || choice == 'j';
    return TOOL_DONE;
}

static int check_arguments(int argc, char **argv, struct options *options)
{
    int left = argc - optind;
    const char *against = options->against;
    if (against == NULL && left == 2) {
        options->old_path = argv[optind];
        options->new_path = argv[optind + 1];
        return TOOL_DONE;
    }
    if (against == NULL) {
        return tool_refuse(
            "check", "name the old and the new contract, or the new one and --against", "");
    }
    if (left != 1) {
        return tool_refuse("check", "with --against, name exactly one contract", "");
    }
    if (strncmp(against, "git:", 4) != 0 || against[4] == '\0' || against[4] == ':') {
        return tool_refuse("check", "write --against git:REF or git:REF:PATH, not ", against);
    }
    if (against[4] == '-') {
        return tool_refuse("check", "a revision does not begin with '-': ", against);
    }
    options->new_path = argv[optind];
    if (strcmp(options->new_path, "-") == 0 && strchr(against + 4, ':') == NULL) {
        return tool_refuse(
            "check", "standard input has no path of its own: write --against git:REF:PATH", "");
    }
    return TOOL_DONE;
}

static int take_level(const char *level, struct check_result *result)
{
    result->needs_new_reads_old = strcmp(level, "full") == 0 || strcmp(level, "forward") == 0;
    result->needs_old_reads_new = strcmp(level, "full") == 0 || strcmp(level, "backward") == 0;
    if (!result->needs_new_reads_old && !result->needs_old_reads_new
        && strcmp(level, "none") != 0) {
        return tool_refuse("check", "--require takes full, forward, backward or none, not ", level);
    }
    return TOOL_DONE;
}

static int compare(const struct options *options, struct check_result *result)
{
    struct contract_file old_file = {0};
    struct contract_file new_file = {0};
    char *name = NULL;
    int status = TOOL_INPUT;
    bool is_read = options->against != NULL
                       ? check_load_git(options->against, options->new_path, &old_file, &name)
                       : tool_load(options->old_path, &old_file);
    // Both are read, so that all that is wrong is told at once.
    is_read = tool_load(options->new_path, &new_file) && is_read;
    if (is_read) {
        check_compare(result, &old_file, &new_file);
        if (options->is_json) {
            check_print_json(result, stdout);
        } else {
            check_print(result, stdout);
        }
        status = check_holds(result) ? TOOL_DONE : CHECK_BELOW;
        check_free(result);
    }
    contract_free(&old_file);
    contract_free(&new_file);
    free(name);
    return status;
}

int check_command(int argc, char **argv)
{
    static const struct tool_command command = {
        .name = "check", .help = help, .letters = ":h", .table = table, .take = take};
    struct options options = {.require = "full"};
    struct check_result result = {0};
    int status = TOOL_DONE;
    if (!tool_take_options(&command, argc, argv, &options, &status)) {
        return status;
    }
    status = check_arguments(argc, argv, &options);
    if (status == TOOL_DONE) {
        status = take_level(options.require, &result);
    }
    if (status != TOOL_DONE) {
        return status;
    }
    result.is_strict = options.is_strict;
    return compare(&options, &result);
}
