// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Channels: records one by one over a stream, however it cuts them, with and without handles.
 */
#include "unit/transport/transport_fixture.h"

#include <mycelium/interface/poller.h>
#include <mycelium/interface/shm.h>

#include "transport/stream/channel.h"

static void write_bytes(struct streams *streams, const void *bytes, size_t size)
{
    struct myc_const_span span = {.data = bytes, .size = size};
    size_t written = 0;
    assert_int_equal(
        myc_stream_writev(streams->platform->stream, streams->here, &span, 1, &written), MYC_OK);
    assert_int_equal(written, size);
}

// A record that comes byte by byte is there after its last byte, and not before.
static void test_channel_receives_byte_by_byte(void **state)
{
    (void)state;
    struct streams streams;
    static struct myc__channel channel;
    unsigned char bytes[MYC__ACK_BYTES + MYC__BYE_BYTES];
    struct myc_record record;
    streams_open(&streams);
    myc__channel_init(&channel, streams.platform, streams.there, false);
    myc__ack_encode(UINT64_C(0x1122334455667788), bytes);
    myc__bye_encode(bytes + MYC__ACK_BYTES);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        assert_int_equal(myc__channel_receive(&channel, &record, NULL), MYC_AGAIN);
        write_bytes(&streams, bytes + i, 1);
        if (i == MYC__ACK_BYTES - 1) {
            uint64_t sequence = 0;
            assert_int_equal(myc__channel_receive(&channel, &record, NULL), MYC_OK);
            assert_int_equal(record.type, MYC_RECORD_ACK);
            assert_int_equal(myc__ack_decode(record.payload, record.size, &sequence, NULL), MYC_OK);
            assert_true(sequence == UINT64_C(0x1122334455667788));
        }
    }
    assert_int_equal(myc__channel_receive(&channel, &record, NULL), MYC_OK);
    assert_int_equal(record.type, MYC_RECORD_BYE);
    myc_stream_close(streams.platform->stream, streams.here);
    assert_int_equal(myc__channel_receive(&channel, &record, NULL), MYC_END);
    myc__channel_close(&channel);
    streams_close(&streams);
}

// Headers that no session record has are refused, and say why.
static void test_channel_refuses_other_records(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        uint32_t length;
    } lies[] = {
        {1, 8},
        {MYC_RECORD_PAD, 8},
        {MYC_RECORD_GAP, 16},
        {MYC_RECORD_ACK, 0},
        {MYC_RECORD_ACK, MYC__SESSION_BYTES_MAX},
        {MYC_RECORD_ACK, UINT32_MAX},
        {UINT16_MAX, UINT32_MAX - 7},
        {0, 0},
    };
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct streams streams;
        static struct myc__channel channel;
        struct myc_record record;
        struct myc_diagnostic diagnostic;
        uint64_t word = myc_record_word(lies[i].type, 1, lies[i].length);
        streams_open(&streams);
        myc__channel_init(&channel, streams.platform, streams.there, false);
        write_bytes(&streams, &word, sizeof(word));
        assert_int_equal(myc__channel_receive(&channel, &record, &diagnostic), MYC_CORRUPT);
        assert_non_null(strstr(diagnostic.text, "session record"));
        myc_stream_close(streams.platform->stream, streams.here);
        myc__channel_close(&channel);
        streams_close(&streams);
    }
}

// Handles arrive with their record; what nobody takes is closed with the channel.
static void test_channel_passes_handles(void **state)
{
    (void)state;
    struct streams streams;
    static struct myc__channel here;
    static struct myc__channel there;
    unsigned char bytes[MYC__BYE_BYTES];
    struct myc_record record;
    struct myc_handle bells[2];
    struct myc_handle taken[2];
    streams_open(&streams);
    myc__channel_init(&here, streams.platform, streams.here, true);
    myc__channel_init(&there, streams.platform, streams.there, true);
    assert_int_equal(myc_doorbell_open(streams.platform->poller, &bells[0]), MYC_OK);
    bells[1] = bells[0];
    myc__bye_encode(bytes);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(myc__channel_queue(&here, bytes, sizeof(bytes), bells, 2), MYC_OK);
    }
    assert_int_equal(myc__channel_flush(&here), MYC_OK);
    assert_int_equal(myc__channel_receive(&there, &record, NULL), MYC_OK);
    assert_int_equal(myc__channel_take_handles(&there, taken, 3), MYC_CORRUPT);
    assert_int_equal(myc__channel_take_handles(&there, taken, 1), MYC_OK);
    myc_doorbell_close(streams.platform->poller, taken[0]);
    assert_int_equal(myc__channel_receive(&there, &record, NULL), MYC_OK);
    assert_int_equal(there.in_handle_count, 3);
    myc__channel_close(&there);
    myc__channel_close(&here);
    myc_doorbell_close(streams.platform->poller, bells[0]);
    streams_close(&streams);
}

// The queue is bounded, keeps order, and goes on where a full socket cut it.
static void test_channel_queues_what_the_socket_does_not_take(void **state)
{
    (void)state;
    struct streams streams;
    static struct myc__channel here;
    static struct myc__channel there;
    unsigned char bytes[MYC__ACK_BYTES];
    struct myc_record record;
    uint64_t queued = 0;
    uint64_t received = 0;
    uint64_t sequence = 0;
    streams_open(&streams);
    myc__channel_init(&here, streams.platform, streams.here, false);
    myc__channel_init(&there, streams.platform, streams.there, false);
    enum myc_status status = MYC_OK;
    while (status == MYC_OK) {
        myc__ack_encode(queued + 1, bytes);
        status = myc__channel_queue(&here, bytes, sizeof(bytes), NULL, 0);
        queued += status == MYC_OK;
        enum myc_status flushed = myc__channel_flush(&here);
        assert_true(flushed == MYC_OK || flushed == MYC_AGAIN);
        assert_true(queued < 10000000);
    }
    assert_int_equal(status, MYC_LIMIT);
    while (received < queued) {
        status = myc__channel_receive(&there, &record, NULL);
        if (status == MYC_AGAIN) {
            enum myc_status flushed = myc__channel_flush(&here);
            assert_true(flushed == MYC_OK || flushed == MYC_AGAIN);
            continue;
        }
        assert_int_equal(status, MYC_OK);
        assert_int_equal(myc__ack_decode(record.payload, record.size, &sequence, NULL), MYC_OK);
        assert_int_equal(sequence, ++received);
    }
    myc__channel_close(&here);
    myc__channel_close(&there);
    streams_close(&streams);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channel_receives_byte_by_byte),
        cmocka_unit_test(test_channel_refuses_other_records),
        cmocka_unit_test(test_channel_passes_handles),
        cmocka_unit_test(test_channel_queues_what_the_socket_does_not_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
