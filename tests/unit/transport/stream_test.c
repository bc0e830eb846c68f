// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * An outlet and an image at the two ends of a Unix stream: every byte of a ring gets into the other
 * ring, in order, whatever the socket takes at a time.
 */
#include "unit/transport/transport_fixture.h"

#include <mycelium/interface/poller.h>
#include <mycelium/ring.h>

#include "transport/stream/image.h"
#include "transport/stream/outlet.h"

enum { RING_BYTES = 4096, MEMORY_BYTES = 64 * 1024, TYPE = 7 };

struct line {
    struct streams streams;
    struct myc_handle poller;
    struct myc_ring_writer writer;
    struct myc_ring_reader reader; // of the image ring
    struct myc__outlet outlet;
    struct myc__image image;
    struct myc_ring_options options;
    uint64_t published;
    uint64_t seen;
    uint64_t lost;
    _Alignas(4096) unsigned char memory[MEMORY_BYTES];
    _Alignas(4096) unsigned char image_memory[MEMORY_BYTES];
    _Alignas(4096) unsigned char outlet_page[MYC_RING_PAGE_BYTES];
    _Alignas(4096) unsigned char image_page[MYC_RING_PAGE_BYTES];
};

static void attach_outlet(struct line *line)
{
    struct myc_ring_ticket ticket;
    unsigned char welcome[MYC__WELCOME_BYTES];
    struct myc__welcome answer = {.node = "left"};
    struct myc_record record;
    memset(line->outlet_page, 0, sizeof(line->outlet_page));
    memset(&line->outlet.reader, 0, sizeof(line->outlet.reader));
    line->outlet.page = line->outlet_page;
    assert_int_equal(
        myc_ring_join(&line->writer, line->outlet_page, MYC_RING_LIVE, &ticket), MYC_OK);
    assert_int_equal(
        myc_ring_reader_init(
            &line->outlet.reader,
            line->memory,
            (size_t)myc_ring_memory_size(&line->options),
            line->outlet_page,
            &ticket,
            NULL),
        MYC_OK);
    answer.sequence = ticket.sequence;
    myc__welcome_encode(&answer, welcome);
    assert_int_equal(
        myc__outlet_open(
            &line->outlet,
            line->streams.platform,
            line->streams.here,
            line->poller,
            1,
            welcome,
            sizeof(welcome)),
        MYC_OK);
    assert_int_equal(myc__outlet_drain(&line->outlet), MYC_OK);
    myc__channel_init(&line->image.channel, line->streams.platform, line->streams.there, false);
    assert_int_equal(myc__channel_receive(&line->image.channel, &record, NULL), MYC_OK);
    assert_int_equal(record.type, MYC_RECORD_WELCOME);
    assert_int_equal(myc__welcome_decode(record.payload, record.size, &answer, NULL), MYC_OK);
    assert_int_equal(myc__image_begin(&line->image, answer.sequence), MYC_OK);
}

static struct line *open_line(void)
{
    struct line *line = aligned_alloc(4096, (sizeof(*line) + 4095) / 4096 * 4096);
    struct myc_ring_ticket ticket;
    assert_non_null(line);
    memset(line, 0, sizeof(*line));
    line->options = (struct myc_ring_options){
        .capacity_bytes = RING_BYTES, .readers_may_sleep = true, .writer_may_sleep = true};
    size_t bytes = myc_ring_memory_size(&line->options);
    assert_true(bytes > 0 && bytes <= MEMORY_BYTES);
    streams_open(&line->streams);
    assert_int_equal(myc_poller_open(line->streams.platform->poller, &line->poller), MYC_OK);
    assert_int_equal(
        myc_ring_writer_init(&line->writer, line->memory, bytes, &line->options, NULL), MYC_OK);
    assert_int_equal(
        myc__image_init(
            &line->image, line->streams.platform, line->image_memory, bytes, &line->options),
        MYC_OK);
    assert_int_equal(
        myc_ring_join(&line->image.ring, line->image_page, MYC_RING_LIVE, &ticket), MYC_OK);
    assert_int_equal(
        myc_ring_reader_init(
            &line->reader, line->image_memory, bytes, line->image_page, &ticket, NULL),
        MYC_OK);
    myc_store_relaxed_u32(&line->outlet.token, 1);
    attach_outlet(line);
    return line;
}

