// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a recorder writes, when, and what it says when the disk refuses.
 */
#include "unit/recording/recording_fixture.h"

// Bad options are refused by name, a file that exists is left alone, nothing is kept. [RECORD-1]
static void test_create_refuses(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    static const uint32_t sizes[] = {4088, 4100, MYC_RECORDING_BLOCK_BYTES_MAX + 8u, 7};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const struct myc_recording_options options = {.block_bytes = sizes[i]};
        assert_int_equal(
            myc_recording_create(
                &fixture.writer, &fixture.platform, "f", &fixture_info, &options, &fixture.why),
            MYC_INVALID);
        assert_non_null(strstr(fixture.why.text, "block_bytes"));
        assert_false(fixture.exists);
    }
    struct myc_recording_info endless = fixture_info;
    memset(endless.topic, 'x', sizeof(endless.topic));
    assert_int_equal(
        myc_recording_create(&fixture.writer, &fixture.platform, "f", &endless, NULL, &fixture.why),
        MYC_INVALID);
    fixture.is_memory_out = true;
    assert_int_equal(
        myc_recording_create(
            &fixture.writer, &fixture.platform, "f", &fixture_info, NULL, &fixture.why),
        MYC_NO_MEMORY);
    assert_false(fixture.exists);
    fixture.is_memory_out = false;
    fixture.write_status = MYC_NO_MEMORY;
    assert_int_equal(
        myc_recording_create(
            &fixture.writer, &fixture.platform, "f", &fixture_info, NULL, &fixture.why),
        MYC_NO_MEMORY);
    assert_int_equal(fixture.handles, 0);
    fixture.write_status = MYC_OK;
    assert_int_equal(
        myc_recording_create(
            &fixture.writer, &fixture.platform, "f", &fixture_info, NULL, &fixture.why),
        MYC_EXISTS);
    assert_int_equal(fixture_append(&fixture, 101), MYC_CLOSED);
    fixture_end(&fixture);
}

// Only what follows the last message is taken, and only messages and gaps. [RECORD-2] [RECORD-3]
static void test_append_takes_what_follows(void **state)
{
    (void)state;
    struct fixture fixture;
    uint64_t last = 0;
    fixture_init(&fixture);
    const struct myc_recording_options options = {.block_bytes = 4096};
    fixture_create(&fixture, &options);
    assert_int_equal(fixture_append(&fixture, 100), MYC_INVALID);
    assert_int_equal(fixture_append(&fixture, 102), MYC_INVALID);
    fixture_append_all(&fixture, 101, 105);
    static const uint64_t words[600] = {0};
    struct myc_record record = {.type = MYC_RECORD_PAD, .payload = words, .sequence = 106};
    assert_int_equal(myc_recording_append(&fixture.writer, &record, 0), MYC_INVALID);
    record.type = 1;
    record.size = 4096 - 16 - 8 + 1;
    assert_int_equal(myc_recording_append(&fixture.writer, &record, 0), MYC_TOO_BIG);
    const struct myc_gap gap = {.count = 10, .cause = MYC_LOSS_LAPPED};
    record = (struct myc_record){
        .type = MYC_RECORD_GAP, .size = sizeof(gap), .payload = &gap, .sequence = 116};
    assert_int_equal(myc_recording_append(&fixture.writer, &record, 0), MYC_INVALID);
    record.sequence = 115;
    assert_int_equal(myc_recording_append(&fixture.writer, &record, 0), MYC_OK);
    assert_int_equal(myc_recording_append_gap(&fixture.writer, 0, MYC_LOSS_LAPPED, 0), MYC_INVALID);
    assert_int_equal(
        myc_recording_append_gap(&fixture.writer, UINT64_MAX, MYC_LOSS_LAPPED, 0), MYC_INVALID);
    assert_int_equal(myc_recording_append_gap(&fixture.writer, 1, MYC_LOSS_COUNT, 0), MYC_INVALID);
    assert_int_equal(
        myc_recording_append_gap(&fixture.writer, 4, MYC_LOSS_DISCONNECTED, 0), MYC_OK);
    fixture_append_all(&fixture, 120, 125);
    assert_int_equal(myc_recording_close(&fixture.writer), MYC_OK);
    assert_int_equal(fixture_open_reader(&fixture), MYC_OK);
    assert_int_equal(fixture_read_all(&fixture, &last), MYC_END);
    assert_int_equal(last, 125);
    struct myc_recording_report report = myc_recording_reader_report(&fixture.reader);
    assert_int_equal(report.messages, 11);
    assert_int_equal(report.lost, 14);
    fixture_end(&fixture);
}

