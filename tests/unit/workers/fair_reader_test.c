// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Turns, budgets and ends of a fair reader over several rings: one thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/fair_framed.h>
#include <mycelium/fair_reader.h>

enum { LANES = 5, CAPACITY = MYC_RING_LAPPED_CAPACITY_MIN, BUDGET = 7, TRACE_MAX = 20000 };

// One ring, its writer and its reader.
struct lane {
    struct myc_ring_writer writer;
    struct myc_ring_reader reader;
    struct myc_ring_ticket ticket;
    struct myc_ring_options options;
    void *memory;
    size_t memory_bytes;
    void *page;
    uint64_t seen; // last sequence handled
    uint64_t records;
    uint64_t lost;
    uint64_t batches;
    uint32_t ends;
    enum myc_status end;
    _Alignas(8) unsigned char copy[CAPACITY / 4];
};

struct hall {
    struct myc_fair_reader fair;
    struct lane lanes[LANES];
    uint32_t lane_of[MYC_FAIR_MEMBERS_MAX];
    uint32_t members[LANES];
    uint32_t trace[TRACE_MAX]; // lanes in the order in which their records came
    size_t traced;
    uint32_t remove_lane; // by the handler, at its next record; LANES: none
};

static void on_record(uint32_t member, const struct myc_record *record, void *context)
{
    struct hall *hall = context;
    uint32_t number = hall->lane_of[member];
    struct lane *lane = &hall->lanes[number];
    uint64_t count = 1;
    if (record->type == MYC_RECORD_GAP) {
        struct myc_gap gap;
        memcpy(&gap, record->payload, sizeof gap);
        count = gap.count;
        lane->lost += count;
    } else {
        uint64_t value;
        assert_int_equal(record->type, 100 + number);
        assert_int_equal(record->version, 3);
        memcpy(&value, record->payload, sizeof value);
        assert_int_equal(value, record->sequence);
    }
    assert_int_equal(record->sequence, lane->seen + count);
    assert_true(lane->records == 0 || record->position > 0);
    lane->seen = record->sequence;
    lane->records++;
    lane->batches += record->is_end_of_batch;
    if (hall->traced < TRACE_MAX) {
        hall->trace[hall->traced++] = number;
    }
    if (hall->remove_lane == number) {
        hall->remove_lane = LANES;
        myc_fair_remove(&hall->fair, member);
    }
}

static void on_end(uint32_t member, enum myc_status status, void *context)
{
    struct hall *hall = context;
    struct lane *lane = &hall->lanes[hall->lane_of[member]];
    lane->ends++;
    lane->end = status;
}

static void *take(size_t alignment, size_t bytes)
{
    void *memory = aligned_alloc(alignment, bytes);
    assert_non_null(memory);
    memset(memory, 0, bytes);
    return memory;
}

static void lane_open(struct lane *lane)
{
    lane->options.capacity_bytes = CAPACITY;
    lane->options.readers_max = 2;
    lane->options.readers_may_sleep = true;
    lane->options.writer_may_sleep = true;
    lane->options.readers_may_be_lapped = true;
    lane->memory_bytes = myc_ring_memory_size(&lane->options);
    lane->memory = take(4096, lane->memory_bytes);
    lane->page = take(64, MYC_RING_PAGE_BYTES);
    assert_int_equal(
        myc_ring_writer_init(&lane->writer, lane->memory, lane->memory_bytes, &lane->options, NULL),
        MYC_OK);
}

static void lane_join(struct lane *lane)
{
    assert_int_equal(
        myc_ring_join(&lane->writer, lane->page, MYC_RING_LIVE, &lane->ticket), MYC_OK);
    assert_int_equal(
        myc_ring_reader_init(
            &lane->reader, lane->memory, lane->memory_bytes, lane->page, &lane->ticket, NULL),
        MYC_OK);
}

static void lane_join_lapping(struct lane *lane)
{
    struct myc_span copy = {lane->copy, sizeof lane->copy};
    assert_int_equal(
        myc_ring_join_lapping(&lane->writer, lane->page, MYC_RING_LIVE, &lane->ticket), MYC_OK);
    assert_int_equal(
        myc_ring_lapping_init(
            &lane->reader,
            lane->memory,
            lane->memory_bytes,
            lane->page,
            &lane->ticket,
            MYC_RING_DROP_OLDEST,
            copy,
            NULL),
        MYC_OK);
}

