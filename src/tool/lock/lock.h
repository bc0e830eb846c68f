// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The lock of a contract: what was ever promised, so that nothing is promised twice.
 *
 * Text, a fact a line, written by `myc lock` and committed beside the contract; described in
 * docs/reference/compatibility.md. It has the digest of each version, the fingerprint of each
 * version of each message, every id and name that was ever used, and the canonical form of each
 * version that the contract still talks to.
 */
#ifndef MYC_TOOL_LOCK_LOCK_H
#define MYC_TOOL_LOCK_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <mycelium/compat.h>

#include "tool/contract/contract.h"

/** `myc lock ...`; returns the exit status. */
int lock_command(int argc, char **argv);

/**
 * Checks a contract against its lock, for commands that take `--lock FILE`. All that is wrong is
 * printed on standard error; so is that the lock is behind, which is no error.
 *
 * Returns: whether the contract may be built.
 */
bool lock_verify(const char *contract_path, const char *lock_path);

enum lock_kind { LOCK_MESSAGE, LOCK_FIELD, LOCK_VALUE, LOCK_VARIANT, LOCK_KIND_COUNT };

enum { LOCK_NAME_BYTES = 64, LOCK_TYPE_BYTES = 160, LOCK_HEX_BYTES = 2 * MYC_DIGEST_BYTES + 1 };

/** A name and its number: type id, first version of a field, value, tag. */
struct lock_entry {
    enum lock_kind kind;
    bool is_gone; /* an earlier version had it */
    uint32_t number;
    char owner[LOCK_NAME_BYTES]; /* message, enum, union; "-" of messages */
    char name[LOCK_NAME_BYTES];
    char type[LOCK_TYPE_BYTES]; /* of fields and variants, else "" */
    struct contract_place place;
};

struct lock_entries {
    struct lock_entry *items;
    uint32_t count;
    uint32_t capacity;
};

struct lock_fingerprint {
    uint32_t id;
    uint32_t version;
    char name[LOCK_NAME_BYTES];
    char hex[LOCK_HEX_BYTES];
};

struct lock_version {
    uint32_t version;
    uint32_t min_compatible;
    char hex[LOCK_HEX_BYTES]; /* of the digest */
    char *canonical;          /* NULL: no longer kept */
    size_t canonical_size;
    void *memory; /* of `contract` */
    const struct myc_contract *contract;
};

struct lock {
    char name[LOCK_NAME_BYTES];
    uint32_t id;
    struct lock_version *versions; /* ascending */
    uint32_t version_count;
    struct lock_fingerprint *fingerprints; /* by id, then version */
    uint32_t fingerprint_count;
    struct lock_entries entries;
    char *text; /* the file as it was read */
    size_t text_size;
};

/** Takes memory or ends the program. */
void *lock_grow(void *items, uint32_t count, uint32_t *capacity, size_t size);

void lock_free(struct lock *lock);

/** Every name and number of a contract file, with places. */
void lock_collect(const struct contract_file *file, struct lock_entries *out_entries);

void lock_hex(const uint8_t *digest, char out_hex[LOCK_HEX_BYTES]);

/**
 * Reads a lock from bytes, which it cuts into words; a zero byte must stand behind them. `path` is
 * used in errors only.
 *
 * Returns: whether it is one; else one line `path:line:1: error: ...` was printed on `errors`, if
 * that is not NULL, and the lock is zeroed. Ownership: lock_free() ends it.
 */
bool lock_parse(const char *path, char *bytes, size_t size, FILE *errors, struct lock *out_lock);

/**
 * Reads a lock. Returns: whether it is one; else one line `path:line: error: ...` was printed.
 * `*out_is_missing`: there is no such file, which is not printed.
 */
bool lock_read(const char *path, struct lock *out_lock, bool *out_is_missing);

/** Adds to the file's findings all that contradicts the lock. Returns: whether nothing did. */
bool lock_check(const struct lock *lock, struct contract_file *file);

/** Whether the file that was read is what would be written now, byte by byte. */
bool lock_is_current(const struct lock *lock, const struct contract_file *file);

/** Writes the lock as it is with this contract; `lock` may be zeroed. */
void lock_write(const struct lock *lock, const struct contract_file *file, FILE *out);

#endif
