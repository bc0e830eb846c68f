// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Any message of a contract: decoding into a tagged union, and handling by one switch that
// compilers fold where the handlers are constant.
#include "tool/gen/emit.h"

#include <string.h>

#include "schema/name.h"

static bool is_completed(const struct myc_message_type *type)
{
    return type->extent_count > 1;
}

// Sets $T, $C, and $v: the message's name as a member.
static void set_message(
    struct gen_writer *writer, const struct gen_unit *unit, const struct myc_message_type *type)
{
    gen_set(writer, 'T', gen_type_name(writer, unit, type->name));
    gen_set(writer, 'C', gen_constant_name(writer, unit, type->name));
    const char *member = gen_snake(writer, type->name);
    bool is_keyword = myc__schema_is_keyword(member, strlen(member));
    gen_set(writer, 'v', is_keyword ? gen_format(writer, "%s_", member) : member);
    gen_set(
        writer,
        's',
        is_completed(type) ? gen_format(writer, "&scratch->%s", writer->values['v']) : "NULL");
}

static void
emit_members(struct gen_writer *writer, const struct gen_unit *unit, const char *text, bool is_all)
{
    const struct myc_contract *contract = &unit->file->contract;
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (is_all || is_completed(contract->messages[i])) {
            set_message(writer, unit, contract->messages[i]);
            gen_put(writer, text);
        }
    }
}

static const char any_begin[] = "/* ---- any message ---- */\n"
                                "\n"
                                "/** Where messages of older versions are completed. */\n"
                                "union $P_scratch {\n"
                                "    uint64_t unused_;\n";

static const char any_struct[] =
    "};\n"
    "\n"
    "/** A message of the contract, or one of a type that it does not know. */\n"
    "struct $P_any {\n"
    "    uint16_t type; /* 0: none, it was of an unknown type and passed over */\n"
    "    bool is_known; /* false: `record` is all there is */\n"
    "    struct myc_record record;\n"
    "    union {\n";

static const char any_functions[] =
    "    } message; /* in the record, or in `scratch` */\n"
    "    union $P_scratch scratch;\n"
    "};\n"
    "\n"
    "/** Finds and checks the message of a record. One of an unknown type is passed over (`type` "
    "0), "
    "or kept as its record (MYC_UNKNOWN_STORE, MYC_UNKNOWN_DELIVER), or refused. `out_any` is "
    "valid "
    "as long as the record, and may not be copied. Returns: OK; CORRUPT; MISMATCH (an unknown type "
    "and MYC_UNKNOWN_FAIL). */\n"
    "MYC_MUST_USE enum myc_status $P_decode_any(const struct myc_record *record, enum "
    "myc_unknown_policy on_unknown, struct $P_any *out_any, struct myc_diagnostic *diagnostic);\n"
    "\n"
    "/** The same for the first record in bytes that are 8-aligned; `out_used`: where the next one "
    "begins. Returns: also END (no bytes), AGAIN (they end inside the record), INVALID (not "
    "aligned). */\n"
    "MYC_MUST_USE enum myc_status $P_decode_any_bytes(const void *bytes, size_t size, enum "
    "myc_unknown_policy on_unknown, struct $P_any *out_any, size_t *out_used, struct "
    "myc_diagnostic "
    "*diagnostic);\n"
    "\n"
    "/** What handles each message of the contract; NULL: nothing does. */\n"
    "struct $P_handlers {\n";

static const char dispatch_begin[] =
    "};\n"
    "\n"
    "/** Hands the message of a record, which must be valid, to its handler: one switch that "
    "compilers fold where `handlers` is constant. Returns: whether something handled it. */\n"
    "static inline bool $P_dispatch(const struct $P_handlers *handlers, struct myc_context "
    "*context, const struct myc_record *record, union $P_scratch *scratch)\n"
    "{\n"
    "    (void)scratch; // not all contracts have messages to complete\n"
    "    switch (record->type) {\n";

static const char dispatch_one[] = "    case $C_TYPE_ID: {\n"
                                   "        const struct $T *message = $T_view(record, $s);\n"
                                   "        if (message == NULL || handlers->$v == NULL) {\n"
                                   "            return false;\n"
                                   "        }\n"
                                   "        handlers->$v(context, message, record);\n"
                                   "        return true;\n"
                                   "    }\n";

void gen_emit_any_header(struct gen_writer *writer, const struct gen_unit *unit)
{
    gen_set(writer, 'P', unit->prefix);
    gen_put(writer, any_begin);
    emit_members(writer, unit, "    struct $T $v;\n", false);
    gen_put(writer, any_struct);
    gen_put(writer, "        const void *bytes_;\n");
    emit_members(writer, unit, "        const struct $T *$v;\n", true);
    gen_put(writer, any_functions);
    emit_members(writer, unit, "    $T_handler_fn *$v;\n", true);
    gen_put(writer, dispatch_begin);
    emit_members(writer, unit, dispatch_one, true);
    gen_put(writer, "    default:\n        return false;\n    }\n}\n\n");
}

// ---- Source ----

