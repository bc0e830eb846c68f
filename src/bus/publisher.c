// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Publishers: one ring each, its readers' slots, and what publish does beside committing: ring who
// sleeps, drain the sockets, wait for room.
#include "bus/internal.h"

#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/entropy.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/thread.h>
#include <mycelium/ring_drop.h>
#include <mycelium/simulation.h>

#include "core/assert.h"

enum { PUBLISHER_ALIGNMENT = 64, RING_ALIGNMENT = 4096 };

static const uint64_t block_timeout_default_ns = 5000000000;

// ---- Creation ----

// The contract's own string lives as long as the bus, so the publisher keeps no copy.
static const char *find_topic(const struct myc_contract *contract, const char *topic)
{
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (myc__text_equals(contract->messages[i]->topic, topic)) {
            return contract->messages[i]->topic;
        }
    }
    return NULL;
}

static enum myc_status refuse_topic(struct myc_diagnostic *diagnostic, const char *topic)
{
    (void)myc_diagnostic_set(diagnostic, MYC_NOT_FOUND, 0, "topic ");
    myc_diagnostic_append_quoted(diagnostic, topic, strlen(topic));
    myc_diagnostic_append(diagnostic, ": no message of the contract has it");
    return MYC_NOT_FOUND;
}

static enum myc_status make_ring(struct myc_publisher *publisher, struct myc_diagnostic *diagnostic)
{
    struct myc_bus *bus = publisher->bus;
    struct myc_ring_options options = {
        .capacity_bytes = bus->options.ring_bytes,
        .readers_may_sleep = true,
        .writer_may_sleep = true,
        .publisher_id = publisher->id,
        .publisher_epoch = publisher->epoch,
        .creator = bus->identity,
    };
    memcpy(options.contract_digest, bus->contract->digest, MYC_DIGEST_BYTES);
    publisher->memory_bytes = myc_ring_memory_size(&options);
    if (publisher->memory_bytes == 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "ring_bytes must be a power of two of at least 4096");
    }
    if (bus->topology.nodes[bus->self].transport == MYC_TRANSPORT_SHM) {
        enum myc_status status =
            myc__segment_create_ring(bus->platform, publisher->memory_bytes, &publisher->segment);
        if (status != MYC_OK) {
            return myc_diagnostic_set(diagnostic, status, 0, "no shared memory for a ring");
        }
        publisher->memory = publisher->segment.memory;
    } else {
        publisher->memory =
            myc_memory_allocate(bus->platform->memory, publisher->memory_bytes, RING_ALIGNMENT);
        if (publisher->memory == NULL) {
            return myc_diagnostic_set(diagnostic, MYC_NO_MEMORY, 0, "no memory for a ring");
        }
    }
    return myc_ring_writer_init(
        &publisher->writer, publisher->memory, publisher->memory_bytes, &options, diagnostic);
}

static void free_publisher(struct myc_publisher *publisher)
{
    struct myc_platform *platform = publisher->bus->platform;
    for (uint32_t i = 0; i < MYC_RING_READERS_MAX; i++) {
        if (publisher->slots[i].kind == MYC__SLOT_SHM) {
            myc__segment_release(platform, &publisher->slots[i].page);
            myc_doorbell_close(platform->poller, publisher->slots[i].bell);
        }
    }
    for (uint32_t i = 0; i < myc_load_relaxed_u32(&publisher->retired_count); i++) {
        myc__segment_release(platform, &publisher->retired[i]);
    }
    if (publisher->segment.memory != NULL) {
        myc__segment_release(platform, &publisher->segment);
    } else {
        myc_memory_release(platform->memory, publisher->memory, publisher->memory_bytes);
    }
    myc_memory_release(platform->memory, publisher, sizeof(*publisher));
}

