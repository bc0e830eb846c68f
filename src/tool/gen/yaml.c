// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The document tree keeps where each node begins but accepts a key twice, so duplicates are looked
// for here. Aliases are references to nodes; nothing below follows a node deeper than the
// contract's own shape, so neither cycles nor expansion can hurt.
#include "tool/gen/yaml.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { QUOTE_BYTES = 48, PAIRS_MAX = 1024, NESTING_MAX = 32 };

void gen_yaml_quote(char *buffer, size_t capacity, const char *text, size_t len)
{
    size_t count = len < capacity - 1 ? len : capacity - 1;
    for (size_t i = 0; i < count; i++) {
        buffer[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    }
    buffer[count] = '\0';
}

static void record_parser_error(const yaml_parser_t *parser, struct gen_error *error)
{
    bool is_reader = parser->error == YAML_READER_ERROR;
    yaml_mark_t mark = is_reader ? parser->mark : parser->problem_mark;
    error->line = mark.line + 1;
    error->column = mark.column + 1;
    snprintf(
        error->text,
        sizeof(error->text),
        "this is not YAML: %s; correct it or put the text in quotes",
        parser->problem != NULL ? parser->problem : "out of memory");
}

// A contract is one document; what follows a second "---" would be silently ignored otherwise.
static bool check_end(yaml_parser_t *parser, struct gen_error *error)
{
    yaml_document_t next;
    if (!yaml_parser_load(parser, &next)) {
        record_parser_error(parser, error);
        return false;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&next);
    if (root != NULL) {
        error->line = root->start_mark.line + 1;
        error->column = root->start_mark.column + 1;
        snprintf(error->text, sizeof(error->text), "a second document: keep one a file");
    }
    yaml_document_delete(&next);
    return root == NULL;
}

static const char *event_tag(const yaml_event_t *event)
{
    const yaml_char_t *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        tag = event->data.mapping_start.tag;
    }
    return (const char *)tag;
}

// Looks at one event; false with an error in `error`.
static bool check_event(const yaml_event_t *event, size_t *depth, struct gen_error *error)
{
    bool is_good = event_tag(event) == NULL;
    if (!is_good) {
        snprintf(error->text, sizeof(error->text), "a tag has no meaning in a contract: remove it");
    } else if (
        event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT) {
        (*depth)++;
        is_good = *depth <= NESTING_MAX;
        if (!is_good) {
            snprintf(
                error->text,
                sizeof(error->text),
                "nested more than %d deep: a contract needs five levels",
                NESTING_MAX);
        }
    } else if (event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT) {
        (*depth)--;
    }
    if (!is_good) {
        error->line = event->start_mark.line + 1;
        error->column = event->start_mark.column + 1;
    }
    return is_good;
}

// Reads all events before the tree is built: the tree forgets which tags were written, and the
// parser's work grows with the square of the depth, so it must not be let in deep.
static bool check_events(const char *bytes, size_t size, struct gen_error *error)
{
    yaml_parser_t parser;
    size_t depth = 0;
    bool is_good = true;
    bool is_over = false;
    if (!yaml_parser_initialize(&parser)) {
        snprintf(error->text, sizeof(error->text), "memory is exhausted");
        return false;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
    while (is_good && !is_over) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event)) {
            is_good = check_event(&event, &depth, error);
            is_over = event.type == YAML_STREAM_END_EVENT;
            yaml_event_delete(&event);
        } else {
            record_parser_error(&parser, error);
            is_good = false;
        }
    }
    yaml_parser_delete(&parser);
    return is_good;
}

bool gen_yaml_open(
    struct gen_yaml *yaml, const char *bytes, size_t size, struct gen_error *out_error)
{
    yaml_parser_t parser;
    *out_error = (struct gen_error){.line = 1, .column = 1};
    yaml->error = out_error;
    if (!check_events(bytes, size, out_error)) {
        return false;
    }
    if (!yaml_parser_initialize(&parser)) {
        snprintf(out_error->text, sizeof(out_error->text), "memory is exhausted");
        return false;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
    bool is_open = yaml_parser_load(&parser, &yaml->document) != 0;
    if (!is_open) {
        record_parser_error(&parser, out_error);
    } else if (yaml_document_get_root_node(&yaml->document) == NULL) {
        snprintf(
            out_error->text,
            sizeof(out_error->text),
            "the file is empty: a contract has the keys 'schema' and 'messages'");
        yaml_document_delete(&yaml->document);
        is_open = false;
    } else if (!check_end(&parser, out_error)) {
        yaml_document_delete(&yaml->document);
        is_open = false;
    }
    yaml_parser_delete(&parser);
    return is_open;
}

void gen_yaml_close(struct gen_yaml *yaml)
{
    yaml_document_delete(&yaml->document);
}

bool gen_yaml_fail(struct gen_yaml *yaml, const yaml_node_t *node, const char *format, ...)
{
    va_list arguments;
    yaml->error->line = node->start_mark.line + 1;
    yaml->error->column = node->start_mark.column + 1;
    va_start(arguments, format);
    vsnprintf(yaml->error->text, sizeof(yaml->error->text), format, arguments);
    va_end(arguments);
    return false;
}

size_t gen_yaml_pair_count(const yaml_node_t *mapping)
{
    return (size_t)(mapping->data.mapping.pairs.top - mapping->data.mapping.pairs.start);
}

struct gen_pair gen_yaml_pair(struct gen_yaml *yaml, const yaml_node_t *mapping, size_t index)
{
    const yaml_node_pair_t *pair = &mapping->data.mapping.pairs.start[index];
    struct gen_pair found = {
        .key = yaml_document_get_node(&yaml->document, pair->key),
        .value = yaml_document_get_node(&yaml->document, pair->value),
    };
    return found;
}

static bool is_same_text(const yaml_node_t *a, const yaml_node_t *b)
{
    return a->data.scalar.length == b->data.scalar.length
           && memcmp(a->data.scalar.value, b->data.scalar.value, a->data.scalar.length) == 0;
}

static bool is_text(const yaml_node_t *node, const char *text)
{
    size_t len = strlen(text);
    return node->data.scalar.length == len && memcmp(node->data.scalar.value, text, len) == 0;
}

static bool check_allowed(
    struct gen_yaml *yaml, const yaml_node_t *key, const char *what, const char *const *allowed)
{
    char list[200] = "";
    char name[QUOTE_BYTES];
    for (size_t i = 0; allowed[i] != NULL; i++) {
        if (is_text(key, allowed[i])) {
            return true;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "", allowed[i]);
    }
    gen_yaml_quote(
        name, sizeof(name), (const char *)key->data.scalar.value, key->data.scalar.length);
    return gen_yaml_fail(yaml, key, "unknown key '%s' in %s: use %s", name, what, list);
}

bool gen_yaml_check_mapping(
    struct gen_yaml *yaml, const yaml_node_t *node, const char *what, const char *const *allowed)
{
    if (node->type != YAML_MAPPING_NODE) {
        return gen_yaml_fail(yaml, node, "%s must be a mapping: write 'key: value' lines", what);
    }
    if (gen_yaml_pair_count(node) > PAIRS_MAX) {
        return gen_yaml_fail(yaml, node, "%s has more than %d entries: split it", what, PAIRS_MAX);
    }
    for (size_t i = 0; i < gen_yaml_pair_count(node); i++) {
        const yaml_node_t *key = gen_yaml_pair(yaml, node, i).key;
        if (key->type != YAML_SCALAR_NODE) {
            return gen_yaml_fail(yaml, key, "a key of %s must be plain text", what);
        }
        if (allowed != NULL && !check_allowed(yaml, key, what, allowed)) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            const yaml_node_t *earlier = gen_yaml_pair(yaml, node, j).key;
            if (is_same_text(earlier, key)) {
                char name[QUOTE_BYTES];
                gen_yaml_quote(
                    name,
                    sizeof(name),
                    (const char *)key->data.scalar.value,
                    key->data.scalar.length);
                return gen_yaml_fail(
                    yaml,
                    key,
                    "duplicate key '%s' in %s: it is already on line %zu; remove or rename one",
                    name,
                    what,
                    earlier->start_mark.line + 1);
            }
        }
    }
    return true;
}

yaml_node_t *gen_yaml_find(struct gen_yaml *yaml, const yaml_node_t *mapping, const char *key)
{
    for (size_t i = 0; i < gen_yaml_pair_count(mapping); i++) {
        struct gen_pair pair = gen_yaml_pair(yaml, mapping, i);
        if (is_text(pair.key, key)) {
            return pair.value;
        }
    }
    return NULL;
}

bool gen_yaml_text(
    struct gen_yaml *yaml,
    const yaml_node_t *node,
    const char *what,
    const char **out_text,
    size_t *out_len)
{
    if (node->type != YAML_SCALAR_NODE) {
        return gen_yaml_fail(yaml, node, "%s must be a single value", what);
    }
    *out_text = (const char *)node->data.scalar.value;
    *out_len = node->data.scalar.length;
    return true;
}

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
static bool read_number(const char *text, size_t len, uint64_t max, uint64_t *out_number)
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
        if (digit >= base || number > (max - digit) / base) {
            return false;
        }
        number = number * base + digit;
    }
    *out_number = number;
    return len > 0;
}

bool gen_yaml_number(
    struct gen_yaml *yaml,
    const yaml_node_t *node,
    const char *what,
    uint64_t min,
    uint64_t max,
    uint64_t *out_number)
{
    const char *text = NULL;
    size_t len = 0;
    uint64_t number = 0;
    if (!gen_yaml_text(yaml, node, what, &text, &len)) {
        return false;
    }
    if (!read_number(text, len, max, &number) || number < min) {
        char found[QUOTE_BYTES];
        gen_yaml_quote(found, sizeof(found), text, len);
        return gen_yaml_fail(
            yaml,
            node,
            "%s must be a number from %llu to %llu, not '%s'",
            what,
            (unsigned long long)min,
            (unsigned long long)max,
            found);
    }
    *out_number = number;
    return true;
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

bool gen_yaml_description(struct gen_yaml *yaml, const yaml_node_t *node, char **out_text)
{
    const char *text = NULL;
    size_t len = 0;
    if (!gen_yaml_text(yaml, node, "a description", &text, &len)) {
        return false;
    }
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' ')) {
        len--;
    }
    char *copy = gen_allocate(len + 1, 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (is_direction_mark(text + i, len - i)) {
            free(copy);
            return gen_yaml_fail(
                yaml, node, "a description may not hold marks that change the text's direction");
        }
        copy[i] = byte < ' ' || byte == 0x7F ? ' ' : text[i];
    }
    *out_text = copy;
    return true;
}
