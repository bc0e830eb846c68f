// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A writer and two readers, one behind the other, as processes of the real system: the ring is
 * mapped read-only by the readers, each page by all but its reader, and everybody sleeps by the
 * kernel at once. A wake-up that is lost ends its wait a minute later, and fails the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/platform.h>
#include <mycelium/interface/shm.h>
#include <mycelium/posix.h>
#include <mycelium/ring_gate.h>
#include <mycelium/ring_wait.h>

#include <sys/wait.h>
#include <unistd.h>

enum { CAPACITY = 4096, MESSAGES = 5000, TYPE = 7, READERS = 2 };

struct town {
    struct myc_platform *platform;
    struct myc_handle ring;
    struct myc_handle pages[READERS];
    struct myc_ring_ticket tickets[READERS];
    size_t ring_bytes;
};

static const struct myc_idle_options parks = {MYC_IDLE_BLOCK, 1, 0};

static void *
map(struct myc_platform *platform, struct myc_handle segment, size_t bytes, bool is_writable)
{
    void *memory = NULL;
    enum myc_shm_access access = is_writable ? MYC_SHM_READ_WRITE : MYC_SHM_READ;
    return myc_shm_map(platform->shm, segment, bytes, access, &memory) == MYC_OK ? memory : NULL;
}

// Long after all is done: who waits in vain ends, and leaves no process behind.
static uint64_t end_ns(struct myc_platform *platform)
{
    return myc_clock_monotonic_ns(platform->clock) + UINT64_C(60000000000);
}

// ---- A reader's process; it tells by its exit code ----

struct life {
    uint64_t next;
    bool is_wrong;
};

static void on_record(const struct myc_record *record, void *context)
{
    struct life *life = context;
    uint64_t number;
    memcpy(&number, record->payload, sizeof number);
    life->is_wrong |= number != life->next || record->sequence != life->next;
    life->next++;
}

static int read_all(const struct town *town, uint32_t i)
{
    struct myc_platform *platform = NULL;
    struct myc_ring_reader reader;
    struct myc_ring_waiter waiter;
    struct myc_ring_gate gate;
    struct life life = {1, false};
    if (myc_posix_create(&platform, NULL) != MYC_OK) {
        return 2;
    }
    const void *ring = map(platform, town->ring, town->ring_bytes, false);
    void *page = map(platform, town->pages[i], MYC_RING_PAGE_BYTES, true);
    const struct myc_ring_upstream front = {
        map(platform, town->pages[0], MYC_RING_PAGE_BYTES, false), town->tickets[0]};
    if (ring == NULL || page == NULL || front.page == NULL
        || myc_ring_waiter_init(&waiter, platform, &parks) != MYC_OK
        || myc_ring_reader_init(&reader, ring, town->ring_bytes, page, &town->tickets[i], NULL)
               != MYC_OK) {
        return 3;
    }
    if (i == 1
        && myc_ring_gate_init(&gate, &reader, ring, town->ring_bytes, &front, 1, NULL, NULL)
               != MYC_OK) {
        return 4;
    }
    enum myc_status status;
    while ((status = myc_ring_reader_wait(&reader, &waiter, end_ns(platform))) == MYC_OK) {
        (void)myc_ring_poll(&reader, on_record, &life, 3);
        myc_ring_reader_wake(&reader, platform->wait);
    }
    myc_posix_destroy(platform);
    return status == MYC_CLOSED && !life.is_wrong && life.next == MESSAGES + 1 ? 0 : 5;
}

// ---- The writer's process ----

static void make(struct town *town, struct myc_ring_writer *writer)
{
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = READERS,
        .readers_may_sleep = true,
        .writer_may_sleep = true};
    struct myc_shm *shm = town->platform->shm;
    town->ring_bytes = myc_ring_memory_size(&options);
    assert_int_equal(myc_shm_create(shm, "ring", town->ring_bytes, &town->ring), MYC_OK);
    void *memory = map(town->platform, town->ring, town->ring_bytes, true);
    assert_non_null(memory);
    assert_int_equal(
        myc_ring_writer_init(writer, memory, town->ring_bytes, &options, NULL), MYC_OK);
    for (uint32_t i = 0; i < READERS; i++) {
        assert_int_equal(myc_shm_create(shm, "page", MYC_RING_PAGE_BYTES, &town->pages[i]), MYC_OK);
        const void *page = map(town->platform, town->pages[i], MYC_RING_PAGE_BYTES, false);
        assert_non_null(page);
        assert_int_equal(myc_ring_join(writer, page, MYC_RING_LIVE, &town->tickets[i]), MYC_OK);
    }
    assert_int_equal(
        myc_ring_gate_allow(writer, &town->tickets[1], &town->tickets[0], 1, NULL), MYC_OK);
}

// Everything arrives, in order, at readers of other processes that sleep whenever they can, while
// the writer sleeps for room. [WAIT-2] [WAIT-3] [WAIT-7] [WAIT-9] [GATE-2]
static void test_processes_wake_each_other(void **state)
{
    (void)state;
    struct town town = {0};
    struct myc_ring_writer writer;
    struct myc_ring_waiter waiter;
    pid_t children[READERS];
    assert_int_equal(myc_posix_create(&town.platform, NULL), MYC_OK);
    make(&town, &writer);
    for (uint32_t i = 0; i < READERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            _exit(read_all(&town, i));
        }
    }
    assert_int_equal(myc_ring_waiter_init(&waiter, town.platform, &parks), MYC_OK);
    for (uint64_t number = 1; number <= MESSAGES; number++) {
        void *payload = NULL;
        size_t size = 8 + (size_t)(number * 37 % 600);
        assert_int_equal(
            myc_ring_claim_wait(&writer, &waiter, size, end_ns(town.platform), &payload, NULL),
            MYC_OK);
        memset(payload, 0, size);
        memcpy(payload, &number, sizeof number);
        myc_ring_commit(&writer, TYPE, 1, size);
        myc_ring_wake_readers(&writer, town.platform->wait);
    }
    assert_int_equal(myc_ring_drain(&writer, &waiter, end_ns(town.platform), NULL), MYC_OK);
    myc_ring_close_wake(&writer, town.platform->wait);
    for (uint32_t i = 0; i < READERS; i++) {
        int result = 0;
        assert_int_equal(waitpid(children[i], &result, 0), children[i]);
        assert_true(WIFEXITED(result));
        assert_int_equal(WEXITSTATUS(result), 0);
    }
    myc_posix_destroy(town.platform);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_processes_wake_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
