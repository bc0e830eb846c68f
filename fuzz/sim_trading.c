// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The trading example's scenario, both kinds of run: the input decides the transport, schedules,
// faults, kills, and what the market does. Its oracles are the harness's checks.
int trading_command(int argc, char **argv);

#define TRADING_WITHOUT_MESSAGES // nobody looks at a page while fuzzing
#define main trading_command
#include "../sim/scenarios/trading.c"
#undef main

#include "sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct myc_sim_scenario scenario = {"trading", "", run_any};
    return fuzz_sim(&scenario, data, size);
}
