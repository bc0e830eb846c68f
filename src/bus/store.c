// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Store: entries one behind the other in a circle; one that does not fit before the end of the
// memory begins at its start, and what it leaves is marked.
#include "bus/store.h"

#include <string.h>

static struct myc__store_entry *entry_at(const struct myc__store *store, size_t offset)
{
    return (struct myc__store_entry *)(void *)(store->memory + offset);
}

// Where the oldest begins, behind a mark at the end of the memory.
static size_t first_entry(const struct myc__store *store, size_t *out_skipped)
{
    size_t rest = store->bytes - store->first;
    *out_skipped = 0;
    if (rest < sizeof(struct myc__store_entry) || entry_at(store, store->first)->bytes == 0) {
        *out_skipped = rest;
        return 0;
    }
    return store->first;
}

bool myc__store_put(
    struct myc__store *store, const struct myc_record *record, uint64_t publisher_epoch)
{
    size_t bytes = sizeof(struct myc__store_entry) + (((size_t)record->size + 7) & ~(size_t)7);
    if (store->memory == NULL || bytes > store->bytes) {
        return false;
    }
    if (store->used == 0) {
        store->first = 0;
        store->next = 0;
    }
    size_t rest = store->bytes - store->next;
    size_t skipped = rest < bytes ? rest : 0;
    if (store->used + skipped + bytes > store->bytes) {
        return false;
    }
    if (skipped >= sizeof(struct myc__store_entry)) {
        memset(store->memory + store->next, 0, sizeof(struct myc__store_entry));
    }
    size_t offset = rest < bytes ? 0 : store->next;
    struct myc__store_entry *entry = entry_at(store, offset);
    *entry = (struct myc__store_entry){
        .bytes = (uint32_t)bytes,
        .size = record->size,
        .type = record->type,
        .version = record->version,
        .sequence = record->sequence,
        .publisher_epoch = publisher_epoch,
    };
    memcpy(store->memory + offset + sizeof(*entry), record->payload, record->size);
    store->used += skipped + bytes;
    store->next = offset + bytes;
    return true;
}

const struct myc__store_entry *myc__store_oldest(const struct myc__store *store)
{
    size_t skipped = 0;
    return store->used == 0 ? NULL : entry_at(store, first_entry(store, &skipped));
}

void myc__store_drop(struct myc__store *store)
{
    size_t skipped = 0;
    if (store->used == 0) {
        return;
    }
    size_t offset = first_entry(store, &skipped);
    size_t bytes = entry_at(store, offset)->bytes;
    store->first = offset + bytes;
    store->used -= skipped + bytes;
}
