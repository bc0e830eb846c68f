// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a message has besides its fields: constants, a view, publishing, its handler. Messages with
// tails have other signatures where their bytes are more than the struct.
#include "tool/gen/emit.h"

#include <stdlib.h>
#include <string.h>

// ---- Constants ----

// The largest payload: fixed part and every tail at its longest; above what u32 holds that.
static uint32_t size_max(const struct myc_message_type *type)
{
    uint64_t size = type->size;
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (gen_is_tail(&type->fields[i])) {
            uint32_t length_max = type->fields[i].length_max;
            size += ((uint64_t)(length_max != 0 ? length_max : UINT32_MAX) + 7) / 8 * 8;
        }
    }
    return size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

static void emit_constants(struct gen_writer *writer, const struct gen_holder *holder)
{
    const struct myc_message_type *type = holder->message;
    const char *constant = writer->values['C'];
    uint32_t largest = size_max(type);
    gen_line(writer, "enum {");
    gen_line(writer, "    %s_TYPE_ID = %u,", constant, type->id);
    gen_line(writer, "    %s_VERSION = %u,", constant, type->version);
    gen_line(writer, "    %s_SIZE = %u%s", constant, type->size, largest <= INT32_MAX ? "," : "");
    if (largest <= INT32_MAX) {
        gen_line(writer, "    %s_MAX_SIZE = %u", constant, largest);
    }
    gen_line(writer, "};\n");
    if (largest > INT32_MAX) {
        gen_line(writer, "#define %s_MAX_SIZE UINT32_C(%u)", constant, largest);
    }
    gen_line(writer, "#define %s_TYPE_NAME \"%s\"", constant, type->name);
    gen_line(writer, "#define %s_TOPIC \"%s\"", constant, type->topic);
    fprintf(writer->out, "#define %s_FINGERPRINT \\\n    \"", constant);
    for (size_t i = 0; i < MYC_DIGEST_BYTES; i++) {
        fprintf(writer->out, "%02x", type->fingerprint[i]);
    }
    fputs("\"\n\n", writer->out);
}

// ---- Reading ----

static void emit_extent(struct gen_writer *writer, const struct myc_message_type *type)
{
    gen_put(
        writer,
        "/** Bytes of the fixed part in a version; 0 if there is no such version. */\n"
        "static inline uint32_t $T_extent(uint16_t version)\n"
        "{\n");
    for (uint32_t i = type->extent_count; i > 1; i--) {
        gen_line(writer, "    if (version >= %u) {", type->extents[i - 1].version);
        gen_line(writer, "        return %u;\n    }", type->extents[i - 1].size);
    }
    uint32_t first = type->extent_count > 0 ? type->extents[0].version : 1;
    uint32_t size = type->extent_count > 0 ? type->extents[0].size : type->size;
    gen_line(writer, "    return version >= %u ? %u : 0;", first, size);
    gen_put(writer, "}\n\n");
}

static void emit_init(struct gen_writer *writer, const struct myc_message_type *type)
{
    gen_put(
        writer,
        "/** Sets defaults: what the contract says, else zero and absent, padding as the wire "
        "wants it. */\n"
        "static inline void $T_init(struct $T *message)\n"
        "{\n");
    gen_put(
        writer,
        type->initial != NULL
            ? "    memcpy((void *)message, $T_type.initial, sizeof(*message));\n}\n\n"
            : "    myc_zero_message(message, sizeof(*message));\n}\n\n");
}

static void emit_view(struct gen_writer *writer, const struct myc_message_type *type)
{
    bool is_completed = type->extent_count > 1;
    gen_put(
        writer,
        "/** The message in a record, in place; one of an older version that is shorter is "
        "completed with defaults in `scratch`. NULL if the record is of another type, or too short "
        "for its version. Does not validate. */\n"
        "static inline const struct $T *$T_view(const struct myc_record *record, struct $T "
        "*scratch)\n"
        "{\n"
        "    uint32_t size = $T_extent(record->version);\n"
        "    if (record->type != $C_TYPE_ID || size == 0 || record->size < size) {\n"
        "        return NULL;\n"
        "    }\n");
    gen_put(
        writer,
        is_completed ? "    if (size < $C_SIZE) {\n"
                       "        $T_init(scratch);\n"
                       "        memcpy((void *)scratch, record->payload, size);\n"
                       "        return scratch;\n"
                       "    }\n"
                     : "    (void)scratch; // all versions are as long as this one\n");
    gen_put(writer, "    return (const struct $T *)record->payload;\n}\n\n");
}

static const char declarations[] = "/** Descriptor of $N, for publishing and subscribing. */\n"
                                   "extern const struct myc_message_type $T_type;\n"
                                   "\n";

