// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The document tree keeps where each node begins but accepts a key twice, so duplicates are looked
// for here. Aliases are references to nodes; nothing below follows a node deeper than the
// contract's own shape, so neither cycles nor expansion can hurt.
#include <string.h>

#include "tool/contract/reader.h"

enum { QUOTE_MAX = 63, PAIRS_MAX = 1024, NESTING_MAX = 32 };

// ---- Opening ----

// Where a byte is. The parser reads ahead of its own mark, so for bytes that are no text it has
// only their offset. Its columns count characters.
static yaml_mark_t mark_of(const char *bytes, size_t size, size_t offset)
{
    yaml_mark_t mark = {0, 0, 0};
    for (size_t i = 0; i < offset && i < size; i++) {
        if (bytes[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)bytes[i] & 0xC0U) != 0x80U) {
            mark.column++;
        }
    }
    return mark;
}

// The byte at which a character begins, 0 behind the end; the parser counts characters.
static char char_at(const char *bytes, size_t size, size_t index)
{
    for (size_t i = 0; i < size; i++) {
        bool is_start = ((unsigned char)bytes[i] & 0xC0U) != 0x80U;
        if (is_start && index == 0) {
            return bytes[i];
        }
        index -= is_start ? 1 : 0;
    }
    return 0;
}

static bool
report_parser(struct reader *reader, const yaml_parser_t *parser, const char *bytes, size_t size)
{
    bool is_reader = parser->error == YAML_READER_ERROR;
    yaml_mark_t mark =
        is_reader ? mark_of(bytes, size, parser->problem_offset) : parser->problem_mark;
    yaml_node_t place = {.start_mark = mark};
    bool is_tab = parser->error == YAML_SCANNER_ERROR && char_at(bytes, size, mark.index) == '\t';
    return reader_error(
        reader,
        &place,
        "YAML_SYNTAX",
        "this is not YAML: %s; %s",
        parser->problem != NULL ? parser->problem : "out of memory",
        is_reader ? "a contract is UTF-8 text, remove or replace the byte"
        : is_tab  ? "it is a tab, write blanks"
                  : "correct it or put the text in quotes");
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

// Looks at one event; false when reading must end here.
static bool check_event(struct reader *reader, const yaml_event_t *event, size_t *depth)
{
    yaml_node_t place = {.start_mark = event->start_mark};
    if (event_tag(event) != NULL) {
        reader_error(
            reader, &place, "TAG_NOT_ALLOWED", "a tag has no meaning in a contract: remove it");
    }
    if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT) {
        (*depth)++;
        if (*depth > NESTING_MAX) {
            return reader_error(
                reader,
                &place,
                "NESTED_TOO_DEEP",
                "nested more than %d deep: a contract needs seven levels",
                NESTING_MAX);
        }
    } else if (event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT) {
        (*depth)--;
    }
    return true;
}

// Reads all events before the tree is built: the tree forgets which tags were written, and the
// parser's work grows with the square of the depth, so it must not be let in deep.
static bool check_events(struct reader *reader, const char *bytes, size_t size)
{
    yaml_parser_t parser;
    size_t depth = 0;
    bool is_good = true;
    bool is_over = false;
    if (!yaml_parser_initialize(&parser)) {
        return reader_error(reader, NULL, "FILE_UNREADABLE", "memory is exhausted");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
    while (is_good && !is_over) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event)) {
            is_good = check_event(reader, &event, &depth);
            is_over = event.type == YAML_STREAM_END_EVENT;
            yaml_event_delete(&event);
        } else {
            is_good = report_parser(reader, &parser, bytes, size);
        }
    }
    yaml_parser_delete(&parser);
    return is_good;
}

// A contract is one document; what follows a second "---" would be silently ignored otherwise.
static bool check_end(struct reader *reader, yaml_parser_t *parser, const char *bytes, size_t size)
{
    yaml_document_t next;
    if (!yaml_parser_load(parser, &next)) {
        return report_parser(reader, parser, bytes, size);
    }
    const yaml_node_t *root = yaml_document_get_root_node(&next);
    if (root != NULL) {
        reader_error(reader, root, "SECOND_DOCUMENT", "a second document: keep one a file");
    }
    yaml_document_delete(&next);
    return root == NULL;
}

