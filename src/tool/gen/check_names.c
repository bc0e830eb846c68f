// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Names that a contract keeps apart may become one name in C: message Foo with an optional field
// `init` and message FooSet both make foo_set_init. All names are listed, sorted and compared.
#include <stdlib.h>
#include <string.h>

#include "tool/gen/emit.h"

struct c_name {
    const char *text;
    const char *owner; /* what makes it, "message 'Foo'" */
    struct contract_place place;
};

struct c_names {
    struct gen_writer writer; /* keeps the strings */
    const struct gen_unit *unit;
    struct c_name *items;
    size_t count;
    size_t capacity;
    const char *start; /* of the names that are added next, with what makes them and where */
    const char *owner;
    struct contract_place place;
};

static void add(struct c_names *names, const char *suffix)
{
    if (names->count == names->capacity) {
        names->capacity = names->capacity * 2 + 256;
        struct c_name *items = gen_allocate(names->capacity, sizeof(*items));
        if (names->count > 0) {
            memcpy(items, names->items, names->count * sizeof(*items));
        }
        free(names->items);
        names->items = items;
    }
    size_t len = strlen(names->start);
    bool is_joined =
        suffix[0] != '\0' && names->start[len - 1] != '.' && names->start[len - 1] != ':';
    names->items[names->count++] = (struct c_name){
        .text = gen_format(&names->writer, "%s%s%s", names->start, is_joined ? "_" : "", suffix),
        .owner = names->owner,
        .place = names->place};
}

static void add_all(struct c_names *names, const char *const *suffixes)
{
    for (size_t i = 0; suffixes[i] != NULL; i++) {
        add(names, suffixes[i]);
    }
}

// ---- Fields ----

static const char *const one_verbs[] = {"get", "set", NULL};
static const char *const struct_verbs[] = {"get", "set", "edit", NULL};
static const char *const struct_array_verbs[] = {"get", "edit", NULL};
static const char *const vector_verbs[] = {"get", "set", "push", "count", "clear", NULL};
static const char *const row_verbs[] = {"get", "push", "count", "clear", NULL};
static const char *const struct_vector_verbs[] = {
    "get", "edit", "add", "push", "count", "clear", NULL};
static const char *const union_verbs[] = {"tag", NULL};
static const char *const tail_verbs[] = {"get", "edit", NULL};

static const char *const *verbs_of(const struct myc_field *field)
{
    bool is_struct = field->kind == MYC_KIND_STRUCT;
    if (gen_is_tail(field)) {
        return tail_verbs;
    }
    if (field->kind == MYC_KIND_UNION) {
        return union_verbs;
    }
    if (field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING) {
        return is_struct ? struct_vector_verbs : field->inner != 0 ? row_verbs : vector_verbs;
    }
    if (is_struct) {
        return field->shape == MYC_SHAPE_ONE ? struct_verbs : struct_array_verbs;
    }
    return one_verbs;
}

static void add_verb(struct c_names *names, const char *verb, const char *name)
{
    add(names, gen_format(&names->writer, "%s_%s", verb, name));
}

static void add_field_functions(struct c_names *names, const struct myc_field *field)
{
    const char *const *verbs = verbs_of(field);
    for (size_t i = 0; verbs[i] != NULL; i++) {
        add_verb(names, verbs[i], field->name);
    }
    if ((field->flags & MYC_FIELD_OPTIONAL) != 0) {
        add_verb(names, "has", field->name);
        if (field->shape == MYC_SHAPE_ONE || field->shape == MYC_SHAPE_ARRAY) {
            add_verb(names, "clear", field->name);
        }
    }
    if (field->min != NULL) {
        add_verb(names, field->name, "min");
    }
    if (field->max != NULL) {
        add_verb(names, field->name, "max");
    }
    for (uint32_t i = 0; field->kind == MYC_KIND_UNION && i < field->choice->variant_count; i++) {
        const struct myc_variant *variant = &field->choice->variants[i];
        const char *name = gen_format(&names->writer, "%s_%s", field->name, variant->name);
        add_verb(names, "set", name);
        if (variant->structure != NULL) {
            add_verb(names, "get", name);
            add_verb(names, "edit", name);
        }
    }
}

