// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What must hold of one descriptor for the codec to walk it without looking again.
#include "schema/check.h"

#include <stdbool.h>
#include <string.h>

#include "schema/field.h"
#include "schema/limits.h"
#include "schema/name.h"

enum {
    KNOWN_FLAGS = MYC_FIELD_OPTIONAL | MYC_FIELD_DEFAULT | MYC_FIELD_DEPRECATED | MYC_FIELD_FINITE
                  | MYC_FIELD_NONZERO | MYC_FIELD_ASCII | MYC_FIELD_SECRET
};

enum myc_status myc__schema_refuse(
    struct myc_diagnostic *diagnostic, const char *what, const char *name, const char *rule)
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

static bool is_pascal(const char *name)
{
    return name != NULL && myc__schema_is_pascal_name(name, strlen(name));
}

static bool is_snake(const char *name)
{
    return name != NULL && myc__schema_is_snake_name(name, strlen(name));
}

// ---- Types ----

static bool has_value_name(const struct myc_enum *type, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (myc__schema_is_same_name(type->values[i].name, type->values[index].name)) {
            return true;
        }
    }
    return false;
}

enum myc_status
myc__schema_check_enum(const struct myc_enum *type, struct myc_diagnostic *diagnostic)
{
    if (type == NULL || !is_pascal(type->name)) {
        return myc__schema_refuse(diagnostic, "enum", NULL, "the name must look like OrderSide");
    }
    if (type->value_count == 0 || type->value_count > MYC__SCHEMA_MEMBERS_MAX
        || type->values == NULL) {
        return myc__schema_refuse(diagnostic, "enum", type->name, "it must have 1 to 1024 values");
    }
    for (uint32_t i = 0; i < type->value_count; i++) {
        const struct myc_enum_value *value = &type->values[i];
        if (value->name == NULL || !myc__schema_is_upper_name(value->name, strlen(value->name))) {
            return myc__schema_refuse(
                diagnostic, "enum", type->name, "a value's name must be in capitals");
        }
        if (i > 0 && value->value <= type->values[i - 1].value) {
            return myc__schema_refuse(
                diagnostic, "enum", type->name, "values must ascend and differ");
        }
        if (has_value_name(type, i)) {
            return myc__schema_refuse(diagnostic, "enum", type->name, "two values have one name");
        }
    }
    return MYC_OK;
}

static const char *variant_fault(const struct myc_union *type, uint32_t index)
{
    const struct myc_variant *variant = &type->variants[index];
    if (!is_snake(variant->name)) {
        return "a variant's name must be lower-case words";
    }
    if (variant->tag == 0 || (index > 0 && variant->tag <= type->variants[index - 1].tag)) {
        return "tags must ascend from 1 and differ";
    }
    if (variant->structure != NULL && variant->structure->size > type->size) {
        return "a variant is larger than the storage";
    }
    for (uint32_t i = 0; i < index; i++) {
        if (myc__schema_is_same_name(type->variants[i].name, variant->name)) {
            return "two variants have one name";
        }
    }
    return NULL;
}

enum myc_status
myc__schema_check_union(const struct myc_union *type, struct myc_diagnostic *diagnostic)
{
    if (type == NULL || !is_pascal(type->name)) {
        return myc__schema_refuse(diagnostic, "union", NULL, "the name must look like OrderDetail");
    }
    if (type->size % 8 != 0 || type->size > MYC__SCHEMA_STRUCT_MAX) {
        return myc__schema_refuse(
            diagnostic, "union", type->name, "the size must be a multiple of 8 up to 1048576");
    }
    if (type->variant_count == 0 || type->variant_count > MYC__SCHEMA_MEMBERS_MAX
        || type->variants == NULL) {
        return myc__schema_refuse(
            diagnostic, "union", type->name, "it must have 1 to 1024 variants");
    }
    for (uint32_t i = 0; i < type->variant_count; i++) {
        const char *fault = variant_fault(type, i);
        if (fault != NULL) {
            return myc__schema_refuse(diagnostic, "union", type->name, fault);
        }
    }
    return MYC_OK;
}

// ---- Fields ----

static bool is_counted(const struct myc_field *field)
{
    return field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING;
}

