// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The publishers of the framed scenarios; see framed_lane.h.
 */
#include "framed_lane.h"

#include <stdlib.h>
#include <string.h>

#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>

// ---- The floor ----

static void *take(size_t alignment, size_t bytes)
{
    void *memory = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (memory == NULL) {
        abort();
    }
    memset(memory, 0, bytes);
    return memory;
}

static struct myc_ring_options options_of(const struct lane *lane, uint32_t epoch)
{
    struct myc_ring_options options = {
        .capacity_bytes = FRAMED_CAPACITY,
        .readers_max = 1,
        .readers_may_sleep = lane->floor->may_sleep,
        .writer_may_sleep = lane->floor->may_sleep,
        .publisher_id = lane->index + 1,
        .publisher_epoch = epoch + 1};
    return options;
}

struct floor *floor_create(struct myc_sim *sim, bool may_sleep)
{
    struct floor *floor = take(64, sizeof *floor);
    floor->sim = sim;
    floor->may_sleep = may_sleep;
    floor->limits.message_bytes_max =
        myc_sim_chance(sim, "framed.low-limit", 1, 4) ? 2000 : FRAMED_SIZE_MAX;
    floor->limits.reassemblies_max = myc_sim_chance(sim, "framed.one-slot", 1, 4) ? 1 : 2;
    size_t bytes = myc_framed_memory_size(&floor->limits);
    floor->slots = take(8, bytes);
    enum myc_status status =
        myc_framed_assembler_init(&floor->assembler, floor->slots, bytes, &floor->limits, NULL);
    myc_sim_check(sim, status == MYC_OK, "the assembler can be made");
    for (uint32_t i = 0; i < FRAMED_LANES; i++) {
        struct lane *lane = &floor->lanes[i];
        lane->floor = floor;
        lane->index = i;
        const struct myc_ring_options options = options_of(lane, 0);
        for (uint32_t epoch = 0; epoch < FRAMED_EPOCHS_MAX; epoch++) {
            struct incarnation *now = &lane->incarnations[epoch];
            now->memory_bytes = myc_ring_memory_size(&options);
            now->memory = take(4096, now->memory_bytes);
            now->page = take(64, MYC_RING_PAGE_BYTES);
        }
    }
    return floor;
}

void floor_destroy(struct floor *floor)
{
    for (uint32_t i = 0; i < FRAMED_LANES; i++) {
        for (uint32_t epoch = 0; epoch < FRAMED_EPOCHS_MAX; epoch++) {
            free(floor->lanes[i].incarnations[epoch].memory);
            free(floor->lanes[i].incarnations[epoch].page);
        }
    }
    free(floor->slots);
    free(floor);
}

unsigned char framed_byte(const struct lane *lane, uint32_t epoch, uint16_t number, size_t i)
{
    return (unsigned char)(lane->index * 101 + epoch * 53 + number * 31u + i * 7 + (i >> 8) + 1);
}

void framed_ring(struct floor *floor, struct myc_platform *platform, struct myc_atomic_u32 *bell)
{
    (void)myc_fetch_add_u32(bell, 1);
    if (floor->may_sleep) {
        (void)myc_wait_wake(platform->wait, bell, UINT32_MAX, MYC_WAIT_PROCESS);
    }
}

void framed_wait(
    struct floor *floor, struct myc_platform *platform, struct myc_atomic_u32 *bell, uint32_t seen)
{
    if (floor->may_sleep) {
        (void)myc_wait_wait(platform->wait, bell, seen, MYC_NEVER, MYC_WAIT_PROCESS);
    } else {
        myc_thread_relax(platform->thread, 0);
    }
}

// ---- A publisher ----

struct publisher {
    struct lane *lane;
    struct incarnation *now;
    uint32_t epoch;
    struct myc_platform *platform;
    struct myc_framed_writer writer;
};

static void wake_reader(struct publisher *publisher)
{
    if (myc_ring_sleepers(&publisher->now->ring_writer) != 0) {
        framed_ring(publisher->lane->floor, publisher->platform, &publisher->lane->floor->bell);
    }
}

static void wait_for_room(struct publisher *publisher, size_t size)
{
    struct lane *lane = publisher->lane;
    struct myc_ring_writer *ring = &publisher->now->ring_writer;
    uint32_t seen = myc_load_acquire_u32(&lane->bell);
    if (myc_ring_writer_arm(ring, myc_framed_next_bytes(&publisher->writer, size))) {
        myc_sim_count(lane->floor->sim, "publisher blocked", 1);
        framed_wait(lane->floor, publisher->platform, &lane->bell, seen);
    }
    myc_ring_writer_disarm(ring);
}

