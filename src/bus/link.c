// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Links: one control connection per pair of nodes, opened by the node with the larger index. It
// says who exists, passes segments, and alone decides a node's death: on one host when it ends,
// over a network when it has not come back within the grace.
#include "bus/internal.h"

#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/shm.h>
#include <mycelium/interface/stream.h>
#include <mycelium/simulation.h>

enum { RECORDS_MAX = 64 /* heard from one peer in one turn */ };

static const uint64_t backoff_min_ns = 2000000;
static const uint64_t backoff_max_ns = 100000000;

static const struct myc_topology_node *peer_of(const struct myc_bus *bus, int32_t index)
{
    return &bus->topology.nodes[index];
}

void myc__link_hello(const struct myc_bus *bus, int32_t peer, struct myc__hello *out_hello)
{
    memset(out_hello, 0, sizeof(*out_hello));
    out_hello->protocol_min = MYC__PROTOCOL_MIN;
    out_hello->protocol_max = MYC__PROTOCOL_MAX;
    out_hello->kind = MYC__HELLO_CONTROL;
    out_hello->contract_version = bus->contract->version;
    out_hello->contract_min_compatible = bus->contract->min_compatible;
    out_hello->contract_id = bus->contract->id;
    memcpy(out_hello->contract_digest, bus->contract->digest, MYC_DIGEST_BYTES);
    memcpy(out_hello->node, bus->topology.nodes[bus->self].name, MYC_NAME_BYTES);
    memcpy(out_hello->target, peer_of(bus, peer)->name, MYC_NAME_BYTES);
    out_hello->node_epoch = bus->node_epoch;
    out_hello->now_ns = bus->now_ns;
    out_hello->form_bytes = bus->contract->canonical != NULL ? bus->contract->canonical_size : 0;
    out_hello->form_max = bus->options.contract_bytes_max;
}

// ---- Going down ----

static void declare_gone(struct myc_bus *bus, int32_t index, bool has_died)
{
    struct myc__link *link = &bus->links[index];
    if (!link->is_known) {
        return;
    }
    link->is_known = false;
    link->has_died = link->has_died || has_died;
    link->is_agreed = false;
    link->grace_ns = MYC_NEVER;
    link->remote_count = 0;
    link->announced = 0;
    myc__inbound_drop_link(bus, index, has_died ? MYC__FATE_DIED : MYC__FATE_ENDED);
    myc__outbound_drop_link(bus, index, has_died ? MYC_NOTICE_PEER_DIED : MYC_NOTICE_UNMATCHED);
}

static void close_stream(struct myc_bus *bus, struct myc__link *link)
{
    if (link->channel.stream.value != 0) {
        myc_poller_remove(bus->platform->poller, bus->poller, link->channel.stream);
        myc__channel_close(&link->channel);
    }
    link->exchange.is_on = false;
    link->generation++;
}

static void retry_later(struct myc_bus *bus, struct myc__link *link)
{
    link->state = MYC__LINK_DOWN;
    link->deadline_ns = MYC_NEVER;
    link->backoff_ns = link->backoff_ns == 0 ? backoff_min_ns : link->backoff_ns * 2;
    if (link->backoff_ns > backoff_max_ns) {
        link->backoff_ns = backoff_max_ns;
    }
    link->retry_ns = bus->now_ns + link->backoff_ns;
    bus->is_dirty = true;
}

void myc__link_lost(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    bool was_up = link->state == MYC__LINK_UP;
    close_stream(bus, link);
    retry_later(bus, link);
    if (!was_up) {
        return;
    }
    if (link->said_bye || bus->topology.nodes[bus->self].transport != MYC_TRANSPORT_TCP) {
        // On one host the end of the control connection is the end of the process.
        declare_gone(bus, index, !link->said_bye);
    } else {
        link->grace_ns = myc_deadline_after(bus->now_ns, bus->options.link_grace_ns);
    }
}

// ---- Coming up ----

static void set_interest(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    // With half the queue full we read no more requests, or a peer could make us queue without end.
    uint32_t wanted = link->channel.queue_count < MYC__CHANNEL_QUEUE_MAX / 2 ? MYC_READABLE : 0;
    if (link->channel.queue_count > 0 || link->state == MYC__LINK_CONNECTING) {
        wanted |= MYC_WRITABLE;
    }
    if (wanted != link->interest
        && myc_poller_modify(
               bus->platform->poller,
               bus->poller,
               link->channel.stream,
               wanted,
               myc__token(MYC__TOKEN_LINK, (uint32_t)index, link->generation))
               == MYC_OK) {
        link->interest = wanted;
    }
}

