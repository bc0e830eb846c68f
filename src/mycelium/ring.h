// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Broadcast ring: one writer, many readers, records of any length, nothing copied.
 *
 * The ring's memory may lie on the heap or in a segment that other processes map read-only. Each
 * reader has a page of its own, written by the reader and read by the writer, who treats what it
 * says as hints. Gating readers hold the writer back: what they have not passed is not overwritten,
 * and they read in place. Lapping readers never do: they read copies, and when the writer overtakes
 * them they are told which messages they lost.
 *
 * Threads: claim, commit, abort, fill and the writer's sleeping calls belong to the writer's
 * thread. join, leave and reader_state may be called from another thread of the writer's process,
 * one at a time. A reader belongs to one thread at a time.
 */
#ifndef MYC_RING_H
#define MYC_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/process.h>
#include <mycelium/record.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" // functions named like structs
#endif

enum {
    MYC_RING_CAPACITY_MIN = 4096,
    MYC_RING_CAPACITY_MAX = 1 << 30,
    MYC_RING_LAPPED_CAPACITY_MIN = 16384, /* where readers may be lapped */
    MYC_RING_CAPACITY_DEFAULT = 256 * 1024,
    MYC_RING_READERS_MAX = 64,
    MYC_RING_PAGE_BYTES = 4096, /* one page for each reader */
    MYC_RING_BATCH_MAX = 64     /* records per head update */
};

struct myc_ring_options {
    uint64_t capacity_bytes;    /* a power of two, CAPACITY_MIN to CAPACITY_MAX; 0: the default */
    uint32_t readers_max;       /* 1 to MYC_RING_READERS_MAX; 0: that many */
    bool readers_may_sleep;     /* commits then look for armed readers: call myc_ring_sleepers() */
    bool writer_may_sleep;      /* readers then look for an armed writer */
    bool readers_may_be_lapped; /* lapping readers may join, beside gating ones */
    uint64_t first_position;    /* of the first record, a multiple of 8, at most 2^63: for soaks */
    uint64_t publisher_id;      /* copied into the header for whoever attaches */
    uint64_t publisher_epoch;
    struct myc_process_identity creator;
    uint8_t contract_digest[MYC_DIGEST_BYTES];
};

/** Where a new reader starts. */
enum myc_ring_start {
    MYC_RING_LIVE,    /* at the first record committed after joining */
    MYC_RING_EARLIEST /* at the oldest sync point the ring still holds: one lies every 4 KiB */
};

/** What a joiner is told; travels to other processes as it is. */
struct myc_ring_ticket {
    uint32_t slot;
    uint32_t generation; /* of the slot, from 1; part of every arm word */
    uint64_t position;   /* where to read first */
    uint64_t sequence;   /* messages before that position */
};

/* Shared memory as the library lays it out; see docs/reference/ring.md. */
struct myc__ring_control;
struct myc__ring_slot;
struct myc__ring_pair;
struct myc__ring_page;
struct myc_ring_gate;

/** The writer's side; private fields. Placed by the caller, 64-aligned, zero before init. */
struct myc_ring_writer;

/** A reader's side; private fields. Placed by the caller, 64-aligned, zero before init. */
struct myc_ring_reader;

/* ---- Writer ---- */

/** Bytes of ring memory for these options, a multiple of 4096; 0 if the options are invalid.
 * [RING-1] */
size_t myc_ring_memory_size(const struct myc_ring_options *options);

/**
 * Lays a ring out in `memory` (zeroed, 4096-aligned, as long as myc_ring_memory_size() says).
 *
 * The header's ready word is stored last with release, so an attacher never sees half a ring.
 * Ownership: the memory stays the caller's and outlives the writer and all readers.
 * Errors: INVALID. [RING-2]
 */
MYC_MUST_USE enum myc_status myc_ring_writer_init(
    struct myc_ring_writer *writer,
    void *memory,
    size_t memory_bytes,
    const struct myc_ring_options *options,
    struct myc_diagnostic *diagnostic);

/**
 * Goes on writing a ring whose writer is gone for good: behind the last record it published, with
 * the options the ring was made with. Whoever reads on notices nothing. [RING-35]
 *
 * `pages` are the pages of the readers that are still in, by slot; NULL where there is none or it
 * is not known: that slot is taken back, and its reader, should it live, finds itself FENCED. The
 * caller makes sure that the last writer's stores are over and seen, by a lock that it held, say,
 * and rings every reader that sleeps, since the last writer may not have come to it. Ownership: as
 * for myc_ring_writer_init() and myc_ring_join(). Errors, after which nothing has changed: INVALID
 * (alignment), AGAIN (never finished), CORRUPT (the diagnostic says what), CLOSED (it had been
 * closed; make another).
 */
