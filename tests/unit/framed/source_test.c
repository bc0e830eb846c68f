// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a source makes of records: epochs, ends, gaps, joins, interleaved publishers, and fragments
 * that no writer would send.
 */
#include "unit/framed/framed_fixture.h"

#include "framed/fragment.h"

// ---- Ends and epochs ----

// A train that its writer's death cut is lost when the next epoch takes over, and none of its bytes
// is in what follows. [FRAMED-8]
static void test_epoch_abandons_the_open_message(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_MESSAGE_BYTES_MAX);
    fixture_publish_part(&fixture, 1, 10000);
    uint64_t committed = fixture_poll(&fixture);
    assert_int_equal(fixture.seen.loss_count, 0);
    struct seen *seen = &fixture.seen;
    fixture_make_ring(&fixture, 2);
    fixture_attach(&fixture, MYC_RING_LIVE);
    assert_int_equal(seen->loss_count, 1);
    assert_int_equal(seen->loss.cause, MYC_FRAMED_LOSS_EPOCH);
    assert_int_equal(seen->loss.sequence, committed);
    // The same message id, size and type: only the epoch tells the two apart.
    assert_int_equal(fixture_publish(&fixture, 1, 3000), MYC_OK);
    (void)fixture_poll(&fixture);
    assert_int_equal(seen->message_count, 1);
    assert_int_equal(seen->message.size, 3000);
    assert_int_equal(seen->message.first_sequence, 1);
    fixture_close(&fixture);
}

// Without a new epoch the caller says that the publisher is gone; the slot is free again.
// [FRAMED-9]
static void test_end_tells_the_loss_and_frees_the_slot(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_MESSAGE_BYTES_MAX);
    uint64_t slots = fixture.assembler.slots_free;
    fixture_publish_part(&fixture, 1, 10000);
    (void)fixture_poll(&fixture);
    assert_int_not_equal(fixture.assembler.slots_free, slots);
    myc_framed_end(&fixture.source);
    assert_int_equal(fixture.seen.loss.cause, MYC_FRAMED_LOSS_ENDED);
    assert_int_equal(fixture.assembler.slots_free, slots);
    assert_int_equal(fixture_poll(&fixture), 0);
    myc_framed_end(&fixture.source);
    assert_int_equal(fixture.seen.loss_count, 1);
    fixture_close(&fixture);
}

// A ring closed inside a train: everything before is handed over, the rest is told. [FRAMED-10]
static void test_poll_tells_the_loss_at_the_ring_end(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_MESSAGE_BYTES_MAX);
    assert_int_equal(fixture_publish(&fixture, 1, 100), MYC_OK);
    fixture_publish_part(&fixture, 2, 10000);
    myc_ring_writer_close(&fixture.ring_writer);
    assert_int_equal(fixture_poll(&fixture), myc_ring_committed(&fixture.ring_writer));
    assert_int_equal(fixture.seen.message_count, 1);
    assert_int_equal(fixture.seen.loss_count, 1);
    assert_int_equal(fixture.seen.loss.cause, MYC_FRAMED_LOSS_ENDED);
    assert_int_equal(myc_framed_status(&fixture.source), MYC_CLOSED);
    assert_int_equal(fixture_poll(&fixture), 0);
    assert_int_equal(fixture.seen.loss_count, 1);
    fixture_close(&fixture);
}

// A reader that is taken out inside a train is told the loss too. [FRAMED-10] [FRAMED-12]
static void test_poll_tells_the_loss_when_fenced(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_MESSAGE_BYTES_MAX);
    fixture_publish_part(&fixture, 2, 10000);
    (void)fixture_poll(&fixture);
    myc_ring_leave(&fixture.ring_writer, fixture.ticket.slot);
    assert_int_equal(fixture_poll(&fixture), 0);
    assert_int_equal(fixture.seen.loss.cause, MYC_FRAMED_LOSS_ENDED);
    assert_int_equal(myc_framed_status(&fixture.source), MYC_FENCED);
    fixture_close(&fixture);
}

// ---- Joins, gaps, limits ----

