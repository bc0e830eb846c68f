// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Thread seam: start, join, and the two things a spinning thread needs.
 *
 * Threads: any thread may start others; each handle is joined exactly once, by any thread.
 */
#ifndef MYC_INTERFACE_THREAD_H
#define MYC_INTERFACE_THREAD_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void myc_thread_fn(void *context);

struct myc_thread_options {
    const char *name;     /* for debuggers and traces; cut at 15 characters; may be NULL */
    uint32_t stack_bytes; /* 0: the platform's default */
    int32_t cpu;          /* pin to this CPU, counted from 1; 0: anywhere */
};

struct myc_thread_ops;

struct myc_thread {
    const struct myc_thread_ops *ops;
};

struct myc_thread_ops {
    uint32_t size;

    /**
     * Starts a thread that calls fn(context) once. Required. `options` may be NULL.
     * Errors: LIMIT (no more threads), NO_MEMORY, INVALID (no such CPU).
     * Simulator: a new fiber of the calling process; it first runs when the scheduler says so.
     */
    enum myc_status (*start)(
        struct myc_thread *thread,
        myc_thread_fn *fn,
        void *context,
        const struct myc_thread_options *options,
        struct myc_handle *out_handle);

    /** Waits until the thread returned, then frees the handle. Required. Blocks. */
    void (*join)(struct myc_thread *thread, struct myc_handle handle);

    /** A number that no other living thread of this process has; never 0. Required. */
    uint64_t (*current)(struct myc_thread *thread);

    /**
     * Lets others run inside a spin loop; `round` counts the fruitless rounds from 0. Required.
     * posix: nothing for short spins, then a CPU pause, then a yield to the scheduler.
     * Simulator: always a scheduling point that prefers other threads.
     */
    void (*relax)(struct myc_thread *thread, uint32_t round);

    /**
     * Makes every thread of this process pass a full fence before it returns. Optional.
     * Errors: UNSUPPORTED. posix: membarrier. Simulator: a scheduling point.
     */
    enum myc_status (*barrier)(struct myc_thread *thread);
};

MYC_MUST_USE static inline enum myc_status myc_thread_start(
    struct myc_thread *thread,
    myc_thread_fn *fn,
    void *context,
    const struct myc_thread_options *options,
    struct myc_handle *out_handle)
{
    if (fn == NULL || (options != NULL && options->cpu < 0)) {
        return MYC_INVALID;
    }
    return thread->ops->start(thread, fn, context, options, out_handle);
}

/** Joins; accepts the empty handle. */
static inline void myc_thread_join(struct myc_thread *thread, struct myc_handle handle)
{
    if (handle.value != 0) {
        thread->ops->join(thread, handle);
    }
}

static inline uint64_t myc_thread_current(struct myc_thread *thread)
{
    return thread->ops->current(thread);
}

static inline void myc_thread_relax(struct myc_thread *thread, uint32_t round)
{
    thread->ops->relax(thread, round);
}

MYC_MUST_USE static inline enum myc_status myc_thread_barrier(struct myc_thread *thread)
{
    return thread->ops->barrier != NULL ? thread->ops->barrier(thread) : MYC_UNSUPPORTED;
}

#ifdef __cplusplus
}
#endif

#endif
