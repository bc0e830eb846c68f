// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Writing a lock: what the last one had, and what the contract has now. The same contract and lock
// give the same bytes.
#include <stdlib.h>
#include <string.h>

#include "tool/lock/lock.h"

static const char *const kinds[] = {"message", "field", "value", "variant"};

static int compare_entries(const void *left, const void *right)
{
    const struct lock_entry *a = left;
    const struct lock_entry *b = right;
    int order = (int)a->kind - (int)b->kind;
    order = order != 0 ? order : strcmp(a->owner, b->owner);
    if (order == 0 && a->number != b->number) {
        order = a->number < b->number ? -1 : 1;
    }
    order = order != 0 ? order : strcmp(a->name, b->name);
    return order != 0 ? order : (int)a->is_gone - (int)b->is_gone;
}

static bool is_same(const struct lock_entry *a, const struct lock_entry *b)
{
    bool is_same_number = a->kind == LOCK_FIELD || a->number == b->number;
    return a->kind == b->kind && is_same_number && strcmp(a->owner, b->owner) == 0
           && strcmp(a->name, b->name) == 0;
}

static bool has_entry(const struct lock_entries *entries, const struct lock_entry *entry)
{
    for (uint32_t i = 0; i < entries->count; i++) {
        if (is_same(&entries->items[i], entry)) {
            return true;
        }
    }
    return false;
}

static void write_entries(const struct lock *lock, const struct contract_file *file, FILE *out)
{
    struct lock_entries entries;
    lock_collect(file, &entries);
    for (uint32_t i = 0; i < lock->entries.count; i++) {
        if (!has_entry(&entries, &lock->entries.items[i])) {
            entries.items =
                lock_grow(entries.items, entries.count, &entries.capacity, sizeof(*entries.items));
            entries.items[entries.count] = lock->entries.items[i];
            entries.items[entries.count++].is_gone = true;
        }
    }
    if (entries.count > 0) {
        qsort(entries.items, entries.count, sizeof(*entries.items), compare_entries);
    }
    for (uint32_t i = 0; i < entries.count; i++) {
        const struct lock_entry *entry = &entries.items[i];
        fprintf(
            out,
            "%s %s %s %u %s%s%s\n",
            entry->is_gone ? "had" : "has",
            kinds[entry->kind],
            entry->owner,
            entry->number,
            entry->name,
            entry->type[0] != '\0' ? " " : "",
            entry->type);
    }
    free(entries.items);
}

static int compare_fingerprints(const void *left, const void *right)
{
    const struct lock_fingerprint *a = left;
    const struct lock_fingerprint *b = right;
    if (a->id != b->id) {
        return a->id < b->id ? -1 : 1;
    }
    return a->version < b->version ? -1 : (a->version > b->version ? 1 : 0);
}

// Those of the contract take the place of those with the same id and version.
static void write_fingerprints(const struct lock *lock, const struct contract_file *file, FILE *out)
{
    const struct myc_contract *contract = &file->contract;
    uint32_t most = lock->fingerprint_count + contract->message_count;
    struct lock_fingerprint *prints = calloc((size_t)most + 1, sizeof(*prints));
    uint32_t count = 0;
    if (prints == NULL) {
        fputs("myc: error: memory is exhausted\n", stderr);
        exit(2);
    }
    for (uint32_t i = 0; i < contract->message_count; i++) {
        const struct myc_message_type *type = contract->messages[i];
        struct lock_fingerprint *print = &prints[count++];
        print->id = type->id;
        print->version = type->version;
        (void)snprintf(print->name, sizeof(print->name), "%s", type->name);
        lock_hex(type->fingerprint, print->hex);
    }
    for (uint32_t i = 0; i < lock->fingerprint_count; i++) {
        bool is_there = false;
        for (uint32_t j = 0; j < contract->message_count; j++) {
            is_there = is_there || compare_fingerprints(&prints[j], &lock->fingerprints[i]) == 0;
        }
        if (!is_there) {
            prints[count++] = lock->fingerprints[i];
        }
    }
    qsort(prints, count, sizeof(*prints), compare_fingerprints);
    for (uint32_t i = 0; i < count; i++) {
        fprintf(
            out,
            "message %s %u %u %s\n",
            prints[i].name,
            prints[i].id,
            prints[i].version,
            prints[i].hex);
    }
    free(prints);
}

void lock_write(const struct lock *lock, const struct contract_file *file, FILE *out)
{
    const struct myc_contract *contract = &file->contract;
    char hex[LOCK_HEX_BYTES];
    lock_hex(contract->digest, hex);
    fprintf(
        out,
        "# What contract %s ever promised. Written by 'myc lock'; commit it, do not edit it.\n"
        "mycelium lock 1\n"
        "contract %s %u\n",
        contract->name,
        contract->name,
        contract->id);
    for (uint32_t i = 0; i < lock->version_count; i++) {
        const struct lock_version *version = &lock->versions[i];
        if (version->version < contract->version) {
            fprintf(
                out, "version %u %u %s\n", version->version, version->min_compatible, version->hex);
        }
    }
    fprintf(out, "version %u %u %s\n", contract->version, contract->min_compatible, hex);
    write_fingerprints(lock, file, out);
    write_entries(lock, file, out);
    for (uint32_t i = 0; i < lock->version_count; i++) {
        const struct lock_version *version = &lock->versions[i];
        bool is_kept = version->version < contract->version && version->canonical != NULL
                       && version->version >= contract->min_compatible;
        if (is_kept) {
            fprintf(out, "canonical %u %zu\n", version->version, version->canonical_size);
            (void)fwrite(version->canonical, 1, version->canonical_size, out);
        }
    }
    fprintf(out, "canonical %u %u\n", contract->version, contract->canonical_size);
    (void)fwrite(contract->canonical, 1, contract->canonical_size, out);
}

bool lock_is_current(const struct lock *lock, const struct contract_file *file)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return false;
    }
    lock_write(lock, file, out);
    bool is_written = fclose(out) == 0;
    bool is_current = is_written && lock->text != NULL && size == lock->text_size
                      && memcmp(text, lock->text, size) == 0;
    free(text);
    return is_current;
}
