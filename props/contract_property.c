// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Random contracts are written in random styles and read: the descriptors are what was drawn, they
// survive the canonical form, and neither another style nor the formatter changes them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "contract_model.h"
#include "core/text.h"
#include "schema/canonical.h"
#include "schema/field.h"
#include "tool/contract/contract.h"
#include "tool/contract/fmt.h"

enum { RUNS = 200 };

struct text {
    char *bytes;
    size_t size;
};

static struct text write_model(const struct model *model, uint64_t *random)
{
    struct text text = {NULL, 0};
    FILE *out = open_memstream(&text.bytes, &text.size);
    assert_non_null(out);
    model_write(model, random, out);
    fclose(out);
    return text;
}

static void read_good(const struct text *text, struct contract_file *file)
{
    if (!contract_read("model.yaml", text->bytes, text->size, file)) {
        contract_print_findings(file, stderr);
        fail_msg("refused:\n%s", text->bytes);
    }
}

// ---- Descriptors ----

static uint32_t read_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16
           | (uint32_t)bytes[3] << 24;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void check_default(
    const struct model_field *expected, const struct myc_field *field, const uint8_t *initial)
{
    if (initial == NULL) {
        assert_true(is_zero(expected->default_bytes, expected->default_size));
        return;
    }
    assert_memory_equal(initial + field->offset, expected->default_bytes, expected->default_size);
    assert_true(is_zero(
        initial + field->offset + expected->default_size, field->size - expected->default_size));
    if (field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING) {
        assert_int_equal(read_u32(initial + field->counter), expected->default_count);
    }
}

static void check_limit(const struct myc_number *limit, bool has_limit, int64_t expected)
{
    assert_int_equal(limit != NULL, has_limit);
    if (limit != NULL) {
        assert_true(limit->limb[0] == (uint64_t)expected);
        for (size_t i = 1; i < 4; i++) {
            assert_true(limit->limb[i] == (expected < 0 ? UINT64_MAX : 0));
        }
    }
}

static void check_field(
    const struct model_field *expected, const struct myc_field *field, const uint8_t *initial)
{
    char buffer[100];
    struct myc__text spelling;
    myc__text_init(&spelling, buffer, sizeof(buffer));
    myc__schema_spell(field, &spelling);
    assert_string_equal(field->name, expected->name);
    assert_string_equal(buffer, expected->type);
    assert_int_equal(field->flags, expected->flags);
    assert_int_equal(field->since, expected->since);
    assert_int_equal(field->length_min, expected->length_min);
    assert_int_equal(field->length_max, expected->length_max);
    check_limit(field->min, expected->has_range, expected->min);
    check_limit(field->max, expected->has_range, expected->max);
    if ((expected->flags & MYC_FIELD_DEFAULT) != 0) {
        check_default(expected, field, initial);
    }
}

static void check_types(const struct model *model, const struct contract_file *file)
{
    assert_int_equal(file->enum_count, model->enum_count);
    for (uint32_t i = 0; i < model->enum_count; i++) {
        const struct model_enum *expected = &model->enums[i];
        const struct myc_enum *type = file->enums[i];
        assert_int_equal(type->is_open, expected->is_open);
        assert_int_equal(type->value_count, expected->count);
        for (uint32_t j = 0; j < expected->count; j++) {
            assert_int_equal(type->values[j].value, expected->values[j]);
        }
    }
    assert_int_equal(file->struct_count, model->struct_count);
    for (uint32_t i = 0; i < model->struct_count; i++) {
        const struct model_fields *expected = &model->structs[i];
        const struct myc_struct *type = file->structs[model->struct_count - 1 - i];
        assert_string_equal(type->name, expected->name);
        assert_int_equal(type->field_count, expected->count);
        for (uint32_t j = 0; j < expected->count; j++) {
            check_field(&expected->fields[j], &type->fields[j], type->initial);
        }
    }
    assert_int_equal(file->union_count, model->union_count);
    for (uint32_t i = 0; i < model->union_count; i++) {
        assert_int_equal(file->unions[i]->variant_count, model->unions[i].count);
        for (uint32_t j = 0; j < model->unions[i].count; j++) {
            const struct myc_variant *variant = &file->unions[i]->variants[j];
            assert_int_equal(variant->tag, model->unions[i].tags[j]);
            assert_int_equal(variant->structure != NULL, model->unions[i].structs[j] >= 0);
        }
    }
}

