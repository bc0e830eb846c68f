// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Field types: one table of kinds and the spellings that contracts use for them.
#include "schema/model.h"

#include <string.h>

#include "core/text.h"

static const struct myc__schema_kind_info kinds[] = {
#define KIND_INFO(name, spelling, c_type, size, alignment) {spelling, c_type, size, alignment},
    MYC__SCHEMA_KIND_LIST(KIND_INFO)
#undef KIND_INFO
};

_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == MYC__SCHEMA_KIND_COUNT, "one entry a kind");

static const char optional_word[] = "optional ";

const struct myc__schema_kind_info *myc__schema_kind_info(enum myc__schema_kind kind)
{
    return &kinds[kind];
}

uint32_t myc__schema_field_size(const struct myc__schema_field *field)
{
    return field->kind == MYC__SCHEMA_BYTES ? field->byte_count : kinds[field->kind].size;
}

static bool starts_with(const char *text, size_t len, const char *start)
{
    size_t start_len = strlen(start);
    return len >= start_len && memcmp(text, start, start_len) == 0;
}

static bool equals(const char *text, size_t len, const char *other)
{
    return len == strlen(other) && memcmp(text, other, len) == 0;
}

static enum myc_status
refuse(struct myc_diagnostic *diagnostic, const char *spelling, size_t len, const char *advice)
{
    (void)myc_diagnostic_set(diagnostic, MYC_SYNTAX, 0, "unknown type ");
    myc_diagnostic_append_quoted(diagnostic, spelling, len < 40 ? len : 40);
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append(diagnostic, advice);
    return MYC_SYNTAX;
}

// Reads "[u8; N]"; blanks around the parts do not matter.
static bool parse_byte_array(const char *text, size_t len, uint32_t *out_count)
{
    if (!starts_with(text, len, "[u8;") || text[len - 1] != ']') {
        return false;
    }
    size_t i = strlen("[u8;");
    size_t end = len - 1;
    while (i < end && text[i] == ' ') {
        i++;
    }
    while (end > i && text[end - 1] == ' ') {
        end--;
    }
    uint32_t count = 0;
    for (; i < end; i++) {
        if (text[i] < '0' || text[i] > '9' || count > MYC__SCHEMA_BYTES_MAX) {
            return false;
        }
        count = count * 10 + (uint32_t)(text[i] - '0');
    }
    *out_count = count;
    return count >= 1 && count <= MYC__SCHEMA_BYTES_MAX;
}

enum myc_status myc__schema_parse_type(
    struct myc__schema_field *field,
    const char *spelling,
    size_t len,
    struct myc_diagnostic *diagnostic)
{
    const char *base = spelling;
    size_t base_len = len;
    if (starts_with(spelling, len, "Option<")) {
        return refuse(diagnostic, spelling, len, "write an optional field as 'optional u256'");
    }
    bool is_optional = starts_with(spelling, len, optional_word);
    if (is_optional) {
        base += strlen(optional_word);
        base_len -= strlen(optional_word);
    }
    if (starts_with(base, base_len, "\"") || starts_with(base, base_len, "'")) {
        return refuse(
            diagnostic, spelling, len, "put the quotes around all of it: \"optional [u8; 20]\"");
    }
    if (starts_with(base, base_len, "[")) {
        uint32_t count = 0;
        if (!parse_byte_array(base, base_len, &count)) {
            return refuse(
                diagnostic,
                spelling,
                len,
                "write a byte array as '[u8; N]' with N from 1 to 65536");
        }
        field->kind = MYC__SCHEMA_BYTES;
        field->byte_count = count;
        field->is_optional = is_optional;
        return MYC_OK;
    }
    for (size_t i = 0; i < MYC__SCHEMA_BYTES; i++) {
        if (equals(base, base_len, kinds[i].spelling)) {
            field->kind = (enum myc__schema_kind)i;
            field->byte_count = 0;
            field->is_optional = is_optional;
            return MYC_OK;
        }
    }
    return refuse(
        diagnostic,
        spelling,
        len,
        "use u8 to u256, i8 to i256, f32, f64, bool, '[u8; N]', or 'optional' before one of them");
}

void myc__schema_print_type(const struct myc__schema_field *field, struct myc__text *text)
{
    if (field->is_optional) {
        myc__text_string(text, optional_word);
    }
    if (field->kind == MYC__SCHEMA_BYTES) {
        myc__text_string(text, "[u8; ");
        myc__text_u64(text, field->byte_count);
        myc__text_string(text, "]");
    } else {
        myc__text_string(text, kinds[field->kind].spelling);
    }
}
