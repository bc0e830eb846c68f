// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Facts about kinds and fields that need no more than one look.
#include "schema/field.h"

static const struct myc__schema_facts facts[] = {
#define FACTS(name, spelling, c_type, size, alignment) {spelling, c_type, size, alignment},
    MYC_KIND_LIST(FACTS)
#undef FACTS
};

_Static_assert(sizeof(facts) / sizeof(facts[0]) == MYC_KIND_COUNT, "one entry a kind");

const struct myc__schema_facts *myc__schema_kind_facts(uint32_t kind)
{
    return &facts[kind];
}

bool myc__schema_is_number(uint32_t kind)
{
    return kind < MYC_KIND_ENUM && kind != MYC_KIND_BOOL;
}

bool myc__schema_is_float(uint32_t kind)
{
    return kind == MYC_KIND_F32 || kind == MYC_KIND_F64;
}

bool myc__schema_is_signed(uint32_t kind)
{
    return (kind >= MYC_KIND_I8 && kind <= MYC_KIND_F64) || kind == MYC_KIND_I128
           || kind == MYC_KIND_I256;
}

bool myc__schema_is_tail(uint32_t shape)
{
    return shape == MYC_SHAPE_TAIL_BYTES || shape == MYC_SHAPE_TAIL_STRING;
}

uint32_t myc__schema_element_size(const struct myc_field *field)
{
    if (field->inner > 0) {
        return field->inner;
    }
    if (field->kind == MYC_KIND_STRUCT) {
        return field->structure->size;
    }
    return field->kind == MYC_KIND_UNION ? field->choice->size : facts[field->kind].size;
}

uint32_t myc__schema_element_alignment(const struct myc_field *field)
{
    return myc__schema_is_tail(field->shape) ? 4 : facts[field->kind].alignment;
}

uint32_t myc__schema_field_start(const struct myc_field *field)
{
    if ((field->flags & MYC_FIELD_OPTIONAL) != 0) {
        return field->presence;
    }
    bool is_counted = field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING
                      || field->kind == MYC_KIND_UNION;
    return is_counted ? field->counter : field->offset;
}
