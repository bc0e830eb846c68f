// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Real threads and real futexes on small queues: as many producers and consumers as the kind has.
 */
#include "unit/queue/queue_kinds.h"

#include <pthread.h>

#include <mycelium/interface/platform.h>
#include <mycelium/posix.h>

enum { ITEMS = 20000, SIDE_MAX = 2, CAPACITY = 16, BATCH = 5, PRODUCER_SHIFT = 32 };

struct stress {
    struct queue queue;
    struct myc_atomic_u32 producers_left;
    uint32_t producers;
};

struct side {
    struct stress *stress;
    uint64_t index;
    uint64_t next[SIDE_MAX]; // of a consumer: the least number it may see of each producer
    uint64_t count;
    uint64_t sum;
    bool is_wrong; // read by main after the join
    pthread_t thread;
};

static void *produce(void *context)
{
    struct side *side = context;
    struct queue *queue = &side->stress->queue;
    for (uint64_t i = 0; i < ITEMS && !side->is_wrong;) {
        struct myc_queue_item items[BATCH];
        size_t count = i % 3 == 0 && i + BATCH <= ITEMS ? BATCH : 1;
        for (size_t j = 0; j < count; j++) {
            items[j] = item_make(side->index << PRODUCER_SHIFT | (i + j));
        }
        size_t pushed = 0;
        enum myc_status status = queue->kind->try_push_batch(&queue->any, items, count, &pushed);
        if (status == MYC_FULL) {
            status = queue->kind->push(&queue->any, &items[0], MYC_NEVER);
            pushed = 1;
        }
        side->is_wrong = status != MYC_OK;
        i += pushed;
    }
    // The last one out closes.
    if (myc_fetch_add_u32(&side->stress->producers_left, UINT32_MAX) == 1) {
        queue->kind->close(&queue->any);
    }
    return NULL;
}

static bool take(struct side *side, const struct myc_queue_item *item)
{
    uint64_t number = item->payload[0];
    uint64_t producer = number >> PRODUCER_SHIFT;
    uint64_t i = number & UINT32_MAX;
    if (!item_is(item, number) || producer >= side->stress->producers || i < side->next[producer]) {
        return false;
    }
    side->next[producer] = i + 1;
    side->count++;
    side->sum += i;
    return true;
}

static void *consume(void *context)
{
    struct side *side = context;
    struct queue *queue = &side->stress->queue;
    for (;;) {
        struct myc_queue_item items[BATCH];
        size_t count = 0;
        enum myc_status status = queue->kind->try_pop_batch(&queue->any, items, BATCH, &count);
        if (status == MYC_AGAIN) {
            status = queue->kind->pop(&queue->any, &items[0], MYC_NEVER);
            count = 1;
        }
        if (status != MYC_OK) {
            side->is_wrong = side->is_wrong || status != MYC_CLOSED;
            return NULL;
        }
        for (size_t i = 0; i < count; i++) {
            side->is_wrong = side->is_wrong || !take(side, &items[i]);
        }
    }
}

// Every item is seen once, whole and in its producer's order, by whoever sleeps and wakes.
// [QUEUE-1]
static void run(const struct kind *kind, struct myc_wait *wait)
{
    struct stress stress;
    struct side sides[2 * SIDE_MAX];
    uint32_t producers = kind->has_producers ? 2 : 1;
    uint32_t all = producers + (kind->has_consumers ? 2 : 1);
    const struct myc_queue_options options = {
        .capacity = CAPACITY,
        .producers_may_sleep = true,
        .consumers_may_sleep = true,
        .wait = wait,
        .start = UINT64_MAX - ITEMS};
    memset(&stress, 0, sizeof stress);
    memset(sides, 0, sizeof sides);
    queue_init_with(&stress.queue, kind, &options);
    stress.producers = producers;
    stress.producers_left.value = producers;
    for (uint32_t i = 0; i < all; i++) {
        sides[i].stress = &stress;
        sides[i].index = i;
        void *(*main_of)(void *) = i < producers ? produce : consume;
        assert_int_equal(pthread_create(&sides[i].thread, NULL, main_of, &sides[i]), 0);
    }
    uint64_t count = 0;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < all; i++) {
        assert_int_equal(pthread_join(sides[i].thread, NULL), 0);
        if (sides[i].is_wrong) {
            fail_msg("%s: thread %u saw something wrong", kind->name, i);
        }
        count += sides[i].count;
        sum += sides[i].sum;
    }
    assert_int_equal(count, (uint64_t)producers * ITEMS);
    assert_int_equal(sum, (uint64_t)producers * ITEMS * (ITEMS - 1) / 2);
    queue_deinit(&stress.queue);
}

static void test_threads_lose_and_duplicate_nothing(void **state)
{
    (void)state;
    struct myc_platform *platform = NULL;
    assert_int_equal(myc_posix_create(&platform, NULL), MYC_OK);
    for (size_t k = 0; k < KIND_COUNT; k++) {
        run(&kinds[k], platform->wait);
    }
    myc_posix_destroy(platform);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_lose_and_duplicate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
