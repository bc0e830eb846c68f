// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The block pool under every interleaving of its atomics that a seed draws: so few blocks that a
 * block freed on one thread is got on another at once.
 *
 * "churn": threads get, release, share and hand over blocks while caches open and close.
 * "reuse": two threads get and release two blocks, as little as there can be.
 * "twice": two threads release the same reference, which is wrong.
 *
 * Oracles: a block has one owner until its last reference is released, and says all the while what
 * its owner wrote; at the end all blocks are home and the statistics say what happened. In "twice"
 * one of the two is refused.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <mycelium/atomic.h>
#include <mycelium/interface/thread.h>
#include <mycelium/pool.h>

#include <stdlib.h>
#include <string.h>

enum {
    THREADS_MAX = 3,
    BLOCKS_MAX = 6,
    HELD_MAX = 3,
    MAILBOXES = 2,
    BLOCK_BYTES = 48,
    OPERATIONS = 30,
    REUSES = 4
};

// What the oracles know of a block. Only one simulated thread runs at a time.
struct known {
    const void *block;
    uint32_t references;
    uint64_t stamp; // what its owner wrote
};

struct hall;

struct worker {
    struct hall *hall;
    struct myc_pool_cache cache;
    void *held[HELD_MAX]; // one reference each
    uint32_t held_count;
    struct myc_handle thread;
};

// The pool and all around it, in memory that outlives the process.
struct hall {
    struct myc_sim *sim;
    struct myc_platform *platform;
    struct myc_pool pool;
    void *memory;
    uint32_t block_count;
    uint32_t thread_count;
    myc_thread_fn *work;
    struct known known[BLOCKS_MAX];
    uint64_t gets;
    uint64_t exhausted;
    struct worker workers[THREADS_MAX];
    struct myc_atomic_u64 mailboxes[MAILBOXES]; // a block with one reference, or 0
    void *shared;                               // of "twice"
    enum myc_status answers[THREADS_MAX];
    struct myc_sim_process process;
};

// ---- What the oracles see ----

static struct known *know(struct hall *hall, const void *block)
{
    for (uint32_t i = 0; i < hall->block_count; i++) {
        if (hall->known[i].block == NULL || hall->known[i].block == block) {
            hall->known[i].block = block;
            return &hall->known[i];
        }
    }
    myc_sim_check(hall->sim, false, "there are no more blocks than the pool was made with");
    abort();
}

static void *get(struct worker *self)
{
    struct hall *hall = self->hall;
    void *block = NULL;
    enum myc_status status = myc_pool_get(&self->cache, BLOCK_BYTES, &block);
    if (status != MYC_OK) {
        myc_sim_check(hall->sim, status == MYC_LIMIT, "a get gives a block or says LIMIT");
        hall->exhausted++;
        myc_sim_count(hall->sim, "exhausted", 1);
        return NULL;
    }
    struct known *known = know(hall, block);
    myc_sim_check(hall->sim, known->references == 0, "a block has one owner at a time");
    known->references = 1;
    known->stamp = ++hall->gets;
    memcpy(block, &known->stamp, sizeof known->stamp);
    myc_shared_write(block, BLOCK_BYTES);
    myc_sim_count(hall->sim, "gets", 1);
    return block;
}

static void look(struct hall *hall, const void *block)
{
    uint64_t stamp;
    myc_shared_read(block, BLOCK_BYTES);
    memcpy(&stamp, block, sizeof stamp);
    myc_sim_check(
        hall->sim,
        know(hall, block)->stamp == stamp,
        "a block says what its owner wrote while somebody has it");
}

static void release(struct worker *self, void *block)
{
    struct hall *hall = self->hall;
    look(hall, block);
    know(hall, block)->references--;
    enum myc_status status = myc_pool_release(&self->cache, block);
    myc_sim_check(hall->sim, status == MYC_OK, "a reference is released");
}

// ---- "churn" ----

static void release_held(struct worker *self, uint32_t i)
{
    void *block = self->held[i];
    self->held[i] = self->held[--self->held_count];
    release(self, block);
}

static void get_held(struct worker *self)
{
    void *block = self->held_count < HELD_MAX ? get(self) : NULL;
    if (block != NULL) {
        self->held[self->held_count++] = block;
    }
}

// Shares a block and leaves the new reference in a mailbox, for whoever looks there.
static void hand_over(struct worker *self, uint32_t mailbox)
{
    struct hall *hall = self->hall;
    if (self->held_count == 0) {
        return;
    }
    void *block = self->held[0];
    know(hall, block)->references++;
    enum myc_status status = myc_pool_retain(&hall->pool, block, 1);
    myc_sim_check(hall->sim, status == MYC_OK, "a block is retained by who has it");
    uint64_t before = myc_exchange_u64(&hall->mailboxes[mailbox], (uint64_t)(uintptr_t)block);
    if (before != 0) {
        release(self, (void *)(uintptr_t)before);
    }
    myc_sim_count(hall->sim, "handed over", 1);
}

static void take_over(struct worker *self, uint32_t mailbox)
{
    uint64_t block = myc_exchange_u64(&self->hall->mailboxes[mailbox], 0);
    if (block != 0) {
        release(self, (void *)(uintptr_t)block);
    }
}

static void reopen(struct worker *self)
{
    myc_pool_cache_close(&self->cache);
    myc_sim_count(self->hall->sim, "closed", 1);
    enum myc_status status = myc_pool_cache_open(&self->cache, &self->hall->pool);
    myc_sim_check(self->hall->sim, status == MYC_OK, "a cache is opened where one was closed");
}

static void operate(struct worker *self)
{
    struct myc_sim *sim = self->hall->sim;
    switch (myc_sim_choose(sim, "pool.operation", 7)) {
    case 0:
        if (self->held_count == 0) {
            get_held(self);
        } else {
            release_held(self, self->held_count - 1);
        }
        break;
    case 1:
    case 2:
        get_held(self);
        break;
    case 3:
        if (self->held_count > 0) {
            release_held(self, (uint32_t)myc_sim_choose(sim, "pool.which", self->held_count));
        }
        break;
    case 4:
        hand_over(self, (uint32_t)myc_sim_choose(sim, "pool.mailbox", MAILBOXES));
        break;
    case 5:
        take_over(self, (uint32_t)myc_sim_choose(sim, "pool.mailbox", MAILBOXES));
        break;
    default:
        if (myc_sim_chance(sim, "pool.reopen", 1, 3)) {
            reopen(self);
        }
        break;
    }
}

static void churn(void *context)
{
    struct worker *self = context;
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        operate(self);
    }
    while (self->held_count > 0) {
        release_held(self, 0);
    }
}

// ---- "reuse" ----

static void reuse(void *context)
{
    struct worker *self = context;
    for (uint32_t i = 0; i < REUSES; i++) {
        void *block = get(self);
        if (block != NULL) {
            release(self, block);
        }
    }
}

// ---- "twice" ----

static void release_twice(void *context)
{
    struct worker *self = context;
    struct hall *hall = self->hall;
    hall->answers[self - hall->workers] = myc_pool_release(&self->cache, hall->shared);
}

static void check_twice(struct hall *hall)
{
    enum myc_status refusal = hall->answers[hall->answers[0] == MYC_OK ? 1 : 0];
    myc_sim_check(
        hall->sim,
        hall->answers[0] == MYC_OK || hall->answers[1] == MYC_OK,
        "a reference is released");
    myc_sim_check(hall->sim, refusal == MYC_INVALID, "one reference is released once");
    // Every block can be got by somebody, and none by two.
    for (uint32_t i = 0; i < hall->thread_count; i++) {
        while (get(&hall->workers[i]) != NULL) {
        }
    }
    uint64_t owned = 0;
    for (uint32_t i = 0; i < hall->block_count; i++) {
        owned += hall->known[i].references;
    }
    myc_sim_check(hall->sim, owned == hall->block_count, "every block is still to be had");
    for (uint32_t i = 0; i < hall->block_count; i++) {
        release(&hall->workers[0], (void *)(uintptr_t)hall->known[i].block);
    }
}

// ---- All ----