// Members are compared inside their struct only: their names start with its own, and a dot.
static void add_members(struct c_names *names, const struct gen_holder *holder)
{
    const char *start = names->start;
    names->start = gen_format(&names->writer, "%s.", start);
    for (uint32_t i = 0; i < holder->field_count; i++) {
        const struct myc_field *field = &holder->fields[i];
        names->place = holder->notes->members != NULL ? holder->notes->members[i].place
                                                      : holder->notes->self.place;
        add(names, field->name);
        if ((field->flags & MYC_FIELD_OPTIONAL) != 0) {
            add_verb(names, "has", field->name);
        }
        if (field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING) {
            add_verb(names, field->name, "count");
        } else if (field->kind == MYC_KIND_UNION) {
            add_verb(names, field->name, "tag");
        }
    }
    names->start = start;
}

// ---- C++ ----

// What the classes of a struct or message have and the struct in C has not. Names of the namespace
// start with "PREFIX::", those of a view's members with "VIEW.".
static void add_classes(struct c_names *names, const struct gen_holder *holder)
{
    const char *snake = gen_snake(&names->writer, holder->name);
    const char *view = gen_format(&names->writer, "%s::%s_view", names->unit->prefix, snake);
    if (!names->unit->has_cpp) {
        return;
    }
    names->place = holder->notes->self.place;
    names->start = gen_format(&names->writer, "%s::%s", names->unit->prefix, snake);
    add(names, "");
    add(names, "view");
    names->start = gen_format(&names->writer, "%s.", view);
    add(names, "raw");
    add(names, gen_format(&names->writer, "%s_view", snake));
    if (holder->message != NULL) {
        add(names, "record");
    }
    for (uint32_t i = 0; i < holder->field_count; i++) {
        const struct myc_field *field = &holder->fields[i];
        bool has_elements = field->shape == MYC_SHAPE_ARRAY || field->shape == MYC_SHAPE_VECTOR;
        names->place = holder->notes->members != NULL ? holder->notes->members[i].place
                                                      : holder->notes->self.place;
        if (field->kind == MYC_KIND_UNION) {
            add_verb(names, field->name, "tag");
        } else {
            add(names, field->name);
        }
        if (has_elements && !gen_is_bytes(field)) {
            add_verb(names, field->name, "list");
        }
        for (uint32_t j = 0; field->kind == MYC_KIND_UNION && j < field->choice->variant_count;
             j++) {
            if (field->choice->variants[j].structure != NULL) {
                add_verb(names, field->name, field->choice->variants[j].name);
            }
        }
    }
}

static void add_holder(
    struct c_names *names,
    const struct gen_holder *holder,
    const char *word,
    const char *const *suffixes)
{
    names->owner = gen_format(&names->writer, "%s '%s'", word, holder->name);
    names->start = gen_type_name(&names->writer, names->unit, holder->name);
    names->place = holder->notes->self.place;
    add_all(names, suffixes);
    for (uint32_t i = 0; i < holder->field_count; i++) {
        add_field_functions(names, &holder->fields[i]);
    }
    add_members(names, holder);
    add_classes(names, holder);
}

// ---- Types and messages ----

static const char *const contract_suffixes[] = {
    "contract", "any", "scratch", "handlers", "decode_any", "decode_any_bytes", "dispatch", NULL};

static const char *const contract_constants[] = {
    "CONTRACT_H", "CONTRACT_ID", "CONTRACT_VERSION", "CONTRACT_MIN_COMPATIBLE", NULL};

static const char *const message_suffixes[] = {
    "",        "call",   "claim",    "claim_copy", "commit",           "decode",
    "encode",  "equals", "extent",   "extents",    "fields",           "fill",
    "forward", "init",   "initial",  "handler_fn", "parcel",           "payload_size",
    "place",   "print",  "priors",   "publish",    "ring_publish",     "suspect",
    "tails",   "type",   "validate", "view",       "validate_payload", NULL};

static const char *const message_constants[] = {
    "TYPE_ID", "VERSION", "SIZE", "MAX_SIZE", "TYPE_NAME", "TOPIC", "FINGERPRINT", "HANDLER", NULL};

static const char *const struct_suffixes[] = {
    "", "equals", "fields", "init", "initial", "struct", "suspect", NULL};
static const char *const enum_suffixes[] = {"", "enum", "name", "values", NULL};
static const char *const union_suffixes[] = {
    "", "equals", "suspect", "tag", "union", "variants", NULL};

static void add_enum(struct c_names *names, uint32_t index)
{
    const struct myc_enum *type = names->unit->file->enums[index];
    names->owner = gen_format(&names->writer, "enum '%s'", type->name);
    names->place = names->unit->file->enum_notes[index].self.place;
    names->start = gen_type_name(&names->writer, names->unit, type->name);
    add_all(names, enum_suffixes);
    names->start = gen_capitals(&names->writer, names->start);
    for (uint32_t i = 0; i < type->value_count; i++) {
        add(names, type->values[i].name);
    }
}

