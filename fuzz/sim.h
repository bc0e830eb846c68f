// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the harnesses of the simulator share: one execution is one run, whose draws are the input's
 * bytes. A run that fails stops the fuzzer. `--bytes` of the simulator's command replays the input.
 *
 * Include it after the scenario, whose file holds the simulator's implementation.
 */
#ifndef MYC_FUZZ_SIM_H
#define MYC_FUZZ_SIM_H

#include <mycelium/sim.h>

#include <stdio.h>

#include "fuzz.h"

/* Draws beyond are 0: longer inputs only make it harder to find the byte that matters. */
enum { FUZZ_SIM_BYTES_MAX = 16 * 1024 };

/* Runs the scenario once; each run is a world of its own, only stacks are kept between them. */
static inline int
fuzz_sim(const struct myc_sim_scenario *scenario, const uint8_t *data, size_t size)
{
    static struct myc_sim_stack_cache stacks;
    static struct myc_sim_result *result;
    static const uint8_t none[1];
    const struct myc_sim_options options = {
        .bytes = size > 0 ? data : none,
        .bytes_size = size < FUZZ_SIM_BYTES_MAX ? size : FUZZ_SIM_BYTES_MAX,
        .stack_cache = &stacks,
        .repro_start = "./dev sim"};
    if (result == NULL) {
        result = malloc(sizeof(*result));
        FUZZ_CHECK(result != NULL);
    }
    FUZZ_CHECK(myc_sim_run(scenario, &options, result));
    if (result->is_failed) {
        (void)fputs(result->report, stderr);
        abort();
    }
    myc_sim_result_deinit(result);
    return 0;
}

#endif
