// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Random operations on queues of all kinds against a model of two counters: what a push or pop
 * returns, how much a batch moves and which items come out follow from how many went in and out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/queue.h>

enum { RUNS = 300, OPERATIONS = 3000, BATCH_MAX = 40, CAPACITY_BITS = 6 };

struct kind {
    const char *name;
    enum myc_status (*init)(
        void *queue, void *memory, size_t bytes, const struct myc_queue_options *options);
    enum myc_status (*push)(void *queue, const struct myc_queue_item *item);
    enum myc_status (*push_batch)(
        void *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed);
    enum myc_status (*pop)(void *queue, struct myc_queue_item *out_item);
    enum myc_status (*pop_batch)(
        void *queue, struct myc_queue_item *out_items, size_t count, size_t *out_popped);
    void (*close)(void *queue);
    size_t (*count)(const void *queue);
};

#define KIND_(k)                                                                                   \
    static enum myc_status k##_init(                                                               \
        void *queue, void *memory, size_t bytes, const struct myc_queue_options *options)          \
    {                                                                                              \
        return myc_##k##_init(queue, memory, bytes, options, NULL);                                \
    }                                                                                              \
    static enum myc_status k##_push(void *queue, const struct myc_queue_item *item)                \
    {                                                                                              \
        return myc_##k##_try_push(queue, item);                                                    \
    }                                                                                              \
    static enum myc_status k##_push_batch(                                                         \
        void *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed)         \
    {                                                                                              \
        return myc_##k##_try_push_batch(queue, items, count, out_pushed);                          \
    }                                                                                              \
    static enum myc_status k##_pop(void *queue, struct myc_queue_item *out_item)                   \
    {                                                                                              \
        return myc_##k##_try_pop(queue, out_item);                                                 \
    }                                                                                              \
    static enum myc_status k##_pop_batch(                                                          \
        void *queue, struct myc_queue_item *out_items, size_t count, size_t *out_popped)           \
    {                                                                                              \
        return myc_##k##_try_pop_batch(queue, out_items, count, out_popped);                       \
    }                                                                                              \
    static void k##_close(void *queue)                                                             \
    {                                                                                              \
        myc_##k##_close(queue);                                                                    \
    }                                                                                              \
    static size_t k##_count(const void *queue)                                                     \
    {                                                                                              \
        return myc_##k##_count(queue);                                                             \
    }

#define ROW_(k) #k, k##_init, k##_push, k##_push_batch, k##_pop, k##_pop_batch, k##_close, k##_count

KIND_(spsc)
KIND_(mpsc)
KIND_(mpmc)

static const struct kind kinds[] = {
    {ROW_(spsc)},
    {ROW_(mpsc)},
    {ROW_(mpmc)},
};

struct model {
    uint64_t random;
    uint64_t seed;
    const struct kind *kind;
    void *queue;
    void *memory;
    uint64_t capacity;
    uint64_t pushed;
    uint64_t popped;
    bool is_closed;
};

#define PROPERTY(model, holds)                                                                     \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            fail_msg(                                                                              \
                "%s, seed %llu: %s",                                                               \
                (model)->kind->name,                                                               \
                (unsigned long long)(model)->seed,                                                 \
                #holds);                                                                           \
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

static struct myc_queue_item item_make(uint64_t number)
{
    struct myc_queue_item item = {(uint32_t)(number % 49), (uint32_t)number, {0}};
    for (size_t i = 0; i < MYC_QUEUE_PAYLOAD_MAX / 8; i++) {
        item.payload[i] = number * 31 + i;
    }
    return item;
}

static void check_item(struct model *model, const struct myc_queue_item *item)
{
    struct myc_queue_item expected = item_make(model->popped);
    PROPERTY(model, memcmp(item, &expected, sizeof expected) == 0);
    model->popped++;
}

// What a push (or pop) says if `possible` items can be moved.
static enum myc_status expected_push(const struct model *model, uint64_t possible)
{
    return model->is_closed ? MYC_CLOSED : possible == 0 ? MYC_FULL : MYC_OK;
}

static enum myc_status expected_pop(const struct model *model, uint64_t possible)
{
    return possible > 0 ? MYC_OK : model->is_closed ? MYC_CLOSED : MYC_AGAIN;
}

static void push(struct model *model)
{
    struct myc_queue_item items[BATCH_MAX];
    uint64_t room = model->capacity - (model->pushed - model->popped);
    size_t count = draw(model, 2) == 0 ? 1 : 1 + (size_t)draw(model, BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        items[i] = item_make(model->pushed + i);
    }
    enum myc_status expected = expected_push(model, room);
    if (count == 1) {
        PROPERTY(model, model->kind->push(model->queue, &items[0]) == expected);
        model->pushed += expected == MYC_OK;
        return;
    }
    size_t pushed = 99;
    PROPERTY(model, model->kind->push_batch(model->queue, items, count, &pushed) == expected);
    PROPERTY(model, pushed == (expected != MYC_OK ? 0 : count < room ? count : room));
    model->pushed += pushed;
}

static void pop(struct model *model)
{
    struct myc_queue_item items[BATCH_MAX];
    uint64_t there = model->pushed - model->popped;
    size_t count = draw(model, 2) == 0 ? 1 : 1 + (size_t)draw(model, BATCH_MAX);
    enum myc_status expected = expected_pop(model, there);
    size_t popped = 99;
    if (count == 1) {
        PROPERTY(model, model->kind->pop(model->queue, &items[0]) == expected);
        popped = expected == MYC_OK;
    } else {
        PROPERTY(model, model->kind->pop_batch(model->queue, items, count, &popped) == expected);
        PROPERTY(model, popped == (count < there ? count : there));
    }
    for (size_t i = 0; i < popped; i++) {
        check_item(model, &items[i]);
    }
}

static void run(const struct kind *kind, uint64_t seed, uint64_t *laps)
{
    struct model model = {.random = seed, .seed = seed, .kind = kind};
    struct myc_queue_options options = {0};
    model.capacity = UINT64_C(2) << draw(&model, CAPACITY_BITS);
    options.capacity = (uint32_t)model.capacity;
    options.start = draw(&model, 2) == 0 ? 0 : UINT64_MAX - draw(&model, OPERATIONS);
    size_t bytes = myc_queue_memory_size(options.capacity);
    model.queue = aligned_alloc(64, 1024);
    model.memory = aligned_alloc(64, bytes);
    assert_non_null(model.queue);
    assert_non_null(model.memory);
    PROPERTY(&model, kind->init(model.queue, model.memory, bytes, &options) == MYC_OK);
    uint64_t weight = 1 + draw(&model, 9);
    for (uint64_t i = 0; i < OPERATIONS; i++) {
        if (draw(&model, 10) < weight) {
            push(&model);
        } else {
            pop(&model);
        }
        if (!model.is_closed && draw(&model, OPERATIONS) == 0) {
            kind->close(model.queue);
            model.is_closed = true;
        }
        PROPERTY(&model, kind->count(model.queue) == model.pushed - model.popped);
        PROPERTY(&model, model.pushed - model.popped <= model.capacity);
    }
    *laps += model.popped / model.capacity;
    free(model.queue);
    free(model.memory);
}

// Random pushes, pops, batches and closings never disagree with the model.
static void test_random_operations_agree_with_the_model(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        uint64_t laps = 0;
        for (uint64_t seed = 1; seed <= RUNS; seed++) {
            run(&kinds[k], seed, &laps);
        }
        // Or the runs prove nothing.
        assert_true(laps > (uint64_t)RUNS * 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_operations_agree_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