// Who joins inside a train is told of its rest as one loss, then gets the next message. [FRAMED-8]
static void test_join_inside_a_train(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_MESSAGE_BYTES_MAX);
    fixture_publish_part(&fixture, 1, 5000);
    uint64_t half = fixture_poll(&fixture);
    myc_ring_leave(&fixture.ring_writer, fixture.ticket.slot);
    fixture_attach(&fixture, MYC_RING_LIVE); // The same publisher and epoch.
    assert_int_equal(fixture.seen.loss.cause, MYC_FRAMED_LOSS_ENDED);
    assert_int_equal(myc_framed_resume(&fixture.writer), MYC_OK);
    assert_int_equal(fixture_publish(&fixture, 2, 700), MYC_OK);
    (void)fixture_poll(&fixture);
    assert_int_equal(fixture.seen.loss_count, 2);
    assert_int_equal(fixture.seen.loss.cause, MYC_FRAMED_LOSS_PARTIAL);
    assert_int_equal(fixture.seen.loss.first_sequence, half + 1);
    assert_int_equal(fixture.seen.loss.received, 5000);
    assert_int_equal(fixture.seen.message_count, 1);
    assert_int_equal(fixture.seen.message.version, 2);
    fixture_close(&fixture);
}

static void publish_gap(struct fixture *fixture, uint64_t count)
{
    const struct myc_gap gap = {count, MYC_LOSS_DROPPED_NEWEST, 0};
    assert_int_equal(
        myc_ring_publish(&fixture->ring_writer, MYC_RECORD_GAP, 1, &gap, sizeof gap), MYC_OK);
}

// A GAP between messages is told with its count; inside a train the train is lost as well, and what
// comes of it behind the GAP.
static void test_gap_is_told_and_cuts_a_train(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_MESSAGE_BYTES_MAX);
    publish_gap(&fixture, 5);
    assert_int_equal(fixture_poll(&fixture), 1);
    assert_int_equal(fixture.seen.loss.cause, MYC_FRAMED_LOSS_GAP);
    assert_int_equal(fixture.seen.loss.ring_cause, MYC_LOSS_DROPPED_NEWEST);
    assert_int_equal(fixture.seen.loss.first_sequence, 1);
    assert_int_equal(fixture.seen.loss.sequence, 5);
    fixture_publish_part(&fixture, 1, 5000);
    (void)fixture_poll(&fixture);
    publish_gap(&fixture, 2);
    (void)fixture_poll(&fixture);
    assert_int_equal(fixture.seen.loss_count, 3);
    assert_int_equal(fixture.source.counts.losses[MYC_FRAMED_LOSS_CUT], 1);
    assert_int_equal(fixture.source.counts.records_lost[MYC_FRAMED_LOSS_GAP], 7);
    assert_int_equal(myc_framed_resume(&fixture.writer), MYC_OK);
    assert_int_equal(fixture_publish(&fixture, 2, 700), MYC_OK);
    (void)fixture_poll(&fixture);
    assert_int_equal(fixture.seen.loss_count, 4);
    assert_int_equal(fixture.seen.loss.cause, MYC_FRAMED_LOSS_PARTIAL);
    assert_int_equal(fixture.seen.message_count, 1);
    assert_int_equal(fixture.seen.message.version, 2);
    fixture_close(&fixture);
}

// A message above the bound is lost, told once, and memory is not touched; the bound itself fits.
static void test_message_above_the_bound_is_told(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, 1001);
    assert_int_equal(fixture_publish(&fixture, 1, 1002), MYC_OK);
    assert_int_equal(fixture_publish(&fixture, 2, 1001), MYC_OK);
    (void)fixture_poll(&fixture);
    assert_int_equal(fixture.seen.loss_count, 1);
    assert_int_equal(fixture.seen.loss.cause, MYC_FRAMED_LOSS_TOO_BIG);
    assert_int_equal(fixture.seen.loss.size, 1002);
    assert_int_equal(fixture.seen.message_count, 1);
    assert_int_equal(fixture.seen.message.version, 2);
    fixture_close(&fixture);
}

// The last message of a batch says so, however small the batches are. [FRAMED-10]
static void test_last_of_a_batch_says_so(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, 1000);
    for (uint16_t version = 1; version <= 6; version++) {
        assert_int_equal(fixture_publish(&fixture, version, 40), MYC_OK);
    }
    assert_int_equal(myc_framed_poll(&fixture.source, 2), 2);
    assert_int_equal(fixture.seen.end_count, 1);
    assert_int_equal(fixture.seen.message.version, 2);
    assert_true(fixture.seen.message.is_end_of_batch);
    assert_int_equal(fixture_poll(&fixture), 4);
    assert_int_equal(fixture.seen.end_count, 2);
    assert_true(fixture.seen.message.is_end_of_batch);
    assert_int_equal(fixture.seen.message.sequence, 6);
    fixture_close(&fixture);
}

