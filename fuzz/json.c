// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Nesting is kept in a word a level, so it is bounded as that of messages is.
#include "json.h"

#include <stdint.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

struct text {
    const unsigned char *at;
    const unsigned char *end;
};

static bool take(struct text *text, char wanted)
{
    if (text->at == text->end || *text->at != (unsigned char)wanted) {
        return false;
    }
    text->at++;
    return true;
}

static bool take_word(struct text *text, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(text->end - text->at) < len || memcmp(text->at, word, len) != 0) {
        return false;
    }
    text->at += len;
    return true;
}

static size_t take_digits(struct text *text)
{
    size_t count = 0;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9') {
        text->at++;
        count++;
    }
    return count;
}

static bool take_number(struct text *text)
{
    (void)take(text, '-');
    bool starts_with_zero = text->at < text->end && *text->at == '0';
    size_t digits = take_digits(text);
    if (digits == 0 || (starts_with_zero && digits > 1)) {
        return false;
    }
    if (take(text, '.') && take_digits(text) == 0) {
        return false;
    }
    if (take(text, 'e') || take(text, 'E')) {
        if (!take(text, '-')) {
            (void)take(text, '+');
        }
        return take_digits(text) > 0;
    }
    return true;
}

// One character beyond ASCII: shortest form, no surrogates, at most U+10FFFF.
static bool take_utf8(struct text *text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = *text->at++;
    size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    uint32_t character = first & (0xFFu >> (bytes + 1));
    if (first < 0xC0 || first > 0xF4) {
        return false;
    }
    for (size_t i = 1; i < bytes; i++) {
        if (text->at == text->end || (*text->at & 0xC0) != 0x80) {
            return false;
        }
        character = character << 6 | (*text->at++ & 0x3Fu);
    }
    return character >= least[bytes] && character <= 0x10FFFF
           && (character < 0xD800 || character > 0xDFFF);
}

static bool take_escape(struct text *text)
{
    if (text->at == text->end) {
        return false;
    }
    char escape = (char)*text->at++;
    if (escape != 'u') {
        return escape != '\0' && strchr("\"\\/bfnrt", escape) != NULL;
    }
    for (size_t i = 0; i < 4; i++, text->at++) {
        if (text->at == text->end || *text->at == '\0'
            || strchr("0123456789abcdefABCDEF", *text->at) == NULL) {
            return false;
        }
    }
    return true;
}

static bool take_string(struct text *text)
{
    if (!take(text, '"')) {
        return false;
    }
    while (text->at < text->end && *text->at != '"') {
        bool is_good = true;
        if (*text->at >= 0x80) {
            is_good = take_utf8(text);
        } else if (*text->at == '\\') {
            text->at++;
            is_good = take_escape(text);
        } else {
            is_good = *text->at >= 0x20;
            text->at++;
        }
        if (!is_good) {
            return false;
        }
    }
    return take(text, '"');
}

static bool take_plain(struct text *text)
{
    if (text->at < text->end && *text->at == '"') {
        return take_string(text);
    }
    return take_word(text, "null") || take_word(text, "true") || take_word(text, "false")
           || take_number(text);
}

// A member's name and colon, where an object goes on.
static bool take_name(struct text *text, char bracket)
{
    return bracket != '{' || (take_string(text) && take(text, ':'));
}

bool json_is_sound(const char *bytes, size_t length)
{
    char open[DEPTH_MAX];
    size_t depth = 0;
    struct text text = {(const unsigned char *)bytes, (const unsigned char *)bytes + length};
    do {
        bool is_object = take(&text, '{');
        if (is_object || take(&text, '[')) {
            if (depth == DEPTH_MAX) {
                return false;
            }
            open[depth] = is_object ? '{' : '[';
            if (!take(&text, is_object ? '}' : ']')) {
                depth++;
                if (!take_name(&text, open[depth - 1])) {
                    return false;
                }
                continue;
            }
        } else if (!take_plain(&text)) {
            return false;
        }
        // Behind a value: the ends of all that end here, then perhaps the next one.
        while (depth > 0 && take(&text, open[depth - 1] == '{' ? '}' : ']')) {
            depth--;
        }
        if (depth > 0 && (!take(&text, ',') || !take_name(&text, open[depth - 1]))) {
            return false;
        }
    } while (depth > 0);
    return text.at == text.end;
}
