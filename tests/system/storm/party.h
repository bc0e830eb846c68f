// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A reader that compares each message with what its number says, in each way there is to read.
 */
#ifndef MYC_SYSTEM_STORM_PARTY_H
#define MYC_SYSTEM_STORM_PARTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/ring.h>

/** How a reader reads. */
enum party_kind {
    PARTY_POLL,
    PARTY_PEEK,
    PARTY_TAKE,
    PARTY_COPY,
    PARTY_OLDEST, /* lapping ones from here on */
    PARTY_LATEST,
    PARTY_KINDS
};

enum { PARTY_BATCH_MAX = 4 };

struct party {
    struct myc_ring_reader reader;
    enum party_kind kind;
    size_t size_max;   /* of messages, as content_size() takes it */
    uint64_t sequence; /* last seen */
    uint64_t received;
    uint64_t lost;
    uint64_t bytes; /* of payloads */
    struct myc_span copy;
};

static inline bool party_is_lapping(enum party_kind kind)
{
    return kind >= PARTY_OLDEST;
}

/** Joins the ring in the writer's process, as a reader of that kind does. */
enum myc_status party_join(
    struct myc_ring_writer *writer,
    const void *page,
    enum party_kind kind,
    enum myc_ring_start start,
    struct myc_ring_ticket *out_ticket);

/** Attaches a reader; all of `party` but kind and size_max is set. `memory` is what there is. */
enum myc_status party_attach(
    struct party *party,
    const void *memory,
    size_t memory_bytes,
    void *page,
    const struct myc_ring_ticket *ticket);

/** Frees what attaching took. */
void party_end(struct party *party);

/** Reads at most about `records_max` records; a wrong one ends the process. How many. */
size_t party_read(struct party *party, size_t records_max);

/** Publishes the writer's next message; false if there is no room. */
bool party_publish(struct myc_ring_writer *writer, size_t size_max);

/** How many messages the batch has whose first one is `number`: 1 to PARTY_BATCH_MAX. */
uint64_t party_batch(uint64_t number);

/** Publishes the writer's next batch, whole; false if there is no room, and none of it is seen.
 * PARTY_BATCH_MAX messages of `size_max` must fit into half the ring. */
bool party_publish_batch(struct myc_ring_writer *writer, size_t size_max);

#endif
