// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The bus object: creation, the agent's turn, status, closing. What a turn does is in link.c,
// accept.c, inbound.c and outbound.c.
#include "bus/internal.h"

#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/entropy.h>
#include <mycelium/interface/listener.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/process.h>

enum { BUS_ALIGNMENT = 64, RING_ALIGNMENT = 4096, EVENTS_MAX = 32, BACKLOG = 64 };
enum { QUICK_TURNS_MIN = 3, QUICK_TURNS_MAX = 15 /* in a row without asking the poller */ };

static const uint64_t handshake_timeout_default_ns = 5000000000;
static const uint64_t link_grace_default_ns = 500000000;
static const uint64_t quick_ns = 20000; // For who turns the agent less often, every turn asks.

uint64_t myc__bus_mix(uint64_t a, uint64_t b)
{
    uint64_t mixed = a + b * UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

// ---- Creation ----

static enum myc_status draw_identity(struct myc_bus *bus, struct myc_diagnostic *diagnostic)
{
    enum myc_status status = myc_process_identify(bus->platform->process, &bus->identity);
    if (status == MYC_OK) {
        status =
            myc_entropy_fill(bus->platform->entropy, &bus->node_epoch, sizeof(bus->node_epoch));
    }
    if (status != MYC_OK) {
        return myc_diagnostic_set(diagnostic, status, 0, "no identity or entropy for the node");
    }
    bus->node_epoch = myc__bus_mix(bus->node_epoch, bus->identity.pid);
    bus->node_epoch = myc__bus_mix(bus->node_epoch, bus->identity.start_time);
    return MYC_OK;
}

static enum myc_status open_agent(struct myc_bus *bus, struct myc_diagnostic *diagnostic)
{
    struct myc_poller *poller = bus->platform->poller;
    enum myc_status status = myc_poller_open(poller, &bus->poller);
    if (status == MYC_OK) {
        status = myc_doorbell_open(poller, &bus->doorbell);
    }
    if (status == MYC_OK) {
        status = myc_poller_add(
            poller,
            bus->poller,
            bus->doorbell,
            MYC_READABLE,
            myc__token(MYC__TOKEN_DOORBELL, 0, 0));
    }
    if (status != MYC_OK) {
        return myc_diagnostic_set(diagnostic, status, 0, "no poller for the bus");
    }
    if (!bus->has_links) {
        return MYC_OK;
    }
    status = myc_listener_listen(
        bus->platform->listener,
        &bus->topology.nodes[bus->self].address,
        BACKLOG,
        &bus->listener,
        diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    return myc_poller_add(
        poller, bus->poller, bus->listener, MYC_READABLE, myc__token(MYC__TOKEN_LISTENER, 0, 0));
}

static struct myc_ring_options image_options(const struct myc_bus *bus)
{
    struct myc_ring_options options = {
        .capacity_bytes = bus->options.ring_bytes,
        .readers_may_sleep = true,
        .writer_may_sleep = true,
        .creator = bus->identity,
    };
    memcpy(options.contract_digest, bus->contract->digest, MYC_DIGEST_BYTES);
    return options;
}

// Everything that links will need, so that nothing is allocated once messages flow.
static enum myc_status reserve(struct myc_bus *bus, struct myc_diagnostic *diagnostic)
{
    struct myc_memory *memory = bus->platform->memory;
    struct myc_ring_options options = image_options(bus);
    size_t bytes = myc_ring_memory_size(&options);
    if (bytes == 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "ring_bytes must be a power of two of at least 4096");
    }
    if (!bus->has_links) {
        return MYC_OK;
    }
    for (uint32_t i = 0; i < MYC_IMAGES_MAX; i++) {
        bus->images[i].image.memory_bytes = bytes;
        bus->images[i].image.memory = myc_memory_allocate(memory, bytes, RING_ALIGNMENT);
        if (bus->images[i].image.memory == NULL) {
            return myc_diagnostic_set(diagnostic, MYC_NO_MEMORY, 0, "no memory for image rings");
        }
    }
    for (uint32_t i = 0; i < MYC_OUTLETS_MAX; i++) {
        bus->outlets[i].outlet.page =
            myc_memory_allocate(memory, MYC_RING_PAGE_BYTES, RING_ALIGNMENT);
        if (bus->outlets[i].outlet.page == NULL) {
            return myc_diagnostic_set(
                diagnostic, MYC_NO_MEMORY, 0, "no memory for data connections");
        }
        myc_store_relaxed_u32(&bus->outlets[i].outlet.token, 1);
    }
    if (myc__agree_reserve(bus) != MYC_OK) {
        return myc_diagnostic_set(
            diagnostic, MYC_NO_MEMORY, 0, "no memory for the contracts of peers");
    }
    return MYC_OK;
}

static void init_links(struct myc_bus *bus)
{
    for (uint32_t i = 0; i < bus->topology.node_count; i++) {
        struct myc__link *link = &bus->links[i];
        link->is_dialler = (int32_t)i < bus->self;
        link->deadline_ns = MYC_NEVER;
        link->grace_ns = MYC_NEVER;
    }
}

enum myc_status myc_bus_create(
    struct myc_platform *platform,
    const struct myc_bus_options *options,
    struct myc_bus **out_bus,
    struct myc_diagnostic *diagnostic)
{
    enum myc_status status = myc_topology_check(options->topology, diagnostic);
    if (status == MYC_OK) {
        status = myc_contract_check(options->contract, diagnostic);
    }
    if (status != MYC_OK) {
        return status;
    }
    int32_t self = myc_topology_find_node(options->topology, options->node);
    if (self == MYC__NO_INDEX) {
        (void)myc_diagnostic_set(diagnostic, MYC_NOT_FOUND, 0, "node ");
        myc_diagnostic_append_quoted(diagnostic, options->node, strlen(options->node));
        myc_diagnostic_append(diagnostic, ": the topology has no such node");
        return MYC_NOT_FOUND;
    }
    struct myc_bus *bus = myc_memory_allocate(platform->memory, sizeof(*bus), BUS_ALIGNMENT);
    if (bus == NULL) {
        return myc_diagnostic_set(diagnostic, MYC_NO_MEMORY, 0, "no memory for a bus");
    }
    bus->platform = platform;
    bus->contract = options->contract;
    bus->topology = *options->topology;
    bus->self = self;
    bus->options = *options;
    if (bus->options.handshake_timeout_ns == 0) {
        bus->options.handshake_timeout_ns = handshake_timeout_default_ns;
    }
    if (bus->options.link_grace_ns == 0) {
        bus->options.link_grace_ns = link_grace_default_ns;
    }
    myc__heartbeat_defaults(&bus->options);
    bus->has_links = bus->topology.node_count > 1;
    bus->is_dirty = true;
    init_links(bus);
    status = draw_identity(bus, diagnostic);
    if (status == MYC_OK) {
        status = reserve(bus, diagnostic);
    }
    if (status == MYC_OK) {
        status = open_agent(bus, diagnostic);
    }
    if (status != MYC_OK) {
        myc_bus_destroy(bus);
        return status;
    }
    *out_bus = bus;
    return MYC_OK;
}

// ---- The agent ----

void myc__bus_mark(struct myc_bus *bus)
{
    bus->is_dirty = true;
    myc_bus_wake(bus);
}

void myc__bus_due(struct myc_bus *bus, uint64_t deadline_ns)
{
    if (deadline_ns < bus->due_ns) {
        bus->due_ns = deadline_ns;
    }
}

void myc_bus_wake(struct myc_bus *bus)
{
    myc_doorbell_ring(bus->platform->poller, bus->doorbell);
}

// Sources the subscribers are done with, from any transport but local.
static void release_sources(struct myc_bus *bus)
{
    for (uint32_t i = 0; i < bus->subscriber_count; i++) {
        for (uint32_t j = 0; j < MYC_SOURCES_MAX; j++) {
            struct myc__source *source = &bus->subscribers[i]->sources[j];
            // Pairs with the release in end_source.
            if (myc_load_acquire_u32(&source->state) == MYC__SOURCE_RELEASED) {
                myc__inbound_release(bus, source);
            }
        }
    }
}

// Whatever a mark may mean.
static void look_at_everything(struct myc_bus *bus)
{
    bus->is_dirty = false;
    release_sources(bus);
    for (int32_t i = 0; i < (int32_t)bus->topology.node_count; i++) {
        myc__link_announce(bus, i);
    }
    myc__bus_match_local(bus);
    myc__inbound_match(bus);
    myc__room_count(bus);
}

// What is due by the clock or by a mark.
static void step(struct myc_bus *bus)
{
    bus->now_ns = myc_clock_monotonic_ns(bus->platform->clock);
    bus->due_ns = MYC_NEVER;
    if (bus->is_closed) {
        bus->is_dirty = false; // Or the agent would never sleep.
        return;
    }
    if (!bus->has_links) {
        if (bus->is_dirty) {
            look_at_everything(bus);
        }
        return;
    }
    for (int32_t i = 0; i < (int32_t)bus->topology.node_count; i++) {
        if (i != bus->self) {
            myc__link_step(bus, i);
        }
    }
    myc__linger_step(bus);
    if (bus->refused_ns != 0 && bus->now_ns >= bus->refused_ns) {
        bus->refused_ns = 0;
        bus->is_dirty = true;
    }
    if (bus->refused_ns != 0) {
        myc__bus_due(bus, bus->refused_ns);
    }
    if (bus->is_dirty) {
        look_at_everything(bus);
    }
    for (uint32_t i = 0; i < MYC_IMAGES_MAX; i++) {
        myc__inbound_step(bus, i);
    }
    for (uint32_t i = 0; i < MYC_OUTLETS_MAX; i++) {
        myc__outbound_step(bus, i);
    }
    myc__accepted_step(bus);
}

static void dispatch(struct myc_bus *bus, const struct myc_event *event)
{
    uint32_t index = (uint32_t)(event->token >> 32) & 0xFFFFFF;
    uint32_t generation = (uint32_t)event->token;
    switch (event->token >> 56) {
    case MYC__TOKEN_DOORBELL:
        myc_doorbell_clear(bus->platform->poller, bus->doorbell);
        break;
    case MYC__TOKEN_LISTENER:
        myc__accept_event(bus);
        break;
    case MYC__TOKEN_ACCEPTED:
        if (bus->accepted[index].is_used && bus->accepted[index].generation == generation) {
            myc__accepted_event(bus, index);
        }
        break;
    case MYC__TOKEN_LINK:
        if (bus->links[index].generation == generation) {
            myc__link_event(bus, (int32_t)index, event->events);
        }
        break;
    case MYC__TOKEN_OUTLET:
        if (bus->outlets[index].is_used && bus->outlets[index].generation == generation) {
            myc__outbound_event(bus, index, event->events);
        }
        break;
    case MYC__TOKEN_IMAGE:
        if (bus->images[index].generation == generation) {
            myc__inbound_event(bus, index, event->events);
        }
        break;
    default:
        break;
    }
}

// A turn of an agent that is turned in a busy loop: reads the open images and nothing else. False:
// it must not be one, because something else is due or was not looked at for a while.
static bool turn_quickly(struct myc_bus *bus, size_t *out_count)
{
    if (bus->quick_mask == 0 || bus->quick_left == 0 || bus->is_dirty || bus->is_closed) {
        return false;
    }
    uint64_t now_ns = myc_clock_monotonic_ns(bus->platform->clock);
    if (now_ns >= bus->due_ns || now_ns - bus->full_ns >= quick_ns) {
        return false;
    }
    bus->quick_left--;
    bus->now_ns = now_ns;
    bus->progress = 0;
    myc__inbound_read(bus, bus->quick_mask);
    bus->has_quick_data = bus->has_quick_data || bus->progress > 0;
    *out_count = bus->progress;
    return true;
}

// After a turn that asked the poller: more quick turns while data flows, few while it does not.
static void allow_quick_turns(struct myc_bus *bus, bool has_data)
{
    uint32_t turns = bus->quick_turns * 2 + 1;
    if (!has_data && !bus->has_quick_data) {
        turns = QUICK_TURNS_MIN;
    }
    bus->quick_turns = turns < QUICK_TURNS_MAX ? turns : QUICK_TURNS_MAX;
    bus->quick_left = bus->quick_turns;
    bus->quick_mask = myc__inbound_open_mask(bus);
    bus->has_quick_data = false;
    bus->full_ns = bus->now_ns;
}

size_t myc_bus_work(struct myc_bus *bus, uint64_t deadline_ns)
{
    struct myc_event events[EVENTS_MAX];
    size_t count = 0;
    myc__bus_lock(bus);
    if (deadline_ns == 0 && turn_quickly(bus, &count)) {
        myc__bus_unlock(bus);
        return count;
    }
    bus->progress = 0;
    step(bus);
    size_t progress = bus->progress;
    if (bus->due_ns < deadline_ns) {
        deadline_ns = bus->due_ns;
    }
    if (bus->is_dirty || progress > 0) {
        deadline_ns = 0; // What was done already is the caller's to look at before anybody sleeps.
    }
    myc__bus_unlock(bus);
    // The lock is not held while waiting, nor is anything of the bus read.
    if (myc_poller_wait(bus->platform->poller, bus->poller, events, EVENTS_MAX, deadline_ns, &count)
        != MYC_OK) {
        return progress;
    }
    myc__bus_lock(bus);
    bus->now_ns = myc_clock_monotonic_ns(bus->platform->clock);
    for (size_t i = 0; i < count; i++) {
        if (!bus->is_closed) {
            dispatch(bus, &events[i]);
        }
    }
    allow_quick_turns(bus, bus->progress > 0);
    myc__bus_unlock(bus);
    return count + progress;
}

// ---- Status and end ----

void myc__bus_fail(
    struct myc_bus *bus, enum myc_status status, const struct myc_diagnostic *diagnostic)
{
    if (bus->status == MYC_OK) {
        bus->status = status;
        bus->diagnostic = *diagnostic;
    }
}

enum myc_status myc_bus_status(struct myc_bus *bus, struct myc_diagnostic *diagnostic)
{
    myc__bus_lock(bus);
    enum myc_status status = bus->status;
    if (status != MYC_OK && diagnostic != NULL) {
        *diagnostic = bus->diagnostic;
    }
    myc__bus_unlock(bus);
    return status;
}

void myc_bus_close(struct myc_bus *bus)
{
    myc__bus_lock(bus);
    if (!bus->is_closed) {
        bus->is_closed = true;
        for (uint32_t i = 0; i < MYC_IMAGES_MAX; i++) {
            myc__inbound_close(bus, i);
        }
        if (bus->has_links) {
            myc__goodbye(bus);
        }
        myc__linger_close(bus);
        for (uint32_t i = 0; i < MYC__ACCEPTED_MAX; i++) {
            if (bus->accepted[i].is_used) {
                bus->accepted[i].is_used = false;
                myc__channel_close(&bus->accepted[i].channel);
            }
        }
        myc_listener_close(bus->platform->listener, bus->listener);
        bus->listener.value = 0;
    }
    myc__bus_unlock(bus);
}

static void free_memory(struct myc_bus *bus)
{
    struct myc_memory *memory = bus->platform->memory;
    for (uint32_t i = 0; i < bus->subscriber_count; i++) {
        for (uint32_t j = 0; j < MYC_SOURCES_MAX; j++) {
            struct myc__source *source = &bus->subscribers[i]->sources[j];
            myc__source_leave(source);
            myc__segment_release(bus->platform, &source->ring);
            myc__segment_release(bus->platform, &source->page);
            if (source->kind == MYC__SOURCE_SHM) {
                myc_doorbell_close(bus->platform->poller, source->writer_bell);
            }
        }
        myc__subscriber_free(bus->subscribers[i]);
    }
    for (uint32_t i = 0; i < bus->publisher_count; i++) {
        myc__publisher_free(bus->publishers[i]);
    }
    for (uint32_t i = 0; i < MYC_IMAGES_MAX; i++) {
        struct myc__image *image = &bus->images[i].image;
        myc__channel_close(&image->channel);
        myc_memory_release(memory, image->memory, (size_t)image->memory_bytes);
    }
    for (uint32_t i = 0; i < MYC_OUTLETS_MAX; i++) {
        myc_memory_release(memory, bus->outlets[i].outlet.page, MYC_RING_PAGE_BYTES);
    }
    myc__agree_free(bus);
}

void myc_bus_destroy(struct myc_bus *bus)
{
    if (bus == NULL) {
        return;
    }
    myc_bus_close(bus);
    free_memory(bus);
    myc_doorbell_close(bus->platform->poller, bus->doorbell);
    myc_poller_close(bus->platform->poller, bus->poller);
    myc_memory_release(bus->platform->memory, bus, sizeof(*bus));
}