MYC_MUST_USE enum myc_status myc_ring_writer_resume(
    struct myc_ring_writer *writer,
    void *memory,
    size_t memory_bytes,
    const void *const pages[MYC_RING_READERS_MAX],
    struct myc_diagnostic *diagnostic);

/** The largest payload one record may carry: a quarter of the capacity, less the header. */
size_t myc_ring_payload_max(const struct myc_ring_writer *writer);

/**
 * Claims room for a record with up to `size` payload bytes; nothing is visible until commit.
 *
 * Returns: 8-aligned bytes to fill in place, or NULL if the slowest reader is in the way or `size`
 * is above myc_ring_payload_max(). At most one claim is open at a time. [RING-3]
 */
void *myc_ring_claim(struct myc_ring_writer *writer, size_t size);

/**
 * Publishes the claimed record with its final size, at most the claimed one. [RING-4]
 *
 * `type` is 1 to MYC_MESSAGE_TYPE_MAX (counts one message) or MYC_RECORD_GAP (a struct myc_gap;
 * counts its `count`). The bytes between the payload and the next record are zeroed. Misuse (no
 * open claim, a larger size, another type) publishes nothing and poisons the writer: see
 * myc_ring_publish().
 */
void myc_ring_commit(struct myc_ring_writer *writer, uint16_t type, uint16_t version, size_t size);

/** Gives the claim back; readers never learn of it. [RING-5] */
void myc_ring_abort(struct myc_ring_writer *writer);

/**
 * Copies a payload in: claim, copy, commit. [RING-6]
 *
 * Returns: OK, FULL, TOO_BIG, INVALID (the type), CLOSED, POISONED (after misuse or a failed fill).
 */
MYC_MUST_USE enum myc_status myc_ring_publish(
    struct myc_ring_writer *writer,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size);

/** Messages committed so far. */
uint64_t myc_ring_committed(const struct myc_ring_writer *writer);

/**
 * After one or more commits: the slots whose readers sleep and have not been rung since they armed,
 * bit i for slot i. The caller rings their doorbells. Costs a full fence; returns 0 at once unless
 * the ring was made with readers_may_sleep. [RING-7]
 */
uint64_t myc_ring_sleepers(struct myc_ring_writer *writer);

/**
 * Before a blocked writer sleeps: arms its wake-up, then looks again.
 *
 * Returns: true if a claim of `size` still would not fit, so that sleeping is safe: the reader that
 * makes room sees the armed word. False when it fits now, or never will (too big, closed,
 * poisoned). While a batch is open the claim is that of its next record, and false also when the
 * batch must be committed first. After waking call myc_ring_writer_disarm(). Whoever takes a reader
 * out with myc_ring_leave() rings the writer himself. [RING-8]
 */
bool myc_ring_writer_arm(struct myc_ring_writer *writer, size_t size);
void myc_ring_writer_disarm(struct myc_ring_writer *writer);

/** Says that nothing more will come; readers see it after the last record. Ring sleepers. [RING-9]
 */
void myc_ring_writer_close(struct myc_ring_writer *writer);

/* ---- Readers, as the writer's process sees them ---- */

/**
 * Lets a reader in. `page` is its zeroed page of MYC_RING_PAGE_BYTES, 64-aligned, mapped in this
 * process; read-only is enough. myc_ring_reader_init() fills it in where it is mapped writable;
 * until then the writer keeps what the ticket names.
 *
 * Ownership: the page stays the caller's and stays mapped until the reader was taken out and the
 * writer's thread has since returned from whatever call it was in.
 * Threads: any one thread of the writer's process at a time.
 * Errors: LIMIT (no free slot), INVALID (page), AGAIN (the writer outran every attempt). [RING-10]
 */
MYC_MUST_USE enum myc_status myc_ring_join(
    struct myc_ring_writer *writer,
    const void *page,
    enum myc_ring_start start,
    struct myc_ring_ticket *out_ticket);

