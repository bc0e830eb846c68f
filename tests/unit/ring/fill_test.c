// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Receiving a record stream straight into a ring: every way to cut it, every place to lie at.
 */
#include "unit/ring/ring_fixture.h"

enum { STREAM_MAX = 64 * 1024 };

// A stream being built, and the messages that a reader must see of it.
struct stream {
    unsigned char bytes[STREAM_MAX];
    size_t size;
    uint64_t sequence;
    uint32_t session_count;
};

// A filled ring with one reader.
struct image {
    struct fixture fixture;
    struct fixture_reader *reader;
    uint32_t session_count;
    uint64_t session_sequence;
    enum myc_status session_status; // what the handler answers
};

static void put(struct stream *stream, uint16_t type, size_t size, const void *payload)
{
    uint64_t word = myc_record_word(type, 3, (uint32_t)size);
    size_t bytes = (size_t)myc_record_bytes(size);
    assert_true(stream->size + bytes <= STREAM_MAX);
    memset(stream->bytes + stream->size, 0, bytes);
    memcpy(stream->bytes + stream->size, &word, sizeof word);
    if (size != 0) {
        memcpy(stream->bytes + stream->size + 8, payload, size);
    }
    stream->size += bytes;
}

static void put_message(struct stream *stream, size_t size)
{
    unsigned char payload[4096];
    stream->sequence++;
    fixture_fill(payload, size, stream->sequence);
    put(stream, 7, size, payload);
}

static void put_gap(struct stream *stream, unsigned char count)
{
    unsigned char payload[sizeof(struct myc_gap)] = {count};
    stream->sequence += count;
    put(stream, MYC_RECORD_GAP, sizeof payload, payload);
}

static void put_session(struct stream *stream, size_t size)
{
    unsigned char payload[64] = {0xAB, 0xAB, 0xAB};
    stream->session_count++;
    put(stream, MYC_RECORD_HEARTBEAT, size, payload);
}

static enum myc_status on_session(const struct myc_record *record, void *context)
{
    struct image *image = context;
    assert_true(record->type >= MYC_RECORD_ENVELOPE);
    if (record->size >= 3) {
        assert_int_equal(((const unsigned char *)record->payload)[2], 0xAB);
    }
    image->session_count++;
    image->session_sequence = record->sequence;
    return image->session_status;
}

static void count_record(const struct myc_record *record, void *context)
{
    size_t *count = context;
    assert_true(record->type == 7 || record->type == MYC_RECORD_GAP);
    (*count)++;
}

static void image_init(struct image *image, uint64_t capacity)
{
    memset(image, 0, sizeof *image);
    fixture_init(&image->fixture, capacity);
    image->reader = fixture_join(&image->fixture, 0, MYC_RING_LIVE);
}

// Receives up to `bytes` bytes as one readv would. Returns: how many were taken.
static size_t receive(
    struct image *image,
    const unsigned char *source,
    size_t bytes,
    enum myc_status *out_status,
    struct myc_diagnostic *diagnostic)
{
    struct myc_span spans[MYC_RING_FILL_SPANS];
    size_t count = myc_ring_fill_begin(&image->fixture.writer, spans);
    size_t taken = 0;
    for (size_t i = 0; i < count && taken < bytes; i++) {
        assert_true(spans[i].size > 0);
        size_t part = bytes - taken < spans[i].size ? bytes - taken : spans[i].size;
        memcpy(spans[i].data, source + taken, part);
        taken += part;
    }
    *out_status = myc_ring_fill_end(&image->fixture.writer, taken, on_session, image, diagnostic);
    return taken;
}

