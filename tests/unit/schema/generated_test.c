// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Generated code as its user sees it. That sizes and offsets are the compiler's own is asserted by
// the generated headers themselves while this file compiles.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "every_type.h"
#include "trading.h"
#include "wire/tlv.h"

static struct myc_record
record_of(const struct myc_message_type *type, const void *payload, uint32_t size)
{
    struct myc_record record = {
        .type = type->id, .version = type->version, .size = size, .payload = payload};
    return record;
}

// Generated contracts pass the check that hand-written ones must pass, and their types are found.
static void test_generated_contracts_are_sound(void **state)
{
    (void)state;
    assert_int_equal(myc_contract_check(&trading_contract, NULL), MYC_OK);
    assert_int_equal(myc_contract_check(&every_type_contract, NULL), MYC_OK);
    assert_int_equal(trading_contract.id, 0x4D594345);
    assert_int_equal(every_type_contract.version, 5);
    assert_int_equal(every_type_contract.min_compatible, 2);
    assert_ptr_equal(myc_contract_find(&trading_contract, 1011), &trading_pool_state_update_type);
    assert_string_equal(trading_pool_state_update_type.topic, "market-data");
    assert_int_equal(trading_pool_state_update_type.size, 200);
    assert_int_equal(every_type_plain_type.version, 4);
    assert_memory_not_equal(trading_contract.digest, every_type_contract.digest, MYC_DIGEST_BYTES);
}

// No byte of a struct is padding of the compiler: members, explicit gaps included, fill it.
static void test_members_fill_the_struct(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct every_type_one_byte), 8);
    assert_int_equal(_Alignof(struct every_type_one_byte), 8);
    assert_int_equal(
        offsetof(struct every_type_one_byte, reserved_0)
            + sizeof(((struct every_type_one_byte *)0)->reserved_0),
        8);
    assert_int_equal(
        offsetof(struct trading_pool_state_update, origin_ns) + sizeof(uint64_t),
        sizeof(struct trading_pool_state_update));
}

// Setting and clearing an optional field keeps mark and value together.
static void test_optional_fields_are_set_and_cleared(void **state)
{
    (void)state;
    struct trading_pool_state_update update;
    struct trading_pool_state_update empty;
    memset(&update, 0xEE, sizeof(update));
    trading_pool_state_update_init(&update);
    trading_pool_state_update_init(&empty);
    trading_pool_state_update_set_tick(&update, -5);
    trading_pool_state_update_set_reserve0(&update, myc_u256_from_u64(42));
    assert_int_equal(update.has_tick, 1);
    assert_int_equal(trading_pool_state_update_get_tick(&update), -5);
    assert_int_equal(update.has_reserve0, 1);
    assert_int_equal(trading_pool_state_update_get_reserve0(&update).limb[0], 42);
    assert_false(trading_pool_state_update_equals(&update, &empty));
    trading_pool_state_update_clear_tick(&update);
    trading_pool_state_update_clear_reserve0(&update);
    assert_memory_equal(&update, &empty, sizeof(update));

    static const uint8_t bytes[5] = {1, 2, 3, 4, 5};
    struct every_type_optional optional;
    every_type_optional_init(&optional);
    every_type_optional_set_o_bytes(&optional, bytes);
    assert_int_equal(optional.has_o_bytes, 1);
    assert_memory_equal(optional.o_bytes, bytes, sizeof(bytes));
}

// Messages are equal when their fields are; what lies in the padding does not count.
static void test_equality_ignores_padding(void **state)
{
    (void)state;
    struct every_type_one_byte a;
    struct every_type_one_byte b;
    memset(&a, 0xAA, sizeof(a));
    memset(&b, 0xBB, sizeof(b));
    a.only = 7;
    b.only = 7;
    assert_true(every_type_one_byte_equals(&a, &b));
    b.only = 8;
    assert_false(every_type_one_byte_equals(&a, &b));
}

// One changed byte anywhere is a difference, or else it is padding.
static void test_every_byte_is_a_field_or_padding(void **state)
{
    (void)state;
    size_t field_bytes = 0;
    for (size_t i = 0; i < sizeof(struct every_type_plain); i++) {
        struct every_type_plain a;
        struct every_type_plain b;
        every_type_plain_init(&a);
        every_type_plain_init(&b);
        ((unsigned char *)&b)[i] = 1;
        field_bytes += every_type_plain_equals(&a, &b) ? 0 : 1;
    }
    // 10 u8, u16, u32, u64 and their signed twins, floats, bool, 3 bytes, and the wide integers.
    assert_int_equal(field_bytes, 10 + 14 + 15 + 12 + 1 + 3 + 2 * (16 + 32));
}

