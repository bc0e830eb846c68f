// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Laying a pool out, refusing bad options, the statistics, and the count at the end.
 */
#include "unit/pool/pool_fixture.h"

#include <stdio.h>

#include <mycelium/interface/memory.h>

#include "pool/layout.h"

// The size covers heads, caches and blocks with their control, in whole lines. [POOL-1]
static void test_memory_size_is_what_the_layout_says(void **state)
{
    (void)state;
    struct myc_pool_options options = fixture_options(48, 10, 0);
    size_t fixed = 128 + FIXTURE_CACHES * sizeof(struct myc__pool_slot);
    assert_int_equal(myc_pool_memory_size(&options), fixed + 10 * (size_t)64);
    options.classes[0].block_bytes = 49;
    assert_int_equal(myc_pool_memory_size(&options), fixed + 10 * (size_t)128);
    options.class_count = 0;
    assert_int_equal(myc_pool_memory_size(&options), 0);
    assert_int_equal(myc_pool_memory_size(NULL), 0);
}

struct bad_options {
    struct myc_pool_options options;
    const char *text;
};

// Each option outside its range is refused by name, and nothing is laid out. [POOL-1] [POOL-2]
static void test_init_names_the_bad_option(void **state)
{
    (void)state;
    static const struct bad_options bad[] = {
        {{.class_count = 0}, "class_count is 0, expected 1 to 8"},
        {{.class_count = 9}, "class_count is 9, expected 1 to 8"},
        {{.classes = {{0, 1}}, .class_count = 1},
         "class 0: block_bytes is 0, expected 1 to 67108864"},
        {{.classes = {{67108865, 1}}, .class_count = 1},
         "class 0: block_bytes is 67108865, expected 1 to 67108864"},
        {{.classes = {{8, 1}, {16, 0}}, .class_count = 2},
         "class 1: block_count is 0, expected 1 to 16777216"},
        {{.classes = {{8, 16777217}}, .class_count = 1},
         "class 0: block_count is 16777217, expected 1 to 16777216"},
        {{.classes = {{8, 1}, {8, 1}}, .class_count = 2},
         "class 1: block_bytes is 8, expected more than the class before"},
        {{.classes = {{8, 1}}, .class_count = 1, .caches_max = 4001},
         "caches_max is 4001, expected at most 4000"},
        {{.classes = {{8, 1}}, .class_count = 1, .batch = 33}, "batch is 33, expected at most 32"},
    };
    static _Alignas(64) unsigned char memory[4096];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct myc_pool pool = {.class_count = 0};
        struct myc_diagnostic diagnostic;
        assert_int_equal(
            myc_pool_init(&pool, memory, sizeof memory, &bad[i].options, &diagnostic), MYC_INVALID);
        assert_string_equal(diagnostic.text, bad[i].text);
        assert_int_equal(myc_pool_memory_size(&bad[i].options), 0);
        assert_int_equal(pool.class_count, 0);
    }
}

// Memory that is missing, short or not aligned, and a pool that lives, are refused. [POOL-2]
static void test_init_refuses_bad_memory(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_pool_options options = fixture_options(48, 10, 0);
    struct myc_pool other = {.class_count = 0};
    fixture_init(&fixture, &options);
    unsigned char *memory = fixture.memory;
    size_t bytes = fixture.memory_bytes;
    assert_int_equal(myc_pool_init(&other, NULL, bytes, &options, NULL), MYC_INVALID);
    assert_int_equal(myc_pool_init(&other, memory + 8, bytes, &options, NULL), MYC_INVALID);
    assert_int_equal(myc_pool_init(&other, memory, bytes - 1, &options, NULL), MYC_INVALID);
    assert_int_equal(myc_pool_init(&other, memory, bytes, NULL, NULL), MYC_INVALID);
    assert_int_equal(myc_pool_init(NULL, memory, bytes, &options, NULL), MYC_INVALID);
    assert_int_equal(myc_pool_init(&fixture.pool, memory, bytes, &options, NULL), MYC_INVALID);
    assert_int_equal(fixture_deinit(&fixture), 0);
}

// Every block counts as somewhere, and what closed caches did stays counted. [POOL-4]
static void test_statistics_follow_each_block(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_pool_options options = fixture_options(48, 10, 4);
    void *blocks[11];
    fixture_init(&fixture, &options);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &blocks[i]), MYC_OK);
    }
    assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &blocks[10]), MYC_LIMIT);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(myc_pool_release(&fixture.caches[1], blocks[i]), MYC_OK);
    }
    struct myc_pool_statistics at_work = fixture_statistics(&fixture, 0);
    assert_int_equal(at_work.block_bytes, 48);
    assert_int_equal(at_work.block_count, 10);
    assert_int_equal(at_work.allocated, 10);
    assert_int_equal(at_work.freed, 3);
    assert_int_equal(at_work.exhausted, 1);
    assert_int_equal(at_work.damaged, 0);
    assert_int_equal(at_work.in_use, 7);
    assert_int_equal(at_work.in_caches, 3);
    assert_int_equal(at_work.in_shared, 0);
    myc_pool_cache_close(&fixture.caches[1]);
    struct myc_pool_statistics closed = fixture_statistics(&fixture, 0);
    assert_int_equal(closed.freed, 3);
    assert_int_equal(closed.in_caches, 0);
    assert_int_equal(closed.in_shared, 3);
    struct myc_pool_statistics none;
    assert_int_equal(myc_pool_read_statistics(&fixture.pool, 1, &none), MYC_NOT_FOUND);
    for (size_t i = 3; i < 10; i++) {
        assert_int_equal(myc_pool_release(&fixture.caches[0], blocks[i]), MYC_OK);
    }
    assert_int_equal(fixture_deinit(&fixture), 0);
}