// Receives `bytes` bytes in reads of at most `read_max`, draining the reader when the ring is full.
static void
receive_all(struct image *image, const unsigned char *source, size_t bytes, size_t read_max)
{
    size_t done = 0;
    size_t idle = 0;
    while (done < bytes) {
        enum myc_status status;
        struct myc_diagnostic diagnostic;
        size_t want = bytes - done < read_max ? bytes - done : read_max;
        size_t taken = receive(image, source + done, want, &status, &diagnostic);
        if (status != MYC_OK) {
            fail_msg("%s", diagnostic.text);
        }
        assert_true(myc_ring_is_valid(&image->fixture.writer));
        done += taken;
        idle = taken == 0 ? idle + 1 : 0;
        assert_true(idle < 3);
        if (taken == 0) {
            (void)fixture_drain(image->reader);
        }
    }
    (void)fixture_drain(image->reader);
}

// Several records of every kind, in less than a quarter of the smallest ring.
static void build_mixed(struct stream *stream, uint64_t sequence)
{
    memset(stream, 0, sizeof *stream);
    stream->sequence = sequence;
    put_message(stream, 1);
    put_session(stream, 16);
    put_message(stream, 0);
    put_message(stream, 61);
    put_gap(stream, 3);
    put_session(stream, 0);
    put_session(stream, 24);
    put_message(stream, 200);
    put_message(stream, 8);
}

// Brings the image's writer to a position before the end of its second lap.
static void advance_image(struct image *image, uint64_t position)
{
    struct stream *stream = calloc(1, sizeof *stream);
    assert_non_null(stream);
    while (stream->size + 64 + 8 <= position) {
        put_message(stream, 56);
    }
    if (stream->size < position) {
        put_message(stream, (size_t)(position - stream->size - 8));
    }
    receive_all(image, stream->bytes, stream->size, 700);
    assert_int_equal(image->fixture.writer.position, position);
    free(stream);
}

// Cut anywhere into two reads, at any distance from the ring's end, the same messages come out.
// [RING-20] [RING-21]
static void test_every_split_point_gives_the_same_messages(void **state)
{
    (void)state;
    struct stream *stream = malloc(sizeof *stream);
    assert_non_null(stream);
    for (uint64_t before_end = 0; before_end <= 480; before_end += 8) {
        uint64_t position = 8192 - before_end;
        struct image image;
        image_init(&image, 4096);
        advance_image(&image, position);
        uint64_t base = myc_ring_committed(&image.fixture.writer);
        build_mixed(stream, base);
        size_t step = before_end % 64 == 0 ? 1 : 13;
        for (size_t split = 0; split <= stream->size; split += step) {
            struct image copy = image;
            // The same memory again: put the writer and the reader back where they were.
            unsigned char *saved = malloc(image.fixture.memory_bytes);
            assert_non_null(saved);
            memcpy(saved, image.fixture.memory, image.fixture.memory_bytes);
            unsigned char page[MYC_RING_PAGE_BYTES];
            memcpy(page, image.reader->page, sizeof page);
            copy.reader = &copy.fixture.readers[0];
            receive_all(&copy, stream->bytes, split, SIZE_MAX);
            receive_all(&copy, stream->bytes + split, stream->size - split, SIZE_MAX);
            assert_int_equal(copy.reader->sequence, stream->sequence);
            assert_int_equal(myc_ring_committed(&copy.fixture.writer), stream->sequence);
            assert_int_equal(copy.session_count, stream->session_count);
            memcpy(image.fixture.memory, saved, image.fixture.memory_bytes);
            memcpy(image.reader->page, page, sizeof page);
            free(saved);
        }
        fixture_deinit(&image.fixture);
    }
    free(stream);
}

// A stream many rings long, in reads of one byte, of odd sizes and of everything there is.
// [RING-21]
static void test_long_streams_in_reads_of_any_size(void **state)
{
    (void)state;
    struct stream *stream = malloc(sizeof *stream);
    assert_non_null(stream);
    memset(stream, 0, sizeof *stream);
    for (size_t i = 0; stream->size < STREAM_MAX - 2048; i++) {
        put_message(stream, i * 89 % 1017);
        if (i % 3 == 0) {
            put_session(stream, i % 40);
        }
        if (i % 17 == 0) {
            put_gap(stream, (unsigned char)(i % 5 + 1));
        }
    }
    size_t reads[] = {1, 2, 7, 8, 9, 63, 64, 500, 1024, 4096, SIZE_MAX};
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        struct image image;
        image_init(&image, 4096);
        receive_all(&image, stream->bytes, stream->size, reads[i]);
        assert_int_equal(image.reader->sequence, stream->sequence);
        assert_int_equal(image.session_count, stream->session_count);
        assert_int_equal(image.session_sequence <= stream->sequence, 1);
        fixture_deinit(&image.fixture);
    }
    free(stream);
}

