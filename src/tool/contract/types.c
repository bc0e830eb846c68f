// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Enums, structs and unions: first the names of all, so that any may use any, then what is in them.
#include <stdlib.h>
#include <string.h>

#include "schema/limits.h"
#include "schema/name.h"
#include "tool/contract/reader.h"
#include "tool/gen/names.h"

struct section {
    const char *key;
    const char *one;
    enum reader_category category;
};

static const struct section sections[] = {
    {"enums", "enum", READER_ENUM},
    {"structs", "struct", READER_STRUCT},
    {"unions", "union", READER_UNION},
};

enum { SECTION_COUNT = sizeof(sections) / sizeof(sections[0]) };

static const char *category_name(enum reader_category category)
{
    return sections[category].one;
}

// ---- Names ----

static void check_name(struct reader *reader, struct reader_type *type)
{
    type->name = "";
    if (type->pair.key->type != YAML_SCALAR_NODE) {
        type->is_broken = true; // the mapping's check said so
        return;
    }
    const char *text = (const char *)type->pair.key->data.scalar.value;
    size_t len = type->pair.key->data.scalar.length;
    type->name = reader_quote(reader, text, len);
    if (!myc__schema_is_pascal_name(text, len)) {
        type->is_broken = true;
        reader_error(
            reader,
            type->pair.key,
            "BAD_TYPE_NAME",
            "bad %s name '%s': use letters and digits starting with a capital, as in OrderSide, at "
            "most %d characters",
            category_name(type->category),
            type->name,
            MYC__SCHEMA_NAME_MAX);
    }
}

// One C name comes of each name, so Foo and FOO cannot both be there.
static void check_clash(struct reader *reader, const struct reader_type *type, uint32_t index)
{
    char name[GEN_NAME_BYTES];
    if (type->is_broken) {
        return;
    }
    gen_snake_name(type->name, name);
    for (uint32_t i = 0; i < index; i++) {
        const struct reader_type *earlier = &reader->types[i];
        char other[GEN_NAME_BYTES];
        if (earlier->is_broken) {
            continue;
        }
        gen_snake_name(earlier->name, other);
        bool is_duplicate_key =
            earlier->category == type->category && strcmp(earlier->name, type->name) == 0;
        if (strcmp(name, other) == 0 && !is_duplicate_key) {
            reader_error(
                reader,
                type->pair.key,
                "NAME_CLASH",
                "%s '%s' and %s '%s' are both '%s' in C: rename one",
                category_name(earlier->category),
                earlier->name,
                category_name(type->category),
                type->name,
                name);
            return;
        }
    }
}

static void declare(struct reader *reader, const struct section *section, struct reader_pair pair)
{
    struct reader_type *type = &reader->types[reader->type_count];
    struct contract_file *file = reader->file;
    *type = (struct reader_type){.category = section->category, .pair = pair};
    check_name(reader, type);
    check_clash(reader, type, reader->type_count);
    reader->type_count++;
    if (section->category == READER_ENUM) {
        type->enumeration = contract_arena_take(reader->arena, 1, sizeof(*type->enumeration));
        type->enumeration->name = type->name;
        type->notes = &file->enum_notes[file->enum_count];
        file->enums[file->enum_count++] = type->enumeration;
    } else if (section->category == READER_STRUCT) {
        type->structure = contract_arena_take(reader->arena, 1, sizeof(*type->structure));
        type->structure->name = type->name;
        type->notes = &file->struct_notes[file->struct_count];
        file->structs[file->struct_count++] = type->structure;
    } else {
        type->choice = contract_arena_take(reader->arena, 1, sizeof(*type->choice));
        type->choice->name = type->name;
        type->notes = &file->union_notes[file->union_count];
        file->unions[file->union_count++] = type->choice;
    }
    type->notes->self.place = reader_place(pair.key);
}

// The mapping of a section, or NULL when there is nothing to read.
static yaml_node_t *
find_section(struct reader *reader, const yaml_node_t *root, const struct section *section)
{
    yaml_node_t *node = reader_find(reader, root, section->key);
    if (node == NULL || reader_is_empty(node)
        || !reader_check_mapping(reader, node, section->key, NULL)) {
        return NULL;
    }
    return node;
}

