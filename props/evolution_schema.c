// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Random schemas, random edits, and their descriptors. Edits need not make sense: what is no
// contract is refused by schema_build() and drawn again. No field has one value only: of such a
// field nobody can tell whether it was read.
#include "evolution_schema.h"

#include <string.h>

#include "evolution/oracle.h"
#include "schema/field.h"

static const char *const field_names[] = {
    "alpha",  "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu",   "nu",    "xi",    "omicron", "pi",   "rho", "sigma", "tau",  "upsilon"};
static const char *const value_names[] = {"A", "B", "C", "D", "E", "F", "G", "H"};
static const char *const struct_names[] = {"Inner", "Middle", "Outer"};
static const char *const topics[] = {"first", "second"};

enum { NAMES = 20, VALUE_NAMES = 8 };

static bool chance(uint64_t *random, uint64_t one_in)
{
    return oracle_draw(random, one_in) == 0;
}

// ---- Drawing ----

static bool is_integer(uint8_t kind)
{
    return kind < MYC_KIND_ENUM && kind != MYC_KIND_F32 && kind != MYC_KIND_F64
           && kind != MYC_KIND_BOOL;
}

static bool is_real(uint8_t kind)
{
    return kind == MYC_KIND_F32 || kind == MYC_KIND_F64;
}

// Inside structs each byte of storage can be in use, so that what stands behind it matters.
static void draw_rules(struct schema_field *field, bool is_top, uint64_t *random)
{
    bool is_signed = myc__schema_is_signed(field->kind);
    field->has_min = false;
    field->has_max = false;
    field->flags &= (uint16_t) ~(MYC_FIELD_NONZERO | MYC_FIELD_FINITE | MYC_FIELD_ASCII);
    field->length_min = 0;
    field->length_max = 0;
    if ((is_integer(field->kind) || is_real(field->kind)) && field->shape != MYC_SHAPE_STRING
        && field->shape != MYC_SHAPE_TAIL_STRING) {
        field->has_min = chance(random, 3);
        field->has_max = chance(random, 3);
        field->min = (int64_t)oracle_draw(random, 4) - (is_signed ? 2 : 0);
        field->max = field->min + 2 + (int64_t)oracle_draw(random, 100);
        field->flags |= chance(random, 4) ? MYC_FIELD_NONZERO : 0;
        field->flags |= is_real(field->kind) && chance(random, 3) ? MYC_FIELD_FINITE : 0;
    }
    bool is_text = field->shape == MYC_SHAPE_STRING || field->shape == MYC_SHAPE_TAIL_STRING;
    field->flags |= is_text && chance(random, 3) ? MYC_FIELD_ASCII : 0;
    bool is_long =
        is_text || field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_TAIL_BYTES;
    if (is_long && chance(random, 2)) {
        field->length_min = (uint32_t)oracle_draw(random, 2);
        field->length_max = is_top ? field->length_min + (uint32_t)oracle_draw(random, 6) : 0;
    }
}

// `structs`: how many of them the field may use; -1 for the fields of a message.
static void draw_type(struct schema_field *field, int structs, uint64_t *random)
{
    bool is_top = structs < 0;
    uint32_t usable = is_top ? SCHEMA_STRUCTS : (uint32_t)structs;
    uint64_t drawn = oracle_draw(random, is_top ? 14 : 10);
    field->kind = (uint8_t)oracle_draw(random, MYC_KIND_ENUM + 2);
    field->kind = field->kind > MYC_KIND_ENUM ? MYC_KIND_U32 : field->kind;
    if (usable > 0 && chance(random, 5)) {
        field->kind = MYC_KIND_STRUCT;
        field->structure = (uint32_t)oracle_draw(random, usable);
    }
    field->shape = MYC_SHAPE_ONE;
    field->inner = 0;
    field->count = 1;
    if (drawn == 6 || drawn == 7) {
        field->shape = drawn == 6 ? MYC_SHAPE_ARRAY : MYC_SHAPE_VECTOR;
        field->count = 1 + (uint32_t)oracle_draw(random, 4);
        if (chance(random, 3)) {
            field->kind = MYC_KIND_U8;
            field->inner = chance(random, 2) ? 4 : 0;
        }
    } else if (drawn == 8) {
        field->kind = MYC_KIND_U8;
        field->shape = MYC_SHAPE_STRING;
        field->count = 1 + (uint32_t)oracle_draw(random, 12);
    } else if (drawn == 10) {
        field->kind = MYC_KIND_U8;
        field->shape = chance(random, 2) ? MYC_SHAPE_TAIL_BYTES : MYC_SHAPE_TAIL_STRING;
    } else if (drawn == 11 || drawn == 12) {
        field->kind = MYC_KIND_UNION;
    }
    draw_rules(field, is_top, random);
}

