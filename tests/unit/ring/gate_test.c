// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Gated readers: behind whom they stay, what becomes of them when that one is gone, and circles.
 */
#include "unit/ring/script.h"

#include <mycelium/ring_gate.h>
#include <mycelium/ring_inline.h>

enum { CAPACITY = 4096, SIZE = 120, COPY_BYTES = CAPACITY / 4 };

static enum myc_status
allow(struct fixture *fixture, size_t reader, size_t front, struct myc_diagnostic *why)
{
    return myc_ring_gate_allow(
        &fixture->writer,
        &fixture->readers[reader].ticket,
        &fixture->readers[front].ticket,
        1,
        why);
}

static enum myc_status gate(
    struct fixture *fixture,
    struct myc_ring_gate *gate,
    size_t reader,
    size_t front,
    const struct myc_ring_gate_options *options)
{
    const struct myc_ring_upstream upstream = {
        fixture->readers[front].page, fixture->readers[front].ticket};
    return myc_ring_gate_init(
        gate,
        &fixture->readers[reader].reader,
        fixture->memory,
        fixture->memory_bytes,
        &upstream,
        1,
        options,
        NULL);
}

// Reader 0 goes first, reader 1 behind it.
static void start(
    struct fixture *fixture,
    struct script *script,
    struct myc_ring_gate *behind,
    const struct myc_ring_gate_options *options)
{
    fixture_init(fixture, CAPACITY);
    script_init(script, fixture, NULL);
    (void)fixture_join(fixture, 0, MYC_RING_LIVE);
    (void)fixture_join(fixture, 1, MYC_RING_LIVE);
    assert_int_equal(allow(fixture, 1, 0, NULL), MYC_OK);
    assert_int_equal(gate(fixture, behind, 1, 0, options), MYC_OK);
}

// A gated reader is never in front, record by record, over many laps, polling, taking or peeking,
// in place or by copies. [GATE-2]
static void test_gated_reader_stays_behind(void **state)
{
    (void)state;
    for (int way = 0; way < 6; way++) {
        struct fixture fixture;
        struct script script;
        struct myc_ring_gate behind;
        unsigned char *copy = aligned_alloc(8, COPY_BYTES);
        start(&fixture, &script, &behind, NULL);
        struct fixture_reader *front = &fixture.readers[0];
        struct fixture_reader *back = &fixture.readers[1];
        if (way >= 3) {
            assert_int_equal(
                myc_ring_reader_copy(&back->reader, (struct myc_span){copy, COPY_BYTES}), MYC_OK);
        }
        for (int round = 0; round < 500; round++) {
            while (fixture_publish(&fixture, SIZE + 8 * (size_t)(round % 11)) == MYC_OK) {
            }
            uint64_t end = front->reader.position;
            assert_int_equal(script_poll(&script, 0, 1 + (size_t)(round % 3)), 1 + round % 3);
            assert_int_equal(end != front->reader.position, true);
            assert_false(myc_ring_is_empty(&back->reader));
            if (way % 3 == 0) {
                assert_int_equal(fixture_drain(back), 1 + round % 3);
            } else if (way % 3 == 1) {
                struct myc_record record;
                while (myc_ring_take(&back->reader, &record)) {
                    fixture_on_record(&record, back);
                    assert_true(record.position < front->reader.position);
                }
                assert_false(back->is_wrong);
                myc_ring_release(&back->reader);
            } else {
                struct myc_const_span span;
                while ((span = myc_ring_peek(&back->reader, SIZE_MAX)).data != NULL) {
                    assert_true(back->reader.position + span.size <= front->reader.position);
                    myc_ring_consume(&back->reader, span.size);
                }
            }
            assert_int_equal(back->reader.position, front->reader.position);
            assert_int_equal(back->reader.sequence, front->reader.sequence);
            assert_true(myc_ring_is_empty(&back->reader));
            assert_int_equal(myc_ring_poll(&back->reader, fixture_on_record, back, 9), 0);
            assert_int_equal(myc_ring_reader_status(&back->reader), MYC_OK);
        }
        fixture_deinit(&fixture);
        free(copy);
    }
}

static void front_reads_one(struct script *script)
{
    assert_int_equal(script_poll(script, 0, 1), 1);
}

// It sleeps until the reader in front has read, which wakes it; a commit alone does not. [GATE-2]
// [WAIT-3]
static void test_gated_reader_sleeps_until_the_front_has_read(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_ring_gate behind;
    start(&fixture, &script, &behind, NULL);
    assert_int_equal(fixture_publish(&fixture, SIZE), MYC_OK);
    assert_int_equal(fixture_publish(&fixture, SIZE), MYC_OK);
    script.while_asleep = front_reads_one;
    struct myc_ring_reader *reader = &fixture.readers[1].reader;
    assert_int_equal(myc_ring_reader_wait(reader, &script.waiter, MYC_NEVER), MYC_OK);
    assert_int_equal(script.sleeps, 1);
    assert_int_equal(fixture_drain(&fixture.readers[1]), 1);
    assert_int_equal(myc_ring_sleepers(&fixture.writer), 0);
    fixture_deinit(&fixture);
}

static void close_it(struct script *script)
{
    myc_ring_close_wake(&script->fixture->writer, &script->wait);
}

// A close wakes it, too, though no head moves.
static void test_close_wakes_gated_readers(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_ring_gate behind;
    start(&fixture, &script, &behind, NULL);
    script.while_asleep = close_it;
    assert_int_equal(
        myc_ring_reader_wait(&fixture.readers[1].reader, &script.waiter, MYC_NEVER), MYC_CLOSED);
    assert_int_equal(script.sleeps, 1);
    fixture_deinit(&fixture);
}

static void front_leaves(struct script *script)
{
    myc_ring_leave_wake(
        &script->fixture->writer, &script->wait, script->fixture->readers[0].ticket.slot);
}

// When the reader in front is gone, what it had read may still be read; then its end is told, also
// to who sleeps. [GATE-2] [WAIT-11]
static void test_gated_reader_is_told_of_a_death(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_ring_gate behind;
    start(&fixture, &script, &behind, NULL);
    struct fixture_reader *back = &fixture.readers[1];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture_publish(&fixture, SIZE), MYC_OK);
    }
    assert_int_equal(script_poll(&script, 0, 2), 2);
    assert_int_equal(myc_ring_poll(&back->reader, fixture_on_record, back, 1), 1);
    front_leaves(&script);
    assert_int_equal(myc_ring_reader_status(&back->reader), MYC_OK);
    assert_int_equal(fixture_drain(back), 1);
    assert_int_equal(myc_ring_reader_status(&back->reader), MYC_PEER_DIED);
    assert_int_equal(fixture_drain(back), 0);
    // Somebody else in its slot changes nothing; another gate does.
    (void)fixture_join(&fixture, 2, MYC_RING_LIVE);
    assert_int_equal(myc_ring_reader_status(&back->reader), MYC_PEER_DIED);
    myc_ring_gate_clear(&back->reader);
    assert_int_equal(fixture_drain(back), 1);
    assert_int_equal(myc_ring_reader_status(&back->reader), MYC_OK);
    fixture_deinit(&fixture);
}

static void test_gated_sleeper_is_told_of_a_death(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_ring_gate behind;
    start(&fixture, &script, &behind, NULL);
    script.while_asleep = front_leaves;
    assert_int_equal(
        myc_ring_reader_wait(&fixture.readers[1].reader, &script.waiter, MYC_NEVER), MYC_PEER_DIED);
    assert_int_equal(script.sleeps, 1);
    fixture_deinit(&fixture);
}

// An option goes on without who is gone. [GATE-2]
static void test_gated_reader_may_go_on_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_ring_gate behind;
    const struct myc_ring_gate_options alone = {.goes_on_alone = true};
    start(&fixture, &script, &behind, &alone);
    assert_int_equal(fixture_publish(&fixture, SIZE), MYC_OK);
    assert_int_equal(fixture_drain(&fixture.readers[1]), 0);
    front_leaves(&script);
    assert_int_equal(fixture_drain(&fixture.readers[1]), 1);
    assert_int_equal(myc_ring_reader_status(&fixture.readers[1].reader), MYC_OK);
    fixture_deinit(&fixture);
}

// Who leaves at the ring's end has done its part. [GATE-2]
static void test_leaving_at_the_end_is_no_death(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_ring_gate behind;
    start(&fixture, &script, &behind, NULL);
    assert_int_equal(fixture_publish(&fixture, SIZE), MYC_OK);
    myc_ring_writer_close(&fixture.writer);
    assert_int_equal(script_poll(&script, 0, 1), 1);
    front_leaves(&script);
    assert_int_equal(fixture_drain(&fixture.readers[1]), 1);
    assert_int_equal(myc_ring_reader_status(&fixture.readers[1].reader), MYC_CLOSED);
    fixture_deinit(&fixture);
}

