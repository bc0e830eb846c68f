// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Fields of messages and structs: names that survive as C members, and types.
#include <string.h>

#include "schema/field.h"
#include "schema/limits.h"
#include "schema/name.h"
#include "tool/contract/reader.h"

// ---- Names ----

// Members that the generator adds itself: padding is reserved_0, reserved_1, ...
static bool is_padding_name(const char *name)
{
    static const char start[] = "reserved_";
    size_t start_len = sizeof(start) - 1;
    return strncmp(name, start, start_len) == 0 && name[start_len] >= '0' && name[start_len] <= '9';
}

static void read_name(
    struct reader *reader,
    const yaml_node_t *key,
    struct myc_field *field,
    struct reader_field *source)
{
    size_t len = 0;
    const char *text = reader_text(reader, key, "a field's name", &len);
    field->name = text == NULL ? "" : reader_quote(reader, text, len);
    if (text == NULL) {
        source->is_broken = true;
        return;
    }
    const char *fault = NULL;
    if (!myc__schema_is_snake_name(text, len)) {
        fault = "use lower-case letters, digits and single underscores, starting with a letter, at "
                "most 63 characters";
    } else if (myc__schema_is_keyword(text, len)) {
        fault = "it is a word of C or C++; choose another";
    } else if (is_padding_name(field->name)) {
        fault = "reserved_N is for padding; choose another";
    }
    if (fault != NULL) {
        reader_error(reader, key, "BAD_FIELD_NAME", "bad field name '%s': %s", field->name, fault);
    }
}

// Members of the C struct must differ: fields, and has_X for each optional field X.
static void check_unique(struct reader *reader, const struct reader_fields *body, uint32_t index)
{
    const struct myc_field *field = &body->fields[index];
    for (uint32_t i = 0; i < index; i++) {
        const struct myc_field *earlier = &body->fields[i];
        if (strcmp(earlier->name, field->name) == 0) {
            reader_error(
                reader,
                body->sources[index].key,
                "DUPLICATE_FIELD",
                "duplicate field '%s': remove or rename one",
                field->name);
            return;
        }
        const struct myc_field *pairs[2][2] = {{earlier, field}, {field, earlier}};
        for (size_t j = 0; j < 2; j++) {
            const struct myc_field *optional = pairs[j][0];
            const struct myc_field *other = pairs[j][1];
            if ((optional->flags & MYC_FIELD_OPTIONAL) != 0 && strncmp(other->name, "has_", 4) == 0
                && strcmp(other->name + 4, optional->name) == 0) {
                reader_error(
                    reader,
                    body->sources[index].key,
                    "FIELD_CLASH",
                    "field '%s' is also what optional field '%s' generates: rename one",
                    other->name,
                    optional->name);
                return;
            }
        }
    }
}

// ---- Types ----

// Words of other languages, and what they are called here.
static const char *const foreign[][2] = {
    {"int", "i32"},        {"uint", "u32"},        {"int8_t", "i8"},       {"uint8_t", "u8"},
    {"int16_t", "i16"},    {"uint16_t", "u16"},    {"int32_t", "i32"},     {"uint32_t", "u32"},
    {"int64_t", "i64"},    {"uint64_t", "u64"},    {"float", "f32"},       {"double", "f64"},
    {"byte", "u8"},        {"char", "u8"},         {"usize", "u64"},       {"size_t", "u64"},
    {"long", "i64"},       {"short", "i16"},       {"boolean", "bool"},    {"string", "string<32>"},
    {"str", "string<32>"}, {"bytes", "bytes<32>"}, {"vec", "vec<u64, 8>"},
};

static const char *find_meant(struct reader *reader, const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        if (strlen(foreign[i][0]) == len && memcmp(foreign[i][0], name, len) == 0) {
            return contract_arena_format(reader->arena, "; write '%s'", foreign[i][1]);
        }
    }
    struct suggestion suggestion;
    suggestion_init(&suggestion, name, len);
    for (uint32_t i = 0; i < reader->type_count; i++) {
        suggestion_offer(&suggestion, reader->types[i].name);
    }
    for (uint32_t kind = 0; kind < MYC_KIND_ENUM; kind++) {
        suggestion_offer(&suggestion, myc__schema_kind_facts(kind)->spelling);
    }
    return suggestion.best != NULL
               ? suggestion_text(reader, &suggestion)
               : ": use u8 to u256, i8 to i256, f32, f64, bool, string<N>, or a name from 'enums', "
                 "'structs' or 'unions'";
}