static struct hall *hall_create(uint32_t lapping_lane)
{
    const struct myc_fair_options options = {
        .budget = BUDGET, .record = on_record, .end = on_end, .context = NULL};
    struct hall *hall = take(64, (sizeof *hall + 63) / 64 * 64);
    struct myc_fair_options mine = options;
    mine.context = hall;
    hall->remove_lane = LANES;
    assert_int_equal(myc_fair_init(&hall->fair, &mine), MYC_OK);
    for (uint32_t i = 0; i < LANES; i++) {
        lane_open(&hall->lanes[i]);
        if (i == lapping_lane) {
            lane_join_lapping(&hall->lanes[i]);
        } else {
            lane_join(&hall->lanes[i]);
        }
    }
    return hall;
}

static void add(struct hall *hall, uint32_t lane)
{
    assert_int_equal(
        myc_fair_add(&hall->fair, &hall->lanes[lane].reader, &hall->members[lane]), MYC_OK);
    hall->lane_of[hall->members[lane]] = lane;
}

static void add_all(struct hall *hall)
{
    for (uint32_t i = 0; i < LANES; i++) {
        add(hall, i);
    }
}

static void hall_destroy(struct hall *hall)
{
    for (uint32_t i = 0; i < LANES; i++) {
        free(hall->lanes[i].memory);
        free(hall->lanes[i].page);
    }
    free(hall);
}

static bool publish(struct hall *hall, uint32_t lane)
{
    uint64_t value = myc_ring_committed(&hall->lanes[lane].writer) + 1;
    enum myc_status status = myc_ring_publish(
        &hall->lanes[lane].writer, (uint16_t)(100 + lane), 3, &value, sizeof value);
    assert_true(status == MYC_OK || status == MYC_FULL);
    return status == MYC_OK;
}

static void publish_many(struct hall *hall, uint32_t lane, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_true(publish(hall, lane));
    }
}

// ---- Turns ----

// Members take turns of at most a budget, whatever the others have. [FAIR-1] [FAIR-7]
static void test_turns_go_round(void **state)
{
    (void)state;
    struct hall *hall = hall_create(LANES);
    add_all(hall);
    publish_many(hall, 0, 20);
    publish_many(hall, 2, 9);
    publish_many(hall, 4, 1);
    assert_int_equal(myc_fair_poll(&hall->fair, SIZE_MAX), 30);
    static const uint32_t expected[][2] = {{0, 7}, {2, 7}, {4, 1}, {0, 7}, {2, 2}, {0, 6}};
    size_t at = 0;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        for (uint32_t k = 0; k < expected[i][1]; k++) {
            assert_int_equal(hall->trace[at++], expected[i][0]);
        }
    }
    assert_int_equal(at, hall->traced);
    assert_int_equal(hall->lanes[0].batches, 3);
    assert_int_equal(myc_fair_poll(&hall->fair, SIZE_MAX), 0);
    hall_destroy(hall);
}

// A poll that is cut short goes on with the same turn: nobody gains or loses by small polls.
static void test_a_short_poll_does_not_end_a_turn(void **state)
{
    (void)state;
    struct hall *whole = hall_create(LANES);
    struct hall *cut = hall_create(LANES);
    add_all(whole);
    add_all(cut);
    for (uint32_t i = 0; i < LANES; i++) {
        publish_many(whole, i, 10 + 13 * i);
        publish_many(cut, i, 10 + 13 * i);
    }
    size_t count = myc_fair_poll(&whole->fair, SIZE_MAX);
    for (size_t i = 0; i < count; i += 3) {
        size_t wanted = count - i < 3 ? count - i : 3;
        assert_int_equal(myc_fair_poll(&cut->fair, 3), wanted);
    }
    assert_int_equal(whole->traced, cut->traced);
    assert_memory_equal(whole->trace, cut->trace, whole->traced * sizeof whole->trace[0]);
    hall_destroy(whole);
    hall_destroy(cut);
}

static uint64_t draw(uint64_t *seed, uint64_t bound)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (*seed >> 33) % bound;
}

