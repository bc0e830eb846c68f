// SPDX-License-Identifier: MIT OR Apache-2.0
//
// From a descriptor back to the line that it was read from.
#include "tool/check/check.h"

static const struct contract_place nowhere = {0, 0};

static bool is_among(const void *part, const void *first, size_t size, uint32_t count)
{
    uintptr_t start = (uintptr_t)first;
    uintptr_t at = (uintptr_t)part;
    return part != NULL && first != NULL && at >= start && at < start + size * count;
}

static struct contract_place
member_place(const struct contract_notes *notes, const void *part, const void *first, size_t size)
{
    size_t index = ((uintptr_t)part - (uintptr_t)first) / size;
    return notes->members != NULL ? notes->members[index].place : notes->self.place;
}

static struct contract_place
field_place(const struct contract_file *file, const struct myc_field *field)
{
    for (uint32_t i = 0; i < file->contract.message_count; i++) {
        const struct myc_message_type *type = file->contract.messages[i];
        if (is_among(field, type->fields, sizeof(*field), type->field_count)) {
            return member_place(&file->message_notes[i], field, type->fields, sizeof(*field));
        }
    }
    for (uint32_t i = 0; i < file->struct_count; i++) {
        const struct myc_struct *type = file->structs[i];
        if (is_among(field, type->fields, sizeof(*field), type->field_count)) {
            return member_place(&file->struct_notes[i], field, type->fields, sizeof(*field));
        }
    }
    return nowhere;
}

static struct contract_place
value_place(const struct contract_file *file, const struct myc_enum_value *value)
{
    for (uint32_t i = 0; i < file->enum_count; i++) {
        const struct myc_enum *type = file->enums[i];
        if (is_among(value, type->values, sizeof(*value), type->value_count)) {
            return member_place(&file->enum_notes[i], value, type->values, sizeof(*value));
        }
    }
    return nowhere;
}

static struct contract_place
variant_place(const struct contract_file *file, const struct myc_variant *variant)
{
    for (uint32_t i = 0; i < file->union_count; i++) {
        const struct myc_union *type = file->unions[i];
        if (is_among(variant, type->variants, sizeof(*variant), type->variant_count)) {
            return member_place(&file->union_notes[i], variant, type->variants, sizeof(*variant));
        }
    }
    return nowhere;
}

static struct contract_place
message_place(const struct contract_file *file, const struct myc_message_type *message)
{
    for (uint32_t i = 0; i < file->contract.message_count; i++) {
        if (file->contract.messages[i] == message) {
            return file->message_notes[i].self.place;
        }
    }
    return nowhere;
}

struct contract_place
check_place(const struct contract_file *file, const struct myc_compat_finding *finding, bool is_old)
{
    const struct myc_enum_value *value = is_old ? finding->old_value : finding->new_value;
    const struct myc_variant *variant = is_old ? finding->old_variant : finding->new_variant;
    const struct myc_field *field = is_old ? finding->old_field : finding->new_field;
    const struct myc_message_type *message = is_old ? finding->old_message : finding->new_message;
    bool has_part = finding->old_value != NULL || finding->new_value != NULL
                    || finding->old_variant != NULL || finding->new_variant != NULL;
    struct contract_place place = nowhere;
    if (value != NULL) {
        place = value_place(file, value);
    } else if (variant != NULL) {
        place = variant_place(file, variant);
    } else if (field != NULL && !has_part) {
        place = field_place(file, field);
    } else if (message != NULL && finding->path[0] == '\0') {
        place = message_place(file, message);
    } else if (finding->old_message == NULL && finding->new_message == NULL) {
        place = file->note.place;
    }
    return place;
}
