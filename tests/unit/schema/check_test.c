// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Fields, extents and types of descriptors that were written by hand: each rule, broken once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <mycelium/schema.h>

enum { FIELDS = 5 };

// A message with one field of each sort, over two versions, and everything it points to.
struct fixture {
    struct myc_enum_value values[2];
    struct myc_enum side;
    struct myc_field price_fields[2];
    struct myc_struct price;
    struct myc_variant variants[2];
    struct myc_union detail;
    struct myc_number limit;
    struct myc_field fields[FIELDS];
    struct myc_extent extents[2];
    struct myc_message_type type;
    const struct myc_message_type *messages[1];
    struct myc_contract contract;
};

static struct myc_field make_field(
    const char *name, enum myc_kind kind, enum myc_shape shape, uint32_t offset, uint32_t size)
{
    struct myc_field field = {
        .name = name,
        .kind = (uint8_t)kind,
        .shape = (uint8_t)shape,
        .since = 1,
        .count = 1,
        .offset = offset,
        .size = size};
    return field;
}

static void make_types(struct fixture *f)
{
    f->values[0] = (struct myc_enum_value){.name = "BUY", .value = 1};
    f->values[1] = (struct myc_enum_value){.name = "SELL", .value = 2};
    f->side = (struct myc_enum){.name = "Side", .value_count = 2, .values = f->values};
    f->price_fields[0] = make_field("units", MYC_KIND_I64, MYC_SHAPE_ONE, 0, 8);
    f->price_fields[1] = make_field("scale", MYC_KIND_U8, MYC_SHAPE_ONE, 8, 1);
    f->price = (struct myc_struct){
        .name = "Price", .size = 16, .field_count = 2, .fields = f->price_fields};
    f->variants[0] = (struct myc_variant){.name = "limit", .tag = 1, .structure = &f->price};
    f->variants[1] = (struct myc_variant){.name = "market", .tag = 2};
    f->detail = (struct myc_union){
        .name = "Detail", .size = 16, .variant_count = 2, .variants = f->variants};
}

static void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    make_types(f);
    f->fields[0] = make_field("detail", MYC_KIND_UNION, MYC_SHAPE_ONE, 8, 16);
    f->fields[0].choice = &f->detail;
    f->fields[1] = make_field("side", MYC_KIND_ENUM, MYC_SHAPE_ONE, 28, 4);
    f->fields[1].enumeration = &f->side;
    f->fields[1].flags = MYC_FIELD_OPTIONAL;
    f->fields[1].presence = 24;
    f->fields[2] = make_field("name", MYC_KIND_U8, MYC_SHAPE_STRING, 36, 5);
    f->fields[2].since = 2;
    f->fields[2].count = 5;
    f->fields[2].counter = 32;
    f->fields[2].length_max = 5;
    f->fields[3] = make_field("price", MYC_KIND_STRUCT, MYC_SHAPE_ONE, 48, 16);
    f->fields[3].since = 2;
    f->fields[3].structure = &f->price;
    f->fields[4] = make_field("body", MYC_KIND_U8, MYC_SHAPE_TAIL_BYTES, 64, 8);
    f->fields[4].since = 2;
    f->fields[4].length_max = UINT32_MAX;
    f->extents[0] = (struct myc_extent){.version = 1, .size = 32};
    f->extents[1] = (struct myc_extent){.version = 2, .size = 72};
    f->type = (struct myc_message_type){
        .id = 1,
        .version = 2,
        .size = 72,
        .name = "Order",
        .topic = "orders",
        .field_count = FIELDS,
        .fields = f->fields,
        .extent_count = 2,
        .extents = f->extents,
        .has_tail = 1};
    f->messages[0] = &f->type;
    f->contract = (struct myc_contract){
        .name = "sample",
        .version = 1,
        .min_compatible = 1,
        .message_count = 1,
        .messages = f->messages};
}

static void assert_refused(struct fixture *f, const char *text)
{
    struct myc_diagnostic diagnostic;
    enum myc_status status = myc_contract_check(&f->contract, &diagnostic);
    if (status != MYC_INVALID || strstr(diagnostic.text, text) == NULL) {
        fail_msg("wanted %s, got %d %s", text, (int)status, diagnostic.text);
    }
    fixture_init(f);
}

// [SCHEMA-2] A message with fields of every sort passes.
static void test_check_accepts_described_fields(void **state)
{
    (void)state;
    struct fixture f;
    struct myc_diagnostic diagnostic;
    fixture_init(&f);
    assert_int_equal(myc_contract_check(&f.contract, &diagnostic), MYC_OK);
    assert_string_equal(diagnostic.text, "");
}

// [SCHEMA-2] Fields lie in order, inside, aligned, and in the extent of their version.
static void test_check_refuses_fields_out_of_place(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.fields[0].offset = 12;
    assert_refused(&f, "Order: field 'detail': it overlaps what is before it, or is not aligned");
    f.fields[1].presence = 20;
    assert_refused(&f, "Order: field 'side': it overlaps the field before it");
    f.fields[1].offset = 24;
    assert_refused(&f, "Order: field 'side': it overlaps what is before it");
    f.fields[2].counter = 34;
    assert_refused(&f, "Order: field 'name': its count overlaps");
    f.fields[2].size = 6;
    assert_refused(&f, "Order: field 'name': the size is not that of its elements");
    f.fields[4].offset = 68;
    assert_refused(&f, "Order: field 'body': it lies outside");
    f.fields[3].size = 8;
    assert_refused(&f, "Order: field 'price': the size is not");
    f.extents[0].size = 40;
    assert_refused(&f, "Order: field 'name': it lies in the extent of a version that");
    f.extents[0].size = 24;
    assert_refused(&f, "Order: field 'side': it lies outside the extent of its version");
    f.extents[1].size = 80;
    assert_refused(&f, "message 'Order': the last extent must be the message's size");
    f.extents[1].version = 1;
    assert_refused(&f, "message 'Order': extents must ascend");
    f.extents[1].version = 3;
    assert_refused(&f, "message 'Order': an extent's version");
    f.type.extent_count = 0;
    assert_refused(&f, "message 'Order': a message with fields has extents");
}

