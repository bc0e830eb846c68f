// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Every vector of messages_5.txt through generated code and through the descriptors: accepted, the
 * same JSON, and the same bytes when it is written again.
 */
#include "vectors.h"

#include <stdlib.h>

#include <mycelium/message.h>

#include "everything.h"

enum { AGAIN_WORDS = VECTOR_PAYLOAD_MAX / 8 + 1 };

struct again {
    size_t size;
    uint64_t words[AGAIN_WORDS];
};

typedef void again_fn(const struct vector *vector, struct again *out);

static void check_printed(const struct vector *vector, const char *text)
{
    // What is secret, and what log_payload hides, is compared by test_descriptors_say_the_same.
    if (vector->type == EVERYTHING_RULES_TYPE_ID || vector->type == EVERYTHING_GROWN_TYPE_ID) {
        assert_non_null(strstr(text, "\"<redacted>\""));
    } else {
        assert_string_equal(text, vector->json);
    }
}

// Reads a record of a message without tails in both ways, and writes it again.
#define AGAIN_(name, NAME)                                                                         \
    static void again_##name(const struct vector *vector, struct again *out)                       \
    {                                                                                              \
        char text[VECTOR_TEXT_MAX];                                                                \
        struct myc_diagnostic why;                                                                 \
        struct everything_##name message;                                                          \
        struct everything_##name scratch;                                                          \
        const struct myc_record record = vector_record(vector);                                    \
        const struct everything_##name *view = everything_##name##_view(&record, &scratch);        \
        assert_non_null(view);                                                                     \
        assert_int_equal(everything_##name##_decode(&record, &message), MYC_OK);                   \
        assert_true(everything_##name##_equals(view, &message));                                   \
        if (vector->version >= EVERYTHING_##NAME##_VERSION) {                                      \
            assert_int_equal(everything_##name##_validate(view, &why), MYC_OK);                    \
            assert_int_equal(everything_##name##_print(view, text, sizeof(text), NULL), MYC_OK);   \
            check_printed(vector, text);                                                           \
        }                                                                                          \
        assert_int_equal(                                                                          \
            everything_##name##_encode(&message, out->words, sizeof(out->words), &out->size),      \
            MYC_OK);                                                                               \
    }

AGAIN_(scalars, SCALARS)
AGAIN_(optionals, OPTIONALS)
AGAIN_(arrays, ARRAYS)
AGAIN_(vectors, VECTORS)
AGAIN_(defaults, DEFAULTS)
AGAIN_(rules, RULES)
AGAIN_(nothing, NOTHING)
AGAIN_(tagged, TAGGED)
AGAIN_(late, LATE)

// The same of a message with tails, whose `tails` were taken from `message`.
#define AGAIN_TAILS_(name, NAME)                                                                   \
    assert_true(everything_##name##_equals(view, &message));                                       \
    if (vector->version >= EVERYTHING_##NAME##_VERSION) {                                          \
        assert_int_equal(everything_##name##_validate(view, record.size, &why), MYC_OK);           \
        assert_int_equal(                                                                          \
            everything_##name##_print(view, record.size, text, sizeof(text), NULL), MYC_OK);       \
        check_printed(vector, text);                                                               \
    }                                                                                              \
    assert_int_equal(                                                                              \
        everything_##name##_encode(&message, &tails, out->words, sizeof(out->words), &out->size),  \
        MYC_OK)

static void again_blob(const struct vector *vector, struct again *out)
{
    char text[VECTOR_TEXT_MAX];
    struct myc_diagnostic why;
    struct everything_blob message;
    struct everything_blob scratch;
    const struct myc_record record = vector_record(vector);
    const struct everything_blob *view = everything_blob_view(&record, &scratch);
    uint32_t body = 0;
    uint32_t title = 0;
    assert_non_null(view);
    assert_int_equal(everything_blob_decode(&record, &message), MYC_OK);
    struct everything_blob_tails tails = {0};
    tails.body.data = everything_blob_get_body(&message, &record, &body);
    tails.body.size = body;
    tails.title.data = everything_blob_get_title(&message, &record, &title);
    tails.title.size = title;
    AGAIN_TAILS_(blob, BLOB);
}

static void again_grown(const struct vector *vector, struct again *out)
{
    char text[VECTOR_TEXT_MAX];
    struct myc_diagnostic why;
    struct everything_grown message;
    struct everything_grown scratch;
    const struct myc_record record = vector_record(vector);
    const struct everything_grown *view = everything_grown_view(&record, &scratch);
    uint32_t comment = 0;
    assert_non_null(view);
    assert_int_equal(everything_grown_decode(&record, &message), MYC_OK);
    struct everything_grown_tails tails = {0};
    tails.comment.data = everything_grown_get_comment(&message, &record, &comment);
    tails.comment.size = comment;
    AGAIN_TAILS_(grown, GROWN);
}

static const struct {
    const struct myc_message_type *type;
    again_fn *again;
} messages[] = {
    {&everything_scalars_type, again_scalars},
    {&everything_optionals_type, again_optionals},
    {&everything_arrays_type, again_arrays},
    {&everything_vectors_type, again_vectors},
    {&everything_defaults_type, again_defaults},
    {&everything_rules_type, again_rules},
    {&everything_nothing_type, again_nothing},
    {&everything_blob_type, again_blob},
    {&everything_tagged_type, again_tagged},
    {&everything_grown_type, again_grown},
    {&everything_late_type, again_late},
};

enum { MESSAGE_COUNT = sizeof(messages) / sizeof(messages[0]) };

static size_t index_of(const struct vector *vector)
{
    for (size_t i = 0; i < MESSAGE_COUNT; i++) {
        if (messages[i].type->id == vector->type) {
            assert_string_equal(messages[i].type->name, vector->message);
            return i;
        }
    }
    fail_msg("%s is no message", vector->message);
    return 0;
}

// No message of the contract, and no version of one, is without a vector; two are of newer writers.
static void test_every_version_has_vectors(void **state)
{
    static struct vector vector;
    uint32_t seen[MESSAGE_COUNT][8] = {{0}};
    uint32_t newer = 0;
    FILE *file = vectors_open();
    (void)state;
    assert_int_equal(everything_contract.message_count, MESSAGE_COUNT);
    while (vectors_next(file, &vector)) {
        size_t i = index_of(&vector);
        if (vector.version > messages[i].type->version) {
            newer++;
        } else {
            seen[i][vector.version]++;
        }
    }
    assert_int_equal(fclose(file), 0);
    assert_true(newer >= 2);
    for (size_t i = 0; i < MESSAGE_COUNT; i++) {
        for (uint32_t version = 1; version <= messages[i].type->version; version++) {
            if (seen[i][version] == 0) {
                fail_msg("no vector of %s %u", messages[i].type->name, version);
            }
        }
    }
}

// Generated code takes every vector; what it writes of it are the same bytes, or today's.
static void test_generated_code_writes_the_same_bytes(void **state)
{
    static struct vector vector;
    static struct again again;
    FILE *file = vectors_open();
    (void)state;
    while (vectors_next(file, &vector)) {
        size_t i = index_of(&vector);
        struct everything_any any;
        struct myc_diagnostic why;
        const struct myc_record record = vector_record(&vector);
        print_message("%s %u %s\n", vector.message, vector.version, vector.label);
        assert_int_equal(everything_decode_any(&record, MYC_UNKNOWN_FAIL, &any, &why), MYC_OK);
        assert_true(any.is_known && any.type == vector.type);
        messages[i].again(&vector, &again);
        bool is_today = vector.version == messages[i].type->version;
        assert_int_equal(vector.today.size == 0, is_today);
        vector_check_record(
            vector.type,
            messages[i].type->version,
            is_today ? &vector.payload : &vector.today,
            again.words,
            again.size);
    }
    assert_int_equal(fclose(file), 0);
}

static void check_text(const struct myc_message *message, uint32_t flags, const char *wanted)
{
    char text[VECTOR_TEXT_MAX];
    size_t length = 0;
    assert_int_equal(
        myc_message_print(message, flags | MYC_MESSAGE_SECRETS, text, sizeof(text), &length),
        MYC_OK);
    assert_int_equal(length, strlen(wanted));
    assert_string_equal(text, wanted);
}

// The descriptors accept every vector and print the JSON that stands beside it; so does today's
// form of one of another version, with the same values in it.
static void test_descriptors_say_the_same(void **state)
{
    static struct vector vector;
    static uint64_t scratch[VECTOR_PAYLOAD_MAX / 8];
    FILE *file = vectors_open();
    (void)state;
    while (vectors_next(file, &vector)) {
        const struct myc_message_type *type = messages[index_of(&vector)].type;
        const char *completed = vector.completed[0] != '\0' ? vector.completed : vector.json;
        struct myc_diagnostic why;
        struct myc_message message;
        const struct myc_record record = vector_record(&vector);
        print_message("%s %u %s\n", vector.message, vector.version, vector.label);
        assert_ptr_equal(myc_contract_find(&everything_contract, vector.type), type);
        assert_int_equal(myc_message_view(type, &record, scratch, &message, &why), MYC_OK);
        if (myc_message_validate(&message, &why) != MYC_OK) {
            fail_msg("%s", why.text);
        }
        check_text(&message, 0, vector.json);
        check_text(&message, MYC_MESSAGE_COMPLETED, completed);
        if (vector.today.size > 0) {
            const struct myc_message today =
                myc_message_of(type, vector.today.words, vector.today.size);
            check_text(&today, 0, completed);
            assert_true(myc_message_equals(&message, &today));
        }
    }
    assert_int_equal(fclose(file), 0);
}

// A payload that ends inside the fixed part of its version is refused, whatever the message.
static void test_shorter_payloads_are_refused(void **state)
{
    static struct vector vector;
    static uint64_t scratch[VECTOR_PAYLOAD_MAX / 8];
    uint32_t refused = 0;
    FILE *file = vectors_open();
    (void)state;
    while (vectors_next(file, &vector)) {
        const struct myc_message_type *type = messages[index_of(&vector)].type;
        struct myc_diagnostic why;
        struct myc_message message;
        struct myc_record record = vector_record(&vector);
        record.size = myc_message_extent(type, vector.version) - 1;
        assert_int_equal(myc_message_view(type, &record, scratch, &message, &why), MYC_CORRUPT);
        refused++;
    }
    assert_int_equal(fclose(file), 0);
    assert_true(refused > 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_version_has_vectors),
        cmocka_unit_test(test_generated_code_writes_the_same_bytes),
        cmocka_unit_test(test_descriptors_say_the_same),
        cmocka_unit_test(test_shorter_payloads_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
