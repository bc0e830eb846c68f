// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Real threads on one small ring: a writer, readers that stay, and one that comes and goes.
 */
#include <mycelium/ring_batch.h>

#include "unit/ring/ring_fixture.h"

#include <pthread.h>
#include <sched.h>

enum { MESSAGES = 60000, READERS = 2, REJOINS = 200 };

struct stress {
    struct fixture fixture;
    struct myc_atomic_u32 is_stopping; // main tells the writer
    struct myc_atomic_u32 has_broken;  // a reader that is waited for reads no more: do not wait
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
    if (self->stress->is_wrong[self->index]) {
        myc_store_release_u32(&self->stress->has_broken, 1);
    }
    return NULL;
}

static void *run_writer(void *context)
{
    struct stress *stress = context;
    uint64_t sequence = 0;
    while ((sequence < MESSAGES || myc_load_acquire_u32(&stress->is_stopping) == 0)
           && myc_load_acquire_u32(&stress->has_broken) == 0) {
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

// ---- Readers that are not waited for ----

enum { LAPPED_MESSAGES = 40000, LAPPED_CAPACITY = 16384, LAPPED_REJOINS = 100 };

// One lapping reader; only its own thread touches it while it runs.
struct lapped {
    struct stress *stress;
    struct myc_ring_reader reader;
    struct myc_ring_ticket ticket;
    enum myc_ring_resume resume;
    uint64_t sequence;  // last delivered or told as lost
    uint64_t delivered; // since it joined
    uint64_t lost;
    bool is_wrong;
    unsigned char copy[LAPPED_CAPACITY / 4] __attribute__((aligned(8)));
};

static void on_lapped(const struct myc_record *record, void *context)
{
    struct lapped *lapped = context;
    uint64_t count = 1;
    if (record->type == MYC_RECORD_GAP) {
        memcpy(&count, record->payload, sizeof count);
        lapped->lost += count;
    } else {
        lapped->delivered++;
        lapped->is_wrong |= !fixture_matches(record->payload, record->size, record->sequence);
    }
    lapped->is_wrong |= record->sequence != lapped->sequence + count;
    lapped->sequence = record->sequence;
}

static enum myc_status join_lapping(struct lapped *lapped, void *page)
{
    struct stress *stress = lapped->stress;
    enum myc_status status =
        myc_ring_join_lapping(&stress->fixture.writer, page, MYC_RING_LIVE, &lapped->ticket);
    if (status == MYC_OK) {
        status = myc_ring_lapping_init(
            &lapped->reader,
            stress->fixture.memory,
            stress->fixture.memory_bytes,
            page,
            &lapped->ticket,
            lapped->resume,
            (struct myc_span){lapped->copy, sizeof lapped->copy},
            NULL);
    }
    lapped->sequence = lapped->ticket.sequence;
    lapped->delivered = 0;
    lapped->lost = 0;
    return status;
}

// Reads some messages, or to the end. Falls behind now and then.
static void read_lapped(struct lapped *lapped, uint64_t quota)
{
    size_t idle = 0;
    while (lapped->delivered + lapped->lost < quota
           && myc_ring_reader_status(&lapped->reader) == MYC_OK) {
        size_t count = myc_ring_poll(&lapped->reader, on_lapped, lapped, 64);
        idle = lapped->delivered % 97 == 0 ? 30 : count == 0;
        for (size_t i = 0; i < idle; i++) {
            sched_yield();
        }
    }
    enum myc_status status = myc_ring_reader_status(&lapped->reader);
    lapped->is_wrong |= status != MYC_OK && status != MYC_CLOSED;
    lapped->is_wrong |=
        lapped->delivered + lapped->lost != lapped->sequence - lapped->ticket.sequence;
    lapped->is_wrong |= lapped->lost != myc_ring_reader_lost(&lapped->reader);
}

static void *run_lapped(void *context)
{
    read_lapped(context, UINT64_MAX);
    return NULL;
}

// Publishes singly and in batches.
static void *run_lapping_writer(void *context)
{
    struct stress *stress = context;
    struct myc_ring_writer *writer = &stress->fixture.writer;
    while ((myc_ring_committed(writer) < LAPPED_MESSAGES
            || myc_load_acquire_u32(&stress->is_stopping) == 0)
           && myc_load_acquire_u32(&stress->has_broken) == 0) {
        uint64_t sequence = myc_ring_committed(writer);
        size_t size = (size_t)(sequence * 29 % 700);
        uint64_t records = sequence % 4;
        for (uint64_t i = 1; i <= records; i++) {
            void *payload = myc_ring_batch_claim(writer, size);
            if (payload == NULL) {
                break;
            }
            fixture_fill(payload, size, sequence + i);
            myc_ring_batch_add(writer, 7, 3, size);
        }
        myc_ring_batch_commit(writer);
        if (fixture_publish(&stress->fixture, size) != MYC_OK) {
            sched_yield();
        }
    }
    myc_ring_writer_close(writer);
    return NULL;
}

// Two stay, one comes and goes; beside them a reader that is waited for misses nothing.
// [RING-28] [RING-47]
static void test_lapped_threads_are_told_of_every_message(void **state)
{
    (void)state;
    struct stress *stress = aligned_alloc(64, (sizeof *stress + 63) / 64 * 64);
    struct lapped *lapped = aligned_alloc(64, 3 * sizeof *lapped);
    size_t page_count = 2 + LAPPED_REJOINS;
    unsigned char *pages = aligned_alloc(64, page_count * MYC_RING_PAGE_BYTES);
    struct stress_reader gating = {stress, 0};
    pthread_t threads[4];
    assert_true(stress != NULL && lapped != NULL && pages != NULL);
    memset(stress, 0, sizeof *stress);
    memset(lapped, 0, 3 * sizeof *lapped);
    memset(pages, 0, page_count * MYC_RING_PAGE_BYTES);
    fixture_prepare(&stress->fixture, LAPPED_CAPACITY);
    stress->fixture.options.readers_may_be_lapped = true;
    fixture_start(&stress->fixture);
    fixture_join(&stress->fixture, 0, MYC_RING_LIVE);
    for (size_t i = 0; i < 3; i++) {
        lapped[i].stress = stress;
        lapped[i].resume = i % 2 == 0 ? MYC_RING_DROP_OLDEST : MYC_RING_LATEST;
    }
    assert_int_equal(pthread_create(&threads[2], NULL, run_reader, &gating), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(join_lapping(&lapped[i], pages + i * MYC_RING_PAGE_BYTES), MYC_OK);
        assert_int_equal(pthread_create(&threads[i], NULL, run_lapped, &lapped[i]), 0);
    }
    assert_int_equal(pthread_create(&threads[3], NULL, run_lapping_writer, stress), 0);
    bool is_joined = true;
    for (size_t i = 0; i < LAPPED_REJOINS && is_joined; i++) {
        is_joined = join_lapping(&lapped[2], pages + (2 + i) * MYC_RING_PAGE_BYTES) == MYC_OK;
        if (is_joined) {
            read_lapped(&lapped[2], i % 7 * 40);
            myc_ring_leave(&stress->fixture.writer, lapped[2].ticket.slot);
        }
    }
    myc_store_release_u32(&stress->is_stopping, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    uint64_t committed = myc_ring_committed(&stress->fixture.writer);
    assert_true(is_joined);
    assert_false(stress->is_wrong[0]);
    assert_int_equal(stress->last[0], committed);
    for (size_t i = 0; i < 3; i++) {
        assert_false(lapped[i].is_wrong);
    }
    assert_int_equal(lapped[0].sequence, committed);
    assert_int_equal(lapped[1].sequence, committed);
    fixture_deinit(&stress->fixture);
    free(pages);
    free(lapped);
    free(stress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_lose_and_tear_nothing),
        cmocka_unit_test(test_lapped_threads_are_told_of_every_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
