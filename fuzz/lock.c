// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Locks of contracts: what is read is whole and in order, is read alike again, and takes bounded
// work; so does comparing it with a contract, whose next lock is read as well.
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "steps.h"
#include "tool/lock/lock.h"

enum { STEPS_BASE = 1 << 18, STEPS_PER_BYTE = 1 << 10 };

static const char contract[] = "schema: {name: c, id: 7, version: 2}\n"
                               "enums: {E: {values: {A: 1}, reserved: [9]}}\n"
                               "unions: {U: {size: 8, variants: {v: {tag: 1}}}}\n"
                               "messages:\n"
                               "  M: {type_id: 1, topic: t, schema_version: 2, fields: {a: u64, "
                               "e: E, u: U, b: {type: u32, since: 2, default: 3}}}\n";

// Reads a copy of exactly that size and the zero behind it, counting steps.
static bool parse(const void *data, size_t size, struct lock *out_lock)
{
    char *bytes = malloc(size + 1);
    FUZZ_CHECK(bytes != NULL);
    if (size > 0) {
        memcpy(bytes, data, size);
    }
    bytes[size] = '\0';
    fuzz_steps_begin();
    bool is_read = lock_parse("contracts.lock", bytes, size, NULL, out_lock);
    fuzz_steps_end(size, STEPS_BASE, STEPS_PER_BYTE);
    free(bytes);
    return is_read;
}

static bool is_hex(const char *hex)
{
    return strlen(hex) == LOCK_HEX_BYTES - 1
           && strspn(hex, "0123456789abcdef") == LOCK_HEX_BYTES - 1;
}

static void check_lock(const struct lock *lock)
{
    FUZZ_CHECK(lock->version_count > 0);
    FUZZ_CHECK(lock->name[0] != '\0');
    for (uint32_t i = 0; i < lock->version_count; i++) {
        const struct lock_version *version = &lock->versions[i];
        FUZZ_CHECK(i == 0 || version->version > lock->versions[i - 1].version);
        FUZZ_CHECK(is_hex(version->hex));
        FUZZ_CHECK((version->canonical == NULL) == (version->contract == NULL));
        if (version->contract != NULL) {
            char hex[LOCK_HEX_BYTES];
            lock_hex(version->contract->digest, hex);
            FUZZ_CHECK(strcmp(hex, version->hex) == 0);
            FUZZ_CHECK(myc_contract_check(version->contract, NULL) == MYC_OK);
        }
    }
    for (uint32_t i = 0; i < lock->fingerprint_count; i++) {
        FUZZ_CHECK(is_hex(lock->fingerprints[i].hex));
        FUZZ_CHECK(lock->fingerprints[i].name[0] != '\0');
    }
    for (uint32_t i = 0; i < lock->entries.count; i++) {
        const struct lock_entry *entry = &lock->entries.items[i];
        FUZZ_CHECK(entry->kind < LOCK_KIND_COUNT);
        FUZZ_CHECK(entry->owner[0] != '\0' && entry->name[0] != '\0');
    }
}

// What would be written now is a lock, and current.
static void check_next(const struct lock *lock, struct contract_file *file)
{
    struct lock next;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    FUZZ_CHECK(out != NULL);
    lock_write(lock, file, out);
    FUZZ_CHECK(fclose(out) == 0);
    FUZZ_CHECK(parse(text, size, &next));
    check_lock(&next);
    FUZZ_CHECK(lock_check(&next, file));
    FUZZ_CHECK(lock_is_current(&next, file));
    lock_free(&next);
    free(text);
}

static void check_against_contract(const struct lock *lock)
{
    struct contract_file file;
    FUZZ_CHECK(contract_read("c.yaml", contract, sizeof(contract) - 1, &file));
    uint32_t errors = file.findings.error_count;
    bool is_kept = lock_check(lock, &file);
    FUZZ_CHECK(is_kept == (file.findings.error_count == errors));
    if (is_kept) {
        check_next(lock, &file);
    }
    contract_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lock lock;
    if (parse(data, size, &lock)) {
        FUZZ_CHECK(lock.text_size == size && memcmp(lock.text, data, size) == 0);
        check_lock(&lock);
        check_against_contract(&lock);
        lock_free(&lock);
    } else {
        FUZZ_CHECK(lock.text == NULL && lock.version_count == 0);
    }
    return 0;
}
