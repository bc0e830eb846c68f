// SPDX-License-Identifier: MIT OR Apache-2.0
//
// How many 64-byte messages pass: on one thread, between threads, between processes.
#include "ring_rate.h"

#include <string.h>

#include <mycelium/ring_inline.h>

#include "machine.h"
#include "peer_ring.h"
#include "ring_fixture.h"

enum {
    CAPACITY = 256 * 1024,
    MESSAGES = 4000000,
    WARM_UP = 100000,
    SINGLE_MESSAGES = 8000000,
    BATCH = 16,
    COPY_SLOTS = 64
};

// ---- One thread ----

// Takes what was sent, as a loop does that knows what comes.
static uint64_t take_batch(struct myc_ring_reader *reader, uint64_t batch)
{
    struct myc_record record;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < batch && myc_ring_take(reader, &record); i++) {
        sum += fixture_sum(record.payload);
    }
    myc_ring_release(reader);
    return sum;
}

static double pass_batches(
    const struct bench_setup *setup,
    struct ring_fixture *fixture,
    uint64_t count,
    uint64_t batch,
    bool is_polled)
{
    uint64_t sum = 0;
    uint64_t start = bench_ticks();
    for (uint64_t i = 0; i < count; i += batch) {
        for (uint64_t j = 0; j < batch; j++) {
            fixture_send(&fixture->writer, i + j);
        }
        if (is_polled) {
            (void)myc_ring_poll(&fixture->readers[0], fixture_on_record, &sum, (size_t)batch);
        } else {
            sum += take_batch(&fixture->readers[0], batch);
        }
    }
    uint64_t ticks = bench_ticks() - start;
    bench_keep(sum);
    return (double)ticks * setup->ns_per_tick / (double)count;
}

bool ring_rate_one_thread(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    struct ring_fixture *fixture = ring_fixture_create(FIXTURE_HEAP, CAPACITY, 1);
    if (fixture == NULL) {
        return false;
    }
    uint64_t count = bench_amount(setup, SINGLE_MESSAGES) / BATCH * BATCH;
    (void)pass_batches(setup, fixture, bench_amount(setup, WARM_UP), 1, false);
    out_values[0] = pass_batches(setup, fixture, count, 1, false);
    out_values[1] = pass_batches(setup, fixture, count, BATCH, false);
    out_values[2] = pass_batches(setup, fixture, count, 1, true);
    out_values[3] = pass_batches(setup, fixture, count, BATCH, true);
    ring_fixture_destroy(fixture);
    return true;
}

static bool copy_64(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    static uint64_t slots[COPY_SLOTS][MESSAGE_WORDS] __attribute__((aligned(64)));
    uint64_t source[MESSAGE_WORDS] __attribute__((aligned(64))) = {1, 2, 3, 4, 5, 6, 7, 8};
    uint64_t count = bench_amount(setup, SINGLE_MESSAGES);
    uint64_t start = 0;
    for (uint64_t round = 0; round < 2; round++) {
        // The first round warms up.
        start = bench_ticks();
        for (uint64_t i = 0; i < count; i++) {
            // Both ends escape, so that every copy loads and stores.
            bench_keep((uint64_t)(uintptr_t)source);
            memcpy(slots[i % COPY_SLOTS], source, sizeof(source));
            bench_keep((uint64_t)(uintptr_t)slots);
        }
    }
    out_values[0] = (double)(bench_ticks() - start) * setup->ns_per_tick / (double)count;
    return true;
}

static const struct bench_side one_thread_sides[] = {
    {"ring, one thread",
     ring_rate_one_thread,
     {"ns one at a time", "ns 16 at a time", "ns polled one at a time", "ns polled 16 at a time"}},
    {"memcpy of 64 bytes", copy_64, {"ns"}},
};

static const struct bench_case one_thread_cases[] = {
    {.bench = "ring",
     .name = "one_thread",
     .unit = "ns",
     .reference_name = "memcpy of 64 B",
     .better = BENCH_LOWER,
     .bar = 6,
     .ours = 0,
     .reference = 1},
};

const struct bench_experiment bench_ring_one_thread = {
    one_thread_sides, 2, one_thread_cases, 1, NULL};

// ---- Two threads, two processes ----

// The consumer's part, in memory both can see.
struct receiver {
    struct ring_fixture *fixture;
    struct peer_ring *peer;
    uint64_t warm_up;
    uint64_t count;
    uint64_t ticks; /* for `count` messages after the warm-up */
};

static bool receive_ring(void *context)
{
    struct receiver *receiver = context;
    struct myc_ring_reader *reader = &receiver->fixture->readers[0];
    uint64_t sum = 0;
    uint64_t received = 0;
    while (received < receiver->warm_up) {
        size_t left = (size_t)(receiver->warm_up - received);
        received += myc_ring_poll(reader, fixture_on_record, &sum, left);
    }
    uint64_t start = bench_ticks();
    for (received = 0; received < receiver->count;) {
        size_t left = (size_t)(receiver->count - received);
        received += myc_ring_poll(
            reader, fixture_on_record, &sum, left < MYC_RING_BATCH_MAX ? left : MYC_RING_BATCH_MAX);
    }
    receiver->ticks = bench_ticks() - start;
    bench_keep(sum);
    return myc_ring_reader_status(reader) == MYC_OK;
}

