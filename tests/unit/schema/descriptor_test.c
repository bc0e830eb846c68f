// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Descriptors written by hand are held to the rules that generated ones follow.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <mycelium/schema.h>

static struct myc_message_type first_type(void)
{
    struct myc_message_type type = {
        .id = 1, .version = 1, .size = 8, .name = "First", .topic = "topic"};
    return type;
}

static struct myc_message_type second_type(void)
{
    struct myc_message_type type = {
        .id = MYC_MESSAGE_TYPE_MAX, .version = 1, .size = 16, .name = "Second", .topic = "topic"};
    return type;
}

struct fixture {
    struct myc_message_type first;
    struct myc_message_type second;
    const struct myc_message_type *messages[2];
    struct myc_contract contract;
};

static void fixture_init(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->first = first_type();
    fixture->second = second_type();
    fixture->messages[0] = &fixture->first;
    fixture->messages[1] = &fixture->second;
    fixture->contract.name = "sample";
    fixture->contract.version = 1;
    fixture->contract.min_compatible = 1;
    fixture->contract.message_count = 2;
    fixture->contract.messages = fixture->messages;
}

static void assert_refused(const struct fixture *fixture, const char *text)
{
    struct myc_diagnostic diagnostic;
    assert_int_equal(myc_contract_check(&fixture->contract, &diagnostic), MYC_INVALID);
    assert_int_equal(diagnostic.status, MYC_INVALID);
    assert_string_equal(diagnostic.text, text);
    assert_int_equal(myc_contract_check(&fixture->contract, NULL), MYC_INVALID);
}

// [SCHEMA-1] A type is found by its id, and an id nobody has finds nothing.
static void test_find_returns_the_type_with_that_id(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    assert_ptr_equal(myc_contract_find(&fixture.contract, 1), &fixture.first);
    assert_ptr_equal(myc_contract_find(&fixture.contract, MYC_MESSAGE_TYPE_MAX), &fixture.second);
    assert_null(myc_contract_find(&fixture.contract, 2));
    assert_null(myc_contract_find(&fixture.contract, 0));
}

// [SCHEMA-2] A sound descriptor passes and leaves no old complaint behind.
static void test_check_accepts_a_sound_contract(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_diagnostic diagnostic;
    fixture_init(&fixture);
    (void)myc_diagnostic_set(&diagnostic, MYC_IO, 5, "old");
    assert_int_equal(myc_contract_check(&fixture.contract, &diagnostic), MYC_OK);
    assert_int_equal(diagnostic.status, MYC_OK);
    assert_string_equal(diagnostic.text, "");
}

// [SCHEMA-2] Each broken rule of a message names the message and the rule.
static void test_check_names_the_message_and_the_rule(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.second.id = 1;
    assert_refused(&fixture, "message 'Second': another message has its type id");
    fixture_init(&fixture);
    fixture.second.name = "First";
    assert_refused(&fixture, "message 'First': another message has its name");
    fixture_init(&fixture);
    fixture.first.id = 0;
    assert_refused(&fixture, "message 'First': the type id must be 1 to 65279");
    fixture_init(&fixture);
    fixture.second.id = MYC_MESSAGE_TYPE_MAX + 1;
    assert_refused(&fixture, "message 'Second': the type id must be 1 to 65279");
    fixture_init(&fixture);
    fixture.first.size = 12;
    assert_refused(&fixture, "message 'First': the size must be a multiple of 8 up to 1048576");
    fixture_init(&fixture);
    fixture.first.size = 0;
    assert_refused(&fixture, "message 'First': the size must be a multiple of 8 up to 1048576");
    fixture_init(&fixture);
    fixture.first.topic = NULL;
    assert_refused(&fixture, "message 'First': the topic must look like market-data");
    fixture_init(&fixture);
    fixture.first.topic = "";
    assert_refused(&fixture, "message 'First': the topic must look like market-data");
    fixture_init(&fixture);
    fixture.first.name = NULL;
    assert_refused(&fixture, "message: the name must look like PoolStateUpdate");
    fixture_init(&fixture);
    fixture.messages[1] = NULL;
    assert_refused(&fixture, "message: the descriptor is missing");
}

// [SCHEMA-2] So does each broken rule of the contract itself.
static void test_check_names_the_rule_of_the_contract(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_diagnostic diagnostic;
    fixture_init(&fixture);
    fixture.contract.name = "Sample";
    assert_refused(&fixture, "contract 'Sample': the name must be lower-case words");
    fixture_init(&fixture);
    fixture.contract.min_compatible = 2;
    assert_refused(&fixture, "contract 'sample': min_compatible must be 1 to version");
    fixture_init(&fixture);
    fixture.contract.min_compatible = 0;
    assert_refused(&fixture, "contract 'sample': min_compatible must be 1 to version");
    fixture_init(&fixture);
    fixture.contract.message_count = 0;
    assert_refused(&fixture, "contract 'sample': it must have 1 to 1024 messages");
    assert_int_equal(myc_contract_check(NULL, &diagnostic), MYC_INVALID);
    assert_string_equal(diagnostic.text, "contract: the descriptor is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_returns_the_type_with_that_id),
        cmocka_unit_test(test_check_accepts_a_sound_contract),
        cmocka_unit_test(test_check_names_the_message_and_the_rule),
        cmocka_unit_test(test_check_names_the_rule_of_the_contract),
    };
    return cmocka_run_group_tests_name("schema.descriptor", tests, NULL, NULL);
}
