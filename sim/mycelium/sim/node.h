// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A node of services as a simulated process, for scenarios. Include it beside sim.h.
 *
 *     struct myc_sim_node node = {
 *         .contract = &shop_contract, .services = services, .service_count = 3};
 *     struct myc_sim_process shop = myc_sim_start(sim, "host", "shop", myc_sim_node_main, &node);
 *     bool is_over = myc_sim_run_until_ended(sim, shop, 60000000000);
 */
#ifndef MYC_SIM_NODE_H
#define MYC_SIM_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mycelium/service.h>
#include <mycelium/sim.h>
#include <mycelium/topology.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast" // C has no other
#endif

/** What a node's process is told, and how it ended. Each start of a process needs one of its own.
 */
struct myc_sim_node {
    const struct myc_contract *contract;
    const struct myc_service_entry *services;
    size_t service_count;

    /** With `name`: the node of that name of this topology. NULL: one node with all services. */
    const struct myc_topology *topology;
    const char *name;

    /** Set by the process: what creating or running the node returned. CANCELLED until then. */
    enum myc_status status;
    struct myc_diagnostic diagnostic;
};

/* The topology of a node without one: everything in one process. */
static inline void sim__node_alone(const struct myc_sim_node *node, struct myc_topology *topology)
{
    struct myc_topology_node *all = &topology->nodes[0]; // zeroed is a local endpoint
    memset(topology, 0, sizeof(*topology));
    topology->node_count = 1;
    memcpy(all->name, "all", sizeof("all"));
    for (size_t i = 0; i < node->service_count && i < MYC_NODE_SERVICES_MAX; i++) {
        const char *name = node->services[i].service->name;
        size_t size = strlen(name);
        memcpy(all->services[i], name, size < MYC_NAME_BYTES ? size : MYC_NAME_BYTES - 1);
        all->service_count++;
    }
}

/**
 * Creates the node, runs it until its services have stopped, and destroys it: a myc_sim_main_fn.
 *
 * `arg` is a struct myc_sim_node that outlives the process; a local variable of the director does.
 * Returns: 0, or 1 with the reason in the log and in the node's `diagnostic`.
 */
static inline int myc_sim_node_main(struct myc_platform *platform, void *arg)
{
    struct myc_sim_node *self = (struct myc_sim_node *)arg;
    struct myc_topology alone;
    struct myc_node_options options;
    struct myc_node *node = NULL;
    self->status = MYC_CANCELLED;
    myc_diagnostic_clear(&self->diagnostic);
    if (self->topology == NULL) {
        sim__node_alone(self, &alone);
    }
    memset(&options, 0, sizeof(options));
    options.topology = self->topology != NULL ? self->topology : &alone;
    options.node = self->topology != NULL ? self->name : "all";
    options.contract = self->contract;
    options.services = self->services;
    options.service_count = self->service_count;
    enum myc_status status = myc_node_create(platform, &options, &node, &self->diagnostic);
    if (status == MYC_OK) {
        status = myc_node_run(node, &self->diagnostic);
        myc_node_destroy(node);
    }
    if (status != MYC_OK) {
        myc_log_write(platform->log, MYC_LOG_ERROR, options.node, self->diagnostic.text);
    }
    self->status = status;
    return status == MYC_OK ? 0 : 1;
}

struct sim__ended {
    struct myc_sim *sim;
    struct myc_sim_process process;
};

static inline bool sim__has_ended(void *context)
{
    const struct sim__ended *ended = (const struct sim__ended *)context;
    return !myc_sim_is_running(ended->sim, ended->process);
}

/**
 * Lets the world run until the process has returned or was killed, or virtual time reaches
 * `deadline_ns`. Blocking: the director only.
 *
 * Returns: whether it has ended.
 */
static inline bool
myc_sim_run_until_ended(struct myc_sim *sim, struct myc_sim_process process, uint64_t deadline_ns)
{
    struct sim__ended ended = {sim, process};
    return myc_sim_run_until(sim, sim__has_ended, &ended, deadline_ns);
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif
