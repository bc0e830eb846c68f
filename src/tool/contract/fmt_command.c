// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc fmt [--check] CONTRACT...`. A file is replaced only when what was written reads as the same
// contract with the same comments, and comes out unchanged when it is formatted again.
#include "tool/contract/fmt.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/command.h"
#include "tool/contract/contract.h"

enum { SOURCE_MAX = 4 * 1024 * 1024 };

static const char help[] =
    "usage: myc fmt [--check] CONTRACT.yaml...\n"
    "\n"
    "Writes contracts in canonical style: keys in their order, two spaces a level, quotes "
    "where\n"
    "they are needed. Comments and groups of lines stay; the contract's digest does not "
    "change.\n"
    "A file that cannot be formatted safely is left alone.\n"
    "\n"
    "  --check   write nothing; name the files that would change, exit status 2 if there are\n"
    "  --help    print this\n";

// ---- Formatting ----

// Formats bytes; NULL with the problem in `document`.
static char *format_bytes(
    struct contract_arena *arena,
    const char *bytes,
    size_t size,
    size_t *out_size,
    struct fmt_document *document)
{
    char *text = NULL;
    if (!fmt_parse(arena, bytes, size, document)) {
        return NULL;
    }
    FILE *out = open_memstream(&text, out_size);
    if (out == NULL) {
        document->problem = "memory is exhausted";
        return NULL;
    }
    fmt_sort(document);
    fmt_write(document, out);
    fclose(out);
    return text;
}

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool has_same_notes(const struct contract_note *a, const struct contract_note *b)
{
    return is_same_text(a->description, b->description)
           && is_same_text(a->deprecation, b->deprecation);
}

static bool
has_same_members(const struct contract_notes *a, const struct contract_notes *b, uint32_t count)
{
    bool is_same = has_same_notes(&a->self, &b->self) && a->reserved_count == b->reserved_count;
    for (uint32_t i = 0; i < count && is_same; i++) {
        is_same = has_same_notes(&a->members[i], &b->members[i]);
    }
    return is_same;
}

static bool is_same_policy(const struct myc_message_policy *a, const struct myc_message_policy *b)
{
    return is_same_text(a->domain, b->domain) && is_same_text(a->sensitivity, b->sensitivity)
           && a->hides_payload == b->hides_payload && a->priority == b->priority
           && a->latency_slo_p99_ns == b->latency_slo_p99_ns
           && a->error_rate_slo_ppm == b->error_rate_slo_ppm
           && a->is_deprecated == b->is_deprecated;
}

// What the digest does not see is compared here.
static bool is_same_contract(const struct contract_file *a, const struct contract_file *b)
{
    bool is_same = memcmp(a->contract.digest, b->contract.digest, MYC_DIGEST_BYTES) == 0
                   && a->contract.message_count == b->contract.message_count
                   && a->enum_count == b->enum_count && a->struct_count == b->struct_count
                   && a->union_count == b->union_count && a->reserved_count == b->reserved_count
                   && has_same_notes(&a->note, &b->note);
    for (uint32_t i = 0; i < a->contract.message_count && is_same; i++) {
        const struct myc_message_type *left = a->contract.messages[i];
        const struct myc_message_type *right = b->contract.messages[i];
        is_same =
            left->id == right->id && is_same_policy(&left->policy, &right->policy)
            && has_same_members(&a->message_notes[i], &b->message_notes[i], left->field_count);
        for (uint32_t j = 0; j < left->field_count && is_same; j++) {
            is_same = left->fields[j].flags == right->fields[j].flags;
        }
    }
    for (uint32_t i = 0; i < a->enum_count && is_same; i++) {
        is_same = has_same_members(&a->enum_notes[i], &b->enum_notes[i], a->enums[i]->value_count);
    }
    for (uint32_t i = 0; i < a->struct_count && is_same; i++) {
        is_same =
            has_same_members(&a->struct_notes[i], &b->struct_notes[i], a->structs[i]->field_count);
    }
    for (uint32_t i = 0; i < a->union_count && is_same; i++) {
        is_same =
            has_same_members(&a->union_notes[i], &b->union_notes[i], a->unions[i]->variant_count);
    }
    return is_same;
}

// Whether the formatted text may take the place of the original; else why not.
static const char *find_doubt(
    struct contract_arena *arena,
    const struct contract_file *original,
    const struct fmt_document *document,
    const char *text,
    size_t size)
{
    struct contract_file file;
    struct fmt_document again;
    size_t again_size = 0;
    const char *doubt = NULL;
    if (!contract_read(original->path, text, size, &file) || !is_same_contract(original, &file)) {
        doubt = "the result would be another contract";
    }
    contract_free(&file);
    char *again_text = format_bytes(arena, text, size, &again_size, &again);
    if (again_text == NULL || again_size != size || memcmp(again_text, text, size) != 0) {
        doubt = doubt != NULL ? doubt : "the result would not be stable";
    } else if (
        again.comment_count != document->comment_count
        || again.comment_sum != document->comment_sum) {
        doubt = doubt != NULL ? doubt : "a comment would be lost";
    }
    free(again_text);
    return doubt;
}