static enum myc_status register_publisher(
    struct myc_bus *bus, struct myc_publisher *publisher, struct myc_diagnostic *diagnostic)
{
    enum myc_status status = MYC_OK;
    myc__bus_lock(bus);
    if (bus->publisher_count == MYC_PUBLISHERS_MAX) {
        status = myc_diagnostic_set(diagnostic, MYC_LIMIT, 0, "a node has at most 32 publishers");
    } else {
        publisher->id = (uint64_t)bus->publisher_count + 1;
        // Mixed with the node's identity: two publishers differ even if the entropy does not.
        publisher->epoch = myc__bus_mix(publisher->epoch, bus->node_epoch + publisher->id);
        // Under the lock, because the ring's header names the publisher.
        status = make_ring(publisher, diagnostic);
    }
    if (status == MYC_OK) {
        bus->publishers[bus->publisher_count++] = publisher;
        myc__bus_match_local(bus);
        myc__bus_mark(bus);
    }
    myc__bus_unlock(bus);
    return status;
}

enum myc_status myc_publisher_create(
    struct myc_bus *bus,
    struct myc_waiter *waiter,
    const char *topic,
    const struct myc_publisher_options *options,
    struct myc_publisher **out_publisher,
    struct myc_diagnostic *diagnostic)
{
    const char *known = find_topic(bus->contract, topic);
    if (known == NULL && (options == NULL || !options->is_raw)) {
        return refuse_topic(diagnostic, topic);
    }
    if (known == NULL && myc__topic_check(topic, diagnostic) != MYC_OK) {
        return MYC_INVALID;
    }
    struct myc_publisher *publisher =
        myc_memory_allocate(bus->platform->memory, sizeof(*publisher), PUBLISHER_ALIGNMENT);
    if (publisher == NULL) {
        return myc_diagnostic_set(diagnostic, MYC_NO_MEMORY, 0, "no memory for a publisher");
    }
    publisher->bus = bus;
    publisher->waiter = waiter;
    myc__text_copy(publisher->own_topic, sizeof(publisher->own_topic), topic);
    publisher->topic = known != NULL ? known : publisher->own_topic;
    if (options != NULL) {
        publisher->options = *options;
    }
    if (publisher->options.block_timeout_ns == 0) {
        publisher->options.block_timeout_ns = block_timeout_default_ns;
    }
    enum myc_status status =
        myc_entropy_fill(bus->platform->entropy, &publisher->epoch, sizeof(publisher->epoch));
    if (status == MYC_OK) {
        status = register_publisher(bus, publisher, diagnostic);
    }
    if (status != MYC_OK) {
        free_publisher(publisher);
        return status;
    }
    *out_publisher = publisher;
    return MYC_OK;
}

void myc__publisher_free(struct myc_publisher *publisher)
{
    free_publisher(publisher);
}

struct myc_publisher *myc__bus_find_publisher(struct myc_bus *bus, uint64_t id, uint64_t epoch)
{
    if (id == 0 || id > bus->publisher_count || bus->publishers[id - 1]->epoch != epoch) {
        return NULL;
    }
    return bus->publishers[id - 1];
}

// ---- Pages of readers that left ----

void myc__publisher_retire(struct myc_publisher *publisher, const struct myc__segment *page)
{
    uint32_t count = myc_load_relaxed_u32(&publisher->retired_count);
    MYC_ASSERT(count < MYC__RETIRED_MAX);
    publisher->retired[count] = *page;
    // Pairs with the acquire in reclaim.
    myc_store_release_u32(&publisher->retired_count, count + 1);
}

bool myc__publisher_has_room(const struct myc_publisher *publisher)
{
    return myc_load_acquire_u32(&publisher->is_closing) == 0
           && myc_load_relaxed_u32(&publisher->retired_count)
                  < MYC__RETIRED_MAX - MYC_RING_READERS_MAX;
}

// Owner thread, outside of any ring call.
static void reclaim(struct myc_publisher *publisher)
{
    // Pairs with the release in myc__publisher_retire.
    if (myc_load_acquire_u32(&publisher->retired_count) == 0) {
        return;
    }
    MYC_REACHED("publisher.reclaims-pages");
    myc__bus_lock(publisher->bus);
    uint32_t count = myc_load_relaxed_u32(&publisher->retired_count);
    for (uint32_t i = 0; i < count; i++) {
        myc__segment_release(publisher->bus->platform, &publisher->retired[i]);
    }
    myc_store_relaxed_u32(&publisher->retired_count, 0);
    myc__bus_unlock(publisher->bus);
}

// ---- Doorbells ----

static void lock_bells(struct myc_publisher *publisher)
{
    for (uint32_t round = 0; myc_exchange_u32(&publisher->bell_lock, 1) != 0; round++) {
        myc_thread_relax(publisher->bus->platform->thread, round);
    }
    myc_shared_write(&publisher->bells_guarded, sizeof(publisher->bells_guarded));
}

void myc__publisher_ring_sleepers(struct myc_publisher *publisher)
{
    uint64_t sleepers = myc_ring_sleepers(&publisher->writer);
    if (sleepers == 0) {
        return;
    }
    if (MYC_BUGGIFY("publisher.wake-late")) {
        myc_thread_relax(publisher->bus->platform->thread, 0);
    }
    // The lock keeps the agent from closing a doorbell whose number might by then be a socket's.
    lock_bells(publisher);
    while (sleepers != 0) {
        uint32_t slot = myc__lowest_bit(sleepers);
        struct myc_handle bell = {myc_load_relaxed_u64(&publisher->bells[slot])};
        if (bell.value != 0) {
            myc_doorbell_ring(publisher->bus->platform->poller, bell);
        }
        sleepers &= sleepers - 1;
    }
    myc_store_release_u32(&publisher->bell_lock, 0);
}

void myc__publisher_set_bell(struct myc_publisher *publisher, uint32_t slot, struct myc_handle bell)
{
    lock_bells(publisher);
    myc_store_relaxed_u64(&publisher->bells[slot], bell.value);
    // Pairs with the exchange in lock_bells.
    myc_store_release_u32(&publisher->bell_lock, 0);
}

// ---- Slots and notices ----

static const char *node_name(const struct myc_bus *bus, int32_t link)
{
    return bus->topology.nodes[link == MYC__NO_INDEX ? bus->self : link].name;
}

static void add_notice(
    struct myc_publisher *publisher,
    enum myc_notice_kind kind,
    const struct myc__slot *slot,
    uint64_t last)
{
    uint32_t count = myc_load_relaxed_u32(&publisher->notice_count);
    if (count < MYC__NOTICES_MAX) {
        struct myc_notice *notice = &publisher->notices[count];
        memset(notice, 0, sizeof(*notice));
        notice->kind = kind;
        notice->is_publisher = true;
        notice->topic = publisher->topic;
        notice->publisher_epoch = publisher->epoch;
        notice->last = last;
        myc__text_copy(notice->node, sizeof(notice->node), node_name(publisher->bus, slot->link));
        // Pairs with the acquire in myc_publisher_notice.
        myc_store_release_u32(&publisher->notice_count, count + 1);
    } else {
        // Not silent: the last one that found a place says how many did not.
        publisher->notices[MYC__NOTICES_MAX - 1].missed++;
    }
    myc_waiter_ring(publisher->waiter);
}

void myc__publisher_slot_joined(
    struct myc_publisher *publisher,
    const struct myc_ring_ticket *ticket,
    const struct myc__slot *slot)
{
    publisher->slots[ticket->slot] = *slot;
    publisher->slots[ticket->slot].generation = ticket->generation;
    publisher->slots[ticket->slot].base = ticket->sequence;
    (void)myc_fetch_add_u32(&publisher->matched, slot->weight);
    add_notice(publisher, MYC_NOTICE_MATCHED, slot, ticket->sequence);
}

void myc__publisher_slot_left(
    struct myc_publisher *publisher, uint32_t slot, enum myc_notice_kind kind, uint64_t last)
{
    struct myc__slot *left = &publisher->slots[slot];
    struct myc_handle none = {0};
    if (!publisher->bus->is_closed || left->kind != MYC__SLOT_SHM
        || myc_load_acquire_u32(&publisher->is_closing) == 0) {
        myc_ring_leave(&publisher->writer, slot);
    } // Else nothing will be overwritten any more: the reader goes on to the end in peace.
    myc__publisher_set_bell(publisher, slot, none);
    (void)myc_fetch_add_u32(&publisher->matched, 0 - left->weight);
    add_notice(publisher, kind, left, last);
    memset(left, 0, sizeof(*left));
}

