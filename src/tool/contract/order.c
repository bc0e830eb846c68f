// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Structs and unions are placed once everything inside them is. What is left when no more can be
// placed contains itself.
#include "schema/field.h"
#include "schema/limits.h"
#include "tool/contract/reader.h"

enum { MISSING = INT32_MAX };

// The type that a field or variant needs, or NULL.
static struct reader_type *needed_by(const struct reader_type *type, uint32_t index)
{
    return type->category == READER_UNION ? type->needs[index] : type->body.sources[index].needs;
}

static uint32_t need_count(const struct reader_type *type)
{
    return type->category == READER_UNION ? type->choice->variant_count : type->body.count;
}

// How deep types nest below, or MISSING while one of them waits.
static uint32_t height_below(const struct reader_type *type)
{
    uint32_t height = 0;
    for (uint32_t i = 0; i < need_count(type); i++) {
        const struct reader_type *needed = needed_by(type, i);
        if (needed != NULL && needed->height == 0) {
            return MISSING;
        }
        if (needed != NULL && needed->height > height) {
            height = needed->height;
        }
    }
    return height;
}

static void place_union(struct reader *reader, struct reader_type *type)
{
    uint32_t size = 0;
    for (uint32_t i = 0; i < type->choice->variant_count; i++) {
        const struct myc_struct *structure = type->choice->variants[i].structure;
        if (structure != NULL && structure->size > size) {
            size = structure->size;
        }
    }
    if (type->least_size > 0 && size > type->least_size) {
        reader_error(
            reader,
            reader_find(reader, type->pair.value, "size"),
            "UNION_TOO_SMALL",
            "union '%s' reserves %u bytes but a variant needs %u: raise it before the first "
            "release",
            type->name,
            type->least_size,
            size);
    }
    type->choice->size = size > type->least_size ? size : type->least_size;
}

static void place_struct(struct reader *reader, struct reader_type *type)
{
    struct reader_fields *body = &type->body;
    struct myc__schema_extent_list list;
    struct myc_extent *extents =
        contract_arena_take(reader->arena, (size_t)body->count + 1, sizeof(*extents));
    type->structure->fields = body->fields;
    type->structure->field_count = body->count;
    if (myc__schema_place(body->fields, body->count, extents, &list) != MYC_OK) {
        type->structure->size = 8;
        body->is_broken = true;
        reader_error(
            reader,
            body->sources[list.bad_field].key,
            "TOO_BIG",
            "struct '%s' is larger than %d bytes here: split it",
            type->name,
            MYC__SCHEMA_STRUCT_MAX);
        return;
    }
    type->structure->size = list.size;
    type->structure->initial = reader_read_defaults(reader, body, list.size);
}

// Places one more round of types; false when there was none to place.
static bool place_round(struct reader *reader)
{
    bool is_placed = false;
    for (uint32_t i = 0; i < reader->type_count; i++) {
        struct reader_type *type = &reader->types[i];
        if (type->category == READER_ENUM || type->height > 0) {
            continue;
        }
        uint32_t height = height_below(type);
        if (height == MISSING) {
            continue;
        }
        type->height = height + 1;
        is_placed = true;
        if (type->category == READER_UNION) {
            place_union(reader, type);
        } else {
            place_struct(reader, type);
        }
        if (type->height == MYC__SCHEMA_NESTING_MAX + 1) {
            reader_error(
                reader,
                type->pair.key,
                "TYPES_TOO_DEEP",
                "types nest more than %d deep in '%s': flatten them",
                MYC__SCHEMA_NESTING_MAX,
                type->name);
        }
    }
    return is_placed;
}

// Following what each waits for long enough leads into the circle and then around it.
static bool is_in_circle(const struct reader_type *start, uint32_t type_count)
{
    const struct reader_type *type = start;
    for (uint32_t step = 0; step < type_count; step++) {
        const struct reader_type *next = NULL;
        for (uint32_t i = 0; i < need_count(type) && next == NULL; i++) {
            const struct reader_type *needed = needed_by(type, i);
            next = needed != NULL && needed->height == 0 ? needed : NULL;
        }
        if (next == NULL || next == start) {
            return next == start;
        }
        type = next;
    }
    return false;
}

void reader_place_types(struct reader *reader)
{
    // Each round places at least one more level, and more levels than these are an error.
    for (uint32_t round = 0; round <= MYC__SCHEMA_NESTING_MAX && place_round(reader); round++) {
    }
    for (uint32_t i = 0; i < reader->type_count; i++) {
        struct reader_type *type = &reader->types[i];
        if (type->category == READER_ENUM || type->height > 0) {
            continue;
        }
        if (is_in_circle(type, reader->type_count)) {
            reader_error(
                reader,
                type->pair.key,
                "TYPE_CYCLE",
                "'%s' contains itself: what it holds must end somewhere; use an id instead",
                type->name);
        }
    }
}
