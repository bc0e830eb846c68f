// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Messages of a contract with every feature, from hostile bytes, through their descriptors. A
// message where it lies and its copy must be the same; a walk is as long as it may be; what is
// printed is JSON; and what is valid stays valid and equal when it is completed.
#include <stdio.h>
#include <string.h>

#include <mycelium/message.h>

#include "descriptors.h"
#include "fuzz.h"
#include "json.h"
#include "steps.h"
#include "tool/message/message.h"
#include "wire/tlv.h"

enum { PAYLOAD_MAX = 1 << 16, TEXT_BYTES = 1 << 20 };

// Each record is viewed, validated, walked and printed several times; printing costs most.
enum { STEPS_BASE = 256 * 1024, STEPS_PER_BYTE = 4 * 1024 };

static const unsigned all_flags[] = {
    0, MYC_MESSAGE_COMPLETED, MYC_MESSAGE_SECRETS, MYC_MESSAGE_COMPLETED | MYC_MESSAGE_SECRETS};

static void *copy_of(const void *bytes, size_t size)
{
    void *copy = aligned_alloc(8, size > 0 ? (size + 7) / 8 * 8 : 8);
    FUZZ_CHECK(copy != NULL);
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

// Walks to the end or the first problem; every item lies where the message does.
static enum myc_status walk(const struct myc_message *message, unsigned flags)
{
    struct myc_message_walk walk;
    struct myc_message_item item;
    char path[MYC_MESSAGE_PATH_BYTES];
    enum myc_status status = MYC_OK;
    uint32_t open = 0;
    myc_message_walk_init(&walk, message, flags);
    while ((status = myc_message_walk_next(&walk, &item)) == MYC_OK) {
        FUZZ_CHECK(walk.steps <= MYC_MESSAGE_STEPS(message->type->size));
        FUZZ_CHECK(item.depth <= 2 * MYC_MESSAGE_DEPTH_MAX + 1);
        bool is_start = item.kind == MYC_ITEM_LIST || item.kind == MYC_ITEM_STRUCT
                        || item.kind == MYC_ITEM_UNION;
        bool is_end = item.kind == MYC_ITEM_LIST_END || item.kind == MYC_ITEM_STRUCT_END
                      || item.kind == MYC_ITEM_UNION_END;
        open += is_start ? 1 : 0;
        FUZZ_CHECK(!is_end || open > 0);
        open -= is_end ? 1 : 0;
        myc_message_walk_path(&walk, &item, path);
        FUZZ_CHECK(strnlen(path, sizeof path) < sizeof path);
    }
    FUZZ_CHECK(status == MYC_END || status == MYC_CORRUPT || status == MYC_LIMIT);
    FUZZ_CHECK(status == MYC_END ? open == 0 : walk.problem != NULL);
    return status;
}

static void print(const struct myc_message *message, unsigned flags, enum myc_status walked)
{
    static char text[TEXT_BYTES];
    static char again[TEXT_BYTES];
    size_t length = SIZE_MAX;
    size_t length_again = SIZE_MAX;
    enum myc_status status = myc_message_print(message, flags, text, sizeof text, &length);
    FUZZ_CHECK(
        status == (walked == MYC_END ? MYC_OK : walked) || message->type->policy.hides_payload);
    if (status != MYC_OK) {
        return;
    }
    FUZZ_CHECK(length < sizeof text && strlen(text) == length);
    FUZZ_CHECK(json_is_sound(text, length));
    size_t room = length / 2;
    FUZZ_CHECK(
        myc_message_print(message, flags, again, room + 1, &length_again) == MYC_TOO_BIG
        || length == room);
    FUZZ_CHECK(length_again == length);
    FUZZ_CHECK(strlen(again) <= room && memcmp(text, again, strlen(again)) == 0);
}

// A valid message, printed and read again, says the same.
static void check_round_trip(const struct myc_message *message)
{
    static char text[TEXT_BYTES];
    size_t length = 0;
    struct json_reader json;
    struct json_node *object = NULL;
    struct message_bytes payload = {0};
    struct message_encoder encoder = {.path = "text"};
    const struct myc_message_type *type = message->type;
    enum myc_status status =
        myc_message_print(message, MYC_MESSAGE_SECRETS, text, sizeof text, &length);
    FUZZ_CHECK(status == MYC_OK);
    json_init(&json, text, length);
    FUZZ_CHECK(json_next(&json, &object) == JSON_OK);
    if (!message_encode(&encoder, type, message->version, object, &payload)) {
        (void)fprintf(stderr, "%s\n", text);
        abort();
    }
    struct myc_record record = {
        .type = type->id,
        .version = message->version,
        .size = (uint32_t)payload.size,
        .payload = payload.data};
    void *scratch = aligned_alloc(8, type->size);
    struct myc_message again;
    FUZZ_CHECK(scratch != NULL);
    FUZZ_CHECK(myc_message_view(type, &record, scratch, &again, NULL) == MYC_OK);
    FUZZ_CHECK(myc_message_validate(&again, NULL) == MYC_OK);
    if (!myc_message_equals(message, &again)) {
        (void)fprintf(stderr, "%s\n", text);
        abort();
    }
    free(scratch);
    free(encoder.origins);
    free(payload.data);
    json_deinit(&json);
}

// What is valid, completed to today's version, says the same.
static void check_completed(const struct myc_message *message)
{
    const struct myc_message_type *type = message->type;
    if (type->has_tail != 0) {
        return;
    }
    void *fields = copy_of(message->fields, type->size);
    struct myc_message whole = myc_message_of(type, fields, type->size);
    FUZZ_CHECK(myc_message_validate(&whole, NULL) == MYC_OK);
    FUZZ_CHECK(myc_message_equals(message, &whole));
    FUZZ_CHECK(myc_message_equals(&whole, message));
    free(fields);
}

static void check_message(const struct myc_message *message, const struct myc_message *copy)
{
    enum myc_status valid = myc_message_validate(message, NULL);
    FUZZ_CHECK(valid == MYC_OK || valid == MYC_CORRUPT);
    FUZZ_CHECK(myc_message_validate(copy, NULL) == valid);
    for (size_t i = 0; i < sizeof all_flags / sizeof *all_flags; i++) {
        enum myc_status walked = walk(message, all_flags[i] & MYC_MESSAGE_COMPLETED);
        FUZZ_CHECK(valid != MYC_OK || walked == MYC_END);
        print(message, all_flags[i], walked);
    }
    bool is_equal = myc_message_equals(message, copy);
    if (valid == MYC_OK) {
        FUZZ_CHECK(is_equal && myc_message_equals(copy, message));
        check_completed(message);
        check_round_trip(message);
    }
}

static void check_record(const struct myc__tlv *tlv, const struct myc_message_type *type)
{
    void *payload = copy_of(tlv->payload, tlv->size);
    void *scratch = aligned_alloc(8, type->size);
    void *scratch_copy = aligned_alloc(8, type->size);
    FUZZ_CHECK(scratch != NULL && scratch_copy != NULL);
    struct myc_record record = {
        .type = tlv->type, .version = tlv->version, .size = tlv->size, .payload = tlv->payload};
    struct myc_record record_copy = record;
    record_copy.payload = payload;
    struct myc_message message;
    struct myc_message copy;
    struct myc_diagnostic diagnostic = {0};
    const void *decoded = NULL;
    enum myc_status status = myc_message_view(type, &record, scratch, &message, &diagnostic);
    FUZZ_CHECK(status == MYC_OK || status == MYC_CORRUPT);
    FUZZ_CHECK(status == MYC_OK || diagnostic.status == status);
    FUZZ_CHECK(myc_message_view(type, &record_copy, scratch_copy, &copy, NULL) == status);
    if (status == MYC_OK) {
        // In place unless its version's fixed part is shorter than today's.
        bool is_short = myc_message_extent(type, tlv->version) < type->size;
        FUZZ_CHECK(message.fields == (is_short ? scratch : tlv->payload));
        check_message(&message, &copy);
        status = myc_message_validate(&message, NULL);
    }
    FUZZ_CHECK(myc__tlv_message(tlv, type, scratch_copy, &decoded, NULL) == status);
    FUZZ_CHECK((decoded != NULL) == (status == MYC_OK));
    free(scratch_copy);
    free(scratch);
    free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct myc_contract *contract = descriptors_of_everything();
    struct myc__tlv_walk records;
    struct myc__tlv record;
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    FUZZ_CHECK(bytes != NULL);
    if (size > 0) {
        memcpy(bytes, data, size);
    }
    fuzz_steps_begin();
    FUZZ_CHECK(myc__tlv_walk_init(&records, bytes, size, PAYLOAD_MAX, NULL) == MYC_OK);
    while (myc__tlv_next(&records, &record, NULL) == MYC_OK) {
        const struct myc_message_type *type = myc_contract_find(contract, record.type);
        if (type != NULL) {
            check_record(&record, type);
        }
    }
    fuzz_steps_end(size, STEPS_BASE, STEPS_PER_BYTE);
    free(bytes);
    return 0;
}