enum myc_status myc_publisher_notice(struct myc_publisher *publisher, struct myc_notice *out_notice)
{
    reclaim(publisher);
    // Pairs with the release in add_notice; the lock below guards the array itself.
    if (myc_load_acquire_u32(&publisher->notice_count) == 0) {
        return MYC_AGAIN;
    }
    myc__bus_lock(publisher->bus);
    uint32_t count = myc_load_relaxed_u32(&publisher->notice_count) - 1;
    *out_notice = publisher->notices[0];
    memmove(publisher->notices, publisher->notices + 1, count * sizeof(publisher->notices[0]));
    myc_store_release_u32(&publisher->notice_count, count);
    myc__bus_unlock(publisher->bus);
    if (out_notice->kind != MYC_NOTICE_MATCHED) {
        // Only the owner's thread may ask the writer how far it is, so the rest is worked out here.
        uint64_t accepted = myc_ring_committed(&publisher->writer);
        out_notice->count = accepted > out_notice->last ? accepted - out_notice->last : 0;
    }
    return MYC_OK;
}

// ---- Publishing ----

// Sends what is committed. Returns OK when every socket took all of it.
static enum myc_status drain_outlets(struct myc_publisher *publisher)
{
    enum myc_status result = MYC_OK;
    // Pairs with the release in outbound.c, after the outlet was opened.
    uint32_t mask = myc_load_acquire_u32(&publisher->outlet_mask);
    while (mask != 0) {
        uint32_t index = myc__lowest_bit(mask);
        if (myc__outlet_drain(&publisher->bus->outlets[index].outlet) == MYC_AGAIN) {
            result = MYC_AGAIN;
        }
        mask &= mask - 1;
    }
    return result;
}

// Tells what was dropped, if there is room for it.
static void tell_dropped(struct myc_publisher *publisher)
{
    if (myc_ring_drop_pending(&publisher->writer) != 0
        && myc_ring_drop_flush(&publisher->writer) == MYC_OK) {
        MYC_REACHED("publisher.tells-dropped");
        myc__publisher_ring_sleepers(publisher);
        (void)drain_outlets(publisher);
    }
}

enum myc_status myc_publisher_flush(struct myc_publisher *publisher)
{
    tell_dropped(publisher);
    return drain_outlets(publisher);
}

static bool is_cancelled(struct myc_publisher *publisher)
{
    // Pairs with the release in myc_publisher_cancel.
    return myc_load_acquire_u32(&publisher->is_cancelled) != 0;
}

// Sleeps until somebody rings, after arming proved that there is still no room.
static enum myc_status
wait_for_room(struct myc_publisher *publisher, size_t size, uint64_t deadline_ns)
{
    struct myc_platform *platform = publisher->bus->platform;
    struct myc_waiter *waiter = publisher->waiter;
    enum myc_status status = MYC_OK;
    myc_doorbell_clear(platform->poller, waiter->doorbell);
    if (is_cancelled(publisher)) {
        return MYC_CANCELLED;
    }
    if (myc_ring_writer_arm(&publisher->writer, size) && !MYC_BUGGIFY("publisher.room-spurious")) {
        MYC_REACHED("publisher.sleeps-for-room");
        struct myc_event event;
        size_t count = 0;
        status = myc_poller_wait(platform->poller, waiter->poller, &event, 1, deadline_ns, &count);
    }
    myc_ring_writer_disarm(&publisher->writer);
    return status;
}

static bool is_dropping(const struct myc_publisher *publisher)
{
    return publisher->options.on_full == MYC_FULL_DROP_NEWEST;
}

static void *
claim_or_drop(struct myc_publisher *publisher, size_t size, enum myc_status *out_status)
{
    void *payload = myc_ring_drop_claim(&publisher->writer, size);
    *out_status = payload != NULL ? MYC_OK : MYC_FULL;
    if (payload == NULL) {
        (void)drain_outlets(publisher); // For the next one.
    }
    return payload;
}

