// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The generated source: validators, comparisons, descriptors and the digest.
#include <string.h>

#include "tool/gen/writer.h"

static bool needs_check(const struct myc__schema_field *field)
{
    return field->is_optional || field->kind == MYC__SCHEMA_BOOL;
}

static bool message_needs_check(const struct myc__schema_message *message)
{
    for (uint32_t i = 0; i < message->field_count; i++) {
        if (needs_check(&message->fields[i])) {
            return true;
        }
    }
    return false;
}

static bool message_has_optional(const struct myc__schema_message *message)
{
    for (uint32_t i = 0; i < message->field_count; i++) {
        if (message->fields[i].is_optional) {
            return true;
        }
    }
    return false;
}

static void emit_helpers(FILE *out, const struct myc__schema_contract *model)
{
    bool has_check = false;
    bool has_optional = false;
    for (uint32_t i = 0; i < model->message_count; i++) {
        has_check = has_check || message_needs_check(&model->messages[i]);
        has_optional = has_optional || message_has_optional(&model->messages[i]);
    }
    if (has_optional) {
        fputs(
            "static bool is_zero(const void *bytes, size_t size)\n"
            "{\n"
            "    const uint8_t *byte = bytes;\n"
            "    uint8_t any = 0;\n"
            "    for (size_t i = 0; i < size; i++) {\n"
            "        any |= byte[i];\n"
            "    }\n"
            "    return any == 0;\n"
            "}\n\n",
            out);
    }
    if (has_check) {
        fputs(
            "static enum myc_status refuse(\n"
            "    struct myc_diagnostic *diagnostic, const char *field, const char *rule)\n"
            "{\n"
            "    (void)myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, field);\n"
            "    myc_diagnostic_append(diagnostic, rule);\n"
            "    return MYC_CORRUPT;\n"
            "}\n\n",
            out);
    }
}

static void emit_refusal(
    FILE *out,
    const struct myc__schema_message *message,
    const char *start,
    const char *field,
    const char *rule)
{
    struct gen_call call;
    gen_call_begin(&call, out, 8, "return refuse(");
    gen_call_argument(&call, "diagnostic");
    gen_call_argument(&call, "\"%s.%s%s\"", message->name, start, field);
    gen_call_argument(&call, "\"%s\"", rule);
    gen_call_end(&call, ");");
    fputs("    }\n", out);
}

static void emit_field_check(
    FILE *out, const struct myc__schema_message *message, const struct myc__schema_field *field)
{
    const char *name = field->name;
    if (field->is_optional) {
        fprintf(out, "    if (message->has_%s > 1) {\n", name);
        emit_refusal(out, message, "has_", name, " must be 0 or 1");
        struct gen_call call;
        fprintf(out, "    if (message->has_%s == 0\n", name);
        gen_call_begin(&call, out, 8, "&& !is_zero(");
        gen_call_argument(&call, "&message->%s", name);
        gen_call_argument(&call, "sizeof(message->%s)", name);
        gen_call_end(&call, ")) {");
        emit_refusal(out, message, "", name, " must be zero when it is absent");
    }
    if (field->kind == MYC__SCHEMA_BOOL) {
        fprintf(out, "    if (message->%s > 1) {\n", name);
        emit_refusal(out, message, "", name, " must be 0 or 1");
    }
}

static void
emit_validate(FILE *out, const struct gen_names *names, const struct myc__schema_message *message)
{
    struct gen_call call;
    bool has_check = message_needs_check(message);
    gen_call_begin(&call, out, 0, "enum myc_status %s_validate(", names->type);
    gen_call_argument(&call, "const struct %s *message", names->type);
    gen_call_argument(&call, "struct myc_diagnostic *diagnostic");
    gen_call_end(&call, ")\n{");
    if (!has_check) {
        fputs("    (void)message; // every bit pattern is a valid message\n", out);
    }
    for (uint32_t i = 0; i < message->field_count; i++) {
        emit_field_check(out, message, &message->fields[i]);
    }
    fputs("    myc_diagnostic_clear(diagnostic);\n    return MYC_OK;\n}\n\n", out);
    if (!has_check) {
        return;
    }
    gen_call_begin(&call, out, 0, "static enum myc_status %s_validate_payload(", names->type);
    gen_call_argument(&call, "const void *payload");
    gen_call_argument(&call, "size_t size");
    gen_call_argument(&call, "struct myc_diagnostic *diagnostic");
    gen_call_end(&call, ")\n{");
    fputs("    (void)size; // the caller has checked that the struct fits\n", out);
    gen_call_begin(&call, out, 4, "return %s_validate(", names->type);
    gen_call_argument(&call, "payload");
    gen_call_argument(&call, "diagnostic");
    gen_call_end(&call, ");");
    fputs("}\n\n", out);
}