static void draw_presence(struct schema_field *field, uint64_t *random)
{
    field->flags &= (uint16_t) ~(MYC_FIELD_OPTIONAL | MYC_FIELD_DEFAULT);
    bool is_plain = field->kind != MYC_KIND_UNION && field->shape != MYC_SHAPE_TAIL_BYTES
                    && field->shape != MYC_SHAPE_TAIL_STRING;
    if (is_plain && chance(random, 3)) {
        field->flags |= MYC_FIELD_OPTIONAL;
    } else if (is_plain && field->kind != MYC_KIND_STRUCT && chance(random, 3)) {
        field->flags |= MYC_FIELD_DEFAULT;
        field->initial = (uint8_t)oracle_draw(random, 2);
    }
}

static void draw_field(struct schema_field *field, int structs, uint32_t name, uint64_t *random)
{
    memset(field, 0, sizeof(*field));
    field->name = name;
    field->since = 1;
    draw_type(field, structs, random);
    draw_presence(field, random);
}

static void draw_priors(struct schema *schema, uint64_t *random)
{
    schema->prior_count = (uint32_t)oracle_draw(random, SCHEMA_PRIORS_MAX + 1);
    for (uint32_t i = 0; i < schema->prior_count; i++) {
        schema->priors[i] = (uint16_t)(100 + i);
    }
}

void schema_draw(struct schema *schema, uint64_t *random)
{
    memset(schema, 0, sizeof(*schema));
    schema->enumeration.count = 2 + (uint32_t)oracle_draw(random, 3);
    schema->enumeration.is_open = chance(random, 2);
    for (uint32_t i = 0; i < schema->enumeration.count; i++) {
        schema->enumeration.names[i] = i;
        schema->enumeration.values[i] = i + (uint32_t)oracle_draw(random, 2);
    }
    for (uint32_t i = 0; i < SCHEMA_STRUCTS; i++) {
        schema->structs[i].count = 1 + (uint32_t)oracle_draw(random, 3);
        for (uint32_t j = 0; j < schema->structs[i].count; j++) {
            draw_field(&schema->structs[i].fields[j], (int)i, j, random);
        }
    }
    schema->choice.count = 2 + (uint32_t)oracle_draw(random, 3);
    schema->choice.reserve = chance(random, 2) ? 64 : 0;
    for (uint32_t i = 0; i < schema->choice.count; i++) {
        schema->choice.names[i] = i;
        schema->choice.tags[i] = i + 1;
        schema->choice.structs[i] = (int32_t)oracle_draw(random, SCHEMA_STRUCTS + 1) - 1;
    }
    draw_priors(schema, random);
    schema->version = (uint16_t)(1 + oracle_draw(random, 3));
    schema->count = 1 + (uint32_t)oracle_draw(random, 6);
    uint16_t since = 1;
    for (uint32_t i = 0; i < schema->count; i++) {
        draw_field(&schema->fields[i], -1, i, random);
        since = since < schema->version && chance(random, 3) ? (uint16_t)(since + 1) : since;
        schema->fields[i].since = since;
    }
}

// ---- Edits ----

struct list {
    struct schema_field *fields;
    uint32_t *count;
    uint32_t max;
    int structs;
};

static void insert_field(struct list *list, uint32_t at, uint64_t *random)
{
    if (*list->count == list->max) {
        return;
    }
    memmove(&list->fields[at + 1], &list->fields[at], (*list->count - at) * sizeof(*list->fields));
    draw_field(&list->fields[at], list->structs, 10 + (uint32_t)oracle_draw(random, 5), random);
    (*list->count)++;
}

