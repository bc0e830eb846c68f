// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Large messages: filled and read where they lie, against the same ring with a copy in and a copy
// out. Both sides fill every word and read every word.
#include <string.h>

#include "machine.h"
#include "ring_fixture.h"

enum { CAPACITY = 1024 * 1024, WARM_UP_LAPS = 4, SIZE_MAX_BYTES = 64 * 1024 };

struct transfer {
    struct ring_fixture *fixture;
    size_t size;
    bool is_copied;
    uint64_t warm_up;
    uint64_t total;
    uint64_t received;
    uint64_t start;
    uint64_t ticks;
    uint64_t sum;
    uint64_t private_bytes[2][SIZE_MAX_BYTES / sizeof(uint64_t)]; /* the sender's, the receiver's */
};

static void fill(uint64_t *words, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size / sizeof(uint64_t); i++) {
        words[i] = value + i;
    }
}

static uint64_t read_all(const uint64_t *words, size_t size)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < size / sizeof(uint64_t); i++) {
        sum += words[i];
    }
    return sum;
}

static void on_message(const struct myc_record *record, void *context)
{
    struct transfer *transfer = context;
    const uint64_t *words = record->payload;
    if (transfer->is_copied) {
        memcpy(transfer->private_bytes[1], words, record->size);
        words = transfer->private_bytes[1];
        // Otherwise the copy could be skipped, since only its sum is used.
        bench_keep((uint64_t)(uintptr_t)words);
    }
    transfer->sum += read_all(words, record->size);
    if (++transfer->received == transfer->warm_up) {
        transfer->start = bench_ticks();
    }
}

static bool receive(void *context)
{
    struct transfer *transfer = context;
    while (transfer->received < transfer->total) {
        (void)myc_ring_poll(&transfer->fixture->readers[0], on_message, transfer, 1);
    }
    transfer->ticks = bench_ticks() - transfer->start;
    bench_keep(transfer->sum);
    return true;
}

static void send_one(struct transfer *transfer, uint64_t value)
{
    struct myc_ring_writer *writer = &transfer->fixture->writer;
    if (transfer->is_copied) {
        fill(transfer->private_bytes[0], transfer->size, value);
        bench_keep((uint64_t)(uintptr_t)transfer->private_bytes[0]);
    }
    uint64_t *payload = myc_ring_claim(writer, transfer->size);
    while (payload == NULL) {
        payload = myc_ring_claim(writer, transfer->size);
    }
    if (transfer->is_copied) {
        memcpy(payload, transfer->private_bytes[0], transfer->size);
    } else {
        fill(payload, transfer->size, value);
    }
    myc_ring_commit(writer, FIXTURE_TYPE, FIXTURE_VERSION, transfer->size);
}

static bool measure(
    const struct bench_setup *setup, size_t size, uint64_t count, bool is_copied, double *out_ns)
{
    struct bench_partner partner;
    struct transfer *transfer = bench_pages(sizeof(*transfer), false);
    if (transfer == NULL) {
        return false;
    }
    transfer->fixture = ring_fixture_create(FIXTURE_HEAP, CAPACITY, 1);
    transfer->size = size;
    transfer->is_copied = is_copied;
    transfer->warm_up = WARM_UP_LAPS * CAPACITY / size;
    transfer->total = transfer->warm_up + bench_amount(setup, count);
    bool is_good =
        transfer->fixture != NULL && bench_thread_start(&partner, setup, receive, transfer);
    if (is_good) {
        for (uint64_t i = 0; i < transfer->total; i++) {
            send_one(transfer, i);
        }
        is_good = bench_partner_join(&partner);
        *out_ns = (double)transfer->ticks * setup->ns_per_tick
                  / (double)(transfer->total - transfer->warm_up);
    }
    ring_fixture_destroy(transfer->fixture);
    bench_pages_free(transfer, sizeof(*transfer));
    return is_good;
}

static bool in_place_1k(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, 1024, 400000, false, out_values);
}

static bool copied_1k(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, 1024, 400000, true, out_values);
}

static bool in_place_64k(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, SIZE_MAX_BYTES, 8000, false, out_values);
}

static bool copied_64k(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, SIZE_MAX_BYTES, 8000, true, out_values);
}

static const struct bench_side sides_1k[] = {
    {"1 KiB in place", in_place_1k, {"ns a message"}},
    {"1 KiB copied in and out", copied_1k, {"ns a message"}},
};

static const struct bench_case cases_1k[] = {
    {.bench = "ring",
     .name = "inplace_1k",
     .unit = "ns",
     .reference_name = "the same ring, memcpy in and out",
     .better = BENCH_LOWER,
     .bar = 1.0,
     .ours = 0,
     .reference = 1},
};

static const struct bench_side sides_64k[] = {
    {"64 KiB in place", in_place_64k, {"ns a message"}},
    {"64 KiB copied in and out", copied_64k, {"ns a message"}},
};

static const struct bench_case cases_64k[] = {
    {.bench = "ring",
     .name = "inplace_64k",
     .unit = "ns",
     .reference_name = "the same ring, memcpy in and out",
     .better = BENCH_LOWER,
     .bar = 1.0,
     .ours = 0,
     .reference = 1},
};

const struct bench_experiment bench_ring_inplace_1k = {sides_1k, 2, cases_1k, 1, NULL};
const struct bench_experiment bench_ring_inplace_64k = {sides_64k, 2, cases_64k, 1, NULL};
