// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What waiting and requiring readers share.
 */
#ifndef MYC_RING_BLOCKER_H
#define MYC_RING_BLOCKER_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/ring_required.h>
#include <mycelium/ring_wait.h>

#include "ring/writer.h"

/** Who is furthest behind among those that are waited for. */
struct myc__ring_blocker {
    enum myc__ring_slot_state kind;
    uint32_t slot;
    uint32_t generation;
    uint64_t head;
    const struct myc_atomic_u64 *word; /* the head in its page; NULL: it is not in a page */
    uint32_t seen;                     /* the low half of that word, as looked at */
};

/** Finds it. Returns: false if the writer waits for nobody. */
bool myc__ring_blocker(const struct myc_ring_writer *writer, struct myc__ring_blocker *out);

/** The half of a word that changes when it does, for waits on 32 bits. */
static inline struct myc_atomic_u32 *myc__ring_low_half(const struct myc_atomic_u64 *word)
{
    struct myc_atomic_u32 *halves = (struct myc_atomic_u32 *)(uintptr_t)word;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return &halves[1];
#else
    return halves;
#endif
}

/** Counts a slot's bell up and wakes its reader. Any thread of the writer's process. */
void myc__ring_ring_slot(struct myc_ring_writer *writer, struct myc_wait *wait, uint32_t slot);

/** Tells of a slot that was given back: the writer, who was in it, and those that were gated on it.
 */
void myc__ring_ring_left(
    struct myc_ring_writer *writer, struct myc_wait *wait, uint32_t slot, uint64_t followers);

/**
 * Sleeps until a bell says something else than it did or, if it is not NULL, the head does, or
 * until the deadline. May come back without cause.
 */
void myc__ring_sleep(
    struct myc_idle *idle,
    const struct myc_wait_word *bell,
    const struct myc_atomic_u64 *head,
    uint32_t head_seen,
    uint64_t deadline_ns);

/**
 * Looks at the required readers while the writer is blocked by `blocker`, NULL if by nobody.
 *
 * `*out_due_ns` becomes the time at which to look again at the latest.
 * Returns: OK; MISSING for good, told in the diagnostic.
 */
enum myc_status myc__ring_required_look(
    struct myc_ring_required *required,
    const struct myc__ring_blocker *blocker,
    uint64_t *out_due_ns,
    struct myc_diagnostic *diagnostic);

/** Appends whose slot it is: a required reader's name, or the number. Any kind of slot. */
void myc__ring_required_name(
    const struct myc_ring_required *required, uint32_t slot, struct myc_diagnostic *diagnostic);

/** Appends the names of those who are not in. */
void myc__ring_required_missing_names(
    const struct myc_ring_required *required, struct myc_diagnostic *diagnostic);

/* ---- Held slots: they gate for nobody who is in ---- */

/** Takes a free slot that gates nothing yet. Returns: false if there is none. */
bool myc__ring_held_take(struct myc_ring_writer *writer, uint32_t *out_slot);

/** Lets it gate from here on. Returns: false if the writer may have been past it already. */
bool myc__ring_held_set(struct myc_ring_writer *writer, uint32_t slot, uint64_t position);

/** Ends that. */
void myc__ring_held_clear(struct myc_ring_writer *writer, uint32_t slot);

/**
 * Messages before `position`, counted back from the newest, where a held slot gates.
 *
 * Returns: false if no record starts there.
 */
bool myc__ring_held_sequence(
    const struct myc_ring_writer *writer, uint64_t position, uint64_t *out_sequence);

#endif
