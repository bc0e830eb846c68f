// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A strict reader of JSON for tests: whether a text is one value as RFC 8259 has it, and what lies
 * in it. Include after cmocka.h.
 */
#ifndef MYC_SIM_SELFTEST_JSON_H
#define MYC_SIM_SELFTEST_JSON_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *json_skip(const char *at);

static const char *json_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *json_digits(const char *at)
{
    size_t digits = strspn(at, "0123456789");
    return digits > 0 ? at + digits : NULL;
}

static const char *json_number(const char *at)
{
    at += *at == '-' ? 1 : 0;
    bool is_zero = *at == '0';
    const char *end = json_digits(at);
    if (end == NULL || (is_zero && end != at + 1)) {
        return NULL;
    }
    if (*end == '.') {
        end = json_digits(end + 1);
    }
    if (end != NULL && (*end == 'e' || *end == 'E')) {
        end++;
        end = json_digits(end + (*end == '+' || *end == '-' ? 1 : 0));
    }
    return end;
}

static const char *json_string(const char *at)
{
    for (at++; *at != '"'; at++) {
        if ((unsigned char)*at < 0x20) {
            return NULL; // the end of the text as well
        }
        if (*at == '\\') {
            at++;
            if (*at == 'u' && strspn(at + 1, "0123456789abcdefABCDEF") < 4) {
                return NULL;
            }
            if (*at == '\0' || strchr("\"\\/bfnrtu", *at) == NULL) {
                return NULL;
            }
        }
    }
    return at + 1;
}

/* The elements of an array, or the members of an object, up to its end. */
static const char *json_list(const char *at, char end, bool has_names)
{
    at = json_space(at + 1);
    if (*at == end) {
        return at + 1;
    }
    for (;;) {
        if (has_names) {
            at = *at == '"' ? json_string(at) : NULL;
            at = at != NULL ? json_space(at) : NULL;
            if (at == NULL || *at != ':') {
                return NULL;
            }
            at = json_space(at + 1);
        }
        at = json_skip(at);
        at = at != NULL ? json_space(at) : NULL;
        if (at == NULL || (*at != ',' && *at != end)) {
            return NULL;
        }
        if (*at == end) {
            return at + 1;
        }
        at = json_space(at + 1);
    }
}

/** What follows the value that begins here; NULL if none does. */
static const char *json_skip(const char *at)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        if (strncmp(at, words[i], strlen(words[i])) == 0) {
            return at + strlen(words[i]);
        }
    }
    return *at == '"'   ? json_string(at)
           : *at == '[' ? json_list(at, ']', false)
           : *at == '{' ? json_list(at, '}', true)
                        : json_number(at);
}

/** Whether the whole text is one value. */
static inline bool json_is_valid(const char *text)
{
    const char *end = json_skip(json_space(text));
    return end != NULL && *json_space(end) == '\0';
}

/** The first element of the array that begins here; NULL if it is empty. */
static inline const char *json_first(const char *array)
{
    const char *at = json_space(array + 1);
    return *at != ']' ? at : NULL;
}

/** The element after the one that begins here; NULL after the last one. */
static inline const char *json_next(const char *element)
{
    const char *at = json_space(json_skip(element));
    return *at == ',' ? json_space(at + 1) : NULL;
}

/** The value of a member of the object that begins here; NULL if there is none. */
static inline const char *json_member(const char *object, const char *name)
{
    size_t size = strlen(name);
    const char *at = json_space(object + 1);
    while (*at == '"') {
        const char *end = json_string(at);
        const char *value = json_space(json_space(end) + 1);
        if ((size_t)(end - at) == size + 2 && strncmp(at + 1, name, size) == 0) {
            return value;
        }
        at = json_space(json_skip(value));
        at = *at == ',' ? json_space(at + 1) : at;
    }
    return NULL;
}

/** Whether the value that begins here is this text, with quotes if it is a string. */
static inline bool json_is(const char *value, const char *text)
{
    size_t size = strlen(text);
    return value != NULL && (size_t)(json_skip(value) - value) == size
           && strncmp(value, text, size) == 0;
}

/** A number; -1 when there is none. */
static inline double json_amount(const char *value)
{
    return value != NULL ? strtod(value, NULL) : -1;
}

#endif
