// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The command lines of `myc decode`, `myc encode` and `myc describe`.
#include <getopt.h>
#include <string.h>

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

static int refuse(const struct message_options *options, const char *text, const char *detail)
{
    fprintf(
        stderr,
        "myc %s: error: %s%s; try 'myc %s --help'\n",
        options->command,
        text,
        detail,
        options->command);
    return MESSAGE_INPUT;
}

static bool is_known(const struct message_options *options, int choice)
{
    const char *known = is_command(options, "decode")   ? "txplsh"
                        : is_command(options, "encode") ? "toxydh"
                                                        : "jh";
    return strchr(known, choice) != NULL;
}

static void take(struct message_options *options, int choice, const char *value)
{
    options->type = choice == 't' ? value : options->type;
    options->out = choice == 'o' ? value : options->out;
    options->is_hex = options->is_hex || choice == 'x';
    options->is_pretty = choice == 'p' || (options->is_pretty && choice != 'l');
    options->is_json = options->is_json || choice == 'j';
    options->is_payload = options->is_payload || choice == 'y';
    options->shows_secrets = options->shows_secrets || choice == 's';
    options->fills_in = options->fills_in || choice == 'd';
    options->wants_help = options->wants_help || choice == 'h';
}

int message_parse_options(
    int argc, char **argv, const char *command, struct message_options *out_options)
{
    struct message_options *options = out_options;
    *options = (struct message_options){.command = command};
    int choice = 0;
    opterr = 0;
    optind = 1;
    while ((choice = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
        if (choice == ':') {
            return refuse(options, "missing value after ", argv[optind - 1]);
        }
        if (choice == '?' || !is_known(options, choice)) {
            return refuse(options, "unknown option ", argv[optind - (optarg != NULL ? 2 : 1)]);
        }
        take(options, choice, optarg);
    }
    if (options->wants_help) {
        fputs(
            is_command(options, "decode")   ? decode_help
            : is_command(options, "encode") ? encode_help
                                            : describe_help,
            stdout);
        return MESSAGE_DONE;
    }
    int left = argc - optind;
    if (left < 1 || left > 2) {
        return refuse(
            options,
            left < 1 ? "name a contract" : "too many arguments: ",
            left < 1 ? "" : argv[optind + 2]);
    }
    options->contract = argv[optind];
    options->subject = left == 2 ? argv[optind + 1] : is_command(options, "describe") ? NULL : "-";
    if (options->subject != NULL && strcmp(options->subject, "-") == 0
        && strcmp(options->contract, "-") == 0) {
        return refuse(options, "only one of the two can come from standard input", "");
    }
    return MESSAGE_DONE;
}
