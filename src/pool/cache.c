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

// ---- Opening and closing ----

static struct myc__pool_slot *take_slot(const struct myc_pool *pool, uint32_t *out_number)
{
    for (uint32_t i = 0; i < pool->caches_max; i++) {
        struct myc__pool_slot *slot = &pool->slots[i];
        if (myc_load_relaxed_u32(&slot->is_open) != 0) {
            continue;
        }
        // Pairs with the release of the close before: its last counts are seen.
        if (myc_compare_exchange_u32(&slot->is_open, 0, 1)) {
            *out_number = i + 1;
            return slot;
        }
    }
    return NULL;
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
    struct myc__pool_slot *slot = take_slot(pool, &number);
    if (slot == NULL) {
        return MYC_LIMIT;
    }
    memset(cache, 0, sizeof *cache);
    cache->pool = pool;
    cache->slot = slot;
    cache->class_count = pool->class_count;
    cache->batch = pool->batch;
    cache->free_word = myc__pool_word(number, 0);
    cache->owned_word = myc__pool_word(number, 1);
    for (uint32_t i = 0; i < pool->class_count; i++) {
        cache->shelves[i].allocated = myc_load_relaxed_u64(&slot->counters[i].allocated);
        cache->shelves[i].freed = myc_load_relaxed_u64(&slot->counters[i].freed);
    }
    return MYC_OK;
}

// Moves the `count` blocks that lay longest from a shelf to the shared list. Those whose control
// word does not say that they are here stay wherever it says.
static void spill(struct myc_pool_cache *cache, uint32_t index, uint32_t count)
{
    struct myc__pool_shelf *shelf = &cache->shelves[index];
    const struct myc__pool_class *class_of = &cache->pool->classes[index];
    void *given[MYC_POOL_BATCH_MAX];
    uint32_t given_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct myc__pool_control *control = myc__pool_control(class_of, shelf->blocks[i]);
        if (myc_load_relaxed_u32(&control->state) != cache->free_word) {
            myc__pool_count(&cache->slot->counters[index].damaged, 1);
            continue;
        }
        myc_store_relaxed_u32(&control->state, MYC__POOL_SHARED_WORD);
        given[given_count++] = shelf->blocks[i];
    }
    shelf->depth -= count;
    memmove(shelf->blocks, shelf->blocks + count, shelf->depth * sizeof shelf->blocks[0]);
    if (given_count > 0) {
        myc__pool_push(class_of, given, given_count);
        myc__pool_count(&cache->slot->counters[index].spilled, given_count);
    }
}

void myc_pool_cache_close(struct myc_pool_cache *cache)
{
    if (cache == NULL || cache->pool == NULL) {
        return;
    }
    for (uint32_t i = 0; i < cache->class_count; i++) {
        while (cache->shelves[i].depth > 0) {
            uint32_t depth = cache->shelves[i].depth;
            spill(cache, i, depth < cache->batch ? depth : cache->batch);
        }
    }
    // Acquired by the exchange of whoever opens the next cache in this slot.
    myc_store_release_u32(&cache->slot->is_open, 0);
    cache->pool = NULL;
    cache->class_count = 0;
}

// ---- Getting ----