static bool flush(struct myc_bus *bus, int32_t index)
{
    enum myc_status status = myc__channel_flush(&bus->links[index].channel);
    if (status != MYC_OK && status != MYC_AGAIN) {
        return false;
    }
    set_interest(bus, index);
    return true;
}

// Shows as much of our contract as goes. What the socket does not take now waits for its event.
static bool show_contract(struct myc_bus *bus, int32_t index)
{
    const struct myc__link *link = &bus->links[index];
    uint32_t before = 0;
    do {
        before = link->exchange.sent;
        myc__agree_pump(bus, index);
        if (!flush(bus, index)) {
            return false;
        }
    } while (link->exchange.is_on && link->exchange.sent != before);
    return true;
}

bool myc__link_send(
    struct myc_bus *bus,
    int32_t index,
    const unsigned char *record,
    size_t size,
    const struct myc_handle *handles,
    size_t handle_count)
{
    struct myc__link *link = &bus->links[index];
    if (link->state != MYC__LINK_UP
        || myc__channel_queue(&link->channel, record, size, handles, handle_count) != MYC_OK) {
        return false;
    }
    // A broken stream shows up as an event too; the record stays queued until then.
    (void)flush(bus, index);
    return true;
}

// Who is at the other end, if it shares memory with us. What cannot be told stays unknown.
static void identify_peer(struct myc_bus *bus, struct myc__link *link)
{
    struct myc_peer peer;
    link->is_peer_known =
        bus->topology.nodes[bus->self].transport == MYC_TRANSPORT_SHM
        && myc_stream_peer(bus->platform->stream, link->channel.stream, &peer) == MYC_OK
        && peer.is_local && peer.process.start_time != 0;
    if (link->is_peer_known) {
        link->peer_process = peer.process;
    }
}

static void come_up(
    struct myc_bus *bus, int32_t index, uint64_t peer_epoch, const uint8_t digest[MYC_DIGEST_BYTES])
{
    struct myc__link *link = &bus->links[index];
    if (link->is_known && link->peer_epoch != peer_epoch) {
        declare_gone(bus, index, true);
    }
    link->is_agreed = true;
    memcpy(link->peer_digest, digest, MYC_DIGEST_BYTES);
    link->is_known = true;
    link->peer_epoch = peer_epoch;
    link->state = MYC__LINK_UP;
    link->was_up = true;
    link->said_bye = false;
    link->is_silent = false;
    link->announced = 0;
    identify_peer(bus, link);
    link->backoff_ns = 0;
    link->beat_ns = myc__heartbeat_next(bus);
    myc__heartbeat_heard(bus, index);
    link->deadline_ns = MYC_NEVER;
    link->grace_ns = MYC_NEVER;
    bus->is_dirty = true;
}

static void dial(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    struct myc_handle stream;
    enum myc_status status =
        myc_stream_connect(bus->platform->stream, &peer_of(bus, index)->address, &stream, NULL);
    if (status != MYC_OK) {
        retry_later(bus, link);
        return;
    }
    link->generation++;
    link->interest = MYC_READABLE | MYC_WRITABLE;
    link->state = MYC__LINK_CONNECTING;
    link->deadline_ns = myc_deadline_after(bus->now_ns, bus->options.handshake_timeout_ns);
    bool passes_handles = bus->topology.nodes[bus->self].transport == MYC_TRANSPORT_SHM;
    myc__channel_init(&link->channel, bus->platform, stream, passes_handles);
    status = myc_poller_add(
        bus->platform->poller,
        bus->poller,
        stream,
        link->interest,
        myc__token(MYC__TOKEN_LINK, (uint32_t)index, link->generation));
    if (status != MYC_OK) {
        myc__link_lost(bus, index);
    }
}

void myc__link_step(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    if (bus->now_ns >= link->grace_ns) {
        declare_gone(bus, index, true);
    }
    if (link->state != MYC__LINK_DOWN && bus->now_ns >= link->deadline_ns) {
        myc__link_lost(bus, index);
    }
    myc__heartbeat_step(bus, index);
    if (link->state == MYC__LINK_DOWN && link->is_dialler) {
        if (bus->now_ns >= link->retry_ns) {
            dial(bus, index);
        }
        if (link->state == MYC__LINK_DOWN) {
            myc__bus_due(bus, link->retry_ns);
        }
    }
    myc__bus_due(bus, link->deadline_ns);
    myc__bus_due(bus, link->grace_ns);
}

