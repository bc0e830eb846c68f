// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Descriptors as constant tables: all that the library knows of a contract at run time.
#include "tool/gen/emit.h"

#include <string.h>

static const char *const kind_names[] = {
#define KIND_NAME(name, spelling, c_type, size, alignment) "MYC_KIND_" #name,
    MYC_KIND_LIST(KIND_NAME)
#undef KIND_NAME
};

static const char *const shape_names[] = {
    "MYC_SHAPE_ONE",
    "MYC_SHAPE_ARRAY",
    "MYC_SHAPE_VECTOR",
    "MYC_SHAPE_STRING",
    "MYC_SHAPE_TAIL_BYTES",
    "MYC_SHAPE_TAIL_STRING",
};

static const struct {
    uint16_t flag;
    const char *name;
} flag_names[] = {
    {MYC_FIELD_OPTIONAL, "MYC_FIELD_OPTIONAL"},
    {MYC_FIELD_DEFAULT, "MYC_FIELD_DEFAULT"},
    {MYC_FIELD_DEPRECATED, "MYC_FIELD_DEPRECATED"},
    {MYC_FIELD_FINITE, "MYC_FIELD_FINITE"},
    {MYC_FIELD_NONZERO, "MYC_FIELD_NONZERO"},
    {MYC_FIELD_ASCII, "MYC_FIELD_ASCII"},
    {MYC_FIELD_SECRET, "MYC_FIELD_SECRET"},
};

// ---- Bytes ----

// Only what is not zero; the compiler fills the rest.
static void emit_image(struct gen_writer *writer, const void *bytes, uint32_t size)
{
    const uint8_t *byte = bytes;
    uint32_t column = 0;
    fprintf(
        writer->out,
        "static const _Alignas(8) uint8_t %s_initial[%u] = {",
        writer->values['T'],
        size);
    for (uint32_t i = 0; i < size; i++) {
        if (byte[i] == 0) {
            continue;
        }
        fputs(column % 6 == 0 ? "\n    " : " ", writer->out);
        fprintf(writer->out, "[%u] = 0x%02x,", i, byte[i]);
        column++;
    }
    fputs("\n};\n\n", writer->out);
}

static void emit_digest(FILE *out, const uint8_t digest[MYC_DIGEST_BYTES])
{
    fputs("        {\n", out);
    for (size_t i = 0; i < MYC_DIGEST_BYTES; i++) {
        fprintf(
            out,
            "%s0x%02x,%s",
            i % 8 == 0 ? "            " : " ",
            digest[i],
            i % 8 == 7 ? "\n" : "");
    }
    fputs("        },\n", out);
}

// A text member, NULL if there is none.
static void
emit_text(struct gen_writer *writer, const char *indent, const char *name, const char *text)
{
    if (text != NULL) {
        fprintf(writer->out, "%s.%s = ", indent, name);
        gen_literal(writer->out, text, strlen(text));
        fputs(",\n", writer->out);
    }
}

// ---- Types ----

static void emit_enum(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index)
{
    const struct myc_enum *type = unit->file->enums[index];
    gen_set(writer, 'T', gen_type_name(writer, unit, type->name));
    if (type->value_count > 0) {
        gen_put(writer, "static const struct myc_enum_value $T_values[] = {\n");
        for (uint32_t i = 0; i < type->value_count; i++) {
            const struct myc_enum_value *value = &type->values[i];
            gen_line(
                writer, "    {\"%s\", %uU, %u},", value->name, value->value, value->is_deprecated);
        }
        gen_put(writer, "};\n\n");
    }
    gen_put(writer, "const struct myc_enum $T_enum = {\n");
    gen_line(writer, "    .name = \"%s\",", type->name);
    gen_line(writer, "    .is_open = %u,", type->is_open);
    gen_line(writer, "    .value_count = %u,", type->value_count);
    gen_put(writer, type->value_count > 0 ? "    .values = $T_values,\n};\n\n" : "};\n\n");
    gen_put(writer, "const char *$T_name(enum $T value)\n{\n    switch ((uint32_t)value) {\n");
    for (uint32_t i = 0; i < type->value_count; i++) {
        const struct myc_enum_value *value = &type->values[i];
        gen_line(writer, "    case %uU:", value->value);
        gen_line(writer, "        return \"%s\";", value->name);
    }
    gen_put(writer, "    default:\n        return NULL;\n    }\n}\n\n");
}

