// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * All kinds of queues in one thread: order, bounds, batches, closing, wrapping counters, wrong
 * calls.
 */
#include "unit/queue/queue_kinds.h"

enum { CAPACITY = 8 };

static enum myc_status push(struct queue *queue, uint64_t number)
{
    struct myc_queue_item item = item_make(number);
    return queue->kind->try_push(&queue->any, &item);
}

static void pop_and_check(struct queue *queue, uint64_t number)
{
    struct myc_queue_item item;
    assert_int_equal(queue->kind->try_pop(&queue->any, &item), MYC_OK);
    assert_true(item_is(&item, number));
}

static void check_holds(struct queue *queue, size_t count)
{
    assert_int_equal(queue->kind->count(&queue->any), count);
}

// Items come out as they went in, byte for byte, and never more than there is room for go in.
// [QUEUE-1] [QUEUE-4] [QUEUE-7] [QUEUE-11]
static void test_items_come_out_in_order_and_stay_within_bounds(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        struct myc_queue_item item = item_make(999);
        queue_init(&queue, &kinds[k], CAPACITY);
        uint64_t pushed = 0;
        uint64_t popped = 0;
        // Every fill level at every place of the slots, several laps long.
        for (uint64_t round = 0; round < 100; round++) {
            while (pushed - popped < CAPACITY) {
                check_holds(&queue, (size_t)(pushed - popped));
                assert_int_equal(push(&queue, pushed), MYC_OK);
                pushed++;
            }
            assert_int_equal(push(&queue, pushed), MYC_FULL);
            check_holds(&queue, CAPACITY);
            for (uint64_t i = 0; i < 1 + round % CAPACITY; i++) {
                pop_and_check(&queue, popped++);
            }
        }
        while (popped < pushed) {
            pop_and_check(&queue, popped++);
        }
        assert_int_equal(queue.kind->try_pop(&queue.any, &item), MYC_AGAIN);
        assert_true(item_is(&item, 999));
        queue_deinit(&queue);
    }
}

// Batches move what they can and say how much that was. [QUEUE-5] [QUEUE-8]
static void test_batches_move_what_they_can(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        struct myc_queue_item in[2 * CAPACITY];
        struct myc_queue_item out[2 * CAPACITY];
        size_t count = 99;
        uint64_t pushed = 0;
        uint64_t popped = 0;
        queue_init(&queue, &kinds[k], CAPACITY);
        const struct kind *kind = queue.kind;
        assert_int_equal(kind->try_pop_batch(&queue.any, out, 4, &count), MYC_AGAIN);
        assert_int_equal(count, 0);
        for (uint64_t round = 0; round < 200; round++) {
            size_t wanted = (size_t)(round * 7 % (2 * CAPACITY + 1));
            size_t room = CAPACITY - (size_t)(pushed - popped);
            for (size_t i = 0; i < wanted; i++) {
                in[i] = item_make(pushed + i);
            }
            enum myc_status status = kind->try_push_batch(&queue.any, in, wanted, &count);
            assert_int_equal(status, wanted > 0 && room == 0 ? MYC_FULL : MYC_OK);
            assert_int_equal(count, wanted < room ? wanted : room);
            pushed += count;
            wanted = (size_t)(round * 5 % (CAPACITY + 3));
            size_t there = (size_t)(pushed - popped);
            status = kind->try_pop_batch(&queue.any, out, wanted, &count);
            assert_int_equal(status, wanted > 0 && there == 0 ? MYC_AGAIN : MYC_OK);
            assert_int_equal(count, wanted < there ? wanted : there);
            for (size_t i = 0; i < count; i++) {
                assert_true(item_is(&out[i], popped++));
            }
        }
        assert_true(popped > 20 * CAPACITY);
        queue_deinit(&queue);
    }
}

// What is inside when the queue is closed still comes out; then it says so. [QUEUE-10]
static void test_closed_queues_are_drained_first(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        struct myc_queue_item item = item_make(7);
        size_t count = 99;
        queue_init(&queue, &kinds[k], CAPACITY);
        for (uint64_t i = 0; i < 3; i++) {
            assert_int_equal(push(&queue, i), MYC_OK);
        }
        queue.kind->close(&queue.any);
        queue.kind->close(&queue.any);
        check_holds(&queue, 3);
        assert_int_equal(push(&queue, 3), MYC_CLOSED);
        assert_int_equal(queue.kind->try_push_batch(&queue.any, &item, 1, &count), MYC_CLOSED);
        assert_int_equal(count, 0);
        assert_int_equal(queue.kind->push(&queue.any, &item, MYC_NEVER), MYC_CLOSED);
        pop_and_check(&queue, 0);
        assert_int_equal(queue.kind->pop(&queue.any, &item, MYC_NEVER), MYC_OK);
        assert_true(item_is(&item, 1));
        pop_and_check(&queue, 2);
        assert_int_equal(queue.kind->try_pop(&queue.any, &item), MYC_CLOSED);
        assert_int_equal(queue.kind->try_pop_batch(&queue.any, &item, 1, &count), MYC_CLOSED);
        assert_int_equal(count, 0);
        assert_int_equal(queue.kind->pop(&queue.any, &item, MYC_NEVER), MYC_CLOSED);
        check_holds(&queue, 0);
        queue_deinit(&queue);
    }
}

// Closed and full is still full of what must come out.
static void test_full_queues_can_be_closed(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        struct myc_queue_item item;
        queue_init(&queue, &kinds[k], CAPACITY);
        for (uint64_t i = 0; i < CAPACITY; i++) {
            assert_int_equal(push(&queue, i), MYC_OK);
        }
        queue.kind->close(&queue.any);
        assert_int_equal(push(&queue, 9), MYC_CLOSED);
        for (uint64_t i = 0; i < CAPACITY; i++) {
            pop_and_check(&queue, i);
        }
        assert_int_equal(queue.kind->try_pop(&queue.any, &item), MYC_CLOSED);
        queue_deinit(&queue);
    }
}

// Counters pass 2^32, 2^63 and the end of their range as if nothing were there.
static void test_counters_wrap(void **state)
{
    (void)state;
    const uint64_t starts[] = {
        (UINT64_C(1) << 32) - 20,
        (UINT64_C(1) << 62) - 20,
        (UINT64_C(1) << 63) - 20,
        UINT64_MAX - 20,
        UINT64_MAX};
    for (size_t k = 0; k < KIND_COUNT; k++) {
        for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
            struct queue queue;
            struct myc_queue_item item;
            const struct myc_queue_options options = {.capacity = CAPACITY, .start = starts[s]};
            queue_init_with(&queue, &kinds[k], &options);
            assert_int_equal(queue.kind->try_pop(&queue.any, &item), MYC_AGAIN);
            uint64_t popped = 0;
            for (uint64_t i = 0; i < 100; i++) {
                if (i >= CAPACITY) {
                    assert_int_equal(push(&queue, i), MYC_FULL);
                    pop_and_check(&queue, popped++);
                }
                assert_int_equal(push(&queue, i), MYC_OK);
                check_holds(&queue, (size_t)(i + 1 - popped));
            }
            queue.kind->close(&queue.any);
            while (popped < 100) {
                pop_and_check(&queue, popped++);
            }
            assert_int_equal(queue.kind->try_pop(&queue.any, &item), MYC_CLOSED);
            queue_deinit(&queue);
        }
    }
}

// An item that says it is larger than an item can be is refused, alone and inside a batch, and
// nothing goes in. [QUEUE-4] [QUEUE-5]
static void test_oversized_items_are_refused(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        struct myc_queue_item items[3] = {item_make(0), item_make(1), item_make(2)};
        size_t count = 99;
        queue_init_with(&queue, &kinds[k], &(const struct myc_queue_options){.capacity = 4});
        items[1].size = MYC_QUEUE_PAYLOAD_MAX + 1;
        assert_int_equal(queue.kind->try_push(&queue.any, &items[1]), MYC_TOO_BIG);
        assert_int_equal(queue.kind->push(&queue.any, &items[1], MYC_NEVER), MYC_TOO_BIG);
        assert_int_equal(queue.kind->try_push_batch(&queue.any, items, 3, &count), MYC_TOO_BIG);
        assert_int_equal(count, 0);
        check_holds(&queue, 0);
        items[1].size = MYC_QUEUE_PAYLOAD_MAX;
        assert_int_equal(queue.kind->try_push_batch(&queue.any, items, 3, &count), MYC_OK);
        assert_int_equal(count, 3);
        queue_deinit(&queue);
    }
}

