// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Connections before their HELLO: a fixed number, one deadline for the whole handshake, and nothing
// believed before the HELLO was compared with ours.
#include "bus/internal.h"

#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/listener.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/process.h>
#include <mycelium/interface/stream.h>

static const uint64_t listen_pause_ns = 10000000;

static void drop(struct myc_bus *bus, struct myc__accepted *accepted)
{
    if (accepted->channel.stream.value != 0) {
        myc_poller_remove(bus->platform->poller, bus->poller, accepted->channel.stream);
    }
    myc__channel_close(&accepted->channel);
    accepted->is_used = false;
}

static struct myc__accepted *take_place(struct myc_bus *bus, uint32_t *out_index)
{
    for (uint32_t i = 0; i < MYC__ACCEPTED_MAX; i++) {
        if (!bus->accepted[i].is_used) {
            *out_index = i;
            return &bus->accepted[i];
        }
    }
    return NULL;
}

// Another user's process is turned away before it is heard. TCP carries no users.
static bool is_trusted(const struct myc_bus *bus, struct myc_handle stream)
{
    struct myc_peer peer;
    return myc_stream_peer(bus->platform->stream, stream, &peer) == MYC_OK
           && (!peer.is_local || myc_process_trusts_user(bus->platform->process, peer.user));
}

void myc__accept_event(struct myc_bus *bus)
{
    struct myc_handle stream;
    bool passes_handles = bus->topology.nodes[bus->self].transport == MYC_TRANSPORT_SHM;
    for (;;) {
        enum myc_status status =
            myc_listener_accept(bus->platform->listener, bus->listener, &stream);
        if (status == MYC_AGAIN) {
            return;
        }
        if (status != MYC_OK) {
            // No descriptor left, say: still readable, so it would be told at every turn.
            myc_poller_remove(bus->platform->poller, bus->poller, bus->listener);
            bus->listen_ns = bus->now_ns + listen_pause_ns;
            myc__bus_due(bus, bus->listen_ns);
            return;
        }
        uint32_t index = 0;
        struct myc__accepted *accepted = take_place(bus, &index);
        if (accepted == NULL || !is_trusted(bus, stream)) {
            // A friend dials again; those who came first get their time.
            myc_stream_close(bus->platform->stream, stream);
            continue;
        }
        accepted->is_used = true;
        accepted->generation++;
        accepted->deadline_ns = myc_deadline_after(bus->now_ns, bus->options.handshake_timeout_ns);
        myc__channel_init(&accepted->channel, bus->platform, stream, passes_handles);
        if (myc_poller_add(
                bus->platform->poller,
                bus->poller,
                stream,
                MYC_READABLE,
                myc__token(MYC__TOKEN_ACCEPTED, index, accepted->generation))
            != MYC_OK) {
            drop(bus, accepted);
        }
    }
}

void myc__accepted_step(struct myc_bus *bus)
{
    if (bus->listen_ns != 0 && bus->now_ns >= bus->listen_ns) {
        uint64_t token = myc__token(MYC__TOKEN_LISTENER, 0, 0);
        enum myc_status status =
            myc_poller_add(bus->platform->poller, bus->poller, bus->listener, MYC_READABLE, token);
        bus->listen_ns = status == MYC_OK ? 0 : bus->now_ns + listen_pause_ns;
    }
    if (bus->listen_ns != 0) {
        myc__bus_due(bus, bus->listen_ns);
    }
    for (uint32_t i = 0; i < MYC__ACCEPTED_MAX; i++) {
        struct myc__accepted *accepted = &bus->accepted[i];
        if (accepted->is_used && bus->now_ns >= accepted->deadline_ns) {
            drop(bus, accepted);
        }
        if (accepted->is_used) {
            myc__bus_due(bus, accepted->deadline_ns);
        }
    }
}

