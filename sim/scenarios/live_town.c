// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The writer's process of live_processes.c, with the steward who lets readers in and out, and the
 * segment.
 */
#include "live_town.h"

#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/shm.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>
#include <mycelium/ring_gate.h>
#include <mycelium/ring_wait.h>

enum { PAGE = 4096, MS_NS = 1000000, LIMIT_MS = 1000, SLACK_MS = 300 };

static const struct myc_shm_name segment_name = {MYC_SHM_NAMED, "town"};

static void must(struct town *town, enum myc_status status, const char *what)
{
    if (status != MYC_OK) {
        myc_sim_fail(town->sim, "%s: %s", what, myc_status_name(status));
    }
}

// ---- The segment ----

struct myc_ring_options town_ring_options(void)
{
    return (struct myc_ring_options){
        .capacity_bytes = TOWN_CAPACITY,
        .readers_max = TOWN_SLOTS,
        .readers_may_sleep = true,
        .writer_may_sleep = true};
}

size_t town_ring_bytes(const struct myc_ring_options *options)
{
    return myc_ring_memory_size(options);
}

size_t town_page_offset(uint32_t page)
{
    const struct myc_ring_options options = town_ring_options();
    return PAGE + town_ring_bytes(&options) + (size_t)page * PAGE;
}

bool town_enter(struct myc_platform *platform, struct myc_handle *out_segment)
{
    size_t bytes = 0;
    uint32_t seals = 0;
    if (myc_shm_open(platform->shm, &segment_name, false, out_segment, NULL) != MYC_OK) {
        return false;
    }
    if (myc_shm_inspect(platform->shm, *out_segment, &bytes, &seals) == MYC_OK && bytes != 0) {
        return true;
    }
    myc_shm_close(platform->shm, *out_segment);
    return false;
}

void *town_map(
    struct town *town,
    struct myc_platform *platform,
    struct myc_handle segment,
    size_t offset,
    size_t bytes,
    bool is_writable)
{
    void *memory = NULL;
    enum myc_shm_access access = is_writable ? MYC_SHM_READ_WRITE : MYC_SHM_READ;
    must(
        town,
        myc_shm_map_part(platform->shm, segment, offset, bytes, access, &memory),
        "a part of the segment is not mapped");
    return memory;
}

void town_ask(struct town_desk *desk, struct myc_platform *platform, enum town_request request)
{
    myc_store_release_u32(&desk->request, (uint32_t)request);
    (void)myc_wait_wake(platform->wait, &desk->request, UINT32_MAX, MYC_WAIT_SHARED);
}

// ---- The steward ----

struct house {
    struct town *town;
    struct myc_platform *platform;
    struct myc_handle segment;
    struct town_hall *hall;
};

static void let_in(struct house *house, struct town_seat *seat, struct town_desk *desk)
{
    struct town *town = house->town;
    myc_sim_check(town->sim, town->pages_used < TOWN_LIVES_MAX, "a page is left for each life");
    desk->page = town->pages_used++;
    const void *page =
        town_map(town, house->platform, house->segment, town_page_offset(desk->page), PAGE, false);
    must(
        town,
        myc_ring_required_join(&town->required, seat->name, page, &desk->ticket, NULL),
        "a required reader is not let in");
    myc_sim_check(
        town->sim,
        desk->ticket.sequence <= seat->handled,
        "who comes back goes on where it was, or a little before");
    seat->slot = desk->ticket.slot;
    seat->is_in = true;
    myc_sim_count(town->sim, "joins", 1);
}

// Lets who acts be behind the journal. Returns: false if the journal is not in.
static bool put_behind(struct house *house)
{
    struct town *town = house->town;
    struct town_desk *front = &house->hall->desks[0];
    struct town_desk *back = &house->hall->desks[1];
    if (!town->seats[0].is_in) {
        return false;
    }
    must(
        town,
        myc_ring_gate_allow(&town->writer, &back->ticket, &front->ticket, 1, NULL),
        "the gate is not allowed");
    back->front_ticket = front->ticket;
    back->front_page = front->page;
    return true;
}

