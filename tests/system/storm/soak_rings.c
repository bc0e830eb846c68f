// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One writer; a reader in place, a lapping one, and a relay that hands the bytes to a second ring
 * as a socket would, with a reader in place and a lapping one there, too.
 */
#include "system/storm/soak.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/ring.h>

#include "system/storm/content.h"
#include "system/storm/party.h"
#include "system/storm/storm.h"

enum {
    CAPACITY = 64 * 1024,
    SIZE_MAX_BYTES = 4000,
    SIZE_MEAN_BYTES = 310, /* about: decides only how far from the turn a run begins */
    READERS = 2,           /* of each ring */
    RINGS = 2
};

struct ring {
    struct myc_ring_writer writer;
    void *memory;
    size_t memory_bytes;
    unsigned char *pages;
    struct myc_ring_ticket tickets[READERS + 1];
    struct party parties[READERS];
    struct myc_ring_reader relayed; // of the first ring
};

struct soak {
    struct ring rings[RINGS];
    uint64_t target;
    uint64_t first_gap;
    uint64_t bytes;
};

static const enum party_kind kinds[RINGS][READERS] = {
    {PARTY_TAKE, PARTY_OLDEST}, {PARTY_POLL, PARTY_LATEST}};

// ---- The threads ----

static void *write_all(void *context)
{
    struct soak *soak = context;
    struct myc_ring_writer *writer = &soak->rings[0].writer;
    struct myc_gap gap = {.count = soak->first_gap, .cause = MYC_LOSS_DISCONNECTED};
    enum myc_status status = myc_ring_publish(writer, MYC_RECORD_GAP, 0, &gap, sizeof gap);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    while (soak->bytes < soak->target) {
        uint64_t next = myc_ring_committed(writer) + 1;
        bool is_done = next % 2 == 0 ? party_publish(writer, SIZE_MAX_BYTES)
                                     : party_publish_batch(writer, SIZE_MAX_BYTES);
        if (!is_done) {
            (void)sched_yield();
        }
        for (; is_done && next <= myc_ring_committed(writer); next++) {
            soak->bytes += content_size(next, SIZE_MAX_BYTES);
        }
    }
    myc_ring_writer_close(writer);
    return NULL;
}

static void *read_all(void *context)
{
    struct party *party = context;
    enum myc_status status = MYC_OK;
    while (status == MYC_OK) {
        if (party_read(party, 100) != 0) {
            storm_beat(0, "rings stand still");
        } else {
            (void)sched_yield();
        }
        status = myc_ring_reader_status(&party->reader);
    }
    STORM_CHECK(status == MYC_CLOSED, "kind %d ends with %d", (int)party->kind, (int)status);
    return NULL;
}

static enum myc_status on_session_record(const struct myc_record *record, void *context)
{
    (void)record;
    (void)context;
    return MYC_CORRUPT; // None is sent.
}

// Hands bytes on, as many as there is room for. Returns: how many.
static size_t hand_on(struct myc_ring_writer *writer, const unsigned char *bytes, size_t size)
{
    struct myc_span spans[MYC_RING_FILL_SPANS];
    size_t count = myc_ring_fill_begin(writer, spans);
    size_t at = 0;
    for (size_t i = 0; i < count && at < size; i++) {
        size_t part = spans[i].size < size - at ? spans[i].size : size - at;
        memcpy(spans[i].data, bytes + at, part);
        at += part;
    }
    if (count != 0) {
        enum myc_status status = myc_ring_fill_end(writer, at, on_session_record, NULL, NULL);
        STORM_CHECK(status == MYC_OK, "a fill ends with %d", (int)status);
    }
    return at;
}

static void *relay_all(void *context)
{
    struct soak *soak = context;
    struct myc_ring_reader *reader = &soak->rings[0].relayed;
    struct myc_ring_writer *writer = &soak->rings[1].writer;
    while (myc_ring_reader_status(reader) == MYC_OK) {
        struct myc_const_span span = myc_ring_peek(reader, CAPACITY / 8);
        for (size_t at = 0; at < span.size;) {
            size_t part = hand_on(writer, (const unsigned char *)span.data + at, span.size - at);
            at += part;
            if (part == 0) {
                (void)sched_yield();
            }
        }
        myc_ring_consume(reader, span.size);
        if (span.data == NULL) {
            (void)sched_yield();
        }
    }
    enum myc_status status = myc_ring_reader_status(reader);
    STORM_CHECK(status == MYC_CLOSED, "the relay ends with %d", (int)status);
    myc_ring_writer_close(writer);
    return NULL;
}

// ---- The rings ----

