// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Names, sentences and categories of statuses, all generated from MYC_STATUS_LIST.
#include <mycelium/status.h>

#include <stddef.h>

struct status_entry {
    const char *name;
    const char *sentence;
    enum myc_status_category category;
};

static const struct status_entry status_entries[] = {
#define STATUS_ENTRY(name, category, sentence) {#name, sentence, MYC_CATEGORY_##category},
    MYC_STATUS_LIST(STATUS_ENTRY)
#undef STATUS_ENTRY
};

_Static_assert(
    sizeof(status_entries) / sizeof(status_entries[0]) == MYC_STATUS_COUNT, "one entry a status");

// A status may come from a cast, so the range check is part of the promise.
static const struct status_entry *find_entry(enum myc_status status)
{
    size_t index = (size_t)status;
    return index < MYC_STATUS_COUNT ? &status_entries[index] : NULL;
}

const char *myc_status_name(enum myc_status status)
{
    const struct status_entry *entry = find_entry(status);
    return entry != NULL ? entry->name : "UNKNOWN";
}

const char *myc_status_sentence(enum myc_status status)
{
    const struct status_entry *entry = find_entry(status);
    return entry != NULL ? entry->sentence : "a status this version does not know";
}

enum myc_status_category myc_status_category(enum myc_status status)
{
    const struct status_entry *entry = find_entry(status);
    return entry != NULL ? entry->category : MYC_CATEGORY_CORRUPT;
}
