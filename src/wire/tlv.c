// SPDX-License-Identifier: MIT OR Apache-2.0
//
// One decoding function, myc__tlv_next(); everything else is built on it. Sums are 64-bit, so that
// no length from outside can wrap them, also where size_t has 32 bits.
#include "wire/tlv.h"

#include <stdbool.h>
#include <string.h>

#include <mycelium/message.h>
#include <mycelium/record.h>

static enum myc_status
refuse(struct myc_diagnostic *diagnostic, enum myc_status status, size_t offset, const char *text)
{
    (void)myc_diagnostic_set(diagnostic, status, 0, "record at byte ");
    myc_diagnostic_append_u64(diagnostic, offset);
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append(diagnostic, text);
    return status;
}

// Byte by byte, so that what is read is plain to whoever proves it; one load to the compiler.
static struct myc_record_header read_header(const unsigned char *bytes)
{
    struct myc_record_header header;
    header.type = (uint16_t)(bytes[0] | (uint32_t)bytes[1] << 8);
    header.length = bytes[2] | (uint32_t)bytes[3] << 8 | (uint32_t)bytes[4] << 16;
    header.length |= (uint32_t)bytes[5] << 24;
    header.version = (uint16_t)(bytes[6] | (uint32_t)bytes[7] << 8);
    return header;
}

enum myc_status myc__tlv_walk_init(
    struct myc__tlv_walk *walk,
    const void *bytes,
    size_t size,
    size_t payload_max,
    struct myc_diagnostic *diagnostic)
{
    if ((uintptr_t)bytes % MYC_RECORD_ALIGNMENT != 0) {
        return myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "the buffer is not 8-aligned");
    }
    *walk = (struct myc__tlv_walk){.bytes = bytes, .size = size, .payload_max = payload_max};
    return MYC_OK;
}

enum myc_status myc__tlv_next(
    struct myc__tlv_walk *walk, struct myc__tlv *out_record, struct myc_diagnostic *diagnostic)
{
    size_t offset = walk->offset;
    size_t left = walk->size - offset;
    if (left == 0) {
        return MYC_END;
    }
    if (left < MYC_RECORD_HEADER_BYTES) {
        return refuse(diagnostic, MYC_AGAIN, offset, "its header is cut");
    }
    struct myc_record_header header = read_header(walk->bytes + offset);
    if (header.type == 0) {
        return refuse(diagnostic, MYC_CORRUPT, offset, "type 0 is not a record");
    }
    if (header.length > walk->payload_max) {
        return refuse(diagnostic, MYC_CORRUPT, offset, "its length is above the limit");
    }
    uint64_t bytes = myc_record_bytes(header.length);
    if (bytes > left) {
        return refuse(diagnostic, MYC_AGAIN, offset, "its payload is cut");
    }
    out_record->type = header.type;
    out_record->version = header.version;
    out_record->size = header.length;
    out_record->payload = walk->bytes + offset + MYC_RECORD_HEADER_BYTES;
    walk->offset = offset + (size_t)bytes;
    return MYC_OK;
}

enum myc_status myc__tlv_check(
    const void *bytes,
    size_t size,
    size_t payload_max,
    size_t *out_count,
    struct myc_diagnostic *diagnostic)
{
    struct myc__tlv_walk walk = {0};
    struct myc__tlv record;
    size_t count = 0;
    enum myc_status status = myc__tlv_walk_init(&walk, bytes, size, payload_max, diagnostic);
    /*@ loop invariant whole: status == MYC_OK ==> walk_is_sound(&walk);
        loop invariant same: status == MYC_OK ==> walk.size == size && walk.bytes == bytes;
        loop invariant counted: status == MYC_OK ==> count * 8 <= walk.offset;
        loop invariant bounded: count * 8 <= size;
        loop invariant range: status == MYC_OK || status == MYC_END || status == MYC_AGAIN
                              || status == MYC_CORRUPT || status == MYC_INVALID;
        loop assigns walk, record, count, status, *diagnostic;
        loop variant size - walk.offset + (status == MYC_OK ? 1 : 0); */
    while (status == MYC_OK) {
        status = myc__tlv_next(&walk, &record, diagnostic);
        count += status == MYC_OK ? 1 : 0;
    }
    if (status == MYC_AGAIN) {
        return refuse(diagnostic, MYC_CORRUPT, walk.offset, "the bytes end inside it");
    }
    if (status != MYC_END) {
        return status;
    }
    *out_count = count;
    return MYC_OK;
}

// Generated code knows its type and is faster; but it looks at all fields, also those that an older
// message was completed with, and expects tails behind them.
static enum myc_status
validate(const struct myc_message *message, struct myc_diagnostic *diagnostic)
{
    const struct myc_message_type *type = message->type;
    bool is_in_place = message->fields == message->payload;
    bool is_whole = is_in_place || type->field_count == 0;
    if (type->validate == NULL || !is_whole) {
        return myc_message_validate(message, diagnostic);
    }
    size_t size = type->has_tail != 0 ? message->size : type->size;
    return type->validate(message->fields, size, diagnostic);
}

enum myc_status myc__tlv_message(
    const struct myc__tlv *record,
    const struct myc_message_type *type,
    void *scratch,
    const void **out_message,
    struct myc_diagnostic *diagnostic)
{
    const struct myc_record found = {
        .type = record->type,
        .version = record->version,
        .size = record->size,
        .payload = record->payload,
    };
    struct myc_message message;
    enum myc_status status = myc_message_view(type, &found, scratch, &message, diagnostic);
    if (status == MYC_OK) {
        status = validate(&message, diagnostic);
    }
    if (status == MYC_OK) {
        *out_message = message.fields;
    }
    return status;
}

enum myc_status myc__tlv_encode(
    void *out,
    size_t capacity,
    const struct myc__tlv *record,
    size_t *out_bytes,
    struct myc_diagnostic *diagnostic)
{
    if (record->type == 0) {
        return myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "type 0 is not a record");
    }
    uint64_t bytes = myc_record_bytes(record->size);
    if (bytes > capacity) {
        return myc_diagnostic_set(diagnostic, MYC_TOO_BIG, 0, "the record does not fit");
    }
    unsigned char *target = out;
    uint64_t word = myc_record_word(record->type, record->version, record->size);
    size_t end = MYC_RECORD_HEADER_BYTES + (size_t)record->size;
    memcpy(target, &word, sizeof(word));
    if (record->size > 0) {
        memcpy(target + MYC_RECORD_HEADER_BYTES, record->payload, record->size);
    }
    memset(target + end, 0, (size_t)bytes - end);
    *out_bytes = (size_t)bytes;
    return MYC_OK;
}
