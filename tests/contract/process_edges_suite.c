// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contracts of process.h and thread.h with several children and many threads.
#include <mycelium/interface/process.h>

#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/thread.h>

#include "contract/suites.h"

enum { CHILDREN = 3, CREW = 24, ROUNDS = 100, DESCRIPTORS_MAX = 1100 };

static bool is_same(const struct myc_process_identity *a, const struct myc_process_identity *b)
{
    return a->pid == b->pid && a->start_time == b->start_time;
}

/* Ends a child, waits for that, and collects it. */
static bool finish(struct contract_env *env, const struct myc_process_identity *child)
{
    struct myc_process *process = env->platform->process;
    struct myc_handle watch = {0};
    struct myc_exit ended;
    enum myc_status status = myc_process_watch(process, child, &watch);
    bool is_gone = status == MYC_NOT_FOUND;
    if (status == MYC_OK) {
        is_gone = myc_process_signal(process, child, MYC_SIGNAL_KILL) == MYC_OK
                  && contract_await(env, watch, MYC_READABLE) == MYC_READABLE;
        myc_process_watch_close(process, watch);
    }
    return is_gone && myc_process_reap(process, child, &ended) == MYC_OK;
}

static bool has_no_child(struct contract_env *env)
{
    if (env->child_wait_argv == NULL || env->child_exit_argv == NULL) {
        env->skip_reason = "no programs to start";
        return true;
    }
    return false;
}

// Children of one program are several processes, and the end of one is not that of the others.
static void case_children_are_apart(struct contract_env *env)
{
    struct myc_process *process = env->platform->process;
    struct myc_process_identity children[CHILDREN];
    if (has_no_child(env)) {
        return;
    }
    for (int i = 0; i < CHILDREN; i++) {
        CONTRACT_CHECK(
            env, myc_process_spawn(process, env->child_wait_argv, &children[i]) == MYC_OK);
        for (int j = 0; j < i; j++) {
            CONTRACT_CHECK(env, !is_same(&children[i], &children[j]));
        }
    }
    CONTRACT_CHECK(env, finish(env, &children[1]));
    CONTRACT_CHECK(env, myc_process_life(process, &children[0]) == MYC_LIFE_RUNS);
    CONTRACT_CHECK(env, myc_process_life(process, &children[1]) == MYC_LIFE_ENDED);
    CONTRACT_CHECK(env, myc_process_life(process, &children[2]) == MYC_LIFE_RUNS);
    CONTRACT_CHECK(env, finish(env, &children[0]));
    CONTRACT_CHECK(env, finish(env, &children[2]));
}

// Any number of watches report one end.
static void case_watches_are_independent(struct contract_env *env)
{
    struct myc_process *process = env->platform->process;
    struct myc_process_identity child;
    struct myc_handle one = {0};
    struct myc_handle other = {0};
    struct myc_handle early = {0};
    struct myc_exit ended;
    if (has_no_child(env)) {
        return;
    }
    CONTRACT_CHECK(env, myc_process_spawn(process, env->child_wait_argv, &child) == MYC_OK);
    CONTRACT_CHECK(env, myc_process_watch(process, &child, &one) == MYC_OK);
    CONTRACT_CHECK(env, myc_process_watch(process, &child, &early) == MYC_OK);
    CONTRACT_CHECK(env, myc_process_watch(process, &child, &other) == MYC_OK);
    myc_process_watch_close(process, early);
    CONTRACT_CHECK(env, myc_process_signal(process, &child, MYC_SIGNAL_KILL) == MYC_OK);
    CONTRACT_CHECK(env, contract_await(env, one, MYC_READABLE) == MYC_READABLE);
    CONTRACT_CHECK(env, contract_await(env, other, MYC_READABLE) == MYC_READABLE);
    CONTRACT_CHECK(env, myc_process_reap(process, &child, &ended) == MYC_OK);
    myc_process_watch_close(process, one);
    myc_process_watch_close(process, other);
}

