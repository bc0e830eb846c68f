// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Messages of tests/contracts/everything.yaml against stored bytes: what generated code writes on
 * this host is what it writes on every other, and what it reads.
 */
#include "vectors.h"

#include <mycelium/message.h>

#include "everything.h"

enum { RECORD_MAX = VECTOR_PAYLOAD_MAX + 8 };

// The descriptors say the same of the bytes as the generated code.
static void check_described(const struct vector *vector)
{
    struct myc_diagnostic why;
    struct myc_message message;
    const struct myc_record record = vector_record(vector);
    const struct myc_message_type *type = myc_contract_find(&everything_contract, vector->type);
    uint64_t scratch[VECTOR_PAYLOAD_MAX / 8];
    assert_non_null(type);
    enum myc_status status = myc_message_view(type, &record, scratch, &message, &why);
    if (status == MYC_OK) {
        status = myc_message_validate(&message, &why);
    }
    if (status != MYC_OK) {
        fail_msg("%s: %s", type->name, why.text);
    }
}

#define GOLDEN_(name, vector_name, version)                                                        \
    struct vector vector;                                                                          \
    struct everything_##name message;                                                              \
    uint64_t buffer[RECORD_MAX / 8];                                                               \
    size_t size = 0;                                                                               \
    (void)state;                                                                                   \
    vectors_find(vector_name, version, "sample", &vector);                                         \
    everything_##name##_init(&message)

#define CHECK_RECORD_()                                                                            \
    vector_check_record(vector.type, vector.version, &vector.payload, buffer, size)

