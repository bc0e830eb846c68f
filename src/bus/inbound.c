// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The subscribers' side of links: which remote publishers to read, through an image ring or through
// shared memory, and what becomes of it when the other side goes.
#include "bus/internal.h"

#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/shm.h>
#include <mycelium/interface/stream.h>
#include <mycelium/simulation.h>

static const uint64_t redial_min_ns = 2000000;
static const uint64_t redial_max_ns = 100000000;

static bool is_shm(const struct myc_bus *bus)
{
    return bus->topology.nodes[bus->self].transport == MYC_TRANSPORT_SHM;
}

static bool is_wanted(const struct myc_bus *bus, const char *topic)
{
    for (uint32_t i = 0; i < bus->subscriber_count; i++) {
        if (myc_load_relaxed_u32(&bus->subscribers[i]->is_closed) == 0
            && myc__text_equals(bus->subscribers[i]->topic, topic)) {
            return true;
        }
    }
    return false;
}

static struct myc__remote *
find_remote(struct myc_bus *bus, int32_t link, uint64_t publisher_id, uint64_t publisher_epoch)
{
    struct myc__link *from = &bus->links[link];
    for (uint32_t i = 0; i < from->remote_count; i++) {
        if (from->remotes[i].id == publisher_id && from->remotes[i].epoch == publisher_epoch) {
            return &from->remotes[i];
        }
    }
    return NULL;
}

static void
cut_remote(struct myc_bus *bus, int32_t link, uint64_t publisher_id, uint64_t publisher_epoch)
{
    struct myc__remote *remote = find_remote(bus, link, publisher_id, publisher_epoch);
    if (remote != NULL) {
        remote->is_cut = true;
    }
}

// ---- Images: sources ----

// Calls for every ACTIVE source of an image.
static void doom_image(struct myc_bus *bus, int32_t image, enum myc__fate fate)
{
    for (uint32_t i = 0; i < bus->subscriber_count; i++) {
        for (uint32_t j = 0; j < MYC_SOURCES_MAX; j++) {
            struct myc__source *source = &bus->subscribers[i]->sources[j];
            if (myc_load_relaxed_u32(&source->state) == MYC__SOURCE_ACTIVE
                && source->kind == MYC__SOURCE_IMAGE && source->image == image) {
                myc__subscriber_doom(bus->subscribers[i], source, fate);
            }
        }
    }
}

static bool has_sources(const struct myc_bus *bus, int32_t image)
{
    for (uint32_t i = 0; i < bus->subscriber_count; i++) {
        for (uint32_t j = 0; j < MYC_SOURCES_MAX; j++) {
            const struct myc__source *source = &bus->subscribers[i]->sources[j];
            if (myc_load_relaxed_u32(&source->state) != MYC__SOURCE_FREE
                && source->kind == MYC__SOURCE_IMAGE && source->image == image) {
                return true;
            }
        }
    }
    return false;
}

static void attach_source(struct myc_bus *bus, int32_t index, struct myc_subscriber *subscriber)
{
    struct myc__bus_image *image = &bus->images[index];
    struct myc_ring_ticket ticket;
    struct myc__source *source = myc__subscriber_take_source(subscriber);
    if (source == NULL) {
        return;
    }
    enum myc_status status =
        myc_ring_join(&image->image.ring, source->heap_page, MYC_RING_LIVE, &ticket);
    if (status == MYC_OK) {
        status = myc_ring_reader_init(
            &source->reader,
            image->image.memory,
            (size_t)image->image.memory_bytes,
            source->heap_page,
            &ticket,
            NULL);
        if (status != MYC_OK) {
            myc_ring_leave(&image->image.ring, ticket.slot);
        }
    }
    if (status != MYC_OK) {
        myc_store_relaxed_u32(&source->state, MYC__SOURCE_FREE);
        return;
    }
    source->kind = MYC__SOURCE_IMAGE;
    source->link = image->link;
    source->image = index;
    source->slot = ticket.slot;
    source->publisher_id = image->publisher_id;
    source->publisher_epoch = image->publisher_epoch;
    source->sequence_base = image->image.sequence_base;
    source->is_restart = bus->links[image->link].has_died;
    source->writer_bell = bus->doorbell;
    image->waiters[ticket.slot] = subscriber->waiter;
    myc__subscriber_activate(subscriber, source);
}

