// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Reading what is whole, what was cut at any byte, what was damaged at any byte, and times.
 */
#include "unit/recording/recording_fixture.h"

#include "core/bits.h"
#include "core/crc32c.h"

enum { LAST = 160 };

// A file of several blocks, closed or as a recorder leaves it that died behind a sync point.
static void write_file(struct fixture *fixture, bool is_closed)
{
    const struct myc_recording_options options = {.block_bytes = 4096};
    fixture_init(fixture);
    fixture_create(fixture, &options);
    fixture_append_all(fixture, 101, LAST);
    assert_int_equal(myc_recording_sync(&fixture->writer), MYC_OK);
    uint64_t size = fixture->size;
    assert_int_equal(myc_recording_close(&fixture->writer), MYC_OK);
    if (!is_closed) {
        fixture->size = size;
    }
}

// The header comes back as it was given. [RECORD-6]
static void test_info_is_kept(void **state)
{
    (void)state;
    struct fixture fixture;
    write_file(&fixture, true);
    assert_int_equal(fixture_open_reader(&fixture), MYC_OK);
    const struct myc_recording_info *info = myc_recording_info(&fixture.reader);
    assert_string_equal(info->topic, "market");
    assert_int_equal(info->publisher_id, 7);
    assert_int_equal(info->publisher_epoch, 9);
    assert_int_equal(info->base_sequence, 100);
    assert_int_equal(info->block_bytes, 4096);
    assert_int_equal(info->started_monotonic_ns, 1000000000);
    assert_int_equal(info->started_wall_ns, 1001000000);
    fixture_end(&fixture);
}

// Every damaged byte of the header is found, and what is no recording is called so. [RECORD-6]
static void test_header_is_checked(void **state)
{
    (void)state;
    struct fixture fixture;
    write_file(&fixture, true);
    for (size_t i = 0; i < 256; i++) {
        fixture.bytes[i] ^= 0x10;
        enum myc_status status = fixture_open_reader(&fixture);
        assert_true(status == MYC_CORRUPT || status == MYC_MISMATCH);
        assert_int_equal(status == MYC_MISMATCH, i == 6 || i == 7);
        assert_non_null(strstr(fixture.why.text, "/d/file"));
        fixture.bytes[i] ^= 0x10;
    }
    static const struct {
        size_t at;
        uint32_t value;
    } lies[] = {{8, 255}, {12, 4095}, {12, 0}, {12, UINT32_MAX}, {12, 4100}};
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        unsigned char kept[256];
        memcpy(kept, fixture.bytes, sizeof(kept));
        myc__put_u32(fixture.bytes + lies[i].at, lies[i].value);
        myc__put_u32(fixture.bytes + 252, myc__crc32c(0, fixture.bytes, 252));
        assert_int_equal(fixture_open_reader(&fixture), MYC_CORRUPT);
        memcpy(fixture.bytes, kept, sizeof(kept));
    }
    uint64_t size = fixture.size;
    for (fixture.size = 0; fixture.size < 256; fixture.size++) {
        assert_int_equal(fixture_open_reader(&fixture), MYC_CORRUPT);
    }
    fixture.size = size;
    fixture.is_memory_out = true;
    assert_int_equal(fixture_open_reader(&fixture), MYC_NO_MEMORY);
    fixture.is_memory_out = false;
    fixture.exists = false;
    assert_int_equal(fixture_open_reader(&fixture), MYC_NOT_FOUND);
    fixture.exists = true;
    fixture_end(&fixture);
}

// A file that ends at any byte is read up to its last whole block, and the rest is told. [RECORD-7]
static void test_cut_at_every_byte(void **state)
{
    (void)state;
    struct fixture fixture;
    write_file(&fixture, true);
    uint64_t size = fixture.size;
    uint64_t before = 100;
    for (uint64_t cut = 256; cut <= size; cut++) {
        uint64_t last = 0;
        fixture.size = cut;
        assert_int_equal(fixture_open_reader(&fixture), MYC_OK);
        enum myc_status status = fixture_read_all(&fixture, &last);
        struct myc_recording_report report = myc_recording_reader_report(&fixture.reader);
        assert_int_equal(status, cut == size ? MYC_END : MYC_PEER_DIED);
        assert_int_equal(report.is_closed, cut == size);
        assert_int_equal(report.bytes, cut);
        assert_true(report.cut_offset <= cut);
        assert_int_equal(report.messages, last - 100);
        assert_true(last >= before);
        before = last;
    }
    assert_int_equal(before, LAST);
    fixture_end(&fixture);
}