static bool resolve(
    struct reader *reader,
    const yaml_node_t *node,
    const struct myc__schema_spelling *spelling,
    struct myc_field *field,
    struct reader_field *source)
{
    struct reader_type *type = reader_find_type(reader, spelling->name, spelling->name_len);
    if (type == NULL) {
        return reader_error(
            reader,
            node,
            "UNKNOWN_TYPE",
            "field '%s': unknown type '%s'%s",
            field->name,
            reader_quote(reader, spelling->name, spelling->name_len),
            find_meant(reader, spelling->name, spelling->name_len));
    }
    if (type->category == READER_ENUM) {
        field->kind = MYC_KIND_ENUM;
        field->enumeration = type->enumeration;
    } else if (type->category == READER_STRUCT) {
        source->needs = type;
        field->kind = MYC_KIND_STRUCT;
        field->structure = type->structure;
    } else {
        source->needs = type;
        field->kind = MYC_KIND_UNION;
        field->choice = type->choice;
    }
    if (field->kind == MYC_KIND_UNION && (spelling->is_optional || field->shape != MYC_SHAPE_ONE)) {
        return reader_error(
            reader,
            node,
            "TYPE_NOT_ALLOWED",
            "field '%s': a union cannot be %s; put it into a struct",
            field->name,
            spelling->is_optional ? "optional" : "an element");
    }
    return true;
}

static bool read_type(
    struct reader *reader,
    const yaml_node_t *node,
    bool is_struct,
    struct myc_field *field,
    struct reader_field *source)
{
    size_t len = 0;
    struct myc_diagnostic diagnostic;
    struct myc__schema_spelling spelling;
    // An unquoted [u8; 20] is a YAML list of one string, so the tree still tells what was meant.
    if (node->type == YAML_SEQUENCE_NODE) {
        return reader_error(
            reader,
            node,
            "BAD_TYPE",
            "field '%s': put the type in quotes, as in \"[u8; 20]\"",
            field->name);
    }
    const char *text = reader_text(reader, node, "a type", &len);
    if (text == NULL) {
        return false;
    }
    if (myc__schema_read_spelling(text, len, &spelling, &diagnostic) != MYC_OK) {
        return reader_error(
            reader, node, "BAD_TYPE", "field '%s': %s", field->name, diagnostic.text);
    }
    if (is_struct && myc__schema_is_tail(spelling.shape)) {
        return reader_error(
            reader,
            node,
            "TYPE_NOT_ALLOWED",
            "field '%s': a struct cannot have a tail; move it to the message",
            field->name);
    }
    myc__schema_apply_spelling(&spelling, field);
    return spelling.kind != MYC_KIND_COUNT || resolve(reader, node, &spelling, field, source);
}

// ---- A field ----

static void read_since(
    struct reader *reader,
    const yaml_node_t *node,
    uint16_t version,
    struct reader_fields *body,
    uint32_t index)
{
    struct myc_field *field = &body->fields[index];
    uint64_t since = index > 0 ? body->fields[index - 1].since : 1;
    const yaml_node_t *value =
        node->type == YAML_MAPPING_NODE ? reader_find(reader, node, "since") : NULL;
    uint16_t least = (uint16_t)since;
    field->since = least;
    if (value == NULL) {
        if (least > 1) {
            reader_error(
                reader,
                body->sources[index].key,
                "BAD_SINCE",
                "field '%s' comes after fields of version %u: give it 'since: %u' or a later "
                "version, or move it up",
                field->name,
                least,
                least);
        }
        return;
    }
    if (!reader_number(reader, value, "since", 1, UINT16_MAX, &since)) {
        return;
    }
    if (since < least) {
        reader_error(
            reader,
            value,
            "BAD_SINCE",
            "since is %u after a field of version %u: new fields come last",
            (unsigned)since,
            least);
        return;
    }
    if (since > version) {
        reader_error(
            reader,
            value,
            "BAD_SINCE",
            "since is %u but schema_version is %u: raise schema_version",
            (unsigned)since,
            version);
        return;
    }
    field->since = (uint16_t)since;
}

// What an older payload lacks must have a value: absent, a default, empty or no variant.
static void check_new_field(struct reader *reader, const struct reader_fields *body, uint32_t index)
{
    const struct myc_field *field = &body->fields[index];
    bool has_value = (field->flags & (MYC_FIELD_OPTIONAL | MYC_FIELD_DEFAULT)) != 0
                     || field->kind == MYC_KIND_UNION || myc__schema_is_tail(field->shape);
    if (field->since > 1 && !has_value) {
        bool is_struct = field->kind == MYC_KIND_STRUCT;
        reader_error(
            reader,
            body->sources[index].key,
            "NEW_FIELD_NEEDS_DEFAULT",
            "field '%s' is new in version %u: older messages lack it, so %s",
            field->name,
            field->since,
            is_struct ? "make it optional" : "make it optional or give it a default");
    }
}

// Whether what a field says is known, in a message or in a struct, whose fields have no `since`.
static void
check_keys(struct reader *reader, const yaml_node_t *node, const char *what, bool is_of_message)
{
    static const char *const known[] = {
        "type",
        "description",
        "default",
        "since",
        "deprecated",
        "min",
        "max",
        "not_empty",
        "min_length",
        "max_length",
        "finite",
        "nonzero",
        "ascii",
        "secret"};
    const char *allowed[sizeof(known) / sizeof(known[0]) + 1] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (is_of_message || strcmp(known[i], "since") != 0) {
            allowed[count++] = known[i];
        }
    }
    reader_check_mapping(reader, node, what, allowed);
}

