// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A writer whose readers are partly liars: their pages are scribbled over by another process and by
 * a thread of this one, while it publishes, refreshes, joins, leaves and asks after them. Honest
 * readers, gating and lapping, get every message, or are told exactly which they lost.
 */
#include "system/storm/hostile.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/ring.h>
#include <mycelium/ring_counters.h>
#include <mycelium/ring_wait.h>

#include "system/storm/content.h"
#include "system/storm/segment.h"

enum {
    CAPACITY = 16384,
    SIZE_MAX_BYTES = 2000,
    LIARS = 3,
    HONEST = 3, /* the last one is lapping */
    STUCK_SECONDS = 20,
    NAP_NS = 50000,
    PATIENCE = 200 /* claims that fail before the liars are taken out */
};

struct honest {
    struct myc_ring_reader reader;
    struct myc_ring_ticket ticket;
    uint32_t index;
    uint64_t sequence;
    uint64_t received;
    uint64_t lost;
    unsigned char *page;
    struct myc_span copy;
};

struct liar_page {
    unsigned char *page;
    struct myc_ring_ticket ticket;
    bool is_in;
};

struct pages {
    struct myc_ring_writer writer;
    unsigned char *memory;
    size_t memory_bytes;
    struct honest honest[HONEST];
    struct liar_page liars[LIARS];
    struct hostile_target target;
    struct myc_atomic_u64 position; // about where the writer is, for lies near the truth
    struct storm_draw draw;
    struct myc_platform *platform;
    struct myc_ring_waiter waiter;
    uint64_t poisoned;
    uint64_t joined;
    uint64_t taken_out;
};

static struct pages pages;

// ---- The liars ----

static void lie(void *context, struct storm_draw *draw)
{
    struct pages *self = context;
    struct hostile_target target = self->target;
    target.bytes += storm_below(draw, LIARS) * MYC_RING_PAGE_BYTES;
    target.size = MYC_RING_PAGE_BYTES;
    for (uint64_t i = storm_below(draw, 64); i > 0; i--) {
        hostile_poke(&target, draw);
    }
    if (storm_below(draw, 4) == 0) {
        (void)sched_yield(); // The last lie stands for a while.
    }
}

static void *lie_in_thread(void *context)
{
    struct storm_draw draw = {77};
    struct pages *self = context;
    while (myc_load_acquire_u64(&self->position) != UINT64_MAX) {
        storm_beat(HONEST + 1, "lie");
        lie(self, &draw);
    }
    return NULL;
}

// ---- The honest ----

static void on_record(const struct myc_record *record, void *context)
{
    struct honest *honest = context;
    uint64_t count = 1;
    if (record->type == MYC_RECORD_GAP) {
        struct myc_gap gap;
        memcpy(&gap, record->payload, sizeof gap);
        count = gap.count;
        honest->lost += count;
    } else {
        STORM_CHECK(
            content_is(record, record->sequence, SIZE_MAX_BYTES),
            "message %llu is another",
            (unsigned long long)record->sequence);
        honest->received++;
    }
    STORM_CHECK(
        record->sequence == honest->sequence + count,
        "%llu after %llu",
        (unsigned long long)record->sequence,
        (unsigned long long)honest->sequence);
    honest->sequence = record->sequence;
}

static void *read_on(void *context)
{
    struct honest *honest = context;
    enum myc_status status = MYC_OK;
    while (status == MYC_OK) {
        storm_beat(honest->index, "an honest poll");
        if (myc_ring_poll(&honest->reader, on_record, honest, 1000) == 0) {
            (void)sched_yield();
        }
        status = myc_ring_reader_status(&honest->reader);
    }
    STORM_CHECK(status == MYC_CLOSED, "an honest reader ends with %d", (int)status);
    return NULL;
}

static void join_honest(struct pages *self, uint32_t index)
{
    struct honest *honest = &self->honest[index];
    bool is_lapping = index == HONEST - 1;
    honest->index = index + 1;
    honest->page = segment_map(segment_create("page", MYC_RING_PAGE_BYTES), 4096, true);
    honest->copy.size = CAPACITY / 4;
    honest->copy.data = segment_map(segment_create("copy", CAPACITY / 4), CAPACITY / 4, true);
    enum myc_status status =
        is_lapping
            ? myc_ring_join_lapping(&self->writer, honest->page, MYC_RING_LIVE, &honest->ticket)
            : myc_ring_join(&self->writer, honest->page, MYC_RING_LIVE, &honest->ticket);
    if (status == MYC_OK && is_lapping) {
        status = myc_ring_lapping_init(
            &honest->reader,
            self->memory,
            self->memory_bytes,
            honest->page,
            &honest->ticket,
            MYC_RING_DROP_OLDEST,
            honest->copy,
            NULL);
    } else if (status == MYC_OK) {
        status = myc_ring_reader_init(
            &honest->reader, self->memory, self->memory_bytes, honest->page, &honest->ticket, NULL);
    }
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
}

