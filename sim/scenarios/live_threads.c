// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See live_threads.h. Most waits have no deadline, so a wake-up that is lost is a deadlock, which
 * the harness reports; the others end at their deadline, or the run fails.
 *
 * Oracles: each message is read once, whole and in order; a gated reader sees no message before who
 * is in front of it has handled it, and sees what that one wrote meanwhile; when the one in front
 * is gone, it has had what that one had, and is told; a drained ring was read by all; nobody is
 * told of a timeout before the deadline; in silence nobody passes a point.
 */
#include "live_threads.h"

#include <stdlib.h>
#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/thread.h>
#include <mycelium/ring_batch.h>
#include <mycelium/ring_gate.h>
#include <mycelium/ring_wait.h>

enum {
    SEATS_MAX = 3,
    CAPACITY = 4096,
    SIZE_MAX_BYTES = CAPACITY / 4 - 8,
    MESSAGES_MAX = 40,
    TYPE = 7,
    WAIT_NS_MAX = 20000,
    STEPS_MAX = 2000000
};

static const uint64_t hour_ns = UINT64_C(3600000000000);

struct crew;

struct seat {
    struct crew *crew;
    struct myc_ring_reader reader;
    struct myc_ring_ticket ticket;
    struct myc_ring_waiter waiter;
    struct myc_ring_gate gate;
    unsigned char *page;
    uint32_t fronts;       /* bit i: gated on seat i */
    bool goes_on_alone;    /* when one of them leaves */
    uint64_t leaves_after; /* messages; 0: stays to the end */
    uint64_t handled;
    bool has_left;
    uint64_t notes[MESSAGES_MAX + 1]; /* what it wrote of each message, for those behind */
    struct myc_handle thread;
};

struct crew {
    struct myc_sim *sim;
    struct myc_platform *platform;
    struct myc_ring_writer writer;
    struct myc_ring_waiter waiter;
    void *memory;
    size_t memory_bytes;
    struct myc_sim_process process;
    uint64_t message_count;
    uint64_t size_max;
    uint64_t committed;
    uint64_t silence_ns; /* between messages; 0: none */
    bool is_kernel;      /* nothing is drawn */
    uint32_t seat_count;
    struct seat seats[SEATS_MAX];
};

static uint64_t draw(struct crew *crew, const char *label, uint64_t bound)
{
    return crew->is_kernel ? 0 : myc_sim_choose(crew->sim, label, bound);
}

// How a thread waits: parks at once, mostly, for that is where wake-ups are lost.
static void make_waiter(struct crew *crew, struct myc_ring_waiter *waiter)
{
    static const enum myc_idle_kind kinds[] = {
        MYC_IDLE_BLOCK,
        MYC_IDLE_BLOCK,
        MYC_IDLE_BLOCK,
        MYC_IDLE_BLOCK,
        MYC_IDLE_SPIN,
        MYC_IDLE_YIELD,
        MYC_IDLE_BACK_OFF,
        MYC_IDLE_SLEEP};
    const struct myc_idle_options options = {
        .kind = kinds[draw(crew, "idle", 8)], .spin_ns = draw(crew, "spin", 4) == 1 ? 2000 : 1};
    enum myc_status status = myc_ring_waiter_init(waiter, crew->platform, &options);
    myc_sim_check(crew->sim, status == MYC_OK, "a waiter can be made");
}

static uint64_t draw_deadline(struct crew *crew)
{
    if (draw(crew, "deadline", 4) != 1) {
        return MYC_NEVER;
    }
    return myc_clock_monotonic_ns(crew->platform->clock) + draw(crew, "ns", WAIT_NS_MAX);
}

static bool check_timeout(struct crew *crew, enum myc_status status, uint64_t deadline_ns)
{
    if (status != MYC_TIMEOUT) {
        return false;
    }
    myc_sim_count(crew->sim, "timeouts", 1);
    myc_sim_check(
        crew->sim,
        myc_clock_monotonic_ns(crew->platform->clock) >= deadline_ns,
        "nobody is told of a timeout before the deadline");
    return true;
}

// ---- The writer ----

static void *claim(struct crew *crew, size_t size)
{
    void *payload = NULL;
    for (;;) {
        uint64_t deadline_ns = draw_deadline(crew);
        enum myc_status status =
            myc_ring_claim_wait(&crew->writer, &crew->waiter, size, deadline_ns, &payload, NULL);
        if (status == MYC_OK) {
            return payload;
        }
        if (!check_timeout(crew, status, deadline_ns)) {
            myc_sim_fail(crew->sim, "a claim failed: %s", myc_status_name(status));
        }
    }
}

