// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Writers in processes of their own, each with a ring that it makes, seals and passes on; readers
 * of two kinds here. When the writer is dead, what it committed is read to the end, and nothing
 * else is there.
 */
#include "system/storm/kills.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <mycelium/atomic.h>

#include "system/storm/party.h"
#include "system/storm/segment.h"

enum { CAPACITY = 16384, READERS = 2, COUNT_BYTES = 4096, MESSAGES_MAX = 3000 };

struct seat {
    struct party party;
    void *page;
    int page_file;
};

// ---- The writer's process ----

static int make_ring(struct myc_ring_writer *writer, uint64_t first_position, size_t *out_bytes)
{
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = READERS,
        .readers_may_be_lapped = true,
        .first_position = first_position,
        .creator = {.pid = (uint64_t)getpid()}};
    size_t bytes = myc_ring_memory_size(&options);
    int file = segment_create("storm", bytes);
    void *memory = segment_map(file, bytes, true);
    segment_seal(file);
    enum myc_status status = myc_ring_writer_init(writer, memory, bytes, &options, NULL);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    *out_bytes = bytes;
    return file;
}

int kills_writer_role(int socket, const uint64_t numbers[CHILD_NUMBERS_MAX])
{
    static struct myc_ring_writer writer;
    struct note note;
    size_t bytes;
    int count_file = -1;
    int file = make_ring(&writer, numbers[0], &bytes);
    note = (struct note){.kind = KILLS_RING, .numbers = {bytes}};
    if (!note_send(socket, &note, file) || !note_expect(socket, KILLS_COUNT, &note, &count_file)) {
        return 1;
    }
    struct myc_atomic_u64 *count = segment_map(count_file, COUNT_BYTES, true);
    for (uint64_t i = 0; i < READERS; i++) {
        int page_file = -1;
        if (!note_expect(socket, KILLS_PAGE, &note, &page_file)) {
            return 1;
        }
        const void *page = segment_map(page_file, MYC_RING_PAGE_BYTES, false);
        note.kind = KILLS_TICKET;
        enum myc_status status =
            party_join(&writer, page, (enum party_kind)note.value, MYC_RING_LIVE, &note.ticket);
        STORM_CHECK(status == MYC_OK, "a join says %d", (int)status);
        if (!note_send(socket, &note, -1)) {
            return 1;
        }
    }
    for (;;) {
        if (party_publish_batch(&writer, KILLS_SIZE_MAX)) {
            myc_store_release_u64(count, myc_ring_committed(&writer));
        } else {
            (void)sched_yield();
        }
    }
}

// ---- The readers' process ----

static bool take_seat(
    struct child *child, struct seat *seat, const void *memory, size_t bytes, enum party_kind kind)
{
    struct note note = {.kind = KILLS_PAGE, .value = kind};
    STORM_CHECK(note_send(child->socket, &note, seat->page_file), "not heard");
    if (!note_expect(child->socket, KILLS_TICKET, &note, NULL)) {
        return false;
    }
    struct myc_ring_origin origin;
    seat->party.kind = kind;
    seat->party.size_max = KILLS_SIZE_MAX;
    enum myc_status status = party_attach(&seat->party, memory, bytes, seat->page, &note.ticket);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    myc_ring_reader_origin(&seat->party.reader, &origin);
    STORM_CHECK(origin.creator.pid == (uint64_t)child->pid, "the ring is another's");
    return true;
}

// Reads until nothing is left of what a dead writer committed.
static void read_to_the_end(struct seat *seat, uint64_t counted, struct kills_sums *sums)
{
    struct party *party = &seat->party;
    while (!myc_ring_is_empty(&party->reader)) {
        (void)party_read(party, 1000); // A reader that broke is empty, too.
    }
    enum myc_status status = myc_ring_reader_status(&party->reader);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    // It may have died between a commit and its count; and of a batch there is all or nothing.
    STORM_CHECK(
        party->sequence == counted || party->sequence == counted + party_batch(counted + 1),
        "read up to %llu, but %llu were committed",
        (unsigned long long)party->sequence,
        (unsigned long long)counted);
    STORM_CHECK(party->received + party->lost == party->sequence, "the account is wrong");
    STORM_CHECK(party_is_lapping(party->kind) || party->lost == 0, "something was lost");
    sums->received += party->received;
    sums->lost += party->lost;
    party_end(party);
}

