// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the sides need of the machine: pinning, a cheap clock, a partner thread or process, memory.
 */
#ifndef MYC_BENCH_MACHINE_H
#define MYC_BENCH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <pthread.h>
#include <sys/types.h>

#include <mycelium/histogram.h>

#include "bench.h"

enum { BENCH_LINE_BYTES = 64 };

/** A cheap monotonic counter that all CPUs share. */
static inline uint64_t bench_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
#endif
}

/** Keeps the compiler from dropping or reordering what was computed. */
static inline void bench_keep(uint64_t value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

/** Finds two CPUs, pins this thread to the first and calibrates the clock. */
bool bench_machine_init(struct bench_setup *setup);

/** Prints what the figures depend on: the CPU, the kernel, the load. */
void bench_machine_print(const struct bench_setup *setup);

/** Says on standard error what failed, with errno's text. Returns: false. */
bool bench_fail(const char *what);

/** The work of a full run, or a hundredth of it in a quick one, at least 64. */
uint64_t bench_amount(const struct bench_setup *setup, uint64_t full);

/** Writes the p50, p99 and p99.9 of a histogram of ticks as ns, each divided by `divisor`. */
void bench_quantiles_ns(
    const struct bench_setup *setup,
    const struct myc_histogram *histogram,
    double divisor,
    double out_values[3]);

/* ---- Partners ---- */

typedef bool bench_partner_fn(void *context);

/** A thread or a process on the second CPU. */
struct bench_partner {
    bench_partner_fn *run;
    void *context;
    int cpu;
    bool has_succeeded;
    pthread_t thread;
    pid_t process;
};

/** Starts a partner as a thread of this process. */
bool bench_thread_start(
    struct bench_partner *partner,
    const struct bench_setup *setup,
    bench_partner_fn *run,
    void *context);

/** Starts a partner as a child process; it dies with us. What it says goes through shared memory.
 */
bool bench_process_start(
    struct bench_partner *partner,
    const struct bench_setup *setup,
    bench_partner_fn *run,
    void *context);

/** Waits for the partner's end. Returns: whether it ran and succeeded. */
bool bench_partner_join(struct bench_partner *partner);

/* ---- Memory ---- */

/** Resident zeroed pages, private or shared with children; ordinary page size. NULL on failure. */
void *bench_pages(size_t bytes, bool is_shared);

/** The same from a memfd, mapped twice: writable here and read-only at *out_read_only. */
void *bench_memfd_pages(size_t bytes, void **out_read_only);

/** The same from a file in $TMPDIR, else in /tmp, whose name is removed at once. */
void *bench_file_pages(size_t bytes, void **out_read_only);

void bench_pages_free(void *pages, size_t bytes);

#endif
