// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The explicit form of runs: every run can be told in it, whatever its strategy and faults, and
// every label that a tape may name has words.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include "io.h"

#include <mycelium/atomic.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>

#include <stdio.h>

enum { PORT = 4000, BYTES = 600, SEEDS = 100 };

struct meeting {
    struct myc_sim *sim;
    uint64_t counter;
    bool is_done;
};

static void spin_and_sleep(void *context)
{
    struct myc_platform *platform = context;
    for (int i = 0; i < 5; i++) {
        myc_thread_relax(platform->thread, 0);
        struct myc_atomic_u32 word = {0};
        uint64_t now = myc_clock_monotonic_ns(platform->clock);
        (void)myc_wait_wait(platform->wait, &word, 0, now + 100000, MYC_WAIT_PROCESS);
    }
}

static int serve(struct myc_platform *platform, void *arg)
{
    struct meeting *meeting = arg;
    struct myc_address address = {.kind = MYC_ADDRESS_TCP, .port = PORT, .text = "10.0.0.2"};
    struct myc_handle listener = {0};
    while (myc_listener_listen(platform->listener, &address, 0, &listener, NULL) != MYC_OK) {
        myc_thread_relax(platform->thread, 0);
    }
    struct myc_handle helper = {0};
    bool has_helper =
        myc_thread_start(platform->thread, spin_and_sleep, platform, NULL, &helper) == MYC_OK;
    struct myc_handle stream = io_accept(platform, listener);
    char bytes[64];
    size_t count = 0;
    while (io_read(platform, stream, (struct myc_span){bytes, sizeof(bytes)}, &count) == MYC_OK
           && count > 0) {
        meeting->counter += count;
    }
    if (has_helper) {
        myc_thread_join(platform->thread, helper);
    }
    myc_stream_close(platform->stream, stream);
    myc_listener_close(platform->listener, listener);
    return 0;
}

static int call(struct myc_platform *platform, void *arg)
{
    struct meeting *meeting = arg;
    struct myc_address address = {.kind = MYC_ADDRESS_TCP, .port = PORT, .text = "10.0.0.2"};
    struct myc_handle stream = io_connect(platform, &address);
    char bytes[BYTES];
    memset(bytes, 'x', sizeof(bytes));
    (void)io_write(platform, stream, bytes, sizeof(bytes));
    myc_stream_close(platform->stream, stream);
    meeting->is_done = true;
    return 0;
}

// Two hosts, streams, threads, deaths and restarts, faults of most kinds; nothing is demanded.
static void meet(struct myc_sim *sim)
{
    struct meeting meeting = {.sim = sim};
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        myc_sim_allow(sim, (enum myc_sim_fault)i, true);
    }
    struct myc_sim_process server = myc_sim_start(sim, "two", "server", serve, &meeting);
    myc_sim_tolerate_leaks(sim, server);
    myc_sim_allow_kill(sim, server, 2);
    struct myc_sim_process client = myc_sim_start(sim, "one", "client", call, &meeting);
    myc_sim_tolerate_leaks(sim, client);
    for (int i = 0; i < 20; i++) {
        myc_sim_run_for(sim, 500000);
        if (!myc_sim_is_running(sim, server)) {
            server = myc_sim_start(sim, "two", "server", serve, &meeting);
            myc_sim_tolerate_leaks(sim, server);
            myc_sim_allow_kill(sim, server, 2);
        }
    }
}

static struct myc_sim_result *record(uint64_t seed, bool is_explicit)
{
    const struct myc_sim_options options = {
        .seed = seed, .is_recording = true, .is_explicit = is_explicit};
    return run_with(meet, &options);
}

static struct myc_sim_result *replay(const char *tape)
{
    const struct myc_sim_options options = {.tape_text = tape, .is_recording = true};
    return run_with(meet, &options);
}

// A tape that names what happened gives the same run as the seed whose strategy led to it.
static void test_each_run_can_be_told_explicitly(void **state)
{
    (void)state;
    uint64_t switches = 0;
    uint64_t kills = 0;
    uint64_t faults = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct myc_sim_result *first = record(seed, true);
        struct myc_sim_result *second = replay(first->tape_text);
        assert_int_equal(first->step_count, second->step_count);
        assert_int_equal(first->event_hash, second->event_hash);
        assert_string_equal(first->tape_text, second->tape_text);
        assert_null(strstr(first->tape_text, "profile.strategy"));
        assert_null(strstr(first->tape_text, "schedule.preempt"));
        switches += strstr(first->tape_text, " schedule.switch\n") != NULL ? 1 : 0;
        kills += strstr(first->tape_text, " inject.kill") != NULL ? 1 : 0;
        faults += strstr(first->tape_text, " inject.s") != NULL ? 1 : 0;
        drop_result(first);
        drop_result(second);
    }
    assert_true(switches > SEEDS / 3);
    assert_true(kills > 10);
    assert_true(faults > 10);
}