void reader_declare_types(struct reader *reader, const yaml_node_t *root)
{
    yaml_node_t *nodes[SECTION_COUNT];
    size_t counts[SECTION_COUNT] = {0};
    size_t count = 0;
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        nodes[i] = find_section(reader, root, &sections[i]);
        counts[i] = nodes[i] != NULL ? reader_pair_count(nodes[i]) : 0;
        count += counts[i];
    }
    struct contract_file *file = reader->file;
    struct contract_arena *arena = reader->arena;
    reader->types = contract_arena_take(arena, count, sizeof(*reader->types));
    file->enums = contract_arena_take(arena, counts[0], sizeof(struct myc_enum *));
    file->structs = contract_arena_take(arena, counts[1], sizeof(struct myc_struct *));
    file->unions = contract_arena_take(arena, counts[2], sizeof(struct myc_union *));
    file->enum_notes = contract_arena_take(arena, counts[0], sizeof(*file->enum_notes));
    file->struct_notes = contract_arena_take(arena, counts[1], sizeof(*file->struct_notes));
    file->union_notes = contract_arena_take(arena, counts[2], sizeof(*file->union_notes));
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        for (size_t j = 0; j < counts[i]; j++) {
            declare(reader, &sections[i], reader_pair_at(reader, nodes[i], j));
        }
    }
}

struct reader_type *reader_find_type(struct reader *reader, const char *name, size_t len)
{
    for (uint32_t i = 0; i < reader->type_count; i++) {
        struct reader_type *type = &reader->types[i];
        if (strlen(type->name) == len && memcmp(type->name, name, len) == 0) {
            return type;
        }
    }
    return NULL;
}

// ---- Values and variants ----

/* A value of an enum, or a variant of a union, while they are read. */
struct member {
    const char *name;
    uint32_t number;
    uint32_t is_deprecated;
    const struct myc_struct *structure; /* of a variant: NULL if it holds nothing */
    struct reader_type *needs;          /* likewise */
    struct contract_note note;
};

/* Reads one that starts as zeros. Returns: whether it counts. */
typedef bool read_member(
    struct reader *reader,
    struct reader_type *type,
    struct reader_pair pair,
    struct member *member);

static int compare_members(const void *a, const void *b)
{
    uint32_t left = ((const struct member *)a)->number;
    uint32_t right = ((const struct member *)b)->number;
    return left < right ? -1 : left > right ? 1 : 0;
}

// Whether a mapping of members has a usable number of them.
static bool check_members(
    struct reader *reader,
    const yaml_node_t *node,
    const struct reader_type *type,
    const char *members)
{
    char what[READER_WHAT_BYTES];
    snprintf(
        what, sizeof(what), "%s of %s '%s'", members, category_name(type->category), type->name);
    if (!reader_check_mapping(reader, node, what, NULL)) {
        return false;
    }
    size_t count = reader_pair_count(node);
    if (count == 0 || count > MYC__SCHEMA_MEMBERS_MAX) {
        return reader_error(
            reader,
            node,
            "BAD_COUNT",
            "%s '%s' must have 1 to %d %s",
            category_name(type->category),
            type->name,
            MYC__SCHEMA_MEMBERS_MAX,
            members);
    }
    return true;
}

static void read_notes(struct reader *reader, const yaml_node_t *mapping, struct member *member)
{
    member->note.description = reader_description(reader, mapping, "description");
    member->is_deprecated = reader_deprecated(reader, mapping, &member->note) ? 1 : 0;
}

// The number, which is not reserved. `what` names it in errors.
static bool read_number(
    struct reader *reader,
    const struct reader_type *type,
    const yaml_node_t *key,
    const yaml_node_t *node,
    const char *what,
    struct member *member)
{
    uint64_t number = 0;
    uint64_t least = type->category == READER_UNION ? 1 : 0;
    if (node == NULL || !reader_number(reader, node, what, least, UINT32_MAX, &number)) {
        return false;
    }
    member->number = (uint32_t)number;
    return reader_check_reserved(
        reader,
        key,
        type->notes->reserved,
        type->notes->reserved_count,
        member->name,
        &member->number);
}

static bool check_unique(
    struct reader *reader,
    const struct reader_type *type,
    const yaml_node_t *key,
    const struct member *members,
    uint32_t count)
{
    bool is_tag = type->category == READER_UNION;
    for (uint32_t i = 0; i < count; i++) {
        if (members[i].number == members[count].number) {
            return reader_error(
                reader,
                key,
                is_tag ? "DUPLICATE_TAG" : "DUPLICATE_VALUE",
                "'%s' and '%s' %s %u: give one another%s",
                members[i].name,
                members[count].name,
                is_tag ? "both have tag" : "are both",
                members[i].number,
                is_tag ? "" : " number");
        }
    }
    return true;
}

