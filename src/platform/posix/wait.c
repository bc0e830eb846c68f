// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Futexes. The absolute-deadline form is used, so that repeating an interrupted wait is exact.
#include "platform/posix/posix.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NS_PER_SECOND = 1000000000 };

static int scope_flag(enum myc_wait_scope scope)
{
    return scope == MYC_WAIT_PROCESS ? FUTEX_PRIVATE_FLAG : 0;
}

static enum myc_status wait_wait(
    struct myc_wait *wait,
    struct myc_atomic_u32 *word,
    uint32_t expected,
    uint64_t deadline_ns,
    enum myc_wait_scope scope)
{
    (void)wait;
    struct timespec deadline = {
        .tv_sec = (time_t)(deadline_ns / NS_PER_SECOND),
        .tv_nsec = (long)(deadline_ns % NS_PER_SECOND),
    };
    long result = 0;
    do {
        result = syscall(
            SYS_futex,
            &word->value,
            FUTEX_WAIT_BITSET | scope_flag(scope),
            expected,
            deadline_ns == MYC_NEVER ? NULL : &deadline,
            NULL,
            FUTEX_BITSET_MATCH_ANY);
    } while (result != 0 && errno == EINTR);
    if (result == 0) {
        return MYC_OK;
    }
    return errno == EAGAIN ? MYC_AGAIN : myc__posix_status(errno);
}

static uint32_t wait_wake(
    struct myc_wait *wait, struct myc_atomic_u32 *word, uint32_t count, enum myc_wait_scope scope)
{
    (void)wait;
    long woken = syscall(
        SYS_futex,
        &word->value,
        FUTEX_WAKE | scope_flag(scope),
        count < INT_MAX ? (int)count : INT_MAX,
        NULL,
        NULL,
        0);
    return woken > 0 ? (uint32_t)woken : 0;
}

// What futex_waitv takes, where the headers of the system do not have it.
struct waitv_word {
    uint64_t expected;
    uint64_t address;
    uint32_t flags;
    uint32_t reserved;
};

enum { SIZE_U32 = 2, WAITV_NUMBER = 449 /* on every architecture */ };

static enum myc_status wait_wait_any(
    struct myc_wait *wait, const struct myc_wait_word *words, uint32_t count, uint64_t deadline_ns)
{
    (void)wait;
    struct waitv_word waiters[MYC_WAIT_WORDS_MAX];
    struct timespec deadline = {
        .tv_sec = (time_t)(deadline_ns / NS_PER_SECOND),
        .tv_nsec = (long)(deadline_ns % NS_PER_SECOND),
    };
    for (uint32_t i = 0; i < count; i++) {
        // The system call compares only as it goes to sleep, which it does not for a past deadline.
        if (myc_load_relaxed_u32(words[i].word) != words[i].expected) {
            return MYC_AGAIN;
        }
        waiters[i] = (struct waitv_word){
            .expected = words[i].expected,
            .address = (uintptr_t)words[i].word,
            .flags = SIZE_U32 | (uint32_t)scope_flag(words[i].scope),
        };
    }
    long result = 0;
    do {
        result = syscall(
            WAITV_NUMBER,
            waiters,
            count,
            0,
            deadline_ns == MYC_NEVER ? NULL : &deadline,
            CLOCK_MONOTONIC);
    } while (result < 0 && errno == EINTR);
    if (result >= 0) {
        return MYC_OK;
    }
    // A filter of system calls that does not know this one says EPERM.
    if (errno == ENOSYS || errno == EPERM) {
        return MYC_UNSUPPORTED;
    }
    return errno == EAGAIN ? MYC_AGAIN : myc__posix_status(errno);
}

static const struct myc_wait_ops wait_ops = {
    .size = sizeof(wait_ops),
    .wait = wait_wait,
    .wake = wait_wake,
    .wait_any = wait_wait_any,
};

void myc__posix_wait_init(struct myc_wait *wait)
{
    wait->ops = &wait_ops;
}
