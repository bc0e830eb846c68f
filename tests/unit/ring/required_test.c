// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Required readers: places that are held, limits that are looked at while the writer is blocked,
 * and what is told of them.
 */
#include "unit/ring/script.h"

#include <mycelium/ring_required.h>

enum { CAPACITY = 4096, SIZE = 248, MS_NS = 1000000, ALERTS_MAX = 128 };

struct story {
    struct fixture fixture;
    struct script script;
    struct myc_ring_required required;
    struct myc_ring_alert alerts[ALERTS_MAX];
    size_t alert_count;
    struct myc_diagnostic why;
};

static void on_alert(const struct myc_ring_alert *alert, void *context)
{
    struct story *story = context;
    assert_true(story->alert_count < ALERTS_MAX);
    story->alerts[story->alert_count++] = *alert;
}

static struct myc_ring_required_options options_of(struct story *story)
{
    static const char *const names[] = {"journal", "mirror"};
    return (struct myc_ring_required_options){
        .names = names,
        .count = 2,
        .startup_ns = 30 * MS_NS,
        .progress_ns = 20 * MS_NS,
        .grace_ns = 10 * MS_NS,
        .alert = on_alert,
        .alert_context = story};
}

static void start(struct story *story)
{
    memset(story, 0, sizeof *story);
    fixture_init(&story->fixture, CAPACITY);
    script_init(&story->script, &story->fixture, NULL);
    struct myc_ring_required_options options = options_of(story);
    assert_int_equal(
        myc_ring_required_init(
            &story->required,
            &story->fixture.writer,
            &story->script.platform,
            &options,
            &story->why),
        MYC_OK);
    story->script.waiter.required = &story->required;
}

static enum myc_status join(struct story *story, size_t i, const char *name)
{
    struct fixture_reader *reader = &story->fixture.readers[i];
    uint64_t seen = reader->sequence;
    free(reader->page);
    memset(reader, 0, sizeof *reader);
    reader->page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    assert_non_null(reader->page);
    memset(reader->page, 0, MYC_RING_PAGE_BYTES);
    enum myc_status status =
        myc_ring_required_join(&story->required, name, reader->page, &reader->ticket, &story->why);
    if (status == MYC_OK) {
        assert_int_equal(
            myc_ring_reader_init(
                &reader->reader,
                story->fixture.memory,
                story->fixture.memory_bytes,
                reader->page,
                &reader->ticket,
                NULL),
            MYC_OK);
        assert_int_equal(reader->ticket.sequence, seen);
        reader->sequence = seen;
    }
    return status;
}

static enum myc_status wait_ms(struct story *story, uint64_t ms)
{
    struct script *script = &story->script;
    uint64_t deadline_ns = script->now_ns + ms * MS_NS;
    return myc_ring_writer_wait(
        &story->fixture.writer, &script->waiter, SIZE, deadline_ns, &story->why);
}

// What cannot be required is refused, and says why. [REQUIRED-1]
static void test_required_options_are_checked(void **state)
{
    (void)state;
    struct story story;
    static const char *const empty[] = {""};
    static const char *const longer[] = {"a name of more than thirty-one bytes"};
    static const char *const twice[] = {"one", "one"};
    static const char *const five[] = {"a", "b", "c", "d", "e"};
    start(&story);
    struct myc_ring_writer *writer = &story.fixture.writer;
    struct myc_platform *platform = &story.script.platform;
    myc_ring_required_deinit(&story.required);
    struct myc_ring_required_options options = options_of(&story);
    options.count = 0;
    assert_int_equal(
        myc_ring_required_init(&story.required, writer, platform, &options, NULL), MYC_INVALID);
    options.count = 1;
    options.names = empty;
    assert_int_equal(
        myc_ring_required_init(&story.required, writer, platform, &options, NULL), MYC_INVALID);
    options.names = longer;
    assert_int_equal(
        myc_ring_required_init(&story.required, writer, platform, &options, &story.why),
        MYC_INVALID);
    assert_string_equal(story.why.text, "required readers: a name must have 1 to 31 bytes");
    options.names = twice;
    options.count = 2;
    assert_int_equal(
        myc_ring_required_init(&story.required, writer, platform, &options, NULL), MYC_INVALID);
    options.names = five;
    options.count = 5;
    assert_int_equal(
        myc_ring_required_init(&story.required, writer, platform, &options, NULL), MYC_LIMIT);
    // What a failed attempt took it gave back.
    options.count = 4;
    assert_int_equal(
        myc_ring_required_init(&story.required, writer, platform, &options, NULL), MYC_OK);
    fixture_deinit(&story.fixture);
}

