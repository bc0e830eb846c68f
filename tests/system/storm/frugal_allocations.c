// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Allocations are counted twice: what is asked of the platform, and every malloc of the process.
 */
#include "system/storm/frugal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/bytes.h>
#include <mycelium/interface/memory.h>
#include <mycelium/pool.h>
#include <mycelium/queue.h>
#include <mycelium/ring.h>
#include <mycelium/ring_wait.h>

#include "system/storm/party.h"
#include "system/storm/storm.h"

enum {
    CAPACITY = 16384,
    SIZE_MAX_BYTES = 1000,
    ROUNDS = 3000,
    ITEMS = 16,
    BLOCKS = 64,
    BLOCK_BYTES = 100
};

struct counting {
    struct myc_memory base;
    struct myc_memory *inner;
    uint64_t requests;
};

struct work {
    struct myc_platform *platform;
    struct myc_ring_writer writer;
    struct myc_ring_waiter waiter;
    void *ring_memory;
    size_t ring_bytes;
    unsigned char *pages;
    struct myc_ring_ticket tickets[PARTY_KINDS];
    struct party parties[PARTY_KINDS];
    struct myc_spsc spsc;
    struct myc_mpsc mpsc;
    struct myc_mpmc mpmc;
    void *queue_memory[3];
    struct myc_pool pool;
    struct myc_pool_cache cache;
    void *pool_memory;
};

static struct work work;

static void *allocate_counted(struct myc_memory *memory, size_t size, size_t alignment)
{
    struct counting *counting = MYC_CONTAINER_OF(memory, struct counting, base);
    counting->requests++;
    return myc_memory_allocate(counting->inner, size, alignment);
}

static void release_counted(struct myc_memory *memory, void *bytes, size_t size)
{
    struct counting *counting = MYC_CONTAINER_OF(memory, struct counting, base);
    myc_memory_release(counting->inner, bytes, size);
}

static const struct myc_memory_ops counting_ops = {
    .size = sizeof counting_ops, .allocate = allocate_counted, .release = release_counted};

// ---- Ring ----

static void let_in(size_t i)
{
    unsigned char *page = work.pages + i * MYC_RING_PAGE_BYTES;
    struct party *party = &work.parties[i];
    struct myc_span copy = party->copy;
    enum myc_status status =
        party_join(&work.writer, page, party->kind, MYC_RING_LIVE, &work.tickets[i]);
    if (status == MYC_OK && copy.data == NULL) {
        status = party_attach(party, work.ring_memory, work.ring_bytes, page, &work.tickets[i]);
    } else if (status == MYC_OK) {
        // The copy that it has is as good as a new one.
        party->sequence = work.tickets[i].sequence;
        status = myc_ring_lapping_init(
            &party->reader,
            work.ring_memory,
            work.ring_bytes,
            page,
            &work.tickets[i],
            MYC_RING_LATEST,
            copy,
            NULL);
    }
    STORM_CHECK(status == MYC_OK, "reader %zu: status %d", i, (int)status);
}

static void make_ring(struct myc_memory *memory)
{
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = PARTY_KINDS,
        .readers_may_sleep = true,
        .writer_may_sleep = true,
        .readers_may_be_lapped = true};
    work.ring_bytes = myc_ring_memory_size(&options);
    work.ring_memory = myc_memory_allocate(memory, work.ring_bytes, 4096);
    work.pages = myc_memory_allocate(memory, (size_t)PARTY_KINDS * MYC_RING_PAGE_BYTES, 4096);
    STORM_CHECK(work.ring_memory != NULL && work.pages != NULL, "no memory");
    enum myc_status status =
        myc_ring_writer_init(&work.writer, work.ring_memory, work.ring_bytes, &options, NULL);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    const struct myc_idle_options block = {.kind = MYC_IDLE_BLOCK};
    status = myc_ring_waiter_init(&work.waiter, work.platform, &block);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    for (size_t i = 0; i < PARTY_KINDS; i++) {
        work.parties[i].kind = (enum party_kind)i;
        work.parties[i].size_max = SIZE_MAX_BYTES;
        let_in(i);
    }
}

static void use_ring(uint64_t round)
{
    bool is_done = round % 2 == 0 ? party_publish(&work.writer, SIZE_MAX_BYTES)
                                  : party_publish_batch(&work.writer, SIZE_MAX_BYTES);
    if (myc_ring_claim(&work.writer, 100) != NULL) {
        myc_ring_abort(&work.writer);
    }
    myc_ring_wake_readers(&work.writer, work.platform->wait);
    if (!is_done || round % 7 == 0) {
        for (size_t i = 0; i < PARTY_KINDS; i++) {
            struct myc_ring_reader *reader = &work.parties[i].reader;
            while (party_read(&work.parties[i], 50) != 0) {
            }
            myc_ring_reader_wake(reader, work.platform->wait);
            enum myc_status status = myc_ring_reader_wait(reader, &work.waiter, 0);
            STORM_CHECK(status == MYC_TIMEOUT, "reader %zu waits: %d", i, (int)status);
        }
    }
    if (round % 100 == 0) {
        size_t last = PARTY_KINDS - 1;
        myc_ring_leave_wake(&work.writer, work.platform->wait, work.tickets[last].slot);
        memset(work.pages + last * MYC_RING_PAGE_BYTES, 0, MYC_RING_PAGE_BYTES);
        let_in(last);
        myc_ring_wake_writer(&work.writer, work.platform->wait);
    }
}

