// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Readers in our shared memory whose link ended before they left. Nobody who may still read is
// written over: such a reader keeps its place in the ring until its page says that it reads no
// more, or its process ended, or its time is over. Only in the last case may it be handed bytes
// that are being overwritten, and then the ring tells it which (FENCED).
#include "bus/internal.h"

#include <mycelium/interface/process.h>
#include <mycelium/simulation.h>

static const uint64_t look_ns = 1000000;

enum verdict { STAYS, HAS_LEFT, HAS_ENDED, IS_OVERDUE };

static enum verdict
look_at(const struct myc_bus *bus, const struct myc_publisher *publisher, uint32_t index)
{
    const struct myc__slot *slot = &publisher->slots[index];
    struct myc_ring_reader_state state;
    if (myc_ring_reader_state(&publisher->writer, index, &state) != MYC_OK || state.has_left) {
        return HAS_LEFT;
    }
    if (!state.has_begun
        && (slot->lingering_kind == MYC_NOTICE_UNMATCHED
            || bus->links[slot->link].state == MYC__LINK_UP)) {
        // It said goodbye, or has a new link, so it takes nothing from the old one any more: our
        // answer never reached it.
        return HAS_LEFT;
    }
    if (slot->is_known
        && myc_process_life(bus->platform->process, &slot->process) == MYC_LIFE_ENDED) {
        return HAS_ENDED;
    }
    return bus->now_ns >= slot->lingering_ns ? IS_OVERDUE : STAYS;
}

// True if it was taken out.
static bool resolve(struct myc_publisher *publisher, uint32_t index)
{
    struct myc_bus *bus = publisher->bus;
    const struct myc__slot *slot = &publisher->slots[index];
    enum verdict verdict = look_at(bus, publisher, index);
    MYC_SOMETIMES(verdict == HAS_LEFT, "linger.left");
    MYC_SOMETIMES(verdict == HAS_ENDED, "linger.ended");
    MYC_SOMETIMES(verdict == IS_OVERDUE, "linger.overdue");
    if (verdict == STAYS) {
        return false;
    }
    myc__outbound_free_slot(
        publisher, index, verdict == HAS_LEFT ? MYC_NOTICE_UNMATCHED : slot->lingering_kind);
    return true;
}

void myc__slot_unlinked(struct myc_publisher *publisher, uint32_t index, enum myc_notice_kind kind)
{
    struct myc_bus *bus = publisher->bus;
    struct myc__slot *slot = &publisher->slots[index];
    if (slot->is_lingering) {
        return;
    }
    slot->is_lingering = true;
    slot->lingering_kind = kind;
    slot->lingering_ns = myc_deadline_after(bus->now_ns, bus->options.link_grace_ns);
    bus->lingering++;
    if (bus->is_closed) {
        myc__outbound_free_slot(publisher, index, kind);
    } else if (!resolve(publisher, index)) {
        myc__bus_due(bus, bus->now_ns + look_ns);
    }
}

void myc__linger_step(struct myc_bus *bus)
{
    for (uint32_t i = 0; i < bus->publisher_count && bus->lingering > 0; i++) {
        for (uint32_t j = 0; j < MYC_RING_READERS_MAX && bus->lingering > 0; j++) {
            if (bus->publishers[i]->slots[j].is_lingering) {
                (void)resolve(bus->publishers[i], j);
            }
        }
    }
    if (bus->lingering > 0) {
        myc__bus_due(bus, bus->now_ns + look_ns);
    }
}

void myc__linger_close(struct myc_bus *bus)
{
    for (uint32_t i = 0; i < bus->publisher_count && bus->lingering > 0; i++) {
        for (uint32_t j = 0; j < MYC_RING_READERS_MAX; j++) {
            const struct myc__slot *slot = &bus->publishers[i]->slots[j];
            if (slot->is_lingering) {
                myc__outbound_free_slot(bus->publishers[i], j, slot->lingering_kind);
            }
        }
    }
}