// Collecting the child takes nothing from a watch that reported it.
static void case_watch_outlives_the_reaping(struct contract_env *env)
{
    struct myc_process *process = env->platform->process;
    struct myc_process_identity child;
    struct myc_handle watch = {0};
    struct myc_exit ended;
    if (has_no_child(env)) {
        return;
    }
    CONTRACT_CHECK(env, myc_process_spawn(process, env->child_wait_argv, &child) == MYC_OK);
    CONTRACT_CHECK(env, myc_process_watch(process, &child, &watch) == MYC_OK);
    CONTRACT_CHECK(env, myc_process_signal(process, &child, MYC_SIGNAL_KILL) == MYC_OK);
    CONTRACT_CHECK(env, contract_await(env, watch, MYC_READABLE) == MYC_READABLE);
    CONTRACT_CHECK(env, myc_process_reap(process, &child, &ended) == MYC_OK);
    CONTRACT_CHECK(env, (contract_look(env, watch, MYC_READABLE) & MYC_READABLE) != 0);
    myc_process_watch_close(process, watch);
}

// Nobody is a child of itself.
static void case_self_cannot_be_reaped(struct contract_env *env)
{
    struct myc_process *process = env->platform->process;
    struct myc_process_identity self;
    struct myc_exit ended;
    CONTRACT_CHECK(env, myc_process_identify(process, &self) == MYC_OK);
    CONTRACT_CHECK(env, myc_process_reap(process, &self, &ended) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, myc_process_life(process, &self) == MYC_LIFE_RUNS);
}

// Whom one cannot ask, for want of descriptors, is not said to have ended, nor is one who ended to
// run. With room again the answer is certain.
static void case_nobody_is_dead_for_want_of_descriptors(struct contract_env *env)
{
    struct myc_process *process = env->platform->process;
    struct myc_poller *poller = env->platform->poller;
    struct myc_process_identity self;
    struct myc_process_identity nobody;
    struct myc_handle bells[DESCRIPTORS_MAX];
    uint32_t count = 0;
    enum myc_status status = MYC_OK;
    CONTRACT_CHECK(env, myc_process_identify(process, &self) == MYC_OK);
    nobody = self;
    nobody.start_time++;
    while (count < DESCRIPTORS_MAX && status == MYC_OK) {
        status = myc_doorbell_open(poller, &bells[count]);
        count += status == MYC_OK ? 1 : 0;
    }
    enum myc_life self_life = myc_process_life(process, &self);
    enum myc_life nobody_life = myc_process_life(process, &nobody);
    // With one left, which may be one too few.
    myc_doorbell_close(poller, bells[--count]);
    enum myc_life later_life = myc_process_life(process, &self);
    while (count > 0) {
        myc_doorbell_close(poller, bells[--count]);
    }
    CONTRACT_CHECK(env, status == MYC_LIMIT);
    CONTRACT_CHECK(env, self_life != MYC_LIFE_ENDED);
    CONTRACT_CHECK(env, nobody_life != MYC_LIFE_RUNS);
    CONTRACT_CHECK(env, later_life != MYC_LIFE_ENDED);
    CONTRACT_CHECK(env, myc_process_life(process, &self) == MYC_LIFE_RUNS);
    CONTRACT_CHECK(env, myc_process_life(process, &nobody) == MYC_LIFE_ENDED);
}

// Children that come one after the other are different incarnations, whatever their pids.
static void case_incarnations_differ(struct contract_env *env)
{
    struct myc_process *process = env->platform->process;
    struct myc_process_identity before = {0};
    if (has_no_child(env)) {
        return;
    }
    for (int i = 0; i < CHILDREN; i++) {
        struct myc_process_identity child;
        CONTRACT_CHECK(env, myc_process_spawn(process, env->child_wait_argv, &child) == MYC_OK);
        CONTRACT_CHECK(env, !is_same(&child, &before));
        CONTRACT_CHECK(env, myc_process_life(process, &before) == MYC_LIFE_ENDED);
        CONTRACT_CHECK(env, finish(env, &child));
        before = child;
    }
}

// The children of a process live on its host and boot.
static void case_child_shares_the_boot(struct contract_env *env)
{
    struct myc_process *process = env->platform->process;
    struct myc_process_identity self;
    struct myc_process_identity child;
    if (has_no_child(env)) {
        return;
    }
    CONTRACT_CHECK(env, myc_process_identify(process, &self) == MYC_OK);
    CONTRACT_CHECK(env, myc_process_spawn(process, env->child_wait_argv, &child) == MYC_OK);
    bool is_same_boot = memcmp(self.boot_id, child.boot_id, sizeof(self.boot_id)) == 0;
    CONTRACT_CHECK(env, finish(env, &child));
    CONTRACT_CHECK(env, is_same_boot);
}