// ---- Queues and pool ----

static void make_rest(struct myc_memory *memory)
{
    const struct myc_queue_options options = {
        .capacity = ITEMS,
        .producers_may_sleep = true,
        .consumers_may_sleep = true,
        .wait = work.platform->wait};
    const struct myc_pool_options pool_options = {
        .classes = {{BLOCK_BYTES, BLOCKS}}, .class_count = 1, .caches_max = 2, .batch = 4};
    size_t bytes = myc_queue_memory_size(ITEMS);
    size_t pool_bytes = myc_pool_memory_size(&pool_options);
    for (size_t i = 0; i < 3; i++) {
        work.queue_memory[i] = myc_memory_allocate(memory, bytes, 64);
        STORM_CHECK(work.queue_memory[i] != NULL, "no memory");
    }
    work.pool_memory = myc_memory_allocate(memory, pool_bytes, 64);
    STORM_CHECK(work.pool_memory != NULL, "no memory");
    bool is_made =
        myc_spsc_init(&work.spsc, work.queue_memory[0], bytes, &options, NULL) == MYC_OK
        && myc_mpsc_init(&work.mpsc, work.queue_memory[1], bytes, &options, NULL) == MYC_OK
        && myc_mpmc_init(&work.mpmc, work.queue_memory[2], bytes, &options, NULL) == MYC_OK
        && myc_pool_init(&work.pool, work.pool_memory, pool_bytes, &pool_options, NULL) == MYC_OK;
    STORM_CHECK(is_made, "a queue or the pool");
}

static void use_queues(uint64_t round)
{
    struct myc_queue_item item = {.size = 8, .payload = {round}};
    struct myc_queue_item out;
    bool is_pushed = myc_spsc_push(&work.spsc, &item, 0) == MYC_OK
                     && myc_mpsc_push(&work.mpsc, &item, 0) == MYC_OK
                     && myc_mpmc_push(&work.mpmc, &item, 0) == MYC_OK;
    STORM_CHECK(is_pushed, "a push");
    bool is_popped = myc_spsc_pop(&work.spsc, &out, 0) == MYC_OK
                     && myc_mpsc_pop(&work.mpsc, &out, 0) == MYC_OK
                     && myc_mpmc_pop(&work.mpmc, &out, 0) == MYC_OK;
    STORM_CHECK(is_popped && out.payload[0] == round, "a pop");
    // And once with nothing there, to the sleeping call and back.
    bool is_late = myc_spsc_pop(&work.spsc, &out, 1) == MYC_TIMEOUT
                   && myc_mpsc_pop(&work.mpsc, &out, 1) == MYC_TIMEOUT
                   && myc_mpmc_pop(&work.mpmc, &out, 1) == MYC_TIMEOUT;
    STORM_CHECK(is_late, "a pop of nothing");
}

static void use_pool(uint64_t round)
{
    void *blocks[ITEMS];
    STORM_CHECK(myc_pool_cache_open(&work.cache, &work.pool) == MYC_OK, "no cache");
    for (size_t i = 0; i < 1 + round % ITEMS; i++) {
        STORM_CHECK(myc_pool_get(&work.cache, BLOCK_BYTES, &blocks[i]) == MYC_OK, "no block");
        STORM_CHECK(myc_pool_retain(&work.pool, blocks[i], 1) == MYC_OK, "retain");
    }
    for (size_t i = 0; i < 1 + round % ITEMS; i++) {
        bool is_released = myc_pool_release(&work.cache, blocks[i]) == MYC_OK
                           && myc_pool_release(&work.cache, blocks[i]) == MYC_OK;
        STORM_CHECK(is_released, "release");
    }
    myc_pool_cache_close(&work.cache);
}

void frugal_allocations(struct myc_platform *platform)
{
    struct counting counting = {.base = {.ops = &counting_ops}, .inner = platform->memory};
    // A count that stands still whatever happens would prove nothing.
    uint64_t before = storm_allocations();
    void *volatile probe = malloc(1);
    free(probe);
    STORM_CHECK(storm_allocations() > before, "allocations are not counted");
    work.platform = platform;
    platform->memory = &counting.base;
    make_ring(platform->memory);
    make_rest(platform->memory);
    STORM_CHECK(counting.requests > 0, "requests are not counted");
    uint64_t requests = counting.requests;
    before = storm_allocations();
    for (uint64_t round = 0; round < ROUNDS; round++) {
        use_ring(round);
        use_queues(round);
        use_pool(round);
    }
    uint64_t allocations = storm_allocations() - before;
    STORM_CHECK(
        allocations == 0 && counting.requests == requests,
        "%llu allocations, %llu requests",
        (unsigned long long)allocations,
        (unsigned long long)(counting.requests - requests));
    platform->memory = counting.inner;
    (void)printf(
        "frugal: %llu messages, %d items of each kind, no allocation\n",
        (unsigned long long)myc_ring_committed(&work.writer),
        ROUNDS);
    for (size_t i = 0; i < PARTY_KINDS; i++) {
        party_end(&work.parties[i]);
    }
}