// ---- Fragments by hand ----

struct hand {
    struct seen seen;
    struct myc_framed_assembler assembler;
    struct myc_framed_source source;
    struct myc_framed_source other;
    struct seen other_seen;
    _Alignas(8) unsigned char slots[1024];
    uint64_t sequence;
};

static void hand_open(struct hand *hand, uint32_t reassemblies)
{
    const struct myc_framed_assembler_options options = {512, reassemblies};
    memset(hand, 0, sizeof *hand);
    assert_int_equal(
        myc_framed_assembler_init(
            &hand->assembler, hand->slots, myc_framed_memory_size(&options), &options, NULL),
        MYC_OK);
    struct myc_framed_handler handler = {
        .message = fixture_on_message, .loss = fixture_on_loss, .context = &hand->seen};
    myc_framed_source_init(&hand->source, &hand->assembler, &handler);
    myc_framed_begin(&hand->source, 1, 1);
    handler.context = &hand->other_seen;
    myc_framed_source_init(&hand->other, &hand->assembler, &handler);
    myc_framed_begin(&hand->other, 2, 1);
}

// Feeds one fragment of `part` bytes, `size` of them handed over.
static enum myc_status feed_sized(
    struct hand *hand,
    struct myc_framed_source *source,
    const struct myc__fragment *fragment,
    size_t part,
    uint32_t size)
{
    _Alignas(8) unsigned char bytes[1024];
    myc__fragment_encode(fragment, bytes);
    for (size_t i = 0; i < part; i++) {
        bytes[MYC_FRAMED_HEADER_BYTES + i] = fixture_byte(fragment->version, fragment->offset + i);
    }
    struct myc_record record = {
        .type = MYC_FRAMED_FRAGMENT,
        .version = MYC_FRAMED_FORMAT,
        .size = size,
        .payload = bytes,
        .sequence = ++hand->sequence};
    return myc_framed_feed(source, &record, false);
}

static enum myc_status feed(
    struct hand *hand, struct myc_framed_source *source, struct myc__fragment fragment, size_t part)
{
    return feed_sized(hand, source, &fragment, part, (uint32_t)(MYC_FRAMED_HEADER_BYTES + part));
}

// Two publishers share the assembler: their trains come interleaved and stay apart.
static void test_publishers_interleave(void **state)
{
    (void)state;
    struct hand hand;
    hand_open(&hand, 2);
    struct myc__fragment one = {.message_id = 1, .total = 400, .type = 7, .version = 11};
    struct myc__fragment two = {.message_id = 1, .total = 400, .type = 7, .version = 12};
    for (uint32_t i = 0; i < 4; i++) {
        one.index = two.index = i;
        one.offset = two.offset = i * 100;
        // Each publisher counts its own records.
        hand.sequence = i;
        assert_int_equal(feed(&hand, &hand.source, one, 100), MYC_OK);
        hand.sequence = i;
        assert_int_equal(feed(&hand, &hand.other, two, 100), MYC_OK);
    }
    assert_int_equal(hand.seen.message_count, 1);
    assert_int_equal(hand.seen.message.version, 11);
    assert_int_equal(hand.other_seen.message_count, 1);
    assert_int_equal(hand.other_seen.message.version, 12);
}

// When every reassembly is taken, a publisher's message is lost and told; the next one fits again.
static void test_no_slot_is_told(void **state)
{
    (void)state;
    struct hand hand;
    hand_open(&hand, 1);
    struct myc__fragment part = {.message_id = 1, .total = 200, .type = 7, .version = 3};
    assert_int_equal(feed(&hand, &hand.source, part, 100), MYC_OK);
    hand.sequence = 0;
    assert_int_equal(feed(&hand, &hand.other, part, 100), MYC_OK);
    part.index = 1;
    part.offset = 100;
    assert_int_equal(feed(&hand, &hand.other, part, 100), MYC_OK);
    assert_int_equal(hand.other_seen.message_count, 0);
    assert_int_equal(hand.other_seen.loss_count, 1);
    assert_int_equal(hand.other_seen.loss.cause, MYC_FRAMED_LOSS_NO_SLOT);
    assert_int_equal(hand.other_seen.loss.first_sequence, 1);
    assert_int_equal(hand.other_seen.loss.sequence, 2);
    hand.sequence = 1;
    assert_int_equal(feed(&hand, &hand.source, part, 100), MYC_OK);
    assert_int_equal(hand.seen.message_count, 1);
    hand.sequence = 2;
    struct myc__fragment next = {.message_id = 2, .total = 200, .type = 7, .version = 4};
    assert_int_equal(feed(&hand, &hand.other, next, 150), MYC_OK);
    next.index = 1;
    next.offset = 150;
    assert_int_equal(feed(&hand, &hand.other, next, 50), MYC_OK);
    assert_int_equal(hand.other_seen.message_count, 1);
}

