// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * With --shrink, --trace or --report the campaign runs in a child process, so that a run that
 * crashes or never ends is shrunk and shown as well. Part of the implementation unit.
 */
#ifndef MYC_SIM_RUNNER_GUARD_H
#define MYC_SIM_RUNNER_GUARD_H

#include <mycelium/sim/runner_shrink.h>
#include <mycelium/sim/runner_watch.h>

#include <sys/prctl.h>

/* What the campaign's process tells its parent, in memory that they share. */
struct sim__guard {
    uint64_t seed; /* of the run under way, and what is broken in it */
    uint64_t crash_point;
    uint64_t crash_next_point;
    uint64_t alloc_number;
    bool alloc_is_sticky;
    bool is_over; /* the campaign came to its own end */
    char crash_process[SIM__NAME_BYTES];
    char alloc_process[SIM__NAME_BYTES];
};

void sim__guard_seed(struct sim__runner *runner, uint64_t seed)
{
    struct sim__guard *guard = runner->guard;
    if (guard == NULL) {
        return;
    }
    const char *crash = runner->crash_process != NULL ? runner->crash_process : "";
    const char *alloc = runner->alloc_process != NULL ? runner->alloc_process : "";
    guard->seed = seed;
    guard->crash_point = runner->crash_point;
    guard->crash_next_point = runner->crash_next_point;
    guard->alloc_number = runner->alloc_number;
    guard->alloc_is_sticky = runner->alloc_is_sticky;
    (void)snprintf(guard->crash_process, sizeof(guard->crash_process), "%s", crash);
    (void)snprintf(guard->alloc_process, sizeof(guard->alloc_process), "%s", alloc);
}

/* Shrinks and shows the run that ended the campaign's process. */
static int sim__guard_ended(struct sim__runner *runner)
{
    const struct sim__guard *guard = runner->guard;
    int exit_code = SIM__EXIT_FAILURE;
    runner->failed_count = 1;
    runner->failed_seed = guard->seed;
    if (guard->crash_process[0] != '\0') {
        runner->crash_process = guard->crash_process;
        runner->crash_point = guard->crash_point;
        runner->crash_next_point = guard->crash_next_point;
    }
    if (guard->alloc_process[0] != '\0') {
        runner->alloc_process = guard->alloc_process;
        runner->alloc_number = guard->alloc_number;
        runner->alloc_is_sticky = guard->alloc_is_sticky;
    }
    if (runner->shrinks) {
        exit_code = sim__runner_shrink(runner, runner->failed_seed);
    }
    if (exit_code == SIM__EXIT_FAILURE) {
        exit_code = sim__runner_view(runner, exit_code);
    }
    return runner->expects_failure && exit_code == SIM__EXIT_FAILURE ? SIM__EXIT_OK : exit_code;
}

static int sim__guard_child(struct sim__runner *runner, int (*campaign)(struct sim__runner *runner))
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    sim__watch_start(runner->run_seconds_max); // a child does not inherit it
    int exit_code = campaign(runner);
    (void)fflush(NULL);
    runner->guard->is_over = true;
    return exit_code;
}

int sim__guard_campaign(struct sim__runner *runner, int (*campaign)(struct sim__runner *runner))
{
    int status = 0;
    void *shared = mmap(
        NULL, sizeof(*runner->guard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return campaign(runner); // a crash is then not shrunk
    }
    runner->guard = shared;
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        _exit(sim__guard_child(runner, campaign));
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    int exit_code = child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : SIM__EXIT_FAILURE;
    if (child > 0 && !runner->guard->is_over) {
        exit_code = sim__guard_ended(runner);
    }
    (void)munmap(shared, sizeof(*runner->guard));
    runner->guard = NULL;
    return exit_code;
}

#endif
