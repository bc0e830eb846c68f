// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The names and numbers of a contract, and what both files of locks need.
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "schema/field.h"
#include "tool/lock/lock.h"

void *lock_grow(void *items, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity == 0 ? 64 : *capacity * 2;
    void *grown = realloc(items, *capacity * size);
    if (grown == NULL) {
        fputs("myc: error: memory is exhausted\n", stderr);
        exit(2);
    }
    return grown;
}

void lock_free(struct lock *lock)
{
    for (uint32_t i = 0; i < lock->version_count; i++) {
        free(lock->versions[i].canonical);
        free(lock->versions[i].memory);
    }
    free(lock->versions);
    free(lock->fingerprints);
    free(lock->entries.items);
    free(lock->text);
    memset(lock, 0, sizeof(*lock));
}

void lock_hex(const uint8_t *digest, char out_hex[LOCK_HEX_BYTES])
{
    struct myc__text text;
    myc__text_init(&text, out_hex, LOCK_HEX_BYTES);
    myc__text_hex(&text, digest, MYC_DIGEST_BYTES);
}

static struct lock_entry *
add(struct lock_entries *entries,
    enum lock_kind kind,
    const char *owner,
    const char *name,
    uint32_t number)
{
    entries->items =
        lock_grow(entries->items, entries->count, &entries->capacity, sizeof(*entries->items));
    struct lock_entry *entry = &entries->items[entries->count++];
    memset(entry, 0, sizeof(*entry));
    entry->kind = kind;
    entry->number = number;
    (void)snprintf(entry->owner, sizeof(entry->owner), "%s", owner);
    (void)snprintf(entry->name, sizeof(entry->name), "%s", name);
    return entry;
}

static struct contract_place place_of(const struct contract_notes *notes, uint32_t member)
{
    return notes->members != NULL ? notes->members[member].place : notes->self.place;
}

static void collect_message(
    const struct myc_message_type *type,
    const struct contract_notes *notes,
    struct lock_entries *entries)
{
    add(entries, LOCK_MESSAGE, "-", type->name, type->id)->place = notes->self.place;
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct myc_field *field = &type->fields[i];
        struct lock_entry *entry = add(entries, LOCK_FIELD, type->name, field->name, field->since);
        struct myc__text text;
        myc__text_init(&text, entry->type, sizeof(entry->type));
        myc__schema_spell(field, &text);
        entry->place = place_of(notes, i);
    }
}

void lock_collect(const struct contract_file *file, struct lock_entries *out_entries)
{
    memset(out_entries, 0, sizeof(*out_entries));
    for (uint32_t i = 0; i < file->contract.message_count; i++) {
        collect_message(file->contract.messages[i], &file->message_notes[i], out_entries);
    }
    for (uint32_t i = 0; i < file->enum_count; i++) {
        const struct myc_enum *type = file->enums[i];
        for (uint32_t j = 0; j < type->value_count; j++) {
            const struct myc_enum_value *value = &type->values[j];
            add(out_entries, LOCK_VALUE, type->name, value->name, value->value)->place =
                place_of(&file->enum_notes[i], j);
        }
    }
    for (uint32_t i = 0; i < file->union_count; i++) {
        const struct myc_union *type = file->unions[i];
        for (uint32_t j = 0; j < type->variant_count; j++) {
            const struct myc_variant *variant = &type->variants[j];
            struct lock_entry *entry =
                add(out_entries, LOCK_VARIANT, type->name, variant->name, variant->tag);
            entry->place = place_of(&file->union_notes[i], j);
            if (variant->structure != NULL) {
                (void)snprintf(entry->type, sizeof(entry->type), "%s", variant->structure->name);
            }
        }
    }
}
