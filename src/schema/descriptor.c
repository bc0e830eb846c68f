// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Descriptors: looking a message up and checking what a program registers, generated or by hand.
#include <mycelium/schema.h>

#include <string.h>

#include "schema/model.h"

// Contracts have tens of messages and lookups happen at subscription, so a scan is the right
// search.
const struct myc_message_type *myc_contract_find(const struct myc_contract *contract, uint16_t id)
{
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (contract->messages[i]->id == id) {
            return contract->messages[i];
        }
    }
    return NULL;
}

static enum myc_status
refuse(struct myc_diagnostic *diagnostic, const char *what, const char *name, const char *rule)
{
    (void)myc_diagnostic_set(diagnostic, MYC_INVALID, 0, what);
    if (name != NULL) {
        myc_diagnostic_append(diagnostic, " ");
        myc_diagnostic_append_quoted(diagnostic, name, strlen(name));
    }
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append(diagnostic, rule);
    return MYC_INVALID;
}

static enum myc_status
check_message(const struct myc_message_type *type, struct myc_diagnostic *diagnostic)
{
    if (type == NULL) {
        return refuse(diagnostic, "message", NULL, "the descriptor is missing");
    }
    if (type->name == NULL || !myc__schema_is_pascal_name(type->name, strlen(type->name))) {
        return refuse(diagnostic, "message", type->name, "the name must look like PoolStateUpdate");
    }
    if (type->id < MYC_MESSAGE_TYPE_MIN || type->id > MYC_MESSAGE_TYPE_MAX) {
        return refuse(diagnostic, "message", type->name, "the type id must be 1 to 65279");
    }
    if (type->topic == NULL || !myc__schema_is_topic_name(type->topic, strlen(type->topic))) {
        return refuse(diagnostic, "message", type->name, "the topic must look like market-data");
    }
    if (type->size == 0 || type->size % 8 != 0 || type->size > MYC__SCHEMA_STRUCT_MAX) {
        return refuse(
            diagnostic, "message", type->name, "the size must be a multiple of 8 up to 1048576");
    }
    return MYC_OK;
}

static bool has_name(const struct myc_message_type *a, const struct myc_message_type *b)
{
    size_t len = strlen(a->name);
    return len == strlen(b->name) && memcmp(a->name, b->name, len) == 0;
}

enum myc_status
myc_contract_check(const struct myc_contract *contract, struct myc_diagnostic *diagnostic)
{
    if (contract == NULL) {
        return refuse(diagnostic, "contract", NULL, "the descriptor is missing");
    }
    const char *name = contract->name;
    if (name == NULL || !myc__schema_is_snake_name(name, strlen(name))) {
        return refuse(diagnostic, "contract", name, "the name must be lower-case words");
    }
    if (contract->version == 0 || contract->min_compatible == 0
        || contract->min_compatible > contract->version) {
        return refuse(diagnostic, "contract", name, "min_compatible must be 1 to version");
    }
    if (contract->message_count == 0 || contract->message_count > MYC__SCHEMA_MESSAGES_MAX
        || contract->messages == NULL) {
        return refuse(diagnostic, "contract", name, "it must have 1 to 1024 messages");
    }
    for (uint32_t i = 0; i < contract->message_count; i++) {
        const struct myc_message_type *type = contract->messages[i];
        enum myc_status status = check_message(type, diagnostic);
        if (status != MYC_OK) {
            return status;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (contract->messages[j]->id == type->id) {
                return refuse(diagnostic, "message", type->name, "another message has its type id");
            }
            if (has_name(contract->messages[j], type)) {
                return refuse(diagnostic, "message", type->name, "another message has its name");
            }
        }
    }
    myc_diagnostic_clear(diagnostic);
    return MYC_OK;
}
