// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A writer here, a steady reader and victims in processes of their own. When a victim is dead its
 * slot is freed here; the steady reader must get every message, and so must victims until then.
 */
#include "system/storm/kills.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "system/storm/party.h"
#include "system/storm/segment.h"

enum { CAPACITY = 16384, VICTIMS = 3, BURST_MAX = 400, LAP_MESSAGES = 300 };

// A reader in a process, as the writer's process has it.
struct guest {
    struct child child;
    struct myc_ring_ticket ticket;
    void *page;
    int page_file;
};

struct host {
    struct myc_ring_writer writer;
    void *memory;
    size_t memory_bytes;
    int file;
    struct guest steady;
    struct guest victims[VICTIMS];
};

// ---- The readers' processes ----

static int read_ring(int socket, enum party_kind kind, bool is_steady)
{
    static struct party party;
    struct note note;
    int file = -1;
    int page_file = -1;
    if (!note_expect(socket, KILLS_RING, &note, &file)) {
        return 1;
    }
    struct myc_ring_ticket ticket = note.ticket;
    size_t bytes = (size_t)note.numbers[0];
    if (!note_expect(socket, KILLS_PAGE, &note, &page_file)) {
        return 1;
    }
    const void *memory = segment_map(file, bytes, false);
    void *page = segment_map(page_file, MYC_RING_PAGE_BYTES, true);
    party.kind = kind;
    party.size_max = KILLS_SIZE_MAX;
    enum myc_status status = party_attach(&party, memory, bytes, page, &ticket);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    (void)note_send(socket, &(struct note){.kind = KILLS_READY}, -1);
    while (status == MYC_OK) {
        if (party_read(&party, 200) == 0) {
            (void)sched_yield();
        }
        status = myc_ring_reader_status(&party.reader);
    }
    STORM_CHECK(
        is_steady && status == MYC_CLOSED,
        "a %s reader of kind %d ends with %d at %llu",
        is_steady ? "steady" : "doomed",
        (int)kind,
        (int)status,
        (unsigned long long)party.sequence);
    note = (struct note){
        .kind = KILLS_REPORT, .numbers = {party.sequence, party.received, party.lost}};
    return note_send(socket, &note, -1) ? 0 : 1;
}

int kills_reader_role(int socket, const uint64_t numbers[CHILD_NUMBERS_MAX])
{
    return read_ring(socket, (enum party_kind)numbers[0], false);
}

int kills_steady_role(int socket, const uint64_t numbers[CHILD_NUMBERS_MAX])
{
    return read_ring(socket, (enum party_kind)numbers[0], true);
}

// ---- The writer's process ----

static void invite(struct host *host, struct guest *guest, const char *role, enum party_kind kind)
{
    const uint64_t numbers[CHILD_NUMBERS_MAX] = {kind};
    struct note note = {.kind = KILLS_RING, .numbers = {host->memory_bytes}};
    child_start(&guest->child, role, numbers);
    guest->page_file = segment_create("page", MYC_RING_PAGE_BYTES);
    guest->page = segment_map(guest->page_file, MYC_RING_PAGE_BYTES, false);
    enum myc_status status =
        party_join(&host->writer, guest->page, kind, MYC_RING_LIVE, &guest->ticket);
    STORM_CHECK(status == MYC_OK, "a join says %d", (int)status);
    note.ticket = guest->ticket;
    // It cannot be dead yet: nobody else kills it.
    STORM_CHECK(note_send(guest->child.socket, &note, host->file), "not heard");
    note.kind = KILLS_PAGE;
    STORM_CHECK(note_send(guest->child.socket, &note, guest->page_file), "not heard");
}

// Gives the slot back, and with it everything else of a reader that is gone.
static void take_back(struct host *host, struct guest *guest)
{
    struct myc_ring_reader_state state;
    uint32_t readers = myc_ring_readers(&host->writer);
    myc_ring_leave(&host->writer, guest->ticket.slot);
    STORM_CHECK(
        myc_ring_reader_state(&host->writer, guest->ticket.slot, &state) == MYC_NOT_FOUND,
        "the slot is not free");
    STORM_CHECK(myc_ring_readers(&host->writer) == readers - 1, "not one reader less");
    segment_unmap(guest->page, MYC_RING_PAGE_BYTES);
    (void)close(guest->page_file);
    memset(guest, 0, sizeof *guest);
}

// Publishes so many messages, waiting for those who live.
static void publish(struct host *host, uint64_t count)
{
    for (uint64_t i = 0; i < count;) {
        if (party_publish(&host->writer, KILLS_SIZE_MAX)) {
            i++;
        } else {
            child_check_all_live();
            (void)sched_yield();
        }
    }
}

static void
kill_one(struct host *host, struct guest *guest, struct storm_draw *draw, struct kills_sums *sums)
{
    struct note note;
    uint64_t instant = storm_below(draw, 4);
    if (instant != 0) {
        // While it starts, or when it has been reading for a while.
        if (instant > 1) {
            (void)note_expect(guest->child.socket, KILLS_READY, &note, NULL);
        }
        publish(host, storm_below(draw, BURST_MAX));
    }
    sums->early += !note_receive(guest->child.socket, false, &note, NULL) && instant < 2 ? 1 : 0;
    child_kill(&guest->child);
    // The dead reader gates until its slot is taken back, but at most for a ring's length.
    uint64_t laps = 0;
    while (laps < LAP_MESSAGES && party_publish(&host->writer, KILLS_SIZE_MAX)) {
        laps++;
    }
    sums->held += laps < LAP_MESSAGES ? 1 : 0;
    take_back(host, guest);
    STORM_CHECK(myc_ring_is_valid(&host->writer), "the writer is not what its words say");
    sums->readers++;
}

static void open_house(struct host *host, uint64_t first_position)
{
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = VICTIMS + 1,
        .readers_may_be_lapped = true,
        .first_position = first_position};
    memset(host, 0, sizeof *host);
    host->memory_bytes = myc_ring_memory_size(&options);
    host->file = segment_create("storm", host->memory_bytes);
    host->memory = segment_map(host->file, host->memory_bytes, true);
    segment_seal(host->file);
    enum myc_status status =
        myc_ring_writer_init(&host->writer, host->memory, host->memory_bytes, &options, NULL);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
}

void kills_of_readers(uint64_t count, struct storm_draw *draw, struct kills_sums *sums)
{
    static struct host host;
    struct note note;
    open_house(&host, storm_below(draw, 2) == 0 ? 0 : (UINT64_C(1) << 63) - CAPACITY);
    invite(&host, &host.steady, "steady", PARTY_POLL);
    for (uint64_t i = 0; i < count; i++) {
        struct guest *guest = &host.victims[storm_below(draw, VICTIMS)];
        if (guest->child.pid == 0) {
            invite(&host, guest, "reader", (enum party_kind)storm_below(draw, PARTY_KINDS));
        }
        kill_one(&host, guest, draw, sums);
        // Another one reads while the next is killed.
        struct guest *other = &host.victims[storm_below(draw, VICTIMS)];
        if (other->child.pid == 0) {
            invite(&host, other, "reader", (enum party_kind)storm_below(draw, PARTY_KINDS));
        }
    }
    for (size_t i = 0; i < VICTIMS; i++) {
        if (host.victims[i].child.pid != 0) {
            child_kill(&host.victims[i].child);
            take_back(&host, &host.victims[i]);
        }
    }
    publish(&host, LAP_MESSAGES); // With all slots free again nothing holds the writer.
    myc_ring_writer_close(&host.writer);
    (void)note_expect(host.steady.child.socket, KILLS_READY, &note, NULL);
    STORM_CHECK(note_expect(host.steady.child.socket, KILLS_REPORT, &note, NULL), "no report");
    uint64_t committed = myc_ring_committed(&host.writer);
    STORM_CHECK(
        note.numbers[0] == committed && note.numbers[1] == committed && note.numbers[2] == 0,
        "the steady reader got %llu up to %llu, not %llu",
        (unsigned long long)note.numbers[1],
        (unsigned long long)note.numbers[0],
        (unsigned long long)committed);
    sums->received += note.numbers[1];
    child_await(&host.steady.child);
    take_back(&host, &host.steady);
    segment_unmap(host.memory, host.memory_bytes);
    (void)close(host.file);
}
