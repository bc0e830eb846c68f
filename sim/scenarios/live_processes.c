// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See live_processes.h. In "live-required" readers wait without deadlines; in healthy runs they die
 * anywhere and are started again, in the others the journal breaks its word. "live-crash" is for
 * crash sweeps, of the writer too, of whose death nobody is told: there readers look now and then.
 *
 * Oracles: over all its lives each required reader handles each message, in order, none left out,
 * some again; who acts handles none that the journal has not; the writer drains, or is told of the
 * one violation there is, of its kind, in time, once, and for good.
 */
#include "live_processes.h"

#include <stdlib.h>
#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/shm.h>
#include <mycelium/interface/wait.h>
#include <mycelium/ring_gate.h>
#include <mycelium/ring_wait.h>

#include "live_town.h"

enum { PAGE = 4096, MS_NS = 1000000, MESSAGES_MAX = 40 };

static const uint64_t bound_ns = UINT64_C(60000000000);

// What a reader's process has.
struct life {
    struct town_seat *seat;
    struct town *town;
    struct myc_platform *platform;
    struct myc_handle segment;
    struct town_hall *hall;
    struct town_desk *desk;
    struct myc_ring_reader reader;
    struct myc_ring_gate gate;
    struct myc_ring_waiter waiter;
    const void *ring;
    size_t ring_bytes;
};

static uint64_t soon(struct life *life)
{
    return myc_clock_monotonic_ns(life->platform->clock) + MS_NS;
}

// ---- A reader ----

static void on_record(const struct myc_record *record, void *context)
{
    struct life *life = context;
    struct town_seat *seat = life->seat;
    struct town *town = life->town;
    const unsigned char *payload = record->payload;
    myc_sim_check(
        town->sim,
        record->sequence == seat->next && record->sequence <= seat->handled + 1,
        "a required reader misses nothing, whatever became of it");
    myc_sim_check(
        town->sim,
        record->sequence <= town->committed && payload[0] == (unsigned char)record->sequence
            && payload[record->size - 1] == (unsigned char)record->sequence,
        "a message is read as it was written, behind its commit");
    if (seat == &town->seats[1]) {
        myc_sim_check(
            town->sim,
            record->sequence <= town->seats[0].handled,
            "nobody acts on what the journal has not handled");
    }
    seat->next++;
    if (record->sequence > seat->handled) {
        seat->handled = record->sequence;
    } else {
        myc_sim_count(town->sim, "handled again", 1);
    }
    myc_sim_progress(town->sim);
}

// Asks the steward. Returns: false if there is none any more.
static bool ask(struct life *life, enum town_request request)
{
    struct myc_wait *wait = life->platform->wait;
    town_ask(life->desk, life->platform, request);
    (void)myc_fetch_add_u32(&life->hall->bell, 1);
    (void)myc_wait_wake(wait, &life->hall->bell, 1, MYC_WAIT_SHARED);
    for (;;) {
        uint32_t now = myc_load_acquire_u32(&life->desk->request);
        if (now == TOWN_GRANTED) {
            return true;
        }
        if (life->town->is_writer_dead || myc_load_acquire_u32(&life->hall->is_over) != 0) {
            return false;
        }
        (void)myc_wait_wait(wait, &life->desk->request, now, soon(life), MYC_WAIT_SHARED);
    }
}

// Stays behind the journal of whichever life. Returns: false if there is no steward any more.
static bool stay_behind(struct life *life)
{
    for (;;) {
        size_t offset = town_page_offset(life->desk->front_page);
        const struct myc_ring_upstream front = {
            town_map(life->town, life->platform, life->segment, offset, PAGE, false),
            life->desk->front_ticket};
        enum myc_status status = myc_ring_gate_init(
            &life->gate, &life->reader, life->ring, life->ring_bytes, &front, 1, NULL, NULL);
        if (status == MYC_OK) {
            return true;
        }
        // The journal may have died since.
        myc_sim_check(life->town->sim, status == MYC_DENIED, "a gate can be closed");
        if (!ask(life, TOWN_GATE)) {
            return false;
        }
    }
}

