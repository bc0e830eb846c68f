// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Linux, directly: the driver is test equipment.
#define _GNU_SOURCE

#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALIBRATION_NS = 20000000, QUICK_DIVISOR = 100, AMOUNT_MIN = 64 };

bool bench_fail(const char *what)
{
    (void)fprintf(stderr, "myc-bench: %s: %s\n", what, strerror(errno));
    return false;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static double calibrate(void)
{
    uint64_t start_ns = now_ns();
    uint64_t start = bench_ticks();
    uint64_t end_ns = start_ns;
    while (end_ns - start_ns < CALIBRATION_NS) {
        end_ns = now_ns();
    }
    return (double)(end_ns - start_ns) / (double)(bench_ticks() - start);
}

static bool pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    return sched_setaffinity(0, sizeof(set), &set) == 0 || bench_fail("cannot pin to a CPU");
}

bool bench_machine_init(struct bench_setup *setup)
{
    cpu_set_t allowed;
    int found = 0;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
        return bench_fail("cannot ask which CPUs are allowed");
    }
    for (int i = 0; i < CPU_SETSIZE && found < 2; i++) {
        if (CPU_ISSET((size_t)i, &allowed)) {
            setup->cpus[found++] = i;
        }
    }
    if (found < 2) {
        errno = EINVAL;
        return bench_fail("two CPUs are needed, one is allowed");
    }
    setup->ns_per_tick = calibrate();
    return pin(setup->cpus[0]);
}

// The first CPU's name as the kernel has it; "unknown" where it has none.
static void read_cpu_name(char *out, size_t capacity)
{
    char line[256];
    (void)snprintf(out, capacity, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        const char *value = strstr(line, ": ");
        if (strncmp(line, "model name", 10) == 0 && value != NULL) {
            (void)snprintf(out, capacity, "%.*s", (int)strcspn(value + 2, "\n"), value + 2);
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

void bench_machine_print(const struct bench_setup *setup)
{
    char name[128];
    struct utsname system;
    double load = 0;
    read_cpu_name(name, sizeof(name));
    memset(&system, 0, sizeof(system));
    (void)uname(&system);
    (void)getloadavg(&load, 1);
    (void)printf(
        "%s, CPUs %d and %d, %s %s, load %.2f\n",
        name,
        setup->cpus[0],
        setup->cpus[1],
        system.sysname,
        system.release,
        load);
    if (load > 0.5) {
        (void)printf("the machine is busy: spinning cases will look worse than they are\n");
    }
}

uint64_t bench_amount(const struct bench_setup *setup, uint64_t full)
{
    uint64_t amount = setup->is_quick ? full / QUICK_DIVISOR : full;
    return amount > AMOUNT_MIN ? amount : AMOUNT_MIN;
}

void bench_quantiles_ns(
    const struct bench_setup *setup,
    const struct myc_histogram *histogram,
    double divisor,
    double out_values[3])
{
    static const uint32_t per_million[] = {500000, 990000, 999000};
    for (size_t i = 0; i < sizeof(per_million) / sizeof(per_million[0]); i++) {
        double ticks = (double)myc_histogram_quantile(histogram, per_million[i]);
        out_values[i] = ticks * setup->ns_per_tick / divisor;
    }
}

// ---- Partners ----

static void *thread_main(void *context)
{
    struct bench_partner *partner = context;
    partner->has_succeeded = pin(partner->cpu) && partner->run(partner->context);
    return NULL;
}

bool bench_thread_start(
    struct bench_partner *partner,
    const struct bench_setup *setup,
    bench_partner_fn *run,
    void *context)
{
    memset(partner, 0, sizeof(*partner));
    partner->run = run;
    partner->context = context;
    partner->cpu = setup->cpus[1];
    errno = pthread_create(&partner->thread, NULL, thread_main, partner);
    return errno == 0 || bench_fail("cannot start a thread");
}

bool bench_process_start(
    struct bench_partner *partner,
    const struct bench_setup *setup,
    bench_partner_fn *run,
    void *context)
{
    memset(partner, 0, sizeof(*partner));
    pid_t parent = getpid();
    // What is buffered would otherwise be written by both.
    (void)fflush(NULL);
    partner->process = fork();
    if (partner->process < 0) {
        return bench_fail("cannot start a process");
    }
    if (partner->process == 0) {
        bool is_adopted = prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent;
        bool is_good = !is_adopted && pin(setup->cpus[1]) && run(context);
        _exit(is_good ? 0 : 1);
    }
    return true;
}

bool bench_partner_join(struct bench_partner *partner)
{
    int status = 0;
    if (partner->process == 0) {
        errno = pthread_join(partner->thread, NULL);
        return errno == 0 ? partner->has_succeeded : bench_fail("cannot join a thread");
    }
    while (waitpid(partner->process, &status, 0) < 0) {
        if (errno != EINTR) {
            return bench_fail("cannot wait for a process");
        }
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        (void)fprintf(stderr, "myc-bench: the partner process failed\n");
        return false;
    }
    return true;
}

// ---- Memory ----

static void *map(size_t bytes, int protection, int flags, int fd)
{
    void *pages = mmap(NULL, bytes, protection, flags | MAP_POPULATE, fd, 0);
    if (pages == MAP_FAILED) {
        (void)bench_fail("cannot map memory");
        return NULL;
    }
    // Huge pages would make some sides faster than others by chance.
    (void)madvise(pages, bytes, MADV_NOHUGEPAGE);
    return pages;
}

void *bench_pages(size_t bytes, bool is_shared)
{
    int flags = MAP_ANONYMOUS | (is_shared ? MAP_SHARED : MAP_PRIVATE);
    return map(bytes, PROT_READ | PROT_WRITE, flags, -1);
}

// Maps what a descriptor names twice and closes it.
static void *map_twice(int fd, size_t bytes, void **out_read_only)
{
    *out_read_only = NULL;
    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0) {
        (void)bench_fail("cannot make memory to share");
        return NULL;
    }
    void *pages = map(bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    *out_read_only = map(bytes, PROT_READ, MAP_SHARED, fd);
    (void)close(fd);
    return *out_read_only != NULL ? pages : NULL;
}

void *bench_memfd_pages(size_t bytes, void **out_read_only)
{
    return map_twice(memfd_create("myc-bench", MFD_CLOEXEC), bytes, out_read_only);
}

void *bench_file_pages(size_t bytes, void **out_read_only)
{
    const char *folder = getenv("TMPDIR");
    char path[256];
    (void)snprintf(
        path, sizeof(path), "%s/myc-bench-XXXXXX", folder != NULL && *folder ? folder : "/tmp");
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        (void)unlink(path);
    }
    return map_twice(fd, bytes, out_read_only);
}

void bench_pages_free(void *pages, size_t bytes)
{
    if (pages != NULL) {
        (void)munmap(pages, bytes);
    }
}
