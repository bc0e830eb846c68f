// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Publishing what is more than a struct: messages with tails, and copies of received messages that
// keep what a newer version appended. All of it is inline: a program that only decodes needs no
// bus.
#include "tool/gen/emit.h"

// ---- Copies to change ----

static const char claim_copy[] =
    "/** Claims a copy of a received $N to change; publish it with myc_publisher_commit() and "
    "`out_size`. Bytes that a newer version appended stay, and tails; an older one is completed. "
    "Returns: as myc_publisher_claim_raw(); INVALID (the record is of another type); CORRUPT (too "
    "short for its version). */\n"
    "MYC_MUST_USE static inline enum myc_status $T_claim_copy(struct myc_publisher *publisher, "
    "const struct myc_record "
    "*record, struct $T **out_message, size_t *out_size)\n"
    "{\n"
    "    uint32_t size = $T_extent(record->version);\n"
    "    uint16_t version = $C_VERSION;\n"
    "    void *payload = NULL;\n"
    "    if (record->type != $C_TYPE_ID) {\n"
    "        return MYC_INVALID;\n"
    "    }\n"
    "    if (size == 0 || record->size < size) {\n"
    "        return MYC_CORRUPT;\n"
    "    }\n"
    "    if (record->version > version) {\n"
    "        version = record->version;\n"
    "    }\n";

// What stands behind the fixed part moves with it.
static const char claim_copy_all[] =
    "    size_t total = (size_t)$C_SIZE + (record->size - size);\n"
    "    enum myc_status status;\n"
    "    status = myc_publisher_claim_raw(publisher, $C_TYPE_ID, version, total, &payload);\n"
    "    if (status != MYC_OK) {\n"
    "        return status;\n"
    "    }\n"
    "    struct $T *message = (struct $T *)payload;\n";

static const char claim_copy_completed[] = "    if (size < $C_SIZE) {\n"
                                           "        $T_init(message);\n"
                                           "    }\n"
                                           "    memcpy(payload, record->payload, size);\n"
                                           "    memcpy((uint8_t *)payload + $C_SIZE, (const "
                                           "uint8_t *)record->payload + size, record->size - "
                                           "size);\n";

void gen_emit_claim_copy(struct gen_writer *writer, const struct gen_holder *holder)
{
    bool is_completed = holder->message->extent_count > 1;
    gen_put(writer, claim_copy);
    gen_put(writer, claim_copy_all);
    gen_put(
        writer,
        is_completed ? claim_copy_completed
                     : "    memcpy(payload, record->payload, record->size);\n");
    for (uint32_t i = 0; i < holder->field_count && is_completed; i++) {
        if (gen_is_tail(&holder->fields[i])) {
            gen_set(writer, 'f', holder->fields[i].name);
            gen_put(
                writer,
                "    if (myc_le_u32(message->$f.offset) >= size) {\n"
                "        uint32_t offset = myc_le_u32(message->$f.offset) + $C_SIZE - size;\n"
                "        message->$f.offset = myc_le_u32(offset);\n"
                "    }\n");
        }
    }
    gen_put(
        writer,
        "    *out_message = message;\n"
        "    *out_size = total;\n"
        "    return MYC_OK;\n"
        "}\n"
        "\n");
}

// ---- Tails ----

static const char tail_placing[] = "/** What the tails of a message hold. Data that is NULL leaves "
                                   "room, zeroed, to fill in place. "
                                   "*/\n"
                                   "struct $T_tails {\n";

static const char tail_place_begin[] =
    "/** Writes into `message` where tails of those sizes lie. Returns the payload's bytes, which "
    "may be more than a record can have. */\n"
    "static inline uint64_t $T_place(struct $T *message, const struct $T_tails *tails)\n"
    "{\n"
    "    uint64_t end = $C_SIZE;\n";

static const char tail_place_one[] =
    "    message->$f.offset = myc_le_u32(tails->$f.size > 0 ? (uint32_t)end : 0);\n"
    "    message->$f.size = myc_le_u32((uint32_t)tails->$f.size);\n"
    "    end += myc_round_up_8(tails->$f.size);\n";

static const char fill_one[] = "    at = myc_tail_put(at, tails->$f.data, tails->$f.size);\n";

static const char size_one[] =
    "    end = myc_le_u32(message->$f.offset) + myc_round_up_8(myc_le_u32(message->$f.size));\n"
    "    size = end > size ? end : size;\n";