// Every subscriber of the topic that does not read the image yet.
static void attach_sources(struct myc_bus *bus, int32_t index)
{
    const struct myc__bus_image *image = &bus->images[index];
    for (uint32_t i = 0; i < bus->subscriber_count; i++) {
        struct myc_subscriber *subscriber = bus->subscribers[i];
        if (myc_load_relaxed_u32(&subscriber->is_closed) == 0
            && myc__text_equals(subscriber->topic, image->topic)
            && !myc__subscriber_has_source(
                subscriber, image->publisher_id, image->publisher_epoch)) {
            attach_source(bus, index, subscriber);
        }
    }
}

static void wake_readers(struct myc_bus *bus, struct myc__bus_image *image)
{
    uint64_t sleepers = myc_ring_sleepers(&image->image.ring);
    (void)bus;
    while (sleepers != 0) {
        struct myc_waiter *waiter = image->waiters[myc__lowest_bit(sleepers)];
        if (waiter != NULL) {
            myc_waiter_ring(waiter);
        }
        sleepers &= sleepers - 1;
    }
}

// ---- Images: connections ----

static void close_stream(struct myc_bus *bus, struct myc__bus_image *image)
{
    if (image->image.channel.stream.value != 0) {
        myc_poller_remove(bus->platform->poller, bus->poller, image->image.channel.stream);
        myc__channel_close(&image->image.channel);
    }
    image->image.ack_due_ns = MYC_NEVER;
    image->generation++;
}

static void end_image(struct myc_bus *bus, int32_t index, enum myc__fate fate)
{
    struct myc__bus_image *image = &bus->images[index];
    close_stream(bus, image);
    image->state = MYC__IMAGE_ENDED;
    if (fate == MYC__FATE_ENDED || fate == MYC__FATE_CORRUPT) {
        // It ended for good, or must never be read again.
        cut_remote(bus, image->link, image->publisher_id, image->publisher_epoch);
    }
    doom_image(bus, index, fate);
    bus->is_dirty = true;
}

// The connection is gone. It is dialled again if the publisher's node still is.
static void lose_stream(struct myc_bus *bus, int32_t index, bool is_bye_seen)
{
    struct myc__bus_image *image = &bus->images[index];
    const struct myc__link *link = &bus->links[image->link];
    if (is_bye_seen) {
        end_image(bus, index, MYC__FATE_ENDED);
        return;
    }
    if (!link->is_known
        || find_remote(bus, image->link, image->publisher_id, image->publisher_epoch) == NULL) {
        end_image(bus, index, MYC__FATE_DIED);
        return;
    }
    close_stream(bus, image);
    MYC_REACHED("inbound.redials");
    image->state = MYC__IMAGE_WAITING;
    image->needs_gap = false;
    image->backoff_ns = image->backoff_ns == 0 ? redial_min_ns : image->backoff_ns * 2;
    if (image->backoff_ns > redial_max_ns) {
        image->backoff_ns = redial_max_ns;
    }
    image->retry_ns = bus->now_ns + image->backoff_ns;
}

