// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Types of the generated header: enums, structs whose gaps are members, unions; and their layout
// asserted, so that a compiler that lays them out in another way refuses the header.
#include <stdlib.h>
#include <string.h>

#include "tool/gen/emit.h"

struct gen_holder gen_message_holder(const struct gen_unit *unit, uint32_t index)
{
    const struct myc_message_type *type = unit->file->contract.messages[index];
    return (struct gen_holder){
        .unit = unit,
        .name = type->name,
        .fields = type->fields,
        .field_count = type->field_count,
        .size = type->size,
        .notes = &unit->file->message_notes[index],
        .message = type};
}

struct gen_holder gen_struct_holder(const struct gen_unit *unit, uint32_t index)
{
    const struct myc_struct *structure = unit->file->structs[index];
    return (struct gen_holder){
        .unit = unit,
        .name = structure->name,
        .fields = structure->fields,
        .field_count = structure->field_count,
        .size = structure->size,
        .notes = &unit->file->struct_notes[index]};
}

void gen_set_holder(struct gen_writer *writer, const struct gen_holder *holder)
{
    gen_set(writer, 'T', gen_type_name(writer, holder->unit, holder->name));
    gen_set(writer, 'C', gen_constant_name(writer, holder->unit, holder->name));
    gen_set(writer, 'N', holder->name);
    gen_set(writer, 'm', holder->message != NULL ? "message" : "part");
}

// ---- Order ----

// Which types have been written, or are used, by their places in the contract.
struct marks {
    const struct contract_file *file;
    bool *structs;
    bool *unions;
};

static struct marks make_marks(const struct contract_file *file, bool value)
{
    struct marks marks = {
        .file = file,
        .structs = gen_allocate(file->struct_count, sizeof(bool)),
        .unions = gen_allocate(file->union_count, sizeof(bool))};
    memset(marks.structs, value, file->struct_count);
    memset(marks.unions, value, file->union_count);
    return marks;
}

static void free_marks(struct marks *marks)
{
    free(marks->structs);
    free(marks->unions);
}

// The mark of a struct or a union.
static bool *mark_of(
    const struct marks *marks, const struct myc_struct *structure, const struct myc_union *choice)
{
    const struct contract_file *file = marks->file;
    for (uint32_t i = 0; structure != NULL && i < file->struct_count; i++) {
        if (file->structs[i] == structure) {
            return &marks->structs[i];
        }
    }
    for (uint32_t i = 0; choice != NULL && i < file->union_count; i++) {
        if (file->unions[i] == choice) {
            return &marks->unions[i];
        }
    }
    return NULL;
}

// Whether all types that fields have are marked; with `is_marking` they are from now on.
static bool
look_at_fields(struct marks *marks, const struct myc_field *fields, uint32_t count, bool is_marking)
{
    bool is_all = true;
    for (uint32_t i = 0; i < count; i++) {
        bool *mark = mark_of(
            marks,
            fields[i].kind == MYC_KIND_STRUCT ? fields[i].structure : NULL,
            fields[i].kind == MYC_KIND_UNION ? fields[i].choice : NULL);
        if (mark != NULL && !*mark) {
            is_all = false;
            *mark = is_marking;
        }
    }
    return is_all;
}

static bool look_at_variants(struct marks *marks, const struct myc_union *choice, bool is_marking)
{
    bool is_all = true;
    for (uint32_t i = 0; i < choice->variant_count; i++) {
        bool *mark = mark_of(marks, choice->variants[i].structure, NULL);
        if (mark != NULL && !*mark) {
            is_all = false;
            *mark = is_marking;
        }
    }
    return is_all;
}

// What messages use, directly and through other types; types nest a few deep.
static struct marks find_used(const struct contract_file *file)
{
    struct marks used = make_marks(file, false);
    bool is_done = false;
    for (uint32_t i = 0; i < file->contract.message_count; i++) {
        const struct myc_message_type *type = file->contract.messages[i];
        (void)look_at_fields(&used, type->fields, type->field_count, true);
    }
    while (!is_done) {
        is_done = true;
        for (uint32_t i = 0; i < file->struct_count; i++) {
            const struct myc_struct *structure = file->structs[i];
            is_done = (!used.structs[i]
                       || look_at_fields(&used, structure->fields, structure->field_count, true))
                      && is_done;
        }
        for (uint32_t i = 0; i < file->union_count; i++) {
            is_done =
                (!used.unions[i] || look_at_variants(&used, file->unions[i], true)) && is_done;
        }
    }
    return used;
}