static void close_line(struct line *line)
{
    myc__outlet_close(&line->outlet);
    myc__channel_close(&line->image.channel);
    myc_poller_close(line->streams.platform->poller, line->poller);
    streams_close(&line->streams);
    free(line);
}

// Payloads of many sizes whose bytes tell the number.
static size_t size_of(uint64_t number)
{
    return (size_t)(8 + number * 37 % 900);
}

static bool publish(struct line *line)
{
    unsigned char payload[1024];
    uint64_t number = line->published + 1;
    memset(payload, (int)(number & 0xFF), sizeof(payload));
    memcpy(payload, &number, sizeof(number));
    enum myc_status status = myc_ring_publish(&line->writer, TYPE, 1, payload, size_of(number));
    assert_true(status == MYC_OK || status == MYC_FULL);
    line->published += status == MYC_OK;
    return status == MYC_OK;
}

static void on_record(const struct myc_record *record, void *context)
{
    struct line *line = context;
    const unsigned char *bytes = record->payload;
    if (record->type == MYC_RECORD_GAP) {
        uint64_t count = 0;
        memcpy(&count, bytes, sizeof(count));
        line->lost += count;
        line->seen += count;
        return;
    }
    uint64_t number = 0;
    memcpy(&number, bytes, sizeof(number));
    assert_int_equal(number, line->seen + 1);
    assert_int_equal(record->size, size_of(number));
    for (size_t i = 8; i < record->size; i++) {
        assert_int_equal(bytes[i], number & 0xFF);
    }
    line->seen = number;
}

// Thousands of messages through rings of 4 KiB, with readers that stop until everything is full.
static void test_stream_carries_every_byte_in_order(void **state)
{
    (void)state;
    struct line *line = open_line();
    bool was_blocked = false;
    bool was_full = false;
    while (line->seen < 4000) {
        while (publish(line) || myc__outlet_drain(&line->outlet) == MYC_OK) {
            if (line->published - line->seen > 3000) {
                break;
            }
        }
        was_blocked = was_blocked || line->outlet.is_blocked;
        enum myc_status status = MYC_OK;
        while (status == MYC_OK) {
            status = myc__image_receive(&line->image, 0, NULL);
        }
        assert_true(status == MYC_AGAIN || status == MYC_FULL);
        was_full = was_full || status == MYC_FULL;
        assert_int_equal(myc__image_acknowledge(&line->image, 0, true), MYC_OK);
        status = myc__outlet_receive(&line->outlet, NULL);
        assert_true(status == MYC_OK || status == MYC_AGAIN);
        while (myc_ring_poll(&line->reader, on_record, line, 64) > 0) {
        }
        assert_true(myc_load_relaxed_u64(&line->outlet.acknowledged) <= line->published);
    }
    assert_true(was_blocked);
    assert_true(was_full);
    close_line(line);
}

// BYE comes after the last message, and the ACK of that message reaches the publisher.
static void test_stream_ends_with_bye_after_the_last_message(void **state)
{
    (void)state;
    struct line *line = open_line();
    for (int i = 0; i < 3; i++) {
        assert_true(publish(line));
    }
    myc_ring_writer_close(&line->writer);
    myc__outlet_end(&line->outlet);
    assert_int_equal(myc__image_receive(&line->image, 0, NULL), MYC_END);
    assert_true(line->image.is_bye_seen);
    while (myc_ring_poll(&line->reader, on_record, line, 64) > 0) {
    }
    assert_int_equal(line->seen, 3);
    assert_int_equal(myc__image_acknowledge(&line->image, 0, true), MYC_OK);
    assert_int_equal(myc__outlet_receive(&line->outlet, NULL), MYC_OK);
    assert_int_equal(myc_load_relaxed_u64(&line->outlet.acknowledged), 3);
    close_line(line);
}

