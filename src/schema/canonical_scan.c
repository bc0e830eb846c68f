// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Lines and words of the canonical form. There is one way to write each thing, so nothing is
// skipped or tolerated.
#include <string.h>

#include "schema/canonical_read.h"

static const char *const words[] = {
    "contract",
    "enum",
    "value",
    "struct",
    "union",
    "variant",
    "message",
    "prior",
    "extent",
    "field",
    "default",
    "min",
    "max",
    "length",
    "finite",
    "nonzero",
    "ascii",
};

_Static_assert(
    sizeof(words) / sizeof(words[0]) == MYC__CANONICAL_WORD_COUNT, "one word a kind of line");

void myc__canonical_scan_init(struct myc__canonical_scan *scan, const char *text, size_t size)
{
    *scan = (struct myc__canonical_scan){.text = text, .size = size};
    scan->word = MYC__CANONICAL_WORD_COUNT;
}

bool myc__canonical_is_over(const struct myc__canonical_scan *scan)
{
    return scan->at == scan->size;
}

static enum myc__canonical_word find_word(const char *word, size_t len)
{
    for (size_t i = 0; i < MYC__CANONICAL_WORD_COUNT; i++) {
        if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0) {
            return (enum myc__canonical_word)i;
        }
    }
    return MYC__CANONICAL_WORD_COUNT;
}

bool myc__canonical_next(struct myc__canonical_scan *scan)
{
    const char *line = scan->text + scan->at;
    size_t left = scan->size - scan->at;
    size_t len = 0;
    while (len < left && line[len] != '\n') {
        len++;
    }
    if (len == left) {
        return false;
    }
    scan->at += len + 1;
    scan->line++;
    size_t word_len = 0;
    while (word_len < len && line[word_len] != ' ') {
        word_len++;
    }
    scan->word = find_word(line, word_len);
    scan->rest = line + word_len;
    scan->rest_len = len - word_len;
    return true;
}

bool myc__canonical_take_word(
    struct myc__canonical_scan *scan, const char **out_word, size_t *out_len)
{
    if (scan->rest_len < 2 || scan->rest[0] != ' ') {
        return false;
    }
    const char *word = scan->rest + 1;
    size_t len = 0;
    while (len + 1 < scan->rest_len && word[len] != ' ') {
        len++;
    }
    *out_word = word;
    *out_len = len;
    scan->rest = word + len;
    scan->rest_len -= len + 1;
    return len > 0;
}

bool myc__canonical_take_number(struct myc__canonical_scan *scan, uint64_t max, uint64_t *out)
{
    const char *word = NULL;
    size_t len = 0;
    uint64_t number = 0;
    if (!myc__canonical_take_word(scan, &word, &len) || (len > 1 && word[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (word[i] < '0' || word[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(word[i] - '0');
        if (digit > max || number > (max - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *out = number;
    return true;
}

static int nibble_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool myc__canonical_take_limbs(struct myc__canonical_scan *scan, struct myc_number *out)
{
    const char *word = NULL;
    size_t len = 0;
    struct myc_number number = {{0, 0, 0, 0}};
    if (!myc__canonical_take_word(scan, &word, &len) || len < 3 || len > 66 || word[0] != '0'
        || word[1] != 'x' || (len > 3 && word[2] == '0')) {
        return false;
    }
    for (size_t i = 2; i < len; i++) {
        int nibble = nibble_of(word[i]);
        if (nibble < 0) {
            return false;
        }
        size_t shift = 4 * (len - 1 - i);
        number.limb[shift / 64] |= (uint64_t)nibble << (shift % 64);
    }
    *out = number;
    return true;
}

bool myc__canonical_take_bytes(
    struct myc__canonical_scan *scan, uint8_t *bytes, size_t max, size_t *out_size)
{
    const char *word = NULL;
    size_t len = 0;
    if (!myc__canonical_take_word(scan, &word, &len)) {
        return false;
    }
    if (len == 1 && word[0] == '-') {
        *out_size = 0;
        return true;
    }
    if (len % 2 != 0 || len / 2 > max) {
        return false;
    }
    for (size_t i = 0; i < len / 2; i++) {
        int high = nibble_of(word[2 * i]);
        int low = nibble_of(word[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    *out_size = len / 2;
    return true;
}

bool myc__canonical_is_line_end(const struct myc__canonical_scan *scan)
{
    return scan->rest_len == 0;
}
