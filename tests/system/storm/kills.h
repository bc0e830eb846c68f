// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The parts of the storm of kills.
 */
#ifndef MYC_SYSTEM_STORM_KILLS_H
#define MYC_SYSTEM_STORM_KILLS_H

#include <stdint.h>

#include "system/storm/child.h"
#include "system/storm/storm.h"

struct kills_sums {
    uint64_t readers; /* killed */
    uint64_t writers;
    uint64_t early; /* before they were ready */
    uint64_t held;  /* times the writer had to wait for a dead reader's slot */
    uint64_t received;
    uint64_t lost; /* by lapping readers, as they were told */
};

/** What the processes say. */
enum kills_note {
    KILLS_GONE,
    KILLS_RING,   /* reader: ring and ticket, then the page by PAGE; writer: here is my ring */
    KILLS_PAGE,   /* a page; to a writer: let it in */
    KILLS_TICKET, /* from a writer */
    KILLS_READY,  /* from a reader */
    KILLS_REPORT, /* from a steady reader, at its end: sequence, received, lost */
    KILLS_COUNT   /* to a writer: a page in which it counts what it committed */
};

enum { KILLS_SIZE_MAX = 1500 };

/** Kills so many readers of a ring of this process. */
void kills_of_readers(uint64_t count, struct storm_draw *draw, struct kills_sums *sums);

/** Kills so many writers whose rings this process reads. */
void kills_of_writers(uint64_t count, struct storm_draw *draw, struct kills_sums *sums);

/** Roles: reads until it is killed; reads until the ring is closed and reports; writes. */
child_role_fn kills_reader_role;
child_role_fn kills_steady_role;
child_role_fn kills_writer_role;

#endif
