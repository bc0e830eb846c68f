// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Declarative rules of a field: which of them its type can have, and whether they can be met.
#include "schema/field.h"
#include "schema/limits.h"
#include "tool/contract/reader.h"

static bool is_counted(const struct myc_field *field)
{
    return field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING
           || myc__schema_is_tail(field->shape);
}

static bool is_number(const struct myc_field *field)
{
    return myc__schema_is_number(field->kind) && field->inner == 0 && !is_counted(field);
}

// Elements of a vector have a range as those of an array do; strings and tails are no numbers.
static bool has_range(const struct myc_field *field)
{
    return is_number(field)
           || (field->shape == MYC_SHAPE_VECTOR && myc__schema_is_number(field->kind)
               && field->inner == 0);
}

static bool can_be_nonzero(const struct myc_field *field)
{
    bool is_bytes = field->shape == MYC_SHAPE_ARRAY && field->kind == MYC_KIND_U8;
    return (is_number(field) && field->shape == MYC_SHAPE_ONE) || (is_bytes && field->inner == 0);
}

static bool is_text(const struct myc_field *field)
{
    return field->shape == MYC_SHAPE_STRING || field->shape == MYC_SHAPE_TAIL_STRING;
}

static bool refuse(
    struct reader *reader,
    const yaml_node_t *node,
    const char *rule,
    const char *what,
    const char *types)
{
    return reader_error(
        reader, node, "RULE_NOT_ALLOWED", "%s cannot have '%s': it is for %s", what, rule, types);
}

static const struct myc_number *read_limit(
    struct reader *reader,
    const yaml_node_t *mapping,
    const char *key,
    struct myc_field *field,
    const char *what)
{
    const yaml_node_t *node = reader_find(reader, mapping, key);
    size_t len = 0;
    if (node == NULL) {
        return NULL;
    }
    if (!has_range(field)) {
        (void)refuse(reader, node, key, what, "numbers");
        return NULL;
    }
    const char *text = reader_text(reader, node, key, &len);
    if (text == NULL) {
        return NULL;
    }
    struct myc_number *number = contract_arena_take(reader->arena, 1, sizeof(*number));
    const char *fault = number_read(field->kind, text, len, number);
    if (fault != NULL) {
        reader_error(
            reader,
            node,
            "BAD_NUMBER",
            "%s of %s must be %s, not '%s'",
            key,
            what,
            fault,
            reader_quote(reader, text, len));
        return NULL;
    }
    return number;
}

static void read_range(
    struct reader *reader, const yaml_node_t *mapping, struct myc_field *field, const char *what)
{
    field->min = read_limit(reader, mapping, "min", field, what);
    field->max = read_limit(reader, mapping, "max", field, what);
    if (field->min != NULL && field->max != NULL
        && number_compare(field->kind, field->min, field->max) > 0) {
        reader_error(
            reader,
            reader_find(reader, mapping, "max"),
            "BAD_RANGE",
            "max of %s is below its min: no value fits; correct one",
            what);
    }
}

static void read_lengths(
    struct reader *reader, const yaml_node_t *mapping, struct myc_field *field, const char *what)
{
    static const char *const keys[] = {"not_empty", "min_length", "max_length"};
    const yaml_node_t *last = NULL;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const yaml_node_t *node = reader_find(reader, mapping, keys[i]);
        if (node != NULL && !is_counted(field)) {
            (void)refuse(reader, node, keys[i], what, "strings, vectors and tails");
            return;
        }
        last = node != NULL ? node : last;
    }
    uint64_t limit = myc__schema_is_tail(field->shape) ? UINT32_MAX : field->count;
    uint64_t least = reader_flag(reader, mapping, "not_empty", false) ? 1 : 0;
    uint64_t most = limit;
    reader_optional_number(reader, mapping, "min_length", least, limit, &least);
    reader_optional_number(reader, mapping, "max_length", 1, limit, &most);
    if (last != NULL && least > most) {
        reader_error(
            reader,
            last,
            "BAD_RANGE",
            "max_length of %s is below its min_length: no value fits; correct one",
            what);
        return;
    }
    if (is_counted(field)) {
        field->length_min = (uint32_t)least;
        field->length_max = (uint32_t)most;
    }
}

struct flag_rule {
    const char *key;
    uint16_t flag;
    const char *types;
};

static bool is_allowed(const struct myc_field *field, uint16_t flag)
{
    switch (flag) {
    case MYC_FIELD_FINITE:
        return myc__schema_is_float(field->kind);
    case MYC_FIELD_NONZERO:
        return can_be_nonzero(field);
    case MYC_FIELD_ASCII:
        return is_text(field);
    default:
        return true;
    }
}

void reader_read_rules(
    struct reader *reader, const yaml_node_t *node, struct myc_field *field, const char *what)
{
    static const struct flag_rule rules[] = {
        {"finite", MYC_FIELD_FINITE, "f32 and f64"},
        {"nonzero", MYC_FIELD_NONZERO, "single numbers and '[u8; N]'"},
        {"ascii", MYC_FIELD_ASCII, "strings"},
        {"secret", MYC_FIELD_SECRET, "any field"},
    };
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (!reader_flag(reader, node, rules[i].key, false)) {
            continue;
        }
        if (is_allowed(field, rules[i].flag)) {
            field->flags |= rules[i].flag;
        } else {
            (void)refuse(
                reader,
                reader_find(reader, node, rules[i].key),
                rules[i].key,
                what,
                rules[i].types);
        }
    }
    read_range(reader, node, field, what);
    read_lengths(reader, node, field, what);
}