static void emit_limits(struct gen_writer *writer, const struct myc_field *field)
{
    const struct myc_number *const limits[] = {field->min, field->max};
    for (size_t i = 0; i < 2; i++) {
        if (limits[i] != NULL) {
            gen_line(
                writer,
                "static const struct myc_number %s_%s_%s = {",
                writer->values['T'],
                field->name,
                i == 0 ? "min" : "max");
            gen_line(
                writer,
                "    {0x%llx, 0x%llx, 0x%llx, 0x%llx}};\n",
                (unsigned long long)limits[i]->limb[0],
                (unsigned long long)limits[i]->limb[1],
                (unsigned long long)limits[i]->limb[2],
                (unsigned long long)limits[i]->limb[3]);
        }
    }
}

static void emit_flags(FILE *out, uint16_t flags)
{
    const char *separator = "";
    fputs("     .flags = ", out);
    for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++) {
        if ((flags & flag_names[i].flag) != 0) {
            fprintf(out, "%s%s", separator, flag_names[i].name);
            separator = " | ";
        }
    }
    fputs(",\n", out);
}

static void emit_field(
    struct gen_writer *writer, const struct gen_holder *holder, const struct myc_field *field)
{
    FILE *out = writer->out;
    fprintf(out, "    {.name = \"%s\",\n", field->name);
    fprintf(out, "     .kind = %s,\n", kind_names[field->kind]);
    fprintf(out, "     .shape = %s,\n", shape_names[field->shape]);
    if (field->flags != 0) {
        emit_flags(out, field->flags);
    }
    fprintf(out, "     .since = %u,\n", field->since);
    if (field->inner != 0) {
        fprintf(out, "     .inner = %u,\n", field->inner);
    }
    fprintf(out, "     .count = %u,\n", field->count);
    fprintf(out, "     .offset = %u,\n", field->offset);
    fprintf(out, "     .size = %u,\n", field->size);
    fprintf(out, "     .presence = %u,\n", field->presence);
    fprintf(out, "     .counter = %u,\n", field->counter);
    if (field->length_min != 0 || field->length_max != 0) {
        fprintf(out, "     .length_min = %u,\n", field->length_min);
        fprintf(out, "     .length_max = %uU,\n", field->length_max);
    }
    if (field->min != NULL) {
        gen_line(writer, "     .min = &%s_%s_min,", writer->values['T'], field->name);
    }
    if (field->max != NULL) {
        gen_line(writer, "     .max = &%s_%s_max,", writer->values['T'], field->name);
    }
    if (field->kind == MYC_KIND_ENUM) {
        const char *name = gen_type_name(writer, holder->unit, field->enumeration->name);
        gen_line(writer, "     .enumeration = &%s_enum,", name);
    } else if (field->kind == MYC_KIND_STRUCT) {
        const char *name = gen_type_name(writer, holder->unit, field->structure->name);
        gen_line(writer, "     .structure = &%s_struct,", name);
    } else if (field->kind == MYC_KIND_UNION) {
        const char *name = gen_type_name(writer, holder->unit, field->choice->name);
        gen_line(writer, "     .choice = &%s_union,", name);
    }
    fputs("    },\n", out);
}

static void emit_fields(struct gen_writer *writer, const struct gen_holder *holder)
{
    if (holder->field_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < holder->field_count; i++) {
        emit_limits(writer, &holder->fields[i]);
    }
    gen_put(writer, "static const struct myc_field $T_fields[] = {\n");
    for (uint32_t i = 0; i < holder->field_count; i++) {
        emit_field(writer, holder, &holder->fields[i]);
    }
    gen_put(writer, "};\n\n");
}

