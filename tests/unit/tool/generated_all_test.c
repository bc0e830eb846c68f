// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Generated code of a contract with every feature, against the codec that reads its descriptors:
// whatever the bytes, both say the same.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "everything.h"
#include "notes.h"

enum { ROUNDS = 20000, SIZE_MAX_BYTES = 4096, TAIL_BYTES = 64 };

// What the generated code has for a message, with untyped pointers.
struct functions {
    const struct myc_message_type *type;
    const void *(*view)(const struct myc_record *record, void *scratch);
    bool (*equals)(const void *a, const void *b);
    enum myc_status (*decode)(const struct myc_record *record, void *out);
    void (*init)(void *message);
};

#define MESSAGES(X)                                                                                \
    X(everything_scalars)                                                                          \
    X(everything_optionals)                                                                        \
    X(everything_arrays)                                                                           \
    X(everything_vectors)                                                                          \
    X(everything_defaults)                                                                         \
    X(everything_rules)                                                                            \
    X(everything_nothing)                                                                          \
    X(everything_blob)                                                                             \
    X(everything_tagged)                                                                           \
    X(everything_grown)                                                                            \
    X(everything_late)                                                                             \
    X(notes_note)                                                                                  \
    X(notes_strict)

#define WRAP(name)                                                                                 \
    static const void *view_##name(const struct myc_record *record, void *scratch)                 \
    {                                                                                              \
        return name##_view(record, scratch);                                                       \
    }                                                                                              \
    static bool equals_##name(const void *a, const void *b)                                        \
    {                                                                                              \
        return name##_equals(a, b);                                                                \
    }                                                                                              \
    static enum myc_status decode_##name(const struct myc_record *record, void *out)               \
    {                                                                                              \
        return name##_decode(record, out);                                                         \
    }                                                                                              \
    static void init_##name(void *message)                                                         \
    {                                                                                              \
        name##_init(message);                                                                      \
    }
MESSAGES(WRAP)
#undef WRAP

static const struct functions all[] = {
#define ENTRY(name) {&name##_type, view_##name, equals_##name, decode_##name, init_##name},
    MESSAGES(ENTRY)
#undef ENTRY
};

enum { ALL_COUNT = sizeof(all) / sizeof(all[0]) };

struct random {
    uint64_t state;
};

static uint32_t draw(struct random *random, uint32_t bound)
{
    random->state = random->state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(random->state >> 33) % bound;
}

// Small numbers are what marks, tags and counts are made of.
static uint8_t draw_byte(struct random *random)
{
    static const uint8_t edges[] = {
        0, 0, 0, 1, 1, 2, 3, 4, 5, 8, 0x20, 0x7E, 0x7F, 0x80, 0xC3, 0xFF};
    return draw(random, 4) == 0 ? (uint8_t)draw(random, 256) : edges[draw(random, sizeof(edges))];
}

// One to four bytes of a message change, each at a field's beginning as likely as anywhere.
static void
disturb(struct random *random, const struct myc_message_type *type, uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = draw(random, 4); i < 4; i++) {
        uint32_t at = draw(random, size);
        if (type->field_count > 0 && draw(random, 2) == 0) {
            const struct myc_field *field = &type->fields[draw(random, type->field_count)];
            const uint32_t places[] = {field->offset, field->presence, field->counter};
            at = places[draw(random, 3)];
        }
        bytes[at < size ? at : 0] = draw_byte(random);
    }
}

// Initial messages are valid but for what must be set: unions, and what may not be empty or zero.
static void fill_in(const struct myc_message_type *type, void *message, uint32_t size)
{
    uint8_t *tail = (uint8_t *)message + type->size;
    if (type == &everything_rules_type) {
        const uint16_t parts[] = {10, 11};
        everything_rules_set_account(message, 1);
        everything_rules_set_key(message, (const uint8_t *)"key.....");
        assert_int_equal(everything_rules_set_symbol(message, "AB", 2), MYC_OK);
        assert_int_equal(everything_rules_set_parts(message, parts, 2), MYC_OK);
    } else if (type == &everything_tagged_type) {
        everything_tagged_set_detail_market(message);
        everything_tagged_set_signal_go(message);
        (void)everything_wrapper_edit_detail_stop(everything_tagged_edit_wrapper(message));
    } else if (type == &everything_grown_type) {
        struct everything_grown *grown = message;
        (void)everything_grown_edit_detail_limit(grown);
        if (size > type->size) {
            grown->comment.offset = myc_le_u32(type->size);
            grown->comment.size = myc_le_u32(3);
            memcpy(tail, "abc", 3);
        }
    } else if (type == &everything_blob_type && size > type->size) {
        struct everything_blob *blob = message;
        blob->title.offset = myc_le_u32(type->size + 8);
        blob->title.size = myc_le_u32(3);
        memcpy(tail + 8, "abc", 3);
    }
}

