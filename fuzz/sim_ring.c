// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The ring's scenario "kernel", atomic by atomic: the input decides schedules, values read and
// messages. Its oracles are the harness's checks.
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include "sim.h"

#include "ring_kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct myc_sim_scenario scenario = {"kernel", "", ring_kernel_run};
    return fuzz_sim(&scenario, data, size);
}
