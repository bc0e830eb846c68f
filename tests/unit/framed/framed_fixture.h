// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A ring on the heap, a framed writer, and a source that notes what it is handed.
 */
#ifndef MYC_UNIT_FRAMED_FRAMED_FIXTURE_H
#define MYC_UNIT_FRAMED_FRAMED_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/framed.h>

enum {
    FIXTURE_CAPACITY = 4096,
    FIXTURE_FRAGMENT_BYTES = 256,
    FIXTURE_MESSAGE_BYTES_MAX = 20000,
    FIXTURE_PAGES = 4 /* a reader that attaches again needs a fresh one */
};

/** What a source handed over. */
struct seen {
    size_t message_count;
    size_t loss_count;
    size_t end_count;                  /* messages that said they end their batch */
    uint64_t accounted;                /* last record told, as part of a message or as lost */
    bool is_first_told;                /* until then any sequence is right */
    struct myc_framed_message message; /* the last one */
    struct myc_framed_loss loss;       /* the last one */
};

struct fixture {
    struct myc_ring_options options;
    struct myc_ring_writer ring_writer;
    struct myc_ring_reader ring_reader;
    struct myc_ring_ticket ticket;
    struct myc_framed_writer writer;
    struct myc_framed_assembler assembler;
    struct myc_framed_source source;
    struct seen seen;
    void *memory;
    size_t memory_bytes;
    unsigned char *pages;
    size_t pages_used;
    void *slots;
    unsigned char *payload; /* FIXTURE_MESSAGE_BYTES_MAX + 1 bytes, of the message being sent */
};

/** Byte i of the message of a version. */
static inline unsigned char fixture_byte(uint16_t version, size_t i)
{
    return (unsigned char)((size_t)version * 31 + i * 7 + (i >> 8) + 1);
}

/** The ranges that are told follow each other without a hole. */
static inline void fixture_account(struct seen *seen, uint64_t first, uint64_t last)
{
    assert_true(first <= last);
    if (seen->is_first_told) {
        assert_int_equal(first, seen->accounted + 1);
    }
    seen->is_first_told = true;
    seen->accounted = last;
}

static inline void fixture_on_message(const struct myc_framed_message *message, void *context)
{
    struct seen *seen = (struct seen *)context;
    const unsigned char *bytes = (const unsigned char *)message->payload;
    assert_int_equal((uintptr_t)bytes % 8, 0);
    for (size_t i = 0; i < message->size; i++) {
        assert_int_equal(bytes[i], fixture_byte(message->version, i));
    }
    fixture_account(seen, message->first_sequence, message->sequence);
    seen->message_count++;
    seen->end_count += message->is_end_of_batch;
    seen->message = *message;
}

static inline void fixture_on_loss(const struct myc_framed_loss *loss, void *context)
{
    struct seen *seen = (struct seen *)context;
    fixture_account(seen, loss->first_sequence, loss->sequence);
    seen->loss_count++;
    seen->loss = *loss;
}

/** Joins the ring and attaches the source to it. */
static inline void fixture_attach(struct fixture *fixture, enum myc_ring_start start)
{
    assert_true(fixture->pages_used < FIXTURE_PAGES);
    void *page = fixture->pages + fixture->pages_used++ * MYC_RING_PAGE_BYTES;
    memset(&fixture->ring_reader, 0, sizeof fixture->ring_reader);
    assert_int_equal(myc_ring_join(&fixture->ring_writer, page, start, &fixture->ticket), MYC_OK);
    assert_int_equal(
        myc_ring_reader_init(
            &fixture->ring_reader,
            fixture->memory,
            fixture->memory_bytes,
            page,
            &fixture->ticket,
            NULL),
        MYC_OK);
    myc_framed_attach(&fixture->source, &fixture->ring_reader);
    fixture->seen.is_first_told = false;
}

/** Lays out an empty ring of the given publisher epoch over the same memory. */
static inline void fixture_make_ring(struct fixture *fixture, uint64_t epoch)
{
    const struct myc_framed_writer_options framed = {.fragment_bytes = FIXTURE_FRAGMENT_BYTES};
    fixture->options.capacity_bytes = FIXTURE_CAPACITY;
    fixture->options.readers_max = FIXTURE_PAGES;
    fixture->options.publisher_id = 3;
    fixture->options.publisher_epoch = epoch;
    fixture->options.writer_may_sleep = true;
    fixture->memory_bytes = myc_ring_memory_size(&fixture->options);
    free(fixture->memory);
    fixture->memory = aligned_alloc(4096, fixture->memory_bytes);
    assert_non_null(fixture->memory);
    memset(fixture->memory, 0, fixture->memory_bytes);
    memset(fixture->pages, 0, (size_t)FIXTURE_PAGES * MYC_RING_PAGE_BYTES);
    fixture->pages_used = 0;
    assert_int_equal(
        myc_ring_writer_init(
            &fixture->ring_writer, fixture->memory, fixture->memory_bytes, &fixture->options, NULL),
        MYC_OK);
    assert_int_equal(
        myc_framed_writer_init(&fixture->writer, &fixture->ring_writer, &framed, NULL), MYC_OK);
}

static inline void fixture_open(struct fixture *fixture, uint32_t message_bytes_max)
{
    const struct myc_framed_assembler_options options = {
        .message_bytes_max = message_bytes_max, .reassemblies_max = 1};
    const struct myc_framed_handler handler = {
        .message = fixture_on_message, .loss = fixture_on_loss, .context = &fixture->seen};
    memset(fixture, 0, sizeof *fixture);
    fixture->pages = (unsigned char *)aligned_alloc(64, FIXTURE_PAGES * MYC_RING_PAGE_BYTES);
    size_t bytes = myc_framed_memory_size(&options);
    fixture->slots = malloc(bytes);
    fixture->payload = (unsigned char *)malloc(FIXTURE_MESSAGE_BYTES_MAX + 1);
    assert_non_null(fixture->pages);
    assert_non_null(fixture->slots);
    assert_non_null(fixture->payload);
    assert_int_equal(
        myc_framed_assembler_init(&fixture->assembler, fixture->slots, bytes, &options, NULL),
        MYC_OK);
    myc_framed_source_init(&fixture->source, &fixture->assembler, &handler);
    fixture_make_ring(fixture, 1);
    fixture_attach(fixture, MYC_RING_LIVE);
}

static inline void fixture_close(struct fixture *fixture)
{
    // Each loss was told, and each message counted.
    uint64_t losses = 0;
    for (size_t i = 0; i < MYC_FRAMED_LOSS_COUNT; i++) {
        losses += fixture->source.counts.losses[i];
    }
    assert_int_equal(losses, fixture->seen.loss_count);
    assert_int_equal(fixture->source.counts.messages, fixture->seen.message_count);
    free(fixture->pages);
    free(fixture->memory);
    free(fixture->slots);
    free(fixture->payload);
}

static inline enum myc_status
fixture_publish(struct fixture *fixture, uint16_t version, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        fixture->payload[i] = fixture_byte(version, i);
    }
    return myc_framed_publish(&fixture->writer, 7, version, fixture->payload, size);
}

/** Publishes a message as far as the ring holds, and the reader none of it. */
static inline void fixture_publish_part(struct fixture *fixture, uint16_t version, size_t size)
{
    assert_int_equal(fixture_publish(fixture, version, size), MYC_AGAIN);
    assert_true(myc_framed_is_open(&fixture->writer));
}

static inline size_t fixture_poll(struct fixture *fixture)
{
    return myc_framed_poll(&fixture->source, SIZE_MAX);
}

#endif
