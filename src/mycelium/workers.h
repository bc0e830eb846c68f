// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One scheduler and a fixed number of workers, over rings: jobs go out, returns come back.
 *
 * Each worker has a return ring, which it writes; the scheduler reads them all with a fair reader.
 * Jobs go out through a ring for each worker, or through one ring that all workers read (shared
 * dispatch): that one carries a job for all of them once, and holds up everybody for the slowest.
 *
 * A worker's jobs are numbered from 1, over all its incarnations, and are answered in order: any
 * number of partial returns, then one that says DONE. So for each worker, at any moment and
 * exactly,
 *
 *     dispatched = answered + lost + outstanding
 *
 * and what is outstanding is one range of numbers. When a worker ends, in order or not, all that it
 * sent is handed over first, and then the range that it leaves unanswered is told once; those jobs
 * may have been done, in part or in whole. Whoever takes the worker's place is another generation,
 * and goes on with the next number. Nothing is dropped in silence.
 *
 * Memory comes in parts, one for each who writes: the scheduler's (header, dispatch rings, the
 * pages of its readers) and one for each worker (its page, its return ring). They may lie in one
 * block, or each in a segment of its own, mapped read-only by the other side. Nothing here
 * allocates, waits or rings; doorbells are the caller's, one for the scheduler and one for each
 * worker.
 *
 * docs/reference/workers.md has the layout, the handshake, and how to sleep.
 */
#ifndef MYC_WORKERS_H
#define MYC_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/fair_reader.h>
#include <mycelium/record.h>
#include <mycelium/ring.h>
#include <mycelium/segment_name.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"         // functions named like structs
#pragma GCC diagnostic ignored "-Wold-style-cast" // C has no other
#endif

enum {
    MYC_WORKERS_MAX = MYC_FAIR_MEMBERS_MAX,
    MYC_WORK_HEADER_BYTES = 16, /* in front of each payload */
    MYC_WORKERS_FORMAT = 1
};

#define MYC_WORKERS_ALL UINT32_MAX        /* a job for each worker that is in */
#define MYC_WORKERS_NONE (UINT32_MAX - 1) /* no worker; the scheduler, where a part is named */

/* ---- Layout ---- */

struct myc_workers_options {
    uint32_t count;             /* workers, 1 to MYC_WORKERS_MAX */
    bool is_shared_dispatch;    /* one dispatch ring that all of them read */
    bool may_sleep;             /* any side may sleep: each batch then costs full fences */
    uint64_t dispatch_capacity; /* of each dispatch ring, in bytes; 0: the ring's default */
    uint64_t return_capacity;   /* of each return ring */
    uint32_t outstanding_max;   /* jobs of one worker; 0: what its ring holds */
    uint32_t budget;            /* of the fair reader; 0: its default */
    uint64_t epoch;             /* of the scheduler, for whoever attaches */
};

/** Where everything lies; all offsets are multiples of 64, those of rings and pages of 4096. */
struct myc_workers_layout {
    uint32_t format; /* MYC_WORKERS_FORMAT */
    uint32_t count;
    uint32_t dispatch_rings; /* 1 or count */
    uint32_t may_sleep;      /* 0 or 1 */
    uint64_t dispatch_capacity;
    uint64_t return_capacity;
    /* In the scheduler's part. */
    uint64_t posts_offset;    /* a line for each worker: what the scheduler tells it */
    uint64_t pages_offset;    /* the scheduler's reader page on each return ring */
    uint64_t dispatch_offset; /* of the first dispatch ring */
    uint64_t dispatch_bytes;  /* of each of them */
    uint64_t scheduler_bytes; /* of the whole part */
    /* In a worker's part. */
    uint64_t page_offset;   /* its reader page on its dispatch ring */
    uint64_t return_offset; /* its return ring */
    uint64_t return_bytes;
    uint64_t worker_bytes; /* of the whole part */
    /* One block for all: the scheduler's part, then the workers'. */
    uint64_t block_bytes;
    uint64_t checksum; /* FNV-1a (64 bit) of the bytes before it */
};

/** Works a layout out. Errors: INVALID, the diagnostic (may be NULL) names the option.
 * [WORKERS-1] */
MYC_MUST_USE enum myc_status myc_workers_layout(
    const struct myc_workers_options *options,
    struct myc_workers_layout *out_layout,
    struct myc_diagnostic *diagnostic);

/** Whether every field is what follows from count, rings and capacities, and the checksum right. */
bool myc_workers_layout_is_valid(const struct myc_workers_layout *layout);

