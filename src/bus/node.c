// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Nodes: a bus, and the services its topology lists, each on a thread; the caller's thread is the
// agent.
#include <mycelium/service.h>

#include <string.h>

#include <mycelium/interface/memory.h>
#include <mycelium/interface/thread.h>

#include "bus/internal.h"
#include "bus/service.h"

enum { NODE_ALIGNMENT = 64 };

static const uint64_t close_timeout_default_ns = 5000000000;

// What one service thread needs.
struct runner {
    struct myc_node *node;
    struct myc_context context;
    struct myc_handle thread;
};

struct myc_node {
    struct myc_platform *platform;
    struct myc_bus *bus;
    uint64_t close_timeout_ns;
    struct myc_atomic_u32 finished;
    uint32_t service_count;
    struct runner runners[MYC_NODE_SERVICES_MAX];
};

// ---- Creation ----

static const struct myc_service_entry *
find_service(const struct myc_node_options *options, const char *name)
{
    for (size_t i = 0; i < options->service_count; i++) {
        if (myc__text_equals(options->services[i].service->name, name)) {
            return &options->services[i];
        }
    }
    return NULL;
}

static enum myc_status check_services(
    const struct myc_node_options *options,
    const struct myc_topology_node *place,
    struct myc_diagnostic *diagnostic)
{
    for (uint32_t i = 0; i < place->service_count; i++) {
        if (find_service(options, place->services[i]) == NULL) {
            (void)myc_diagnostic_set(diagnostic, MYC_NOT_FOUND, 0, "node ");
            myc_diagnostic_append_quoted(diagnostic, place->name, strlen(place->name));
            myc_diagnostic_append(diagnostic, ": unknown service ");
            myc_diagnostic_append_quoted(
                diagnostic, place->services[i], strlen(place->services[i]));
            myc_diagnostic_append(diagnostic, "; this program has");
            for (size_t j = 0; j < options->service_count; j++) {
                const char *known = options->services[j].service->name;
                myc_diagnostic_append(diagnostic, j == 0 ? " " : ", ");
                myc_diagnostic_append(diagnostic, known);
            }
            return MYC_NOT_FOUND;
        }
    }
    return MYC_OK;
}

static enum myc_status add_services(
    struct myc_node *node,
    const struct myc_node_options *options,
    const struct myc_topology_node *place,
    struct myc_diagnostic *diagnostic)
{
    for (uint32_t i = 0; i < place->service_count; i++) {
        struct runner *runner = &node->runners[i];
        runner->node = node;
        node->service_count++;
        enum myc_status status = myc__context_init(
            &runner->context,
            node->platform,
            node->bus,
            options->contract,
            find_service(options, place->services[i]),
            options,
            diagnostic);
        if (status != MYC_OK) {
            return status;
        }
    }
    return MYC_OK;
}

enum myc_status myc_node_create(
    struct myc_platform *platform,
    const struct myc_node_options *options,
    struct myc_node **out_node,
    struct myc_diagnostic *diagnostic)
{
    struct myc_bus_options bus_options = {
        .topology = options->topology,
        .node = options->node,
        .contract = options->contract,
        .ring_bytes = options->ring_bytes,
        .link_grace_ns = options->link_grace_ns,
        .heartbeat_ns = options->heartbeat_ns,
        .heartbeat_timeout_ns = options->heartbeat_timeout_ns,
        .contract_bytes_max = options->contract_bytes_max,
    };
    int32_t index = myc_topology_find_node(options->topology, options->node);
    enum myc_status status = MYC_OK;
    if (index != MYC__NO_INDEX) {
        // Before anything is opened; an unknown node is reported by the bus.
        status = check_services(options, &options->topology->nodes[index], diagnostic);
    }
    if (status != MYC_OK) {
        return status;
    }
    struct myc_node *node = myc_memory_allocate(platform->memory, sizeof(*node), NODE_ALIGNMENT);
    if (node == NULL) {
        return myc_diagnostic_set(diagnostic, MYC_NO_MEMORY, 0, "no memory for a node");
    }
    node->platform = platform;
    node->close_timeout_ns =
        options->close_timeout_ns != 0 ? options->close_timeout_ns : close_timeout_default_ns;
    status = myc_bus_create(platform, &bus_options, &node->bus, diagnostic);
    if (status == MYC_OK) {
        status = add_services(node, options, &options->topology->nodes[index], diagnostic);
    }
    if (status != MYC_OK) {
        myc_node_destroy(node);
        return status;
    }
    *out_node = node;
    return MYC_OK;
}

