// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Three producers, a ring each, and one consumer who reads them all with a fair reader: waited for
 * or not, member by member as drawn, taken out and put back at any time, from handlers as well.
 *
 * "fair": one process, a thread each; everybody sleeps on words, the consumer on one for all rings.
 * "fair-kills": the producers are processes that die anywhere, and come back with another ring.
 *
 * Oracles: what a ring holds is handed over in its order and with its bytes, without a hole but for
 * the losses it tells, up to the last one committed; an end is told once and happened; a record
 * that was seen to be there waits for at most (members - 1) * budget records of others.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <stdlib.h>
#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/fair_reader.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>

enum {
    LANES = 3,
    EPOCHS_MAX = 3,
    MESSAGES_MAX = 24,
    CAPACITY = MYC_RING_LAPPED_CAPACITY_MIN,
    SIZE_MAX_BYTES = 2000,
    TYPE = 11,
    DEADLINE_NS = 1000000000
};

struct hall;

/** One incarnation of a producer: its ring, and what the consumer has of it. */
struct ring {
    struct myc_ring_writer writer;
    struct myc_ring_reader reader;
    struct myc_ring_ticket ticket;
    void *memory;
    size_t memory_bytes;
    unsigned char *page;
    struct myc_atomic_u32 is_ready; // the consumer's reader was let in
    struct myc_atomic_u32 is_ended; // nothing more will come
    uint64_t accounted;             // last message handed over or told as lost
    bool is_closing;
    bool is_told; // its end
    _Alignas(8) unsigned char copy[CAPACITY / 4];
};

struct lane {
    struct hall *hall;
    uint32_t index;
    uint32_t epochs;  // begun so far
    uint32_t reading; // epoch being read, from 0
    bool is_lapping;
    bool is_joined;
    bool is_member;
    bool is_done;
    bool is_waiting; // its ring was seen not to be empty
    uint32_t others; // records of others since then
    uint32_t member;
    struct ring rings[EPOCHS_MAX];
    struct myc_atomic_u32 is_over; // its last incarnation ended
    struct myc_atomic_u32 bell;
    struct myc_sim_process process;
};

struct hall {
    struct myc_sim *sim;
    struct myc_platform *platform; // of the process that all share, if they do
    struct myc_fair_reader fair;
    struct lane lanes[LANES];
    struct lane *lane_of[MYC_FAIR_MEMBERS_MAX];
    struct myc_atomic_u32 bell; // the consumer's
    struct myc_sim_process consumer;
    uint32_t budget;
    bool may_sleep;
    bool is_news; // an end was told
};

// ---- The hall ----

static void *take(size_t alignment, size_t bytes)
{
    void *memory = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (memory == NULL) {
        abort();
    }
    memset(memory, 0, bytes);
    return memory;
}

static struct myc_ring_options options_of(const struct lane *lane)
{
    struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = 1,
        .readers_may_sleep = lane->hall->may_sleep,
        .writer_may_sleep = lane->hall->may_sleep,
        .readers_may_be_lapped = lane->is_lapping};
    return options;
}

static struct hall *hall_create(struct myc_sim *sim, bool may_sleep)
{
    struct hall *hall = take(64, sizeof *hall);
    hall->sim = sim;
    hall->may_sleep = may_sleep;
    hall->budget = 1 + (uint32_t)myc_sim_choose(sim, "fair.budget", 5);
    for (uint32_t i = 0; i < LANES; i++) {
        struct lane *lane = &hall->lanes[i];
        lane->hall = hall;
        lane->index = i;
        lane->is_lapping = myc_sim_chance(sim, "fair.lapping", 1, 3);
        const struct myc_ring_options options = options_of(lane);
        for (uint32_t epoch = 0; epoch < EPOCHS_MAX; epoch++) {
            struct ring *ring = &lane->rings[epoch];
            ring->memory_bytes = myc_ring_memory_size(&options);
            ring->memory = take(4096, ring->memory_bytes);
            ring->page = take(64, MYC_RING_PAGE_BYTES);
        }
    }
    return hall;
}