/**
 * As myc_ring_join(), behind the message with this sequence number: the next one it reads counts on
 * from there, if the ring still holds it. 0: from the very first.
 *
 * Where the number lies inside a GAP the reader starts before it: compare the ticket's sequence.
 * Errors: as myc_ring_join(), and NOT_FOUND (not held any more, or not committed yet). [RING-30]
 */
MYC_MUST_USE enum myc_status myc_ring_join_at(
    struct myc_ring_writer *writer,
    const void *page,
    uint64_t sequence,
    struct myc_ring_ticket *out_ticket);

/**
 * How many readers are in, lapping ones too. A creator that must not publish to nobody asks again
 * after each join until there are enough. Threads: any of the writer's process. [RING-31]
 */
uint32_t myc_ring_readers(const struct myc_ring_writer *writer);

/**
 * Takes a reader out: it left, or its process died. The writer no longer waits for it; a reader
 * that goes on all the same finds its status FENCED. The caller rings a writer that waits for room,
 * and a reader that still lives and may sleep. Accepts a free slot. [RING-11]
 */
void myc_ring_leave(struct myc_ring_writer *writer, uint32_t slot);

/**
 * Lets a reader in that is never waited for. As myc_ring_join(); the ring must have been made with
 * readers_may_be_lapped.
 *
 * Such a reader follows a writer at most usable bytes behind: the capacity, less 4 KiB, less twice
 * the largest record (half the capacity), less 32. Threads, errors: as myc_ring_join(). [RING-27]
 */
MYC_MUST_USE enum myc_status myc_ring_join_lapping(
    struct myc_ring_writer *writer,
    const void *page,
    enum myc_ring_start start,
    struct myc_ring_ticket *out_ticket);

/** What the writer's process knows of a reader. */
struct myc_ring_reader_state {
    bool is_active;
    bool is_lapping;    /* it is never waited for */
    bool is_poisoned;   /* its page said something impossible; it no longer gates */
    bool has_begun;     /* it attached, as its page says */
    bool has_left;      /* it reads the ring no more, as its page says */
    uint64_t position;  /* its head, as last seen */
    uint64_t sequence;  /* messages before that head; a hint, exact when the reader is at rest */
    uint64_t lag_bytes; /* committed bytes it has not passed */
};

/** Reads a slot's state. Threads: as join. Returns: NOT_FOUND for a free slot. [RING-12] */
MYC_MUST_USE enum myc_status myc_ring_reader_state(
    const struct myc_ring_writer *writer, uint32_t slot, struct myc_ring_reader_state *out_state);

/* ---- Reader ---- */

/**
 * Attaches to a ring. Checks the header (magic, layout, sizes, ready) and the ticket, each foreign
 * word loaded once. `memory` may be mapped read-only; `page` is mapped writable here, zeroed, and
 * is initialised by this call.
 *
 * Errors: CORRUPT (not such a ring; the diagnostic names the field), INVALID (alignment, a ticket
 * of another ring), FENCED (the slot is no longer this ticket's), AGAIN (not ready yet). [RING-13]
 */
MYC_MUST_USE enum myc_status myc_ring_reader_init(
    struct myc_ring_reader *reader,
    const void *memory,
    size_t memory_bytes,
    void *page,
    const struct myc_ring_ticket *ticket,
    struct myc_diagnostic *diagnostic);

/** The slowest gating reader, as seen last. Placed and kept by whoever watches, zero before. */
struct myc_ring_stall {
    uint32_t slot;
    uint32_t generation; /* of the slot, as in its ticket */
    uint64_t position;   /* its head, the furthest seen */
    uint64_t lag_bytes;  /* committed bytes it has not passed; 0: nobody is behind */
    uint64_t since_ns;   /* it was first seen at this position as the slowest */
    uint64_t stalled_ns; /* so long */
};

/**
 * Looks which gating reader is furthest behind, and for how long it has stood there: for a budget
 * after which it is taken out with myc_ring_leave(). Look at least once in half the budget.
 *
 * `now_ns` is of any monotonic clock, the same for each look. A reader that moves, even if it stays
 * the slowest, begins anew; so does a later one in its slot. Threads: as myc_ring_reader_state().
 * Returns: false if nobody is behind. [RING-32]
 */
bool myc_ring_slowest(
    const struct myc_ring_writer *writer, uint64_t now_ns, struct myc_ring_stall *stall);

