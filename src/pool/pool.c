// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Layout, statistics and the end of a pool: what is done once, or by somebody who watches.
 */
#include "pool/layout.h"

#include <string.h>

enum { CACHES_DEFAULT = 16 };

// ---- Layout ----

static uint64_t round_up(uint64_t size)
{
    return (size + MYC_POOL_ALIGNMENT - 1) & ~(uint64_t)(MYC_POOL_ALIGNMENT - 1);
}

static uint64_t stride_of(uint32_t block_bytes)
{
    return round_up((uint64_t)block_bytes + MYC_POOL_BLOCK_OVERHEAD_BYTES);
}

static uint32_t caches_of(const struct myc_pool_options *options)
{
    return options->caches_max == 0 ? CACHES_DEFAULT : options->caches_max;
}

static bool
refuse(struct myc_diagnostic *diagnostic, const char *what, uint64_t found, const char *expected)
{
    (void)myc_diagnostic_set(diagnostic, MYC_INVALID, 0, what);
    myc_diagnostic_append(diagnostic, " is ");
    myc_diagnostic_append_u64(diagnostic, found);
    myc_diagnostic_append(diagnostic, ", expected ");
    myc_diagnostic_append(diagnostic, expected);
    return false;
}

static bool refuse_class(
    struct myc_diagnostic *diagnostic,
    uint32_t index,
    const char *what,
    uint64_t found,
    const char *expected)
{
    (void)refuse(diagnostic, what, found, expected);
    struct myc_diagnostic outer;
    (void)myc_diagnostic_set(&outer, MYC_INVALID, 0, "class ");
    myc_diagnostic_append_u64(&outer, index);
    myc_diagnostic_wrap(diagnostic, outer.text);
    return false;
}

static bool check_class(
    const struct myc_pool_options *options, uint32_t index, struct myc_diagnostic *diagnostic)
{
    const struct myc_pool_class_options *class_options = &options->classes[index];
    if (class_options->block_bytes == 0 || class_options->block_bytes > MYC_POOL_BLOCK_BYTES_MAX) {
        return refuse_class(
            diagnostic, index, "block_bytes", class_options->block_bytes, "1 to 67108864");
    }
    if (class_options->block_count == 0 || class_options->block_count > MYC_POOL_BLOCKS_MAX) {
        return refuse_class(
            diagnostic, index, "block_count", class_options->block_count, "1 to 16777216");
    }
    if (index > 0 && class_options->block_bytes <= options->classes[index - 1].block_bytes) {
        return refuse_class(
            diagnostic,
            index,
            "block_bytes",
            class_options->block_bytes,
            "more than the class before");
    }
    return true;
}

static bool check_options(const struct myc_pool_options *options, struct myc_diagnostic *diagnostic)
{
    if (options->class_count == 0 || options->class_count > MYC_POOL_CLASSES_MAX) {
        return refuse(diagnostic, "class_count", options->class_count, "1 to 8");
    }
    if (options->caches_max > MYC_POOL_CACHES_MAX) {
        return refuse(diagnostic, "caches_max", options->caches_max, "at most 4000");
    }
    if (options->batch > MYC_POOL_BATCH_MAX) {
        return refuse(diagnostic, "batch", options->batch, "at most 32");
    }
    for (uint32_t i = 0; i < options->class_count; i++) {
        if (!check_class(options, i, diagnostic)) {
            return false;
        }
    }
    return true;
}

// At most 8 * 2^24 * (2^26 + 64) bytes and a little: no sum of 64 bits overflows.
static uint64_t memory_bytes_of(const struct myc_pool_options *options)
{
    uint64_t bytes = (options->class_count + 1) * sizeof(struct myc__pool_head)
                     + (uint64_t)caches_of(options) * sizeof(struct myc__pool_slot);
    for (uint32_t i = 0; i < options->class_count; i++) {
        const struct myc_pool_class_options *class_options = &options->classes[i];
        bytes += stride_of(class_options->block_bytes) * class_options->block_count;
    }
    return bytes;
}

