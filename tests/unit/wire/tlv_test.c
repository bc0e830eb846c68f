// SPDX-License-Identifier: MIT OR Apache-2.0
//
// TLV: what a walk accepts, where it stops, and how an older message becomes today's struct.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <mycelium/record.h>

#include "wire/tlv.h"

enum { PAYLOAD_MAX = 1024 };

struct sample {
    uint64_t first;
    uint64_t second;
    uint8_t mark;
    uint8_t reserved_0[7];
};

static enum myc_status
validate_sample(const void *payload, size_t size, struct myc_diagnostic *diagnostic)
{
    const struct sample *sample = payload;
    assert_int_equal(size, sizeof(*sample));
    if (sample->mark > 1) {
        return myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "Sample.mark must be 0 or 1");
    }
    return MYC_OK;
}

static const struct myc_message_type sample_type = {
    .id = 7,
    .version = 3,
    .size = sizeof(struct sample),
    .name = "Sample",
    .topic = "samples",
    .validate = validate_sample,
};

// Appends one record to an aligned buffer and returns the bytes used so far.
static size_t
put(void *buffer, size_t used, uint16_t type, uint16_t version, const void *payload, uint32_t size)
{
    struct myc__tlv record = {.type = type, .version = version, .size = size, .payload = payload};
    size_t bytes = 0;
    enum myc_status status =
        myc__tlv_encode((unsigned char *)buffer + used, 512 - used, &record, &bytes, NULL);
    assert_int_equal(status, MYC_OK);
    assert_int_equal(bytes % 8, 0);
    return used + bytes;
}

// The header is the documented 8 bytes, little-endian, and the padding is zero.
static void test_encode_writes_documented_bytes(void **state)
{
    (void)state;
    static const unsigned char expected[16] = {
        0xF3, 0x03, 3, 0, 0, 0, 0x02, 0x01, 'a', 'b', 'c', 0, 0, 0, 0, 0};
    uint64_t buffer[2];
    memset(buffer, 0xEE, sizeof(buffer));
    struct myc__tlv record = {.type = 1011, .version = 0x0102, .size = 3, .payload = "abc"};
    size_t bytes = 0;
    assert_int_equal(myc__tlv_encode(buffer, sizeof(buffer), &record, &bytes, NULL), MYC_OK);
    assert_int_equal(bytes, sizeof(expected));
    assert_memory_equal(buffer, expected, sizeof(expected));
}

// What does not fit, or would read as "not committed", is refused and nothing is written.
static void test_encode_refuses_what_cannot_be_read_back(void **state)
{
    (void)state;
    uint64_t buffer[2] = {1, 2};
    size_t bytes = 99;
    struct myc__tlv record = {.type = 1, .version = 1, .size = 9, .payload = "123456789"};
    assert_int_equal(myc__tlv_encode(buffer, sizeof(buffer), &record, &bytes, NULL), MYC_TOO_BIG);
    record.type = 0;
    record.size = 1;
    assert_int_equal(myc__tlv_encode(buffer, sizeof(buffer), &record, &bytes, NULL), MYC_INVALID);
    record.type = 1;
    record.size = UINT32_MAX;
    assert_int_equal(myc__tlv_encode(buffer, sizeof(buffer), &record, &bytes, NULL), MYC_TOO_BIG);
    assert_int_equal(buffer[0], 1);
    assert_int_equal(buffer[1], 2);
    assert_int_equal(bytes, 99);
}

// Records come back in order with the bytes that went in, and the walk ends behind the last.
static void test_walk_returns_what_was_encoded(void **state)
{
    (void)state;
    uint64_t buffer[64];
    size_t used = put(buffer, 0, 1, 10, "x", 1);
    used = put(buffer, used, 2, 20, NULL, 0);
    used = put(buffer, used, MYC_RECORD_BYE, 30, "12345678", 8);
    assert_int_equal(used, 16 + 8 + 16);

    struct myc__tlv_walk walk;
    struct myc__tlv record;
    assert_int_equal(myc__tlv_walk_init(&walk, buffer, used, PAYLOAD_MAX, NULL), MYC_OK);
    assert_int_equal(myc__tlv_next(&walk, &record, NULL), MYC_OK);
    assert_int_equal(record.type, 1);
    assert_int_equal(record.version, 10);
    assert_int_equal(record.size, 1);
    assert_memory_equal(record.payload, "x", 1);
    assert_int_equal(myc__tlv_next(&walk, &record, NULL), MYC_OK);
    assert_int_equal(record.type, 2);
    assert_int_equal(record.size, 0);
    assert_int_equal(myc__tlv_next(&walk, &record, NULL), MYC_OK);
    assert_int_equal(record.type, MYC_RECORD_BYE);
    assert_memory_equal(record.payload, "12345678", 8);
    assert_int_equal((uintptr_t)record.payload % 8, 0);
    assert_int_equal(myc__tlv_next(&walk, &record, NULL), MYC_END);
    assert_int_equal(myc__tlv_next(&walk, &record, NULL), MYC_END);
}

