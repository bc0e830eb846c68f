// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Readers, steward and oracles of the ring's scenarios; see ring_arena.h.
 */
#include "ring_arena.h"

#include <stdlib.h>
#include <string.h>

#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>
#include <mycelium/ring_counters.h>
#include <mycelium/ring_inline.h>

// ---- Waiting, in both scenarios ----

void ring_bell(struct arena *arena, struct myc_platform *platform, struct myc_atomic_u32 *bell)
{
    (void)myc_fetch_add_u32(bell, 1);
    if (arena->may_sleep) {
        (void)myc_wait_wake(platform->wait, bell, UINT32_MAX, MYC_WAIT_PROCESS);
    }
}

// Waits until the word is something else; a moment only where nobody sleeps.
void wait_change(
    struct arena *arena, struct myc_platform *platform, struct myc_atomic_u32 *word, uint32_t seen)
{
    if (arena->may_sleep) {
        (void)myc_wait_wait(platform->wait, word, seen, MYC_NEVER, MYC_WAIT_PROCESS);
    } else {
        myc_thread_relax(platform->thread, 0);
    }
}

static void set_request(struct seat *seat, struct myc_platform *platform, enum seat_request request)
{
    myc_store_release_u32(&seat->request, (uint32_t)request);
    if (seat->arena->may_sleep) {
        (void)myc_wait_wake(platform->wait, &seat->request, UINT32_MAX, MYC_WAIT_PROCESS);
    }
}

// Waits for the steward's answer. Returns: false if there is no steward any more.
static bool
await_request(struct seat *seat, struct myc_platform *platform, enum seat_request wanted)
{
    for (;;) {
        // Pairs with the release in set_request().
        uint32_t now = myc_load_acquire_u32(&seat->request);
        if (now == (uint32_t)wanted) {
            return true;
        }
        if (myc_load_acquire_u32(&seat->arena->is_writer_dead) != 0) {
            return false;
        }
        wait_change(seat->arena, platform, &seat->request, now);
    }
}

// ---- Messages ----

size_t message_size(struct arena *arena)
{
    uint64_t sizes = arena->size_max + 1;
    return (size_t)((RING_SIZE_BORING + myc_sim_choose(arena->sim, "size", sizes)) % sizes);
}

unsigned char message_byte(uint64_t sequence, size_t i)
{
    return (unsigned char)(sequence * 31 + i * 7 + 1);
}

void message_write(unsigned char *payload, size_t size, uint64_t sequence)
{
    for (size_t start = 0; start < size; start += RING_PIECE_BYTES) {
        size_t end = start + RING_PIECE_BYTES < size ? start + RING_PIECE_BYTES : size;
        for (size_t i = start; i < end; i++) {
            payload[i] = message_byte(sequence, i);
        }
        myc_shared_write(payload + start, end - start);
    }
}

// ---- Counts ----

void count_record(struct counted *counted, size_t size, uint64_t gap)
{
    counted->messages += gap == 0 ? 1 : 0;
    counted->gapped += gap;
    counted->bytes += myc_record_bytes(size);
}

void check_writer_counts(struct arena *arena)
{
    struct myc_ring_writer_counters own;
    struct myc_ring_writer_counters seen;
    const struct counted *counted = &arena->counted;
    myc_ring_writer_counters(&arena->writer, &own);
    enum myc_status status =
        myc_ring_memory_counters(arena->memory, arena->memory_bytes, &seen, NULL);
    myc_sim_check(
        arena->sim,
        own.messages == counted->messages && own.gapped == counted->gapped
            && own.bytes == counted->bytes && own.full == arena->refused,
        "the writer's counts are those of what it wrote");
    myc_sim_check(
        arena->sim,
        status == MYC_OK && memcmp(&own, &seen, sizeof own) == 0,
        "the ring's memory tells what its writer counted");
}

// Of a reader at rest.
static void check_reader_counts(struct seat *seat)
{
    struct myc_ring_reader_counters seen;
    myc_ring_page_counters(seat->pages + (seat->join_count - 1) * MYC_RING_PAGE_BYTES, &seen);
    myc_sim_check(
        seat->arena->sim,
        seen.messages == seat->counted.messages && seen.gapped == seat->counted.gapped
            && seen.bytes == seat->counted.bytes && seen.lost == 0,
        "a page counts what its reader was handed");
    myc_sim_check(
        seat->arena->sim,
        seen.lag_max <= RING_CAPACITY && (seen.lag_max != 0 || seen.bytes == 0),
        "a page tells of a lag that can be");
}

