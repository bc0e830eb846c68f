// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Attaching to a ring that somebody else laid out: hostile headers, tickets, read-only mappings.
 */
#define _GNU_SOURCE
#include "unit/ring/ring_fixture.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static enum myc_status attach(
    const struct fixture *fixture,
    struct fixture_reader *reader,
    size_t bytes,
    struct myc_diagnostic *diagnostic)
{
    return myc_ring_reader_init(
        &reader->reader, fixture->memory, bytes, reader->page, &reader->ticket, diagnostic);
}

// One change of the header and the word that the diagnostic must contain.
struct damage {
    size_t offset;
    const char *field;
};

// Each field of the header, changed by one bit, is refused, and the diagnostic names it. [RING-13]
static void test_each_header_field_is_checked(void **state)
{
    (void)state;
    const struct damage damages[] = {
        {0, "magic"},           {7, "magic"},         {8, "layout version"}, {12, "byte order"},
        {16, "kind"},           {23, "flags"},        {24, "memory bytes"},  {32, "capacity"},
        {39, "capacity"},       {40, "record limit"}, {51, "readers limit"}, {52, "checksum"},
        {56, "control offset"}, {64, "slots offset"}, {72, "sync offset"},   {80, "data offset"},
        {88, "checksum"},       {96, "checksum"},     {104, "checksum"},     {112, "checksum"},
        {120, "checksum"},      {136, "checksum"},    {167, "checksum"},     {168, "checksum"},
        {247, "checksum"},      {248, "checksum"},    {257, "ready word"},
    };
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    unsigned char *bytes = fixture.memory;
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct myc_diagnostic diagnostic;
        bytes[damages[i].offset] ^= 0x40;
        assert_int_equal(attach(&fixture, reader, fixture.memory_bytes, &diagnostic), MYC_CORRUPT);
        if (strstr(diagnostic.text, damages[i].field) == NULL) {
            fail_msg("offset %zu: '%s'", damages[i].offset, diagnostic.text);
        }
        bytes[damages[i].offset] ^= 0x40;
    }
    // And no bit anywhere in the constant part goes unnoticed.
    for (size_t bit = 0; bit < 256 * 8; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_equal(attach(&fixture, reader, fixture.memory_bytes, NULL), MYC_CORRUPT);
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_int_equal(attach(&fixture, reader, fixture.memory_bytes, NULL), MYC_OK);
    fixture_deinit(&fixture);
}

// Memory that is too short, misaligned or not ready is refused before anything is believed.
// [RING-13]
static void test_memory_is_checked_before_the_header(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_diagnostic diagnostic;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    assert_int_equal(attach(&fixture, reader, 4095, &diagnostic), MYC_CORRUPT);
    assert_int_equal(attach(&fixture, reader, fixture.memory_bytes - 1, &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "mapped bytes"));
    assert_int_equal(
        myc_ring_reader_init(
            &reader->reader,
            (char *)fixture.memory + 8,
            fixture.memory_bytes,
            reader->page,
            &reader->ticket,
            &diagnostic),
        MYC_INVALID);
    assert_int_equal(
        myc_ring_reader_init(
            &reader->reader,
            fixture.memory,
            fixture.memory_bytes,
            (char *)reader->page + 8,
            &reader->ticket,
            &diagnostic),
        MYC_INVALID);
    ((unsigned char *)fixture.memory)[256] = 0;
    assert_int_equal(attach(&fixture, reader, fixture.memory_bytes, &diagnostic), MYC_AGAIN);
    fixture_deinit(&fixture);
}

