// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What lies between two hosts: latency, bandwidth, and cuts, which stop everything one way. Part of
 * the implementation unit.
 *
 * A cut either holds what it stops until it is healed, or drops it, and then TCP sends it again.
 * The director's cuts stay until it heals them; a fault's end by themselves, or when faults stop.
 */
#ifndef MYC_SIM_ROUTE_H
#define MYC_SIM_ROUTE_H

#include <mycelium/sim/internal.h>

#include <string.h>

enum { SIM__PORT_FIRST = 49152, SIM__CUT_BY_DIRECTOR = -1 };

struct sim__listener;
struct sim__link;

/* One way from a host to another, or to itself. */
struct sim__route {
    struct sim__route *next;
    struct sim__host *from;
    struct sim__host *to;
    uint64_t latency_ns;
    uint64_t bytes_per_second; /* 0: no limit */
    uint64_t busy_until_ns;    /* the last byte sent so far has left by then */
    uint64_t jitter_mean_ns;   /* of LATENCY's exponential delays; 0: uniform */
    bool is_slow;              /* by the fault, not by the director */
};

struct sim__cut {
    struct sim__cut *next;
    struct sim__host *from;
    struct sim__host *to;
    enum myc_sim_cut kind;
    int32_t fault;  /* who made it: a fault, or SIM__CUT_BY_DIRECTOR */
    uint32_t group; /* cuts made together end together */
};

/* A port that somebody listened on. */
struct sim__used_port {
    struct sim__used_port *next;
    const struct sim__host *host;
    uint16_t port;
};

/* What the world keeps of its networks. */
struct sim__network {
    struct sim__listener *listeners;
    struct sim__link *links;
    struct sim__route *routes;
    struct sim__cut *cuts;
    struct sim__used_port *used_ports;
    uint32_t cut_group;
    uint16_t next_port;
};

/* The end of a group of cuts. */
struct sim__healing {
    uint32_t group;
};

static struct sim__network *sim__network(struct myc_sim *world)
{
    struct sim__network *network = world->extra[SIM__EXTRA_STREAM];
    if (network == NULL) {
        network = sim__allocate(world, sizeof(*network));
        network->next_port = SIM__PORT_FIRST;
        world->extra[SIM__EXTRA_STREAM] = network;
    }
    return network;
}

/* Looks at everything under way again; in network.h. */
static void sim__network_changed(struct myc_sim *world);

// ---- Hosts ----

/* Whether a host lost its power and nothing was started on it since. */
static bool sim__host_is_down(struct myc_sim *world, struct sim__host *host)
{
    if (host->extra[SIM__EXTRA_STREAM] == NULL) {
        return false;
    }
    for (const struct sim__process *it = world->processes; it != NULL; it = it->next) {
        if (it->host == host && !it->is_ended) {
            host->extra[SIM__EXTRA_STREAM] = NULL;
            return false;
        }
    }
    return true;
}

// ---- Routes ----

static void sim__route_draw(struct myc_sim *world, struct sim__route *route)
{
    static const uint64_t near_ns[] = {1000, 10000, 100000, 1000000};
    static const uint64_t far_ns[] = {20000, 200000, 2000000, 20000000};
    static const uint64_t jitters_ns[] = {0, 500000, 2000000, 10000000};
    uint64_t drawn = sim__choose(world, "route.latency", 4);
    bool is_near = route->from == route->to;
    route->latency_ns = is_near ? near_ns[drawn] : far_ns[drawn];
    route->jitter_mean_ns = jitters_ns[sim__choose(world, "route.jitter", 4)];
    if (!is_near && sim__fault(world, MYC_SIM_FAULT_SLOW_LINK)) {
        // Slower ones are the director's: a fixed load would never get through them.
        route->bytes_per_second = UINT64_C(65536) << sim__choose(world, "route.speed", 7);
        route->is_slow = true;
    }
}

static struct sim__route *
sim__route_find(struct myc_sim *world, struct sim__host *from, struct sim__host *to)
{
    struct sim__network *network = sim__network(world);
    for (struct sim__route *it = network->routes; it != NULL; it = it->next) {
        if (it->from == from && it->to == to) {
            return it;
        }
    }
    struct sim__route *route = sim__allocate(world, sizeof(*route));
    route->from = from;
    route->to = to;
    route->next = network->routes;
    network->routes = route;
    sim__route_draw(world, route);
    return route;
}

