// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Joining, leaving, poisoning, batches, peek and consume, sleeping: one thread, several readers.
 */
#include "unit/ring/ring_fixture.h"

static struct myc_ring_reader_state state_of(const struct fixture *fixture, size_t i)
{
    struct myc_ring_reader_state state;
    assert_int_equal(
        myc_ring_reader_state(&fixture->writer, fixture->readers[i].ticket.slot, &state), MYC_OK);
    return state;
}

// What the reader's own page says as its head: the first word of the page.
static void set_head(struct fixture_reader *reader, uint64_t head)
{
    memcpy(reader->page, &head, sizeof head);
}

// ---- Joining and leaving ----

// A live joiner starts at the next record, with the sequence that precedes it. [RING-10]
static void test_join_live_starts_at_the_next_record(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *old = fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (int i = 0; i < 500; i++) {
        assert_int_equal(fixture_publish(&fixture, 40), MYC_OK);
        assert_int_equal(fixture_drain(old), 1);
    }
    struct fixture_reader *young = fixture_join(&fixture, 1, MYC_RING_LIVE);
    assert_int_equal(young->ticket.sequence, 500);
    assert_int_equal(young->ticket.position, fixture.writer.position);
    assert_int_not_equal(young->ticket.slot, old->ticket.slot);
    assert_int_equal(fixture_drain(young), 0);
    assert_int_equal(fixture_publish(&fixture, 40), MYC_OK);
    assert_int_equal(fixture_drain(young), 1);
    assert_int_equal(young->sequence, 501);
    assert_int_equal(fixture_drain(old), 1);
    fixture_deinit(&fixture);
}

// An early joiner of a young ring gets everything; of an old one nearly the whole ring. [RING-10]
static void test_join_earliest_gets_what_is_held(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 65536);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(fixture_publish(&fixture, 40), MYC_OK);
    }
    struct fixture_reader *first = fixture_join(&fixture, 0, MYC_RING_EARLIEST);
    assert_int_equal(first->ticket.sequence, 0);
    assert_int_equal(fixture_drain(first), 100);
    for (int i = 0; i < 20000; i++) {
        assert_int_equal(fixture_publish(&fixture, (size_t)i % 300), MYC_OK);
        (void)fixture_drain(first);
        if (i % 611 == 0) {
            struct fixture_reader *late = fixture_join(&fixture, 1, MYC_RING_EARLIEST);
            uint64_t held = fixture.writer.position - late->ticket.position;
            uint64_t expected = 65536 - 65536 / 8 - 4096 - 600;
            assert_true(held >= (fixture.writer.position < expected ? 0 : expected));
            (void)fixture_drain(late);
            assert_int_equal(late->sequence, myc_ring_committed(&fixture.writer));
            myc_ring_leave(&fixture.writer, late->ticket.slot);
        }
    }
    fixture_deinit(&fixture);
}

// With no reader at all the writer never stops. [RING-3]
static void test_writer_runs_without_readers(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(fixture_publish(&fixture, 900), MYC_OK);
    }
    assert_true(myc_ring_is_valid(&fixture.writer));
    fixture_deinit(&fixture);
}

// Slots run out with LIMIT, come back by leaving, and carry a new generation each time. [RING-10]
static void test_slots_are_limited_and_reused(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    for (size_t i = 0; i < FIXTURE_READERS_MAX; i++) {
        fixture_join(&fixture, i, MYC_RING_LIVE);
    }
    struct myc_ring_ticket ticket;
    unsigned char *page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    assert_non_null(page);
    memset(page, 0, MYC_RING_PAGE_BYTES);
    assert_int_equal(myc_ring_join(&fixture.writer, page, MYC_RING_LIVE, &ticket), MYC_LIMIT);
    struct myc_ring_ticket old = fixture.readers[2].ticket;
    myc_ring_leave(&fixture.writer, old.slot);
    myc_ring_leave(&fixture.writer, old.slot);
    myc_ring_leave(&fixture.writer, 1000);
    assert_int_equal(myc_ring_join(&fixture.writer, page + 8, MYC_RING_LIVE, &ticket), MYC_INVALID);
    assert_int_equal(myc_ring_join(&fixture.writer, page, MYC_RING_LIVE, &ticket), MYC_OK);
    assert_int_equal(ticket.slot, old.slot);
    assert_int_equal(ticket.generation, old.generation + 1);
    free(page);
    fixture_deinit(&fixture);
}

