// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Streams between simulated processes: what dies with a process, what a break loses, what is
// repeatable.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include "io.h"

enum { PORT = 4000, FLOW_BYTES = 20000, SEEDS = 300 };

/* Two processes that share a stream, and what each of them saw. */
struct meeting {
    struct myc_sim *sim;
    enum myc_address_kind kind;
    bool leaves_unread;     /* the server does not read what the client sent */
    uint64_t received;      /* by the client, or through the flow */
    enum myc_status reader; /* how reading ended */
    enum myc_status writer;
    bool is_met;
    bool is_done;
};

static struct myc_address address_of(enum myc_address_kind kind)
{
    if (kind == MYC_ADDRESS_UNIX) {
        return (struct myc_address){.kind = kind, .text = "/tmp/socket"};
    }
    return (struct myc_address){.kind = kind, .port = PORT, .text = "10.0.0.1"};
}

static struct myc_handle listen_at(struct myc_platform *platform, enum myc_address_kind kind)
{
    struct myc_address address = address_of(kind);
    struct myc_handle listener = {0};
    while (myc_listener_listen(platform->listener, &address, 0, &listener, NULL) != MYC_OK) {
        myc_thread_relax(platform->thread, 0);
    }
    return listener;
}

static bool is_met(void *context)
{
    const struct meeting *meeting = context;
    return meeting->is_met;
}

static bool is_done(void *context)
{
    const struct meeting *meeting = context;
    return meeting->is_done;
}

// ---- Death of an end ----

/* Sends "last" and stays until it is killed. */
static int doomed_server(struct myc_platform *platform, void *arg)
{
    struct meeting *meeting = arg;
    struct myc_handle listener = listen_at(platform, meeting->kind);
    struct myc_handle stream = io_accept(platform, listener);
    char byte = 0;
    size_t count = 0;
    if (meeting->leaves_unread) {
        io_await(platform, stream, MYC_READABLE);
    } else {
        (void)io_read(platform, stream, (struct myc_span){&byte, 1}, &count);
    }
    (void)io_write(platform, stream, "last", 4);
    meeting->is_met = true;
    io_await(platform, stream, 0);
    return 1;
}

/* Says hello, waits for the server's death, reads what is left. */
static int mourning_client(struct myc_platform *platform, void *arg)
{
    struct meeting *meeting = arg;
    struct myc_address address = address_of(meeting->kind);
    struct myc_handle stream = io_connect(platform, &address);
    char bytes[8];
    size_t count = 0;
    meeting->writer = io_write(platform, stream, "h", 1);
    do {
        meeting->reader = io_read(platform, stream, (struct myc_span){bytes, 8}, &count);
        meeting->received += count;
    } while (meeting->reader == MYC_OK);
    myc_stream_close(platform->stream, stream);
    meeting->is_done = true;
    return 0;
}

static void kill_server(struct myc_sim *sim, struct meeting *meeting)
{
    struct myc_sim_process server = myc_sim_start(sim, "one", "server", doomed_server, meeting);
    (void)myc_sim_start(sim, "one", "client", mourning_client, meeting);
    (void)myc_sim_run_until(sim, is_met, meeting, MYC_NEVER);
    myc_sim_kill(sim, server);
    (void)myc_sim_run_until(sim, is_done, meeting, MYC_NEVER);
}

static void direct_unix_death(struct myc_sim *sim)
{
    struct meeting meeting = {.kind = MYC_ADDRESS_UNIX};
    kill_server(sim, &meeting);
    myc_sim_check(sim, meeting.received == 4, "what the dead wrote is read");
    myc_sim_check(sim, meeting.reader == MYC_END, "then the stream ends");
}

static void direct_tcp_death(struct myc_sim *sim)
{
    struct meeting meeting = {.kind = MYC_ADDRESS_TCP};
    kill_server(sim, &meeting);
    myc_sim_check(sim, meeting.received == 4, "what the dead wrote is read");
    myc_sim_check(sim, meeting.reader == MYC_END, "then the stream ends");
}

static void direct_tcp_death_with_unread_bytes(struct myc_sim *sim)
{
    struct meeting meeting = {.kind = MYC_ADDRESS_TCP, .leaves_unread = true};
    myc_sim_allow(sim, MYC_SIM_FAULT_SPURIOUS_READY, false);
    kill_server(sim, &meeting);
    myc_sim_check(sim, meeting.received <= 4, "no more arrives than was written");
    myc_sim_check(sim, meeting.reader == MYC_RESET, "the kernel breaks the connection");
}

static void run_all(void (*director)(struct myc_sim *sim))
{
    assert_passed(run_boring(director));
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        assert_passed(run_seed(director, seed));
    }
}

// A killed process's streams are closed for it: the other end reads what was sent, then the end.
static void test_network_death_ends_streams(void **state)
{
    (void)state;
    run_all(direct_unix_death);
    run_all(direct_tcp_death);
}

