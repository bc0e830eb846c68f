// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the ring's scenarios share: the arena (the ring and everything around it, in memory that
 * outlives every simulated process), readers that come and go, the steward who lets them in and out
 * for the writer's process, and the oracles over what the readers see.
 */
#ifndef MYC_SIM_SCENARIOS_RING_ARENA_H
#define MYC_SIM_SCENARIOS_RING_ARENA_H

#include <mycelium/sim.h>

#include <mycelium/atomic.h>
#include <mycelium/bytes.h>
#include <mycelium/ring.h>

enum {
    RING_SEATS_MAX = 3,
    RING_JOINS_MAX = 24, // of one seat; then its reader stays
    RING_PIECE_BYTES =
        64, // a payload is written and read in pieces with a scheduling point between
    RING_CAPACITY = 4096,
    RING_SIZE_MAX = RING_CAPACITY / 4 - 8,
    RING_SIZE_BORING = 512, // so that a boring run fills the ring
    RING_MESSAGE_TYPE = 7,
    GAP_MESSAGES = 3, // that a gap counts
    RING_DEADLINE_NS = 1000000000
};

enum seat_request { SEAT_IDLE, SEAT_JOIN, SEAT_GRANTED, SEAT_LEAVE };

struct arena;

/** What the thread of the ring's writer does, from the first record to the close. */
typedef void arena_writer_fn(struct arena *arena, struct myc_platform *platform);

// What somebody wrote or read, to be compared with what the ring counts.
struct counted {
    uint64_t messages;
    uint64_t gapped;
    uint64_t bytes; // of records
};

// One reader's place. Plain fields are handed over through `request`.
struct seat {
    struct arena *arena;
    struct myc_ring_reader reader;
    struct myc_ring_ticket ticket;
    enum myc_ring_start start;
    bool is_at_sequence;           // instead: behind `wanted`
    uint64_t wanted;               // what it handled before it left, or a little before that
    struct myc_atomic_u32 request; // enum seat_request; waited on
    struct myc_atomic_u32 bell;    // the reader's doorbell
    struct myc_atomic_u32 is_dead; // the director saw its process end by a kill
    uint64_t join_count;
    uint64_t committed_before;     // when it asked to join
    uint64_t handled;              // sequence of the last record it handled
    struct counted counted;        // since it joined
    bool is_held;                  // the steward has a slot for it
    struct myc_atomic_u32 is_done; // read everything there will ever be
    struct myc_handle thread;
    struct myc_sim_process process;
    unsigned char *pages; // a fresh one for each join
};

struct arena {
    struct myc_sim *sim;
    struct myc_platform *platform; // of the writer's process
    arena_writer_fn *run_writer;   // what the writer's thread does
    struct myc_ring_writer writer;
    void *memory;
    size_t memory_bytes;
    uint64_t message_count;
    uint64_t size_max;
    uint64_t committing;    // sequence being committed
    uint64_t gap_max;       // the most messages that a GAP counts, told before it is published
    struct counted counted; // by the writer
    uint64_t refused;       // claims
    struct myc_atomic_u64 committed; // sequence committed for certain; released after the commit
    struct myc_atomic_u32 writer_bell;
    struct myc_atomic_u32 steward_bell;
    struct myc_atomic_u32 is_writer_dead;
    struct myc_sim_process writer_process;
    uint32_t seat_count;
    uint32_t seat_of_slot[MYC_RING_READERS_MAX];
    bool may_sleep;
    bool has_batches;
    bool is_in_parts; // what is being published may be there in part
    struct seat seats[RING_SEATS_MAX];
};

/** Makes a ring and its seats of drawn sizes; what fails here ends the program. */
struct arena *arena_create(struct myc_sim *sim, bool may_sleep);
void arena_destroy(struct arena *arena);

/** Runs a whole run in one process: the writer, a thread for each reader, the steward. Checks its
 * end. */
void arena_run_threads(struct myc_sim *sim, arena_writer_fn *run_writer);

/** Adds a record with `size` bytes of payload; `gap` messages are missing where it is a GAP. */
void count_record(struct counted *counted, size_t size, uint64_t gap);

/** Checks that the writer's counts, its own and those in the ring's memory, are these. */
void check_writer_counts(struct arena *arena);

/** Counts a doorbell up and wakes who waits for it. */
void ring_bell(struct arena *arena, struct myc_platform *platform, struct myc_atomic_u32 *bell);

/** Waits until the word is something else; a moment only where nobody sleeps. */
void wait_change(
    struct arena *arena, struct myc_platform *platform, struct myc_atomic_u32 *word, uint32_t seen);

/** Rings the readers that sleep; after each commit and after the close. */
void ring_sleepers(struct arena *arena, struct myc_platform *platform);

/** Draws a message's size. */
size_t message_size(struct arena *arena);

/** Byte i of the payload of message `sequence`. */
unsigned char message_byte(uint64_t sequence, size_t i);

/** Writes a message's payload in pieces, with a scheduling point after each. */
void message_write(unsigned char *payload, size_t size, uint64_t sequence);

/** The steward: serves joins, leaves and deaths until every reader has come to the end. */
void steward_run(void *arena);

/** A reader: joins, reads, leaves, over and over, and stays to the end at last. */
void seat_read(struct seat *seat, struct myc_platform *platform);

#endif