static void attach(struct ring *ring, size_t i)
{
    void *page = ring->pages + i * MYC_RING_PAGE_BYTES;
    enum myc_status status;
    if (i == READERS) {
        status = myc_ring_join(&ring->writer, page, MYC_RING_LIVE, &ring->tickets[i]);
        if (status == MYC_OK) {
            status = myc_ring_reader_init(
                &ring->relayed, ring->memory, ring->memory_bytes, page, &ring->tickets[i], NULL);
        }
    } else {
        struct party *party = &ring->parties[i];
        party->size_max = SIZE_MAX_BYTES;
        status = party_join(&ring->writer, page, party->kind, MYC_RING_LIVE, &ring->tickets[i]);
        if (status == MYC_OK) {
            status = party_attach(party, ring->memory, ring->memory_bytes, page, &ring->tickets[i]);
        }
    }
    STORM_CHECK(status == MYC_OK, "reader %zu: status %d", i, (int)status);
}

static void open_ring(struct ring *ring, uint64_t first_position, const enum party_kind *wanted)
{
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = READERS + 1,
        .readers_may_be_lapped = true,
        .first_position = first_position};
    size_t page_bytes = (size_t)(READERS + 1) * MYC_RING_PAGE_BYTES;
    memset(ring, 0, sizeof *ring);
    ring->memory_bytes = myc_ring_memory_size(&options);
    ring->memory = aligned_alloc(4096, ring->memory_bytes);
    ring->pages = aligned_alloc(4096, page_bytes);
    STORM_CHECK(ring->memory != NULL && ring->pages != NULL, "no memory");
    memset(ring->memory, 0, ring->memory_bytes);
    memset(ring->pages, 0, page_bytes);
    enum myc_status status =
        myc_ring_writer_init(&ring->writer, ring->memory, ring->memory_bytes, &options, NULL);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    for (size_t i = 0; i < READERS; i++) {
        ring->parties[i].kind = wanted[i];
        attach(ring, i);
    }
}

static void
close_ring(struct ring *ring, const struct soak *soak, uint64_t turn, struct soak_sums *sums)
{
    struct myc_ring_reader_state state;
    uint64_t committed = myc_ring_committed(&ring->writer);
    for (size_t i = 0; i < READERS; i++) {
        struct party *party = &ring->parties[i];
        STORM_CHECK(
            party->sequence == committed && party->received + party->lost == committed,
            "kind %d has not all",
            (int)party->kind);
        STORM_CHECK(
            party_is_lapping(party->kind) || party->lost == soak->first_gap,
            "kind %d lost some",
            (int)party->kind);
        STORM_CHECK(
            party_is_lapping(party->kind) || party->bytes == soak->bytes,
            "kind %d has other bytes",
            (int)party->kind);
        sums->checked += party->bytes;
        sums->lapped += party_is_lapping(party->kind) ? party->lost - soak->first_gap : 0;
        party_end(party);
    }
    STORM_CHECK(myc_ring_is_valid(&ring->writer), "the writer is not what its words say");
    STORM_CHECK(
        myc_ring_reader_state(&ring->writer, ring->tickets[0].slot, &state) == MYC_OK, "no state");
    STORM_CHECK(
        ring->tickets[0].position < turn && state.position > turn, "positions did not turn");
    STORM_CHECK(soak->first_gap < turn && committed > turn, "sequences did not turn");
    free(ring->memory);
    free(ring->pages);
}

void soak_rings(uint64_t bytes, uint64_t turn, struct soak_sums *sums)
{
    static struct soak soak;
    pthread_t threads[RINGS * READERS + 2];
    size_t started = 0;
    memset(&soak, 0, sizeof soak);
    soak.target = bytes;
    soak.first_gap = turn - bytes / SIZE_MEAN_BYTES / 2;
    for (size_t i = 0; i < RINGS; i++) {
        open_ring(&soak.rings[i], turn - bytes / 16 * 8, kinds[i]);
    }
    attach(&soak.rings[0], READERS);
    for (size_t i = 0; i < RINGS; i++) {
        for (size_t j = 0; j < READERS; j++) {
            struct party *party = &soak.rings[i].parties[j];
            STORM_CHECK(
                pthread_create(&threads[started++], NULL, read_all, party) == 0, "no thread");
        }
    }
    STORM_CHECK(pthread_create(&threads[started++], NULL, relay_all, &soak) == 0, "no thread");
    STORM_CHECK(pthread_create(&threads[started++], NULL, write_all, &soak) == 0, "no thread");
    for (size_t i = 0; i < started; i++) {
        STORM_CHECK(pthread_join(threads[i], NULL) == 0, "no join");
    }
    sums->bytes += soak.bytes;
    sums->messages += myc_ring_committed(&soak.rings[0].writer) - soak.first_gap;
    for (size_t i = 0; i < RINGS; i++) {
        close_ring(&soak.rings[i], &soak, turn, sums);
    }
}