// An early joiner of an image ring starts at a sync point and counts on correctly. [RING-21]
static void test_filled_rings_have_sync_points(void **state)
{
    (void)state;
    struct image image;
    struct stream *stream = malloc(sizeof *stream);
    assert_non_null(stream);
    image_init(&image, 65536);
    memset(stream, 0, sizeof *stream);
    uint64_t sequence = 0;
    for (int lap = 0; lap < 5; lap++) {
        memset(stream, 0, sizeof *stream);
        stream->sequence = sequence;
        while (stream->size < STREAM_MAX - 4096) {
            put_session(stream, 8);
            put_message(stream, stream->sequence * 41 % 900);
            put_gap(stream, 2);
        }
        receive_all(&image, stream->bytes, stream->size, SIZE_MAX);
        sequence = stream->sequence;
        struct fixture_reader *late = fixture_join(&image.fixture, 1, MYC_RING_EARLIEST);
        assert_true(late->ticket.sequence < sequence);
        assert_true(image.fixture.writer.position - late->ticket.position > 40000);
        (void)fixture_drain(late);
        assert_int_equal(late->sequence, sequence);
        myc_ring_leave(&image.fixture.writer, late->ticket.slot);
    }
    fixture_deinit(&image.fixture);
    free(stream);
}

// Nothing of an incomplete record is visible, and a full ring offers no room. [RING-20]
static void test_a_full_ring_offers_no_room(void **state)
{
    (void)state;
    struct image image;
    struct stream *stream = malloc(sizeof *stream);
    assert_non_null(stream);
    memset(stream, 0, sizeof *stream);
    image_init(&image, 4096);
    while (stream->size < 8192) {
        put_message(stream, 100);
    }
    size_t done = 0;
    for (int i = 0; i < 100; i++) {
        enum myc_status status;
        done += receive(&image, stream->bytes + done, 8192 - done, &status, NULL);
        assert_int_equal(status, MYC_OK);
    }
    struct myc_span spans[MYC_RING_FILL_SPANS];
    assert_true(done <= 4096);
    assert_true(done >= 4096 - 112 - 8);
    assert_int_equal(myc_ring_fill_begin(&image.fixture.writer, spans), 0);
    assert_int_equal(
        myc_ring_fill_end(&image.fixture.writer, 1, on_session, &image, NULL), MYC_INVALID);
    assert_true(myc_ring_is_valid(&image.fixture.writer));
    assert_int_equal(fixture_drain(image.reader), myc_ring_committed(&image.fixture.writer));
    receive_all(&image, stream->bytes + done, stream->size - done, SIZE_MAX);
    assert_int_equal(image.reader->sequence, stream->sequence);
    fixture_deinit(&image.fixture);
    free(stream);
}

