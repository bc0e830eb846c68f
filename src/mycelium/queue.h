// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Bounded queues between threads of one process: small items, copied in and out.
 *
 * Kinds, by how many threads push and pop: `spsc` one and one, `mpsc` many and one, `mpmc` many and
 * many. Each has an implementation of its own, so take the narrowest that fits: `spsc` is the ring
 * of two indices that each side caches; `mpmc` Dmitry Vyukov's bounded queue, with a sequence
 * number in each slot (1024cores.net, "Bounded MPMC queue"); `mpsc` hands out slots as that does,
 * but its consumer exchanges nothing and gives slots back a batch at a time. Items hold at most 48
 * bytes, or a pointer to what is larger. Capacity is fixed, memory comes from the caller, and
 * nothing is allocated ever.
 *
 * Bytes written before a push, those behind a pointer in the item included, are seen by whoever
 * pops the item. Functions with "try" in their name never block. A queue is not for memory that
 * processes share: its ends trust each other, and hold pointers.
 *
 * What all kinds have in common [QUEUE-1]: items come out in the order in which they went in; no
 * item is lost or seen twice; at most `capacity` are inside. After close, pushes say CLOSED; pops
 * hand out what is left and then say CLOSED.
 */
#ifndef MYC_QUEUE_H
#define MYC_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/wait.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MYC_QUEUE_PAYLOAD_MAX = 48, /* bytes in one item */
    MYC_QUEUE_SLOT_BYTES = 64,  /* memory of one item: a cache line */
    MYC_QUEUE_CAPACITY_MIN = 2, /* items */
    MYC_QUEUE_CAPACITY_MAX = 1 << 24
};

/** What is pushed and popped. Bytes of `payload` beyond `size` mean nothing. */
struct myc_queue_item {
    uint32_t size; /* bytes of payload in use, at most MYC_QUEUE_PAYLOAD_MAX */
    uint32_t tag;  /* the caller's, carried along: a type, a kind */
    uint64_t payload[MYC_QUEUE_PAYLOAD_MAX / 8];
};

struct myc_queue_options {
    uint32_t capacity;        /* items; a power of two, CAPACITY_MIN to CAPACITY_MAX */
    bool producers_may_sleep; /* push may wait for room; each pop then costs a full fence more */
    bool consumers_may_sleep; /* pop may wait for an item; each push then costs that */
    struct myc_wait *wait;    /* how to sleep; needed only if one of them may. Must outlive it */
    uint64_t start;           /* number of the first item, for tests of counters that wrap; 0 */
};

/** An item that carries a pointer: of a message in a pool, say. */
static inline struct myc_queue_item myc_queue_item_of(const void *pointer, uint32_t tag)
{
    struct myc_queue_item item = {(uint32_t)sizeof(pointer), tag, {(uint64_t)(uintptr_t)pointer}};
    return item;
}

/** The pointer in an item that myc_queue_item_of() made. */
static inline void *myc_queue_item_pointer(const struct myc_queue_item *item)
{
    return (void *)(uintptr_t)item->payload[0];
}

/**
 * Bytes of memory that a queue of this many items needs, of any kind; 0 if there can be no such
 * queue. [QUEUE-2]
 *
 * Threads: any.
 */
size_t myc_queue_memory_size(uint32_t capacity);

struct myc__queue_slot;

/* Where one side sleeps; private. Even: nobody does. Each ring makes it another even number. */
struct myc__queue_bell {
    struct myc_atomic_u32 word;
} __attribute__((aligned(64)));

/* ---- One producer, one consumer ---- */

/** Private fields. Placed by the caller, 64-aligned. */
struct myc_spsc {
    struct myc__queue_slot *slots;
    struct myc_wait *wait;
    uint64_t capacity;
    bool producers_may_sleep;
    bool consumers_may_sleep;
    struct myc_atomic_u32 closed;
    struct myc_atomic_u64 tail __attribute__((aligned(64))); /* items pushed */
    struct myc_atomic_u64 head __attribute__((aligned(64))); /* items popped */
    uint64_t next_push __attribute__((aligned(64)));         /* the producer's line */
    uint64_t head_seen;
    uint64_t next_pop __attribute__((aligned(64))); /* the consumer's line */
    uint64_t tail_seen;
    struct myc__queue_bell item_bell; /* consumers sleep here */
    struct myc__queue_bell room_bell; /* producers sleep here */
};

/**
 * Makes an empty queue in the caller's memory. [QUEUE-3]
 *
 * Ownership: `queue` (64-aligned) and `memory` (64-aligned, at least myc_queue_memory_size() bytes,
 * any content) stay the caller's and must not be moved or freed while threads use the queue. There
 * is nothing to undo. `diagnostic` may be NULL.
 * Threads: before the queue is handed to others.
 * Errors: INVALID (capacity, alignment, too little memory, may sleep but no wait), told in the
 * diagnostic; nothing was written then.
 */
