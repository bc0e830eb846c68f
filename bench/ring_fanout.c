// SPDX-License-Identifier: MIT OR Apache-2.0
//
// One message to ten: cursors on one ring, against blocks with a reference count that pass through
// ten queues of pointers. One thread publishes, one thread is all receivers.
#include "machine.h"
#include "ring_fixture.h"

enum {
    CAPACITY = 256 * 1024,
    MESSAGES = 1000000,
    WARM_UP = 50000,
    RECEIVERS = 10,
    QUEUE_SLOTS = 4096,
    BLOCKS = 4096
};

// ---- Cursors ----

struct cursors {
    struct ring_fixture *fixture;
    uint64_t warm_up;
    uint64_t total;
    uint64_t ticks;
    uint32_t count;
};

static bool poll_cursors(void *context)
{
    struct cursors *cursors = context;
    uint64_t received[RECEIVERS] = {0};
    uint64_t sum = 0;
    uint64_t start = 0;
    uint32_t last = cursors->count - 1;
    // The last cursor in the round is the slowest: when it is through, all are.
    while (received[last] < cursors->total) {
        for (uint32_t i = 0; i < cursors->count; i++) {
            received[i] += myc_ring_poll(
                &cursors->fixture->readers[i], fixture_on_record, &sum, MYC_RING_BATCH_MAX);
        }
        if (start == 0 && received[last] >= cursors->warm_up) {
            cursors->warm_up = received[last];
            start = bench_ticks();
        }
    }
    cursors->ticks = bench_ticks() - start;
    bench_keep(sum);
    return true;
}

static bool broadcast(const struct bench_setup *setup, uint32_t count, double *out_ns)
{
    struct bench_partner partner;
    uint64_t warm_up = bench_amount(setup, WARM_UP);
    struct cursors cursors = {
        .fixture = ring_fixture_create(FIXTURE_HEAP, CAPACITY, count),
        .warm_up = warm_up,
        .total = warm_up + bench_amount(setup, MESSAGES),
        .count = count};
    if (cursors.fixture == NULL || !bench_thread_start(&partner, setup, poll_cursors, &cursors)) {
        ring_fixture_destroy(cursors.fixture);
        return false;
    }
    for (uint64_t i = 0; i < cursors.total; i++) {
        fixture_send(&cursors.fixture->writer, i);
    }
    bool is_good = bench_partner_join(&partner);
    *out_ns =
        (double)cursors.ticks * setup->ns_per_tick / (double)(cursors.total - cursors.warm_up);
    ring_fixture_destroy(cursors.fixture);
    return is_good;
}

static bool one_cursor(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return broadcast(setup, 1, out_values);
}

static bool ten_cursors(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return broadcast(setup, RECEIVERS, out_values);
}

// ---- Counted blocks ----

struct block {
    struct myc_atomic_u32 references __attribute__((aligned(64)));
    uint64_t words[MESSAGE_WORDS] __attribute__((aligned(64)));
};

// A queue of pointers: a slot that is not 0 is full.
struct pointer_queue {
    struct myc_atomic_u64 slots[QUEUE_SLOTS];
    uint64_t put __attribute__((aligned(64)));
    uint64_t taken __attribute__((aligned(64)));
};

struct counted {
    struct pointer_queue queues[RECEIVERS];
    struct pointer_queue returned;
    struct block blocks[BLOCKS];
    uint64_t warm_up;
    uint64_t total;
    uint64_t ticks;
};

static inline void queue_put(struct pointer_queue *queue, struct block *block)
{
    struct myc_atomic_u64 *slot = &queue->slots[queue->put++ % QUEUE_SLOTS];
    // Pairs with the release in queue_take: the slot is free again.
    while (myc_load_acquire_u64(slot) != 0) {
    }
    // Acquired by queue_take.
    myc_store_release_u64(slot, (uint64_t)(uintptr_t)block);
}

static inline struct block *queue_take(struct pointer_queue *queue)
{
    struct myc_atomic_u64 *slot = &queue->slots[queue->taken % QUEUE_SLOTS];
    // Pairs with the release in queue_put: the block is filled.
    uint64_t address = myc_load_acquire_u64(slot);
    if (address == 0) {
        return NULL;
    }
    queue->taken++;
    // Acquired by queue_put.
    myc_store_release_u64(slot, 0);
    return (struct block *)(uintptr_t)address;
}

static uint64_t take_from(struct counted *counted, uint32_t receiver, uint64_t *sum)
{
    uint64_t count = 0;
    struct block *block = queue_take(&counted->queues[receiver]);
    while (block != NULL) {
        *sum += fixture_sum(block->words);
        if (myc_fetch_add_u32(&block->references, UINT32_MAX) == 1) {
            queue_put(&counted->returned, block);
        }
        block = ++count < MYC_RING_BATCH_MAX ? queue_take(&counted->queues[receiver]) : NULL;
    }
    return count;
}

static bool poll_queues(void *context)
{
    struct counted *counted = context;
    uint64_t received[RECEIVERS] = {0};
    uint64_t sum = 0;
    uint64_t start = 0;
    while (received[RECEIVERS - 1] < counted->total) {
        for (uint32_t i = 0; i < RECEIVERS; i++) {
            received[i] += take_from(counted, i, &sum);
        }
        if (start == 0 && received[RECEIVERS - 1] >= counted->warm_up) {
            counted->warm_up = received[RECEIVERS - 1];
            start = bench_ticks();
        }
    }
    counted->ticks = bench_ticks() - start;
    bench_keep(sum);
    return true;
}

static void send_counted(struct counted *counted, uint64_t value)
{
    struct block *block = queue_take(&counted->returned);
    while (block == NULL) {
        block = queue_take(&counted->returned);
    }
    for (uint32_t i = 0; i < MESSAGE_WORDS; i++) {
        block->words[i] = value + i;
    }
    // Released to the receivers by queue_put.
    myc_store_relaxed_u32(&block->references, RECEIVERS);
    for (uint32_t i = 0; i < RECEIVERS; i++) {
        queue_put(&counted->queues[i], block);
    }
}

static bool counted_blocks(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    struct bench_partner partner;
    struct counted *counted = bench_pages(sizeof(*counted), false);
    if (counted == NULL) {
        return false;
    }
    uint64_t total = bench_amount(setup, WARM_UP) + bench_amount(setup, MESSAGES);
    counted->warm_up = bench_amount(setup, WARM_UP);
    counted->total = total;
    for (uint32_t i = 0; i < BLOCKS; i++) {
        queue_put(&counted->returned, &counted->blocks[i]);
    }
    bool is_good = bench_thread_start(&partner, setup, poll_queues, counted);
    if (is_good) {
        for (uint64_t i = 0; i < total; i++) {
            send_counted(counted, i);
        }
        is_good = bench_partner_join(&partner);
        out_values[0] =
            (double)counted->ticks * setup->ns_per_tick / (double)(total - counted->warm_up);
    }
    bench_pages_free(counted, sizeof(*counted));
    return is_good;
}

static const struct bench_side sides[] = {
    {"ring, 10 cursors", ten_cursors, {"ns a message"}},
    {"ring, 1 cursor", one_cursor, {"ns a message"}},
    {"counted blocks, 10 queues", counted_blocks, {"ns a message"}},
};

static const struct bench_case cases[] = {
    {.bench = "ring",
     .name = "fanout_10",
     .unit = "ns",
     .reference_name = "1 cursor",
     .better = BENCH_LOWER,
     .bar = 7.5,
     .ours = 0,
     .reference = 1},
    {.bench = "ring",
     .name = "fanout_vs_refcount",
     .unit = "ns",
     .reference_name = "refcounted blocks through 10 pointer queues",
     .better = BENCH_LOWER,
     .bar = 0.40,
     .ours = 0,
     .reference = 2},
};

const struct bench_experiment bench_ring_fanout = {sides, 3, cases, 2, NULL};
