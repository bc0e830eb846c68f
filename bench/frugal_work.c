// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What baseline.sh counts the instructions of: each hot path alone, many times, between two marks
// for callgrind. Under callgrind the counts are exact and repeat; outside of it nothing is printed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valgrind/callgrind.h>

#include <mycelium/pool.h>
#include <mycelium/queue.h>
#include <mycelium/ring.h>
#include <mycelium/ring_inline.h>

#include "codec_work.h"

enum {
    COUNT = 4096, /* of each operation */
    BATCH = 16,
    PAYLOAD_BYTES = 64,
    RING_BYTES = 1 << 20,
    BLOCK_BYTES = 48,
    TYPE = 1,
    VERSION = 1
};

struct work {
    struct myc_ring_writer writer;
    struct myc_ring_reader reader;
    struct myc_spsc spsc;
    struct myc_mpsc mpsc;
    struct myc_mpmc mpmc;
    struct myc_pool pool;
    struct myc_pool_cache cache;
    void *blocks[COUNT];
    struct codec_values values[CODEC_MESSAGES];
    struct trading_pool_state_update messages[CODEC_MESSAGES];
    struct trading_order order;
    struct myc_record records[BATCH];
    uint64_t sum;
};

static void require(bool condition, const char *what)
{
    if (!condition) {
        (void)fprintf(stderr, "bench-frugal-work: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void *pages(size_t bytes)
{
    void *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    require(memory != NULL, "no memory");
    memset(memory, 0, bytes);
    return memory;
}

// ---- Rings ----

static void ring_open(struct work *work)
{
    const struct myc_ring_options options = {.capacity_bytes = RING_BYTES, .readers_max = 1};
    struct myc_ring_ticket ticket;
    size_t bytes = myc_ring_memory_size(&options);
    void *memory = pages(bytes);
    void *page = pages(MYC_RING_PAGE_BYTES);
    require(
        myc_ring_writer_init(&work->writer, memory, bytes, &options, NULL) == MYC_OK
            && myc_ring_join(&work->writer, page, MYC_RING_LIVE, &ticket) == MYC_OK
            && myc_ring_reader_init(&work->reader, memory, bytes, page, &ticket, NULL) == MYC_OK,
        "no ring");
}

static void ring_publish(struct work *work)
{
    uint64_t payload[PAYLOAD_BYTES / 8] = {0};
    for (uint64_t i = 0; i < COUNT; i++) {
        payload[0] = i;
        require(
            myc_ring_publish(&work->writer, TYPE, VERSION, payload, sizeof(payload)) == MYC_OK,
            "the ring is full");
    }
}

static void ring_claim_commit(struct work *work)
{
    for (uint64_t i = 0; i < COUNT; i++) {
        uint64_t *payload = myc_ring_claim(&work->writer, PAYLOAD_BYTES);
        require(payload != NULL, "the ring is full");
        payload[0] = i;
        myc_ring_commit(&work->writer, TYPE, VERSION, PAYLOAD_BYTES);
    }
}

static void ring_claim_commit_fast(struct work *work)
{
    for (uint64_t i = 0; i < COUNT; i++) {
        uint64_t *payload = myc_ring_claim_fast(&work->writer, PAYLOAD_BYTES);
        require(payload != NULL, "the ring is full");
        payload[0] = i;
        myc_ring_commit_fast(&work->writer, TYPE, VERSION, PAYLOAD_BYTES);
    }
}

static void on_record(const struct myc_record *record, void *context)
{
    struct work *work = context;
    work->sum += *(const uint64_t *)record->payload;
}

static void ring_poll(struct work *work)
{
    for (size_t polled = 0; polled < COUNT; polled += BATCH) {
        require(myc_ring_poll(&work->reader, on_record, work, BATCH) == BATCH, "records missing");
    }
}

static void ring_take(struct work *work)
{
    struct myc_record record;
    for (size_t taken = 0; taken < COUNT; taken += BATCH) {
        for (size_t i = 0; i < BATCH; i++) {
            require(myc_ring_take(&work->reader, &record), "records missing");
            work->sum += *(const uint64_t *)record.payload;
        }
        myc_ring_release(&work->reader);
    }
}

// ---- Queues ----

#define QUEUE_(kind)                                                                               \
    static void kind##_open(struct work *work)                                                     \
    {                                                                                              \
        const struct myc_queue_options options = {.capacity = COUNT};                              \
        size_t bytes = myc_queue_memory_size(COUNT);                                               \
        require(                                                                                   \
            myc_##kind##_init(&work->kind, pages(bytes), bytes, &options, NULL) == MYC_OK,         \
            "no queue");                                                                           \
    }                                                                                              \
    static void kind##_push(struct work *work)                                                     \
    {                                                                                              \
        struct myc_queue_item item = {MYC_QUEUE_PAYLOAD_MAX, 0, {0}};                              \
        for (uint64_t i = 0; i < COUNT; i++) {                                                     \
            item.payload[0] = i;                                                                   \
            require(myc_##kind##_try_push(&work->kind, &item) == MYC_OK, "the queue is full");     \
        }                                                                                          \
    }                                                                                              \
    static void kind##_pop(struct work *work)                                                      \
    {                                                                                              \
        struct myc_queue_item item;                                                                \
        for (uint64_t i = 0; i < COUNT; i++) {                                                     \
            require(myc_##kind##_try_pop(&work->kind, &item) == MYC_OK, "items missing");          \
            work->sum += item.payload[0];                                                          \
        }                                                                                          \
    }

QUEUE_(spsc)
QUEUE_(mpsc)
QUEUE_(mpmc)

// ---- Pools ----

static void pool_open(struct work *work)
{
    const struct myc_pool_options options = {
        .classes = {{BLOCK_BYTES, 2 * COUNT}}, .class_count = 1, .caches_max = 1};
    size_t bytes = myc_pool_memory_size(&options);
    require(
        myc_pool_init(&work->pool, pages(bytes), bytes, &options, NULL) == MYC_OK
            && myc_pool_cache_open(&work->cache, &work->pool) == MYC_OK,
        "no pool");
}

// Sixteen at a time, as much as a cache holds: the shared list is not what is counted.
static void pool_get_put(struct work *work)
{
    for (size_t done = 0; done < COUNT; done += BATCH) {
        for (size_t i = 0; i < BATCH; i++) {
            require(
                myc_pool_get(&work->cache, BLOCK_BYTES, &work->blocks[i]) == MYC_OK, "no block");
        }
        for (size_t i = 0; i < BATCH; i++) {
            require(myc_pool_release(&work->cache, work->blocks[i]) == MYC_OK, "not taken back");
        }
    }
}

static void pool_get(struct work *work)
{
    for (size_t i = 0; i < COUNT; i++) {
        require(myc_pool_get(&work->cache, BLOCK_BYTES, &work->blocks[i]) == MYC_OK, "no block");
    }
}

static void pool_put(struct work *work)
{
    for (size_t i = 0; i < COUNT; i++) {
        require(myc_pool_release(&work->cache, work->blocks[i]) == MYC_OK, "not taken back");
    }
}

// ---- Messages ----

static void codec_open(struct work *work)
{
    for (uint32_t i = 0; i < CODEC_MESSAGES; i++) {
        codec_values_make(i, &work->values[i]);
    }
}

static void codec_encode(struct work *work)
{
    for (size_t i = 0; i < COUNT; i++) {
        codec_write(&work->messages[i % CODEC_MESSAGES], &work->values[i % CODEC_MESSAGES]);
    }
}

static void codec_validate(struct work *work)
{
    for (size_t i = 0; i < COUNT; i++) {
        require(
            trading_pool_state_update_validate(&work->messages[i % CODEC_MESSAGES], NULL) == MYC_OK,
            "a message is not valid");
    }
}

static void codec_decode(struct work *work)
{
    struct trading_pool_state_update scratch;
    for (size_t i = 0; i < COUNT; i++) {
        const struct myc_record record = {
            .type = TRADING_POOL_STATE_UPDATE_TYPE_ID,
            .version = TRADING_POOL_STATE_UPDATE_VERSION,
            .size = TRADING_POOL_STATE_UPDATE_SIZE,
            .payload = &work->messages[i % CODEC_MESSAGES]};
        const struct trading_pool_state_update *message =
            trading_pool_state_update_view(&record, &scratch);
        require(
            message != NULL && trading_pool_state_update_validate(message, NULL) == MYC_OK,
            "a message cannot be viewed");
        work->sum += codec_read(message);
    }
}

// ---- Routes ----

static inline void on_update(
    struct myc_context *context,
    const struct trading_pool_state_update *update,
    const struct myc_record *record)
{
    (void)record;
    ((struct work *)(void *)context)->sum += update->block_number;
}

static inline void on_order(
    struct myc_context *context, const struct trading_order *order, const struct myc_record *record)
{
    (void)record;
    ((struct work *)(void *)context)->sum += order->order_id;
}

// Turns of two messages, as a stream has them; in memory, so that no compiler knows which comes.
static void route_open(struct work *work)
{
    for (size_t i = 0; i < BATCH; i += 2) {
        work->records[i] = (struct myc_record){
            .type = TRADING_POOL_STATE_UPDATE_TYPE_ID,
            .version = TRADING_POOL_STATE_UPDATE_VERSION,
            .size = TRADING_POOL_STATE_UPDATE_SIZE,
            .payload = &work->messages[0]};
        work->records[i + 1] = (struct myc_record){
            .type = TRADING_ORDER_TYPE_ID,
            .version = TRADING_ORDER_VERSION,
            .size = TRADING_ORDER_SIZE,
            .payload = &work->order};
    }
}

static void route_two_handlers(struct work *work)
{
    static const struct trading_handlers handlers = {
        .pool_state_update = on_update, .order = on_order};
    for (size_t i = 0; i < COUNT; i++) {
        const struct myc_record *record = &work->records[i % BATCH];
        require(
            trading_dispatch(&handlers, (struct myc_context *)(void *)work, record, NULL),
            "nobody handled a message");
    }
}

static bool call_by_hand(struct work *work, const struct myc_record *record)
{
    struct myc_context *context = (struct myc_context *)(void *)work;
    if (record->type == TRADING_POOL_STATE_UPDATE_TYPE_ID) {
        const struct trading_pool_state_update *update =
            trading_pool_state_update_view(record, NULL);
        if (update != NULL) {
            on_update(context, update, record);
        }
        return update != NULL;
    }
    if (record->type == TRADING_ORDER_TYPE_ID) {
        const struct trading_order *order = trading_order_view(record, NULL);
        if (order != NULL) {
            on_order(context, order, record);
        }
        return order != NULL;
    }
    return false;
}

static void route_by_hand(struct work *work)
{
    for (size_t i = 0; i < COUNT; i++) {
        require(call_by_hand(work, &work->records[i % BATCH]), "nobody handled a message");
    }
}

int main(void)
{
    // Pairs that leave everything as it was; what has no name is not counted.
    static const struct {
        const char *name;
        void (*run)(struct work *work);
    } steps[] = {
        {"ring.publish", ring_publish},
        {"ring.poll", ring_poll},
        {"ring.claim_commit", ring_claim_commit},
        {"ring.take", ring_take},
        {"ring.claim_commit_fast", ring_claim_commit_fast},
        {NULL, ring_poll},
        {"spsc.push", spsc_push},
        {"spsc.pop", spsc_pop},
        {"mpsc.push", mpsc_push},
        {"mpsc.pop", mpsc_pop},
        {"mpmc.push", mpmc_push},
        {"mpmc.pop", mpmc_pop},
        {"pool.get_put", pool_get_put},
        {"pool.get_shared", pool_get},
        {"pool.put_shared", pool_put},
        {"codec.encode", codec_encode},
        {"codec.validate", codec_validate},
        {"codec.decode", codec_decode},
        {"route.two_handlers", route_two_handlers},
        {"route.by_hand", route_by_hand},
    };
    struct work *work = pages(sizeof(*work));
    ring_open(work);
    spsc_open(work);
    mpsc_open(work);
    mpmc_open(work);
    pool_open(work);
    codec_open(work);
    route_open(work);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
            CALLGRIND_ZERO_STATS;
            steps[i].run(work);
            // The first round warms up.
            if (round == 1 && steps[i].name != NULL) {
                CALLGRIND_DUMP_STATS_AT(steps[i].name);
            }
        }
    }
    return work->sum != 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