// Fills an empty shelf with a batch of the shared list. Returns: false if there is none.
static bool refill(struct myc_pool_cache *cache, uint32_t index)
{
    struct myc__pool_shelf *shelf = &cache->shelves[index];
    const struct myc__pool_class *class_of = &cache->pool->classes[index];
    struct myc__pool_counters *counters = &cache->slot->counters[index];
    while (shelf->depth == 0) {
        uint32_t at = 0;
        uint32_t count = 0;
        if (!myc__pool_pop(class_of, &at, &count)) {
            return false;
        }
        if (count == 0) {
            myc__pool_count(&counters->damaged, 1);
        }
        for (uint32_t i = 0; i < count; i++) {
            void *block = myc__pool_block(class_of, at);
            struct myc__pool_control *control = myc__pool_control(class_of, block);
            if (myc_load_relaxed_u32(&control->state) == MYC__POOL_SHARED_WORD) {
                myc_store_relaxed_u32(&control->state, cache->free_word);
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

static enum myc_status get_of_class(struct myc_pool_cache *cache, uint32_t index, void **out_block)
{
    struct myc__pool_shelf *shelf = &cache->shelves[index];
    struct myc__pool_counters *counters = &cache->slot->counters[index];
    for (;;) {
        if (shelf->depth == 0 && !refill(cache, index)) {
            MYC_REACHED("pool.get.exhausted");
            myc__pool_count(&counters->exhausted, 1);
            return MYC_LIMIT;
        }
        void *block = shelf->blocks[--shelf->depth];
        struct myc_atomic_u32 *state =
            &myc__pool_control(&cache->pool->classes[index], block)->state;
        if (myc_load_relaxed_u32(state) == cache->free_word) {
            myc_store_relaxed_u32(state, cache->owned_word);
            myc_store_relaxed_u64(&counters->allocated, ++shelf->allocated);
            *out_block = block;
            return MYC_OK;
        }
        MYC_REACHED("pool.get.refused");
        myc__pool_count(&counters->damaged, 1);
    }
}

enum myc_status myc_pool_get(struct myc_pool_cache *cache, size_t size, void **out_block)
{
    for (uint32_t i = 0; i < cache->class_count; i++) {
        if (size <= cache->pool->classes[i].block_bytes) {
            return get_of_class(cache, i, out_block);
        }
    }
    return cache->pool == NULL ? MYC_CLOSED : MYC_TOO_BIG;
}

// ---- References ----

// The class of a block, or class_count if it is none of the pool's.
static inline uint32_t class_index(const struct myc_pool *pool, const void *block)
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

// Puts a block that is free in this cache on its shelf.
static inline void shelve(struct myc_pool_cache *cache, uint32_t index, void *block)
{
    struct myc__pool_shelf *shelf = &cache->shelves[index];
    if (shelf->depth == 2 * cache->batch) {
        spill(cache, index, cache->batch);
    }
    shelf->blocks[shelf->depth++] = block;
    myc_store_relaxed_u64(&cache->slot->counters[index].freed, ++shelf->freed);
    if (shelf->depth >= cache->batch && MYC_BUGGIFY("pool.spill-early")) {
        spill(cache, index, cache->batch);
    }
}

// Any release but the plain one: of several references, or on another thread than the get.
static __attribute__((noinline)) enum myc_status
release_shared(struct myc_pool_cache *cache, uint32_t index, void *block)
{
    struct myc_pool *pool = cache->pool;
    struct myc_atomic_u32 *state = &myc__pool_control(&pool->classes[index], block)->state;
    for (;;) {
        uint32_t word = myc_load_relaxed_u32(state);
        uint32_t references = myc__pool_references(word);
        if (!myc__pool_is_word(pool, word)) {
            // Nobody's from now on, and counted by the first who sees it.
            uint32_t lost = myc__pool_word(MYC__POOL_NOBODY, 0);
            if (word == lost) {
                return MYC_POISONED;
            }
            if (myc_compare_exchange_u32(state, word, lost)) {
                myc__pool_count(&cache->slot->counters[index].damaged, 1);
                return MYC_POISONED;
            }
            continue;
        }
        if (references == 0) {
            return MYC_INVALID;
        }
        // Both exchanges release this owner's use of the block and acquire that of the others who
        // released theirs.
        uint32_t next = references == 1 ? cache->free_word : word - 1;
        if (myc_compare_exchange_u32(state, word, next)) {
            MYC_SOMETIMES(references == 1, "pool.release.last-elsewhere");
            if (references == 1) {
                shelve(cache, index, block);
            }
            return MYC_OK;
        }
        MYC_REACHED("pool.release.overtaken");
    }
}

enum myc_status myc_pool_release(struct myc_pool_cache *cache, void *block)
{
    const struct myc_pool *pool = cache->pool;
    if (pool == NULL) {
        return MYC_CLOSED;
    }
    uint32_t index = class_index(pool, block);
    if (index == pool->class_count) {
        return MYC_INVALID;
    }
    struct myc_atomic_u32 *state = &myc__pool_control(&pool->classes[index], block)->state;
    // Pairs with the exchanges of the others' releases: their use is over when the block is free.
    if (myc_load_acquire_u32(state) == cache->owned_word) {
        myc_store_relaxed_u32(state, cache->free_word);
        shelve(cache, index, block);
        return MYC_OK;
    }
    return release_shared(cache, index, block);
}
