// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Spans of bytes and handles of things that live outside the process: shared by every seam.
 */
#ifndef MYC_BYTES_H
#define MYC_BYTES_H

#include <stddef.h>
#include <stdint.h>

/** A run of writable bytes; `data` may be NULL only if `size` is 0. */
struct myc_span {
    void *data;
    size_t size;
};

/** A run of readable bytes. */
struct myc_const_span {
    const void *data;
    size_t size;
};

/**
 * Names something the platform keeps for us: a socket, a segment, a poller, a doorbell, a thread.
 *
 * Value 0 names nothing, so a zeroed handle is safe to close. A handle is valid in the process that
 * got it; passing it to another process gives that process a handle of its own.
 */
struct myc_handle {
    uint64_t value;
};

/** Deadlines are absolute, in monotonic ns. 0 means "do not wait", MYC_NEVER "wait for ever". */
#define MYC_NEVER UINT64_MAX

/** The deadline `duration_ns` after `now_ns`; MYC_NEVER if there is no such time. */
static inline uint64_t myc_deadline_after(uint64_t now_ns, uint64_t duration_ns)
{
    return duration_ns > MYC_NEVER - now_ns ? MYC_NEVER : now_ns + duration_ns;
}

/** From a member back to the structure that embeds it. */
#define MYC_CONTAINER_OF(pointer, type, member)                                                    \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