// A TCP end that dies with bytes it had not read breaks the connection.
static void test_network_death_with_unread_bytes_resets(void **state)
{
    (void)state;
    run_all(direct_tcp_death_with_unread_bytes);
}

// ---- A flow from one host to another ----

static uint8_t flow_byte(uint64_t position)
{
    return (uint8_t)(position * 7 + (position >> 8));
}

static int flow_source(struct myc_platform *platform, void *arg)
{
    struct meeting *meeting = arg;
    struct myc_handle listener = listen_at(platform, MYC_ADDRESS_TCP);
    struct myc_handle stream = io_accept(platform, listener);
    uint8_t bytes[500];
    meeting->writer = MYC_OK;
    for (uint64_t done = 0; meeting->writer == MYC_OK && done < FLOW_BYTES;) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = flow_byte(done + i);
        }
        meeting->writer = io_write(platform, stream, bytes, sizeof(bytes));
        done += sizeof(bytes);
    }
    myc_stream_close(platform->stream, stream);
    myc_listener_close(platform->listener, listener);
    return 0;
}

static int flow_sink(struct myc_platform *platform, void *arg)
{
    struct meeting *meeting = arg;
    struct myc_address address = address_of(MYC_ADDRESS_TCP);
    struct myc_handle stream = io_connect(platform, &address);
    uint8_t bytes[300];
    size_t count = 0;
    do {
        meeting->reader = io_read(platform, stream, (struct myc_span){bytes, 300}, &count);
        for (size_t i = 0; i < count; i++) {
            myc_sim_check(
                meeting->sim,
                bytes[i] == flow_byte(meeting->received + i),
                "bytes keep their order");
        }
        meeting->received += count;
    } while (meeting->reader == MYC_OK);
    myc_stream_close(platform->stream, stream);
    meeting->is_done = true;
    return 0;
}

static void run_flow(struct myc_sim *sim, struct meeting *meeting)
{
    meeting->sim = sim;
    (void)myc_sim_start(sim, "one", "source", flow_source, meeting);
    (void)myc_sim_start(sim, "two", "sink", flow_sink, meeting);
    (void)myc_sim_run_until(sim, is_done, meeting, MYC_NEVER);
}

static void direct_flow(struct myc_sim *sim)
{
    struct meeting meeting = {.kind = MYC_ADDRESS_TCP};
    run_flow(sim, &meeting);
    myc_sim_check(sim, meeting.received == FLOW_BYTES, "all bytes arrive");
    myc_sim_check(sim, meeting.reader == MYC_END, "the end follows them");
}

static void direct_breaking_flow(struct myc_sim *sim)
{
    struct meeting meeting = {.kind = MYC_ADDRESS_TCP};
    myc_sim_allow(sim, MYC_SIM_FAULT_RESET, true);
    // A held answer would let the break come before the sink knows that it is connected.
    myc_sim_allow(sim, MYC_SIM_FAULT_CLOG, false);
    run_flow(sim, &meeting);
    bool is_whole = meeting.received == FLOW_BYTES && meeting.reader == MYC_END;
    bool is_told = meeting.reader == MYC_RESET;
    myc_sim_check(sim, is_whole || is_told, "what is lost is reported");
    myc_sim_count(sim, "broken", is_told ? 1 : 0);
    myc_sim_count(sim, "lost", is_told && meeting.received < FLOW_BYTES ? 1 : 0);
}

// Partitions that end lose nothing: what they drop is sent again.
static void direct_partitioned_flow(struct myc_sim *sim)
{
    myc_sim_allow(sim, MYC_SIM_FAULT_PARTITION, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_LATENCY_TAIL, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_TINY_BUFFER, true);
    direct_flow(sim);
}

static void direct_calm_flow(struct myc_sim *sim)
{
    myc_sim_faults(sim, false);
    direct_flow(sim);
}

static uint64_t counter(const struct myc_sim_result *result, const char *name)
{
    for (size_t i = 0; i < result->counter_count; i++) {
        if (strcmp(result->counters[i].name, name) == 0) {
            return result->counters[i].amount;
        }
    }
    return 0;
}

// A break loses the tail of what was under way, tells so, and never reorders.
static void test_network_break_loses_only_the_tail(void **state)
{
    (void)state;
    uint64_t broken = 0;
    uint64_t lost = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct myc_sim_result *result = run_seed(direct_breaking_flow, seed);
        broken += counter(result, "broken");
        lost += counter(result, "lost");
        assert_passed(result);
    }
    assert_true(broken > 10);
    assert_true(lost > 10);
    assert_true(broken < SEEDS);
}

// Whatever delays a flow, all of it arrives, in order.
static void test_network_partitions_that_end_lose_nothing(void **state)
{
    uint64_t effects = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct myc_sim_result *result = run_seed(direct_partitioned_flow, seed);
        effects += result->fault_effect[MYC_SIM_FAULT_PARTITION];
        assert_passed(result);
    }
    assert_true(effects > 10);
}

