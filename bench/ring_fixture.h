// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A ring with its readers, placed on the heap, in a memfd or in a file, as the sides need it.
 */
#ifndef MYC_BENCH_RING_FIXTURE_H
#define MYC_BENCH_RING_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/ring.h>
#include <mycelium/ring_inline.h>

enum { FIXTURE_READERS_MAX = 10, FIXTURE_TYPE = 1, FIXTURE_VERSION = 1, MESSAGE_WORDS = 8 };

enum fixture_place { FIXTURE_HEAP, FIXTURE_MEMFD, FIXTURE_FILE };

struct ring_fixture {
    struct myc_ring_writer writer;
    struct myc_ring_reader readers[FIXTURE_READERS_MAX];
    void *memory;
    const void
        *reader_memory; /* MEMFD, FILE: another mapping, read-only, as another process has it */
    void *pages;
    size_t memory_bytes;
    size_t page_bytes;
};

/** Makes a ring and joins `readers` readers, one of them to 10. NULL, with a message, if not. */
struct ring_fixture *
ring_fixture_create(enum fixture_place place, uint64_t capacity_bytes, uint32_t readers);

/** Frees it. Accepts NULL. */
void ring_fixture_destroy(struct ring_fixture *fixture);

/** Claims 64 bytes, spinning while the ring is full, fills them in place and commits. */
static inline void fixture_send(struct myc_ring_writer *writer, uint64_t value)
{
    uint64_t *payload = myc_ring_claim_fast(writer, MESSAGE_WORDS * sizeof(uint64_t));
    while (payload == NULL) {
        payload = myc_ring_claim_fast(writer, MESSAGE_WORDS * sizeof(uint64_t));
    }
    for (uint32_t i = 0; i < MESSAGE_WORDS; i++) {
        payload[i] = value + i;
    }
    myc_ring_commit_fast(writer, FIXTURE_TYPE, FIXTURE_VERSION, MESSAGE_WORDS * sizeof(uint64_t));
}

/** Reads all 64 bytes of a message, as a handler would; its sum. */
static inline uint64_t fixture_sum(const uint64_t *payload)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < MESSAGE_WORDS; i++) {
        sum += payload[i];
    }
    return sum;
}

/** A handler that adds every word to the uint64_t at `context`. */
void fixture_on_record(const struct myc_record *record, void *context);

#endif