// Others keep their rings full: a record that lies behind d others of its ring waits for at most
// (members - 1) * budget * (1 + d / budget) records of them, however polls are cut. [FAIR-1]
static void test_nobody_waits_longer_than_the_bound(void **state)
{
    (void)state;
    uint64_t longest = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        uint64_t random = seed;
        struct hall *hall = hall_create(LANES);
        add_all(hall);
        uint32_t quiet = (uint32_t)draw(&random, LANES);
        uint64_t depth = draw(&random, 3 * BUDGET);
        for (uint64_t warm_up = draw(&random, 60); warm_up > 0; warm_up--) {
            for (uint32_t i = 0; i < LANES; i++) {
                while (i != quiet && publish(hall, i)) {
                }
            }
            (void)myc_fair_poll(&hall->fair, 1 + draw(&random, 2 * BUDGET));
        }
        publish_many(hall, quiet, (uint32_t)depth + 1);
        size_t before = hall->traced;
        while (hall->lanes[quiet].records < depth + 1) {
            for (uint32_t i = 0; i < LANES; i++) {
                while (i != quiet && publish(hall, i)) {
                }
            }
            (void)myc_fair_poll(&hall->fair, 1 + draw(&random, 2 * BUDGET));
        }
        uint64_t others = 0;
        uint64_t own = 0;
        for (size_t i = before; own < depth + 1; i++) {
            own += hall->trace[i] == quiet;
            others += hall->trace[i] != quiet;
        }
        assert_true(others <= (LANES - 1) * BUDGET * (1 + depth / BUDGET));
        longest = others > longest ? others : longest;
        hall_destroy(hall);
    }
    // The bound is reached, so it is not an accident of these runs.
    assert_true(longest >= (LANES - 1) * BUDGET);
}

// ---- Members ----

// Numbers are the lowest free ones; what is wrong is refused and changes nothing. [FAIR-2] [FAIR-3]
static void test_members_are_added_and_removed(void **state)
{
    (void)state;
    struct hall *hall = hall_create(LANES);
    const struct myc_fair_options no_function = {.budget = 1};
    struct myc_fair_reader other;
    assert_int_equal(myc_fair_init(&other, &no_function), MYC_INVALID);
    uint32_t member = 99;
    assert_int_equal(myc_fair_add(&hall->fair, NULL, &member), MYC_INVALID);
    add_all(hall);
    assert_int_equal(myc_fair_members(&hall->fair), LANES);
    assert_int_equal(myc_fair_add(&hall->fair, &hall->lanes[2].reader, &member), MYC_EXISTS);
    assert_int_equal(member, 99);
    assert_ptr_equal(myc_fair_ring(&hall->fair, 2), &hall->lanes[2].reader);
    publish_many(hall, 2, 3);
    myc_fair_remove(&hall->fair, 2);
    myc_fair_remove(&hall->fair, 2);
    assert_null(myc_fair_ring(&hall->fair, 2));
    assert_int_equal(myc_fair_status(&hall->fair, 2), MYC_NOT_FOUND);
    assert_int_equal(myc_fair_status(&hall->fair, MYC_FAIR_MEMBERS_MAX), MYC_NOT_FOUND);
    assert_int_equal(myc_fair_poll(&hall->fair, SIZE_MAX), 0);
    add(hall, 2); // what it had not read still lies there
    assert_int_equal(hall->members[2], 2);
    assert_int_equal(myc_fair_poll(&hall->fair, SIZE_MAX), 3);
    hall_destroy(hall);
}

// There is room for 64, and the 65th is told so. [FAIR-3]
static void test_members_are_limited(void **state)
{
    (void)state;
    struct hall *hall = hall_create(LANES);
    struct myc_ring_reader *readers = take(64, sizeof *readers * (MYC_FAIR_MEMBERS_MAX + 1));
    uint32_t member;
    for (uint32_t i = 0; i < MYC_FAIR_MEMBERS_MAX; i++) {
        assert_int_equal(myc_fair_add(&hall->fair, &readers[i], &member), MYC_OK);
        assert_int_equal(member, i);
    }
    assert_int_equal(myc_fair_add(&hall->fair, &readers[MYC_FAIR_MEMBERS_MAX], &member), MYC_LIMIT);
    free(readers);
    hall_destroy(hall);
}

