// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Queues of each kind with as many threads as it allows, tickets that pass the end of their range,
 * and items that sleep for room and for each other. One item in four carries a block of a pool,
 * which its producer gets and its consumer checks and releases.
 */
#include "system/storm/soak.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/interface/platform.h>
#include <mycelium/pool.h>
#include <mycelium/posix.h>

#include "scenarios/queue_kinds.h"
#include "system/storm/content.h"
#include "system/storm/storm.h"

enum {
    SIDE_MAX = 2,
    CAPACITY = 256,
    BATCH_MAX = 8,
    BLOCK_BYTES = 240,
    BLOCKS = 2 * CAPACITY,
    PRODUCER_SHIFT = 56
};

struct soak {
    const struct queue_kind *kind;
    union {
        struct myc_spsc spsc;
        struct myc_mpsc mpsc;
        struct myc_mpmc mpmc;
    } queue;
    struct myc_pool pool;
    struct myc_atomic_u32 producers_left;
    uint64_t items;
};

struct side {
    struct soak *soak;
    uint64_t index;
    struct myc_pool_cache cache;
    uint64_t next[SIDE_MAX]; // of a consumer: the least number it may see of each producer
    uint64_t count[SIDE_MAX];
    uint64_t sum[SIDE_MAX];
    uint64_t blocks;
    pthread_t thread;
};

static struct soak soak;
static struct side producers[SIDE_MAX];
static struct side consumers[SIDE_MAX];

// ---- Items ----

static void *make_block(struct side *side, uint64_t number)
{
    void *block;
    // Where all are on their way, the item goes without.
    if (myc_pool_get(&side->cache, BLOCK_BYTES, &block) != MYC_OK) {
        return NULL;
    }
    content_fill(block, BLOCK_BYTES, number);
    side->blocks++;
    return block;
}

static struct myc_queue_item make_item(struct side *side, uint64_t i)
{
    struct myc_queue_item item;
    uint64_t number = side->index << PRODUCER_SHIFT | i;
    void *block = i % 4 == 0 ? make_block(side, number) : NULL;
    item.size = MYC_QUEUE_PAYLOAD_MAX;
    item.tag = (uint32_t)(number * 7);
    item.payload[0] = number;
    item.payload[1] = (uint64_t)(uintptr_t)block;
    for (size_t j = 2; j < MYC_QUEUE_PAYLOAD_MAX / 8; j++) {
        item.payload[j] = content_word(number, j);
    }
    return item;
}

static void check_item(struct side *side, const struct myc_queue_item *item)
{
    uint64_t number = item->payload[0];
    uint64_t producer = number >> PRODUCER_SHIFT;
    uint64_t i = number & ((UINT64_C(1) << PRODUCER_SHIFT) - 1);
    bool is_whole = producer < SIDE_MAX && item->size == MYC_QUEUE_PAYLOAD_MAX
                    && item->tag == (uint32_t)(number * 7);
    for (size_t j = 2; j < MYC_QUEUE_PAYLOAD_MAX / 8; j++) {
        is_whole = is_whole && item->payload[j] == content_word(number, j);
    }
    STORM_CHECK(is_whole, "item %llx is another", (unsigned long long)number);
    STORM_CHECK(
        i >= side->next[producer],
        "item %llu of producer %llu comes late",
        (unsigned long long)i,
        (unsigned long long)producer);
    side->next[producer] = i + 1;
    side->count[producer]++;
    side->sum[producer] += i;
    void *block = (void *)(uintptr_t)item->payload[1];
    if (block != NULL) {
        STORM_CHECK(content_matches(block, BLOCK_BYTES, number), "another block");
        STORM_CHECK(myc_pool_release(&side->cache, block) == MYC_OK, "a release");
        side->blocks++;
    }
}

// ---- Threads ----

static void *produce(void *context)
{
    struct side *side = context;
    const struct queue_kind *kind = soak.kind;
    for (uint64_t i = 0; i < soak.items;) {
        struct myc_queue_item items[BATCH_MAX];
        size_t count = i % 3 == 0 && i + BATCH_MAX <= soak.items ? BATCH_MAX : 1;
        size_t pushed = 0;
        for (size_t j = 0; j < count; j++) {
            items[j] = make_item(side, i + j);
        }
        while (pushed < count) {
            size_t more = 0;
            enum myc_status status =
                kind->try_push_batch(&soak.queue, items + pushed, count - pushed, &more);
            if (status == MYC_FULL) {
                status = kind->push(&soak.queue, &items[pushed], MYC_NEVER);
                more = 1;
            }
            STORM_CHECK(status == MYC_OK, "a push says %d", (int)status);
            pushed += more;
        }
        i += count;
    }
    if (myc_fetch_add_u32(&soak.producers_left, UINT32_MAX) == 1) {
        kind->close(&soak.queue);
    }
    return NULL;
}

