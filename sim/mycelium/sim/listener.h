// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Listeners of the simulated kernel: Unix paths in a host's file tree, TCP ports of a host. Part of
 * the implementation unit.
 *
 * A killed process leaves path and lock file behind, as on a real host; both are dead then, and the
 * next listener takes them over.
 */
#ifndef MYC_SIM_LISTENER_H
#define MYC_SIM_LISTENER_H

#include <mycelium/sim/internal.h>

#include <stdio.h>
#include <string.h>

#include <mycelium/sim/address.h>
#include <mycelium/sim/network.h>

enum { SIM__BACKLOG = 128 };

struct sim__listener {
    struct sim__object object;
    struct sim__listener *next; /* in the world */
    struct sim__host *host;
    struct sim__process *owner;
    struct myc_address address;
    bool is_loopback;          /* TCP: only for processes of the host */
    struct sim__inode *socket; /* Unix */
    struct sim__inode *lock;
    uint32_t backlog;
    uint32_t waiting;
    struct sim__stream *queue; /* not accepted yet; owns a reference of each */
};

struct sim__stream_seam {
    struct myc_stream stream;
    struct myc_listener listener;
    struct sim__process *process;
};

// ---- Objects ----

static struct sim__listener *sim__listener_of(struct sim__object *object)
{
    return MYC_CONTAINER_OF(object, struct sim__listener, object);
}

static struct sim__stream *sim__listener_take(struct sim__listener *listener)
{
    struct sim__stream *stream = listener->queue;
    listener->queue = stream->queue_next;
    stream->queue_next = NULL;
    listener->waiting--;
    return stream;
}

static void sim__listener_release(struct myc_sim *world, struct sim__object *object)
{
    struct sim__listener *listener = sim__listener_of(object);
    struct sim__listener **link = &sim__network(world)->listeners;
    while (*link != listener) {
        link = &(*link)->next;
    }
    *link = listener->next;
    if (listener->socket != NULL) {
        listener->socket->listener = NULL;
        listener->lock->is_locked = false;
        sim__inode_drop(world, listener->socket);
        sim__inode_drop(world, listener->lock);
    }
    while (listener->queue != NULL) {
        sim__object_drop(world, &sim__listener_take(listener)->object);
    }
    sim__free(world, listener);
}

static uint32_t sim__listener_ready(struct myc_sim *world, struct sim__object *object)
{
    (void)world;
    return sim__listener_of(object)->queue != NULL ? MYC_READABLE : 0;
}

static const struct sim__object_ops sim__listener_object_ops = {
    .kind = "listener",
    .release = sim__listener_release,
    .ready = sim__listener_ready,
};

/* Puts the far end of a new connection into the queue, which takes over its only reference. */
static void sim__listener_offer(struct sim__listener *listener, struct sim__link *link)
{
    struct sim__stream *far = sim__stream_create(link, 1, &sim__stream_object_ops);
    link->owners[1] = listener->owner;
    far->state = SIM__CONNECTED;
    struct sim__stream **place = &listener->queue;
    uint64_t overtaken = 0;
    if (link->kind == MYC_ADDRESS_TCP) {
        // The answers of those who connect at the same time may come in any order.
        overtaken = sim__choose(link->world, "accept.order", (uint64_t)listener->waiting + 1);
    }
    for (uint64_t before = listener->waiting - overtaken; before > 0; before--) {
        place = &(*place)->queue_next;
    }
    far->queue_next = *place;
    *place = far;
    listener->waiting++;
    sim__object_changed(link->world, &listener->object);
}

static struct sim__listener *sim__listener_find_port(
    struct myc_sim *world, const struct sim__host *host, uint16_t port, bool is_inside)
{
    struct sim__listener *it = sim__network(world)->listeners;
    while (it != NULL
           && !(
               it->host == host && it->address.kind == MYC_ADDRESS_TCP && it->address.port == port
               && (is_inside || !it->is_loopback))) {
        it = it->next;
    }
    return it;
}

// ---- Listening ----

static struct sim__listener *sim__listener_create(
    struct sim__process *process, const struct myc_address *address, uint32_t backlog)
{
    struct myc_sim *world = process->world;
    struct sim__network *network = sim__network(world);
    struct sim__listener *listener = sim__allocate(world, sizeof(*listener));
    sim__object_init(world, &listener->object, &sim__listener_object_ops);
    listener->next = network->listeners;
    network->listeners = listener;
    listener->host = process->host;
    listener->owner = process;
    listener->address = *address;
    listener->backlog = backlog > 0 ? backlog : SIM__BACKLOG;
    return listener;
}

