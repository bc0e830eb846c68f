// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Subscribers: reading several publishers in turn, telling losses and deaths in order, and sleeping
// until there is something.
#include "bus/internal.h"

#include <string.h>

#include <mycelium/interface/memory.h>
#include <mycelium/interface/poller.h>
#include <mycelium/simulation.h>

enum { SUBSCRIBER_ALIGNMENT = 64, PAGE_ALIGNMENT = 4096, TURN_MAX = 64 };

// ---- Creation ----

static bool has_topic(const struct myc_contract *contract, const char *topic)
{
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (myc__text_equals(contract->messages[i]->topic, topic)) {
            return true;
        }
    }
    return false;
}

void myc__subscriber_free(struct myc_subscriber *subscriber)
{
    struct myc_memory *memory = subscriber->bus->platform->memory;
    myc_memory_release(memory, subscriber->pages, (size_t)MYC_SOURCES_MAX * MYC_RING_PAGE_BYTES);
    myc_memory_release(memory, subscriber->store.memory, subscriber->store.bytes);
    myc_memory_release(
        memory,
        subscriber->priors.bits,
        myc__priors_bytes(subscriber->bus->contract, MYC_SOURCES_MAX));
    myc_memory_release(memory, subscriber, sizeof(*subscriber));
}

static enum myc_status take_memory(struct myc_subscriber *subscriber)
{
    struct myc_memory *memory = subscriber->bus->platform->memory;
    size_t priors_bytes = myc__priors_bytes(subscriber->bus->contract, MYC_SOURCES_MAX);
    subscriber->pages =
        myc_memory_allocate(memory, (size_t)MYC_SOURCES_MAX * MYC_RING_PAGE_BYTES, PAGE_ALIGNMENT);
    if (subscriber->pages == NULL) {
        return MYC_NO_MEMORY;
    }
    for (uint32_t i = 0; i < MYC_SOURCES_MAX; i++) {
        subscriber->sources[i].heap_page =
            (unsigned char *)subscriber->pages + (size_t)i * MYC_RING_PAGE_BYTES;
    }
    if (priors_bytes != 0) {
        void *bits = myc_memory_allocate(memory, priors_bytes, SUBSCRIBER_ALIGNMENT);
        if (bits == NULL) {
            return MYC_NO_MEMORY;
        }
        myc__priors_init(&subscriber->priors, subscriber->bus->contract, MYC_SOURCES_MAX, bits);
    }
    if (subscriber->options.on_unknown == MYC_UNKNOWN_STORE) {
        size_t bytes = subscriber->options.store_bytes & ~(size_t)7;
        bytes = bytes != 0 ? bytes : MYC__STORE_BYTES_DEFAULT;
        subscriber->store.memory = myc_memory_allocate(memory, bytes, SUBSCRIBER_ALIGNMENT);
        if (subscriber->store.memory == NULL) {
            return MYC_NO_MEMORY;
        }
        subscriber->store.bytes = bytes;
    }
    return MYC_OK;
}

static enum myc_status
check_options(const struct myc_subscriber_options *options, struct myc_diagnostic *diagnostic)
{
    if ((uint32_t)options->on_unknown > MYC_UNKNOWN_DELIVER) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "on_unknown: skip, store, fail or deliver");
    }
    if (options->on_unknown == MYC_UNKNOWN_STORE && options->store_bytes != 0
        && options->store_bytes < MYC__STORE_BYTES_MIN) {
        return myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "store_bytes: at least 64");
    }
    return MYC_OK;
}

static enum myc_status
check_topic(const struct myc_bus *bus, const char *topic, struct myc_diagnostic *diagnostic)
{
    if (!has_topic(bus->contract, topic)) {
        (void)myc_diagnostic_set(diagnostic, MYC_NOT_FOUND, 0, "topic ");
        myc_diagnostic_append_quoted(diagnostic, topic, strlen(topic));
        myc_diagnostic_append(diagnostic, ": no message of the contract has it");
        return MYC_NOT_FOUND;
    }
    return MYC_OK;
}

