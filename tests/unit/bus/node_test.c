// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Nodes: services on threads of their own, how they stop, fail and report.
 */
#include "unit/bus/bus_fixture.h"

#include <mycelium/atomic.h>
#include <mycelium/service.h>

enum { MESSAGES = 500 };

// What the services share with the test; written by one thread, read after the node has run.
struct tale {
    uint64_t handled;
    uint64_t sum;
    uint32_t inits;
    uint32_t shutdowns;
    enum myc_status slept;
    enum myc_status failing; // what the init of `broken` returns
    struct myc_node *node;
};

static enum myc_status source_run(struct myc_context *context)
{
    struct myc_publisher *publisher = myc_context_publisher(context, "alpha");
    enum myc_status status = myc_publisher_await_subscribers(publisher, 1, MYC_NEVER);
    for (uint64_t i = 1; status == MYC_OK && i <= MESSAGES; i++) {
        struct message message = {.value = i, .twice = 2 * i};
        status = myc_publish(publisher, &alpha, &message, sizeof(message));
        myc_context_count(context, "sent", 1);
    }
    return status;
}

static void
sink_handle(struct myc_context *context, const void *message, const struct myc_record *record)
{
    struct tale *tale = myc_context_argument(context);
    uint64_t *own = myc_context_state(context);
    (*own)++;
    tale->handled = *own;
    tale->sum += ((const struct message *)message)->value;
    (void)record;
    if (((const struct message *)message)->value == MESSAGES) {
        myc_context_request_stop(context);
    }
}

static enum myc_status count_init(struct myc_context *context)
{
    struct tale *tale = myc_context_argument(context);
    tale->inits++;
    return tale->failing;
}

static void count_shutdown(struct myc_context *context)
{
    struct tale *tale = myc_context_argument(context);
    tale->shutdowns++;
}

static enum myc_status sleeper_run(struct myc_context *context)
{
    struct tale *tale = myc_context_argument(context);
    tale->slept = myc_context_sleep_until(context, MYC_NEVER);
    return MYC_OK;
}

// Sleeps to a deadline that has passed, then ends the whole node.
static enum myc_status stopper_run(struct myc_context *context)
{
    struct tale *tale = myc_context_argument(context);
    enum myc_status status = myc_context_sleep_until(context, 1);
    myc_node_request_stop(tale->node);
    return status;
}

static const char *const source_topics[] = {"alpha", NULL};
static const struct myc_handler sink_handlers[] = {{.type = &alpha, .handle = sink_handle}};
static const struct myc_service source = {
    .name = "source", .publishes = source_topics, .run = source_run};
static const struct myc_service sink = {
    .name = "sink",
    .state_bytes = sizeof(uint64_t),
    .handlers = sink_handlers,
    .handler_count = 1,
    .init = count_init,
    .shutdown = count_shutdown,
};
// Publishes what no contract here knows, then what every sink handles.
static enum myc_status oddball_run(struct myc_context *context)
{
    static const struct myc_message_type stranger = {
        .id = 99, .version = 3, .size = 8, .name = "Stranger", .topic = "alpha"};
    const uint64_t payload = 5;
    const struct message message = {.value = MESSAGES, .twice = 2 * MESSAGES};
    struct myc_publisher *publisher = myc_context_publisher(context, "alpha");
    enum myc_status status = myc_publisher_await_subscribers(publisher, 1, MYC_NEVER);
    for (int i = 0; status == MYC_OK && i < 3; i++) {
        status = myc_publish(publisher, &stranger, &payload, sizeof(payload));
    }
    if (status == MYC_OK) {
        status = myc_publish(publisher, &alpha, &message, sizeof(message));
    }
    return status == MYC_NO_SUBSCRIBER ? MYC_OK : status;
}

static void
keeper_handle(struct myc_context *context, const void *message, const struct myc_record *record)
{
    struct tale *tale = myc_context_argument(context);
    struct myc_subscriber *subscriber = myc_context_subscriber(context, "alpha");
    struct myc_stored stored;
    (void)message;
    (void)record;
    tale->sum += myc_context_subscriber(context, "beta") != NULL;
    while (myc_subscriber_stored(subscriber, &stored) == MYC_OK) {
        tale->handled += stored.record.type == 99 && stored.record.version == 3;
        myc_subscriber_stored_drop(subscriber);
    }
    myc_context_request_stop(context);
}

static const struct myc_service oddball = {
    .name = "oddball", .publishes = source_topics, .run = oddball_run};
static const struct myc_handler keeper_handlers[] = {{.type = &alpha, .handle = keeper_handle}};
static const struct myc_service keeper = {
    .name = "keeper",
    .handlers = keeper_handlers,
    .handler_count = 1,
    .reading = {.on_unknown = MYC_UNKNOWN_STORE},
};
static const struct myc_service purist = {
    .name = "purist",
    .handlers = keeper_handlers,
    .handler_count = 1,
    .reading = {.on_unknown = MYC_UNKNOWN_FAIL},
};
static const struct myc_service sleeper = {.name = "sleeper", .run = sleeper_run};
static const struct myc_service stopper = {.name = "stopper", .run = stopper_run};
static const struct myc_service broken = {
    .name = "broken", .init = count_init, .run = sleeper_run, .shutdown = count_shutdown};

static struct myc_topology one_node(const char *first, const char *second)
{
    struct myc_topology topology = {.node_count = 1, .nodes = {{.name = "all"}}};
    topology.nodes[0].service_count = 2;
    (void)snprintf(topology.nodes[0].services[0], MYC_NAME_BYTES, "%s", first);
    (void)snprintf(topology.nodes[0].services[1], MYC_NAME_BYTES, "%s", second);
    return topology;
}

// Runs a node of two services and leaves the reports in `reports`.
static enum myc_status run_pair(
    const char *first,
    const char *second,
    struct tale *tale,
    struct myc_service_report reports[2],
    struct myc_diagnostic *diagnostic)
{
    struct myc_platform *platform = NULL;
    struct myc_topology topology = one_node(first, second);
    struct myc_service_entry entries[] = {
        {&source, tale},
        {&sink, tale},
        {&sleeper, tale},
        {&stopper, tale},
        {&broken, tale},
        {&oddball, tale},
        {&keeper, tale},
        {&purist, tale}};
    struct myc_node_options options = {
        .topology = &topology,
        .node = "all",
        .contract = &fixture_contract,
        .services = entries,
        .service_count = sizeof(entries) / sizeof(entries[0]),
        .ring_bytes = RING_BYTES,
    };
    size_t descriptors = fixture_count_descriptors();
    assert_int_equal(myc_posix_create(&platform, NULL), MYC_OK);
    enum myc_status status = myc_node_create(platform, &options, &tale->node, diagnostic);
    if (status == MYC_OK) {
        status = myc_node_run(tale->node, diagnostic);
        for (size_t i = 0; i < 2; i++) {
            reports[i] = *myc_node_report(tale->node, i);
        }
        assert_null(myc_node_report(tale->node, 2));
        myc_node_destroy(tale->node);
    }
    myc_posix_destroy(platform);
    assert_int_equal(fixture_count_descriptors(), descriptors);
    return status;
}

// Two services, two threads: everything published is handled, although the ring is far too small
// for it, and the node ends by itself.
static void test_node_runs_two_services_to_their_end(void **state)
{
    (void)state;
    struct tale tale = {0};
    struct myc_service_report reports[2];
    assert_int_equal(run_pair("source", "sink", &tale, reports, NULL), MYC_OK);
    assert_int_equal(tale.handled, MESSAGES);
    assert_int_equal(tale.sum, MESSAGES * (MESSAGES + 1) / 2);
    assert_int_equal(tale.inits, 1);
    assert_int_equal(tale.shutdowns, 1);
    assert_string_equal(reports[0].name, "source");
    assert_int_equal(reports[0].accepted, MESSAGES);
    assert_int_equal(reports[0].undelivered, 0);
    assert_int_equal(reports[0].counter_count, 1);
    assert_string_equal(reports[0].counters[0].name, "sent");
    assert_int_equal(reports[0].counters[0].value, MESSAGES);
    assert_int_equal(reports[1].delivered, MESSAGES);
    assert_int_equal(reports[1].lost, 0);
    assert_int_equal(reports[1].peers_died, 0);
}