// Every fault that streams and pollers can bear happens in a campaign and has an effect.
static void test_network_faults_have_effects(void **state)
{
    static const enum myc_sim_fault faults[] = {
        MYC_SIM_FAULT_SHORT_READ,
        MYC_SIM_FAULT_SHORT_WRITE,
        MYC_SIM_FAULT_WOULD_BLOCK,
        MYC_SIM_FAULT_LATENCY,
        MYC_SIM_FAULT_SPURIOUS_READY,
        MYC_SIM_FAULT_CONNECT_DELAY,
    };
    uint64_t effects[MYC_SIM_FAULT_COUNT] = {0};
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct myc_sim_result *result = run_seed(direct_flow, seed);
        for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
            effects[i] += result->fault_effect[i];
        }
        assert_passed(result);
    }
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        assert_true(effects[faults[i]] > 0);
    }
}

// With faults off nothing is injected, whatever the profile drew.
static void test_network_calm_has_no_faults(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct myc_sim_result *result = run_seed(direct_calm_flow, seed);
        for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
            assert_int_equal(result->fault_injected[i], 0);
        }
        assert_passed(result);
    }
}

// Two processes that talk over a stream do the same in each run of a seed, and differ by seed.
static void test_network_is_repeatable(void **state)
{
    (void)state;
    uint64_t previous = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct myc_sim_result *first = run_seed(direct_flow, seed);
        struct myc_sim_result *second = run_seed(direct_flow, seed);
        assert_int_equal(first->event_hash, second->event_hash);
        assert_int_equal(first->step_count, second->step_count);
        assert_int_not_equal(first->event_hash, previous);
        previous = first->event_hash;
        assert_passed(first);
        assert_passed(second);
    }
}

// ---- Listeners ----

/* Listens until it is killed. */
static int waiting_listener(struct myc_platform *platform, void *arg)
{
    struct meeting *meeting = arg;
    struct myc_handle listener = listen_at(platform, MYC_ADDRESS_UNIX);
    meeting->is_met = true;
    io_await(platform, listener, 0);
    return 1;
}

/* Finds the path of the dead refused, and listens there itself. */
static int heir(struct myc_platform *platform, void *arg)
{
    struct meeting *meeting = arg;
    struct myc_address address = address_of(MYC_ADDRESS_UNIX);
    struct myc_handle stream = {0};
    struct myc_handle listener = {0};
    meeting->writer = myc_stream_connect(platform->stream, &address, &stream, NULL);
    meeting->reader = myc_listener_listen(platform->listener, &address, 1, &listener, NULL);
    struct myc_handle streams[2] = {{0}};
    bool is_first_taken =
        myc_stream_connect(platform->stream, &address, &streams[0], NULL) == MYC_OK;
    bool is_second_late =
        myc_stream_connect(platform->stream, &address, &streams[1], NULL) == MYC_AGAIN;
    meeting->is_met = is_first_taken && is_second_late;
    myc_stream_close(platform->stream, streams[0]);
    myc_listener_close(platform->listener, listener);
    meeting->is_done = true;
    return 0;
}

static void direct_stale_path(struct myc_sim *sim)
{
    struct meeting meeting = {.is_met = false};
    struct myc_sim_process first = myc_sim_start(sim, "one", "first", waiting_listener, &meeting);
    (void)myc_sim_run_until(sim, is_met, &meeting, MYC_NEVER);
    myc_sim_kill(sim, first);
    meeting.is_met = false;
    (void)myc_sim_start(sim, "one", "second", heir, &meeting);
    (void)myc_sim_run_until(sim, is_done, &meeting, MYC_NEVER);
    myc_sim_check(sim, meeting.writer == MYC_REFUSED, "nobody listens at a dead path");
    myc_sim_check(sim, meeting.reader == MYC_OK, "the path is taken over");
    myc_sim_check(sim, meeting.is_met, "one connection fits into the queue, a second does not");
}

// A killed listener leaves its path behind: it refuses, and the next listener takes it over. A full
// queue says AGAIN.
static void test_network_dead_path_is_taken_over(void **state)
{
    (void)state;
    run_all(direct_stale_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network_death_ends_streams),
        cmocka_unit_test(test_network_death_with_unread_bytes_resets),
        cmocka_unit_test(test_network_break_loses_only_the_tail),
        cmocka_unit_test(test_network_partitions_that_end_lose_nothing),
        cmocka_unit_test(test_network_faults_have_effects),
        cmocka_unit_test(test_network_calm_has_no_faults),
        cmocka_unit_test(test_network_is_repeatable),
        cmocka_unit_test(test_network_dead_path_is_taken_over),
    };
    return cmocka_run_group_tests_name("sim.network", tests, NULL, NULL);
}
