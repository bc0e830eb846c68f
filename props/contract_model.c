// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Drawing contracts, and writing them in styles of every kind.
#include "contract_model.h"

#include <inttypes.h>
#include <string.h>

#include <mycelium/schema.h>

#include "schema/field.h"

uint64_t model_draw(uint64_t *random, uint64_t limit)
{
    *random += 0x9E3779B97F4A7C15U;
    uint64_t mixed = *random;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
    return (mixed ^ (mixed >> 31)) % limit;
}

static bool chance(uint64_t *random, uint64_t one_in)
{
    return model_draw(random, one_in) == 0;
}

// ---- Defaults ----

static void put_le(uint8_t *bytes, uint64_t number, bool is_negative, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        uint64_t sign = is_negative ? 0xFF : 0;
        bytes[i] = (uint8_t)(i < 8 ? number >> (8 * i) : sign);
    }
}

// A number that fits into every kind but is negative only where that is possible.
static int64_t draw_number(uint32_t kind, uint64_t *random)
{
    int64_t number = (int64_t)model_draw(random, 100);
    return myc__schema_is_signed(kind) && chance(random, 2) ? -number : number;
}

static void default_number(struct model_field *field, uint32_t kind, uint64_t *random)
{
    int64_t number = draw_number(kind, random);
    field->default_size = myc__schema_kind_facts(kind)->size;
    if (kind == MYC_KIND_F32) {
        float value = (float)number / 4.0F;
        memcpy(field->default_bytes, &value, sizeof(value));
    } else if (kind == MYC_KIND_F64) {
        double value = (double)number / 4.0;
        memcpy(field->default_bytes, &value, sizeof(value));
    } else {
        put_le(field->default_bytes, (uint64_t)number, number < 0, field->default_size);
    }
    if (myc__schema_is_float(kind)) {
        snprintf(
            field->default_text,
            sizeof(field->default_text),
            "%s%" PRId64 ".%02d",
            number < 0 ? "-" : "",
            (number < 0 ? -number : number) / 4,
            (int)((number < 0 ? -number : number) % 4 * 25));
    } else if (number >= 0 && chance(random, 3)) {
        snprintf(field->default_text, sizeof(field->default_text), "0x%" PRIX64, (uint64_t)number);
    } else {
        snprintf(field->default_text, sizeof(field->default_text), "%" PRId64, number);
    }
}

static void default_list(struct model_field *field, uint32_t count, uint64_t *random)
{
    size_t len = 0;
    field->is_list = true;
    field->default_count = count;
    field->default_size = 2 * count;
    len += (size_t)snprintf(field->default_text, sizeof(field->default_text), "[");
    for (uint32_t i = 0; i < count; i++) {
        int number = (int)draw_number(MYC_KIND_I16, random);
        put_le(field->default_bytes + (size_t)2 * i, (uint64_t)(int64_t)number, number < 0, 2);
        len += (size_t)snprintf(
            field->default_text + len,
            sizeof(field->default_text) - len,
            "%s%d",
            i > 0 ? ", " : "",
            number);
    }
    snprintf(field->default_text + len, sizeof(field->default_text) - len, "]");
}

static void default_bytes(struct model_field *field, uint32_t count, uint64_t *random)
{
    size_t len = (size_t)snprintf(field->default_text, sizeof(field->default_text), "0x");
    field->default_size = count;
    field->default_count = count;
    for (uint32_t i = 0; i < count; i++) {
        field->default_bytes[i] = (uint8_t)model_draw(random, 256);
        len += (size_t)snprintf(
            field->default_text + len,
            sizeof(field->default_text) - len,
            "%02x",
            (unsigned)field->default_bytes[i]);
    }
}

static void default_string(struct model_field *field, uint64_t *random)
{
    static const char *const texts[] = {
        "",
        "plain",
        "true",
        "12",
        "a: b",
        "it's",
        "[x]",
        "#no",
        "say \"hi\"",
        "- x",
        "0x1",
        "{",
        ","};
    const char *text = texts[model_draw(random, sizeof(texts) / sizeof(texts[0]))];
    size_t len = strlen(text);
    memcpy(field->default_text, text, len + 1);
    memcpy(field->default_bytes, text, len);
    field->default_size = (uint32_t)len;
    field->default_count = (uint32_t)len;
}

// ---- Fields ----

