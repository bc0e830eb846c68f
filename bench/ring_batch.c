// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What publishing together costs, and what being watched does. One thread publishes 64-byte
// messages and polls them, 16 in turn; in the last side another thread reads the counters of both
// ends out of the ring's memory and the reader's page, over and over.
#include <mycelium/ring_batch.h>

#include <string.h>

#include <mycelium/ring_counters.h>

#include "machine.h"
#include "ring_fixture.h"

enum { CAPACITY = 256 * 1024, MESSAGES = 8000000, BATCH = 16 };

struct turns {
    struct ring_fixture *fixture;
    struct myc_atomic_u32 is_over;
    uint64_t looks;
};

/** Publishes BATCH messages, numbered from `first`. */
typedef void send_fn(struct myc_ring_writer *writer, uint64_t first);

static void send_singly(struct myc_ring_writer *writer, uint64_t first)
{
    for (uint64_t i = 0; i < BATCH; i++) {
        fixture_send(writer, first + i);
    }
}

static void send_batch(struct myc_ring_writer *writer, uint64_t first)
{
    for (uint64_t i = 0; i < BATCH; i++) {
        uint64_t *payload = myc_ring_batch_claim(writer, MESSAGE_WORDS * sizeof(uint64_t));
        for (uint32_t j = 0; payload != NULL && j < MESSAGE_WORDS; j++) {
            payload[j] = first + i + j;
        }
        myc_ring_batch_add(writer, FIXTURE_TYPE, FIXTURE_VERSION, MESSAGE_WORDS * sizeof(uint64_t));
    }
    myc_ring_batch_commit(writer);
}

static void send_n(struct myc_ring_writer *writer, uint64_t first)
{
    uint64_t payloads[BATCH][MESSAGE_WORDS];
    size_t published;
    for (uint64_t i = 0; i < BATCH; i++) {
        for (uint32_t j = 0; j < MESSAGE_WORDS; j++) {
            payloads[i][j] = first + i + j;
        }
    }
    if (myc_ring_publish_n(
            writer, FIXTURE_TYPE, FIXTURE_VERSION, payloads, sizeof(payloads[0]), BATCH, &published)
        != MYC_OK) {
        bench_keep(published);
    }
}

// Returns: whether every message was read.
static bool
turn(const struct bench_setup *setup, struct ring_fixture *fixture, send_fn *send, double *out_ns)
{
    uint64_t count = bench_amount(setup, MESSAGES) / BATCH * BATCH;
    uint64_t sum = 0;
    uint64_t received = 0;
    uint64_t start = 0;
    for (int round = 0; round < 2; round++) {
        // The first round warms up.
        received = 0;
        start = bench_ticks();
        for (uint64_t i = 0; i < count; i += BATCH) {
            send(&fixture->writer, i);
            received += myc_ring_poll(&fixture->readers[0], fixture_on_record, &sum, BATCH);
        }
    }
    *out_ns = (double)(bench_ticks() - start) * setup->ns_per_tick / (double)count;
    bench_keep(sum);
    return received == count;
}

static bool measure(const struct bench_setup *setup, send_fn *send, double *out_ns)
{
    struct ring_fixture *fixture = ring_fixture_create(FIXTURE_HEAP, CAPACITY, 1);
    bool is_good = fixture != NULL && turn(setup, fixture, send, out_ns);
    ring_fixture_destroy(fixture);
    return is_good;
}

static bool singly(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, send_singly, out_values);
}

static bool together(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, send_batch, out_values);
}

static bool of_one_size(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, send_n, out_values);
}

// Looks until the other side is done.
static bool watch(void *context)
{
    struct turns *turns = context;
    struct ring_fixture *fixture = turns->fixture;
    struct myc_ring_writer_counters writer;
    struct myc_ring_reader_counters reader;
    uint64_t seen = 0;
    while (myc_load_acquire_u32(&turns->is_over) == 0) {
        if (myc_ring_memory_counters(fixture->memory, fixture->memory_bytes, &writer, NULL)
            == MYC_OK) {
            seen += writer.messages;
        }
        myc_ring_page_counters(fixture->pages, &reader);
        seen += reader.messages;
        turns->looks++;
    }
    bench_keep(seen);
    return true;
}

static bool watched(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    struct bench_partner partner;
    struct turns turns = {.fixture = ring_fixture_create(FIXTURE_HEAP, CAPACITY, 1)};
    bool is_good = turns.fixture != NULL && bench_thread_start(&partner, setup, watch, &turns);
    if (is_good) {
        is_good = turn(setup, turns.fixture, send_singly, out_values);
        myc_store_release_u32(&turns.is_over, 1);
        is_good = bench_partner_join(&partner) && is_good && turns.looks != 0;
    }
    ring_fixture_destroy(turns.fixture);
    return is_good;
}

static const struct bench_side sides[] = {
    {"claim and commit, 16 at a time", singly, {"ns"}},
    {"a batch of 16", together, {"ns"}},
    {"16 of one size in a call", of_one_size, {"ns"}},
    {"watched without a pause", watched, {"ns"}},
};

static const struct bench_case cases[] = {
    {.bench = "ring",
     .name = "batch",
     .unit = "ns",
     .reference_name = "one by one",
     .better = BENCH_LOWER,
     .bar = 1.5,
     .ours = 1,
     .reference = 0},
    {.bench = "ring",
     .name = "publish_n",
     .unit = "ns",
     .reference_name = "one by one",
     .better = BENCH_LOWER,
     .bar = 1.5,
     .ours = 2,
     .reference = 0},
    {.bench = "ring",
     .name = "counters",
     .unit = "ns",
     .reference_name = "unwatched",
     .better = BENCH_LOWER,
     .bar = 2,
     .ours = 3,
     .reference = 0},
};

const struct bench_experiment bench_ring_batch = {sides, 4, cases, 3, NULL};
