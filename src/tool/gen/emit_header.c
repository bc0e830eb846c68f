// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The generated header: structs with their layout asserted, constants, and typed inline helpers. It
// is valid C11 and C++17.
#include <string.h>

#include "tool/gen/writer.h"

// ---- Struct and layout ----

static void emit_padding(FILE *out, uint32_t *padding_count, uint32_t offset, uint32_t end)
{
    if (end > offset) {
        fprintf(out, "    uint8_t reserved_%u[%u];\n", *padding_count, end - offset);
        (*padding_count)++;
    }
}

static void emit_struct(
    FILE *out,
    const struct gen_names *names,
    const struct myc__schema_message *message,
    const struct gen_notes *notes)
{
    uint32_t offset = 0;
    uint32_t padding_count = 0;
    if (notes->message != NULL) {
        gen_write_comment(out, 0, notes->message);
    }
    fprintf(out, "struct %s {\n", names->type);
    for (uint32_t i = 0; i < message->field_count; i++) {
        const struct myc__schema_field *field = &message->fields[i];
        if (notes->fields[i] != NULL) {
            gen_write_comment(out, 4, notes->fields[i]);
        }
        if (field->is_optional) {
            fprintf(out, "    uint8_t has_%s;\n", field->name);
            offset = field->presence_offset + 1;
        }
        emit_padding(out, &padding_count, offset, field->offset);
        fprintf(out, "    %s %s", myc__schema_kind_info(field->kind)->c_type, field->name);
        if (field->kind == MYC__SCHEMA_BYTES) {
            fprintf(out, "[%u]", field->byte_count);
        }
        fputs(";\n", out);
        offset = field->offset + myc__schema_field_size(field);
    }
    emit_padding(out, &padding_count, offset, message->size);
    fprintf(out, "} __attribute__((aligned(8)));\n\n");
}

static void
emit_constants(FILE *out, const struct gen_names *names, const struct myc__schema_message *message)
{
    fprintf(out, "enum {\n");
    fprintf(out, "    %s_TYPE_ID = %u,\n", names->constant, message->id);
    fprintf(out, "    %s_VERSION = %u,\n", names->constant, message->version);
    fprintf(out, "    %s_SIZE = %u\n", names->constant, message->size);
    fprintf(out, "};\n\n");
}

static void emit_offset_assert(
    FILE *out, const struct gen_names *names, const char *start, const char *name, uint32_t offset)
{
    struct gen_call call;
    gen_call_begin(&call, out, 0, "static_assert(");
    gen_call_argument(&call, "offsetof(struct %s, %s%s) == %u", names->type, start, name, offset);
    gen_call_argument(&call, "\"offset of %s%s\"", start, name);
    gen_call_end(&call, ");");
}

static void
emit_asserts(FILE *out, const struct gen_names *names, const struct myc__schema_message *message)
{
    struct gen_call call;
    gen_call_begin(&call, out, 0, "static_assert(");
    gen_call_argument(&call, "sizeof(struct %s) == %u", names->type, message->size);
    gen_call_argument(&call, "\"size of %s\"", message->name);
    gen_call_end(&call, ");");
    for (uint32_t i = 0; i < message->field_count; i++) {
        const struct myc__schema_field *field = &message->fields[i];
        if (field->is_optional) {
            emit_offset_assert(out, names, "has_", field->name, field->presence_offset);
        }
        emit_offset_assert(out, names, "", field->name, field->offset);
    }
    fputc('\n', out);
}

// ---- Functions ----

static void emit_declarations(
    FILE *out, const struct gen_names *names, const struct myc__schema_message *message)
{
    struct gen_call call;
    fprintf(out, "/** Descriptor of %s, for publishing and subscribing. */\n", message->name);
    fprintf(out, "extern const struct myc_message_type %s_type;\n\n", names->type);
    gen_write_comment(
        out,
        0,
        "Checks bytes from outside: presence marks and bools are 0 or 1, absent values are "
        "zero. Returns OK, or CORRUPT with the field in the diagnostic.");
    gen_call_begin(&call, out, 0, "MYC_MUST_USE enum myc_status %s_validate(", names->type);
    gen_call_argument(&call, "const struct %s *message", names->type);
    gen_call_argument(&call, "struct myc_diagnostic *diagnostic");
    gen_call_end(&call, ");");
    fprintf(out, "\n/** Whether all fields are equal; padding does not count. */\n");
    gen_call_begin(&call, out, 0, "bool %s_equals(", names->type);
    gen_call_argument(&call, "const struct %s *a", names->type);
    gen_call_argument(&call, "const struct %s *b", names->type);
    gen_call_end(&call, ");");
    fputc('\n', out);
}

