// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Threads that block with nothing to do, on rings and queues, on both ends. The kernel counts how
 * often each gave up its core of its own will, which it does once more whenever it wakes up and
 * sleeps again; over the time watched that count must stand still.
 */
#define _GNU_SOURCE 1
#include "system/storm/frugal.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <mycelium/interface/clock.h>
#include <mycelium/queue.h>
#include <mycelium/ring.h>
#include <mycelium/ring_wait.h>

#include "system/storm/storm.h"

enum {
    CAPACITY = 4096,
    ITEMS = 4,
    SLEEPERS_MAX = 8,
    LINE_BYTES = 256,
    TOO_LONG_S = 60,
    CONTROL_MS = 20,
    RESTLESS_MS = 2
};

struct sleeper {
    const char *what;
    enum myc_status (*block)(void);
    enum myc_status ends_with;
    enum myc_status status;
    struct myc_atomic_u32 thread_id; // of the kernel; 0: not begun
    pthread_t thread;
};

static struct {
    struct myc_platform *platform;
    struct myc_ring_writer full_writer;
    struct myc_ring_writer empty_writer;
    struct myc_ring_reader full_reader;
    struct myc_ring_reader empty_reader;
    struct myc_ring_ticket full_ticket;
    struct myc_ring_ticket empty_ticket;
    struct myc_ring_waiter writer_waiter;
    struct myc_ring_waiter reader_waiter;
    struct myc_spsc spsc[2]; // an empty and a full one of each
    struct myc_mpsc mpsc[2];
    struct myc_mpmc mpmc[2];
    struct myc_atomic_u32 is_calm;
} idle;

static struct myc_queue_item item = {.size = 8};

// ---- What blocks ----

static enum myc_status wait_for_record(void)
{
    return myc_ring_reader_wait(&idle.empty_reader, &idle.reader_waiter, MYC_NEVER);
}

static enum myc_status wait_for_room(void)
{
    return myc_ring_writer_wait(&idle.full_writer, &idle.writer_waiter, 1000, MYC_NEVER, NULL);
}

static enum myc_status pop_spsc(void)
{
    struct myc_queue_item out;
    return myc_spsc_pop(&idle.spsc[0], &out, MYC_NEVER);
}

static enum myc_status pop_mpsc(void)
{
    struct myc_queue_item out;
    return myc_mpsc_pop(&idle.mpsc[0], &out, MYC_NEVER);
}

static enum myc_status pop_mpmc(void)
{
    struct myc_queue_item out;
    return myc_mpmc_pop(&idle.mpmc[0], &out, MYC_NEVER);
}

static enum myc_status push_spsc(void)
{
    return myc_spsc_push(&idle.spsc[1], &item, MYC_NEVER);
}

static enum myc_status push_mpsc(void)
{
    return myc_mpsc_push(&idle.mpsc[1], &item, MYC_NEVER);
}

static enum myc_status push_mpmc(void)
{
    return myc_mpmc_push(&idle.mpmc[1], &item, MYC_NEVER);
}

static struct sleeper sleepers[SLEEPERS_MAX] = {
    {.what = "a ring's reader", .block = wait_for_record, .ends_with = MYC_OK},
    {.what = "spsc pop", .block = pop_spsc, .ends_with = MYC_CLOSED},
    {.what = "mpsc pop", .block = pop_mpsc, .ends_with = MYC_CLOSED},
    {.what = "mpmc pop", .block = pop_mpmc, .ends_with = MYC_CLOSED},
    {.what = "spsc push", .block = push_spsc, .ends_with = MYC_CLOSED},
    {.what = "mpsc push", .block = push_mpsc, .ends_with = MYC_CLOSED},
    {.what = "mpmc push", .block = push_mpmc, .ends_with = MYC_CLOSED},
    {.what = "a ring's writer", .block = wait_for_room, .ends_with = MYC_OK}};

// ---- What the kernel counts ----

