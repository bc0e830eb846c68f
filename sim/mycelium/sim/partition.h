// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The director's hold on the network: cuts that it makes and heals, and what lies between hosts.
 * Part of the implementation unit.
 */
#ifndef MYC_SIM_PARTITION_H
#define MYC_SIM_PARTITION_H

#include <mycelium/sim/internal.h>

#include <mycelium/sim/network.h>

static void sim__director_cut(
    struct myc_sim *sim, struct sim__host *from, struct sim__host *to, enum myc_sim_cut kind)
{
    sim__cut_add(sim, from, to, kind, SIM__CUT_BY_DIRECTOR, 0);
}

void myc_sim_partition_one_way(
    struct myc_sim *sim, const char *from, const char *to, enum myc_sim_cut cut)
{
    sim__director_cut(sim, sim__host_find(sim, from), sim__host_find(sim, to), cut);
    sim__network_changed(sim);
}

void myc_sim_clog(struct myc_sim *sim, const char *from, const char *to, uint64_t duration_ns)
{
    struct sim__host *source = sim__host_find(sim, from);
    struct sim__host *target = sim__host_find(sim, to);
    uint32_t group = ++sim__network(sim)->cut_group;
    sim__cut_add(sim, source, target, MYC_SIM_CUT_HOLD, MYC_SIM_FAULT_CLOG, group);
    sim__cuts_heal_later(sim, group, duration_ns);
    sim__network_changed(sim);
}

void myc_sim_partition(
    struct myc_sim *sim, const char *one, const char *other, enum myc_sim_cut cut)
{
    sim__director_cut(sim, sim__host_find(sim, one), sim__host_find(sim, other), cut);
    sim__director_cut(sim, sim__host_find(sim, other), sim__host_find(sim, one), cut);
    sim__network_changed(sim);
}

void myc_sim_isolate(struct myc_sim *sim, const char *host, enum myc_sim_cut cut)
{
    myc_sim_split(sim, &host, 1, NULL, cut);
}

static bool
sim__host_is_named(const struct sim__host *host, const char *const *names, size_t name_count)
{
    char cut[SIM__NAME_BYTES];
    for (size_t i = 0; i < name_count; i++) {
        sim__copy_name(cut, sizeof(cut), names[i]);
        if (strcmp(host->name, cut) == 0) {
            return true;
        }
    }
    return false;
}

void myc_sim_split(
    struct myc_sim *sim,
    const char *const *hosts,
    size_t host_count,
    const char *bridge,
    enum myc_sim_cut cut)
{
    const struct sim__host *between = bridge != NULL ? sim__host_find(sim, bridge) : NULL;
    for (size_t i = 0; i < host_count; i++) {
        (void)sim__host_find(sim, hosts[i]);
    }
    for (struct sim__host *a = sim->hosts; a != NULL; a = a->next) {
        for (struct sim__host *b = sim->hosts; b != NULL; b = b->next) {
            if (a != between && b != between
                && sim__host_is_named(a, hosts, host_count)
                       != sim__host_is_named(b, hosts, host_count)) {
                sim__director_cut(sim, a, b, cut);
            }
        }
    }
    sim__network_changed(sim);
}

/* Takes away cuts between two hosts, or with NULL all of them. */
static void
sim__cuts_remove(struct myc_sim *sim, const struct sim__host *one, const struct sim__host *other)
{
    struct sim__cut **link = &sim__network(sim)->cuts;
    while (*link != NULL) {
        struct sim__cut *cut = *link;
        bool is_between =
            (cut->from == one && cut->to == other) || (cut->from == other && cut->to == one);
        if (one == NULL || (is_between && cut->fault == SIM__CUT_BY_DIRECTOR)) {
            *link = cut->next;
            sim__note(sim, SIM__NOTE_HEAL, cut->from->id, cut->to->id);
            sim__free(sim, cut);
        } else {
            link = &cut->next;
        }
    }
    sim__network_changed(sim);
}

void myc_sim_heal(struct myc_sim *sim, const char *one, const char *other)
{
    sim__cuts_remove(sim, sim__host_find(sim, one), sim__host_find(sim, other));
}

void myc_sim_heal_all(struct myc_sim *sim)
{
    sim__cuts_remove(sim, NULL, NULL);
}

void myc_sim_route(
    struct myc_sim *sim, const char *one, const char *other, const struct myc_sim_route *route)
{
    struct sim__host *hosts[2] = {sim__host_find(sim, one), sim__host_find(sim, other)};
    for (size_t i = 0; i < 2; i++) {
        struct sim__route *way = sim__route_find(sim, hosts[i], hosts[1 - i]);
        way->latency_ns = route->latency_ns;
        way->bytes_per_second = route->bytes_per_second;
        way->is_slow = false;
    }
}

#endif
