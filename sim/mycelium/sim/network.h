// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What runs between the two ends of a stream: pipes with a sender's buffer, bytes in flight and a
 * receiver's buffer. Part of the implementation unit.
 *
 * A link joins two ends; end 0 connected, end 1 was accepted. pipes[side] carries what `side`
 * writes. Three positions cut a pipe: [read, delivered) can be read, [delivered, written) is under
 * way. Unix bytes are delivered as they are written; TCP bytes when their segment arrives and the
 * reader has room. Segments never overtake each other.
 *
 * A TCP writer keeps what was not acknowledged. While a cut stops segments or acknowledgements it
 * sends again, each time waiting twice as long, and in the end gives up: its end breaks, and the
 * other knows nothing of it. Breaks that a cut drops are lost; who writes on gets another.
 */
#ifndef MYC_SIM_NETWORK_H
#define MYC_SIM_NETWORK_H

#include <mycelium/sim/internal.h>

#include <string.h>

#include <mycelium/interface/listener.h>
#include <mycelium/interface/stream.h>
#include <mycelium/sim/file.h>
#include <mycelium/sim/poller.h>
#include <mycelium/sim/process.h>
#include <mycelium/sim/route.h>

/* What Linux does unless it is told otherwise: 0.2 s, doubled 15 times, 120 s at most: 924.6 s. */
enum { SIM__RETRIES_MAX = 15 };

static const uint64_t sim__retry_first_ns = 200000000;
static const uint64_t sim__retry_longest_ns = UINT64_C(120000000000);

/* Bytes up to `end` that arrive together. */
struct sim__packet {
    uint64_t end;
    uint64_t due_ns;
    bool is_final; /* the writer said that it is the last */
};

/* Handles attached to one byte. */
struct sim__mark {
    struct sim__mark *next;
    uint64_t position;
    uint32_t count;
    struct sim__object *objects[MYC_STREAM_HANDLES_MAX];
};

struct sim__pipe {
    struct sim__link *link;
    uint32_t side; /* who writes */
    char *bytes;   /* a circle of `capacity`, a power of two, that holds [read, written) */
    uint64_t capacity;
    uint64_t read;
    uint64_t delivered;
    uint64_t acknowledged; /* TCP: what the writer knows to be delivered, and no longer keeps */
    uint64_t written;
    uint64_t send_max;
    uint64_t receive_max;
    struct sim__packet *packets; /* in flight, first to arrive first */
    uint32_t packet_count;
    uint32_t packet_capacity;
    uint64_t last_due_ns;
    struct sim__event_id arrival;
    struct sim__event_id reset; /* a break of the connection travels along */
    struct sim__event_id retry; /* the writer sends again what is not acknowledged */
    uint32_t retry_count;       /* in a row */
    uint32_t retries_max;
    bool has_arrival;
    bool has_reset;
    bool is_reset_held; /* by a cut, until it is healed */
    bool has_retry;
    bool is_lost_once;     /* what arrived was dropped: only the next retry brings it */
    bool has_buffer_fault; /* the buffers' sizes are by that fault, not yet felt */
    enum myc_sim_fault buffer_fault;
    bool is_quitting; /* retries_max by the fault STREAM_TIMEOUT */
    bool is_finished; /* its writer will write no more */
    bool is_ended;    /* its reader knows */
    struct sim__mark *marks;
    uint32_t handle_count;
};

enum sim__stream_state {
    SIM__CONNECTING,
    SIM__CONNECTED,
    SIM__FAILED, /* never was connected */
    SIM__BROKEN
};

struct sim__stream {
    struct sim__object object;
    struct sim__link *link;
    uint32_t side;
    enum sim__stream_state state;
    enum myc_status error; /* to be told once; OK: none */
    bool is_accepted;      /* false while it waits in a listener's queue */
    struct sim__stream *queue_next;
};

struct sim__link {
    struct myc_sim *world;
    struct sim__link *next; /* in the world */
    enum myc_address_kind kind;
    struct sim__route *routes[2]; /* TCP: on which each side sends */
    struct sim__pipe pipes[2];
    struct sim__stream *ends[2];
    struct sim__process *owners[2]; /* who connected, who listened */
    struct sim__host *hosts[2];
    struct sim__event_id connecting;
    enum myc_status connect_status;
    uint32_t connect_attempts;
    uint16_t port;
    bool is_loopback;     /* the address connected to was the host's own inner one */
    bool is_late;         /* its fault CONNECT_LATE was not seen yet */
    bool has_vanished[2]; /* the host of that end lost its power: its kernel forgot it */
};

