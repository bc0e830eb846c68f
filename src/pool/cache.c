// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Caches: opening and closing, and a block's way from a get to its last release.
 *
 * A block that was got here and has one reference is released by one store: nobody else may touch
 * it. Every other release is an exchange, so that of two threads that release the same reference at
 * once one is refused. What a shelf or a list holds is believed only if the block's control word
 * says the same.
 */
#include "pool/layout.h"

#include <string.h>

#include <mycelium/simulation.h>

static inline struct myc_atomic_u32 *
state_of(const struct myc__pool_shelf *shelf, const void *block)
{
    return (
        struct myc_atomic_u32 *)(uintptr_t)((const unsigned char *)block + shelf->control_offset);
}

// ---- Opening and closing ----

// Reserves one of the pool's slots. Returns: false if all are taken.
static bool reserve_slot(const struct myc_pool *pool)
{
    struct myc_atomic_u64 *open_count = &pool->open_count->word;
    for (;;) {
        uint64_t count = myc_load_relaxed_u64(open_count);
        if (count == pool->caches_max) {
            return false;
        }
        if (myc_compare_exchange_u64(open_count, count, count + 1)) {
            return true;
        }
    }
}

// Takes a slot that was reserved. One is free, but others may close and open behind our back, so
// that one round does not always meet it.
static struct myc__pool_slot *take_slot(const struct myc_pool *pool, uint32_t *out_number)
{
    for (;;) {
        for (uint32_t i = 0; i < pool->caches_max; i++) {
            // Pairs with the release of the close before: its last counts are seen.
            if (myc_compare_exchange_u32(&pool->slots[i].is_open, 0, 1)) {
                *out_number = i + 1;
                return &pool->slots[i];
            }
        }
    }
}

enum myc_status myc_pool_cache_open(struct myc_pool_cache *cache, struct myc_pool *pool)
{
    uint32_t number = 0;
    if (cache == NULL || pool == NULL || cache->pool != NULL) {
        return MYC_INVALID;
    }
    if (pool->class_count == 0) {
        return MYC_CLOSED;
    }
    if (!reserve_slot(pool)) {
        return MYC_LIMIT;
    }
    memset(cache, 0, sizeof *cache);
    cache->slot = take_slot(pool, &number);
    cache->pool = pool;
    cache->class_count = pool->class_count;
    cache->capacity = 2 * pool->batch;
    cache->free_word = myc__pool_word(number, 0);
    cache->owned_word = myc__pool_word(number, 1);
    cache->plain_word = pool->checks_races ? 0 : cache->owned_word;
    for (uint32_t i = 0; i < pool->class_count; i++) {
        const struct myc__pool_class *class_of = &pool->classes[i];
        struct myc__pool_shelf *shelf = &cache->shelves[i];
        shelf->class_blocks = class_of->blocks;
        shelf->inverse = class_of->inverse;
        shelf->shift = class_of->shift;
        shelf->block_count = class_of->block_count;
        shelf->block_bytes = class_of->block_bytes;
        shelf->control_offset = class_of->control_offset;
        shelf->counters = &cache->slot->counters[i];
        shelf->index = i;
    }
    return MYC_OK;
}

// Moves the `count` blocks that lay longest from a shelf to the shared list. Those whose control
// word does not say that they are here stay wherever it says.
static void spill(struct myc_pool_cache *cache, struct myc__pool_shelf *shelf, uint32_t count)
{
    void *given[MYC_POOL_BATCH_MAX];
    uint32_t given_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct myc_atomic_u32 *state = state_of(shelf, shelf->blocks[i]);
        if (myc_load_relaxed_u32(state) != cache->free_word) {
            myc__pool_count(&shelf->counters->damaged, 1);
            continue;
        }
        myc_store_relaxed_u32(state, MYC__POOL_SHARED_WORD);
        given[given_count++] = shelf->blocks[i];
    }
    shelf->depth -= count;
    memmove(shelf->blocks, shelf->blocks + count, shelf->depth * sizeof shelf->blocks[0]);
    if (given_count > 0) {
        myc__pool_push(&cache->pool->classes[shelf->index], given, given_count);
        myc__pool_count(&shelf->counters->spilled, given_count);
    }
}