enum myc_status myc_subscriber_create(
    struct myc_bus *bus,
    struct myc_waiter *waiter,
    const char *topic,
    struct myc_subscriber **out_subscriber,
    struct myc_diagnostic *diagnostic)
{
    return myc_subscriber_create_with(bus, waiter, topic, NULL, out_subscriber, diagnostic);
}

enum myc_status myc_subscriber_create_with(
    struct myc_bus *bus,
    struct myc_waiter *waiter,
    const char *topic,
    const struct myc_subscriber_options *options,
    struct myc_subscriber **out_subscriber,
    struct myc_diagnostic *diagnostic)
{
    static const struct myc_subscriber_options defaults = {0};
    options = options != NULL ? options : &defaults;
    enum myc_status status = check_options(options, diagnostic);
    if (status == MYC_OK) {
        status = options->is_raw ? myc__topic_check(topic, diagnostic)
                                 : check_topic(bus, topic, diagnostic);
    }
    if (status != MYC_OK) {
        return status;
    }
    struct myc_subscriber *subscriber =
        myc_memory_allocate(bus->platform->memory, sizeof(*subscriber), SUBSCRIBER_ALIGNMENT);
    if (subscriber == NULL) {
        return myc_diagnostic_set(diagnostic, MYC_NO_MEMORY, 0, "no memory for a subscriber");
    }
    subscriber->bus = bus;
    subscriber->waiter = waiter;
    subscriber->options = *options;
    subscriber->last_type = UINT32_MAX;
    myc__text_copy(subscriber->topic, sizeof(subscriber->topic), topic);
    if (take_memory(subscriber) != MYC_OK) {
        myc__subscriber_free(subscriber);
        return myc_diagnostic_set(diagnostic, MYC_NO_MEMORY, 0, "no memory for a subscriber");
    }
    myc__bus_lock(bus);
    if (bus->subscriber_count == MYC_SUBSCRIBERS_MAX) {
        status = myc_diagnostic_set(diagnostic, MYC_LIMIT, 0, "a node has at most 32 subscribers");
    } else {
        bus->subscribers[bus->subscriber_count++] = subscriber;
        myc__bus_match_local(bus);
        myc__bus_mark(bus);
    }
    myc__bus_unlock(bus);
    if (status != MYC_OK) {
        myc__subscriber_free(subscriber);
        return status;
    }
    *out_subscriber = subscriber;
    return MYC_OK;
}

// ---- Sources, as the agent's side sees them ----

bool myc__subscriber_has_room(const struct myc_subscriber *subscriber)
{
    for (uint32_t i = 0; i < MYC_SOURCES_MAX; i++) {
        if (myc_load_relaxed_u32(&subscriber->sources[i].state) == MYC__SOURCE_FREE) {
            return true;
        }
    }
    return false;
}

struct myc__source *myc__subscriber_take_source(struct myc_subscriber *subscriber)
{
    if (myc_load_relaxed_u32(&subscriber->is_closed) != 0) {
        return NULL;
    }
    for (uint32_t i = 0; i < MYC_SOURCES_MAX; i++) {
        struct myc__source *source = &subscriber->sources[i];
        if (myc_load_relaxed_u32(&source->state) == MYC__SOURCE_FREE) {
            uint32_t generation = source->generation + 1;
            void *page = source->heap_page;
            memset(source, 0, sizeof(*source));
            memset(page, 0, MYC_RING_PAGE_BYTES);
            source->heap_page = page;
            myc__priors_reset(&subscriber->priors, i);
            source->generation = generation;
            source->link = MYC__NO_INDEX;
            source->image = MYC__NO_INDEX;
            myc_store_relaxed_u32(&source->state, MYC__SOURCE_PENDING);
            return source;
        }
    }
    return NULL;
}