static void emit_init(FILE *out, const struct gen_names *names)
{
    struct gen_call call;
    fprintf(
        out,
        "/** Zeroes a message: numbers 0, optional fields absent, padding as the wire wants it. "
        "*/\n");
    gen_call_begin(&call, out, 0, "static inline void %s_init(", names->type);
    gen_call_argument(&call, "struct %s *message", names->type);
    gen_call_end(&call, ")\n{");
    fprintf(out, "    memset(message, 0, sizeof(*message));\n}\n\n");
}

static void
emit_optional(FILE *out, const struct gen_names *names, const struct myc__schema_field *field)
{
    struct gen_call call;
    bool is_bytes = field->kind == MYC__SCHEMA_BYTES;
    fprintf(out, "/** Sets the optional field %s; the second makes it absent. */\n", field->name);
    gen_call_begin(&call, out, 0, "static inline void %s_set_%s(", names->type, field->name);
    gen_call_argument(&call, "struct %s *message", names->type);
    if (is_bytes) {
        gen_call_argument(&call, "const uint8_t value[%u]", field->byte_count);
    } else {
        gen_call_argument(&call, "%s value", myc__schema_kind_info(field->kind)->c_type);
    }
    gen_call_end(&call, ")\n{");
    fprintf(out, "    message->has_%s = 1;\n", field->name);
    if (is_bytes) {
        fprintf(out, "    memcpy(message->%s, value, %u);\n}\n\n", field->name, field->byte_count);
    } else {
        fprintf(out, "    message->%s = value;\n}\n\n", field->name);
    }
    gen_call_begin(&call, out, 0, "static inline void %s_clear_%s(", names->type, field->name);
    gen_call_argument(&call, "struct %s *message", names->type);
    gen_call_end(&call, ")\n{");
    fprintf(out, "    message->has_%s = 0;\n", field->name);
    gen_call_begin(&call, out, 4, "memset(");
    gen_call_argument(&call, "&message->%s", field->name);
    gen_call_argument(&call, "0");
    gen_call_argument(&call, "sizeof(message->%s)", field->name);
    gen_call_end(&call, ");");
    fprintf(out, "}\n\n");
}

static void emit_view(FILE *out, const struct gen_names *names)
{
    struct gen_call call;
    gen_write_comment(
        out,
        0,
        "The message in a record, in place; a shorter one of an older version is completed "
        "with zeros in `scratch`. NULL if the record is of another type, or too short for "
        "its version. Does not validate.");
    gen_call_begin(
        &call, out, 0, "static inline const struct %s *%s_view(", names->type, names->type);
    gen_call_argument(&call, "const struct myc_record *record");
    gen_call_argument(&call, "struct %s *scratch", names->type);
    gen_call_end(&call, ")\n{");
    fprintf(out, "    if (record->type != %s_TYPE_ID) {\n", names->constant);
    fprintf(out, "        return NULL;\n    }\n");
    fprintf(out, "    if (record->size >= %s_SIZE) {\n", names->constant);
    fprintf(out, "        return (const struct %s *)record->payload;\n    }\n", names->type);
    fprintf(
        out,
        "    if (record->version >= %s_VERSION || record->size %% 8 != 0) {\n",
        names->constant);
    fprintf(out, "        return NULL;\n    }\n");
    fprintf(out, "    %s_init(scratch);\n", names->type);
    fprintf(out, "    memcpy((void *)scratch, record->payload, record->size);\n");
    fprintf(out, "    return scratch;\n}\n\n");
}

