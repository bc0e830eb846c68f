// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A target that must crash: two threads, and a bug that shows only if both are preempted in a
// narrow place, one within the other. A fuzzer that cannot steer schedules does not find it.
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include "sim.h"

#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/interface/thread.h>

enum { ROUNDS = 6 };

static struct {
    struct myc_sim *sim;
    struct myc_atomic_u32 stage;
} it;

// The one thread goes through four stages and back, over and over; each lasts a step.
static void walk(void *context)
{
    (void)context;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        for (uint32_t stage = 1; stage <= 4; stage++) {
            myc_store_release_u32(&it.stage, stage);
        }
        myc_store_release_u32(&it.stage, 0);
    }
}

// The other must see the stages 1, 2, 3 and 4 in loads of its own that follow each other.
static void watch(void *context)
{
    uint32_t expected = 1;
    (void)context;
    for (uint32_t i = 0; i < 4 * ROUNDS; i++) {
        uint32_t stage = myc_load_acquire_u32(&it.stage);
        expected = stage == expected ? expected + 1 : 1;
        myc_sim_check(it.sim, expected <= 4, "nobody sees all four stages in turn");
    }
}

static int canary_main(struct myc_platform *platform, void *arg)
{
    struct myc_handle thread = {0};
    (void)arg;
    if (myc_thread_start(platform->thread, watch, NULL, NULL, &thread) != MYC_OK) {
        return 1;
    }
    walk(NULL);
    myc_thread_join(platform->thread, thread);
    return 0;
}

static bool has_ended(void *context)
{
    const struct myc_sim_process *process = context;
    return !myc_sim_is_running(it.sim, *process);
}

static void run_canary(struct myc_sim *sim)
{
    memset(&it, 0, sizeof(it));
    it.sim = sim;
    struct myc_sim_process process = myc_sim_start(sim, "host", "canary", canary_main, NULL);
    (void)myc_sim_run_until(sim, has_ended, &process, MYC_NEVER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct myc_sim_scenario scenario = {"canary", "", run_canary};
    return fuzz_sim(&scenario, data, size);
}