MYC_MUST_USE enum myc_status myc_spsc_init(
    struct myc_spsc *queue,
    void *memory,
    size_t memory_bytes,
    const struct myc_queue_options *options,
    struct myc_diagnostic *diagnostic);

/**
 * Pushes a copy of the item, if there is room. Threads: the producer's.
 *
 * Errors: FULL, CLOSED, TOO_BIG (item->size); the queue is unchanged. [QUEUE-4]
 */
MYC_MUST_USE enum myc_status
myc_spsc_try_push(struct myc_spsc *queue, const struct myc_queue_item *item);

/**
 * Pushes copies of the first items of `items` for which there is room, at most `count`, and says
 * how many in *out_pushed. Threads: the producer's.
 *
 * Returns: OK if any was pushed or `count` is 0. Errors: FULL, CLOSED, TOO_BIG (any of the items);
 * nothing was pushed then. [QUEUE-5]
 */
MYC_MUST_USE enum myc_status myc_spsc_try_push_batch(
    struct myc_spsc *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed);

/**
 * As try_push, but waits for room until `deadline_ns` (monotonic; MYC_NEVER: as long as it takes).
 * Blocks. Threads: the producer's.
 *
 * It sleeps without looking again by itself: whoever pops wakes it, and close does. [QUEUE-6]
 * Errors: TIMEOUT, CLOSED, TOO_BIG, UNSUPPORTED (made without producers_may_sleep, and there is no
 * room); the queue is unchanged.
 */
MYC_MUST_USE enum myc_status
myc_spsc_push(struct myc_spsc *queue, const struct myc_queue_item *item, uint64_t deadline_ns);

/**
 * Takes the oldest item out, into *out_item. Threads: the consumer's.
 *
 * Errors: AGAIN (there is none now), CLOSED (there will never be one); *out_item is unchanged.
 * [QUEUE-7]
 */
MYC_MUST_USE enum myc_status
myc_spsc_try_pop(struct myc_spsc *queue, struct myc_queue_item *out_item);

/**
 * Takes at most `count` items out, in their order, and says how many in *out_popped. Threads: the
 * consumer's.
 *
 * Returns: OK if any was taken or `count` is 0. Errors: AGAIN, CLOSED. [QUEUE-8]
 */
MYC_MUST_USE enum myc_status myc_spsc_try_pop_batch(
    struct myc_spsc *queue, struct myc_queue_item *out_items, size_t count, size_t *out_popped);

/**
 * As try_pop, but waits for an item until `deadline_ns` (monotonic; MYC_NEVER: as long as it
 * takes). Blocks. Threads: the consumer's.
 *
 * It sleeps without looking again by itself: whoever pushes wakes it, and close does. [QUEUE-9]
 * Errors: TIMEOUT, CLOSED, UNSUPPORTED (made without consumers_may_sleep, and there is no item).
 */
MYC_MUST_USE enum myc_status
myc_spsc_pop(struct myc_spsc *queue, struct myc_queue_item *out_item, uint64_t deadline_ns);

/**
 * Closes the queue for good and wakes who sleeps on it; closing again does nothing. [QUEUE-10]
 *
 * Threads: the producer's; then every item whose push said OK is handed out before CLOSED. Another
 * thread, such as that of a consumer that gives up, may close as well: a push that is running at
 * that moment may then say OK although pops say CLOSED already. Its item stays in the queue.
 */
void myc_spsc_close(struct myc_spsc *queue);

/**
 * About how many items are inside: exact while nobody else works on it, else a hint, never above
 * the capacity. Threads: any. [QUEUE-11]
 */
size_t myc_spsc_count(const struct myc_spsc *queue);

/* ---- Many producers, one consumer ---- */

/** Private fields. Placed by the caller, 64-aligned. */
struct myc_mpsc {
    struct myc__queue_slot *slots;
    struct myc_wait *wait;
    uint64_t capacity;
    bool producers_may_sleep;
    bool consumers_may_sleep;
    struct myc_atomic_u64 tail
        __attribute__((aligned(64))); /* twice the items pushed; odd: closed */
    struct myc_atomic_u64 limit;      /* a head that a producer has seen */
    struct myc_atomic_u64 head __attribute__((aligned(64))); /* twice the items popped */
    uint64_t next_pop __attribute__((aligned(64)));          /* the consumer's line */
    struct myc__queue_bell item_bell;                        /* consumers sleep here */
    struct myc__queue_bell room_bell;                        /* producers sleep here */
};

/** As myc_spsc_init(). [QUEUE-3] */
MYC_MUST_USE enum myc_status myc_mpsc_init(
    struct myc_mpsc *queue,
    void *memory,
    size_t memory_bytes,
    const struct myc_queue_options *options,
    struct myc_diagnostic *diagnostic);

/**
 * As myc_spsc_try_push(); effect and errors are the same. Threads: any. Never waits for another
 * thread, but is repeated as often as others push in between. [QUEUE-4]
 */
MYC_MUST_USE enum myc_status
myc_mpsc_try_push(struct myc_mpsc *queue, const struct myc_queue_item *item);

