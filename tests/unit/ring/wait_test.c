// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Waiting on a ring, in one thread: while one side sleeps the script does what the other would.
 */
#include "unit/ring/script.h"

#include <mycelium/ring_batch.h>

enum { CAPACITY = 4096, SIZE = 248, MS_NS = 1000000 };

static void start(struct fixture *fixture, struct script *script)
{
    fixture_init(fixture, CAPACITY);
    script_init(script, fixture, NULL);
}

static void publish_one(struct script *script)
{
    assert_int_equal(fixture_publish(script->fixture, SIZE), MYC_OK);
    myc_ring_wake_readers(&script->fixture->writer, &script->wait);
}

static void close_it(struct script *script)
{
    myc_ring_close_wake(&script->fixture->writer, &script->wait);
}

static void poll_one(struct script *script)
{
    assert_int_equal(script_poll(script, 0, 1), 1);
}

static void take_out(struct script *script)
{
    myc_ring_leave_wake(
        &script->fixture->writer, &script->wait, script->fixture->readers[0].ticket.slot);
}

// A strategy that is none is refused. [WAIT-1]
static void test_waiter_needs_a_strategy(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    const struct myc_idle_options none = {(enum myc_idle_kind)9, 0, 0};
    assert_int_equal(myc_ring_waiter_init(&script.waiter, &script.platform, &none), MYC_INVALID);
    fixture_deinit(&fixture);
}

// A reader sleeps once until something is committed, and is rung once; nobody asleep, nobody rung.
// [WAIT-2] [WAIT-4]
static void test_readers_sleep_until_a_commit(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    script.while_asleep = publish_one;
    assert_int_equal(myc_ring_reader_wait(&reader->reader, &script.waiter, MYC_NEVER), MYC_OK);
    assert_int_equal(script.sleeps, 1);
    assert_int_equal(script.wakes, 1);
    publish_one(&script);
    assert_int_equal(script.wakes, 1);
    assert_int_equal(myc_ring_reader_wait(&reader->reader, &script.waiter, MYC_NEVER), MYC_OK);
    assert_int_equal(script.sleeps, 1);
    assert_int_equal(fixture_drain(reader), 2);
    fixture_deinit(&fixture);
}

// The deadline ends a wait, exactly then, and a deadline of 0 only looks. [WAIT-2]
static void test_readers_wait_until_the_deadline(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    uint64_t deadline_ns = script.now_ns + 5 * MS_NS;
    assert_int_equal(
        myc_ring_reader_wait(&reader->reader, &script.waiter, deadline_ns), MYC_TIMEOUT);
    assert_int_equal(script.now_ns, deadline_ns);
    assert_int_equal(script.sleeps, 1);
    assert_int_equal(myc_ring_reader_wait(&reader->reader, &script.waiter, 0), MYC_TIMEOUT);
    assert_int_equal(script.sleeps, 1);
    fixture_deinit(&fixture);
}

// A close ends the sleep of a reader who has read everything. [WAIT-2] [WAIT-5]
static void test_close_wakes_readers(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    script.while_asleep = close_it;
    assert_int_equal(myc_ring_reader_wait(&reader->reader, &script.waiter, MYC_NEVER), MYC_CLOSED);
    assert_int_equal(script.sleeps, 1);
    fixture_deinit(&fixture);
}

// One who is taken out while it sleeps is told. [WAIT-2] [WAIT-11]
static void test_taking_out_wakes_the_reader(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    script.while_asleep = take_out;
    assert_int_equal(myc_ring_reader_wait(&reader->reader, &script.waiter, MYC_NEVER), MYC_FENCED);
    assert_int_equal(script.sleeps, 1);
    fixture_deinit(&fixture);
}

// A blocked writer sleeps on the slowest head, and goes on when that reader makes room. [WAIT-3]
// [WAIT-6] [WAIT-7]
static void test_writer_sleeps_until_there_is_room(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    void *payload = NULL;
    start(&fixture, &script);
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    uint64_t filled = script_fill(&fixture, SIZE);
    script.while_asleep = poll_one;
    assert_int_equal(
        myc_ring_claim_wait(&fixture.writer, &script.waiter, SIZE, MYC_NEVER, &payload, NULL),
        MYC_OK);
    assert_non_null(payload);
    assert_int_equal(script.sleeps, 1);
    fixture_fill(payload, SIZE, filled + 1);
    myc_ring_commit(&fixture.writer, 7, 3, SIZE);
    uint32_t wakes = script.wakes;
    assert_int_equal(script_poll(&script, 0, SIZE_MAX), filled);
    assert_int_equal(script.wakes, wakes); // nobody waits any more
    fixture_deinit(&fixture);
}

