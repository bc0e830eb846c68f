// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A file as a tree of entries, with the comments that libyaml leaves out. Comments are what follows
// a
// "#" outside of all scalars; each goes to the entry that it stands before, behind or below.
#include <string.h>
#include <yaml.h>

#include "tool/contract/fmt.h"

enum { DEPTH_MAX = 34 };

// The source by characters, as libyaml counts them.
struct source {
    const char *bytes;
    size_t size;
    size_t *offsets;     // of each character, and of the end
    unsigned char *mask; // 1: inside a scalar
    size_t count;
};

struct builder {
    struct fmt_document *document;
    struct source source;
    struct fmt_node *stack[DEPTH_MAX];    // open collections
    struct fmt_entry *owners[DEPTH_MAX];  // the entries that hold them
    struct fmt_entry *waiting[DEPTH_MAX]; // pairs whose value is missing yet
    size_t depth;
};

static bool refuse(struct fmt_document *document, size_t line, const char *problem)
{
    document->problem = problem;
    document->problem_line = (uint32_t)line + 1;
    return false;
}

static bool index_source(struct builder *builder, const char *bytes, size_t size)
{
    struct source *source = &builder->source;
    struct contract_arena *arena = builder->document->arena;
    source->bytes = bytes;
    source->size = size;
    source->offsets = contract_arena_take(arena, size + 1, sizeof(size_t));
    source->mask = contract_arena_take(arena, size + 1, 1);
    size_t line = 0;
    for (size_t i = 0; i < size; i++) {
        line += bytes[i] == '\n' ? 1 : 0;
        if (bytes[i] == '\r' || bytes[i] == '\0' || (i == 0 && (unsigned char)bytes[i] >= 0xEF)) {
            return refuse(
                builder->document, line, "write it in UTF-8 with lines that end in a line feed");
        }
        if (((unsigned char)bytes[i] & 0xC0) != 0x80) {
            source->offsets[source->count++] = i;
        }
    }
    source->offsets[source->count] = size;
    return true;
}

// ---- Contexts ----

struct step {
    enum fmt_context from;
    const char *key; // NULL: any
    enum fmt_context to;
};

static const struct step steps[] = {
    {FMT_ROOT, "schema", FMT_SCHEMA},
    {FMT_ROOT, "enums", FMT_ENUMS},
    {FMT_ROOT, "structs", FMT_STRUCTS},
    {FMT_ROOT, "unions", FMT_UNIONS},
    {FMT_ROOT, "messages", FMT_MESSAGES},
    {FMT_SCHEMA, "tag_ranges", FMT_RANGES},
    {FMT_RANGES, NULL, FMT_RANGE},
    {FMT_ENUMS, NULL, FMT_ENUM},
    {FMT_ENUM, "values", FMT_VALUES},
    {FMT_VALUES, NULL, FMT_VALUE},
    {FMT_STRUCTS, NULL, FMT_STRUCT},
    {FMT_STRUCT, "fields", FMT_FIELDS},
    {FMT_UNIONS, NULL, FMT_UNION},
    {FMT_UNION, "variants", FMT_VARIANTS},
    {FMT_VARIANTS, NULL, FMT_VARIANT},
    {FMT_MESSAGES, NULL, FMT_MESSAGE},
    {FMT_MESSAGE, "fields", FMT_FIELDS},
};

static enum fmt_context find_context(const struct builder *builder)
{
    if (builder->depth == 0) {
        return FMT_ROOT;
    }
    const struct fmt_node *parent = builder->stack[builder->depth - 1];
    const struct fmt_entry *pair = builder->waiting[builder->depth - 1];
    if (parent->context == FMT_FIELDS) {
        return parent->kind == FMT_SEQUENCE ? FMT_FIELDS : FMT_FIELD;
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        bool is_key =
            pair != NULL && (steps[i].key == NULL || strcmp(steps[i].key, pair->key->text) == 0);
        if (steps[i].from == parent->context && is_key) {
            return steps[i].to;
        }
    }
    return FMT_OTHER;
}

// ---- Nodes ----

static struct fmt_node *add_node(struct builder *builder, enum fmt_kind kind, yaml_mark_t start)
{
    struct fmt_document *document = builder->document;
    struct fmt_node *node = contract_arena_take(document->arena, 1, sizeof(*node));
    node->kind = kind;
    node->start = start.index;
    node->end = start.index;
    node->context = find_context(builder);
    if (document->last_node != NULL) {
        document->last_node->next = node;
    } else {
        document->nodes = node;
    }
    document->last_node = node;
    return node;
}

