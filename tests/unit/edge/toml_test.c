// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Topology files: what a good one becomes, and the one line that each bad one is answered with.
 */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mycelium/posix.h>
#include <mycelium/toml.h>

static const char four_nodes[] = "# the demo's\n"
                                 "[nodes.market]\n"
                                 "endpoint = \"unix:market.sock\"\n"
                                 "services = [\"adapter\"]\n"
                                 "\n"
                                 "[nodes.strategy]\n"
                                 "endpoint = \"unix:/run/s.sock\"\n"
                                 "services = [\"arbitrage\", \"scout\"]\n"
                                 "\n"
                                 "[nodes.a]\n"
                                 "endpoint = \"tcp:127.0.0.1:47110\"\n"
                                 "services = [\"risk\"]\n";

static enum myc_status parse(
    const char *text,
    const char *directory,
    struct myc_topology *topology,
    struct myc_diagnostic *why)
{
    return myc_toml_parse_topology(text, strlen(text), "t.toml", directory, topology, why);
}

// Nodes keep the order of the file, although a TOML table is sorted by name. [TOML-1]
static void test_nodes_are_in_file_order(void **state)
{
    (void)state;
    struct myc_topology topology;
    struct myc_diagnostic why;
    assert_int_equal(parse(four_nodes, NULL, &topology, &why), MYC_OK);
    assert_int_equal(topology.node_count, 3);
    assert_string_equal(topology.nodes[0].name, "market");
    assert_string_equal(topology.nodes[1].name, "strategy");
    assert_string_equal(topology.nodes[2].name, "a");
    assert_int_equal(topology.nodes[0].transport, MYC_TRANSPORT_UNIX);
    assert_int_equal(topology.nodes[1].transport, MYC_TRANSPORT_UNIX);
    assert_int_equal(topology.nodes[2].transport, MYC_TRANSPORT_TCP);
    assert_int_equal(topology.nodes[2].address.port, 47110);
    assert_int_equal(topology.nodes[1].service_count, 2);
    assert_string_equal(topology.nodes[1].services[0], "arbitrage");
    assert_string_equal(topology.nodes[1].services[1], "scout");
    assert_string_equal(topology.nodes[2].services[0], "risk");
}

// A relative socket path lies below the directory, an absolute one stays where it is.
static void test_directory_is_put_before_relative_paths(void **state)
{
    (void)state;
    struct myc_topology topology;
    assert_int_equal(parse(four_nodes, "run/x", &topology, NULL), MYC_OK);
    assert_string_equal(topology.nodes[0].address.text, "run/x/market.sock");
    assert_string_equal(topology.nodes[1].address.text, "/run/s.sock");
    assert_int_equal(parse(four_nodes, NULL, &topology, NULL), MYC_OK);
    assert_string_equal(topology.nodes[0].address.text, "market.sock");
}

// Comments and strings may be in any language, also behind a byte order mark.
static void test_letters_beyond_ascii_are_text(void **state)
{
    (void)state;
    struct myc_topology topology;
    static const char text[] = "\xEF\xBB\xBF# M\xC3\xA4rkte \"\n"
                               "[nodes.a] # \xD0\x82\n"
                               "endpoint = \"unix:/run/\\\"\xC3\xA4\" # '\n"
                               "services = ['s']\n";
    assert_int_equal(parse(text, NULL, &topology, NULL), MYC_OK);
    assert_string_equal(topology.nodes[0].address.text, "/run/\"\xC3\xA4");
}

struct bad_case {
    const char *text;
    const char *place; /* how the answer begins */
    const char *says;  /* what it contains */
};

#define NODE "[nodes.a]\nendpoint = \"local\"\nservices = [\"s\"]\n"

static const struct bad_case bad_cases[] = {
    {"[nodes.a\n", "t.toml:1: ", "not valid TOML"},
    {"[nodes.a]\nendpoint = \n", "t.toml:2: ", "not valid TOML"},
    {"[nodes.a]\nendpoint = \"local\"\nendpoint = \"local\"\n", "t.toml:3: ", "not valid TOML"},
    {NODE "[.a]\n", "t.toml:4: ", "not valid TOML"},
    {NODE "\n\"\"\"\n# \xC3\xA4", "t.toml:6: ", "letters beyond ASCII belong in quotes"},
    {"[nodes.a]\ne\xD0\x82point = \"local\"\n", "t.toml:2: ", "letters beyond ASCII belong"},
    {"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1\n",
     "t.toml:1: ",
     "too many dots in a line"},
    {"", "t.toml:1: ", "add a table [nodes.NAME]"},
    {"[nodes]\n", "t.toml:1: ", "add a table [nodes.NAME]"},
    {"nodes = 3\n", "t.toml:1: ", "write [nodes.NAME]"},
    {"\n[nodes]\na = 3\n", "t.toml:3: ", "node 'a' must be a table"},
    {NODE "[extra]\n", "t.toml:4: ", "unknown key 'extra'"},
    {NODE "colour = 1\n", "t.toml:4: ", "unknown key 'colour' in node 'a'"},
    {"\n[nodes.a]\nservices = [\"s\"]\n", "t.toml:2: ", "node 'a' has no 'endpoint'"},
    {"\n[nodes.a]\nendpoint = \"local\"\n", "t.toml:2: ", "node 'a' has no 'services'"},
    {"[nodes.a]\nservices = []\nendpoint = 5\n", "t.toml:3: ", "'endpoint' must be a string"},
    {"[nodes.a]\nendpoint = \"local\"\nservices = \"s\"\n", "t.toml:3: ", "must be an array"},
    {"[nodes.a]\nendpoint = \"local\"\nservices = [\n 7]\n", "t.toml:4: ", "strings only"},
    {"[nodes.a]\nendpoint = \"local\"\nservices = [\"s\",\n\"s\"]\n",
     "t.toml:4: ",
     "'s' is already"},
    {"[nodes.a]\nendpoint=\"tcp:127.0.0.1:1\"\nservices=[\"s\"]\n"
     "[nodes.b]\nendpoint=\"tcp:127.0.0.1:2\"\nservices=[\"s\"]\n",
     "t.toml:6: ",
     "on node 'a'"},
    {"[nodes.\"a b\"]\nendpoint = \"local\"\nservices = [\"s\"]\n", "t.toml:1: ", "is not a name"},
    {"[nodes.a]\nendpoint = \"local\"\nservices = [\"\"]\n", "t.toml:3: ", "is not a name"},
    {"[nodes.a]\nendpoint = \"local\"\nservices = [\"abcdefghijabcdefghijabcdefghijab\"]\n",
     "t.toml:3: ",
     "at most 31 characters"},
    {"[nodes.a]\nendpoint = \"udp:1.2.3.4:5\"\nservices = [\"s\"]\n", "t.toml:2: ", "node 'a': "},
    {"[nodes.a]\nendpoint = \"tcp:127.0.0.1:70000\"\nservices = [\"s\"]\n", "t.toml:2: ", "70000"},
    {"[nodes.a]\nendpoint = \"tcp:localhost:4711\"\nservices = [\"s\"]\n",
     "t.toml:2: ",
     "node 'a': "},
    {"[nodes.a]\nendpoint = \"unix:\"\nservices = [\"s\"]\n", "t.toml:2: ", "node 'a': "},
    {"[nodes.a]\nendpoint = \"unix:a\\u0000b\"\nservices = [\"s\"]\n", "t.toml:2: ", "zero byte"},
    {NODE "[nodes.b]\nendpoint = \"unix:b\"\nservices = [\"t\"]\n", "t.toml:4: ", "local"},
    {"[nodes.a]\nendpoint=\"unix:a\"\nservices=[]\n[nodes.b]\nendpoint=\"shm:b\"\nservices=[\"t\"]"
     "\n",
     "t.toml:4: ",
     "node 'b'"},
    {"[nodes.a]\nendpoint=\"unix:x\"\nservices=[\"s\"]\n[nodes.b]\nendpoint=\"unix:x\"\nservices=["
     "\"t\"]\n",
     "t.toml:4: ",
     "b"},
};

// Each mistake is named with file and line, on one line, and nothing is handed out.
static void test_bad_files_are_answered_with_place_and_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++) {
        const struct bad_case *bad = &bad_cases[i];
        struct myc_topology topology;
        struct myc_topology untouched;
        memset(&topology, 0x5a, sizeof(topology));
        memset(&untouched, 0x5a, sizeof(untouched));
        struct myc_diagnostic why;
        if (parse(bad->text, NULL, &topology, &why) != MYC_SYNTAX
            || strncmp(why.text, bad->place, strlen(bad->place)) != 0
            || strstr(why.text, bad->says) == NULL || strchr(why.text, '\n') != NULL) {
            fail_msg(
                "case %zu: expected '%s' ... '%s', got '%s'", i, bad->place, bad->says, why.text);
        }
        assert_int_equal(why.status, MYC_SYNTAX);
        assert_memory_equal(&topology, &untouched, sizeof(topology));
    }
}

