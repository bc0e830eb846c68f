// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Fields of descriptors: spellings of types, and where the layout rules put them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/text.h"
#include "schema/field.h"

static const struct myc_field price_fields[] = {
    {.name = "units", .kind = MYC_KIND_I64, .since = 1, .count = 1, .offset = 0, .size = 8},
    {.name = "scale", .kind = MYC_KIND_U8, .since = 1, .count = 1, .offset = 8, .size = 1},
};
static const uint8_t price_initial[16] = {[8] = 6};
static const struct myc_struct price = {
    .name = "Price",
    .size = 16,
    .field_count = 2,
    .fields = price_fields,
    .initial = price_initial};
static const struct myc_variant detail_variants[] = {
    {.name = "limit", .tag = 1, .structure = &price}, {.name = "market", .tag = 2}};
static const struct myc_union detail = {
    .name = "Detail", .size = 16, .variant_count = 2, .variants = detail_variants};
static const struct myc_enum_value side_values[] = {{.name = "BUY", .value = 1}};
static const struct myc_enum side = {.name = "Side", .value_count = 1, .values = side_values};

// Reads a type as a contract would have it; the names above are the types that exist.
static struct myc_field field_of(const char *type)
{
    struct myc__schema_spelling spelling;
    struct myc_diagnostic diagnostic;
    struct myc_field field = {.name = "field", .since = 1};
    enum myc_status status = myc__schema_read_spelling(type, strlen(type), &spelling, &diagnostic);
    if (status != MYC_OK) {
        fail_msg("%s: %s", type, diagnostic.text);
    }
    if (spelling.kind == MYC_KIND_COUNT) {
        bool is_price = memcmp(spelling.name, "Price", 5) == 0;
        bool is_side = memcmp(spelling.name, "Side", 4) == 0;
        field.structure = is_price ? &price : NULL;
        field.enumeration = is_side ? &side : NULL;
        field.choice = is_price || is_side ? NULL : &detail;
        spelling.kind = is_price ? MYC_KIND_STRUCT : is_side ? MYC_KIND_ENUM : MYC_KIND_UNION;
    }
    myc__schema_apply_spelling(&spelling, &field);
    return field;
}

struct placed {
    const char *type;
    const char *canonical; // NULL: the same
    uint32_t presence;
    uint32_t counter;
    uint32_t offset;
    uint32_t size;
    uint32_t total; // of a message that has a u8 and then the field
};

static const struct placed placed[] = {
    {"u8", NULL, 0, 0, 1, 1, 8},
    {"i256", NULL, 0, 0, 8, 32, 40},
    {"optional u8", NULL, 1, 0, 2, 1, 8},
    {"optional  u64", "optional u64", 1, 0, 8, 8, 16},
    {"[u8;20]", "[u8; 20]", 0, 0, 1, 20, 24},
    {"optional [u8; 20]", NULL, 1, 0, 2, 20, 24},
    {"[u32; 3]", NULL, 0, 0, 4, 12, 16},
    {"[Side; 2]", NULL, 0, 0, 4, 8, 16},
    {"[Price; 2]", NULL, 0, 0, 8, 32, 40},
    {"[[u8; 5]; 3]", NULL, 0, 0, 1, 15, 16},
    {"vec<u64, 4>", NULL, 0, 4, 8, 32, 40},
    {"vec<u8, 4>", "bytes<4>", 0, 4, 8, 4, 16},
    {"vec< [u8; 3] , 2 >", "vec<[u8; 3], 2>", 0, 4, 8, 6, 16},
    {"vec<Price, 2>", NULL, 0, 4, 8, 32, 40},
    {"optional vec<u16, 3>", NULL, 1, 4, 8, 6, 16},
    {"string<7>", NULL, 0, 4, 8, 7, 16},
    {"bytes<9>", NULL, 0, 4, 8, 9, 24},
    {"optional string<3>", NULL, 1, 4, 8, 3, 16},
    {"Side", NULL, 0, 0, 4, 4, 8},
    {"optional Price", NULL, 1, 0, 8, 16, 24},
    {"Detail", NULL, 0, 4, 8, 16, 24},
    {"tail bytes", NULL, 0, 0, 4, 8, 16},
    {"tail string", NULL, 0, 0, 4, 8, 16},
};