// A block is written when it is full, when its oldest record is old, and on request. [RECORD-4]
static void test_sync_points(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    const struct myc_recording_options options = {
        .block_bytes = 4096, .sync_interval_ns = 5000, .is_durable = true};
    fixture_create(&fixture, &options);
    assert_int_equal(fixture.writes, 1);
    assert_int_equal(fixture.syncs, 1);
    assert_int_equal(fixture.directory_syncs, 1);
    assert_string_equal(fixture.directory, "/d");
    assert_int_equal(myc_recording_sync(&fixture.writer), MYC_OK);
    assert_int_equal(fixture.writes, 1);
    assert_true(myc_recording_due_ns(&fixture.writer) == UINT64_MAX);

    fixture_append_all(&fixture, 101, 103);
    assert_int_equal(myc_recording_due_ns(&fixture.writer), 1000005000);
    assert_int_equal(myc_recording_synced(&fixture.writer), 100);
    fixture.now_ns += 4999;
    fixture_append_all(&fixture, 104, 104);
    assert_int_equal(fixture.writes, 1);
    fixture.now_ns += 1;
    fixture_append_all(&fixture, 105, 105);
    assert_int_equal(fixture.writes, 2);
    assert_int_equal(fixture.syncs, 2);
    assert_int_equal(myc_recording_synced(&fixture.writer), 104);

    uint64_t sequence = 106;
    while (fixture.writes == 2) {
        fixture_append_all(&fixture, sequence, sequence);
        sequence++;
    }
    assert_int_equal(myc_recording_synced(&fixture.writer), sequence - 2);
    assert_true(fixture.size <= 256 + 3 * (64 + 4096));
    assert_int_equal(myc_recording_sync(&fixture.writer), MYC_OK);
    assert_int_equal(myc_recording_synced(&fixture.writer), sequence - 1);
    assert_int_equal(fixture.writes, 4);
    assert_int_equal(myc_recording_close(&fixture.writer), MYC_OK);
    fixture_end(&fixture);
}

// A write that was refused is repeated and loses nothing; a sync that was is the end. [RECORD-2]
static void test_disk_refuses(void **state)
{
    (void)state;
    struct fixture fixture;
    uint64_t last = 0;
    fixture_init(&fixture);
    const struct myc_recording_options options = {
        .block_bytes = 4096, .sync_interval_ns = 5000, .is_durable = true};
    fixture_create(&fixture, &options);
    fixture_append_all(&fixture, 101, 110);
    fixture.now_ns += 5000;
    fixture.write_status = MYC_NO_MEMORY;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture_append(&fixture, 111), MYC_NO_MEMORY);
    }
    assert_int_equal(myc_recording_synced(&fixture.writer), 100);
    fixture.write_status = MYC_OK;
    fixture_append_all(&fixture, 111, 120);
    assert_int_equal(myc_recording_synced(&fixture.writer), 110);
    fixture.sync_status = MYC_IO;
    assert_int_equal(myc_recording_sync(&fixture.writer), MYC_IO);
    fixture.sync_status = MYC_OK;
    assert_int_equal(myc_recording_sync(&fixture.writer), MYC_IO);
    assert_int_equal(fixture_append(&fixture, 121), MYC_IO);
    assert_int_equal(myc_recording_synced(&fixture.writer), 110);
    assert_int_equal(myc_recording_close(&fixture.writer), MYC_IO);
    assert_int_equal(fixture_open_reader(&fixture), MYC_OK);
    assert_int_equal(fixture_read_all(&fixture, &last), MYC_PEER_DIED);
    assert_true(last >= 110);
    fixture_end(&fixture);
}

// Closing ends the file, gives everything back, and happens once. [RECORD-5]
static void test_close(void **state)
{
    (void)state;
    struct fixture fixture;
    uint64_t last = 0;
    fixture_init(&fixture);
    fixture_create(&fixture, NULL);
    assert_int_equal(fixture.syncs, 0);
    fixture_append_all(&fixture, 101, 300);
    assert_int_equal(myc_recording_close(&fixture.writer), MYC_OK);
    assert_int_equal(fixture.handles, 0);
    assert_int_equal(fixture.allocations, 0);
    assert_int_equal(myc_recording_close(&fixture.writer), MYC_CLOSED);
    assert_int_equal(myc_recording_sync(&fixture.writer), MYC_CLOSED);
    assert_int_equal(fixture_append(&fixture, 301), MYC_CLOSED);
    assert_int_equal(fixture_open_reader(&fixture), MYC_OK);
    assert_int_equal(fixture_read_all(&fixture, &last), MYC_END);
    assert_int_equal(last, 300);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_refuses),
        cmocka_unit_test(test_append_takes_what_follows),
        cmocka_unit_test(test_sync_points),
        cmocka_unit_test(test_disk_refuses),
        cmocka_unit_test(test_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
