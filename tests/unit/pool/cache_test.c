// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A block's way: got, retained, released, and between the caches. One thread plays all of them.
 */
#include "unit/pool/pool_fixture.h"

enum { COUNT = 40 };

static bool are_distinct(void *const *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            if (blocks[i] == blocks[j]) {
                return false;
            }
        }
    }
    return true;
}

// All blocks can be got, each once, aligned and writable to the last byte; then none. [POOL-8]
static void test_get_gives_each_block_once(void **state)
{
    (void)state;
    static const uint32_t batches[] = {1, 2, 7, 32};
    for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++) {
        struct fixture fixture;
        struct myc_pool_options options = fixture_options(200, COUNT, batches[b]);
        void *blocks[COUNT + 1];
        fixture_init(&fixture, &options);
        for (size_t i = 0; i < COUNT; i++) {
            assert_int_equal(myc_pool_get(&fixture.caches[0], 200, &blocks[i]), MYC_OK);
            assert_int_equal((uintptr_t)blocks[i] % MYC_POOL_ALIGNMENT, 0);
            memset(blocks[i], (int)i, 200);
        }
        assert_true(are_distinct(blocks, COUNT));
        blocks[COUNT] = &fixture;
        assert_int_equal(myc_pool_get(&fixture.caches[0], 200, &blocks[COUNT]), MYC_LIMIT);
        assert_ptr_equal(blocks[COUNT], &fixture); // written on success only
        for (size_t i = 0; i < COUNT; i++) {
            const unsigned char *bytes = blocks[i];
            assert_int_equal(bytes[0], i);
            assert_int_equal(bytes[199], i);
            assert_int_equal(myc_pool_release(&fixture.caches[0], blocks[i]), MYC_OK);
        }
        assert_int_equal(fixture_deinit(&fixture), 0);
    }
}

// The smallest class that is large enough serves, and no other steps in. [POOL-8]
static void test_get_picks_the_smallest_class(void **state)
{
    (void)state;
    struct fixture fixture;
    const struct myc_pool_options options = {
        .classes = {{16, 2}, {64, 1}, {1000, 1}}, .class_count = 3, .caches_max = 3, .batch = 1};
    void *small;
    void *middle;
    void *large;
    void *none;
    fixture_init(&fixture, &options);
    assert_int_equal(myc_pool_get(&fixture.caches[0], 0, &small), MYC_OK);
    assert_int_equal(myc_pool_get(&fixture.caches[0], 17, &middle), MYC_OK);
    assert_int_equal(myc_pool_get(&fixture.caches[0], 64, &none), MYC_LIMIT);
    assert_int_equal(myc_pool_get(&fixture.caches[0], 1000, &large), MYC_OK);
    assert_int_equal(myc_pool_get(&fixture.caches[0], 1001, &none), MYC_TOO_BIG);
    assert_int_equal(fixture_statistics(&fixture, 0).in_use, 1);
    assert_int_equal(fixture_statistics(&fixture, 1).in_use, 1);
    assert_int_equal(fixture_statistics(&fixture, 1).exhausted, 1);
    assert_int_equal(fixture_statistics(&fixture, 2).in_use, 1);
    assert_int_equal(myc_pool_release(&fixture.caches[0], small), MYC_OK);
    assert_int_equal(myc_pool_release(&fixture.caches[1], middle), MYC_OK);
    assert_int_equal(myc_pool_release(&fixture.caches[2], large), MYC_OK);
    assert_int_equal(fixture_deinit(&fixture), 0);
}

// A block with several references is free with the last, wherever that is released. [POOL-9]
// [POOL-10]
static void test_last_release_frees(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_pool_options options = fixture_options(48, 1, 1);
    void *block;
    void *none;
    fixture_init(&fixture, &options);
    assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &block), MYC_OK);
    assert_int_equal(myc_pool_retain(&fixture.pool, block, 2), MYC_OK);
    assert_int_equal(myc_pool_release(&fixture.caches[0], block), MYC_OK);
    assert_int_equal(myc_pool_release(&fixture.caches[1], block), MYC_OK);
    assert_int_equal(fixture_statistics(&fixture, 0).in_use, 1);
    assert_int_equal(fixture_statistics(&fixture, 0).freed, 0);
    for (size_t i = 0; i < FIXTURE_CACHES; i++) {
        assert_int_equal(myc_pool_get(&fixture.caches[i], 48, &none), MYC_LIMIT);
    }
    assert_int_equal(myc_pool_release(&fixture.caches[2], block), MYC_OK);
    assert_int_equal(fixture_statistics(&fixture, 0).in_caches, 1);
    // It lies in the cache that released it last, and nowhere else.
    assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &none), MYC_LIMIT);
    assert_int_equal(myc_pool_get(&fixture.caches[2], 48, &block), MYC_OK);
    assert_int_equal(myc_pool_release(&fixture.caches[0], block), MYC_OK);
    assert_int_equal(fixture_deinit(&fixture), 0);
}

// References have a bound, and a retain beyond it changes nothing. [POOL-9]
static void test_retain_keeps_its_bound(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_pool_options options = fixture_options(48, 1, 1);
    void *block;
    fixture_init(&fixture, &options);
    assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &block), MYC_OK);
    assert_int_equal(myc_pool_retain(&fixture.pool, block, MYC_POOL_REFERENCES_MAX - 1), MYC_OK);
    assert_int_equal(myc_pool_retain(&fixture.pool, block, 1), MYC_LIMIT);
    assert_int_equal(myc_pool_retain(&fixture.pool, block, UINT32_MAX), MYC_LIMIT);
    for (uint32_t i = 0; i < MYC_POOL_REFERENCES_MAX; i++) {
        assert_int_equal(fixture_statistics(&fixture, 0).in_use, 1);
        assert_int_equal(myc_pool_release(&fixture.caches[i % 3], block), MYC_OK);
    }
    assert_int_equal(fixture_statistics(&fixture, 0).in_use, 0);
    assert_int_equal(fixture_deinit(&fixture), 0);
}

// A cache keeps at most two batches; what is above goes to the shared list for others. [POOL-10]
static void test_release_spills_to_the_others(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_pool_options options = fixture_options(48, 8, 2);
    void *blocks[8];
    fixture_init(&fixture, &options);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &blocks[i]), MYC_OK);
    }
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(myc_pool_release(&fixture.caches[1], blocks[i]), MYC_OK);
    }
    assert_int_equal(fixture_statistics(&fixture, 0).in_caches, 4);
    assert_int_equal(fixture_statistics(&fixture, 0).in_shared, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(myc_pool_get(&fixture.caches[2], 48, &blocks[i]), MYC_OK);
    }
    assert_int_equal(myc_pool_get(&fixture.caches[2], 48, &blocks[4]), MYC_LIMIT);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(myc_pool_release(&fixture.caches[2], blocks[i]), MYC_OK);
    }
    assert_true(myc_pool_is_valid(&fixture.pool)); // [POOL-5]
    assert_int_equal(fixture_deinit(&fixture), 0);
}

// Closing gives everything back; a closed cache refuses, and may be opened again. [POOL-7]
static void test_close_gives_all_back(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_pool_options options = fixture_options(48, 7, 5);
    void *blocks[7];
    void *none;
    fixture_init(&fixture, &options);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &blocks[i]), MYC_OK);
    }
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(myc_pool_release(&fixture.caches[0], blocks[i]), MYC_OK);
    }
    assert_int_equal(fixture_statistics(&fixture, 0).in_caches, 7);
    myc_pool_cache_close(&fixture.caches[0]);
    myc_pool_cache_close(&fixture.caches[0]);
    myc_pool_cache_close(NULL);
    assert_int_equal(fixture_statistics(&fixture, 0).in_shared, 7);
    assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &none), MYC_CLOSED);
    assert_int_equal(myc_pool_release(&fixture.caches[0], blocks[0]), MYC_CLOSED);
    assert_int_equal(myc_pool_cache_open(&fixture.caches[0], &fixture.pool), MYC_OK);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &blocks[i]), MYC_OK);
        assert_int_equal(myc_pool_release(&fixture.caches[0], blocks[i]), MYC_OK);
    }
    assert_int_equal(fixture_statistics(&fixture, 0).allocated, 14);
    assert_int_equal(fixture_deinit(&fixture), 0);
}

// As many caches as the options say are open at a time, each once. [POOL-6]
static void test_open_keeps_its_bound(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_pool_options options = fixture_options(48, 7, 5);
    struct myc_pool_cache late = {.pool = NULL};
    fixture_init(&fixture, &options);
    assert_int_equal(myc_pool_cache_open(&late, &fixture.pool), MYC_LIMIT);
    assert_int_equal(myc_pool_cache_open(&fixture.caches[0], &fixture.pool), MYC_INVALID);
    assert_int_equal(myc_pool_cache_open(NULL, &fixture.pool), MYC_INVALID);
    assert_int_equal(myc_pool_cache_open(&late, NULL), MYC_INVALID);
    myc_pool_cache_close(&fixture.caches[1]);
    assert_int_equal(myc_pool_cache_open(&late, &fixture.pool), MYC_OK);
    myc_pool_cache_close(&late);
    assert_int_equal(fixture_deinit(&fixture), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get_gives_each_block_once),
        cmocka_unit_test(test_get_picks_the_smallest_class),
        cmocka_unit_test(test_last_release_frees),
        cmocka_unit_test(test_retain_keeps_its_bound),
        cmocka_unit_test(test_release_spills_to_the_others),
        cmocka_unit_test(test_close_gives_all_back),
        cmocka_unit_test(test_open_keeps_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