// Who is removed by its own handler is handed the rest of its turn: nothing vanishes. [FAIR-5]
static void test_a_handler_may_remove_its_member(void **state)
{
    (void)state;
    struct hall *hall = hall_create(LANES);
    add_all(hall);
    publish_many(hall, 1, 10);
    hall->remove_lane = 1;
    assert_int_equal(myc_fair_poll(&hall->fair, SIZE_MAX), BUDGET);
    assert_int_equal(myc_fair_members(&hall->fair), LANES - 1);
    assert_int_equal(myc_ring_reader_sequence(&hall->lanes[1].reader), BUDGET);
    add(hall, 1);
    assert_int_equal(myc_fair_poll(&hall->fair, SIZE_MAX), 10 - BUDGET);
    hall_destroy(hall);
}

// ---- Ends ----

// Each end is told once, behind the last record, and the others go on. [FAIR-6] [FAIR-7]
static void test_ends_are_told_once(void **state)
{
    (void)state;
    struct hall *hall = hall_create(LANES);
    add_all(hall);
    for (uint32_t i = 0; i < LANES; i++) {
        publish_many(hall, i, 2 * BUDGET);
    }
    myc_ring_writer_close(&hall->lanes[0].writer);
    uint64_t word = myc_record_word(MYC_RECORD_HELLO, 0, 8);
    memcpy(hall->lanes[1].writer.data + hall->lanes[1].writer.position, &word, sizeof word);
    assert_int_equal(myc_fair_poll(&hall->fair, 3), 3);
    assert_true(hall->lanes[0].ends == 0 && hall->lanes[1].ends == 0);
    myc_ring_leave(&hall->lanes[2].writer, hall->lanes[2].ticket.slot);
    assert_false(myc_fair_is_empty(&hall->fair));
    for (int i = 0; i < 100; i++) {
        (void)myc_fair_poll(&hall->fair, 3);
    }
    assert_true(hall->lanes[0].ends == 1 && hall->lanes[0].end == MYC_CLOSED);
    assert_true(hall->lanes[1].ends == 1 && hall->lanes[1].end == MYC_CORRUPT);
    assert_true(hall->lanes[2].ends == 1 && hall->lanes[2].end == MYC_FENCED);
    assert_true(hall->lanes[3].ends == 0 && hall->lanes[4].ends == 0);
    assert_int_equal(hall->lanes[0].records, 2 * BUDGET);
    assert_int_equal(hall->lanes[1].records, 2 * BUDGET);
    assert_int_equal(hall->lanes[4].records, 2 * BUDGET);
    assert_int_equal(myc_fair_members(&hall->fair), LANES);
    assert_int_equal(myc_fair_status(&hall->fair, hall->members[1]), MYC_CORRUPT);
    assert_true(myc_fair_is_empty(&hall->fair));
    hall_destroy(hall);
}

// A lapping member's losses come as its GAPs, and its account is exact. [FAIR-1]
static void test_a_lapping_member_is_told_its_losses(void **state)
{
    (void)state;
    struct hall *hall = hall_create(3);
    add_all(hall);
    publish_many(hall, 3, 5000);
    publish_many(hall, 1, 10);
    (void)myc_fair_poll(&hall->fair, SIZE_MAX);
    const struct lane *lane = &hall->lanes[3];
    assert_true(lane->lost > 0);
    assert_int_equal(lane->seen, 5000);
    assert_int_equal(hall->lanes[1].records, 10);
    hall_destroy(hall);
}

// A framed source takes turns like any other; a turn counts its records. [FAIR-4]
struct framed_seen {
    uint32_t messages;
    uint32_t size;
};

static void on_message(const struct myc_framed_message *message, void *context)
{
    struct framed_seen *seen = context;
    seen->messages++;
    seen->size = message->size;
}

static void test_framed_sources_are_members(void **state)
{
    (void)state;
    struct hall *hall = hall_create(LANES);
    const struct myc_framed_writer_options framed = {.fragment_bytes = 64};
    const struct myc_framed_assembler_options limits = {2000, 1};
    struct framed_seen seen = {0, 0};
    const struct myc_framed_handler handler = {.message = on_message, .context = &seen};
    struct myc_framed_writer writer;
    struct myc_framed_assembler assembler;
    struct myc_framed_source source;
    static const unsigned char payload[1000];
    void *slots = take(8, myc_framed_memory_size(&limits));
    uint32_t member;
    assert_int_equal(
        myc_framed_assembler_init(
            &assembler, slots, myc_framed_memory_size(&limits), &limits, NULL),
        MYC_OK);
    assert_int_equal(
        myc_framed_writer_init(&writer, &hall->lanes[0].writer, &framed, NULL), MYC_OK);
    myc_framed_source_init(&source, &assembler, &handler);
    assert_int_equal(myc_fair_add_framed(&hall->fair, &source, &member), MYC_INVALID);
    myc_framed_attach(&source, &hall->lanes[0].reader);
    assert_int_equal(myc_fair_add_framed(&hall->fair, &source, &member), MYC_OK);
    add(hall, 1);
    publish_many(hall, 1, 10);
    assert_int_equal(myc_framed_publish(&writer, 9, 1, payload, sizeof payload), MYC_OK);
    size_t count = myc_fair_poll(&hall->fair, SIZE_MAX);
    assert_int_equal(count, 10 + (1000 + 63) / 64);
    assert_true(seen.messages == 1 && seen.size == 1000);
    // It broke as a source, not as a ring: told as well.
    struct myc_ring_writer *ring = &hall->lanes[0].writer;
    assert_int_equal(myc_ring_publish(ring, MYC_FRAMED_FRAGMENT, 1, payload, 3), MYC_OK);
    hall->lane_of[member] = 0;
    (void)myc_fair_poll(&hall->fair, SIZE_MAX);
    assert_true(hall->lanes[0].ends == 1 && hall->lanes[0].end == MYC_CORRUPT);
    free(slots);
    hall_destroy(hall);
}

// ---- Sleeping ----

// One arming for all: whoever publishes or closes after it rings, or the look finds it. [FAIR-8]
static void test_one_sleep_for_all(void **state)
{
    (void)state;
    struct hall *hall = hall_create(LANES);
    add_all(hall);
    assert_true(myc_fair_arm(&hall->fair));
    for (uint32_t i = 0; i < LANES; i++) {
        publish_many(hall, i, 1);
        assert_int_equal(myc_ring_sleepers(&hall->lanes[i].writer), 1);
    }
    myc_fair_disarm(&hall->fair);
    publish_many(hall, 1, 1);
    assert_int_equal(myc_ring_sleepers(&hall->lanes[1].writer), 0);
    assert_false(myc_fair_arm(&hall->fair));
    myc_fair_disarm(&hall->fair);
    assert_int_equal(myc_fair_poll(&hall->fair, SIZE_MAX), LANES + 1);
    myc_ring_writer_close(&hall->lanes[4].writer);
    assert_false(myc_fair_arm(&hall->fair));
    myc_fair_disarm(&hall->fair);
    assert_int_equal(myc_fair_poll(&hall->fair, SIZE_MAX), 0);
    assert_int_equal(hall->lanes[4].ends, 1);
    assert_true(myc_fair_arm(&hall->fair));
    myc_fair_disarm(&hall->fair);
    hall_destroy(hall);
}

// Writers that sleep for room are named once when their ring was read. [FAIR-9]
static void test_writers_that_sleep_are_named(void **state)
{
    (void)state;
    struct hall *hall = hall_create(LANES);
    add_all(hall);
    while (publish(hall, 3)) {
    }
    assert_true(myc_ring_writer_arm(&hall->lanes[3].writer, 8));
    assert_int_equal(myc_fair_writers(&hall->fair), 0);
    (void)myc_fair_poll(&hall->fair, SIZE_MAX);
    assert_int_equal(myc_fair_writers(&hall->fair), UINT64_C(1) << hall->members[3]);
    (void)myc_fair_poll(&hall->fair, SIZE_MAX);
    assert_int_equal(myc_fair_writers(&hall->fair), 0);
    myc_ring_writer_disarm(&hall->lanes[3].writer);
    assert_true(publish(hall, 3));
    hall_destroy(hall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns_go_round),
        cmocka_unit_test(test_a_short_poll_does_not_end_a_turn),
        cmocka_unit_test(test_nobody_waits_longer_than_the_bound),
        cmocka_unit_test(test_members_are_added_and_removed),
        cmocka_unit_test(test_members_are_limited),
        cmocka_unit_test(test_a_handler_may_remove_its_member),
        cmocka_unit_test(test_ends_are_told_once),
        cmocka_unit_test(test_a_lapping_member_is_told_its_losses),
        cmocka_unit_test(test_framed_sources_are_members),
        cmocka_unit_test(test_one_sleep_for_all),
        cmocka_unit_test(test_writers_that_sleep_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