static void *
claim_or_wait(struct myc_publisher *publisher, size_t size, enum myc_status *out_status)
{
    uint64_t deadline_ns = 0;
    for (;;) {
        void *payload =
            MYC_BUGGIFY("publisher.claim-slow") ? NULL : myc_ring_claim(&publisher->writer, size);
        if (payload != NULL) {
            *out_status = MYC_OK;
            return payload;
        }
        (void)drain_outlets(publisher);
        payload = myc_ring_claim(&publisher->writer, size);
        if (payload != NULL) {
            *out_status = MYC_OK;
            return payload;
        }
        if (publisher->options.on_full == MYC_FULL_REJECT) {
            *out_status = MYC_FULL;
            return NULL;
        }
        if (deadline_ns == 0) {
            deadline_ns = myc_deadline_after(
                myc_clock_monotonic_ns(publisher->bus->platform->clock),
                publisher->options.block_timeout_ns);
        }
        *out_status = wait_for_room(publisher, size, deadline_ns);
        if (*out_status != MYC_OK) {
            return NULL;
        }
    }
}

enum myc_status myc__publisher_claim(
    struct myc_publisher *publisher,
    const struct myc__claim *claim,
    size_t size,
    void **out_payload)
{
    enum myc_status status = MYC_OK;
    if (size < claim->least) {
        return MYC_INVALID;
    }
    if (size > myc_ring_payload_max(&publisher->writer)) {
        return MYC_TOO_BIG;
    }
    if (publisher->is_claimed) {
        return MYC_INVALID;
    }
    void *payload = is_dropping(publisher) ? claim_or_drop(publisher, size, &status)
                                           : claim_or_wait(publisher, size, &status);
    if (payload != NULL) {
        publisher->is_claimed = true;
        publisher->claimed = *claim;
        publisher->claimed_payload = payload;
        publisher->claimed_bytes = size;
        *out_payload = payload;
    }
    return status;
}

enum myc_status myc_publisher_claim(
    struct myc_publisher *publisher,
    const struct myc_message_type *type,
    size_t size,
    void **out_payload)
{
    if (publisher->is_closed) {
        return MYC_CLOSED;
    }
    if (type != publisher->checked_type) {
        if (!myc__text_equals(type->topic, publisher->topic)) {
            return MYC_INVALID;
        }
        publisher->checked_type = type;
    }
    const struct myc__claim claim = {.id = type->id, .version = type->version, .least = type->size};
    return myc__publisher_claim(publisher, &claim, size, out_payload);
}

enum myc_status myc_publisher_commit(struct myc_publisher *publisher, size_t size)
{
    const struct myc__claim *claim = &publisher->claimed;
    if (!publisher->is_claimed) {
        return MYC_INVALID;
    }
    publisher->is_claimed = false;
    if (size > publisher->claimed_bytes || size < claim->least
        || (claim->raw != NULL && !myc__raw_is_sound(publisher, size))) {
        myc_ring_abort(&publisher->writer);
        return MYC_INVALID;
    }
    // Before the commit: who is handed the message may leave before this function returns.
    bool has_subscriber = myc_load_relaxed_u32(&publisher->matched) != 0;
    (is_dropping(publisher) ? myc_ring_drop_commit
                            : myc_ring_commit)(&publisher->writer, claim->id, claim->version, size);
    reclaim(publisher);
    myc__publisher_ring_sleepers(publisher);
    if (!publisher->options.is_flush_manual) {
        (void)drain_outlets(publisher);
    }
    return has_subscriber ? MYC_OK : MYC_NO_SUBSCRIBER;
}

void myc_publisher_abort(struct myc_publisher *publisher)
{
    publisher->is_claimed = false;
    myc_ring_abort(&publisher->writer);
}

enum myc_status myc_publish(
    struct myc_publisher *publisher,
    const struct myc_message_type *type,
    const void *payload,
    size_t size)
{
    void *target = NULL;
    enum myc_status status = myc_publisher_claim(publisher, type, size, &target);
    if (status != MYC_OK) {
        return status;
    }
    memcpy(target, payload, size);
    return myc_publisher_commit(publisher, size);
}

uint64_t myc_publisher_accepted(const struct myc_publisher *publisher)
{
    return myc_ring_committed(&publisher->writer);
}

