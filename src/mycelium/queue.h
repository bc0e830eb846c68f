// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Bounded queues between threads of one process: small items, copied in and out.
 *
 * Kinds, by how many threads push and pop: `spsc` one and one, `mpsc` many and one, `mpmc` many and
 * many. Each has an implementation of its own, so take the narrowest that fits: in `spsc` each slot
 * says whether it is filled, and one index gives slots back; `mpmc` Dmitry Vyukov's bounded queue,
 * with a sequence number in each slot (1024cores.net, "Bounded MPMC queue"); `mpsc` hands out slots
 * as that does, but its consumer exchanges nothing and gives slots back a batch at a time. Items
 * hold at most 48 bytes, or a pointer to what is larger. Capacity is fixed, memory comes from the
 * caller, and nothing is allocated ever.
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
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast" // C has no other
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

/* One item and a word that says whose turn it is, which differs by kind; private. */
struct myc__queue_slot {
    struct myc_atomic_u64 sequence;
    struct myc_queue_item item;
} __attribute__((aligned(64)));

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
    uint64_t next_push __attribute__((aligned(64)));         /* the producer's line */
    uint64_t push_end;                                       /* there is room below it */
    struct myc_atomic_u64 tail;                              /* next_push, for who counts */
    struct myc_atomic_u64 head __attribute__((aligned(64))); /* items popped */
    uint64_t next_pop __attribute__((aligned(64)));          /* the consumer's line */
    struct myc__queue_bell item_bell;                        /* consumers sleep here */
    struct myc__queue_bell room_bell;                        /* producers sleep here */
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
MYC_MUST_USE static inline enum myc_status
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
MYC_MUST_USE static inline enum myc_status
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
    struct myc_atomic_u32 closed; /* says that it is worth looking at the tail */
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
MYC_MUST_USE static inline enum myc_status
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
MYC_MUST_USE static inline enum myc_status
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
    struct myc_atomic_u32 closed; /* says that it is worth looking at the tail */
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

/* ---- Private: what is compiled into the caller ---- */

/*
 * A call would cost about as much as the push or pop itself, and an item that is built and pushed
 * at once need never be in memory outside of its slot. What is rare is in the library.
 */

/* Words are copied one at a time, which `volatile` keeps compilers from undoing: a wide load of
 * what was just written in words would wait until those have left the store buffer. */
static inline void myc__queue_fill(struct myc__queue_slot *slot, const struct myc_queue_item *item)
{
    volatile struct myc_queue_item *to = &slot->item;
    to->size = item->size;
    to->tag = item->tag;
    for (size_t i = 0; i < MYC_QUEUE_PAYLOAD_MAX / 8; i++) {
        to->payload[i] = item->payload[i];
    }
    myc_shared_write(&slot->item, sizeof(slot->item));
}

/* The caller has acquired the slot. */
static inline void myc__queue_take(const struct myc__queue_slot *slot, struct myc_queue_item *item)
{
    const volatile struct myc_queue_item *from = &slot->item;
    myc_shared_read(&slot->item, sizeof(slot->item));
    item->size = from->size;
    item->tag = from->tag;
    for (size_t i = 0; i < MYC_QUEUE_PAYLOAD_MAX / 8; i++) {
        item->payload[i] = from->payload[i];
    }
}

/* Says that an item is inside. */
static inline void myc__queue_publish(struct myc__queue_slot *slot, uint64_t word)
{
    // Acquired by myc__queue_has().
    myc_store_release_u64(&slot->sequence, word);
}

/* Whether the slot was filled for this word. */
static inline bool myc__queue_has(const struct myc__queue_slot *slot, uint64_t word)
{
    // Pairs with the release of myc__queue_publish().
    return myc_load_acquire_u64(&slot->sequence) == word;
}

static inline struct myc__queue_slot *myc__spsc_slot(const struct myc_spsc *queue, uint64_t number)
{
    return &queue->slots[number & (queue->capacity - 1)];
}

/* Says that the items below have been read. */
static inline void myc__spsc_give_back(struct myc_spsc *queue, uint64_t number)
{
    queue->next_pop = number;
    // Acquired by the producer when its room seems to end.
    myc_store_release_u64(&queue->head, number);
}

MYC_MUST_USE enum myc_status
myc__spsc_push_slowly(struct myc_spsc *queue, const struct myc_queue_item *item);
MYC_MUST_USE enum myc_status
myc__spsc_pop_slowly(struct myc_spsc *queue, struct myc_queue_item *out_item);