void gen_each_type(
    struct gen_writer *writer,
    const struct gen_unit *unit,
    bool is_used_only,
    gen_type_fn *on_struct,
    gen_type_fn *on_union)
{
    const struct contract_file *file = unit->file;
    struct marks wanted = is_used_only ? find_used(file) : make_marks(file, true);
    struct marks written = make_marks(file, false);
    bool is_done = false;
    // Each round writes the types whose parts have been written, in the order of the file.
    while (!is_done) {
        is_done = true;
        for (uint32_t i = 0; i < file->struct_count; i++) {
            const struct myc_struct *structure = file->structs[i];
            if (wanted.structs[i] && !written.structs[i]
                && look_at_fields(&written, structure->fields, structure->field_count, false)) {
                written.structs[i] = true;
                is_done = false;
                on_struct(writer, unit, i);
            }
        }
        for (uint32_t i = 0; i < file->union_count; i++) {
            if (wanted.unions[i] && !written.unions[i]
                && look_at_variants(&written, file->unions[i], false)) {
                written.unions[i] = true;
                is_done = false;
                on_union(writer, unit, i);
            }
        }
    }
    free_marks(&wanted);
    free_marks(&written);
}

// ---- Members ----

static void emit_gap(struct gen_writer *writer, uint32_t *count, uint32_t offset, uint32_t end)
{
    if (end > offset) {
        gen_line(writer, "    uint8_t reserved_%u[%u];", *count, end - offset);
        (*count)++;
    }
}

static void emit_value(struct gen_writer *writer, const struct myc_field *field)
{
    switch ((enum myc_shape)field->shape) {
    case MYC_SHAPE_ONE:
        // A union whose variants are all empty is its tag alone.
        if (field->kind != MYC_KIND_UNION || field->size > 0) {
            gen_put(writer, "    $s $f;\n");
        }
        break;
    case MYC_SHAPE_ARRAY:
    case MYC_SHAPE_VECTOR:
        gen_put(writer, field->inner != 0 ? "    $s $f[$n][$i];\n" : "    $s $f[$n];\n");
        break;
    case MYC_SHAPE_STRING:
        gen_put(writer, "    $s $f[$n];\n");
        break;
    case MYC_SHAPE_TAIL_BYTES:
    case MYC_SHAPE_TAIL_STRING:
    case MYC_SHAPE_COUNT:
        gen_put(writer, "    struct myc_tail $f;\n");
        break;
    }
}

static bool has_counter(const struct myc_field *field)
{
    return field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING
           || field->kind == MYC_KIND_UNION;
}

static void emit_members(struct gen_writer *writer, const struct gen_holder *holder)
{
    uint32_t offset = 0;
    uint32_t gap_count = 0;
    for (uint32_t i = 0; i < holder->field_count; i++) {
        const struct myc_field *field = &holder->fields[i];
        gen_set_field(writer, holder->unit, field);
        if (holder->notes->members != NULL && holder->notes->members[i].description != NULL) {
            gen_comment(writer, 4, holder->notes->members[i].description);
        }
        if (writer->is_optional) {
            emit_gap(writer, &gap_count, offset, field->presence);
            gen_put(writer, "    uint8_t has_$f;\n");
            offset = field->presence + 1;
        }
        if (has_counter(field)) {
            emit_gap(writer, &gap_count, offset, field->counter);
            gen_put(
                writer,
                field->kind == MYC_KIND_UNION ? "    uint32_t $f_tag; /* enum $S_tag */\n"
                                              : "    uint32_t $f_count;\n");
            offset = field->counter + 4;
        }
        emit_gap(writer, &gap_count, offset, field->offset);
        emit_value(writer, field);
        offset = field->offset + field->size;
    }
    emit_gap(writer, &gap_count, offset, holder->size);
}

static void emit_offset(
    struct gen_writer *writer,
    const char *start,
    const char *name,
    const char *end,
    uint32_t offset)
{
    gen_line(
        writer,
        "static_assert(offsetof(struct %s, %s%s%s) == %u, \"offset of %s%s%s\");",
        writer->values['T'],
        start,
        name,
        end,
        offset,
        start,
        name,
        end);
}