/** Where worker `index`'s part begins in a block that holds all. */
static inline size_t
myc_workers_part_offset(const struct myc_workers_layout *layout, uint32_t index)
{
    return (size_t)(layout->scheduler_bytes + index * layout->worker_bytes);
}

/**
 * The portable segment name of a part: `prefix.s` for the scheduler's (MYC_WORKERS_NONE), else
 * `prefix.w.index`. Errors: as myc_segment_name_compose().
 */
MYC_MUST_USE enum myc_status myc_workers_part_name(
    char out_name[MYC_SEGMENT_NAME_BYTES],
    const char *prefix,
    uint32_t index,
    struct myc_diagnostic *diagnostic);

/* ---- The scheduler ---- */

/** One return. The payload is 8-aligned and valid until the handler returns. */
struct myc_workers_return {
    uint32_t worker;
    uint32_t generation; /* of the worker, from 1 */
    uint64_t job;        /* which one it answers */
    bool is_done;        /* the job is answered; else more follows */
    bool is_end_of_batch;
    uint16_t type; /* the worker's choice, as is `version` */
    uint16_t version;
    uint32_t size; /* payload bytes */
    const void *payload;
    uint64_t sequence; /* in the return ring of this generation */
    uint64_t position;
};

/** An incarnation ended; told once, after all its returns. */
struct myc_workers_end {
    uint32_t worker;
    uint32_t generation;
    enum myc_status
        cause;          /* CLOSED: in order; PEER_DIED, say, as the caller said; CORRUPT, FENCED */
    uint64_t first_job; /* of those it leaves unanswered */
    uint64_t lost;      /* how many; 0: none */
    uint32_t partial_count; /* partial returns that came for the first of them */
};

/**
 * Handlers may send jobs and ask; they must not poll, admit, end or close.
 */
struct myc_workers_handler {
    void (*joined)(uint32_t worker, uint32_t generation, void *context); /* may be NULL */
    void (*returned)(const struct myc_workers_return *message, void *context);
    void (*ended)(const struct myc_workers_end *end, void *context);
    void *context;
};

/** What is known of a worker. */
struct myc_workers_account {
    uint32_t generation; /* of the last one admitted; 0: none ever */
    bool is_in;          /* it takes jobs */
    uint64_t dispatched; /* over all generations */
    uint64_t answered;
    uint64_t lost;
    uint64_t outstanding;
};

/** The scheduler's side of a worker; private. An array of them is the caller's. */
struct myc_workers_seat {
    struct myc_ring_writer dispatch; /* unused where dispatch is shared */
    struct myc_ring_reader returns;
    const unsigned char *part;
    uint32_t state;
    uint32_t generation;
    uint32_t member; /* of the fair reader */
    uint32_t slot;   /* of the dispatch ring */
    uint64_t dispatched;
    uint64_t answered;
    uint64_t lost;
    uint32_t partial_count;
    enum myc_status cause; /* not OK: it ends with that after this poll */
} __attribute__((aligned(64)));

/** The scheduler. Placed by the caller, 64-aligned; fields are private. */
struct myc_workers {
    struct myc_ring_writer shared; /* the dispatch ring, where it is shared */
    struct myc_workers_seat *seats;
    unsigned char *part;
    struct myc_workers_layout layout;
    struct myc_fair_reader fair;
    struct myc_workers_handler handler;
    uint32_t outstanding_max;
    uint32_t claimed_for; /* a worker or ALL, while a claim is open */
    size_t claimed_size;
    bool is_claimed;
    bool is_closed;
    uint32_t checked;    /* whose page was looked at last */
    uint32_t draining;   /* whose ring is read to its end */
    uint32_t least;      /* who was given a job last, for ties */
    uint64_t handshaken; /* workers to ring because of the handshake */
    uint32_t worker_of_member[MYC_FAIR_MEMBERS_MAX];
    uint32_t worker_of_slot[MYC_RING_READERS_MAX];
} __attribute__((aligned(64)));

/**
 * Makes a scheduler and its part: `part` is zeroed, 4096-aligned, layout.scheduler_bytes long;
 * `seats` are options.count, 64-aligned. No worker is admitted yet.
 *
 * Ownership: part, seats and parts of workers stay the caller's and outlive the scheduler.
 * Errors: INVALID, the diagnostic (may be NULL) names what. [WORKERS-2]
 */
MYC_MUST_USE enum myc_status myc_workers_init(
    struct myc_workers *workers,
    struct myc_workers_seat *seats,
    void *part,
    const struct myc_workers_options *options,
    const struct myc_workers_handler *handler,
    struct myc_diagnostic *diagnostic);

