// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Contract files: any bytes either give an error with a place and a one-line text, or a model that
// is sound by the library's own rules and generates the same code twice.
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "tool/gen/gen.h"

static void check_error(const struct gen_error *error)
{
    FUZZ_CHECK(error->line >= 1);
    FUZZ_CHECK(error->column >= 1);
    FUZZ_CHECK(error->text[0] != '\0');
    FUZZ_CHECK(strchr(error->text, '\n') == NULL);
}

static char *emit(
    void (*emitter)(const struct gen_contract *, const char *, FILE *),
    const struct gen_contract *contract)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    FUZZ_CHECK(out != NULL);
    emitter(contract, contract->model.name, out);
    FUZZ_CHECK(fclose(out) == 0);
    FUZZ_CHECK(strlen(text) == size);
    return text;
}

static void check_emits_alike(
    void (*emitter)(const struct gen_contract *, const char *, FILE *),
    const struct gen_contract *first,
    const struct gen_contract *second)
{
    char *first_text = emit(emitter, first);
    char *second_text = emit(emitter, second);
    FUZZ_CHECK(strcmp(first_text, second_text) == 0);
    free(first_text);
    free(second_text);
}

static void check_model(const struct myc__schema_contract *model)
{
    FUZZ_CHECK(myc__schema_is_snake_name(model->name, strlen(model->name)));
    FUZZ_CHECK(model->message_count >= 1);
    for (uint32_t i = 0; i < model->message_count; i++) {
        const struct myc__schema_message *message = &model->messages[i];
        uint32_t end = 0;
        FUZZ_CHECK(message->id >= MYC_MESSAGE_TYPE_MIN && message->id <= MYC_MESSAGE_TYPE_MAX);
        FUZZ_CHECK(message->size % 8 == 0 && message->size > 0);
        for (uint32_t j = 0; j < message->field_count; j++) {
            FUZZ_CHECK(message->fields[j].presence_offset >= end);
            FUZZ_CHECK(message->fields[j].offset >= message->fields[j].presence_offset);
            end = message->fields[j].offset + myc__schema_field_size(&message->fields[j]);
        }
        FUZZ_CHECK(end <= message->size && message->size - end < 8);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gen_contract first = {0};
    struct gen_contract second = {0};
    struct gen_error error;
    char *bytes = malloc(size > 0 ? size : 1);
    FUZZ_CHECK(bytes != NULL);
    if (size > 0) {
        memcpy(bytes, data, size);
    }
    if (!gen_parse(bytes, size, &first, &error)) {
        check_error(&error);
    } else {
        check_model(&first.model);
        FUZZ_CHECK(gen_parse(bytes, size, &second, &error));
        check_emits_alike(gen_emit_header, &first, &second);
        check_emits_alike(gen_emit_source, &first, &second);
        gen_contract_deinit(&second);
        gen_contract_deinit(&first);
    }
    free(bytes);
    return 0;
}
