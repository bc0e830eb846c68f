// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * --jobs: worker processes take stretches of the seeds. Part of the implementation unit.
 *
 * Each worker sums up in memory shared with the parent, so that what was done before a crash is not
 * lost, and prints into a file of its own. The parent puts the stretches together in the order of
 * their seeds and leaves out what lies behind the first failure: the outcome is that of one
 * process, however many there are. A worker dies with its parent.
 */
#ifndef MYC_SIM_RUNNER_JOBS_H
#define MYC_SIM_RUNNER_JOBS_H

#include <mycelium/sim/runner_state.h>
#include <mycelium/sim/runner_watch.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIM__JOB_SEEDS_MAX = 64, SIM__JOB_POLL_MS = 200 };

/* What a worker tells while it works; the seed that it was at outlives it. */
struct sim__job_sums {
    struct myc_sim_result total;
    uint64_t run_count;
    uint64_t failed_count;
    uint64_t failed_seed;
    uint64_t crash_count;
    uint64_t alloc_count;
    uint64_t hash;
    uint64_t last_hash;
    uint64_t seed;
    uint64_t began_ns; /* when its run began; 0 between runs */
    int exit_code;
};

struct sim__job_order {
    uint64_t seed_first;
    uint64_t seed_last;
};

/* A stretch that is done, in a list by seed. */
struct sim__job_part {
    struct sim__job_part *next;
    struct sim__job_order order;
    struct sim__job_sums *sums;
    char *output;
};

struct sim__job {
    pid_t pid;
    int channel; /* orders go out, a byte comes back for each */
    int output;
    struct sim__job_sums *sums;
    struct sim__job_order order;
    bool is_busy;
    bool is_overdue;
};

struct sim__jobs {
    struct sim__runner *runner;
    struct sim__job jobs[SIM__JOBS_MAX];
    uint32_t count;
    uint32_t busy_count;
    uint64_t next_seed;
    bool is_exhausted;   /* no more orders: all seeds given out, time over, or a failure */
    uint64_t failed_low; /* where the lowest stretch with a failure begins; UINT64_MAX: none */
    struct sim__job_part *parts;
};

// ---- A worker ----

static void sim__job_run(struct sim__runner *runner, struct sim__job_sums *sums, uint64_t seed)
{
    sums->seed = seed;
    sums->began_ns = sim__watch_now_ns();
    (void)sim__runner_run(runner, seed, &sums->exit_code);
    sums->began_ns = 0;
    sums->run_count = runner->run_count;
    sums->failed_count = runner->failed_count;
    sums->failed_seed = runner->failed_seed;
    sums->crash_count = runner->crash_count;
    sums->alloc_count = runner->alloc_count;
    sums->hash = runner->hash;
    sums->last_hash = runner->last_hash;
}

static void sim__job_stretch(
    struct sim__runner *runner, struct sim__job_sums *sums, const struct sim__job_order *order)
{
    memset(sums, 0, sizeof(*sums));
    runner->run_count = 0;
    runner->failed_count = 0;
    runner->crash_count = 0;
    runner->alloc_count = 0;
    runner->hash = 0;
    for (uint64_t seed = order->seed_first;; seed++) {
        sim__job_run(runner, sums, seed);
        if (seed == order->seed_last || sums->exit_code != SIM__EXIT_OK) {
            return;
        }
    }
}

__attribute__((noreturn)) static void
sim__job_main(struct sim__runner *runner, struct sim__job *job, int channel)
{
    struct sim__job_order order;
    runner->total = &job->sums->total;
    runner->shrinks = false;
    runner->record_path = NULL;
    runner->guard = NULL; // its parent knows which run it was, and shows it
    (void)dup2(job->output, STDOUT_FILENO);
    (void)dup2(job->output, STDERR_FILENO);
    sim__watch_start(runner->run_seconds_max);
    while (read(channel, &order, sizeof(order)) == (ssize_t)sizeof(order)) {
        if (ftruncate(job->output, 0) != 0 || lseek(job->output, 0, SEEK_SET) != 0) {
            _exit(SIM__EXIT_FAILURE);
        }
        sim__job_stretch(runner, job->sums, &order);
        (void)fflush(NULL);
        if (write(channel, "", 1) != 1) {
            break;
        }
    }
    _exit(SIM__EXIT_OK);
}

static bool sim__job_start(struct sim__jobs *jobs, struct sim__job *job)
{
    int ends[2];
    pid_t parent = getpid();
    void *shared =
        mmap(NULL, sizeof(*job->sums), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return false;
    }
    job->sums = shared;
    job->output = memfd_create("job", MFD_CLOEXEC);
    if (job->output < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    (void)fflush(NULL);
    job->channel = ends[0];
    job->pid = fork();
    if (job->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(SIM__EXIT_FAILURE);
        }
        for (uint32_t i = 0; i < jobs->count; i++) {
            (void)close(jobs->jobs[i].channel);
        }
        (void)close(ends[0]);
        sim__job_main(jobs->runner, job, ends[1]);
    }
    (void)close(ends[1]);
    return job->pid > 0;
}