static void dial(struct myc_bus *bus, int32_t index)
{
    struct myc__bus_image *image = &bus->images[index];
    struct myc_handle stream;
    const struct myc_topology_node *peer = &bus->topology.nodes[image->link];
    if (bus->links[image->link].state != MYC__LINK_UP || MYC_BUGGIFY("inbound.dial-fails")) {
        lose_stream(bus, index, false);
        return;
    }
    image->attempt = ++bus->attempts;
    if (myc_stream_connect(bus->platform->stream, &peer->address, &stream, NULL) != MYC_OK) {
        lose_stream(bus, index, false);
        return;
    }
    image->generation++;
    image->state = MYC__IMAGE_CONNECTING;
    image->interest = MYC_READABLE | MYC_WRITABLE;
    image->deadline_ns = myc_deadline_after(bus->now_ns, bus->options.handshake_timeout_ns);
    myc__channel_init(&image->image.channel, bus->platform, stream, false);
    if (myc_poller_add(
            bus->platform->poller,
            bus->poller,
            stream,
            image->interest,
            myc__token(MYC__TOKEN_IMAGE, (uint32_t)index, image->generation))
        != MYC_OK) {
        lose_stream(bus, index, false);
    }
}

static void set_interest(struct myc_bus *bus, int32_t index, uint32_t wanted)
{
    struct myc__bus_image *image = &bus->images[index];
    struct myc_poller *poller = bus->platform->poller;
    struct myc_handle stream = image->image.channel.stream;
    uint64_t token = myc__token(MYC__TOKEN_IMAGE, (uint32_t)index, image->generation);
    enum myc_status status = MYC_OK;
    if (wanted == image->interest) {
        return;
    }
    if (wanted == 0) {
        // Taken out: a hang-up is reported without any interest, and would be again at every turn.
        myc_poller_remove(poller, bus->poller, stream);
    } else if (image->interest == 0) {
        status = myc_poller_add(poller, bus->poller, stream, wanted, token);
    } else {
        status = myc_poller_modify(poller, bus->poller, stream, wanted, token);
    }
    if (status == MYC_OK) {
        image->interest = wanted;
    }
}

static uint64_t count_subscribers(const struct myc_bus *bus, const char *topic)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < bus->subscriber_count; i++) {
        if (myc_load_relaxed_u32(&bus->subscribers[i]->is_closed) == 0
            && myc__text_equals(bus->subscribers[i]->topic, topic)) {
            count++;
        }
    }
    return count;
}

static void greet(struct myc_bus *bus, int32_t index)
{
    struct myc__bus_image *image = &bus->images[index];
    enum myc_status status =
        myc_stream_connect_result(bus->platform->stream, image->image.channel.stream);
    if (status == MYC_AGAIN) {
        return;
    }
    struct myc__hello hello;
    unsigned char record[MYC__HELLO_BYTES];
    myc__link_hello(bus, image->link, &hello);
    hello.kind = MYC__HELLO_DATA;
    hello.publisher_id = image->publisher_id;
    hello.publisher_epoch = image->publisher_epoch;
    hello.attempt = image->attempt;
    hello.subscribers = count_subscribers(bus, image->topic);
    myc__hello_encode(&hello, record);
    image->state = MYC__IMAGE_GREETING;
    if (status == MYC_OK) {
        status = myc__channel_queue(&image->image.channel, record, sizeof(record), NULL, 0);
    }
    if (status == MYC_OK) {
        status = myc__channel_flush(&image->image.channel);
    }
    if (status == MYC_OK) {
        set_interest(bus, index, MYC_READABLE);
    } else if (status != MYC_AGAIN) {
        lose_stream(bus, index, false);
    }
}

static void begin(struct myc_bus *bus, int32_t index)
{
    struct myc__bus_image *image = &bus->images[index];
    enum myc_status status = myc__image_begin(&image->image, image->welcome_sequence);
    image->needs_gap = status == MYC_FULL;
    image->state = MYC__IMAGE_OPEN;
    image->deadline_ns = MYC_NEVER;
    image->backoff_ns = 0;
    if (status == MYC_FULL) {
        // No byte is received before the loss is on record; a reader that makes room rings us.
        set_interest(bus, index, 0);
        (void)myc_ring_writer_arm(&image->image.ring, sizeof(struct myc_gap));
        return;
    }
    if (status != MYC_OK) {
        end_image(bus, index, MYC__FATE_CORRUPT);
        return;
    }
    image->beat_ns = myc__heartbeat_next(bus);
    set_interest(bus, index, MYC_READABLE);
    bus->progress++;
    attach_sources(bus, index);
    wake_readers(bus, image);
}

static void hear_welcome(struct myc_bus *bus, int32_t index)
{
    struct myc__bus_image *image = &bus->images[index];
    struct myc_record record;
    struct myc__welcome welcome;
    enum myc_status status = myc__channel_receive(&image->image.channel, &record, NULL);
    if (status == MYC_AGAIN) {
        return;
    }
    if (status == MYC_OK && record.type == MYC_RECORD_WELCOME
        && myc__welcome_decode(record.payload, record.size, &welcome, NULL) == MYC_OK) {
        image->welcome_sequence = welcome.sequence;
        begin(bus, index);
        return;
    }
    struct myc__reject reject;
    if (status == MYC_OK && record.type == MYC_RECORD_REJECT
        && myc__reject_decode(record.payload, record.size, &reject, NULL) == MYC_OK
        && reject.status == MYC_NOT_FOUND) {
        // The publisher closed between its announcement, or our loss, and now: what it sent in
        // between is unknown, so this is told like a death.
        MYC_REACHED("inbound.publisher-gone");
        cut_remote(bus, image->link, image->publisher_id, image->publisher_epoch);
        end_image(bus, index, MYC__FATE_DIED);
        return;
    }
    lose_stream(bus, index, false);
}

static void receive(struct myc_bus *bus, int32_t index)
{
    struct myc__bus_image *image = &bus->images[index];
    uint64_t before = image->image.unacknowledged_bytes;
    enum myc_status status = myc__image_receive(&image->image, bus->now_ns, NULL);
    if (status == MYC_AGAIN) {
        // Nothing came, so there is nobody to wake and nothing new to acknowledge.
        set_interest(bus, index, MYC_READABLE);
        return;
    }
    // Full as before is no progress: an agent that has nothing else to do may sleep.
    bus->progress += status != MYC_FULL || image->image.unacknowledged_bytes != before ? 1 : 0;
    wake_readers(bus, image);
    if (status == MYC_CORRUPT || status == MYC_POISONED) {
        end_image(bus, index, MYC__FATE_CORRUPT);
        return;
    }
    if (status != MYC_OK && status != MYC_FULL) {
        // The last ACK first, so that a publisher that waits for it can close.
        enum myc_status acknowledged =
            myc__image_acknowledge(&image->image, bus->now_ns, image->image.is_bye_seen);
        (void)acknowledged;
        lose_stream(bus, index, image->image.is_bye_seen);
        return;
    }
    set_interest(bus, index, status == MYC_FULL ? 0 : MYC_READABLE);
    status = myc__image_acknowledge(&image->image, bus->now_ns, status == MYC_FULL);
    if (status != MYC_OK && status != MYC_AGAIN) {
        lose_stream(bus, index, false);
    }
}

void myc__inbound_event(struct myc_bus *bus, uint32_t index, uint32_t events)
{
    struct myc__bus_image *image = &bus->images[index];
    (void)events;
    switch (image->state) {
    case MYC__IMAGE_CONNECTING:
        greet(bus, (int32_t)index);
        break;
    case MYC__IMAGE_GREETING:
        if (image->image.channel.queue_count > 0
            && myc__channel_flush(&image->image.channel) == MYC_OK) {
            set_interest(bus, (int32_t)index, MYC_READABLE);
        }
        hear_welcome(bus, (int32_t)index);
        break;
    case MYC__IMAGE_OPEN:
        if (image->needs_gap) {
            begin(bus, (int32_t)index);
        } else {
            receive(bus, (int32_t)index);
        }
        break;
    case MYC__IMAGE_FREE:
    case MYC__IMAGE_WAITING:
    case MYC__IMAGE_ENDED:
        break;
    }
}