static void read_field(
    struct reader *reader,
    const yaml_node_t *node,
    uint16_t version,
    struct contract_note *note,
    struct reader_fields *body,
    uint32_t index)
{
    struct myc_field *field = &body->fields[index];
    struct reader_field *source = &body->sources[index];
    char what[READER_WHAT_BYTES];
    snprintf(what, sizeof(what), "field '%s'", field->name);
    source->type = (yaml_node_t *)node;
    if (node->type == YAML_MAPPING_NODE) {
        check_keys(reader, node, what, version > 0);
        source->type = reader_require(reader, source->key, node, "type", what, "type: u64");
        source->default_value = reader_find(reader, node, "default");
        note->description = reader_description(reader, node, "description");
        field->flags |= reader_deprecated(reader, node, note) ? MYC_FIELD_DEPRECATED : 0;
    }
    field->count = 1;
    if (source->type == NULL || !read_type(reader, source->type, version == 0, field, source)) {
        source->is_broken = true;
        source->needs = NULL;
        *field = (struct myc_field){.name = field->name, .count = 1};
    }
    if (version > 0) {
        read_since(reader, node, version, body, index);
    } else {
        field->since = 1;
    }
    if (!source->is_broken && node->type == YAML_MAPPING_NODE) {
        reader_read_rules(reader, node, field, what);
    }
    if (!source->is_broken && source->default_value != NULL) {
        field->flags |= MYC_FIELD_DEFAULT;
    }
    if (!source->is_broken) {
        check_new_field(reader, body, index);
    }
}

// The pair at `index` of either form; false with an error if an item of a list is not one pair.
static bool find_pair(
    struct reader *reader, const yaml_node_t *node, size_t index, struct reader_pair *out_pair)
{
    if (node->type == YAML_MAPPING_NODE) {
        *out_pair = reader_pair_at(reader, node, index);
        return true;
    }
    const yaml_node_t *entry = reader_item_at(reader, node, index);
    if (entry->type != YAML_MAPPING_NODE || reader_pair_count(entry) != 1) {
        return reader_error(
            reader,
            entry,
            "NOT_A_MAPPING",
            "each item of 'fields' must be one entry: write '- name: type'");
    }
    *out_pair = reader_pair_at(reader, entry, 0);
    return true;
}

static bool
count_fields(struct reader *reader, const yaml_node_t *node, const char *what, size_t *out_count)
{
    bool is_mapping = node->type == YAML_MAPPING_NODE;
    if (!is_mapping && node->type != YAML_SEQUENCE_NODE) {
        return reader_error(
            reader,
            node,
            "NOT_A_MAPPING",
            "fields of %s must be a mapping or a list: write 'name: type' lines",
            what);
    }
    *out_count = is_mapping ? reader_pair_count(node) : reader_item_count(node);
    if (*out_count > MYC__SCHEMA_FIELDS_MAX) {
        return reader_error(
            reader,
            node,
            "BAD_COUNT",
            "%s must have at most %d fields: split it",
            what,
            MYC__SCHEMA_FIELDS_MAX);
    }
    bool is_known = reader->field_count > READER_FIELDS_MAX;
    reader->field_count += (uint32_t)*out_count;
    if (is_known) {
        return false;
    }
    if (reader->field_count > READER_FIELDS_MAX) {
        return reader_error(
            reader,
            node,
            "BAD_COUNT",
            "the contract has more than %d fields: split it",
            READER_FIELDS_MAX);
    }
    return true;
}

void reader_read_fields(
    struct reader *reader,
    const yaml_node_t *node,
    const char *what,
    uint16_t version,
    struct contract_notes *notes,
    struct reader_fields *out_fields)
{
    size_t count = 0;
    *out_fields = (struct reader_fields){.is_broken = true};
    if (!count_fields(reader, node, what, &count)) {
        return;
    }
    if (count == 0 && version == 0) {
        reader_error(reader, node, "BAD_COUNT", "%s must have 1 field or more", what);
        return;
    }
    out_fields->fields = contract_arena_take(reader->arena, count, sizeof(struct myc_field));
    out_fields->sources = contract_arena_take(reader->arena, count, sizeof(struct reader_field));
    out_fields->is_broken = false;
    notes->members = contract_arena_take(reader->arena, count, sizeof(*notes->members));
    for (size_t i = 0; i < count; i++) {
        uint32_t index = out_fields->count;
        struct reader_pair pair;
        if (!find_pair(reader, node, i, &pair)) {
            out_fields->is_broken = true;
            continue;
        }
        out_fields->sources[index].key = pair.key;
        notes->members[index].place = reader_place(pair.key);
        read_name(reader, pair.key, &out_fields->fields[index], &out_fields->sources[index]);
        out_fields->count++;
        read_field(reader, pair.value, version, &notes->members[index], out_fields, index);
        check_unique(reader, out_fields, index);
        out_fields->is_broken = out_fields->is_broken || out_fields->sources[index].is_broken;
    }
}
