// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How readers wait and are woken, and how they wake others.
 *
 * A reader sleeps on its slot's bell, which the writer's process counts up, and a gated one also on
 * the lowest head in front of it. A reader never rings a bell: whoever waits for it waits for its
 * head, which it has moved.
 */
#include <mycelium/ring_gate.h>
#include <mycelium/simulation.h>

#include "ring/blocker.h"
#include "ring/reader.h"

// ---- Readers wait ----

static bool is_idle(const struct myc_ring_reader *reader)
{
    return myc_ring_is_empty(reader) && myc_ring_reader_status(reader) == MYC_OK;
}

static void park(struct myc_ring_reader *reader, struct myc_idle *idle, uint64_t deadline_ns)
{
    // Pairs with the additions in myc__ring_ring_slot(): what was done before is seen.
    const struct myc_wait_word bell = {
        &reader->slot->bell, myc_load_acquire_u32(&reader->slot->bell), MYC_WAIT_SHARED};
    uint32_t seen = 0;
    // The lowest head and what it said come from one look: another one's head may move meanwhile.
    const struct myc_atomic_u64 *head =
        reader->gate != NULL ? myc__ring_gate_head(reader, &seen) : NULL;
    if (head == NULL) {
        // A gated reader is not armed: no commit lets it go on.
        myc_ring_reader_arm(reader);
    }
    // Orders the arming before the last look; pairs with the fences of myc_ring_sleepers() and, for
    // gated readers, of myc_ring_reader_wake().
    myc_fence_seq_cst();
    if (is_idle(reader)) {
        MYC_SOMETIMES(head != NULL, "wait.gated-sleeps");
        MYC_SOMETIMES(head == NULL, "wait.reader-sleeps");
        myc__ring_sleep(idle, &bell, head, seen, deadline_ns);
    }
    if (head == NULL) {
        myc_ring_reader_disarm(reader);
    }
}

enum myc_status myc_ring_reader_wait(
    struct myc_ring_reader *reader, struct myc_ring_waiter *waiter, uint64_t deadline_ns)
{
    myc_idle_begin(&waiter->idle);
    for (;;) {
        if (!myc_ring_is_empty(reader)) {
            return MYC_OK;
        }
        enum myc_status status = myc_ring_reader_status(reader);
        if (status != MYC_OK) {
            return status;
        }
        switch (myc_idle_step(&waiter->idle, deadline_ns)) {
        case MYC_IDLE_LOOK:
            break;
        case MYC_IDLE_PARK:
            if (!reader->readers_may_sleep) {
                return MYC_UNSUPPORTED;
            }
            park(reader, &waiter->idle, deadline_ns);
            break;
        case MYC_IDLE_TIMEOUT:
            if (is_idle(reader)) {
                return MYC_TIMEOUT;
            }
            break;
        }
    }
}

// ---- Readers wake ----

void myc_ring_reader_wake(struct myc_ring_reader *reader, struct myc_wait *wait)
{
    bool is_due = false;
    if (reader->position == reader->rung_head
        || (!reader->writer_may_sleep && !reader->readers_may_sleep)) {
        return;
    }
    reader->rung_head = reader->position;
    // Orders the head before the look for those who wait for it; pairs with the fences between
    // their arming, or being let behind us, and their last look.
    myc_fence_seq_cst();
    if (reader->writer_may_sleep) {
        // At each move, not once for each arming: a writer that saw the head we rang for sleeps on
        // that, and waits for the next.
        is_due = (myc_load_relaxed_u64(&reader->control->writer_arm) & 1) != 0;
    }
    if (reader->readers_may_sleep && myc_load_relaxed_u32(&reader->slot->followers) != 0) {
        MYC_REACHED("wait.wakes-followers");
        is_due = true;
    }
    if (is_due) {
        struct myc_atomic_u32 *half = myc__ring_low_half(&reader->page->head);
        (void)myc_wait_wake(wait, half, UINT32_MAX, MYC_WAIT_SHARED);
    }
}

// ---- The writer's process wakes ----

void myc__ring_ring_slot(struct myc_ring_writer *writer, struct myc_wait *wait, uint32_t slot)
{
    struct myc_atomic_u32 *bell = &writer->slots[slot].bell;
    // An addition: the writer and who takes readers out may ring at once.
    (void)myc_fetch_add_u32(bell, 1);
    (void)myc_wait_wake(wait, bell, UINT32_MAX, MYC_WAIT_SHARED);
}

static void ring_slots(struct myc_ring_writer *writer, struct myc_wait *wait, uint64_t slots)
{
    for (; slots != 0; slots &= slots - 1) {
        myc__ring_ring_slot(writer, wait, (uint32_t)__builtin_ctzll(slots));
    }
}

void myc_ring_wake_readers(struct myc_ring_writer *writer, struct myc_wait *wait)
{
    ring_slots(writer, wait, myc_ring_sleepers(writer));
}

void myc_ring_close_wake(struct myc_ring_writer *writer, struct myc_wait *wait)
{
    myc_ring_writer_close(writer);
    if (writer->readers_may_sleep) {
        // Armed or not: a gated reader sleeps without, and one that is about to finds the bell
        // changed.
        uint32_t used = myc_load_acquire_u32(&writer->slots_used); // pairs as in writer.c
        for (uint32_t slot = 0; slot < used; slot++) {
            myc__ring_ring_slot(writer, wait, slot);
        }
    }
}

void myc_ring_wake_writer(struct myc_ring_writer *writer, struct myc_wait *wait)
{
    (void)myc_fetch_add_u32(&writer->bell, 1);
    (void)myc_wait_wake(wait, &writer->bell, UINT32_MAX, MYC_WAIT_PROCESS);
}

void myc__ring_ring_left(
    struct myc_ring_writer *writer, struct myc_wait *wait, uint32_t slot, uint64_t followers)
{
    if (slot < writer->readers_max) {
        myc_ring_wake_writer(writer, wait);
        ring_slots(writer, wait, followers | UINT64_C(1) << slot);
    }
}

void myc_ring_leave_wake(struct myc_ring_writer *writer, struct myc_wait *wait, uint32_t slot)
{
    uint64_t followers = myc_ring_gate_followers(writer, slot);
    myc_ring_leave(writer, slot);
    myc__ring_ring_left(writer, wait, slot, followers);
}
