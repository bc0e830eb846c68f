// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Where fields lie. Each is at the next multiple of its alignment, and what a later version added
// begins at a multiple of 8, so that the payload of every version is a prefix of the next one's.
#include <string.h>

#include "schema/field.h"
#include "schema/limits.h"

enum { WORD = 8, COUNTER_BYTES = 4, TAIL_BYTES = 8 };

static uint64_t align_up(uint64_t offset, uint64_t alignment)
{
    return (offset + alignment - 1) / alignment * alignment;
}

// Sets the offsets of one field from `offset` on; returns where it ends.
static uint64_t place_field(struct myc_field *field, uint64_t offset)
{
    field->presence = 0;
    field->counter = 0;
    if ((field->flags & MYC_FIELD_OPTIONAL) != 0) {
        field->presence = (uint32_t)offset;
        offset += 1;
    }
    if (field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING
        || field->kind == MYC_KIND_UNION) {
        offset = align_up(offset, COUNTER_BYTES);
        field->counter = (uint32_t)offset;
        offset += COUNTER_BYTES;
    }
    offset = align_up(offset, myc__schema_element_alignment(field));
    field->offset = (uint32_t)offset;
    uint64_t size = TAIL_BYTES;
    if (!myc__schema_is_tail(field->shape)) {
        size = (uint64_t)myc__schema_element_size(field) * field->count;
    }
    field->size = size <= MYC__SCHEMA_STRUCT_MAX ? (uint32_t)size : 0;
    return offset + size;
}

static uint64_t end_version(uint64_t offset)
{
    return offset == 0 ? WORD : align_up(offset, WORD);
}

enum myc_status myc__schema_place(
    struct myc_field *fields,
    uint32_t count,
    struct myc_extent *extents,
    struct myc__schema_extent_list *out_list)
{
    struct myc__schema_extent_list list = {0};
    uint64_t offset = 0;
    uint16_t version = 1;
    for (uint32_t i = 0; i < count; i++) {
        struct myc_field *field = &fields[i];
        if (field->since > version) {
            offset = end_version(offset);
            extents[list.extent_count++] =
                (struct myc_extent){.version = version, .size = (uint32_t)offset};
            version = field->since;
        }
        offset = place_field(field, offset);
        if (offset > MYC__SCHEMA_STRUCT_MAX) {
            list.bad_field = i;
            *out_list = list;
            return MYC_TOO_BIG;
        }
        list.has_tail |= myc__schema_is_tail(field->shape) ? 1 : 0;
    }
    list.size = (uint32_t)end_version(offset);
    extents[list.extent_count++] = (struct myc_extent){.version = version, .size = list.size};
    *out_list = list;
    return MYC_OK;
}

uint32_t myc__schema_extent(const struct myc_message_type *type, uint16_t version)
{
    uint32_t size = type->size;
    for (uint32_t i = type->extent_count; i > 0; i--) {
        size = type->extents[i - 1].size;
        if (type->extents[i - 1].version <= version) {
            break;
        }
    }
    return size;
}

bool myc__schema_fill_structs(const struct myc_field *fields, uint32_t count, uint8_t *image)
{
    bool is_filled = false;
    for (uint32_t i = 0; i < count; i++) {
        const struct myc_field *field = &fields[i];
        bool is_filled_here = field->kind == MYC_KIND_STRUCT && field->structure->initial != NULL
                              && (field->flags & MYC_FIELD_OPTIONAL) == 0
                              && field->shape != MYC_SHAPE_VECTOR;
        if (!is_filled_here) {
            continue;
        }
        uint32_t size = field->structure->size;
        for (uint32_t j = 0; j < field->count; j++) {
            memcpy(image + field->offset + (size_t)j * size, field->structure->initial, size);
        }
        is_filled = true;
    }
    return is_filled;
}