static void remove_field(struct list *list, uint32_t at)
{
    if (*list->count > 1) {
        (*list->count)--;
        memmove(
            &list->fields[at], &list->fields[at + 1], (*list->count - at) * sizeof(*list->fields));
    }
}

static void edit_field(struct list *list, struct schema_field *field, uint64_t *random)
{
    static const uint8_t similar[][2] = {
        {MYC_KIND_U32, MYC_KIND_I32},
        {MYC_KIND_U64, MYC_KIND_I64},
        {MYC_KIND_U8, MYC_KIND_BOOL},
        {MYC_KIND_U32, MYC_KIND_F32},
        {MYC_KIND_ENUM, MYC_KIND_U32},
        {MYC_KIND_U16, MYC_KIND_U8},
        {MYC_KIND_U256, MYC_KIND_I256},
        {MYC_KIND_U64, MYC_KIND_U32}};
    switch (oracle_draw(random, 9)) {
    case 0:
        draw_type(field, list->structs, random);
        break;
    case 1:
        field->name = (uint32_t)oracle_draw(random, NAMES);
        break;
    case 2:
        draw_presence(field, random);
        break;
    case 3:
    case 4:
        draw_rules(field, list->structs < 0, random);
        break;
    case 5:
        if (field->shape != MYC_SHAPE_ONE && field->shape < MYC_SHAPE_TAIL_BYTES) {
            field->count = 1 + (uint32_t)oracle_draw(random, 6);
        }
        break;
    case 6:
        field->initial = (uint8_t)oracle_draw(random, 3);
        break;
    case 7:
        if (field->shape == MYC_SHAPE_STRING) {
            field->shape = MYC_SHAPE_VECTOR;
        } else if (field->shape == MYC_SHAPE_TAIL_BYTES) {
            field->shape = MYC_SHAPE_TAIL_STRING;
        }
        break;
    default:
        for (uint32_t i = 0; i < sizeof(similar) / sizeof(similar[0]); i++) {
            uint32_t side = field->kind == similar[i][0] ? 1 : 0;
            bool is_one = field->kind == similar[i][1 - side];
            if (field->shape == MYC_SHAPE_ONE && is_one && chance(random, 2)) {
                field->kind = similar[i][side];
                break;
            }
        }
        break;
    }
}

static void edit_list(struct list *list, uint64_t *random)
{
    uint32_t at = (uint32_t)oracle_draw(random, *list->count);
    struct schema_field swapped = list->fields[at];
    uint32_t other = (uint32_t)oracle_draw(random, *list->count);
    switch (oracle_draw(random, 6)) {
    case 0:
        insert_field(list, at, random);
        break;
    case 1:
        remove_field(list, chance(random, 2) ? at : *list->count - 1);
        break;
    case 2:
        list->fields[at] = list->fields[other];
        list->fields[other] = swapped;
        break;
    default:
        edit_field(list, &list->fields[at], random);
        break;
    }
}

static void append_field(struct schema *schema, uint64_t *random)
{
    struct list list = {schema->fields, &schema->count, SCHEMA_FIELDS_MAX, -1};
    uint32_t at = schema->count;
    schema->version = (uint16_t)(schema->version + (chance(random, 4) ? 0 : 1));
    insert_field(&list, at, random);
    if (at < schema->count) {
        schema->fields[at].since = schema->version;
    }
}

static void edit_enum(struct schema_enum *enumeration, uint64_t *random)
{
    uint32_t at = (uint32_t)oracle_draw(random, enumeration->count);
    switch (oracle_draw(random, 5)) {
    case 0:
        enumeration->is_open = !enumeration->is_open;
        break;
    case 1:
        enumeration->names[at] = (uint32_t)oracle_draw(random, VALUE_NAMES);
        break;
    case 2:
        enumeration->values[enumeration->count - 1] += 1 + (uint32_t)oracle_draw(random, 3);
        break;
    case 3:
        enumeration->count -= enumeration->count > 2 ? 1 : 0;
        break;
    default:
        if (enumeration->count < SCHEMA_VALUES_MAX) {
            enumeration->names[enumeration->count] = (uint32_t)oracle_draw(random, VALUE_NAMES);
            enumeration->values[enumeration->count] =
                enumeration->values[enumeration->count - 1] + 1;
            enumeration->count++;
        }
        break;
    }
}

static void edit_union(struct schema_union *choice, uint64_t *random)
{
    uint32_t at = (uint32_t)oracle_draw(random, choice->count);
    switch (oracle_draw(random, 6)) {
    case 0:
        choice->reserve = (uint32_t)oracle_draw(random, 3) * 64;
        break;
    case 1:
        choice->names[at] = (uint32_t)oracle_draw(random, NAMES);
        break;
    case 2:
        choice->tags[choice->count - 1] += 1 + (uint32_t)oracle_draw(random, 2);
        break;
    case 3:
        choice->count -= choice->count > 2 ? 1 : 0;
        break;
    case 4:
        choice->structs[at] = (int32_t)oracle_draw(random, SCHEMA_STRUCTS + 1) - 1;
        break;
    default:
        if (choice->count < SCHEMA_VARIANTS_MAX) {
            choice->names[choice->count] = (uint32_t)oracle_draw(random, NAMES);
            choice->tags[choice->count] = choice->tags[choice->count - 1] + 1;
            choice->structs[choice->count] = (int32_t)oracle_draw(random, SCHEMA_STRUCTS + 1) - 1;
            choice->count++;
        }
        break;
    }
}

static void edit_message(struct schema *schema, uint64_t *random)
{
    struct schema_field *field = &schema->fields[oracle_draw(random, schema->count)];
    switch (oracle_draw(random, 5)) {
    case 0:
        schema->topic ^= chance(random, 4) ? 1 : 0;
        break;
    case 1:
        draw_priors(schema, random);
        break;
    case 2:
        field->since = (uint16_t)(1 + oracle_draw(random, schema->version));
        break;
    case 3:
        schema->version = (uint16_t)(1 + oracle_draw(random, 4));
        break;
    default:
        schema->version++;
        break;
    }
}

void schema_evolve(struct schema *schema, uint64_t *random)
{
    uint32_t structure = (uint32_t)oracle_draw(random, SCHEMA_STRUCTS);
    struct list inner = {
        schema->structs[structure].fields,
        &schema->structs[structure].count,
        SCHEMA_INNER_MAX,
        (int)structure};
    struct list top = {schema->fields, &schema->count, SCHEMA_FIELDS_MAX, -1};
    switch (oracle_draw(random, 8)) {
    case 0:
    case 1:
        append_field(schema, random);
        break;
    case 2:
        edit_enum(&schema->enumeration, random);
        break;
    case 3:
        edit_list(&inner, random);
        break;
    case 4:
        edit_union(&schema->choice, random);
        break;
    case 5:
        edit_message(schema, random);
        break;
    default:
        edit_list(&top, random);
        break;
    }
}

// ---- Descriptors ----

static const struct myc_number *
add_limit(struct schema_built *built, const struct schema_field *field, int64_t value)
{
    struct myc_number *number = &built->limits[built->limit_count++];
    double real = (double)value;
    uint64_t extension = value < 0 ? UINT64_MAX : 0;
    *number = (struct myc_number){{(uint64_t)value, extension, extension, extension}};
    if (is_real(field->kind)) {
        *number = (struct myc_number){{0, 0, 0, 0}};
        memcpy(&number->limb[0], &real, sizeof(real));
    }
    return number;
}

static void build_field(
    struct schema_built *built, const struct schema_field *field, struct myc_field *out_field)
{
    memset(out_field, 0, sizeof(*out_field));
    out_field->name = field_names[field->name];
    out_field->kind = field->kind;
    out_field->shape = field->shape;
    out_field->flags = field->flags;
    if (field->kind == MYC_KIND_STRUCT || field->kind == MYC_KIND_UNION
        || myc__schema_is_tail(field->shape)) {
        out_field->flags &= (uint16_t)~MYC_FIELD_DEFAULT;
    }
    out_field->since = field->since;
    out_field->inner = field->inner;
    out_field->count = field->count;
    out_field->length_min = field->length_min;
    out_field->length_max = field->length_max;
    if (field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING) {
        bool is_free = field->length_max == 0 || field->length_max > field->count;
        out_field->length_max = is_free ? field->count : field->length_max;
    } else if (myc__schema_is_tail(field->shape) && field->length_max == 0) {
        out_field->length_max = UINT32_MAX;
    }
    out_field->min = field->has_min ? add_limit(built, field, field->min) : NULL;
    out_field->max = field->has_max ? add_limit(built, field, field->max) : NULL;
    out_field->enumeration = field->kind == MYC_KIND_ENUM ? &built->enumeration : NULL;
    out_field->structure =
        field->kind == MYC_KIND_STRUCT ? &built->structs[field->structure] : NULL;
    out_field->choice = field->kind == MYC_KIND_UNION ? &built->choice : NULL;
}