static void add_entry(struct builder *builder, struct fmt_node *node, yaml_mark_t start)
{
    struct fmt_document *document = builder->document;
    struct fmt_node *parent = builder->stack[builder->depth - 1];
    struct fmt_entry *entry = contract_arena_take(document->arena, 1, sizeof(*entry));
    entry->start = start.index;
    entry->column = (uint32_t)start.column;
    entry->parent = builder->owners[builder->depth - 1];
    if (parent->kind == FMT_MAPPING) {
        entry->key = node;
        builder->waiting[builder->depth - 1] = entry;
    } else {
        entry->value = node;
    }
    if (parent->last != NULL) {
        parent->last->next = entry;
    } else {
        parent->first = entry;
    }
    parent->last = entry;
    if (document->last_entry != NULL) {
        document->last_entry->after = entry;
    } else {
        document->entries = entry;
    }
    document->last_entry = entry;
}

// Hangs a node below the open collection; a pair is complete with its second node.
static bool attach(struct builder *builder, struct fmt_node *node, yaml_mark_t start)
{
    if (builder->depth == 0) {
        builder->document->root = node;
        return true;
    }
    struct fmt_entry *pair = builder->waiting[builder->depth - 1];
    bool is_key = pair == NULL && builder->stack[builder->depth - 1]->kind == FMT_MAPPING;
    if (pair != NULL) {
        pair->value = node;
        builder->waiting[builder->depth - 1] = NULL;
    } else if (is_key && (node->kind != FMT_SCALAR || node->block_header != NULL)) {
        return refuse(builder->document, start.line, "a key is no plain text");
    } else {
        add_entry(builder, node, start);
    }
    return true;
}

static bool
open_collection(struct builder *builder, enum fmt_kind kind, bool is_flow, yaml_mark_t start)
{
    if (builder->depth == DEPTH_MAX) {
        return refuse(builder->document, start.line, "it nests too deep");
    }
    struct fmt_node *node = add_node(builder, kind, start);
    struct fmt_entry *pair = builder->depth > 0 ? builder->waiting[builder->depth - 1] : NULL;
    node->is_flow = is_flow;
    if (!attach(builder, node, start)) {
        return false;
    }
    builder->owners[builder->depth] = pair != NULL         ? pair
                                      : builder->depth > 0 ? builder->document->last_entry
                                                           : NULL;
    builder->waiting[builder->depth] = NULL;
    builder->stack[builder->depth++] = node;
    return true;
}

// ---- Scalars ----

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

static char char_at(const struct source *source, size_t index)
{
    return index < source->count ? source->bytes[source->offsets[index]] : '\n';
}

// A block scalar keeps its lines as they stand; how far they are indented is seen when writing.
static bool take_block(struct builder *builder, struct fmt_node *node, const yaml_event_t *event)
{
    const struct source *source = &builder->source;
    size_t start = source->offsets[event->start_mark.index];
    size_t end = source->offsets[event->end_mark.index];
    size_t header_len = 0;
    while (start + header_len < end && source->bytes[start + header_len] != '\n') {
        char c = source->bytes[start + header_len];
        if (c == '#' || (c >= '0' && c <= '9')) {
            return refuse(
                builder->document,
                event->start_mark.line,
                "a comment or a digit stands behind '|' or '>': remove it");
        }
        header_len++;
    }
    while (end > start && is_space(source->bytes[end - 1])) {
        end--;
    }
    size_t body = start + header_len < end ? start + header_len + 1 : end;
    while (header_len > 0 && is_space(source->bytes[start + header_len - 1])) {
        header_len--;
    }
    node->block_header =
        contract_arena_text(builder->document->arena, source->bytes + start, header_len);
    node->text = contract_arena_text(builder->document->arena, source->bytes + body, end - body);
    node->len = end - body;
    return true;
}

static bool take_scalar(struct builder *builder, const yaml_event_t *event)
{
    struct fmt_node *node = add_node(builder, FMT_SCALAR, event->start_mark);
    yaml_scalar_style_t style = event->data.scalar.style;
    node->end = event->end_mark.index;
    node->is_quoted =
        style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    bool is_block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
    while (is_block && node->end > node->start
           && is_space(char_at(&builder->source, node->end - 1))) {
        node->end--; // empty lines behind it are not its own
    }
    memset(builder->source.mask + node->start, 1, node->end - node->start);
    if (is_block) {
        if (!take_block(builder, node, event)) {
            return false;
        }
    } else {
        node->text = contract_arena_text(
            builder->document->arena,
            (const char *)event->data.scalar.value,
            event->data.scalar.length);
        node->len = event->data.scalar.length;
    }
    return attach(builder, node, event->start_mark);
}