static const char validate_comment[] =
    "/** Checks bytes from outside: marks, bools, enums, counts, tags, ranges, text; what is "
    "unused "
    "is zero. Returns OK, or CORRUPT with the field, the value and the rule in the diagnostic. "
    "*/\n";

static const char validate[] =
    "MYC_MUST_USE enum myc_status $T_validate(const struct $T *message, struct myc_diagnostic "
    "*diagnostic);\n"
    "\n";

static const char inline_validate[] =
    "MYC_MUST_USE static inline enum myc_status $T_validate(const struct $T *message, struct "
    "myc_diagnostic *diagnostic)\n"
    "{\n"
    "    if (diagnostic == NULL && $T_suspect(message) == 0) {\n"
    "        return MYC_OK;\n"
    "    }\n"
    "    return $T_type.validate(message, $C_SIZE, diagnostic);\n"
    "}\n"
    "\n";

static const char checks[] =
    "/** Whether all fields are equal, by their bytes; padding does not count. */\n"
    "bool $T_equals(const struct $T *a, const struct $T *b);\n"
    "\n"
    "/** Writes the message as one line of JSON, see myc_message_print(). */\n"
    "MYC_MUST_USE static inline enum myc_status $T_print(const struct $T *message, char *buffer, "
    "size_t capacity, size_t *out_length)\n"
    "{\n"
    "    struct myc_message found = myc_message_of(&$T_type, message, $C_SIZE);\n"
    "    return myc_message_print(&found, 0, buffer, capacity, out_length);\n"
    "}\n"
    "\n";

static const char tail_checks[] =
    "/** Checks bytes from outside: marks, bools, enums, counts, tags, ranges, text, and that "
    "tails "
    "lie inside the `size` bytes that begin with `message`; what is unused is zero. Returns OK, or "
    "CORRUPT with the field, the value and the rule in the diagnostic. */\n"
    "MYC_MUST_USE enum myc_status $T_validate(const struct $T *message, size_t size, struct "
    "myc_diagnostic *diagnostic);\n"
    "\n"
    "/** Whether all fields are equal, by their bytes, and all tails as long; what tails hold and "
    "padding do not count. */\n"
    "bool $T_equals(const struct $T *a, const struct $T *b);\n"
    "\n"
    "/** Writes the message and the tails behind it, `size` bytes, as one line of JSON, see "
    "myc_message_print(). */\n"
    "MYC_MUST_USE static inline enum myc_status $T_print(const struct $T *message, size_t size, "
    "char *buffer, size_t capacity, size_t *out_length)\n"
    "{\n"
    "    struct myc_message found = myc_message_of(&$T_type, message, (uint32_t)size);\n"
    "    return myc_message_print(&found, 0, buffer, capacity, out_length);\n"
    "}\n"
    "\n";

static const char decode[] =
    "/** Copies the message out of a record, an older one completed, and checks it as its version "
    "has it. Returns: OK; MISMATCH (the record is of another type); CORRUPT. Tails stay in the "
    "record. */\n"
    "MYC_MUST_USE enum myc_status $T_decode(const struct myc_record *record, struct $T "
    "*out_message);\n"
    "\n";

// ---- Publishing ----

static const char publish[] =
    "/** Writes the message as a record: header, then its bytes. Returns: OK and the bytes "
    "written; TOO_BIG (`capacity` is below $C_SIZE + 8). */\n"
    "MYC_MUST_USE static inline enum myc_status $T_encode(const struct $T *message, void *buffer, "
    "size_t capacity, size_t *out_size)\n"
    "{\n"
    "    uint64_t word = myc_record_word($C_TYPE_ID, $C_VERSION, $C_SIZE);\n"
    "    if (capacity < sizeof(word) + $C_SIZE) {\n"
    "        return MYC_TOO_BIG;\n"
    "    }\n"
    "    memcpy(buffer, &word, sizeof(word));\n"
    "    memcpy((uint8_t *)buffer + sizeof(word), (const void *)message, $C_SIZE);\n"
    "    *out_size = sizeof(word) + $C_SIZE;\n"
    "    return MYC_OK;\n"
    "}\n"
    "\n"
    "/** Copies a message in and publishes it, see myc_publish(). */\n"
    "MYC_MUST_USE static inline enum myc_status $T_publish(struct myc_publisher *publisher, const "
    "struct $T *message)\n"
    "{\n"
    "    return myc_publish(publisher, &$T_type, message, sizeof(*message));\n"
    "}\n"
    "\n"
    "/** Claims a message, with its defaults, to fill in place, see myc_publisher_claim(). */\n"
    "MYC_MUST_USE static inline enum myc_status $T_claim(struct myc_publisher *publisher, struct "
    "$T **out_message)\n"
    "{\n"
    "    void *payload = NULL;\n"
    "    enum myc_status status;\n"
    "    status = myc_publisher_claim(publisher, &$T_type, $C_SIZE, &payload);\n"
    "    if (status == MYC_OK) {\n"
    "        *out_message = (struct $T *)payload;\n"
    "        $T_init(*out_message);\n"
    "    }\n"
    "    return status;\n"
    "}\n"
    "\n"
    "/** Publishes the claimed message, see myc_publisher_commit(). */\n"
    "static inline enum myc_status $T_commit(struct myc_publisher *publisher)\n"
    "{\n"
    "    return myc_publisher_commit(publisher, $C_SIZE);\n"
    "}\n"
    "\n"
    "/** Copies a message into a raw ring, see myc_ring_publish(). */\n"
    "MYC_MUST_USE static inline enum myc_status $T_ring_publish(struct myc_ring_writer *writer, "
    "const struct $T *message)\n"
    "{\n"
    "    return myc_ring_publish(writer, $C_TYPE_ID, $C_VERSION, message, sizeof(*message));\n"
    "}\n"
    "\n";

