// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Canonical style: keys in their order, two spaces a level, quotes where they are needed, one empty
// line at most, and what is in braces stays so while it fits into a line.
#include <stdlib.h>
#include <string.h>

#include "tool/contract/fmt.h"

enum { WIDTH = 100, STEP = 2, DEPTH_MAX = 40, KEYS_MAX = 16 };

// ---- Order ----

static const char *const key_orders[][KEYS_MAX] = {
    [FMT_ROOT] = {"schema", "enums", "structs", "unions", "messages"},
    [FMT_SCHEMA] =
        {"name", "id", "version", "min_compatible", "description", "tag_ranges", "reserved"},
    [FMT_RANGE] = {"from", "to", "level"},
    [FMT_ENUM] = {"description", "open", "values", "reserved"},
    [FMT_VALUE] = {"value", "deprecated", "description"},
    [FMT_STRUCT] = {"description", "fields"},
    [FMT_UNION] = {"description", "size", "variants", "reserved"},
    [FMT_VARIANT] = {"tag", "type", "deprecated", "description"},
    [FMT_MESSAGE] =
        {"tlv_type",
         "type_id",
         "topic",
         "domain",
         "schema_version",
         "description",
         "deprecated",
         "required_prior_messages",
         "sensitivity",
         "log_payload",
         "latency_slo_p99_ns",
         "error_rate_slo",
         "priority",
         "reserved",
         "fields"},
    [FMT_FIELD] =
        {"type",
         "since",
         "default",
         "deprecated",
         "min",
         "max",
         "not_empty",
         "min_length",
         "max_length",
         "finite",
         "nonzero",
         "ascii",
         "secret",
         "description"},
};

static size_t rank_of(enum fmt_context context, const char *key)
{
    if (context >= sizeof(key_orders) / sizeof(key_orders[0])) {
        return KEYS_MAX;
    }
    for (size_t i = 0; i < KEYS_MAX && key_orders[context][i] != NULL; i++) {
        if (strcmp(key_orders[context][i], key) == 0) {
            return i;
        }
    }
    return KEYS_MAX;
}

// Moves each entry before those that come after it; there are few in a mapping that has an order.
static void sort_node(struct fmt_node *node)
{
    struct fmt_entry *sorted = NULL;
    struct fmt_entry *entry = node->first;
    while (entry != NULL) {
        struct fmt_entry *next = entry->next;
        size_t rank = rank_of(node->context, entry->key->text);
        struct fmt_entry **link = &sorted;
        while (*link != NULL && rank_of(node->context, (*link)->key->text) <= rank) {
            link = &(*link)->next;
        }
        entry->next = *link;
        *link = entry;
        entry = next;
    }
    node->first = sorted;
}

void fmt_sort(struct fmt_document *document)
{
    for (struct fmt_node *node = document->nodes; node != NULL; node = node->next) {
        bool has_order = node->context < sizeof(key_orders) / sizeof(key_orders[0])
                         && key_orders[node->context][0] != NULL;
        if (node->kind == FMT_MAPPING && has_order) {
            sort_node(node);
        }
    }
}

// ---- Scalars ----

static bool is_any_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

// In braces commas and brackets have a meaning; elsewhere they keep the quotes that they have.
static bool is_plain(const struct fmt_node *node, bool is_in_flow)
{
    const char *text = node->text;
    size_t len = node->len;
    if (len == 0) {
        return !node->is_quoted;
    }
    if (is_any_of(text[0], "!&*?:|>@`\"'%#,[]{} ") || text[len - 1] == ' '
        || text[len - 1] == ':') {
        return false;
    }
    if (text[0] == '-' && (len == 1 || is_any_of(text[1], " -"))) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool is_comment = c == '#' && i > 0 && text[i - 1] == ' ';
        bool is_pair = c == ':' && text[i + 1] == ' ';
        bool is_mark = is_any_of((char)c, ",[]{}") && (is_in_flow || node->is_quoted);
        if (c < ' ' || c == 0x7F || is_mark || is_comment || is_pair) {
            return false;
        }
    }
    return true;
}

// Text that other readers of YAML would take for a number, a flag or nothing keeps its quotes.
static bool is_ambiguous(const struct fmt_node *node)
{
    static const char *const words[] = {
        "true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"};
    if (is_any_of(node->text[0], "0123456789+-.~=<")) {
        return true;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i]);
        bool is_same = node->len == len;
        for (size_t j = 0; j < len && is_same; j++) {
            is_same = (node->text[j] | 0x20) == words[i][j];
        }
        if (is_same) {
            return true;
        }
    }
    return false;
}