size_t myc_pool_memory_size(const struct myc_pool_options *options)
{
    if (options == NULL || !check_options(options, NULL)) {
        return 0;
    }
    uint64_t bytes = memory_bytes_of(options);
    return bytes <= SIZE_MAX / 2 ? (size_t)bytes : 0;
}

// The inverse of an odd number modulo 2^64: each round doubles the number of right bits.
static uint64_t inverse_of(uint64_t odd)
{
    uint64_t inverse = odd;
    for (int round = 0; round < 6; round++) {
        inverse *= 2 - odd * inverse;
    }
    return inverse;
}

static void init_class(
    struct myc__pool_class *class_of,
    struct myc__pool_head *head,
    unsigned char *blocks,
    const struct myc_pool_class_options *options)
{
    class_of->blocks = blocks;
    class_of->head = head;
    class_of->stride = stride_of(options->block_bytes);
    class_of->block_count = options->block_count;
    class_of->block_bytes = options->block_bytes;
    class_of->control_offset = (uint32_t)class_of->stride - MYC_POOL_BLOCK_OVERHEAD_BYTES;
    class_of->shift = (uint32_t)__builtin_ctzll(class_of->stride);
    class_of->inverse = inverse_of(class_of->stride >> class_of->shift);
}

// Puts every block into the shared list, the first ones on top.
static void fill_list(const struct myc__pool_class *class_of, uint32_t batch)
{
    myc_store_relaxed_u64(&class_of->head->word, 0);
    for (uint32_t end = class_of->block_count; end > 0;) {
        void *blocks[MYC_POOL_BATCH_MAX];
        uint32_t count = (end - 1) % batch + 1;
        for (uint32_t i = 0; i < count; i++) {
            blocks[i] = myc__pool_block(class_of, end - count + i);
            struct myc__pool_control *control = myc__pool_control(class_of, blocks[i]);
            memset(control, 0, sizeof *control);
            myc_store_relaxed_u32(&control->state, MYC__POOL_SHARED_WORD);
        }
        myc__pool_push(class_of, blocks, count);
        end -= count;
    }
}

enum myc_status myc_pool_init(
    struct myc_pool *pool,
    void *memory,
    size_t memory_bytes,
    const struct myc_pool_options *options,
    struct myc_diagnostic *diagnostic)
{
    myc_diagnostic_clear(diagnostic);
    if (pool == NULL || options == NULL || pool->class_count != 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "a pool that is zero, and options, are needed");
    }
    if (!check_options(options, diagnostic)) {
        return MYC_INVALID;
    }
    if (memory == NULL || (uintptr_t)memory % MYC_POOL_ALIGNMENT != 0) {
        return myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "the memory is not 64-aligned");
    }
    if (myc_pool_memory_size(options) == 0 || memory_bytes < myc_pool_memory_size(options)) {
        (void)refuse(diagnostic, "memory_bytes", memory_bytes, "myc_pool_memory_size()");
        return MYC_INVALID;
    }
    struct myc__pool_head *heads = memory;
    unsigned char *at = (unsigned char *)(heads + options->class_count + 1);
    memset(pool, 0, sizeof *pool);
    pool->open_count = &heads[options->class_count];
    myc_store_relaxed_u64(&pool->open_count->word, 0);
    pool->slots = (struct myc__pool_slot *)(uintptr_t)at;
    pool->caches_max = caches_of(options);
    pool->batch = options->batch == 0 ? MYC_POOL_BATCH_DEFAULT : options->batch;
    pool->checks_races = options->checks_races;
    memset(pool->slots, 0, pool->caches_max * sizeof *pool->slots);
    at += pool->caches_max * sizeof *pool->slots;
    for (uint32_t i = 0; i < options->class_count; i++) {
        struct myc__pool_class *class_of = &pool->classes[i];
        init_class(class_of, &heads[i], at, &options->classes[i]);
        fill_list(class_of, pool->batch);
        at += class_of->stride * class_of->block_count;
    }
    pool->class_count = options->class_count;
    return MYC_OK;
}