static void emit_publish(FILE *out, const struct gen_names *names)
{
    struct gen_call call;
    fprintf(out, "/** Copies a message in and publishes it, see myc_publish(). */\n");
    gen_call_begin(
        &call, out, 0, "MYC_MUST_USE static inline enum myc_status %s_publish(", names->type);
    gen_call_argument(&call, "struct myc_publisher *publisher");
    gen_call_argument(&call, "const struct %s *message", names->type);
    gen_call_end(&call, ")\n{");
    gen_call_begin(&call, out, 4, "return myc_publish(");
    gen_call_argument(&call, "publisher");
    gen_call_argument(&call, "&%s_type", names->type);
    gen_call_argument(&call, "message");
    gen_call_argument(&call, "sizeof(*message)");
    gen_call_end(&call, ");");
    fprintf(
        out, "}\n\n/** Claims a zeroed message to fill in place, see myc_publisher_claim(). */\n");
    gen_call_begin(
        &call, out, 0, "MYC_MUST_USE static inline enum myc_status %s_claim(", names->type);
    gen_call_argument(&call, "struct myc_publisher *publisher");
    gen_call_argument(&call, "struct %s **out_message", names->type);
    gen_call_end(&call, ")\n{");
    fprintf(out, "    void *payload = NULL;\n    enum myc_status status;\n");
    gen_call_begin(&call, out, 4, "status = myc_publisher_claim(");
    gen_call_argument(&call, "publisher");
    gen_call_argument(&call, "&%s_type", names->type);
    gen_call_argument(&call, "%s_SIZE", names->constant);
    gen_call_argument(&call, "&payload");
    gen_call_end(&call, ");");
    fprintf(out, "    if (status == MYC_OK) {\n");
    fprintf(out, "        *out_message = (struct %s *)payload;\n", names->type);
    fprintf(out, "        %s_init(*out_message);\n    }\n", names->type);
    fprintf(
        out,
        "    return status;\n}\n\n/** Publishes the claimed message, see myc_publisher_commit(). "
        "*/\n");
    gen_call_begin(&call, out, 0, "static inline enum myc_status %s_commit(", names->type);
    gen_call_argument(&call, "struct myc_publisher *publisher");
    gen_call_end(&call, ")\n{");
    gen_call_begin(&call, out, 4, "return myc_publisher_commit(");
    gen_call_argument(&call, "publisher");
    gen_call_argument(&call, "%s_SIZE", names->constant);
    gen_call_end(&call, ");");
    fprintf(out, "}\n\n");
}

static void emit_ring_publish(FILE *out, const struct gen_names *names)
{
    struct gen_call call;
    fprintf(out, "/** Copies a message into a raw ring, see myc_ring_publish(). */\n");
    gen_call_begin(
        &call, out, 0, "MYC_MUST_USE static inline enum myc_status %s_ring_publish(", names->type);
    gen_call_argument(&call, "struct myc_ring_writer *writer");
    gen_call_argument(&call, "const struct %s *message", names->type);
    gen_call_end(&call, ")\n{");
    gen_call_begin(&call, out, 4, "return myc_ring_publish(");
    gen_call_argument(&call, "writer");
    gen_call_argument(&call, "%s_TYPE_ID", names->constant);
    gen_call_argument(&call, "%s_VERSION", names->constant);
    gen_call_argument(&call, "message");
    gen_call_argument(&call, "sizeof(*message)");
    gen_call_end(&call, ");");
    fprintf(out, "}\n\n");
}

// ---- Header ----

