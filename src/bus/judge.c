// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Judging a message before it is handed over: is its type known, are its bytes what the contract
// says, did what it requires come before.
#include "bus/internal.h"

#include <mycelium/message.h>
#include <mycelium/simulation.h>

// The contract's index of a type of this topic; the count of its messages: it has none. A type of
// another topic is as unknown here as one of nobody's, whoever publishes it.
static uint32_t find_type(struct myc_subscriber *subscriber, uint16_t id)
{
    const struct myc_contract *contract = subscriber->bus->contract;
    uint32_t last = subscriber->last_type;
    if (last < contract->message_count && contract->messages[last]->id == id) {
        return last;
    }
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (contract->messages[i]->id == id) {
            if (!myc__text_equals(contract->messages[i]->topic, subscriber->topic)) {
                break;
            }
            subscriber->last_type = i;
            return i;
        }
    }
    return contract->message_count;
}

uint32_t myc__message_least(const struct myc_message_type *type, uint16_t version)
{
    // Of a type that does not say what fields it has, nothing is known of older versions.
    return type->extent_count == 0 ? type->size : myc_message_extent(type, version);
}

static enum myc_status refuse_size(
    const struct myc_message_type *type,
    const struct myc_record *record,
    uint32_t least,
    struct myc_diagnostic *diagnostic)
{
    (void)myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, type->name);
    if (least == 0) {
        myc_diagnostic_append(diagnostic, ": there is no version ");
        myc_diagnostic_append_u64(diagnostic, record->version);
        return MYC_CORRUPT;
    }
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append_u64(diagnostic, record->size);
    myc_diagnostic_append(diagnostic, " bytes instead of at least ");
    myc_diagnostic_append_u64(diagnostic, least);
    return MYC_CORRUPT;
}

enum myc_status myc__message_check(
    const struct myc_message_type *type,
    const struct myc_record *record,
    struct myc_diagnostic *diagnostic)
{
    uint32_t least = myc__message_least(type, record->version);
    if (least == 0 || record->size < least) {
        return refuse_size(type, record, least, diagnostic);
    }
    // The type's own function looks at all fields of today's version, which must be there.
    if (type->validate != NULL && (record->version >= type->version || type->field_count == 0)) {
        return type->validate(record->payload, record->size, diagnostic);
    }
    if (type->field_count == 0) {
        return MYC_OK;
    }
    // In place, though an older version ends early: only the fields that it has are looked at.
    struct myc_message message = myc_message_of(type, record->payload, record->size);
    message.version = record->version;
    return myc_message_validate(&message, diagnostic);
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
        MYC_REACHED("judge.invalid");
        return MYC__VERDICT_INVALID;
    }
    if (subscriber->options.is_raw) {
        return MYC__VERDICT_DELIVER;
    }
    const struct myc_message_type *missing =
        myc__priors_missing(&subscriber->priors, contract, stream, index);
    if (missing != NULL && !(subscriber->options.trusts_missed_priors && source->missed > 0)) {
        MYC_REACHED("judge.premature");
        (void)myc_diagnostic_set(out_why, MYC_INVALID, 0, "it requires ");
        myc_diagnostic_append(out_why, missing->name);
        return MYC__VERDICT_PREMATURE;
    }
    myc__priors_came(&subscriber->priors, stream, index);
    return MYC__VERDICT_DELIVER;
}
