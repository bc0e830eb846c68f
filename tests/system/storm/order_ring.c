// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Bare rings. This process passes on what the others say: the writer's ring and tickets, readers'
 * pages. The writer begins when all readers are in, stops at two thirds until they are again, and
 * closes at the end; a killed writer's readers read what is there and go on with the next ring.
 */
#include "system/storm/order.h"

#include <string.h>
#include <unistd.h>

#include <mycelium/interface/clock.h>
#include <mycelium/posix.h>
#include <mycelium/ring_wait.h>

#include "system/storm/content.h"
#include "system/storm/party.h"
#include "system/storm/segment.h"

enum {
    CAPACITY = 4096,
    SIZE_MAX_BYTES = 900,
    WRAPS_MIN = 100,
    MESSAGES = 6600,
    MESSAGES_THIRD = MESSAGES / 3
};

enum order_note {
    ORDER_GONE,
    ORDER_UP,     /* it runs; a writer's has its ring */
    ORDER_JOIN,   /* to the writer: a page, numbers[0] is whose */
    ORDER_TICKET, /* from the writer */
    ORDER_LEAVE,  /* to the writer: value is a slot */
    ORDER_RING,   /* to a reader: the ring, and its page behind it */
    ORDER_PAGE,
    ORDER_THIRD, /* from the writer: a third is published */
    ORDER_GO,    /* to the writer: the second third is yours; to a reader: the writer is dead */
    ORDER_REPORT /* from a reader: sequence, received, lost, whether it was closed */
};

// How long one sleeps on the ring before it listens to this storm's parent again.
#define NAP_NS UINT64_C(2000000)

// How this process waits.
struct nap {
    struct myc_platform *platform;
    struct myc_ring_waiter waiter;
};

static void prepare_nap(struct nap *nap)
{
    const struct myc_idle_options block = {.kind = MYC_IDLE_BLOCK, .spin_ns = 1};
    STORM_CHECK(myc_posix_create(&nap->platform, NULL) == MYC_OK, "no platform");
    STORM_CHECK(myc_ring_waiter_init(&nap->waiter, nap->platform, &block) == MYC_OK, "no waiter");
}

static uint64_t nap_end(const struct nap *nap)
{
    return myc_clock_monotonic_ns(nap->platform->clock) + NAP_NS;
}

// ---- The writer ----

struct writing {
    struct myc_ring_writer writer;
    struct nap nap;
    int socket;
    bool may_go_on;
    bool is_over;
};

static void hear(struct writing *writing, bool waits)
{
    struct note note;
    int page_file = -1;
    if (!note_receive(writing->socket, waits, &note, &page_file)) {
        return;
    }
    if (note.kind == ORDER_JOIN) {
        const void *page = segment_map(page_file, MYC_RING_PAGE_BYTES, false);
        (void)close(page_file);
        note.kind = ORDER_TICKET;
        enum myc_status status =
            party_join(&writing->writer, page, PARTY_POLL, MYC_RING_LIVE, &note.ticket);
        STORM_CHECK(status == MYC_OK, "a join says %d", (int)status);
        STORM_CHECK(note_send(writing->socket, &note, -1), "not heard");
    } else if (note.kind == ORDER_LEAVE) {
        myc_ring_leave_wake(&writing->writer, writing->nap.platform->wait, note.value);
    } else if (note.kind == ORDER_GO) {
        writing->may_go_on = true;
    } else {
        writing->is_over = true;
    }
}

static void publish_until(struct writing *writing, uint64_t committed)
{
    while (myc_ring_committed(&writing->writer) < committed) {
        if (!party_publish(&writing->writer, SIZE_MAX_BYTES)) {
            hear(writing, false); // Perhaps that a reader is gone.
            enum myc_status status = myc_ring_writer_wait(
                &writing->writer,
                &writing->nap.waiter,
                SIZE_MAX_BYTES,
                nap_end(&writing->nap),
                NULL);
            STORM_CHECK(status == MYC_OK || status == MYC_TIMEOUT, "status %d", (int)status);
        }
    }
    myc_ring_wake_readers(&writing->writer, writing->nap.platform->wait);
}