#define CHECK_ENCODED_(name)                                                                       \
    do {                                                                                           \
        assert_int_equal(                                                                          \
            everything_##name##_encode(&message, buffer, sizeof(buffer), &size), MYC_OK);          \
        CHECK_RECORD_();                                                                           \
        struct everything_##name read;                                                             \
        const struct myc_record record = vector_record(&vector);                                   \
        assert_int_equal(everything_##name##_decode(&record, &read), MYC_OK);                      \
        assert_true(everything_##name##_equals(&message, &read));                                  \
        check_described(&vector);                                                                  \
    } while (0)

static void fill_price(struct everything_price *price, int64_t units, uint8_t scale, bool is_firm)
{
    if (price == NULL) {
        fail_msg("%s", "no price to fill");
        return;
    }
    everything_price_init(price);
    everything_price_set_units(price, units);
    everything_price_set_scale(price, scale);
    everything_price_set_is_firm(price, is_firm);
}

// Numbers of every width lie least significant byte first, floats as their bits.
static void test_scalars_are_the_same_everywhere(void **state)
{
    GOLDEN_(scalars, "Scalars", 1);
    everything_scalars_set_a_u8(&message, 0xFE);
    everything_scalars_set_a_u16(&message, 0xFEDC);
    everything_scalars_set_a_u32(&message, 0xFEDCBA98);
    everything_scalars_set_a_u64(&message, UINT64_C(0xFEDCBA9876543210));
    everything_scalars_set_an_i8(&message, -2);
    everything_scalars_set_an_i16(&message, -300);
    everything_scalars_set_an_i32(&message, -70000);
    everything_scalars_set_an_i64(&message, INT64_C(-5000000000));
    everything_scalars_set_an_f32(&message, -1.5F);
    everything_scalars_set_an_f64(&message, 3.25);
    everything_scalars_set_a_bool(&message, true);
    everything_scalars_set_a_u128(&message, (struct myc_u128){{1, 2}});
    everything_scalars_set_a_u256(&message, (struct myc_u256){{1, 2, 3, 4}});
    everything_scalars_set_an_i128(&message, (struct myc_i128){{UINT64_MAX - 1, UINT64_MAX}});
    everything_scalars_set_an_i256(
        &message, (struct myc_i256){{0, 0, 0, UINT64_C(0x8000000000000000)}});
    CHECK_ENCODED_(scalars);
    assert_true(everything_scalars_get_a_u64(&message) == UINT64_C(0xFEDCBA9876543210));
    assert_true(everything_scalars_get_an_f64(&message) == 3.25);
    assert_int_equal(everything_scalars_get_an_i32(&message), -70000);
    assert_true(everything_scalars_get_a_u256(&message).limb[3] == 4);
}

static void test_optionals_are_the_same_everywhere(void **state)
{
    static const uint32_t numbers[] = {1, 0x01020304};
    GOLDEN_(optionals, "Optionals", 1);
    everything_optionals_set_a_number(&message, 513);
    everything_optionals_set_a_wide(&message, (struct myc_u256){{5, 0, 0, 256}});
    everything_optionals_set_a_flag(&message, true);
    everything_optionals_set_some_bytes(&message, (const uint8_t *)"abcde");
    everything_optionals_set_a_side(&message, EVERYTHING_SIDE_SHORT);
    fill_price(everything_optionals_edit_a_price(&message), -7, 2, false);
    assert_int_equal(everything_optionals_set_numbers(&message, numbers, 2), MYC_OK);
    assert_int_equal(everything_optionals_set_text(&message, "h\xC3\xB6i", 4), MYC_OK);
    fill_price(everything_optionals_edit_prices(&message, 0), 1, 6, true);
    fill_price(everything_optionals_edit_prices(&message, 1), 2, 6, true);
    CHECK_ENCODED_(optionals);
}

static void test_arrays_are_the_same_everywhere(void **state)
{
    uint8_t bytes[96];
    GOLDEN_(arrays, "Arrays", 1);
    for (size_t i = 0; i < 20; i++) {
        bytes[i] = (uint8_t)(i + 1);
    }
    everything_arrays_set_bytes(&message, bytes);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            everything_arrays_set_numbers(&message, i, i == 1 ? 2 : -1 - (int32_t)i), MYC_OK);
    }
    assert_int_equal(
        everything_arrays_set_wides(
            &message, 0, (struct myc_u256){{0, 0, 0, UINT64_C(0x8000000000000000)}}),
        MYC_OK);
    assert_int_equal(
        everything_arrays_set_wides(&message, 1, (struct myc_u256){{2, 0, 0, 0}}), MYC_OK);
    assert_int_equal(everything_arrays_set_floats(&message, 0, 0.5), MYC_OK);
    assert_int_equal(everything_arrays_set_floats(&message, 1, -2.0), MYC_OK);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(everything_arrays_set_flags(&message, i, i % 2 == 0), MYC_OK);
    }
    assert_int_equal(everything_arrays_set_sides(&message, 0, EVERYTHING_SIDE_BUY), MYC_OK);
    assert_int_equal(everything_arrays_set_sides(&message, 1, EVERYTHING_SIDE_SELL), MYC_OK);
    fill_price(everything_arrays_edit_prices(&message, 0), 11, 6, true);
    fill_price(everything_arrays_edit_prices(&message, 1), 22, 6, true);
    for (size_t i = 0; i < 32; i++) {
        bytes[i] = (uint8_t)(0xA0 + i);
        bytes[32 + i] = (uint8_t)(0x40 + i);
    }
    assert_int_equal(everything_arrays_set_hashes(&message, 0, bytes), MYC_OK);
    assert_int_equal(everything_arrays_set_hashes(&message, 1, bytes + 32), MYC_OK);
    CHECK_ENCODED_(arrays);
}

// A message that was only initialised holds every default.
static void test_defaults_are_the_same_everywhere(void **state)
{
    GOLDEN_(defaults, "Defaults", 1);
    CHECK_ENCODED_(defaults);
    assert_int_equal(everything_defaults_get_negative(&message), -5);
    assert_true(everything_defaults_get_exact(&message) == -1500.0);
}

static void test_vectors_are_the_same_everywhere(void **state)
{
    static const uint64_t numbers[] = {UINT64_C(0x8000000000000000), 2};
    static const int16_t smalls[] = {-1};
    static const struct myc_i128 wides[] = {{{UINT64_MAX - 8, UINT64_MAX}}};
    static const float floats[] = {0.25F};
    static const bool flags[] = {true, false};
    static const enum everything_side sides[] = {EVERYTHING_SIDE_SELL};
    GOLDEN_(vectors, "Vectors", 1);
    assert_int_equal(everything_vectors_set_blob(&message, (const uint8_t *)"\xDE\xAD", 2), MYC_OK);
    assert_int_equal(everything_vectors_set_numbers(&message, numbers, 2), MYC_OK);
    assert_int_equal(everything_vectors_set_smalls(&message, smalls, 1), MYC_OK);
    assert_int_equal(everything_vectors_set_wides(&message, wides, 1), MYC_OK);
    assert_int_equal(everything_vectors_set_floats(&message, floats, 1), MYC_OK);
    assert_int_equal(everything_vectors_set_flags(&message, flags, 2), MYC_OK);
    assert_int_equal(everything_vectors_set_sides(&message, sides, 1), MYC_OK);
    fill_price(everything_vectors_add_prices(&message), 5, 1, false);
    assert_int_equal(everything_vectors_push_keys(&message, (const uint8_t *)"abc"), MYC_OK);
    assert_int_equal(everything_vectors_push_keys(&message, (const uint8_t *)"xyz"), MYC_OK);
    assert_int_equal(everything_vectors_set_name(&message, "name", 4), MYC_OK);
    CHECK_ENCODED_(vectors);
}

// Tails lie behind the fixed part, each at a multiple of 8.
static void test_tails_are_the_same_everywhere(void **state)
{
    const struct everything_blob_tails tails = {{"\x00\x01\x02", 3}, {"title", 5}};
    uint32_t title_size = 0;
    GOLDEN_(blob, "Blob", 1);
    everything_blob_set_number(&message, 77);
    assert_int_equal(
        everything_blob_encode(&message, &tails, buffer, sizeof(buffer), &size), MYC_OK);
    CHECK_RECORD_();
    check_described(&vector);
    const struct myc_record record = vector_record(&vector);
    const struct everything_blob *view = everything_blob_view(&record, &message);
    if (view == NULL) {
        fail_msg("%s", "no view");
        return;
    }
    const char *title = everything_blob_get_title(view, &record, &title_size);
    assert_int_equal(title_size, 5);
    assert_memory_equal(title, "title", 5);
}

static void test_newest_version_is_the_same_everywhere(void **state)
{
    const struct everything_grown_tails tails = {{"comment", 7}};
    struct everything_stop_order *stop;
    GOLDEN_(grown, "Grown", 4);
    everything_grown_set_id(&message, 9);
    everything_grown_set_side(&message, EVERYTHING_SIDE_BUY);
    everything_grown_set_amount(&message, 15);
    everything_grown_set_limit(&message, 99);
    assert_int_equal(everything_grown_set_tags(&message, (const uint8_t *)"\x07\x08", 2), MYC_OK);
    everything_grown_set_level(&message, EVERYTHING_LEVEL_LOW);
    stop = everything_grown_edit_detail_stop(&message);
    fill_price(everything_stop_order_edit_trigger(stop), 3, 0, true);
    fill_price(everything_stop_order_add_levels(stop), 4, 6, false);
    assert_int_equal(everything_stop_order_set_note(stop, "note", 4), MYC_OK);
    everything_grown_set_last(&message, 6);
    assert_int_equal(
        everything_grown_encode(&message, &tails, buffer, sizeof(buffer), &size), MYC_OK);
    CHECK_RECORD_();
    check_described(&vector);
}