static void hall_destroy(struct hall *hall)
{
    for (uint32_t i = 0; i < LANES * EPOCHS_MAX; i++) {
        free(hall->lanes[i / EPOCHS_MAX].rings[i % EPOCHS_MAX].memory);
        free(hall->lanes[i / EPOCHS_MAX].rings[i % EPOCHS_MAX].page);
    }
    free(hall);
}

static unsigned char byte_of(const struct lane *lane, uint32_t epoch, uint64_t sequence, size_t i)
{
    return (unsigned char)(lane->index * 71 + epoch * 29 + sequence * 13 + i * 7 + 1);
}

static void ring_bell(struct hall *hall, struct myc_platform *platform, struct myc_atomic_u32 *bell)
{
    (void)myc_fetch_add_u32(bell, 1);
    if (hall->may_sleep) {
        (void)myc_wait_wake(platform->wait, bell, UINT32_MAX, MYC_WAIT_PROCESS);
    }
}

static void wait_bell(
    struct hall *hall, struct myc_platform *platform, struct myc_atomic_u32 *bell, uint32_t seen)
{
    if (hall->may_sleep) {
        (void)myc_wait_wait(platform->wait, bell, seen, MYC_NEVER, MYC_WAIT_PROCESS);
    } else {
        myc_thread_relax(platform->thread, 0);
    }
}

// ---- A producer ----

static void *claim(struct lane *lane, struct ring *ring, struct myc_platform *platform, size_t size)
{
    for (;;) {
        void *payload = myc_ring_claim(&ring->writer, size);
        if (payload != NULL) {
            return payload;
        }
        uint32_t seen = myc_load_acquire_u32(&lane->bell);
        if (myc_ring_writer_arm(&ring->writer, size)) {
            myc_sim_count(lane->hall->sim, "producers waited for room", 1);
            wait_bell(lane->hall, platform, &lane->bell, seen);
        }
        myc_ring_writer_disarm(&ring->writer);
    }
}

static void produce(struct lane *lane, struct myc_platform *platform)
{
    struct hall *hall = lane->hall;
    uint32_t epoch = lane->epochs++;
    struct ring *ring = &lane->rings[epoch];
    const struct myc_ring_options options = options_of(lane);
    enum myc_status status =
        myc_ring_writer_init(&ring->writer, ring->memory, ring->memory_bytes, &options, NULL);
    if (status == MYC_OK) {
        status =
            lane->is_lapping
                ? myc_ring_join_lapping(&ring->writer, ring->page, MYC_RING_LIVE, &ring->ticket)
                : myc_ring_join(&ring->writer, ring->page, MYC_RING_LIVE, &ring->ticket);
    }
    myc_sim_check(hall->sim, status == MYC_OK, "a producer can begin");
    myc_store_release_u32(&ring->is_ready, 1);
    ring_bell(hall, platform, &hall->bell);
    uint64_t count = 8 + myc_sim_choose(hall->sim, "fair.messages", MESSAGES_MAX - 7);
    for (uint64_t sequence = 1; sequence <= count; sequence++) {
        size_t size = (size_t)myc_sim_choose(hall->sim, "fair.size", SIZE_MAX_BYTES);
        unsigned char *payload = claim(lane, ring, platform, size);
        for (size_t i = 0; i < size; i++) {
            payload[i] = byte_of(lane, epoch, sequence, i);
        }
        myc_ring_commit(&ring->writer, TYPE, (uint16_t)epoch, size);
        if (myc_ring_sleepers(&ring->writer) != 0) {
            ring_bell(hall, platform, &hall->bell);
        }
    }
    ring->is_closing = true;
    myc_ring_writer_close(&ring->writer);
    if (myc_ring_sleepers(&ring->writer) != 0) {
        ring_bell(hall, platform, &hall->bell);
    }
}

// ---- The consumer and its oracles ----

static struct ring *current(struct lane *lane)
{
    return &lane->rings[lane->reading];
}

