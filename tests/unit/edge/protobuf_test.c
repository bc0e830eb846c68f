// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Protocol Buffers payloads: a round trip through a bus, and what bytes from outside are told.
 */
#include "unit/payload/payload_fixture.h"

#include <mycelium/protobuf.h>

#include "quote.pb-c.h"
#include "system/storm/storm.h"

enum { FIXED = 8, READER_BYTES = 8192, BYTES_MAX = 512 };

static const struct myc_message_type message_type = {
    .id = 9, .version = 1, .size = FIXED, .name = "QuoteMessage", .topic = "quotes"};
static const struct myc_payload payload = {
    .message = &message_type, .check = myc_protobuf_check, .schema = &quote__descriptor};
MYC_PROTOBUF_TYPED(quote, Quote, payload)

static struct myc_record record_of(const void *bytes, size_t size)
{
    unsigned char record[FIXED + BYTES_MAX] = {FIXED};
    assert_in_range(size, 0, BYTES_MAX);
    record[0] = size != 0 ? FIXED : 0;
    record[4] = (unsigned char)size;
    record[5] = (unsigned char)(size >> 8);
    memcpy(record + FIXED, bytes, size);
    return payload_record(&message_type, record, FIXED + size);
}

// A quote with all kinds of fields, packed. Returns its size.
static size_t pack_quote(uint8_t *bytes)
{
    Leg behind = LEG__INIT;
    Leg legs[2] = {LEG__INIT, LEG__INIT};
    Leg *leg_list[] = {&legs[0], &legs[1]};
    int32_t ticks[] = {-1, 2, INT32_MIN};
    Quote quote = QUOTE__INIT;
    behind.venue = "deep";
    legs[0].venue = "north";
    legs[0].has_price = 1;
    legs[0].price = -17;
    legs[0].behind = &behind;
    legs[1].venue = "";
    quote.id = UINT64_MAX;
    quote.symbol = "WETH";
    quote.ticks = ticks;
    quote.n_ticks = 3;
    quote.legs = leg_list;
    quote.n_legs = 2;
    quote.has_ratio = 1;
    quote.ratio = 0.5;
    quote.has_mark = 1;
    quote.mark = 7;
    size_t size = quote__get_packed_size(&quote);
    assert_in_range(size, 1, BYTES_MAX);
    assert_int_equal(quote__pack(&quote, bytes), size);
    return size;
}

// ---- Round trips ----

static void on_quote(const struct myc_delivery *delivery, void *context)
{
    struct myc_protobuf_reader *reader = context;
    const Quote *quote = NULL;
    assert_int_equal(quote_unpack(reader, delivery->record, &quote, NULL), MYC_OK);
    assert_true(quote->id == 3);
    assert_string_equal(quote->symbol, "WETH");
    assert_int_equal(quote->n_legs, 0);
}

// What is packed into the ring is what the reader unpacks, and neither allocates. [PROTOBUF-2]
// [PROTOBUF-3]
static void test_quotes_cross_the_bus_without_allocating(void **state)
{
    (void)state;
    struct payload_fixture fixture;
    struct myc_protobuf_reader reader;
    Quote quote = QUOTE__INIT;
    quote.id = 3;
    quote.symbol = "WETH";
    payload_fixture_open(&fixture, &message_type);
    assert_int_equal(myc_protobuf_reader_open(&reader, fixture.platform, READER_BYTES), MYC_OK);
    uint64_t before = storm_allocations();
    for (int i = 0; i < 100; i++) {
        assert_int_equal(quote_publish(fixture.publisher, &quote), MYC_OK);
        payload_fixture_receive(&fixture, on_quote, &reader);
    }
    assert_int_equal(storm_allocations(), before);
    myc_protobuf_reader_close(&reader);
    myc_protobuf_reader_close(&reader);
    payload_fixture_close(&fixture);
}

// A message of another descriptor, or one that lacks what is required, is not published.
static void test_wrong_messages_are_not_published(void **state)
{
    (void)state;
    struct payload_fixture fixture;
    Leg leg = LEG__INIT;
    Leg *legs[] = {&leg};
    Quote quote = QUOTE__INIT;
    payload_fixture_open(&fixture, &message_type);
    leg.venue = "north";
    assert_int_equal(
        myc_protobuf_publish(fixture.publisher, &payload, NULL, &leg.base), MYC_INVALID);
    leg.venue = NULL;
    quote.legs = legs;
    quote.n_legs = 1;
    assert_int_equal(quote_publish(fixture.publisher, &quote), MYC_INVALID);
    assert_int_equal(myc_publisher_accepted(fixture.publisher), 0);
    payload_fixture_close(&fixture);
}

