// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract model: spellings of types, names that C accepts, layout rules, canonical digest.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/sha256.h"
#include "core/text.h"
#include "schema/model.h"

static void assert_parses(const char *spelling, const char *canonical, uint32_t size)
{
    struct myc__schema_field field = {0};
    struct myc_diagnostic diagnostic;
    char buffer[64];
    struct myc__text text;
    enum myc_status status =
        myc__schema_parse_type(&field, spelling, strlen(spelling), &diagnostic);
    assert_int_equal(status, MYC_OK);
    assert_int_equal(myc__schema_field_size(&field), size);
    myc__text_init(&text, buffer, sizeof(buffer));
    myc__schema_print_type(&field, &text);
    assert_string_equal(buffer, canonical);
}

static void assert_refused(const char *spelling, const char *advice)
{
    struct myc__schema_field field = {0};
    struct myc_diagnostic diagnostic;
    enum myc_status status =
        myc__schema_parse_type(&field, spelling, strlen(spelling), &diagnostic);
    assert_int_equal(status, MYC_SYNTAX);
    assert_non_null(strstr(diagnostic.text, advice));
}

// Every spelling the guide lists reads back as itself, with its size in bytes.
static void test_types_have_one_spelling_and_a_size(void **state)
{
    (void)state;
    static const struct {
        const char *spelling;
        uint32_t size;
    } types[] = {
        {"u8", 1},
        {"u16", 2},
        {"u32", 4},
        {"u64", 8},
        {"i8", 1},
        {"i16", 2},
        {"i32", 4},
        {"i64", 8},
        {"f32", 4},
        {"f64", 8},
        {"bool", 1},
        {"u128", 16},
        {"u256", 32},
        {"i128", 16},
        {"i256", 32},
    };
    assert_int_equal(sizeof(types) / sizeof(types[0]), MYC__SCHEMA_BYTES);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char optional[32] = "optional ";
        assert_parses(types[i].spelling, types[i].spelling, types[i].size);
        memcpy(optional + 9, types[i].spelling, strlen(types[i].spelling) + 1);
        assert_parses(optional, optional, types[i].size);
    }
    assert_parses("[u8; 20]", "[u8; 20]", 20);
    assert_parses("[u8;1]", "[u8; 1]", 1);
    assert_parses("optional [u8;  65536 ]", "optional [u8; 65536]", 65536);
}

// What is no type is refused with the spelling that was probably meant.
static void test_types_that_do_not_exist_are_explained(void **state)
{
    (void)state;
    assert_refused("u512", "use u8 to u256");
    assert_refused("", "use u8 to u256");
    assert_refused("U64", "use u8 to u256");
    assert_refused("optional", "use u8 to u256");
    assert_refused("optional optional u8", "use u8 to u256");
    assert_refused("Option<U256>", "write an optional field as 'optional u256'");
    assert_refused("[u8; 0]", "N from 1 to 65536");
    assert_refused("[u8; 65537]", "N from 1 to 65536");
    assert_refused("[u8; 99999999999999999999]", "N from 1 to 65536");
    assert_refused("[u8; ]", "N from 1 to 65536");
    assert_refused("[u8;", "N from 1 to 65536");
    assert_refused("[", "N from 1 to 65536");
    assert_refused("[u16; 4]", "N from 1 to 65536");
    assert_refused("[u8; -1]", "N from 1 to 65536");
}

// Names become parts of C identifiers, so only what is safe behind and before any prefix passes.
static void test_names_are_safe_in_c(void **state)
{
    (void)state;
    static const char longest[] = "a23456789012345678901234567890123456789012345678901234567890123";
    assert_true(myc__schema_is_snake_name("a", 1));
    assert_true(myc__schema_is_snake_name("sqrt_price_x96", 14));
    assert_true(myc__schema_is_snake_name(longest, 63));
    assert_false(myc__schema_is_snake_name(
        "a234567890123456789012345678901234567890123456789012345678901234", 64));
    assert_false(myc__schema_is_snake_name("", 0));
    assert_false(myc__schema_is_snake_name("_a", 2));
    assert_false(myc__schema_is_snake_name("a_", 2));
    assert_false(myc__schema_is_snake_name("a__b", 4));
    assert_false(myc__schema_is_snake_name("A", 1));
    assert_false(myc__schema_is_snake_name("1a", 2));
    assert_false(myc__schema_is_snake_name("a-b", 3));
    assert_false(myc__schema_is_snake_name("a\0b", 3));
    assert_true(myc__schema_is_pascal_name("V2Swap", 6));
    assert_false(myc__schema_is_pascal_name("v2Swap", 6));
    assert_false(myc__schema_is_pascal_name("V2_Swap", 7));
    assert_true(myc__schema_is_topic_name("market-data", 11));
    assert_true(myc__schema_is_topic_name("a/b.c_d", 7));
    assert_false(myc__schema_is_topic_name("-a", 2));
    assert_false(myc__schema_is_topic_name("a/", 2));
    assert_false(myc__schema_is_topic_name("a b", 3));
    assert_true(myc__schema_is_keyword("register", 8));
    assert_true(myc__schema_is_keyword("class", 5));
    assert_false(myc__schema_is_keyword("classes", 7));
}

