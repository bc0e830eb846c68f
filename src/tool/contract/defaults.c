// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Default values, written into the bytes that a message or struct begins with.
#include <string.h>

#include "schema/field.h"
#include "tool/contract/reader.h"

// A field that gets a default.
struct target {
    struct reader *reader;
    const struct myc_field *field;
    uint8_t *image;
};

static bool refuse(const struct target *target, const yaml_node_t *node, const char *advice)
{
    return reader_error(
        target->reader,
        node,
        "BAD_DEFAULT",
        "bad default of field '%s': %s",
        target->field->name,
        advice);
}

static bool breaks(const struct target *target, const yaml_node_t *node, const char *rule)
{
    return reader_error(
        target->reader,
        node,
        "DEFAULT_BREAKS_RULE",
        "the default of field '%s' breaks its own rule '%s': correct one",
        target->field->name,
        rule);
}

static void write_u32(uint8_t *bytes, uint32_t number)
{
    for (uint32_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(number >> (8 * i));
    }
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

// ---- Bytes ----

static int nibble_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Reads "0x" and pairs of digits, at most `capacity` bytes; false after an error.
static bool read_hex(
    const struct target *target,
    const yaml_node_t *node,
    uint8_t *bytes,
    size_t capacity,
    size_t *out_size)
{
    static const char advice[] = "write bytes as '0x' and two hexadecimal digits each";
    size_t len = 0;
    const char *text = reader_text(target->reader, node, "a default", &len);
    if (text == NULL) {
        return false;
    }
    if (len < 2 || text[0] != '0' || (text[1] != 'x' && text[1] != 'X') || len % 2 != 0) {
        return refuse(target, node, advice);
    }
    size_t size = len / 2 - 1;
    if (size > capacity) {
        return refuse(target, node, "it is longer than the type");
    }
    for (size_t i = 0; i < size; i++) {
        int high = nibble_of(text[2 + 2 * i]);
        int low = nibble_of(text[3 + 2 * i]);
        if (high < 0 || low < 0) {
            return refuse(target, node, advice);
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    *out_size = size;
    return true;
}

static bool
read_fixed_hex(const struct target *target, const yaml_node_t *node, uint8_t *bytes, size_t size)
{
    size_t found = 0;
    if (!read_hex(target, node, bytes, size, &found)) {
        return false;
    }
    return found == size
           || refuse(target, node, "it must have as many bytes as the type, no fewer");
}

// ---- Elements ----

static bool read_enum_value(const struct target *target, const yaml_node_t *node, uint8_t *bytes)
{
    size_t len = 0;
    const struct myc_enum *type = target->field->enumeration;
    const char *text = reader_text(target->reader, node, "a default", &len);
    struct suggestion suggestion;
    if (text == NULL) {
        return false;
    }
    suggestion_init(&suggestion, text, len);
    for (uint32_t i = 0; i < type->value_count; i++) {
        const char *name = type->values[i].name;
        if (strlen(name) == len && memcmp(name, text, len) == 0) {
            write_u32(bytes, type->values[i].value);
            return true;
        }
        suggestion_offer(&suggestion, name);
    }
    return reader_error(
        target->reader,
        node,
        "BAD_DEFAULT",
        "bad default of field '%s': enum '%s' has no value '%s'%s",
        target->field->name,
        type->name,
        reader_quote(target->reader, text, len),
        suggestion_text(target->reader, &suggestion));
}

static bool read_bool(const struct target *target, const yaml_node_t *node, uint8_t *bytes)
{
    size_t len = 0;
    const char *text = reader_text(target->reader, node, "a default", &len);
    if (text == NULL) {
        return false;
    }
    bool is_true = len == 4 && memcmp(text, "true", 4) == 0;
    if (!is_true && !(len == 5 && memcmp(text, "false", 5) == 0)) {
        return refuse(target, node, "write true or false");
    }
    bytes[0] = is_true ? 1 : 0;
    return true;
}

static bool read_number(const struct target *target, const yaml_node_t *node, uint8_t *bytes)
{
    size_t len = 0;
    struct myc_number number;
    const struct myc_field *field = target->field;
    const char *text = reader_text(target->reader, node, "a default", &len);
    if (text == NULL) {
        return false;
    }
    const char *fault = number_read(field->kind, text, len, &number);
    if (fault != NULL) {
        return reader_error(
            target->reader,
            node,
            "BAD_DEFAULT",
            "bad default of field '%s': '%s' must be %s",
            field->name,
            reader_quote(target->reader, text, len),
            fault);
    }
    if (field->min != NULL && number_compare(field->kind, &number, field->min) < 0) {
        return breaks(target, node, "min");
    }
    if (field->max != NULL && number_compare(field->kind, &number, field->max) > 0) {
        return breaks(target, node, "max");
    }
    number_write(field->kind, &number, bytes);
    return true;
}

static bool read_element(const struct target *target, const yaml_node_t *node, uint8_t *bytes)
{
    const struct myc_field *field = target->field;
    if (field->inner > 0) {
        return read_fixed_hex(target, node, bytes, field->inner);
    }
    if (field->kind == MYC_KIND_ENUM) {
        return read_enum_value(target, node, bytes);
    }
    return field->kind == MYC_KIND_BOOL ? read_bool(target, node, bytes)
                                        : read_number(target, node, bytes);
}

// ---- Shapes ----

static bool check_length(const struct target *target, const yaml_node_t *node, size_t length)
{
    const struct myc_field *field = target->field;
    if (length < field->length_min) {
        return breaks(target, node, field->length_min == 1 ? "not_empty" : "min_length");
    }
    return length <= field->length_max || breaks(target, node, "max_length");
}

static bool read_list(const struct target *target, const yaml_node_t *node)
{
    const struct myc_field *field = target->field;
    bool is_vector = field->shape == MYC_SHAPE_VECTOR;
    uint32_t size = myc__schema_element_size(field);
    if (node->type != YAML_SEQUENCE_NODE) {
        return refuse(target, node, "write a list, as in [1, 2]");
    }
    size_t count = reader_item_count(node);
    if (count > field->count || (!is_vector && count != field->count)) {
        return refuse(
            target,
            node,
            is_vector ? "it has more elements than the type"
                      : "it must have as many elements as "
                        "the type");
    }
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = reader_item_at(target->reader, node, i);
        uint8_t *bytes = target->image + field->offset + i * size;
        is_good = read_element(target, item, bytes) && is_good;
    }
    if (!is_good || !is_vector) {
        return is_good;
    }
    write_u32(target->image + field->counter, (uint32_t)count);
    return check_length(target, node, count);
}

static bool read_string(const struct target *target, const yaml_node_t *node)
{
    size_t len = 0;
    const struct myc_field *field = target->field;
    const char *text = reader_text(target->reader, node, "a default", &len);
    if (text == NULL) {
        return false;
    }
    if (len > field->count) {
        return refuse(target, node, "it is longer than the type");
    }
    for (size_t i = 0; i < len && (field->flags & MYC_FIELD_ASCII) != 0; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            return breaks(target, node, "ascii");
        }
    }
    memcpy(target->image + field->offset, text, len);
    write_u32(target->image + field->counter, (uint32_t)len);
    return check_length(target, node, len);
}

static bool read_vector_bytes(const struct target *target, const yaml_node_t *node)
{
    size_t size = 0;
    const struct myc_field *field = target->field;
    if (!read_hex(target, node, target->image + field->offset, field->count, &size)) {
        return false;
    }
    write_u32(target->image + field->counter, (uint32_t)size);
    return check_length(target, node, size);
}

static bool read_value(const struct target *target, const yaml_node_t *node)
{
    const struct myc_field *field = target->field;
    bool is_bytes =
        field->kind == MYC_KIND_U8 && field->inner == 0 && node->type != YAML_SEQUENCE_NODE;
    if (field->shape == MYC_SHAPE_STRING) {
        return read_string(target, node);
    }
    if (field->shape == MYC_SHAPE_VECTOR) {
        return is_bytes ? read_vector_bytes(target, node) : read_list(target, node);
    }
    uint8_t *bytes = target->image + field->offset;
    bool is_read = false;
    if (field->shape == MYC_SHAPE_ONE) {
        is_read = read_element(target, node, bytes);
    } else {
        is_read =
            is_bytes ? read_fixed_hex(target, node, bytes, field->size) : read_list(target, node);
    }
    if (is_read && (field->flags & MYC_FIELD_NONZERO) != 0 && is_zero(bytes, field->size)) {
        return breaks(target, node, "nonzero");
    }
    return is_read;
}

static bool is_possible(const struct target *target, const yaml_node_t *node)
{
    const struct myc_field *field = target->field;
    const char *reason = NULL;
    if ((field->flags & MYC_FIELD_OPTIONAL) != 0) {
        reason = "an optional field is absent by default; remove one of both";
    } else if (field->kind == MYC_KIND_STRUCT) {
        reason = "give the fields of the struct their defaults";
    } else if (field->kind == MYC_KIND_UNION) {
        reason = "a union begins with no variant";
    } else if (myc__schema_is_tail(field->shape)) {
        reason = "a tail begins empty";
    }
    return reason == NULL
           || reader_error(
               target->reader,
               node,
               "DEFAULT_NOT_ALLOWED",
               "field '%s' cannot have a default: %s",
               field->name,
               reason);
}

const void *
reader_read_defaults(struct reader *reader, const struct reader_fields *body, uint32_t size)
{
    bool is_needed = false;
    for (uint32_t i = 0; i < body->count; i++) {
        const struct myc_field *field = &body->fields[i];
        is_needed = is_needed || body->sources[i].default_value != NULL
                    || (field->structure != NULL && field->structure->initial != NULL);
    }
    if (!is_needed) {
        return NULL;
    }
    reader->image_bytes += size;
    if (reader->image_bytes > READER_IMAGE_BYTES_MAX) {
        reader_error(
            reader,
            body->sources[0].key,
            "TOO_BIG",
            "messages and structs with defaults take more than %d bytes in all: split the contract",
            READER_IMAGE_BYTES_MAX);
        return NULL;
    }
    struct target target = {.reader = reader};
    target.image = contract_arena_take(reader->arena, size, 1);
    (void)myc__schema_fill_structs(body->fields, body->count, target.image);
    for (uint32_t i = 0; i < body->count; i++) {
        const yaml_node_t *node = body->sources[i].default_value;
        target.field = &body->fields[i];
        if (node != NULL && !body->sources[i].is_broken && is_possible(&target, node)) {
            (void)read_value(&target, node);
        }
    }
    return is_zero(target.image, size) ? NULL : target.image;
}