void myc__accepted_reject(
    struct myc_bus *bus, struct myc__accepted *accepted, const struct myc__reject *reject)
{
    unsigned char record[MYC__REJECT_BYTES];
    myc__reject_encode(reject, record);
    // The socket is fresh, so 192 bytes fit; if they do not, the peer finds out by dialling again.
    enum myc_status status =
        myc__channel_queue(&accepted->channel, record, sizeof(record), NULL, 0);
    if (status == MYC_OK) {
        status = myc__channel_flush(&accepted->channel);
    }
    (void)status;
    drop(bus, accepted);
}

static void fail_for_mismatch(
    struct myc_bus *bus, const struct myc__hello *hello, const struct myc__reject *reject)
{
    struct myc_diagnostic diagnostic;
    int32_t index = myc_topology_find_node(&bus->topology, hello->node);
    if (index == MYC__NO_INDEX || bus->links[index].was_up) {
        return; // A stranger, or a restarted peer: its trouble, not ours.
    }
    (void)myc_diagnostic_set(&diagnostic, MYC_MISMATCH, 0, "node ");
    myc_diagnostic_append_quoted(&diagnostic, hello->node, strlen(hello->node));
    myc_diagnostic_append(&diagnostic, " was refused: ");
    myc_diagnostic_append(&diagnostic, reject->field);
    myc_diagnostic_append(&diagnostic, " ours ");
    myc_diagnostic_append(&diagnostic, reject->ours);
    myc_diagnostic_append(&diagnostic, ", theirs ");
    myc_diagnostic_append(&diagnostic, reject->theirs);
    myc__bus_fail(bus, MYC_MISMATCH, &diagnostic);
}

static void
on_hello(struct myc_bus *bus, struct myc__accepted *accepted, const struct myc__hello *hello)
{
    struct myc__hello ours;
    struct myc__reject reject;
    int32_t link = myc_topology_find_node(&bus->topology, hello->node);
    if (link == MYC__NO_INDEX || link == bus->self
        || !myc__text_equals(hello->target, bus->topology.nodes[bus->self].name)) {
        memset(&reject, 0, sizeof(reject));
        reject.status = MYC_MISMATCH;
        myc__text_copy(reject.field, sizeof(reject.field), "node name");
        myc__text_copy(reject.theirs, sizeof(reject.theirs), hello->node);
        myc__text_copy(reject.ours, sizeof(reject.ours), "not a peer in this node's topology");
        myc__accepted_reject(bus, accepted, &reject);
        return;
    }
    myc__link_hello(bus, link, &ours);
    enum myc_status status = myc__hello_compare(hello, &ours, &reject);
    if (status == MYC_MISMATCH) {
        fail_for_mismatch(bus, hello, &reject);
        myc__accepted_reject(bus, accepted, &reject);
    } else if (hello->kind == MYC__HELLO_CONTROL) {
        myc__link_accept(bus, link, accepted, hello, status == MYC_AGAIN);
    } else if (status == MYC_AGAIN && !myc__link_has_agreed(bus, link, hello->contract_digest)) {
        // Only the control connection compares; it may be on its way up.
        memset(&reject, 0, sizeof(reject));
        reject.status = MYC_NOT_CONNECTED;
        myc__text_copy(reject.field, sizeof(reject.field), "contract digest");
        myc__text_copy(reject.ours, sizeof(reject.ours), "no link has agreed on that contract");
        myc__accepted_reject(bus, accepted, &reject);
    } else {
        myc__outbound_accept(bus, link, accepted, hello);
    }
}

void myc__accepted_event(struct myc_bus *bus, uint32_t index)
{
    struct myc__accepted *accepted = &bus->accepted[index];
    struct myc_record record;
    struct myc__hello hello;
    enum myc_status status = myc__channel_receive(&accepted->channel, &record, NULL);
    if (status == MYC_AGAIN) {
        return;
    }
    if (status != MYC_OK || record.type != MYC_RECORD_HELLO
        || myc__hello_decode(record.payload, record.size, &hello, NULL) != MYC_OK) {
        drop(bus, accepted);
        return;
    }
    on_hello(bus, accepted, &hello);
}