// A reader that has joined but not begun already holds the writer back at its ticket. [RING-10]
static void test_a_joined_reader_gates_before_it_attaches(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    }
    struct fixture_reader *reader = &fixture.readers[0];
    reader->page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    assert_non_null(reader->page);
    memset(reader->page, 0, MYC_RING_PAGE_BYTES);
    assert_int_equal(
        myc_ring_join(&fixture.writer, reader->page, MYC_RING_LIVE, &reader->ticket), MYC_OK);
    size_t accepted = 0;
    while (fixture_publish(&fixture, 56) == MYC_OK) {
        accepted++;
    }
    assert_int_equal(accepted, 63);
    assert_true(state_of(&fixture, 0).is_active);
    assert_int_equal(state_of(&fixture, 0).lag_bytes, 63 * 64);
    assert_int_equal(
        myc_ring_reader_init(
            &reader->reader,
            fixture.memory,
            fixture.memory_bytes,
            reader->page,
            &reader->ticket,
            NULL),
        MYC_OK);
    reader->sequence = reader->ticket.sequence;
    assert_int_equal(fixture_drain(reader), 63);
    fixture_deinit(&fixture);
}

// A reader taken out no longer gates; if it goes on all the same it finds itself FENCED. [RING-11]
static void test_leave_frees_the_writer_and_fences_the_reader(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    while (fixture_publish(&fixture, 56) == MYC_OK) {
    }
    myc_ring_leave(&fixture.writer, reader->ticket.slot);
    assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    struct myc_ring_reader_state out;
    assert_int_equal(
        myc_ring_reader_state(&fixture.writer, reader->ticket.slot, &out), MYC_NOT_FOUND);
    assert_int_equal(myc_ring_reader_state(&fixture.writer, 64, &out), MYC_NOT_FOUND);
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_FENCED);
    (void)myc_ring_poll(&reader->reader, fixture_on_record, reader, 1);
    assert_int_equal(myc_ring_poll(&reader->reader, fixture_on_record, reader, 1), 0);
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_FENCED);
    fixture_deinit(&fixture);
}

// A page that claims the impossible poisons its own reader and holds up nobody. [RING-12]
static void test_impossible_head_poisons_only_that_reader(void **state)
{
    (void)state;
    for (int direction = 0; direction < 2; direction++) {
        struct fixture fixture;
        fixture_init(&fixture, 4096);
        struct fixture_reader *honest = fixture_join(&fixture, 0, MYC_RING_LIVE);
        struct fixture_reader *liar = fixture_join(&fixture, 1, MYC_RING_LIVE);
        for (int i = 0; i < 200; i++) {
            assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
            assert_int_equal(fixture_drain(honest), 1);
            assert_int_equal(fixture_drain(liar), 1);
        }
        set_head(liar, direction == 0 ? 8 : fixture.writer.position + (1 << 20));
        size_t accepted = 0;
        while (fixture_publish(&fixture, 56) == MYC_OK) {
            accepted++;
        }
        assert_int_equal(accepted, 63);
        assert_true(state_of(&fixture, 1).is_poisoned);
        assert_false(state_of(&fixture, 1).is_active);
        assert_false(state_of(&fixture, 0).is_poisoned);
        assert_int_equal(myc_ring_reader_status(&liar->reader), MYC_FENCED);
        assert_int_equal(fixture_drain(honest), 63);
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
        // Taken out, the slot serves again.
        myc_ring_leave(&fixture.writer, liar->ticket.slot);
        liar = fixture_join(&fixture, 1, MYC_RING_LIVE);
        assert_true(state_of(&fixture, 1).is_active);
        fixture_deinit(&fixture);
    }
}

// A head that only goes back, still inside the window, slows the writer but endangers nobody.
// [RING-12]
static void test_a_head_going_back_cannot_lower_the_limit(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
        assert_int_equal(fixture_drain(reader), 1);
    }
    set_head(reader, 64);
    uint64_t limit = fixture.writer.limit;
    for (int i = 0; i < 20; i++) {
        (void)fixture_publish(&fixture, 56);
        assert_true(fixture.writer.limit >= limit);
        assert_true(myc_ring_is_valid(&fixture.writer));
    }
    assert_false(state_of(&fixture, 0).is_poisoned);
    fixture_deinit(&fixture);
}

