// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Which types messages use. Types wait in the arrays themselves: each is looked at once, so the
// work is bounded by the number of fields however types nest.
#include "schema/canonical.h"
#include "schema/name.h"

static bool add_enum(struct myc__schema_types *types, const struct myc_enum *added)
{
    for (uint32_t i = 0; i < types->enum_count; i++) {
        if (types->enums[i] == added) {
            return true;
        }
    }
    for (uint32_t i = 0; i < types->enum_count; i++) {
        if (myc__schema_is_same_name(types->enums[i]->name, added->name)) {
            return true;
        }
    }
    if (types->enum_count == MYC__SCHEMA_TYPES_MAX) {
        return false;
    }
    types->enums[types->enum_count++] = added;
    return true;
}

static bool add_struct(struct myc__schema_types *types, const struct myc_struct *added)
{
    for (uint32_t i = 0; i < types->struct_count; i++) {
        if (types->structs[i] == added) {
            return true;
        }
    }
    for (uint32_t i = 0; i < types->struct_count; i++) {
        if (myc__schema_is_same_name(types->structs[i]->name, added->name)) {
            return true;
        }
    }
    if (types->struct_count == MYC__SCHEMA_TYPES_MAX) {
        return false;
    }
    types->structs[types->struct_count++] = added;
    return true;
}

static bool add_union(struct myc__schema_types *types, const struct myc_union *added)
{
    for (uint32_t i = 0; i < types->union_count; i++) {
        if (types->unions[i] == added) {
            return true;
        }
    }
    for (uint32_t i = 0; i < types->union_count; i++) {
        if (myc__schema_is_same_name(types->unions[i]->name, added->name)) {
            return true;
        }
    }
    if (types->union_count == MYC__SCHEMA_TYPES_MAX) {
        return false;
    }
    types->unions[types->union_count++] = added;
    return true;
}

static bool
add_fields(struct myc__schema_types *types, const struct myc_field *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct myc_field *field = &fields[i];
        if ((field->kind == MYC_KIND_ENUM && !add_enum(types, field->enumeration))
            || (field->kind == MYC_KIND_STRUCT && !add_struct(types, field->structure))
            || (field->kind == MYC_KIND_UNION && !add_union(types, field->choice))) {
            return false;
        }
    }
    return true;
}

static bool add_variants(struct myc__schema_types *types, const struct myc_union *choice)
{
    for (uint32_t i = 0; i < choice->variant_count; i++) {
        const struct myc_struct *structure = choice->variants[i].structure;
        if (structure != NULL && !add_struct(types, structure)) {
            return false;
        }
    }
    return true;
}

// Structs and unions bring more of both, which wait behind them.
static bool add_nested(struct myc__schema_types *types)
{
    uint32_t structs_done = 0;
    uint32_t unions_done = 0;
    while (structs_done < types->struct_count || unions_done < types->union_count) {
        bool is_added = false;
        if (structs_done < types->struct_count) {
            const struct myc_struct *structure = types->structs[structs_done++];
            is_added = add_fields(types, structure->fields, structure->field_count);
        } else {
            is_added = add_variants(types, types->unions[unions_done++]);
        }
        if (!is_added) {
            return false;
        }
    }
    return true;
}

static void sort_enums(struct myc__schema_types *types)
{
    for (uint32_t i = 1; i < types->enum_count; i++) {
        const struct myc_enum *moved = types->enums[i];
        uint32_t j = i;
        for (; j > 0 && myc__schema_compare_names(types->enums[j - 1]->name, moved->name) > 0;
             j--) {
            types->enums[j] = types->enums[j - 1];
        }
        types->enums[j] = moved;
    }
}

static void sort_structs(struct myc__schema_types *types)
{
    for (uint32_t i = 1; i < types->struct_count; i++) {
        const struct myc_struct *moved = types->structs[i];
        uint32_t j = i;
        for (; j > 0 && myc__schema_compare_names(types->structs[j - 1]->name, moved->name) > 0;
             j--) {
            types->structs[j] = types->structs[j - 1];
        }
        types->structs[j] = moved;
    }
}

static void sort_unions(struct myc__schema_types *types)
{
    for (uint32_t i = 1; i < types->union_count; i++) {
        const struct myc_union *moved = types->unions[i];
        uint32_t j = i;
        for (; j > 0 && myc__schema_compare_names(types->unions[j - 1]->name, moved->name) > 0;
             j--) {
            types->unions[j] = types->unions[j - 1];
        }
        types->unions[j] = moved;
    }
}

enum myc_status myc__schema_collect(
    const struct myc_message_type *const *messages, uint32_t count, struct myc__schema_types *types)
{
    types->enum_count = 0;
    types->struct_count = 0;
    types->union_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!add_fields(types, messages[i]->fields, messages[i]->field_count)) {
            return MYC_TOO_BIG;
        }
    }
    if (!add_nested(types)) {
        return MYC_TOO_BIG;
    }
    sort_enums(types);
    sort_structs(types);
    sort_unions(types);
    return MYC_OK;
}
