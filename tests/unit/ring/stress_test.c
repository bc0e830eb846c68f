// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Real threads on one small ring: a writer, readers that stay, and one that comes and goes.
 */
#include "unit/ring/ring_fixture.h"

#include <pthread.h>
#include <sched.h>

enum { MESSAGES = 60000, READERS = 2, REJOINS = 200 };

struct stress {
    struct fixture fixture;
    struct myc_atomic_u32 is_stopping; // main tells the writer
    bool is_wrong[READERS + 1];        // read by main after the join of each thread
    uint64_t last[READERS];
    uint32_t rejoins;
};

struct stress_reader {
    struct stress *stress;
    size_t index;
};

static void *run_reader(void *context)
{
    struct stress_reader *self = context;
    struct fixture_reader *reader = &self->stress->fixture.readers[self->index];
    while (myc_ring_reader_status(&reader->reader) == MYC_OK) {
        if (myc_ring_poll(&reader->reader, fixture_on_record, reader, 100) == 0) {
            sched_yield();
        }
    }
    self->stress->is_wrong[self->index] =
        reader->is_wrong || myc_ring_reader_status(&reader->reader) != MYC_CLOSED;
    self->stress->last[self->index] = reader->sequence;
    return NULL;
}

static void *run_writer(void *context)
{
    struct stress *stress = context;
    uint64_t sequence = 0;
    while (sequence < MESSAGES || myc_load_acquire_u32(&stress->is_stopping) == 0) {
        size_t size = (size_t)(sequence * 29 % 300);
        if (sequence % 5 == 0 && myc_ring_claim(&stress->fixture.writer, size) != NULL) {
            myc_ring_abort(&stress->fixture.writer);
        }
        if (fixture_publish(&stress->fixture, size) == MYC_OK) {
            sequence++;
        } else {
            sched_yield();
        }
    }
    myc_ring_writer_close(&stress->fixture.writer);
    return NULL;
}

// Joins, reads a little and leaves, over and over, on this (the writer's process's) thread. Asserts
// nothing: the ring is shared with running threads.
static void rejoin(struct stress *stress)
{
    struct fixture_reader *reader = &stress->fixture.readers[READERS];
    unsigned char *pages = aligned_alloc(64, (size_t)REJOINS * MYC_RING_PAGE_BYTES);
    assert_non_null(pages);
    memset(pages, 0, (size_t)REJOINS * MYC_RING_PAGE_BYTES);
    reader->page = pages; // freed with the fixture: the writer may still look at any of them
    for (uint32_t i = 0; i < REJOINS; i++) {
        void *page = pages + (size_t)i * MYC_RING_PAGE_BYTES;
        enum myc_ring_start start = i % 2 == 0 ? MYC_RING_EARLIEST : MYC_RING_LIVE;
        enum myc_status status =
            myc_ring_join(&stress->fixture.writer, page, start, &reader->ticket);
        if (status == MYC_OK) {
            status = myc_ring_reader_init(
                &reader->reader,
                stress->fixture.memory,
                stress->fixture.memory_bytes,
                page,
                &reader->ticket,
                NULL);
        }
        if (status != MYC_OK) {
            reader->is_wrong = true;
            break;
        }
        reader->sequence = reader->ticket.sequence;
        size_t seen = 0;
        while (seen < i % 7 * 20 && myc_ring_reader_status(&reader->reader) == MYC_OK) {
            size_t count = myc_ring_poll(&reader->reader, fixture_on_record, reader, 16);
            seen += count;
            if (count == 0) {
                sched_yield();
            }
        }
        enum myc_status ending = myc_ring_reader_status(&reader->reader);
        reader->is_wrong = reader->is_wrong || (ending != MYC_OK && ending != MYC_CLOSED);
        myc_ring_leave(&stress->fixture.writer, reader->ticket.slot);
        stress->rejoins++;
    }
    stress->is_wrong[READERS] = reader->is_wrong;
}

// Every reader sees each message after its join once, in order and whole. [RING-14] [RING-10]
static void test_threads_lose_and_tear_nothing(void **state)
{
    (void)state;
    struct stress stress;
    memset(&stress, 0, sizeof stress);
    fixture_init(&stress.fixture, 8192);
    struct stress_reader readers[READERS];
    pthread_t threads[READERS];
    pthread_t writer;
    for (size_t i = 0; i < READERS; i++) {
        fixture_join(&stress.fixture, i, MYC_RING_LIVE);
        readers[i].stress = &stress;
        readers[i].index = i;
        assert_int_equal(pthread_create(&threads[i], NULL, run_reader, &readers[i]), 0);
    }
    assert_int_equal(pthread_create(&writer, NULL, run_writer, &stress), 0);
    rejoin(&stress);
    myc_store_release_u32(&stress.is_stopping, 1);
    assert_int_equal(pthread_join(writer, NULL), 0);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(stress.is_wrong[i]);
        assert_int_equal(stress.last[i], myc_ring_committed(&stress.fixture.writer));
    }
    assert_false(stress.is_wrong[READERS]);
    assert_int_equal(stress.rejoins, REJOINS);
    assert_true(myc_ring_committed(&stress.fixture.writer) >= MESSAGES);
    fixture_deinit(&stress.fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_lose_and_tear_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
