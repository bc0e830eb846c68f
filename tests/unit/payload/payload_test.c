// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Foreign bytes in a message: where they may lie, how many, and what is refused.
 */
#include "unit/payload/payload_fixture.h"

enum { TAIL = 8, FIXED = 16, LIMIT = 64 };

// Note: { number: u64, body: tail bytes }
static const struct myc_message_type note = {
    .id = 5, .version = 1, .size = FIXED, .name = "Note", .topic = "notes"};

static enum myc_status no_zero_bytes(
    const struct myc_payload *payload,
    const void *bytes,
    size_t size,
    struct myc_diagnostic *diagnostic)
{
    (void)payload;
    return size != 0 && memchr(bytes, 0, size) != NULL
               ? myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "a zero byte")
               : MYC_OK;
}

static const struct myc_payload raw = {.message = &note, .tail = TAIL, .bytes_max = LIMIT};
static const struct myc_payload checked = {
    .message = &note, .tail = TAIL, .bytes_max = LIMIT, .check = no_zero_bytes};

struct heard {
    const struct myc_payload *payload;
    uint64_t number;
    size_t size;
    char bytes[LIMIT];
};

static void on_note(const struct myc_delivery *delivery, void *context)
{
    struct heard *heard = context;
    struct myc_const_span bytes;
    assert_int_equal(myc_payload_view(heard->payload, delivery->record, &bytes, NULL), MYC_OK);
    assert_int_equal((uintptr_t)bytes.data % 8, 0);
    memcpy(&heard->number, delivery->record->payload, sizeof(heard->number));
    heard->size = bytes.size;
    memcpy(heard->bytes, bytes.data, bytes.size);
}

// What is published with a message's other fields is what its reader sees, in place. [PAYLOAD-1]
// [PAYLOAD-2]
static void test_foreign_bytes_arrive_beside_other_fields(void **state)
{
    (void)state;
    struct payload_fixture fixture;
    struct heard heard = {.payload = &raw};
    const uint64_t fixed[2] = {42, 0};
    payload_fixture_open(&fixture, &note);
    assert_int_equal(myc_payload_publish(fixture.publisher, &raw, fixed, "hello", 5), MYC_OK);
    payload_fixture_receive(&fixture, on_note, &heard);
    assert_int_equal(heard.number, 42);
    assert_int_equal(heard.size, 5);
    assert_memory_equal(heard.bytes, "hello", 5);
    assert_int_equal(myc_payload_publish(fixture.publisher, &raw, NULL, NULL, 0), MYC_OK);
    payload_fixture_receive(&fixture, on_note, &heard);
    assert_int_equal(heard.number, 0);
    assert_int_equal(heard.size, 0);
    payload_fixture_close(&fixture);
}

// Bytes are written in the ring itself, and fewer than were asked for may be published.
static void test_claims_may_be_published_in_part(void **state)
{
    (void)state;
    struct payload_fixture fixture;
    struct heard heard = {.payload = &checked};
    void *room = NULL;
    payload_fixture_open(&fixture, &note);
    assert_int_equal(myc_payload_claim(fixture.publisher, &checked, NULL, LIMIT, &room), MYC_OK);
    memset(room, 'x', LIMIT);
    assert_int_equal(myc_payload_commit(fixture.publisher, &checked, room, 3), MYC_OK);
    payload_fixture_receive(&fixture, on_note, &heard);
    assert_int_equal(heard.size, 3);
    assert_memory_equal(heard.bytes, "xxx", 3);
    payload_fixture_close(&fixture);
}

// More than the payload allows is not published, nor is a tail outside of its message.
static void test_publishing_is_bounded(void **state)
{
    (void)state;
    struct payload_fixture fixture;
    const struct myc_payload outside = {.message = &note, .tail = FIXED - 4};
    const struct myc_payload wide = {.message = &note, .tail = TAIL};
    static const char bytes[MYC_PAYLOAD_BYTES_DEFAULT + 1];
    payload_fixture_open(&fixture, &note);
    assert_int_equal(
        myc_payload_publish(fixture.publisher, &raw, NULL, bytes, LIMIT + 1), MYC_TOO_BIG);
    assert_int_equal(
        myc_payload_publish(fixture.publisher, &wide, NULL, bytes, sizeof(bytes)), MYC_TOO_BIG);
    assert_int_equal(myc_payload_publish(fixture.publisher, &outside, NULL, bytes, 1), MYC_INVALID);
    assert_int_equal(myc_publisher_accepted(fixture.publisher), 0);
    payload_fixture_close(&fixture);
}

struct tail_case {
    uint32_t offset;
    uint32_t size;
    size_t record_bytes;
    const char *says; /* NULL: it is right */
};

