// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The broadcast ring under every interleaving of its atomics and payload accesses that a seed
 * draws.
 *
 * "threads": one process; writer, readers that come and go, and a steward who lets them in and out.
 * Everybody sleeps on words, so a lost wake-up is a deadlock, which the harness reports.
 * "kills": writer and readers are processes that die anywhere; dead readers are taken out and
 * started again. Nobody sleeps there.
 * "kernel": one writer and one reader, as little as there can be.
 * "lapping", "lapping-kernel": see ring_lapping.c.
 * "drops": as "threads", but the writer drops what finds no room.
 * "stream": as "threads", but the ring is filled from a byte stream cut anywhere.
 *
 * Oracles: after joining, a reader sees each message once, in order, with every byte in place, and
 * none that was not committed; a live joiner misses nothing committed after it asked; whoever reads
 * to the end has everything; a dead reader's page claims nothing that it had not handled.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <string.h>

#include <mycelium/interface/thread.h>
#include <mycelium/ring.h>
#include <mycelium/ring_inline.h>

#include "ring_arena.h"
#include "ring_batch.h"
#include "ring_drop.h"
#include "ring_kernel.h"
#include "ring_lapping.h"
#include "ring_stream.h"

// ---- The writer ----

static void wait_for_room(struct arena *arena, struct myc_platform *platform, size_t size)
{
    uint32_t seen = myc_load_acquire_u32(&arena->writer_bell);
    if (myc_ring_writer_arm(&arena->writer, size)) {
        myc_sim_count(arena->sim, "writer blocked", 1);
        wait_change(arena, platform, &arena->writer_bell, seen);
    }
    myc_ring_writer_disarm(&arena->writer);
}

static unsigned char *
claim(struct arena *arena, struct myc_platform *platform, size_t size, bool is_fast)
{
    for (;;) {
        unsigned char *payload = is_fast ? myc_ring_claim_fast(&arena->writer, size)
                                         : myc_ring_claim(&arena->writer, size);
        if (payload != NULL) {
            return payload;
        }
        arena->refused++;
        wait_for_room(arena, platform, size);
    }
}

static void write_one(struct arena *arena, struct myc_platform *platform)
{
    struct myc_sim *sim = arena->sim;
    size_t size = message_size(arena);
    bool is_fast = myc_sim_choose(sim, "fast", 2) != 0;
    unsigned char *payload = claim(arena, platform, size, is_fast);
    if (myc_sim_chance(sim, "abort", 1, 8)) {
        message_write(payload, size, UINT64_MAX);
        myc_ring_abort(&arena->writer);
        return;
    }
    uint64_t committed = myc_ring_committed(&arena->writer);
    bool is_gap = size >= sizeof(struct myc_gap) && myc_sim_chance(sim, "gap", 1, 16);
    uint64_t count = is_gap ? GAP_MESSAGES : 1;
    if (is_gap) {
        const struct myc_gap gap = {count, MYC_LOSS_DROPPED_NEWEST, 0};
        memcpy(payload, &gap, sizeof gap);
    } else {
        message_write(payload, size, committed + 1);
    }
    size_t final =
        is_gap ? sizeof(struct myc_gap) : size - (size_t)myc_sim_choose(sim, "cut", 2) % (size + 1);
    arena->committing = committed + count;
    (is_fast ? myc_ring_commit_fast : myc_ring_commit)(
        &arena->writer, is_gap ? MYC_RECORD_GAP : RING_MESSAGE_TYPE, 1, final);
    count_record(&arena->counted, final, is_gap ? count : 0);
    myc_store_release_u64(&arena->committed, committed + count);
    myc_sim_count(sim, "messages", count);
    ring_sleepers(arena, platform);
}

static void write_payload(void *context, unsigned char *payload, size_t size, uint64_t sequence)
{
    (void)context;
    message_write(payload, size, sequence);
}

static void wait_in_batch(void *context, size_t size)
{
    struct arena *arena = context;
    // What was committed before may not have been told to sleepers yet; they make the room.
    ring_sleepers(arena, arena->platform);
    wait_for_room(arena, arena->platform, size);
}

static void write_batch(struct arena *arena, struct myc_platform *platform)
{
    const struct ring_batch batch = {
        .sim = arena->sim,
        .writer = &arena->writer,
        .write = write_payload,
        .byte = message_byte,
        .wait = wait_in_batch,
        .context = arena,
        .size_max = arena->size_max,
        .has_gaps = true,
        .committing = &arena->committing,
        .is_in_parts = &arena->is_in_parts,
        .counted = &arena->counted,
        .refused = &arena->refused,
    };
    uint64_t messages = ring_batch_write(&batch);
    if (messages == 0) {
        return;
    }
    myc_store_release_u64(&arena->committed, myc_ring_committed(&arena->writer));
    myc_sim_count(arena->sim, "messages", messages);
    ring_sleepers(arena, platform);
}

static void run_writer(struct arena *arena, struct myc_platform *platform)
{
    for (uint64_t i = 0; i < arena->message_count; i++) {
        if (arena->has_batches && myc_sim_chance(arena->sim, "batch", 1, 2)) {
            write_batch(arena, platform);
        } else {
            write_one(arena, platform);
        }
        if (!arena->may_sleep && myc_sim_chance(arena->sim, "pause", 1, 4)) {
            myc_thread_relax(platform->thread, 0);
        }
    }
    myc_sim_check(arena->sim, myc_ring_is_valid(&arena->writer), "the writer is sound at its end");
    check_writer_counts(arena);
    myc_ring_writer_close(&arena->writer);
    ring_sleepers(arena, platform);
}

