// SPDX-License-Identifier: MIT OR Apache-2.0
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>
#include <mycelium/sim/node.h>

#include "services.h"
#include "shop.h"

static void run_day(struct myc_sim *sim)
{
    struct shop_day day = {.sales = 10};
    struct shop_clerk left = {.parity = 0};
    struct shop_clerk right = {.parity = 1};
    const struct myc_service_entry services[] = {
        {&shop_till, &day}, {&shop_left, &left}, {&shop_right, &right}};
    struct myc_sim_node node = {
        .contract = &shop_contract, .services = services, .service_count = 3};
    struct myc_sim_process shop = myc_sim_start(sim, "host", "shop", myc_sim_node_main, &node);
    bool is_over = myc_sim_run_until_ended(sim, shop, UINT64_C(60000000000));
    myc_sim_check(sim, is_over, "the shop closes within a minute");
    myc_sim_check(sim, myc_sim_exit_code(sim, shop) == 0, "every service ends well");
    myc_sim_check(sim, left.cents + right.cents == 1000, "every sale is in the takings");
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {{"shop", "a till, two clerks", run_day}};
    return myc_sim_main(argc, argv, scenarios, 1);
}
