// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One producer, one consumer: each slot says which item is inside, one index gives slots back.
 *
 * A slot's word is the number of its item plus one, so that the consumer finds flag and item on the
 * one line that it needs anyway, and asks for no other; it only reads slots. How far it has come,
 * `head`, the producer asks for when the room that it knows of is used up. Numbers count on for
 * ever and wrap at 2^64, which is a multiple of every capacity; before the first lap each slot has
 * its first item's own number, which no consumer waits for there.
 *
 * Single pushes and pops are in the header, up to where they become rare or may have to wake.
 */
#include "queue/slot.h"

#include <string.h>

#include <mycelium/simulation.h>

#define APART(one, other)                                                                          \
    _Static_assert(MYC__QUEUE_APART(struct myc_spsc, one, other), "lines of their own")

APART(closed, next_push);
APART(next_push, head);
APART(head, next_pop);
APART(next_pop, item_bell);
APART(item_bell, room_bell);
_Static_assert(
    !MYC__QUEUE_APART(struct myc_spsc, next_push, push_end)
        && !MYC__QUEUE_APART(struct myc_spsc, next_push, tail),
    "what one side works with lies together");

enum myc_status myc_spsc_init(
    struct myc_spsc *queue,
    void *memory,
    size_t memory_bytes,
    const struct myc_queue_options *options,
    struct myc_diagnostic *diagnostic)
{
    enum myc_status status = myc__queue_check(queue, memory, memory_bytes, options, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    memset(queue, 0, sizeof *queue);
    memset(memory, 0, myc_queue_memory_size(options->capacity));
    queue->slots = memory;
    queue->wait = options->wait;
    queue->capacity = options->capacity;
    queue->producers_may_sleep = options->producers_may_sleep;
    queue->consumers_may_sleep = options->consumers_may_sleep;
    queue->next_push = options->start;
    queue->push_end = options->start + options->capacity;
    queue->next_pop = options->start;
    // Relaxed: whatever hands the queue to other threads publishes it.
    for (uint64_t i = 0; i < options->capacity; i++) {
        uint64_t number = options->start + i;
        myc_store_relaxed_u64(&myc__spsc_slot(queue, number)->sequence, number);
    }
    myc_store_relaxed_u64(&queue->tail, options->start);
    myc_store_relaxed_u64(&queue->head, options->start);
    return MYC_OK;
}

// ---- The producer ----

// How many items may be pushed; asks the consumer if it would be fewer than wanted.
static uint64_t room(struct myc_spsc *queue, size_t wanted)
{
    if (queue->push_end - queue->next_push < wanted) {
        // Pairs with the release of myc__spsc_give_back(): the consumer has read what we shall
        // overwrite.
        queue->push_end = myc_load_acquire_u64(&queue->head) + queue->capacity;
    }
    return queue->push_end - queue->next_push;
}

// Pushes what there is room for of items that fit.
static enum myc_status push_some(
    struct myc_spsc *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed)
{
    // Relaxed: nothing is read because of it, and our own close is seen in any case.
    if (myc_load_relaxed_u32(&queue->closed) != 0) {
        return MYC_CLOSED;
    }
    uint64_t free_slots = room(queue, count);
    if (free_slots == 0) {
        MYC_REACHED("queue.spsc.full");
        return MYC_FULL;
    }
    size_t pushed = count < free_slots ? count : (size_t)free_slots;
    uint64_t number = queue->next_push;
    for (size_t i = 0; i < pushed; i++, number++) {
        struct myc__queue_slot *slot = myc__spsc_slot(queue, number);
        myc__queue_fill_wide(slot, &items[i]);
        myc__queue_publish(slot, number + 1);
    }
    queue->next_push = number;
    myc_store_relaxed_u64(&queue->tail, number);
    if (queue->consumers_may_sleep) {
        myc__queue_bell_ring(&queue->item_bell, queue->wait);
    }
    *out_pushed = pushed;
    return MYC_OK;
}

enum myc_status myc__spsc_push_slowly(struct myc_spsc *queue, const struct myc_queue_item *item)
{
    size_t pushed = 0;
    return item->size > MYC_QUEUE_PAYLOAD_MAX ? MYC_TOO_BIG : push_some(queue, item, 1, &pushed);
}

enum myc_status myc_spsc_try_push_batch(
    struct myc_spsc *queue, const struct myc_queue_item *items, size_t count, size_t *out_pushed)
{
    *out_pushed = 0;
    if (count == 0) {
        return MYC_OK;
    }
    return myc__queue_fit(items, count) ? push_some(queue, items, count, out_pushed) : MYC_TOO_BIG;
}

enum myc_status
myc_spsc_push(struct myc_spsc *queue, const struct myc_queue_item *item, uint64_t deadline_ns)
{
    enum myc_status waited = MYC_OK;
    for (;;) {
        enum myc_status status = myc_spsc_try_push(queue, item);
        if (status != MYC_FULL || waited != MYC_OK) {
            return status == MYC_FULL ? waited : status;
        }
        if (!queue->producers_may_sleep) {
            return MYC_UNSUPPORTED;
        }
        uint32_t armed = myc__queue_bell_arm(&queue->room_bell);
        status = myc_spsc_try_push(queue, item);
        if (status != MYC_FULL) {
            return status;
        }
        MYC_REACHED("queue.spsc.producer-sleeps");
        waited = myc__queue_bell_wait(&queue->room_bell, queue->wait, armed, deadline_ns);
    }
}

// ---- The consumer ----

// Takes what there is, at most `count` items. Returns: how many.
static size_t pop_some(struct myc_spsc *queue, struct myc_queue_item *out_items, size_t count)
{
    uint64_t number = queue->next_pop;
    size_t popped = 0;
    while (popped < count) {
        const struct myc__queue_slot *slot = myc__spsc_slot(queue, number);
        if (!myc__queue_has(slot, number + 1)) {
            break;
        }
        myc__queue_take_wide(slot, &out_items[popped++]);
        number++;
    }
    if (popped > 0) {
        myc__spsc_give_back(queue, number);
        if (queue->producers_may_sleep) {
            myc__queue_bell_ring(&queue->room_bell, queue->wait);
        }
    }
    return popped;
}

enum myc_status myc_spsc_try_pop_batch(
    struct myc_spsc *queue, struct myc_queue_item *out_items, size_t count, size_t *out_popped)
{
    *out_popped = 0;
    if (count == 0) {
        return MYC_OK;
    }
    size_t popped = pop_some(queue, out_items, count);
    if (popped == 0) {
        // Pairs with the release of myc_spsc_close(): what was pushed before is seen below.
        if (myc_load_acquire_u32(&queue->closed) == 0) {
            return MYC_AGAIN;
        }
        popped = pop_some(queue, out_items, count);
        MYC_SOMETIMES(popped != 0, "queue.spsc.closed-behind-items");
        if (popped == 0) {
            return MYC_CLOSED;
        }
    }
    *out_popped = popped;
    return MYC_OK;
}

enum myc_status myc__spsc_pop_slowly(struct myc_spsc *queue, struct myc_queue_item *out_item)
{
    size_t popped = 0;
    return myc_spsc_try_pop_batch(queue, out_item, 1, &popped);
}

enum myc_status
myc_spsc_pop(struct myc_spsc *queue, struct myc_queue_item *out_item, uint64_t deadline_ns)
{
    enum myc_status waited = MYC_OK;
    for (;;) {
        enum myc_status status = myc_spsc_try_pop(queue, out_item);
        if (status != MYC_AGAIN || waited != MYC_OK) {
            return status == MYC_AGAIN ? waited : status;
        }
        if (!queue->consumers_may_sleep) {
            return MYC_UNSUPPORTED;
        }
        uint32_t armed = myc__queue_bell_arm(&queue->item_bell);
        status = myc_spsc_try_pop(queue, out_item);
        if (status != MYC_AGAIN) {
            return status;
        }
        MYC_REACHED("queue.spsc.consumer-sleeps");
        waited = myc__queue_bell_wait(&queue->item_bell, queue->wait, armed, deadline_ns);
    }
}

// ---- Both ----

void myc_spsc_close(struct myc_spsc *queue)
{
    // Comes after our own pushes; acquired by myc_spsc_try_pop_batch().
    myc_store_release_u32(&queue->closed, 1);
    if (queue->consumers_may_sleep) {
        myc__queue_bell_ring(&queue->item_bell, queue->wait);
    }
    if (queue->producers_may_sleep) {
        myc__queue_bell_ring(&queue->room_bell, queue->wait);
    }
}

size_t myc_spsc_count(const struct myc_spsc *queue)
{
    // Relaxed: a hint needs no order. The tail may be older than the head then.
    uint64_t head = myc_load_relaxed_u64(&queue->head);
    uint64_t tail = myc_load_relaxed_u64(&queue->tail);
    return myc__queue_count((int64_t)(tail - head), queue->capacity);
}
