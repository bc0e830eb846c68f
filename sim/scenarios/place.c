// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Rings under a name and in files whose owners die anywhere, are taken over or replaced, while
 * guests come in any order, die, and read. Sometimes the power goes.
 *
 * Oracles: a name never has two living owners; another generation is a greater number; who goes on
 * with a ring finds every record whose commit returned and none that was never begun; guests read
 * whole records of the generation they are attached to, in order, none missing, and to the end of
 * what was published; nothing is left behind.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <mycelium/atomic.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/wait.h>
#include <mycelium/ring_place.h>

#include <stdlib.h>
#include <string.h>

enum {
    CAPACITY = 16384,
    SEATS = 2,
    GUESTS_MAX = 3,
    OWNERS = 2,
    GENERATIONS_MAX = 400,
    WORDS_MAX = 60,
    TYPE = 3
};

static const char path[] = "/var/tmp/ring";
static const uint64_t ms_ns = 1000000;

/* What the outside world knows of one generation. */
struct generation {
    uint64_t number;
    uint64_t committing; /* messages whose commit began */
    uint64_t committed;  /* messages whose commit returned */
};

struct outside {
    struct myc_sim *sim;
    enum myc_place_kind kind;
    const char *name;
    struct generation generations[GENERATIONS_MAX];
    uint32_t generation_count;
    struct myc_sim_process processes[OWNERS + GUESTS_MAX];
    struct myc_sim_process owner_now; /* the last who owned it; 0: it gave the ring up */
    uint64_t wanted;                  /* messages after which an owner ends its ring */
    bool may_be_gone; /* the name may have been removed since the last generation was made */
    bool is_over;
};

struct member {
    struct outside *outside;
    uint32_t index;
};

static struct generation *generation_of(struct outside *outside, uint64_t number)
{
    for (uint32_t i = outside->generation_count; i > 0; i--) {
        if (outside->generations[i - 1].number == number) {
            return &outside->generations[i - 1];
        }
    }
    myc_sim_fail(outside->sim, "generation %llu was never made", (unsigned long long)number);
    abort();
}

static void rest(struct myc_platform *platform, uint64_t duration_ns)
{
    struct myc_atomic_u32 word = {0};
    uint64_t deadline_ns = myc_clock_monotonic_ns(platform->clock) + duration_ns;
    while (myc_wait_wait(platform->wait, &word, 0, deadline_ns, MYC_WAIT_PROCESS) == MYC_OK) {
    }
}

/* Statuses that a fault explains. */
static bool is_excused(enum myc_status status)
{
    return status == MYC_NO_MEMORY || status == MYC_LIMIT || status == MYC_IO;
}

/* Whether what is at the name may be damaged: a file, by a loss of power. */
static bool may_be_torn(const struct outside *outside)
{
    return outside->kind == MYC_PLACE_FILE && myc_sim_power_losses(outside->sim, "host") > 0;
}

// ---- Owners ----

static void check_taken_over(struct outside *outside, struct myc_ring_owner *owner)
{
    struct myc_sim *sim = outside->sim;
    struct generation *generation = generation_of(outside, myc_place_generation(&owner->place));
    uint64_t found = myc_ring_committed(&owner->writer);
    myc_sim_check(
        sim,
        generation == &outside->generations[outside->generation_count - 1],
        "who goes on goes on with the last generation");
    myc_sim_check(sim, found >= generation->committed, "what was committed is found");
    myc_sim_check(sim, found <= generation->committing, "what was not begun is not found");
    myc_sim_check(sim, myc_ring_is_valid(&owner->writer), "the writer fits its ring");
    myc_sim_count(sim, "taken over", 1);
    if (found > generation->committed) {
        myc_sim_count(sim, "taken over behind a commit", 1);
    }
    generation->committed = found;
}

static void note_made(struct outside *outside, const struct myc_ring_owner *owner)
{
    struct myc_sim *sim = outside->sim;
    uint64_t number = myc_place_generation(&owner->place);
    uint32_t count = outside->generation_count;
    myc_sim_check(
        sim,
        count == 0 || outside->may_be_gone || number > outside->generations[count - 1].number,
        "another generation is a greater number");
    myc_sim_check(sim, count < GENERATIONS_MAX, "there is room for all generations");
    outside->generations[count] = (struct generation){.number = number};
    outside->generation_count++;
    outside->may_be_gone = false;
    myc_sim_count(sim, "made", 1);
}

