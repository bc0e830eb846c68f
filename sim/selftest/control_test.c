// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Negative controls of the network's faults: a toy that relies on what the fault takes away. With
// only that fault it comes to harm in some runs; without faults in none. A fault that does nothing
// would leave every toy unharmed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include "io.h"

enum { PORT = 4000, SEEDS = 100, ROUNDS = 100, BIG_BYTES = 65536 };

static const uint64_t ms_ns = 1000000;
static const uint64_t second_ns = 1000000000;

struct toy;

/* One run of a toy. */
struct trial {
    struct myc_sim *sim;
    const struct toy *toy;
    bool is_done;
};

/* A toy: two programs, and what they rely on. */
struct toy {
    enum myc_sim_fault fault;
    myc_sim_main_fn *server;
    myc_sim_main_fn *client;
    uint64_t patience_ns;
    size_t bytes;
    enum myc_address_kind kind;
};

static const struct toy *toy_now;
static bool are_faults_on;

static void harm(struct trial *trial)
{
    myc_sim_count(trial->sim, "harm", 1);
}

static struct myc_address address_of(const struct toy *toy)
{
    struct myc_address address = {.kind = toy->kind, .port = PORT, .text = "10.0.0.1"};
    if (toy->kind == MYC_ADDRESS_UNIX) {
        address.port = 0;
        memcpy(address.text, "/tmp/socket", sizeof("/tmp/socket"));
    }
    return address;
}

static struct myc_handle listen_for(struct myc_platform *platform, const struct toy *toy)
{
    struct myc_address address = address_of(toy);
    struct myc_handle listener = {0};
    io_must(myc_listener_listen(platform->listener, &address, 0, &listener, NULL));
    return listener;
}

static uint64_t now_ns(struct myc_platform *platform)
{
    return myc_clock_monotonic_ns(platform->clock);
}

// ---- Toys ----

/* Answers every `bytes` bytes with one. */
static int echo_server(struct myc_platform *platform, void *arg)
{
    struct trial *trial = arg;
    static char buffer[4096];
    struct myc_handle listener = listen_for(platform, trial->toy);
    struct myc_handle stream = io_accept(platform, listener);
    enum myc_status status = MYC_OK;
    size_t got = 0;
    while (status == MYC_OK) {
        size_t count = 0;
        status = io_read(platform, stream, (struct myc_span){buffer, sizeof(buffer)}, &count);
        got += count;
        if (got >= trial->toy->bytes) {
            got -= trial->toy->bytes;
            status = io_write(platform, stream, "k", 1);
        }
    }
    myc_stream_close(platform->stream, stream);
    myc_listener_close(platform->listener, listener);
    return 0;
}

/* Relies on answers within its patience. */
static int impatient_client(struct myc_platform *platform, void *arg)
{
    struct trial *trial = arg;
    static const char buffer[BIG_BYTES];
    struct myc_address address = address_of(trial->toy);
    struct myc_handle stream = io_connect(platform, &address);
    for (int i = 0; i < ROUNDS; i++) {
        char answer = 0;
        size_t count = 0;
        uint64_t began_ns = now_ns(platform);
        io_must(io_write(platform, stream, buffer, trial->toy->bytes));
        io_must(io_read(platform, stream, (struct myc_span){&answer, 1}, &count));
        if (now_ns(platform) - began_ns > trial->toy->patience_ns) {
            harm(trial);
        }
    }
    myc_stream_close(platform->stream, stream);
    trial->is_done = true;
    return 0;
}

/* Relies on the kernel to take all bytes of a first write at once. */
static int careless_client(struct myc_platform *platform, void *arg)
{
    struct trial *trial = arg;
    static const char buffer[BIG_BYTES];
    struct myc_address address = address_of(trial->toy);
    struct myc_handle stream = io_connect(platform, &address);
    const struct myc_const_span span = {buffer, trial->toy->bytes};
    size_t count = 0;
    io_must(myc_stream_writev(platform->stream, stream, &span, 1, &count));
    if (count < trial->toy->bytes) {
        harm(trial);
    }
    myc_stream_close(platform->stream, stream);
    trial->is_done = true;
    return 0;
}

