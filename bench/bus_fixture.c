// SPDX-License-Identifier: MIT OR Apache-2.0
#define _GNU_SOURCE

#include "bus_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mycelium/interface/clock.h>
#include <mycelium/posix.h>

#include "machine.h"

#define MEETING_NS UINT64_C(10000000000)
#define TURN_NS UINT64_C(10000000)

const struct myc_message_type bus_message_there = {
    .id = 1, .version = 1, .size = BUS_MESSAGE_BYTES, .name = "There", .topic = "there"};

const struct myc_message_type bus_message_back = {
    .id = 2, .version = 1, .size = BUS_MESSAGE_BYTES, .name = "Back", .topic = "back"};

static const struct myc_message_type *const messages[] = {&bus_message_there, &bus_message_back};

static const struct myc_contract contract = {
    .name = "bench",
    .id = 1,
    .version = 1,
    .min_compatible = 1,
    .message_count = 2,
    .messages = messages,
    .digest = {0x62, 0x65, 0x6e, 0x63, 0x68}};

// ---- Plan ----

// A port that was free a moment ago.
static bool find_port(uint16_t *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_good = fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0
                   && getsockname(fd, (struct sockaddr *)&address, &size) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    *out_port = ntohs(address.sin_port);
    return is_good || bench_fail("cannot find a free port");
}

static bool make_folder(struct bus_plan *plan)
{
    const char *parent = getenv("TMPDIR");
    int size = snprintf(
        plan->folder,
        sizeof(plan->folder),
        "%s/myc-bench-XXXXXX",
        parent != NULL && *parent != '\0' ? parent : P_tmpdir);
    if (size < 0 || (size_t)size >= sizeof(plan->folder) || mkdtemp(plan->folder) == NULL) {
        plan->folder[0] = '\0';
        return bench_fail("cannot make a folder for sockets below TMPDIR");
    }
    return true;
}

static bool plan_node(
    struct bus_plan *plan, uint32_t index, const char *name, enum myc_transport_kind transport)
{
    struct myc_topology_node *node = &plan->topology.nodes[index];
    (void)snprintf(node->name, sizeof(node->name), "%s", name);
    node->transport = transport;
    if (transport == MYC_TRANSPORT_LOCAL) {
        return true;
    }
    if (transport == MYC_TRANSPORT_TCP) {
        node->address.kind = MYC_ADDRESS_TCP;
        (void)snprintf(node->address.text, sizeof(node->address.text), "127.0.0.1");
        return find_port(&node->address.port);
    }
    node->address.kind = MYC_ADDRESS_UNIX;
    (void)snprintf(node->address.text, sizeof(node->address.text), "%s/%s", plan->folder, name);
    return true;
}

bool bus_plan_make(enum myc_transport_kind transport, struct bus_plan *out_plan)
{
    memset(out_plan, 0, sizeof(*out_plan));
    out_plan->topology.node_count = transport == MYC_TRANSPORT_LOCAL ? 1 : 2;
    if ((transport == MYC_TRANSPORT_UNIX || transport == MYC_TRANSPORT_SHM)
        && !make_folder(out_plan)) {
        return false;
    }
    return plan_node(out_plan, 0, "first", transport)
           && (transport == MYC_TRANSPORT_LOCAL || plan_node(out_plan, 1, "second", transport));
}

void bus_plan_remove(struct bus_plan *plan)
{
    if (plan->folder[0] == '\0') {
        return;
    }
    DIR *folder = opendir(plan->folder);
    if (folder != NULL) {
        for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
            // "." and ".." are refused, which is well.
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
        }
        (void)closedir(folder);
    }
    (void)rmdir(plan->folder);
    plan->folder[0] = '\0';
}

// ---- Nodes ----

