// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The command lines of `myc record` and `myc replay`.
#include "tool/record/record.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool/command.h"

enum { PERCENT_DEFAULT = 100, WAIT_DEFAULT_SECONDS = 10, NUMBER_MAX = 1000000000 };

static const char record_help[] =
    "usage: myc record FILE --topology T.toml --node NODE --contract C.yaml --topic TOPIC\n"
    "\n"
    "Joins a system as the node NODE of its topology and writes the messages of a topic into "
    "FILE,\n"
    "those of further publishers into FILE.2, FILE.3 and so on. Ends when asked to (Ctrl-C).\n"
    "\n"
    "  --topology T.toml  the system's; it names NODE, which needs no services\n"
    "  --node NODE        who the recorder is\n"
    "  --contract C.yaml  the contract of the topic\n"
    "  --topic TOPIC      what to record\n"
    "  --messages N       stop after N messages\n"
    "  --seconds N        stop after N seconds\n"
    "  --durable          what is recorded outlives a loss of power, within 100 ms\n"
    "  --help             print this\n";

static const char replay_help[] =
    "usage: myc replay FILE --topology T.toml --node NODE --contract C.yaml\n"
    "\n"
    "Joins a system as the node NODE of its topology and publishes what FILE holds, in the times "
    "at\n"
    "which it was recorded.\n"
    "\n"
    "  --topology T.toml  the system's; it names NODE, which needs no services\n"
    "  --node NODE        who publishes\n"
    "  --contract C.yaml  the contract of the recording\n"
    "  --topic TOPIC      where to publish, if not where it was recorded\n"
    "  --speed PERCENT    of the recorded speed; max: without waiting; default: 100\n"
    "  --subscribers N    wait for N subscribers first; default: 1\n"
    "  --seconds N        wait for them at most so long; default: 10\n"
    "  --help             print this\n";

static bool read_number(const char *text, uint64_t *out_number)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    *out_number = number;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && number <= NUMBER_MAX;
}

static const struct option table[] = {
    {"topology", required_argument, NULL, 't'},
    {"node", required_argument, NULL, 'n'},
    {"contract", required_argument, NULL, 'c'},
    {"topic", required_argument, NULL, 'p'},
    {"messages", required_argument, NULL, 'm'},
    {"seconds", required_argument, NULL, 's'},
    {"speed", required_argument, NULL, 'v'},
    {"subscribers", required_argument, NULL, 'u'},
    {"durable", no_argument, NULL, 'd'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

// Takes one option. Returns: false if its value is no number where one is needed.
static bool take_value(struct record_options *options, int choice, const char *value)
{
    switch (choice) {
    case 't':
        options->topology = value;
        return true;
    case 'n':
        options->node = value;
        return true;
    case 'c':
        options->contract = value;
        return true;
    case 'p':
        options->topic = value;
        return true;
    case 'm':
        return read_number(value, &options->messages);
    case 's':
        return read_number(value, &options->seconds);
    case 'v':
        if (strcmp(value, "max") == 0) {
            options->percent = 0;
            return true;
        }
        return read_number(value, &options->percent) && options->percent != 0;
    case 'u':
        return read_number(value, &options->subscribers);
    default:
        options->is_durable = true;
        return true;
    }
}

// Options that only the other command has.
static bool is_foreign(const char *command, int choice)
{
    return strchr(strcmp(command, "record") == 0 ? "vu" : "md", choice) != NULL;
}

static int take(void *context, int choice, const char *value)
{
    struct record_options *options = context;
    if (is_foreign(options->command, choice)) {
        return TOOL_UNKNOWN;
    }
    return take_value(options, choice, value)
               ? TOOL_DONE
               : tool_refuse(
                   options->command, "a whole number up to 1000000000 is needed, not ", value);
}

static int check(const struct record_options *options, int left)
{
    if (left != 1) {
        return tool_refuse(options->command, "name exactly one file", "");
    }
    if (options->topology == NULL || options->node == NULL || options->contract == NULL) {
        return tool_refuse(
            options->command, "say who this is with --topology, --node and --contract", "");
    }
    if (options->topic == NULL && strcmp(options->command, "record") == 0) {
        return tool_refuse(options->command, "say what to record with --topic", "");
    }
    return TOOL_DONE;
}

bool record_take_options(
    int argc, char **argv, const char *name, struct record_options *out_options, int *out_status)
{
    bool is_replay = strcmp(name, "replay") == 0;
    struct tool_command command = {
        .name = name,
        .help = is_replay ? replay_help : record_help,
        .letters = ":h",
        .table = table,
        .take = take};
    *out_options = (struct record_options){
        .command = name,
        .percent = PERCENT_DEFAULT,
        .subscribers = 1,
        .seconds = is_replay ? WAIT_DEFAULT_SECONDS : 0,
    };
    if (!tool_take_options(&command, argc, argv, out_options, out_status)) {
        return false;
    }
    *out_status = check(out_options, argc - optind);
    out_options->file = *out_status == TOOL_DONE ? argv[optind] : NULL;
    return *out_status == TOOL_DONE;
}