// The slowest of several readers in front decides. [GATE-2]
static void test_all_readers_in_front_count(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_ring_gate behind;
    struct myc_ring_upstream fronts[3];
    struct myc_ring_ticket tickets[3];
    fixture_init(&fixture, CAPACITY);
    for (size_t i = 0; i < 4; i++) {
        (void)fixture_join(&fixture, i, MYC_RING_LIVE);
    }
    for (size_t i = 0; i < 3; i++) {
        tickets[i] = fixture.readers[i].ticket;
        fronts[i] = (struct myc_ring_upstream){fixture.readers[i].page, tickets[i]};
    }
    assert_int_equal(
        myc_ring_gate_allow(&fixture.writer, &fixture.readers[3].ticket, tickets, 3, NULL), MYC_OK);
    assert_int_equal(myc_ring_gate_followers(&fixture.writer, 1), 8);
    assert_int_equal(
        myc_ring_gate_init(
            &behind,
            &fixture.readers[3].reader,
            fixture.memory,
            fixture.memory_bytes,
            fronts,
            3,
            NULL,
            NULL),
        MYC_OK);
    assert_int_equal(fixture_publish(&fixture, SIZE), MYC_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fixture_drain(&fixture.readers[3]), 0);
        assert_int_equal(fixture_drain(&fixture.readers[(i + 1) % 3]), 1);
    }
    assert_int_equal(fixture_drain(&fixture.readers[3]), 1);
    fixture_deinit(&fixture);
}

// A circle is refused and named, however long; what was allowed before stays. [GATE-1]
static void test_circles_are_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_diagnostic why;
    fixture_init(&fixture, CAPACITY);
    for (size_t i = 0; i < 4; i++) {
        (void)fixture_join(&fixture, i, MYC_RING_LIVE);
    }
    assert_int_equal(allow(&fixture, 1, 1, &why), MYC_CYCLE);
    assert_string_equal(why.text, "ring gate: slot 1 waits for slot 1");
    assert_int_equal(allow(&fixture, 0, 1, &why), MYC_OK);
    assert_int_equal(allow(&fixture, 1, 2, &why), MYC_OK);
    assert_int_equal(allow(&fixture, 2, 3, &why), MYC_OK);
    assert_int_equal(allow(&fixture, 3, 0, &why), MYC_CYCLE);
    assert_string_equal(
        why.text,
        "ring gate: slot 3 waits for slot 0, which waits for slot 1, which waits for slot 2, which"
        " waits for slot 3");
    assert_int_equal(myc_ring_gate_followers(&fixture.writer, 0), 0);
    // Who leaves takes its place in the circle along.
    myc_ring_leave(&fixture.writer, fixture.readers[1].ticket.slot);
    assert_int_equal(allow(&fixture, 3, 0, &why), MYC_OK);
    assert_int_equal(allow(&fixture, 3, 1, &why), MYC_FENCED);
    fixture_deinit(&fixture);
}

// A gate needs the consent of the writer's process, and readers that gate the writer. [GATE-2]
static void test_gates_need_consent(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_ring_gate behind;
    fixture_init(&fixture, CAPACITY);
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    (void)fixture_join(&fixture, 1, MYC_RING_LIVE);
    assert_int_equal(gate(&fixture, &behind, 1, 0, NULL), MYC_DENIED);
    assert_int_equal(
        myc_ring_gate_init(
            &behind,
            &fixture.readers[1].reader,
            fixture.memory,
            fixture.memory_bytes,
            NULL,
            0,
            NULL,
            NULL),
        MYC_INVALID);
    assert_int_equal(allow(&fixture, 1, 0, NULL), MYC_OK);
    assert_int_equal(
        myc_ring_gate_allow(&fixture.writer, &fixture.readers[1].ticket, NULL, 0, NULL), MYC_OK);
    assert_int_equal(gate(&fixture, &behind, 1, 0, NULL), MYC_DENIED);
    fixture_deinit(&fixture);
}

