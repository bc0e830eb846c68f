// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Contract files: any bytes either give findings with a place and a one-line text, or descriptors
// that are sound by the library's own rules and generate the same code twice.
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "tool/gen/gen.h"

static void check_findings(const struct contract_file *file, bool is_good)
{
    uint32_t errors = 0;
    for (uint32_t i = 0; i < file->findings.count; i++) {
        const struct contract_finding *finding = &file->findings.items[i];
        FUZZ_CHECK(finding->text[0] != '\0');
        FUZZ_CHECK(strchr(finding->text, '\n') == NULL);
        FUZZ_CHECK(finding->rule[0] != '\0');
        errors += finding->severity == CONTRACT_ERROR ? 1 : 0;
    }
    FUZZ_CHECK((errors == 0) == is_good);
    FUZZ_CHECK(file->findings.error_count >= errors);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct contract_file first;
    struct contract_file second;
    char *bytes = malloc(size > 0 ? size : 1);
    FUZZ_CHECK(bytes != NULL);
    if (size > 0) {
        memcpy(bytes, data, size);
    }
    bool is_good = contract_read("fuzz.yaml", bytes, size, &first);
    check_findings(&first, is_good);
    if (is_good) {
        FUZZ_CHECK(myc_contract_check(&first.contract, NULL) == MYC_OK);
        FUZZ_CHECK(contract_read("fuzz.yaml", bytes, size, &second));
        check_names_alike(&first, &second);
        check_emits_alike(gen_emit_header, &first, &second);
        check_emits_alike(gen_emit_source, &first, &second);
        check_emits_alike(gen_emit_cpp, &first, &second);
        contract_free(&second);
    }
    contract_free(&first);
    free(bytes);
    return 0;
}