int order_writer_role(int socket, const uint64_t numbers[CHILD_NUMBERS_MAX])
{
    static struct writing writing;
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = ORDER_READERS,
        .readers_may_sleep = true,
        .writer_may_sleep = true,
        .publisher_epoch = numbers[0]};
    size_t bytes = myc_ring_memory_size(&options);
    int file = segment_create("storm", bytes);
    void *memory = segment_map(file, bytes, true);
    segment_seal(file);
    enum myc_status status = myc_ring_writer_init(&writing.writer, memory, bytes, &options, NULL);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    writing.socket = socket;
    prepare_nap(&writing.nap);
    struct note note = {.kind = ORDER_UP, .numbers = {bytes}};
    STORM_CHECK(note_send(socket, &note, file), "not heard");
    while (myc_ring_readers(&writing.writer) < ORDER_READERS) {
        hear(&writing, true);
    }
    publish_until(&writing, MESSAGES_THIRD);
    note.kind = ORDER_THIRD;
    (void)note_send(socket, &note, -1);
    publish_until(&writing, (uint64_t)2 * MESSAGES_THIRD);
    while (!writing.may_go_on || myc_ring_readers(&writing.writer) < ORDER_READERS) {
        hear(&writing, true);
        STORM_CHECK(!writing.is_over, "left alone");
    }
    publish_until(&writing, MESSAGES);
    myc_ring_close_wake(&writing.writer, writing.nap.platform->wait);
    while (!writing.is_over) {
        hear(&writing, true);
    }
    return 0;
}

// ---- A reader ----

// Reads one ring to its end: closed, or its writer dead. Returns: whether it was closed.
static bool
read_ring(int socket, struct party *party, struct nap *nap, const struct note *news, int file)
{
    struct note note;
    int page_file = -1;
    size_t bytes = (size_t)news->numbers[0];
    struct myc_ring_ticket ticket = news->ticket;
    bool is_writer_dead = false;
    STORM_CHECK(note_expect(socket, ORDER_PAGE, &note, &page_file), "no page");
    void *memory = segment_map(file, bytes, false);
    void *page = segment_map(page_file, MYC_RING_PAGE_BYTES, true);
    (void)close(file);
    (void)close(page_file);
    enum myc_status status = party_attach(party, memory, bytes, page, &ticket);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    while (status == MYC_OK && !(is_writer_dead && myc_ring_is_empty(&party->reader))) {
        if (party_read(party, 50) == 0) {
            is_writer_dead = is_writer_dead
                             || (note_receive(socket, false, &note, NULL) && note.kind == ORDER_GO);
            enum myc_status waited =
                myc_ring_reader_wait(&party->reader, &nap->waiter, nap_end(nap));
            STORM_CHECK(waited != MYC_UNSUPPORTED, "it cannot sleep");
        }
        myc_ring_reader_wake(&party->reader, nap->platform->wait);
        status = myc_ring_reader_status(&party->reader);
    }
    STORM_CHECK(status == MYC_OK || status == MYC_CLOSED, "status %d", (int)status);
    party_end(party);
    segment_unmap(memory, bytes);
    segment_unmap(page, MYC_RING_PAGE_BYTES);
    return status == MYC_CLOSED;
}

int order_reader_role(int socket, const uint64_t numbers[CHILD_NUMBERS_MAX])
{
    static struct party party;
    static struct nap nap;
    struct note note = {.kind = ORDER_UP};
    int file = -1;
    party.kind = (enum party_kind)numbers[0];
    party.size_max = SIZE_MAX_BYTES;
    prepare_nap(&nap);
    STORM_CHECK(note_send(socket, &note, -1), "not heard");
    for (;;) {
        STORM_CHECK(note_receive(socket, true, &note, &file), "nothing");
        if (note.kind != ORDER_RING) {
            return 0;
        }
        uint64_t first = note.ticket.sequence;
        uint64_t closed = read_ring(socket, &party, &nap, &note, file) ? 1 : 0;
        note = (struct note){
            .kind = ORDER_REPORT,
            .numbers = {party.sequence, party.received, party.lost, closed, first}};
        STORM_CHECK(note_send(socket, &note, -1), "not heard");
    }
}

// ---- Who starts them ----

struct run {
    struct child writer;
    struct child readers[ORDER_READERS];
    uint32_t slots[ORDER_READERS];
    int file;
    uint64_t bytes;
    bool is_joined[ORDER_READERS];
};

static void start_writer(struct run *run, uint64_t epoch)
{
    const uint64_t numbers[CHILD_NUMBERS_MAX] = {epoch};
    struct note note;
    child_start(&run->writer, "writer", numbers);
    STORM_CHECK(note_expect(run->writer.socket, ORDER_UP, &note, &run->file), "no ring");
    run->bytes = note.numbers[0];
}

static void start_reader(struct run *run, uint32_t i)
{
    // Gating ones of each kind.
    const uint64_t numbers[CHILD_NUMBERS_MAX] = {i % PARTY_OLDEST};
    struct note note;
    child_start(&run->readers[i], "reader", numbers);
    STORM_CHECK(note_expect(run->readers[i].socket, ORDER_UP, &note, NULL), "not up");
}

