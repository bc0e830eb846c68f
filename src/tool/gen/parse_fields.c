// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Fields of a message: names that survive as C members, types, and the layout's verdict.
#include "tool/gen/parse.h"

#include <string.h>

enum { WHAT_BYTES = 160 };

// Members that the generator adds itself: padding is reserved_0, reserved_1, ...
static bool is_padding_name(const char *name)
{
    static const char start[] = "reserved_";
    size_t start_len = sizeof(start) - 1;
    return strncmp(name, start, start_len) == 0 && name[start_len] >= '0' && name[start_len] <= '9';
}

static bool
read_name(struct gen_yaml *yaml, const yaml_node_t *node, struct myc__schema_field *field)
{
    const char *text = NULL;
    size_t len = 0;
    char shown[MYC__SCHEMA_NAME_MAX + 1];
    if (!gen_yaml_text(yaml, node, "a field's name", &text, &len)) {
        return false;
    }
    gen_yaml_quote(shown, sizeof(shown), text, len);
    if (!myc__schema_is_snake_name(text, len)) {
        return gen_yaml_fail(
            yaml,
            node,
            "bad field name '%s': use lower-case letters, digits and single underscores, "
            "starting with a letter, at most %d characters",
            shown,
            MYC__SCHEMA_NAME_MAX);
    }
    if (myc__schema_is_keyword(text, len)) {
        return gen_yaml_fail(
            yaml, node, "bad field name '%s': it is a word of C or C++; choose another", shown);
    }
    memcpy(field->name, text, len);
    if (is_padding_name(field->name)) {
        return gen_yaml_fail(
            yaml, node, "bad field name '%s': reserved_N is for padding; choose another", shown);
    }
    return true;
}

static bool
read_type(struct gen_yaml *yaml, const yaml_node_t *node, struct myc__schema_field *field)
{
    const char *text = NULL;
    size_t len = 0;
    struct myc_diagnostic diagnostic;
    // An unquoted [u8; 20] is a YAML list of one string, so the tree still tells what was meant.
    if (node->type == YAML_SEQUENCE_NODE) {
        return gen_yaml_fail(
            yaml, node, "field '%s': put the type in quotes, as in \"[u8; 20]\"", field->name);
    }
    if (!gen_yaml_text(yaml, node, "a type", &text, &len)) {
        return false;
    }
    if (myc__schema_parse_type(field, text, len, &diagnostic) != MYC_OK) {
        return gen_yaml_fail(yaml, node, "field '%s': %s", field->name, diagnostic.text);
    }
    return true;
}

// A field is "name: type" or "name: {type: ..., description: ...}".
static bool read_field(
    struct gen_yaml *yaml,
    const struct gen_pair *pair,
    struct myc__schema_field *field,
    char **out_description)
{
    static const char *const allowed[] = {"type", "description", NULL};
    if (!read_name(yaml, pair->key, field)) {
        return false;
    }
    if (pair->value->type != YAML_MAPPING_NODE) {
        return read_type(yaml, pair->value, field);
    }
    char what[WHAT_BYTES];
    snprintf(what, sizeof(what), "field '%s'", field->name);
    if (!gen_yaml_check_mapping(yaml, pair->value, what, allowed)) {
        return false;
    }
    yaml_node_t *type = gen_yaml_find(yaml, pair->value, "type");
    yaml_node_t *description = gen_yaml_find(yaml, pair->value, "description");
    if (type == NULL) {
        return gen_yaml_fail(
            yaml, pair->key, "missing key 'type' in %s: add a line like 'type: u64'", what);
    }
    return read_type(yaml, type, field)
           && (description == NULL || gen_yaml_description(yaml, description, out_description));
}

// The pair at `index` of either form; false with an error if an item of a list is not one pair.
static bool
find_pair(struct gen_yaml *yaml, const yaml_node_t *node, size_t index, struct gen_pair *out_pair)
{
    if (node->type == YAML_MAPPING_NODE) {
        *out_pair = gen_yaml_pair(yaml, node, index);
        return true;
    }
    yaml_node_item_t item = node->data.sequence.items.start[index];
    const yaml_node_t *entry = yaml_document_get_node(&yaml->document, item);
    if (entry->type != YAML_MAPPING_NODE || gen_yaml_pair_count(entry) != 1) {
        return gen_yaml_fail(
            yaml, entry, "each item of 'fields' must be one entry: write '- name: type'");
    }
    *out_pair = gen_yaml_pair(yaml, entry, 0);
    return true;
}

// Members of the C struct must differ: fields, and has_X for each optional field X.
static bool check_unique(
    struct gen_yaml *yaml,
    const yaml_node_t *key,
    const struct myc__schema_message *message,
    uint32_t index)
{
    const struct myc__schema_field *field = &message->fields[index];
    for (uint32_t i = 0; i < index; i++) {
        const struct myc__schema_field *earlier = &message->fields[i];
        if (strcmp(earlier->name, field->name) == 0) {
            return gen_yaml_fail(
                yaml, key, "duplicate field '%s': remove or rename one", field->name);
        }
        const struct myc__schema_field *pairs[2][2] = {{earlier, field}, {field, earlier}};
        for (size_t j = 0; j < 2; j++) {
            const struct myc__schema_field *optional = pairs[j][0];
            const struct myc__schema_field *other = pairs[j][1];
            if (optional->is_optional && strncmp(other->name, "has_", 4) == 0
                && strcmp(other->name + 4, optional->name) == 0) {
                return gen_yaml_fail(
                    yaml,
                    key,
                    "field '%s' is also what optional field '%s' generates: rename one",
                    other->name,
                    optional->name);
            }
        }
    }
    return true;
}

bool gen_parse_fields(
    struct gen_yaml *yaml,
    const yaml_node_t *node,
    struct myc__schema_message *message,
    struct gen_notes *notes)
{
    size_t count = 0;
    if (node->type == YAML_MAPPING_NODE) {
        count = gen_yaml_pair_count(node);
    } else if (node->type == YAML_SEQUENCE_NODE) {
        count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    }
    if (count == 0 || count > MYC__SCHEMA_FIELDS_MAX) {
        return gen_yaml_fail(
            yaml,
            node,
            "message '%s' must have 1 to %d fields: write 'name: type' lines under 'fields'",
            message->name,
            MYC__SCHEMA_FIELDS_MAX);
    }
    message->fields = gen_allocate(count, sizeof(*message->fields));
    notes->fields = gen_allocate(count, sizeof(*notes->fields));
    message->field_count = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        struct gen_pair pair;
        if (!find_pair(yaml, node, i, &pair)
            || !read_field(yaml, &pair, &message->fields[i], &notes->fields[i])
            || !check_unique(yaml, pair.key, message, i)) {
            return false;
        }
    }
    struct myc_diagnostic diagnostic;
    if (myc__schema_layout(message, &diagnostic) != MYC_OK) {
        return gen_yaml_fail(yaml, node, "message '%s': %s", message->name, diagnostic.text);
    }
    return true;
}