static const char relay[] =
    "/** Publishes a received $N as it is, with what a newer version appended, see myc_relay(). "
    "Returns: as that; INVALID (the record is of another type). */\n"
    "MYC_MUST_USE static inline enum myc_status $T_forward(struct myc_publisher *publisher, const "
    "struct myc_record *record)\n"
    "{\n"
    "    return record->type == $C_TYPE_ID ? myc_relay(publisher, record) : MYC_INVALID;\n"
    "}\n"
    "\n";

// ---- Handling ----

// The handler is stored as a function of another type and called as what it is: the macro lets only
// the right type in, and the caller casts back before it calls.
static const char handler[] =
    "/** Handles the message, see myc_handler_fn. */\n"
    "typedef void $T_handler_fn(struct myc_context *context, const struct $T *message, const "
    "struct myc_record *record);\n"
    "\n"
    "/** What $C_HANDLER() calls its function with. */\n"
    "static inline void $T_call(myc_handler_fn *handle, struct myc_context *context, const void "
    "*message, const struct myc_record *record)\n"
    "{\n"
    "    $T_handler_fn *typed = ($T_handler_fn *)handle;\n"
    "    typed(context, (const struct $T *)message, record);\n"
    "}\n"
    "\n"
    "/** Initializer of a struct myc_handler; the function must be a $T_handler_fn. */\n"
    "#ifdef __cplusplus\n"
    "#define $C_HANDLER(function) \\\n"
    "    {&$T_type, \\\n"
    "     reinterpret_cast<myc_handler_fn *>( \\\n"
    "         static_cast<$T_handler_fn *>(function)), \\\n"
    "     $T_call}\n"
    "#else\n"
    "#define $C_HANDLER(function) \\\n"
    "    {&$T_type, \\\n"
    "     (myc_handler_fn *)_Generic((function), $T_handler_fn *: (function)), \\\n"
    "     $T_call}\n"
    "#endif\n"
    "\n"
    "/** One $N for a queue or a mailbox: its type id, so that whoever takes it out knows what it "
    "is, and the message. */\n"
    "struct $T_parcel {\n"
    "    uint64_t type; /* $C_TYPE_ID */\n"
    "    struct $T message;\n"
    "};\n"
    "\n";

void gen_emit_message(struct gen_writer *writer, const struct gen_holder *holder)
{
    const struct myc_message_type *type = holder->message;
    bool has_tail = gen_first_tail(type) != NULL;
    gen_set_holder(writer, holder);
    gen_line(writer, "/* ---- %s, topic %s ---- */\n", type->name, type->topic);
    gen_emit_struct(writer, holder);
    emit_constants(writer, holder);
    gen_put(writer, declarations);
    emit_init(writer, type);
    emit_extent(writer, type);
    emit_view(writer, type);
    gen_emit_accessors(writer, holder);
    gen_emit_tail_access(writer, holder);
    bool is_inline = gen_is_inline_check(holder);
    if (is_inline) {
        gen_emit_check(writer, holder);
    }
    if (!has_tail) {
        gen_put(writer, validate_comment);
        gen_put(writer, is_inline ? inline_validate : validate);
    }
    gen_put(writer, has_tail ? tail_checks : checks);
    gen_put(writer, decode);
    if (has_tail) {
        gen_emit_tail_publish(writer, holder);
    } else {
        gen_put(writer, publish);
    }
    gen_put(writer, relay);
    gen_emit_claim_copy(writer, holder);
    gen_put(writer, handler);
}