// A GAP, which a publisher that drops messages would send; also between two fragments.
static void maybe_gap(struct publisher *publisher)
{
    static const struct myc_gap gap = {2, MYC_LOSS_DROPPED_NEWEST, 0};
    if (!myc_sim_chance(publisher->lane->floor->sim, "framed.gap", 1, 12)) {
        return;
    }
    (void)myc_fetch_add_u32(&publisher->now->gaps, 1);
    enum myc_status status =
        myc_ring_publish(&publisher->now->ring_writer, MYC_RECORD_GAP, 1, &gap, sizeof gap);
    myc_sim_count(publisher->lane->floor->sim, "gaps", status == MYC_OK);
}

static size_t draw_size(struct myc_sim *sim)
{
    switch (myc_sim_choose(sim, "framed.kind", 4)) {
    case 0:
        return FRAMED_FRAGMENT_BYTES * 3;
    case 1:
        return (size_t)myc_sim_choose(sim, "framed.size", FRAMED_FRAGMENT_BYTES * 2);
    case 2:
        return (size_t)myc_sim_choose(sim, "framed.size", 2200);
    default:
        return FRAMED_SIZE_MAX - (size_t)myc_sim_choose(sim, "framed.size", 2500);
    }
}

// Goes on with a message until it is sent or given up.
static enum fate push(struct publisher *publisher, uint16_t number, size_t size)
{
    struct lane *lane = publisher->lane;
    struct myc_sim *sim = lane->floor->sim;
    uint16_t type = (uint16_t)(lane->index + 1);
    enum myc_status status =
        myc_framed_publish(&publisher->writer, type, number, lane->payload, size);
    for (;;) {
        wake_reader(publisher);
        if (status == MYC_OK) {
            return FATE_SENT;
        }
        if (status != MYC_AGAIN && status != MYC_FULL) {
            myc_sim_fail(sim, "a message is refused: %s", myc_status_name(status));
        }
        if (status == MYC_AGAIN) {
            myc_sim_count(sim, "trains that took turns", 1);
            maybe_gap(publisher);
            if (myc_sim_chance(sim, "framed.give-up", 1, 8)) {
                // Before it can be seen, so that a reader who sees it knows.
                myc_store_release_u32(&publisher->now->sent[number].fate, FATE_GIVEN_UP);
                myc_framed_abandon(&publisher->writer);
                return FATE_GIVEN_UP;
            }
        }
        wait_for_room(publisher, size);
        status = status == MYC_AGAIN
                     ? myc_framed_resume(&publisher->writer)
                     : myc_framed_publish(&publisher->writer, type, number, lane->payload, size);
    }
}

static void send_one(struct publisher *publisher, uint16_t number)
{
    struct lane *lane = publisher->lane;
    size_t size = draw_size(lane->floor->sim);
    struct sent *sent = &publisher->now->sent[number];
    sent->size = (uint32_t)size;
    for (size_t i = 0; i < size; i++) {
        lane->payload[i] = framed_byte(lane, publisher->epoch, number, i);
    }
    enum fate fate = push(publisher, number, size);
    myc_store_release_u32(&sent->fate, (uint32_t)fate);
    myc_sim_count(lane->floor->sim, "messages sent", fate == FATE_SENT);
    maybe_gap(publisher);
}

void lane_write(struct lane *lane, struct myc_platform *platform)
{
    struct myc_sim *sim = lane->floor->sim;
    struct publisher publisher = {.lane = lane, .platform = platform};
    publisher.epoch = lane->epochs++;
    publisher.now = &lane->incarnations[publisher.epoch];
    struct incarnation *now = publisher.now;
    const struct myc_ring_options options = options_of(lane, publisher.epoch);
    const struct myc_framed_writer_options framed = {.fragment_bytes = FRAMED_FRAGMENT_BYTES};
    bool is_made =
        myc_ring_writer_init(&now->ring_writer, now->memory, now->memory_bytes, &options, NULL)
            == MYC_OK
        && myc_framed_writer_init(&publisher.writer, &now->ring_writer, &framed, NULL) == MYC_OK
        && myc_ring_join(&now->ring_writer, now->page, MYC_RING_LIVE, &now->ticket) == MYC_OK;
    myc_sim_check(sim, is_made, "a publisher can begin");
    myc_store_release_u32(&now->is_ready, 1);
    framed_ring(lane->floor, platform, &lane->floor->bell);
    uint64_t count = 3 + myc_sim_choose(sim, "framed.messages", FRAMED_MESSAGES_MAX - 2);
    for (uint16_t number = 1; number <= count; number++) {
        send_one(&publisher, number);
    }
    myc_ring_writer_close(&now->ring_writer);
    wake_reader(&publisher);
}

void lane_end(struct lane *lane, struct myc_platform *platform, bool is_last)
{
    if (lane->epochs > 0) {
        lane->incarnations[lane->epochs - 1].is_ended.value = 1;
    }
    if (is_last) {
        lane->is_over.value = 1;
    }
    if (platform != NULL) {
        framed_ring(lane->floor, platform, &lane->floor->bell);
    }
}