// A message that unpacked is larger than the reader's memory is refused, and the next one is read.
static void test_readers_are_bounded(void **state)
{
    (void)state;
    struct myc_platform *platform = NULL;
    struct myc_protobuf_reader reader;
    struct myc_diagnostic why;
    const Quote *quote = NULL;
    uint8_t bytes[BYTES_MAX];
    size_t size = pack_quote(bytes);
    assert_int_equal(myc_posix_create(&platform, NULL), MYC_OK);
    assert_int_equal(myc_protobuf_reader_open(&reader, platform, 0), MYC_INVALID);
    assert_int_equal(myc_protobuf_reader_open(&reader, NULL, 1), MYC_INVALID);
    assert_int_equal(myc_protobuf_reader_open(&reader, platform, 256), MYC_OK);
    struct myc_record large = record_of(bytes, size);
    assert_int_equal(quote_unpack(&reader, &large, &quote, &why), MYC_TOO_BIG);
    assert_non_null(strstr(why.text, "does not fit the reader's memory"));
    struct myc_record small = record_of("\x08\x05", 2);
    assert_int_equal(quote_unpack(&reader, &small, &quote, &why), MYC_OK);
    assert_true(quote->id == 5);
    free((void *)(uintptr_t)large.payload);
    free((void *)(uintptr_t)small.payload);
    myc_protobuf_reader_close(&reader);
    myc_posix_destroy(platform);
}

// ---- Bytes from outside ----

struct bad_case {
    const char *bytes;
    size_t size;
    const char *says;
};

#define BAD(bytes, says)                                                                           \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, says                                                             \
    }
static const struct bad_case bad_cases[] = {
    BAD("", "Quote.id at byte 0: required"),
    BAD("\x22\x07\x0a\x05north", "Quote.id at byte 9: required"),
    BAD("\x08", "Quote.id at byte 1: the value is cut off"),
    BAD("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "Quote.id at byte 11: the value"),
    BAD("\x80", "Quote at byte 1: not a tag"),
    BAD("\x00\x01", "Quote at byte 1: not a tag"),
    BAD("\xff\xff\xff\xff\xff\x01", "Quote at byte 5: not a tag"),
    BAD("\x0d\x01\x02\x03\x04", "Quote.id at byte 1: of another wire type"),
    BAD("\x08\x01\x35\x01\x02\x03", "Quote.mark at byte 3: the value is cut off"),
    BAD("\x08\x01\x29\x01\x02\x03\x04\x05\x06\x07", "Quote.ratio at byte 3: the value is cut off"),
    BAD("\x08\x01\x12\x05WETH", "Quote.symbol at byte 4: the value is cut off"),
    BAD("\x08\x01\x12\xff\xff\xff\xff\x0f", "Quote.symbol at byte 8: the value is cut off"),
    BAD("\x08\x01\x1a\x02\x02\x80", "Quote.ticks at byte 6: packed values are cut off"),
    BAD("\x08\x01\x22\x00", "Leg.venue at byte 4: required"),
    BAD("\x08\x01\x22\x02\x10\x01", "Leg.venue at byte 6: required"),
    BAD("\x08\x01\x22\x04\x0a\x05no", "Leg.venue at byte 6: the value is cut off"),
    BAD("\x08\x01\x43\x44", "Quote at byte 3: the value is cut off or not one"),
    BAD("\x08\x01\x47", "Quote at byte 3: the value is cut off or not one"),
};

// Each mistake is answered with the field, the byte and what is wrong. [PROTOBUF-1]
static void test_bad_bytes_are_told_where_and_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++) {
        const struct bad_case *bad = &bad_cases[i];
        struct myc_record record = record_of(bad->bytes, bad->size);
        struct myc_const_span span;
        struct myc_diagnostic why;
        enum myc_status status = myc_payload_view(&payload, &record, &span, &why);
        if (status != MYC_CORRUPT || strstr(why.text, bad->says) == NULL) {
            fail_msg("case %zu: expected '%s', got '%s'", i, bad->says, why.text);
        }
        assert_memory_equal(why.text, "QuoteMessage: ", 14);
        free((void *)(uintptr_t)record.payload);
    }
}