// A ticket of another ring, or of a slot that has changed hands, is refused. [RING-13]
static void test_tickets_are_checked(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_diagnostic diagnostic;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    struct myc_ring_ticket good = reader->ticket;
    reader->ticket.slot = FIXTURE_READERS_MAX;
    assert_int_equal(attach(&fixture, reader, fixture.memory_bytes, &diagnostic), MYC_INVALID);
    reader->ticket = good;
    reader->ticket.position = 4;
    assert_int_equal(attach(&fixture, reader, fixture.memory_bytes, &diagnostic), MYC_INVALID);
    reader->ticket = good;
    reader->ticket.generation = 0;
    assert_int_equal(attach(&fixture, reader, fixture.memory_bytes, &diagnostic), MYC_INVALID);
    reader->ticket = good;
    reader->ticket.generation++;
    assert_int_equal(attach(&fixture, reader, fixture.memory_bytes, &diagnostic), MYC_FENCED);
    reader->ticket = good;
    myc_ring_leave(&fixture.writer, good.slot);
    assert_int_equal(attach(&fixture, reader, fixture.memory_bytes, &diagnostic), MYC_FENCED);
    assert_non_null(strstr(diagnostic.text, "join again"));
    fixture_deinit(&fixture);
}

// What the header says about its publisher arrives whole. [RING-13]
static void test_origin_is_what_the_writer_said(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_ring_origin origin;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    memset(&origin, 0xEE, sizeof origin);
    myc_ring_reader_origin(&reader->reader, &origin);
    assert_true(origin.publisher_id == 0x1122334455667788);
    assert_int_equal(origin.publisher_epoch, 9);
    assert_int_equal(origin.creator.pid, 77);
    assert_memory_equal(
        origin.contract_digest, fixture.options.contract_digest, sizeof origin.contract_digest);
    fixture_deinit(&fixture);
}

// A reader works on a mapping that it cannot write: all it writes is its own page. [RING-13]
static void test_reader_needs_only_a_read_only_mapping(void **state)
{
    (void)state;
    struct fixture fixture;
    memset(&fixture, 0, sizeof fixture);
    fixture.options.capacity_bytes = 4096;
    fixture.options.readers_max = 2;
    fixture.options.writer_may_sleep = true;
    fixture.memory_bytes = myc_ring_memory_size(&fixture.options);
    int file = memfd_create("ring", 0);
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, (off_t)fixture.memory_bytes), 0);
    fixture.memory = mmap(NULL, fixture.memory_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_true(fixture.memory != MAP_FAILED);
    void *view = mmap(NULL, fixture.memory_bytes, PROT_READ, MAP_SHARED, file, 0);
    assert_true(view != MAP_FAILED);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    assert_int_equal(
        myc_ring_writer_init(
            &fixture.writer, fixture.memory, fixture.memory_bytes, &fixture.options, NULL),
        MYC_OK);
    struct fixture_reader *reader = &fixture.readers[0];
    assert_int_equal(
        myc_ring_join(&fixture.writer, page, MYC_RING_EARLIEST, &reader->ticket), MYC_OK);
    assert_int_equal(
        myc_ring_reader_init(
            &reader->reader, view, fixture.memory_bytes, page, &reader->ticket, NULL),
        MYC_OK);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(fixture_publish(&fixture, i), MYC_OK);
        if (i % 2 == 0) {
            assert_int_equal(fixture_drain(reader), i == 0 ? 1 : 2);
        }
        (void)myc_ring_reader_should_wake_writer(&reader->reader);
    }
    myc_ring_consume(&reader->reader, myc_ring_peek(&reader->reader, 4096).size);
    myc_ring_writer_close(&fixture.writer);
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_CLOSED);
    assert_int_equal(munmap(page, 4096), 0);
    assert_int_equal(munmap(view, fixture.memory_bytes), 0);
    assert_int_equal(munmap(fixture.memory, fixture.memory_bytes), 0);
    assert_int_equal(close(file), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_header_field_is_checked),
        cmocka_unit_test(test_memory_is_checked_before_the_header),
        cmocka_unit_test(test_tickets_are_checked),
        cmocka_unit_test(test_origin_is_what_the_writer_said),
        cmocka_unit_test(test_reader_needs_only_a_read_only_mapping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
