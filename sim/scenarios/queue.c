// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Queues under every interleaving of their atomics and payload accesses that a seed draws.
 *
 * One scenario a kind, with as many threads on each side as it allows, at most two. They push and
 * pop singly, in batches, with and without deadlines, and sleep on words, so that a lost wake-up is
 * a deadlock, which the harness reports. One producer may close the queue under the others' hands;
 * where there is one producer, the consumer may. "KIND-kernel" is as little as there can be, for
 * going through all schedules.
 *
 * Oracles: an item is seen whole, once, and after all that its producer pushed before; what a push
 * accepted is popped before CLOSED; never more than `capacity` items are inside; nobody is told
 * TIMEOUT before the deadline.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <stdlib.h>
#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/thread.h>

#include "queue_kinds.h"

enum { SIDE_MAX = 2, ITEMS_MAX = 10, BATCH_MAX = 3, WAIT_NS_MAX = 20000, QUEUE_BYTES = 1024 };

struct arena;

struct end {
    struct arena *arena;
    uint32_t index;
    uint32_t next[SIDE_MAX]; // of a consumer: the least number it may see of each producer
};

struct arena {
    struct myc_sim *sim;
    struct myc_platform *platform;
    const struct queue_kind *kind;
    void *queue;
    void *memory;
    struct myc_sim_process process;
    struct end producers[SIDE_MAX];
    struct end consumers[SIDE_MAX];
    uint32_t producer_count;
    uint32_t consumer_count;
    uint32_t producers_left;
    uint32_t item_count; // of each producer
    uint32_t capacity;
    bool is_kernel;       // nothing is drawn
    bool producers_sleep; // else they try again and again
    bool consumers_sleep;
    bool is_closed_early; // by producer 0, while others push
    bool is_closed_by_consumer;
    uint32_t pushed;  // pushes that said OK
    uint32_t popped;  // pops that did
    uint32_t popping; // items that running pops may have taken
    bool is_popped[SIDE_MAX][ITEMS_MAX];
};

static uint64_t draw(struct arena *arena, const char *label, uint64_t bound)
{
    return arena->is_kernel ? 0 : myc_sim_choose(arena->sim, label, bound);
}

static struct myc_queue_item item_make(uint32_t producer, uint32_t number)
{
    struct myc_queue_item item = {MYC_QUEUE_PAYLOAD_MAX, producer, {number}};
    for (uint32_t i = 1; i < MYC_QUEUE_PAYLOAD_MAX / 8; i++) {
        item.payload[i] = number * 7 + producer + i;
    }
    return item;
}

static uint64_t deadline_draw(struct arena *arena)
{
    uint64_t wait_ns = draw(arena, "deadline", 2) == 0 ? 0 : 1 + draw(arena, "ns", WAIT_NS_MAX);
    return wait_ns == 0 ? MYC_NEVER : myc_clock_monotonic_ns(arena->platform->clock) + wait_ns;
}

static void check_timeout(struct arena *arena, enum myc_status status, uint64_t deadline_ns)
{
    if (status == MYC_TIMEOUT) {
        myc_sim_count(arena->sim, "timeouts", 1);
        myc_sim_check(
            arena->sim,
            myc_clock_monotonic_ns(arena->platform->clock) >= deadline_ns,
            "nobody is told of a timeout before the deadline");
    }
}

// Now and then a thread has other things to do, so that deadlines pass.
static void do_something_else(struct arena *arena)
{
    if (draw(arena, "pause", 8) == 1) {
        myc_sim_compute(arena->sim, 1 + draw(arena, "ns", 2 * WAIT_NS_MAX));
    }
}

// ---- Producers ----

// Pushes items from `number` on, in one of the ways there are. Returns: how it went.
static enum myc_status push_some(struct end *end, uint32_t number, size_t *out_pushed)
{
    struct arena *arena = end->arena;
    struct myc_queue_item items[BATCH_MAX];
    size_t left = arena->item_count - number;
    for (uint32_t i = 0; i < BATCH_MAX; i++) {
        items[i] = item_make(end->index, number + i);
    }
    enum myc_status status = MYC_OK;
    uint64_t way = arena->producers_sleep ? draw(arena, "push", 3) : 1 + draw(arena, "push", 2);
    if (way == 2) {
        return arena->kind->try_push_batch(
            arena->queue, items, left < BATCH_MAX ? left : BATCH_MAX, out_pushed);
    }
    if (way == 1) {
        status = arena->kind->try_push(arena->queue, &items[0]);
    } else {
        uint64_t deadline_ns = deadline_draw(arena);
        status = arena->kind->push(arena->queue, &items[0], deadline_ns);
        check_timeout(arena, status, deadline_ns);
    }
    *out_pushed = status == MYC_OK;
    return status;
}