/* The instant at which the last of `size` bytes sent now has left. */
static uint64_t sim__route_send(struct myc_sim *world, struct sim__route *route, uint64_t size)
{
    uint64_t now = sim__now(world);
    uint64_t begin = now > route->busy_until_ns ? now : route->busy_until_ns;
    if (route->bytes_per_second == 0) {
        return now;
    }
    route->busy_until_ns = begin + size * UINT64_C(1000000000) / route->bytes_per_second;
    if (route->is_slow && route->busy_until_ns > now) {
        sim__fault_effect(world, MYC_SIM_FAULT_SLOW_LINK);
    }
    return route->busy_until_ns;
}

// ---- Cuts ----

/* The cut that stops what goes this way now; one that drops before one that holds; NULL: none. */
static const struct sim__cut *
sim__cut_find(struct myc_sim *world, const struct sim__host *from, const struct sim__host *to)
{
    const struct sim__cut *found = NULL;
    for (const struct sim__cut *it = sim__network(world)->cuts; it != NULL; it = it->next) {
        if (it->from == from && it->to == to && (found == NULL || it->kind > found->kind)) {
            found = it;
        }
    }
    return found;
}

static void sim__cut_add(
    struct myc_sim *world,
    struct sim__host *from,
    struct sim__host *to,
    enum myc_sim_cut kind,
    int32_t fault,
    uint32_t group)
{
    struct sim__network *network = sim__network(world);
    if (from == to) {
        return; // A host always reaches itself.
    }
    struct sim__cut *cut = sim__allocate(world, sizeof(*cut));
    *cut = (struct sim__cut){network->cuts, from, to, kind, fault, group};
    network->cuts = cut;
    sim__note(world, SIM__NOTE_CUT, from->id, to->id);
}

/* Takes away the cuts of a group; UINT32_MAX: of all faults. */
static void sim__cuts_end(struct myc_sim *world, uint32_t group)
{
    struct sim__cut **link = &sim__network(world)->cuts;
    bool is_changed = false;
    while (*link != NULL) {
        struct sim__cut *cut = *link;
        bool is_of_fault = cut->fault != SIM__CUT_BY_DIRECTOR;
        if (is_of_fault && (group == UINT32_MAX || cut->group == group)) {
            *link = cut->next;
            sim__note(world, SIM__NOTE_HEAL, cut->from->id, cut->to->id);
            sim__free(world, cut);
            is_changed = true;
        } else {
            link = &cut->next;
        }
    }
    if (is_changed) {
        sim__network_changed(world);
    }
}

static void sim__cuts_heal(struct myc_sim *world, void *context)
{
    struct sim__healing *healing = context;
    uint32_t group = healing->group;
    sim__free(world, healing);
    sim__cuts_end(world, group);
}

static void sim__cuts_heal_later(struct myc_sim *world, uint32_t group, uint64_t duration_ns)
{
    struct sim__healing *healing = sim__allocate(world, sizeof(*healing));
    healing->group = group;
    (void)sim__after(world, duration_ns, sim__cuts_heal, healing);
}

// ---- Drawn cuts ----

/* How a drawn partition lies; 0 is the smallest. */
enum sim__shape {
    SIM__SHAPE_ONE_WAY,
    SIM__SHAPE_PAIR,
    SIM__SHAPE_ISOLATED,
    SIM__SHAPE_SPLIT,
    SIM__SHAPE_BRIDGE,
    SIM__SHAPE_COUNT
};

/* One side is this host alone. */
static void sim__side_alone(struct myc_sim *world, const struct sim__host *host)
{
    for (struct sim__host *it = world->hosts; it != NULL; it = it->next) {
        it->is_on_side = it == host;
    }
}

/* One side holds `first` and not `second`; of all others it is drawn, in the order of their ids. */
static void
sim__side_draw(struct myc_sim *world, const struct sim__host *first, const struct sim__host *second)
{
    sim__side_alone(world, first);
    for (uint32_t id = 1; id <= world->host_count; id++) {
        struct sim__host *host = world->hosts;
        while (host != NULL && host->id != id) {
            host = host->next;
        }
        if (host != NULL && host != first && host != second) {
            host->is_on_side = sim__choose(world, "partition.side", 2) == 1;
        }
    }
}

/* Cuts both ways between every host of the side and every other but the bridge. */
static void sim__side_cut(
    struct myc_sim *world, const struct sim__host *bridge, enum myc_sim_cut kind, uint32_t group)
{
    for (struct sim__host *a = world->hosts; a != NULL; a = a->next) {
        for (struct sim__host *b = world->hosts; b != NULL; b = b->next) {
            if (a != bridge && b != bridge && a->is_on_side != b->is_on_side) {
                sim__cut_add(world, a, b, kind, MYC_SIM_FAULT_PARTITION, group);
            }
        }
    }
}