// Cut anywhere, the whole records before the cut are delivered and the rest waits for more bytes.
static void test_walk_of_every_prefix_waits_at_the_cut(void **state)
{
    (void)state;
    uint64_t buffer[64];
    size_t first_end = put(buffer, 0, 1, 1, "abc", 3);
    size_t end = put(buffer, first_end, 2, 1, "defghijkl", 9);
    for (size_t size = 0; size <= end; size++) {
        struct myc__tlv_walk walk;
        struct myc__tlv record;
        struct myc_diagnostic diagnostic;
        size_t count = 0;
        enum myc_status status = myc__tlv_walk_init(&walk, buffer, size, PAYLOAD_MAX, &diagnostic);
        while (status == MYC_OK) {
            status = myc__tlv_next(&walk, &record, &diagnostic);
            count += status == MYC_OK ? 1 : 0;
        }
        bool is_boundary = size == 0 || size == first_end || size == end;
        size_t whole = size == end ? 2 : size >= first_end ? 1 : 0;
        assert_int_equal(status, is_boundary ? MYC_END : MYC_AGAIN);
        assert_int_equal(count, whole);
        assert_int_equal(walk.offset, whole == 2 ? end : whole == 1 ? first_end : 0);
        size_t checked = 99;
        status = myc__tlv_check(buffer, size, PAYLOAD_MAX, &checked, &diagnostic);
        assert_int_equal(status, is_boundary ? MYC_OK : MYC_CORRUPT);
        assert_int_equal(checked, is_boundary ? whole : 99);
    }
}

// Corruption is reported with the byte where the bad record begins, again and again.
static void test_walk_names_the_offset_of_corruption(void **state)
{
    (void)state;
    uint64_t buffer[64];
    struct myc__tlv_walk walk;
    struct myc__tlv record;
    struct myc_diagnostic diagnostic;
    size_t used = put(buffer, 0, 1, 1, "abc", 3);
    buffer[used / 8] = 0;
    assert_int_equal(myc__tlv_walk_init(&walk, buffer, used + 8, PAYLOAD_MAX, NULL), MYC_OK);
    assert_int_equal(myc__tlv_next(&walk, &record, &diagnostic), MYC_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(myc__tlv_next(&walk, &record, &diagnostic), MYC_CORRUPT);
        assert_string_equal(diagnostic.text, "record at byte 16: type 0 is not a record");
    }
    buffer[used / 8] = myc_record_word(1, 1, PAYLOAD_MAX + 1);
    assert_int_equal(myc__tlv_next(&walk, &record, &diagnostic), MYC_CORRUPT);
    assert_string_equal(diagnostic.text, "record at byte 16: its length is above the limit");
}

// The largest length a header can say neither wraps a sum nor reads beyond the buffer.
static void test_walk_survives_the_largest_length(void **state)
{
    (void)state;
    uint64_t buffer[2] = {myc_record_word(1, 1, UINT32_MAX), 0};
    struct myc__tlv_walk walk;
    struct myc__tlv record;
    assert_int_equal(myc__tlv_walk_init(&walk, buffer, sizeof(buffer), SIZE_MAX, NULL), MYC_OK);
    assert_int_equal(myc__tlv_next(&walk, &record, NULL), MYC_AGAIN);
    assert_int_equal(walk.offset, 0);
}

// Payloads are viewed in place, so a buffer that would misalign them is the caller's mistake.
static void test_walk_refuses_a_misaligned_buffer(void **state)
{
    (void)state;
    uint64_t buffer[2] = {0};
    struct myc__tlv_walk walk;
    const unsigned char *bytes = (const unsigned char *)buffer;
    assert_int_equal(myc__tlv_walk_init(&walk, bytes + 1, 8, PAYLOAD_MAX, NULL), MYC_INVALID);
}

