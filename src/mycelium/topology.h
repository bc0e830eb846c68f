// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Topology: which node runs which services, and how others reach it.
 *
 * This is the in-memory form; mycelium/toml.h loads it from a file. Every node of a system gets the
 * same topology. Services name topics only, so moving one to another node changes this and nothing
 * else.
 */
#ifndef MYC_TOPOLOGY_H
#define MYC_TOPOLOGY_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/interface/stream.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MYC_NODES_MAX = 16,
    MYC_NODE_SERVICES_MAX = 16,
    MYC_NAME_BYTES = 32 /* of a node or service, with its terminator */
};

/** How messages leave a node. */
enum myc_transport_kind {
    MYC_TRANSPORT_LOCAL, /* not at all: the node is the whole system */
    MYC_TRANSPORT_SHM, /* shared memory; the address is the Unix socket that passes the segments */
    MYC_TRANSPORT_UNIX,
    MYC_TRANSPORT_TCP
};

struct myc_topology_node {
    char name[MYC_NAME_BYTES];
    enum myc_transport_kind transport;
    struct myc_address address; /* where this node listens; kind NONE for LOCAL */
    uint32_t service_count;
    char services[MYC_NODE_SERVICES_MAX][MYC_NAME_BYTES];
};

struct myc_topology {
    uint32_t node_count;
    struct myc_topology_node nodes[MYC_NODES_MAX];
};

/**
 * Checks a topology: names present and unique, each service on one node, addresses that fit their
 * transport, no LOCAL node among several, no address twice.
 *
 * Returns: OK, or INVALID naming the node and the rule. Threads: any. [TOPO-1]
 */
MYC_MUST_USE enum myc_status
myc_topology_check(const struct myc_topology *topology, struct myc_diagnostic *diagnostic);

/** The index of a node, or -1. Threads: any. */
int32_t myc_topology_find_node(const struct myc_topology *topology, const char *name);

/**
 * Reads an endpoint: "local", "shm:PATH", "unix:PATH" or "tcp:HOST:PORT" with a numeric host (an
 * IPv6 host in brackets). A relative PATH is taken below `directory` unless that is NULL.
 *
 * Returns: OK, or SYNTAX with what is wrong. Threads: any. [TOPO-2]
 */
MYC_MUST_USE enum myc_status myc_endpoint_parse(
    const char *text,
    const char *directory,
    enum myc_transport_kind *out_transport,
    struct myc_address *out_address,
    struct myc_diagnostic *diagnostic);

#ifdef __cplusplus
}
#endif

#endif
