// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Writing the canonical form: each line goes into a buffer, into a digest, or both.
#include "schema/canonical.h"

#include <string.h>

#include "core/sha256.h"
#include "core/text.h"
#include "schema/field.h"

// The longest line of bounded length: a keyword, three names of 63 and four numbers.
enum { LINE_BYTES = 320, HEX_CHUNK_BYTES = 128 };

_Static_assert((int)MYC__SHA256_BYTES == (int)MYC_DIGEST_BYTES, "a contract's digest is a SHA-256");

struct sink {
    char *buffer;
    size_t capacity; // without the terminator
    size_t size;     // of everything, also of what did not fit
    struct myc__sha256 sha;
};

static void sink_init(struct sink *sink, char *buffer, size_t capacity)
{
    sink->buffer = buffer;
    sink->capacity = capacity > 0 ? capacity - 1 : 0;
    sink->size = 0;
    myc__sha256_init(&sink->sha);
}

static void put(struct sink *sink, const char *bytes, size_t len)
{
    if (sink->size < sink->capacity) {
        size_t room = sink->capacity - sink->size;
        memcpy(sink->buffer + sink->size, bytes, len < room ? len : room);
    }
    sink->size += len;
    myc__sha256_update(&sink->sha, bytes, len);
}

static void put_line(struct sink *sink, struct myc__text *line)
{
    myc__text_string(line, "\n");
    put(sink, line->data, line->len);
}

static void put_word(struct sink *sink, const char *word)
{
    put(sink, word, strlen(word));
}

static void append_word(struct myc__text *line, const char *word)
{
    myc__text_string(line, " ");
    myc__text_string(line, word);
}

static void append_number(struct myc__text *line, uint64_t number)
{
    myc__text_string(line, " ");
    myc__text_u64(line, number);
}

static void put_hex(struct sink *sink, const uint8_t *bytes, size_t size)
{
    char buffer[2 * HEX_CHUNK_BYTES + 1];
    for (size_t at = 0; at < size; at += HEX_CHUNK_BYTES) {
        struct myc__text text;
        size_t left = size - at;
        myc__text_init(&text, buffer, sizeof(buffer));
        myc__text_hex(&text, bytes + at, left < HEX_CHUNK_BYTES ? left : HEX_CHUNK_BYTES);
        put(sink, text.data, text.len);
    }
}

// Hexadecimal without leading zeros.
static void put_limit(struct sink *sink, const char *rule, const struct myc_number *number)
{
    static const char nibbles[] = "0123456789abcdef";
    char digits[sizeof(number->limb) * 2];
    size_t count = 0;
    for (size_t i = 0; i < sizeof(digits); i++) {
        size_t shift = 60 - 4 * (i % 16);
        uint64_t nibble = (number->limb[3 - i / 16] >> shift) & 15;
        if (count > 0 || nibble > 0 || i + 1 == sizeof(digits)) {
            digits[count++] = nibbles[nibble];
        }
    }
    put_word(sink, rule);
    put_word(sink, " 0x");
    put(sink, digits, count);
    put_word(sink, "\n");
}

static uint32_t read_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16
           | (uint32_t)bytes[3] << 24;
}

// An image that is missing is all zero; so a default that is zero has the bytes it would have.
static void put_default(struct sink *sink, const struct myc_field *field, const uint8_t *initial)
{
    static const uint8_t zeros[HEX_CHUNK_BYTES] = {0};
    size_t size = field->size;
    put_word(sink, "default ");
    if (field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING) {
        uint32_t count = initial != NULL ? read_u32(initial + field->counter) : 0;
        count = count <= field->count ? count : field->count;
        size = (size_t)count * myc__schema_element_size(field);
    }
    if (initial != NULL) {
        put_hex(sink, initial + field->offset, size);
    } else {
        for (size_t at = 0; at < size; at += sizeof(zeros)) {
            put_hex(sink, zeros, size - at < sizeof(zeros) ? size - at : sizeof(zeros));
        }
    }
    put_word(sink, size == 0 ? "-\n" : "\n");
}