// Reads a number of a thread's status; and whether it sleeps.
static uint64_t switches_of(uint32_t thread_id, bool *out_sleeps)
{
    char path[64];
    char line[LINE_BYTES];
    unsigned long long count = 0;
    (void)snprintf(path, sizeof path, "/proc/self/task/%u/status", thread_id);
    FILE *file = fopen(path, "re");
    STORM_CHECK(file != NULL, "no %s", path);
    *out_sleeps = false;
    while (fgets(line, sizeof line, file) != NULL) {
        *out_sleeps = *out_sleeps || strncmp(line, "State:\tS", 8) == 0;
        (void)sscanf(line, "voluntary_ctxt_switches: %llu", &count);
    }
    (void)fclose(file);
    return count;
}

static void *sleep_on(void *context)
{
    struct sleeper *sleeper = context;
    myc_store_release_u32(&sleeper->thread_id, (uint32_t)syscall(SYS_gettid));
    sleeper->status = sleeper->block();
    return NULL;
}

// Waits until a thread sleeps for good: two looks, between which it did nothing.
static uint64_t await_sleep(struct sleeper *sleeper)
{
    uint64_t end_ns = storm_now_ns() + (uint64_t)TOO_LONG_S * 1000000000;
    uint64_t before = UINT64_MAX;
    bool sleeps = false;
    while (storm_now_ns() < end_ns) {
        uint32_t thread_id = myc_load_acquire_u32(&sleeper->thread_id);
        uint64_t count = thread_id != 0 ? switches_of(thread_id, &sleeps) : 0;
        if (sleeps && count == before) {
            return count;
        }
        before = count;
        (void)poll(NULL, 0, CONTROL_MS);
    }
    STORM_CHECK(false, "%s does not fall asleep", sleeper->what);
    return 0;
}

static enum myc_status toss_and_turn(void)
{
    while (myc_load_acquire_u32(&idle.is_calm) == 0) {
        (void)poll(NULL, 0, RESTLESS_MS);
    }
    return MYC_OK;
}

// A thread that looks now and then must be found out.
static void check_control(void)
{
    struct sleeper restless = {.what = "the restless one", .block = toss_and_turn};
    bool sleeps;
    STORM_CHECK(pthread_create(&restless.thread, NULL, sleep_on, &restless) == 0, "no thread");
    uint32_t thread_id = 0;
    while ((thread_id = myc_load_acquire_u32(&restless.thread_id)) == 0) {
        (void)sched_yield();
    }
    uint64_t before = switches_of(thread_id, &sleeps);
    uint64_t end_ns = storm_now_ns() + (uint64_t)TOO_LONG_S * 1000000000;
    while (switches_of(thread_id, &sleeps) < before + 3) {
        STORM_CHECK(storm_now_ns() < end_ns, "wake-ups are not counted");
    }
    myc_store_release_u32(&idle.is_calm, 1);
    STORM_CHECK(pthread_join(restless.thread, NULL) == 0, "no join");
}

// ---- Set-up ----

static void make_ring(
    struct myc_ring_writer *writer, struct myc_ring_reader *reader, struct myc_ring_ticket *ticket)
{
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = 1,
        .readers_may_sleep = true,
        .writer_may_sleep = true};
    size_t bytes = myc_ring_memory_size(&options);
    void *memory = aligned_alloc(4096, bytes);
    void *page = aligned_alloc(4096, MYC_RING_PAGE_BYTES);
    STORM_CHECK(memory != NULL && page != NULL, "no memory");
    memset(memory, 0, bytes);
    memset(page, 0, MYC_RING_PAGE_BYTES);
    bool is_made = myc_ring_writer_init(writer, memory, bytes, &options, NULL) == MYC_OK
                   && myc_ring_join(writer, page, MYC_RING_LIVE, ticket) == MYC_OK
                   && myc_ring_reader_init(reader, memory, bytes, page, ticket, NULL) == MYC_OK;
    STORM_CHECK(is_made, "no ring");
}

