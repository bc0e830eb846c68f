// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Messages of a contract from publish to poll, of any size: on the heap of one node, and in memory
// that two nodes share. One thread does both ends, so what is timed is the work and not the wait:
// filling every word, in place or in a struct that is copied in, and reading every word in place.
#include <stdio.h>
#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/posix.h>

#include "bus_fixture.h"
#include "machine.h"

enum {
    SIZES = 8,
    RING_BYTES_MIN = 256 * 1024,
    RING_MESSAGES_MIN = 8,
    TOTAL_BYTES = 32 * 1024 * 1024,
    MESSAGES_MAX = 50000,
    MESSAGES_MIN = 8,
    LARGEST = 2 * 1024 * 1024
};

#define SIZE_VALUES                                                                                \
    {                                                                                              \
        "64 B", "256 B", "1 KiB", "4 KiB", "16 KiB", "64 KiB", "512 KiB", "2 MiB ns"               \
    }
#define MEETING_NS UINT64_C(10000000000)

static const double sizes[SIZES] = {64, 256, 1024, 4096, 16384, 65536, 524288, LARGEST};

#define TYPE_(number, bytes)                                                                       \
    {                                                                                              \
        .id = number, .version = 1, .size = bytes, .name = "Block" #number, .topic = "blocks"      \
    }
static const struct myc_message_type types[SIZES] = {
    TYPE_(1, 64),
    TYPE_(2, 256),
    TYPE_(3, 1024),
    TYPE_(4, 4096),
    TYPE_(5, 16384),
    TYPE_(6, 65536),
    TYPE_(7, 524288),
    TYPE_(8, 1048576)}; // a struct may be no larger; the rest is its tail
static const struct myc_message_type *const messages[SIZES] = {
    &types[0], &types[1], &types[2], &types[3], &types[4], &types[5], &types[6], &types[7]};
static const struct myc_contract contract = {
    .name = "blocks",
    .id = 2,
    .version = 1,
    .min_compatible = 1,
    .message_count = SIZES,
    .messages = messages,
    .digest = {2}};

struct typed {
    struct bus_plan plan;
    struct myc_platform *platforms[2];
    struct myc_waiter waiters[2];
    struct myc_bus *buses[2];
    struct myc_publisher *publisher;
    struct myc_subscriber *subscriber;
    uint64_t ring_bytes;
    uint64_t *block; /* the struct that is copied in; NULL: filled in place */
    uint64_t sum;
    uint64_t want;
    uint64_t received;
};

// ---- Nodes ----

static bool open_node(struct typed *typed, uint32_t index)
{
    struct myc_diagnostic why = {.text = ""};
    const struct myc_bus_options options = {
        .topology = &typed->plan.topology,
        .node = index == 0 ? "first" : "second",
        .contract = &contract,
        .ring_bytes = typed->ring_bytes};
    bool is_good =
        myc_posix_create(&typed->platforms[index], &why) == MYC_OK
        && myc_waiter_open(&typed->waiters[index], typed->platforms[index]) == MYC_OK
        && myc_bus_create(typed->platforms[index], &options, &typed->buses[index], &why) == MYC_OK;
    if (!is_good) {
        (void)fprintf(stderr, "myc-bench: cannot open a node: %s\n", why.text);
    }
    return is_good;
}

// Turns both nodes until the ends have found each other.
static bool meet(struct typed *typed, uint32_t last)
{
    uint64_t now_ns = myc_clock_monotonic_ns(typed->platforms[0]->clock);
    uint64_t end_ns = now_ns + MEETING_NS;
    while (myc_publisher_await_subscribers(typed->publisher, 1, 0) != MYC_OK
           || myc_subscriber_matched(typed->subscriber) == 0) {
        if (now_ns >= end_ns) {
            return bench_fail("the nodes did not meet");
        }
        (void)myc_bus_work(typed->buses[0], 0);
        (void)myc_bus_work(typed->buses[last], 0);
        now_ns = myc_clock_monotonic_ns(typed->platforms[0]->clock);
    }
    return true;
}

static bool open_typed(struct typed *typed, enum myc_transport_kind transport, bool is_copied)
{
    uint32_t last = transport == MYC_TRANSPORT_LOCAL ? 0 : 1;
    const struct myc_publisher_options options = {.on_full = MYC_FULL_REJECT};
    typed->block = is_copied ? bench_pages(LARGEST, false) : NULL;
    if (!bus_plan_make(transport, &typed->plan) || !open_node(typed, 0)
        || (last != 0 && !open_node(typed, last)) || (is_copied && typed->block == NULL)) {
        return false;
    }
    bool is_good =
        myc_publisher_create(
            typed->buses[0], &typed->waiters[0], "blocks", &options, &typed->publisher, NULL)
            == MYC_OK
        && myc_subscriber_create(
               typed->buses[last], &typed->waiters[last], "blocks", &typed->subscriber, NULL)
               == MYC_OK;
    return (is_good || bench_fail("cannot make the ends")) && meet(typed, last);
}

static void close_typed(struct typed *typed)
{
    struct myc_close_report report;
    if (typed->publisher != NULL) {
        (void)myc_publisher_close(typed->publisher, 0, &report);
    }
    for (int i = 1; i >= 0; i--) {
        myc_bus_destroy(typed->buses[i]);
        myc_waiter_close(&typed->waiters[i]);
        myc_posix_destroy(typed->platforms[i]);
    }
    bench_pages_free(typed->block, LARGEST);
    bus_plan_remove(&typed->plan);
}

