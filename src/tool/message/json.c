// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A reader of JSON (RFC 8259): UTF-8 only, no number is converted, names in an object must differ.
#include "tool/message/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"

enum { BLOCK_BYTES = 65536, MEMBERS_MAX = 4096 };

struct json_block {
    struct json_block *next;
    size_t used;
    size_t size;
    max_align_t bytes[];
};

void json_init(struct json_reader *reader, const char *text, size_t len)
{
    *reader = (struct json_reader){.text = text, .len = len, .line = 1};
}

static void drop_blocks(struct json_reader *reader)
{
    while (reader->blocks != NULL) {
        struct json_block *next = reader->blocks->next;
        free(reader->blocks);
        reader->blocks = next;
    }
}

void json_deinit(struct json_reader *reader)
{
    drop_blocks(reader);
}

// Zeroed memory that lives as long as the value; ends the program when there is none.
static void *take(struct json_reader *reader, size_t size)
{
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    struct json_block *block = reader->blocks;
    if (block == NULL || block->size - block->used < size) {
        size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        block = calloc(1, sizeof(*block) + room);
        if (block == NULL) {
            fputs("myc: error: memory is exhausted\n", stderr);
            exit(1);
        }
        block->size = room;
        block->next = reader->blocks;
        reader->blocks = block;
    }
    void *result = (unsigned char *)block->bytes + block->used;
    block->used += size;
    return result;
}

static bool fail(struct json_reader *reader, size_t at, const char *text)
{
    (void)snprintf(reader->error, sizeof(reader->error), "%s", text);
    reader->error_line = reader->line;
    reader->error_column = (uint32_t)(at - reader->line_start + 1);
    return false;
}

static int peek(const struct json_reader *reader)
{
    return reader->at < reader->len ? (unsigned char)reader->text[reader->at] : -1;
}

static void skip_blanks(struct json_reader *reader)
{
    for (int c = peek(reader); c == ' ' || c == '\t' || c == '\r' || c == '\n'; c = peek(reader)) {
        reader->at++;
        if (c == '\n') {
            reader->line++;
            reader->line_start = reader->at;
        }
    }
}

// ---- Strings ----

static bool read_hex(struct json_reader *reader, uint32_t *out_code)
{
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        int c = peek(reader);
        uint32_t digit = 16;
        if (c >= '0' && c <= '9') {
            digit = (uint32_t)(c - '0');
        } else if ((c | 32) >= 'a' && (c | 32) <= 'f') {
            digit = (uint32_t)((c | 32) - 'a' + 10);
        }
        if (digit == 16) {
            return fail(reader, reader->at, "four hexadecimal digits must follow \\u");
        }
        code = code << 4 | digit;
        reader->at++;
    }
    *out_code = code;
    return true;
}