// No damaged byte reaches anybody; whether the file was closed decides what it is. [RECORD-7]
static void test_damage_at_every_byte(void **state)
{
    (void)state;
    for (int is_closed = 0; is_closed < 2; is_closed++) {
        struct fixture fixture;
        write_file(&fixture, is_closed != 0);
        uint64_t blocks_end = fixture.size - (is_closed != 0 ? 64 : 0);
        for (uint64_t i = 256; i < fixture.size; i++) {
            uint64_t last = 0;
            fixture.bytes[i] ^= (unsigned char)(1u << i % 8);
            assert_int_equal(fixture_open_reader(&fixture), MYC_OK);
            enum myc_status status = fixture_read_all(&fixture, &last);
            bool is_in_end = i >= blocks_end;
            assert_int_equal(status, is_closed != 0 && !is_in_end ? MYC_CORRUPT : MYC_PEER_DIED);
            assert_true(is_in_end ? last == LAST : last < LAST);
            assert_non_null(strstr(fixture.why.text, "at byte "));
            struct myc_record record;
            assert_int_equal(
                myc_recording_next(&fixture.reader, &record, NULL, &fixture.why), status);
            fixture.bytes[i] ^= (unsigned char)(1u << i % 8);
        }
        fixture_end(&fixture);
    }
}

// Puts right checksums on a block whose fields or records a test changed.
static void seal(unsigned char *block)
{
    uint32_t bytes = myc__get_u32(block + 4);
    if (bytes <= 4096) {
        myc__put_u32(block + 56, myc__crc32c(0, block + 64, bytes));
    }
    myc__put_u32(block + 60, myc__crc32c(0, block, 60));
}

static void put_header(unsigned char *bytes, uint16_t type, uint32_t length)
{
    uint64_t word = myc_record_word(type, 0, length);
    memcpy(bytes, &word, sizeof(word));
}

// Lies under right checksums are found before anything of the block is handed out. [RECORD-7]
static void test_lies_are_found(void **state)
{
    (void)state;
    struct fixture fixture;
    write_file(&fixture, true);
    unsigned char *block = fixture.bytes + 256;
    unsigned char kept[64 + 4096];
    memcpy(kept, block, sizeof(kept));
    static const struct {
        size_t at; /* of a u64 in the block's header */
        uint64_t value;
        const char *named;
    } fields[] = {
        {8, 512, "belongs elsewhere"},
        {16, 99, "does not continue"},
        {24, 99, "does not continue"},
        {24, 101, "count more"},
        {24, UINT64_MAX, "count fewer"},
        {48, 5, "another recording"},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        uint64_t last = 0;
        myc__put_u64(block + fields[i].at, fields[i].value);
        seal(block);
        assert_int_equal(fixture_open_reader(&fixture), MYC_OK);
        assert_int_equal(fixture_read_all(&fixture, &last), MYC_CORRUPT);
        assert_int_equal(last, 100);
        assert_non_null(strstr(fixture.why.text, fields[i].named));
        memcpy(block, kept, sizeof(kept));
    }
    static const struct {
        uint32_t bytes;
        const char *named;
    } sizes[] = {
        {4096 + 8, "not possible"}, {12, "not possible"}, {0, "not possible"}, {16, "fewer"}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t last = 0;
        myc__put_u32(block + 4, sizes[i].bytes);
        seal(block);
        assert_int_equal(fixture_open_reader(&fixture), MYC_OK);
        assert_int_equal(fixture_read_all(&fixture, &last), MYC_CORRUPT);
        assert_int_equal(last, 100);
        assert_non_null(strstr(fixture.why.text, sizes[i].named));
        memcpy(block, kept, sizeof(kept));
    }
    static const struct {
        size_t at; /* of a record behind the block's header; 0 is the first time */
        uint16_t type;
        uint32_t length;
        const char *named;
    } records[] = {
        {0, 1, 8, "begin with a time"},
        {16, MYC_RECORD_HELLO, 0, "no place"},
        {16, MYC_RECORD_TIME, 0, "no place"},
        {16, 0, 8, "do not fill"},
        {16, 1, 4096, "do not fill"},
        {16, 1, UINT32_MAX, "do not fill"},
    };
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        uint64_t last = 0;
        put_header(block + 64 + records[i].at, records[i].type, records[i].length);
        seal(block);
        assert_int_equal(fixture_open_reader(&fixture), MYC_OK);
        assert_int_equal(fixture_read_all(&fixture, &last), MYC_CORRUPT);
        assert_int_equal(last, 100);
        assert_non_null(strstr(fixture.why.text, records[i].named));
        memcpy(block, kept, sizeof(kept));
    }
    fixture_end(&fixture);
}

