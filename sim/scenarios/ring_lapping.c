// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Readers that the writer never waits for. They copy what it may be overwriting and believe a copy
 * only after a look at what it announced; the harness reports a copy that was believed although
 * somebody was writing there, whatever the bytes were.
 *
 * Oracles: every record handed over holds its message's bytes; after joining, what is delivered and
 * what is told as lost follow each other without a hole; whoever reads to the end has been told of
 * every message, one way or the other; a gating reader beside them misses nothing.
 */
#include "ring_lapping.h"

#include <stdlib.h>
#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>
#include <mycelium/ring.h>
#include <mycelium/ring_counters.h>
#include <mycelium/ring_inline.h>

#include "ring_arena.h"
#include "ring_batch.h"

enum {
    CAPACITY = MYC_RING_LAPPED_CAPACITY_MIN,
    COPY_BYTES = CAPACITY / 4,
    SIZE_MAX_BYTES = CAPACITY / 4 - 8,
    SEATS_MAX = 3,
    EVEN_BYTES = 1024 - 8,
    JOINS_MAX = 100, // of one seat
    MESSAGES_KERNEL = 7
};

struct field;

// One reader's place.
struct lap_seat {
    struct field *field;
    struct myc_ring_reader reader;
    struct myc_ring_ticket ticket;
    struct myc_atomic_u32 bell;
    bool is_gating;
    bool is_in; // changed under the lock; the writer may throw a lapping reader out
    uint32_t join_count;
    uint64_t handled;   // sequence of the last message delivered or told as lost
    uint64_t delivered; // since it joined
    uint64_t lost;      // since it joined
    struct myc_handle thread;
    unsigned char *pages; // a fresh one for each join
    unsigned char *copy;
};

// The ring and everything around it.
struct field {
    struct myc_sim *sim;
    struct myc_platform *platform;
    struct myc_ring_writer writer;
    void *memory;
    size_t memory_bytes;
    uint64_t message_count;
    bool is_kernel;
    bool has_batches;
    bool is_in_parts;
    uint64_t committing;
    uint64_t refused;
    struct counted counted;
    bool is_even;                    // all messages of one size, so that laps meet record by record
    struct myc_atomic_u64 committed; // released after each commit
    struct myc_atomic_u32 writer_bell;
    struct myc_atomic_u32 lock; // joins and leaves come one at a time
    struct myc_atomic_u32 seat_of_slot[MYC_RING_READERS_MAX];
    uint32_t seat_count;
    struct lap_seat seats[SEATS_MAX];
    struct myc_sim_process process;
};

// Bytes that follow from the message, and that a reader who lost his place may take for headers: of
// nothing, of small records.
static unsigned char payload_byte(uint64_t sequence, size_t i)
{
    uint64_t fake = myc_record_word(RING_MESSAGE_TYPE, 1, (uint32_t)(sequence % 5) * 8);
    if (sequence % 3 == 1) {
        return 0;
    }
    if (sequence % 3 == 2) {
        return ((const unsigned char *)&fake)[i % 8];
    }
    return message_byte(sequence, i);
}

static void ring_word(struct field *field, struct myc_atomic_u32 *bell)
{
    (void)myc_fetch_add_u32(bell, 1);
    (void)myc_wait_wake(field->platform->wait, bell, UINT32_MAX, MYC_WAIT_PROCESS);
}

static void sleep_on(struct field *field, struct myc_atomic_u32 *bell, uint32_t seen)
{
    (void)myc_wait_wait(field->platform->wait, bell, seen, MYC_NEVER, MYC_WAIT_PROCESS);
}

// ---- One at a time ----

static void lock(struct field *field)
{
    while (myc_exchange_u32(&field->lock, 1) != 0) {
        uint32_t seen = myc_load_acquire_u32(&field->lock);
        if (seen != 0) {
            sleep_on(field, &field->lock, seen);
        }
    }
}

static void unlock(struct field *field)
{
    myc_store_release_u32(&field->lock, 0);
    (void)myc_wait_wake(field->platform->wait, &field->lock, UINT32_MAX, MYC_WAIT_PROCESS);
}

// ---- The writer ----