static void add_union(struct c_names *names, uint32_t index)
{
    const struct myc_union *choice = names->unit->file->unions[index];
    names->owner = gen_format(&names->writer, "union '%s'", choice->name);
    names->place = names->unit->file->union_notes[index].self.place;
    names->start = gen_type_name(&names->writer, names->unit, choice->name);
    add_all(names, union_suffixes);
    const char *constant = gen_capitals(&names->writer, names->start);
    const char *member = gen_format(&names->writer, "%s.", names->start);
    names->start = member;
    add(names, "storage");
    for (uint32_t i = 0; i < choice->variant_count; i++) {
        names->start = member;
        add(names, choice->variants[i].name);
        names->start = constant;
        add(names, gen_capitals(&names->writer, choice->variants[i].name));
    }
}

static void add_contract(struct c_names *names)
{
    const struct contract_file *file = names->unit->file;
    names->owner = "the contract";
    names->start = names->unit->prefix;
    names->place = file->note.place;
    add_all(names, contract_suffixes);
    if (names->unit->has_cpp) {
        names->start = gen_format(&names->writer, "%s::", names->unit->prefix);
        add(names, "publish");
        add(names, "std");
        names->start = names->unit->prefix;
    }
    names->start = gen_capitals(&names->writer, names->start);
    add_all(names, contract_constants);
    for (uint32_t i = 0; i < file->enum_count; i++) {
        add_enum(names, i);
    }
    for (uint32_t i = 0; i < file->struct_count; i++) {
        struct gen_holder holder = gen_struct_holder(names->unit, i);
        add_holder(names, &holder, "struct", struct_suffixes);
    }
    for (uint32_t i = 0; i < file->union_count; i++) {
        add_union(names, i);
    }
    for (uint32_t i = 0; i < file->contract.message_count; i++) {
        struct gen_holder holder = gen_message_holder(names->unit, i);
        add_holder(names, &holder, "message", message_suffixes);
        names->start = gen_constant_name(&names->writer, names->unit, holder.name);
        names->place = holder.notes->self.place;
        add_all(names, message_constants);
    }
}

// ---- Clashes ----

static int compare_places(const struct c_name *a, const struct c_name *b)
{
    if (a->place.line != b->place.line) {
        return a->place.line < b->place.line ? -1 : 1;
    }
    return a->place.column < b->place.column ? -1 : a->place.column > b->place.column ? 1 : 0;
}

static int compare_names(const void *a, const void *b)
{
    int order = strcmp(((const struct c_name *)a)->text, ((const struct c_name *)b)->text);
    return order != 0 ? order : compare_places(a, b);
}

// A pair of owners is told of once, by its first name.
static bool is_told(const struct c_name *items, size_t index)
{
    for (size_t i = 1; i < index; i++) {
        if (strcmp(items[i].text, items[i - 1].text) == 0
            && strcmp(items[i].owner, items[index].owner) == 0
            && strcmp(items[i - 1].owner, items[index - 1].owner) == 0) {
            return true;
        }
    }
    return false;
}

static void tell(
    const struct gen_unit *unit, const struct c_name *first, const struct c_name *second, FILE *out)
{
    bool is_one = strcmp(first->owner, second->owner) == 0;
    fprintf(
        out,
        "%s:%u:%u: error: %s%s%s %s '%s' in %s: rename one, or a field of it [C_NAME_CLASH]\n",
        unit->file->path,
        second->place.line,
        second->place.column,
        first->owner,
        is_one ? "" : " and ",
        is_one ? "" : second->owner,
        is_one ? "twice generates" : "both generate",
        second->text,
        strstr(second->text, "::") != NULL ? "C++" : "C");
}

bool gen_check_names(const struct gen_unit *unit, FILE *out)
{
    struct c_names names = {.unit = unit};
    bool is_good = true;
    add_contract(&names);
    qsort(names.items, names.count, sizeof(*names.items), compare_names);
    for (size_t i = 1; i < names.count; i++) {
        const struct c_name *first = &names.items[i - 1];
        const struct c_name *second = &names.items[i];
        if (strcmp(first->text, second->text) == 0) {
            is_good = false;
            if (!is_told(names.items, i)) {
                tell(unit, first, second, out);
            }
        }
    }
    free(names.items);
    gen_writer_deinit(&names.writer);
    return is_good;
}