static enum myc_status
open_ring(struct member *member, struct myc_platform *platform, struct myc_ring_owner *owner)
{
    struct outside *outside = member->outside;
    struct myc_sim *sim = outside->sim;
    struct myc_ring_owner_options options = {
        .kind = outside->kind,
        .name = outside->name,
        .existing =
            myc_sim_chance(sim, "recreate", 1, 6) ? MYC_PLACE_RECREATE : MYC_PLACE_TAKE_OVER,
        .is_kept = true,
        .ring =
            {
                .capacity_bytes = CAPACITY,
                .readers_max = SEATS,
                .readers_may_sleep = true,
                .writer_may_sleep = true,
                .readers_may_be_lapped = true,
            },
    };
    enum myc_status status = myc_ring_owner_open(owner, platform, &options, NULL);
    bool is_bad = status == MYC_CORRUPT || status == MYC_MISMATCH;
    myc_sim_check(sim, !is_bad || may_be_torn(outside), "nothing that was left is damaged");
    if (is_bad || status == MYC_PEER_DIED || status == MYC_CLOSED || status == MYC_STALE) {
        options.existing = MYC_PLACE_RECREATE;
        status = myc_ring_owner_open(owner, platform, &options, NULL);
        myc_sim_check(
            sim,
            status == MYC_OK || status == MYC_IN_USE || is_excused(status),
            "what was left half-made can be recreated");
    }
    if (is_excused(status)) {
        outside->may_be_gone = true;
    }
    if (status == MYC_OK) {
        struct myc_sim_process before = outside->owner_now;
        myc_sim_check(
            sim,
            before.id == 0 || !myc_sim_is_running(sim, before),
            "nobody else who lives owns it");
        outside->owner_now = outside->processes[member->index];
        if (myc_place_was_taken_over(&owner->place)) {
            check_taken_over(outside, owner);
        } else {
            note_made(outside, owner);
        }
    }
    return status;
}

/* Publishes one message; false if there was no room. */
static bool publish(struct outside *outside, struct myc_ring_owner *owner)
{
    struct generation *generation = generation_of(outside, myc_place_generation(&owner->place));
    uint64_t words = 2 + myc_sim_choose(outside->sim, "words", WORDS_MAX - 1);
    size_t size = (size_t)words * sizeof(uint64_t);
    uint64_t number = generation->committed + 1;
    uint64_t *payload = myc_ring_claim(&owner->writer, size);
    if (payload == NULL) {
        return false;
    }
    for (uint64_t i = 0; i < words; i++) {
        payload[i] = i == 0 ? generation->number : number;
    }
    myc_shared_write(payload, size);
    generation->committing = number;
    myc_ring_commit(&owner->writer, TYPE, 1, size);
    generation->committed = number;
    myc_ring_owner_wake(owner);
    return true;
}

static void end_ring(struct outside *outside, struct myc_ring_owner *owner)
{
    outside->may_be_gone = true;
    outside->owner_now.id = 0;
    myc_place_keep(&owner->place, false);
    myc_ring_owner_close(owner);
    outside->is_over = true;
}

/* Works until it has ended the ring or goes home early. */
static void work(struct member *member, struct myc_platform *platform, struct myc_ring_owner *owner)
{
    struct outside *outside = member->outside;
    struct generation *generation = generation_of(outside, myc_place_generation(&owner->place));
    while (generation->committed < outside->wanted && !outside->is_over) {
        (void)myc_ring_owner_serve(owner);
        if (!publish(outside, owner)) {
            uint64_t deadline_ns = myc_clock_monotonic_ns(platform->clock) + ms_ns;
            if (myc_ring_owner_wait(owner, WORDS_MAX * sizeof(uint64_t) + 8, deadline_ns)
                == MYC_TIMEOUT) {
                (void)myc_ring_owner_sweep(owner);
            }
        }
        if (myc_sim_chance(outside->sim, "pause", 1, 8)) {
            rest(platform, ms_ns / 20);
        }
        if (myc_sim_chance(outside->sim, "go home", 1, 60) && !outside->is_over) {
            myc_sim_count(outside->sim, "left to the next", 1);
            outside->owner_now.id = 0;
            myc_ring_owner_close(owner);
            return;
        }
    }
    end_ring(outside, owner);
}

static int owner_main(struct myc_platform *platform, void *arg)
{
    struct member *member = arg;
    struct outside *outside = member->outside;
    struct myc_ring_owner *owner = myc_memory_allocate(platform->memory, sizeof(*owner), 64);
    while (owner != NULL && !outside->is_over) {
        enum myc_status status = open_ring(member, platform, owner);
        if (status == MYC_OK) {
            work(member, platform, owner);
        } else {
            myc_sim_check(
                outside->sim,
                status == MYC_IN_USE || is_excused(status),
                "a name is free, or its owner lives");
            myc_sim_count(outside->sim, status == MYC_IN_USE ? "in use" : "refused", 1);
        }
        rest(platform, ms_ns / 4);
    }
    myc_memory_release(platform->memory, owner, sizeof(*owner));
    return 0;
}

/* Who comes last of all finds something or nothing, and leaves nothing. */
static int tidy_main(struct myc_platform *platform, void *arg)
{
    struct member *member = arg;
    struct myc_ring_owner *owner = myc_memory_allocate(platform->memory, sizeof(*owner), 64);
    enum myc_status status = open_ring(member, platform, owner);
    myc_sim_check(member->outside->sim, status == MYC_OK, "what was left can be owned");
    end_ring(member->outside, owner);
    myc_memory_release(platform->memory, owner, sizeof(*owner));
    return 0;
}

// ---- Guests ----

struct listener {
    struct outside *outside;
    struct myc_ring_guest guest;
    struct generation *generation;
    uint64_t last;
    _Alignas(8) unsigned char copy[CAPACITY / 4];
};

static void on_record(const struct myc_record *record, void *context)
{
    struct listener *listener = context;
    struct myc_sim *sim = listener->outside->sim;
    uint64_t count = 1;
    if (record->type == MYC_RECORD_GAP) {
        struct myc_gap gap;
        memcpy(&gap, record->payload, sizeof(gap));
        myc_sim_check(sim, listener->guest.wish.is_lapping, "only who is not waited for loses");
        count = gap.count;
    } else {
        const uint64_t *words = record->payload;
        myc_sim_check(sim, record->type == TYPE, "a record has the owner's type");
        myc_shared_read(record->payload, record->size);
        for (uint32_t i = 0; i < record->size / sizeof(*words); i++) {
            uint64_t wanted = i == 0 ? listener->generation->number : record->sequence;
            myc_sim_check(sim, words[i] == wanted, "a record is whole and of its generation");
        }
    }
    myc_sim_check(sim, record->sequence == listener->last + count, "no message is missing");
    myc_sim_check(
        sim,
        record->sequence <= listener->generation->committing,
        "no message is read before its commit began");
    listener->last = record->sequence;
}

static void read_to_the_end(struct listener *listener)
{
    while (myc_ring_guest_poll(&listener->guest, on_record, listener, 8) > 0) {
    }
}

/* Reads until the generation is over or the guest has had enough. */
static void listen(struct listener *listener, struct myc_platform *platform)
{
    struct outside *outside = listener->outside;
    struct myc_sim *sim = outside->sim;
    struct myc_ring_guest *guest = &listener->guest;
    listener->generation = generation_of(outside, myc_place_generation(&guest->place));
    listener->last = myc_ring_reader_sequence(&guest->reader);
    for (;;) {
        // Asked before looking: what there is at the end lies there by now.
        uint64_t committed = listener->generation->committed;
        enum myc_status status = myc_ring_guest_status(guest);
        read_to_the_end(listener);
        if (status == MYC_CLOSED || status == MYC_STALE) {
            myc_sim_check(sim, listener->last >= committed, "all that was published is read");
            myc_sim_count(sim, status == MYC_CLOSED ? "read to its close" : "read to its end", 1);
            return;
        }
        myc_sim_check(sim, status == MYC_OK || status == MYC_PEER_DIED, "no guest is thrown out");
        if (myc_sim_chance(sim, "enough", 1, 40) || (outside->is_over && status != MYC_OK)) {
            return;
        }
        uint64_t deadline_ns = myc_clock_monotonic_ns(platform->clock) + ms_ns;
        status = myc_ring_guest_wait(guest, deadline_ns);
        myc_sim_check(sim, status == MYC_OK || status == MYC_TIMEOUT, "a guest sleeps");
    }
}