// ---- Running ----

static void run_service(void *opaque)
{
    struct runner *runner = opaque;
    struct myc_node *node = runner->node;
    myc__context_run(&runner->context, node->close_timeout_ns);
    if (runner->context.report.status != MYC_OK) {
        myc_node_request_stop(node);
    }
    (void)myc_fetch_add_u32(&node->finished, 1);
    myc_bus_wake(node->bus);
}

static enum myc_status
start_services(struct myc_node *node, uint32_t *out_started, struct myc_diagnostic *diagnostic)
{
    *out_started = 0;
    for (uint32_t i = 0; i < node->service_count; i++) {
        struct runner *runner = &node->runners[i];
        struct myc_thread_options options = {.name = runner->context.service->name};
        enum myc_status status = myc_thread_start(
            node->platform->thread, run_service, runner, &options, &runner->thread);
        if (status != MYC_OK) {
            return myc_diagnostic_set(diagnostic, status, 0, "no thread for a service");
        }
        (*out_started)++;
    }
    return MYC_OK;
}

// The failing service: one that failed by itself before one that was only broken off for it.
static const struct myc_context *find_failure(const struct myc_node *node)
{
    const struct myc_context *cancelled = NULL;
    for (uint32_t i = 0; i < node->service_count; i++) {
        const struct myc_context *context = &node->runners[i].context;
        enum myc_status status = context->report.status;
        if (status != MYC_OK && status != MYC_CANCELLED) {
            return context;
        }
        if (status == MYC_CANCELLED && cancelled == NULL) {
            cancelled = context;
        }
    }
    return cancelled;
}

static enum myc_status
service_status(const struct myc_node *node, struct myc_diagnostic *diagnostic)
{
    const struct myc_context *failed = find_failure(node);
    if (failed == NULL) {
        return MYC_OK;
    }
    const struct myc_service_report *report = &failed->report;
    bool is_explained = failed->failure.status == report->status;
    (void)myc_diagnostic_set(diagnostic, report->status, 0, "service ");
    myc_diagnostic_append_quoted(diagnostic, report->name, strlen(report->name));
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append(
        diagnostic, is_explained ? failed->failure.text : myc_status_sentence(report->status));
    return report->status;
}

enum myc_status myc_node_run(struct myc_node *node, struct myc_diagnostic *diagnostic)
{
    uint32_t started = 0;
    enum myc_status status = start_services(node, &started, diagnostic);
    bool is_stopping = status != MYC_OK;
    if (is_stopping) {
        myc_node_request_stop(node);
    }
    // Pairs with the add in run_service.
    while (myc_load_acquire_u32(&node->finished) < started) {
        (void)myc_bus_work(node->bus, MYC_NEVER);
        if (!is_stopping && myc_bus_status(node->bus, diagnostic) != MYC_OK) {
            is_stopping = true;
            status = myc_bus_status(node->bus, diagnostic);
            myc_node_request_stop(node);
        }
    }
    for (uint32_t i = 0; i < started; i++) {
        myc_thread_join(node->platform->thread, node->runners[i].thread);
    }
    myc_bus_close(node->bus);
    return status != MYC_OK ? status : service_status(node, diagnostic);
}

void myc_node_request_stop(struct myc_node *node)
{
    for (uint32_t i = 0; i < node->service_count; i++) {
        myc__context_cancel(&node->runners[i].context);
    }
}

const struct myc_service_report *myc_node_report(const struct myc_node *node, size_t index)
{
    return index < node->service_count ? &node->runners[index].context.report : NULL;
}

void myc_node_destroy(struct myc_node *node)
{
    if (node == NULL) {
        return;
    }
    // The bus first: its publishers still know the contexts' waiters.
    myc_bus_destroy(node->bus);
    for (uint32_t i = 0; i < node->service_count; i++) {
        myc__context_deinit(&node->runners[i].context);
    }
    myc_memory_release(node->platform->memory, node, sizeof(*node));
}