/**
 * As myc_spsc_try_push_batch(). Threads: any. The items of a batch lie side by side: no other
 * producer's come in between. [QUEUE-5]
 */
MYC_MUST_USE enum myc_status myc_mpsc_try_push_batch(
    struct myc_mpsc *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed);

/** As myc_spsc_push(): blocks. Threads: any. Sleepers are not served in any order. [QUEUE-6] */
MYC_MUST_USE enum myc_status
myc_mpsc_push(struct myc_mpsc *queue, const struct myc_queue_item *item, uint64_t deadline_ns);

/**
 * As myc_spsc_try_pop(). Threads: the consumer's. AGAIN also while the oldest item is being pushed
 * and younger ones are there already. [QUEUE-7]
 */
MYC_MUST_USE enum myc_status
myc_mpsc_try_pop(struct myc_mpsc *queue, struct myc_queue_item *out_item);

/** As myc_spsc_try_pop_batch(). Threads: the consumer's. [QUEUE-8] */
MYC_MUST_USE enum myc_status myc_mpsc_try_pop_batch(
    struct myc_mpsc *queue, struct myc_queue_item *out_items, size_t count, size_t *out_popped);

/** As myc_spsc_pop(): blocks. Threads: the consumer's. [QUEUE-9] */
MYC_MUST_USE enum myc_status
myc_mpsc_pop(struct myc_mpsc *queue, struct myc_queue_item *out_item, uint64_t deadline_ns);

/**
 * Closes the queue for good and wakes who sleeps on it; closing again does nothing. Threads: any.
 * Every item whose push says OK is handed out before CLOSED. [QUEUE-10]
 */
void myc_mpsc_close(struct myc_mpsc *queue);

/** As myc_spsc_count(). Threads: any. [QUEUE-11] */
size_t myc_mpsc_count(const struct myc_mpsc *queue);

/* ---- Many producers, many consumers ---- */

/** Private fields. Placed by the caller, 64-aligned. */
struct myc_mpmc {
    struct myc__queue_slot *slots;
    struct myc_wait *wait;
    uint64_t capacity;
    bool producers_may_sleep;
    bool consumers_may_sleep;
    struct myc_atomic_u64 tail
        __attribute__((aligned(64))); /* twice the items pushed; odd: closed */
    struct myc_atomic_u64 head __attribute__((aligned(64))); /* twice the items popped */
    struct myc__queue_bell item_bell;                        /* consumers sleep here */
    struct myc__queue_bell room_bell;                        /* producers sleep here */
};

/** As myc_spsc_init(). [QUEUE-3] */
MYC_MUST_USE enum myc_status myc_mpmc_init(
    struct myc_mpmc *queue,
    void *memory,
    size_t memory_bytes,
    const struct myc_queue_options *options,
    struct myc_diagnostic *diagnostic);

/**
 * As myc_spsc_try_push(); effect and errors are the same. Threads: any. Never waits for another
 * thread, but is repeated as often as others push in between. [QUEUE-4]
 */
MYC_MUST_USE enum myc_status
myc_mpmc_try_push(struct myc_mpmc *queue, const struct myc_queue_item *item);

/**
 * As myc_spsc_try_push_batch(). Threads: any. The items of a batch lie side by side: no other
 * producer's come in between. [QUEUE-5]
 */
MYC_MUST_USE enum myc_status myc_mpmc_try_push_batch(
    struct myc_mpmc *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed);

/** As myc_spsc_push(): blocks. Threads: any. Sleepers are not served in any order. [QUEUE-6] */
MYC_MUST_USE enum myc_status
myc_mpmc_push(struct myc_mpmc *queue, const struct myc_queue_item *item, uint64_t deadline_ns);

/**
 * As myc_spsc_try_pop(). Threads: any. AGAIN also while the oldest item is being pushed and
 * younger ones are there already. [QUEUE-7]
 */
MYC_MUST_USE enum myc_status
myc_mpmc_try_pop(struct myc_mpmc *queue, struct myc_queue_item *out_item);

/** As myc_spsc_try_pop_batch(). Threads: any. [QUEUE-8] */
MYC_MUST_USE enum myc_status myc_mpmc_try_pop_batch(
    struct myc_mpmc *queue, struct myc_queue_item *out_items, size_t count, size_t *out_popped);

/** As myc_spsc_pop(): blocks. Threads: any. [QUEUE-9] */
MYC_MUST_USE enum myc_status
myc_mpmc_pop(struct myc_mpmc *queue, struct myc_queue_item *out_item, uint64_t deadline_ns);

/**
 * Closes the queue for good and wakes who sleeps on it; closing again does nothing. Threads: any.
 * Every item whose push says OK is handed out before CLOSED. [QUEUE-10]
 */
void myc_mpmc_close(struct myc_mpmc *queue);

/** As myc_spsc_count(). Threads: any. [QUEUE-11] */
size_t myc_mpmc_count(const struct myc_mpmc *queue);

#ifdef __cplusplus
}
#endif

#endif
