// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Process seam: who am I, is that one still alive, tell me when it ends; and starting children.
 *
 * An identity names one incarnation of a process for ever: pid, start time and boot id together, so
 * a reused pid is another identity.
 *
 * Threads: any.
 */
#ifndef MYC_INTERFACE_PROCESS_H
#define MYC_INTERFACE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myc_process_identity {
    uint64_t pid;
    uint64_t start_time; /* the kernel's, in its own ticks since boot */
    uint8_t boot_id[16];
};

enum myc_signal { MYC_SIGNAL_TERMINATE, MYC_SIGNAL_KILL };

/** How a child ended. */
struct myc_exit {
    int32_t code;   /* what it returned; -1 when a signal ended it */
    int32_t signal; /* which one; 0 when it returned */
};

/** What is known of a process. Who could not be asked is UNKNOWN, never ENDED. */
enum myc_life { MYC_LIFE_UNKNOWN, MYC_LIFE_RUNS, MYC_LIFE_ENDED };

struct myc_process_ops;

struct myc_process {
    const struct myc_process_ops *ops;
};

struct myc_process_ops {
    uint32_t size;

    /** This process. Required. Errors: IO. */
    enum myc_status (*identity)(struct myc_process *process, struct myc_process_identity *out_self);

    /**
     * Whether that very incarnation still runs (a zombie does not), if it can be told: where no
     * descriptor is left, say, it may be UNKNOWN. Required. Simulator: UNKNOWN where handles are
     * refused.
     */
    enum myc_life (*life)(struct myc_process *process, const struct myc_process_identity *identity);

    /**
     * A handle that a poller reports readable once the process ended. Required.
     * Errors: NOT_FOUND (already gone, reaped or not), LIMIT, UNSUPPORTED.
     */
    enum myc_status (*watch)(
        struct myc_process *process,
        const struct myc_process_identity *identity,
        struct myc_handle *out_watch);

    /** Ends a watch. Required. Accepts the empty handle. */
    void (*watch_close)(struct myc_process *process, struct myc_handle watch);

    /**
     * Starts a program: argv[0] names it (posix: a path; simulator: a registered entry), argv ends
     * with NULL. Required. Errors: NOT_FOUND, DENIED, LIMIT, IO. The child gets the environment and
     * the standard streams, no other descriptor, and no blocked or ignored signal.
     */
    enum myc_status (*spawn)(
        struct myc_process *process,
        const char *const *argv,
        struct myc_process_identity *out_child);

    /** Sends a signal to that very incarnation. Required. Errors: NOT_FOUND. */
    enum myc_status (*signal)(
        struct myc_process *process,
        const struct myc_process_identity *identity,
        enum myc_signal signal);

    /**
     * Collects an ended child without waiting. Required. Errors: AGAIN (still runs), NOT_FOUND (no
     * child of this process, or collected before).
     */
    enum myc_status (*reap)(
        struct myc_process *process,
        const struct myc_process_identity *child,
        struct myc_exit *out_exit);

    /**
     * The effective user id this process runs as, comparable with myc_peer.user.
     *
     * Optional. Absent: the platform has no users, and nobody is refused for being another one.
     * Simulator: every process is user 1000.
     */
    uint32_t (*user)(struct myc_process *process);
};

MYC_MUST_USE static inline enum myc_status
myc_process_identify(struct myc_process *process, struct myc_process_identity *out_self)
{
    return process->ops->identity(process, out_self);
}

static inline enum myc_life
myc_process_life(struct myc_process *process, const struct myc_process_identity *identity)
{
    return process->ops->life(process, identity);
}

MYC_MUST_USE static inline enum myc_status myc_process_watch(
    struct myc_process *process,
    const struct myc_process_identity *identity,
    struct myc_handle *out_watch)
{
    return process->ops->watch(process, identity, out_watch);
}

static inline void myc_process_watch_close(struct myc_process *process, struct myc_handle watch)
{
    process->ops->watch_close(process, watch);
}

MYC_MUST_USE static inline enum myc_status myc_process_spawn(
    struct myc_process *process, const char *const *argv, struct myc_process_identity *out_child)
{
    return process->ops->spawn(process, argv, out_child);
}

MYC_MUST_USE static inline enum myc_status myc_process_signal(
    struct myc_process *process,
    const struct myc_process_identity *identity,
    enum myc_signal signal)
{
    return process->ops->signal(process, identity, signal);
}

MYC_MUST_USE static inline enum myc_status myc_process_reap(
    struct myc_process *process,
    const struct myc_process_identity *child,
    struct myc_exit *out_exit)
{
    return process->ops->reap(process, child, out_exit);
}

/** Whether `user` may talk to this process: the same user, or root. True where there are no users.
 */
static inline bool myc_process_trusts_user(struct myc_process *process, uint32_t user)
{
    return process->ops->user == NULL || user == 0 || user == process->ops->user(process);
}

#ifdef __cplusplus
}
#endif

#endif