// Before a required reader has come nothing it should read is overwritten; it begins with the first
// message after the requirement. [REQUIRED-2]
static void test_required_reader_misses_nothing_before_it_came(void **state)
{
    (void)state;
    struct story story;
    start(&story);
    uint64_t filled = script_fill(&story.fixture, SIZE);
    assert_true(filled > 0 && filled < 2 * CAPACITY / SIZE);
    assert_int_equal(join(&story, 0, "mirror"), MYC_OK);
    assert_int_equal(fixture_drain(&story.fixture.readers[0]), filled);
    assert_int_equal(fixture_publish(&story.fixture, SIZE), MYC_FULL);
    assert_int_equal(join(&story, 1, "journal"), MYC_OK);
    assert_int_equal(fixture_drain(&story.fixture.readers[1]), filled);
    assert_int_equal(fixture_publish(&story.fixture, SIZE), MYC_OK);
    assert_int_equal(story.alert_count, 2);
    assert_int_equal(story.alerts[0].kind, MYC_RING_ALERT_CAME);
    assert_string_equal(story.alerts[0].name, "mirror");
    fixture_deinit(&story.fixture);
}

// Only those who are required are let in by name, one of each. [REQUIRED-2]
static void test_required_names_are_known_and_single(void **state)
{
    (void)state;
    struct story story;
    start(&story);
    assert_int_equal(join(&story, 0, "ledger"), MYC_NOT_FOUND);
    assert_int_equal(join(&story, 0, ""), MYC_NOT_FOUND);
    assert_int_equal(join(&story, 0, "journal"), MYC_OK);
    assert_int_equal(join(&story, 1, "journal"), MYC_IN_USE);
    fixture_deinit(&story.fixture);
}

// One who comes back within the grace goes on behind what it had consumed, also behind a GAP and a
// PAD, and the writer goes on as if nothing had been. [REQUIRED-3]
static void test_required_reader_comes_back_where_it_was(void **state)
{
    (void)state;
    struct story story;
    start(&story);
    struct fixture *fixture = &story.fixture;
    assert_int_equal(join(&story, 0, "mirror"), MYC_OK);
    assert_int_equal(join(&story, 1, "journal"), MYC_OK);
    for (int round = 0; round < 30; round++) {
        while (fixture_publish(fixture, SIZE + 8 * (size_t)(round % 7)) == MYC_OK) {
        }
        (void)fixture_drain(&fixture->readers[0]);
        assert_int_equal(script_poll(&story.script, 1, 1 + (size_t)(round % 5)), 1 + round % 5);
        myc_ring_required_left(&story.required, fixture->readers[1].ticket.slot);
        assert_int_equal(myc_ring_required_missing(&story.required), 1);
        assert_int_equal(join(&story, 1, "journal"), MYC_OK);
        assert_int_equal(fixture->readers[1].ticket.sequence, fixture->readers[1].sequence);
    }
    (void)fixture_drain(&fixture->readers[1]);
    assert_int_equal(fixture->readers[1].sequence, myc_ring_committed(&fixture->writer));
    assert_int_equal(wait_ms(&story, 1), MYC_OK);
    fixture_deinit(fixture);
}

static void join_journal(struct script *script)
{
    struct story *story = MYC_CONTAINER_OF(script, struct story, script);
    assert_int_equal(join(story, 1, "journal"), MYC_OK);
}

static void drain_journal(struct script *script)
{
    struct story *story = MYC_CONTAINER_OF(script, struct story, script);
    if (story->fixture.readers[1].page == NULL) {
        join_journal(script);
    } else {
        (void)script_poll(script, 1, SIZE_MAX);
    }
}

// A blocked writer sleeps while a place is held, and goes on when its reader has come and read.
static void test_required_return_wakes_the_writer(void **state)
{
    (void)state;
    struct story story;
    start(&story);
    assert_int_equal(join(&story, 0, "mirror"), MYC_OK);
    (void)script_fill(&story.fixture, SIZE);
    (void)fixture_drain(&story.fixture.readers[0]);
    story.script.while_asleep = drain_journal;
    assert_int_equal(wait_ms(&story, 9), MYC_OK);
    assert_int_equal(story.script.sleeps, 2);
    assert_int_equal(story.alert_count, 2);
    fixture_deinit(&story.fixture);
}

// Who never comes is a violation when its time is over and the writer is blocked; it is told once,
// named, and stays. [REQUIRED-5] [REQUIRED-6]
static void test_required_reader_never_came(void **state)
{
    (void)state;
    struct story story;
    void *payload = NULL;
    start(&story);
    assert_int_equal(join(&story, 0, "mirror"), MYC_OK);
    (void)script_fill(&story.fixture, SIZE);
    (void)fixture_drain(&story.fixture.readers[0]);
    assert_int_equal(wait_ms(&story, 10), MYC_TIMEOUT);
    assert_non_null(strstr(story.why.text, "the required reader 'journal', which is away, is "));
    assert_int_equal(myc_ring_required_status(&story.required, NULL), MYC_OK);
    assert_int_equal(wait_ms(&story, 100), MYC_MISSING);
    assert_int_equal(story.script.now_ns, SCRIPT_START_NS + 30 * MS_NS);
    assert_string_equal(
        story.why.text,
        "the required reader 'journal' never came while the writer waited for it: 30 ms");
    // For good, also when it comes after all, and for every blocking call.
    assert_int_equal(join(&story, 1, "journal"), MYC_OK);
    (void)fixture_drain(&story.fixture.readers[1]);
    assert_int_equal(
        myc_ring_claim_wait(
            &story.fixture.writer, &story.script.waiter, SIZE, MYC_NEVER, &payload, &story.why),
        MYC_MISSING);
    assert_int_equal(
        myc_ring_publish_wait(
            &story.fixture.writer, &story.script.waiter, 7, 3, "", 0, MYC_NEVER, &story.why),
        MYC_MISSING);
    assert_int_equal(
        myc_ring_drain(&story.fixture.writer, &story.script.waiter, MYC_NEVER, &story.why),
        MYC_MISSING);
    assert_int_equal(story.alert_count, 3);
    assert_int_equal(story.alerts[1].kind, MYC_RING_ALERT_NEVER_CAME);
    assert_int_equal(story.alerts[1].elapsed_ns, 30 * MS_NS);
    fixture_deinit(&story.fixture);
}

// Who left and does not come back in time is a violation; nothing of its place is lost before.
// [REQUIRED-3] [REQUIRED-5]
static void test_required_reader_stayed_away(void **state)
{
    (void)state;
    struct story story;
    start(&story);
    assert_int_equal(join(&story, 0, "mirror"), MYC_OK);
    assert_int_equal(join(&story, 1, "journal"), MYC_OK);
    myc_ring_required_left(&story.required, story.fixture.readers[1].ticket.slot);
    (void)script_fill(&story.fixture, SIZE);
    (void)fixture_drain(&story.fixture.readers[0]);
    assert_int_equal(wait_ms(&story, 100), MYC_MISSING);
    assert_int_equal(story.script.now_ns, SCRIPT_START_NS + 10 * MS_NS);
    assert_int_equal(story.alerts[3].kind, MYC_RING_ALERT_STAYED_AWAY);
    assert_string_equal(story.alerts[2].name, "journal");
    assert_int_equal(story.alerts[2].kind, MYC_RING_ALERT_WENT);
    fixture_deinit(&story.fixture);
}

static void creep(struct script *script)
{
    if (script->step++ < 3) {
        script->now_ns += 15 * MS_NS;
        (void)script_poll(script, 1, 1);
    }
}

// The slowest stands still once the writer waited for its progress limit without a move; moving,
// however little, begins anew. [REQUIRED-5] [REQUIRED-6]
static void test_required_reader_stands_still(void **state)
{
    (void)state;
    struct story story;
    start(&story);
    assert_int_equal(join(&story, 0, "mirror"), MYC_OK);
    assert_int_equal(join(&story, 1, "journal"), MYC_OK);
    (void)script_fill(&story.fixture, 24);
    (void)fixture_drain(&story.fixture.readers[0]);
    story.script.while_asleep = creep;
    uint64_t deadline_ns = story.script.now_ns + 1000 * MS_NS;
    assert_int_equal(
        myc_ring_writer_wait(
            &story.fixture.writer, &story.script.waiter, 960, deadline_ns, &story.why),
        MYC_MISSING);
    assert_int_equal(story.script.now_ns, SCRIPT_START_NS + (3 * 15 + 20) * MS_NS);
    assert_int_equal(story.alerts[2].kind, MYC_RING_ALERT_STANDS_STILL);
    assert_string_equal(story.alerts[2].name, "journal");
    fixture_deinit(&story.fixture);
}

// A page that says something impossible loses its place, and that is a violation at once.
// [REQUIRED-3] [REQUIRED-6]
static void test_required_reader_lied(void **state)
{
    (void)state;
    struct story story;
    uint64_t due_ns = 0;
    start(&story);
    assert_int_equal(join(&story, 0, "mirror"), MYC_OK);
    assert_int_equal(join(&story, 1, "journal"), MYC_OK);
    assert_int_equal(fixture_publish(&story.fixture, SIZE), MYC_OK);
    assert_int_equal(fixture_publish(&story.fixture, SIZE), MYC_OK);
    uint64_t inside = 64; // of the first record
    memcpy(story.fixture.readers[1].page, &inside, sizeof inside);
    assert_int_equal(myc_ring_required_look(&story.required, &due_ns, NULL), MYC_OK);
    myc_ring_required_left(&story.required, story.fixture.readers[1].ticket.slot);
    assert_int_equal(myc_ring_required_look(&story.required, &due_ns, &story.why), MYC_MISSING);
    assert_string_equal(
        story.why.text,
        "the required reader 'journal' said something impossible in its page, so its place cannot"
        " be held");
    assert_int_equal(join(&story, 1, "journal"), MYC_PEER_DIED);
    fixture_deinit(&story.fixture);
}

