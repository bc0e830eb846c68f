// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Two contract files, with a line "===" between them, are compared. What a comparison says must be
// what decoding does; a contract is fully compatible with itself; and what a visitor is told adds
// up to the verdict.
#include <stdio.h>
#include <string.h>

#include <mycelium/compat.h>

#include "fuzz.h"
#include "steps.h"
#include "tests/evolution/oracle.h"
#include "tool/contract/contract.h"

enum { SAMPLES = 6, MESSAGES_MAX = 16, FIELDS_MAX = 64, SIZE_MAX_COMPARED = 4096 };

// Each field is looked for among those of the other side: the square of what a message may have
// here.
enum { STEPS_BASE = 256 * 1024, STEPS_PER_BYTE = 1024 };

static const char separator[] = "\n===\n";

struct told {
    uint32_t count;
    uint32_t breaks;
};

static void on_finding(void *context, const struct myc_compat_finding *finding)
{
    struct told *told = context;
    FUZZ_CHECK((unsigned)finding->rule < MYC_COMPAT_RULE_COUNT);
    FUZZ_CHECK(strnlen(finding->path, sizeof finding->path) < sizeof finding->path);
    FUZZ_CHECK(strnlen(finding->old_text, sizeof finding->old_text) < sizeof finding->old_text);
    FUZZ_CHECK(strnlen(finding->new_text, sizeof finding->new_text) < sizeof finding->new_text);
    told->count++;
    told->breaks |= finding->breaks;
}

static struct myc_compat
compare(const struct myc_contract *old_contract, const struct myc_contract *new_contract)
{
    struct told told = {0};
    struct myc_compat verdict = myc_contract_compare(old_contract, new_contract, on_finding, &told);
    struct myc_compat silent = myc_contract_compare(old_contract, new_contract, NULL, NULL);
    FUZZ_CHECK(verdict.finding_count == told.count);
    FUZZ_CHECK(verdict.new_reads_old == ((told.breaks & MYC_COMPAT_BREAKS_NEW_READS_OLD) == 0));
    FUZZ_CHECK(verdict.old_reads_new == ((told.breaks & MYC_COMPAT_BREAKS_OLD_READS_NEW) == 0));
    FUZZ_CHECK(verdict.keeps_meaning == ((told.breaks & MYC_COMPAT_CHANGES_MEANING) == 0));
    FUZZ_CHECK(silent.finding_count == verdict.finding_count);
    FUZZ_CHECK(silent.new_reads_old == verdict.new_reads_old);
    FUZZ_CHECK(silent.old_reads_new == verdict.old_reads_new);
    return verdict;
}

static bool is_small(const struct myc_contract *contract)
{
    bool is_good = contract->message_count <= MESSAGES_MAX;
    for (uint32_t i = 0; i < contract->message_count; i++) {
        is_good = is_good && contract->messages[i]->size <= SIZE_MAX_COMPARED
                  && contract->messages[i]->field_count <= FIELDS_MAX;
    }
    return is_good;
}

static void check_same(const struct myc_contract *contract)
{
    struct myc_compat verdict = compare(contract, contract);
    FUZZ_CHECK(myc_compat_level(&verdict) == MYC_COMPAT_LEVEL_FULL);
    FUZZ_CHECK(verdict.finding_count == 0 && verdict.keeps_meaning);
}

static void
check_pair(const struct myc_contract *old_contract, const struct myc_contract *new_contract)
{
    char why[ORACLE_WHY_BYTES];
    uint64_t random = 1;
    struct myc_compat verdict = compare(old_contract, new_contract);
    // Samples may miss what a verdict knows, so only what it promises is demanded.
    if (verdict.new_reads_old
        && !oracle_contract_reads(old_contract, new_contract, true, SAMPLES, &random, why)) {
        (void)fprintf(stderr, "new reads old: %s\n", why);
        abort();
    }
    if (verdict.old_reads_new
        && !oracle_contract_reads(new_contract, old_contract, false, SAMPLES, &random, why)) {
        (void)fprintf(stderr, "old reads new: %s\n", why);
        abort();
    }
}

// Where the first file ends; `size` without a separator.
static size_t find_separator(const char *bytes, size_t size)
{
    size_t len = sizeof separator - 1;
    for (size_t i = 0; i + len <= size; i++) {
        if (memcmp(bytes + i, separator, len) == 0) {
            return i;
        }
    }
    return size;
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
    size_t end = find_separator(bytes, size);
    size_t next = end < size ? end + sizeof separator - 1 : 0;
    bool is_good = contract_read("old.yaml", bytes, end, &first);
    bool is_pair =
        is_good && next > 0 && contract_read("new.yaml", bytes + next, size - next, &second);
    if (is_good && is_small(&first.contract)) {
        check_same(&first.contract);
        if (is_pair && is_small(&second.contract)) {
            fuzz_steps_begin();
            (void)myc_contract_compare(&first.contract, &second.contract, NULL, NULL);
            fuzz_steps_end(size, STEPS_BASE, STEPS_PER_BYTE);
            check_pair(&first.contract, &second.contract);
        }
    }
    if (is_good && next > 0) {
        contract_free(&second);
    }
    contract_free(&first);
    free(bytes);
    return 0;
}
