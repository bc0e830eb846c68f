// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A pool of which one thread writes behind the ends of its blocks, and of blocks it has given back.
 * The others get, fill, share, check and release. Blocks are lost by it, the pool is not: nobody
 * gets a block that another has, or one that is none.
 *
 * A pool is for one process, so there is no hostile process to have here. The writes are races by
 * their nature; under ThreadSanitizer this part is left out.
 */
#include "system/storm/hostile.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/pool.h>

#include "system/storm/segment.h"

enum {
    THREADS = 2,
    BLOCKS = 256,
    SMALL_BYTES = 48,
    LARGE_BYTES = 240,
    HELD = 16,
    LIAR_HELD = 24,
    STUCK_SECONDS = 20,
    ROUND_LIES = 60 /* lies to one pool; then it is looked at, and another one laid out */
};

struct worker {
    struct myc_pool *pool;
    struct myc_pool_cache cache;
    struct storm_draw draw;
    uint32_t index;
    uint64_t mark; // what this worker's blocks are filled with
    void *held[HELD];
    size_t sizes[HELD];
    uint64_t got;
    const struct myc_atomic_u32 *is_ending;
};

struct round {
    struct myc_pool pool;
    unsigned char *memory;
    size_t memory_bytes;
    struct worker workers[THREADS];
    struct myc_atomic_u32 is_ending;
};

static struct round pool_round;

// ---- The others ----

static void fill(struct worker *worker, size_t i)
{
    for (size_t at = 0; at + 8 <= worker->sizes[i]; at += 8) {
        memcpy((unsigned char *)worker->held[i] + at, &worker->mark, 8);
    }
}

static void check_and_release(struct worker *worker, size_t i)
{
    for (size_t at = 0; at + 8 <= worker->sizes[i]; at += 8) {
        uint64_t word;
        memcpy(&word, (unsigned char *)worker->held[i] + at, 8);
        STORM_CHECK(word == worker->mark, "somebody else has this block");
    }
    storm_beat(worker->index, "release");
    // The liar may still write behind a block that it has given back, and that is ours by now.
    enum myc_status status = myc_pool_release(&worker->cache, worker->held[i]);
    STORM_CHECK(status == MYC_OK || status == MYC_POISONED, "a release says %d", (int)status);
    worker->held[i] = NULL;
}

static void use_one(struct worker *worker)
{
    size_t i = storm_below(&worker->draw, HELD);
    if (worker->held[i] != NULL) {
        check_and_release(worker, i);
        return;
    }
    worker->sizes[i] = storm_below(&worker->draw, 3) == 0 ? LARGE_BYTES : SMALL_BYTES;
    storm_beat(worker->index, "get");
    enum myc_status status = myc_pool_get(&worker->cache, worker->sizes[i], &worker->held[i]);
    STORM_CHECK(status == MYC_OK || status == MYC_LIMIT, "a get says %d", (int)status);
    if (status != MYC_OK) {
        worker->held[i] = NULL;
        return;
    }
    const unsigned char *block = worker->held[i];
    bool is_inside = block >= pool_round.memory
                     && block + worker->sizes[i] <= pool_round.memory + pool_round.memory_bytes;
    STORM_CHECK(is_inside && (uintptr_t)block % MYC_POOL_ALIGNMENT == 0, "no block of the pool");
    worker->got++;
    fill(worker, i);
}

static void *work(void *context)
{
    struct worker *worker = context;
    while (myc_load_acquire_u32(worker->is_ending) == 0) {
        use_one(worker);
    }
    for (size_t i = 0; i < HELD; i++) {
        if (worker->held[i] != NULL) {
            check_and_release(worker, i);
        }
    }
    return NULL;
}

// ---- The liar ----

// Writes somewhere into what lies behind a block, up to the end of its overhead.
static void overrun(void *block, size_t size, struct storm_draw *draw)
{
    const struct hostile_target nobody = {0};
    struct myc_atomic_u32 *behind = (void *)((unsigned char *)block + size);
    for (uint64_t i = 1 + storm_below(draw, 3); i > 0; i--) {
        myc_store_relaxed_u32(
            behind + storm_below(draw, MYC_POOL_BLOCK_OVERHEAD_BYTES / 4),
            (uint32_t)hostile_value(&nobody, draw));
    }
}

// Gets some blocks and gives them back, so many that others get them from the shared list; overruns
// one of them before or after.
static void misuse(struct myc_pool_cache *cache, struct storm_draw *draw)
{
    size_t size = storm_below(draw, 2) == 0 ? SMALL_BYTES : LARGE_BYTES;
    size_t most = 1 + storm_below(draw, LIAR_HELD);
    void *blocks[LIAR_HELD];
    size_t count = 0;
    storm_beat(THREADS, "a liar's get");
    while (count < most && myc_pool_get(cache, size, &blocks[count]) == MYC_OK) {
        count++;
    }
    bool is_late = storm_below(draw, 2) == 0;
    if (count != 0 && !is_late) {
        overrun(blocks[storm_below(draw, count)], size, draw);
    }
    storm_beat(THREADS, "a liar's release");
    for (size_t i = 0; i < count; i++) {
        enum myc_status status = myc_pool_release(cache, blocks[i]);
        STORM_CHECK(
            status == MYC_OK || status == MYC_POISONED || status == MYC_INVALID,
            "a release says %d",
            (int)status);
    }
    if (count != 0 && is_late) {
        overrun(blocks[storm_below(draw, count)], size, draw);
    }
}

// One pool, a few lies, and what is left of it.
static uint64_t run_round(struct storm_draw *draw, uint64_t *out_damaged)
{
    static struct myc_pool_cache cache;
    pthread_t threads[THREADS];
    struct myc_pool_statistics statistics;
    uint64_t got = 0;
    for (uint32_t i = 0; i < THREADS; i++) {
        struct worker *worker = &pool_round.workers[i];
        memset(worker, 0, sizeof *worker);
        worker->pool = &pool_round.pool;
        worker->index = i;
        worker->draw.state = storm_word(draw);
        worker->mark = UINT64_C(0x1111111111111111) * (i + 1);
        worker->is_ending = &pool_round.is_ending;
        STORM_CHECK(myc_pool_cache_open(&worker->cache, worker->pool) == MYC_OK, "no cache");
        STORM_CHECK(pthread_create(&threads[i], NULL, work, worker) == 0, "no thread");
    }
    memset(&cache, 0, sizeof cache);
    STORM_CHECK(myc_pool_cache_open(&cache, &pool_round.pool) == MYC_OK, "no cache");
    for (int i = 0; i < ROUND_LIES; i++) {
        misuse(&cache, draw);
        (void)sched_yield();
    }
    myc_store_release_u32(&pool_round.is_ending, 1);
    for (uint32_t i = 0; i < THREADS; i++) {
        STORM_CHECK(pthread_join(threads[i], NULL) == 0, "no join");
        storm_beat(i, "cache_close");
        myc_pool_cache_close(&pool_round.workers[i].cache);
        got += pool_round.workers[i].got;
    }
    myc_pool_cache_close(&cache);
    for (uint32_t i = 0; i < 2; i++) {
        STORM_CHECK(
            myc_pool_read_statistics(&pool_round.pool, i, &statistics) == MYC_OK, "no statistics");
        *out_damaged += statistics.damaged;
    }
    return got;
}

void hostile_pool(uint64_t seed, uint64_t seconds)
{
    const struct myc_pool_options options = {
        .classes = {{SMALL_BYTES, BLOCKS}, {LARGE_BYTES, BLOCKS}},
        .class_count = 2,
        .caches_max = THREADS + 1,
        .batch = 4};
    struct storm_draw draw = {seed + 3};
    uint64_t rounds = 0;
    uint64_t got = 0;
    uint64_t damaged = 0;
    uint64_t missing = 0;
    if (STORM_TSAN) {
        (void)printf("hostile pool: left out, its lies are races\n");
        return;
    }
    pool_round.memory_bytes = myc_pool_memory_size(&options);
    pool_round.memory =
        segment_map(segment_create("pool", pool_round.memory_bytes), pool_round.memory_bytes, true);
    storm_watch_start(THREADS + 1, STUCK_SECONDS);
    uint64_t end_ns = storm_now_ns() + seconds * 1000000000;
    do {
        enum myc_status status = myc_pool_init(
            &pool_round.pool, pool_round.memory, pool_round.memory_bytes, &options, NULL);
        STORM_CHECK(status == MYC_OK, "status %d", (int)status);
        myc_store_relaxed_u32(&pool_round.is_ending, 0);
        got += run_round(&draw, &damaged);
        uint64_t lost = myc_pool_deinit(&pool_round.pool);
        STORM_CHECK(lost <= (uint64_t)2 * BLOCKS, "%llu missing", (unsigned long long)lost);
        missing += lost;
        rounds++;
    } while (storm_now_ns() < end_ns);
    storm_watch_stop();
    (void)printf(
        "hostile pool: %llu pools, %llu blocks got, %llu found damaged, %llu lost\n",
        (unsigned long long)rounds,
        (unsigned long long)got,
        (unsigned long long)damaged,
        (unsigned long long)missing);
    STORM_CHECK(got > 0 && damaged > 0, "nothing was done");
}
