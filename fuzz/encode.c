// SPDX-License-Identifier: MIT OR Apache-2.0
//
// JSON into messages of a contract with every feature: any text is refused with an error, or gives
// a valid message whose own JSON gives the same bytes again. The first byte says type and version.
#include <string.h>

#include "descriptors.h"
#include "fuzz.h"
#include "steps.h"
#include "tool/message/message.h"

// A text is read twice, and each error looks for its place among all values: hence so many a byte.
enum { SCRATCH_WORDS = 512, STEPS_BASE = 1 << 22, STEPS_PER_BYTE = 1 << 15 };

static void check_again(
    const struct myc_message_type *type, uint16_t version, const struct message_bytes *payload)
{
    const struct myc_record record = {
        .type = type->id,
        .version = version,
        .size = (uint32_t)payload->size,
        .payload = payload->data,
    };
    uint64_t scratch[SCRATCH_WORDS];
    struct myc_message message;
    struct json_reader reader;
    struct json_node *value = NULL;
    struct message_bytes text = {0};
    struct message_bytes again = {0};
    struct message_encoder encoder = {.path = "again", .errors = stderr};
    FUZZ_CHECK(type->size <= sizeof(scratch));
    FUZZ_CHECK(myc_message_view(type, &record, scratch, &message, NULL) == MYC_OK);
    FUZZ_CHECK(myc_message_validate(&message, NULL) == MYC_OK);
    message_append_json(&text, &message, MYC_MESSAGE_SECRETS);
    json_init(&reader, (const char *)text.data, text.size);
    FUZZ_CHECK(json_next(&reader, &value) == JSON_OK);
    FUZZ_CHECK(message_encode(&encoder, type, version, value, &again));
    FUZZ_CHECK(again.size == payload->size);
    FUZZ_CHECK(memcmp(again.data, payload->data, again.size) == 0);
    FUZZ_CHECK(json_next(&reader, &value) == JSON_END);
    json_deinit(&reader);
    free(encoder.origins);
    free(text.data);
    free(again.data);
}

static void check_value(
    const struct myc_message_type *type,
    uint16_t version,
    const struct json_node *value,
    bool fills_in)
{
    struct message_encoder encoder = {.path = "text", .fills_in = fills_in};
    struct message_bytes payload = {0};
    bool is_good = message_encode(&encoder, type, version, value, &payload);
    FUZZ_CHECK(is_good == (encoder.error_count == 0));
    if (is_good) {
        check_again(type, version, &payload);
    } else {
        FUZZ_CHECK(payload.size == 0);
    }
    free(encoder.origins);
    free(payload.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct myc_contract *contract = descriptors_of_everything();
    const struct myc_message_type *type = contract->messages[data[0] % contract->message_count];
    uint16_t version = (uint16_t)(type->version - (data[0] >> 4) % type->version);
    struct json_reader reader;
    struct json_node *value = NULL;
    enum json_result result = JSON_OK;
    char *text = malloc(size);
    FUZZ_CHECK(text != NULL);
    memcpy(text, data + 1, size - 1);
    fuzz_steps_begin();
    json_init(&reader, text, size - 1);
    while ((result = json_next(&reader, &value)) == JSON_OK) {
        check_value(type, version, value, false);
        check_value(type, version, value, true);
    }
    FUZZ_CHECK(result == JSON_END || reader.error[0] != '\0');
    FUZZ_CHECK(result == JSON_END || (reader.error_line >= 1 && reader.error_column >= 1));
    json_deinit(&reader);
    fuzz_steps_end(size, STEPS_BASE, STEPS_PER_BYTE);
    free(text);
    return 0;
}