static unsigned char *claim(struct field *field, size_t size, bool is_fast)
{
    for (;;) {
        unsigned char *payload = is_fast ? myc_ring_claim_fast(&field->writer, size)
                                         : myc_ring_claim(&field->writer, size);
        if (payload != NULL) {
            return payload;
        }
        uint32_t seen = myc_load_acquire_u32(&field->writer_bell);
        if (myc_ring_writer_arm(&field->writer, size)) {
            myc_sim_count(field->sim, "writer blocked", 1);
            sleep_on(field, &field->writer_bell, seen);
        }
        myc_ring_writer_disarm(&field->writer);
    }
}

static void wake_readers(struct field *field)
{
    uint64_t sleepers = myc_ring_sleepers(&field->writer);
    for (uint32_t slot = 0; slot < MYC_RING_READERS_MAX; slot++) {
        if ((sleepers >> slot & 1) != 0) {
            // The newest: an older one would name who had the slot before.
            uint32_t seat = myc_fetch_add_u32(&field->seat_of_slot[slot], 0);
            ring_word(field, &field->seats[seat].bell);
        }
    }
}

// Boring runs write large messages, which make a lap of four.
static size_t draw_size(struct field *field)
{
    if (field->is_kernel) {
        return SIZE_MAX_BYTES - 8;
    }
    if (field->is_even) {
        return EVEN_BYTES;
    }
    return (size_t)((3000 + myc_sim_choose(field->sim, "size", SIZE_MAX_BYTES)) % SIZE_MAX_BYTES);
}

// In two pieces in the smallest runs, whose schedules are all explored.
static void write_payload(struct field *field, unsigned char *payload, size_t size, uint64_t what)
{
    size_t piece = field->is_kernel ? size / 2 + 1 : RING_PIECE_BYTES;
    for (size_t start = 0; start < size; start += piece) {
        size_t end = start + piece < size ? start + piece : size;
        for (size_t i = start; i < end; i++) {
            payload[i] = payload_byte(what, i);
        }
        myc_shared_write(payload + start, end - start);
    }
}

// Throws out a lapping reader, who may be reading just now.
static void throw_out(struct field *field)
{
    struct lap_seat *seat = &field->seats[myc_sim_choose(field->sim, "whom", field->seat_count)];
    lock(field);
    if (seat->is_in && !seat->is_gating) {
        myc_ring_leave(&field->writer, seat->ticket.slot);
        seat->is_in = false;
        myc_sim_count(field->sim, "thrown out", 1);
        ring_word(field, &seat->bell);
    }
    unlock(field);
}

static void write_one(struct field *field)
{
    size_t size = draw_size(field);
    bool is_fast = !field->is_kernel && myc_sim_choose(field->sim, "fast", 2) != 0;
    unsigned char *payload = claim(field, size, is_fast);
    if (!field->is_kernel && myc_sim_chance(field->sim, "abort", 1, 8)) {
        write_payload(field, payload, size, UINT64_MAX);
        myc_ring_abort(&field->writer);
        return;
    }
    uint64_t sequence = myc_ring_committed(&field->writer) + 1;
    write_payload(field, payload, size, sequence);
    (is_fast ? myc_ring_commit_fast : myc_ring_commit)(&field->writer, RING_MESSAGE_TYPE, 1, size);
    myc_store_release_u64(&field->committed, sequence);
    myc_sim_count(field->sim, "messages", 1);
    wake_readers(field);
}

static void write_part(void *context, unsigned char *payload, size_t size, uint64_t sequence)
{
    write_payload(context, payload, size, sequence);
}

static void write_batch(struct field *field)
{
    const struct ring_batch batch = {
        .sim = field->sim,
        .writer = &field->writer,
        .write = write_part,
        .byte = payload_byte,
        .context = field,
        .size_max = SIZE_MAX_BYTES,
        .committing = &field->committing,
        .is_in_parts = &field->is_in_parts,
        .counted = &field->counted,
        .refused = &field->refused,
    };
    uint64_t messages = ring_batch_write(&batch);
    if (messages != 0) {
        myc_store_release_u64(&field->committed, myc_ring_committed(&field->writer));
        myc_sim_count(field->sim, "messages", messages);
        wake_readers(field);
    }
}

