// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The command lines of `myc decode`, `myc encode` and `myc describe`.
#include <getopt.h>
#include <string.h>

#include "tool/command.h"
#include "tool/message/message.h"

static const char decode_help[] =
    "usage: myc decode CONTRACT.yaml [FILE|-] [OPTIONS]\n"
    "\n"
    "Prints messages as JSON, one a line: those of a recording, or of records that follow each\n"
    "other. Types that the contract does not name are printed as bytes. What is wrong with a\n"
    "message is told with its byte in the file, and the next one is read.\n"
    "\n"
    "  --type NAME     FILE is the payload of one such message, without a record's header\n"
    "  --hex           FILE is hexadecimal digits\n"
    "  --pretty        over several lines\n"
    "  --json-lines    one a line (the default)\n"
    "  --show-secrets  also what the contract hides\n"
    "  --help          print this\n"
    "\n"
    "Exit status: 0 done, 1 the system refused or the recording is not whole, 2 wrong input.\n";

static const char encode_help[] =
    "usage: myc encode CONTRACT.yaml [FILE|-] [OPTIONS]\n"
    "\n"
    "Writes records of what FILE says in JSON, in the form of `myc decode`:\n"
    "\n"
    "    {\"type\":\"Order\",\"version\":3,\"message\":{...}}\n"
    "\n"
    "`version` may be left out. Nothing is written if anything is wrong.\n"
    "\n"
    "  --type NAME     FILE has messages of this type only: {...} without the rest\n"
    "  --payload       write the payload of one message, without a record's header\n"
    "  --defaults      initial values for fields that are missing and have no default\n"
    "  --hex           write hexadecimal digits\n"
    "  --out FILE      where to write; default: standard output\n"
    "  --help          print this\n"
    "\n"
    "Exit status: 0 done, 1 the system refused, 2 wrong input.\n";

static const char describe_help[] =
    "usage: myc describe CONTRACT.yaml [MESSAGE] [--json]\n"
    "\n"
    "Says what a contract, or one message of it, looks like: where each field lies, from which\n"
    "version on, its default and its rules; lengths by version, fingerprints, the digest.\n"
    "\n"
    "  --json          as JSON\n"
    "  --help          print this\n";

static const struct option table[] = {
    {"type", required_argument, NULL, 't'},
    {"out", required_argument, NULL, 'o'},
    {"hex", no_argument, NULL, 'x'},
    {"pretty", no_argument, NULL, 'p'},
    {"json-lines", no_argument, NULL, 'l'},
    {"json", no_argument, NULL, 'j'},
    {"payload", no_argument, NULL, 'y'},
    {"show-secrets", no_argument, NULL, 's'},
    {"defaults", no_argument, NULL, 'd'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool is_command(const struct message_options *options, const char *name)
{
    return strcmp(options->command, name) == 0;
}

static bool is_known(const struct message_options *options, int choice)
{
    const char *known = is_command(options, "decode")   ? "txpls"
                        : is_command(options, "encode") ? "toxyd"
                                                        : "j";
    return strchr(known, choice) != NULL;
}

static int take(void *context, int choice, const char *value)
{
    struct message_options *options = context;
    if (!is_known(options, choice)) {
        return TOOL_UNKNOWN;
    }
    options->type = choice == 't' ? value : options->type;
    options->out = choice == 'o' ? value : options->out;
    options->is_hex = options->is_hex || choice == 'x';
    options->is_pretty = choice == 'p' || (options->is_pretty && choice != 'l');
    options->is_json = options->is_json || choice == 'j';
    options->is_payload = options->is_payload || choice == 'y';
    options->shows_secrets = options->shows_secrets || choice == 's';
    options->fills_in = options->fills_in || choice == 'd';
    return TOOL_DONE;
}

static int check_arguments(int argc, char **argv, struct message_options *options)
{
    int left = argc - optind;
    if (left < 1) {
        return tool_refuse(options->command, "name a contract", "");
    }
    if (left > 2) {
        return tool_refuse(options->command, "too many arguments: ", argv[optind + 2]);
    }
    options->contract = argv[optind];
    options->subject = left == 2 ? argv[optind + 1] : is_command(options, "describe") ? NULL : "-";
    if (options->subject != NULL && strcmp(options->subject, "-") == 0
        && strcmp(options->contract, "-") == 0) {
        return tool_refuse(
            options->command, "only one of the two can come from standard input", "");
    }
    return TOOL_DONE;
}

bool message_take_options(
    int argc, char **argv, const char *name, struct message_options *out_options, int *out_status)
{
    *out_options = (struct message_options){.command = name};
    struct tool_command command = {
        .name = name,
        .help = is_command(out_options, "decode")   ? decode_help
                : is_command(out_options, "encode") ? encode_help
                                                    : describe_help,
        .letters = ":h",
        .table = table,
        .take = take};
    if (!tool_take_options(&command, argc, argv, out_options, out_status)) {
        return false;
    }
    *out_status = check_arguments(argc, argv, out_options);
    return *out_status == TOOL_DONE;
}
