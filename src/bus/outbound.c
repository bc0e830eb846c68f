// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The publishers' side of links: data connections that drain our rings, and readers of other
// processes that are let into our shared memory.
#include "bus/internal.h"

#include <string.h>

#include <mycelium/interface/poller.h>
#include <mycelium/interface/stream.h>
#include <mycelium/simulation.h>

// ---- Sockets ----

static int32_t
find_outlet(const struct myc_bus *bus, int32_t link, const struct myc_publisher *publisher)
{
    for (int32_t i = 0; i < MYC_OUTLETS_MAX; i++) {
        const struct myc__bus_outlet *outlet = &bus->outlets[i];
        if (outlet->is_used && outlet->link == link && outlet->publisher == publisher) {
            return i;
        }
    }
    return MYC__NO_INDEX;
}

static int32_t find_free_outlet(const struct myc_bus *bus)
{
    for (int32_t i = 0; i < MYC_OUTLETS_MAX; i++) {
        if (!bus->outlets[i].is_used) {
            return i;
        }
    }
    return MYC__NO_INDEX;
}

static void close_stream(struct myc_bus *bus, int32_t index)
{
    struct myc__bus_outlet *outlet = &bus->outlets[index];
    struct myc_publisher *publisher = outlet->publisher;
    uint32_t bit = UINT32_C(1) << index;
    if (outlet->is_lost) {
        return;
    }
    // The publisher may still try the outlet: it then fails to get the token, and leaves.
    uint32_t mask = myc_load_relaxed_u32(&publisher->outlet_mask);
    myc_store_release_u32(&publisher->outlet_mask, mask & ~bit);
    myc__outlet_close(&outlet->outlet);
}

static void close_outlet(struct myc_bus *bus, int32_t index, enum myc_notice_kind kind)
{
    struct myc__bus_outlet *outlet = &bus->outlets[index];
    struct myc_publisher *publisher = outlet->publisher;
    close_stream(bus, index);
    myc__publisher_slot_left(
        publisher, outlet->slot, kind, myc_load_relaxed_u64(&outlet->outlet.acknowledged));
    outlet->is_used = false;
    outlet->is_lost = false;
    outlet->generation++;
    outlet->publisher = NULL;
}

// The data connection ends before or after the control connection, which alone tells why: the slot
// waits for that.
static void lose_outlet(struct myc_bus *bus, int32_t index)
{
    struct myc__bus_outlet *outlet = &bus->outlets[index];
    close_stream(bus, index);
    MYC_REACHED("outbound.loses-connection");
    outlet->is_lost = true;
    outlet->lost_ns = bus->now_ns;
    outlet->generation++;
}

static void reject_data(
    struct myc_bus *bus,
    struct myc__accepted *accepted,
    enum myc_status status,
    const char *field,
    const char *ours)
{
    struct myc__reject reject;
    memset(&reject, 0, sizeof(reject));
    reject.status = status;
    myc__text_copy(reject.field, sizeof(reject.field), field);
    myc__text_copy(reject.ours, sizeof(reject.ours), ours);
    myc__accepted_reject(bus, accepted, &reject);
}

static enum myc_status join_outlet(
    struct myc__bus_outlet *outlet,
    struct myc_publisher *publisher,
    struct myc_ring_ticket *out_ticket)
{
    memset(outlet->outlet.page, 0, MYC_RING_PAGE_BYTES);
    memset(&outlet->outlet.reader, 0, sizeof(outlet->outlet.reader));
    enum myc_status status =
        myc_ring_join(&publisher->writer, outlet->outlet.page, MYC_RING_LIVE, out_ticket);
    if (status != MYC_OK) {
        return status;
    }
    status = myc_ring_reader_init(
        &outlet->outlet.reader,
        publisher->memory,
        publisher->memory_bytes,
        outlet->outlet.page,
        out_ticket,
        NULL);
    if (status != MYC_OK) {
        myc_ring_leave(&publisher->writer, out_ticket->slot);
    }
    return status;
}

