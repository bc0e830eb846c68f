// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Publishers that a subscriber does not read because it, or its node, reads as many as it can. They
// are matched as soon as there is room; until then the subscriber is told how many they are.
#include "bus/internal.h"

static bool
is_read_or_cut(const struct myc_subscriber *subscriber, const struct myc__remote *remote)
{
    return remote->is_cut || myc__subscriber_has_source(subscriber, remote->id, remote->epoch);
}

static bool has_image(const struct myc_bus *bus, const struct myc__remote *remote)
{
    for (uint32_t i = 0; i < MYC_IMAGES_MAX; i++) {
        const struct myc__bus_image *image = &bus->images[i];
        if (image->state != MYC__IMAGE_FREE && image->publisher_id == remote->id
            && image->publisher_epoch == remote->epoch) {
            return true;
        }
    }
    return false;
}

static bool has_free_image(const struct myc_bus *bus)
{
    for (uint32_t i = 0; i < MYC_IMAGES_MAX; i++) {
        if (bus->images[i].state == MYC__IMAGE_FREE) {
            return true;
        }
    }
    return false;
}

static uint32_t count_local(const struct myc_bus *bus, const struct myc_subscriber *subscriber)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < bus->publisher_count; i++) {
        const struct myc_publisher *publisher = bus->publishers[i];
        if (myc_load_relaxed_u32(&publisher->is_closing) == 0
            && myc__text_equals(publisher->topic, subscriber->topic)
            && !myc__subscriber_has_source(subscriber, publisher->id, publisher->epoch)) {
            count++;
        }
    }
    return count;
}

// Those without a source if it has none to give; else those for whom the node has no image.
static uint32_t
count_remote(const struct myc_bus *bus, const struct myc_subscriber *subscriber, bool has_room)
{
    uint32_t count = 0;
    bool needs_image = bus->topology.nodes[bus->self].transport != MYC_TRANSPORT_SHM;
    bool is_short = needs_image && !has_free_image(bus);
    for (uint32_t i = 0; (!has_room || is_short) && i < bus->topology.node_count; i++) {
        const struct myc__link *link = &bus->links[i];
        for (uint32_t j = 0; link->state == MYC__LINK_UP && j < link->remote_count; j++) {
            const struct myc__remote *remote = &link->remotes[j];
            if (myc__text_equals(remote->topic, subscriber->topic)
                && !is_read_or_cut(subscriber, remote) && (!has_room || !has_image(bus, remote))) {
                count++;
            }
        }
    }
    return count;
}

void myc__room_count(struct myc_bus *bus)
{
    for (uint32_t i = 0; i < bus->subscriber_count; i++) {
        struct myc_subscriber *subscriber = bus->subscribers[i];
        bool has_room = myc__subscriber_has_room(subscriber);
        uint32_t before = myc_load_relaxed_u32(&subscriber->turned_away);
        uint32_t count = count_remote(bus, subscriber, has_room);
        count += has_room ? 0 : count_local(bus, subscriber);
        if (count == before || myc_load_relaxed_u32(&subscriber->is_closed) != 0) {
            continue;
        }
        myc_store_relaxed_u32(&subscriber->turned_away, count);
        if (count > before) {
            myc_waiter_ring(subscriber->waiter);
        }
    }
}