static bool rate(const struct bench_setup *setup, enum fixture_place place, double *out_ns)
{
    struct bench_partner partner;
    struct receiver *receiver = bench_pages(sizeof(*receiver), true);
    struct ring_fixture *fixture = ring_fixture_create(place, CAPACITY, 1);
    bool is_good = receiver != NULL && fixture != NULL;
    if (is_good) {
        receiver->fixture = fixture;
        receiver->warm_up = bench_amount(setup, WARM_UP);
        receiver->count = bench_amount(setup, MESSAGES);
        is_good = place == FIXTURE_HEAP
                      ? bench_thread_start(&partner, setup, receive_ring, receiver)
                      : bench_process_start(&partner, setup, receive_ring, receiver);
    }
    if (is_good) {
        for (uint64_t i = 0; i < receiver->warm_up + receiver->count; i++) {
            fixture_send(&fixture->writer, i);
        }
        is_good = bench_partner_join(&partner);
        *out_ns = (double)receiver->ticks * setup->ns_per_tick / (double)receiver->count;
    }
    ring_fixture_destroy(fixture);
    bench_pages_free(receiver, sizeof(*receiver));
    return is_good;
}

bool ring_rate_threads(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return rate(setup, FIXTURE_HEAP, out_values);
}

bool ring_rate_processes(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return rate(setup, FIXTURE_MEMFD, out_values);
}

static bool rate_file(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return rate(setup, FIXTURE_FILE, out_values);
}

// ---- The minimal ring ----

static void on_slot(const uint64_t *slot, void *context)
{
    uint64_t *sum = context;
    *sum += fixture_sum(slot);
}

static bool receive_peer(void *context)
{
    struct receiver *receiver = context;
    uint64_t sum = 0;
    uint64_t received = 0;
    while (received < receiver->warm_up) {
        received += peer_poll(receiver->peer, on_slot, &sum);
    }
    // A batch may reach past the warm-up.
    uint64_t before = received;
    uint64_t start = bench_ticks();
    while (received < receiver->warm_up + receiver->count) {
        received += peer_poll(receiver->peer, on_slot, &sum);
    }
    receiver->ticks = bench_ticks() - start;
    receiver->count = received - before;
    bench_keep(sum);
    return true;
}

static void peer_send(struct peer_ring *ring, uint64_t value)
{
    uint64_t *slot = peer_claim(ring);
    while (slot == NULL) {
        slot = peer_claim(ring);
    }
    for (uint32_t i = 0; i < PEER_SLOT_WORDS; i++) {
        slot[i] = value + i;
    }
    peer_commit(ring);
}

static bool rate_peer(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    struct bench_partner partner;
    struct peer_ring *ring = bench_pages(sizeof(*ring), false);
    struct receiver receiver = {
        .peer = ring,
        .warm_up = bench_amount(setup, WARM_UP),
        .count = bench_amount(setup, MESSAGES)};
    if (ring == NULL || !bench_thread_start(&partner, setup, receive_peer, &receiver)) {
        bench_pages_free(ring, sizeof(*ring));
        return false;
    }
    uint64_t total = bench_amount(setup, WARM_UP) + bench_amount(setup, MESSAGES);
    for (uint64_t i = 0; i < total; i++) {
        peer_send(ring, i);
    }
    bool is_good = bench_partner_join(&partner);
    out_values[0] = (double)receiver.ticks * setup->ns_per_tick / (double)receiver.count;
    bench_pages_free(ring, sizeof(*ring));
    return is_good;
}

static const struct bench_side oneway_sides[] = {
    {"ring, two threads", ring_rate_threads, {"ns a message"}},
    {"minimal ring, two threads", rate_peer, {"ns a message"}},
    {"ring in a memfd, two processes", ring_rate_processes, {"ns a message"}},
    {"ring in a mapped file, two processes", rate_file, {"ns a message"}},
};

static const struct bench_case oneway_cases[] = {
    {.bench = "ring",
     .name = "oneway_64",
     .unit = "ns",
     .reference_name = "minimal in-place SPSC ring",
     .better = BENCH_LOWER,
     .bar = 2.0,
     .ours = 0,
     .reference = 1},
    {.bench = "ring",
     .name = "place_shm",
     .unit = "ns",
     .reference_name = "the same on the heap, two threads",
     .better = BENCH_LOWER,
     .bar = 1.2,
     .ours = 2,
     .reference = 0},
    {.bench = "ring",
     .name = "place_file",
     .unit = "ns",
     .reference_name = "the same on the heap, two threads",
     .better = BENCH_LOWER,
     .bar = 1.2,
     .ours = 3,
     .reference = 0},
};

const struct bench_experiment bench_ring_oneway = {oneway_sides, 4, oneway_cases, 3, NULL};