/**
 * Offers the place to a next generation, which may come at any time and from anywhere; `part` is
 * the memory that it will write, as mapped here (read-only is enough): zeroed, or as the last one
 * left it.
 *
 * The last one must not write any more: its thread returned, or its process ended. Where that is
 * not known, a hanging process say, the next one needs a part of its own. Errors: INVALID (no such
 * worker, or alignment), EXISTS (it is in, or offered already), CLOSED. [WORKERS-3]
 */
MYC_MUST_USE enum myc_status
myc_workers_admit(struct myc_workers *workers, uint32_t worker, const void *part);

/**
 * Claims room for a job with up to `size` payload bytes, for one worker, or for all that are in
 * (MYC_WORKERS_ALL, only where dispatch is shared). At most one claim is open.
 *
 * Errors: FULL (no room, or the worker has outstanding_max jobs), TOO_BIG, NOT_CONNECTED (the
 * worker is not in, or nobody is), INVALID (no such worker, or a claim is open), UNSUPPORTED (for
 * all, without shared dispatch: use send), CLOSED. [WORKERS-4]
 */
MYC_MUST_USE enum myc_status
myc_workers_claim(struct myc_workers *workers, uint32_t worker, size_t size, void **out_payload);

/**
 * Sends the claimed job with its final size, at most the claimed one. Type (1 to
 * MYC_MESSAGE_TYPE_MAX) and version are the caller's choice.
 *
 * Errors: INVALID (the type, the size, or no claim is open: its worker ended meanwhile, say);
 * nothing was sent and the claim is given back.
 */
MYC_MUST_USE enum myc_status
myc_workers_commit(struct myc_workers *workers, uint16_t type, uint16_t version, size_t size);

/** Gives the claim back. */
void myc_workers_abort(struct myc_workers *workers);

/**
 * Copies a job in. For all, it goes to each worker that is in, or to none of them.
 *
 * Errors: as myc_workers_claim(), and INVALID (the type). [WORKERS-5]
 */
MYC_MUST_USE enum myc_status myc_workers_send(
    struct myc_workers *workers,
    uint32_t worker,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size);

/** The worker that is in and has the fewest jobs outstanding, in turn where several have;
 * MYC_WORKERS_NONE if nobody is in. [WORKERS-6] */
uint32_t myc_workers_least(struct myc_workers *workers);

/** The worker of a key: always the same, whether it is in or not. [WORKERS-7] */
uint32_t myc_workers_of_key(const struct myc_workers *workers, uint64_t key);

/** The account of a worker. Errors: NOT_FOUND. [WORKERS-8] */
MYC_MUST_USE enum myc_status myc_workers_account(
    const struct myc_workers *workers, uint32_t worker, struct myc_workers_account *out_account);

/**
 * Lets workers in that came, hands over at most `records_max` returns in fair turns, and tells of
 * workers that ended: closed their ring, or sent what they must not.
 *
 * Returns: how many records came. [WORKERS-9]
 */
size_t myc_workers_poll(struct myc_workers *workers, size_t records_max);

/**
 * Says that a worker's process or thread ended (PEER_DIED), or that it is to be given up for any
 * other cause but OK. What it sent is handed over first; then its end is told. Accepts a worker
 * that is not in; one that was offered its place is not waited for any more. [WORKERS-10]
 */
void myc_workers_end(struct myc_workers *workers, uint32_t worker, enum myc_status cause);

/** Says that no more jobs come; workers see it after their last one. Go on polling. [WORKERS-11] */
void myc_workers_close(struct myc_workers *workers);

/** Before a sleep, as myc_fair_arm(): whether there is nothing to do. [WORKERS-12] */
MYC_MUST_USE bool myc_workers_arm(struct myc_workers *workers);
void myc_workers_disarm(struct myc_workers *workers);

/** After sending and polling: the workers to ring, bit i for worker i. [WORKERS-13] */
uint64_t myc_workers_to_ring(struct myc_workers *workers);

/**
 * The dispatch ring that a worker reads, for myc_ring_writer_arm() before a sleep for room (its
 * size is the payload's and MYC_WORK_HEADER_BYTES), or for myc_ring_slowest(). Do not publish into
 * it.
 */
struct myc_ring_writer *myc_workers_ring(struct myc_workers *workers, uint32_t worker);

/* ---- A worker ---- */

