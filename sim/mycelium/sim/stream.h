// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The stream seam of the simulated kernel: connecting, reading, writing, handles. Part of the
 * implementation unit.
 */
#ifndef MYC_SIM_STREAM_H
#define MYC_SIM_STREAM_H

#include <mycelium/sim/internal.h>

#include <string.h>

#include <mycelium/sim/listener.h>

/* Linux repeats a request 6 times, first after 1 s and then twice as long each time: 127 s. */
enum { SIM__CONNECT_RETRIES = 6 };

static const uint64_t sim__connect_again_ns = 1000000000;
static const uint64_t sim__connect_silence_ns = UINT64_C(127000000000);

static struct sim__process *sim__stream_process(struct myc_stream *seam)
{
    return MYC_CONTAINER_OF(seam, struct sim__stream_seam, stream)->process;
}

static struct sim__stream *sim__stream_find(struct myc_stream *seam, struct myc_handle handle)
{
    struct sim__object *object =
        sim__descriptor_lookup(sim__stream_process(seam), handle, &sim__stream_object_ops);
    return object != NULL ? sim__stream_of(object) : NULL;
}

// ---- Connecting ----

/* Who connects asks once more, or gives up: then the attempt timed out. */
static bool sim__connect_again(struct sim__link *link, sim__event_fn *fn)
{
    if (link->connect_attempts >= SIM__CONNECT_RETRIES) {
        return false;
    }
    uint64_t wait = sim__connect_again_ns << link->connect_attempts++;
    link->connecting = sim__after(link->world, wait, fn, link);
    return true;
}

static void sim__connect_told(struct sim__link *link, enum myc_status status)
{
    struct sim__stream *stream = link->ends[0];
    if (stream == NULL || stream->state != SIM__CONNECTING) {
        return;
    }
    stream->state = status == MYC_OK ? SIM__CONNECTED : SIM__FAILED;
    stream->error = status;
    if (link->is_late) {
        link->is_late = false;
        sim__fault_effect(link->world, MYC_SIM_FAULT_CONNECT_LATE);
    }
    sim__note(link->world, SIM__NOTE_CONNECT, stream->object.id, status);
    sim__object_changed(link->world, &stream->object);
}

static void sim__connect_arrives(struct myc_sim *world, void *context);

/* The answer reached who connects, unless something stops it. */
static void sim__connect_ends(struct myc_sim *world, void *context)
{
    struct sim__link *link = context;
    const struct sim__cut *cut = link->routes[1] != NULL ? sim__pipe_cut(&link->pipes[1]) : NULL;
    link->connecting = (struct sim__event_id){0};
    if (cut != NULL) {
        bool is_answered = link->connect_status == MYC_OK;
        sim__cut_felt(world, cut);
        if (!sim__connect_again(link, is_answered ? sim__connect_ends : sim__connect_arrives)) {
            sim__connect_told(link, MYC_TIMEOUT);
        }
        return;
    }
    sim__connect_told(link, link->connect_status);
}

/* Whether a request finds a full queue: it is then not answered. */
static bool sim__backlog_is_full(struct myc_sim *world, const struct sim__listener *listener)
{
    if (listener->waiting >= listener->backlog) {
        return true;
    }
    bool is_full = sim__fault(world, MYC_SIM_FAULT_BACKLOG_FULL);
    if (is_full) {
        sim__fault_effect(world, MYC_SIM_FAULT_BACKLOG_FULL);
    }
    return is_full;
}

/* The request is at the other host. */
static enum myc_status sim__connect_meets(struct sim__link *link)
{
    struct myc_sim *world = link->world;
    bool is_inside = link->hosts[0] == link->hosts[1];
    struct sim__listener *listener =
        sim__listener_find_port(world, link->hosts[1], link->port, is_inside);
    if (listener == NULL) {
        return MYC_REFUSED;
    }
    if (sim__fault(world, MYC_SIM_FAULT_CONNECT_REFUSED)) {
        sim__fault_effect(world, MYC_SIM_FAULT_CONNECT_REFUSED);
        return MYC_REFUSED;
    }
    if (sim__backlog_is_full(world, listener)) {
        return MYC_AGAIN;
    }
    sim__listener_offer(listener, link);
    return MYC_OK;
}

/* The request reached the other host, unless something stops it. */
static void sim__connect_arrives(struct myc_sim *world, void *context)
{
    struct sim__link *link = context;
    const struct sim__cut *cut = sim__pipe_cut(&link->pipes[0]);
    bool is_orphan = link->ends[0] == NULL;
    bool is_stopped = cut != NULL || sim__host_is_down(world, link->hosts[1]);
    if (cut != NULL) {
        sim__cut_felt(world, cut);
    }
    link->connecting = (struct sim__event_id){0};
    link->connect_status = is_stopped ? MYC_AGAIN : sim__connect_meets(link);
    if (is_orphan && link->connect_status == MYC_OK) {
        sim__pipe_finish(&link->pipes[0]);
    } else if (is_orphan) {
        sim__link_free(world, link);
    } else if (link->connect_status != MYC_AGAIN) {
        link->connecting = sim__after(world, link->routes[1]->latency_ns, sim__connect_ends, link);
    } else if (!sim__connect_again(link, sim__connect_arrives)) {
        sim__connect_told(link, MYC_TIMEOUT);
    }
}

/* The request to nobody, or one that is never answered, times out. */
static void sim__connect_expires(struct myc_sim *world, void *context)
{
    struct sim__link *link = context;
    link->connecting = (struct sim__event_id){0};
    if (link->ends[0] == NULL) {
        sim__link_free(world, link);
        return;
    }
    sim__connect_told(link, MYC_TIMEOUT);
}

/* How long the request is under way. */
static uint64_t sim__connect_delay(struct sim__link *link)
{
    struct myc_sim *world = link->world;
    uint64_t delay = link->routes[0]->latency_ns;
    sim__route_offer(world, link->hosts[0], link->hosts[1]);
    if (sim__fault(world, MYC_SIM_FAULT_CONNECT_DELAY)) {
        delay += sim__range(world, "connect.delay", 100000, UINT64_C(3000000000));
        sim__fault_effect(world, MYC_SIM_FAULT_CONNECT_DELAY);
    }
    if (sim__fault(world, MYC_SIM_FAULT_CONNECT_LATE)) {
        link->is_late = true;
        delay += sim__range(world, "connect.late", UINT64_C(3000000000), UINT64_C(120000000000));
    }
    return delay;
}

static enum myc_status sim__connect_tcp(
    struct sim__process *process,
    const struct myc_address *address,
    struct sim__stream **out_stream)
{
    struct myc_sim *world = process->world;
    struct sim__target target;
    if (!sim__address_resolve(process, address, &target)) {
        return MYC_INVALID;
    }
    struct sim__link *link = sim__link_create(world, MYC_ADDRESS_TCP, process, target.host);
    struct sim__stream *stream = sim__stream_create(link, 0, &sim__stream_object_ops);
    stream->state = SIM__CONNECTING;
    link->port = address->port;
    bool is_unanswered = target.host != NULL && sim__fault(world, MYC_SIM_FAULT_CONNECT_TIMEOUT);
    if (is_unanswered) {
        sim__fault_effect(world, MYC_SIM_FAULT_CONNECT_TIMEOUT);
    }
    if (target.host == NULL || is_unanswered) {
        link->connecting = sim__after(world, sim__connect_silence_ns, sim__connect_expires, link);
    } else {
        link->connecting = sim__after(world, sim__connect_delay(link), sim__connect_arrives, link);
    }
    *out_stream = stream;
    return MYC_OK;
}

static enum myc_status sim__connect_unix(
    struct sim__process *process,
    const struct myc_address *address,
    struct sim__stream **out_stream)
{
    struct myc_sim *world = process->world;
    const struct sim__entry *entry = sim__path_find(process->host, address->text);
    if (entry == NULL) {
        return MYC_NOT_FOUND;
    }
    struct sim__listener *listener = entry->inode->listener;
    if (listener == NULL) {
        return MYC_REFUSED;
    }
    if (sim__fault(world, MYC_SIM_FAULT_CONNECT_REFUSED)) {
        sim__fault_effect(world, MYC_SIM_FAULT_CONNECT_REFUSED);
        return MYC_REFUSED;
    }
    if (sim__backlog_is_full(world, listener)) {
        return MYC_AGAIN;
    }
    struct sim__link *link = sim__link_create(world, MYC_ADDRESS_UNIX, process, process->host);
    *out_stream = sim__stream_create(link, 0, &sim__stream_object_ops);
    (*out_stream)->state = SIM__CONNECTED;
    sim__listener_offer(listener, link);
    return MYC_OK;
}

static enum myc_status sim__stream_connect(
    struct myc_stream *seam,
    const struct myc_address *address,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    struct sim__process *process = sim__stream_process(seam);
    struct myc_sim *world = process->world;
    struct sim__stream *stream = NULL;
    enum myc_status status = MYC_INVALID;
    sim__point(world, "stream.connect");
    if (sim__address_is_whole(address)) {
        status = address->kind == MYC_ADDRESS_UNIX ? sim__connect_unix(process, address, &stream)
                                                   : sim__connect_tcp(process, address, &stream);
    }
    if (status == MYC_OK) {
        stream->is_accepted = true;
        sim__note(world, SIM__NOTE_CONNECT, stream->object.id, address->port);
        status = sim__object_publish(process, &stream->object, out_handle);
    }
    return status == MYC_OK ? MYC_OK
                            : sim__address_fail(diagnostic, status, "cannot connect to", address);
}

/* Tells the pending error, once. */
static enum myc_status sim__stream_tell(struct sim__stream *stream, enum myc_status otherwise)
{
    enum myc_status error = stream->error;
    stream->error = MYC_OK;
    return error != MYC_OK ? error : otherwise;
}

static enum myc_status sim__stream_connect_result(struct myc_stream *seam, struct myc_handle handle)
{
    sim__point(sim__stream_process(seam)->world, "stream.connect_result");
    struct sim__stream *stream = sim__stream_find(seam, handle);
    if (stream == NULL) {
        return MYC_INVALID;
    }
    if (stream->state == SIM__CONNECTING) {
        return MYC_AGAIN;
    }
    return sim__stream_tell(stream, stream->state == SIM__CONNECTED ? MYC_OK : MYC_NOT_CONNECTED);
}

// ---- Bytes ----

/* A TCP connection may break at any time: here at once, at the peer when the news arrives. */
static void sim__stream_maybe_break(struct sim__stream *stream)
{
    struct sim__link *link = stream->link;
    if (link->kind == MYC_ADDRESS_TCP && stream->state == SIM__CONNECTED
        && sim__fault(link->world, MYC_SIM_FAULT_RESET)) {
        sim__fault_effect(link->world, MYC_SIM_FAULT_RESET);
        sim__pipe_reset(&link->pipes[stream->side]);
        sim__stream_break(stream, MYC_RESET);
    }
}

/* Why nothing can be read although the stream is there. */
static enum myc_status sim__stream_read_nothing(struct sim__stream *stream)
{
    const struct sim__pipe *in = &stream->link->pipes[1 - stream->side];
    enum myc_status otherwise = MYC_AGAIN;
    if (stream->state == SIM__FAILED) {
        otherwise = MYC_NOT_CONNECTED;
    } else if (stream->state == SIM__BROKEN || in->is_ended) {
        otherwise = MYC_END;
    }
    return sim__stream_tell(stream, otherwise);
}

/* How many bytes to read: at most `room`, and not into bytes with the next handles. */
static size_t sim__stream_read_size(struct sim__stream *stream, size_t room)
{
    struct myc_sim *world = stream->link->world;
    const struct sim__pipe *in = &stream->link->pipes[1 - stream->side];
    uint64_t size = in->delivered - in->read;
    const struct sim__mark *mark = in->marks;
    if (mark != NULL && mark->next != NULL && mark->next->position - in->read < size) {
        size = mark->next->position - in->read;
    }
    size = size < room ? size : room;
    if (size > 1 && sim__fault(world, MYC_SIM_FAULT_SHORT_READ)) {
        // Anywhere, after one byte, or inside the header of a frame.
        uint64_t most[] = {size - 1, 1, size - 1 < 15 ? size - 1 : 15};
        size = sim__range(world, "read.size", 1, most[sim__choose(world, "read.cut", 3)]);
        sim__fault_effect(world, MYC_SIM_FAULT_SHORT_READ);
    }
    return (size_t)size;
}

/* After reading: the bytes' room is the writer's again. */
static void sim__stream_consumed(struct sim__stream *stream, size_t size)
{
    struct sim__pipe *in = &stream->link->pipes[1 - stream->side];
    struct myc_sim *world = stream->link->world;
    sim__note(world, SIM__NOTE_READ, stream->object.id, size);
    if (world->history != NULL) {
        uint64_t begin = in->read - size;
        uint64_t held = in->written - in->read;
        sim__history_bytes(world, in, stream->object.id, begin, in->read, held, false);
    }
    if (stream->link->kind == MYC_ADDRESS_TCP) {
        sim__pipe_deliver(in);
    } else {
        sim__end_changed(stream->link, in->side);
    }
}

/*
 * Reads, and takes the mark in what was read out of the pipe: *out_mark is then the caller's, or
 * NULL.
 */
static enum myc_status sim__stream_read(
    struct sim__stream *stream,
    const struct myc_span *spans,
    size_t count,
    size_t *out_bytes,
    struct sim__mark **out_mark)
{
    struct myc_sim *world = stream->link->world;
    struct sim__pipe *in = &stream->link->pipes[1 - stream->side];
    size_t room = 0;
    *out_mark = NULL;
    for (size_t i = 0; i < count; i++) {
        room += spans[i].size;
    }
    if (room == 0) {
        return MYC_INVALID;
    }
    if (stream->state == SIM__CONNECTING) {
        return MYC_AGAIN;
    }
    sim__stream_maybe_break(stream);
    if (in->delivered == in->read) {
        return sim__stream_read_nothing(stream);
    }
    if (sim__fault(world, MYC_SIM_FAULT_WOULD_BLOCK)) {
        sim__fault_effect(world, MYC_SIM_FAULT_WOULD_BLOCK);
        return MYC_AGAIN;
    }
    size_t size = sim__stream_read_size(stream, room);
    size_t done = 0;
    for (size_t i = 0; done < size; i++) {
        size_t part = spans[i].size < size - done ? spans[i].size : size - done;
        if (part > 0) {
            sim__pipe_copy_out(in, in->read + done, spans[i].data, part);
            done += part;
        }
    }
    in->read += size;
    if (in->marks != NULL && in->marks->position < in->read) {
        *out_mark = in->marks;
        in->marks = in->marks->next;
        in->handle_count -= (*out_mark)->count;
    }
    sim__stream_consumed(stream, size);
    *out_bytes = size;
    return MYC_OK;
}

static void sim__mark_free(struct myc_sim *world, struct sim__mark *mark)
{
    for (uint32_t i = 0; mark != NULL && i < mark->count; i++) {
        sim__object_drop(world, mark->objects[i]);
    }
    sim__free(world, mark);
}

static enum myc_status sim__stream_readv(
    struct myc_stream *seam,
    struct myc_handle handle,
    const struct myc_span *spans,
    size_t count,
    size_t *out_bytes)
{
    struct myc_sim *world = sim__stream_process(seam)->world;
    struct sim__mark *mark = NULL;
    sim__point(world, "stream.readv");
    struct sim__stream *stream = sim__stream_find(seam, handle);
    *out_bytes = 0;
    if (stream == NULL) {
        return MYC_INVALID;
    }
    enum myc_status status = sim__stream_read(stream, spans, count, out_bytes, &mark);
    sim__mark_free(world, mark);
    return status;
}

/* Why nothing can be written; OK if something can. */
static enum myc_status sim__stream_write_status(struct sim__stream *stream)
{
    const struct sim__link *link = stream->link;
    const struct sim__pipe *out = &link->pipes[stream->side];
    bool is_peer_gone = link->kind == MYC_ADDRESS_UNIX && link->ends[1 - stream->side] == NULL;
    switch (stream->state) {
    case SIM__CONNECTING:
        return MYC_AGAIN;
    case SIM__FAILED:
        return sim__stream_tell(stream, MYC_NOT_CONNECTED);
    case SIM__BROKEN:
        return sim__stream_tell(stream, MYC_RESET);
    case SIM__CONNECTED:
        break;
    }
    if (is_peer_gone || out->is_finished) {
        return MYC_RESET;
    }
    return sim__pipe_room(out) > 0 ? MYC_OK : MYC_AGAIN;
}

static enum myc_status sim__stream_write(
    struct sim__stream *stream, const struct myc_const_span *spans, size_t count, size_t *out_bytes)
{
    struct myc_sim *world = stream->link->world;
    struct sim__pipe *out = &stream->link->pipes[stream->side];
    uint64_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += spans[i].size;
    }
    if (size == 0) {
        return MYC_INVALID;
    }
    sim__stream_maybe_break(stream);
    enum myc_status status = sim__stream_write_status(stream);
    if (status != MYC_OK) {
        return status;
    }
    if (sim__fault(world, MYC_SIM_FAULT_WOULD_BLOCK)) {
        sim__fault_effect(world, MYC_SIM_FAULT_WOULD_BLOCK);
        return MYC_AGAIN;
    }
    uint64_t room = sim__pipe_room(out);
    if (size > room && out->has_buffer_fault) {
        out->has_buffer_fault = false;
        sim__fault_effect(world, out->buffer_fault);
    }
    size = size < room ? size : room;
    if (size > 1 && sim__fault(world, MYC_SIM_FAULT_SHORT_WRITE)) {
        size = sim__range(world, "write.size", 1, size - 1);
        sim__fault_effect(world, MYC_SIM_FAULT_SHORT_WRITE);
    }
    uint64_t begin = out->written;
    for (size_t i = 0; out->written - begin < size; i++) {
        uint64_t left = size - (out->written - begin);
        size_t part = spans[i].size < left ? spans[i].size : (size_t)left;
        if (part > 0) {
            sim__pipe_copy_in(out, spans[i].data, part);
        }
    }
    sim__note(world, SIM__NOTE_WRITE, stream->object.id, size);
    if (world->history != NULL) {
        uint64_t held = out->written - out->read;
        sim__history_bytes(world, out, stream->object.id, begin, out->written, held, true);
    }
    sim__pipe_depart(out, begin);
    *out_bytes = (size_t)size;
    return MYC_OK;
}

static enum myc_status sim__stream_writev(
    struct myc_stream *seam,
    struct myc_handle handle,
    const struct myc_const_span *spans,
    size_t count,
    size_t *out_bytes)
{
    sim__point(sim__stream_process(seam)->world, "stream.writev");
    struct sim__stream *stream = sim__stream_find(seam, handle);
    *out_bytes = 0;
    return stream != NULL ? sim__stream_write(stream, spans, count, out_bytes) : MYC_INVALID;
}

// ---- Handles ----

static enum myc_status sim__stream_send_handles(
    struct myc_stream *seam,
    struct myc_handle handle,
    struct myc_const_span bytes,
    const struct myc_handle *handles,
    size_t count,
    size_t *out_bytes)
{
    struct sim__process *process = sim__stream_process(seam);
    struct sim__object *objects[MYC_STREAM_HANDLES_MAX] = {NULL};
    sim__point(process->world, "stream.send_handles");
    struct sim__stream *stream = sim__stream_find(seam, handle);
    *out_bytes = 0;
    if (stream == NULL || count > MYC_STREAM_HANDLES_MAX) {
        return MYC_INVALID;
    }
    if (stream->link->kind != MYC_ADDRESS_UNIX) {
        return MYC_UNSUPPORTED;
    }
    for (size_t i = 0; i < count; i++) {
        objects[i] = sim__descriptor_lookup(process, handles[i], NULL);
        if (objects[i] == NULL) {
            return MYC_INVALID;
        }
    }
    struct sim__pipe *out = &stream->link->pipes[stream->side];
    if (out->handle_count + count > SIM__HANDLES_MAX) {
        return MYC_LIMIT;
    }
    struct sim__mark *mark = NULL;
    struct sim__mark **last = &out->marks;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    if (count > 0) {
        mark = sim__allocate(process->world, sizeof(*mark));
        mark->position = out->written;
        mark->count = (uint32_t)count;
        memcpy(mark->objects, objects, sizeof(objects));
    }
    enum myc_status status = sim__stream_write(stream, &bytes, 1, out_bytes);
    if (status != MYC_OK || mark == NULL) {
        sim__free(process->world, mark);
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        sim__object_retain(objects[i]);
    }
    *last = mark;
    out->handle_count += mark->count;
    return MYC_OK;
}

/* Gives the objects of a mark to a process, all or none. */
static enum myc_status sim__mark_receive(
    struct sim__process *process,
    const struct sim__mark *mark,
    struct myc_handle *out_handles,
    size_t handles_max)
{
    struct myc_handle received[MYC_STREAM_HANDLES_MAX] = {{0}};
    if (mark->count > handles_max) {
        return MYC_CORRUPT;
    }
    for (uint32_t i = 0; i < mark->count; i++) {
        received[i] = sim__descriptor_insert(process, mark->objects[i]);
        if (received[i].value == 0) {
            while (i > 0) {
                (void)sim__descriptor_close(process, received[--i]);
            }
            return MYC_LIMIT;
        }
    }
    memcpy(out_handles, received, mark->count * sizeof(*out_handles));
    return MYC_OK;
}

static enum myc_status sim__stream_receive_handles(
    struct myc_stream *seam,
    struct myc_handle handle,
    struct myc_span bytes,
    struct myc_handle *out_handles,
    size_t handles_max,
    size_t *out_bytes,
    size_t *out_count)
{
    struct sim__process *process = sim__stream_process(seam);
    struct sim__mark *mark = NULL;
    sim__point(process->world, "stream.receive_handles");
    struct sim__stream *stream = sim__stream_find(seam, handle);
    *out_bytes = 0;
    *out_count = 0;
    if (stream == NULL) {
        return MYC_INVALID;
    }
    if (stream->link->kind != MYC_ADDRESS_UNIX) {
        return MYC_UNSUPPORTED;
    }
    enum myc_status status = sim__stream_read(stream, &bytes, 1, out_bytes, &mark);
    if (mark != NULL) {
        status = sim__mark_receive(process, mark, out_handles, handles_max);
        *out_count = status == MYC_OK ? mark->count : 0;
        *out_bytes = status == MYC_OK ? *out_bytes : 0;
        sim__mark_free(process->world, mark);
    }
    return status;
}

// ---- The other end ----

static enum myc_status
sim__stream_peer(struct myc_stream *seam, struct myc_handle handle, struct myc_peer *out_peer)
{
    sim__point(sim__stream_process(seam)->world, "stream.peer");
    const struct sim__stream *stream = sim__stream_find(seam, handle);
    if (stream == NULL) {
        return MYC_INVALID;
    }
    if (stream->state != SIM__CONNECTED) {
        return MYC_NOT_CONNECTED;
    }
    *out_peer = (struct myc_peer){.is_local = false};
    if (stream->link->kind == MYC_ADDRESS_UNIX) {
        const struct sim__process *peer = stream->link->owners[1 - stream->side];
        out_peer->is_local = true;
        out_peer->user = SIM__USER;
        out_peer->process.pid = peer->pid;
        if (!peer->is_ended) {
            sim__process_identify(peer, &out_peer->process);
        }
    }
    return MYC_OK;
}

static void sim__stream_shutdown(struct myc_stream *seam, struct myc_handle handle)
{
    struct myc_sim *world = sim__stream_process(seam)->world;
    sim__point(world, "stream.shutdown");
    struct sim__stream *stream = sim__stream_find(seam, handle);
    if (stream != NULL && stream->state == SIM__CONNECTED) {
        sim__note(world, SIM__NOTE_SHUTDOWN, stream->object.id, 0);
        sim__pipe_finish(&stream->link->pipes[stream->side]);
    }
}

static void sim__stream_close(struct myc_stream *seam, struct myc_handle handle)
{
    sim__close_handle(sim__stream_process(seam), handle, "stream.close");
}

static const struct myc_stream_ops sim__stream_ops = {
    .size = sizeof(struct myc_stream_ops),
    .connect = sim__stream_connect,
    .connect_result = sim__stream_connect_result,
    .readv = sim__stream_readv,
    .writev = sim__stream_writev,
    .send_handles = sim__stream_send_handles,
    .receive_handles = sim__stream_receive_handles,
    .peer = sim__stream_peer,
    .shutdown = sim__stream_shutdown,
    .close = sim__stream_close,
};

// ---- The part ----

static void sim__stream_start(struct sim__process *process)
{
    struct sim__stream_seam *part = sim__allocate(process->world, sizeof(*part));
    part->stream.ops = &sim__stream_ops;
    part->listener.ops = &sim__listener_ops;
    part->process = process;
    process->extra[SIM__EXTRA_STREAM] = part;
    process->platform.stream = &part->stream;
    process->platform.listener = &part->listener;
}

static const struct sim__part sim__stream_part = {
    .name = "stream",
    .start = sim__stream_start,
};

#endif
