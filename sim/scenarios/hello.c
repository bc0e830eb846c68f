// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The smallest complete scenario: a process with two threads that hand a number over through a word
 * they wait on. Oracles: the number arrives, and a killed process is seen as one.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <mycelium/atomic.h>
#include <mycelium/bytes.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>

enum { ROUNDS = 20, OUT_OF_MEMORY = 3 };

struct hand_over {
    struct myc_platform *platform;
    struct myc_atomic_u32 word;
    uint32_t received;
};

/* Receives every number up to ROUNDS. */
static void receive(void *context)
{
    struct hand_over *shared = context;
    while (shared->received < ROUNDS) {
        // Pairs with the release in send().
        uint32_t seen = myc_load_acquire_u32(&shared->word);
        if (seen > shared->received) {
            shared->received = seen;
            continue;
        }
        (void)myc_wait_wait(
            shared->platform->wait, &shared->word, seen, MYC_NEVER, MYC_WAIT_PROCESS);
    }
}

static int serve(struct myc_platform *platform, void *arg)
{
    (void)arg;
    struct hand_over *shared = myc_memory_allocate(platform->memory, sizeof(*shared), 8);
    struct myc_handle thread = {0};
    if (shared == NULL) {
        return OUT_OF_MEMORY;
    }
    shared->platform = platform;
    if (myc_thread_start(platform->thread, receive, shared, NULL, &thread) != MYC_OK) {
        myc_memory_release(platform->memory, shared, sizeof(*shared));
        return 1;
    }
    for (uint32_t i = 1; i <= ROUNDS; i++) {
        myc_store_release_u32(&shared->word, i);
        (void)myc_wait_wake(platform->wait, &shared->word, 1, MYC_WAIT_PROCESS);
    }
    myc_thread_join(platform->thread, thread);
    int exit_code = shared->received == ROUNDS ? 0 : 2;
    myc_memory_release(platform->memory, shared, sizeof(*shared));
    return exit_code;
}

struct ended {
    struct myc_sim *sim;
    struct myc_sim_process process;
};

static bool has_ended(void *context)
{
    const struct ended *ended = context;
    return !myc_sim_is_running(ended->sim, ended->process);
}

static void run(struct myc_sim *sim)
{
    struct ended ended = {sim, myc_sim_start(sim, "a", "hello", serve, NULL)};
    myc_sim_allow_kill(sim, ended.process, 1);
    bool is_over = myc_sim_run_until(sim, has_ended, &ended, UINT64_C(1000000000));
    myc_sim_check(sim, is_over, "the process ends within a second");
    if (myc_sim_was_killed(sim, ended.process)) {
        myc_sim_count(sim, "killed", 1);
        myc_sim_check(
            sim, myc_sim_exit_code(sim, ended.process) == -1, "a killed process returns nothing");
        return;
    }
    if (myc_sim_allocations_refused(sim, ended.process) > 0) {
        myc_sim_check(
            sim,
            myc_sim_exit_code(sim, ended.process) == OUT_OF_MEMORY,
            "who gets no memory says so");
        return;
    }
    myc_sim_check(sim, myc_sim_exit_code(sim, ended.process) == 0, "every number arrives");
    myc_sim_count(sim, "handed over", ROUNDS);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"hello", "two threads of a process hand numbers over", run},
    };
    return myc_sim_main(argc, argv, scenarios, 1);
}