static void serve(struct house *house, uint32_t i)
{
    struct town_seat *seat = &house->town->seats[i];
    struct town_desk *desk = &house->hall->desks[i];
    uint32_t request = myc_load_acquire_u32(&desk->request);
    if (myc_load_acquire_u32(&seat->is_dead) != 0) {
        if (seat->is_in) {
            myc_ring_required_left(&house->town->required, seat->slot);
            seat->is_in = false;
        }
        town_ask(desk, house->platform, TOWN_IDLE);
        myc_store_release_u32(&seat->is_dead, 0);
        myc_sim_count(house->town->sim, "dead readers taken out", 1);
        return;
    }
    if (request == TOWN_JOIN && !seat->is_in) {
        let_in(house, seat, desk);
    }
    if (request == TOWN_JOIN || request == TOWN_GATE) {
        if (i == 0 || put_behind(house)) {
            town_ask(desk, house->platform, TOWN_GRANTED);
        }
    }
}

static void steward_run(void *context)
{
    struct house *house = context;
    struct myc_platform *platform = house->platform;
    while (myc_load_acquire_u32(&house->hall->is_over) == 0) {
        uint32_t seen = myc_load_acquire_u32(&house->hall->bell);
        for (uint32_t i = 0; i < TOWN_SEATS; i++) {
            serve(house, i);
        }
        // The director's word of a death rings nobody.
        uint64_t soon_ns = myc_clock_monotonic_ns(platform->clock) + MS_NS;
        (void)myc_wait_wait(platform->wait, &house->hall->bell, seen, soon_ns, MYC_WAIT_SHARED);
    }
}

// ---- The writer ----

static void on_alert(const struct myc_ring_alert *alert, void *context)
{
    struct town *town = context;
    myc_sim_count(town->sim, myc_ring_alert_text(alert->kind), 1);
    if (alert->kind >= MYC_RING_ALERT_NEVER_CAME) {
        town->violations++;
        town->violation = *alert;
    }
}

// The journal has broken its word as the plan wanted it, and soon after its time was over.
static void check_violation(struct town *town, struct myc_platform *platform)
{
    static const enum myc_ring_alert_kind kinds[TOWN_PLANS] = {
        MYC_RING_ALERT_CAME,
        MYC_RING_ALERT_NEVER_CAME,
        MYC_RING_ALERT_STANDS_STILL,
        MYC_RING_ALERT_STAYED_AWAY};
    struct myc_diagnostic why;
    enum myc_status status = myc_ring_required_status(&town->required, &why);
    uint64_t limit_ns = (uint64_t)LIMIT_MS * MS_NS;
    uint64_t now_ns = myc_clock_monotonic_ns(platform->clock);
    uint64_t due_ns = now_ns - town->violation.elapsed_ns + limit_ns;
    due_ns = due_ns > town->blocked_ns ? due_ns : town->blocked_ns;
    bool is_planned =
        town->violation.kind == kinds[town->plan] && strcmp(town->violation.name, "journal") == 0;
    // Who acts stands still, too, until there is a journal to be behind.
    bool is_act = town->violation.kind == MYC_RING_ALERT_STANDS_STILL
                  && strcmp(town->violation.name, "act") == 0;
    if (status != MYC_MISSING || town->violations != 1 || town->plan == TOWN_HEALTHY
        || !(is_planned || is_act) || strstr(why.text, town->violation.name) == NULL) {
        myc_sim_fail(town->sim, "a violation of another kind, or not one: %s", why.text);
    }
    myc_sim_count(town->sim, is_act ? "violations by who acts" : "violations as planned", 1);
    myc_sim_check(
        town->sim,
        town->violation.elapsed_ns >= limit_ns,
        "nobody is told before the time is over");
    myc_sim_check(
        town->sim,
        now_ns <= due_ns + (uint64_t)SLACK_MS * MS_NS,
        "a blocked writer is told soon after the time is over");
}

static enum myc_status publish(struct town *town, struct myc_ring_waiter *waiter, uint64_t i)
{
    struct myc_sim *sim = town->sim;
    unsigned char bytes[TOWN_CAPACITY / 4];
    size_t size = (size_t)(town->size_max - myc_sim_choose(sim, "size", town->size_max - 7));
    void *payload = NULL;
    memset(bytes, (int)i, size);
    if (myc_sim_choose(sim, "copy", 2) == 1) {
        town->committed = i; // At the latest then it may be read.
        return myc_ring_publish_wait(
            &town->writer, waiter, TOWN_TYPE, 1, bytes, size, MYC_NEVER, NULL);
    }
    enum myc_status status =
        myc_ring_claim_wait(&town->writer, waiter, size, MYC_NEVER, &payload, NULL);
    if (status == MYC_OK) {
        memcpy(payload, bytes, size);
        town->committed = i;
        myc_ring_commit(&town->writer, TOWN_TYPE, 1, size);
        myc_ring_wake_readers(&town->writer, waiter->idle.wait);
    }
    return status;
}

