// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The writer and one or more polling readers in one thread: sizes, wrap, full, abort, misuse.
 */
#include "unit/ring/ring_fixture.h"

// Only capacities that are powers of two within the limits have a memory size. [RING-1]
static void test_memory_size_rejects_impossible_options(void **state)
{
    (void)state;
    struct myc_ring_options options;
    memset(&options, 0, sizeof options);
    size_t size_default = myc_ring_memory_size(&options);
    options.capacity_bytes = MYC_RING_CAPACITY_DEFAULT;
    options.readers_max = MYC_RING_READERS_MAX;
    assert_int_equal(myc_ring_memory_size(&options), size_default);
    assert_int_equal(size_default % 4096, 0);
    assert_true(size_default > MYC_RING_CAPACITY_DEFAULT);
    uint64_t bad[] = {1, 4095, 4097, 2048, 12288, (uint64_t)MYC_RING_CAPACITY_MAX * 2};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        options.capacity_bytes = bad[i];
        assert_int_equal(myc_ring_memory_size(&options), 0);
    }
    options.capacity_bytes = 4096;
    options.readers_max = MYC_RING_READERS_MAX + 1;
    assert_int_equal(myc_ring_memory_size(&options), 0);
}

// Every bad argument of init is refused with a sentence that names it. [RING-2]
static void test_init_names_what_is_wrong(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_ring_writer writer;
    struct myc_diagnostic diagnostic;
    fixture_init(&fixture, 4096);
    struct myc_ring_options options = fixture.options;
    size_t bytes = fixture.memory_bytes;
    assert_int_equal(
        myc_ring_writer_init(&writer, fixture.memory, bytes - 1, &options, &diagnostic),
        MYC_INVALID);
    assert_non_null(strstr(diagnostic.text, "myc_ring_memory_size"));
    assert_int_equal(
        myc_ring_writer_init(&writer, (char *)fixture.memory + 64, bytes, &options, &diagnostic),
        MYC_INVALID);
    assert_non_null(strstr(diagnostic.text, "aligned"));
    options.capacity_bytes = 5000;
    assert_int_equal(
        myc_ring_writer_init(&writer, fixture.memory, bytes, &options, &diagnostic), MYC_INVALID);
    assert_non_null(strstr(diagnostic.text, "power of two"));
    options.capacity_bytes = 4096;
    options.readers_max = 65;
    assert_int_equal(
        myc_ring_writer_init(&writer, fixture.memory, bytes, &options, &diagnostic), MYC_INVALID);
    assert_non_null(strstr(diagnostic.text, "readers_max"));
    fixture_deinit(&fixture);
}

// Nothing is visible before the commit, and then the reader sees exactly the committed size.
// [RING-3]
static void test_claim_is_invisible_until_commit(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    void *payload = myc_ring_claim(&fixture.writer, 100);
    assert_non_null(payload);
    assert_int_equal((uintptr_t)payload % 8, 0);
    memset(payload, 0xEE, 100);
    assert_true(myc_ring_is_empty(&reader->reader));
    assert_int_equal(fixture_drain(reader), 0);
    fixture_fill(payload, 41, 1);
    myc_ring_commit(&fixture.writer, 7, 3, 41);
    assert_false(myc_ring_is_empty(&reader->reader));
    assert_int_equal(fixture_drain(reader), 1);
    assert_int_equal(reader->size, 41);
    assert_int_equal(reader->type, 7);
    assert_int_equal(myc_ring_committed(&fixture.writer), 1);
    assert_true(myc_ring_is_valid(&fixture.writer));
    fixture_deinit(&fixture);
}

// A commit smaller than the claim, or of zero bytes, leaks no stale byte behind the payload.
// [RING-4]
static void test_commit_zeroes_what_it_does_not_use(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (size_t round = 0; round < 2000; round++) {
        size_t size = round * 13 % 120;
        void *payload = myc_ring_claim(&fixture.writer, 120);
        assert_non_null(payload);
        memset(payload, 0xFF, 120);
        fixture_fill(payload, size, round + 1);
        myc_ring_commit(&fixture.writer, 7, 3, size);
        assert_int_equal(fixture_drain(reader), 1);
        assert_true(myc_ring_is_valid(&fixture.writer));
    }
    fixture_deinit(&fixture);
}

// Records of every size at every distance from the end cross it whole, many laps long. [RING-4]
static void test_records_wrap_at_every_offset(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    size_t size_max = myc_ring_payload_max(&fixture.writer);
    assert_int_equal(size_max, 4096 / 4 - 8);
    size_t size = 0;
    for (size_t round = 0; round < 20000; round++) {
        assert_int_equal(fixture_publish(&fixture, size), MYC_OK);
        assert_int_equal(fixture_drain(reader), 1);
        assert_int_equal(reader->size, size);
        size = (size + 37) % (size_max + 1);
    }
    assert_int_equal(reader->sequence, 20000);
    assert_true(myc_ring_is_valid(&fixture.writer));
    fixture_deinit(&fixture);
}

