// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a contract may say but had better not. Each rule looks at descriptors and reports at the
// place of what it is about.
#include "tool/contract/lint.h"

#include <stdlib.h>
#include <string.h>

#include "schema/canonical.h"
#include "schema/field.h"
#include "schema/limits.h"
#include "tool/contract/arena.h"
#include "tool/contract/reader.h"

enum { TEXT_BYTES = 400, ALIGNMENT_MAX = 8 };

static void
warn(struct contract_file *file, struct contract_place place, const char *rule, const char *text)
{
    contract_add_finding(file, CONTRACT_WARNING, place, rule, text);
}

static void check_description(
    struct contract_file *file,
    const struct contract_note *note,
    const char *what,
    const char *name)
{
    char text[TEXT_BYTES];
    if (note->description == NULL) {
        snprintf(
            text, sizeof(text), "%s '%s' has no description: add one line for readers", what, name);
        warn(file, note->place, "MISSING_DESCRIPTION", text);
    }
}

static void check_deprecation(
    struct contract_file *file,
    const struct contract_note *note,
    bool is_deprecated,
    const char *what,
    const char *name)
{
    char text[TEXT_BYTES];
    if (is_deprecated && note->deprecation == NULL) {
        snprintf(
            text,
            sizeof(text),
            "%s '%s' is deprecated without a word on what to use: write 'deprecated: use ...'",
            what,
            name);
        warn(file, note->place, "DEPRECATED_WITHOUT_REPLACEMENT", text);
    }
}

// ---- Padding ----

static int compare_alignment(const void *a, const void *b)
{
    const struct myc_field *left = a;
    const struct myc_field *right = b;
    if (left->since != right->since) {
        return left->since < right->since ? -1 : 1;
    }
    uint32_t left_alignment = myc__schema_element_alignment(left);
    uint32_t right_alignment = myc__schema_element_alignment(right);
    bool is_left_small = (left->flags & MYC_FIELD_OPTIONAL) != 0;
    bool is_right_small = (right->flags & MYC_FIELD_OPTIONAL) != 0;
    if (left_alignment != right_alignment) {
        return left_alignment > right_alignment ? -1 : 1;
    }
    if (is_left_small != is_right_small) {
        return is_left_small ? 1 : -1;
    }
    return left->offset < right->offset ? -1 : 1;
}

// The size with the fields of each version ordered by alignment, largest first.
static uint32_t
packed_size(struct contract_file *file, const struct myc_field *fields, uint32_t count)
{
    struct myc_field *sorted = contract_arena_take(file->arena, count, sizeof(*sorted));
    struct myc_extent *extents =
        contract_arena_take(file->arena, (size_t)count + 1, sizeof(*extents));
    struct myc__schema_extent_list list;
    memcpy(sorted, fields, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare_alignment);
    return myc__schema_place(sorted, count, extents, &list) == MYC_OK ? list.size : UINT32_MAX;
}

static void check_padding(
    struct contract_file *file,
    const struct contract_note *note,
    const char *what,
    const char *name,
    const struct myc_field *fields,
    uint32_t count,
    uint32_t size)
{
    char text[TEXT_BYTES];
    uint32_t packed = count > 0 ? packed_size(file, fields, count) : size;
    if (packed < size) {
        snprintf(
            text,
            sizeof(text),
            "%s '%s' has %u bytes and needs %u: before its first release, order the fields by "
            "alignment, largest first",
            what,
            name,
            size,
            packed);
        warn(file, note->place, "PADDING", text);
    }
}

// ---- Types ----

static bool is_used_enum(const struct myc__schema_types *used, const struct myc_enum *type)
{
    for (uint32_t i = 0; i < used->enum_count; i++) {
        if (used->enums[i] == type) {
            return true;
        }
    }
    return false;
}

static bool is_used_struct(const struct myc__schema_types *used, const struct myc_struct *type)
{
    for (uint32_t i = 0; i < used->struct_count; i++) {
        if (used->structs[i] == type) {
            return true;
        }
    }
    return false;
}

static bool is_used_union(const struct myc__schema_types *used, const struct myc_union *type)
{
    for (uint32_t i = 0; i < used->union_count; i++) {
        if (used->unions[i] == type) {
            return true;
        }
    }
    return false;
}

static void check_type(
    struct contract_file *file,
    const struct contract_note *note,
    const char *what,
    const char *name,
    bool is_used)
{
    char text[TEXT_BYTES];
    check_description(file, note, what, name);
    if (!is_used) {
        snprintf(
            text, sizeof(text), "%s '%s' is used by no message: remove it or use it", what, name);
        warn(file, note->place, "UNUSED_TYPE", text);
    }
}

static bool has_zero(const struct myc_enum *type)
{
    return type->is_open != 0 || type->values[0].value == 0;
}

