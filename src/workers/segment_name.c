// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Names of segments: checked, composed, taken apart.
 */
#include <mycelium/segment_name.h>

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/text.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_portable(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '.' || c == '-'
           || c == '_';
}

static enum myc_status too_long(size_t len, struct myc_diagnostic *diagnostic)
{
    enum myc_status status = myc_diagnostic_set(diagnostic, MYC_TOO_BIG, 0, "segment name: ");
    myc_diagnostic_append_u64(diagnostic, len);
    myc_diagnostic_append(diagnostic, " characters, at most ");
    myc_diagnostic_append_u64(diagnostic, MYC_SEGMENT_NAME_MAX);
    return status;
}

static enum myc_status bad_character(const char *name, size_t at, struct myc_diagnostic *diagnostic)
{
    enum myc_status status =
        myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "segment name: character ");
    myc_diagnostic_append_u64(diagnostic, at + 1);
    myc_diagnostic_append(diagnostic, ", ");
    myc_diagnostic_append_quoted(diagnostic, name + at, 1);
    myc_diagnostic_append(diagnostic, ", is not portable there");
    return status;
}

enum myc_status myc_segment_name_check(const char *name, struct myc_diagnostic *diagnostic)
{
    size_t len = strlen(name);
    if (len == 0) {
        return myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "segment name: it is empty");
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_portable(name[i]) || (i == 0 && (name[i] == '.' || name[i] == '-'))) {
            return bad_character(name, i, diagnostic);
        }
    }
    return len > MYC_SEGMENT_NAME_MAX ? too_long(len, diagnostic) : MYC_OK;
}

// A prefix or a role: a name without '.'.
static enum myc_status
check_part(const char *part, const char *what, struct myc_diagnostic *diagnostic)
{
    enum myc_status status = myc_segment_name_check(part, diagnostic);
    for (size_t i = 0; status == MYC_OK && part[i] != '\0'; i++) {
        if (part[i] == '.') {
            status = bad_character(part, i, diagnostic);
        }
    }
    if (status != MYC_OK) {
        myc_diagnostic_wrap(diagnostic, what);
    }
    return status;
}

enum myc_status myc_segment_name_compose(
    char out_name[MYC_SEGMENT_NAME_BYTES],
    const char *prefix,
    const char *role,
    uint32_t index,
    struct myc_diagnostic *diagnostic)
{
    // Two parts at their longest, two dots and ten digits.
    char whole[2 * MYC_SEGMENT_NAME_BYTES + 16];
    struct myc__text text;
    out_name[0] = '\0';
    enum myc_status status = check_part(prefix, "prefix", diagnostic);
    if (status == MYC_OK) {
        status = check_part(role, "role", diagnostic);
    }
    if (status != MYC_OK) {
        return status;
    }
    myc__text_init(&text, whole, sizeof whole);
    myc__text_string(&text, prefix);
    myc__text_string(&text, ".");
    myc__text_string(&text, role);
    if (index != MYC_SEGMENT_NO_INDEX) {
        myc__text_string(&text, ".");
        myc__text_u64(&text, index);
    }
    if (text.len > MYC_SEGMENT_NAME_MAX) {
        return too_long(text.len, diagnostic);
    }
    memcpy(out_name, whole, text.len + 1);
    return MYC_OK;
}

// Copies up to the next '.' or the end. Returns: how many characters.
static size_t take_part(const char *name, char out_part[MYC_SEGMENT_NAME_BYTES])
{
    size_t len = 0;
    while (name[len] != '\0' && name[len] != '.') {
        out_part[len] = name[len];
        len++;
    }
    out_part[len] = '\0';
    return len;
}

// Returns: false if these are not the digits of an index.
static bool take_index(const char *digits, uint32_t *out_index)
{
    uint64_t index = 0;
    size_t len = 0;
    for (; is_digit(digits[len]) && len <= 10; len++) {
        index = index * 10 + (uint64_t)(digits[len] - '0');
    }
    *out_index = (uint32_t)index;
    return len > 0 && digits[len] == '\0' && index < MYC_SEGMENT_NO_INDEX
           && (digits[0] != '0' || len == 1);
}

enum myc_status myc_segment_name_parse(const char *name, struct myc_segment_name_parts *out_parts)
{
    enum myc_status status = myc_segment_name_check(name, NULL);
    if (status != MYC_OK) {
        return status;
    }
    size_t at = take_part(name, out_parts->prefix);
    if (name[at] != '.') {
        return MYC_INVALID;
    }
    at++;
    at += take_part(name + at, out_parts->role);
    out_parts->index = MYC_SEGMENT_NO_INDEX;
    if (check_part(out_parts->role, "role", NULL) != MYC_OK
        || (name[at] == '.' && !take_index(name + at + 1, &out_parts->index))) {
        return MYC_INVALID;
    }
    return MYC_OK;
}
