// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The quick look at bytes from outside: every rule of a message folded into one number with hardly
// a branch. 0 means that nothing is wrong; anything else that it is worth the exact look, which
// may still find nothing: text outside ASCII and ranges of wide numbers are left to it.
#include "tool/gen/emit.h"

#include <string.h>

enum { RULE_FLAGS = MYC_FIELD_FINITE | MYC_FIELD_NONZERO };

static bool is_float(const struct myc_field *field)
{
    return field->kind == MYC_KIND_F32 || field->kind == MYC_KIND_F64;
}

static bool is_wide(const struct myc_field *field)
{
    return field->kind >= MYC_KIND_U128 && field->kind <= MYC_KIND_I256;
}

// ---- Whether there is anything to check ----

// Whether an element can be wrong.
static bool element_needs_check(const struct myc_field *field)
{
    // What is in a struct is for its own check to say, which compilers see through.
    if (field->kind == MYC_KIND_BOOL || field->kind == MYC_KIND_UNION
        || field->kind == MYC_KIND_STRUCT) {
        return true;
    }
    if (field->kind == MYC_KIND_ENUM) {
        return field->enumeration->is_open == 0;
    }
    return field->min != NULL || field->max != NULL || (field->flags & RULE_FLAGS) != 0;
}

bool gen_needs_check(const struct myc_field *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bool is_fixed = fields[i].shape == MYC_SHAPE_ONE || fields[i].shape == MYC_SHAPE_ARRAY;
        if (!is_fixed || (fields[i].flags & MYC_FIELD_OPTIONAL) != 0
            || element_needs_check(&fields[i])) {
            return true;
        }
    }
    return false;
}

// ---- Elements ----

// Integers of at most 64 bits against their bounds. A bound that is the type's own is not written:
// compilers warn about comparisons that are always true.
static void
emit_integer_bounds(struct gen_writer *writer, const struct myc_field *field, const char *x)
{
    static const struct {
        uint64_t min;
        uint64_t max;
        bool is_signed;
    } limits[] = {
        [MYC_KIND_U8] = {0, UINT8_MAX, false},
        [MYC_KIND_U16] = {0, UINT16_MAX, false},
        [MYC_KIND_U32] = {0, UINT32_MAX, false},
        [MYC_KIND_U64] = {0, UINT64_MAX, false},
        [MYC_KIND_I8] = {(uint64_t)INT8_MIN, INT8_MAX, true},
        [MYC_KIND_I16] = {(uint64_t)INT16_MIN, INT16_MAX, true},
        [MYC_KIND_I32] = {(uint64_t)INT32_MIN, INT32_MAX, true},
        [MYC_KIND_I64] = {(uint64_t)INT64_MIN, INT64_MAX, true},
    };
    if (field->kind > MYC_KIND_I64) {
        return;
    }
    const struct myc_number *const bounds[] = {field->min, field->max};
    uint64_t own[] = {limits[field->kind].min, limits[field->kind].max};
    for (size_t i = 0; i < 2; i++) {
        if (bounds[i] == NULL || bounds[i]->limb[0] == own[i]) {
            continue;
        }
        uint64_t bound = bounds[i]->limb[0];
        const char *text = gen_format(writer, "UINT64_C(%llu)", (unsigned long long)bound);
        if (limits[field->kind].is_signed && bound == (uint64_t)INT64_MIN) {
            text = "INT64_MIN";
        } else if (limits[field->kind].is_signed) {
            text = gen_format(writer, "INT64_C(%lld)", (long long)bound);
        }
        gen_line(writer, "%sodd |= %s %c %s;", writer->values['I'], x, i == 0 ? '<' : '>', text);
    }
}

// What is no number, or infinite, takes the exact look whatever its bounds are: compilers that are
// told -ffast-math think that comparisons need not mind it.
static void
emit_float_bounds(struct gen_writer *writer, const struct myc_field *field, const char *x)
{
    const struct myc_number *const bounds[] = {field->min, field->max};
    for (size_t i = 0; i < 2; i++) {
        if (bounds[i] != NULL) {
            double bound = 0;
            memcpy(&bound, &bounds[i]->limb[0], sizeof(bound));
            gen_line(
                writer,
                "%sodd |= !((double)%s %s %.17g);",
                writer->values['I'],
                x,
                i == 0 ? ">=" : "<=",
                bound);
        }
    }
    if ((field->flags & MYC_FIELD_FINITE) != 0 || field->min != NULL || field->max != NULL) {
        const char *kind = field->kind == MYC_KIND_F32 ? "f32" : "f64";
        gen_line(writer, "%sodd |= myc_odd_%s(%s);", writer->values['I'], kind, x);
    }
}

