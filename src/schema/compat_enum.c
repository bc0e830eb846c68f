// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Enums and unions: sets of numbers with names. Both number and name must stay, since a person
// reads the name and the wire carries the number; a name that appears nowhere else is a renaming.
#include "core/text.h"
#include "schema/compat.h"
#include "schema/name.h"

// ---- Enums ----

static const struct myc_enum_value *value_of(const struct myc_enum *names, uint32_t value)
{
    uint32_t first = 0;
    uint32_t end = names->value_count;
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (names->values[middle].value < value) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    bool is_there = first < names->value_count && names->values[first].value == value;
    return is_there ? &names->values[first] : NULL;
}

bool myc__compat_has_value(const struct myc_enum *names, uint32_t value)
{
    return value_of(names, value) != NULL;
}

static const struct myc_enum_value *
value_named(struct myc__compat *compat, const struct myc_enum *names, const char *name)
{
    myc__compat_spend(compat, names->value_count);
    for (uint32_t i = 0; i < names->value_count; i++) {
        if (names->values[i].name[0] == name[0]
            && myc__schema_is_same_name(names->values[i].name, name)) {
            return &names->values[i];
        }
    }
    return NULL;
}

static void print_value(struct myc__text text, const struct myc_enum_value *value)
{
    if (value != NULL) {
        myc__text_string(&text, value->name);
        myc__text_string(&text, " = ");
        myc__text_u64(&text, value->value);
    }
}

static void report_value(
    struct myc__compat *compat,
    enum myc_compat_rule rule,
    uint32_t breaks,
    const struct myc_enum_value *old,
    const struct myc_enum_value *new)
{
    compat->finding.old_value = old;
    compat->finding.new_value = new;
    print_value(myc__compat_old_text(compat), old);
    print_value(myc__compat_new_text(compat), new);
    myc__compat_report(compat, rule, breaks);
    compat->finding.old_value = NULL;
    compat->finding.new_value = NULL;
}

static void compare_value(
    struct myc__compat *compat,
    const struct myc_enum *old,
    const struct myc_enum *new,
    const struct myc_enum_value *value)
{
    const struct myc_enum_value *same_number = value_of(old, value->value);
    if (same_number != NULL && myc__schema_is_same_name(same_number->name, value->name)) {
        return;
    }
    const struct myc_enum_value *same_name = value_named(compat, old, value->name);
    if (same_name != NULL) {
        report_value(compat, MYC_COMPAT_ENUM_VALUE_RENUMBERED, MYC__COMPAT_BOTH, same_name, value);
    } else if (same_number == NULL) {
        // An open reader takes it as a number without a name.
        uint32_t breaks = old->is_open != 0 ? 0 : MYC__COMPAT_ORN;
        report_value(compat, MYC_COMPAT_ENUM_VALUE_ADDED, breaks, NULL, value);
    } else if (value_named(compat, new, same_number->name) == NULL) {
        report_value(compat, MYC_COMPAT_ENUM_VALUE_RENAMED, 0, same_number, value);
    }
    // Otherwise the old name of this number went to another one, which is told there.
}

void myc__compat_enum(
    struct myc__compat *compat, const struct myc_enum *old, const struct myc_enum *new)
{
    myc__compat_spend(compat, (uint64_t)old->value_count + new->value_count);
    if (old->is_open != new->is_open) {
        bool is_opened = new->is_open != 0;
        myc__compat_set_texts(compat, is_opened ? "closed" : "open", is_opened ? "open" : "closed");
        myc__compat_report(
            compat,
            is_opened ? MYC_COMPAT_ENUM_OPENED : MYC_COMPAT_ENUM_CLOSED,
            is_opened ? MYC__COMPAT_ORN : MYC__COMPAT_NRO);
    }
    for (uint32_t i = 0; i < new->value_count && compat->steps > 0; i++) {
        compare_value(compat, old, new, &new->values[i]);
    }
    for (uint32_t i = 0; i < old->value_count && compat->steps > 0; i++) {
        const struct myc_enum_value *value = &old->values[i];
        if (value_of(new, value->value) == NULL && value_named(compat, new, value->name) == NULL) {
            uint32_t breaks = new->is_open != 0 ? 0 : MYC__COMPAT_NRO;
            report_value(compat, MYC_COMPAT_ENUM_VALUE_REMOVED, breaks, value, NULL);
        }
    }
}

// ---- Unions ----

static const struct myc_variant *variant_of(const struct myc_union *variants, uint32_t tag)
{
    for (uint32_t i = 0; i < variants->variant_count; i++) {
        if (variants->variants[i].tag == tag) {
            return &variants->variants[i];
        }
    }
    return NULL;
}

static const struct myc_variant *variant_named(const struct myc_union *variants, const char *name)
{
    for (uint32_t i = 0; i < variants->variant_count; i++) {
        if (myc__schema_is_same_name(variants->variants[i].name, name)) {
            return &variants->variants[i];
        }
    }
    return NULL;
}

static void print_variant(struct myc__text text, const struct myc_variant *variant)
{
    if (variant == NULL) {
        return;
    }
    myc__text_string(&text, variant->name);
    myc__text_string(&text, " = ");
    myc__text_u64(&text, variant->tag);
    if (variant->structure != NULL) {
        myc__text_string(&text, ", ");
        myc__text_string(&text, variant->structure->name);
        myc__text_string(&text, " of ");
        myc__text_u64(&text, variant->structure->size);
        myc__text_string(&text, " bytes");
    }
}

static void report_variant(
    struct myc__compat *compat,
    enum myc_compat_rule rule,
    uint32_t breaks,
    const struct myc_variant *old,
    const struct myc_variant *new)
{
    compat->finding.old_variant = old;
    compat->finding.new_variant = new;
    print_variant(myc__compat_old_text(compat), old);
    print_variant(myc__compat_new_text(compat), new);
    myc__compat_report(compat, rule, breaks);
    compat->finding.old_variant = NULL;
    compat->finding.new_variant = NULL;
}

// What both variants hold: their structs, and zeros behind them in the storage of their union.
static void enter_variant(
    struct myc__compat *compat,
    const struct myc__compat_frame *unions,
    const struct myc_variant *old,
    const struct myc_variant *new)
{
    uint32_t old_size = old->structure != NULL ? old->structure->size : 0;
    uint32_t new_size = new->structure != NULL ? new->structure->size : 0;
    uint32_t old_room = unions->old_union->size;
    uint32_t new_room = unions->new_union->size;
    if (old_size != new_size) {
        // A reader of the shorter one demands zeros, as far as its storage goes, where the longer
        // one has fields.
        uint32_t breaks = 0;
        if (old_size > new_size && new_room > new_size) {
            breaks = MYC__COMPAT_NRO;
        } else if (new_size > old_size && old_room > old_size) {
            breaks = MYC__COMPAT_ORN;
        }
        report_variant(compat, MYC_COMPAT_UNION_VARIANT_TYPE_CHANGED, breaks, old, new);
    }
    struct myc__compat_frame *frame = myc__compat_enter(compat);
    if (frame == NULL) {
        return;
    }
    if (old->structure != NULL) {
        frame->old_fields = old->structure->fields;
        frame->old_count = old->structure->field_count;
    }
    if (new->structure != NULL) {
        frame->new_fields = new->structure->fields;
        frame->new_count = new->structure->field_count;
    }
    frame->zeros_of_old = (struct myc__compat_zeros){old_size, old_room};
    frame->zeros_of_new = (struct myc__compat_zeros){new_size, new_room};
}

static void compare_variant(
    struct myc__compat *compat,
    const struct myc__compat_frame *frame,
    const struct myc_variant *variant)
{
    const struct myc_variant *same_tag = variant_of(frame->old_union, variant->tag);
    const struct myc_variant *same_name = variant_named(frame->old_union, variant->name);
    if (same_name != NULL && same_name != same_tag) {
        report_variant(
            compat, MYC_COMPAT_UNION_VARIANT_RETAGGED, MYC__COMPAT_BOTH, same_name, variant);
        return;
    }
    if (same_tag == NULL) {
        report_variant(compat, MYC_COMPAT_UNION_VARIANT_ADDED, MYC__COMPAT_ORN, NULL, variant);
        return;
    }
    if (same_name == NULL) {
        if (variant_named(frame->new_union, same_tag->name) != NULL) {
            return; // the old name of this tag went to another one, which is told there
        }
        report_variant(compat, MYC_COMPAT_UNION_VARIANT_RENAMED, 0, same_tag, variant);
    }
    enter_variant(compat, frame, same_tag, variant);
}

void myc__compat_step_union(struct myc__compat *compat, struct myc__compat_frame *frame)
{
    uint32_t i = frame->next++;
    myc__compat_spend(compat, (uint64_t)frame->old_count + frame->new_count);
    if (i < frame->new_count) {
        const struct myc_variant *variant = &frame->new_union->variants[i];
        myc__compat_set_path(compat, frame->path_len, variant->name);
        compare_variant(compat, frame, variant);
        return;
    }
    const struct myc_variant *variant = &frame->old_union->variants[i - frame->new_count];
    if (variant_of(frame->new_union, variant->tag) == NULL
        && variant_named(frame->new_union, variant->name) == NULL) {
        myc__compat_set_path(compat, frame->path_len, variant->name);
        report_variant(compat, MYC_COMPAT_UNION_VARIANT_REMOVED, MYC__COMPAT_NRO, variant, NULL);
    }
}