/* Relies on a silent connection to stay. */
static int trusting_client(struct myc_platform *platform, void *arg)
{
    struct trial *trial = arg;
    struct myc_address address = address_of(trial->toy);
    struct myc_handle stream = io_connect(platform, &address);
    char answer = 0;
    size_t count = 0;
    myc_sim_isolate(trial->sim, "two", MYC_SIM_CUT_DROP);
    uint64_t began_ns = now_ns(platform);
    io_must(io_write(platform, stream, "x", 1));
    enum myc_status status = io_read(platform, stream, (struct myc_span){&answer, 1}, &count);
    if (status == MYC_RESET && now_ns(platform) - began_ns < trial->toy->patience_ns) {
        harm(trial);
    }
    myc_stream_close(platform->stream, stream);
    trial->is_done = true;
    return 0;
}

/* Relies on its connect to be over, and to be well, within its patience. */
static int hasty_client(struct myc_platform *platform, void *arg)
{
    struct trial *trial = arg;
    struct myc_address address = address_of(trial->toy);
    struct myc_handle stream = {0};
    uint64_t began_ns = now_ns(platform);
    enum myc_status status = myc_stream_connect(platform->stream, &address, &stream, NULL);
    if (status == MYC_OK) {
        status = myc_stream_connect_result(platform->stream, stream);
    }
    while (status == MYC_AGAIN && stream.value != 0) {
        io_await(platform, stream, MYC_WRITABLE);
        status = myc_stream_connect_result(platform->stream, stream);
    }
    if (status != MYC_OK || now_ns(platform) - began_ns > trial->toy->patience_ns) {
        harm(trial);
    }
    myc_stream_close(platform->stream, stream);
    trial->is_done = true;
    return 0;
}

/* Relies on a connection to be there when its listener is ready. */
static int eager_server(struct myc_platform *platform, void *arg)
{
    struct trial *trial = arg;
    struct myc_handle stream = {0};
    struct myc_handle listener = listen_for(platform, trial->toy);
    io_await(platform, listener, MYC_READABLE);
    if (myc_listener_accept(platform->listener, listener, &stream) != MYC_OK) {
        harm(trial);
    }
    myc_stream_close(platform->stream, stream);
    myc_listener_close(platform->listener, listener);
    trial->is_done = true;
    return 0;
}

static int plain_client(struct myc_platform *platform, void *arg)
{
    struct trial *trial = arg;
    struct myc_address address = address_of(trial->toy);
    struct myc_handle stream = io_connect(platform, &address);
    io_await(platform, stream, 0);
    myc_stream_close(platform->stream, stream);
    return 0;
}

/* Accepts whoever comes, and stays. */
static int patient_server(struct myc_platform *platform, void *arg)
{
    struct trial *trial = arg;
    struct myc_handle listener = listen_for(platform, trial->toy);
    struct myc_handle stream = io_accept(platform, listener);
    io_await(platform, stream, 0);
    return 0;
}

/* Relies on its port to be free as soon as it has closed it. */
static int restless_server(struct myc_platform *platform, void *arg)
{
    struct trial *trial = arg;
    struct myc_address address = address_of(trial->toy);
    for (int i = 0; i < 10; i++) {
        struct myc_handle listener = {0};
        if (myc_listener_listen(platform->listener, &address, 0, &listener, NULL) != MYC_OK) {
            harm(trial);
        }
        myc_listener_close(platform->listener, listener);
    }
    trial->is_done = true;
    return 0;
}

static int absent_client(struct myc_platform *platform, void *arg)
{
    (void)platform;
    (void)arg;
    return 0;
}

// ---- Trials ----

static bool is_done(void *context)
{
    const struct trial *trial = context;
    return trial->is_done;
}

static void direct(struct myc_sim *sim)
{
    struct trial trial = {.sim = sim, .toy = toy_now};
    const struct myc_sim_route fast = {.latency_ns = 20000};
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        myc_sim_allow(sim, (enum myc_sim_fault)i, (enum myc_sim_fault)i == toy_now->fault);
    }
    myc_sim_faults(sim, are_faults_on);
    bool is_remote = toy_now->kind == MYC_ADDRESS_TCP;
    struct myc_sim_process server = myc_sim_start(sim, "one", "server", toy_now->server, &trial);
    myc_sim_tolerate_leaks(sim, server);
    if (is_remote && toy_now->fault != MYC_SIM_FAULT_SLOW_LINK) {
        myc_sim_route(sim, "one", "two", &fast);
    }
    myc_sim_run_for(sim, ms_ns);
    (void)myc_sim_start(sim, is_remote ? "two" : "one", "client", toy_now->client, &trial);
    myc_sim_check(
        sim, myc_sim_run_until(sim, is_done, &trial, 4000 * second_ns), "the toy comes to its end");
}

