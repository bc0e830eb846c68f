// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The scenario "kernel" of the ring; see ring_kernel.h. Both threads sleep on words, so a lost
 * wake-up is a deadlock, which the harness reports.
 */
#include "ring_kernel.h"

#include <stdlib.h>
#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>
#include <mycelium/ring.h>

enum { MESSAGES_MAX = 6, CAPACITY = 4096, SMALL_BYTES = 8, BIG_BYTES = 1000, TYPE = 7 };

// The ring and its doorbells, in memory that outlives the process.
struct kernel {
    struct myc_sim *sim;
    struct myc_platform *platform;
    struct myc_ring_writer writer;
    struct myc_ring_reader reader;
    void *memory;
    size_t memory_bytes;
    void *page;
    struct myc_ring_ticket ticket;
    struct myc_atomic_u32 reader_bell;
    struct myc_atomic_u32 writer_bell;
    struct myc_sim_process process;
    uint64_t message_count;
    uint64_t handled;
};

static void ring(struct kernel *kernel, struct myc_atomic_u32 *bell)
{
    (void)myc_fetch_add_u32(bell, 1);
    (void)myc_wait_wake(kernel->platform->wait, bell, UINT32_MAX, MYC_WAIT_PROCESS);
}

static void sleep_on(struct kernel *kernel, struct myc_atomic_u32 *bell, uint32_t seen)
{
    (void)myc_wait_wait(kernel->platform->wait, bell, seen, MYC_NEVER, MYC_WAIT_PROCESS);
}

// ---- The writer ----

static unsigned char *claim(struct kernel *kernel, size_t size)
{
    for (;;) {
        unsigned char *payload = myc_ring_claim(&kernel->writer, size);
        if (payload != NULL) {
            return payload;
        }
        uint32_t seen = myc_load_acquire_u32(&kernel->writer_bell);
        if (myc_ring_writer_arm(&kernel->writer, size)) {
            myc_sim_count(kernel->sim, "writer blocked", 1);
            sleep_on(kernel, &kernel->writer_bell, seen);
        }
        myc_ring_writer_disarm(&kernel->writer);
    }
}

static void wake_reader(struct kernel *kernel)
{
    if (myc_ring_sleepers(&kernel->writer) != 0) {
        ring(kernel, &kernel->reader_bell);
    }
}

static void write_all(struct kernel *kernel)
{
    for (uint64_t i = 1; i <= kernel->message_count; i++) {
        bool is_big = myc_sim_choose(kernel->sim, "kernel.big", 2) == 1;
        size_t size = is_big ? BIG_BYTES : SMALL_BYTES;
        unsigned char *payload = claim(kernel, size);
        memset(payload, (int)i, size);
        myc_shared_write(payload, size);
        myc_ring_commit(&kernel->writer, TYPE, 1, size);
        wake_reader(kernel);
    }
    myc_ring_writer_close(&kernel->writer);
    wake_reader(kernel);
}

// ---- The reader ----

static void on_record(const struct myc_record *record, void *context)
{
    struct kernel *kernel = context;
    const unsigned char *payload = record->payload;
    myc_shared_read(payload, record->size);
    kernel->handled++;
    myc_sim_check(
        kernel->sim, record->sequence == kernel->handled, "messages are read once, in order");
    myc_sim_check(
        kernel->sim,
        payload[0] == kernel->handled && payload[record->size - 1] == kernel->handled,
        "a message is read as it was written");
}

static void read_all(void *context)
{
    struct kernel *kernel = context;
    for (;;) {
        size_t count = myc_ring_poll(&kernel->reader, on_record, kernel, 1);
        if (myc_ring_reader_should_wake_writer(&kernel->reader)) {
            ring(kernel, &kernel->writer_bell);
        }
        if (myc_ring_reader_status(&kernel->reader) != MYC_OK) {
            break;
        }
        if (count > 0) {
            continue;
        }
        uint32_t seen = myc_load_acquire_u32(&kernel->reader_bell);
        myc_ring_reader_arm(&kernel->reader);
        myc_fence_seq_cst();
        if (myc_ring_is_empty(&kernel->reader)
            && myc_ring_reader_status(&kernel->reader) == MYC_OK) {
            myc_sim_count(kernel->sim, "reader slept", 1);
            sleep_on(kernel, &kernel->reader_bell, seen);
        }
        myc_ring_reader_disarm(&kernel->reader);
    }
    myc_sim_check(
        kernel->sim,
        myc_ring_reader_status(&kernel->reader) == MYC_CLOSED
            && kernel->handled == kernel->message_count,
        "the reader comes to the end and has everything");
}

// ---- Both ----

static int kernel_main(struct myc_platform *platform, void *arg)
{
    struct kernel *kernel = arg;
    struct myc_handle thread = {0};
    kernel->platform = platform;
    if (myc_ring_join(&kernel->writer, kernel->page, MYC_RING_LIVE, &kernel->ticket) != MYC_OK
        || myc_ring_reader_init(
               &kernel->reader,
               kernel->memory,
               kernel->memory_bytes,
               kernel->page,
               &kernel->ticket,
               NULL)
               != MYC_OK
        || myc_thread_start(platform->thread, read_all, kernel, NULL, &thread) != MYC_OK) {
        return 1;
    }
    write_all(kernel);
    myc_thread_join(platform->thread, thread);
    return 0;
}

static bool has_ended(void *context)
{
    const struct kernel *kernel = context;
    return !myc_sim_is_running(kernel->sim, kernel->process);
}

void ring_kernel_run(struct myc_sim *sim)
{
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = 1,
        .readers_may_sleep = true,
        .writer_may_sleep = true};
    struct kernel kernel = {.sim = sim};
    kernel.message_count = 2 + myc_sim_choose(sim, "kernel.messages", MESSAGES_MAX - 1);
    kernel.memory_bytes = myc_ring_memory_size(&options);
    kernel.memory = aligned_alloc(4096, kernel.memory_bytes);
    kernel.page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    if (kernel.memory == NULL || kernel.page == NULL) {
        abort();
    }
    memset(kernel.memory, 0, kernel.memory_bytes);
    memset(kernel.page, 0, MYC_RING_PAGE_BYTES);
    enum myc_status status =
        myc_ring_writer_init(&kernel.writer, kernel.memory, kernel.memory_bytes, &options, NULL);
    myc_sim_check(sim, status == MYC_OK, "the ring can be laid out");
    kernel.process = myc_sim_start(sim, "host", "ring", kernel_main, &kernel);
    (void)myc_sim_run_until(sim, has_ended, &kernel, MYC_NEVER);
    myc_sim_check(sim, myc_sim_exit_code(sim, kernel.process) == 0, "the process ends in order");
    myc_sim_count(sim, "messages", kernel.handled);
    free(kernel.memory);
    free(kernel.page);
}