// ---- Scenario "threads" ----

static void run_threads(struct myc_sim *sim)
{
    arena_run_threads(sim, run_writer);
}

// ---- Scenario "drops" ----

static void run_drops(struct myc_sim *sim)
{
    arena_run_threads(sim, ring_drop_write);
}

// ---- Scenario "stream" ----

static void run_stream(struct myc_sim *sim)
{
    arena_run_threads(sim, ring_stream_write);
}

// ---- Scenario "kills" ----

static bool has_writer_ended(void *context)
{
    const struct arena *arena = context;
    return !myc_sim_is_running(arena->sim, arena->writer_process);
}

static int writer_main(struct myc_platform *platform, void *arg)
{
    struct arena *arena = arg;
    struct myc_handle steward = {0};
    arena->platform = platform;
    if (myc_thread_start(platform->thread, steward_run, arena, NULL, &steward) != MYC_OK) {
        return 1;
    }
    arena->run_writer(arena, platform);
    myc_thread_join(platform->thread, steward);
    return 0;
}

static int reader_main(struct myc_platform *platform, void *arg)
{
    struct seat *seat = arg;
    seat_read(seat, platform);
    return 0;
}

static void start_reader(struct arena *arena, uint32_t i)
{
    static const char *const names[RING_SEATS_MAX] = {"reader0", "reader1", "reader2"};
    struct seat *seat = &arena->seats[i];
    seat->process = myc_sim_start(arena->sim, "a", names[i], reader_main, seat);
    myc_sim_allow_kill(arena->sim, seat->process, 6);
}

// Whether a reader was killed before its end while there is a writer to join again.
static bool is_to_restart(const struct arena *arena, const struct seat *seat)
{
    return myc_sim_was_killed(arena->sim, seat->process) && seat->is_done.value == 0
           && arena->is_writer_dead.value == 0;
}

// Whether the director has something to do.
static bool has_news(void *context)
{
    struct arena *arena = context;
    bool is_all_over = true;
    if (has_writer_ended(arena) && arena->is_writer_dead.value == 0
        && myc_sim_was_killed(arena->sim, arena->writer_process)) {
        return true;
    }
    for (uint32_t i = 0; i < arena->seat_count; i++) {
        struct seat *seat = &arena->seats[i];
        if (myc_sim_is_running(arena->sim, seat->process)) {
            is_all_over = false;
        } else if (is_to_restart(arena, seat)) {
            if (seat->is_dead.value == 0) {
                return true;
            }
            is_all_over = false;
        }
    }
    return is_all_over;
}

// Answers deaths. Returns: whether everybody has ended for good.
static bool tend(struct arena *arena, bool was_told[RING_SEATS_MAX])
{
    struct myc_sim *sim = arena->sim;
    bool is_all_over = true;
    if (has_writer_ended(arena) && myc_sim_was_killed(sim, arena->writer_process)
        && arena->is_writer_dead.value == 0) {
        arena->is_writer_dead.value = 1;
        myc_sim_count(sim, "writers killed", 1);
    }
    for (uint32_t i = 0; i < arena->seat_count; i++) {
        struct seat *seat = &arena->seats[i];
        if (!myc_sim_is_running(sim, seat->process)) {
            if (!is_to_restart(arena, seat)) {
                continue;
            }
            if (!was_told[i]) {
                seat->is_dead.value = 1;
                was_told[i] = true;
            } else if (seat->is_dead.value == 0) {
                was_told[i] = false;
                start_reader(arena, i);
            }
        }
        is_all_over = false;
    }
    return is_all_over;
}

static void run_kills(struct myc_sim *sim)
{
    struct arena *arena = arena_create(sim, false);
    arena->run_writer = myc_sim_chance(sim, "drops", 1, 3) ? ring_drop_write : run_writer;
    bool was_told[RING_SEATS_MAX] = {false};
    arena->writer_process = myc_sim_start(sim, "a", "writer", writer_main, arena);
    myc_sim_tolerate_leaks(sim, arena->writer_process);
    if (myc_sim_chance(sim, "writer may die", 1, 3)) {
        myc_sim_allow_kill(sim, arena->writer_process, 1);
    }
    for (uint32_t i = 0; i < arena->seat_count; i++) {
        start_reader(arena, i);
    }
    bool is_over = false;
    while (!is_over) {
        if (!myc_sim_run_until(sim, has_news, arena, RING_DEADLINE_NS)) {
            myc_sim_fail(sim, "the readers do not come to the end");
        }
        is_over = tend(arena, was_told);
    }
    arena_destroy(arena);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"threads", "one ring, threads that join, leave, sleep and wake", run_threads},
        {"drops",
         "a writer that drops what finds no room, threads that join, leave and sleep",
         run_drops},
        {"stream",
         "a ring filled from a byte stream, threads that join, leave and sleep",
         run_stream},
        {"kernel", "one writer, one reader, a few messages; for --exhaustive", ring_kernel_run},
        {"lapping",
         "readers that are never waited for, threads that join and leave",
         ring_lapping_run},
        {"lapping-kernel",
         "one writer, one reader it does not wait for; for --exhaustive",
         ring_lapping_kernel_run},
        {"kills", "one ring, processes that die anywhere and join again", run_kills},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