static size_t put_code(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t count = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t starts[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = count - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(starts[count] | code);
    return count;
}

// Behind "\u": one code, or the two halves of one.
static bool read_code(struct json_reader *reader, uint32_t *out_code)
{
    uint32_t low = 0;
    size_t start = reader->at;
    if (!read_hex(reader, out_code)) {
        return false;
    }
    if (*out_code < 0xD800 || *out_code > 0xDFFF) {
        return true;
    }
    bool has_pair = *out_code < 0xDC00 && reader->len - reader->at >= 2
                    && memcmp(reader->text + reader->at, "\\u", 2) == 0;
    if (has_pair) {
        reader->at += 2;
        if (!read_hex(reader, &low)) {
            return false;
        }
    }
    if (!has_pair || low < 0xDC00 || low > 0xDFFF) {
        return fail(reader, start, "half of a surrogate pair");
    }
    *out_code = 0x10000 + ((*out_code - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

static bool read_escape(struct json_reader *reader, char *out, size_t *len)
{
    static const char from[] = "\"\\/bfnrt";
    static const char into[] = "\"\\/\b\f\n\r\t";
    int c = peek(reader);
    reader->at++;
    if (c == 'u') {
        uint32_t code = 0;
        if (!read_code(reader, &code)) {
            return false;
        }
        *len += put_code(out + *len, code);
        return true;
    }
    const char *found = c > 0 ? strchr(from, c) : NULL;
    if (found == NULL) {
        return fail(reader, reader->at - 1, "no such escape in a string");
    }
    out[(*len)++] = into[found - from];
    return true;
}

static bool read_string(struct json_reader *reader, const char **out_text, size_t *out_len)
{
    size_t start = reader->at++;
    size_t end = reader->at;
    while (end < reader->len && reader->text[end] != '"') {
        end += reader->text[end] == '\\' ? 2 : 1;
    }
    if (end >= reader->len) {
        return fail(reader, start, "the string has no end");
    }
    char *out = take(reader, end - start + 1); // nothing becomes longer by decoding
    size_t len = 0;
    while (reader->at < end) {
        const unsigned char *bytes = (const unsigned char *)reader->text + reader->at;
        size_t length = myc__utf8_length(bytes, end - reader->at);
        if (*bytes < 0x20) {
            return fail(reader, reader->at, "control characters in strings must be escaped");
        }
        if (length == 0) {
            return fail(reader, reader->at, "the text is not UTF-8");
        }
        if (*bytes == '\\') {
            reader->at++;
            if (!read_escape(reader, out, &len)) {
                return false;
            }
        } else {
            memcpy(out + len, bytes, length);
            len += length;
            reader->at += length;
        }
    }
    reader->at = end + 1;
    *out_text = out;
    *out_len = len;
    return true;
}

// ---- Numbers and words ----

static bool skip_digits(struct json_reader *reader)
{
    size_t start = reader->at;
    while (peek(reader) >= '0' && peek(reader) <= '9') {
        reader->at++;
    }
    return reader->at > start || fail(reader, start, "a digit is missing");
}

static bool read_number(struct json_reader *reader, struct json_node *node)
{
    size_t start = reader->at;
    reader->at += peek(reader) == '-' ? 1 : 0;
    bool has_zero = peek(reader) == '0';
    size_t digits = reader->at;
    if (!skip_digits(reader)) {
        return false;
    }
    if (has_zero && reader->at > digits + 1) {
        return fail(reader, digits, "a number must not begin with 0");
    }
    if (peek(reader) == '.') {
        reader->at++;
        if (!skip_digits(reader)) {
            return false;
        }
    }
    if ((peek(reader) | 32) == 'e') {
        reader->at++;
        reader->at += peek(reader) == '+' || peek(reader) == '-' ? 1 : 0;
        if (!skip_digits(reader)) {
            return false;
        }
    }
    node->kind = JSON_NUMBER;
    node->len = reader->at - start;
    char *text = take(reader, node->len + 1);
    memcpy(text, reader->text + start, node->len);
    node->text = text;
    return true;
}

static bool read_word(struct json_reader *reader, struct json_node *node)
{
    static const struct {
        const char *word;
        enum json_kind kind;
    } words[] = {{"null", JSON_NULL}, {"true", JSON_TRUE}, {"false", JSON_FALSE}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i].word);
        if (reader->len - reader->at >= len
            && memcmp(reader->text + reader->at, words[i].word, len) == 0) {
            reader->at += len;
            node->kind = words[i].kind;
            return true;
        }
    }
    return fail(reader, reader->at, peek(reader) < 0 ? "the text ends early" : "no value of JSON");
}

// ---- Values ----

// Reads a value without what is inside it.
static bool read_start(struct json_reader *reader, struct json_node *node)
{
    skip_blanks(reader);
    node->line = reader->line;
    node->column = (uint32_t)(reader->at - reader->line_start + 1);
    int c = peek(reader);
    if (c == '{' || c == '[') {
        reader->at++;
        node->kind = c == '{' ? JSON_OBJECT : JSON_ARRAY;
        return true;
    }
    if (c == '"') {
        node->kind = JSON_STRING;
        return read_string(reader, &node->text, &node->len);
    }
    return c == '-' || (c >= '0' && c <= '9') ? read_number(reader, node) : read_word(reader, node);
}

const struct json_node *json_member(const struct json_node *object, const char *name)
{
    const struct json_node *member =
        object != NULL && object->kind == JSON_OBJECT ? object->first : NULL;
    while (member != NULL && strcmp(member->name, name) != 0) {
        member = member->next;
    }
    return member;
}

static bool read_name(struct json_reader *reader, struct json_node *outer, struct json_node *node)
{
    size_t len = 0;
    skip_blanks(reader);
    size_t start = reader->at;
    if (peek(reader) != '"') {
        return fail(reader, reader->at, "a member's name in quotes was expected");
    }
    if (!read_string(reader, &node->name, &len)) {
        return false;
    }
    if (outer->count >= MEMBERS_MAX) {
        return fail(reader, start, "more than 4096 members");
    }
    if (strlen(node->name) != len || json_member(outer, node->name) != NULL) {
        return fail(reader, start, "two members have one name, or a name has a zero in it");
    }
    skip_blanks(reader);
    if (peek(reader) != ':') {
        return fail(reader, reader->at, "':' was expected");
    }
    reader->at++;
    return true;
}

// The next element or member of `outer`; NULL at its end or after an error.
static struct json_node *read_inner(struct json_reader *reader, struct json_node *outer)
{
    skip_blanks(reader);
    int c = peek(reader);
    if (c == (outer->kind == JSON_OBJECT ? '}' : ']')) {
        reader->at++;
        return NULL;
    }
    if (outer->count > 0) {
        if (c != ',') {
            (void)fail(
                reader,
                reader->at,
                outer->kind == JSON_OBJECT ? "',' or '}' was expected" : "',' or ']' was expected");
            return NULL;
        }
        reader->at++;
    }
    struct json_node *node = take(reader, sizeof(*node));
    if ((outer->kind == JSON_OBJECT && !read_name(reader, outer, node))
        || !read_start(reader, node)) {
        return NULL;
    }
    node->outer = outer;
    if (outer->last != NULL) {
        outer->last->next = node;
    } else {
        outer->first = node;
    }
    outer->last = node;
    outer->count++;
    return node;
}

enum json_result json_next(struct json_reader *reader, struct json_node **out_value)
{
    drop_blocks(reader);
    skip_blanks(reader);
    if (reader->at == reader->len) {
        return JSON_END;
    }
    struct json_node *root = take(reader, sizeof(*root));
    if (!read_start(reader, root)) {
        return JSON_ERROR;
    }
    struct json_node *open = root->kind == JSON_OBJECT || root->kind == JSON_ARRAY ? root : NULL;
    for (uint32_t depth = 1; open != NULL;) {
        struct json_node *inner = read_inner(reader, open);
        if (reader->error[0] != '\0') {
            return JSON_ERROR;
        }
        if (inner == NULL) {
            open = open->outer;
            depth--;
        } else if (inner->kind == JSON_OBJECT || inner->kind == JSON_ARRAY) {
            open = inner;
            if (++depth > JSON_NESTING_MAX) {
                (void)fail(reader, reader->at - 1, "more than 64 levels");
                return JSON_ERROR;
            }
        }
    }
    *out_value = root;
    return JSON_OK;
}

const char *json_kind_name(enum json_kind kind)
{
    static const char *const names[] = {
        "null", "true", "false", "a number", "a string", "an array", "an object"};
    return names[kind];
}