static bool run_threads(struct hall *hall, uint32_t count)
{
    struct myc_thread *threads = hall->platform->thread;
    for (uint32_t i = 0; i < count; i++) {
        struct worker *worker = &hall->workers[i];
        if (myc_thread_start(threads, hall->work, worker, NULL, &worker->thread) != MYC_OK) {
            return false;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        myc_thread_join(threads, hall->workers[i].thread);
    }
    return true;
}

static int hall_main(struct myc_platform *platform, void *arg)
{
    struct hall *hall = arg;
    hall->platform = platform;
    for (uint32_t i = 0; i < hall->thread_count; i++) {
        hall->workers[i].hall = hall;
        if (myc_pool_cache_open(&hall->workers[i].cache, &hall->pool) != MYC_OK) {
            return 1;
        }
    }
    if (hall->work == release_twice) {
        // Without an exchange for all, the thread that got the block must not be one of the two.
        uint32_t getter = hall->pool.checks_races
                              ? (uint32_t)myc_sim_choose(hall->sim, "pool.getter", THREADS_MAX)
                              : THREADS_MAX - 1;
        hall->shared = get(&hall->workers[getter]);
        know(hall, hall->shared)->references = 0;
        if (!run_threads(hall, 2)) {
            return 1;
        }
        check_twice(hall);
    } else if (!run_threads(hall, hall->thread_count)) {
        return 1;
    }
    for (uint32_t i = 0; i < MAILBOXES; i++) {
        take_over(&hall->workers[0], i);
    }
    for (uint32_t i = 0; i < hall->thread_count; i++) {
        myc_pool_cache_close(&hall->workers[i].cache);
    }
    return 0;
}

// The statistics say what happened, and every block is home.
static void check_end(struct hall *hall)
{
    struct myc_sim *sim = hall->sim;
    struct myc_pool_statistics statistics;
    enum myc_status status = myc_pool_read_statistics(&hall->pool, 0, &statistics);
    myc_sim_check(sim, status == MYC_OK, "there are statistics of the class");
    myc_sim_check(sim, statistics.damaged == 0, "no block was found damaged");
    myc_sim_check(sim, statistics.allocated == hall->gets, "all gets are counted");
    myc_sim_check(sim, statistics.freed == hall->gets, "all releases are counted");
    myc_sim_check(sim, statistics.exhausted == hall->exhausted, "all refusals are counted");
    myc_sim_check(sim, statistics.in_shared == hall->block_count, "the list counts as full");
    myc_sim_check(sim, myc_pool_is_valid(&hall->pool), "the shared list is sound");
    myc_sim_check(sim, myc_pool_deinit(&hall->pool) == 0, "every block comes home");
}

static bool has_ended(void *context)
{
    const struct hall *hall = context;
    return !myc_sim_is_running(hall->sim, hall->process);
}

static void run(struct myc_sim *sim, myc_thread_fn *work, const struct myc_pool_options *options)
{
    struct hall *hall = calloc(1, sizeof *hall);
    size_t bytes = myc_pool_memory_size(options);
    void *memory = aligned_alloc(MYC_POOL_ALIGNMENT, bytes);
    if (hall == NULL || memory == NULL) {
        abort();
    }
    hall->sim = sim;
    hall->work = work;
    hall->memory = memory;
    hall->thread_count = options->caches_max;
    hall->block_count = options->classes[0].block_count;
    enum myc_status status = myc_pool_init(&hall->pool, memory, bytes, options, NULL);
    myc_sim_check(sim, status == MYC_OK, "the pool can be laid out");
    hall->process = myc_sim_start(sim, "host", "pool", hall_main, hall);
    (void)myc_sim_run_until(sim, has_ended, hall, MYC_NEVER);
    myc_sim_check(sim, myc_sim_exit_code(sim, hall->process) == 0, "the process ends in order");
    check_end(hall);
    free(memory);
    free(hall);
}

static void run_churn(struct myc_sim *sim)
{
    const struct myc_pool_options options = {
        .classes =
            {{BLOCK_BYTES, 2 + (uint32_t)myc_sim_choose(sim, "pool.blocks", BLOCKS_MAX - 1)}},
        .class_count = 1,
        .caches_max = 2 + (uint32_t)myc_sim_choose(sim, "pool.threads", THREADS_MAX - 1),
        .batch = 1 + (uint32_t)myc_sim_choose(sim, "pool.batch", 2),
        .checks_races = myc_sim_choose(sim, "pool.checks", 4) == 3};
    run(sim, churn, &options);
}

static void run_reuse(struct myc_sim *sim)
{
    const struct myc_pool_options options = {
        .classes = {{BLOCK_BYTES, 2}}, .class_count = 1, .caches_max = 2, .batch = 1};
    run(sim, reuse, &options);
}

static void run_twice(struct myc_sim *sim)
{
    const struct myc_pool_options options = {
        .classes = {{BLOCK_BYTES, 3}},
        .class_count = 1,
        .caches_max = THREADS_MAX,
        .batch = 1,
        .checks_races = myc_sim_choose(sim, "pool.checks", 2) == 1};
    run(sim, release_twice, &options);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"churn", "threads that get, share and hand over a handful of blocks", run_churn},
        {"reuse", "two threads, two blocks, a few gets and releases", run_reuse},
        {"twice", "two threads that release the same reference", run_twice},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
