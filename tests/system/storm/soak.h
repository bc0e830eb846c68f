// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The parts of the soak.
 */
#ifndef MYC_SYSTEM_STORM_SOAK_H
#define MYC_SYSTEM_STORM_SOAK_H

#include <stdint.h>

/** What went through. */
struct soak_sums {
    uint64_t bytes;    /* of payloads, as the writers published them */
    uint64_t checked;  /* of payloads, compared by all readers */
    uint64_t messages; /* published */
    uint64_t lapped;   /* that a lapping reader lost */
    uint64_t items;    /* of queues */
    uint64_t blocks;   /* of the pool */
};

/** So many bytes through a ring whose positions and sequences pass `turn`, read in place, lapped,
 * and relayed into a second ring as from a socket. */
void soak_rings(uint64_t bytes, uint64_t turn, struct soak_sums *sums);

/** So many items from each producer through a queue of each kind while its counters wrap; some
 * carry a block of a pool. */
void soak_queues(uint64_t items, struct soak_sums *sums);

#endif
