// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * FlatBuffers payloads: read in place, and what damaged bytes are told.
 */
#include "unit/payload/payload_fixture.h"

#include <mycelium/flatbuffers.h>

#include "system/storm/storm.h"
#include "unit/edge/flatbuffers_shapes.h"
#include "writer.h"

enum { FIXED = 8, FILE_MAX = 8192 };
enum { QUOTE_ID, QUOTE_SYMBOL, QUOTE_TICKS, QUOTE_LEGS, QUOTE_RATIO, QUOTE_LAST };
enum { LEG_VENUE, LEG_PRICE, LEG_BEHIND };

static const struct myc_message_type message_type = {
    .id = 9, .version = 1, .size = FIXED, .name = "QuoteMessage", .topic = "quotes"};

static const struct myc_flatbuffers_schema schema = {.verify = quote_verify};
static const struct myc_payload payload = {
    .message = &message_type, .check = myc_flatbuffers_check, .schema = &schema};

static size_t load_quote(uint64_t *words)
{
    FILE *file = fopen(QUOTE_BYTES, "rb");
    assert_non_null(file);
    size_t size = fread(words, 1, FILE_MAX, file);
    assert_in_range(size, 1, FILE_MAX - 1);
    assert_int_equal(fclose(file), 0);
    return size;
}

// Touches all of a quote that was verified; the sum of what is there.
static uint64_t read_leg(const void *leg, int depth)
{
    uint32_t size = 0;
    const char *venue = myc_flatbuffers_vector(leg, LEG_VENUE, &size);
    const void *behind = myc_flatbuffers_table(leg, LEG_BEHIND);
    assert_non_null(venue);
    assert_true(depth <= MYC_FLATBUFFERS_DEPTH_MAX);
    uint64_t sum = size + (uint64_t)myc_flatbuffers_signed(leg, LEG_PRICE, 8, 0);
    for (uint32_t i = 0; i < size; i++) {
        sum += (unsigned char)venue[i];
    }
    return behind != NULL ? sum + read_leg(behind, depth + 1) : sum;
}

static uint64_t read_quote(const void *bytes)
{
    const void *quote = myc_flatbuffers_root(bytes);
    uint32_t count = 0;
    const char *symbol = myc_flatbuffers_vector(quote, QUOTE_SYMBOL, &count);
    uint64_t sum = myc_flatbuffers_unsigned(quote, QUOTE_ID, 8, 0);
    for (uint32_t i = 0; i < count; i++) {
        sum += (unsigned char)symbol[i];
    }
    const unsigned char *ticks = myc_flatbuffers_vector(quote, QUOTE_TICKS, &count);
    for (uint32_t i = 0; i < count; i++) {
        sum += myc_flatbuffers_number(ticks + 4 * (size_t)i, 4);
    }
    const unsigned char *legs = myc_flatbuffers_vector(quote, QUOTE_LEGS, &count);
    for (uint32_t i = 0; i < count; i++) {
        sum += read_leg(myc_flatbuffers_follow(legs + 4 * (size_t)i), 0);
    }
    const unsigned char *last = myc_flatbuffers_field(quote, QUOTE_LAST);
    return last != NULL ? sum + myc_flatbuffers_number(last + 8, 4) : sum;
}

static void check_fields(const void *bytes)
{
    const void *quote = myc_flatbuffers_root(bytes);
    uint32_t count = 0;
    assert_int_equal(myc_flatbuffers_unsigned(quote, QUOTE_ID, 8, 0), 7);
    assert_string_equal(myc_flatbuffers_vector(quote, QUOTE_SYMBOL, &count), "WETH");
    assert_int_equal(count, 4);
    const unsigned char *ticks = myc_flatbuffers_vector(quote, QUOTE_TICKS, &count);
    assert_int_equal(count, 3);
    assert_int_equal(myc_flatbuffers_number(ticks, 4), UINT32_MAX);
    const unsigned char *legs = myc_flatbuffers_vector(quote, QUOTE_LEGS, &count);
    assert_int_equal(count, 2);
    const void *north = myc_flatbuffers_follow(legs);
    const void *south = myc_flatbuffers_follow(legs + 4);
    assert_string_equal(myc_flatbuffers_vector(north, LEG_VENUE, &count), "north");
    assert_int_equal(myc_flatbuffers_signed(north, LEG_PRICE, 8, 0), -17);
    assert_int_equal(myc_flatbuffers_signed(south, LEG_PRICE, 8, -2), -2);
    const void *deep = myc_flatbuffers_table(north, LEG_BEHIND);
    assert_string_equal(myc_flatbuffers_vector(deep, LEG_VENUE, &count), "deep");
    assert_null(myc_flatbuffers_table(south, LEG_BEHIND));
    assert_null(myc_flatbuffers_vector(south, LEG_BEHIND, &count));
    assert_int_equal(count, 0);
    // No id of this schema: as a field that came later.
    assert_null(myc_flatbuffers_field(quote, 100));
    assert_true(myc_flatbuffers_double(quote, QUOTE_RATIO, 0.5) == 0.5);
    const unsigned char *last = myc_flatbuffers_field(quote, QUOTE_LAST);
    assert_int_equal(myc_flatbuffers_number(last, 8), 99);
    assert_int_equal(myc_flatbuffers_number(last + 8, 4), 4);
}

static void on_quote(const struct myc_delivery *delivery, void *context)
{
    struct myc_const_span bytes;
    assert_int_equal(myc_payload_view(&payload, delivery->record, &bytes, NULL), MYC_OK);
    *(uint64_t *)context = read_quote(bytes.data);
}

// A quote arrives through the bus and is read where it lies; nothing is allocated. [FLATBUFFERS-2]
static void test_quotes_are_read_in_place(void **state)
{
    (void)state;
    static uint64_t words[FILE_MAX / 8];
    struct payload_fixture fixture;
    size_t size = load_quote(words);
    check_fields(words);
    payload_fixture_open(&fixture, &message_type);
    uint64_t before = storm_allocations();
    for (int i = 0; i < 100; i++) {
        uint64_t sum = 0;
        assert_int_equal(
            myc_payload_publish(fixture.publisher, &payload, NULL, words, size), MYC_OK);
        payload_fixture_receive(&fixture, on_quote, &sum);
        assert_true(sum == read_quote(words));
    }
    assert_int_equal(storm_allocations(), before);
    payload_fixture_close(&fixture);
}

// Cut anywhere, and with any one byte changed, what passes can be read without leaving the bytes.
// [FLATBUFFERS-1]
static void test_damaged_bytes_are_refused_or_readable(void **state)
{
    (void)state;
    static uint64_t words[FILE_MAX / 8];
    size_t size = load_quote(words);
    size_t passed = 0;
    size_t refused = 0;
    for (size_t i = 0; i < size; i++) {
        for (unsigned value = 0; value < 256; value++) {
            size_t cut = value == ((unsigned char *)words)[i] ? i : size;
            unsigned char *bytes = malloc(cut != 0 ? cut : 1);
            assert_non_null(bytes);
            memcpy(bytes, words, cut);
            if (cut == size) {
                bytes[i] = (unsigned char)value;
            }
            struct myc_diagnostic why;
            enum myc_status status = myc_flatbuffers_check(&payload, bytes, cut, &why);
            if (status == MYC_OK) {
                passed += read_quote(bytes) != 0;
            } else {
                assert_int_equal(status, MYC_CORRUPT);
                assert_true(why.text[0] != '\0');
                refused++;
            }
            free(bytes);
        }
    }
    assert_true(passed > 1000 && refused > 1000);
}

// Tables that are reached again and again cannot make the verifier work more than the bytes have
// room for; nor can they lie deeper than allowed.
static void test_work_is_bounded(void **state)
{
    (void)state;
    static uint64_t words[FILE_MAX];
    size_t size = shapes_shared(words, sizeof(words), 50, 2);
    assert_true(size > 0);
    assert_int_equal(myc_flatbuffers_check(&payload, words, size, NULL), MYC_OK);
    // 50,000 tables in some 5,000 bytes.
    size = shapes_shared(words, sizeof(words), 50, 1000);
    assert_in_range(size, 4000, 8000);
    assert_int_equal(myc_flatbuffers_check(&payload, words, size, NULL), MYC_CORRUPT);
    size = shapes_shared(words, sizeof(words), MYC_FLATBUFFERS_DEPTH_MAX + 1, 1);
    assert_int_equal(myc_flatbuffers_check(&payload, words, size, NULL), MYC_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quotes_are_read_in_place),
        cmocka_unit_test(test_damaged_bytes_are_refused_or_readable),
        cmocka_unit_test(test_work_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
