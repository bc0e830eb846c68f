// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What was read from a canonical form is held to the rules, each type once; then it gets its
// initial images, those of types inside others first, and is written again: only the one canonical
// form comes out as it went in.
#include <string.h>

#include "core/sha256.h"
#include "schema/canonical.h"
#include "schema/canonical_read.h"
#include "schema/check.h"
#include "schema/field.h"
#include "schema/limits.h"
#include "schema/name.h"

// A check of a descriptor failed; its text says what of it.
static enum myc_status refuse_checked(struct myc__canonical_reading *reading)
{
    if (reading->diagnostic != NULL) {
        reading->diagnostic->status = MYC_CORRUPT;
    }
    myc_diagnostic_wrap(reading->diagnostic, "canonical form");
    return MYC_CORRUPT;
}

// ---- Rules ----

static enum myc_status check_types(struct myc__canonical_reading *reading)
{
    enum myc_status status = MYC_OK;
    for (uint32_t i = 0; status == MYC_OK && i < reading->enum_count; i++) {
        status = myc__schema_check_enum(&reading->enums[i], reading->diagnostic);
    }
    for (uint32_t i = 0; status == MYC_OK && i < reading->struct_count; i++) {
        status = myc__schema_check_struct(&reading->structs[i], reading->diagnostic);
    }
    for (uint32_t i = 0; status == MYC_OK && i < reading->union_count; i++) {
        status = myc__schema_check_union(&reading->unions[i], reading->diagnostic);
    }
    return status == MYC_OK ? MYC_OK : refuse_checked(reading);
}

// Ids ascend, as the comparison at the end shows, so only names can be there twice.
static enum myc_status check_messages(struct myc__canonical_reading *reading)
{
    for (uint32_t i = 0; i < reading->message_count; i++) {
        const struct myc_message_type *message = &reading->messages[i];
        enum myc_status status = myc__schema_check_message(message, reading->diagnostic);
        if (status == MYC_OK && message->field_count > 0) {
            status = myc__schema_check_message_fields(message, reading->diagnostic);
        }
        for (uint32_t j = 0; status == MYC_OK && j < i; j++) {
            if (myc__schema_is_same_name(reading->messages[j].name, message->name)) {
                status = myc__schema_refuse(
                    reading->diagnostic, "message", message->name, "another has its name");
            }
        }
        if (status != MYC_OK) {
            return refuse_checked(reading);
        }
    }
    return MYC_OK;
}

// ---- Nesting ----

static uint8_t higher(uint8_t height, uint8_t other)
{
    return other > height ? other : height;
}

// One more than what is inside; what is too high already stays there.
static uint8_t above(uint8_t height)
{
    return height > MYC__SCHEMA_NESTING_MAX ? height : (uint8_t)(height + 1);
}

static uint8_t height_of_fields(
    const struct myc__canonical_reading *reading, const struct myc_field *fields, uint32_t count)
{
    uint8_t height = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (fields[i].structure != NULL) {
            height =
                higher(height, reading->struct_heights[fields[i].structure - reading->structs]);
        } else if (fields[i].choice != NULL) {
            height = higher(height, reading->union_heights[fields[i].choice - reading->unions]);
        }
    }
    return height;
}

static uint8_t
height_of_variants(const struct myc__canonical_reading *reading, const struct myc_union *choice)
{
    uint8_t height = 0;
    for (uint32_t i = 0; i < choice->variant_count; i++) {
        const struct myc_struct *structure = choice->variants[i].structure;
        if (structure != NULL) {
            height = higher(height, reading->struct_heights[structure - reading->structs]);
        }
    }
    return height;
}

// Lets heights grow by what is inside each type, from 1; returns whether one did.
static bool raise_heights(struct myc__canonical_reading *reading)
{
    bool is_raised = false;
    for (uint32_t i = 0; i < reading->struct_count; i++) {
        const struct myc_struct *type = &reading->structs[i];
        uint8_t height = above(height_of_fields(reading, type->fields, type->field_count));
        is_raised = is_raised || height > reading->struct_heights[i];
        reading->struct_heights[i] = height;
    }
    for (uint32_t i = 0; i < reading->union_count; i++) {
        uint8_t height = above(height_of_variants(reading, &reading->unions[i]));
        is_raised = is_raised || height > reading->union_heights[i];
        reading->union_heights[i] = height;
    }
    return is_raised;
}

// A type that contains itself grows in each round until it is too high.
static enum myc_status check_nesting(struct myc__canonical_reading *reading)
{
    for (uint32_t round = 0; round <= MYC__SCHEMA_NESTING_MAX + 1; round++) {
        if (!raise_heights(reading)) {
            break;
        }
    }
    bool is_deep = false;
    for (uint32_t i = 0; i < reading->struct_count; i++) {
        is_deep = is_deep || reading->struct_heights[i] > MYC__SCHEMA_NESTING_MAX;
    }
    for (uint32_t i = 0; i < reading->union_count; i++) {
        is_deep = is_deep || reading->union_heights[i] > MYC__SCHEMA_NESTING_MAX;
    }
    return is_deep ? myc__canonical_refuse(reading, "types nest more than 8 deep, or in a circle")
                   : MYC_OK;
}

