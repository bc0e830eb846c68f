// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Raw: messages by type id and bytes. What the contract knows is checked before it is published, so
// that readers of this process may go on trusting what they read in place.
#include <mycelium/raw.h>

#include <string.h>

#include "bus/internal.h"

enum myc_status myc__topic_check(const char *topic, struct myc_diagnostic *diagnostic)
{
    size_t len = strlen(topic);
    bool is_good = len > 0 && len <= MYC_TOPIC_BYTES_MAX;
    for (size_t i = 0; is_good && i < len; i++) {
        is_good = (topic[i] >= 'a' && topic[i] <= 'z') || (topic[i] >= '0' && topic[i] <= '9')
                  || topic[i] == '-';
    }
    if (!is_good) {
        (void)myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "topic ");
        myc_diagnostic_append_quoted(diagnostic, topic, len);
        myc_diagnostic_append(diagnostic, ": 1 to 63 of a to z, 0 to 9 and -");
        return MYC_INVALID;
    }
    return MYC_OK;
}

bool myc__raw_is_sound(const struct myc_publisher *publisher, size_t size)
{
    const struct myc_record record = {
        .type = publisher->claimed.id,
        .version = publisher->claimed.version,
        .size = (uint32_t)size,
        .payload = publisher->claimed_payload,
    };
    return myc__message_check(publisher->claimed.raw, &record, NULL) == MYC_OK;
}

enum myc_status myc_publisher_claim_raw(
    struct myc_publisher *publisher,
    uint16_t type_id,
    uint16_t version,
    size_t size,
    void **out_payload)
{
    if (publisher->is_closed) {
        return MYC_CLOSED;
    }
    if (type_id < MYC_MESSAGE_TYPE_MIN || type_id > MYC_MESSAGE_TYPE_MAX) {
        return MYC_INVALID;
    }
    const struct myc_message_type *type = myc_contract_find(publisher->bus->contract, type_id);
    if (type != NULL && !myc__text_equals(type->topic, publisher->topic)) {
        return MYC_INVALID;
    }
    const struct myc__claim claim = {.id = type_id, .version = version, .least = 1, .raw = type};
    return myc__publisher_claim(publisher, &claim, size, out_payload);
}

enum myc_status myc_publish_raw(
    struct myc_publisher *publisher,
    uint16_t type_id,
    uint16_t version,
    const void *payload,
    size_t size)
{
    void *target = NULL;
    enum myc_status status = myc_publisher_claim_raw(publisher, type_id, version, size, &target);
    if (status != MYC_OK) {
        return status;
    }
    memcpy(target, payload, size);
    return myc_publisher_commit(publisher, size);
}

enum myc_status myc_relay(struct myc_publisher *publisher, const struct myc_record *record)
{
    return myc_publish_raw(publisher, record->type, record->version, record->payload, record->size);
}