// Awaiting the required readers names those who did not come. [REQUIRED-4]
static void test_required_await_names_the_missing(void **state)
{
    (void)state;
    struct story story;
    start(&story);
    struct script *script = &story.script;
    assert_int_equal(
        myc_ring_required_await(
            &story.required, &script->waiter, script->now_ns + MS_NS, &story.why),
        MYC_TIMEOUT);
    assert_string_equal(story.why.text, "ring: did not come: 'journal', 'mirror'");
    assert_int_equal(join(&story, 0, "mirror"), MYC_OK);
    script->while_asleep = join_journal;
    script->sleeps = 0;
    assert_int_equal(
        myc_ring_required_await(&story.required, &script->waiter, MYC_NEVER, &story.why), MYC_OK);
    assert_int_equal(script->sleeps, 1);
    fixture_deinit(&story.fixture);
}

// A head that goes back and comes again is no progress. [REQUIRED-6]
static void test_a_head_that_goes_back_is_no_progress(void **state)
{
    (void)state;
    struct story story;
    enum myc_status status = MYC_OK;
    uint64_t due_ns = 0;
    uint64_t round = 0;
    start(&story);
    assert_int_equal(join(&story, 0, "mirror"), MYC_OK);
    assert_int_equal(join(&story, 1, "journal"), MYC_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture_publish(&story.fixture, SIZE), MYC_OK);
    }
    assert_int_equal(script_poll(&story.script, 0, 3), 3);
    for (; round < 30 && status == MYC_OK; round++) {
        uint64_t head = (1 + round % 2) * (SIZE + 8);
        memcpy(story.fixture.readers[1].page, &head, sizeof head);
        status = myc_ring_required_look(&story.required, &due_ns, &story.why);
        story.script.now_ns += MS_NS;
    }
    assert_int_equal(status, MYC_MISSING);
    assert_int_equal(story.alerts[2].kind, MYC_RING_ALERT_STANDS_STILL);
    fixture_deinit(&story.fixture);
}

// Who comes back has all its time again, looked at or not while it was away. [REQUIRED-6]
static void test_who_returns_has_its_time_again(void **state)
{
    (void)state;
    for (int is_looked_at = 0; is_looked_at < 2; is_looked_at++) {
        struct story story;
        uint64_t due_ns = 0;
        start(&story);
        assert_int_equal(join(&story, 0, "mirror"), MYC_OK);
        assert_int_equal(join(&story, 1, "journal"), MYC_OK);
        assert_int_equal(fixture_publish(&story.fixture, SIZE), MYC_OK);
        assert_int_equal(script_poll(&story.script, 0, 1), 1);
        assert_int_equal(myc_ring_required_look(&story.required, &due_ns, NULL), MYC_OK);
        story.script.now_ns += 15 * MS_NS;
        myc_ring_required_left(&story.required, story.fixture.readers[1].ticket.slot);
        story.script.now_ns += 9 * MS_NS;
        if (is_looked_at != 0) {
            assert_int_equal(myc_ring_required_look(&story.required, &due_ns, NULL), MYC_OK);
        }
        assert_int_equal(join(&story, 1, "journal"), MYC_OK);
        assert_int_equal(myc_ring_required_look(&story.required, &due_ns, NULL), MYC_OK);
        assert_int_equal(due_ns, story.script.now_ns + 20 * MS_NS);
        story.script.now_ns += 20 * MS_NS;
        assert_int_equal(myc_ring_required_look(&story.required, &due_ns, NULL), MYC_MISSING);
        fixture_deinit(&story.fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_required_options_are_checked),
        cmocka_unit_test(test_required_reader_misses_nothing_before_it_came),
        cmocka_unit_test(test_required_names_are_known_and_single),
        cmocka_unit_test(test_required_reader_comes_back_where_it_was),
        cmocka_unit_test(test_required_return_wakes_the_writer),
        cmocka_unit_test(test_required_reader_never_came),
        cmocka_unit_test(test_required_reader_stayed_away),
        cmocka_unit_test(test_required_reader_stands_still),
        cmocka_unit_test(test_required_reader_lied),
        cmocka_unit_test(test_required_await_names_the_missing),
        cmocka_unit_test(test_a_head_that_goes_back_is_no_progress),
        cmocka_unit_test(test_who_returns_has_its_time_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
