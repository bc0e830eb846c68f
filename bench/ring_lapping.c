// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A reader that is never waited for takes a copy of each record and checks that nobody wrote over
// it meanwhile. Against a reader that is waited for and copies each payload unchecked. One thread:
// a run of messages is published, then read; only the reading is timed.
#include <string.h>

#include "machine.h"
#include "ring_fixture.h"

enum {
    CAPACITY = 1024 * 1024,
    RUN = 1024, /* well below what a lapping reader may be behind */
    ROUNDS = 2000
};

struct copies {
    struct myc_ring_writer writer;
    struct myc_ring_reader reader;
    void *memory;
    void *page;
    void *copy;
    size_t memory_bytes;
    uint64_t sum;
    uint64_t received;
    uint64_t payload[MESSAGE_WORDS];
};

static void on_checked(const struct myc_record *record, void *context)
{
    struct copies *copies = context;
    copies->received += record->type == FIXTURE_TYPE;
    copies->sum += fixture_sum(record->payload);
}

static void on_unchecked(const struct myc_record *record, void *context)
{
    struct copies *copies = context;
    memcpy(copies->payload, record->payload, sizeof(copies->payload));
    // Otherwise the copy could be skipped, since only its sum is used.
    bench_keep((uint64_t)(uintptr_t)copies->payload);
    copies->received += record->type == FIXTURE_TYPE;
    copies->sum += fixture_sum(copies->payload);
}

static bool open_lapping(struct copies *copies)
{
    struct myc_ring_options options = {
        .capacity_bytes = CAPACITY, .readers_max = 1, .readers_may_be_lapped = true};
    struct myc_ring_ticket ticket;
    struct myc_span copy = {bench_pages(CAPACITY / 4, false), CAPACITY / 4};
    copies->memory_bytes = myc_ring_memory_size(&options);
    copies->memory = bench_pages(copies->memory_bytes, false);
    copies->page = bench_pages(MYC_RING_PAGE_BYTES, false);
    copies->copy = copy.data;
    return copies->memory != NULL && copies->page != NULL && copy.data != NULL
           && myc_ring_writer_init(
                  &copies->writer, copies->memory, copies->memory_bytes, &options, NULL)
                  == MYC_OK
           && myc_ring_join_lapping(&copies->writer, copies->page, MYC_RING_LIVE, &ticket) == MYC_OK
           && myc_ring_lapping_init(
                  &copies->reader,
                  copies->memory,
                  copies->memory_bytes,
                  copies->page,
                  &ticket,
                  MYC_RING_DROP_OLDEST,
                  copy,
                  NULL)
                  == MYC_OK;
}

// Value: ns a message. The first half warms up.
static bool read_runs(
    const struct bench_setup *setup,
    struct myc_ring_writer *writer,
    struct myc_ring_reader *reader,
    myc_record_fn *on_record,
    struct copies *copies,
    double *out_ns)
{
    uint64_t rounds = bench_amount(setup, ROUNDS);
    uint64_t ticks = 0;
    for (uint64_t round = 0; round < 2 * rounds; round++) {
        for (uint64_t i = 0; i < RUN; i++) {
            fixture_send(writer, round + i);
        }
        uint64_t start = bench_ticks();
        for (size_t polled = 0; polled < RUN;) {
            size_t count = myc_ring_poll(reader, on_record, copies, RUN - polled);
            if (count == 0) {
                return false;
            }
            polled += count;
        }
        ticks += round < rounds ? 0 : bench_ticks() - start;
    }
    bench_keep(copies->sum);
    *out_ns = (double)ticks * setup->ns_per_tick / (double)(rounds * RUN);
    return copies->received == 2 * rounds * RUN;
}

static bool checked(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    struct copies *copies = bench_pages(sizeof(*copies), false);
    bool is_good =
        copies != NULL && open_lapping(copies)
        && read_runs(setup, &copies->writer, &copies->reader, on_checked, copies, out_values);
    if (copies != NULL) {
        bench_pages_free(copies->memory, copies->memory_bytes);
        bench_pages_free(copies->page, MYC_RING_PAGE_BYTES);
        bench_pages_free(copies->copy, CAPACITY / 4);
    }
    bench_pages_free(copies, sizeof(*copies));
    return is_good;
}

static bool unchecked(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    struct copies *copies = bench_pages(sizeof(*copies), false);
    struct ring_fixture *fixture = ring_fixture_create(FIXTURE_HEAP, CAPACITY, 1);
    bool is_good =
        copies != NULL && fixture != NULL
        && read_runs(
            setup, &fixture->writer, &fixture->readers[0], on_unchecked, copies, out_values);
    ring_fixture_destroy(fixture);
    bench_pages_free(copies, sizeof(*copies));
    return is_good;
}

static const struct bench_side sides[] = {
    {"lapping reader, copy and check", checked, {"ns a message"}},
    {"gating reader, unchecked copy", unchecked, {"ns a message"}},
};

static const struct bench_case cases[] = {
    {.bench = "ring",
     .name = "overwrite_copy",
     .unit = "ns",
     .reference_name = "unchecked copy of 64 B",
     .better = BENCH_LOWER,
     .bar = 2.2,
     .ours = 0,
     .reference = 1},
};

const struct bench_experiment bench_ring_lapping = {sides, 2, cases, 1, NULL};
