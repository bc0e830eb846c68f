// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Judging a message before it is handed over: is its type known, are its bytes what the contract
// says, did what it requires come before.
#include "bus/internal.h"

#include <mycelium/simulation.h>

// The contract's index of a type; the count of its messages: it has none.
static uint32_t find_type(struct myc_subscriber *subscriber, uint16_t id)
{
    const struct myc_contract *contract = subscriber->bus->contract;
    if (contract->messages[subscriber->last_type]->id == id) {
        return subscriber->last_type;
    }
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (contract->messages[i]->id == id) {
            subscriber->last_type = i;
            return i;
        }
    }
    return contract->message_count;
}

uint32_t myc__message_least(const struct myc_message_type *type, uint16_t version)
{
    uint32_t size = type->extent_count == 0 ? type->size : 0;
    for (uint32_t i = 0; i < type->extent_count && type->extents[i].version <= version; i++) {
        size = type->extents[i].size;
    }
    return size;
}

enum myc_status myc__message_check(
    const struct myc_message_type *type,
    const struct myc_record *record,
    struct myc_diagnostic *diagnostic)
{
    uint32_t least = myc__message_least(type, record->version);
    if (least == 0 || record->size < least) {
        (void)myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "");
        myc_diagnostic_append_u64(diagnostic, record->size);
        myc_diagnostic_append(diagnostic, " bytes, and version ");
        myc_diagnostic_append_u64(diagnostic, record->version);
        myc_diagnostic_append(diagnostic, least == 0 ? " never was" : " has at least ");
        if (least != 0) {
            myc_diagnostic_append_u64(diagnostic, least);
        }
        return MYC_CORRUPT;
    }
    if (type->validate == NULL || record->size < type->size) {
        return MYC_OK;
    }
    return type->validate(record->payload, record->size, diagnostic);
}

enum myc__verdict myc__judge(
    struct myc_subscriber *subscriber,
    const struct myc__source *source,
    const struct myc_record *record,
    const struct myc_message_type **out_type,
    struct myc_diagnostic *out_why)
{
    const struct myc_contract *contract = subscriber->bus->contract;
    uint32_t stream = (uint32_t)(source - subscriber->sources);
    uint32_t index = find_type(subscriber, record->type);
    if (index == contract->message_count) {
        return MYC__VERDICT_UNKNOWN;
    }
    const struct myc_message_type *type = contract->messages[index];
    *out_type = type;
    // Whoever wrote in this process had the type at hand; anybody else may write anything.
    bool is_foreign = source->kind != MYC__SOURCE_LOCAL;
    if ((is_foreign || subscriber->options.checks_local)
        && myc__message_check(type, record, out_why) != MYC_OK) {
        MYC_REACHED("subscriber.invalid");
        return MYC__VERDICT_INVALID;
    }
    if (subscriber->options.is_raw) {
        return MYC__VERDICT_DELIVER;
    }
    const struct myc_message_type *missing =
        myc__priors_missing(&subscriber->priors, contract, stream, index);
    if (missing != NULL && !(subscriber->options.trusts_missed_priors && source->missed > 0)) {
        MYC_REACHED("subscriber.premature");
        (void)myc_diagnostic_set(out_why, MYC_INVALID, 0, "it requires ");
        myc_diagnostic_append(out_why, missing->name);
        return MYC__VERDICT_PREMATURE;
    }
    myc__priors_came(&subscriber->priors, stream, index);
    return MYC__VERDICT_DELIVER;
}