// What the writer's process can tell of a reader matches what the reader did. [RING-12]
static void test_reader_state_follows_the_reader(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    }
    assert_int_equal(myc_ring_poll(&reader->reader, fixture_on_record, reader, 4), 4);
    struct myc_ring_reader_state out = state_of(&fixture, 0);
    assert_true(out.is_active);
    assert_int_equal(out.position, 4 * 64);
    assert_int_equal(out.sequence, 4);
    assert_int_equal(out.lag_bytes, 6 * 64);
    fixture_deinit(&fixture);
}

// ---- Polling ----

struct batch_watch {
    struct fixture *fixture;
    struct fixture_reader *reader;
    uint64_t head_max; // the largest head that the writer's process saw from inside a handler
};

static void watch_head(const struct myc_record *record, void *context)
{
    struct batch_watch *watch = context;
    uint64_t head = state_of(watch->fixture, 0).position;
    watch->head_max = head > watch->head_max ? head : watch->head_max;
    fixture_on_record(record, watch->reader);
}

// The head moves once a batch of 64, after its handlers returned. [RING-14]
static void test_poll_moves_the_head_once_a_batch(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 65536);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    }
    struct batch_watch watch = {&fixture, reader, 0};
    assert_int_equal(myc_ring_poll(&reader->reader, watch_head, &watch, 64), 64);
    assert_int_equal(watch.head_max, 0);
    assert_int_equal(state_of(&fixture, 0).position, 64 * 16);
    assert_int_equal(myc_ring_poll(&reader->reader, watch_head, &watch, 1000), 36);
    assert_int_equal(watch.head_max, 64 * 16);
    assert_int_equal(state_of(&fixture, 0).lag_bytes, 0);
    assert_false(reader->is_wrong);
    fixture_deinit(&fixture);
}

static void publish_back(const struct myc_record *record, void *context)
{
    struct batch_watch *watch = context;
    fixture_on_record(record, watch->reader);
    if (record->sequence < 50) {
        assert_int_equal(fixture_publish(watch->fixture, 8), MYC_OK);
    }
}

// A handler may publish into the very ring that is being polled. [RING-14]
static void test_handler_may_publish(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    struct batch_watch watch = {&fixture, reader, 0};
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    assert_int_equal(myc_ring_poll(&reader->reader, publish_back, &watch, 1000), 50);
    assert_false(reader->is_wrong);
    fixture_deinit(&fixture);
}

static void leave_self(const struct myc_record *record, void *context)
{
    struct batch_watch *watch = context;
    (void)record;
    watch->head_max++;
    myc_ring_leave(&watch->fixture->writer, watch->reader->ticket.slot);
}

// A handler may end its own subscription; the batch in hand ends in order. [RING-14]
static void test_handler_may_leave(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 65536);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    struct batch_watch watch = {&fixture, reader, 0};
    for (int i = 0; i < 100; i++) {
        assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    }
    assert_int_equal(myc_ring_poll(&reader->reader, leave_self, &watch, 1000), 64);
    assert_int_equal(watch.head_max, 64);
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_FENCED);
    fixture_deinit(&fixture);
}

// Every kind of impossible header stops the reader with CORRUPT, at that record and for good.
// [RING-17]
static void test_impossible_headers_are_corrupt(void **state)
{
    (void)state;
    uint64_t words[] = {
        myc_record_word(0, 3, 8),                    // not committed, yet not zero
        myc_record_word(7, 0, 4096),                 // beyond the end of the run
        myc_record_word(7, 0, UINT32_MAX),           //
        myc_record_word(MYC_RECORD_PAD, 0, 4096),    //
        myc_record_word(MYC_RECORD_GAP, 0, 8),       // too short
        myc_record_word(MYC_RECORD_GAP, 0, 16),      // counts nothing: its payload is zero
        myc_record_word(MYC_RECORD_ENVELOPE, 0, 8),  // no such record in this layout version
        myc_record_word(MYC_RECORD_HEARTBEAT, 0, 8), //
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct fixture fixture;
        fixture_init(&fixture, 4096);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
        memcpy(fixture.writer.data + 16, &words[i], sizeof words[i]);
        assert_int_equal(fixture_drain(reader), 1);
        assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_CORRUPT);
        assert_int_equal(fixture_drain(reader), 0);
        assert_null(myc_ring_peek(&reader->reader, 4096).data);
        assert_true(myc_ring_is_empty(&reader->reader));
        fixture_deinit(&fixture);
    }
}