static bool is_run(const struct myc_enum *type)
{
    uint32_t count = type->value_count;
    return count > 0 && type->values[count - 1].value - type->values[0].value == count - 1;
}

static void
emit_enum_check(struct gen_writer *writer, const struct myc_field *field, const char *raw)
{
    const struct myc_enum *type = field->enumeration;
    const char *indent = writer->values['I'];
    if (type->is_open != 0 || type->value_count == 0) {
        return;
    }
    uint32_t first = type->values[0].value;
    if (!is_run(type)) {
        const char *name = writer->values['E'];
        gen_line(
            writer, "%sodd |= %s_name((enum %s)myc_le_u32(%s)) == NULL;", indent, name, name, raw);
    } else if (first == 0) {
        gen_line(writer, "%sodd |= myc_le_u32(%s) > %uU;", indent, raw, type->value_count - 1);
    } else {
        gen_line(
            writer,
            "%sodd |= myc_le_u32(%s) - %uU > %uU;",
            indent,
            raw,
            first,
            type->value_count - 1);
    }
}

// One element that `raw` names; $I is the indent.
static void emit_element(
    struct gen_writer *writer,
    const struct gen_holder *holder,
    const struct myc_field *field,
    const char *raw)
{
    const char *indent = writer->values['I'];
    const char *x = gen_format(writer, "%s%s%s", writer->values['L'], raw, writer->values['R']);
    if (field->kind == MYC_KIND_BOOL) {
        gen_line(writer, "%sodd |= %s > 1;", indent, raw);
    } else if (field->kind == MYC_KIND_ENUM) {
        gen_set(writer, 'E', gen_type_name(writer, holder->unit, field->enumeration->name));
        emit_enum_check(writer, field, raw);
    } else if (field->kind == MYC_KIND_STRUCT) {
        gen_line(writer, "%sodd |= %s_suspect(&%s);", indent, writer->values['S'], raw);
    } else if (is_float(field)) {
        emit_float_bounds(writer, field, x);
    } else if (is_wide(field) && (field->min != NULL || field->max != NULL)) {
        gen_line(writer, "%sodd |= 1; // its range is for the exact look", indent);
    } else {
        emit_integer_bounds(writer, field, x);
    }
    if ((field->flags & MYC_FIELD_NONZERO) == 0 || gen_is_bytes(field)) {
        return;
    }
    if (is_float(field)) {
        gen_line(writer, "%sodd |= !(%s < 0 || %s > 0);", indent, x, x);
    } else {
        gen_line(writer, "%sodd |= myc_any_byte(&%s, sizeof(%s)) == 0;", indent, raw, raw);
    }
}

// ---- Fields ----

// Elements `0` to `end` of an array or vector.
static void emit_elements(
    struct gen_writer *writer,
    const struct gen_holder *holder,
    const struct myc_field *field,
    const char *end)
{
    const char *indent = writer->values['I'];
    if (!element_needs_check(field)) {
        return;
    }
    // Of bytes only the whole can be required not to be zero.
    if (!gen_is_bytes(field) || field->min != NULL || field->max != NULL) {
        gen_line(writer, "%sfor (uint32_t i = 0; i < %s; i++) {", indent, end);
        gen_set(writer, 'I', gen_format(writer, "%s    ", indent));
        emit_element(
            writer,
            holder,
            field,
            gen_format(writer, "%s->%s[i]", writer->values['m'], field->name));
        gen_set(writer, 'I', indent);
        gen_line(writer, "%s}", indent);
    }
}

static void emit_text_rules(struct gen_writer *writer, const struct myc_field *field)
{
    if (field->shape == MYC_SHAPE_STRING || field->shape == MYC_SHAPE_TAIL_STRING) {
        gen_set(
            writer,
            'e',
            (field->flags & MYC_FIELD_ASCII) != 0 ? "myc_any_unprintable" : "myc_any_high_byte");
    }
}

static void emit_lengths(struct gen_writer *writer, const struct myc_field *field, const char *x)
{
    const char *indent = writer->values['I'];
    if (field->length_min > 0) {
        gen_line(writer, "%sodd |= %s < %uU;", indent, x, field->length_min);
    }
    bool is_tail = gen_is_tail(field);
    if (field->length_max != 0 && field->length_max < UINT32_MAX
        && (is_tail || field->length_max < field->count)) {
        gen_line(writer, "%sodd |= %s > %uU;", indent, x, field->length_max);
    }
}

static void emit_vector(
    struct gen_writer *writer, const struct gen_holder *holder, const struct myc_field *field)
{
    const char *indent = writer->values['I'];
    gen_set(writer, 'o', gen_format(writer, "%u", gen_element_size(field)));
    gen_put(
        writer,
        "$I{\n"
        "$I    uint32_t count = myc_le_u32($m->$f_count);\n"
        "$I    odd |= count > $n;\n"
        "$I    count = count < $n ? count : $n;\n");
    gen_set(writer, 'I', gen_format(writer, "%s    ", indent));
    emit_lengths(writer, field, "count");
    gen_put(
        writer,
        gen_element_size(field) == 1
            ? "$Iodd |= myc_any_byte((const uint8_t *)$m->$f + count, $n - count);\n"
            : "$Iodd |= myc_any_byte((const uint8_t *)$m->$f + (size_t)count * $o, (size_t)($n - "
              "count) * $o);\n");
    if (field->shape == MYC_SHAPE_STRING) {
        emit_text_rules(writer, field);
        gen_put(writer, "$Iodd |= $e($m->$f, count);\n");
    } else {
        emit_elements(writer, holder, field, "count");
    }
    gen_set(writer, 'I', indent);
    gen_put(writer, "$I}\n");
}

static void emit_tail(struct gen_writer *writer, const struct myc_field *field)
{
    gen_put(
        writer,
        "    {\n"
        "        uint32_t length = 0;\n"
        "        const uint8_t *bytes = myc_tail_bytes(message, (uint32_t)size, $C_SIZE, "
        "message->$f, &length);\n"
        "        odd |= bytes == NULL;\n");
    gen_set(writer, 'I', "        ");
    emit_lengths(writer, field, "length");
    if (field->shape == MYC_SHAPE_TAIL_STRING) {
        emit_text_rules(writer, field);
        gen_put(writer, "        odd |= $e(bytes, length);\n");
    } else if (
        (field->flags & (MYC_FIELD_NONZERO)) != 0 || field->min != NULL || field->max != NULL) {
        gen_put(writer, "        odd |= 1; // its bytes are for the exact look\n");
    }
    gen_set(writer, 'I', "    ");
    gen_put(writer, "    }\n");
}

static void emit_present(
    struct gen_writer *writer, const struct gen_holder *holder, const struct myc_field *field)
{
    if (field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING) {
        emit_vector(writer, holder, field);
    } else if (field->shape == MYC_SHAPE_ARRAY) {
        if (gen_is_bytes(field) && (field->flags & MYC_FIELD_NONZERO) != 0) {
            gen_put(writer, "$Iodd |= myc_any_byte($m->$f, $n) == 0;\n");
        }
        emit_elements(writer, holder, field, writer->values['n']);
    } else if (field->kind == MYC_KIND_UNION) {
        gen_put(
            writer,
            field->size > 0 ? "$Iodd |= $S_suspect($m->$f_tag, &$m->$f);\n"
                            : "$Iodd |= $S_suspect($m->$f_tag);\n");
    } else {
        emit_element(
            writer, holder, field, gen_format(writer, "%s->%s", writer->values['m'], field->name));
    }
}

// Whether the check of a value that is all zero finds nothing, so that absent ones need no branch.
static bool accepts_zero(const struct myc_field *field)
{
    return field->shape == MYC_SHAPE_ONE
           && (field->kind == MYC_KIND_BOOL || !element_needs_check(field));
}

static void emit_field(
    struct gen_writer *writer, const struct gen_holder *holder, const struct myc_field *field)
{
    gen_set_field(writer, holder->unit, field);
    gen_set(writer, 'I', "    ");
    if (gen_is_tail(field)) {
        emit_tail(writer, field);
        return;
    }
    if (!writer->is_optional) {
        emit_present(writer, holder, field);
        return;
    }
    bool has_counter = field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING;
    gen_put(writer, "    odd |= myc_odd_presence($m->has_$f, &$m->$f, sizeof($m->$f));\n");
    if (has_counter) {
        gen_put(writer, "    odd |= $m->has_$f == 0 && $m->$f_count != 0;\n");
    }
    bool needs_check = has_counter || element_needs_check(field);
    if (accepts_zero(field)) {
        emit_present(writer, holder, field);
    } else if (needs_check) {
        gen_put(writer, "    if ($m->has_$f != 0) {\n");
        gen_set(writer, 'I', "        ");
        emit_present(writer, holder, field);
        gen_put(writer, "    }\n");
    }
}