/** Where a lapping reader goes on after the writer has overtaken it. */
enum myc_ring_resume {
    MYC_RING_DROP_OLDEST, /* at the oldest sync point that is still whole */
    MYC_RING_LATEST       /* behind the newest message */
};

/**
 * Attaches a reader that joined with myc_ring_join_lapping(). It reads copies, so what it hands
 * over is whole, however fast the writer is.
 *
 * When it was overtaken, its next record is a MYC_RECORD_GAP of its own with the cause
 * MYC_LOSS_LAPPED: the record's sequence is that of the last message lost, `count` tells how many,
 * so the first was `sequence - count + 1`. What is delivered and what is lost add up to what was
 * committed since it joined, exactly.
 *
 * Ownership: `copy` (8-aligned, at least a quarter of the ring's capacity) stays the caller's and
 * outlives the reader; what poll hands over and peek shows lies there until the next call.
 * Errors: as myc_ring_reader_init(), and INVALID for a copy that is too small. [RING-28]
 */
MYC_MUST_USE enum myc_status myc_ring_lapping_init(
    struct myc_ring_reader *reader,
    const void *memory,
    size_t memory_bytes,
    void *page,
    const struct myc_ring_ticket *ticket,
    enum myc_ring_resume resume_rule,
    struct myc_span copy,
    struct myc_diagnostic *diagnostic);

/**
 * Makes a gating reader read copies from here on: what it hands over does not change any more, not
 * even if a hostile writer tries or the reader is taken out meanwhile.
 *
 * Ownership: as for myc_ring_lapping_init(). Errors: INVALID (the copy is too small). [RING-29]
 */
MYC_MUST_USE enum myc_status
myc_ring_reader_copy(struct myc_ring_reader *reader, struct myc_span copy);

/**
 * Handles one record. It may publish, also into the same ring, or stop its own subscription; what
 * it stops takes effect when the poll returns.
 */
typedef void myc_record_fn(const struct myc_record *record, void *context);

/**
 * Calls fn for at most `records_max` records in order; PADs are skipped. The head moves once a
 * batch of at most MYC_RING_BATCH_MAX, after its handlers returned: a reader that dies in a batch
 * has consumed none of it. A batch is what was there when its last record was handed over, and that
 * record says so (`is_end_of_batch`).
 *
 * Returns: how many records were handled; 0 if none was there or the reader broke: see
 * myc_ring_reader_status(). [RING-14]
 */
size_t
myc_ring_poll(struct myc_ring_reader *reader, myc_record_fn *fn, void *context, size_t records_max);

/**
 * The next run of whole records that lie next to each other, at most `bytes_max` bytes but at least
 * one record; data is NULL if there is none. PADs in front are skipped, no record is consumed.
 * [RING-15]
 */
struct myc_const_span myc_ring_peek(struct myc_ring_reader *reader, size_t bytes_max);

/** Consumes `bytes` of the last peek, a whole number of records, counting their messages. [RING-16]
 */
void myc_ring_consume(struct myc_ring_reader *reader, size_t bytes);

/** Whether nothing is there to poll, not even a PAD to skip; also true once the reader broke. */
bool myc_ring_is_empty(const struct myc_ring_reader *reader);

/**
 * Messages this reader has passed or had before it joined: the sequence number last seen. Of a
 * FENCED reader: the last message that was whole for certain.
 */
uint64_t myc_ring_reader_sequence(const struct myc_ring_reader *reader);

/** Messages a lapping reader was told it lost, in all. */
uint64_t myc_ring_reader_lost(const struct myc_ring_reader *reader);

/**
 * OK; CLOSED once everything before the writer's close was read; CORRUPT (the ring's bytes violate
 * the format); FENCED (taken out: see myc_ring_reader_distrusted()). [RING-17]
 */
enum myc_status myc_ring_reader_status(const struct myc_ring_reader *reader);

/**
 * How many messages after myc_ring_reader_sequence() were handed over though the writer may have
 * written over them meanwhile: 0 unless the reader is FENCED, and then at most its last batch. What
 * a handler made of them must be undone, or not be believed. [RING-25]
 */
uint64_t myc_ring_reader_distrusted(const struct myc_ring_reader *reader);

/**
 * Says in a reader's page that the ring is read no more; the writer's process finds it in
 * myc_ring_reader_state(). A reader that cannot tell otherwise, because its link broke, say, calls
 * this after its last poll. Threads: the reader's. [RING-26]
 */
void myc_ring_page_leave(void *page);

