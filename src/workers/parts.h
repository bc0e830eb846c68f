// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What lies in the parts beside rings and pages, and who writes it.
 */
#ifndef MYC_WORKERS_PARTS_H
#define MYC_WORKERS_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/ring.h>
#include <mycelium/workers.h>

enum { MYC__WORKERS_PAGE = 4096, MYC__WORKERS_READY = 1 };

/** Stored natively: a process of the other byte order sees it reversed and refuses. */
#define MYC__WORKERS_ENDIAN_MARK UINT32_C(0x01020304)

/** In front of each payload, in both directions. Native words: a ring never leaves its host. */
struct myc__work_header {
    uint64_t job;    /* 0 in a job for all */
    uint32_t worker; /* its index; MYC_WORKERS_ALL in a job for all */
    uint32_t kind;   /* enum myc__work_kind */
};

_Static_assert(sizeof(struct myc__work_header) == MYC_WORK_HEADER_BYTES, "pinned");

enum myc__work_kind { MYC__WORK_JOB = 1, MYC__WORK_PARTIAL = 2, MYC__WORK_DONE = 3 };

/** The first page of the scheduler's part. */
struct myc__workers_header {
    uint8_t magic[8]; /* MYCWORK and a zero */
    uint32_t endian_mark;
    uint32_t reserved;
    uint64_t epoch;
    struct myc_workers_layout layout;
    __attribute__((aligned(64))) struct myc_atomic_u64 ready; /* stored last, with release */
};

_Static_assert(offsetof(struct myc__workers_header, layout) == 24, "pinned");
_Static_assert(offsetof(struct myc__workers_header, ready) == 192, "pinned");

/** What the scheduler tells one worker; a line of the scheduler's part. */
struct myc__workers_post {
    /* Twice the generation that is offered; plus one once it is in. Released after the rest. */
    __attribute__((aligned(64))) struct myc_atomic_u64 offer;
    struct myc_ring_ticket ticket; /* on the dispatch ring */
    uint64_t first_job;            /* the number of its first one, less one */
};

_Static_assert(sizeof(struct myc__workers_post) == 64, "one line");

/** What a worker tells the scheduler; the first line of the worker's part. */
struct myc__workers_reply {
    /* The generation that came. Released after page, ring and ticket. */
    __attribute__((aligned(64))) struct myc_atomic_u64 accepted;
    struct myc_ring_ticket ticket; /* on the return ring */
};

_Static_assert(sizeof(struct myc__workers_reply) == 64, "one line");

/** Options of a dispatch ring, and of the return ring of one generation. */
struct myc_ring_options
myc__workers_dispatch_options(const struct myc_workers_layout *layout, uint64_t epoch);
struct myc_ring_options myc__workers_return_options(
    const struct myc_workers_layout *layout, uint32_t index, uint32_t generation);

/** Zeroes memory that atomics of an earlier generation lay in. */
void myc__workers_zero(void *memory, size_t bytes);

/** Copies plain words of the other side out of a line whose release was acquired. */
struct myc_ring_ticket myc__workers_ticket(const struct myc_ring_ticket *foreign);

/** Whether a type may be given to a job or a return. */
bool myc__workers_is_type(uint16_t type);

static inline struct myc__workers_post *
myc__workers_post(const struct myc_workers_layout *layout, const void *part, uint32_t index)
{
    uintptr_t lines = (uintptr_t)part + (size_t)layout->posts_offset;
    return (struct myc__workers_post *)lines + index;
}

static inline void *
myc__workers_page(const struct myc_workers_layout *layout, const void *part, uint32_t index)
{
    size_t offset = (size_t)layout->pages_offset + (size_t)index * MYC_RING_PAGE_BYTES;
    return (void *)((uintptr_t)part + offset);
}

static inline void *
myc__workers_dispatch(const struct myc_workers_layout *layout, const void *part, uint32_t index)
{
    uint64_t ring = layout->dispatch_rings == 1 ? 0 : index;
    return (
        void
            *)((uintptr_t)part + (size_t)(layout->dispatch_offset + ring * layout->dispatch_bytes));
}

#endif