// ---- The writer ----

static void take_out(struct pages *self, struct liar_page *liar)
{
    if (liar->is_in) {
        storm_beat(0, "leave");
        myc_ring_leave(&self->writer, liar->ticket.slot);
        liar->is_in = false;
        self->taken_out++;
    }
}

static void let_in(struct pages *self, struct liar_page *liar)
{
    enum myc_ring_start start =
        storm_below(&self->draw, 2) == 0 ? MYC_RING_LIVE : MYC_RING_EARLIEST;
    uint64_t committed = myc_ring_committed(&self->writer);
    uint64_t back = storm_below(&self->draw, 200);
    enum myc_status status;
    take_out(self, liar);
    storm_beat(0, "join");
    switch (storm_below(&self->draw, 3)) {
    case 0:
        status = myc_ring_join_lapping(&self->writer, liar->page, start, &liar->ticket);
        break;
    case 1:
        status = myc_ring_join_at(
            &self->writer, liar->page, committed > back ? committed - back : 0, &liar->ticket);
        break;
    default:
        status = myc_ring_join(&self->writer, liar->page, start, &liar->ticket);
        break;
    }
    STORM_CHECK(
        status == MYC_OK || status == MYC_AGAIN || status == MYC_NOT_FOUND,
        "a join says %d",
        (int)status);
    liar->is_in = status == MYC_OK;
    self->joined += liar->is_in ? 1 : 0;
}

static bool publish(struct pages *self)
{
    uint64_t number = myc_ring_committed(&self->writer) + 1;
    size_t size = content_size(number, SIZE_MAX_BYTES);
    storm_beat(0, "claim");
    void *payload = myc_ring_claim(&self->writer, size);
    if (payload == NULL) {
        return false;
    }
    bool is_inside = (unsigned char *)payload >= self->memory
                     && (unsigned char *)payload + size <= self->memory + self->memory_bytes;
    STORM_CHECK(is_inside, "a claim outside the ring");
    if (storm_below(&self->draw, 16) == 0) {
        myc_ring_abort(&self->writer);
        return true;
    }
    content_fill(payload, size, number);
    myc_ring_commit(&self->writer, content_type(number), 1, size);
    return true;
}

// Everything the writer's process may ask; and whoever is honest must be left in.
static void look_around(struct pages *self)
{
    struct myc_ring_reader_state state;
    struct myc_ring_reader_counters counters;
    static struct myc_ring_stall stall;
    storm_beat(0, "sleepers");
    myc_ring_wake_readers(&self->writer, self->platform->wait);
    (void)myc_ring_sleepers(&self->writer);
    (void)myc_ring_slowest(&self->writer, storm_now_ns(), &stall);
    STORM_CHECK(myc_ring_is_valid(&self->writer), "the writer is not what its words say");
    for (size_t i = 0; i < LIARS; i++) {
        struct liar_page *liar = &self->liars[i];
        myc_ring_page_counters(liar->page, &counters);
        if (liar->is_in && myc_ring_reader_state(&self->writer, liar->ticket.slot, &state) == MYC_OK
            && state.is_poisoned) {
            self->poisoned++;
            take_out(self, liar);
        }
    }
    for (size_t i = 0; i < HONEST; i++) {
        uint32_t slot = self->honest[i].ticket.slot;
        STORM_CHECK(
            myc_ring_reader_state(&self->writer, slot, &state) == MYC_OK && state.is_active,
            "honest reader %zu was taken out",
            i);
    }
}

// Waits for a moment, in each way there is.
static void wait_a_little(struct pages *self)
{
    struct myc_ring_writer *writer = &self->writer;
    struct myc_ring_waiter *waiter = &self->waiter;
    uint64_t deadline_ns = storm_now_ns() + NAP_NS;
    enum myc_status status = MYC_OK;
    switch (storm_below(&self->draw, 8)) {
    case 0:
        storm_beat(0, "drain");
        status = myc_ring_drain(writer, waiter, deadline_ns, NULL);
        break;
    case 1:
        storm_beat(0, "await_readers");
        status = myc_ring_await_readers(writer, waiter, HONEST + LIARS, deadline_ns, NULL);
        break;
    case 2:
        storm_beat(0, "writer_wait");
        status = myc_ring_writer_wait(writer, waiter, SIZE_MAX_BYTES, deadline_ns, NULL);
        break;
    case 3:
        storm_beat(0, "writer_arm");
        (void)myc_ring_writer_arm(writer, SIZE_MAX_BYTES);
        myc_ring_writer_disarm(writer);
        break;
    default:
        (void)sched_yield();
        break;
    }
    STORM_CHECK(status == MYC_OK || status == MYC_TIMEOUT, "a wait says %d", (int)status);
}