// By default a service goes on behind types that its contract does not know, and its report counts
// them.
static void test_node_passes_over_unknown_types(void **state)
{
    (void)state;
    struct tale tale = {0};
    struct myc_service_report reports[2];
    assert_int_equal(run_pair("oddball", "sink", &tale, reports, NULL), MYC_OK);
    assert_int_equal(tale.handled, 1);
    assert_int_equal(reports[1].unknown, 3);
    assert_int_equal(reports[1].invalid + reports[1].premature, 0);
}

// A service may look at what its subscriber kept.
static void test_node_keeps_unknown_types(void **state)
{
    (void)state;
    struct tale tale = {0};
    struct myc_service_report reports[2];
    assert_int_equal(run_pair("oddball", "keeper", &tale, reports, NULL), MYC_OK);
    assert_int_equal(tale.handled, 3);
    assert_int_equal(tale.sum, 0); // It has no other topic.
    assert_int_equal(reports[1].unknown, 3);
}

// A service that insists on known types ends its node, which names topic and type.
static void test_node_fails_for_unknown_types(void **state)
{
    (void)state;
    struct tale tale = {0};
    struct myc_service_report reports[2];
    struct myc_diagnostic diagnostic;
    assert_int_equal(run_pair("oddball", "purist", &tale, reports, &diagnostic), MYC_MISMATCH);
    assert_string_equal(
        diagnostic.text,
        "service 'purist': topic 'alpha': the contract does not know type 99, version 3, which "
        "node "
        "'all' published with sequence 1");
    assert_int_equal(reports[1].status, MYC_MISMATCH);
    assert_int_equal(reports[1].unknown, 1);
    assert_int_equal(tale.handled, 0);
}

// Asking the node to stop ends a sleep that would have no end.
static void test_node_stop_ends_a_sleep(void **state)
{
    (void)state;
    struct tale tale = {.slept = MYC_OK};
    struct myc_service_report reports[2];
    assert_int_equal(run_pair("sleeper", "stopper", &tale, reports, NULL), MYC_OK);
    assert_int_equal(tale.slept, MYC_CANCELLED);
}

// A service whose init fails ends the node, is shut down, and is named.
static void test_node_reports_a_failing_init(void **state)
{
    (void)state;
    struct tale tale = {.failing = MYC_LIMIT};
    struct myc_service_report reports[2];
    struct myc_diagnostic diagnostic;
    assert_int_equal(run_pair("source", "broken", &tale, reports, &diagnostic), MYC_LIMIT);
    assert_non_null(strstr(diagnostic.text, "broken"));
    assert_int_equal(tale.inits, 1);
    assert_int_equal(tale.shutdowns, 1);
    assert_int_equal(reports[1].status, MYC_LIMIT);
    // The source waited for a subscriber that never came, and was cancelled.
    assert_int_equal(reports[0].status, MYC_CANCELLED);
}

// A topology that names a service the program does not have is refused before anything is opened.
static void test_node_refuses_an_unknown_service(void **state)
{
    (void)state;
    struct tale tale = {0};
    struct myc_service_report reports[2];
    struct myc_diagnostic diagnostic;
    assert_int_equal(run_pair("source", "nobody", &tale, reports, &diagnostic), MYC_NOT_FOUND);
    assert_non_null(strstr(diagnostic.text, "nobody"));
    assert_non_null(strstr(diagnostic.text, "sleeper"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_node_runs_two_services_to_their_end),
        cmocka_unit_test(test_node_passes_over_unknown_types),
        cmocka_unit_test(test_node_keeps_unknown_types),
        cmocka_unit_test(test_node_fails_for_unknown_types),
        cmocka_unit_test(test_node_stop_ends_a_sleep),
        cmocka_unit_test(test_node_reports_a_failing_init),
        cmocka_unit_test(test_node_refuses_an_unknown_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
