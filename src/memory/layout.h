// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The header of a place that has a name: what it holds, whose it is, which generation.
 */
#ifndef MYC_MEMORY_LAYOUT_H
#define MYC_MEMORY_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/diagnostic.h>
#include <mycelium/place.h>
#include <mycelium/status.h>

enum { MYC__PLACE_LAYOUT_VERSION = 1 };

/** Stored natively: a host of the other byte order sees it reversed and refuses. */
#define MYC__PLACE_ENDIAN_MARK UINT32_C(0x01020304)

/** No block is larger. */
#define MYC__PLACE_BLOCK_MAX (UINT64_C(1) << 40)

/** Never changes once the name leads to it. */
struct myc__place_constant {
    uint8_t magic[8];
    uint32_t layout_version;
    uint32_t endian_mark;
    uint32_t content;
    uint32_t page_count;
    uint64_t memory_bytes; /* of the whole segment */
    uint64_t block_offset;
    uint64_t block_bytes;
    uint64_t pages_offset;
    uint64_t generation;
    uint64_t creator_pid;
    uint64_t creator_start_time;
    uint8_t creator_boot_id[16];
    uint8_t reserved[152];
    uint64_t checksum; /* of everything before it */
};

_Static_assert(sizeof(struct myc__place_constant) == 256, "pinned");
_Static_assert(offsetof(struct myc__place_constant, content) == 16, "pinned");
_Static_assert(offsetof(struct myc__place_constant, memory_bytes) == 24, "pinned");
_Static_assert(offsetof(struct myc__place_constant, generation) == 56, "pinned");
_Static_assert(offsetof(struct myc__place_constant, creator_pid) == 64, "pinned");
_Static_assert(offsetof(struct myc__place_constant, checksum) == 248, "pinned");

#define MYC__PLACE_LINE __attribute__((aligned(64)))

/** Why a generation is over. */
enum { MYC__PLACE_CLOSED = 1, MYC__PLACE_REPLACED = 2 };

/** The first page. */
struct myc__place_header {
    struct myc__place_constant constant;
    MYC__PLACE_LINE struct myc_atomic_u64 ready; /* 0, then the generation, stored last */
    MYC__PLACE_LINE struct myc_atomic_u64 over;  /* 0, then why */
};

_Static_assert(offsetof(struct myc__place_header, ready) == 256, "pinned");
_Static_assert(offsetof(struct myc__place_header, over) == 320, "pinned");
_Static_assert(sizeof(struct myc__place_header) <= MYC_PLACE_HEADER_BYTES, "one page");

/** Fills a zeroed constant part in, but for the creator and the checksum. */
void myc__place_layout_fill(
    struct myc__place_constant *constant,
    uint64_t block_bytes,
    uint32_t page_count,
    uint32_t content,
    uint64_t generation);

/** The checksum of a constant part, without its last field. */
uint64_t myc__place_layout_checksum(const struct myc__place_constant *constant);

/** Whether it is the first page of a place, of whatever version. */
bool myc__place_layout_is_ours(const void *page);

/**
 * Copies the constant part out of a foreign page once and checks the copy against the size of the
 * whole segment.
 *
 * Errors: CORRUPT, MISMATCH; the diagnostic says what.
 */
MYC_MUST_USE enum myc_status myc__place_layout_check(
    const void *page,
    size_t memory_bytes,
    struct myc__place_constant *out_constant,
    struct myc_diagnostic *diagnostic);

#endif
