// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What rules and levels are called.
#include <mycelium/compat.h>

#include <stddef.h>

struct rule_entry {
    const char *name;
    const char *text;
};

static const struct rule_entry rules[] = {
#define RULE_ENTRY(name, text) {#name, text},
    MYC_COMPAT_RULE_LIST(RULE_ENTRY)
#undef RULE_ENTRY
};

_Static_assert(sizeof(rules) / sizeof(rules[0]) == MYC_COMPAT_RULE_COUNT, "one entry a rule");

const char *myc_compat_rule_name(enum myc_compat_rule rule)
{
    return (uint32_t)rule < MYC_COMPAT_RULE_COUNT ? rules[rule].name : "UNKNOWN";
}

const char *myc_compat_rule_text(enum myc_compat_rule rule)
{
    return (uint32_t)rule < MYC_COMPAT_RULE_COUNT ? rules[rule].text : "not a rule";
}

enum myc_compat_level myc_compat_level(const struct myc_compat *compat)
{
    if (compat->new_reads_old) {
        return compat->old_reads_new ? MYC_COMPAT_LEVEL_FULL : MYC_COMPAT_LEVEL_FORWARD;
    }
    return compat->old_reads_new ? MYC_COMPAT_LEVEL_BACKWARD : MYC_COMPAT_LEVEL_BREAKING;
}

const char *myc_compat_level_name(enum myc_compat_level level)
{
    switch (level) {
    case MYC_COMPAT_LEVEL_BREAKING:
        return "breaking";
    case MYC_COMPAT_LEVEL_BACKWARD:
        return "backward";
    case MYC_COMPAT_LEVEL_FORWARD:
        return "forward";
    case MYC_COMPAT_LEVEL_FULL:
        return "full";
    }
    return "unknown";
}

// Registries look from the consumer who was upgraded: their BACKWARD reads what was written before.
const char *myc_compat_level_registry_name(enum myc_compat_level level)
{
    switch (level) {
    case MYC_COMPAT_LEVEL_BREAKING:
        return "NONE";
    case MYC_COMPAT_LEVEL_BACKWARD:
        return "FORWARD";
    case MYC_COMPAT_LEVEL_FORWARD:
        return "BACKWARD";
    case MYC_COMPAT_LEVEL_FULL:
        return "FULL";
    }
    return "UNKNOWN";
}