// Those that count, by their numbers, in the arena, and their notes. `node` passed check_members().
static struct member *read_members(
    struct reader *reader,
    struct reader_type *type,
    const yaml_node_t *node,
    read_member *read,
    uint32_t *out_count)
{
    size_t count = reader_pair_count(node);
    struct member *members = contract_arena_take(reader->arena, count, sizeof(*members));
    uint32_t used = 0;
    for (size_t i = 0; i < count; i++) {
        struct reader_pair pair = reader_pair_at(reader, node, i);
        members[used] = (struct member){.note = {.place = reader_place(pair.key)}};
        if (read(reader, type, pair, &members[used])
            && check_unique(reader, type, pair.key, members, used)) {
            used++;
        }
    }
    qsort(members, used, sizeof(*members), compare_members);
    type->notes->members = contract_arena_take(reader->arena, used, sizeof(*type->notes->members));
    for (uint32_t i = 0; i < used; i++) {
        type->notes->members[i] = members[i].note;
    }
    *out_count = used;
    return members;
}

// ---- Enums ----

static void check_value_name(
    struct reader *reader, struct reader_type *type, const yaml_node_t *key, struct member *value)
{
    size_t len = 0;
    const char *text = reader_text(reader, key, "a value's name", &len);
    value->name = text == NULL ? "" : reader_quote(reader, text, len);
    if (text != NULL && !myc__schema_is_upper_name(text, len)) {
        reader_error(
            reader,
            key,
            "BAD_VALUE_NAME",
            "bad value name '%s' in enum '%s': use capitals, digits and single underscores, as in "
            "GOOD_TILL_DATE",
            value->name,
            type->name);
    }
}

// A value is "NAME: number" or "NAME: {value: number, ...}".
static bool read_value(
    struct reader *reader, struct reader_type *type, struct reader_pair pair, struct member *value)
{
    static const char *const allowed[] = {"value", "description", "deprecated", NULL};
    const yaml_node_t *node = pair.value;
    check_value_name(reader, type, pair.key, value);
    if (node->type == YAML_MAPPING_NODE) {
        char what[READER_WHAT_BYTES];
        snprintf(what, sizeof(what), "value '%s'", value->name);
        reader_check_mapping(reader, node, what, allowed);
        read_notes(reader, node, value);
        node = reader_require(reader, pair.key, node, "value", what, "value: 1");
    }
    return read_number(reader, type, pair.key, node, "a value", value);
}

static void read_enum(struct reader *reader, struct reader_type *type)
{
    static const char *const allowed[] = {"description", "open", "values", "reserved", NULL};
    char what[READER_WHAT_BYTES];
    snprintf(what, sizeof(what), "enum '%s'", type->name);
    const yaml_node_t *body = type->pair.value;
    if (!reader_check_mapping(reader, body, what, allowed)) {
        return;
    }
    type->notes->self.description = reader_description(reader, body, "description");
    type->enumeration->is_open = reader_flag(reader, body, "open", false) ? 1 : 0;
    reader_reserved(reader, body, UINT32_MAX, &type->notes->reserved, &type->notes->reserved_count);
    const yaml_node_t *node =
        reader_require(reader, type->pair.key, body, "values", what, "values: {NONE: 0, SOME: 1}");
    if (node == NULL || !check_members(reader, node, type, "values")) {
        return;
    }
    uint32_t count = 0;
    const struct member *values = read_members(reader, type, node, read_value, &count);
    struct myc_enum_value *sorted = contract_arena_take(reader->arena, count, sizeof(*sorted));
    for (uint32_t i = 0; i < count; i++) {
        sorted[i] = (struct myc_enum_value){
            .name = values[i].name,
            .value = values[i].number,
            .is_deprecated = values[i].is_deprecated};
    }
    type->enumeration->values = sorted;
    type->enumeration->value_count = count;
}

// ---- Unions ----

static bool read_variant_name(
    struct reader *reader,
    const yaml_node_t *key,
    const struct reader_type *type,
    struct member *variant)
{
    size_t len = 0;
    const char *text = reader_text(reader, key, "a variant's name", &len);
    variant->name = text == NULL ? "" : reader_quote(reader, text, len);
    if (text == NULL) {
        return false;
    }
    if (!myc__schema_is_snake_name(text, len) || myc__schema_is_keyword(text, len)) {
        return reader_error(
            reader,
            key,
            "BAD_VARIANT_NAME",
            "bad variant name '%s' in union '%s': use lower-case letters, digits and single "
            "underscores, and no word of C or C++",
            variant->name,
            type->name);
    }
    return true;
}

static bool
read_variant_type(struct reader *reader, const yaml_node_t *node, struct member *variant)
{
    size_t len = 0;
    const char *text = reader_text(reader, node, "a variant's type", &len);
    if (text == NULL) {
        return false;
    }
    struct reader_type *type = reader_find_type(reader, text, len);
    if (type == NULL) {
        struct suggestion suggestion;
        suggestion_init(&suggestion, text, len);
        for (uint32_t i = 0; i < reader->type_count; i++) {
            if (reader->types[i].category == READER_STRUCT) {
                suggestion_offer(&suggestion, reader->types[i].name);
            }
        }
        return reader_error(
            reader,
            node,
            "UNKNOWN_TYPE",
            "unknown struct '%s'%s",
            reader_quote(reader, text, len),
            suggestion.best != NULL ? suggestion_text(reader, &suggestion)
                                    : ": define it under 'structs'");
    }
    if (type->category != READER_STRUCT) {
        return reader_error(
            reader,
            node,
            "TYPE_NOT_ALLOWED",
            "'%s' is no struct: a variant holds a struct or nothing; wrap it in one",
            type->name);
    }
    variant->structure = type->structure;
    variant->needs = type;
    return true;
}

