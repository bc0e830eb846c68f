// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/clock.h.
#include <mycelium/interface/clock.h>

#include <mycelium/interface/poller.h>
#include <mycelium/interface/thread.h>

#include "contract/suites.h"

// A thousand readings in one thread never step back. [CLOCK-1]
static void case_monotonic_never_decreases(struct contract_env *env)
{
    uint64_t before_ns = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t now_ns = myc_clock_monotonic_ns(env->platform->clock);
        CONTRACT_CHECK(env, now_ns >= before_ns);
        before_ns = now_ns;
    }
}

// Who waits for a deadline finds the clock behind it, not before it.
static void case_monotonic_passes_a_deadline(struct contract_env *env)
{
    struct myc_poller *poller = env->platform->poller;
    struct myc_handle handle = {0};
    struct myc_event event;
    size_t count = 0;
    CONTRACT_CHECK(env, myc_poller_open(poller, &handle) == MYC_OK);
    uint64_t deadline_ns = myc_clock_monotonic_ns(env->platform->clock) + 2000000;
    enum myc_status status = myc_poller_wait(poller, handle, &event, 1, deadline_ns, &count);
    myc_poller_close(poller, handle);
    CONTRACT_CHECK(env, status == MYC_TIMEOUT);
    CONTRACT_CHECK(env, myc_clock_monotonic_ns(env->platform->clock) >= deadline_ns);
}

struct reading {
    struct myc_clock *clock;
    uint64_t now_ns;
};

static void read_clock(void *context)
{
    struct reading *reading = context;
    reading->now_ns = myc_clock_monotonic_ns(reading->clock);
}

// A thread reads no earlier time than its starter did before, and no later one than after the join.
static void case_threads_share_one_time(struct contract_env *env)
{
    struct myc_clock *clock = env->platform->clock;
    struct myc_thread *thread = env->platform->thread;
    struct reading reading = {.clock = clock};
    struct myc_handle handle = {0};
    uint64_t before_ns = myc_clock_monotonic_ns(clock);
    CONTRACT_CHECK(env, myc_thread_start(thread, read_clock, &reading, NULL, &handle) == MYC_OK);
    myc_thread_join(thread, handle);
    CONTRACT_CHECK(env, reading.now_ns >= before_ns);
    CONTRACT_CHECK(env, reading.now_ns <= myc_clock_monotonic_ns(clock));
}

// Wall time is a time since 1970, so it is not zero. [CLOCK-2]
static void case_wall_is_set(struct contract_env *env)
{
    CONTRACT_CHECK(env, myc_clock_wall_ns(env->platform->clock) > 0);
}

static const struct contract_case cases[] = {
    {"monotonic_never_decreases", case_monotonic_never_decreases},
    {"monotonic_passes_a_deadline", case_monotonic_passes_a_deadline},
    {"threads_share_one_time", case_threads_share_one_time},
    {"wall_is_set", case_wall_is_set},
};

CONTRACT_SUITE(contract_clock, "clock", cases);