static void open_seats(struct seat *seats)
{
    for (size_t i = 0; i < READERS; i++) {
        memset(&seats[i], 0, sizeof seats[i]);
        seats[i].page_file = segment_create("page", MYC_RING_PAGE_BYTES);
        seats[i].page = segment_map(seats[i].page_file, MYC_RING_PAGE_BYTES, true);
    }
}

static void close_seats(struct seat *seats)
{
    for (size_t i = 0; i < READERS; i++) {
        segment_unmap(seats[i].page, MYC_RING_PAGE_BYTES);
        (void)close(seats[i].page_file);
    }
}

// Reads for a while, kills the writer, and reads the rest.
static void read_and_kill(
    struct child *child,
    struct seat *seats,
    const struct myc_atomic_u64 *count,
    struct storm_draw *draw,
    struct kills_sums *sums)
{
    uint64_t wanted = storm_below(draw, MESSAGES_MAX);
    while (seats[0].party.sequence < wanted) {
        size_t got = 0;
        for (size_t i = 0; i < READERS; i++) {
            got += party_read(&seats[i].party, 1 + storm_below(draw, 100));
        }
        if (got == 0) {
            enum myc_status status = myc_ring_reader_status(&seats[0].party.reader);
            STORM_CHECK(status == MYC_OK, "status %d", (int)status);
            child_check_all_live();
            (void)sched_yield();
        }
    }
    child_kill(child);
    uint64_t counted = myc_load_acquire_u64(count);
    for (size_t i = 0; i < READERS; i++) {
        read_to_the_end(&seats[i], counted, sums);
    }
}

// One writer's life.
static void outlive(struct storm_draw *draw, struct kills_sums *sums)
{
    static struct seat seats[READERS];
    static const uint64_t firsts[] = {
        0, (UINT64_C(1) << 32) - CAPACITY, (UINT64_C(1) << 63) - CAPACITY, UINT64_C(1) << 63};
    const uint64_t numbers[CHILD_NUMBERS_MAX] = {firsts[storm_below(draw, 4)]};
    const enum party_kind kinds[READERS] = {
        (enum party_kind)storm_below(draw, PARTY_OLDEST),
        (enum party_kind)(PARTY_OLDEST + storm_below(draw, 2))};
    struct child child;
    struct note note;
    int file = -1;
    uint64_t instant = storm_below(draw, 8);
    child_start(&child, "writer", numbers);
    if (instant == 0) {
        child_kill(&child);
        sums->early++;
        return;
    }
    STORM_CHECK(note_expect(child.socket, KILLS_RING, &note, &file), "no ring");
    size_t bytes = (size_t)note.numbers[0];
    const void *memory = segment_map(file, bytes, false);
    int count_file = segment_create("count", COUNT_BYTES);
    const struct myc_atomic_u64 *count = segment_map(count_file, COUNT_BYTES, false);
    open_seats(seats);
    if (instant == 1) {
        child_kill(&child);
        sums->early++;
    } else {
        note.kind = KILLS_COUNT;
        STORM_CHECK(note_send(child.socket, &note, count_file), "not heard");
        for (size_t i = 0; i < READERS; i++) {
            STORM_CHECK(take_seat(&child, &seats[i], memory, bytes, kinds[i]), "no seat");
        }
        read_and_kill(&child, seats, count, draw, sums);
    }
    close_seats(seats);
    segment_unmap((void *)(uintptr_t)count, COUNT_BYTES);
    segment_unmap((void *)(uintptr_t)memory, bytes);
    (void)close(count_file);
    (void)close(file);
}

void kills_of_writers(uint64_t count, struct storm_draw *draw, struct kills_sums *sums)
{
    for (uint64_t i = 0; i < count; i++) {
        outlive(draw, sums);
        sums->writers++;
    }
}
