// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Contract files: any bytes give findings, each of one line at a place inside the file, in order;
// and if none of them is an error, descriptors that pass the library's own check and are the same
// when they are read again, and generate the same code.
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "schema/canonical.h"
#include "steps.h"
#include "tool/contract/contract.h"
#include "tool/contract/fmt.h"
#include "tool/contract/lint.h"
#include "tool/gen/gen.h"

// Aliases may say 65536 fields in a few bytes, so the start is dear; then what a byte costs.
enum { STEPS_BASE = 4 * 1024 * 1024, STEPS_PER_BYTE = 64 * 1024 };

static bool is_before(struct contract_place a, struct contract_place b)
{
    return a.line < b.line || (a.line == b.line && a.column < b.column);
}

static void check_findings(const struct contract_file *file, size_t lines)
{
    struct contract_place last = {0, 0};
    uint32_t errors = 0;
    for (uint32_t i = 0; i < file->findings.count; i++) {
        const struct contract_finding *finding = &file->findings.items[i];
        FUZZ_CHECK(finding->place.line >= 1 && finding->place.line <= lines + 1);
        FUZZ_CHECK(finding->place.column >= 1);
        FUZZ_CHECK(!is_before(finding->place, last));
        FUZZ_CHECK(finding->rule != NULL && finding->rule[0] != '\0');
        FUZZ_CHECK(finding->text != NULL && finding->text[0] != '\0');
        FUZZ_CHECK(strchr(finding->text, '\n') == NULL);
        errors += finding->severity == CONTRACT_ERROR ? 1 : 0;
        last = finding->place;
    }
    FUZZ_CHECK((errors > 0) == (file->findings.error_count > 0));
}

static void check_contract(const struct myc_contract *contract)
{
    static struct myc__schema_types types;
    uint8_t digest[MYC_DIGEST_BYTES];
    FUZZ_CHECK(myc_contract_check(contract, NULL) == MYC_OK);
    FUZZ_CHECK(contract->message_count >= 1);
    FUZZ_CHECK(contract->canonical_size == strlen(contract->canonical));
    FUZZ_CHECK(myc__schema_canonical_digest(contract, &types, digest) == MYC_OK);
    FUZZ_CHECK(memcmp(digest, contract->digest, sizeof digest) == 0);
    for (uint32_t i = 0; i < contract->message_count; i++) {
        const struct myc_message_type *type = contract->messages[i];
        FUZZ_CHECK(myc_contract_find(contract, type->id) == type);
        FUZZ_CHECK(type->size % 8 == 0 && type->size > 0);
    }
}

static void check_alike(const struct contract_file *first, const struct contract_file *second)
{
    const struct myc_contract *one = &first->contract;
    const struct myc_contract *two = &second->contract;
    FUZZ_CHECK(one->canonical_size == two->canonical_size);
    FUZZ_CHECK(memcmp(one->canonical, two->canonical, one->canonical_size) == 0);
    FUZZ_CHECK(memcmp(one->digest, two->digest, sizeof one->digest) == 0);
    FUZZ_CHECK(first->findings.count == second->findings.count);
}

static char *emit(
    void (*emitter)(const struct gen_unit *, FILE *),
    const struct contract_file *file,
    const char *prefix)
{
    char *text = NULL;
    size_t size = 0;
    struct gen_unit unit = {.file = file, .prefix = prefix, .has_cpp = true};
    FILE *out = open_memstream(&text, &size);
    FUZZ_CHECK(out != NULL);
    emitter(&unit, out);
    FUZZ_CHECK(fclose(out) == 0);
    FUZZ_CHECK(strlen(text) == size);
    return text;
}

static void check_emits_alike(
    void (*emitter)(const struct gen_unit *, FILE *),
    const struct contract_file *first,
    const struct contract_file *second)
{
    char *first_text = emit(emitter, first, first->contract.name);
    char *second_text = emit(emitter, second, second->contract.name);
    FUZZ_CHECK(strcmp(first_text, second_text) == 0);
    free(first_text);
    free(second_text);
}

// Both say the same about names, whatever it is.
static void check_names_alike(const struct contract_file *first, const struct contract_file *second)
{
    char *said = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&said, &size);
    FUZZ_CHECK(out != NULL);
    struct gen_unit unit = {.file = first, .prefix = first->contract.name};
    bool is_good = gen_check_names(&unit, out);
    FUZZ_CHECK(fclose(out) == 0);
    FUZZ_CHECK(is_good == (size == 0));
    free(said);
    unit.file = second;
    out = open_memstream(&said, &size);
    FUZZ_CHECK(out != NULL);
    FUZZ_CHECK(gen_check_names(&unit, out) == is_good);
    FUZZ_CHECK(fclose(out) == 0);
    free(said);
}

// Formatting ends; whether its result may replace the file is asked by `myc fmt` each time.
static void check_formats(const char *bytes, size_t size)
{
    struct fmt_document document;
    struct contract_arena *arena = contract_arena_create();
    if (fmt_parse(arena, bytes, size, &document)) {
        char *text = NULL;
        size_t text_size = 0;
        FILE *out = open_memstream(&text, &text_size);
        FUZZ_CHECK(out != NULL);
        fmt_sort(&document);
        fmt_write(&document, out);
        FUZZ_CHECK(fclose(out) == 0);
        FUZZ_CHECK(text_size > 0);
        free(text);
    } else {
        FUZZ_CHECK(document.problem != NULL);
        FUZZ_CHECK(document.problem_line >= 1);
    }
    contract_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct contract_file first;
    struct contract_file second;
    size_t lines = 1;
    char *bytes = malloc(size > 0 ? size : 1);
    FUZZ_CHECK(bytes != NULL);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)data[i];
        lines += data[i] == '\n' || data[i] == '\r' ? 1 : 0;
    }
    // The next line, line separator and paragraph separator of Unicode end lines as well.
    lines += size / 2;
    fuzz_steps_begin();
    bool is_good = contract_read("file.yaml", bytes, size, &first);
    fuzz_steps_end(size, STEPS_BASE, STEPS_PER_BYTE);
    check_findings(&first, lines);
    if (is_good) {
        check_contract(&first.contract);
        FUZZ_CHECK(contract_read("file.yaml", bytes, size, &second));
        check_alike(&first, &second);
        check_names_alike(&first, &second);
        check_emits_alike(gen_emit_header, &first, &second);
        check_emits_alike(gen_emit_source, &first, &second);
        check_emits_alike(gen_emit_cpp, &first, &second);
        check_formats(bytes, size);
        contract_lint(&second);
        contract_free(&second);
    } else {
        FUZZ_CHECK(first.findings.count > 0);
    }
    contract_free(&first);
    free(bytes);
    return 0;
}