static void put_length(struct sink *sink, const struct myc_field *field)
{
    struct myc_field plain = *field;
    bool is_tail = myc__schema_is_tail(field->shape);
    plain.length_min = 0;
    plain.length_max = is_tail ? UINT32_MAX : field->count;
    bool is_counted =
        is_tail || field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING;
    if (is_counted
        && (field->length_min != plain.length_min || field->length_max != plain.length_max)) {
        char buffer[LINE_BYTES];
        struct myc__text line;
        myc__text_init(&line, buffer, sizeof(buffer));
        myc__text_string(&line, "length");
        append_number(&line, field->length_min);
        append_number(&line, field->length_max);
        put_line(sink, &line);
    }
}

static void put_field(struct sink *sink, const struct myc_field *field, const uint8_t *initial)
{
    char buffer[LINE_BYTES];
    struct myc__text line;
    myc__text_init(&line, buffer, sizeof(buffer));
    myc__text_string(&line, "field");
    append_word(&line, field->name);
    append_number(&line, field->since);
    append_number(&line, field->offset);
    myc__text_string(&line, " ");
    myc__schema_spell(field, &line);
    put_line(sink, &line);
    if ((field->flags & MYC_FIELD_DEFAULT) != 0) {
        put_default(sink, field, initial);
    }
    if (field->min != NULL) {
        put_limit(sink, "min", field->min);
    }
    if (field->max != NULL) {
        put_limit(sink, "max", field->max);
    }
    put_length(sink, field);
    put_word(sink, (field->flags & MYC_FIELD_FINITE) != 0 ? "finite\n" : "");
    put_word(sink, (field->flags & MYC_FIELD_NONZERO) != 0 ? "nonzero\n" : "");
    put_word(sink, (field->flags & MYC_FIELD_ASCII) != 0 ? "ascii\n" : "");
}

static void put_enum(struct sink *sink, const struct myc_enum *type)
{
    char buffer[LINE_BYTES];
    struct myc__text line;
    myc__text_init(&line, buffer, sizeof(buffer));
    myc__text_string(&line, "enum");
    append_word(&line, type->name);
    append_word(&line, type->is_open != 0 ? "open" : "closed");
    put_line(sink, &line);
    for (uint32_t i = 0; i < type->value_count; i++) {
        myc__text_init(&line, buffer, sizeof(buffer));
        myc__text_string(&line, "value");
        append_word(&line, type->values[i].name);
        append_number(&line, type->values[i].value);
        put_line(sink, &line);
    }
}

static void put_struct(struct sink *sink, const struct myc_struct *type)
{
    char buffer[LINE_BYTES];
    struct myc__text line;
    myc__text_init(&line, buffer, sizeof(buffer));
    myc__text_string(&line, "struct");
    append_word(&line, type->name);
    append_number(&line, type->size);
    put_line(sink, &line);
    for (uint32_t i = 0; i < type->field_count; i++) {
        put_field(sink, &type->fields[i], type->initial);
    }
}

static void put_union(struct sink *sink, const struct myc_union *type)
{
    char buffer[LINE_BYTES];
    struct myc__text line;
    myc__text_init(&line, buffer, sizeof(buffer));
    myc__text_string(&line, "union");
    append_word(&line, type->name);
    append_number(&line, type->size);
    put_line(sink, &line);
    for (uint32_t i = 0; i < type->variant_count; i++) {
        const struct myc_variant *variant = &type->variants[i];
        myc__text_init(&line, buffer, sizeof(buffer));
        myc__text_string(&line, "variant");
        append_word(&line, variant->name);
        append_number(&line, variant->tag);
        if (variant->structure != NULL) {
            append_word(&line, variant->structure->name);
        }
        put_line(sink, &line);
    }
}

static void put_types(struct sink *sink, const struct myc__schema_types *types)
{
    for (uint32_t i = 0; i < types->enum_count; i++) {
        put_enum(sink, types->enums[i]);
    }
    for (uint32_t i = 0; i < types->struct_count; i++) {
        put_struct(sink, types->structs[i]);
    }
    for (uint32_t i = 0; i < types->union_count; i++) {
        put_union(sink, types->unions[i]);
    }
}

