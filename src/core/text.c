// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Text in a fixed buffer. Invariant: data[len] is the terminator and len < capacity.
#include "core/text.h"

#include <string.h>

void myc__text_init(struct myc__text *text, char *buffer, size_t capacity)
{
    text->data = buffer;
    text->capacity = capacity;
    text->len = 0;
    text->is_cut = false;
    buffer[0] = '\0';
}

static void append(struct myc__text *text, const char *bytes, size_t len)
{
    size_t room = text->capacity - 1 - text->len;
    if (len > room) {
        len = room;
        text->is_cut = true;
    }
    memcpy(text->data + text->len, bytes, len);
    text->len += len;
    text->data[text->len] = '\0';
}

void myc__text_string(struct myc__text *text, const char *string)
{
    append(text, string, strlen(string));
}

void myc__text_printable(struct myc__text *text, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char byte = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '?';
        append(text, &byte, 1);
    }
}

void myc__text_u64(struct myc__text *text, uint64_t number)
{
    char digits[20]; // 2^64 - 1 has 20 digits
    size_t first = sizeof(digits);
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    append(text, digits + first, sizeof(digits) - first);
}

void myc__text_i64(struct myc__text *text, int64_t number)
{
    if (number < 0) {
        append(text, "-", 1);
        myc__text_u64(text, 0 - (uint64_t)number);
    } else {
        myc__text_u64(text, (uint64_t)number);
    }
}

void myc__text_hex(struct myc__text *text, const void *bytes, size_t size)
{
    static const char nibbles[] = "0123456789abcdef";
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++) {
        char pair[2] = {nibbles[byte[i] >> 4], nibbles[byte[i] & 15]};
        append(text, pair, sizeof(pair));
    }
}
