// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Many producers, many consumers: Dmitry Vyukov's bounded queue ("Bounded MPMC queue",
 * 1024cores.net), whose slots say whose turn it is.
 *
 * Counters go in steps of two, so that an odd word can say more: item number n has the ticket 2n. A
 * slot's word is the ticket of the item that may be put there, that plus one once the item is
 * inside, and the ticket of the next lap once it has been taken out. Who moves the tail (or head)
 * from one ticket to the next owns the slot in between; nobody else touches it until its word says
 * so. An odd tail is closed: no producer can move it any more, so whatever ticket was handed out
 * before is below the end that consumers compare with. A consumer that finds nothing looks at the
 * tail only if `closed` says that it may be odd, for the producers write on that line with every
 * push.
 *
 * A batch looks at several slots in a row and moves the counter over those that were ready; none of
 * them can change hands unless the counter moves, and then the exchange fails.
 */
#include "queue/slot.h"

#include <string.h>

#include <mycelium/simulation.h>

enum { STEP = 2, CLOSED = 1 };

#define APART(one, other)                                                                          \
    _Static_assert(MYC__QUEUE_APART(struct myc_mpmc, one, other), "lines of their own")

APART(slots, tail);
APART(closed, tail);
APART(tail, head);
APART(head, item_bell);
APART(item_bell, room_bell);
_Static_assert(sizeof(struct myc_mpmc) == (size_t)5 * 64, "nothing beside what is counted above");

static struct myc__queue_slot *slot_at(const struct myc_mpmc *queue, uint64_t ticket)
{
    return &queue->slots[ticket / STEP & (queue->capacity - 1)];
}

enum myc_status myc_mpmc_init(
    struct myc_mpmc *queue,
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
    memset(memory, 0, myc_queue_memory_size(options->capacity));
    queue->slots = memory;
    queue->wait = options->wait;
    queue->capacity = options->capacity;
    queue->producers_may_sleep = options->producers_may_sleep;
    queue->consumers_may_sleep = options->consumers_may_sleep;
    // Relaxed: whatever hands the queue to other threads publishes it.
    for (uint64_t i = 0; i < options->capacity; i++) {
        uint64_t ticket = first + i * STEP;
        myc_store_relaxed_u64(&slot_at(queue, ticket)->sequence, ticket);
    }
    myc_store_relaxed_u64(&queue->tail, first);
    myc_store_relaxed_u64(&queue->head, first);
    return MYC_OK;
}

// How many slots from a ticket on have the word that is `ahead` of their ticket, at most `count`;
// *out_distance says how far the first is from it (0: none; negative: it is a lap behind).
static uint64_t ready_slots(
    const struct myc_mpmc *queue,
    uint64_t ticket,
    uint64_t ahead,
    uint64_t count,
    int64_t *out_distance)
{
    uint64_t ready = 0;
    while (ready < count) {
        uint64_t at = ticket + ready * STEP;
        // Pairs with the releases of myc__queue_publish() and pop_some(): who had the slot is done
        // with it.
        uint64_t word = myc_load_acquire_u64(&slot_at(queue, at)->sequence);
        if (ready == 0) {
            *out_distance = (int64_t)(word - (at + ahead));
        }
        if (word != at + ahead) {
            break;
        }
        ready++;
    }
    return ready;
}

// ---- Producers ----

static enum myc_status push_some(
    struct myc_mpmc *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed)
{
    uint64_t most = count < queue->capacity ? count : queue->capacity;
    uint64_t ready = 0;
    uint64_t ticket;
    for (;;) {
        // Relaxed: the exchange decides whether it is still true.
        ticket = myc_load_relaxed_u64(&queue->tail);
        if ((ticket & CLOSED) != 0) {
            return MYC_CLOSED;
        }
        int64_t distance = 0;
        ready = ready_slots(queue, ticket, 0, most, &distance);
        if (distance < 0) {
            MYC_REACHED("queue.mpmc.full");
            return MYC_FULL;
        }
        if (ready > 0 && myc_compare_exchange_u64(&queue->tail, ticket, ticket + ready * STEP)) {
            break;
        }
        MYC_REACHED("queue.mpmc.push-beaten");
    }
    for (uint64_t i = 0; i < ready; i++) {
        struct myc__queue_slot *slot = slot_at(queue, ticket + i * STEP);
        // Acquired by the consumer's ready_slots().
        myc__queue_fill(slot, &items[i]);
        myc__queue_publish(slot, ticket + i * STEP + 1);
    }
    if (queue->consumers_may_sleep) {
        myc__queue_bell_ring(&queue->item_bell, queue->wait);
    }
    *out_pushed = (size_t)ready;
    return MYC_OK;
}

enum myc_status myc_mpmc_try_push(struct myc_mpmc *queue, const struct myc_queue_item *item)
{
    size_t pushed = 0;
    return item->size > MYC_QUEUE_PAYLOAD_MAX ? MYC_TOO_BIG : push_some(queue, item, 1, &pushed);
}