// An abort, at the end of the ring too, changes no byte that a reader could see. [RING-5]
static void test_abort_leaves_no_trace(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    fixture_advance_to(&fixture, 0, 4096 - 16);
    for (int i = 0; i < 3; i++) {
        void *payload = myc_ring_claim(&fixture.writer, 500);
        assert_non_null(payload);
        memset(payload, 0xEE, 500);
        myc_ring_abort(&fixture.writer);
        assert_true(myc_ring_is_empty(&reader->reader));
        assert_true(myc_ring_is_valid(&fixture.writer));
        assert_int_equal(fixture.writer.position, 4096 - 16);
    }
    // A small record still takes the 16 bytes before the end; the big one then starts at offset 0.
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    assert_int_equal(fixture_publish(&fixture, 500), MYC_OK);
    assert_int_equal(fixture_drain(reader), 2);
    assert_int_equal(fixture.writer.position, 4096 + 508 + 4);
    fixture_deinit(&fixture);
}

// A record that just reaches the end needs no PAD; one 8 bytes longer does. [RING-4]
static void test_exact_end_needs_no_pad(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    fixture_advance_to(&fixture, 0, 4096 - 64);
    assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    assert_int_equal(fixture.writer.position, 4096);
    assert_int_equal(fixture_drain(reader), 1);
    fixture_advance_to(&fixture, 0, 8192 - 64);
    assert_int_equal(fixture_publish(&fixture, 57), MYC_OK);
    assert_int_equal(fixture.writer.position, 8192 + 72);
    assert_int_equal(fixture_drain(reader), 1);
    // Even the smallest rest, 8 bytes, is a whole PAD.
    fixture_advance_to(&fixture, 0, 12288 - 8);
    assert_int_equal(fixture_publish(&fixture, 1), MYC_OK);
    assert_int_equal(fixture.writer.position, 12288 + 16);
    assert_int_equal(fixture_drain(reader), 1);
    fixture_deinit(&fixture);
}

// With a reader at rest exactly capacity - 8 bytes fit: the next header needs its 8. [RING-3]
static void test_full_counts_the_next_header(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (size_t i = 0; i < 63; i++) {
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    }
    assert_int_equal(fixture.writer.position, 4096 - 64);
    assert_null(myc_ring_claim(&fixture.writer, 56));
    assert_true(myc_ring_is_valid(&fixture.writer));
    assert_int_equal(myc_ring_publish(&fixture.writer, 7, 3, "x", 56), MYC_FULL);
    assert_int_equal(fixture_publish(&fixture, 48), MYC_OK);
    assert_null(myc_ring_claim(&fixture.writer, 0));
    assert_int_equal(myc_ring_committed(&fixture.writer), 64);
    // One record passed makes room again, one batch at a time.
    assert_int_equal(myc_ring_poll(&reader->reader, fixture_on_record, reader, 1), 1);
    assert_int_equal(fixture_publish(&fixture, 48), MYC_OK);
    assert_int_equal(fixture_drain(reader), 64);
    assert_int_equal(reader->sequence, 65);
    fixture_deinit(&fixture);
}

// Sizes, types and states that must not be published are refused by name. [RING-6]
static void test_publish_refuses_by_name(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    static const unsigned char payload[2048] = {0};
    size_t size_max = myc_ring_payload_max(&fixture.writer);
    assert_int_equal(myc_ring_publish(&fixture.writer, 7, 0, payload, size_max + 1), MYC_TOO_BIG);
    assert_null(myc_ring_claim(&fixture.writer, size_max + 1));
    assert_null(myc_ring_claim(&fixture.writer, SIZE_MAX));
    assert_int_equal(myc_ring_publish(&fixture.writer, 7, 0, payload, size_max), MYC_OK);
    assert_int_equal(myc_ring_publish(&fixture.writer, 0, 0, payload, 8), MYC_INVALID);
    assert_int_equal(myc_ring_publish(&fixture.writer, MYC_RECORD_PAD, 0, payload, 8), MYC_INVALID);
    assert_int_equal(
        myc_ring_publish(&fixture.writer, MYC_RECORD_GAP, 0, payload, 16), MYC_INVALID);
    assert_int_equal(myc_ring_publish(&fixture.writer, 7, 0, NULL, 0), MYC_OK);
    assert_int_equal(myc_ring_committed(&fixture.writer), 2);
    assert_true(myc_ring_is_valid(&fixture.writer));
    fixture_deinit(&fixture);
}

