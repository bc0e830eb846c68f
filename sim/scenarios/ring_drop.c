// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The writer that drops the newest; see ring_drop.h.
 *
 * Oracles besides those of the arena: every message offered was published, told as missing, or is
 * among those that the close could not tell of; the ring's own counts say the same. That a GAP and
 * its message are there together is the arena's matter, where writers die.
 */
#include "ring_drop.h"

#include <mycelium/interface/thread.h>
#include <mycelium/ring_batch.h>
#include <mycelium/ring_counters.h>
#include <mycelium/ring_drop.h>

// Before anything is published: it may tell of all that is pending.
static void announce(struct arena *arena, uint64_t pending, uint64_t committing)
{
    arena->committing = committing;
    arena->gap_max = pending > arena->gap_max ? pending : arena->gap_max;
}

static void told(struct arena *arena, struct myc_platform *platform, uint64_t gap)
{
    if (gap != 0) {
        count_record(&arena->counted, sizeof(struct myc_gap), gap);
        myc_sim_count(arena->sim, "gaps told", 1);
    }
    myc_store_release_u64(&arena->committed, myc_ring_committed(&arena->writer));
    ring_sleepers(arena, platform);
}

static void offer(struct arena *arena, struct myc_platform *platform)
{
    struct myc_sim *sim = arena->sim;
    uint64_t pending = myc_ring_drop_pending(&arena->writer);
    uint64_t number = myc_ring_committed(&arena->writer) + pending + 1;
    size_t size = message_size(arena);
    unsigned char *payload = myc_ring_drop_claim(&arena->writer, size);
    if (payload == NULL) {
        arena->refused++;
        myc_sim_count(sim, "dropped", 1);
        myc_sim_check(
            sim,
            myc_ring_drop_pending(&arena->writer) == pending + 1,
            "what finds no room is counted");
        return;
    }
    message_write(payload, size, number);
    announce(arena, pending, number);
    myc_ring_drop_commit(&arena->writer, RING_MESSAGE_TYPE, 1, size);
    count_record(&arena->counted, size, 0);
    myc_sim_count(sim, "messages", 1);
    myc_sim_check(
        sim,
        myc_ring_committed(&arena->writer) == number && myc_ring_drop_pending(&arena->writer) == 0,
        "a message goes with all that was dropped before it");
    told(arena, platform, pending);
}

// Tells what is pending, now.
static void flush(struct arena *arena, struct myc_platform *platform)
{
    uint64_t pending = myc_ring_drop_pending(&arena->writer);
    announce(arena, pending, myc_ring_committed(&arena->writer) + pending);
    if (myc_ring_drop_flush(&arena->writer) == MYC_OK) {
        told(arena, platform, pending);
    } else {
        arena->refused++;
    }
}

// Closes, in half of the runs with time for the readers. Returns: how many nobody was told of.
static uint64_t finish(struct arena *arena, struct myc_platform *platform)
{
    bool has_time = myc_sim_chance(arena->sim, "time", 1, 2);
    while (has_time && myc_ring_drop_pending(&arena->writer) != 0) {
        uint32_t seen = myc_load_acquire_u32(&arena->writer_bell);
        flush(arena, platform);
        if (myc_ring_drop_pending(&arena->writer) != 0
            && myc_ring_writer_arm(&arena->writer, sizeof(struct myc_gap))) {
            wait_change(arena, platform, &arena->writer_bell, seen);
        }
        myc_ring_writer_disarm(&arena->writer);
    }
    uint64_t pending = myc_ring_drop_pending(&arena->writer);
    announce(arena, pending, myc_ring_committed(&arena->writer) + pending);
    uint64_t untold = myc_ring_drop_close(&arena->writer);
    arena->refused += untold != 0;
    myc_sim_count(arena->sim, "untold", untold);
    myc_sim_check(
        arena->sim,
        untold == 0 || (!has_time && untold == pending),
        "a close says how many nobody was told of");
    told(arena, platform, pending - untold);
    return untold;
}

void ring_drop_write(struct arena *arena, struct myc_platform *platform)
{
    struct myc_ring_writer_counters counters;
    for (uint64_t i = 0; i < arena->message_count; i++) {
        offer(arena, platform);
        if (myc_sim_chance(arena->sim, "flush", 1, 16)) {
            flush(arena, platform);
        }
        if (!arena->may_sleep && myc_sim_chance(arena->sim, "pause", 1, 4)) {
            myc_thread_relax(platform->thread, 0);
        }
    }
    myc_sim_check(arena->sim, myc_ring_is_valid(&arena->writer), "the writer is sound at its end");
    uint64_t untold = finish(arena, platform);
    check_writer_counts(arena);
    myc_ring_writer_counters(&arena->writer, &counters);
    myc_sim_check(
        arena->sim,
        counters.messages + counters.gapped + untold == arena->message_count
            && counters.dropped == counters.gapped + untold,
        "published, told as missing and untold add up to offered");
}