// ---- The parent ----

static void sim__job_order(struct sim__jobs *jobs, struct sim__job *job)
{
    uint64_t left = jobs->runner->seed_last - jobs->next_seed;
    uint64_t size = left / (jobs->count * UINT64_C(4)) + 1;
    size = size < SIM__JOB_SEEDS_MAX ? size : SIM__JOB_SEEDS_MAX;
    job->order = (struct sim__job_order){jobs->next_seed, jobs->next_seed + size - 1};
    jobs->is_exhausted = job->order.seed_last == jobs->runner->seed_last;
    jobs->next_seed += size;
    job->is_busy = true;
    jobs->busy_count++;
    // A worker that is gone shows as the end of its channel.
    (void)send(job->channel, &job->order, sizeof(job->order), MSG_NOSIGNAL);
}

static char *sim__job_output(const struct sim__job *job)
{
    off_t size = lseek(job->output, 0, SEEK_END);
    char *text = sim__must(calloc(1, (size_t)(size > 0 ? size : 0) + 1));
    if (size > 0 && pread(job->output, text, (size_t)size, 0) != (ssize_t)size) {
        text[0] = '\0';
    }
    return text;
}

static void sim__job_keep(struct sim__jobs *jobs, struct sim__job *job)
{
    struct sim__job_part *part = sim__must(calloc(1, sizeof(*part)));
    part->order = job->order;
    part->sums = sim__must(malloc(sizeof(*part->sums)));
    *part->sums = *job->sums;
    part->output = sim__job_output(job);
    struct sim__job_part **link = &jobs->parts;
    while (*link != NULL && (*link)->order.seed_first < part->order.seed_first) {
        link = &(*link)->next;
    }
    part->next = *link;
    *link = part;
    job->is_busy = false;
    jobs->busy_count--;
    if (part->sums->exit_code != SIM__EXIT_OK) {
        jobs->is_exhausted = true;
        if (part->order.seed_first < jobs->failed_low) {
            jobs->failed_low = part->order.seed_first;
        }
    }
}

/* The worker is gone in the middle of a run: that run failed. */
static void sim__job_died(struct sim__jobs *jobs, struct sim__job *job, int status)
{
    struct sim__job_sums *sums = job->sums;
    char how[80];
    job->pid = 0;
    if (!job->is_busy) {
        return;
    }
    if (job->is_overdue) {
        (void)snprintf(how, sizeof(how), "the run did not end in time and was killed");
    } else if (WIFSIGNALED(status)) {
        (void)snprintf(
            how, sizeof(how), "the run ended its process by signal %d", WTERMSIG(status));
    } else {
        (void)snprintf(
            how, sizeof(how), "the run ended its process with code %d", WEXITSTATUS(status));
    }
    sums->run_count++;
    sums->failed_count++;
    sums->failed_seed = sums->seed;
    sums->exit_code = SIM__EXIT_FAILURE;
    sim__job_keep(jobs, job);
    struct sim__job_part *part = jobs->parts;
    while (part->order.seed_first != job->order.seed_first) {
        part = part->next;
    }
    if (strstr(part->output, "FAILED ") != NULL) {
        return; // It could say itself what happened.
    }
    size_t room = strlen(part->output) + 512 + strlen(jobs->runner->program);
    char *said = part->output;
    part->output = sim__must(malloc(room));
    (void)snprintf(
        part->output,
        room,
        "%sFAILED %s: %s\n  run again: %s %s --seed %" PRIu64 "\n",
        said,
        jobs->runner->scenario->name,
        how,
        jobs->runner->program,
        jobs->runner->scenario->name,
        sums->seed);
    free(said);
}

/* Its channel stays open when a run has left a child behind: that it is gone is asked for. */
static bool sim__job_is_gone(struct sim__jobs *jobs, struct sim__job *job)
{
    int status = 0;
    char byte;
    if (job->pid <= 0 || waitpid(job->pid, &status, WNOHANG) != job->pid) {
        return false;
    }
    if (recv(job->channel, &byte, 1, MSG_DONTWAIT) == 1) {
        sim__job_keep(jobs, job);
    }
    sim__job_died(jobs, job, status);
    return true;
}