static void check_fairness(struct hall *hall, const struct lane *served)
{
    uint32_t bound = (LANES - 1) * hall->budget;
    for (uint32_t i = 0; i < LANES; i++) {
        struct lane *lane = &hall->lanes[i];
        if (lane == served || !lane->is_member) {
            lane->is_waiting = false;
            continue;
        }
        // Who is overtaken in its very turn looks for a place to go on, and may get none in it.
        if (!lane->is_waiting && !lane->is_lapping && !myc_ring_is_empty(&current(lane)->reader)) {
            lane->is_waiting = true;
            lane->others = 0;
        } else if (lane->is_waiting) {
            lane->others++;
        }
        if (lane->is_waiting && lane->others > bound) {
            myc_sim_fail(
                hall->sim, "a record waits for %u of others, at most %u", lane->others, bound);
        }
    }
}

static void add(struct lane *lane)
{
    struct hall *hall = lane->hall;
    enum myc_status status = myc_fair_add(&hall->fair, &current(lane)->reader, &lane->member);
    myc_sim_check(hall->sim, status == MYC_OK, "a member can be added");
    lane->is_member = true;
    current(lane)->is_told = false; // Another membership, another end.
    hall->lane_of[lane->member] = lane;
    for (uint32_t i = 0; i < LANES; i++) {
        hall->lanes[i].is_waiting = false; // One more may come before them.
    }
}

static void take_out(struct lane *lane)
{
    myc_fair_remove(&lane->hall->fair, lane->member);
    lane->is_member = false;
}

static void check_bytes(const struct lane *lane, const struct myc_record *record)
{
    const unsigned char *bytes = record->payload;
    myc_sim_check(
        lane->hall->sim,
        record->type == TYPE && record->version == (uint16_t)lane->reading,
        "a record is of the ring that the handler is told");
    for (size_t i = 0; i < record->size; i++) {
        if (bytes[i] != byte_of(lane, lane->reading, record->sequence, i)) {
            myc_sim_fail(lane->hall->sim, "a record is torn or stale at byte %zu", i);
        }
    }
}

static void on_record(uint32_t member, const struct myc_record *record, void *context)
{
    struct hall *hall = context;
    struct lane *lane = hall->lane_of[member];
    struct ring *ring = current(lane);
    uint64_t count = 1;
    if (record->type == MYC_RECORD_GAP) {
        struct myc_gap gap;
        memcpy(&gap, record->payload, sizeof gap);
        count = gap.count;
        myc_sim_check(hall->sim, lane->is_lapping, "only who is not waited for loses");
        myc_sim_count(hall->sim, "messages lost", count);
    } else {
        check_bytes(lane, record);
        myc_sim_count(hall->sim, "messages handed over", 1);
    }
    if (record->sequence != ring->accounted + count) {
        myc_sim_fail(
            hall->sim,
            "message %llu comes after %llu",
            (unsigned long long)record->sequence,
            (unsigned long long)ring->accounted);
    }
    ring->accounted = record->sequence;
    check_fairness(hall, lane);
    if (lane->is_member && myc_sim_chance(hall->sim, "fair.remove", 1, 20)) {
        take_out(lane); // The rest of its turn still comes.
        myc_sim_count(hall->sim, "members removed by their handler", 1);
    }
}

static void on_end(uint32_t member, enum myc_status status, void *context)
{
    struct hall *hall = context;
    struct ring *ring = current(hall->lane_of[member]);
    myc_sim_check(hall->sim, !ring->is_told, "an end is told once");
    myc_sim_check(
        hall->sim, status == MYC_CLOSED && ring->is_closing, "an end is told that happened");
    ring->is_told = true;
    hall->is_news = true;
}

// Goes into the ring of the incarnation that is read. Returns: false if it let nobody in yet.
static bool join(struct lane *lane)
{
    struct ring *ring = current(lane);
    struct myc_span copy = {ring->copy, sizeof ring->copy};
    if (myc_load_acquire_u32(&ring->is_ready) == 0) {
        return false;
    }
    enum myc_status status =
        lane->is_lapping
            ? myc_ring_lapping_init(
                &ring->reader,
                ring->memory,
                ring->memory_bytes,
                ring->page,
                &ring->ticket,
                MYC_RING_DROP_OLDEST,
                copy,
                NULL)
            : myc_ring_reader_init(
                &ring->reader, ring->memory, ring->memory_bytes, ring->page, &ring->ticket, NULL);
    myc_sim_check(lane->hall->sim, status == MYC_OK, "the consumer gets into the ring");
    lane->is_joined = true;
    add(lane);
    return true;
}

// All that an incarnation committed was handed over or told as lost. Goes on to the next.
static void leave(struct lane *lane, bool is_over)
{
    struct ring *ring = current(lane);
    myc_sim_check(
        lane->hall->sim,
        ring->accounted >= myc_ring_committed(&ring->writer),
        "everything that was committed is accounted for");
    if (lane->is_member) {
        take_out(lane);
    }
    lane->is_joined = false;
    if (is_over && lane->reading + 1 == lane->epochs) {
        lane->is_done = true;
    } else {
        lane->reading++;
    }
}

// Looks after one producer. Returns: whether anything changed.
static bool look_after(struct lane *lane)
{
    if (lane->is_done) {
        return false;
    }
    struct ring *ring = current(lane);
    // Asked before looking: what came before lies there by now.
    bool is_ended = myc_load_acquire_u32(&ring->is_ended) != 0;
    bool is_over = myc_load_acquire_u32(&lane->is_over) != 0; // told before the end
    if (is_ended) {
        // Outside of this play a system call tells of deaths, and orders what came before them.
        myc_fence_seq_cst();
    }
    if (!lane->is_joined) {
        bool is_changed = join(lane);
        if (!is_changed && is_ended) {
            leave(lane, is_over); // It died before it let us in.
            is_changed = true;
        }
        return is_changed;
    }
    if (!lane->is_member) {
        add(lane);
        return true;
    }
    if (is_ended && myc_ring_is_empty(&ring->reader)
        && (ring->is_told || myc_ring_reader_status(&ring->reader) == MYC_OK)) {
        leave(lane, is_over);
        return true;
    }
    if (myc_sim_chance(lane->hall->sim, "fair.take-out", 1, 30)) {
        take_out(lane); // Until the next round.
        return true;
    }
    return false;
}

static bool are_all_done(const struct hall *hall)
{
    bool are_done = true;
    for (uint32_t i = 0; i < LANES; i++) {
        are_done &= hall->lanes[i].is_done;
    }
    return are_done;
}

static void sleep_until_rung(struct hall *hall, struct myc_platform *platform, uint32_t seen)
{
    if (myc_fair_arm(&hall->fair)) {
        myc_sim_count(hall->sim, "consumer slept", 1);
        wait_bell(hall, platform, &hall->bell, seen);
    }
    myc_fair_disarm(&hall->fair);
}

static void consume(struct hall *hall, struct myc_platform *platform)
{
    const struct myc_fair_options options = {
        .budget = hall->budget, .record = on_record, .end = on_end, .context = hall};
    enum myc_status status = myc_fair_init(&hall->fair, &options);
    myc_sim_check(hall->sim, status == MYC_OK, "a fair reader can be made");
    while (!are_all_done(hall)) {
        uint32_t seen = myc_load_acquire_u32(&hall->bell);
        bool is_busy = false;
        hall->is_news = false;
        for (uint32_t i = 0; i < LANES; i++) {
            is_busy |= look_after(&hall->lanes[i]);
        }
        size_t wanted = 1 + (size_t)myc_sim_choose(hall->sim, "fair.poll", 20);
        is_busy |= myc_fair_poll(&hall->fair, wanted) > 0 || hall->is_news;
        uint64_t writers = myc_fair_writers(&hall->fair);
        for (uint32_t i = 0; i < LANES; i++) {
            struct lane *lane = &hall->lanes[i];
            // A member taken out meanwhile is asked itself.
            if ((lane->is_member && (writers >> lane->member & 1) != 0)
                || (lane->is_joined && !lane->is_member
                    && myc_ring_reader_should_wake_writer(&current(lane)->reader))) {
                ring_bell(hall, platform, &lane->bell);
            }
            is_busy |= lane->is_joined && !lane->is_member;
        }
        if (!is_busy) {
            sleep_until_rung(hall, platform, seen);
        }
    }
}

static void tell_end(struct lane *lane, struct myc_platform *platform, bool is_last)
{
    if (lane->epochs > 0) {
        lane->rings[lane->epochs - 1].is_ended.value = 1;
    }
    lane->is_over.value = is_last;
    if (platform != NULL) {
        ring_bell(lane->hall, platform, &lane->hall->bell);
    }
}

// ---- Scenario "fair" ----

static void run_lane(void *context)
{
    struct lane *lane = context;
    produce(lane, lane->hall->platform);
    myc_store_release_u32(&lane->is_over, 1);
    myc_store_release_u32(&lane->rings[0].is_ended, 1);
    ring_bell(lane->hall, lane->hall->platform, &lane->hall->bell);
}

static int together_main(struct myc_platform *platform, void *arg)
{
    struct hall *hall = arg;
    struct myc_handle threads[LANES] = {{0}};
    hall->platform = platform;
    for (uint32_t i = 0; i < LANES; i++) {
        if (myc_thread_start(platform->thread, run_lane, &hall->lanes[i], NULL, &threads[i])
            != MYC_OK) {
            return 1;
        }
    }
    consume(hall, platform);
    for (uint32_t i = 0; i < LANES; i++) {
        myc_thread_join(platform->thread, threads[i]);
    }
    return 0;
}

static bool has_consumer_ended(void *context)
{
    const struct hall *hall = context;
    return !myc_sim_is_running(hall->sim, hall->consumer);
}

static void run_together(struct myc_sim *sim)
{
    struct hall *hall = hall_create(sim, true);
    hall->consumer = myc_sim_start(sim, "host", "all", together_main, hall);
    (void)myc_sim_run_until(sim, has_consumer_ended, hall, MYC_NEVER);
    myc_sim_check(sim, myc_sim_exit_code(sim, hall->consumer) == 0, "the process ends in order");
    hall_destroy(hall);
}

// ---- Scenario "fair-kills" ----

static int producer_main(struct myc_platform *platform, void *arg)
{
    produce(arg, platform);
    return 0;
}

static int consumer_main(struct myc_platform *platform, void *arg)
{
    consume(arg, platform);
    return 0;
}

static void start_producer(struct lane *lane)
{
    static const char *const names[LANES] = {"producer0", "producer1", "producer2"};
    struct myc_sim *sim = lane->hall->sim;
    lane->process = myc_sim_start(sim, "host", names[lane->index], producer_main, lane);
    myc_sim_allow_kill(sim, lane->process, EPOCHS_MAX);
}

static bool is_news(const struct lane *lane)
{
    return lane->is_over.value == 0 && !myc_sim_is_running(lane->hall->sim, lane->process);
}

static bool has_news(void *context)
{
    struct hall *hall = context;
    bool is_any = has_consumer_ended(hall);
    for (uint32_t i = 0; i < LANES; i++) {
        is_any |= is_news(&hall->lanes[i]);
    }
    return is_any;
}

static void run_kills(struct myc_sim *sim)
{
    struct hall *hall = hall_create(sim, false);
    hall->consumer = myc_sim_start(sim, "host", "consumer", consumer_main, hall);
    for (uint32_t i = 0; i < LANES; i++) {
        start_producer(&hall->lanes[i]);
    }
    while (!has_consumer_ended(hall)) {
        if (!myc_sim_run_until(sim, has_news, hall, DEADLINE_NS)) {
            myc_sim_fail(sim, "the consumer does not come to the end");
        }
        for (uint32_t i = 0; i < LANES; i++) {
            struct lane *lane = &hall->lanes[i];
            if (!is_news(lane)) {
                continue;
            }
            bool was_killed = myc_sim_was_killed(sim, lane->process);
            bool is_last = !was_killed || lane->epochs == EPOCHS_MAX;
            myc_sim_count(sim, "producers killed", was_killed);
            tell_end(lane, NULL, is_last);
            if (!is_last) {
                start_producer(lane);
            }
        }
    }
    myc_sim_check(sim, myc_sim_exit_code(sim, hall->consumer) == 0, "the consumer ends in order");
    hall_destroy(hall);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"fair", "three producers and a fair reader, all asleep at times", run_together},
        {"fair-kills", "producers die anywhere and come back with another ring", run_kills},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
