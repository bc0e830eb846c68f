// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The shop in the simulator, as it is and with the bug that services.c can be told to have.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <string.h>

#include "services.h"
#include "shop.h"

struct world {
    struct myc_sim *sim;
    struct myc_sim_process process;
    struct myc_topology topology;
    struct shop_day day;
};

// Cleared at the start of each run, so that no run depends on another.
static struct world the_world;

static int shop_main(struct myc_platform *platform, void *arg)
{
    struct world *world = arg;
    const struct myc_service_entry entries[] = {
        {&shop_till, &world->day}, {&shop_left, &world->day}, {&shop_right, &world->day}};
    const struct myc_node_options options = {
        .topology = &world->topology,
        .node = "all",
        .contract = &shop_contract,
        .services = entries,
        .service_count = 3};
    struct myc_node *node = NULL;
    struct myc_diagnostic why;
    enum myc_status status = myc_node_create(platform, &options, &node, &why);
    if (status == MYC_OK) {
        status = myc_node_run(node, &why);
        myc_node_destroy(node);
    }
    return status == MYC_OK ? 0 : 1;
}

static bool has_ended(void *context)
{
    const struct world *world = context;
    return !myc_sim_is_running(world->sim, world->process);
}

static void run(struct myc_sim *sim, bool shares_tally)
{
    static const char *const names[] = {"till", "left", "right"};
    struct world *world = &the_world;
    memset(world, 0, sizeof(*world));
    world->sim = sim;
    world->day.sales = 10;
    world->day.shares_tally = shares_tally;
    world->topology.node_count = 1;
    struct myc_topology_node *node = &world->topology.nodes[0]; // zeroed is a local endpoint
    memcpy(node->name, "all", sizeof("all"));
    node->service_count = 3;
    for (size_t i = 0; i < 3; i++) {
        memcpy(node->services[i], names[i], strlen(names[i]) + 1);
    }
    world->process = myc_sim_start(sim, "host", "shop", shop_main, world);
    bool is_over = myc_sim_run_until(sim, has_ended, world, UINT64_C(60000000000));
    myc_sim_check(sim, is_over, "the shop closes within a minute");
    myc_sim_check(sim, myc_sim_exit_code(sim, world->process) == 0, "every service ends well");
    const struct shop_day *day = &world->day;
    myc_sim_check(sim, day->is_closed[0] && day->is_closed[1], "both clerks saw every sale");
    myc_sim_check(
        sim,
        !shares_tally || day->tally == day->counts[0] + day->counts[1],
        "the tally is what the clerks counted");
}

static void run_right(struct myc_sim *sim)
{
    run(sim, false);
}

static void run_broken(struct myc_sim *sim)
{
    run(sim, true);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"shop", "a till and two clerks", run_right},
        {"broken", "the clerks share a tally without a lock", run_broken},
    };
    return myc_sim_main(argc, argv, scenarios, 2);
}
