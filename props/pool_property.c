// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The block pool against a model so simple that it cannot be wrong: for each block that was ever
 * seen, how many references there are. Random operations in one thread over several caches; after
 * each the pool must agree.
 *
 * Properties: a get gives a block of the right class that nobody has; LIMIT comes only when neither
 * the cache nor the shared list can have one; a release frees with the last reference and is
 * refused without one; every block is in one place, and all are home at the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/pool.h>

enum { RUNS = 400, OPERATIONS = 1500, CACHES = 4, BLOCKS_MAX = 40, TOTAL_MAX = 120 };

struct model_block {
    unsigned char *block;
    uint32_t references;
    uint32_t index; // of its class
    unsigned char stamp;
};

struct model {
    uint64_t random;
    uint64_t seed;
    struct myc_pool pool;
    struct myc_pool_options options;
    struct myc_pool_cache caches[CACHES];
    struct model_block blocks[TOTAL_MAX];
    size_t block_count; // seen so far
    uint64_t allocated[MYC_POOL_CLASSES_MAX];
    uint64_t freed[MYC_POOL_CLASSES_MAX];
    uint64_t exhausted[MYC_POOL_CLASSES_MAX];
};

#define PROPERTY(model, holds)                                                                     \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            fail_msg("seed %llu: %s", (unsigned long long)(model)->seed, #holds);                  \
        }                                                                                          \
    } while (0)

// SplitMix64.
static uint64_t draw(struct model *model, uint64_t bound)
{
    uint64_t z = model->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % bound;
}

static struct model_block *block_at(struct model *model, unsigned char *block, uint32_t index)
{
    for (size_t i = 0; i < model->block_count; i++) {
        if (model->blocks[i].block == block) {
            return &model->blocks[i];
        }
    }
    PROPERTY(model, model->block_count < TOTAL_MAX);
    struct model_block *seen = &model->blocks[model->block_count++];
    seen->block = block;
    seen->index = index;
    return seen;
}

static bool is_whole(const struct model *model, const struct model_block *seen)
{
    uint32_t bytes = model->options.classes[seen->index].block_bytes;
    return seen->block[0] == seen->stamp && memcmp(seen->block, seen->block + 1, bytes - 1) == 0;
}

static void check_statistics(struct model *model)
{
    for (uint32_t i = 0; i < model->options.class_count; i++) {
        struct myc_pool_statistics statistics;
        uint32_t count = model->options.classes[i].block_count;
        PROPERTY(model, myc_pool_read_statistics(&model->pool, i, &statistics) == MYC_OK);
        PROPERTY(model, statistics.allocated == model->allocated[i]);
        PROPERTY(model, statistics.freed == model->freed[i]);
        PROPERTY(model, statistics.exhausted == model->exhausted[i]);
        PROPERTY(model, statistics.damaged == 0);
        PROPERTY(model, statistics.in_use + statistics.in_caches + statistics.in_shared == count);
        PROPERTY(model, statistics.in_use == model->allocated[i] - model->freed[i]);
    }
}

// ---- Operations ----

static uint32_t class_for(const struct model *model, size_t size)
{
    uint32_t index = 0;
    while (index < model->options.class_count && size > model->options.classes[index].block_bytes) {
        index++;
    }
    return index;
}

static void get(struct model *model, struct myc_pool_cache *cache)
{
    uint32_t last = model->options.class_count - 1;
    size_t size = (size_t)draw(model, (uint64_t)model->options.classes[last].block_bytes + 2);
    uint32_t index = class_for(model, size);
    void *block = NULL;
    struct myc_pool_statistics before;
    enum myc_status status;
    if (index > last) {
        PROPERTY(model, myc_pool_get(cache, size, &block) == MYC_TOO_BIG);
        return;
    }
    PROPERTY(model, myc_pool_read_statistics(&model->pool, index, &before) == MYC_OK);
    status = myc_pool_get(cache, size, &block);
    if (status == MYC_LIMIT) {
        model->exhausted[index]++;
        PROPERTY(model, before.in_shared == 0);
        PROPERTY(model, before.in_caches <= (CACHES - 1) * 2 * (uint64_t)model->pool.batch);
        return;
    }
    PROPERTY(model, status == MYC_OK);
    PROPERTY(model, (uintptr_t)block % MYC_POOL_ALIGNMENT == 0);
    struct model_block *seen = block_at(model, block, index);
    PROPERTY(model, seen->references == 0);
    PROPERTY(model, seen->index == index);
    seen->references = 1;
    seen->stamp = (unsigned char)draw(model, 256);
    memset(block, seen->stamp, model->options.classes[index].block_bytes);
    model->allocated[index]++;
}

static void retain(struct model *model, struct model_block *seen)
{
    uint32_t more = (uint32_t)draw(model, 4);
    enum myc_status status = myc_pool_retain(&model->pool, seen->block, more);
    PROPERTY(model, status == (seen->references > 0 ? MYC_OK : MYC_INVALID));
    seen->references += status == MYC_OK ? more : 0;
}

static void release(struct model *model, struct myc_pool_cache *cache, struct model_block *seen)
{
    enum myc_status status = myc_pool_release(cache, seen->block);
    PROPERTY(model, status == (seen->references > 0 ? MYC_OK : MYC_INVALID));
    if (status == MYC_OK && --seen->references == 0) {
        model->freed[seen->index]++;
    }
}

static void operate(struct model *model)
{
    struct myc_pool_cache *cache = &model->caches[draw(model, CACHES)];
    struct model_block *seen = NULL;
    if (model->block_count > 0) {
        seen = &model->blocks[draw(model, model->block_count)];
        PROPERTY(model, seen->references == 0 || is_whole(model, seen));
    }
    switch (draw(model, 16)) {
    case 0:
        myc_pool_cache_close(cache);
        PROPERTY(model, myc_pool_is_valid(&model->pool));
        PROPERTY(model, myc_pool_cache_open(cache, &model->pool) == MYC_OK);
        break;
    case 1:
    case 2:
        if (seen != NULL) {
            retain(model, seen);
        }
        break;
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
        get(model, cache);
        break;
    default:
        if (seen != NULL) {
            release(model, cache, seen);
        }
        break;
    }
}

static void draw_options(struct model *model)
{
    uint32_t bytes = 0;
    model->options.class_count = 1 + (uint32_t)draw(model, 3);
    for (uint32_t i = 0; i < model->options.class_count; i++) {
        bytes += 1 + (uint32_t)draw(model, 300);
        model->options.classes[i].block_bytes = bytes;
        model->options.classes[i].block_count = 1 + (uint32_t)draw(model, BLOCKS_MAX);
    }
    model->options.caches_max = CACHES;
    model->options.batch = (uint32_t)draw(model, 6);
    model->options.checks_races = draw(model, 2) == 1;
}

static void run(struct model *model, uint64_t seed)
{
    memset(model, 0, sizeof *model);
    model->seed = seed;
    model->random = seed;
    draw_options(model);
    size_t bytes = myc_pool_memory_size(&model->options);
    void *memory = aligned_alloc(MYC_POOL_ALIGNMENT, bytes);
    assert_non_null(memory);
    memset(memory, 0xA5, bytes);
    PROPERTY(model, myc_pool_init(&model->pool, memory, bytes, &model->options, NULL) == MYC_OK);
    for (size_t i = 0; i < CACHES; i++) {
        PROPERTY(model, myc_pool_cache_open(&model->caches[i], &model->pool) == MYC_OK);
    }
    for (int i = 0; i < OPERATIONS; i++) {
        operate(model);
        check_statistics(model);
    }
    uint64_t kept = 0;
    for (size_t i = 0; i < model->block_count; i++) {
        kept += model->blocks[i].references > 0;
    }
    for (size_t i = 0; i < CACHES; i++) {
        myc_pool_cache_close(&model->caches[i]);
    }
    PROPERTY(model, myc_pool_is_valid(&model->pool));
    PROPERTY(model, myc_pool_deinit(&model->pool) == kept);
    free(memory);
}

// Whatever is drawn, the pool says and does what the model does.
static void test_pool_agrees_with_its_model(void **state)
{
    (void)state;
    struct model *model = malloc(sizeof *model);
    assert_non_null(model);
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        run(model, seed);
    }
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool_agrees_with_its_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
