// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Required readers: named readers that the writer must not go on without.
 *
 * While one of them is away, or has not come yet, its place in the ring is held: what it has not
 * consumed is not overwritten, and when it comes it goes on exactly there. So a writer that needs
 * its journal fills the ring and then stands, rather than losing anything; and if the journal does
 * not come, come back or move in time, the writer is told, for good.
 *
 * A held place takes a slot of the ring: make it with readers_max of at least one more for each
 * required reader.
 *
 * Times are looked at only while a blocking call of <mycelium/ring_wait.h> or
 * <mycelium/framed_wait.h> waits, or myc_ring_required_look() is called: claims and commits cost
 * nothing. A limit that passed while the ring had room is found when the writer is blocked next.
 *
 * Threads: init, await, status and look belong to the writer's thread; join and left to whoever
 * lets readers in and out, one at a time. An alert comes from the thread in whose call it happened.
 */
#ifndef MYC_RING_REQUIRED_H
#define MYC_RING_REQUIRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/platform.h>
#include <mycelium/interface/wait.h>
#include <mycelium/ring.h>
#include <mycelium/ring_wait.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MYC_RING_REQUIRED_MAX = 16, MYC_RING_NAME_BYTES = 32 /* of a name, with its zero */ };

/** What is told about required readers. X(name, text); the text goes on behind the name. */
#define MYC_RING_ALERT_LIST(X)                                                                     \
    X(CAME, "came for the first time")                                                             \
    X(WENT, "left or died")                                                                        \
    X(RETURNED, "came back")                                                                       \
    X(NEVER_CAME, "never came while the writer waited for it")                                     \
    X(STANDS_STILL, "stands still and holds the writer back")                                      \
    X(STAYED_AWAY, "left or died and did not come back in time")                                   \
    X(LIED, "said something impossible in its page, so its place cannot be held")

enum myc_ring_alert_kind {
#define MYC_RING_ALERT_ENUM_(name, text) MYC_RING_ALERT_##name,
    MYC_RING_ALERT_LIST(MYC_RING_ALERT_ENUM_)
#undef MYC_RING_ALERT_ENUM_
        MYC_RING_ALERT_COUNT
};

/** One transition of one reader. From NEVER_CAME on the kinds are violations, which are for good.
 */
struct myc_ring_alert {
    enum myc_ring_alert_kind kind;
    const char *name;    /* the reader's, as long as the requirement */
    uint64_t sequence;   /* messages it had consumed; of CAME, WENT and RETURNED */
    uint64_t elapsed_ns; /* since it was last waited for, moved or seen; of violations by time */
};

/** Called once for each transition; must not call anything of the requirement or the ring. */
typedef void myc_ring_alert_fn(const struct myc_ring_alert *alert, void *context);

/** Zero means default in every field but the names; MYC_NEVER: no limit. */
struct myc_ring_required_options {
    const char *const *names; /* 1 to 31 bytes each, different; copied */
    size_t count;             /* 1 to MYC_RING_REQUIRED_MAX */
    uint64_t startup_ns;      /* from init to a reader's first join; default 10 s */
    uint64_t progress_ns; /* the slowest while the writer is blocked, without moving; default 5 s */
    uint64_t grace_ns;    /* from its leaving or death to its return; default 5 s */
    myc_ring_alert_fn *alert; /* may be NULL */
    void *alert_context;
};

/** Private; one required reader. */
struct myc__ring_required_reader {
    char name[MYC_RING_NAME_BYTES]; /* zeros to its end */
    struct myc_atomic_u32 phase;
    struct myc_atomic_u64 place;   /* its slot's generation << 32 | slot, while it is in */
    struct myc_atomic_u64 left_ns; /* when it left */
    uint32_t held_slot;
    uint64_t position; /* where its place is held */
    uint64_t sequence;
    uint64_t seen_place; /* the writer's thread: as `place`, when it was the slowest */
    uint64_t seen_head;  /* where it stood then, the furthest */
    uint64_t seen_ns;    /* and since when; 0: it was not */
};

