// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Publishers and reader of the framed scenarios, and their oracles. All of it lies in memory that
 * outlives every simulated process.
 */
#ifndef MYC_SIM_SCENARIOS_FRAMED_LANE_H
#define MYC_SIM_SCENARIOS_FRAMED_LANE_H

#include <mycelium/sim.h>

#include <mycelium/atomic.h>
#include <mycelium/framed.h>

enum {
    FRAMED_LANES = 2,
    FRAMED_EPOCHS_MAX = 3,
    FRAMED_MESSAGES_MAX = 8, // in an epoch
    FRAMED_CAPACITY = 4096,
    FRAMED_FRAGMENT_BYTES = 256,
    FRAMED_SIZE_MAX = 6000, // more than the ring holds
    FRAMED_DEADLINE_NS = 1000000000
};

struct floor;

/** What became of a message, as its publisher knows it. */
enum fate { FATE_NONE, FATE_SENT, FATE_GIVEN_UP };

/** A message; `fate` is released by the publisher when it is done with it. */
struct sent {
    struct myc_atomic_u32 fate;
    uint32_t size;
    bool is_told; // handed over or lost; the reader's
};

/** One incarnation of a publisher: its ring and what it sent. */
struct incarnation {
    struct myc_ring_writer ring_writer;
    struct myc_ring_reader ring_reader;
    struct myc_ring_ticket ticket;
    void *memory;
    size_t memory_bytes;
    unsigned char *page;
    struct sent sent[FRAMED_MESSAGES_MAX + 1]; // from 1
    struct myc_atomic_u32 is_ready;            // the reader is in
    struct myc_atomic_u32 is_ended;            // nothing more will come
    struct myc_atomic_u32 gaps;                // published, counted before
    uint64_t accounted;                        // last record told to the reader
    uint16_t last_number;                      // of the messages handed over
};

/** A publisher and what the reader has of it. */
struct lane {
    struct floor *floor;
    uint32_t index;
    uint32_t epochs; // begun so far
    struct incarnation incarnations[FRAMED_EPOCHS_MAX];
    struct myc_atomic_u32 is_over; // its last incarnation ended
    struct myc_atomic_u32 bell;    // the publisher's doorbell
    struct myc_sim_process process;
    struct myc_framed_source source;
    uint32_t reading; // epoch being read, from 0
    bool is_attached;
    bool is_done;
    unsigned char payload[FRAMED_SIZE_MAX];
};

struct floor {
    struct myc_sim *sim;
    struct myc_platform *platform; // of the process that all share, if they do
    struct lane lanes[FRAMED_LANES];
    struct myc_framed_assembler assembler;
    struct myc_framed_assembler_options limits;
    void *slots;
    struct myc_atomic_u32 bell; // the reader's doorbell
    struct myc_sim_process reader;
    bool may_sleep;
};

/** Draws limits, and makes rings for all epochs; what fails here ends the program. */
struct floor *floor_create(struct myc_sim *sim, bool may_sleep);
void floor_destroy(struct floor *floor);

/** A publisher's next incarnation, from its ring to its close. */
void lane_write(struct lane *lane, struct myc_platform *platform);

/** Says that the incarnation has ended, and whether it was the last. `platform` wakes the reader.
 */
void lane_end(struct lane *lane, struct myc_platform *platform, bool is_last);

/** The reader: all incarnations of all publishers, to their ends. */
void floor_read(struct floor *floor, struct myc_platform *platform);

/** Byte i of a message. */
unsigned char framed_byte(const struct lane *lane, uint32_t epoch, uint16_t number, size_t i);

/** Counts a doorbell up and wakes who sleeps on it. */
void framed_ring(struct floor *floor, struct myc_platform *platform, struct myc_atomic_u32 *bell);

/** Waits until the bell rang; a moment only where nobody sleeps. */
void framed_wait(
    struct floor *floor, struct myc_platform *platform, struct myc_atomic_u32 *bell, uint32_t seen);

#endif