// ---- At rest ----

// Walks a shared list, giving each block the word `mark` when it is not 0. Returns: false at the
// first block that is not free there, or not for the first time, and at a link that leads nowhere.
static bool walk_list(const struct myc__pool_class *class_of, uint32_t mark, uint64_t *out_count)
{
    uint64_t count = 0;
    uint32_t link = (uint32_t)myc_load_acquire_u64(&class_of->head->word);
    bool is_sound = true;
    while (link != 0 && is_sound) {
        uint32_t at = link - 1;
        const struct myc__pool_control *first =
            myc__pool_control(class_of, myc__pool_block(class_of, at));
        uint32_t batch = first->count;
        is_sound = batch >= 1 && batch <= MYC_POOL_BATCH_MAX;
        for (uint32_t i = 0; i < batch && is_sound; i++) {
            struct myc_atomic_u32 *state =
                &myc__pool_control(class_of, myc__pool_block(class_of, at))->state;
            is_sound = myc_load_relaxed_u32(state) == MYC__POOL_SHARED_WORD
                       && count < class_of->block_count;
            if (!is_sound) {
                break;
            }
            count++;
            if (mark != 0) {
                myc_store_relaxed_u32(state, mark);
            }
            is_sound = i + 1 == batch || myc__pool_next(class_of, at, &at);
        }
        link = myc_load_relaxed_u32(&first->next_batch);
        is_sound = is_sound && link <= class_of->block_count;
    }
    *out_count = count;
    return is_sound;
}

bool myc_pool_is_valid(const struct myc_pool *pool)
{
    bool is_sound = true;
    for (uint32_t i = 0; i < pool->class_count; i++) {
        uint64_t count = 0;
        is_sound = walk_list(&pool->classes[i], 0, &count) && is_sound;
    }
    return is_sound;
}

uint64_t myc_pool_deinit(struct myc_pool *pool)
{
    uint64_t missing = 0;
    if (pool == NULL) {
        return 0;
    }
    for (uint32_t i = 0; i < pool->class_count; i++) {
        uint64_t count = 0;
        // A marked block is not counted again, so that none stands in for a missing one.
        (void)walk_list(&pool->classes[i], myc__pool_word(MYC__POOL_NOBODY, 0), &count);
        missing += pool->classes[i].block_count - count;
    }
    memset(pool, 0, sizeof *pool);
    return missing;
}

// ---- Statistics ----

// The difference of two counts that moved while they were read.
static uint64_t less(uint64_t one, uint64_t other)
{
    return one > other ? one - other : 0;
}

enum myc_status myc_pool_read_statistics(
    const struct myc_pool *pool, uint32_t index, struct myc_pool_statistics *out_statistics)
{
    uint64_t refilled = 0;
    uint64_t spilled = 0;
    struct myc_pool_statistics statistics = {0};
    if (index >= pool->class_count) {
        return MYC_NOT_FOUND;
    }
    for (uint32_t i = 0; i < pool->caches_max; i++) {
        const struct myc__pool_counters *counters = &pool->slots[i].counters[index];
        // What takes away from another count is read first, to miss it rather than count it twice.
        statistics.freed += myc_load_relaxed_u64(&counters->freed);
        spilled += myc_load_relaxed_u64(&counters->spilled);
        statistics.allocated += myc_load_relaxed_u64(&counters->allocated);
        refilled += myc_load_relaxed_u64(&counters->refilled);
        statistics.exhausted += myc_load_relaxed_u64(&counters->exhausted);
        statistics.damaged += myc_load_relaxed_u64(&counters->damaged);
    }
    statistics.block_bytes = pool->classes[index].block_bytes;
    statistics.block_count = pool->classes[index].block_count;
    statistics.in_use = less(statistics.allocated, statistics.freed);
    statistics.in_caches = less(refilled + statistics.freed, spilled + statistics.allocated);
    statistics.in_shared = less(statistics.block_count + spilled, refilled);
    *out_statistics = statistics;
    return MYC_OK;
}