/**
 * Before a reader sleeps: (1) clear the doorbell, (2) arm every ring it waits for, (3) one
 * myc_fence_seq_cst(), (4) ask every ring whether it is empty and its status OK, (5) sleep only if
 * all are. Awake again: disarm. The order is load-bearing. [RING-18]
 */
void myc_ring_reader_arm(struct myc_ring_reader *reader);
void myc_ring_reader_disarm(struct myc_ring_reader *reader);

/**
 * After polling or consuming: whether the writer sleeps for room and this reader should ring it.
 * True at most once per arming and reader; always false, and free, unless the ring was made with
 * writer_may_sleep, where it costs a full fence. [RING-19]
 */
bool myc_ring_reader_should_wake_writer(struct myc_ring_reader *reader);

/** What the header says about the publisher. */
struct myc_ring_origin {
    uint64_t publisher_id;
    uint64_t publisher_epoch;
    struct myc_process_identity creator;
    uint8_t contract_digest[MYC_DIGEST_BYTES];
};

/** The origin, copied from a checked header. */
void myc_ring_reader_origin(
    const struct myc_ring_reader *reader, struct myc_ring_origin *out_origin);

/* ---- Receiving straight into a ring ---- */

/** At most this many spans are filled by one readv. */
enum { MYC_RING_FILL_SPANS = 2 };

/**
 * Where to receive bytes of a record stream: the first 8 in a private word, the rest in place.
 *
 * Returns: how many spans, 0 if the slowest reader is in the way (or the writer is closed or
 * poisoned). Call myc_ring_fill_end() with how many bytes arrived, filling the spans in order. A
 * ring that is filled is not claimed from. [RING-20]
 */
size_t
myc_ring_fill_begin(struct myc_ring_writer *writer, struct myc_span out_spans[MYC_RING_FILL_SPANS]);

/**
 * Handles a session record that came in the stream; its bytes become a PAD. The record's sequence
 * is that of the last message before it in the stream. Returns OK to go on; anything else ends the
 * fill with that status, what came before it committed.
 */
typedef enum myc_status myc_session_record_fn(const struct myc_record *record, void *context);

/**
 * Checks what arrived and publishes every complete record; the rest stays private until more comes.
 *
 * Types above MYC_MESSAGE_TYPE_MAX go to `fn`, except GAP, which stays, and PAD, which no stream
 * carries. Returns: OK; CORRUPT with the byte offset in the stream in the diagnostic; INVALID (more
 * bytes than were offered); or what fn said. After an error the ring keeps what was committed and
 * takes no more. [RING-21]
 */
MYC_MUST_USE enum myc_status myc_ring_fill_end(
    struct myc_ring_writer *writer,
    size_t bytes,
    myc_session_record_fn *fn,
    void *context,
    struct myc_diagnostic *diagnostic);

/**
 * As myc_ring_writer_arm(), for a ring that is filled. [RING-23]
 *
 * Returns: true if fill_begin would still give nothing, so that sleeping is safe.
 */
bool myc_ring_fill_arm(struct myc_ring_writer *writer);

/**
 * Forgets an incomplete record: the stream broke off, and another one begins at a record's start.
 * Offsets in diagnostics count from here. A poisoned writer stays poisoned. [RING-24]
 */
void myc_ring_fill_reset(struct myc_ring_writer *writer);

/** Structural check of the writer's side against the shared words. [RING-22] */
bool myc_ring_is_valid(const struct myc_ring_writer *writer);

/* ---- Placed structures: fields are private ---- */

struct myc_ring_writer {
    unsigned char *data; /* the records */
    uint64_t capacity;
    uint64_t position; /* of the next record */
    uint64_t granted;  /* the limit, or the intent if that is announced and lower */
    uint64_t plain;    /* a record that ends here or before, with the word behind it, just fits */
    uint64_t claimed;  /* payload bytes of the open claim; UINT64_MAX: none */
    uint64_t rest;     /* bytes skipped before the claimed record */
    uint64_t sequence; /* messages committed */
    uint64_t sync_due; /* position from which the next sync entry is due */
    uint64_t limit;    /* no byte at or beyond it may be written */
    struct myc__ring_control *control;
    struct myc_atomic_u64 *progress; /* the control's pair: four words */
    struct myc__ring_slot *slots;
    struct myc__ring_pair *sync_index;
    uint64_t arm_word; /* the writer's own; odd while it sleeps */
    uint32_t readers_max;
    bool readers_may_sleep;
    bool writer_may_sleep;
    bool is_closed;
    bool is_broken;
    bool readers_may_be_lapped;
    bool is_announcing;    /* somebody reads what we do not wait for */
    uint64_t fill_word;    /* private copy of the run's first 8 bytes */
    uint64_t fill_held;    /* bytes held of the incomplete tail, those in fill_word included */
    uint64_t fill_offered; /* bytes of the last myc_ring_fill_begin() */
    uint64_t fill_offset;  /* stream bytes before `position`, for diagnostics */
    uint64_t intent;       /* as announced last */
    uint64_t skipped;      /* what is counted: as in the control page */
    uint64_t gapped;
    uint64_t full;
    uint64_t batch_start; /* the position where the open batch begins; another one: there is none */
    uint64_t batch_end;   /* behind what was added to it */
    uint64_t batch_plain; /* how far its records may go without a closer look */
    uint64_t batch_word;  /* its first header, held back; 0: nothing was added */
    uint64_t batch_claimed; /* as `claimed` and `rest`, of the batch's next record */
    uint64_t batch_rest;
    uint64_t batch_messages; /* what it counts */
    uint64_t batch_gapped;
    uint64_t batch_skipped;
    uint64_t dropped;                 /* messages, in all */
    uint64_t dropped_pending;         /* of them, not told by a GAP yet */
    struct myc_atomic_u32 bell;       /* counts what its process does while it may sleep */
    struct myc_atomic_u32 moves;      /* odd while a place passes from one slot to another */
    bool holds_places;                /* for required readers */
    bool has_gates;                   /* some reader is gated on another; of who lets readers in */
    struct myc_atomic_u32 slots_used; /* slots ever taken: the writer looks no further */
    struct myc_atomic_u64 pages[MYC_RING_READERS_MAX]; /* addresses; set before the slot's state */
    uint64_t rung[MYC_RING_READERS_MAX];               /* arm word last rung, per slot */
} __attribute__((aligned(64)));

struct myc_ring_reader {
    const unsigned char *data;
    uint64_t capacity;
    uint64_t position;
    uint64_t sequence;
    const struct myc__ring_control *control;
    const struct myc__ring_pair *sync_index;
    const struct myc__ring_slot *slot; /* in the writer's memory */
    struct myc__ring_page *page;
    uint32_t state_word; /* what the slot says while this reader is in */
    enum myc_status status;
    uint64_t arm_word;
    uint64_t writer_arm_seen; /* arming last rung for */
    bool writer_may_sleep;
    bool readers_may_sleep;
    uint64_t peeked_bytes;    /* of the last peek, until something is consumed; 0: none */
    uint64_t peeked_sequence; /* at its end */
    uint64_t distrusted;      /* handed over, but perhaps overwritten meanwhile */
    struct myc_span copy;     /* where records are copied to; NULL: they are read in place */
    uint64_t gap_count;       /* messages lost that the reader was not told of yet */
    uint64_t lost;            /* that it was told of */
    uint64_t gap_word;        /* header of the GAP that tells it, and its payload */
    struct myc_gap gap;
    enum myc_ring_resume resume;
    bool is_lapping;
    uint64_t cursor;                  /* behind what was taken; the position unless something was */
    uint64_t cursor_sequence;         /* messages before the cursor */
    uint64_t bound;                   /* a record that ends here or before needs no closer look */
    struct myc_atomic_u64 *page_head; /* words of the page and of the slot */
    struct myc_atomic_u64 *page_sequence;
    const struct myc_atomic_u32 *slot_state;
    bool is_copy_taken; /* what lies in the copy was taken, and not given back */
    uint64_t skipped;   /* what is counted: as in the page */
    uint64_t gapped;
    uint64_t peeked_gapped; /* messages that GAPs of the last peek count */
    uint64_t empty;
    uint64_t lag_max;
    uint64_t lag_asked;     /* position from which the lag was last looked for */
    uint64_t taken_skipped; /* of what is counted: taken from the position `taken_from` on, not */
    uint64_t taken_gapped;  /* given back yet */
    uint64_t taken_from;
    struct myc_ring_gate *gate; /* what it must not overtake; NULL: nothing */
    uint64_t rung_head;         /* who waits for this head was rung for it */
    struct myc_ring_origin origin;
} __attribute__((aligned(64)));

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif
