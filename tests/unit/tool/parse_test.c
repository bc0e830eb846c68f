// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract reader: what counts for the digest and what does not, names in C, and memory.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tool/gen/gen.h"
#include "tool/gen/names.h"

static const char reference[] = "schema:\n"
                                "  name: sample\n"
                                "  id: 0x4D\n"
                                "  version: 3\n"
                                "  min_compatible: 2\n"
                                "messages:\n"
                                "  First:\n"
                                "    tlv_type: 10\n"
                                "    topic: a-topic\n"
                                "    schema_version: 2\n"
                                "    fields:\n"
                                "      x: u64\n"
                                "      y: optional u256\n"
                                "  Second:\n"
                                "    tlv_type: 11\n"
                                "    topic: a-topic\n"
                                "    fields:\n"
                                "      z: \"[u8; 20]\"\n";

static void digest_of(const char *text, uint8_t digest[MYC_DIGEST_BYTES])
{
    struct gen_contract contract;
    struct gen_error error;
    if (!gen_parse(text, strlen(text), &contract, &error)) {
        fail_msg("line %zu: %s", error.line, error.text);
    }
    myc__schema_digest(&contract.model, digest);
    gen_contract_deinit(&contract);
}

static void assert_same_digest(const char *text, bool is_same)
{
    uint8_t expected[MYC_DIGEST_BYTES];
    uint8_t digest[MYC_DIGEST_BYTES];
    digest_of(reference, expected);
    digest_of(text, digest);
    assert_int_equal(memcmp(expected, digest, sizeof(digest)) == 0, is_same);
}

// Replaces the one occurrence of `from` in the reference and digests the result.
static void assert_change(const char *from, const char *to, bool is_same)
{
    char text[2048];
    const char *place = strstr(reference, from);
    assert_non_null(place);
    assert_null(strstr(place + 1, from));
    int len = snprintf(
        text,
        sizeof(text),
        "%.*s%s%s",
        (int)(place - reference),
        reference,
        to,
        place + strlen(from));
    assert_in_range(len, 1, sizeof(text) - 1);
    assert_same_digest(text, is_same);
}

// Comments, descriptions, spelling of numbers, quotes and flow style leave the digest alone.
static void test_digest_ignores_how_it_is_written(void **state)
{
    (void)state;
    assert_change("  id: 0x4D\n", "  id: 77 # seventy-seven\n", true);
    assert_change("  name: sample\n", "  name: 'sample'\n", true);
    assert_change("  name: sample\n", "  name: sample\n  description: words\n", true);
    assert_change("    tlv_type: 10\n", "    type_id: 0xA\n", true);
    assert_change("    schema_version: 2\n", "    schema_version: \"v2\"\n", true);
    assert_change("      x: u64\n", "      x: {type: u64, description: an x}\n", true);
    assert_change("\"[u8; 20]\"", "'[u8;20]'", true);
    assert_change(
        "      x: u64\n      y: optional u256\n", "    - x: u64\n    - y: optional u256\n", true);
    assert_change("    fields:\n      z", "    description: Says z.\n    fields:\n\n      z", true);
}

// Keys may come in any order, and so may messages; they are told apart by their ids.
static void test_digest_ignores_the_order_of_keys_and_messages(void **state)
{
    (void)state;
    assert_same_digest(
        "messages:\n"
        "  Second: {fields: {z: '[u8; 20]'}, topic: a-topic, type_id: 11}\n"
        "  First:\n"
        "    schema_version: 2\n"
        "    fields:\n"
        "      x: u64\n"
        "      y: optional u256\n"
        "    topic: a-topic\n"
        "    tlv_type: 10\n"
        "schema: {min_compatible: 2, version: 3, id: 77, name: sample}\n",
        true);
}

// Whatever two ends must agree on changes the digest.
static void test_digest_depends_on_what_is_meant(void **state)
{
    (void)state;
    assert_change("name: sample", "name: simple", false);
    assert_change("id: 0x4D", "id: 0x4E", false);
    assert_change("  version: 3", "  version: 4", false);
    assert_change("min_compatible: 2", "min_compatible: 1", false);
    assert_change("Second:", "Third:", false);
    assert_change("tlv_type: 11", "tlv_type: 12", false);
    assert_change("schema_version: 2", "schema_version: 1", false);
    assert_change("x: u64", "x: i64", false);
    assert_change("x: u64", "w: u64", false);
    assert_change("y: optional u256", "y: u256", false);
    assert_change("[u8; 20]", "[u8; 21]", false);
    assert_change(
        "      x: u64\n      y: optional u256\n", "      y: optional u256\n      x: u64\n", false);
}

// Versions left out are 1.
static void test_versions_default_to_one(void **state)
{
    (void)state;
    static const char text[] = "{schema: {name: a, id: 1}, messages: {A: {type_id: 1, topic: t, "
                               "fields: {x: u8}}}}";
    struct gen_contract contract;
    struct gen_error error;
    assert_true(gen_parse(text, sizeof(text) - 1, &contract, &error));
    assert_int_equal(contract.model.version, 1);
    assert_int_equal(contract.model.min_compatible, 1);
    assert_int_equal(contract.model.messages[0].version, 1);
    assert_int_equal(contract.model.messages[0].size, 8);
    gen_contract_deinit(&contract);
}

// Capitals end words; runs of capitals stay together.
static void test_message_names_become_snake_case(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"PoolStateUpdate", "pool_state_update"},
        {"V2Swap", "v2_swap"},
        {"HTTPServer", "http_server"},
        {"ServerHTTP", "server_http"},
        {"A", "a"},
        {"Order66", "order66"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char snake[GEN_NAME_BYTES];
        gen_snake_name(names[i][0], snake);
        assert_string_equal(snake, names[i][1]);
    }
}

// A contract cut anywhere is an error or another contract, never a crash or a leak.
static void test_every_prefix_is_handled(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof(reference); size++) {
        struct gen_contract contract;
        struct gen_error error = {0};
        if (gen_parse(reference, size, &contract, &error)) {
            gen_contract_deinit(&contract);
        } else {
            assert_in_range(error.line, 1, 19);
            assert_true(error.text[0] != '\0');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_ignores_how_it_is_written),
        cmocka_unit_test(test_digest_ignores_the_order_of_keys_and_messages),
        cmocka_unit_test(test_digest_depends_on_what_is_meant),
        cmocka_unit_test(test_versions_default_to_one),
        cmocka_unit_test(test_message_names_become_snake_case),
        cmocka_unit_test(test_every_prefix_is_handled),
    };
    return cmocka_run_group_tests_name("tool.parse", tests, NULL, NULL);
}
