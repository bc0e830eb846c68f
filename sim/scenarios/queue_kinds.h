// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The kinds of queues behind one table, for the scenarios of queue.c.
 */
#ifndef MYC_SIM_SCENARIOS_QUEUE_KINDS_H
#define MYC_SIM_SCENARIOS_QUEUE_KINDS_H

#include <mycelium/queue.h>

struct queue_kind {
    const char *name;
    uint32_t producers_max;
    uint32_t consumers_max;
    enum myc_status (*init)(
        void *queue, void *memory, size_t memory_bytes, const struct myc_queue_options *options);
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

#define QUEUE_KIND_(k, producers, consumers)                                                       \
    static enum myc_status k##_init(                                                               \
        void *queue, void *memory, size_t memory_bytes, const struct myc_queue_options *options)   \
    {                                                                                              \
        return myc_##k##_init(queue, memory, memory_bytes, options, NULL);                         \
    }                                                                                              \
    static enum myc_status k##_try_push(void *queue, const struct myc_queue_item *item)            \
    {                                                                                              \
        return myc_##k##_try_push(queue, item);                                                    \
    }                                                                                              \
    static enum myc_status k##_try_push_batch(                                                     \
        void *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed)         \
    {                                                                                              \
        return myc_##k##_try_push_batch(queue, items, count, out_pushed);                          \
    }                                                                                              \
    static enum myc_status k##_push(                                                               \
        void *queue, const struct myc_queue_item *item, uint64_t deadline_ns)                      \
    {                                                                                              \
        return myc_##k##_push(queue, item, deadline_ns);                                           \
    }                                                                                              \
    static enum myc_status k##_try_pop(void *queue, struct myc_queue_item *out_item)               \
    {                                                                                              \
        return myc_##k##_try_pop(queue, out_item);                                                 \
    }                                                                                              \
    static enum myc_status k##_try_pop_batch(                                                      \
        void *queue, struct myc_queue_item *out_items, size_t count, size_t *out_popped)           \
    {                                                                                              \
        return myc_##k##_try_pop_batch(queue, out_items, count, out_popped);                       \
    }                                                                                              \
    static enum myc_status k##_pop(                                                                \
        void *queue, struct myc_queue_item *out_item, uint64_t deadline_ns)                        \
    {                                                                                              \
        return myc_##k##_pop(queue, out_item, deadline_ns);                                        \
    }                                                                                              \
    static void k##_close(void *queue)                                                             \
    {                                                                                              \
        myc_##k##_close(queue);                                                                    \
    }                                                                                              \
    static size_t k##_count(const void *queue)                                                     \
    {                                                                                              \
        return myc_##k##_count(queue);                                                             \
    }                                                                                              \
    static const struct queue_kind queue_##k = {                                                   \
        #k,                                                                                        \
        producers,                                                                                 \
        consumers,                                                                                 \
        k##_init,                                                                                  \
        k##_try_push,                                                                              \
        k##_try_push_batch,                                                                        \
        k##_push,                                                                                  \
        k##_try_pop,                                                                               \
        k##_try_pop_batch,                                                                         \
        k##_pop,                                                                                   \
        k##_close,                                                                                 \
        k##_count};

QUEUE_KIND_(spsc, 1, 1)
QUEUE_KIND_(mpsc, 2, 1)
QUEUE_KIND_(mpmc, 2, 2)

#endif