// ---- Initial images ----

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool needs_image(const struct myc_field *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if ((fields[i].flags & MYC_FIELD_DEFAULT) != 0
            || (fields[i].structure != NULL && fields[i].structure->initial != NULL)) {
            return true;
        }
    }
    return false;
}

static bool
read_default(struct myc__canonical_scan *scan, const struct myc_field *field, uint8_t *image)
{
    size_t size = 0;
    bool is_counted = field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING;
    if (field->kind == MYC_KIND_STRUCT || field->kind == MYC_KIND_UNION
        || myc__schema_is_tail(field->shape)
        || !myc__canonical_take_bytes(scan, image + field->offset, field->size, &size)) {
        return false;
    }
    if (!is_counted) {
        return size == field->size;
    }
    uint32_t element_size = myc__schema_element_size(field);
    uint32_t count = (uint32_t)(size / element_size);
    for (uint32_t i = 0; i < 4; i++) {
        image[field->counter + i] = (uint8_t)(count >> (8 * i));
    }
    return size % element_size == 0;
}

// Fills an image from the lines at `place`; NULL stays NULL when no byte is set.
static enum myc_status read_image(
    struct myc__canonical_reading *reading,
    size_t place,
    const struct myc_field *fields,
    uint32_t count,
    uint32_t size,
    const void **out_image)
{
    if (!needs_image(fields, count)) {
        return MYC_OK;
    }
    uint8_t *image = myc__canonical_take(reading, size, 1);
    if (image == NULL) {
        return myc__canonical_refuse_memory(reading);
    }
    (void)myc__schema_fill_structs(fields, count, image);
    struct myc__canonical_scan scan = reading->scan;
    uint32_t index = 0;
    scan.at = place;
    while (myc__canonical_next(&scan) && scan.word >= MYC__CANONICAL_PRIOR) {
        if (scan.word == MYC__CANONICAL_FIELD) {
            index++;
        } else if (
            scan.word == MYC__CANONICAL_DEFAULT
            && (!read_default(&scan, &fields[index - 1], image)
                || !myc__canonical_is_line_end(&scan))) {
            return myc__canonical_refuse(reading, "a default does not have the bytes of its type");
        }
    }
    *out_image = is_zero(image, size) ? NULL : image;
    return MYC_OK;
}

static enum myc_status read_images(struct myc__canonical_reading *reading)
{
    enum myc_status status = MYC_OK;
    for (uint32_t height = 1; height <= MYC__SCHEMA_NESTING_MAX; height++) {
        for (uint32_t i = 0; status == MYC_OK && i < reading->struct_count; i++) {
            struct myc_struct *type = &reading->structs[i];
            if (reading->struct_heights[i] == height) {
                status = read_image(
                    reading,
                    reading->struct_places[i],
                    type->fields,
                    type->field_count,
                    type->size,
                    &type->initial);
            }
        }
    }
    for (uint32_t i = 0; status == MYC_OK && i < reading->message_count; i++) {
        struct myc_message_type *message = &reading->messages[i];
        status = read_image(
            reading,
            reading->message_places[i],
            message->fields,
            message->field_count,
            message->size,
            &message->initial);
    }
    return status;
}

// ---- The whole ----

static enum myc_status compare_text(struct myc__canonical_reading *reading)
{
    struct myc_contract *contract = reading->contract;
    struct myc__schema_types *types = myc__canonical_take(reading, 1, sizeof(*types));
    struct myc__sha256 sha;
    uint8_t digest[MYC__SHA256_BYTES];
    if (types == NULL) {
        return myc__canonical_refuse_memory(reading);
    }
    myc__sha256_init(&sha);
    myc__sha256_update(&sha, reading->scan.text, reading->scan.size);
    myc__sha256_final(&sha, digest);
    if (myc__schema_canonical_digest(contract, types, contract->digest) != MYC_OK
        || memcmp(digest, contract->digest, sizeof(digest)) != 0) {
        return myc__canonical_refuse(
            reading, "sizes, places, order or use of something are not those of a canonical form");
    }
    return MYC_OK;
}

enum myc_status myc__canonical_finish(struct myc__canonical_reading *reading)
{
    const struct myc_message_type **messages =
        myc__canonical_take(reading, reading->message_count, sizeof(struct myc_message_type *));
    if (messages == NULL) {
        return myc__canonical_refuse_memory(reading);
    }
    for (uint32_t i = 0; i < reading->message_count; i++) {
        messages[i] = &reading->messages[i];
    }
    reading->contract->messages = messages;
    reading->contract->message_count = reading->message_count;
    enum myc_status status = check_types(reading);
    status = status == MYC_OK ? check_messages(reading) : status;
    status = status == MYC_OK ? check_nesting(reading) : status;
    status = status == MYC_OK ? read_images(reading) : status;
    return status == MYC_OK ? compare_text(reading) : status;
}
