// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Framed messages of a writer that waits for room: the script reads while it sleeps.
 */
#include "unit/ring/script.h"

#include <mycelium/framed_wait.h>
#include <mycelium/ring_required.h>

enum { CAPACITY = 4096, MESSAGE = 20000, TYPE = 5, MS_NS = 1000000 };

static unsigned char payload[MESSAGE];

static void start(struct fixture *fixture, struct script *script, struct myc_framed_writer *writer)
{
    const struct myc_framed_writer_options options = {0, 0};
    fixture_init(fixture, CAPACITY);
    script_init(script, fixture, NULL);
    memset(payload, 7, sizeof payload);
    assert_int_equal(myc_framed_writer_init(writer, &fixture->writer, &options, NULL), MYC_OK);
}

static void read_one(struct script *script)
{
    struct fixture_reader *reader = &script->fixture->readers[0];
    struct myc_const_span span = myc_ring_peek(&reader->reader, 0);
    assert_non_null(span.data);
    myc_ring_consume(&reader->reader, span.size);
    myc_ring_reader_wake(&reader->reader, &script->wait);
}

// A message larger than the ring is published while a reader makes room for one part after the
// other. [FRAMED-13]
static void test_framed_waits_for_each_part(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_framed_writer writer;
    start(&fixture, &script, &writer);
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    script.while_asleep = read_one;
    assert_int_equal(
        myc_framed_publish_wait(
            &writer, &script.waiter, TYPE, 1, payload, MESSAGE, MYC_NEVER, NULL),
        MYC_OK);
    assert_false(myc_framed_is_open(&writer));
    assert_true(script.sleeps > 10);
    assert_int_equal(
        myc_framed_publish_wait(&writer, &script.waiter, 0, 1, payload, 8, MYC_NEVER, NULL),
        MYC_INVALID);
    fixture_deinit(&fixture);
}

// At the deadline the rest waits to be resumed. [FRAMED-13] [FRAMED-14]
static void test_framed_goes_on_after_a_deadline(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_framed_writer writer;
    start(&fixture, &script, &writer);
    (void)fixture_join(&fixture, 0, MYC_RING_LIVE);
    uint64_t deadline_ns = script.now_ns + MS_NS;
    assert_int_equal(
        myc_framed_publish_wait(
            &writer, &script.waiter, TYPE, 1, payload, MESSAGE, deadline_ns, NULL),
        MYC_TIMEOUT);
    assert_int_equal(script.now_ns, deadline_ns);
    assert_true(myc_framed_is_open(&writer));
    script.while_asleep = read_one;
    assert_int_equal(myc_framed_resume_wait(&writer, &script.waiter, MYC_NEVER, NULL), MYC_OK);
    assert_int_equal(myc_framed_resume_wait(&writer, &script.waiter, MYC_NEVER, NULL), MYC_INVALID);
    fixture_deinit(&fixture);
}

// A required reader that does not come ends it, at once when asked again. [FRAMED-13]
static void test_framed_heeds_required_readers(void **state)
{
    (void)state;
    struct fixture fixture;
    struct script script;
    struct myc_framed_writer writer;
    struct myc_ring_required required;
    struct myc_diagnostic why;
    static const char *const names[] = {"journal"};
    const struct myc_ring_required_options options = {
        .names = names, .count = 1, .startup_ns = 3 * MS_NS};
    start(&fixture, &script, &writer);
    assert_int_equal(
        myc_ring_required_init(&required, &fixture.writer, &script.platform, &options, NULL),
        MYC_OK);
    script.waiter.required = &required;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            myc_framed_publish_wait(
                &writer, &script.waiter, TYPE, 1, payload, MESSAGE, MYC_NEVER, &why),
            MYC_MISSING);
        assert_int_equal(script.now_ns, SCRIPT_START_NS + 3 * MS_NS);
        assert_non_null(strstr(why.text, "'journal' never came"));
        myc_framed_abandon(&writer);
    }
    fixture_deinit(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framed_waits_for_each_part),
        cmocka_unit_test(test_framed_goes_on_after_a_deadline),
        cmocka_unit_test(test_framed_heeds_required_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
