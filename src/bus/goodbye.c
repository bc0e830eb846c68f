// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a node that closes still owes: BYE on each link, and on each data connection whose publisher
// closed. A peer answers a BYE by ending its side, and closing before that could destroy the BYE on
// its way; so the node waits a moment for the answers, for all of them together.
#include "bus/internal.h"

#include <mycelium/interface/clock.h>
#include <mycelium/interface/poller.h>
#include <mycelium/simulation.h>

enum { EVENTS_MAX = 32 };

static const uint64_t goodbye_ns = 100000000;

static bool owes_bye(const struct myc__bus_outlet *outlet)
{
    return outlet->is_used && !outlet->is_lost
           && myc_load_acquire_u32(&outlet->outlet.is_ending) != 0;
}

static void mute(struct myc_bus *bus, struct myc_handle stream)
{
    if (stream.value != 0) {
        myc_poller_remove(bus->platform->poller, bus->poller, stream);
    }
}

// Whatever has no part in a farewell may be ready all along, and would end every wait.
static void mute_bystanders(struct myc_bus *bus)
{
    mute(bus, bus->listener);
    for (uint32_t i = 0; i < MYC_OUTLETS_MAX; i++) {
        const struct myc__bus_outlet *outlet = &bus->outlets[i];
        if (outlet->is_used && !outlet->is_lost && !owes_bye(outlet)) {
            mute(bus, outlet->outlet.channel.stream);
        }
    }
    for (uint32_t i = 0; i < MYC__ACCEPTED_MAX; i++) {
        if (bus->accepted[i].is_used) {
            mute(bus, bus->accepted[i].channel.stream);
        }
    }
}

// Writes what is left, the BYE last, and reads on. True once the peer ended its side, or it broke.
static bool is_outlet_answered(struct myc__bus_outlet *outlet)
{
    enum myc_status status = MYC_OK;
    if (!owes_bye(outlet)) {
        return true;
    }
    enum myc_status drained = myc__outlet_drain(&outlet->outlet);
    MYC_SOMETIMES(drained == MYC_AGAIN, "goodbye.waits-for-socket");
    if (drained == MYC_RESET) {
        return true;
    }
    // Also while the socket takes nothing: what is not read stays ready, and would end every wait.
    while (status == MYC_OK) {
        status = myc__outlet_receive(&outlet->outlet, NULL);
    }
    return status != MYC_AGAIN;
}

static bool are_all_answered(struct myc_bus *bus)
{
    bool is_done = true;
    for (uint32_t i = 0; i < MYC_OUTLETS_MAX; i++) {
        struct myc__bus_outlet *outlet = &bus->outlets[i];
        if (!is_outlet_answered(outlet)) {
            is_done = false;
        } else if (owes_bye(outlet)) {
            mute(bus, outlet->outlet.channel.stream);
        }
    }
    for (int32_t i = 0; i < (int32_t)bus->topology.node_count; i++) {
        if (i == bus->self) {
            continue;
        }
        // It is closed only with all others: with a link go its data connections.
        if (myc__link_is_answered(bus, i)) {
            mute(bus, bus->links[i].channel.stream);
        } else {
            is_done = false;
        }
    }
    return is_done;
}

void myc__goodbye(struct myc_bus *bus)
{
    struct myc_event events[EVENTS_MAX];
    size_t count = 0;
    enum myc_status status = MYC_OK;
    uint64_t deadline_ns = myc_clock_monotonic_ns(bus->platform->clock) + goodbye_ns;
    mute_bystanders(bus);
    for (int32_t i = 0; i < (int32_t)bus->topology.node_count; i++) {
        if (i != bus->self) {
            myc__link_say_bye(bus, i);
        }
    }
    // The deadline is looked at here too: a wait that finds something ready never times out.
    while (status == MYC_OK && myc_clock_monotonic_ns(bus->platform->clock) < deadline_ns
           && !are_all_answered(bus)) {
        myc_doorbell_clear(bus->platform->poller, bus->doorbell);
        status = myc_poller_wait(
            bus->platform->poller, bus->poller, events, EVENTS_MAX, deadline_ns, &count);
    }
    for (int32_t i = 0; i < (int32_t)bus->topology.node_count; i++) {
        if (i != bus->self) {
            myc__link_close(bus, i);
        }
    }
}