// Brings a reader and the writer together, once both are up.
static void introduce(struct run *run, uint32_t i)
{
    struct note note = {.kind = ORDER_JOIN, .numbers = {i}};
    int page_file = segment_create("page", MYC_RING_PAGE_BYTES);
    STORM_CHECK(note_send(run->writer.socket, &note, page_file), "not heard");
    do {
        STORM_CHECK(note_receive(run->writer.socket, true, &note, NULL), "nothing");
        STORM_CHECK(note.kind == ORDER_TICKET || note.kind == ORDER_THIRD, "kind %u", note.kind);
    } while (note.kind != ORDER_TICKET);
    run->slots[i] = note.ticket.slot;
    note.kind = ORDER_RING;
    note.numbers[0] = run->bytes;
    STORM_CHECK(note_send(run->readers[i].socket, &note, run->file), "not heard");
    note.kind = ORDER_PAGE;
    STORM_CHECK(note_send(run->readers[i].socket, &note, page_file), "not heard");
    (void)close(page_file);
    run->is_joined[i] = true;
}

static void introduce_all(struct run *run)
{
    for (uint32_t i = 0; i < ORDER_READERS; i++) {
        if (run->writer.pid != 0 && run->readers[i].pid != 0 && !run->is_joined[i]) {
            introduce(run, i);
        }
    }
}

static uint64_t hear_report(struct run *run, uint32_t i, bool is_closed)
{
    struct note note;
    STORM_CHECK(note_expect(run->readers[i].socket, ORDER_REPORT, &note, NULL), "no report");
    uint64_t first = note.numbers[4];
    STORM_CHECK(
        note.numbers[1] == note.numbers[0] - first && note.numbers[2] == 0,
        "reader %u: %llu of %llu to %llu",
        i,
        (unsigned long long)note.numbers[1],
        (unsigned long long)first,
        (unsigned long long)note.numbers[0]);
    STORM_CHECK(note.numbers[3] == (is_closed ? 1 : 0), "reader %u: the wrong end", i);
    STORM_CHECK(!is_closed || note.numbers[0] == MESSAGES, "reader %u: not all", i);
    return note.numbers[1];
}

static void restart_writer(struct run *run, struct order_sums *sums)
{
    const struct note dead = {.kind = ORDER_GO};
    child_kill(&run->writer);
    (void)close(run->file);
    for (uint32_t i = 0; i < ORDER_READERS; i++) {
        STORM_CHECK(note_send(run->readers[i].socket, &dead, -1), "not heard");
        sums->messages += hear_report(run, i, false);
        run->is_joined[i] = false;
    }
    start_writer(run, 2);
    introduce_all(run);
}

static void restart_reader(struct run *run, uint32_t victim)
{
    struct note note = {.kind = ORDER_LEAVE, .value = run->slots[victim]};
    child_kill(&run->readers[victim]);
    STORM_CHECK(note_send(run->writer.socket, &note, -1), "not heard");
    run->is_joined[victim] = false;
    start_reader(run, victim);
    introduce(run, victim);
}

static uint64_t wraps_of(uint64_t messages)
{
    uint64_t bytes = 0;
    for (uint64_t number = 1; number <= messages; number++) {
        bytes += myc_record_bytes(content_size(number, SIZE_MAX_BYTES));
    }
    return bytes / CAPACITY;
}

void order_ring(
    const uint32_t *order, enum order_restart restart, uint32_t victim, struct order_sums *sums)
{
    static struct run run;
    struct note note;
    memset(&run, 0, sizeof run);
    for (uint32_t i = 0; i <= ORDER_READERS; i++) {
        if (order[i] == 0) {
            start_writer(&run, 1);
        } else {
            start_reader(&run, order[i] - 1);
        }
        introduce_all(&run);
    }
    STORM_CHECK(note_expect(run.writer.socket, ORDER_THIRD, &note, NULL), "no third");
    if (restart == RESTART_WRITER) {
        restart_writer(&run, sums);
        STORM_CHECK(note_expect(run.writer.socket, ORDER_THIRD, &note, NULL), "no third");
    } else if (restart == RESTART_READER) {
        restart_reader(&run, victim);
    }
    sums->restarts += restart != RESTART_NOBODY ? 1 : 0;
    note.kind = ORDER_GO;
    STORM_CHECK(note_send(run.writer.socket, &note, -1), "not heard");
    for (uint32_t i = 0; i < ORDER_READERS; i++) {
        sums->messages += hear_report(&run, i, true);
    }
    note.kind = ORDER_REPORT; // It is over.
    STORM_CHECK(note_send(run.writer.socket, &note, -1), "not heard");
    child_await(&run.writer);
    for (uint32_t i = 0; i < ORDER_READERS; i++) {
        STORM_CHECK(note_send(run.readers[i].socket, &note, -1), "not heard");
        child_await(&run.readers[i]);
    }
    (void)close(run.file);
    uint64_t wraps = wraps_of(MESSAGES);
    STORM_CHECK(wraps >= WRAPS_MIN, "only %llu wraps", (unsigned long long)wraps);
    sums->wraps = wraps < sums->wraps ? wraps : sums->wraps;
    sums->runs++;
}
