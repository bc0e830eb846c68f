// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Single values: text, whole numbers, flags, descriptions, and lists of what is reserved.
#include <string.h>

#include "schema/name.h"
#include "tool/contract/reader.h"

const char *
reader_text(struct reader *reader, const yaml_node_t *node, const char *what, size_t *out_len)
{
    if (node->type != YAML_SCALAR_NODE) {
        reader_error(reader, node, "NOT_A_VALUE", "%s must be a single value", what);
        return NULL;
    }
    *out_len = node->data.scalar.length;
    return (const char *)node->data.scalar.value;
}

// ---- Numbers ----

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

// Reads digits until the end of the text; false when it is no number or exceeds `max`.
static bool parse_number(const char *text, size_t len, uint64_t max, uint64_t *out_number)
{
    uint64_t base = 10;
    if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
        len -= 2;
    } else if (len > 1 && text[0] == '0') {
        return false; // 010 is ten to some readers of YAML and eight to others
    }
    uint64_t number = 0;
    for (size_t i = 0; i < len; i++) {
        uint64_t digit = (uint64_t)digit_value(text[i]);
        if (digit >= base || digit > max || number > (max - digit) / base) {
            return false;
        }
        number = number * base + digit;
    }
    *out_number = number;
    return len > 0;
}

bool reader_number(
    struct reader *reader,
    const yaml_node_t *node,
    const char *what,
    uint64_t min,
    uint64_t max,
    uint64_t *out_number)
{
    size_t len = 0;
    uint64_t number = 0;
    const char *text = reader_text(reader, node, what, &len);
    if (text == NULL) {
        return false;
    }
    if (!parse_number(text, len, max, &number) || number < min) {
        return reader_error(
            reader,
            node,
            "BAD_NUMBER",
            "%s must be a number from %llu to %llu, not '%s'",
            what,
            (unsigned long long)min,
            (unsigned long long)max,
            reader_quote(reader, text, len));
    }
    *out_number = number;
    return true;
}

void reader_optional_number(
    struct reader *reader,
    const yaml_node_t *mapping,
    const char *key,
    uint64_t min,
    uint64_t max,
    uint64_t *number)
{
    const yaml_node_t *node = reader_find(reader, mapping, key);
    if (node != NULL) {
        (void)reader_number(reader, node, key, min, max, number);
    }
}

// ---- Flags and descriptions ----

static bool is_word(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(text, word, len) == 0;
}

bool reader_flag(struct reader *reader, const yaml_node_t *mapping, const char *key, bool otherwise)
{
    const yaml_node_t *node = reader_find(reader, mapping, key);
    size_t len = 0;
    const char *text = node == NULL ? NULL : reader_text(reader, node, key, &len);
    if (text == NULL) {
        return otherwise;
    }
    if (!is_word(text, len, "true") && !is_word(text, len, "false")) {
        return reader_error(
            reader,
            node,
            "BAD_FLAG",
            "%s must be true or false, not '%s'",
            key,
            reader_quote(reader, text, len));
    }
    return text[0] == 't';
}

// U+202A to U+202E and U+2066 to U+2069 make source read other than it is; compilers warn of them.
static bool is_direction_mark(const char *text, size_t len)
{
    if (len < 3 || memcmp(text, "\xE2\x80", 2) != 0) {
        return len >= 3 && memcmp(text, "\xE2\x81", 2) == 0 && (unsigned char)text[2] >= 0xA6
               && (unsigned char)text[2] <= 0xA9;
    }
    return (unsigned char)text[2] >= 0xAA && (unsigned char)text[2] <= 0xAE;
}

static const char *one_line(struct reader *reader, const yaml_node_t *node, const char *what)
{
    size_t len = 0;
    const char *text = reader_text(reader, node, what, &len);
    if (text == NULL) {
        return NULL;
    }
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' ')) {
        len--;
    }
    char *copy = contract_arena_text(reader->arena, text, len);
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (is_direction_mark(text + i, len - i)) {
            reader_error(
                reader,
                node,
                "BAD_TEXT",
                "%s may not hold marks that change the text's direction: remove them",
                what);
            return NULL;
        }
        copy[i] = byte < ' ' || byte == 0x7F ? ' ' : text[i];
    }
    return len > 0 ? copy : NULL;
}

const char *reader_description(struct reader *reader, const yaml_node_t *mapping, const char *key)
{
    const yaml_node_t *node = reader_find(reader, mapping, key);
    return node == NULL ? NULL : one_line(reader, node, "a description");
}

bool reader_deprecated(
    struct reader *reader, const yaml_node_t *mapping, struct contract_note *note)
{
    const yaml_node_t *node = reader_find(reader, mapping, "deprecated");
    size_t len = 0;
    const char *text = node == NULL ? NULL : reader_text(reader, node, "deprecated", &len);
    if (text == NULL || is_word(text, len, "false")) {
        return false;
    }
    if (is_word(text, len, "true")) {
        return true;
    }
    note->deprecation = one_line(reader, node, "deprecated");
    if (note->deprecation == NULL) {
        return reader_error(
            reader,
            node,
            "BAD_FLAG",
            "deprecated must be true, false or a text that says what to use instead");
    }
    return true;
}

// ---- Reserved numbers and names ----

// What no member of any kind could be called, reserves nothing.
static bool is_name(const char *text, size_t len)
{
    return myc__schema_is_snake_name(text, len) || myc__schema_is_upper_name(text, len)
           || myc__schema_is_pascal_name(text, len);
}

static bool read_reserved_item(
    struct reader *reader, const yaml_node_t *node, uint64_t max, struct contract_reserved *item)
{
    size_t len = 0;
    const char *text = reader_text(reader, node, "an item of reserved", &len);
    if (text == NULL) {
        return false;
    }
    item->place = reader_place(node);
    if (len == 0) {
        return reader_error(
            reader, node, "BAD_RESERVED", "an item of reserved is empty: remove it");
    }
    if (is_name(text, len)) {
        item->name = contract_arena_text(reader->arena, text, len);
        return true;
    }
    const char *dash = memchr(text, '-', len);
    size_t first_len = dash != NULL ? (size_t)(dash - text) : len;
    uint64_t first = 0;
    uint64_t last = 0;
    bool is_good = max > 0 && parse_number(text, first_len, max, &first);
    last = first;
    if (is_good && dash != NULL) {
        is_good = parse_number(dash + 1, len - first_len - 1, max, &last) && last >= first;
    }
    if (!is_good) {
        return reader_error(
            reader,
            node,
            "BAD_RESERVED",
            max > 0 ? "'%s' cannot be reserved: write a number, a range such as 3-9, or a name"
                    : "'%s' cannot be reserved: write the name of a field",
            reader_quote(reader, text, len));
    }
    item->first = (uint32_t)first;
    item->last = (uint32_t)last;
    return true;
}

void reader_reserved(
    struct reader *reader,
    const yaml_node_t *mapping,
    uint64_t max,
    struct contract_reserved **out_reserved,
    uint32_t *out_count)
{
    const yaml_node_t *node = reader_find(reader, mapping, "reserved");
    *out_reserved = NULL;
    *out_count = 0;
    if (node == NULL || reader_is_empty(node)) {
        return;
    }
    if (node->type != YAML_SEQUENCE_NODE) {
        reader_error(
            reader, node, "BAD_RESERVED", "reserved must be a list: write [3, \"5-9\", OldName]");
        return;
    }
    size_t count = reader_item_count(node);
    struct contract_reserved *reserved =
        contract_arena_take(reader->arena, count, sizeof(*reserved));
    uint32_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (read_reserved_item(reader, reader_item_at(reader, node, i), max, &reserved[used])) {
            used++;
        }
    }
    *out_reserved = reserved;
    *out_count = used;
}

bool reader_check_reserved(
    struct reader *reader,
    const yaml_node_t *node,
    const struct contract_reserved *reserved,
    uint32_t count,
    const char *name,
    const uint32_t *number)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct contract_reserved *item = &reserved[i];
        if (item->name != NULL && name != NULL && strcmp(item->name, name) == 0) {
            return reader_error(
                reader,
                node,
                "RESERVED_REUSED",
                "'%s' is reserved on line %u: choose another name",
                name,
                item->place.line);
        }
        if (item->name == NULL && number != NULL && *number >= item->first
            && *number <= item->last) {
            return reader_error(
                reader,
                node,
                "RESERVED_REUSED",
                "%u is reserved on line %u: choose another number",
                *number,
                item->place.line);
        }
    }
    return true;
}
