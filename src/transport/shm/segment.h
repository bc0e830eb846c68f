// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Rings and reader pages in sealed shared memory: making them here, taking them from a peer.
 *
 * The writer's process makes both. The ring segment can be mapped writable by nobody else once
 * sealed; a page goes to one reader, which writes it, and is mapped read-only by the writer's
 * process.
 */
#ifndef MYC_TRANSPORT_SHM_SEGMENT_H
#define MYC_TRANSPORT_SHM_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/platform.h>
#include <mycelium/status.h>

/** A segment and where this process mapped it; zero: none. */
struct myc__segment {
    struct myc_handle handle;
    void *memory;
    size_t bytes;
};

/** Creates a segment for a ring: mapped read-write here, then sealed against everyone else. */
MYC_MUST_USE enum myc_status myc__segment_create_ring(
    struct myc_platform *platform, size_t bytes, struct myc__segment *out_segment);

/** Creates a reader's page: size-sealed, mapped read-only here. */
MYC_MUST_USE enum myc_status
myc__segment_create_page(struct myc_platform *platform, struct myc__segment *out_segment);

/**
 * Takes a ring segment from a peer: verifies size and seals, then maps it read-only.
 *
 * Ownership: the handle is closed in any case; the mapping is the caller's.
 * Errors: CORRUPT (not what a ring segment must be), NO_MEMORY.
 */
MYC_MUST_USE enum myc_status myc__segment_take_ring(
    struct myc_platform *platform,
    struct myc_handle handle,
    uint64_t bytes,
    struct myc__segment *out_segment,
    struct myc_diagnostic *diagnostic);

/** The same for a reader's page, mapped read-write. */
MYC_MUST_USE enum myc_status myc__segment_take_page(
    struct myc_platform *platform,
    struct myc_handle handle,
    struct myc__segment *out_segment,
    struct myc_diagnostic *diagnostic);

/** Unmaps and closes. Accepts a zeroed segment and leaves one. */
void myc__segment_release(struct myc_platform *platform, struct myc__segment *segment);

#endif