static void check_file(const struct model *model, const struct contract_file *file)
{
    assert_int_equal(file->contract.id, model->id);
    assert_int_equal(file->contract.version, model->version);
    assert_int_equal(file->contract.message_count, model->message_count);
    check_types(model, file);
    for (uint32_t i = 0; i < model->message_count; i++) {
        const struct model_message *expected = &model->messages[i];
        const struct myc_message_type *type = myc_contract_find(&file->contract, expected->id);
        if (type == NULL) {
            fail_msg("message %u is missing", expected->id);
            return;
        }
        assert_string_equal(type->name, expected->body.name);
        assert_int_equal(type->version, expected->version);
        assert_int_equal(type->prior_count, expected->prior >= 0);
        assert_int_equal(type->field_count, expected->body.count);
        for (uint32_t j = 0; j < expected->body.count; j++) {
            check_field(&expected->body.fields[j], &type->fields[j], type->initial);
        }
    }
}

// ---- Other forms of the same ----

static void assert_same_digests(const struct contract_file *a, const struct contract_file *b)
{
    assert_string_equal(a->contract.canonical, b->contract.canonical);
    assert_memory_equal(a->contract.digest, b->contract.digest, MYC_DIGEST_BYTES);
    for (uint32_t i = 0; i < a->contract.message_count; i++) {
        const struct myc_message_type *type = a->contract.messages[i];
        const struct myc_message_type *other = myc_contract_find(&b->contract, type->id);
        assert_non_null(other);
        assert_memory_equal(type->fingerprint, other->fingerprint, MYC_DIGEST_BYTES);
    }
}

static void check_canonical(const struct contract_file *file)
{
    struct myc_diagnostic diagnostic;
    const struct myc_contract *contract = NULL;
    size_t size = file->contract.canonical_size;
    size_t memory_size = myc__schema_canonical_memory(size) + 65536;
    void *memory = malloc(memory_size);
    assert_non_null(memory);
    if (myc__schema_read_canonical(
            file->contract.canonical, size, memory, memory_size, &contract, &diagnostic)
        != MYC_OK) {
        fail_msg("%s\n%s", diagnostic.text, file->contract.canonical);
    }
    assert_memory_equal(contract->digest, file->contract.digest, MYC_DIGEST_BYTES);
    for (uint32_t i = 0; i < file->contract.message_count; i++) {
        const struct myc_message_type *type = file->contract.messages[i];
        const struct myc_message_type *copy = myc_contract_find(contract, type->id);
        assert_non_null(copy);
        assert_int_equal(copy->initial == NULL, type->initial == NULL);
        if (type->initial != NULL) {
            assert_memory_equal(copy->initial, type->initial, type->size);
        }
    }
    free(memory);
}

static struct text format_text(const struct text *text, struct fmt_document *document)
{
    struct text formatted = {NULL, 0};
    struct contract_arena *arena = contract_arena_create();
    if (!fmt_parse(arena, text->bytes, text->size, document)) {
        fail_msg("%s: %s", document->problem, text->bytes);
    }
    FILE *out = open_memstream(&formatted.bytes, &formatted.size);
    assert_non_null(out);
    fmt_sort(document);
    fmt_write(document, out);
    fclose(out);
    contract_arena_destroy(arena);
    return formatted;
}

// The formatter keeps the contract and the comments, and what it made stays.
static void check_format(const struct text *text, const struct contract_file *file)
{
    struct fmt_document document;
    struct fmt_document again_document;
    struct contract_file formatted_file;
    struct text formatted = format_text(text, &document);
    struct text again = format_text(&formatted, &again_document);
    assert_string_equal(again.bytes, formatted.bytes);
    assert_int_equal(again_document.comment_count, document.comment_count);
    assert_true(again_document.comment_sum == document.comment_sum);
    read_good(&formatted, &formatted_file);
    assert_same_digests(file, &formatted_file);
    contract_free(&formatted_file);
    free(again.bytes);
    free(formatted.bytes);
}

static void run(uint64_t seed)
{
    struct model *model = malloc(sizeof(*model));
    struct contract_file file;
    struct contract_file other_file;
    uint64_t random = seed;
    assert_non_null(model);
    model_make(model, &random);
    struct text text = write_model(model, &random);
    struct text other = write_model(model, &random);
    read_good(&text, &file);
    check_file(model, &file);
    check_canonical(&file);
    check_format(&text, &file);
    read_good(&other, &other_file);
    assert_same_digests(&file, &other_file);
    check_format(&other, &file);
    contract_free(&other_file);
    contract_free(&file);
    free(other.bytes);
    free(text.bytes);
    free(model);
}

// Whatever contract is drawn and however it is written, it is read as what it is.
static void test_contracts_are_read_as_they_were_drawn(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        run(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contracts_are_read_as_they_were_drawn),
    };
    return cmocka_run_group_tests_name("props.contract", tests, NULL, NULL);
}