/* Some third host, or NULL. */
static const struct sim__host *sim__draw_bridge(
    struct myc_sim *world, const struct sim__host *first, const struct sim__host *second)
{
    const struct sim__host *bridge = NULL;
    uint32_t skip = (uint32_t)sim__choose(world, "partition.bridge", world->host_count);
    for (const struct sim__host *it = world->hosts; it != NULL; it = it->next) {
        if (it != first && it != second && it->id > 1) {
            bridge = bridge == NULL || skip > 0 ? it : bridge;
            skip -= skip > 0 ? 1 : 0;
        }
    }
    return bridge;
}

/* The fault PARTITION: between these two, and perhaps others, for a while. */
static void
sim__partition_begin(struct myc_sim *world, struct sim__host *from, struct sim__host *to)
{
    uint32_t group = ++sim__network(world)->cut_group;
    enum myc_sim_cut kind =
        sim__choose(world, "partition.drops", 2) == 1 ? MYC_SIM_CUT_DROP : MYC_SIM_CUT_HOLD;
    enum sim__shape shape =
        (enum sim__shape)sim__choose(world, "partition.shape", SIM__SHAPE_COUNT);
    switch (shape) {
    case SIM__SHAPE_ISOLATED:
        sim__side_alone(world, from);
        sim__side_cut(world, NULL, kind, group);
        break;
    case SIM__SHAPE_SPLIT:
        sim__side_draw(world, from, to);
        sim__side_cut(world, NULL, kind, group);
        break;
    case SIM__SHAPE_BRIDGE:
        sim__side_draw(world, from, to);
        sim__side_cut(world, sim__draw_bridge(world, from, to), kind, group);
        break;
    case SIM__SHAPE_PAIR:
        sim__cut_add(world, to, from, kind, MYC_SIM_FAULT_PARTITION, group);
        sim__cut_add(world, from, to, kind, MYC_SIM_FAULT_PARTITION, group);
        break;
    case SIM__SHAPE_ONE_WAY:
    case SIM__SHAPE_COUNT:
        sim__cut_add(world, from, to, kind, MYC_SIM_FAULT_PARTITION, group);
        break;
    }
    sim__cuts_heal_later(
        world, group, sim__range(world, "partition.time", 10000000, UINT64_C(5000000000)));
    sim__network_changed(world);
}

/* A geometric number of units, the mean being `mean`: what an exponential time is in draws. */
static uint64_t
sim__geometric(struct myc_sim *world, const char *label, uint64_t mean, uint64_t most)
{
    const struct sim__process *process = sim__process_current(world);
    const char *scope = process != NULL ? world->current->scope : "world";
    uint64_t drawn = sim__choice_gap(&world->choices, scope, label, mean, most);
    return drawn == 0 ? 1 : drawn;
}

/* The fault CLOG: a pair, or everything from or to a host, holds still for an exponential time. */
static void sim__clog_begin(struct myc_sim *world, struct sim__host *from, struct sim__host *to)
{
    uint32_t group = ++sim__network(world)->cut_group;
    uint64_t extent = sim__choose(world, "clog.extent", 3);
    sim__cut_add(world, from, to, MYC_SIM_CUT_HOLD, MYC_SIM_FAULT_CLOG, group);
    for (struct sim__host *it = world->hosts; extent > 0 && it != NULL; it = it->next) {
        if (extent == 1 && it != to) {
            sim__cut_add(world, from, it, MYC_SIM_CUT_HOLD, MYC_SIM_FAULT_CLOG, group);
        } else if (extent == 2 && it != from) {
            sim__cut_add(world, it, to, MYC_SIM_CUT_HOLD, MYC_SIM_FAULT_CLOG, group);
        }
    }
    sim__cuts_heal_later(world, group, sim__geometric(world, "clog.ms", 20, 200) * 1000000);
    sim__network_changed(world);
}

/* Offers the faults that cut a way on which something departs. */
static void sim__route_offer(struct myc_sim *world, struct sim__host *from, struct sim__host *to)
{
    if (from == to) {
        return;
    }
    if (sim__fault(world, MYC_SIM_FAULT_PARTITION)) {
        sim__partition_begin(world, from, to);
    }
    if (sim__fault(world, MYC_SIM_FAULT_CLOG)) {
        sim__clog_begin(world, from, to);
    }
}

#endif
