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

static const struct myc_wait_ops wait_ops = {
    .size = sizeof(wait_ops),
    .wait = wait_wait,
    .wake = wait_wake,
};

void myc__posix_wait_init(struct myc_wait *wait)
{
    wait->ops = &wait_ops;
}
