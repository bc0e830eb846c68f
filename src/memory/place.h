// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What making a place and attaching to one share.
 */
#ifndef MYC_MEMORY_PLACE_H
#define MYC_MEMORY_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/interface/shm.h>
#include <mycelium/place.h>
#include <mycelium/status.h>

#include "memory/layout.h"

/** What lies at a name, of which the first page is mapped. */
struct myc__place_found {
    void
        *page; /* at most MYC_PLACE_HEADER_BYTES, as much as there is; NULL: the segment is empty */
    size_t page_bytes;
    size_t bytes; /* of the whole segment */
};

/** The header of a place that has one. */
static inline struct myc__place_header *myc__place_header(const struct myc_place *place)
{
    return (struct myc__place_header *)(void *)place->memory;
}

/** The name as the platform wants it; points into the place. */
struct myc_shm_name myc__place_name(const struct myc_place *place);

/** Begins a place with a name, which is checked. Errors: INVALID. */
MYC_MUST_USE enum myc_status myc__place_begin(
    struct myc_place *place,
    struct myc_platform *platform,
    enum myc_place_kind kind,
    const char *name,
    struct myc_diagnostic *diagnostic);

/** Removes the name of a place of ours; whatever comes of it, nothing can be done. */
static inline void myc__place_remove(const struct myc_place *place)
{
    struct myc_shm_name name = myc__place_name(place);
    enum myc_status status = myc_shm_remove(place->platform->shm, &name, place->handle);
    (void)status;
}

/** Puts the name before the diagnostic's text, gives everything back, and returns the status. */
enum myc_status
myc__place_fail(struct myc_place *place, enum myc_status status, struct myc_diagnostic *diagnostic);

/** Maps the first page of what the place's handle leads to. */
MYC_MUST_USE enum myc_status myc__place_look(
    struct myc_place *place,
    enum myc_shm_access access,
    struct myc__place_found *out_found,
    struct myc_diagnostic *diagnostic);

/** Unmaps it. */
void myc__place_look_away(struct myc_place *place, struct myc__place_found *found);

/** Checks what was found: long enough, and a place as its header says. Errors: CORRUPT, MISMATCH.
 */
MYC_MUST_USE enum myc_status myc__place_check(
    const struct myc__place_found *found,
    struct myc__place_constant *out_constant,
    struct myc_diagnostic *diagnostic);

/**
 * Whether a place was made since this host booted: a file of before may be torn. Errors: STALE, IO.
 */
MYC_MUST_USE enum myc_status myc__place_check_boot(
    struct myc_place *place,
    const struct myc__place_constant *constant,
    struct myc_diagnostic *diagnostic);

/** Maps the whole of a place whose header was checked. */
MYC_MUST_USE enum myc_status myc__place_map(
    struct myc_place *place,
    const struct myc__place_constant *constant,
    enum myc_shm_access access,
    struct myc_diagnostic *diagnostic);

#endif
