// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/thread.h.
#include <mycelium/interface/thread.h>

#include <mycelium/atomic.h>

#include "contract/suites.h"

enum { CREW = 8 };

struct crew {
    struct myc_thread *thread;
    struct myc_atomic_u32 arrived;
    struct myc_atomic_u32 is_open;
    struct myc_atomic_u32 started;
};

struct member {
    struct crew *crew;
    uint64_t first_id;
    uint64_t second_id;
};

static void count_start(void *context)
{
    struct crew *crew = context;
    (void)myc_fetch_add_u32(&crew->started, 1);
}

// A started thread calls its function exactly once, with its context.
static void case_start_runs_once(struct contract_env *env)
{
    struct crew crew = {.thread = env->platform->thread};
    struct myc_handle handle = {0};
    enum myc_status status =
        myc_thread_start(env->platform->thread, count_start, &crew, NULL, &handle);
    CONTRACT_CHECK(env, status == MYC_OK);
    CONTRACT_CHECK(env, handle.value != 0);
    myc_thread_join(env->platform->thread, handle);
    CONTRACT_CHECK(env, myc_load_relaxed_u32(&crew.started) == 1);
}

static void relax_and_count(void *context)
{
    struct crew *crew = context;
    for (uint32_t round = 0; round < 300; round++) {
        myc_thread_relax(crew->thread, round);
    }
    (void)myc_fetch_add_u32(&crew->started, 1);
}

// Join returns after the function did, however long that dawdled.
static void case_join_waits_for_the_end(struct contract_env *env)
{
    struct crew crew = {.thread = env->platform->thread};
    struct myc_handle handle = {0};
    enum myc_status status =
        myc_thread_start(env->platform->thread, relax_and_count, &crew, NULL, &handle);
    CONTRACT_CHECK(env, status == MYC_OK);
    myc_thread_join(env->platform->thread, handle);
    CONTRACT_CHECK(env, myc_load_relaxed_u32(&crew.started) == 1);
}

// Arrives, and stays until the door opens, so that all members live at the same time.
static void meet(void *context)
{
    struct member *member = context;
    struct crew *crew = member->crew;
    member->first_id = myc_thread_current(crew->thread);
    (void)myc_fetch_add_u32(&crew->arrived, 1);
    for (uint32_t round = 0; myc_load_acquire_u32(&crew->is_open) == 0; round++) {
        myc_thread_relax(crew->thread, round); // the acquire pairs with the release in gather
    }
    member->second_id = myc_thread_current(crew->thread);
}

// Starts the crew, waits until all live at once, lets them go; how many could be started.
static uint32_t gather(struct crew *crew, struct member members[CREW])
{
    struct myc_handle handles[CREW];
    uint32_t count = 0;
    while (count < CREW) {
        members[count].crew = crew;
        enum myc_status status =
            myc_thread_start(crew->thread, meet, &members[count], NULL, &handles[count]);
        if (status != MYC_OK) {
            break;
        }
        count++;
    }
    for (uint32_t round = 0; myc_load_acquire_u32(&crew->arrived) < count; round++) {
        myc_thread_relax(crew->thread, round); // the acquire pairs with the add in meet
    }
    myc_store_release_u32(&crew->is_open, 1);
    for (uint32_t i = 0; i < count; i++) {
        myc_thread_join(crew->thread, handles[i]);
    }
    return count;
}

// Threads that only spin with relax let each other, and their starter, come forward.
static void case_relaxing_threads_all_progress(struct contract_env *env)
{
    struct crew crew = {.thread = env->platform->thread};
    struct member members[CREW] = {{0}};
    CONTRACT_CHECK(env, gather(&crew, members) == CREW);
    CONTRACT_CHECK(env, myc_load_relaxed_u32(&crew.arrived) == CREW);
}

// Living threads have numbers of their own, never 0, that do not change.
static void case_current_names_living_threads(struct contract_env *env)
{
    struct crew crew = {.thread = env->platform->thread};
    struct member members[CREW] = {{0}};
    uint64_t self = myc_thread_current(env->platform->thread);
    CONTRACT_CHECK(env, gather(&crew, members) == CREW);
    CONTRACT_CHECK(env, self != 0 && self == myc_thread_current(env->platform->thread));
    for (int i = 0; i < CREW; i++) {
        CONTRACT_CHECK(env, members[i].first_id != 0);
        CONTRACT_CHECK(env, members[i].first_id == members[i].second_id);
        CONTRACT_CHECK(env, members[i].first_id != self);
        for (int j = 0; j < i; j++) {
            CONTRACT_CHECK(env, members[i].first_id != members[j].first_id);
        }
    }
}

