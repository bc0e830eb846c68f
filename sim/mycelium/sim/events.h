// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the world does at a virtual instant: events, in a heap of slots by due time and then by
 * order. Part of the implementation unit.
 */
#ifndef MYC_SIM_EVENTS_H
#define MYC_SIM_EVENTS_H

#include <mycelium/sim/internal.h>

#include <stdlib.h>

static bool sim__event_is_before(const struct myc_sim *world, uint32_t a, uint32_t b)
{
    const struct sim__event *x = &world->events[a];
    const struct sim__event *y = &world->events[b];
    return x->due_ns != y->due_ns ? x->due_ns < y->due_ns : x->order < y->order;
}

static void sim__event_place(struct myc_sim *world, uint32_t index, uint32_t slot)
{
    world->event_heap[index] = slot;
    world->events[slot].heap_index = index;
}

static void sim__event_rise(struct myc_sim *world, uint32_t index, uint32_t slot)
{
    while (index > 0) {
        uint32_t parent = (index - 1) / 2;
        if (!sim__event_is_before(world, slot, world->event_heap[parent])) {
            break;
        }
        sim__event_place(world, index, world->event_heap[parent]);
        index = parent;
    }
    sim__event_place(world, index, slot);
}

static void sim__event_sink(struct myc_sim *world, uint32_t index, uint32_t slot)
{
    for (;;) {
        uint32_t child = index * 2 + 1;
        if (child >= world->event_count) {
            break;
        }
        if (child + 1 < world->event_count
            && sim__event_is_before(
                world, world->event_heap[child + 1], world->event_heap[child])) {
            child++;
        }
        if (!sim__event_is_before(world, world->event_heap[child], slot)) {
            break;
        }
        sim__event_place(world, index, world->event_heap[child]);
        index = child;
    }
    sim__event_place(world, index, slot);
}

static void sim__event_remove(struct myc_sim *world, uint32_t slot)
{
    uint32_t index = world->events[slot].heap_index;
    uint32_t moved = world->event_heap[--world->event_count];
    if (moved != slot) {
        sim__event_sink(world, index, moved);
        sim__event_rise(world, world->events[moved].heap_index, moved);
    }
    world->events[slot].fn = NULL;
    world->events[slot].generation++;
    world->events[slot].heap_index = world->event_free;
    world->event_free = slot;
}

static void sim__event_grow(struct myc_sim *world)
{
    uint32_t old = world->event_capacity;
    uint32_t capacity = old == 0 ? 64 : old * 2;
    world->events = sim__must(realloc(world->events, capacity * sizeof(struct sim__event)));
    world->event_heap = sim__must(realloc(world->event_heap, capacity * sizeof(uint32_t)));
    memset(world->events + old, 0, (capacity - old) * sizeof(struct sim__event));
    for (uint32_t slot = capacity - 1; slot > 0 && slot >= old; slot--) {
        world->events[slot].heap_index = world->event_free;
        world->event_free = slot;
    }
    world->event_capacity = capacity;
}

static struct sim__event_id
sim__event_at(struct myc_sim *world, uint64_t due_ns, sim__event_fn *fn, void *context)
{
    if (world->event_free == 0) {
        sim__event_grow(world);
    }
    uint32_t slot = world->event_free;
    struct sim__event *event = &world->events[slot];
    world->event_free = event->heap_index;
    uint64_t tie = world->profile.shuffles_ties ? sim__choose(world, "event.order", 8) : 0;
    event->due_ns = due_ns;
    event->order = (tie << 56) | world->event_sequence++;
    event->fn = fn;
    event->context = context;
    sim__event_rise(world, world->event_count++, slot);
    return (struct sim__event_id){((uint64_t)event->generation << 32) | slot};
}

struct sim__event_id
sim__after(struct myc_sim *world, uint64_t delay_ns, sim__event_fn *fn, void *context)
{
    return sim__event_at(world, sim__now(world) + delay_ns, fn, context);
}

void sim__cancel(struct myc_sim *world, struct sim__event_id id)
{
    uint32_t slot = (uint32_t)id.value;
    if (slot == 0 || slot >= world->event_capacity) {
        return;
    }
    struct sim__event *event = &world->events[slot];
    if (event->fn != NULL && event->generation == (uint32_t)(id.value >> 32)) {
        sim__event_remove(world, slot);
    }
}

static void sim__run_due_events(struct myc_sim *world)
{
    while (world->event_count > 0) {
        uint32_t slot = world->event_heap[0];
        struct sim__event event = world->events[slot];
        if (event.due_ns > world->time_ns) {
            return;
        }
        sim__event_remove(world, slot);
        sim__progress(world);
        sim__note(world, SIM__NOTE_EVENT, event.due_ns, 0);
        event.fn(world, event.context);
    }
}

#endif
