// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Endpoints and the rules of topologies, case by case.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <mycelium/topology.h>

// Endpoints that are read, and as what. [TOPO-2]
static void test_endpoint_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *directory;
        enum myc_transport_kind transport;
        enum myc_address_kind kind;
        const char *address;
        uint16_t port;
    } cases[] = {
        {"local", NULL, MYC_TRANSPORT_LOCAL, MYC_ADDRESS_NONE, "", 0},
        {"shm:a", NULL, MYC_TRANSPORT_SHM, MYC_ADDRESS_UNIX, "a", 0},
        {"unix:a", "d", MYC_TRANSPORT_UNIX, MYC_ADDRESS_UNIX, "d/a", 0},
        {"unix:/a", "d", MYC_TRANSPORT_UNIX, MYC_ADDRESS_UNIX, "/a", 0},
        {"tcp:127.0.0.1:1", NULL, MYC_TRANSPORT_TCP, MYC_ADDRESS_TCP, "127.0.0.1", 1},
        {"tcp:127.0.0.1:65535", NULL, MYC_TRANSPORT_TCP, MYC_ADDRESS_TCP, "127.0.0.1", 65535},
        {"tcp:[::1]:7000", NULL, MYC_TRANSPORT_TCP, MYC_ADDRESS_TCP, "::1", 7000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum myc_transport_kind transport = MYC_TRANSPORT_LOCAL;
        struct myc_address address;
        assert_int_equal(
            myc_endpoint_parse(cases[i].text, cases[i].directory, &transport, &address, NULL),
            MYC_OK);
        assert_int_equal(transport, cases[i].transport);
        assert_int_equal(address.kind, cases[i].kind);
        assert_string_equal(address.text, cases[i].address);
        assert_int_equal(address.port, cases[i].port);
    }
}

// Endpoints that are refused; the diagnostic quotes them and nothing is written.
static void test_endpoint_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "LOCAL",
        "local:",
        "unix",
        "unix:",
        "shm:",
        "tcp:",
        "tcp:1",
        "tcp::1",
        "tcp:h:",
        "tcp:h:0",
        "tcp:h:65536",
        "tcp:h:100000",
        "tcp:h:4294967297",
        "tcp:h:-1",
        "tcp:h:1x",
        "tcp:h: 1",
        "tcp:[]:1",
        "udp:h:1",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        enum myc_transport_kind transport = MYC_TRANSPORT_SHM;
        struct myc_address address = {.port = 77};
        struct myc_diagnostic diagnostic;
        assert_int_equal(
            myc_endpoint_parse(texts[i], NULL, &transport, &address, &diagnostic), MYC_SYNTAX);
        assert_non_null(strstr(diagnostic.text, "endpoint "));
        assert_int_equal(transport, MYC_TRANSPORT_SHM);
        assert_int_equal(address.port, 77);
    }
}

// The longest path still fits, counted together with its directory.
static void test_endpoint_counts_the_directory(void **state)
{
    (void)state;
    char text[128];
    enum myc_transport_kind transport = MYC_TRANSPORT_LOCAL;
    struct myc_address address;
    memset(text, 'a', sizeof(text));
    memcpy(text, "unix:", 5);
    text[5 + 103] = '\0';
    assert_int_equal(myc_endpoint_parse(text, NULL, &transport, &address, NULL), MYC_SYNTAX);
    text[5 + 102] = '\0';
    assert_int_equal(myc_endpoint_parse(text, NULL, &transport, &address, NULL), MYC_OK);
    assert_int_equal(strlen(address.text), 102);
    assert_int_equal(myc_endpoint_parse(text, "d", &transport, &address, NULL), MYC_SYNTAX);
    text[5 + 100] = '\0';
    assert_int_equal(myc_endpoint_parse(text, "d", &transport, &address, NULL), MYC_OK);
    assert_int_equal(strlen(address.text), 102);
}

