// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The platform parts of a simulated process, in the order in which they start. A new part includes
 * its header here and adds its line. Part of the implementation unit.
 */
#ifndef MYC_SIM_PARTS_H
#define MYC_SIM_PARTS_H

#include <mycelium/sim/file.h>
#include <mycelium/sim/kernel.h>
#include <mycelium/sim/local.h>
#include <mycelium/sim/partition.h>
#include <mycelium/sim/poller.h>
#include <mycelium/sim/process.h>
#include <mycelium/sim/shm_named.h>
#include <mycelium/sim/stream.h>

static const struct sim__part *const sim__parts[] = {
    &sim__local_part,
    &sim__poller_part,
    &sim__shm_part,
    &sim__file_part,
    &sim__process_part,
    &sim__stream_part,
};

enum { SIM__PART_COUNT = sizeof(sim__parts) / sizeof(sim__parts[0]) };

#endif