// A name longer than the system takes is cut, and a tiny stack is raised to what works.
static void case_options_are_adapted(struct contract_env *env)
{
    const struct myc_thread_options options = {
        .name = "a name of far more than fifteen characters", .stack_bytes = 1};
    struct crew crew = {.thread = env->platform->thread};
    struct myc_handle handle = {0};
    enum myc_status status =
        myc_thread_start(env->platform->thread, relax_and_count, &crew, &options, &handle);
    CONTRACT_CHECK(env, status == MYC_OK);
    myc_thread_join(env->platform->thread, handle);
    CONTRACT_CHECK(env, myc_load_relaxed_u32(&crew.started) == 1);
}

// A CPU that no machine has, or that counts backwards, is an error of the caller.
static void case_unknown_cpu_is_invalid(struct contract_env *env)
{
    const struct myc_thread_options above = {.cpu = INT32_MAX};
    const struct myc_thread_options below = {.cpu = -1};
    struct crew crew = {.thread = env->platform->thread};
    struct myc_thread *thread = env->platform->thread;
    struct myc_handle handle = {0};
    CONTRACT_CHECK(
        env, myc_thread_start(thread, count_start, &crew, &above, &handle) == MYC_INVALID);
    CONTRACT_CHECK(
        env, myc_thread_start(thread, count_start, &crew, &below, &handle) == MYC_INVALID);
    CONTRACT_CHECK(env, handle.value == 0);
    CONTRACT_CHECK(env, myc_load_relaxed_u32(&crew.started) == 0);
}

struct nest {
    struct crew crew;
    struct myc_handle inner;
    enum myc_status status;
};

static void start_inner(void *context)
{
    struct nest *nest = context;
    nest->status =
        myc_thread_start(nest->crew.thread, relax_and_count, &nest->crew, NULL, &nest->inner);
}

// A thread may start another, which outlives it and is joined by a third.
static void case_any_thread_may_start_and_join(struct contract_env *env)
{
    struct nest nest = {.crew = {.thread = env->platform->thread}, .status = MYC_IO};
    struct myc_handle outer = {0};
    enum myc_status status =
        myc_thread_start(env->platform->thread, start_inner, &nest, NULL, &outer);
    CONTRACT_CHECK(env, status == MYC_OK);
    myc_thread_join(env->platform->thread, outer);
    CONTRACT_CHECK(env, nest.status == MYC_OK);
    myc_thread_join(env->platform->thread, nest.inner);
    CONTRACT_CHECK(env, myc_load_relaxed_u32(&nest.crew.started) == 1);
}

// The barrier works, or says always that it does not: there is no third way.
static void case_barrier_is_consistent(struct contract_env *env)
{
    enum myc_status first = myc_thread_barrier(env->platform->thread);
    CONTRACT_CHECK(env, first == MYC_OK || first == MYC_UNSUPPORTED);
    CONTRACT_CHECK(env, myc_thread_barrier(env->platform->thread) == first);
}

// Joining the empty handle is harmless, as closing one is.
static void case_join_accepts_the_empty_handle(struct contract_env *env)
{
    const struct myc_handle empty = {0};
    myc_thread_join(env->platform->thread, empty);
    CONTRACT_CHECK(env, myc_thread_current(env->platform->thread) != 0);
}

static const struct contract_case cases[] = {
    {"start_runs_once", case_start_runs_once},
    {"join_waits_for_the_end", case_join_waits_for_the_end},
    {"relaxing_threads_all_progress", case_relaxing_threads_all_progress},
    {"current_names_living_threads", case_current_names_living_threads},
    {"options_are_adapted", case_options_are_adapted},
    {"unknown_cpu_is_invalid", case_unknown_cpu_is_invalid},
    {"any_thread_may_start_and_join", case_any_thread_may_start_and_join},
    {"barrier_is_consistent", case_barrier_is_consistent},
    {"join_accepts_the_empty_handle", case_join_accepts_the_empty_handle},
};

CONTRACT_SUITE(contract_thread, "thread", cases);
