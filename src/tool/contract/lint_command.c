// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc lint [--json] [--strict] CONTRACT...`.
#include <getopt.h>

#include "tool/contract/lint.h"

enum { EXIT_DONE = 0, EXIT_INPUT = 2 };

static void print_help(FILE *out)
{
    fputs(
        "usage: myc lint [--json] [--strict] CONTRACT.yaml...\n"
        "\n"
        "Reads contracts and says what is wrong (errors) or unwise (warnings) in them, each with\n"
        "its place and a rule id; docs/reference/contracts.md lists the rules. '-' is standard\n"
        "input. The exit status is 2 if there is an error, else 0.\n"
        "\n"
        "  --json     one JSON object a file on standard output instead of lines on standard "
        "error\n"
        "  --strict   warnings make the exit status 2 as well\n"
        "  --help     print this\n",
        out);
}

static int refuse(const char *text, const char *detail)
{
    fprintf(stderr, "myc lint: error: %s%s; try 'myc lint --help'\n", text, detail);
    return EXIT_INPUT;
}

// ---- JSON ----

static void print_string(const char *text, FILE *out)
{
    fputc('"', out);
    for (size_t i = 0; text[i] != '\0'; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < ' ') {
            fprintf(out, "\\u%04x", (unsigned)c);
        } else {
            fputc(c, out);
        }
    }
    fputc('"', out);
}

void contract_print_findings_json(const struct contract_file *file, FILE *out)
{
    fputs("{\"file\":", out);
    print_string(file->path, out);
    fprintf(out, ",\"errors\":%u,\"findings\":[", file->findings.error_count);
    for (uint32_t i = 0; i < file->findings.count; i++) {
        const struct contract_finding *finding = &file->findings.items[i];
        const char *severity = finding->severity == CONTRACT_ERROR ? "error" : "warning";
        fprintf(
            out,
            "%s{\"line\":%u,\"column\":%u,\"severity\":\"%s\",\"rule\":\"%s\",\"text\":",
            i > 0 ? "," : "",
            finding->place.line,
            finding->place.column,
            severity,
            finding->rule);
        print_string(finding->text, out);
        fputc('}', out);
    }
    fputs("]}\n", out);
}

// ---- The command ----

static int lint_file(const char *path, bool is_json, bool is_strict)
{
    struct contract_file file;
    if (contract_load(path, &file)) {
        contract_lint(&file);
    }
    if (is_json) {
        contract_print_findings_json(&file, stdout);
    } else {
        contract_print_findings(&file, stderr);
    }
    bool is_bad = file.findings.error_count > 0 || (is_strict && file.findings.count > 0);
    contract_free(&file);
    return is_bad ? EXIT_INPUT : EXIT_DONE;
}

int lint_command(int argc, char **argv)
{
    static const struct option table[] = {
        {"json", no_argument, NULL, 'j'},
        {"strict", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    bool is_json = false;
    bool is_strict = false;
    int choice = 0;
    opterr = 0;
    optind = 1;
    while ((choice = getopt_long(argc, argv, ":jsh", table, NULL)) != -1) {
        if (choice == 'j') {
            is_json = true;
        } else if (choice == 's') {
            is_strict = true;
        } else if (choice == 'h') {
            print_help(stdout);
            return EXIT_DONE;
        } else {
            return refuse("unknown option ", argv[optind - 1]);
        }
    }
    if (optind == argc) {
        return refuse("name a contract file", "");
    }
    int status = EXIT_DONE;
    for (int i = optind; i < argc; i++) {
        if (lint_file(argv[i], is_json, is_strict) != EXIT_DONE) {
            status = EXIT_INPUT;
        }
    }
    return status;
}
