// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/process.h.
#include <mycelium/interface/process.h>

#include <string.h>

#include <mycelium/interface/poller.h>

#include "contract/suites.h"

static bool is_same(const struct myc_process_identity *a, const struct myc_process_identity *b)
{
    return a->pid == b->pid && a->start_time == b->start_time
           && memcmp(a->boot_id, b->boot_id, sizeof(a->boot_id)) == 0;
}

// A process has one identity for its life, and it is alive while it asks.
static void case_self_is_alive(struct contract_env *env)
{
    struct myc_process *process = env->platform->process;
    struct myc_process_identity first;
    struct myc_process_identity second;
    CONTRACT_CHECK(env, myc_process_identify(process, &first) == MYC_OK);
    CONTRACT_CHECK(env, myc_process_identify(process, &second) == MYC_OK);
    CONTRACT_CHECK(env, first.pid != 0);
    CONTRACT_CHECK(env, is_same(&first, &second));
    CONTRACT_CHECK(env, myc_process_life(process, &first) == MYC_LIFE_RUNS);
}

// The same pid with another start time, or of another boot, is somebody else, who is gone.
static void case_pid_alone_proves_nothing(struct contract_env *env)
{
    struct myc_process *process = env->platform->process;
    struct myc_process_identity self;
    struct myc_handle watch = {0};
    CONTRACT_CHECK(env, myc_process_identify(process, &self) == MYC_OK);
    struct myc_process_identity other = self;
    other.start_time++;
    CONTRACT_CHECK(env, myc_process_life(process, &other) == MYC_LIFE_ENDED);
    CONTRACT_CHECK(env, myc_process_watch(process, &other, &watch) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, myc_process_signal(process, &other, MYC_SIGNAL_KILL) == MYC_NOT_FOUND);
    other = self;
    other.boot_id[3] ^= 1;
    CONTRACT_CHECK(env, myc_process_life(process, &other) == MYC_LIFE_ENDED);
    CONTRACT_CHECK(env, myc_process_signal(process, &other, MYC_SIGNAL_KILL) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, watch.value == 0);
}

// The zeroed identity names nobody: not the caller, not its group.
static void case_zeroed_identity_is_nobody(struct contract_env *env)
{
    struct myc_process *process = env->platform->process;
    const struct myc_process_identity nobody = {0};
    struct myc_handle watch = {0};
    struct myc_exit ended;
    CONTRACT_CHECK(env, myc_process_life(process, &nobody) == MYC_LIFE_ENDED);
    CONTRACT_CHECK(env, myc_process_watch(process, &nobody, &watch) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, myc_process_signal(process, &nobody, MYC_SIGNAL_KILL) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, myc_process_reap(process, &nobody, &ended) == MYC_NOT_FOUND);
}

// The watch of a living process is silent.
static void case_watch_of_the_living_is_silent(struct contract_env *env)
{
    struct myc_process *process = env->platform->process;
    struct myc_process_identity self;
    struct myc_handle watch = {0};
    CONTRACT_CHECK(env, myc_process_identify(process, &self) == MYC_OK);
    CONTRACT_CHECK(env, myc_process_watch(process, &self, &watch) == MYC_OK);
    CONTRACT_CHECK(env, contract_look(env, watch, MYC_READABLE) == 0);
    myc_process_watch_close(process, watch);
    myc_process_watch_close(process, (struct myc_handle){0});
}

// A program that is not there cannot be started.
static void case_spawn_of_nothing_is_not_found(struct contract_env *env)
{
    char path[CONTRACT_PATH_BYTES];
    struct myc_process_identity child = {0};
    CONTRACT_CHECK(env, contract_path(env, "program", path));
    const char *const argv[] = {path, NULL};
    CONTRACT_CHECK(env, myc_process_spawn(env->platform->process, argv, &child) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, child.pid == 0);
}

// Waits for the end of a child through a watch; no watch is needed for one that is gone already.
static bool await_end(struct contract_env *env, const struct myc_process_identity *child)
{
    struct myc_process *process = env->platform->process;
    struct myc_handle watch = {0};
    enum myc_status status = myc_process_watch(process, child, &watch);
    if (status != MYC_OK) {
        return status == MYC_NOT_FOUND;
    }
    uint32_t events = contract_await(env, watch, MYC_READABLE);
    myc_process_watch_close(process, watch);
    return events == MYC_READABLE;
}

