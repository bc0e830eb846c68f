// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A ring on the heap with up to four readers, and records whose every byte is known.
 */
#ifndef MYC_UNIT_RING_RING_FIXTURE_H
#define MYC_UNIT_RING_RING_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/ring.h>

enum { FIXTURE_READERS_MAX = 4, FIXTURE_SEEN_MAX = 8192 };

struct fixture_reader {
    struct myc_ring_reader reader;
    struct myc_ring_ticket ticket;
    void *page;
    uint64_t sequence; /* last seen */
    size_t seen_count; /* records handled */
    uint16_t type;     /* of the last record */
    uint32_t size;     /* of the last record */
    bool is_wrong;     /* a record did not hold what its sequence says */
};

struct fixture {
    struct myc_ring_writer writer;
    struct myc_ring_options options;
    void *memory;
    size_t memory_bytes;
    struct fixture_reader readers[FIXTURE_READERS_MAX];
};

/** Byte i of the payload of message `sequence`. */
static inline unsigned char fixture_byte(uint64_t sequence, size_t i)
{
    return (unsigned char)(sequence * 31 + i * 7 + 1);
}

static inline void fixture_fill(void *payload, size_t size, uint64_t sequence)
{
    for (size_t i = 0; i < size; i++) {
        ((unsigned char *)payload)[i] = fixture_byte(sequence, i);
    }
}

static inline bool fixture_matches(const void *payload, size_t size, uint64_t sequence)
{
    for (size_t i = 0; i < size; i++) {
        if (((const unsigned char *)payload)[i] != fixture_byte(sequence, i)) {
            return false;
        }
    }
    return true;
}

/** Whether the bytes between the payload and the next record are zero. */
static inline bool fixture_is_padded(const struct myc_record *record)
{
    const unsigned char *bytes = (const unsigned char *)record->payload;
    uint64_t end = myc_record_bytes(record->size) - MYC_RECORD_HEADER_BYTES;
    for (uint64_t i = record->size; i < end; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/** Notes a record; a message must be the next in order and hold its pattern. */
static inline void fixture_on_record(const struct myc_record *record, void *context)
{
    struct fixture_reader *reader = (struct fixture_reader *)context;
    bool is_message = myc_record_is_message(record->type);
    if (is_message
        && (record->sequence != reader->sequence + 1
            || !fixture_matches(record->payload, record->size, record->sequence))) {
        reader->is_wrong = true;
    }
    if (!fixture_is_padded(record)) {
        reader->is_wrong = true;
    }
    reader->sequence = record->sequence;
    reader->type = record->type;
    reader->size = record->size;
    reader->seen_count++;
}

/** Lays the ring out as the options say. */
static inline void fixture_start(struct fixture *fixture)
{
    fixture->memory_bytes = myc_ring_memory_size(&fixture->options);
    fixture->memory = aligned_alloc(4096, fixture->memory_bytes);
    assert_non_null(fixture->memory);
    memset(fixture->memory, 0, fixture->memory_bytes);
    assert_int_equal(
        myc_ring_writer_init(
            &fixture->writer, fixture->memory, fixture->memory_bytes, &fixture->options, NULL),
        MYC_OK);
}

/** Options for a ring of this capacity. */
static inline void fixture_prepare(struct fixture *fixture, uint64_t capacity)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->options.capacity_bytes = capacity;
    fixture->options.readers_max = FIXTURE_READERS_MAX;
    fixture->options.readers_may_sleep = true;
    fixture->options.writer_may_sleep = true;
    fixture->options.publisher_id = 0x1122334455667788;
    fixture->options.publisher_epoch = 9;
    fixture->options.creator.pid = 77;
}

static inline void fixture_init(struct fixture *fixture, uint64_t capacity)
{
    fixture_prepare(fixture, capacity);
    fixture_start(fixture);
}

static inline void fixture_deinit(struct fixture *fixture)
{
    for (size_t i = 0; i < FIXTURE_READERS_MAX; i++) {
        free(fixture->readers[i].page);
    }
    free(fixture->memory);
}

/** Joins reader i afresh, with a zeroed page of its own. */
static inline struct fixture_reader *
fixture_join(struct fixture *fixture, size_t i, enum myc_ring_start start)
{
    struct fixture_reader *reader = &fixture->readers[i];
    free(reader->page);
    memset(reader, 0, sizeof *reader);
    reader->page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    assert_non_null(reader->page);
    memset(reader->page, 0, MYC_RING_PAGE_BYTES);
    assert_int_equal(myc_ring_join(&fixture->writer, reader->page, start, &reader->ticket), MYC_OK);
    assert_int_equal(
        myc_ring_reader_init(
            &reader->reader,
            fixture->memory,
            fixture->memory_bytes,
            reader->page,
            &reader->ticket,
            NULL),
        MYC_OK);
    reader->sequence = reader->ticket.sequence;
    return reader;
}

/** Publishes the next message with `size` patterned bytes. */
static inline enum myc_status fixture_publish(struct fixture *fixture, size_t size)
{
    uint64_t sequence = myc_ring_committed(&fixture->writer) + 1;
    void *payload = myc_ring_claim(&fixture->writer, size);
    if (payload == NULL) {
        return MYC_FULL;
    }
    fixture_fill(payload, size, sequence);
    myc_ring_commit(&fixture->writer, 7, 3, size);
    return MYC_OK;
}

/** Polls everything; fails the test on a wrong record. Returns: how many records came. */
static inline size_t fixture_drain(struct fixture_reader *reader)
{
    size_t count = myc_ring_poll(&reader->reader, fixture_on_record, reader, SIZE_MAX);
    assert_false(reader->is_wrong);
    return count;
}

/** Publishes records of `size` bytes and drains reader i until the ring's position is `position`.
 */
static inline void fixture_advance_to(struct fixture *fixture, size_t i, uint64_t position)
{
    while (fixture->writer.position < position) {
        uint64_t left = position - fixture->writer.position;
        size_t size = left >= 64 + 8 || left == 64 ? 56 : (size_t)left - 8;
        assert_int_equal(fixture_publish(fixture, size), MYC_OK);
        assert_int_equal(fixture_drain(&fixture->readers[i]), 1);
    }
    assert_int_equal(fixture->writer.position, position);
}

#endif
