// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One message, read by three: a block that is written once and free again when all have read it.
 *
 * Linked against nothing but the pool and what lies below it.
 */
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include <mycelium/pool.h>

enum { READERS = 3, MEMORY_BYTES = 4096 };

static alignas(MYC_POOL_ALIGNMENT) unsigned char memory[MEMORY_BYTES];

static int fail(const char *what, enum myc_status status)
{
    (void)fprintf(stderr, "pool: %s: %s\n", what, myc_status_sentence(status));
    return 1;
}

// What one reader does with its reference.
static enum myc_status read_block(struct myc_pool_cache *cache, int reader, void *block)
{
    (void)printf("reader %d: %s\n", reader, (const char *)block);
    return myc_pool_release(cache, block);
}

static int run(struct myc_pool *pool, struct myc_pool_cache *cache)
{
    void *block = NULL;
    enum myc_status status = myc_pool_get(cache, 48, &block);
    if (status != MYC_OK) {
        return fail("get", status);
    }
    (void)snprintf(block, 48, "written once");
    // One reference is ours already; each reader releases one.
    status = myc_pool_retain(pool, block, READERS - 1);
    for (int reader = 1; reader <= READERS && status == MYC_OK; reader++) {
        status = read_block(cache, reader, block);
    }
    return status == MYC_OK ? 0 : fail("references", status);
}

int main(void)
{
    const struct myc_pool_options options = {
        .classes = {{48, 8}, {240, 4}}, .class_count = 2, .caches_max = 1, .batch = 4};
    struct myc_pool pool = {.class_count = 0};
    struct myc_pool_cache cache = {.pool = NULL}; // each thread has one of its own
    struct myc_diagnostic diagnostic;
    if (myc_pool_init(&pool, memory, sizeof memory, &options, &diagnostic) != MYC_OK) {
        (void)fprintf(stderr, "pool: %s\n", diagnostic.text);
        return 1;
    }
    enum myc_status status = myc_pool_cache_open(&cache, &pool);
    int code = status == MYC_OK ? run(&pool, &cache) : fail("open", status);
    myc_pool_cache_close(&cache);
    uint64_t missing = myc_pool_deinit(&pool);
    (void)printf("missing blocks: %llu\n", (unsigned long long)missing);
    return code != 0 || missing != 0;
}
