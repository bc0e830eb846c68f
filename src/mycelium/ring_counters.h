// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a ring counts: how much went through, who waited for whom, what was lost.
 *
 * The counts lie in the ring's memory and in its readers' pages, where a monitor in any process may
 * read them. Who writes a word is its only writer and stores it relaxed, so counting costs a record
 * nothing: how many there were follows from the positions and sequences that are stored anyway.
 *
 * Threads: any, in any process that has the memory mapped; read-only is enough. Each foreign word
 * is loaded once. The words of one answer are not of one moment: it is exact while the side that
 * counts is at rest, else it may be off by what was just being committed or passed. A writer that
 * died inside a commit may have left out its PAD or its GAP.
 */
#ifndef MYC_RING_COUNTERS_H
#define MYC_RING_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/ring.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" // functions named like structs
#endif

/** What the writer counts, since the ring was made. */
struct myc_ring_writer_counters {
    uint64_t messages; /* published */
    uint64_t bytes;    /* of records published: headers, payloads and their padding; no PADs */
    uint64_t gapped;   /* messages that are not there, as GAPs of the ring say */
    uint64_t dropped;  /* messages not published because the ring was full, those of GAPs too */
    uint64_t full;     /* claims and fills refused for want of room */
    uint64_t parks;    /* times the writer armed to sleep for room */
};

/** What a reader counts, since it attached. */
struct myc_ring_reader_counters {
    uint64_t messages;    /* consumed: given back to the writer */
    uint64_t bytes;       /* of records consumed, GAPs too; no PADs */
    uint64_t gapped;      /* messages it was told are missing by GAPs of the ring */
    uint64_t lost;        /* messages it was told it missed because the writer overtook it */
    uint64_t empty_polls; /* polls that handed nothing over, first takes of a batch too */
    uint64_t parks;       /* times it armed to sleep */
    uint64_t lag_max;     /* the most bytes, PADs too, that it had not passed when a batch began;
                             at most the capacity. Of each batch only its own bytes are sure to be
                             seen: what lies behind it is looked for every 4 KiB, by takes once a
                             lap */
};

/** The writer's counts, exactly. Threads: the writer's. [RING-40] */
void myc_ring_writer_counters(
    const struct myc_ring_writer *writer, struct myc_ring_writer_counters *out_counters);

/**
 * The same out of the ring's memory: for a monitor that only maps it.
 *
 * Errors: as myc_ring_reader_init() for the memory; AGAIN also where the writer was in the middle
 * of a commit each time. [RING-41]
 */
MYC_MUST_USE enum myc_status myc_ring_memory_counters(
    const void *memory,
    size_t memory_bytes,
    struct myc_ring_writer_counters *out_counters,
    struct myc_diagnostic *diagnostic);

/**
 * A reader's counts out of its page, which is 64-aligned and MYC_RING_PAGE_BYTES long; a zeroed
 * page, or one that says something impossible, gives zeros. [RING-42]
 */
void myc_ring_page_counters(const void *page, struct myc_ring_reader_counters *out_counters);

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif
