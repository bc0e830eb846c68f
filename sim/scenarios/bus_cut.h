// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A platform whose streams break now and then, though both processes live: what a lack of
 * descriptors or a bug at the other end does to a link on one host.
 */
#ifndef MYC_SIM_SCENARIOS_BUS_CUT_H
#define MYC_SIM_SCENARIOS_BUS_CUT_H

#include <stdint.h>

#include <mycelium/interface/platform.h>
#include <mycelium/interface/stream.h>
#include <mycelium/sim.h>

struct bus_cut {
    struct myc_platform platform; /* to be used instead of the real one */
    struct myc_stream stream;
    struct myc_stream *real;
    struct myc_sim *sim;
    struct myc_handle last; /* the stream last read; empty once it was closed */
    uint64_t left;          /* breaks that may still happen */
};

/** Makes a platform that is the given one but for its streams, `cuts_max` of which break. */
void bus_cut_init(
    struct bus_cut *cut, struct myc_platform *platform, struct myc_sim *sim, uint64_t cuts_max);

/** Perhaps breaks the stream last read: on one host most links are silent. The agent's thread. */
void bus_cut_step(struct bus_cut *cut);

#endif