static void open_outlet(
    struct myc_bus *bus,
    int32_t link,
    int32_t index,
    struct myc_publisher *publisher,
    struct myc__accepted *accepted,
    const struct myc__hello *hello)
{
    struct myc__bus_outlet *outlet = &bus->outlets[index];
    struct myc_ring_ticket ticket;
    unsigned char record[MYC__WELCOME_BYTES];
    if (join_outlet(outlet, publisher, &ticket) != MYC_OK) {
        reject_data(bus, accepted, MYC_LIMIT, "readers", "every slot of the ring is taken");
        return;
    }
    struct myc__welcome welcome = {
        .node_epoch = bus->node_epoch, .sequence = ticket.sequence, .now_ns = bus->now_ns};
    memcpy(welcome.node, bus->topology.nodes[bus->self].name, MYC_NAME_BYTES);
    myc__welcome_encode(&welcome, record);
    outlet->is_used = true;
    outlet->generation++;
    outlet->link = link;
    outlet->slot = ticket.slot;
    outlet->attempt = hello->attempt;
    outlet->publisher = publisher;
    struct myc_handle stream = myc__channel_detach(&accepted->channel);
    accepted->is_used = false;
    myc_poller_remove(bus->platform->poller, bus->poller, stream);
    enum myc_status status = myc__outlet_open(
        &outlet->outlet,
        bus->platform,
        stream,
        bus->poller,
        myc__token(MYC__TOKEN_OUTLET, (uint32_t)index, outlet->generation),
        record,
        sizeof(record));
    uint32_t weight = hello->subscribers > 0 && hello->subscribers <= MYC_SUBSCRIBERS_MAX
                          ? (uint32_t)hello->subscribers
                          : 1;
    struct myc__slot slot = {
        .kind = MYC__SLOT_OUTLET, .link = link, .outlet = index, .weight = weight};
    myc__publisher_slot_joined(publisher, &ticket, &slot);
    // Pairs with the acquire in drain_outlets: the publisher sees the opened outlet.
    uint32_t mask = myc_load_relaxed_u32(&publisher->outlet_mask);
    myc_store_release_u32(&publisher->outlet_mask, mask | UINT32_C(1) << index);
    if (status != MYC_OK) {
        close_outlet(bus, index, MYC_NOTICE_UNMATCHED);
        return;
    }
    // The WELCOME, and what was committed since the join, before the publisher's next commit.
    (void)myc__outlet_drain(&outlet->outlet);
}

void myc__outbound_accept(
    struct myc_bus *bus,
    int32_t link,
    struct myc__accepted *accepted,
    const struct myc__hello *hello)
{
    struct myc_publisher *publisher =
        myc__bus_find_publisher(bus, hello->publisher_id, hello->publisher_epoch);
    if (!bus->links[link].is_known || bus->links[link].peer_epoch != hello->node_epoch) {
        reject_data(
            bus, accepted, MYC_NOT_CONNECTED, "node epoch", "no link with that incarnation");
        return;
    }
    if (publisher == NULL || myc_load_acquire_u32(&publisher->is_closing) != 0) {
        reject_data(bus, accepted, MYC_NOT_FOUND, "publisher", "no such publisher");
        return;
    }
    int32_t old = find_outlet(bus, link, publisher);
    if (old != MYC__NO_INDEX) {
        if (hello->attempt <= bus->outlets[old].attempt) {
            reject_data(bus, accepted, MYC_INVALID, "attempt", "a later connection came first");
            return;
        }
        // The subscriber closed that connection before it dialled again.
        MYC_REACHED("outbound.replaces-connection");
        close_outlet(bus, old, MYC_NOTICE_UNMATCHED);
    }
    int32_t index = find_free_outlet(bus);
    if (index == MYC__NO_INDEX) {
        reject_data(bus, accepted, MYC_LIMIT, "data connections", "at most 32");
        return;
    }
    open_outlet(bus, link, index, publisher, accepted, hello);
}

void myc__outbound_event(struct myc_bus *bus, uint32_t index, uint32_t events)
{
    struct myc__bus_outlet *outlet = &bus->outlets[index];
    struct myc_publisher *publisher = outlet->publisher;
    enum myc_status drained = MYC_OK;
    if ((events & MYC_WRITABLE) != 0) {
        drained = myc__outlet_drain(&outlet->outlet);
    }
    // Whoever drained, the agent is not the one that waits for the room.
    if (myc_exchange_u32(&outlet->outlet.room_made, 0) != 0) {
        myc_waiter_ring(publisher->waiter);
    }
    // An outlet that failed writes no more, so its stream would stay ready for ever.
    enum myc_status status =
        drained == MYC_RESET ? MYC_RESET : myc__outlet_receive(&outlet->outlet, NULL);
    if (status == MYC_OK || status == MYC_AGAIN) {
        if (status == MYC_OK && myc_load_acquire_u32(&publisher->is_closing) != 0) {
            myc_waiter_ring(publisher->waiter);
        }
        return;
    }
    if (status == MYC_CORRUPT) {
        close_outlet(bus, (int32_t)index, MYC_NOTICE_CORRUPT);
    } else {
        lose_outlet(bus, (int32_t)index);
    }
}

void myc__outbound_step(struct myc_bus *bus, uint32_t index)
{
    struct myc__bus_outlet *outlet = &bus->outlets[index];
    if (!outlet->is_used || !outlet->is_lost || bus->links[outlet->link].state != MYC__LINK_UP) {
        return;
    }
    // Its node is there and says nothing: only this subscriber went away.
    uint64_t verdict_ns = myc_deadline_after(outlet->lost_ns, bus->options.link_grace_ns);
    if (bus->now_ns >= verdict_ns) {
        close_outlet(bus, (int32_t)index, MYC_NOTICE_UNMATCHED);
    } else {
        myc__bus_due(bus, verdict_ns);
    }
}

// ---- Shared memory ----