static void write_all(struct house *house)
{
    struct town *town = house->town;
    struct myc_clock *clock = house->platform->clock;
    struct myc_ring_waiter waiter;
    const struct myc_idle_options options = {
        MYC_IDLE_BLOCK, myc_sim_choose(town->sim, "spin", 4) == 1 ? 2000 : 1, 0};
    enum myc_status status = MYC_OK;
    must(town, myc_ring_waiter_init(&waiter, house->platform, &options), "no waiter");
    waiter.required = &town->required;
    if (town->plan != TOWN_NEVER_COMES && myc_sim_choose(town->sim, "at once", 2) == 0) {
        must(
            town,
            myc_ring_required_await(&town->required, &waiter, MYC_NEVER, NULL),
            "the readers do not come");
    }
    for (uint64_t i = 1; i <= town->message_count && status == MYC_OK; i++) {
        town->blocked_ns = myc_clock_monotonic_ns(clock);
        status = publish(town, &waiter, i);
    }
    if (status == MYC_OK) {
        town->blocked_ns = myc_clock_monotonic_ns(clock);
        status = myc_ring_drain(&town->writer, &waiter, MYC_NEVER, NULL);
    }
    if (status == MYC_OK) {
        for (uint32_t i = 0; i < TOWN_SEATS; i++) {
            myc_sim_check(
                town->sim,
                town->seats[i].handled == town->message_count,
                "what was drained was handled by every required reader");
        }
        myc_sim_check(
            town->sim,
            town->plan != TOWN_NEVER_COMES,
            "a journal that never came has drained nothing");
    } else {
        check_violation(town, house->platform);
        void *payload = NULL;
        myc_sim_check(
            town->sim,
            myc_ring_claim_wait(&town->writer, &waiter, 8, MYC_NEVER, &payload, NULL)
                == MYC_MISSING,
            "a violation is for good");
    }
    myc_ring_close_wake(&town->writer, house->platform->wait);
}

int town_writer_main(struct myc_platform *platform, void *arg)
{
    struct town *town = arg;
    struct house house = {.town = town, .platform = platform};
    const struct myc_ring_options options = town_ring_options();
    static const char *const names[TOWN_SEATS] = {"journal", "act"};
    const struct myc_ring_required_options required = {
        .names = names,
        .count = TOWN_SEATS,
        .startup_ns = (uint64_t)LIMIT_MS * MS_NS,
        .progress_ns = (uint64_t)LIMIT_MS * MS_NS,
        .grace_ns = (uint64_t)LIMIT_MS * MS_NS,
        .alert = on_alert,
        .alert_context = town};
    struct myc_handle steward = {0};
    size_t ring_bytes = town_ring_bytes(&options);
    must(
        town, myc_shm_open(platform->shm, &segment_name, true, &house.segment, NULL), "no segment");
    must(
        town,
        myc_shm_replace(
            platform->shm,
            &segment_name,
            town_page_offset(TOWN_LIVES_MAX),
            (struct myc_const_span){NULL, 0},
            &house.segment,
            NULL),
        "no segment");
    house.hall = town_map(town, platform, house.segment, 0, PAGE, true);
    void *ring = town_map(town, platform, house.segment, PAGE, ring_bytes, true);
    must(town, myc_ring_writer_init(&town->writer, ring, ring_bytes, &options, NULL), "no ring");
    must(
        town,
        myc_ring_required_init(&town->required, &town->writer, platform, &required, NULL),
        "nobody can be required");
    myc_store_release_u32(&house.hall->is_ready, 1);
    if (myc_thread_start(platform->thread, steward_run, &house, NULL, &steward) != MYC_OK) {
        return 1;
    }
    write_all(&house);
    myc_store_release_u32(&house.hall->is_over, 1);
    myc_thread_join(platform->thread, steward);
    if (town->plan != TOWN_HEALTHY && town->seats[0].is_in) {
        // Who acts waits for nobody who will never move.
        myc_ring_required_left(&town->required, town->seats[0].slot);
    }
    return 0;
}