// A pointer goes through as it is, and so does what it points to.
static void test_items_carry_pointers(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        uint64_t block[100] = {4711};
        struct myc_queue_item item = myc_queue_item_of(block, 3);
        queue_init(&queue, &kinds[k], 2);
        assert_int_equal(queue.kind->try_push(&queue.any, &item), MYC_OK);
        memset(&item, 0, sizeof item);
        assert_int_equal(queue.kind->try_pop(&queue.any, &item), MYC_OK);
        assert_ptr_equal(myc_queue_item_pointer(&item), block);
        assert_int_equal(item.tag, 3);
        assert_int_equal(item.size, sizeof(void *));
        queue_deinit(&queue);
    }
}

// Sizes are a line a slot, and 0 for what cannot be. [QUEUE-2]
static void test_memory_sizes(void **state)
{
    (void)state;
    assert_int_equal(myc_queue_memory_size(2), 128);
    assert_int_equal(myc_queue_memory_size(1024), 65536);
    assert_int_equal(myc_queue_memory_size(MYC_QUEUE_CAPACITY_MAX), (size_t)1 << 30);
    const uint32_t impossible[] = {0, 1, 3, 1000, MYC_QUEUE_CAPACITY_MAX * 2u, UINT32_MAX};
    for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++) {
        assert_int_equal(myc_queue_memory_size(impossible[i]), 0);
    }
}

// What a maker of queues can do wrong, and the words it is told in. [QUEUE-3]
static void test_wrong_options_are_told(void **state)
{
    (void)state;
    static const char no_power[] = "queue: a capacity of 12 items is no power of two from 2 to "
                                   "16777216";
    const struct {
        size_t queue_offset;
        size_t memory_offset;
        size_t memory_bytes;
        struct myc_queue_options options;
        const char *text;
    } rows[] = {
        {8, 0, 512, {.capacity = 8}, "queue: the structure is not aligned to 64 bytes"},
        {0, 32, 512, {.capacity = 8}, "queue: the memory is not aligned to 64 bytes"},
        {0, 0, 4096, {.capacity = 12}, no_power},
        {0, 0, 511, {.capacity = 8}, "queue: 511 bytes of memory, needed are 512"},
        {0,
         0,
         512,
         {.capacity = 8, .producers_may_sleep = true},
         "queue: may sleep, but has no wait to do it with"},
        {0,
         0,
         512,
         {.capacity = 8, .consumers_may_sleep = true},
         "queue: may sleep, but has no wait to do it with"},
    };
    unsigned char *queue = aligned_alloc(64, 4096);
    unsigned char *memory = aligned_alloc(64, 8192);
    assert_non_null(queue);
    assert_non_null(memory);
    memset(queue, 0x5A, 4096);
    memset(memory, 0x5A, 8192);
    for (size_t k = 0; k < KIND_COUNT; k++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct myc_diagnostic diagnostic;
            enum myc_status status = kinds[k].init(
                queue + rows[i].queue_offset,
                memory + rows[i].memory_offset,
                rows[i].memory_bytes,
                &rows[i].options,
                &diagnostic);
            assert_int_equal(status, MYC_INVALID);
            assert_int_equal(diagnostic.status, MYC_INVALID);
            assert_string_equal(diagnostic.text, rows[i].text);
        }
        assert_int_equal(kinds[k].init(queue, NULL, 512, &rows[0].options, NULL), MYC_INVALID);
        assert_int_equal(kinds[k].init(NULL, memory, 512, &rows[0].options, NULL), MYC_INVALID);
    }
    for (size_t i = 0; i < 4096; i++) {
        assert_int_equal(queue[i], 0x5A);
        assert_int_equal(memory[i], 0x5A);
    }
    free(queue);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_come_out_in_order_and_stay_within_bounds),
        cmocka_unit_test(test_batches_move_what_they_can),
        cmocka_unit_test(test_closed_queues_are_drained_first),
        cmocka_unit_test(test_full_queues_can_be_closed),
        cmocka_unit_test(test_counters_wrap),
        cmocka_unit_test(test_oversized_items_are_refused),
        cmocka_unit_test(test_items_carry_pointers),
        cmocka_unit_test(test_memory_sizes),
        cmocka_unit_test(test_wrong_options_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