static void test_rules_are_the_same_everywhere(void **state)
{
    static const uint16_t parts[] = {10, 65535};
    GOLDEN_(rules, "Rules", 1);
    everything_rules_set_account(&message, 1);
    everything_rules_set_key(&message, (const uint8_t *)"\x01\0\0\0\0\0\0");
    assert_int_equal(everything_rules_set_symbol(&message, "A", 1), MYC_OK);
    assert_int_equal(everything_rules_set_parts(&message, parts, 2), MYC_OK);
    CHECK_ENCODED_(rules);
}

// A message without fields has eight bytes that are zero.
static void test_nothing_is_the_same_everywhere(void **state)
{
    GOLDEN_(nothing, "Nothing", 1);
    CHECK_ENCODED_(nothing);
}

// Unions in a message and inside a struct, of variants with and without a body.
static void test_unions_are_the_same_everywhere(void **state)
{
    struct everything_limit_order *limit;
    struct everything_stop_order *stop;
    struct everything_wrapper *wrapper;
    GOLDEN_(tagged, "Tagged", 1);
    limit = everything_tagged_edit_detail_limit(&message);
    fill_price(everything_limit_order_edit_price(limit), INT64_MAX, 18, true);
    everything_limit_order_set_account(
        limit, (const uint8_t *)"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B");
    everything_limit_order_set_side(limit, EVERYTHING_SIDE_SHORT);
    everything_tagged_set_signal_wait(&message);
    wrapper = everything_tagged_edit_wrapper(&message);
    stop = everything_wrapper_edit_detail_stop(wrapper);
    fill_price(everything_stop_order_edit_trigger(stop), 3, 0, true);
    fill_price(everything_stop_order_add_levels(stop), 4, 6, false);
    assert_int_equal(everything_stop_order_set_note(stop, "note", 4), MYC_OK);
    everything_wrapper_set_weight(wrapper, -1.5);
    everything_tagged_set_venue(&message, EVERYTHING_VENUE_TOKYO);
    CHECK_ENCODED_(tagged);
}

// The fields of a message whose first version had none lie behind that version's eight bytes.
static void test_late_fields_are_the_same_everywhere(void **state)
{
    GOLDEN_(late, "Late", 2);
    assert_int_equal(everything_late_set_reason(&message, "because", 7), MYC_OK);
    CHECK_ENCODED_(late);
}

// Bytes of the first version are completed with the defaults of all later ones.
static void test_oldest_version_is_completed_everywhere(void **state)
{
    GOLDEN_(grown, "Grown", 1);
    (void)size;
    (void)buffer;
    const struct myc_record record = vector_record(&vector);
    const struct everything_grown *view = everything_grown_view(&record, &message);
    if (view == NULL) {
        fail_msg("%s", "no view");
        return;
    }
    assert_int_equal(everything_grown_get_id(view), 9);
    assert_int_equal(everything_grown_get_side(view), EVERYTHING_SIDE_BUY);
    assert_int_equal(everything_grown_get_amount(view), 10);
    assert_false(everything_grown_has_limit(view));
    assert_int_equal(everything_grown_get_level(view), EVERYTHING_LEVEL_HIGH);
    assert_int_equal(everything_grown_get_last(view), 1);
    check_described(&vector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars_are_the_same_everywhere),
        cmocka_unit_test(test_optionals_are_the_same_everywhere),
        cmocka_unit_test(test_arrays_are_the_same_everywhere),
        cmocka_unit_test(test_defaults_are_the_same_everywhere),
        cmocka_unit_test(test_vectors_are_the_same_everywhere),
        cmocka_unit_test(test_tails_are_the_same_everywhere),
        cmocka_unit_test(test_rules_are_the_same_everywhere),
        cmocka_unit_test(test_nothing_is_the_same_everywhere),
        cmocka_unit_test(test_unions_are_the_same_everywhere),
        cmocka_unit_test(test_late_fields_are_the_same_everywhere),
        cmocka_unit_test(test_newest_version_is_the_same_everywhere),
        cmocka_unit_test(test_oldest_version_is_completed_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