static void put_message(struct sink *sink, const struct myc_message_type *message)
{
    char buffer[LINE_BYTES];
    struct myc__text line;
    myc__text_init(&line, buffer, sizeof(buffer));
    myc__text_string(&line, "message");
    append_word(&line, message->name);
    append_number(&line, message->id);
    append_number(&line, message->version);
    append_word(&line, message->topic);
    append_number(&line, message->size);
    put_line(sink, &line);
    for (uint32_t i = 0; i < message->prior_count; i++) {
        myc__text_init(&line, buffer, sizeof(buffer));
        myc__text_string(&line, "prior");
        append_number(&line, message->priors[i]);
        put_line(sink, &line);
    }
    for (uint32_t i = 0; i < message->extent_count; i++) {
        myc__text_init(&line, buffer, sizeof(buffer));
        myc__text_string(&line, "extent");
        append_number(&line, message->extents[i].version);
        append_number(&line, message->extents[i].size);
        put_line(sink, &line);
    }
    for (uint32_t i = 0; i < message->field_count; i++) {
        put_field(sink, &message->fields[i], message->initial);
    }
}

// The message with the smallest id above `floor`, or NULL.
static const struct myc_message_type *
next_message(const struct myc_contract *contract, uint32_t floor)
{
    const struct myc_message_type *next = NULL;
    for (uint32_t i = 0; i < contract->message_count; i++) {
        const struct myc_message_type *message = contract->messages[i];
        if (message->id > floor && (next == NULL || message->id < next->id)) {
            next = message;
        }
    }
    return next;
}

static enum myc_status put_contract(
    struct sink *sink, const struct myc_contract *contract, struct myc__schema_types *types)
{
    enum myc_status status =
        myc__schema_collect(contract->messages, contract->message_count, types);
    if (status != MYC_OK) {
        return status;
    }
    char buffer[LINE_BYTES];
    struct myc__text line;
    put_word(sink, "mycelium contract 2\n");
    myc__text_init(&line, buffer, sizeof(buffer));
    myc__text_string(&line, "contract");
    append_word(&line, contract->name);
    append_number(&line, contract->id);
    append_number(&line, contract->version);
    append_number(&line, contract->min_compatible);
    put_line(sink, &line);
    put_types(sink, types);
    const struct myc_message_type *message = next_message(contract, 0);
    while (message != NULL) {
        put_message(sink, message);
        message = next_message(contract, message->id);
    }
    return MYC_OK;
}

enum myc_status myc__schema_write_canonical(
    const struct myc_contract *contract,
    struct myc__schema_types *types,
    char *buffer,
    size_t capacity,
    size_t *out_size)
{
    struct sink sink;
    sink_init(&sink, buffer, capacity);
    enum myc_status status = put_contract(&sink, contract, types);
    if (status == MYC_OK) {
        if (capacity > 0) {
            buffer[sink.size < sink.capacity ? sink.size : sink.capacity] = '\0';
        }
        *out_size = sink.size;
    }
    return status;
}

enum myc_status myc__schema_canonical_digest(
    const struct myc_contract *contract,
    struct myc__schema_types *types,
    uint8_t out_digest[MYC_DIGEST_BYTES])
{
    struct sink sink;
    sink_init(&sink, NULL, 0);
    enum myc_status status = put_contract(&sink, contract, types);
    if (status == MYC_OK) {
        myc__sha256_final(&sink.sha, out_digest);
    }
    return status;
}

enum myc_status myc__schema_fingerprint(
    const struct myc_message_type *message,
    struct myc__schema_types *types,
    uint8_t out_fingerprint[MYC_DIGEST_BYTES])
{
    struct sink sink;
    sink_init(&sink, NULL, 0);
    enum myc_status status = myc__schema_collect(&message, 1, types);
    if (status == MYC_OK) {
        put_message(&sink, message);
        put_types(&sink, types);
        myc__sha256_final(&sink.sha, out_fingerprint);
    }
    return status;
}