// Of two readers in the way, first the lower is waited for, then the other. [WAIT-6]
static void poll_the_slower(struct script *script)
{
    assert_int_equal(script_poll(script, script->step++ == 0 ? 1 : 0, 2), 2);
}

static void test_writer_waits_for_one_after_the_other(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    (void)fixture_join(&fixture, 1, MYC_RING_LIVE);
    (void)script_fill(&fixture, SIZE);
    assert_int_equal(script_poll(&script, 0, 1), 1);
    script.while_asleep = poll_the_slower;
    assert_int_equal(
        myc_ring_writer_wait(&fixture.writer, &script.waiter, 2 * SIZE, MYC_NEVER, NULL), MYC_OK);
    assert_int_equal(script.sleeps, 2);
    fixture_deinit(&fixture);
}

// A publish that waits is done when the reader has moved, and rings whoever sleeps. [WAIT-8]
static void test_publish_waits_for_room(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    unsigned char bytes[SIZE];
    start(&fixture, &script);
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    uint64_t filled = script_fill(&fixture, SIZE);
    fixture_fill(bytes, SIZE, filled + 1);
    script.while_asleep = poll_one;
    assert_int_equal(
        myc_ring_publish_wait(&fixture.writer, &script.waiter, 7, 3, bytes, SIZE, MYC_NEVER, NULL),
        MYC_OK);
    assert_int_equal(
        myc_ring_publish_wait(&fixture.writer, &script.waiter, 0, 3, bytes, SIZE, MYC_NEVER, NULL),
        MYC_INVALID);
    assert_int_equal(script_poll(&script, 0, SIZE_MAX), filled);
    fixture_deinit(&fixture);
}

// A batch waits for the room of its next record, unseen until it is committed; one that never fits
// is told so. [WAIT-12]
static void test_batches_wait_for_room(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    void *payload = NULL;
    start(&fixture, &script);
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    uint64_t filled = script_fill(&fixture, SIZE);
    script.while_asleep = poll_one;
    for (uint64_t i = 1; i <= 4; i++) {
        assert_int_equal(
            myc_ring_batch_claim_wait(
                &fixture.writer, &script.waiter, SIZE, MYC_NEVER, &payload, NULL),
            MYC_OK);
        fixture_fill(payload, SIZE, filled + i);
        myc_ring_batch_add(&fixture.writer, 7, 3, SIZE);
        assert_int_equal(myc_ring_committed(&fixture.writer), filled);
    }
    assert_true(script.sleeps >= 3);
    enum myc_status status = MYC_OK;
    while ((status = myc_ring_batch_claim_wait(
                &fixture.writer, &script.waiter, 504, MYC_NEVER, &payload, NULL))
           == MYC_OK) {
        fixture_fill(payload, 504, filled + 4 + (uint64_t)++script.step);
        myc_ring_batch_add(&fixture.writer, 7, 3, 504);
    }
    assert_int_equal(status, MYC_TOO_BIG);
    myc_ring_batch_commit(&fixture.writer);
    (void)script_poll(&script, 0, SIZE_MAX);
    assert_int_equal(fixture.readers[0].sequence, filled + 4 + (uint64_t)script.step);
    fixture_deinit(&fixture);
}

// Many of one size are published while a reader makes room; at the deadline it is known how many
// were. [WAIT-13]
static void test_publishing_many_waits_for_room(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    enum { MANY = 60, HALF = MANY / 2 };
    unsigned char *bytes = calloc(MANY, SIZE);
    size_t published = 0;
    assert_non_null(bytes);
    start(&fixture, &script);
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (uint64_t i = 0; i < MANY; i++) {
        fixture_fill(bytes + i * SIZE, SIZE, i + 1);
    }
    script.while_asleep = poll_one;
    assert_int_equal(
        myc_ring_publish_n_wait(
            &fixture.writer, &script.waiter, 7, 3, bytes, SIZE, HALF, MYC_NEVER, &published, NULL),
        MYC_OK);
    assert_int_equal(published, HALF);
    script.while_asleep = NULL;
    const unsigned char *rest = bytes + (size_t)HALF * SIZE;
    uint64_t deadline_ns = script.now_ns + MS_NS;
    assert_int_equal(
        myc_ring_publish_n_wait(
            &fixture.writer, &script.waiter, 7, 3, rest, SIZE, HALF, deadline_ns, &published, NULL),
        MYC_TIMEOUT);
    assert_true(published < HALF);
    (void)script_poll(&script, 0, SIZE_MAX);
    assert_int_equal(fixture.readers[0].sequence, HALF + published);
    fixture_deinit(&fixture);
    free(bytes);
}

// A wait in vain ends at the deadline and says who is in the way; what never fits is refused.
// [WAIT-6] [WAIT-8]
static void test_writer_waits_until_the_deadline(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_diagnostic why;
    start(&fixture, &script);
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    (void)script_fill(&fixture, SIZE);
    uint64_t deadline_ns = script.now_ns + MS_NS;
    assert_int_equal(
        myc_ring_writer_wait(&fixture.writer, &script.waiter, SIZE, deadline_ns, &why),
        MYC_TIMEOUT);
    assert_int_equal(script.now_ns, deadline_ns);
    assert_non_null(strstr(why.text, "the reader in slot 0 is "));
    assert_int_equal(
        myc_ring_writer_wait(&fixture.writer, &script.waiter, CAPACITY, MYC_NEVER, &why),
        MYC_TOO_BIG);
    myc_ring_writer_close(&fixture.writer);
    assert_int_equal(
        myc_ring_writer_wait(&fixture.writer, &script.waiter, SIZE, MYC_NEVER, &why), MYC_CLOSED);
    fixture_deinit(&fixture);
}

// A reader that is taken out is in nobody's way. [WAIT-11]
static void test_taking_out_wakes_the_writer(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    (void)script_fill(&fixture, SIZE);
    script.while_asleep = take_out;
    assert_int_equal(
        myc_ring_writer_wait(&fixture.writer, &script.waiter, SIZE, MYC_NEVER, NULL), MYC_OK);
    assert_int_equal(script.sleeps, 1);
    fixture_deinit(&fixture);
}

// Draining waits for the last byte of the slowest, and works on a closed ring. [WAIT-9]
static void test_drain_waits_until_all_is_read(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_diagnostic why;
    start(&fixture, &script);
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture_publish(&fixture, SIZE), MYC_OK);
    }
    myc_ring_close_wake(&fixture.writer, &script.wait);
    assert_int_equal(
        myc_ring_drain(&fixture.writer, &script.waiter, script.now_ns + MS_NS, &why), MYC_TIMEOUT);
    assert_string_equal(why.text, "ring: the reader in slot 0 is 768 bytes behind");
    script.sleeps = 0;
    script.while_asleep = poll_one;
    assert_int_equal(myc_ring_drain(&fixture.writer, &script.waiter, MYC_NEVER, &why), MYC_OK);
    assert_int_equal(script.sleeps, 3);
    fixture_deinit(&fixture);
}

static void join_one(struct script *script)
{
    (void)fixture_join(script->fixture, (size_t)script->step++, MYC_RING_LIVE);
    myc_ring_wake_writer(&script->fixture->writer, &script->wait);
}

// A creator waits until enough readers are in, or is told how many came. [WAIT-10]
static void test_awaiting_readers(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_diagnostic why;
    start(&fixture, &script);
    (void)fixture_join(&fixture, 3, MYC_RING_LIVE);
    uint64_t deadline_ns = script.now_ns + MS_NS;
    assert_int_equal(
        myc_ring_await_readers(&fixture.writer, &script.waiter, 3, deadline_ns, &why), MYC_TIMEOUT);
    assert_string_equal(why.text, "ring: 1 of 3 readers came");
    script.sleeps = 0;
    script.while_asleep = join_one;
    assert_int_equal(
        myc_ring_await_readers(&fixture.writer, &script.waiter, 3, MYC_NEVER, &why), MYC_OK);
    assert_int_equal(script.sleeps, 2);
    fixture_deinit(&fixture);
}