// As a monitor does, who only maps the ring: the answer may be of any moment, but it is an answer.
static void monitor(struct arena *arena, struct myc_ring_writer_counters *last)
{
    struct myc_ring_writer_counters now;
    if (myc_ring_memory_counters(arena->memory, arena->memory_bytes, &now, NULL) == MYC_OK) {
        myc_sim_check(
            arena->sim,
            now.messages <= arena->committing && now.full >= last->full
                && now.gapped >= last->gapped,
            "a monitor sees counts that grow, of nothing that is still to come");
        *last = now;
    }
}

static void
check_payload(struct seat *seat, const unsigned char *payload, size_t size, uint64_t sequence)
{
    for (size_t start = 0; start < size; start += RING_PIECE_BYTES) {
        size_t end = start + RING_PIECE_BYTES < size ? start + RING_PIECE_BYTES : size;
        myc_shared_read(payload + start, end - start);
        for (size_t i = start; i < end; i++) {
            if (payload[i] != message_byte(sequence, i)) {
                myc_sim_fail(
                    seat->arena->sim,
                    "message %llu is torn or stale at byte %zu",
                    (unsigned long long)sequence,
                    i);
            }
        }
    }
}

static void on_record(const struct myc_record *record, void *context)
{
    struct seat *seat = context;
    struct arena *arena = seat->arena;
    uint64_t count = 1;
    if (record->type == MYC_RECORD_GAP) {
        memcpy(&count, record->payload, sizeof count);
    } else {
        myc_sim_check(
            arena->sim, record->type == RING_MESSAGE_TYPE, "a record has the writer's type");
    }
    if (record->sequence != seat->handled + count) {
        myc_sim_fail(
            arena->sim,
            "a reader got message %llu after %llu",
            (unsigned long long)record->sequence,
            (unsigned long long)seat->handled);
    }
    myc_sim_check(
        arena->sim, record->sequence <= arena->committing, "no message is seen before its commit");
    if (record->type == RING_MESSAGE_TYPE) {
        check_payload(seat, record->payload, record->size, record->sequence);
    }
    count_record(&seat->counted, record->size, record->type == MYC_RECORD_GAP ? count : 0);
    seat->handled = record->sequence;
}

// ---- The writer's side ----

void ring_sleepers(struct arena *arena, struct myc_platform *platform)
{
    uint64_t sleepers = myc_ring_sleepers(&arena->writer);
    for (uint32_t slot = 0; slot < MYC_RING_READERS_MAX; slot++) {
        if ((sleepers >> slot & 1) != 0) {
            struct seat *seat = &arena->seats[arena->seat_of_slot[slot]];
            ring_bell(arena, platform, &seat->bell);
            myc_sim_count(arena->sim, "readers rung", 1);
        }
    }
}

// ---- The steward: joins and leaves for the writer's process ----

static void let_in(struct arena *arena, struct seat *seat, struct myc_platform *platform)
{
    myc_sim_check(arena->sim, seat->join_count < RING_JOINS_MAX, "a page is left for each join");
    void *page = seat->pages + seat->join_count * MYC_RING_PAGE_BYTES;
    enum myc_status status = MYC_NOT_FOUND;
    if (seat->is_at_sequence) {
        status = myc_ring_join_at(&arena->writer, page, seat->wanted, &seat->ticket);
        myc_sim_count(arena->sim, status == MYC_OK ? "joins at a sequence" : "joins too late", 1);
        myc_sim_check(
            arena->sim,
            status != MYC_OK
                || (seat->ticket.sequence <= seat->wanted
                    && seat->wanted - seat->ticket.sequence < arena->gap_max),
            "a reader goes on at its sequence, or in front of the gap around it");
    }
    if (status == MYC_NOT_FOUND) {
        seat->is_at_sequence = false;
        status = myc_ring_join(&arena->writer, page, seat->start, &seat->ticket);
    }
    if (status != MYC_OK) {
        myc_sim_fail(arena->sim, "a join failed: %s", myc_status_name(status));
    }
    if (seat->start == MYC_RING_LIVE && !seat->is_at_sequence) {
        myc_sim_check(
            arena->sim,
            seat->ticket.sequence >= seat->committed_before,
            "a live joiner starts at or after what was committed when it asked");
    }
    seat->join_count++;
    seat->is_held = true;
    arena->seat_of_slot[seat->ticket.slot] = (uint32_t)(seat - arena->seats);
    myc_sim_count(arena->sim, "joins", 1);
    set_request(seat, platform, SEAT_GRANTED);
}

static void let_out(struct arena *arena, struct seat *seat, struct myc_platform *platform)
{
    struct myc_ring_reader_state state;
    if (seat->is_held) {
        enum myc_status status = myc_ring_reader_state(&arena->writer, seat->ticket.slot, &state);
        myc_sim_check(
            arena->sim, status == MYC_OK && state.is_active, "an honest reader is not poisoned");
        myc_sim_check(
            arena->sim,
            state.sequence <= seat->handled || seat->handled < seat->ticket.sequence,
            "a page claims nothing that its reader has not handled");
        myc_ring_leave(&arena->writer, seat->ticket.slot);
        seat->is_held = false;
        ring_bell(arena, platform, &arena->writer_bell);
    }
    set_request(seat, platform, SEAT_IDLE);
}

static void serve_seat(struct arena *arena, struct seat *seat, struct myc_platform *platform)
{
    uint32_t request = myc_load_acquire_u32(&seat->request);
    if (myc_load_acquire_u32(&seat->is_dead) != 0) {
        let_out(arena, seat, platform);
        // Released after the slot was taken back; the director then starts the reader again.
        myc_store_release_u32(&seat->is_dead, 0);
        myc_sim_count(arena->sim, "dead readers taken out", 1);
    } else if (request == SEAT_JOIN) {
        let_in(arena, seat, platform);
    } else if (request == SEAT_LEAVE) {
        let_out(arena, seat, platform);
    }
}

static bool are_all_done(const struct arena *arena)
{
    for (uint32_t i = 0; i < arena->seat_count; i++) {
        if (myc_load_acquire_u32(&arena->seats[i].is_done) == 0) {
            return false;
        }
    }
    return true;
}

void steward_run(void *context)
{
    struct arena *arena = context;
    struct myc_ring_writer_counters counters = {0};
    while (!are_all_done(arena)) {
        uint32_t seen = myc_load_acquire_u32(&arena->steward_bell);
        monitor(arena, &counters);
        for (uint32_t i = 0; i < arena->seat_count; i++) {
            serve_seat(arena, &arena->seats[i], arena->platform);
        }
        if (!are_all_done(arena)) {
            wait_change(arena, arena->platform, &arena->steward_bell, seen);
        }
    }
}

// ---- Readers ----

static void ask(struct seat *seat, struct myc_platform *platform, enum seat_request request)
{
    set_request(seat, platform, request);
    ring_bell(seat->arena, platform, &seat->arena->steward_bell);
}

static size_t take_some(struct seat *seat, uint64_t records_max)
{
    struct myc_record record;
    size_t count = 0;
    while (count < records_max && myc_ring_take(&seat->reader, &record)) {
        on_record(&record, seat);
        count++;
    }
    myc_ring_release(&seat->reader);
    return count;
}

// One look at the ring, in one of the ways there are. Returns: how many records.
static size_t read_some(struct seat *seat)
{
    struct myc_sim *sim = seat->arena->sim;
    uint64_t way = myc_sim_choose(sim, "way", 4);
    if (way == 2) {
        return take_some(seat, 1 + myc_sim_choose(sim, "take", 4));
    }
    if (way != 3) {
        return myc_ring_poll(&seat->reader, on_record, seat, 1 + myc_sim_choose(sim, "batch", 8));
    }
    struct myc_const_span span = myc_ring_peek(&seat->reader, 1 + myc_sim_choose(sim, "run", 2000));
    size_t count = 0;
    for (size_t at = 0; at < span.size; count++) {
        uint64_t word;
        memcpy(&word, (const unsigned char *)span.data + at, sizeof word);
        struct myc_record_header header = myc_record_header(word);
        struct myc_record record;
        record.type = header.type;
        record.version = header.version;
        record.size = header.length;
        record.payload = (const unsigned char *)span.data + at + MYC_RECORD_HEADER_BYTES;
        uint64_t messages = 1;
        if (header.type == MYC_RECORD_GAP) {
            memcpy(&messages, record.payload, sizeof messages);
        }
        record.sequence = seat->handled + messages;
        record.position = 0;
        on_record(&record, seat);
        at += (size_t)myc_record_bytes(header.length);
    }
    myc_ring_consume(&seat->reader, span.size);
    return count;
}