// A GAP that counts beyond the last number there is stops the reader too, polled or peeked.
// [RING-17]
static void test_gap_beyond_the_last_sequence_is_corrupt(void **state)
{
    (void)state;
    for (int is_peek = 0; is_peek < 2; is_peek++) {
        struct fixture fixture;
        fixture_init(&fixture, 4096);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        const unsigned char gap[sizeof(struct myc_gap)] = {1};
        assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
        assert_int_equal(
            myc_ring_publish(&fixture.writer, MYC_RECORD_GAP, 0, gap, sizeof gap), MYC_OK);
        memset(fixture.writer.data + 16 + 8, 0xFF, 8);
        if (is_peek) {
            assert_int_equal(myc_ring_peek(&reader->reader, 4096).size, 16);
            myc_ring_consume(&reader->reader, 16);
            assert_int_equal(myc_ring_reader_sequence(&reader->reader), 1);
        } else {
            assert_int_equal(fixture_drain(reader), 1);
        }
        assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_CORRUPT);
        fixture_deinit(&fixture);
    }
}

// What was peeked is counted again if only a part is consumed: a GAP may have grown. [RING-17]
static void test_gap_that_grows_behind_a_peek_is_corrupt(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    const unsigned char gap[sizeof(struct myc_gap)] = {1};
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    assert_int_equal(myc_ring_publish(&fixture.writer, MYC_RECORD_GAP, 0, gap, sizeof gap), MYC_OK);
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    assert_int_equal(myc_ring_peek(&reader->reader, 4096).size, 16 + 24 + 16);
    memset(fixture.writer.data + 16 + 8, 0xFF, 8);
    myc_ring_consume(&reader->reader, 16 + 24);
    assert_int_equal(myc_ring_reader_sequence(&reader->reader), 1);
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_CORRUPT);
    fixture_deinit(&fixture);
}

// A ring full of nothing but PADs cannot keep a reader busy for ever. [RING-17]
static void test_endless_pads_are_corrupt(void **state)
{
    (void)state;
    for (int is_peek = 0; is_peek < 2; is_peek++) {
        struct fixture fixture;
        fixture_init(&fixture, 4096);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        uint64_t pad = myc_record_word(MYC_RECORD_PAD, 0, 0);
        for (size_t at = 0; at < 4096; at += 8) {
            memcpy(fixture.writer.data + at, &pad, sizeof pad);
        }
        if (is_peek) {
            assert_null(myc_ring_peek(&reader->reader, 4096).data);
        } else {
            assert_int_equal(fixture_drain(reader), 0);
        }
        assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_CORRUPT);
        fixture_deinit(&fixture);
    }
}

// ---- Peek and consume ----

// Peek gives runs of whole records up to the end of the ring, at least one, and no PAD. [RING-15]
static void test_peek_gives_runs_of_whole_records(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    assert_null(myc_ring_peek(&reader->reader, 100).data);
    fixture_advance_to(&fixture, 0, 4096 - 200);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(fixture_publish(&fixture, 72), MYC_OK);
    }
    struct myc_const_span span = myc_ring_peek(&reader->reader, 100000);
    assert_int_equal(span.size, 160);
    assert_ptr_equal(span.data, fixture.writer.data + 4096 - 200);
    assert_int_equal(myc_ring_peek(&reader->reader, 159).size, 80);
    assert_int_equal(myc_ring_peek(&reader->reader, 1).size, 80);
    uint64_t sequence = myc_ring_reader_sequence(&reader->reader);
    myc_ring_consume(&reader->reader, 80);
    assert_int_equal(myc_ring_reader_sequence(&reader->reader), sequence + 1);
    assert_int_equal(myc_ring_peek(&reader->reader, 100000).size, 80);
    myc_ring_consume(&reader->reader, 80);
    span = myc_ring_peek(&reader->reader, 100000);
    assert_int_equal(span.size, 160);
    assert_ptr_equal(span.data, fixture.writer.data);
    // The PAD's room is back although nothing behind it was consumed.
    assert_int_equal(state_of(&fixture, 0).position, 4096);
    myc_ring_consume(&reader->reader, 160);
    assert_null(myc_ring_peek(&reader->reader, 100000).data);
    assert_int_equal(myc_ring_reader_sequence(&reader->reader), sequence + 4);
    assert_int_equal(state_of(&fixture, 0).sequence, sequence + 4);
    fixture_deinit(&fixture);
}