// ---- Threads ----

struct worker {
    struct myc_thread *thread;
    const uint32_t *input; /* plain memory that the starter wrote */
    uint32_t output;       /* plain memory that the starter reads after the join */
    struct myc_atomic_u32 *arrived;
    uint32_t expected;
};

static void work(void *context)
{
    struct worker *worker = context;
    worker->output = *worker->input + 1;
    (void)myc_fetch_add_u32(worker->arrived, 1);
    for (uint32_t round = 0; myc_load_acquire_u32(worker->arrived) < worker->expected; round++) {
        myc_thread_relax(worker->thread, round); // the acquire pairs with the adds
    }
}

// Two dozen threads live at once; each sees what was written before its start, and what it wrote
// is seen after its join, in whatever order they are joined.
static void case_start_and_join_order_memory(struct contract_env *env)
{
    struct myc_atomic_u32 arrived = {0};
    struct worker workers[CREW];
    uint32_t inputs[CREW];
    struct myc_handle handles[CREW] = {{0}};
    struct myc_thread *thread = env->platform->thread;
    for (uint32_t i = 0; i < CREW; i++) {
        inputs[i] = i * 100;
        workers[i] = (struct worker){thread, &inputs[i], 0, &arrived, CREW};
        CONTRACT_CHECK(
            env, myc_thread_start(thread, work, &workers[i], NULL, &handles[i]) == MYC_OK);
    }
    for (uint32_t i = 0; i < CREW; i++) {
        myc_thread_join(thread, handles[CREW - 1 - i]);
    }
    for (uint32_t i = 0; i < CREW; i++) {
        CONTRACT_CHECK(env, workers[i].output == i * 100 + 1);
    }
}

// Threads can be started and joined one after the other for as long as one likes.
static void case_threads_come_and_go(struct contract_env *env)
{
    struct myc_thread *thread = env->platform->thread;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct myc_atomic_u32 arrived = {0};
        struct worker worker = {thread, &i, 0, &arrived, 1};
        struct myc_handle handle = {0};
        CONTRACT_CHECK(env, myc_thread_start(thread, work, &worker, NULL, &handle) == MYC_OK);
        CONTRACT_CHECK(env, handle.value != 0);
        myc_thread_join(thread, handle);
        CONTRACT_CHECK(env, worker.output == i + 1);
    }
}

// No name and an empty name are names, and the first CPU is there.
static void case_plain_options_are_accepted(struct contract_env *env)
{
    const struct myc_thread_options options[] = {
        {.name = NULL}, {.name = ""}, {.name = "x", .stack_bytes = 512 * 1024}};
    struct myc_thread *thread = env->platform->thread;
    for (uint32_t i = 0; i < 3; i++) {
        struct myc_atomic_u32 arrived = {0};
        struct worker worker = {thread, &i, 0, &arrived, 1};
        struct myc_handle handle = {0};
        CONTRACT_CHECK(
            env, myc_thread_start(thread, work, &worker, &options[i], &handle) == MYC_OK);
        myc_thread_join(thread, handle);
        CONTRACT_CHECK(env, worker.output == i + 1);
    }
}

static const struct contract_case cases[] = {
    {"children_are_apart", case_children_are_apart},
    {"watches_are_independent", case_watches_are_independent},
    {"watch_outlives_the_reaping", case_watch_outlives_the_reaping},
    {"self_cannot_be_reaped", case_self_cannot_be_reaped},
    {"nobody_is_dead_for_want_of_descriptors", case_nobody_is_dead_for_want_of_descriptors},
    {"incarnations_differ", case_incarnations_differ},
    {"child_shares_the_boot", case_child_shares_the_boot},
    {"start_and_join_order_memory", case_start_and_join_order_memory},
    {"threads_come_and_go", case_threads_come_and_go},
    {"plain_options_are_accepted", case_plain_options_are_accepted},
};

CONTRACT_SUITE(contract_process_edges, "process-edges", cases);