static void step_open(struct myc_bus *bus, int32_t index)
{
    struct myc__bus_image *image = &bus->images[index];
    if (image->needs_gap) {
        begin(bus, index);
    } else if (image->image.is_full) {
        receive(bus, index);
    }
    if (image->state != MYC__IMAGE_OPEN || image->needs_gap) {
        return; // Without the gap it counts less than the publisher knows to be acknowledged.
    }
    if (bus->now_ns >= image->beat_ns) {
        // A connection that only the other end knows to be gone answers with a break.
        myc__image_repeat(&image->image);
        image->beat_ns = myc__heartbeat_next(bus);
    }
    enum myc_status status = myc__image_acknowledge(&image->image, bus->now_ns, false);
    if (status != MYC_OK && status != MYC_AGAIN) {
        lose_stream(bus, index, false);
        return;
    }
    myc__bus_due(bus, image->image.ack_due_ns);
    myc__bus_due(bus, image->beat_ns);
}

uint32_t myc__inbound_open_mask(const struct myc_bus *bus)
{
    uint32_t mask = 0;
    for (uint32_t i = 0; i < MYC_IMAGES_MAX; i++) {
        const struct myc__bus_image *image = &bus->images[i];
        if (image->state == MYC__IMAGE_OPEN && !image->needs_gap && !image->image.is_full) {
            mask |= UINT32_C(1) << i;
        } else if (image->state != MYC__IMAGE_FREE && image->state != MYC__IMAGE_ENDED) {
            return 0;
        }
    }
    return mask;
}

void myc__inbound_read(struct myc_bus *bus, uint32_t mask)
{
    while (mask != 0) {
        uint32_t index = myc__lowest_bit(mask);
        const struct myc__bus_image *image = &bus->images[index];
        if (image->state == MYC__IMAGE_OPEN && !image->needs_gap && !image->image.is_full) {
            receive(bus, (int32_t)index);
            myc__bus_due(bus, image->image.ack_due_ns);
        }
        mask &= mask - 1;
    }
}

void myc__inbound_step(struct myc_bus *bus, uint32_t index)
{
    struct myc__bus_image *image = &bus->images[index];
    if (image->state == MYC__IMAGE_OPEN) {
        step_open(bus, (int32_t)index);
    }
    if ((image->state == MYC__IMAGE_CONNECTING || image->state == MYC__IMAGE_GREETING)
        && bus->now_ns >= image->deadline_ns) {
        lose_stream(bus, (int32_t)index, false);
    }
    if (image->state == MYC__IMAGE_WAITING && bus->now_ns >= image->retry_ns) {
        dial(bus, (int32_t)index);
    }
    if (image->state == MYC__IMAGE_WAITING) {
        myc__bus_due(bus, image->retry_ns);
    } else if (image->state == MYC__IMAGE_CONNECTING || image->state == MYC__IMAGE_GREETING) {
        myc__bus_due(bus, image->deadline_ns);
    } else if (image->state == MYC__IMAGE_ENDED && !has_sources(bus, (int32_t)index)) {
        image->state = MYC__IMAGE_FREE;
        bus->is_dirty = true;
    }
}

// ---- Matching ----

static struct myc__bus_image *
find_image(struct myc_bus *bus, uint64_t publisher_id, uint64_t publisher_epoch)
{
    for (uint32_t i = 0; i < MYC_IMAGES_MAX; i++) {
        struct myc__bus_image *image = &bus->images[i];
        if (image->state != MYC__IMAGE_FREE && image->publisher_id == publisher_id
            && image->publisher_epoch == publisher_epoch) {
            return image;
        }
    }
    return NULL;
}