// What no writer would send ends the source, with the open message told as lost. [FRAMED-11]
static void test_malformed_fragments_are_corrupt(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct myc__fragment fragment;
        uint32_t part;
    } bad[] = {
        // Alone, whatever came before.
        {"no id", {0, 300, 0, 0, 7, 1}, 100},
        {"type 0", {2, 300, 0, 0, 0, 1}, 100},
        {"a fragment's type", {2, 300, 0, 0, MYC_FRAMED_FRAGMENT, 1}, 100},
        {"a library's type", {2, 300, 0, 0, 0xFF03, 1}, 100},
        {"all in one", {2, 100, 0, 0, 7, 1}, 100},
        {"more than all", {2, 99, 0, 0, 7, 1}, 100},
        {"nothing", {2, 300, 0, 0, 7, 1}, 0},
        {"beyond the total", {1, 300, 201, 1, 7, 1}, 100},
        {"an offset that wraps", {1, 300, UINT32_MAX - 50, 1, 7, 1}, 100},
        {"index 0 behind the start", {2, 300, 100, 0, 7, 1}, 100},
        {"index 1 at the start", {1, 300, 0, 1, 7, 1}, 100},
        // In the train of id 1, of which index 0 came.
        {"the same again", {1, 300, 0, 0, 7, 1}, 100},
        {"one left out", {1, 300, 200, 2, 7, 1}, 100},
        {"an index left out", {1, 300, 100, 2, 7, 1}, 100},
        {"an overlap", {1, 300, 99, 1, 7, 1}, 100},
        {"a hole", {1, 300, 101, 1, 7, 1}, 100},
        {"a part beyond the total", {1, 300, 100, 1, 7, 1}, 250},
        {"another total", {1, 301, 100, 1, 7, 1}, 100},
        {"a larger total", {1, 512, 100, 1, 7, 1}, 400},
        {"another type", {1, 300, 100, 1, 8, 1}, 100},
        {"another version", {1, 300, 100, 1, 7, 2}, 100},
        {"another id", {2, 300, 100, 1, 7, 1}, 100},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hand hand;
        hand_open(&hand, 1);
        const struct myc__fragment first = {1, 300, 0, 0, 7, 1};
        assert_int_equal(feed(&hand, &hand.source, first, 100), MYC_OK);
        if (feed(&hand, &hand.source, bad[i].fragment, bad[i].part) != MYC_CORRUPT) {
            fail_msg("%s is taken", bad[i].what);
        }
        assert_int_equal(hand.seen.loss_count, 1);
        assert_int_equal(hand.seen.loss.cause, MYC_FRAMED_LOSS_ENDED);
        assert_int_equal(hand.assembler.slots_free, 1);
        assert_int_equal(myc_framed_status(&hand.source), MYC_CORRUPT);
        // For good, but for a new beginning.
        const struct myc__fragment next = {1, 300, 100, 1, 7, 1};
        assert_int_equal(feed(&hand, &hand.source, next, 100), MYC_CORRUPT);
        assert_int_equal(hand.seen.message_count, 0);
        myc_framed_begin(&hand.source, 1, 2);
        hand.sequence = 1;
        assert_int_equal(feed(&hand, &hand.source, first, 100), MYC_OK);
    }
}

// A train's end, or a record too short for its header, leaves nothing to continue. [FRAMED-11]
static void test_fragments_out_of_place_are_corrupt(void **state)
{
    (void)state;
    struct hand hand;
    struct myc__fragment part = {1, 200, 0, 0, 7, 1};
    hand_open(&hand, 1);
    assert_int_equal(feed(&hand, &hand.source, part, 100), MYC_OK);
    part.index = 1;
    part.offset = 100;
    assert_int_equal(feed(&hand, &hand.source, part, 100), MYC_OK);
    assert_int_equal(hand.seen.message_count, 1);
    assert_int_equal(feed(&hand, &hand.source, part, 100), MYC_CORRUPT);
    static const uint32_t sizes[] = {0, 8, MYC_FRAMED_HEADER_BYTES - 1, MYC_FRAMED_HEADER_BYTES};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct myc__fragment first = {1, 200, 0, 0, 7, 1};
        hand_open(&hand, 1);
        assert_int_equal(feed_sized(&hand, &hand.source, &first, 100, sizes[i]), MYC_CORRUPT);
    }
}