void myc_pool_cache_close(struct myc_pool_cache *cache)
{
    if (cache == NULL || cache->pool == NULL) {
        return;
    }
    uint32_t batch = cache->capacity / 2;
    for (uint32_t i = 0; i < cache->class_count; i++) {
        struct myc__pool_shelf *shelf = &cache->shelves[i];
        while (shelf->depth > 0) {
            spill(cache, shelf, shelf->depth < batch ? shelf->depth : batch);
        }
    }
    // Acquired by the exchange of whoever opens the next cache in this slot.
    myc_store_release_u32(&cache->slot->is_open, 0);
    (void)myc_fetch_add_u64(&cache->pool->open_count->word, UINT64_MAX);
    cache->pool = NULL;
    cache->class_count = 0;
}

// ---- Getting ----

// Fills an empty shelf with a batch of the shared list. Returns: false if there is none.
static bool refill(struct myc_pool_cache *cache, struct myc__pool_shelf *shelf)
{
    const struct myc__pool_class *class_of = &cache->pool->classes[shelf->index];
    struct myc__pool_counters *counters = shelf->counters;
    while (shelf->depth == 0) {
        uint32_t at = 0;
        uint32_t count = 0;
        if (!myc__pool_pop(class_of, &at, &count)) {
            return false;
        }
        if (count == 0) {
            // Lost, and marked so: should a link lead here again, the list ends.
            struct myc_atomic_u32 *state = state_of(shelf, myc__pool_block(class_of, at));
            myc_store_relaxed_u32(state, myc__pool_word(MYC__POOL_NOBODY, 0));
            myc__pool_count(&counters->damaged, 1);
        }
        for (uint32_t i = 0; i < count; i++) {
            void *block = myc__pool_block(class_of, at);
            struct myc_atomic_u32 *state = state_of(shelf, block);
            if (myc_load_relaxed_u32(state) == MYC__POOL_SHARED_WORD) {
                myc_store_relaxed_u32(state, cache->free_word);
                shelf->blocks[shelf->depth++] = block;
            } else {
                myc__pool_count(&counters->damaged, 1);
            }
            if (i + 1 < count && !myc__pool_next(class_of, at, &at)) {
                myc__pool_count(&counters->damaged, 1);
                break;
            }
        }
        myc__pool_count(&counters->refilled, shelf->depth);
    }
    return true;
}

// Gets a block when there is none on the shelf, or the one on top is not what it should be.
static __attribute__((noinline)) enum myc_status
get_elsewhere(struct myc_pool_cache *cache, struct myc__pool_shelf *shelf, void **out_block)
{
    struct myc__pool_counters *counters = shelf->counters;
    for (;;) {
        if (shelf->depth == 0 && !refill(cache, shelf)) {
            MYC_REACHED("pool.get.exhausted");
            myc__pool_count(&counters->exhausted, 1);
            return MYC_LIMIT;
        }
        void *block = shelf->blocks[--shelf->depth];
        struct myc_atomic_u32 *state = state_of(shelf, block);
        if (myc_load_relaxed_u32(state) == cache->free_word) {
            myc_store_relaxed_u32(state, cache->owned_word);
            myc__pool_count(&counters->allocated, 1);
            *out_block = block;
            return MYC_OK;
        }
        MYC_REACHED("pool.get.refused");
        myc__pool_count(&counters->damaged, 1);
    }
}

enum myc_status myc_pool_get(struct myc_pool_cache *cache, size_t size, void **out_block)
{
    struct myc__pool_shelf *shelf = cache->shelves;
    struct myc__pool_shelf *end = shelf + cache->class_count;
    while (shelf != end && size > shelf->block_bytes) {
        shelf++;
    }
    if (shelf == end) {
        return cache->pool == NULL ? MYC_CLOSED : MYC_TOO_BIG;
    }
    uint32_t depth = shelf->depth;
    if (depth == 0) {
        return get_elsewhere(cache, shelf, out_block);
    }
    void *block = shelf->blocks[depth - 1];
    struct myc_atomic_u32 *state = state_of(shelf, block);
    if (myc_load_relaxed_u32(state) != cache->free_word) {
        return get_elsewhere(cache, shelf, out_block);
    }
    myc_store_relaxed_u32(state, cache->owned_word);
    shelf->depth = depth - 1;
    myc__pool_count(&shelf->counters->allocated, 1);
    *out_block = block;
    return MYC_OK;
}

