// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Fair reader: one thread reads many rings in turn, so that none of them waits long for the others.
 *
 * This is how several producers, threads or processes, send to one consumer: a ring of its own for
 * each of them, and one fair reader over all. There is no queue with a tail that processes share,
 * and docs/reference/workers.md says why.
 *
 * Turns go round the members. A turn is over when the member's ring is empty or its budget is used
 * up; a poll that stops before, because its caller wanted no more records, goes on with that very
 * turn the next time. So a record that lies in a ring behind d others of that ring waits for at
 * most (members - 1) * budget * (1 + d / budget) records of other rings, whatever their writers do.
 * [FAIR-1]
 *
 * Members may be gating or lapping readers, of rings of any size, mixed. Each keeps its order, its
 * losses are told by its GAP records as ever, and how a member ended is told once: nobody is passed
 * over in silence.
 *
 * Nothing here allocates, waits or rings. Threads: all calls belong to the thread that polls.
 */
#ifndef MYC_FAIR_READER_H
#define MYC_FAIR_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/record.h>
#include <mycelium/ring.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MYC_FAIR_MEMBERS_MAX = 64,
    MYC_FAIR_BUDGET_DEFAULT = MYC_RING_BATCH_MAX /* records in a turn */
};

/**
 * Handles one record of the member with this number. The record has its position, its sequence in
 * its own ring, and whether it ends a batch of that ring; GAPs come here as well. It may publish,
 * add and remove; it must not poll.
 */
typedef void myc_fair_record_fn(uint32_t member, const struct myc_record *record, void *context);

/**
 * Tells, once a membership, that a member ended: CLOSED (its writer closed it and all was read),
 * CORRUPT, FENCED (myc_ring_reader_distrusted() says what not to believe), or what its own status
 * function said. It stays a member, without turns, until it is removed; this function may do that.
 */
typedef void myc_fair_end_fn(uint32_t member, enum myc_status status, void *context);

struct myc_fair_options {
    uint32_t budget; /* records in a turn, at least 1; 0: the default */
    myc_fair_record_fn *record;
    myc_fair_end_fn *end; /* may be NULL where myc_fair_status() is asked instead */
    void *context;        /* of both */
};

/**
 * A member whose records are not handled by the fair reader's own function, but by whoever reads
 * them in a way of his own: a framed source, say. See <mycelium/fair_framed.h>.
 */
struct myc_fair_source {
    struct myc_ring_reader *ring;
    size_t (*poll)(void *source, size_t records_max); /* how many records it read */
    enum myc_status (*status)(const void *source);    /* not OK: it ended */
    void *source;
};

/** A fair reader. Placed by the caller; fields are private. */
struct myc_fair_reader {
    uint64_t members; /* bit i: number i is taken */
    uint64_t ended;   /* of them: they ended, and it was told */
    uint64_t polled;  /* of them: since the last look for writers that sleep */
    uint32_t turn;    /* whose turn it is */
    uint32_t left;    /* records left in it; 0: it has not begun */
    uint32_t budget;
    bool is_polling;
    bool is_leaving; /* whose turn it is was removed by a handler */
    myc_fair_record_fn *record;
    myc_fair_end_fn *end;
    void *context;
    struct myc_fair_source sources[MYC_FAIR_MEMBERS_MAX];
};

/** Makes a fair reader without members. Errors: INVALID (no record function). [FAIR-2] */
MYC_MUST_USE enum myc_status
myc_fair_init(struct myc_fair_reader *fair, const struct myc_fair_options *options);

/**
 * Adds a ring's reader, whose records go to the record function, and says its number in
 * *out_member: the lowest that is free. At any time, from handlers too.
 *
 * Ownership: the reader stays the caller's and stays until it was removed.
 * Errors: INVALID (NULL), EXISTS (it is a member already), LIMIT (MYC_FAIR_MEMBERS_MAX). [FAIR-3]
 */
MYC_MUST_USE enum myc_status
myc_fair_add(struct myc_fair_reader *fair, struct myc_ring_reader *ring, uint32_t *out_member);

/** As myc_fair_add(), with a way of its own to be read. `source` is copied. [FAIR-4] */
MYC_MUST_USE enum myc_status myc_fair_add_source(
    struct myc_fair_reader *fair, const struct myc_fair_source *source, uint32_t *out_member);

/**
 * Takes a member out; what it has not read stays in its ring. At any time; a handler that removes
 * the member whose record it handles is still handed the rest of that turn, and the number is free
 * after it, for else records were lost in silence. Accepts a free number. [FAIR-5]
 */
void myc_fair_remove(struct myc_fair_reader *fair, uint32_t member);

/** How many members there are, those that ended included. */
uint32_t myc_fair_members(const struct myc_fair_reader *fair);

/** The member's reader; NULL for a free number. */
struct myc_ring_reader *myc_fair_ring(const struct myc_fair_reader *fair, uint32_t member);

/**
 * OK, or how the member ended, also if it was not told yet. Errors: NOT_FOUND (a free number).
 * [FAIR-6]
 */
MYC_MUST_USE enum myc_status myc_fair_status(const struct myc_fair_reader *fair, uint32_t member);

/**
 * Handles at most `records_max` records, until no member has any. Tells of members that ended, each
 * after its last record.
 *
 * Returns: how many records were handled. [FAIR-7]
 */
size_t myc_fair_poll(struct myc_fair_reader *fair, size_t records_max);

/**
 * Before a sleep: clear the doorbell, then call this. It arms all members, fences, and looks at
 * all.
 *
 * Returns: whether there is nothing to do, so that sleeping is safe: no record, no PAD to skip, no
 * end to tell. Awake again, or if it returned false, call myc_fair_disarm(). [FAIR-8]
 */
MYC_MUST_USE bool myc_fair_arm(struct myc_fair_reader *fair);
void myc_fair_disarm(struct myc_fair_reader *fair);

/** Whether a poll would find nothing at all to do. */
bool myc_fair_is_empty(const struct myc_fair_reader *fair);

/**
 * After polling: the members whose writers sleep for room and are to be rung, bit i for number i.
 * At most once per arming, as myc_ring_reader_should_wake_writer(), and as free. [FAIR-9]
 */
uint64_t myc_fair_writers(struct myc_fair_reader *fair);

#ifdef __cplusplus
}
#endif

#endif