// A topology with one node more than there may be is refused at that node's line.
static void test_too_many_nodes_are_refused(void **state)
{
    (void)state;
    static char text[8192];
    size_t len = 0;
    for (int i = 0; i <= MYC_NODES_MAX; i++) {
        len += (size_t)snprintf(
            text + len,
            sizeof(text) - len,
            "[nodes.n%d]\nendpoint = \"unix:s%d\"\nservices = [\"v%d\"]\n",
            i,
            i,
            i);
    }
    struct myc_topology topology;
    struct myc_diagnostic why;
    assert_int_equal(parse(text, NULL, &topology, &why), MYC_SYNTAX);
    char place[32];
    (void)snprintf(place, sizeof(place), "t.toml:%d: ", 3 * MYC_NODES_MAX + 1);
    assert_int_equal(strncmp(why.text, place, strlen(place)), 0);
}

// Wrong arguments are refused, whether or not somebody wants to know why.
static void test_null_arguments_are_refused(void **state)
{
    (void)state;
    struct myc_topology topology;
    assert_int_equal(myc_toml_parse_topology(NULL, 1, "t", NULL, &topology, NULL), MYC_INVALID);
    assert_int_equal(myc_toml_parse_topology("", 0, NULL, NULL, &topology, NULL), MYC_INVALID);
    assert_int_equal(myc_toml_parse_topology("", 0, "t", NULL, NULL, NULL), MYC_INVALID);
    assert_int_equal(myc_toml_load_topology(NULL, "t", NULL, &topology, NULL), MYC_INVALID);
}

// Shared memory is for all nodes or for none.
static void test_shared_memory_is_for_all_nodes(void **state)
{
    (void)state;
    static const char both[] = "[nodes.a]\nendpoint = \"shm:a\"\nservices = [\"x\"]\n"
                               "[nodes.b]\nendpoint = \"shm:b\"\nservices = [\"y\"]\n";
    static const char one[] = "[nodes.a]\nendpoint = \"shm:a\"\nservices = [\"x\"]\n"
                              "[nodes.b]\nendpoint = \"unix:b\"\nservices = [\"y\"]\n";
    struct myc_topology topology;
    struct myc_diagnostic why;
    assert_int_equal(parse(both, NULL, &topology, &why), MYC_OK);
    assert_int_equal(topology.nodes[1].transport, MYC_TRANSPORT_SHM);
    assert_int_equal(parse(one, NULL, &topology, &why), MYC_SYNTAX);
    assert_non_null(strstr(why.text, "'b'"));
}

// A file is read through the platform, and one that is not there is named.
static void test_files_are_loaded_through_the_platform(void **state)
{
    (void)state;
    struct myc_platform *platform = NULL;
    assert_int_equal(myc_posix_create(&platform, NULL), MYC_OK);
    char path[] = "toml_test_XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    size_t size = sizeof(four_nodes) - 1;
    assert_int_equal(write(descriptor, four_nodes, size), (ssize_t)size);
    close(descriptor);

    struct myc_topology topology;
    struct myc_diagnostic why;
    assert_int_equal(myc_toml_load_topology(platform, path, NULL, &topology, &why), MYC_OK);
    assert_int_equal(topology.node_count, 3);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(myc_toml_load_topology(platform, path, NULL, &topology, &why), MYC_NOT_FOUND);
    assert_int_equal(strncmp(why.text, path, strlen(path)), 0);
    myc_posix_destroy(platform);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes_are_in_file_order),
        cmocka_unit_test(test_letters_beyond_ascii_are_text),
        cmocka_unit_test(test_directory_is_put_before_relative_paths),
        cmocka_unit_test(test_bad_files_are_answered_with_place_and_remedy),
        cmocka_unit_test(test_too_many_nodes_are_refused),
        cmocka_unit_test(test_null_arguments_are_refused),
        cmocka_unit_test(test_shared_memory_is_for_all_nodes),
        cmocka_unit_test(test_files_are_loaded_through_the_platform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