// A tape of strategies and rates is told explicitly when it is replayed.
static void test_older_tapes_become_explicit(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct myc_sim_result *first = record(seed, false);
        struct myc_sim_result *second = replay(first->tape_text);
        struct myc_sim_result *third = replay(second->tape_text);
        assert_int_equal(first->event_hash, second->event_hash);
        assert_int_equal(first->event_hash, third->event_hash);
        assert_null(strstr(second->tape_text, "profile.strategy"));
        assert_string_equal(second->tape_text, third->tape_text);
        drop_result(first);
        drop_result(second);
        drop_result(third);
    }
}

// Tapes kept in the caller's memory are the same, and end in order when there is too little.
static void test_tapes_fit_into_memory_of_the_caller(void **state)
{
    (void)state;
    static char memory[65536];
    struct myc_sim_result *own = record(3, true);
    struct myc_sim_options options = {
        .seed = 3,
        .is_recording = true,
        .is_explicit = true,
        .tape_memory = memory,
        .tape_memory_bytes = sizeof(memory)};
    struct myc_sim_result *kept = run_with(meet, &options);
    assert_null(kept->tape_text);
    assert_string_equal(memory, own->tape_text);
    drop_result(kept);
    options.tape_memory_bytes = 200;
    kept = run_with(meet, &options);
    size_t size = strlen(memory);
    assert_in_range(size, 1, 199);
    assert_memory_equal(memory, own->tape_text, size);
    assert_int_equal(memory[size - 1], '\n');
    drop_result(kept);
    drop_result(own);
}

// ---- Words ----

static void check_labels(const char *tape)
{
    for (const char *line = strchr(tape, '\n'); line[1] != '\0'; line = strchr(line + 1, '\n')) {
        char label[128];
        assert_int_equal(sscanf(line + 1, "%*u %*u %*s %127[^\n]", label), 1);
        if (!sim__has_words(label)) {
            fail_msg("'%s' has no words in words.h", label);
        }
    }
}

// Whatever the harness draws in a campaign can be told in words.
static void test_every_label_of_a_campaign_has_words(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct myc_sim_result *drawn = record(seed, false);
        struct myc_sim_result *named = record(seed, true);
        check_labels(drawn->tape_text);
        check_labels(named->tape_text);
        drop_result(drawn);
        drop_result(named);
    }
}

static bool names_a_draw(const char *text, const char *quote)
{
    static const char *const calls[] = {
        "sim__choose(",
        "sim__choose_hidden(",
        "sim__chance(",
        "sim__chance_hidden(",
        "sim__range(",
        "sim__choice_",
        "sim__script_fault(",
        "sim__buffer_bytes("};
    const char *begin = quote;
    while (begin > text && begin[-1] != ';' && begin[-1] != '{' && begin[-1] != '}') {
        begin--;
    }
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        const char *at = strstr(begin, calls[i]);
        if (at != NULL && at < quote) {
            return true;
        }
    }
    return false;
}

/* Looks at every literal of a harness header that is the label of a draw. */
static unsigned check_header(const char *path)
{
    static char text[200000];
    unsigned count = 0;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    text[size] = '\0';
    assert_int_equal(fclose(file), 0);
    for (const char *at = strchr(text, '"'); at != NULL; at = strchr(at + 1, '"')) {
        char label[64];
        int used = 0;
        bool is_label = sscanf(at + 1, "%63[a-z.-]%n", label, &used) == 1 && at[1 + used] == '"'
                        && label[strlen(label) - 1] != '.';
        if (is_label && strchr(label, '/') == NULL && names_a_draw(text, at)) {
            count++;
            if (!sim__has_words(label)) {
                fail_msg("%s: '%s' has no words in words.h", path, label);
            }
        }
        at = strchr(at + 1, '"');
        if (at == NULL) {
            break;
        }
    }
    return count;
}

// What campaigns reach seldom is found in the source: a new draw cannot be forgotten.
static void test_every_label_in_the_source_has_words(void **state)
{
    (void)state;
    static const char *const names[] = {
        "clock",
        "fault",
        "file",
        "durable",
        "host",
        "listener",
        "local",
        "memory_model",
        "memory_race",
        "network",
        "node",
        "partition",
        "poller",
        "process",
        "route",
        "scheduler",
        "scheduler_chosen",
        "script",
        "stream",
        "world",
        "marks"};
    unsigned count = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s.h", HARNESS_DIRECTORY, names[i]);
        count += check_header(path);
    }
    assert_true(count > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_run_can_be_told_explicitly),
        cmocka_unit_test(test_older_tapes_become_explicit),
        cmocka_unit_test(test_tapes_fit_into_memory_of_the_caller),
        cmocka_unit_test(test_every_label_of_a_campaign_has_words),
        cmocka_unit_test(test_every_label_in_the_source_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