// Validation accepts what the setters build and names the field that carries nonsense.
static void test_validation_names_the_bad_field(void **state)
{
    (void)state;
    struct every_type_optional optional;
    struct myc_diagnostic diagnostic;
    every_type_optional_init(&optional);
    assert_int_equal(every_type_optional_validate(&optional, &diagnostic), MYC_OK);
    every_type_optional_set_o_i256(&optional, myc_i256_from_i64(-1));
    every_type_optional_set_o_bool(&optional, 1);
    assert_int_equal(every_type_optional_validate(&optional, &diagnostic), MYC_OK);
    optional.o_bool = 2;
    assert_int_equal(every_type_optional_validate(&optional, &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "Optional.o_bool: 2 must be 0 or 1"));
    optional.o_bool = 1;
    optional.has_o_i256 = 2;
    assert_int_equal(every_type_optional_validate(&optional, &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "Optional.o_i256: "));
    optional.has_o_i256 = 0;
    assert_int_equal(
        every_type_optional_type.validate(&optional, sizeof(optional), &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "Optional.o_i256: it must be zero when it is absent"));
    assert_int_equal(every_type_optional_validate(&optional, NULL), MYC_CORRUPT);
}

// A type without marks and bools accepts all there is.
static void test_plain_numbers_are_always_valid(void **state)
{
    (void)state;
    struct every_type_one_byte message;
    memset(&message, 0xFF, sizeof(message));
    assert_int_equal(every_type_one_byte_type.validate(&message, sizeof(message), NULL), MYC_OK);
    assert_int_equal(every_type_one_byte_validate(&message, NULL), MYC_OK);
}

// A view of a record that is long enough is the record itself.
static void test_view_is_in_place(void **state)
{
    (void)state;
    struct trading_v2_swap swap;
    struct trading_v2_swap scratch;
    trading_v2_swap_init(&swap);
    swap.block_number = 9;
    struct myc_record record = record_of(&trading_v2_swap_type, &swap, sizeof(swap));
    assert_ptr_equal(trading_v2_swap_view(&record, &scratch), &swap);
    record.type = TRADING_ORDER_TYPE_ID;
    assert_null(trading_v2_swap_view(&record, &scratch));
}

// A payload is read from its version's length on, and nothing beyond its end.
static void test_view_refuses_what_is_too_short(void **state)
{
    (void)state;
    for (uint32_t size = 0; size < TRADING_POOL_STATE_UPDATE_SIZE; size++) {
        unsigned char *shorter = malloc(size > 0 ? size : 1);
        struct trading_pool_state_update scratch;
        assert_non_null(shorter);
        memset(shorter, 0x11, size);
        struct myc_record record = record_of(&trading_pool_state_update_type, shorter, size);
        // All its fields are of version 1, so that no version is shorter.
        for (record.version = 0; record.version <= TRADING_POOL_STATE_UPDATE_VERSION + 1;
             record.version++) {
            assert_null(trading_pool_state_update_view(&record, &scratch));
        }
        free(shorter);
    }
}

// Encoded, walked and decoded, a message is the one that went in.
static void test_message_survives_the_wire(void **state)
{
    (void)state;
    uint64_t buffer[64];
    size_t bytes = 0;
    struct trading_pool_state_update update;
    struct trading_pool_state_update scratch;
    trading_pool_state_update_init(&update);
    memset(update.pool_address, 0xAB, sizeof(update.pool_address));
    trading_pool_state_update_set_tick(&update, INT32_MIN);
    trading_pool_state_update_set_liquidity(&update, myc_u256_from_u64(UINT64_MAX));
    update.block_number = 18000000;
    struct myc__tlv out = {
        .type = TRADING_POOL_STATE_UPDATE_TYPE_ID,
        .version = TRADING_POOL_STATE_UPDATE_VERSION,
        .size = TRADING_POOL_STATE_UPDATE_SIZE,
        .payload = &update,
    };
    assert_int_equal(myc__tlv_encode(buffer, sizeof(buffer), &out, &bytes, NULL), MYC_OK);
    struct myc__tlv_walk walk;
    struct myc__tlv in;
    const void *message = NULL;
    assert_int_equal(myc__tlv_walk_init(&walk, buffer, bytes, 4096, NULL), MYC_OK);
    assert_int_equal(myc__tlv_next(&walk, &in, NULL), MYC_OK);
    enum myc_status status =
        myc__tlv_message(&in, &trading_pool_state_update_type, &scratch, &message, NULL);
    assert_int_equal(status, MYC_OK);
    assert_true(trading_pool_state_update_equals(message, &update));
    assert_ptr_equal(message, in.payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generated_contracts_are_sound),
        cmocka_unit_test(test_members_fill_the_struct),
        cmocka_unit_test(test_optional_fields_are_set_and_cleared),
        cmocka_unit_test(test_equality_ignores_padding),
        cmocka_unit_test(test_every_byte_is_a_field_or_padding),
        cmocka_unit_test(test_validation_names_the_bad_field),
        cmocka_unit_test(test_plain_numbers_are_always_valid),
        cmocka_unit_test(test_view_is_in_place),
        cmocka_unit_test(test_view_refuses_what_is_too_short),
        cmocka_unit_test(test_message_survives_the_wire),
    };
    return cmocka_run_group_tests_name("schema.generated", tests, NULL, NULL);
}
