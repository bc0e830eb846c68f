// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A pool on the heap with a few caches, for the tests of this folder.
 */
#ifndef MYC_UNIT_POOL_POOL_FIXTURE_H
#define MYC_UNIT_POOL_POOL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/pool.h>

enum { FIXTURE_CACHES = 3 };

struct fixture {
    struct myc_pool pool;
    void *memory;
    size_t memory_bytes;
    struct myc_pool_cache caches[FIXTURE_CACHES];
};

/** Lays the pool out in memory full of ones, since it may hold anything, and opens the caches. */
static inline void fixture_init(struct fixture *fixture, const struct myc_pool_options *options)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->memory_bytes = myc_pool_memory_size(options);
    assert_true(fixture->memory_bytes > 0);
    fixture->memory = aligned_alloc(MYC_POOL_ALIGNMENT, fixture->memory_bytes);
    assert_non_null(fixture->memory);
    memset(fixture->memory, 0xFF, fixture->memory_bytes);
    assert_int_equal(
        myc_pool_init(&fixture->pool, fixture->memory, fixture->memory_bytes, options, NULL),
        MYC_OK);
    for (size_t i = 0; i < FIXTURE_CACHES; i++) {
        assert_int_equal(myc_pool_cache_open(&fixture->caches[i], &fixture->pool), MYC_OK);
    }
}

/** Closes the caches and ends the pool. Returns: the blocks that are missing. */
static inline uint64_t fixture_deinit(struct fixture *fixture)
{
    for (size_t i = 0; i < FIXTURE_CACHES; i++) {
        myc_pool_cache_close(&fixture->caches[i]);
    }
    uint64_t missing = myc_pool_deinit(&fixture->pool);
    free(fixture->memory);
    return missing;
}

/** A class's statistics. */
static inline struct myc_pool_statistics
fixture_statistics(const struct fixture *fixture, uint32_t index)
{
    struct myc_pool_statistics statistics;
    assert_int_equal(myc_pool_read_statistics(&fixture->pool, index, &statistics), MYC_OK);
    return statistics;
}

/** One class. */
static inline struct myc_pool_options
fixture_options(uint32_t block_bytes, uint32_t block_count, uint32_t batch)
{
    const struct myc_pool_options options = {
        .classes = {{block_bytes, block_count}},
        .class_count = 1,
        .caches_max = FIXTURE_CACHES,
        .batch = batch};
    return options;
}

#endif