static uint64_t harm_of(const struct myc_sim_result *result)
{
    for (size_t i = 0; i < result->counter_count; i++) {
        if (strcmp(result->counters[i].name, "harm") == 0) {
            return result->counters[i].amount;
        }
    }
    return 0;
}

static void try_toy(const struct toy *toy)
{
    uint64_t harmed = 0;
    uint64_t effects = 0;
    toy_now = toy;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        are_faults_on = false;
        struct myc_sim_result *result = run_seed(direct, seed);
        assert_int_equal(harm_of(result), 0);
        assert_passed(result);
        are_faults_on = true;
        result = run_seed(direct, seed);
        harmed += harm_of(result);
        effects += result->fault_effect[toy->fault];
        if (result->fault_effect[toy->fault] == 0) {
            assert_int_equal(harm_of(result), 0);
        }
        assert_passed(result);
    }
    if (harmed == 0 || effects == 0) {
        print_error("%s harms nobody\n", sim__fault_text(toy->fault));
    }
    assert_true(harmed > 0);
    assert_true(effects > 0);
}

// ---- Tests ----

// What stops or slows the way between two hosts keeps an answer waiting.
static void test_control_slow_ways_keep_answers_waiting(void **state)
{
    static const struct toy toys[] = {
        {.fault = MYC_SIM_FAULT_PARTITION, .patience_ns = 9000000, .bytes = 10},
        {.fault = MYC_SIM_FAULT_CLOG, .patience_ns = 900000, .bytes = 10},
        {.fault = MYC_SIM_FAULT_LATENCY_TAIL, .patience_ns = 90000000, .bytes = 10},
        {.fault = MYC_SIM_FAULT_SLOW_LINK, .patience_ns = 300000000, .bytes = BIG_BYTES},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(toys) / sizeof(toys[0]); i++) {
        struct toy toy = toys[i];
        toy.kind = MYC_ADDRESS_TCP;
        toy.server = echo_server;
        toy.client = impatient_client;
        try_toy(&toy);
    }
}

// Small buffers take less at once, on both kinds of streams.
static void test_control_small_buffers_cut_writes(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct toy toy = {
            .fault = MYC_SIM_FAULT_SMALL_BUFFER,
            .server = patient_server,
            .client = careless_client,
            .bytes = BIG_BYTES,
            .kind = i == 0 ? MYC_ADDRESS_UNIX : MYC_ADDRESS_TCP,
        };
        try_toy(&toy);
        toy.fault = MYC_SIM_FAULT_TINY_BUFFER;
        toy.bytes = 16;
        try_toy(&toy);
    }
}

// Connections break or fail in the ways that the kernel reports.
static void test_control_connections_fail(void **state)
{
    static const struct toy toys[] = {
        {.fault = MYC_SIM_FAULT_STREAM_TIMEOUT,
         .server = patient_server,
         .client = trusting_client,
         .patience_ns = UINT64_C(600000000000),
         .kind = MYC_ADDRESS_TCP},
        {.fault = MYC_SIM_FAULT_CONNECT_TIMEOUT,
         .server = patient_server,
         .client = hasty_client,
         .patience_ns = UINT64_C(1000000000),
         .kind = MYC_ADDRESS_TCP},
        {.fault = MYC_SIM_FAULT_CONNECT_LATE,
         .server = patient_server,
         .client = hasty_client,
         .patience_ns = UINT64_C(1000000000),
         .kind = MYC_ADDRESS_TCP},
        {.fault = MYC_SIM_FAULT_BACKLOG_FULL,
         .server = patient_server,
         .client = hasty_client,
         .patience_ns = 500000000,
         .kind = MYC_ADDRESS_TCP},
        {.fault = MYC_SIM_FAULT_BACKLOG_FULL,
         .server = patient_server,
         .client = hasty_client,
         .patience_ns = 500000000,
         .kind = MYC_ADDRESS_UNIX},
        {.fault = MYC_SIM_FAULT_ACCEPT_ABORTED,
         .server = eager_server,
         .client = plain_client,
         .kind = MYC_ADDRESS_TCP},
        {.fault = MYC_SIM_FAULT_LISTEN_IN_USE,
         .server = restless_server,
         .client = absent_client,
         .kind = MYC_ADDRESS_TCP},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(toys) / sizeof(toys[0]); i++) {
        try_toy(&toys[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control_slow_ways_keep_answers_waiting),
        cmocka_unit_test(test_control_small_buffers_cut_writes),
        cmocka_unit_test(test_control_connections_fail),
    };
    return cmocka_run_group_tests_name("sim.control", tests, NULL, NULL);
}