static void emit_asserts(struct gen_writer *writer, const struct gen_holder *holder)
{
    gen_line(
        writer,
        "static_assert(sizeof(struct %s) == %u, \"size of %s\");",
        writer->values['T'],
        holder->size,
        holder->name);
    for (uint32_t i = 0; i < holder->field_count; i++) {
        const struct myc_field *field = &holder->fields[i];
        if ((field->flags & MYC_FIELD_OPTIONAL) != 0) {
            emit_offset(writer, "has_", field->name, "", field->presence);
        }
        if (has_counter(field)) {
            const char *end = field->kind == MYC_KIND_UNION ? "_tag" : "_count";
            emit_offset(writer, "", field->name, end, field->counter);
        }
        if (field->kind != MYC_KIND_UNION || field->size > 0) {
            emit_offset(writer, "", field->name, "", field->offset);
        }
    }
    fputc('\n', writer->out);
}

void gen_emit_struct(struct gen_writer *writer, const struct gen_holder *holder)
{
    if (holder->notes->self.description != NULL) {
        gen_comment(writer, 0, holder->notes->self.description);
    }
    gen_put(writer, "struct $T {\n");
    emit_members(writer, holder);
    gen_put(writer, "} __attribute__((aligned(8)));\n\n");
    emit_asserts(writer, holder);
}

// ---- Enums and unions ----

// C wants constants of enums to be ints; larger ones are macros.
static bool is_macro(uint32_t value)
{
    return value > INT32_MAX;
}

// Constants of an enum, one after the other.
struct constants {
    struct gen_writer *writer;
    const char *separator;
};

static void emit_constant(
    struct constants *constants, const char *name, uint32_t value, const char *description)
{
    struct gen_writer *writer = constants->writer;
    if (is_macro(value)) {
        return;
    }
    fputs(constants->separator, writer->out);
    if (description != NULL) {
        gen_comment(writer, 4, description);
    }
    fprintf(writer->out, "    %s_%s = %u", writer->values['C'], name, value);
    constants->separator = ",\n";
}

// An enum needs a constant even if all its values are too large for one.
static void end_constants(struct constants *constants)
{
    if (constants->separator[0] == '\0') {
        fprintf(constants->writer->out, "    %s_NONE_ = 0", constants->writer->values['C']);
    }
    fputs("\n};\n\n", constants->writer->out);
}

static bool
emit_macro(struct gen_writer *writer, const char *type, const char *name, uint32_t value)
{
    if (is_macro(value)) {
        const char *constant = writer->values['C'];
        gen_line(writer, "#define %s_%s ((enum %s)UINT32_C(%u))", constant, name, type, value);
    }
    return is_macro(value);
}

static const char *description_of(const struct contract_notes *notes, uint32_t index)
{
    return notes->members != NULL ? notes->members[index].description : NULL;
}

static void emit_enum(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index)
{
    const struct myc_enum *type = unit->file->enums[index];
    const struct contract_notes *notes = &unit->file->enum_notes[index];
    gen_set(writer, 'T', gen_type_name(writer, unit, type->name));
    gen_set(writer, 'C', gen_constant_name(writer, unit, type->name));
    gen_set(writer, 'N', type->name);
    if (notes->self.description != NULL) {
        gen_comment(writer, 0, notes->self.description);
    } else {
        gen_put(
            writer,
            type->is_open != 0 ? "/** Open: there may be values that no name stands for. */\n"
                               : "/** Closed: another value is not valid. */\n");
    }
    gen_put(writer, "enum $T MYC_ENUM_U32 {\n");
    struct constants constants = {writer, ""};
    for (uint32_t i = 0; i < type->value_count; i++) {
        const struct myc_enum_value *value = &type->values[i];
        emit_constant(&constants, value->name, value->value, description_of(notes, i));
    }
    end_constants(&constants);
    bool has_macro = false;
    for (uint32_t i = 0; i < type->value_count; i++) {
        const struct myc_enum_value *value = &type->values[i];
        has_macro = emit_macro(writer, writer->values['T'], value->name, value->value) || has_macro;
    }
    gen_put(writer, has_macro ? "\n" : "");
    gen_put(
        writer,
        "/** What the contract calls a value; NULL if it has no name. */\n"
        "const char *$T_name(enum $T value);\n"
        "\n"
        "/** Descriptor of $N. */\n"
        "extern const struct myc_enum $T_enum;\n"
        "\n");
}