// [SCHEMA-2] Names, versions, kinds and rules of a field belong together.
static void test_check_refuses_fields_that_make_no_sense(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.fields[0].name = "Detail";
    assert_refused(&f, "field 'Detail': the name must be lower-case words");
    f.fields[1].name = "detail";
    assert_refused(&f, "field 'detail': another field has its name");
    f.fields[3].since = 1;
    assert_refused(&f, "field 'price': since must be at least 1 and must not fall");
    f.fields[4].since = 3;
    assert_refused(&f, "field 'body': since is above the message's version");
    f.fields[0].kind = MYC_KIND_COUNT;
    assert_refused(&f, "field 'detail': the kind or shape is unknown");
    f.fields[0].choice = NULL;
    assert_refused(&f, "field 'detail': it must point to the type that its kind needs");
    f.fields[2].enumeration = &f.side;
    assert_refused(&f, "field 'name': it must point to the type that its kind needs");
    f.fields[0].shape = MYC_SHAPE_ARRAY;
    assert_refused(&f, "field 'detail': a union stands alone");
    f.fields[2].kind = MYC_KIND_U16;
    assert_refused(&f, "field 'name': strings and tails are of u8");
    f.fields[2].inner = 2;
    assert_refused(&f, "field 'name': only arrays and vectors hold byte arrays");
    f.fields[2].count = 0;
    assert_refused(&f, "field 'name': it must have 1 to 65536 elements");
    f.fields[1].count = 2;
    assert_refused(&f, "field 'side': one element was expected");
    f.fields[1].flags = 1 << 15;
    assert_refused(&f, "field 'side': a flag is unknown");
    f.fields[1].flags |= MYC_FIELD_DEFAULT;
    assert_refused(&f, "field 'side': unions, tails and fields with a default cannot be optional");
    f.fields[2].flags = MYC_FIELD_FINITE;
    assert_refused(&f, "field 'name': only floats can be finite");
    f.fields[3].flags = MYC_FIELD_ASCII;
    assert_refused(&f, "field 'price': only strings can be ascii");
    f.fields[1].min = &f.limit;
    assert_refused(&f, "field 'side': only numbers have a range");
    f.fields[2].length_min = 6;
    assert_refused(&f, "field 'name': length_min is above length_max");
    f.fields[2].length_max = 6;
    assert_refused(&f, "field 'name': length_max is above the count");
    f.type.has_tail = 0;
    assert_refused(&f, "message 'Order': has_tail must say whether a field is a tail");
}

// [SCHEMA-2] Types that fields use are looked at, wherever they are.
static void test_check_refuses_bad_types(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.side.name = "side";
    assert_refused(&f, "Order: enum: the name must look like OrderSide");
    f.side.value_count = 0;
    assert_refused(&f, "enum 'Side': it must have 1 to 1024 values");
    f.values[1].value = 1;
    assert_refused(&f, "enum 'Side': values must ascend and differ");
    f.values[1].name = "BUY";
    assert_refused(&f, "enum 'Side': two values have one name");
    f.values[0].name = "buy";
    assert_refused(&f, "enum 'Side': a value's name must be in capitals");
    f.price_fields[1].offset = 16;
    assert_refused(&f, "Price: field 'scale': it lies outside");
    f.price_fields[1].since = 2;
    assert_refused(&f, "Price: field 'scale': a struct has no tails and no versions");
    f.price.field_count = 0;
    assert_refused(&f, "struct 'Price': it must have 1 to 1024 fields");
    f.detail.size = 8;
    f.fields[0].size = 8;
    assert_refused(&f, "union 'Detail': a variant is larger than the storage");
    f.variants[0].tag = 0;
    assert_refused(&f, "union 'Detail': tags must ascend from 1 and differ");
    f.variants[1].tag = 1;
    assert_refused(&f, "union 'Detail': tags must ascend from 1 and differ");
    f.variants[1].name = "limit";
    assert_refused(&f, "union 'Detail': two variants have one name");
    f.variants[1].name = "Market";
    assert_refused(&f, "union 'Detail': a variant's name must be lower-case words");
}

// [SCHEMA-2] A type that contains itself is refused rather than followed for ever.
static void test_check_refuses_circles(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.price_fields[0] = make_field("again", MYC_KIND_STRUCT, MYC_SHAPE_ONE, 0, 16);
    f.price_fields[0].structure = &f.price;
    f.price.field_count = 1;
    assert_refused(&f, "they nest more than 8 deep, in a circle, or too often");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_accepts_described_fields),
        cmocka_unit_test(test_check_refuses_fields_out_of_place),
        cmocka_unit_test(test_check_refuses_fields_that_make_no_sense),
        cmocka_unit_test(test_check_refuses_bad_types),
        cmocka_unit_test(test_check_refuses_circles),
    };
    return cmocka_run_group_tests_name("schema.check", tests, NULL, NULL);
}