static void work(struct pages *self)
{
    uint32_t failed = 0;
    while (failed < PATIENCE && publish(self)) {
        // A burst.
        if (storm_below(&self->draw, 8) == 0) {
            break;
        }
    }
    for (; failed < PATIENCE && !publish(self); failed++) {
        wait_a_little(self);
    }
    look_around(self);
    size_t which = storm_below(&self->draw, LIARS);
    if (failed >= PATIENCE) {
        for (size_t i = 0; i < LIARS; i++) {
            take_out(self, &self->liars[i]);
        }
    } else if (!self->liars[which].is_in || storm_below(&self->draw, 50) == 0) {
        let_in(self, &self->liars[which]);
    }
    uint64_t bytes = myc_ring_committed(&self->writer) * (SIZE_MAX_BYTES / 16);
    struct myc_ring_reader_state state;
    if (myc_ring_reader_state(&self->writer, self->honest[0].ticket.slot, &state) == MYC_OK) {
        bytes = state.position;
    }
    myc_store_relaxed_u64(&self->position, bytes);
}

static void prepare(struct pages *self, struct myc_platform *platform, uint64_t seed)
{
    const struct myc_idle_options block = {.kind = MYC_IDLE_BLOCK, .spin_ns = 1};
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = HONEST + LIARS,
        .readers_may_sleep = true,
        .writer_may_sleep = true,
        .readers_may_be_lapped = true,
        .first_position = seed % 2 == 0 ? 0 : (UINT64_C(1) << 63) - CAPACITY};
    size_t page_bytes = (size_t)LIARS * MYC_RING_PAGE_BYTES;
    memset(self, 0, sizeof *self);
    self->draw.state = seed;
    self->platform = platform;
    self->memory_bytes = myc_ring_memory_size(&options);
    self->memory =
        segment_map(segment_create("ring", self->memory_bytes), self->memory_bytes, true);
    enum myc_status status =
        myc_ring_writer_init(&self->writer, self->memory, self->memory_bytes, &options, NULL);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    status = myc_ring_waiter_init(&self->waiter, platform, &block);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    int file = segment_create("pages", page_bytes);
    // The writer looks through a mapping of its own, for reading, as another process's would be.
    unsigned char *seen = segment_map(file, page_bytes, false);
    self->target = (struct hostile_target){
        segment_map(file, page_bytes, true), page_bytes, &self->position, 1};
    for (size_t i = 0; i < LIARS; i++) {
        self->liars[i].page = seen + i * MYC_RING_PAGE_BYTES;
    }
    for (uint32_t i = 0; i < HONEST; i++) {
        join_honest(self, i);
    }
}

static void check_end(const struct pages *self)
{
    uint64_t committed = myc_ring_committed(&self->writer);
    for (size_t i = 0; i < HONEST; i++) {
        const struct honest *honest = &self->honest[i];
        STORM_CHECK(honest->sequence == committed, "reader %zu has not all", i);
        STORM_CHECK(honest->received + honest->lost == committed, "reader %zu's account", i);
        STORM_CHECK(i == HONEST - 1 || honest->lost == 0, "reader %zu lost some", i);
    }
    (void)printf(
        "hostile pages: %llu messages, liars joined %llu times, poisoned %llu, taken out %llu; "
        "lapped reader lost %llu\n",
        (unsigned long long)committed,
        (unsigned long long)self->joined,
        (unsigned long long)self->poisoned,
        (unsigned long long)self->taken_out,
        (unsigned long long)self->honest[HONEST - 1].lost);
    STORM_CHECK(committed > 0 && self->joined > 0, "nothing was done");
    STORM_CHECK(self->poisoned > 0, "nobody was poisoned");
    STORM_CHECK(self->taken_out > self->poisoned, "nobody held the writer");
}

void hostile_pages(struct myc_platform *platform, uint64_t seed, uint64_t seconds)
{
    pthread_t readers[HONEST];
    pthread_t thread;
    prepare(&pages, platform, seed);
    pid_t process = hostile_process_start(lie, &pages, seed + 1);
    storm_watch_start(HONEST + 2, STUCK_SECONDS);
    for (size_t i = 0; i < HONEST; i++) {
        STORM_CHECK(pthread_create(&readers[i], NULL, read_on, &pages.honest[i]) == 0, "no thread");
    }
    STORM_CHECK(pthread_create(&thread, NULL, lie_in_thread, &pages) == 0, "no thread");
    storm_watch_await(1, HONEST + 1);
    uint64_t allocations = storm_allocations();
    uint64_t end_ns = storm_now_ns() + seconds * 1000000000;
    while (storm_now_ns() < end_ns) {
        work(&pages);
    }
    STORM_CHECK(storm_allocations() == allocations, "somebody allocated");
    myc_ring_writer_close(&pages.writer);
    for (size_t i = 0; i < HONEST; i++) {
        storm_beat(0, "the honest readers' end");
        STORM_CHECK(pthread_join(readers[i], NULL) == 0, "no join");
    }
    myc_store_release_u64(&pages.position, UINT64_MAX);
    STORM_CHECK(pthread_join(thread, NULL) == 0, "no join");
    storm_watch_stop();
    hostile_process_stop(process);
    check_end(&pages);
}