// No room, or no more to come: the link has other business, so it lives on.
static bool refuse_subscribe(
    struct myc_bus *bus,
    int32_t link,
    const struct myc__subscribe *subscribe,
    enum myc_status status)
{
    unsigned char record[MYC__ATTACH_BYTES];
    struct myc__attach attach = {
        .subscription = subscribe->subscription, .ticket.slot = (uint32_t)status};
    myc__attach_encode(&attach, record);
    return myc__link_send(bus, link, record, sizeof(record), NULL, 0);
}

bool myc__outbound_subscribe(
    struct myc_bus *bus,
    int32_t link,
    const struct myc__subscribe *subscribe,
    struct myc_handle bell)
{
    struct myc_publisher *publisher =
        myc__bus_find_publisher(bus, subscribe->publisher_id, subscribe->publisher_epoch);
    struct myc__slot slot = {
        .kind = MYC__SLOT_SHM, .link = link, .outlet = MYC__NO_INDEX, .weight = 1, .bell = bell};
    struct myc_ring_ticket ticket;
    slot.is_known = bus->links[link].is_peer_known;
    slot.process = bus->links[link].peer_process;
    if (publisher == NULL || publisher->segment.memory == NULL
        || myc_doorbell_check(bus->platform->poller, bell) != MYC_OK) {
        // It was never announced, or that is no doorbell: the peer broke the protocol.
        myc_doorbell_close(bus->platform->poller, bell);
        return false;
    }
    enum myc_status status = myc_load_acquire_u32(&publisher->is_closing) != 0 ? MYC_CLOSED
                             : myc__publisher_has_room(publisher)              ? MYC_OK
                                                                               : MYC_LIMIT;
    if (status == MYC_OK) {
        status = myc__segment_create_page(bus->platform, &slot.page);
    }
    if (status == MYC_OK) {
        status = myc_ring_join(&publisher->writer, slot.page.memory, MYC_RING_LIVE, &ticket);
    }
    if (status != MYC_OK) {
        myc__segment_release(bus->platform, &slot.page);
        myc_doorbell_close(bus->platform->poller, bell);
        return refuse_subscribe(bus, link, subscribe, status);
    }
    myc__publisher_set_bell(publisher, ticket.slot, bell);
    myc__publisher_slot_joined(publisher, &ticket, &slot);
    struct myc__attach attach = {
        .subscription = subscribe->subscription,
        .ring_bytes = publisher->memory_bytes,
        .ticket = ticket,
    };
    struct myc_handle handles[MYC__RECORD_HANDLES_MAX] = {
        publisher->segment.handle, slot.page.handle, publisher->waiter->doorbell};
    unsigned char record[MYC__ATTACH_BYTES];
    myc__attach_encode(&attach, record);
    // If it cannot be sent the link breaks, and with it goes the slot.
    return myc__link_send(bus, link, record, sizeof(record), handles, MYC__RECORD_HANDLES_MAX);
}

void myc__outbound_free_slot(
    struct myc_publisher *publisher, uint32_t index, enum myc_notice_kind kind)
{
    struct myc__slot slot = publisher->slots[index];
    publisher->bus->lingering -= slot.is_lingering ? 1 : 0;
    struct myc_ring_reader_state state;
    uint64_t last = slot.base;
    if (myc_ring_reader_state(&publisher->writer, index, &state) == MYC_OK
        && state.sequence > last) {
        last = state.sequence;
    }
    myc__publisher_slot_left(publisher, index, kind, last);
    myc__publisher_retire(publisher, &slot.page);
    myc_doorbell_close(publisher->bus->platform->poller, slot.bell);
}

void myc__outbound_unsubscribe(
    struct myc_bus *bus, int32_t link, const struct myc__unsubscribe *unsubscribe)
{
    if (unsubscribe->publisher_id == 0 || unsubscribe->publisher_id > bus->publisher_count
        || unsubscribe->slot >= MYC_RING_READERS_MAX) {
        return;
    }
    struct myc_publisher *publisher = bus->publishers[unsubscribe->publisher_id - 1];
    const struct myc__slot *slot = &publisher->slots[unsubscribe->slot];
    if (slot->kind == MYC__SLOT_SHM && slot->link == link
        && slot->generation == unsubscribe->generation) {
        myc__outbound_free_slot(publisher, unsubscribe->slot, MYC_NOTICE_UNMATCHED);
    }
}

void myc__outbound_drop_link(struct myc_bus *bus, int32_t link, enum myc_notice_kind kind)
{
    for (int32_t i = 0; i < MYC_OUTLETS_MAX; i++) {
        if (bus->outlets[i].is_used && bus->outlets[i].link == link) {
            close_outlet(bus, i, kind);
        }
    }
    for (uint32_t i = 0; i < bus->publisher_count; i++) {
        for (uint32_t j = 0; j < MYC_RING_READERS_MAX; j++) {
            const struct myc__slot *slot = &bus->publishers[i]->slots[j];
            if (slot->kind == MYC__SLOT_SHM && slot->link == link) {
                myc__slot_unlinked(bus->publishers[i], j, kind);
            }
        }
    }
}
