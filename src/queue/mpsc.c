// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Many producers, one consumer: producers take tickets from one tail, as in mpmc.c, but the
 * consumer gives room back with one index for all of them, and exchanges nothing.
 *
 * Counters go in steps of two; item number n has the ticket 2n. A slot's word is the ticket of the
 * item inside plus one, and stays that until the next lap overwrites it: the consumer only reads
 * slots. How far it has come, `head`, it stores once a batch. Producers look at it when `limit`,
 * the head that one of them saw last, says too little room; the limit lies beside the tail, on the
 * line they need anyway. An odd tail is closed, and no ticket is handed out any more. A consumer
 * that finds nothing looks at the tail only if `closed` says that it may be odd, for the producers
 * write on that line with every push.
 *
 * Single pushes and pops are in the header, up to where they become rare or may have to wake.
 */
#include "queue/slot.h"

#include <string.h>

#include <mycelium/simulation.h>

enum { STEP = 2, CLOSED = 1 };

#define APART(one, other)                                                                          \
    _Static_assert(MYC__QUEUE_APART(struct myc_mpsc, one, other), "lines of their own")

APART(slots, tail);
APART(closed, tail);
APART(tail, head);
APART(head, next_pop);
APART(next_pop, item_bell);
APART(item_bell, room_bell);
_Static_assert(!MYC__QUEUE_APART(struct myc_mpsc, tail, limit), "a push needs both");
_Static_assert(sizeof(struct myc_mpsc) == (size_t)6 * 64, "nothing beside what is counted above");