// Where nobody would ring, nobody sleeps; spinning needs no bell. [WAIT-2] [WAIT-6]
static void test_rings_without_sleepers_are_spun_on(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    fixture_prepare(&fixture, CAPACITY);
    fixture.options.readers_may_sleep = false;
    fixture.options.writer_may_sleep = false;
    fixture_start(&fixture);
    script_init(&script, &fixture, NULL);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    assert_int_equal(
        myc_ring_reader_wait(&reader->reader, &script.waiter, MYC_NEVER), MYC_UNSUPPORTED);
    (void)script_fill(&fixture, SIZE);
    assert_int_equal(
        myc_ring_writer_wait(&fixture.writer, &script.waiter, SIZE, MYC_NEVER, NULL),
        MYC_UNSUPPORTED);
    const struct myc_idle_options spins = {MYC_IDLE_SPIN, 0, 0};
    assert_int_equal(myc_ring_waiter_init(&script.waiter, &script.platform, &spins), MYC_OK);
    uint64_t deadline_ns = script.now_ns + MS_NS;
    assert_int_equal(
        myc_ring_writer_wait(&fixture.writer, &script.waiter, SIZE, deadline_ns, NULL),
        MYC_TIMEOUT);
    assert_int_equal(script.sleeps, 0);
    assert_true(script.relaxes > 1000);
    (void)script_poll(&script, 0, SIZE_MAX);
    assert_int_equal(script.wakes, 0);
    fixture_deinit(&fixture);
}

// Spinning comes first, so that what comes soon needs no wake-up.
static void test_blocking_spins_first(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    const struct myc_idle_options blocks = {MYC_IDLE_BLOCK, 0, 0};
    fixture_init(&fixture, CAPACITY);
    script_init(&script, &fixture, &blocks);
    struct fixture_reader *reader = fixture_join(&fixture, 0, MYC_RING_LIVE);
    uint64_t start_ns = script.now_ns;
    script.while_asleep = publish_one;
    assert_int_equal(myc_ring_reader_wait(&reader->reader, &script.waiter, MYC_NEVER), MYC_OK);
    assert_int_equal(script.sleeps, 1);
    assert_true(script.now_ns - start_ns >= MYC_IDLE_SPIN_NS_DEFAULT);
    fixture_deinit(&fixture);
}

// Where the system cannot sleep on two words, a blocked writer looks every millisecond. [WAIT-6]
static void take_out_at_last(struct script *script)
{
    if (++script->step == 3) {
        myc_ring_leave(&script->fixture->writer, script->fixture->readers[0].ticket.slot);
    }
}

static void test_old_systems_look_again(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    start(&fixture, &script);
    script.ops.wait_any = NULL;
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    (void)script_fill(&fixture, SIZE);
    uint64_t start_ns = script.now_ns;
    script.while_asleep = take_out_at_last;
    assert_int_equal(
        myc_ring_writer_wait(&fixture.writer, &script.waiter, SIZE, MYC_NEVER, NULL), MYC_OK);
    assert_int_equal(script.sleeps, 3);
    assert_int_equal(script.now_ns - start_ns, 3 * MS_NS);
    fixture_deinit(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waiter_needs_a_strategy),
        cmocka_unit_test(test_readers_sleep_until_a_commit),
        cmocka_unit_test(test_readers_wait_until_the_deadline),
        cmocka_unit_test(test_close_wakes_readers),
        cmocka_unit_test(test_taking_out_wakes_the_reader),
        cmocka_unit_test(test_writer_sleeps_until_there_is_room),
        cmocka_unit_test(test_writer_waits_for_one_after_the_other),
        cmocka_unit_test(test_publish_waits_for_room),
        cmocka_unit_test(test_batches_wait_for_room),
        cmocka_unit_test(test_publishing_many_waits_for_room),
        cmocka_unit_test(test_writer_waits_until_the_deadline),
        cmocka_unit_test(test_taking_out_wakes_the_writer),
        cmocka_unit_test(test_drain_waits_until_all_is_read),
        cmocka_unit_test(test_awaiting_readers),
        cmocka_unit_test(test_rings_without_sleepers_are_spun_on),
        cmocka_unit_test(test_blocking_spins_first),
        cmocka_unit_test(test_old_systems_look_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