// Kind, shape and the type that a field names belong together.
static const char *kind_fault(const struct myc_field *field)
{
    bool is_bytes = field->kind == MYC_KIND_U8;
    if (field->kind >= MYC_KIND_COUNT || field->shape >= MYC_SHAPE_COUNT) {
        return "the kind or shape is unknown";
    }
    if ((field->kind == MYC_KIND_ENUM) != (field->enumeration != NULL)
        || (field->kind == MYC_KIND_STRUCT) != (field->structure != NULL)
        || (field->kind == MYC_KIND_UNION) != (field->choice != NULL)) {
        return "it must point to the type that its kind needs, and to no other";
    }
    if (field->kind == MYC_KIND_UNION && field->shape != MYC_SHAPE_ONE) {
        return "a union stands alone";
    }
    if ((field->shape == MYC_SHAPE_STRING || myc__schema_is_tail(field->shape)) && !is_bytes) {
        return "strings and tails are of u8";
    }
    if (field->inner > 0
        && (!is_bytes || (field->shape != MYC_SHAPE_ARRAY && field->shape != MYC_SHAPE_VECTOR))) {
        return "only arrays and vectors hold byte arrays";
    }
    if (field->count == 0 || field->count > MYC__SCHEMA_BYTES_MAX
        || field->inner > MYC__SCHEMA_BYTES_MAX) {
        return "it must have 1 to 65536 elements";
    }
    if (field->count != 1 && field->shape != MYC_SHAPE_ARRAY && !is_counted(field)) {
        return "one element was expected";
    }
    return NULL;
}

static const char *rule_fault(const struct myc_field *field)
{
    bool is_number = myc__schema_is_number(field->kind) && field->inner == 0;
    bool is_text = field->shape == MYC_SHAPE_STRING || field->shape == MYC_SHAPE_TAIL_STRING;
    bool is_tail = myc__schema_is_tail(field->shape);
    if ((field->flags & ~KNOWN_FLAGS) != 0) {
        return "a flag is unknown";
    }
    if ((field->flags & MYC_FIELD_OPTIONAL) != 0
        && (field->kind == MYC_KIND_UNION || is_tail || (field->flags & MYC_FIELD_DEFAULT) != 0)) {
        return "unions, tails and fields with a default cannot be optional";
    }
    if ((field->flags & MYC_FIELD_FINITE) != 0 && !myc__schema_is_float(field->kind)) {
        return "only floats can be finite";
    }
    if ((field->flags & MYC_FIELD_ASCII) != 0 && !is_text) {
        return "only strings can be ascii";
    }
    if ((field->min != NULL || field->max != NULL) && !is_number) {
        return "only numbers have a range";
    }
    if ((is_counted(field) || is_tail) && field->length_min > field->length_max) {
        return "length_min is above length_max";
    }
    if (is_counted(field) && field->length_max > field->count) {
        return "length_max is above the count";
    }
    return NULL;
}

static const char *place_fault(const struct myc_field *field, uint64_t end, uint64_t limit)
{
    uint64_t size = (uint64_t)myc__schema_element_size(field) * field->count;
    uint64_t at = end;
    if (myc__schema_is_tail(field->shape)) {
        size = 8;
    }
    if (field->size != size) {
        return "the size is not that of its elements";
    }
    if ((field->flags & MYC_FIELD_OPTIONAL) != 0) {
        if (field->presence < at) {
            return "it overlaps the field before it";
        }
        at = (uint64_t)field->presence + 1;
    }
    if (is_counted(field) || field->kind == MYC_KIND_UNION) {
        if (field->counter < at || field->counter % 4 != 0) {
            return "its count overlaps what is before it, or is not aligned";
        }
        at = (uint64_t)field->counter + 4;
    }
    if (field->offset < at || field->offset % myc__schema_element_alignment(field) != 0) {
        return "it overlaps what is before it, or is not aligned";
    }
    return field->offset + size > limit ? "it lies outside" : NULL;
}

static const char *
field_fault(const struct myc_field *fields, uint32_t index, uint64_t end, uint64_t limit)
{
    const struct myc_field *field = &fields[index];
    if (!is_snake(field->name)) {
        return "the name must be lower-case words";
    }
    if (field->since == 0 || (index > 0 && field->since < fields[index - 1].since)) {
        return "since must be at least 1 and must not fall from field to field";
    }
    for (uint32_t i = 0; i < index; i++) {
        if (myc__schema_is_same_name(fields[i].name, field->name)) {
            return "another field has its name";
        }
    }
    const char *fault = kind_fault(field);
    fault = fault != NULL ? fault : rule_fault(field);
    return fault != NULL ? fault : place_fault(field, end, limit);
}

static enum myc_status
refuse_field(struct myc_diagnostic *diagnostic, const struct myc_field *field, const char *fault)
{
    return myc__schema_refuse(diagnostic, "field", field->name, fault);
}

static uint32_t field_end(const struct myc_field *field)
{
    return field->offset + field->size;
}

