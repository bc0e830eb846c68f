// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Two versions of one field: where it lies, what it is made of, and what its elements may be.
#include "schema/compat.h"
#include "schema/field.h"

// Ways in which elements are found. Text and bytes are found alike.
enum layout { LAYOUT_ONE, LAYOUT_ARRAY, LAYOUT_COUNTED, LAYOUT_TAIL };

static enum layout layout_of(const struct myc_field *field)
{
    switch ((enum myc_shape)field->shape) {
    case MYC_SHAPE_ARRAY:
        return LAYOUT_ARRAY;
    case MYC_SHAPE_VECTOR:
    case MYC_SHAPE_STRING:
        return LAYOUT_COUNTED;
    case MYC_SHAPE_TAIL_BYTES:
    case MYC_SHAPE_TAIL_STRING:
        return LAYOUT_TAIL;
    case MYC_SHAPE_ONE:
    case MYC_SHAPE_COUNT:
        break;
    }
    return LAYOUT_ONE;
}

static bool is_optional(const struct myc_field *field)
{
    return (field->flags & MYC_FIELD_OPTIONAL) != 0;
}

static bool has_counter(const struct myc_field *field)
{
    return layout_of(field) == LAYOUT_COUNTED || field->kind == MYC_KIND_UNION;
}

static bool is_same_place(const struct myc_field *old, const struct myc_field *new)
{
    return old->offset == new->offset
           && (!is_optional(old) || !is_optional(new) || old->presence == new->presence)
           && (!has_counter(old) || !has_counter(new) || old->counter == new->counter);
}

bool myc__compat_is_same_slot(const struct myc_field *old, const struct myc_field *new)
{
    return old->kind == new->kind && old->shape == new->shape && old->inner == new->inner
           && old->count == new->count &&is_optional(old) == is_optional(new)
           && old->size == new->size &&is_same_place(old, new);
}

static bool has_own_absence(const struct myc_field *field)
{
    return (field->flags & (MYC_FIELD_OPTIONAL | MYC_FIELD_DEFAULT)) != 0
           || myc__schema_is_tail(field->shape) || field->kind == MYC_KIND_UNION;
}

// A struct has one if each of its fields has; walked without recursion, deepest first.
bool myc__compat_has_absence(const struct myc_field *field)
{
    const struct myc_struct *structs[MYC_COMPAT_DEPTH_MAX];
    uint32_t next[MYC_COMPAT_DEPTH_MAX];
    uint32_t depth = 0;
    uint32_t steps = 4096;
    if (has_own_absence(field)) {
        return true;
    }
    if (field->kind != MYC_KIND_STRUCT || field->shape == MYC_SHAPE_VECTOR) {
        return false;
    }
    structs[depth] = field->structure;
    next[depth++] = 0;
    while (depth > 0 && steps-- > 0) {
        const struct myc_struct *top = structs[depth - 1];
        if (next[depth - 1] == top->field_count) {
            depth--;
            continue;
        }
        const struct myc_field *inner = &top->fields[next[depth - 1]++];
        if (has_own_absence(inner)) {
            continue;
        }
        if (inner->kind != MYC_KIND_STRUCT || inner->shape == MYC_SHAPE_VECTOR
            || depth == MYC_COMPAT_DEPTH_MAX) {
            return false;
        }
        structs[depth] = inner->structure;
        next[depth++] = 0;
    }
    return depth == 0;
}

// Whether the types have enough in common to look at what values they allow. Reports if not.
static bool
compare_shapes(struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    uint32_t old_size = myc__schema_kind_facts(old->kind)->size;
    uint32_t new_size = myc__schema_kind_facts(new->kind)->size;
    bool are_integers = myc__compat_is_integer(old->kind) && myc__compat_is_integer(new->kind);
    bool is_comparable =
        old->kind == new->kind
        || (are_integers && (old_size == new_size || layout_of(old) == LAYOUT_ONE));
    if (layout_of(old) != layout_of(new) || !is_comparable) {
        myc__compat_set_types(compat, old, new);
        myc__compat_report(compat, MYC_COMPAT_FIELD_TYPE_CHANGED, MYC__COMPAT_BOTH);
        return false;
    }
    if (is_optional(old) != is_optional(new)) {
        myc__compat_set_types(compat, old, new);
        myc__compat_report(
            compat,
            is_optional(new) ? MYC_COMPAT_FIELD_BECAME_OPTIONAL : MYC_COMPAT_FIELD_BECAME_REQUIRED,
            MYC__COMPAT_BOTH);
        return false;
    }
    bool is_array = layout_of(old) == LAYOUT_ARRAY;
    if (old->inner != new->inner || (is_array && old->count != new->count)) {
        myc__compat_set_types(compat, old, new);
        myc__compat_report(compat, MYC_COMPAT_ARRAY_LENGTH_CHANGED, MYC__COMPAT_BOTH);
        return false;
    }
    return true;
}