static inline enum myc_status
myc_spsc_try_push(struct myc_spsc *queue, const struct myc_queue_item *item)
{
    uint64_t number = queue->next_push;
    if (number == queue->push_end || item->size > MYC_QUEUE_PAYLOAD_MAX
        || queue->consumers_may_sleep || myc_load_relaxed_u32(&queue->closed) != 0) {
        return myc__spsc_push_slowly(queue, item);
    }
    queue->next_push = number + 1;
    struct myc__queue_slot *slot = myc__spsc_slot(queue, number);
    myc__queue_fill(slot, item);
    myc__queue_publish(slot, number + 1);
    myc_store_relaxed_u64(&queue->tail, number + 1);
    return MYC_OK;
}

static inline enum myc_status
myc_spsc_try_pop(struct myc_spsc *queue, struct myc_queue_item *out_item)
{
    uint64_t number = queue->next_pop;
    const struct myc__queue_slot *slot = myc__spsc_slot(queue, number);
    if (queue->producers_may_sleep) {
        return myc__spsc_pop_slowly(queue, out_item);
    }
    if (!myc__queue_has(slot, number + 1)) {
        return myc_load_relaxed_u32(&queue->closed) == 0 ? MYC_AGAIN
                                                         : myc__spsc_pop_slowly(queue, out_item);
    }
    myc__queue_take(slot, out_item);
    myc__spsc_give_back(queue, number + 1);
    return MYC_OK;
}

/* Of mpsc tickets go in steps of two, so that an odd tail can say that it is closed. */
static inline struct myc__queue_slot *myc__mpsc_slot(const struct myc_mpsc *queue, uint64_t ticket)
{
    return &queue->slots[ticket / 2 & (queue->capacity - 1)];
}

/* How many items may be pushed from a ticket on, if consumers have come to `head`; 0 or less: none.
 */
static inline int64_t
myc__mpsc_room_from(const struct myc_mpsc *queue, uint64_t ticket, uint64_t head)
{
    return (int64_t)queue->capacity - (int64_t)(ticket - head) / 2;
}

/* A head that some producer has seen. */
static inline uint64_t myc__mpsc_limit(const struct myc_mpsc *queue)
{
    // Pairs with the release of who stored it, and by that with the consumer's.
    return myc_load_acquire_u64(&queue->limit);
}

/* Says that the items below have been read. */
static inline void myc__mpsc_give_back(struct myc_mpsc *queue, uint64_t ticket)
{
    queue->next_pop = ticket;
    // Acquired by a producer when the room seems to end.
    myc_store_release_u64(&queue->head, ticket);
}

MYC_MUST_USE enum myc_status
myc__mpsc_push_slowly(struct myc_mpsc *queue, const struct myc_queue_item *item);
MYC_MUST_USE enum myc_status
myc__mpsc_pop_slowly(struct myc_mpsc *queue, struct myc_queue_item *out_item);

static inline enum myc_status
myc_mpsc_try_push(struct myc_mpsc *queue, const struct myc_queue_item *item)
{
    // Relaxed: the exchange decides whether it is still true.
    uint64_t ticket = myc_load_relaxed_u64(&queue->tail);
    if ((ticket & 1) != 0 || item->size > MYC_QUEUE_PAYLOAD_MAX || queue->consumers_may_sleep
        || myc__mpsc_room_from(queue, ticket, myc__mpsc_limit(queue)) <= 0
        || !myc_compare_exchange_u64(&queue->tail, ticket, ticket + 2)) {
        return myc__mpsc_push_slowly(queue, item);
    }
    struct myc__queue_slot *slot = myc__mpsc_slot(queue, ticket);
    myc__queue_fill(slot, item);
    myc__queue_publish(slot, ticket + 1);
    return MYC_OK;
}

static inline enum myc_status
myc_mpsc_try_pop(struct myc_mpsc *queue, struct myc_queue_item *out_item)
{
    uint64_t ticket = queue->next_pop;
    const struct myc__queue_slot *slot = myc__mpsc_slot(queue, ticket);
    if (queue->producers_may_sleep) {
        return myc__mpsc_pop_slowly(queue, out_item);
    }
    if (!myc__queue_has(slot, ticket + 1)) {
        return myc_load_relaxed_u32(&queue->closed) == 0 ? MYC_AGAIN
                                                         : myc__mpsc_pop_slowly(queue, out_item);
    }
    myc__queue_take(slot, out_item);
    myc__mpsc_give_back(queue, ticket + 2);
    return MYC_OK;
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif
