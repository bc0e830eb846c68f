// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The bus over shared memory: nodes find each other by their sockets, whoever is first. The
 * publisher begins when all subscribers are matched, stops in the middle until whoever is started
 * anew is matched again, and closes at the end.
 */
#define _GNU_SOURCE 1
#include "system/storm/order.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mycelium/bus.h>
#include <mycelium/interface/clock.h>
#include <mycelium/posix.h>
#include <mycelium/topology.h>

#include "system/storm/content.h"

enum { NODES = 1 + ORDER_SUBSCRIBERS, RING_BYTES = 4096, SIZE_MAX_BYTES = 900, MESSAGES = 5600 };

#define PATIENCE_NS UINT64_C(100000000000)

enum bus_note {
    BUS_GONE,
    BUS_UP,
    BUS_HALF,   /* from the publisher */
    BUS_GO,     /* to the publisher */
    BUS_REPORT, /* received, lost, first, last, notices of death, restarts */
    BUS_OVER
};

static const struct myc_message_type storm_type = {
    .id = 1, .version = 1, .size = 8, .name = "Storm", .topic = "storm"};
static const struct myc_message_type *const storm_types[] = {&storm_type};
static const struct myc_contract storm_contract = {
    .name = "storm",
    .id = 5,
    .version = 1,
    .min_compatible = 1,
    .message_count = 1,
    .messages = storm_types,
    .digest = {5}};

// ---- A node ----

struct node {
    struct myc_platform *platform;
    struct myc_topology topology;
    struct myc_bus *bus;
    struct myc_waiter waiter;
    struct myc_atomic_u32 is_ending;
    pthread_t agent;
};

static void *run_agent(void *context)
{
    struct node *node = context;
    while (myc_load_acquire_u32(&node->is_ending) == 0) {
        (void)myc_bus_work(node->bus, MYC_NEVER);
    }
    return NULL;
}

static void describe(struct myc_topology *topology, uint64_t directory)
{
    topology->node_count = NODES;
    for (uint32_t i = 0; i < NODES; i++) {
        struct myc_topology_node *node = &topology->nodes[i];
        (void)snprintf(node->name, sizeof node->name, "node%u", i);
        node->transport = MYC_TRANSPORT_SHM;
        node->address.kind = MYC_ADDRESS_UNIX;
        (void)snprintf(
            node->address.text,
            sizeof node->address.text,
            "/tmp/myc-storm-%llu/%u",
            (unsigned long long)directory,
            i);
    }
}

static void open_node(struct node *node, uint64_t directory, uint64_t index)
{
    struct myc_diagnostic why = {0};
    memset(node, 0, sizeof *node);
    describe(&node->topology, directory);
    const struct myc_bus_options options = {
        .topology = &node->topology,
        .node = node->topology.nodes[index].name,
        .contract = &storm_contract,
        .ring_bytes = RING_BYTES};
    STORM_CHECK(myc_posix_create(&node->platform, NULL) == MYC_OK, "no platform");
    STORM_CHECK(myc_waiter_open(&node->waiter, node->platform) == MYC_OK, "no waiter");
    STORM_CHECK(
        myc_bus_create(node->platform, &options, &node->bus, &why) == MYC_OK, "%s", why.text);
    STORM_CHECK(pthread_create(&node->agent, NULL, run_agent, node) == 0, "no thread");
}

static void close_node(struct node *node)
{
    myc_store_release_u32(&node->is_ending, 1);
    myc_bus_wake(node->bus);
    STORM_CHECK(pthread_join(node->agent, NULL) == 0, "no join");
    myc_bus_close(node->bus);
    myc_bus_destroy(node->bus);
    myc_waiter_close(&node->waiter);
    myc_posix_destroy(node->platform);
}

static uint64_t patience(const struct node *node)
{
    return myc_clock_monotonic_ns(node->platform->clock) + PATIENCE_NS;
}

// ---- The publisher ----

static size_t size_of(uint64_t number)
{
    size_t size = content_size(number, SIZE_MAX_BYTES);
    return size < storm_type.size ? storm_type.size : size;
}

static void publish_until(struct node *node, struct myc_publisher *publisher, uint64_t last)
{
    (void)node;
    while (myc_publisher_accepted(publisher) < last) {
        uint64_t number = myc_publisher_accepted(publisher) + 1;
        size_t size = size_of(number);
        void *payload;
        enum myc_status status = myc_publisher_claim(publisher, &storm_type, size, &payload);
        STORM_CHECK(status == MYC_OK, "a claim says %d", (int)status);
        content_fill(payload, size, number);
        status = myc_publisher_commit(publisher, size);
        STORM_CHECK(status == MYC_OK || status == MYC_NO_SUBSCRIBER, "status %d", (int)status);
    }
}

// Waits until it was told of so many deaths: until then the dead count as subscribers.
static void await_deaths(struct node *node, struct myc_publisher *publisher, uint32_t count)
{
    struct myc_notice notice;
    uint64_t deadline_ns = patience(node);
    for (uint32_t told = 0; told < count;) {
        if (myc_publisher_notice(publisher, &notice) == MYC_OK) {
            told += notice.kind == MYC_NOTICE_PEER_DIED ? 1 : 0;
        } else {
            (void)sched_yield();
        }
        STORM_CHECK(
            myc_clock_monotonic_ns(node->platform->clock) < deadline_ns, "told of no death");
    }
}

int order_publisher_role(int socket, const uint64_t numbers[CHILD_NUMBERS_MAX])
{
    static struct node node;
    struct myc_publisher *publisher;
    struct note note = {.kind = BUS_UP};
    const struct myc_publisher_options options = {.block_timeout_ns = PATIENCE_NS};
    struct myc_close_report report;
    open_node(&node, numbers[0], 0);
    enum myc_status status =
        myc_publisher_create(node.bus, &node.waiter, "storm", &options, &publisher, NULL);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    STORM_CHECK(note_send(socket, &note, -1), "not heard");
    status = myc_publisher_await_subscribers(publisher, ORDER_SUBSCRIBERS, patience(&node));
    STORM_CHECK(status == MYC_OK, "not matched: %d", (int)status);
    publish_until(&node, publisher, MESSAGES / 2);
    note.kind = BUS_HALF;
    (void)note_send(socket, &note, -1);
    STORM_CHECK(note_expect(socket, BUS_GO, &note, NULL), "left alone");
    await_deaths(&node, publisher, note.value);
    status = myc_publisher_await_subscribers(publisher, ORDER_SUBSCRIBERS, patience(&node));
    STORM_CHECK(status == MYC_OK, "not matched again: %d", (int)status);
    publish_until(&node, publisher, MESSAGES);
    status = myc_publisher_close(publisher, patience(&node), &report);
    STORM_CHECK(
        status == MYC_OK && report.accepted == MESSAGES && report.undelivered == 0,
        "a close says %d, %llu undelivered",
        (int)status,
        (unsigned long long)report.undelivered);
    STORM_CHECK(note_expect(socket, BUS_OVER, &note, NULL), "left alone");
    close_node(&node);
    return 0;
}

// ---- A subscriber ----

struct heard {
    uint64_t last;
    uint64_t received;
    uint64_t lost;
    uint64_t matched;
    uint64_t died;
    uint64_t ended;
};

static void on_message(const struct myc_delivery *delivery, void *context)
{
    struct heard *heard = context;
    const struct myc_record *record = delivery->record;
    STORM_CHECK(
        record->sequence == heard->last + 1,
        "%llu after %llu",
        (unsigned long long)record->sequence,
        (unsigned long long)heard->last);
    STORM_CHECK(
        record->size == size_of(record->sequence)
            && content_matches(record->payload, record->size, record->sequence),
        "message %llu is another",
        (unsigned long long)record->sequence);
    heard->last = record->sequence;
    heard->received++;
}

static void on_notice(const struct myc_notice *notice, void *context)
{
    struct heard *heard = context;
    if (notice->kind == MYC_NOTICE_MATCHED || notice->kind == MYC_NOTICE_PEER_RESTARTED) {
        heard->last = notice->last;
        heard->matched++;
    } else if (notice->kind == MYC_NOTICE_PEER_DIED) {
        heard->died++;
    } else if (notice->kind == MYC_NOTICE_UNMATCHED) {
        heard->ended++;
    } else {
        heard->lost += notice->count;
        heard->last = notice->last;
    }
}

int order_subscriber_role(int socket, const uint64_t numbers[CHILD_NUMBERS_MAX])
{
    static struct node node;
    struct myc_subscriber *subscriber;
    struct heard heard = {0};
    struct note note = {.kind = BUS_UP};
    open_node(&node, numbers[0], numbers[1]);
    enum myc_status status =
        myc_subscriber_create(node.bus, &node.waiter, "storm", &subscriber, NULL);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    STORM_CHECK(note_send(socket, &note, -1), "not heard");
    uint64_t deadline_ns = patience(&node);
    while (heard.ended == 0) {
        myc_waiter_clear(&node.waiter);
        if (myc_subscriber_poll(subscriber, on_message, on_notice, &heard, 1000) == 0
            && heard.ended == 0) {
            status = myc_subscribers_wait(&node.waiter, &subscriber, 1, deadline_ns);
            STORM_CHECK(
                status == MYC_OK, "nothing comes after %llu", (unsigned long long)heard.last);
        }
    }
    note = (struct note){
        .kind = BUS_REPORT,
        .numbers = {heard.last, heard.received, heard.lost, heard.matched, heard.died}};
    STORM_CHECK(note_send(socket, &note, -1), "not heard");
    STORM_CHECK(note_expect(socket, BUS_OVER, &note, NULL), "left alone");
    close_node(&node);
    return 0;
}

// ---- Who starts them ----

static void start(struct child *children, uint32_t index, uint64_t directory)
{
    const uint64_t numbers[CHILD_NUMBERS_MAX] = {directory, index};
    struct note note;
    child_start(&children[index], index == 0 ? "publisher" : "subscriber", numbers);
    STORM_CHECK(note_expect(children[index].socket, BUS_UP, &note, NULL), "not up");
}

static void check_report(
    const struct note *note, enum order_restart restart, bool is_victim, struct order_sums *sums)
{
    uint64_t received = note->numbers[1];
    uint64_t matched = note->numbers[3];
    uint64_t died = note->numbers[4];
    bool is_of_two = restart == RESTART_WRITER;
    uint64_t wanted = is_victim   ? MESSAGES - MESSAGES / 2
                      : is_of_two ? MESSAGES + MESSAGES / 2
                                  : MESSAGES;
    STORM_CHECK(
        note->numbers[0] == MESSAGES && received == wanted && note->numbers[2] == 0,
        "received %llu of %llu, lost %llu",
        (unsigned long long)received,
        (unsigned long long)wanted,
        (unsigned long long)note->numbers[2]);
    STORM_CHECK(
        matched == (is_of_two ? 2 : 1) && died == (is_of_two ? 1 : 0),
        "matched %llu times, told of %llu deaths",
        (unsigned long long)matched,
        (unsigned long long)died);
    sums->messages += received;
}

static void end_all(
    struct child *children, enum order_restart restart, uint32_t victim, struct order_sums *sums)
{
    struct note note;
    for (uint32_t i = 1; i < NODES; i++) {
        STORM_CHECK(note_expect(children[i].socket, BUS_REPORT, &note, NULL), "no report");
        check_report(&note, restart, restart == RESTART_READER && i == 1 + victim, sums);
    }
    note.kind = BUS_OVER;
    for (uint32_t i = 0; i < NODES; i++) {
        STORM_CHECK(note_send(children[i].socket, &note, -1), "not heard");
        child_await(&children[i]);
    }
}

static void remove_directory(const char *path)
{
    char file[128];
    for (uint32_t i = 0; i < NODES; i++) {
        (void)snprintf(file, sizeof file, "%s/%u.lock", path, i);
        (void)unlink(file);
    }
    STORM_CHECK(rmdir(path) == 0, "%s is not empty", path);
}

static uint64_t wraps_of(uint64_t messages)
{
    uint64_t bytes = 0;
    for (uint64_t number = 1; number <= messages; number++) {
        bytes += myc_record_bytes(size_of(number));
    }
    return bytes / RING_BYTES;
}

void order_bus(
    const uint32_t *order, enum order_restart restart, uint32_t victim, struct order_sums *sums)
{
    struct child children[NODES];
    struct note note;
    char path[64];
    uint64_t directory = (uint64_t)getpid();
    (void)snprintf(path, sizeof path, "/tmp/myc-storm-%llu", (unsigned long long)directory);
    STORM_CHECK(mkdir(path, 0700) == 0, "%s is there already", path);
    for (uint32_t i = 0; i < NODES; i++) {
        start(children, order[i], directory);
    }
    STORM_CHECK(note_expect(children[0].socket, BUS_HALF, &note, NULL), "no half");
    if (restart != RESTART_NOBODY) {
        uint32_t index = restart == RESTART_WRITER ? 0 : 1 + victim;
        child_kill(&children[index]);
        start(children, index, directory);
        sums->restarts++;
    }
    if (restart == RESTART_WRITER) {
        STORM_CHECK(note_expect(children[0].socket, BUS_HALF, &note, NULL), "no half");
    }
    note.kind = BUS_GO;
    note.value = restart == RESTART_READER ? 1 : 0;
    STORM_CHECK(note_send(children[0].socket, &note, -1), "not heard");
    end_all(children, restart, victim, sums);
    remove_directory(path);
    uint64_t wraps = wraps_of(MESSAGES);
    sums->wraps = wraps < sums->wraps ? wraps : sums->wraps;
    STORM_CHECK(wraps >= 100, "only %llu wraps", (unsigned long long)wraps);
    sums->runs++;
}
