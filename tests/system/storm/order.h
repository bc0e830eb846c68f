// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The parts of the storm of starts.
 */
#ifndef MYC_SYSTEM_STORM_ORDER_H
#define MYC_SYSTEM_STORM_ORDER_H

#include <stdint.h>

#include "system/storm/child.h"
#include "system/storm/storm.h"

enum { ORDER_READERS = 3, ORDER_SUBSCRIBERS = 2, ORDER_RESTARTS = 3 };

/** Who is started anew in the middle of a run. */
enum order_restart { RESTART_NOBODY, RESTART_READER, RESTART_WRITER };

struct order_sums {
    uint64_t runs;
    uint64_t restarts;
    uint64_t messages; /* received, by all */
    uint64_t wraps;    /* the least in one run */
};

/** Permutation `index` of the first `count` numbers. */
void order_permute(uint32_t index, uint32_t count, uint32_t *out_order);

/** One run over a bare ring: a writer and ORDER_READERS readers, started in that order. */
void order_ring(
    const uint32_t *order, enum order_restart restart, uint32_t victim, struct order_sums *sums);

/** One run over the bus in shared memory: a publisher and ORDER_SUBSCRIBERS subscribers. */
void order_bus(
    const uint32_t *order, enum order_restart restart, uint32_t victim, struct order_sums *sums);

child_role_fn order_writer_role;
child_role_fn order_reader_role;
child_role_fn order_publisher_role;
child_role_fn order_subscriber_role;

#endif