// Consume takes whole records only: a count that splits one, or invents one, is refused. [RING-16]
static void test_consume_refuses_a_torn_record(void **state)
{
    (void)state;
    for (size_t bytes = 81; bytes < 240; bytes += 7) {
        struct fixture fixture;
        fixture_init(&fixture, 4096);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        assert_int_equal(fixture_publish(&fixture, 72), MYC_OK);
        assert_int_equal(fixture_publish(&fixture, 72), MYC_OK);
        assert_int_equal(myc_ring_peek(&reader->reader, 1000).size, 160);
        myc_ring_consume(&reader->reader, bytes);
        bool is_whole = bytes == 160;
        assert_int_equal(myc_ring_reader_status(&reader->reader), is_whole ? MYC_OK : MYC_CORRUPT);
        fixture_deinit(&fixture);
    }
}

// ---- Sleeping ----

// A sleeping reader is rung once for each arming, and an awake one never. [RING-7] [RING-18]
static void test_sleepers_are_rung_once_per_arming(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 65536);
    struct fixture_reader *first = fixture_join(&fixture, 0, MYC_RING_LIVE);
    struct fixture_reader *second = fixture_join(&fixture, 1, MYC_RING_LIVE);
    uint64_t bit0 = UINT64_C(1) << first->ticket.slot;
    uint64_t bit1 = UINT64_C(1) << second->ticket.slot;
    assert_int_equal(myc_ring_sleepers(&fixture.writer), 0);
    myc_ring_reader_arm(&first->reader);
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    assert_int_equal(myc_ring_sleepers(&fixture.writer), bit0);
    assert_int_equal(myc_ring_sleepers(&fixture.writer), 0);
    myc_ring_reader_disarm(&first->reader);
    assert_int_equal(myc_ring_sleepers(&fixture.writer), 0);
    myc_ring_reader_arm(&first->reader);
    myc_ring_reader_arm(&second->reader);
    assert_int_equal(myc_ring_sleepers(&fixture.writer), bit0 | bit1);
    // Armed again without a disarming in between: a new arming all the same.
    myc_ring_reader_arm(&second->reader);
    assert_int_equal(myc_ring_sleepers(&fixture.writer), bit1);
    // The next reader of the slot starts awake, and its first arming counts as new.
    myc_ring_reader_disarm(&first->reader);
    myc_ring_reader_arm(&first->reader);
    myc_ring_leave(&fixture.writer, first->ticket.slot);
    assert_int_equal(myc_ring_sleepers(&fixture.writer), 0);
    first = fixture_join(&fixture, 0, MYC_RING_LIVE);
    assert_int_equal(myc_ring_sleepers(&fixture.writer), 0);
    myc_ring_reader_arm(&first->reader);
    assert_int_equal(myc_ring_sleepers(&fixture.writer), bit0);
    fixture_deinit(&fixture);
}

struct overrun {
    struct fixture *fixture;
    size_t slot;
    int more;     /* messages to publish once the reader is out */
    int accepted; /* of these */
};

static void take_out_and_publish(const struct myc_record *record, void *context)
{
    struct overrun *overrun = context;
    (void)record;
    myc_ring_leave(&overrun->fixture->writer, (uint32_t)overrun->slot);
    for (; overrun->more > 0; overrun->more--) {
        overrun->accepted += fixture_publish(overrun->fixture, 56) == MYC_OK ? 1 : 0;
    }
}

