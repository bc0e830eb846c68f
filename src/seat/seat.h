// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How owner and guests of a ring at a place talk: page 0 is the hall, each other page a seat.
 *
 * A seat's first 512 bytes are the reader's page of the ring. A guest takes a free seat by putting
 * its identity into `claim`, all of it in one word, so that a seat whose guest died at any moment
 * can be taken back. Both sides load each other's words once and believe nothing.
 */
#ifndef MYC_SEAT_SEAT_H
#define MYC_SEAT_SEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/interface/process.h>
#include <mycelium/ring.h>

#include "ring/layout.h"

enum {
    MYC__SEAT_PID_BITS = 22, /* Linux has no higher ones */
    MYC__SEAT_JOIN = 1,      /* requests */
    MYC__SEAT_LEAVE = 2,
    MYC__SEAT_START_EARLIEST = 1, /* wishes, or-ed */
    MYC__SEAT_AT_SEQUENCE = 2,
    MYC__SEAT_LAPPING = 4
};

struct myc__hall {
    MYC__LINE struct myc_atomic_u32 bell; /* moved by who wants something of the owner, who sleeps
                                             on it */
};

struct myc__seat {
    struct myc__ring_page page;
    unsigned char reserved[512 - sizeof(struct myc__ring_page)];
    MYC__LINE struct myc_atomic_u64 claim; /* who sits here; 0: nobody */
    MYC__LINE struct myc_atomic_u64 request;
    struct myc_atomic_u64 wish;
    struct myc_atomic_u64 wish_sequence;
    MYC__LINE struct myc_atomic_u64 answer; /* the request that was answered */
    struct myc_atomic_u64 status;           /* how, and with which ticket */
    struct myc_atomic_u64 slot;
    struct myc_atomic_u64 generation;
    struct myc_atomic_u64 position;
    struct myc_atomic_u64 sequence;
    MYC__LINE struct myc_atomic_u32 bell; /* moved by the owner; the guest sleeps on it */
};

_Static_assert(offsetof(struct myc__seat, claim) == 512, "pinned");
_Static_assert(offsetof(struct myc__seat, request) == 576, "pinned");
_Static_assert(offsetof(struct myc__seat, answer) == 640, "pinned");
_Static_assert(offsetof(struct myc__seat, bell) == 704, "pinned");
_Static_assert(sizeof(struct myc__seat) <= MYC_RING_PAGE_BYTES, "one page");

/** An identity of this host and boot in one word; 0 if it does not fit. */
static inline uint64_t myc__seat_claim(const struct myc_process_identity *identity)
{
    bool fits = identity->pid >> MYC__SEAT_PID_BITS == 0
                && identity->start_time >> (64 - MYC__SEAT_PID_BITS) == 0;
    return fits ? identity->start_time << MYC__SEAT_PID_BITS | identity->pid : 0;
}

/** And back; the boot is the caller's own. */
static inline void myc__seat_identity(uint64_t claim, struct myc_process_identity *identity)
{
    identity->pid = claim & ((UINT64_C(1) << MYC__SEAT_PID_BITS) - 1);
    identity->start_time = claim >> MYC__SEAT_PID_BITS;
}

#endif
