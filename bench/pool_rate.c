// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A block got and put back, against malloc and free of the same size: on one thread, and got on one
// thread, passed through a queue of pointers and put back on another.
#include <stdlib.h>

#include <mycelium/pool.h>

#include "machine.h"

enum {
    BLOCK_BYTES = 48,
    BLOCKS = 4096,
    HELD = 16, // on one thread: got, then put back
    ROUNDS = 250000,
    PASSED = 2000000,
    WARM_UP = 50000,
    QUEUE_SLOTS = 1024
};

struct pool_fixture {
    struct myc_pool pool;
    struct myc_pool_cache caches[2];
    void *memory;
    size_t bytes;
};

static struct pool_fixture *fixture_create(void)
{
    const struct myc_pool_options options = {
        .classes = {{BLOCK_BYTES, BLOCKS}}, .class_count = 1, .caches_max = 2, .batch = 32};
    struct pool_fixture *fixture = bench_pages(sizeof *fixture, false);
    if (fixture == NULL) {
        return NULL;
    }
    fixture->bytes = myc_pool_memory_size(&options);
    fixture->memory = bench_pages(fixture->bytes, false);
    if (fixture->memory == NULL
        || myc_pool_init(&fixture->pool, fixture->memory, fixture->bytes, &options, NULL) != MYC_OK
        || myc_pool_cache_open(&fixture->caches[0], &fixture->pool) != MYC_OK
        || myc_pool_cache_open(&fixture->caches[1], &fixture->pool) != MYC_OK) {
        bench_pages_free(fixture, sizeof *fixture);
        return NULL;
    }
    return fixture;
}

// Returns: whether all blocks came home.
static bool fixture_destroy(struct pool_fixture *fixture)
{
    myc_pool_cache_close(&fixture->caches[0]);
    myc_pool_cache_close(&fixture->caches[1]);
    bool is_whole = myc_pool_deinit(&fixture->pool) == 0;
    bench_pages_free(fixture->memory, fixture->bytes);
    bench_pages_free(fixture, sizeof *fixture);
    return is_whole;
}

// Both sides write the first word of each block.
static inline void *pool_get(struct pool_fixture *fixture, size_t cache, uint64_t value)
{
    void *block = NULL;
    if (myc_pool_get(&fixture->caches[cache], BLOCK_BYTES, &block) != MYC_OK) {
        return NULL;
    }
    *(uint64_t *)block = value;
    return block;
}

static inline void *malloc_get(uint64_t value)
{
    void *block = malloc(BLOCK_BYTES);
    if (block != NULL) {
        *(uint64_t *)block = value;
    }
    return block;
}

// ---- One thread ----

static bool pool_one_thread(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    struct pool_fixture *fixture = fixture_create();
    uint64_t rounds = bench_amount(setup, ROUNDS);
    uint64_t start = 0;
    bool is_good = fixture != NULL;
    for (uint64_t round = 0; is_good && round < 2 * rounds; round++) {
        void *blocks[HELD];
        if (round == rounds) {
            // The first half warms up.
            start = bench_ticks();
        }
        for (size_t i = 0; i < HELD; i++) {
            blocks[i] = pool_get(fixture, 0, round);
            is_good = is_good && blocks[i] != NULL;
        }
        bench_keep((uint64_t)(uintptr_t)blocks);
        for (size_t i = 0; i < HELD; i++) {
            is_good = myc_pool_release(&fixture->caches[0], blocks[i]) == MYC_OK && is_good;
        }
    }
    out_values[0] = (double)(bench_ticks() - start) * setup->ns_per_tick / (double)(rounds * HELD);
    return fixture != NULL && fixture_destroy(fixture) && is_good;
}

static bool malloc_one_thread(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    uint64_t rounds = bench_amount(setup, ROUNDS);
    uint64_t start = 0;
    bool is_good = true;
    for (uint64_t round = 0; is_good && round < 2 * rounds; round++) {
        void *blocks[HELD];
        if (round == rounds) {
            start = bench_ticks();
        }
        for (size_t i = 0; i < HELD; i++) {
            blocks[i] = malloc_get(round);
            is_good = is_good && blocks[i] != NULL;
        }
        bench_keep((uint64_t)(uintptr_t)blocks);
        for (size_t i = 0; i < HELD; i++) {
            free(blocks[i]);
        }
    }
    out_values[0] = (double)(bench_ticks() - start) * setup->ns_per_tick / (double)(rounds * HELD);
    return is_good;
}

