// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Real threads on one small pool: blocks pass between them through mailboxes, several references at
 * a time, while caches open and close.
 */
#include "unit/pool/pool_fixture.h"

#include <pthread.h>
#include <sched.h>

enum { THREADS = 4, ROUNDS = 20000, BLOCKS = 48, MAILBOXES = 4, BLOCK_BYTES = 80, REOPEN = 500 };

struct stress {
    struct myc_pool pool;
    struct myc_atomic_u64 mailboxes[MAILBOXES]; // a block's address with one reference, or 0
};

struct stress_thread {
    struct stress *stress;
    struct myc_pool_cache cache;
    uint64_t random;
    uint64_t got;
    uint64_t wrong; // read by main after the join
};

static uint64_t draw(struct stress_thread *self, uint64_t bound)
{
    uint64_t z = self->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    return (z ^ z >> 29) % bound;
}

// All bytes of a block say the same while somebody has it.
static bool is_whole(const unsigned char *block)
{
    return memcmp(block, block + 1, BLOCK_BYTES - 1) == 0;
}

static void drop(struct stress_thread *self, void *block)
{
    self->wrong += !is_whole(block);
    self->wrong += myc_pool_release(&self->cache, block) != MYC_OK;
}

// Puts a reference into a mailbox, and drops the one that was there.
static void swap(struct stress_thread *self, uint64_t mailbox, void *block)
{
    uint64_t before =
        myc_exchange_u64(&self->stress->mailboxes[mailbox], (uint64_t)(uintptr_t)block);
    if (before != 0) {
        drop(self, (void *)(uintptr_t)before);
    }
}

static void pass_block(struct stress_thread *self)
{
    void *block = NULL;
    enum myc_status status = myc_pool_get(&self->cache, BLOCK_BYTES, &block);
    if (status != MYC_OK) {
        self->wrong += status != MYC_LIMIT;
        swap(self, draw(self, MAILBOXES), NULL);
        sched_yield();
        return;
    }
    self->got++;
    memset(block, (int)draw(self, 256), BLOCK_BYTES);
    uint32_t copies = (uint32_t)draw(self, 3);
    if (copies > 0) {
        self->wrong += myc_pool_retain(&self->stress->pool, block, copies) != MYC_OK;
    }
    for (uint32_t i = 0; i < copies; i++) {
        swap(self, draw(self, MAILBOXES), block);
    }
    drop(self, block);
}

static void *run(void *context)
{
    struct stress_thread *self = context;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        if (round % REOPEN == 0) {
            myc_pool_cache_close(&self->cache);
            self->wrong += myc_pool_cache_open(&self->cache, &self->stress->pool) != MYC_OK;
        }
        pass_block(self);
    }
    return NULL;
}

// Nobody sees a block change that it holds, and all come home. [POOL-8] [POOL-9] [POOL-10] [POOL-7]
static void test_threads_share_no_block_and_lose_none(void **state)
{
    (void)state;
    static const uint32_t batches[] = {1, 4};
    for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++) {
        static struct stress stress;
        static struct stress_thread threads[THREADS];
        pthread_t handles[THREADS];
        struct myc_pool_options options = fixture_options(BLOCK_BYTES, BLOCKS, batches[b]);
        options.caches_max = THREADS;
        size_t bytes = myc_pool_memory_size(&options);
        void *memory = aligned_alloc(MYC_POOL_ALIGNMENT, bytes);
        assert_non_null(memory);
        memset(&stress, 0, sizeof stress);
        memset(threads, 0, sizeof threads);
        assert_int_equal(myc_pool_init(&stress.pool, memory, bytes, &options, NULL), MYC_OK);
        for (size_t i = 0; i < THREADS; i++) {
            threads[i].stress = &stress;
            threads[i].random = i + 1;
            assert_int_equal(pthread_create(&handles[i], NULL, run, &threads[i]), 0);
        }
        uint64_t got = 0;
        for (size_t i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_join(handles[i], NULL), 0);
            got += threads[i].got;
        }
        // The caches belong to this thread now.
        for (uint64_t i = 0; i < MAILBOXES; i++) {
            swap(&threads[0], i, NULL);
        }
        struct myc_pool_statistics statistics;
        for (size_t i = 0; i < THREADS; i++) {
            myc_pool_cache_close(&threads[i].cache);
            assert_int_equal(threads[i].wrong, 0);
        }
        assert_int_equal(
            myc_pool_read_statistics(&stress.pool, 0, &statistics), MYC_OK); // [POOL-4]
        assert_true(got >= ROUNDS);
        assert_int_equal(statistics.allocated, got);
        assert_int_equal(statistics.freed, got);
        assert_int_equal(statistics.damaged, 0);
        assert_int_equal(statistics.in_shared, BLOCKS);
        assert_true(myc_pool_is_valid(&stress.pool)); // [POOL-5]
        assert_int_equal(myc_pool_deinit(&stress.pool), 0);
        free(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_share_no_block_and_lose_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
