// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Framed sources as members of a fair reader: nothing but two calls, so nothing to link.
 */
#ifndef MYC_FAIR_FRAMED_H
#define MYC_FAIR_FRAMED_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/fair_reader.h>
#include <mycelium/framed.h>
#include <mycelium/ring.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast" // C has no other
#endif

static inline size_t myc__fair_framed_poll(void *source, size_t records_max)
{
    return myc_framed_poll((struct myc_framed_source *)source, records_max);
}

static inline enum myc_status myc__fair_framed_status(const void *source)
{
    return myc_framed_status((const struct myc_framed_source *)source);
}

/**
 * Adds a framed source that is attached to a ring. Its messages and losses go to its own handler; a
 * turn counts records, so a large message takes several turns. To attach it anew remove it first.
 *
 * Errors: as myc_fair_add(); INVALID (the source reads no ring).
 */
MYC_MUST_USE static inline enum myc_status myc_fair_add_framed(
    struct myc_fair_reader *fair, struct myc_framed_source *source, uint32_t *out_member)
{
    struct myc_fair_source member = {
        source->ring, myc__fair_framed_poll, myc__fair_framed_status, source};
    return myc_fair_add_source(fair, &member, out_member);
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif
