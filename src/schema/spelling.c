// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Types as contracts spell them. Blanks inside brackets do not matter when reading; writing has one
// form.
#include <string.h>

#include "core/text.h"
#include "schema/field.h"
#include "schema/limits.h"

enum { SHOWN_MAX = 40 };

struct scan {
    const char *text;
    size_t len;
    size_t at;
};

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->len && scan->text[scan->at] == ' ') {
        scan->at++;
    }
}

static bool take(struct scan *scan, const char *token)
{
    size_t len = strlen(token);
    if (scan->len - scan->at < len || memcmp(scan->text + scan->at, token, len) != 0) {
        return false;
    }
    scan->at += len;
    return true;
}

// A closing bracket or separator, with blanks around it.
static bool take_mark(struct scan *scan, const char *mark)
{
    skip_blanks(scan);
    bool is_taken = take(scan, mark);
    skip_blanks(scan);
    return is_taken;
}

static bool take_count(struct scan *scan, uint32_t *out_count)
{
    uint32_t count = 0;
    size_t start = scan->at;
    while (scan->at < scan->len && scan->text[scan->at] >= '0' && scan->text[scan->at] <= '9') {
        if (count > MYC__SCHEMA_BYTES_MAX || (scan->at > start && count == 0)) {
            return false;
        }
        count = count * 10 + (uint32_t)(scan->text[scan->at] - '0');
        scan->at++;
    }
    *out_count = count;
    return count >= 1 && count <= MYC__SCHEMA_BYTES_MAX;
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool take_word(struct scan *scan, struct myc__schema_spelling *spelling)
{
    const char *word = scan->text + scan->at;
    size_t start = scan->at;
    while (scan->at < scan->len && is_word_byte(scan->text[scan->at])) {
        scan->at++;
    }
    size_t len = scan->at - start;
    spelling->kind = MYC_KIND_COUNT;
    spelling->name = word;
    spelling->name_len = len;
    for (uint32_t kind = 0; kind < MYC_KIND_ENUM; kind++) {
        const char *other = myc__schema_kind_facts(kind)->spelling;
        if (len == strlen(other) && memcmp(word, other, len) == 0) {
            spelling->kind = (uint8_t)kind;
        }
    }
    return len > 0;
}

// "[u8; M]" or a word.
static bool take_element(struct scan *scan, struct myc__schema_spelling *spelling)
{
    skip_blanks(scan);
    if (!take(scan, "[")) {
        return take_word(scan, spelling);
    }
    skip_blanks(scan);
    return take_word(scan, spelling) && spelling->kind == MYC_KIND_U8 && take_mark(scan, ";")
           && take_count(scan, &spelling->inner) && take_mark(scan, "]");
}

static enum myc_status
refuse(struct myc_diagnostic *diagnostic, const struct scan *scan, const char *advice)
{
    (void)myc_diagnostic_set(diagnostic, MYC_SYNTAX, 0, "bad type ");
    myc_diagnostic_append_quoted(
        diagnostic, scan->text, scan->len < SHOWN_MAX ? scan->len : SHOWN_MAX);
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append(diagnostic, advice);
    return MYC_SYNTAX;
}

// What follows "optional", up to the end; NULL or what is wrong with it.
static const char *read_shape(struct scan *scan, struct myc__schema_spelling *spelling)
{
    spelling->count = 1;
    spelling->kind = MYC_KIND_U8;
    if (take(scan, "tail bytes")) {
        spelling->shape = MYC_SHAPE_TAIL_BYTES;
    } else if (take(scan, "tail string")) {
        spelling->shape = MYC_SHAPE_TAIL_STRING;
    } else if (take(scan, "string<") || take(scan, "bytes<")) {
        spelling->shape = scan->text[scan->at - 2] == 'g' ? MYC_SHAPE_STRING : MYC_SHAPE_VECTOR;
        skip_blanks(scan);
        if (!take_count(scan, &spelling->count) || !take_mark(scan, ">")) {
            return "write 'string<N>' or 'bytes<N>' with N from 1 to 65536";
        }
    } else if (take(scan, "vec<")) {
        spelling->shape = MYC_SHAPE_VECTOR;
        if (!take_element(scan, spelling) || !take_mark(scan, ",")
            || !take_count(scan, &spelling->count) || !take_mark(scan, ">")) {
            return "write a vector as 'vec<T, N>' with N from 1 to 65536";
        }
    } else if (take(scan, "[")) {
        spelling->shape = MYC_SHAPE_ARRAY;
        if (!take_element(scan, spelling) || !take_mark(scan, ";")
            || !take_count(scan, &spelling->count) || !take_mark(scan, "]")) {
            return "write an array as '[T; N]' with N from 1 to 65536";
        }
    } else if (!take_word(scan, spelling)) {
        return "write a type such as u64, '[u8; 20]', 'vec<u64, 8>' or 'string<32>'";
    }
    skip_blanks(scan);
    return scan->at == scan->len ? NULL : "nothing may follow the type";
}

enum myc_status myc__schema_read_spelling(
    const char *text,
    size_t len,
    struct myc__schema_spelling *out_spelling,
    struct myc_diagnostic *diagnostic)
{
    struct scan scan = {text, len, 0};
    struct myc__schema_spelling spelling = {0};
    if (take(&scan, "Option<")) {
        return refuse(diagnostic, &scan, "write an optional field as 'optional u256'");
    }
    skip_blanks(&scan);
    spelling.is_optional = take(&scan, "optional ");
    skip_blanks(&scan);
    if (scan.at < len && (text[scan.at] == '"' || text[scan.at] == '\'')) {
        return refuse(diagnostic, &scan, "put the quotes around all of it: \"optional [u8; 20]\"");
    }
    const char *advice = read_shape(&scan, &spelling);
    if (advice == NULL && spelling.is_optional && myc__schema_is_tail(spelling.shape)) {
        advice = "a tail may be empty instead of optional";
    }
    if (advice != NULL) {
        return refuse(diagnostic, &scan, advice);
    }
    *out_spelling = spelling;
    return MYC_OK;
}

void myc__schema_apply_spelling(
    const struct myc__schema_spelling *spelling, struct myc_field *field)
{
    field->kind = spelling->kind;
    field->shape = spelling->shape;
    field->inner = spelling->inner;
    field->count = spelling->count;
    if (spelling->is_optional) {
        field->flags |= MYC_FIELD_OPTIONAL;
    }
    field->length_min = 0;
    if (field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING) {
        field->length_max = field->count;
    } else {
        field->length_max = myc__schema_is_tail(field->shape) ? UINT32_MAX : 0;
    }
}

static const char *element_name(const struct myc_field *field)
{
    if (field->kind == MYC_KIND_ENUM) {
        return field->enumeration->name;
    }
    if (field->kind == MYC_KIND_STRUCT) {
        return field->structure->name;
    }
    return field->kind == MYC_KIND_UNION ? field->choice->name
                                         : myc__schema_kind_facts(field->kind)->spelling;
}

static void
spell_counted(const struct myc_field *field, const char *separator, struct myc__text *text)
{
    if (field->inner > 0) {
        myc__text_string(text, "[");
    }
    myc__text_string(text, element_name(field));
    if (field->inner > 0) {
        myc__text_string(text, "; ");
        myc__text_u64(text, field->inner);
        myc__text_string(text, "]");
    }
    myc__text_string(text, separator);
    myc__text_u64(text, field->count);
}

static void spell_vector(const struct myc_field *field, struct myc__text *text)
{
    if (field->kind == MYC_KIND_U8 && field->inner == 0) {
        myc__text_string(text, "bytes<");
        myc__text_u64(text, field->count);
    } else {
        myc__text_string(text, "vec<");
        spell_counted(field, ", ", text);
    }
    myc__text_string(text, ">");
}

void myc__schema_spell(const struct myc_field *field, struct myc__text *text)
{
    if ((field->flags & MYC_FIELD_OPTIONAL) != 0) {
        myc__text_string(text, "optional ");
    }
    switch ((enum myc_shape)field->shape) {
    case MYC_SHAPE_ONE:
        myc__text_string(text, element_name(field));
        break;
    case MYC_SHAPE_ARRAY:
        myc__text_string(text, "[");
        spell_counted(field, "; ", text);
        myc__text_string(text, "]");
        break;
    case MYC_SHAPE_VECTOR:
        spell_vector(field, text);
        break;
    case MYC_SHAPE_STRING:
        myc__text_string(text, "string<");
        myc__text_u64(text, field->count);
        myc__text_string(text, ">");
        break;
    case MYC_SHAPE_TAIL_BYTES:
        myc__text_string(text, "tail bytes");
        break;
    case MYC_SHAPE_TAIL_STRING:
        myc__text_string(text, "tail string");
        break;
    case MYC_SHAPE_COUNT:
        break;
    }
}
