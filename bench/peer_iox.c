// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The daemon is started for a run and ended after it. Both sides are processes of their own, since
// a runtime stays in its process for good.
#define _GNU_SOURCE

#include "peer_iox.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iceoryx_binding_c/log.h>
#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/runtime.h>
#include <iceoryx_binding_c/subscriber.h>

#include "machine.h"
#include "ring_fixture.h"

enum { TRIPS = 50000, WARM_UP = 5000, POLL_NS = 10000000, DAEMON_NS = 300000000 };

// Small pools: the daemon reserves and clears all of them at its start.
static const char config[] = "[general]\nversion = 1\n[[segment]]\n"
                             "[[segment.mempool]]\nsize = 128\ncount = 1000\n";

struct iox_run {
    uint64_t warm_up;
    uint64_t total;
    struct myc_histogram histogram;
};

struct iox_end {
    iox_pub_storage_t publisher_memory;
    iox_sub_storage_t subscriber_memory;
    iox_pub_t publisher;
    iox_sub_t subscriber;
};

static void pause_ns(long ns)
{
    const struct timespec time = {.tv_nsec = ns};
    (void)nanosleep(&time, NULL);
}

// ---- The daemon ----

// Returns: its process, or -1.
static pid_t daemon_start(char *path)
{
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, config, sizeof(config) - 1) != (ssize_t)sizeof(config) - 1) {
        (void)bench_fail("cannot write a file for iox-roudi");
        return -1;
    }
    (void)close(fd);
    (void)fflush(NULL);
    pid_t daemon = fork();
    if (daemon == 0) {
        int nowhere = open("/dev/null", O_RDWR);
        const struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)dup2(nowhere, STDOUT_FILENO);
        (void)dup2(nowhere, STDERR_FILENO);
        (void)execlp("iox-roudi", "iox-roudi", "-m", "off", "-l", "off", "-c", path, (char *)NULL);
        _exit(127);
    }
    // It needs a moment; who registers before waits for it.
    pause_ns(DAEMON_NS);
    if (daemon < 0 || waitpid(daemon, NULL, WNOHANG) != 0) {
        (void)fprintf(stderr, "myc-bench: iox-roudi does not run; is another one running?\n");
        return -1;
    }
    return daemon;
}

// It aborts when it finds that who registered is gone, and leaves its memory behind: ours to
// remove, since it was ours alone. The segment of payloads has the user's name.
static void daemon_stop(pid_t daemon, const char *path)
{
    const struct passwd *user = getpwuid(geteuid());
    (void)unlink(path);
    if (daemon > 0) {
        (void)kill(daemon, SIGTERM);
        (void)waitpid(daemon, NULL, 0);
        (void)shm_unlink("/iceoryx_mgmt");
        if (user != NULL) {
            char name[64];
            (void)snprintf(name, sizeof(name), "/%s", user->pw_name);
            (void)shm_unlink(name);
        }
    }
}

// ---- Two ends ----

static void end_open(struct iox_end *end, const char *name, const char *out, const char *in)
{
    iox_pub_options_t sending;
    iox_sub_options_t receiving;
    // What it has to say must not come between lines of JSON.
    (void)dup2(STDERR_FILENO, STDOUT_FILENO);
    iox_set_loglevel(Iceoryx_LogLevel_Off);
    iox_runtime_init(name);
    iox_pub_options_init(&sending);
    iox_sub_options_init(&receiving);
    receiving.queueCapacity = 8;
    end->publisher = iox_pub_init(&end->publisher_memory, "myc-bench", "latency", out, &sending);
    end->subscriber = iox_sub_init(&end->subscriber_memory, "myc-bench", "latency", in, &receiving);
    while (!iox_pub_has_subscribers(end->publisher)
           || iox_sub_get_subscription_state(end->subscriber) != SubscribeState_SUBSCRIBED) {
        pause_ns(POLL_NS);
    }
}

static void end_close(struct iox_end *end)
{
    iox_sub_deinit(end->subscriber);
    iox_pub_deinit(end->publisher);
    iox_runtime_shutdown();
}

static bool end_send(struct iox_end *end, uint64_t value)
{
    void *payload = NULL;
    if (iox_pub_loan_chunk(end->publisher, &payload, MESSAGE_WORDS * sizeof(uint64_t))
        != AllocationResult_SUCCESS) {
        return false;
    }
    uint64_t *words = payload;
    for (uint32_t i = 0; i < MESSAGE_WORDS; i++) {
        words[i] = value + i;
    }
    iox_pub_publish_chunk(end->publisher, payload);
    return true;
}

static void end_receive(struct iox_end *end, uint64_t *sum)
{
    const void *payload = NULL;
    while (iox_sub_take_chunk(end->subscriber, &payload) != ChunkReceiveResult_SUCCESS) {
    }
    *sum += fixture_sum(payload);
    iox_sub_release_chunk(end->subscriber, payload);
}

static bool answer(void *context)
{
    struct iox_run *run = context;
    struct iox_end end;
    uint64_t sum = 0;
    bool is_good = true;
    end_open(&end, "myc-bench-second", "back", "there");
    for (uint64_t i = 0; i < run->total && is_good; i++) {
        end_receive(&end, &sum);
        is_good = end_send(&end, i);
    }
    bench_keep(sum);
    // The other side may still be reading the last.
    pause_ns(POLL_NS);
    end_close(&end);
    return is_good;
}

static bool ask(void *context)
{
    struct iox_run *run = context;
    struct iox_end end;
    uint64_t sum = 0;
    bool is_good = true;
    end_open(&end, "myc-bench-first", "there", "back");
    uint64_t before = bench_ticks();
    for (uint64_t i = 0; i < run->total && is_good; i++) {
        is_good = end_send(&end, i);
        if (is_good) {
            end_receive(&end, &sum);
        }
        uint64_t now = bench_ticks();
        if (i >= run->warm_up) {
            myc_histogram_record(&run->histogram, now - before);
        }
        before = now;
    }
    bench_keep(sum);
    end_close(&end);
    return is_good;
}

bool peer_iox_round_trip(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    const struct bench_setup swapped = {
        .cpus = {setup->cpus[1], setup->cpus[0]}, .ns_per_tick = setup->ns_per_tick};
    struct bench_partner first;
    struct bench_partner second;
    char path[] = "/tmp/myc-bench-roudi-XXXXXX";
    struct iox_run *run = bench_pages(sizeof(*run), true);
    if (run == NULL) {
        return false;
    }
    run->warm_up = bench_amount(setup, WARM_UP);
    run->total = run->warm_up + bench_amount(setup, TRIPS);
    pid_t daemon = daemon_start(path);
    bool is_good = daemon > 0 && bench_process_start(&second, setup, answer, run);
    if (is_good) {
        is_good = bench_process_start(&first, &swapped, ask, run) && bench_partner_join(&first);
        is_good = bench_partner_join(&second) && is_good;
        bench_quantiles_ns(setup, &run->histogram, 2, out_values);
    }
    daemon_stop(daemon, path);
    bench_pages_free(run, sizeof(*run));
    return is_good;
}