static void emit_struct(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index)
{
    struct gen_holder holder = gen_struct_holder(unit, index);
    const struct myc_struct *structure = unit->file->structs[index];
    gen_set_holder(writer, &holder);
    emit_fields(writer, &holder);
    if (structure->initial != NULL) {
        emit_image(writer, structure->initial, structure->size);
    }
    gen_put(writer, "const struct myc_struct $T_struct = {\n");
    gen_line(writer, "    .name = \"%s\",", structure->name);
    gen_line(writer, "    .size = %u,", structure->size);
    gen_line(writer, "    .field_count = %u,", structure->field_count);
    gen_put(writer, structure->field_count > 0 ? "    .fields = $T_fields,\n" : "");
    gen_put(writer, structure->initial != NULL ? "    .initial = $T_initial,\n" : "");
    gen_put(writer, "};\n\n");
    if (structure->initial != NULL) {
        gen_put(
            writer,
            "void $T_init(struct $T *part)\n"
            "{\n"
            "    memcpy(part, $T_initial, sizeof(*part));\n"
            "}\n"
            "\n");
    }
}

static void emit_union(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index)
{
    const struct myc_union *choice = unit->file->unions[index];
    gen_set(writer, 'T', gen_type_name(writer, unit, choice->name));
    gen_put(writer, "static const struct myc_variant $T_variants[] = {\n");
    for (uint32_t i = 0; i < choice->variant_count; i++) {
        const struct myc_variant *variant = &choice->variants[i];
        const char *structure = "NULL";
        if (variant->structure != NULL) {
            const char *name = gen_type_name(writer, unit, variant->structure->name);
            structure = gen_format(writer, "&%s_struct", name);
        }
        gen_line(
            writer,
            "    {\"%s\", %uU, %u, %s},",
            variant->name,
            variant->tag,
            variant->is_deprecated,
            structure);
    }
    gen_put(writer, "};\n\nconst struct myc_union $T_union = {\n");
    gen_line(writer, "    .name = \"%s\",", choice->name);
    gen_line(writer, "    .size = %u,", choice->size);
    gen_line(writer, "    .variant_count = %u,", choice->variant_count);
    gen_put(writer, "    .variants = $T_variants,\n};\n\n");
}

// ---- Messages ----

static void emit_policy(struct gen_writer *writer, const struct myc_message_policy *policy)
{
    FILE *out = writer->out;
    fputs("    .policy =\n        {\n", out);
    emit_text(writer, "            ", "domain", policy->domain);
    emit_text(writer, "            ", "sensitivity", policy->sensitivity);
    fprintf(out, "            .hides_payload = %u,\n", policy->hides_payload);
    fprintf(out, "            .priority = %u,\n", policy->priority);
    fprintf(
        out,
        "            .latency_slo_p99_ns = %lluU,\n",
        (unsigned long long)policy->latency_slo_p99_ns);
    fprintf(out, "            .error_rate_slo_ppm = %u,\n", policy->error_rate_slo_ppm);
    fprintf(out, "            .is_deprecated = %u,\n        },\n", policy->is_deprecated);
}

// What only some messages have, before the descriptor that points to it.
static void emit_message_parts(struct gen_writer *writer, const struct myc_message_type *type)
{
    if (type->initial != NULL) {
        emit_image(writer, type->initial, type->size);
    }
    if (type->extent_count > 0) {
        gen_put(writer, "static const struct myc_extent $T_extents[] = {\n");
        for (uint32_t i = 0; i < type->extent_count; i++) {
            gen_line(writer, "    {%u, 0, %u},", type->extents[i].version, type->extents[i].size);
        }
        gen_put(writer, "};\n\n");
    }
    if (type->prior_count > 0) {
        gen_put(writer, "static const uint16_t $T_priors[] = {\n");
        for (uint32_t i = 0; i < type->prior_count; i++) {
            gen_line(writer, "    %u,", type->priors[i]);
        }
        gen_put(writer, "};\n\n");
    }
}