// The quick look never accepts what the exact one refuses, nor the other way round; what is
// accepted is the next start, so that there are valid messages of all kinds.
static void test_validation_agrees_with_the_codec(void **state)
{
    (void)state;
    static uint64_t words[(SIZE_MAX_BYTES + TAIL_BYTES) / 8];
    static uint64_t kept[(SIZE_MAX_BYTES + TAIL_BYTES) / 8];
    uint8_t *bytes = (uint8_t *)words;
    for (size_t i = 0; i < ALL_COUNT; i++) {
        const struct myc_message_type *type = all[i].type;
        struct random random = {.state = i + 1};
        uint32_t valid = 0;
        uint32_t invalid = 0;
        uint32_t size = type->size + (type->has_tail != 0 ? TAIL_BYTES : 0);
        assert_true(type->size <= SIZE_MAX_BYTES);
        memset(kept, 0, sizeof(kept));
        all[i].init(kept);
        fill_in(type, kept, size);
        for (uint32_t round = 0; round < ROUNDS; round++) {
            memcpy(words, kept, sizeof(words));
            if (round > 0) {
                disturb(&random, type, bytes, size);
            }
            struct myc_message message = myc_message_of(type, words, size);
            struct myc_diagnostic expected;
            struct myc_diagnostic found;
            enum myc_status status = myc_message_validate(&message, &expected);
            if (type->validate(words, size, &found) != status) {
                fail_msg("%s, round %u: %s", type->name, round, expected.text);
            }
            if (status == MYC_OK) {
                memcpy(kept, words, sizeof(kept));
                valid++;
            } else {
                assert_string_equal(found.text, expected.text);
                invalid++;
            }
        }
        assert_true(valid > ROUNDS / 100);
        assert_true(invalid > 0 || type == &everything_nothing_type);
    }
}

// In place, completed, or refused: for each version and size.
static void test_views_agree_with_the_codec(void **state)
{
    (void)state;
    static uint64_t words[SIZE_MAX_BYTES / 8];
    static uint64_t scratch[2][SIZE_MAX_BYTES / 8];
    uint32_t completed = 0;
    memset(words, 0x01, sizeof(words));
    for (size_t i = 0; i < ALL_COUNT; i++) {
        const struct myc_message_type *type = all[i].type;
        for (uint16_t version = 0; version <= type->version + 1; version++) {
            for (uint32_t size = 0; size <= type->size + 8; size++) {
                struct myc_message found;
                struct myc_record record = {
                    .type = type->id, .version = version, .size = size, .payload = words};
                enum myc_status status = myc_message_view(type, &record, scratch[0], &found, NULL);
                const void *seen = all[i].view(&record, scratch[1]);
                assert_int_equal(seen != NULL, status == MYC_OK);
                if (seen != NULL && seen != words) {
                    assert_ptr_equal(found.fields, scratch[0]);
                    assert_memory_equal(seen, found.fields, type->size);
                    completed++;
                } else if (seen != NULL) {
                    assert_ptr_equal(found.fields, words);
                }
            }
        }
        struct myc_record other = {.type = 0xFEFF, .version = 9, .size = 4096, .payload = words};
        assert_null(all[i].view(&other, scratch[0]));
    }
    assert_true(completed > 0);
}