static enum myc_status open_parts(
    struct bus_node *node,
    const struct bus_plan *plan,
    const char *name,
    const struct myc_publisher_options *options,
    const struct myc_message_type *published,
    const struct myc_message_type *subscribed,
    struct myc_diagnostic *diagnostic)
{
    struct myc_bus_options bus_options = {
        .topology = &plan->topology, .node = name, .contract = &contract};
    enum myc_status status = myc_posix_create(&node->platform, diagnostic);
    if (status == MYC_OK) {
        status = myc_waiter_open(&node->publisher_waiter, node->platform);
    }
    if (status == MYC_OK) {
        status = myc_waiter_open(&node->subscriber_waiter, node->platform);
    }
    if (status == MYC_OK) {
        status = myc_bus_create(node->platform, &bus_options, &node->bus, diagnostic);
    }
    if (status == MYC_OK) {
        status = myc_publisher_create(
            node->bus,
            &node->publisher_waiter,
            published->topic,
            options,
            &node->publisher,
            diagnostic);
    }
    if (status == MYC_OK) {
        status = myc_subscriber_create(
            node->bus, &node->subscriber_waiter, subscribed->topic, &node->subscriber, diagnostic);
    }
    return status;
}

bool bus_node_open(
    struct bus_node *node,
    const struct bus_plan *plan,
    const char *name,
    const struct myc_message_type *published,
    const struct myc_message_type *subscribed,
    bool is_flush_manual)
{
    struct myc_diagnostic diagnostic;
    struct myc_publisher_options options = {
        .on_full = MYC_FULL_REJECT, .is_flush_manual = is_flush_manual};
    memset(node, 0, sizeof(*node));
    myc_diagnostic_clear(&diagnostic);
    enum myc_status status =
        open_parts(node, plan, name, &options, published, subscribed, &diagnostic);
    if (status != MYC_OK) {
        (void)fprintf(
            stderr,
            "myc-bench: cannot open node '%s': %s: %s\n",
            name,
            myc_status_name(status),
            diagnostic.text);
        bus_node_close(node);
        return false;
    }
    return true;
}

bool bus_node_meet(struct bus_node *node, bool needs_publisher, bool needs_subscriber)
{
    struct myc_diagnostic diagnostic;
    uint64_t now_ns = myc_clock_monotonic_ns(node->platform->clock);
    uint64_t end_ns = now_ns + MEETING_NS;
    myc_diagnostic_clear(&diagnostic);
    while (now_ns < end_ns) {
        bool has_subscriber = myc_publisher_await_subscribers(node->publisher, 1, 0) == MYC_OK;
        bool has_publisher = myc_subscriber_matched(node->subscriber) > 0;
        if ((has_subscriber || !needs_subscriber) && (has_publisher || !needs_publisher)) {
            return true;
        }
        (void)myc_bus_work(node->bus, now_ns + TURN_NS);
        now_ns = myc_clock_monotonic_ns(node->platform->clock);
    }
    (void)myc_bus_status(node->bus, &diagnostic);
    (void)fprintf(stderr, "myc-bench: the nodes did not meet: %s\n", diagnostic.text);
    return false;
}

void bus_node_close(struct bus_node *node)
{
    if (node->publisher != NULL) {
        struct myc_close_report report;
        // What was to be measured has arrived; nobody waits for acknowledgements.
        (void)myc_publisher_close(node->publisher, 0, &report);
    }
    myc_bus_destroy(node->bus);
    myc_waiter_close(&node->subscriber_waiter);
    myc_waiter_close(&node->publisher_waiter);
    myc_posix_destroy(node->platform);
    memset(node, 0, sizeof(*node));
}

bool bus_node_send(struct bus_node *node, const struct myc_message_type *type, uint64_t value)
{
    bool is_full = false;
    while (!bus_node_try_send(node, type, value, &is_full)) {
        if (!is_full) {
            (void)fprintf(stderr, "myc-bench: publish was refused\n");
            return false;
        }
    }
    return true;
}

static void on_message(const struct myc_delivery *delivery, void *context)
{
    struct bus_node *node = context;
    const uint64_t *words = delivery->record->payload;
    for (uint32_t i = 0; i < BUS_MESSAGE_WORDS; i++) {
        node->sum += words[i];
    }
    node->count++;
}

size_t bus_node_poll(struct bus_node *node, size_t messages_max)
{
    return myc_subscriber_poll(node->subscriber, on_message, NULL, node, messages_max);
}