void gen_emit_message_table(struct gen_writer *writer, const struct gen_holder *holder)
{
    const struct myc_message_type *type = holder->message;
    gen_set_holder(writer, holder);
    emit_fields(writer, holder);
    emit_message_parts(writer, type);
    gen_put(
        writer,
        "const struct myc_message_type $T_type = {\n"
        "    .id = $C_TYPE_ID,\n"
        "    .version = $C_VERSION,\n"
        "    .size = $C_SIZE,\n"
        "    .name = $C_TYPE_NAME,\n"
        "    .topic = $C_TOPIC,\n"
        "    .validate = $T_validate_payload,\n");
    gen_line(writer, "    .field_count = %u,", type->field_count);
    gen_line(writer, "    .extent_count = %u,", type->extent_count);
    gen_put(writer, type->field_count > 0 ? "    .fields = $T_fields,\n" : "");
    gen_put(writer, type->initial != NULL ? "    .initial = $T_initial,\n" : "");
    gen_put(writer, type->extent_count > 0 ? "    .extents = $T_extents,\n" : "");
    gen_line(writer, "    .prior_count = %u,", type->prior_count);
    gen_line(writer, "    .has_tail = %u,", type->has_tail);
    gen_put(writer, type->prior_count > 0 ? "    .priors = $T_priors,\n" : "");
    emit_policy(writer, &type->policy);
    gen_put(writer, "    .fingerprint =\n");
    emit_digest(writer->out, type->fingerprint);
    gen_put(writer, "};\n\n");
}

// ---- Contract ----

// Compilers promise literals of 4095 bytes; the form of a large contract is longer.
static void emit_canonical(struct gen_writer *writer, const struct myc_contract *contract)
{
    FILE *out = writer->out;
    const char *text = contract->canonical;
    uint32_t left = contract->canonical_size;
    fputs(
        "#pragma GCC diagnostic push\n"
        "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n"
        "static const char canonical[] =",
        out);
    while (left > 0) {
        size_t len = 0;
        while (len < left && text[len] != '\n' && len < 80) {
            len++;
        }
        len += len < left && text[len] == '\n' ? 1 : 0;
        fputs("\n    ", out);
        gen_literal(out, text, len);
        text += len;
        left -= (uint32_t)len;
    }
    fputs(";\n#pragma GCC diagnostic pop\n\n", out);
}

void gen_emit_contract_table(struct gen_writer *writer, const struct gen_unit *unit)
{
    const struct myc_contract *contract = &unit->file->contract;
    FILE *out = writer->out;
    if (contract->canonical != NULL) {
        emit_canonical(writer, contract);
    }
    fputs("static const struct myc_message_type *const messages[] = {\n", out);
    for (uint32_t i = 0; i < contract->message_count; i++) {
        fprintf(out, "    &%s_type,\n", gen_type_name(writer, unit, contract->messages[i]->name));
    }
    fprintf(out, "};\n\nconst struct myc_contract %s_contract = {\n", unit->prefix);
    fprintf(out, "    .name = \"%s\",\n", contract->name);
    fprintf(out, "    .id = 0x%08X,\n", (unsigned)contract->id);
    fprintf(out, "    .version = %u,\n", contract->version);
    fprintf(out, "    .min_compatible = %u,\n", contract->min_compatible);
    fprintf(out, "    .message_count = %u,\n", (unsigned)contract->message_count);
    fputs("    .messages = messages,\n    .digest =\n", out);
    emit_digest(out, contract->digest);
    if (contract->canonical != NULL) {
        fputs("    .canonical = canonical,\n    .canonical_size = sizeof(canonical) - 1,\n", out);
    }
    fputs("};\n", out);
}

void gen_emit_type_tables(struct gen_writer *writer, const struct gen_unit *unit)
{
    for (uint32_t i = 0; i < unit->file->enum_count; i++) {
        emit_enum(writer, unit, i);
    }
    gen_each_type(writer, unit, false, emit_struct, emit_union);
}
