// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Topologies: endpoints and the rules a topology must keep. Files are read elsewhere (edge/toml).
#include <mycelium/topology.h>

#include <string.h>

#include "bus/internal.h"

enum { PORT_MAX = 65535, PORT_DIGITS_MAX = 5 };

// ---- Endpoints ----

static enum myc_status
refuse_endpoint(struct myc_diagnostic *diagnostic, const char *text, const char *rule)
{
    (void)myc_diagnostic_set(diagnostic, MYC_SYNTAX, 0, "endpoint ");
    myc_diagnostic_append_quoted(diagnostic, text, strlen(text));
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append(diagnostic, rule);
    return MYC_SYNTAX;
}

static bool starts_with(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);
    return strlen(text) >= len && memcmp(text, prefix, len) == 0;
}

static enum myc_status parse_path(
    const char *text,
    const char *path,
    const char *directory,
    struct myc_address *out_address,
    struct myc_diagnostic *diagnostic)
{
    size_t len = strlen(path);
    size_t prefix = directory != NULL && path[0] != '/' ? strlen(directory) + 1 : 0;
    if (len == 0) {
        return refuse_endpoint(diagnostic, text, "a socket path must follow the colon");
    }
    // Room for ".lock" too, so that the lock file next to the socket has a valid name.
    if (prefix + len + sizeof(".lock") > MYC_ADDRESS_TEXT_BYTES) {
        return refuse_endpoint(
            diagnostic, text, "the socket path is longer than 102 bytes; use a shorter directory");
    }
    if (prefix > 0) {
        memcpy(out_address->text, directory, prefix - 1);
        out_address->text[prefix - 1] = '/';
    }
    memcpy(out_address->text + prefix, path, len + 1);
    out_address->kind = MYC_ADDRESS_UNIX;
    return MYC_OK;
}

static bool parse_port(const char *text, uint16_t *out_port)
{
    uint32_t port = 0;
    size_t len = strlen(text);
    if (len == 0 || len > PORT_DIGITS_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    *out_port = (uint16_t)port;
    return port <= PORT_MAX;
}

static enum myc_status parse_host_port(
    const char *text,
    const char *rest,
    struct myc_address *out_address,
    struct myc_diagnostic *diagnostic)
{
    size_t len = strlen(rest);
    size_t colon = len;
    while (colon > 0 && rest[colon - 1] != ':') {
        colon--;
    }
    if (colon < 2) {
        return refuse_endpoint(diagnostic, text, "write tcp:HOST:PORT with a numeric host");
    }
    const char *host = rest;
    size_t host_len = colon - 1;
    if (host[0] == '[' && host[host_len - 1] == ']') {
        host++;
        host_len -= 2;
    }
    if (host_len == 0 || host_len >= MYC_ADDRESS_TEXT_BYTES) {
        return refuse_endpoint(diagnostic, text, "the host must be a numeric address");
    }
    if (!parse_port(rest + colon, &out_address->port) || out_address->port == 0) {
        return refuse_endpoint(diagnostic, text, "the port must be a number from 1 to 65535");
    }
    memcpy(out_address->text, host, host_len);
    out_address->kind = MYC_ADDRESS_TCP;
    return MYC_OK;
}

enum myc_status myc_endpoint_parse(
    const char *text,
    const char *directory,
    enum myc_transport_kind *out_transport,
    struct myc_address *out_address,
    struct myc_diagnostic *diagnostic)
{
    struct myc_address address;
    enum myc_transport_kind transport = MYC_TRANSPORT_LOCAL;
    enum myc_status status = MYC_OK;
    memset(&address, 0, sizeof(address));
    if (starts_with(text, "shm:")) {
        transport = MYC_TRANSPORT_SHM;
        status = parse_path(text, text + 4, directory, &address, diagnostic);
    } else if (starts_with(text, "unix:")) {
        transport = MYC_TRANSPORT_UNIX;
        status = parse_path(text, text + 5, directory, &address, diagnostic);
    } else if (starts_with(text, "tcp:")) {
        transport = MYC_TRANSPORT_TCP;
        status = parse_host_port(text, text + 4, &address, diagnostic);
    } else if (!myc__text_equals(text, "local")) {
        status = refuse_endpoint(
            diagnostic, text, "write \"local\", \"shm:PATH\", \"unix:PATH\" or \"tcp:HOST:PORT\"");
    }
    if (status == MYC_OK) {
        *out_transport = transport;
        *out_address = address;
    }
    return status;
}

// ---- Rules ----

static enum myc_status
refuse_node(struct myc_diagnostic *diagnostic, const char *node, const char *rule, const char *name)
{
    (void)myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "node ");
    myc_diagnostic_append_quoted(diagnostic, node, strlen(node));
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append(diagnostic, rule);
    if (name != NULL) {
        myc_diagnostic_append(diagnostic, " ");
        myc_diagnostic_append_quoted(diagnostic, name, strlen(name));
    }
    return MYC_INVALID;
}