// ---- Files ----

static char *read_file(const char *path, size_t *out_size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = file != NULL ? malloc(SOURCE_MAX + 1) : NULL;
    if (bytes == NULL) {
        fprintf(stderr, "%s: error: cannot open the contract: %s\n", path, strerror(errno));
        if (file != NULL) {
            fclose(file);
        }
        return NULL;
    }
    *out_size = fread(bytes, 1, SOURCE_MAX + 1, file);
    bool is_read = ferror(file) == 0 && *out_size <= SOURCE_MAX;
    if (!is_read) {
        fprintf(stderr, "%s: error: cannot read the contract, or it is above 4 MiB\n", path);
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}

// Writes beside the file and renames, so that it is the old one or the new one at any time.
static bool replace_file(const char *path, const char *text, size_t size)
{
    struct stat status;
    size_t len = strlen(path);
    char *beside = malloc(len + 5);
    if (beside == NULL || stat(path, &status) != 0) {
        fprintf(stderr, "%s: error: cannot replace the file: %s\n", path, strerror(errno));
        free(beside);
        return false;
    }
    memcpy(beside, path, len);
    memcpy(beside + len, ".new", 5);
    FILE *file = fopen(beside, "wb");
    bool is_written = file != NULL && fwrite(text, 1, size, file) == size
                      && fchmod(fileno(file), status.st_mode & 07777) == 0;
    is_written = (file == NULL || fclose(file) == 0) && is_written;
    is_written = is_written && rename(beside, path) == 0;
    if (!is_written) {
        fprintf(stderr, "%s: error: cannot replace the file: %s\n", path, strerror(errno));
        (void)unlink(beside);
    }
    free(beside);
    return is_written;
}

static int
format_contract(struct contract_file *contract, const char *bytes, size_t size, bool is_check)
{
    struct contract_arena *arena = contract_arena_create();
    struct fmt_document document;
    size_t text_size = 0;
    const char *path = contract->path;
    int status = TOOL_DONE;
    char *text = format_bytes(arena, bytes, size, &text_size, &document);
    if (text == NULL) {
        fprintf(
            stderr,
            "%s:%u:1: error: the file is left as it is: %s\n",
            path,
            document.problem_line,
            document.problem);
        contract_arena_destroy(arena);
        return TOOL_INPUT;
    }
    const char *doubt = find_doubt(arena, contract, &document, text, text_size);
    bool is_changed = text_size != size || memcmp(text, bytes, size) != 0;
    if (doubt != NULL) {
        fprintf(stderr, "%s: error: the file is left as it is: %s\n", path, doubt);
        status = TOOL_INPUT;
    } else if (is_changed && is_check) {
        fprintf(stderr, "%s: error: not in canonical style; run 'myc fmt' on it\n", path);
        status = TOOL_INPUT;
    } else if (is_changed) {
        status = replace_file(path, text, text_size) ? TOOL_DONE : TOOL_SYSTEM;
    }
    free(text);
    contract_arena_destroy(arena);
    return status;
}

static int format_file(const char *path, bool is_check)
{
    struct contract_file contract;
    size_t size = 0;
    char *bytes = read_file(path, &size);
    if (bytes == NULL) {
        return TOOL_INPUT;
    }
    int status = TOOL_INPUT;
    if (contract_read(path, bytes, size, &contract)) {
        status = format_contract(&contract, bytes, size, is_check);
    } else {
        contract_print_findings(&contract, stderr);
    }
    contract_free(&contract);
    free(bytes);
    return status;
}

// ---- The command ----

static const struct option table[] = {
    {"check", no_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int take(void *context, int choice, const char *value)
{
    bool *is_check = context;
    (void)value;
    *is_check = *is_check || choice == 'c';
    return TOOL_DONE;
}

int fmt_command(int argc, char **argv)
{
    static const struct tool_command command = {
        .name = "fmt", .help = help, .letters = ":ch", .table = table, .take = take};
    bool is_check = false;
    int status = TOOL_DONE;
    if (!tool_take_options(&command, argc, argv, &is_check, &status)) {
        return status;
    }
    if (optind == argc) {
        return tool_refuse("fmt", "name a contract file", "");
    }
    for (int i = optind; i < argc; i++) {
        int file_status = format_file(argv[i], is_check);
        status = file_status > status ? file_status : status;
    }
    return status;
}