// The handler is stored as a function of another type and called as what it is: the macro lets only
// the right type in, and the caller casts back before it calls.
static void emit_handler(FILE *out, const struct gen_names *names)
{
    struct gen_call call;
    fprintf(out, "/** Handles the message, see myc_handler_fn. */\n");
    gen_call_begin(&call, out, 0, "typedef void %s_handler_fn(", names->type);
    gen_call_argument(&call, "struct myc_context *context");
    gen_call_argument(&call, "const struct %s *message", names->type);
    gen_call_argument(&call, "const struct myc_record *record");
    gen_call_end(&call, ");");
    fprintf(out, "\n/** What %s_HANDLER() calls its function with. */\n", names->constant);
    gen_call_begin(&call, out, 0, "static inline void %s_call(", names->type);
    gen_call_argument(&call, "myc_handler_fn *handle");
    gen_call_argument(&call, "struct myc_context *context");
    gen_call_argument(&call, "const void *message");
    gen_call_argument(&call, "const struct myc_record *record");
    gen_call_end(&call, ")\n{");
    fprintf(out, "    %s_handler_fn *typed = (%s_handler_fn *)handle;\n", names->type, names->type);
    fprintf(out, "    typed(context, (const struct %s *)message, record);\n}\n\n", names->type);
    fprintf(
        out,
        "/** Initializer of a struct myc_handler; the function must be a %s_handler_fn. */\n"
        "#ifdef __cplusplus\n"
        "#define %s_HANDLER(function) \\\n"
        "    {&%s_type, \\\n"
        "     reinterpret_cast<myc_handler_fn *>(static_cast<%s_handler_fn *>(function)), \\\n"
        "     %s_call}\n",
        names->type,
        names->constant,
        names->type,
        names->type,
        names->type);
    fprintf(
        out,
        "#else\n"
        "#define %s_HANDLER(function) \\\n"
        "    {&%s_type, \\\n"
        "     (myc_handler_fn *)_Generic((function), %s_handler_fn *: (function)), \\\n"
        "     %s_call}\n"
        "#endif\n\n",
        names->constant,
        names->type,
        names->type,
        names->type);
}

static void emit_message(
    FILE *out,
    const char *prefix,
    const struct myc__schema_message *message,
    const struct gen_notes *notes)
{
    struct gen_names names;
    gen_names_init(&names, prefix, message);
    fprintf(out, "/* ---- %s, topic %s ---- */\n\n", message->name, message->topic);
    emit_struct(out, &names, message, notes);
    emit_constants(out, &names, message);
    emit_asserts(out, &names, message);
    emit_declarations(out, &names, message);
    emit_init(out, &names);
    for (uint32_t i = 0; i < message->field_count; i++) {
        if (message->fields[i].is_optional) {
            emit_optional(out, &names, &message->fields[i]);
        }
    }
    emit_view(out, &names);
    emit_publish(out, &names);
    emit_ring_publish(out, &names);
    emit_handler(out, &names);
}

void gen_emit_header(const struct gen_contract *contract, const char *prefix, FILE *out)
{
    char guard[GEN_NAME_BYTES];
    snprintf(guard, sizeof(guard), "%s", prefix);
    gen_upper(guard);
    fprintf(out, "// Generated by `myc gen`. Change the contract and generate again instead.\n");
    fprintf(out, "// clang-format off\n");
    fprintf(out, "#ifndef %s_CONTRACT_H\n#define %s_CONTRACT_H\n\n", guard, guard);
    fputs(
        "#include <assert.h>\n"
        "#include <stdbool.h>\n"
        "#include <stddef.h>\n"
        "#include <stdint.h>\n"
        "#include <string.h>\n\n"
        "#include <mycelium/bus.h>\n"
        "#include <mycelium/diagnostic.h>\n"
        "#include <mycelium/integer.h>\n"
        "#include <mycelium/record.h>\n"
        "#include <mycelium/ring.h>\n"
        "#include <mycelium/schema.h>\n"
        "#include <mycelium/service.h>\n"
        "#include <mycelium/status.h>\n\n"
        "/* C compilers only warn when a pointer to another struct is published; here it is an "
        "error. */\n"
        "#ifndef __cplusplus\n"
        "#pragma GCC diagnostic error \"-Wincompatible-pointer-types\"\n"
        "#endif\n\n"
        "#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__\n"
        "#error \"messages are viewed in place, which needs a little-endian host\"\n"
        "#endif\n\n"
        "#ifdef __cplusplus\n"
        "extern \"C\" {\n"
        "#endif\n\n",
        out);
    if (contract->description != NULL) {
        gen_write_comment(out, 0, contract->description);
    } else {
        fprintf(out, "/** The contract: every message below, and the digest of them all. */\n");
    }
    fprintf(out, "extern const struct myc_contract %s_contract;\n\n", prefix);
    for (uint32_t i = 0; i < contract->model.message_count; i++) {
        emit_message(out, prefix, &contract->model.messages[i], &contract->notes[i]);
    }
    fputs("#ifdef __cplusplus\n}\n#endif\n\n#endif\n", out);
}