static void start_image(struct myc_bus *bus, int32_t link, const struct myc__remote *remote)
{
    for (uint32_t i = 0; i < MYC_IMAGES_MAX; i++) {
        struct myc__bus_image *image = &bus->images[i];
        if (image->state != MYC__IMAGE_FREE) {
            continue;
        }
        struct myc_ring_options options = {
            .capacity_bytes = bus->options.ring_bytes,
            .readers_may_sleep = true,
            .writer_may_sleep = true,
            .publisher_id = remote->id,
            .publisher_epoch = remote->epoch,
            .creator = bus->identity,
        };
        memcpy(options.contract_digest, bus->contract->digest, MYC_DIGEST_BYTES);
        if (myc__image_init(
                &image->image,
                bus->platform,
                image->image.memory,
                image->image.memory_bytes,
                &options)
            != MYC_OK) {
            return;
        }
        image->link = link;
        image->publisher_id = remote->id;
        image->publisher_epoch = remote->epoch;
        image->backoff_ns = 0;
        image->retry_ns = bus->now_ns;
        image->needs_gap = false;
        memcpy(image->topic, remote->topic, sizeof(image->topic));
        memset(image->waiters, 0, sizeof(image->waiters));
        image->state = MYC__IMAGE_WAITING;
        return;
    }
}

static void match_image(struct myc_bus *bus, int32_t link, const struct myc__remote *remote)
{
    struct myc__bus_image *image = find_image(bus, remote->id, remote->epoch);
    if (image == NULL) {
        start_image(bus, link, remote);
    } else if (image->state == MYC__IMAGE_OPEN && !image->needs_gap) {
        attach_sources(bus, (int32_t)(image - bus->images));
    }
}

// One SUBSCRIBE per subscriber: each reads the segment with a cursor of its own.
static void match_shm(
    struct myc_bus *bus, int32_t link, const struct myc__remote *remote, uint32_t subscriber_index)
{
    struct myc_subscriber *subscriber = bus->subscribers[subscriber_index];
    unsigned char record[MYC__SUBSCRIBE_BYTES];
    if (myc_load_relaxed_u32(&subscriber->is_closed) != 0
        || !myc__text_equals(subscriber->topic, remote->topic)
        || myc__subscriber_has_source(subscriber, remote->id, remote->epoch)) {
        return;
    }
    struct myc__source *source = myc__subscriber_take_source(subscriber);
    if (source == NULL) {
        return;
    }
    source->kind = MYC__SOURCE_SHM;
    source->link = link;
    source->publisher_id = remote->id;
    source->publisher_epoch = remote->epoch;
    struct myc__subscribe subscribe = {
        .publisher_id = remote->id,
        .publisher_epoch = remote->epoch,
        .subscription = (uint64_t)subscriber_index << 40
                        | (uint64_t)(source - subscriber->sources) << 32 | source->generation,
    };
    myc__subscribe_encode(&subscribe, record);
    if (!myc__link_send(bus, link, record, sizeof(record), &subscriber->waiter->doorbell, 1)) {
        myc_store_relaxed_u32(&source->state, MYC__SOURCE_FREE);
        bus->is_dirty = true;
    }
}

// Ends the connections that no subscriber wants any more, so that their publishers hear of it.
static void drop_unwanted(struct myc_bus *bus)
{
    for (uint32_t i = 0; i < MYC_IMAGES_MAX; i++) {
        struct myc__bus_image *image = &bus->images[i];
        if (image->state != MYC__IMAGE_FREE && image->state != MYC__IMAGE_ENDED
            && !is_wanted(bus, image->topic)) {
            close_stream(bus, image);
            image->state = MYC__IMAGE_ENDED;
        }
    }
}

