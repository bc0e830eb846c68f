// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Layout rules. Fields lie in declared order at the next multiple of their alignment, which is at
// most 8 on every host. An optional field is one discriminant byte, then its value. The size of the
// struct is a multiple of 8, so that records of older and newer versions differ by whole words.
#include "schema/model.h"

enum { STRUCT_ALIGNMENT = 8 };

static uint64_t align_up(uint64_t offset, uint64_t alignment)
{
    return (offset + alignment - 1) / alignment * alignment;
}

enum myc_status
myc__schema_layout(struct myc__schema_message *message, struct myc_diagnostic *diagnostic)
{
    uint64_t offset = 0;
    for (uint32_t i = 0; i < message->field_count; i++) {
        struct myc__schema_field *field = &message->fields[i];
        field->presence_offset = (uint32_t)offset;
        if (field->is_optional) {
            offset += 1;
        }
        offset = align_up(offset, myc__schema_kind_info(field->kind)->alignment);
        field->offset = (uint32_t)offset;
        offset += myc__schema_field_size(field);
        if (offset > MYC__SCHEMA_STRUCT_MAX) {
            (void)myc_diagnostic_set(diagnostic, MYC_TOO_BIG, 0, "the message is larger than ");
            myc_diagnostic_append_u64(diagnostic, MYC__SCHEMA_STRUCT_MAX);
            myc_diagnostic_append(diagnostic, " bytes: split it");
            return MYC_TOO_BIG;
        }
    }
    message->size = (uint32_t)align_up(offset, STRUCT_ALIGNMENT);
    return MYC_OK;
}