// The answerer's side of coming up.
static void welcome(
    struct myc_bus *bus, int32_t index, uint64_t peer_epoch, const uint8_t digest[MYC_DIGEST_BYTES])
{
    unsigned char record[MYC__WELCOME_BYTES];
    struct myc__welcome answer = {.node_epoch = bus->node_epoch, .now_ns = bus->now_ns};
    come_up(bus, index, peer_epoch, digest);
    memcpy(answer.node, bus->topology.nodes[bus->self].name, MYC_NAME_BYTES);
    myc__welcome_encode(&answer, record);
    if (!myc__link_send(bus, index, record, sizeof(record), NULL, 0)) {
        myc__link_lost(bus, index);
    }
}

bool myc__link_has_agreed(
    const struct myc_bus *bus, int32_t index, const uint8_t digest[MYC_DIGEST_BYTES])
{
    const struct myc__link *link = &bus->links[index];
    return link->is_agreed && memcmp(link->peer_digest, digest, MYC_DIGEST_BYTES) == 0;
}

void myc__link_disagrees(struct myc_bus *bus, int32_t index, const struct myc__dispute *dispute)
{
    const char *peer = peer_of(bus, index)->name;
    struct myc_diagnostic diagnostic;
    if (bus->links[index].was_up) {
        return; // It was welcome before it was started anew: its trouble, not ours.
    }
    (void)myc_diagnostic_set(&diagnostic, MYC_MISMATCH, 0, "node ");
    myc_diagnostic_append_quoted(&diagnostic, peer, strlen(peer));
    myc_diagnostic_append(&diagnostic, " has a contract that does not go with ours: ");
    myc_diagnostic_append(&diagnostic, dispute->field);
    myc_diagnostic_append(&diagnostic, " ours ");
    myc_diagnostic_append(&diagnostic, dispute->ours);
    myc_diagnostic_append(&diagnostic, ", theirs ");
    myc_diagnostic_append(&diagnostic, dispute->theirs);
    myc__bus_fail(bus, MYC_MISMATCH, &diagnostic);
}

void myc__link_refuse(struct myc_bus *bus, int32_t index, const struct myc__reject *reject)
{
    struct myc__link *link = &bus->links[index];
    unsigned char record[MYC__REJECT_BYTES];
    myc__reject_encode(reject, record);
    MYC_REACHED("agree.refuses");
    link->exchange.is_on = false;
    link->state = MYC__LINK_REFUSED;
    // Not closed: the peer may still be sending, and closing with bytes unread could destroy this.
    if (myc__channel_queue(&link->channel, record, sizeof(record), NULL, 0) != MYC_OK
        || !flush(bus, index)) {
        myc__link_lost(bus, index);
    }
}

// ---- Announcing ----

void myc__link_announce(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    for (uint32_t i = 0; link->state == MYC__LINK_UP && i < bus->publisher_count; i++) {
        const struct myc_publisher *publisher = bus->publishers[i];
        unsigned char record[MYC__ANNOUNCE_BYTES];
        if ((link->announced & (UINT32_C(1) << i)) != 0) {
            continue;
        }
        struct myc__announce announce = {
            .publisher_id = publisher->id, .publisher_epoch = publisher->epoch};
        myc__text_copy(announce.topic, sizeof(announce.topic), publisher->topic);
        myc__announce_encode(&announce, record);
        if (!myc__link_send(bus, index, record, sizeof(record), NULL, 0)) {
            return; // The queue is full: the next flush marks the bus again.
        }
        link->announced |= UINT32_C(1) << i;
    }
}

static bool
add_remote(struct myc_bus *bus, struct myc__link *link, const struct myc__announce *announce)
{
    for (uint32_t i = 0; i < link->remote_count; i++) {
        if (link->remotes[i].id == announce->publisher_id
            && link->remotes[i].epoch == announce->publisher_epoch) {
            return true;
        }
    }
    if (link->remote_count == MYC__REMOTES_MAX) {
        return false;
    }
    struct myc__remote *remote = &link->remotes[link->remote_count++];
    memset(remote, 0, sizeof(*remote));
    remote->id = announce->publisher_id;
    remote->epoch = announce->publisher_epoch;
    memcpy(remote->topic, announce->topic, sizeof(remote->topic));
    bus->is_dirty = true;
    return true;
}