// The end counts what is not home: with a user, or in a cache that nobody closed. [POOL-3]
static void test_deinit_counts_what_is_missing(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_pool_options options = fixture_options(100, 10, 2);
    void *block;
    fixture_init(&fixture, &options);
    assert_int_equal(myc_pool_get(&fixture.caches[0], 100, &block), MYC_OK);
    assert_int_equal(myc_pool_deinit(&fixture.pool), 2); // the block, and the rest of its batch
    assert_int_equal(myc_pool_deinit(&fixture.pool), 0);
    assert_int_equal(myc_pool_deinit(NULL), 0);
    struct myc_pool_cache late = {.pool = NULL};
    assert_int_equal(myc_pool_cache_open(&late, &fixture.pool), MYC_CLOSED);
    free(fixture.memory);

    fixture_init(&fixture, &options);
    assert_int_equal(myc_pool_get(&fixture.caches[0], 100, &block), MYC_OK);
    assert_int_equal(fixture_deinit(&fixture), 1);
}

// A list in which a block comes twice, or is not free, is not sound. [POOL-5]
static void test_is_valid_sees_a_broken_list(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_pool_options options = fixture_options(48, 8, 1);
    fixture_init(&fixture, &options);
    const struct myc__pool_class *class_of = &fixture.pool.classes[0];
    struct myc__pool_control *second = myc__pool_control(class_of, myc__pool_block(class_of, 1));
    assert_true(myc_pool_is_valid(&fixture.pool));
    uint32_t link = second->next_batch.value;
    second->next_batch.value = 1; // back to the first
    assert_false(myc_pool_is_valid(&fixture.pool));
    second->next_batch.value = 9; // a ninth of eight
    assert_false(myc_pool_is_valid(&fixture.pool));
    second->next_batch.value = link;
    second->state.value = myc__pool_word(1, 1);
    assert_false(myc_pool_is_valid(&fixture.pool));
    second->state.value = MYC__POOL_SHARED_WORD;
    assert_true(myc_pool_is_valid(&fixture.pool));
    assert_int_equal(fixture_deinit(&fixture), 0);
}

// Any pointer of a class's memory is told to be the start of a block or not, for odd sizes, too.
static void test_index_knows_the_starts_of_blocks(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 48, 49, 112, 113, 300, 1000, 4096, 5000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct fixture fixture;
        struct myc_pool_options options = fixture_options(sizes[i], 21, 0);
        fixture_init(&fixture, &options);
        const struct myc__pool_class *class_of = &fixture.pool.classes[0];
        for (uint64_t offset = 0; offset < 21 * class_of->stride; offset++) {
            uint64_t index = myc__pool_index(class_of, class_of->blocks + offset);
            if (offset % class_of->stride == 0) {
                assert_int_equal(index, offset / class_of->stride);
            } else {
                assert_true(index >= 21);
            }
        }
        assert_true(myc__pool_index(class_of, fixture.memory) >= 21);
        assert_true(myc__pool_index(class_of, NULL) >= 21);
        assert_int_equal(fixture_deinit(&fixture), 0);
    }
}

struct counting_memory {
    struct myc_memory base;
    uint64_t allocations;
    uint64_t releases;
};

static void *count_allocate(struct myc_memory *memory, size_t size, size_t alignment)
{
    ((struct counting_memory *)(void *)memory)->allocations++;
    return aligned_alloc(alignment, size);
}

static void count_release(struct myc_memory *memory, void *bytes, size_t size)
{
    (void)size;
    ((struct counting_memory *)(void *)memory)->releases++;
    free(bytes);
}

static const struct myc_memory_ops counting_ops = {
    .size = sizeof(counting_ops), .allocate = count_allocate, .release = count_release};

// One allocation, the caller's, serves a pool for its whole life. [POOL-2]
static void test_nothing_is_allocated_after_creation(void **state)
{
    (void)state;
    struct counting_memory memory = {{&counting_ops}, 0, 0};
    struct myc_pool_options options = fixture_options(48, 100, 8);
    size_t bytes = myc_pool_memory_size(&options);
    struct myc_pool pool = {.class_count = 0};
    void *at = myc_memory_allocate(&memory.base, bytes, MYC_POOL_ALIGNMENT);
    assert_int_equal(myc_pool_init(&pool, at, bytes, &options, NULL), MYC_OK);
    for (int round = 0; round < 50; round++) {
        struct myc_pool_cache cache = {.pool = NULL};
        void *blocks[100];
        assert_int_equal(myc_pool_cache_open(&cache, &pool), MYC_OK);
        for (size_t i = 0; i < 100; i++) {
            assert_int_equal(myc_pool_get(&cache, 1, &blocks[i]), MYC_OK);
        }
        for (size_t i = 0; i < 100; i++) {
            assert_int_equal(myc_pool_release(&cache, blocks[i]), MYC_OK);
        }
        myc_pool_cache_close(&cache);
    }
    assert_int_equal(myc_pool_deinit(&pool), 0);
    assert_int_equal(memory.allocations, 1);
    assert_int_equal(memory.releases, 0);
    myc_memory_release(&memory.base, at, bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_size_is_what_the_layout_says),
        cmocka_unit_test(test_init_names_the_bad_option),
        cmocka_unit_test(test_init_refuses_bad_memory),
        cmocka_unit_test(test_statistics_follow_each_block),
        cmocka_unit_test(test_deinit_counts_what_is_missing),
        cmocka_unit_test(test_is_valid_sees_a_broken_list),
        cmocka_unit_test(test_index_knows_the_starts_of_blocks),
        cmocka_unit_test(test_nothing_is_allocated_after_creation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