enum myc_status myc_mpmc_try_push_batch(
    struct myc_mpmc *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed)
{
    *out_pushed = 0;
    if (count == 0) {
        return MYC_OK;
    }
    return myc__queue_fit(items, count) ? push_some(queue, items, count, out_pushed) : MYC_TOO_BIG;
}

enum myc_status
myc_mpmc_push(struct myc_mpmc *queue, const struct myc_queue_item *item, uint64_t deadline_ns)
{
    enum myc_status waited = MYC_OK;
    for (;;) {
        enum myc_status status = myc_mpmc_try_push(queue, item);
        if (status != MYC_FULL || waited != MYC_OK) {
            return status == MYC_FULL ? waited : status;
        }
        if (!queue->producers_may_sleep) {
            return MYC_UNSUPPORTED;
        }
        uint32_t armed = myc__queue_bell_arm(&queue->room_bell);
        status = myc_mpmc_try_push(queue, item);
        if (status != MYC_FULL) {
            return status;
        }
        MYC_REACHED("queue.mpmc.producer-sleeps");
        waited = myc__queue_bell_wait(&queue->room_bell, queue->wait, armed, deadline_ns);
    }
}

// ---- Consumers ----

// Nothing lies at the head's ticket: for now, or for good?
static enum myc_status empty_status(const struct myc_mpmc *queue, uint64_t ticket)
{
    // Relaxed: who closes and wakes, or tells us, fences or orders otherwise.
    if (myc_load_relaxed_u32(&queue->closed) == 0) {
        return MYC_AGAIN;
    }
    // Relaxed: whether it is closed and where it ends is one word.
    uint64_t tail = myc_load_relaxed_u64(&queue->tail);
    // Below the end somebody is about to fill the slot.
    MYC_SOMETIMES((tail & CLOSED) != 0 && tail != (ticket | CLOSED), "queue.mpmc.closed-unfilled");
    return tail == (ticket | CLOSED) ? MYC_CLOSED : MYC_AGAIN;
}

static enum myc_status
pop_some(struct myc_mpmc *queue, struct myc_queue_item *out_items, size_t count, size_t *out_popped)
{
    uint64_t most = count < queue->capacity ? count : queue->capacity;
    uint64_t ready = 0;
    uint64_t ticket;
    for (;;) {
        // Relaxed: the exchange decides whether it is still true.
        ticket = myc_load_relaxed_u64(&queue->head);
        int64_t distance = 0;
        ready = ready_slots(queue, ticket, 1, most, &distance);
        if (distance < 0) {
            return empty_status(queue, ticket);
        }
        if (ready > 0 && myc_compare_exchange_u64(&queue->head, ticket, ticket + ready * STEP)) {
            break;
        }
        MYC_REACHED("queue.mpmc.pop-beaten");
    }
    for (uint64_t i = 0; i < ready; i++) {
        struct myc__queue_slot *slot = slot_at(queue, ticket + i * STEP);
        myc__queue_take(slot, &out_items[i]);
        // The slot is free for the next lap; acquired by the producer's ready_slots().
        myc_store_release_u64(&slot->sequence, ticket + (i + queue->capacity) * STEP);
    }
    if (queue->producers_may_sleep) {
        myc__queue_bell_ring(&queue->room_bell, queue->wait);
    }
    *out_popped = (size_t)ready;
    return MYC_OK;
}

enum myc_status myc_mpmc_try_pop_batch(
    struct myc_mpmc *queue, struct myc_queue_item *out_items, size_t count, size_t *out_popped)
{
    *out_popped = 0;
    return count == 0 ? MYC_OK : pop_some(queue, out_items, count, out_popped);
}

enum myc_status myc_mpmc_try_pop(struct myc_mpmc *queue, struct myc_queue_item *out_item)
{
    size_t popped = 0;
    return pop_some(queue, out_item, 1, &popped);
}

enum myc_status
myc_mpmc_pop(struct myc_mpmc *queue, struct myc_queue_item *out_item, uint64_t deadline_ns)
{
    enum myc_status waited = MYC_OK;
    for (;;) {
        enum myc_status status = myc_mpmc_try_pop(queue, out_item);
        if (status != MYC_AGAIN || waited != MYC_OK) {
            return status == MYC_AGAIN ? waited : status;
        }
        if (!queue->consumers_may_sleep) {
            return MYC_UNSUPPORTED;
        }
        uint32_t armed = myc__queue_bell_arm(&queue->item_bell);
        status = myc_mpmc_try_pop(queue, out_item);
        if (status != MYC_AGAIN) {
            return status;
        }
        MYC_REACHED("queue.mpmc.consumer-sleeps");
        waited = myc__queue_bell_wait(&queue->item_bell, queue->wait, armed, deadline_ns);
    }
}

// ---- All ----

void myc_mpmc_close(struct myc_mpmc *queue)
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

size_t myc_mpmc_count(const struct myc_mpmc *queue)
{
    // Relaxed: a hint needs no order. The tail may be older than the head then.
    uint64_t head = myc_load_relaxed_u64(&queue->head);
    uint64_t tail = myc_load_relaxed_u64(&queue->tail);
    return myc__queue_count((int64_t)((tail & ~(uint64_t)CLOSED) - head) / STEP, queue->capacity);
}