static void drain(struct crew *crew)
{
    uint64_t deadline_ns = draw_deadline(crew);
    enum myc_status status = myc_ring_drain(&crew->writer, &crew->waiter, deadline_ns, NULL);
    if (check_timeout(crew, status, deadline_ns)) {
        return;
    }
    myc_sim_check(crew->sim, status == MYC_OK, "a ring can be drained");
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        const struct seat *seat = &crew->seats[i];
        myc_sim_check(
            crew->sim,
            seat->has_left || seat->handled == crew->committed,
            "a drained ring was read by all");
    }
}

static size_t draw_size(struct crew *crew)
{
    return (size_t)(crew->size_max - draw(crew, "size", crew->size_max - 7));
}

static void fill(unsigned char *payload, size_t size, uint64_t number)
{
    memset(payload, (int)number, size);
    myc_shared_write(payload, size);
}

// A batch from this message on, of which readers see nothing before its commit. Returns: the last.
static uint64_t write_batch(struct crew *crew, uint64_t first)
{
    uint64_t last = first + draw(crew, "batched", 4);
    uint64_t added = 0;
    last = last < crew->message_count ? last : crew->message_count;
    while (first + added <= last) {
        void *payload = NULL;
        size_t size = draw_size(crew);
        uint64_t deadline_ns = draw_deadline(crew);
        enum myc_status status = myc_ring_batch_claim_wait(
            &crew->writer, &crew->waiter, size, deadline_ns, &payload, NULL);
        if (status == MYC_OK) {
            fill(payload, size, first + added);
            myc_ring_batch_add(&crew->writer, TYPE, 1, size);
            added++;
        } else if (status == MYC_TOO_BIG && added > 0) {
            break;
        } else if (!check_timeout(crew, status, deadline_ns)) {
            myc_sim_fail(crew->sim, "a batch failed: %s", myc_status_name(status));
        }
    }
    crew->committed = first + added - 1;
    myc_ring_batch_commit(&crew->writer);
    myc_sim_count(crew->sim, "batches", 1);
    return crew->committed;
}

// Returns: the last message written.
static uint64_t write_some(struct crew *crew, uint64_t first)
{
    if (draw(crew, "batch", 4) == 1) {
        return write_batch(crew, first);
    }
    size_t size = draw_size(crew);
    unsigned char *payload = claim(crew, size);
    fill(payload, size, first);
    crew->committed = first;
    myc_ring_commit(&crew->writer, TYPE, 1, size);
    return first;
}

static void stay_silent(struct crew *crew)
{
    uint64_t until_ns = myc_clock_monotonic_ns(crew->platform->clock) + crew->silence_ns;
    enum myc_status status =
        myc_ring_await_readers(&crew->writer, &crew->waiter, UINT32_MAX, until_ns, NULL);
    myc_sim_check(crew->sim, status == MYC_TIMEOUT, "nobody else comes");
}

static void write_all(struct crew *crew)
{
    for (uint64_t last = 0; last < crew->message_count;) {
        last = write_some(crew, last + 1);
        // Before it waits for anything the writer tells of all it has committed.
        if (draw(crew, "tell later", 4) != 1) {
            myc_ring_wake_readers(&crew->writer, crew->platform->wait);
        }
        if (draw(crew, "drain", 8) == 1) {
            drain(crew);
        }
        if (crew->silence_ns != 0) {
            stay_silent(crew);
        }
    }
    myc_ring_close_wake(&crew->writer, crew->platform->wait);
    if (draw(crew, "drain", 2) == 1) {
        drain(crew);
    }
}

// ---- Readers ----

static void on_record(const struct myc_record *record, void *context)
{
    struct seat *seat = context;
    struct crew *crew = seat->crew;
    const unsigned char *payload = record->payload;
    myc_shared_read(payload, record->size);
    seat->handled++;
    myc_sim_check(
        crew->sim,
        record->sequence == seat->handled && record->sequence <= crew->committed,
        "messages are read once, in order, and none before its commit");
    myc_sim_check(
        crew->sim,
        payload[0] == (unsigned char)seat->handled
            && payload[record->size - 1] == (unsigned char)seat->handled,
        "a message is read as it was written");
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        const struct seat *front = &crew->seats[i];
        if ((seat->fronts >> i & 1) != 0) {
            myc_shared_read(&front->notes[record->sequence], sizeof front->notes[0]);
            myc_sim_check(
                crew->sim,
                front->handled >= record->sequence
                    && front->notes[record->sequence] == record->sequence,
                "nobody reads what the reader in front has not handled");
        }
    }
    seat->notes[record->sequence] = record->sequence;
    myc_shared_write(&seat->notes[record->sequence], sizeof seat->notes[0]);
    myc_sim_progress(crew->sim);
}

// A reader in front is gone, and has handled no more than this one.
static void go_on_alone(struct seat *seat)
{
    bool is_cause = false;
    for (uint32_t i = 0; i < seat->crew->seat_count; i++) {
        const struct seat *front = &seat->crew->seats[i];
        is_cause =
            is_cause
            || ((seat->fronts >> i & 1) != 0 && front->has_left && front->handled == seat->handled);
    }
    myc_sim_check(
        seat->crew->sim, is_cause, "who is told of a death has had all that the dead one had");
    myc_sim_count(seat->crew->sim, "told of a death", 1);
    myc_ring_gate_clear(&seat->reader);
    seat->fronts = 0;
}

static void read_all(void *context)
{
    struct seat *seat = context;
    struct crew *crew = seat->crew;
    struct myc_wait *wait = crew->platform->wait;
    for (;;) {
        uint64_t deadline_ns = draw_deadline(crew);
        enum myc_status status = myc_ring_reader_wait(&seat->reader, &seat->waiter, deadline_ns);
        if (status == MYC_CLOSED) {
            break;
        }
        if (status == MYC_PEER_DIED) {
            go_on_alone(seat);
        } else if (status != MYC_OK && !check_timeout(crew, status, deadline_ns)) {
            myc_sim_fail(crew->sim, "a reader broke: %s", myc_status_name(status));
        }
        (void)myc_ring_poll(&seat->reader, on_record, seat, 1 + draw(crew, "batch", 4));
        myc_ring_reader_wake(&seat->reader, wait);
        if (seat->leaves_after != 0 && seat->handled >= seat->leaves_after) {
            seat->has_left = true;
            for (uint32_t i = 0; i < crew->seat_count; i++) {
                struct seat *behind = &crew->seats[i];
                if (behind->goes_on_alone) {
                    behind->fronts &= ~(UINT32_C(1) << (seat - crew->seats));
                }
            }
            myc_ring_leave_wake(&crew->writer, wait, seat->ticket.slot);
            return;
        }
    }
    myc_sim_check(
        crew->sim, seat->handled == crew->committed, "whoever reads to the end has everything");
}

// ---- All ----

static void let_in(struct crew *crew, struct seat *seat)
{
    struct myc_ring_upstream upstreams[SEATS_MAX];
    struct myc_ring_ticket tickets[SEATS_MAX];
    size_t count = 0;
    enum myc_status status = myc_ring_join(&crew->writer, seat->page, MYC_RING_LIVE, &seat->ticket);
    if (status == MYC_OK) {
        status = myc_ring_reader_init(
            &seat->reader, crew->memory, crew->memory_bytes, seat->page, &seat->ticket, NULL);
    }
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        if ((seat->fronts >> i & 1) != 0) {
            tickets[count] = crew->seats[i].ticket;
            upstreams[count++] =
                (struct myc_ring_upstream){crew->seats[i].page, crew->seats[i].ticket};
        }
    }
    if (status == MYC_OK && count > 0) {
        const struct myc_ring_gate_options options = {seat->goes_on_alone};
        status = myc_ring_gate_allow(&crew->writer, &seat->ticket, tickets, count, NULL);
        if (status == MYC_OK) {
            status = myc_ring_gate_init(
                &seat->gate,
                &seat->reader,
                crew->memory,
                crew->memory_bytes,
                upstreams,
                count,
                &options,
                NULL);
        }
    }
    if (status != MYC_OK) {
        myc_sim_fail(crew->sim, "a reader is not let in: %s", myc_status_name(status));
    }
}

static int crew_main(struct myc_platform *platform, void *arg)
{
    struct crew *crew = arg;
    crew->platform = platform;
    make_waiter(crew, &crew->waiter);
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        make_waiter(crew, &crew->seats[i].waiter);
        let_in(crew, &crew->seats[i]);
    }
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        struct seat *seat = &crew->seats[i];
        if (myc_thread_start(platform->thread, read_all, seat, NULL, &seat->thread) != MYC_OK) {
            return 1;
        }
    }
    write_all(crew);
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        myc_thread_join(platform->thread, crew->seats[i].thread);
    }
    return 0;
}

static void draw_seats(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        struct seat *seat = &crew->seats[i];
        uint32_t before = (1U << i) - 1;
        seat->crew = crew;
        // The boring one is gated on all before it.
        seat->fronts = before & ~(uint32_t)draw(crew, "not behind", UINT64_C(1) << i);
        seat->goes_on_alone = draw(crew, "goes on alone", 4) == 1;
        seat->page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
        if (seat->page == NULL) {
            abort();
        }
        memset(seat->page, 0, MYC_RING_PAGE_BYTES);
    }
    if (draw(crew, "leave", 3) == 1) {
        crew->seats[0].leaves_after = 1 + draw(crew, "leave after", crew->message_count);
    }
}

static struct crew *crew_create(struct myc_sim *sim, bool is_kernel)
{
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = SEATS_MAX + 1,
        .readers_may_sleep = true,
        .writer_may_sleep = true};
    struct crew *crew = aligned_alloc(64, (sizeof *crew + 63) / 64 * 64);
    if (crew == NULL) {
        abort();
    }
    memset(crew, 0, sizeof *crew);
    crew->sim = sim;
    crew->is_kernel = is_kernel;
    crew->message_count = is_kernel ? 5 : 8 + draw(crew, "messages", MESSAGES_MAX - 7);
    crew->size_max = is_kernel ? SIZE_MAX_BYTES : 8 + draw(crew, "sizes", SIZE_MAX_BYTES - 7);
    if (crew->size_max == 8) {
        crew->size_max = SIZE_MAX_BYTES; // The boring run fills the ring.
    }
    crew->seat_count = 2 + (uint32_t)draw(crew, "seats", SEATS_MAX - 1);
    draw_seats(crew);
    crew->memory_bytes = myc_ring_memory_size(&options);
    crew->memory = aligned_alloc(4096, crew->memory_bytes);
    if (crew->memory == NULL) {
        abort();
    }
    memset(crew->memory, 0, crew->memory_bytes);
    enum myc_status status =
        myc_ring_writer_init(&crew->writer, crew->memory, crew->memory_bytes, &options, NULL);
    myc_sim_check(sim, status == MYC_OK, "the ring can be laid out");
    // A lost wake-up shows soon, also beside threads that never sleep for good.
    myc_sim_limits(sim, STEPS_MAX, 24 * hour_ns);
    crew->process = myc_sim_start(sim, "host", "crew", crew_main, crew);
    return crew;
}

static bool has_ended(void *context)
{
    const struct crew *crew = context;
    return !myc_sim_is_running(crew->sim, crew->process);
}

static void crew_end(struct crew *crew)
{
    (void)myc_sim_run_until(crew->sim, has_ended, crew, MYC_NEVER);
    myc_sim_check(
        crew->sim, myc_sim_exit_code(crew->sim, crew->process) == 0, "the process ends in order");
    myc_sim_count(crew->sim, "messages", crew->committed);
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        free(crew->seats[i].page);
    }
    free(crew->memory);
    free(crew);
}

void live_threads_run(struct myc_sim *sim)
{
    crew_end(crew_create(sim, false));
}

void live_kernel_run(struct myc_sim *sim)
{
    crew_end(crew_create(sim, true));
}

static bool has_published(void *context)
{
    const struct crew *crew = context;
    bool is_read = crew->committed > 0;
    for (uint32_t i = 0; i < crew->seat_count; i++) {
        is_read = is_read && crew->seats[i].handled == crew->committed;
    }
    return is_read;
}

// Between two messages an hour passes, in which the process passes no point: nobody is woken.
void live_idle_run(struct myc_sim *sim)
{
    myc_sim_faults(sim, false);
    struct crew *crew = crew_create(sim, true);
    crew->silence_ns = hour_ns;
    myc_sim_check(
        sim, myc_sim_run_until(sim, has_published, crew, hour_ns / 2), "a message is read soon");
    for (uint64_t i = 1; i < crew->message_count; i++) {
        myc_sim_run_for(sim, hour_ns / 8);
        uint64_t before = myc_sim_points(sim, crew->process);
        myc_sim_run_for(sim, hour_ns / 2);
        myc_sim_check(
            sim,
            myc_sim_points(sim, crew->process) == before,
            "whoever has nothing to do sleeps without a timer");
        myc_sim_run_for(sim, hour_ns / 8 * 3);
    }
    crew_end(crew);
}