void myc__subscriber_activate(struct myc_subscriber *subscriber, struct myc__source *source)
{
    uint32_t index = (uint32_t)(source - subscriber->sources);
    // Its epoch stands for all that was filled in, where simcheck looks for races.
    myc_shared_write(&source->publisher_epoch, sizeof(source->publisher_epoch));
    // Pairs with the acquire in myc_subscriber_poll: the thread sees the filled-in source.
    myc_store_release_u32(&source->state, MYC__SOURCE_ACTIVE);
    if (index >= myc_load_relaxed_u32(&subscriber->source_count)) {
        myc_store_release_u32(&subscriber->source_count, index + 1);
    }
    (void)myc_fetch_add_u32(&subscriber->matched, 1);
    myc_waiter_ring(subscriber->waiter);
}

void myc__subscriber_doom(
    struct myc_subscriber *subscriber, struct myc__source *source, enum myc__fate fate)
{
    if (myc_load_relaxed_u32(&source->fate) == MYC__FATE_LIVE) {
        // Pairs with the acquire in poll_source: everything committed before is seen, then the end.
        myc_store_release_u32(&source->fate, (uint32_t)fate);
        myc_waiter_ring(subscriber->waiter);
    }
}

bool myc__subscriber_has_source(
    const struct myc_subscriber *subscriber, uint64_t publisher_id, uint64_t publisher_epoch)
{
    for (uint32_t i = 0; i < MYC_SOURCES_MAX; i++) {
        const struct myc__source *source = &subscriber->sources[i];
        if (myc_load_relaxed_u32(&source->state) != MYC__SOURCE_FREE
            && source->publisher_id == publisher_id && source->publisher_epoch == publisher_epoch) {
            return true;
        }
    }
    return false;
}

static void match_one(struct myc_publisher *publisher, struct myc_subscriber *subscriber)
{
    struct myc__slot slot = {
        .kind = MYC__SLOT_LOCAL, .link = MYC__NO_INDEX, .outlet = MYC__NO_INDEX, .weight = 1};
    struct myc_ring_ticket ticket;
    struct myc__source *source = myc__subscriber_take_source(subscriber);
    if (source == NULL) {
        return;
    }
    enum myc_status status =
        myc_ring_join(&publisher->writer, source->heap_page, MYC_RING_LIVE, &ticket);
    if (status == MYC_OK) {
        status = myc_ring_reader_init(
            &source->reader,
            publisher->memory,
            publisher->memory_bytes,
            source->heap_page,
            &ticket,
            NULL);
        if (status != MYC_OK) {
            myc_ring_leave(&publisher->writer, ticket.slot);
        }
    }
    if (status != MYC_OK) {
        myc_store_relaxed_u32(&source->state, MYC__SOURCE_FREE);
        return;
    }
    source->kind = MYC__SOURCE_LOCAL;
    source->publisher = publisher;
    source->publisher_id = publisher->id;
    source->publisher_epoch = publisher->epoch;
    source->slot = ticket.slot;
    source->writer_bell = publisher->waiter->doorbell;
    myc__publisher_set_bell(publisher, ticket.slot, subscriber->waiter->doorbell);
    myc__publisher_slot_joined(publisher, &ticket, &slot);
    myc__subscriber_activate(subscriber, source);
}

void myc__bus_match_local(struct myc_bus *bus)
{
    for (uint32_t i = 0; i < bus->publisher_count; i++) {
        struct myc_publisher *publisher = bus->publishers[i];
        for (uint32_t j = 0; j < bus->subscriber_count; j++) {
            struct myc_subscriber *subscriber = bus->subscribers[j];
            if (myc__text_equals(publisher->topic, subscriber->topic)
                && myc_load_relaxed_u32(&subscriber->is_closed) == 0
                && myc_load_relaxed_u32(&publisher->is_closing) == 0
                && !myc__subscriber_has_source(subscriber, publisher->id, publisher->epoch)) {
                match_one(publisher, subscriber);
            }
        }
    }
}