static void make_queues(void)
{
    const struct myc_queue_options options = {
        .capacity = ITEMS,
        .producers_may_sleep = true,
        .consumers_may_sleep = true,
        .wait = idle.platform->wait};
    size_t bytes = myc_queue_memory_size(ITEMS);
    for (size_t i = 0; i < 2; i++) {
        unsigned char *memory = aligned_alloc(64, 3 * bytes);
        STORM_CHECK(memory != NULL, "no memory");
        bool is_made =
            myc_spsc_init(&idle.spsc[i], memory, bytes, &options, NULL) == MYC_OK
            && myc_mpsc_init(&idle.mpsc[i], memory + bytes, bytes, &options, NULL) == MYC_OK
            && myc_mpmc_init(&idle.mpmc[i], memory + 2 * bytes, bytes, &options, NULL) == MYC_OK;
        STORM_CHECK(is_made, "no queue");
    }
    for (int i = 0; i < ITEMS; i++) {
        bool is_pushed = myc_spsc_try_push(&idle.spsc[1], &item) == MYC_OK
                         && myc_mpsc_try_push(&idle.mpsc[1], &item) == MYC_OK
                         && myc_mpmc_try_push(&idle.mpmc[1], &item) == MYC_OK;
        STORM_CHECK(is_pushed, "no push");
    }
}

static void discard(const struct myc_record *record, void *context)
{
    (void)record;
    (void)context;
}

// Ends every sleep by what it waits for.
static void wake_all(void)
{
    struct myc_wait *wait = idle.platform->wait;
    enum myc_status status = myc_ring_publish(&idle.empty_writer, 1, 1, "x", 1);
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    myc_ring_wake_readers(&idle.empty_writer, wait);
    (void)myc_ring_poll(&idle.full_reader, discard, NULL, SIZE_MAX);
    myc_ring_reader_wake(&idle.full_reader, wait);
    for (size_t i = 0; i < 2; i++) {
        myc_spsc_close(&idle.spsc[i]);
        myc_mpsc_close(&idle.mpsc[i]);
        myc_mpmc_close(&idle.mpmc[i]);
    }
}

// A writer cannot sleep on two words before Linux 5.16, and looks now and then.
static size_t count_sleepers(void)
{
    struct utsname system;
    int major = 0;
    int minor = 0;
    STORM_CHECK(uname(&system) == 0, "uname");
    bool is_known = sscanf(system.release, "%d.%d", &major, &minor) == 2;
    bool is_new = is_known && (major > 5 || (major == 5 && minor >= 16));
    return is_new ? SLEEPERS_MAX : SLEEPERS_MAX - 1;
}

void frugal_wake_ups(struct myc_platform *platform, uint64_t milliseconds)
{
    const struct myc_idle_options block = {.kind = MYC_IDLE_BLOCK, .spin_ns = 1};
    size_t count = count_sleepers();
    uint64_t before[SLEEPERS_MAX];
    bool sleeps;
    idle.platform = platform;
    make_ring(&idle.full_writer, &idle.full_reader, &idle.full_ticket);
    make_ring(&idle.empty_writer, &idle.empty_reader, &idle.empty_ticket);
    while (myc_ring_publish(&idle.full_writer, 1, 1, "x", 1) == MYC_OK) {
    }
    make_queues();
    bool is_ready = myc_ring_waiter_init(&idle.writer_waiter, platform, &block) == MYC_OK
                    && myc_ring_waiter_init(&idle.reader_waiter, platform, &block) == MYC_OK;
    STORM_CHECK(is_ready, "no waiter");
    check_control();
    for (size_t i = 0; i < count; i++) {
        STORM_CHECK(
            pthread_create(&sleepers[i].thread, NULL, sleep_on, &sleepers[i]) == 0, "no thread");
    }
    for (size_t i = 0; i < count; i++) {
        before[i] = await_sleep(&sleepers[i]);
    }
    (void)poll(NULL, 0, (int)milliseconds);
    for (size_t i = 0; i < count; i++) {
        uint32_t thread_id = myc_load_acquire_u32(&sleepers[i].thread_id);
        uint64_t wake_ups = switches_of(thread_id, &sleeps) - before[i];
        STORM_CHECK(
            wake_ups == 0, "%s: %llu wake-ups", sleepers[i].what, (unsigned long long)wake_ups);
    }
    wake_all();
    for (size_t i = 0; i < count; i++) {
        STORM_CHECK(pthread_join(sleepers[i].thread, NULL) == 0, "no join");
        STORM_CHECK(
            sleepers[i].status == sleepers[i].ends_with,
            "%s ends with %d",
            sleepers[i].what,
            (int)sleepers[i].status);
    }
    (void)printf(
        "frugal: %zu blocked threads, no wake-up in %llu ms\n",
        count,
        (unsigned long long)milliseconds);
}