static void write_quoted(const struct fmt_node *node, FILE *out)
{
    fputc('"', out);
    for (size_t i = 0; i < node->len; i++) {
        unsigned char c = (unsigned char)node->text[i];
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c == '\n') {
            fputs("\\n", out);
        } else if (c == '\t') {
            fputs("\\t", out);
        } else if (c < ' ' || c == 0x7F) {
            fprintf(out, "\\x%02X", (unsigned)c);
        } else {
            fputc(c, out);
        }
    }
    fputc('"', out);
}

static void write_scalar(const struct fmt_node *node, bool is_in_flow, FILE *out)
{
    if (is_plain(node, is_in_flow) && !(node->is_quoted && is_ambiguous(node))) {
        fwrite(node->text, 1, node->len, out);
    } else {
        write_quoted(node, out);
    }
}

// ---- One line ----

struct flow_frame {
    const struct fmt_node *node;
    const struct fmt_entry *next;
};

static void write_opening(const struct fmt_node *node, FILE *out)
{
    bool is_mapping = node->kind == FMT_MAPPING;
    fputs(node->first == NULL ? (is_mapping ? "{" : "[") : is_mapping ? "{ " : "[", out);
}

static void write_closing(const struct fmt_node *node, FILE *out)
{
    bool is_mapping = node->kind == FMT_MAPPING;
    fputs(node->first == NULL ? (is_mapping ? "}" : "]") : is_mapping ? " }" : "]", out);
}

// Writes a collection within one line.
static void write_flow(const struct fmt_node *node, FILE *out)
{
    struct flow_frame stack[DEPTH_MAX];
    size_t depth = 1;
    stack[0] = (struct flow_frame){node, node->first};
    write_opening(node, out);
    while (depth > 0) {
        struct flow_frame *frame = &stack[depth - 1];
        const struct fmt_entry *entry = frame->next;
        if (entry == NULL) {
            write_closing(frame->node, out);
            depth--;
            continue;
        }
        fputs(entry != frame->node->first ? ", " : "", out);
        frame->next = entry->next;
        if (entry->key != NULL) {
            write_scalar(entry->key, true, out);
            fputs(
                entry->value->kind == FMT_SCALAR && entry->value->len == 0
                        && !entry->value->is_quoted
                    ? ":"
                    : ": ",
                out);
        }
        if (entry->value->kind == FMT_SCALAR) {
            write_scalar(entry->value, true, out);
        } else {
            write_opening(entry->value, out);
            stack[depth++] = (struct flow_frame){entry->value, entry->value->first};
        }
    }
}

// The characters of a collection in one line, up to more than a line has.
static size_t flow_width(const struct fmt_node *node)
{
    char *text = NULL;
    size_t size = 0;
    size_t width = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return WIDTH + 1;
    }
    write_flow(node, out);
    fclose(out);
    for (size_t i = 0; i < size; i++) {
        width += ((unsigned char)text[i] & 0xC0) != 0x80 ? 1 : 0;
    }
    free(text);
    return width;
}

// ---- Blocks ----

struct frame {
    const struct fmt_node *node;
    const struct fmt_entry *owner; // that holds the node; NULL: the root
    const struct fmt_entry *next;
    size_t indent;
    bool is_inline; // the first entry goes on where the line stands
};

static void write_indent(size_t indent, FILE *out)
{
    for (size_t i = 0; i < indent; i++) {
        fputc(' ', out);
    }
}

static void
write_comments(const struct fmt_comments *comments, size_t indent, bool is_start, FILE *out)
{
    for (const struct fmt_comment *c = comments->first; c != NULL; c = c->next) {
        bool is_first = is_start && c == comments->first;
        fputs(c->has_blank && !is_first ? "\n" : "", out);
        write_indent(indent, out);
        fprintf(out, "%s\n", c->text);
    }
}

static void write_block_scalar(const struct fmt_node *node, size_t indent, FILE *out)
{
    size_t least = SIZE_MAX;
    fprintf(out, " %s\n", node->block_header);
    for (int pass = 0; pass < 2; pass++) {
        for (const char *line = node->text; *line != '\0';) {
            size_t len = strcspn(line, "\n");
            size_t blanks = strspn(line, " ");
            blanks = blanks < len ? blanks : len;
            if (pass == 0) {
                least = blanks < len && blanks < least ? blanks : least;
            } else if (blanks == len) {
                fputc('\n', out);
            } else {
                write_indent(indent, out);
                fprintf(out, "%.*s\n", (int)(len - least), line + least);
            }
            line += len + (line[len] == '\n' ? 1 : 0);
        }
    }
}

static void end_line(const char *trailing, FILE *out)
{
    if (trailing != NULL) {
        fprintf(out, " %s", trailing);
    }
    fputc('\n', out);
}

static bool is_in_line(const struct fmt_node *node, size_t used)
{
    if (node->kind == FMT_SCALAR) {
        return node->block_header == NULL;
    }
    return node->first == NULL || (node->is_flow && used + flow_width(node) <= WIDTH);
}

// Comments above the first pair of an item go above the item's dash.
static const struct fmt_entry *first_inside(const struct fmt_entry *entry)
{
    bool is_item = entry->key == NULL && entry->value->kind != FMT_SCALAR;
    return is_item ? entry->value->first : NULL;
}

struct writer {
    FILE *out;
    struct frame stack[DEPTH_MAX];
    size_t depth;
};

static size_t key_width(const struct fmt_entry *entry)
{
    return entry->key == NULL ? STEP : entry->key->len + 4;
}

// Writes what stands above an entry and where it begins.
static void write_head(
    struct writer *writer, const struct frame *frame, const struct fmt_entry *entry, bool is_block)
{
    FILE *out = writer->out;
    bool is_start = entry == frame->node->first;
    if (!(frame->is_inline && is_start)) {
        const struct fmt_entry *inner = is_block ? first_inside(entry) : NULL;
        write_comments(&entry->before, frame->indent, is_start, out);
        if (inner != NULL) {
            write_comments(&inner->before, frame->indent, is_start, out);
        }
        if (entry->key == NULL && is_block && entry->trailing != NULL) {
            write_indent(frame->indent, out);
            fprintf(out, "%s\n", entry->trailing);
        }
        bool is_after_comment = entry->before.first != NULL;
        fputs(entry->has_blank && (!is_start || is_after_comment) ? "\n" : "", out);
        write_indent(frame->indent, out);
    }
    if (entry->key != NULL) {
        write_scalar(entry->key, false, out);
        fputc(':', out);
    } else {
        fputc('-', out);
    }
}

static void
write_entry(struct writer *writer, const struct frame *frame, const struct fmt_entry *entry)
{
    FILE *out = writer->out;
    const struct fmt_node *value = entry->value;
    bool is_line = is_in_line(value, frame->indent + key_width(entry));
    bool is_block = !is_line && value->kind != FMT_SCALAR;
    write_head(writer, frame, entry, is_block);
    if (is_block) {
        bool is_item = entry->key == NULL;
        if (is_item) {
            fputc(' ', out);
        } else {
            end_line(entry->trailing, out);
        }
        writer->stack[writer->depth++] = (struct frame){
            .node = value,
            .owner = entry,
            .next = value->first,
            .indent = frame->indent + STEP,
            .is_inline = is_item};
        return;
    }
    if (value->block_header != NULL) {
        write_block_scalar(value, frame->indent + STEP, out);
    } else {
        bool is_nothing = value->kind == FMT_SCALAR && value->len == 0 && !value->is_quoted;
        fputs(is_nothing ? "" : " ", out);
        if (value->kind == FMT_SCALAR) {
            write_scalar(value, false, out);
        } else {
            write_flow(value, out);
        }
        end_line(entry->trailing, out);
    }
    write_comments(&entry->behind, frame->indent, false, out);
}

void fmt_write(struct fmt_document *document, FILE *out)
{
    struct writer writer = {.out = out, .depth = 1};
    write_comments(&document->header, 0, true, out);
    fputs(document->has_header_blank ? "\n" : "", out);
    writer.stack[0] = (struct frame){.node = document->root, .next = document->root->first};
    while (writer.depth > 0) {
        struct frame *frame = &writer.stack[writer.depth - 1];
        const struct fmt_entry *entry = frame->next;
        if (entry != NULL) {
            frame->next = entry->next;
            struct frame held = *frame;
            write_entry(&writer, &held, entry);
            continue;
        }
        writer.depth--;
        if (frame->owner != NULL) {
            write_comments(
                &frame->owner->behind, writer.stack[writer.depth - 1].indent, false, out);
        }
    }
    write_comments(&document->footer, 0, false, out);
}
