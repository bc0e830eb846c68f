// SPDX-License-Identifier: MIT OR Apache-2.0
//
// POSIX threads. A new thread takes no asynchronous signals: those stay with the threads of the
// application, whose handlers expect them there.
#include "platform/posix/posix.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NAME_BYTES = 16, BUSY_ROUNDS = 16, PAUSE_ROUNDS = 128, STACK_ROUNDING = 65536 };

struct started_thread {
    pthread_t id;
    myc_thread_fn *fn;
    void *context;
    char name[NAME_BYTES];
};

static void *run_thread(void *argument)
{
    struct started_thread *started = argument;
    if (started->name[0] != '\0') {
        (void)pthread_setname_np(pthread_self(), started->name); // only for people who look
    }
    started->fn(started->context);
    return NULL;
}

// Everything but what a fault in the thread itself raises, and the profiler's clock.
static void fill_background_mask(sigset_t *mask)
{
    static const int kept[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
    (void)sigfillset(mask);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        (void)sigdelset(mask, kept[i]);
    }
}

static int apply_options(
    pthread_attr_t *attributes,
    const struct myc_thread_options *options,
    struct started_thread *started)
{
    if (options->name != NULL) {
        size_t len = strnlen(options->name, NAME_BYTES - 1);
        memcpy(started->name, options->name, len);
    }
    if (options->stack_bytes != 0) {
        size_t bytes = options->stack_bytes;
        size_t bytes_min = (size_t)sysconf(_SC_THREAD_STACK_MIN);
        bytes = bytes < bytes_min ? bytes_min : bytes;
        bytes = (bytes + STACK_ROUNDING - 1) / STACK_ROUNDING * STACK_ROUNDING;
        int os_error = pthread_attr_setstacksize(attributes, bytes);
        if (os_error != 0) {
            return os_error;
        }
    }
    if (options->cpu != 0) {
        cpu_set_t cpus;
        if (options->cpu < 1 || options->cpu > CPU_SETSIZE) {
            return EINVAL;
        }
        CPU_ZERO(&cpus);
        CPU_SET((size_t)options->cpu - 1, &cpus);
        return pthread_attr_setaffinity_np(attributes, sizeof(cpus), &cpus);
    }
    return 0;
}

static enum myc_status thread_start(
    struct myc_thread *thread,
    myc_thread_fn *fn,
    void *context,
    const struct myc_thread_options *options,
    struct myc_handle *out_handle)
{
    (void)thread;
    pthread_attr_t attributes;
    struct started_thread *started = calloc(1, sizeof(*started));
    if (started == NULL) {
        return MYC_NO_MEMORY;
    }
    if (pthread_attr_init(&attributes) != 0) {
        free(started);
        return MYC_NO_MEMORY;
    }
    started->fn = fn;
    started->context = context;
    int os_error = options != NULL ? apply_options(&attributes, options, started) : 0;
    if (os_error == 0) {
        sigset_t background, before;
        fill_background_mask(&background);
        (void)pthread_sigmask(SIG_BLOCK, &background, &before); // the new thread inherits it
        os_error = pthread_create(&started->id, &attributes, run_thread, started);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    (void)pthread_attr_destroy(&attributes);
    if (os_error != 0) {
        free(started);
        return os_error == EAGAIN ? MYC_LIMIT : myc__posix_status(os_error);
    }
    out_handle->value = (uint64_t)(uintptr_t)started;
    return MYC_OK;
}

static void thread_join(struct myc_thread *thread, struct myc_handle handle)
{
    (void)thread;
    struct started_thread *started = (void *)(uintptr_t)handle.value;
    if (started != NULL) {
        (void)pthread_join(started->id, NULL);
        free(started);
    }
}

static uint64_t thread_current(struct myc_thread *thread)
{
    (void)thread;
    return (uint64_t)pthread_self();
}

#if defined(__x86_64__) || defined(__i386__)
static void cpu_pause(void)
{
    __builtin_ia32_pause();
}
#elif defined(__aarch64__)
static void cpu_pause(void)
{
    __asm__ __volatile__("yield" ::: "memory");
}
#else
static void cpu_pause(void)
{
    __asm__ __volatile__("" ::: "memory");
}
#endif

static void thread_relax(struct myc_thread *thread, uint32_t round)
{
    (void)thread;
    if (round >= PAUSE_ROUNDS) {
        (void)sched_yield();
    } else if (round >= BUSY_ROUNDS) {
        cpu_pause();
    }
}

static enum myc_status thread_barrier(struct myc_thread *thread)
{
    struct myc__posix_thread *posix = MYC_CONTAINER_OF(thread, struct myc__posix_thread, base);
    if (!posix->has_membarrier) {
        return MYC_UNSUPPORTED;
    }
    long result = syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    return result == 0 ? MYC_OK : MYC_UNSUPPORTED;
}

static const struct myc_thread_ops thread_ops = {
    .size = sizeof(thread_ops),
    .start = thread_start,
    .join = thread_join,
    .current = thread_current,
    .relax = thread_relax,
    .barrier = thread_barrier,
};

void myc__posix_thread_init(struct myc__posix_thread *thread)
{
    thread->base.ops = &thread_ops;
    thread->has_membarrier =
        syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}