void myc__inbound_match(struct myc_bus *bus)
{
    drop_unwanted(bus);
    for (int32_t i = 0; i < (int32_t)bus->topology.node_count; i++) {
        struct myc__link *link = &bus->links[i];
        for (uint32_t j = 0; link->state == MYC__LINK_UP && j < link->remote_count; j++) {
            const struct myc__remote *remote = &link->remotes[j];
            if (remote->is_cut || !is_wanted(bus, remote->topic)) {
                continue;
            }
            if (is_shm(bus) && bus->now_ns < bus->refused_ns) {
                continue;
            }
            if (!is_shm(bus)) {
                match_image(bus, i, remote);
                continue;
            }
            for (uint32_t k = 0; link->state == MYC__LINK_UP && k < bus->subscriber_count; k++) {
                match_shm(bus, i, remote, k);
            }
        }
    }
}

// ---- Shared memory ----

static struct myc__source *find_pending(
    struct myc_bus *bus,
    int32_t link,
    uint64_t subscription,
    struct myc_subscriber **out_subscriber)
{
    uint64_t subscriber = subscription >> 40;
    uint64_t index = (subscription >> 32) & 0xFF;
    if (subscriber >= bus->subscriber_count || index >= MYC_SOURCES_MAX) {
        return NULL;
    }
    struct myc__source *source = &bus->subscribers[subscriber]->sources[index];
    if (myc_load_relaxed_u32(&source->state) != MYC__SOURCE_PENDING
        || source->kind != MYC__SOURCE_SHM || source->link != link
        || source->generation != (uint32_t)subscription) {
        return NULL;
    }
    *out_subscriber = bus->subscribers[subscriber];
    return source;
}

bool myc__inbound_attach(
    struct myc_bus *bus,
    int32_t link,
    const struct myc__attach *attach,
    const struct myc_handle handles[MYC__RECORD_HANDLES_MAX])
{
    struct myc_subscriber *subscriber = NULL;
    struct myc__source *source = find_pending(bus, link, attach->subscription, &subscriber);
    if (source == NULL || myc_doorbell_check(bus->platform->poller, handles[2]) != MYC_OK) {
        return false;
    }
    // From here on the handles are the segments', which close them whatever happens.
    enum myc_status status =
        myc__segment_take_ring(bus->platform, handles[0], attach->ring_bytes, &source->ring, NULL);
    enum myc_status page_status =
        myc__segment_take_page(bus->platform, handles[1], &source->page, NULL);
    status = status == MYC_OK ? page_status : status;
    if (status == MYC_OK) {
        status = myc_ring_reader_init(
            &source->reader,
            source->ring.memory,
            source->ring.bytes,
            source->page.memory,
            &attach->ticket,
            NULL);
    }
    source->writer_bell = handles[2];
    source->slot = attach->ticket.slot;
    source->slot_generation = attach->ticket.generation;
    source->is_restart = bus->links[link].has_died;
    source->is_attached = status == MYC_OK;
    if (status != MYC_OK) {
        cut_remote(bus, link, source->publisher_id, source->publisher_epoch);
        myc_store_relaxed_u32(&source->state, MYC__SOURCE_RELEASED);
        bus->is_dirty = true;
        return true;
    }
    if (myc_load_relaxed_u32(&subscriber->is_closed) != 0) {
        // It stopped reading while the answer was on its way.
        myc_store_relaxed_u32(&source->state, MYC__SOURCE_RELEASED);
        bus->is_dirty = true;
        return true;
    }
    myc__subscriber_activate(subscriber, source);
    return true;
}

bool myc__inbound_refused(struct myc_bus *bus, int32_t link, const struct myc__attach *attach)
{
    struct myc_subscriber *subscriber = NULL;
    struct myc__source *source = find_pending(bus, link, attach->subscription, &subscriber);
    if (source == NULL) {
        return false;
    }
    if (attach->ticket.slot != MYC_LIMIT) {
        cut_remote(bus, link, source->publisher_id, source->publisher_epoch);
    } else {
        bus->refused_ns = bus->now_ns + redial_max_ns; // There may be room by then.
    }
    myc_store_relaxed_u32(&source->state, MYC__SOURCE_FREE);
    return true;
}