/* Kills what takes too long, and what lies behind a failure. */
static void sim__jobs_watch(struct sim__jobs *jobs)
{
    // The worker's own timer comes first; this is for workers that cannot even take a signal.
    uint64_t patience_ns = (jobs->runner->run_seconds_max * 2 + 10) * UINT64_C(1000000000);
    for (uint32_t i = 0; i < jobs->count; i++) {
        struct sim__job *job = &jobs->jobs[i];
        uint64_t began = job->sums->began_ns;
        if (!job->is_busy || sim__job_is_gone(jobs, job)) {
            continue;
        }
        if (job->order.seed_first > jobs->failed_low) {
            (void)kill(job->pid, SIGKILL);
        } else if (
            jobs->runner->run_seconds_max > 0 && began != 0
            && sim__watch_now_ns() > began + patience_ns) {
            job->is_overdue = true;
            (void)kill(job->pid, SIGKILL);
        }
    }
}

static void sim__jobs_wait(struct sim__jobs *jobs)
{
    struct pollfd ends[SIM__JOBS_MAX];
    for (uint32_t i = 0; i < jobs->count; i++) {
        const struct sim__job *job = &jobs->jobs[i];
        ends[i] = (struct pollfd){.fd = job->is_busy ? job->channel : -1, .events = POLLIN};
    }
    if (poll(ends, jobs->count, SIM__JOB_POLL_MS) <= 0) {
        return;
    }
    for (uint32_t i = 0; i < jobs->count; i++) {
        char byte;
        if (ends[i].fd < 0 || ends[i].revents == 0) {
            continue;
        }
        if (read(ends[i].fd, &byte, 1) == 1) {
            sim__job_keep(jobs, &jobs->jobs[i]);
        } else {
            int status = 0;
            (void)waitpid(jobs->jobs[i].pid, &status, 0);
            sim__job_died(jobs, &jobs->jobs[i], status);
        }
    }
}

static void sim__jobs_add(struct sim__runner *runner, const struct sim__job_sums *sums)
{
    runner->run_count += sums->run_count;
    runner->failed_count += sums->failed_count;
    runner->failed_seed = sums->failed_count > 0 ? sums->failed_seed : runner->failed_seed;
    runner->crash_count += sums->crash_count;
    runner->alloc_count += sums->alloc_count;
    runner->hash += sums->hash;
    runner->last_hash = sums->run_count > 0 ? sums->last_hash : runner->last_hash;
    sim__sum_add(runner->total, &sums->total);
}

/* Puts the stretches together up to the first failure. Frees all. */
static int sim__jobs_collect(struct sim__jobs *jobs)
{
    int exit_code = SIM__EXIT_OK;
    while (jobs->parts != NULL) {
        struct sim__job_part *part = jobs->parts;
        jobs->parts = part->next;
        if (exit_code == SIM__EXIT_OK) {
            bool is_wanted = jobs->runner->expects_failure && !jobs->runner->is_json;
            (void)fputs(part->output, is_wanted ? stdout : stderr);
            sim__jobs_add(jobs->runner, part->sums);
            exit_code = part->sums->exit_code;
        }
        free(part->output);
        free(part->sums);
        free(part);
    }
    return exit_code;
}

static void sim__jobs_end(struct sim__jobs *jobs)
{
    for (uint32_t i = 0; i < jobs->count; i++) {
        struct sim__job *job = &jobs->jobs[i];
        (void)close(job->channel);
        (void)close(job->output);
        if (job->pid > 0) {
            (void)waitpid(job->pid, NULL, 0);
        }
        (void)munmap(job->sums, sizeof(*job->sums));
    }
}

int sim__runner_jobs(struct sim__runner *runner)
{
    struct sim__jobs *jobs = sim__must(calloc(1, sizeof(*jobs)));
    uint64_t began_ns = sim__watch_now_ns();
    jobs->runner = runner;
    jobs->next_seed = runner->seed_first;
    jobs->failed_low = UINT64_MAX;
    while (jobs->count < runner->job_count && sim__job_start(jobs, &jobs->jobs[jobs->count])) {
        jobs->count++;
    }
    if (jobs->count == 0) {
        (void)fprintf(stderr, "--jobs: no process can be started: %s\n", strerror(errno));
        free(jobs);
        return SIM__EXIT_USAGE;
    }
    do {
        double passed = (double)(sim__watch_now_ns() - began_ns) / 1e9;
        jobs->is_exhausted =
            jobs->is_exhausted || (runner->seconds_max > 0 && passed >= runner->seconds_max);
        for (uint32_t i = 0; i < jobs->count && !jobs->is_exhausted; i++) {
            if (!jobs->jobs[i].is_busy && jobs->jobs[i].pid > 0) {
                sim__job_order(jobs, &jobs->jobs[i]);
            }
        }
        sim__jobs_watch(jobs);
        sim__jobs_wait(jobs);
    } while (jobs->busy_count > 0 || !jobs->is_exhausted);
    sim__jobs_end(jobs);
    int exit_code = sim__jobs_collect(jobs);
    free(jobs);
    if (runner->failed_count > 0 && runner->shrinks) {
        exit_code = sim__runner_shrink(runner, runner->failed_seed);
    }
    return exit_code;
}

#endif