enum myc_status
myc__schema_check_struct(const struct myc_struct *type, struct myc_diagnostic *diagnostic)
{
    if (type == NULL || !is_pascal(type->name)) {
        return myc__schema_refuse(diagnostic, "struct", NULL, "the name must look like PriceLevel");
    }
    if (type->size == 0 || type->size % 8 != 0 || type->size > MYC__SCHEMA_STRUCT_MAX) {
        return myc__schema_refuse(
            diagnostic, "struct", type->name, "the size must be a multiple of 8 up to 1048576");
    }
    if (type->field_count == 0 || type->field_count > MYC__SCHEMA_FIELDS_MAX
        || type->fields == NULL) {
        return myc__schema_refuse(
            diagnostic, "struct", type->name, "it must have 1 to 1024 fields");
    }
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct myc_field *field = &type->fields[i];
        uint32_t end = i > 0 ? field_end(&type->fields[i - 1]) : 0;
        const char *fault = field_fault(type->fields, i, end, type->size);
        if (fault == NULL && (field->since != 1 || myc__schema_is_tail(field->shape))) {
            fault = "a struct has no tails and no versions";
        }
        if (fault != NULL) {
            (void)refuse_field(diagnostic, field, fault);
            myc_diagnostic_wrap(diagnostic, type->name);
            return MYC_INVALID;
        }
    }
    return MYC_OK;
}

// ---- Messages ----

enum myc_status
myc__schema_check_message(const struct myc_message_type *type, struct myc_diagnostic *diagnostic)
{
    if (type == NULL) {
        return myc__schema_refuse(diagnostic, "message", NULL, "the descriptor is missing");
    }
    const char *fault = NULL;
    if (!is_pascal(type->name)) {
        fault = "the name must look like PoolStateUpdate";
    } else if (type->id < MYC_MESSAGE_TYPE_MIN || type->id > MYC_MESSAGE_TYPE_MAX) {
        fault = "the type id must be 1 to 65279";
    } else if (
        type->topic == NULL || !myc__schema_is_topic_name(type->topic, strlen(type->topic))) {
        fault = "the topic must look like market-data";
    } else if (type->size == 0 || type->size % 8 != 0 || type->size > MYC__SCHEMA_STRUCT_MAX) {
        fault = "the size must be a multiple of 8 up to 1048576";
    }
    return fault == NULL ? MYC_OK : myc__schema_refuse(diagnostic, "message", type->name, fault);
}

static const char *extent_fault(const struct myc_message_type *type)
{
    if (type->extent_count == 0 || type->extents == NULL) {
        return "a message with fields has extents";
    }
    for (uint32_t i = 0; i < type->extent_count; i++) {
        const struct myc_extent *extent = &type->extents[i];
        if (extent->version == 0 || extent->version > type->version || extent->size % 8 != 0) {
            return "an extent's version must be 1 to the message's, its size a multiple of 8";
        }
        if (i > 0
            && (extent->version <= type->extents[i - 1].version
                || extent->size < type->extents[i - 1].size)) {
            return "extents must ascend";
        }
    }
    return type->extents[type->extent_count - 1].size == type->size
               ? NULL
               : "the last extent must be the message's size";
}

// A field lies in the extent of its version and behind that of every older one.
static const char *version_fault(const struct myc_message_type *type, const struct myc_field *field)
{
    if (field->since > type->version) {
        return "since is above the message's version";
    }
    for (uint32_t i = 0; i < type->extent_count; i++) {
        const struct myc_extent *extent = &type->extents[i];
        if (extent->version < field->since && myc__schema_field_start(field) < extent->size) {
            return "it lies in the extent of a version that did not have it";
        }
        if (extent->version >= field->since && field_end(field) > extent->size) {
            return "it lies outside the extent of its version";
        }
    }
    return NULL;
}

enum myc_status myc__schema_check_message_fields(
    const struct myc_message_type *type, struct myc_diagnostic *diagnostic)
{
    if (type->field_count > MYC__SCHEMA_FIELDS_MAX || type->fields == NULL) {
        return myc__schema_refuse(
            diagnostic, "message", type->name, "it must have at most 1024 fields");
    }
    const char *fault = extent_fault(type);
    if (fault != NULL) {
        return myc__schema_refuse(diagnostic, "message", type->name, fault);
    }
    bool has_tail = false;
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct myc_field *field = &type->fields[i];
        uint32_t end = i > 0 ? field_end(&type->fields[i - 1]) : 0;
        fault = field_fault(type->fields, i, end, type->size);
        fault = fault != NULL ? fault : version_fault(type, field);
        if (fault != NULL) {
            (void)refuse_field(diagnostic, field, fault);
            myc_diagnostic_wrap(diagnostic, type->name);
            return MYC_INVALID;
        }
        has_tail = has_tail || myc__schema_is_tail(field->shape);
    }
    if (has_tail != (type->has_tail != 0)) {
        return myc__schema_refuse(
            diagnostic, "message", type->name, "has_tail must say whether a field is a tail");
    }
    return MYC_OK;
}