// Every shape reads, is spelled one way, and lies where the header says.
static void test_each_type_has_a_spelling_and_a_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(placed) / sizeof(placed[0]); i++) {
        const struct placed *expected = &placed[i];
        struct myc_field fields[2] = {field_of("u8"), field_of(expected->type)};
        struct myc_extent extents[3];
        struct myc__schema_extent_list list;
        char buffer[80];
        struct myc__text text;
        myc__text_init(&text, buffer, sizeof(buffer));
        myc__schema_spell(&fields[1], &text);
        assert_string_equal(
            buffer, expected->canonical != NULL ? expected->canonical : expected->type);
        assert_int_equal(myc__schema_place(fields, 2, extents, &list), MYC_OK);
        print_message("%s\n", expected->type);
        assert_int_equal(fields[1].presence, expected->presence);
        assert_int_equal(fields[1].counter, expected->counter);
        assert_int_equal(fields[1].offset, expected->offset);
        assert_int_equal(fields[1].size, expected->size);
        assert_int_equal(list.size, expected->total);
        assert_int_equal(list.has_tail, strncmp(expected->type, "tail", 4) == 0);
        assert_int_equal(list.extent_count, 1);
        assert_int_equal(extents[0].version, 1);
        assert_int_equal(extents[0].size, expected->total);
    }
}

// What is no type is refused with the way to write it.
static void test_bad_spellings_say_how_to_write_it(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *advice;
    } cases[] = {
        {"", "write a type such as u64"},
        {"Option<U256>", "write an optional field as 'optional u256'"},
        {"optional \"[u8; 20]\"", "put the quotes around all of it"},
        {"[u8; 0]", "write an array as '[T; N]' with N from 1 to 65536"},
        {"[u8; 65537]", "N from 1 to 65536"},
        {"[u8; 99999999999999999999]", "N from 1 to 65536"},
        {"[u8; 08]", "N from 1 to 65536"},
        {"[u8]", "write an array as '[T; N]'"},
        {"[u8; 4", "write an array as '[T; N]'"},
        {"[[u16; 2]; 4]", "write an array as '[T; N]'"},
        {"vec<u8>", "write a vector as 'vec<T, N>'"},
        {"vec<vec<u8, 2>, 3>", "write a vector as 'vec<T, N>'"},
        {"string", NULL},
        {"string<>", "write 'string<N>' or 'bytes<N>'"},
        {"u8 u8", "nothing may follow the type"},
        {"optional tail bytes", "a tail may be empty instead of optional"},
        {"tail u64", "nothing may follow the type"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct myc__schema_spelling spelling = {0};
        struct myc_diagnostic diagnostic;
        const char *type = cases[i].type;
        enum myc_status status =
            myc__schema_read_spelling(type, strlen(type), &spelling, &diagnostic);
        if (cases[i].advice == NULL) { // a word: whether such a type exists is not asked here
            assert_int_equal(status, MYC_OK);
            assert_int_equal(spelling.kind, MYC_KIND_COUNT);
            assert_int_equal(spelling.name_len, strlen(type));
        } else if (status != MYC_SYNTAX || strstr(diagnostic.text, cases[i].advice) == NULL) {
            fail_msg("%s: %d %s", type, (int)status, diagnostic.text);
        }
    }
}

