// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * With --shrink the campaign runs in a child process, so that a run that crashes or never ends is
 * shrunk as well. Part of the implementation unit.
 */
#ifndef MYC_SIM_RUNNER_GUARD_H
#define MYC_SIM_RUNNER_GUARD_H

#include <mycelium/sim/runner_shrink.h>
#include <mycelium/sim/runner_watch.h>

#include <sys/prctl.h>

/* What the campaign's process tells its parent, in memory that they share. */
struct sim__guard {
    uint64_t seed; /* of the run under way */
    bool is_over;  /* the campaign came to its own end */
};

void sim__guard_seed(struct sim__runner *runner, uint64_t seed)
{
    if (runner->guard != NULL) {
        runner->guard->seed = seed;
    }
}

/* Shrinks the run that ended the campaign's process. */
static int sim__guard_shrink(struct sim__runner *runner)
{
    runner->failed_count = 1;
    runner->failed_seed = runner->guard->seed;
    int exit_code = sim__runner_shrink(runner, runner->failed_seed);
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
        exit_code = sim__guard_shrink(runner);
    }
    (void)munmap(shared, sizeof(*runner->guard));
    runner->guard = NULL;
    return exit_code;
}

#endif