static struct sim__stream *sim__stream_of(struct sim__object *object)
{
    return MYC_CONTAINER_OF(object, struct sim__stream, object);
}

// ---- Links ----

/* Buffers as small as a kernel makes them, or, by the other fault, far smaller. */
static void sim__pipe_draw_buffers(struct sim__pipe *pipe)
{
    struct myc_sim *world = pipe->link->world;
    const struct sim__route *route = pipe->link->routes[pipe->side];
    uint64_t *const sizes[2] = {&pipe->send_max, &pipe->receive_max};
    bool is_tiny = sim__fault(world, MYC_SIM_FAULT_TINY_BUFFER);
    bool is_small = sim__fault(world, MYC_SIM_FAULT_SMALL_BUFFER);
    pipe->send_max = 65536;
    pipe->receive_max = route != NULL ? 65536 : 0;
    if (!is_tiny && !is_small) {
        return;
    }
    // 1 byte .. 1 KiB, or 2 KiB .. 4 MiB; but a window of TCP lets at least 64 KiB/s through.
    uint64_t least = route != NULL ? route->latency_ns * 65536 / 1000000000 + 1 : 1;
    pipe->has_buffer_fault = true;
    pipe->buffer_fault = is_tiny ? MYC_SIM_FAULT_TINY_BUFFER : MYC_SIM_FAULT_SMALL_BUFFER;
    for (int i = 0; i < (route != NULL ? 2 : 1); i++) {
        uint64_t drawn = is_tiny ? UINT64_C(1) << sim__choose(world, "link.buffer", 11)
                                 : UINT64_C(2048) << sim__choose(world, "link.buffer", 12);
        *sizes[i] = drawn > least ? drawn : least;
    }
}

static void sim__pipe_draw(struct sim__pipe *pipe)
{
    struct myc_sim *world = pipe->link->world;
    const struct sim__route *route = pipe->link->routes[pipe->side];
    pipe->retries_max = SIM__RETRIES_MAX;
    sim__pipe_draw_buffers(pipe);
    if (route != NULL && route->from != route->to
        && sim__fault(world, MYC_SIM_FAULT_STREAM_TIMEOUT)) {
        static const uint32_t retries[] = {1, 3, 8}; // 0.6 s, 3 s, 102 s
        pipe->is_quitting = true;
        pipe->retries_max = retries[sim__choose(world, "link.retries", 3)];
    }
}

static struct sim__link *sim__link_create(
    struct myc_sim *world,
    enum myc_address_kind kind,
    struct sim__process *from,
    struct sim__host *to)
{
    struct sim__network *network = sim__network(world);
    struct sim__link *link = sim__allocate(world, sizeof(*link));
    link->world = world;
    link->next = network->links;
    network->links = link;
    link->kind = kind;
    link->owners[0] = from;
    link->hosts[0] = from->host;
    link->hosts[1] = to;
    if (kind == MYC_ADDRESS_TCP && to != NULL) {
        link->routes[0] = sim__route_find(world, from->host, to);
        link->routes[1] = sim__route_find(world, to, from->host);
    }
    for (uint32_t side = 0; side < 2; side++) {
        struct sim__pipe *pipe = &link->pipes[side];
        pipe->link = link;
        pipe->side = side;
        sim__pipe_draw(pipe);
    }
    return link;
}

static struct sim__stream *
sim__stream_create(struct sim__link *link, uint32_t side, const struct sim__object_ops *ops)
{
    struct sim__stream *stream = sim__allocate(link->world, sizeof(*stream));
    sim__object_init(link->world, &stream->object, ops);
    stream->link = link;
    stream->side = side;
    link->ends[side] = stream;
    return stream;
}

static void sim__mark_drop_first(struct myc_sim *world, struct sim__pipe *pipe)
{
    struct sim__mark *mark = pipe->marks;
    pipe->marks = mark->next;
    pipe->handle_count -= mark->count;
    for (uint32_t i = 0; i < mark->count; i++) {
        sim__object_drop(world, mark->objects[i]);
    }
    sim__free(world, mark);
}

/* Nobody reads or writes the link any more. */
static void sim__link_free(struct myc_sim *world, struct sim__link *link)
{
    struct sim__link **before = &sim__network(world)->links;
    while (*before != link) {
        before = &(*before)->next;
    }
    *before = link->next;
    sim__cancel(world, link->connecting);
    for (uint32_t side = 0; side < 2; side++) {
        struct sim__pipe *pipe = &link->pipes[side];
        sim__cancel(world, pipe->arrival);
        sim__cancel(world, pipe->reset);
        sim__cancel(world, pipe->retry);
        while (pipe->marks != NULL) {
            sim__mark_drop_first(world, pipe);
        }
        sim__free(world, pipe->bytes);
        sim__free(world, pipe->packets);
    }
    sim__free(world, link);
}

static void sim__end_changed(struct sim__link *link, uint32_t side)
{
    if (link->ends[side] != NULL) {
        sim__object_changed(link->world, &link->ends[side]->object);
    }
}

// ---- Bytes of a pipe ----

static uint64_t sim__pipe_room(const struct sim__pipe *pipe)
{
    bool is_tcp = pipe->link->kind == MYC_ADDRESS_TCP;
    uint64_t used = pipe->written - (is_tcp ? pipe->acknowledged : pipe->read);
    return used < pipe->send_max ? pipe->send_max - used : 0;
}

static void
sim__pipe_copy_out(const struct sim__pipe *pipe, uint64_t position, char *to, size_t size)
{
    size_t at = (size_t)(position & (pipe->capacity - 1));
    size_t first = size < pipe->capacity - at ? size : (size_t)pipe->capacity - at;
    memcpy(to, pipe->bytes + at, first);
    memcpy(to + first, pipe->bytes, size - first);
}

static void sim__pipe_grow(struct sim__pipe *pipe, uint64_t needed)
{
    uint64_t held = pipe->written - pipe->read;
    uint64_t capacity = pipe->capacity == 0 ? 1024 : pipe->capacity;
    while (capacity < held + needed) {
        capacity *= 2;
    }
    if (capacity == pipe->capacity) {
        return;
    }
    char *grown = sim__allocate(pipe->link->world, (size_t)capacity);
    for (uint64_t position = pipe->read; position < pipe->written;) {
        uint64_t at = position & (capacity - 1);
        uint64_t size = pipe->written - position;
        size = size < capacity - at ? size : capacity - at;
        sim__pipe_copy_out(pipe, position, grown + at, (size_t)size);
        position += size;
    }
    sim__free(pipe->link->world, pipe->bytes);
    pipe->bytes = grown;
    pipe->capacity = capacity;
}

/* Puts bytes behind what is written already; there is room. */
static void sim__pipe_copy_in(struct sim__pipe *pipe, const char *from, size_t size)
{
    sim__pipe_grow(pipe, size);
    size_t at = (size_t)(pipe->written & (pipe->capacity - 1));
    size_t first = size < pipe->capacity - at ? size : (size_t)pipe->capacity - at;
    memcpy(pipe->bytes + at, from, first);
    memcpy(pipe->bytes, from + first, size - first);
    pipe->written += size;
}

// ---- Cuts and retries ----

/* The cut that stops what the writer of the pipe sends; of the other pipe: acknowledgements. */
static const struct sim__cut *sim__pipe_cut(const struct sim__pipe *pipe)
{
    const struct sim__route *route = pipe->link->routes[pipe->side];
    return route != NULL ? sim__cut_find(pipe->link->world, route->from, route->to) : NULL;
}

static void sim__cut_felt(struct myc_sim *world, const struct sim__cut *cut)
{
    if (cut->fault != SIM__CUT_BY_DIRECTOR) {
        sim__fault_effect(world, (enum myc_sim_fault)cut->fault);
    }
}

static void sim__pipe_retries(struct myc_sim *world, void *context);

/* Something of the pipe was stopped, by a cut or NULL: the writer will send it again. */
static void sim__pipe_stalls(struct sim__pipe *pipe, const struct sim__cut *cut)
{
    struct myc_sim *world = pipe->link->world;
    if (!pipe->has_retry) {
        uint64_t wait = sim__retry_first_ns << (pipe->retry_count < 10 ? pipe->retry_count : 10);
        wait = wait < sim__retry_longest_ns ? wait : sim__retry_longest_ns;
        pipe->has_retry = true;
        pipe->retry = sim__after(world, wait, sim__pipe_retries, pipe);
        if (cut != NULL) {
            sim__cut_felt(world, cut);
        }
    }
}

/* The writer learns how much arrived, if acknowledgements get through. */
static void sim__pipe_acknowledge(struct sim__pipe *pipe)
{
    const struct sim__cut *cut = sim__pipe_cut(&pipe->link->pipes[1 - pipe->side]);
    if (pipe->acknowledged == pipe->delivered) {
        return;
    }
    if (cut != NULL) {
        sim__pipe_stalls(pipe, cut);
        return;
    }
    pipe->acknowledged = pipe->delivered;
    pipe->retry_count = 0;
}

// ---- Breaks ----

/* What is under way never arrives. */
static void sim__pipe_lose(struct sim__pipe *pipe)
{
    sim__cancel(pipe->link->world, pipe->arrival);
    sim__cancel(pipe->link->world, pipe->retry);
    pipe->has_arrival = false;
    pipe->has_retry = false;
    pipe->is_lost_once = false;
    pipe->packet_count = 0;
    pipe->written = pipe->delivered;
    pipe->acknowledged = pipe->delivered;
}

/* An end breaks; its peer is not told. */
static void sim__stream_give_up(struct sim__stream *stream, enum myc_status error)
{
    struct myc_sim *world = stream->link->world;
    sim__note(world, SIM__NOTE_RESET, stream->object.id, error);
    stream->state = SIM__BROKEN;
    stream->error = error;
    sim__pipe_lose(&stream->link->pipes[stream->side]);
    sim__object_changed(world, &stream->object);
}

/* An end learns that its connection broke; of what it did not read yet a part may be lost. */
static void sim__stream_break(struct sim__stream *stream, enum myc_status error)
{
    struct sim__link *link = stream->link;
    struct sim__pipe *in = &link->pipes[1 - stream->side];
    if (stream->state == SIM__BROKEN || stream->state == SIM__FAILED) {
        return;
    }
    sim__pipe_lose(in);
    uint64_t lost = sim__choose(link->world, "reset.lost", in->delivered - in->read + 1);
    in->delivered -= lost;
    in->written = in->delivered;
    in->acknowledged = in->delivered;
    sim__stream_give_up(stream, error);
}

static void sim__reset_arrives(struct myc_sim *world, void *context)
{
    struct sim__pipe *pipe = context;
    struct sim__stream *reader = pipe->link->ends[1 - pipe->side];
    const struct sim__cut *cut = sim__pipe_cut(pipe);
    pipe->is_reset_held = cut != NULL && cut->kind == MYC_SIM_CUT_HOLD;
    if (cut != NULL) {
        sim__cut_felt(world, cut);
    }
    if (pipe->is_reset_held) {
        return;
    }
    pipe->has_reset = false;
    if (reader != NULL && cut == NULL) {
        sim__stream_break(reader, MYC_RESET);
    }
}

/* Sends a break to the reader of a pipe, behind what is under way. */
static void sim__pipe_reset(struct sim__pipe *pipe)
{
    struct myc_sim *world = pipe->link->world;
    if (pipe->has_reset) {
        return;
    }
    const struct sim__route *route = pipe->link->routes[pipe->side];
    uint64_t due = sim__now(world) + (route != NULL ? route->latency_ns : 0);
    due = due > pipe->last_due_ns ? due : pipe->last_due_ns;
    pipe->has_reset = true;
    pipe->reset = sim__after(world, due - sim__now(world), sim__reset_arrives, pipe);
}

// ---- Arrival ----

/* Drops the first packets, all of whose bytes have been delivered. */
static void sim__packets_pop(struct sim__pipe *pipe, uint32_t count)
{
    if (count == 0) {
        return;
    }
    pipe->packet_count -= count;
    memmove(pipe->packets, pipe->packets + count, pipe->packet_count * sizeof(*pipe->packets));
}

/* Takes in one packet as far as there is room; true if all of it. */
static bool sim__packet_take(struct sim__pipe *pipe, const struct sim__packet *packet)
{
    uint64_t limit = pipe->read + pipe->receive_max;
    uint64_t end = packet->end < limit ? packet->end : limit;
    if (end > pipe->delivered) {
        pipe->delivered = end;
    }
    if (pipe->delivered < packet->end) {
        return false;
    }
    pipe->is_ended = pipe->is_ended || packet->is_final;
    return true;
}

static void sim__pipe_arrives(struct myc_sim *world, void *context);

/* Whether the first packet, which is due, gets through. */
static bool sim__pipe_passes(struct sim__pipe *pipe)
{
    const struct sim__link *link = pipe->link;
    const struct sim__cut *cut = sim__pipe_cut(pipe);
    bool is_down = link->has_vanished[1 - pipe->side]
                   && sim__host_is_down(link->world, link->hosts[1 - pipe->side]);
    if (cut == NULL && !is_down) {
        return !pipe->is_lost_once;
    }
    pipe->is_lost_once = pipe->is_lost_once || is_down || cut->kind == MYC_SIM_CUT_DROP;
    sim__pipe_stalls(pipe, cut);
    return false;
}

/* Bytes for an end that is gone: its kernel answers with a break. */
static void sim__pipe_bounces(struct sim__pipe *pipe)
{
    sim__pipe_lose(pipe);
    sim__pipe_reset(&pipe->link->pipes[1 - pipe->side]);
}

/* Whether an end is there that takes bytes in. */
static bool sim__pipe_has_reader(const struct sim__pipe *pipe)
{
    const struct sim__stream *reader = pipe->link->ends[1 - pipe->side];
    return reader != NULL && reader->state != SIM__BROKEN && reader->state != SIM__FAILED
           && !pipe->link->has_vanished[1 - pipe->side];
}

/* Delivers what is due, fits and gets through, and plans the next arrival. */
static void sim__pipe_deliver(struct sim__pipe *pipe)
{
    struct myc_sim *world = pipe->link->world;
    bool has_reader = sim__pipe_has_reader(pipe);
    uint64_t now = sim__now(world);
    uint64_t before = pipe->delivered;
    uint32_t done = 0;
    bool is_stalled = false;
    while (done < pipe->packet_count && pipe->packets[done].due_ns <= now) {
        const struct sim__packet *packet = &pipe->packets[done];
        is_stalled = !sim__pipe_passes(pipe);
        if (!is_stalled && !has_reader && packet->end > pipe->delivered) {
            sim__pipe_bounces(pipe);
            return;
        }
        is_stalled = is_stalled || !sim__packet_take(pipe, packet);
        if (is_stalled) {
            break;
        }
        done++;
    }
    sim__packets_pop(pipe, done);
    if (!is_stalled && pipe->packet_count > 0 && !pipe->has_arrival) {
        pipe->has_arrival = true;
        pipe->arrival = sim__after(world, pipe->packets[0].due_ns - now, sim__pipe_arrives, pipe);
    }
    sim__pipe_acknowledge(pipe);
    if (done > 0 || pipe->delivered > before) {
        sim__note(world, SIM__NOTE_DELIVER, pipe->delivered - before, pipe->side);
        sim__end_changed(pipe->link, 1 - pipe->side);
        sim__end_changed(pipe->link, pipe->side);
    }
}

static void sim__pipe_arrives(struct myc_sim *world, void *context)
{
    struct sim__pipe *pipe = context;
    (void)world;
    pipe->has_arrival = false;
    sim__pipe_deliver(pipe);
}

/* The writer sends again; when it has done so too often, its end breaks. */
static void sim__pipe_retries(struct myc_sim *world, void *context)
{
    struct sim__pipe *pipe = context;
    struct sim__stream *writer = pipe->link->ends[pipe->side];
    uint64_t room = sim__pipe_room(pipe);
    pipe->has_retry = false;
    pipe->is_lost_once = false;
    if (++pipe->retry_count > pipe->retries_max) {
        if (pipe->is_quitting) {
            sim__fault_effect(world, MYC_SIM_FAULT_STREAM_TIMEOUT);
        }
        sim__pipe_lose(pipe);
        if (writer != NULL && writer->state == SIM__CONNECTED) {
            sim__stream_give_up(writer, MYC_RESET); // as the kernel's ETIMEDOUT is told
        }
        return;
    }
    sim__pipe_deliver(pipe); // stalls again, or gets through
    if (!pipe->has_retry) {
        pipe->retry_count = 0;
    }
    if (sim__pipe_room(pipe) > room) {
        sim__end_changed(pipe->link, pipe->side);
    }
}

/* A cut began or ended: what waits may move, and what cannot will be sent again. */
static void sim__network_changed(struct myc_sim *world)
{
    for (struct sim__link *it = sim__network(world)->links; it != NULL; it = it->next) {
        for (uint32_t side = 0; side < 2 && it->routes[side] != NULL; side++) {
            struct sim__pipe *pipe = &it->pipes[side];
            uint64_t room = sim__pipe_room(pipe);
            if (pipe->is_reset_held && sim__pipe_cut(pipe) == NULL) {
                sim__reset_arrives(world, pipe);
            }
            if (!pipe->has_arrival) {
                sim__pipe_deliver(pipe);
            }
            if (sim__pipe_room(pipe) > room) {
                sim__end_changed(it, side);
            }
        }
    }
}

// ---- Departure ----

/* Extra time on the way: congestion, a lost segment sent again. */
static uint64_t sim__pipe_delay(struct sim__pipe *pipe)
{
    struct myc_sim *world = pipe->link->world;
    struct sim__route *route = pipe->link->routes[pipe->side];
    uint64_t delay = 0;
    sim__route_offer(world, route->from, route->to);
    if (sim__fault(world, MYC_SIM_FAULT_LATENCY)) {
        uint64_t mean = route->jitter_mean_ns / 10000;
        delay += mean == 0 ? sim__range(world, "packet.delay", 1000, 50000000)
                           : sim__geometric(world, "packet.jitter", mean, 5000) * 10000;
        sim__fault_effect(world, MYC_SIM_FAULT_LATENCY);
    }
    if (sim__fault(world, MYC_SIM_FAULT_LATENCY_TAIL)) {
        delay += sim__range(world, "packet.tail", 100000000, UINT64_C(10000000000));
        sim__fault_effect(world, MYC_SIM_FAULT_LATENCY_TAIL);
    }
    return delay;
}

static void sim__packet_add(struct sim__pipe *pipe, uint64_t end, bool is_final, uint64_t delay)
{
    struct myc_sim *world = pipe->link->world;
    struct sim__route *route = pipe->link->routes[pipe->side];
    uint64_t previous =
        pipe->packet_count > 0 ? pipe->packets[pipe->packet_count - 1].end : pipe->delivered;
    uint64_t due = sim__route_send(world, route, end - previous) + route->latency_ns + delay;
    due = due > pipe->last_due_ns ? due : pipe->last_due_ns;
    pipe->last_due_ns = due;
    if (pipe->packet_count == pipe->packet_capacity) {
        uint32_t capacity = pipe->packet_capacity * 2 + 8;
        struct sim__packet *grown = sim__allocate(world, capacity * sizeof(*grown));
        if (pipe->packet_count > 0) {
            memcpy(grown, pipe->packets, pipe->packet_count * sizeof(*grown));
        }
        sim__free(world, pipe->packets);
        pipe->packets = grown;
        pipe->packet_capacity = capacity;
    }
    pipe->packets[pipe->packet_count++] =
        (struct sim__packet){.end = end, .due_ns = due, .is_final = is_final};
    if (pipe->packet_count == 1 && !pipe->has_arrival) {
        pipe->has_arrival = true;
        pipe->arrival = sim__after(world, due - sim__now(world), sim__pipe_arrives, pipe);
    }
}

/* Sends off what was written since `begin`. */
static void sim__pipe_depart(struct sim__pipe *pipe, uint64_t begin)
{
    struct myc_sim *world = pipe->link->world;
    uint64_t size = pipe->written - begin;
    if (pipe->link->kind == MYC_ADDRESS_UNIX) {
        pipe->delivered = pipe->written;
        sim__end_changed(pipe->link, 1 - pipe->side);
        return;
    }
    uint64_t delay = sim__pipe_delay(pipe);
    if (delay > 0 && size > 1) {
        // The delay may hit in the middle.
        uint64_t early = sim__choose(world, "packet.cut", size);
        if (early > 0) {
            sim__packet_add(pipe, begin + early, false, 0);
        }
    }
    sim__packet_add(pipe, pipe->written, false, delay);
}

/* The writer will write no more. */
static void sim__pipe_finish(struct sim__pipe *pipe)
{
    if (pipe->is_finished) {
        return;
    }
    pipe->is_finished = true;
    if (pipe->link->kind == MYC_ADDRESS_UNIX) {
        pipe->is_ended = true;
        sim__end_changed(pipe->link, 1 - pipe->side);
    } else {
        sim__packet_add(pipe, pipe->written, true, sim__pipe_delay(pipe));
    }
    sim__end_changed(pipe->link, pipe->side);
}

// ---- Ends ----

static uint32_t sim__stream_ready(struct myc_sim *world, struct sim__object *object)
{
    const struct sim__stream *stream = sim__stream_of(object);
    const struct sim__link *link = stream->link;
    const struct sim__pipe *in = &link->pipes[1 - stream->side];
    const struct sim__pipe *out = &link->pipes[stream->side];
    (void)world;
    if (stream->state == SIM__CONNECTING) {
        return 0;
    }
    if (stream->state != SIM__CONNECTED) {
        return MYC_READABLE | MYC_WRITABLE | MYC_HANGUP;
    }
    bool is_peer_gone = link->kind == MYC_ADDRESS_UNIX && link->ends[1 - stream->side] == NULL;
    uint32_t events = 0;
    if (in->delivered > in->read || in->is_ended) {
        events |= MYC_READABLE;
    }
    if (sim__pipe_room(out) > 0 || out->is_finished || is_peer_gone) {
        events |= MYC_WRITABLE;
    }
    if ((in->is_ended && out->is_finished) || is_peer_gone) {
        events |= MYC_HANGUP;
    }
    return events;
}

/*
 * Whether a connect that its caller gave up goes on: the kernel had all but done it, so the other
 * end comes to accept a connection that is over.
 */
static bool sim__link_is_orphan(struct sim__link *link, const struct sim__stream *stream)
{
    return stream->state == SIM__CONNECTING && link->hosts[1] != NULL
           && !link->has_vanished[stream->side]
           && sim__choose(link->world, "connect.orphan", 2) == 1;
}

/* The last descriptor of an end went. */
static void sim__stream_release(struct myc_sim *world, struct sim__object *object)
{
    struct sim__stream *stream = sim__stream_of(object);
    struct sim__link *link = stream->link;
    struct sim__pipe *in = &link->pipes[1 - stream->side];
    struct sim__pipe *out = &link->pipes[stream->side];
    struct sim__stream *peer = link->ends[1 - stream->side];
    bool is_abrupt =
        in->delivered > in->read || !stream->is_accepted || stream->state == SIM__CONNECTING;
    link->ends[stream->side] = NULL;
    if (peer == NULL && !sim__link_is_orphan(link, stream)) {
        sim__link_free(world, link);
    } else if (peer == NULL || link->has_vanished[stream->side]) {
        // Nobody hears of it: the connect is still under way, or the host is gone.
        sim__pipe_lose(out);
    } else if (stream->state == SIM__BROKEN || stream->state == SIM__FAILED) {
        // The peer knows, or will be told by what is under way.
    } else if (link->kind == MYC_ADDRESS_UNIX) {
        while (in->marks != NULL) {
            sim__mark_drop_first(world, in);
        }
        peer->error = is_abrupt ? MYC_RESET : peer->error;
        in->read = in->written;
        out->is_finished = true;
        out->is_ended = true;
        sim__object_changed(world, &peer->object);
    } else if (is_abrupt) {
        if (out->written > out->delivered && sim__choose(world, "reset.unsent", 2) == 1) {
            sim__pipe_lose(out);
        }
        sim__pipe_reset(out);
    } else {
        sim__pipe_finish(out);
        sim__pipe_deliver(in); // what waits for room is for nobody now
    }
    sim__free(world, stream);
}

static const struct sim__object_ops sim__stream_object_ops = {
    .kind = "stream",
    .release = sim__stream_release,
    .ready = sim__stream_ready,
};

// ---- Hosts that vanish ----

/* Streams of a host that lost its power fall silent; what others send there bounces once it is
 * back. */
void sim__network_host_lost(struct myc_sim *world, struct sim__host *host)
{
    for (struct sim__link *it = sim__network(world)->links; it != NULL; it = it->next) {
        for (uint32_t side = 0; it->kind == MYC_ADDRESS_TCP && side < 2; side++) {
            if (it->hosts[side] == host && it->routes[side] != NULL) {
                it->has_vanished[side] = true;
                sim__pipe_lose(&it->pipes[side]);
                sim__cancel(world, it->pipes[side].reset);
                it->pipes[side].has_reset = false;
            }
        }
    }
    host->extra[SIM__EXTRA_STREAM] = sim__network(world);
    sim__network_changed(world);
}

#endif