// A GAP counts as many messages as it says; readers stay in step with the writer. [RING-4]
// [RING-14]
static void test_gap_counts_its_messages(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    // On a big-endian host this image would be reversed, as its count is little-endian.
    unsigned char gap[sizeof(struct myc_gap)] = {5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    assert_int_equal(fixture_publish(&fixture, 3), MYC_OK);
    assert_int_equal(myc_ring_publish(&fixture.writer, MYC_RECORD_GAP, 0, gap, sizeof gap), MYC_OK);
    assert_int_equal(myc_ring_committed(&fixture.writer), 6);
    assert_int_equal(fixture_publish(&fixture, 3), MYC_OK);
    assert_int_equal(myc_ring_poll(&reader->reader, fixture_on_record, reader, 2), 2);
    assert_int_equal(reader->type, MYC_RECORD_GAP);
    assert_int_equal(reader->sequence, 6);
    assert_int_equal(fixture_drain(reader), 1);
    assert_int_equal(reader->sequence, 7);
    assert_int_equal(myc_ring_reader_sequence(&reader->reader), 7);
    fixture_deinit(&fixture);
}

// Misuse of commit publishes nothing and poisons the writer instead of lying to readers. [RING-4]
static void test_commit_misuse_poisons(void **state)
{
    (void)state;
    for (int misuse = 0; misuse < 4; misuse++) {
        struct fixture fixture;
        fixture_init(&fixture, 4096);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        if (misuse != 0) {
            assert_non_null(myc_ring_claim(&fixture.writer, 16));
        }
        uint16_t type = misuse == 2 ? 0 : misuse == 3 ? MYC_RECORD_ENVELOPE : 7;
        myc_ring_commit(&fixture.writer, type, 0, misuse == 1 ? 17 : 16);
        assert_int_equal(fixture_drain(reader), 0);
        assert_int_equal(myc_ring_publish(&fixture.writer, 7, 0, "a", 1), MYC_POISONED);
        assert_null(myc_ring_claim(&fixture.writer, 1));
        assert_false(myc_ring_is_valid(&fixture.writer));
        fixture_deinit(&fixture);
    }
}

// After a close nothing is accepted, and readers learn of it only behind the last record. [RING-9]
static void test_close_is_seen_after_the_last_record(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    myc_ring_writer_close(&fixture.writer);
    assert_int_equal(myc_ring_publish(&fixture.writer, 7, 0, "a", 1), MYC_CLOSED);
    assert_null(myc_ring_claim(&fixture.writer, 1));
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_OK);
    assert_int_equal(myc_ring_poll(&reader->reader, fixture_on_record, reader, 1), 1);
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_OK);
    assert_int_equal(fixture_drain(reader), 1);
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_CLOSED);
    assert_true(myc_ring_is_valid(&fixture.writer));
    // A ring closed before its first record says so at once.
    struct fixture unused;
    fixture_init(&unused, 4096);
    reader = fixture_join(&unused, 0, MYC_RING_LIVE);
    myc_ring_writer_close(&unused.writer);
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_CLOSED);
    fixture_deinit(&unused);
    fixture_deinit(&fixture);
}

// The structural check notices each shared word that is not as the writer left it. [RING-22]
static void test_is_valid_notices_damage(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    assert_true(myc_ring_is_valid(&fixture.writer));
    unsigned char *control = (unsigned char *)fixture.memory + 4096;
    size_t damaged[] = {0, 72, 80, 192};
    unsigned char bytes[] = {0xFF, 1, 1, 1};
    for (size_t i = 0; i < 4; i++) {
        uint64_t saved;
        memcpy(&saved, control + damaged[i], sizeof saved);
        memset(control + damaged[i], i == 0 ? 0 : bytes[i], sizeof saved);
        assert_false(myc_ring_is_valid(&fixture.writer));
        memcpy(control + damaged[i], &saved, sizeof saved);
        assert_true(myc_ring_is_valid(&fixture.writer));
    }
    fixture.writer.data[16] = 1;
    assert_false(myc_ring_is_valid(&fixture.writer));
    fixture_deinit(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_size_rejects_impossible_options),
        cmocka_unit_test(test_init_names_what_is_wrong),
        cmocka_unit_test(test_claim_is_invisible_until_commit),
        cmocka_unit_test(test_commit_zeroes_what_it_does_not_use),
        cmocka_unit_test(test_records_wrap_at_every_offset),
        cmocka_unit_test(test_abort_leaves_no_trace),
        cmocka_unit_test(test_exact_end_needs_no_pad),
        cmocka_unit_test(test_full_counts_the_next_header),
        cmocka_unit_test(test_publish_refuses_by_name),
        cmocka_unit_test(test_gap_counts_its_messages),
        cmocka_unit_test(test_commit_misuse_poisons),
        cmocka_unit_test(test_close_is_seen_after_the_last_record),
        cmocka_unit_test(test_is_valid_notices_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
