// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What callers do wrong is answered, and no block gets two owners by it.
 */
#include "unit/pool/pool_fixture.h"

#include "pool/layout.h"

// A block that is free is not released again, whoever tries, wherever it lies. [POOL-10]
static void test_second_release_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_pool_options options = fixture_options(48, 4, 1);
    void *blocks[4];
    fixture_init(&fixture, &options);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &blocks[i]), MYC_OK);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(myc_pool_release(&fixture.caches[i % 2], blocks[i]), MYC_OK);
    }
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < FIXTURE_CACHES; j++) {
            assert_int_equal(myc_pool_release(&fixture.caches[j], blocks[i]), MYC_INVALID);
        }
        assert_int_equal(myc_pool_retain(&fixture.pool, blocks[i], 1), MYC_INVALID); // [POOL-9]
    }
    assert_int_equal(fixture_statistics(&fixture, 0).freed, 4);
    assert_int_equal(fixture_statistics(&fixture, 0).damaged, 0);
    assert_int_equal(fixture_deinit(&fixture), 0);
}

// What is not the start of one of the pool's blocks is refused, and nothing is written. [POOL-10]
static void test_foreign_pointers_are_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_pool_options options = fixture_options(100, 4, 1);
    void *block;
    unsigned char elsewhere[128] = {0};
    fixture_init(&fixture, &options);
    assert_int_equal(myc_pool_get(&fixture.caches[0], 100, &block), MYC_OK);
    unsigned char *at = block;
    unsigned char *end = (unsigned char *)fixture.memory + fixture.memory_bytes;
    void *foreign[] = {
        NULL, elsewhere, at + 1, at + 64, at - 1, fixture.memory, end, end + 128, &fixture.pool};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        assert_int_equal(myc_pool_release(&fixture.caches[0], foreign[i]), MYC_INVALID);
        assert_int_equal(myc_pool_retain(&fixture.pool, foreign[i], 1), MYC_INVALID);
    }
    assert_int_equal(myc_pool_release(&fixture.caches[0], block), MYC_OK);
    assert_int_equal(fixture_deinit(&fixture), 0);
}

// A write behind a block's end is noticed at its release, and costs that block alone. [POOL-10]
static void test_overrun_loses_one_block(void **state)
{
    (void)state;
    static const int bytes[] = {0, 0xFF, 'x'};
    for (size_t i = 0; i < 3; i++) {
        struct fixture fixture;
        struct myc_pool_options options = fixture_options(48, 4, 1);
        void *block;
        void *others[4];
        fixture_init(&fixture, &options);
        assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &block), MYC_OK);
        memset(block, bytes[i], 64);
        assert_int_equal(myc_pool_retain(&fixture.pool, block, 1), MYC_POISONED); // [POOL-9]
        assert_int_equal(myc_pool_release(&fixture.caches[0], block), MYC_POISONED);
        assert_int_equal(myc_pool_release(&fixture.caches[1], block), MYC_POISONED);
        assert_int_equal(fixture_statistics(&fixture, 0).damaged, 1);
        for (size_t j = 0; j < 3; j++) {
            assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &others[j]), MYC_OK);
            assert_ptr_not_equal(others[j], block);
        }
        assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &others[3]), MYC_LIMIT);
        for (size_t j = 0; j < 3; j++) {
            assert_int_equal(myc_pool_release(&fixture.caches[0], others[j]), MYC_OK);
        }
        assert_int_equal(fixture_deinit(&fixture), 1); // [POOL-3]
    }
}

// A write behind the end of a block that is free, in a cache or the shared list, never gives a
// block to two; what cannot be found any more is missing at the end. [POOL-8] [POOL-3]
static void test_overrun_of_free_blocks_gives_none_twice(void **state)
{
    (void)state;
    enum { COUNT = 24 };
    for (uint32_t victim = 0; victim < COUNT; victim++) {
        for (int filling = 0; filling < 256; filling += 51) {
            struct fixture fixture;
            struct myc_pool_options options = fixture_options(48, COUNT, 4);
            void *blocks[COUNT];
            uint32_t got = 0;
            fixture_init(&fixture, &options);
            assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &blocks[0]), MYC_OK);
            assert_int_equal(myc_pool_release(&fixture.caches[0], blocks[0]), MYC_OK);
            memset(
                myc__pool_control(
                    &fixture.pool.classes[0], myc__pool_block(&fixture.pool.classes[0], victim)),
                filling,
                sizeof(struct myc__pool_control));
            while (got < COUNT && myc_pool_get(&fixture.caches[0], 48, &blocks[got]) == MYC_OK) {
                for (uint32_t i = 0; i < got; i++) {
                    assert_ptr_not_equal(blocks[i], blocks[got]);
                }
                got++;
            }
            assert_true(got < COUNT);
            assert_true(fixture_statistics(&fixture, 0).damaged > 0);
            for (uint32_t i = 0; i < got; i++) {
                assert_int_equal(myc_pool_release(&fixture.caches[0], blocks[i]), MYC_OK);
            }
            assert_int_equal(fixture_deinit(&fixture), COUNT - got);
        }
    }
}

// Links of the shared list that run in a circle, with counts that are right or impossible: whoever
// gets blocks comes to an end, and none comes twice. [POOL-8] [POOL-3]
static void test_links_in_a_circle_end(void **state)
{
    (void)state;
    enum { COUNT = 24 };
    static const uint32_t counts[] = {4, 0, 1000};
    for (uint32_t link = 1; link <= COUNT; link++) {
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            struct fixture fixture;
            struct myc_pool_options options = fixture_options(48, COUNT, 4);
            void *blocks[COUNT];
            uint32_t got = 0;
            fixture_init(&fixture, &options);
            const struct myc__pool_class *class_of = &fixture.pool.classes[0];
            for (uint32_t i = 0; i < COUNT; i++) {
                struct myc__pool_control *control =
                    myc__pool_control(class_of, myc__pool_block(class_of, i));
                control->next_batch.value = link;
                control->count = counts[c];
            }
            while (got < COUNT && myc_pool_get(&fixture.caches[0], 48, &blocks[got]) == MYC_OK) {
                for (uint32_t i = 0; i < got; i++) {
                    assert_ptr_not_equal(blocks[i], blocks[got]);
                }
                got++;
            }
            assert_true(got < COUNT);
            for (uint32_t i = 0; i < got; i++) {
                assert_int_equal(myc_pool_release(&fixture.caches[0], blocks[i]), MYC_OK);
            }
            assert_int_equal(fixture_deinit(&fixture), COUNT - got);
        }
    }
}

// A shelf is believed only as far as control words bear it out: a block that has another owner by
// then is not given from it, nor shared. [POOL-8]
static void test_stale_shelf_gives_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_pool_options options = fixture_options(48, 1, 1);
    void *block;
    void *none;
    fixture_init(&fixture, &options);
    const struct myc__pool_class *class_of = &fixture.pool.classes[0];
    for (int is_closing = 0; is_closing < 2; is_closing++) {
        assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &block), MYC_OK);
        assert_int_equal(myc_pool_release(&fixture.caches[0], block), MYC_OK);
        // As if another thread's release of the same reference had won, and a get had followed.
        struct myc_atomic_u32 *word = &myc__pool_control(class_of, block)->state;
        word->value = myc__pool_word(2, 1);
        if (is_closing == 0) {
            assert_int_equal(myc_pool_get(&fixture.caches[0], 48, &none), MYC_LIMIT);
        } else {
            myc_pool_cache_close(&fixture.caches[0]);
        }
        assert_int_equal(word->value, myc__pool_word(2, 1));
        assert_int_equal(fixture_statistics(&fixture, 0).damaged, is_closing + 1);
        assert_int_equal(myc_pool_release(&fixture.caches[1], block), MYC_OK);
        myc_pool_cache_close(&fixture.caches[1]);
        assert_int_equal(myc_pool_cache_open(&fixture.caches[1], &fixture.pool), MYC_OK);
    }
    assert_int_equal(fixture_deinit(&fixture), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_release_is_refused),
        cmocka_unit_test(test_foreign_pointers_are_refused),
        cmocka_unit_test(test_overrun_loses_one_block),
        cmocka_unit_test(test_overrun_of_free_blocks_gives_none_twice),
        cmocka_unit_test(test_links_in_a_circle_end),
        cmocka_unit_test(test_stale_shelf_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