static void produce(void *context)
{
    struct end *end = context;
    struct arena *arena = end->arena;
    uint32_t number = 0;
    uint32_t last = arena->item_count;
    uint32_t round = 0;
    if (arena->is_closed_early && end->index == 0) {
        last = (uint32_t)draw(arena, "close after", last);
    }
    while (number < last) {
        size_t pushed = 0;
        do_something_else(arena);
        enum myc_status status = push_some(end, number, &pushed);
        if (status == MYC_CLOSED) {
            bool is_possible = arena->is_closed_early || arena->is_closed_by_consumer;
            myc_sim_check(arena->sim, is_possible, "an open queue takes items");
            myc_sim_count(arena->sim, "pushes after close", 1);
            break;
        }
        bool has_moved = status == MYC_OK;
        myc_sim_check(
            arena->sim,
            has_moved ? pushed > 0 : pushed == 0 && (status == MYC_FULL || status == MYC_TIMEOUT),
            "a push says what it did");
        number += (uint32_t)pushed;
        arena->pushed += (uint32_t)pushed;
        myc_sim_check(
            arena->sim,
            arena->pushed <= arena->popped + arena->popping + arena->capacity,
            "no more items are inside than there is room for");
        if (status == MYC_FULL) {
            myc_thread_relax(arena->platform->thread, round++);
        }
    }
    arena->producers_left--;
    if (arena->producers_left == 0 || (arena->is_closed_early && end->index == 0)) {
        arena->kind->close(arena->queue);
    }
}

// ---- Consumers ----

static void check_item(struct end *end, const struct myc_queue_item *item)
{
    struct arena *arena = end->arena;
    uint32_t producer = item->tag;
    uint64_t number = item->payload[0];
    bool is_known = producer < arena->producer_count && number < arena->item_count;
    struct myc_queue_item expected = item_make(producer, (uint32_t)number);
    myc_sim_check(
        arena->sim,
        is_known && memcmp(item, &expected, sizeof expected) == 0,
        "an item is popped as it was pushed");
    myc_sim_check(arena->sim, !arena->is_popped[producer][number], "an item is popped once");
    myc_sim_check(
        arena->sim, number >= end->next[producer], "items of a producer come in their order");
    arena->is_popped[producer][number] = true;
    end->next[producer] = (uint32_t)number + 1;
    myc_sim_progress(arena->sim);
}

static enum myc_status pop_some(struct end *end, struct myc_queue_item *items, size_t *out_popped)
{
    struct arena *arena = end->arena;
    enum myc_status status = MYC_OK;
    uint64_t way = arena->consumers_sleep ? draw(arena, "pop", 3) : 1 + draw(arena, "pop", 2);
    if (way == 2) {
        return arena->kind->try_pop_batch(arena->queue, items, BATCH_MAX, out_popped);
    }
    if (way == 1) {
        status = arena->kind->try_pop(arena->queue, &items[0]);
    } else {
        uint64_t deadline_ns = deadline_draw(arena);
        status = arena->kind->pop(arena->queue, &items[0], deadline_ns);
        check_timeout(arena, status, deadline_ns);
    }
    *out_popped = status == MYC_OK;
    return status;
}

static void consume(void *context)
{
    struct end *end = context;
    struct arena *arena = end->arena;
    uint32_t round = 0;
    for (;;) {
        struct myc_queue_item items[BATCH_MAX];
        size_t popped = 0;
        do_something_else(arena);
        if (arena->is_closed_by_consumer && draw(arena, "give up", 4) == 1) {
            arena->kind->close(arena->queue);
        }
        arena->popping += BATCH_MAX;
        enum myc_status status = pop_some(end, items, &popped);
        arena->popping -= BATCH_MAX;
        arena->popped += (uint32_t)popped;
        for (size_t i = 0; i < popped; i++) {
            check_item(end, &items[i]);
        }
        if (status == MYC_CLOSED) {
            return;
        }
        bool has_moved = status == MYC_OK;
        myc_sim_check(
            arena->sim,
            has_moved ? popped > 0 : popped == 0 && (status == MYC_AGAIN || status == MYC_TIMEOUT),
            "a pop says what it did");
        myc_sim_check(
            arena->sim,
            arena->kind->count(arena->queue) <= arena->capacity,
            "the count is within the capacity");
        if (status == MYC_AGAIN) {
            myc_thread_relax(arena->platform->thread, round++);
        }
    }
}

// ---- All ----

static int queue_main(struct myc_platform *platform, void *arg)
{
    struct arena *arena = arg;
    struct myc_handle threads[2 * SIDE_MAX] = {{0}};
    const struct myc_queue_options options = {
        .capacity = arena->capacity,
        .producers_may_sleep = arena->producers_sleep,
        .consumers_may_sleep = arena->consumers_sleep,
        .wait = platform->wait,
        .start = draw(arena, "start", 2) == 0 ? 0 : UINT64_MAX - 3};
    arena->platform = platform;
    size_t bytes = myc_queue_memory_size(arena->capacity);
    if (arena->kind->init(arena->queue, arena->memory, bytes, &options) != MYC_OK) {
        return 1;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < arena->producer_count + arena->consumer_count; i++) {
        bool is_producer = i < arena->producer_count;
        struct end *end =
            is_producer ? &arena->producers[i] : &arena->consumers[i - arena->producer_count];
        end->arena = arena;
        end->index = is_producer ? i : i - arena->producer_count;
        if (myc_thread_start(
                platform->thread, is_producer ? produce : consume, end, NULL, &threads[count])
            != MYC_OK) {
            return 1;
        }
        count++;
    }
    for (uint32_t i = 0; i < count; i++) {
        myc_thread_join(platform->thread, threads[i]);
    }
    return 0;
}

static bool has_ended(void *context)
{
    const struct arena *arena = context;
    return !myc_sim_is_running(arena->sim, arena->process);
}

static void check_end(struct arena *arena)
{
    struct myc_sim *sim = arena->sim;
    size_t left = arena->kind->count(arena->queue);
    myc_sim_check(sim, myc_sim_exit_code(sim, arena->process) == 0, "the process ends in order");
    myc_sim_check(
        sim, arena->pushed == arena->popped + left, "what was pushed was popped, or is there");
    // A consumer that gives up may leave what was pushed at that moment.
    myc_sim_check(
        sim, left == 0 || arena->is_closed_by_consumer, "what was pushed before close was popped");
    myc_sim_count(sim, "items", arena->popped);
}

static void run(struct myc_sim *sim, const struct queue_kind *kind, bool is_kernel)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL) {
        abort();
    }
    arena->sim = sim;
    arena->kind = kind;
    arena->is_kernel = is_kernel;
    arena->capacity = 2U << draw(arena, "capacity", 2);
    arena->item_count = 3 + (uint32_t)draw(arena, "items", ITEMS_MAX - 2);
    if (is_kernel && kind->producers_max > 1) {
        arena->item_count = 2;
    }
    // At the kernel all may run that may; else fewer are boring.
    arena->producer_count =
        kind->producers_max - (uint32_t)draw(arena, "alone", kind->producers_max);
    arena->consumer_count =
        kind->consumers_max - (uint32_t)draw(arena, "alone", kind->consumers_max);
    arena->producers_left = arena->producer_count;
    // A side that may not sleep does without fences, so that every order stands for itself.
    arena->producers_sleep = draw(arena, "busy producers", 4) != 1;
    arena->consumers_sleep = draw(arena, "busy consumers", 4) != 1;
    if (kind->producers_max == 1) {
        arena->is_closed_by_consumer = draw(arena, "consumer closes", 4) == 1;
    } else {
        arena->is_closed_early = draw(arena, "close early", 4) == 1;
    }
    arena->queue = aligned_alloc(64, QUEUE_BYTES);
    arena->memory = aligned_alloc(64, myc_queue_memory_size(arena->capacity));
    if (arena->queue == NULL || arena->memory == NULL) {
        abort();
    }
    memset(arena->queue, 0, QUEUE_BYTES);
    arena->process = myc_sim_start(sim, "host", "queue", queue_main, arena);
    (void)myc_sim_run_until(sim, has_ended, arena, MYC_NEVER);
    check_end(arena);
    free(arena->memory);
    free(arena->queue);
    free(arena);
}

static void run_spsc(struct myc_sim *sim)
{
    run(sim, &queue_spsc, false);
}

static void run_spsc_kernel(struct myc_sim *sim)
{
    run(sim, &queue_spsc, true);
}

static void run_mpsc(struct myc_sim *sim)
{
    run(sim, &queue_mpsc, false);
}

static void run_mpsc_kernel(struct myc_sim *sim)
{
    run(sim, &queue_mpsc, true);
}

static void run_mpmc(struct myc_sim *sim)
{
    run(sim, &queue_mpmc, false);
}

static void run_mpmc_kernel(struct myc_sim *sim)
{
    run(sim, &queue_mpmc, true);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"spsc", "one producer, one consumer", run_spsc},
        {"spsc-kernel", "as little of it as there can be; for --exhaustive", run_spsc_kernel},
        {"mpsc", "at most two producers, one consumer", run_mpsc},
        {"mpsc-kernel", "as little of it as there can be; for --exhaustive", run_mpsc_kernel},
        {"mpmc", "at most two producers, two consumers", run_mpmc},
        {"mpmc-kernel", "as little of it as there can be; for --exhaustive", run_mpmc_kernel},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