static const struct tail_case tail_cases[] = {
    {0, 0, 16, NULL},
    {16, 0, 16, NULL},
    {16, 8, 24, NULL},
    {16, 5, 24, NULL},
    {24, 8, 32, NULL},
    {16, 64, 80, NULL},
    {16, 9, 24, "not in the record"},
    {16, UINT32_MAX, 24, "not in the record"},
    {UINT32_MAX - 7, 8, 24, "not in the record"},
    {UINT32_MAX - 7, 16, 24, "not in the record"},
    {0, 8, 24, "not in the record"},
    {8, 8, 24, "not in the record"},
    {17, 1, 24, "not in the record"},
    {20, 4, 24, "not in the record"},
    {32, 0, 24, "not in the record"},
    {16, 65, 88, "larger than allowed"},
    {0, 0, 8, "too short"},
};

// Wherever the words of a tail point, only bytes of the record are handed out. [PAYLOAD-1]
static void test_tails_stay_in_their_record(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(tail_cases) / sizeof(tail_cases[0]); i++) {
        const struct tail_case *of = &tail_cases[i];
        unsigned char bytes[96] = {0};
        for (size_t j = 0; j < 4; j++) {
            bytes[TAIL + j] = (unsigned char)(of->offset >> 8 * j);
            bytes[TAIL + 4 + j] = (unsigned char)(of->size >> 8 * j);
        }
        struct myc_record record = payload_record(&note, bytes, of->record_bytes);
        struct myc_const_span span = {NULL, 7};
        struct myc_diagnostic why;
        enum myc_status status = myc_payload_view(&raw, &record, &span, &why);
        assert_int_equal(status, of->says == NULL ? MYC_OK : MYC_CORRUPT);
        if (of->says == NULL) {
            assert_int_equal(span.size, of->size);
            assert_ptr_equal(span.data, (const char *)record.payload + of->offset);
        } else {
            assert_non_null(strstr(why.text, "Note: "));
            assert_non_null(strstr(why.text, of->says));
            assert_int_equal(span.size, 7);
        }
        free((void *)(uintptr_t)record.payload);
    }
}

// A record of another type is not looked into; bytes that the format refuses come with its reason.
static void test_refusals_say_why(void **state)
{
    (void)state;
    unsigned char bytes[24] = {0};
    bytes[TAIL] = FIXED;
    bytes[TAIL + 4] = 1;
    struct myc_record record = payload_record(&note, bytes, sizeof(bytes));
    struct myc_const_span span;
    struct myc_diagnostic why;
    assert_int_equal(myc_payload_view(&raw, &record, &span, &why), MYC_OK);
    assert_int_equal(myc_payload_view(&checked, &record, &span, &why), MYC_CORRUPT);
    assert_string_equal(why.text, "Note: a zero byte");
    record.type = 6;
    assert_int_equal(myc_payload_view(&raw, &record, &span, &why), MYC_MISMATCH);
    free((void *)(uintptr_t)record.payload);
}

// A record from before the field was there has no foreign bytes; one of a later version may have
// more fields, and its tail lies behind ours anywhere.
static void test_versions_decide_where_tails_may_lie(void **state)
{
    (void)state;
    static const struct myc_extent extents[] = {{1, 0, 8}, {2, 0, FIXED}};
    static const struct myc_message_type grown = {
        .id = 5,
        .version = 2,
        .size = FIXED,
        .name = "Note",
        .topic = "notes",
        .extent_count = 2,
        .extents = extents};
    const struct myc_payload payload = {.message = &grown, .tail = TAIL};
    unsigned char bytes[32] = {0};
    bytes[TAIL] = 24;
    bytes[TAIL + 4] = 8;
    struct myc_record record = payload_record(&grown, bytes, sizeof(bytes));
    struct myc_const_span span;
    record.version = 1;
    assert_int_equal(myc_payload_view(&payload, &record, &span, NULL), MYC_OK);
    assert_int_equal(span.size, 0);
    record.version = 3;
    assert_int_equal(myc_payload_view(&payload, &record, &span, NULL), MYC_OK);
    assert_int_equal(span.size, 8);
    record.size = FIXED;
    assert_int_equal(myc_payload_view(&payload, &record, &span, NULL), MYC_CORRUPT);
    free((void *)(uintptr_t)record.payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foreign_bytes_arrive_beside_other_fields),
        cmocka_unit_test(test_claims_may_be_published_in_part),
        cmocka_unit_test(test_publishing_is_bounded),
        cmocka_unit_test(test_tails_stay_in_their_record),
        cmocka_unit_test(test_refusals_say_why),
        cmocka_unit_test(test_versions_decide_where_tails_may_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