// What a reader was handed while the writer went over it is not counted as read, but as distrusted;
// what the writer left alone is. [RING-25]
static void test_a_batch_that_was_overwritten_is_distrusted(void **state)
{
    (void)state;
    for (int is_overrun = 0; is_overrun < 2; is_overrun++) {
        struct fixture fixture;
        fixture_init(&fixture, 4096);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        for (int i = 0; i < 10; i++) {
            assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
            assert_int_equal(fixture_drain(reader), 1);
        }
        for (int i = 0; i < 20; i++) {
            assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
        }
        struct overrun overrun = {&fixture, reader->ticket.slot, is_overrun != 0 ? 60 : 1, 0};
        size_t handled = myc_ring_poll(&reader->reader, take_out_and_publish, &overrun, 5);
        assert_int_equal(overrun.accepted, is_overrun != 0 ? 60 : 1);
        assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_FENCED);
        if (is_overrun != 0) {
            assert_int_equal(myc_ring_reader_sequence(&reader->reader), 10);
            assert_true(myc_ring_reader_distrusted(&reader->reader) > 0);
            assert_true(myc_ring_reader_distrusted(&reader->reader) <= 5);
        } else {
            assert_int_equal(handled, 5);
            assert_int_equal(myc_ring_reader_sequence(&reader->reader), 15);
            assert_int_equal(myc_ring_reader_distrusted(&reader->reader), 0);
        }
        fixture_deinit(&fixture);
    }
}

// Bytes that look corrupt because the writer went over them are not the writer's fault. [RING-25]
static void test_who_was_taken_out_calls_nothing_corrupt(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    myc_ring_leave(&fixture.writer, reader->ticket.slot);
    // Records of another size: where the reader looks next there is a payload.
    for (int i = 0; i < 200; i++) {
        assert_int_equal(fixture_publish(&fixture, 8 + (size_t)(i % 7) * 8), MYC_OK);
    }
    (void)myc_ring_poll(&reader->reader, fixture_on_record, reader, 64);
    assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_FENCED);
    assert_int_equal(myc_ring_reader_sequence(&reader->reader), 0);
    fixture_deinit(&fixture);
}

// The writer's process sees in the page that a reader began, and that it reads no more. [RING-26]
static void test_a_page_tells_that_its_reader_left(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    assert_true(state_of(&fixture, 0).has_begun);
    assert_false(state_of(&fixture, 0).has_left);
    myc_ring_page_leave(reader->page);
    assert_true(state_of(&fixture, 0).has_left);
    assert_true(state_of(&fixture, 0).is_active);
    fixture_deinit(&fixture);
}

// A ring made without sleepers looks for none. [RING-7] [RING-19]
static void test_no_sleeping_unless_asked_for(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    fixture.options.readers_may_sleep = false;
    fixture.options.writer_may_sleep = false;
    memset(fixture.memory, 0, fixture.memory_bytes);
    assert_int_equal(
        myc_ring_writer_init(
            &fixture.writer, fixture.memory, fixture.memory_bytes, &fixture.options, NULL),
        MYC_OK);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    myc_ring_reader_arm(&reader->reader);
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    assert_int_equal(myc_ring_sleepers(&fixture.writer), 0);
    (void)myc_ring_writer_arm(&fixture.writer, 8);
    assert_false(myc_ring_reader_should_wake_writer(&reader->reader));
    fixture_deinit(&fixture);
}

// A blocked writer that armed is woken by each reader once; arming finds room made meanwhile.
// [RING-8]
static void test_blocked_writer_is_woken_once_per_arming(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 4096);
    struct fixture_reader *first = fixture_join(&fixture, 0, MYC_RING_LIVE);
    struct fixture_reader *second = fixture_join(&fixture, 1, MYC_RING_LIVE);
    while (fixture_publish(&fixture, 56) == MYC_OK) {
    }
    assert_false(myc_ring_reader_should_wake_writer(&first->reader));
    assert_true(myc_ring_writer_arm(&fixture.writer, 56));
    (void)fixture_drain(first);
    assert_true(myc_ring_reader_should_wake_writer(&first->reader));
    assert_false(myc_ring_reader_should_wake_writer(&first->reader));
    myc_ring_writer_disarm(&fixture.writer);
    assert_false(myc_ring_reader_should_wake_writer(&second->reader));
    assert_true(myc_ring_writer_arm(&fixture.writer, 56));
    assert_true(myc_ring_reader_should_wake_writer(&first->reader));
    assert_true(myc_ring_reader_should_wake_writer(&second->reader));
    myc_ring_writer_disarm(&fixture.writer);
    (void)fixture_drain(second);
    assert_false(myc_ring_writer_arm(&fixture.writer, 56));
    assert_false(myc_ring_writer_arm(&fixture.writer, 100000));
    myc_ring_writer_disarm(&fixture.writer);
    assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
    fixture_deinit(&fixture);
}

