// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Comparison by bytes, each run of fields without a gap in one go. Where unused storage is zero, as
// valid messages have it, comparing all of it compares what is used.
#include "tool/gen/emit.h"

// Fields whose bytes are all theirs: no padding inside.
static bool is_solid(const struct myc_field *field)
{
    return field->kind != MYC_KIND_STRUCT && field->kind != MYC_KIND_UNION && !gen_is_tail(field);
}

struct bytes_run {
    uint32_t start;
    uint32_t end; /* 0: nothing yet */
};

static void flush_run(struct gen_writer *writer, struct bytes_run *bytes)
{
    if (bytes->end > bytes->start) {
        gen_line(
            writer,
            "    if (memcmp(first + %u, second + %u, %u) != 0) {",
            bytes->start,
            bytes->start,
            bytes->end - bytes->start);
        gen_line(writer, "        return false;\n    }");
    }
    *bytes = (struct bytes_run){0};
}

static void
add_run(struct gen_writer *writer, struct bytes_run *bytes, uint32_t offset, uint32_t size)
{
    if (bytes->end != offset || bytes->end == 0) {
        flush_run(writer, bytes);
        bytes->start = offset;
    }
    bytes->end = offset + size;
}

static void emit_part(struct gen_writer *writer, const struct myc_field *field)
{
    if (gen_is_tail(field)) {
        gen_put(writer, "    if (a->$f.size != b->$f.size) {\n        return false;\n    }\n");
    } else if (field->kind == MYC_KIND_UNION && field->size > 0) {
        gen_put(
            writer,
            "    if (!$S_equals(a->$f_tag, &a->$f, &b->$f)) {\n        return false;\n    }\n");
    } else if (field->kind == MYC_KIND_STRUCT && field->shape == MYC_SHAPE_ONE) {
        gen_put(writer, "    if (!$S_equals(&a->$f, &b->$f)) {\n        return false;\n    }\n");
    } else if (field->kind == MYC_KIND_STRUCT) {
        gen_put(
            writer,
            "    for (size_t i = 0; i < $n; i++) {\n"
            "        if (!$S_equals(&a->$f[i], &b->$f[i])) {\n"
            "            return false;\n"
            "        }\n"
            "    }\n");
    }
}

// Whether comparing needs the bytes as such.
static bool has_runs(const struct gen_holder *holder)
{
    for (uint32_t i = 0; i < holder->field_count; i++) {
        const struct myc_field *field = &holder->fields[i];
        if (is_solid(field) || (field->flags & MYC_FIELD_OPTIONAL) != 0
            || field->kind == MYC_KIND_UNION || field->shape == MYC_SHAPE_VECTOR) {
            return true;
        }
    }
    return false;
}

void gen_emit_equals(struct gen_writer *writer, const struct gen_holder *holder)
{
    struct bytes_run bytes = {0};
    gen_put(writer, "bool $T_equals(const struct $T *a, const struct $T *b)\n{\n");
    if (has_runs(holder)) {
        gen_put(
            writer,
            "    const uint8_t *first = (const uint8_t *)a;\n"
            "    const uint8_t *second = (const uint8_t *)b;\n");
    } else if (holder->field_count == 0) {
        gen_put(writer, "    (void)a; // there is nothing to differ in\n    (void)b;\n");
    }
    for (uint32_t i = 0; i < holder->field_count; i++) {
        const struct myc_field *field = &holder->fields[i];
        gen_set_field(writer, holder->unit, field);
        if (writer->is_optional) {
            add_run(writer, &bytes, field->presence, 1);
        }
        if (field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING
            || field->kind == MYC_KIND_UNION) {
            add_run(writer, &bytes, field->counter, 4);
        }
        if (is_solid(field)) {
            add_run(writer, &bytes, field->offset, field->size);
        } else {
            flush_run(writer, &bytes);
            emit_part(writer, field);
        }
    }
    flush_run(writer, &bytes);
    gen_put(writer, "    return true;\n}\n\n");
}

void gen_emit_union_equals(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index)
{
    const struct myc_union *choice = unit->file->unions[index];
    if (choice->size == 0) {
        return;
    }
    gen_set(writer, 'S', gen_type_name(writer, unit, choice->name));
    gen_set(writer, 'U', gen_constant_name(writer, unit, choice->name));
    gen_put(
        writer,
        "bool $S_equals(uint32_t tag, const union $S *a, const union $S *b)\n"
        "{\n"
        "    switch (myc_le_u32(tag)) {\n");
    for (uint32_t i = 0; i < choice->variant_count; i++) {
        const struct myc_variant *variant = &choice->variants[i];
        if (variant->structure != NULL) {
            gen_set(writer, 'v', variant->name);
            gen_set(writer, 'V', gen_capitals(writer, variant->name));
            gen_set(writer, 'E', gen_type_name(writer, unit, variant->structure->name));
            gen_put(writer, "    case $U_$V:\n        return $E_equals(&a->$v, &b->$v);\n");
        }
    }
    gen_put(
        writer,
        "    default:\n"
        "        return memcmp(a, b, sizeof(*a)) == 0;\n"
        "    }\n"
        "}\n"
        "\n");
}