static void *consume(void *context)
{
    struct side *side = context;
    const struct queue_kind *kind = soak.kind;
    for (;;) {
        struct myc_queue_item items[BATCH_MAX];
        size_t count = 0;
        enum myc_status status = kind->try_pop_batch(&soak.queue, items, BATCH_MAX, &count);
        if (status == MYC_AGAIN) {
            status = kind->pop(&soak.queue, &items[0], MYC_NEVER);
            count = 1;
        }
        if (status == MYC_CLOSED) {
            return NULL;
        }
        STORM_CHECK(status == MYC_OK, "a pop says %d", (int)status);
        storm_beat(0, "queues stand still");
        for (size_t i = 0; i < count; i++) {
            check_item(side, &items[i]);
        }
    }
}

static void start(struct side *sides, uint32_t count, void *(*run)(void *))
{
    for (uint32_t i = 0; i < count; i++) {
        memset(&sides[i], 0, sizeof sides[i]);
        sides[i].soak = &soak;
        sides[i].index = i;
        STORM_CHECK(myc_pool_cache_open(&sides[i].cache, &soak.pool) == MYC_OK, "no cache");
        STORM_CHECK(pthread_create(&sides[i].thread, NULL, run, &sides[i]) == 0, "no thread");
    }
}

static uint64_t join(struct side *sides, uint32_t count)
{
    uint64_t blocks = 0;
    for (uint32_t i = 0; i < count; i++) {
        STORM_CHECK(pthread_join(sides[i].thread, NULL) == 0, "no join");
        myc_pool_cache_close(&sides[i].cache);
        blocks += sides[i].blocks;
    }
    return blocks;
}

// ---- One queue ----

static void run_kind(
    const struct queue_kind *kind,
    const struct myc_queue_options *options,
    void *memory,
    uint64_t items,
    struct soak_sums *sums)
{
    size_t bytes = myc_queue_memory_size(options->capacity);
    enum myc_status status = kind->init(&soak.queue, memory, bytes, options);
    STORM_CHECK(status == MYC_OK, "%s: status %d", kind->name, (int)status);
    soak.kind = kind;
    soak.items = items;
    myc_store_relaxed_u32(&soak.producers_left, kind->producers_max);
    start(consumers, kind->consumers_max, consume);
    start(producers, kind->producers_max, produce);
    uint64_t got = join(producers, kind->producers_max);
    uint64_t released = join(consumers, kind->consumers_max);
    STORM_CHECK(got == released && got > 0, "blocks were lost or doubled");
    for (uint32_t i = 0; i < kind->producers_max; i++) {
        uint64_t count = 0;
        uint64_t sum = 0;
        for (uint32_t j = 0; j < kind->consumers_max; j++) {
            count += consumers[j].count[i];
            sum += consumers[j].sum[i];
        }
        STORM_CHECK(count == items && sum == items * (items - 1) / 2, "%s: not all", kind->name);
        sums->items += count;
    }
    sums->blocks += got;
}

void soak_queues(uint64_t items, struct soak_sums *sums)
{
    const struct queue_kind *const kinds[] = {&queue_spsc, &queue_mpsc, &queue_mpmc};
    // Of all counters the last bit, and where the one that counts twice turns.
    const uint64_t turns[] = {0, UINT64_C(1) << 63, UINT64_C(1) << 32};
    const struct myc_pool_options pool_options = {
        .classes = {{BLOCK_BYTES, BLOCKS}}, .class_count = 1, .caches_max = 2 * SIDE_MAX};
    struct myc_platform *platform;
    STORM_CHECK(myc_posix_create(&platform, NULL) == MYC_OK, "no platform");
    void *memory = aligned_alloc(64, myc_queue_memory_size(CAPACITY));
    size_t pool_bytes = myc_pool_memory_size(&pool_options);
    void *pool_memory = aligned_alloc(64, pool_bytes);
    STORM_CHECK(memory != NULL && pool_memory != NULL, "no memory");
    enum myc_status status =
        myc_pool_init(&soak.pool, pool_memory, pool_bytes, &pool_options, NULL);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    for (size_t i = 0; i < 3 * sizeof turns / sizeof turns[0]; i++) {
        const struct queue_kind *kind = kinds[i % 3];
        const struct myc_queue_options options = {
            .capacity = CAPACITY,
            .producers_may_sleep = true,
            .consumers_may_sleep = true,
            .wait = platform->wait,
            .start = turns[i / 3] - items / 3 * kind->producers_max / 2};
        run_kind(kind, &options, memory, items / 3, sums);
    }
    STORM_CHECK(myc_pool_is_valid(&soak.pool), "the pool is not sound");
    STORM_CHECK(myc_pool_deinit(&soak.pool) == 0, "a block did not come home");
    free(pool_memory);
    free(memory);
    myc_posix_destroy(platform);
}