static const char tail_functions[] =
    "/** Writes the message as a record: header, its bytes, its tails. Returns: OK and the bytes "
    "written; TOO_BIG (`capacity` is too small). */\n"
    "MYC_MUST_USE static inline enum myc_status $T_encode(const struct $T *message, const struct "
    "$T_tails *tails, void "
    "*buffer, size_t capacity, size_t *out_size)\n"
    "{\n"
    "    struct $T head = *message;\n"
    "    uint64_t size = $T_place(&head, tails);\n"
    "    uint64_t word = myc_record_word($C_TYPE_ID, $C_VERSION, (uint32_t)size);\n"
    "    if (size > UINT32_MAX || capacity < sizeof(word) + size) {\n"
    "        return MYC_TOO_BIG;\n"
    "    }\n"
    "    memcpy(buffer, &word, sizeof(word));\n"
    "    $T_fill((uint8_t *)buffer + sizeof(word), &head, tails);\n"
    "    *out_size = sizeof(word) + (size_t)size;\n"
    "    return MYC_OK;\n"
    "}\n"
    "\n"
    "/** Copies a message and its tails in and publishes them, see myc_publish(). What `message` "
    "says of tails does not matter. */\n"
    "MYC_MUST_USE static inline enum myc_status $T_publish(struct myc_publisher *publisher, const "
    "struct $T *message, const "
    "struct $T_tails *tails)\n"
    "{\n"
    "    struct $T head = *message;\n"
    "    uint64_t size = $T_place(&head, tails);\n"
    "    void *payload = NULL;\n"
    "    enum myc_status status = MYC_TOO_BIG;\n"
    "    if (size <= UINT32_MAX) {\n"
    "        status = myc_publisher_claim(publisher, &$T_type, (size_t)size, &payload);\n"
    "    }\n"
    "    if (status != MYC_OK) {\n"
    "        return status;\n"
    "    }\n"
    "    $T_fill(payload, &head, tails);\n"
    "    return myc_publisher_commit(publisher, (size_t)size);\n"
    "}\n"
    "\n"
    "/** Claims a message, with its defaults, and tails of those sizes to fill in place, see "
    "myc_publisher_claim() and the functions ..._edit_FIELD(). */\n"
    "MYC_MUST_USE static inline enum myc_status $T_claim(struct myc_publisher *publisher, const "
    "struct $T_tails *tails, "
    "struct $T **out_message)\n"
    "{\n"
    "    struct $T head;\n"
    "    $T_init(&head);\n"
    "    uint64_t size = $T_place(&head, tails);\n"
    "    void *payload = NULL;\n"
    "    enum myc_status status = MYC_TOO_BIG;\n"
    "    if (size <= UINT32_MAX) {\n"
    "        status = myc_publisher_claim(publisher, &$T_type, (size_t)size, &payload);\n"
    "    }\n"
    "    if (status == MYC_OK) {\n"
    "        $T_fill(payload, &head, tails);\n"
    "        *out_message = (struct $T *)payload;\n"
    "    }\n"
    "    return status;\n"
    "}\n"
    "\n"
    "/** Copies a message and its tails into a raw ring. Returns: as myc_ring_publish(). */\n"
    "MYC_MUST_USE static inline enum myc_status $T_ring_publish(struct myc_ring_writer *writer, "
    "const struct $T *message, "
    "const struct $T_tails *tails)\n"
    "{\n"
    "    struct $T head = *message;\n"
    "    uint64_t size = $T_place(&head, tails);\n"
    "    if (size > UINT32_MAX) {\n"
    "        return MYC_TOO_BIG;\n"
    "    }\n"
    "    void *payload = myc_ring_claim(writer, (size_t)size);\n"
    "    if (payload == NULL) {\n"
    "        return size > myc_ring_payload_max(writer) ? MYC_TOO_BIG : MYC_FULL;\n"
    "    }\n"
    "    $T_fill(payload, &head, tails);\n"
    "    myc_ring_commit(writer, $C_TYPE_ID, $C_VERSION, (size_t)size);\n"
    "    return MYC_OK;\n"
    "}\n"
    "\n";

static const char tail_commit[] =
    "/** Publishes the claimed message, see myc_publisher_commit(). */\n"
    "static inline enum myc_status $T_commit(struct myc_publisher *publisher, const struct $T "
    "*message)\n"
    "{\n"
    "    return myc_publisher_commit(publisher, $T_payload_size(message));\n"
    "}\n"
    "\n";

static void
emit_each_tail(struct gen_writer *writer, const struct gen_holder *holder, const char *text)
{
    for (uint32_t i = 0; i < holder->field_count; i++) {
        if (gen_is_tail(&holder->fields[i])) {
            gen_set(writer, 'f', holder->fields[i].name);
            gen_put(writer, text);
        }
    }
}

static void emit_tail_functions(struct gen_writer *writer, const struct gen_holder *holder)
{
    gen_put(
        writer,
        "/** Writes message, with its tails' places, and tails; `payload` has the bytes that "
        "$T_place() "
        "says. */\n"
        "static inline void $T_fill(void *payload, const struct $T *message, const struct $T_tails "
        "*tails)\n"
        "{\n"
        "    uint8_t *at = (uint8_t *)payload + $C_SIZE;\n"
        "    memcpy(payload, message, $C_SIZE);\n");
    emit_each_tail(writer, holder, fill_one);
    gen_put(
        writer,
        "    (void)at; // where the payload ends\n"
        "}\n"
        "\n"
        "/** Bytes of a payload that begins with `message`. */\n"
        "static inline size_t $T_payload_size(const struct $T *message)\n"
        "{\n"
        "    uint64_t size = $C_SIZE;\n"
        "    uint64_t end = 0;\n");
    emit_each_tail(writer, holder, size_one);
    gen_put(writer, "    return (size_t)size;\n}\n\n");
    gen_put(writer, tail_functions);
    gen_put(writer, tail_commit);
}

void gen_emit_tail_publish(struct gen_writer *writer, const struct gen_holder *holder)
{
    gen_put(writer, tail_placing);
    for (uint32_t i = 0; i < holder->field_count; i++) {
        if (gen_is_tail(&holder->fields[i])) {
            gen_line(writer, "    struct myc_const_span %s;", holder->fields[i].name);
        }
    }
    gen_put(writer, "};\n\n");
    gen_put(writer, tail_place_begin);
    for (uint32_t i = 0; i < holder->field_count; i++) {
        if (gen_is_tail(&holder->fields[i])) {
            gen_set(writer, 'f', holder->fields[i].name);
            gen_put(writer, tail_place_one);
        }
    }
    gen_put(writer, "    return end;\n}\n\n");
    emit_tail_functions(writer, holder);
}