static void
emit_equals(FILE *out, const struct gen_names *names, const struct myc__schema_message *message)
{
    struct gen_call call;
    gen_call_begin(&call, out, 0, "bool %s_equals(", names->type);
    gen_call_argument(&call, "const struct %s *a", names->type);
    gen_call_argument(&call, "const struct %s *b", names->type);
    gen_call_end(&call, ")\n{");
    for (uint32_t i = 0; i < message->field_count; i++) {
        const struct myc__schema_field *field = &message->fields[i];
        if (field->is_optional) {
            fprintf(out, "    if (a->has_%s != b->has_%s) {\n", field->name, field->name);
            fputs("        return false;\n    }\n", out);
        }
        gen_call_begin(&call, out, 4, "if (memcmp(");
        gen_call_argument(&call, "&a->%s", field->name);
        gen_call_argument(&call, "&b->%s", field->name);
        gen_call_argument(&call, "sizeof(a->%s)", field->name);
        gen_call_end(&call, ") != 0) {");
        fputs("        return false;\n    }\n", out);
    }
    fputs("    return true;\n}\n\n", out);
}

static void
emit_type(FILE *out, const struct gen_names *names, const struct myc__schema_message *message)
{
    fprintf(out, "const struct myc_message_type %s_type = {\n", names->type);
    fprintf(out, "    .id = %s_TYPE_ID,\n", names->constant);
    fprintf(out, "    .version = %s_VERSION,\n", names->constant);
    fprintf(out, "    .size = %s_SIZE,\n", names->constant);
    fprintf(out, "    .name = \"%s\",\n", message->name);
    fprintf(out, "    .topic = \"%s\",\n", message->topic);
    if (message_needs_check(message)) {
        fprintf(out, "    .validate = %s_validate_payload,\n", names->type);
    } else {
        fputs("    .validate = NULL,\n", out);
    }
    fputs("};\n\n", out);
}

static void emit_contract(FILE *out, const char *prefix, const struct myc__schema_contract *model)
{
    uint8_t digest[MYC_DIGEST_BYTES];
    myc__schema_digest(model, digest);
    fputs("static const struct myc_message_type *const messages[] = {\n", out);
    for (uint32_t i = 0; i < model->message_count; i++) {
        struct gen_names names;
        gen_names_init(&names, prefix, &model->messages[i]);
        fprintf(out, "    &%s_type,\n", names.type);
    }
    fprintf(out, "};\n\nconst struct myc_contract %s_contract = {\n", prefix);
    fprintf(out, "    .name = \"%s\",\n", model->name);
    fprintf(out, "    .id = 0x%08X,\n", (unsigned)model->id);
    fprintf(out, "    .version = %u,\n", model->version);
    fprintf(out, "    .min_compatible = %u,\n", model->min_compatible);
    fprintf(out, "    .message_count = %u,\n", (unsigned)model->message_count);
    fputs("    .messages = messages,\n    .digest =\n        {\n", out);
    for (size_t i = 0; i < MYC_DIGEST_BYTES; i++) {
        fprintf(
            out,
            "%s0x%02x,%s",
            i % 8 == 0 ? "            " : " ",
            digest[i],
            i % 8 == 7 ? "\n" : "");
    }
    fputs("        },\n};\n", out);
}

void gen_emit_source(const struct gen_contract *contract, const char *prefix, FILE *out)
{
    const struct myc__schema_contract *model = &contract->model;
    fprintf(out, "// Generated by `myc gen`. Change the contract and generate again instead.\n");
    fprintf(out, "// clang-format off\n");
    fprintf(out, "#include \"%s.h\"\n\n", prefix);
    emit_helpers(out, model);
    for (uint32_t i = 0; i < model->message_count; i++) {
        struct gen_names names;
        gen_names_init(&names, prefix, &model->messages[i]);
        emit_validate(out, &names, &model->messages[i]);
        emit_equals(out, &names, &model->messages[i]);
        emit_type(out, &names, &model->messages[i]);
    }
    emit_contract(out, prefix, model);
}