// A child that returns is dead at once, reaped once, and its code comes through.
static void case_exit_code_is_reaped(struct contract_env *env)
{
    struct myc_process *process = env->platform->process;
    struct myc_process_identity child;
    struct myc_exit ended = {0};
    struct myc_handle watch = {0};
    if (env->child_exit_argv == NULL) {
        env->skip_reason = "no program that exits";
        return;
    }
    CONTRACT_CHECK(env, myc_process_spawn(process, env->child_exit_argv, &child) == MYC_OK);
    CONTRACT_CHECK(env, await_end(env, &child));
    CONTRACT_CHECK(env, myc_process_life(process, &child) == MYC_LIFE_ENDED);
    CONTRACT_CHECK(env, myc_process_watch(process, &child, &watch) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, myc_process_reap(process, &child, &ended) == MYC_OK);
    CONTRACT_CHECK(env, ended.code == CONTRACT_CHILD_CODE);
    CONTRACT_CHECK(env, ended.signal == 0);
    CONTRACT_CHECK(env, myc_process_reap(process, &child, &ended) == MYC_NOT_FOUND);
}

// Ends a running child with a signal and checks what everybody sees before, between and after.
static void end_child(struct contract_env *env, enum myc_signal signal)
{
    struct myc_process *process = env->platform->process;
    struct myc_process_identity self;
    struct myc_process_identity child;
    struct myc_exit ended = {0};
    if (env->child_wait_argv == NULL) {
        env->skip_reason = "no program that waits";
        return;
    }
    CONTRACT_CHECK(env, myc_process_identify(process, &self) == MYC_OK);
    CONTRACT_CHECK(env, myc_process_spawn(process, env->child_wait_argv, &child) == MYC_OK);
    CONTRACT_CHECK(env, !is_same(&self, &child));
    CONTRACT_CHECK(env, myc_process_life(process, &child) == MYC_LIFE_RUNS);
    CONTRACT_CHECK(env, myc_process_reap(process, &child, &ended) == MYC_AGAIN);
    CONTRACT_CHECK(env, myc_process_signal(process, &child, signal) == MYC_OK);
    CONTRACT_CHECK(env, await_end(env, &child));
    CONTRACT_CHECK(env, myc_process_life(process, &child) == MYC_LIFE_ENDED);
    CONTRACT_CHECK(env, myc_process_signal(process, &child, signal) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, myc_process_reap(process, &child, &ended) == MYC_OK);
    CONTRACT_CHECK(env, ended.code == -1);
    CONTRACT_CHECK(env, ended.signal != 0);
    CONTRACT_CHECK(env, myc_process_life(process, &child) == MYC_LIFE_ENDED);
}

// A killed child is dead before it is reaped, and its exit names the signal.
static void case_killed_child_is_dead(struct contract_env *env)
{
    end_child(env, MYC_SIGNAL_KILL);
}

// The polite signal ends a child that does not object.
static void case_terminated_child_is_dead(struct contract_env *env)
{
    end_child(env, MYC_SIGNAL_TERMINATE);
}

// A watch that was there before the end reports it: the owner need not ask again and again.
static void case_watch_reports_the_end(struct contract_env *env)
{
    struct myc_process *process = env->platform->process;
    struct myc_process_identity child;
    struct myc_handle watch = {0};
    struct myc_exit ended = {0};
    if (env->child_wait_argv == NULL) {
        env->skip_reason = "no program that waits";
        return;
    }
    CONTRACT_CHECK(env, myc_process_spawn(process, env->child_wait_argv, &child) == MYC_OK);
    CONTRACT_CHECK(env, myc_process_watch(process, &child, &watch) == MYC_OK);
    CONTRACT_CHECK(env, contract_look(env, watch, MYC_READABLE) == 0);
    CONTRACT_CHECK(env, myc_process_signal(process, &child, MYC_SIGNAL_KILL) == MYC_OK);
    CONTRACT_CHECK(env, contract_await(env, watch, MYC_READABLE) == MYC_READABLE);
    CONTRACT_CHECK(env, contract_look(env, watch, MYC_READABLE) == MYC_READABLE);
    myc_process_watch_close(process, watch);
    CONTRACT_CHECK(env, myc_process_reap(process, &child, &ended) == MYC_OK);
}

static const struct contract_case cases[] = {
    {"self_is_alive", case_self_is_alive},
    {"pid_alone_proves_nothing", case_pid_alone_proves_nothing},
    {"zeroed_identity_is_nobody", case_zeroed_identity_is_nobody},
    {"watch_of_the_living_is_silent", case_watch_of_the_living_is_silent},
    {"spawn_of_nothing_is_not_found", case_spawn_of_nothing_is_not_found},
    {"exit_code_is_reaped", case_exit_code_is_reaped},
    {"killed_child_is_dead", case_killed_child_is_dead},
    {"terminated_child_is_dead", case_terminated_child_is_dead},
    {"watch_reports_the_end", case_watch_reports_the_end},
};

CONTRACT_SUITE(contract_process, "process", cases);