static void check_answer(const struct outside *outside, enum myc_status status, bool is_attached)
{
    struct myc_sim *sim = outside->sim;
    bool is_flow = status == MYC_PEER_DIED || status == MYC_CLOSED || status == MYC_STALE
                   || is_excused(status);
    bool is_waiting = is_attached ? status == MYC_TIMEOUT || status == MYC_AGAIN
                                  : status == MYC_NOT_FOUND || status == MYC_AGAIN;
    is_waiting = is_waiting || (status == MYC_CORRUPT && may_be_torn(outside));
    myc_sim_check(sim, is_flow || is_waiting, "a guest is told why it is not in");
    myc_sim_check(sim, !is_attached || status != MYC_LIMIT, "who has a seat gets a slot");
}

static void visit(struct listener *listener, struct myc_platform *platform)
{
    struct outside *outside = listener->outside;
    struct myc_sim *sim = outside->sim;
    struct myc_ring_wish wish = {
        .start = myc_sim_chance(sim, "earliest", 1, 2) ? MYC_RING_EARLIEST : MYC_RING_LIVE,
        .is_lapping = myc_sim_chance(sim, "lapping", 1, 4),
        .copy = {listener->copy, sizeof(listener->copy)},
    };
    enum myc_status status =
        myc_ring_guest_ask(&listener->guest, platform, outside->kind, outside->name, &wish, NULL);
    if (status != MYC_OK) {
        check_answer(outside, status, false);
        return;
    }
    uint64_t deadline_ns = myc_clock_monotonic_ns(platform->clock) + 2 * ms_ns;
    status = myc_ring_guest_await(&listener->guest, deadline_ns, NULL);
    if (status == MYC_OK) {
        listen(listener, platform);
    } else {
        check_answer(outside, status, true);
    }
    myc_ring_guest_leave(&listener->guest);
}

static int guest_main(struct myc_platform *platform, void *arg)
{
    struct member *member = arg;
    struct listener *listener = myc_memory_allocate(platform->memory, sizeof(*listener), 64);
    while (listener != NULL && !member->outside->is_over) {
        listener->outside = member->outside;
        visit(listener, platform);
        rest(platform, ms_ns / 4);
    }
    myc_memory_release(platform->memory, listener, sizeof(*listener));
    return 0;
}

// ---- The director ----

static bool have_all_ended(void *context)
{
    const struct outside *outside = context;
    for (uint32_t i = 0; i < OWNERS + GUESTS_MAX; i++) {
        if (outside->processes[i].id != 0
            && myc_sim_is_running(outside->sim, outside->processes[i])) {
            return false;
        }
    }
    return outside->is_over;
}

static void start(struct outside *outside, struct member *members, uint32_t index)
{
    static const char *const names[] = {"owner", "rival", "guest0", "guest1", "guest2"};
    outside->processes[index] = myc_sim_start(
        outside->sim,
        "host",
        names[index],
        index < OWNERS ? owner_main : guest_main,
        &members[index]);
}

/* Starts whoever is wanted and does not run. */
static void start_missing(struct outside *outside, struct member *members, uint32_t wanted)
{
    for (uint32_t i = 0; i < OWNERS + GUESTS_MAX; i++) {
        bool is_running = outside->processes[i].id != 0
                          && myc_sim_is_running(outside->sim, outside->processes[i]);
        if ((wanted >> i & 1) != 0 && !is_running && !outside->is_over) {
            start(outside, members, i);
        }
    }
}

static bool has_tidied(void *context)
{
    const struct outside *outside = context;
    return !myc_sim_is_running(outside->sim, outside->processes[0]);
}

static void check_nothing_left(struct outside *outside, struct member *member)
{
    struct myc_sim *sim = outside->sim;
    outside->processes[0] = myc_sim_start(sim, "host", "tidy", tidy_main, member);
    (void)myc_sim_run_until(sim, has_tidied, outside, myc_sim_now_ns(sim) + 100 * ms_ns);
    static const char *const left[] = {
        "/dev/shm/ring", "/dev/shm/ring~myc-new", path, "/var/tmp/ring~myc-new"};
    for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
        size_t size = 0;
        myc_sim_check(
            outside->sim,
            myc_sim_get_file(outside->sim, "host", left[i], &size) == NULL,
            "nothing is left behind");
    }
}