void myc__source_leave(struct myc__source *source)
{
    if (source->kind == MYC__SOURCE_SHM && source->page.memory != NULL) {
        myc_ring_page_leave(source->page.memory);
    }
}

void myc__source_release_local(struct myc__source *source)
{
    myc__publisher_slot_left(
        source->publisher,
        source->slot,
        MYC_NOTICE_UNMATCHED,
        myc_ring_reader_sequence(&source->reader));
    myc_store_relaxed_u32(&source->state, MYC__SOURCE_FREE);
}

// ---- Polling ----

// One source's turn: what the ring's callback needs.
struct turn {
    struct myc_subscriber *subscriber;
    struct myc__source *source;
    myc_delivery_fn *on_message;
    myc_notice_fn *on_notice;
    void *context;
    size_t delivered;
    bool is_failing; /* the subscriber closes itself behind this record */
};

static const char *source_node(const struct turn *turn)
{
    const struct myc_bus *bus = turn->subscriber->bus;
    int32_t link = turn->source->link;
    return bus->topology.nodes[link == MYC__NO_INDEX ? bus->self : link].name;
}

static void tell(const struct turn *turn, struct myc_notice *notice)
{
    const struct myc__source *source = turn->source;
    notice->topic = turn->subscriber->topic;
    notice->publisher_epoch = source->publisher_epoch;
    myc__text_copy(notice->node, sizeof(notice->node), source_node(turn));
    if (turn->on_notice != NULL) {
        turn->on_notice(notice, turn->context);
    }
}

static void tell_gap(struct turn *turn, const struct myc_record *record, uint64_t sequence)
{
    struct myc_notice notice;
    memset(&notice, 0, sizeof(notice));
    notice.kind = MYC_NOTICE_GAP;
    notice.count = myc__get_u64(record->payload);
    uint32_t cause = myc__get_u32((const unsigned char *)record->payload + 8);
    notice.cause = cause < MYC_LOSS_COUNT ? (enum myc_loss_cause)cause : MYC_LOSS_DISCONNECTED;
    notice.first = sequence - notice.count + 1;
    notice.last = sequence;
    turn->subscriber->counts.lost += notice.count;
    turn->source->missed += notice.count;
    tell(turn, &notice);
}

// Of one message that is not delivered, or not known.
static void tell_message(
    struct turn *turn,
    enum myc_notice_kind kind,
    const struct myc_record *message,
    const struct myc_message_type *type,
    const char *detail)
{
    struct myc_notice notice;
    memset(&notice, 0, sizeof(notice));
    notice.kind = kind;
    notice.last = message->sequence;
    notice.count = kind == MYC_NOTICE_PREMATURE ? turn->source->missed : 0;
    notice.type = message->type;
    notice.version = message->version;
    notice.message = type != NULL ? type->name : NULL;
    notice.detail = detail;
    tell(turn, &notice);
}

// Says why the subscriber is about to close itself, unless the bytes turn out to be overwritten.
static void fail_for_unknown(struct turn *turn, const struct myc_record *message)
{
    struct myc_subscriber *subscriber = turn->subscriber;
    struct myc_diagnostic *failure = &subscriber->failure;
    const char *node = source_node(turn);
    (void)myc_diagnostic_set(failure, MYC_MISMATCH, 0, "topic ");
    myc_diagnostic_append_quoted(failure, subscriber->topic, strlen(subscriber->topic));
    myc_diagnostic_append(failure, ": the contract does not know type ");
    myc_diagnostic_append_u64(failure, message->type);
    myc_diagnostic_append(failure, ", version ");
    myc_diagnostic_append_u64(failure, message->version);
    myc_diagnostic_append(failure, ", which node ");
    myc_diagnostic_append_quoted(failure, node, strlen(node));
    myc_diagnostic_append(failure, " published with sequence ");
    myc_diagnostic_append_u64(failure, message->sequence);
    MYC_REACHED("judge.unknown-fails");
    turn->is_failing = true;
}

// Returns: whether it is to be handed over.
static bool on_unknown(struct turn *turn, const struct myc_record *message)
{
    struct myc_subscriber *subscriber = turn->subscriber;
    struct myc_subscriber_counts *counts = &subscriber->counts;
    counts->unknown++;
    if (subscriber->options.is_raw || subscriber->options.on_unknown == MYC_UNKNOWN_DELIVER) {
        return true;
    }
    bool is_failing = subscriber->options.on_unknown == MYC_UNKNOWN_FAIL;
    if (subscriber->options.on_unknown != MYC_UNKNOWN_STORE) {
        counts->skipped++;
    } else if (myc__store_put(&subscriber->store, message, turn->source->publisher_epoch)) {
        counts->stored++;
    } else {
        MYC_REACHED("judge.store-full");
        counts->overflowed++;
    }
    if (!turn->source->has_unknown || is_failing) {
        turn->source->has_unknown = true;
        tell_message(turn, MYC_NOTICE_UNKNOWN_TYPE, message, NULL, NULL);
    }
    if (is_failing) {
        fail_for_unknown(turn, message);
    }
    return false;
}

// Returns: whether it is to be handed over; `out_type` is NULL if nobody knows its type.
static bool is_due(
    struct turn *turn, const struct myc_record *message, const struct myc_message_type **out_type)
{
    struct myc_diagnostic why;
    struct myc_subscriber_counts *counts = &turn->subscriber->counts;
    switch (myc__judge(turn->subscriber, turn->source, message, out_type, &why)) {
    case MYC__VERDICT_UNKNOWN:
        return on_unknown(turn, message);
    case MYC__VERDICT_INVALID:
        counts->invalid++;
        tell_message(turn, MYC_NOTICE_INVALID, message, *out_type, why.text);
        return false;
    case MYC__VERDICT_PREMATURE:
        counts->premature++;
        tell_message(turn, MYC_NOTICE_PREMATURE, message, *out_type, why.text);
        return false;
    case MYC__VERDICT_DELIVER:
        break;
    }
    return true;
}

static void on_record(const struct myc_record *record, void *context)
{
    struct turn *turn = context;
    struct myc_record message = *record;
    message.sequence += turn->source->sequence_base;
    if (turn->is_failing || myc_load_relaxed_u32(&turn->subscriber->is_closed) != 0) {
        return;
    }
    if (message.type == MYC_RECORD_GAP) {
        tell_gap(turn, record, message.sequence);
        return;
    }
    struct myc_delivery delivery = {
        .record = &message, .publisher_epoch = turn->source->publisher_epoch};
    if (!is_due(turn, &message, &delivery.type)) {
        return;
    }
    turn->delivered++;
    turn->subscriber->counts.delivered++;
    turn->on_message(&delivery, turn->context);
}

static void tell_match(struct turn *turn)
{
    struct myc_notice notice;
    memset(&notice, 0, sizeof(notice));
    notice.kind = turn->source->is_restart ? MYC_NOTICE_PEER_RESTARTED : MYC_NOTICE_MATCHED;
    notice.last = turn->source->sequence_base + myc_ring_reader_sequence(&turn->source->reader);
    MYC_SOMETIMES(turn->source->is_restart, "subscriber.peer-restarted");
    turn->source->is_announced = true;
    turn->source->missed = notice.last;
    tell(turn, &notice);
}