// ---- Records ----

static void close_handles(struct myc_bus *bus, const struct myc_handle *handles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        myc_shm_close(bus->platform->shm, handles[i]);
    }
}

static bool on_subscribe(struct myc_bus *bus, int32_t index, const struct myc_record *record)
{
    struct myc__subscribe subscribe;
    struct myc_handle bell;
    if (myc__subscribe_decode(record->payload, record->size, &subscribe, NULL) != MYC_OK
        || myc__channel_take_handles(&bus->links[index].channel, &bell, 1) != MYC_OK) {
        return false;
    }
    return myc__outbound_subscribe(bus, index, &subscribe, bell);
}

static bool on_attach(struct myc_bus *bus, int32_t index, const struct myc_record *record)
{
    struct myc__attach attach;
    struct myc_handle handles[MYC__RECORD_HANDLES_MAX];
    if (myc__attach_decode(record->payload, record->size, &attach, NULL) != MYC_OK) {
        return false;
    }
    if (attach.ring_bytes == 0) {
        return myc__inbound_refused(bus, index, &attach);
    }
    if (myc__channel_take_handles(&bus->links[index].channel, handles, MYC__RECORD_HANDLES_MAX)
        != MYC_OK) {
        return false;
    }
    if (!myc__inbound_attach(bus, index, &attach, handles)) {
        close_handles(bus, handles, MYC__RECORD_HANDLES_MAX);
        return false;
    }
    return true;
}

// The peer said why we cannot work together.
static void tell_refusal(struct myc_bus *bus, int32_t index, const struct myc_record *record)
{
    const struct myc__link *link = &bus->links[index];
    struct myc__reject reject;
    struct myc_diagnostic diagnostic;
    if (myc__reject_decode(record->payload, record->size, &reject, &diagnostic) == MYC_OK
        && reject.status == MYC_MISMATCH && (!link->was_up || link->state == MYC__LINK_UP)) {
        const char *peer = peer_of(bus, index)->name;
        (void)myc_diagnostic_set(&diagnostic, MYC_MISMATCH, 0, "node ");
        myc_diagnostic_append_quoted(&diagnostic, peer, strlen(peer));
        myc_diagnostic_append(&diagnostic, " refuses us: ");
        myc_diagnostic_append(&diagnostic, reject.field);
        myc_diagnostic_append(&diagnostic, " ours ");
        myc_diagnostic_append(&diagnostic, link->is_dialler ? reject.theirs : reject.ours);
        myc_diagnostic_append(&diagnostic, ", theirs ");
        myc_diagnostic_append(&diagnostic, link->is_dialler ? reject.ours : reject.theirs);
        myc__bus_fail(bus, MYC_MISMATCH, &diagnostic);
    }
}

// False: the peer broke the protocol, or said BYE.
static bool on_record(struct myc_bus *bus, int32_t index, const struct myc_record *record)
{
    struct myc__link *link = &bus->links[index];
    struct myc__announce announce;
    struct myc__unsubscribe unsubscribe;
    switch (record->type) {
    case MYC_RECORD_ANNOUNCE:
        return myc__announce_decode(record->payload, record->size, &announce, NULL) == MYC_OK
               && add_remote(bus, link, &announce);
    case MYC_RECORD_SUBSCRIBE:
        return on_subscribe(bus, index, record);
    case MYC_RECORD_ATTACH:
        return on_attach(bus, index, record);
    case MYC_RECORD_UNSUBSCRIBE:
        if (myc__unsubscribe_decode(record->payload, record->size, &unsubscribe, NULL) != MYC_OK) {
            return false;
        }
        myc__outbound_unsubscribe(bus, index, &unsubscribe);
        return true;
    case MYC_RECORD_HEARTBEAT:
        return true;
    case MYC_RECORD_BYE:
        link->said_bye = true;
        return false;
    case MYC_RECORD_REJECT:
        // We found that the contracts go together, and it that they do not.
        tell_refusal(bus, index, record);
        return false;
    default:
        return false;
    }
}

// Welcomes the dialler once both contracts were shown and go together.
static void welcome_if_agreed(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    if (link->state != MYC__LINK_COMPARING || !myc__agree_is_done(bus, index)) {
        return;
    }
    MYC_REACHED("agree.agrees");
    welcome(bus, index, link->greeting_epoch, link->exchange.digest);
}

// A part of the peer's contract, while neither has welcomed the other.
static void on_contract(struct myc_bus *bus, int32_t index, const struct myc_record *record)
{
    struct myc__link *link = &bus->links[index];
    struct myc__reject reject;
    if (!link->exchange.is_on) {
        myc__agree_begin(bus, index, NULL);
    }
    enum myc_status status = myc__agree_hear(bus, index, record, &reject);
    if (status == MYC_MISMATCH) {
        myc__link_refuse(bus, index, &reject);
        return;
    }
    if (status != MYC_OK || !show_contract(bus, index)) {
        myc__link_lost(bus, index);
        return;
    }
    welcome_if_agreed(bus, index);
}

static void on_greeting(struct myc_bus *bus, int32_t index, const struct myc_record *record)
{
    struct myc__link *link = &bus->links[index];
    struct myc__welcome welcome;
    if (record->type == MYC_RECORD_CONTRACT && link->exchange.text != NULL) {
        on_contract(bus, index, record);
        return;
    }
    bool is_compared = !link->exchange.is_on || myc__agree_is_done(bus, index);
    if (record->type == MYC_RECORD_WELCOME && is_compared
        && myc__welcome_decode(record->payload, record->size, &welcome, NULL) == MYC_OK
        && myc__text_equals(welcome.node, peer_of(bus, index)->name)) {
        const uint8_t *digest =
            link->exchange.is_on ? link->exchange.digest : bus->contract->digest;
        come_up(bus, index, welcome.node_epoch, digest);
        return;
    }
    if (record->type == MYC_RECORD_REJECT) {
        tell_refusal(bus, index, record);
    }
    myc__link_lost(bus, index);
}

// The dialler shows its contract, or says that it will not have ours.
static void on_comparing(struct myc_bus *bus, int32_t index, const struct myc_record *record)
{
    if (record->type == MYC_RECORD_CONTRACT) {
        on_contract(bus, index, record);
        return;
    }
    if (record->type == MYC_RECORD_REJECT) {
        tell_refusal(bus, index, record);
    }
    myc__link_lost(bus, index);
}

// We have said why not; what the peer says is of no use any more, but for its own refusal.
static void on_refused(struct myc_bus *bus, int32_t index, const struct myc_record *record)
{
    if (record->type == MYC_RECORD_REJECT) {
        myc__link_lost(bus, index);
    }
}

static void on_any_record(struct myc_bus *bus, int32_t index, const struct myc_record *record)
{
    switch (bus->links[index].state) {
    case MYC__LINK_GREETING:
        on_greeting(bus, index, record);
        break;
    case MYC__LINK_COMPARING:
        on_comparing(bus, index, record);
        break;
    case MYC__LINK_REFUSED:
        on_refused(bus, index, record);
        break;
    case MYC__LINK_UP:
        if (!on_record(bus, index, record)) {
            myc__link_lost(bus, index);
        }
        break;
    case MYC__LINK_DOWN:
    case MYC__LINK_CONNECTING:
        break;
    }
}

void myc__link_hear(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    uint32_t generation = link->generation;
    // A peer that never stops talking gets its turn again, after everybody else.
    for (uint32_t i = 0; i < RECORDS_MAX; i++) {
        struct myc_record record;
        if (link->channel.queue_count >= MYC__CHANNEL_QUEUE_MAX / 2) {
            return; // The peer does not read what we answer: hear it out later.
        }
        enum myc_status status = myc__channel_receive(&link->channel, &record, NULL);
        if (status == MYC_AGAIN) {
            return;
        }
        if (status != MYC_OK) {
            myc__link_lost(bus, index);
            return;
        }
        myc__heartbeat_heard(bus, index);
        on_any_record(bus, index, &record);
        if (link->generation != generation) {
            return;
        }
    }
}

static void greet(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    enum myc_status status = myc_stream_connect_result(bus->platform->stream, link->channel.stream);
    if (status == MYC_AGAIN) {
        return;
    }
    struct myc__hello hello;
    unsigned char record[MYC__HELLO_BYTES];
    myc__link_hello(bus, index, &hello);
    myc__hello_encode(&hello, record);
    link->state = MYC__LINK_GREETING;
    if (status != MYC_OK
        || myc__channel_queue(&link->channel, record, sizeof(record), NULL, 0) != MYC_OK
        || !flush(bus, index)) {
        myc__link_lost(bus, index);
    }
}