static void release_shm(struct myc_bus *bus, struct myc__source *source)
{
    unsigned char record[MYC__UNSUBSCRIBE_BYTES];
    // A reader without memory was never attached: what the peer sent was no ring of ours.
    enum myc_status status =
        source->is_attached ? myc_ring_reader_status(&source->reader) : MYC_CORRUPT;
    if (status == MYC_CLOSED || status == MYC_CORRUPT
        || myc_load_relaxed_u32(&source->fate) == MYC__FATE_CORRUPT) {
        cut_remote(bus, source->link, source->publisher_id, source->publisher_epoch);
    }
    struct myc__remote *remote =
        find_remote(bus, source->link, source->publisher_id, source->publisher_epoch);
    if (remote != NULL) {
        struct myc__unsubscribe unsubscribe = {
            .publisher_id = source->publisher_id,
            .slot = source->slot,
            .generation = source->slot_generation,
        };
        myc__unsubscribe_encode(&unsubscribe, record);
        // If it cannot be sent the link is breaking, which frees the slot as well.
        (void)myc__link_send(bus, source->link, record, sizeof(record), NULL, 0);
    }
    myc__source_leave(source);
    myc__segment_release(bus->platform, &source->ring);
    myc__segment_release(bus->platform, &source->page);
    myc_doorbell_close(bus->platform->poller, source->writer_bell);
    source->writer_bell.value = 0;
}

void myc__inbound_release(struct myc_bus *bus, struct myc__source *source)
{
    if (source->kind == MYC__SOURCE_SHM) {
        release_shm(bus, source);
    } else {
        struct myc__bus_image *image = &bus->images[source->image];
        myc_ring_leave(&image->image.ring, source->slot);
        image->waiters[source->slot] = NULL;
        if (myc_load_relaxed_u32(&source->fate) == MYC__FATE_CORRUPT
            && image->state != MYC__IMAGE_ENDED) {
            end_image(bus, source->image, MYC__FATE_CORRUPT);
        }
    }
    myc_store_relaxed_u32(&source->state, MYC__SOURCE_FREE);
}

void myc__inbound_close(struct myc_bus *bus, uint32_t index)
{
    struct myc__bus_image *image = &bus->images[index];
    if (image->state == MYC__IMAGE_OPEN) {
        // Best effort: the publisher then knows exactly what arrived.
        enum myc_status status = myc__image_acknowledge(&image->image, bus->now_ns, true);
        (void)status;
    }
    if (image->state != MYC__IMAGE_FREE) {
        end_image(bus, (int32_t)index, MYC__FATE_ENDED);
    }
}

// ---- The peer is gone ----

void myc__inbound_drop_link(struct myc_bus *bus, int32_t link, enum myc__fate fate)
{
    for (int32_t i = 0; i < MYC_IMAGES_MAX; i++) {
        struct myc__bus_image *image = &bus->images[i];
        // An open connection still holds what the peer sent; its own end follows, unless nothing
        // comes from there any more.
        bool is_ending = image->state == MYC__IMAGE_OPEN && !bus->links[link].is_silent;
        if (image->link == link && image->state != MYC__IMAGE_FREE && !is_ending
            && image->state != MYC__IMAGE_ENDED) {
            end_image(bus, i, MYC__FATE_DIED);
        }
    }
    for (uint32_t i = 0; i < bus->subscriber_count; i++) {
        for (uint32_t j = 0; j < MYC_SOURCES_MAX; j++) {
            struct myc__source *source = &bus->subscribers[i]->sources[j];
            uint32_t state = myc_load_relaxed_u32(&source->state);
            if (source->kind != MYC__SOURCE_SHM || source->link != link) {
                continue;
            }
            if (state == MYC__SOURCE_ACTIVE) {
                myc__subscriber_doom(bus->subscribers[i], source, fate);
            } else if (state == MYC__SOURCE_PENDING) {
                myc_store_relaxed_u32(&source->state, MYC__SOURCE_FREE);
            }
        }
    }
}