// Tells how it ended and gives the source back.
static void end_source(struct turn *turn, enum myc__fate fate)
{
    static const enum myc_notice_kind kinds[] = {
        [MYC__FATE_LIVE] = MYC_NOTICE_UNMATCHED,
        [MYC__FATE_ENDED] = MYC_NOTICE_UNMATCHED,
        [MYC__FATE_DIED] = MYC_NOTICE_PEER_DIED,
        [MYC__FATE_CORRUPT] = MYC_NOTICE_CORRUPT,
        [MYC__FATE_FENCED] = MYC_NOTICE_FENCED,
    };
    struct myc_subscriber *subscriber = turn->subscriber;
    struct myc__source *source = turn->source;
    struct myc_notice notice;
    memset(&notice, 0, sizeof(notice));
    notice.kind = kinds[fate];
    notice.count = fate == MYC__FATE_FENCED ? myc_ring_reader_distrusted(&source->reader) : 0;
    notice.last = source->sequence_base + myc_ring_reader_sequence(&source->reader);
    MYC_SOMETIMES(fate == MYC__FATE_DIED, "subscriber.peer-died");
    MYC_SOMETIMES(fate == MYC__FATE_ENDED, "subscriber.peer-ended");
    notice.is_tail_unknown = fate == MYC__FATE_DIED && source->kind == MYC__SOURCE_IMAGE;
    tell(turn, &notice);
    (void)myc_fetch_add_u32(&subscriber->matched, UINT32_MAX);
    myc__bus_lock(subscriber->bus);
    if (source->kind == MYC__SOURCE_LOCAL) {
        myc__source_release_local(source);
        myc__bus_mark(subscriber->bus); // Another publisher may have waited for this source.
    } else {
        // The agent unmaps and closes, and never reads a corrupt publisher again.
        myc__source_leave(source);
        myc_store_relaxed_u32(&source->fate, (uint32_t)fate);
        myc_store_release_u32(&source->state, MYC__SOURCE_RELEASED);
        myc__bus_mark(subscriber->bus);
    }
    myc__bus_unlock(subscriber->bus);
}

// Whether a source that ends has been read to its end: nothing was there, or as much as its ring
// can have held. A publisher that lives on, though our link broke, would else keep us for ever.
static bool is_wound_up(struct myc__source *source, size_t records)
{
    if (!source->is_winding_up) {
        source->is_winding_up = true;
        source->end_position = source->reader.position + source->reader.capacity;
    }
    return records == 0
           || (source->kind == MYC__SOURCE_SHM && source->reader.position >= source->end_position);
}

static size_t poll_source(struct turn *turn, size_t messages_max)
{
    struct myc__source *source = turn->source;
    struct myc_platform *platform = turn->subscriber->bus->platform;
    // Loaded before polling: what was committed before the end was told is seen by this poll.
    // Pairs with the release in myc__subscriber_doom.
    enum myc__fate fate = (enum myc__fate)myc_load_acquire_u32(&source->fate);
    myc_shared_read(&source->publisher_epoch, sizeof(source->publisher_epoch));
    turn->delivered = 0;
    if (!source->is_announced) {
        tell_match(turn);
    }
    size_t records = myc_ring_poll(&source->reader, on_record, turn, messages_max);
    if (records > 0 && myc_ring_reader_should_wake_writer(&source->reader)) {
        myc_doorbell_ring(platform->poller, source->writer_bell);
    }
    enum myc_status status = myc_ring_reader_status(&source->reader);
    bool is_overrun = myc_ring_reader_distrusted(&source->reader) > 0;
    if (turn->is_failing && is_overrun) {
        myc_diagnostic_clear(&turn->subscriber->failure);
    } else if (turn->is_failing) {
        myc_subscriber_close(turn->subscriber);
    }
    turn->is_failing = false;
    if (!is_overrun && myc_load_relaxed_u32(&turn->subscriber->is_closed) != 0) {
        return turn
            ->delivered; // A handler closed it: it is told nothing more but what to disbelieve.
    }
    if (!is_overrun && status == MYC_CORRUPT) {
        end_source(turn, MYC__FATE_CORRUPT);
    } else if (status == MYC_FENCED) {
        MYC_REACHED("subscriber.fenced");
        // The publisher's node took us out: because it said goodbye, or it lost us.
        end_source(turn, fate == MYC__FATE_LIVE || is_overrun ? MYC__FATE_FENCED : fate);
    } else if (
        (records == 0 && status == MYC_CLOSED)
        || (fate != MYC__FATE_LIVE && is_wound_up(source, records))) {
        end_source(turn, fate);
    }
    return turn->delivered;
}

