// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Shared memory in a history: which store a load saw, which write of payload a reader got.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include <mycelium/atomic.h>
#include <mycelium/interface/thread.h>

struct channel {
    struct myc_platform *platform;
    char payload[16];
    struct myc_atomic_u32 ready;
};

static void consume(void *context)
{
    struct channel *channel = context;
    // Pairs with the release in produce().
    while (myc_load_acquire_u32(&channel->ready) == 0) {
        myc_thread_relax(channel->platform->thread, 0);
    }
    myc_shared_read(channel->payload, sizeof(channel->payload));
}

static int produce(struct myc_platform *platform, void *arg)
{
    struct channel channel = {.platform = platform};
    struct myc_handle thread = {0};
    (void)arg;
    if (myc_thread_start(platform->thread, consume, &channel, NULL, &thread) != MYC_OK) {
        return 1;
    }
    myc_shared_write(channel.payload, sizeof(channel.payload));
    myc_store_release_u32(&channel.ready, 1);
    (void)myc_fetch_add_u32(&channel.ready, 4);
    (void)myc_compare_exchange_u32(&channel.ready, 9, 2);
    for (int i = 0; i < 3; i++) {
        (void)myc_load_relaxed_u32(&channel.ready);
    }
    myc_thread_join(platform->thread, thread);
    return 0;
}

static void direct_channel(struct myc_sim *sim)
{
    (void)run_process(sim, produce, NULL);
}

static const struct sim__history_event *
find_event(const struct myc_sim_history *history, const char *label, const char *text)
{
    for (uint64_t i = 0; i < history->count; i++) {
        const struct sim__history_event *event = sim__history_at(history, i);
        if (strcmp(event->label, label) == 0 && event->text != NULL
            && strncmp(event->text, text, strlen(text)) == 0) {
            return event;
        }
    }
    print_error("there is no '%s: %s'\n", label, text);
    return NULL;
}

static unsigned count_arrows(
    const struct myc_sim_history *history,
    enum sim__arrow_kind kind,
    const char *from,
    const char *to)
{
    unsigned found = 0;
    for (uint64_t i = 0; i < history->arrow_count; i++) {
        const struct sim__arrow *arrow = &history->arrows[i];
        const struct sim__history_event *first = sim__history_at(history, arrow->from);
        const struct sim__history_event *second = sim__history_at(history, arrow->to);
        found += arrow->kind == kind && strcmp(first->label, from) == 0
                         && strcmp(second->label, to) == 0 && first->thread != second->thread
                     ? 1
                     : 0;
    }
    return found;
}

// Each operation says what it read and wrote; loads in a row are one event.
static void test_accesses_are_told(void **state)
{
    (void)state;
    struct myc_sim_options options = {.is_boring = true, .history = myc_sim_history_create()};
    drop_result(run_with(direct_channel, &options));
    const struct myc_sim_history *history = options.history;
    assert_non_null(find_event(history, "store", "release 1, place "));
    assert_non_null(find_event(history, "add", "1 becomes 5, place "));
    assert_non_null(find_event(history, "compare-exchange fails", "5 becomes 5, place "));
    const struct sim__history_event *load = find_event(history, "load", "relaxed gives 5");
    assert_non_null(load);
    assert_int_equal(load->count, 3);
    assert_non_null(find_event(history, "writes payload", "16 bytes, place "));
    myc_sim_history_destroy(options.history);
}

// A record's arrow leads from its writer to its reader, and one from the store that announced it.
static void test_arrows_follow_records(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct myc_sim_options options = {.seed = seed, .history = myc_sim_history_create()};
        assert_passed(run_with(direct_channel, &options));
        const struct myc_sim_history *history = options.history;
        assert_int_equal(
            count_arrows(history, SIM__ARROW_RECORD, "writes payload", "reads payload"), 1);
        unsigned announced = count_arrows(history, SIM__ARROW_VALUE, "store", "load")
                             + count_arrows(history, SIM__ARROW_VALUE, "add", "load");
        assert_int_equal(announced, 1);
        myc_sim_history_destroy(options.history);
    }
}

// The same draws give the same history, whatever the addresses are.
static void test_history_names_no_address(void **state)
{
    (void)state;
    struct myc_sim_options first = {.seed = 7, .history = myc_sim_history_create()};
    struct myc_sim_options second = {.seed = 7, .history = myc_sim_history_create()};
    drop_result(run_with(direct_channel, &first));
    void *in_between = malloc(100000); // so that the second run's memory lies elsewhere
    drop_result(run_with(direct_channel, &second));
    free(in_between);
    assert_int_equal(first.history->count, second.history->count);
    for (uint64_t i = 0; i < first.history->count; i++) {
        const struct sim__history_event *a = sim__history_at(first.history, i);
        const struct sim__history_event *b = sim__history_at(second.history, i);
        assert_string_equal(a->text != NULL ? a->text : "", b->text != NULL ? b->text : "");
    }
    myc_sim_history_destroy(first.history);
    myc_sim_history_destroy(second.history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accesses_are_told),
        cmocka_unit_test(test_arrows_follow_records),
        cmocka_unit_test(test_history_names_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