static void write_all(struct field *field)
{
    for (uint64_t i = 0; i < field->message_count; i++) {
        if (field->has_batches && myc_sim_chance(field->sim, "batch", 1, 2)) {
            write_batch(field);
        } else {
            write_one(field);
        }
        if (!field->is_kernel && myc_sim_chance(field->sim, "throw out", 1, 16)) {
            throw_out(field);
        }
    }
    myc_sim_check(field->sim, myc_ring_is_valid(&field->writer), "the writer is sound at its end");
    myc_ring_writer_close(&field->writer);
    wake_readers(field);
}

// ---- Readers ----

static void check_payload(struct lap_seat *seat, const struct myc_record *record)
{
    const unsigned char *payload = record->payload;
    if (seat->is_gating) {
        myc_shared_read(payload, record->size);
    }
    for (size_t i = 0; i < record->size; i++) {
        if (payload[i] != payload_byte(record->sequence, i)) {
            myc_sim_fail(
                seat->field->sim,
                "message %llu is torn or stale at byte %zu",
                (unsigned long long)record->sequence,
                i);
        }
    }
}

static void on_record(const struct myc_record *record, void *context)
{
    struct lap_seat *seat = context;
    struct myc_sim *sim = seat->field->sim;
    uint64_t count = 1;
    if (record->type == MYC_RECORD_GAP) {
        struct myc_gap gap;
        memcpy(&gap, record->payload, sizeof gap);
        count = gap.count;
        seat->lost += count;
        myc_sim_check(sim, !seat->is_gating, "a gating reader loses nothing");
        myc_sim_check(sim, gap.cause == MYC_LOSS_LAPPED, "a loss has its cause");
        myc_sim_count(sim, "lost", count);
    } else {
        seat->delivered++;
        check_payload(seat, record);
    }
    if (record->sequence != seat->handled + count) {
        myc_sim_fail(
            sim,
            "a reader got %llu, counting %llu, after %llu",
            (unsigned long long)record->sequence,
            (unsigned long long)count,
            (unsigned long long)seat->handled);
    }
    seat->handled = record->sequence;
}

static size_t peek_some(struct lap_seat *seat)
{
    struct myc_const_span span =
        myc_ring_peek(&seat->reader, 1 + myc_sim_choose(seat->field->sim, "run", 6000));
    size_t count = 0;
    size_t consumed = 0;
    uint64_t records = 1 + myc_sim_choose(seat->field->sim, "consume", 4);
    for (size_t at = 0; at < span.size && count < records; count++) {
        uint64_t word;
        const unsigned char *bytes = (const unsigned char *)span.data + at;
        memcpy(&word, bytes, sizeof word);
        struct myc_record_header header = myc_record_header(word);
        struct myc_record record = {.type = header.type, .size = header.length};
        uint64_t messages = 1;
        record.payload = bytes + MYC_RECORD_HEADER_BYTES;
        if (header.type == MYC_RECORD_GAP) {
            memcpy(&messages, record.payload, sizeof messages);
        }
        record.sequence = seat->handled + messages;
        on_record(&record, seat);
        at += (size_t)myc_record_bytes(header.length);
        consumed = at;
    }
    myc_ring_consume(&seat->reader, consumed);
    return count;
}

static size_t take_some(struct lap_seat *seat, uint64_t records_max)
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

static size_t read_some(struct lap_seat *seat)
{
    struct myc_sim *sim = seat->field->sim;
    uint64_t way = seat->field->is_kernel ? 0 : myc_sim_choose(sim, "way", 4);
    if (way == 3 && !seat->is_gating) {
        return peek_some(seat);
    }
    if (way == 2) {
        return take_some(seat, 1 + myc_sim_choose(sim, "take", 4));
    }
    size_t records = seat->field->is_kernel ? 1 : 1 + (size_t)myc_sim_choose(sim, "batch", 4);
    return myc_ring_poll(&seat->reader, on_record, seat, records);
}

static void sleep_until_rung(struct lap_seat *seat)
{
    uint32_t seen = myc_load_acquire_u32(&seat->bell);
    myc_ring_reader_arm(&seat->reader);
    myc_fence_seq_cst();
    if (myc_ring_is_empty(&seat->reader) && myc_ring_reader_status(&seat->reader) == MYC_OK) {
        myc_sim_count(seat->field->sim, "readers slept", 1);
        sleep_on(seat->field, &seat->bell, seen);
    }
    myc_ring_reader_disarm(&seat->reader);
}