static bool read_variant(
    struct reader *reader,
    struct reader_type *type,
    struct reader_pair pair,
    struct member *variant)
{
    static const char *const allowed[] = {"tag", "type", "description", "deprecated", NULL};
    char what[READER_WHAT_BYTES];
    bool is_good = read_variant_name(reader, pair.key, type, variant);
    snprintf(what, sizeof(what), "variant '%s'", variant->name);
    if (!reader_check_mapping(reader, pair.value, what, allowed)) {
        return false;
    }
    read_notes(reader, pair.value, variant);
    const yaml_node_t *node = reader_find(reader, pair.value, "type");
    if (node != NULL && !read_variant_type(reader, node, variant)) {
        is_good = false;
    }
    node = reader_require(reader, pair.key, pair.value, "tag", what, "tag: 1");
    return read_number(reader, type, pair.key, node, "tag", variant) && is_good;
}

static void finish_union(struct reader *reader, struct reader_type *type, const yaml_node_t *node)
{
    uint32_t count = 0;
    const struct member *variants = read_members(reader, type, node, read_variant, &count);
    struct myc_variant *sorted = contract_arena_take(reader->arena, count, sizeof(*sorted));
    type->needs = contract_arena_take(reader->arena, count, sizeof(struct reader_type *));
    for (uint32_t i = 0; i < count; i++) {
        sorted[i] = (struct myc_variant){
            .name = variants[i].name,
            .tag = variants[i].number,
            .is_deprecated = variants[i].is_deprecated,
            .structure = variants[i].structure};
        type->needs[i] = variants[i].needs;
    }
    type->choice->variants = sorted;
    type->choice->variant_count = count;
}

static void read_union(struct reader *reader, struct reader_type *type)
{
    static const char *const allowed[] = {"description", "variants", "size", "reserved", NULL};
    char what[READER_WHAT_BYTES];
    uint64_t size = 0;
    snprintf(what, sizeof(what), "union '%s'", type->name);
    const yaml_node_t *body = type->pair.value;
    if (!reader_check_mapping(reader, body, what, allowed)) {
        return;
    }
    type->notes->self.description = reader_description(reader, body, "description");
    reader_optional_number(reader, body, "size", 8, MYC__SCHEMA_STRUCT_MAX, &size);
    if (size % 8 != 0) {
        reader_error(
            reader,
            reader_find(reader, body, "size"),
            "BAD_NUMBER",
            "the size of union '%s' must be a multiple of 8: use %llu",
            type->name,
            (unsigned long long)(size + 7) / 8 * 8);
    }
    type->least_size = (uint32_t)(size + 7) / 8 * 8;
    reader_reserved(reader, body, UINT32_MAX, &type->notes->reserved, &type->notes->reserved_count);
    const yaml_node_t *node = reader_require(
        reader, type->pair.key, body, "variants", what, "variants: {some: {tag: 1, type: Some}}");
    if (node == NULL || !check_members(reader, node, type, "variants")) {
        return;
    }
    finish_union(reader, type, node);
}

// ---- Structs ----

static void read_struct(struct reader *reader, struct reader_type *type)
{
    static const char *const allowed[] = {"description", "fields", NULL};
    char what[READER_WHAT_BYTES];
    snprintf(what, sizeof(what), "struct '%s'", type->name);
    const yaml_node_t *body = type->pair.value;
    if (!reader_check_mapping(reader, body, what, allowed)) {
        type->body.is_broken = true;
        return;
    }
    type->notes->self.description = reader_description(reader, body, "description");
    const yaml_node_t *node =
        reader_require(reader, type->pair.key, body, "fields", what, "fields: {amount: u64}");
    if (node != NULL) {
        reader_read_fields(reader, node, what, 0, type->notes, &type->body);
    } else {
        type->body.is_broken = true;
    }
}

void reader_read_types(struct reader *reader)
{
    for (uint32_t i = 0; i < reader->type_count; i++) {
        struct reader_type *type = &reader->types[i];
        if (type->category == READER_ENUM) {
            read_enum(reader, type);
        } else if (type->category == READER_UNION) {
            read_union(reader, type);
        } else {
            read_struct(reader, type);
        }
    }
}
