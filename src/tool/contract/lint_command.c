// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc lint [--json] [--strict] CONTRACT...`.
#include <getopt.h>

#include "tool/command.h"
#include "tool/contract/lint.h"
#include "tool/json_writer.h"

static const char help[] =
    "usage: myc lint [--json] [--strict] CONTRACT.yaml...\n"
    "\n"
    "Reads contracts and says what is wrong (errors) or unwise (warnings) in them, each with\n"
    "its place and a rule id; docs/reference/contracts.md lists the rules. '-' is standard\n"
    "input. The exit status is 2 if there is an error, else 0.\n"
    "\n"
    "  --json     one JSON object a file on standard output instead of lines on standard "
    "error\n"
    "  --strict   warnings make the exit status 2 as well\n"
    "  --help     print this\n";

struct options {
    bool is_json;
    bool is_strict;
};

// ---- JSON ----

void contract_print_findings_json(const struct contract_file *file, FILE *out)
{
    struct message_bytes text = {0};
    json_write_open(&text, NULL, "{");
    json_write_text(&text, "file", file->path);
    json_write_number(&text, "errors", file->findings.error_count);
    json_write_open(&text, "findings", "[");
    for (uint32_t i = 0; i < file->findings.count; i++) {
        const struct contract_finding *finding = &file->findings.items[i];
        const char *severity = finding->severity == CONTRACT_ERROR ? "error" : "warning";
        json_write_open(&text, NULL, "{");
        json_write_number(&text, "line", finding->place.line);
        json_write_number(&text, "column", finding->place.column);
        json_write_text(&text, "severity", severity);
        json_write_text(&text, "rule", finding->rule);
        json_write_text(&text, "text", finding->text);
        message_append_text(&text, "}");
    }
    message_append_text(&text, "]}");
    json_write_line(&text, out);
}

// ---- The command ----

static int lint_file(const char *path, const struct options *options)
{
    struct contract_file file;
    if (contract_load(path, &file)) {
        contract_lint(&file);
    }
    if (options->is_json) {
        contract_print_findings_json(&file, stdout);
    } else {
        contract_print_findings(&file, stderr);
    }
    bool is_bad = file.findings.error_count > 0 || (options->is_strict && file.findings.count > 0);
    contract_free(&file);
    return is_bad ? TOOL_INPUT : TOOL_DONE;
}

static const struct option table[] = {
    {"json", no_argument, NULL, 'j'},
    {"strict", no_argument, NULL, 's'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int take(void *context, int choice, const char *value)
{
    struct options *options = context;
    (void)value;
    options->is_json = options->is_json || choice == 'j';
    options->is_strict = options->is_strict || choice == 's';
    return TOOL_DONE;
}

int lint_command(int argc, char **argv)
{
    static const struct tool_command command = {
        .name = "lint", .help = help, .letters = ":jsh", .table = table, .take = take};
    struct options options = {0};
    int status = TOOL_DONE;
    if (!tool_take_options(&command, argc, argv, &options, &status)) {
        return status;
    }
    if (optind == argc) {
        return tool_refuse("lint", "name a contract file", "");
    }
    for (int i = optind; i < argc; i++) {
        if (lint_file(argv[i], &options) != TOOL_DONE) {
            status = TOOL_INPUT;
        }
    }
    return status;
}