// A head in the middle of a record opens nothing, and no header beyond it is believed. [GATE-2]
static void test_a_lying_front_opens_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_ring_gate behind;
    start(&fixture, &script, &behind, NULL);
    assert_int_equal(fixture_publish(&fixture, SIZE), MYC_OK);
    assert_int_equal(fixture_publish(&fixture, SIZE), MYC_OK);
    uint64_t head = 64;
    memcpy(fixture.readers[0].page, &head, sizeof head);
    assert_int_equal(fixture_drain(&fixture.readers[1]), 0);
    head = UINT64_C(1) << 40; // far beyond what is there
    memcpy(fixture.readers[0].page, &head, sizeof head);
    assert_int_equal(fixture_drain(&fixture.readers[1]), 2);
    assert_int_equal(myc_ring_reader_status(&fixture.readers[1].reader), MYC_OK);
    fixture_deinit(&fixture);
}

// PADs that nothing follows are passed by gated readers, too: else a ring that is filled with
// session records would fill up with them. [GATE-2]
static void test_pads_do_not_pile_up_behind_a_gate(void **state)
{
    (void)state;
    static _Alignas(8) unsigned char bytes[COPY_BYTES];
    struct myc_span copy = {bytes, sizeof bytes};
    struct myc_record record;
    for (int way = 0; way < 4; way++) {
        struct fixture fixture;
        struct script script;
        struct myc_ring_gate behind;
        start(&fixture, &script, &behind, NULL);
        struct myc_ring_reader *gated = &fixture.readers[1].reader;
        if (way >= 2) {
            assert_int_equal(myc_ring_reader_copy(gated, copy), MYC_OK);
        }
        uint64_t pad = myc_record_word(MYC_RECORD_PAD, 0, 24);
        memcpy(fixture.writer.data, &pad, sizeof pad);
        memcpy(fixture.writer.data + 32, &pad, sizeof pad);
        assert_true(myc_ring_is_empty(gated)); // The reader in front has not passed it.
        assert_int_equal(fixture_drain(&fixture.readers[1]), 0);
        assert_int_equal(gated->position, 0);
        assert_int_equal(fixture_drain(&fixture.readers[0]), 0);
        assert_int_equal(fixture.readers[0].reader.position, 64);
        assert_false(myc_ring_is_empty(gated));
        assert_int_equal(
            myc_ring_reader_wait(gated, &script.waiter, SCRIPT_START_NS + 1000), MYC_OK);
        if (way % 2 == 0) {
            assert_int_equal(fixture_drain(&fixture.readers[1]), 0);
        } else if (way == 1) {
            assert_null(myc_ring_peek(gated, SIZE_MAX).data);
        } else {
            assert_false(myc_ring_take(gated, &record));
        }
        assert_int_equal(gated->position, 64);
        assert_true(myc_ring_is_empty(gated));
        assert_int_equal(myc_ring_reader_status(gated), MYC_OK);
        fixture_deinit(&fixture);
    }
}

// A ring of nothing but PADs, and a head far ahead: no call goes round and round. [GATE-2]
static void test_endless_pads_behind_a_gate_end(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_ring_gate behind;
    start(&fixture, &script, &behind, NULL);
    uint64_t pad = myc_record_word(MYC_RECORD_PAD, 0, 8);
    for (size_t at = 0; at < CAPACITY; at += 16) {
        memcpy(fixture.writer.data + at, &pad, sizeof pad);
    }
    uint64_t head = UINT64_C(1) << 62;
    memcpy(fixture.readers[0].page, &head, sizeof head);
    assert_false(myc_ring_is_empty(&fixture.readers[1].reader));
    assert_null(myc_ring_peek(&fixture.readers[1].reader, SIZE_MAX).data);
    assert_int_equal(fixture_drain(&fixture.readers[1]), 0);
    assert_true(fixture.readers[1].reader.position <= 3 * CAPACITY);
    fixture_deinit(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gated_reader_stays_behind),
        cmocka_unit_test(test_gated_reader_sleeps_until_the_front_has_read),
        cmocka_unit_test(test_close_wakes_gated_readers),
        cmocka_unit_test(test_gated_reader_is_told_of_a_death),
        cmocka_unit_test(test_gated_sleeper_is_told_of_a_death),
        cmocka_unit_test(test_gated_reader_may_go_on_alone),
        cmocka_unit_test(test_leaving_at_the_end_is_no_death),
        cmocka_unit_test(test_all_readers_in_front_count),
        cmocka_unit_test(test_circles_are_refused),
        cmocka_unit_test(test_gates_need_consent),
        cmocka_unit_test(test_a_lying_front_opens_nothing),
        cmocka_unit_test(test_pads_do_not_pile_up_behind_a_gate),
        cmocka_unit_test(test_endless_pads_behind_a_gate_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
