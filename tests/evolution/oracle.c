// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Decoding as the library does it, and a comparison of what was read with what was written that is
// as simple as it can be: number by number, byte by byte, name by name.
#include "oracle.h"

#include <stdio.h>
#include <string.h>

#include <mycelium/message.h>

enum { PAIRS_MAX = 4096 };

static const uint8_t sizes[] = {
#define KIND_SIZE(name, spelling, c_type, size, alignment) size,
    MYC_KIND_LIST(KIND_SIZE)
#undef KIND_SIZE
};

// A struct of the writer beside the reader's.
struct pair {
    const struct myc_field *writer_fields;
    const struct myc_field *reader_fields;
    const unsigned char *writer_base;
    const unsigned char *reader_base;
    uint32_t writer_count;
    uint32_t reader_count;
};

struct reading {
    const struct myc_message *written; /* as its writer sees it */
    const struct myc_message *read;
    struct pair pairs[PAIRS_MAX];
    uint32_t pair_count;
    char *why;
};

static bool differ(struct reading *reading, const struct myc_field *field, const char *what)
{
    (void)snprintf(reading->why, ORACLE_WHY_BYTES, "%s: %s", field->name, what);
    return false;
}

static bool is_same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static uint32_t get_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16
           | (uint32_t)bytes[3] << 24;
}

static bool is_tail(const struct myc_field *field)
{
    return field->shape == MYC_SHAPE_TAIL_BYTES || field->shape == MYC_SHAPE_TAIL_STRING;
}

static bool is_counted(const struct myc_field *field)
{
    return field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING;
}

static bool is_optional(const struct myc_field *field)
{
    return (field->flags & MYC_FIELD_OPTIONAL) != 0;
}

static bool is_float(const struct myc_field *field)
{
    return field->kind == MYC_KIND_F32 || field->kind == MYC_KIND_F64;
}

// ---- Who is who ----

static const struct myc_field *
named(const struct myc_field *fields, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (is_same(fields[i].name, name)) {
            return &fields[i];
        }
    }
    return NULL;
}

static bool is_same_place(const struct myc_field *a, const struct myc_field *b)
{
    return a->kind == b->kind && a->shape == b->shape && a->inner == b->inner
           && a->count == b->count && is_optional(a) == is_optional(b) && a->offset == b->offset
           && a->size == b->size && (!is_optional(a) || a->presence == b->presence)
           && ((!is_counted(a) && a->kind != MYC_KIND_UNION) || a->counter == b->counter);
}

// The writer's field that a reader's one is: by name, or a name that only changed.
static const struct myc_field *writer_of(const struct pair *pair, const struct myc_field *reader)
{
    const struct myc_field *found = named(pair->writer_fields, pair->writer_count, reader->name);
    for (uint32_t i = 0; found == NULL && i < pair->writer_count; i++) {
        const struct myc_field *candidate = &pair->writer_fields[i];
        if (is_same_place(candidate, reader)
            && named(pair->reader_fields, pair->reader_count, candidate->name) == NULL) {
            found = candidate;
        }
    }
    return found;
}

static bool has_value_of_its_own(const struct myc_field *field)
{
    const struct myc_field *open[PAIRS_MAX];
    uint32_t count = 0;
    open[count++] = field;
    for (uint32_t i = 0; i < count; i++) {
        const struct myc_field *next = open[i];
        bool is_known = (next->flags & (MYC_FIELD_OPTIONAL | MYC_FIELD_DEFAULT)) != 0
                        || is_tail(next) || next->kind == MYC_KIND_UNION;
        if (is_known) {
            continue;
        }
        if (next->kind != MYC_KIND_STRUCT || next->shape == MYC_SHAPE_VECTOR
            || count + next->structure->field_count > PAIRS_MAX) {
            return false;
        }
        for (uint32_t j = 0; j < next->structure->field_count; j++) {
            open[count++] = &next->structure->fields[j];
        }
    }
    return true;
}

// ---- Values ----

// Sign and 256 bits.
struct value {
    bool is_negative;
    unsigned char bytes[32];
};

static struct value value_of(uint8_t kind, const unsigned char *bytes)
{
    struct value value = {.is_negative = false};
    bool is_signed = (kind >= MYC_KIND_I8 && kind <= MYC_KIND_I64) || kind == MYC_KIND_I128
                     || kind == MYC_KIND_I256;
    value.is_negative = is_signed && bytes[sizes[kind] - 1] >= 0x80;
    memset(value.bytes, value.is_negative ? 0xFF : 0, sizeof(value.bytes));
    memcpy(value.bytes, bytes, sizes[kind]);
    return value;
}

static const char *enum_name(const struct myc_enum *names, uint32_t value)
{
    for (uint32_t i = 0; i < names->value_count; i++) {
        if (names->values[i].value == value) {
            return names->values[i].name;
        }
    }
    return NULL;
}

static bool has_enum_name(const struct myc_enum *names, const char *name)
{
    for (uint32_t i = 0; i < names->value_count; i++) {
        if (is_same(names->values[i].name, name)) {
            return true;
        }
    }
    return false;
}

// The same number must not stand for a name that the other one gives to something else.
static bool
is_same_enum(const struct myc_enum *writer, const struct myc_enum *reader, uint32_t value)
{
    const char *written = enum_name(writer, value);
    const char *read = enum_name(reader, value);
    if (written != NULL && read != NULL && is_same(written, read)) {
        return true;
    }
    return (written == NULL || !has_enum_name(reader, written))
           && (read == NULL || !has_enum_name(writer, read));
}

static bool compare_scalar(
    struct reading *reading,
    const struct myc_field *writer,
    const struct myc_field *reader,
    const unsigned char *written,
    const unsigned char *read)
{
    if (is_float(writer) || is_float(reader)) {
        bool is_equal =
            writer->kind == reader->kind && memcmp(written, read, sizes[writer->kind]) == 0;
        return is_equal || differ(reading, reader, "another float");
    }
    struct value a = value_of(writer->kind, written);
    struct value b = value_of(reader->kind, read);
    if (a.is_negative != b.is_negative || memcmp(a.bytes, b.bytes, sizeof(a.bytes)) != 0) {
        return differ(reading, reader, "another number");
    }
    if (writer->kind == MYC_KIND_ENUM && reader->kind == MYC_KIND_ENUM
        && !is_same_enum(writer->enumeration, reader->enumeration, get_u32(read))) {
        return differ(reading, reader, "a number with another name");
    }
    return true;
}

static void push_pair(
    struct reading *reading,
    const struct myc_struct *writer,
    const struct myc_struct *reader,
    const unsigned char *written,
    const unsigned char *read)
{
    static const struct myc_struct nothing = {.name = "nothing"};
    writer = writer != NULL ? writer : &nothing;
    reader = reader != NULL ? reader : &nothing;
    if (reading->pair_count < PAIRS_MAX) {
        reading->pairs[reading->pair_count++] = (struct pair){
            .writer_fields = writer->fields,
            .writer_count = writer->field_count,
            .writer_base = written,
            .reader_fields = reader->fields,
            .reader_count = reader->field_count,
            .reader_base = read};
    }
}

static bool compare_elements(
    struct reading *reading,
    const struct myc_field *writer,
    const struct myc_field *reader,
    const struct pair *pair,
    uint32_t count)
{
    const unsigned char *written = pair->writer_base + writer->offset;
    const unsigned char *read = pair->reader_base + reader->offset;
    uint32_t writer_stride = writer->size / writer->count;
    uint32_t reader_stride = reader->size / reader->count;
    if (writer->inner != reader->inner) {
        return differ(reading, reader, "elements of another length");
    }
    if ((writer->kind == MYC_KIND_STRUCT) != (reader->kind == MYC_KIND_STRUCT)) {
        return differ(reading, reader, "another kind");
    }
    for (uint32_t i = 0; i < count; i++) {
        const unsigned char *a = written + (size_t)i * writer_stride;
        const unsigned char *b = read + (size_t)i * reader_stride;
        if (writer->kind == MYC_KIND_STRUCT) {
            push_pair(reading, writer->structure, reader->structure, a, b);
        } else if (writer->inner > 0) {
            if (writer->kind != reader->kind || memcmp(a, b, writer->inner) != 0) {
                return differ(reading, reader, "other bytes");
            }
        } else if (!compare_scalar(reading, writer, reader, a, b)) {
            return false;
        }
    }
    return true;
}

static bool compare_tail(
    struct reading *reading,
    const struct myc_field *writer,
    const struct myc_field *reader,
    const struct pair *pair)
{
    const unsigned char *a = pair->writer_base + writer->offset;
    const unsigned char *b = pair->reader_base + reader->offset;
    const unsigned char *written = reading->written->payload;
    const unsigned char *read = reading->read->payload;
    uint32_t size = get_u32(a + 4);
    bool is_equal = get_u32(b + 4) == size
                    && (size == 0 || memcmp(written + get_u32(a), read + get_u32(b), size) == 0);
    return is_equal || differ(reading, reader, "another tail");
}

static const struct myc_variant *variant_of(const struct myc_union *choice, uint32_t tag)
{
    for (uint32_t i = 0; i < choice->variant_count; i++) {
        if (choice->variants[i].tag == tag) {
            return &choice->variants[i];
        }
    }
    return NULL;
}

static bool has_variant_name(const struct myc_union *choice, const char *name)
{
    for (uint32_t i = 0; i < choice->variant_count; i++) {
        if (is_same(choice->variants[i].name, name)) {
            return true;
        }
    }
    return false;
}

static bool compare_union(
    struct reading *reading,
    const struct myc_field *writer,
    const struct myc_field *reader,
    const struct pair *pair)
{
    uint32_t tag = get_u32(pair->writer_base + writer->counter);
    const struct myc_variant *written = variant_of(writer->choice, tag);
    const struct myc_variant *read = variant_of(reader->choice, tag);
    if (get_u32(pair->reader_base + reader->counter) != tag || written == NULL || read == NULL) {
        return differ(reading, reader, "another tag");
    }
    if (!is_same(written->name, read->name)
        && (has_variant_name(reader->choice, written->name)
            || has_variant_name(writer->choice, read->name))) {
        return differ(reading, reader, "a tag with another name");
    }
    push_pair(
        reading,
        written->structure,
        read->structure,
        pair->writer_base + writer->offset,
        pair->reader_base + reader->offset);
    return true;
}

// Bytes and text hold the same if their bytes do.
static bool compare_value(
    struct reading *reading,
    const struct myc_field *writer,
    const struct myc_field *reader,
    const struct pair *pair)
{
    bool is_same_shape = writer->shape == reader->shape
                         || (is_counted(writer) && is_counted(reader))
                         || (is_tail(writer) && is_tail(reader));
    if (!is_same_shape || is_optional(writer) != is_optional(reader)) {
        return differ(reading, reader, "another shape");
    }
    if (is_optional(writer)) {
        bool was_there = pair->writer_base[writer->presence] != 0;
        bool is_there = pair->reader_base[reader->presence] != 0;
        if (was_there != is_there) {
            return differ(reading, reader, "present for one only");
        }
        if (!is_there) {
            return true;
        }
    }
    if (is_tail(writer)) {
        return compare_tail(reading, writer, reader, pair);
    }
    if ((writer->kind == MYC_KIND_UNION) != (reader->kind == MYC_KIND_UNION)) {
        return differ(reading, reader, "another kind");
    }
    if (writer->kind == MYC_KIND_UNION) {
        return compare_union(reading, writer, reader, pair);
    }
    uint32_t count = reader->count;
    if (is_counted(writer)) {
        count = get_u32(pair->reader_base + reader->counter);
        if (count != get_u32(pair->writer_base + writer->counter)) {
            return differ(reading, reader, "another length");
        }
    } else if (writer->count != reader->count) {
        return differ(reading, reader, "another length");
    }
    return compare_elements(reading, writer, reader, pair, count);
}

static bool compare_field(
    struct reading *reading, const struct pair *pair, const struct myc_field *reader, bool is_top)
{
    const struct myc_field *writer = writer_of(pair, reader);
    bool is_read = !is_top || reader->since <= reading->read->version;
    if (!is_read) {
        if (writer != NULL) {
            return differ(reading, reader, "the writer's value is not looked at");
        }
        return has_value_of_its_own(reader) || differ(reading, reader, "no value at all");
    }
    if (writer != NULL) {
        return compare_value(reading, writer, reader, pair);
    }
    // Nobody wrote it: only a field that says so itself can be told from one with a value.
    bool is_absent = !is_top && is_optional(reader) && pair->reader_base[reader->presence] == 0;
    return is_absent || differ(reading, reader, "nobody wrote it");
}

static bool compare_messages(struct reading *reading)
{
    const struct myc_message *written = reading->written;
    const struct myc_message *read = reading->read;
    reading->pair_count = 1;
    reading->pairs[0] = (struct pair){
        .writer_fields = written->type->fields,
        .writer_count = written->type->field_count,
        .writer_base = written->fields,
        .reader_fields = read->type->fields,
        .reader_count = read->type->field_count,
        .reader_base = read->fields};
    for (uint32_t i = 0; i < reading->pair_count; i++) {
        struct pair pair = reading->pairs[i];
        for (uint32_t j = 0; j < pair.reader_count; j++) {
            if (!compare_field(reading, &pair, &pair.reader_fields[j], i == 0)) {
                return false;
            }
        }
    }
    return true;
}

// ---- Reading ----

static bool has_prior(const struct myc_message_type *type, uint16_t id)
{
    for (uint32_t i = 0; i < type->prior_count; i++) {
        if (type->priors[i] == id) {
            return true;
        }
    }
    return false;
}

static bool is_delivered(
    const struct myc_message_type *writer,
    const struct myc_message_type *reader,
    char out_why[ORACLE_WHY_BYTES])
{
    if (writer->id != reader->id || !is_same(writer->topic, reader->topic)) {
        (void)snprintf(out_why, ORACLE_WHY_BYTES, "nobody listens there");
        return false;
    }
    for (uint32_t i = 0; i < reader->prior_count; i++) {
        if (!has_prior(writer, reader->priors[i])) {
            (void)snprintf(out_why, ORACLE_WHY_BYTES, "it waits for a message before it");
            return false;
        }
    }
    return true;
}

bool oracle_reads(
    const struct myc_message_type *writer,
    const struct myc_message_type *reader,
    uint32_t samples,
    uint64_t *random,
    char out_why[ORACLE_WHY_BYTES])
{
    static _Alignas(8) unsigned char payload[ORACLE_PAYLOAD_BYTES];
    static _Alignas(8) unsigned char scratch[ORACLE_PAYLOAD_BYTES];
    static struct reading reading;
    struct myc_diagnostic diagnostic;
    out_why[0] = '\0';
    if (!is_delivered(writer, reader, out_why)) {
        return false;
    }
    for (uint32_t i = 0; i < samples; i++) {
        size_t size = oracle_make(writer, random, payload);
        struct myc_message written = myc_message_of(writer, payload, (uint32_t)size);
        struct myc_message read;
        struct myc_record record = {
            .type = writer->id,
            .version = writer->version,
            .size = (uint32_t)size,
            .payload = payload};
        if (myc_message_validate(&written, &diagnostic) != MYC_OK) {
            // The sample itself is at fault, never to be taken for an answer.
            (void)snprintf(out_why, ORACLE_WHY_BYTES, "BAD SAMPLE: %.200s", diagnostic.text);
            return false;
        }
        if (myc_message_view(reader, &record, scratch, &read, &diagnostic) != MYC_OK
            || myc_message_validate(&read, &diagnostic) != MYC_OK) {
            (void)snprintf(out_why, ORACLE_WHY_BYTES, "%.240s", diagnostic.text);
            return false;
        }
        reading.written = &written;
        reading.read = &read;
        reading.why = out_why;
        if (!compare_messages(&reading)) {
            return false;
        }
    }
    return true;
}

static const struct myc_message_type *
message_named(const struct myc_contract *contract, const char *name)
{
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (is_same(contract->messages[i]->name, name)) {
            return contract->messages[i];
        }
    }
    return NULL;
}

bool oracle_contract_reads(
    const struct myc_contract *writer,
    const struct myc_contract *reader,
    bool is_writer_older,
    uint32_t samples,
    uint64_t *random,
    char out_why[ORACLE_WHY_BYTES])
{
    if (writer->id != reader->id || writer->min_compatible > reader->version
        || reader->min_compatible > writer->version) {
        (void)snprintf(out_why, ORACLE_WHY_BYTES, "they do not connect");
        return false;
    }
    for (uint32_t i = 0; i < writer->message_count; i++) {
        const struct myc_message_type *sent = writer->messages[i];
        const struct myc_message_type *known = myc_contract_find(reader, sent->id);
        bool is_other = known != NULL && !is_same(known->name, sent->name)
                        && (message_named(reader, sent->name) != NULL
                            || message_named(writer, known->name) != NULL);
        if (is_other) {
            (void)snprintf(out_why, ORACLE_WHY_BYTES, "%s is read as another message", sent->name);
            return false;
        }
        if (known == NULL && message_named(reader, sent->name) != NULL) {
            (void)snprintf(out_why, ORACLE_WHY_BYTES, "%s has an unknown id", sent->name);
            return false;
        }
        if (known == NULL) {
            // What an older reader never knew it skips; what a newer one forgot is lost.
            if (is_writer_older) {
                (void)snprintf(out_why, ORACLE_WHY_BYTES, "%s is unknown", sent->name);
                return false;
            }
            continue;
        }
        if (!oracle_reads(sent, known, samples, random, out_why)) {
            return false;
        }
    }
    return true;
}