static const struct bench_side same_sides[] = {
    {"pool, one thread", pool_one_thread, {"ns a get and put"}},
    {"malloc, one thread", malloc_one_thread, {"ns a malloc and free"}},
};

static const struct bench_case same_cases[] = {
    {.bench = "pool",
     .name = "same_thread",
     .unit = "ns",
     .reference_name = "malloc + free",
     .better = BENCH_LOWER,
     .bar = 0.5,
     .ours = 0,
     .reference = 1},
};

const struct bench_experiment bench_pool_same_thread = {same_sides, 2, same_cases, 1, NULL};

// ---- Two threads ----

struct passing {
    struct myc_atomic_u64 slots[QUEUE_SLOTS]; // a slot that is not 0 is full
    struct pool_fixture *fixture;             // NULL: malloc
    uint64_t warm_up;
    uint64_t total;
    uint64_t ticks;
    bool is_wrong;
};

static bool put_all(void *context)
{
    struct passing *passing = context;
    uint64_t start = 0;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < passing->total; i++) {
        struct myc_atomic_u64 *slot = &passing->slots[i % QUEUE_SLOTS];
        // Pairs with the release in pass_all: the block is filled.
        uint64_t address = myc_load_acquire_u64(slot);
        while (address == 0) {
            address = myc_load_acquire_u64(slot);
        }
        // Acquired by pass_all.
        myc_store_release_u64(slot, 0);
        void *block = (void *)(uintptr_t)address;
        sum += *(uint64_t *)block;
        if (passing->fixture == NULL) {
            free(block);
        } else if (myc_pool_release(&passing->fixture->caches[1], block) != MYC_OK) {
            passing->is_wrong = true;
        }
        if (i == passing->warm_up) {
            start = bench_ticks();
        }
    }
    passing->ticks = bench_ticks() - start;
    bench_keep(sum);
    return !passing->is_wrong;
}

static void pass_all(struct passing *passing)
{
    for (uint64_t i = 0; i < passing->total; i++) {
        struct myc_atomic_u64 *slot = &passing->slots[i % QUEUE_SLOTS];
        void *block = NULL;
        while (block == NULL) {
            block = passing->fixture == NULL ? malloc_get(i) : pool_get(passing->fixture, 0, i);
        }
        // Pairs with the release in put_all: the slot is free again.
        while (myc_load_acquire_u64(slot) != 0) {
        }
        // Acquired by put_all.
        myc_store_release_u64(slot, (uint64_t)(uintptr_t)block);
    }
}

static bool pass(const struct bench_setup *setup, struct pool_fixture *fixture, double *out_ns)
{
    struct bench_partner partner;
    struct passing *passing = bench_pages(sizeof *passing, false);
    if (passing == NULL) {
        return false;
    }
    passing->fixture = fixture;
    passing->warm_up = bench_amount(setup, WARM_UP);
    passing->total = passing->warm_up + bench_amount(setup, PASSED);
    bool is_good = bench_thread_start(&partner, setup, put_all, passing);
    if (is_good) {
        pass_all(passing);
        is_good = bench_partner_join(&partner);
        *out_ns = (double)passing->ticks * setup->ns_per_tick
                  / (double)(passing->total - passing->warm_up - 1);
    }
    bench_pages_free(passing, sizeof *passing);
    return is_good;
}

static bool pool_two_threads(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    struct pool_fixture *fixture = fixture_create();
    bool is_good = fixture != NULL && pass(setup, fixture, out_values);
    return fixture != NULL && fixture_destroy(fixture) && is_good;
}

static bool malloc_two_threads(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return pass(setup, NULL, out_values);
}

static const struct bench_side cross_sides[] = {
    {"pool, two threads", pool_two_threads, {"ns a block"}},
    {"malloc, two threads", malloc_two_threads, {"ns a block"}},
};

static const struct bench_case cross_cases[] = {
    {.bench = "pool",
     .name = "cross_thread",
     .unit = "ns",
     .reference_name = "malloc + free",
     .better = BENCH_LOWER,
     .bar = 1.0,
     .ours = 0,
     .reference = 1},
};

const struct bench_experiment bench_pool_cross_thread = {cross_sides, 2, cross_cases, 1, NULL};