static void lint_enum(
    struct contract_file *file, const struct myc_enum *type, const struct contract_notes *notes)
{
    for (uint32_t i = 0; i < type->value_count; i++) {
        check_deprecation(
            file,
            &notes->members[i],
            type->values[i].is_deprecated != 0,
            "value",
            type->values[i].name);
    }
}

static void lint_fields(
    struct contract_file *file,
    const struct myc_field *fields,
    uint32_t count,
    const struct contract_notes *notes)
{
    char text[TEXT_BYTES];
    for (uint32_t i = 0; i < count; i++) {
        const struct myc_field *field = &fields[i];
        bool is_deprecated = (field->flags & MYC_FIELD_DEPRECATED) != 0;
        check_deprecation(file, &notes->members[i], is_deprecated, "field", field->name);
        bool begins_as_zero = (field->flags & (MYC_FIELD_OPTIONAL | MYC_FIELD_DEFAULT)) == 0
                              && field->shape != MYC_SHAPE_VECTOR;
        if (begins_as_zero && field->kind == MYC_KIND_ENUM && !has_zero(field->enumeration)) {
            snprintf(
                text,
                sizeof(text),
                "field '%s' begins as 0, which enum '%s' does not have: give the field a default, "
                "or the enum a value 0",
                field->name,
                field->enumeration->name);
            warn(file, notes->members[i].place, "ENUM_WITHOUT_ZERO", text);
        }
        if (myc__schema_is_tail(field->shape) && field->length_max == UINT32_MAX) {
            snprintf(
                text,
                sizeof(text),
                "tail '%s' has no max_length: only the route's limit bounds it",
                field->name);
            warn(file, notes->members[i].place, "UNBOUNDED_TAIL", text);
        }
    }
}

static void lint_types(struct contract_file *file, const struct myc__schema_types *used)
{
    for (uint32_t i = 0; i < file->enum_count; i++) {
        const struct myc_enum *type = file->enums[i];
        check_type(file, &file->enum_notes[i].self, "enum", type->name, is_used_enum(used, type));
        lint_enum(file, type, &file->enum_notes[i]);
    }
    for (uint32_t i = 0; i < file->struct_count; i++) {
        const struct myc_struct *type = file->structs[i];
        const struct contract_notes *notes = &file->struct_notes[i];
        check_type(file, &notes->self, "struct", type->name, is_used_struct(used, type));
        lint_fields(file, type->fields, type->field_count, notes);
        check_padding(
            file, &notes->self, "struct", type->name, type->fields, type->field_count, type->size);
    }
    for (uint32_t i = 0; i < file->union_count; i++) {
        const struct myc_union *type = file->unions[i];
        const struct contract_notes *notes = &file->union_notes[i];
        check_type(file, &notes->self, "union", type->name, is_used_union(used, type));
        for (uint32_t j = 0; j < type->variant_count; j++) {
            const struct myc_variant *variant = &type->variants[j];
            check_deprecation(
                file, &notes->members[j], variant->is_deprecated != 0, "variant", variant->name);
        }
    }
}

// ---- Messages ----

static bool has_topic_style(const char *topic)
{
    for (size_t i = 0; topic[i] != '\0'; i++) {
        char c = topic[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '/')) {
            return false;
        }
    }
    return true;
}

static void lint_message(
    struct contract_file *file,
    const struct myc_message_type *type,
    const struct contract_notes *notes)
{
    char text[TEXT_BYTES];
    struct contract_place place = notes->self.place;
    check_description(file, &notes->self, "message", type->name);
    check_deprecation(file, &notes->self, type->policy.is_deprecated != 0, "message", type->name);
    if (!has_topic_style(type->topic)) {
        snprintf(
            text,
            sizeof(text),
            "topic '%s' of message '%s': prefer small letters, digits and '-', as in market-data",
            type->topic,
            type->name);
        warn(file, place, "TOPIC_STYLE", text);
    }
    uint16_t newest = type->extents[type->extent_count - 1].version;
    if (newest < type->version) {
        snprintf(
            text,
            sizeof(text),
            "message '%s' is of version %u but no field is new since %u: mark new fields with "
            "'since', or do not raise schema_version",
            type->name,
            type->version,
            newest);
        warn(file, place, "MISSING_SINCE", text);
    }
    lint_fields(file, type->fields, type->field_count, notes);
    check_padding(
        file, &notes->self, "message", type->name, type->fields, type->field_count, type->size);
}

void contract_lint(struct contract_file *file)
{
    const struct myc_contract *contract = &file->contract;
    struct myc__schema_types *used = contract_arena_take(file->arena, 1, sizeof(*used));
    check_description(file, &file->note, "contract", contract->name);
    if (myc__schema_collect(contract->messages, contract->message_count, used) == MYC_OK) {
        lint_types(file, used);
    }
    for (uint32_t i = 0; i < contract->message_count; i++) {
        lint_message(file, contract->messages[i], &file->message_notes[i]);
    }
    contract_sort_findings(file);
}