// An id never comes again within an epoch, not even where a GAP made the reader forget. [FRAMED-11]
static void test_ids_rise_across_a_gap(void **state)
{
    (void)state;
    struct hand hand;
    hand_open(&hand, 1);
    const struct myc__fragment first = {5, 300, 0, 0, 7, 1};
    const struct myc__fragment older = {4, 300, 100, 1, 7, 1};
    struct myc_gap gap = {2, MYC_LOSS_LAPPED, 0};
    struct myc_record record = {
        .type = MYC_RECORD_GAP, .version = 1, .size = sizeof gap, .payload = &gap, .sequence = 3};
    assert_int_equal(feed(&hand, &hand.source, first, 100), MYC_OK);
    assert_int_equal(myc_framed_feed(&hand.source, &record, false), MYC_OK);
    hand.sequence = 3;
    assert_int_equal(feed(&hand, &hand.source, older, 100), MYC_CORRUPT);
}

// Records of other kinds, and GAPs that count nothing or too much, are refused. [FRAMED-11]
static void test_other_records_are_corrupt(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        uint32_t size;
        uint64_t count;
    } bad[] = {
        {0, 16, 1},
        {MYC_RECORD_PAD, 16, 1},
        {MYC_RECORD_HELLO, 16, 1},
        {MYC_RECORD_GAP, 15, 1},
        {MYC_RECORD_GAP, 16, 0},
        {MYC_RECORD_GAP, 16, 10},
        {MYC_FRAMED_FRAGMENT, 16, 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hand hand;
        hand_open(&hand, 1);
        const struct myc_gap gap = {bad[i].count, 0, 0};
        const struct myc_record record = {
            .type = bad[i].type,
            .version = MYC_FRAMED_FORMAT,
            .size = bad[i].size,
            .payload = &gap,
            .sequence = 9};
        assert_int_equal(myc_framed_feed(&hand.source, &record, true), MYC_CORRUPT);
        assert_int_equal(hand.seen.message_count + hand.seen.loss_count, 0);
    }
}

// A fragment of a format from the future is not guessed at. [FRAMED-11]
static void test_another_format_is_corrupt(void **state)
{
    (void)state;
    struct hand hand;
    hand_open(&hand, 1);
    _Alignas(8) unsigned char bytes[64] = {0};
    const struct myc__fragment first = {1, 300, 0, 0, 7, 1};
    myc__fragment_encode(&first, bytes);
    struct myc_record record = {
        .type = MYC_FRAMED_FRAGMENT,
        .version = MYC_FRAMED_FORMAT + 1,
        .size = sizeof bytes,
        .payload = bytes,
        .sequence = 1};
    assert_int_equal(myc_framed_feed(&hand.source, &record, true), MYC_CORRUPT);
}

// Each cause has its sentence. [FRAMED-9]
static void test_losses_have_sentences(void **state)
{
    (void)state;
    assert_string_equal(
        myc_framed_loss_text(MYC_FRAMED_LOSS_PARTIAL), "reading began inside the message");
    assert_string_equal(myc_framed_loss_text(MYC_FRAMED_LOSS_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_epoch_abandons_the_open_message),
        cmocka_unit_test(test_end_tells_the_loss_and_frees_the_slot),
        cmocka_unit_test(test_poll_tells_the_loss_at_the_ring_end),
        cmocka_unit_test(test_poll_tells_the_loss_when_fenced),
        cmocka_unit_test(test_join_inside_a_train),
        cmocka_unit_test(test_gap_is_told_and_cuts_a_train),
        cmocka_unit_test(test_message_above_the_bound_is_told),
        cmocka_unit_test(test_last_of_a_batch_says_so),
        cmocka_unit_test(test_publishers_interleave),
        cmocka_unit_test(test_no_slot_is_told),
        cmocka_unit_test(test_malformed_fragments_are_corrupt),
        cmocka_unit_test(test_fragments_out_of_place_are_corrupt),
        cmocka_unit_test(test_ids_rise_across_a_gap),
        cmocka_unit_test(test_other_records_are_corrupt),
        cmocka_unit_test(test_another_format_is_corrupt),
        cmocka_unit_test(test_losses_have_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
