// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What types and fields of a contract are called in C.
#include "tool/gen/names.h"

const char *gen_snake(struct gen_writer *writer, const char *name)
{
    char snake[GEN_NAME_BYTES];
    gen_snake_name(name, snake);
    return gen_format(writer, "%s", snake);
}

const char *gen_capitals(struct gen_writer *writer, const char *name)
{
    char *capitals = gen_format(writer, "%s", name);
    for (size_t i = 0; capitals[i] != '\0'; i++) {
        if (capitals[i] >= 'a' && capitals[i] <= 'z') {
            capitals[i] = (char)(capitals[i] - 'a' + 'A');
        }
    }
    return capitals;
}

const char *gen_type_name(struct gen_writer *writer, const struct gen_unit *unit, const char *name)
{
    return gen_format(writer, "%s_%s", unit->prefix, gen_snake(writer, name));
}

const char *
gen_constant_name(struct gen_writer *writer, const struct gen_unit *unit, const char *name)
{
    return gen_capitals(writer, gen_type_name(writer, unit, name));
}

// ---- Fields ----

struct kind_info {
    const char *spelling;
    const char *c_type;
    uint32_t size;
};

static const struct kind_info kinds[] = {
#define KIND_INFO(name, spelling, c_type, size, alignment) {spelling, c_type, size},
    MYC_KIND_LIST(KIND_INFO)
#undef KIND_INFO
};

bool gen_is_bytes(const struct myc_field *field)
{
    return field->kind == MYC_KIND_U8 && field->inner == 0 && field->shape != MYC_SHAPE_ONE;
}

bool gen_is_tail(const struct myc_field *field)
{
    return field->shape == MYC_SHAPE_TAIL_BYTES || field->shape == MYC_SHAPE_TAIL_STRING;
}

const struct myc_field *gen_first_tail(const struct myc_message_type *type)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (gen_is_tail(&type->fields[i])) {
            return &type->fields[i];
        }
    }
    return NULL;
}

uint32_t gen_element_size(const struct myc_field *field)
{
    if (field->inner != 0) {
        return field->inner;
    }
    if (field->kind == MYC_KIND_STRUCT) {
        return field->structure->size;
    }
    return field->kind == MYC_KIND_UNION ? field->choice->size : kinds[field->kind].size;
}

// How values of a kind move between memory and accessors.
static void set_conversion(struct gen_writer *writer, const struct myc_field *field)
{
    const char *spelling = kinds[field->kind].spelling;
    const char *load = "";
    const char *load_end = "";
    const char *store = "";
    const char *store_end = "";
    if (field->kind == MYC_KIND_BOOL) {
        load_end = " != 0";
        store = "(uint8_t)";
    } else if (field->kind == MYC_KIND_ENUM) {
        load = gen_format(writer, "(%s)myc_le_u32(", writer->values['a']);
        load_end = ")";
        store = "myc_le_u32((uint32_t)";
        store_end = ")";
    } else if (gen_element_size(field) > 1 && field->kind != MYC_KIND_STRUCT) {
        load = gen_format(writer, "myc_le_%s(", spelling);
        load_end = ")";
        store = load;
        store_end = ")";
    }
    gen_set(writer, 'L', load);
    gen_set(writer, 'R', load_end);
    gen_set(writer, 'W', store);
    gen_set(writer, 'Q', store_end);
}

void gen_set_field(
    struct gen_writer *writer, const struct gen_unit *unit, const struct myc_field *field)
{
    const char *memory = kinds[field->kind].c_type;
    const char *access = memory;
    const char *zero = "0";
    if (field->kind == MYC_KIND_BOOL) {
        access = "bool";
        zero = "false";
    } else if (field->kind == MYC_KIND_ENUM) {
        access =
            gen_format(writer, "enum %s", gen_type_name(writer, unit, field->enumeration->name));
        zero = gen_format(writer, "(%s)0", access);
    } else if (field->kind == MYC_KIND_STRUCT) {
        gen_set(writer, 'S', gen_type_name(writer, unit, field->structure->name));
        memory = gen_format(writer, "struct %s", writer->values['S']);
        access = memory;
    } else if (field->kind == MYC_KIND_UNION) {
        gen_set(writer, 'S', gen_type_name(writer, unit, field->choice->name));
        gen_set(writer, 'U', gen_constant_name(writer, unit, field->choice->name));
        memory = gen_format(writer, "union %s", writer->values['S']);
        access = memory;
    } else if (field->kind >= MYC_KIND_U128 && field->kind <= MYC_KIND_I256) {
        zero = "{{0}}";
    }
    if (field->shape == MYC_SHAPE_STRING) {
        memory = "char";
    }
    gen_set(writer, 'f', field->name);
    gen_set(writer, 'a', access);
    gen_set(writer, 's', memory);
    gen_set(writer, 'z', zero);
    gen_set(writer, 'n', gen_format(writer, "%u", field->count));
    gen_set(writer, 'i', gen_format(writer, "%u", field->inner));
    writer->is_optional = (field->flags & MYC_FIELD_OPTIONAL) != 0;
    set_conversion(writer, field);
}