// What was peeked and overwritten before it was consumed is not to be believed. [RING-25]
static void test_what_was_peeked_and_overwritten_is_distrusted(void **state)
{
    (void)state;
    for (int is_overrun = 0; is_overrun < 2; is_overrun++) {
        for (size_t part = 64; part <= 128; part += 64) {
            struct fixture fixture;
            fixture_init(&fixture, 4096);
            struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
            for (int i = 0; i < 2; i++) {
                assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
            }
            assert_int_equal(myc_ring_peek(&reader->reader, 4096).size, 128);
            myc_ring_leave(&fixture.writer, reader->ticket.slot);
            for (int i = 0; is_overrun != 0 && i < 128; i++) {
                assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
            }
            myc_ring_consume(&reader->reader, part);
            uint64_t count = part / 64;
            assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_FENCED);
            assert_int_equal(
                myc_ring_reader_sequence(&reader->reader), is_overrun != 0 ? 0 : count);
            assert_int_equal(
                myc_ring_reader_distrusted(&reader->reader), is_overrun != 0 ? count : 0);
            fixture_deinit(&fixture);
        }
    }
}

// A payload where a header should be is no corruption to who was taken out before it peeked, or
// between that and consuming. [RING-17]
static void test_a_peek_of_who_was_taken_out_finds_nothing_corrupt(void **state)
{
    (void)state;
    for (int is_peeked = 0; is_peeked < 2; is_peeked++) {
        struct fixture fixture;
        fixture_init(&fixture, 4096);
        struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(fixture_publish(&fixture, 56), MYC_OK);
        }
        if (is_peeked != 0) {
            assert_int_equal(myc_ring_peek(&reader->reader, 4096).size, 128);
        }
        myc_ring_leave(&fixture.writer, reader->ticket.slot);
        fixture_fill(fixture.writer.data, 128, 1); // A later lap's payload.
        if (is_peeked != 0) {
            myc_ring_consume(&reader->reader, 64);
        } else {
            assert_null(myc_ring_peek(&reader->reader, 4096).data);
        }
        assert_int_equal(myc_ring_reader_status(&reader->reader), MYC_FENCED);
        fixture_deinit(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join_live_starts_at_the_next_record),
        cmocka_unit_test(test_join_earliest_gets_what_is_held),
        cmocka_unit_test(test_writer_runs_without_readers),
        cmocka_unit_test(test_slots_are_limited_and_reused),
        cmocka_unit_test(test_a_joined_reader_gates_before_it_attaches),
        cmocka_unit_test(test_leave_frees_the_writer_and_fences_the_reader),
        cmocka_unit_test(test_impossible_head_poisons_only_that_reader),
        cmocka_unit_test(test_a_head_going_back_cannot_lower_the_limit),
        cmocka_unit_test(test_reader_state_follows_the_reader),
        cmocka_unit_test(test_poll_moves_the_head_once_a_batch),
        cmocka_unit_test(test_handler_may_publish),
        cmocka_unit_test(test_handler_may_leave),
        cmocka_unit_test(test_impossible_headers_are_corrupt),
        cmocka_unit_test(test_gap_beyond_the_last_sequence_is_corrupt),
        cmocka_unit_test(test_gap_that_grows_behind_a_peek_is_corrupt),
        cmocka_unit_test(test_endless_pads_are_corrupt),
        cmocka_unit_test(test_peek_gives_runs_of_whole_records),
        cmocka_unit_test(test_consume_refuses_a_torn_record),
        cmocka_unit_test(test_a_batch_that_was_overwritten_is_distrusted),
        cmocka_unit_test(test_who_was_taken_out_calls_nothing_corrupt),
        cmocka_unit_test(test_what_was_peeked_and_overwritten_is_distrusted),
        cmocka_unit_test(test_a_peek_of_who_was_taken_out_finds_nothing_corrupt),
        cmocka_unit_test(test_a_page_tells_that_its_reader_left),
        cmocka_unit_test(test_sleepers_are_rung_once_per_arming),
        cmocka_unit_test(test_no_sleeping_unless_asked_for),
        cmocka_unit_test(test_blocked_writer_is_woken_once_per_arming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