// ---- Events ----

static bool has_anchor(const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT) {
        return event->data.scalar.anchor != NULL;
    }
    if (event->type == YAML_SEQUENCE_START_EVENT) {
        return event->data.sequence_start.anchor != NULL;
    }
    return event->type == YAML_ALIAS_EVENT
           || (event->type == YAML_MAPPING_START_EVENT && event->data.mapping_start.anchor != NULL);
}

static bool is_explicit(const yaml_event_t *event)
{
    return (event->type == YAML_DOCUMENT_START_EVENT && !event->data.document_start.implicit)
           || (event->type == YAML_DOCUMENT_END_EVENT && !event->data.document_end.implicit);
}

static bool take_event(struct builder *builder, const yaml_event_t *event)
{
    size_t line = event->start_mark.line;
    if (has_anchor(event)) {
        return refuse(builder->document, line, "it has anchors or aliases: order would matter");
    }
    if (is_explicit(event)) {
        return refuse(builder->document, line, "it has '---' or '...': remove it");
    }
    if (event->type == YAML_SCALAR_EVENT) {
        return take_scalar(builder, event);
    }
    if (event->type == YAML_MAPPING_START_EVENT) {
        bool is_flow = event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
        return open_collection(builder, FMT_MAPPING, is_flow, event->start_mark);
    }
    if (event->type == YAML_SEQUENCE_START_EVENT) {
        bool is_flow = event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
        return open_collection(builder, FMT_SEQUENCE, is_flow, event->start_mark);
    }
    if (event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT) {
        struct fmt_node *node = builder->depth > 0 ? builder->stack[--builder->depth] : NULL;
        if (node != NULL) {
            node->end = event->end_mark.index;
        }
    }
    return true;
}

static bool read_events(struct builder *builder)
{
    yaml_parser_t parser;
    bool is_good = true;
    bool is_over = false;
    if (!yaml_parser_initialize(&parser)) {
        return refuse(builder->document, 0, "memory is exhausted");
    }
    yaml_parser_set_input_string(
        &parser, (const unsigned char *)builder->source.bytes, builder->source.size);
    while (is_good && !is_over) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            is_good = refuse(builder->document, parser.problem_mark.line, "it is not YAML");
            break;
        }
        is_good = take_event(builder, &event);
        is_over = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return is_good;
}

// ---- Comments ----

// A comment while it looks for its place.
struct found {
    size_t at; // characters from the beginning of the file
    uint32_t column;
    bool is_own_line;
    struct fmt_comment *comment;
};

static void append(struct fmt_comments *comments, struct fmt_comment *comment)
{
    if (comments->last != NULL) {
        comments->last->next = comment;
    } else {
        comments->first = comment;
    }
    comments->last = comment;
}

// The innermost collection in braces or brackets around a place; those around it are written as
// blocks, because a comment ends the line.
static struct fmt_node *open_flows(struct fmt_document *document, size_t at)
{
    struct fmt_node *innermost = NULL;
    for (struct fmt_node *node = document->nodes; node != NULL && node->start < at;
         node = node->next) {
        bool is_around = node->kind != FMT_SCALAR && node->end > at;
        if (is_around && (node->is_flow || innermost != NULL)) {
            node->is_flow = false;
            innermost = node;
        }
    }
    return innermost;
}

// Behind "fields: { a: u8 }" the comment is about the fields, not about a.
static struct fmt_entry *leave_ended(struct fmt_entry *entry, size_t at)
{
    struct fmt_entry *found = entry;
    while (found->parent != NULL && found->parent->value != NULL && found->parent->value->end <= at
           && found->parent->value->is_flow) {
        found = found->parent;
    }
    return found;
}

static void place_own_line(
    struct fmt_document *document,
    const struct found *found,
    struct fmt_entry *previous,
    struct fmt_entry *next)
{
    const struct fmt_node *flow = open_flows(document, found->at);
    if (flow != NULL && next != NULL && next->start < flow->end) {
        append(&next->before, found->comment);
        return;
    }
    if (next == NULL && found->column == 0) {
        append(&document->footer, found->comment);
        return;
    }
    bool is_before = next != NULL && next->column >= found->column && flow == NULL;
    struct fmt_entry *owner = previous != NULL ? leave_ended(previous, found->at) : NULL;
    while (flow == NULL && owner != NULL && owner->column > found->column) {
        owner = owner->parent;
    }
    if (is_before || (owner == NULL && next != NULL)) {
        append(&next->before, found->comment);
    } else if (owner != NULL) {
        append(&owner->behind, found->comment);
    } else {
        append(&document->header, found->comment);
    }
}

static void place_trailing(
    struct fmt_document *document,
    const struct found *found,
    struct fmt_entry *previous,
    struct fmt_entry *next)
{
    const struct fmt_node *flow = open_flows(document, found->at);
    if (previous == NULL || (flow != NULL && previous->start < flow->start)) {
        place_own_line(document, found, previous, next);
        return;
    }
    struct fmt_entry *owner = leave_ended(previous, found->at);
    if (owner->trailing == NULL) {
        owner->trailing = found->comment->text;
    } else {
        append(&owner->before, found->comment);
    }
}

static uint64_t hash(const char *text)
{
    uint64_t sum = 14695981039346656037U;
    for (; *text != '\0'; text++) {
        sum = (sum ^ (unsigned char)*text) * 1099511628211U;
    }
    return sum;
}

static struct fmt_comment *
make_comment(struct fmt_document *document, const struct source *source, size_t from, size_t to)
{
    struct fmt_comment *comment = contract_arena_take(document->arena, 1, sizeof(*comment));
    size_t start = source->offsets[from];
    size_t end = source->offsets[to];
    while (end > start && is_space(source->bytes[end - 1])) {
        end--;
    }
    comment->text = contract_arena_text(document->arena, source->bytes + start, end - start);
    document->comment_count++;
    document->comment_sum += hash(comment->text);
    return comment;
}

// Walks over the lines with the entries beside them.
static void find_comments(struct builder *builder)
{
    struct fmt_document *document = builder->document;
    const struct source *source = &builder->source;
    struct fmt_entry *previous = NULL;
    struct fmt_entry *next = document->entries;
    bool was_blank = false;
    for (size_t at = 0; at < source->count;) {
        size_t end = at;
        size_t first = source->count; // that is no blank
        size_t hash_at = source->count;
        for (; end < source->count && char_at(source, end) != '\n'; end++) {
            bool is_blank = is_space(char_at(source, end)) && source->mask[end] == 0;
            bool is_start = end == at || is_space(char_at(source, end - 1));
            first = first == source->count && !is_blank ? end : first;
            if (hash_at == source->count && source->mask[end] == 0 && is_start
                && char_at(source, end) == '#') {
                hash_at = end;
            }
        }
        size_t limit = hash_at < source->count ? hash_at : end;
        bool is_first = true;
        for (; next != NULL && next->start < limit; next = next->after) {
            next->has_blank = is_first && was_blank;
            is_first = false;
            previous = next;
        }
        if (hash_at < source->count) {
            struct found found = {
                .at = hash_at,
                .column = (uint32_t)(hash_at - at),
                .is_own_line = first == hash_at,
                .comment = make_comment(document, source, hash_at, end)};
            found.comment->has_blank = found.is_own_line && was_blank;
            if (found.is_own_line) {
                place_own_line(document, &found, previous, next);
            } else {
                place_trailing(document, &found, previous, next);
            }
        }
        was_blank = first == source->count && source->mask[at] == 0;
        at = end + 1;
    }
}

// What stands at the top and is divided from the first key by an empty line is about the file.
static void split_header(struct fmt_document *document)
{
    struct fmt_entry *entry = document->entries;
    struct fmt_comment *last = NULL;
    if (entry == NULL || entry->before.first == NULL) {
        return;
    }
    if (entry->has_blank) {
        last = entry->before.last;
    } else {
        for (struct fmt_comment *c = entry->before.first; c->next != NULL; c = c->next) {
            last = c->next->has_blank ? c : last;
        }
    }
    if (last == NULL) {
        return;
    }
    document->header.first = entry->before.first;
    document->header.last = last;
    entry->before.first = last->next;
    if (last->next == NULL) {
        entry->before.last = NULL;
    }
    last->next = NULL;
    document->has_header_blank = true;
}

bool fmt_parse(
    struct contract_arena *arena, const char *bytes, size_t size, struct fmt_document *out)
{
    *out = (struct fmt_document){.arena = arena};
    struct builder builder = {.document = out};
    if (!index_source(&builder, bytes, size) || !read_events(&builder)) {
        return false;
    }
    if (out->root == NULL || out->root->kind != FMT_MAPPING) {
        return refuse(out, 0, "it is no mapping");
    }
    find_comments(&builder);
    split_header(out);
    return true;
}
