// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The history of a run: which events, whose, with which arrows, and that keeping it changes
// nothing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include "io.h"

#include <mycelium/interface/clock.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>

#include <stdio.h>

enum { LISTING_BYTES = 16384 };

static struct myc_sim_history *
history_with(void (*director)(struct myc_sim *sim), struct myc_sim_options options)
{
    options.history = myc_sim_history_create();
    struct myc_sim_result *result = run_with(director, &options);
    drop_result(result);
    return options.history;
}

static struct myc_sim_history *history_of(void (*director)(struct myc_sim *sim))
{
    return history_with(director, (struct myc_sim_options){.is_boring = true});
}

static void
event_line(const struct myc_sim_history *history, uint64_t number, char *line, size_t line_bytes)
{
    const struct sim__history_event *event = sim__history_at(history, number);
    (void)snprintf(
        line,
        line_bytes,
        "%s %s %s%s%s\n",
        history->threads[event->thread].scope,
        sim__history_kind_text(event->kind),
        event->label,
        event->text != NULL ? ": " : "",
        event->text != NULL ? event->text : "");
}

/* Every event, a line each. */
static void list_events(const struct myc_sim_history *history, char *out_listing)
{
    size_t used = 0;
    for (uint64_t i = sim__history_first(history); i < history->count; i++) {
        char line[512];
        event_line(history, i, line, sizeof(line));
        assert_true(used + strlen(line) < LISTING_BYTES);
        memcpy(out_listing + used, line, strlen(line) + 1);
        used += strlen(line);
    }
}

/* How many arrows of a kind lead from an event that has `from` in its line to one with `to`. */
static unsigned count_arrows(
    const struct myc_sim_history *history,
    enum sim__arrow_kind kind,
    const char *from,
    const char *to)
{
    unsigned found = 0;
    for (uint64_t i = 0; i < history->arrow_count; i++) {
        const struct sim__arrow *arrow = &history->arrows[i];
        char first[512];
        char second[512];
        event_line(history, arrow->from, first, sizeof(first));
        event_line(history, arrow->to, second, sizeof(second));
        assert_true(arrow->from < arrow->to);
        bool is_it = arrow->kind == kind && strstr(first, from) != NULL;
        found += is_it && strstr(second, to) != NULL ? 1 : 0;
    }
    return found;
}

// ---- A toy run ----

static struct myc_atomic_u32 word;

static int toy_main(struct myc_platform *platform, void *arg)
{
    (void)arg;
    uint64_t now = myc_clock_monotonic_ns(platform->clock);
    enum myc_status status =
        myc_wait_wait(platform->wait, &word, word.value, now + 1000, MYC_WAIT_PROCESS);
    myc_log_write(platform->log, MYC_LOG_INFO, "toy", myc_status_name(status));
    return 0;
}

static void direct_toy(struct myc_sim *sim)
{
    (void)run_process(sim, toy_main, NULL);
    myc_sim_fail(sim, "the toy broke: %d", 7);
}

// A small run is told event by event, calls with what they gave, up to the verdict.
static void test_toy_run_is_told_event_by_event(void **state)
{
    static const char expected[] =
        "world life thread: director/main\n"
        "director/main run runs\n"
        "director/main life start: process process on host, pid 100\n"
        "director/main life thread: process/main\n"
        "director/main block waits: for the director's condition, at most 1000000000 ns\n"
        "process/main run runs: after director/main\n"
        "process/main call clock.monotonic_ns: 2007000000010\n"
        "process/main call wait.wait: TIMEOUT\n"
        "process/main block waits: for a word of memory (wait), at most 990 ns\n"
        "world kernel event\n"
        "world wake wakes: process/main: its deadline passed\n"
        "process/main log log: process: info: toy: TIMEOUT\n"
        "process/main life exit: process process\n"
        "world wake wakes: director/main\n"
        "director/main run runs: after process/main\n"
        "director/main check holds: the process ends within a second\n"
        "director/main failure FAILED: the toy broke: 7\n";
    char listing[LISTING_BYTES];
    (void)state;
    struct myc_sim_history *history = history_of(direct_toy);
    list_events(history, listing);
    assert_string_equal(listing, expected);
    assert_int_equal(history->failure, history->count);
    assert_string_equal(history->verdict, "the toy broke: 7");
    assert_non_null(strstr(history->waiting, "director/main"));
    myc_sim_history_destroy(history);
}

// ---- Bytes ----

static const struct myc_address meeting_point = {.kind = MYC_ADDRESS_UNIX, .text = "/tmp/toy"};

static int writer_main(struct myc_platform *platform, void *arg)
{
    (void)arg;
    struct myc_handle listener = {0};
    if (myc_listener_listen(platform->listener, &meeting_point, 0, &listener, NULL) != MYC_OK) {
        return 1;
    }
    struct myc_handle stream = io_accept(platform, listener);
    (void)io_write(platform, stream, "0123456789", 10);
    (void)io_write(platform, stream, "abcde", 5);
    io_await(platform, stream, MYC_READABLE);
    myc_stream_close(platform->stream, stream);
    myc_listener_close(platform->listener, listener);
    return 0;
}

static int reader_main(struct myc_platform *platform, void *arg)
{
    (void)arg;
    char bytes[12];
    size_t count = 0;
    struct myc_handle stream = io_connect(platform, &meeting_point);
    uint64_t later = myc_clock_monotonic_ns(platform->clock) + 1000000;
    // Both writes are there when it reads.
    (void)myc_wait_wait(platform->wait, &word, word.value, later, MYC_WAIT_PROCESS);
    (void)io_read(platform, stream, (struct myc_span){bytes, 12}, &count);
    (void)io_read(platform, stream, (struct myc_span){bytes, 3}, &count);
    myc_stream_close(platform->stream, stream);
    return 0;
}

static void direct_bytes(struct myc_sim *sim)
{
    (void)myc_sim_start(sim, "one", "writer", writer_main, NULL);
    (void)myc_sim_start(sim, "one", "reader", reader_main, NULL);
    myc_sim_run_for(sim, UINT64_C(10000000000));
}

// An arrow leads from each write to each read that gets bytes of it, and to no other.
static void test_arrows_follow_bytes_through_a_stream(void **state)
{
    (void)state;
    struct myc_sim_history *history = history_of(direct_bytes);
    assert_int_equal(count_arrows(history, SIM__ARROW_BYTES, "bytes: 10", "bytes: 12"), 1);
    assert_int_equal(count_arrows(history, SIM__ARROW_BYTES, "bytes: 5", "bytes: 12"), 1);
    assert_int_equal(count_arrows(history, SIM__ARROW_BYTES, "bytes: 5", "bytes: 3"), 1);
    assert_int_equal(count_arrows(history, SIM__ARROW_BYTES, "", ""), 3);
    assert_int_equal(count_arrows(history, SIM__ARROW_BYTES, "writer/main", "reader/main"), 3);
    myc_sim_history_destroy(history);
}

// ---- Messages, deaths, draws ----

static int doomed_main(struct myc_platform *platform, void *arg)
{
    struct myc_sim *sim = arg;
    myc_sim_message_sent(sim, "order", 1);
    myc_sim_message_sent(sim, "order", 2);
    (void)myc_wait_wait(platform->wait, &word, word.value, MYC_NEVER, MYC_WAIT_PROCESS);
    return 0;
}

static void direct_doomed(struct myc_sim *sim)
{
    struct myc_sim_process doomed = myc_sim_start(sim, "one", "doomed", doomed_main, sim);
    myc_sim_run_for(sim, 1000000);
    myc_sim_message_received(sim, "order", 2);
    myc_sim_message_received(sim, "order", 3);
    myc_sim_kill(sim, doomed);
}