// Bad bytes end the stream with their offset; what came before them is delivered. [RING-21]
static void test_corrupt_streams_name_the_byte(void **state)
{
    (void)state;
    struct {
        uint64_t word;
        const char *text;
    } bad[] = {
        {myc_record_word(0, 1, 8), "type 0"},
        {0, "type 0"},
        {myc_record_word(MYC_RECORD_PAD, 0, 8), "PAD"},
        {myc_record_word(7, 0, 1017), "length is above"},
        {myc_record_word(7, 0, UINT32_MAX), "length is above"},
        {myc_record_word(MYC_RECORD_HELLO, 0, 5000), "length is above"},
        {myc_record_word(MYC_RECORD_GAP, 0, 8), "too short"},
        {myc_record_word(MYC_RECORD_GAP, 0, 16), "impossible number"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (size_t read_max = 1; read_max < 200; read_max += 45) {
            struct image image;
            struct stream *stream = calloc(1, sizeof *stream);
            assert_non_null(stream);
            struct myc_diagnostic diagnostic;
            enum myc_status status = MYC_OK;
            image_init(&image, 4096);
            put_message(stream, 30);
            put_session(stream, 8);
            put_message(stream, 10);
            size_t offset = stream->size;
            memcpy(stream->bytes + offset, &bad[i].word, 8);
            stream->size += 32;
            for (size_t done = 0; done < stream->size && status == MYC_OK;) {
                size_t left = stream->size - done;
                size_t want = left < read_max ? left : read_max;
                done += receive(&image, stream->bytes + done, want, &status, &diagnostic);
            }
            assert_int_equal(status, MYC_CORRUPT);
            assert_non_null(strstr(diagnostic.text, bad[i].text));
            char expected[64] = "byte ";
            size_t len = strlen(expected);
            for (size_t n = offset, scale = 10; scale > 0; scale /= 10) {
                expected[len++] = (char)('0' + n / scale % 10);
            }
            assert_non_null(strstr(diagnostic.text, expected));
            assert_int_equal(fixture_drain(image.reader), 2);
            assert_int_equal(myc_ring_committed(&image.fixture.writer), 2);
            // It takes no more.
            struct myc_span spans[MYC_RING_FILL_SPANS];
            assert_int_equal(myc_ring_fill_begin(&image.fixture.writer, spans), 0);
            assert_int_equal(
                myc_ring_fill_end(&image.fixture.writer, 0, on_session, &image, NULL),
                MYC_POISONED);
            fixture_deinit(&image.fixture);
            free(stream);
        }
    }
}

// Numbers end: what a stream counts beyond the last one is refused, and what a reader would take
// for malformed as well. The reader never learns of it. [RING-21]
static void test_counting_beyond_the_last_number_is_corrupt(void **state)
{
    (void)state;
    const struct {
        uint64_t gap;
        size_t messages; // behind the GAP; the last record is refused
        uint64_t counted;
        const char *text;
    } rows[] = {
        {UINT64_MAX, 0, 0, "impossible number"},
        {UINT64_MAX - 1, 2, UINT64_MAX, "no number is left"},
        {UINT64_MAX - 2, 3, UINT64_MAX, "no number is left"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char gap[sizeof(struct myc_gap)] = {0};
        struct image image;
        struct myc_diagnostic diagnostic;
        enum myc_status status = MYC_OK;
        struct stream *stream = calloc(1, sizeof *stream);
        assert_non_null(stream);
        image_init(&image, 4096);
        for (size_t byte = 0; byte < 8; byte++) {
            gap[byte] = (unsigned char)(rows[i].gap >> 8 * byte);
        }
        put(stream, MYC_RECORD_GAP, sizeof gap, gap);
        for (size_t n = 0; n < rows[i].messages; n++) {
            put(stream, 7, 0, NULL);
        }
        assert_int_equal(
            receive(&image, stream->bytes, stream->size, &status, &diagnostic), stream->size);
        assert_int_equal(status, MYC_CORRUPT);
        assert_non_null(strstr(diagnostic.text, rows[i].text));
        struct myc_ring_reader *reader = &image.reader->reader;
        size_t polled = 0;
        while (myc_ring_poll(reader, count_record, &polled, SIZE_MAX) > 0) {
        }
        assert_int_equal(polled, rows[i].messages);
        assert_int_equal(myc_ring_reader_status(reader), MYC_OK);
        assert_int_equal(myc_ring_reader_sequence(reader), rows[i].counted);
        assert_int_equal(myc_ring_committed(&image.fixture.writer), rows[i].counted);
        fixture_deinit(&image.fixture);
        free(stream);
    }
}

// What the session handler says ends the fill, after the messages before it were delivered.
// [RING-21]
static void test_session_handler_ends_the_stream(void **state)
{
    (void)state;
    struct image image;
    struct stream *stream = calloc(1, sizeof *stream);
    assert_non_null(stream);
    enum myc_status status;
    image_init(&image, 4096);
    image.session_status = MYC_END;
    put_message(stream, 30);
    put_message(stream, 31);
    put_session(stream, 8);
    put_message(stream, 32);
    size_t taken = receive(&image, stream->bytes, stream->size, &status, NULL);
    assert_int_equal(taken, stream->size);
    assert_int_equal(status, MYC_END);
    assert_int_equal(image.session_sequence, 2);
    assert_int_equal(fixture_drain(image.reader), 2);
    fixture_deinit(&image.fixture);
    free(stream);
}

// A blocked fill that armed is woken by the reader that makes room. [RING-23]
static void test_a_blocked_fill_is_woken(void **state)
{
    (void)state;
    struct image image;
    struct stream *stream = calloc(1, sizeof *stream);
    assert_non_null(stream);
    struct myc_span spans[MYC_RING_FILL_SPANS];
    size_t done = 0;
    image_init(&image, 4096);
    assert_false(myc_ring_fill_arm(&image.fixture.writer));
    myc_ring_writer_disarm(&image.fixture.writer);
    while (stream->size < 8192) {
        put_message(stream, 500);
    }
    while (myc_ring_fill_begin(&image.fixture.writer, spans) != 0) {
        enum myc_status status;
        done += receive(&image, stream->bytes + done, 100, &status, NULL);
        assert_int_equal(status, MYC_OK);
    }
    assert_false(myc_ring_reader_should_wake_writer(&image.reader->reader));
    assert_true(myc_ring_fill_arm(&image.fixture.writer));
    assert_int_equal(myc_ring_fill_begin(&image.fixture.writer, spans), 0);
    (void)fixture_drain(image.reader);
    assert_true(myc_ring_reader_should_wake_writer(&image.reader->reader));
    myc_ring_writer_disarm(&image.fixture.writer);
    assert_false(myc_ring_fill_arm(&image.fixture.writer));
    myc_ring_writer_disarm(&image.fixture.writer);
    receive_all(&image, stream->bytes + done, stream->size - done, SIZE_MAX);
    assert_int_equal(image.reader->sequence, stream->sequence);
    fixture_deinit(&image.fixture);
    free(stream);
}

// A stream that breaks off anywhere in a record is forgotten; the next one starts clean. [RING-24]
static void test_reset_forgets_the_broken_record(void **state)
{
    (void)state;
    struct stream *stream = malloc(sizeof *stream);
    assert_non_null(stream);
    for (size_t before_end = 0; before_end < 64; before_end += 8) {
        struct image image;
        image_init(&image, 4096);
        advance_image(&image, 8192 - before_end);
        for (size_t cut = 0; cut < 72; cut++) {
            memset(stream, 0, sizeof *stream);
            stream->sequence = myc_ring_committed(&image.fixture.writer);
            put_message(stream, 64);
            receive_all(&image, stream->bytes, cut, 5);
            myc_ring_fill_reset(&image.fixture.writer);
            assert_true(myc_ring_is_valid(&image.fixture.writer));
            receive_all(&image, stream->bytes, stream->size, SIZE_MAX);
            assert_int_equal(image.reader->sequence, stream->sequence);
        }
        fixture_deinit(&image.fixture);
    }
    free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_split_point_gives_the_same_messages),
        cmocka_unit_test(test_long_streams_in_reads_of_any_size),
        cmocka_unit_test(test_filled_rings_have_sync_points),
        cmocka_unit_test(test_a_full_ring_offers_no_room),
        cmocka_unit_test(test_corrupt_streams_name_the_byte),
        cmocka_unit_test(test_counting_beyond_the_last_number_is_corrupt),
        cmocka_unit_test(test_session_handler_ends_the_stream),
        cmocka_unit_test(test_a_blocked_fill_is_woken),
        cmocka_unit_test(test_reset_forgets_the_broken_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
