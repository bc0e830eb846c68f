// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The command line: one table of flags, strict numbers, one line for each mistake.
 */
#include "options.h"

#include <stddef.h>
#include <string.h>

enum flag_kind { FLAG_TEXT, FLAG_NUMBER, FLAG_SWITCH };

struct flag {
    const char *name;
    enum flag_kind kind;
    size_t offset; /* of its member in trading_options */
    uint64_t min;
    uint64_t max;
};

static const struct flag flags[] = {
    {"--topology", FLAG_TEXT, offsetof(struct trading_options, topology), 0, 0},
    {"--node", FLAG_TEXT, offsetof(struct trading_options, node), 0, 0},
    {"--input", FLAG_TEXT, offsetof(struct trading_options, input), 0, 0},
    {"--run-dir", FLAG_TEXT, offsetof(struct trading_options, run_dir), 0, 0},
    {"--messages", FLAG_NUMBER, offsetof(struct trading_options, messages), 1, 1000000000},
    {"--seed", FLAG_NUMBER, offsetof(struct trading_options, seed), 0, UINT64_MAX},
    {"--rate", FLAG_NUMBER, offsetof(struct trading_options, rate), 1, 1000000},
    {"--paced", FLAG_NUMBER, offsetof(struct trading_options, paced), 0, 1000000000},
    {"--spin-us", FLAG_NUMBER, offsetof(struct trading_options, spin_us), 0, 1000000},
    {"--startup-seconds", FLAG_NUMBER, offsetof(struct trading_options, startup_seconds), 1, 3600},
    {"--json", FLAG_SWITCH, offsetof(struct trading_options, is_json), 0, 0},
    {"--expected", FLAG_SWITCH, offsetof(struct trading_options, is_expected_only), 0, 0},
    {"--help", FLAG_SWITCH, offsetof(struct trading_options, is_help), 0, 0},
};

static enum myc_status
bad_flag(struct myc_diagnostic *diagnostic, const char *flag, const char *text)
{
    enum myc_status status = myc_diagnostic_set(diagnostic, MYC_SYNTAX, 0, "");
    myc_diagnostic_append_quoted(diagnostic, flag, strlen(flag));
    myc_diagnostic_append(diagnostic, text);
    return status;
}

static enum myc_status read_number(
    const struct flag *flag,
    const char *text,
    uint64_t *out_value,
    struct myc_diagnostic *diagnostic)
{
    uint64_t value = 0;
    bool is_good = text[0] != '\0';
    for (size_t i = 0; is_good && text[i] != '\0'; i++) {
        uint64_t digit = (uint64_t)(unsigned char)text[i] - '0';
        is_good = text[i] >= '0' && text[i] <= '9' && value <= (UINT64_MAX - digit) / 10;
        value = value * 10 + digit;
    }
    if (is_good && value >= flag->min && value <= flag->max) {
        *out_value = value;
        return MYC_OK;
    }
    enum myc_status status = bad_flag(diagnostic, flag->name, " takes a number from ");
    myc_diagnostic_append_u64(diagnostic, flag->min);
    myc_diagnostic_append(diagnostic, " to ");
    myc_diagnostic_append_u64(diagnostic, flag->max);
    myc_diagnostic_append(diagnostic, ", not ");
    myc_diagnostic_append_quoted(diagnostic, text, strlen(text));
    return status;
}

static const struct flag *find_flag(const char *name)
{
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcmp(flags[i].name, name) == 0) {
            return &flags[i];
        }
    }
    return NULL;
}

static enum myc_status
check(const struct trading_options *options, struct myc_diagnostic *diagnostic)
{
    if (options->is_help || options->is_expected_only) {
        return MYC_OK;
    }
    if (options->topology == NULL) {
        return bad_flag(
            diagnostic, "--topology", " is missing; name a topology file, or see --help");
    }
    if (options->paced != TRADING_PACED_DEFAULT && options->messages != 0
        && options->paced > options->messages) {
        return bad_flag(diagnostic, "--paced", " must not be above --messages");
    }
    return MYC_OK;
}

enum myc_status trading_options_parse(
    int argc, char **argv, struct trading_options *out_options, struct myc_diagnostic *diagnostic)
{
    struct trading_options options = {
        .seed = 1, .rate = 1000, .paced = TRADING_PACED_DEFAULT, .startup_seconds = 10};
    for (int i = 1; i < argc; i++) {
        const struct flag *flag = find_flag(argv[i]);
        if (flag == NULL) {
            return bad_flag(diagnostic, argv[i], " is not a flag; see --help");
        }
        char *member = (char *)&options + flag->offset;
        if (flag->kind == FLAG_SWITCH) {
            bool is_set = true;
            memcpy(member, &is_set, sizeof(is_set));
            continue;
        }
        i++;
        if (i == argc) {
            return bad_flag(diagnostic, flag->name, " needs a value after it");
        }
        if (flag->kind == FLAG_TEXT) {
            const char *text = argv[i];
            memcpy(member, &text, sizeof(text));
            continue;
        }
        uint64_t value = 0;
        enum myc_status status = read_number(flag, argv[i], &value, diagnostic);
        if (status != MYC_OK) {
            return status;
        }
        memcpy(member, &value, sizeof(value));
    }
    enum myc_status status = check(&options, diagnostic);
    if (status == MYC_OK) {
        *out_options = options;
    }
    return status;
}

const char *trading_options_help(void)
{
    return "trading --topology FILE [--node NAME] [flags]\n"
           "  --topology FILE       which node runs which services\n"
           "  --node NAME           the node to be; needed if the topology has several\n"
           "  --run-dir DIR         where relative socket paths lie (default: here)\n"
           "  --input FILE.csv      a recording (default: rows made up from the seed)\n"
           "  --messages N          rows to play (default: the recording, or 20000)\n"
           "  --seed S              of the made-up rows (default 1)\n"
           "  --paced N             rows at a fixed rate, for latency (default: 2 s, at most a "
           "quarter)\n"
           "  --rate R              of the paced rows, a second (default 1000)\n"
           "  --spin-us N           how long an idle service polls before it sleeps (default 0)\n"
           "  --startup-seconds N   how long to wait for the next service (default 10)\n"
           "  --json                report as one line of JSON\n"
           "  --expected            only print what the pipeline owes for this input\n";
}