// ---- References ----

// The class of a block, or class_count if it is none of the pool's.
static uint32_t class_index(const struct myc_pool *pool, const void *block)
{
    uint32_t i = 0;
    while (i < pool->class_count
           && myc__pool_index(&pool->classes[i], block) >= pool->classes[i].block_count) {
        i++;
    }
    return i;
}

enum myc_status myc_pool_retain(const struct myc_pool *pool, void *block, uint32_t count)
{
    uint32_t index = class_index(pool, block);
    if (index == pool->class_count) {
        return MYC_INVALID;
    }
    struct myc_atomic_u32 *state = &myc__pool_control(&pool->classes[index], block)->state;
    for (;;) {
        uint32_t word = myc_load_relaxed_u32(state);
        uint32_t references = myc__pool_references(word);
        if (!myc__pool_is_word(pool, word)) {
            return MYC_POISONED;
        }
        if (references == 0) {
            return MYC_INVALID;
        }
        if (count > MYC_POOL_REFERENCES_MAX - references) {
            return MYC_LIMIT;
        }
        if (myc_compare_exchange_u32(state, word, word + count)) {
            return MYC_OK;
        }
    }
}

// Puts a block that is free in this cache on its shelf, where there is room.
static inline void shelve(struct myc_pool_cache *cache, struct myc__pool_shelf *shelf, void *block)
{
    shelf->blocks[shelf->depth++] = block;
    myc__pool_count(&shelf->counters->freed, 1);
    if (2 * shelf->depth >= cache->capacity && MYC_BUGGIFY("pool.spill-early")) {
        spill(cache, shelf, cache->capacity / 2);
    }
}

// Takes a block out of circulation that somebody wrote behind; the first who sees it counts it.
static enum myc_status
condemn(struct myc__pool_shelf *shelf, struct myc_atomic_u32 *state, uint32_t word)
{
    uint32_t lost = myc__pool_word(MYC__POOL_NOBODY, 0);
    if (word != lost && myc_compare_exchange_u32(state, word, lost)) {
        myc__pool_count(&shelf->counters->damaged, 1);
    }
    return MYC_POISONED;
}

// Any release but the plain one: of several references, or on another thread than the get, or to a
// full shelf.
static __attribute__((noinline)) enum myc_status
release_shared(struct myc_pool_cache *cache, struct myc__pool_shelf *shelf, void *block)
{
    struct myc_atomic_u32 *state = state_of(shelf, block);
    for (;;) {
        uint32_t word = myc_load_relaxed_u32(state);
        uint32_t references = myc__pool_references(word);
        if (!myc__pool_is_word(cache->pool, word)) {
            return condemn(shelf, state, word);
        }
        if (references == 0) {
            return MYC_INVALID;
        }
        // Both exchanges release this owner's use of the block and acquire that of the others who
        // released theirs.
        uint32_t next = references == 1 ? cache->free_word : word - 1;
        if (!myc_compare_exchange_u32(state, word, next)) {
            MYC_REACHED("pool.release.overtaken");
            continue;
        }
        MYC_SOMETIMES(references == 1, "pool.release.last-elsewhere");
        if (references == 1) {
            if (shelf->depth == cache->capacity) {
                spill(cache, shelf, cache->capacity / 2);
            }
            shelve(cache, shelf, block);
        }
        return MYC_OK;
    }
}

enum myc_status myc_pool_release(struct myc_pool_cache *cache, void *block)
{
    struct myc__pool_shelf *shelf = cache->shelves;
    struct myc__pool_shelf *end = shelf + cache->class_count;
    while (shelf != end
           && myc__pool_quotient(shelf->class_blocks, block, shelf->inverse, shelf->shift)
                  >= shelf->block_count) {
        shelf++;
    }
    if (shelf == end) {
        return cache->pool == NULL ? MYC_CLOSED : MYC_INVALID;
    }
    struct myc_atomic_u32 *state = state_of(shelf, block);
    // Pairs with the exchanges of the others' releases: their use is over when the block is free.
    if (myc_load_acquire_u32(state) == cache->plain_word && shelf->depth < cache->capacity) {
        myc_store_relaxed_u32(state, cache->free_word);
        shelve(cache, shelf, block);
        return MYC_OK;
    }
    return release_shared(cache, shelf, block);
}