// ---- Messages ----

static uint64_t fill(uint64_t *words, size_t bytes, uint64_t value)
{
    uint64_t count = bytes / sizeof(uint64_t);
    for (uint64_t i = 0; i < count; i++) {
        words[i] = value + i;
    }
    return count * value + count * (count - 1) / 2;
}

static bool
send(struct typed *typed, const struct myc_message_type *type, size_t bytes, uint64_t value)
{
    void *payload = NULL;
    enum myc_status status = MYC_FULL;
    if (typed->block != NULL) {
        typed->want += fill(typed->block, bytes, value);
        while (status == MYC_FULL) {
            status = myc_publish(typed->publisher, type, typed->block, bytes);
        }
        return status == MYC_OK;
    }
    while (status == MYC_FULL) {
        status = myc_publisher_claim(typed->publisher, type, bytes, &payload);
    }
    if (status == MYC_OK) {
        typed->want += fill(payload, bytes, value);
        status = myc_publisher_commit(typed->publisher, bytes);
    }
    return status == MYC_OK;
}

static void on_block(const struct myc_delivery *delivery, void *context)
{
    struct typed *typed = context;
    const uint64_t *words = delivery->record->payload;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < delivery->record->size / sizeof(uint64_t); i++) {
        sum += words[i];
    }
    typed->sum += sum;
    typed->received++;
}

static bool pass(struct typed *typed, size_t index, uint64_t count)
{
    uint64_t end = typed->received + count;
    bool is_good = true;
    for (uint64_t i = 0; is_good && i < count; i++) {
        is_good = send(typed, &types[index], (size_t)sizes[index], i)
                  && myc_subscriber_poll(typed->subscriber, on_block, NULL, typed, 1) == 1;
    }
    return is_good && typed->received == end;
}

// One size: nodes with a ring for it, a lap to warm up, then what is timed.
static bool measure_size(
    const struct bench_setup *setup,
    enum myc_transport_kind transport,
    bool is_copied,
    size_t index,
    double *out)
{
    struct typed *typed = bench_pages(sizeof(*typed), false);
    uint64_t bytes = (uint64_t)sizes[index];
    uint64_t count = TOTAL_BYTES / bytes < MESSAGES_MAX ? TOTAL_BYTES / bytes : MESSAGES_MAX;
    count = setup->is_quick ? count / 100 : count;
    count = count > MESSAGES_MIN ? count : MESSAGES_MIN;
    if (typed == NULL) {
        return false;
    }
    typed->ring_bytes = RING_BYTES_MIN;
    while (typed->ring_bytes < RING_MESSAGES_MIN * bytes) {
        typed->ring_bytes *= 2;
    }
    bool is_good = open_typed(typed, transport, is_copied)
                   && pass(typed, index, typed->ring_bytes / bytes + 1);
    uint64_t start = bench_ticks();
    is_good = is_good && pass(typed, index, count);
    *out = (double)(bench_ticks() - start) * setup->ns_per_tick / (double)count;
    if (is_good && typed->sum != typed->want) {
        is_good = bench_fail("other words came out than went in");
    }
    close_typed(typed);
    bench_pages_free(typed, sizeof(*typed));
    return is_good;
}

static bool measure(
    const struct bench_setup *setup, enum myc_transport_kind transport, bool is_copied, double *out)
{
    bool is_good = true;
    for (size_t i = 0; is_good && i < SIZES; i++) {
        is_good = measure_size(setup, transport, is_copied, i, &out[i]);
    }
    return is_good;
}

#define SIDE_(name, transport, is_copied)                                                          \
    static bool name(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])         \
    {                                                                                              \
        return measure(setup, transport, is_copied, out_values);                                   \
    }

SIDE_(heap, MYC_TRANSPORT_LOCAL, false)
SIDE_(heap_copied, MYC_TRANSPORT_LOCAL, true)
SIDE_(shm, MYC_TRANSPORT_SHM, false)
SIDE_(shm_copied, MYC_TRANSPORT_SHM, true)

static const struct bench_side sides[] = {
    {"heap, filled in place", heap, SIZE_VALUES},
    {"heap, copied in", heap_copied, SIZE_VALUES},
    {"shared memory, filled in place", shm, SIZE_VALUES},
    {"shared memory, copied in", shm_copied, SIZE_VALUES},
};
static const struct bench_sweep sweep = {
    "typed-sweep", "typed: publish to poll", "bytes a message", "ns", sizes, SIZES, 0, 4};

#define CASE_(case_name, text, case_bar, our, their, at)                                           \
    {                                                                                              \
        .bench = "typed", .name = case_name, .unit = "ns", .reference_name = text,                 \
        .better = BENCH_LOWER, .bar = case_bar, .ours = our, .ours_value = at, .reference = their, \
        .reference_value = at                                                                      \
    }
static const struct bench_case cases[] = {
    CASE_("sweep_shm", "heap, 4 KiB in place", 1.25, 2, 0, 3),
    CASE_("sweep_in_place", "copied in, 64 KiB", 1.0, 0, 1, 5),
};
const struct bench_experiment bench_typed_sweep = {sides, 4, cases, 2, &sweep};