// Reads until `quota` records are done. Returns: whether the ring has come to its end.
static bool read_quota(struct lap_seat *seat, uint64_t quota)
{
    struct field *field = seat->field;
    uint64_t done = 0;
    while (done < quota) {
        size_t count = read_some(seat);
        done += count;
        if (myc_ring_reader_should_wake_writer(&seat->reader)) {
            ring_word(field, &field->writer_bell);
        }
        enum myc_status status = myc_ring_reader_status(&seat->reader);
        if (status == MYC_CLOSED) {
            return true;
        }
        if (status == MYC_FENCED && !seat->is_gating) {
            return false;
        }
        if (status != MYC_OK) {
            myc_sim_fail(field->sim, "a reader broke: %s", myc_status_name(status));
        }
        if (count == 0) {
            sleep_until_rung(seat);
        }
    }
    return false;
}

static void join(struct lap_seat *seat, enum myc_ring_start start)
{
    struct field *field = seat->field;
    void *page = seat->pages + (size_t)seat->join_count * MYC_RING_PAGE_BYTES;
    uint64_t committed_before = myc_load_acquire_u64(&field->committed);
    myc_sim_check(field->sim, seat->join_count < JOINS_MAX, "a page is left for each join");
    lock(field);
    enum myc_status status =
        seat->is_gating ? myc_ring_join(&field->writer, page, start, &seat->ticket)
                        : myc_ring_join_lapping(&field->writer, page, start, &seat->ticket);
    if (status != MYC_OK) {
        myc_sim_fail(field->sim, "a join failed: %s", myc_status_name(status));
    }
    uint32_t index = (uint32_t)(seat - field->seats);
    myc_store_release_u32(&field->seat_of_slot[seat->ticket.slot], index);
    seat->is_in = true;
    unlock(field);
    myc_sim_check(
        field->sim,
        start != MYC_RING_LIVE || seat->ticket.sequence >= committed_before,
        "a live joiner starts at or after what was committed when it asked");
    seat->join_count++;
    seat->handled = seat->ticket.sequence;
    seat->delivered = 0;
    seat->lost = 0;
}

// Returns: false if it was thrown out before.
static bool attach(struct lap_seat *seat)
{
    struct field *field = seat->field;
    void *page = seat->pages + (size_t)(seat->join_count - 1) * MYC_RING_PAGE_BYTES;
    struct myc_span copy = {seat->copy, COPY_BYTES};
    bool is_latest = myc_sim_chance(field->sim, "latest", 1, 2);
    struct myc_diagnostic why;
    enum myc_status status;
    if (seat->is_gating) {
        status = myc_ring_reader_init(
            &seat->reader, field->memory, field->memory_bytes, page, &seat->ticket, &why);
    } else {
        status = myc_ring_lapping_init(
            &seat->reader,
            field->memory,
            field->memory_bytes,
            page,
            &seat->ticket,
            is_latest ? MYC_RING_LATEST : MYC_RING_DROP_OLDEST,
            copy,
            &why);
    }
    if (status != MYC_OK && (status != MYC_FENCED || seat->is_gating)) {
        myc_sim_fail(field->sim, "attaching failed: %s", why.text);
    }
    return status == MYC_OK;
}

static void leave(struct lap_seat *seat)
{
    lock(seat->field);
    if (seat->is_in) {
        myc_ring_leave(&seat->field->writer, seat->ticket.slot);
        seat->is_in = false;
    }
    unlock(seat->field);
    ring_word(seat->field, &seat->field->writer_bell);
}

static void check_account(struct lap_seat *seat)
{
    struct myc_sim *sim = seat->field->sim;
    struct myc_ring_reader_counters seen;
    myc_ring_page_counters(
        seat->pages + (size_t)(seat->join_count - 1) * MYC_RING_PAGE_BYTES, &seen);
    uint64_t passed = seat->handled - seat->ticket.sequence;
    myc_sim_check(
        sim,
        myc_ring_reader_sequence(&seat->reader) == seat->handled
            && myc_ring_reader_lost(&seat->reader) == seat->lost,
        "the reader's own account agrees");
    myc_sim_check(
        sim, passed == seat->delivered + seat->lost, "delivered and lost add up to committed");
    myc_sim_check(
        sim,
        seen.messages == seat->delivered && seen.lost == seat->lost && seen.gapped == 0,
        "a page counts what its reader was handed and what it lost");
}