static void
draw_number_field(struct model_field *field, bool needs_default, bool is_plain, uint64_t *random)
{
    uint32_t kind = (uint32_t)model_draw(random, MYC_KIND_ENUM);
    const char *spelling = myc__schema_kind_facts(kind)->spelling;
    bool is_bool = kind == MYC_KIND_BOOL;
    snprintf(field->type, sizeof(field->type), "%s", spelling);
    if (needs_default || chance(random, 3)) {
        field->flags |= MYC_FIELD_DEFAULT;
        if (is_bool) {
            field->default_size = 1;
            field->default_bytes[0] = (uint8_t)model_draw(random, 2);
            snprintf(
                field->default_text,
                sizeof(field->default_text),
                "%s",
                field->default_bytes[0] == 1 ? "true" : "false");
        } else {
            default_number(field, kind, random);
        }
    } else if (!is_plain && chance(random, 3)) {
        field->flags |= MYC_FIELD_OPTIONAL;
        snprintf(field->type, sizeof(field->type), "optional %s", spelling);
    }
    if (!is_bool && !myc__schema_is_float(kind) && chance(random, 3)) {
        field->has_range = true;
        field->min = myc__schema_is_signed(kind) ? -100 : 0;
        field->max = 100 + (int64_t)model_draw(random, 20);
    }
    field->flags |= myc__schema_is_float(kind) && chance(random, 3) ? MYC_FIELD_FINITE : 0;
    bool has_nonzero = !is_bool && (field->flags & MYC_FIELD_DEFAULT) == 0 && chance(random, 4);
    field->flags |= has_nonzero ? MYC_FIELD_NONZERO : 0;
}

static void draw_counted(struct model_field *field, bool needs_default, uint64_t *random)
{
    uint32_t choice = (uint32_t)model_draw(random, 5);
    uint32_t count = 8 + (uint32_t)model_draw(random, 8);
    bool has_default = needs_default || chance(random, 3);
    field->flags |= has_default ? MYC_FIELD_DEFAULT : 0;
    field->length_max = choice < 3 ? count : 0;
    if (choice < 3 && chance(random, 3)) {
        field->length_max = count - 1;
    }
    if (choice == 0) {
        snprintf(field->type, sizeof(field->type), "string<%u>", count);
        field->flags |= chance(random, 2) ? MYC_FIELD_ASCII : 0;
    } else if (choice == 1) {
        snprintf(field->type, sizeof(field->type), "bytes<%u>", count);
    } else if (choice == 2) {
        snprintf(field->type, sizeof(field->type), "vec<i16, %u>", count);
    } else if (choice == 3) {
        snprintf(field->type, sizeof(field->type), "[u8; %u]", count);
    } else {
        snprintf(field->type, sizeof(field->type), "[i16; %u]", count);
    }
    if (!has_default) {
        field->length_min = choice < 3 && chance(random, 3) ? 2 : 0;
    } else if (choice == 0) {
        default_string(field, random);
        field->length_max = field->length_max < 9 ? 9 : field->length_max;
        snprintf(field->type, sizeof(field->type), "string<%u>", count < 9 ? 9 : count);
    } else if (choice == 1 || choice == 3) {
        default_bytes(field, choice == 3 ? count : (uint32_t)model_draw(random, 7), random);
    } else {
        default_list(field, choice == 4 ? count : (uint32_t)model_draw(random, 7), random);
    }
}

static void draw_named(
    const struct model *model,
    struct model_field *field,
    bool needs_default,
    uint32_t structs,
    uint64_t *random)
{
    bool is_struct = structs > 0 && chance(random, 2);
    if (is_struct) {
        const char *name = model->structs[model_draw(random, structs)].name;
        static const char *const formats[] = {"%s", "optional %s", "[%s; 3]", "vec<%s, 3>"};
        size_t shape = needs_default ? 1 : model_draw(random, 4);
        field->flags |= shape == 1 ? MYC_FIELD_OPTIONAL : 0;
        field->length_max = shape == 3 ? 3 : 0;
        const char *at = strstr(formats[shape], "%s");
        snprintf(
            field->type,
            sizeof(field->type),
            "%.*s%s%s",
            (int)(at - formats[shape]),
            formats[shape],
            name,
            at + 2);
        return;
    }
    const struct model_enum *type = &model->enums[model_draw(random, model->enum_count)];
    snprintf(field->type, sizeof(field->type), "%s", type->name);
    if (needs_default || chance(random, 2)) {
        uint32_t index = (uint32_t)model_draw(random, type->count);
        field->flags |= MYC_FIELD_DEFAULT;
        field->default_size = 4;
        put_le(field->default_bytes, type->values[index], false, 4);
        snprintf(field->default_text, sizeof(field->default_text), "V%u", index);
    }
}

static void draw_field(
    const struct model *model,
    struct model_field *field,
    uint32_t index,
    uint16_t since,
    uint32_t structs,
    bool is_top,
    uint64_t *random)
{
    *field = (struct model_field){.since = since};
    snprintf(field->name, sizeof(field->name), "field%u", index);
    uint64_t kind = model_draw(random, is_top ? 8 : 6);
    if (kind < 2) {
        draw_number_field(field, since > 1, false, random);
    } else if (kind < 4) {
        draw_counted(field, since > 1, random);
    } else if (kind < 6 || (kind == 6 && model->union_count == 0)) {
        draw_named(model, field, since > 1, structs, random);
    } else if (kind == 6) {
        const struct model_union *type = &model->unions[model_draw(random, model->union_count)];
        snprintf(field->type, sizeof(field->type), "%s", type->name);
    } else {
        bool is_text = chance(random, 2);
        snprintf(field->type, sizeof(field->type), "tail %s", is_text ? "string" : "bytes");
        field->length_max = chance(random, 2) ? 1000 : UINT32_MAX;
    }
    field->flags |= chance(random, 9) ? MYC_FIELD_SECRET : 0;
    field->flags |= chance(random, 9) ? MYC_FIELD_DEPRECATED : 0;
}

// ---- The contract ----

static void draw_ascending(uint32_t *values, uint32_t count, uint32_t first, uint64_t *random)
{
    uint32_t value = first + (uint32_t)model_draw(random, 2);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = value;
        value += 1 + (uint32_t)model_draw(random, 1000);
    }
}

static void draw_types(struct model *model, uint64_t *random)
{
    model->enum_count = 1 + (uint32_t)model_draw(random, MODEL_TYPES_MAX);
    model->struct_count = (uint32_t)model_draw(random, MODEL_TYPES_MAX + 1);
    uint32_t union_count = (uint32_t)model_draw(random, MODEL_TYPES_MAX + 1);
    for (uint32_t i = 0; i < model->enum_count; i++) {
        struct model_enum *type = &model->enums[i];
        snprintf(type->name, sizeof(type->name), "Enum%u", i);
        type->is_open = chance(random, 3);
        type->count = 1 + (uint32_t)model_draw(random, MODEL_VALUES_MAX);
        draw_ascending(type->values, type->count, 0, random);
    }
    for (uint32_t i = 0; i < model->struct_count; i++) {
        struct model_fields *type = &model->structs[i];
        snprintf(type->name, sizeof(type->name), "Struct%u", i);
        type->count = 1 + (uint32_t)model_draw(random, MODEL_FIELDS_MAX);
        for (uint32_t j = 0; j < type->count; j++) {
            draw_field(model, &type->fields[j], j, 1, i, false, random);
        }
    }
    for (uint32_t i = 0; i < union_count; i++) {
        struct model_union *type = &model->unions[i];
        snprintf(type->name, sizeof(type->name), "Union%u", i);
        type->count = 1 + (uint32_t)model_draw(random, MODEL_VALUES_MAX);
        draw_ascending(type->tags, type->count, 1, random);
        for (uint32_t j = 0; j < type->count; j++) {
            bool has_struct = model->struct_count > 0 && chance(random, 2);
            type->structs[j] = has_struct ? (int)model_draw(random, model->struct_count) : -1;
        }
    }
    model->union_count = union_count;
}

void model_make(struct model *model, uint64_t *random)
{
    *model = (struct model){0};
    model->id = 1 + (uint32_t)model_draw(random, UINT32_MAX);
    model->version = (uint16_t)(1 + model_draw(random, 9));
    draw_types(model, random);
    model->message_count = 1 + (uint32_t)model_draw(random, MODEL_MESSAGES_MAX);
    for (uint32_t i = 0; i < model->message_count; i++) {
        struct model_message *message = &model->messages[i];
        snprintf(message->body.name, sizeof(message->body.name), "Message%u", i);
        message->id = (uint16_t)(1 + i * 7919 + model_draw(random, 7000));
        message->prior = i > 0 && chance(random, 3) ? (int)model_draw(random, i) : -1;
        message->body.count = (uint32_t)model_draw(random, MODEL_FIELDS_MAX + 1);
        uint16_t since = 1;
        for (uint32_t j = 0; j < message->body.count; j++) {
            since = (uint16_t)(since + (chance(random, 4) ? 1 + model_draw(random, 3) : 0));
            draw_field(
                model, &message->body.fields[j], j, since, model->struct_count, true, random);
        }
        message->version = (uint16_t)(since + model_draw(random, 2));
    }
}

// ---- Writing ----

struct style {
    uint64_t *random;
    FILE *out;
    uint32_t comments; // written so far: each is another
};

static void put_comment(struct style *style, int indent)
{
    if (chance(style->random, 6)) {
        fprintf(style->out, "%*s# comment %u: [not, yaml]\n", indent, "", style->comments++);
    }
    if (chance(style->random, 12)) {
        fputc('\n', style->out);
    }
}

static void end_line(struct style *style)
{
    if (chance(style->random, 8)) {
        fprintf(style->out, "   # comment %u", style->comments++);
    }
    fputc('\n', style->out);
}

static void put_quoted(struct style *style, const char *text)
{
    bool is_single = chance(style->random, 2);
    fputc(is_single ? '\'' : '"', style->out);
    for (; *text != '\0'; text++) {
        if (is_single && *text == '\'') {
            fputc('\'', style->out);
        } else if (!is_single && (*text == '"' || *text == '\\')) {
            fputc('\\', style->out);
        }
        fputc(*text, style->out);
    }
    fputc(is_single ? '\'' : '"', style->out);
}

// A type needs quotes for its brackets, more or less; quotes are always allowed.
static void put_type(struct style *style, const char *type)
{
    bool is_quoted = strpbrk(type, "[,") != NULL || chance(style->random, 3);
    if (is_quoted) {
        put_quoted(style, type);
    } else {
        fputs(type, style->out);
    }
}

static void put_default(struct style *style, const struct model_field *field)
{
    bool is_string = strncmp(field->type, "string", 6) == 0;
    if (!field->is_list && (is_string || chance(style->random, 3))) {
        put_quoted(style, field->default_text);
    } else {
        fputs(field->default_text, style->out);
    }
}

static void put_separator(struct style *style, bool *is_first)
{
    fputs(*is_first ? "" : ", ", style->out);
    *is_first = false;
}

// One of the keys of a field, chosen by number, if the field has it.
static void
put_key(struct style *style, const struct model_field *field, uint32_t key, bool *is_first)
{
    static const struct {
        uint16_t flag;
        const char *text;
    } flags[] = {
        {MYC_FIELD_FINITE, "finite: true"},
        {MYC_FIELD_NONZERO, "nonzero: true"},
        {MYC_FIELD_ASCII, "ascii: true"},
        {MYC_FIELD_SECRET, "secret: true"},
        {MYC_FIELD_DEPRECATED, "deprecated: use another"},
    };
    FILE *out = style->out;
    bool is_tail = strncmp(field->type, "tail", 4) == 0;
    bool has_max = field->length_max > 0 && field->length_max != (is_tail ? UINT32_MAX : 0);
    if (key < 5 && (field->flags & flags[key].flag) != 0) {
        put_separator(style, is_first);
        fputs(flags[key].text, out);
    } else if (key == 5) {
        put_separator(style, is_first);
        fputs("type: ", out);
        put_type(style, field->type);
    } else if (key == 6 && (field->flags & MYC_FIELD_DEFAULT) != 0) {
        put_separator(style, is_first);
        fputs("default: ", out);
        put_default(style, field);
    } else if (key == 7 && field->since > 1) {
        put_separator(style, is_first);
        fprintf(out, "since: %u", field->since);
    } else if (key == 8 && field->has_range) {
        put_separator(style, is_first);
        fprintf(out, "min: %" PRId64 ", max: %" PRId64, field->min, field->max);
    } else if (key == 9 && field->length_min > 0) {
        put_separator(style, is_first);
        fprintf(out, "min_length: %u", field->length_min);
    } else if (key == 10 && has_max && strncmp(field->type, "vec<Struct", 10) != 0) {
        put_separator(style, is_first);
        fprintf(out, "max_length: %u", field->length_max);
    }
}

static void
put_field(struct style *style, const struct model_field *field, int indent, bool is_item)
{
    uint32_t first = (uint32_t)model_draw(style->random, 11);
    bool is_start = true;
    put_comment(style, indent);
    fprintf(style->out, "%*s%s%s: {", indent, "", is_item ? "- " : "", field->name);
    for (uint32_t i = 0; i < 11; i++) {
        put_key(style, field, (first + i) % 11, &is_start);
    }
    fputc('}', style->out);
    end_line(style);
}

static void put_fields(struct style *style, const struct model_fields *body, int indent)
{
    bool is_list = chance(style->random, 3);
    if (body->count == 0) {
        return;
    }
    fprintf(style->out, "%*sfields:", indent, "");
    end_line(style);
    for (uint32_t i = 0; i < body->count; i++) {
        put_field(style, &body->fields[i], indent + 2, is_list);
    }
}

static void put_enums(struct style *style, const struct model *model)
{
    FILE *out = style->out;
    put_comment(style, 0);
    fputs("enums:\n", out);
    for (uint32_t i = 0; i < model->enum_count; i++) {
        const struct model_enum *type = &model->enums[i];
        put_comment(style, 2);
        fprintf(out, "  %s:\n    values: {", type->name);
        uint32_t first = (uint32_t)model_draw(style->random, type->count);
        for (uint32_t j = 0; j < type->count; j++) {
            uint32_t at = (first + j) % type->count;
            fprintf(out, j > 0 ? ", V%u: %u" : "V%u: %u", at, type->values[at]);
        }
        fputc('}', out);
        end_line(style);
        fputs(type->is_open ? "    open: true\n" : "", out);
    }
}

static void put_structs(struct style *style, const struct model *model)
{
    if (model->struct_count > 0) {
        fputs("structs:\n", style->out);
    }
    for (uint32_t i = model->struct_count; i > 0; i--) {
        put_comment(style, 4);
        fprintf(style->out, "    %s:\n", model->structs[i - 1].name);
        put_fields(style, &model->structs[i - 1], 6);
    }
}

static void put_unions(struct style *style, const struct model *model)
{
    FILE *out = style->out;
    if (model->union_count > 0) {
        fputs("unions:\n", out);
    }
    for (uint32_t i = 0; i < model->union_count; i++) {
        const struct model_union *type = &model->unions[i];
        fprintf(out, "  %s:\n    variants:\n", type->name);
        for (uint32_t j = 0; j < type->count; j++) {
            put_comment(style, 6);
            fprintf(out, "      v%u: {tag: %u", j, type->tags[j]);
            if (type->structs[j] >= 0) {
                fprintf(out, ", type: %s", model->structs[type->structs[j]].name);
            }
            fputc('}', out);
            end_line(style);
        }
    }
}

static void put_messages(struct style *style, const struct model *model)
{
    FILE *out = style->out;
    fputs("messages:\n", out);
    uint32_t first = (uint32_t)model_draw(style->random, model->message_count);
    for (uint32_t i = 0; i < model->message_count; i++) {
        const struct model_message *message = &model->messages[(first + i) % model->message_count];
        put_comment(style, 2);
        fprintf(out, "  %s:", message->body.name);
        end_line(style);
        bool is_late = chance(style->random, 2);
        if (!is_late) {
            put_fields(style, &message->body, 4);
        }
        fprintf(
            out,
            chance(style->random, 2) ? "    type_id: %u\n" : "    tlv_type: 0x%x\n",
            message->id);
        fprintf(
            out,
            chance(style->random, 2) ? "    schema_version: %u\n" : "    schema_version: \"v%u\"\n",
            message->version);
        if (message->prior >= 0) {
            fprintf(out, "    required_prior_messages: [Message%d]\n", message->prior);
        }
        if (is_late) {
            put_fields(style, &message->body, 4);
        }
    }
}

void model_write(const struct model *model, uint64_t *random, FILE *out)
{
    struct style style = {.random = random, .out = out};
    put_comment(&style, 0);
    fprintf(out, "schema: {id: %u, name: model, version: %u}", model->id, model->version);
    end_line(&style);
    bool is_reversed = chance(random, 2);
    if (is_reversed) {
        put_messages(&style, model);
        put_unions(&style, model);
        put_structs(&style, model);
        put_enums(&style, model);
    } else {
        put_enums(&style, model);
        put_structs(&style, model);
        put_unions(&style, model);
        put_messages(&style, model);
    }
    put_comment(&style, 0);
}
