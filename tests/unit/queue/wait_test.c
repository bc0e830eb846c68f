// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Waiting on queues, in one thread: a scripted wait does in the sleeper's sleep what another thread
 * would. And: nothing is ever allocated.
 */
#include "unit/queue/queue_kinds.h"

enum { CAPACITY = 2, DEADLINE_NS = 1000 };

static void push_one(struct script *script)
{
    struct myc_queue_item item = item_make(5);
    assert_int_equal(script->queue->kind->try_push(&script->queue->any, &item), MYC_OK);
}

static void pop_one(struct script *script)
{
    struct myc_queue_item item;
    assert_int_equal(script->queue->kind->try_pop(&script->queue->any, &item), MYC_OK);
}

static void close_it(struct script *script)
{
    script->queue->kind->close(&script->queue->any);
}

static void fill(struct queue *queue)
{
    for (uint64_t i = 0; i < CAPACITY; i++) {
        struct myc_queue_item item = item_make(i);
        assert_int_equal(queue->kind->try_push(&queue->any, &item), MYC_OK);
    }
}

// A consumer sleeps once until something is pushed, and is rung exactly once. [QUEUE-9]
static void test_pushes_wake_sleeping_consumers(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        struct script script;
        struct myc_queue_item item;
        queue_init_sleepy(&queue, &script, &kinds[k], CAPACITY);
        script.while_asleep = push_one;
        assert_int_equal(queue.kind->pop(&queue.any, &item, MYC_NEVER), MYC_OK);
        assert_true(item_is(&item, 5));
        assert_int_equal(script.sleeps, 1);
        assert_int_equal(script.wakes, 1);
        // Nobody sleeps any more, so nobody is rung.
        push_one(&script);
        assert_int_equal(script.wakes, 1);
        assert_int_equal(queue.kind->pop(&queue.any, &item, MYC_NEVER), MYC_OK);
        assert_int_equal(script.sleeps, 1);
        queue_deinit(&queue);
    }
}

// A producer of a full queue sleeps until something is popped. [QUEUE-6]
static void test_pops_wake_sleeping_producers(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        struct script script;
        struct myc_queue_item item = item_make(9);
        queue_init_sleepy(&queue, &script, &kinds[k], CAPACITY);
        fill(&queue);
        script.while_asleep = pop_one;
        assert_int_equal(queue.kind->push(&queue.any, &item, MYC_NEVER), MYC_OK);
        assert_int_equal(script.sleeps, 1);
        assert_int_equal(script.wakes, 1);
        pop_one(&script);
        assert_int_equal(script.wakes, 1);
        queue_deinit(&queue);
    }
}

// Closing wakes both sides. [QUEUE-6] [QUEUE-9] [QUEUE-10]
static void test_close_wakes_sleepers(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        struct script script;
        struct myc_queue_item item = item_make(9);
        queue_init_sleepy(&queue, &script, &kinds[k], CAPACITY);
        script.while_asleep = close_it;
        assert_int_equal(queue.kind->pop(&queue.any, &item, MYC_NEVER), MYC_CLOSED);
        assert_int_equal(script.sleeps, 1);
        queue_deinit(&queue);
        queue_init_sleepy(&queue, &script, &kinds[k], CAPACITY);
        script.while_asleep = close_it;
        fill(&queue);
        assert_int_equal(queue.kind->push(&queue.any, &item, MYC_NEVER), MYC_CLOSED);
        assert_int_equal(script.sleeps, 1);
        queue_deinit(&queue);
    }
}

// Nothing comes: the deadline ends the wait, and nothing was done meanwhile. [QUEUE-6] [QUEUE-9]
static void test_deadlines_end_waits(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        struct script script;
        struct myc_queue_item item = item_make(9);
        queue_init_sleepy(&queue, &script, &kinds[k], CAPACITY);
        assert_int_equal(queue.kind->pop(&queue.any, &item, DEADLINE_NS), MYC_TIMEOUT);
        assert_true(item_is(&item, 9));
        assert_int_equal(queue.kind->count(&queue.any), 0);
        fill(&queue);
        assert_int_equal(queue.kind->push(&queue.any, &item, DEADLINE_NS), MYC_TIMEOUT);
        assert_int_equal(queue.kind->count(&queue.any), CAPACITY);
        assert_int_equal(script.sleeps, 2);
        queue_deinit(&queue);
    }
}

// An item that arrives in the very moment of the deadline is taken.
static void test_the_deadline_looks_once_more(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        struct script script;
        struct myc_queue_item item = item_make(9);
        queue_init_sleepy(&queue, &script, &kinds[k], CAPACITY);
        script.while_asleep = push_one;
        assert_int_equal(queue.kind->pop(&queue.any, &item, DEADLINE_NS), MYC_OK);
        assert_true(item_is(&item, 5));
        queue_deinit(&queue);
    }
}

// A wait that returns for no reason is repeated.
static void wake_in_vain(struct script *script)
{
    script->was_woken = true;
    script->while_asleep = push_one;
}

static void test_spurious_wake_ups_are_borne(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        struct script script;
        struct myc_queue_item item;
        queue_init_sleepy(&queue, &script, &kinds[k], CAPACITY);
        script.while_asleep = wake_in_vain;
        assert_int_equal(queue.kind->pop(&queue.any, &item, MYC_NEVER), MYC_OK);
        assert_int_equal(script.sleeps, 2);
        queue_deinit(&queue);
    }
}

// A queue whose sides may not sleep refuses to wait, but only where it would have to.
static void test_waiting_without_permission_is_unsupported(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        struct myc_queue_item item = item_make(0);
        queue_init(&queue, &kinds[k], CAPACITY);
        assert_int_equal(queue.kind->pop(&queue.any, &item, MYC_NEVER), MYC_UNSUPPORTED);
        assert_int_equal(queue.kind->push(&queue.any, &item, MYC_NEVER), MYC_OK);
        assert_int_equal(queue.kind->push(&queue.any, &item, MYC_NEVER), MYC_OK);
        assert_int_equal(queue.kind->push(&queue.any, &item, MYC_NEVER), MYC_UNSUPPORTED);
        assert_int_equal(queue.kind->pop(&queue.any, &item, MYC_NEVER), MYC_OK);
        queue_deinit(&queue);
    }
}

// ---- Allocation: the linker sends every call of these here ----

static uint32_t allocations;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    allocations++;
    return __real_aligned_alloc(alignment, size);
}

// Whatever is done to a queue, waiting included, nothing is allocated.
static void test_nothing_is_allocated(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct queue queue;
        struct script script;
        struct myc_queue_item items[CAPACITY + 1];
        size_t count;
        uint32_t before = allocations;
        queue_init_sleepy(&queue, &script, &kinds[k], CAPACITY);
        assert_int_equal(allocations, before + 1); // the memory that this test hands in
        for (uint64_t i = 0; i < 100; i++) {
            items[0] = item_make(i);
            items[1] = item_make(i);
            items[2] = item_make(i);
            (void)queue.kind->try_push_batch(&queue.any, items, CAPACITY + 1, &count);
            (void)queue.kind->push(&queue.any, &items[0], DEADLINE_NS);
            (void)queue.kind->try_pop_batch(&queue.any, items, 1, &count);
            (void)queue.kind->try_pop(&queue.any, &items[0]);
            (void)queue.kind->pop(&queue.any, &items[0], DEADLINE_NS);
        }
        assert_int_equal(script.sleeps, 200);
        queue.kind->close(&queue.any);
        assert_int_equal(allocations, before + 1);
        queue_deinit(&queue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pushes_wake_sleeping_consumers),
        cmocka_unit_test(test_pops_wake_sleeping_producers),
        cmocka_unit_test(test_close_wakes_sleepers),
        cmocka_unit_test(test_deadlines_end_waits),
        cmocka_unit_test(test_the_deadline_looks_once_more),
        cmocka_unit_test(test_spurious_wake_ups_are_borne),
        cmocka_unit_test(test_waiting_without_permission_is_unsupported),
        cmocka_unit_test(test_nothing_is_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