// Fields that the schema does not know are skipped, whatever their wire type.
static void test_unknown_fields_are_skipped(void **state)
{
    (void)state;
    static const char bytes[] = "\x08\x05\x78\x01\x7a\x02xx\x7d\x01\x02\x03\x04"
                                "\x79\x01\x02\x03\x04\x05\x06\x07\x08";
    struct myc_record record = record_of(bytes, sizeof(bytes) - 1);
    struct myc_const_span span;
    assert_int_equal(myc_payload_view(&payload, &record, &span, NULL), MYC_OK);
    free((void *)(uintptr_t)record.payload);
}

// A quote whose first leg has so many behind it.
static size_t nest(uint8_t *bytes, uint32_t depth)
{
    uint8_t inner[BYTES_MAX];
    size_t size = 2;
    memcpy(inner, "\x0a\x00", 2); // an empty venue
    for (uint32_t i = 0; i < depth; i++) {
        uint8_t outer[BYTES_MAX + 8];
        size_t head = 0;
        uint8_t tag = i + 1 == depth ? 0x22 : 0x1a; // Quote.legs, Leg.behind
        if (tag == 0x1a) {
            memcpy(outer, "\x0a\x00", 2);
            head = 2;
        }
        outer[head++] = tag;
        if (size >= 128) {
            outer[head++] = (uint8_t)(size | 0x80);
        }
        outer[head++] = (uint8_t)(size >= 128 ? size >> 7 : size);
        memcpy(outer + head, inner, size);
        size += head;
        memcpy(inner, outer, size);
    }
    memcpy(bytes, "\x08\x01", 2);
    memcpy(bytes + 2, inner, size);
    return size + 2;
}

// Bytes decide how deep messages lie in messages, so there is an end to it.
static void test_depth_is_bounded(void **state)
{
    (void)state;
    uint8_t bytes[BYTES_MAX + 8];
    struct myc_diagnostic why;
    size_t size = nest(bytes, MYC_PROTOBUF_DEPTH_MAX);
    assert_int_equal(myc_protobuf_check(&payload, bytes, size, &why), MYC_OK);
    size = nest(bytes, MYC_PROTOBUF_DEPTH_MAX + 1);
    assert_int_equal(myc_protobuf_check(&payload, bytes, size, &why), MYC_CORRUPT);
    assert_non_null(strstr(why.text, "too many messages inside of messages"));
}

// protobuf-c itself, with memory of its own.
static bool unpacks(const uint8_t *bytes, size_t size)
{
    Quote *quote = quote__unpack(NULL, size, bytes);
    if (quote != NULL) {
        quote__free_unpacked(quote, NULL);
    }
    return quote != NULL;
}

// Cut anywhere, and with any one byte changed: what is passed on, protobuf-c unpacks.
static void test_what_passes_can_be_unpacked(void **state)
{
    (void)state;
    uint8_t bytes[BYTES_MAX];
    size_t size = pack_quote(bytes);
    size_t passed = 0;
    size_t refused = 0;
    assert_int_equal(myc_protobuf_check(&payload, bytes, size, NULL), MYC_OK);
    for (size_t i = 0; i < size; i++) {
        uint8_t good = bytes[i];
        for (unsigned value = 0; value < 256; value++) {
            uint8_t *exact = malloc(size);
            assert_non_null(exact);
            bytes[i] = (uint8_t)value;
            size_t cut = value == good ? i : size;
            memcpy(exact, bytes, cut);
            bool is_passed = myc_protobuf_check(&payload, exact, cut, NULL) == MYC_OK;
            passed += is_passed;
            refused += !is_passed;
            assert_true(!is_passed || unpacks(exact, cut));
            free(exact);
        }
        bytes[i] = good;
    }
    assert_true(passed > 1000 && refused > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quotes_cross_the_bus_without_allocating),
        cmocka_unit_test(test_wrong_messages_are_not_published),
        cmocka_unit_test(test_readers_are_bounded),
        cmocka_unit_test(test_bad_bytes_are_told_where_and_why),
        cmocka_unit_test(test_unknown_fields_are_skipped),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_what_passes_can_be_unpacked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
