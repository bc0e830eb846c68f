// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the processes of live_processes.c share: their story, in memory that outlives them, and the
 * segment through which they meet.
 */
#ifndef MYC_SIM_SCENARIOS_LIVE_TOWN_H
#define MYC_SIM_SCENARIOS_LIVE_TOWN_H

#include <mycelium/sim.h>

#include <mycelium/atomic.h>
#include <mycelium/bytes.h>
#include <mycelium/ring_required.h>

enum {
    TOWN_CAPACITY = 4096,
    TOWN_SEATS = 2, /* the journal, and who acts behind it */
    TOWN_LIVES_MAX = 32,
    TOWN_TYPE = 7,
    TOWN_SLOTS = 2 * TOWN_SEATS + 1
};

/** What becomes of the journal. */
enum town_plan { TOWN_HEALTHY, TOWN_NEVER_COMES, TOWN_STANDS_STILL, TOWN_STAYS_AWAY, TOWN_PLANS };

enum town_request { TOWN_IDLE, TOWN_JOIN, TOWN_GATE, TOWN_GRANTED };

/** Where a reader asks and is answered, in the segment. Plain fields are handed over by `request`.
 */
struct town_desk {
    struct myc_atomic_u32 request; /* enum town_request; waited on */
    uint32_t page;                 /* of this life */
    uint32_t front_page;
    struct myc_ring_ticket ticket;
    struct myc_ring_ticket front_ticket;
};

/** The segment's first page. */
struct town_hall {
    struct myc_atomic_u32 is_ready;
    struct myc_atomic_u32 is_over; /* the writer writes no more */
    struct myc_atomic_u32 bell;    /* the steward's */
    struct town_desk desks[TOWN_SEATS];
};

struct town;

struct town_seat {
    struct town *town;
    const char *name;
    struct myc_sim_process process;
    struct myc_atomic_u32 is_dead; /* the director saw it die; the steward takes it out */
    uint64_t handled;              /* the last message, over all its lives */
    uint64_t next;                 /* sequence of the next, in this life */
    bool is_in;                    /* as the steward knows */
    uint32_t slot;
    bool is_done;
};

struct town {
    struct myc_sim *sim;
    enum town_plan plan;
    bool is_rung; /* nobody waits with a deadline of its own */
    bool is_writer_dead;
    struct myc_sim_process writer_process;
    struct myc_ring_writer writer;
    struct myc_ring_required required;
    uint64_t message_count;
    uint64_t size_max;
    uint64_t stall_after; /* messages, of TOWN_STANDS_STILL and TOWN_STAYS_AWAY */
    uint64_t committed;
    uint64_t blocked_ns; /* the writer's present wait began */
    uint32_t pages_used;
    uint32_t violations;
    struct myc_ring_alert violation;
    struct town_seat seats[TOWN_SEATS];
};

/** Bytes of the ring and of the whole segment: hall, ring, pages. */
size_t town_ring_bytes(const struct myc_ring_options *options);
struct myc_ring_options town_ring_options(void);

/** Opens the segment that the writer made. Returns: false if there is none yet. */
bool town_enter(struct myc_platform *platform, struct myc_handle *out_segment);

/** Maps a part of it, or ends the run. */
void *town_map(
    struct town *town,
    struct myc_platform *platform,
    struct myc_handle segment,
    size_t offset,
    size_t bytes,
    bool is_writable);

size_t town_page_offset(uint32_t page);

/** Changes a desk's request and wakes who waits for it. */
void town_ask(struct town_desk *desk, struct myc_platform *platform, enum town_request request);

/** The writer's process. */
int town_writer_main(struct myc_platform *platform, void *town);

#endif