bool reader_open(struct reader *reader, const char *bytes, size_t size)
{
    yaml_parser_t parser;
    if (!check_events(reader, bytes, size)) {
        return false;
    }
    if (!yaml_parser_initialize(&parser)) {
        return reader_error(reader, NULL, "FILE_UNREADABLE", "memory is exhausted");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
    bool is_open = yaml_parser_load(&parser, &reader->document) != 0;
    if (!is_open) {
        report_parser(reader, &parser, bytes, size);
    } else if (yaml_document_get_root_node(&reader->document) == NULL) {
        yaml_node_t start = {.start_mark = {0, 0, 0}};
        is_open = reader_error(
            reader,
            &start,
            "EMPTY_FILE",
            "the file is empty: a contract has the keys 'schema' and 'messages'");
        yaml_document_delete(&reader->document);
    } else if (!check_end(reader, &parser, bytes, size)) {
        yaml_document_delete(&reader->document);
        is_open = false;
    }
    yaml_parser_delete(&parser);
    return is_open;
}

void reader_close(struct reader *reader)
{
    yaml_document_delete(&reader->document);
}

// ---- Walking ----

size_t reader_pair_count(const yaml_node_t *mapping)
{
    return (size_t)(mapping->data.mapping.pairs.top - mapping->data.mapping.pairs.start);
}

struct reader_pair reader_pair_at(struct reader *reader, const yaml_node_t *mapping, size_t index)
{
    const yaml_node_pair_t *pair = &mapping->data.mapping.pairs.start[index];
    struct reader_pair found = {
        .key = yaml_document_get_node(&reader->document, pair->key),
        .value = yaml_document_get_node(&reader->document, pair->value),
    };
    return found;
}

size_t reader_item_count(const yaml_node_t *sequence)
{
    return (size_t)(sequence->data.sequence.items.top - sequence->data.sequence.items.start);
}

yaml_node_t *reader_item_at(struct reader *reader, const yaml_node_t *sequence, size_t index)
{
    return yaml_document_get_node(&reader->document, sequence->data.sequence.items.start[index]);
}

bool reader_is_empty(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0
           && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

const char *reader_quote(struct reader *reader, const char *text, size_t len)
{
    size_t count = len < QUOTE_MAX ? len : QUOTE_MAX;
    char *quoted = contract_arena_text(reader->arena, text, count);
    for (size_t i = 0; i < count; i++) {
        quoted[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    }
    return quoted;
}

const char *reader_quote_node(struct reader *reader, const yaml_node_t *node)
{
    return reader_quote(reader, (const char *)node->data.scalar.value, node->data.scalar.length);
}

static bool is_same_text(const yaml_node_t *a, const yaml_node_t *b)
{
    return a->type == YAML_SCALAR_NODE && b->type == YAML_SCALAR_NODE
           && a->data.scalar.length == b->data.scalar.length
           && memcmp(a->data.scalar.value, b->data.scalar.value, a->data.scalar.length) == 0;
}

static bool is_text(const yaml_node_t *node, const char *text)
{
    size_t len = strlen(text);
    return node->type == YAML_SCALAR_NODE && node->data.scalar.length == len
           && memcmp(node->data.scalar.value, text, len) == 0;
}

static void check_allowed(
    struct reader *reader, const yaml_node_t *key, const char *what, const char *const *allowed)
{
    char list[400] = "";
    struct suggestion suggestion;
    suggestion_init(&suggestion, (const char *)key->data.scalar.value, key->data.scalar.length);
    for (size_t i = 0; allowed[i] != NULL; i++) {
        if (is_text(key, allowed[i])) {
            return;
        }
        suggestion_offer(&suggestion, allowed[i]);
        size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "", allowed[i]);
    }
    if (suggestion.best != NULL) {
        reader_error(
            reader,
            key,
            "UNKNOWN_KEY",
            "unknown key '%s' in %s%s",
            reader_quote_node(reader, key),
            what,
            suggestion_text(reader, &suggestion));
    } else {
        reader_error(
            reader,
            key,
            "UNKNOWN_KEY",
            "unknown key '%s' in %s: use %s",
            reader_quote_node(reader, key),
            what,
            list);
    }
}

static void
check_duplicate(struct reader *reader, const yaml_node_t *mapping, size_t index, const char *what)
{
    const yaml_node_t *key = reader_pair_at(reader, mapping, index).key;
    for (size_t i = 0; i < index; i++) {
        const yaml_node_t *earlier = reader_pair_at(reader, mapping, i).key;
        if (is_same_text(earlier, key)) {
            reader_error(
                reader,
                key,
                "DUPLICATE_KEY",
                "duplicate key '%s' in %s: it is already on line %zu; remove or rename one",
                reader_quote_node(reader, key),
                what,
                earlier->start_mark.line + 1);
            return;
        }
    }
}

bool reader_check_mapping(
    struct reader *reader, const yaml_node_t *node, const char *what, const char *const *allowed)
{
    if (node->type != YAML_MAPPING_NODE) {
        return reader_error(
            reader, node, "NOT_A_MAPPING", "%s must be a mapping: write 'key: value' lines", what);
    }
    if (reader_pair_count(node) > PAIRS_MAX) {
        return reader_error(
            reader, node, "BAD_COUNT", "%s has more than %d entries: split it", what, PAIRS_MAX);
    }
    for (size_t i = 0; i < reader_pair_count(node); i++) {
        const yaml_node_t *key = reader_pair_at(reader, node, i).key;
        if (key->type != YAML_SCALAR_NODE) {
            reader_error(reader, key, "NOT_A_VALUE", "a key of %s must be plain text", what);
            continue;
        }
        if (allowed != NULL) {
            check_allowed(reader, key, what, allowed);
        }
        check_duplicate(reader, node, i, what);
    }
    return true;
}

yaml_node_t *reader_find(struct reader *reader, const yaml_node_t *mapping, const char *key)
{
    for (size_t i = 0; i < reader_pair_count(mapping); i++) {
        struct reader_pair pair = reader_pair_at(reader, mapping, i);
        if (is_text(pair.key, key)) {
            return pair.value;
        }
    }
    return NULL;
}

yaml_node_t *reader_require(
    struct reader *reader,
    const yaml_node_t *place,
    const yaml_node_t *mapping,
    const char *key,
    const char *what,
    const char *example)
{
    yaml_node_t *value = reader_find(reader, mapping, key);
    if (value == NULL) {
        reader_error(
            reader,
            place,
            "MISSING_KEY",
            "missing key '%s' in %s: add a line like '%s'",
            key,
            what,
            example);
    }
    return value;
}
