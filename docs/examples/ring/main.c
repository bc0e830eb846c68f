// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One thread writes ticks, two read them: a ledger that misses none and holds the writer back, and
 * a display that nobody waits for. Nothing else of the library is around the ring.
 */
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <sched.h>

#include <mycelium/ring.h>

enum { CAPACITY = 65536, TICKS = 20000, TYPE_TICK = 1, PAUSE_EVERY = 500 };

struct tick {
    uint64_t number;
    double price;
};

// What a reader makes of what it reads.
struct account {
    struct myc_ring_reader reader;
    uint64_t seen;
    uint64_t lost;
    uint64_t pauses; // a slow reader yields this often after each poll
    bool is_wrong;
};

struct desk {
    struct myc_ring_writer writer;
    struct account ledger;
    struct account display;
    alignas(64) unsigned char pages[2][MYC_RING_PAGE_BYTES];
    alignas(8) unsigned char copy[CAPACITY / 4];
    alignas(4096) unsigned char memory[];
};

static void on_record(const struct myc_record *record, void *context)
{
    struct account *account = context;
    if (record->type == MYC_RECORD_GAP) {
        struct myc_gap gap;
        memcpy(&gap, record->payload, sizeof gap);
        account->lost += gap.count; // messages sequence - count + 1 to sequence
        return;
    }
    const struct tick *tick = record->payload;
    account->is_wrong |= tick->number != record->sequence || tick->price != (double)tick->number;
    account->seen++;
}

static void *read_ticks(void *context)
{
    struct account *account = context;
    while (myc_ring_reader_status(&account->reader) == MYC_OK) {
        size_t count = myc_ring_poll(&account->reader, on_record, account, MYC_RING_BATCH_MAX);
        for (uint64_t i = 0; i < (count == 0 ? 1 : account->pauses); i++) {
            (void)sched_yield();
        }
    }
    account->is_wrong |= myc_ring_reader_status(&account->reader) != MYC_CLOSED;
    return NULL;
}

static void write_ticks(struct myc_ring_writer *writer)
{
    for (uint64_t number = 1; number <= TICKS; number++) {
        struct tick *tick;
        while ((tick = myc_ring_claim(writer, sizeof *tick)) == NULL) {
            (void)sched_yield(); // the ledger is in the way
        }
        tick->number = number;
        tick->price = (double)number;
        myc_ring_commit(writer, TYPE_TICK, 1, sizeof *tick);
    }
    myc_ring_writer_close(writer);
}

// Lets both readers in. In one process the writer's side and the readers' are a call apart.
static enum myc_status attach(struct desk *desk, size_t bytes)
{
    struct myc_ring_ticket ticket;
    enum myc_status status = myc_ring_join(&desk->writer, desk->pages[0], MYC_RING_LIVE, &ticket);
    if (status == MYC_OK) {
        status = myc_ring_reader_init(
            &desk->ledger.reader, desk->memory, bytes, desk->pages[0], &ticket, NULL);
    }
    if (status == MYC_OK) {
        status = myc_ring_join_lapping(&desk->writer, desk->pages[1], MYC_RING_LIVE, &ticket);
    }
    if (status == MYC_OK) {
        status = myc_ring_lapping_init(
            &desk->display.reader,
            desk->memory,
            bytes,
            desk->pages[1],
            &ticket,
            MYC_RING_LATEST,
            (struct myc_span){desk->copy, sizeof desk->copy},
            NULL);
    }
    return status;
}

int main(void)
{
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY, .readers_max = 2, .readers_may_be_lapped = true};
    size_t bytes = myc_ring_memory_size(&options);
    size_t desk_bytes = (sizeof(struct desk) + bytes + 4095) / 4096 * 4096;
    struct desk *desk = aligned_alloc(4096, desk_bytes);
    struct myc_diagnostic why;
    pthread_t threads[2];
    if (desk == NULL) {
        return 1;
    }
    memset(desk, 0, desk_bytes);
    if (myc_ring_writer_init(&desk->writer, desk->memory, bytes, &options, &why) != MYC_OK) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    desk->display.pauses = PAUSE_EVERY;
    if (attach(desk, bytes) != MYC_OK || myc_ring_readers(&desk->writer) != 2
        || pthread_create(&threads[0], NULL, read_ticks, &desk->ledger) != 0
        || pthread_create(&threads[1], NULL, read_ticks, &desk->display) != 0) {
        return 1;
    }
    write_ticks(&desk->writer);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    bool is_right = !desk->ledger.is_wrong && !desk->display.is_wrong && desk->ledger.lost == 0;
    printf(
        "ledger: %d ticks, %s\n", (int)desk->ledger.seen, is_right ? "none lost" : "THIS IS WRONG");
    printf(
        "display: %d ticks accounted for, %d seen and %d lost\n",
        (int)(desk->display.seen + desk->display.lost),
        (int)desk->display.seen,
        (int)desk->display.lost);
    is_right = is_right && desk->ledger.seen == TICKS;
    is_right = is_right && desk->display.seen + desk->display.lost == TICKS;
    free(desk);
    return is_right ? 0 : 1;
}