// A payload as long as the struct, or longer because it is newer, is not copied.
static void test_message_is_viewed_in_place(void **state)
{
    (void)state;
    struct sample newer[2] = {{.first = 1, .second = 2, .mark = 1}, {.first = 9}};
    struct sample scratch;
    const void *message = NULL;
    struct myc__tlv record = {.type = 7, .version = 3, .size = sizeof(newer[0]), .payload = newer};
    assert_int_equal(myc__tlv_message(&record, &sample_type, &scratch, &message, NULL), MYC_OK);
    assert_ptr_equal(message, newer);
    record.version = 4;
    record.size = sizeof(newer);
    assert_int_equal(myc__tlv_message(&record, &sample_type, &scratch, &message, NULL), MYC_OK);
    assert_ptr_equal(message, newer);
}

// An older version lacks the last fields; they read as zero and nothing behind the payload is
// touched.
static void test_older_message_is_completed_with_zeros(void **state)
{
    (void)state;
    struct sample older = {.first = 1, .second = 2, .mark = 0xEE};
    struct sample scratch;
    memset(&scratch, 0xEE, sizeof(scratch));
    const void *message = NULL;
    struct myc__tlv record = {.type = 7, .version = 2, .size = 16, .payload = &older};
    assert_int_equal(myc__tlv_message(&record, &sample_type, &scratch, &message, NULL), MYC_OK);
    assert_ptr_equal(message, &scratch);
    assert_int_equal(scratch.first, 1);
    assert_int_equal(scratch.second, 2);
    assert_int_equal(scratch.mark, 0);
}

// Too short for its own version, or by a part of a word, is corruption and not age.
static void test_short_message_of_this_version_is_corrupt(void **state)
{
    (void)state;
    struct sample sample = {.first = 1};
    struct sample scratch;
    const void *message = NULL;
    struct myc_diagnostic diagnostic;
    struct myc__tlv record = {.type = 7, .version = 3, .size = 16, .payload = &sample};
    assert_int_equal(
        myc__tlv_message(&record, &sample_type, &scratch, &message, &diagnostic), MYC_CORRUPT);
    assert_string_equal(diagnostic.text, "Sample: 16 bytes are too short for version 3");
    record.version = 2;
    record.size = 12;
    assert_int_equal(
        myc__tlv_message(&record, &sample_type, &scratch, &message, &diagnostic), MYC_CORRUPT);
    assert_null(message);
}

// Another type id is told apart from a broken message, and a bad value is named by its validator.
static void test_message_checks_type_and_values(void **state)
{
    (void)state;
    struct sample sample = {.mark = 2};
    struct sample scratch;
    const void *message = NULL;
    struct myc_diagnostic diagnostic;
    struct myc__tlv record = {.type = 8, .version = 3, .size = sizeof(sample), .payload = &sample};
    assert_int_equal(
        myc__tlv_message(&record, &sample_type, &scratch, &message, &diagnostic), MYC_MISMATCH);
    assert_string_equal(diagnostic.text, "Sample: the record has type 8, not 7");
    record.type = 7;
    assert_int_equal(
        myc__tlv_message(&record, &sample_type, &scratch, &message, &diagnostic), MYC_CORRUPT);
    assert_string_equal(diagnostic.text, "Sample.mark must be 0 or 1");
    assert_null(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_writes_documented_bytes),
        cmocka_unit_test(test_encode_refuses_what_cannot_be_read_back),
        cmocka_unit_test(test_walk_returns_what_was_encoded),
        cmocka_unit_test(test_walk_of_every_prefix_waits_at_the_cut),
        cmocka_unit_test(test_walk_names_the_offset_of_corruption),
        cmocka_unit_test(test_walk_survives_the_largest_length),
        cmocka_unit_test(test_walk_refuses_a_misaligned_buffer),
        cmocka_unit_test(test_message_is_viewed_in_place),
        cmocka_unit_test(test_older_message_is_completed_with_zeros),
        cmocka_unit_test(test_short_message_of_this_version_is_corrupt),
        cmocka_unit_test(test_message_checks_type_and_values),
    };
    return cmocka_run_group_tests_name("wire.tlv", tests, NULL, NULL);
}