static struct myc_topology sound_topology(void)
{
    struct myc_topology topology = {
        .node_count = 2,
        .nodes = {
            {.name = "a",
             .transport = MYC_TRANSPORT_UNIX,
             .address = {.kind = MYC_ADDRESS_UNIX, .text = "a"},
             .service_count = 2,
             .services = {"one", "two"}},
            {.name = "b",
             .transport = MYC_TRANSPORT_TCP,
             .address = {.kind = MYC_ADDRESS_TCP, .text = "127.0.0.1", .port = 9},
             .service_count = 1,
             .services = {"three"}},
        }};
    return topology;
}

static void check(const struct myc_topology *topology, const char *said)
{
    struct myc_diagnostic diagnostic;
    enum myc_status status = myc_topology_check(topology, &diagnostic);
    assert_int_equal(status, said == NULL ? MYC_OK : MYC_INVALID);
    if (said != NULL) {
        assert_non_null(strstr(diagnostic.text, said));
    }
}

// A sound topology passes; each broken rule is named. [TOPO-1]
static void test_topology_rules_of_one_node(void **state)
{
    (void)state;
    struct myc_topology topology = sound_topology();
    check(&topology, NULL);
    assert_int_equal(myc_topology_find_node(&topology, "b"), 1);
    assert_int_equal(myc_topology_find_node(&topology, "c"), -1);
    topology.node_count = 0;
    check(&topology, "1 to 16 nodes");
    topology.node_count = MYC_NODES_MAX + 1;
    check(&topology, "1 to 16 nodes");
    topology = sound_topology();
    topology.nodes[0].name[0] = '\0';
    check(&topology, "no name");
    topology = sound_topology();
    memset(topology.nodes[0].name, 'n', MYC_NAME_BYTES);
    check(&topology, "no name");
    topology = sound_topology();
    topology.nodes[0].services[1][0] = '\0';
    check(&topology, "a service has no name");
    topology = sound_topology();
    topology.nodes[0].service_count = MYC_NODE_SERVICES_MAX + 1;
    check(&topology, "more than 16 services");
    topology = sound_topology();
    topology.nodes[0].address.kind = MYC_ADDRESS_TCP;
    check(&topology, "does not fit the transport");
    topology = sound_topology();
    topology.nodes[0].transport = MYC_TRANSPORT_LOCAL;
    topology.nodes[0].address.kind = MYC_ADDRESS_NONE;
    check(&topology, "whole system");
    topology.node_count = 1;
    check(&topology, NULL);
    topology = sound_topology();
    memcpy(topology.nodes[0].services[1], "one", 4);
    check(&topology, "listed twice: 'one'");
}

// Rules between nodes.
static void test_topology_rules_between_nodes(void **state)
{
    (void)state;
    struct myc_topology topology = sound_topology();
    memcpy(topology.nodes[1].name, "a", 2);
    check(&topology, "name is taken");
    topology = sound_topology();
    memcpy(topology.nodes[1].services[0], "two", 4);
    check(&topology, "listed twice: 'two'");
    topology = sound_topology();
    topology.nodes[1].transport = MYC_TRANSPORT_UNIX;
    topology.nodes[1].address = topology.nodes[0].address;
    check(&topology, "already that of node 'a'");
    topology.nodes[1].address.text[0] = 'b';
    check(&topology, NULL);
    topology.nodes[1].transport = MYC_TRANSPORT_SHM;
    check(&topology, "shared memory works only if");
    topology.nodes[0].transport = MYC_TRANSPORT_SHM;
    check(&topology, NULL);
    topology = sound_topology();
    topology.nodes[0].transport = MYC_TRANSPORT_TCP;
    topology.nodes[0].address = topology.nodes[1].address;
    check(&topology, "already that of node 'a'");
    topology.nodes[0].address.port = 10;
    check(&topology, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoint_is_read),
        cmocka_unit_test(test_endpoint_is_refused),
        cmocka_unit_test(test_endpoint_counts_the_directory),
        cmocka_unit_test(test_topology_rules_of_one_node),
        cmocka_unit_test(test_topology_rules_between_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