static bool build_structs(const struct schema *schema, struct schema_built *built)
{
    struct myc_extent extents[SCHEMA_INNER_MAX + 1];
    struct myc__schema_extent_list list;
    for (uint32_t i = 0; i < SCHEMA_STRUCTS; i++) {
        for (uint32_t j = 0; j < schema->structs[i].count; j++) {
            build_field(built, &schema->structs[i].fields[j], &built->inner[i][j]);
        }
        if (myc__schema_place(built->inner[i], schema->structs[i].count, extents, &list)
            != MYC_OK) {
            return false;
        }
        built->structs[i] = (struct myc_struct){
            .name = struct_names[i],
            .size = list.size,
            .field_count = schema->structs[i].count,
            .fields = built->inner[i]};
    }
    return true;
}

static void build_enum_and_union(const struct schema *schema, struct schema_built *built)
{
    for (uint32_t i = 0; i < schema->enumeration.count; i++) {
        built->values[i] = (struct myc_enum_value){
            value_names[schema->enumeration.names[i]], schema->enumeration.values[i], 0};
    }
    built->enumeration = (struct myc_enum){
        .name = "Side",
        .is_open = schema->enumeration.is_open ? 1 : 0,
        .value_count = schema->enumeration.count,
        .values = built->values};
    uint32_t size = schema->choice.reserve;
    for (uint32_t i = 0; i < schema->choice.count; i++) {
        int32_t index = schema->choice.structs[i];
        const struct myc_struct *structure = index < 0 ? NULL : &built->structs[index];
        built->variants[i] = (struct myc_variant){
            field_names[schema->choice.names[i]], schema->choice.tags[i], 0, structure};
        size = structure != NULL && structure->size > size ? structure->size : size;
    }
    built->choice = (struct myc_union){
        .name = "Detail",
        .size = size,
        .variant_count = schema->choice.count,
        .variants = built->variants};
}

static void build_initial(const struct schema *schema, struct schema_built *built)
{
    for (uint32_t i = 0; i < schema->count; i++) {
        const struct myc_field *field = &built->fields[i];
        bool has_default = (field->flags & MYC_FIELD_DEFAULT) != 0
                           && (field->shape == MYC_SHAPE_ONE || field->shape == MYC_SHAPE_ARRAY);
        if (has_default) {
            memset(built->initial + field->offset, schema->fields[i].initial, field->size);
        }
    }
}

bool schema_build(const struct schema *schema, struct schema_built *built)
{
    struct myc__schema_extent_list list;
    memset(built, 0, sizeof(*built));
    if (!build_structs(schema, built)) {
        return false;
    }
    build_enum_and_union(schema, built);
    for (uint32_t i = 0; i < schema->count; i++) {
        build_field(built, &schema->fields[i], &built->fields[i]);
    }
    if (myc__schema_place(built->fields, schema->count, built->extents, &list) != MYC_OK
        || list.size > SCHEMA_BYTES_MAX) {
        return false;
    }
    build_initial(schema, built);
    memcpy(built->priors, schema->priors, sizeof(built->priors));
    built->type = (struct myc_message_type){
        .id = 7,
        .version = schema->version,
        .size = list.size,
        .name = "Sample",
        .topic = topics[schema->topic],
        .field_count = schema->count,
        .extent_count = list.extent_count,
        .fields = built->fields,
        .initial = built->initial,
        .extents = built->extents,
        .prior_count = schema->prior_count,
        .has_tail = list.has_tail,
        .priors = built->priors};
    built->messages[0] = &built->type;
    built->contract = (struct myc_contract){
        .name = "sample",
        .id = 1,
        .version = 1,
        .min_compatible = 1,
        .message_count = 1,
        .messages = built->messages};
    return myc_contract_check(&built->contract, NULL) == MYC_OK;
}