static bool is_text(const char *text, size_t capacity)
{
    return text[0] != '\0' && text[capacity - 1] == 0;
}

static enum myc_status check_alone(
    const struct myc_topology_node *node, uint32_t node_count, struct myc_diagnostic *diagnostic)
{
    if (!is_text(node->name, sizeof(node->name))) {
        return myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "a node has no name");
    }
    if (node->service_count > MYC_NODE_SERVICES_MAX) {
        return refuse_node(diagnostic, node->name, "more than 16 services", NULL);
    }
    for (uint32_t i = 0; i < node->service_count; i++) {
        if (!is_text(node->services[i], MYC_NAME_BYTES)) {
            return refuse_node(diagnostic, node->name, "a service has no name", NULL);
        }
    }
    enum myc_address_kind wanted = node->transport == MYC_TRANSPORT_LOCAL ? MYC_ADDRESS_NONE
                                   : node->transport == MYC_TRANSPORT_TCP ? MYC_ADDRESS_TCP
                                                                          : MYC_ADDRESS_UNIX;
    if (node->address.kind != wanted) {
        return refuse_node(diagnostic, node->name, "the address does not fit the transport", NULL);
    }
    if (node->transport == MYC_TRANSPORT_LOCAL && node_count > 1) {
        return refuse_node(
            diagnostic,
            node->name,
            "a local node can only be the whole system; give it a socket",
            NULL);
    }
    return MYC_OK;
}

static bool same_address(const struct myc_address *a, const struct myc_address *b)
{
    return a->kind != MYC_ADDRESS_NONE && a->kind == b->kind && a->port == b->port
           && myc__text_equals(a->text, b->text);
}

static enum myc_status check_pair(
    const struct myc_topology_node *node,
    const struct myc_topology_node *other,
    struct myc_diagnostic *diagnostic)
{
    if (myc__text_equals(node->name, other->name)) {
        return refuse_node(diagnostic, node->name, "the name is taken; names are unique", NULL);
    }
    if (same_address(&node->address, &other->address)) {
        return refuse_node(
            diagnostic, node->name, "the endpoint is already that of node", other->name);
    }
    if ((node->transport == MYC_TRANSPORT_SHM) != (other->transport == MYC_TRANSPORT_SHM)) {
        return refuse_node(
            diagnostic,
            node->name,
            "shared memory works only if every node has an shm endpoint, unlike node",
            node->transport == MYC_TRANSPORT_SHM ? other->name : node->name);
    }
    for (uint32_t i = 0; i < node->service_count; i++) {
        for (uint32_t j = 0; j < other->service_count; j++) {
            if (myc__text_equals(node->services[i], other->services[j])) {
                return refuse_node(
                    diagnostic,
                    node->name,
                    "a service runs on one node only, this one is listed twice:",
                    node->services[i]);
            }
        }
    }
    return MYC_OK;
}

static enum myc_status
check_services(const struct myc_topology_node *node, struct myc_diagnostic *diagnostic)
{
    for (uint32_t i = 0; i < node->service_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (myc__text_equals(node->services[i], node->services[j])) {
                return refuse_node(
                    diagnostic, node->name, "this service is listed twice:", node->services[i]);
            }
        }
    }
    return MYC_OK;
}

enum myc_status
myc_topology_check(const struct myc_topology *topology, struct myc_diagnostic *diagnostic)
{
    if (topology->node_count == 0 || topology->node_count > MYC_NODES_MAX) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "a topology has 1 to 16 nodes; add a [nodes.NAME] table");
    }
    for (uint32_t i = 0; i < topology->node_count; i++) {
        const struct myc_topology_node *node = &topology->nodes[i];
        enum myc_status status = check_alone(node, topology->node_count, diagnostic);
        if (status == MYC_OK) {
            status = check_services(node, diagnostic);
        }
        for (uint32_t j = 0; status == MYC_OK && j < i; j++) {
            status = check_pair(node, &topology->nodes[j], diagnostic);
        }
        if (status != MYC_OK) {
            return status;
        }
    }
    return MYC_OK;
}

int32_t myc_topology_find_node(const struct myc_topology *topology, const char *name)
{
    for (uint32_t i = 0; i < topology->node_count; i++) {
        if (myc__text_equals(topology->nodes[i].name, name)) {
            return (int32_t)i;
        }
    }
    return MYC__NO_INDEX;
}