// The zeros of the frame that a field stands in, counted from the field.
static struct myc__compat_zeros shift(struct myc__compat_zeros zeros, uint32_t offset)
{
    struct myc__compat_zeros shifted = {0, 0};
    if (zeros.to > offset) {
        shifted.from = zeros.from > offset ? zeros.from - offset : 0;
        shifted.to = zeros.to - offset;
    }
    return shifted;
}

static void
enter_struct(struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    const struct myc_struct *old_struct = old->structure;
    const struct myc_struct *new_struct = new->structure;
    bool has_stride = layout_of(old) != LAYOUT_ONE && (old->count > 1 || new->count > 1);
    if (has_stride && old_struct->size != new_struct->size) {
        // All elements but the first lie elsewhere.
        bool has_grown = new_struct->size > old_struct->size;
        myc__compat_set_numbers(compat, old_struct->size, new_struct->size);
        myc__compat_report(
            compat,
            has_grown ? MYC_COMPAT_STRUCT_GREW : MYC_COMPAT_STRUCT_SHRANK,
            MYC__COMPAT_BOTH);
    }
    if (old_struct == new_struct) {
        return;
    }
    const struct myc__compat_frame *around = &compat->frames[compat->depth - 1];
    struct myc__compat_frame *frame = myc__compat_enter(compat);
    if (frame != NULL) {
        if (layout_of(old) == LAYOUT_ONE) {
            frame->zeros_of_old = shift(around->zeros_of_old, old->offset);
            frame->zeros_of_new = shift(around->zeros_of_new, new->offset);
        }
        frame->old_fields = old_struct->fields;
        frame->old_count = old_struct->field_count;
        frame->new_fields = new_struct->fields;
        frame->new_count = new_struct->field_count;
    }
}

static void
enter_union(struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    uint32_t old_size = old->choice->size;
    uint32_t new_size = new->choice->size;
    if (old_size != new_size) {
        // The reader looks at all of its storage: what no variant uses must be zero.
        bool has_grown = new_size > old_size;
        myc__compat_set_numbers(compat, old_size, new_size);
        myc__compat_report(
            compat,
            has_grown ? MYC_COMPAT_UNION_GREW : MYC_COMPAT_UNION_SHRANK,
            has_grown ? MYC__COMPAT_NRO : MYC__COMPAT_ORN);
    }
    if (old->choice == new->choice) {
        return;
    }
    struct myc__compat_frame *frame = myc__compat_enter(compat);
    if (frame != NULL) {
        frame->old_union = old->choice;
        frame->old_count = old->choice->variant_count;
        frame->new_union = new->choice;
        frame->new_count = new->choice->variant_count;
    }
}

void myc__compat_field(
    struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    if (!compare_shapes(compat, old, new)) {
        return;
    }
    // What stands before it moved it, and was told already.
    if (!is_same_place(old, new) && compat->broken != MYC__COMPAT_BOTH) {
        myc__compat_set_numbers(compat, old->offset, new->offset);
        myc__compat_report(compat, MYC_COMPAT_FIELD_MOVED, MYC__COMPAT_BOTH);
    }
    myc__compat_values(compat, old, new);
    if (layout_of(old) == LAYOUT_COUNTED || layout_of(old) == LAYOUT_TAIL) {
        myc__compat_lengths(compat, old, new);
    }
    if (old->kind != new->kind) {
        return;
    }
    if (old->kind == MYC_KIND_STRUCT) {
        enter_struct(compat, old, new);
    } else if (old->kind == MYC_KIND_UNION) {
        enter_union(compat, old, new);
    }
}
