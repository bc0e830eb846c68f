// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Rings that are found by a name or lie in a file. Their owner writes, guests read; a guest needs
 * to be told nothing but the name.
 *
 * Every guest has a seat: a page that it writes and the owner reads, in which it also asks to be
 * let in. The owner looks for such wishes when it calls myc_ring_owner_serve(). When an owner has
 * gone, the next one may go on with the same ring, and guests notice nothing but the pause; or it
 * makes another, and guests read what the old one held to its end and then come again.
 *
 * Threads: an owner, its place and its writer belong to one thread at a time; so does a guest.
 */
#ifndef MYC_RING_PLACE_H
#define MYC_RING_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/platform.h>
#include <mycelium/place.h>
#include <mycelium/record.h>
#include <mycelium/ring.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myc_ring_owner_options {
    enum myc_place_kind kind; /* NAMED or FILE */
    const char *name;
    enum myc_place_existing existing;
    bool is_kept;                 /* myc_ring_owner_close() leaves the ring to the next owner */
    struct myc_ring_options ring; /* creator is filled in; a seat is made for each of readers_max */
};

/** An owner. Placed by the caller, 64-aligned, zero before; does not move. */
struct myc_ring_owner {
    struct myc_ring_writer writer; /* for claim, commit and so on; not for join and leave */
    struct myc_place place;        /* for what can be asked of it */
    uint32_t asked;                /* private from here on */
    uint32_t seat_of_slot[MYC_RING_READERS_MAX];
};

/**
 * Makes a ring, or goes on with the one that an owner left: behind the last record it published,
 * its guests still in. [OWNER-1]
 *
 * Ownership: the caller closes it. `platform` outlives it.
 * Errors: those of myc_place_create() and myc_ring_writer_init(). With TAKE_OVER also MISMATCH (the
 * ring there was made with other options), CLOSED and CORRUPT; nothing has changed then.
 */
MYC_MUST_USE enum myc_status myc_ring_owner_open(
    struct myc_ring_owner *owner,
    struct myc_platform *platform,
    const struct myc_ring_owner_options *options,
    struct myc_diagnostic *diagnostic);

/**
 * Lets guests in and out that asked for it. Returns: how many. Costs one load if nobody asked.
 * [OWNER-2]
 */
uint32_t myc_ring_owner_serve(struct myc_ring_owner *owner);

/**
 * Takes the seats of guests back whose processes have ended. Asks for each; call it now and then,
 * and when the ring is full. Returns: how many. [OWNER-3]
 */
uint32_t myc_ring_owner_sweep(struct myc_ring_owner *owner);

/** After commits: wakes the guests that sleep. Costs a full fence if the ring was made with
 * readers_may_sleep, else nothing. [OWNER-4] */
void myc_ring_owner_wake(struct myc_ring_owner *owner);

/**
 * Sleeps until a claim of `size` may fit or a guest asks for something, at most until the deadline.
 * Returns: OK (look again) or TIMEOUT. The ring must have been made with writer_may_sleep if guests
 * are to wake it when they make room. Blocks. [OWNER-5]
 */
MYC_MUST_USE enum myc_status
myc_ring_owner_wait(struct myc_ring_owner *owner, size_t size, uint64_t deadline_ns);

/**
 * Ends it: unless the ring is kept, guests find it closed behind the last record, and the name is
 * removed. Accepts a zeroed owner. [OWNER-6]
 */
void myc_ring_owner_close(struct myc_ring_owner *owner);

/** What a guest wants. Zero: to be waited for, from the next record on. */
struct myc_ring_wish {
    enum myc_ring_start start;
    bool is_at_sequence;         /* instead of that: behind the message `sequence` */
    bool is_lapping;             /* it is not waited for and reads copies */
    enum myc_ring_resume resume; /* a lapping one's */
    uint64_t sequence;
    struct myc_span copy; /* a lapping one's: at least a quarter of the capacity, 8-aligned */
};

/** A guest. Placed by the caller, 64-aligned, zero before; does not move. */
struct myc_ring_guest {
    struct myc_ring_reader reader; /* once it is in: for whatever readers can do */
    struct myc_place place;
    struct myc_ring_wish wish; /* private from here on */
    void *hall;
    void *page;
    uint32_t seat;
    bool is_in;
};

/**
 * Attaches to a ring and asks its owner to be let in. [GUEST-1]
 *
 * Ownership: the caller ends it with myc_ring_guest_leave(), whatever comes.
 * Errors, after which there is nothing to leave: those of myc_place_attach(); CORRUPT (what is
 * there is no ring); LIMIT (all seats are taken).
 */
MYC_MUST_USE enum myc_status myc_ring_guest_ask(
    struct myc_ring_guest *guest,
    struct myc_platform *platform,
    enum myc_place_kind kind,
    const char *name,
    const struct myc_ring_wish *wish,
    struct myc_diagnostic *diagnostic);

/**
 * Waits at most until the deadline for the owner's answer; with OK the guest is in. [GUEST-2]
 *
 * Errors: TIMEOUT (ask for the answer again, or leave); PEER_DIED, CLOSED, STALE (see
 * myc_place_state()); what myc_ring_join() says for such a wish: LIMIT, INVALID, NOT_FOUND, AGAIN.
 * Blocks unless the deadline has passed.
 */
MYC_MUST_USE enum myc_status myc_ring_guest_await(
    struct myc_ring_guest *guest, uint64_t deadline_ns, struct myc_diagnostic *diagnostic);

/** As myc_ring_poll(), and wakes an owner that waits for room. [GUEST-3] */
size_t myc_ring_guest_poll(
    struct myc_ring_guest *guest, myc_record_fn *fn, void *context, size_t records_max);

/**
 * Sleeps until there may be something to read, at most until the deadline and, so that the death of
 * an owner is noticed, never longer than a tenth of a second. Returns: OK (look again) or TIMEOUT.
 * Blocks. [GUEST-4]
 */
MYC_MUST_USE enum myc_status
myc_ring_guest_wait(struct myc_ring_guest *guest, uint64_t deadline_ns);

/**
 * How it stands: OK; CLOSED (all was read, or the owner ended it); FENCED, CORRUPT as of the
 * reader; PEER_DIED (no owner; the next may go on); STALE (another ring has taken the name). What
 * the ring holds can still be read. Costs a system call. [GUEST-5]
 */
MYC_MUST_USE enum myc_status myc_ring_guest_status(struct myc_ring_guest *guest);

/** Leaves: the owner takes the seat back when it serves. Accepts a zeroed guest. [GUEST-6] */
void myc_ring_guest_leave(struct myc_ring_guest *guest);

/** A seat of a ring, as whoever is attached to its place sees it. */
struct myc_ring_seat {
    bool is_taken;
    uint64_t pid; /* of the guest, and when that started: see struct myc_process_identity */
    uint64_t start_time;
    const void *page; /* for myc_ring_page_counters() */
};

/**
 * Tells of a seat, from 0, of a place that holds a ring: for monitors. [GUEST-7]
 *
 * Errors: NOT_FOUND (there are fewer). Threads: any.
 */
MYC_MUST_USE enum myc_status
myc_ring_place_seat(const struct myc_place *place, uint32_t index, struct myc_ring_seat *out_seat);

#ifdef __cplusplus
}
#endif

#endif
