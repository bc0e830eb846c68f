// SPDX-License-Identifier: MIT OR Apache-2.0
#include <mycelium/payload.h>

#include <string.h>

#include "core/bits.h"

enum { TAIL_BYTES = 8, ALIGNMENT = 8 };

static uint32_t bytes_max(const struct myc_payload *payload)
{
    return payload->bytes_max != 0 ? payload->bytes_max : (uint32_t)MYC_PAYLOAD_BYTES_DEFAULT;
}

static enum myc_status refuse(
    const struct myc_payload *payload,
    enum myc_status status,
    const char *text,
    struct myc_diagnostic *diagnostic)
{
    (void)myc_diagnostic_set(diagnostic, status, 0, text);
    myc_diagnostic_wrap(diagnostic, payload->message->name);
    return status;
}

// How long the fixed part of a record is: what its version had, or ours if that is newer.
static uint32_t fixed_bytes(const struct myc_message_type *type, uint16_t version)
{
    uint32_t size = type->size;
    for (uint32_t i = type->extent_count; i-- > 0 && type->extents[i].version > version;) {
        size = i > 0 ? type->extents[i - 1].size : 0;
    }
    return size;
}

enum myc_status myc_payload_view(
    const struct myc_payload *payload,
    const struct myc_record *record,
    struct myc_const_span *out_bytes,
    struct myc_diagnostic *diagnostic)
{
    const struct myc_message_type *type = payload->message;
    if (record->type != type->id) {
        return refuse(payload, MYC_MISMATCH, "the record has another type", diagnostic);
    }
    uint32_t fixed = fixed_bytes(type, record->version);
    if (record->size < fixed) {
        return refuse(payload, MYC_CORRUPT, "too short for its version", diagnostic);
    }
    const unsigned char *bytes = record->payload;
    uint32_t offset = 0;
    uint32_t size = 0;
    if (payload->tail <= fixed && TAIL_BYTES <= fixed - payload->tail) {
        offset = myc__get_u32(bytes + payload->tail);
        size = myc__get_u32(bytes + payload->tail + sizeof(uint32_t));
    }
    if (offset != 0 || size != 0) {
        if (offset < fixed || offset % ALIGNMENT != 0 || offset > record->size
            || size > record->size - offset) {
            return refuse(payload, MYC_CORRUPT, "the tail is not in the record", diagnostic);
        }
    }
    if (size > bytes_max(payload)) {
        return refuse(payload, MYC_CORRUPT, "the tail is larger than allowed", diagnostic);
    }
    if (payload->check != NULL) {
        enum myc_status status = payload->check(payload, bytes + offset, size, diagnostic);
        if (status != MYC_OK) {
            myc_diagnostic_wrap(diagnostic, type->name);
            return status;
        }
    }
    myc_diagnostic_clear(diagnostic);
    *out_bytes = (struct myc_const_span){bytes + offset, size};
    return MYC_OK;
}

enum myc_status myc_payload_claim(
    struct myc_publisher *publisher,
    const struct myc_payload *payload,
    const void *fixed,
    size_t size,
    void **out_bytes)
{
    const struct myc_message_type *type = payload->message;
    if (payload->tail > type->size || TAIL_BYTES > type->size - payload->tail) {
        return MYC_INVALID;
    }
    if (size > bytes_max(payload)) {
        return MYC_TOO_BIG;
    }
    void *claimed = NULL;
    enum myc_status status = myc_publisher_claim(publisher, type, type->size + size, &claimed);
    if (status != MYC_OK) {
        return status;
    }
    if (fixed != NULL) {
        memcpy(claimed, fixed, type->size);
    } else {
        memset(claimed, 0, type->size);
    }
    *out_bytes = (unsigned char *)claimed + type->size;
    return MYC_OK;
}

enum myc_status myc_payload_commit(
    struct myc_publisher *publisher, const struct myc_payload *payload, void *bytes, size_t size)
{
    const struct myc_message_type *type = payload->message;
    unsigned char *words = (unsigned char *)bytes - type->size + payload->tail;
    myc__put_u32(words, size != 0 ? type->size : 0);
    myc__put_u32(words + sizeof(uint32_t), (uint32_t)size);
    return myc_publisher_commit(publisher, type->size + size);
}

enum myc_status myc_payload_publish(
    struct myc_publisher *publisher,
    const struct myc_payload *payload,
    const void *fixed,
    const void *bytes,
    size_t size)
{
    void *room = NULL;
    enum myc_status status = myc_payload_claim(publisher, payload, fixed, size, &room);
    if (status != MYC_OK) {
        return status;
    }
    if (size != 0) {
        memcpy(room, bytes, size);
    }
    return myc_payload_commit(publisher, payload, room, size);
}