// Marks and bools of a message that is not large: some loads, and nothing that C++ sees otherwise.
bool gen_is_inline_check(const struct gen_holder *holder)
{
    enum { INLINE_BYTES_MAX = 512 };
    if (holder->message == NULL || holder->message->size > INLINE_BYTES_MAX
        || !gen_needs_check(holder->fields, holder->field_count)) {
        return false;
    }
    for (uint32_t i = 0; i < holder->field_count; i++) {
        const struct myc_field *field = &holder->fields[i];
        bool is_bool = field->kind == MYC_KIND_BOOL && field->shape == MYC_SHAPE_ONE;
        bool is_fixed = field->shape == MYC_SHAPE_ONE || field->shape == MYC_SHAPE_ARRAY;
        if (!is_fixed || (!is_bool && element_needs_check(field))) {
            return false;
        }
    }
    return true;
}

void gen_emit_check(struct gen_writer *writer, const struct gen_holder *holder)
{
    bool needs_check = gen_needs_check(holder->fields, holder->field_count);
    if (!needs_check && holder->message != NULL) {
        return;
    }
    bool has_tail = holder->message != NULL && gen_first_tail(holder->message) != NULL;
    bool is_inline = gen_is_inline_check(holder);
    gen_put(
        writer,
        is_inline ? "/** Not 0 if it is worth the exact look that $T_type.validate() takes. */\n"
                  : "// Not 0 if it is worth the exact look.\n");
    const char *head = "static uint64_t $T_suspect(const struct $T *$m)\n";
    if (is_inline) {
        head = "static inline uint64_t $T_suspect(const struct $T *$m)\n";
    } else if (has_tail) {
        head = "static uint64_t $T_suspect(const struct $T *message, size_t size)\n";
    }
    gen_put(writer, head);
    if (!needs_check) {
        gen_put(writer, "{\n    (void)$m; // every bit pattern is valid\n    return 0;\n}\n\n");
        return;
    }
    gen_put(writer, "{\n    uint64_t odd = 0;\n");
    for (uint32_t i = 0; i < holder->field_count; i++) {
        emit_field(writer, holder, &holder->fields[i]);
    }
    gen_put(writer, "    return odd;\n}\n\n");
}

void gen_emit_union_check(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index)
{
    const struct myc_union *choice = unit->file->unions[index];
    gen_set(writer, 'S', gen_type_name(writer, unit, choice->name));
    gen_set(writer, 'U', gen_constant_name(writer, unit, choice->name));
    gen_put(writer, "// Not 0 if it is worth the exact look.\n");
    gen_put(
        writer,
        choice->size > 0 ? "static uint64_t $S_suspect(uint32_t tag, const union $S *choice)\n"
                         : "static uint64_t $S_suspect(uint32_t tag)\n");
    gen_put(
        writer,
        choice->size > 0 ? "{\n    (void)choice; // some unions accept all bytes of a variant\n"
                         : "{\n");
    gen_put(writer, "    switch (myc_le_u32(tag)) {\n");
    for (uint32_t i = 0; i < choice->variant_count; i++) {
        const struct myc_variant *variant = &choice->variants[i];
        const struct myc_struct *structure = variant->structure;
        uint32_t used = structure != NULL ? structure->size : 0;
        gen_set(writer, 'v', variant->name);
        gen_set(writer, 'V', gen_capitals(writer, variant->name));
        gen_set(writer, 'o', gen_format(writer, "%u", used));
        gen_set(writer, 'n', gen_format(writer, "%u", choice->size - used));
        const char *inner = "0";
        if (structure != NULL) {
            inner = gen_format(
                writer,
                "%s_suspect(&choice->%s)",
                gen_type_name(writer, unit, structure->name),
                variant->name);
        }
        gen_set(writer, 'E', inner);
        gen_put(
            writer,
            choice->size > used
                ? "    case $U_$V:\n"
                  "        return $E | myc_any_byte((const uint8_t *)choice + $o, $n);\n"
                : "    case $U_$V:\n"
                  "        return $E;\n");
    }
    gen_put(writer, "    default:\n        return 1;\n    }\n}\n\n");
}