// An error of the disk is told and forgotten; the reader goes on where it was. [RECORD-7]
static void test_reading_is_repeated(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_record record;
    uint64_t last = 0;
    write_file(&fixture, true);
    assert_int_equal(fixture_open_reader(&fixture), MYC_OK);
    fixture.read_status = MYC_IO;
    assert_int_equal(myc_recording_next(&fixture.reader, &record, NULL, &fixture.why), MYC_IO);
    fixture.read_status = MYC_OK;
    assert_int_equal(fixture_read_all(&fixture, &last), MYC_END);
    assert_int_equal(last, LAST);
    myc_recording_reader_close(&fixture.reader);
    assert_int_equal(myc_recording_next(&fixture.reader, &record, NULL, &fixture.why), MYC_CLOSED);
    fixture_end(&fixture);
}

// A record's time is at most the resolution early, never late, and never goes back. [RECORD-7]
static void test_times(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_record record;
    uint64_t times[200];
    uint64_t random = 3;
    fixture_init(&fixture);
    const struct myc_recording_options options = {
        .block_bytes = 4096, .time_resolution_ns = 1000, .sync_interval_ns = 50000};
    fixture_create(&fixture, &options);
    for (uint64_t i = 0; i < 200; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        fixture.now_ns += (random >> 60) * 150;
        times[i] = fixture.now_ns;
        assert_int_equal(fixture_append(&fixture, 101 + i), MYC_OK);
    }
    assert_int_equal(myc_recording_close(&fixture.writer), MYC_OK);
    assert_int_equal(fixture_open_reader(&fixture), MYC_OK);
    uint64_t before = 0;
    for (uint64_t i = 0; i < 200; i++) {
        uint64_t time_ns = 0;
        assert_int_equal(
            myc_recording_next(&fixture.reader, &record, &time_ns, &fixture.why), MYC_OK);
        assert_true(time_ns <= times[i]);
        assert_true(times[i] - time_ns < 1000);
        assert_true(time_ns >= before);
        before = time_ns;
    }
    fixture_end(&fixture);
}

// Playing at a percentage of the recorded speed; absurd times saturate.
static void test_pace(void **state)
{
    (void)state;
    struct myc_recording_pace pace = {.start_ns = 50, .first_ns = 1000, .percent = 100};
    assert_int_equal(myc_recording_pace_due_ns(&pace, 1000), 50);
    assert_int_equal(myc_recording_pace_due_ns(&pace, 3000), 2050);
    assert_int_equal(myc_recording_pace_due_ns(&pace, 10), 50);
    pace.percent = 300;
    assert_int_equal(myc_recording_pace_due_ns(&pace, 4000), 1050);
    pace.percent = 50;
    assert_int_equal(myc_recording_pace_due_ns(&pace, 4001), 6052);
    assert_true(myc_recording_pace_due_ns(&pace, UINT64_MAX) == UINT64_MAX);
    pace.percent = 0;
    assert_int_equal(myc_recording_pace_due_ns(&pace, 4000), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_info_is_kept),
        cmocka_unit_test(test_header_is_checked),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_damage_at_every_byte),
        cmocka_unit_test(test_lies_are_found),
        cmocka_unit_test(test_reading_is_repeated),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
