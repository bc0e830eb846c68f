// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The kinds of queues behind one table, so that each test runs on all of them; and a wait that does
 * what the test says.
 */
#ifndef MYC_UNIT_QUEUE_QUEUE_KINDS_H
#define MYC_UNIT_QUEUE_QUEUE_KINDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/queue.h>

enum { KINDS_CAPACITY_MAX = 1024 };

struct kind {
    const char *name;
    bool has_producers; // several
    bool has_consumers; // several
    enum myc_status (*init)(
        void *queue,
        void *memory,
        size_t memory_bytes,
        const struct myc_queue_options *options,
        struct myc_diagnostic *diagnostic);
    enum myc_status (*try_push)(void *queue, const struct myc_queue_item *item);
    enum myc_status (*try_push_batch)(
        void *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed);
    enum myc_status (*push)(void *queue, const struct myc_queue_item *item, uint64_t deadline_ns);
    enum myc_status (*try_pop)(void *queue, struct myc_queue_item *out_item);
    enum myc_status (*try_pop_batch)(
        void *queue, struct myc_queue_item *out_items, size_t count, size_t *out_popped);
    enum myc_status (*pop)(void *queue, struct myc_queue_item *out_item, uint64_t deadline_ns);
    void (*close)(void *queue);
    size_t (*count)(const void *queue);
};

#define KIND_FUNCTIONS_(k)                                                                         \
    static inline enum myc_status kind_##k##_init(                                                 \
        void *queue,                                                                               \
        void *memory,                                                                              \
        size_t memory_bytes,                                                                       \
        const struct myc_queue_options *options,                                                   \
        struct myc_diagnostic *diagnostic)                                                         \
    {                                                                                              \
        return myc_##k##_init(queue, memory, memory_bytes, options, diagnostic);                   \
    }                                                                                              \
    static inline enum myc_status kind_##k##_try_push(                                             \
        void *queue, const struct myc_queue_item *item)                                            \
    {                                                                                              \
        return myc_##k##_try_push(queue, item);                                                    \
    }                                                                                              \
    static inline enum myc_status kind_##k##_try_push_batch(                                       \
        void *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed)         \
    {                                                                                              \
        return myc_##k##_try_push_batch(queue, items, count, out_pushed);                          \
    }                                                                                              \
    static inline enum myc_status kind_##k##_push(                                                 \
        void *queue, const struct myc_queue_item *item, uint64_t deadline_ns)                      \
    {                                                                                              \
        return myc_##k##_push(queue, item, deadline_ns);                                           \
    }                                                                                              \
    static inline enum myc_status kind_##k##_try_pop(void *queue, struct myc_queue_item *out_item) \
    {                                                                                              \
        return myc_##k##_try_pop(queue, out_item);                                                 \
    }                                                                                              \
    static inline enum myc_status kind_##k##_try_pop_batch(                                        \
        void *queue, struct myc_queue_item *out_items, size_t count, size_t *out_popped)           \
    {                                                                                              \
        return myc_##k##_try_pop_batch(queue, out_items, count, out_popped);                       \
    }                                                                                              \
    static inline enum myc_status kind_##k##_pop(                                                  \
        void *queue, struct myc_queue_item *out_item, uint64_t deadline_ns)                        \
    {                                                                                              \
        return myc_##k##_pop(queue, out_item, deadline_ns);                                        \
    }                                                                                              \
    static inline void kind_##k##_close(void *queue)                                               \
    {                                                                                              \
        myc_##k##_close(queue);                                                                    \
    }                                                                                              \
    static inline size_t kind_##k##_count(const void *queue)                                       \
    {                                                                                              \
        return myc_##k##_count(queue);                                                             \
    }

#define KIND_ROW_(k, has_producers, has_consumers)                                                 \
    {                                                                                              \
#k, has_producers, has_consumers, kind_##k##_init, kind_##k##_try_push,                    \
            kind_##k##_try_push_batch, kind_##k##_push, kind_##k##_try_pop,                        \
            kind_##k##_try_pop_batch, kind_##k##_pop, kind_##k##_close, kind_##k##_count           \
    }

KIND_FUNCTIONS_(spsc)
KIND_FUNCTIONS_(mpsc)
KIND_FUNCTIONS_(mpmc)

static const struct kind kinds[] = {
    KIND_ROW_(spsc, false, false),
    KIND_ROW_(mpsc, true, false),
    KIND_ROW_(mpmc, true, true),
};

enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

// ---- One queue of one kind ----

struct queue {
    union {
        struct myc_spsc spsc;
        struct myc_mpsc mpsc;
        struct myc_mpmc mpmc;
    } any;
    const struct kind *kind;
    void *memory;
    size_t memory_bytes;
};

static inline void queue_init_with(
    struct queue *queue, const struct kind *kind, const struct myc_queue_options *options)
{
    struct myc_diagnostic diagnostic;
    queue->kind = kind;
    queue->memory_bytes = myc_queue_memory_size(options->capacity);
    queue->memory = aligned_alloc(64, queue->memory_bytes);
    assert_non_null(queue->memory);
    memset(queue->memory, 0x5A, queue->memory_bytes);
    memset(&queue->any, 0x5A, sizeof queue->any);
    if (kind->init(&queue->any, queue->memory, queue->memory_bytes, options, &diagnostic)
        != MYC_OK) {
        fail_msg("%s: %s", kind->name, diagnostic.text);
    }
}

static inline void queue_init(struct queue *queue, const struct kind *kind, uint32_t capacity)
{
    const struct myc_queue_options options = {.capacity = capacity};
    queue_init_with(queue, kind, &options);
}

static inline void queue_deinit(struct queue *queue)
{
    free(queue->memory);
}

// An item each byte of which follows from its number.
static inline struct myc_queue_item item_make(uint64_t number)
{
    struct myc_queue_item item;
    item.size = (uint32_t)(8 + number % (MYC_QUEUE_PAYLOAD_MAX - 7));
    item.tag = (uint32_t)(number * 7);
    for (size_t i = 0; i < MYC_QUEUE_PAYLOAD_MAX / 8; i++) {
        item.payload[i] = number + i * 1000003;
    }
    return item;
}

static inline bool item_is(const struct myc_queue_item *item, uint64_t number)
{
    struct myc_queue_item expected = item_make(number);
    return memcmp(item, &expected, sizeof expected) == 0;
}

// ---- A wait that a test scripts ----

struct script {
    struct myc_wait base;
    struct queue *queue;
    void (*while_asleep)(struct script *script); // NULL: nothing comes, until the deadline
    uint32_t sleeps;
    uint32_t wakes;
    bool was_woken;
};

static inline enum myc_status script_wait(
    struct myc_wait *wait,
    struct myc_atomic_u32 *word,
    uint32_t expected,
    uint64_t deadline_ns,
    enum myc_wait_scope scope)
{
    struct script *script = (struct script *)wait;
    assert_int_equal(scope, MYC_WAIT_PROCESS);
    assert_int_equal(myc_load_relaxed_u32(word), expected);
    script->sleeps++;
    script->was_woken = false;
    if (script->while_asleep != NULL) {
        script->while_asleep(script);
    }
    if (script->was_woken) {
        return MYC_OK;
    }
    assert_true(deadline_ns != MYC_NEVER); // or the thread would sleep for ever
    return MYC_TIMEOUT;
}

static inline uint32_t script_wake(
    struct myc_wait *wait, struct myc_atomic_u32 *word, uint32_t count, enum myc_wait_scope scope)
{
    struct script *script = (struct script *)wait;
    (void)word;
    assert_int_equal(scope, MYC_WAIT_PROCESS);
    assert_int_equal(count, UINT32_MAX);
    script->wakes++;
    script->was_woken = true;
    return 1;
}

static const struct myc_wait_ops script_ops = {
    .size = sizeof script_ops, .wait = script_wait, .wake = script_wake};

static inline void queue_init_sleepy(
    struct queue *queue, struct script *script, const struct kind *kind, uint32_t capacity)
{
    memset(script, 0, sizeof *script);
    script->base.ops = &script_ops;
    script->queue = queue;
    const struct myc_queue_options options = {
        .capacity = capacity,
        .producers_may_sleep = true,
        .consumers_may_sleep = true,
        .wait = &script->base};
    queue_init_with(queue, kind, &options);
}

#endif