static bool enter(struct life *life)
{
    const struct myc_ring_options options = town_ring_options();
    struct myc_platform *platform = life->platform;
    struct myc_atomic_u32 bed = {0};
    while (!town_enter(platform, &life->segment)) {
        if (life->town->is_writer_dead) {
            return false;
        }
        (void)myc_wait_wait(platform->wait, &bed, 0, soon(life), MYC_WAIT_PROCESS);
    }
    life->ring_bytes = town_ring_bytes(&options);
    life->hall = town_map(life->town, platform, life->segment, 0, PAGE, true);
    life->desk = &life->hall->desks[life->seat - life->town->seats];
    while (myc_load_acquire_u32(&life->hall->is_ready) == 0) {
        if (life->town->is_writer_dead) {
            return false;
        }
        (void)myc_wait_wait(platform->wait, &bed, 0, soon(life), MYC_WAIT_PROCESS);
    }
    if (!ask(life, TOWN_JOIN)) {
        return false;
    }
    life->ring = town_map(life->town, platform, life->segment, PAGE, life->ring_bytes, false);
    size_t offset = town_page_offset(life->desk->page);
    void *page = town_map(life->town, platform, life->segment, offset, PAGE, true);
    enum myc_status status = myc_ring_reader_init(
        &life->reader, life->ring, life->ring_bytes, page, &life->desk->ticket, NULL);
    myc_sim_check(life->town->sim, status == MYC_OK, "a required reader can attach");
    life->seat->next = life->desk->ticket.sequence + 1;
    return life->seat == &life->town->seats[0] || stay_behind(life);
}

// The journal keeps its word, or not. Returns: whether it goes on.
static bool keeps_word(struct life *life)
{
    struct town *town = life->town;
    bool is_over = life->seat == &town->seats[0] && life->seat->handled >= town->stall_after;
    if (!is_over || town->plan == TOWN_HEALTHY) {
        return true;
    }
    if (town->plan == TOWN_STANDS_STILL) {
        struct myc_atomic_u32 bed = {0};
        while (myc_load_acquire_u32(&life->hall->is_over) == 0) {
            (void)myc_wait_wait(life->platform->wait, &bed, 0, soon(life), MYC_WAIT_PROCESS);
        }
    }
    return false;
}

static void read_all(struct life *life)
{
    struct town *town = life->town;
    for (;;) {
        uint64_t deadline_ns = town->is_rung ? MYC_NEVER : soon(life);
        bool was_dead = town->is_writer_dead;
        enum myc_status status = myc_ring_reader_wait(&life->reader, &life->waiter, deadline_ns);
        if (status == MYC_CLOSED || (status == MYC_TIMEOUT && was_dead)) {
            return;
        }
        if (status == MYC_PEER_DIED) {
            myc_sim_count(town->sim, "told of the journal's death", 1);
            if (!ask(life, TOWN_GATE) || !stay_behind(life)) {
                return;
            }
        } else if (status != MYC_OK && status != MYC_TIMEOUT) {
            myc_sim_fail(town->sim, "a reader broke: %s", myc_status_name(status));
        }
        size_t batch = 1 + (size_t)myc_sim_choose(town->sim, "batch", 4);
        (void)myc_ring_poll(&life->reader, on_record, life, batch);
        myc_ring_reader_wake(&life->reader, life->platform->wait);
        if (!keeps_word(life)) {
            return;
        }
    }
}

static int town_reader_main(struct myc_platform *platform, void *arg)
{
    struct town_seat *seat = arg;
    struct life life = {.seat = seat, .town = seat->town, .platform = platform};
    const struct myc_idle_options options = {
        MYC_IDLE_BLOCK, myc_sim_choose(seat->town->sim, "spin", 4) == 1 ? 2000 : 1, 0};
    if (myc_ring_waiter_init(&life.waiter, platform, &options) != MYC_OK) {
        return 1;
    }
    if (enter(&life)) {
        read_all(&life);
    }
    seat->is_done = true;
    return 0;
}

// ---- The director ----

static void start_reader(struct town *town, uint32_t i)
{
    struct town_seat *seat = &town->seats[i];
    seat->process = myc_sim_start(town->sim, "host", seat->name, town_reader_main, seat);
    myc_sim_tolerate_leaks(town->sim, seat->process);
    if (town->plan == TOWN_HEALTHY) {
        myc_sim_allow_kill(town->sim, seat->process, 5);
    }
}

