// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Wait seam: sleeping on a word of memory, the only primitive that blocks on memory.
 *
 * The shape is the futex's: a waiter sleeps only if the word still holds what it saw, compared
 * atomically with going to sleep. Waking is counted in threads. Spurious returns are allowed. For
 * both a mapping that may only be read is enough: neither writes the word.
 * Threads: any.
 */
#ifndef MYC_INTERFACE_WAIT_H
#define MYC_INTERFACE_WAIT_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whether the word lies in memory of this process only, or in memory that processes share. */
enum myc_wait_scope { MYC_WAIT_PROCESS, MYC_WAIT_SHARED };

enum { MYC_WAIT_WORDS_MAX = 4 };

/** A word to sleep on, and what it held when it was looked at. It is never written. */
struct myc_wait_word {
    const struct myc_atomic_u32 *word;
    uint32_t expected;
    enum myc_wait_scope scope;
};

struct myc_wait_ops;

struct myc_wait {
    const struct myc_wait_ops *ops;
};

struct myc_wait_ops {
    uint32_t size;

    /**
     * Sleeps while *word == expected, until a wake or the deadline. Required. Blocks.
     * Returns OK (woken, perhaps spuriously), AGAIN (the word held something else; looked at
     * first), TIMEOUT (never before the deadline).
     *
     * Simulator: keyed by segment and offset for shared words; the order of wakes is a choice.
     */
    enum myc_status (*wait)(
        struct myc_wait *wait,
        struct myc_atomic_u32 *word,
        uint32_t expected,
        uint64_t deadline_ns,
        enum myc_wait_scope scope);

    /** Wakes at most `count` waiters (UINT32_MAX: all); returns how many. Required. */
    uint32_t (*wake)(
        struct myc_wait *wait,
        struct myc_atomic_u32 *word,
        uint32_t count,
        enum myc_wait_scope scope);

    /**
     * As wait, on `count` words at once, 1 to MYC_WAIT_WORDS_MAX: sleeps while each holds what is
     * expected of it. Optional. Blocks.
     * Returns: as wait; UNSUPPORTED where the system cannot (Linux before 5.16).
     * Simulator: as wait.
     */
    enum myc_status (*wait_any)(
        struct myc_wait *wait,
        const struct myc_wait_word *words,
        uint32_t count,
        uint64_t deadline_ns);
};

static inline enum myc_status myc_wait_wait(
    struct myc_wait *wait,
    struct myc_atomic_u32 *word,
    uint32_t expected,
    uint64_t deadline_ns,
    enum myc_wait_scope scope)
{
    return wait->ops->wait(wait, word, expected, deadline_ns, scope);
}

static inline uint32_t myc_wait_wake(
    struct myc_wait *wait, struct myc_atomic_u32 *word, uint32_t count, enum myc_wait_scope scope)
{
    return wait->ops->wake(wait, word, count, scope);
}

static inline enum myc_status myc_wait_any(
    struct myc_wait *wait, const struct myc_wait_word *words, uint32_t count, uint64_t deadline_ns)
{
    if (count == 0 || count > MYC_WAIT_WORDS_MAX) {
        return MYC_INVALID;
    }
    return wait->ops->wait_any != NULL ? wait->ops->wait_any(wait, words, count, deadline_ns)
                                       : MYC_UNSUPPORTED;
}

#ifdef __cplusplus
}
#endif

#endif
