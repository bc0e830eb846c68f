// SPDX-License-Identifier: MIT OR Apache-2.0
//
// One node of a topology: shop TOPOLOGY.toml NODE [RUN_DIR].
#include <stdio.h>

#include <mycelium/posix.h>
#include <mycelium/toml.h>

#include "services.h"
#include "shop.h"

static enum myc_status
run(struct myc_platform *platform,
    char **argv,
    const struct myc_service_entry *entries,
    struct myc_diagnostic *why)
{
    struct myc_topology topology;
    struct myc_node *node = NULL;
    const struct myc_node_options options = {
        .topology = &topology,
        .node = argv[2],
        .contract = &shop_contract,
        .services = entries,
        .service_count = 3};
    enum myc_status status = myc_toml_load_topology(platform, argv[1], argv[3], &topology, why);
    if (status == MYC_OK) {
        status = myc_node_create(platform, &options, &node, why);
    }
    if (status == MYC_OK) {
        status = myc_node_run(node, why);
        myc_node_destroy(node);
    }
    return status;
}

int main(int argc, char **argv)
{
    struct shop_day day = {.sales = 1000};
    struct shop_clerk left = {.parity = 0};
    struct shop_clerk right = {.parity = 1};
    const struct myc_service_entry entries[] = {
        {&shop_till, &day}, {&shop_left, &left}, {&shop_right, &right}};
    struct myc_platform *platform = NULL;
    struct myc_diagnostic why;
    if (argc != 3 && argc != 4) {
        (void)fprintf(stderr, "usage: shop TOPOLOGY.toml NODE [RUN_DIR]\n");
        return 2;
    }
    enum myc_status status = myc_posix_create(&platform, &why);
    if (status == MYC_OK) {
        status = run(platform, argv, entries, &why);
        myc_posix_destroy(platform);
    }
    if (status != MYC_OK) {
        (void)fprintf(stderr, "shop: %s\n", why.text);
        return 1;
    }
    (void)printf(
        "%s: left took %llu cents, right took %llu cents\n",
        argv[2],
        (unsigned long long)left.cents,
        (unsigned long long)right.cents);
    return 0;
}
