// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Topology files: any bytes either give a topology that passes the check, the same one twice, whose
// nodes are found by their names; or an error of one line that starts with the file's name.
#include <string.h>

#include <mycelium/toml.h>

#include "fuzz.h"
#include "steps.h"

// toml++ keeps a few small objects a byte; its parser is linear but for tables made in pieces.
enum { STEPS_BASE = 20000, STEPS_PER_BYTE = 20000 };

static enum myc_status parse(
    const char *text,
    size_t size,
    struct myc_topology *out_topology,
    struct myc_diagnostic *diagnostic)
{
    memset(out_topology, 0, sizeof *out_topology);
    return myc_toml_parse_topology(text, size, "file.toml", "/run", out_topology, diagnostic);
}

static void check_topology(const struct myc_topology *topology)
{
    FUZZ_CHECK(myc_topology_check(topology, NULL) == MYC_OK);
    FUZZ_CHECK(topology->node_count >= 1 && topology->node_count <= MYC_NODES_MAX);
    for (uint32_t i = 0; i < topology->node_count; i++) {
        const struct myc_topology_node *node = &topology->nodes[i];
        FUZZ_CHECK(myc_topology_find_node(topology, node->name) == (int32_t)i);
        FUZZ_CHECK(node->service_count <= MYC_NODE_SERVICES_MAX);
        for (uint32_t j = 0; j < node->service_count; j++) {
            size_t len = strnlen(node->services[j], MYC_NAME_BYTES);
            FUZZ_CHECK(len >= 1 && len < MYC_NAME_BYTES);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct myc_topology first;
    static struct myc_topology second;
    struct myc_diagnostic diagnostic = {0};
    char *text = malloc(size > 0 ? size : 1);
    FUZZ_CHECK(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    fuzz_steps_begin();
    enum myc_status status = parse(text, size, &first, &diagnostic);
    fuzz_steps_end(size, STEPS_BASE, STEPS_PER_BYTE);
    if (status == MYC_OK) {
        check_topology(&first);
        FUZZ_CHECK(parse(text, size, &second, NULL) == MYC_OK);
        FUZZ_CHECK(memcmp(&first, &second, sizeof first) == 0);
    } else {
        FUZZ_CHECK(diagnostic.status == status);
        FUZZ_CHECK(strncmp(diagnostic.text, "file.toml:", 10) == 0);
        FUZZ_CHECK(diagnostic.text[10] >= '1' && diagnostic.text[10] <= '9');
        FUZZ_CHECK(strchr(diagnostic.text, '\n') == NULL);
    }
    free(text);
    return 0;
}