static void run(struct myc_sim *sim, bool may_die)
{
    struct outside *outside = calloc(1, sizeof(*outside));
    struct member members[OWNERS + GUESTS_MAX];
    if (outside == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < OWNERS + GUESTS_MAX; i++) {
        members[i] = (struct member){outside, i};
    }
    outside->sim = sim;
    outside->kind = myc_sim_chance(sim, "file", 1, 2) ? MYC_PLACE_FILE : MYC_PLACE_NAMED;
    outside->name = outside->kind == MYC_PLACE_FILE ? path : "ring";
    outside->wanted = 10 + myc_sim_choose(sim, "messages", 120);
    uint32_t rounds_left = 2 + (uint32_t)myc_sim_choose(sim, "rounds", 12);
    bool has_rival = may_die && myc_sim_chance(sim, "rival", 1, 2);
    uint32_t guests = 1 + (uint32_t)myc_sim_choose(sim, "more guests", GUESTS_MAX);
    uint32_t losses_left = may_die ? (uint32_t)myc_sim_choose(sim, "losses", 3) : 0;
    uint32_t wanted = 1 | (has_rival ? 2U : 0) | ((1U << guests) - 1) << OWNERS;
    for (int fault = 0; fault < 3; fault++) {
        static const enum myc_sim_fault faults[] = {
            MYC_SIM_FAULT_SHM_NO_MEMORY, MYC_SIM_FAULT_FILE_FULL, MYC_SIM_FAULT_HANDLE_LIMIT};
        myc_sim_allow(sim, faults[fault], may_die);
    }
    // Any order: each begins when its turn comes.
    uint32_t started = may_die ? 0 : 1U << OWNERS; // a sweep needs its victim in every run
    start_missing(outside, members, started);
    while (started != wanted) {
        uint32_t next = (uint32_t)myc_sim_choose(sim, "who begins", OWNERS + GUESTS_MAX);
        for (uint32_t i = 0; i < OWNERS + GUESTS_MAX; i++) {
            uint32_t bit = 1U << (next + i) % (OWNERS + GUESTS_MAX);
            if ((wanted & bit & ~started) != 0) {
                started |= bit;
                break;
            }
        }
        start_missing(outside, members, started);
        myc_sim_run_for(sim, myc_sim_range(sim, "before the next", 0, ms_ns));
    }
    while (may_die && rounds_left-- > 0 && !outside->is_over) {
        start_missing(outside, members, wanted);
        for (uint32_t i = 0; i < OWNERS + GUESTS_MAX; i++) {
            if (outside->processes[i].id != 0) {
                myc_sim_allow_kill(sim, outside->processes[i], 2);
            }
        }
        myc_sim_run_for(sim, myc_sim_range(sim, "round", 1000, 3 * ms_ns));
        if (losses_left > 0 && myc_sim_chance(sim, "power", 1, 4)) {
            losses_left--;
            outside->may_be_gone = true;
            myc_sim_power_loss(sim, "host");
            outside->owner_now.id = 0;
        }
    }
    myc_sim_faults(sim, false);
    for (int i = 0; i < 1000 && !have_all_ended(outside); i++) {
        start_missing(outside, members, wanted);
        (void)myc_sim_run_until(sim, have_all_ended, outside, myc_sim_now_ns(sim) + 20 * ms_ns);
    }
    myc_sim_check(sim, have_all_ended(outside), "who is left alone comes to an end");
    // A file may come back by a loss of power, since nothing of it is synced.
    if (!may_be_torn(outside)) {
        check_nothing_left(outside, &members[0]);
    }
    myc_sim_count(sim, "generations", outside->generation_count);
    free(outside);
}

static void run_places(struct myc_sim *sim)
{
    run(sim, true);
}

static void run_crash(struct myc_sim *sim)
{
    run(sim, false);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"places", "rings at places, whose owners die and are followed by others", run_places},
        {"places-crash",
         "the same with one owner, for crash sweeps of it and of guest0",
         run_crash},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