// A copy is what a view and validation of the record's version make of it.
static void test_copies_agree_with_the_codec(void **state)
{
    (void)state;
    static uint64_t words[(SIZE_MAX_BYTES + TAIL_BYTES) / 8];
    static uint64_t scratch[SIZE_MAX_BYTES / 8];
    static uint64_t out[SIZE_MAX_BYTES / 8];
    uint32_t good = 0;
    for (size_t i = 0; i < ALL_COUNT; i++) {
        const struct myc_message_type *type = all[i].type;
        struct random random = {.state = i + 100};
        for (uint32_t round = 0; round < ROUNDS / 10; round++) {
            memset(words, 0, sizeof(words));
            all[i].init(words);
            fill_in(type, words, type->size);
            if (round % 2 != 0) {
                disturb(&random, type, (uint8_t *)words, type->size);
            }
            struct myc_message found;
            struct myc_record record = {
                .type = type->id,
                .version = (uint16_t)draw(&random, type->version + 2U),
                .size = draw(&random, 4) == 0 ? draw(&random, type->size) : type->size,
                .payload = words};
            enum myc_status status = myc_message_view(type, &record, scratch, &found, NULL);
            if (status == MYC_OK) {
                status = myc_message_validate(&found, NULL);
            }
            assert_int_equal(all[i].decode(&record, out), status);
            if (status == MYC_OK) {
                assert_memory_equal(out, found.fields, type->size);
                good++;
            }
        }
        struct myc_record other = {.type = 0xFEFF, .version = 9, .size = 4096, .payload = words};
        assert_int_equal(all[i].decode(&other, out), MYC_MISMATCH);
    }
    assert_true(good > ROUNDS / 10);
}

// Two valid messages are equal for both, or for neither; what tails hold is the codec's to compare.
static void test_equality_agrees_with_the_codec(void **state)
{
    (void)state;
    static uint64_t a[SIZE_MAX_BYTES / 8];
    static uint64_t b[SIZE_MAX_BYTES / 8];
    uint32_t equal = 0;
    uint32_t different = 0;
    for (size_t i = 0; i < ALL_COUNT; i++) {
        const struct myc_message_type *type = all[i].type;
        struct random random = {.state = i + 200};
        all[i].init(a);
        fill_in(type, a, type->size);
        for (uint32_t round = 0; round < ROUNDS; round++) {
            memcpy(b, a, sizeof(b));
            disturb(&random, type, (uint8_t *)b, type->size);
            struct myc_message first = myc_message_of(type, a, type->size);
            struct myc_message second = myc_message_of(type, b, type->size);
            if (myc_message_validate(&second, NULL) != MYC_OK
                || myc_message_validate(&first, NULL) != MYC_OK) {
                memcpy(a, draw(&random, 8) == 0 ? b : a, sizeof(a));
                continue;
            }
            bool is_equal = myc_message_equals(&first, &second);
            if (all[i].equals(a, b) != is_equal) {
                fail_msg("%s, round %u: the codec says %d", type->name, round, is_equal);
            }
            equal += is_equal ? 1 : 0;
            different += is_equal ? 0 : 1;
            memcpy(a, b, sizeof(a));
        }
    }
    assert_true(equal > 100 && different > 100);
}

// The descriptors are those that the contract's file has: sound, with its canonical form.
static void test_descriptors_are_sound(void **state)
{
    (void)state;
    struct myc_diagnostic diagnostic;
    if (myc_contract_check(&everything_contract, &diagnostic) != MYC_OK) {
        fail_msg("%s", diagnostic.text);
    }
    assert_int_equal(everything_contract.message_count + notes_contract.message_count, ALL_COUNT);
    assert_int_equal(everything_contract.id, EVERYTHING_CONTRACT_ID);
    assert_int_equal(strlen(everything_contract.canonical), everything_contract.canonical_size);
    assert_memory_equal(everything_contract.canonical, "mycelium contract 2\n", 20);
    assert_string_equal(everything_grown_type.policy.sensitivity, "internal");
    assert_int_equal(everything_grown_type.policy.error_rate_slo_ppm, 1000);
    assert_int_equal(everything_grown_type.extent_count, 4);
    assert_int_equal(everything_tagged_type.prior_count, 2);
    assert_int_equal(everything_tagged_type.priors[1], EVERYTHING_GROWN_TYPE_ID);
    assert_string_equal(everything_side_name(EVERYTHING_SIDE_SELL), "SELL");
    assert_null(everything_side_name((enum everything_side)3));
    assert_int_equal(EVERYTHING_VENUE_LAST, 4294967295);
    // The fingerprint's text is the descriptor's bytes.
    char text[3];
    snprintf(text, sizeof(text), "%02x", everything_grown_type.fingerprint[31]);
    assert_string_equal(&EVERYTHING_GROWN_FINGERPRINT[62], text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validation_agrees_with_the_codec),
        cmocka_unit_test(test_views_agree_with_the_codec),
        cmocka_unit_test(test_copies_agree_with_the_codec),
        cmocka_unit_test(test_equality_agrees_with_the_codec),
        cmocka_unit_test(test_descriptors_are_sound),
    };
    return cmocka_run_group_tests_name("tool.generated_all", tests, NULL, NULL);
}