void myc__link_event(struct myc_bus *bus, int32_t index, uint32_t events)
{
    struct myc__link *link = &bus->links[index];
    if (link->state == MYC__LINK_CONNECTING) {
        greet(bus, index);
        return;
    }
    if ((events & MYC_WRITABLE) != 0) {
        bus->is_dirty = true; // What did not fit into the queue may fit now.
        if (!show_contract(bus, index)) {
            myc__link_lost(bus, index);
            return;
        }
        welcome_if_agreed(bus, index);
    }
    myc__link_hear(bus, index);
}

// ---- Being dialled ----

static void refuse_dial(
    struct myc_bus *bus, struct myc__accepted *accepted, const char *field, const char *ours)
{
    struct myc__reject reject;
    memset(&reject, 0, sizeof(reject));
    reject.status = MYC_MISMATCH;
    myc__text_copy(reject.field, sizeof(reject.field), field);
    myc__text_copy(reject.ours, sizeof(reject.ours), ours);
    myc__accepted_reject(bus, accepted, &reject);
}

void myc__link_accept(
    struct myc_bus *bus,
    int32_t index,
    struct myc__accepted *accepted,
    const struct myc__hello *hello,
    bool is_differing)
{
    struct myc__link *link = &bus->links[index];
    if (link->is_dialler) {
        refuse_dial(bus, accepted, "topology", "the order of the nodes differs");
        return;
    }
    if (link->state != MYC__LINK_DOWN) {
        // It dials again, so the old connection is of no use to it, whatever our kernel thinks.
        myc__link_lost(bus, index);
    }
    link->generation++;
    link->interest = MYC_READABLE;
    link->channel = accepted->channel;
    accepted->channel.stream.value = 0;
    accepted->channel.in_handle_count = 0;
    accepted->is_used = false;
    myc_poller_remove(bus->platform->poller, bus->poller, link->channel.stream);
    enum myc_status status = myc_poller_add(
        bus->platform->poller,
        bus->poller,
        link->channel.stream,
        link->interest,
        myc__token(MYC__TOKEN_LINK, (uint32_t)index, link->generation));
    if (status != MYC_OK) {
        link->state = MYC__LINK_GREETING; // Nothing was up yet that could be lost.
        myc__link_lost(bus, index);
    } else if (!is_differing) {
        welcome(bus, index, hello->node_epoch, hello->contract_digest);
    } else {
        link->state = MYC__LINK_COMPARING;
        link->greeting_epoch = hello->node_epoch;
        link->deadline_ns = myc_deadline_after(bus->now_ns, bus->options.handshake_timeout_ns);
        myc__agree_begin(bus, index, hello->contract_digest);
        if (!show_contract(bus, index)) {
            myc__link_lost(bus, index);
        }
    }
}

// Ends our side once all that is queued, the BYE last, is with the kernel. False: it broke.
static bool finish_side(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    if (!flush(bus, index)) {
        return false;
    }
    if (link->channel.queue_count == 0) {
        myc_stream_shutdown(bus->platform->stream, link->channel.stream);
    }
    return true;
}

void myc__link_say_bye(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    unsigned char record[MYC__BYE_BYTES];
    if (link->state == MYC__LINK_UP) {
        myc__bye_encode(record);
        (void)myc__link_send(bus, index, record, sizeof(record), NULL, 0);
        (void)finish_side(bus, index);
    } else {
        myc__link_close(bus, index);
    }
    link->said_bye = true;
}

bool myc__link_is_answered(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    struct myc_record record;
    enum myc_status status = MYC_OK;
    if (link->channel.stream.value == 0
        || (link->channel.queue_count > 0 && !finish_side(bus, index))) {
        return true;
    }
    for (uint32_t i = 0; i < RECORDS_MAX && status == MYC_OK; i++) {
        status = myc__channel_receive(&link->channel, &record, NULL);
    }
    if (status == MYC_OK) {
        return false; // It talks on; we listen until our time is over, and no longer.
    }
    return status != MYC_AGAIN;
}

void myc__link_close(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    close_stream(bus, link);
    link->state = MYC__LINK_DOWN;
    declare_gone(bus, index, false);
}
