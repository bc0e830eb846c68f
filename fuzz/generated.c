// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Generated decoders of a contract with every feature, from hostile bytes. What they find, accept
// and call equal must be what the library's own code does with the descriptors of the same
// contract.
#include <string.h>

#include <mycelium/message.h>

#include "descriptors.h"
#include "everything.h"
#include "fuzz.h"
#include "steps.h"
#include "wire/tlv.h"

enum { PAYLOAD_MAX = 1 << 16, STEPS_BASE = 64 * 1024, STEPS_PER_BYTE = 1024 };

// X(message, NAME): those with tails are validated with the size of their payload.
#define MESSAGES(X)                                                                                \
    X(scalars, SCALARS)                                                                            \
    X(optionals, OPTIONALS)                                                                        \
    X(arrays, ARRAYS)                                                                              \
    X(vectors, VECTORS)                                                                            \
    X(defaults, DEFAULTS)                                                                          \
    X(rules, RULES)                                                                                \
    X(nothing, NOTHING)                                                                            \
    X(blob, BLOB)                                                                                  \
    X(tagged, TAGGED)                                                                              \
    X(grown, GROWN)                                                                                \
    X(late, LATE)

// What generic code says of a record.
struct expected {
    const struct myc_message_type *type;
    const struct myc_record *record;
    struct myc_message message;
    enum myc_status viewed;
    enum myc_status valid; /* also the view's, where that failed */
};

#define CHECK_MESSAGE(lower, upper)                                                                \
    static void check_##lower(const struct expected *expected)                                     \
    {                                                                                              \
        struct everything_##lower scratch;                                                         \
        struct everything_##lower copy;                                                            \
        const struct everything_##lower *view =                                                    \
            everything_##lower##_view(expected->record, &scratch);                                 \
        FUZZ_CHECK((view != NULL) == (expected->viewed == MYC_OK));                                \
        FUZZ_CHECK(everything_##lower##_decode(expected->record, &copy) == expected->valid);       \
        if (view == NULL) {                                                                        \
            return;                                                                                \
        }                                                                                          \
        FUZZ_CHECK(memcmp(view, expected->message.fields, EVERYTHING_##upper##_SIZE) == 0);        \
        if (expected->valid != MYC_OK) {                                                           \
            return;                                                                                \
        }                                                                                          \
        FUZZ_CHECK(memcmp(view, &copy, EVERYTHING_##upper##_SIZE) == 0);                           \
        FUZZ_CHECK(expected->type->has_tail != 0 || everything_##lower##_equals(view, &copy));     \
    }

MESSAGES(CHECK_MESSAGE)

static void check_by_type(const struct expected *expected)
{
    switch (expected->record->type) {
#define CHECK_CASE(lower, upper)                                                                   \
    case EVERYTHING_##upper##_TYPE_ID:                                                             \
        check_##lower(expected);                                                                   \
        break;
        MESSAGES(CHECK_CASE)
#undef CHECK_CASE
    default:
        FUZZ_CHECK(false); // The list above lacks a message.
    }
}

static void check_any(const struct expected *expected)
{
    struct everything_any any;
    struct everything_any from_bytes;
    struct myc_diagnostic diagnostic = {0};
    const struct myc_record *record = expected->record;
    const unsigned char *header = (const unsigned char *)record->payload - MYC_RECORD_HEADER_BYTES;
    size_t bytes = (size_t)myc_record_bytes(record->size);
    size_t used = SIZE_MAX;
    enum myc_status status = everything_decode_any(record, MYC_UNKNOWN_FAIL, &any, &diagnostic);
    FUZZ_CHECK(status == (expected->type != NULL ? expected->valid : MYC_MISMATCH));
    FUZZ_CHECK(status == MYC_OK || diagnostic.status == status);
    FUZZ_CHECK(
        everything_decode_any_bytes(header, bytes, MYC_UNKNOWN_FAIL, &from_bytes, &used, NULL)
        == status);
    FUZZ_CHECK(used == bytes);
    FUZZ_CHECK(
        everything_decode_any_bytes(header, bytes - 8, MYC_UNKNOWN_FAIL, &from_bytes, &used, NULL)
        == (bytes == 8 ? MYC_END : MYC_AGAIN));
    if (status == MYC_OK) {
        FUZZ_CHECK(any.is_known && any.type == record->type);
        const void *fields = any.message.bytes_;
        FUZZ_CHECK(memcmp(fields, expected->message.fields, expected->type->size) == 0);
    } else if (expected->type == NULL) {
        FUZZ_CHECK(everything_decode_any(record, MYC_UNKNOWN_SKIP, &any, NULL) == MYC_OK);
        FUZZ_CHECK(!any.is_known && any.type == 0);
        FUZZ_CHECK(everything_decode_any(record, MYC_UNKNOWN_STORE, &any, NULL) == MYC_OK);
        FUZZ_CHECK(!any.is_known && any.type == record->type);
    }
}

static void check_record(const struct myc__tlv *tlv)
{
    const struct myc_record record = {
        .type = tlv->type, .version = tlv->version, .size = tlv->size, .payload = tlv->payload};
    // Descriptors as the tool makes them, not those that the generated code brought.
    struct expected expected = {
        .type = myc_contract_find(descriptors_of_everything(), tlv->type), .record = &record};
    void *scratch = NULL;
    if (expected.type != NULL) {
        scratch = aligned_alloc(8, expected.type->size);
        FUZZ_CHECK(scratch != NULL);
        expected.viewed =
            myc_message_view(expected.type, &record, scratch, &expected.message, NULL);
        expected.valid = expected.viewed;
        if (expected.viewed == MYC_OK) {
            expected.valid = myc_message_validate(&expected.message, NULL);
        }
        check_by_type(&expected);
    }
    check_any(&expected);
    free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct myc__tlv_walk records;
    struct myc__tlv record;
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    FUZZ_CHECK(bytes != NULL);
    if (size > 0) {
        memcpy(bytes, data, size);
    }
    (void)descriptors_of_everything(); // Reading it is no work of the input.
    fuzz_steps_begin();
    FUZZ_CHECK(myc__tlv_walk_init(&records, bytes, size, PAYLOAD_MAX, NULL) == MYC_OK);
    while (myc__tlv_next(&records, &record, NULL) == MYC_OK) {
        check_record(&record);
    }
    fuzz_steps_end(size, STEPS_BASE, STEPS_PER_BYTE);
    free(bytes);
    return 0;
}