// Publishers that find no source are told of when they become more.
static void
tell_turned_away(struct myc_subscriber *subscriber, myc_notice_fn *on_notice, void *context)
{
    uint32_t count = myc_load_relaxed_u32(&subscriber->turned_away);
    bool is_news = count > subscriber->told_away;
    subscriber->told_away = count;
    subscriber->counts.turned_away = count;
    if (is_news && on_notice != NULL) {
        struct myc_notice notice;
        memset(&notice, 0, sizeof(notice));
        notice.kind = MYC_NOTICE_TURNED_AWAY;
        notice.topic = subscriber->topic;
        notice.count = count;
        on_notice(&notice, context);
    }
}

// Gives every source back; nobody is inside one.
static void leave_sources(struct myc_subscriber *subscriber)
{
    struct myc_bus *bus = subscriber->bus;
    myc__bus_lock(bus);
    for (uint32_t i = 0; i < MYC_SOURCES_MAX; i++) {
        struct myc__source *source = &subscriber->sources[i];
        if (myc_load_relaxed_u32(&source->state) != MYC__SOURCE_ACTIVE) {
            continue;
        }
        if (source->kind == MYC__SOURCE_LOCAL) {
            myc__source_release_local(source);
        } else {
            myc__source_leave(source);
            myc_store_relaxed_u32(&source->state, MYC__SOURCE_RELEASED);
        }
    }
    myc_store_relaxed_u32(&subscriber->matched, 0);
    myc__bus_mark(bus);
    myc__bus_unlock(bus);
}

size_t myc_subscriber_poll(
    struct myc_subscriber *subscriber,
    myc_delivery_fn *on_message,
    myc_notice_fn *on_notice,
    void *context,
    size_t messages_max)
{
    struct turn turn = {
        .subscriber = subscriber,
        .on_message = on_message,
        .on_notice = on_notice,
        .context = context,
    };
    // Pairs with the release in myc__subscriber_activate.
    uint32_t count = myc_load_acquire_u32(&subscriber->source_count);
    size_t delivered = 0;
    if (myc_load_relaxed_u32(&subscriber->is_closed) != 0) {
        return 0;
    }
    subscriber->is_polling = true;
    if (myc_load_relaxed_u32(&subscriber->turned_away) != subscriber->told_away) {
        tell_turned_away(subscriber, on_notice, context);
    }
    uint32_t index = subscriber->next < count ? subscriber->next : 0;
    uint32_t next = index + 1 < count ? index + 1 : 0;
    for (uint32_t i = 0; i < count && delivered < messages_max; i++) {
        size_t room = MYC_BUGGIFY("subscriber.turn-of-one") ? 1 : messages_max - delivered;
        turn.source = &subscriber->sources[index];
        // Pairs with the release in myc__subscriber_activate.
        if (myc_load_acquire_u32(&turn.source->state) == MYC__SOURCE_ACTIVE
            && myc_load_relaxed_u32(&subscriber->is_closed) == 0) {
            delivered += poll_source(&turn, room < TURN_MAX ? room : TURN_MAX);
        }
        index = index + 1 < count ? index + 1 : 0;
    }
    subscriber->next = next;
    subscriber->is_polling = false;
    if (count > 0 && myc_load_relaxed_u32(&subscriber->is_closed) != 0) {
        // A handler closed it: only now is nobody inside a ring.
        leave_sources(subscriber);
    }
    return delivered;
}

void myc_subscriber_close(struct myc_subscriber *subscriber)
{
    myc__bus_lock(subscriber->bus);
    bool was_closed = myc_load_relaxed_u32(&subscriber->is_closed) != 0;
    myc_store_relaxed_u32(&subscriber->is_closed, 1);
    myc__bus_unlock(subscriber->bus);
    if (!was_closed && !subscriber->is_polling) {
        leave_sources(subscriber);
    }
}

uint32_t myc_subscriber_matched(const struct myc_subscriber *subscriber)
{
    return myc_load_relaxed_u32(&subscriber->matched);
}

void myc_subscriber_counts(
    const struct myc_subscriber *subscriber, struct myc_subscriber_counts *out_counts)
{
    *out_counts = subscriber->counts;
}

enum myc_status
myc_subscriber_status(const struct myc_subscriber *subscriber, struct myc_diagnostic *diagnostic)
{
    if (subscriber->failure.status != MYC_OK && diagnostic != NULL) {
        *diagnostic = subscriber->failure;
    }
    return subscriber->failure.status;
}

enum myc_status
myc_subscriber_stored(const struct myc_subscriber *subscriber, struct myc_stored *out_stored)
{
    const struct myc__store_entry *entry = myc__store_oldest(&subscriber->store);
    if (entry == NULL) {
        return MYC_AGAIN;
    }
    *out_stored = (struct myc_stored){
        .record =
            {.type = entry->type,
             .version = entry->version,
             .size = entry->size,
             .payload = entry + 1,
             .sequence = entry->sequence},
        .publisher_epoch = entry->publisher_epoch,
    };
    return MYC_OK;
}

void myc_subscriber_stored_drop(struct myc_subscriber *subscriber)
{
    myc__store_drop(&subscriber->store);
}

// ---- Sleeping ----

enum sleep_step { STEP_ARM, STEP_DISARM };

static void step_sources(struct myc_subscriber *subscriber, enum sleep_step step)
{
    uint32_t count = myc_load_acquire_u32(&subscriber->source_count);
    for (uint32_t i = 0; i < count; i++) {
        struct myc__source *source = &subscriber->sources[i];
        if (myc_load_acquire_u32(&source->state) != MYC__SOURCE_ACTIVE) {
            continue;
        }
        myc_shared_read(&source->publisher_epoch, sizeof(source->publisher_epoch));
        if (step == STEP_ARM) {
            myc_ring_reader_arm(&source->reader);
        } else {
            myc_ring_reader_disarm(&source->reader);
        }
    }
}

bool myc__subscriber_has_news(struct myc_subscriber *subscriber)
{
    uint32_t count = myc_load_acquire_u32(&subscriber->source_count);
    if (myc_load_relaxed_u32(&subscriber->turned_away) > subscriber->told_away) {
        return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct myc__source *source = &subscriber->sources[i];
        if (myc_load_acquire_u32(&source->state) != MYC__SOURCE_ACTIVE) {
            continue;
        }
        myc_shared_read(&source->publisher_epoch, sizeof(source->publisher_epoch));
        if (!source->is_announced || !myc_ring_is_empty(&source->reader)
            || myc_load_acquire_u32(&source->fate) != MYC__FATE_LIVE
            || myc_ring_reader_status(&source->reader) != MYC_OK) {
            return true;
        }
    }
    return false;
}

// Arming order: the caller cleared the doorbell; arm all rings, fence, look at all, only then
// sleep.
enum myc_status myc_subscribers_wait(
    struct myc_waiter *waiter,
    struct myc_subscriber *const *subscribers,
    size_t count,
    uint64_t deadline_ns)
{
    bool is_due = false;
    enum myc_status status = MYC_OK;
    for (size_t i = 0; i < count; i++) {
        step_sources(subscribers[i], STEP_ARM);
    }
    myc_fence_seq_cst();
    for (size_t i = 0; i < count && !is_due; i++) {
        is_due = myc__subscriber_has_news(subscribers[i]);
    }
    if (!is_due && !MYC_BUGGIFY("subscriber.wait-spurious")) {
        struct myc_event event;
        size_t events = 0;
        status = myc_poller_wait(
            waiter->platform->poller, waiter->poller, &event, 1, deadline_ns, &events);
    }
    for (size_t i = 0; i < count; i++) {
        step_sources(subscribers[i], STEP_DISARM);
    }
    return status;
}
