// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A message as one line of JSON. What does not fit is counted and not written.
#include <mycelium/message.h>

#include <string.h>

#include "codec/codec.h"

static const char redacted[] = "\"<redacted>\"";

struct output {
    char *buffer;
    size_t capacity;
    size_t len; /* of the whole text, written or not */
    bool is_first;
};

static void put_bytes(struct output *out, const char *bytes, size_t size)
{
    size_t room = out->len < out->capacity ? out->capacity - out->len : 0;
    size_t taken = size < room ? size : room;
    if (taken > 0) {
        memcpy(out->buffer + out->len, bytes, taken);
    }
    out->len += size;
}

static void put(struct output *out, const char *text)
{
    put_bytes(out, text, strlen(text));
}

static void put_hex(struct output *out, const unsigned char *bytes, size_t size)
{
    static const char nibbles[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        const char pair[2] = {nibbles[bytes[i] >> 4], nibbles[bytes[i] & 15]};
        put_bytes(out, pair, sizeof(pair));
    }
}

static void put_escape(struct output *out, unsigned char byte)
{
    const char simple[3] = {'\\', (char)byte, '\0'};
    if (byte == '"' || byte == '\\') {
        put(out, simple);
    } else if (byte == '\n') {
        put(out, "\\n");
    } else if (byte == '\t') {
        put(out, "\\t");
    } else if (byte == '\r') {
        put(out, "\\r");
    } else {
        put(out, "\\u00");
        put_hex(out, &byte, 1);
    }
}

static void put_text(struct output *out, const unsigned char *bytes, size_t size)
{
    put(out, "\"");
    for (size_t i = 0; i < size;) {
        size_t length = myc__utf8_length(bytes + i, size - i);
        if (length == 0) {
            put(out, "\\ufffd");
            length = 1;
        } else if (bytes[i] < 0x20 || bytes[i] == '"' || bytes[i] == '\\' || bytes[i] == 0x7F) {
            put_escape(out, bytes[i]);
        } else {
            put_bytes(out, (const char *)bytes + i, length);
        }
        i += length;
    }
    put(out, "\"");
}

// Numbers that readers of JSON would round, or that JSON has not, are strings.
static bool needs_quotes(const struct myc_message_item *item, const char *text)
{
    uint8_t kind = item->field->kind;
    if (myc__kind_is_float(kind)) {
        return text[0] == 'N' || text[0] == 'I' || text[1] == 'I' || text[1] == 'x';
    }
    return kind == MYC_KIND_U64 || kind == MYC_KIND_I64 || myc__kind_size(kind) > 8;
}

static void put_value(struct output *out, const struct myc_message_item *item)
{
    char text[MYC__NUMBER_TEXT_BYTES];
    const struct myc_enum_value *named = myc_item_enum_value(item);
    if (named != NULL) {
        put_text(out, (const unsigned char *)named->name, strlen(named->name));
        return;
    }
    if (item->field->kind == MYC_KIND_BOOL && item->bytes[0] <= 1) {
        put(out, item->bytes[0] == 1 ? "true" : "false");
        return;
    }
    myc__print_number(item, text);
    bool is_quoted = needs_quotes(item, text);
    put(out, is_quoted ? "\"" : "");
    put(out, text);
    put(out, is_quoted ? "\"" : "");
}

static bool is_end(enum myc_item_kind kind)
{
    return kind == MYC_ITEM_LIST_END || kind == MYC_ITEM_STRUCT_END || kind == MYC_ITEM_UNION_END;
}

// What stands before a value: a comma, and a member's name.
static void put_start(struct output *out, const struct myc_message_item *item)
{
    put(out, out->is_first ? "" : ",");
    out->is_first = false;
    if (item->index == MYC_ITEM_NO_INDEX) {
        put(out, "\"");
        put(out, item->field->name);
        put(out, "\":");
    }
}

static void put_item(struct output *out, const struct myc_message_item *item)
{
    switch (item->kind) {
    case MYC_ITEM_VALUE:
        put_value(out, item);
        break;
    case MYC_ITEM_BYTES:
        put(out, "\"0x");
        put_hex(out, item->bytes, item->size);
        put(out, "\"");
        break;
    case MYC_ITEM_TEXT:
        put_text(out, item->bytes, item->size);
        break;
    case MYC_ITEM_ABSENT:
    case MYC_ITEM_UNSET:
        put(out, "null");
        break;
    case MYC_ITEM_LIST:
        put(out, "[");
        break;
    case MYC_ITEM_STRUCT:
        put(out, "{");
        break;
    case MYC_ITEM_UNION:
        put(out, "{\"");
        put(out, item->variant->name);
        put(out, "\":{");
        break;
    case MYC_ITEM_LIST_END:
        put(out, "]");
        break;
    case MYC_ITEM_STRUCT_END:
        put(out, "}");
        break;
    case MYC_ITEM_UNION_END:
        put(out, "}}");
        break;
    }
    out->is_first = item->kind == MYC_ITEM_LIST || item->kind == MYC_ITEM_STRUCT
                    || item->kind == MYC_ITEM_UNION;
}

// Steps over what is inside an item that is not shown.
static enum myc_status skip(struct myc_message_walk *walk, const struct myc_message_item *item)
{
    struct myc_message_item inner = *item;
    enum myc_status status = MYC_OK;
    bool is_open = item->kind == MYC_ITEM_LIST || item->kind == MYC_ITEM_STRUCT
                   || item->kind == MYC_ITEM_UNION;
    while (is_open && status == MYC_OK) {
        status = myc_message_walk_next(walk, &inner);
        is_open = !is_end(inner.kind) || inner.depth != item->depth;
    }
    return status;
}

static enum myc_status
put_fields(struct output *out, const struct myc_message *message, uint32_t flags)
{
    struct myc_message_walk walk;
    struct myc_message_item item;
    enum myc_status status = MYC_OK;
    myc_message_walk_init(&walk, message, flags & MYC_MESSAGE_COMPLETED);
    put(out, "{");
    out->is_first = true;
    while (status == MYC_OK && (status = myc_message_walk_next(&walk, &item)) == MYC_OK) {
        if (!is_end(item.kind)) {
            put_start(out, &item);
        }
        if ((flags & MYC_MESSAGE_SECRETS) == 0 && myc__walk_is_secret(&walk, &item)) {
            put(out, redacted);
            status = skip(&walk, &item);
        } else {
            put_item(out, &item);
        }
    }
    put(out, status == MYC_END ? "}" : "");
    return status == MYC_END ? MYC_OK : status;
}

enum myc_status myc_message_print(
    const struct myc_message *message,
    uint32_t flags,
    char *buffer,
    size_t capacity,
    size_t *out_length)
{
    struct output out = {.buffer = buffer, .capacity = capacity > 0 ? capacity - 1 : 0};
    enum myc_status status = MYC_OK;
    if (message->type->policy.hides_payload != 0 && (flags & MYC_MESSAGE_SECRETS) == 0) {
        put(&out, redacted);
    } else if (message->type->field_count == 0 && message->type->extent_count == 0) {
        // Nothing is known of the fields: the bytes say all.
        put(&out, "\"0x");
        put_hex(&out, message->payload, message->size);
        put(&out, "\"");
    } else {
        status = put_fields(&out, message, flags);
    }
    if (capacity > 0) {
        buffer[out.len < capacity ? out.len : capacity - 1] = '\0';
    }
    if (out_length != NULL) {
        *out_length = out.len;
    }
    return status == MYC_OK && out.len >= capacity ? MYC_TOO_BIG : status;
}