// What a version adds begins at a word, so that each older payload is a prefix of the newer.
static void test_versions_end_at_words(void **state)
{
    (void)state;
    struct myc_field fields[4] = {
        field_of("u8"), field_of("u16"), field_of("u8"), field_of("optional u8")};
    struct myc_extent extents[5];
    struct myc__schema_extent_list list;
    fields[2].since = 3;
    fields[3].since = 3;
    assert_int_equal(myc__schema_place(fields, 4, extents, &list), MYC_OK);
    assert_int_equal(fields[1].offset, 2);
    assert_int_equal(fields[2].offset, 8);
    assert_int_equal(fields[3].presence, 9);
    assert_int_equal(list.extent_count, 2);
    assert_int_equal(extents[0].version, 1);
    assert_int_equal(extents[0].size, 8);
    assert_int_equal(extents[1].version, 3);
    assert_int_equal(extents[1].size, 16);

    struct myc_message_type type = {.size = 16, .extents = extents, .extent_count = 2};
    assert_int_equal(myc__schema_extent(&type, 1), 8);
    assert_int_equal(myc__schema_extent(&type, 2), 8);
    assert_int_equal(myc__schema_extent(&type, 3), 16);
    assert_int_equal(myc__schema_extent(&type, 9), 16);
    type.extent_count = 0;
    assert_int_equal(myc__schema_extent(&type, 1), 16);
}

// A version without fields has 8 bytes, and what a later one adds comes behind them.
static void test_no_fields_take_a_word(void **state)
{
    (void)state;
    struct myc_field fields[1] = {field_of("u8")};
    struct myc_extent extents[2];
    struct myc__schema_extent_list list;
    assert_int_equal(myc__schema_place(fields, 0, extents, &list), MYC_OK);
    assert_int_equal(list.size, 8);
    assert_int_equal(list.extent_count, 1);
    fields[0].since = 2;
    assert_int_equal(myc__schema_place(fields, 1, extents, &list), MYC_OK);
    assert_int_equal(list.size, 16);
    assert_int_equal(fields[0].offset, 8);
    assert_int_equal(extents[0].size, 8);
}

// Above a mebibyte a message is refused, with the first field that did not fit.
static void test_messages_have_a_largest_size(void **state)
{
    (void)state;
    struct myc_field fields[18];
    struct myc_extent extents[19];
    struct myc__schema_extent_list list;
    for (size_t i = 0; i < 18; i++) {
        fields[i] = field_of("[u8; 65536]");
    }
    assert_int_equal(myc__schema_place(fields, 16, extents, &list), MYC_OK);
    assert_int_equal(list.size, 1024 * 1024);
    assert_int_equal(myc__schema_place(fields, 18, extents, &list), MYC_TOO_BIG);
    assert_int_equal(list.bad_field, 16);
    fields[0] = field_of("[Price; 65536]");
    fields[1] = field_of("[Price; 65536]");
    assert_int_equal(myc__schema_place(fields, 2, extents, &list), MYC_TOO_BIG);
    assert_int_equal(list.bad_field, 1);
}

// A struct's own defaults come with it where it is always there; the rest of an image stays zero.
static void test_struct_defaults_fill_messages(void **state)
{
    (void)state;
    struct myc_field fields[4] = {
        field_of("Price"),
        field_of("[Price; 2]"),
        field_of("optional Price"),
        field_of("vec<Price, 2>")};
    struct myc_extent extents[5];
    struct myc__schema_extent_list list;
    uint8_t image[256] = {0};
    uint8_t expected[256] = {0};
    assert_int_equal(myc__schema_place(fields, 4, extents, &list), MYC_OK);
    assert_true(myc__schema_fill_structs(fields, 4, image));
    expected[8] = 6;
    expected[16 + 8] = 6;
    expected[32 + 8] = 6;
    assert_memory_equal(image, expected, sizeof(image));
    assert_false(myc__schema_fill_structs(fields + 2, 2, image));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_type_has_a_spelling_and_a_place),
        cmocka_unit_test(test_bad_spellings_say_how_to_write_it),
        cmocka_unit_test(test_versions_end_at_words),
        cmocka_unit_test(test_no_fields_take_a_word),
        cmocka_unit_test(test_messages_have_a_largest_size),
        cmocka_unit_test(test_struct_defaults_fill_messages),
    };
    return cmocka_run_group_tests_name("schema.field", tests, NULL, NULL);
}