static void emit_one_struct(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index)
{
    struct gen_holder holder = gen_struct_holder(unit, index);
    gen_set_holder(writer, &holder);
    gen_line(writer, "/* ---- struct %s ---- */\n", holder.name);
    gen_emit_struct(writer, &holder);
    gen_put(writer, "/** Descriptor of $N. */\nextern const struct myc_struct $T_struct;\n\n");
    gen_put(
        writer,
        "/** Sets defaults: what the contract says, else zero, padding as the wire wants it. */\n");
    gen_put(
        writer,
        unit->file->structs[index]->initial != NULL
            ? "void $T_init(struct $T *part);\n\n"
            : "static inline void $T_init(struct $T *part)\n"
              "{\n"
              "    memset((void *)part, 0, sizeof(*part));\n"
              "}\n"
              "\n");
    gen_put(
        writer,
        "/** Whether all fields are equal; padding does not count. */\n"
        "bool $T_equals(const struct $T *a, const struct $T *b);\n"
        "\n");
    gen_emit_accessors(writer, &holder);
}

static void emit_union_body(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index)
{
    const struct myc_union *choice = unit->file->unions[index];
    const struct contract_notes *notes = &unit->file->union_notes[index];
    if (notes->self.description != NULL) {
        gen_comment(writer, 0, notes->self.description);
    }
    gen_put(writer, "union $T {\n");
    for (uint32_t i = 0; i < choice->variant_count; i++) {
        const struct myc_variant *variant = &choice->variants[i];
        if (variant->structure != NULL) {
            gen_line(
                writer,
                "    struct %s %s;",
                gen_type_name(writer, unit, variant->structure->name),
                variant->name);
        }
    }
    gen_line(writer, "    uint64_t storage[%u];", choice->size / 8);
    gen_put(writer, "} __attribute__((aligned(8)));\n\n");
    gen_line(
        writer,
        "static_assert(sizeof(union %s) == %u, \"size of %s\");\n",
        writer->values['T'],
        choice->size,
        choice->name);
    gen_put(
        writer,
        "/** Whether two unions with that tag, as it lies in memory, are equal. */\n"
        "bool $T_equals(uint32_t tag, const union $T *a, const union $T *b);\n"
        "\n");
}

static void emit_one_union(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index)
{
    const struct myc_union *choice = unit->file->unions[index];
    const struct contract_notes *notes = &unit->file->union_notes[index];
    gen_set(writer, 'T', gen_type_name(writer, unit, choice->name));
    gen_set(writer, 'C', gen_constant_name(writer, unit, choice->name));
    gen_set(writer, 'N', choice->name);
    gen_line(writer, "/* ---- union %s ---- */\n", choice->name);
    gen_put(writer, "/** Which variant it is; 0 is none. */\nenum $T_tag MYC_ENUM_U32 {\n");
    struct constants constants = {writer, ""};
    for (uint32_t i = 0; i < choice->variant_count; i++) {
        const struct myc_variant *variant = &choice->variants[i];
        const char *name = gen_capitals(writer, variant->name);
        emit_constant(&constants, name, variant->tag, description_of(notes, i));
    }
    end_constants(&constants);
    bool has_macro = false;
    for (uint32_t i = 0; i < choice->variant_count; i++) {
        const struct myc_variant *variant = &choice->variants[i];
        const char *type = gen_format(writer, "%s_tag", writer->values['T']);
        const char *name = gen_capitals(writer, variant->name);
        has_macro = emit_macro(writer, type, name, variant->tag) || has_macro;
    }
    gen_put(writer, has_macro ? "\n" : "");
    gen_put(writer, "/** Descriptor of $N. */\nextern const struct myc_union $T_union;\n\n");
    if (choice->size > 0) {
        emit_union_body(writer, unit, index);
    }
}
void gen_emit_types(struct gen_writer *writer, const struct gen_unit *unit)
{
    for (uint32_t i = 0; i < unit->file->enum_count; i++) {
        if (i == 0) {
            gen_line(writer, "/* ---- enums ---- */\n");
        }
        emit_enum(writer, unit, i);
    }
    gen_each_type(writer, unit, false, emit_one_struct, emit_one_union);
}