/* Gives an entry a fresh inode; who has the old one open keeps it. */
static struct sim__inode *
sim__entry_renew(struct sim__process *process, const char *clean, enum sim__inode_kind kind)
{
    struct sim__entry *old = sim__entry_find(process->host, clean);
    if (old != NULL) {
        sim__entry_remove(process->world, process->host, old);
    }
    struct sim__inode *inode = sim__entry_add(process->world, process->host, clean, kind);
    inode->references++;
    return inode;
}

static enum myc_status sim__listen_unix(
    struct sim__process *process,
    const struct myc_address *address,
    uint32_t backlog,
    struct sim__listener **out_listener)
{
    char clean[SIM__PATH_BYTES];
    char lock_path[SIM__PATH_BYTES];
    if (!sim__path_clean(address->text, clean) || strlen(clean) + sizeof(".lock") > sizeof(clean)) {
        return MYC_INVALID;
    }
    size_t len = strlen(clean);
    memcpy(lock_path, clean, len);
    memcpy(lock_path + len, ".lock", sizeof(".lock"));
    if (!sim__parent_is_there(process->host, clean)) {
        return MYC_NOT_FOUND;
    }
    const struct sim__entry *lock = sim__entry_find(process->host, lock_path);
    if (lock != NULL && (lock->inode->is_locked || lock->inode->kind != SIM__INODE_FILE)) {
        return MYC_IN_USE;
    }
    const struct sim__entry *entry = sim__entry_find(process->host, clean);
    if (entry != NULL
        && (entry->inode->kind != SIM__INODE_SOCKET || entry->inode->listener != NULL)) {
        return MYC_IN_USE;
    }
    struct sim__listener *listener = sim__listener_create(process, address, backlog);
    listener->socket = sim__entry_renew(process, clean, SIM__INODE_SOCKET);
    listener->socket->listener = listener;
    listener->lock = sim__entry_renew(process, lock_path, SIM__INODE_FILE);
    listener->lock->is_locked = true;
    *out_listener = listener;
    return MYC_OK;
}

static uint16_t sim__port_pick(struct myc_sim *world, const struct sim__host *host)
{
    struct sim__network *network = sim__network(world);
    uint16_t port = 0;
    for (uint32_t i = 0; i <= UINT16_MAX - SIM__PORT_FIRST && port == 0; i++) {
        uint16_t tried = network->next_port;
        network->next_port = tried == UINT16_MAX ? SIM__PORT_FIRST : (uint16_t)(tried + 1);
        port = sim__listener_find_port(world, host, tried, true) == NULL ? tried : 0;
    }
    return port;
}

/* Whether somebody listened on the port before: its old connections may still be dying. */
static bool sim__port_was_used(struct myc_sim *world, const struct sim__host *host, uint16_t port)
{
    const struct sim__used_port *it = sim__network(world)->used_ports;
    while (it != NULL && (it->host != host || it->port != port)) {
        it = it->next;
    }
    return it != NULL;
}

static void sim__port_use(struct myc_sim *world, const struct sim__host *host, uint16_t port)
{
    struct sim__network *network = sim__network(world);
    if (!sim__port_was_used(world, host, port)) {
        struct sim__used_port *used = sim__allocate(world, sizeof(*used));
        *used = (struct sim__used_port){network->used_ports, host, port};
        network->used_ports = used;
    }
}

static enum myc_status sim__listen_tcp(
    struct sim__process *process,
    const struct myc_address *address,
    uint32_t backlog,
    struct sim__listener **out_listener)
{
    struct sim__target target;
    if (!sim__address_resolve(process, address, &target) || target.host != process->host) {
        return MYC_INVALID; // no number, or the number of another host
    }
    struct myc_address bound = *address;
    if (bound.port == 0) {
        bound.port = sim__port_pick(process->world, process->host);
    }
    if (bound.port == 0
        || sim__listener_find_port(process->world, process->host, bound.port, true) != NULL) {
        return MYC_IN_USE;
    }
    if (sim__port_was_used(process->world, process->host, bound.port)
        && sim__fault(process->world, MYC_SIM_FAULT_LISTEN_IN_USE)) {
        sim__fault_effect(process->world, MYC_SIM_FAULT_LISTEN_IN_USE);
        return MYC_IN_USE;
    }
    sim__port_use(process->world, process->host, bound.port);
    *out_listener = sim__listener_create(process, &bound, backlog);
    (*out_listener)->is_loopback = target.is_loopback;
    return MYC_OK;
}

// ---- The seam ----

static struct sim__process *sim__listener_process(struct myc_listener *seam)
{
    return MYC_CONTAINER_OF(seam, struct sim__stream_seam, listener)->process;
}

static struct sim__listener *sim__listener_find(struct myc_listener *seam, struct myc_handle handle)
{
    struct sim__object *object =
        sim__descriptor_lookup(sim__listener_process(seam), handle, &sim__listener_object_ops);
    return object != NULL ? sim__listener_of(object) : NULL;
}

/* Removes the path and the lock of a Unix listener if they are still its own. */
static void sim__listener_unlink(struct sim__process *process, const struct sim__listener *listener)
{
    char clean[SIM__PATH_BYTES];
    if (listener->socket == NULL || !sim__path_clean(listener->address.text, clean)) {
        return;
    }
    struct sim__entry *entry = sim__entry_find(process->host, clean);
    if (entry != NULL && entry->inode == listener->socket) {
        sim__entry_remove(process->world, process->host, entry);
    }
    memcpy(clean + strlen(clean), ".lock", sizeof(".lock"));
    entry = sim__entry_find(process->host, clean);
    if (entry != NULL && entry->inode == listener->lock) {
        sim__entry_remove(process->world, process->host, entry);
    }
}

static enum myc_status sim__listener_listen(
    struct myc_listener *seam,
    const struct myc_address *address,
    uint32_t backlog,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    struct sim__process *process = sim__listener_process(seam);
    struct myc_sim *world = process->world;
    struct sim__listener *listener = NULL;
    enum myc_status status = MYC_INVALID;
    sim__point(world, "listener.listen");
    if (sim__address_is_whole(address)) {
        status = address->kind == MYC_ADDRESS_UNIX
                     ? sim__listen_unix(process, address, backlog, &listener)
                     : sim__listen_tcp(process, address, backlog, &listener);
    }
    if (status == MYC_OK) {
        sim__note(world, SIM__NOTE_LISTEN, listener->object.id, listener->address.port);
        *out_handle = sim__descriptor_insert(process, &listener->object);
        if (out_handle->value == 0) {
            sim__listener_unlink(process, listener);
            status = MYC_LIMIT;
        }
        sim__object_drop(world, &listener->object);
    }
    return status == MYC_OK ? MYC_OK
                            : sim__address_fail(diagnostic, status, "cannot listen on", address);
}

static enum myc_status sim__listener_accept(
    struct myc_listener *seam, struct myc_handle handle, struct myc_handle *out_stream)
{
    struct sim__process *process = sim__listener_process(seam);
    struct myc_sim *world = process->world;
    sim__point(world, "listener.accept");
    struct sim__listener *listener = sim__listener_find(seam, handle);
    if (listener == NULL) {
        return MYC_INVALID;
    }
    if (listener->queue == NULL) {
        return MYC_AGAIN;
    }
    if (sim__fault(world, MYC_SIM_FAULT_WOULD_BLOCK)) {
        sim__fault_effect(world, MYC_SIM_FAULT_WOULD_BLOCK);
        return MYC_AGAIN;
    }
    if (sim__fault(world, MYC_SIM_FAULT_ACCEPT_FAIL)) {
        sim__fault_effect(world, MYC_SIM_FAULT_ACCEPT_FAIL);
        return MYC_LIMIT;
    }
    if (listener->address.kind == MYC_ADDRESS_TCP
        && sim__fault(world, MYC_SIM_FAULT_ACCEPT_ABORTED)) {
        // The platform takes the next one, as after ECONNABORTED.
        sim__fault_effect(world, MYC_SIM_FAULT_ACCEPT_ABORTED);
        sim__object_drop(world, &sim__listener_take(listener)->object);
        if (listener->queue == NULL) {
            return MYC_AGAIN;
        }
    }
    struct sim__stream *stream = listener->queue;
    struct myc_handle accepted = sim__descriptor_insert(process, &stream->object);
    if (accepted.value == 0) {
        return MYC_LIMIT;
    }
    (void)sim__listener_take(listener);
    stream->is_accepted = true;
    sim__object_drop(world, &stream->object);
    sim__note(world, SIM__NOTE_ACCEPT, listener->object.id, stream->object.id);
    *out_stream = accepted;
    return MYC_OK;
}

static enum myc_status sim__listener_local_address(
    struct myc_listener *seam, struct myc_handle handle, struct myc_address *out_address)
{
    sim__point(sim__listener_process(seam)->world, "listener.local_address");
    const struct sim__listener *listener = sim__listener_find(seam, handle);
    if (listener == NULL) {
        return MYC_INVALID;
    }
    *out_address = listener->address;
    return MYC_OK;
}

static void sim__listener_close(struct myc_listener *seam, struct myc_handle handle)
{
    struct sim__process *process = sim__listener_process(seam);
    sim__point(process->world, "listener.close");
    const struct sim__listener *listener = sim__listener_find(seam, handle);
    if (listener != NULL) {
        sim__listener_unlink(process, listener);
    }
    sim__close_handle(process, handle, "listener.close");
}

static const struct myc_listener_ops sim__listener_ops = {
    .size = sizeof(struct myc_listener_ops),
    .listen = sim__listener_listen,
    .accept = sim__listener_accept,
    .local_address = sim__listener_local_address,
    .close = sim__listener_close,
};

#endif