static struct myc__schema_field field_of(const char *name, const char *type)
{
    struct myc__schema_field field = {0};
    memcpy(field.name, name, strlen(name));
    enum myc_status status = myc__schema_parse_type(&field, type, strlen(type), NULL);
    assert_int_equal(status, MYC_OK);
    return field;
}

// The first source's message: offsets as anyone can work them out from the rules.
static void test_layout_places_fields_by_the_rules(void **state)
{
    (void)state;
    struct myc__schema_field fields[] = {
        field_of("pool_address", "[u8; 20]"),
        field_of("venue_id", "u16"),
        field_of("reserve0", "optional u256"),
        field_of("tick", "optional i32"),
        field_of("block_number", "u64"),
        field_of("last", "u8"),
    };
    struct myc__schema_message message = {.field_count = 6, .fields = fields};
    assert_int_equal(myc__schema_layout(&message, NULL), MYC_OK);
    assert_int_equal(fields[0].offset, 0);
    assert_int_equal(fields[1].offset, 20);
    assert_int_equal(fields[2].presence_offset, 22);
    assert_int_equal(fields[2].offset, 24);
    assert_int_equal(fields[3].presence_offset, 56);
    assert_int_equal(fields[3].offset, 60);
    assert_int_equal(fields[4].offset, 64);
    assert_int_equal(fields[5].offset, 72);
    assert_int_equal(message.size, 80);
}

// A message beyond the limit is refused before any sum could wrap.
static void test_layout_refuses_huge_messages(void **state)
{
    (void)state;
    struct myc__schema_field fields[MYC__SCHEMA_FIELDS_MAX];
    struct myc_diagnostic diagnostic;
    for (size_t i = 0; i < MYC__SCHEMA_FIELDS_MAX; i++) {
        fields[i] = field_of("bytes", "[u8; 65536]");
    }
    struct myc__schema_message message = {.field_count = 16, .fields = fields};
    assert_int_equal(myc__schema_layout(&message, &diagnostic), MYC_OK);
    assert_int_equal(message.size, MYC__SCHEMA_STRUCT_MAX);
    message.field_count = 17;
    assert_int_equal(myc__schema_layout(&message, &diagnostic), MYC_TOO_BIG);
    message.field_count = MYC__SCHEMA_FIELDS_MAX;
    assert_int_equal(myc__schema_layout(&message, &diagnostic), MYC_TOO_BIG);
    assert_non_null(strstr(diagnostic.text, "split it"));
}

// The digest is that of a text anyone can write down; messages count in order of their ids.
static void test_digest_is_that_of_the_canonical_text(void **state)
{
    (void)state;
    static const char canonical[] = "mycelium contract 1\n"
                                    "contract sample 9 2 1\n"
                                    "message Early 3 1 topic\n"
                                    "field a u8\n"
                                    "message Late 1011 4 market-data\n"
                                    "field b optional [u8; 20]\n"
                                    "field c i256\n";
    struct myc__schema_field late_fields[] = {
        field_of("b", "optional [u8; 20]"), field_of("c", "i256")};
    struct myc__schema_field early_fields[] = {field_of("a", "u8")};
    struct myc__schema_message messages[] = {
        {.name = "Late",
         .topic = "market-data",
         .id = 1011,
         .version = 4,
         .field_count = 2,
         .fields = late_fields},
        {.name = "Early",
         .topic = "topic",
         .id = 3,
         .version = 1,
         .field_count = 1,
         .fields = early_fields},
    };
    struct myc__schema_contract contract = {
        .name = "sample",
        .id = 9,
        .version = 2,
        .min_compatible = 1,
        .message_count = 2,
        .messages = messages,
    };
    uint8_t expected[MYC_DIGEST_BYTES];
    uint8_t digest[MYC_DIGEST_BYTES];
    struct myc__sha256 sha;
    myc__sha256_init(&sha);
    myc__sha256_update(&sha, canonical, sizeof(canonical) - 1);
    myc__sha256_final(&sha, expected);
    myc__schema_digest(&contract, digest);
    assert_memory_equal(digest, expected, sizeof(digest));
    late_fields[0].is_optional = false;
    myc__schema_digest(&contract, digest);
    assert_memory_not_equal(digest, expected, sizeof(digest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_have_one_spelling_and_a_size),
        cmocka_unit_test(test_types_that_do_not_exist_are_explained),
        cmocka_unit_test(test_names_are_safe_in_c),
        cmocka_unit_test(test_layout_places_fields_by_the_rules),
        cmocka_unit_test(test_layout_refuses_huge_messages),
        cmocka_unit_test(test_digest_is_that_of_the_canonical_text),
    };
    return cmocka_run_group_tests_name("schema.model", tests, NULL, NULL);
}