// Sleeps until the writer rings, by the protocol of myc_ring_reader_arm().
static void sleep_until_rung(struct seat *seat, struct myc_platform *platform)
{
    uint32_t seen = myc_load_acquire_u32(&seat->bell);
    myc_ring_reader_arm(&seat->reader);
    myc_fence_seq_cst();
    if (myc_ring_is_empty(&seat->reader) && myc_ring_reader_status(&seat->reader) == MYC_OK) {
        myc_sim_count(seat->arena->sim, "readers slept", 1);
        wait_change(seat->arena, platform, &seat->bell, seen);
    }
    myc_ring_reader_disarm(&seat->reader);
}

// Reads up to `quota` records. Returns: whether the ring has come to its end.
static bool read_quota(struct seat *seat, struct myc_platform *platform, uint64_t quota)
{
    struct arena *arena = seat->arena;
    uint64_t done = 0;
    for (;;) {
        // Asked before looking: what a dead writer committed lies there by now.
        bool is_writer_dead = myc_load_acquire_u32(&arena->is_writer_dead) != 0;
        size_t count = read_some(seat);
        done += count;
        if (myc_ring_reader_should_wake_writer(&seat->reader)) {
            ring_bell(arena, platform, &arena->writer_bell);
        }
        enum myc_status status = myc_ring_reader_status(&seat->reader);
        if (status == MYC_CLOSED) {
            return true;
        }
        if (status != MYC_OK) {
            myc_sim_fail(arena->sim, "a reader broke: %s", myc_status_name(status));
        }
        if (count == 0 && is_writer_dead && myc_ring_is_empty(&seat->reader)) {
            return true;
        }
        if (done >= quota && !is_writer_dead) {
            return false;
        }
        if (count == 0) {
            sleep_until_rung(seat, platform);
        }
    }
}

static void attach_seat(struct seat *seat, void *page)
{
    struct arena *arena = seat->arena;
    struct myc_diagnostic why;
    enum myc_status status = myc_ring_reader_init(
        &seat->reader, arena->memory, arena->memory_bytes, page, &seat->ticket, &why);
    if (status != MYC_OK) {
        myc_sim_fail(arena->sim, "attaching failed: %s", why.text);
    }
    seat->handled = seat->ticket.sequence;
    memset(&seat->counted, 0, sizeof seat->counted);
}

// A writer that died inside a commit has published all of it or nothing.
static void check_end(struct seat *seat, uint64_t committed)
{
    struct arena *arena = seat->arena;
    bool is_writer_dead = myc_load_acquire_u32(&arena->is_writer_dead) != 0;
    myc_sim_check(
        arena->sim,
        !is_writer_dead || arena->is_in_parts || seat->handled == committed
            || seat->handled == arena->committing,
        "of a batch there is all or nothing");
}

void seat_read(struct seat *seat, struct myc_platform *platform)
{
    struct arena *arena = seat->arena;
    bool is_over = false;
    while (!is_over) {
        bool is_last =
            seat->join_count + 8 >= RING_JOINS_MAX || myc_sim_chance(arena->sim, "stay", 1, 4);
        seat->start =
            myc_sim_chance(arena->sim, "earliest", 1, 2) ? MYC_RING_EARLIEST : MYC_RING_LIVE;
        seat->is_at_sequence = seat->join_count > 0 && myc_sim_chance(arena->sim, "at", 1, 3);
        uint64_t back = myc_sim_choose(arena->sim, "back", GAP_MESSAGES);
        seat->wanted = seat->handled - (back < seat->handled ? back : 0);
        // Pairs with the release after each commit: without it no order says that the steward, too,
        // sees that commit.
        seat->committed_before = myc_load_acquire_u64(&arena->committed);
        if (!await_request(seat, platform, SEAT_IDLE)) {
            return;
        }
        ask(seat, platform, SEAT_JOIN);
        if (!await_request(seat, platform, SEAT_GRANTED)) {
            return;
        }
        attach_seat(seat, seat->pages + (seat->join_count - 1) * MYC_RING_PAGE_BYTES);
        uint64_t quota = is_last ? UINT64_MAX : myc_sim_choose(arena->sim, "quota", 40);
        is_over = read_quota(seat, platform, quota);
        check_reader_counts(seat);
        if (!is_over) {
            ask(seat, platform, SEAT_LEAVE);
            (void)await_request(seat, platform, SEAT_IDLE);
        }
    }
    uint64_t committed = myc_load_acquire_u64(&arena->committed);
    myc_sim_check(
        arena->sim, seat->handled >= committed, "whoever reads to the end has everything");
    check_end(seat, committed);
    myc_store_release_u32(&seat->is_done, 1);
    myc_sim_count(arena->sim, "read to the end", 1);
}

static void run_seat(void *context)
{
    struct seat *seat = context;
    struct arena *arena = seat->arena;
    seat_read(seat, arena->platform);
    ring_bell(arena, arena->platform, &arena->steward_bell);
}

// ---- The arena: memory that outlives every process ----

struct arena *arena_create(struct myc_sim *sim, bool may_sleep)
{
    struct arena *arena = aligned_alloc(64, (sizeof *arena + 63) / 64 * 64);
    struct myc_ring_options options;
    if (arena == NULL) {
        abort();
    }
    memset(arena, 0, sizeof *arena);
    memset(&options, 0, sizeof options);
    options.capacity_bytes = RING_CAPACITY;
    options.readers_max = RING_SEATS_MAX + 1;
    static const uint64_t firsts[] = {0, UINT64_C(1) << 32, UINT64_C(1) << 63};
    uint64_t first = firsts[myc_sim_choose(sim, "first position", 3)];
    // A little in front of it.
    options.first_position = first == 0 ? 0 : first - 8 * myc_sim_choose(sim, "in front", 4096);
    options.readers_may_sleep = may_sleep;
    options.writer_may_sleep = may_sleep;
    arena->sim = sim;
    arena->may_sleep = may_sleep;
    arena->memory_bytes = myc_ring_memory_size(&options);
    arena->memory = aligned_alloc(4096, arena->memory_bytes);
    arena->message_count = 20 + myc_sim_choose(sim, "messages", 100);
    arena->size_max = RING_SIZE_MAX - myc_sim_choose(sim, "smaller", RING_SIZE_MAX - 16 + 1);
    arena->seat_count = 1 + (uint32_t)myc_sim_choose(sim, "more readers", RING_SEATS_MAX);
    arena->gap_max = GAP_MESSAGES;
    arena->has_batches = myc_sim_chance(sim, "batches", 1, 3);
    if (arena->memory == NULL) {
        abort();
    }
    memset(arena->memory, 0, arena->memory_bytes);
    for (uint32_t i = 0; i < arena->seat_count; i++) {
        size_t bytes = (size_t)RING_JOINS_MAX * MYC_RING_PAGE_BYTES;
        arena->seats[i].arena = arena;
        arena->seats[i].pages = aligned_alloc(64, bytes);
        if (arena->seats[i].pages == NULL) {
            abort();
        }
        memset(arena->seats[i].pages, 0, bytes);
    }
    if (myc_ring_writer_init(&arena->writer, arena->memory, arena->memory_bytes, &options, NULL)
        != MYC_OK) {
        abort();
    }
    return arena;
}

void arena_destroy(struct arena *arena)
{
    for (uint32_t i = 0; i < arena->seat_count; i++) {
        free(arena->seats[i].pages);
    }
    free(arena->memory);
    free(arena);
}

// ---- A run in one process ----

static int threads_main(struct myc_platform *platform, void *arg)
{
    struct arena *arena = arg;
    struct myc_handle steward = {0};
    arena->platform = platform;
    bool is_started =
        myc_thread_start(platform->thread, steward_run, arena, NULL, &steward) == MYC_OK;
    for (uint32_t i = 0; i < arena->seat_count && is_started; i++) {
        struct seat *seat = &arena->seats[i];
        is_started =
            myc_thread_start(platform->thread, run_seat, seat, NULL, &seat->thread) == MYC_OK;
    }
    if (!is_started) {
        return 1;
    }
    arena->run_writer(arena, platform);
    for (uint32_t i = 0; i < arena->seat_count; i++) {
        myc_thread_join(platform->thread, arena->seats[i].thread);
    }
    myc_thread_join(platform->thread, steward);
    return 0;
}

static bool has_writer_ended(void *context)
{
    const struct arena *arena = context;
    return !myc_sim_is_running(arena->sim, arena->writer_process);
}

void arena_run_threads(struct myc_sim *sim, arena_writer_fn *run_writer)
{
    struct arena *arena = arena_create(sim, true);
    arena->run_writer = run_writer;
    arena->writer_process = myc_sim_start(sim, "a", "ring", threads_main, arena);
    (void)myc_sim_run_until(sim, has_writer_ended, arena, MYC_NEVER);
    myc_sim_check(
        sim, myc_sim_exit_code(sim, arena->writer_process) == 0, "the process ends in order");
    arena_destroy(arena);
}
