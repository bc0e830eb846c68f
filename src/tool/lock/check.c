// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A contract against its lock: nothing that was promised is taken back unnoticed, nothing is used
// again for something else. Everything wrong becomes a finding of the file, with the place where it
// is to be mended.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tool/contract/reader.h"
#include "tool/lock/lock.h"

struct checker {
    const struct lock *lock;
    struct contract_file *file;
    struct lock_entries now;
    uint32_t found;
};

static void report(
    struct checker *checker, struct contract_place place, const char *rule, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void report(
    struct checker *checker, struct contract_place place, const char *rule, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    contract_add_finding(checker->file, CONTRACT_ERROR, place, rule, text);
    checker->found++;
}

// ---- Names and numbers ----

static const char *const nouns[] = {"message", "field", "value", "variant"};
static const char *const number_nouns[] = {"type id", "version", "number", "tag"};

static bool is_owned_alike(const struct lock_entry *a, const struct lock_entry *b)
{
    return a->kind == b->kind && strcmp(a->owner, b->owner) == 0;
}

static const struct lock_entry *
find_name(const struct lock_entries *entries, const struct lock_entry *like)
{
    for (uint32_t i = 0; i < entries->count; i++) {
        if (is_owned_alike(&entries->items[i], like)
            && strcmp(entries->items[i].name, like->name) == 0) {
            return &entries->items[i];
        }
    }
    return NULL;
}

static const struct lock_entry *
find_number(const struct lock_entries *entries, const struct lock_entry *like)
{
    for (uint32_t i = 0; i < entries->count && like->kind != LOCK_FIELD; i++) {
        if (is_owned_alike(&entries->items[i], like) && entries->items[i].number == like->number) {
            return &entries->items[i];
        }
    }
    return NULL;
}

// Whether the lock has this name with this number, and has it still.
static bool is_known(const struct lock *lock, const struct lock_entry *like)
{
    for (uint32_t i = 0; i < lock->entries.count; i++) {
        const struct lock_entry *entry = &lock->entries.items[i];
        bool is_same_number = like->kind == LOCK_FIELD || entry->number == like->number;
        if (!entry->is_gone && is_owned_alike(entry, like) && is_same_number
            && strcmp(entry->name, like->name) == 0) {
            return true;
        }
    }
    return false;
}

// A name or number that is new here must never have been anything else.
static void check_new(struct checker *checker, const struct lock_entry *entry)
{
    const struct lock *lock = checker->lock;
    const char *noun = nouns[entry->kind];
    if (is_known(lock, entry)) {
        return;
    }
    const struct lock_entry *same_name = find_name(&lock->entries, entry);
    if (same_name != NULL && same_name->is_gone
        && (entry->kind == LOCK_FIELD || same_name->number == entry->number)) {
        report(
            checker,
            entry->place,
            "LOCK_NAME_REUSED",
            "%s '%s' was removed in an earlier version: take another name",
            noun,
            entry->name);
        return;
    }
    if (same_name != NULL) {
        report(
            checker,
            entry->place,
            "LOCK_NUMBER_CHANGED",
            "%s '%s' had %s %u, which stays its own for ever: give it back",
            noun,
            entry->name,
            number_nouns[entry->kind],
            same_name->number);
        return;
    }
    for (uint32_t i = 0; i < lock->entries.count && entry->kind != LOCK_FIELD; i++) {
        const struct lock_entry *other = &lock->entries.items[i];
        bool is_renaming = !other->is_gone && find_name(&checker->now, other) == NULL;
        if (is_owned_alike(other, entry) && other->number == entry->number && !is_renaming) {
            report(
                checker,
                entry->place,
                "LOCK_NUMBER_REUSED",
                "%s '%s': %s %u was that of '%s': take another number",
                noun,
                entry->name,
                number_nouns[entry->kind],
                entry->number,
                other->name);
            return;
        }
    }
}

// ---- What is gone ----

struct owner {
    const struct contract_reserved *reserved;
    uint32_t count;
    struct contract_place place;
    bool is_there;
};

static struct owner owner_of_notes(const struct contract_notes *notes)
{
    struct owner owner = {notes->reserved, notes->reserved_count, notes->self.place, true};
    return owner;
}

static struct owner find_owner(const struct contract_file *file, const struct lock_entry *entry)
{
    struct owner none = {NULL, 0, {0, 0}, false};
    if (entry->kind == LOCK_MESSAGE) {
        struct owner owner = {file->reserved, file->reserved_count, file->note.place, true};
        return owner;
    }
    for (uint32_t i = 0; entry->kind == LOCK_FIELD && i < file->contract.message_count; i++) {
        if (strcmp(file->contract.messages[i]->name, entry->owner) == 0) {
            return owner_of_notes(&file->message_notes[i]);
        }
    }
    for (uint32_t i = 0; entry->kind == LOCK_VALUE && i < file->enum_count; i++) {
        if (strcmp(file->enums[i]->name, entry->owner) == 0) {
            return owner_of_notes(&file->enum_notes[i]);
        }
    }
    for (uint32_t i = 0; entry->kind == LOCK_VARIANT && i < file->union_count; i++) {
        if (strcmp(file->unions[i]->name, entry->owner) == 0) {
            return owner_of_notes(&file->union_notes[i]);
        }
    }
    return none;
}

static bool reserves_name(const struct owner *owner, const char *name)
{
    for (uint32_t i = 0; i < owner->count; i++) {
        if (owner->reserved[i].name != NULL && strcmp(owner->reserved[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool reserves_number(const struct owner *owner, uint32_t number)
{
    for (uint32_t i = 0; i < owner->count; i++) {
        const struct contract_reserved *range = &owner->reserved[i];
        if (range->name == NULL && range->first <= number && number <= range->last) {
            return true;
        }
    }
    return false;
}

// What the lock has, or had, is still there or reserved.
static void check_old(struct checker *checker, const struct lock_entry *entry)
{
    struct owner owner = find_owner(checker->file, entry);
    const char *noun = nouns[entry->kind];
    if (!owner.is_there) {
        return; // its owner is gone, which is told if it had a number
    }
    if (find_name(&checker->now, entry) == NULL && !reserves_name(&owner, entry->name)) {
        report(
            checker,
            owner.place,
            "LOCK_REMOVED_NOT_RESERVED",
            "%s '%s' of the lock is gone: add \"%s\" to 'reserved', so that nothing else gets its "
            "name",
            noun,
            entry->name,
            entry->name);
    }
    bool has_number = entry->kind != LOCK_FIELD;
    if (has_number && find_number(&checker->now, entry) == NULL
        && !reserves_number(&owner, entry->number)) {
        report(
            checker,
            owner.place,
            "LOCK_REMOVED_NOT_RESERVED",
            "%s %u of %s '%s' is gone: add %u to 'reserved', so that nothing else gets it",
            number_nouns[entry->kind],
            entry->number,
            noun,
            entry->name,
            entry->number);
    }
}

// ---- Versions ----

static void check_message_version(
    struct checker *checker, const struct myc_message_type *type, struct contract_place place)
{
    char hex[LOCK_HEX_BYTES];
    uint32_t latest = 0;
    lock_hex(type->fingerprint, hex);
    for (uint32_t i = 0; i < checker->lock->fingerprint_count; i++) {
        const struct lock_fingerprint *print = &checker->lock->fingerprints[i];
        if (print->id != type->id) {
            continue;
        }
        latest = print->version > latest ? print->version : latest;
        if (print->version == type->version && strcmp(print->hex, hex) != 0) {
            report(
                checker,
                place,
                "LOCK_MESSAGE_VERSION_NOT_RAISED",
                "message '%s' or a type it uses changed, and version %u is locked: raise its "
                "schema_version",
                type->name,
                type->version);
            return;
        }
    }
    if (type->version < latest) {
        report(
            checker,
            place,
            "LOCK_MESSAGE_VERSION_LOWERED",
            "message '%s' had version %u already: schema_version never goes down",
            type->name,
            latest);
    }
}

static void check_contract_version(struct checker *checker, const struct lock_version *latest)
{
    const struct myc_contract *contract = &checker->file->contract;
    struct contract_place place = checker->file->note.place;
    char hex[LOCK_HEX_BYTES];
    lock_hex(contract->digest, hex);
    if (strcmp(checker->lock->name, contract->name) != 0 || checker->lock->id != contract->id) {
        report(
            checker,
            place,
            "LOCK_OTHER_CONTRACT",
            "the lock is that of contract '%s' with id %u: both stay; another contract needs "
            "a lock of its own, see --lock",
            checker->lock->name,
            checker->lock->id);
    }
    if (contract->version < latest->version) {
        report(
            checker,
            place,
            "LOCK_VERSION_LOWERED",
            "version %u is locked already: the version never goes down",
            latest->version);
    } else if (contract->version == latest->version && strcmp(hex, latest->hex) != 0) {
        report(
            checker,
            place,
            "LOCK_VERSION_NOT_RAISED",
            "the contract changed, and version %u is locked: raise 'version'",
            latest->version);
    }
    if (contract->min_compatible < latest->min_compatible) {
        report(
            checker,
            place,
            "LOCK_MIN_COMPATIBLE_LOWERED",
            "min_compatible was %u: who was shut out stays so",
            latest->min_compatible);
    }
}

// ---- Compatibility with each version that is let in ----

struct first_break {
    struct checker *checker;
    struct myc_compat_finding findings[2]; /* that breaks either direction */
    uint32_t seen;
};

static struct contract_place
place_of(const struct contract_file *file, const struct myc_message_type *type)
{
    for (uint32_t i = 0; i < file->contract.message_count; i++) {
        if (file->contract.messages[i] == type) {
            return file->message_notes[i].self.place;
        }
    }
    return file->note.place;
}

static void take(void *context, const struct myc_compat_finding *finding)
{
    struct first_break *first = context;
    uint32_t directions = finding->breaks & MYC_COMPAT_BREAKS_BOTH & ~first->seen;
    bool is_wanted = finding->rule != MYC_COMPAT_MIN_COMPATIBLE_EXCLUDES && directions != 0;
    for (uint32_t i = 0; i < 2 && is_wanted; i++) {
        if ((directions & 1U << i) != 0) {
            first->findings[i] = *finding;
        }
    }
    first->seen |= is_wanted ? directions : 0;
    if (finding->rule == MYC_COMPAT_SINCE_WRONG && finding->new_message != NULL) {
        struct checker *checker = first->checker;
        report(
            checker,
            place_of(checker->file, finding->new_message),
            "LOCK_SINCE_WRONG",
            "field '%s' of message '%s' is new: raise schema_version and give it that version as "
            "'since'",
            finding->path,
            finding->new_message->name);
    }
}

static void name_break(const struct myc_compat_finding *finding, char *out, size_t capacity)
{
    const struct myc_message_type *message =
        finding->new_message != NULL ? finding->new_message : finding->old_message;
    (void)snprintf(
        out,
        capacity,
        "%s%s%s %s",
        message != NULL ? message->name : "contract",
        finding->path[0] != '\0' ? "." : "",
        finding->path,
        myc_compat_rule_name(finding->rule));
}

static void check_compatible(struct checker *checker, const struct lock_version *version)
{
    const struct contract_file *file = checker->file;
    struct first_break first = {.checker = checker, .seen = 0};
    char names[2][384];
    if (version->contract == NULL || version->version < file->contract.min_compatible) {
        return;
    }
    (void)myc_contract_compare(version->contract, &file->contract, take, &first);
    if (first.seen != MYC_COMPAT_BREAKS_BOTH) {
        return;
    }
    name_break(&first.findings[0], names[0], sizeof(names[0]));
    name_break(&first.findings[1], names[1], sizeof(names[1]));
    bool is_one = strcmp(names[0], names[1]) == 0;
    const struct myc_compat_finding *finding = &first.findings[0];
    report(
        checker,
        place_of(file, finding->new_message),
        "LOCK_BREAK_NOT_DECLARED",
        "neither this version nor version %u reads the other one (%s%s%s): take it back, or set "
        "min_compatible to %u or more",
        version->version,
        names[0],
        is_one ? "" : ", ",
        is_one ? "" : names[1],
        version->version + 1);
}

bool lock_check(const struct lock *lock, struct contract_file *file)
{
    struct checker checker = {.lock = lock, .file = file, .found = 0};
    const struct lock_version *latest = &lock->versions[lock->version_count - 1];
    lock_collect(file, &checker.now);
    check_contract_version(&checker, latest);
    for (uint32_t i = 0; i < file->contract.message_count; i++) {
        check_message_version(
            &checker, file->contract.messages[i], file->message_notes[i].self.place);
    }
    for (uint32_t i = 0; i < checker.now.count; i++) {
        check_new(&checker, &checker.now.items[i]);
    }
    for (uint32_t i = 0; i < lock->entries.count; i++) {
        check_old(&checker, &lock->entries.items[i]);
    }
    for (uint32_t i = 0; i < lock->version_count; i++) {
        check_compatible(&checker, &lock->versions[i]);
    }
    free(checker.now.items);
    contract_sort_findings(file);
    return checker.found == 0;
}