// Messages that code names get their arrows; a call that a death cut off never returned.
static void test_messages_and_deaths_are_told(void **state)
{
    char listing[LISTING_BYTES];
    (void)state;
    struct myc_sim_history *history = history_of(direct_doomed);
    list_events(history, listing);
    assert_int_equal(
        count_arrows(history, SIM__ARROW_MESSAGE, "sends: order 2", "receives: order 2"), 1);
    assert_int_equal(count_arrows(history, SIM__ARROW_MESSAGE, "", ""), 1);
    assert_non_null(strstr(listing, "doomed/main kill killed: doomed dies, in director/main"));
    unsigned open_count = 0;
    for (uint64_t i = 0; i < history->count; i++) {
        const struct sim__history_event *event = sim__history_at(history, i);
        open_count += event->is_open ? 1 : 0;
        assert_true(!event->is_open || strcmp(event->label, "wait.wait") == 0);
        assert_true(event->end_ns >= event->time_ns);
    }
    assert_int_equal(open_count, 1);
    myc_sim_history_destroy(history);
}

static void direct_choices(struct myc_sim *sim)
{
    for (int i = 0; i < 8; i++) {
        (void)myc_sim_choose(sim, "coin", 2);
    }
}

// Exactly the draws that are not boring are choices, with the numbers that a tape gives them.
static void test_choices_are_those_of_the_tape(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct myc_sim_options options = {.seed = seed, .is_recording = true};
        options.history = myc_sim_history_create();
        struct myc_sim_result *result = run_with(direct_choices, &options);
        const char *line = strchr(result->tape_text, '\n') + 1;
        for (uint64_t i = 0; i < options.history->choice_count; i++) {
            const struct sim__history_choice *choice = &options.history->choices[i];
            char expected[256];
            int size = snprintf(
                expected,
                sizeof(expected),
                "%" PRIu64 " %" PRIu64 " %s %s\n",
                choice->value,
                choice->nth,
                choice->scope,
                choice->label);
            assert_int_equal(strncmp(line, expected, (size_t)size), 0);
            line += size;
        }
        assert_int_equal(*line, '\0');
        myc_sim_history_destroy(options.history);
        drop_result(result);
    }
}

// Keeping a history draws nothing and takes no step: the hash is the same with and without.
static void test_history_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct myc_sim_result *plain = run_seed(direct_bytes, seed);
        struct myc_sim_options options = {.seed = seed, .history = myc_sim_history_create()};
        struct myc_sim_result *watched = run_with(direct_bytes, &options);
        assert_int_equal(plain->event_hash, watched->event_hash);
        assert_int_equal(plain->step_count, watched->step_count);
        assert_int_equal(plain->virtual_ns, watched->virtual_ns);
        assert_int_equal(options.history->figures.event_hash, watched->event_hash);
        assert_null(watched->tape_text);
        myc_sim_history_destroy(options.history);
        drop_result(plain);
        drop_result(watched);
    }
}

static int busy_main(struct myc_platform *platform, void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < SIM__HISTORY_EVENTS_MAX + 1000; i++) {
        (void)myc_clock_monotonic_ns(platform->clock);
    }
    return 0;
}

static void direct_busy(struct myc_sim *sim)
{
    (void)run_process(sim, busy_main, NULL);
    myc_sim_check(sim, false, "the end is reached");
}

// Of a long run the last events are left, the verdict among them.
static void test_long_run_keeps_its_end(void **state)
{
    (void)state;
    struct myc_sim_history *history = history_of(direct_busy);
    assert_true(history->count > SIM__HISTORY_EVENTS_MAX);
    assert_int_equal(history->count - sim__history_first(history), SIM__HISTORY_EVENTS_MAX);
    const struct sim__history_event *last = sim__history_at(history, history->count - 1);
    assert_int_equal(last->kind, SIM__HISTORY_FAILURE);
    assert_string_equal(last->text, "oracle: the end is reached");
    myc_sim_history_destroy(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_toy_run_is_told_event_by_event),
        cmocka_unit_test(test_arrows_follow_bytes_through_a_stream),
        cmocka_unit_test(test_messages_and_deaths_are_told),
        cmocka_unit_test(test_choices_are_those_of_the_tape),
        cmocka_unit_test(test_history_changes_nothing),
        cmocka_unit_test(test_long_run_keeps_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