// It ended, though there is somebody who needs it.
static bool has_died(const struct town *town, const struct town_seat *seat)
{
    return seat->process.id != 0 && !myc_sim_is_running(town->sim, seat->process)
           && myc_sim_is_running(town->sim, town->writer_process)
           && (myc_sim_was_killed(town->sim, seat->process)
               || (town->plan == TOWN_STAYS_AWAY && seat == &town->seats[0]));
}

static bool is_over(const struct town *town)
{
    bool is_running = myc_sim_is_running(town->sim, town->writer_process);
    for (uint32_t i = 0; i < TOWN_SEATS; i++) {
        const struct town_seat *seat = &town->seats[i];
        is_running =
            is_running || (seat->process.id != 0 && myc_sim_is_running(town->sim, seat->process));
    }
    return !is_running;
}

static bool has_news(void *context)
{
    struct town *town = context;
    if (is_over(town)
        || (!town->is_writer_dead && !myc_sim_is_running(town->sim, town->writer_process))) {
        return true;
    }
    for (uint32_t i = 0; i < TOWN_SEATS; i++) {
        // Told, and not taken out yet: nothing to do.
        if (has_died(town, &town->seats[i]) && town->seats[i].is_dead.value == 0) {
            return true;
        }
    }
    return false;
}

// Answers deaths: tells the steward, and when that one has taken the reader out starts it again.
static void tend(struct town *town, bool was_told[TOWN_SEATS])
{
    town->is_writer_dead = !myc_sim_is_running(town->sim, town->writer_process);
    for (uint32_t i = 0; i < TOWN_SEATS; i++) {
        struct town_seat *seat = &town->seats[i];
        if (!has_died(town, seat) || seat->is_dead.value != 0) {
            continue;
        }
        if (!was_told[i]) {
            seat->is_dead.value = 1;
            was_told[i] = true;
        } else if (i == 0 && town->plan == TOWN_STAYS_AWAY) {
            seat->process.id = 0; // It does.
        } else {
            was_told[i] = false;
            start_reader(town, i);
        }
    }
}

static void run_town(struct myc_sim *sim, bool is_rung)
{
    static const char *const names[TOWN_SEATS] = {"journal", "act"};
    bool was_told[TOWN_SEATS] = {false};
    struct town *town = aligned_alloc(64, (sizeof *town + 63) / 64 * 64);
    if (town == NULL) {
        abort();
    }
    memset(town, 0, sizeof *town);
    town->sim = sim;
    town->is_rung = is_rung;
    if (is_rung) {
        uint64_t plan = myc_sim_choose(sim, "plan", 8);
        town->plan = plan < TOWN_PLANS ? (enum town_plan)plan : TOWN_HEALTHY;
    }
    town->message_count = 8 + myc_sim_choose(sim, "messages", MESSAGES_MAX - 7);
    town->size_max = TOWN_CAPACITY / 4 - 8 - myc_sim_choose(sim, "sizes", TOWN_CAPACITY / 4 - 16);
    town->stall_after = myc_sim_choose(sim, "stall after", town->message_count);
    town->writer_process = myc_sim_start(sim, "host", "writer", town_writer_main, town);
    myc_sim_tolerate_leaks(sim, town->writer_process);
    for (uint32_t i = 0; i < TOWN_SEATS; i++) {
        town->seats[i].town = town;
        town->seats[i].name = names[i];
        if (i != 0 || town->plan != TOWN_NEVER_COMES) {
            start_reader(town, i);
        }
    }
    while (!is_over(town)) {
        if (!myc_sim_run_until(sim, has_news, town, bound_ns)) {
            myc_sim_fail(sim, "the town does not come to its end");
        }
        tend(town, was_told);
    }
    myc_sim_check(
        sim,
        myc_sim_was_killed(sim, town->writer_process)
            || myc_sim_exit_code(sim, town->writer_process) == 0,
        "the writer ends in order");
    myc_sim_count(sim, "messages", town->committed);
    free(town);
}

void live_required_run(struct myc_sim *sim)
{
    run_town(sim, true);
}

void live_crash_run(struct myc_sim *sim)
{
    run_town(sim, false);
}