static void read_all(void *context)
{
    struct lap_seat *seat = context;
    struct field *field = seat->field;
    bool is_over = false;
    while (!is_over) {
        bool is_last =
            field->is_kernel || seat->join_count > 4 || myc_sim_chance(field->sim, "stay", 1, 3);
        bool is_live = myc_sim_chance(field->sim, "live", 1, 2);
        join(seat, is_live ? MYC_RING_LIVE : MYC_RING_EARLIEST);
        if (attach(seat)) {
            is_over =
                read_quota(seat, is_last ? UINT64_MAX : myc_sim_choose(field->sim, "quota", 20));
            check_account(seat);
        }
        leave(seat);
    }
    myc_sim_check(
        field->sim,
        seat->handled == myc_load_acquire_u64(&field->committed),
        "whoever reads to the end was told of every message");
    myc_sim_count(field->sim, "read to the end", 1);
}

// ---- Both ----

static int field_main(struct myc_platform *platform, void *arg)
{
    struct field *field = arg;
    field->platform = platform;
    for (uint32_t i = 0; i < field->seat_count; i++) {
        struct lap_seat *seat = &field->seats[i];
        if (myc_thread_start(platform->thread, read_all, seat, NULL, &seat->thread) != MYC_OK) {
            return 1;
        }
    }
    write_all(field);
    for (uint32_t i = 0; i < field->seat_count; i++) {
        myc_thread_join(platform->thread, field->seats[i].thread);
    }
    return 0;
}

static bool has_ended(void *context)
{
    const struct field *field = context;
    return !myc_sim_is_running(field->sim, field->process);
}

static void *zeroed(size_t alignment, size_t bytes)
{
    void *memory = aligned_alloc(alignment, bytes);
    if (memory == NULL) {
        abort();
    }
    return memset(memory, 0, bytes);
}

static void run(struct field *field)
{
    struct myc_sim *sim = field->sim;
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = SEATS_MAX,
        .readers_may_sleep = true,
        .writer_may_sleep = true,
        .readers_may_be_lapped = true};
    field->memory_bytes = myc_ring_memory_size(&options);
    field->memory = zeroed(4096, field->memory_bytes);
    for (uint32_t i = 0; i < field->seat_count; i++) {
        field->seats[i].field = field;
        field->seats[i].pages = zeroed(64, (size_t)JOINS_MAX * MYC_RING_PAGE_BYTES);
        field->seats[i].copy = zeroed(64, COPY_BYTES);
    }
    enum myc_status status =
        myc_ring_writer_init(&field->writer, field->memory, field->memory_bytes, &options, NULL);
    myc_sim_check(sim, status == MYC_OK, "the ring can be laid out");
    field->process = myc_sim_start(sim, "host", "ring", field_main, field);
    (void)myc_sim_run_until(sim, has_ended, field, MYC_NEVER);
    myc_sim_check(sim, myc_sim_exit_code(sim, field->process) == 0, "the process ends in order");
    for (uint32_t i = 0; i < field->seat_count; i++) {
        free(field->seats[i].pages);
        free(field->seats[i].copy);
    }
    free(field->memory);
    free(field);
}

void ring_lapping_run(struct myc_sim *sim)
{
    struct field *field = zeroed(64, (sizeof *field + 63) / 64 * 64);
    field->sim = sim;
    field->is_even = myc_sim_chance(sim, "even", 1, 4);
    field->has_batches = !field->is_even && myc_sim_chance(sim, "batches", 1, 3);
    field->message_count = 12 + myc_sim_choose(sim, "messages", 60);
    field->seat_count = 1 + (uint32_t)myc_sim_choose(sim, "more readers", SEATS_MAX);
    field->seats[field->seat_count - 1].is_gating =
        field->seat_count > 1 && myc_sim_chance(sim, "gating", 1, 3);
    run(field);
}

void ring_lapping_kernel_run(struct myc_sim *sim)
{
    struct field *field = zeroed(64, (sizeof *field + 63) / 64 * 64);
    field->sim = sim;
    field->is_kernel = true;
    field->message_count = MESSAGES_KERNEL;
    field->seat_count = 1;
    run(field);
}