/** One job. The payload is 8-aligned and valid until the handler returns. */
struct myc_worker_job {
    uint64_t job;
    bool is_for_all;
    bool is_end_of_batch; /* of its ring, where the last record may be another worker's */
    uint16_t type;
    uint16_t version;
    uint32_t size; /* payload bytes */
    const void *payload;
    uint64_t sequence; /* in the dispatch ring */
    uint64_t position;
};

/** May send returns; must not poll. */
typedef void myc_worker_job_fn(const struct myc_worker_job *job, void *context);

/** A worker. Placed by the caller, 64-aligned; fields are private. */
struct myc_worker {
    struct myc_ring_writer returns;
    struct myc_ring_reader dispatch;
    const unsigned char *scheduler_part;
    unsigned char *part;
    struct myc_workers_layout layout;
    uint32_t index;
    uint32_t generation;
    uint64_t epoch;         /* of the scheduler */
    enum myc_status status; /* AGAIN until it is in */
    bool is_to_ring;
    uint64_t first_job;
    uint64_t taken;    /* jobs */
    uint64_t answered; /* of them */
    size_t claimed;    /* payload bytes */
    unsigned char *claimed_payload;
    bool is_claimed;
    bool is_closed;
    myc_worker_job_fn *fn; /* of the poll that runs */
    void *context;
    size_t handed;
} __attribute__((aligned(64)));

/**
 * Takes the place that the scheduler offers, in `part`, which becomes this worker's to write. The
 * scheduler's part may be mapped read-only. Ring the scheduler after it (myc_worker_should_ring()).
 *
 * Errors: AGAIN (the scheduler is not ready, or offers nothing: try again), IN_USE (another one has
 * the place, or had it and the scheduler does not know yet that it ended), CORRUPT, INVALID; the
 * diagnostic (may be NULL) says what. Nothing was written then. [WORKERS-20]
 */
MYC_MUST_USE enum myc_status myc_worker_init(
    struct myc_worker *worker,
    const void *scheduler_part,
    size_t scheduler_bytes,
    void *part,
    size_t part_bytes,
    uint32_t index,
    struct myc_diagnostic *diagnostic);

/**
 * Hands over at most `jobs_max` jobs. Each must be answered, in order, here or later.
 *
 * Returns: how many; see myc_worker_status() for what happened when it is 0. [WORKERS-21]
 */
size_t
myc_worker_poll(struct myc_worker *worker, myc_worker_job_fn *fn, void *context, size_t jobs_max);

/**
 * OK; AGAIN (not let in yet); CLOSED (the scheduler closed and all was taken); CORRUPT; FENCED (the
 * scheduler gave this worker up). [WORKERS-22]
 */
enum myc_status myc_worker_status(struct myc_worker *worker);

/** The scheduler's epoch, as its options had it: which scheduler this is. */
uint64_t myc_worker_epoch(const struct myc_worker *worker);

/** How many jobs were taken and are not answered yet. */
uint64_t myc_worker_unanswered(const struct myc_worker *worker);

/**
 * Sends a return for the oldest job that is not answered; with `is_done` that answers it.
 *
 * Errors: INVALID (no such job, or the type), FULL (try again when the scheduler has read),
 * TOO_BIG, CLOSED. [WORKERS-23]
 */
MYC_MUST_USE enum myc_status myc_worker_send(
    struct myc_worker *worker,
    bool is_done,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size);

/** The same, filled in place. claim: NULL if there is no room or no job. [WORKERS-24] */
void *myc_worker_claim(struct myc_worker *worker, size_t size);
MYC_MUST_USE enum myc_status myc_worker_commit(
    struct myc_worker *worker, bool is_done, uint16_t type, uint16_t version, size_t size);
void myc_worker_abort(struct myc_worker *worker);

/** Leaves in order: the scheduler hands over what was sent, and tells what was not answered. */
void myc_worker_close(struct myc_worker *worker);

/** Before a sleep: clear the doorbell, then this. Returns: whether there is nothing to do.
 * [WORKERS-25] */
MYC_MUST_USE bool myc_worker_arm(struct myc_worker *worker);
void myc_worker_disarm(struct myc_worker *worker);

/** Before a sleep for room to return `size` bytes; disarm_room after it. Returns: whether there is
 * still none. [WORKERS-26] */
MYC_MUST_USE bool myc_worker_arm_room(struct myc_worker *worker, size_t size);
void myc_worker_disarm_room(struct myc_worker *worker);

/** After init, polling and sending: whether to ring the scheduler. [WORKERS-27] */
bool myc_worker_should_ring(struct myc_worker *worker);

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif
