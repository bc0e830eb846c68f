// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What runs between the two ends of a stream: pipes with a sender's buffer, bytes in flight and a
 * receiver's buffer. Part of the implementation unit.
 *
 * A link joins two ends; end 0 connected, end 1 was accepted. pipes[side] carries what `side`
 * writes. Three positions cut a pipe: [read, delivered) can be read, [delivered, written) is under
 * way. Unix bytes are delivered as they are written; TCP bytes when their segment arrives and the
 * reader has room. Segments never overtake each other.
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

struct sim__link;

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
    uint64_t written;
    uint64_t send_max;
    uint64_t receive_max;
    struct sim__packet *packets; /* in flight, first to arrive first */
    uint32_t packet_count;
    uint32_t packet_capacity;
    uint64_t last_due_ns;
    struct sim__event_id arrival;
    struct sim__event_id reset; /* a break of the connection travels along */
    bool has_arrival;
    bool has_reset;
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
    enum myc_address_kind kind;
    uint64_t latency_ns;
    struct sim__pipe pipes[2];
    struct sim__stream *ends[2];
    struct sim__process *owners[2]; /* who connected, who listened */
    struct sim__host *hosts[2];
    struct sim__event_id connecting;
    enum myc_status connect_status;
    uint32_t connect_attempts;
    uint16_t port;
    bool is_loopback; /* the address connected to was the host's own inner one */
};

static struct sim__stream *sim__stream_of(struct sim__object *object)
{
    return MYC_CONTAINER_OF(object, struct sim__stream, object);
}

// ---- Links ----

/* A size for a buffer: boring 64 KiB, else 256 bytes .. 256 KiB. */
static uint64_t sim__buffer_bytes(struct myc_sim *world, const char *label)
{
    uint64_t drawn = sim__choose(world, label, 12);
    return drawn == 0 ? 65536 : UINT64_C(128) << drawn;
}

static struct sim__link *sim__link_create(
    struct myc_sim *world,
    enum myc_address_kind kind,
    struct sim__process *from,
    struct sim__host *to)
{
    static const uint64_t near_ns[] = {1000, 10000, 100000, 1000000};
    static const uint64_t far_ns[] = {20000, 200000, 2000000, 20000000};
    struct sim__link *link = sim__allocate(world, sizeof(*link));
    link->world = world;
    link->kind = kind;
    link->owners[0] = from;
    link->hosts[0] = from->host;
    link->hosts[1] = to;
    if (kind == MYC_ADDRESS_TCP) {
        uint64_t drawn = sim__choose(world, "link.latency", 4);
        link->latency_ns = from->host == to ? near_ns[drawn] : far_ns[drawn];
    }
    for (uint32_t side = 0; side < 2; side++) {
        struct sim__pipe *pipe = &link->pipes[side];
        pipe->link = link;
        pipe->side = side;
        pipe->send_max = sim__buffer_bytes(world, "link.send");
        if (kind == MYC_ADDRESS_TCP) {
            pipe->receive_max = sim__buffer_bytes(world, "link.receive");
        }
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
    sim__cancel(world, link->connecting);
    for (uint32_t side = 0; side < 2; side++) {
        struct sim__pipe *pipe = &link->pipes[side];
        sim__cancel(world, pipe->arrival);
        sim__cancel(world, pipe->reset);
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
    uint64_t used = pipe->written - (is_tcp ? pipe->delivered : pipe->read);
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

// ---- Breaks ----

/* What is under way never arrives. */
static void sim__pipe_lose(struct sim__pipe *pipe)
{
    sim__cancel(pipe->link->world, pipe->arrival);
    pipe->has_arrival = false;
    pipe->packet_count = 0;
    pipe->written = pipe->delivered;
}

/* An end learns that its connection broke; of what it did not read yet a part may be lost. */
static void sim__stream_break(struct sim__stream *stream, enum myc_status error)
{
    struct sim__link *link = stream->link;
    struct myc_sim *world = link->world;
    struct sim__pipe *in = &link->pipes[1 - stream->side];
    if (stream->state == SIM__BROKEN || stream->state == SIM__FAILED) {
        return;
    }
    sim__note(world, SIM__NOTE_RESET, stream->object.id, error);
    stream->state = SIM__BROKEN;
    stream->error = error;
    sim__pipe_lose(in);
    sim__pipe_lose(&link->pipes[stream->side]);
    uint64_t lost = sim__choose(world, "reset.lost", in->delivered - in->read + 1);
    in->delivered -= lost;
    in->written = in->delivered;
    sim__object_changed(world, &stream->object);
}

static void sim__reset_arrives(struct myc_sim *world, void *context)
{
    struct sim__pipe *pipe = context;
    struct sim__stream *reader = pipe->link->ends[1 - pipe->side];
    (void)world;
    pipe->has_reset = false;
    if (reader != NULL) {
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
    uint64_t due = sim__now(world) + pipe->link->latency_ns;
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

/* Delivers what is due and fits, and plans the next arrival. */
static void sim__pipe_deliver(struct sim__pipe *pipe)
{
    struct myc_sim *world = pipe->link->world;
    const struct sim__stream *reader = pipe->link->ends[1 - pipe->side];
    bool has_reader = reader != NULL && reader->state != SIM__BROKEN;
    uint64_t now = sim__now(world);
    uint64_t before = pipe->delivered;
    uint32_t done = 0;
    bool is_stalled = false;
    while (done < pipe->packet_count && pipe->packets[done].due_ns <= now) {
        const struct sim__packet *packet = &pipe->packets[done];
        if (!has_reader && packet->end > pipe->delivered) {
            // Bytes for an end that is closed: it answers with a break.
            sim__pipe_lose(pipe);
            sim__pipe_reset(&pipe->link->pipes[1 - pipe->side]);
            return;
        }
        is_stalled = !sim__packet_take(pipe, packet);
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

// ---- Departure ----

/* Extra time on the way: congestion, a lost segment sent again, a link that is down for a while. */
static uint64_t sim__pipe_delay(struct sim__pipe *pipe)
{
    struct myc_sim *world = pipe->link->world;
    uint64_t delay = 0;
    if (sim__fault(world, MYC_SIM_FAULT_LATENCY)) {
        delay += sim__range(world, "packet.delay", 1000, 50000000);
        sim__fault_effect(world, MYC_SIM_FAULT_LATENCY);
    }
    if (pipe->link->hosts[0] != pipe->link->hosts[1]
        && sim__fault(world, MYC_SIM_FAULT_PARTITION)) {
        delay += sim__range(world, "partition.time", 10000000, UINT64_C(5000000000));
        sim__fault_effect(world, MYC_SIM_FAULT_PARTITION);
    }
    return delay;
}

static void sim__packet_add(struct sim__pipe *pipe, uint64_t end, bool is_final, uint64_t delay)
{
    struct myc_sim *world = pipe->link->world;
    uint64_t due = sim__now(world) + pipe->link->latency_ns + delay;
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

/* The last descriptor of an end went. */
static void sim__stream_release(struct myc_sim *world, struct sim__object *object)
{
    struct sim__stream *stream = sim__stream_of(object);
    struct sim__link *link = stream->link;
    struct sim__pipe *in = &link->pipes[1 - stream->side];
    struct sim__pipe *out = &link->pipes[stream->side];
    struct sim__stream *peer = link->ends[1 - stream->side];
    bool is_abrupt = in->delivered > in->read || !stream->is_accepted;
    link->ends[stream->side] = NULL;
    if (peer == NULL) {
        sim__link_free(world, link);
    } else if (stream->state == SIM__BROKEN) {
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

// ---- Addresses ----

static enum myc_status sim__address_fail(
    struct myc_diagnostic *diagnostic,
    enum myc_status status,
    const char *doing,
    const struct myc_address *address)
{
    if (diagnostic == NULL) {
        return status;
    }
    if (memchr(address->text, '\0', sizeof(address->text)) == NULL) {
        return myc_diagnostic_set(diagnostic, status, 0, "an address must end with a zero byte");
    }
    (void)myc_diagnostic_set(diagnostic, status, 0, doing);
    myc_diagnostic_append(diagnostic, " '");
    myc_diagnostic_append(diagnostic, address->text);
    if (address->kind == MYC_ADDRESS_TCP) {
        myc_diagnostic_append(diagnostic, ":");
        myc_diagnostic_append_u64(diagnostic, address->port);
    }
    myc_diagnostic_append(diagnostic, "': ");
    myc_diagnostic_append(diagnostic, myc_status_sentence(status));
    return status;
}

/* Whether a kind, a terminated text and something in it are there. */
static bool sim__address_is_whole(const struct myc_address *address)
{
    return (address->kind == MYC_ADDRESS_UNIX || address->kind == MYC_ADDRESS_TCP)
           && memchr(address->text, '\0', sizeof(address->text)) != NULL
           && address->text[0] != '\0';
}

/* Four numbers below 256, into one. */
static bool sim__ipv4_parse(const char *text, uint32_t *out_number)
{
    uint32_t number = 0;
    for (int part = 0; part < 4; part++) {
        uint32_t value = 0;
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 3) {
            return false;
        }
        for (; digits > 0; digits--) {
            value = value * 10 + (uint32_t)(*text++ - '0');
        }
        if (value > 255 || *text++ != (part < 3 ? '.' : '\0')) {
            return false;
        }
        number = number << 8 | value;
    }
    *out_number = number;
    return true;
}

/* How the text of a TCP address names a host of this world. */
struct sim__target {
    struct sim__host *host; /* NULL: nobody has that address */
    bool is_loopback;
    bool is_any;
};

/*
 * A host answers to 127.0.0.1 and ::1 for its own processes, to 10.0.0.<its number>, and to
 * its name; so a host called "192.168.0.7" has that address. False: no numeric address at all.
 */
static bool sim__address_resolve(
    struct sim__process *process, const struct myc_address *address, struct sim__target *out_target)
{
    uint32_t number = 0;
    *out_target = (struct sim__target){.host = NULL};
    for (struct sim__host *it = process->world->hosts; it != NULL; it = it->next) {
        if (strcmp(it->name, address->text) == 0) {
            out_target->host = it;
            return true;
        }
    }
    bool is_v4 = sim__ipv4_parse(address->text, &number);
    if (strcmp(address->text, "::1") == 0 || (is_v4 && number >> 24 == 127)) {
        *out_target = (struct sim__target){.host = process->host, .is_loopback = true};
        return true;
    }
    if (strcmp(address->text, "::") == 0 || (is_v4 && number == 0)) {
        *out_target = (struct sim__target){.host = process->host, .is_any = true};
        return true;
    }
    for (struct sim__host *it = process->world->hosts; is_v4 && it != NULL; it = it->next) {
        // Host 1 is the director's.
        out_target->host = number == (UINT32_C(10) << 24) + it->id - 1 ? it : out_target->host;
    }
    size_t len = strlen(address->text);
    bool is_v6 = strchr(address->text, ':') != NULL
                 && strspn(address->text, "0123456789abcdefABCDEF:.") == len;
    return is_v4 || is_v6;
}

#endif