/** The requirement of one ring. Placed by the caller, zero before init; fields are private. */
struct myc_ring_required {
    struct myc_ring_writer *writer;
    struct myc_clock *clock;
    struct myc_wait *wait;
    myc_ring_alert_fn *alert;
    void *alert_context;
    uint64_t startup_ns;
    uint64_t progress_ns;
    uint64_t grace_ns;
    uint64_t began_ns;
    uint32_t count;
    enum myc_ring_alert_kind violation; /* 0: none */
    uint32_t violator;
    uint64_t violation_ns; /* how long it had lasted */
    struct myc__ring_required_reader readers[MYC_RING_REQUIRED_MAX];
};

/**
 * Requires readers, and holds a place for each from here on: at the newest message, before the
 * first publish usually. Put the requirement into the waiter's `required`, so that blocking calls
 * heed it.
 *
 * Errors: INVALID (the diagnostic names the option), LIMIT (not enough free slots). [REQUIRED-1]
 */
MYC_MUST_USE enum myc_status myc_ring_required_init(
    struct myc_ring_required *required,
    struct myc_ring_writer *writer,
    struct myc_platform *platform,
    const struct myc_ring_required_options *options,
    struct myc_diagnostic *diagnostic);

/** Gives the held places back; readers that are in stay in. Threads: as join. */
void myc_ring_required_deinit(struct myc_ring_required *required);

/**
 * Lets a required reader in, where its place is held: behind what it had consumed, or at what was
 * the newest message at init. `page` and ticket as for myc_ring_join(). Wakes the writer.
 *
 * Errors: NOT_FOUND (nobody of that name is required), IN_USE (it is in), PEER_DIED (its place is
 * lost, see LIED), LIMIT (no free slot), INVALID (page). [REQUIRED-2]
 */
MYC_MUST_USE enum myc_status myc_ring_required_join(
    struct myc_ring_required *required,
    const char *name,
    const void *page,
    struct myc_ring_ticket *out_ticket,
    struct myc_diagnostic *diagnostic);

/**
 * Takes a reader out as myc_ring_leave_wake() does, for any slot of the ring, and holds its place
 * if it is required. What it consumed is what its page says: a reader that still lives and goes on
 * is handed some messages again when it comes back. [REQUIRED-3]
 */
void myc_ring_required_left(struct myc_ring_required *required, uint32_t slot);

/** How many required readers are not in. Threads: any of the writer's process. */
uint32_t myc_ring_required_missing(const struct myc_ring_required *required);

/**
 * Waits until all required readers are in, at the start, say. Puts itself into the waiter. Blocks.
 *
 * Returns: OK; TIMEOUT, the diagnostic names those who did not come. The limits of the options do
 * not count here. [REQUIRED-4]
 */
MYC_MUST_USE enum myc_status myc_ring_required_await(
    struct myc_ring_required *required,
    struct myc_ring_waiter *waiter,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic);

/** OK; MISSING for ever after a violation, the diagnostic names the reader and the reason.
 * [REQUIRED-5] */
enum myc_status myc_ring_required_status(
    const struct myc_ring_required *required, struct myc_diagnostic *diagnostic);

/**
 * For a writer that waits by other means: while it is blocked, looks whether a required reader is
 * over its limit. `*out_due_ns` is when to look again at the latest, MYC_NEVER if no limit runs.
 *
 * Returns: as myc_ring_required_status(). [REQUIRED-6]
 */
enum myc_status myc_ring_required_look(
    struct myc_ring_required *required, uint64_t *out_due_ns, struct myc_diagnostic *diagnostic);

/** Half a sentence, to follow a name; "unknown" outside the list. A static string. */
const char *myc_ring_alert_text(enum myc_ring_alert_kind kind);

#ifdef __cplusplus
}
#endif

#endif