void myc_publisher_cancel(struct myc_publisher *publisher)
{
    // Pairs with the acquire in is_cancelled.
    myc_store_release_u32(&publisher->is_cancelled, 1);
    myc_waiter_ring(publisher->waiter);
}

// ---- Waiting for others ----

static enum myc_status wait_for_ring(struct myc_publisher *publisher, uint64_t deadline_ns)
{
    struct myc_event event;
    size_t count = 0;
    return myc_poller_wait(
        publisher->bus->platform->poller,
        publisher->waiter->poller,
        &event,
        1,
        deadline_ns,
        &count);
}

enum myc_status myc_publisher_await_subscribers(
    struct myc_publisher *publisher, uint32_t count, uint64_t deadline_ns)
{
    for (;;) {
        myc_doorbell_clear(publisher->bus->platform->poller, publisher->waiter->doorbell);
        if (is_cancelled(publisher)) {
            return MYC_CANCELLED;
        }
        if (myc_load_acquire_u32(&publisher->matched) >= count) {
            return MYC_OK;
        }
        if (wait_for_ring(publisher, deadline_ns) == MYC_TIMEOUT) {
            return MYC_TIMEOUT;
        }
    }
}

// Messages that the slowest reader has not passed, or its node not acknowledged.
static uint64_t undelivered(struct myc_publisher *publisher)
{
    uint64_t committed = myc_ring_committed(&publisher->writer);
    uint64_t lowest = committed;
    struct myc_bus *bus = publisher->bus;
    myc__bus_lock(bus);
    for (uint32_t i = 0; i < MYC_RING_READERS_MAX; i++) {
        struct myc__slot *slot = &publisher->slots[i];
        struct myc_ring_reader_state state;
        uint64_t passed = committed;
        if (slot->kind == MYC__SLOT_OUTLET) {
            passed = myc_load_acquire_u64(&bus->outlets[slot->outlet].outlet.acknowledged);
        } else if (
            slot->kind != MYC__SLOT_FREE
            && myc_ring_reader_state(&publisher->writer, i, &state) == MYC_OK && state.is_active
            && state.lag_bytes > 0) {
            passed = state.sequence > slot->base ? state.sequence : slot->base;
            passed = passed < committed ? passed : committed - 1;
        }
        lowest = passed < lowest ? passed : lowest;
    }
    myc__bus_unlock(bus);
    return committed - lowest;
}

static void end_outlets(struct myc_publisher *publisher)
{
    uint32_t mask = myc_load_acquire_u32(&publisher->outlet_mask);
    while (mask != 0) {
        myc__outlet_end(&publisher->bus->outlets[myc__lowest_bit(mask)].outlet);
        mask &= mask - 1;
    }
}

enum myc_status myc_publisher_close(
    struct myc_publisher *publisher, uint64_t deadline_ns, struct myc_close_report *out_report)
{
    enum myc_status status = MYC_OK;
    uint64_t left = 0;
    if (!publisher->is_closed) {
        publisher->is_closed = true;
        myc_publisher_abort(publisher);
        myc_store_release_u32(&publisher->is_closing, 1);
        (void)drain_outlets(publisher);
        for (;;) {
            myc_doorbell_clear(publisher->bus->platform->poller, publisher->waiter->doorbell);
            // Armed, so that the next reader to move its head rings; then look.
            (void)myc_ring_writer_arm(&publisher->writer, 0);
            tell_dropped(publisher);
            left = undelivered(publisher) + myc_ring_drop_pending(&publisher->writer);
            if (left == 0 || status == MYC_TIMEOUT) {
                break;
            }
            status = wait_for_ring(publisher, deadline_ns);
        }
        myc_ring_writer_disarm(&publisher->writer);
        status = left == 0 ? MYC_OK : MYC_TIMEOUT;
        left -= myc_ring_drop_pending(&publisher->writer);
        end_outlets(publisher);
        myc_ring_writer_close(&publisher->writer);
        myc__publisher_ring_sleepers(publisher);
    }
    if (out_report != NULL) {
        out_report->accepted = myc_ring_committed(&publisher->writer);
        out_report->undelivered = left;
        out_report->dropped = publisher->writer.dropped;
        out_report->untold = myc_ring_drop_pending(&publisher->writer);
    }
    return status;
}