enum myc_status myc_mpsc_init(
    struct myc_mpsc *queue,
    void *memory,
    size_t memory_bytes,
    const struct myc_queue_options *options,
    struct myc_diagnostic *diagnostic)
{
    enum myc_status status = myc__queue_check(queue, memory, memory_bytes, options, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    uint64_t first = options->start * STEP;
    memset(queue, 0, sizeof *queue);
    // Zero is even: no slot holds an item.
    memset(memory, 0, myc_queue_memory_size(options->capacity));
    queue->slots = memory;
    queue->wait = options->wait;
    queue->capacity = options->capacity;
    queue->producers_may_sleep = options->producers_may_sleep;
    queue->consumers_may_sleep = options->consumers_may_sleep;
    queue->next_pop = first;
    // Relaxed: whatever hands the queue to other threads publishes it.
    myc_store_relaxed_u64(&queue->tail, first);
    myc_store_relaxed_u64(&queue->limit, first);
    myc_store_relaxed_u64(&queue->head, first);
    return MYC_OK;
}

// ---- Producers ----

// How many items may be pushed from a ticket on; asks the consumer if it would be fewer than
// wanted.
static int64_t room(struct myc_mpsc *queue, uint64_t ticket, int64_t wanted)
{
    uint64_t limit = myc__mpsc_limit(queue);
    if (myc__mpsc_room_from(queue, ticket, limit) < wanted) {
        // Pairs with the release of myc__mpsc_give_back(): the consumer has read what we shall
        // overwrite.
        uint64_t head = myc_load_acquire_u64(&queue->head);
        if ((int64_t)(head - limit) > 0) {
            limit = head;
            // Passes on what we acquired. A slower producer may store an older one: it says less.
            myc_store_release_u64(&queue->limit, limit);
        }
    }
    return myc__mpsc_room_from(queue, ticket, limit);
}

static enum myc_status push_some(
    struct myc_mpsc *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed)
{
    int64_t most = (int64_t)(count < queue->capacity ? count : queue->capacity);
    uint64_t pushed = 0;
    uint64_t ticket;
    for (;;) {
        // Relaxed: the exchange decides whether it is still true.
        ticket = myc_load_relaxed_u64(&queue->tail);
        if ((ticket & CLOSED) != 0) {
            return MYC_CLOSED;
        }
        int64_t free_slots = room(queue, ticket, most);
        if (free_slots <= 0) {
            MYC_REACHED("queue.mpsc.full");
            return MYC_FULL;
        }
        pushed = (uint64_t)(most < free_slots ? most : free_slots);
        if (myc_compare_exchange_u64(&queue->tail, ticket, ticket + pushed * STEP)) {
            break;
        }
        MYC_REACHED("queue.mpsc.push-beaten");
    }
    for (uint64_t i = 0; i < pushed; i++) {
        uint64_t at = ticket + i * STEP;
        struct myc__queue_slot *slot = myc__mpsc_slot(queue, at);
        myc__queue_fill_wide(slot, &items[i]);
        myc__queue_publish(slot, at + 1);
    }
    if (queue->consumers_may_sleep) {
        myc__queue_bell_ring(&queue->item_bell, queue->wait);
    }
    *out_pushed = (size_t)pushed;
    return MYC_OK;
}

enum myc_status myc__mpsc_push_slowly(struct myc_mpsc *queue, const struct myc_queue_item *item)
{
    size_t pushed = 0;
    return item->size > MYC_QUEUE_PAYLOAD_MAX ? MYC_TOO_BIG : push_some(queue, item, 1, &pushed);
}

enum myc_status myc_mpsc_try_push_batch(
    struct myc_mpsc *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed)
{
    *out_pushed = 0;
    if (count == 0) {
        return MYC_OK;
    }
    return myc__queue_fit(items, count) ? push_some(queue, items, count, out_pushed) : MYC_TOO_BIG;
}

enum myc_status
myc_mpsc_push(struct myc_mpsc *queue, const struct myc_queue_item *item, uint64_t deadline_ns)
{
    enum myc_status waited = MYC_OK;
    for (;;) {
        enum myc_status status = myc_mpsc_try_push(queue, item);
        if (status != MYC_FULL || waited != MYC_OK) {
            return status == MYC_FULL ? waited : status;
        }
        if (!queue->producers_may_sleep) {
            return MYC_UNSUPPORTED;
        }
        uint32_t armed = myc__queue_bell_arm(&queue->room_bell);
        status = myc_mpsc_try_push(queue, item);
        if (status != MYC_FULL) {
            return status;
        }
        MYC_REACHED("queue.mpsc.producer-sleeps");
        waited = myc__queue_bell_wait(&queue->room_bell, queue->wait, armed, deadline_ns);
    }
}

// ---- The consumer ----

static enum myc_status
pop_some(struct myc_mpsc *queue, struct myc_queue_item *out_items, size_t count, size_t *out_popped)
{
    uint64_t ticket = queue->next_pop;
    uint64_t most = count < queue->capacity ? count : queue->capacity;
    uint64_t popped = 0;
    while (popped < most) {
        const struct myc__queue_slot *slot = myc__mpsc_slot(queue, ticket);
        if (!myc__queue_has(slot, ticket + 1)) {
            break;
        }
        myc__queue_take_wide(slot, &out_items[popped]);
        ticket += STEP;
        popped++;
    }
    if (popped == 0) {
        // Relaxed: who closes and wakes, or tells us, fences or orders otherwise.
        if (myc_load_relaxed_u32(&queue->closed) == 0) {
            return MYC_AGAIN;
        }
        // Relaxed: whether it is closed and where it ends is one word.
        uint64_t tail = myc_load_relaxed_u64(&queue->tail);
        // Below the end somebody is about to fill the slot.
        MYC_SOMETIMES(
            (tail & CLOSED) != 0 && tail != (ticket | CLOSED), "queue.mpsc.closed-unfilled");
        return tail == (ticket | CLOSED) ? MYC_CLOSED : MYC_AGAIN;
    }
    myc__mpsc_give_back(queue, ticket);
    if (queue->producers_may_sleep) {
        myc__queue_bell_ring(&queue->room_bell, queue->wait);
    }
    *out_popped = (size_t)popped;
    return MYC_OK;
}

enum myc_status myc_mpsc_try_pop_batch(
    struct myc_mpsc *queue, struct myc_queue_item *out_items, size_t count, size_t *out_popped)
{
    *out_popped = 0;
    return count == 0 ? MYC_OK : pop_some(queue, out_items, count, out_popped);
}

enum myc_status myc__mpsc_pop_slowly(struct myc_mpsc *queue, struct myc_queue_item *out_item)
{
    size_t popped = 0;
    return pop_some(queue, out_item, 1, &popped);
}

enum myc_status
myc_mpsc_pop(struct myc_mpsc *queue, struct myc_queue_item *out_item, uint64_t deadline_ns)
{
    enum myc_status waited = MYC_OK;
    for (;;) {
        enum myc_status status = myc_mpsc_try_pop(queue, out_item);
        if (status != MYC_AGAIN || waited != MYC_OK) {
            return status == MYC_AGAIN ? waited : status;
        }
        if (!queue->consumers_may_sleep) {
            return MYC_UNSUPPORTED;
        }
        uint32_t armed = myc__queue_bell_arm(&queue->item_bell);
        status = myc_mpsc_try_pop(queue, out_item);
        if (status != MYC_AGAIN) {
            return status;
        }
        MYC_REACHED("queue.mpsc.consumer-sleeps");
        waited = myc__queue_bell_wait(&queue->item_bell, queue->wait, armed, deadline_ns);
    }
}

// ---- All ----

void myc_mpsc_close(struct myc_mpsc *queue)
{
    uint64_t tail = myc_load_relaxed_u64(&queue->tail);
    while ((tail & CLOSED) == 0 && !myc_compare_exchange_u64(&queue->tail, tail, tail | CLOSED)) {
        tail = myc_load_relaxed_u64(&queue->tail);
    }
    // Relaxed: says only that it is worth looking; before the fences of the bells.
    myc_store_relaxed_u32(&queue->closed, 1);
    if (queue->consumers_may_sleep) {
        myc__queue_bell_ring(&queue->item_bell, queue->wait);
    }
    if (queue->producers_may_sleep) {
        myc__queue_bell_ring(&queue->room_bell, queue->wait);
    }
}

size_t myc_mpsc_count(const struct myc_mpsc *queue)
{
    // Relaxed: a hint needs no order. The tail may be older than the head then.
    uint64_t head = myc_load_relaxed_u64(&queue->head);
    uint64_t tail = myc_load_relaxed_u64(&queue->tail);
    return myc__queue_count((int64_t)((tail & ~(uint64_t)CLOSED) - head) / STEP, queue->capacity);
}
