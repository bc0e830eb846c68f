// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Heartbeats of TCP links. On one host the kernel ends the connections of a process that dies; over
// a network a host may vanish without a word, and TCP itself would notice after a quarter of an
// hour, or never if nothing is sent. So both ends of a control connection speak now and then, and
// an end that hears nothing for the timeout tears the link down as if it had ended.
#include "bus/internal.h"

#include <mycelium/simulation.h>

enum { TIMEOUT_PERIODS = 4 };

static const uint64_t period_default_ns = 500000000;

void myc__heartbeat_defaults(struct myc_bus_options *options)
{
    if (options->heartbeat_ns == 0) {
        options->heartbeat_ns = period_default_ns;
    }
    if (options->heartbeat_timeout_ns == 0) {
        bool is_possible = options->heartbeat_ns <= MYC_NEVER / TIMEOUT_PERIODS;
        options->heartbeat_timeout_ns =
            is_possible ? options->heartbeat_ns * TIMEOUT_PERIODS : MYC_NEVER;
    }
}

static bool is_beating(const struct myc_bus *bus)
{
    return bus->topology.nodes[bus->self].transport == MYC_TRANSPORT_TCP;
}

uint64_t myc__heartbeat_next(const struct myc_bus *bus)
{
    return is_beating(bus) ? myc_deadline_after(bus->now_ns, bus->options.heartbeat_ns) : MYC_NEVER;
}

void myc__heartbeat_heard(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    link->silent_ns = is_beating(bus)
                          ? myc_deadline_after(bus->now_ns, bus->options.heartbeat_timeout_ns)
                          : MYC_NEVER;
}

static void beat(struct myc_bus *bus, int32_t index)
{
    unsigned char record[MYC__HEARTBEAT_BYTES];
    bus->links[index].beat_ns = myc__heartbeat_next(bus);
    myc__heartbeat_encode(bus->now_ns, record);
    // A queue that is full speaks for us, if the peer is there to hear it.
    (void)myc__link_send(bus, index, record, sizeof(record), NULL, 0);
}

void myc__heartbeat_step(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    if (link->state != MYC__LINK_UP || !is_beating(bus)) {
        return;
    }
    if (bus->now_ns >= link->silent_ns) {
        // Perhaps it is this agent that slept: then what the peer said waits in the socket.
        myc__link_hear(bus, index);
    }
    if (link->state == MYC__LINK_UP && bus->now_ns >= link->silent_ns) {
        MYC_REACHED("heartbeat.timeout");
        link->is_silent = true;
        myc__link_lost(bus, index);
    }
    if (link->state != MYC__LINK_UP) {
        return;
    }
    if (bus->now_ns >= link->beat_ns) {
        beat(bus, index);
    }
    myc__bus_due(bus, link->beat_ns);
    myc__bus_due(bus, link->silent_ns);
}
