// SPDX-License-Identifier: MIT OR Apache-2.0
//
// From a record to a message: lengths are checked, values are not looked at.
#include <mycelium/message.h>

#include <string.h>

uint32_t myc_message_extent(const struct myc_message_type *type, uint16_t version)
{
    uint32_t size = type->extent_count == 0 || version >= type->version ? type->size : 0;
    for (uint32_t i = 0; i < type->extent_count && version < type->version; i++) {
        if (type->extents[i].version <= version) {
            size = type->extents[i].size;
        }
    }
    return size;
}

void myc_message_init(const struct myc_message_type *type, void *out_message)
{
    if (type->initial != NULL) {
        memcpy(out_message, type->initial, type->size);
    } else {
        memset(out_message, 0, type->size);
    }
}

static enum myc_status refuse_type(
    const struct myc_message_type *type,
    const struct myc_record *record,
    struct myc_diagnostic *diagnostic)
{
    (void)myc_diagnostic_set(diagnostic, MYC_MISMATCH, 0, type->name);
    myc_diagnostic_append(diagnostic, ": the record has type ");
    myc_diagnostic_append_u64(diagnostic, record->type);
    myc_diagnostic_append(diagnostic, ", not ");
    myc_diagnostic_append_u64(diagnostic, type->id);
    return MYC_MISMATCH;
}

static enum myc_status refuse_size(
    const struct myc_message_type *type,
    const struct myc_record *record,
    struct myc_diagnostic *diagnostic)
{
    (void)myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, type->name);
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append_u64(diagnostic, record->size);
    myc_diagnostic_append(diagnostic, " bytes are too short for version ");
    myc_diagnostic_append_u64(diagnostic, record->version);
    return MYC_CORRUPT;
}

static enum myc_status refuse_version(
    const struct myc_message_type *type,
    const struct myc_record *record,
    struct myc_diagnostic *diagnostic)
{
    (void)myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, type->name);
    myc_diagnostic_append(diagnostic, ": there is no version ");
    myc_diagnostic_append_u64(diagnostic, record->version);
    return MYC_CORRUPT;
}

enum myc_status myc_message_view(
    const struct myc_message_type *type,
    const struct myc_record *record,
    void *scratch,
    struct myc_message *out_message,
    struct myc_diagnostic *diagnostic)
{
    if (record->type != type->id) {
        return refuse_type(type, record, diagnostic);
    }
    uint32_t needed = myc_message_extent(type, record->version);
    if (type->extent_count == 0 && record->version < type->version && record->size < type->size) {
        // Nothing is known of older versions but that structs grow by whole words.
        needed = record->size;
        if (needed % MYC_RECORD_ALIGNMENT != 0) {
            return refuse_size(type, record, diagnostic);
        }
    } else if (needed == 0) {
        return refuse_version(type, record, diagnostic);
    }
    if (record->size < needed) {
        return refuse_size(type, record, diagnostic);
    }
    const void *fields = record->payload;
    if (needed < type->size) {
        myc_message_init(type, scratch);
        if (needed > 0) {
            memcpy(scratch, record->payload, needed);
        }
        fields = scratch;
    }
    out_message->type = type;
    out_message->fields = fields;
    out_message->payload = record->payload;
    out_message->size = record->size;
    out_message->version = record->version;
    out_message->reserved = 0;
    return MYC_OK;
}