// An acknowledgement that goes backwards is a lie.
static void test_stream_refuses_an_ack_that_goes_backwards(void **state)
{
    (void)state;
    struct line *line = open_line();
    unsigned char record[MYC__ACK_BYTES];
    struct myc_diagnostic diagnostic;
    assert_true(publish(line) && publish(line));
    assert_int_equal(myc__outlet_drain(&line->outlet), MYC_OK);
    for (uint64_t sequence = 2; sequence > 0; sequence--) {
        myc__ack_encode(sequence, record);
        assert_int_equal(
            myc__channel_queue(&line->image.channel, record, sizeof(record), NULL, 0), MYC_OK);
    }
    assert_int_equal(myc__channel_flush(&line->image.channel), MYC_OK);
    assert_int_equal(myc__outlet_receive(&line->outlet, &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "backwards"));
    close_line(line);
}

// An acknowledgement of a message that was never sent is a lie as well.
static void test_stream_refuses_an_ack_of_what_was_not_sent(void **state)
{
    (void)state;
    struct line *line = open_line();
    unsigned char record[MYC__ACK_BYTES];
    struct myc_diagnostic diagnostic;
    for (uint64_t sequence = 1; sequence <= 3; sequence++) {
        if (sequence < 3) {
            assert_true(publish(line));
            assert_int_equal(myc__outlet_drain(&line->outlet), MYC_OK);
        }
        myc__ack_encode(sequence, record);
        assert_int_equal(
            myc__channel_queue(&line->image.channel, record, sizeof(record), NULL, 0), MYC_OK);
        assert_int_equal(myc__channel_flush(&line->image.channel), MYC_OK);
        enum myc_status status = myc__outlet_receive(&line->outlet, &diagnostic);
        assert_int_equal(status, sequence < 3 ? MYC_OK : MYC_CORRUPT);
    }
    assert_non_null(strstr(diagnostic.text, "not sent"));
    assert_int_equal(myc_load_relaxed_u64(&line->outlet.acknowledged), 2);
    close_line(line);
}

// The stream breaks inside a message: after a new handshake the rest is one exact GAP, and a
// handshake that names fewer messages than before is refused.
static void test_stream_counts_the_gap_after_a_reconnect(void **state)
{
    (void)state;
    struct line *line = open_line();
    assert_true(publish(line));
    assert_int_equal(myc__outlet_drain(&line->outlet), MYC_OK);
    assert_int_equal(myc__image_receive(&line->image, 0, NULL), MYC_OK);
    // Half a message, written past the outlet.
    uint64_t word = myc_record_word(TYPE, 1, 64);
    struct myc_const_span half = {.data = &word, .size = sizeof(word)};
    size_t bytes = 0;
    assert_int_equal(
        myc_stream_writev(line->streams.platform->stream, line->streams.here, &half, 1, &bytes),
        MYC_OK);
    assert_int_equal(myc__image_receive(&line->image, 0, NULL), MYC_OK);
    assert_int_equal(myc__image_sequence(&line->image), 1);
    assert_int_equal(myc__image_begin(&line->image, 0), MYC_CORRUPT);
    assert_int_equal(myc__image_begin(&line->image, 5), MYC_OK);
    assert_int_equal(myc__image_sequence(&line->image), 5);
    while (myc_ring_poll(&line->reader, on_record, line, 64) > 0) {
    }
    assert_int_equal(line->lost, 4);
    assert_int_equal(line->seen, 5);
    close_line(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_carries_every_byte_in_order),
        cmocka_unit_test(test_stream_ends_with_bye_after_the_last_message),
        cmocka_unit_test(test_stream_refuses_an_ack_that_goes_backwards),
        cmocka_unit_test(test_stream_refuses_an_ack_of_what_was_not_sent),
        cmocka_unit_test(test_stream_counts_the_gap_after_a_reconnect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