static const char check_found[] =
    "// Checks a message that was found in a record: by its own function if all of it is there.\n"
    "static enum myc_status check_found(const struct myc_message_type *type, const struct "
    "myc_record *record, const void *message, struct myc_diagnostic *diagnostic)\n"
    "{\n"
    "    struct myc_message found = myc_message_of(type, message, record->size);\n"
    "    found.payload = record->payload;\n"
    "    found.version = record->version;\n"
    "    if (message != record->payload) {\n"
    "        return myc_message_validate(&found, diagnostic);\n"
    "    }\n"
    "    return type->validate(message, type->has_tail != 0 ? record->size : type->size, "
    "diagnostic);\n"
    "}\n"
    "\n"
    "static enum myc_status refuse_unknown(const struct myc_record *record, struct "
    "myc_diagnostic *diagnostic)\n"
    "{\n"
    "    (void)myc_diagnostic_set(diagnostic, MYC_MISMATCH, 0, \"$P has no message of type \");\n"
    "    myc_diagnostic_append_u64(diagnostic, record->type);\n"
    "    return MYC_MISMATCH;\n"
    "}\n"
    "\n"
    "static enum myc_status refuse_short(const struct myc_message_type *type, const struct "
    "myc_record *record, struct myc_diagnostic *diagnostic)\n"
    "{\n"
    "    (void)myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, type->name);\n"
    "    myc_diagnostic_append(diagnostic, \": \");\n"
    "    myc_diagnostic_append_u64(diagnostic, record->size);\n"
    "    myc_diagnostic_append(diagnostic, \" bytes are too short for version \");\n"
    "    myc_diagnostic_append_u64(diagnostic, record->version);\n"
    "    return MYC_CORRUPT;\n"
    "}\n"
    "\n";

static const char decode_begin[] =
    "enum myc_status $P_decode_any(const struct myc_record *record, enum myc_unknown_policy "
    "on_unknown, struct $P_any *out_any, struct myc_diagnostic *diagnostic)\n"
    "{\n"
    "    union $P_scratch *scratch = &out_any->scratch;\n"
    "    const struct myc_message_type *type = NULL;\n"
    "    const void *message = NULL;\n"
    "    (void)scratch; // not all contracts have messages to complete\n"
    "    out_any->type = 0;\n"
    "    out_any->is_known = true;\n"
    "    out_any->record = *record;\n"
    "    switch (record->type) {\n";

static const char decode_one[] = "    case $C_TYPE_ID:\n"
                                 "        type = &$T_type;\n"
                                 "        message = out_any->message.$v = $T_view(record, $s);\n"
                                 "        break;\n";

static const char decode_end[] =
    "    default:\n"
    "        out_any->is_known = false;\n"
    "        out_any->message.bytes_ = record->payload;\n"
    "        if (on_unknown == MYC_UNKNOWN_FAIL) {\n"
    "            return refuse_unknown(record, diagnostic);\n"
    "        }\n"
    "        out_any->type = on_unknown == MYC_UNKNOWN_SKIP ? 0 : record->type;\n"
    "        myc_diagnostic_clear(diagnostic);\n"
    "        return MYC_OK;\n"
    "    }\n"
    "    if (message == NULL) {\n"
    "        return refuse_short(type, record, diagnostic);\n"
    "    }\n"
    "    out_any->type = record->type;\n"
    "    return check_found(type, record, message, diagnostic);\n"
    "}\n"
    "\n"
    "enum myc_status $P_decode_any_bytes(const void *bytes, size_t size, enum myc_unknown_policy "
    "on_unknown, struct $P_any *out_any, size_t *out_used, struct myc_diagnostic *diagnostic)\n"
    "{\n"
    "    uint64_t word = 0;\n"
    "    *out_used = 0;\n"
    "    if ((uintptr_t)bytes % MYC_RECORD_ALIGNMENT != 0) {\n"
    "        return myc_diagnostic_set(diagnostic, MYC_INVALID, 0, \"the bytes are not "
    "8-aligned\");\n"
    "    }\n"
    "    if (size < sizeof(word)) {\n"
    "        const char *text = size == 0 ? \"no bytes are left\" : \"the header is cut\";\n"
    "        return myc_diagnostic_set(diagnostic, size == 0 ? MYC_END : MYC_AGAIN, 0, text);\n"
    "    }\n"
    "    memcpy(&word, bytes, sizeof(word));\n"
    "    struct myc_record_header header = myc_record_header(word);\n"
    "    if (header.type == 0) {\n"
    "        return myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, \"type 0 is not a record\");\n"
    "    }\n"
    "    if (myc_record_bytes(header.length) > size) {\n"
    "        return myc_diagnostic_set(diagnostic, MYC_AGAIN, 0, \"the payload is cut\");\n"
    "    }\n"
    "    struct myc_record record = {\n"
    "        .type = header.type,\n"
    "        .version = header.version,\n"
    "        .size = header.length,\n"
    "        .payload = (const uint8_t *)bytes + sizeof(word)};\n"
    "    *out_used = (size_t)myc_record_bytes(header.length);\n"
    "    return $P_decode_any(&record, on_unknown, out_any, diagnostic);\n"
    "}\n"
    "\n";

void gen_emit_any_source(struct gen_writer *writer, const struct gen_unit *unit)
{
    gen_set(writer, 'P', unit->prefix);
    gen_put(writer, check_found);
    gen_put(writer, decode_begin);
    emit_members(writer, unit, decode_one, true);
    gen_put(writer, decode_end);
}
